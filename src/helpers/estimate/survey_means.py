"""Weighted means of survey answers with errors by replicate weights or by linearisation within a design."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from helpers.read.suppression import MINIMUM


@dataclass(frozen=True)
class Design:
    """Who was drawn together. `clusters`: n codes; `strata`: for each cluster of the whole sample the code of its stratum.

    Clusters without a row here count too, so that a part of a sample gets the variance of a domain, as R's survey
    gives it for a subset of a design (Lumley 2010, section 2.6). `roundly`: the factor for few clusters takes their
    numbers to the nearest ten, since errors with all digits would tell them.
    """

    clusters: np.ndarray
    strata: np.ndarray
    roundly: bool = False

    def part(self, rows: np.ndarray) -> Design:
        """The design of some rows, with all clusters of the sample."""
        return replace(self, clusters=self.clusters[rows])


@dataclass(frozen=True)
class Means:
    """Means of m columns.

    `estimate`: m, NaN where nobody has a value. `n`: m counts of values; `effective_n`: what is left of these when
    weights differ (Kish). `deviations`: m x K; sums of squares are the variances of means, sums of products their
    covariances in one sample. `seen`: m x G, clusters with a value; `strata`: of these; None and empty for replicates.
    """

    estimate: np.ndarray
    n: np.ndarray
    effective_n: np.ndarray
    deviations: np.ndarray
    seen: np.ndarray | None
    strata: np.ndarray

    @property
    def std_error(self) -> np.ndarray:
        """Standard errors of the m means; NaN where one cannot be estimated."""
        return np.where(self.df > 0, _length(self.deviations), np.nan)

    @property
    def df(self) -> np.ndarray:
        """Degrees of freedom of the m errors: clusters with a value less their strata; infinite for replicates."""
        if self.seen is None:
            return np.full(len(self.n), np.inf)
        of_stratum = np.zeros((len(self.n), self.strata.max(initial=0) + 1), dtype=bool)
        column, cluster = np.nonzero(self.seen)
        of_stratum[column, self.strata[cluster]] = True
        return self.seen.sum(axis=1) - of_stratum.sum(axis=1).astype(float)

    def take(self, columns: np.ndarray) -> Means:
        """Some of the columns, in this order."""
        own = {name: getattr(self, name)[columns] for name in ("estimate", "n", "effective_n", "deviations")}
        return replace(self, **own, seen=None if self.seen is None else self.seen[columns])

    def minus(self, other: Means) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """m differences from other means of the same sample, their standard errors and degrees of freedom."""
        seen = None if self.seen is None else self.seen | other.seen
        with np.errstate(invalid="ignore"):  # what has no error has infinite deviations
            apart = replace(self, deviations=self.deviations - other.deviations, seen=seen)
        return self.estimate - other.estimate, apart.std_error, apart.df


def means(values: np.ndarray, weights: np.ndarray, fay: float = 0.0, design: Design | None = None) -> Means:
    """Weighted means of columns, with errors by balanced repeated replication (BRR, Fay's) or by linearisation.

    The variance is sum_r (t_r - t)^2 / (R (1 - fay)^2), with t from the final weight and not the mean of the t_r
    (Rust and Rao 1996; OECD 2009, PISA Data Analysis Manual). Where the weights of a replicate are zero for everybody
    with a value, there is no t_r and the standard error is NaN: without the replicate it would be too small.

    With R = 0 the variance is that of the linearised mean (Woodruff 1971): with u the sums by cluster of
    w (y - t) / sum w, it is the sum over strata of G/(G-1) sum (u - mean u)^2, with G clusters in the stratum. No
    correction for a finite population. Where one cluster, or one in each stratum, has values, the error is NaN.

    Raises ValueError for a `fay` outside 0 to 1, weights that are not finite, and negative final weights.

    >>> answers = np.array([[1.0], [0.0], [1.0], [1.0]])
    >>> weights = np.array([[10.0, 15, 5], [20, 30, 10], [10, 5, 15], [20, 10, 30]])
    >>> found = means(answers, weights, fay=0.5)
    >>> found.estimate.round(3).tolist(), found.std_error.round(3).tolist()
    ([0.667], [0.333])

    Parameters
    ----------
    values : n x m; NaN is no value, which leaves the denominator of this column alone
    weights : n x (1 + R), the final weight first, then R replicate weights
    fay : Fay's factor of the replicates; 0 for plain BRR
    design : with R = 0, clusters and strata; without it every row is its own cluster, of one stratum
    """
    if not 0 <= fay < 1:
        raise ValueError(f"Fay's factor is at least 0 and below 1, not {fay}")
    present, m = ~np.isnan(values), values.shape[1]
    with np.errstate(invalid="ignore"):  # infinite weights, refused below
        totals = np.concatenate([np.where(present, values, 0.0), present], axis=1).T @ weights
    if not np.isfinite(totals).all() or (weights[:, 0] < 0).any():
        raise ValueError("weights must be finite, and final weights not negative")
    seen, strata = None, np.zeros(0, dtype=int)
    with np.errstate(invalid="ignore"):  # nobody has a value: 0 / 0
        found = totals[:m] / totals[m:]
        estimate, effective_n = found[:, 0], totals[m:, 0] ** 2 / (present.T @ weights[:, 0] ** 2)
        if weights.shape[1] > 1:
            deviations = (found[:, 1:] - estimate[:, None]) / (np.sqrt(weights.shape[1] - 1) * (1 - fay))
        else:
            design = design or Design(np.arange(len(values)), np.zeros(len(values), dtype=int))
            errors = np.where(present, values - estimate, 0.0) * weights / totals[m:, 0]
            deviations, strata = by_cluster(errors, design), design.strata
            seen = _by_cluster_any(present, design)
    return Means(estimate, present.sum(axis=0), effective_n, deviations, seen, strata)


def by_cluster(errors: np.ndarray, design: Design) -> np.ndarray:
    """n x m errors as m x G deviations: sums by cluster less their stratum's mean, with the factor for few clusters."""
    sizes = np.bincount(design.strata)
    sums = np.zeros((len(design.strata), errors.shape[1]))
    np.add.at(sums, design.clusters, errors)
    if len(sizes) > 1:  # in a single one the sums add up to nothing
        totals = np.zeros((len(sizes), errors.shape[1]))
        np.add.at(totals, design.strata, sums)
        sums -= (totals / sizes[:, None])[design.strata]
    told = np.where(sizes < MINIMUM, sizes, np.round(sizes, -1)) if design.roundly else sizes
    with np.errstate(divide="ignore", invalid="ignore"):  # a stratum of one cluster: no error
        factor = np.sqrt(told / (told - 1.0))
    return (factor[design.strata, None] * sums).T


def _by_cluster_any(present: np.ndarray, design: Design) -> np.ndarray:
    """m x G: whether anybody of the cluster has a value."""
    seen = np.zeros((len(design.strata), present.shape[1]), dtype=bool)
    np.logical_or.at(seen, design.clusters, present)
    return seen.T


def _length(deviations: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("mk,mk->m", deviations, deviations))
