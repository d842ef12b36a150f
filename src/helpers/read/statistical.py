"""Files of SPSS, Stata and SAS: their rows, and what they say of their columns and codes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files, spss
from helpers.read.cells import label

ENCODINGS = (None, "WINDOWS-1252", "ISO-8859-1")
"""To try where a file does not say its own, or says a wrong one; the last can read any byte."""


def read(
    path: Path, columns: Sequence[str], encoding: str = "utf-8", name: str = ""
) -> tuple[pd.DataFrame, dict[str, dict[str, str]], dict[str, str]]:
    """Columns without the codes that the file declares missing; column -> code -> value label; column -> its label.

    Raises InputError; columns that are not there are left to the caller, who then finds all names in the frame.

    Parameters
    ----------
    path, columns, encoding, name : the file, what is used of it, the encoding of its text, and what messages call it
    """
    encodings = tried(path, encoding)
    meta = parse(path, name, encodings, metadataonly=True)[1]
    present = [name for name in columns if name in set(meta.column_names)]
    if len(present) < len(columns):
        return pd.DataFrame(columns=meta.column_names), {}, {}
    frame, _ = parse(path, name, encodings, usecols=present)
    frame = frame.replace("", np.nan)  # an empty cell of a text variable
    frame.index = frame.index + 1
    wording = {column: text for column, text in zip(meta.column_names, meta.column_labels, strict=True) if text}
    return frame, value_labels(meta), wording


def tried(path: Path, encoding: str) -> tuple[str | None, ...]:
    """Encodings to try: the file's own, then the user's where it is another than the usual one. Raises InputError."""
    known = files.encoding(encoding, relative(path))
    return (None,) if known == "utf-8" else (None, known)


def value_labels(meta: object) -> dict[str, dict[str, str]]:
    """Column -> code (as `cells.label` writes it) -> value label, without codes that the file declares missing."""
    found = {}
    for column, named in meta.variable_value_labels.items():
        gone = [(r["lo"], r["hi"]) for r in meta.missing_ranges.get(column, [])]
        kept = {code: text for code, text in named.items() if not any(_within(code, *ends) for ends in gone)}
        # Letters are the special missing values of Stata and SAS.
        special = set(meta.missing_user_values.get(column, []))
        found[column] = {label(code): str(text) for code, text in kept.items() if code not in special}
    return found


def _within(code: object, low: object, high: object) -> bool:
    return low <= code <= high if type(low) is type(high) is type(code) else code in (low, high)


def parse(
    path: Path, file: str = "", encodings: tuple[str | None, ...] = (None,), **options: object
) -> tuple[pd.DataFrame, object]:
    """Rows and metadata of an SPSS, SAS or Stata file (called `file`) as pyreadstat gives them, by its readers' options.

    The encodings are tried in turn; None: the one that the file says. Raises InputError.
    """
    import pyreadstat

    kind = path.suffix.lower().removeprefix(".")
    if kind in ("sav", "zsav"):
        spss.check(path, file or relative(path))
    read = getattr(pyreadstat, f"read_{'sav' if kind == 'zsav' else kind}")
    for attempt in encodings:
        try:
            # Portable files of SPSS have an alphabet of their own.
            found = read(str(path), **({} if kind == "por" else {"encoding": attempt}), **options)
        except MemoryError:
            raise InputError(
                f"{file or relative(path)}: too large for this computer, or damaged. {files.AGAIN}"
            ) from None
        except Exception as error:  # damage raises whatever a date or a label cannot be
            fault = error
            if "encoding" not in str(error) and not isinstance(error, UnicodeDecodeError):
                break
        else:
            _check_names(found[1].column_names, file or relative(path))
            return found
    if "encoding" in str(fault) or isinstance(fault, UnicodeDecodeError):
        remedy = "Name the right one in the parameters, e.g. `encoding: cp1252`, or export the file again"
        raise InputError(f"{file or relative(path)}: its text is not in the encoding that it states. {remedy}.")
    raise files.unreadable(file or relative(path), fault)


def _check_names(names: list[str | None], file: str) -> None:
    """Raise InputError for names that only a damaged file has."""
    if doubled := files.twice(names):
        raise InputError(f"{file}: two columns are named {files.shortened(doubled)}. {files.AGAIN}")
    if not all(names):
        raise InputError(f"{file}: a column has no name. {files.AGAIN}")


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
