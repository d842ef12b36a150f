"""What somebody who has an earlier run of the same notebook, too, would know: where their counts of people differ by a few."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from helpers.project import ROOT
from helpers.read import saved
from helpers.read.suppression import is_small

RUNS = ROOT / "build" / "runs"
_COUNTS = ["n", "respondents", "answered", "teachers", "stayed", "complete", "records"]
_GROUPS = ["system", "group"]
_WITHIN = ["cycle", "panel", "year", "wave", "scale", "item", "label", "method", "specification"]
_ALL = "all"

Apart = list[tuple[str, str, int, int]]
"""Of each place where two runs differ by a few: the earlier run, whom it counts, how many now, and how many then."""


def apart(folder: Path, stem: str, others: Iterable[Path]) -> Apart:
    """Where counts of a run that lies in `folder`, its files called `stem`, differ by one to nine from those of other runs."""
    alike = [place for place in others if next(place.glob(f"*/{stem}--*.csv"), None)]
    own, found = _counts(folder, stem) if alike else {}, {}
    for place in alike:
        for key, then in _counts(place, stem).items():
            now = own.get(key)
            if now is not None and is_small(abs(now - then)):
                found.setdefault((place.name, ", ".join(part for part in key[2:] if part)), (int(now), int(then)))
    return [(*key, *counts) for key, counts in found.items()]


def runs() -> list[Path]:
    """Folders of all runs with parameters that lie in the project."""
    return sorted(place for place in RUNS.iterdir() if place.is_dir()) if RUNS.is_dir() else []


def _counts(folder: Path, stem: str) -> dict[tuple[str, ...], float]:
    """Counts of people by table, what is counted, and of whom: also of all groups together, and of those of one level of a column."""
    found: dict[tuple[str, ...], float] = {}
    for path in sorted(folder.glob(f"*/{stem}--*.csv")):
        table = saved.read(path) if path.stat().st_size > 1 else pd.DataFrame()
        table = (
            table[table["n_systems"].isna()] if "n_systems" in table else table
        )  # means over groups count nobody anew
        group = next((name for name in _GROUPS if name in table), "")
        names = [name for name in _WITHIN if name in table]
        for column in [name for name in _COUNTS if name in table and pd.api.types.is_numeric_dtype(table[name])]:
            rows = table.dropna(subset=column).drop_duplicates([*names, *filter(None, [group]), column])
            for row in rows.to_dict("records"):
                who = str(row[group]) if group else ""
                # Groups of several columns are called "science, high".
                together = [
                    *(who.split(", ") if ", " in who else []),
                    *([_ALL] if group == "system" and who != _ALL else []),
                ]
                for name in dict.fromkeys([who, *together]):
                    key = (
                        path.stem,
                        column,
                        name,
                        *("" if other == "cycle" and not row[other] else str(row[other]) for other in names),
                    )
                    found[key] = found.get(key, 0.0) + float(row[column])
    return found
