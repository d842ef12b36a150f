"""School fixed-effects models from moments: exact coefficients and cluster-robust inference in k x k algebra.

Within each school, W = M - s s'/n takes out the school's means. Coefficients solve sum W_xx b = sum W_xy, and a
school's score is u = W_xy - W_xx b. A coarser cluster adds up the scores of its schools.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

from helpers.moments import Moments
from helpers.project import InputError


@dataclass(frozen=True)
class Within:
    """Within-school cross-products added up by cluster: G clusters, k regressors."""

    terms: tuple[str, ...]
    clusters: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    n: int
    n_schools: int
    singletons: tuple[str, ...]


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
    singletons: tuple[str, ...]

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Tidy rows: term, estimate, std_error, ci_low, ci_high, p_value, n, n_groups."""
        std_error, df = np.sqrt(np.diag(self.covariance)), self.n_groups - 1
        reach = special.stdtrit(df, 0.5 + level / 2) * std_error
        return pd.DataFrame(
            {
                "term": self.terms,
                "estimate": self.estimate,
                "std_error": std_error,
                "ci_low": self.estimate - reach,
                "ci_high": self.estimate + reach,
                "p_value": 2 * special.stdtr(df, -np.abs(self.estimate / std_error)),
                "n": self.n,
                "n_groups": self.n_groups,
            }
        )

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
    single = moments.records == 1
    keep = ~single
    n, sums = moments.n[keep], moments.sums[keep]
    w = moments.products[keep] - sums[:, :, None] * sums[:, None, :] / n[:, None, None]
    names, places = np.unique(moments.clusters[keep].astype(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"clustering needs two clusters or more; with two records or more there is {len(names)}."
        )
    total = np.zeros((len(names), *w.shape[1:]))
    np.add.at(total, places, w)
    raw = np.einsum("gii->i", moments.products[keep])
    if total[:, -1, -1].sum() <= 1e-12 * raw[-1]:
        raise InputError(
            "the outcome is the same for all records of every school, so nothing can be estimated."
        )
    _refuse_collinear(total[:, :-1, :-1].sum(axis=0), raw[:-1], moments.terms)
    return Within(
        terms=moments.terms,
        clusters=names,
        xx=total[:, :-1, :-1],
        xy=total[:, :-1, -1],
        n=int(moments.records[keep].sum()),
        n_schools=int(keep.sum()),
        singletons=tuple(map(str, moments.schools[single])),
    )


def fit(data: Within, inference: str = "CRV1") -> Fit:
    """Least squares with covariance clustered by `data.clusters`.

    CRV1: sandwich times G/(G-1) (N-1)/(N-k-1), the convention of fixest, pyfixest and reghdfe for fixed effects
    nested in clusters. CRV3: cluster jackknife (MacKinnon, Nielsen & Webb 2023), safer with few or unequal clusters.
    """
    a, b = _solve(data)
    if inference == "CRV1":
        scores = _scores(data, b) @ np.linalg.inv(a)
        covariance = _factor(data) * scores.T @ scores
    elif inference == "CRV3":
        g = len(data.clusters)
        try:
            left_out = np.linalg.solve(a - data.xx, (data.xy.sum(axis=0) - data.xy)[:, :, None])[
                :, :, 0
            ]
        except np.linalg.LinAlgError:
            raise InputError(
                "CRV3: without one of the clusters a term cannot be estimated. Use CRV1."
            ) from None
        covariance = (g - 1) / g * (left_out - b).T @ (left_out - b)
    else:
        raise ValueError(f"inference is CRV1 or CRV3, not {inference!r}")
    shared = (data.n, len(data.clusters), data.n_schools, data.singletons)
    return Fit(data.terms, b, covariance, inference, *shared)


def wild_bootstrap(data: Within, term: str, draws: int = 9_999, seed: int = 1) -> float:
    """p-value that `term` is zero: wild cluster bootstrap, null imposed, Rademacher weights (WCR).

    Cameron, Gelbach & Miller (2008); a draw needs the clusters' cross-products only. With so few clusters that
    `draws` exceeds all 2^G sign patterns, these are enumerated instead.
    """
    j, g = data.terms.index(term), len(data.clusters)
    a, b = _solve(data)
    others = [place for place in range(len(data.terms)) if place != j]
    restricted = np.zeros_like(b)
    if others:
        restricted[others] = np.linalg.solve(a[np.ix_(others, others)], data.xy.sum(axis=0)[others])
    scores, row = _scores(data, restricted), np.linalg.inv(a)[j]
    own = scores @ row
    leverage = np.einsum("i,gij->gj", row, data.xx) @ np.linalg.inv(a)

    def squared_t(signs: np.ndarray) -> np.ndarray:
        summed = signs @ scores
        errors = signs * own - summed @ leverage.T
        return (summed @ row) ** 2 / (_factor(data) * (errors**2).sum(axis=1))

    observed = squared_t(np.ones((1, g)))[0]
    if 2**g <= draws:
        signs = 1.0 - 2.0 * ((np.arange(2**g)[:, None] >> np.arange(g)) & 1)
        return float((squared_t(signs) > observed * (1 + 1e-12)).mean())
    rng = np.random.default_rng(seed)
    beyond = 0
    for start in range(0, draws, 1000):  # memory stays bounded however many draws and clusters
        signs = 1.0 - 2.0 * rng.integers(0, 2, (min(1000, draws - start), g))
        beyond += int((squared_t(signs) > observed).sum())
    return beyond / draws


def _solve(data: Within) -> tuple[np.ndarray, np.ndarray]:
    a = data.xx.sum(axis=0)
    return a, np.linalg.solve(a, data.xy.sum(axis=0))


def _scores(data: Within, b: np.ndarray) -> np.ndarray:
    return data.xy - data.xx @ b


def _factor(data: Within) -> float:
    g, k = len(data.clusters), len(data.terms)
    return g / (g - 1) * (data.n - 1) / (data.n - k - 1)


def _refuse_collinear(a: np.ndarray, raw: np.ndarray, terms: tuple[str, ...]) -> None:
    """Take the terms in one after the other; one that leaves nothing of its own is collinear with those before."""
    rest = a.copy()
    lost = []
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
