"""All that a school fixed-effects model needs of the records: sums per school, by one SQL statement.

With z the regressors and the outcome and w the weight, the sums of school g are n = sum w, s = sum w z and
M = sum w z z'. Any number of rows is read once, as a stream; what remains is one row a school.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from helpers.project import InputError, relative


@dataclass(frozen=True)
class Model:
    """Which columns play which part.

    `categories` maps a column to its reference level: the column becomes one dummy for each other level. Year
    effects are the categories of the column `year` with reference `baseline`. `controls` are numeric. Without
    `cluster` each school is its own cluster; without `weight` every record counts one.
    """

    outcome: str
    school: str
    year: str
    baseline: str
    controls: tuple[str, ...] = ()
    categories: dict[str, str] = field(default_factory=dict)
    cluster: str = ""
    weight: str = ""

    @property
    def columns(self) -> list[str]:
        """Every column of the file that the model needs."""
        named = [
            self.school,
            self.year,
            *self.categories,
            *self.controls,
            self.outcome,
            self.cluster,
            self.weight,
        ]
        return list(dict.fromkeys(filter(None, named)))


@dataclass(frozen=True)
class Moments:
    """Sums per school (G schools, k regressors; the outcome stands last in sums and products).

    `terms`: k names, a year effect by the year's own label, another level as `column: level`. `records`: G counts
    of complete records; `n`: G sums of weights; `sums`: G x (k+1); `products`: G x (k+1) x (k+1). Numeric columns
    are centred at `centres`. `incomplete`: for each column, how many records lack it; `rows`: records in the file.
    """

    terms: tuple[str, ...]
    schools: np.ndarray
    clusters: np.ndarray
    records: np.ndarray
    n: np.ndarray
    sums: np.ndarray
    products: np.ndarray
    centres: np.ndarray
    incomplete: dict[str, int]
    rows: int


def compute(source: Path | Sequence[Path] | pd.DataFrame, model: Model) -> Moments:
    """Moments of a CSV or Parquet file (or several of the same columns) or a data frame.

    A model uses complete records only. Raises InputError for a column or level that does not exist, text or
    infinite values where numbers are needed, weights that are not positive, and schools in two clusters.
    """
    connection = duckdb.connect()
    name = _open(connection, source)
    _check_columns(connection, model, name)
    _create_view(connection, model)
    _refuse_text(connection, model, name)
    rows, incomplete = _count(connection, model)
    centres = _centres(connection, model)
    levels = {
        column: _levels(connection, place, column, reference, name)
        for place, (column, reference) in enumerate(_all_categories(model).items())
    }
    terms, pieces, owners = _columns(model, levels, centres)
    query = statement(pieces, owners, bool(model.weight), bool(model.cluster))
    found = connection.execute(query).fetchnumpy()
    _refuse_unusable(connection, model, found, name)
    connection.close()
    p, n = len(pieces), np.asarray(found["n"], dtype=float)
    sums = np.column_stack([np.asarray(found[f"s{i}"], dtype=float) for i in range(p)])
    products = np.zeros((len(n), p, p))
    for i, j in _pairs(owners):
        products[:, i, j] = products[:, j, i] = found[f"m{i}_{j}"]
    for i, owner in enumerate(owners):
        if owner:  # a dummy is its own square
            products[:, i, i] = sums[:, i]
    return Moments(
        terms=tuple(terms),
        schools=np.asarray(found["school"], dtype=object),
        clusters=np.asarray(found["first_cluster" if model.cluster else "school"], dtype=object),
        records=np.asarray(found["records"], dtype=np.int64),
        n=n,
        sums=sums,
        products=products,
        centres=centres,
        incomplete=incomplete,
        rows=rows,
    )


def statement(pieces: list[str], owners: list[str], weighted: bool, clustered: bool) -> str:
    """The one aggregation, over a relation `records` whose columns have plain names.

    `pieces` are expressions of the columns of z; `owners` names for each dummy the category it belongs to (two
    dummies of one category are never both one) and is empty for numeric columns. Only sums, products, casts and a
    group by: the same text runs on other SQL engines.
    """
    w = "w * " if weighted else ""
    z = ", ".join(f"{piece} AS z{i}" for i, piece in enumerate(pieces))
    sums = [f"sum({w}z{i}) AS s{i}" for i in range(len(pieces))]
    products = [f"sum({w}z{i} * z{j}) AS m{i}_{j}" for i, j in _pairs(owners)]
    total = ["sum(w) AS n", "min(w) AS smallest"] if weighted else ["CAST(count(*) AS DOUBLE) AS n"]
    clusters = (
        ["min(cluster) AS first_cluster", "max(cluster) AS last_cluster"] if clustered else []
    )
    inner = ["school", *(["cluster"] if clustered else []), *(["w"] if weighted else []), z]
    return (
        f"SELECT {', '.join(['school', 'count(*) AS records', *total, *clusters, *sums, *products])} "
        f"FROM (SELECT {', '.join(inner)} FROM records WHERE complete = 1) AS complete_records "
        "GROUP BY school ORDER BY school"
    )


def _pairs(owners: list[str]) -> list[tuple[int, int]]:
    """Products that must be summed: not those of two dummies of one category, which are known."""
    places = combinations_with_replacement(range(len(owners)), 2)
    return [(i, j) for i, j in places if not (owners[i] and owners[i] == owners[j])]


def _all_categories(model: Model) -> dict[str, str]:
    return {model.year: model.baseline} | model.categories


def _columns(
    model: Model, levels: dict[str, list[str]], centres: np.ndarray
) -> tuple[list[str], list[str], list[str]]:
    """Terms, SQL expressions of z, and the category that each dummy belongs to."""
    terms, pieces, owners = [], [], []
    for place, (column, names) in enumerate(levels.items()):
        for level in names:
            terms.append(level if column == model.year else f"{column}: {level}")
            pieces.append(f"CAST(CASE WHEN c{place} = {_quote(level)} THEN 1 ELSE 0 END AS DOUBLE)")
            owners.append(column)
    for place, column in enumerate(model.controls):
        terms.append(column)
        pieces.append(f"(x{place} - CAST('{float(centres[place])!r}' AS DOUBLE))")
        owners.append("")
    pieces.append(f"(y - CAST('{float(centres[-1])!r}' AS DOUBLE))")
    return terms, pieces, [*owners, ""]


def _open(
    connection: duckdb.DuckDBPyConnection, source: Path | Sequence[Path] | pd.DataFrame
) -> str:
    """Make the source a view `file`; returns its name for messages."""
    if isinstance(source, pd.DataFrame):
        connection.register("file", source)
        return "the data frame"
    paths = [source] if isinstance(source, Path) else list(source)
    reader = {".csv": "read_csv", ".parquet": "read_parquet"}[paths[0].suffix.lower()]
    files = ", ".join(_quote(str(path)) for path in paths)
    name = relative(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    try:
        connection.execute(f"CREATE VIEW file AS SELECT * FROM {reader}([{files}])")
    except duckdb.Error as error:
        raise InputError(
            f"{name}: cannot be read ({str(error).splitlines()[0]}). Export it again."
        ) from None
    return name


def _check_columns(connection: duckdb.DuckDBPyConnection, model: Model, name: str) -> None:
    present = [row[0] for row in connection.execute("DESCRIBE file").fetchall()]
    absent = [column for column in model.columns if column not in present]
    if absent:
        raise InputError(
            f"{name}: no column {', '.join(map(repr, absent))}. The file has: {', '.join(present)}."
        )


def _create_view(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """The file as a view `records` with plain names: school, cluster, w, y, x0.., c0.., complete."""
    types = _types(connection)
    text = {column: _as_text(column, types[column]) for column in model.columns}
    cast = {
        column: "TRY_CAST" if types[column] == "VARCHAR" else "CAST" for column in model.columns
    }
    numeric = {column: f"{cast[column]}({_name(column)} AS DOUBLE)" for column in model.columns}
    parts = {
        "school": text[model.school],
        **({"cluster": text[model.cluster]} if model.cluster else {}),
        "w": numeric[model.weight] if model.weight else "1.0",
        "y": numeric[model.outcome],
        **{f"x{place}": numeric[column] for place, column in enumerate(model.controls)},
        **{f"c{place}": text[column] for place, column in enumerate(_all_categories(model))},
    }
    complete = " AND ".join(f"({expression}) IS NOT NULL" for expression in parts.values())
    named = ", ".join(f"{expression} AS {name}" for name, expression in parts.items())
    connection.execute(
        f"CREATE VIEW records AS SELECT {named}, CASE WHEN {complete} THEN 1 ELSE 0 END AS complete FROM file"
    )


def _as_text(column: str, kind: str) -> str:
    """A column as a label: whole numbers stored as floats are written without decimals."""
    quoted = _name(column)
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"CAST(CAST({quoted} AS BIGINT) AS VARCHAR)"
        return (
            f"CASE WHEN {quoted} = floor({quoted}) THEN {whole} ELSE CAST({quoted} AS VARCHAR) END"
        )
    return f"nullif({quoted}, '')" if kind == "VARCHAR" else f"CAST({quoted} AS VARCHAR)"


def _types(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute("DESCRIBE file").fetchall()}


def _numeric(model: Model) -> list[str]:
    """Columns that must hold numbers."""
    return [*model.controls, model.outcome, *([model.weight] if model.weight else [])]


def _refuse_text(connection: duckdb.DuckDBPyConnection, model: Model, name: str) -> None:
    types = _types(connection)
    for column in _numeric(model):
        if types[column] == "VARCHAR":
            text = f"nullif({_name(column)}, '') IS NOT NULL AND TRY_CAST({_name(column)} AS DOUBLE) IS NULL"
            _refuse(connection, column, text, name, "text in a number column")


def _refuse_unusable(
    connection: duckdb.DuckDBPyConnection, model: Model, found: dict[str, np.ndarray], name: str
) -> None:
    """Look in the finished sums for what must not be in the records; only then search for where it is."""
    if len(found["school"]) == 0:
        raise InputError(f"{name}: no record is complete in {', '.join(model.columns)}.")
    if not all(
        np.isfinite(values.astype(float)).all() for key, values in found.items() if key[0] in "mn"
    ):
        for column in _numeric(model):
            _refuse(
                connection,
                column,
                f"NOT isfinite(CAST({_name(column)} AS DOUBLE))",
                name,
                "infinite values",
            )
    if model.weight and found["smallest"].min() <= 0:
        _refuse(
            connection,
            model.weight,
            f"{_name(model.weight)} <= 0",
            name,
            "weights that are not positive",
        )
    if model.cluster:
        split = found["school"][found["first_cluster"] != found["last_cluster"]]
        if len(split):
            raise InputError(
                f"{name}, column {model.cluster!r}: school {split[0]!r} lies in more than one cluster ({len(split)} "
                "such schools). Fixed effects must lie within clusters: correct the column or name a coarser one."
            )


def _count(connection: duckdb.DuckDBPyConnection, model: Model) -> tuple[int, dict[str, int]]:
    """Records in the file, and for each column how many lack it."""
    present = ", ".join(f"count({_name(column)})" for column in model.columns)
    rows, *counts = connection.execute(f"SELECT count(*), {present} FROM file").fetchone()
    return rows, {column: rows - count for column, count in zip(model.columns, counts, strict=True)}


def _centres(connection: duckdb.DuckDBPyConnection, model: Model) -> np.ndarray:
    """A constant near the mean of each control and of the outcome: their means over all records.

    Any constant gives the same estimates; one near the mean keeps the sums of products from losing digits.
    """
    centred = [*(f"x{place}" for place in range(len(model.controls))), "y"]
    means = ", ".join(f"avg({column})" for column in centred)
    found = connection.execute(f"SELECT {means} FROM records").fetchone()
    return np.nan_to_num(np.array(found, dtype=float), posinf=0.0, neginf=0.0)


def _refuse(
    connection: duckdb.DuckDBPyConnection, column: str, wrong: str, name: str, what: str
) -> None:
    numbered = "SELECT row_number() OVER () AS place, * FROM file"
    rows = connection.execute(
        f"SELECT place, {_name(column)} FROM ({numbered}) WHERE {wrong} LIMIT 3"
    ).fetchall()
    if rows:
        first = "; ".join(f"record {place}: {value!r}" for place, value in rows)
        raise InputError(f"{name}, column {column!r}: {what} ({first}). Correct or empty these.")


def _levels(
    connection: duckdb.DuckDBPyConnection, place: int, column: str, reference: str, name: str
) -> list[str]:
    """Levels of a category among complete records, without the reference."""
    query = f"SELECT DISTINCT c{place} FROM records WHERE complete = 1 ORDER BY 1"
    levels = [row[0] for row in connection.execute(query).fetchall()]
    if reference not in levels:
        raise InputError(
            f"{name}, column {column!r}: no {reference!r} to compare with; it has {', '.join(levels)}."
        )
    return [level for level in levels if level != reference]


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
