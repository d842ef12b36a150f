"""Rows that repeat an earlier one in every cell: how many there are, in a frame, in SQL, in files of SPSS, Stata and SAS."""

from collections.abc import Callable, Sequence

import pandas as pd

from helpers.read import files, relations, statistical
from helpers.read.cells import few
from helpers.read.files import Found

TELLING, LOOKED_AT = 5, 200_000  # columns and rows of files in which they are looked for
_FIRST = (
    8  # columns that are looked at first, then twice as many: ids stand at the beginning, and the rest need not be read
)


def of_frame(frame: pd.DataFrame) -> list[str]:
    """What is told of a frame with all columns of a file."""
    if not _may_tell(len(frame.columns), len(frame)):
        return []
    return _told(int(frame.duplicated().sum()))


def in_sql(count: Callable[[str], int], relation: str, columns: int, rows: int) -> list[str]:
    """What is told of a relation of DuckDB with all columns of the files.

    Parameters
    ----------
    count, relation : runs SQL that gives a number; a table, a view or a query in brackets
    columns, rows : how many it has
    """
    if not _may_tell(columns, rows):
        return []
    return _told(count(f"SELECT count(*) - count(DISTINCT hash(each)) AS n FROM {relation} AS each"))


def in_parquet(found: Sequence[Found], columns: int, rows: int) -> list[str]:
    """What is told of Parquet files with so many columns and rows."""
    import duckdb

    with files.reading(found[0].name, duckdb.Error), relations.engine().cursor() as connection:
        query = f"(SELECT * FROM read_parquet({relations.quoted([file.path for file in found])}, union_by_name = true))"
        return in_sql(lambda sql: connection.execute(sql).fetchone()[0], query, columns, rows)


def in_statistical(found: Sequence[Found], encodings: tuple[str | None, ...]) -> list[str]:
    """What is told of files of SPSS, Stata or SAS, which are read again, some columns at a time, while rows are alike.

    Nothing of files that have other columns besides those that are used.
    """
    heads = [statistical.parse(file.path, file.name, encodings, metadataonly=True)[1] for file in found]
    names = heads[0].column_names
    same = all(set(head.column_names) == set(names) for head in heads)
    # Portable files do not tell how many rows they have, and are small.
    if not same or not _may_tell(len(names), sum(head.number_rows or 0 for head in heads)):
        return []
    alike, start = None, 0
    while start < len(names):
        columns = names[start : 2 * start + _FIRST]
        start += len(columns)
        frames = [statistical.parse(file.path, file.name, encodings, usecols=columns)[0] for file in found]
        part = pd.util.hash_pandas_object(pd.concat(frames, ignore_index=True), index=False)
        alike = part if alike is None else pd.util.hash_pandas_object(pd.DataFrame({0: alike, 1: part}), index=False)
        if alike.is_unique:
            return []
    return _told(int(alike.duplicated().sum()))


def _may_tell(columns: int, rows: int) -> bool:
    """Whether there are cells enough to make equal rows strange, and not so many that to look takes long."""
    return columns >= TELLING and rows <= LOOKED_AT


def _told(count: int) -> list[str]:
    what = "rows are the same as an earlier row in every cell. If they were entered twice, take them out."
    return [f"{few(count).capitalize()} {what}"] if count else []
