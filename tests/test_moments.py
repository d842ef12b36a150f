"""Moments of records: every source gives the same, plain formulas, properties, and bad input."""

from dataclasses import replace
from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import write_records
from helpers.estimate import fixed_effects, moments
from helpers.project import InputError, in_order
from helpers.read.records import open_records

MODEL = moments.Model("y", "school", "year", "2012", ("x",), {"sex": "f"}, cluster="district", weight="weight")
PLAIN = replace(MODEL, cluster="", weight="")


def records(n=600, schools=12, seed=5):
    """Students of three years in schools, some answers missing; the file's order is random."""
    rng = np.random.default_rng(seed)
    number = rng.integers(0, schools, n)
    frame = pd.DataFrame(
        {
            "school": [f"school {i}" for i in number],
            "district": [f"district {i % 5}" for i in number],
            "level": np.where(number % 2, "high", "middle"),
            "year": rng.integers(2012, 2015, n),
            "sex": rng.choice(["f", "m", "not told"], n),
            "x": rng.normal(3, 1, n),
            "weight": rng.uniform(0.5, 2, n),
            "y": rng.normal(50, 1, n) + number / 5,
        }
    )
    frame.loc[rng.integers(0, n, 20), "x"] = np.nan
    frame.loc[rng.integers(0, n, 20), "sex"] = None
    return frame


def estimates(source, model=MODEL):
    return fixed_effects.fit(fixed_effects.within(moments.compute(source, model))).table()


def assert_same_estimates(found, expected, rel=1e-9):
    assert found["term"].tolist() == expected["term"].tolist()
    for column in ("estimate", "std_error", "n", "n_groups"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=rel)


def assert_same(found, expected, rel=1e-12):
    assert found.terms == expected.terms
    assert found.schools.tolist() == expected.schools.tolist()
    assert found.clusters.tolist() == expected.clusters.tolist()
    assert (found.incomplete, found.rows) == (expected.incomplete, expected.rows)
    for name in ("records", "n", "sums", "products", "centres", "baseline"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one == pytest.approx(other, rel=rel, abs=rel * np.abs(other).max())


@pytest.mark.parametrize("weight", ["", "weight"])
def test_the_sums_are_what_they_are_called(weight):
    frame = records()
    found = moments.compute(frame, replace(MODEL, weight=weight))
    whole = frame.dropna().assign(one=1.0)
    assert found.terms == ("2013", "2014", "sex: m", "sex: not told", "x")
    z = np.column_stack(
        [whole["year"] == 2013, whole["year"] == 2014, whole["sex"] == "m", whole["sex"] == "not told",
         whole["x"] - found.centres[0], whole["y"] - found.centres[1]]
    ).astype(float)  # fmt: skip
    w = whole[weight or "one"].to_numpy()
    for g, school in enumerate(found.schools):
        own = (whole["school"] == school).to_numpy()
        first = own & (whole["year"] == 2012).to_numpy()
        assert found.clusters[g] == whole["district"][own].iloc[0]
        assert found.records[g] == own.sum()
        assert found.n[g] == pytest.approx(w[own].sum(), rel=1e-12)
        assert found.sums[g] == pytest.approx(w[own] @ z[own], rel=1e-9, abs=1e-9)
        assert found.products[g] == pytest.approx((z[own].T * w[own]) @ z[own], rel=1e-9, abs=1e-9)
        y, v = z[first, -1], w[first]
        assert found.baseline[g] == pytest.approx([first.sum(), v.sum(), v @ y, v @ y**2], rel=1e-9)
    assert found.rows == len(frame)
    assert found.incomplete["x"] == frame["x"].isna().sum()
    assert found.incomplete["sex"] == frame["sex"].isna().sum()
    assert found.incomplete["y"] == 0


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav", ".dta"])
@pytest.mark.parametrize("files", ["one", "two", "folder"])
def test_every_source_gives_the_same(tmp_path, ending, files):
    frame = records()
    if files == "one":
        source = write_records(tmp_path / f"all{ending}", frame)
    else:
        a = write_records(tmp_path / f"a{ending}", frame[:200])
        # the columns of another file may stand in another order
        b = write_records(tmp_path / f"b{ending}", frame[200:][sorted(frame.columns)])
        source = [a, b] if files == "two" else tmp_path
    assert_same(moments.compute(source, MODEL), moments.compute(frame, MODEL))


def test_whole_numbers_in_the_first_file_do_not_round_the_next(tmp_path):
    frame = records().assign(x=lambda d: d["x"].where(d.index >= 200, 3).astype(object))
    write_records(tmp_path / "a.parquet", frame[:200].astype({"x": int}))
    write_records(tmp_path / "b.parquet", frame[200:].astype({"x": float}))
    assert_same(moments.compute(tmp_path, MODEL), moments.compute(frame.astype({"x": float}), MODEL))


def test_large_labelled_files_are_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.read.records.ROWS_AT_A_TIME", 170)
    frame = records()
    for ending in (".sav", ".dta"):
        found = moments.compute(write_records(tmp_path / f"all{ending}", frame), MODEL)
        assert_same(found, moments.compute(frame, MODEL))


def test_labels_and_missing_codes_of_spss(tmp_path):
    frame = records()
    coded = frame.assign(
        sex=frame["sex"].map({"f": 1, "m": 2, "not told": 3}),
        year=frame["year"] - 2000,
        x=frame["x"].fillna(99),
    )
    pyreadstat.write_sav(
        coded,
        str(tmp_path / "coded.sav"),
        variable_value_labels={
            "sex": {1: "f", 2: "m", 3: "not told"},
            "year": {12: "2012", 13: "2013", 14: "2014"},
            "x": {3: "a label that a number does not need"},
        },
        missing_ranges={"x": [99]},
    )
    assert_same(moments.compute(tmp_path / "coded.sav", MODEL), moments.compute(frame, MODEL))


def test_temporary_tables_disappear(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    source = write_records(tmp_path / "all.dta", records())
    with open_records(source) as opened:
        assert list((tmp_path / "temporary").iterdir())
        assert opened.fetch("SELECT count(*) AS n FROM file")["n"][0] == 600
    moments.compute(source, MODEL)
    with pytest.raises(InputError):
        moments.compute(source, replace(MODEL, outcome="why"))
    assert not list((tmp_path / "temporary").iterdir())


def test_open_records_serve_several_models():
    frame = records()
    with open_records(frame) as opened:
        for model in (MODEL, PLAIN):
            assert_same(moments.compute(opened, model), moments.compute(frame, model))


def test_files_open_at_once_do_not_mix(tmp_path):
    frames = records(), records(schools=7, seed=6)
    with open_records(write_records(tmp_path / "one.csv", frames[0])) as one:
        with open_records(write_records(tmp_path / "other.parquet", frames[1])) as other:
            found = [moments.compute(opened, MODEL) for opened in (one, other, one)]
        found.append(moments.compute(one, MODEL))
    for place, frame in zip(found, (frames[0], frames[1], frames[0], frames[0]), strict=True):
        assert_same(place, moments.compute(frame, MODEL))


@pytest.mark.parametrize("model", [MODEL, PLAIN], ids=["weighted", "plain"])
def test_records_with_gaps_give_what_the_complete_ones_give(model):
    frame = records()
    found = moments.compute(frame.dropna(), model)
    assert not any(found.incomplete.values())
    gaps = moments.compute(frame, model)
    assert min(gaps.incomplete["x"], gaps.incomplete["sex"]) > 0
    assert_same(replace(gaps, incomplete=found.incomplete, rows=found.rows), found)


def test_the_same_labels_in_other_clothes(tmp_path):
    """Years as whole numbers, with decimals, as text, and in a CSV file with and without decimals."""
    frame = records()
    expected = moments.compute(frame, MODEL)
    for number, year in enumerate(
        (frame["year"].astype(float), frame["year"].astype(str), frame["year"].astype(float).astype(str), frame["year"].astype("category"))
    ):  # fmt: skip
        dressed = frame.assign(year=year)
        assert_same(moments.compute(dressed, MODEL), expected)
        assert_same(moments.compute(write_records(tmp_path / f"{number}.csv", dressed), MODEL), expected)


@pytest.mark.parametrize("blank", [" ", "   "])
def test_spaces_at_the_ends_of_labels_do_not_count(tmp_path, blank):
    frame = records().assign(year=lambda d: d["year"].astype(str))
    expected = moments.compute(frame, MODEL)
    spaced = frame.copy()
    for place, column in enumerate(("school", "district", "year", "sex")):
        some = frame.index % 5 == place
        spaced.loc[some, column] = blank + spaced.loc[some, column] + " "
    spaced["sex"] = spaced["sex"].fillna(blank)
    assert_same(moments.compute(spaced, MODEL), expected)
    for ending in (".csv", ".parquet", ".dta"):
        assert_same(moments.compute(write_records(tmp_path / f"spaced{ending}", spaced), MODEL), expected)
    with open_records(spaced) as opened:
        assert moments.levels(opened, "sex") == ["f", "m", "not told"]
    high = replace(MODEL, subset={"sex": "m"}, categories={})
    assert_same(moments.compute(spaced, high), moments.compute(frame, high))


def test_decimals_of_a_database_are_the_labels_that_they_look_like(tmp_path):
    frame = records()
    path = tmp_path / "decimals.parquet"
    # Longer than the digits that a floating-point number keeps.
    ids = "CAST(90071992547409930 + CAST(school[8:] AS BIGINT) AS DECIMAL(20,1))"
    duckdb.sql(
        f"SELECT * REPLACE (CAST(year AS DECIMAL(6,1)) AS year, {ids} AS school, CAST(weight AS DECIMAL(6,0)) + 1 "
        "AS weight, CAST(x AS DECIMAL(8,3)) AS x) FROM frame"
    ).write_parquet(str(path))
    found = moments.compute(path, MODEL)
    ids = {f"school {i}": str(90071992547409930 + i) for i in range(12)}
    plain = frame.assign(school=frame["school"].map(ids), weight=frame["weight"].round() + 1, x=frame["x"].round(3))
    assert_same(found, moments.compute(plain, MODEL), rel=1e-9)
    plain["school"] += ".0"
    found = moments.compute(write_records(tmp_path / "plain.csv", plain), MODEL)
    assert_same(found, moments.compute(path, MODEL), rel=1e-9)


def test_codes_with_one_label_stay_apart(tmp_path):
    frame = records().assign(sex=lambda d: d["sex"].map({"f": 1, "m": 8, "not told": 9}))
    frame["year"] = 1000000 + frame["year"]
    labels = {"sex": {1: "f", 8: "Other", 9: "Other "}, "year": {1: "a label that no code has"}}
    model = replace(MODEL, baseline="1002012")
    for ending, write_labelled in ((".sav", pyreadstat.write_sav), (".dta", pyreadstat.write_dta)):
        path = tmp_path / f"coded{ending}"
        write_labelled(frame, str(path), variable_value_labels=labels)
        found = moments.compute(path, model)
        assert found.terms[:4] == ("1002013", "1002014", "sex: Other (8)", "sex: Other (9)")
        whole = frame.dropna()
        w = whole["weight"]
        expected = [w[whole["sex"] == code].sum() for code in (8, 9)]
        assert found.sums.sum(axis=0)[2:4] == pytest.approx(expected, rel=1e-12)


def test_the_levels_used_are_those_of_the_terms():
    frame = records().assign(grade=lambda d: 9 + d.index % 4, year=lambda d: d["year"].astype(str))
    frame.loc[frame["grade"] == 9, "y"] = np.nan  # then grade 10 is the first that is complete
    model = replace(MODEL, categories={"grade": "", "sex": "m"}, subset={"level": "high"})
    with open_records(frame) as opened:
        found = moments.compute(opened, model)
    levels = found.levels
    first = sorted(frame.query("level == 'high' and grade > 9")["grade"].unique())[0]
    assert levels["grade"][0] == str(first)
    assert levels["year"] == ["2012", "2013", "2014"]
    assert levels["sex"] == ["m", "f", "not told"]
    (_, *years), (_, *grades), (_, *sexes) = levels.values()
    named = (*years, *(f"grade: {grade}" for grade in grades), *(f"sex: {sex}" for sex in sexes))
    assert found.terms == (*named, "x")


def test_leading_zeros_of_school_codes_are_kept(tmp_path):
    frame = records().assign(school=lambda d: "00" + d["school"].str[7:])
    found = moments.compute(write_records(tmp_path / "codes.csv", frame), MODEL)
    assert set(found.schools) == set(frame["school"])


@pytest.mark.parametrize("word", ["", " ", "NA", "N/A", "NaN", "nan", "."])
def test_words_for_no_answer_in_csv(tmp_path, word):
    frame = records()
    frame.to_csv(tmp_path / "gaps.csv", index=False, na_rep=word)
    assert_same(moments.compute(tmp_path / "gaps.csv", MODEL), moments.compute(frame, MODEL))


def test_semicolons_and_decimal_commas(tmp_path):
    frame = records()
    frame.to_csv(tmp_path / "continental.csv", index=False, sep=";", decimal=",")
    assert_same(moments.compute(tmp_path / "continental.csv", MODEL), moments.compute(frame, MODEL))


def test_not_a_number_is_missing(tmp_path):
    """NaN inside a Parquet file is a value of its own, unlike NULL; it means the same."""
    frame = records()
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.execute(
        "COPY (SELECT * REPLACE (coalesce(x, 'NaN'::DOUBLE) AS x, CASE WHEN sex IS NULL THEN 'NaN'::DOUBLE ELSE year END AS year) FROM frame) "
        f"TO '{tmp_path / 'nan.parquet'}'"
    )
    gaps = frame.assign(year=frame["year"].where(frame["sex"].notna()))
    assert_same(moments.compute(tmp_path / "nan.parquet", MODEL), moments.compute(gaps, MODEL))


def test_a_subset_is_what_its_records_alone_give():
    frame = records()
    found = moments.compute(frame, replace(MODEL, subset={"level": "high", "sex": "f"}, categories={}))
    chosen = frame[(frame["level"] == "high") & (frame["sex"] == "f")]
    assert_same(found, moments.compute(chosen, replace(MODEL, categories={})))


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=15)
@given(seed=seeds)
def test_the_order_of_records_does_not_matter(seed):
    frame = records(seed=seed)
    expected = moments.compute(frame, MODEL)
    shuffled = frame.sample(frac=1, random_state=seed)
    assert_same(moments.compute(shuffled, MODEL), expected, rel=1e-9)


@settings(max_examples=10)
@given(cuts=st.sets(st.integers(1, 599), min_size=1, max_size=4))
def test_how_records_are_spread_over_files_does_not_matter(tmp_path_factory, cuts):
    folder, frame = tmp_path_factory.mktemp("parts"), records()
    places = [0, *sorted(cuts), len(frame)]
    for number, (start, stop) in enumerate(pairwise(places)):
        write_records(folder / f"{number}.parquet", frame[start:stop])
    assert_same(moments.compute(folder, MODEL), moments.compute(frame, MODEL), rel=1e-9)


@settings(max_examples=15)
@given(y=st.floats(-1e6, 1e6), x=st.floats(-1e6, 1e6))
def test_adding_constants_changes_no_estimate(y, x):
    frame = records()
    moved = frame.assign(y=frame["y"] + y, x=frame["x"] + x)
    assert_same_estimates(estimates(moved), estimates(frame), rel=1e-6)


@settings(max_examples=15)
@given(scale=st.floats(1e-6, 1e6))
def test_the_scale_of_weights_does_not_matter(scale):
    frame = records()
    scaled = frame.assign(weight=frame["weight"] * scale)
    assert_same_estimates(estimates(scaled), estimates(frame))


def test_whole_weights_are_records_repeated():
    frame = records().assign(weight=lambda d: 1.0 + d.index % 3)
    repeated = frame.loc[frame.index.repeat(frame["weight"].astype(int))]
    found, expected = estimates(frame), estimates(repeated, replace(MODEL, weight=""))
    assert found["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=1e-9)


@settings(max_examples=15)
@given(chosen=st.sets(st.integers(0, 11), min_size=1, max_size=11))
def test_schools_computed_apart_stack(chosen):
    frame = records()
    names = {f"school {i}" for i in chosen}
    everything = moments.compute(frame, PLAIN)
    apart = frame["school"].isin(names)
    for part in (frame[apart], frame[~apart]):
        found = moments.compute(part, PLAIN)
        own = [everything.schools.tolist().index(name) for name in found.schools]
        # the parts are centred at their own means: move them to the common ones
        shift = np.concatenate([np.zeros(len(found.terms) - 1), found.centres - everything.centres])
        n, s = found.n[:, None], found.sums
        sums = s + n * shift
        cross = s[:, :, None] * shift
        products = found.products + cross + cross.transpose(0, 2, 1)
        products += found.n[:, None, None] * np.outer(shift, shift)
        assert sums == pytest.approx(everything.sums[own], rel=1e-9, abs=1e-9)
        assert products == pytest.approx(everything.products[own], rel=1e-9, abs=1e-9)


def spoilt(column, value):
    frame = records().astype({column: object})
    frame.loc[[2, 4], column] = value
    return frame if isinstance(value, str) else frame.astype({column: float})


MISTAKES = {
    "misspelt column": (records(), {"outcome": "wieght"}, r"no column 'wieght'. Did you mean 'weight'\? The file has: school,"),
    "missing column": (records().drop(columns="x"), {}, "the data frame: no column 'x'"),
    "no such baseline": (records(), {"baseline": "2011"}, "column 'year': no '2011' to compare with; it has 2012, 2013, 2014 in complete records. Name another `baseline`.$"),
    "no baseline in a panel": (records().assign(level=lambda d: d["level"].where(d["year"] != 2012, "middle")), {"subset": {"level": "high"}}, "no '2012' .* it has 2013, 2014 in complete records of level high. Name another `baseline`, or leave these records out"),
    "no reference in a panel": (records().assign(level=lambda d: d["level"].where(d["sex"] != "f", "middle")), {"subset": {"level": "high"}}, "'sex': no 'f' .* of level high. Name another reference of 'sex' in `categories`, or leave"),
    "control called like a year": (records().assign(**{"2013": 1.5}), {"controls": ("x", "2013")}, "'year' and '2013' both give a term called '2013'. Rename"),
    "control called like a level": (records().assign(**{"sex: m": 1.5}), {"controls": ("sex: m",)}, "'sex' and 'sex: m' both give a term called 'sex: m'"),
    "year called like a level": (records().assign(year=lambda d: d["year"].astype(str).replace("2014", "sex: m")), {"order": ("2012", "2013", "sex: m")}, "'year' and 'sex' both give a term called 'sex: m'"),
    "no such reference": (records(), {"categories": {"sex": "x"}}, "column 'sex': no 'x' to compare with; it has f, m, not told"),
    "text": (spoilt("y", "good"), {}, r"'y': text in a number column \(record 3: 'good'; record 5: 'good'\)"),
    "dates": (records().assign(y=pd.Timestamp("2012-01-01")), {}, r"'y': text in a number column \(record 1: '2012-01-01.* and 597 more"),
    "infinite": (spoilt("x", np.inf), {}, r"'x': infinite values \(record 3: 'inf'; record 5: 'inf'\)"),
    "infinite outcome": (spoilt("y", -np.inf), {}, "'y': infinite values .record 3: '-inf'"),
    "too large": (spoilt("x", 1e200), {}, "numbers too large .* in x, y, weight"),
    "negative weight": (spoilt("weight", -1.5), {}, r"'weight': weights that are not positive \(record 3: '-1.5'"),
    "zero weight": (spoilt("weight", 0.0), {}, r"'weight': weights that are not positive \(record 3: '0'"),
    "school in two districts": (spoilt("district", "district 99"), {}, "'district': school 'school .*' lies in 'district .*' and in 'district 99': more than one cluster .2 such schools"),
    "no year at all": (records().assign(year=np.nan), {}, "no record is complete: column 'year' is empty in all 600"),
    "nothing complete": (records().assign(x=lambda d: d["x"].where(d["sex"] == "f"), sex=lambda d: d["sex"].where(d["sex"] != "f")), {"categories": {"sex": "m"}}, "no record is complete in school, year"),
    "no records": (records()[:0], {}, "there are no records"),
    "one year": (records().assign(year=2012), {"controls": (), "categories": {}}, "'2012' is the only year.*nothing to estimate"),
    "no such level": (records(), {"subset": {"level": "primary"}}, "column 'level': no 'primary'; it has high, middle"),
    "no such pair": (records(), {"subset": {"level": "high", "school": "school 2"}}, "no records of this subset"),
    "outcome and control": (records(), {"controls": ("x", "y")}, "'y' is named as outcome and as control"),
    "school and year": (records(), {"year": "school"}, "'school' is named as school and as year"),
    "control and category": (records(), {"controls": ("sex",)}, "'sex' is named as control and as category"),
    "weight and control": (records(), {"controls": ("weight",)}, "'weight' is named as control and as weight"),
    "control twice": (records(), {"controls": ("x", "x")}, "'x' is named as control and as control"),
    "year and cluster": (records(), {"cluster": "year"}, "'year' is named as year and as cluster"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_records_that_cannot_be_used(mistake):
    frame, more, message = MISTAKES[mistake]
    with pytest.raises(InputError, match=message):
        moments.compute(frame, replace(MODEL, **more))


def test_first_records_are_numbered_as_in_the_file(tmp_path):
    """A subset leaves records out, but the message counts them."""
    frame = spoilt("x", np.inf)
    level = str(frame.loc[4, "level"])
    frame.loc[:3, "level"] = "neither"
    path = write_records(tmp_path / "mine.parquet", frame)
    with pytest.raises(InputError, match=r"mine.parquet, column 'x': infinite.*\(record 5: 'inf'\)"):
        moments.compute(path, replace(MODEL, subset={"level": level}))


def test_a_school_may_be_named_as_its_own_cluster():
    frame = records()
    assert_same(
        moments.compute(frame, replace(MODEL, cluster="school")),
        moments.compute(frame, replace(MODEL, cluster="")),
    )


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="duckdb or spark"):
        moments.compute(records(), MODEL, engine="abacus")


def text(**more):
    return records().assign(**more).to_csv(index=False).encode()


FILES = {
    "no file": ({}, "a.csv: there is no such file"),
    "empty": ({"a.csv": b""}, "a.csv: the file is empty"),
    "header only": ({"a.csv": text().splitlines()[0]}, "a.csv: there are no records"),
    "another format": ({"a.xlsx": b"PK"}, r"no .xlsx file"),
    "text named parquet": ({"a.parquet": text()}, "a.parquet: this is no .parquet file"),
    "parquet named csv": ({"a.csv": b"PAR1" + bytes(9)}, "a.csv: this is no text"),
    "cut sav": ({"a.sav": b"$FL2@(#) SPSS DATA FILE"}, "a.sav: cannot be read"),
    "cut dta": ({"a.dta": b"<stata_dta><header>"}, "a.dta: cannot be read"),
    "latin-1": ({"a.csv": text(school="niño").replace("ñ".encode(), b"\xf1")}, "a.csv, row [0-9]+: the text is not utf-8"),
    "latin-1 below": ({"a.csv": text() * 1 + b"ni\xf1o,d,high,2012,f,1,1,1\n"}, "a.csv, row 602: the text is not utf-8"),
    "latin-1 header": ({"a.csv": b"ni\xf1o,y\n1,2\n"}, "a.csv, row 1: the text is not utf-8"),
    "ragged": ({"a.csv": text() + b"s,d,high,2012,f,1,1,1,1\n"}, "a.csv: rows of unequal length .row 602: 9 cells instead of 8"),
    "latin-1 far from the header": ({"a.csv": text().splitlines(keepends=True)[0] + b"ni\xf1o,d,high,2012,f,1,1,1\n"}, "a.csv, row 2: the text is not utf-8"),
    "twice the same name": ({"a.csv": b"y,y\n1,2\n"}, "two columns are named 'y'"),
    "a name in two lines": ({"a.csv": b'"school\nid",y\na,1\n'}, "Did you mean 'school id'"),
    "text among numbers": ({"a.csv": text() + b"s,district 1,high,2012,f,1,1,four\n"}, "a.csv, column 'y': text in a number column .record 601: 'four'"),
    "one file lacks a column": ({"a.csv": text(), "b.csv": records().drop(columns="x").to_csv(index=False).encode()}, "b.csv lacks the column 'x', unlike a.csv"),
    "one file has more": ({"a.csv": text(), "b.csv": text(z=1)}, "b.csv also has the column 'z', unlike a.csv"),
    "mixed endings": ({"a.csv": text(), "b.parquet": b"PAR1"}, "a.csv and b.parquet are files of two kinds"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", FILES)
def test_files_that_cannot_be_read(tmp_path, mistake):
    contents, message = FILES[mistake]
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    source = tmp_path if len(contents) > 1 else tmp_path / next(iter(contents), "a.csv")
    with pytest.raises(InputError, match=message):
        moments.compute(source, MODEL)


def test_an_inch_mark_in_a_name_is_no_open_quote(tmp_path):
    path = tmp_path / "inches.csv"
    path.write_bytes(text().replace(b"district", b'5" pipe', 1))
    with open_records(path) as opened:
        assert list(opened.columns)[:3] == ["school", '5" pipe', "level"]
        assert opened.fetch("SELECT count(*) AS n FROM file")["n"][0] == 600


def test_names_of_stata_that_differ_in_capitals(tmp_path):
    path = write_records(tmp_path / "mine.dta", records().assign(X=1.0))
    assert moments.compute(path, MODEL).terms[-1] == "x"
    with pytest.raises(InputError, match=r"mine\.dta: the columns 'x' and 'X' differ in capital"):
        moments.compute(path, replace(MODEL, controls=("x", "X")))


def test_a_folder_without_files_is_refused(tmp_path):
    (tmp_path / ".hidden.csv").write_text("not counted")
    with pytest.raises(InputError, match="the folder holds none of"):
        moments.compute(tmp_path, MODEL)
    with pytest.raises(InputError, match="no file is named"):
        moments.compute([], MODEL)


@pytest.mark.parametrize("ending", [".parquet", ".dta", ".sav"])
def test_files_that_keep_a_column_in_two_ways(tmp_path, ending):
    frame = records()
    write_records(tmp_path / f"a{ending}", frame)
    write_records(tmp_path / f"b{ending}", frame.assign(x=frame["x"].astype(str)))
    with pytest.raises(InputError, match=rf"b{ending}, column 'x': text, but numbers in a{ending}"):
        moments.compute(tmp_path, MODEL)


@pytest.mark.parametrize("ending", [".parquet", ".dta", ".sav"])
@pytest.mark.parametrize("kept", [0.5, 0.98])
def test_a_file_cut_short_is_named(tmp_path, ending, kept):
    path = write_records(tmp_path / f"cut{ending}", records())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match=f"cut{ending}: cannot be read"):
        moments.compute(path, MODEL)


def test_a_damaged_parquet_file_is_named(tmp_path):
    """Its end is whole, so it opens; reading it fails."""
    path = write_records(tmp_path / "damaged.parquet", records())
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.parquet: cannot be read"):
        moments.compute(path, MODEL)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["10", "9", "11"], ["9", "10", "11"]),
        (["2011-12", "2010-11"], ["2010-11", "2011-12"]),
        (["b", "10", "a", "9"], ["10", "9", "a", "b"]),
        (["-1", "1.5", "0"], ["-1", "0", "1.5"]),
        (["2", "01", "1", "1.0", "001"], ["001", "01", "1", "1.0", "2"]),
        (["2", "nan", "1", "inf", "10"], ["1", "10", "2", "inf", "nan"]),
    ],
)
def test_levels_stand_in_the_order_of_their_numbers(given, expected):
    assert in_order(set(given)) == expected


def test_the_first_grade_in_order_is_the_reference_where_none_is_named():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "school": rng.integers(0, 8, 400),
            "year": rng.integers(0, 12, 400),
            "grade": rng.choice([9, 10, 11], 400),
            "y": rng.normal(size=400),
        }
    )
    model = moments.Model("y", "school", "year", "0", categories={"grade": ""})
    found = moments.compute(frame, model)
    assert found.terms == (*map(str, range(1, 12)), "grade: 10", "grade: 11")
    with open_records(frame) as records:
        assert moments.levels(records, "year") == [str(year) for year in range(12)]
    some = moments.take(found, np.arange(8) % 2 == 0)
    assert list(some.schools) == ["0", "2", "4", "6"]
    assert some.products.shape[0] == some.baseline.shape[0] == 4
