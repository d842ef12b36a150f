"""Notebook 06 on the user's own survey, and as it is built."""

import json
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import inprocess
import inside
from conftest import ROOT
from helpers.notebook import session
from helpers.read import waves
from helpers.study import signposts

pytestmark = pytest.mark.slow

NOTEBOOK = "06-signposts"
GERMAN = {"teacher": "Lehrkraft", "wave": "Jahr", "school": "Schule", "peer_groups": "Gruppen", "support": "Rückhalt"}
SCALES = {"Zusammenarbeit": [f"collaboration_{item}" for item in range(1, 5)]}
OWN = {
    "teacher": "Lehrkraft", "wave": "Jahr", "school": "Schule", "treated": "Gruppen", "baseline": 2021,
    "controls": ["Rückhalt"], "scales": SCALES,
}  # fmt: skip


@pytest.fixture(scope="module")
def survey():
    frame = pd.read_csv(ROOT / "data" / "simulated" / "06-signposts.csv").rename(columns=GERMAN)
    frame["Schule"] = "Haus Nr. " + frame["Schule"].str[-2:]
    return frame.assign(Jahr=frame["Jahr"] + 2020, Lehrkraft="L" + frame["Lehrkraft"].astype(str))


def run(folder, frame, **values):
    path = folder / "eigene.csv"
    frame.to_csv(path, index=False)
    return inprocess.run(folder / "run", NOTEBOOK, **({"data": str(path)} | values))


@pytest.mark.build
def test_own_survey_with_other_names(project, survey):
    path = project / "data" / "raw" / "eigene.csv"
    survey.to_csv(path, index=False, sep=";")
    (project / "params" / "eigene.yml").write_text(json.dumps({"data": "data/raw/eigene.csv", **OWN}))
    done = inside.build(project, "run", NOTEBOOK, "params/eigene.yml")
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "eigene"
    found = pd.read_csv(folder / "tables" / f"{NOTEBOOK}--estimates.csv")
    assert set(found["state"]) == {"microdata"}
    expected = signposts.changes(waves.read(path, **OWN))
    assert found["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=1e-10)
    assert "difference in change, 2023" in set(found["term"])
    # Of print and planning, nothing is left; of schools and teachers, no name.
    assert not list(folder.glob("*/*--what-is-printed.csv")) + list(folder.glob("*/*--smallest-change.*"))
    assert "ledger" not in {line["kind"] for line in session.lines(folder)}
    for made in folder.rglob("*"):
        if made.suffix in (".csv", ".html", ".svg", ".ipynb", ".jsonl"):
            assert "Haus Nr." not in made.read_text(encoding="utf-8"), made.name
    assert not any(len(pd.read_csv(made)) >= survey["Lehrkraft"].nunique() for made in folder.glob("*s/*.csv"))


def test_the_formula_by_statsmodels_is_the_mixed_model_of_the_table(tmp_path, survey):
    weighted = OWN | {"weight": "gewicht", "categories": ["subject"]}
    found = run(tmp_path, survey.assign(gewicht=1 + survey["Jahr"] % 3), **weighted)
    table = found.table("estimates").set_index(["method", "term"])["estimate"]
    ours = table[signposts.MIXED, "difference in change, 2023"]
    fit, term = found.variables["fit"], found.variables["term"]
    assert fit.params[term] == pytest.approx(ours, abs=5e-4)
    fixed = table[signposts.FIXED, "difference in change, 2023"]
    assert f"the school fixed effects have {fixed:.3f}" in found.page


def test_without_comparison_schools_and_items(tmp_path, survey):
    scores = survey.assign(wert=survey[SCALES["Zusammenarbeit"]].mean(axis=1))
    columns = {"teacher": "Lehrkraft", "wave": "Jahr", "school": "Schule", "scales": ["wert"]}
    found = run(tmp_path, scores, **columns)
    assert set(found.table("estimates")["term"]) == {2022, 2023}
    assert not (found.folder / "tables" / f"{NOTEBOOK}--reliability.csv").exists()
    assert "The scales are given as scores" in found.page


def test_a_small_wave_cannot_be_had_from_any_number_of_the_run(tmp_path, survey):
    """Seven teachers answer in the middle wave: neither the sum of all rows nor what comes near it is given out."""
    middle = survey[survey["Jahr"] == 2022].index
    small = survey.drop(index=middle[7:])
    alone = OWN | {"treated": "", "scales": {name: [f"{name}_{item}" for item in range(1, 5)] for name in ("comfort", "engagement")}}  # fmt: skip
    found = run(tmp_path, small, **alone)
    page = BeautifulSoup(found.page, "html.parser")
    captions = [line["caption"] for line in session.lines(found.folder) if "caption" in line]
    words = re.findall(r"\d[\d,]*(?:\.\d+)?", " ".join([page.get_text(" "), *captions]))
    given = {float(word.replace(",", "")) for word in words}
    for path in found.folder.glob("*s/*.csv"):
        given |= set(pd.read_csv(path).select_dtypes("number").to_numpy().ravel())
    sizes = small.groupby("Jahr").size()
    assert {sizes[2021], sizes[2023]} <= given
    assert sizes.sum() not in given
    assert found.table("estimates")["n"].isna().all()
    answered = found.table("attrition").set_index("wave")
    assert answered.loc[2022, ["schools", "teachers"]].isna().all()


def test_few_teachers_in_the_last_wave_are_in_no_sentence(tmp_path, survey):
    """Seven teachers of the comparison schools answer in the last wave: both models keep silent about it."""
    last = survey[(survey["Jahr"] == 2023) & (survey["Gruppen"] == 0)].index
    found = run(tmp_path, survey.drop(index=last[7:]), **OWN)
    assert "There are too few teachers in the last wave to show either model." in found.page
    assert "`mixedlm` has" not in found.page


BAD = {
    "misspelt": (lambda d: d, {"school": "Schulle"}, ["no column 'Schulle'", "Did you mean"]),
    "two districts": (
        lambda d: d.assign(district=[*d["district"][:-1], "elsewhere"]),
        {"district": "district"},
        ["'district'", "elsewhere"],
    ),
    "planning with data": (lambda d: d, {"assume": {"icc": 0.1}}, ["assume: no such parameter"]),
    "ends of scores": (lambda d: d, {"scales": ["comfort_1"], "low": 0}, ["`low`", "columns of scores"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_with_one_message(tmp_path, survey, name):
    change, parameters, said = BAD[name]
    inprocess.refused(lambda: run(tmp_path, change(survey), **(OWN | parameters)), *said)


def test_parameters_of_an_own_survey_without_a_file_are_refused(tmp_path):
    said = ("`treated`", "`data` is missing, which names your file")
    inprocess.refused(lambda: inprocess.run(tmp_path, NOTEBOOK, **OWN), *said)


def test_the_answer_tells_of_print_alone(tmp_path):
    found = inprocess.run(tmp_path, NOTEBOOK)
    assert "prints no sizes" in found.answer
    assert {path.stem for path in found.folder.glob("*s/*.csv")} == {f"{NOTEBOOK}--what-is-printed"}
    assert set(found.table("what-is-printed")["state"]) == {"published"}


@pytest.mark.build
def test_all_of_the_record_is_in_the_ledger(built):
    ledger = pd.read_csv(built / "build" / "ledger.csv", dtype=str)
    of_record = ledger[ledger["seed"] == "000"]
    printed = pd.read_csv(built / "data" / "published" / "000-record.csv")
    assert set(of_record.loc[of_record["notebook"] == NOTEBOOK, "id"]) == set(printed["id"])
    assert "contradicts" not in set(of_record["verdict"])
