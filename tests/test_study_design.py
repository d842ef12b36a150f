"""What a study can see: others' formula, other packages' power, brute force, and simulation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower, TTestPower

from helpers.estimate import study_design
from helpers.estimate.study_design import Design
from helpers.project import InputError

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
    asked=st.sampled_from(list(study_design.KINDS)),
)


@given(DESIGNS)
@settings(deadline=None)
def test_two_waves_have_the_variance_of_hooper_and_others(design):
    """Correlation of a cluster's two means as the R package powertools computes it (`crt.means.r`)."""
    design = replace(design, waves=2, attrition=0.0)
    m, icc = design.teachers, design.icc
    sac = design.persistence if design.asked != "new" else 0
    r = (m * icc * design.stability + (1 - icc) * sac) / (1 + (m - 1) * icc)
    variance = (1 + (m - 1) * icc) / m
    expected = np.sqrt(2 * variance * (1 - r) / design.schools)
    assert study_design.std_error(design) == pytest.approx(expected, rel=1e-9)


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
    assert study_design.covariance(design) == pytest.approx(by_hand(design), rel=1e-12)


def test_more_of_what_stays_sees_more_and_loss_sees_less():
    base = Design(27, 20, 3, 0.1, 0.7, 0.6, 0.15)
    seen = study_design.detectable(base)
    for better in (
        {"stability": 0.9},
        {"persistence": 0.8},
        {"attrition": 0.0},
        {"teachers": 40},
        {"schools": 40},
        {"waves": 5},
    ):
        assert study_design.detectable(replace(base, **better)) < seen
    for worse in ({"icc": 0.2}, {"asked": "new"}, {"comparison": 27}, {"attrition": 0.4}):
        assert study_design.detectable(replace(base, **worse)) > seen
    # Schools' own swings remain, however many teachers are asked.
    endless = replace(base, teachers=10**9, waves=2)
    assert study_design.std_error(endless) == pytest.approx(np.sqrt(2 * 0.1 * 0.3 / 27), rel=1e-6)


@pytest.mark.parametrize("df", [4, 26, 500])
@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_multiple_against_statsmodels(df, target):
    # A test of one mean of n has the standard error 1 / sqrt(n).
    n, found = df + 1, study_design.multiple(df, target)
    power = TTestPower().power(found / np.sqrt(n), n, 0.05, alternative="two-sided")
    assert power == pytest.approx(target, abs=1e-7)


def test_multiple_against_a_table_of_others():
    """Two-tailed, 80 percent: with many degrees of freedom the two normal quantiles, 1.960 + 0.842."""
    assert study_design.multiple(10**7) == pytest.approx(1.959964 + 0.841621, rel=1e-5)


def test_comparison_schools_are_two_samples():
    design = Design(20, 15, comparison=14)
    alone = study_design.std_error(replace(design, comparison=0)) * np.sqrt(20)
    effect = study_design.detectable(design) / alone
    assert TTestIndPower().power(effect, 20, 0.05, 14 / 20) == pytest.approx(0.8, abs=1e-6)


@given(DESIGNS, st.floats(0.05, 0.8), st.sampled_from([0.5, 0.8, 0.9]))
@settings(max_examples=50, deadline=None)
def test_schools_needed_is_the_fewest_that_do(design, effect, target):
    needed = study_design.schools_needed(design, effect, target)

    def sees(schools):
        return study_design.detectable(replace(design, schools=schools), target) <= effect + 1e-8

    assert sees(needed)
    assert needed == 2 or not sees(needed - 1)


def test_the_change_a_study_can_just_see_needs_that_study():
    design = Design(27, 20, icc=0.12, attrition=0.2)
    just = study_design.detectable(design)
    assert study_design.schools_needed(design, just * 1.0001) == 27
    assert study_design.schools_needed(design, just * 0.9) > 27
    both = replace(design, comparison=27)
    assert study_design.schools_needed(both, study_design.detectable(both) * 1.0001) == 27


@pytest.mark.parametrize("design", [
    Design(27, 12, 2, 0.15, 0.6, 0.5, 0.2, "same"),
    Design(27, 12, 3, 0.05, 0.9, 0.7, 0.3, "all"),
    Design(20, 12, 3, 0.10, 0.5, 0.5, 0.0, "new", comparison=14),
])  # fmt: skip
def test_simulated_studies_stray_as_the_formula_says(design):
    times = 800
    runs = study_design.simulate(design, 0.2, times, seed=4)
    error = study_design.std_error(design)
    # Four standard errors of a standard deviation, of a mean.
    assert runs["estimate"].std(ddof=1) == pytest.approx(error, abs=4 * error / np.sqrt(2 * times))
    assert runs["estimate"].mean() == pytest.approx(0.2, abs=4 * error / np.sqrt(times))
    null = study_design.simulate(design, 0.0, times, seed=5)
    assert (null["p_value"] < 0.05).mean() == pytest.approx(
        0.05, abs=4 * np.sqrt(0.05 * 0.95 / times)
    )


def test_the_simulation_analyses_with_the_model_of_real_studies():
    """The same cells as records, by least squares on dummies of the schools (statsmodels)."""
    from statsmodels.regression.linear_model import OLS

    rng = np.random.default_rng(2)
    counts = rng.integers(1, 5, (7, 3)).astype(float)
    means = rng.normal(size=(7, 3))
    treated = np.arange(7) < 4
    fit = study_design.fixed_effects.fit(study_design._within(counts, counts * means, treated))
    g, w = (
        np.repeat(place, counts.ravel().astype(int)) for place in np.indices((7, 3)).reshape(2, -1)
    )
    waves = (w[:, None] == [1, 2]).astype(float)
    x = np.hstack([waves, waves * treated[g, None], g[:, None] == np.arange(7)])
    assert fit.estimate == pytest.approx(OLS(means[g, w], x).fit().params[:4], rel=1e-9)


def test_check_has_intervals_around_what_was_found():
    found = study_design.check({"a": Design(12, 6)}, times=60, seed=1).iloc[0]
    assert found["spread_low"] < found["spread"] < found["spread_high"]
    assert 0 < found["found_low"] < found["found"] < found["found_high"] < 1
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(round(found["found"] * 60), 60, method="wilson")
    assert (found["found_low"], found["found_high"]) == pytest.approx(expected, rel=1e-9)


def test_variants_change_one_thing():
    design = Design(27, attrition=0.15)
    rows = study_design.variants(design, study_design.assumptions(), 3).set_index(
        ["factor", "value"]
    )
    main = study_design.detectable(design)
    assert rows.loc[("icc", "0.1"), "detectable"] == main
    assert rows.loc[("icc", "0.2"), "detectable"] == study_design.detectable(
        replace(design, icc=0.2)
    )
    assert rows.loc[("outcomes tested", "3"), "detectable"] == study_design.detectable(
        design, alpha=0.05 / 3
    )
    assert (rows.groupby("factor")["detectable"].nunique() >= 2).all()


def test_assumptions_of_the_user_take_the_place_of_ours():
    table = study_design.assumptions()
    found = study_design.assumed(table, {"schools": 12, "icc": 0.3, "teachers": 9.0})
    assert (found["schools"], found["icc"], found["teachers"]) == (12, 0.3, 9)
    assert isinstance(found["teachers"], int)
    with pytest.raises(InputError, match="no 'iccc'"):
        study_design.assumed(table, {"iccc": 0.1})
    for part in (27.5, float("inf")):
        with pytest.raises(InputError, match=r"`schools` is .*whole number"):
            study_design.assumed(table, {"schools": part})


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
        study_design.schools_needed(Design(27), 0.0)
