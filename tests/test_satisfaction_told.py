"""Headlines of satisfaction: right for ties, one item, nothing to tell, groups that overlap, and names of any length."""

import numpy as np
import pandas as pd
import pytest

from helpers.study import satisfaction

NOTHING = np.nan
LONG = "the time that the school gives us for meetings, visits and talks about lessons of our colleagues"


def estimates(*values, half=0.5, **columns):
    low, high = np.array(values) - half, np.array(values) + half
    return pd.DataFrame({"estimate": values, "ci_low": low, "ci_high": high}).assign(**columns)


@pytest.mark.parametrize(
    ("values", "answers", "said"),
    [
        ([0.4, 0.8, 0.8], ["quite", "very"], "Satisfaction is highest with “b” and with “c”: 80% answered “quite” or “very”. It is lowest with “a”: 40%."),
        ([0.4, NOTHING, 1.02], ["very"], "Satisfaction is highest with “c”: 100% answered “very”. It is lowest with “a”: 40%."),
        ([0.4, 0.4, 0.401], ["very"], "40% answered “very” on each of 3 bars."),
        ([0.4], ["very"], "40% answered “very”."),
        ([0.4, 0.8], ["7", "8", "9", "10"], "Satisfaction is highest with “b”: 80% answered above the middle of the scale. It is lowest with “a”: 40%."),
        ([0.4, 0.8], ["quite", ""], "Satisfaction is highest with “b”: 80% answered above the middle of the scale. It is lowest with “a”: 40%."),
        ([NOTHING], ["very"], ""),
    ],
)  # fmt: skip
def test_with_what_people_are_most_satisfied(values, answers, said):
    assert satisfaction.most_and_least(pd.Series(dict(zip("abc", values, strict=False))), answers) == said


def test_many_ends_are_counted_groups_are_named_and_long_names_left_out():
    shares = pd.Series({("x", "a"): 0.9, ("x", "b"): 0.5, ("y", "a"): 0.5, ("y", "b"): 0.5})
    told = satisfaction.most_and_least(shares, ["very"])
    assert told == "Satisfaction is highest with “x” in “a”: 90% answered “very”. It is lowest at 3 of 4 bars: 50%."
    assert satisfaction.most_and_least(pd.Series({LONG: 0.8, f"{LONG}.": 0.3}), ["very"]) == (
        "Satisfaction differs: 30 to 80% answered “very”."
    )


@pytest.mark.parametrize(
    ("means", "groups", "said"),
    [
        ([1.0, 3.0], "ab", "“b” rated “x” higher than “a” did."),
        ([3.0, 1.0], "ab", "“a” rated “x” higher than “b” did."),
        ([1.0, 1.0], "ab", "Groups cannot be told apart on the only item."),
        ([1.0, 2.0], "ab", "Groups cannot be told apart on the only item."),  # they touch
        ([1.0, 2.5, 1.9], "abc", "“b” rated “x” higher than “a” did."),
        ([1.0, 3.0, 5.0], "abc", "“b” rated “x” higher than “a” did and “c” rated “x” higher than all others did."),
        ([1.0, 3.0, NOTHING], "abc", "“b” rated “x” higher than “a” did."),
        ([2.0, NOTHING], "ab", "“x, a” has the mean 2.00 (1.50 to 2.50)."),
        ([NOTHING, NOTHING], "ab", ""),
    ],
)
def test_groups_that_stand_apart(means, groups, said):
    assert satisfaction.groups_apart(estimates(*means, label="x", group=list(groups))) == said


def test_groups_that_stand_apart_on_several_items():
    rows = pd.concat([estimates(1.0, 3.0, label=item, group=["a", "b"]) for item in "wxyz"], ignore_index=True)
    assert satisfaction.groups_apart(rows.head(4)) == "“b” rated all 2 items higher than “a” did.".replace(
        "all 2 items", "“w” and “x”"
    )
    assert satisfaction.groups_apart(rows) == "“b” rated all 4 items higher than “a” did."
    assert satisfaction.groups_apart(rows.assign(ci_low=0.0)) == "Groups cannot be told apart on any of 4 items."
    mixed = rows.head(4).assign(group=["b", "a", "a", "b"])
    assert (
        satisfaction.groups_apart(mixed) == "“a” rated “w” higher than “b” did and “b” rated “x” higher than “a” did."
    )
    many = pd.concat([estimates(*range(1, 6), half=0.1, label=item, group=list("abcde")) for item in "xy"])
    assert satisfaction.groups_apart(many) == "Some groups rated “x” and “y” higher than others."
    assert satisfaction.groups_apart(many.replace("x", LONG).replace("y", f"{LONG}.")) == (
        "Groups rated 2 of 2 items differently."
    )


def test_parts_above_and_below_what_the_paper_names():
    rows = pd.DataFrame({"label": ["a", "b", "c"], "estimate": [3.0, 2.5, 3.4]})
    assert satisfaction.below_the_claim(rows, 3.0) == "1 of 3 parts are rated above 3."
    assert satisfaction.below_the_claim(rows, 2.6) == "2 of 3 parts are rated above 2.6; “b” is rated 2.50."
    assert satisfaction.below_the_claim(rows, 2.0) == "All 3 parts are rated above 2."
