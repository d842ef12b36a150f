"""Notebook 01 on the user's own records and on print and public reports, from its parameters to its tables."""

import json
import os
import re

import duckdb
import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

import inside
from conftest import ROOT
from helpers.estimate import panels
from helpers.notebook import parameters, session
from helpers.study import practice_change
from inprocess import refused, run

pytestmark = pytest.mark.slow

NOTEBOOK = "01-practice-change"


@pytest.fixture(scope="module")
def schueler():
    """Records under other names, with gaps, made here."""
    rng = np.random.default_rng(11)
    n = 3000
    number = rng.choice(40, n, p=rng.dirichlet(np.full(40, 3.0)))
    frame = pd.DataFrame(
        {
            "Schule": number + 100,
            "Bezirk": number % 9,
            "Jahr": rng.integers(2018, 2022, n),
            "Geschlecht": rng.choice(["m", "w"], n),
            "Armut": rng.normal(size=n).round(3),
            "Gewicht": rng.uniform(0.5, 2, n).round(3),
        }
    )
    shock = rng.normal(0, 0.2, (40, 4))[number, frame["Jahr"] - 2018]
    frame["Übung"] = (
        (3 + 0.1 * (frame["Jahr"] - 2018) + 0.2 * frame["Armut"] + shock + rng.normal(size=n))
        .round(4)
        .where(rng.random(n) > 0.02)
    )
    return frame


COLUMNS = {
    "outcome": "Übung",
    "school": "Schule",
    "year": "Jahr",
    "baseline": 2018,
    "controls": ["Armut"],
    "categories": {"Geschlecht": "m"},
}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """The evidence notebook as `make all` runs it."""
    return run(tmp_path_factory.mktemp("evidence"), NOTEBOOK)


def own(tmp_path, frame, name="schueler.csv", **more):
    """A run on these records with their columns named."""
    frame.to_csv(tmp_path / name, index=False)
    return run(tmp_path / "run", NOTEBOOK, **(COLUMNS | {"data": str(tmp_path / name)} | more))


def other_estimates(frame, cluster):
    """Coefficients and standard errors by pyfixest, or by linearmodels with our factor where it is not installed."""
    whole = frame.dropna().reset_index(drop=True)
    years = pd.get_dummies(whole["Jahr"].astype(str), dtype=float)[["2019", "2020", "2021"]]
    x = years.assign(w=(whole["Geschlecht"] == "w").astype(float), Armut=whole["Armut"])
    try:
        import pyfixest
    except ImportError:
        assert "REQUIRE_PEERS" not in os.environ
    else:
        named = x.rename(columns=lambda name: f"x{name}")
        data = pd.concat([whole.rename(columns={"Übung": "y"}), named], axis=1)
        fit = pyfixest.feols(
            f"y ~ {' + '.join(named)} | Schule", data, vcov={"CRV1": cluster}, weights="Gewicht",
            weights_type="aweights",
        )  # fmt: skip
        return fit.coef().to_numpy(), fit.se().to_numpy()
    index = pd.MultiIndex.from_arrays([whole["Schule"], whole.groupby("Schule").cumcount()])
    fit = PanelOLS(
        whole["Übung"].set_axis(index), x.set_axis(index), entity_effects=True,
        weights=whole["Gewicht"].set_axis(index),
    ).fit(cov_type="clustered", clusters=whole[cluster].set_axis(index), group_debias=True)  # fmt: skip
    n, k = len(whole), x.shape[1]
    return fit.params.to_numpy(), fit.std_errors.to_numpy() * np.sqrt((n - k) / (n - k - 1))


@pytest.mark.parametrize("ending", ["csv", "parquet", "dta", "folder"])
def test_own_records_give_what_another_package_gives(tmp_path, schueler, ending):
    path = tmp_path / f"schueler.{ending}"
    if ending == "csv":
        schueler.to_csv(path, index=False)
    elif ending == "parquet":
        duckdb.from_df(schueler).write_parquet(str(path))
    elif ending == "dta":
        schueler.to_stata(path, write_index=False, version=118)
    else:
        path.mkdir()
        for year, part in schueler.groupby("Jahr"):
            part.to_csv(path / f"{year}.csv", index=False)
    given = COLUMNS | {"data": str(path), "weight": "Gewicht", "cluster": "Bezirk", "inference": "CRV1"}
    ran = run(tmp_path / "run", NOTEBOOK, **given)
    found = ran.table("estimates")
    assert found["term"].tolist() == ["2019", "2020", "2021", "Geschlecht: w", "Armut"]
    estimates, std_errors = other_estimates(schueler, "Bezirk")
    assert found["estimate"].to_numpy() == pytest.approx(estimates, rel=1e-9)
    assert found["std_error"].to_numpy() == pytest.approx(std_errors, rel=1e-9)
    assert (found["n"] == schueler["Übung"].notna().sum()).all()
    assert (found["n_groups"] == 9).all()
    assert set(found["state"]) == {"microdata"}
    # PanelOLS as the notebook writes it, on the same records.
    check = ran.table("independent-check")
    assert check["term"].tolist() == found["term"].tolist()
    assert check["other_estimate"].to_numpy() == pytest.approx(estimates, rel=1e-8)
    ratio = (std_errors / check["other_std_error"]).mean()
    assert f"Our standard errors are theirs times {ratio:.6f}." in ran.page


def test_of_a_folder_the_run_depends_on_its_files_and_their_names(tmp_path, schueler):
    folder = tmp_path / "jahre"
    folder.mkdir()
    for year, part in schueler.groupby("Jahr"):
        part.to_csv(folder / f"{year}.csv", index=False)
    run(tmp_path / "run", NOTEBOOK, data=str(folder), **COLUMNS)
    inputs = [x["path"] for x in session.lines(tmp_path / "run") if x["kind"] == "input"]
    assert list(dict.fromkeys(inputs)) == [str(folder), *(str(path) for path in sorted(folder.iterdir()))]


def test_a_last_year_of_few_records_is_not_shown(tmp_path, schueler):
    """As where one school wrote a year otherwise: the run goes on without what would rest on them."""
    few = schueler.index[schueler["Übung"].notna()][:3]
    years = schueler["Jahr"].astype(str).mask(schueler.index.isin(few), "2021/22")
    order = ["2018", "2019", "2020", "2021", "2021/22"]
    ran = own(tmp_path, schueler.assign(Jahr=years), order=order)
    found = ran.table("estimates").set_index("term")["estimate"]
    assert found.isna().tolist() == [False, False, False, True, False, False]
    assert "2021/22" not in ran.table("independent-check")["term"].tolist()
    assert not list(ran.folder.glob("*s/*specifications*"))
    assert not list(ran.folder.glob("tables/*.yml"))
    assert "The last year rests on fewer than ten records" in ran.page
    assert "No items are named: the outcome is a column of numbers." in ran.page


@pytest.mark.build
def test_nothing_of_single_students_or_small_schools_leaves_a_run(project, schueler):
    small = schueler.assign(Schule=schueler["Schule"].where(schueler.index > 3, 98765432))
    small.to_csv(project / "data" / "raw" / "klein.csv", index=False)
    given = COLUMNS | {"data": "data/raw/klein.csv"}
    (project / "params" / "klein.yml").write_text(json.dumps(given))
    done = inside.build(project, "run", NOTEBOOK, "params/klein.yml")
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "klein"
    for path in folder.rglob("*"):
        if path.suffix in (".csv", ".html", ".ipynb", ".svg"):
            assert "98765432" not in path.read_text(encoding="utf-8"), path.name
    schools = pd.read_csv(folder / "figures" / f"{NOTEBOOK}--school-effects.csv")
    assert len(schools) <= 40
    assert "school" not in schools


def test_items_are_a_scale(tmp_path):
    ready = parameters.read(ROOT / "params" / "01-own-items.yml")
    ran = run(tmp_path / "items", NOTEBOOK, **ready)
    assert ran.table("scale-items")["item"].tolist() == ready["items"]
    assert set(ran.figure("scale")["answer"]) == {1, 2, 3, 4}
    assert "No items are named" not in ran.page


@pytest.mark.parametrize(("standardise", "rows"), [(True, 1), (False, 0)])
def test_few_schools_have_a_row_whose_deviation_is_estimated_too(tmp_path, schueler, standardise, rows):
    few = schueler[schueler["Schule"].isin(schueler["Schule"].unique()[:12])]
    ran = own(tmp_path, few, standardise=standardise)
    table = ran.figure("specifications").set_index("specification")
    assert (table.index == panels.OWN_DEVIATION).sum() == rows
    assert ("below 30 clusters one row leaves each cluster out of it too" in ran.page) == standardise
    if standardise:
        one, other = table.loc["as declared"], table.loc[panels.OWN_DEVIATION]
        assert other["estimate"] == pytest.approx(one["estimate"])
        assert other["df"] == 11


def test_many_schools_have_none(tmp_path, schueler):
    ran = own(tmp_path, schueler, standardise=True)
    assert panels.OWN_DEVIATION not in set(ran.figure("specifications")["specification"])


def spoil(frame, place, column, value):
    changed = frame.astype({column: object})
    changed.loc[place, column] = value
    return changed


BAD = {
    "misspelt": (lambda d: d, {"outcome": "Uebung"}, ["no column 'Uebung'", "Did you mean"]),
    "two districts": (lambda d: spoil(d, 5, "Bezirk", 77), {"cluster": "Bezirk"}, ["'Bezirk'"]),
    "no such year": (lambda d: d, {"baseline": 1999}, ["'1999'", "2018, 2019"]),
    "constant": (
        lambda d: d.assign(Übung=d["Schule"] * 0.5),
        {},
        ["the same for all records of every school"],
    ),
    "one school": (lambda d: d.assign(Schule=1), {}, ["two clusters or more"]),
    "negative weight": (
        lambda d: spoil(d, 7, "Gewicht", -1),
        {"weight": "Gewicht"},
        ["'Gewicht'", "not positive", "-1"],
    ),
    "infinite": (lambda d: spoil(d, 9, "Armut", "inf"), {}, ["'Armut'", "infinite"]),
    "text": (lambda d: spoil(d, 9, "Armut", "viel"), {}, ["'Armut'", "'viel'"]),
    "nothing named": (lambda d: d, {"school": ""}, ["`school`"]),
    "outcome and items": (lambda d: d, {"items": ["Armut"]}, ["one of the two"]),
    "items off the scale": (
        lambda d: d.assign(a=1, b=9),
        {"outcome": "", "items": ["a", "b"]},
        ["'b'", "1 to 4", "9"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_with_one_message(tmp_path, schueler, name):
    change, given, said = BAD[name]
    refused(lambda: own(tmp_path, change(schueler), **given), *said)


def test_a_parquet_file_cut_short_and_a_mixed_folder(tmp_path, schueler):
    duckdb.from_df(schueler).write_parquet(str(tmp_path / "ganz.parquet"))
    whole = (tmp_path / "ganz.parquet").read_bytes()
    half = tmp_path / "halb.parquet"
    half.write_bytes(whole[: len(whole) // 2])
    refused(lambda: run(tmp_path / "run", NOTEBOOK, data=str(half), **COLUMNS), "halb.parquet")
    folder = tmp_path / "gemischt"
    folder.mkdir()
    schueler.to_csv(folder / "a.csv", index=False)
    schueler.drop(columns="Armut").to_csv(folder / "b.csv", index=False)
    refused(
        lambda: run(tmp_path / "run", NOTEBOOK, data=str(folder), **COLUMNS),
        "b.csv lacks the column 'Armut'",
    )


def test_own_records_without_a_file_are_refused(tmp_path):
    refused(
        lambda: run(tmp_path, NOTEBOOK, **COLUMNS),
        "is a parameter of notebooks/your-data/01", "`data` is missing, which names your file",
    )  # fmt: skip
    refused(lambda: run(tmp_path, NOTEBOOK, data="", **COLUMNS), "`data` is empty. Name your file")
    refused(lambda: run(tmp_path, NOTEBOOK, source="own"), "source: no such parameter")


def test_a_choice_of_the_public_reports_is_none_of_own_records(tmp_path):
    refused(
        lambda: run(tmp_path, NOTEBOOK, data="data/simulated/01-students.csv", variant="ridits"),
        "`variant` is a parameter of notebooks/01", "so leave out `data`",
    )  # fmt: skip


def test_each_state_follows_from_what_was_read(evidence):
    cards = {x["name"]: x["state"] for x in session.lines(evidence.folder) if "caption" in x}
    assert cards.pop("printed-effects") == "published"
    assert cards.pop("implied-standard-errors") == "recomputed"
    assert cards.pop("response-rates") == "published"  # averages as the reports print them, ranges as the paper does
    assert set(cards.values()) == {"moments"}


def test_raw_reports_give_what_the_released_sums_give(evidence, reports, tmp_path):
    ran = run(tmp_path, NOTEBOOK, reports=str(reports))
    from_records, from_sums = ran.table("estimates"), evidence.table("estimates")
    assert set(from_records["state"]) == {"microdata"}
    assert set(from_sums["state"]) == {"moments"}
    numbers = ["estimate", "std_error", "ci_low", "ci_high"]
    assert from_records[numbers].to_numpy() == pytest.approx(from_sums[numbers].to_numpy(), rel=1e-10)
    # PanelOLS as the notebook writes it, and as it was kept with the sums.
    kept = evidence.table("independent-check").query(
        "group == 'ES' and measure == 'ambitious_instruction' and span == 'before the break'"
    )
    shown = [f"{row.term}: {row.other_estimate:.6f} (SE {row.other_std_error:.6f})" for row in kept.itertuples()]
    assert f"by PanelOLS: {', '.join(shown)}." in ran.page
    assert f"the schools' records are not in {evidence.variables['reports']}" in evidence.page


def test_known_answers_of_the_public_reports(evidence):
    """As others computed them from the same files: differences to the first report in its standard deviations."""
    found = evidence.table("estimates")
    found = found[(found["measure"] == "ambitious_instruction") & (found["span"] == "before the break")].set_index(
        "group"
    )
    known = {
        "ES": ([0.185, 0.118, 0.408], [0.046, 0.054, 0.053], 436),
        "HS": ([0.307, 0.216, 0.460], [0.064, 0.071, 0.068], 176),
    }
    for group, (estimates, std_errors, schools) in known.items():
        assert found.loc[group, "estimate"].tolist() == pytest.approx(estimates, abs=0.00051)
        assert found.loc[group, "std_error"].tolist() == pytest.approx(std_errors, abs=0.00061)
        assert set(found.loc[group, "n_groups"]) == {schools}


def test_the_answer_says_what_happened_on_both_sides_of_the_break(evidence):
    """Known answers by pyfixest: all six -.442 and -.123, in one model; no fall is called a rise."""
    told = next(line for line in session.lines(evidence.folder) if line["kind"] == "answer")
    assert told["text"].startswith("In report 2022 it was -0.44 (")
    assert told["text"].endswith(") against 2015, if the scale is still the same, which is not known.")
    before, across, after, paper = told["then"].split(". ")
    assert "from report 2015 to 2018 it rose by 0.41 (" in before
    assert "in elementary and by 0.46 (" in before
    assert across.startswith("If scales agree, from 2015 to 2022 it fell by 0.44 (")
    assert "cannot be told from no change (-0.12;" in across
    assert after.startswith("From 2021 to 2022 alone it cannot be told from no change")
    assert paper.startswith("By the paper, students' reports of such teaching rose by 0.2 to 0.3 standard deviations")
    assert not re.search(r"r(?:ise|ose|ising) by -", evidence.page)


def linked(ran):
    """Label and file of each run that the page links below its specification figure."""
    links = re.findall(rf"- \[([^]]+)\]\((tables/{NOTEBOOK}--run-[^)]+\.yml)\)", ran.page)
    return {label: ran.folder / file for label, file in links}


def assert_row_is_run(ran, tmp_path, label, where):
    """The file behind a row of the specification figure makes a run that holds the row's numbers."""
    again = run(tmp_path / "row", NOTEBOOK, **parameters.read(linked(ran)[label]))
    rows = ran.figure("specifications")
    for name, value in where.items():
        rows = rows[rows[name] == value]
    row = rows[rows["specification"] == label].iloc[0]
    found = again.table("estimates")
    found["term"] = found["term"].astype(str)
    wanted = pd.Series(where | {"term": str(row["term"])})
    found = found[(found[list(wanted.index)] == wanted).all(axis=1)].iloc[0]
    for column in ("estimate", "std_error", "ci_low", "ci_high", "p_value", "n", "n_groups"):
        assert found[column] == pytest.approx(row[column], rel=1e-9), column
    return again, row


@pytest.mark.parametrize("name", ["response rate", "jackknife"])
def test_rows_of_the_public_choices_are_runs(evidence, tmp_path, name):
    where = {"group": "ES", "measure": "ambitious_instruction", "span": "before the break"}
    again, row = assert_row_is_run(evidence, tmp_path, practice_change.VARIANTS[name], where)
    assert re.search(rf"rose by {row['estimate']:.2f} \([^)]*\) in elementary", again.answer)
    controls = {"response_rate"} if name == "response rate" else set()
    assert set(again.table("estimates")["term"].astype(str)) == controls | {"2016", "2017", "2018", "2021", "2022"}
    assert set(again.figure("cps-reports")["term"]) == {2016, 2017, 2018, 2021, 2022}  # a control is no year


def test_rows_of_own_choices_are_runs(tmp_path, schueler):
    ran = own(tmp_path, schueler, cluster="Bezirk")
    assert_row_is_run(ran, tmp_path, "clustered by school", {"panel": "all records"})


def test_rows_of_the_example_are_runs_of_the_example(tmp_path):
    ready = parameters.read(ROOT / "params" / "01-own-data.yml") | {"by": "", "categories": []}
    ran = run(tmp_path / "ready", NOTEBOOK, **ready)
    where = {"panel": "all records"}
    assert_row_is_run(ran, tmp_path, "errors by leaving out each cluster in turn", where)


def test_every_row_of_the_choices_has_a_file_that_the_page_links(evidence):
    rows = evidence.figure("specifications")
    assert list(linked(evidence)) == rows["specification"].drop_duplicates().tolist()
    notebook = ROOT / "notebooks" / f"{NOTEBOOK}.ipynb"
    for path in linked(evidence).values():
        values = parameters.read(path)
        assert parameters.check(notebook, values, path.name)["variant"] == values["variant"]
