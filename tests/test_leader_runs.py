"""Notebook 02: every printed number entered, and runs on the user's own survey and coding."""

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import inprocess
from conftest import ROOT
from helpers.notebook import ledger, parameters, session
from helpers.read import published

pytestmark = pytest.mark.slow

NOTEBOOK = "02-teacher-leadership"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    return inprocess.run(tmp_path_factory.mktemp("evidence"), NOTEBOOK)


def test_every_printed_number_of_its_files_is_entered_once(evidence):
    printed = published.everything()
    files = [f"data/published/002-{name}.csv" for name in
             ("table1", "leaders", "practices-supports", "teachers", "study")]  # fmt: skip
    expected = printed.index[printed["file"].isin(files)]
    entered = [line["id"] for line in session.lines(evidence.folder) if line["kind"] == "ledger"]
    assert sorted(entered) == sorted(expected)


def test_print_of_the_leaders_contradicts_itself_nowhere(evidence):
    lines = [line for line in session.lines(evidence.folder) if line["kind"] == "ledger"]
    printed = published.everything().loc[[line["id"] for line in lines]]
    book = ledger.book(printed, [line | {"notebook": NOTEBOOK} for line in lines])
    assert "contradicts" not in set(book["verdict"])
    assert book.groupby("state")["verdict"].agg(lambda verdicts: sum(verdicts == "reproduces")).to_dict() == {
        "moments": 1, "published": 49, "recomputed": 25,
    }  # fmt: skip


def test_known_answers_about_the_sixteen(evidence):
    """Exact limits of 13, 4 of 16 and 7 of 7 as tables of Clopper and Pearson's limits have them."""
    found = evidence.figure("practices").set_index("label")
    for label, low, high in (
        ("Sharing with colleagues", 0.5435, 0.9595),
        ("Advocating for change", 0.0727, 0.5238),
        ("Sharing: mathematics", 0.5904, 1),
    ):
        ends = found.loc[label, ["ci_low", "ci_high"]].tolist()
        assert ends == pytest.approx([low, high], abs=5e-5), label
    assert found.loc["Sharing: science", ["count", "n"]].tolist() == [6, 9]


def test_the_evidence_is_print_and_public_records_alone(evidence):
    cards = [line for line in session.lines(evidence.folder) if line["kind"] == "figure"]
    states = {line["name"]: line["state"] for line in cards}
    assert states == {
        "leaders": "published", "practices": "recomputed", "model": "published", "learning": "recomputed",
    }  # fmt: skip
    assert "simulated" not in evidence.answer


@pytest.fixture(scope="module")
def codes():
    """Twenty-two leaders with other names, one code that all have."""
    rng = np.random.default_rng(3)
    n = 22
    zeit = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "Kürzel": [f"Lehrkraft-{i:03}" for i in range(n)],
            "teilt <alles>": rng.integers(0, 2, n),
            "arbeitet zusammen": zeit ^ (rng.random(n) < 0.1),
            "immer": 1,
            "Zeit": zeit,
        }
    )


def write(folder, frame, name="kodiert.csv"):
    frame.to_csv(folder / name, index=False, sep=";")
    return str(folder / name)


CODED = {
    "practices": ["teilt <alles>", "arbeitet zusammen", "immer"],
    "supports": ["Zeit"],
    "leader": "Kürzel",
}


def test_own_coding_gives_counts_and_no_leaders(tmp_path, codes):
    done = inprocess.run(tmp_path / "run", NOTEBOOK, drawn=True, data=write(tmp_path, codes), **CODED)
    counts = done.figure("counts").set_index("code")["count"]
    for name in [*CODED["practices"], "Zeit"]:
        assert counts[name] == codes[name].sum()
    pairs = done.table("pairs").set_index("practice")
    assert pairs.loc["immer", "note"] == "immer: the same for all leaders"
    assert np.isnan(pairs.loc["immer", "p_value"])
    together = codes["arbeitet zusammen"] & codes["Zeit"]
    assert pairs.loc["arbeitet zusammen", "both"] == together.sum()
    assert set(pairs["state"]) == {"microdata"}
    for path in done.folder.rglob("*"):
        if path.suffix in (".csv", ".jsonl", ".svg"):
            assert "Lehrkraft-0" not in path.read_text(encoding="utf-8"), path.name
    assert "Lehrkraft-0" not in done.page
    page = BeautifulSoup(done.page, "html.parser")
    assert "Not tested, because it is the same for all leaders: immer" in page.get_text()
    assert "names no questions" in page.get_text()  # the section of surveys says why it is empty
    assert page.find("alles") is None  # a name is text, not a tag
    assert "simulated" not in done.answer
    assert done.answer.startswith("Of 22 leaders 22 are coded with the commonest practice, immer")


def test_a_coding_without_supports_has_counts_and_no_pairs(tmp_path, codes):
    values = {"practices": ["immer"], "leader": "Kürzel"}
    done = inprocess.run(tmp_path / "run", NOTEBOOK, data=write(tmp_path, codes), **values)
    assert done.figure("counts")["count"].tolist() == [22]
    assert done.answer == "Of 22 leaders 22 are coded with the commonest practice, immer."
    assert not list(done.folder.glob("tables/*"))


@pytest.mark.parametrize("kind", ["survey", "coding"])
def test_the_examples_answer_says_that_they_are_simulated(tmp_path, kind):
    values = parameters.read(ROOT / "params" / f"02-own-{kind}.yml")
    done = inprocess.run(tmp_path, NOTEBOOK, **values)
    assert done.answer.endswith("; the data are simulated.")


@pytest.fixture(scope="module")
def survey():
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
    return frame


ASKED = {"items": ["Team"], "labels": ["nie", "selten", "oft"], "frequent": 1}


def test_own_survey_by_two_columns(tmp_path, survey):
    file = write(tmp_path, survey)
    done = inprocess.run(tmp_path / "run", NOTEBOOK, data=file, group=["Fach", "Stufe"], **ASKED)
    table = done.figure("often").set_index(["system", "statistic"])
    for (subject, band), part in survey[survey["Fach"] != "Kunst"].groupby(["Fach", "Stufe"]):
        row = table.loc[(f"{subject}, {band}", "often")]
        assert row["share"] == pytest.approx((part["Team"] == "oft").mean(), rel=1e-10)
        assert row["n"] == len(part)
    for what in ("often", "all-answers"):
        few = done.figure(what).set_index("system").loc["Kunst, oben"]
        assert few[["share", "n"]].isna().all(axis=None)
    assert "Read: 195 teachers in 4 groups, and 1 too small to be shown" in done.page
    assert "200 teachers" not in done.page  # less the four groups, that would tell the fifth
    assert "The source used most often is Team in 4 of 4 groups" in done.page


def test_a_survey_of_one_group_is_told_as_one(tmp_path, survey):
    done = inprocess.run(tmp_path / "run", NOTEBOOK, data=write(tmp_path, survey), **ASKED)
    share = (survey["Team"] == "oft").mean()
    assert done.answer == f"The source used most often is Team ({share:.0%} say “oft”)."
    assert "Read: 200 teachers. " in done.page


BAD = {
    "both": ({"items": ["Zeit"]}, ["either `items`", "or `practices`"]),
    "neither": ({"practices": []}, ["either `items`", "or `practices`"]),
    "survey of leaders": ({"practices": [], "items": ["Zeit"]}, ["`supports`, `leader`: ", "a survey"]),
    "coding with weights": ({"weight": "Zeit"}, ["`weight`: ", "a coding of leaders"]),
    "few": ({}, ["wenige.csv", "9 leaders", "fewer than 10"]),
    "not there": ({"data": "data/raw/nirgends.csv"}, ["data/raw/nirgends.csv", "no such file"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_bad_input_ends_with_one_message(tmp_path, codes, mistake):
    more, said = BAD[mistake]
    values = {"data": write(tmp_path, codes.head(9), "wenige.csv")} | CODED | more
    inprocess.refused(lambda: inprocess.run(tmp_path / "run", NOTEBOOK, **values), *said)


def test_columns_without_a_file_are_refused(tmp_path):
    said = ["`practices`, `supports`, `leader`", "`data` is missing"]
    inprocess.refused(lambda: inprocess.run(tmp_path, NOTEBOOK, **CODED), *said)
