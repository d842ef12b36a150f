"""Damage to files of SPSS at which the library that reads them would end the whole program: it is looked for before."""

import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import IO

from helpers.project import InputError
from helpers.read import files

_HEAD, _LIST, _BLOCK = struct.Struct("<3q"), struct.Struct("<2q2i"), struct.Struct("<2q2i")  # of packed data
_FIXED, _VARIABLE = 176, 32  # bytes before the first variable, and of each
_WIDEST = 255  # of a text variable; longer ones are several


def check(path: Path, file: str) -> None:
    """Raise InputError for a .sav or .zsav file (called `file`) with variables of no known width or damaged blocks."""
    stat = path.stat()
    _check(path, file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)  # files are read in pieces
def _check(path: Path, file: str, _changed: int, _size: int) -> None:
    with path.open("rb") as opened:
        start = opened.read(_FIXED)
        _check_variables(opened, file, "<" if start[64:68] in (b"\2\0\0\0", b"\3\0\0\0") else ">")
    if start.startswith(b"$FL3"):
        _check_blocks(path, file)


def _check_variables(opened: IO[bytes], file: str, order: str) -> None:
    """Raise InputError for a variable whose width is none."""
    record = struct.Struct(f"{order}4i16x")
    while len(read := opened.read(_VARIABLE)) == _VARIABLE:
        kind, width, labelled, missing = record.unpack(read)
        if kind != 2:
            return
        if not -1 <= width <= _WIDEST or labelled not in (0, 1) or abs(missing) > 3:
            raise InputError(f"{file}: cannot be read (its list of variables is damaged). {files.AGAIN}")
        if labelled:
            (length,) = struct.unpack(f"{order}i", opened.read(4).ljust(4, b"\0"))
            opened.seek(max(length + 3, 0) // 4 * 4, 1)
        opened.seek(8 * abs(missing), 1)


def _unpacks(opened: IO[bytes], place: int, unpacked: int, packed: int) -> bool:
    """Whether a block is what it was when it was packed."""
    opened.seek(place)
    block = zlib.decompressobj()
    try:
        return len(block.decompress(opened.read(packed), unpacked + 1)) == unpacked and block.eof
    except zlib.error:
        return False


def _check_blocks(path: Path, file: str) -> None:
    """Raise InputError for a .zsav file whose packed blocks are damaged.

    Their list stands at the file's end and holds the place of each block; what comes before the first says where it is.
    """
    with path.open("rb") as opened:
        opened.seek(0, 2)
        length = opened.tell()
        for blocks in range(length // _BLOCK.size):
            start = length - _LIST.size - blocks * _BLOCK.size
            if start < 0:
                break
            opened.seek(start)
            *_, size, stated = _LIST.unpack(opened.read(_LIST.size))
            if stated != blocks or size <= 0:
                continue
            places = list(_BLOCK.iter_unpack(opened.read()))
            first = places[0][1] if places else start
            ends = [place + packed for _, place, _, packed in places]
            whole = [place for _, place, _, _ in places] + [start] == [first, *ends] and first >= _HEAD.size
            if not whole or not all(0 < unpacked <= size and packed > 0 for *_, unpacked, packed in places):
                continue
            opened.seek(first - _HEAD.size)
            known = _HEAD.unpack(opened.read(_HEAD.size)) == (first - _HEAD.size, start, length - start)
            if known and all(_unpacks(opened, *block[1:]) for block in places):
                return
    raise InputError(f"{file}: cannot be read (its packed blocks do not fit together). {files.AGAIN}")
