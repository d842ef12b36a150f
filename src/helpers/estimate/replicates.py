"""Weighted means of one sample, and how far chance moves them: from replicate weights, or by linearisation.

A share is a mean of zeros and ones. Nothing here knows what was asked or of whom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Means:
    """Means of m columns.

    `estimate`: m, NaN where nobody has a value. `n`: m counts of values. `deviations`: m x K; the sum of their squares
    is the variance of a mean, the sum of their products the covariance of two means of the same sample. `df`: degrees
    of freedom of the standard errors, for Student's t; infinite for replicate weights.
    """

    estimate: np.ndarray
    n: np.ndarray
    deviations: np.ndarray
    df: float

    @property
    def std_error(self) -> np.ndarray:
        """Standard errors of the m means; NaN where one cannot be estimated."""
        return _length(self.deviations)

    def minus(self, other: Means) -> tuple[np.ndarray, np.ndarray]:
        """m differences from the means of other respondents of the same sample, and their standard errors."""
        return self.estimate - other.estimate, _length(self.deviations - other.deviations)


def means(
    values: np.ndarray,
    weights: np.ndarray,
    fay: float = 0.0,
    clusters: np.ndarray | None = None,
    n_clusters: int = 0,
) -> Means:
    """Weighted means of columns, with errors by balanced repeated replication (BRR, Fay's) or by linearisation.

    Parameters
    ----------
    values : n x m; NaN is no value, which leaves the denominator of this column alone
    weights : n x (1 + R), the final weight first, then R replicate weights
    fay : Fay's factor of the replicates; 0 for plain BRR
    clusters : with R = 0, n codes below `n_clusters`; without them every row is its own
    n_clusters : the number G of clusters in the sample, also of those without a row here, so that a part of a sample
        gets the variance of a domain

    Raises
    ------
    ValueError
        For a `fay` outside 0 to 1, weights that are not finite, and negative final weights.

    Notes
    -----
    One matrix product gives the totals of all columns under all weights. The variance is
    sum_r (t_r - t)^2 / (R (1 - fay)^2), with t from the final weight and not the mean of the t_r (Rust and Rao 1996;
    OECD 2009, PISA Data Analysis Manual). Where the weights of a replicate are zero for everybody with a value, there
    is no t_r and the standard error is NaN: leaving the replicate out would make it too small.

    With R = 0 the variance is that of the linearised mean (Woodruff 1971): with u the sums by cluster of
    w (y - t) / sum w, it is G/(G-1) sum u^2. No strata, and no correction for a finite population; G - 1 degrees of
    freedom. With one cluster the standard error is NaN.

    Examples
    --------
    >>> answers = np.array([[1.0], [0.0], [1.0], [1.0]])
    >>> weights = np.array([[10.0, 15, 5], [20, 30, 10], [10, 5, 15], [20, 10, 30]])
    >>> found = means(answers, weights, fay=0.5)
    >>> found.estimate.round(3).tolist(), found.std_error.round(3).tolist()
    ([0.667], [0.333])
    """
    if not 0 <= fay < 1:
        raise ValueError(f"Fay's factor is at least 0 and below 1, not {fay}")
    present = ~np.isnan(values)
    m = values.shape[1]
    with np.errstate(invalid="ignore"):  # infinite weights, refused below
        totals = np.concatenate([np.where(present, values, 0.0), present], axis=1).T @ weights
    if not np.isfinite(totals).all() or (weights[:, 0] < 0).any():
        raise ValueError("weights must be finite, and final weights not negative")
    with np.errstate(invalid="ignore"):  # nobody has a value: 0 / 0
        found = totals[:m] / totals[m:]
        estimate = found[:, 0]
        if weights.shape[1] > 1:
            reach = np.sqrt(weights.shape[1] - 1) * (1 - fay)
            deviations, df = (found[:, 1:] - estimate[:, None]) / reach, np.inf
        else:
            errors = np.where(present, values - estimate, 0.0) * weights / totals[m:, 0]
            deviations, df = _by_cluster(errors, clusters, n_clusters)
    return Means(estimate, present.sum(axis=0), deviations, df)


def _by_cluster(
    errors: np.ndarray, clusters: np.ndarray | None, n_clusters: int
) -> tuple[np.ndarray, int]:
    """n x m errors of respondents as m x G deviations: summed by cluster, with the factor for few clusters; and G - 1."""
    if clusters is None:
        clusters, n_clusters = np.arange(len(errors)), len(errors)
    sums = np.zeros((n_clusters, errors.shape[1]))
    np.add.at(sums, clusters, errors)
    factor = np.sqrt(n_clusters / (n_clusters - 1)) if n_clusters > 1 else np.nan
    return factor * sums.T, n_clusters - 1


def _length(deviations: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("mk,mk->m", deviations, deviations))
