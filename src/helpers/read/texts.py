"""CSV files as a frame, and as text that DuckDB reads; rows of unequal length are refused, never filled or cut."""

import csv as parser
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files, headers
from helpers.read.files import Options
from helpers.read.headers import Head
from helpers.read.relations import quote

WIDE = 5_000
"""Files with more columns are read by the columns that are used: pandas and DuckDB take minutes for 100,000."""
_GAPS = {word.strip() for word in files.MISSING}
_PIECE = 2**20  # bytes that are looked at together


def csv(path: Path, name: str, encoding: str, columns: Sequence[str] = ()) -> tuple[pd.DataFrame, Head]:
    """All cells of a CSV file as they are written; those that stand for no answer are missing, blank rows left out.

    Parameters
    ----------
    path, name, encoding : the file, what messages call it, and the encoding of its text
    columns : those that are used; of a file with very many no others are read
    """
    head = headers.read(path, name, encoding)
    if columns and len(head.names) > WIDE:
        rows = dict(_narrow(path, head, encoding, name, columns))
        return pd.DataFrame.from_dict(rows, "index", dtype=str, columns=list(columns)), head
    try:
        with headers.rows(path, head, encoding) as text, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # that cells are lost
            # As Python's own text: the text that pandas has of its own takes twice the time to make.
            frame = pd.read_csv(text, sep=head.mark, dtype=object, **headers.PANDAS)
    except UnicodeError:
        raise headers.undecodable(path, name, encoding) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        refuse_unequal(path, head, name, encoding)
        raise files.unreadable(name, error, head.lines - 1) from None
    if len(head.names) > 1 and len(frame) and frame.iloc[:, -1].isna().any():
        refuse_unequal(path, head, name, encoding)  # pandas fills short rows
    frame.columns = head.names
    frame.index = frame.index + head.records + 1
    empty = frame
    for place in (0, 1, -1)[: len(frame.columns)]:  # most rows have something in the first columns or the last one
        empty = empty[_is_blank(empty.iloc[:, place])]
    blank = empty.apply(_is_blank).all(axis=1)
    return frame.drop(empty.index[blank]) if blank.any() else frame, head


def _is_blank(column: pd.Series) -> pd.Series:
    gaps = [cell for cell in column.dropna().unique() if cell.strip() in _GAPS]
    return column.isna() | column.isin(gaps)


def refuse_unequal(path: Path, head: Head, name: str, encoding: str) -> None:
    """Raise InputError for the first row that is longer or shorter than the header.

    Parameters
    ----------
    path, head, name, encoding : the file, its head, what messages call it, and the encoding of its text
    """
    for _ in _narrow(path, head, encoding, name, []):
        pass


def _narrow(
    path: Path, head: Head, encoding: str, name: str, columns: Sequence[str]
) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row that is not blank, of some columns. Raises InputError for a row of another length."""
    files.check_columns(columns, head.names, name)
    places = [head.names.index(column) for column in columns]
    try:
        with headers.rows(path, head, encoding) as text, files.reading(name, parser.Error):
            rows = enumerate(_parsed(text, head), start=head.records)
            next(rows)
            for row, cells in rows:
                if cells and len(cells) != len(head.names):
                    told = f"row {row}: {len(cells)} cells instead of {len(head.names)}"
                    raise InputError(f"{name}: rows of unequal length ({told}). {files.AGAIN}")
                if any(cell.strip() not in _GAPS for cell in cells):
                    yield row, [cells[place] for place in places]
    except UnicodeError:
        raise headers.undecodable(path, name, encoding) from None


def _parsed(text: Iterator[str], head: Head) -> Iterator[list[str]]:
    return parser.reader(text, delimiter=head.mark, skipinitialspace=True)


def select(path: Path, head: Head, options: Options, folder: Path, columns: Sequence[str] = ()) -> str:
    """SQL of a CSV file, all cells text, by way of a copy in `folder` where DuckDB does not read the file itself.

    Parameters
    ----------
    path, head, options, folder : the file, its head and how it is read; where a copy may lie
    columns : those that are used; of a file with very many no others are read
    """
    encoding, names, mixed = options.encoding, head.names, mixed_ends(path)
    alike = columns and len(set(map(str.lower, names))) < len(names)  # DuckDB does not tell capital letters apart
    if alike or len(names) > WIDE:
        names = columns = list(dict.fromkeys(columns))
        if not columns:
            raise InputError(f"{relative(path)}: {len(head.names):,} columns are too many. Name those that are used.")
        path = _narrow_copy(path, head, encoding, folder, columns)
    elif mixed or head.lines > 1 or files.csv_encoding(encoding, path.name) != "utf-8-sig":
        path = _plain_copy(path, head, encoding, folder, mixed)
    fields = ", ".join(f"{quote(name)}: 'VARCHAR'" for name in names)
    missing = ", ".join(map(quote, files.MISSING))
    return (
        f"SELECT * FROM read_csv({quote(str(path))}, auto_detect = false, header = true, "
        f"columns = {{{fields}}}, delim = {quote(head.mark)}, quote = '\"', escape = '\"', nullstr = [{missing}])"
    )


def _narrow_copy(path: Path, head: Head, encoding: str, folder: Path, columns: list[str]) -> Path:
    copy = folder / path.name
    with copy.open("w", encoding="utf-8", newline="") as written:
        writer = parser.writer(written, delimiter=head.mark, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(cells for _, cells in _narrow(path, head, encoding, relative(path), columns))
    return copy


def _plain_copy(path: Path, head: Head, encoding: str, folder: Path, mixed: bool) -> Path:
    """A copy in UTF-8 whose header has one line, and whose lines, where they are mixed, end in one way."""
    copy = folder / path.name
    try:
        with headers.rows(path, head, encoding) as text, copy.open("w", encoding="utf-8", newline="") as written:
            if mixed:
                with files.reading(relative(path), parser.Error):
                    parser.writer(written, delimiter=head.mark, lineterminator="\n").writerows(_parsed(text, head))
            else:
                shutil.copyfileobj(text, written)
    except UnicodeError:
        raise headers.undecodable(path, relative(path), encoding) from None
    return copy


def mixed_ends(path: Path) -> bool:
    r"""Whether some lines end in \r\n, others in \n or \r, also inside of cells: DuckDB knows one kind in a file."""
    both = feeds = returns = 0
    with path.open("rb") as file:
        last = b""
        while piece := file.read(_PIECE):
            if b"\r" not in piece and not returns:  # as in most files
                feeds = feeds or int(b"\n" in piece)
                continue
            both += piece.count(b"\r\n") + (last == b"\r" and piece[:1] == b"\n")
            feeds, returns, last = feeds + piece.count(b"\n"), returns + piece.count(b"\r"), piece[-1:]
    return sum(map(bool, (both, feeds - both, returns - both))) > 1
