"""What can be compared between systems: the sentences, and of whom nothing may be told."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from helpers.read import talis
from helpers.read.survey import NOT_ADMINISTERED, read_survey
from helpers.study import classroom_doors, comparable, share_words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def systems():
    return talis.read(ROOT / "data" / "simulated" / "03-talis.zip", 2)


@pytest.fixture(scope="module")
def three(systems):
    """All three: the view, its items and who stands out."""
    view = classroom_doors.view(systems)
    return view, *comparable.tables(view)


def test_the_simulated_systems_differ_where_they_were_made_to(three):
    """Beside the mean of their other items, C watches 1.8 logits more often than A, and exchanges materials 1.1 less."""
    view, items, _ = three
    rows = items.set_index("item")
    assert rows.loc["B", ["size", "lowest", "highest"]].tolist() == ["large", "XXA", "XXC"]
    assert rows.loc["D", ["lowest", "highest", "n_groups"]].tolist() == ["XXC", "XXA", 2]  # B was not asked it
    assert not rows.loc[list("AFGH"), "found"].any()
    told = comparable.told(view, rows.reset_index())
    assert told[0].startswith(
        "At the same general openness, teachers in System C say more often than teachers in System A that they do this: "
        "“Observe colleagues and give feedback”. Of 100 whose"
    )
    assert "leave them out of a scale over these systems" in told[-2]
    assert told[-1].startswith("In 5 of 8 questions tested, teachers who otherwise answer alike")
    words = comparable.words(view, rows.reset_index())
    assert "{" not in words["caption"]
    assert words["columns"]["Of 100 alike"][1].endswith("(System C)")


def test_who_stands_out_is_named_and_the_others_are_counted(systems, three):
    view, _, clear = three
    said = clear.set_index(["item", "system"])["direction"]
    assert (said["B", "XXC"], said["B", "XXA"]) == ("more often", "less often")
    assert "D" not in clear["item"].tolist()  # two systems alone were asked it
    assert clear["p_holm"].lt(0.05).all()
    words = comparable.standing_words(view, clear)
    assert "all of them stand out" in words["caption"]
    fewer = comparable.standing_words(view, clear.head(2))
    assert f"the other {clear['n_tests'].iloc[0] - 2} do not stand out" in fewer["caption"]
    two = classroom_doors.view(systems, ["XXA", "XXC"])
    assert comparable.tables(two)[1].empty


def test_one_system_is_not_compared(systems):
    one = classroom_doors.view(replace(systems, frame=systems.frame.assign(system="XXA")))
    assert comparable.tables(one)[0].empty
    assert comparable.told(one, comparable.tables(one)[0]) == ["Nothing to compare: there is one only."]


def test_of_systems_that_stand_apart_all_are_compared_in_how_answers_go_together_alone(systems):
    apart = classroom_doors.view(replace(systems, apart="They agreed to be filmed."), ["XXA", "XXB"])
    rows, _ = comparable.tables(apart)
    assert rows["n_groups"].max() == 3
    assert comparable.told(apart, rows)[-1].endswith("and not about who does more: They agreed to be filmed.")


def test_where_every_question_differs_none_is_called_the_odd_one_out(three):
    view, items, _ = three
    told = comparable.told(view, items[items["found"]])
    assert told[-1].startswith("Every question tested is answered otherwise somewhere")


def test_an_item_that_one_system_alone_was_asked_is_not_tested(systems):
    frame = systems.frame.copy()
    frame.loc[frame["system"] != "XXA", "G"] = NOT_ADMINISTERED
    view = classroom_doors.view(replace(systems, frame=frame), ["XXA", "XXC"])
    rows = comparable.tables(view)[0].set_index("item")
    assert rows.loc["G", "compare"] == "one group alone has answers to show"
    assert rows.loc["A", "n_groups"] == 2
    assert rows.loc["A", "note"] == ""


def test_of_a_survey_of_ones_own_small_groups_and_exact_numbers_are_not_told(tmp_path):
    rng = np.random.default_rng(4)
    n = 251
    level = rng.normal(size=n)
    frame = pd.DataFrame({
        f"q{place}": 1 + (level[:, None] + rng.logistic(size=(n, 1)) > [-1, 0.5, 1.5]).sum(axis=1) for place in range(4)
    })  # fmt: skip
    frame["group"] = ["a"] * 122 + ["b"] * 122 + ["c"] * 7
    frame.to_csv(tmp_path / "mine.csv", index=False)
    survey = read_survey(tmp_path / "mine.csv", [f"q{place}" for place in range(4)], "group")
    rows = comparable.tables(classroom_doors.view(survey))[0]
    assert set(rows["n_groups"]) == {2}
    assert set(rows["n"]) == {240}  # of 244
    few = frame.assign(q3=frame["q3"].where(frame.index.isin([*range(8), *range(122, 251)])))
    few.to_csv(tmp_path / "few.csv", index=False)
    survey = read_survey(tmp_path / "few.csv", [f"q{place}" for place in range(4)], "group")
    rows = comparable.tables(classroom_doors.view(survey))[0]
    assert rows["n"].iloc[-1] == 0
    assert rows["note"].iloc[-1] == "one group alone has answers to show"
    assert set(rows["n"].iloc[:3]) == {240}  # by the three that both answered


def test_means_of_several_groups_say_what_they_need(systems):
    view = classroom_doors.view(replace(systems, numbers={"A": "a scale"}))
    rows = pd.DataFrame({"system": ["XXA", "XXC"], "item": "A", "ci_low": 0.0, "ci_high": 1.0, "std_error": 1.0})
    assert share_words.SCALES in share_words.averages(view, rows)["caption"]
    assert share_words.SCALES not in share_words.averages(view, rows.head(1))["caption"]
