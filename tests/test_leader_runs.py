"""Notebook 02: every printed number entered, and runs on the user's own survey and coding, from the command line."""

import json

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import inside
from conftest import refused
from helpers.notebook import session
from helpers.read import published

pytestmark = pytest.mark.build
NOTEBOOK = "02-teacher-leadership"


def run(project, file, **values):
    (project / "params" / file).write_text(json.dumps(values))
    return inside.build(project, "run", NOTEBOOK, f"params/{file}")


def shown(project, name, what):
    folder = project / "build" / "runs" / name
    return pd.read_csv(next(folder.glob(f"*s/{NOTEBOOK}--{what}.csv")))


def test_every_printed_number_of_its_files_is_entered_once(built):
    printed = published.everything()
    files = [f"data/published/002-{name}.csv" for name in
             ("table1", "leaders", "practices-supports", "teachers", "study")]  # fmt: skip
    expected = printed.index[printed["file"].isin(files)]
    lines = session.lines(built / "build" / "standard" / NOTEBOOK)
    entered = [line["id"] for line in lines if line["kind"] == "ledger"]
    assert sorted(entered) == sorted(expected)


def test_known_answers_about_the_sixteen(built):
    """Exact limits of 13, 4 of 16 and 7 of 7 as tables of Clopper and Pearson's limits have them."""
    found = pd.read_csv(built / "build" / "figures" / f"{NOTEBOOK}--practices.csv").set_index(
        "label"
    )
    for label, low, high in (
        ("Sharing with colleagues", 0.5435, 0.9595),
        ("Advocating for change", 0.0727, 0.5238),
        ("Sharing: mathematics", 0.5904, 1),
    ):
        ends = found.loc[label, ["ci_low", "ci_high"]].tolist()
        assert ends == pytest.approx([low, high], abs=5e-5), label
    assert found.loc["Sharing: science", ["count", "n"]].tolist() == [6, 9]


@pytest.fixture(scope="module")
def codes(project):
    """Twenty-two leaders with other names, one code that all have."""
    rng = np.random.default_rng(3)
    n = 22
    zeit = rng.integers(0, 2, n)
    frame = pd.DataFrame(
        {
            "Kürzel": [f"Lehrkraft-{i:03}" for i in range(n)],
            "teilt <alles>": rng.integers(0, 2, n),
            "arbeitet zusammen": zeit ^ (rng.random(n) < 0.1),
            "immer": 1,
            "Zeit": zeit,
        }
    )
    frame.to_csv(project / "data" / "raw" / "kodiert.csv", index=False, sep=";")
    return frame


CODED = {
    "data": "data/raw/kodiert.csv",
    "practices": ["teilt <alles>", "arbeitet zusammen", "immer"],
    "supports": ["Zeit"],
    "leader": "Kürzel",
}


def test_own_coding_gives_counts_and_no_leaders(project, codes):
    done = run(project, "kodiert.yml", **CODED)
    assert done.returncode == 0, done.stderr
    counts = shown(project, "kodiert", "counts").set_index("code")["count"]
    for name in [*CODED["practices"], "Zeit"]:
        assert counts[name] == codes[name].sum()
    pairs = shown(project, "kodiert", "pairs").set_index("practice")
    assert pairs.loc["immer", "note"] == "immer: the same for all leaders"
    assert np.isnan(pairs.loc["immer", "p_value"])
    together = codes["arbeitet zusammen"] & codes["Zeit"]
    assert pairs.loc["arbeitet zusammen", "both"] == together.sum()
    assert set(pairs["state"]) == {"microdata"}
    folder = project / "build" / "runs" / "kodiert"
    for path in folder.rglob("*"):
        if path.suffix in (".csv", ".html", ".ipynb", ".svg"):
            assert "Lehrkraft-0" not in path.read_text(encoding="utf-8"), path.name
    page = BeautifulSoup((folder / "notebook.html").read_text(), "html.parser")
    assert "Not tested, because it is the same for all leaders: immer" in page.get_text()
    assert page.find("alles") is None  # a name is text, not a tag
    (answer,) = (line["text"] for line in session.lines(folder) if line["kind"] == "answer")
    assert "simulated" not in answer
    assert answer.startswith("Of 22 leaders 22 are coded with the commonest practice, immer")


@pytest.mark.parametrize("kind", ["survey", "coding"])
def test_the_examples_answer_says_that_they_are_simulated(project, kind):
    done = inside.build(project, "run", NOTEBOOK, f"params/02-own-{kind}.yml")
    assert done.returncode == 0, done.stderr
    lines = session.lines(project / "build" / "runs" / f"02-own-{kind}")
    (answer,) = (line["text"] for line in lines if line["kind"] == "answer")
    assert answer.endswith("; the data are simulated.")


def test_own_survey_by_two_columns(project):
    rng = np.random.default_rng(8)
    n = 200
    frame = pd.DataFrame(
        {
            "Fach": rng.choice(["Mathe", "Physik"], n, p=[0.7, 0.3]),
            "Stufe": rng.choice(["unten", "oben"], n),
            "Team": rng.choice(["nie", "selten", "oft"], n),
        }
    )
    frame.loc[:4, ["Fach", "Stufe"]] = ["Kunst", "oben"]
    frame.to_csv(project / "data" / "raw" / "umfrage.csv", index=False)
    done = run(
        project, "umfrage.yml", data="data/raw/umfrage.csv", items=["Team"], group=["Fach", "Stufe"],
        labels=["nie", "selten", "oft"], frequent=1,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = shown(project, "umfrage", "often").set_index(["system", "statistic"])
    for (subject, band), part in frame[frame["Fach"] != "Kunst"].groupby(["Fach", "Stufe"]):
        row = table.loc[(f"{subject}, {band}", "often")]
        assert row["share"] == pytest.approx((part["Team"] == "oft").mean(), rel=1e-10)
        assert row["n"] == len(part)
    for what in ("often", "all-answers"):
        few = shown(project, "umfrage", what).set_index("system").loc["Kunst, oben"]
        assert few[["share", "n"]].isna().all(axis=None)
    page = (project / "build" / "runs" / "umfrage" / "notebook.html").read_text()
    assert "Read: 195 teachers in 4 groups, and 1 too small to be shown" in page
    assert "200 teachers" not in page  # less the four groups, that would tell the fifth


BAD = {
    "both": ({"items": ["Zeit"]}, ["either `items`", "or `practices`"]),
    "neither": ({"practices": []}, ["either `items`", "or `practices`"]),
    "no file": ({"data": ""}, ["`practices`, `supports`, `leader`", "Name it in `data`"]),
    "survey of leaders": ({"practices": [], "items": ["Zeit"]}, ["`supports`, `leader`: ", "a survey"]),
    "coding with weights": ({"weight": "Zeit"}, ["`weight`: ", "a coding of leaders"]),
    "few": ({"data": "data/raw/wenige.csv"}, ["data/raw/wenige.csv", "9 leaders", "fewer than 10"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BAD)
def test_bad_input_ends_with_one_message_and_leaves_nothing(project, codes, mistake):
    codes.head(9).to_csv(project / "data" / "raw" / "wenige.csv", index=False)
    more, named = BAD[mistake]
    stem = f"schlecht-{mistake.replace(' ', '-')}"
    done = run(project, f"{stem}.yml", **(CODED | more))
    refused(project, done, stem, named)
