"""Inference where clusters are few: CR2 against R's clubSandwich, permutation and bootstrap against doing it by hand."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conftest import run_r
from helpers.draw import words
from helpers.estimate import cr2, fixed_effects, moments, panels, permutation, resampling, twogroups
from helpers.estimate.permutation import Treatment
from helpers.simulate import violations

R = """
suppressMessages(library(clubSandwich))
options(digits = 15)
data <- read.csv("records.csv")
data$year <- factor(data$year)
data$school <- factor(data$school)
data$even <- data$even / mean(data$even) # clubSandwich divides the weights of lm by their mean, but not its target
row <- function(case, model, cluster, terms, ...) {
  v <- vcovCR(model, cluster = cluster, type = "CR2", ...)
  found <- as.data.frame(coef_test(model, vcov = v, test = "Satterthwaite"))
  names <- rownames(found)
  joint <- Wald_test(model, constraints = constrain_zero(terms), vcov = v, test = "HTZ")
  keep <- match(terms, names)
  data.frame(case = case, term = terms, estimate = found$beta[keep], std_error = found$SE[keep], df = found$df_Satt[keep],
             f = joint$Fstat, df2 = joint$df_denom, p = joint$p_val)
}
x <- c("year2016", "year2017", "x")
plain <- lm(y ~ year + x + z + school, data)
even <- lm(y ~ year + x + z + school, data, weights = even)
# Weights that differ within schools: the records times the root of their weight, which is the working model of 1/w.
scaled <- as.data.frame(model.matrix(plain) * sqrt(data$w))
names(scaled) <- make.names(names(scaled))
scaled$y <- data$y * sqrt(data$w)
uneven <- lm(y ~ 0 + ., scaled)
groups <- lm(y ~ first, data)
found <- rbind(
  row("schools", plain, data$school, x),
  row("districts", plain, data$district, x[1:2]),
  row("weights of schools", even, data$school, x, target = 1 / data$even, inverse_var = TRUE),
  row("weights", uneven, data$school, x),
  row("groups", groups, data$school, "first")
)
write.csv(found, "found.csv", row.names = FALSE)
"""
CASES = {
    "schools": {},
    "districts": {"cluster": "district"},
    "weights of schools": {"weight": "even"},
    "weights": {"weight": "w"},
}


@pytest.fixture(scope="module")
def records():
    """Nine schools of unequal size in four districts; `x` varies in three of them, `first` in some."""
    rng = np.random.default_rng(3)
    sizes = rng.integers(5, 14, 9)
    school = np.repeat(np.arange(9), sizes)
    n = len(school)
    frame = pd.DataFrame({
        "school": [f"s{s}" for s in school], "district": [f"d{s // 2 % 4}" for s in school],
        "year": rng.integers(2015, 2018, n), "x": np.where(school < 3, rng.normal(size=n), 0.0), "z": rng.normal(size=n),
        "w": rng.uniform(0.5, 2, n), "even": rng.uniform(0.5, 2, 9)[school], "first": (rng.random(n) < school / 10) * 1,
    })  # fmt: skip
    return frame.assign(y=rng.normal(size=n) + 0.3 * school + 0.2 * frame["z"])


@pytest.fixture(scope="module")
def from_r(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")
    records.to_csv(folder / "records.csv", index=False)
    run_r(R, "clubSandwich", folder)
    return pd.read_csv(folder / "found.csv").set_index("case")


def within(frame, **more):
    model = moments.Model("y", "school", "year", "2015", controls=("x", "z"), **more)
    return fixed_effects.within(moments.compute(frame, model))


@pytest.mark.parametrize("case", CASES)
def test_cr2_is_that_of_clubsandwich(records, from_r, case):
    data, theirs = within(records, **CASES[case]), from_r.loc[case]
    ours = fixed_effects.fit(data, "CR2").table().set_index("term")
    terms = [term.removeprefix("year") for term in theirs["term"]]
    for column in ("estimate", "std_error", "df"):
        assert ours.loc[terms, column].to_numpy() == pytest.approx(theirs[column].to_numpy(), rel=1e-8)
    joint = fixed_effects.joint_test(data, terms, "CR2")
    assert joint == pytest.approx(tuple(theirs[["f", "df2", "p"]].iloc[0]), rel=1e-8)


def test_cr2_of_two_groups_is_that_of_clubsandwich(records, from_r):
    found = twogroups.clustered(records["y"], records["first"] == 1, records["school"], "CR2")
    theirs = from_r.loc["groups"]
    for column in ("estimate", "std_error", "df"):
        assert found[column] == pytest.approx(theirs[column], rel=1e-8)


def test_a_term_of_one_cluster_has_no_error_and_leaves_the_others_theirs(records):
    alone = records.assign(x=np.where(records["school"] == "s0", records["x"], 0.0))
    table = panels.table(within(alone), "CR2").set_index("term")
    assert table.loc["x", "n_varying"] == 1
    assert table.loc["x", ["std_error", "p_value", "df"]].isna().all()
    without = alone[alone["school"] != "s0"]
    assert np.isfinite(table.loc[["2016", "z"], "std_error"]).all()
    assert table.loc["2016", "df"] > fixed_effects.fit(within(without.assign(x=without["z"] ** 2)), "CR2").df[0] / 2


def test_degrees_of_freedom_follow_the_clusters_that_tell(records):
    data = within(records)
    df = dict(zip(data.terms, cr2.degrees_of_freedom(cr2.adjusted(data.xx)), strict=True))
    assert df["x"] < 3 < df["z"] < 8


def test_the_series_of_clusters_with_little_leverage_is_the_root(monkeypatch):
    rng = np.random.default_rng(8)
    rows = rng.normal(size=(500, 6, 3)) * rng.choice([0.2, 1, 8], 500)[:, None, None]
    xx = np.einsum("gni,gnj->gij", rows, rows)
    parts = cr2.adjusted(xx)
    small = np.einsum("gii->g", parts.own) < cr2._SMALL
    assert 100 < small.sum() < 500
    monkeypatch.setattr(cr2, "_SMALL", 0.0)
    assert parts.adjusting == pytest.approx(cr2.adjusted(xx).adjusting, abs=1e-14)


def panel(sizes, waves=2, seed=1, treated=3):
    """Answers of schools in some waves; the first schools are treated. The columns of the effects are made by hand."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"s{s:02}", wave, s < treated, rng.normal())
        for s, size in enumerate(sizes) for wave in range(waves) for _ in range(size)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["school", "year", "treated", "y"])
    swing = rng.normal(0, 0.5, (len(sizes), waves))
    return frame.assign(y=frame["y"] + swing[frame["school"].str[1:].astype(int), frame["year"]])


def model_of(frame, treated, waves=2):
    effects = {f"effect {wave}": str(wave) for wave in range(1, waves)}
    own = frame.assign(**{
        name: (frame["school"].isin(treated) & (frame["year"] == int(wave))).astype(float) for name, wave in effects.items()
    })  # fmt: skip
    model = moments.Model("y", "school", "year", "0", controls=tuple(effects))
    data = fixed_effects.within(moments.compute(own, model))
    return data, Treatment(np.isin(data.clusters, list(treated)), effects)


@pytest.mark.parametrize(("sizes", "waves"), [([6] * 7, 2), ([6] * 7, 3), ([4, 12, 5, 20, 3, 8, 30], 2)])
def test_permutation_is_the_model_fitted_again_for_each_choice_of_schools(sizes, waves):
    """Schools of one size: estimates are compared; of unequal sizes t, with the sandwich of scores."""
    frame = panel(sizes, waves)
    schools, own = sorted(frame["school"].unique()), {"s00", "s01", "s02"}
    term = f"effect {waves - 1}"

    def statistic(treated, null=0.0):
        shifted = frame["y"] - null * (frame["school"].isin(own) & (frame["year"] == waves - 1))
        fitted = fixed_effects.fit(model_of(frame.assign(y=shifted), treated, waves)[0])
        place = fitted.terms.index(term)
        unequal = max(sizes) > 1.5 * min(sizes)
        return abs(fitted.estimate[place]) / (fitted.covariance[place, place] ** 0.5 if unequal else 1)

    def expected(null):
        observed = statistic(own, null)
        others = [statistic(set(chosen), null) for chosen in combinations(schools, 3)]
        return np.mean(np.array(others) >= observed * (1 - 1e-9))

    data, treatment = model_of(frame, own, waves)
    parts = permutation.parts(data, treatment, term)
    assert resampling.p_value(parts) == pytest.approx(expected(0.0), abs=1e-12)
    assert resampling.p_value(parts, 0.7) == pytest.approx(expected(0.7), abs=1e-12)


def test_the_interval_of_a_permutation_holds_what_it_does_not_reject():
    data, treatment = model_of(panel([10] * 8, seed=4), {"s00", "s01", "s02"})
    table = panels.table(data, "permutation", treatment=treatment).set_index("term")
    row, parts = table.loc["effect 1"], permutation.parts(data, treatment, "effect 1")
    assert row["p_value"] == resampling.p_value(parts)
    for end, inside in (("ci_low", 0.01), ("ci_high", -0.01)):
        assert resampling.p_value(parts, row[end] + inside) > 0.05 >= resampling.p_value(parts, row[end] - inside)
    ordinary = panels.table(data, "CR2").set_index("term")
    pd.testing.assert_series_equal(table.loc["1"], ordinary.loc["1"])  # what is no effect of the treatment
    assert row["std_error"] == ordinary.loc["effect 1", "std_error"]


def test_so_few_choices_that_nothing_is_rejected_give_no_bounds():
    data, treatment = model_of(panel([10] * 5), {"s00"})
    row = panels.table(data, "permutation", treatment=treatment).set_index("term").loc["effect 1"]
    assert row["p_value"] >= 1 / 5
    assert (row["ci_low"], row["ci_high"]) == (-np.inf, np.inf)
    assert np.isnan(row["std_error"])
    assert np.isnan(row["df"])


def test_many_choices_are_drawn_with_the_observed_one_among_them():
    data, treatment = model_of(panel([4] * 24, treated=8), {f"s{s:02}" for s in range(8)})
    parts = permutation.parts(data, treatment, "effect 1", draws=500)
    assert parts.drawn.shape == (5, 500)
    assert parts.drawn[:, 0] == pytest.approx(parts.observed)
    again = permutation.parts(data, treatment, "effect 1", draws=500)
    assert (parts.drawn == again.drawn).all()
    whole = resampling.p_value(permutation.parts(data, treatment, "effect 1", draws=20_000, seed=2))
    assert resampling.p_value(parts) == pytest.approx(whole, abs=4 * (whole * (1 - whole) / 500) ** 0.5 + 0.002)


def test_schools_that_were_not_seen_in_a_wave_are_not_shuffled():
    """A school without the second wave says nothing, whichever kind it is."""
    frame = panel([8] * 7)
    frame = frame[(frame["school"] != "s06") | (frame["year"] == 0)]
    data, treatment = model_of(frame, {"s00", "s01"})
    assert permutation.parts(data, treatment, "effect 1").drawn.shape[1] == 15  # two of six


def test_whole_schools_in_groups_are_permuted():
    """Schools of one size: the share of choices whose means lie at least as far apart."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"school": np.repeat(list("abcdefgh"), 6), "y": rng.normal(size=48)})
    frame["y"] += frame["school"].map(dict(zip("abcdefgh", rng.normal(size=8), strict=True)))
    found = twogroups.clustered(frame["y"], frame["school"].isin(list("abc")), frame["school"])
    means = frame.groupby("school")["y"].mean()
    far = [abs(means[list(c)].mean() - means.drop(list(c)).mean()) for c in combinations(means.index, 3)]
    assert found["inference"] == "permutation"
    assert found["p_value"] == pytest.approx(np.mean(np.array(far) >= far[0] * (1 - 1e-9)))
    mixed = twogroups.clustered(frame["y"], pd.Series(np.arange(48) % 2 == 0), frame["school"])
    assert mixed["inference"] == "CR2"


def test_people_of_the_same_school_are_compared_by_its_own_differences(records):
    found = twogroups.within_clusters(records["y"], records["first"] == 1, records["school"])
    both = records.groupby("school").filter(lambda part: part["first"].nunique() == 2)
    assert found["n_varying"] == both["school"].nunique()
    parts = [
        (part.loc[part["first"] == 1, "y"].mean() - part.loc[part["first"] == 0, "y"].mean(),
         part["first"].mean() * (1 - part["first"].mean()) * len(part))
        for _, part in both.groupby("school")
    ]  # fmt: skip
    differences, weights = np.array(parts).T
    assert found["estimate"] == pytest.approx(np.average(differences, weights=weights), rel=1e-10)


def test_the_bootstrap_of_several_terms_is_refitting_every_pattern_of_signs(records):
    data = within(records)
    terms = ["2016", "2017"]
    bare = fixed_effects.without(data, terms)
    rest = np.linalg.solve(bare.xx.sum(0), bare.xy.sum(0))
    keep = [data.terms.index(name) for name in bare.terms]
    scores = data.xy - data.xx[:, :, keep] @ rest

    def f(signs):
        xy = data.xx[:, :, keep] @ rest + np.array(signs)[:, None] * scores
        return fixed_effects.joint_test(fixed_effects.replace(data, xy=xy), terms)[0]

    found = resampling.wild_joint(data, terms)
    every = np.array([f(signs) for signs in product((1, -1), repeat=9)])
    assert found[0] == pytest.approx(fixed_effects.joint_test(data, terms)[0], rel=1e-9)
    assert found[1] == pytest.approx(np.mean(every >= found[0] * (1 - 1e-9)), abs=1e-12)
    one = resampling.wild_joint(data, ["z"])
    assert one[1] == resampling.wild_bootstrap(data, "z")


def test_two_of_twenty_treated_are_not_taken_for_a_finding():
    """No effect is there; of 200 such studies ordinary errors reject many times too many, the permutation does not."""
    rng = np.random.default_rng(6)
    rejected = {"CRV1": 0, "permutation": 0, "CR2": 0}
    for _ in range(200):
        change = rng.normal(0, 0.3, 20) + rng.normal(0, 0.36, 20)
        treated = np.arange(20) < 2
        w, d = 7.5 * np.ones(20), treated * 1.0
        xx = np.stack([np.stack([w * d, w * d], 1), np.stack([w * d, w], 1)], 1)
        data = fixed_effects.Within(
            ("effect", "wave"), np.arange(20).astype(str), xx, np.stack([w * d * change, w * change], 1), w * change**2 + 30,
            600, 20, (), 0.0, 1.0,
        )  # fmt: skip
        for kind in rejected:
            treatment = Treatment(treated, {"effect": "wave"})
            rejected[kind] += panels.table(data, kind, treatment=treatment)["p_value"][0] < 0.05
    assert rejected["CRV1"] > 30
    assert rejected["permutation"] < stats.binom.ppf(0.9999, 200, 0.05)
    assert rejected["CR2"] < stats.binom.ppf(0.9999, 200, 0.05)


SIZES = {
    "one smaller": (1, 19, 5, False), "two smaller": (2, 18, 10, False), "two alike": (2, 18, 20, True),
    "two larger": (2, 18, 40, True), "three smaller": (3, 17, 12, True), "three much smaller": (3, 17, 5, False),
}  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("few", "many", "size", "tested"), SIZES.values(), ids=SIZES)
def test_few_smaller_schools_have_no_p_value(few, many, size, tested, turned):
    counts = np.repeat([size, 20], [few, many])[:, None] * np.ones((1, 2))
    sums = counts * np.random.default_rng(2).normal(size=counts.shape)
    treated = (np.arange(few + many) < few) ^ turned
    data, treatment = violations.cross_products(counts, sums, treated, np.array([False, True]))
    row = panels.table(data, "permutation", treatment=treatment).iloc[-1]
    assert np.isfinite(row["estimate"])
    assert row[["ci_low", "ci_high", "p_value"]].notna().tolist() == [tested] * 3
    assert panels.table(data, "CR2").iloc[-1]["p_value"] != row["p_value"]
    assert ("No p-value and no interval: effect." in words.few_clusters(row.to_frame().T.convert_dtypes())) == (
        not tested
    )


def test_an_interval_of_clusters_that_are_alike_but_for_rounding_has_no_ends():
    """It did not come to an end: bisection cannot halve what is less than the last bit of the estimate."""
    parts = resampling.Parts(np.array([[1.0], [0], [1], [0], [0]]), np.array([1.0, 0, 1, 0, 0]))
    assert resampling.interval(parts, 0.5, 1e-17) == (-np.inf, np.inf)
