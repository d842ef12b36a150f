"""School fixed effects from moments: other packages, brute force, published answers, and bad input."""

import itertools

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from scipy import stats
from statsmodels.regression.linear_model import OLS

from helpers.estimate import fixed_effects, moments, resampling
from helpers.project import InputError

TERMS = ["2013", "2014", "2015", "sex: m", "x"]


def records(n=1500, schools=25, seed=5):
    """Students of four years in schools of unequal size, a covariate that goes with the school, and gaps."""
    rng = np.random.default_rng(seed)
    number = rng.choice(schools, n, p=rng.dirichlet(np.full(schools, 2.0)))
    frame = pd.DataFrame(
        {
            "school": [f"school {i}" for i in number],
            "district": [f"district {i % 7}" for i in number],
            "year": rng.integers(2012, 2016, n),
            "sex": rng.choice(["f", "m"], n),
            "x": rng.normal(size=n) + number / 10,
            "weight": rng.uniform(0.5, 2, n),
        }
    )
    shock = rng.normal(0, 0.3, (schools, 4))[number, frame["year"] - 2012]
    frame["y"] = 50 + number / 5 + 0.2 * (frame["year"] == 2014) + 0.3 * frame["x"] + shock + rng.normal(size=n)
    frame.loc[rng.integers(0, n, 30), "x"] = np.nan
    frame.loc[len(frame)] = ["lonely school", "district 1", 2013, "f", 0.3, 1.0, 3.0]
    return frame


MODEL = {
    "outcome": "y",
    "school": "school",
    "year": "year",
    "baseline": "2012",
    "controls": ("x",),
    "categories": {"sex": "f"},
}


def design(frame):
    """Outcome, regressors and schools as other packages want them: complete records, no single ones."""
    whole = frame.dropna()
    whole = whole[whole.groupby("school")["y"].transform("size") > 1].reset_index(drop=True)
    x = pd.DataFrame({f"{y}": (whole["year"] == y).astype(float) for y in (2013, 2014, 2015)})
    return whole, x.assign(**{"sex: m": (whole["sex"] == "m").astype(float), "x": whole["x"]})


def within(source, **more):
    return fixed_effects.within(moments.compute(source, moments.Model(**(MODEL | more))))


def by_term(fit):
    return fit.table().set_index("term")


@pytest.mark.parametrize("weight", ["", "weight"])
@pytest.mark.parametrize("cluster", ["", "district"])
def test_linearmodels_gives_the_same_after_its_factor(cluster, weight):
    frame = records()
    whole, x = design(frame)
    index = [whole["school"], whole.groupby("school").cumcount()]
    as_panel = lambda values: values.set_axis(pd.MultiIndex.from_arrays(index))  # noqa: E731
    labels = pd.Series(pd.factorize(whole[cluster or "school"])[0])
    other = PanelOLS(
        as_panel(whole["y"]), as_panel(x), entity_effects=True,
        weights=as_panel(whole[weight]) if weight else None,
    ).fit(cov_type="clustered", clusters=as_panel(labels), group_debias=True)  # fmt: skip
    ours = by_term(fixed_effects.fit(within(frame, cluster=cluster, weight=weight)))
    n, k = x.shape
    assert ours["estimate"][TERMS].to_numpy() == pytest.approx(other.params[TERMS].to_numpy(), rel=1e-10)
    factor = np.sqrt((n - k) / (n - k - 1))
    assert ours["std_error"][TERMS].to_numpy() == pytest.approx(factor * other.std_errors[TERMS].to_numpy(), rel=1e-8)
    assert ours["n"].unique().tolist() == [n]
    assert ours["n_groups"].unique().tolist() == [whole[cluster or "school"].nunique()]


def test_statsmodels_with_a_dummy_for_each_school():
    frame = records()
    whole, x = design(frame)
    dummies = pd.get_dummies(whole["school"]).astype(float)
    other = OLS(whole["y"], pd.concat([x, dummies], axis=1)).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(whole["school"])[0]}
    )
    ours = by_term(fixed_effects.fit(within(frame)))
    n, k, g = len(whole), len(TERMS), dummies.shape[1]
    assert ours["estimate"][TERMS].to_numpy() == pytest.approx(other.params[TERMS].to_numpy(), rel=1e-9)
    factor = np.sqrt((n - k - g) / (n - k - 1))
    assert ours["std_error"][TERMS].to_numpy() == pytest.approx(factor * other.bse[TERMS].to_numpy(), rel=1e-8)


def slopes(whole, x):
    """Coefficients by plain least squares on deviations from school means."""
    centred = x - x.groupby(whole["school"]).transform("mean")
    y = whole["y"] - whole.groupby("school")["y"].transform("mean")
    return np.linalg.lstsq(centred.to_numpy(), y.to_numpy(), rcond=None)[0]


@pytest.mark.parametrize("cluster", ["school", "district"])
def test_jackknife_equals_leaving_each_cluster_out(cluster):
    frame = records()
    whole, x = design(frame)
    left_out = [slopes(whole[whole[cluster] != name], x[whole[cluster] != name]) for name in whole[cluster].unique()]
    g, deviations = len(left_out), np.array(left_out) - slopes(whole, x)
    expected = np.sqrt(np.diag((g - 1) / g * deviations.T @ deviations))
    ours = by_term(fixed_effects.fit(within(frame, cluster=cluster), "CRV3"))
    assert ours["std_error"][TERMS].to_numpy() == pytest.approx(expected, rel=1e-9)


def test_wild_bootstrap_equals_refitting_every_sign_pattern():
    frame = records(n=300, schools=9, seed=8)
    whole, x = design(frame)
    schools = whole["school"].unique()
    centred = (x - x.groupby(whole["school"]).transform("mean")).to_numpy()
    y = (whole["y"] - whole.groupby("school")["y"].transform("mean")).to_numpy()
    bread, j = np.linalg.inv(centred.T @ centred), TERMS.index("2014")
    others = [place for place in range(len(TERMS)) if place != j]
    restricted = np.zeros(len(TERMS))
    restricted[others] = np.linalg.lstsq(centred[:, others], y, rcond=None)[0]
    members = [(whole["school"] == name).to_numpy() for name in schools]

    def t_of(outcome):
        b = bread @ centred.T @ outcome
        scores = np.array([centred[m].T @ (outcome - centred @ b)[m] for m in members])
        return b[j] / np.sqrt((bread @ scores.T @ scores @ bread)[j, j])

    observed, fitted = abs(t_of(y)), centred @ restricted
    residual = y - fitted
    beyond = 0
    for signs in itertools.product((1, -1), repeat=len(schools)):
        flipped = sum(sign * residual * m for sign, m in zip(signs, members, strict=True))
        beyond += abs(t_of(fitted + flipped)) >= observed * (1 - 1e-10)
    expected = beyond / 2 ** len(schools)
    assert 0.01 < expected < 0.99
    assert resampling.wild_bootstrap(within(frame), "2014") == pytest.approx(expected, abs=1e-12)


def test_drawn_signs_come_close_to_all_of_them():
    data = within(records(n=400, schools=12, seed=9))
    every = resampling.wild_bootstrap(data, "2014", draws=2**12)
    drawn = resampling.wild_bootstrap(data, "2014", draws=2**12 - 1, seed=3)
    assert drawn == pytest.approx(every, abs=4 * np.sqrt(every * (1 - every) / 2**12))


def test_no_p_value_of_drawn_signs_is_zero():
    """Where no draw comes as far as the sample, p says how many were drawn (Davison & Hinkley 1997, section 4.2)."""
    frame = records(n=600, schools=30, seed=9)
    far = within(frame.assign(y=frame["y"] + 50 * (frame["year"] == 2014)))
    assert resampling.wild_bootstrap(far, "2014", draws=499) == 1 / 500
    assert resampling.wild_joint(far, ["2014", "2015"], draws=499)[1] == 1 / 500
    near = 500 * resampling.wild_bootstrap(within(frame), "2014", draws=499)
    assert near == pytest.approx(round(near), abs=1e-9)
    assert near > 2


def test_intervals_and_p_values_use_t_with_clusters_minus_one():
    table = fixed_effects.fit(within(records(), cluster="district")).table(level=0.9)
    df = table["n_groups"].iloc[0] - 1
    assert df == 6
    t = table["estimate"] / table["std_error"]
    assert table["p_value"].to_numpy() == pytest.approx(2 * stats.t.sf(t.abs(), df), rel=1e-10)
    reach = table["ci_high"] - table["estimate"]
    expected = stats.t.ppf(0.95, df) * table["std_error"]
    assert reach.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-10)


def test_joint_test_of_several_terms_is_walds_f():
    fit = fixed_effects.fit(within(records()))
    f, df, p = fixed_effects.joint_test(within(records()), ["2013", "2014", "2015"])
    b, v = fit.estimate[:3], fit.covariance[:3, :3]
    assert f == pytest.approx(b @ np.linalg.inv(v) @ b / 3, rel=1e-9)
    assert df == fit.n_groups - 1
    assert p == pytest.approx(stats.f.sf(f, 3, df), rel=1e-10)


@pytest.mark.parametrize("inference", ["CRV1", "CR2"])
def test_joint_test_of_one_term_is_its_t_test_squared(inference):
    row = by_term(fixed_effects.fit(within(records()), inference)).loc["x"]
    f, df, p = fixed_effects.joint_test(within(records()), ["x"], inference)
    assert df == pytest.approx(row["df"], rel=1e-10)
    assert f == pytest.approx((row["estimate"] / row["std_error"]) ** 2, rel=1e-12)
    assert p == pytest.approx(row["p_value"], rel=1e-9)


def test_single_records_are_left_out_and_named():
    data = within(records())
    assert data.singletons == ("lonely school",)
    assert "lonely school" not in data.clusters


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d.assign(y=d["school"].str.len().astype(float)),
            "same for all records of every school",
        ),
        (lambda d: d.assign(x=d["school"].str.len().astype(float)), "collinear within schools: x"),
        (lambda d: d.assign(x=(d["year"] == 2014).astype(float)), "collinear within schools: x"),
        (lambda d: d.assign(school="one"), "two clusters or more"),
    ],
)
def test_models_that_cannot_be_estimated(change, message):
    with pytest.raises(InputError, match=message):
        within(change(records()))


SCORES = {"VERY WEAK": 1, "WEAK": 2, "NEUTRAL": 3, "STRONG": 4, "VERY STRONG": 5}
# Known from another implementation: rise of student-reported instruction after the 2015 report, in its SDs.
KNOWN = {
    "ES": (436, [(0.185, 0.046), (0.118, 0.054), (0.408, 0.053)]),
    "HS": (176, [(0.307, 0.064), (0.216, 0.071), (0.460, 0.068)]),
}


@pytest.mark.parametrize("grades", KNOWN)
def test_the_real_school_panel_gives_the_known_answer(shared, grades):
    reports = pd.concat(
        pd.read_csv(path, usecols=["School_ID", "Primary_Category", "Progress_Report_Year", "School_Survey_Ambitious_Instruction"])
        for path in sorted((shared / "data" / "cps").glob("progress_reports_*.csv"))
    )  # fmt: skip
    reports = reports.reset_index(drop=True)
    panel = reports[reports["Primary_Category"] == grades].assign(
        y=reports["School_Survey_Ambitious_Instruction"].map(SCORES)
    )
    panel = panel[panel["Progress_Report_Year"] <= 2018].dropna(subset="y")
    panel = panel[panel.groupby("School_ID")["y"].transform("size") > 1]
    base = panel.loc[panel["Progress_Report_Year"] == 2015, "y"]
    panel["y"] = (panel["y"] - base.mean()) / base.std()
    model = moments.Model("y", "School_ID", "Progress_Report_Year", "2015")
    found = fixed_effects.fit(fixed_effects.within(moments.compute(panel, model))).table()
    schools, known = KNOWN[grades]
    n, k = found["n"].iloc[0], len(found)
    found["std_error"] *= np.sqrt((n - k - 1) / (n - k))  # the known answers have linearmodels' factor
    assert found["n_groups"].unique().tolist() == [schools]
    assert found[["estimate", "std_error"]].to_numpy().tolist() == [pytest.approx(row, abs=0.00051) for row in known]


def test_a_fit_prints_as_a_table():
    fit = fixed_effects.fit(within(records()))
    head, *rows, foot = str(fit).splitlines()
    assert head.split() == ["term", "estimate", "std_error", "ci_low", "ci_high", "p_value"]
    table = fit.table()
    assert [row[: len("sex: m")].strip() for row in rows] == TERMS
    for row, given in zip(rows, table.itertuples(), strict=True):
        shown = [float(number) for number in row.split()[-5:]]
        assert shown == pytest.approx(list(given[2:7]), abs=5.1e-7)
    assert f"n = {fit.n}, clusters = {fit.n_groups}" in foot
    assert foot.endswith("CRV1")
