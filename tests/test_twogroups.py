"""Two groups: published answers, independent implementations, and the algebra of clustering."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.weightstats import ttost_ind

from helpers.estimate import twogroups
from helpers.project import InputError

# R's data set `sleep`, and what R prints for t.test(extra ~ group, data = sleep).
SLEEP1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def summary(first, second):
    return (
        np.mean(first),
        np.std(first, ddof=1),
        len(first),
        np.mean(second),
        np.std(second, ddof=1),
        len(second),
    )


def test_welch_gives_what_r_prints():
    found = twogroups.welch(*summary(SLEEP1, SLEEP2))
    assert found["t"] == pytest.approx(-1.8608, rel=3e-5)
    assert found["df"] == pytest.approx(17.776, rel=3e-5)
    assert found["p_value"] == pytest.approx(0.07939, rel=1e-4)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((-3.3654832, 0.2054832), rel=1e-6)


@given(
    st.tuples(st.floats(-5, 5), st.floats(0.1, 5), st.integers(3, 80)),
    st.tuples(st.floats(-5, 5), st.floats(0.1, 5), st.integers(3, 80)),
)
def test_welch_agrees_with_scipy(first, second):
    ours = twogroups.welch(*first, *second)
    theirs = stats.ttest_ind_from_stats(*first, *second, equal_var=False)
    assert ours["t"] == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-300)


def test_hedges_g_of_the_textbook():
    # Borenstein, Hedges, Higgins & Rothstein (2009), chapter 4: means 103 and 100, SDs 5.5 and 4.5, 50 each.
    found = twogroups.hedges_g(103, 5.5, 50, 100, 4.5, 50)
    assert found["estimate"] == pytest.approx(0.5924, abs=5e-5)
    # The book has 0.0405 for the variance; Hedges & Olkin's form, which statsmodels uses, is a little wider.
    assert found["std_error"] ** 2 == pytest.approx(0.0405, rel=0.04)
    assert found["std_error"] ** 2 == pytest.approx(0.04 + 0.5924**2 / 2 / (100 - 3.94), rel=1e-4)


@pytest.mark.parametrize("difference", [0.0, 0.3, 0.9])
def test_interval_of_g_is_close_to_the_exact_one(difference):
    n = 49
    found = twogroups.hedges_g(difference, 1, n, 0, 1, n)
    t, root = difference * (n / 2) ** 0.5, (n / 2) ** 0.5

    def limit(p):
        return optimize.brentq(lambda nc: stats.nct.cdf(t, 2 * n - 2, nc) - p, t - 6, t + 6) / root

    assert found["ci_low"] == pytest.approx(limit(0.975), abs=0.015)
    assert found["ci_high"] == pytest.approx(limit(0.025), abs=0.015)


def test_equivalence_bound_is_where_two_one_sided_tests_turn():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.2, 1, 40), rng.normal(0, 1.4, 55)
    numbers = summary(first, second)
    interval = twogroups.welch(*numbers, level=0.90)
    bound = max(abs(interval["ci_low"]), abs(interval["ci_high"]))
    assert ttost_ind(first, second, -bound, bound, usevar="unequal")[0] == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize("icc", [0.0, 0.05, 0.3])
def test_clustering_factors_are_exact_under_a_random_intercept(icc):
    # Two groups of m teachers in each of 22 schools: the variance of the difference, from the covariance matrix.
    schools, m = 22, 3
    n = schools * m
    school = np.repeat(np.arange(schools), m)
    weights = np.concatenate([np.full(n, 1 / n), np.full(n, -1 / n)])
    naive = 2 / n

    def variance(labels):
        covariance = icc * (labels[:, None] == labels[None, :]) + (1 - icc) * np.eye(2 * n)
        return weights @ covariance @ weights

    shared, apart = twogroups.clustering_factors(icc, m)
    assert shared**2 == pytest.approx(variance(np.concatenate([school, school])) / naive, rel=1e-10)
    assert apart**2 == pytest.approx(variance(np.concatenate([school, school + schools])) / naive, rel=1e-10)


def test_clustered_errors_equal_the_sandwich_written_out():
    rng = np.random.default_rng(2)
    cluster = rng.integers(0, 12, 150)
    first = pd.Series(rng.random(150) < 0.4)
    values = pd.Series(rng.normal(size=150) + 0.5 * cluster / 12 + 0.3 * first)
    found = twogroups.clustered(values, first, pd.Series(cluster), "CRV1")
    x = np.column_stack([np.ones(150), first.astype(float)])
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ values
    scores = np.array([x[cluster == g].T @ (values - x @ beta)[cluster == g] for g in np.unique(cluster)])
    g, n = len(scores), 150
    covariance = g / (g - 1) * (n - 1) / (n - 2) * bread @ scores.T @ scores @ bread
    assert found["estimate"] == pytest.approx(beta[1], rel=1e-12)
    assert found["std_error"] == pytest.approx(covariance[1, 1] ** 0.5, rel=1e-10)
    assert found["df"] == g - 1
    assert found["n_groups"] == g


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_clusters_of_one_teacher_give_welch(share):
    """CR2 with its degrees of freedom is then Welch's test (but for Satterthwaite's working variance)."""
    rng = np.random.default_rng(3)
    values, first = pd.Series(rng.normal(size=80)), pd.Series(np.arange(80) < 80 * share)
    single = twogroups.clustered(values, first, pd.Series(range(80)), "CR2")
    summary = twogroups.summarise(values, first)
    assert single["std_error"] == pytest.approx(twogroups.welch(*summary)["std_error"], rel=1e-10)
    n1, n2 = summary[2], summary[5]
    working = twogroups.welch_df(1, 1, n1, n2)
    assert single["df"] == pytest.approx(working, rel=1e-10)


def test_one_cluster_is_refused():
    with pytest.raises(InputError, match="only one cluster"):
        twogroups.clustered(pd.Series([1.0, 2, 3]), pd.Series([True, False, True]), pd.Series(["a"] * 3))
