"""What is made once, put in place whole or not at all, and made again when its causes changed or it is not as it was.

What counts as changed is the content of a file, never its time: a copied project has nothing to do. A notebook counts
by what its author wrote (see `helpers.notebook.source`). Helpers count one by one, by the imports that are read in them.
Packages count by their version.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.project import ROOT, relative

if TYPE_CHECKING:
    import pandas as pd

PACKAGE = Path(__file__).parent
FOLDER = ROOT / "build" / "cache"
LOCK = ROOT / "requirements.lock"
_LARGE = 2**22


def digest(file: Path) -> str:
    """SHA-256 of a file's content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def stamp(place: Path) -> str:
    """What must differ when a file has changed: its content; of a folder, the names in it."""
    if place.is_dir():
        return ", ".join(sorted(entry.name for entry in place.iterdir())) or "empty"
    return _digest_once(place) if place.exists() else "absent"


def _digest_once(file: Path) -> str:
    """The digest; that of a large file is kept as long as its size and times stay, for reading it takes seconds.

    The time of the last change of its entry (ctime) is one that nobody can set back.
    """
    status = file.stat()
    if status.st_size < _LARGE:
        return digest(file)
    seen = f"{file.absolute()} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    kept = FOLDER / "digests" / hashlib.sha256(seen.encode()).hexdigest()[:16]
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, digest(file))
    return kept.read_text(encoding="utf-8")


def stamps(files: list[Path]) -> dict[str, str]:
    """Stamp of each file under its label; a missing one has a stamp too."""
    return {label(file): stamp(file) for file in files}


def label(file: Path) -> str:
    """How a file is called in stamps and messages: relative to the project where it lies inside."""
    return relative(file) if file.is_relative_to(ROOT) else str(file)


def digests(folder: Path) -> dict[str, str]:
    """Digest of each file in a folder, by its path from there."""
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def packages() -> dict[str, str]:
    """Name -> version of what is installed of the packages that the project needs, and that these need in turn.

    But for JupyterLab and what only it needs: no result comes from there.
    """
    return _installed(*(path.read_text(encoding="utf-8") for path in (ROOT / "pyproject.toml", LOCK)))


@functools.cache
def _installed(project: str, lock: str) -> dict[str, str]:
    """As `packages`, for the texts of the project's file and of its lock."""
    # Some need others under conditions only, which may be here for reasons of their own: the lock has those that count.
    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    found, waiting = {}, list(tomllib.loads(project)["project"]["dependencies"])
    while waiting:
        name = re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", waiting.pop())[0]).lower()
        if name == "jupyterlab" or name in found or name not in locked:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # one for another system
            continue
        found[name] = package.version
        waiting += [text for text in package.requires or () if "extra ==" not in text]
    return found


def reason(before: dict[str, str], now: dict[str, str], folder: Path, made: dict[str, str]) -> str:
    """Why a result must be made again; empty when it need not.

    Parameters
    ----------
    before, now : stamps of its causes, by what they are called
    folder, made : where it lies; digest of each of its files when it was made, by path from there
    """
    changed = (f"{name} changed" for name in {**before, **now} if before.get(name) != now.get(name))
    return spoilt(folder, made) or next(changed, "")


def spoilt(folder: Path, made: dict[str, str]) -> str:
    """Which of the files `made` in a folder (path from there -> digest) is gone or another one; empty when all are whole."""
    for name, whole in made.items():
        if not (folder / name).is_file():
            return f"{Path(name).name} is gone"
        if digest(folder / name) != whole:
            return f"{Path(name).name} is not as it was made"
    return ""


def load(path: Path, *needed: str) -> dict[str, Any] | None:
    """State kept beside a result, None when there is none, it cannot be read, or lacks one of the `needed` mappings."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return state if isinstance(state, dict) and all(isinstance(state.get(name), dict) for name in needed) else None


_LIKE_IMPORTS = re.compile(
    r"(?:^|;)[ \t]*((?:from[ \t]+helpers\b[^\n(;]*(?:\([^)]*\))?)|(?:import[ \t][^\n;]*\bhelpers\b[^\n;]*))", re.M
)


@functools.cache  # every notebook imports the same few modules
def modules(code: str) -> frozenset[str]:
    """Modules of this package that a piece of code imports, by dotted names without `helpers`."""
    named = set()
    for node in _imports(code):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names if alias.name.startswith("helpers.")}
    names = (name.removeprefix("helpers").removeprefix(".") for name in named)
    return frozenset(name for name in names if name and _file(name).is_file())


def _imports(code: str) -> list[ast.AST]:
    """Statements that begin like an import from this package; where one of them is none, as in a docstring, all nodes.

    To parse all the code takes a hundred times as long.
    """
    try:
        return [node for found in _LIKE_IMPORTS.finditer(code) for node in ast.parse(found[1]).body]
    except SyntaxError:
        return list(ast.walk(ast.parse(code)))


def closure(names: set[str]) -> list[Path]:
    """Files of these modules and of all that they import in turn, packages included."""
    seen, waiting = set(), set(names)
    while waiting:
        seen.add(name := waiting.pop())
        waiting |= modules(_file(name).read_text(encoding="utf-8")) | {name.rpartition(".")[0]}
        waiting -= seen | {""}  # what stands in no package
    return [PACKAGE / "__init__.py", *(_file(name) for name in sorted(seen))]


def _file(name: str) -> Path:
    place = PACKAGE.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def tables(module: str, arguments: Any, make: Callable[[], dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Tables that `make` gives for `arguments`, kept between builds as long as the code of `module` stands.

    For simulations with a seed only: pure functions, of arguments whose `repr` tells all. What is stale is removed, and
    what is not whole is made again.
    """
    key = hashlib.sha256(repr((arguments, packages())).encode())
    for path in [*closure({module}), LOCK]:
        key.update(path.read_bytes())
    folder = FOLDER / f"{module}-{key.hexdigest()[:16]}"
    if folder.is_dir():
        state = load(folder / "state.json", "made")
        if state and not spoilt(folder, state["made"]):
            return _read(folder)
        shutil.rmtree(folder)
    with making(folder, f"{module}-*") as aside:
        for name, table in make().items():
            table.to_csv(aside / f"{name}.csv", index=False)
        write_whole(aside / "state.json", json.dumps({"made": digests(aside)}))
        return _read(aside)  # so that a first run and a later one give the same to the last digit


def _read(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd  # a build with nothing to do needs none

    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


@contextmanager
def making(place: Path, older: str) -> Iterator[Path]:
    """A folder to fill, put in place by one rename once full, unless another process was quicker; then `older` go."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix="aside-", dir=place.parent))
    try:
        yield aside
        for old in set(place.parent.glob(older)) - {place}:
            shutil.rmtree(old, ignore_errors=True)
        try:
            aside.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def alone(lock: Path, told: str) -> Iterator[None]:
    """Hold the lock of this file; while another process holds it, say so (`told`) and wait.

    Whoever holds it gives it back by ending, however it ends. Raises OSError where the disk cannot lock files.
    """
    from filelock import FileLock, Timeout

    held = FileLock(lock, fallback_to_soft=False)  # a mark that a killed process leaves behind is no lock
    try:
        held.acquire(timeout=0)
    except Timeout:
        print(told, flush=True)
        held.acquire()
    try:
        yield
    finally:
        held.release()


def swap(made: Path, place: Path) -> None:
    """Put a folder or file in place of the one that is there: between two renames neither is ever half there."""
    old = made.with_name(f"{made.name}.old")
    if old.is_dir():
        shutil.rmtree(old)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.replace(old)
    os.rename(made, place)
    if old.is_dir():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, path)
