"""Notebook 06 on the user's own survey, with other assumptions, and as it is built."""

import json
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import inside
from conftest import refused
from helpers.notebook import session
from helpers.read import waves
from helpers.study import signposts

pytestmark = pytest.mark.build
NOTEBOOK = "06-signposts"
GERMAN = {"teacher": "Lehrkraft", "wave": "Jahr", "school": "Schule", "peer_groups": "Gruppen", "support": "Rückhalt"}  # fmt: skip
SCALES = {"Zusammenarbeit": [f"collaboration_{item}" for item in range(1, 5)]}
OWN = {
    "teacher": "Lehrkraft", "wave": "Jahr", "school": "Schule", "treated": "Gruppen", "baseline": 2021,
    "controls": ["Rückhalt"], "scales": SCALES,
}  # fmt: skip


@pytest.fixture(scope="module")
def survey(project):
    frame = pd.read_csv(project / "data" / "simulated" / "06-signposts.csv").rename(columns=GERMAN)
    frame["Schule"] = "Haus Nr. " + frame["Schule"].str[-2:]
    return frame.assign(Jahr=frame["Jahr"] + 2020, Lehrkraft="L" + frame["Lehrkraft"].astype(str))


def run(project, file, **values):
    (project / "params" / file).write_text(json.dumps(values))
    return inside.build(project, "run", NOTEBOOK, f"params/{file}")


def table(folder, name):
    return pd.read_csv(folder / "tables" / f"{NOTEBOOK}--{name}.csv")


def test_own_survey_with_other_names(project, survey):
    path = project / "data" / "raw" / "eigene.csv"
    survey.to_csv(path, index=False, sep=";")
    done = run(project, "eigene.yml", data="data/raw/eigene.csv", **OWN)
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "eigene"
    found = table(folder, "estimates")
    assert set(found["state"]) == {"microdata"}
    expected = signposts.changes(waves.read(path, **OWN))
    assert found["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=1e-10)
    assert "difference in change, 2023" in set(found["term"])
    # Of print and planning, nothing is left; of schools and teachers, no name.
    assert not list(folder.glob("*/*--what-is-printed.csv")) + list(
        folder.glob("*/*--smallest-change.*")
    )
    for made in folder.rglob("*"):
        if made.suffix in (".csv", ".html", ".svg", ".ipynb", ".jsonl"):
            assert "Haus Nr." not in made.read_text(encoding="utf-8"), made.name
    assert not any(
        len(pd.read_csv(made)) >= survey["Lehrkraft"].nunique() for made in folder.glob("*s/*.csv")
    )


def test_without_comparison_schools_and_items(project, survey):
    scores = survey.assign(wert=survey[SCALES["Zusammenarbeit"]].mean(axis=1))
    scores.to_csv(project / "data" / "raw" / "werte.csv", index=False)
    done = run(
        project, "werte.yml", data="data/raw/werte.csv", teacher="Lehrkraft", wave="Jahr", school="Schule", scales=["wert"]
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "werte"
    assert set(table(folder, "estimates")["term"]) == {2022, 2023}
    assert not (folder / "tables" / f"{NOTEBOOK}--reliability.csv").exists()


def test_a_small_wave_cannot_be_had_from_any_number_of_the_run(project, survey):
    """Seven teachers answer in the middle wave: neither the sum of all rows nor what comes near it is given out."""
    middle = survey[survey["Jahr"] == 2022].index
    small = survey.drop(index=middle[7:])
    small.to_csv(project / "data" / "raw" / "kleine.csv", index=False)
    alone = OWN | {"treated": "", "scales": {name: [f"{name}_{item}" for item in range(1, 5)] for name in ("comfort", "engagement")}}  # fmt: skip
    done = run(project, "kleine.yml", data="data/raw/kleine.csv", **alone)
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "kleine"
    page = BeautifulSoup((folder / "notebook.html").read_text(encoding="utf-8"), "html.parser")
    captions = [line["caption"] for line in session.lines(folder) if "caption" in line]
    words = re.findall(r"\d[\d,]*(?:\.\d+)?", " ".join([page.get_text(" "), *captions]))
    given = {float(word.replace(",", "")) for word in words}
    for path in folder.glob("*s/*.csv"):
        given |= set(pd.read_csv(path).select_dtypes("number").to_numpy().ravel())
    sizes = small.groupby("Jahr").size()
    assert {sizes[2021], sizes[2023]} <= given
    assert sizes.sum() not in given
    assert table(folder, "estimates")["n"].isna().all()
    answered = table(folder, "attrition").set_index("wave")
    assert answered.loc[2022, ["schools", "teachers"]].isna().all()


def test_other_assumptions(project):
    done = run(project, "plan.yml", assume={"schools": 60, "icc": 0.3, "teachers": 10})
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "plan"
    curves = pd.read_csv(folder / "figures" / f"{NOTEBOOK}--smallest-change.csv")
    assert sorted(set(curves["icc"])) == [0.05, 0.2, 0.3]
    assert "60 schools" in (folder / "notebook.html").read_text(encoding="utf-8")


BAD = {
    "misspelt": (lambda d: d, {"school": "Schulle"}, ["no column 'Schulle'", "Did you mean"]),
    "two districts": (
        lambda d: d.assign(district=[*d["district"][:-1], "elsewhere"]),
        {"district": "district"},
        ["'district'", "elsewhere"],
    ),
    "planning with data": (lambda d: d, {"assume": {"icc": 0.1}}, ["`assume`", "without `data`"]),
    "unknown assumption": (lambda d: d, {"data": "", "assume": {"iccc": 0.1}}, ["`assume` has no 'iccc'"]),
    "no file": (lambda d: d, {"data": ""}, ["`treated`", "Name it in `data`"]),
    "ends of scores": (lambda d: d, {"scales": ["comfort_1"], "low": 0}, ["`low`", "columns of scores"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_with_one_message_and_leaves_nothing(project, survey, name):
    change, parameters, said = BAD[name]
    change(survey).to_csv(project / "data" / "raw" / "schlecht.csv", index=False)
    stem = f"schlecht-{name.replace(' ', '-')}"
    done = run(project, f"{stem}.yml", **({"data": "data/raw/schlecht.csv"} | OWN | parameters))
    refused(project, done, stem, said)


def test_all_of_the_record_is_in_the_ledger(built):
    ledger = pd.read_csv(built / "build" / "ledger.csv", dtype=str)
    of_record = ledger[ledger["seed"] == "000"]
    printed = pd.read_csv(built / "data" / "published" / "000-record.csv")
    assert set(of_record.loc[of_record["notebook"] == NOTEBOOK, "id"]) == set(printed["id"])
    assert "contradicts" not in set(of_record["verdict"])
    planned = pd.read_csv(built / "build" / "tables" / f"{NOTEBOOK}--formula-and-simulation.csv")
    assert set(planned["state"]) == {"simulated"}
    gap = planned["spread"] / planned["std_error"] - 1
    assert gap.abs().max() < 4 / (2 * 599) ** 0.5  # four standard errors of a simulated spread
