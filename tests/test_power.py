"""Power and sample sizes: other packages' noncentral t, brute force, and a small simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.power import TTestPower

from helpers.estimate import fixed_effects, moments, power

SHOCK, RESIDUAL = 0.13, 0.95


@given(
    effect=st.floats(0.02, 1.0),
    std_error=st.floats(0.02, 0.5),
    df=st.integers(1, 400),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
)
@settings(max_examples=80, deadline=None)
def test_power_is_that_of_the_noncentral_t(effect, std_error, df, alpha):
    edge, shift = stats.t.ppf(1 - alpha / 2, df), effect / std_error

    def beyond(spread):
        """Share of tests that reject, given how the estimated standard error strays from the true one."""
        inside = stats.norm.cdf(edge * spread - shift) - stats.norm.cdf(-edge * spread - shift)
        return (1 - inside) * stats.chi.pdf(spread * np.sqrt(df), df) * np.sqrt(df)

    around = [shift / edge, 1.0]
    expected = integrate.quad(beyond, 0, 60, points=around, limit=500, epsabs=1e-10)[0]
    found = power.power(effect, std_error, df, alpha)
    assert found == pytest.approx(expected, abs=1e-7)  # not NaN
    assert power.power(-effect, std_error, df, alpha) == found


@pytest.mark.parametrize("n", [5, 20, 90])
def test_power_against_statsmodels(n):
    # A test of one mean of n has the standard error 1 / sqrt(n) and n - 1 degrees of freedom.
    expected = TTestPower().power(0.4, n, 0.05, alternative="two-sided")
    found = power.power(0.4, 1 / np.sqrt(n), n - 1)
    assert found == pytest.approx(expected, abs=1e-9)


def test_without_an_effect_the_power_is_alpha():
    assert power.power(0.0, 0.1, 12, 0.05) == pytest.approx(0.05, abs=1e-12)


@given(
    effect=st.floats(0.04, 0.8),
    students=st.floats(2, 500),
    target=st.sampled_from([0.5, 0.8, 0.9]),
)
@settings(max_examples=60, deadline=None)
def test_schools_needed_is_the_fewest_that_do(effect, students, target):
    def reached(schools):
        error = power.year_effect_se(schools, students, SHOCK, RESIDUAL)
        return power.power(effect, error, schools - 1) >= target

    needed = power.schools_needed(effect, students, SHOCK, RESIDUAL, target=target)
    assert reached(needed)
    assert needed == 2 or not reached(needed - 1)


def test_effects_that_nobody_can_miss_still_need_two_schools():
    assert power.power(20.0, 1.0, 10, 0.01) == pytest.approx(1, abs=1e-12)
    assert power.schools_needed(5.0, 100, SHOCK, RESIDUAL) == 2


def test_more_students_or_larger_effects_need_fewer_schools():
    by_students = [power.schools_needed(0.1, n, SHOCK, RESIDUAL) for n in (5, 20, 80, 500, 5000)]
    by_effect = [power.schools_needed(e, 25, SHOCK, RESIDUAL) for e in (0.05, 0.1, 0.2, 0.4)]
    assert by_students == sorted(by_students, reverse=True)
    assert by_effect == sorted(by_effect, reverse=True)
    # Students never make up for schools: without any chance of who answered the shocks remain.
    assert by_students[-1] >= power.schools_needed(0.1, 1e12, SHOCK, RESIDUAL) > 20


def test_standard_error_is_the_spread_of_simulated_estimates():
    schools, students, times = 12, 15, 600
    rng = np.random.default_rng(3)
    means = rng.normal(0, SHOCK, (times, schools, 2)) + rng.normal(
        0, RESIDUAL, (times, schools, 2, students)
    ).mean(axis=3)
    spread = (means[:, :, 1] - means[:, :, 0]).mean(axis=1).std(ddof=1)
    formula = power.year_effect_se(schools, students, SHOCK, RESIDUAL)
    # The standard error of a standard deviation of normal numbers is sd / sqrt(2 (times - 1)).
    assert spread == pytest.approx(formula, abs=4 * formula / np.sqrt(2 * (times - 1)))


def test_the_model_estimates_that_standard_error():
    # Many schools of equal size, so that one estimated standard error is close to the formula.
    import pandas as pd

    schools, students = 1500, 10
    rng = np.random.default_rng(5)
    school = np.repeat(np.arange(schools), 2 * students)
    year = np.tile(np.repeat([0, 1], students), schools)
    shocks = rng.normal(0, SHOCK, (schools, 2))[school, year]
    y = rng.normal(0, 0.3, schools)[school] + shocks + rng.normal(0, RESIDUAL, len(school))
    frame = pd.DataFrame({"school": school, "year": year, "y": y})
    sums = moments.compute(frame, moments.Model("y", "school", "year", "0"))
    found = fixed_effects.fit(fixed_effects.within(sums)).table()["std_error"].item()
    formula = power.year_effect_se(schools, students, SHOCK, RESIDUAL)
    assert found == pytest.approx(formula, abs=4 * formula / np.sqrt(2 * schools))
