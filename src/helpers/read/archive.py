"""Find the data files in a folder, a zip or a single file; take nothing out of a zip that could do harm."""

import errno
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from helpers.project import InputError, relative
from helpers.read import files

MEMBER_BYTES = 4 * 2**30
TOTAL_BYTES = 16 * 2**30
"""A member of a zip, and all that is taken out of one zip, may be as large as this."""
RATIO = 200
"""A member may be this many times as large as it is packed. Survey files reach about 40, zip bombs 1,000."""

_FREE = 2**20  # members up to this size may be packed as tightly as they like
_BLOCK = 2**20


@dataclass(frozen=True)
class Found:
    """A data file: where to read it, and what to call it in messages."""

    path: Path
    name: str


def sources(place: Path, endings: tuple[str, ...]) -> list[Path]:
    """The user's files at `place` that may hold data: `place` itself, or the zips and files with these endings below it.

    Hidden files and folders are passed over. Raises InputError when there is nothing.
    """
    wanted = (*endings, ".zip")
    if place.is_file():
        if place.suffix.lower() not in wanted:
            raise InputError(
                f"{relative(place)}: this is none of {', '.join(wanted)}. Name a file, a zip or a folder of these."
            )
        return [place]
    if not place.is_dir():
        raise InputError(
            f"{relative(place)}: there is no such file or folder. Paths are relative to the project's folder."
        )
    found = [
        path
        for path in sorted(place.rglob("*"))
        if path.suffix.lower() in wanted
        and path.is_file()
        and not _is_junk(path.relative_to(place).parts)
    ]
    if not found:
        raise InputError(
            f"{relative(place)}: the folder holds none of {', '.join(wanted)}. Put the files there."
        )
    return found


@contextmanager
def find(place: Path, endings: tuple[str, ...]) -> Iterator[list[Found]]:
    """The data files with these endings at `place`, in the order of their names, for as long as the context lasts.

    What comes out of a zip lies in a temporary folder that goes when the context ends. Raises InputError for a zip
    that is none, is cut off or damaged, holds encrypted members, links or paths that lead out of it, or unpacks to
    more than the limits above.
    """
    with tempfile.TemporaryDirectory(prefix="open-classrooms-") as folder:
        found = []
        for source in sources(place, endings):
            if source.suffix.lower() == ".zip":
                aside = Path(folder) / str(len(found))
                found += _unpacked(source, endings, aside)
            else:
                found.append(Found(source, relative(source)))
        yield found


def _unpacked(source: Path, endings: tuple[str, ...], folder: Path) -> list[Found]:
    files.check(source, (".zip",))
    try:
        with zipfile.ZipFile(source) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check(members, source)
            found, left = [], TOTAL_BYTES
            for member in sorted(members, key=lambda member: member.filename):
                inside = PurePosixPath(member.filename)
                if inside.suffix.lower() not in endings or _is_junk(inside.parts):
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
            what, remedy = f"the zip is cut off or damaged ({error})", files.AGAIN[:-1]
        raise InputError(f"{relative(source)}: {what}. {remedy}.") from None


def _check(members: list[zipfile.ZipInfo], source: Path) -> None:
    """Refuse the whole zip for one member that no honest zip of survey files has."""
    total = 0
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        total += member.file_size
        if parts[0] == "" or ":" in parts[0] or ".." in parts:
            what = "its path leads out of the zip"
        elif stat.S_ISLNK(member.external_attr >> 16):
            what = "it is a link"
        elif member.flag_bits & 1:
            what = "it is encrypted"
        elif member.file_size > MEMBER_BYTES or total > TOTAL_BYTES:
            what = "it unpacks to more than is allowed here"
        elif _is_bomb(member.file_size, member):
            what = "it is packed more tightly than survey data can be"
        else:
            continue
        _refuse(member, what, source)


def _copy(packed: IO[bytes], path: Path, member: zipfile.ZipInfo, limit: int, source: Path) -> int:
    """Count what really comes out: the size that the zip states may be false."""
    size = 0
    with path.open("wb") as file:
        while block := packed.read(_BLOCK):
            size += len(block)
            if size > limit:
                _refuse(member, "it unpacks to more than is allowed here", source)
            if _is_bomb(size, member):
                _refuse(member, "it is packed more tightly than survey data can be", source)
            file.write(block)
    return size


def _is_bomb(size: int, member: zipfile.ZipInfo) -> bool:
    return size > _FREE and size > RATIO * max(member.compress_size, 1)


def _is_junk(parts: tuple[str, ...]) -> bool:
    """Hidden files and what macOS adds to its zips."""
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def _refuse(member: zipfile.ZipInfo, what: str, source: Path) -> None:
    raise InputError(
        f"{relative(source)}: {member.filename!r} cannot be taken out: {what}. "
        "Unpack the zip by a program that you trust, look at it, and name the folder instead."
    )
