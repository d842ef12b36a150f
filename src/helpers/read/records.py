"""Open files, a folder or a data frame of records as something that SQL reads as a stream.

Nothing is loaded as a whole: DuckDB scans CSV and Parquet files itself; SPSS and Stata files, which it cannot read,
go in pieces into a temporary table on disk.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from helpers.project import InputError, relative
from helpers.read import files
from helpers.read.frames import parse, parts, value_labels

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROWS_AT_A_TIME = 500_000  # rows of an SPSS or Stata file held in memory at once

_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,0\)|BOOLEAN)$")

_NOT_THE_FILE = (
    duckdb.BinderException, duckdb.CatalogException, duckdb.InterruptException, duckdb.OutOfMemoryException,
    duckdb.ParserException,
)  # fmt: skip


class Records(AbstractContextManager):
    """A DuckDB connection with a temporary view `file`, and how to speak of it. Use it in a `with` block.

    `columns`: column -> kind: "number", "float" (which may have decimals) or "text" (everything else).
    """

    place = "'record ' || row_number() OVER ()"
    """SQL that says where a record of `file` stands."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, held: ExitStack | None = None):
        self.connection, self.name, self._held = connection, name, held or connection
        self.columns = _kinds(connection, "file")

    def run(self, query: str) -> None:
        """Run a statement without a result."""
        self.connection.execute(query)

    def fetch(self, query: str) -> dict[str, np.ndarray]:
        """The result's columns. Raises InputError where the file turns out to be unreadable."""
        try:
            return self.connection.execute(query).fetchnumpy()
        except _NOT_THE_FILE:
            raise
        except duckdb.Error as error:  # of many kinds: damaged pages raise the base class itself
            raise files.unreadable(self.name, error) from None

    @staticmethod
    def identifier(column: str) -> str:
        """The column's name as SQL writes it."""
        return '"' + column.replace('"', '""') + '"'

    def __exit__(self, *_: object) -> None:
        """Let go of the file; a temporary table disappears."""
        self._held.close()


def open_records(
    source: Path | Sequence[Path] | pd.DataFrame, columns: Collection[str] = (), labelled: Collection[str] = ()
) -> Records:
    """Records of a CSV, Parquet, SPSS (.sav) or Stata (.dta) file, several files, a folder, or a data frame.

    All cells of a CSV file are text; "", " ", NA, N/A, NaN and "." are missing, and in files separated by semicolons a
    comma is the decimal mark. Of SPSS and Stata files only `columns` are read (all, if none are named), user-missing
    codes are missing, and the columns in `labelled` show value labels instead of codes. Raises InputError.
    """
    if not isinstance(source, (Path, Sequence)):
        connection = _engine().cursor()
        connection.register("frame", source)
        connection.execute("CREATE TEMPORARY VIEW file AS SELECT * FROM frame")
        return Records(connection, "the data frame")
    paths, ending = find(source)
    name = called(paths)
    if ending in (".sav", ".dta"):
        return _open_labelled(paths, name, columns, labelled)
    connection = _engine().cursor()
    with files.reading(name, duckdb.Error):
        each = list(map(_select_csv if ending == ".csv" else _select_parquet, paths))
        _refuse_unlike(paths, [_kinds(connection, f"({select})") for select in each])
        whole = " UNION ALL BY NAME ".join(each) if ending == ".csv" else _select_parquet(*paths)
        connection.execute(f"CREATE TEMPORARY VIEW file AS {whole}")
        return Records(connection, name)


@contextmanager
def in_order(records: Records) -> Iterator[Records]:
    """Add numbers in the order of the records, by one thread: otherwise the last digits differ from run to run."""
    records.run("SET threads TO 1")  # of the whole engine
    try:
        yield records
    finally:
        records.run("RESET threads")


def find(source: Path | Sequence[Path]) -> tuple[list[Path], str]:
    """The files of a source, all with one ending, and that ending. Raises InputError."""
    paths = [source] if isinstance(source, Path) else list(source)
    if isinstance(source, Path) and source.is_dir():
        paths = sorted(p for p in source.iterdir() if p.is_file() and p.name[0] not in "._")
        if not paths:
            raise InputError(f"{relative(source)}: the folder holds no files. Put them there.")
    if not paths:
        raise InputError("no file is named. Name one, or a folder.")
    kinds: dict[str, Path] = {}
    for path in paths:
        kinds.setdefault(files.check(path), path)
    if len(kinds) > 1:
        both = " and ".join(relative(path) for path in list(kinds.values())[:2])
        raise InputError(f"{both} are files of two kinds. Keep files of one kind together.")
    return paths, next(iter(kinds))


def called(paths: list[Path]) -> str:
    """What to call these files together in messages."""
    return relative(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def _connect(database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """What does not fit into memory goes to the system's temporary folder, not into the one where the user works."""
    return duckdb.connect(database, config={"temp_directory": tempfile.gettempdir()})


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for the whole process, whose start takes longer than to read 100,000 records; each opened file has a cursor."""
    return _connect()


def quote(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def read_header(path: Path) -> tuple[list[str], str]:
    """Column names of a CSV file in UTF-8, and what separates its fields. Raises InputError."""
    file = relative(path)
    # The file is decoded further than its first line: only what is wrong in that line is wrong in row 1.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as opened:
        first = opened.readline()
    try:
        first.encode()
    except UnicodeError:
        raise files.undecodable(file, 1) from None
    names, separator = files.fields(first, file)
    reader = csv.reader([first, ""], delimiter=separator)
    next(reader)
    if reader.line_num > 1:
        raise InputError(f"{file}, row 1: the name of a column goes on in the next line. Write it in one line.")
    _refuse_alike(names, file)
    return names, separator


def _refuse_alike(names: Collection[str], file: str) -> None:
    """SQL does not tell capital letters from small ones."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise InputError(f"{file}: the columns {other!r} and {name!r} differ in capital letters only. Rename one.")


def _select_csv(path: Path) -> str:
    names, separator = read_header(path)
    columns = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in names)
    missing = ", ".join(map(quote, files.MISSING))
    cells = rf"regexp_replace(COLUMNS(*), {quote(files.DECIMAL_COMMA)}, '\1.\2')" if separator == ";" else "*"
    return (
        f"SELECT {cells} FROM read_csv({quote(str(path))}, auto_detect = false, header = true, "
        f"columns = {{{columns}}}, delim = {quote(separator)}, quote = '\"', escape = '\"', nullstr = [{missing}])"
    )


def _select_parquet(*paths: Path) -> str:
    names = ", ".join(quote(str(path)) for path in paths)
    by_name = ", union_by_name = true" if len(paths) > 1 else ""
    return f"SELECT * FROM read_parquet([{names}]{by_name})"


def _kinds(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    kinds = {}
    for column, sql_type, *_ in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall():
        decimal = sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL")
        kinds[column] = "number" if _NUMBERS.match(sql_type) else "float" if decimal else "text"
    return kinds


def _refuse_unlike(paths: list[Path], columns: list[dict[str, str]]) -> None:
    """All files must have the columns of the first, numbers where it has numbers and text where it has text."""
    first = columns[0]
    for path, found in zip(paths, columns, strict=True):
        for which, names in (("lacks", first.keys() - found), ("also has", found.keys() - first)):
            if names:
                raise InputError(
                    f"{relative(path)} {which} the column {', '.join(map(repr, sorted(names)))}, unlike "
                    f"{relative(paths[0])}. Files that belong together need the same columns."
                )
        for column in found:
            here, there = ("text" if of[column] == "text" else "numbers" for of in (found, first))
            if here != there:
                raise InputError(
                    f"{relative(path)}, column {column!r}: {here}, but {there} in {relative(paths[0])}. Save the column "
                    "in the same way in all files."
                )


def _open_labelled(paths: list[Path], name: str, columns: Collection[str], in_words: Collection[str]) -> Records:
    """A temporary table on disk, filled in pieces; the columns `in_words` hold value labels."""
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory())
        connection = held.enter_context(_connect(f"{folder}/records.duckdb"))
        present = [parse(path, metadataonly=True)[1] for path in paths]
        for meta in present:
            files.check_columns(columns, meta.column_names, name)
        kinds = [_labelled_kinds(meta, columns, in_words) for meta in present]
        _refuse_unlike(paths, kinds)
        _refuse_alike(kinds[0], name)
        types = {"text": "VARCHAR", "float": "DOUBLE"}
        fields = ", ".join(f"{Records.identifier(column)} {types[kind]}" for column, kind in kinds[0].items())
        connection.execute(f"CREATE TABLE stored ({fields})")
        for path, of_file in zip(paths, kinds, strict=True):
            _insert(connection, path, of_file)
        connection.execute("CREATE TEMPORARY VIEW file AS SELECT * FROM stored")
        return Records(connection, name, held.pop_all())


def _labelled_kinds(meta: object, columns: Collection[str], in_words: Collection[str]) -> dict[str, str]:
    text = set(in_words) & set(meta.variable_value_labels)
    text |= {name for name, kind in meta.readstat_variable_types.items() if kind == "string"}
    wanted = dict.fromkeys(columns) or meta.column_names
    return {column: "text" if column in text else "float" for column in wanted}


def _insert(connection: duckdb.DuckDBPyConnection, path: Path, kinds: dict[str, str]) -> None:
    for piece, meta in parts(path, list(kinds), ROWS_AT_A_TIME, disable_datetime_conversion=True):
        for column in [name for name, kind in kinds.items() if kind == "text"]:
            if labels := meta.variable_value_labels.get(column):
                piece[column] = value_labels(piece[column], labels)
        connection.register("piece", piece)
        connection.execute("INSERT INTO stored BY NAME SELECT * FROM piece")
        connection.unregister("piece")
