"""Counts of a few people, and what they follow from, leave no table of a user's survey."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import inprocess
from helpers.estimate import comparisons, shares
from helpers.read.accounts import by_time
from helpers.read.suppression import hide_counts, rounded_differences, suppress_groups
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
    # Who was asked one thing was asked all: 15 of another item would tell.
    assert table.loc[("sport", "discuss"), ["respondents", "no_answer"]].isna().all()
    assert table.loc[("science", "share"), "no_answer"] == 0


def test_what_a_whole_group_answers_alike_is_not_shown(tmp_path, people):
    """It would be the answer of each of them; groups that differ, and the group's other items, stay."""
    people["age"] = 30 + people.index % 20
    sport = people["subject"] == "sport"
    people.loc[sport, ["share", "age"]] = 2, 40
    answers = survey(tmp_path, people, means=["age"])
    for table in (shares.table(answers), shares.distribution(answers)):
        alike = table["system"].eq("sport") & table["item"].eq("share")
        assert table.loc[alike, ["share", "std_error", "ci_low", "ci_high"]].isna().all(axis=None)
        assert (table.loc[alike, "note"] == shares.ALIKE).all()
        assert table.loc[~alike & table["system"].ne("arts"), "share"].notna().all()
    assert shares.averages(answers).set_index("system")["estimate"].isna().to_dict() == {
        "arts": True, "maths": False, "science": False, "sport": True,
    }  # fmt: skip
    people.loc[people.index[sport][0], "share"] = 3
    assert shares.table(survey(tmp_path, people)).query("system == 'sport'")["share"].notna().all()


def answered(**groups):
    """How many of each group gave each answer to an item; everybody last."""
    counts = pd.DataFrame(groups, index=[1, 2, 3]).T
    counts.loc["all"] = counts.sum()
    return counts.set_index(pd.MultiIndex.from_product([["a"], counts.index], names=["item", "group"]))


def hidden(counts, smallest=0):
    cells = counts.sum(axis=1).rename("n").reset_index().assign(estimate=2.0)
    found = suppress_groups(cells, ["estimate"], counts, smallest)
    return set(found.loc[found["suppressed"], "group"])


def test_of_two_groups_one_that_answers_alike_hides_the_other():
    """Everybody less the one that is shown would be the other."""
    assert hidden(answered(x=[10, 10, 0], y=[10, 10, 10], z=[0, 0, 40])) == {"x", "z"}
    assert hidden(answered(x=[0, 0, 20], z=[0, 0, 40])) == {"x", "z", "all"}


def test_groups_that_answer_alike_together_are_not_hidden_alone():
    """Everybody less those who are shown would be people who all gave one answer."""
    assert hidden(answered(x=[20, 20, 20], y=[0, 30, 0], z=[0, 5, 0])) == {"x", "y", "z"}


def test_an_answer_of_a_few_hides_the_group_and_what_it_follows_from():
    counts = answered(x=[20, 2, 20], y=[9, 12, 0], z=[40, 30, 11])
    assert hidden(counts) == set()
    assert hidden(counts, 3) == {"x", "y"}


def test_answers_of_a_few_are_hidden_with_another(tmp_path, people):
    """What is hidden does not follow from the other shares, nor from those who answer often."""
    people["share"] = np.where(people.index % 50 == 1, 1, np.where(people.index % 50 < 10, 3, 4 + people.index % 2))
    read = replace(survey(tmp_path, people), smallest=5)
    spread = shares.distribution(read).query("system == 'science' and item == 'share'").set_index("statistic")["share"]
    assert spread[["a", "c"]].isna().all()
    assert spread["b"] == 0
    assert spread[["d", "e"]].notna().all()
    headlines = shares.table(read).query("system == 'science' and item == 'share'").set_index("statistic")["share"]
    assert np.isnan(headlines["lowest"])
    assert headlines["often"] == pytest.approx(spread[["d", "e"]].sum())
    assert shares.few_answered(shares.distribution(read)) > 1
    inprocess.refused(lambda: replace(read, smallest=-1), "`smallest_answer` is -1")


def test_totals_of_a_column_are_told_roundly(tmp_path, people):
    """Less the groups of two columns that are shown, a total would be the one that is not."""
    people["band"] = np.where(people.index % 2, "High", "high")
    people.to_csv(tmp_path / "mine.csv", index=False)
    read = read_survey(tmp_path / "mine.csv", ["discuss"], labels=list("abcde"), group=["subject", "band"])
    assert any(
        "High (about 180 rows) and high (about 190 rows) differ" in said
        or "high (about 190 rows) and High (about 180 rows) differ" in said
        for said in read.account.told
    )
    assert by_time("Empty", {"2012": 3, "2013": 12}) == ["Empty: 2012 fewer than 10, 2013 about 10."]


@pytest.mark.parametrize(
    ("name", "group"), [("02-teacher-leadership", ["g"]), ("03-talis-deprivatization", "g"), ("05-satisfaction", "g")]
)
def test_a_file_of_which_nothing_can_be_shown_is_refused(tmp_path, name, group):
    pd.DataFrame({"g": ["x", "y"] * 20, "a": 3, "b": 2}).to_csv(tmp_path / "mine.csv", index=False)
    more = {"low": 1, "high": 4} if name.startswith("05") else {"labels": list("1234")}
    values = {"data": str(tmp_path / "mine.csv"), "items": ["a", "b"], "group": group} | more
    inprocess.refused(lambda: inprocess.run(tmp_path / "run", name, **values), "can be shown", "alike")


def test_counts_that_are_not_small_stay():
    rows = pd.DataFrame({"group": [1, 2], "all": [30, 12], "yes": [20, 12], "no": [10, 0], "schools": [3, 2]})
    assert (
        hide_counts(rows, ["group"], "all", ["yes", "no"], ["schools"]).to_numpy().tolist() == rows.to_numpy().tolist()
    )


def test_differences_beside_a_hidden_level_have_few_digits(tmp_path, people):
    found = comparisons.level_differences(survey(tmp_path, people, by="sex"), "sex").dropna(subset="estimate")
    own = found[(found["system"] == "science")]
    others = found[found["system"] == "maths"]
    assert len(own)
    assert len(others)
    assert (own["estimate"] == own["estimate"].round(2)).all()
    assert (own["std_error"] == own["std_error"].round(2)).all()
    assert (others["estimate"] != others["estimate"].round(2)).any()


def test_errors_do_not_tell_how_many_all_are(tmp_path, people):
    """Without schools N / (N - 1) is in every error: of 371 people six of arts would be what is left."""
    answers = replace(
        survey(tmp_path, people),
        frame=people.assign(**{"cycle": 0, "system": people["subject"], "level": 0, "school_id": None}),
    )

    def behind(table):
        row = table.query("system == 'science'").iloc[0]
        return 1 / (1 - row["share"] * (1 - row["share"]) / row["n"] / row["std_error"] ** 2)

    assert behind(shares.table(answers)) == pytest.approx(370, abs=1e-6)
    large = people["subject"] != "arts"
    whole = replace(answers, frame=answers.frame[large], weights=answers.weights[large])
    assert behind(shares.table(whole)) == pytest.approx(365, abs=1e-6)


def test_who_has_no_number_does_not_follow_from_a_mean(tmp_path, people):
    people["age"] = 30.0 + people.index % 20
    people.loc[people.index[people["subject"] == "maths"][:3], "age"] = np.nan
    table = shares.counts(survey(tmp_path, people, means=["age"])).set_index(["system", "item"])
    assert sorted(set(table.index.get_level_values("item"))) == ["discuss", "share"]
    assert table.loc["maths", ["respondents", "no_answer"]].isna().all(axis=None)
    assert (table.loc["science", "respondents"] == 200).all()


def test_with_smallest_answer_numbers_have_few_digits(tmp_path, people):
    """Differences between items and levels of the same people too; without it all digits stay."""
    people["age"] = 30 + people.index % 20
    read = survey(tmp_path, people.assign(weight=1 + people["school"] / 7), by="sex", weight="weight", means=["age"])
    for smallest, short in ((0, False), (2, True)):
        answers = replace(read, smallest=smallest)
        tables = shares.table(answers).rename(columns={"share": "estimate"}), shares.averages(answers)
        tables += comparisons.item_differences(answers, ["science", "maths"]), comparisons.level_differences(answers, "sex")  # fmt: skip
        for table in tables:
            own = table.query("system == 'maths'").dropna(subset=["estimate", "std_error"])
            assert len(own)
            for name in ("estimate", "std_error"):
                assert np.allclose(own[name], own[name].round(3), rtol=0, atol=1e-12) == short


def test_rounded_p_values_are_never_clearer():
    rows = pd.DataFrame({"estimate": [0.004, 0.3], "p_value": [0.0004, 0.312], "p_holm": [0.5, 0.8]})
    shown = rounded_differences(rows, *[np.array([200, 200])] * 2, np.array([True, True]))
    assert shown.to_numpy().tolist() == [[0.0, 0.01, 0.5], [0.3, 0.32, 0.8]]


def test_where_few_numbers_print_alike_nothing_is_shown():
    rows = pd.DataFrame({"estimate": [0.123456, 0.123456, 0.123456], "term": list("abc")})
    sizes = np.array([12, 200, 12]), np.array([11, 150, 11])
    shown = rounded_differences(rows, *sizes, np.array([True, True, False]))["estimate"]
    assert np.isnan(shown[0])
    assert shown[1:].tolist() == [0.12, 0.123456]
