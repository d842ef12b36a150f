"""Weighted means and their errors: published answers, formulas written out, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.estimate.survey_means import Design, means


def sample(seed, n=60, m=3, replicates=8, gaps=0.2):
    """Values of 0, 1 and nothing, positive weights, and clusters of unequal size."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, (n, m)).astype(float)
    values[rng.random((n, m)) < gaps] = np.nan
    weights = rng.uniform(0.5, 9, (n, 1)) * rng.choice([0.5, 1.5], (n, 1 + replicates))
    return values, weights, rng.integers(0, 12, n)


def among(clusters, n_clusters=12):
    """A design of so many clusters in one stratum."""
    return Design(clusters, np.zeros(n_clusters, dtype=int))


SEEDS = given(st.integers(0, 2**32 - 1))


# Published answers


@pytest.mark.parametrize(
    ("file", "share", "std_error", "centred_on_replicates", "n"),
    [
        ("BTGITAT3", 73.89046115, 3.753801123, 3.75259971, 164),
        ("BTGMEXT3", 81.89833761, 3.996205711, 3.995579288, 96),
    ],
)
def test_classroom_practice_in_talis(shared, file, share, std_error, centred_on_replicates, n):
    """TT3G23O = 2 in the OECD's demonstration sample."""
    import pyreadstat

    frame, _ = pyreadstat.read_sav(shared / "data" / "talis" / f"{file}.sav")
    values = (frame["TT3G23O"] == 2).where(frame["TT3G23O"].notna()).to_numpy(float)[:, None]
    weights = frame[["TCHWGT", *(f"TRWGT{r}" for r in range(1, 101))]].to_numpy()
    found = means(values, weights, fay=0.5)
    assert 100 * found.estimate[0] == pytest.approx(share, rel=1e-9)
    assert 100 * found.std_error[0] == pytest.approx(std_error, rel=1e-9)
    assert 100 * found.std_error[0] != pytest.approx(centred_on_replicates, rel=1e-5)
    assert found.n.tolist() == [n]


# Formulas written out, one number at a time


def written_out(values, weights, fay):
    """Estimate and variance of one column, as the formula reads."""
    known = ~np.isnan(values)
    share = [np.average(values[known], weights=w[known]) for w in weights.T]
    squares = sum((t - share[0]) ** 2 for t in share[1:])
    return share[0], squares / ((len(share) - 1) * (1 - fay) ** 2)


@pytest.mark.parametrize("fay", [0.0, 0.3, 0.5])
def test_replicates_as_the_formula_reads(fay):
    values, weights, _ = sample(1)
    found = means(values, weights, fay)
    for column in range(3):
        estimate, variance = written_out(values[:, column], weights, fay)
        assert found.estimate[column] == pytest.approx(estimate, rel=1e-12)
        assert found.std_error[column] ** 2 == pytest.approx(variance, rel=1e-12)
    assert found.n.tolist() == (~np.isnan(values)).sum(axis=0).tolist()


def test_means_of_other_numbers():
    values, weights, _ = sample(2)
    once, other = means(values, weights, 0.5), means(7 + 40 * values, weights, 0.5)
    assert other.estimate == pytest.approx(7 + 40 * once.estimate, rel=1e-12)
    assert other.std_error == pytest.approx(40 * once.std_error, rel=1e-12)


def test_without_weights_a_share_has_the_error_of_the_textbook():
    """sqrt(p (1 - p) / (n - 1)): equal weights, respondents drawn one by one."""
    values = np.repeat([0.0, 1.0], [30, 12])[:, None]
    p, n = 12 / 42, 42
    found = means(values, np.full((n, 1), 2.5))
    assert found.estimate[0] == pytest.approx(p, rel=1e-14)
    assert found.std_error[0] == pytest.approx(np.sqrt(p * (1 - p) / (n - 1)), rel=1e-12)


def test_equal_clusters_have_the_error_of_a_mean_of_cluster_means():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(15, 8))
    found = means(values.reshape(-1, 1), np.ones((120, 1)), 0.0, among(np.repeat(np.arange(15), 8), 15))
    expected = values.mean(axis=1).std(ddof=1) / np.sqrt(15)
    assert found.std_error[0] == pytest.approx(expected, rel=1e-12)


def test_a_part_of_a_sample_has_the_variance_of_a_domain():
    """Leaving rows out and giving them no value are the same."""
    values, weights, clusters = sample(4)
    rows = np.arange(60) % 3 == 0
    part = means(values[rows], weights[rows, :1], 0.0, among(clusters[rows]))
    blank = np.where(rows[:, None], values, np.nan)
    whole = means(blank, weights[:, :1], 0.0, among(clusters))
    assert part.estimate == pytest.approx(whole.estimate, rel=1e-12)
    assert part.std_error == pytest.approx(whole.std_error, rel=1e-12)


# Two means of one sample


@pytest.mark.parametrize("replicates", [0, 8])
def test_the_error_of_a_difference_knows_what_both_have_in_common(replicates):
    values, weights, clusters = sample(5, replicates=replicates)
    one = np.arange(60) < 25
    parts = [means(values[rows], weights[rows], 0.5, among(clusters[rows])) for rows in (one, ~one, one)]
    estimate, error, _ = parts[0].minus(parts[1])
    assert estimate == pytest.approx(parts[0].estimate - parts[1].estimate)
    covariance = np.einsum("mk,mk->m", parts[0].deviations, parts[1].deviations)
    variances = parts[0].std_error ** 2 + parts[1].std_error ** 2
    assert error**2 == pytest.approx(variances - 2 * covariance, rel=1e-10)
    assert (np.abs(covariance) > 1e-4 * variances).all()
    assert parts[0].minus(parts[2])[1].tolist() == [0, 0, 0]


def test_the_difference_of_replicates_as_the_formula_reads():
    values, weights, _ = sample(6, gaps=0)
    one = np.arange(60) < 25
    parts = [means(values[rows], weights[rows], 0.5) for rows in (one, ~one)]
    shares = [np.array([np.average(values[rows, 0], weights=w[rows]) for w in weights.T]) for rows in (one, ~one)]
    apart = shares[0] - shares[1]
    expected = np.sqrt(((apart[1:] - apart[0]) ** 2).sum() / (8 * 0.25))
    assert parts[0].minus(parts[1])[1][0] == pytest.approx(expected, rel=1e-12)


# What must not matter


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(1e-6, 1e6), linear=st.booleans())
def test_only_the_proportions_of_weights_matter(seed, factor, linear):
    values, weights, clusters = sample(seed, replicates=0 if linear else 8)
    arguments = (0.5, among(clusters))
    once, scaled = means(values, weights, *arguments), means(values, factor * weights, *arguments)
    assert scaled.estimate == pytest.approx(once.estimate, rel=1e-10)
    assert scaled.std_error == pytest.approx(once.std_error, rel=1e-10)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), linear=st.booleans())
def test_the_order_of_rows_replicates_and_clusters_does_not_matter(seed, linear):
    values, weights, clusters = sample(seed, replicates=0 if linear else 8)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(values)), rng.permutation(12)
    replicates = [0, *(1 + rng.permutation(weights.shape[1] - 1))]
    once = means(values, weights, 0.5, among(clusters))
    mixed = means(values[rows], weights[rows][:, replicates], 0.5, among(names[clusters][rows]))
    assert mixed.estimate == pytest.approx(once.estimate, rel=1e-12)
    assert mixed.std_error == pytest.approx(once.std_error, rel=1e-10)
    assert mixed.n.tolist() == once.n.tolist()


@settings(max_examples=30)
@SEEDS
def test_a_share_and_its_complement_have_the_same_error(seed):
    values, weights, _ = sample(seed)
    once, other = means(values, weights, 0.5), means(1 - values, weights, 0.5)
    assert other.estimate == pytest.approx(1 - once.estimate, abs=1e-13)
    assert other.std_error == pytest.approx(once.std_error, rel=1e-9, abs=1e-14)


@settings(max_examples=30)
@SEEDS
def test_a_column_does_not_touch_the_others(seed):
    values, weights, _ = sample(seed)
    together = means(values, weights, 0.5)
    for column in range(values.shape[1]):
        alone = means(values[:, [column]], weights, 0.5)
        assert alone.estimate[0] == pytest.approx(together.estimate[column], rel=1e-12)
        assert alone.std_error[0] == pytest.approx(together.std_error[column], rel=1e-10)


# What cannot be estimated


def test_nobody_has_a_value():
    values, weights, clusters = sample(7)
    values[:, 1] = np.nan
    for given_weights in (weights, weights[:, :1]):
        found = means(values, given_weights, 0.5, among(clusters))
        assert np.isnan(found.estimate).tolist() == [False, True, False]
        assert np.isnan(found.std_error).tolist() == [False, True, False]
        assert found.n[1] == 0
        assert np.isnan(means(values[:0], given_weights[:0], 0.5, among(clusters[:0])).estimate).all()


def test_a_replicate_that_weighs_nobody_leaves_no_error():
    values, weights, _ = sample(8)
    values[30:, 0] = np.nan
    weights[:30, 4] = 0
    found = means(values, weights)
    assert not np.isnan(found.estimate).any()
    assert np.isnan(found.std_error).tolist() == [True, False, False]


def test_one_cluster_leaves_no_error():
    values, weights, _ = sample(9)
    found = means(values, weights[:, :1], 0.0, among(np.zeros(60, int), 1))
    assert np.isnan(found.std_error).all()
    assert not np.isnan(found.estimate).any()


@pytest.mark.parametrize("fay", [-0.1, 1.0, 1.5, np.nan])
def test_no_such_factor(fay):
    values, weights, _ = sample(10)
    with pytest.raises(ValueError, match="Fay's factor"):
        means(values, weights, fay)


@pytest.mark.parametrize(("column", "weight"), [(0, np.nan), (3, np.nan), (3, np.inf), (0, -1.0)])
def test_no_such_weight(column, weight):
    values, weights, _ = sample(11)
    weights[5, column] = weight
    with pytest.raises(ValueError, match="weights must be finite"):
        means(values, weights, 0.5)
