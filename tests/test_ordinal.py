"""Ordered answers: means, shares, the limits a scale sets, and what is suppressed."""

from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.estimate import rounding, twogroups
from helpers.read import suppression

answers = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 5)),
    min_size=1,
    max_size=80,
)


def frame(rows):
    return pd.DataFrame(rows, columns=["item", "group", "answer"])


def test_means_have_students_interval():
    rng = np.random.default_rng(4)
    values = rng.integers(1, 5, 40)
    found = twogroups.means(frame([("a", "x", value) for value in values])).iloc[0]
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    assert found["estimate"] == pytest.approx(values.mean(), rel=1e-12)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(tuple(interval), rel=1e-10)


@given(answers)
def test_shares_sum_to_one_and_count_everybody(rows):
    table = twogroups.shares(frame(rows), 1, 5)
    totals = table.groupby(["item", "group"])["share"].sum()
    assert totals.to_numpy() == pytest.approx(1.0)
    assert (table["ci_low"] <= table["share"] + 1e-12).all()
    assert (table["ci_high"] >= table["share"] - 1e-12).all()
    assert table.drop_duplicates(["item", "group"])["n"].sum() == len(rows)


def test_wilson_interval_of_the_textbook():
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 15 of 148, Wilson: .0624 to .1605.
    rows = [("a", "x", 2)] * 15 + [("a", "x", 1)] * 133
    found = twogroups.shares(frame(rows), 1, 2).set_index("statistic").loc[2]
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((0.0624, 0.1605), abs=6e-5)


def test_sd_bounds_hold_and_are_reached():
    n, low, high = 6, 1, 4
    by_mean = {}
    for values in combinations_with_replacement(range(low, high + 1), n):
        by_mean.setdefault(sum(values) / n, []).append(np.std(values, ddof=1))
    for mean, sds in by_mean.items():
        smallest, largest = rounding.sd_bounds(mean, n, low, high)
        assert min(sds) == pytest.approx(smallest, abs=1e-9)
        assert max(sds) <= largest + 1e-9
    assert max(by_mean[2.5]) == pytest.approx(rounding.sd_bounds(2.5, n, low, high)[1], rel=1e-12)


sizes = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1)


@given(sizes, st.integers(0, 25))
def test_no_small_group_shows_or_can_be_worked_out(groups, unnamed):
    """`unnamed` people name no group and count among everybody only."""
    everybody = sum(groups.values()) + unnamed
    cells = pd.DataFrame(
        [
            ("item", "all", everybody, 2.5),
            *(("item", name, n, 2.0) for name, n in groups.items()),
        ],
        columns=["item", "group", "n", "estimate"],
    )
    found = suppression.suppress_groups(cells, ["estimate"])
    shown = found[~found["suppressed"]].set_index("group")["n"]
    assert (shown >= suppression.MINIMUM).all()
    assert found.loc[found["suppressed"], ["n", "estimate"]].isna().all(axis=None)
    shown_groups = shown.drop("all", errors="ignore")
    if "all" in shown and len(shown_groups):
        # What is left when the groups that are shown are taken from everybody.
        rest = [n for name, n in groups.items() if name not in shown_groups]
        left = sum(rest) + unnamed
        assert left == 0 or left >= suppression.MINIMUM
        assert not (len(rest) == 1 and unnamed == 0 and rest[0] < suppression.MINIMUM)
    # Nothing is hidden without a reason.
    if min(groups.values()) >= suppression.MINIMUM and not 0 < unnamed < suppression.MINIMUM:
        assert not found["suppressed"].any()


def test_two_small_groups_do_not_give_each_other_away():
    cells = pd.DataFrame(
        [
            ("i", "all", 67, 2.5),
            ("i", "p", 40, 2.0),
            ("i", "q", 20, 2.0),
            ("i", "r", 4, 2.0),
            ("i", "s", 3, 2.0),
        ],
        columns=["item", "group", "n", "estimate"],
    )
    found = suppression.suppress_groups(cells, ["estimate"])
    assert set(found.loc[found["suppressed"], "group"]) == {"q", "r", "s"}


def test_suppression_treats_all_answers_of_a_group_alike():
    shares = pd.DataFrame(
        [
            ("i", group, answer, 0.5, n)
            for group, n in (("all", 60), ("p", 30), ("q", 25), ("r", 5))
            for answer in (1, 2)
        ],
        columns=["item", "group", "statistic", "share", "n"],
    )
    found = suppression.suppress_groups(shares, ["share"])
    assert set(found.loc[found["suppressed"], "group"]) == {"q", "r"}
    assert found["suppressed"].sum() == 4
