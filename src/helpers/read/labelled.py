"""Read large labelled survey files (SPSS, SAS, Stata, CSV) in pieces: only the columns needed, with labels and
missing codes."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.project import InputError
from helpers.read import files

ENDINGS = (".sav", ".zsav", ".sas7bdat", ".dta", ".csv")
ROWS = 20_000
"""A piece has as many rows as this."""

# How the files begin that `files` does not know; SAS's are the bytes that pandas checks for.
_BEGINNINGS = {
    ".zsav": (b"$FL3",),
    ".sas7bdat": (bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"),),
}
# Encodings to try where a file does not say its own, or says a wrong one; the last can read any byte.
_ENCODINGS = (None, "WINDOWS-1252", "ISO-8859-1")
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
    """What the file at `path`, called `name` in messages, says of itself, without reading its rows.

    Labels in another encoding than the file says are read all the same. Raises InputError for a file that is none of
    ENDINGS, is empty, or is not what its ending says.
    """
    if files.check(path, _BEGINNINGS, name) == ".csv":
        return _describe_csv(path, name, encoding)
    frame, meta = _parse(path, name, encoding, metadataonly=True)
    capitals = {column: str(column).upper() for column in frame.columns}
    return Table(
        path,
        name,
        {capital: column for column, capital in capitals.items()},
        {capitals[column]: codes for column, codes in meta.variable_value_labels.items()},
        {
            capitals[column]: [(part["lo"], part["hi"]) for part in ranges]
            for column, ranges in meta.missing_ranges.items()
        },
        meta.file_label or "",
        meta.number_rows,
        encoding,
    )


def pieces(table: Table, columns: list[str], text: tuple[str, ...] = ()) -> Iterator[pd.DataFrame]:
    """The given columns (in capitals; `text` as text), ROWS rows at a time; the index counts rows as `userdata` does.

    Codes declared missing come as they are, Stata's and SAS's special missing values as letters. Raises InputError
    for a file that is cut off.
    """
    read = _read_csv if table.path.suffix.lower() == ".csv" else _read_binary
    names = {table.columns[column]: column for column in columns}
    for frame in read(table, list(names), [table.columns[column] for column in text]):
        yield frame.rename(columns=names)[columns]


def _read_binary(table: Table, columns: list[str], text: list[str]) -> Iterator[pd.DataFrame]:
    done = 0
    while True:
        frame, _ = _parse(
            table.path, table.name, table.encoding, usecols=columns, row_offset=done, row_limit=ROWS
        )
        frame.index = range(done + 1, done + 1 + len(frame))
        done += len(frame)
        if len(frame):
            yield frame
        if len(frame) < ROWS:
            break
    if table.rows and done < table.rows:
        raise InputError(
            f"{table.name}: the file is cut off after row {done} of {table.rows}. Get it again."
        )


def _parse(path: Path, name: str, encoding: str | None, **options) -> tuple[pd.DataFrame, object]:
    import pyreadstat

    readers: dict[str, Callable] = {
        ".sav": pyreadstat.read_sav,
        ".zsav": pyreadstat.read_sav,
        ".dta": pyreadstat.read_dta,
        ".sas7bdat": pyreadstat.read_sas7bdat,
    }
    read, ending = readers[path.suffix.lower()], path.suffix.lower()
    tried = (files.encoding(encoding, name),) if encoding else _ENCODINGS
    for attempt in tried:
        try:
            return read(
                str(path),
                encoding=attempt,
                user_missing=True,
                disable_datetime_conversion=True,
                **options,
            )
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
            fault = error
            if "encoding" not in str(error) and not isinstance(error, UnicodeDecodeError):
                break
    raise InputError(
        f"{name}: no readable {ending} file ({fault}). Get it again, or export it again."
    )


def _describe_csv(path: Path, name: str, encoding: str | None) -> Table:
    known = files.csv_encoding(encoding or "utf-8", name)
    with path.open(encoding=known, errors="replace", newline="") as file:
        header = file.readline()
    mark = files.separator(path, header, name)
    fields = next(csv.reader([header], delimiter=mark))
    columns = {field.strip().upper(): field for field in fields}
    return Table(path, name, columns, {}, {}, "", None, encoding)


def _read_csv(table: Table, columns: list[str], text: list[str]) -> Iterator[pd.DataFrame]:
    encoding = files.csv_encoding(table.encoding or "utf-8", table.name)
    with table.path.open(encoding=encoding, errors="replace", newline="") as file:
        header, start = file.readline(), file.read(100_000)
    mark = files.separator(table.path, header, table.name)
    comma = mark == ";" and _DECIMAL_COMMA.search(start)
    try:
        # All columns, since pandas finds rows that are too long only then; those not asked for may hold any text.
        with pd.read_csv(
            table.path, sep=mark, chunksize=ROWS, encoding=encoding, encoding_errors="replace",
            dtype=dict.fromkeys(text, str), decimal="," if comma else ".", keep_default_na=False,
            na_values=files.MISSING, index_col=False, skip_blank_lines=False,
        ) as parts:  # fmt: skip
            for frame in parts:
                frame.index = frame.index + 2
                yield frame.dropna(how="all")[columns]
    except pd.errors.ParserError as error:
        raise InputError(
            f"{table.name}: rows of unequal length ({str(error).strip()}). Get it again."
        ) from None
