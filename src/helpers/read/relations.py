"""Relations of DuckDB, such as Parquet files: their columns as numbers, dates and text, the kinds that a cell can have."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.project import relative
from helpers.read import files

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_AS_THEY_ARE = re.compile(r"VARCHAR|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|BOOLEAN|DATE|TIMESTAMP(_\w+)?")
_LONG = re.compile(r"U?HUGEINT|DECIMAL\((1[6-9]|[23]\d),\d+\)")  # may hold more digits than a float keeps


def connect(database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """What does not fit into memory goes to the system's temporary folder, not into the one where the user works."""
    import duckdb

    return duckdb.connect(database, config={"temp_directory": tempfile.gettempdir()})


def engine() -> duckdb.DuckDBPyConnection:
    """One for the whole process, whose start takes longer than to read 100,000 records; each opened file has a cursor."""
    import duckdb

    try:
        _engine().execute("SELECT 1")
    except duckdb.Error:  # a damaged file may bring it down for good, and another file must not suffer for that
        _engine.cache_clear()
    return _engine()


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return connect()


def parquet(path: Path, columns: Sequence[str] = (), name: str = "") -> pd.DataFrame:
    """Columns of a Parquet file, called `name`; the index counts rows from 1. Raises InputError.

    Where one is not there, or none is named, there are all names and no rows.
    """
    import duckdb

    with files.reading(name or relative(path), duckdb.Error), engine().cursor() as connection:
        query = f"SELECT * FROM read_parquet({quoted([path])})"
        present = [row[0] for row in connection.execute(f"DESCRIBE {query}").fetchall()]
        if not columns or not set(columns) <= set(present):
            return connection.sql(f"{query} LIMIT 0").df()
        query = plain(connection, f"SELECT {', '.join(map(identifier, columns))} FROM ({query})")
        long = [name for name, kind in _types(connection, query) if _LONG.fullmatch(kind)]
        frame = connection.sql(_replaced(query, {name: f"CAST({identifier(name)} AS VARCHAR)" for name in long})).df()
    frame.index = frame.index + 1
    return frame


def plain(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """A query whose columns are numbers, dates and text: moments are those of Greenwich, lists and the like are text."""
    written, types = {}, dict(_types(connection, query))
    long = _beyond_floats(connection, query, [name for name, kind in types.items() if _LONG.fullmatch(kind)])
    for name, kind in types.items():
        if kind == "TIMESTAMP WITH TIME ZONE":
            written[name] = f"timezone('UTC', {identifier(name)})"
        elif kind.startswith("DECIMAL") or _LONG.fullmatch(kind):
            if name not in long:
                written[name] = f"CAST({identifier(name)} AS DOUBLE)"
        elif not _AS_THEY_ARE.fullmatch(kind):
            written[name] = f"CAST({identifier(name)} AS VARCHAR)"
    return _replaced(query, written)


def _beyond_floats(connection: duckdb.DuckDBPyConnection, query: str, names: list[str]) -> set[str]:
    """Those columns that hold ids which floats would change."""
    if not names:
        return set()
    tests = ", ".join(f"coalesce(max(abs({identifier(name)})) > {2**53}, false)" for name in names)
    found = connection.execute(f"SELECT {tests} FROM ({query})").fetchone()
    return {name for name, beyond in zip(names, found, strict=True) if beyond}


def _replaced(query: str, written: dict[str, str]) -> str:
    if not written:
        return query
    cells = ", ".join(f"{expression} AS {identifier(name)}" for name, expression in written.items())
    return f"SELECT * REPLACE ({cells}) FROM ({query})"


def _types(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    return [row[:2] for row in connection.execute(f"DESCRIBE {query}").fetchall()]


def quoted(paths: Sequence[Path]) -> str:
    """A list of files as SQL writes it."""
    return "[" + ", ".join(quote(str(path)) for path in paths) + "]"


def quote(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def identifier(column: str) -> str:
    """A column's name as SQL writes it."""
    return '"' + column.replace('"', '""') + '"'
