"""Records on Apache Spark, for files and tables that outgrow one machine (optional extra `spark`), by the same rules.

Everything happens in a session of its own on the running Spark (or the one that is configured, or a local one), so that
neither the settings nor the temporary views of the user's session change.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Callable, Collection, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.project import InputError, relative
from helpers.read import cells, files, headers, relations, sql, texts, together
from helpers.read.engine import SqlRecords
from helpers.read.files import Options
from helpers.read.headers import Head
from helpers.read.records import open_records, refuse_alike

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

ENGINES = ("duckdb", "spark")
_KINDS = {"double": "float", "float": "float"} | dict.fromkeys(
    ("boolean", "tinyint", "smallint", "int", "bigint"), "number"
)
_LONG = re.compile(r"decimal\((1[6-9]|[23]\d),\d+\)")  # may hold more digits than a float keeps
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # what cannot be cast is an error, not a gap
    "spark.sql.session.timeZone": "UTC",  # moments are those of Greenwich
}
_QUIET = {"spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false"}


class SparkRecords(SqlRecords):
    """A Spark session with a temporary view `file`."""

    first_group = "'$1'"
    row = "monotonically_increasing_id()"
    # Spark keeps no order of records: the partition helps to find them.
    place = "concat('partition ', spark_partition_id())"

    def __init__(self, session: SparkSession, name: str, frame: DataFrame):
        self.session, self.name = session, name
        self._keep(frame)
        super().__init__(name)

    def _keep(self, frame: DataFrame) -> None:
        """Let `file` be this, read now and kept by Spark in memory or on disk: an estimate looks at it many times.

        Otherwise each query would hold all that was written before it, and Spark would take minutes to understand it.
        """
        _read(self.name, frame.localCheckpoint).createOrReplaceTempView("file")

    def run(self, query: str) -> None:
        """Run a statement without a result."""
        self.session.sql(query)

    def fetch(self, query: str) -> dict[str, np.ndarray]:
        """The result's columns, by way of Arrow. Raises InputError where the file turns out to be unreadable."""
        import numpy as np

        table, found = _read(self.name, lambda: self.session.sql(query).toArrow()), {}
        for name in table.column_names:
            column = table.column(name)
            values = column.to_numpy(zero_copy_only=False)
            gaps = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
            found[name] = values if gaps is None else np.ma.masked_array(values, gaps)
        return found

    def show(self, query: Callable[[str], str]) -> None:
        """Let `file` be what this query makes of it; the query is given the name of the view that it was."""
        self._keep(self.session.sql(query("file")))

    def put(self, name: str, frame: pd.DataFrame) -> None:
        """Set a small table of this name beside `file`."""
        import pyarrow

        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
        self.session.createDataFrame(table).createOrReplaceTempView(name)

    def _kinds(self) -> dict[str, str]:
        return {column: _kind(kind) for column, kind in self.session.table("file").dtypes}

    @staticmethod
    def identifier(column: str) -> str:
        """The column's name as Spark SQL writes it."""
        return "`" + column.replace("`", "``") + "`"

    @staticmethod
    def matches(text: str, pattern: str) -> str:
        """SQL that says whether a text is of this pattern from end to end."""
        # `$` would also stand before a line end.
        whole = rf"^(?:{pattern})\z"
        return f"regexp_like({text}, {sql.literal(whole)})"

    @staticmethod
    def number(text: str) -> str:
        """SQL of a text as the number that it is written as, NULL where it is none."""
        # By itself Java takes 1d and 1f for numbers.
        written = SparkRecords.matches(text, rf"[{cells.SPACES}]*[+]?({cells.NUMBER})[{cells.SPACES}]*")
        return f"CASE WHEN {written} THEN TRY_CAST({text} AS DOUBLE) END"

    @staticmethod
    def ends(value: str, most: int) -> tuple[str, str]:
        """SQL of two aggregates: a list of the `most` smallest values of a group, and one of the largest, these first."""
        ordered = (f"sort_array(collect_list({value}), {rising})" for rising in ("true", "false"))
        low, high = (f"slice({values}, 1, {most})" for values in ordered)
        return low, high

    @staticmethod
    def decimal(number: str) -> str:
        """SQL of a number that is not whole as text, in Python's way, where Java writes 1.0E-4 and 1.25E7."""
        text = f"CAST({number} AS STRING)"
        plain = f"regexp_replace(CAST(CAST({text} AS DECIMAL(38, 20)) AS STRING), '0+$', '')"
        power = f"replace(replace({text}, '.0E', 'E'), 'E', 'e+')"
        power = f"regexp_replace(replace({power}, 'e+-', 'e-'), '([+-])([0-9])$', '$10$2')"
        return (
            f"CASE WHEN {text} NOT LIKE '%E%' THEN replace({text}, 'Infinity', 'inf') "
            f"WHEN {SparkRecords.matches(text, '.*E(-4|[7-9]|1[0-5])')} THEN {plain} ELSE {power} END"
        )

    def __exit__(self, *_: object) -> None:
        """Let go of the views, and so of what is kept."""
        for view in ("file", "records", "cells", "cells_without"):
            self.session.catalog.dropTempView(view)


def open_by(
    engine: str, source: Path | Sequence[Path] | pd.DataFrame | str, columns: Collection[str] = (),
    labelled: Collection[str] = (), options: Options = Options(), ids: Collection[str] = (),
) -> SqlRecords:  # fmt: skip
    """Records by the engine of this name, "duckdb" or "spark". Raises InputError.

    Parameters
    ----------
    engine, source : which; what it takes is told at `records.open_records` and `open_spark`
    columns, labelled, options, ids : as for `records.open_records`
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is {' or '.join(ENGINES)}, not {engine!r}")
    opened = open_spark if engine == "spark" else open_records
    return opened(source, columns, labelled, options, ids)


def open_spark(
    source: Path | Sequence[Path] | str, columns: Collection[str] = (), labelled: Collection[str] = (),
    options: Options = Options(), ids: Collection[str] = (),
) -> SparkRecords:  # fmt: skip
    """CSV or Parquet files or a folder of them; or, as text, the name of a table that Spark knows.

    They are read as by `records.open_records`. Raises InputError, also when Spark is not installed.

    Parameters
    ----------
    source, columns, labelled, options, ids : as for `records.open_records`
    """
    if not isinstance(source, (Path, Sequence)):
        raise InputError("engine 'spark' takes files and tables. Read a data frame by engine 'duckdb'.")
    session, gaps, told, two_ways = _session(), (), [], True
    if isinstance(source, str):
        name = source
        frame = _plain(_read(name, lambda: session.table(source)))
    else:
        found = together.find(source)
        name, paths, ending = found.name, [file.path for file in found.files], found.ending
        told = list(found.told)
        if ending == ".parquet":
            frame = _parquet(session, paths)
        elif ending == ".csv":
            heads = [_head(path, options) for path in paths]
            together.refuse_marks(found.names, heads)
            frame = _csv(session, paths, heads, columns)
            gaps, two_ways = files.MISSING, any(head.two_ways for head in heads)
        else:
            raise InputError(f"{name}: Spark reads CSV and Parquet files. Save it as one of these.")
    files.check_columns(columns, frame.columns, name)
    refuse_alike(columns or frame.columns, name)
    used = [SparkRecords.identifier(column) for column in frame.columns if column in columns or not columns]
    try:
        records = SparkRecords(session, name, frame.selectExpr(*used))
        records.gaps, records.told = gaps, told
        sql.follow_rules(records, columns, labelled, options, ids, two_ways)
    except _Unread:
        if gaps:  # Spark does not say which row of a CSV file it is
            for path, head in zip(paths, heads, strict=True):
                texts.refuse_unequal(path, head, relative(path), options.encoding)
        raise
    return records


class _Unread(InputError):
    """Spark cannot read what it was given."""


def _session() -> SparkSession:
    try:
        with warnings.catch_warnings():  # of pandas, which is not used here
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
            import pyarrow  # noqa: F401  (results come by way of it)
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            "engine 'spark' needs pyspark: pip install 'open-classrooms[spark]', or use engine 'duckdb'."
        ) from None
    # Where Spark would keep tables of its own: else it leaves an empty folder where the user works.
    tables = {"spark.sql.warehouse.dir": Path(tempfile.gettempdir()).as_uri()}
    try:
        running = SparkSession.getActiveSession()
        session = (running or SparkSession.builder.config(map=_QUIET | tables).getOrCreate()).newSession()
    except PySparkException as error:
        raise InputError(
            f"engine 'spark' cannot start ({str(error).splitlines()[0]}). It needs Java 17 or newer: install it and "
            "set JAVA_HOME, or use engine 'duckdb'."
        ) from None
    for name, value in _SETTINGS.items():
        session.conf.set(name, value)
    return session


def _parquet(session: SparkSession, paths: list[Path]) -> DataFrame:
    frames = [_plain(_read(relative(path), lambda path=path: session.read.parquet(str(path)))) for path in paths]
    return _together(paths, frames)


def _head(path: Path, options: Options) -> Head:
    """The head of a CSV file that Spark can read as it is."""
    name = relative(path)
    if files.csv_encoding(options.encoding, name) != "utf-8-sig":
        raise InputError(f"{name}: Spark reads text in UTF-8. Save it as 'CSV UTF-8', or use engine 'duckdb'.")
    head = headers.read(path, name)
    if head.lines > 1:
        raise InputError(
            f"{name}: Spark needs a header of one line, the first. Take the other lines out, or use engine 'duckdb'."
        )
    if len(head.names) > texts.WIDE:
        raise InputError(
            f"{name}: {len(head.names):,} columns are too many for Spark. Keep those that are used, or save it as Parquet."
        )
    return head


def _csv(session: SparkSession, paths: list[Path], heads: list[Head], columns: Collection[str]) -> DataFrame:
    """All cells text, without blank rows; only `columns` of files whose names differ in capitals only."""
    frames = []
    for path, head in zip(paths, heads, strict=True):
        name, given = relative(path), head.names
        files.check_columns(columns, given, name)
        alike = len(set(map(str.lower, given))) < len(given)  # Spark does not tell capital letters apart
        fields = [f"c{place}" for place in range(len(given))] if alike else given
        whole = session.read.csv(
            str(path), schema=_texts(fields), header=True, sep=head.mark, escape='"', mode="FAILFAST",
            ignoreLeadingWhiteSpace=True, multiLine=_over_lines(session, path, name), maxColumns=len(given) + 1,
        )  # fmt: skip
        fields = list(map(SparkRecords.identifier, fields))
        missing = ", ".join(map(relations.quote, files.MISSING))
        gaps = ", ".join(map(relations.quote, dict.fromkeys(word.strip() for word in files.MISSING)))
        bare = [f"coalesce(trim(BOTH {relations.quote(cells.SPACES)} FROM {field}), '')" for field in fields]
        shown = [
            f"CASE WHEN {field} NOT IN ({missing}) THEN {field} END AS {SparkRecords.identifier(column)}"
            for field, column in zip(fields, given, strict=True)
            if not (alike and columns) or column in columns
        ]
        # It looks at every column: so rows of unequal length are seen, and refused.
        blank = " AND ".join(f"{cell} IN ({gaps})" for cell in bare)
        frames.append(whole.where(f"NOT ({blank})").selectExpr(*shown))
    return _together(paths, frames)


def _texts(names: Sequence[str]) -> StructType:
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType([StructField(name, StringType()) for name in names])


def _over_lines(session: SparkSession, path: Path, name: str) -> bool:
    """Whether a cell goes over several lines; such a file cannot be read in parts.

    Raises InputError for what Spark would change without a word: text that is not UTF-8, quotes that are not closed, and
    lines that end in several ways.
    """
    quotes = "length(value) - length(replace(value, '\"', ''))"
    lines = session.read.text(str(path)).selectExpr(
        f"count_if({quotes} % 2 = 1) AS odd", f"sum({quotes}) AS quotes", "bool_and(is_valid_utf8(value)) AS valid"
    )
    (found,) = _read(name, lines.collect)
    if not found["valid"]:
        raise headers.undecodable(path, name, "utf-8")
    if found["quotes"] % 2:
        raise InputError(
            f"{name}: cannot be read (a quote is opened and not closed, or stands alone within a cell). Close it or take it out."
        )
    if found["odd"] and texts.mixed_ends(path):
        raise InputError(
            f"{name}: some lines end as in Windows and others do not, and a cell goes over several lines. Save the file anew, or use engine 'duckdb'."
        )
    return found["odd"] > 0


def _together(paths: list[Path], frames: list[DataFrame]) -> DataFrame:
    together.refuse_unlike(
        [relative(path) for path in paths], [{column: _kind(kind) for column, kind in frame.dtypes} for frame in frames]
    )
    return reduce(lambda one, other: one.unionByName(other), frames)


def _plain(frame: DataFrame) -> DataFrame:
    """Columns as numbers, dates and text, as `relations.plain` has them: lists and the like are text."""
    types, names = dict(frame.dtypes), {column: SparkRecords.identifier(column) for column in frame.columns}
    kept = _beyond_floats(frame, [column for column, kind in types.items() if _LONG.fullmatch(kind)])
    shown = []
    for column, kind in types.items():
        decimal, known = kind.startswith("decimal"), kind in _KINDS or _kind(kind) == "date"
        target = "DOUBLE" if decimal else "STRING"
        as_it_is = known or kind == "string" or column in kept
        shown.append(names[column] if as_it_is else f"CAST({names[column]} AS {target}) AS {names[column]}")
    return frame.selectExpr(*shown)


def _beyond_floats(frame: DataFrame, columns: list[str]) -> list[str]:
    """Those of the columns that hold ids which floats would change."""
    if not columns:
        return []
    tests = [f"coalesce(max(abs({SparkRecords.identifier(column)})) > {2**53}, false)" for column in columns]
    return [column for column, beyond in zip(columns, frame.selectExpr(*tests).first(), strict=True) if beyond]


def _read(name: str, reading: Callable[[], DataFrame]) -> DataFrame:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        return reading()
    except (PySparkException, Py4JJavaError) as error:
        text = str(error).strip()
        named = re.search(r"\[[A-Z_.]+\] .+", text)  # how Spark begins its messages, deep in Java's
        why = named[0] if named else text.splitlines()[0]
        raise _Unread(f"{name}: Spark cannot read it ({why}).") from None


def _kind(spark_type: str) -> str:
    if spark_type.startswith("decimal"):
        return "number" if spark_type.endswith(",0)") else "float"
    other = "date" if spark_type.startswith(("date", "timestamp")) else "text"
    return _KINDS.get(spark_type, other)
