"""Ordered answers: means, shares, the limits a scale sets, and what is suppressed."""

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from conftest import write_records
from helpers.estimate import rounding, twogroups
from helpers.estimate import shares as estimate
from helpers.project import InputError
from helpers.read import suppression
from helpers.read.survey import read_answers, read_survey

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


def drawn(seed=6):
    """Answers of teachers in nine schools, with weights and two subjects."""
    rng = np.random.default_rng(seed)
    school = rng.integers(0, 9, 240)
    latent = rng.normal(size=240) + rng.normal(size=9)[school]
    answer = pd.Series(np.digitize(latent, [-1, 0, 1.3]) + 1.0).mask(rng.random(240) < 0.1)
    return pd.DataFrame(
        {
            "q": answer,
            "again": answer,
            "subject": rng.choice(["a", "b"], 240),
            "school": [f"s{number}" for number in school],
            "w": rng.uniform(1, 9, 240).round(3) * (rng.random(240) > 0.05),
        }
    )


@pytest.mark.parametrize("asked", [{"cluster": "school", "weight": "w"}, {"cluster": "school"}, {"weight": "w"}])
def test_clusters_and_weights_are_those_of_a_survey(tmp_path, asked):
    """The same file read as a survey, whose tables are checked beside R's survey package."""
    path = write_records(tmp_path / "mine.csv", drawn())
    said, _, account = read_answers(path, items=["q"], group="subject", low=1, high=4, **asked)
    design = {"school": asked.get("cluster", ""), "weight": asked.get("weight", "")}
    survey = read_survey(path, ["q"], group="subject", means=["again"], frequent=1, **design)
    # Whoever answered nothing is a cluster of the survey, and not of the answers.
    answered = (survey.frame["q"] > 0).to_numpy()
    survey = replace(survey, frame=survey.frame[answered], weights=survey.weights[answered])
    by_group = {"left_on": "group", "right_on": "system"}
    both = twogroups.means(said).merge(estimate.averages(survey), **by_group, suffixes=("", "_2"))
    assert len(both) == 2
    for column in ("estimate", "std_error", "ci_low", "ci_high", "n"):
        assert both[column].to_numpy() == pytest.approx(both[f"{column}_2"].to_numpy(), rel=1e-12)
    if "cluster" in asked:
        assert both["n_groups"].tolist() == both["n_schools"].tolist()
    often = estimate.table(survey).query("statistic == 'often'")
    top = twogroups.shares(said, 1, 4).query("statistic == 4").merge(often, **by_group, suffixes=("", "_2"))
    for column in ("share", "std_error", "ci_low", "ci_high"):
        assert top[column].to_numpy() == pytest.approx(top[f"{column}_2"].to_numpy(), rel=1e-12)
    assert account.used == answered.sum()


def test_an_answer_nobody_gave_has_an_interval_among_clusters_too(tmp_path):
    path = write_records(tmp_path / "mine.csv", drawn())
    said, _, _ = read_answers(path, items=["q"], low=0, high=4, cluster="school", weight="w")
    row = twogroups.shares(said, 0, 4).query("statistic == 0").iloc[0]
    assert (row["share"], row["ci_low"]) == (0, 0)
    assert 1 - 0.025 ** (1 / row["n"]) < row["ci_high"] < 0.05


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"school": "s1"}, ["mine.csv", "column 'school'", "one cluster only ('s1')", "leave `cluster` out"]),
        ({"school": [None, *["s1", "s2"] * 119, "s1"]}, ["column 'school'", "missing", "row 2"]),
        ({"w": [-1, *[1] * 239]}, ["column 'w'", "row 2: '-1'"]),
    ],
)
def test_clusters_and_weights_that_cannot_be_used(tmp_path, change, named):
    path = write_records(tmp_path / "mine.csv", drawn().assign(**change))
    with pytest.raises(InputError) as error:
        read_answers(path, items=["q"], low=1, high=4, cluster="school", weight="w")
    for part in named:
        assert part.lower() in str(error.value).lower()
