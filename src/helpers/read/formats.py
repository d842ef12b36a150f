"""Columns of a file in any format, or of several files alike, as a frame: what a cell says is for `frames` to tell."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from helpers.project import relative
from helpers.read import files, headers, relations, repeats, statistical, texts, together, workbooks
from helpers.read.files import Found, Options
from helpers.read.together import Together


@dataclass(frozen=True)
class Given:
    """Columns of a file, or of several alike, as they are there, and what is said of them.

    `frame`: cells of CSV files (`frames.read` gives them as categories, in no order) and workbooks as they are written, of
    other files with their own types; declared missing codes are missing. Its index counts rows; of several files it tells the file and the row ("2024.csv, row 12").
    `labels`: column -> code -> value label. `wording`: column -> what the file says that it is. `two_ways`: whether 1.204
    may be written with a mark between thousands. `told`: what was passed over. `ending`: of the file, or of each.
    """

    path: Path
    frame: pd.DataFrame
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    wording: dict[str, str] = field(default_factory=dict)
    two_ways: bool = False
    options: Options = Options()
    told: tuple[str, ...] = ()
    ending: str = ""

    @property
    def name(self) -> str:
        """What messages call the file."""
        return relative(self.path)


def row(place: int | str) -> str:
    """How messages call a row, by its place in the index of a frame."""
    return place if isinstance(place, str) else f"row {place}"


def read(path: Path, columns: Sequence[str], options: Options = Options()) -> Given:
    """Columns of a file, a folder or a zip of files alike, in any format of `files.ENDINGS`. Raises InputError.

    Of CSV files and workbooks there are all columns. Where one that is asked for is not there, there are the names of all.
    """
    with ExitStack() as held:
        found = together.find(path, held)
        parts = [_read(file, found.ending, options, columns) for file in found.files]
        if len(parts) > 1:
            _refuse_unlike(found, [kinds for _, kinds in parts], options)
            given = _joined(found, [part for part, _ in parts], columns)
        else:
            given = parts[0][0]
        again = _repeated(found, given.frame, len(parts[0][1]), options)
        return replace(given, path=path, options=options, told=(*found.told, *given.told, *again), ending=found.ending)


def header(path: Path, options: Options = Options()) -> list[str]:
    """Names of all columns of what `read` can read; of several files alike, of the first. Raises InputError."""
    with ExitStack() as held:
        found = together.find(path, held)
        return _names(found.files[0], found.ending, options)


def _names(file: Found, ending: str, options: Options) -> list[str]:
    match ending:
        case ".csv":
            return headers.read(file.path, file.name, options.encoding).names
        case ".parquet":
            return list(relations.parquet(file.path, name=file.name))
        case _ if ending in files.WORKBOOKS:
            return list(workbooks.read(file.path, options.sheet, file.name)[0])
        case _:
            encodings = statistical.tried(file.path, options.encoding)
            return statistical.parse(file.path, file.name, encodings, metadataonly=True)[1].column_names


def _read(file: Found, ending: str, options: Options, columns: Sequence[str]) -> tuple[Given, dict[str, str]]:
    """A file, and the columns that it must have in common with others -> kind, as `together.refuse_unlike` takes them."""
    path, name = file.path, file.name
    match ending:
        case ".csv":
            frame, head = texts.csv(path, name, options.encoding, columns)
            return Given(path, frame, two_ways=head.two_ways, told=head.told), dict.fromkeys(head.names, "text")
        case ".parquet":
            every = relations.parquet(path, name=name)
            return Given(path, relations.parquet(path, columns, name), two_ways=True), _kinds(every)
        case _ if ending in files.WORKBOOKS:
            frame, told = workbooks.read(path, options.sheet, name)
            return Given(path, frame, two_ways=True, told=told), dict.fromkeys(frame, "")
        case _:
            frame, named, wording = statistical.read(path, columns, options.encoding, name)
            given = Given(path, frame, named, wording, two_ways=True)
            files.check_columns(columns, frame.columns, name)
            return given, {
                column: kind if frame[column].notna().any() else "" for column, kind in _kinds(frame).items()
            }


def _kinds(frame: pd.DataFrame) -> dict[str, str]:
    types = pd.api.types
    return {
        name: "other" if types.is_numeric_dtype(kind) or types.is_datetime64_any_dtype(kind) else "text"
        for name, kind in frame.dtypes.items()
    }


def _refuse_unlike(found: Together, kinds: list[dict[str, str]], options: Options) -> None:
    together.refuse_unlike(found.names, kinds)
    if found.ending == ".csv":
        heads = [headers.read(file.path, file.name, options.encoding) for file in found.files]
        together.refuse_marks(found.names, heads)


def _joined(found: Together, parts: list[Given], columns: Sequence[str]) -> Given:
    """Files of the same columns as one; each row keeps the name of its file."""
    first, shown = parts[0], []
    mixed = [name for name in first.frame if len({part.frame[name].dtype for part in parts}) > 1]
    for name, part in zip(found.names, parts, strict=True):
        # What has different types stays as each file has it: as a float a long id would lose digits.
        frame = part.frame.astype(dict.fromkeys(mixed, object))
        shown.append(frame.set_axis([f"{name}, {row(place)}" for place in frame.index]))
    told = [
        said if name in said else f"{name}: {said}"
        for name, part in zip(found.names, parts, strict=True)
        for said in part.told
    ]
    return replace(
        first,
        frame=pd.concat(shown),
        labels=together.labels(found.names, [part.labels for part in parts], columns),
        two_ways=any(part.two_ways for part in parts),
        told=tuple(told),
    )


def _repeated(found: Together, frame: pd.DataFrame, columns: int, options: Options) -> list[str]:
    """What is told of rows that repeat another in all columns, of which the frame may have some only."""
    if found.ending in (".csv", *files.WORKBOOKS):
        return repeats.of_frame(frame) if len(frame.columns) == columns else []
    if not len(frame) or not frame.duplicated().any():
        return []
    if found.ending == ".parquet":
        return repeats.in_parquet(found.files, columns, len(frame))
    return repeats.in_statistical(found.files, statistical.tried(found.files[0].path, options.encoding))
