"""The checks before sums leave the data holder: nothing about a few students may be told, or follow from what is told."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects
from helpers.estimate.moments import Moments
from helpers.estimate.panels import by_schools
from helpers.project import InputError
from helpers.read.suppression import is_small
from helpers.release import audit, dominance
from helpers.release.earlier import FEWEST_GROUPS
from helpers.release.panels import Panel, drop, in_words, own_clusters
from helpers.release.risk import Limits


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


class Check(NamedTuple):
    """One question to a panel: its name, of which releases, the limit, and what raises InputError where it is not kept."""

    name: str
    kinds: tuple[str, ...]
    limit: Callable[[Limits], float | str]
    of_panel: Callable[[Panel, str, Limits], None]


def check(panels: dict[str, Panel], dropped: Sequence[str], kind: str, limits: Limits) -> dict[str, list[dict]]:
    """What each check found in each panel: rows of `check, limit, outcome`. Raises InputError that tells of all panels that fail.

    `school`: no school may have a cell of a few students. `pooled`: 3 schools and 3 clusters or more, and no such cell over all
    schools. In both, no such group may follow from all that is told (`audit`). When schools were dropped, their
    records must not be countable as what is not in the sums.

    Parameters
    ----------
    panels, kind : by name, as `panels.prepare` gives them; "pooled" or "school"
    dropped, limits : schools that were left out; what sums must keep to
    """

    asked = [one for one in CHECKS if kind in one.kinds]

    def of_panel(panel: Panel) -> None:
        for one in asked:
            one.of_panel(panel, kind, limits)
        rest = panel.moments.left_out
        if dropped and is_small(rest, limits.threshold):
            raise InputError(
                f"only {rest} records are not in the sums, those of dropped schools among them. "
                "Whoever knows how many records there are can count them. Drop another school too, or merge."
            )

    _of_each(panels, of_panel)
    passed = [{"check": one.name, "limit": one.limit(limits), "outcome": "pass"} for one in asked]
    return dict.fromkeys(panels, passed)


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


def _check_values(panel: Panel, kind: str, _: Limits) -> None:
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


def _check_groups(panel: Panel, _: str, __: Limits) -> None:
    groups = min(panel.within.n_schools, len(panel.within.clusters))
    if groups < FEWEST_GROUPS:
        raise InputError(
            f"sums over {groups} schools or clusters tell about each of them. A pooled release needs "
            f"{FEWEST_GROUPS} of both: use fewer panels, or smaller clusters."
        )


def _check_cells(panel: Panel, kind: str, limits: Limits) -> None:
    {"school": _check_school_cells, "pooled": _check_pooled_cells}[kind](panel, limits.threshold)


def _check_school_cells(panel: Panel, minimum: int) -> None:
    schools, counts = panel.moments.schools, np.array(list(panel.cells.values()))
    small = is_small(counts, minimum)
    concerned = np.flatnonzero(small.any(axis=0))
    if len(concerned):
        cells, least = list(panel.cells), np.where(small, counts, minimum).argmin(axis=0)
        first = "; ".join(f"{schools[g]} ({in_words(cells[least[g]])}: {counts[least[g], g]})" for g in concerned[:5])
        raise InputError(
            f"{len(concerned)} of {len(schools)} schools have a cell of 1 to {minimum - 1} students. "
            f"The first, with their smallest: {first}. Put schools together (`merge: {{new name: [ids]}}`) "
            "or leave them out (`drop: [ids]`) in the parameters, use fewer categories or levels, or release pooled sums."
        )


def _check_pooled_cells(panel: Panel, minimum: int) -> None:
    told = {cell: int(counts[0]) for cell, counts in panel.told("pooled").items()}
    if small := {cell: total for cell, total in told.items() if is_small(total, minimum)}:
        first = "; ".join(f"{in_words(cell)}: {total}" for cell, total in list(small.items())[:3])
        raise InputError(
            f"{len(small)} cells over all schools have 1 to {minimum - 1} students. The first: {first}. "
            "Use fewer categories or levels, or fewer panels."
        )


def _check_terms(panel: Panel, _: str, __: Limits) -> None:
    """Refuse pooled sums of a term that varies within one or two schools only: they are the sums of these."""
    by_school = fixed_effects.within(by_schools(panel.moments))
    varies = zip(by_school.terms, fixed_effects.varying(by_school), strict=True)
    if few := [f"{term} ({n})" for term, n in varies if n < FEWEST_GROUPS]:
        raise InputError(
            f"terms that vary within fewer than {FEWEST_GROUPS} schools: {', '.join(few)}. Their sums are those of these "
            "schools. Leave the column out, or put levels together."
        )


def _check_what_follows(panel: Panel, kind: str, limits: Limits) -> None:
    """Refuse sums from which those of a few students follow by subtraction: a remainder, an empty pair of levels."""
    columns = list(panel.patterns.columns.drop(["school", "n"]))
    parts = panel.patterns.groupby("school") if kind == "school" else [("all schools", panel.patterns)]
    until, concerned = time.monotonic() + audit.SECONDS, []
    for school, rows in parts:
        table, left = rows.groupby(columns, as_index=False)["n"].sum(), until - time.monotonic()
        few = audit.few_told(audit.design(table[columns]), table["n"].to_numpy(), left, limits.threshold)
        if few.any():
            concerned.append(f"{school} ({_who(table[few], columns)})")
    if concerned:
        more = f" and {len(concerned) - 5} more" if len(concerned) > 5 else ""
        raise InputError(
            f"by subtraction the sums tell about fewer than {limits.threshold} students: {'; '.join(concerned[:5])}{more}. Use "
            "fewer categories or levels, one column for levels that exclude each other, or put schools together (`merge`)."
        )


def _check_fractions(panel: Panel, _: str, limits: Limits) -> None:
    """Refuse pooled sums of so few schools that what each of them adds follows, where that would tell about a few students."""
    if not audit.school_by_school(panel.counts.records):
        return
    try:
        _check_school_cells(panel, limits.threshold)
        _check_what_follows(panel, "school", limits)
    except InputError as error:
        raise InputError(
            f"pooled sums over {len(panel.counts.records)} schools of these sizes are fractions with so many digits that the "
            f"students of each school follow, and {error} Or use fewer panels, so that more schools are in each."
        ) from None


def _who(rows: pd.DataFrame, columns: list[str]) -> str:
    """Whom a function tells about: how many, and what the first of them are."""
    first = ", ".join(f"{column} {rows[column].iloc[0]}" for column in columns)
    return f"{rows['n'].sum()} students: {first}{', and others' if len(rows) > 1 else ''}"


def _check_dominance(panel: Panel, kind: str, limits: Limits) -> None:
    checked = {"school": dominance.check_schools, "pooled": dominance.check_pooled}[kind]
    checked(panel.groups, panel.model, limits)


def _check_alike(panel: Panel, kind: str, _: Limits) -> None:
    dominance.check_alike(panel.groups, panel.model, kind)


def _check_degrees_of_freedom(panel: Panel, kind: str, limits: Limits) -> None:
    """Refuse a panel, or in a release by school a school, whose own fit leaves too few residual degrees of freedom.

    A fit with few of them goes through nearly every outcome.
    """
    data = panel.within
    if (left := data.n - data.n_schools - len(data.terms)) < limits.degrees_of_freedom:
        raise InputError(
            f"{data.n} students in {data.n_schools} schools and {len(data.terms)} terms leave {left} residual degrees of "
            f"freedom, fewer than {limits.degrees_of_freedom}. Use fewer categories, levels or controls."
        )
    if kind == "pooled":
        return
    sums = panel.moments
    left = sums.records - 1 - _own_ranks(sums)
    if few := [f"{sums.schools[g]} ({left[g]})" for g in np.flatnonzero(left < limits.degrees_of_freedom)]:
        more = f" and {len(few) - 5} more" if len(few) > 5 else ""
        raise InputError(
            f"schools whose own fit leaves fewer than {limits.degrees_of_freedom} residual degrees of freedom: "
            f"{', '.join(few[:5])}{more}. Put schools together (`merge`), leave them out (`drop`), or use fewer terms."
        )


def _own_ranks(sums: Moments) -> np.ndarray:
    """How many terms each school's own records tell apart."""
    own = sums.products[:, :-1, :-1] - np.einsum("gi,gj,g->gij", sums.sums[:, :-1], sums.sums[:, :-1], 1 / sums.n)
    scale = np.sqrt(np.maximum(np.einsum("gii->gi", own), 0.0))
    raw = np.sqrt(np.einsum("gii->gi", sums.products[:, :-1, :-1]))
    unit = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 1e-6 * raw)
    return np.linalg.matrix_rank(own * unit[:, :, None] * unit[:, None, :], tol=1e-8, hermitian=True)


_BOTH = "pooled", "school"
CHECKS = (
    Check("values of a number that counts students", _BOTH, lambda _: "more than 2, by school 3", _check_values),
    Check("schools and clusters in the sums", ("pooled",), lambda _: FEWEST_GROUPS, _check_groups),
    Check("schools in which a term varies", ("pooled",), lambda _: FEWEST_GROUPS, _check_terms),
    Check("students in a cell", _BOTH, lambda limits: limits.threshold, _check_cells),
    Check("students in a cell of a school, where schools are few", ("pooled",), lambda limits: limits.threshold, _check_fractions),
    Check("students in what follows by subtraction", _BOTH, lambda limits: limits.threshold, _check_what_follows),
    Check(
        "dominance and p-ratio, of sums and of squares", _BOTH,
        lambda limits: f"n {limits.dominance_n}, k {limits.dominance_k:g}, p {limits.p_ratio:g}",
        _check_dominance,
    ),
    Check("values of a group", _BOTH, lambda _: "not all alike", _check_alike),
    Check("residual degrees of freedom", _BOTH, lambda limits: limits.degrees_of_freedom, _check_degrees_of_freedom),
)  # fmt: skip
"""In this order; the first that fails speaks for its panel."""
