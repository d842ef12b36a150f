"""Read a notebook as its author wrote it: sources and tags, never outputs."""

import hashlib
import json
from pathlib import Path

from helpers.project import ROOT, InputError

FOLDER = ROOT / "notebooks"
OWN = "your-data"
"""Folder, in that of the notebooks, of those that take the user's file."""


def path_of(name: str) -> Path:
    """File of a notebook given by name; a name that does not exist is refused with the list of those that do."""
    path = FOLDER / f"{name}.ipynb"
    if not path.is_file():
        raise InputError(f"There is no notebook {name!r}. There are: {', '.join(names())}.")
    return path


def names() -> list[str]:
    """Names of the project's notebooks, in reading order: evidence, then `your-data/...`."""
    paths = [*sorted(FOLDER.glob("[0-9]*.ipynb")), *sorted((FOLDER / OWN).glob("[0-9]*.ipynb"))]
    return [path.relative_to(FOLDER).with_suffix("").as_posix() for path in paths]


def slug(name: str) -> str:
    """Name of a notebook as files of the standard build begin: `your-data-05-satisfaction`."""
    return name.replace("/", "-")


def cells(path: Path) -> list[dict]:
    """Cells of a notebook as dicts `type, text, tags`."""
    return [
        {"type": cell["cell_type"], "text": "".join(cell["source"]), "tags": cell["metadata"].get("tags", [])}
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]


def code(path: Path) -> str:
    """All code of a notebook as one text."""
    return _text(path, "code")


def _text(path: Path, kind: str) -> str:
    return "\n".join(cell["text"] for cell in cells(path) if cell["type"] == kind)


def digest(path: Path) -> str:
    """Fingerprint of what the author wrote: the same before and after a run, other after an edit."""
    return hashlib.sha256(json.dumps(cells(path), sort_keys=True).encode()).hexdigest()


def title(path: Path) -> str:
    """First heading of the notebook."""
    return _first_line(path, "# ")


def question(path: Path) -> str:
    """The question under the title: the first line of the notebook that is a block quote."""
    return _first_line(path, ">")


def _first_line(path: Path, mark: str) -> str:
    lines = _text(path, "markdown").splitlines()
    return next(line.removeprefix(mark).strip() for line in lines if line.startswith(mark))
