"""Read files that carry labels and missing codes (SPSS, SAS, Stata), whole or in pieces, and CSV files like them.

No other module calls pyreadstat.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files

ENDINGS = (".sav", ".zsav", ".sas7bdat", ".dta", ".csv")
"""Files that `describe` and `pieces` read."""
ROWS = 20_000
"""A piece has as many rows as this."""

# Encodings to try where a file does not say its own, or says a wrong one; the last can read any byte.
_ENCODINGS = (None, "WINDOWS-1252", "ISO-8859-1")
_DECIMAL_COMMA = re.compile(r'(?:^|;)"?-?\d+,\d+"?(?:;|$)', re.MULTILINE)


def parse(
    path: Path, file: str = "", encodings: tuple[str | None, ...] = (None,), **options: object
) -> tuple[pd.DataFrame, object]:
    """Rows and metadata of an SPSS, SAS or Stata file as pyreadstat gives them. Raises InputError.

    Parameters
    ----------
    path, file : the file, and what to call it in messages.
    encodings : tried in turn; None: the one that the file says.
    options : of pyreadstat's readers.
    """
    import pyreadstat

    kind = path.suffix.lower().removeprefix(".")
    read = getattr(pyreadstat, f"read_{'sav' if kind == 'zsav' else kind}")
    for attempt in encodings:
        try:
            return read(str(path), encoding=attempt, **options)
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
            fault = error
            if "encoding" not in str(error) and not isinstance(error, UnicodeDecodeError):
                break
    raise files.unreadable(file or relative(path), fault)


def parts(
    path: Path, columns: list[str], rows: int, **options: object
) -> Iterator[tuple[pd.DataFrame, object]]:
    """As `parse` with these options, of the named columns, so many rows at a time; the index counts rows from 1."""
    done = 0
    while True:
        frame, meta = parse(path, usecols=columns, row_offset=done, row_limit=rows, **options)
        frame.index = range(done + 1, done + 1 + len(frame))
        done += len(frame)
        if len(frame):
            yield frame, meta
        if len(frame) < rows:
            break


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
    if files.check(path, ENDINGS, name) == ".csv":
        names, _ = _csv_fields(path, name, encoding)[0]
        columns = {field.strip().upper(): field for field in names}
        return Table(path, name, columns, {}, {}, "", None, encoding)
    frame, meta = parse(path, name, metadataonly=True, **_as_it_is(name, encoding))
    capitals = {column: str(column).upper() for column in frame.columns}
    labels = {capitals[column]: codes for column, codes in meta.variable_value_labels.items()}
    missing = {
        capitals[column]: [(part["lo"], part["hi"]) for part in ranges]
        for column, ranges in meta.missing_ranges.items()
    }
    columns = {capital: column for column, capital in capitals.items()}
    title, rows = meta.file_label or "", meta.number_rows
    return Table(path, name, columns, labels, missing, title, rows, encoding)


def pieces(table: Table, columns: list[str], text: tuple[str, ...] = ()) -> Iterator[pd.DataFrame]:
    """The given columns (in capitals; `text` as text), ROWS rows at a time; the index counts rows as `frames` does.

    Codes declared missing come as they are, Stata's and SAS's special missing values as letters. Raises InputError
    for a file that is cut off.
    """
    read = _read_csv if table.path.suffix.lower() == ".csv" else _read_binary
    names = {table.columns[column]: column for column in columns}
    for frame in read(table, list(names), [table.columns[column] for column in text]):
        yield frame.rename(columns=names)[columns]


def _as_it_is(name: str, encoding: str | None) -> dict[str, object]:
    """Options of `parse`: codes and special missing values as they are, in any encoding or the one that is named."""
    encodings = (files.encoding(encoding, name),) if encoding else _ENCODINGS
    return dict(encodings=encodings, user_missing=True, disable_datetime_conversion=True)


def _read_binary(table: Table, columns: list[str], text: list[str]) -> Iterator[pd.DataFrame]:
    done = 0
    options = _as_it_is(table.name, table.encoding)
    for frame, _ in parts(table.path, columns, ROWS, file=table.name, **options):
        done += len(frame)
        yield frame
    if table.rows and done < table.rows:
        raise InputError(
            f"{table.name}: the file is cut off after row {done} of {table.rows}. {files.AGAIN}"
        )


def _csv_fields(path: Path, name: str, encoding: str | None) -> tuple[tuple[list[str], str], str]:
    """Names and mark of a CSV file, and how its rows begin."""
    known = files.csv_encoding(encoding or "utf-8", name)
    with path.open(encoding=known, errors="replace", newline="") as file:
        return files.fields(file.readline(), name), file.read(100_000)


def _read_csv(table: Table, columns: list[str], text: list[str]) -> Iterator[pd.DataFrame]:
    (_, mark), start = _csv_fields(table.path, table.name, table.encoding)
    comma = mark == ";" and _DECIMAL_COMMA.search(start)
    # All columns, since pandas finds rows that are too long only then; those not asked for may hold any text.
    with (
        files.reading(table.name, pd.errors.ParserError),
        pd.read_csv(
            table.path, sep=mark, chunksize=ROWS, dtype=dict.fromkeys(text, str), decimal="," if comma else ".",
            encoding=files.csv_encoding(table.encoding or "utf-8", table.name), encoding_errors="replace", **files.CSV,
        ) as chunks,
    ):  # fmt: skip
        for frame in chunks:
            frame.index = frame.index + 2
            yield frame.dropna(how="all")[columns]
