"""What a study can see: others' formulas, other packages' power, brute force, and simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.proportion import proportion_confint

from helpers.estimate import fixed_effects, moments, power
from helpers.estimate.power import Design
from helpers.project import InputError
from helpers.simulate import rating_scale

SHOCK, RESIDUAL = 0.13, 0.95
SHARES = st.floats(0, 0.95)
DESIGNS = st.builds(
    Design,
    schools=st.integers(2, 80),
    teachers=st.integers(2, 60),
    waves=st.integers(2, 5),
    icc=st.floats(0.01, 0.9),
    stability=SHARES,
    persistence=SHARES,
    attrition=st.floats(0, 0.5),
    asked=st.sampled_from(list(power.KINDS)),
)


@given(
    effect=st.floats(0.02, 1.0),
    std_error=st.floats(0.02, 0.5),
    df=st.integers(1, 400),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
)
@example(effect=0.59375, std_error=0.19140625, df=295, alpha=0.01)
@settings(max_examples=80)
def test_power_is_that_of_the_noncentral_t(effect, std_error, df, alpha):
    edge, shift = stats.t.ppf(1 - alpha / 2, df), effect / std_error

    def beyond(spread):
        """Share of tests that reject, given how the estimated standard error strays from the true one."""
        inside = stats.norm.cdf(edge * spread - shift) - stats.norm.cdf(-edge * spread - shift)
        return (1 - inside) * stats.chi.pdf(spread * np.sqrt(df), df) * np.sqrt(df)

    # Where the spread can be at all, and in pieces: a narrow peak on a wide range would be missed.
    ends = np.array([stats.chi.ppf(1e-15, df), stats.chi.isf(1e-15, df)]) / np.sqrt(df)
    around = np.clip([shift / edge, 1.0], *ends)
    expected = integrate.quad(beyond, *ends, points=around, limit=500, epsabs=1e-10)[0]
    found = power.power(effect, std_error, df, alpha)
    assert found == pytest.approx(expected, abs=1e-9)  # not NaN
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
@settings(max_examples=60)
def test_schools_needed_is_the_fewest_that_do(effect, students, target):
    def reached(schools):
        error = power.year_effect_se(schools, students, SHOCK, RESIDUAL)
        return power.power(effect, error, schools - 1) >= target

    needed = power.schools_for_year_effect(effect, students, SHOCK, RESIDUAL, target=target)
    assert reached(needed)
    assert needed == 2 or not reached(needed - 1)


def test_effects_that_nobody_can_miss_still_need_two_schools():
    assert power.power(20.0, 1.0, 10, 0.01) == pytest.approx(1, abs=1e-12)
    assert power.schools_for_year_effect(5.0, 100, SHOCK, RESIDUAL) == 2


def test_more_students_or_larger_effects_need_fewer_schools():
    by_students = [power.schools_for_year_effect(0.1, n, SHOCK, RESIDUAL) for n in (5, 20, 80, 500, 5000)]
    by_effect = [power.schools_for_year_effect(e, 25, SHOCK, RESIDUAL) for e in (0.05, 0.1, 0.2, 0.4)]
    assert by_students == sorted(by_students, reverse=True)
    assert by_effect == sorted(by_effect, reverse=True)
    # Students never make up for schools: without any chance of who answered the shocks remain.
    assert by_students[-1] >= power.schools_for_year_effect(0.1, 1e12, SHOCK, RESIDUAL) > 20


def test_standard_error_is_the_spread_of_simulated_estimates():
    schools, students, times = 12, 15, 600
    rng = np.random.default_rng(3)
    means = rng.normal(0, SHOCK, (times, schools, 2)) + rng.normal(0, RESIDUAL, (times, schools, 2, students)).mean(
        axis=3
    )
    spread = (means[:, :, 1] - means[:, :, 0]).mean(axis=1).std(ddof=1)
    formula = power.year_effect_se(schools, students, SHOCK, RESIDUAL)
    # The standard error of a standard deviation of normal numbers is sd / sqrt(2 (times - 1)).
    assert spread == pytest.approx(formula, abs=4 * formula / np.sqrt(2 * (times - 1)))


def test_the_model_estimates_that_standard_error():
    # Many schools of equal size, so that one estimated standard error is close to the formula.
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


# --- designs of studies of teachers in waves ------------------------------------------------------------------------------


@given(DESIGNS)
def test_two_waves_have_the_variance_of_hooper_and_others(design):
    """Correlation of a cluster's two means as the R package powertools computes it (`crt.means.r`)."""
    design = replace(design, waves=2, attrition=0.0)
    m, icc = design.teachers, design.icc
    sac = design.persistence if design.asked != "new" else 0
    r = (m * icc * design.stability + (1 - icc) * sac) / (1 + (m - 1) * icc)
    variance = (1 + (m - 1) * icc) / m
    expected = np.sqrt(2 * variance * (1 - r) / design.schools)
    assert power.std_error(design) == pytest.approx(expected, rel=1e-9)


def by_hand(design):
    """Covariance of the means of one school, person by person: the model as the docstring states it."""
    people, place = [], np.arange(design.waves)
    for wave in place:
        for slot in range(design.teachers):
            # With an attrition of one half every other teacher goes in each wave.
            gone = next((w for w in place[1:] if slot % 2**w >= 2 ** (w - 1)), None)
            if design.asked == "same" and gone is not None and wave >= gone:
                continue
            name = (slot, wave if design.asked == "new" else 0)
            people.append((wave, name))
    waves = np.array([wave for wave, _ in people])
    same = np.array([[a == b for _, b in people] for _, a in people])
    total = design.icc * np.where(waves[:, None] == waves, 1, design.stability)
    total = total + (1 - design.icc) * same * design.persistence
    total[np.diag_indices(len(people))] = 1
    weight = np.stack([(waves == wave) / (waves == wave).sum() for wave in place])
    return weight @ total @ weight.T


@pytest.mark.parametrize("asked", ["new", "same"])
@pytest.mark.parametrize("waves", [2, 3, 4])
def test_covariance_person_by_person(asked, waves):
    design = Design(9, 8, waves, 0.2, 0.6, 0.7, 0.5 if asked == "same" else 0.0, asked)
    assert power.covariance(design) == pytest.approx(by_hand(design), rel=1e-12)


def test_more_of_what_stays_sees_more_and_loss_sees_less():
    base = Design(27, 20, 3, 0.1, 0.7, 0.6, 0.15)
    seen = power.detectable(base)
    for better in (
        {"stability": 0.9},
        {"persistence": 0.8},
        {"attrition": 0.0},
        {"teachers": 40},
        {"schools": 40},
        {"waves": 5},
    ):
        assert power.detectable(replace(base, **better)) < seen
    for worse in ({"icc": 0.2}, {"asked": "new"}, {"comparison": 27}, {"attrition": 0.4}):
        assert power.detectable(replace(base, **worse)) > seen
    # Schools' own swings remain, however many teachers are asked.
    endless = replace(base, teachers=10**9, waves=2)
    assert power.std_error(endless) == pytest.approx(np.sqrt(2 * 0.1 * 0.3 / 27), rel=1e-6)


@pytest.mark.parametrize("df", [4, 26, 500])
@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_multiple_against_statsmodels(df, target):
    # A test of one mean of n has the standard error 1 / sqrt(n).
    n, found = df + 1, power.multiple(df, target)
    reached = TTestPower().power(found / np.sqrt(n), n, 0.05, alternative="two-sided")
    assert reached == pytest.approx(target, abs=1e-7)


def test_multiple_against_a_table_of_others():
    """Two-tailed, 80 percent: with many degrees of freedom the two normal quantiles, 1.960 + 0.842."""
    assert power.multiple(10**7) == pytest.approx(1.959964 + 0.841621, rel=1e-5)


def test_comparison_schools_are_two_samples():
    design = Design(20, 15, comparison=14)
    alone = power.std_error(replace(design, comparison=0)) * np.sqrt(20)
    effect = power.detectable(design) / alone
    assert TTestIndPower().power(effect, 20, 0.05, 14 / 20) == pytest.approx(0.8, abs=1e-6)


@given(DESIGNS, st.floats(0.05, 0.8), st.sampled_from([0.5, 0.8, 0.9]))
@settings(max_examples=50)
def test_schools_needed_of_a_design_is_the_fewest_that_do(design, effect, target):
    needed = power.schools_needed(design, effect, target)

    def sees(schools):
        return power.detectable(replace(design, schools=schools), target) <= effect + 1e-8

    assert sees(needed)
    assert needed == 2 or not sees(needed - 1)


def test_the_change_a_study_can_just_see_needs_that_study():
    design = Design(27, 20, icc=0.12, attrition=0.2)
    just = power.detectable(design)
    assert power.schools_needed(design, just * 1.0001) == 27
    assert power.schools_needed(design, just * 0.9) > 27
    both = replace(design, comparison=27)
    assert power.schools_needed(both, power.detectable(both) * 1.0001) == 27


@pytest.mark.parametrize("design", [
    Design(27, 12, 2, 0.15, 0.6, 0.5, 0.2, "same"),
    Design(27, 12, 3, 0.05, 0.9, 0.7, 0.3, "all"),
    Design(20, 12, 3, 0.10, 0.5, 0.5, 0.0, "new", comparison=14),
])  # fmt: skip
def test_simulated_studies_stray_as_the_formula_says(design):
    times = 800
    runs = rating_scale.simulate(design, 0.2, times, seed=4)
    error = power.std_error(design)
    # Four standard errors of a standard deviation, of a mean.
    assert runs["estimate"].std(ddof=1) == pytest.approx(error, abs=4 * error / np.sqrt(2 * times))
    assert runs["estimate"].mean() == pytest.approx(0.2, abs=4 * error / np.sqrt(times))
    null = rating_scale.simulate(design, 0.0, times, seed=5)
    assert (null["p_value"] < 0.05).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / times))


def test_the_simulation_analyses_with_the_model_of_real_studies():
    """The same cells as records, by least squares on dummies of the schools (statsmodels)."""
    from statsmodels.regression.linear_model import OLS

    rng = np.random.default_rng(2)
    counts = rng.integers(1, 5, (7, 3)).astype(float)
    means = rng.normal(size=(7, 3))
    treated = np.arange(7) < 4
    fit = fixed_effects.fit(rating_scale._within(counts, counts * means, treated))
    g, w = (np.repeat(place, counts.ravel().astype(int)) for place in np.indices((7, 3)).reshape(2, -1))
    waves = (w[:, None] == [1, 2]).astype(float)
    x = np.hstack([waves, waves * treated[g, None], g[:, None] == np.arange(7)])
    assert fit.estimate == pytest.approx(OLS(means[g, w], x).fit().params[:4], rel=1e-9)


def test_check_has_intervals_around_what_was_found():
    found = rating_scale.check({"a": Design(12, 6)}, times=60, seed=1).iloc[0]
    assert found["spread_low"] < found["spread"] < found["spread_high"]
    assert 0 < found["found_low"] < found["found"] < found["found_high"] < 1
    expected = proportion_confint(round(found["found"] * 60), 60, method="wilson")
    assert (found["found_low"], found["found_high"]) == pytest.approx(expected, rel=1e-9)


def test_variants_change_one_thing():
    design = Design(27, attrition=0.15)
    rows = power.variants(design, power.assumptions(), 3).set_index(["factor", "value"])
    main = power.detectable(design)
    assert rows.loc[("icc", "0.1"), "detectable"] == main
    assert rows.loc[("icc", "0.2"), "detectable"] == power.detectable(replace(design, icc=0.2))
    assert rows.loc[("outcomes tested", "3"), "detectable"] == power.detectable(design, alpha=0.05 / 3)
    assert (rows.groupby("factor")["detectable"].nunique() >= 2).all()


def test_assumptions_of_the_user_take_the_place_of_ours():
    table = power.assumptions()
    found = power.assumed(table, {"schools": 12, "icc": 0.3, "teachers": 9.0})
    assert (found["schools"], found["icc"], found["teachers"]) == (12, 0.3, 9)
    assert isinstance(found["teachers"], int)
    with pytest.raises(InputError, match="no 'iccc'"):
        power.assumed(table, {"iccc": 0.1})
    for part in (27.5, float("inf")):
        with pytest.raises(InputError, match=r"`schools` is .*whole number"):
            power.assumed(table, {"schools": part})


@pytest.mark.parametrize(("wrong", "said"), [
    ({"icc": 1.2}, "`icc` is 1.2"), ({"schools": 1}, "`schools` is 1"), ({"waves": 1}, "`waves` is 1"),
    ({"asked": "some"}, "'some'"), ({"comparison": 1}, "`comparison` is 1"), ({"teachers": 0}, "`teachers`"),
    ({"attrition": 1}, "nobody"), ({"stability": -0.1}, "`stability`"),
])  # fmt: skip
def test_designs_that_cannot_be(wrong, said):
    with pytest.raises(InputError, match=said):
        Design(**({"schools": 27} | wrong))


def test_no_number_of_schools_finds_nothing():
    with pytest.raises(InputError, match="zero"):
        power.schools_needed(Design(27), 0.0)


@pytest.mark.parametrize(("n1", "n2"), [(12, 30), (49, 49), (143, 286), (297, 148.5)])
def test_what_groups_can_detect_has_that_power(n1, n2):
    """By the noncentral t distribution. For the last two sizes statsmodels' own search gives an array."""
    size = power.detectable_difference(n1, n2, 0.05, 0.8)
    df, shift = n1 + n2 - 2, size * (n1 * n2 / (n1 + n2)) ** 0.5
    end = stats.t.ppf(0.975, df)
    found = stats.nct.sf(end, df, shift) + stats.nct.cdf(-end, df, shift)
    assert found == pytest.approx(0.8, abs=1e-5)
    assert isinstance(size, float)
