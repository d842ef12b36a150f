"""The simulated twin: what is planted is what shows, by simulation and by the model's own probabilities."""

import functools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.estimate import fixed_effects, moments, rasch
from helpers.project import ROOT
from helpers.simulate import rating_scale, twin

pytestmark = pytest.mark.slow

YEARS = ("2011-12", "2012-13", "2013-14")
WANTED = pd.DataFrame({"mathematics": [0.1, 0.3], "science": [-0.15, 0.25]})
SMALL = twin.Survey(YEARS, (3000, 3000, 3000), 40, 4)


@functools.cache
def small_study():
    return twin.study("high", SMALL, WANTED, 5)


def scale(subject="mathematics"):
    return rasch.Scale(
        pd.Series(twin.LOCATIONS[subject], index=[f"item {i}" for i in range(1, 6)]),
        np.array(twin.THRESHOLDS),
    )


def measures(drawn, by):
    """Measures of drawn answers on a known scale, looked up by pandas."""
    cells = rasch.cell_of(pd.DataFrame(np.where(drawn < 0, np.nan, drawn)))
    joined = cells.merge(rasch.measure(by, cells), on=["answered", "score"], how="left")
    return joined["measure"].to_numpy()


@settings(max_examples=50)
@given(
    low=st.integers(1, 60_000),
    more=st.integers(0, 20_000),
    years=st.integers(2, 9),
    seed=st.integers(0, 999),
)
def test_respondents_reach_both_ends_of_the_range(low, more, years, seed):
    found = twin.respondents(low, low + more, years, np.random.default_rng(seed))
    assert len(found) == years
    assert (min(found), max(found)) == (low, low + more)
    assert all(type(size) is int for size in found)


@pytest.mark.parametrize("grades", [3, 4])
def test_students_are_as_many_as_asked_and_go_with_their_schools(grades):
    survey = twin.Survey(YEARS, (9000, 8000, 12_000), 60, grades)
    people = twin.students(survey, np.random.default_rng(1))
    assert people["year"].value_counts(sort=False).to_dict() == {0: 9000, 1: 8000, 2: 12_000}
    assert people["school"].between(0, 59).all()
    assert people["grade"].nunique() == grades
    assert people["ethnicity"].nunique() == 4
    assert abs(people["ability"].mean()) < 4 * people["ability"].std() / np.sqrt(len(people))
    # Schools' means spread far more than chance among 480 students would have it.
    for name in ("poverty", "gender", "ability"):
        by_school = people.groupby("school")[name]
        chance = (by_school.var() / by_school.size()).mean()
        assert by_school.mean().var() > 3 * chance
    # Assumed effects are in the trait.
    trait = moments.compute(
        people.astype({"year": str}),
        moments.Model("ability", "school", "year", "0", tuple(twin.CONTROLS), {"gender": "0"}),
    )
    found = fixed_effects.fit(fixed_effects.within(trait)).table().set_index("term")
    for name, effect in {**twin.CONTROLS, "gender: 1": twin.CATEGORIES["gender"][1]}.items():
        assert found.loc[name, "estimate"] == pytest.approx(effect, abs=4 * found.loc[name, "std_error"])


@pytest.mark.parametrize("place", [-1.5, 0.4, 2.0])
def test_answers_come_as_often_as_the_model_says(place):
    n = 40_000
    drawn = rating_scale.answers(scale(), np.full(n, place), np.random.default_rng(6))
    expected = rasch.probabilities(scale(), np.array([place]))[0]
    left_out = (drawn < 0).mean(axis=0)
    assert left_out == pytest.approx(np.full(5, rating_scale.SKIPPED), abs=4 * np.sqrt(rating_scale.SKIPPED / n))
    for item in range(5):
        given_ = drawn[drawn[:, item] >= 0, item]
        shares = np.bincount(given_, minlength=4) / len(given_)
        error = np.sqrt(expected[item] * (1 - expected[item]) / len(given_))
        assert (np.abs(shares - expected[item]) < 4.5 * error).all()


def test_expected_measures_are_the_mean_and_variance_of_simulated_ones():
    n, places = 30_000, np.array([-2.0, 0.0, 1.5])
    mean, variance = rating_scale.expected_measure(scale(), places)
    rng = np.random.default_rng(7)
    for place, m, v in zip(places, mean, variance, strict=True):
        found = measures(rating_scale.answers(scale(), np.full(n, place), rng), scale())
        found = found[~np.isnan(found)]
        assert found.mean() == pytest.approx(m, abs=4 * np.sqrt(v / n))
        spread = (found - found.mean()) ** 2
        assert spread.mean() == pytest.approx(v, abs=4 * spread.std() / np.sqrt(n))


@pytest.mark.parametrize("subject", ["mathematics", "science"])
def test_what_is_planted_shows_as_wanted_in_a_large_sample(subject):
    wanted, n = np.array([0.06, 0.3, -0.2]), 150_000
    survey = twin.Survey(("a", "b"), (n, 10), 600, 3)
    people = twin.students(survey, np.random.default_rng(2)).query("year == 0")
    true = twin._scale(subject)
    planted = rating_scale.plant(people["ability"].to_numpy(), true, wanted, twin.SHOCK_SD)
    rng = np.random.default_rng(3)
    # Everybody gets a shock of his own, and the same luck in all years: so chance hardly matters.
    trait = people["ability"].to_numpy() + rng.normal(0, planted.shock_sd, n)
    assert trait.std() == pytest.approx(planted.latent_sd, rel=0.01)
    first = measures(rating_scale.answers(true, trait, np.random.default_rng(4)), true)
    sd = np.nanstd(first, ddof=1)
    for effect, shift in zip(wanted, planted.effects, strict=True):
        later = measures(rating_scale.answers(true, trait + shift, np.random.default_rng(4)), true)
        change = (later - first)[~np.isnan(first)] / sd
        error = change.std() / np.sqrt(n)
        assert error < 0.002
        assert change.mean() == pytest.approx(effect, abs=4 * error + 0.01 * abs(effect))
    # Shocks are planted so that schools' observed means stray by SHOCK_SD.
    up, down = (
        measures(rating_scale.answers(true, trait + side, np.random.default_rng(4)), true)
        for side in (planted.shock_sd, -planted.shock_sd)
    )
    assert np.nanmean(up - down) / 2 / sd == pytest.approx(twin.SHOCK_SD, rel=0.03)


def test_planted_effects_keep_their_order_and_zero_is_zero():
    ability = np.random.default_rng(1).normal(0, 1.3, 20_000)
    found = rating_scale.plant(ability, scale(), np.array([-0.3, 0.0, 0.05, 0.4]), twin.SHOCK_SD).effects
    assert found[1] == pytest.approx(0, abs=1e-9)
    assert (np.diff(found) > 0).all()


def test_measured_joins_what_rasch_gives_and_calibrates_on_the_records_named():
    rng = np.random.default_rng(8)
    drawn = rating_scale.answers(scale(), rng.normal(0, 1.2, 4000), rng)
    first = np.arange(4000) < 2500
    value, error, found = rating_scale.measured(drawn, first)
    answers = pd.DataFrame(np.where(drawn < 0, np.nan, drawn), columns=found.items.index)
    own = rasch.calibrate(answers[first].reset_index(drop=True))
    assert found.items.to_numpy() == pytest.approx(own.items.to_numpy(), abs=1e-12)
    cells = rasch.cell_of(answers)
    joined = cells.merge(rasch.measure(own, cells), on=["answered", "score"], how="left")
    assert value == pytest.approx(joined["measure"].to_numpy(), abs=1e-9, nan_ok=True)
    assert error == pytest.approx(joined["std_error"].to_numpy(), abs=1e-9, nan_ok=True)


def test_a_study_is_the_same_for_the_same_seed_only():
    survey = twin.Survey(YEARS, (600, 600, 600), 20, 4)
    one, two, other = (twin.study("high", survey, WANTED, seed) for seed in (5, 5, 6))
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, two[name], check_exact=True)
    assert (one["estimates"]["estimate"] != other["estimates"]["estimate"]).all()


def test_a_study_has_all_its_tables():
    columns = {name: set(table) for name, table in small_study().items()}
    key = {"group", "subject"}
    estimate = {
        "term", "estimate", "std_error", "ci_low", "ci_high", "p_value", "n", "n_groups", "n_varying", "df",
    }  # fmt: skip
    assert columns == {
        "measures": key | {"place", "share"},
        "estimates": key | estimate | {"truth", "latent_truth", "latent_estimate"},
        "panels": key | {"records", "n", "n_schools", "reliability", "true_reliability", "residual_sd"},
        "items": key | {"item", "location", "infit", "outfit", "answers", "kind", "planted"},
        "schools": key | {"estimate", "std_error", "shrunken", "truth"},
    }
    for table in small_study().values():
        assert table.columns[:2].tolist() == ["group", "subject"]
        assert table["group"].unique().tolist() == ["high"]
        assert table["subject"].unique().tolist() == ["mathematics", "science"]


def test_a_study_recovers_what_was_planted():
    tables = small_study()
    rows = tables["estimates"]
    assert rows["term"].tolist() == [*YEARS[1:], *YEARS[1:]]
    assert rows["truth"].tolist() == [*WANTED["mathematics"], *WANTED["science"]]
    assert (np.abs(rows["estimate"] - rows["truth"]) < 4 * rows["std_error"]).all()
    # In units of the trait the effect is larger: error of measurement widens the observed scale.
    assert (rows["latent_truth"].abs() > rows["truth"].abs()).all()
    assert (np.abs(rows["latent_estimate"] - rows["latent_truth"]) < 4.5 * rows["std_error"]).all()
    items = tables["items"]
    assert (np.abs(items["location"] - items["planted"]) < 0.15).all()
    panels = tables["panels"]
    assert panels["records"].tolist() == [9000, 9000]
    assert panels["n"].between(8990, 9000).all()
    # What standard errors say of the reliability is a little too modest: they are largest at the ends of the scale.
    assert (panels["true_reliability"] - panels["reliability"]).between(0, 0.08).all()
    # Attenuation is the root of the reliability.
    ratio = (rows["truth"] / rows["latent_truth"]).groupby(rows["subject"]).mean()
    assert ratio.to_numpy() == pytest.approx(np.sqrt(panels["true_reliability"]), abs=0.05)
    schools = tables["schools"]
    assert len(schools) == 80
    for _, part in schools.groupby("subject"):
        assert part["shrunken"].std() < part["estimate"].std()
        error = part["estimate"] - part["truth"]
        assert ((part["shrunken"] - part["truth"]) ** 2).mean() < (error**2).mean()
        assert np.abs(error / part["std_error"]).max() < 4.5
    shares = tables["measures"].groupby("subject")["share"].sum()
    assert shares.to_numpy() == pytest.approx([1, 1], rel=1e-9)


def test_the_effects_of_a_study_are_in_deviations_of_the_whole_baseline_year():
    rng = np.random.default_rng(5)
    people = twin.students(SMALL, rng)
    wanted = WANTED["mathematics"].to_numpy()
    planted = rating_scale.plant(people["ability"].to_numpy(), twin._scale("mathematics"), wanted, twin.SHOCK_SD)
    shocks = rng.normal(0, planted.shock_sd, (40, 3))
    school, year = people["school"].to_numpy(), people["year"].to_numpy()
    trait = people["ability"] + shocks[school, year] + np.array([0, *planted.effects])[year]
    drawn = rating_scale.answers(twin._scale("mathematics"), trait.to_numpy(), rng)
    value = rating_scale.measured(drawn, year == 0)[0]
    sd = np.nanstd(value[year == 0], ddof=1)
    dummies = [pd.get_dummies(people[name].astype(str)).iloc[:, 1:] for name in twin.CATEGORIES]
    x = pd.concat([people["year"] == 1, people["year"] == 2, *dummies, people[list(twin.CONTROLS)]], axis=1)
    seen = ~np.isnan(value)
    x, y = x[seen].astype(float), pd.Series(value)[seen] / sd
    centred = [part - part.groupby(school[seen]).transform("mean") for part in (x, y)]
    b = np.linalg.lstsq(*(part.to_numpy() for part in centred), rcond=None)[0]
    rows = small_study()["estimates"].query("subject == 'mathematics'")
    assert rows["estimate"].to_numpy() == pytest.approx(b[:2], rel=1e-8)


def test_the_file_of_assumptions_is_what_the_program_assumes():
    kept = pd.read_csv(ROOT / twin.FILE, keep_default_na=False)
    pd.testing.assert_frame_equal(kept, twin.assumptions(), check_dtype=False)


def test_every_constant_of_the_program_is_among_the_assumptions():
    values = twin.assumptions()["value"].tolist()
    constants = [
        *twin.SCHOOLS.values(), twin.SHOCK_SD, twin.SCHOOL_SD, twin.STUDENT_SD, rating_scale.SKIPPED,
        *twin.THRESHOLDS, *twin.CONTROLS.values(), *sum(twin.LOCATIONS.values(), ()),
        *sum(twin.CATEGORIES.values(), ()),
    ]  # fmt: skip
    assert sorted(values) == sorted(constants)


def test_nothing_simulated_bears_a_name():
    words = {"high", "mathematics", "science", "item", "threshold", *YEARS}
    words |= {f"item {i}" for i in range(1, 6)} | {f"step {i}" for i in range(1, 4)}
    for table in small_study().values():
        texts = table.select_dtypes(exclude="number")
        assert set(map(str, texts.to_numpy().ravel())) <= words
    assert not (small_study()["schools"].columns == "school").any()


def test_everything_is_its_parts():
    effects = {
        group: {"science": (0.1, 0.2)} if group == "middle" else {"science": (0.0, 0.3)} for group in twin.SCHOOLS
    }
    counts = {"middle": (2000, 2100), "high": (1000, 1200)}
    found = twin.everything(YEARS, effects, counts, 30)
    sizes = twin.respondents(1000, 1200, 3, np.random.default_rng([30, 1]))
    survey = twin.Survey(YEARS, sizes, twin.SCHOOLS["high"], 4)
    alone = twin.study("high", survey, pd.DataFrame(effects["high"]), 31)
    assert set(found) == set(alone)
    for name, table in alone.items():
        part = found[name][found[name]["group"] == "high"].reset_index(drop=True)
        pd.testing.assert_frame_equal(part, table, check_exact=True)
        assert found[name]["group"].unique().tolist() == ["middle", "high"]
