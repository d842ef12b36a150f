"""Studies in which one thing is wrong: made as they say, tested as own data are, and told as they came out."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from helpers.estimate import fixed_effects, moments, panels
from helpers.notebook.markup import markdown
from helpers.simulate import violations
from helpers.simulate.violations import World
from helpers.study import what_breaks

AFTER = np.array([False, False, True, True])


def large(**wrong):
    """One study so large that chance is small: its estimate and standard error."""
    data, _ = violations.study(World(schools=3000, treated=0, **wrong), 0.2, np.random.default_rng(4))
    row = fixed_effects.fit(data, "CR2").table().iloc[-1]
    return row["estimate"], row["std_error"]


def test_cross_products_of_cells_are_those_of_their_records():
    rng = np.random.default_rng(3)
    counts = rng.integers(1, 6, (7, 4))
    school, wave = (np.repeat(place.ravel(), counts.ravel()) for place in np.indices(counts.shape))
    treated = np.arange(7) < 3
    frame = pd.DataFrame({"school": school, "year": wave, "y": rng.normal(size=len(school))})
    frame["effect"] = (treated[school] & AFTER[wave]).astype(float)
    sums = frame.pivot_table("y", "school", "year", aggfunc="sum").to_numpy()
    ours, _ = violations.cross_products(counts.astype(float), sums, treated, AFTER)
    model = moments.Model("y", "school", "year", baseline="0", controls=("effect",))
    theirs = fixed_effects.within(moments.compute(frame, model))
    for kind in ("CRV1", "CR2"):
        one, other = (fixed_effects.fit(data, kind) for data in (ours, theirs))
        place = other.terms.index("effect")
        assert one.estimate[-1] == pytest.approx(other.estimate[place], rel=1e-9)
        assert one.covariance[-1, -1] == pytest.approx(other.covariance[place, place], rel=1e-9)
        assert one.df[-1] == pytest.approx(other.df[place], rel=1e-9)


def test_shocks_have_their_spread_in_every_wave_and_their_correlation():
    found = violations._shocks(World(schools=40_000, serial=0.5), np.random.default_rng(1))
    assert found.std(axis=0) == pytest.approx(np.full(4, violations.SHOCK_SD), rel=0.02)
    seen = np.corrcoef(found.T)
    assert [seen[0, 1], seen[2, 3], seen[0, 2]] == pytest.approx([0.5, 0.5, 0.25], abs=0.02)


def test_without_anything_wrong_the_effect_is_found_whatever_the_sizes():
    for wrong in ({}, {"unequal": 1.0}, {"serial": 0.5}):
        estimate, error = large(**wrong)
        assert estimate == pytest.approx(0.2, abs=4 * error)


def test_an_item_that_moves_adds_what_the_scale_moves_by():
    estimate, error = large(drift=0.1)
    assert error < 0.02
    assert estimate == pytest.approx(0.3, abs=4 * error)


def test_who_answers_moves_the_mean_as_the_chance_to_answer_says():
    spread = np.sqrt(1 + violations.SHOCK_SD**2)
    density = stats.norm(0.2, spread).pdf

    def answering(y):
        return special.expit(1 + 0.5 * y) * density(y)

    above, all_ = integrate.quad(lambda y: y * answering(y), -9, 9)[0], integrate.quad(answering, -9, 9)[0]
    estimate, error = large(missing=0.5)
    # A school that strays upwards has more answers, too, which within schools moves the mean by a little.
    assert estimate == pytest.approx(above / all_, abs=4 * error + 0.01)
    assert above / all_ > 0.2 + 5 * error


def test_p_values_are_those_of_tables_of_own_data():
    world = World(schools=9, treated=3, unequal=0.5)
    data, treatment = violations.study(world, 0.0, np.random.default_rng(6))
    found = violations.p_values(data, 0.0, treatment, violations.INFERENCES, seed=1, draws=9_999)
    for kind in violations.INFERENCES:
        row = panels.table(data, kind, treatment=treatment).iloc[-1]
        assert found[kind] == pytest.approx(row["p_value"], rel=1e-9), kind
        assert found["estimate"] == pytest.approx(row["estimate"])


def test_a_hypothesis_about_a_planted_effect_is_one_about_none():
    none, some = (violations.replicate(World(), truth, 3, 4) for truth in (0.0, 0.7))
    assert some["estimate"].to_numpy() == pytest.approx(none["estimate"] + 0.7)
    for kind in violations.INFERENCES:
        assert some[kind].to_numpy() == pytest.approx(none[kind], rel=1e-6), kind
    assert none["permutation"].nunique() > 1


def test_without_treated_schools_there_is_nothing_to_permute():
    found = violations.replicate(World(treated=0), 0.0, 3, 2)
    assert found["permutation"].isna().all()
    assert found["CR2"].notna().all()
    rates = violations._rates(found, found).set_index("inference")
    assert rates.loc["permutation", ["level", "coverage"]].isna().all()


def test_level_coverage_and_bias_count_studies():
    p = pd.DataFrame({kind: [0.05, 0.051, 0.5, 0.9] for kind in violations.INFERENCES})
    none, some = p.assign(estimate=0.0), p.assign(estimate=[0.3, 0.2, 0.3, 0.4], CR2=[0.01, 0.02, 0.5, 0.5])
    rows = violations._rates(none, some).set_index("inference")
    assert rows["level"].tolist() == [0.25] * 4
    assert rows["coverage"].to_dict() == {"CRV1": 0.75, "CR2": 0.5, "bootstrap": 0.75, "permutation": 0.75}
    assert rows["bias"].tolist() == pytest.approx([0.1] * 4)
    # Wilson's interval of 1 in 4, as published tables have it.
    assert rows.loc["CRV1", ["level_low", "level_high"]].tolist() == pytest.approx([0.0456, 0.6994], abs=1e-4)
    assert rows.loc["CRV1", ["coverage_low", "coverage_high"]].tolist() == pytest.approx([0.3006, 0.9544], abs=1e-4)


def world(name, levels, coverages, bias=0.0):
    rows = pd.DataFrame({"inference": violations.INFERENCES, "level": levels, "coverage": coverages})
    return rows.assign(
        world=name, level_low=rows["level"] - 0.02, coverage_low=rows["coverage"] - 0.02, bias=bias, bias_se=0.01
    )


def test_worlds_are_told_by_what_mends_them():
    rows = pd.concat([
        world("all well", [0.06, 0.06, 0.06, 0.06], [0.94, 0.95, 0.95, 0.95]),
        world("few", [0.25, 0.1, 0.05, 0.05], [0.75, 0.9, 0.95, 0.95]),
        world("uncompared", [0.2, 0.05, 0.05, np.nan], [0.8, 0.95, 0.95, np.nan]),
        world("shared", [0.2, 0.2, 0.2, 0.2], [0.8, 0.8, 0.8, 0.8]),
        world("silent", [1.0, 0.996, 1.0, np.nan], [0.0, 0.004, 0.0, np.nan], bias=-0.125),
    ])  # fmt: skip
    found = what_breaks.judged(rows).set_index("world")
    assert found["verdict"].to_dict() == {
        "all well": "holds", "few": "mended", "uncompared": "mended", "shared": "broken", "silent": "broken",
    }  # fmt: skip
    assert found["default"].to_dict() == {
        "all well": "permutation", "few": "permutation", "uncompared": "CR2", "shared": "permutation", "silent": "CR2",
    }  # fmt: skip
    lines = [markdown(line) for line in what_breaks.told(found.reset_index())]
    assert len(lines) == 5
    assert lines[0] == (
        "**Few.** With the usual clustered errors, intervals that should hold the truth 95 times in 100 hold it 75 times. A test "
        "finds an effect that is not there 25 times in 100, instead of 5 times. With permutation of schools it is 95 times and 5 times."
    )
    assert lines[1].endswith("With errors made for few clusters it is 95 times and 5 times.")
    assert lines[2].endswith(
        "Intervals hold the truth 80 times in 100, and a test finds what is not there 20 times in 100."
    )
    # Neither never nor always, and the side of a bias is told.
    assert (
        "hold the truth less than once in 100, and a test finds what is not there more than 99 times in 100."
        in lines[3]
    )
    assert lines[3].endswith("too low by 0.12 standard deviations, and no interval knows.")
    assert lines[4] == "All do what they say, as far as so many studies can tell: all well."


def test_intervals_that_hold_the_truth_too_often_are_told():
    rows = world("few treated", [0.06, 0.06, 0.06, 0.02], [0.94, 0.95, 0.95, 0.98])
    (line,) = what_breaks.told(what_breaks.judged(rows))
    assert "hold the truth 98 times in 100, more often than they promise" in line


def test_nothing_is_said_of_worlds_that_there_are_none_of():
    rows = world("few", [0.25, 0.1, 0.05, 0.05], [0.75, 0.9, 0.95, 0.95])
    assert not any("All do what they say" in line for line in what_breaks.told(what_breaks.judged(rows)))


def drawn_worlds():
    """Of the worlds of the notebook: one that no inference mends, one that one does, one that holds."""
    names = list(what_breaks.FAULTS)
    return pd.concat([
        world(names[0], [0.05] * 4, [0.95] * 4), world(names[5], [0.2] * 4, [0.8] * 4),
        world(names[6], [0.3, 0.3, 0.3, np.nan], [0.7, 0.7, 0.7, np.nan]), world(names[2], [0.25, 0.1, 0.05, 0.05], [0.75, 0.9, 0.95, 0.95]),
    ]).assign(coverage_low=0.0, coverage_high=1.0)  # fmt: skip


def test_faults_are_drawn_by_what_mends_them_the_worst_first_after_the_world_without_one():
    rows = drawn_worlds()
    shown = what_breaks.drawn(rows, what_breaks.judged(rows))
    assert shown["world"].unique().tolist() == [list(what_breaks.FAULTS)[place] for place in (0, 6, 5, 2)]
    headings = ["To compare with", *list(what_breaks.VERDICTS.values())[:2]]
    assert shown["group"].unique().tolist() == headings
    assert shown["inference"].tolist() == ["CRV1", "permutation", "CRV1", "CR2", *["CRV1", "permutation"] * 2]
    assert shown["share"].tolist() == [0.95, 0.95, 0.7, 0.7, 0.8, 0.8, 0.75, 0.95]


def test_the_headline_counts_faults_and_not_the_world_without_one():
    found = what_breaks.judged(drawn_worlds())
    assert what_breaks.headline(found) == (
        "The usual margin of error fails in 3 of 3 flawed, made-up designs; one made for few schools rescues 1 of them."
    )
    broken = what_breaks.headline(found[found["verdict"] != "mended"])
    assert broken.endswith("fails in 2 of 2 flawed, made-up designs; one made for few schools rescues none of them.")
    well = found.assign(verdict="holds")
    assert what_breaks.headline(well) == "The usual margin of error works in all 3 flawed, made-up designs."


def test_every_world_has_words_for_a_figure():
    assert list(what_breaks.FAULTS) == list(violations.WORLDS)
