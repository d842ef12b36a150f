"""Whether people who score alike answer an item alike in all groups: differential item functioning (DIF), by ordinal regression.

Of each item three proportional-odds models are compared (Zumbo 1999): the score alone, the score and the group (uniform
DIF), and these with their product (non-uniform DIF). The score is the sum of the answers, the item's own among them, and each
value of it is a level of its own, unless few have it. So nothing is said of the shape of the relation, and where items follow a partial credit
model groups may differ in the score as they like: what an item adds to a given sum does not depend on the person (Andersen
1972). By the sum of the other items alone, groups that differ in the score would seem to differ in every item. Groups count
alike, however large they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse, special

from helpers.estimate import ordinal
from helpers.estimate.intervals import holm
from helpers.estimate.ordinal import Ordinal
from helpers.estimate.shares import Sample
from helpers.estimate.survey_means import Design, by_cluster
from helpers.project import InputError

MODERATE, LARGE = 0.035, 0.070
"""Changes of Nagelkerke's R2 that Jodoin and Gierl (2001) call moderate and large (as R's package difR prints them)."""
ALPHA = 0.05
OTHERS, LEVEL = 2, 10
"""Other items that a score needs; people that a level of it needs: neighbouring scores of fewer are one level."""
_KINDS = ("uniform", "nonuniform")
_TESTED = [f"p_{kind}" for kind in _KINDS]
EACH = ["place", "group", "share", "share_others", "p_value"]
COLUMNS = [
    "place", "n_groups", "n", "r2_uniform", "p_uniform", "r2_nonuniform", "p_nonuniform", "lowest", "share_lowest",
    "highest", "share_highest", "anchor", "size", "found", "note",
]  # fmt: skip


@dataclass(frozen=True)
class Groups:
    """Samples to compare, and how their answers count.

    `samples`: one a group; `usable`: samples x items, whose answers count; answers are 1 to `categories`, and often from
    `often` on; `fay`: Fay's factor of replicates; `one_sample`: whether the samples are parts of one, with clusters in common;
    `fewest`: people and schools that each group needs.
    """

    samples: Sequence[Sample]
    usable: np.ndarray
    categories: int
    often: int
    fay: float = 0.0
    one_sample: bool = False
    fewest: tuple[int, int] = (1, 0)


class Dif(NamedTuple):
    """What `dif` finds: a row an item (COLUMNS), and a row an item that was tested and a group (EACH)."""

    items: pd.DataFrame
    groups: pd.DataFrame


def dif(groups: Groups) -> Dif:
    """DIF of each item, and how far each group stands from the others.

    `n_groups`, `n`: groups compared, and their people who answered all that the score is made of; `r2_uniform`,
    `r2_nonuniform`: change of Nagelkerke's R2 by the group, and by its product with the score; `p_...`: of adjusted Wald tests
    (Korn and Graubard 1990) with the design's errors, by Holm's method for all tests of the table; `lowest`, `highest`: the
    samples (by their place) whose people of equal score answer often least and most, with the share that would, at the
    scores that all have together; `size`: of both changes together; `found`: moderate or large, and a p below ALPHA; `note`:
    why there is no test. An item that is found leaves the score of the others, and all are looked at again, as long as more
    than half stay (`anchor`).

    Of groups (by their place): `share` that would answer often at the scores that all have together, `share_others`: the mean
    of the others' shares; `p_value`: of no difference between the group's slope and the mean of the others', not adjusted.
    """
    anchors = np.ones(groups.usable.shape[1], dtype=bool)
    while True:
        done = [_row(groups, place, anchors) for place in range(len(anchors))]
        rows, each = pd.DataFrame([row for row, _ in done]), pd.concat([of_groups for _, of_groups in done])
        rows[_TESTED] = holm(rows[_TESTED].stack(future_stack=True)).unstack()
        sizes = rows[[f"r2_{kind}" for kind in _KINDS]].to_numpy(float)
        size = pd.Series(sizes.max(axis=1), rows.index)
        rows["size"] = np.select([size.isna(), size < MODERATE, size < LARGE], ["", "negligible", "moderate"], "large")
        rows["found"] = ((sizes >= MODERATE) & (rows[_TESTED].to_numpy(float) < ALPHA)).any(axis=1)
        rows["anchor"] = anchors
        off = size[rows["found"] & anchors]
        if off.empty or anchors.sum() - 1 <= len(anchors) / 2:
            return Dif(rows[COLUMNS], each.reset_index(drop=True))
        anchors[off.idxmax()] = False


def _row(groups: Groups, place: int, anchors: np.ndarray) -> tuple[dict[str, object], pd.DataFrame]:
    """One item's row, p-values not yet adjusted, and the rows of its groups."""
    row = dict.fromkeys(COLUMNS, np.nan) | {"place": place, "n_groups": 0, "n": 0, "note": ""}
    none = pd.DataFrame(columns=EACH)
    compared = np.flatnonzero(groups.usable[:, place])
    others = groups.usable[compared].all(axis=0) & anchors
    others[place] = False
    if len(compared) < 2:
        return row | {"note": "one group alone has answers to show"}, none
    if others.sum() < OTHERS:
        return row | {"note": f"fewer than {OTHERS} other questions have answers to show in all of these"}, none
    cells = [_cells(groups, groups.samples[one], place, others) for one in compared]
    people, schools = groups.fewest
    if any(cell.n < people or cell.schools < schools for cell in cells):
        few = f"fewer than {people} people" + f" or {schools} schools" * (schools > 1)
        return row | {"note": f"of a group {few} answered all that is compared"}, none
    row |= {"n_groups": len(compared), "n": sum(cell.n for cell in cells)}
    try:
        found, each = _tests(groups, [_even(cell, row["n"] / len(cells)) for cell in cells], compared)
    except InputError as error:
        return row | {"note": str(error)}, none
    return row | found, each.assign(place=place)[EACH]


@dataclass(frozen=True)
class _Cells:
    """One group's weighted numbers by score and answer, scores x C; scores x C x K `deviations`, as of `by_cluster`.

    `n`, `schools`: people and their schools, where these are known; `seen`, `strata`: clusters with people (None with
    replicates), and the stratum of each cluster.
    """

    n: int
    schools: int
    counts: np.ndarray
    deviations: np.ndarray
    seen: np.ndarray | None
    strata: np.ndarray


def _cells(groups: Groups, sample: Sample, place: int, others: np.ndarray) -> _Cells:
    """Of those who answered the item and the others."""
    score_of = [place, *np.flatnonzero(others)]
    people = np.flatnonzero((sample.codes[:, score_of] > 0).all(axis=1))
    codes, answers = sample.codes[people].astype(int), groups.categories
    scores = len(score_of) * (answers - 1) + 1
    cell = (codes[:, score_of].sum(axis=1) - len(score_of)) * answers + codes[:, place] - 1
    if sample.weights.shape[1] > 1:
        into = sparse.csr_array((np.ones(len(people)), (cell, people)), shape=(scores * answers, len(sample.codes)))
        totals = into @ sample.weights
        deviations = (totals[:, 1:] - totals[:, :1]) / (np.sqrt(totals.shape[1] - 1) * (1 - groups.fay))
        counts, seen = totals[:, 0], None
    else:
        weights, clusters = sample.weights[people, 0], sample.design.clusters[people]
        counts, size = np.bincount(cell, weights, scores * answers), len(sample.design.strata)
        by = np.bincount(clusters * len(counts) + cell, weights, size * len(counts)).reshape(size, -1)
        # Cells, unlike errors, do not add up to nothing.
        design = Design(np.arange(size), sample.design.strata)
        deviations, seen = by_cluster(by - by.mean(axis=0), design), np.unique(clusters)
    shaped = (scores, answers)
    schools = sample.schools[people]
    n_schools = len(np.unique(schools)) if (schools >= 0).any() else len(people)
    return _Cells(
        len(people), n_schools, counts.reshape(shaped), deviations.reshape(*shaped, -1), seen, sample.design.strata
    )


def _even(cell: _Cells, total: float) -> _Cells:
    """The cells of a group that counts as so many people."""
    scale = total / cell.counts.sum()
    return replace(cell, counts=cell.counts * scale, deviations=cell.deviations * scale)


def _tests(groups: Groups, cells: list[_Cells], compared: np.ndarray) -> tuple[dict[str, object], pd.DataFrame]:
    """P-values of all groups, changes of R2 of the two furthest apart, and what is told of each group at equal scores."""
    starts = _starts(np.stack([cell.counts for cell in cells]))
    cells = [replace(cell, deviations=np.add.reduceat(cell.deviations, starts, axis=0)) for cell in cells]
    counts = np.add.reduceat(np.stack([cell.counts for cell in cells]), starts, axis=1)
    scores, answers = _informative(counts)
    terms, fits = _fits(counts[:, scores][:, :, answers])
    df, found, each = _df(cells, groups.one_sample), {}, pd.DataFrame()
    for kind, fitted in zip(_KINDS, fits[1:], strict=True):
        slopes = np.append(0.0, fitted.slopes[1 - len(cells) :])
        apart = counts[[slopes.argmin(), slopes.argmax()]]
        variance = _variance(fitted, cells, scores, answers, groups.one_sample)
        found |= {
            f"p_{kind}": _wald(slopes[1:], variance, df),
            f"r2_{kind}": _changes(apart)[_KINDS.index(kind)],
        }
        if kind == "uniform":
            each = pd.DataFrame({"group": compared, "p_value": _against_others(slopes, variance, df)})
    shares = _standardised(fits[1], terms, counts, scores, answers, groups.often)
    low, high = shares.argmin(), shares.argmax()
    found |= {
        "lowest": compared[low], "share_lowest": shares[low], "highest": compared[high], "share_highest": shares[high]
    }  # fmt: skip
    return found, each.assign(share=shares, share_others=(shares.sum() - shares) / (len(shares) - 1))


def _starts(counts: np.ndarray) -> np.ndarray:
    """Where levels of the score begin, of at least LEVEL people each, whatever their group (counts: groups x scores x C)."""
    starts, people = [0], 0.0
    for score, more in enumerate(counts.sum(axis=(0, 2))):
        if people >= LEVEL:
            starts.append(score)
            people = 0.0
        people += more
    return np.array(starts if people >= LEVEL or len(starts) == 1 else starts[:-1])


def _informative(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels of the score with more than one answer, and the answers there. Raises InputError where there are none."""
    scores = np.flatnonzero((counts.sum(axis=0) > 0).sum(axis=1) > 1)
    answers = np.flatnonzero(counts[:, scores].sum(axis=(0, 1)) > 0)
    if not len(scores):
        raise InputError("all who score alike answered alike")
    return scores, answers


def _fits(counts: np.ndarray) -> tuple[np.ndarray, list[Ordinal]]:
    """The terms of score and group, and the fits of the score alone, with the group, and with their product."""
    groups, scores, answers = counts.shape
    score, group, product = _terms(counts)
    # Of the score alone the groups are one; its answers lie about where the mean answer is.
    whole = counts.sum(axis=0)
    middle = special.logit(np.clip(whole @ np.linspace(0, 1, answers) / whole.sum(axis=1), 0.02, 0.98))
    about = special.logit(np.cumsum(whole.sum(axis=0))[:-1] / whole.sum()) - middle[0]
    fits = [ordinal.fit(whole, score[:scores], (about, middle[1:] - middle[0]))]
    terms = score
    for more in (group, product):
        terms, last = np.column_stack([terms, more]), fits[-1]
        start = last.thresholds, np.concatenate([last.slopes, np.zeros(more.shape[1])])
        fits.append(ordinal.fit(counts.reshape(groups * scores, answers), terms, start))
    return np.column_stack([score, group]), fits


def _changes(counts: np.ndarray) -> np.ndarray:
    """By how much the group, and then its product with the score, raise Nagelkerke's R2, of all people in these groups."""
    counts = np.add.reduceat(counts, _starts(counts), axis=1)
    scores, answers = _informative(counts)
    _, fits = _fits(counts[:, scores][:, :, answers])
    whole, n = counts[:, scores][:, :, answers].sum(axis=(0, 1)), counts[:, scores].sum()
    empty = (whole * np.log(whole / n)).sum()
    r2 = np.array([1 - np.exp(2 * (empty - one.log_likelihood) / n) for one in fits])
    return np.diff(r2 / (1 - np.exp(2 * empty / n)))


def _terms(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels of the score but the first, groups but the first, and their products with the standardised score.

    All have a row a group and score (counts: groups x scores x C).
    """
    groups, scores, _ = counts.shape
    weight, values = counts.sum(axis=(0, 2)), np.arange(scores)
    mean = np.average(values, weights=weight)
    standard = (values - mean) / max(np.sqrt(np.average((values - mean) ** 2, weights=weight)), 1e-9)
    score, group = np.tile(np.eye(scores), (groups, 1))[:, 1:], np.repeat(np.eye(groups), scores, axis=0)[:, 1:]
    return score, group, group * np.tile(standard, groups)[:, None]


def _variance(
    fitted: Ordinal, cells: list[_Cells], scores: np.ndarray, answers: np.ndarray, one_sample: bool
) -> np.ndarray:
    """The design's variance of the last slopes, one a group but the first."""
    tested = len(cells) - 1
    to_slopes = fitted.bread[-tested:] @ fitted.scores.reshape(-1, len(fitted.bread)).T
    each = np.split(to_slopes, len(cells), axis=1)
    moves = [
        own @ cell.deviations[scores][:, answers].reshape(own.shape[1], -1)
        for own, cell in zip(each, cells, strict=True)
    ]
    moved = sum(moves) if one_sample else np.concatenate(moves, axis=1)
    return moved @ moved.T


def _wald(slopes: np.ndarray, variance: np.ndarray, df: float) -> float:
    """P-value of the adjusted Wald test that these slopes are zero."""
    tested = len(slopes)
    if df < tested or not np.isfinite(variance).all() or np.linalg.matrix_rank(variance, hermitian=True) < tested:
        return np.nan
    wald = slopes @ np.linalg.solve(variance, slopes)
    if np.isinf(df):
        return float(special.chdtrc(tested, wald))
    left = df - tested + 1
    return float(special.fdtrc(tested, left, wald * left / (df * tested)))


def _against_others(slopes: np.ndarray, variance: np.ndarray, df: float) -> list[float]:
    """For each group the p-value that its slope is the mean of the others'. `slopes`: the first group's, 0, first."""
    groups = len(slopes)
    contrasts = (groups * np.eye(groups) - 1)[:, 1:] / (groups - 1)
    return [_wald(own @ slopes[1:], own @ variance @ own.T, df) for own in contrasts[:, None, :]]


def _df(cells: list[_Cells], one_sample: bool) -> float:
    """Clusters with people less their strata; infinite with replicates."""
    if cells[0].seen is None:
        return np.inf
    every = [np.unique(np.concatenate([cell.seen for cell in cells]))] if one_sample else [cell.seen for cell in cells]
    return float(sum(len(s) - len(np.unique(c.strata[s])) for s, c in zip(every, cells, strict=False)))


def _standardised(
    fitted: Ordinal, x: np.ndarray, counts: np.ndarray, scores: np.ndarray, answers: np.ndarray, often: int
) -> np.ndarray:
    """By group the share that would answer often if its scores were those of all groups together.

    Parameters
    ----------
    fitted, x : the model of score and group; its terms, a row a group and score
    counts, scores, answers, often : groups x all scores x all answers; those of the model; the first answer that is often
    """
    everybody = counts.sum(axis=(0, 2)) / counts.sum()
    of_model = ordinal.shares_above(fitted, x, int((answers < often - 1).sum())).reshape(len(counts), -1)
    alike = np.delete(np.arange(len(everybody)), scores)
    elsewhere = counts[:, alike][:, :, often - 1 :].sum() / counts.sum()
    return of_model @ everybody[scores] + elsewhere
