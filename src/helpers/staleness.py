"""What a result depends on, and why it would have to be made again.

A notebook counts by what its author wrote (opening and saving it with outputs changes nothing); helpers, data and
parameter files count by time and size, as make would have it.
"""

import ast
import json
import sys
from pathlib import Path
from typing import Any

from helpers import source
from helpers.project import ROOT, relative, stamp

PACKAGE = Path(__file__).parent


def modules(code: str) -> set[str]:
    """Names of this package's modules that a piece of code imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "helpers":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.split(".")[1]
                for alias in node.names
                if alias.name.startswith("helpers.")
            }
    return {name for name in found if (PACKAGE / f"{name}.py").is_file()}


def closure(names: set[str]) -> list[Path]:
    """Files of these modules and of all that they import in turn."""
    seen: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= modules((PACKAGE / f"{name}.py").read_text(encoding="utf-8")) - seen
    return [PACKAGE / "__init__.py", *(PACKAGE / f"{name}.py" for name in sorted(seen))]


def notebook_stamps(notebook: Path, others: list[Path]) -> dict[str, str]:
    """Fingerprint of everything a run of the notebook depends on: its source, its helpers, `others` (data,
    parameters) and the environment."""
    files = [*closure(modules(source.code(notebook))), ROOT / "requirements.lock", *others]
    return {
        relative(notebook): source.digest(notebook),
        "the Python environment": f"{sys.version} in {sys.prefix}",
        **stamps(files),
    }


def site_stamps(folders: list[Path]) -> dict[str, str]:
    """Fingerprint of everything the site depends on: the runs in `folders`, its code and templates."""
    made_by = [
        *closure({"website"}),
        *sorted(path for path in (PACKAGE / "template").rglob("*") if path.is_file()),
    ]
    return stamps(
        [
            *made_by,
            ROOT / "pyproject.toml",
            *(folder / "state.json" for folder in folders),
        ]
    )


def stamps(files: list[Path]) -> dict[str, str]:
    """Time and size of each file; a missing one has a stamp too."""
    return {label(file): stamp(file) for file in files}


def reason(before: dict[str, Any] | None, now: dict[str, str], made: list[Path]) -> str:
    """Why a result must be made again; empty when it need not."""
    if before is None:
        return "not made yet"
    gone = [path for path in made if not path.exists()]
    if gone:
        return f"{gone[0].name} is gone"
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return f"{changed[0]} changed" if changed else ""


def load(path: Path) -> dict[str, Any] | None:
    """State kept beside a result, None when there is none or it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def label(file: Path) -> str:
    """How a file is called in stamps and messages."""
    return relative(file) if file.is_relative_to(ROOT) else str(file)
