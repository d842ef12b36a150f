"""What somebody who has an earlier release too would know: a new one is subtracted from each before it leaves.

Of two releases with a column of numbers in common each count, subtracted, counts whom only one of them has. Where these are
few, so are those of every sum. Merged schools are compared as a whole. Where some came and others went, the number is what is
left of both.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.estimate.moments import Model
from helpers.project import InputError, locate, relative
from helpers.read.suppression import is_small
from helpers.release import released
from helpers.release.audit import school_by_school
from helpers.release.panels import Panel, in_words
from helpers.release.risk import Limits

FEWEST_GROUPS = 3
"""Schools and clusters that pooled sums must rest on, and so what is left of them by subtraction."""

_SAME = 1e-9  # of a sum's size: what is rounding


@dataclass(frozen=True)
class _Sums:
    """What one panel tells: numbers of students, and sums of values, by school (empty: all of them) and cell or column.

    `terms`, `groups`: its terms, and how many schools it has.
    """

    terms: frozenset[str]
    groups: int
    counts: Mapping[tuple, float]
    values: Mapping[tuple, float]


@dataclass(frozen=True)
class _Release:
    """A release as it can be compared: columns of numbers, whether weighted, schools that became one, its panels."""

    columns: frozenset[str]
    weighted: bool
    by_school: bool
    merged: dict[str, list[str]]
    panels: dict[str, _Sums]


def compare(made: Path, others: Iterable[Path], limits: Limits) -> list[str]:
    """What a new release and earlier ones tell together where it cannot be pinned to students: sentences.

    Raises InputError with what tells about a few students or schools, and for earlier releases that cannot be read.

    Parameters
    ----------
    made, others : folder of the new release, and of the earlier ones
    limits : what sums must keep to
    """
    new, told, refused = _read(made), [], []
    for place in others:
        if (place / "moments.csv").read_bytes() == (made / "moments.csv").read_bytes():
            continue
        old = _read(place)
        few = _few(new, old, limits.threshold)
        named = "; ".join(few[:3]) + (f" and {len(few) - 3} more" if len(few) > 3 else "")
        if few and new.columns & old.columns:
            refused.append(f"{relative(place)}: {named}")
        elif few:
            told.append(
                f"{place.name}: no column of numbers is in both, but counts differ by a few in {_many(len(few), 'place')}"
            )
        told += [f"{place.name}: {sentence}" for sentence in _unpinned(new, old)]
    if refused:
        raise InputError(
            f"subtracted from an earlier release this one tells about fewer than {limits.threshold} students or "
            f"{FEWEST_GROUPS} schools. {'. '.join(refused[:3])}. Use the same records and schools as there. If that release never "
            "left the house, or is of other people: delete its folder, or move it elsewhere."
        )
    return told


def folders(build: Path, named: str) -> list[Path]:
    """Folders of releases in `build/releases/` and in the folder that the holder names. Raises InputError if there is none."""
    places = [build / "releases"]
    if named:
        places.append(locate(named))
        if not places[1].is_dir():
            raise InputError(f"earlier: {relative(places[1])} is no folder. Name the one that holds earlier releases.")
    inside = [folder for place in places if place.is_dir() for folder in (place, *sorted(place.iterdir()))]
    return [folder for folder in dict.fromkeys(inside) if (folder / "moments.csv").is_file()]


def _read(place: Path) -> _Release:
    frame = released.read(place)
    about = json.loads((place / "about.json").read_text(encoding="utf-8"))
    given, by_school = about["parameters"], "school" in frame
    read = _of_school if by_school else _of_pooled
    return _Release(
        columns=frozenset([given["outcome"], *given["controls"]]),
        weighted=bool(given["weight"]),
        by_school=by_school,
        merged=given["merge"] if by_school else {},
        panels={panel: read(frame, panel, about) for panel in about["panels"]},
    )


def _of_school(frame: pd.DataFrame, panel: str, about: dict[str, Any]) -> _Sums:
    data, given, described = released.read_school(frame, panel), about["parameters"], about["panels"][panel]
    first = ((given["year"], described["references"][given["year"]]),)
    cells = {(): data.records, first: data.baseline[:, 0]}
    if not given["weight"] and "levels" in described:
        data = replace(data, levels=described["levels"])
        model, empty = Model(given["outcome"], given["school"], given["year"], first[0][1]), pd.DataFrame()
        cells |= Panel(model, data, data, {given["outcome"]: ()}, empty, empty).cells
    counts = {
        (school, tuple(sorted(cell))): float(count)
        for cell, column in cells.items()
        for school, count in zip(data.schools, column, strict=True)
    }
    sums = data.sums.copy()
    sums[:, -len(data.centres) :] += data.n[:, None] * data.centres
    names = [*data.terms, given["outcome"]]
    values = {(school, name): sums[g, j] for g, school in enumerate(data.schools) for j, name in enumerate(names)}
    return _Sums(frozenset(data.terms), len(data.schools), counts, values)


def _of_pooled(frame: pd.DataFrame, panel: str, about: dict[str, Any]) -> _Sums:
    parts = frame[frame["panel"] == panel].set_index("part")
    n = parts.loc["n"].set_index("row")["value"]
    xy = parts.loc[["xy"]].set_index("row")["value"]
    values = {("", term): value for term, value in xy.items()} | {("", ""): parts.loc["yy", "value"]}
    return _Sums(frozenset(xy.index), int(n["n_schools"]), {("", ()): n["records"]}, values)


def _pairs(new: _Release, old: _Release) -> dict[str, tuple[_Sums, _Sums]]:
    """What is to be compared, by panel; the whole of all panels too where they are not the same ones."""
    pairs = {name: (part, old.panels[name]) for name, part in new.panels.items() if name in old.panels}
    if set(new.panels) != set(old.panels):
        pairs[""] = _whole(new), _whole(old)
    both = new.by_school and old.by_school
    name_of = _as_one([*new.merged.values(), *old.merged.values()]) if both else {}
    sides = [{name: name_of.get(members[0], name) for name, members in side.merged.items()} for side in (new, old)]
    return {
        name: tuple(_renamed(part, name_of | own, both) for part, own in zip(pair, sides, strict=True))
        for name, pair in pairs.items()
    }


def _whole(release: _Release) -> _Sums:
    """All panels added up, as anybody can."""
    counts, values = Counter(), Counter()
    for part in release.panels.values():
        counts.update(part.counts)
        values.update(part.values)
    parts = release.panels.values()
    return _Sums(frozenset().union(*(p.terms for p in parts)), sum(p.groups for p in parts), counts, values)


def _as_one(groups: list[list[str]]) -> dict[str, str]:
    """School -> the first of all that any merging, or chain of them, puts together with it."""
    name_of: dict[str, str] = {}
    for group in groups:
        together = {name_of.get(school, school) for school in group}
        first = min(together)
        name_of |= {school: first for school, name in name_of.items() if name in together}
        name_of |= dict.fromkeys(group, first)
    return name_of


def _renamed(part: _Sums, name_of: Mapping[str, str], by_school: bool) -> _Sums:
    """Sums of schools that are compared as one, or of all schools; of those only what stands without cells."""
    counts, values = Counter(), Counter()
    for (school, cell), count in part.counts.items():
        if by_school or not cell:
            counts[name_of.get(school, school) if by_school else "", cell] += count
    for (school, column), value in part.values.items():
        values[name_of.get(school, school), column] += value
    return replace(part, counts=counts, values=values)


def _few(new: _Release, old: _Release, threshold: int) -> list[str]:
    """Whom the difference of two releases counts, where these are a few: for people, the largest groups first."""
    found = []
    for panel, (one, two) in _pairs(new, old).items():
        where = f"panel {panel!r}" if panel else "all panels together"
        apart = {key: round(abs(count - two.counts[key])) for key, count in one.counts.items() if key in two.counts}
        few = sorted((key for key, count in apart.items() if is_small(count, threshold)), key=lambda key: len(key[1]))
        for school, cell in few:
            whom = ", ".join(filter(None, [where, school, in_words(cell)]))
            found.append(f"{whom}: {_many(apart[school, cell], 'student')}")
        schools, pooled = abs(one.groups - two.groups), not (new.by_school and old.by_school)
        if pooled and schools and _follow(one, two, apart["", ()], schools):
            found.append(f"{where}: {_many(schools, 'school')}")
    return found


def _follow(one: _Sums, two: _Sums, students: int, schools: int) -> bool:
    """Whether sums, pooled in one release or both, that differ by so many students of so many schools tell about each of these."""
    if not students:  # some are merged in one only: the difference tells what each of them was
        return bool(one.terms & two.terms) and bool(is_small(schools))
    few = schools < FEWEST_GROUPS or school_by_school(np.full(schools, students / schools))
    return one.terms == two.terms and few


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _unpinned(new: _Release, old: _Release) -> list[str]:
    """What differs and cannot be counted."""
    found = []
    if new.by_school and old.by_school and (new.weighted or old.weighted):
        found.append("with weights only the students of whole schools and of the baseline year can be compared")
    for panel, (one, two) in _pairs(new, old).items():
        same = {school for (school, cell), n in one.counts.items() if not cell and two.counts.get((school, ())) == n}
        if not (new.by_school and old.by_school) and one.terms != two.terms:
            continue  # other columns held constant: other sums, of the same students
        other = {
            school
            for (school, column), value in one.values.items()
            if school in same
            and (school, column) in two.values
            and abs(value - two.values[school, column]) > _SAME * max(1.0, abs(value))
        }
        if other:
            where = f"panel {panel!r}" if panel else "all panels together"
            whose = "" if other == {""} else f" of {_many(len(other), 'school')}"
            found.append(f"{where}: as many students{whose}, and other sums. If few values were corrected, they follow")
    return found
