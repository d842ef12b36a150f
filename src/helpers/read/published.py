"""Numbers printed in the papers: one tidy file per table or figure, one row per number."""

from pathlib import Path

import pandas as pd

from helpers.project import ROOT

FOLDER = ROOT / "data" / "published"


def read(path: Path) -> pd.DataFrame:
    """Printed numbers of one file, indexed by their stable `id`.

    Columns: row, group, statistic, value, decimals, unit, locator, and `low, high`: the numbers that print as
    `value` when rounded to its decimals.
    """
    printed = pd.read_csv(path, index_col="id")
    half = 0.5 * 10.0 ** -printed["decimals"]
    return printed.assign(low=printed["value"] - half, high=printed["value"] + half)


def everything() -> pd.DataFrame:
    """All printed numbers of the project, with the `file` each stands in."""
    files = sorted(FOLDER.glob("*.csv"))
    return pd.concat([read(path).assign(file=path.relative_to(ROOT).as_posix()) for path in files])


def as_printed(value: float, decimals: int) -> str:
    """A number with the decimals it has in print."""
    return f"{value:.{max(decimals, 0)}f}"
