"""Sheets of workbooks (.xlsx, .xls) as columns."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files, headers
from helpers.read.cells import few, label
from helpers.read.files import shortened

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
# The names of elements stand first and are looked behind of: a search for plain text takes a fifth of the time.
_FAR = re.compile(rb'c r="(?<=[<:]c r=")(?=[A-Z]{2}|[A-Z][0-9]{6})([A-Z]{1,3})([0-9]{1,9})"[^>/]*>')
"""Cells with something in them beyond column Z or row 99,999: of most sheets there are none to be looked at."""
_ROW = re.compile(rb'row r="(?<=[<:]row r=")([0-9]{1,9})"')
_MOST_CELLS = 50_000_000
_ERROR = re.compile(rb'<c r="([A-Z]+\d+)"[^>]*\bt="e"')


def read(path: Path, sheet: str = "", name: str = "") -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The cells of a sheet under the names in its first row, and what its owner should know of it.

    Cells that stand for no answer are missing, blank rows left out; the index counts rows as the workbook does. Columns of
    numbers alone are numbers, others hold text, numbers, dates and truth values as they are. Raises InputError.

    Parameters
    ----------
    path, sheet, name : the workbook; the sheet's name, needed where several hold cells; what messages call the workbook
    """
    import python_calamine as calamine

    name = name or relative(path)
    if path.suffix.lower() == ".xlsx":
        _check_extent(path, name)
    with _reading(name):
        book = calamine.CalamineWorkbook.from_path(str(path))
        full = {title: book.get_sheet_by_name(title) for title in book.sheet_names if not sheet or title == sheet}
        rows = {title: part.to_python(skip_empty_area=False) for title, part in full.items() if part.total_height}
    filled = {
        title: cells for title, cells in rows.items() if any(cell not in ("", None) for row in cells for cell in row)
    }
    if sheet and sheet not in book.sheet_names:
        raise InputError(
            f"{name}: there is no sheet {sheet!r}. It has {', '.join(map(shortened, book.sheet_names[:12]))}."
        )
    if not filled:
        raise InputError(
            f"{name}: the {'sheet' if sheet else 'workbook'} is empty. Enter names of columns in the first row, and records below."
        )
    if len(filled) > 1:
        some = ", ".join(map(shortened, list(filled)[:12]))
        raise InputError(
            f"{name}: {len(filled)} sheets hold cells: {some}. Name one in the parameters: `sheet: {next(iter(filled))}`."
        )
    title, cells = next(iter(filled.items()))
    frame, told = _framed(cells, name)
    return frame, (*told, *_errors(path, book.sheet_names.index(title)))


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """What damage makes of a workbook has no common error; the library's own panic is not even an Exception."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise files.unreadable(name, error) from None
        raise


def _check_extent(path: Path, name: str) -> None:
    """Raise InputError where a cell stands so far away that all those between would not fit into memory."""
    with _reading(name), zipfile.ZipFile(path) as archive:
        large = [member for member in archive.infolist() if member.file_size > files.MEMBER_BYTES // 2]
        sheets = () if large else [archive.read(part) for part in archive.namelist() if _SHEET.fullmatch(part)]
    far = [found for cells in sheets for found in _FAR.findall(cells)]
    near = max((int(row) for cells in sheets for row in _ROW.findall(cells)), default=0)  # also of empty ones
    rows = max([min(near, 99_999), *(int(row) for _, row in far)])
    columns = max([26, *(_place(letters) for letters, _ in far)])
    if large or rows * columns > _MOST_CELLS:
        where = "" if large else f" (up to row {rows}, column {columns})"
        raise InputError(
            f"{name}: a sheet is too large{where}. Is there a cell far below or beside the table? Copy the table into a new "
            "workbook, or save it as CSV."
        )


def _place(letters: bytes) -> int:
    """Column AA is the 27th."""
    place = 0
    for letter in letters:
        place = 26 * place + letter - 64
    return place


def _framed(cells: list[list[object]], name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    before = next(place for place, row in enumerate(cells) if any(cell not in ("", None) for cell in row))
    texts = [[" ".join(_written(cell).split()) for cell in row] for row in cells[before : before + 3]]
    names, skipped = headers.named(texts, name)
    start = before + 1 + skipped
    frame = pd.DataFrame(cells[start:], columns=names, dtype=object)
    frame.index = frame.index + start + 1
    frame = frame.apply(_column)
    keep = [column for column, given in zip(names, texts[0], strict=True) if given or frame[column].notna().any()]
    told = (
        (f"Rows {before + 2} to {start} of {name} belong to the header, as a survey tool writes it.",)
        if skipped
        else ()
    )
    return frame[keep].dropna(how="all"), told


def _column(cells: pd.Series) -> pd.Series:
    if set(map(type, cells)) <= {int, float}:  # none of what follows is there
        return cells.astype(float)
    gone = {"", *files.MISSING}
    # Most cells beside a table are empty texts, and a sheet may have a million.
    found = [np.nan if c is None or c == "" or (isinstance(c, str) and c.strip() in gone) else c for c in cells]
    held, kinds = pd.Series(found, cells.index, object), set(map(type, found))
    if kinds - {int, float, str}:
        held = pd.Series(found, cells.index)  # what pandas makes of dates and durations
        held = held.map(lambda cell: str(cell) if isinstance(cell, timedelta) else cell).astype(object)
        kinds = set(map(type, held.dropna()))
        if bool in kinds and len(kinds) > 1:  # true is no 1 beside other numbers
            held = held.map(lambda cell: label(cell) if isinstance(cell, bool) else cell)
    return held.astype(float) if kinds <= {int, float} else held


def _written(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str("" if cell is None else cell)


def _errors(path: Path, place: int) -> Sequence[str]:
    """Cells that hold an error of the program (#N/A, #DIV/0!), which the reader gives as empty ones."""
    if path.suffix.lower() != ".xlsx":
        return ()
    with _reading(relative(path)), zipfile.ZipFile(path) as archive:
        parts = sorted(
            (n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)),
            key=lambda n: int(re.search(r"\d+", n)[0]),
        )
        sheet = archive.read(parts[place]) if place < len(parts) else b""
        found = _ERROR.findall(sheet) if b't="e"' in sheet else []
    if not found:
        return ()
    some = ", ".join(cell.decode() for cell in found[:3])
    return (f"{few(len(found)).capitalize()} cells hold an error of the spreadsheet ({some}) and count as empty.",)
