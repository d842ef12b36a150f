"""The checks before sums leave the data holder: nothing about 1 to 9 students may be told, or follow from what is told."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects
from helpers.estimate.moments import Moments
from helpers.estimate.panels import by_schools
from helpers.project import InputError
from helpers.read.suppression import MINIMUM, is_small
from helpers.release import audit
from helpers.release.panels import Panel, drop, in_words, own_clusters

FEWEST_GROUPS = 3
"""Schools and clusters that pooled sums must rest on."""


def check_schools(found: dict[str, Panel], merged: dict[str, list[str]], dropped: Sequence[str]) -> None:
    """Raise InputError when `merge` or `drop` names a school that is not there, or one twice, or cannot be done.

    `found`: panels as the records have them. A group needs a new name and schools of one cluster; some school stays.
    """
    known = {school for panel in found.values() for school in panel.moments.schools}
    named = [*dropped, *(member for members in merged.values() for member in members)]
    if absent := sorted(set(named) - known):
        raise InputError(
            f"merge or drop: no school {', '.join(map(repr, absent[:3]))} ({len(absent)} in all). Write the ids as "
            "in the file."
        )
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise InputError(f"merge or drop: school {twice[0]!r} stands there twice. Name it once.")
    if taken := [name for name, members in merged.items() if name in known and name not in members]:
        raise InputError(f"merge: there is a school {taken[0]!r} already. Take another name.")
    _of_each(found, lambda panel: _check_left(drop(panel.moments, dropped), merged))


def check(panels: dict[str, Panel], dropped: Sequence[str], kind: str) -> None:
    """Raise InputError for panels whose sums tell about 1 to 9 students, or about one of so few schools.

    `school`: no school may have such a cell. `pooled`: 3 schools and 3 clusters or more, and no such cell over all
    schools. In both, no such group may follow from all that is told (`audit`). When schools were dropped, their records must not be countable as what is not in the sums.
    """

    def of_panel(panel: Panel) -> None:
        _check_values(panel, kind)
        groups = min(panel.within.n_schools, len(panel.within.clusters))
        if kind == "pooled" and groups < FEWEST_GROUPS:
            raise InputError(
                f"sums over {groups} schools or clusters tell about each of them. A pooled release needs "
                f"{FEWEST_GROUPS} of both: use fewer panels, or smaller clusters."
            )
        if kind == "pooled":
            _check_terms(panel)
        {"school": _check_school_cells, "pooled": _check_pooled_cells}[kind](panel)
        _check_what_follows(panel, kind)
        rest = panel.moments.left_out
        if dropped and is_small(rest):
            raise InputError(
                f"only {rest} records are not in the sums, those of dropped schools among them. "
                "Whoever knows how many records there are can count them. Drop another school too, or merge."
            )

    _of_each(panels, of_panel)


def _of_each(panels: dict[str, Panel], check: Callable[[Panel], None]) -> None:
    """Check every panel. Raises InputError that tells of all that fail."""
    refusals = []
    for name, panel in panels.items():
        try:
            check(panel)
        except InputError as error:
            refusals.append(f"panel {name!r}: {error}")
    if refusals:
        raise InputError("\n".join(refusals))


def _check_left(sums: Moments, merged: dict[str, list[str]]) -> None:
    if not len(sums.schools):
        raise InputError("no school is left. Drop fewer.")
    for name, members in merged.items():
        if not own_clusters(sums) and len(set(sums.clusters[np.isin(sums.schools, members)])) > 1:
            raise InputError(f"merge: the schools of {name!r} lie in more than one cluster. Merge within clusters.")


def _check_values(panel: Panel, kind: str) -> None:
    """Refuse a numeric column that takes so few values that its sums count the students of each.

    Two values: the sum is a count; a control must then be a category, and an outcome is counted as one (see
    `panels.cells`). Three: sum and sum of squares give the three counts, which matters where they are told by school.
    """
    values, outcome = panel.values, panel.model.outcome
    for column in panel.model.controls:
        if len(values[column]) in ((2,) if kind == "pooled" else (2, 3)):
            raise InputError(
                f"column {column!r}: a control with no other values than {_listed(values[column])} is a category in "
                "disguise. Move it from `controls` to `categories`."
            )
    if kind == "school" and len(values[outcome]) == 3:
        raise InputError(
            f"column {outcome!r}: of an outcome with no other values than {_listed(values[outcome])} the "
            "sums and squares by school count the students of each. Release pooled sums."
        )


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _check_school_cells(panel: Panel) -> None:
    schools, counts = panel.moments.schools, np.array(list(panel.cells.values()))
    small = is_small(counts)
    concerned = np.flatnonzero(small.any(axis=0))
    if len(concerned):
        cells, least = list(panel.cells), np.where(small, counts, MINIMUM).argmin(axis=0)
        first = "; ".join(f"{schools[g]} ({in_words(cells[least[g]])}: {counts[least[g], g]})" for g in concerned[:5])
        raise InputError(
            f"{len(concerned)} of {len(schools)} schools have a cell of 1 to {MINIMUM - 1} students. "
            f"The first, with their smallest: {first}. Put schools together (`merge: {{new name: [ids]}}`) "
            "or leave them out (`drop: [ids]`) in the parameters, use fewer categories or levels, or release pooled sums."
        )


def _check_pooled_cells(panel: Panel) -> None:
    told = {cell: int(counts[0]) for cell, counts in panel.told("pooled").items()}
    if small := {cell: total for cell, total in told.items() if is_small(total)}:
        first = "; ".join(f"{in_words(cell)}: {total}" for cell, total in list(small.items())[:3])
        raise InputError(
            f"{len(small)} cells over all schools have 1 to {MINIMUM - 1} students. The first: {first}. "
            "Use fewer categories or levels, or fewer panels."
        )


def _check_terms(panel: Panel) -> None:
    """Refuse pooled sums of a term that varies within one or two schools only: they are the sums of these."""
    by_school = fixed_effects.within(by_schools(panel.moments))
    varies = zip(by_school.terms, fixed_effects.varying(by_school), strict=True)
    if few := [f"{term} ({n})" for term, n in varies if n < FEWEST_GROUPS]:
        raise InputError(
            f"terms that vary within fewer than {FEWEST_GROUPS} schools: {', '.join(few)}. Their sums are those of these "
            "schools. Leave the column out, or put levels together."
        )


def _check_what_follows(panel: Panel, kind: str) -> None:
    """Refuse sums from which those of a few students follow by subtraction: a remainder, an empty pair of levels."""
    columns = list(panel.patterns.columns.drop(["school", "n"]))
    parts = panel.patterns.groupby("school") if kind == "school" else [("all schools", panel.patterns)]
    until, concerned = time.monotonic() + audit.SECONDS, []
    for school, rows in parts:
        table = rows.groupby(columns, as_index=False)["n"].sum()
        few = audit.few_told(audit.design(table[columns]), table["n"].to_numpy(), until - time.monotonic())
        if few.any():
            concerned.append(f"{school} ({_who(table[few], columns)})")
    if concerned:
        more = f" and {len(concerned) - 5} more" if len(concerned) > 5 else ""
        raise InputError(
            f"by subtraction the sums tell about fewer than {MINIMUM} students: {'; '.join(concerned[:5])}{more}. Use fewer "
            "categories or levels, one column for levels that exclude each other, or put schools together (`merge`)."
        )


def _who(rows: pd.DataFrame, columns: list[str]) -> str:
    """Whom a function tells about: how many, and what the first of them are."""
    first = ", ".join(f"{column} {rows[column].iloc[0]}" for column in columns)
    return f"{rows['n'].sum()} students: {first}{', and others' if len(rows) > 1 else ''}"
