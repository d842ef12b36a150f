"""From a survey to shares with standard errors by replicate weights or linearisation, and what must not be shown.

A sample is one system in one cycle. Systems, and cycles of a system, are independent samples. Respondents whose
final weight is zero speak for nobody and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.estimate.intervals import t_test
from helpers.project import InputError, in_order, relative
from helpers.read.files import check_columns
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED, Survey


@dataclass(frozen=True)
class Means:
    """Means of m columns.

    `estimate`: m, NaN where nobody has a value. `n`: m counts of values. `deviations`: m x K; sums of squares are the
    variances of means, sums of products their covariances in one sample. `df`: of the errors; infinite for replicates.
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
    values: np.ndarray, weights: np.ndarray, fay: float = 0.0, clusters: np.ndarray | None = None, n_clusters: int = 0
) -> Means:
    """Weighted means of columns, with errors by balanced repeated replication (BRR, Fay's) or by linearisation.

    The variance is sum_r (t_r - t)^2 / (R (1 - fay)^2), with t from the final weight and not the mean of the t_r
    (Rust and Rao 1996; OECD 2009, PISA Data Analysis Manual). Where the weights of a replicate are zero for everybody
    with a value, there is no t_r and the standard error is NaN: without the replicate it would be too small.

    With R = 0 the variance is that of the linearised mean (Woodruff 1971): with u the sums by cluster of
    w (y - t) / sum w, and G clusters, it is G/(G-1) sum u^2. No strata, and no correction for a finite population;
    G - 1 degrees of freedom. With one cluster the standard error is NaN.

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
    clusters : with R = 0, n codes below `n_clusters`; without them every row is its own
    n_clusters : all of the sample, also without a row here, so that a part of it gets the variance of a domain
    """
    if not 0 <= fay < 1:
        raise ValueError(f"Fay's factor is at least 0 and below 1, not {fay}")
    present, m = ~np.isnan(values), values.shape[1]
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


def _by_cluster(errors: np.ndarray, clusters: np.ndarray | None, n_clusters: int) -> tuple[np.ndarray, int]:
    """n x m errors of respondents as m x G deviations: sums by cluster with the factor for few clusters; and G - 1."""
    if clusters is None:
        clusters, n_clusters = np.arange(len(errors)), len(errors)
    sums = np.zeros((n_clusters, errors.shape[1]))
    np.add.at(sums, clusters, errors)
    factor = np.sqrt(n_clusters / (n_clusters - 1)) if n_clusters > 1 else np.nan
    return factor * sums.T, n_clusters - 1


def _length(deviations: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("mk,mk->m", deviations, deviations))


ESTIMATES = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "p_holm"]
"""Columns of a comparison of shares (see `helpers.estimate.comparisons`)."""

_TAKEN = {"cycle", "system", "item", "statistic", "share", "n", "n_schools", "n_systems", "n_groups", "term", "other", "note"}  # fmt: skip


def table(survey: Survey, by: str = "") -> pd.DataFrame:
    """The two headline shares of every item and system, or of every level of the column `by` in it.

    Columns: cycle, system, [by,] item, statistic, share (0 to 1), std_error, ci_low, ci_high (95 %, within 0 and 1),
    n (respondents who answered), n_schools (theirs; empty where no school is known), note. Whoever was not asked, gave
    no answer, or has no level of `by`, is not in the denominator. Errors are those of `means`; without replicates
    schools are the clusters (respondents where no school is known), with intervals of Student's t. A cell that rests on
    too few, or was not administered, keeps its row and loses its numbers; a share of exactly 0 or 1 has no standard
    error; `note` says so. Raises InputError for a `by` that is no column or has the name of another one of the table.
    """
    return _table(survey, headlines(survey), by)


def distribution(survey: Survey, by: str = "") -> pd.DataFrame:
    """As `table`, with a row for each category; `statistic` is its label."""
    statistics = {label: (code, code) for code, label in enumerate(survey.categories, start=1)}
    return _table(survey, statistics, by)


def counts(survey: Survey) -> pd.DataFrame:
    """Per cycle, system and item: respondents, schools, answered, no_answer, not_administered."""
    found = []
    for sample in samples(survey):
        codes, schools = sample.codes, _n_schools(sample, np.ones_like(sample.codes, dtype=bool))
        columns = {"item": list(survey.items), "respondents": len(codes), "schools": schools}
        kinds = {"answered": codes > 0, "no_answer": codes == NO_ANSWER, "not_administered": codes == NOT_ADMINISTERED}
        columns |= {name: rows.sum(axis=0) for name, rows in kinds.items()}
        found.append(pd.DataFrame(sample.keys | columns))
    return pd.concat(found, ignore_index=True)


@dataclass(frozen=True)
class Sample:
    """Respondents of one sample, or of one level in it.

    `codes`: n x items; `weights`: n x (1 + R); `schools`: n codes, -1 where unknown, whose remainder by the number of
    samples is the sample's place; `clusters`: n codes below `n_clusters` of the whole sample; `levels`: n codes or -1.
    """

    keys: dict[str, object]
    codes: np.ndarray
    weights: np.ndarray
    schools: np.ndarray
    clusters: np.ndarray
    n_clusters: int
    levels: np.ndarray

    def level(self, code: int, keys: dict[str, object]) -> Sample:
        """The part of one level."""
        names = ("codes", "weights", "schools", "clusters", "levels")
        rows = self.levels == code
        return replace(self, keys=self.keys | keys, **{name: getattr(self, name)[rows] for name in names})


def samples(survey: Survey, by: str = "") -> Iterator[Sample]:
    """Samples in the order of their cycle and system."""
    frame = survey.frame
    codes = frame[list(survey.items)].to_numpy(dtype=np.int16)
    grouped = frame.groupby(["cycle", "system"], dropna=False, observed=True)
    group, keys = grouped.ngroup().to_numpy(), list(grouped.size().index)
    ids = frame["school_id"].astype(object)
    school = pd.factorize(ids.mask(ids == ""))[0]
    level = pd.factorize(frame["level"], use_na_sentinel=False)[0]
    school = np.where(school < 0, -1, (school * (level.max(initial=0) + 1) + level) * len(keys) + group)
    levels = np.zeros(len(frame), dtype=int)
    if by:
        levels = pd.Index(levels_of(survey, by), dtype=object).get_indexer(frame[by].astype(object))
    order = np.argsort(group, kind="stable")
    order = order[survey.weights[order, 0] != 0]
    ends = np.searchsorted(group[order], np.arange(len(keys) + 1))
    for place, (cycle, system) in enumerate(keys):
        rows = order[ends[place] : ends[place + 1]]
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            rows = slice(rows[0], rows[-1] + 1)  # a view of the weights, not a copy
        schools = school[rows]
        alone = np.where(schools < 0, -1 - np.arange(len(schools)), schools)
        names, clusters = np.unique(alone, return_inverse=True)
        parts = codes[rows], survey.weights[rows], schools, clusters, len(names), levels[rows]
        yield Sample({"cycle": cycle, "system": system}, *parts)


def levels_of(survey: Survey, by: str, needed: int = 1) -> list[object]:
    """Levels of a column in their order, that of the categories where the column has some; `needed` or more."""
    file = " and ".join(map(relative, survey.files)) or "the survey"
    check_columns([by], survey.frame.columns, file)
    if by in {*_TAKEN, *ESTIMATES, *survey.items}:
        raise InputError(
            f"{file}, column {by!r}: tables of shares have a column of that name. Divide by another column, or "
            "rename this one."
        )
    column = survey.frame[by].dropna()
    levels = column.unique().tolist()
    if len(levels) < needed:
        raise InputError(
            f"{file}, column {by!r}: {f'one level, {levels[0]!r}, and' if levels else 'it is empty, and'} "
            f"{needed} or more are needed. Name another column."
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [level for level in column.cat.categories if level in levels]
    return in_order(set(levels)) if all(isinstance(level, str) for level in levels) else sorted(levels)


def headlines(survey: Survey) -> dict[str, tuple[int, int]]:
    """Statistics with their lowest and highest category."""
    never, often = survey.statistics
    return {never: (1, 1), often: (survey.often, len(survey.categories))}


def evaluated(
    survey: Survey, statistics: dict[str, tuple[int, int]], by: str
) -> Iterator[list[tuple[pd.DataFrame, Means]]]:
    """For each sample its levels (one without `by`), each as rows of the table and the means they were made from."""
    levels = levels_of(survey, by) if by else []
    for sample in samples(survey, by):
        parts = [sample.level(code, {by: name}) for code, name in enumerate(levels)] if by else [sample]
        yield [_cell(survey, part, statistics) for part in parts]


def _table(survey: Survey, statistics: dict[str, tuple[int, int]], by: str) -> pd.DataFrame:
    return pd.concat((rows for cells in evaluated(survey, statistics, by) for rows, _ in cells), ignore_index=True)


def _cell(survey: Survey, sample: Sample, statistics: dict[str, tuple[int, int]]) -> tuple[pd.DataFrame, Means]:
    """Rows and means, item after item, each with all statistics."""
    answered = sample.codes > 0
    codes = sample.codes[:, :, None]
    low, high = np.array(list(statistics.values())).T
    hits, each = (codes >= low) & (codes <= high), len(statistics)
    values = np.where(answered[:, :, None], hits, np.nan).reshape(len(codes), len(survey.items) * each)
    found = means(values, sample.weights, survey.fay, sample.clusters, sample.n_clusters)
    n, n_schools = answered.sum(axis=0), _n_schools(sample, answered)
    hidden = np.repeat(_hidden(survey, sample, n, n_schools), each)
    share, std_error, note = _shown(found, hits.sum(axis=0).ravel(), hidden, survey)
    ci_low, ci_high = interval(share, std_error, found.df)
    rows = {
        "item": np.repeat(list(survey.items), each), "statistic": np.tile(list(statistics), len(survey.items)),
        "share": share, "std_error": std_error, "ci_low": ci_low, "ci_high": ci_high,
        "n": found.n, "n_schools": n_schools.repeat(each), "note": note,
    }  # fmt: skip
    return pd.DataFrame(sample.keys | rows), found


def _shown(found: Means, agreeing: np.ndarray, hidden: np.ndarray, survey: Survey) -> tuple[np.ndarray, ...]:
    """Shares, their errors, and why one is empty. `agreeing`: counts; `hidden`: why a share is not shown, or empty."""
    # Whether a share is 0 or 1 is counted: in sums of weights rounding would decide.
    exact = ((agreeing == 0) | (agreeing == found.n)) & (found.n > 0)
    shown = hidden == ""
    share = np.where(shown, np.where(exact, agreeing > 0, found.estimate), np.nan)
    std_error = np.where(shown & ~exact, found.std_error, np.nan)
    why = "in a replicate nobody here has a weight" if survey.weights.shape[1] > 1 else "one cluster alone"
    why = np.where(exact, "nobody or everybody answered so", why)
    unsure = np.where(np.isnan(std_error), np.char.add("no standard error: ", why), "")
    return share, std_error, np.where(shown, unsure, hidden)


def _n_schools(sample: Sample, counted: np.ndarray) -> pd.Series:
    """By item the schools of the respondents that count (n x items); empty where no school is known."""
    known = sample.schools >= 0
    if not known.any():
        return pd.Series([pd.NA] * counted.shape[1], dtype="Int64")
    seen = np.zeros((sample.n_clusters, counted.shape[1]), dtype=bool)
    np.logical_or.at(seen, sample.clusters[known], counted[known])
    return pd.Series(seen.sum(axis=0), dtype="Int64")


def _hidden(survey: Survey, sample: Sample, n: np.ndarray, n_schools: pd.Series) -> np.ndarray:
    """By item why it is not shown; empty where it is."""
    people, schools = survey.fewest
    unasked = (sample.codes == NOT_ADMINISTERED).all(axis=0) & (len(sample.codes) > 0)
    few, sparse = n < people, (n_schools < schools).fillna(False).to_numpy(bool)
    both = f"fewer than {people} respondents and {schools} schools"
    alone = f"fewer than {people} respondents", f"fewer than {schools} schools"
    return np.select([unasked, few & sparse, few, sparse], ["not administered", both, *alone], "")


def interval(share: np.ndarray, std_error: np.ndarray, df: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 95 % interval of Student's t (normal with infinite `df`), kept between 0 and 1."""
    found = t_test(share, std_error, df)
    return found["ci_low"].clip(0.0, 1.0), found["ci_high"].clip(0.0, 1.0)
