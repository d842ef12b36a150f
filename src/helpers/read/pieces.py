"""What a file of any size says of itself, and its rows in pieces, codes as they are: for the OECD's files and those like them."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.project import InputError
from helpers.read import files, headers
from helpers.read.statistical import ENCODINGS, parse, parts

ENDINGS = (".sav", ".zsav", ".sas7bdat", ".dta", ".csv")  # of files that are read here
ROWS = 20_000  # of a piece

_DECIMAL_COMMA = re.compile(r'(?:^|;)"?-?\d+,\d+"?(?:;|$)', re.MULTILINE)


@dataclass(frozen=True)
class Table:
    """What a file says of itself. Columns are known by their names in capitals, whatever the file writes.

    `columns`: the name in capitals and as the file writes it. `labels`: by column, the label of each code (letters are
    the special missing values of Stata and SAS). `missing`: by column, ranges of codes that the file declares missing.
    `title`: the label of the file. `rows`: their number, where the file tells.
    """

    path: Path
    name: str
    columns: dict[str, str]
    labels: dict[str, dict[float | str, str]]
    missing: dict[str, list[tuple[float, float]]]
    title: str
    rows: int | None
    encoding: str | None


def describe(path: Path, name: str, encoding: str | None = None) -> Table:
    """What a file, called `name` in messages, says of itself, without reading its rows. Raises InputError as `check`."""
    if files.check(path, ENDINGS, name) == ".csv":
        names = headers.read(path, name, encoding or "utf-8", "replace").names
        columns = {field.upper(): field for field in names}
        return Table(path, name, columns, {}, {}, "", None, encoding)
    frame, meta = parse(path, name, metadataonly=True, **_as_it_is(name, encoding))
    columns = {str(column).upper(): column for column in frame.columns}
    labels = {column.upper(): codes for column, codes in meta.variable_value_labels.items()}
    missing = {column.upper(): [(r["lo"], r["hi"]) for r in ranges] for column, ranges in meta.missing_ranges.items()}
    return Table(path, name, columns, labels, missing, meta.file_label or "", meta.number_rows, encoding)


def pieces(table: Table, columns: Collection[str], text: Collection[str] = ()) -> Iterator[pd.DataFrame]:
    """Those of the columns that the file has (in capitals; `text` as text), ROWS rows at a time, which count as in `read`.

    Declared missing codes come as they are, special ones of Stata and SAS as letters. Raises InputError if cut off.
    """
    read = _read_csv if table.path.suffix.lower() == ".csv" else _read_binary
    names = {given: column for column, given in table.columns.items() if column in columns}
    for frame in read(table, list(names), [name for name in names if names[name] in text]):
        yield frame.rename(columns=names)[list(names.values())]


def _as_it_is(name: str, encoding: str | None) -> dict[str, object]:
    """Options of `parse`: codes and special missing values as they are, in any encoding or the one that is named."""
    encodings = (files.encoding(encoding, name),) if encoding else ENCODINGS
    return dict(encodings=encodings, user_missing=True, disable_datetime_conversion=True)


def _read_binary(table: Table, columns: list[str], text: list[str]) -> Iterator[pd.DataFrame]:
    done = 0
    for frame, _ in parts(table.path, columns, ROWS, file=table.name, **_as_it_is(table.name, table.encoding)):
        done += len(frame)
        yield frame
    if table.rows and done < table.rows:
        raise InputError(f"{table.name}: the file is cut off after row {done} of {table.rows}. {files.AGAIN}")


def _read_csv(table: Table, columns: list[str], text: list[str]) -> Iterator[pd.DataFrame]:
    encoding = table.encoding or "utf-8"
    head = headers.read(table.path, table.name, encoding, "replace")
    with headers.rows(table.path, head, encoding, "replace") as start:
        comma = head.mark == ";" and _DECIMAL_COMMA.search(start.read() + start.read(headers.SAMPLE))
    # All columns, since pandas finds rows that are too long only then; those not asked for may hold any text.
    with (
        headers.rows(table.path, head, encoding, "replace") as rows,
        files.reading(table.name, pd.errors.ParserError, before=head.lines - 1),
        pd.read_csv(
            rows, sep=head.mark, chunksize=ROWS, dtype=dict.fromkeys(text, str), decimal="," if comma else ".", **headers.PANDAS
        ) as chunks,
    ):  # fmt: skip
        for frame in chunks:
            frame.index = frame.index + head.records + 1
            yield frame.dropna(how="all")[columns]
