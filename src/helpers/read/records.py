"""Open files, a folder or a data frame of records as something that SQL reads as a stream.

Nothing is loaded as a whole: DuckDB scans CSV and Parquet files itself; SPSS and Stata files, which it cannot read,
go in pieces into a temporary table on disk.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from helpers.project import InputError, relative
from helpers.read import files

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROWS_AT_A_TIME = 500_000
"""Rows of an SPSS or Stata file held in memory at once."""

_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,0\)|BOOLEAN)$")

_NOT_THE_FILE = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
    duckdb.ParserException,
)


class Records:
    """A DuckDB connection with a temporary view `file`, and how to speak of it. Use it in a `with` block, or close it.

    `columns`: column -> kind: "number", "float" (which may have decimals) or "text" (everything else).
    """

    place = "'record ' || row_number() OVER ()"
    """SQL that says where a record of `file` stands."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        folder: tempfile.TemporaryDirectory | None = None,
    ):
        self.connection, self.name, self._folder = connection, name, folder
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
            raise _unreadable(self.name, error) from None

    @staticmethod
    def identifier(column: str) -> str:
        """The column's name as SQL writes it."""
        return '"' + column.replace('"', '""') + '"'

    def close(self) -> None:
        """Let go of the file; a temporary table disappears."""
        self.connection.close()
        if self._folder:
            self._folder.cleanup()

    def __enter__(self) -> Records:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_records(
    source: Path | Sequence[Path] | pd.DataFrame,
    columns: Collection[str] = (),
    labelled: Collection[str] = (),
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
    name = relative(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    if ending in (".sav", ".dta"):
        return _open_labelled(paths, name, columns, labelled)
    connection = _engine().cursor()
    try:
        if ending == ".csv":
            selects = [_select_csv(path) for path in paths]
            _refuse_unlike(paths, [_kinds(connection, f"({select})") for select in selects])
            connection.execute(
                f"CREATE TEMPORARY VIEW file AS {' UNION ALL BY NAME '.join(selects)}"
            )
        else:
            _refuse_unlike(
                paths,
                [_kinds(connection, f"read_parquet({quote(str(path))})") for path in paths],
            )
            names = ", ".join(quote(str(path)) for path in paths)
            by_name = ", union_by_name = true" if len(paths) > 1 else ""
            connection.execute(
                f"CREATE TEMPORARY VIEW file AS SELECT * FROM read_parquet([{names}]{by_name})"
            )
        return Records(connection, name)
    except duckdb.Error as error:
        raise _unreadable(name, error) from None


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
        paths = sorted(
            path for path in source.iterdir() if path.is_file() and path.name[0] not in "._"
        )
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


def _connect(database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """What does not fit into memory goes to the system's temporary folder, not into the one where the user works."""
    return duckdb.connect(database, config={"temp_directory": tempfile.gettempdir()})


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for the whole process: to start it takes longer than to read 100,000 records.

    Each opened file has a cursor of its own, whose temporary views and tables no other cursor sees.
    """
    return _connect()


def quote(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def read_header(path: Path) -> tuple[list[str], str]:
    """Column names of a CSV file in UTF-8, and what separates its fields. Raises InputError."""
    # The file is decoded further than its first line: only what is wrong in that line is wrong in row 1.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        first = file.readline()
    try:
        first.encode()
    except UnicodeError:
        raise InputError(_not_utf8(relative(path), 1)) from None
    separator = files.separator(path, first)
    reader = csv.reader([first, ""], delimiter=separator)
    names = next(reader)
    if reader.line_num > 1:
        raise InputError(
            f"{relative(path)}, row 1: the name of a column goes on in the next line. Write it in one line."
        )
    _refuse_alike(names, relative(path))
    return names, separator


def _refuse_alike(names: Collection[str], file: str) -> None:
    """SQL does not tell capital letters from small ones."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise InputError(
                f"{file}: the columns {other!r} and {name!r} differ in capital letters only. Rename one."
            )


def _select_csv(path: Path) -> str:
    names, separator = read_header(path)
    columns = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in names)
    missing = ", ".join(map(quote, files.MISSING))
    cells = "*"
    if separator == ";":
        cells = r"regexp_replace(COLUMNS(*), '^\s*(-?\d+),(\d+)\s*$', '\1.\2')"
    return (
        f"SELECT {cells} FROM read_csv({quote(str(path))}, auto_detect = false, header = true, "
        f"columns = {{{columns}}}, delim = {quote(separator)}, quote = '\"', escape = '\"', nullstr = [{missing}])"
    )


def _kinds(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {row[0]: _kind(row[1]) for row in rows}


def _kind(sql_type: str) -> str:
    if _NUMBERS.match(sql_type):
        return "number"
    return "float" if sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL") else "text"


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
        for column, kind in found.items():
            if (kind == "text") != (first[column] == "text"):
                raise InputError(
                    f"{relative(path)}, column {column!r}: {_spoken(kind)}, but {_spoken(first[column])} in "
                    f"{relative(paths[0])}. Save the column in the same way in all files."
                )


def _spoken(kind: str) -> str:
    return "text" if kind == "text" else "numbers"


def _open_labelled(
    paths: list[Path], name: str, columns: Collection[str], labelled: Collection[str]
) -> Records:
    """A temporary table on disk, filled in pieces."""
    folder = tempfile.TemporaryDirectory()
    connection = _connect(f"{folder.name}/records.duckdb")
    try:
        present = [_read_metadata(path) for path in paths]
        for meta in present:
            files.check_columns(columns, meta.column_names, name)
        kinds = [_labelled_kinds(meta, columns, labelled) for meta in present]
        _refuse_unlike(paths, kinds)
        _refuse_alike(kinds[0], name)
        types = ", ".join(
            f"{Records.identifier(column)} {'VARCHAR' if kind == 'text' else 'DOUBLE'}"
            for column, kind in kinds[0].items()
        )
        connection.execute(f"CREATE TABLE stored ({types})")
        for path, of_file in zip(paths, kinds, strict=True):
            _insert(connection, path, of_file)
        connection.execute("CREATE TEMPORARY VIEW file AS SELECT * FROM stored")
        return Records(connection, name, folder)
    except BaseException:
        connection.close()
        folder.cleanup()
        raise


def _labelled_kinds(meta: object, columns: Collection[str], labelled: Collection[str]):
    shown = {column for column in labelled if column in meta.variable_value_labels}
    return {
        column: "text"
        if column in shown or meta.readstat_variable_types[column] == "string"
        else "float"
        for column in (dict.fromkeys(columns) or meta.column_names)
    }


def _reader(path: Path):
    import pyreadstat

    return pyreadstat.read_sav if path.suffix.lower() == ".sav" else pyreadstat.read_dta


def _read_metadata(path: Path):
    import pyreadstat

    try:
        return _reader(path)(str(path), metadataonly=True)[1]
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        raise _unreadable(relative(path), error) from None


def _insert(connection: duckdb.DuckDBPyConnection, path: Path, kinds: dict[str, str]) -> None:
    import pyreadstat

    pieces = pyreadstat.read_file_in_chunks(
        _reader(path), str(path), chunksize=ROWS_AT_A_TIME, usecols=list(kinds),
        disable_datetime_conversion=True,
    )  # fmt: skip
    try:
        for piece, meta in pieces:
            for column, kind in kinds.items():
                if kind == "text" and column in meta.variable_value_labels:
                    piece[column] = value_labels(piece[column], meta.variable_value_labels[column])
            connection.register("piece", piece)
            connection.execute("INSERT INTO stored BY NAME SELECT * FROM piece")
            connection.unregister("piece")
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        raise _unreadable(relative(path), error) from None


def value_labels(codes: pd.Series, labels: dict) -> pd.Series:
    """Value labels in place of codes; a code without a label stays, as text.

    Where several codes have one label, the code follows it: nobody said that they mean the same.
    """
    counts = Counter(str(label).strip() for label in labels.values())

    def shown(code: float | str) -> str:
        written = str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)
        if code not in labels:
            return written
        label = str(labels[code]).strip()
        return label if counts[label] == 1 else f"{label} ({written})"

    return codes.map({code: shown(code) for code in codes.dropna().unique()}).astype("str")


def _not_utf8(file: str, row: int | str) -> str:
    return f"{file}, row {row}: the text is not utf-8. Save the file as 'CSV UTF-8'."


def _unreadable(name: str, error: Exception) -> InputError:
    """What went wrong while reading, in the words of this project."""
    text = str(error)
    row = re.search(r"CSV Error on Line: (\d+)", text)
    path = re.search(r"^\s*file = (.+)$", text, re.MULTILINE)
    if row and path:
        file, cells = (
            relative(Path(path[1].strip())),
            re.search(r"Columns: (\d+) Found: (\d+)", text),
        )
        if "utf-8" in text:
            return InputError(_not_utf8(file, row[1]))
        if cells:
            return InputError(
                f"{file}: rows of unequal length (row {row[1]}: {cells[2]} cells instead of {cells[1]}). Export it again."
            )
    return InputError(f"{name}: cannot be read ({text.splitlines()[0]}). Export it again.")
