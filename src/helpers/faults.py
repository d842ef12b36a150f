"""What a fault of the system (a full disk, no permission, a closed pipe) means: one sentence for people, with the remedy."""

import errno
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from helpers.project import InputError, relative

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

AGAIN = "then type the command again; nothing that is half made is kept."
_FULL = f"The disk is full. Make room, {AGAIN}"
_RIGHTS = f"This place may not be written to or read by you. Change its rights, or copy the project to a folder of yours, {AGAIN}"
_OPEN = f"The system opens no more files. Close other programs or allow more (ulimit -n 4096), {AGAIN}"
_MEMORY = f"There is not enough memory. Close other programs, allow more (ulimit -v unlimited) or take a larger computer, {AGAIN}"
_SAID_OF_MEMORY = (
    "MemoryError", "OutOfMemory", "Out of Memory", "Unable to allocate", "bad_alloc", "bad allocation",
    "can't start new thread", "failed to map segment",
)  # fmt: skip
"""By Python, DuckDB, NumPy, the libraries below them, and the system where it loads these."""
FILES = 256
"""Open files that any system allows unless somebody has set less."""
MEMORY = 2**31
"""Bytes of addresses with less of which libraries end, or wait, without a word."""
ROOM = 2**20
"""Bytes on the disk without which nothing is begun."""
REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: f"The system allows no file as large as this. Allow larger ones (ulimit -f unlimited), {AGAIN}",
    errno.EROFS: f"This place can only be read. Copy the project to a folder that you can write to, {AGAIN}",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EMFILE: _OPEN,
    errno.ENFILE: _OPEN,
    errno.ENAMETOOLONG: f"The system allows no name as long as this. Rename the file or the project's folder, {AGAIN}",
    errno.EIO: f"The disk cannot be read or written. Copy the project to another one, {AGAIN}",
    errno.ENOMEM: _MEMORY,
    errno.EPIPE: f"The program that took these messages has ended, and so did this. Leave it out, {AGAIN}",
}
"""Fault -> what is told."""
_SAID = {
    "Failed to find font": (font := f"The fonts of matplotlib are gone. Build the environment again, {AGAIN}"),
    "No valid font could be found": font,
    **dict.fromkeys(_SAID_OF_MEMORY, _MEMORY),
    **{f"Errno {number}]": told for number, told in REMEDIES.items()},
    **{os.strerror(number): told for number, told in REMEDIES.items() if number not in (errno.EPERM, errno.EIO)},
}
"""What is in the message of an error, of whatever kind -> what is told: libraries and kernels wrap errors of the system."""


def told(message: str) -> str:
    """The sentence for the message of an error, after the file that it names; empty where it tells of no such fault."""
    found = next((sentence for words, sentence in _SAID.items() if words in message), "")
    place = re.search(r": '([^']+)'$", message) if found else None
    return f"{relative(Path(place[1]))}: {found}" if place else found


def sentence(error: BaseException) -> str:
    """The sentence for an error, which begins with its place where that is known; empty where it is no fault of the system."""
    if isinstance(error, MemoryError):
        return REMEDIES[errno.ENOMEM]
    if not isinstance(error, OSError):
        return told(str(error))
    place = f"{relative(os.fsdecode(error.filename))}: " if isinstance(error.filename, str | bytes) else ""
    known = REMEDIES.get(error.errno) or told(str(error))  # several of copying a folder come as one, without a number
    return place + (known or f"{error.strerror or error}. Mend this, {AGAIN}")


def check_limits(folder: Path) -> None:
    """Raise InputError where a kernel could not even start: it needs memory, a hundred open files, and room in a folder."""
    if shutil.disk_usage(folder).free < ROOM:
        raise InputError(f"{relative(folder)}: {_FULL}")
    if not resource:
        return
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < FILES:
        raise InputError(_OPEN)
    if 0 <= resource.getrlimit(resource.RLIMIT_AS)[0] < MEMORY:  # less than nothing stands for no limit
        raise InputError(_MEMORY)


def guarded(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Exit status of a command; what its user can mend, and a fault of the system, is told in a sentence and no traceback."""
    _open_standard_files()
    for stream in (sys.stdout, sys.stderr):  # names of files have letters that a terminal may not have
        with suppress(AttributeError):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")
    try:
        status = command(arguments)
        if sys.stdout:
            sys.stdout.flush()  # else it fails after the end, where nobody can catch it
        return status
    except InputError as error:
        message = str(error)
    except Exception as error:
        message = sentence(error)
        if not message:
            raise
    _silence()
    with suppress(OSError):
        print(f"\n{message}", file=sys.stderr, flush=True)
    return 1


def outlived(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """As `guarded`, in a process of its own: a damaged file may end the program that reads it, and then this one says so.

    Nothing stays in the temporary folder. Where the system cannot fork it is the same process.
    """
    if not hasattr(os, "fork"):
        return guarded(command, arguments)
    with tempfile.TemporaryDirectory(prefix="open-classrooms-") as temporary:
        child = os.fork()
        if not child:
            os.environ["TMPDIR"] = tempfile.tempdir = temporary
            status = guarded(command, arguments)
            sys.stderr.flush()
            os._exit(status)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for both, and the other one ends of it
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0 and status != -signal.SIGINT:
        print(
            f"\nThe program ended without a word (signal {-status}) while it read what was named: {', '.join(arguments)}. A file may be "
            f"damaged, or too large for this computer's memory. Save it again in the program that it comes from, {AGAIN}",
            file=sys.stderr,
        )
    return status if status >= 0 else 1


def _open_standard_files() -> None:
    """Where input, output or errors are closed, their numbers would be given to other files, and kernels write into these."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest number


def _silence() -> None:
    """Let go of what standard output could not write: it would be tried, and told, again at the end."""
    with suppress(OSError, AttributeError, ValueError):
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
