"""Fetch the OECD's SPSS files of TALIS 2018 into `data/raw/talis/`: `make talis-data`.

What came of a file is kept beside its place with the ending .part, and the next start goes on from there. It gets
its name when it is whole: as long as the server said, and every file in the zip as its directory and check sums say.
"""

import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from helpers.kept import alone, digest
from helpers.project import ROOT, InputError, relative

FOLDER = ROOT / "data" / "raw" / "talis"
URL = "https://webfs.oecd.org/talis/SPSS_2018_international.zip"
"""As in R/downloadTALIS.R of the R package EdSurvey (American Institutes for Research)."""
BY_HAND = (
    "To get it by hand: open the OECD's page of the TALIS 2018 database "
    "(https://www.oecd.org/en/data/datasets/talis-2018-database.html), download the SPSS files, and put the zip or "
    "its .sav files into data/raw/talis/. If the files have moved: make talis-data TALIS_URL=https://..."
)
"""The page as given in the help of `df_talis18` in the OECD's R package Rrepest."""
AGAIN = "then type make talis-data again."
LARGEST = 4_000_000_000
"""Bytes: the OECD's files have a fraction of it, and what is larger is none of them and would fill the disk."""
PATIENCE, PAUSES = 30.0, (1.0, 3.0, 9.0)
"""Seconds without data after which a connection counts as dead, and to wait before each further try."""

_ADDRESS = re.compile(r"(https://[a-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:\d+)?/[!-~]*", re.IGNORECASE)
_ZIP = b"PK\x03\x04"
_DEFLATE64 = 9  # a compression that Python cannot undo; a zip with it may be whole


class _Broken(Exception):
    """A failure that may pass: worth another try."""


def _by_hand(what: str) -> InputError:
    return InputError(f"{what} {BY_HAND}")


def main() -> int:
    """Do what the environment says (TALIS_URL, TALIS_SHA256); returns the exit status."""
    url = os.environ.get("TALIS_URL", "").strip() or URL
    try:
        print(fetch(url, FOLDER, os.environ.get("TALIS_SHA256", "")))
    except InputError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        what = f"cannot write there ({error}). Make room, change the rights, or copy the project to a disk of this computer, {AGAIN}"
        print(f"\n{relative(FOLDER)}: {what}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped. {_kept(_part(FOLDER / _name(url)))}".rstrip(), file=sys.stderr)
        return 130
    return 0


def fetch(url: str, folder: Path, sha256: str = "", patience: float = PATIENCE, pauses: tuple = PAUSES) -> str:
    """Put a zip into a folder, unless it is there and whole; returns a sentence about it.

    Raises InputError with what to do by hand; a .part file that is left is continued. A call waits for another one.

    Parameters
    ----------
    url, folder, sha256, patience, pauses : from where; to where; its checksum (empty: any); as PATIENCE and PAUSES
    """
    target, sha256 = folder / _name(url), sha256.strip().lower()
    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256):
        what = "a SHA-256 checksum has 64 digits from 0 to f. Correct it or leave it out."
        raise InputError(f"TALIS_SHA256={sha256}: {what}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder: a download that fails leaves no new one behind. Two would write to the same .part file.
    lock = folder.with_name(f".{folder.name}.lock")
    with alone(lock, f"Another download into {relative(folder)}/ is at work; waiting for it."):
        if target.exists():
            if fault := _fault(target, sha256):
                raise _by_hand(f"{relative(target)} is there, but {fault}. Remove it, {AGAIN}")
            return f"{relative(target)} is there and whole: nothing to do."
        part = _part(target)
        print(f"Fetching {url} into {relative(target.parent)}/", flush=True)
        _transfer(url, part, patience, pauses)
        if fault := _fault(part, sha256):
            part.unlink()
            raise _by_hand(f"{url}: what came {fault}. It was removed; make talis-data starts anew.")
        part.rename(target)
    known = f"to have it checked from now on: TALIS_SHA256={digest(target)}"
    size = _megabytes(target.stat().st_size)
    return f"{relative(target)}: {size}, SHA-256 {'as expected' if sha256 else known}."


def _name(url: str) -> str:
    """Name of the file at an address. Raises InputError for an address that cannot be used."""
    _check_address(url)
    name = urlsplit(url).path.rpartition("/")[2]
    if not re.fullmatch(r"[\w.-]+\.zip", name, re.IGNORECASE | re.ASCII):
        raise _by_hand(f"TALIS_URL={url}: this is not the address of a zip file.")
    return name


def _check_address(url: str) -> None:
    if not _ADDRESS.fullmatch(url):
        raise _by_hand(f"{url!r}: no address to fetch data from; it must begin with https:// and a host.")


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _kept(part: Path) -> str:
    if not part.exists():
        return ""
    size = _megabytes(part.stat().st_size)
    return f"What came ({size}) is kept in {relative(part)}, and make talis-data goes on from there. "


def _transfer(url: str, part: Path, patience: float, pauses: tuple[float, ...]) -> None:
    """Fill the part file, in several tries if need be."""
    for pause in (*pauses, None):
        try:
            return _try(url, part, patience)
        except _Broken as error:
            if pause is None:
                what = f"{error}, {len(pauses) + 1} times in a row. {_kept(part)}"
                raise _by_hand(f"{url}: {what}".rstrip()) from error
            print(f"{part.stem}: {error}; trying again in {pause:g} s", file=sys.stderr)
            time.sleep(pause)


def _try(url: str, part: Path, patience: float) -> None:
    """Ask for what the part file lacks and append it."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "open-classrooms"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with _network(patience):
            response = _OPENER.open(Request(url, headers=headers), timeout=patience)
    except HTTPError as error:
        error.close()
        answer = f"the server answers {error.code} {error.reason}"
        if error.code == 416 and have:  # nothing lies beyond what is there
            if error.headers["Content-Range"] == f"bytes */{have}":
                return
            part.unlink()
            raise _Broken("what was there is no part of the server's file, and was removed") from error
        if error.code in (408, 429) or error.code >= 500:
            raise _Broken(answer) from error
        raise _by_hand(f"{url}: {answer}.") from error
    with response:
        _receive(response, url, part, have, patience)


def _receive(response: HTTPResponse, url: str, part: Path, have: int, patience: float) -> None:
    """Append what the server sends, or start anew where it sends the whole file, whatever was asked for."""
    from tqdm import tqdm

    if response.status != 206:
        have = 0
    elif not (response.headers["Content-Range"] or "").startswith(f"bytes {have}-"):
        part.unlink(missing_ok=True)
        raise _Broken("the server sent another part than was asked for")
    with _network(patience):
        data = response.read(len(_ZIP))
    if not (have or data):
        raise _Broken("the server sent nothing")
    if not have and data != _ZIP[: len(data)]:
        what = f"something else ({response.headers.get_content_type()}), such as a web page"
        raise _by_hand(f"{url}: no zip file comes from there, but {what}.")
    length = response.headers["Content-Length"] or ""
    total = have + int(length) if length.isdigit() else None
    _check_size(total or 0, url, part)
    part.parent.mkdir(parents=True, exist_ok=True)
    if total and total - have > (free := shutil.disk_usage(part.parent).free):
        room = f"{_megabytes(total - have)} are needed and {_megabytes(free)} are free"
        raise InputError(f"{relative(part.parent)}: {room}. Make room, {AGAIN}")
    bar = tqdm(desc=part.stem, initial=have, total=total, unit="B", unit_scale=True, disable=None)
    with bar, part.open("ab" if have else "wb") as file:
        while data:
            _check_size(have := have + len(data), url, part)
            file.write(data)
            bar.update(len(data))
            with _network(patience):
                data = response.read1(2**20)
    if total and (came := part.stat().st_size) < total:
        raise _Broken(f"the connection ended after {_megabytes(came)} of {_megabytes(total)}")


def _check_size(size: int, url: str, part: Path) -> None:
    """Raise InputError for more than any of these files has, and keep nothing of it."""
    if size > LARGEST:
        part.unlink(missing_ok=True)
        raise _by_hand(f"{url}: more than {_megabytes(LARGEST)} come from there, which is none of these files.")


@contextmanager
def _network(patience: float) -> Iterator[None]:
    """Tell failures of the network from those of the disk, which are OSErrors too."""
    try:
        yield
    except HTTPError:
        raise
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        what = "the server cannot be reached" if isinstance(error, URLError) else "the connection broke off"
        timed_out = isinstance(reason, TimeoutError)
        raise _Broken(f"no data came for {patience:g} s" if timed_out else f"{what} ({reason})") from error


class _Redirects(HTTPRedirectHandler):
    """Follow the server only to addresses that a user could have given."""

    def redirect_request(self, request, answer, code, message, headers, new):
        _check_address(new)
        return super().redirect_request(request, answer, code, message, headers, new)


_OPENER = build_opener(_Redirects)


def _fault(path: Path, sha256: str) -> str:
    """What keeps a file from being a whole zip of SPSS files with this checksum (empty: any); empty for nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            for entry in entries:
                if entry.compress_type != _DEFLATE64:
                    # To its end, which checks its place, length and check sum.
                    with archive.open(entry) as file, open(os.devnull, "wb") as nothing:
                        shutil.copyfileobj(file, nothing)
    except Exception as error:  # zipfile has no common error for what damage can do to a file
        return f"is no whole zip file ({error or type(error).__name__})"
    if not any(entry.filename.lower().endswith(".sav") for entry in entries):
        return "holds no SPSS file (*.sav)"
    if sha256 and (found := digest(path)) != sha256:
        return f"has the SHA-256 checksum {found} and not {sha256} (TALIS_SHA256)"
    return ""


if __name__ == "__main__":
    sys.exit(main())
