"""What is shown of shares, and what cards say of it, hold what the tidy tables do."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.draw import numbers
from helpers.project import InputError
from helpers.study import classroom_doors, not_shown, share_words

WORDS = {"never": "Never", "monthly": "Monthly or more"}
ITEMS = {"A": "Teach jointly", "B": "Observe"}
NAMES = {"XXA": "System A"}


def shares():
    rows = [
        (2018, "XXA", "A", "never", 0.512, 0.02, 0.4728, 0.5512, 700, 60, ""),
        (2018, "XXA", "A", "monthly", 0.0, np.nan, np.nan, np.nan, 700, 60, "nobody"),
        (2018, "XXA", "B", "never", np.nan, np.nan, np.nan, np.nan, 0, 0, "not administered"),
        (2018, "XXA", "B", "monthly", np.nan, np.nan, np.nan, np.nan, 0, 0, "not administered"),
    ]
    names = ["cycle", "system", "item", "statistic", "share", "std_error", "ci_low", "ci_high", "n",
             "n_schools", "note"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def view(table=None, names=NAMES):
    """A view of a table of shares; of the survey behind it only what words need."""
    table = shares() if table is None else table
    answers = SimpleNamespace(
        items=ITEMS, statistics=("never", "monthly"), categories=["Never", "Monthly", "Weekly"],
        often=2, weights=np.ones((3, 101)), fewest=(30, 10), interval="logit", account=None,
    )  # fmt: skip
    rows = classroom_doors.labelled_rows(table, ITEMS, names)
    return classroom_doors.View(answers, table, "systems", names, list(names), [], WORDS, 1, "Mean of 1", rows)


def seen(words):
    """What a reader sees of a table."""
    return numbers.cells(words["show"], words["columns"])


def test_only_systems_with_a_share_are_drawn():
    """Those asked for, or the first of all; never one whose shares are all suppressed or not asked."""
    table = pd.concat([shares(), *(shares().assign(system=f"XX{letter}") for letter in "BCDEF")])
    table.loc[table["system"] == "XXB", "share"] = np.nan
    assert classroom_doors.to_draw(table, ["XXC", "XXB", "CHL"]) == ["XXC"]
    assert classroom_doors.to_draw(table, ["XXB", "CHL"]) == ["XXA", "XXC", "XXD", "XXE"]
    hidden = shares().assign(share=np.nan, note=["few", "few", "", "not administered"])
    with pytest.raises(InputError, match=r"no share can be shown \(few, not administered\)"):
        classroom_doors.to_draw(hidden, ["XXA"])


@pytest.mark.parametrize("hidden", [["never"], ["monthly"], ["never", "monthly"]])
def test_words_stand_where_all_of_an_answer_is_hidden(hidden):
    table = shares().assign(average=False)
    table.loc[table["statistic"].isin(hidden), "share"] = np.nan
    shown = view(table)
    shown.answers.apart = ""
    gone = "never" in hidden
    of_one = "is answered to “Teach jointly” by 51%; of no other practice can its share be shown."
    assert share_words.answer(shown, "these data").endswith("no share of “never” can be shown." if gone else of_one)
    assert ("None can be shown." in share_words.ranked(shown)["alt"]) is gone
    assert ("None can be shown." in share_words.often(shown)["alt"]) is ("monthly" in hidden)
    assert ("“Never” is answered most to teach jointly (51%)" in share_words.dots(shown, "never")["alt"]) is not gone
    for statistic in ("never", "monthly"):
        told = share_words.dots(shown, statistic)
        assert ("no share can be shown" in told["alt"]) is (statistic in hidden)
        assert set(told["data"]["statistic"]) == {statistic}


def test_shares_side_by_side_in_percent():
    rows = seen(share_words.shares(view()))
    assert rows.to_numpy().tolist() == [
        ["System A", "Teach jointly", "51.2% (47 to 55)", "0.0%", "700"],
        ["System A", "Observe", "not administered", "not administered", "0"],
    ]
    heads = ["System or group", "Item", "Never", "Monthly or more", "Answered"]
    assert rows.columns.tolist() == heads


def test_two_cycles_are_told_apart():
    rows = seen(share_words.shares(view(pd.concat([shares(), shares().assign(cycle=2013)]))))
    assert rows["Cycle"].tolist() == ["2018", "2018", "2013", "2013"]


def test_two_systems_of_one_name_keep_their_rows():
    both = pd.concat([shares(), shares().assign(system="XXB", share=0.25)])
    rows = seen(share_words.shares(view(both, {"XXA": "Same", "XXB": "Same"})))
    assert rows["System or group"].tolist() == ["Same (XXA)"] * 2 + ["Same (XXB)"] * 2
    assert rows["Never"].str[:3].tolist() == ["51.", "not", "25.", "25."]


def difference(**more):
    row = {"item": "A", "statistic": "never", "estimate": -0.0512, "ci_low": -0.09,
           "ci_high": -0.012, "p_holm": 0.0004, "note": ""}  # fmt: skip
    return pd.DataFrame([row | more])


def test_differences_of_systems_and_of_levels():
    two = view(names={"XXA": "System A", "XXB": "System B"})
    rows = seen(share_words.differences(two, difference(system="XXA", other="XXB")))
    assert rows.iloc[0].tolist() == [
        "Teach jointly", "System A", "System B", "Never", "-5.1", "-9.0 to -1.2", "< 0.001",
    ]  # fmt: skip
    levels = difference(system="XXA", term="Male", other="Female", p_holm=0.04)
    rows = seen(share_words.levels(two, "sex", levels))
    assert rows.iloc[0, [0, 2, 3, -1]].tolist() == ["System A", "Male", "Female", "0.040"]


def test_a_difference_without_interval_tells_why():
    empty = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_holm"), np.nan)
    rows = difference(system="XXA", other="XXA", note="a: not administered", **empty)
    row = seen(share_words.differences(view(), rows)).iloc[0]
    told = row[["Difference", "95% interval", "p, adjusted"]].tolist()
    assert told == ["", "a: not administered", "–"]


def test_changes_carry_both_shares():
    known = shares().head(2).assign(std_error=0.02)
    both = pd.concat([known.assign(cycle=2013, share=0.4), known.assign(share=0.512)])
    moved = classroom_doors.changes(view(both)).set_index("item").loc["A"]
    assert moved["statistic"] == "monthly"
    assert moved[["cycle_1", "cycle_2"]].tolist() == [2013, 2018]
    assert moved[["share_1", "share_2", "estimate"]].tolist() == pytest.approx([0.4, 0.512, 0.112])


def test_counts_name_systems_and_items():
    row = {"cycle": 2018, "system": "XXA", "item": "B", "respondents": 1000, "schools": 3,
           "answered": 7, "no_answer": 2, "not_administered": 1}  # fmt: skip
    rows = seen(share_words.counts(view(), pd.DataFrame([row])))
    assert rows.iloc[0].tolist() == ["System A", "Observe", "1,000", "3", "7", "2", "1"]


def test_two_systems_of_one_name_are_told_apart():
    rows = pd.DataFrame({"system": ["BEL", "BFL", "MEX", "Mean of 3"], "item": "A"})
    names = {"BEL": "Belgium", "BFL": "Belgium", "MEX": "Mexico"}
    found = classroom_doors.labelled_rows(rows, ITEMS, names, "Mean of 3")
    assert found["label"].tolist() == ["Belgium (BEL)", "Belgium (BFL)", "Mexico", "Mean of 3"]
    assert found["average"].tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("agrees", "said"),
    [
        ([], "Nothing to check"),
        ([True, True], "All 2 printed numbers come out"),
        ([True, False], "1 of 2 printed numbers do not come out"),
    ],
)
def test_whether_files_can_be_trusted_follows_from_the_checks(agrees, said):
    checks = pd.DataFrame({"agrees": agrees}) if agrees else pd.DataFrame()
    assert said in share_words.trusted(checks)


def test_what_cannot_be_shown_says_why_once():
    rows = pd.DataFrame({"term": ["men", "men"], "other": ["women", "women"], "item": ["A", "B"], "estimate": np.nan})
    rows["note"] = [
        "men: fewer than 10 respondents; women: fewer than 10 respondents",
        "women: all gave the same answer",
    ]
    said = "No estimate can be shown: fewer than 10 respondents; all gave the same answer."
    assert not not_shown.any_shown(rows)
    assert not_shown.any_shown(rows.assign(estimate=[0, np.nan]))
    assert not_shown.why(view(), rows) == said
    assert not_shown.why(view(), rows.head(0), "One only.") == "One only."
