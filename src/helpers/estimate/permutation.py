"""Randomisation tests where whole schools are treated: what other choices of as many schools would have shown.

The effect is estimated again for each assignment of the treatment to schools, from the schools' sums. Where assignment says
nothing about the schools (as by lot), a test of no effect at all rejects as often as it says, however few schools there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np

from helpers.estimate.fixed_effects import Within
from helpers.estimate.resampling import DRAWS, Parts

_AT_ONCE = 2_000_000  # numbers, at most, of one array of assignments by clusters
_UNEQUAL = 1.2
"""Where the largest cluster says more than so many times what the smallest does, t is compared, not the estimate alone."""
_LESS = {1: 0.75, 2: 0.75, 3: 0.5}
"""So few clusters on one side, with less than this share of what the others say, are compared with nothing alike."""


@dataclass(frozen=True)
class Treatment:
    """Which clusters are treated, and what that does in the model.

    `treated`: G booleans, in the order of `Within.clusters`; `effects`: term -> the term whose column it repeats for treated
    clusters, as a wave's effect on the treated and the wave itself.
    """

    treated: np.ndarray
    effects: dict[str, str]


def parts(data: Within, treatment: Treatment, term: str, draws: int = DRAWS, seed: int = 1) -> Parts:
    """Statistics of `term` for all assignments, or for `draws` of them, and for the observed one.

    The treatment is shuffled among the clusters that say something about the term. The statistic is t where their sizes
    differ, else the estimate alone, which finds more. Assignments with which the model cannot be estimated are left out.

    Parameters
    ----------
    data, treatment, term : cross-products of the model; which clusters are treated; one of its effects
    draws, seed : how many assignments (all, where these are fewer; else the observed one and others drawn), their seed
    """
    base = [place for place, name in enumerate(data.terms) if name not in treatment.effects]
    names = [data.terms[place] for place in base]
    repeated = [names.index(treatment.effects[name]) for name in data.terms if name in treatment.effects]
    place = [name for name in data.terms if name in treatment.effects].index(term)
    xx, xy = data.xx[:, base][:, :, base], data.xy[:, base]
    own = xx[:, repeated[place], repeated[place]]
    informing = own > 1e-10 * own.sum()
    studentised = bool(own[informing].max() > _UNEQUAL * own[informing].min())
    found = [
        _statistics(xx, xy, treatment.treated, chosen, repeated, place, studentised)
        for chosen in _assignments(treatment.treated, informing, draws, seed, xx.size)
    ]
    observed = _statistics(xx, xy, treatment.treated, treatment.treated[None], repeated, place, studentised)[:, 0]
    return Parts(np.concatenate(found, axis=1), observed)


def comparable(data: Within, treatment: Treatment, term: str) -> bool:
    """Whether other choices of clusters say by how much chance moves the estimate.

    One or two clusters on one side that are smaller than most others, or three that are much smaller, are moved more by
    chance than any others that might be chosen. A test at 5 percent then rejects too often when nothing is true: `tests/bench_levels.py` simulates it.

    `data, treatment, term`: as for `parts`.
    """
    place = data.terms.index(treatment.effects[term])
    own = data.xx[:, place, place]
    informing = own > 1e-10 * own.sum()
    few, others = sorted((own[informing & treatment.treated], own[informing & ~treatment.treated]), key=len)
    return bool(len(few)) and bool(np.median(few) >= _LESS.get(len(few), 0) * np.median(others))


def _assignments(treated: np.ndarray, informing: np.ndarray, draws: int, seed: int, size: int) -> Iterator[np.ndarray]:
    """Assignments of as many of the informing clusters, some at a time: P x G booleans."""
    places = np.flatnonzero(informing)
    count = int(treated[places].sum())
    step = max(1, _AT_ONCE // max(size, len(treated)))
    if comb(len(places), count) <= draws:
        chosen = combinations(range(len(places)), count)
        while some := list(islice(chosen, step)):
            found = np.tile(treated, (len(some), 1))
            found[:, places] = False
            found[np.arange(len(some))[:, None], places[np.array(some, int)]] = True
            yield found
        return
    rng = np.random.default_rng(seed)
    yield treated[None]
    for start in range(0, draws - 1, step):
        found = np.tile(treated, (min(step, draws - 1 - start), 1))
        found[:, places] = rng.permuted(found[:, places], axis=1)
        yield found


def _statistics(
    xx: np.ndarray, xy: np.ndarray, observed: np.ndarray, chosen: np.ndarray, repeated: list[int], place: int, studentised: bool
) -> np.ndarray:  # fmt: skip
    """`Parts` of some assignments: 5 x P.

    Parameters
    ----------
    xx, xy : of the terms that are no effects: G x m x m, G x m
    observed, chosen : clusters that are treated: G booleans; in each assignment: P x G
    repeated, place : for each of the q effects the place of the term that it repeats; which effect is tested
    studentised : whether the estimate is divided by its error
    """
    g, m = xy.shape
    q, wave = len(repeated), repeated[place]
    signs = chosen.astype(float)
    of_treated = (signs @ xx[:, repeated].reshape(g, -1)).reshape(-1, q, m)
    a = np.zeros((len(chosen), q + m, q + m))
    a[:, :q, :q], a[:, :q, q:] = of_treated[:, :, repeated], of_treated
    a[:, q:, :q], a[:, q:, q:] = of_treated.transpose(0, 2, 1), xx.sum(axis=0)
    # Beside the outcome stands what an effect of one adds to it.
    added = observed[:, None] * xx[:, :, wave]
    aims = np.zeros((len(chosen), q + m, 3))
    aims[:, :q, 0], aims[:, q:, 0] = signs @ xy[:, repeated], xy.sum(axis=0)
    aims[:, :q, 1], aims[:, q:, 1] = signs @ added[:, repeated], added.sum(axis=0)
    aims[:, place, 2] = 1
    whole = np.linalg.cond(a, 1) < 1e10
    solved = np.linalg.solve(a[whole], aims[whole])
    b, slope, row = solved[:, :, 0], solved[:, :, 1], solved[:, :, 2]
    found = np.zeros((5, len(b)))
    found[0], found[1], found[2] = b[:, place], -slope[:, place], 1
    if studentised:
        e0 = _influence(xx, xy, b, row, signs[whole], repeated)
        e1 = -_influence(xx, added, slope, row, signs[whole], repeated)
        found[2:] = (e0**2).sum(1), 2 * (e0 * e1).sum(1), (e1**2).sum(1)
    return found


def _influence(
    xx: np.ndarray, xy: np.ndarray, b: np.ndarray, row: np.ndarray, signs: np.ndarray, repeated: list[int]
) -> np.ndarray:
    """Each cluster's part in the estimate's error, P x G: its score times the row of the inverse.

    Parameters
    ----------
    xx, xy, repeated : as for `_statistics`
    b, row, signs : P x (q + m) coefficients and rows of the inverse of the effect; P x G, one where treated
    """
    g = len(xy)
    q = len(repeated)

    def of(treated: bool) -> np.ndarray:
        beta, weight = b[:, q:].copy(), row[:, q:].copy()
        if treated:
            beta[:, repeated] += b[:, :q]
            weight[:, repeated] += row[:, :q]
        outer = (weight[:, :, None] * beta[:, None, :]).reshape(len(b), -1)
        return weight @ xy.T - outer @ xx.reshape(g, -1).T

    return np.where(signs > 0, of(True), of(False))
