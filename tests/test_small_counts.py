"""Counts of a few people, and what they follow from, leave no table of a user's survey."""

import numpy as np
import pandas as pd
import pytest

from helpers.estimate import comparisons, shares
from helpers.read.suppression import hide_counts, rounded_differences
from helpers.read.survey import read_survey


def survey(tmp_path, frame, **more):
    path = tmp_path / "mine.csv"
    frame.to_csv(path, index=False)
    labels = list("abcde")
    return read_survey(path, ["share", "discuss"], labels=labels, frequent=2, group="subject", school="school", **more)


@pytest.fixture
def people():
    """Four groups of 200, 150, 15 and 6; three people of science have a sex that nobody else has."""
    rng = np.random.default_rng(40)
    subject = np.repeat(["science", "maths", "sport", "arts"], [200, 150, 15, 6])
    frame = pd.DataFrame({"school": rng.integers(1, 40, 371), "subject": subject, "sex": rng.choice(["f", "m"], 371)})
    frame[["share", "discuss"]] = rng.integers(1, 6, (371, 2))
    frame.loc[:2, "sex"] = "x"
    return frame


def test_counts_of_a_group_of_six_are_nowhere(tmp_path, people):
    people["age"] = 30 + people.index % 20
    answers = survey(tmp_path, people, means=["age"])
    for table, columns in (
        (shares.averages(answers), ["n", "n_schools"]), (shares.counts(answers), ["respondents", "schools", "answered"]), (shares.table(answers), ["n", "n_schools"]),
        (shares.distribution(answers), ["n", "n_schools"]),
    ):  # fmt: skip
        assert table.loc[table["system"] == "arts", columns].isna().all(axis=None)
        assert table.loc[table["system"] == "sport", columns].notna().all(axis=None)


def test_who_gave_no_answer_does_not_follow_from_who_was_asked(tmp_path, people):
    people["share"] = people["share"].astype(float)
    people.loc[people.index[people["subject"] == "sport"][:2], "share"] = np.nan
    table = shares.counts(survey(tmp_path, people)).set_index(["system", "item"])
    row = table.loc["sport", "share"]
    assert row["answered"] == 13
    assert row[["no_answer", "respondents"]].isna().all()
    assert table.loc[("sport", "discuss"), "respondents"] == 15
    assert table.loc[("science", "share"), "no_answer"] == 0


def test_counts_that_are_not_small_stay():
    rows = pd.DataFrame({"all": [30, 12], "yes": [20, 12], "no": [10, 0], "schools": [3, 2]})
    assert hide_counts(rows, "all", ["yes", "no"], ["schools"]).to_numpy().tolist() == rows.to_numpy().tolist()


def test_differences_beside_a_hidden_level_have_few_digits(tmp_path, people):
    found = comparisons.level_differences(survey(tmp_path, people, by="sex"), "sex").dropna(subset="estimate")
    own = found[(found["system"] == "science")]
    others = found[found["system"] == "maths"]
    assert len(own)
    assert len(others)
    assert (own["estimate"] == own["estimate"].round(2)).all()
    assert (own["std_error"] == own["std_error"].round(2)).all()
    assert (others["estimate"] != others["estimate"].round(2)).any()


def test_where_few_numbers_print_alike_nothing_is_shown():
    rows = pd.DataFrame({"estimate": [0.123456, 0.123456, 0.123456], "term": list("abc")})
    sizes = np.array([12, 200, 12]), np.array([11, 150, 11])
    shown = rounded_differences(rows, *sizes, np.array([True, True, False]))["estimate"]
    assert np.isnan(shown[0])
    assert shown[1:].tolist() == [0.12, 0.123456]
