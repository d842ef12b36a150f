"""How a text file of records begins: its column names, what separates them, and rows that are none of records."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import IO

from helpers.project import InputError
from helpers.read import files

_QUOTED = re.compile(r'"[^"]*"')
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)
_QUOTED_NUMBER = re.compile(r'(?:^|[,;\t])"\d{1,3}[.,]\d{3}"(?:[,;\t]|\r?$)', re.MULTILINE)
_ANSWER_ROW = ("Response", "Open-Ended Response")  # what a survey tool writes below its questions
PANDAS = dict(
    keep_default_na=False, na_values=files.MISSING, index_col=False, skip_blank_lines=False, skipinitialspace=True
)
"""How pandas reads what `rows` gives."""
_MOST_LINES = 100  # of one row of a header
csv.field_size_limit(2**31 - 1)  # open answers may be long; what reads the rows has no limit either
SAMPLE = 100_000  # characters of the rows that are looked at


@dataclass(frozen=True)
class Head:
    """The beginning of a CSV file.

    `names`: of the columns, without blanks around them; `mark`: between them. `lines`, `records`: how many lines, and how
    many rows as a spreadsheet counts, come before the first record. `two_ways`: whether 1.204 may be a number with a mark between thousands. `told`: what was passed over.
    """

    names: list[str]
    mark: str
    lines: int
    records: int
    two_ways: bool = False
    told: tuple[str, ...] = ()


def read(path: Path, name: str, encoding: str = "utf-8", errors: str = "strict") -> Head:
    """The head of a CSV file. Raises InputError for text in another encoding and names that cannot be.

    Parameters
    ----------
    path, name : the file, and what messages call it
    encoding, errors : of its text, and what to do with what is none, as `open` takes them
    """
    known = files.csv_encoding(encoding, name)
    try:
        with path.open(encoding=known, errors=errors, newline="") as file, files.reading(name, csv.Error):
            return _read(file, name)
    except UnicodeError:
        raise undecodable(path, name, encoding) from None


@contextmanager
def rows(path: Path, head: Head, encoding: str, errors: str = "strict") -> Iterator[IO[str]]:
    """A CSV file as one that begins with a header of one line, of the names in its head.

    Parameters
    ----------
    path, head, encoding, errors : the file, its head, and as for `read`
    """
    with path.open(encoding=files.csv_encoding(encoding, path.name), errors=errors, newline="") as file:
        for _ in range(head.lines):
            file.readline()
        yield _Joined(head, file)


def undecodable(path: Path, name: str, encoding: str) -> InputError:
    """What to say of a file whose text is in another encoding, with its first row that is."""
    known = files.csv_encoding(encoding, name)
    return files.undecodable(name, _undecodable_row(path, known), known.removesuffix("-sig"))


class _Joined:
    def __init__(self, head: Head, rest: IO[str]):
        start = io.StringIO()
        csv.writer(start, delimiter=head.mark, lineterminator="\n").writerow(head.names)
        self.start, self.rest = start.getvalue(), rest

    def read(self, size: int = -1) -> str:
        start, self.start = self.start, ""
        return start or self.rest.read(size)

    def __iter__(self) -> Iterator[str]:
        yield self.start
        yield from self.rest


def _read(file: Iterator[str], name: str) -> Head:
    records = _records(file)
    given, mark, lines, before = "", "", 0, 0
    for text, count in records:
        lines, before = lines + count, before + 1
        if separator := _SEPARATOR.match(text):
            mark = separator[1]
        elif text.strip(" ,;\t\r\n"):
            given = text
            break
    if not given:
        raise InputError(f"{name}: the file holds blank lines only: no header and no rows. {files.AGAIN}")
    mark = mark or _mark(given)
    first = _cells(given, mark)
    following = list(islice(records, 2))
    names, skipped = _of_a_tool(first, [_cells(text, mark) for text, _ in following])
    names = _checked(names, name)
    lines += sum(count for _, count in following[:skipped])
    rows = " and ".join(str(before + 1 + k) for k in range(skipped))
    told = (
        (f"Row{'s' * (skipped > 1)} {rows} of {name} belong to the header, as a survey tool writes it.",)
        if skipped
        else ()
    )
    sample = "".join(text for text, _ in following)[:SAMPLE] + "".join(islice(file, 200))[:SAMPLE]
    two_ways = mark != "," or bool(_QUOTED_NUMBER.search(sample))
    return Head(names, mark, lines, before + skipped, two_ways, told)


def named(rows: list[list[str]], file: str) -> tuple[list[str], int]:
    """Names of columns by the first rows of a sheet, and how many rows after the first belong to them too."""
    names, skipped = _of_a_tool(rows[0], rows[1:])
    return _checked(names, file), skipped


def _checked(names: list[str], file: str) -> list[str]:
    """Each name stands once; columns without one are called by their place."""
    if doubled := files.twice([column for column in names if column]):
        raise InputError(f"{file}: two columns are named {files.shortened(doubled)}. Rename one.")
    return [column or f"column {place}" for place, column in enumerate(names, start=1)]


def _records(file: Iterator[str]) -> Iterator[tuple[str, int]]:
    """The text of each row, and how many lines it has: more than one where a quoted cell holds line ends."""
    for line in file:
        text, lines = line, 1
        while _goes_on(text) and lines < _MOST_LINES:
            more = next(file, "")
            if not more:
                break
            text, lines = text + more, lines + 1
        yield text, lines


def _goes_on(text: str) -> bool:
    """Whether a quoted cell is open at the end: a quote opens one at its beginning only."""
    if '"' not in text:
        return False
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader([*lines, ""], delimiter=_mark(text), skipinitialspace=True)
    next(reader, None)
    return reader.line_num > len(lines)


def _mark(text: str) -> str:
    """What separates the cells of a row: what comes most often outside of quotes."""
    return max(",;\t", key=lambda mark: (_QUOTED.sub("", text).count(mark), text.count(mark)))


def _cells(text: str, mark: str) -> list[str]:
    # Not by `splitlines`, which ends lines at characters that stand within names (a form feed, a line separator).
    cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True), [])
    return [" ".join(cell.split()) for cell in cells]


def _of_a_tool(first: list[str], following: list[list[str]]) -> tuple[list[str], int]:
    """Names, and how many further rows of the header there are, as Qualtrics and SurveyMonkey write them."""
    ids = [any("ImportId" in cell for cell in row) for row in following]
    if any(ids):
        return first, ids.index(True) + 1
    if following and set(filter(None, following[0])) & set(_ANSWER_ROW) and not following[0][0]:
        below = following[0] + [""] * (len(first) - len(following[0]))
        # A question with several columns has its words over the first of them only.
        questions = accumulate(first, lambda one, other: other or one)
        pairs = zip(first, questions, below, strict=False)
        names = [
            question if own and under in ("", *_ANSWER_ROW) else f"{question}: {under}"
            for own, question, under in pairs
        ]
        return names, 1
    return first, 0


def _undecodable_row(path: Path, encoding: str) -> int:
    with path.open("rb") as file:
        for row, line in enumerate(file, start=1):
            try:
                line.removesuffix(b"\n").decode(encoding)
            except UnicodeError:
                return row
    return 1
