"""School fixed-effects models from moments: exact coefficients and cluster-robust inference in k x k algebra.

Within each school, W = M - s s'/n takes out the school's means. Coefficients solve sum W_xx b = sum W_xy, and a
school's score is u = W_xy - W_xx b. A coarser cluster adds up the scores of its schools. The wild cluster bootstrap
needs no more than these cross-products, so that thousands of draws take milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate.intervals import t_test
from helpers.project import InputError

if TYPE_CHECKING:
    import pandas as pd

    from helpers.estimate.moments import Moments


@dataclass(frozen=True)
class Within:
    """Within-school cross-products added up by cluster: G clusters, k regressors.

    `xx`: G x k x k; `xy`: G x k; `yy`: G. `baseline_mean, baseline_sd`: of the outcome in the baseline year.
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


@dataclass(frozen=True)
class Fit:
    """Coefficients with covariance. `inference` names its estimator; tests use t with `n_groups` - 1."""

    terms: tuple[str, ...]
    estimate: np.ndarray
    covariance: np.ndarray
    inference: str
    n: int
    n_groups: int
    n_schools: int

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Tidy rows: term, estimate, std_error, ci_low, ci_high, p_value, n, n_groups."""
        import pandas as pd  # takes longer than most fits

        tests = t_test(self.estimate, np.sqrt(np.diag(self.covariance)), self.n_groups - 1, level)
        return pd.DataFrame({"term": self.terms, **tests, "n": self.n, "n_groups": self.n_groups})

    def __str__(self) -> str:
        shown = self.table().drop(columns=["n", "n_groups"])
        text = shown.to_string(index=False, float_format="{:.6f}".format)
        return f"{text}\nn = {self.n}, clusters = {self.n_groups}, schools = {self.n_schools}, {self.inference}"

    def in_units_of(self, sd: float) -> Fit:
        """The same fit with the outcome divided by a constant, as by its standard deviation in the baseline year."""
        return replace(self, estimate=self.estimate / sd, covariance=self.covariance / sd**2)

    def joint_test(self, terms: list[str]) -> tuple[float, float]:
        """Wald's F that all these terms are zero, with its p-value on (q, n_groups - 1) degrees of freedom."""
        places = [self.terms.index(term) for term in terms]
        b, v = self.estimate[places], self.covariance[np.ix_(places, places)]
        f = float(b @ np.linalg.solve(v, b) / len(places))
        return f, float(special.fdtrc(len(places), self.n_groups - 1, f))


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
    if inference == "CRV1":
        influence = scores(data, b) @ np.linalg.inv(a)
        covariance = crv1_factor(data.n, g, len(data.terms)) * influence.T @ influence
    elif inference == "CRV3":
        without_one = a - data.xx
        scale = 1 / np.sqrt(np.diag(a))  # a common one of the terms, whatever their units are
        if (np.linalg.cond(without_one * scale * scale[:, None]) > 1e10).any():
            raise InputError("CRV3: without one of the clusters a term cannot be estimated. Use CRV1.")
        left_out = np.linalg.solve(without_one, (data.xy.sum(axis=0) - data.xy)[:, :, None])[:, :, 0]
        covariance = (g - 1) / g * (left_out - b).T @ (left_out - b)
    else:
        raise ValueError(f"inference is CRV1 or CRV3, not {inference!r}")
    return Fit(data.terms, b, covariance, inference, data.n, g, data.n_schools)


def scores(data: Within, b: np.ndarray) -> np.ndarray:
    """Each cluster's sum of regressors times residuals at the coefficients `b`: G x k."""
    return data.xy - data.xx @ b


def crv1_factor(n: int, g: int, k: int) -> float:
    """What CRV1 multiplies the sandwich by: `n` records, `g` clusters, `k` terms."""
    return g / (g - 1) * (n - 1) / (n - k - 1)


def informing(data: Within) -> np.ndarray:
    """For each term the number of clusters in which it varies: of one cluster no error between clusters is seen."""
    own = np.einsum("gii->gi", data.xx)
    return (own > 1e-10 * own.sum(axis=0)).sum(axis=0)


def without(data: Within, terms: list[str]) -> Within:
    """The same records without some terms, as a model that leaves controls out."""
    keep = [place for place, term in enumerate(data.terms) if term not in terms]
    names = tuple(data.terms[place] for place in keep)
    return replace(data, terms=names, xx=data.xx[:, keep][:, :, keep], xy=data.xy[:, keep])


def residual_sd(data: Within) -> float:
    """Standard deviation of what school means and all terms leave over, within schools."""
    _, b = _solve(data)
    left = data.yy.sum() - 2 * b @ data.xy.sum(axis=0) + b @ data.xx.sum(axis=0) @ b
    return float(np.sqrt(left / (data.n - data.n_schools - len(data.terms))))


def by_school(data: Within, term: str, years: list[str]) -> pd.DataFrame:
    """Each school's own effect of the year `term`, all other terms but the `years` held at their common values.

    Columns: school, estimate, std_error, shrunken (empirical Bayes: towards the mean as far as the own error is large
    beside `between_variance`). Schools that lack one of the years are left out. Clusters must be the schools.
    """
    import pandas as pd

    own = [data.terms.index(year) for year in years]
    others = [place for place in range(len(data.terms)) if place not in own]
    _, b = _solve(data)
    xx = data.xx[:, own][:, :, own]
    whole = np.linalg.cond(xx) < 1e10
    rest = data.xy[:, own] - data.xx[:, own][:, :, others] @ b[others]
    if whole.sum() < 2:
        return pd.DataFrame(columns=["school", "estimate", "std_error", "shrunken"], dtype=float)
    inverse = np.linalg.inv(xx[whole])
    place = years.index(term)
    estimate = np.einsum("gij,gj->gi", inverse, rest[whole])[:, place]
    std_error = residual_sd(data) * np.sqrt(inverse[:, place, place])
    between = between_variance(estimate, std_error)
    weight = 1 / (std_error**2 + between)
    mean = float(weight @ estimate / weight.sum())
    shrunken = mean + between / (between + std_error**2) * (estimate - mean)
    found = {"school": data.clusters[whole], "estimate": estimate, "std_error": std_error, "shrunken": shrunken}
    return pd.DataFrame(found)


def between_variance(estimate: np.ndarray, std_error: np.ndarray) -> float:
    """Variance of the true effects behind estimates with known errors: DerSimonian & Laird (1986), not below zero."""
    w = std_error**-2.0
    q = w @ (estimate - w @ estimate / w.sum()) ** 2
    return float(max(0.0, (q - (len(w) - 1)) / (w.sum() - w @ w / w.sum())))


def wild_bootstrap(data: Within, term: str, draws: int = 9_999, seed: int = 1) -> float:
    """Wild cluster bootstrap p-value of `term` = 0, null imposed, Rademacher weights (Cameron, Gelbach & Miller 2008).

    >>> import pandas as pd
    >>> from helpers.estimate.moments import Model, compute
    >>> change = {"A": 0.6, "B": 0.2, "C": 0.5, "D": -0.1, "E": 0.4, "F": 0.3}
    >>> rows = [(school, year, by * (year == 2019)) for school, by in change.items() for year in (2018, 2019)]
    >>> answers = pd.DataFrame(rows, columns=["school", "year", "practice"])
    >>> wild_bootstrap(within(compute(answers, Model("practice", "school", "year", baseline="2018"))), "2019")
    0.0625

    Parameters
    ----------
    data, term : cross-products of the model, and which of its terms is tested
    draws, seed : how many draws (all 2^G sign patterns, enumerated, where these are fewer), and their seed
    """
    return _beyond(0.0, *_wild(data, term, draws, seed, slopes=False))


def wild_interval(
    data: Within, term: str, level: float = 0.95, draws: int = 9_999, seed: int = 1
) -> tuple[float, float]:
    """All values of `term` that the wild bootstrap test does not reject, by bisection from the estimate outwards.

    Ends are infinite where so few clusters never reject anything. The draws are made once for all values: `_wild`.

    Parameters
    ----------
    data, term, draws, seed : as in `wild_bootstrap`
    level : how often the interval holds the truth
    """
    fitted, j = fit(data), data.terms.index(term)
    centre, step = fitted.estimate[j], np.sqrt(fitted.covariance[j, j])
    parts = _wild(data, term, draws, seed, slopes=True)

    def kept(value: float) -> bool:
        return _beyond(value, *parts) > 1 - level

    def end(side: int) -> float:
        inside, outside = centre, centre + side * 3 * step
        while kept(outside):
            if abs(outside - centre) >= 1e3 * step:
                return side * np.inf
            inside, outside = outside, centre + 2 * (outside - centre)
        while abs(outside - inside) > 1e-4 * step:
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if kept(middle) else (inside, middle)
        return float(inside)

    return end(-1), end(1)


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


def _wild(data: Within, term: str, draws: int, seed: int, slopes: bool) -> tuple[np.ndarray, np.ndarray]:
    """Parts n0, n1, q0, q1, q2 of t^2 = (n0 + n1 r)^2 / (q0 + q1 r + q2 r^2) for the hypothesis that `term` is r.

    A row each, of the draws and of the sample. Without `slopes`, for r = 0 in half the time, n1, q1 and q2 are zero.
    """
    j, g, a = data.terms.index(term), len(data.clusters), data.xx.sum(axis=0)
    others = [place for place in range(len(data.terms)) if place != j]
    inverse = np.linalg.inv(a)
    # Restricted coefficients, and with them the scores, are linear in r.
    aims = np.stack([data.xy.sum(axis=0)[others], -a[others, j]], axis=1)
    restricted = np.linalg.solve(a[np.ix_(others, others)], aims)
    scores = data.xy - data.xx[:, :, others] @ restricted[:, 0]
    slope = -data.xx[:, :, j] - data.xx[:, :, others] @ restricted[:, 1]
    leverage = np.einsum("i,gij->gj", inverse[j], data.xx) @ inverse

    def errors(signs: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        summed = signs @ of
        return summed @ inverse[j], signs * (of @ inverse[j]) - summed @ leverage.T

    def parts(signs: np.ndarray) -> np.ndarray:
        n0, e0 = errors(signs, scores)
        found = np.zeros((5, len(signs)))
        found[0], found[2] = n0, np.einsum("dg,dg->d", e0, e0)
        if slopes:
            found[1], e1 = errors(signs, slope)
            found[3], found[4] = 2 * np.einsum("dg,dg->d", e0, e1), np.einsum("dg,dg->d", e1, e1)
        return found

    observed = parts(np.ones((1, g)))[:, 0]
    if 2**g <= draws:
        signs = 1.0 - 2.0 * ((np.arange(2**g)[:, None] >> np.arange(g)) & 1)
        return parts(signs), observed
    rng = np.random.default_rng(seed)
    drawn = [  # a thousand at a time: memory stays bounded however many draws and clusters
        parts(1.0 - 2.0 * rng.integers(0, 2, (min(1000, draws - start), g))) for start in range(0, draws, 1000)
    ]
    return np.concatenate(drawn, axis=1), observed


def _beyond(value: float, drawn: np.ndarray, observed: np.ndarray) -> float:
    """Share of draws whose t is at least the sample's own when the hypothesis is `value`."""
    own, others = (
        (n0 + n1 * value) ** 2 / (q0 + q1 * value + q2 * value**2) for n0, n1, q0, q1, q2 in (observed, drawn)
    )
    # Equal ones count: there are many where answers are few and schools alike, and rounding must not decide. Where
    # all patterns are tried, the sample's own is among them, so that no p-value is zero.
    return float((others >= own * (1 - 1e-9)).mean())
