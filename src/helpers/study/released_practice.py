"""Released sums in place of the user's records: the same panels, as far as a release holds them.

A release by school gives all that rests on sums of schools. A pooled one gives the estimates and their errors.
"""

import json
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, panels
from helpers.estimate.moments import Model, Moments
from helpers.project import InputError, relative
from helpers.read.accounts import Account
from helpers.release import released
from helpers.study import own_practice

ASKED = ("release", "inference", "standardise")
"""What a reader of a release may ask for; all else was decided by whoever made it."""


@dataclass(frozen=True)
class Study(own_practice.Study):
    """A Study without records. Of a pooled release `panels` are `released.Pooled`, and there are no `moments`.

    `columns`: the notebook's parameters that the release knows; `records`, `left_out`: in the sums and not, the latter roundly.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    records: int = 0
    left_out: int = 0

    @property
    def pooled(self) -> bool:
        """Whether no sums of single schools are told."""
        return not self.moments


def read(folder: Path) -> Study:
    """The study that a folder of a release holds. Raises InputError where it is none, or one of an older version."""
    if not folder.is_dir():
        raise InputError(f"release: {relative(folder)} is no folder. Name the folder of a release as it came.")
    frame = released.read(folder)
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    given, described = about["parameters"], about["panels"]
    if any("levels" not in one for one in described.values()):
        raise InputError(f"{relative(folder)}: an older version made this release. Ask for it again.")
    by_school = "school" in frame
    sums = {panel: _with_levels(frame, panel, one) for panel, one in described.items()} if by_school else {}
    if by_school:
        within = {panel: fixed_effects.within(part) for panel, part in sums.items()}
    else:
        within = {panel: released.read_pooled(frame, panel) for panel in described}
    first, years = next(iter(described.values())), [one["levels"][given["year"]][1:] for one in described.values()]
    if not all(years):
        raise InputError(
            f"{relative(folder)}: a panel of this release holds one year only, so there is no change to estimate. Ask for one with more years."
        )
    model = Model(given["outcome"], given["school"], given["year"], first["references"][given["year"]])
    categories = tuple(name for name in first["references"] if name != given["year"])
    columns = {name: given[name] for name in ("outcome", "school", "year", "cluster", "by")}
    return Study(
        files=[folder / "moments.csv"], model=model, sample=pd.DataFrame(), every=1,
        years=list(dict.fromkeys(year for own in sorted(years, key=len, reverse=True) for year in own)),
        cluster=given["cluster"] if model.school != given["cluster"] else "", categories=categories,
        references={panel: one["references"] for panel, one in described.items()},
        without_panel=0, without_weight=0, moments=sums,
        counts={panel: _counts(part, given, folder) for panel, part in sums.items()},
        panels=within, columns=columns | {"baseline": model.baseline},
        records=sum(one["records"] for one in described.values()),
        left_out=sum(one["incomplete"] for one in described.values()),
    )  # fmt: skip


def account(study: Study, name: str) -> Account:
    """What became of the holder's records; `name`: what the release is called."""
    told = ("They were read by whoever made the release; here are their sums.",)
    return Account(name, study.records + study.left_out, study.records, {"not in the sums": study.left_out}, told)


def notes(study: Study) -> str:
    """How many records are in the sums, and what categories are compared with, in words."""
    left_out = f"; about {study.left_out:,} are not" if study.left_out else ""
    said = f"{study.records:,} records are in the sums{left_out}."
    for column in study.categories:
        levels = {names[column] for names in study.references.values()}
        said += f" Reference of {column}: {', '.join(sorted(levels))}."
    return said


def estimates(study: Study, inference: str, of_units: dict[str, float]) -> pd.DataFrame:
    """As `own_practice.estimates`; intervals of the bootstrap are empty where the release is pooled."""
    if not study.pooled:
        return own_practice.estimates(study, inference, of_units)
    tables = {panel: _table(data, inference, of_units[panel]) for panel, data in study.panels.items()}
    return pd.concat(tables, names=["panel"]).droplevel(1).reset_index()


def joint_tests(study: Study, inference: str) -> pd.DataFrame:
    """As `own_practice.joint_tests`; none of a pooled release, which does not hold what they need."""
    return pd.DataFrame() if study.pooled else own_practice.joint_tests(study, inference)


def specifications(study: Study, of_units: dict[str, float], inference: str = "CR2") -> pd.DataFrame:
    """As `own_practice.specifications`; of a pooled release the other kinds of inference alone."""
    if not study.pooled:
        return own_practice.specifications(study, of_units, inference)
    kinds = {name: kind for kind, name in panels.KINDS.items() if kind not in (inference, "permutation")}
    tables = []
    for panel, data in study.panels.items():
        last = [year for year in study.years if year in data.terms][-1]
        asked = {"as declared": inference} | kinds
        variants = {name: partial(_table, data, kind, of_units[panel]) for name, kind in asked.items()}
        parameters = ["{}", *(f"inference: {kind}" for kind in kinds.values())]
        tables.append(panels.alternatives(variants, last).assign(panel=panel, parameters=parameters))
    return pd.concat(tables, ignore_index=True)


def runnable(variants: pd.DataFrame) -> pd.DataFrame:
    """The rows of `specifications` that a reader can run: those that change what may be asked of a release."""
    return variants[variants["parameters"].str.startswith(("{}", "inference"))]


def _table(data: released.Pooled, inference: str, unit: float) -> pd.DataFrame:
    found = released.table(data, inference, unit)
    if inference == "bootstrap":
        found[["ci_low", "ci_high"]] = np.nan
    return found


def _with_levels(frame: pd.DataFrame, panel: str, described: dict[str, Any]) -> Moments:
    return replace(released.read_school(frame, panel), levels=described["levels"])


def _counts(sums: Moments, given: dict[str, Any], folder: Path) -> Moments:
    """Students behind the sums; where these are weighted, as many as the release keeps to in each cell with somebody."""
    if not given["weight"]:
        return sums
    limits = json.loads((folder / "disclosure.json").read_text(encoding="utf-8"))["limits"]
    return replace(sums, sums=np.where(sums.sums > 0, limits["threshold"], 0))
