"""Notebook 05 on the user's own questionnaire: values, small groups and refusals."""

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup

import inprocess
from conftest import ROOT

pytestmark = pytest.mark.slow

NOTEBOOK = "05-satisfaction"
OWN = {"items": ["materials"], "low": 1, "high": 4}


@pytest.fixture
def example():
    return pd.read_csv(ROOT / "data" / "simulated" / "05-satisfaction.csv")


def run(folder, frame, **values):
    path = folder / "bad.csv"
    frame.to_csv(path, index=False)
    return inprocess.run(folder / "run", NOTEBOOK, data=str(path), **(OWN | values))


def ready(folder, file):
    values = yaml.safe_load((ROOT / "params" / file).read_text())
    return inprocess.run(folder / file, NOTEBOOK, **values)


def test_wide_and_long_give_the_same_tables(tmp_path):
    tables = [
        (ready(tmp_path, file).folder / "tables" / f"{NOTEBOOK}--shares.csv").read_text()
        for file in ("05-own-data.yml", "05-own-data-long.yml")
    ]
    assert sorted(tables[0].splitlines()) == sorted(tables[1].splitlines())


def test_a_single_item_with_short_words(tmp_path, example):
    own = example.rename(columns={"materials": "q1"}).assign(school=example.index % 7)
    found = run(tmp_path, own[["q1", "school"]], items=["q1"], cluster="school")
    assert "Errors allow for 7 clusters and are by linearisation" in found.page
    assert "Few clusters: all (7)." in found.page
    assert found.table("estimates")["n_groups"].tolist() == [7]
    assert f"“q1” has the mean {own['q1'].mean():.2f} (" in found.page
    assert "“q1” the lowest" not in found.page


def test_cells_under_ten_are_nowhere(tmp_path, example):
    values = yaml.safe_load((ROOT / "params" / "05-own-data.yml").read_text()) | {"cluster": "school"}
    del values["data"]
    found = run(tmp_path, example.assign(school=example.index % 7), **values)
    means = found.table("estimates").set_index("group")
    assert means.loc["music", ["estimate", "n", "n_groups"]].isna().all(axis=None)
    assert means.loc["sports", "estimate"].isna().all()  # the next smallest goes with it
    assert means["n"].dropna().min() >= 10
    shares = found.table("shares").set_index("group")
    assert shares.loc["music", "share"].isna().all()
    images = BeautifulSoup(found.page, "html.parser").find_all("img")
    assert images
    assert not [image["alt"] for image in images if "music" in image["alt"]]


def test_where_an_answer_and_every_mean_are_hidden_the_page_is_whole(tmp_path):
    """Of two groups one has an answer of a few, and nobody answers 3."""
    frame = pd.DataFrame({"q": [1] * 40 + [2] * 40 + [4] * 3 + [1] * 40 + [2] * 40, "group": ["a"] * 83 + ["b"] * 80})
    found = run(tmp_path, frame, items=["q"], group="group", smallest_answer=5)
    assert found.table("estimates").query("group == 'all'")["estimate"].isna().all()
    assert "No mean of all respondents can be shown" in found.page


BAD = {
    "answers off the scale": (lambda d: d.assign(materials=5), {}, ["'materials'", "row 2: '5'"]),
    "words": (lambda d: d.assign(materials="good"), {}, ["'materials'", "row 2: 'good'"]),
    "same respondent": (lambda d: d.assign(respondent=1), {"respondent": "respondent"}, ["more than once"]),
    "few respondents": (lambda d: d.head(8), {}, ["no item has 10 answers"]),
    "one subject": (lambda d: d.assign(subject="arts"), {"group": "subject"}, ["one group only"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_bad_answers_are_refused_in_one_message(tmp_path, example, mistake):
    spoil, more, named = BAD[mistake]
    inprocess.refused(lambda: run(tmp_path, spoil(example), **more), "bad.csv", *named)
