"""Headlines of figures of one's own data: right for rising, falling, flat, one group, ties, and nothing to tell."""

import numpy as np
import pandas as pd
import pytest

from helpers.study import (
    codings,
    compared_words,
    effects,
    headlines,
    moving_items,
    own_practice,
    participants,
    real_records,
    retellings,
)

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
        ((-0.2, -0.3), "By each of 2 ways to calculate it, the change is clearly below zero: -0.30 to -0.20."),
        ((0.0, 0.05), "By none of 2 ways to calculate it, the change can be told from zero: 0.00 to 0.05."),
        ((0.2, -0.3, 0.0), "By 1 of 3 ways to calculate it, the change is clearly above zero and by 1 of 3 ways to calculate it, the change is clearly below zero: -0.30 to 0.20."),
        ((0.2,), "By the only way to calculate it, the change is clearly above zero: 0.20."),
        ((NOTHING,), ""),
    ],
)  # fmt: skip
def test_how_far_choices_agree(values, said):
    assert headlines.under_choices(estimates(*values)) == said


def test_choices_in_several_panels():
    rows = estimates(0.2, 0.3, 0.2, 0.0).assign(panel=["one", "one", "two", "two"])
    told = headlines.under_choices
    assert told(rows) == "The change is clearly above zero in one by all 2 ways to calculate it, in two by 1 of 2."
    assert (
        told(rows.assign(ci_low=-1.0)) == "By no way to calculate it can the change be told from zero in one and two."
    )
    one_sided = rows.assign(ci_low=[0.1, 0.2, -0.1, -0.1], ci_high=0.4)
    assert told(one_sided) == "The change is clearly above zero in one by all 2 ways to calculate it, in two by none."
    apart = rows.assign(estimate=[0.2, -0.3, 0.2, 0.1], ci_low=[0.1, -0.4, 0.1, 0.05], ci_high=[0.3, -0.2, 0.3, 0.2])
    assert told(apart) == (
        "The change is clear of zero in one and two by every way to calculate it, but not always on one side."
    )
    many = estimates(0.2, 0.0, 0.3, -0.3).assign(panel=list("abcd"))
    assert (
        told(many)
        == "The change is clear of zero in a, c and d by every way to calculate it, in b by no way, but not always on one side."
    )
    wordy = apart.assign(panel=["the first of two", "the first of two", "the second", "the second"])
    assert told(wordy, "the difference in change") == (
        "The difference in change is clear of zero in the first of two and the second by every way to calculate it, but not always on one side."
    )
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
    ).assign(item_label="Visit")
    assert headlines.commonest(rows) == "“no” is the commonest answer: 70%."
    assert headlines.commonest(rows.assign(share=NOTHING)) == ""
    third = pd.DataFrame({"label": "c", "item": "q", "statistic": ["no", "yes"], "share": [0.6, 0.4]})
    both = pd.concat([rows.fillna(0.1), third.assign(item_label="Visit")])
    assert headlines.commonest(both) == "In b, 90% answer “yes” to “Visit”: no other answer is as common."
    assert headlines.commonest(both.assign(share=[0.6, 0.4, 0.4, 0.6, 0.3, 0.7])) == (
        "In c, 70% answer “yes” to “Visit”: no other answer is as common."
    )
    assert headlines.commonest(both.assign(share=[0.6, 0.4, 0.4, 0.6, 0.5, 0.5])) == (
        "In 2 of 3 bars, 60% give one answer: no other is as common."
    )
    assert headlines.commonest(both.assign(item=list("qqqqrr"), share=[0.4, 0.3, 0.4, 0.3, 0.4, 0.4])) == (
        "No answer is commoner than 40%."
    )


def test_pairs_of_groups():
    rows = estimates(0.2, -0.2).assign(label_1="A", label_2="B", item_label=["Visit", "Plan"], p_holm=[0.01, 0.3])
    assert compared_words.pair(rows, "Never") == "“Never” is clearly more common in A than in B for “Visit”."
    both = rows.assign(p_holm=0.01)
    assert (
        compared_words.pair(both, "Never")
        == "“Never” is clearly more common in A than in B for “Visit”, rarer for “Plan”."
    )
    assert compared_words.pair(both.tail(1), "Never") == "“Never” is clearly more common in B than in A for “Plan”."
    assert (
        compared_words.pair(rows.assign(p_holm=NOTHING), "Never")
        == "Whether “Never” is more common in A or in B cannot be told: each difference may be chance."
    )
    assert compared_words.pair(rows.assign(estimate=NOTHING), "Never") == ""
    many = pd.concat([rows] * 3).assign(p_holm=0.01, estimate=0.2)
    assert compared_words.pair(many, "Never") == "“Never” is clearly more common in A than in B for all 6 questions."


def test_changes_between_cycles_are_in_points():
    rows = estimates(0.05, half=0.02).assign(label="A", item_label="Visit", cycle_1=2013, cycle_2=2018)
    assert (
        compared_words.between_cycles(rows, "Often")
        == "From 2013 to 2018, “Often” became more common: 5.0 (3.0 to 7.0) points."
    )
    several = pd.concat([rows, rows.assign(label="B", cycle_1=2018, cycle_2=2024, ci_low=-0.1)])
    assert compared_words.between_cycles(several, "Often") == (
        "From cycle to cycle, “Often” became more common in “Visit” (A). The change may be chance in “Visit” (B)."
    )
    assert compared_words.between_cycles(rows.assign(estimate=NOTHING), "Often") == ""


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.2, 0.2, 0.2, 0.2), "all 4 practices became more common."),
        ((0.2, -0.2, -0.2, 0.0), "1 of 4 practices became more common and 2 rarer."),
        ((-0.2, 0.0, 0.0, 0.0), "1 of 4 practices became rarer."),
        ((0.0, 0.0, 0.0, 0.0), "whether any of 4 practices became more common or rarer cannot be told."),
    ],
)
def test_how_many_practices_became_more_common(values, said):
    rows = estimates(*values).assign(label="A", item_label=list("vwxy"), cycle_1=2013, cycle_2=2018)
    assert compared_words.between_cycles(rows, "Often") == f"From 2013 to 2018, {said}"
    both = compared_words.between_cycles(pd.concat([rows, rows.assign(label="B")]), "Often")
    assert "8 practices in 2 systems" in both


def test_schools_of_which_nothing_is_shown_have_no_headline():
    told = own_practice.schools_differ
    assert told(pd.DataFrame()) == ""
    rows = pd.DataFrame({"panel": list("aabb"), "estimate": [0.1, 0.4] * 2, "spread": [0.1, 0.1, 0.2, 0.2]})
    rows["below_zero"] = [0.001, 0.001, 0.4, 0.4]
    assert told(rows) == (
        "In “b”, schools differ by more than chance: without it, about 1 of 2 would have fallen. In “a”, most of it may be chance."
    )
    assert told(rows.assign(spread=0.2)) == "In “a” and “b”, schools differ by more than chance."
    assert told(rows.tail(2)) == "Schools differ by more than chance: without it, about 1 of 2 would have fallen."
    assert told(rows.head(2)) == (
        "Most of the difference between schools may be chance: without it, none of 2 would have fallen."
    )
    nothing = rows.assign(spread=0.0, below_zero=NOTHING)
    assert told(nothing) == "All of the difference between schools may be chance, in “a” and “b” alike."
    assert told(nothing.head(2)) == "All of the difference between schools may be chance."
    many = pd.concat([nothing.assign(panel=nothing["panel"] + str(k)) for k in range(2)])
    assert told(many) == "All of the difference between schools may be chance, in 4 of 4 groups alike."


def test_groups_that_answer_differently_are_named_where_they_are_few():
    """No word is said of who is first."""
    two = shares(Visit=[0.5, 0.1], Plan=[0.2, 0.4])
    assert headlines.given_most(two, "Never") == "“Never” is answered most to “Visit” in x, to “Plan” in y."
    three = shares(Visit=[0.5, 0.1, 0.5], Plan=[0.2, 0.4, 0.1])
    assert headlines.given_most(three, "Never", "systems") == "“Never” is answered most to “Visit” in 2 of 3 systems."
    mean = pd.concat([two, two.assign(label="Mean of 2")]).assign(average=[False] * 4 + [True] * 4)
    assert headlines.given_most(mean, "Never") == headlines.given_most(two, "Never")
    long = two.assign(item_label=two["item_label"] + " a colleague" * 10)
    many = pd.concat([two, two.assign(label=two["label"] + "2")])
    for rows in (long, many):
        assert headlines.given_most(rows, "Never").startswith("The question most often answered “Never” differs")


def test_the_question_that_a_headline_names_is_first_and_marked_and_others_follow_by_their_means():
    rows = shares(Talk=[0.3, 0.3, 0.3], Visit=[0.5, 0.1, 0.5], Plan=[0.2, 0.4, 0.1])
    ordered = headlines.given_most_first(rows)
    assert ordered["item_label"].drop_duplicates().tolist() == ["Visit", "Talk", "Plan"]
    assert ordered.groupby("item_label")["marked"].first().to_dict() == {"Visit": True, "Talk": False, "Plan": False}
    for none in (shares(Visit=[0.5], Plan=[0.5]), shares(Visit=[0.5]), shares(Visit=[0.5, 0.1], Plan=[0.2, 0.4])):
        assert not headlines.given_most_first(none)["marked"].any()
        assert len(headlines.given_most_first(none)) == len(none)
    hidden = headlines.given_most_first(rows.assign(share=NOTHING))
    assert len(hidden) == len(rows)


def test_items_that_move():
    rows = pd.DataFrame(
        {"scale": "", "item": ["q1", "q2", "q3"], "p_value": [0.01, 0.4, 0.6], "moved": [True, False, False]}
    )
    assert moving_items.headline(rows) == "1 of 3 questions drifted away from the others: q1."
    assert moving_items.headline(rows.assign(moved=False)).startswith("No question drifted away")
    assert moving_items.headline(rows.assign(moved=False, p_value=NOTHING)).endswith("cannot be told.")


def test_two_groups_without_a_p_value():
    tests = pd.DataFrame({"scale": ["x", "y"], "estimate": [0.3, -0.3], "p_value": [0.2, 0.9], "p_holm": [0.4, 0.9]})
    assert participants.headline(tests, ("A", "B")) == "Whether “A” and “B” differ cannot be told on any of 2 scales."
    assert participants.headline(tests.tail(1), ("A", "B")) == "Whether “A” and “B” differ cannot be told on “y”."
    assert participants.headline(tests.assign(p_holm=NOTHING), ("A", "B")) == (
        "Whether “A” and “B” differ cannot be told: so few clusters hold one of the groups."
    )


def test_which_of_two_groups_scored_higher():
    rows = pd.DataFrame({"scale": ["x", "y"], "estimate": [0.3, -0.3], "p_value": 0.01, "p_holm": 0.02})
    told = participants.headline
    assert told(rows, ("A", "B")) == "“A” scored higher than “B” on 1 of 2 scales and lower on 1."
    assert told(rows.tail(1), ("A", "B")) == "“B” scored higher than “A” on “y”."
    unsure = rows.assign(p_holm=[0.02, 0.3], estimate=-0.3)
    assert (
        told(unsure, ("A", "B"))
        == "“B” scored higher than “A” on 1 of 2 scales; on the other one the difference may be chance."
    )
    many = pd.concat([unsure, unsure.tail(1)])
    assert told(many, ("A", "B")).endswith("on 1 of 3 scales; on the other 2 the difference may be chance.")


def test_a_difference_is_none_once_all_tests_are_counted():
    rows = pd.DataFrame(
        {"scale": list("abcd"), "estimate": 0.3, "p_value": [0.03, 0.5, 0.5, 0.5], "p_holm": [0.12, 1, 1, 1]}
    )
    assert participants.headline(rows, ("A", "B")) == "Whether “A” and “B” differ cannot be told on any of 4 scales."


def test_codes_that_nobody_has_or_that_are_as_common():
    counts = pd.DataFrame({"code": ["share", "time", "help", "trust"], "count": [9, 2, 9, 2], "n": 12})
    rows = codings.by_kind(pd.concat([counts, counts.head(1).assign(code="push", count=0)]), ["share", "help", "push"])
    assert rows["code"].tolist() == ["share", "help", "push", "time", "trust"]
    assert codings.commonest(rows) == (
        "“share” and “help” are the commonest practices (9 of 12 leaders each), all 2 supports as common (2 each)."
    )
    assert codings.commonest(rows.tail(1)) == "“trust” is the only support: 2 of 12 leaders."
    many = pd.concat([rows.head(2).assign(code=rows["code"] + str(k)) for k in range(2)] + [rows[2:3]])
    assert codings.commonest(many) == "4 practices are the commonest: 9 of 12 leaders each."
    pairs = pd.DataFrame({"code_1": ["a", "a", "a", "b"], "code_2": ["a", "b", "c", "c"], "both": [9, 4, 4, 2]})
    assert codings.commonest_pair(pairs, 12) == "2 of 3 pairs are found together most often: each in 4 of 12 leaders."
    assert codings.commonest_pair(pairs[1:3].assign(both=[5, 4]), 12) == (
        "“a” and “b” are found together most often: in 5 of 12 leaders."
    )
    assert codings.commonest_pair(pairs.assign(both=0), 12) == "Of 12 leaders nobody has two of these."


def test_pairs_that_are_clear_of_chance_are_drawn_however_many_and_come_first():
    p = np.linspace(0.9, 0.01, 14)
    pairs = pd.DataFrame({"practice": "a", "support": [f"s{k}" for k in range(14)], "odds_ratio": 2.0, "p_value": p})
    pairs.loc[3, "p_value"] = NOTHING
    few, many = pairs.assign(p_holm=1.0), pairs.assign(p_holm=np.where(p < 0.8, 0.01, 1.0))
    assert codings.strongest(few)["support"].tolist() == [f"s{k}" for k in range(13, 3, -1)]
    assert len(codings.strongest(many)) == (many["p_holm"] < 0.05).sum() == 12
    assert codings.those_drawn(few) == "; of 14 pairs the 10 with the smallest p-values"
    assert codings.those_drawn(few.head(4)) == ""
    assert codings.strongest(few.head(4))["support"].tolist()[-1] == "s3"  # not tested
    two = few.tail(2).assign(p_holm=0.01, odds_ratio=[0.2, 3.0])
    assert codings.together_by_more_than_chance(two) == (
        "Of 2 pairs, 1 goes together more often and 1 goes together more rarely than chance explains."
    )


def test_numbers_that_nobody_kept():
    rows = pd.DataFrame({"said_by": "R", "label": ["a", "b"], "sign": ["changed", "not seen"]})
    assert (
        retellings.kept(rows)
        == "Of 1 retold number whose source was found, none is as in it; for 1 more it was not found."
    )
    assert retellings.kept(rows.head(1)) == "Of 1 retold number none is as in its source."
    both = rows.assign(sign="kept")
    assert retellings.kept(both) == "The 2 retold numbers are as in their sources."
    assert retellings.kept(pd.concat([both, rows.head(1).assign(label="c")], ignore_index=True)) == (
        "Of 3 retold numbers 2 are as in their sources."
    )


def test_a_claim_on_its_way():
    steps = pd.DataFrame(
        {"label": "Schools", "unit": "", "source_value": [5.0, 5.0], "value": 5.0, "sign": ["kept", "not seen"]}
    )
    assert (
        retellings.on_the_way(steps) == "“Schools” stayed at 5, but on its way the claim was not found in its source."
    )
    assert retellings.on_the_way(steps.assign(source_value=NOTHING, sign="kept")) == "“Schools”: in the end it is 5."
    assert retellings.on_the_way(steps.head(0)) == ""


def test_numbers_that_are_as_far_off_are_not_the_furthest():
    rows = pd.DataFrame(
        {"label": ["a", "b", "c"], "value": [2.0, 4, 5], "source_value": [1.0, 2, 5], "unit": "percent"}
    )
    rows = rows.assign(sign=["changed", "changed", "kept"])
    assert retellings.beside(rows) == "2 of 3 numbers differ from their sources by more than rounding."
    assert (
        retellings.beside(rows.tail(2))
        == "1 of 2 numbers differs from its source by more than rounding: 4% instead of 2."
    )
    far = rows.assign(value=[2.0, 9, 5], unit="")
    assert retellings.beside(far).endswith("by more than rounding, most of all 9 instead of 2.")


def test_a_rounded_number_is_as_in_its_source():
    rows = pd.DataFrame(
        {"label": ["a", "b"], "value": [60.0, 40], "source_value": [58.0, 40], "unit": "percent", "sign": "kept"}
    )
    assert retellings.beside(rows) == "The 2 numbers that can be compared are as in their sources."


def test_effects_of_which_none_is_clear():
    rows = pd.DataFrame({"study": ["A", "B"], "ci_low": [-0.1, -0.2], "ci_high": [0.1, 0.2], "clear": False})
    assert effects.clear(rows) == "None of 2 effects can be told from zero."
    assert (
        effects.clear(rows.assign(ci_low=0.01))
        == "Each taken alone, 2 of 2 effects are clearly other than zero: 2 above it."
    )
    assert effects.clear_by_study(rows) == "No effect in A and B is clear of chance."
    assert (
        effects.clear_by_study(rows.assign(clear=[False, True]))
        == "All effects in B are clear of chance; in A none is."
    )


def test_shares_of_many_places_are_told_by_their_ends_and_bounds_do_not_count():
    rows = pd.DataFrame(
        {
            "statistic": "never",
            "state": "moments",
            "share": [0.0, 0.4, NOTHING, 0.5],
            "least": [NOTHING, False, False, True],
        }
    )
    what, whom = "of teachers never watch a colleague teach and give feedback", "It depends on who is asked, and where."
    assert real_records.headline(rows) == f"In records, 0 to 40% {what}. {whom}"
    papers = rows.tail(3).assign(state="published")
    assert real_records.headline(papers.iloc[[0]]) == f"In papers, 40% {what}."
    assert real_records.headline(pd.concat([rows, papers])) == f"In records, 0 to 40% {what}; in papers, 40%. {whom}"
    monthly = rows.assign(statistic="monthly", share=0.9)
    assert real_records.headline(pd.concat([rows, monthly])) == real_records.headline(rows)
