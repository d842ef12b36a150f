"""Whether items keep their place beside one another over time: drift of item locations, by conditional likelihood.

Given which items a person answered and the sum of the answers, how the sum is made up tells where items lie, whoever the
person is (Andersen, 1972). So each year's locations come from sums over persons of the same *cell* (see `rasch`), with the
thresholds of the anchored scale. An item's drift is its change since the baseline year less the mean change of the other
items. Errors leave out each cluster in turn, by one step of Newton's method.
"""

import numpy as np
import pandas as pd

from helpers.estimate.intervals import holm, t_test
from helpers.estimate.rasch import Scale, measure
from helpers.read.suppression import MINIMUM, is_small

COLUMNS = [
    "year", "item", "answers", "anchored", "location", "estimate", "std_error", "ci_low", "ci_high", "df", "p_value",
    "p_holm", "standardised", "moved",
]  # fmt: skip
MOST = 5_000
"""Pairs of items, over all patterns of answered items, at most: of more patterns the rarest are left out."""
ALPHA = 0.02
"""So often at most an item is said to have moved although none has: one study in fifty, all its items and years together."""
_STEPS, _NEAR = 50, 1e-9  # of Newton's method, and when it has arrived


def drift(cells: pd.DataFrame, scale: Scale, baseline: str, years: list[str], alpha: float = ALPHA) -> pd.DataFrame:
    """Drift of each item in each year but the baseline: COLUMNS, in logits.

    `answers`: in that year, to the nearest ten, for with the number of people it would tell how few gave none; `anchored`: the scale's location; `estimate`: the drift; `location`: both together; `standardised`: the drift in standard deviations of
    all measures in the baseline year; `p_holm`: p-values corrected by
    Holm for all items and years; `moved`: whether an item left the others. The item that is furthest off is no longer one of
    those that others are compared with, and the rest is looked at again, as long as more than half of the items stay. Of two
    items nothing tells which one moved: both did. Empty: items with fewer than MINIMUM answers in either year, or answers
    at one end only, and all where there is one cluster or nobody answered two items.

    Parameters
    ----------
    cells : `cluster, year, answered, score, n` (persons of a cluster, year and cell), and columns 0, 1, ..., for each item the
        sum of their answers to it, counted from 0
    scale, baseline, years : the anchored scale, whose items the columns are; the label of its year; all others, in order
    alpha : how often at most an item is said to have moved where none has
    """
    cells, items = _common(cells, len(scale.items)), np.arange(len(scale.items))
    clusters = np.unique(cells["cluster"])
    parts = {year: cells[cells["year"] == year] for year in [baseline, *years]}
    located = {year: _located(part, scale, clusters) for year, part in parts.items()}
    answers = {year: _answers(part, items) for year, part in parts.items()}
    with np.errstate(invalid="ignore"):  # one cluster alone cannot be left out of either
        changes = {
            year: [one - other for one, other in zip(located[year], located[baseline], strict=True)] for year in years
        }
    anchors = np.ones(len(items), bool)
    while True:
        tables = [
            _against_others(*changes[year], anchors).assign(year=year, place=items, answers=answers[year])
            for year in years
        ]
        found = pd.concat(tables, ignore_index=True)
        found["p_holm"] = holm(found["p_value"])
        off = found[(found["p_holm"] < alpha) & anchors[found["place"]]]
        if off.empty or anchors.sum() - 1 <= len(items) / 2:
            break
        anchors[off.loc[(off["estimate"] / off["std_error"]).abs().idxmax(), "place"]] = False
    found["moved"] = (found["p_holm"] < alpha) & (~anchors[found["place"]] | found["place"].isin(off["place"]))
    found["standardised"] = found["estimate"] / _spread(parts[baseline], scale)
    found["anchored"] = scale.items.to_numpy()[found["place"]]
    found["item"] = scale.items.index[found["place"]]
    found["location"] = found["anchored"] + found["estimate"]
    return found[COLUMNS]


def _spread(cells: pd.DataFrame, scale: Scale) -> float:
    """Standard deviation of the persons' measures."""
    measured = cells.merge(measure(scale, cells), on=["answered", "score"])
    return (
        float(np.sqrt(np.cov(measured["measure"], fweights=measured["n"].astype(int)))) if len(measured) > 1 else np.nan
    )


def _common(cells: pd.DataFrame, items: int) -> pd.DataFrame:
    """Cells of two items or more, but for the rarest patterns where there are very many."""
    several = cells[_shown(cells["answered"], items).sum(axis=1) > 1]
    persons = several.groupby("answered")["n"].sum().sort_values(ascending=False, kind="stable")
    pairs = _shown(persons.index, items).sum(axis=1) ** 2 / 2
    return several[several["answered"].isin(persons.index[pairs.cumsum() <= max(MOST, items**2 / 2)])]


def _shown(answered: pd.Series | pd.Index, items: int) -> np.ndarray:
    """Which items belong to each pattern: patterns x items."""
    return ((answered.to_numpy()[:, None] >> np.arange(items)) & 1).astype(bool)


def _answers(cells: pd.DataFrame, items: np.ndarray) -> np.ndarray:
    count = cells["n"].to_numpy(float) @ _shown(cells["answered"], len(items))
    return np.where(is_small(count), np.nan, count.round(-1))


def _located(cells: pd.DataFrame, scale: Scale, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One year's locations (their mean is the anchored one's), and what they change by when each cluster is left out."""
    places = scale.items.to_numpy(float).copy()
    nothing = np.full(len(places), np.nan), np.full((len(clusters), len(places)), np.nan)
    patterns = [
        (np.flatnonzero(_shown(pd.Index([answered]), len(places))[0]), part)
        for answered, part in cells.groupby("answered", sort=True)
    ]
    active = _varies(patterns, len(places), len(scale.thresholds))
    if active.sum() < 2:
        return nothing
    for _ in range(_STEPS):
        score, information = _score(patterns, places, scale.thresholds, clusters)
        bread = np.zeros_like(information)
        bread[np.ix_(active, active)] = np.linalg.pinv(information[np.ix_(active, active)], hermitian=True)
        step = np.clip(bread @ score.sum(axis=0), -1, 1)
        places += step
        if np.abs(step).max() < _NEAR:
            break
    else:
        return nothing
    if np.linalg.matrix_rank(information[np.ix_(active, active)], hermitian=True) < active.sum() - 1:
        return nothing  # nobody answered some of the items together with the others
    persons = cells.groupby("cluster")["n"].sum().reindex(clusters, fill_value=0).to_numpy()
    share = persons / persons.sum()
    with np.errstate(divide="ignore", invalid="ignore"):  # one cluster alone cannot be left out
        left_out = -(score @ bread) / (1 - share)[:, None]
    places[~active], left_out[:, ~active] = np.nan, np.nan
    return places, left_out


def _varies(patterns: list[tuple[np.ndarray, pd.DataFrame]], items: int, top: int) -> np.ndarray:
    """Items with answers enough that are not all as low, or as high, as the sums allow."""
    lowest, highest, sums, answers = np.zeros((4, items))
    for shown, part in patterns:
        n, score = part["n"].to_numpy(float), part["score"].to_numpy(float)
        lowest[shown] += (n * np.maximum(score - top * (len(shown) - 1), 0)).sum()
        highest[shown] += (n * np.minimum(score, top)).sum()
        sums[shown] += part[list(shown)].to_numpy(float).sum(axis=0)
        answers[shown] += n.sum()
    return (answers >= MINIMUM) & (lowest < sums) & (sums < highest)


def _score(
    patterns: list[tuple[np.ndarray, pd.DataFrame]], places: np.ndarray, thresholds: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of the conditional log-likelihood by cluster (clusters x items), and its information (items x items).

    Parameters
    ----------
    patterns : the items of each pattern, and its cells
    places, thresholds, clusters : locations, thresholds, and all clusters in order
    """
    score, information = np.zeros((len(clusters), len(places))), np.zeros((len(places), len(places)))
    for shown, part in patterns:
        means, products = _given_sums(places[shown], thresholds)
        n, sums = part["n"].to_numpy(float), part["score"].to_numpy(int)
        rows = np.searchsorted(clusters, part["cluster"].to_numpy())
        np.add.at(score, (rows[:, None], shown), n[:, None] * means[sums] - part[list(shown)].to_numpy(float))
        weights = np.bincount(sums, n, len(means))
        information[np.ix_(shown, shown)] += np.einsum("r,rij->ij", weights, products)
        information[np.ix_(shown, shown)] -= (weights[:, None] * means).T @ means
    return score, information


def _given_sums(places: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the answers given their sum (sums x items), and means of their products (sums x items x items)."""
    answers, items = np.arange(len(thresholds) + 1), len(places)
    curves = np.exp(-np.outer(places, answers) - np.concatenate([[0.0], np.cumsum(thresholds)]))
    curves /= curves.sum(axis=1, keepdims=True)
    before, after = [np.ones(1)], [np.ones(1)]
    for place in range(items):
        before.append(np.convolve(before[-1], curves[place]))
        after.append(np.convolve(after[-1], curves[-1 - place]))
    after, whole = after[::-1], before[-1]
    once, twice = curves * answers, curves * answers**2
    means, products = np.zeros((len(whole), items)), np.zeros((len(whole), items, items))
    for place in range(items):
        rest = np.convolve(before[place], after[place + 1])
        means[:, place], products[:, place, place] = (np.convolve(rest, one[place]) for one in (once, twice))
        between = np.convolve(before[place], once[place])
        for other in range(place + 1, items):
            both = np.convolve(np.convolve(between, once[other]), after[other + 1])
            products[:, place, other] = products[:, other, place] = both
            between = np.convolve(between, curves[other])
    whole = np.where(whole > 0, whole, np.inf)
    return means / whole[:, None], products / whole[:, None, None]


def _against_others(change: np.ndarray, left_out: np.ndarray, anchors: np.ndarray) -> pd.DataFrame:
    """Each item's change less the mean of the other anchors': `t_test` of it, and its degrees of freedom.

    Parameters
    ----------
    change, left_out : of the locations; what that changes by without each cluster (clusters x items)
    anchors : items that others are compared with
    """
    known = np.isfinite(change)
    rows, df = [], len(left_out) - 1
    for place in range(len(change)):
        others = anchors & known & (np.arange(len(change)) != place)
        if not (known[place] and others.any() and df):
            rows.append(t_test(np.nan, np.nan, 1) | {"df": np.nan})
            continue
        parts = left_out[:, place] - left_out[:, others].mean(axis=1)
        error = np.sqrt(df / len(parts) * ((parts - parts.mean()) ** 2).sum())
        rows.append(t_test(change[place] - change[others].mean(), error, df) | {"df": float(df)})
    return pd.DataFrame(rows)
