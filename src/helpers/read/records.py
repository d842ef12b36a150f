"""Open files, a folder or a data frame of records as something that SQL reads as a stream.

Nothing is loaded as a whole but workbooks: DuckDB scans CSV and Parquet files itself; files of SPSS, Stata and SAS,
which it cannot read, go in pieces into a temporary table on disk.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from helpers.project import InputError
from helpers.read import cells, files, frames, headers, relations, repeats, sql, statistical, texts, together, workbooks
from helpers.read.engine import SqlRecords
from helpers.read.files import Found, Options
from helpers.read.together import Together

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
        connection = relations.engine().cursor()
        connection.register("frame", source)
        connection.execute(f"CREATE TEMPORARY VIEW file AS {relations.plain(connection, 'SELECT * FROM frame')}")
        return sql.follow_rules(Records(connection, "the data frame"), columns, labelled, options, ids, True)
    with ExitStack() as held:
        found = together.find(source, held)
        name, two_ways = found.name, True
        if found.ending in files.STATISTICAL:
            records = _open_labelled(found, columns, labelled, held, options.encoding)
        else:
            connection = held.enter_context(relations.engine().cursor())
            if found.ending == ".csv":
                two_ways, told, first = _view_csv(connection, found, options, held, columns)
            elif found.ending == ".parquet":
                told = _view_parquet(connection, found)
            else:
                told = _view_workbooks(connection, found, options, labelled, ids)
            records = Records(connection, name)
            records.told += told
            records.whole = found.ending not in files.WORKBOOKS
            if found.ending == ".csv":
                records.gaps, records.blank_rows = files.MISSING, len(records.columns) == len(first)
                records.whole = records.blank_rows
        records.told[:0] = found.told
        files.check_columns(columns, records.columns, name)
        sql.follow_rules(records, columns, labelled, options, ids, two_ways)
        records._held = held.pop_all()
        return records


def refuse_alike(names: Collection[str], file: str) -> None:
    """SQL does not tell capital letters from small ones."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            both = f"{files.shortened(other)} and {files.shortened(name)}"
            raise InputError(f"{file}: the columns {both} differ in capital letters only. Rename one.")


def _view_csv(
    connection: duckdb.DuckDBPyConnection, found: Together, options: Options, held: ExitStack, columns: Collection[str]
) -> tuple[bool, list[str], list[str]]:
    """The view `file`, all cells text; whether numbers can be read in two ways; what was passed over; all columns' names."""
    heads = [headers.read(file.path, file.name, options.encoding) for file in found.files]
    for name, head in zip(found.names, heads, strict=True):
        refuse_alike(columns or head.names, name)
    with files.reading(found.name, duckdb.Error):
        each = [
            texts.select(file.path, head, options, _folder(held), columns)
            for file, head in zip(found.files, heads, strict=True)
        ]
        together.refuse_unlike(found.names, [_kinds(connection, f"({select})") for select in each])
        together.refuse_marks(found.names, heads)
        connection.execute(f"CREATE TEMPORARY VIEW file AS {' UNION ALL BY NAME '.join(each)}")
    return any(head.two_ways for head in heads), [said for head in heads for said in head.told], heads[0].names


def _view_parquet(connection: duckdb.DuckDBPyConnection, found: Together) -> list[str]:
    paths = [file.path for file in found.files]
    with files.reading(found.name, duckdb.Error):
        together.refuse_unlike(found.names, [_kinds(connection, f"({_select_parquet(path)})") for path in paths])
        connection.execute(f"CREATE TEMPORARY VIEW file AS {relations.plain(connection, _select_parquet(*paths))}")
    return []


def _folder(held: ExitStack) -> Path:
    return Path(held.enter_context(tempfile.TemporaryDirectory()))


def _view_workbooks(
    connection: duckdb.DuckDBPyConnection, found: Together, options: Options, labelled: Collection[str],
    ids: Collection[str],
) -> list[str]:  # fmt: skip
    import pandas as pd

    read = [workbooks.read(file.path, options.sheet, file.name) for file in found.files]
    for name, (frame, _) in zip(found.names, read, strict=True):
        refuse_alike(frame.columns, name)
    together.refuse_unlike(found.names, [dict.fromkeys(frame, "") for frame, _ in read])
    whole = pd.concat([frame for frame, _ in read], ignore_index=True)
    again = repeats.of_frame(whole)
    for name in whole.select_dtypes("object"):
        gone = cells.gone(whole[name].dropna().unique(), [] if name in ids else options.missing)
        kept = whole[name].mask(whole[name].isin(gone)) if gone else whole[name]
        whole[name] = _numbered(kept, options) if name not in labelled else None
        if name in labelled or whole[name].isna().sum() > kept.isna().sum():  # there is text
            whole[name] = kept.map(cells.label, na_action="ignore").astype("str")
    connection.register("sheet", whole)
    connection.execute("CREATE TEMPORARY VIEW file AS SELECT * FROM sheet")
    return [*(said for _, told in read for said in told), *again]


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


def _open_labelled(
    found: Together, columns: Collection[str], in_words: Collection[str], held: ExitStack, encoding: str
) -> Records:
    """A temporary table on disk, filled in pieces; the columns `in_words` hold value labels."""
    folder = held.enter_context(tempfile.TemporaryDirectory())
    connection = held.enter_context(relations.connect(f"{folder}/records.duckdb"))
    tried = statistical.tried(found.files[0].path, encoding)
    present = [statistical.parse(file.path, file.name, tried, metadataonly=True)[1] for file in found.files]
    for name, meta in zip(found.names, present, strict=True):
        files.check_columns(columns, meta.column_names, name)
    used = list(dict.fromkeys(columns)) or present[0].column_names
    labels = together.labels(found.names, [statistical.value_labels(meta) for meta in present], used)
    kinds = [_labelled_kinds(meta, columns, in_words) for meta in present]
    together.refuse_unlike(found.names, kinds)
    refuse_alike(kinds[0], found.name)
    types = {"text": "VARCHAR", "float": "DOUBLE"}
    fields = ", ".join(f"{Records.identifier(column)} {types[kind]}" for column, kind in kinds[0].items())
    connection.execute(f"CREATE TABLE stored ({fields})")
    for file, of_file in zip(found.files, kinds, strict=True):
        _insert(connection, file, of_file, labels, tried)
    connection.execute("CREATE TEMPORARY VIEW file AS SELECT * FROM stored")
    records = Records(connection, found.name)
    records.labels = labels
    records.told += repeats.in_statistical(found.files, tried)
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
    connection: duckdb.DuckDBPyConnection, file: Found, kinds: dict[str, str], labels: dict[str, dict[str, str]],
    tried: tuple[str | None, ...],
) -> None:  # fmt: skip
    for piece, _ in statistical.parts(file.path, list(kinds), ROWS_AT_A_TIME, file=file.name, encodings=tried):
        for column in [name for name, kind in kinds.items() if kind == "text"]:
            shown = frames.names_of(labels.get(column, {}))
            codes = {value: cells.label(value) for value in piece[column].dropna().unique()}
            piece[column] = (
                piece[column].map({value: shown.get(code, code) for value, code in codes.items()}).astype("str")
            )
        connection.register("piece", piece)
        connection.execute("INSERT INTO stored BY NAME SELECT * FROM piece")
        connection.unregister("piece")
