"""Files of one kind that are read as one: which they are, and a refusal where they do not belong together."""

import zipfile
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from helpers.project import InputError, relative
from helpers.read import files
from helpers.read.files import Found, listed, shortened
from helpers.read.headers import Head

_MARKS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class Together:
    """The files of one source in the order of their names, their ending, and what messages call them together.

    `told`: which other files lie beside them.
    """

    files: list[Found]
    ending: str
    name: str
    told: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """What messages call each file."""
        return [file.name for file in self.files]


def find(source: Path | Sequence[Path], held: ExitStack | None = None) -> Together:
    """The files of records of a file, a folder, a zip or a list of files; those of a zip are there while `held` is open.

    Hidden files are passed over, files of other kinds too, which is told. Raises InputError for none, for two kinds, for
    damaged ones, and for a zip where nothing is held.
    """
    if not isinstance(source, Path):
        found, name, told = [Found(path, relative(path)) for path in source], _called(list(source)), []
    elif source.is_dir() or source.suffix.lower() == ".zip":
        paths = files.sources(source, files.ENDINGS)
        within = files.find(source, files.ENDINGS)
        found = held.enter_context(within) if held else [Found(path, relative(path)) for path in paths]
        name, told = relative(source), _passed_over(source)
    else:
        found, name, told = [Found(source, relative(source))], relative(source), []
        if not source.suffix and not source.exists():
            raise InputError(f"{name}: there is no such file or folder. {files.FROM_HERE}")
    if not found:
        what = f"{name}: the zip holds none of {', '.join(files.ENDINGS)}" if name else "no file is named"
        raise InputError(f"{what}. Name a file, or a folder or a zip of files of one kind.")
    kinds: dict[str, str] = {}
    for file in found:
        kinds.setdefault(files.check(file.path, name=file.name), file.name)
    if len(kinds) > 1:
        both = " and ".join(list(kinds.values())[:2])
        raise InputError(f"{both} are files of two kinds. Keep files of one kind together.")
    return Together(found, next(iter(kinds)), name, tuple(told))


def refuse_unlike(names: Sequence[str], columns: Sequence[dict[str, str]]) -> None:
    """All files must have the columns of the first, text where it has text and no text where it has none.

    Parameters
    ----------
    names, columns : of each file what messages call it, and its columns -> kind ("text", any other, "" where unknown)
    """
    first = columns[0]
    for name, found in zip(names, columns, strict=True):
        for which, those in (("lacks", first.keys() - found), ("also has", found.keys() - first)):
            if those:
                raise InputError(
                    f"{name} {which} the column {listed(map(shortened, sorted(those)))}, unlike {names[0]}. "
                    "Files that belong together need the same columns."
                )
        for column in found:
            here, there = ("text" if of[column] == "text" else "numbers" for of in (found, first))
            if here != there and found[column] and first[column]:
                raise InputError(
                    f"{name}, column {column!r}: {here}, but {there} in {names[0]}. Save the column "
                    "in the same way in all files."
                )


def refuse_marks(names: Sequence[str], heads: Sequence[Head]) -> None:
    """Text files with other marks between their columns may write 1.5 in other ways, which nobody sees in the sum."""
    for name, head in zip(names, heads, strict=True):
        if head.mark != heads[0].mark:
            here, there = (_MARKS.get(mark, f"{mark!r}") for mark in (head.mark, heads[0].mark))
            raise InputError(
                f"{name} has {here} between its columns, and {names[0]} has {there}, so their numbers may be written in two "
                "ways. Save them in the same way."
            )


def labels(
    names: Sequence[str], found: Sequence[dict[str, dict[str, str]]], columns: Collection[str]
) -> dict[str, dict[str, str]]:
    """Column -> code -> value label of all files; InputError where a code means two things, or a label has two codes.

    Parameters
    ----------
    names, found : of each file what messages call it, and its column -> code -> value label
    columns : those that are used
    """
    merged: dict[str, dict[str, str]] = {}
    for column in columns:
        first = found[0].get(column, {})
        merged[column] = dict(first)
        for name, of in zip(names[1:], found[1:], strict=True):
            place = f"{name}, column {column!r}"
            if bool(of.get(column)) != bool(first):
                with_some, without = (name, names[0]) if of.get(column) else (names[0], name)
                raise InputError(
                    f"{place}: {with_some} names its codes, and {without} does not. Give all files the same value labels."
                )
            for code, text in of.get(column, {}).items():
                _put(merged[column], code, text, place, names)
    return {column: named for column, named in merged.items() if named}


def _put(known: dict[str, str], code: str, text: str, place: str, names: Sequence[str]) -> None:
    remedy = f"unlike a file before it ({listed(names, 3)}). Give all files the same value labels."
    if code in known and known[code].strip() != text.strip():
        raise InputError(
            f"{place}: the code {code} is {shortened(text)}, and {shortened(known[code])} elsewhere, {remedy}"
        )
    others = [other for other, word in known.items() if word.strip() == text.strip()]
    if code not in known and others:
        raise InputError(f"{place}: {shortened(text)} is the code {code}, and {others[0]} elsewhere, {remedy}")
    known.setdefault(code, text)


def _called(paths: list[Path]) -> str:
    """What to call a list of files together."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return relative(paths[0]) + more if paths else ""


def _passed_over(place: Path) -> list[str]:
    """A sentence on the files of a folder or a zip that are not read; hidden ones need none."""
    if place.is_dir():
        inside: Iterable[PurePosixPath] = [
            PurePosixPath(path.relative_to(place).as_posix()) for path in sorted(place.rglob("*")) if path.is_file()
        ]
    else:
        with zipfile.ZipFile(place) as archive:
            inside = [PurePosixPath(member.filename) for member in archive.infolist() if not member.is_dir()]
    read = (*files.ENDINGS, *([".zip"] if place.is_dir() else []))
    others = [path.name for path in inside if path.suffix.lower() not in read and not files.is_junk(path.parts)]
    return [f"Not read in {relative(place)}: {listed(others)}."] if others else []
