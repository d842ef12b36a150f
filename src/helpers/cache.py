"""Keep the tables of a long simulation between builds: made once for given code and arguments.

A simulation with a seed is a pure function, so its result may be kept as long as its code stands. Code counts by
content: a copied project finds what was made before. Only simulated results belong here.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import staleness
from helpers.project import ROOT

FOLDER = ROOT / "build" / "cache"


def tables(
    module: str, arguments: Any, make: Callable[[], dict[str, pd.DataFrame]]
) -> dict[str, pd.DataFrame]:
    """Tables that `make` gives for `arguments`, from the cache when the code of `module` made them before.

    `arguments` must have a `repr` that tells all. Whatever was kept for other code or arguments is removed.
    """
    key = _key(module, repr(arguments))
    folder = FOLDER / f"{module}-{key}"
    if folder.is_dir():
        return _read(folder)
    FOLDER.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{module}.aside-", dir=FOLDER))
    try:
        made = aside / "made"
        made.mkdir()
        for name, table in make().items():
            table.to_csv(made / f"{name}.csv", index=False)
        # Read back, so that a first run and a later one give the same to the last digit.
        found = _read(made)
        for old in FOLDER.glob(f"{module}-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        _put(made, folder)
    finally:
        shutil.rmtree(aside)
    return found


def _read(folder: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


def _put(made: Path, folder: Path) -> None:
    """Whole or not at all; where another build at the same time was quicker, its tables stay."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _key(module: str, arguments: str) -> str:
    digest = hashlib.sha256(arguments.encode())
    for path in [*staleness.closure({module}), _lock()]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _lock() -> Path:
    return ROOT / "requirements.lock"
