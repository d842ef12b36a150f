"""All that a school fixed-effects model needs of the records: sums per school, by one SQL statement.

With z the regressors and the outcome and w the weight, the sums of school g are n = sum w, s = sum w z and
M = sum w z z'. Any number of rows is read once, as a stream; `complete_records` looks at them before.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.estimate import complete_records
from helpers.project import InputError
from helpers.read import files, order
from helpers.read.engine import SqlRecords
from helpers.read.spark import open_by
from helpers.read.sql import label, literal

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Model:
    """Which columns play which part.

    `categories` maps a column to its reference level (empty: the first in order), each other level becomes a dummy;
    so does each `year` but `baseline`. `controls` are numeric. Without `cluster` each school is its own; without
    `weight` every record counts one. `subset` maps a column to the level that a record must have to be used at all. `order`
    are all years in time's order, where neither their labels nor the file tell it.
    """

    outcome: str
    school: str
    year: str
    baseline: str
    controls: tuple[str, ...] = ()
    categories: dict[str, str] = field(default_factory=dict)
    cluster: str = ""
    weight: str = ""
    subset: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @property
    def clustered(self) -> bool:
        """Whether clusters are coarser than schools."""
        return self.cluster not in ("", self.school)

    @property
    def references(self) -> dict[str, str]:
        """Every categorical column, the year first, with its reference level."""
        return {self.year: self.baseline} | self.categories

    @property
    def labels(self) -> list[str]:
        """Columns whose cells are labels."""
        return _distinct([self.school, *self.references, self.cluster, *self.subset])

    @property
    def numbers(self) -> list[str]:
        """Columns whose cells are numbers."""
        return _distinct([*self.controls, self.outcome, self.weight])

    @property
    def columns(self) -> list[str]:
        """Every column of the file that the model needs."""
        return _distinct([*self.labels, *self.numbers])


@dataclass(frozen=True)
class Moments:
    """Sums per school (G schools, k regressors; the outcome stands last in sums and products).

    `terms`: k names, a year effect by the year's own label, another level as `column: level`. `records`: G counts
    of complete records; `n`: G sums of weights; `sums`: G x (k+1); `products`: G x (k+1) x (k+1). Numeric columns
    are centred at `centres`. `baseline`: G x 4, of the complete records of the baseline year their count, sum w,
    sum w y and sum w y^2. `rows`: records of the subset; `incomplete`: for each column, how many of them lack it.
    `levels`: of each category, the year first, among complete records: the reference, then the others in order.
    """

    terms: tuple[str, ...]
    schools: np.ndarray
    clusters: np.ndarray
    records: np.ndarray
    n: np.ndarray
    sums: np.ndarray
    products: np.ndarray
    centres: np.ndarray
    baseline: np.ndarray
    incomplete: dict[str, int]
    rows: int
    levels: dict[str, list[str]]

    @property
    def left_out(self) -> int:
        """How many records of the subset are not in the sums."""
        return int(self.rows - self.records.sum())


SUMMED = ("records", "n", "sums", "products", "baseline")
"""What `Moments` adds up over the records of each school."""


def compute(
    source: Path | Sequence[Path] | pd.DataFrame | SqlRecords | str, model: Model, engine: str = "duckdb"
) -> Moments:
    """Moments of files that belong together, a folder of them, a data frame or open records; complete records only.

    `engine` is "duckdb" or "spark"; what Spark takes as source is told in `helpers.read.spark`. Raises InputError
    for a column or level that does not exist, a column in two parts, text or infinite values where numbers are needed,
    weights that are not positive, schools in two clusters, two terms of one name, and when nothing is left to estimate.

    >>> import pandas as pd
    >>> answers = pd.DataFrame({"school": list("AABB"), "year": [1, 2, 1, 2], "practice": [2.0, 3.0, 2.5, 2.7]})
    >>> sums = compute(answers, Model("practice", "school", "year", baseline="1"))
    >>> sums.terms, sums.records.tolist(), sums.sums[:, 0].tolist()
    (('2',), [2, 2], [1.0, 1.0])
    """
    _refuse_two_parts(model)
    with _open(source, model, engine) as records:
        files.check_columns(model.columns, records.columns, records.name)
        rows, incomplete, centres, levels = complete_records.prepare(records, model)
        terms, pieces, owners = _columns(model, levels, centres)
        if not terms:
            raise InputError(
                f"{records.name}, column {model.year!r}: {model.baseline!r} is the only year, and the model names "
                "no controls and no categories: there is nothing to estimate."
            )
        _refuse_equal_terms(records.name, terms, owners)
        # To look at each record again takes a tenth of the time.
        chosen = "complete = 1" if any(incomplete.values()) else "1 = 1"
        found = records.fetch(_statement(model, pieces, owners, chosen))
        complete_records.refuse_unusable(records, model, found)
    sums = np.column_stack([found[f"s{i}"] for i in range(len(pieces))])
    products = np.zeros((*sums.shape, len(pieces)))
    products[:, range(len(pieces)), range(len(pieces))] = sums  # a dummy is its own square
    for i, j in _pairs(owners):
        products[:, i, j] = products[:, j, i] = found[f"m{i}_{j}"]
    return Moments(
        terms=tuple(terms),
        schools=found["school"].astype(object),
        clusters=found["first_cluster" if model.clustered else "school"].astype(object),
        records=found["records"].astype(np.int64),
        n=found["n"].astype(float),
        sums=sums,
        products=products,
        centres=centres,
        baseline=np.column_stack([found[f"b{i}"] for i in range(4)]),
        incomplete=incomplete,
        rows=rows,
        levels=levels,
    )


def levels(records: SqlRecords, column: str) -> list[str]:
    """Levels of a column as labels, in order; missing is none."""
    return complete_records.ordered(records, column, _levels(records, column))


def years(records: SqlRecords, column: str, asked: Sequence[str] = (), first: str = "") -> list[str]:
    """Levels of a column in the order of time; missing is none. Raises InputError where nothing tells the order.

    Parameters
    ----------
    records, column : open records, and their column of years
    asked, first : the user's order and baseline
    """
    place, codes = f"{records.name}, column {column!r}", records.orders.get(column, ())
    return order.in_time(_levels(records, column), place, codes=codes, given=asked, first=first)


def _levels(records: SqlRecords, column: str) -> set[str]:
    files.check_columns([column], records.columns, records.name)
    found = records.fetch(f"SELECT DISTINCT {label(records, column)} AS level FROM file")
    return {str(level) for level in found["level"] if level}


def take(moments: Moments, keep: np.ndarray) -> Moments:
    """Moments of some of the schools. `keep`: G booleans."""
    return replace(moments, **{name: getattr(moments, name)[keep] for name in ("schools", "clusters", *SUMMED)})


def _statement(model: Model, pieces: list[str], owners: list[str], chosen: str) -> str:
    """The one aggregation, over those of a relation `records` that are `chosen`; its columns have plain names.

    `pieces`, `owners`: as `_columns` gives them; two dummies of one category are never both one. Only sums, products,
    casts and a group by: the same text runs on other SQL engines.
    """
    w, y = "w * " if model.weight else "", f"z{len(pieces) - 1}"
    keys = ["school", *(["cluster"] if model.clustered else []), *(["w"] if model.weight else [])]
    first = f"{_dummy(0, model.baseline)} AS first"
    z = [f"{piece} AS z{i}" for i, piece in enumerate(pieces)]
    aggregates = [
        "count(*) AS records",
        *(["sum(w) AS n", "min(w) AS smallest"] if model.weight else ["CAST(count(*) AS DOUBLE) AS n"]),
        *(["min(cluster) AS first_cluster", "max(cluster) AS last_cluster"] if model.clustered else []),
        "sum(first) AS b0",
        f"sum({w}first) AS b1",
        f"sum({w}first * {y}) AS b2",
        f"sum({w}first * {y} * {y}) AS b3",
        *(f"sum({w}z{i}) AS s{i}" for i in range(len(pieces))),
        *(f"sum({w}z{i} * z{j}) AS m{i}_{j}" for i, j in _pairs(owners)),
    ]
    return (
        f"SELECT school, {', '.join(aggregates)} FROM (SELECT {', '.join([*keys, first, *z])} FROM records "
        f"WHERE {chosen}) AS complete_records GROUP BY school ORDER BY school"
    )


def _pairs(owners: list[str]) -> list[tuple[int, int]]:
    """Products that must be summed: not those of two dummies of one category, which are known."""
    places = combinations_with_replacement(range(len(owners)), 2)
    return [(i, j) for i, j in places if not (owners[i] and owners[i] == owners[j])]


def _columns(model: Model, levels: dict[str, list[str]], centres: np.ndarray) -> tuple[list[str], list[str], list[str]]:
    """Terms, SQL expressions of z, and the category that each dummy belongs to, empty for numeric columns."""
    terms, pieces, owners = [], [], []
    for place, (column, (_, *names)) in enumerate(levels.items()):
        terms += [level if column == model.year else f"{column}: {level}" for level in names]
        pieces += [_dummy(place, level) for level in names]
        owners += [column] * len(names)
    numeric = [*(f"x{place}" for place in range(len(model.controls))), "y"]
    pieces += [f"({name} - CAST('{float(centre)!r}' AS DOUBLE))" for name, centre in zip(numeric, centres, strict=True)]
    return [*terms, *model.controls], pieces, owners + [""] * len(numeric)


def _dummy(place: int, level: str) -> str:
    return f"CAST(CASE WHEN c{place} = {literal(level)} THEN 1 ELSE 0 END AS DOUBLE)"


def _open(source: object, model: Model, engine: str) -> AbstractContextManager[SqlRecords]:
    if isinstance(source, SqlRecords):  # whoever opened them closes them
        return nullcontext(source)
    return open_by(engine, source, model.columns, model.labels)


def _refuse_two_parts(model: Model) -> None:
    """Each column plays one part (a school may be its own cluster, and a subset may be of any column)."""
    parts = {
        "outcome": [model.outcome], "school": [model.school], "year": [model.year], "control": model.controls,
        "category": model.categories, "cluster": [model.cluster] if model.clustered else [], "weight": [model.weight],
    }  # fmt: skip
    played: dict[str, str] = {}
    for part, columns in parts.items():
        for column in filter(None, columns):
            if column in played:
                raise InputError(
                    f"column {column!r} is named as {played[column]} and as {part}. A column plays one part: take it out "
                    "of one of them."
                )
            played[column] = part


def _refuse_equal_terms(file: str, terms: list[str], owners: list[str]) -> None:
    """Each term has a name of its own. `owners`: as `_columns` gives them."""
    for place, term in enumerate(terms):
        if term in terms[:place]:
            columns = [owners[terms.index(term)] or term, owners[place] or term]
            raise InputError(
                f"{file}: the columns {' and '.join(map(repr, columns))} both give a term called {term!r}. Rename "
                "one of the columns, or the level."
            )


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, names)))
