"""Sentences follow the data: what rises is said to rise only where the table of the page says so."""

import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import inprocess
from helpers.draw import words

pytestmark = pytest.mark.slow

RISE, FALL = re.compile(r"\b(rose|rise|rises|higher)\b"), re.compile(r"\b(fell|fall|falls|lower)\b")
NEVER = (
    r"\b1 (schools|scales|items|waves|teachers|respondents|effects|studies|groups|years)\b",
    r"\b[1] of [1] \w+s\b",
    r"= 0\.000\b",
    r"\bby [-−]",
    r"\bnan\b",
    r"no bounds",
    r"\d %",
)
"""What no sentence has."""


def wrong(sentence, intervals):
    """What is wrong with a sentence, given the interval `(low, high)` of each name; its parts are apart by , or ;."""
    found = [pattern for pattern in NEVER if re.search(pattern, sentence)]
    for part in re.split(r"[,;] (?=in )|;", sentence):
        for name, (low, high) in intervals.items():
            if re.search(rf"\b{re.escape(name)}\b", part):
                found += [f"{name} rises"] * bool(RISE.search(part) and not low > 0)
                found += [f"{name} falls"] * bool(FALL.search(part) and not high < 0)
                doubt = "cannot be told" in part and (low > 0 or high < 0)
                found += [f"{name} is clear"] * bool(doubt)
    return found


def of_page(text):
    """What no sentence has, with what stands around it on a page."""
    return [text[max(0, m.start() - 40) : m.end() + 20] for pattern in NEVER for m in re.finditer(pattern, text)]


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("in a rose by 0.44 (0.20 to 0.60)", []),
        ("in b rose by 0.44", ["b rises"]),
        ("in c fell by 0.10", ["c falls"]),
        ("in a rose by -0.44", [r"\bby [-−]"]),
        ("in c cannot be told from no change", []),
        ("in a cannot be told from no change", ["a is clear"]),
        ("1 of 1 scales differ", [NEVER[0], NEVER[1]]),
        ("in 1 schools", [NEVER[0]]),
        ("p = 0.000", [NEVER[2]]),
        ("(95% interval no bounds: too few clusters)", [NEVER[5]]),
    ],
)
def test_planted_sentences_are_seen(sentence, said):
    assert wrong(sentence, {"a": (0.2, 0.6), "b": (-0.6, -0.2), "c": (-0.1, 0.1)}) == said


def of_groups(frame, column="panel"):
    return {str(r[column]): (r["ci_low"], r["ci_high"]) for _, r in frame.iterrows()}


@pytest.fixture(scope="module")
def people():
    """Twenty schools, 10 people each in two years; `up`, `down` and `flat` move so from the first to the last."""
    rng = np.random.default_rng(5)
    moves = {"up": 0.8, "down": -0.8, "flat": 0.0}
    school, year = (each.ravel() for each in np.meshgrid(np.arange(20), np.repeat([2018, 2019], 10)))
    noise = rng.normal(0, 0.5, (3, len(school)))
    noise[2, year == 2018] = noise[2, year == 2019]  # flat to the digit
    frame = pd.DataFrame({"school": school, "year": year})
    for shift, error, name in zip(moves.values(), noise, moves, strict=True):
        frame[name] = 3 + shift * (frame["year"] == 2019) + error
    return frame


def run(folder, notebook, frame, **values):
    path = folder / "own.csv"
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)
    return inprocess.run(folder / "run", notebook, data=str(path), **values)


def test_panels_that_rise_fall_and_stay(tmp_path, people):
    long = people.melt(["school", "year"], var_name="band", value_name="score")
    columns = {"outcome": "score", "school": "school", "year": "year", "baseline": "2018"}
    done = run(tmp_path, "01-practice-change", long, **columns, by="band")
    ends = done.variables["ends"]
    assert wrong(done.answer, of_groups(ends)) == [], done.answer
    for said in (
        r"rose by [^;]* in up",
        r"fell by [^;]* in down",
        r"cannot be told from no change [^;]*; [^;]* in flat",
    ):
        assert re.search(said, done.answer), said


def test_scales_that_rise_fall_and_stay(tmp_path, people):
    wide = people.assign(teacher=people.groupby("year").cumcount())
    columns = {"teacher": "teacher", "wave": "year", "school": "school", "baseline": 2018}
    done = run(tmp_path, "06-signposts", wide, **columns, scales=["up", "down", "flat"])
    assert wrong(done.answer, {}) == [], done.answer
    said = "above zero: up; below zero: down; cannot be told from zero: flat"
    assert done.answer.endswith(f"When all tests are counted: {said}.")


@pytest.mark.parametrize("scales", [["flat"], ["up"], ["up", "flat"]])
def test_groups_that_differ_or_do_not(tmp_path, people, scales):
    frame = people.assign(group=people["year"].map({2018: "no", 2019: "yes"}))
    columns = {"group": "group", "compare": ["yes", "no"], "scales": scales}
    done = run(tmp_path, "04-participant-comparison", frame, **columns)
    assert wrong(done.answer, {}) == [], done.answer
    start = {1: f"On “{scales[0]}” yes and no differ", 2: "On 1 of 2 scales yes and no differ"}[len(scales)]
    assert done.answer.startswith("No difference between yes and no" if scales == ["flat"] else start)


def test_items_that_tie_and_one_item(tmp_path):
    rng = np.random.default_rng(2)
    same = rng.integers(1, 5, 60)
    frame = pd.DataFrame({"one": same, "two": same})
    tie = run(tmp_path / "tie", "05-satisfaction", frame, items=["one", "two"], low=1, high=4)
    assert tie.answer.startswith("Which of 2 items has the highest mean cannot be told")
    alone = run(tmp_path / "alone", "05-satisfaction", frame, items=["one"], low=1, high=4)
    assert alone.answer.startswith("“one” has the mean")
    assert wrong(tie.answer + alone.answer, {}) == []


def test_one_effect(tmp_path):
    row = {"study": "A", "label": "x", "unit": "teachers", "estimate": 0.3, "ci_low": 0.1, "ci_high": 0.5}
    done = run(tmp_path, "08-evidence-ledger", pd.DataFrame([row]))
    assert done.answer == "Of 1 effect 1 has an interval above zero and 0 below."
    assert wrong(done.answer, {}) == []


def test_estimates_without_an_interval_have_no_direction():
    for low, high in [(-np.inf, np.inf), (np.nan, np.nan), (-0.1, np.inf)]:
        said = words.change(0.4, low, high)
        assert not RISE.search(said), said


def few_people(schools):
    """Two dozen people of two groups, who answer four questions in two waves."""
    rng, number = np.random.default_rng(1), np.arange(24)
    frame = pd.DataFrame(
        {"school": number % schools, "group": np.where(number % 2, "a", "b"), "score": rng.normal(size=24)}
    )
    frame[["Q1", "Q2"]] = rng.integers(1, 5, (24, 2))
    waves = [frame.assign(wave=wave, teacher=number, score=frame["score"] + rng.normal(size=24)) for wave in (1, 2)]
    return frame, pd.concat(waves, ignore_index=True)


SURVEY = {"items": ["Q1", "Q2"], "labels": ["1", "2", "3", "4"], "school": "school"}
SMALL = {
    "two clusters, each of one group": ("04-participant-comparison", 2, {"group": "group", "compare": ["a", "b"], "scales": ["score"], "cluster": "school"}),
    "sources in one school": ("02-teacher-leadership", 1, SURVEY | {"group": ["group"]}),
    "only the highest answer counts": ("02-teacher-leadership", 2, SURVEY | {"items": ["Q1"], "frequent": 1}),
    "practices in one school": ("03-talis-deprivatization", 1, SURVEY | {"group": "group"}),
    "two schools, two waves": ("06-signposts", 2, {"teacher": "teacher", "wave": "wave", "school": "school", "scales": ["score"]}),
    "two schools, two years": ("01-practice-change", 2, {"outcome": "score", "school": "school", "year": "wave", "baseline": 1}),
}  # fmt: skip


@pytest.mark.parametrize("case", SMALL)
def test_pages_of_few_people_have_whole_sentences(tmp_path, case):
    notebook, schools, values = SMALL[case]
    once, twice = few_people(schools)
    done = run(tmp_path, notebook, twice if "two schools" in case else once, **values)
    assert of_page(BeautifulSoup(done.page, "html.parser").get_text(" ")) == []


def test_one_number_retold_is_one(tmp_path):
    row = pd.Series({"label": "X", "value": 60, "unit": "percent", "said_by": "A", "after": "S", "source_value": 58,
                     "source_says": "58 percent", "change": "rounded"})  # fmt: skip
    done = run(tmp_path, "07-reach-and-context", row.to_frame().T)
    assert done.answer == "Of 1 retold number that was followed up, 1 was kept."
