"""One run of one notebook: where its results go, what each of its sections read, and the record of what it made.

Under `make` the runner says by environment variables where to write. In JupyterLab results go to
`build/interactive/<name of the notebook's file>/`, which each run empties first; where papermill or another program runs a
notebook, they go to a fresh folder beside its output, or in the directory it was called from.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any

from helpers.kept import PACKAGE, label, stamp
from helpers.notebook import parameters, source
from helpers.project import ROOT, InputError, locate, relative
from helpers.read import files
from helpers.read.files import OPTIONS, Options


@dataclass
class Session:
    """A notebook's name, its parameters and their defaults, its folder for results, and how names and links begin."""

    notebook: str
    parameters: dict[str, Any]
    defaults: dict[str, Any]
    folder: Path
    stem: str
    links: str
    names: list[str] = field(default_factory=list)

    @property
    def options(self) -> Options:
        """How the user says that files are to be read."""
        asked = {*OPTIONS} & self.parameters.keys()
        return Options(**{name: self.parameters[name] for name in asked})


@dataclass
class Section:
    """A part of a notebook. Its figures, tables and ledger entries rest on the files that are read through it.

    `of_print`: the user's file holds numbers that somebody printed, and no records.
    """

    run: Session
    of_print: bool = False
    sources: list[Path] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def reads(self, path: str | Path) -> Path | str:
        """Note that the section rests on a file, a folder or a zip, and return its place.

        An edit of it reruns the notebook; so do a new file in a folder, an edited one and one that is gone. With engine
        "spark" it may be a table, by its name.
        """
        if not str(path):
            raise InputError("`data` is empty. Name your file in it.")
        place = files.named(str(path), self.run.parameters.get("engine", ""))
        if isinstance(place, str):
            self.tables.append(place)
            return place
        if not place.exists():
            raise InputError(f"{path}: there is no such file or folder. {files.FROM_HERE}")
        looks_in(self.run, place)
        if place.is_dir():
            inside = files.sources(place, files.ENDINGS)
            for read in [*sorted({file.parent for file in inside} - {place}), *inside]:
                looks_in(self.run, read)
        if place not in self.sources:
            self.sources.append(place)
        return place

    @property
    def of_users_data(self) -> bool:
        """Whether it rests on a file of the user's, and not on the example that the build shows."""
        return self.run.notebook.startswith(f"{source.OWN}/") and self.state != "simulated"

    @property
    def states(self) -> set[str]:
        """States of all that was read."""
        return {files.state_of(path) for path in self.sources} | ({"microdata"} if self.tables else set())

    @property
    def names(self) -> list[str]:
        """What was read, as the small print has it."""
        return [*map(relative, self.sources), *(f"table {name}" for name in self.tables)]

    @property
    def state(self) -> str:
        """State of what was read: of several, the one furthest from print; printed numbers alone are recomputed."""
        state = min(self.states, key=files.STATES.index)
        printed = state == "published" or (self.of_print and state == "microdata")
        return "recomputed" if printed else state


def start(notebook: str, namespace: dict[str, Any]) -> Session:
    """Begin a run. `namespace` is the notebook's `globals()`; the declared parameters are taken from it.

    Where a notebook of `your-data/` has all its defaults, its parameters are those of the first ready file in
    `params/` that names the same data. Raises InputError when a parameter has a wrong type or its cell was not run,
    RuntimeError when this kernel is another Python than the one that `make` uses.
    """
    path = source.path_of(notebook)
    defaults = {p.name: p.default for p in parameters.declared(path)}
    if unknown := [name for name in defaults if name not in namespace]:
        raise InputError(
            f"`{unknown[0]}` has no value yet: run the notebook from its first cell on, the cell of parameters included."
        )
    values = {name: namespace[name] for name in defaults}
    expected = os.environ.get("COMPENDIUM_PYTHON", sys.executable)
    if sys.executable != expected:
        raise RuntimeError(f"this kernel runs {sys.executable}, the build runs {expected}")
    if (expected := os.environ.get("COMPENDIUM_CODE", str(PACKAGE))) != str(PACKAGE):
        raise RuntimeError(f"this kernel runs the code of {PACKAGE}, the build that of {expected}")
    if "COMPENDIUM_FOLDER" not in os.environ:  # make has checked them
        values = parameters.check(path, values, f"notebooks/{notebook}.ipynb")
    example = _example(notebook, values.get("data")) if values == defaults else None
    if example:
        values |= parameters.read(example)
    folder, stem, links = _places(notebook, namespace)
    for name in ("figures", "tables"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    session = Session(notebook, values, defaults, folder, stem, links)
    note(session, "start", python=sys.executable, code=str(PACKAGE), parameters=values)
    if example:
        looks_in(session, example)
    return session


def section(run: Session, *paths: str | Path, of_print: bool = False) -> Section:
    """Begin a section that has read these files. `of_print`: the user's file holds printed numbers."""
    begun = Section(run, of_print)
    for path in paths:
        begun.reads(path)
    return begun


def refuse(session: Session, names: Iterable[str], why: str) -> None:
    """Raise InputError where one of these parameters is given (is not its default): nothing would come of it in this run."""
    if given := [f"`{name}`" for name in names if session.parameters[name] != session.defaults[name]]:
        raise InputError(f"{', '.join(given)}: {why}")


def note(session: Session, kind: str, **fields: Any) -> None:
    """Append one line to the run's record."""
    with (session.folder / "record.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, **fields}, ensure_ascii=False) + "\n")


def looks_in(session: Session, folder: str | Path) -> Path:
    """Note that the run depends on a file that is no source, or on a folder, which may be absent; return its place.

    What the run itself writes there must be written before.
    """
    place = locate(folder)
    note(session, "input", path=label(place), stamp=stamp(place))
    return place


def opens(session: Session, data: str, engine: str = "duckdb") -> Path | str:
    """As `looks_in`; a table, which only engine "spark" takes, is noted by name: whether it has changed nobody can know."""
    found = files.named(data, engine)
    if isinstance(found, Path):
        return looks_in(session, found)
    note(session, "queried", name=found)
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    """Record of the run that wrote into `folder`."""
    file = folder / "record.jsonl"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def _example(notebook: str, data: str | None) -> Path | None:
    """The first ready file of parameters for this notebook that names `data`."""
    if not notebook.startswith(f"{source.OWN}/"):
        return None
    files = sorted((ROOT / "params").glob(f"{Path(notebook).name[:2]}-own*.yml"))
    return next((file for file in files if parameters.read(file).get("data") == data), None)


def _places(notebook: str, namespace: dict[str, Any]) -> tuple[Path, str, str]:
    """The folder for results, how the names of files in it begin, and what stands before links to them."""
    stem = Path(notebook).name
    if "COMPENDIUM_FOLDER" in os.environ:
        return Path(os.environ["COMPENDIUM_FOLDER"]), os.environ["COMPENDIUM_STEM"], os.environ["COMPENDIUM_LINKS"]
    opened = os.environ.get("JPY_SESSION_NAME")  # as JupyterLab tells it
    here = Path.cwd()
    if output := namespace.get("PAPERMILL_OUTPUT_PATH"):  # as papermill --inject-output-path tells it
        return _fresh(Path(output).absolute().with_suffix("")), stem, ""
    if opened or here.is_relative_to(source.FOLDER):
        place = Path(opened) if opened else Path(notebook)
        folder = ROOT / "build" / "interactive" / source.slug(notebook)
        if opened and place.stem != stem:  # a copy under another name
            folder = folder.with_name(place.stem)
        shutil.rmtree(folder, ignore_errors=True)
        return folder, stem, f"{os.path.relpath(folder, here)}/"
    return _fresh(here / f"{stem}-results"), stem, ""


def _fresh(wanted: Path) -> Path:
    """A folder that is not there yet, named on the page."""
    others = (wanted.with_name(f"{wanted.name}-{number}") for number in count(2))
    folder = next(place for place in chain([wanted], others) if not place.exists())
    print(f"Figures and tables are written to {folder}.")
    return folder
