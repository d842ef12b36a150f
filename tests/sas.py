"""SAS files for tests, by the writer of the C library that pyreadstat brings with it and does not offer.

The library found out the format by itself (ReadStat, `sas/readstat_sas7bdat_write.c`): what it writes has the layout of SAS's
own files and is read by whoever reads those, but no SAS wrote it.
"""

import ctypes
from pathlib import Path

import pandas as pd
from pyreadstat import _readstat_writer

from conftest import need

_STRING, _DOUBLE = 0, 5  # of readstat_type_t


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Columns of text or of numbers, in which a letter is a special missing value (.A to .Z)."""
    library = ctypes.CDLL(_readstat_writer.__file__)
    need(hasattr(library, "readstat_begin_writing_sas7bdat"), "the writer of SAS files in pyreadstat", "REQUIRE_SAS")
    for name in ("readstat_writer_init", "readstat_add_variable"):
        getattr(library, name).restype = ctypes.c_void_p
    parts = []

    @ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    def collect(start, size, _):
        parts.append(ctypes.string_at(start, size))
        return size

    def call(name, *arguments):
        failed = getattr(library, name)(writer, *arguments)
        assert not failed, f"{name}: error {failed}"

    writer = ctypes.c_void_p(library.readstat_writer_init())
    call("readstat_set_data_writer", collect)
    variables = {}
    for column, values in frame.items():
        text = all(isinstance(value, str) and len(value) > 1 for value in values)
        width = max(map(len, values)) if text else 0
        kind = _STRING if text else _DOUBLE
        added = library.readstat_add_variable(writer, str(column).encode(), kind, ctypes.c_size_t(width))
        variables[column] = ctypes.c_void_p(added), text
    call("readstat_begin_writing_sas7bdat", None, ctypes.c_long(len(frame)))
    for row in frame.to_dict("records"):
        call("readstat_begin_row")
        for column, (variable, text) in variables.items():
            value = row[column]
            if text:
                call("readstat_insert_string_value", variable, value.encode())
            elif isinstance(value, str):
                call("readstat_insert_tagged_missing_value", variable, ctypes.c_char(value.encode()))
            elif pd.isna(value):
                call("readstat_insert_missing_value", variable)
            else:
                call("readstat_insert_double_value", variable, ctypes.c_double(value))
        call("readstat_end_row")
    call("readstat_end_writing")
    library.readstat_writer_free(writer)
    path.write_bytes(b"".join(parts))
    return path
