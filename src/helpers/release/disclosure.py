"""Before sums leave the data holder: how few students stand behind each of them, and what to do about it.

A cell is a set of students that can be counted from the sums: those of one level of a category (year effects are
levels of the year), or of one level of each of two categories, reference levels among them. A cell of 1 to 9
students must not be told; an empty one may. Dummies of one category exclude each other, so products of two
dummies and the sums give the whole two-way table of each pair, and no table of three.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from helpers.estimate.fixed_effects import Within
from helpers.estimate.moments import Model, Moments, take
from helpers.project import InputError
from helpers.read.suppression import MINIMUM

Cell = tuple[tuple[str, str], ...]
"""One or two pairs of column and level."""


@dataclass(frozen=True)
class Panel:
    """What is released of one panel: sums of the schools that are in it, and how many students are in each cell.

    `model` names every reference level; `rest`: records of the panel that are not in the sums.
    """

    model: Model
    moments: Moments
    within: Within
    cells: dict[Cell, np.ndarray]
    rest: int


def merge(moments: Moments, groups: dict[str, list[str]]) -> Moments:
    """Treat the schools of each group as one: the same as writing the group's name into their records.

    `groups`: new name to schools. A merged school lies in the cluster of its members; where each school is its
    own cluster, so is the merged one. Raises InputError when members lie in several clusters.
    """
    name_of = {member: name for name, members in groups.items() for member in members}
    own = (moments.clusters == moments.schools).all()
    labels = np.array([name_of.get(name, name) for name in moments.schools], dtype=object)
    schools, places = np.unique(labels, return_inverse=True)
    clusters = schools.copy()
    if not own:
        clusters[places] = moments.clusters
        split = labels[clusters[places] != moments.clusters]
        if len(split):
            raise InputError(
                f"merge: the schools of {split[0]!r} lie in more than one cluster. Merge within clusters."
            )

    def added(values: np.ndarray) -> np.ndarray:
        total = np.zeros((len(schools), *values.shape[1:]), values.dtype)
        np.add.at(total, places, values)
        return total

    summed = ("records", "n", "sums", "products", "baseline")
    return replace(
        moments,
        schools=schools,
        clusters=clusters,
        **{name: added(getattr(moments, name)) for name in summed},
    )


def drop(moments: Moments, schools: Collection[str]) -> Moments:
    """Moments without these schools."""
    return take(moments, ~np.isin(moments.schools.astype(str), list(schools)))


def check_schools(
    known: Collection[str], groups: dict[str, list[str]], dropped: Sequence[str]
) -> None:
    """Raise InputError when `merge` or `drop` names a school that is not there, or one twice, or reuses a name."""
    named = [*dropped, *(member for members in groups.values() for member in members)]
    absent = sorted({name for name in named if name not in known})
    if absent:
        raise InputError(
            f"merge or drop: no school {', '.join(map(repr, absent[:3]))} ({len(absent)} in all). Write the ids as "
            "in the file."
        )
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise InputError(f"merge or drop: school {twice[0]!r} stands there twice. Name it once.")
    taken = [name for name, members in groups.items() if name in known and name not in members]
    if taken:
        raise InputError(f"merge: there is a school {taken[0]!r} already. Take another name.")


def recentre(moments: Moments) -> Moments:
    """Centre numeric columns at the weighted means over the schools that are left.

    The centres that came with the sums are means over all records of the file. Released, they would tell about
    the records that are not in the sums: of a single incomplete record they give away the very outcome.
    """
    shift = np.zeros(moments.sums.shape[1])
    numeric = slice(-len(moments.centres), None)
    shift[numeric] = moments.sums.sum(axis=0)[numeric] / moments.n.sum()
    cross = moments.sums[:, :, None] * shift
    square = moments.n[:, None, None] * np.outer(shift, shift)
    count, w, wy, wyy = moments.baseline.T
    dy = shift[-1]
    return replace(
        moments,
        centres=moments.centres + shift[numeric],
        sums=moments.sums - moments.n[:, None] * shift,
        products=moments.products - cross - cross.transpose(0, 2, 1) + square,
        baseline=np.column_stack([count, w, wy - w * dy, wyy - 2 * dy * wy + dy**2 * w]),
    )


def cells(
    counts: Moments,
    levels: dict[str, list[str]],
    outcome: str,
    outcome_values: Sequence[float] = (),
) -> dict[Cell, np.ndarray]:
    """How many students each school has in each cell: G whole numbers by cell.

    `counts` are moments without weights, so that sums of dummies count records; `levels` are those of each category
    as `moments.levels_used` gives them; `outcome_values` are the different values of the column `outcome`: when there
    are two, its sums are counts as well. Raises ValueError when the terms are not those of the levels.
    """
    families = _families(counts, levels, outcome, outcome_values)
    n, sums = counts.records[:, None].astype(float), counts.sums
    table = np.block(
        [[n[:, :, None], sums[:, None, :]], [sums[:, :, None], counts.products]]
    )  # sums of products of (1, z)
    single = {
        ((column, level),): table[:, 0] @ row
        for column, levels in families.items()
        for level, row in levels.items()
    }
    pairs = {
        ((a, level_a), (b, level_b)): np.einsum("i,gij,j->g", row_a, table, row_b)
        for (a, levels_a), (b, levels_b) in combinations(families.items(), 2)
        for level_a, row_a in levels_a.items()
        for level_b, row_b in levels_b.items()
    }
    return {cell: np.rint(found).astype(np.int64) for cell, found in (single | pairs).items()}


def check(panel: Panel, kind: str, dropped: Sequence[str]) -> None:
    """Raise InputError for a panel whose sums tell about 1 to 9 students, or about one of so few schools.

    `school`: no school may have such a cell. `pooled`: 3 schools and 3 clusters or more, and no such cell over all
    schools. When schools were dropped, their records must not be countable as what is not in the sums.
    """
    if kind == "pooled":
        _check_pooled(panel)
    else:
        _check_school(panel)
    if dropped and 0 < panel.rest < MINIMUM:
        raise InputError(
            f"only {panel.rest} records are not in the sums, those of dropped schools among them. "
            "Whoever knows how many records there are can count them. Drop another school too, or merge."
        )


def check_values(model: Model, values: dict[str, Sequence[float]], kind: str) -> None:
    """Raise InputError when a numeric column takes so few values that its sums count the students of each.

    `values`: column -> the different values that it takes. Two values: the sum is a count; a control must then be a
    category, and an outcome is counted as one (see `cells`). Three: sum and sum of squares give the three counts,
    which matters where they are told by school.
    """
    for column in model.controls:
        if len(values[column]) in ((2,) if kind == "pooled" else (2, 3)):
            raise InputError(
                f"column {column!r}: a control with no other values than {_listed(values[column])} is a category in "
                "disguise. Move it from `controls` to `categories`."
            )
    if kind == "school" and len(values[model.outcome]) == 3:
        raise InputError(
            f"column {model.outcome!r}: of an outcome with no other values than {_listed(values[model.outcome])} the "
            "sums and squares by school count the students of each. Release pooled sums."
        )


def report(
    kind: str, panels: dict[str, Panel], merged: dict[str, list[str]], dropped: Sequence[str]
) -> str:
    """What the release tells and what not, in Markdown, for whoever decides whether it may leave."""
    n = sum(panel.within.n for panel in panels.values())
    model = next(iter(panels.values())).model
    schools = "merged or dropped ones are counted, not named" if kind == "pooled" else "by id"
    text = [
        "# What this release tells",
        "",
        f"Kind: **{kind}**. It rests on {n:,} student records in these panels: {', '.join(panels)}. "
        "Read this before it leaves.",
        "",
        "## What leaves",
        "",
        *_LEAVES[kind],
        "- `about.json`: the parameters, the columns and their levels, counts of records and schools, and name, size "
        f"and checksum of the input files. Schools: {schools}.",
        "- `estimates.csv`: the table of estimates, computed from `moments.csv` alone.",
        "",
        f"Columns used: {', '.join(model.columns)}.",
        "",
        "## What does not leave",
        "",
        "No record and no student id. No column that is not named above. No count by three categories at once.",
        *_STAYS[kind],
        "",
        "## Smallest cells",
        "",
        "A cell is the students of one level, or of one level of each of two columns, reference levels among them"
        + (", over all schools" if kind == "pooled" else ", in one school")
        + f". None has 1 to {MINIMUM - 1} students. The smallest that is not empty, for each level:",
        "",
        "| Panel | Column | Level | Students | Which cell |",
        "|---|---|---|---|---|",
        *(
            f"| {_plain(name)} | {_plain(column)} | {_plain(level)} | {count:,} | {_plain(where)} |"
            for name, panel in panels.items()
            for (column, level), (count, where) in _smallest(panel.cells, kind).items()
        ),
        "",
        "| Panel | Records in the sums | Records not in them | Schools | Clusters | Empty cells |",
        "|---|---|---|---|---|---|",
        *(
            f"| {_plain(name)} | {panel.within.n:,} | {panel.rest:,} | {panel.within.n_schools} "
            f"| {len(panel.within.clusters)} | {_empty(panel.cells, kind)} |"
            for name, panel in panels.items()
        ),
        "",
        "Records are not in the sums when a value is missing, their school was dropped"
        + (", or it has no other record." if kind == "pooled" else "."),
        "",
        "## Schools merged or dropped",
        "",
        *_treated(kind, merged, dropped),
        "",
        "## What somebody could still work out",
        "",
        *_REMAINS[kind],
        "- **From two releases.** Sums of nearly the same students, subtracted, are sums of the few who differ. That "
        "goes for another release with other parameters, a year more, or any table printed elsewhere. Nothing here "
        "knows what was released before: keep a list.",
        "- **The students who are not in the sums.** Their number is told, nothing else.",
        "- **That a file is the one used.** The checksum proves it to those who have the file.",
        "",
        "## What was not checked",
        "",
        "- Whether one or two students or schools make up most of a sum (dominance).",
        "- Whether a numeric control counts students although it takes many values: say, a number that few share. "
        "Controls that take two values"
        + (" are" if kind == "pooled" else " or three are")
        + " refused; declare as a category whatever stands for a group.",
        "- Whether weights tell groups apart. Cells count records, never weights.",
        "- Whether names of levels, columns or panels tell more than they should.",
        "",
    ]
    return "\n".join(text)


_LEAVES = {
    "pooled": [
        "- `moments.csv`: for each panel sums over all schools: cross-products of the model's columns within "
        "schools, products of the clusters' scores, the jackknife's covariance, p-values of the bootstrap, mean and "
        "standard deviation of the outcome in the baseline year, and counts."
    ],
    "school": [
        "- `moments.csv`: for each panel and **each school, by its id**: the number of students; the sums and the "
        "sums of products of the model's columns. So it tells how many students of the school are in each year, each "
        "level, and each pair of levels of two columns, and the sum of the outcome and of each control in each year "
        "and level; also the sum of squares of the outcome in the baseline year and over all years.",
    ],
}
_STAYS = {
    "pooled": ["No school and no cluster is named, and no number belongs to one of them."],
    "school": ["No outcome of a student, unless it follows as told below."],
}
_REMAINS = {
    "pooled": [
        "- **About a school**, if all others are known: sums minus theirs. The fewer schools and clusters there are, "
        "the nearer that is.",
        "- **Where nearly all are alike.** Mean and standard deviation in the baseline year tell when all answered "
        "alike; of an outcome with two values they tell how many students gave each.",
    ],
    "school": [
        "- **Where all are alike.** If all students of a school and year gave the same answer, their mean tells it of "
        "each of them. An empty cell tells that no student of the school is in it: that every student is of the "
        "other levels.",
        "- **About the last one.** Whoever knows all students of a cell but one can subtract.",
        "- **Of an outcome with few values** (an item with four answers, say), count, sum and sum of squares leave "
        "few ways in which the answers of a school can be spread.",
    ],
}


def _treated(kind: str, merged: dict[str, list[str]], dropped: Sequence[str]) -> list[str]:
    if not merged and not dropped:
        return ["None."]
    if kind == "pooled":
        members = sum(map(len, merged.values()))
        return [f"{members} schools were merged into {len(merged)}; {len(dropped)} were dropped."]
    return [
        *(f"- {name}: {', '.join(members)} as one school" for name, members in merged.items()),
        *(f"- dropped: {name}" for name in dropped),
    ]


def _plain(text: str) -> str:
    """A name that does not break a table."""
    return " ".join(text.replace("|", "\\|").split())


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _counted(found: dict[Cell, np.ndarray], kind: str) -> dict[Cell, np.ndarray]:
    """Cells as the release tells them: by school, or over all schools."""
    if kind == "school":
        return found
    return {cell: counts.sum(keepdims=True) for cell, counts in found.items()}


def _smallest(found: dict[Cell, np.ndarray], kind: str) -> dict[tuple[str, str], tuple[int, str]]:
    """For each column and level the smallest cell that is not empty among those with it, and which it is."""
    table: dict[tuple[str, str], tuple[int, str]] = {}
    for cell, counts in _counted(found, kind).items():
        if counts.any():
            least = int(counts[counts > 0].min())
            for level in cell:
                if level not in table or least < table[level][0]:
                    table[level] = least, _label(cell)
    return table


def _empty(found: dict[Cell, np.ndarray], kind: str) -> int:
    return sum(int((counts == 0).sum()) for counts in _counted(found, kind).values())


def _label(cell: Cell) -> str:
    """A cell for people: `year 2013 and sex f`."""
    return " and ".join(f"{column} {level}" for column, level in cell)


def _check_school(panel: Panel) -> None:
    schools, counts = panel.moments.schools, np.array(list(panel.cells.values()))
    small = (counts > 0) & (counts < MINIMUM)
    concerned = np.flatnonzero(small.any(axis=0))
    if len(concerned):
        labels, least = list(panel.cells), np.where(small, counts, MINIMUM).argmin(axis=0)
        first = [
            f"{schools[g]} ({_label(labels[least[g]])}: {counts[least[g], g]})"
            for g in concerned[:5]
        ]
        raise InputError(
            f"{len(concerned)} of {len(schools)} schools have a cell of 1 to {MINIMUM - 1} students. "
            f"The first, with their smallest: {'; '.join(first)}. Put schools together (`merge: {{new name: [ids]}}`) "
            "or leave them out (`drop: [ids]`) in the parameters, use fewer categories or levels, or release pooled sums."
        )


def _check_pooled(panel: Panel) -> None:
    groups = min(panel.within.n_schools, len(panel.within.clusters))
    if groups < 3:
        raise InputError(
            f"sums over {groups} schools or clusters tell about each of them. A pooled release needs "
            "3 of both: use fewer panels, or smaller clusters."
        )
    totals = {_label(cell): int(counts.sum()) for cell, counts in panel.cells.items()}
    small = {cell: total for cell, total in totals.items() if 0 < total < MINIMUM}
    if small:
        first = "; ".join(f"{cell}: {total}" for cell, total in list(small.items())[:3])
        raise InputError(
            f"{len(small)} cells over all schools have 1 to {MINIMUM - 1} students. The first: {first}. "
            "Use fewer categories or levels, or fewer panels."
        )


def _families(
    counts: Moments,
    levels: dict[str, list[str]],
    outcome: str,
    outcome_values: Sequence[float],
) -> dict[str, dict[str, np.ndarray]]:
    """By column and level: the row that makes the level's 0/1 indicator out of (1, z)."""
    width = len(counts.terms) + 2
    one, unit = np.eye(width)[0], np.eye(width)[1:]
    terms = iter(zip(counts.terms, unit, strict=False))
    families = {}
    for column, (reference, *others) in levels.items():
        own = {}
        for level in others:
            term, own[level] = next(terms)
            # The year's own labels stand alone. A level that is not the term's would be checked in its place.
            if level == reference or term not in (level, f"{column}: {level}"):
                raise ValueError(f"level {level!r} of column {column!r} is not the term {term!r}")
        families[column] = {reference: one - sum(own.values())} | own
    controls = len(counts.centres) - 1
    if len(list(terms)) != controls:
        raise ValueError("there are terms of no level")
    if len(outcome_values) == 2:
        low, high = outcome_values
        upper = (unit[-1] + (counts.centres[-1] - low) * one) / (high - low)
        families[outcome] = {f"{low:g}": one - upper, f"{high:g}": upper}
    return families
