"""Headlines of figures of one's own data: right for rising, falling, flat, one group, ties, and nothing to tell."""

import numpy as np
import pandas as pd
import pytest

from helpers.study import effects, headlines, leaders, moving_items, participants, real_records, retellings

NOTHING = np.nan
SAID = ("answers rose", "answers fell", "no change can be told")


def estimates(*values, half=0.1, names="abcdefgh"):
    low, high = np.array(values) - half, np.array(values) + half
    rows = {"name": list(names)[: len(values)], "estimate": values, "ci_low": low, "ci_high": high}
    return pd.DataFrame(rows).assign(panel="all")


def shares(**of):
    """Shares by question, a value a group."""
    rows = [("xyz"[place], item, share) for item, values in of.items() for place, share in enumerate(values)]
    return pd.DataFrame(rows, columns=["label", "item_label", "share"]).sort_values("label", kind="stable")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.2, 0.3), "From 1 to 2, answers rose in a and b."),
        ((-0.2, -0.3), "From 1 to 2, answers fell in a and b."),
        ((0.01, -0.02), "From 1 to 2, no change can be told in a and b."),
        ((0.2, -0.3, 0.0), "From 1 to 2, answers rose in a. Answers fell in b. No change can be told in c."),
        ((-0.2,), "From 1 to 2, answers fell: -0.20 (-0.30 to -0.10)."),
        ((0.2, NOTHING), "From 1 to 2, answers rose: 0.20 (0.10 to 0.30)."),
        ((0.2,) * 5, "From 1 to 2, answers rose in all 5."),
        ((0.2,) * 4 + (0.0,), "From 1 to 2, answers rose in 4 of 5. No change can be told in e."),
        ((NOTHING, NOTHING), ""),
        ((), ""),
    ],
)
def test_what_rose_and_what_fell(values, said):
    assert headlines.directions(estimates(*values), SAID, "From 1 to 2") == said


def test_a_difference_without_bounds_is_not_clear_and_a_correction_for_many_tests_counts():
    wide = estimates(0.2, 0.4).assign(ci_low=-np.inf, ci_high=np.inf)
    assert headlines.directions(wide, SAID) == "No change can be told in a and b."
    corrected = estimates(0.2, 0.4).assign(clear=[False, True])
    assert headlines.directions(corrected, SAID) == "Answers rose in b. No change can be told in a."


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((-0.2, -0.3), "By each of 2 ways to calculate it, the change is below zero: -0.30 to -0.20."),
        ((0.0, 0.05), "By none of 2 ways to calculate it, the change can be told from zero: 0.00 to 0.05."),
        ((0.2, -0.3, 0.0), "By 1 of 3 ways to calculate it, the change is above zero and by 1 of 3 ways to calculate it, the change is below zero: -0.30 to 0.20."),
        ((0.2,), "By the only way to calculate it, the change is above zero: 0.20."),
        ((NOTHING,), ""),
    ],
)  # fmt: skip
def test_how_far_choices_agree(values, said):
    assert headlines.under_choices(estimates(*values)) == said


def test_choices_in_several_panels():
    rows = estimates(0.2, 0.3, 0.2, 0.0).assign(panel=["one", "one", "two", "two"])
    start = "Of the ways to calculate it, the change is clear of zero"
    assert headlines.under_choices(rows) == f"{start} by each in one, by some in two."
    assert headlines.under_choices(rows.assign(ci_low=-1.0)) == f"{start} by none in one and two."
    apart = rows.assign(estimate=[0.2, -0.3, 0.2, 0.1], ci_low=[0.1, -0.4, 0.1, 0.05], ci_high=[0.3, -0.2, 0.3, 0.2])
    assert headlines.under_choices(apart) == f"{start} by each in two, by some in one."  # above and below
    hidden = rows.assign(estimate=[0.2, 0.3, NOTHING, NOTHING])
    assert headlines.under_choices(hidden).startswith("By each of 2 ways")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (shares(Visit=[0.5, 0.4], Plan=[0.2, 0.1]), "“Never” is answered most to “Visit”: 40 to 50%."),
        (shares(Visit=[0.5], Plan=[0.5]), "“Never” is answered to no question more than to all others: 50%."),
        (shares(Visit=[0.5]), "“Never” is answered to “Visit” by 50%."),
        (shares(Visit=[0.5, NOTHING], Plan=[0.2, NOTHING]), "“Never” is answered most to “Visit”: 50%."),
        (shares(Visit=[0.004, 0.996]), "“Never” is answered to “Visit” by <1 to >99%."),
        (shares(Visit=[NOTHING]), ""),
    ],
)
def test_to_which_question_an_answer_is_given_most(rows, said):
    assert headlines.given_most(rows, "Never") == said


def test_shares_that_are_alike_are_not_furthest_apart():
    tie = shares(Visit=[0.5, 0.4], Plan=[0.3, 0.2])
    assert headlines.furthest_apart(tie, "Never") == "“Never” is answered most to “Visit”: 40 to 50%."
    one = shares(Visit=[0.5], Plan=[0.3])
    assert headlines.furthest_apart(one, "Never") == "“Never” is answered most to “Visit”: 50%."
    assert (
        headlines.furthest_apart(shares(Visit=[NOTHING]), "Never")
        == headlines.from_to(shares(Visit=[NOTHING]), "Often")
        == ""
    )


def test_a_bar_that_lacks_a_share_counts_for_no_answer():
    rows = pd.DataFrame(
        {"label": list("aabb"), "item": "q", "statistic": ["no", "yes"] * 2, "share": [0.7, 0.3, NOTHING, 0.9]}
    )
    assert headlines.commonest(rows) == "“no” is the commonest answer."
    assert headlines.commonest(rows.assign(share=NOTHING)) == ""
    third = pd.DataFrame({"label": "c", "item": "q", "statistic": ["no", "yes"], "share": [0.6, 0.4]})
    both = pd.concat([rows.fillna(0.1), third])
    assert headlines.commonest(both) == "“no” is the commonest answer in 2 of 3 bars."


@pytest.mark.parametrize(
    ("means", "groups", "said"),
    [
        ([1.0, 3.0], "ab", "Intervals of groups do not touch in x."),
        ([1.0, 1.2], "ab", "Intervals of groups touch in the only item that can be compared."),
        ([2.0, NOTHING], "ab", "“x, a” has the mean 2.00 (1.50 to 2.50)."),
        ([NOTHING, NOTHING], "ab", ""),
    ],
)
def test_groups_that_stand_apart(means, groups, said):
    rows = estimates(*means, half=0.5).assign(label="x", group=list(groups))
    assert headlines.groups_apart(rows) == said


def test_pairs_of_groups():
    rows = estimates(0.2, -0.2).assign(label_1="A", label_2="B", item_label=["Visit", "Plan"], p_holm=[0.01, 0.3])
    assert headlines.pair(rows, "Never") == "“Never” is more common in A for Visit."
    assert (
        headlines.pair(rows.assign(p_holm=NOTHING), "Never")
        == "In “Never” A and B cannot be told apart, all tests counted."
    )
    assert headlines.pair(rows.assign(estimate=NOTHING), "Never") == ""


def test_changes_between_cycles_are_in_points():
    rows = estimates(0.05, half=0.02).assign(label="A", item_label="Visit", cycle_1=2013, cycle_2=2018)
    assert (
        headlines.between_cycles(rows, "Often")
        == "From 2013 to 2018, “Often” became more common: 5.0 (3.0 to 7.0) points."
    )
    several = pd.concat([rows, rows.assign(label="B", cycle_1=2018, cycle_2=2024, ci_low=-0.1)])
    assert headlines.between_cycles(several, "Often") == (
        "From cycle to cycle, “Often” became more common in Visit (A). No change can be told in Visit (B)."
    )


def test_schools_of_which_nothing_is_shown_have_no_headline():
    assert headlines.of_schools(pd.DataFrame()) == ""
    rows = pd.DataFrame({"panel": list("ab"), "spread": [0.1, 0.2], "below_zero": [0.001, 0.4]})
    assert headlines.of_schools(rows) == (
        "Schools differ in a and b: by their spread, the change is below zero in <1 to 40% of schools."
    )


def test_items_that_move():
    rows = pd.DataFrame(
        {"scale": "", "item": ["q1", "q2", "q3"], "p_value": [0.01, 0.4, 0.6], "moved": [True, False, False]}
    )
    assert moving_items.headline(rows) == "1 of 3 items left its place among the others: q1."
    assert moving_items.headline(rows.assign(moved=False)).startswith("No item left its place")
    assert moving_items.headline(rows.assign(moved=False, p_value=NOTHING)).endswith("cannot be told.")


def test_two_groups_without_a_p_value():
    tests = pd.DataFrame({"scale": ["x", "y"], "p_value": [0.2, 0.9], "p_holm": [0.4, 0.9]})
    assert participants.headline(tests, ("A", "B")) == "On none of 2 scales can A and B be told apart."
    assert participants.headline(tests.assign(p_value=NOTHING), ("A", "B")).startswith(
        "Whether A and B differ cannot be told"
    )


def test_codes_that_nobody_has_or_that_are_as_common():
    tie = pd.DataFrame({"code": ["share", "help", "push"], "count": [9, 9, 0], "n": 12})
    assert leaders.commonest(tie) == "9 of 12 leaders are coded with “share” and “help”, the fewest, 0, with “push”."
    pairs = pd.DataFrame({"code_1": ["a", "a", "a", "b"], "code_2": ["a", "b", "c", "c"], "both": [9, 4, 4, 2]})
    assert (
        leaders.commonest_pair(pairs, 12)
        == "Most often together: 2 pairs of 3, in 4 of 12 leaders; pairs range from 2 to 4."
    )


def test_numbers_that_nobody_kept():
    rows = pd.DataFrame({"said_by": "R", "label": ["a", "b"], "sign": ["changed", "not seen"]})
    assert retellings.kept(rows) == "Of 2 retold numbers none is as in its source."
    hands = pd.DataFrame({"sign": ["", "kept", "not seen"]})
    assert retellings.on_the_way(hands) == "On its way the claim was kept, then not found in its source."
    assert retellings.on_the_way(hands.head(1)) == ""


def test_effects_of_which_none_is_clear():
    rows = pd.DataFrame({"study": ["A", "B"], "ci_low": [-0.1, -0.2], "ci_high": [0.1, 0.2]})
    assert effects.clear(rows) == "None of 2 effects is clear of zero."
    assert effects.clear_by_study(rows) == "A 0 of 1; B 0 of 1"


def test_places_that_share_an_end_are_all_named():
    rows = pd.DataFrame({"statistic": "never", "name": ["Chile", "Japan", "Spain"], "share": [0.0, 0.0, 0.4]})
    assert real_records.ends(rows) == "0% (Chile and Japan) to 40% (Spain)"
    assert real_records.ends(rows.head(2)) == "0% (Chile and Japan)"
