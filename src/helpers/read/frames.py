"""Read the user's own file and say plainly what is wrong with it.

Rows are counted as a spreadsheet shows them in CSV files (the header is row 1), from 1 in the other formats.
Files are parsed, never executed.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files


def read(
    path: Path, columns: list[str], *, encoding: str = "utf-8", names: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Given columns of a CSV, Parquet, SPSS (.sav) or Stata (.dta) file; the index counts its rows.

    CSV cells come as text, other formats with their own types and the file's missing codes taken out. In the
    columns listed in `names`, SPSS and Stata codes are replaced by their value labels (see `records.value_labels`).
    Raises InputError.
    """
    file = relative(path)
    readers = {".csv": _csv, ".parquet": _parquet, ".sav": _labelled, ".dta": _labelled}
    ending = files.check(path)
    frame = readers[ending](path, encoding, names)
    files.check_columns(columns, frame.columns, file)
    if frame.empty:
        raise InputError(f"{file}: the file has columns but no rows. Export it again.")
    return frame[list(dict.fromkeys(columns))]


def numbers(
    frame: pd.DataFrame,
    column: str,
    path: Path,
    low: float | None = None,
    high: float | None = None,
) -> pd.Series:
    """A column as numbers between `low` and `high`; missing stays missing.

    Raises InputError naming the first rows that hold text, infinite values or values off the scale.
    """
    given = frame[column]
    values = pd.to_numeric(given, errors="coerce").astype(float)
    refuse(
        given,
        values.isna() & given.notna(),
        column,
        path,
        "text in a number column",
        "Correct or empty these",
    )
    refuse(given, np.isinf(values), column, path, "infinite values", "Correct or empty these")
    scale = f"values off the scale {_plain(low)} to {_plain(high)}"
    off = (values < (-np.inf if low is None else low)) | (
        values > (np.inf if high is None else high)
    )
    refuse(
        given,
        off,
        column,
        path,
        scale,
        "Correct them, empty them if they are missing codes, or change the scale",
    )
    return values


def whole_numbers(frame: pd.DataFrame, column: str, path: Path, low: int, high: int) -> pd.Series:
    """A column as whole numbers between `low` and `high` (floats, since missing stays missing). Raises InputError."""
    values = numbers(frame, column, path, low, high)
    wrong = values.notna() & (values % 1 != 0)
    refuse(
        frame[column],
        wrong,
        column,
        path,
        "answers that are no whole numbers",
        "Correct or empty these",
    )
    return values


def coded(frame: pd.DataFrame, column: str, codes: dict[str, int], path: Path) -> pd.Series:
    """A column of words as their codes; missing stays missing. Raises InputError for words without a code."""
    values = frame[column].map(codes)
    wrong = values.isna() & frame[column].notna()
    refuse(
        frame[column],
        wrong,
        column,
        path,
        f"answers other than {', '.join(codes)}",
        "Correct them or the labels",
    )
    return values.astype(float)


def categories(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column as names (text); whole numbers are written without decimals; missing stays missing."""
    return frame[column].map(_plain, na_action="ignore").astype(object)


def check_unique(frame: pd.DataFrame, columns: list[str], path: Path) -> None:
    """Raise InputError when rows share the same values in `columns` (a respondent who stands twice)."""
    again = frame.duplicated(columns, keep=False)
    given = frame[columns].astype(str).agg(" / ".join, axis=1)
    refuse(
        given,
        again,
        " + ".join(columns),
        path,
        "the same id more than once",
        "Keep one row for each",
    )


def refuse(
    given: pd.Series, wrong: pd.Series, column: str, file: Path | str, what: str, remedy: str
) -> None:
    """Raise InputError naming the first rows of `given` where `wrong` holds, if it holds anywhere.

    `file`: its place, or what to call it.
    """
    if wrong.any():
        first = "; ".join(
            f"row {row}: {'empty' if pd.isna(value) else repr(value)}"
            for row, value in given[wrong].head(3).items()
        )
        more = f" and {wrong.sum() - 3} more" if wrong.sum() > 3 else ""
        name = file if isinstance(file, str) else relative(file)
        raise InputError(f"{name}, column {column!r}: {what} ({first}{more}). {remedy}.")


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _csv(path: Path, encoding: str, names: tuple[str, ...]) -> pd.DataFrame:
    encoding = files.csv_encoding(encoding, relative(path))
    try:
        with path.open(encoding=encoding, newline="") as file:
            header = file.readline()
            for _ in file:  # the whole file must decode before any of it counts
                pass
    except UnicodeError:
        row = _first_undecodable(path, encoding)
        raise InputError(
            f"{relative(path)}, row {row}: the text is not {encoding.removesuffix('-sig')}. Save it as "
            "'CSV UTF-8', or name its encoding in the parameters, e.g. `encoding: latin-1`."
        ) from None
    separator = files.separator(path, header)
    try:
        frame = pd.read_csv(
            path, sep=separator, dtype=str, encoding=encoding, keep_default_na=False, na_values=files.MISSING,
            skip_blank_lines=False, index_col=False,
        )  # fmt: skip
    except pd.errors.ParserError as error:
        raise InputError(
            f"{relative(path)}: rows of unequal length ({str(error).strip()}). Export it again."
        ) from None
    if separator == ";":  # then the comma is the decimal mark
        frame = frame.replace(re.compile(r"^\s*(-?\d+),(\d+)\s*$"), r"\1.\2", regex=True)
    frame.index = frame.index + 2
    return frame.dropna(how="all")


def _first_undecodable(path: Path, encoding: str) -> int:
    for row, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        try:
            line.decode(encoding)
        except UnicodeError:
            return row
    return 1


def _parquet(path: Path, encoding: str, names: tuple[str, ...]) -> pd.DataFrame:
    import duckdb

    try:
        frame = duckdb.read_parquet(str(path)).df()
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"{relative(path)}: no readable Parquet file ({first}). Export it again."
        ) from None
    frame.index = frame.index + 1
    return frame


def _labelled(path: Path, encoding: str, names: tuple[str, ...]) -> pd.DataFrame:
    import pyreadstat

    from helpers.read.records import value_labels  # loads DuckDB, which a CSV file does without

    reader = pyreadstat.read_sav if path.suffix.lower() == ".sav" else pyreadstat.read_dta
    try:
        frame, meta = reader(str(path))
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        raise InputError(
            f"{relative(path)}: no readable {path.suffix} file ({error}). Export it again."
        ) from None
    for column in set(names) & set(meta.variable_value_labels):
        frame[column] = value_labels(frame[column], meta.variable_value_labels[column])
    frame.index = frame.index + 1
    # An empty cell of a text variable is an empty string in these formats.
    return frame.replace("", np.nan)
