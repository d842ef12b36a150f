"""Linear and logit models of a survey's answers, with errors by replicate weights or by linearisation within a design.

All replicates are estimated in one pass: their cross-products are one product of matrices, n x k(k+1)/2 by n x (1 + R).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate.survey_means import Design, by_cluster
from helpers.project import InputError

_STEPS, _STILL = 25, 1e-10
"""Newton steps at most, and the change of linear predictors below which they end."""
_CERTAIN = 30.0
"""Linear predictors beyond this say that some answers are foretold with certainty."""


@dataclass(frozen=True)
class Fitted:
    """k coefficients, the intercept first. `deviations`: k x K, whose sums of squares are the variances; `df`: infinite for replicates."""

    estimate: np.ndarray
    deviations: np.ndarray
    df: float

    @property
    def std_error(self) -> np.ndarray:
        """Standard errors of the k coefficients; NaN where there are no degrees of freedom."""
        return np.where(self.df > 0, np.sqrt((self.deviations**2).sum(axis=1)), np.nan)


def fit(y: np.ndarray, x: np.ndarray, weights: np.ndarray, fay: float, design: Design, logit: bool = False) -> Fitted:
    """Weighted least squares, or a logit model by weighted maximum (pseudo) likelihood.

    With replicates the variance is sum_r (b_r - b)^2 / (R (1 - fay)^2). Without, it is that of the sums by cluster of
    what each row adds, A^-1 w x (y - mu), between clusters within strata with G / (G - 1) (Binder 1983; R's `svyglm`), with
    clusters less strata, less terms, as degrees of freedom. Raises InputError where terms cannot be told apart and, for a
    logit, where some answers are foretold with certainty.

    Parameters
    ----------
    y, x : n outcomes (0 or 1 for a logit); n x (k - 1) terms, without a constant
    weights, fay, design, logit : n x (1 + R), the final weight first; Fay's factor; of the n rows; which model
    """
    x = np.column_stack([np.ones(len(y)), x])
    k = x.shape[1]
    if np.linalg.matrix_rank(x * np.sqrt(weights[:, :1])) < k:
        raise InputError("the terms cannot be told apart among those who answered")
    one, two = np.triu_indices(k)
    pairs = x[:, one] * x[:, two]
    coefficients = _logit(y, x, weights, pairs) if logit else _linear(y, x, weights, pairs)
    estimate = coefficients[0]
    if weights.shape[1] > 1:
        scale = np.sqrt(weights.shape[1] - 1) * (1 - fay)
        return Fitted(estimate, (coefficients[1:] - estimate).T / scale, np.inf)
    mu = x @ estimate
    mu = special.expit(mu) if logit else mu
    bread = _square(pairs.T @ (weights[:, 0] * (mu * (1 - mu) if logit else 1.0))[:, None], k)[0]
    errors = (x * (weights[:, 0] * (y - mu))[:, None]) @ np.linalg.inv(bread)
    seen = np.unique(design.clusters)
    df = len(seen) - len(np.unique(design.strata[seen])) + 1 - k
    return Fitted(estimate, by_cluster(errors, design), float(df))


def _linear(y: np.ndarray, x: np.ndarray, weights: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(1 + R) x k coefficients."""
    return _solve(_square(pairs.T @ weights, x.shape[1]), (x * y[:, None]).T @ weights)


def _logit(y: np.ndarray, x: np.ndarray, weights: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(1 + R) x k coefficients by Newton's method, of all replicates at once from those of the final weight."""
    final = _newton(y, x, weights[:, :1], pairs, np.zeros((1, x.shape[1])))
    return np.vstack([final, _newton(y, x, weights[:, 1:], pairs, final.repeat(weights.shape[1] - 1, axis=0))])


def _newton(y: np.ndarray, x: np.ndarray, weights: np.ndarray, pairs: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Newton's steps with a curvature that is made anew only where they shrink slowly: of replicates it hardly changes."""
    found, last, curvature = start, 0.0, None
    widest, hits = np.abs(x).max(axis=0), (x * y[:, None]).T @ weights
    for _ in range(_STEPS):
        mu = special.expit(x @ found.T)
        expected = weights * mu
        if curvature is None:
            curvature = _square(pairs.T @ (expected * (1 - mu)), x.shape[1])
        step = _solve(curvature, hits - x.T @ expected)
        # At most so much a linear predictor moves.
        found, moved = found + step, (np.abs(step) @ widest).max(initial=0.0)
        if moved < _STILL:
            return found
        if np.abs(x @ found[:1].T).max(initial=0.0) > _CERTAIN:
            break
        curvature, last = (curvature if moved < last / 5 else None), moved
    raise InputError("the answers of some can be foretold with certainty, so that a logit has no estimate")


def _square(sums: np.ndarray, k: int) -> np.ndarray:
    """k(k+1)/2 x m sums as m symmetric matrices."""
    one, two = np.triu_indices(k)
    found = np.empty((sums.shape[1], k, k))
    found[:, one, two] = found[:, two, one] = sums.T
    return found


def _solve(matrices: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """m x k solutions. Raises InputError where a replicate leaves terms out."""
    try:
        return np.linalg.solve(matrices, sides.T[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        raise InputError("in a replicate the terms cannot be told apart") from None
