"""CR2: cluster-robust covariance that few clusters do not bias, with the degrees of freedom of each test, from sums.

Bell & McCaffrey (2002); Imbens & Kolesar (2016); Pustejovsky & Tipton (2018). With S_g the cross-products of cluster g,
A their sum, A^-1 = B B' and M_g = B' S_g B, a cluster's residuals are multiplied by (I - X A^-1 X')^(-1/2), which makes
of its score u_g, in the basis of B, (I - M_g)^(-1/2) B' u_g. Nothing larger than k x k is needed. Under the working
model (independent errors of one variance; of 1/w with weights) the covariance is unbiased.
"""

from typing import NamedTuple

import numpy as np
from scipy import special  # what scipy.stats would call, without its import time

_ALONE = 1e-10
"""Below this share of a direction is left outside of one cluster: the others say nothing about it, as clubSandwich has it."""
_SMALL = 0.01
"""Clusters with less leverage than this have their root by its power series, which for many clusters saves most of the time."""
_AT_ONCE = 250
"""Clusters whose matrices are worked on together: what fits a processor's own memory is not fetched again and again."""


class Adjusted(NamedTuple):
    """In the basis of B: `root` B (k x k), `own` M_g and `adjusting` (I - M_g)^(-1/2), G x k x k each."""

    root: np.ndarray
    own: np.ndarray
    adjusting: np.ndarray


def adjusted(xx: np.ndarray) -> Adjusted:
    """What covariance and tests share. `xx`: G x k x k cross-products of the clusters."""
    root = np.linalg.inv(np.linalg.cholesky(xx.sum(axis=0))).T
    own = np.empty_like(xx)
    for some in _blocks(len(xx)):
        own[some] = root.T @ (xx[some].reshape(-1, len(root)) @ root).reshape(xx[some].shape)
    leverage = np.einsum("gii->g", own)  # no less than the largest root
    small = leverage < _SMALL
    adjusting = np.empty_like(own)
    share, vectors = np.linalg.eigh(own[~small])
    rest = 1 - share
    factor = np.where(rest > _ALONE, 1 / np.sqrt(np.maximum(rest, _ALONE)), 0.0)
    adjusting[~small] = (vectors * factor[:, None, :]) @ vectors.transpose(0, 2, 1)
    terms = _terms(leverage[small].max(initial=0))
    for some in _blocks(len(xx)):
        places = np.flatnonzero(small[some]) + some.start
        adjusting[places] = _series(own[places], terms)
    return Adjusted(root, own, adjusting)


def covariance(parts: Adjusted, scores: np.ndarray) -> np.ndarray:
    """Covariance of the coefficients, k x k. `scores`: G x k, regressors times residuals."""
    influence = np.matmul(parts.adjusting, (scores @ parts.root)[:, :, None])[:, :, 0] @ parts.root.T
    return influence.T @ influence


def degrees_of_freedom(parts: Adjusted) -> np.ndarray:
    """Satterthwaite's degrees of freedom of each coefficient: k."""
    k = len(parts.root)
    trace, squared, shared = np.zeros(k), np.zeros(k), np.zeros((k, k, k))
    for some in _blocks(len(parts.own)):
        # A column for each contrast that is one coefficient, which is B'c.
        left = (parts.adjusting[some].reshape(-1, k) @ parts.root.T).reshape(-1, k, k)
        right = parts.own[some] @ left
        own, of_others = np.einsum("gij,gij->gj", left, right), np.einsum("gij,gij->gj", right, right)
        trace += (own - of_others).sum(axis=0)
        squared += (own**2 - 2 * own * of_others).sum(axis=0)
        by_contrast = np.ascontiguousarray(right.transpose(2, 1, 0))
        shared += by_contrast @ by_contrast.transpose(0, 2, 1)
    with np.errstate(invalid="ignore"):  # of what varies in one cluster alone there is neither
        return trace**2 / (squared + (shared**2).sum(axis=(1, 2)))


def joint_test(
    parts: Adjusted, estimate: np.ndarray, covariance: np.ndarray, places: list[int]
) -> tuple[float, float, float]:
    """F that the coefficients at `places` are zero, its second degrees of freedom, and p: Pustejovsky & Tipton's HTZ.

    Hotelling's T squared whose degrees of freedom match the spread of the covariance under the working model. NaN where
    the clusters are too few to tell so many coefficients apart.

    Parameters
    ----------
    parts, estimate, covariance, places : of `adjusted`; k coefficients and their covariance; q places of the k
    """
    q = len(places)
    contrasts = parts.root[places].T  # k x q
    values, vectors = np.linalg.eigh(contrasts.T @ contrasts)
    contrasts = contrasts @ (vectors / np.sqrt(values))  # so that the covariance is expected to be one
    left = parts.adjusting @ contrasts
    right = parts.own @ left
    own, lost = np.einsum("gks,gkt->gst", left, right), np.einsum("gks,gkt->gst", right, right)
    sums = np.einsum("gis,gjt->stij", right, right, optimize=True)
    diagonal, dropped = np.einsum("gss->gs", own), np.einsum("gss->gs", lost)
    spread = diagonal.sum(1) @ diagonal.sum(1) - 2 * diagonal.sum(1) @ dropped.sum(1) + (sums**2).sum()
    spread += (own**2 - 2 * own * lost).sum() + np.einsum("stij,stji->", sums, sums)
    df = q * (q + 1) / spread
    b, v = estimate[places], covariance[np.ix_(places, places)]
    left_over = df - q + 1
    if not left_over > 0:
        return np.nan, np.nan, np.nan
    f = float(left_over / (df * q) * (b @ np.linalg.solve(v, b)))
    return f, float(left_over), float(special.fdtrc(q, left_over, f))


def _blocks(count: int) -> list[slice]:
    return [slice(start, min(count, start + _AT_ONCE)) for start in range(0, count, _AT_ONCE)]


def _terms(largest: float) -> int:
    """How many powers of a matrix with this root the series takes: as far as one can still change the last digit."""
    terms = 1
    while largest**terms > np.finfo(float).eps:
        terms += 1
    return terms


def _series(own: np.ndarray, terms: int) -> np.ndarray:
    """(I - M)^(-1/2) by its binomial series up to a power of at least `terms`, two powers for one product."""
    one, powers = np.eye(own.shape[1]), 2 * np.arange(terms // 2, -1, -1)
    even, odd = (special.binom(2 * power, power) / 4.0**power for power in (powers, powers + 1))
    found, square = even[0] * one + odd[0] * own, own @ own
    for a, b in zip(even[1:], odd[1:], strict=True):
        found = square @ found
        found += a * one + b * own
    return found
