"""Tables of shares beside R's survey package, svy and statsmodels; suppression; what must not matter.

Without the other packages these tests are skipped, unless REQUIRE_PEERS (svy) or REQUIRE_R is set.
"""

import importlib.util
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from conftest import need, run_r
from helpers.estimate import comparisons, shares
from helpers.project import ROOT, InputError
from helpers.read import talis
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED, Survey

NEVER, OFTEN = "never", "often"
KEYS = ["cycle", "system", "item", "statistic"]


def made_up(seed=1, n=900, replicates=16, systems=("X", "Y", "Z"), cycles=(2018,)):
    """Teachers in 40 schools a system: school effects, gaps, a subgroup, and one item that Y was never asked."""
    rng = np.random.default_rng(seed)
    school = rng.choice(40, n, p=rng.dirichlet(np.full(40, 5.0)))
    frame = pd.DataFrame(
        {
            "cycle": rng.choice(cycles, n),
            "system": rng.choice(systems, n),
            "level": 2,
            "school_id": [f"s{number}" for number in school],
            "sex": rng.choice(["f", "m"], n, p=[0.6, 0.4]),
        }
    )
    for place, item in enumerate("AB"):
        latent = rng.normal(size=n) + rng.normal(0, 0.7, 40)[school] + 0.5 * (frame["sex"] == "f")
        frame[item] = np.digitize(latent + place / 2, [-0.6, 0.2, 1.0]) + 1
        frame.loc[rng.random(n) < 0.1, item] = NO_ANSWER
    frame.loc[frame["system"] == "Y", "B"] = NOT_ADMINISTERED
    halves = rng.choice([0.5, 1.5], (40, replicates))[school]
    weight = rng.uniform(1, 20, (n, 1))
    return Survey(
        frame=frame,
        items={"A": "first item", "B": "second item"},
        categories=["no", "seldom", "at times", "always"],
        often=3,
        statistics=(NEVER, OFTEN),
        weights=np.concatenate([weight, weight * halves], axis=1),
        fay=0.5,
        fewest=(30, 10),
        files=(Path("made-up.csv"),),
        simulated=True,
    )


def final_only(survey):
    return replace(survey, weights=survey.weights[:, :1])


def rows(survey, keep):
    return replace(survey, frame=survey.frame[keep], weights=survey.weights[keep])


def chosen(table, **keys):
    """The one row with these keys."""
    found = table[np.logical_and.reduce([table[name] == key for name, key in keys.items()])]
    assert len(found) == 1
    return found.iloc[0]


@pytest.fixture(scope="module", params=["made up", "TALIS"])
def survey(request, tmp_path_factory):
    if request.param == "made up":
        return scored(made_up())
    folder = request.getfixturevalue("shared") / "data" / "talis"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(talis, "CACHE", tmp_path_factory.mktemp("cache"))
        found = talis.read(folder)
    return scored(replace(found, frame=found.frame.assign(sex=found.frame["sex"].map({"Female": "f", "Male": "m"}))))


def scored(survey):
    """With a column of numbers that has gaps."""
    codes = survey.frame[next(iter(survey.items))]
    return replace(
        survey, frame=survey.frame.assign(score=7 * codes.where(codes > 0) ** 2), numbers={"score": "a score"}
    )


def of_kind(survey, kind):
    """The survey with the design that R has under this name."""
    if kind == "replicates":
        return survey
    whole = {"one_sample": kind in ("domains", "strata")}
    whole |= {"strata": strata(survey)} if kind == "strata" else {}
    return replace(final_only(survey), **whole)


def strata(survey):
    """Four strata of schools."""
    return np.array(list("abcd"))[pd.factorize(survey.frame["school_id"])[0] % 4]


OF_DESIGNS = ["linearised", "domains", "strata"]
KINDS = pytest.mark.parametrize("kind", ["replicates", *OF_DESIGNS])
# R's beta of replicates takes t with as many degrees of freedom as there are replicates less one: another interval.
INTERVALS_OF_R = [
    *((kind, "logit", "logit") for kind in ("replicates", *OF_DESIGNS)),
    *((kind, "Korn-Graubard", "beta") for kind in OF_DESIGNS),
]


# Other packages

R = """
suppressMessages(library(survey))
d <- read.csv("answers.csv")
weights <- as.matrix(read.csv("weights.csv"))
items <- strsplit(readLines("items.txt"), " ")[[1]]
ends <- function(answered, item, df, method) {
  if (!all(answered$variables[[item]] %in% 0:1) || length(unique(answered$variables[[item]])) < 2) return(c(NA, NA))
  attr(svyciprop(reformulate(item), answered, method, df = df), "ci")
}
found <- NULL
for (system in unique(d$system)) {
  own <- d$system == system
  final <- weights[own, 1]
  designs <- list(
    replicates = svrepdesign(data = d[own, ], weights = final, repweights = weights[own, -1], type = "Fay",
                             rho = .5, mse = TRUE, combined.weights = TRUE),
    linearised = svydesign(ids = ~school_id, weights = final, data = d[own, ]),
    domains = subset(svydesign(ids = ~school_id, weights = weights[, 1], data = d), own),
    strata = subset(svydesign(ids = ~school_id, strata = ~stratum, weights = weights[, 1], data = d), own))
  for (kind in names(designs)) {
    design <- designs[[kind]]
    for (item in items) {
      if (all(is.na(d[own, item]))) next
      answered <- subset(design, !is.na(design$variables[[item]]))
      all <- svymean(reformulate(item), answered)
      by <- svyby(reformulate(item), ~sex, answered, svymean, covmat = TRUE)
      apart <- svycontrast(by, c(f = -1, m = 1))
      df <- if (kind == "replicates") Inf else degf(answered)
      # "logit" is the same by iterations that end 1e-8 away; of replicates it takes the log odds of each.
      logit <- ends(answered, item, df, "xlogit")
      beta <- if (kind == "replicates") c(NA, NA) else ends(answered, item, df, "beta")
      found <- rbind(found, data.frame(
        system, item, kind, part = c("all", "f", "m", "m - f"),
        estimate = c(coef(all), coef(by), coef(apart)), std_error = c(SE(all), SE(by), SE(apart)),
        logit_low = logit[1], logit_high = logit[2], beta_low = beta[1], beta_high = beta[2]))
    }
    both <- subset(design, !is.na(design$variables[[items[2]]]) & !is.na(design$variables[[items[4]]]))
    if (nrow(both$variables) == 0) next
    pair <- svycontrast(svymean(reformulate(items[c(2, 4)]), both), c(1, -1))
    found <- rbind(found, data.frame(system, item = items[2], kind, part = "items", estimate = c(coef(pair)),
      std_error = c(SE(pair)), logit_low = NA, logit_high = NA, beta_low = NA, beta_high = NA))
  }
}
write.csv(found, "found.csv", row.names = FALSE)
"""


def indicators(survey):
    """Each item's headline statistics as columns of 0, 1 and nothing."""
    never, often = survey.statistics
    columns = {}
    for item in survey.items:
        codes = survey.frame[item]
        columns[f"{item}_{never}"] = (codes == 1).where(codes > 0).astype(float)
        columns[f"{item}_{often}"] = (codes >= survey.often).where(codes > 0).astype(float)
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def from_r(survey, tmp_path_factory):
    """What R's survey package gives, by kind, part, system, item and statistic."""
    folder = tmp_path_factory.mktemp("r")
    columns = indicators(survey)
    columns["score_mean"] = survey.frame["score"]
    about = survey.frame[["system", "school_id", "sex"]].assign(stratum=strata(survey))
    about.join(columns).to_csv(folder / "answers.csv", index=False, na_rep="NA")
    pd.DataFrame(survey.weights).to_csv(folder / "weights.csv", index=False)
    (folder / "items.txt").write_text(" ".join(columns) + "\n")
    run_r(R, "survey", folder)
    found = pd.read_csv(folder / "found.csv")
    found[["item", "statistic"]] = found["item"].str.split("_", expand=True)
    return found


def assert_equal_to(ours, theirs, share, keys):
    """Every share that has an error equals theirs, and there are many."""
    both = ours[ours["std_error"].notna()].merge(theirs, on=keys, suffixes=("", "_r"))
    assert len(both) == ours["std_error"].notna().sum() > 5
    theirs = both["estimate_r" if share == "estimate" else "estimate"]
    assert both[share].to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-8, abs=1e-12)
    assert both["std_error"].to_numpy() == pytest.approx(both["std_error_r"].to_numpy(), rel=1e-8)


@pytest.mark.slow
@KINDS
def test_shares_are_those_of_r(survey, from_r, kind):
    ours = of_kind(survey, kind)
    theirs = from_r[(from_r["kind"] == kind) & (from_r["statistic"] != "mean")]
    keys = ["system", "item", "statistic"]
    assert_equal_to(shares.table(ours), theirs[theirs["part"] == "all"], "share", keys)
    by_sex = theirs.rename(columns={"part": "sex"})
    assert_equal_to(shares.table(ours, "sex"), by_sex, "share", [*keys, "sex"])
    apart = comparisons.level_differences(ours, "sex")
    assert set(zip(apart["term"], apart["other"], strict=True)) == {("m", "f")}
    assert_equal_to(apart, theirs[theirs["part"] == "m - f"], "estimate", keys)


@pytest.mark.slow
@KINDS
def test_means_and_two_items_of_the_same_people_are_those_of_r(survey, from_r, kind):
    ours, theirs = of_kind(survey, kind), from_r[from_r["kind"] == kind]
    scores = theirs[(theirs["statistic"] == "mean") & (theirs["part"] == "all")].assign(item="score")
    found = shares.averages(ours).merge(scores, on=["system", "item"], suffixes=("", "_r"))
    known = found[found["note"] == ""]
    assert len(known) > 1
    for column in ("estimate", "std_error"):
        assert known[column].to_numpy() == pytest.approx(known[f"{column}_r"].to_numpy(), rel=1e-8)
    one, two = list(survey.items)[:2]
    both = (survey.frame[[one, two]] > 0).all(axis=1)
    frame = survey.frame.assign(**{item: survey.frame[item].where(both, NO_ANSWER) for item in (one, two)})
    found = comparisons.item_differences(replace(ours, frame=frame), survey.frame["system"].unique())
    pairs = found[(found["item"] == one) & (found["other"] == two) & found["std_error"].notna()]
    assert len(pairs)
    expected = theirs[theirs["part"] == "items"].set_index("system").loc[pairs["system"]]
    for column in ("estimate", "std_error"):
        assert pairs[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "interval", "name"), INTERVALS_OF_R)
def test_intervals_are_those_of_r(survey, from_r, kind, interval, name):
    ours = shares.table(replace(of_kind(survey, kind), interval=interval)).dropna(subset="std_error")
    theirs = from_r[(from_r["kind"] == kind) & (from_r["part"] == "all")]
    both = ours.merge(theirs, on=["system", "item", "statistic"])
    assert len(both) == len(ours) > 5
    for end in ("low", "high"):
        assert both[f"ci_{end}"].to_numpy() == pytest.approx(both[f"{name}_{end}"].to_numpy(), rel=1e-8)


@pytest.mark.parametrize("kind", ["replicates", "linearised"])
def test_shares_are_those_of_svy(survey, kind):
    need(importlib.util.find_spec("svy"), "svy", "REQUIRE_PEERS")
    import polars as pl
    import svy

    columns = indicators(survey)
    data = {"system": survey.frame["system"], "school": survey.frame["school_id"]}
    data |= {f"w{r}": column for r, column in enumerate(survey.weights.T)} | dict(columns)
    data["school"] = survey.frame["system"] + survey.frame["school_id"].astype(str)
    data = pl.DataFrame({name: np.asarray(column) for name, column in data.items()}, nan_to_null=True)
    if kind == "replicates":
        replicates = survey.weights.shape[1] - 1
        weights = svy.BrrWgts(prefix="w", n_reps=replicates, fay_coef=0.5)
        design = svy.Design(wgt="w0", rep_wgts=weights)
        how = {"method": "replication", "variance_center": "estimate"}
        ours = shares.table(survey)
    else:  # a system is a stratum of its own
        design = svy.Design(wgt="w0", psu="school", stratum="system")
        how = {"method": "taylor"}
        ours = shares.table(final_only(survey))
    sample = svy.Sample(data, design)
    found = sample.estimation.mean(list(columns), by="system", drop_nulls=True, **how)
    theirs = []
    for column, estimate in zip(columns, found, strict=True):
        item, statistic = column.split("_")
        theirs += [
            {"system": row["system"], "item": item, "statistic": statistic}
            | {"estimate": row["est"], "std_error": row["se"]}
            for row in estimate.to_polars().to_dicts()
        ]
    keys = ["system", "item", "statistic"]
    assert_equal_to(ours, pd.DataFrame(theirs), "share", keys)


def cr2(x, y, schools):
    """Coefficient and CR2 error of the last column of x, with matrices of records (Pustejovsky and Tipton 2018)."""
    bread = np.linalg.inv(x.T @ x)
    left, hat = y - x @ bread @ x.T @ y, x @ bread @ x.T
    meat = np.zeros_like(bread)
    for school in np.unique(schools):
        rows = schools == school
        size, axes = np.linalg.eigh(np.eye(rows.sum()) - hat[np.ix_(rows, rows)])
        score = x[rows].T @ axes @ np.diag(size**-0.5) @ axes.T @ left[rows]
        meat += np.outer(score, score)
    return (bread @ x.T @ y)[-1], np.sqrt(bread @ meat @ bread)[-1, -1]


def test_within_schools_is_a_regression_on_school_dummies(survey):
    """In records scaled by the root of their weight, school means taken out; the error is CR2."""
    table = comparisons.within_schools(survey, "sex")
    known = table[table["estimate"].notna()]
    assert len(known) > 2
    assert set(zip(known["term"], known["other"], strict=True)) == {("m", "f")}
    for row in known.itertuples():
        own = (survey.frame["system"] == row.system) & (survey.frame[row.item] > 0)
        part = survey.frame[own & survey.frame["sex"].notna()]
        part = part[part.groupby("school_id")["sex"].transform("size") > 1]
        weight = survey.weights[survey.frame.index.get_indexer(part.index), 0]
        dummies = pd.get_dummies(part["school_id"].astype(str), dtype=float)
        root = np.sqrt(weight)
        columns = root[:, None] * np.column_stack([part["sex"] == "m", part[row.item] >= survey.often])
        school = root[:, None] * dummies.to_numpy()
        male, often = (columns - school @ np.linalg.lstsq(school, columns, rcond=None)[0]).T
        assert (row.n, row.n_groups) == (len(part), dummies.shape[1])
        expected = cr2(male[:, None], often, pd.factorize(part["school_id"])[0])
        assert (row.estimate, row.std_error) == pytest.approx(expected, rel=1e-8)


# What the tables hold


def test_a_share_as_the_words_say():
    survey = made_up(n=800)
    row = chosen(shares.table(survey), system="X", item="A", statistic=OFTEN)
    frame = survey.frame.assign(weight=survey.weights[:, 0])
    own = frame[(frame["system"] == "X") & (frame["A"] > 0)]
    often = own["A"] >= 3
    assert row["share"] == pytest.approx(own.loc[often, "weight"].sum() / own["weight"].sum())
    assert (row["n"], row["n_schools"]) == (len(own), own["school_id"].nunique())
    odds, reach = special.logit(row["share"]), 1.959964 * row["std_error"] / (row["share"] * (1 - row["share"]))
    ends = [row["ci_low"], row["ci_high"]]
    assert ends == pytest.approx(special.expit([odds - reach, odds + reach]), rel=1e-6)


def test_a_few_clusters_widen_intervals_as_in_statsmodels():
    """Student's t with one degree of freedom less than there are schools; each respondent alone without schools."""
    survey = final_only(made_up(n=400, systems=("X",)))
    frame = survey.frame.assign(school_id=survey.frame["school_id"].str[:2])  # s0 to s9
    for ids in (frame["school_id"], None):
        asked = {"fewest": (30, 0), "interval": "symmetric"}
        table = shares.table(replace(survey, frame=frame.assign(school_id=ids), **asked))
        row = chosen(table, system="X", item="A", statistic=OFTEN)
        known = frame["A"] > 0
        names = frame["school_id"] if ids is not None else frame.index.to_series()
        # Whoever gave no answer weighs nothing, and still counts as a cluster of the sample.
        y = (frame["A"] >= 3).astype(float)
        fitted = sm.WLS(y, np.ones(len(y)), weights=survey.weights[:, 0] * known).fit(
            cov_type="cluster",
            cov_kwds={"groups": pd.factorize(names)[0], "df_correction": True},
            use_t=True,
        )
        assert frame["school_id"].nunique() == 10
        # They count all clusters' degrees of freedom, R and we those of clusters with an answer.
        reach = stats.t.ppf(0.975, names[known].nunique() - 1) * fitted.bse.iloc[0]
        expected = fitted.params.iloc[0] - reach, fitted.params.iloc[0] + reach
        assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected, rel=1e-9)


def test_levels_of_few_schools_are_compared_by_students_t():
    """By statsmodels' regression on the level, clustered, with the schools' degrees of freedom."""
    survey = final_only(made_up(n=400, systems=("X",)))
    frame = survey.frame.assign(school_id=survey.frame["school_id"].str[:2])
    found = comparisons.level_differences(replace(survey, frame=frame, fewest=(30, 0)), "sex")
    row = chosen(found, item="A", statistic=OFTEN)
    part = frame[frame["A"] > 0]
    x = np.column_stack([part["sex"] == "m", np.ones(len(part))]).astype(float)
    y = (part["A"] >= 3).astype(float)
    fitted = sm.WLS(y.to_numpy(), x, weights=survey.weights[frame["A"] > 0, 0]).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(part["school_id"])[0]}, use_t=True
    )
    n = len(part)
    # Their factor also counts the regressors.
    error = fitted.bse[0] * np.sqrt((n - 2) / (n - 1))
    assert row["std_error"] == pytest.approx(error, rel=1e-9)
    reach = (row["ci_high"] - row["ci_low"]) / 2
    assert reach == pytest.approx(error * stats.t.ppf(0.975, 9), rel=1e-9)
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["estimate"]) / error, 9), rel=1e-9)


def test_categories_add_up_to_the_headlines(survey):
    keys = ["system", "item"]
    wide = shares.distribution(survey).pivot(index=keys, columns="statistic", values="share")
    assert set(wide) == set(survey.categories)
    head = shares.table(survey).pivot(index=keys, columns="statistic", values="share")
    never, often = survey.statistics
    known = head[never].notna()
    assert known.sum() > 4
    assert wide.loc[known].sum(axis=1).to_numpy() == pytest.approx(1, rel=1e-12)
    assert wide[survey.categories[0]].equals(head[never])
    total = wide[survey.categories[survey.often - 1 :]].sum(axis=1)[known]
    assert total.to_numpy() == pytest.approx(head[often][known].to_numpy(), rel=1e-12)


def test_columns_and_order():
    survey = made_up(cycles=(2024, 2018))
    table = shares.table(survey, "sex")
    front = ["cycle", "system", "sex", "item", "statistic"]
    rest = ["share", "std_error", "ci_low", "ci_high", "n", "n_schools", "note"]
    assert list(table) == [*front, *rest]
    expected = itertools.product((2018, 2024), "XYZ", "fm", "AB", (NEVER, OFTEN))
    assert list(table[front].itertuples(index=False, name=None)) == list(expected)


def test_levels_in_their_own_order():
    survey = made_up()
    ages = np.array(["under 30", "30 or more"])[survey.frame["A"] % 2]
    ordered = pd.Categorical(ages, ["under 30", "30 or more", "unknown"])
    table = shares.table(replace(survey, frame=survey.frame.assign(age=ordered)), "age")
    assert list(dict.fromkeys(table["age"])) == ["under 30", "30 or more"]
    numbers = np.where(survey.frame["A"] % 2, "9", "10")
    table = shares.table(replace(survey, frame=survey.frame.assign(years=numbers)), "years")
    assert list(dict.fromkeys(table["years"])) == ["9", "10"]


def test_respondents_without_a_level_are_in_no_part():
    survey = made_up()
    frame = survey.frame.copy()
    frame.loc[::3, "sex"] = None
    parts = shares.table(replace(survey, frame=frame), "sex")
    only = shares.table(rows(survey, frame["sex"].notna().to_numpy()), "sex")
    assert parts["share"].to_numpy() == pytest.approx(only["share"].to_numpy(), nan_ok=True)
    assert parts["n"].tolist() == only["n"].tolist()


def test_intervals_stay_between_0_and_1():
    survey = made_up(n=700)
    survey.frame.loc[survey.frame["A"] == 1, "A"] = 2
    survey.frame.loc[survey.frame.index[survey.frame["system"] == "X"][0], "A"] = 1
    for interval in ("logit", "Korn-Graubard", "symmetric"):
        table = shares.table(replace(survey, interval=interval))
        row = chosen(table, system="X", item="A", statistic=NEVER)
        assert 0 < row["share"] < row["std_error"] * 1.96
        assert (row["ci_low"] == 0) == (interval == "symmetric")
    known = table[table["ci_low"].notna()]
    assert (known["ci_low"] <= known["share"]).all()
    assert (known["share"] <= known["ci_high"]).all()
    assert known["ci_high"].max() <= 1


@pytest.mark.parametrize(("answer", "never"), [(1, 1.0), (4, 0.0)])
@pytest.mark.parametrize("linear", [False, True])
def test_nobody_and_everybody_have_no_error(answer, never, linear):
    survey = made_up(n=2000)
    asked = (survey.frame["system"] == "X") & (survey.frame["A"] > 0)
    survey.frame.loc[asked, "A"] = answer
    table = shares.table(final_only(survey) if linear else survey)
    row = chosen(table, system="X", item="A", statistic=NEVER)
    assert row["share"] == never  # to the last bit
    assert np.isnan(row["std_error"])
    # Nobody of k, whose weights differ and who are drawn by school: wider than Clopper and Pearson's of k.
    length = 1 - 0.025 ** (1 / row["n"])
    assert [row["ci_low"], row["ci_high"]][int(never)] == never
    assert length < row["ci_high"] - row["ci_low"] < 2 * length
    assert "no standard error: nobody or everybody" in row["note"]
    compared = comparisons.differences(table, [("X", "Z")])
    row = chosen(compared, item="A", statistic=NEVER)
    assert row["estimate"] == pytest.approx(never - chosen(table, system="Z", item="A", statistic=NEVER)["share"])
    assert row[["std_error", "ci_low", "ci_high", "p_value", "p_holm"]].isna().all()
    assert row["note"].startswith("X: no standard error")


def test_a_replicate_that_weighs_nobody_is_said():
    survey = made_up(n=700)
    survey.weights[(survey.frame["system"] == "X").to_numpy(), 5] = 0
    row = chosen(shares.table(survey), system="X", item="A", statistic=NEVER)
    assert 0 < row["share"] < 1
    assert np.isnan(row["std_error"])
    assert row["note"] == "no standard error: in a replicate nobody here has a weight"


def test_weights_of_zero_speak_for_nobody():
    survey = made_up()
    survey.weights[::4] = 0
    without = rows(survey, survey.weights[:, 0] > 0)
    for found in (
        shares.table,
        shares.counts,
        lambda survey: comparisons.within_schools(survey, "sex"),
    ):
        pd.testing.assert_frame_equal(found(survey), found(without))


def test_nobody_of_85_has_the_exact_interval():
    """Clopper and Pearson: 1 - .025^(1/85) = .0425; with few schools wider, with unequal weights too."""
    frame = pd.DataFrame({"cycle": 0, "system": "all", "level": 0, "school_id": None, "A": np.resize([2, 3], 85)})
    survey = Survey(frame, {"A": ""}, list("1234"), 3, (NEVER, OFTEN), np.ones((85, 1)), 0.5, (10, 0), (), False)
    alone = shares.table(survey).query("statistic == @NEVER").iloc[0]
    assert alone["ci_high"] == pytest.approx(0.0425, abs=5e-5)
    in_schools = replace(survey, frame=frame.assign(school_id=np.arange(85) % 8))
    few = shares.table(in_schools).query("statistic == @NEVER").iloc[0]
    factor = (stats.t.ppf(0.975, 84) / stats.t.ppf(0.975, 7)) ** 2
    assert few["ci_high"] == pytest.approx(1 - 0.025 ** (1 / (85 * factor)), rel=1e-9)
    uneven = replace(survey, weights=np.where(np.arange(85) < 40, 5.0, 1.0)[:, None])
    kish = (40 * 5 + 45) ** 2 / (40 * 25 + 45)
    upper = shares.table(uneven).query("statistic == @NEVER").iloc[0]["ci_high"]
    assert upper == pytest.approx(1 - 0.025 ** (1 / kish), rel=1e-9)


def test_a_group_in_one_school_has_no_error():
    survey = replace(final_only(made_up(n=600, systems=("X",))), one_sample=True, fewest=(10, 0))
    frame = survey.frame.assign(system=np.where(survey.frame["school_id"] == "s1", "one", "X"))
    row = chosen(shares.table(replace(survey, frame=frame)), system="one", item="A", statistic=OFTEN)
    assert 0 < row["share"] < 1
    assert row[["std_error", "ci_low", "ci_high"]].isna().all()
    assert row["note"] == "no standard error: one cluster alone"


# Too few, and not asked


def few(n=900, *, keep=0, schools=None):
    """The made-up survey with only so many answers, or schools, to item A in X."""
    survey = made_up(n=n)
    places = np.flatnonzero((survey.frame["system"] == "X") & (survey.frame["A"] > 0))
    if schools is not None:
        names = survey.frame["school_id"].iloc[places]
        out = places[~names.isin(sorted(names.unique())[:schools]).to_numpy()]
    else:
        out = places[keep:]
    survey.frame.loc[out, "A"] = NO_ANSWER
    return survey


@pytest.mark.parametrize(
    ("survey", "note"),
    [
        (few(keep=29), "fewer than 30 respondents"),
        (few(keep=30), ""),
        (few(n=4000, schools=9), "fewer than 10 schools"),
        (few(n=4000, schools=10), ""),
        (few(keep=5), "fewer than 30 respondents and 10 schools"),
        (few(keep=0), "fewer than 30 respondents and 10 schools"),
    ],
    ids=["29", "30", "9 schools", "10 schools", "both", "nobody"],
)
def test_small_cells_keep_their_row_without_numbers(survey, note):
    table = shares.table(survey)
    for statistic in (NEVER, OFTEN):
        row = chosen(table, system="X", item="A", statistic=statistic)
        assert row["note"] == note
        assert row[["share", "std_error", "ci_low", "ci_high"]].isna().all() == bool(note)
        other = chosen(table, system="X", item="B", statistic=statistic)
        assert other["share"] > 0
    hidden = shares.distribution(survey).query("system == 'X' and item == 'A'")
    assert hidden["share"].isna().all() == bool(note)
    compared = comparisons.differences(table).query("item == 'A' and system == 'X'")
    assert compared["estimate"].isna().all() == bool(note)
    assert compared["note"].eq(f"X: {note}" if note else "").all()


def test_a_small_level_is_compared_with_nothing():
    survey = made_up()
    women = np.flatnonzero((survey.frame["system"] == "X") & (survey.frame["sex"] == "f"))
    survey.frame.loc[women[25:], "A"] = NO_ANSWER
    apart = comparisons.level_differences(survey, "sex").query("system == 'X' and item == 'A'")
    assert apart[shares.ESTIMATES].isna().all(axis=None)
    assert apart["note"].str.startswith("f: fewer than 30 respondents").all()
    row = chosen(comparisons.within_schools(survey, "sex"), system="X", item="A")
    assert row[[*shares.ESTIMATES, "n", "n_groups"]].isna().all()
    assert row["note"].startswith("f: fewer than 30 respondents")


def test_not_asked_is_no_silence():
    survey = made_up()
    table = shares.table(survey).query("system == 'Y' and item == 'B'")
    assert table["note"].tolist() == ["not administered"] * 2
    assert table["share"].isna().all()
    assert table["n"].tolist() == [0, 0]
    counted = chosen(shares.counts(survey), system="Y", item="B")
    assert counted["not_administered"] == counted["respondents"]
    assert (counted["answered"], counted["no_answer"]) == (0, 0)


def test_who_was_not_asked_is_in_no_denominator():
    survey = made_up()
    spared = (survey.frame["system"] == "X") & (np.arange(len(survey.frame)) % 3 == 0)
    partly = replace(survey, frame=survey.frame.assign(A=survey.frame["A"].mask(spared, NOT_ADMINISTERED)))
    silent = replace(survey, frame=survey.frame.assign(A=survey.frame["A"].mask(spared, NO_ANSWER)))
    pd.testing.assert_frame_equal(shares.table(partly), shares.table(silent))
    counted = chosen(shares.counts(partly), system="X", item="A")
    assert counted["not_administered"] == spared.sum()
    own = survey.frame[(survey.frame["system"] == "X") & ~spared]
    assert counted["no_answer"] == (own["A"] == NO_ANSWER).sum()


def test_counts_add_up(survey):
    table = shares.counts(survey)
    parts = table[["answered", "no_answer", "not_administered"]].sum(axis=1)
    assert parts.tolist() == table["respondents"].tolist()
    own = survey.frame.groupby("system")
    known = table.drop_duplicates("system").set_index("system")
    assert known["respondents"].to_dict() == own.size().to_dict()
    assert known["schools"].to_dict() == own["school_id"].nunique().to_dict()


@pytest.mark.parametrize("empty", [None, "", np.nan])
def test_where_no_school_is_known_respondents_count(empty):
    survey = made_up()
    unknown = final_only(replace(survey, frame=survey.frame.assign(school_id=empty)))
    table = shares.table(unknown)
    assert table["n_schools"].isna().all()
    frame = survey.frame.assign(school_id=np.arange(len(survey.frame)))
    alone = shares.table(final_only(replace(survey, frame=frame)))
    assert table["share"].notna().sum() == 10
    assert table["std_error"].to_numpy() == pytest.approx(alone["std_error"].to_numpy(), rel=1e-12, nan_ok=True)
    within = comparisons.within_schools(unknown, "sex")
    assert within["estimate"].isna().all()
    assert within["note"].str.contains("no school is known|not administered").all()


def test_schools_of_other_levels_are_other_schools():
    survey = made_up()
    low = np.arange(len(survey.frame)) % 2
    apart = replace(survey, frame=survey.frame.assign(level=low))
    named = survey.frame["school_id"] + low.astype(str)
    expected = replace(survey, frame=survey.frame.assign(school_id=named))
    pd.testing.assert_frame_equal(shares.table(final_only(apart)), shares.table(final_only(expected)))


def test_levels_that_never_meet_in_a_school():
    survey = made_up()
    number = survey.frame["school_id"].str[1:].astype(int)
    kind = np.where(number % 2, "public", "private")
    table = comparisons.within_schools(replace(survey, frame=survey.frame.assign(kind=kind)), "kind")
    assert table["estimate"].isna().all()
    assert set(table["note"]) == {"cannot be estimated within schools", "private: not administered"}
    survey = made_up(n=3000)
    number = survey.frame["school_id"].str[1:].astype(int)
    for mixed, note in ((9, "fewer than 10 schools have both levels"), (10, "")):
        kind = np.select([number < mixed, number < 20], [np.arange(3000) % 2, 1], 0)
        table = comparisons.within_schools(replace(survey, frame=survey.frame.assign(kind=kind)), "kind")
        row = chosen(table, system="X", item="A")
        assert row["note"] == note
        assert np.isnan(row["estimate"]) == bool(note)
        assert pd.isna(row["n_groups"]) == bool(note)


@pytest.mark.parametrize(("pairs", "note"), [(14, "fewer than 30 respondents have a colleague in their school"), (15, "")])  # fmt: skip
def test_teachers_who_are_alone_in_their_school_do_not_count(pairs, note):
    number = np.concatenate([np.arange(pairs), np.arange(pairs), np.arange(100, 170)])
    frame = pd.DataFrame({"cycle": 2018, "system": "X", "level": 2, "school_id": number})
    frame["sex"] = np.where(np.arange(len(number)) < pairs, "f", "m")
    frame.loc[2 * pairs :: 2, "sex"] = "f"
    frame["A"] = np.random.default_rng(1).integers(1, 5, len(number))
    survey = replace(made_up(), frame=frame, items={"A": ""}, weights=np.ones((len(number), 1)))
    row = comparisons.within_schools(survey, "sex").iloc[0]
    assert row["note"] == note
    assert np.isnan(row["estimate"]) == bool(note)
    assert pd.isna(row["n"]) if note else row["n"] == 30


# Comparisons


def test_systems_are_independent_samples():
    table = shares.table(made_up())
    apart = comparisons.differences(table)
    assert list(apart) == ["cycle", "item", "statistic", "system", "other", *shares.ESTIMATES, "note"]
    assert set(zip(apart["system"], apart["other"], strict=True)) == {("X", "Y"), ("X", "Z"), ("Y", "Z")}
    row = chosen(apart, system="X", other="Z", item="B", statistic=OFTEN)
    one, other = (chosen(table, system=name, item="B", statistic=OFTEN) for name in "XZ")
    assert row["estimate"] == pytest.approx(one["share"] - other["share"], rel=1e-12)
    error = (one["std_error"] ** 2 + other["std_error"] ** 2) ** 0.5
    assert row["std_error"] == pytest.approx(error, rel=1e-12)
    assert row["ci_high"] - row["ci_low"] == pytest.approx(2 * 1.959964 * error, rel=1e-6)
    z = sm.stats.ztest([0.0, 1.0])  # any z of theirs and its p-value
    assert z[1] == pytest.approx(2 * special.ndtr(-abs(z[0])))
    turned = comparisons.differences(table, [("Z", "X")])
    back = chosen(turned, item="B", statistic=OFTEN)
    assert back["estimate"] == pytest.approx(-row["estimate"])
    assert back["p_value"] == pytest.approx(row["p_value"])


@pytest.mark.parametrize("by", ["", "sex"])
def test_holm_within_each_statistic(by):
    apart = comparisons.differences(shares.table(made_up(), by))
    assert apart["p_value"].isna().any()
    for statistic in (NEVER, OFTEN):
        part = apart[(apart["statistic"] == statistic) & apart["p_value"].notna()]
        expected = multipletests(part["p_value"], method="holm")[1]
        assert part["p_holm"].to_numpy() == pytest.approx(expected, rel=1e-12)
    assert apart["p_holm"].isna().equals(apart["p_value"].isna())


def test_p_values_are_those_of_the_normal_distribution():
    row = {"cycle": 1, "item": "A", "statistic": NEVER, "std_error": 0.03, "note": ""}
    table = pd.DataFrame([row | {"system": "X", "share": 0.5}, row | {"system": "Y", "share": 0.5 + 1.959963984540054 * 0.03 * 2**0.5}])  # fmt: skip
    table = table[["cycle", "system", "item", "statistic", "share", "std_error", "note"]]
    found = comparisons.differences(table).iloc[0]
    assert found["p_value"] == pytest.approx(0.05, rel=1e-10)
    assert found["ci_high"] == pytest.approx(0, abs=1e-15)


def test_pairs_that_are_not_there():
    table = shares.table(made_up())
    with pytest.raises(InputError, match=r"no system 'CHL' to compare\. There are: X, Y, Z"):
        comparisons.differences(table, [("X", "CHL")])
    assert comparisons.differences(table, []).empty
    assert comparisons.differences(table[table["system"] == "X"]).empty


def test_average_counts_systems_alike():
    table = shares.table(made_up(n=1200))
    mean = comparisons.average(table, ["X", "Y", "Z", "elsewhere"], "mean")
    assert list(mean) == [*table, "n_systems"]
    part = table[(table["item"] == "A") & (table["statistic"] == OFTEN)]
    row = chosen(mean, item="A", statistic=OFTEN)
    assert (row["system"], row["n_systems"], row["n"]) == ("mean", 3, part["n"].sum())
    assert row["n_schools"] == part["n_schools"].sum()
    assert row["share"] == pytest.approx(part["share"].mean(), rel=1e-12)
    assert row["std_error"] == pytest.approx((part["std_error"] ** 2).sum() ** 0.5 / 3, rel=1e-12)
    old = comparisons.average(table, ["X", "Y", "Z"], "mean", "symmetric")
    upper = chosen(old, item="A", statistic=OFTEN)["ci_high"]
    assert upper == pytest.approx(row["share"] + 1.959964 * row["std_error"], rel=1e-6)
    odds = special.logit(row["share"]) + 1.959964 * row["std_error"] / row["share"] / (1 - row["share"])
    assert row["ci_high"] == pytest.approx(special.expit(odds), rel=1e-6)
    assert set(mean.query("item == 'B'")["n_systems"]) == {2}  # one was not asked
    none = comparisons.average(table, ["Y"], "mean").query("item == 'B'")
    assert none["share"].isna().all()
    assert none["n_systems"].tolist() == [0, 0]
    assert set(none["note"]) == {"no system has data"}


def test_average_with_systems_at_zero_or_without_error():
    survey = made_up(n=1200)
    survey.frame.loc[(survey.frame["system"] == "X") & (survey.frame["A"] == 1), "A"] = 2
    table = shares.table(survey)
    row = chosen(comparisons.average(table, ["X", "Z"], "mean"), item="A", statistic=NEVER)
    one, other = (chosen(table, system=name, item="A", statistic=NEVER) for name in "XZ")
    assert one["share"] == 0
    assert row["share"] == pytest.approx(other["share"] / 2)
    assert row["std_error"] == pytest.approx(other["std_error"] / 2)
    assert row["note"] == "1 of 2 systems at 0 or 1 add nothing to the standard error"
    alone = chosen(comparisons.average(table, ["X"], "mean"), item="A", statistic=NEVER)
    assert alone["share"] == 0
    assert np.isnan(alone["std_error"])
    table.loc[(table["system"] == "Z") & (table["item"] == "A"), "std_error"] = np.nan
    row = chosen(comparisons.average(table, ["X", "Z"], "mean"), item="A", statistic=NEVER)
    assert row["share"] == pytest.approx(other["share"] / 2)
    assert np.isnan(row["std_error"])


def test_averages_are_compared_with_nothing():
    table = shares.table(made_up())
    both = pd.concat([table, comparisons.average(table, ["X", "Z"], "mean")])
    pd.testing.assert_frame_equal(comparisons.differences(both), comparisons.differences(table))
    assert (comparisons.average(both, ["X", "mean"], "again")["n_systems"] <= 1).all()


def test_change_is_later_less_earlier():
    survey = made_up(n=2500, cycles=(2013, 2018, 2024))
    table = shares.table(survey)
    moved = comparisons.change(table)
    assert list(moved) == ["system", "item", "statistic", "cycle", "other", *shares.ESTIMATES, "note"]
    assert set(zip(moved["cycle"], moved["other"], strict=True)) == {(2018, 2013), (2024, 2013), (2024, 2018)}
    row = chosen(moved, system="X", item="A", statistic=NEVER, cycle=2024, other=2013)
    late, early = (chosen(table, cycle=cycle, system="X", item="A", statistic=NEVER) for cycle in (2024, 2013))
    assert row["estimate"] == pytest.approx(late["share"] - early["share"], rel=1e-12)
    assert row["std_error"] == pytest.approx((late["std_error"] ** 2 + early["std_error"] ** 2) ** 0.5)
    assert comparisons.change(table[table["cycle"] == 2018]).empty
    compared = comparisons.differences(table)
    assert len(compared) == 3 * 3 * 4  # cycles, pairs of systems, items and statistics


def test_levels_share_schools_and_are_not_independent():
    survey = made_up()
    table, apart = shares.table(survey, "sex"), comparisons.level_differences(survey, "sex")
    row = chosen(apart, system="X", item="A", statistic=NEVER)
    own = table.query("system == 'X' and item == 'A' and statistic == 'never'")
    independent = (own["std_error"] ** 2).sum() ** 0.5
    assert abs(row["std_error"] / independent - 1) > 0.01
    for statistic in (NEVER, OFTEN):
        part = apart[(apart["statistic"] == statistic) & apart["p_value"].notna()]
        expected = multipletests(part["p_value"], method="holm")[1]
        assert part["p_holm"].to_numpy() == pytest.approx(expected, rel=1e-12)


# What must not matter

TABLES = {
    "table": shares.table,
    "by": lambda survey: shares.table(survey, "sex"),
    "distribution": shares.distribution,
    "linearised": lambda survey: shares.table(final_only(survey)),
    "levels": lambda survey: comparisons.level_differences(survey, "sex"),
    "within": lambda survey: comparisons.within_schools(survey, "sex"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=2)
@given(seed=st.integers(0, 2**32 - 1), factor=st.floats(1e-3, 1e3))
def test_order_and_scale_do_not_matter(name, seed, factor):
    survey = made_up(seed, n=600, replicates=8)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(survey.frame))
    replicates = [0, *(1 + rng.permutation(8))]
    mixed = replace(
        survey,
        frame=survey.frame.iloc[order],
        weights=factor * survey.weights[order][:, replicates],
    )
    once, again = TABLES[name](survey), TABLES[name](mixed)
    pd.testing.assert_frame_equal(once, again, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_a_system_is_the_same_with_and_without_the_others(name):
    survey = made_up()
    alone = TABLES[name](rows(survey, (survey.frame["system"] == "X").to_numpy()))
    together = TABLES[name](survey).query("system == 'X'").reset_index(drop=True)
    drop = ["p_holm"] if "p_holm" in together else []
    pd.testing.assert_frame_equal(alone.drop(columns=drop), together.drop(columns=drop), rtol=1e-10)


# Mistakes


@pytest.mark.parametrize("find", [shares.table, comparisons.level_differences, comparisons.within_schools])
def test_columns_that_divide_nobody(find):
    survey = made_up()
    survey = replace(survey, frame=survey.frame.assign(term="x", blank=None))
    with pytest.raises(InputError, match=r"made-up\.csv: no column 'sexes'. Did you mean 'sex'"):
        find(survey, "sexes")
    with pytest.raises(InputError, match=r"made-up\.csv, column 'term': tables of shares have a"):
        find(survey, "term")
    with pytest.raises(InputError, match=r"made-up\.csv, column 'blank': it is empty"):
        find(survey, "blank")


@pytest.mark.parametrize("find", [comparisons.level_differences, comparisons.within_schools])
def test_one_level_is_compared_with_nothing(find):
    survey = made_up()
    survey = replace(survey, frame=survey.frame.assign(only="one"))
    with pytest.raises(InputError, match="column 'only': one level, 'one', and 2 or more"):
        find(survey, "only")
    assert len(shares.table(survey, "only")) == 12


def test_a_system_without_anybody_of_a_level_keeps_its_rows(tmp_path):
    """The school files of the older cycle are not there, so none of its teachers has a kind of school."""
    survey = talis.read(ROOT / "data" / "simulated" / "03-talis.zip")
    found = shares.table(survey, "school_type")
    older = found[found["cycle"] == 2013]
    assert set(older["school_type"]) == {"Private", "Public"}
    assert older["share"].isna().all()
    assert older["note"].ne("").all()
    assert found.loc[found["cycle"] == 2018, "share"].notna().any()
    assert comparisons.level_differences(survey, "school_type")["estimate"].notna().any()
