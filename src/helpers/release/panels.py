"""From records to the panels of a release: sums by school, and how many students stand behind each of them.

A cell is a set of students that can be counted from the sums: those of one level of a category (year effects are
levels of the year), or of one level of each of two categories, reference levels among them. Dummies of one category
exclude each other, so products of two dummies and the sums give the two-way table of each pair, none of three.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments
from helpers.estimate.fixed_effects import Within
from helpers.estimate.moments import Model, Moments
from helpers.estimate.panels import models, unweighted
from helpers.read.engine import SqlRecords
from helpers.read.files import OPTIONS, Options, named
from helpers.read.spark import open_by
from helpers.read.sql import literal
from helpers.release import dominance, settings
from helpers.release.risk import Limits

Cell = tuple[tuple[str, str], ...]
"""One or two pairs of column and level."""


@dataclass(frozen=True)
class Panel:
    """Sums of one panel, and what the checks must know of the students behind them.

    `model` names every reference level. `counts`: `moments` without weights. `values`: see `_few_values`. `patterns`: of each
    school, how many students (`n`) have each combination of levels that occurs, an outcome of two values among them.
    `groups`: see `dominance.groups`; schools that are merged or dropped are so here from the beginning.
    """

    model: Model
    moments: Moments
    counts: Moments
    values: dict[str, tuple[float, ...]]
    patterns: pd.DataFrame
    groups: pd.DataFrame

    @cached_property
    def within(self) -> Within:
        """Cross-products within schools. Raises InputError when nothing can be estimated from them."""
        return fixed_effects.within(self.moments)

    @cached_property
    def cells(self) -> dict[Cell, np.ndarray]:
        """G counts of students, by school, of each cell. Raises ValueError when terms are not those of the levels."""
        n, sums = self.counts.records.astype(float)[:, None, None], self.counts.sums[:, None]
        table = np.block([[n, sums], [sums.transpose(0, 2, 1), self.counts.products]])  # sums of products of (1, z)
        rows = _indicators(self)
        found = {(level,): table[:, 0] @ row for level, row in rows.items()}
        for a, b in combinations(rows, 2):
            if a[0] != b[0]:
                found[a, b] = np.einsum("i,gij,j->g", rows[a], table, rows[b])
        return {cell: np.rint(counts).astype(np.int64) for cell, counts in found.items()}

    def told(self, kind: str) -> dict[Cell, np.ndarray]:
        """The cells as a release tells them: by school, or over all schools."""
        return {cell: counts.sum(keepdims=True) if kind == "pooled" else counts for cell, counts in self.cells.items()}


def read(given: dict[str, Any]) -> tuple[dict[str, Panel], int]:
    """Panels as the records have them, and how many these are. Raises InputError for what is wrong in the records."""
    labels = [*given["categories"], *(given[part] for part in ("school", "year", "cluster", "by"))]
    numbers = [*given["controls"], given["outcome"], given["weight"]]
    columns = list(filter(None, dict.fromkeys([*labels, *numbers])))
    options = Options(**{name: given[name] for name in OPTIONS})
    ids = [given[part] for part in ("school", "year", "cluster")]
    data, engine = named(given["data"], given["engine"]), given["engine"]
    with open_by(engine, data, columns, labels, options, ids) as source, source.in_order():
        parts = models(source, **{name: given[name] for name in settings.MODEL})
        found = {name: _panel(source, model, given) for name, model in parts.items()}
        return found, int(source.fetch("SELECT count(*) AS n FROM file")["n"][0])


def prepare(panel: Panel, given: dict[str, Any], kind: str) -> Panel:
    """The panel as it is released: of the schools that are left, some of them merged, around their own means."""

    def left(sums: Moments) -> Moments:
        sums = merge(drop(sums, given["drop"]), given["merge"])
        # Schools with one record are not in pooled sums.
        return moments.take(sums, sums.records > 1) if kind == "pooled" else sums

    sums = recentre(left(panel.moments))
    patterns = panel.patterns.replace({"school": _new_names(given["merge"])})
    patterns = patterns[patterns["school"].isin(sums.schools)]
    patterns = patterns.groupby(list(patterns.columns.drop("n")), as_index=False, sort=False).sum()
    groups = panel.groups[panel.groups["school"].isin(sums.schools)]
    return replace(panel, moments=sums, counts=left(panel.counts), patterns=patterns, groups=groups)


def told_roundly(panel: Panel, limits: Limits) -> Panel:
    """The panel with its number of records that are not in the sums as it is told."""
    sums = panel.moments
    return replace(panel, moments=replace(sums, rows=int(sums.records.sum()) + limits.rounded(sums.left_out)))


def merge(sums: Moments, groups: dict[str, list[str]]) -> Moments:
    """The schools of each group (new name: schools of one cluster) as one, as if its name stood in their records."""
    name_of = _new_names(groups)
    labels = np.array([name_of.get(name, name) for name in sums.schools], dtype=object)
    schools, first, places = np.unique(labels, return_index=True, return_inverse=True)
    clusters = schools if own_clusters(sums) else sums.clusters[first]
    totals = {}
    for name in moments.SUMMED:
        values = getattr(sums, name)
        totals[name] = np.zeros((len(schools), *values.shape[1:]), values.dtype)
        np.add.at(totals[name], places, values)
    return replace(sums, schools=schools, clusters=clusters, **totals)


def _new_names(groups: dict[str, list[str]]) -> dict[str, str]:
    return {member: name for name, members in groups.items() for member in members}


def own_clusters(sums: Moments) -> bool:
    """Whether each school is its own cluster."""
    return bool((sums.clusters == sums.schools).all())


def drop(sums: Moments, schools: Collection[str]) -> Moments:
    """Moments without these schools."""
    return moments.take(sums, ~np.isin(sums.schools.astype(str), list(schools)))


def recentre(sums: Moments, centres: np.ndarray | None = None) -> Moments:
    """Centre numeric columns at the weighted means over the schools that are left, or at these centres.

    The centres that came with the sums are means over all records of the file. Released, they would tell about
    the records that are not in the sums: of a single incomplete record they give away the very outcome.
    """
    shift = np.zeros(sums.sums.shape[1])
    numeric = slice(-len(sums.centres), None)
    if centres is None:
        centres = sums.centres + sums.sums.sum(axis=0)[numeric] / sums.n.sum()
    shift[numeric] = centres - sums.centres
    cross = sums.sums[:, :, None] * shift
    (count, w, wy, wyy), dy = sums.baseline.T, shift[-1]
    return replace(
        sums,
        centres=centres,
        sums=sums.sums - sums.n[:, None] * shift,
        products=sums.products - cross - cross.transpose(0, 2, 1) + sums.n[:, None, None] * np.outer(shift, shift),
        baseline=np.column_stack([count, w, wy - w * dy, wyy - 2 * dy * wy + dy**2 * w]),
    )


def in_words(cell: Cell) -> str:
    """A cell for people: `year 2013 and sex f`."""
    return " and ".join(f"{column} {level}" for column, level in cell)


def _panel(source: SqlRecords, model: Model, given: dict[str, Any]) -> Panel:
    """One panel as the records have it; the view `records` is that of the model until the counts are made."""
    dropped, most = given["drop"], max(2, given["limits"].dominance_n)
    sums = moments.compute(source, model)
    values = _few_values(source, model, dropped)
    return Panel(
        model=replace(model, categories={column: sums.levels[column][0] for column in model.categories}),
        moments=sums,
        values=values,
        patterns=_patterns(source, model, len(values[model.outcome]) == 2, dropped),
        groups=dominance.groups(source, model, most, _new_names(given["merge"]), dropped),
        counts=moments.compute(source, unweighted(model)) if model.weight else sums,
    )


def _few_values(source: SqlRecords, model: Model, dropped: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """The values of each control and the outcome among records that count, four at most, in the view of `compute`."""
    names = {f"x{place}": column for place, column in enumerate(model.controls)} | {"y": model.outcome}
    used = "complete = 1" + (f" AND school NOT IN ({', '.join(map(literal, dropped))})" if dropped else "")
    ends, next_ends = [], []
    for name in names:
        ends += [f"min({name}) AS low_{name}", f"max({name}) AS high_{name}"]
        next_ends += [
            f"min({name}) AS {name}_0", f"min({name}) FILTER (WHERE {name} > low_{name}) AS {name}_1",
            f"max({name}) FILTER (WHERE {name} < high_{name}) AS {name}_2", f"max({name}) AS {name}_3",
        ]  # fmt: skip
    found = source.fetch(
        f"WITH used AS (SELECT {', '.join(names)} FROM records WHERE {used}), "
        f"ends AS (SELECT {', '.join(ends)} FROM used) SELECT {', '.join(next_ends)} FROM used, ends"
    )
    parts = {column: [found[f"{name}_{place}"] for place in range(4)] for name, column in names.items()}
    return {column: tuple(np.unique(np.ma.concatenate(part).compressed()).tolist()) for column, part in parts.items()}


def _patterns(source: SqlRecords, model: Model, two_values: bool, dropped: Sequence[str]) -> pd.DataFrame:
    """Students by school and combination of levels (see `Panel`), of the schools that are not dropped."""
    names = {f"c{place}": column for place, column in enumerate(model.references)}
    names |= {"y": model.outcome} if two_values else {}
    cells = ", ".join(["school", *names])
    found = source.fetch(
        f"SELECT {cells}, count(*) AS n FROM records WHERE complete = 1 GROUP BY {cells} ORDER BY {cells}"
    )
    table = pd.DataFrame({name: np.asarray(values) for name, values in found.items()})
    return table[~table["school"].isin(list(dropped))].rename(columns=names)


def _indicators(panel: Panel) -> dict[tuple[str, str], np.ndarray]:
    """By column (an outcome of two values too) and level: the row that makes its 0/1 indicator out of (1, z)."""
    counts, outcome = panel.counts, panel.model.outcome
    one, *unit = np.eye(len(counts.terms) + 2)
    terms = iter(zip(counts.terms, unit, strict=False))
    rows = {}
    for column, (reference, *others) in panel.moments.levels.items():
        rows[column, reference] = one
        for level in others:
            term, row = next(terms)
            # The year's own labels stand alone. A level that is not the term's would be checked in its place.
            if level == reference or term not in (level, f"{column}: {level}"):
                raise ValueError(f"level {level!r} of column {column!r} is not the term {term!r}")
            rows[column, level] = row
            rows[column, reference] = rows[column, reference] - row
    if len(list(terms)) != len(counts.centres) - 1:  # the controls
        raise ValueError("there are terms of no level")
    if len(panel.values[outcome]) == 2:
        low, high = panel.values[outcome]
        upper = (unit[-1] + (counts.centres[-1] - low) * one) / (high - low)
        rows |= {(outcome, f"{low:g}"): one - upper, (outcome, f"{high:g}"): upper}
    return rows
