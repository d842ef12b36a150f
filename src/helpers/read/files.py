"""What a file is: its ending, its first bytes, its encoding, its header, and what to say when it cannot be read."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from helpers.project import InputError, relative

ENDINGS = (".csv", ".parquet", ".sav", ".dta")
"""Files of records that notebooks and releases read."""
MISSING = ["", " ", "NA", "N/A", "NaN", "nan", "."]
"""What stands for no answer in a CSV file."""
DECIMAL_COMMA = r"^\s*(-?\d+),(\d+)\s*$"
"""A number in a CSV file whose fields are separated by semicolons; other text with a comma stays as it is."""
CSV = dict(keep_default_na=False, na_values=MISSING, index_col=False, skip_blank_lines=False)
"""How pandas reads every CSV file."""
AGAIN = "Export or download it again."
"""The remedy for a file that is not whole."""

_SAS = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")  # as pandas checks it
# How each format's files begin; a CSV file must begin like none of them.
_BEGINNINGS = {
    ".csv": (),
    ".parquet": (b"PAR1",),
    ".sav": (b"$FL2", b"$FL3"),
    ".zsav": (b"$FL3",),
    ".dta": (b"<stata_dta>", *(bytes([version]) for version in range(104, 120))),
    ".sas7bdat": (_SAS,),
    ".zip": (
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PK\x07\x08",
    ),  # the second is empty, the third in parts
}
_RAGGED = (
    re.compile(r"on Line: (?P<row>\d+)[\s\S]*Columns: (?P<wanted>\d+) Found: (?P<found>\d+)"),
    re.compile(r"Expected (?P<wanted>\d+) fields in line (?P<row>\d+), saw (?P<found>\d+)"),
)
"""How DuckDB and pandas tell of rows of unequal length."""


def check(path: Path, endings: tuple[str, ...] = ENDINGS, name: str = "") -> str:
    """The ending of a file that is there, is not empty and is what its ending says. Raises InputError.

    `name`: what to call the file in messages.
    """
    file, ending = name or relative(path), path.suffix.lower()
    if ending not in endings:
        raise InputError(
            f"{file}: cannot read *{ending} files. Save it as one of {', '.join(endings)}."
        )
    if not path.is_file():
        raise InputError(
            f"{file}: there is no such file. Paths are relative to the project's folder."
        )
    if path.stat().st_size == 0:
        raise InputError(f"{file}: the file is empty. {AGAIN}")
    _check_beginning(path, _BEGINNINGS[ending], file)
    return ending


def _check_beginning(path: Path, wanted: tuple[bytes, ...], name: str) -> None:
    with path.open("rb") as file:
        start = file.read(4096)
    foreign = [begin for begins in _BEGINNINGS.values() for begin in begins if len(begin) > 1]
    if wanted and not start.startswith(wanted):
        page = start.lstrip().lower().startswith(b"<!doctype") or b"<html" in start.lower()
        what = "a web page, no" if page else "no"
        raise InputError(
            f"{name}: this is {what} {path.suffix.lower()} file, whatever its name says. {AGAIN}"
        )
    utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wanted and not utf16 and (b"\0" in start or start.startswith(tuple(foreign))):
        raise InputError(f"{name}: this is no text, whatever its name says. Export it as CSV.")


def check_columns(wanted: Iterable[str], present: Iterable[str], file: str) -> None:
    """Raise InputError when a column is not there, with the name that comes closest."""
    present = list(map(str, present))
    absent = [column for column in wanted if column not in present]
    if absent:
        guesses = get_close_matches(absent[0], present, n=1)
        hint = f" Did you mean {guesses[0]!r}?" if guesses else ""
        raise InputError(
            f"{file}: no column {', '.join(map(repr, absent))}.{hint} The file has: {', '.join(present)}."
        )


def fields(header: str, file: str) -> tuple[list[str], str]:
    """Names in the first line of a CSV file, as they stand there, and what separates them.

    Raises InputError for a name that comes twice.
    """
    mark = max(",;\t", key=header.count)
    names = next(csv.reader([header], delimiter=mark))
    doubled = twice([name.strip() for name in names if name.strip()])
    if doubled:
        raise InputError(f"{file}: two columns are named {doubled!r}. Rename one.")
    return names, mark


def twice(names: list[str]) -> str:
    """The first name that comes more than once; empty where none does."""
    return next((name for name in names if names.count(name) > 1), "")


def encoding(given: str, file: str) -> str:
    """Python's name of an encoding of text, which the readers of SPSS, SAS and Stata understand too. Raises InputError."""
    try:
        known = codecs.lookup(given).name
        "".encode(known)  # refuses what turns no letters into bytes, as "hex"
    except (LookupError, ValueError):
        raise InputError(
            f"{file}: encoding {given!r} is not known. Usual ones: utf-8, latin-1, cp1252, utf-16."
        ) from None
    return known


def csv_encoding(given: str, file: str) -> str:
    """As `encoding`; a byte-order mark at the start of a CSV file is no part of the first name."""
    known = encoding(given, file)
    return "utf-8-sig" if known == "utf-8" else known


def undecodable(file: str, row: int | str, given: str = "") -> InputError:
    """What to say of text in another encoding than the `given` one (empty: none can be given, it must be UTF-8)."""
    remedy = ", or name its encoding in the parameters, e.g. `encoding: latin-1`" if given else ""
    return InputError(
        f"{file}, row {row}: the text is not {given or 'utf-8'}. Save it as 'CSV UTF-8'{remedy}."
    )


@contextmanager
def reading(file: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn these errors of a library into `unreadable` ones."""
    try:
        yield
    except errors as error:
        raise unreadable(file, error) from None


def unreadable(file: str, error: Exception) -> InputError:
    """What a library says of a file that it cannot read, in the words of this project."""
    text = str(error).strip()
    named = re.search(r"^\s*file = (.+)$", text, re.MULTILINE)  # by DuckDB: which of several
    if named:
        file = relative(Path(named[1].strip()))
        if "utf-8" in text and (row := re.search(r"CSV Error on Line: (\d+)", text)):
            return undecodable(file, row[1])
    for ragged in _RAGGED:
        if found := ragged.search(text):
            told = f"row {found['row']}: {found['found']} cells instead of {found['wanted']}"
            return InputError(f"{file}: rows of unequal length ({told}). {AGAIN}")
    return InputError(f"{file}: cannot be read ({text.splitlines()[0]}). {AGAIN}")
