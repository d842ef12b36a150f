"""One run of one notebook: where its results go, and the record of what it read and made.

Under `make` the runner says by environment variables where to write. In JupyterLab results go to
`build/interactive/<notebook>/`, so that trying things out never touches the results of `make all`.
"""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.kept import label, stamp
from helpers.notebook import parameters, source
from helpers.project import ROOT, InputError, locate


@dataclass
class Session:
    """A notebook's name, its parameters and their defaults, its folder for results, and the prefix of links to them."""

    notebook: str
    parameters: dict[str, Any]
    defaults: dict[str, Any]
    folder: Path
    links: str
    names: list[str] = field(default_factory=list)


def start(notebook: str, namespace: dict[str, Any]) -> Session:
    """Begin a run. `namespace` is the notebook's `globals()`; the declared parameters are taken from it.

    Raises InputError when a parameter has a wrong type, RuntimeError when this kernel is another Python than
    the one that `make` uses.
    """
    path = source.path_of(notebook)
    defaults = {p.name: p.default for p in parameters.declared(path)}
    values = {name: namespace[name] for name in defaults}
    expected = os.environ.get("COMPENDIUM_PYTHON", sys.executable)
    if sys.executable != expected:
        raise RuntimeError(f"this kernel runs {sys.executable}, the build runs {expected}")
    if "COMPENDIUM_FOLDER" in os.environ:
        folder, links = Path(os.environ["COMPENDIUM_FOLDER"]), os.environ["COMPENDIUM_LINKS"]
    else:
        values = parameters.check(path, values, f"notebooks/{notebook}.ipynb")
        folder = ROOT / "build" / "interactive" / notebook
        links = f"../build/interactive/{notebook}/"
        (folder / "record.jsonl").unlink(missing_ok=True)
    for name in ("figures", "tables"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    session = Session(notebook, values, defaults, folder, links)
    note(session, "start", python=sys.executable, parameters=values)
    return session


def refuse(session: Session, names: Iterable[str], why: str) -> None:
    """Raise InputError where one of these parameters is given (is not its default): nothing would come of it in this run."""
    given = [f"`{name}`" for name in names if session.parameters[name] != session.defaults[name]]
    if given:
        raise InputError(f"{', '.join(given)}: {why}")


def note(session: Session, kind: str, **fields: Any) -> None:
    """Append one line to the run's record."""
    with (session.folder / "record.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, **fields}, ensure_ascii=False) + "\n")


def reads(session: Session, path: str | Path) -> Path:
    """Note that the run rests on a file (so that touching it reruns the notebook), and return its place."""
    place = locate(path)
    if not place.is_file():
        raise InputError(
            f"{path}: there is no such file. Paths are relative to the project's folder."
        )
    note(session, "input", path=label(place), stamp=stamp(place))
    return place


def looks_in(session: Session, folder: str | Path) -> Path:
    """Note that the run depends on what is in a folder (a file that comes or goes reruns the notebook), and return it.

    The folder may be absent. What the run itself writes there must be written before.
    """
    place = locate(folder)
    note(session, "input", path=label(place), stamp=stamp(place))
    return place


def lines(folder: Path) -> list[dict[str, Any]]:
    """Record of the run that wrote into `folder`."""
    file = folder / "record.jsonl"
    return (
        [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        if file.exists()
        else []
    )
