"""Effects by time since the start, where schools start in different years: Sun & Abraham (2021), from sums per school.

Each cohort, the schools that start together, has its own effect in each year, against the year before its start and
schools that have not started: interacted with cohorts, the dummies of years are the group-time averages. Their mean over
cohorts, by records, is the effect at a distance from the start. One effect for all (two-way fixed effects) would take schools that
started before as comparison for later ones, and is wrong where effects grow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from helpers.estimate.fixed_effects import Within

Cell = tuple[str, str]
"""A cohort, and a year."""


def interaction_weighted(
    data: Within, cohorts: np.ndarray, years: Sequence[str], effects: Mapping[str, Mapping[Cell, float]],
    others: Sequence[Cell] = (), clusters: np.ndarray | None = None,
) -> Within:  # fmt: skip
    """The same model with effects of cohorts in years, and these put together: fit it, and each of `effects` is a term.

    An effect is the mean of its cells; the differences of the other cells to it are terms as well, so that errors and degrees of freedom are those
    of one coefficient. The shares of the cells are taken as known.

    Parameters
    ----------
    data, cohorts : of schools as clusters, with dummies of all `years` but one; the cohort of each, empty: comparison
    years : all, that without a dummy among them
    effects : name -> cell -> its weight, as the number of its records
    others : cells that belong to no effect, and are held constant
    clusters : of each school; none: the school
    """
    places = {cell: place for place, cell in enumerate(_cells(effects, others))}
    shares = np.zeros((len(places), len(places)))  # a column a new term, a row a cell
    names, column = list(effects), len(effects)
    for effect, cells in enumerate(effects.values()):
        own = [places[cell] for cell in cells]
        weights = np.array(list(cells.values()), float)
        shares[own, effect] = 1
        for cell, weight in list(zip(own, weights / weights.sum(), strict=True))[1:]:
            shares[cell, column] += 1
            shares[own, column] -= weight
            column += 1
    for cell in others:
        shares[places[cell], column] = 1
        column += 1
    names += [f"({place})" for place in range(len(effects), len(places))]
    g, k = data.xy.shape
    turn = np.zeros((g, k, len(places) + k))
    turn[:, :, len(places) :] = np.eye(k)
    for (cohort, year), place in places.items():
        turn[cohorts == cohort, :, : len(places)] += _dummy(data, years, year)[:, None] * shares[place]
    xx = np.einsum("gki,gkl,glj->gij", turn, data.xx, turn, optimize=True)
    xy = np.einsum("gki,gk->gi", turn, data.xy)
    found = replace(data, terms=(*names, *data.terms), xx=xx, xy=xy)
    return found if clusters is None else _joined(found, clusters)


def _cells(effects: Mapping[str, Mapping[Cell, float]], others: Sequence[Cell]) -> list[Cell]:
    return [*(cell for cells in effects.values() for cell in cells), *others]


def _dummy(data: Within, years: Sequence[str], year: str) -> np.ndarray:
    """A year's dummy in the terms of the model. Within schools that of the year without one is minus the sum of the others."""
    found = np.zeros(len(data.terms))
    present = [data.terms.index(name) for name in years if name in data.terms]
    if year in data.terms:
        found[data.terms.index(year)] = 1
    else:
        found[present] = -1
    return found


def _joined(data: Within, clusters: np.ndarray) -> Within:
    """The same added up by clusters of schools."""
    names, places = np.unique(clusters.astype(str), return_inverse=True)
    added = {name: np.zeros((len(names), *getattr(data, name).shape[1:])) for name in ("xx", "xy", "yy")}
    for name, total in added.items():
        np.add.at(total, places, getattr(data, name))
    return replace(data, clusters=names, **added)
