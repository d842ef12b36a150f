"""Runs on the user's own data, from the command line to the page."""

import json
import shutil

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup

import inside
from conftest import ROOT, make, refused
from helpers.estimate import twogroups
from helpers.notebook import session, source

pytestmark = pytest.mark.build


EXAMPLES = sorted(path.name for path in (ROOT / "params").glob("*.yml"))


def run(project, name, file, **values):
    if values:
        (project / "params" / file).write_text(json.dumps(values))
    return inside.build(project, "run", name, f"params/{file}")


@pytest.mark.parametrize("file", EXAMPLES)
def test_ready_examples_run_and_say_simulated_everywhere(project, file):
    name = next(name for name in source.names() if name[:2] == file[:2])
    if file == next(other for other in EXAMPLES if other[:2] == file[:2]):  # one a notebook
        done = make(project, "run", f"NOTEBOOK={name}", f"PARAMS=params/{file}")
    else:
        done = run(project, name, file)
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / file.removesuffix(".yml")
    made = list(folder.glob("*s/*.csv"))
    assert made
    for path in made:
        assert pd.read_csv(path)["state"].unique().tolist() == ["simulated"]
    for path in folder.glob("figures/*.svg"):
        assert "<!-- SIMULATED" in path.read_text()
    page = BeautifulSoup((folder / "notebook.html").read_text(), "html.parser")
    assert {badge.text for badge in page.find_all(class_="state")} == {"simulated"}
    for code in page.find_all("pre"):
        code.decompose()
    assert "the data are simulated" in page.get_text()
    for link in page.find_all("a", download=True):
        assert (folder / link["href"]).is_file()


def test_cells_that_run_inside_give_what_make_gives(project):
    """To the byte: so what tests see of runs inside is what users get."""
    folder = project / "build" / "runs" / "05-own-data"
    found = []
    for build in (
        lambda: make(project, "run", "NOTEBOOK=05-satisfaction", "PARAMS=params/05-own-data.yml"),
        lambda: run(project, "05-satisfaction", "05-own-data.yml"),
    ):
        done = build()
        assert done.returncode == 0, done.stderr
        kinds = (".html", ".csv", ".svg", ".png")
        made = {path: path.read_bytes() for path in folder.rglob("*") if path.suffix in kinds}
        found.append((made, session.lines(folder)[1:]))
        shutil.rmtree(folder)
    assert found[0] == found[1]
    assert len(found[0][0]) > 8


def test_wide_and_long_give_the_same_tables(project):
    for file in ("05-own-data.yml", "05-own-data-long.yml"):
        assert run(project, "05-satisfaction", file).returncode == 0
    tables = [
        (project / "build" / "runs" / stem / "tables" / "05-satisfaction--shares.csv").read_text()
        for stem in ("05-own-data", "05-own-data-long")
    ]
    assert sorted(tables[0].splitlines()) == sorted(tables[1].splitlines())


def test_own_records_with_other_names_are_microdata(project):
    own = pd.read_csv(project / "data" / "simulated" / "04-participants.csv")
    own = own.rename(columns={"group": "Gruppe", "comfort": "Wohlgefühl (1-4)", "school": "Schule"})
    own.to_csv(project / "data" / "raw" / "eigene.csv", index=False, sep=";", decimal=",")
    done = run(
        project, "04-participant-comparison", "eigene.yml", data="data/raw/eigene.csv", group="Gruppe",
        scales=["Wohlgefühl (1-4)"], compare=["colleague", "participant"],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = project / "build" / "runs" / "eigene"
    table = pd.read_csv(folder / "tables" / "04-participant-comparison--estimates.csv")
    assert table["state"].unique().tolist() == ["microdata"]
    first = own["Gruppe"] == "colleague"
    expected = twogroups.welch(*twogroups.summarise(own["Wohlgefühl (1-4)"], first))
    assert table.set_index("term").loc["difference", "estimate"] == pytest.approx(
        expected["estimate"], rel=1e-10
    )
    page = (folder / "notebook.html").read_text()
    assert "Wohlgefühl (1-4)" in page
    given = next(cell for cell in source.cells(folder / "notebook.ipynb") if "Wohl" in cell["text"])
    assert "scales = ['Wohlgefühl (1-4)']" in given["text"].splitlines()
    # No single person leaves the run.
    assert not any(len(pd.read_csv(path)) >= len(own) for path in folder.glob("*s/*.csv"))


def test_a_single_item_with_short_words(project):
    own = pd.read_csv(project / "data" / "simulated" / "05-satisfaction.csv")
    own = own.rename(columns={"materials": "q1"})
    own[["q1"]].to_csv(project / "data" / "raw" / "single.csv", index=False)
    done = run(
        project, "05-satisfaction", "single.yml", data="data/raw/single.csv", items=["q1"], low=1, high=4,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (project / "build" / "runs" / "single" / "notebook.html").read_text()
    assert f"“q1” has the mean {own['q1'].mean():.2f} (95 % interval" in page
    assert "“q1” the lowest" not in page


def test_cells_under_ten_are_nowhere(project):
    assert run(project, "05-satisfaction", "05-own-data.yml").returncode == 0
    folder = project / "build" / "runs" / "05-own-data"
    means = pd.read_csv(folder / "tables" / "05-satisfaction--estimates.csv").set_index("group")
    assert means.loc["music", ["estimate", "n"]].isna().all(axis=None)
    assert means.loc["sports", "estimate"].isna().all()  # the next smallest goes with it
    assert means["n"].dropna().min() >= 10
    shares = pd.read_csv(folder / "tables" / "05-satisfaction--shares.csv").set_index("group")
    assert shares.loc["music", "share"].isna().all()
    page = BeautifulSoup((folder / "notebook.html").read_text(), "html.parser")
    assert not [image["alt"] for image in page.find_all("img") if "music" in image["alt"]]


PARTICIPANTS = {"group": "group", "scales": ["comfort"]}
SATISFACTION = {"items": ["materials"], "low": 1, "high": 4}

BAD = {
    "missing column": ("04", lambda d: d.drop(columns="comfort"), {}, ["no column 'comfort'"]),
    "text among numbers": ("04", lambda d: d.assign(comfort="high"), {}, ["'comfort'", "row 2: 'high'", "Correct"]),
    "off the scale": ("04", lambda d: d.assign(comfort=9), {"ranges": {"comfort": [1, 4]}}, ["scale 1 to 4", "row 2: '9'"]),
    "one group": ("04", lambda d: d.assign(group="colleague"), {}, ["two groups"]),
    "no rows": ("04", lambda d: d.head(0), {}, ["no rows"]),
    "same id": ("04", lambda d: d.assign(teacher=1), {"respondent": "teacher"}, ["'teacher'", "row 2: '1'"]),
    "answers off the scale": ("05", lambda d: d.assign(materials=5), {}, ["'materials'", "row 2: '5'"]),
    "words": ("05", lambda d: d.assign(materials="good"), {}, ["'materials'", "row 2: 'good'"]),
    "same respondent": ("05", lambda d: d.assign(respondent=1), {"respondent": "respondent"}, ["more than once"]),
    "few respondents": ("05", lambda d: d.head(8), {}, ["no item has 10 answers"]),
    "one subject": ("05", lambda d: d.assign(subject="arts"), {"group": "subject"}, ["one group only"]),
}  # fmt: skip
RAW = {
    "empty": (b"", ["is empty"]),
    "another encoding": (
        "group,comfort\nniño,1\n".encode("latin-1"),
        ["row 2", "encoding: latin-1"],
    ),
    "no CSV": (b"PK\x03\x04" + bytes(60), ["no text"]),
    "not there": (None, ["no such file"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_bad_records_are_refused_and_leave_nothing(project, mistake):
    number, spoil, more, named = BAD[mistake]
    name, file, values = {
        "04": ("04-participant-comparison", "04-participants.csv", PARTICIPANTS),
        "05": ("05-satisfaction", "05-satisfaction.csv", SATISFACTION),
    }[number]
    good = pd.read_csv(project / "data" / "simulated" / file)
    spoil(good).to_csv(project / "data" / "raw" / "bad.csv", index=False)
    done = run(project, name, "spoilt.yml", data="data/raw/bad.csv", **values, **more)
    refused(project, done, "spoilt", ["data/raw/bad.csv", *named])


@pytest.mark.parametrize("mistake", RAW)
def test_bad_files_are_refused_and_leave_nothing(project, mistake):
    content, named = RAW[mistake]
    path = project / "data" / "raw" / "bad.csv"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    done = run(
        project, "04-participant-comparison", "spoilt.yml", data="data/raw/bad.csv", **PARTICIPANTS
    )
    refused(project, done, "spoilt", ["data/raw/bad.csv", *named])


def test_examples_are_written_for_people(project):
    for path in (project / "params").glob("0*.yml"):
        text = path.read_text()
        assert "make run NOTEBOOK=" in text or "own-data.yml" in text
        assert yaml.safe_load(text)["data"].startswith("data/simulated/")
