"""Released sums: the same estimates as from the records, and nothing about a few students."""

import json
import re
from dataclasses import replace
from itertools import combinations

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from conftest import ROOT
from helpers.estimate import fixed_effects, moments, resampling
from helpers.project import InputError
from helpers.read.records import open_records
from helpers.release import __main__ as command
from helpers.release import panels, released

COLUMNS = {"outcome": "y", "school": "school", "year": "year", "baseline": 2012}
PARAMETERS = COLUMNS | {"controls": ["x"], "categories": {"sex": "f", "plan": "free"}}
WEIGHTED = PARAMETERS | {"weight": "weight", "cluster": "district"}


def students(schools=10, size=80, years=(2012, 2013, 2014), seed=3):
    """Enough students of each school, year, sex and plan; the outcome goes with school, year and covariate."""
    rng = np.random.default_rng(seed)
    n = schools * size * len(years)
    place = np.arange(n) % schools
    frame = pd.DataFrame(
        {
            "school": [f"Lyceum-{i:02}" for i in place],
            "district": [f"Kreis-{i // 2}" for i in place],
            "band": np.where(place % 2, "upper", "lower"),
            "year": np.repeat(years, schools * size),
            "sex": rng.choice(["f", "m"], n),
            "plan": rng.choice(["free", "paid"], n, p=[0.45, 0.55]),
            "x": rng.normal(size=n).round(4) + place / 10,
            "weight": rng.uniform(0.5, 2, n).round(3),
        }
    )
    shock = rng.normal(0, 0.3, (schools, len(years)))[place, frame["year"] - years[0]]
    frame["y"] = 50 + place + 0.3 * frame["x"] + shock + rng.normal(size=n)
    frame.loc[rng.choice(n, 40, replace=False), "x"] = np.nan
    return frame


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Write records and parameters, make the release, return its folder."""
    monkeypatch.setattr("helpers.release.folder.BUILD", tmp_path / "build")

    def made(frame, kind, parameters, name="mine"):
        frame.to_csv(tmp_path / "records.csv", index=False)
        given = {"data": str(tmp_path / "records.csv")} | parameters
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(given, sort_keys=False))
        return command.make(tmp_path / f"{name}.yml", kind)

    return made


def model(parameters, **more):
    taken = {name: value for name, value in parameters.items() if name in moments.Model.__match_args__}
    whole = taken | {"baseline": "2012", "controls": tuple(parameters.get("controls", ()))}
    return moments.Model(**(whole | more))


def from_records(frame, parameters, inference, **more):
    data = fixed_effects.within(moments.compute(frame, model(parameters, **more)))
    return fixed_effects.fit(data, inference).table()


def same(found, expected, rel=1e-12):
    assert found["term"].tolist() == expected["term"].tolist()
    for column in ("estimate", "std_error", "ci_low", "ci_high", "p_value", "n", "n_groups", "n_varying", "df"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=rel), column


@pytest.mark.parametrize("kind", ["pooled", "school"])
@pytest.mark.parametrize("inference", ["CR2", "CRV1", "CRV3"])
@pytest.mark.parametrize("parameters", [PARAMETERS, WEIGHTED], ids=["plain", "weights and districts"])
def test_estimates_are_those_of_the_records(ask, kind, inference, parameters):
    frame = students()
    folder = ask(frame, kind, parameters | {"by": "band", "inference": inference})
    found = pd.read_csv(folder / "estimates.csv")
    assert found["panel"].unique().tolist() == ["lower", "upper"]
    assert set(found["state"]) == {"moments"}
    for panel, table in found.groupby("panel"):
        same(
            table.reset_index(drop=True),
            from_records(frame, parameters, inference, subset={"band": panel}),
        )
    pd.testing.assert_frame_equal(released.estimates(folder, inference), found, check_exact=True)


def test_a_pooled_term_of_one_cluster_has_no_error():
    """One school shows no error between schools, in a release as with the records."""
    frame = students(schools=6)
    frame["x"] = np.where(frame["school"] == frame["school"].iloc[0], frame["x"], 0.0)
    data = fixed_effects.within(moments.compute(frame, model(COLUMNS | {"controls": ["x"]})))
    sums = released.read_pooled(released.pooled({"p": data}), "p")
    for inference in ("CR2", "CRV1", "bootstrap"):
        table = released.table(sums, inference, 1.0).set_index("term")
        assert table.loc["x", "n_varying"] == 1
        assert table.loc["x", ["std_error", "ci_low", "p_value", "df"]].isna().all()
        assert table.drop(index="x")["p_value"].notna().all()


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_bootstrap_gives_the_p_values_of_the_records(ask, kind):
    frame = students(schools=8)
    folder = ask(frame, kind, COLUMNS | {"controls": ["x"], "inference": "bootstrap"})
    found = pd.read_csv(folder / "estimates.csv")
    data = fixed_effects.within(moments.compute(frame, model(COLUMNS | {"controls": ["x"]})))
    expected = [resampling.wild_bootstrap(data, term) for term in data.terms]
    assert found["p_value"].tolist() == pytest.approx(expected, rel=1e-12)
    assert found["ci_low"].isna().all() == (kind == "pooled")


@pytest.mark.parametrize("kind", ["pooled", "school"])
@pytest.mark.parametrize("inference", ["CRV1", "bootstrap"])
def test_standardised_estimates_are_in_standard_deviations_of_the_baseline(ask, kind, inference):
    frame, parameters = students(schools=8), COLUMNS | {"controls": ["x"], "inference": inference}
    raw, found = (
        pd.read_csv(ask(frame, kind, parameters | {"standardise": yes}) / "estimates.csv") for yes in (False, True)
    )
    sd = frame.dropna().query("year == 2012")["y"].std()
    for column in ("estimate", "std_error", "ci_low", "ci_high"):
        expected = raw[column].to_numpy() / sd
        assert found[column].to_numpy() == pytest.approx(expected, rel=1e-10, nan_ok=True)
    assert found["p_value"].to_numpy() == pytest.approx(raw["p_value"].to_numpy(), rel=1e-10)


def test_all_panels_that_fail_are_told_at_once(ask):
    frame = cut(students().dropna(), 4, school="Lyceum-05", year=2013, sex="m")
    frame = cut(frame, 3, school="Lyceum-06", year=2013, sex="m")
    with pytest.raises(InputError) as error:
        ask(frame, "school", SEX_BY_YEAR | {"by": "band"})
    first, second = str(error.value).splitlines()
    assert first.startswith("panel 'lower': 1 of 5 schools")
    assert "Lyceum-05 (year 2013 and sex m: 4)" in second


def test_baseline_and_counts_are_those_of_the_records(ask):
    frame = students()
    folder = ask(frame, "pooled", PARAMETERS)
    found = released.read_pooled(released.read(folder), "all records")
    whole = frame.dropna()
    first = whole.loc[whole["year"] == 2012, "y"]
    assert (found.n, found.n_groups, found.n_schools) == (len(whole), 10, 10)
    assert found.baseline_mean == pytest.approx(first.mean(), rel=1e-12)
    assert found.baseline_sd == pytest.approx(first.std(), rel=1e-10)
    deviations = whole["y"] - whole.groupby("school")["y"].transform("mean")
    assert found.yy == pytest.approx((deviations**2).sum(), rel=1e-10)
    about = json.loads((folder / "about.json").read_text())
    assert about["rows"] == len(frame)
    assert [list(file) for file in about["inputs"]] == [["name", "sha256"]]  # a size would tell how many lines
    assert about["panels"]["all records"]["incomplete"] == frame["x"].isna().sum()
    assert about["panels"]["all records"]["references"] == {"year": "2012", "sex": "f", "plan": "free"}


def test_numbers_come_back_bit_for_bit(tmp_path):
    awkward = students().assign(y=lambda f: f["y"] * np.pi * 1e-7, x=lambda f: f["x"] * 1e100 / 3)
    awkward["school"] = awkward["school"].replace({"Lyceum-00": 'NA, "old"', "Lyceum-01": "nan"})
    sums = moments.compute(awkward, model(WEIGHTED, cluster=""))
    released.school({"a, b": sums, "": sums}).to_csv(tmp_path / "moments.csv", index=False)
    for panel in ("a, b", ""):
        found = released.read_school(released.read(tmp_path / "moments.csv"), panel)
        assert found.terms == sums.terms
        assert found.rows == sums.rows
        for name in ("schools", "clusters", "records", "n", "sums", "products", "centres", "baseline"):
            assert np.array_equal(getattr(found, name), getattr(sums, name)), name
    within = {"one": fixed_effects.within(moments.compute(students(), model(PARAMETERS)))}
    released.pooled(within).to_csv(tmp_path / "moments.csv", index=False)
    again, before = released.read(tmp_path / "moments.csv"), released.pooled(within)
    pd.testing.assert_frame_equal(again, before, check_exact=True, check_dtype=False)


def test_a_school_release_leaves_out_what_is_known():
    sums = moments.compute(students(), model(PARAMETERS))
    products = released.school({"": sums}).query("part == 'products'")
    pairs = set(zip(products["row"], products["column"], strict=True))
    assert ("2013", "2013") not in pairs
    assert ("2013", "2014") not in pairs
    assert {("2013", "sex: m"), ("x", "x"), ("sex: m", "outcome")} <= pairs


def by_year(frame, parameters):
    sums = moments.compute(frame, model(parameters))
    return sums, fixed_effects.fit(fixed_effects.within(sums), "CRV3").table()


@pytest.mark.parametrize("cluster", ["", "district"])
def test_merging_equals_other_ids_in_the_records(ask, cluster):
    frame, parameters = students(), PARAMETERS | {"cluster": cluster}
    merged = {"Zusammen": ["Lyceum-02", "Lyceum-03"]}
    relabelled = frame.replace({"school": {"Lyceum-02": "Zusammen", "Lyceum-03": "Zusammen"}})
    sums, expected = by_year(relabelled, parameters)
    found = panels.merge(moments.compute(frame, model(parameters)), merged)
    assert found.schools.tolist() == sums.schools.tolist()
    assert found.clusters.tolist() == sums.clusters.tolist()
    for name in ("records", "n", "sums", "products", "baseline"):
        assert getattr(found, name) == pytest.approx(getattr(sums, name), rel=1e-9, abs=1e-9), name
    folder = ask(frame, "school", parameters | {"merge": merged})
    same(released.estimates(folder, "CRV3"), expected)
    assert "- Zusammen: Lyceum-02, Lyceum-03 as one school" in (folder / "disclosure.md").read_text()


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_dropping_equals_records_without_the_school(ask, kind):
    frame = students()
    folder = ask(frame, kind, PARAMETERS | {"drop": ["Lyceum-04", "Lyceum-07"]})
    rest = frame[~frame["school"].isin(["Lyceum-04", "Lyceum-07"])]
    same(released.estimates(folder, "CRV3"), by_year(rest, PARAMETERS)[1])


def test_references_that_are_not_named_are_the_first_in_order(ask):
    folder = ask(students(), "school", PARAMETERS | {"categories": ["plan", "sex"]})
    about = json.loads((folder / "about.json").read_text())["panels"]["all records"]
    assert about["references"] == {"year": "2012", "plan": "free", "sex": "f"}
    assert "| all records | sex | f |" in (folder / "disclosure.md").read_text()


def graded(few):
    """Four grades, the first in order of numbers (not of text) with so few students in one school and year."""
    frame = students(size=160).dropna()
    frame["grade"] = 9 + np.random.default_rng(1).integers(0, 4, len(frame))
    if few:
        frame = cut(frame, few, grade=9)
    return frame


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_the_first_grade_is_the_reference_and_its_cells_are_checked(ask, kind):
    parameters = COLUMNS | {"categories": ["grade"]}
    folder = ask(graded(0), kind, parameters)
    about = json.loads((folder / "about.json").read_text())["panels"]["all records"]
    assert about["references"] == {"year": "2012", "grade": "9"}
    assert about["terms"] == ["2013", "2014", "grade: 10", "grade: 11", "grade: 12"]
    text = (folder / "disclosure.md").read_text()
    for grade in ("9", "10", "11", "12"):
        assert f"| all records | grade | {grade} |" in text
    with pytest.raises(InputError, match=r"grade 9: [1-4]\W"):
        ask(graded(4), kind, parameters)


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_a_column_called_like_another_and_its_level_hides_no_cell(ask, kind):
    """The terms of the column `sex: m` begin as if they were levels of `sex`."""
    frame = students().dropna().rename(columns={"plan": "sex: m"})
    frame["sex: m"] = "is " + frame["sex: m"]
    frame = cut(frame, 4, **{"sex: m": "is paid", "sex": "m"})
    parameters = COLUMNS | {"categories": {"sex": "f", "sex: m": "is free"}}
    other = COLUMNS | {"categories": {"sex: m": "is free", "sex": "f"}}
    for order in (parameters, other):
        with pytest.raises(InputError, match=r"sex m and sex: m is paid: [1-4]\W|sex: m is paid and sex m: [1-4]\W"):
            ask(frame, kind, order)


def test_cells_are_those_of_the_levels_or_none():
    sums = moments.compute(students(), model(PARAMETERS))
    levels = {"year": ["2012", "2013", "2014"], "sex": ["f", "m"], "plan": ["free", "paid"]}
    assert sums.levels == levels
    panel = panels.Panel(model(PARAMETERS), sums, sums, {"y": ()}, pd.DataFrame(), pd.DataFrame())
    assert panel.cells
    for wrong in (
        levels | {"sex": ["m", "m"]},
        levels | {"sex": ["m", "f"]},
        levels | {"sex": ["f"]},
        levels | {"plan": ["free"]},
    ):
        with pytest.raises(ValueError, match="level"):
            _ = replace(panel, moments=replace(sums, levels=wrong)).cells


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_spaces_at_the_ends_of_labels_make_no_levels_and_no_schools(ask, kind):
    frame = students()
    some = frame.index % 3 == 0
    blank = frame.astype({"year": str})
    for column in ("school", "year", "sex", "plan", "district"):
        blank[column] = blank[column].where(~some, blank[column] + " ")
    more = WEIGHTED | {"merge": {"both": ["Lyceum-02", "Lyceum-03"]}, "drop": ["Lyceum-09"]}
    one, two = (
        released.read(ask(frame, kind, more, "a")),
        released.read(ask(blank, kind, more, "b")),
    )
    pd.testing.assert_frame_equal(one, two, check_exact=True)


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_a_control_called_like_a_year_is_refused(ask, kind):
    frame = students().rename(columns={"x": "2013"})
    with pytest.raises(InputError, match="'year' and '2013' both give a term called '2013'"):
        ask(frame, kind, PARAMETERS | {"controls": ["2013"]})


def test_whole_numbers_in_the_parameters_name_schools(ask):
    frame = students().assign(school=lambda f: f["school"].str[-2:].astype(int) + 100)
    folder = ask(frame, "school", PARAMETERS | {"drop": [104], "merge": {1: [100, 101]}})
    schools = set(released.read(folder)["school"]) - {""}
    assert schools == {"1", *(str(100 + i) for i in (2, 3, 5, 6, 7, 8, 9))}


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_what_is_released_does_not_know_the_other_records(ask, kind):
    """Neither a record that is incomplete nor a dropped school moves any number, be it only a centre."""
    frame = students()
    changed = frame.copy()
    changed.loc[changed["x"].isna(), "y"] = 1e4
    changed.loc[changed["school"] == "Lyceum-04", ["y", "x"]] *= 3
    parameters = PARAMETERS | {"drop": ["Lyceum-04"]}
    one, two = (released.read(ask(f, kind, parameters, n)) for f, n in ((frame, "a"), (changed, "b")))
    assert one.drop(columns="value").equals(two.drop(columns="value"))
    size = one.groupby("part")["value"].transform(lambda v: v.abs().max())
    assert (one["value"] / size).to_numpy() == pytest.approx((two["value"] / size).to_numpy(), abs=1e-9)


def test_a_pooled_release_names_no_school_and_no_cluster(ask):
    frame = students()
    more = {"drop": ["Lyceum-04"], "merge": {"Zusammen": ["Lyceum-02", "Lyceum-03"]}}
    folder = ask(frame, "pooled", WEIGHTED | more)
    assert sorted(path.name for path in folder.iterdir()) == ["about.json", "disclosure.json", "disclosure.md", "estimates.csv", "moments.csv"]  # fmt: skip
    for path in folder.iterdir():
        text = path.read_bytes()
        for name in (b"Lyceum", b"Kreis", b"Zusammen", str(folder.parents[2]).encode()):
            assert name not in text, (path.name, name)


@pytest.mark.parametrize("kind", ["pooled", "school"])
def test_equal_inputs_give_equal_bytes(ask, kind):
    first = {path.name: path.read_bytes() for path in ask(students(), kind, WEIGHTED).iterdir()}
    again = {path.name: path.read_bytes() for path in ask(students(), kind, WEIGHTED).iterdir()}
    assert first == again


@pytest.mark.slow
def test_equal_bytes_of_files_that_many_threads_could_read(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.release.folder.BUILD", tmp_path / "build")
    frame = students(schools=8, size=15_000)
    duckdb.from_df(frame).write_parquet(str(tmp_path / "big.parquet"), row_group_size=4096)
    given = {"data": str(tmp_path / "big.parquet")} | SEX_BY_YEAR
    (tmp_path / "mine.yml").write_text(yaml.safe_dump(given, sort_keys=False))
    first = (command.make(tmp_path / "mine.yml", "school") / "moments.csv").read_bytes()
    for _ in range(3):
        again = command.make(tmp_path / "mine.yml", "school") / "moments.csv"
        assert again.read_bytes() == first
    with open_records(tmp_path / "big.parquet") as opened:  # what reads next is not slowed
        threads = opened.fetch("SELECT current_setting('threads') AS n")["n"][0]
    usual = duckdb.connect().execute("SELECT current_setting('threads')").fetchone()[0]
    assert threads == usual


SEX_BY_YEAR = PARAMETERS | {"categories": {"sex": "f"}}


def cut(frame, keep, **where):
    """Keep so many records of those that match `where`."""
    match = np.logical_and.reduce([frame[column] == value for column, value in where.items()])
    surplus = frame.index[match][keep:]
    return frame.drop(index=surplus)


def two_schools(frame):
    return frame[frame["school"].isin(["Lyceum-00", "Lyceum-03"])]


CELL = "1 of 10 schools have a cell of 1 to 9 students"
REFUSED = {
    "level by year": ("school", lambda f: cut(f, 9, school="Lyceum-05", year=2013, sex="m"), {}, CELL + r".*Lyceum-05 \(year 2013 and sex m: 9\).*merge.*drop"),
    "reference level": ("school", lambda f: cut(f, 2, school="Lyceum-05", year=2012, sex="f"), {}, r"Lyceum-05 \(year 2012 and sex f: 2\)"),
    "a whole year": ("school", lambda f: cut(f, 9, school="Lyceum-05", year=2014), {"categories": []}, r"Lyceum-05 \(year 2014: 9\)"),
    "the weight hides no count": ("school", lambda f: cut(f, 9, school="Lyceum-05", year=2013, sex="m").assign(weight=7.5), {"weight": "weight"}, r"year 2013 and sex m: 9"),
    "records without a weight do not count": ("school", lambda f: f.assign(weight=f["weight"].mask((f["school"] == "Lyceum-05") & (f["year"] == 2013) & (f["sex"] == "m") & (f.groupby(["school", "year", "sex"]).cumcount() > 8))), {"weight": "weight", "controls": []}, r"year 2013 and sex m: 9"),
    "right and wrong": ("school", lambda f: f.assign(y=(f.groupby(["school", "year"]).cumcount() < 5) * 2.0), {}, r"y 2: 5"),
    "three answers": ("school", lambda f: f.assign(y=f.groupby("school").cumcount() % 3), {}, "no other values than 0, 1, 2"),
    "category in disguise": ("pooled", lambda f: f.assign(x=(f["sex"] == "m") * 2 - 1), {}, "'x'.* -1, 1 is a category in disguise"),
    "three values by school": ("school", lambda f: f.assign(x=f.groupby("school").cumcount() % 3), {}, "'x'.* 0, 1, 2 is a category in disguise"),
    "few left out": ("school", lambda f: cut(f, 6, school="Lyceum-06"), {"drop": ["Lyceum-06"]}, "only 6 records"),
    "two schools": ("pooled", two_schools, {}, "sums over 2 schools"),
    "two clusters": ("pooled", lambda f: f[f["district"].isin(["Kreis-0", "Kreis-1"])], {"cluster": "district"}, "sums over 2 schools or clusters"),
    "pooled cell": ("pooled", lambda f: cut(f, 9, year=2013, sex="m"), {}, "1 cells over all schools.*year 2013 and sex m: 9"),
    "schools with one record are in no cell": ("pooled", lambda f: pd.concat([cut(f, 9, year=2013, sex="m"), f.query("year == 2013 and sex == 'm'").head(1).assign(school="alone")]), {}, "year 2013 and sex m: 9"),
    "a dropped school hides no category": ("pooled", lambda f: f.assign(x=f["x"].where(f["school"] == "Lyceum-04", f["sex"] == "m").astype(float)), {"drop": ["Lyceum-04"]}, "0, 1 is a category in disguise"),
    "pooled outcome": ("pooled", lambda f: f.assign(y=(f.index % 300 == 0) * 1.0), {}, "y 1: [1-9]"),
    "unknown school": ("school", students_as_they_are := lambda f: f, {"drop": ["Lyceum-99"]}, "no school 'Lyceum-99'"),
    "unknown member": ("pooled", students_as_they_are, {"merge": {"both": ["Lyceum-99", "Lyceum-01"]}}, "no school 'Lyceum-99'"),
    "twice": ("school", students_as_they_are, {"merge": {"both": ["Lyceum-01", "Lyceum-02"]}, "drop": ["Lyceum-01"]}, "'Lyceum-01' stands there twice"),
    "name taken": ("school", students_as_they_are, {"merge": {"Lyceum-03": ["Lyceum-01", "Lyceum-02"]}}, "there is a school 'Lyceum-03' already"),
    "across districts": ("school", students_as_they_are, {"cluster": "district", "merge": {"both": ["Lyceum-01", "Lyceum-02"]}}, "'both' lie in more than one cluster"),
    "all dropped": ("school", two_schools, {"drop": ["Lyceum-00", "Lyceum-03"]}, "no school is left"),
    "unknown parameter": ("pooled", students_as_they_are, {"merg": {}}, r"mine\.yml: not understood\n  merg: no such parameter\n01-practice-change takes:(?s:.*)\n  outcome: str(?s:.*)\n  merge: dict"),
    "parameter of another type": ("pooled", students_as_they_are, {"controls": "x"}, r"controls: .*\(given: 'x'\)\. In brackets it is a list: \[x\]"),
    "list of a release": ("pooled", students_as_they_are, {"drop": "x"}, r"drop: .*In brackets it is a list: \[x\]"),
    "records of others": ("pooled", students_as_they_are, {"source": "twin"}, "source: no such parameter"),
    "no use": ("pooled", students_as_they_are, {"items": ["a"], "balanced": True}, "no use for items, balanced.*It takes data, outcome, school, .*, merge, drop"),
    "missing parameter": ("pooled", students_as_they_are, {"data": "", "year": ""}, "a release needs data, year"),
    "no column": ("pooled", students_as_they_are, {"outcome": "yy"}, "no column 'yy'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_and_nothing_left_behind(ask, tmp_path, capsys, case):
    kind, change, more, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        ask(change(students().dropna()), kind, SEX_BY_YEAR | more)
    assert command.main([str(tmp_path / "mine.yml"), kind]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Nothing was released" in said.err
    assert "Traceback" not in said.err
    assert [path for path in (tmp_path / "build").rglob("*") if path.is_file()] == []


def test_a_failure_on_the_way_leaves_nothing(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(released, "estimates", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ask(students(), "pooled", PARAMETERS)
    assert list((tmp_path / "build").rglob("*.*")) == []


def test_empty_cells_are_no_small_cells(ask):
    frame = students()
    frame = frame[~((frame["school"] == "Lyceum-05") & (frame["year"] == 2013))]
    found = released.read_school(released.read(ask(frame, "school", SEX_BY_YEAR)), "all records")
    assert found.sums[found.schools == "Lyceum-05", 0] == 0


def lists(*counts):
    return st.lists(st.sampled_from(counts), min_size=24, max_size=24)


@pytest.mark.slow
@given(
    counts=st.one_of(lists(0, 10, 15), lists(5, 7, 12), lists(0, 9, 10, 30, 31)),
    weighted=st.booleans(),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_small_group_follows_from_any_subtraction(ask, counts, weighted):
    """24 counts: 3 schools, 2 years, 2 sexes, 2 plans. What is told of a school is taken apart again."""
    index = pd.MultiIndex.from_product([["a", "b", "c"], [2012, 2013], ["f", "m"], ["free", "paid"]])
    cells = index.repeat(counts).to_frame(index=False, name=["school", "year", "sex", "plan"])
    rng = np.random.default_rng(1)
    frame = cells.assign(x=rng.normal(size=len(cells)), y=rng.normal(size=len(cells)), weight=1.0)
    factors = ["year", "sex", "plan"]
    tables = [frame.groupby(["school", *pair]).size().to_numpy() for pair in combinations(factors, 2)]
    small = any((table < 10).any() for table in tables)  # groupby lists no empty cell
    refusal = ""
    try:
        folder = ask(frame, "school", PARAMETERS | ({"weight": "weight"} if weighted else {}))
    except InputError as error:
        refusal = str(error)
    if refusal:  # for another reason, when there is no small cell: all years or schools may be gone
        assert small or "cell of 1 to" not in refusal
        return
    assert not small
    data = released.read_school(released.read(folder), "all records")
    ones = [np.r_[n, s[:-2]] for n, s in zip(data.n, data.sums, strict=True)]
    for g, first in enumerate(ones):
        table = np.block([[first[:1], first[1:]], [first[1:, None], data.products[g, :-2, :-2]]])
        dummies = range(1, len(table))
        told = {
            *table.ravel(),
            *(table[0, 0] - table[0, i] for i in dummies),
            *(table[0, i] - table[i, j] for i in dummies for j in dummies),
            *(table[0, 0] - table[0, i] - table[0, j] + table[i, j] for i, j in combinations(dummies, 2)),
        }
        assert not [count for count in told if 0 < abs(count) < 10]


@pytest.fixture
def folder(ask):
    return ask(students(), "school", PARAMETERS)


def test_a_changed_file_is_refused(folder):
    file = folder / "moments.csv"
    text = file.read_text()
    assert len(released.estimates(file)) == len(released.estimates(folder))
    file.write_text(text.replace("Lyceum-09", "Lyceum-9", 1))
    for path in (folder, file):
        with pytest.raises(InputError, match=r"not the file that about\.json"):
            released.estimates(path)


def test_a_folder_without_its_description_is_refused(folder):
    (folder / "about.json").unlink()
    with pytest.raises(InputError, match=r"about\.json is missing"):
        released.estimates(folder)
    assert len(released.estimates(folder / "moments.csv"))


def test_releases_are_known_by_their_header(folder, tmp_path):
    assert released.is_release(folder / "moments.csv")
    assert not released.is_release(folder / "estimates.csv")
    assert not released.is_release(tmp_path / "records.csv")
    with pytest.raises(InputError, match=r"records\.csv: this is no release"):
        released.read(tmp_path / "records.csv")


def test_parts_that_do_not_fit_together_are_refused(folder):
    (folder / "about.json").unlink()
    file = folder / "moments.csv"
    file.write_text(file.read_text().replace("Lyceum-09", "Lyceum-9", 1))
    with pytest.raises(InputError, match="'Lyceum-9' in one part and not in the others"):
        released.estimates(file)
    file.write_text(file.read_text().replace("Lyceum-9", "Lyceum-09").replace("80.0", "eighty", 1))
    with pytest.raises(InputError, match=r"column 'value': .*'eighty'"):
        released.estimates(file)


def test_panels_and_parts_that_are_not_there():
    within = {"one": fixed_effects.within(moments.compute(students(), model(PARAMETERS)))}
    frame = released.pooled(within)
    with pytest.raises(InputError, match="no panel 'two'; it has 'one'"):
        released.read_pooled(frame, "two")
    with pytest.raises(InputError, match="lacks meat"):
        released.read_pooled(frame[frame["part"] != "meat"], "one")
    without = released.read_pooled(frame[frame["part"] != "jackknife"], "one")
    with pytest.raises(InputError, match="no part `jackknife`"):
        released.fit(without, "CRV3")


def test_two_columns_of_one_name_are_refused():
    frame = students().rename(columns={"x": "outcome"})
    sums = moments.compute(frame, model(PARAMETERS | {"controls": ["outcome"]}))
    with pytest.raises(InputError, match="called 'outcome'"):
        released.school({"": sums})


def test_disclosure_tells_the_smallest_cells(ask):
    frame = cut(students(), 11, school="Lyceum-05", year=2013, sex="m").dropna()
    text = (ask(frame, "school", SEX_BY_YEAR) / "disclosure.md").read_text()
    least = frame.groupby(["school", "year", "sex"]).size().groupby("sex").min()
    assert least["m"] == 11
    assert "| all records | sex | m | 11 | year 2013 and sex m |" in text
    assert f"| all records | sex | f | {least['f']} | year " in text
    name = "m|x <img src=a onerror=b> *c*"
    frame["sex"] = frame["sex"].replace("m", name)
    text = (ask(frame, "school", SEX_BY_YEAR) / "disclosure.md").read_text()
    page = BeautifulSoup(markdown2html(text), "html.parser")
    assert name in {cell.get_text() for cell in page.select("td:nth-of-type(3)")}
    assert not page.find("img")


def test_command_line(ask, tmp_path, capsys):
    ask(students(), "pooled", PARAMETERS)
    assert command.main([str(tmp_path / "mine.yml"), "pooled"]) == 0
    assert "disclosure.md" in capsys.readouterr().out
    for wrong in ([], ["mine.yml"], ["mine.yml", "all"]):
        assert command.main(wrong) == 2
    assert "pooled|school" in capsys.readouterr().err


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The parameters of the worked example in the documentation, and where they lie."""
    monkeypatch.setattr("helpers.release.folder.BUILD", tmp_path / "build")
    text = (ROOT / "docs" / "releasing-moments.md").read_text()
    (tmp_path / "example.yml").write_text(text.partition("```yaml\n")[2].partition("```")[0])
    return tmp_path / "example.yml"


def test_the_documented_example_is_released_by_school(example):
    folder = command.make(example, "school")
    assert set(released.estimates(folder)["panel"]) == {"middle schools", "high schools"}


def test_without_its_merging_the_documented_example_is_refused(example):
    parameters = yaml.safe_load(example.read_text())
    members = [name for names in parameters.pop("merge").values() for name in names]
    example.write_text(yaml.safe_dump(parameters, sort_keys=False))
    with pytest.raises(InputError) as error:
        command.make(example, "school")
    named = re.findall(r"(school \d\d) \(year", str(error.value))
    assert set(named) <= set(members)


def test_the_documented_code_reads_a_release(ask, monkeypatch):
    text = (ROOT / "docs" / "releasing-moments.md").read_text()
    monkeypatch.chdir(ask(students(), "school", PARAMETERS).parent)  # of the folder `mine`
    exec(text.partition("```python\n")[2].partition("```")[0], {})


def test_the_ready_parameters_are_released_pooled(example):
    ready = ROOT / "params" / "01-own-data.yml"
    assert (command.make(ready, "pooled") / "disclosure.md").is_file()
    with pytest.raises(InputError, match="12 of 12 schools"):
        command.make(ready, "school")
