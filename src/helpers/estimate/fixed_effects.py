"""School fixed-effects models from moments: exact coefficients and cluster-robust inference in k x k algebra.

Within each school, W = M - s s'/n takes out the school's means. Coefficients solve sum W_xx b = sum W_xy, and a
school's score is u = W_xy - W_xx b. A coarser cluster adds up the scores of its schools.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate import cr2
from helpers.estimate.intervals import t_test
from helpers.project import InputError

if TYPE_CHECKING:
    import pandas as pd

    from helpers.estimate.moments import Moments


@dataclass(frozen=True)
class Within:
    """Within-school cross-products added up by cluster: G clusters, k regressors.

    `xx`: G x k x k; `xy`: G x k; `yy`: G. `baseline_mean, baseline_sd`: of the outcome in the baseline year.
    `constant`: one of the terms is one for everybody, and nothing was taken out within schools.
    """

    terms: tuple[str, ...]
    clusters: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray
    n: int
    n_schools: int
    singletons: tuple[str, ...]
    baseline_mean: float
    baseline_sd: float
    constant: bool = False


@dataclass(frozen=True)
class Fit:
    """Coefficients with covariance. `inference` names its estimator; tests use t with `df` degrees of freedom.

    `df`: k; `n_varying`: in how many of the `n_groups` clusters each term varies.
    """

    terms: tuple[str, ...]
    estimate: np.ndarray
    covariance: np.ndarray
    inference: str
    n: int
    n_groups: int
    n_schools: int
    df: np.ndarray
    n_varying: np.ndarray

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Tidy rows: term, estimate, std_error, ci_low, ci_high, p_value, n, n_groups, n_varying, df."""
        import pandas as pd  # takes longer than most fits

        tests = t_test(self.estimate, np.sqrt(np.diag(self.covariance)), self.df, level)
        counts = {"n": self.n, "n_groups": self.n_groups, "n_varying": self.n_varying, "df": self.df}
        return pd.DataFrame({"term": self.terms, **tests, **counts})

    def __str__(self) -> str:
        shown = self.table().drop(columns=["n", "n_groups", "n_varying", "df"])
        text = shown.to_string(index=False, float_format="{:.6f}".format)
        return f"{text}\nn = {self.n}, clusters = {self.n_groups}, schools = {self.n_schools}, {self.inference}"

    def in_units_of(self, sd: float) -> Fit:
        """The same fit with the outcome divided by a constant, as by its standard deviation in the baseline year."""
        return replace(self, estimate=self.estimate / sd, covariance=self.covariance / sd**2)


def within(moments: Moments) -> Within:
    """Take out school means and add up by cluster.

    Schools with a single record say nothing about change within schools: they are left out and named. Raises
    InputError for fewer than two clusters, an outcome that never varies within a school, and collinear terms.
    """
    keep = moments.records != 1
    n, sums = moments.n[keep], moments.sums[keep]
    w = moments.products[keep] - sums[:, :, None] * sums[:, None, :] / n[:, None, None]
    names, places = np.unique(moments.clusters[keep].astype(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(f"clustering needs two clusters or more; with two records or more there is {len(names)}.")
    total = np.zeros((len(names), *w.shape[1:]))
    np.add.at(total, places, w)
    raw = np.einsum("gii->i", moments.products[keep])
    if total[:, -1, -1].sum() <= 1e-12 * raw[-1]:
        raise InputError("the outcome is the same for all records of every school, so nothing can be estimated.")
    _refuse_collinear(total[:, :-1, :-1].sum(axis=0), raw[:-1], moments.terms)
    mean, sd = _spread(moments.baseline[keep].sum(axis=0))
    return Within(
        terms=moments.terms,
        clusters=names,
        xx=total[:, :-1, :-1],
        xy=total[:, :-1, -1],
        yy=total[:, -1, -1],
        n=int(moments.records[keep].sum()),
        n_schools=int(keep.sum()),
        singletons=tuple(map(str, moments.schools[~keep])),
        baseline_mean=float(moments.centres[-1] + mean),
        baseline_sd=sd,
    )


def fit(data: Within, inference: str = "CRV1") -> Fit:
    """Least squares with covariance clustered by `data.clusters`.

    CRV1: sandwich times G/(G-1) (N-1)/(N-k-1), the convention of fixest, pyfixest and reghdfe for fixed effects
    nested in clusters. CRV3: cluster jackknife (MacKinnon, Nielsen & Webb 2023), safer with few or unequal clusters.
    Both with G-1 degrees of freedom. CR2: `helpers.estimate.cr2`, with degrees of freedom of each coefficient.

    >>> import pandas as pd
    >>> from helpers.estimate.moments import Model, compute
    >>> years, practice = [2018, 2018, 2019, 2018, 2019, 2019, 2018, 2019], [2.0, 2.4, 2.9, 3.1, 3.2, 3.6, 2.2, 2.7]
    >>> answers = pd.DataFrame({"school": list("AAABBBCC"), "year": years, "practice": practice})
    >>> sums = compute(answers, Model("practice", "school", "year", baseline="2018"))
    >>> print(fit(within(sums), "CRV3"))
    term  estimate  std_error    ci_low  ci_high  p_value
    2019  0.500000   0.131966 -0.067803 1.067803 0.063135
    n = 8, clusters = 3, schools = 3, CRV3
    """
    a, b = _solve(data)
    g = len(data.clusters)
    df = np.full(len(b), g - 1.0)
    if inference == "CRV1":
        influence = scores(data, b) @ np.linalg.inv(a)
        covariance = crv1_factor(data.n, g, len(data.terms) - data.constant) * influence.T @ influence
    elif inference == "CRV3":
        without_one = a - data.xx
        scale = 1 / np.sqrt(np.diag(a))  # a common one of the terms, whatever their units are
        if (np.linalg.cond(without_one * scale * scale[:, None]) > 1e10).any():
            raise InputError("CRV3: without one of the clusters a term cannot be estimated. Use CR2.")
        left_out = np.linalg.solve(without_one, (data.xy.sum(axis=0) - data.xy)[:, :, None])[:, :, 0]
        covariance = (g - 1) / g * (left_out - b).T @ (left_out - b)
    elif inference == "CR2":
        parts = cr2.adjusted(data.xx)
        covariance, df = cr2.covariance(parts, scores(data, b)), cr2.degrees_of_freedom(parts)
    else:
        raise ValueError(f"inference is CR2, CRV3 or CRV1, not {inference!r}")
    return Fit(data.terms, b, covariance, inference, data.n, g, data.n_schools, df, varying(data))


def joint_test(data: Within, terms: list[str], inference: str = "CRV1") -> tuple[float, float, float]:
    """Wald's F that all these terms are zero, its second degrees of freedom (the first: how many terms), and its p-value.

    G-1 degrees of freedom, with CR2 those of `cr2.joint_test`.
    """
    fitted, places = fit(data, inference), [data.terms.index(term) for term in terms]
    if inference == "CR2":
        return cr2.joint_test(cr2.adjusted(data.xx), fitted.estimate, fitted.covariance, places)
    b, v = fitted.estimate[places], fitted.covariance[np.ix_(places, places)]
    f = float(b @ np.linalg.solve(v, b) / len(places))
    return f, fitted.n_groups - 1.0, float(special.fdtrc(len(places), fitted.n_groups - 1, f))


def steps(fitted: Fit, years: list[str], level: float = 0.95) -> pd.DataFrame:
    """Change from each of the `years` (all but the baseline, in order) to the next, the first from the baseline.

    Columns as of `Fit.table`, without counts; `term` is the later year. Standard errors allow for what two year effects
    have in common; the degrees of freedom are the fewer of theirs, which is on the safe side.
    """
    import pandas as pd

    places = [fitted.terms.index(year) for year in years]
    change = np.zeros((len(years), len(fitted.terms)))
    change[range(len(years)), places] = 1
    change[range(1, len(years)), places[:-1]] = -1
    df = np.minimum(fitted.df[places], fitted.df[[places[0], *places[:-1]]])
    errors = np.sqrt(np.einsum("ij,jk,ik->i", change, fitted.covariance, change))
    return pd.DataFrame({"term": years, **t_test(change @ fitted.estimate, errors, df, level), "df": df})


def scores(data: Within, b: np.ndarray) -> np.ndarray:
    """Each cluster's sum of regressors times residuals at the coefficients `b`: G x k."""
    return data.xy - data.xx @ b


def crv1_factor(n: int, g: int, k: int) -> float:
    """What CRV1 multiplies the sandwich by: `n` records, `g` clusters, `k` terms."""
    return g / (g - 1) * (n - 1) / (n - k - 1)


def varying(data: Within) -> np.ndarray:
    """For each term the number of clusters in which it varies: of one cluster no error between clusters is seen."""
    own = np.einsum("gii->gi", data.xx)
    return (own > 1e-10 * own.sum(axis=0)).sum(axis=0)


def without(data: Within, terms: list[str]) -> Within:
    """The same records without some terms, as a model that leaves controls out."""
    keep = [place for place, term in enumerate(data.terms) if term not in terms]
    names = tuple(data.terms[place] for place in keep)
    return replace(data, terms=names, xx=data.xx[:, keep][:, :, keep], xy=data.xy[:, keep])


def residual_sd(data: Within) -> float:
    """Standard deviation of what school means and all terms leave over, within schools; NaN where records are too few."""
    _, b = _solve(data)
    left = data.yy.sum() - 2 * b @ data.xy.sum(axis=0) + b @ data.xx.sum(axis=0) @ b
    df = data.n - data.n_schools - len(data.terms)
    return float(np.sqrt(max(0.0, left) / df)) if df > 0 else np.nan


def by_school(data: Within, term: str, years: list[str]) -> pd.DataFrame:
    """Each school's own effect of the year `term`, all other terms but the `years` held at their common values.

    Columns: school, estimate, std_error, shrunken (empirical Bayes: towards the mean as far as the own error is large
    beside `between_variance`). Schools that lack one of the years are left out; all of them where nothing is left over
    within schools to judge errors by. Clusters must be the schools.
    """
    import pandas as pd

    own = [data.terms.index(year) for year in years]
    others = [place for place in range(len(data.terms)) if place not in own]
    _, b = _solve(data)
    xx = data.xx[:, own][:, :, own]
    whole = np.linalg.cond(xx) < 1e10
    rest = data.xy[:, own] - data.xx[:, own][:, :, others] @ b[others]
    residual = residual_sd(data)
    if whole.sum() < 2 or not residual > 0:
        return pd.DataFrame(columns=["school", "estimate", "std_error", "shrunken"], dtype=float)
    inverse = np.linalg.inv(xx[whole])
    place = years.index(term)
    estimate = np.einsum("gij,gj->gi", inverse, rest[whole])[:, place]
    std_error = residual * np.sqrt(inverse[:, place, place])
    mean, between = distribution(estimate, std_error)
    shrunken = mean + between / (between + std_error**2) * (estimate - mean)
    found = {"school": data.clusters[whole], "estimate": estimate, "std_error": std_error, "shrunken": shrunken}
    return pd.DataFrame(found)


def between_variance(estimate: np.ndarray, std_error: np.ndarray) -> float:
    """Variance of the true effects behind estimates with known errors: DerSimonian & Laird (1986), not below zero."""
    w = std_error**-2.0
    q = w @ (estimate - w @ estimate / w.sum()) ** 2
    return float(max(0.0, (q - (len(w) - 1)) / (w.sum() - w @ w / w.sum())))


def distribution(estimate: np.ndarray, std_error: np.ndarray) -> tuple[float, float]:
    """Mean and variance of the true effects behind estimates with known errors, with `between_variance`."""
    between = between_variance(estimate, std_error)
    weight = 1 / (std_error**2 + between)
    return float(weight @ estimate / weight.sum()), between


def below_zero(estimate: np.ndarray, std_error: np.ndarray) -> float:
    """Share of true effects below zero, were they normal with this `distribution`; NaN where no spread is found.

    Counted among shrunken effects it would be too near to none or all, as these lie closer together than true ones.
    """
    mean, between = distribution(estimate, std_error)
    return float(special.ndtr(-mean / np.sqrt(between))) if between > 0 else np.nan


def _spread(sums: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation from count, sum w, sum w y and sum w y^2; weights say how much, not how many."""
    count, w, wy, wyy = map(float, sums)
    if count < 2:
        return np.nan, np.nan
    mean = wy / w
    # Of equal values the difference may come out a last bit below zero.
    return mean, float(np.sqrt(max(0.0, wyy / w - mean**2) * count / (count - 1)))


def _solve(data: Within) -> tuple[np.ndarray, np.ndarray]:
    a = data.xx.sum(axis=0)
    return a, np.linalg.solve(a, data.xy.sum(axis=0))


def _refuse_collinear(a: np.ndarray, raw: np.ndarray, terms: tuple[str, ...]) -> None:
    """Take the terms in one after the other; one that leaves nothing of its own is collinear with those before."""
    rest, lost = a, []
    for place in range(len(terms)):
        if rest[place, place] <= 1e-10 * max(raw[place], a[place, place]):
            lost.append(terms[place])
        else:
            rest = rest - np.outer(rest[:, place], rest[place]) / rest[place, place]
    if lost:
        raise InputError(
            f"collinear within schools: {', '.join(lost)}. They do not vary within schools, or follow from the terms "
            "before them. Leave them out."
        )
