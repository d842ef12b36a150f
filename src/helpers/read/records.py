"""Open files, a folder or a data frame of records as something that SQL reads as a stream.

Nothing is loaded as a whole but workbooks: DuckDB scans CSV and Parquet files itself; files of SPSS, Stata and SAS,
which it cannot read, go in pieces into a temporary table on disk.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from helpers.project import InputError, relative
from helpers.read import cells, files, frames, headers, relations, sql, statistical, texts, workbooks
from helpers.read.engine import SqlRecords
from helpers.read.files import Options

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROWS_AT_A_TIME = 500_000  # rows of an SPSS or Stata file held in memory at once

_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,0\)|BOOLEAN)$")

_NOT_THE_FILE = (
    duckdb.BinderException, duckdb.CatalogException, duckdb.InterruptException, duckdb.OutOfMemoryException,
    duckdb.ParserException,
)  # fmt: skip


class Records(SqlRecords):
    """A DuckDB connection with a temporary view `file`."""

    first_group = r"'\1'"
    row = "row_number() OVER ()"
    place = f"'record ' || {row}"

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, held: ExitStack | None = None):
        self.connection, self._held = connection, held or connection
        self._rewritten = 0
        super().__init__(name)

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

    def show(self, query: Callable[[str], str]) -> None:
        """Let `file` be what this query makes of it; the query is given the name of the view that it was."""
        self._rewritten += 1
        self.run(f"ALTER VIEW file RENAME TO file_{self._rewritten}")
        self.run(f"CREATE TEMPORARY VIEW file AS {query(f'file_{self._rewritten}')}")

    def put(self, name: str, frame: pd.DataFrame) -> None:
        """Set a small table of this name beside `file`."""
        self.connection.register("put", frame)
        self.run(f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM put")
        self.connection.unregister("put")

    def _kinds(self) -> dict[str, str]:
        return _kinds(self.connection, "file")

    @staticmethod
    def identifier(column: str) -> str:
        """The column's name as SQL writes it."""
        return relations.identifier(column)

    @staticmethod
    def matches(text: str, pattern: str) -> str:
        """SQL that says whether a text is of this pattern from end to end."""
        return f"regexp_full_match({text}, {relations.quote(pattern)})"

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """Add numbers in the order of the records, by one thread: otherwise the last digits differ from run to run."""
        self.run("SET threads TO 1")  # of the whole engine
        try:
            yield
        finally:
            self.run("RESET threads")

    def __exit__(self, *_: object) -> None:
        """Let go of the file; a temporary table disappears."""
        self._held.close()


def open_records(
    source: Path | Sequence[Path] | pd.DataFrame, columns: Collection[str] = (), labelled: Collection[str] = (),
    options: Options = Options(), ids: Collection[str] = (),
) -> Records:  # fmt: skip
    """Records of a file in any format of `files.ENDINGS`, several alike, a folder or a zip of them, or a data frame.

    What a cell says follows the rules of `cells`. Of files that DuckDB cannot read only `columns` are read (all, if none
    are named); declared missing codes are missing, and the columns in `labelled` show value labels instead of codes.
    Raises InputError.

    Parameters
    ----------
    source, columns, labelled : what to read; the columns that are used; those of them that hold labels, not numbers
    options, ids : what the user says of how it is to be read; columns in which the user's missing codes are labels
    """
    if not isinstance(source, (Path, Sequence)):
        connection = _engine().cursor()
        connection.register("frame", source)
        connection.execute(f"CREATE TEMPORARY VIEW file AS {relations.plain(connection, 'SELECT * FROM frame')}")
        return sql.follow_rules(Records(connection, "the data frame"), columns, labelled, options, ids, True)
    with ExitStack() as held:
        paths, ending = find(source, held)
        name, two_ways = called(paths), True
        if ending in files.STATISTICAL:
            records = _open_labelled(paths, name, columns, labelled, held, options.encoding)
        else:
            connection = held.enter_context(_engine().cursor())
            if ending == ".csv":
                two_ways, told, first = _view_csv(connection, paths, name, options, held, columns)
            elif ending == ".parquet":
                told = _view_parquet(connection, paths, name)
            else:
                told = _view_workbooks(connection, paths, options, labelled, ids)
            records = Records(connection, name)
            records.told += told
            if ending == ".csv":
                records.gaps, records.blank_rows = files.MISSING, len(records.columns) == len(first)
        files.check_columns(columns, records.columns, name)
        sql.follow_rules(records, columns, labelled, options, ids, two_ways)
        records._held = held.pop_all()
        return records


def find(source: Path | Sequence[Path], held: ExitStack | None = None) -> tuple[list[Path], str]:
    """The files of a source, all with one ending, and that ending; those of a zip are there while `held` is open.

    Raises InputError.
    """
    paths = [source] if isinstance(source, Path) else list(source)
    if isinstance(source, Path) and source.suffix.lower() == ".zip" and held:
        paths = [found.path for found in held.enter_context(files.find(source, files.ENDINGS))]
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


def refuse_alike(names: Collection[str], file: str) -> None:
    """SQL does not tell capital letters from small ones."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            both = f"{files.shortened(other)} and {files.shortened(name)}"
            raise InputError(f"{file}: the columns {both} differ in capital letters only. Rename one.")


def _view_csv(
    connection: duckdb.DuckDBPyConnection,
    paths: list[Path],
    name: str,
    options: Options,
    held: ExitStack,
    columns: Collection[str],
) -> tuple[bool, list[str], list[str]]:
    """The view `file`, all cells text; whether numbers can be read in two ways; what was passed over; all columns' names."""
    heads = [headers.read(path, relative(path), options.encoding) for path in paths]
    for path, head in zip(paths, heads, strict=True):
        refuse_alike(columns or head.names, relative(path))
    with files.reading(name, duckdb.Error):
        each = [
            texts.select(path, head, options, _folder(held), columns) for path, head in zip(paths, heads, strict=True)
        ]
        refuse_unlike(paths, [_kinds(connection, f"({select})") for select in each])
        connection.execute(f"CREATE TEMPORARY VIEW file AS {' UNION ALL BY NAME '.join(each)}")
    return any(head.two_ways for head in heads), [said for head in heads for said in head.told], heads[0].names


def _view_parquet(connection: duckdb.DuckDBPyConnection, paths: list[Path], name: str) -> list[str]:
    with files.reading(name, duckdb.Error):
        refuse_unlike(paths, [_kinds(connection, f"({_select_parquet(path)})") for path in paths])
        connection.execute(f"CREATE TEMPORARY VIEW file AS {relations.plain(connection, _select_parquet(*paths))}")
    return []


def _folder(held: ExitStack) -> Path:
    return Path(held.enter_context(tempfile.TemporaryDirectory()))


def _view_workbooks(
    connection: duckdb.DuckDBPyConnection, paths: list[Path], options: Options, labelled: Collection[str],
    ids: Collection[str],
) -> list[str]:  # fmt: skip
    import pandas as pd

    read = [workbooks.read(path, options.sheet) for path in paths]
    for path, (frame, _) in zip(paths, read, strict=True):
        refuse_alike(frame.columns, relative(path))
        files.check_columns(read[0][0].columns, frame.columns, relative(path))
    whole = pd.concat([frame for frame, _ in read], ignore_index=True)
    for name in whole.select_dtypes("object"):
        gone = cells.gone(whole[name].dropna().unique(), [] if name in ids else options.missing)
        kept = whole[name].mask(whole[name].isin(gone)) if gone else whole[name]
        whole[name] = _numbered(kept, options) if name not in labelled else None
        if name in labelled or whole[name].isna().sum() > kept.isna().sum():  # there is text
            whole[name] = kept.map(cells.label, na_action="ignore").astype("str")
    connection.register("sheet", whole)
    connection.execute("CREATE TEMPORARY VIEW file AS SELECT * FROM sheet")
    return [said for _, told in read for said in told]


def _numbered(column: pd.Series, options: Options) -> pd.Series:
    """Cells of which some are numbers, others text, as numbers: the marks of the numbers are known already."""
    try:
        known = cells.numbers(column.dropna().unique(), True, options.decimal, options.thousands)
    except InputError:  # is told where the column is used
        known = {}
    return column.map(known).astype(float)


def _select_parquet(*paths: Path) -> str:
    by_name = ", union_by_name = true" if len(paths) > 1 else ""
    return f"SELECT * FROM read_parquet({relations.quoted(paths)}{by_name})"


def _kinds(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    kinds = {}
    for column, sql_type, *_ in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall():
        decimal = sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL")
        other = "date" if sql_type.startswith(("DATE", "TIMESTAMP")) else "text"
        kinds[column] = "number" if _NUMBERS.match(sql_type) else "float" if decimal else other
    return kinds


def refuse_unlike(paths: list[Path], columns: list[dict[str, str]]) -> None:
    """All files must have the columns of the first, numbers where it has numbers and text where it has text."""
    first = columns[0]
    for path, found in zip(paths, columns, strict=True):
        for which, names in (("lacks", first.keys() - found), ("also has", found.keys() - first)):
            if names:
                raise InputError(
                    f"{relative(path)} {which} the column {files.listed(map(files.shortened, sorted(names)))}, unlike "
                    f"{relative(paths[0])}. Files that belong together need the same columns."
                )
        for column in found:
            here, there = ("text" if of[column] == "text" else "numbers" for of in (found, first))
            if here != there:
                raise InputError(
                    f"{relative(path)}, column {column!r}: {here}, but {there} in {relative(paths[0])}. Save the column "
                    "in the same way in all files."
                )


def _open_labelled(
    paths: list[Path], name: str, columns: Collection[str], in_words: Collection[str], held: ExitStack, encoding: str
) -> Records:
    """A temporary table on disk, filled in pieces; the columns `in_words` hold value labels."""
    folder = held.enter_context(tempfile.TemporaryDirectory())
    connection = held.enter_context(_connect(f"{folder}/records.duckdb"))
    tried = statistical.tried(paths[0], encoding)
    present = [statistical.parse(path, encodings=tried, metadataonly=True)[1] for path in paths]
    for meta in present:
        files.check_columns(columns, meta.column_names, name)
    kinds = [_labelled_kinds(meta, columns, in_words) for meta in present]
    refuse_unlike(paths, kinds)
    refuse_alike(kinds[0], name)
    types = {"text": "VARCHAR", "float": "DOUBLE"}
    fields = ", ".join(f"{Records.identifier(column)} {types[kind]}" for column, kind in kinds[0].items())
    connection.execute(f"CREATE TABLE stored ({fields})")
    for path, of_file in zip(paths, kinds, strict=True):
        _insert(connection, path, of_file, tried)
    connection.execute("CREATE TEMPORARY VIEW file AS SELECT * FROM stored")
    records = Records(connection, name)
    records.labels = {c: named for c, named in statistical.value_labels(present[0]).items() if c in kinds[0]}
    return records


def _labelled_kinds(meta: object, columns: Collection[str], in_words: Collection[str]) -> dict[str, str]:
    text = set(in_words) & set(meta.variable_value_labels)
    text |= {name for name, kind in meta.readstat_variable_types.items() if kind == "string"}
    text |= {
        name for name, kind in meta.original_variable_types.items() if re.search(r"DATE|TIME|YEAR|^%t", str(kind), re.I)
    }
    wanted = dict.fromkeys(columns) or meta.column_names
    return {column: "text" if column in text else "float" for column in wanted}


def _insert(
    connection: duckdb.DuckDBPyConnection, path: Path, kinds: dict[str, str], tried: tuple[str | None, ...]
) -> None:
    for piece, meta in statistical.parts(path, list(kinds), ROWS_AT_A_TIME, encodings=tried):
        labels = statistical.value_labels(meta)
        for column in [name for name, kind in kinds.items() if kind == "text"]:
            shown = frames.names_of(labels.get(column, {}))
            codes = {value: cells.label(value) for value in piece[column].dropna().unique()}
            piece[column] = (
                piece[column].map({value: shown.get(code, code) for value, code in codes.items()}).astype("str")
            )
        connection.register("piece", piece)
        connection.execute("INSERT INTO stored BY NAME SELECT * FROM piece")
        connection.unregister("piece")
