"""Notebook 01 on the user's own records and with its other sources, from the command line to the tables."""

import json
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

import inside
from conftest import refused
from helpers.notebook import parameters

pytestmark = pytest.mark.build
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
    "data": "data/raw/schueler.csv",
    "outcome": "Übung",
    "school": "Schule",
    "year": "Jahr",
    "baseline": 2018,
    "controls": ["Armut"],
    "categories": {"Geschlecht": "m"},
}


def run(project, file, **values):
    (project / "params" / file).write_text(json.dumps(values))
    return inside.build(project, "run", NOTEBOOK, f"params/{file}")


def table(project, run_name, name="estimates"):
    folder = project / "build" / "runs" / run_name / "tables"
    return pd.read_csv(folder / f"{NOTEBOOK}--{name}.csv")


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
def test_own_records_give_what_another_package_gives(project, schueler, ending):
    raw = project / "data" / "raw"
    path = raw / f"schueler.{ending}"
    if ending == "csv":
        schueler.to_csv(path, index=False)
    elif ending == "parquet":
        import duckdb

        duckdb.from_df(schueler).write_parquet(str(path))
    elif ending == "dta":
        schueler.to_stata(path, write_index=False, version=118)
    else:
        path.mkdir()
        for year, part in schueler.groupby("Jahr"):
            part.to_csv(path / f"{year}.csv", index=False)
    values = COLUMNS | {"data": f"data/raw/{path.name}", "weight": "Gewicht", "cluster": "Bezirk"}
    done = run(project, f"{ending}.yml", **values)
    assert done.returncode == 0, done.stderr
    found = table(project, ending)
    assert found["term"].tolist() == ["2019", "2020", "2021", "Geschlecht: w", "Armut"]
    estimates, std_errors = other_estimates(schueler, "Bezirk")
    assert found["estimate"].to_numpy() == pytest.approx(estimates, rel=1e-9)
    assert found["std_error"].to_numpy() == pytest.approx(std_errors, rel=1e-9)
    assert (found["n"] == schueler["Übung"].notna().sum()).all()
    assert (found["n_groups"] == 9).all()
    assert set(found["state"]) == {"microdata"}


def test_a_last_year_of_few_records_is_not_shown(project, schueler):
    """As where one school wrote a year otherwise: the run goes on without what would rest on them."""
    few = schueler.index[schueler["Übung"].notna()][:3]
    own = schueler.assign(
        Jahr=schueler["Jahr"].astype(str).mask(schueler.index.isin(few), "2021/22")
    )
    own.to_csv(project / "data" / "raw" / "few.csv", index=False)
    done = run(project, "few.yml", **COLUMNS | {"data": "data/raw/few.csv"})
    assert done.returncode == 0, done.stderr
    found = table(project, "few").set_index("term")["estimate"]
    assert found.isna().tolist() == [False, False, False, True, False, False]
    assert not list((project / "build" / "runs" / "few").glob("*s/*specifications*"))


def test_nothing_of_single_students_or_small_schools_leaves_a_run(project, schueler):
    small = schueler.assign(Schule=schueler["Schule"].where(schueler.index > 3, 7777))
    small.to_csv(project / "data" / "raw" / "klein.csv", index=False)
    done = run(project, "klein.yml", **(COLUMNS | {"data": "data/raw/klein.csv"}))
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "klein"
    for path in folder.rglob("*"):
        if path.suffix in (".csv", ".html", ".ipynb", ".svg"):
            assert "7777" not in path.read_text(encoding="utf-8"), path.name
    schools = pd.read_csv(folder / "figures" / f"{NOTEBOOK}--school-effects.csv")
    assert len(schools) <= 40
    assert "school" not in schools


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
def test_bad_input_ends_with_one_message_and_leaves_nothing(project, schueler, name):
    change, parameters, said = BAD[name]
    path = project / "data" / "raw" / "schlecht.csv"
    change(schueler).to_csv(path, index=False)
    stem = f"schlecht-{name.replace(' ', '-')}"
    done = run(project, f"{stem}.yml", **(COLUMNS | {"data": "data/raw/schlecht.csv"} | parameters))
    refused(project, done, stem, said)


def test_a_parquet_file_cut_short_and_a_mixed_folder(project, schueler):
    import duckdb

    raw = project / "data" / "raw"
    duckdb.from_df(schueler).write_parquet(str(raw / "ganz.parquet"))
    whole = (raw / "ganz.parquet").read_bytes()
    (raw / "halb.parquet").write_bytes(whole[: len(whole) // 2])
    done = run(project, "halb.yml", **(COLUMNS | {"data": "data/raw/halb.parquet"}))
    assert done.returncode != 0
    assert "halb.parquet" in done.stderr
    assert "Traceback" not in done.stderr
    folder = raw / "gemischt"
    folder.mkdir()
    schueler.to_csv(folder / "a.csv", index=False)
    schueler.drop(columns="Armut").to_csv(folder / "b.csv", index=False)
    done = run(project, "gemischt.yml", **(COLUMNS | {"data": "data/raw/gemischt"}))
    assert done.returncode != 0
    assert "b.csv lacks the column 'Armut'" in done.stderr


@pytest.mark.parametrize("source", ["published", "cps-reports", "twin"])
def test_each_source_runs_alone(project, source):
    done = run(project, f"{source}.yml", source=source)
    assert done.returncode == 0, done.stderr
    states = {
        pd.read_csv(path)["state"].iloc[0]
        for path in (project / "build" / "runs" / source).glob("*s/*.csv")
    }
    expected = {
        "published": {"published", "recomputed"},
        "cps-reports": {"moments"},
        "twin": {"simulated"},
    }
    assert states == expected[source]


def test_own_without_a_file_is_refused(project):
    done = run(project, "nichts.yml", source="own")
    assert done.returncode != 0
    assert "name it in the parameter `data`" in done.stderr


def test_raw_reports_give_what_the_released_sums_give(project, shared):
    folder = project / "data" / "raw" / "cps"
    shutil.copytree(shared / "data" / "cps", folder)
    done = run(project, "reports.yml", source="cps-reports")
    assert done.returncode == 0, done.stderr
    from_records = table(project, "reports")
    shutil.rmtree(folder)
    assert run(project, "sums.yml", source="cps-reports").returncode == 0
    from_sums = table(project, "sums")
    assert set(from_records["state"]) == {"microdata"}
    assert set(from_sums["state"]) == {"moments"}
    numbers = ["estimate", "std_error", "ci_low", "ci_high"]
    assert from_records[numbers].to_numpy() == pytest.approx(
        from_sums[numbers].to_numpy(), rel=1e-10
    )


def test_known_answers_of_the_public_reports(built):
    """As others computed them from the same files: differences to the first report in its standard deviations."""
    found = pd.read_csv(built / "build" / "tables" / f"{NOTEBOOK}--estimates.csv")
    found = found[found["measure"] == "ambitious_instruction"].set_index("group")
    known = {
        "ES": ([0.185, 0.118, 0.408], [0.046, 0.054, 0.053], 436),
        "HS": ([0.307, 0.216, 0.460], [0.064, 0.071, 0.068], 176),
    }
    for group, (estimates, std_errors, schools) in known.items():
        assert found.loc[group, "estimate"].tolist() == pytest.approx(estimates, abs=0.00051)
        assert found.loc[group, "std_error"].tolist() == pytest.approx(std_errors, abs=0.00061)
        assert set(found.loc[group, "n_groups"]) == {schools}


def test_the_twin_recovers_and_its_intervals_cover(built):
    tables = built / "build" / "tables"
    again = pd.read_csv(tables / f"{NOTEBOOK}--twin-estimates.csv")
    assert len(again) == 24
    assert (np.abs(again["estimate"] - again["printed"]) / again["std_error"]).max() < 3.5
    coverage = pd.read_csv(tables / f"{NOTEBOOK}--coverage.csv")
    assert (coverage["replications"] == 500).all()
    for _, part in coverage.groupby("inference"):
        assert 0.93 <= part["covered"].mean() <= 0.97


def assert_row_is_run(project, tables, label, where):
    """The file behind a row of the specification figure makes a run that holds the row's numbers."""
    stem = f"{NOTEBOOK}--run-{label}"
    done = inside.build(project, "run", NOTEBOOK, str(tables / f"{stem}.yml"))
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(tables.parent / "figures" / f"{NOTEBOOK}--specifications.csv")
    slugs = rows["specification"].str.lower().str.replace(r"[^a-z0-9]+", "-", regex=True)
    row = rows[slugs.str.strip("-") == label].iloc[0]
    found = table(project, stem)
    found["term"] = found["term"].astype(str)
    wanted = pd.Series(where | {"term": str(row["term"])})
    found = found[(found[list(wanted.index)] == wanted).all(axis=1)].iloc[0]
    for column in ("estimate", "std_error", "ci_low", "ci_high", "p_value", "n", "n_groups"):
        assert found[column] == pytest.approx(row[column], rel=1e-9), column


@pytest.mark.parametrize("label", ["ratings-as-ridits", "cluster-jackknife-crv3"])
def test_rows_of_the_public_choices_are_runs(built, label):
    where = {"group": "ES", "measure": "ambitious_instruction"}
    assert_row_is_run(built, built / "build" / "tables", label, where)


def test_rows_of_own_choices_are_runs(project, schueler):
    schueler.to_csv(project / "data" / "raw" / "zeilen.csv", index=False)
    given = COLUMNS | {"data": "data/raw/zeilen.csv", "cluster": "Bezirk"}
    done = run(project, "zeilen.yml", **given)
    assert done.returncode == 0, done.stderr
    tables = project / "build" / "runs" / "zeilen" / "tables"
    assert_row_is_run(project, tables, "clustered-by-school", {"panel": "all records"})


def test_every_row_of_the_choices_has_a_file_that_the_page_links(built):
    rows = pd.read_csv(built / "build" / "figures" / f"{NOTEBOOK}--specifications.csv")
    page = (built / "build" / "site" / f"{NOTEBOOK}.html").read_text()
    linked = re.findall(rf'href="(tables/{NOTEBOOK}--run-[^"]+\.yml)">([^<]+)<', page)
    assert [label for _, label in linked] == rows["specification"].drop_duplicates().tolist()
    notebook = built / "notebooks" / f"{NOTEBOOK}.ipynb"
    for path, _ in linked:
        values = parameters.read(built / "build" / "site" / path)
        assert parameters.check(notebook, values, path)["source"] == "cps-reports"
