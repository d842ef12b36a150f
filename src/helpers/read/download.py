"""Fetch the OECD's files of a survey into `data/raw/<survey>/`: `make fetch SURVEY=gti`.

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
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from helpers.kept import alone, digest
from helpers.project import ROOT, InputError, relative

RAW = ROOT / "data" / "raw"


@dataclass(frozen=True)
class Survey:
    """Whose files are fetched: its `name`, the folder in `data/raw/`, the address, how its data files end, and the OECD's page."""

    name: str
    folder: str
    url: str
    ending: str
    page: str

    @property
    def by_hand(self) -> str:
        """What to do where it cannot be fetched."""
        return (
            f"To get it by hand: {self.page}, download the files, and put the zip or the {self.ending} files in it into "
            f"data/raw/{self.folder}/. If the files have moved, name the new address: URL=https://..."
        )


_PISA = "open the OECD's PISA pages on the web, go to the databases of {year}, find the teacher questionnaire in SPSS"
SURVEYS = {
    "talis2018": Survey(
        "TALIS 2018", "talis", "https://webfs.oecd.org/talis/SPSS_2018_international.zip", ".sav",
        "open the OECD's page of the TALIS 2018 database (https://www.oecd.org/en/data/datasets/talis-2018-database.html)",
    ),
    "pisa2015": Survey(
        "PISA 2015", "pisa2015", "https://webfs.oecd.org/pisa/PUF_SPSS_COMBINED_CMB_TCH_QQQ.zip", ".sav", _PISA.format(year=2015)
    ),
    "pisa2018": Survey(
        "PISA 2018", "pisa2018", "https://webfs.oecd.org/pisa2018/SPSS_TCH_QQQ.zip", ".sav", _PISA.format(year=2018)
    ),
    "gti": Survey(
        "Global Teaching InSights", "gti", "https://web-archive.oecd.org/2020-11-16/569866-GTI%20Data%20csv.zip", ".csv",
        "open the OECD's page of Global Teaching InSights (the TALIS Video Study) on the web",
    ),
}  # fmt: skip
"""Addresses as public code has them (that of TALIS 2018: R/downloadTALIS.R of the R package EdSurvey; its page: the help of
`df_talis18` in the OECD's R package Rrepest). They can move; those of PISA and Global Teaching InSights were not tried."""
REGISTERED = {
    "talis2024": "the OECD asks who you are first: register on its page of the TALIS 2024 database, download the files, and put them into data/raw/talis/"
}
"""Surveys that cannot be fetched without a person, and what to do."""
AGAIN = "then type the same command again."
LARGEST = 4_000_000_000
"""Bytes: the OECD's files have a fraction of it, and what is larger is none of them and would fill the disk."""
PATIENCE, PAUSES = 30.0, (1.0, 3.0, 9.0)
"""Seconds without data after which a connection counts as dead, and to wait before each further try."""

_ADDRESS = re.compile(r"(https://[a-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:\d+)?/[!-~]*", re.IGNORECASE)
_ZIP = b"PK\x03\x04"
_DEFLATE64 = 9  # a compression that Python cannot undo; a zip with it may be whole


class _Broken(Exception):
    """A failure that may pass: worth another try."""


class _ByHand(InputError):
    """A failure after which the file is better fetched by hand."""


def main() -> int:
    """Do what the environment says (SURVEY, URL, SHA256); returns the exit status."""
    key, url, sha256 = (os.environ.get(name, "").strip() for name in ("SURVEY", "URL", "SHA256"))
    if key not in SURVEYS:
        told = f"{REGISTERED[key]}." if key in REGISTERED else f"it is none of {', '.join(SURVEYS)}."
        print(f"SURVEY={key}: {told}", file=sys.stderr)
        return 1
    survey = SURVEYS[key]
    folder = RAW / survey.folder
    try:
        print(fetch(url or survey.url, folder, survey, sha256))
    except InputError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        what = f"cannot write there ({error}). Make room, change the rights, or copy the project to a disk of this computer, {AGAIN}"
        print(f"\n{relative(folder)}: {what}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped. {_kept(_part(folder / _name(url or survey.url)))}".rstrip(), file=sys.stderr)
        return 130
    return 0


def fetch(
    url: str, folder: Path, survey: Survey, sha256: str = "", patience: float = PATIENCE, pauses: tuple = PAUSES
) -> str:
    """Put a zip into a folder, unless it is there and whole; returns a sentence about it.

    Raises InputError with what to do by hand; a .part file that is left is continued. A call waits for another one.

    Parameters
    ----------
    url, folder, survey, sha256 : from where; to where; what is wanted; its checksum (empty: any)
    patience, pauses : as PATIENCE and PAUSES
    """
    try:
        return _fetch(url, folder, survey, sha256.strip().lower(), patience, pauses)
    except _ByHand as error:
        raise InputError(f"{error} {survey.by_hand}") from error.__cause__


def _fetch(url: str, folder: Path, survey: Survey, sha256: str, patience: float, pauses: tuple) -> str:
    target = folder / _name(url)
    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise InputError(f"SHA256={sha256}: a SHA-256 checksum has 64 digits from 0 to f. Correct it or leave it out.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder: a download that fails leaves no new one behind. Two would write to the same .part file.
    lock = folder.with_name(f".{folder.name}.lock")
    with alone(lock, f"Another download into {relative(folder)}/ is at work; waiting for it."):
        if target.exists():
            if fault := _fault(target, sha256, survey.ending):
                raise _ByHand(f"{relative(target)} is there, but {fault}. Remove it, {AGAIN}")
            return f"{relative(target)} is there and whole: nothing to do."
        part = _part(target)
        print(f"Fetching {url} into {relative(target.parent)}/", flush=True)
        _transfer(url, part, patience, pauses)
        if fault := _fault(part, sha256, survey.ending):
            part.unlink()
            raise _ByHand(f"{url}: what came {fault}. It was removed; the same command starts anew.")
        part.rename(target)
    known = f"to have it checked from now on: SHA256={digest(target)}"
    size = _megabytes(target.stat().st_size)
    return f"{relative(target)}: {size}, SHA-256 {'as expected' if sha256 else known}."


def _name(url: str) -> str:
    """Name of the file at an address. Raises InputError for an address that cannot be used."""
    _check_address(url)
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    if not re.fullmatch(r"[\w. -]+\.zip", name, re.IGNORECASE | re.ASCII):
        raise _ByHand(f"URL={url}: this is not the address of a zip file.")
    return name


def _check_address(url: str) -> None:
    if not _ADDRESS.fullmatch(url):
        raise _ByHand(f"{url!r}: no address to fetch data from; it must begin with https:// and a host.")


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _kept(part: Path) -> str:
    if not part.exists():
        return ""
    size = _megabytes(part.stat().st_size)
    return f"What came ({size}) is kept in {relative(part)}, and the same command goes on from there. "


def _transfer(url: str, part: Path, patience: float, pauses: tuple[float, ...]) -> None:
    """Fill the part file, in several tries if need be."""
    for pause in (*pauses, None):
        try:
            return _try(url, part, patience)
        except _Broken as error:
            if pause is None:
                what = f"{error}, {len(pauses) + 1} times in a row. {_kept(part)}"
                raise _ByHand(f"{url}: {what}".rstrip()) from error
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
        raise _ByHand(f"{url}: {answer}.") from error
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
        raise _ByHand(f"{url}: no zip file comes from there, but {what}.")
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
        raise _ByHand(f"{url}: more than {_megabytes(LARGEST)} come from there, which is none of these files.")


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


def _fault(path: Path, sha256: str, ending: str) -> str:
    """What keeps a file from being a whole zip of data files with this checksum (empty: any); empty for nothing."""
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
    if not any(entry.filename.lower().endswith(ending) for entry in entries):
        return f"holds no data file (*{ending})"
    if sha256 and (found := digest(path)) != sha256:
        return f"has the SHA-256 checksum {found} and not {sha256} (SHA256)"
    return ""


if __name__ == "__main__":
    sys.exit(main())
