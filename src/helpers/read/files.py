"""What a user's file must be before anybody parses it, and what its header must hold."""

import codecs
import csv
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from helpers.project import InputError, relative

MISSING = ["", " ", "NA", "N/A", "NaN", "nan", "."]
"""What stands for no answer in a CSV file."""

# How each format's files begin; a CSV file must begin like none of them.
_BEGINNINGS = {
    ".csv": (),
    ".parquet": (b"PAR1",),
    ".sav": (b"$FL2", b"$FL3"),
    ".dta": (b"<stata_dta>", *(bytes([version]) for version in range(104, 120))),
}


def check(
    path: Path, more: dict[str, tuple[bytes, ...]] | None = None, name: str | None = None
) -> str:
    """The ending of a file that is there, is not empty and is what its ending says. Raises InputError.

    `more`: how files of further endings begin. `name`: what to call the file in messages.
    """
    file, ending = name or relative(path), path.suffix.lower()
    beginnings = _BEGINNINGS | (more or {})
    if ending not in beginnings:
        raise InputError(
            f"{file}: cannot read *{ending} files. Save it as one of {', '.join(beginnings)}."
        )
    if not path.is_file():
        raise InputError(
            f"{file}: there is no such file. Paths are relative to the project's folder."
        )
    if path.stat().st_size == 0:
        raise InputError(f"{file}: the file is empty. Export it again.")
    _check_beginning(path, beginnings[ending], file)
    return ending


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


def separator(path: Path, header: str, name: str | None = None) -> str:
    """What separates the fields of a CSV file with this header. Raises InputError for a column that comes twice.

    `name`: what to call the file in messages.
    """
    mark = max(",;\t", key=header.count)
    fields = [name.strip() for name in next(csv.reader([header], delimiter=mark)) if name.strip()]
    doubled = [name for name in fields if fields.count(name) > 1]
    if doubled:
        raise InputError(
            f"{name or relative(path)}: two columns are named {doubled[0]!r}. Rename one."
        )
    return mark


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


def _check_beginning(path: Path, wanted: tuple[bytes, ...], name: str) -> None:
    with path.open("rb") as file:
        start = file.read(4096)
    foreign = [begin for begins in _BEGINNINGS.values() for begin in begins if len(begin) > 1]
    if wanted and not start.startswith(wanted):
        raise InputError(
            f"{name}: this is no {path.suffix.lower()} file, whatever its name says. Export it again."
        )
    utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wanted and not utf16 and (b"\0" in start or start.startswith((*foreign, b"PK\x03\x04"))):
        raise InputError(f"{name}: this is no text, whatever its name says. Export it as CSV.")
