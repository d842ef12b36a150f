"""What a file is, and the data files in a folder or a zip; nothing is taken out of a zip that could do harm."""

import codecs
import errno
import hashlib
import json
import re
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from helpers import faults
from helpers.project import ROOT, InputError, locate, relative

STATISTICAL = (".sav", ".zsav", ".por", ".dta", ".sas7bdat")  # of SPSS, Stata and SAS
WORKBOOKS = (".xlsx", ".xls")
ENDINGS = (".csv", ".parquet", *STATISTICAL, *WORKBOOKS)  # of files of records that notebooks and releases read
MISSING = ["", " ", "NA", "N/A", "NaN", "nan", "."]  # what stands for no answer in a CSV file or a workbook
NAMES = 2_000  # of columns among which near ones are looked for
AGAIN = "Export or download it again."  # the remedy for a file that is not whole
FROM_HERE = "Paths are relative to the project's folder."

# How each format's files begin; a CSV file must begin like none of them.
_BEGINNINGS = {
    ".csv": (),
    ".parquet": (b"PAR1",),
    ".sav": (b"$FL2", b"$FL3"),
    ".por": (),
    ".xlsx": (b"PK\x03\x04",),
    ".xls": (bytes.fromhex("d0cf11e0a1b11ae1"), b"\x09"),
    ".zsav": (b"$FL3",),
    ".dta": (b"<stata_dta>", *(bytes([version]) for version in range(104, 120))),
    ".sas7bdat": (bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011"),),  # as pandas checks it
    ".zip": (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"),  # a usual one, an empty one, and one in parts
}
_OTHERWISE = {
    ".rds": 'in R write it by `haven::write_sav(data, "mine.sav")` or `write.csv(data, "mine.csv", row.names = FALSE)`',
    ".rdata": 'in R write the table by `haven::write_sav(data, "mine.sav")`',
    ".ods": "save it as .xlsx",
    ".numbers": "export it as .xlsx",
    ".txt": "name it .csv, if its columns are separated by commas, semicolons or tabs",
    ".tsv": "name it .csv; tabs between the columns are recognised",
}
"""What to do with files of other kinds that people have."""
_RAGGED = (
    re.compile(r"on Line: (?P<row>\d+)[\s\S]*Columns: (?P<wanted>\d+) Found: (?P<found>\d+)"),
    re.compile(r"Expected (?P<wanted>\d+) fields in line (?P<row>\d+), saw (?P<found>\d+)"),
)
"""How DuckDB and pandas tell of rows of unequal length."""


def named(data: str, engine: str = "duckdb") -> Path | str:
    """What `data` names: a file or a folder; or, with engine "spark" and where nothing says that it is a path, a table."""
    place = locate(data)
    is_path = {*"/\\"} & {*data} or place.suffix.lower() in ENDINGS or place.exists()
    return place if engine != "spark" or is_path else data


def check(path: Path, endings: tuple[str, ...] = ENDINGS, name: str = "") -> str:
    """The ending of a file (called `name`) that is there, not empty, and what its ending says. Raises InputError."""
    file, ending = name or relative(path), path.suffix.lower()
    if ending not in endings:
        remedy = _OTHERWISE.get(ending, f"save it as one of {', '.join(endings)}")
        raise InputError(f"{file}: cannot read *{ending} files. Remedy: {remedy}.")
    if not path.is_file():
        raise InputError(f"{file}: there is no such file. {FROM_HERE}")
    if path.stat().st_size == 0:
        raise InputError(f"{file}: the file is empty. {AGAIN}")
    wanted = _BEGINNINGS[ending]
    with path.open("rb") as opened:
        start = opened.read(4096)
    if wanted and not start.startswith(wanted):
        page = start.lstrip().lower().startswith(b"<!doctype") or b"<html" in start.lower()
        what = "a web page, no" if page else "no"
        raise InputError(f"{file}: this is {what} {ending} file, whatever its name says. {AGAIN}")
    foreign = tuple(begin for begins in _BEGINNINGS.values() for begin in begins if len(begin) > 1)
    utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wanted and not utf16 and (b"\0" in start or start.startswith(foreign)):
        raise InputError(f"{file}: this is no text, whatever its name says. Export it as CSV.")
    return ending


def check_columns(wanted: Iterable[str], present: Iterable[str], file: str) -> None:
    """Raise InputError when a column is not there, with the names that come closest."""
    present = list(map(str, present))
    there = set(present)
    if absent := [column for column in wanted if column not in there]:
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        raise InputError(
            f"{file}: no column {', '.join(map(shortened, absent[:3]))}{more}. {_nearest(absent[0], present)}"
        )


def _nearest(name: str, present: list[str]) -> str:
    alike = [other for other in present if other.strip().lower() == name.strip().lower()]
    # To compare letter by letter takes too long for tens of thousands of names.
    some = present if len(present) <= NAMES else [o for o in present if o[:1].lower() == name[:1].lower()][:NAMES]
    alike = alike or get_close_matches(name, some, n=3)
    hint = f"Did you mean {' or '.join(map(shortened, alike))}? " if alike else ""
    if len(present) <= 12:
        return f"{hint}The file has: {', '.join(other[:60] for other in present)}."
    return f"{hint}The file has {len(present):,} columns; capital letters tell names apart."


def shortened(text: object, most: int = 60) -> str:
    """A name or a cell as messages show it: in quotes, and no longer than a line."""
    shown = repr(text)
    return shown if len(shown) <= most else f"{shown[: most - 4]}...{shown[-1]}"


def listed(words: Iterable[object], most: int = 8) -> str:
    """Labels as messages list them: the first ones, none longer than a line, and how many more there are."""
    words = list(map(str, words))
    some = ", ".join(word if len(word) <= 60 else f"{word[:57]}..." for word in words[:most])
    return some if len(words) <= most else f"{some} and {len(words) - most} more"


def twice(names: list[str]) -> str:
    """The first name that comes more than once; empty where none does."""
    counts = Counter(names)
    return next((name for name in names if counts[name] > 1), "")


def encoding(given: str, file: str) -> str:
    """Python's name of an encoding of text, which the readers of SPSS, SAS and Stata understand too. Raises InputError."""
    try:
        known = codecs.lookup(given).name
        "".encode(known)  # refuses what turns no letters into bytes, as "hex"
    except (LookupError, ValueError):
        usual = "Usual ones: utf-8, latin-1, cp1252, utf-16."
        raise InputError(f"{file}: encoding {given!r} is not known. {usual}") from None
    return known


@dataclass(frozen=True)
class Options:
    """What the user says of how a file is to be read; nothing leaves it to the file.

    `encoding`: of the text of a CSV file, and of another where it states a wrong one. `missing`: numbers and words that mean no answer. `decimal`, `thousands`: the
    marks in numbers, where they can be read in two ways. `sheet`: of a workbook.
    """

    encoding: str = "utf-8"
    missing: Sequence[str | int | float] = ()
    decimal: str = ""
    thousands: str = ""
    sheet: str = ""


OPTIONS = tuple(field.name for field in fields(Options))


def csv_encoding(given: str, file: str) -> str:
    """As `encoding`; a byte-order mark at the start of a CSV file is no part of the first name."""
    known = encoding(given, file)
    return "utf-8-sig" if known == "utf-8" else known


def undecodable(file: str, row: int | str, given: str = "") -> InputError:
    """What to say of text in another encoding than the `given` one (empty: none can be given, it must be UTF-8)."""
    remedy = ", or name its encoding in the parameters, e.g. `encoding: latin-1`" if given else ""
    return InputError(f"{file}, row {row}: the text is not {given or 'utf-8'}. Save it as 'CSV UTF-8'{remedy}.")


@contextmanager
def reading(file: str, *errors: type[Exception], before: int = 0) -> Iterator[None]:
    """Turn these errors of a library into `unreadable` ones; so many lines come before those that it counts."""
    try:
        yield
    except errors as error:
        raise unreadable(file, error, before) from None


def unreadable(file: str, error: Exception, before: int = 0) -> InputError:
    """What a library says of a file that it cannot read, in the words of this project."""
    text = str(error).strip()
    if fault := faults.told(text):  # of the system, not of the file
        return InputError(f"{file}: {fault}")
    if named := re.search(r"^\s*file = (.+)$", text, re.MULTILINE):  # by DuckDB: which of several
        file = relative(Path(named[1].strip()))
        if "utf-8" in text and (row := re.search(r"CSV Error on Line: (\d+)", text)):
            return undecodable(file, row[1])
    for ragged in _RAGGED:
        if found := ragged.search(text):
            told = f"row {int(found['row']) + before}: {found['found']} cells instead of {found['wanted']}"
            return InputError(f"{file}: rows of unequal length ({told}). {AGAIN}")
    said = next(iter(text.splitlines()), "") or type(error).__name__
    return InputError(f"{file}: cannot be read ({said if len(said) <= 200 else said[:197] + '...'}). {AGAIN}")


MEMBER_BYTES, TOTAL_BYTES = 4 * 2**30, 16 * 2**30
"""A member of a zip, and all that is taken out of one zip, may be as large as this."""
RATIO = 200
"""A member may be this many times as large as it is packed. Survey files reach about 40, zip bombs 1,000."""

_FREE = 2**20  # members up to this size may be packed as tightly as they like


@dataclass(frozen=True)
class Found:
    """A data file: where to read it, and what to call it in messages."""

    path: Path
    name: str


def sources(place: Path, endings: tuple[str, ...]) -> list[Path]:
    """`place` itself, or the zips and files with these endings below it that are not hidden. Raises InputError for none."""
    name, wanted = relative(place), (*endings, ".zip")
    if place == ROOT:
        raise InputError("`data` is empty. Name your file in it.")
    known = ", ".join(wanted)
    if place.is_file():
        if place.suffix.lower() not in wanted:
            raise InputError(f"{name}: this is none of {known}. Name a file, a zip or a folder of these.")
        return [place]
    if not place.is_dir():
        raise InputError(f"{name}: there is no such file or folder. {FROM_HERE}")
    found = sorted(path for path in place.rglob("*") if path.suffix.lower() in wanted)
    found = [p for p in found if p.is_file() and not is_junk(p.relative_to(place).parts)]
    if not found:
        raise InputError(f"{name}: the folder holds none of {known}. Put the files there.")
    return found


@contextmanager
def find(place: Path, endings: tuple[str, ...]) -> Iterator[list[Found]]:
    """The data files with these endings at `place`, by name; what comes out of a zip is there within the context only.

    Raises InputError for a zip that is none, is cut off or damaged, holds encrypted members, links or paths that lead
    out of it, or unpacks to more than the limits above.
    """
    with tempfile.TemporaryDirectory(prefix="open-classrooms-") as folder:
        found = []
        for number, source in enumerate(sources(place, endings)):
            if source.suffix.lower() == ".zip":
                found += _unpacked(source, endings, Path(folder) / str(number))
            else:
                found.append(Found(source, relative(source)))
        yield found


def _unpacked(source: Path, endings: tuple[str, ...], folder: Path) -> list[Found]:
    check(source, (".zip",))
    try:
        with zipfile.ZipFile(source) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check(members, source)
            found, left = [], TOTAL_BYTES
            for member in sorted(members, key=lambda member: member.filename):
                inside = PurePosixPath(member.filename)
                if inside.suffix.lower() not in endings or is_junk(inside.parts):
                    continue
                # Numbered folders: members of one name in two folders of the zip stay apart.
                path = folder / str(len(found)) / inside.name
                path.parent.mkdir(parents=True)
                with archive.open(member) as packed:
                    left -= _copy(packed, path, member, min(left, MEMBER_BYTES), source)
                found.append(Found(path, f"{relative(source)}: {member.filename}"))
            return found
    except InputError:
        raise
    except NotImplementedError as error:
        raise InputError(
            f"{relative(source)}: Python cannot unpack this kind of zip ({error}); Windows makes such zips of more than "
            "2 GB. Unpack it by your system's own program, and put the files in place of the zip."
        ) from None
    except Exception as error:  # zipfile has no common error for what damage can do to a file
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            what = f"no room to unpack it in {folder.parent.parent}"
            remedy = "Make room there, or name another folder in the environment variable TMPDIR"
        else:
            what, remedy = f"the zip is cut off or damaged ({error})", AGAIN[:-1]
        raise InputError(f"{relative(source)}: {what}. {remedy}.") from None


def _check(members: list[zipfile.ZipInfo], source: Path) -> None:
    """Refuse the whole zip for one member that no honest zip of survey files has."""
    left = TOTAL_BYTES
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if parts[0] == "" or ":" in parts[0] or ".." in parts:
            _refuse(member, "its path leads out of the zip", source)
        if stat.S_ISLNK(member.external_attr >> 16):
            _refuse(member, "it is a link", source)
        if member.flag_bits & 1:
            _refuse(member, "it is encrypted", source)
        _check_size(member.file_size, min(left, MEMBER_BYTES), member, source)
        left -= member.file_size


def _copy(packed: IO[bytes], path: Path, member: zipfile.ZipInfo, limit: int, source: Path) -> int:
    """Count what really comes out: the size that the zip states may be false."""
    size = 0
    with path.open("wb") as file:
        while block := packed.read(2**20):
            size += len(block)
            _check_size(size, limit, member, source)
            file.write(block)
    return size


def _check_size(size: int, limit: int, member: zipfile.ZipInfo, source: Path) -> None:
    if size > limit:
        _refuse(member, "it unpacks to more than is allowed here", source)
    if size > _FREE and size > RATIO * max(member.compress_size, 1):
        _refuse(member, "it is packed more tightly than survey data can be", source)


def is_junk(parts: tuple[str, ...]) -> bool:
    """Hidden files, what macOS adds to its zips, and what Excel keeps beside an open workbook."""
    return any(part.startswith((".", "__MACOSX", "~$")) for part in parts)


def _refuse(member: zipfile.ZipInfo, what: str, source: Path) -> None:
    remedy = "Unpack the zip by a program that you trust, look at it, and name the folder instead."
    raise InputError(f"{relative(source)}: {member.filename!r} cannot be taken out: {what}. {remedy}")


_FOLDERS = {"published": "published", "cases": "published", "moments": "moments"}
STATES = ("simulated", "microdata", "moments", "published")
"""States of files, the one furthest from print first."""


def state_of(path: str | Path) -> str:
    """State of a data file: a copy of a simulated example stays simulated wherever it lies.

    Of a folder the state of the file that is furthest from print; a zip with such a copy is simulated.
    """
    place = locate(path).resolve()
    for folder, state in _FOLDERS.items():
        if place.is_relative_to(locate("data").resolve() / folder):
            return state
    if place.is_dir():
        return min(map(state_of, sources(place, ENDINGS)), key=STATES.index)
    copied = _is_example(place.stat().st_size, place.read_bytes)  # a user's file may be too large to be read for this
    if not copied and place.suffix.lower() == ".zip" and zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            copied = any(
                _is_example(m.file_size, partial(archive.read, m)) for m in archive.infolist() if not m.is_dir()
            )
    if (inputs := _of_release(place)) is not None:
        digests = {file["sha256"] for file in inputs}
        copied = any(hashlib.sha256(make()).hexdigest() in digests for _, make in _examples())
        return "simulated" if copied else "moments"
    return "simulated" if copied else "microdata"


def _of_release(place: Path) -> list[dict] | None:
    """The files that released sums were made from, as `about.json` beside them says; None for what is no release."""
    about = place.with_name("about.json")
    if place.name != "moments.csv" or not about.is_file():
        return None
    return json.loads(about.read_text(encoding="utf-8")).get("inputs", [])


def _is_example(size: int, content: Callable[[], bytes]) -> bool:
    return any(length == size and make() == content() for length, make in _examples())


def _examples() -> Iterator[tuple[int, Callable[[], bytes]]]:
    """Size of each simulated file, also inside an archive, and a function that reads it before the next one comes."""
    for path in locate("data/simulated").glob("*.*"):
        yield path.stat().st_size, path.read_bytes
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    yield member.file_size, partial(archive.read, member)
