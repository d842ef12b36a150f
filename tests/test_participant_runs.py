"""Notebook 04 on the user's own records: values, states and refusals."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import inprocess
import inside
from conftest import ROOT, refused
from helpers.estimate import twogroups
from helpers.notebook import source
from helpers.study import participants

NOTEBOOK = "04-participant-comparison"
OWN = {"group": "group", "scales": ["comfort"]}


@pytest.fixture
def example():
    return pd.read_csv(ROOT / "data" / "simulated" / "04-participants.csv")


def run(folder, records, **values):
    path = folder / "bad.csv"
    if isinstance(records, pd.DataFrame):
        records.to_csv(path, index=False)
    elif records is not None:
        path.write_bytes(records)
    return inprocess.run(folder / "run", NOTEBOOK, data=str(path), **(OWN | values))


@pytest.mark.build
def test_own_records_with_other_names_are_microdata(project, example):
    own = example.rename(columns={"group": "Gruppe", "comfort": "Wohlgefühl (1-4)", "school": "Schule"})
    own.to_csv(project / "data" / "raw" / "eigene.csv", index=False, sep=";", decimal=",")
    values = {
        "data": "data/raw/eigene.csv", "group": "Gruppe", "scales": ["Wohlgefühl (1-4)"],
        "compare": ["colleague", "participant"],
    }  # fmt: skip
    (project / "params" / "eigene.yml").write_text(json.dumps(values))
    done = inside.build(project, "run", NOTEBOOK, "params/eigene.yml")
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "eigene"
    table = pd.read_csv(folder / "tables" / f"{NOTEBOOK}--estimates.csv")
    assert table["state"].unique().tolist() == ["microdata"]
    first = own["Gruppe"] == "colleague"
    expected = twogroups.welch(*twogroups.summarise(own["Wohlgefühl (1-4)"], first))
    assert table.set_index("term").loc["difference", "estimate"] == pytest.approx(expected["estimate"], rel=1e-10)
    page = (folder / "notebook.html").read_text()
    assert "Wohlgefühl (1-4)" in page
    given = next(cell for cell in source.cells(folder / "notebook.ipynb") if "Wohl" in cell["text"])
    assert "scales = ['Wohlgefühl (1-4)']" in given["text"].splitlines()
    # No single person leaves the run.
    assert not any(len(pd.read_csv(path)) >= len(own) for path in folder.glob("*s/*.csv"))


@pytest.mark.build
def test_a_refused_run_leaves_nothing(project, example):
    example.drop(columns="comfort").to_csv(project / "data" / "raw" / "bad.csv", index=False)
    values = OWN | {"data": "data/raw/bad.csv"}
    (project / "params" / "spoilt.yml").write_text(json.dumps(values))
    done = inside.build(project, "run", NOTEBOOK, "params/spoilt.yml")
    refused(project, done, "spoilt", ["data/raw/bad.csv", "no column 'comfort'"])


@pytest.mark.parametrize(("cluster", "method"), [("school", "clustered"), ("", "Welch")])
def test_the_regression_by_statsmodels_has_the_errors_of_the_table(tmp_path, example, cluster, method):
    found = run(tmp_path, example, cluster=cluster)
    table = found.table("estimates").set_index(["method", "term"])
    fit = found.variables["fit"]
    row = table.loc[(method, "difference")]
    assert fit.params["first"] == pytest.approx(row["estimate"], rel=1e-9)
    errors = row["std_error"]
    if cluster:
        given = found.variables["answers"]
        errors = twogroups.clustered(given["score"], given["first"] == 1, given["school"], "CRV1")["std_error"]
    assert fit.bse["first"] == pytest.approx(errors, rel=1e-9)
    assert f"error {fit.bse['first']:.4f}" in found.page
    assert f"{row['std_error']:.4f} (row “{method}”)" in found.page


def test_two_small_clusters_on_one_side_leave_estimates_without_p(tmp_path):
    """Sixteen people of two clusters beside eighteen larger ones: a permutation would find too much."""
    rng = np.random.default_rng(1)
    sizes = [8, 8, *[20] * 18]
    school = np.repeat(np.arange(20), sizes)
    records = pd.DataFrame(
        {"teacher": np.arange(len(school)), "school": school, "score": rng.normal(2.5, 0.4, len(school))}
    )
    records["group"] = np.where(school < 2, "participant", "colleague")
    columns = {"group": "group", "scales": ["score"], "compare": ["participant", "colleague"]}
    found = run(tmp_path, records, respondent="teacher", cluster="school", **columns)
    assert found.answer.startswith("Whether participant and colleague differ cannot be said of any scale")
    assert "No p-value and no interval: the difference. It rests on so few clusters (school)" in found.page
    assert not re.search(r"\bnan\b", re.sub('base64,[^"]*', "", found.page))
    row = found.table("estimates").query("method == 'clustered' and term == 'difference'").iloc[0]
    assert np.isfinite(row["estimate"])
    assert np.isnan(row["p_value"])


def test_nothing_of_print_is_in_it(tmp_path, example):
    found = run(tmp_path, example)
    assert {path.stem for path in found.folder.glob("*s/*.csv")} == {
        f"{NOTEBOOK}--{card}" for card in ("estimates", "effect-sizes", "reading")
    }
    assert "Chile" not in found.page
    assert '"kind": "ledger"' not in (found.folder / "record.jsonl").read_text()


def test_likeness_that_is_none_leaves_welch_and_few_schools_raise_p():
    summary = pd.Series(dict(zip(participants.SUMMARY, (2.48, 0.77, 49, 2.15, 0.73, 49), strict=True)))
    curves = participants.clustering(summary, per_school=3.0, n_schools=22)
    welch = twogroups.welch(*summary)
    start = curves[curves["icc"] == 0]
    assert start["std_error"].tolist() == pytest.approx([welch["std_error"]] * 2)
    assert start["p_value"].tolist() == pytest.approx([2 * stats.t.sf(welch["t"], 21)] * 2)
    ends = curves[curves["icc"] == 0.4].set_index("case")["factor"]
    assert ends["school differences shared"] == pytest.approx(0.6**0.5)
    assert ends["nothing shared"] == pytest.approx(1.8**0.5)


def test_reading_counts_all_tests_and_keeps_their_order():
    rows = [("a", 2.0, 1, 40, 2.1, 1, 40), ("b", 2.5, 1, 40, 2.0, 1, 40), ("c", 2, 1, 40, 2, 1, 40)]
    groups = pd.DataFrame(rows, columns=["scale", *participants.SUMMARY], index=[7, 8, 9])
    tests, wide = (participants.welch_tests(groups, level) for level in (0.95, 0.90))
    found = participants.reading(groups, tests, wide, alpha=0.05, power=0.8).set_index("scale")
    assert found["p_holm"]["b"] == pytest.approx(3 * found["p_value"]["b"])
    assert found["p_holm"]["c"] == 1
    assert found["detectable"].tolist() == pytest.approx([0.6343] * 3, abs=1e-4)
    assert found["equivalence_bound"].idxmin() == "c"


BAD = {
    "missing column": (lambda d: d.drop(columns="comfort"), {}, ["no column 'comfort'"]),
    "text among numbers": (lambda d: d.assign(comfort="high"), {}, ["'comfort'", "row 2: 'high'", "Correct"]),
    "off the scale": (lambda d: d.assign(comfort=9), {"ranges": {"comfort": [1, 4]}}, ["scale 1 to 4", "row 2: '9'"]),
    "one group": (lambda d: d.assign(group="colleague"), {}, ["two groups"]),
    "no rows": (lambda d: d.head(0), {}, ["no rows"]),
    "same id": (lambda d: d.assign(teacher=1), {"respondent": "teacher"}, ["'teacher'", "row 2: '1'"]),
    "empty": (lambda d: b"", {}, ["is empty"]),
    "another encoding": (lambda d: "group,comfort\nniño,1\n".encode("latin-1"), {}, ["row 2", "encoding: latin-1"]),
    "no CSV": (lambda d: b"PK\x03\x04" + bytes(60), {}, ["no text"]),
    "not there": (lambda d: None, {}, ["no such file"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_bad_records_are_refused_in_one_message(tmp_path, example, mistake):
    spoil, more, named = BAD[mistake]
    inprocess.refused(lambda: run(tmp_path, spoil(example), **more), "bad.csv", *named)


def test_parameters_of_own_records_without_a_file_are_refused(tmp_path):
    said = ("`group`, `scales`", "`data` is missing, which names your file")
    inprocess.refused(lambda: inprocess.run(tmp_path, NOTEBOOK, **OWN), *said)
