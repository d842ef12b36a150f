"""Read the user's own file and say plainly what is wrong with it.

Files are parsed, never executed. Rows count from 1, in CSV files as a spreadsheet shows them (header: row 1).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files

ENDINGS = (".sav", ".zsav", ".sas7bdat", ".dta", ".csv")  # of files that `describe` and `pieces` read
ROWS = 20_000  # of a piece

# Encodings to try where a file does not say its own, or says a wrong one; the last can read any byte.
_ENCODINGS = (None, "WINDOWS-1252", "ISO-8859-1")
_DECIMAL_COMMA = re.compile(r'(?:^|;)"?-?\d+,\d+"?(?:;|$)', re.MULTILINE)


def read(path: Path, columns: list[str], *, encoding: str = "utf-8", names: tuple[str, ...] = ()) -> pd.DataFrame:
    """Columns of a CSV, Parquet, SPSS (.sav) or Stata (.dta) file; the index counts its rows. Raises InputError.

    Parameters
    ----------
    columns : must be there; CSV cells come as text, others with their own types and the missing codes taken out
    path, encoding, names : the file; its encoding (CSV); columns whose SPSS or Stata codes `value_labels` replaces
    """
    match files.check(path):
        case ".csv":
            frame = _csv(path, encoding)
        case ".parquet":
            frame = _parquet(path)
        case _:
            frame, meta = parse(path)
            for column in set(names) & set(meta.variable_value_labels):
                frame[column] = value_labels(frame[column], meta.variable_value_labels[column])
            frame = frame.replace("", np.nan)  # an empty cell of a text variable
            frame.index = frame.index + 1
    files.check_columns(columns, frame.columns, relative(path))
    if frame.empty:
        raise InputError(f"{relative(path)}: the file has columns but no rows. {files.AGAIN}")
    return frame[list(dict.fromkeys(columns))]


def header(path: Path, encoding: str = "utf-8") -> list[str]:
    """Names of all columns of a file that `read` can read. Raises InputError."""
    match files.check(path):
        case ".csv":
            return _csv_start(path, relative(path), encoding)[0]
        case ".parquet":
            return list(_parquet(path, rows=0))
        case _:
            return parse(path, metadataonly=True)[1].column_names


def numbers(frame: pd.DataFrame, column: str, path: Path, low: float = -np.inf, high: float = np.inf) -> pd.Series:
    """A column as numbers; missing stays. Raises InputError for text, infinite values or values off `low` to `high`.

    Parameters
    ----------
    frame, column, path, low, high : rows as `read` gives them, one column, and their file; ends of the scale
    """
    given, remedy = frame[column], "Correct or empty these"
    values = pd.to_numeric(given, errors="coerce").astype(float)
    refuse(given, values.isna() & given.notna(), column, path, "text in a number column", remedy)
    refuse(given, np.isinf(values), column, path, "infinite values", remedy)
    what = f"values off the scale {_plain(low)} to {_plain(high)}"
    remedy = "Correct them, empty them if they are missing codes, or change the scale"
    refuse(given, (values < low) | (values > high), column, path, what, remedy)
    return values


def whole_numbers(frame: pd.DataFrame, column: str, path: Path, low: int, high: int) -> pd.Series:
    """A column as whole numbers (floats, since missing stays missing). Raises InputError.

    Parameters
    ----------
    frame, column, path, low, high : as for `numbers`
    """
    values = numbers(frame, column, path, low, high)
    refuse(frame[column], values % 1 > 0, column, path, "answers that are no whole numbers", "Correct or empty these")
    return values


def coded(frame: pd.DataFrame, column: str, codes: dict[str, int], path: Path) -> pd.Series:
    """A column of words as their codes; missing stays missing. Raises InputError for words without a code.

    Parameters
    ----------
    frame, column, codes, path : as for `numbers`; word -> code
    """
    values = frame[column].map(codes)
    what, remedy = f"answers other than {', '.join(codes)}", "Correct them or the labels"
    refuse(frame[column], values.isna() & frame[column].notna(), column, path, what, remedy)
    return values.astype(float)


def categories(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column as names (text); whole numbers are written without decimals; missing stays missing."""
    return frame[column].map(_plain, na_action="ignore").astype(object)


def check_unique(frame: pd.DataFrame, columns: list[str], path: Path) -> None:
    """Raise InputError when rows share the same values in `columns` (a respondent who stands twice)."""
    again = frame.duplicated(columns, keep=False)
    given = frame[columns].astype(str).fillna("empty").agg(" / ".join, axis=1)
    refuse(given, again, " + ".join(columns), path, "the same id more than once", "Keep one row for each")


def check_groups(groups: pd.Series, column: str, path: Path) -> None:
    """Raise InputError when a column (its values `groups`) does not hold two groups or more."""
    if len(found := groups.dropna().unique()) < 2:
        raise InputError(
            f"{relative(path)}, column {column!r}: there is one group only ({', '.join(map(repr, found)) or 'nothing'}). "
            "Name a column with two groups or more, or leave `group` out."
        )


def refuse(given: pd.Series, wrong: pd.Series, column: str, file: Path | str, what: str, remedy: str) -> None:
    """Raise InputError naming the first rows where `wrong` holds, if it holds anywhere.

    Parameters
    ----------
    given, wrong, column, file : the column as the file has it, its unusable rows, its name; the file's place or name
    what, remedy : what is wrong with these rows, and what their owner can do, without a full stop
    """
    if wrong.any():
        first = "; ".join(
            f"row {row}: {'empty' if pd.isna(value) else repr(value)}" for row, value in given[wrong].head(3).items()
        )
        more = f" and {wrong.sum() - 3} more" if wrong.sum() > 3 else ""
        name = file if isinstance(file, str) else relative(file)
        raise InputError(f"{name}, column {column!r}: {what} ({first}{more}). {remedy}.")


def _plain(value: object) -> str:
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _csv(path: Path, encoding: str) -> pd.DataFrame:
    name = relative(path)
    _, mark, _ = _csv_start(path, name, encoding)
    with files.reading(name, pd.errors.ParserError, pd.errors.EmptyDataError):
        frame = pd.read_csv(path, sep=mark, dtype=str, encoding=files.csv_encoding(encoding, name), **files.CSV)
    if mark == ";":  # then the comma is the decimal mark
        frame = frame.replace(files.DECIMAL_COMMA, r"\1.\2", regex=True)
    frame.index = frame.index + 2
    return frame.dropna(how="all")


def _csv_start(path: Path, name: str, encoding: str, errors: str = "strict") -> tuple[list[str], str, str]:
    """Names of a CSV file, what separates them, and how its rows begin; where errors are strict, all must decode."""
    known = files.csv_encoding(encoding, name)
    try:
        with path.open(encoding=known, errors=errors, newline="") as file:
            first, start = file.readline(), file.read(100_000)
            while errors == "strict" and file.read(100_000):
                pass
    except UnicodeError:
        raise files.undecodable(name, _first_undecodable(path, known), known.removesuffix("-sig")) from None
    return *files.fields(first, name), start


def _first_undecodable(path: Path, encoding: str) -> int:
    for row, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        try:
            line.decode(encoding)
        except UnicodeError:
            return row
    return 1


def _parquet(path: Path, rows: int | None = None) -> pd.DataFrame:
    import duckdb

    with files.reading(relative(path), duckdb.Error):
        found = duckdb.read_parquet(str(path))
        frame = (found if rows is None else found.limit(rows)).df()
    frame.index = frame.index + 1
    return frame


def parse(
    path: Path, file: str = "", encodings: tuple[str | None, ...] = (None,), **options: object
) -> tuple[pd.DataFrame, object]:
    """Rows and metadata of an SPSS, SAS or Stata file (called `file`) as pyreadstat gives them, by its readers' options.

    The encodings are tried in turn; None: the one that the file says. Raises InputError.
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


def parts(path: Path, columns: list[str], rows: int, **options: object) -> Iterator[tuple[pd.DataFrame, object]]:
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
    """Value labels in place of codes; a code without a label stays, as text, and follows one that several codes have."""
    counts = Counter(str(label).strip() for label in labels.values())
    shown = {code: _plain(code) for code in codes.dropna().unique()}
    for code in shown.keys() & labels:
        label = str(labels[code]).strip()
        shown[code] = label if counts[label] == 1 else f"{label} ({shown[code]})"
    return codes.map(shown).astype("str")


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
        names, _, _ = _csv_start(path, name, encoding or "utf-8", "replace")
        columns = {field.strip().upper(): field for field in names}
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
    encodings = (files.encoding(encoding, name),) if encoding else _ENCODINGS
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
    _, mark, start = _csv_start(table.path, table.name, encoding, "replace")
    comma = mark == ";" and _DECIMAL_COMMA.search(start)
    # All columns, since pandas finds rows that are too long only then; those not asked for may hold any text.
    with (
        files.reading(table.name, pd.errors.ParserError),
        pd.read_csv(
            table.path, sep=mark, chunksize=ROWS, dtype=dict.fromkeys(text, str), decimal="," if comma else ".",
            encoding=files.csv_encoding(encoding, table.name), encoding_errors="replace", **files.CSV,
        ) as chunks,
    ):  # fmt: skip
        for frame in chunks:
            frame.index = frame.index + 2
            yield frame.dropna(how="all")[columns]
