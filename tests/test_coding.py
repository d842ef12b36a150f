"""Coding matrices: known answers of others, properties, and mistakes that a user can mend."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import write_records
from helpers.estimate import intervals, reliability
from helpers.project import InputError
from helpers.study import leaders


def matrix(*columns):
    return pd.DataFrame({name: values for name, values in zip("abcdef", columns, strict=False)})


def test_alpha_of_krippendorffs_own_examples():
    """Krippendorff (2011), his binary (0.095) and nominal example (0.692) of two observers with nothing missing."""
    first, second = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert reliability.krippendorff_alpha(first, second) == pytest.approx(0.095, abs=0.0005)
    first, second = list("aabbdcccedda"), list("babbbcccEddd".lower())
    assert reliability.krippendorff_alpha(first, second) == pytest.approx(0.692, abs=0.0005)


binary = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=40)


@given(binary)
def test_alpha_by_its_definition(pairs):
    """Observed over expected disagreement, the expected one over all pairs of different values given."""
    first, second = zip(*pairs, strict=True)
    values = np.array(first + second)
    unlike = [a != b for i, a in enumerate(values) for j, b in enumerate(values) if i != j]
    found = reliability.krippendorff_alpha(first, second)
    if not any(unlike):
        assert np.isnan(found)
    else:
        observed = np.mean([a != b for a, b in pairs])
        assert found == pytest.approx(1 - observed / np.mean(unlike), abs=1e-12)
    assert found == pytest.approx(reliability.krippendorff_alpha(second, first), nan_ok=True)


def test_kappa_of_a_known_table():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, expected 0.5, so 0.4."""
    first = matrix([1] * 25 + [0] * 25)
    second = matrix([1] * 20 + [0] * 5 + [1] * 10 + [0] * 15)
    row = leaders.agreement(first, second).iloc[0]
    assert row["agree"] == pytest.approx(0.7)
    assert row["kappa"] == pytest.approx(0.4)
    assert (row["count_1"], row["count_2"]) == (25, 30)
    assert row["ci_low"] < 0.4 < row["ci_high"]


def test_agreement_where_nothing_can_be_said():
    first = matrix([1] * 12, [1, 0] * 6)
    rows = leaders.agreement(first, first).set_index("code")
    assert rows.loc["a", ["kappa", "alpha"]].isna().all()
    assert "one value" in rows.loc["a", "note"]
    assert rows.loc["b", "kappa"] == rows.loc["b", "alpha"] == 1
    assert rows.loc["b", ["ci_low", "ci_high"]].isna().all()


def test_one_coder_who_never_sees_it():
    """Chance alone explains all agreement: kappa 0, alpha a little below."""
    row = leaders.agreement(matrix([0] * 12), matrix([1] * 4 + [0] * 8)).iloc[0]
    assert row["kappa"] == pytest.approx(0)
    assert row["alpha"] < 0
    assert not row["note"]


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(0, 10, 0, 0.3085), (3, 10, 0.0667, 0.6525), (10, 10, 0.6915, 1)],
)
def test_exact_intervals_as_in_tables(count, n, low, high):
    """Of none of n the upper end is 1 - 0.025^(1/n); the middle row is in every table of exact limits."""
    assert intervals.clopper_pearson(count, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_intervals_mirror_each_other(drawn):
    count, n = drawn
    low, high = intervals.clopper_pearson(count, n)
    assert 0 <= low <= count / n <= high <= 1
    assert (1 - high, 1 - low) == pytest.approx(intervals.clopper_pearson(n - count, n), abs=1e-9)


def test_fishers_tea():
    """Fisher's lady tells 3 of 4 cups: p = 34/70, and R's fisher.test has an odds ratio of 6.408309 from 0.2117329 on.

    R's upper end is loose; the equation for it (the chance of all 4 is 0.975) is solved here.
    """
    cups = matrix([1] * 4 + [0] * 4, [1, 1, 1, 0, 1, 0, 0, 0])
    row = leaders.associations(cups, ["a"], ["b"]).iloc[0]
    assert row[["both", "practice_only", "support_only", "neither"]].tolist() == [3, 1, 1, 3]
    assert row["p_value"] == pytest.approx(34 / 70)
    assert row["p_holm"] == row["p_value"]
    assert row["odds_ratio"] == pytest.approx(6.408309, rel=1e-5)
    assert row["ci_low"] == pytest.approx(0.2117329, rel=1e-4)
    weights = np.array([1, 16, 36, 16, 1]) * row["ci_high"] ** np.arange(5)
    assert weights[4] / weights.sum() == pytest.approx(0.975, rel=1e-9)
    assert row["p_least"] == pytest.approx(2 / 70)


def test_least_p_of_the_sixteen_leaders():
    """Three who do not share, all among seven of mathematics: C(7, 3) of C(16, 3) ways, and none is rarer."""
    assert leaders.least_p(16, 7, 13) == pytest.approx(35 / 560)


def test_holm_counts_every_pair_that_is_tested_and_no_other():
    rng = np.random.default_rng(4)
    columns = [rng.integers(0, 2, 20) for _ in range(4)]
    found = leaders.associations(matrix(*columns, [1] * 20), ["a", "b", "e"], ["c", "d"])
    tested = found.dropna(subset="p_value")
    assert len(tested) == 4
    assert found.loc[found["practice"] == "e", "note"].str.contains("the same for all").all()
    assert found.loc[found["practice"] == "e", "p_holm"].isna().all()
    least = tested["p_value"].idxmin()
    assert tested.loc[least, "p_holm"] == pytest.approx(min(1, 4 * tested.loc[least, "p_value"]))


def test_together_counts_pairs_once_and_codes_on_the_diagonal():
    pairs = leaders.together(matrix([1, 1, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0]))
    counts = {(row.code_1, row.code_2): row.both for row in pairs.itertuples()}
    assert counts == {
        ("a", "a"): 3, ("b", "b"): 2, ("c", "c"): 0, ("a", "b"): 2, ("a", "c"): 0, ("b", "c"): 0,
    }  # fmt: skip


@pytest.fixture
def twice():
    """Twelve leaders, each coded by two."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"wer": np.repeat([f"L{i:02}" for i in range(12)], 2), "von": ["x", "y"] * 12})
    return frame.assign(teilt=rng.integers(0, 2, 24), zeit=rng.integers(0, 2, 24))


READ = {"practices": ["teilt"], "supports": {"zeit": "Zeit"}, "leader": "wer", "coder": "von"}


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav", ".dta"])
def test_two_coders_in_any_order_and_format(tmp_path, twice, ending):
    path = write_records(tmp_path / f"codes{ending}", twice.sample(frac=1, random_state=1))
    found = leaders.read(path, **READ)
    first, second = (twice[twice["von"] == name].set_index("wer")["teilt"].to_numpy() for name in "xy")
    assert found.matrix["teilt"].tolist() == (first & second).tolist()
    assert sorted(part["teilt"].sum() for part in found.coders) == sorted([first.sum(), second.sum()])
    assert (found.practices, found.supports) == (["teilt"], ["Zeit"])
    assert found.matrix.index.equals(pd.RangeIndex(12))  # nothing tells who is who


def test_one_row_a_leader_without_names(tmp_path, twice):
    path = write_records(tmp_path / "codes.csv", twice[twice["von"] == "x"])
    found = leaders.read(path, ["teilt", "zeit"])
    assert found.coders == ()
    assert found.matrix["zeit"].tolist() == twice.loc[twice["von"] == "x", "zeit"].tolist()


BAD = {
    "not 0 or 1": (
        lambda d: d.assign(teilt=2),
        {},
        ["'teilt'", "neither 1 and 0 nor yes and no", "row 2: '2'", "and 21 more"],
    ),
    "perhaps": (lambda d: d.assign(zeit="perhaps"), {}, ["'zeit'", "row 2: 'perhaps'"]),
    "empty cell": (lambda d: d.assign(teilt=[None] + [1] * 23), {}, ["'teilt'", "row 2: empty", "says neither"]),
    "three coders": (lambda d: d.assign(von=["x", "y", "z"] * 8), {}, ["'von'", "3 coders ('x', 'y', 'z')"]),
    "one coder": (lambda d: d.assign(von="x"), {}, ["'von'", "1 coders"]),
    "coded once": (lambda d: d.drop(index=3), {}, ["'wer'", "only one of the two", "row 4: 'L01'"]),
    "twice by the same": (lambda d: pd.concat([d, d.tail(1)]), {}, ["wer + von", "more than once"]),
    "no leader": (lambda d: d.assign(wer=[None] + ["L"] * 23), {}, ["'wer'", "an empty cell"]),
    "missing column": (lambda d: d.drop(columns="zeit"), {}, ["no column 'zeit'"]),
    "few": (lambda d: d.head(18), {}, ["9 leaders", "fewer than 10"]),
    "no rows": (lambda d: d.head(0), {}, ["no rows"]),
    "same leader again": (lambda d: d, {"coder": ""}, ["'wer'", "more than once"]),
    "coder alone": (lambda d: d, {"leader": ""}, ["`coder` needs `leader`"]),
    "nothing named": (lambda d: d, {"practices": []}, ["needs `practices`"]),
    "named twice": (lambda d: d, {"supports": ["teilt"]}, ["'teilt' is named twice"]),
    "same words": (lambda d: d, {"practices": {"teilt": "Zeit"}}, ["the same words"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_mistakes_are_named(tmp_path, twice, mistake):
    spoil, more, named = BAD[mistake]
    path = write_records(tmp_path / "codes.csv", spoil(twice))
    with pytest.raises(InputError) as refused:
        leaders.read(path, **(READ | more))
    for part in named:
        assert part in str(refused.value)


def test_an_empty_file(tmp_path):
    (tmp_path / "codes.csv").write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        leaders.read(tmp_path / "codes.csv", **READ)
