"""The same statements on Apache Spark, for records that live on a cluster (optional extra `spark`).

Everything happens in a session of its own on the running Spark (or a local one, if none runs), so that neither the
settings nor the temporary views of the user's session change.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.project import InputError, relative
from helpers.read import files, headers, together

if TYPE_CHECKING:
    import numpy as np
    from pyspark.sql import DataFrame, SparkSession

_DECIMAL_COMMA = r"^\s*(-?\d+),(\d+)\s*$"
_KINDS = {"double": "float", "float": "float"} | dict.fromkeys(
    ("boolean", "tinyint", "smallint", "int", "bigint"), "number"
)


class SparkRecords:
    """A Spark session with a view `file`; the same to its user as `helpers.read.records.Records`."""

    # Spark keeps no order of records: the partition helps to find them.
    place = "concat('partition ', spark_partition_id())"
    first_group = "'$1'"

    def __init__(self, session: SparkSession, name: str, frame: DataFrame):
        self.session, self.name = session, name
        self.labels: dict[str, dict[str, str]] = {}
        self.orders: dict[str, list[str]] = {}
        frame.createOrReplaceTempView("file")
        self.columns = {column: _kind(kind) for column, kind in frame.dtypes}

    def run(self, query: str) -> None:
        """Run a statement without a result."""
        self.session.sql(query)

    def fetch(self, query: str) -> dict[str, np.ndarray]:
        """The result's columns, by way of Arrow. Raises InputError where the file turns out to be unreadable."""
        table = _read(self.name, lambda: self.session.sql(query).toArrow())
        return {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}

    @staticmethod
    def identifier(column: str) -> str:
        """The column's name as Spark SQL writes it."""
        return "`" + column.replace("`", "``") + "`"

    def __enter__(self) -> SparkRecords:
        return self

    def __exit__(self, *_: object) -> None:
        for view in ("file", "records"):
            self.session.catalog.dropTempView(view)


def open_spark(source: Path | Sequence[Path] | str) -> SparkRecords:
    """CSV or Parquet files or a folder of them; or, as text, what Spark SQL reads after FROM, such as a table's name.

    CSV is read as by `helpers.read.records.open_records`. Raises InputError, also when Spark is not installed.
    """
    session = _session()
    if isinstance(source, str):
        return SparkRecords(session, source, _read(source, lambda: session.sql(f"SELECT * FROM {source}")))
    found = together.find(source)
    paths, name = [file.path for file in found.files], found.name
    if found.ending == ".parquet":
        frame = _read(name, lambda: session.read.parquet(*map(str, paths)))
    elif found.ending == ".csv":
        frame = _read(name, lambda: _read_csv(session, paths))
    else:
        raise InputError(f"{name}: Spark reads CSV and Parquet files. Save it as one of these.")
    return SparkRecords(session, name, frame)


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
    try:
        session = SparkSession.builder.getOrCreate().newSession()
    except PySparkException as error:
        raise InputError(
            f"engine 'spark' cannot start ({str(error).splitlines()[0]}). It needs Java 17 or newer: install it and "
            "set JAVA_HOME, or use engine 'duckdb'."
        ) from None
    session.conf.set("spark.sql.ansi.enabled", "true")  # what cannot be cast is an error, not a gap
    return session


def _read_csv(session: SparkSession, paths: list[Path]) -> DataFrame:
    from pyspark.sql import functions

    frames = []
    for path in paths:
        head = headers.read(path, relative(path))
        if head.lines > 1:
            raise InputError(
                f"{relative(path)}: Spark needs a header of one line, the first. Take the other lines out."
            )
        frame = session.read.csv(str(path), header=True, sep=head.mark, escape='"', mode="FAILFAST").toDF(*head.names)
        cells = []
        for name in head.names:
            cell = functions.col(SparkRecords.identifier(name))
            if head.mark == ";":  # then the comma is the decimal mark
                cell = functions.regexp_replace(cell, _DECIMAL_COMMA, "$1.$2")
            cells.append(functions.when(~cell.isin(files.MISSING), cell).alias(name))
        frames.append(frame.select(cells))
    return reduce(lambda one, other: one.unionByName(other), frames)


def _read(name: str, reading: Callable[[], DataFrame]) -> DataFrame:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        return reading()
    except (PySparkException, Py4JJavaError) as error:
        text = str(error).strip()
        named = re.search(r"\[[A-Z_.]+\] .+", text)  # how Spark begins its messages, deep in Java's
        why = named[0] if named else text.splitlines()[0]
        raise InputError(f"{name}: Spark cannot read it ({why}).") from None


def _kind(spark_type: str) -> str:
    if spark_type.startswith("decimal"):
        return "number" if spark_type.endswith(",0)") else "float"
    return _KINDS.get(spark_type, "text")
