"""All that a school fixed-effects model needs of the records: sums per school, by one SQL statement.

With z the regressors and the outcome and w the weight, the sums of school g are n = sum w, s = sum w z and
M = sum w z z'. Any number of rows is read once, as a stream; what remains is one row a school. Before it, one light
statement counts the records, finds constants near the means and the levels of the categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from helpers.project import InputError, in_order
from helpers.read import files
from helpers.read.records import Records, open_records, quote

if TYPE_CHECKING:
    import pandas as pd

    from helpers.estimate.spark import SparkRecords


@dataclass(frozen=True)
class Model:
    """Which columns play which part.

    `categories` maps a column to its reference level (empty: the first in order): the column becomes one dummy for
    each other level. Year
    effects are the categories of the column `year` with reference `baseline`. `controls` are numeric. Without
    `cluster` each school is its own cluster; without `weight` every record counts one. `subset` maps a column to
    the level that a record must have to be used at all, as in a panel of one kind of school.
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
    sum w y and sum w y^2. `incomplete`: for each column, how many records of the subset lack it; `rows`: records of
    the subset.
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

    @property
    def left_out(self) -> int:
        """How many records of the subset are not in the sums."""
        return int(self.rows - self.records.sum())


SUMMED = ("records", "n", "sums", "products", "baseline")
"""What `Moments` adds up over the records of each school."""


def compute(
    source: Path | Sequence[Path] | pd.DataFrame | Records | str,
    model: Model,
    engine: str = "duckdb",
) -> Moments:
    """Moments of files that belong together, a folder of them, a data frame or open records; complete records only.

    `engine` is "duckdb" or "spark"; what Spark takes as source is told in `helpers.estimate.spark`. Raises InputError for a
    column or level that does not exist, a column in two parts, text or infinite values where numbers are needed,
    weights that are not positive, schools in two clusters, two terms of one name, and when nothing is left to
    estimate from.
    """
    _refuse_two_parts(model)
    with _open(source, model, engine) as records:
        files.check_columns(model.columns, records.columns, records.name)
        records.run(_view(records, model))
        rows, incomplete, centres, levels = _survey(records, model)
        terms, pieces, owners = _columns(model, levels, centres)
        if not terms:
            raise InputError(
                f"{records.name}, column {model.year!r}: {model.baseline!r} is the only year, and the model names "
                "no controls and no categories: there is nothing to estimate."
            )
        _refuse_equal_terms(records.name, terms, owners)
        # To look at each record again takes a tenth of the time.
        chosen = "complete = 1" if any(incomplete.values()) else "1 = 1"
        found = records.fetch(statement(model, pieces, owners, chosen))
        _refuse_unusable(records, model, found)
    p, n = len(pieces), found["n"].astype(float)
    sums = np.column_stack([found[f"s{i}"] for i in range(p)])
    products = np.zeros((len(n), p, p))
    for i, j in _pairs(owners):
        products[:, i, j] = products[:, j, i] = found[f"m{i}_{j}"]
    for i, owner in enumerate(owners):
        if owner:  # a dummy is its own square
            products[:, i, i] = sums[:, i]
    return Moments(
        terms=tuple(terms),
        schools=found["school"].astype(object),
        clusters=found["first_cluster" if model.clustered else "school"].astype(object),
        records=found["records"].astype(np.int64),
        n=n,
        sums=sums,
        products=products,
        centres=centres,
        baseline=np.column_stack([found[f"b{i}"] for i in range(4)]),
        incomplete=incomplete,
        rows=rows,
    )


def levels(records: Records, column: str) -> list[str]:
    """Levels of a column as labels, in order; missing is none."""
    files.check_columns([column], records.columns, records.name)
    found = records.fetch(f"SELECT DISTINCT {label(records, column)} AS level FROM file")
    return in_order({str(level) for level in found["level"] if level})


def levels_used(records: Records, model: Model) -> dict[str, list[str]]:
    """Levels of each category, the year first, among complete records: the reference, then the others in order.

    `records` holds the view that `compute` leaves behind for this model. Raises InputError as `compute` does.
    """
    places = ", ".join(f"c{place}" for place in range(len(model.references)))
    return _levels_used(
        records,
        model,
        records.fetch(f"SELECT DISTINCT {places} FROM records WHERE complete = 1"),
    )


def take(moments: Moments, keep: np.ndarray) -> Moments:
    """Moments of some of the schools. `keep`: G booleans."""
    kept = {name: getattr(moments, name)[keep] for name in ("schools", "clusters", *SUMMED)}
    return replace(moments, **kept)


def statement(model: Model, pieces: list[str], owners: list[str], chosen: str) -> str:
    """The one aggregation, over those of a relation `records` that are `chosen`; its columns have plain names.

    `pieces` are expressions of the columns of z; `owners` names for each dummy the category it belongs to (two
    dummies of one category are never both one) and is empty for numeric columns. Only sums, products, casts and a
    group by: the same text runs on other SQL engines.
    """
    w = "w * " if model.weight else ""
    y = f"z{len(pieces) - 1}"
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
    ]  # fmt: skip
    return (
        f"SELECT school, {', '.join(aggregates)} FROM (SELECT {', '.join([*keys, first, *z])} FROM records "
        f"WHERE {chosen}) AS complete_records GROUP BY school ORDER BY school"
    )


def _pairs(owners: list[str]) -> list[tuple[int, int]]:
    """Products that must be summed: not those of two dummies of one category, which are known."""
    places = combinations_with_replacement(range(len(owners)), 2)
    return [(i, j) for i, j in places if not (owners[i] and owners[i] == owners[j])]


def _columns(
    model: Model, levels: dict[str, list[str]], centres: np.ndarray
) -> tuple[list[str], list[str], list[str]]:
    """Terms, SQL expressions of z, and the category that each dummy belongs to."""
    terms, pieces, owners = [], [], []
    for place, (column, (_, *names)) in enumerate(levels.items()):
        for level in names:
            terms.append(level if column == model.year else f"{column}: {level}")
            pieces.append(_dummy(place, level))
            owners.append(column)
    for place, column in enumerate(model.controls):
        terms.append(column)
        pieces.append(f"(x{place} - CAST('{float(centres[place])!r}' AS DOUBLE))")
        owners.append("")
    pieces.append(f"(y - CAST('{float(centres[-1])!r}' AS DOUBLE))")
    return terms, pieces, [*owners, ""]


def _literal(text: str) -> str:
    """A text as every engine reads it: for Spark a backslash inside quotes is no character."""
    parts = [quote(part) for part in text.split("\\")]
    return parts[0] if len(parts) == 1 else f"({' || chr(92) || '.join(parts)})"


def _dummy(place: int, level: str) -> str:
    return f"CAST(CASE WHEN c{place} = {_literal(level)} THEN 1 ELSE 0 END AS DOUBLE)"


def _open(
    source: object, model: Model, engine: str
) -> AbstractContextManager[Records | SparkRecords]:
    if engine == "spark":
        from helpers.estimate.spark import open_spark

        return open_spark(source)
    if engine != "duckdb":
        raise ValueError(f"engine is duckdb or spark, not {engine!r}")
    if isinstance(source, Records):  # whoever opened them closes them
        return nullcontext(source)
    return open_records(source, model.columns, model.labels)


def _refuse_two_parts(model: Model) -> None:
    """Each column plays one part (a school may be its own cluster, and a subset may be of any column)."""
    parts = [
        (model.outcome, "outcome"),
        (model.school, "school"),
        (model.year, "year"),
        *((column, "control") for column in model.controls),
        *((column, "category") for column in model.categories),
        (model.cluster if model.clustered else "", "cluster"),
        (model.weight, "weight"),
    ]
    played: dict[str, str] = {}
    for column, part in parts:
        if column in played:
            raise InputError(
                f"column {column!r} is named as {played[column]} and as {part}. A column plays one part: take it out "
                "of one of them."
            )
        if column:
            played[column] = part


def _refuse_equal_terms(file: str, terms: list[str], owners: list[str]) -> None:
    """Each term has a name of its own. `owners`: the category of each dummy, empty for controls."""
    for place, term in enumerate(terms):
        if term in terms[:place]:
            columns = [owners[terms.index(term)] or term, owners[place] or term]
            raise InputError(
                f"{file}: the columns {' and '.join(map(repr, columns))} both give a term called {term!r}. Rename "
                "one of the columns, or the level."
            )


def _parts(records: Records | SparkRecords, model: Model) -> dict[str, tuple[str, str]]:
    """Plain name -> (the column, its expression) of everything the statement uses, but for constants."""
    labels = {column: label(records, column) for column in model.labels}
    numbers = {column: number(records, column) for column in model.numbers}
    named = {"school": model.school, **({"cluster": model.cluster} if model.clustered else {})}
    named |= {f"c{place}": column for place, column in enumerate(model.references)}
    counted = {"y": model.outcome, **({"w": model.weight} if model.weight else {})}
    counted |= {f"x{place}": column for place, column in enumerate(model.controls)}
    return {name: (column, labels[column]) for name, column in named.items()} | {
        name: (column, numbers[column]) for name, column in counted.items()
    }


def _view(records: Records | SparkRecords, model: Model) -> str:
    """The file as a view `records` with plain names: school, cluster, w, y, x0.., c0.., complete, text.

    `complete` is 1 where nothing is missing; `text` is 1 where a column of numbers holds text.
    """
    parts = _parts(records, model)
    text = " OR ".join(
        f"({label(records, column)} IS NOT NULL AND {number(records, column)} IS NULL)"
        for column in model.numbers
        if records.columns[column] == "text"
    )
    shown = [f"{expression} AS {name}" for name, (_, expression) in parts.items()]
    shown.append(f"CASE WHEN {text or '1 = 0'} THEN 1 ELSE 0 END AS text")
    complete = " AND ".join(f"{name} IS NOT NULL" for name in parts)
    return (
        "CREATE OR REPLACE TEMPORARY VIEW records AS "
        f"SELECT *, CASE WHEN {complete} THEN 1 ELSE 0 END AS complete "
        f"FROM (SELECT {', '.join(shown)} FROM file WHERE {_chosen(records, model)}) AS named"
    )


def _chosen(records: Records | SparkRecords, model: Model) -> str:
    """The condition that a record belongs to the subset."""
    wanted = [
        f"{label(records, column)} = {_literal(level)}" for column, level in model.subset.items()
    ]
    return " AND ".join(wanted) or "1 = 1"


def label(records: Records | SparkRecords, column: str) -> str:
    """A column as a label: whole numbers without decimals, however they are stored, and no spaces at the ends.

    What is blank is missing.
    """
    name = records.identifier(column)
    text = f"CAST({name} AS STRING)"
    if records.columns[column] == "number":
        return text
    # Long ids would lose digits by way of DOUBLE.
    if records.columns[column] == "float":
        whole = f"coalesce(CAST(TRY_CAST({name} AS BIGINT) AS STRING), {text})"
        written = f"CASE WHEN {name} = floor({name}) THEN {whole} ELSE {text} END"
        return f"CASE WHEN {name} <> {_NAN} THEN {written} END"
    trimmed = f"trim({text})"
    whole = f"coalesce(CAST(TRY_CAST(TRY_CAST({trimmed} AS DECIMAL(38,1)) AS BIGINT) AS STRING), {trimmed})"
    cleaned = f"CASE WHEN {trimmed} LIKE '%.0' THEN {whole} ELSE nullif({trimmed}, '') END"
    # To look first takes half the time: nearly every cell is clean.
    clean = " AND ".join(f"{text} NOT LIKE '{unclean}'" for unclean in (" %", "% ", "%.0", ""))
    return f"CASE WHEN {clean} THEN {text} ELSE {cleaned} END"


def number(records: Records | SparkRecords, column: str) -> str:
    """A column as a number, NULL where it is missing, not a number, or text."""
    name, kind = records.identifier(column), records.columns[column]
    if kind == "number":
        return f"CAST({name} AS DOUBLE)"
    cast = "TRY_CAST" if kind == "text" else "CAST"
    return f"nullif({cast}({name} AS DOUBLE), {_NAN})"


_NAN = "CAST('NaN' AS DOUBLE)"


def _survey(
    records: Records | SparkRecords, model: Model
) -> tuple[int, dict[str, int], np.ndarray, dict[str, list[str]]]:
    """Records of the subset, how many lack each column, means of controls and outcome, and the levels of categories.

    Rounded means are what numeric columns are centred at. Any constant gives the same estimates; one near the mean keeps
    the sums of products from losing digits. Levels are those of complete records, the reference first.
    """
    parts = _parts(records, model)
    cells = ", ".join([*(f"c{place}" for place in range(len(model.references))), "complete"])
    centred = [*(f"x{place}" for place in range(len(model.controls))), "y"]
    totals = [f"coalesce(sum({name}), 0.0) AS total_{name}" for name in centred]
    found = records.fetch(
        f"SELECT {cells}, count(*) AS n, sum(text) AS text, {', '.join(totals)} FROM records GROUP BY {cells}"
    )
    rows, whole = int(found["n"].sum()), found["complete"] == 1
    if rows == 0:
        raise InputError(_no_rows(records, model))
    if found["text"].any():
        for column in model.numbers:
            if records.columns[column] == "text":
                wrong = "label IS NOT NULL AND number IS NULL"
                _refuse(records, model, column, wrong, "text in a number column")
    incomplete = {column: 0 for column, _ in parts.values()}
    if not whole.all():
        incomplete = _incomplete(records, parts)
    empty = [column for column, count in incomplete.items() if count == rows]
    if empty:
        raise InputError(
            f"{records.name}: no record is complete: column {', '.join(map(repr, empty))} is empty in all {rows}."
        )
    if not whole.any():
        raise InputError(f"{records.name}: no record is complete in {', '.join(model.columns)}.")
    n = found["n"][whole].sum()
    means = [found[f"total_{name}"][whole].sum() / n for name in centred]
    # Rounded, so that the order of addition, which differs from run to run, does not show in the statement.
    centres = np.array([float(f"{mean:.6g}") for mean in means])
    used = {f"c{place}": found[f"c{place}"][whole] for place in range(len(model.references))}
    levels = _levels_used(records, model, used)
    return rows, incomplete, np.nan_to_num(centres, posinf=0.0, neginf=0.0), levels


def _incomplete(
    records: Records | SparkRecords, parts: dict[str, tuple[str, str]]
) -> dict[str, int]:
    """How many records of the subset lack each column. `parts`: as `_parts` gives them."""
    counts = [f"count(*) - count({name}) AS {name}" for name in parts]
    found = records.fetch(f"SELECT {', '.join(counts)} FROM records")
    return {column: int(found[name][0]) for name, (column, _) in parts.items()}


def _levels_used(
    records: Records | SparkRecords, model: Model, cells: dict[str, np.ndarray]
) -> dict[str, list[str]]:
    """By category: its reference, then the other levels in order. `cells`: c0, c1, .. of complete records."""
    levels = {}
    for place, (column, reference) in enumerate(model.references.items()):
        names = in_order(set(map(str, cells[f"c{place}"])))
        reference = reference or names[0]
        if reference not in names:
            raise InputError(_no_reference(records.name, model, column, reference, names))
        levels[column] = [reference, *(name for name in names if name != reference)]
    return levels


def _no_reference(file: str, model: Model, column: str, reference: str, names: list[str]) -> str:
    asked = "`baseline`" if column == model.year else f"reference of {column!r} in `categories`"
    where = " in complete records"
    remedy = f"Name another {asked}"
    if model.subset:
        where += f" of {' and '.join(f'{name} {level}' for name, level in model.subset.items())}"
        remedy += ", or leave these records out"
    return f"{file}, column {column!r}: no {reference!r} to compare with; it has {', '.join(names)}{where}. {remedy}."


def _refuse_unusable(
    records: Records | SparkRecords, model: Model, found: dict[str, np.ndarray]
) -> None:
    """Look in the finished sums for what must not be in the records; only then search for where it is."""
    sums = [
        found[name] for name in found if name[0] in "smn" and name not in ("school", "smallest")
    ]
    if not np.isfinite(np.array(sums, dtype=float)).all():
        infinite = "abs(number) = CAST('Infinity' AS DOUBLE)"
        for column in model.numbers:
            _refuse(records, model, column, infinite, "infinite values")
        raise InputError(
            f"{records.name}: numbers too large to add up their squares in {', '.join(model.numbers)}. Are there "
            "missing codes among them?"
        )
    if model.weight and found["smallest"].min() <= 0:
        _refuse(records, model, model.weight, "number <= 0", "weights that are not positive")
    if model.clustered:
        split = np.flatnonzero(found["first_cluster"] != found["last_cluster"])
        if len(split):
            school, one, other = (
                found[name][split[0]] for name in ("school", "first_cluster", "last_cluster")
            )
            raise InputError(
                f"{records.name}, column {model.cluster!r}: school {school!r} lies in {one!r} and in {other!r}: more "
                f"than one cluster ({len(split)} such schools). Fixed effects must lie within clusters: correct the "
                "column or name a coarser one."
            )


def _refuse(
    records: Records | SparkRecords, model: Model, column: str, wrong: str, what: str
) -> None:
    """Raise InputError with the first records whose `number` or `label` in a column is wrong, if there are any."""
    chosen = f"CASE WHEN {_chosen(records, model)} THEN 1 ELSE 0 END AS chosen"
    cells = f"{label(records, column)} AS label, {number(records, column)} AS number"
    found = records.fetch(
        "SELECT place, label, count(*) OVER () AS n "
        f"FROM (SELECT {records.place} AS place, {cells}, {chosen} FROM file) AS numbered "
        f"WHERE chosen = 1 AND ({wrong}) LIMIT 3"
    )
    if len(found["n"]):
        first = "; ".join(f"{place}: {label!r}" for place, label in zip(found["place"], found["label"], strict=True))  # fmt: skip
        more = f" and {found['n'][0] - 3} more" if found["n"][0] > 3 else ""
        raise InputError(
            f"{records.name}, column {column!r}: {what} ({first}{more}). Correct or empty these."
        )


def _no_rows(records: Records | SparkRecords, model: Model) -> str:
    for column, level in model.subset.items():
        query = f"SELECT {label(records, column)} AS level FROM file GROUP BY 1 ORDER BY 1 LIMIT 20"
        present = [str(name) for name in records.fetch(query)["level"] if name]
        if present and level not in present:
            return f"{records.name}, column {column!r}: no {level!r}; it has {', '.join(present)}."
    return f"{records.name}: there are no records" + (
        " of this subset." if model.subset else ". Export it again."
    )


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, names)))
