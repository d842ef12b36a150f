"""The order of waves, years and terms: by codes, numbers, dates, seasons and school years, else the user's; never the alphabet."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from helpers.project import InputError, in_order
from helpers.read import cells
from helpers.read.files import listed, shortened

_SEASONS = {
    "winter": 1, "spring": 2, "summer": 3, "fall": 4, "autumn": 4,
    "invierno": 1, "primavera": 2, "verano": 3, "otoño": 4, "frühling": 2, "frühjahr": 2, "sommer": 3, "herbst": 4,
}  # fmt: skip
"""Seasons as the north counts a calendar year; where winter or the south could turn it round the user is asked."""
_MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_SCHOOL_YEAR = re.compile(r"(?:sy ?)?(\d{4}|\d{2})\s*[-/–]\s*(\d{4}|\d{2})", re.IGNORECASE)
_WORD_YEAR = re.compile(r"([^\W\d]+)\.?[\s,_-]*'?(\d{4})|(\d{4})[\s,_-]*([^\W\d]+)\.?", re.IGNORECASE)
_LONGEST = 200  # characters of a label in which a time is looked for
_CENTURY = 50  # of years in two digits, those from here on are of the century before this one


def in_time(
    labels: Iterable[str], what: str, *, codes: Sequence[str] = (), given: Sequence[object] = (), first: str = ""
) -> list[str]:
    """Labels of a column in the order of time.

    Raises InputError, with the remedy, where nothing tells the order, or the user's own order lacks a label.

    Parameters
    ----------
    labels, what : the labels, and the place that a message names (file and column)
    codes : labels in the order of their value codes, where the file has such
    given : the user's order
    first : the user's baseline, which settles the order of two
    """
    present = set(labels)
    if given:
        wanted = [cells.label(label) for label in given]
        if missing := sorted(present - set(wanted)):
            raise InputError(
                f"{what}: `order` leaves out {_listed(missing)}. Name every label once, the earliest first."
            )
        return [label for label in dict.fromkeys(wanted) if label in present]
    if codes and present <= set(codes):
        return [label for label in codes if label in present]
    if found := _by_rule(present):
        return found
    if len(present) == 2 and first in present:
        return [first, *(present - {first})]
    if len(present) == 1:
        return [*present]
    raise InputError(
        f"{what}: nothing tells in which order {_listed(in_order(present))} follow each other. Write it in the parameters, the "
        f"earliest first: `order: [{listed(in_order(present)[:4], 4)}{', ...' if len(present) > 4 else ''}]` (put in time's order), "
        "or name the first in `baseline` where there are two."
    )


def plain(labels: Iterable[str]) -> list[str]:
    """Labels whose order means nothing, as people look for them: by number where they have one, else by letter."""
    return _by_rule(set(labels)) or in_order(set(labels))


def _by_rule(present: set[str]) -> list[str] | None:
    """In the order of the first rule that all labels follow, which tells them all apart."""
    if max(map(len, present), default=0) > _LONGEST:
        return None
    if days := _days(present):
        return days
    for key in (_numbers, _school_years, _dates, _words_and_years, _numbered_words):
        keys = {label: key(label) for label in present}
        if None not in keys.values() and len({*keys.values()}) == len(present) and _alike(keys):
            return sorted(present, key=keys.__getitem__)
    return None


def told(labels: Sequence[str]) -> str:
    """What the order rests on where that is a rule of ours; empty where it is plain."""
    if years := [label for label in labels if _numbers(label) is None and _school_years(label) is not None]:
        short = any(len(re.match(r"\D*(\d+)", label)[1]) == 2 for label in years)
        return "School years are in the order of their first years" + (
            f", {_CENTURY} to 99 being of the last century." if short else "."
        )
    if labels and all(map(_words_and_years, labels)) and any(_season(label) for label in labels):
        return "Seasons are in the order of a calendar year in the north: spring, summer, autumn."
    return ""


def _listed(labels: Sequence[str]) -> str:
    return listed(map(shortened, labels))


def _alike(keys: dict[str, tuple]) -> bool:
    """All labels are of one form: the first part of their key says which."""
    return len({key[0] for key in keys.values()}) == 1


def _numbers(label: str) -> tuple | None:
    return ("number", float(label)) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", label) else None


def _school_years(label: str) -> tuple | None:
    found = _SCHOOL_YEAR.fullmatch(label)
    if not found:
        return None
    start, end = (int(part) if len(part) == 4 else _full(int(part)) for part in found.groups())
    return ("school year", start) if end == start + 1 else None


def _full(year: int) -> int:
    return year + (1900 if year >= _CENTURY else 2000)


def _dates(label: str) -> tuple | None:
    """Dates in the order year, month, day, with a time or without; others cannot be told from month, day, year."""
    found = re.fullmatch(r"(\d{4})[-/.]?(\d{2})(?:[-/.]?(\d{2})(?:[T ][\d:.]+Z?)?)?", label)
    if not found:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        return None
    return ("date", day.toordinal(), label)


def _days(present: set[str]) -> list[str] | None:
    """Dates as 31.12.2014 or 12/31/2014, where one reading fits all labels or both give the same order."""
    found = {label: re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})", label) for label in present}
    if not present or None in found.values():
        return None
    parts = {label: (int(m[4]), int(m[1]), int(m[3])) for label, m in found.items()}
    day_first = sorted(present, key=lambda label: (parts[label][0], parts[label][2], parts[label][1]))
    month_first = sorted(present, key=parts.__getitem__)
    if day_first == month_first or all(m[2] == "." for m in found.values()):
        return day_first
    first, second = (max(part[place] for part in parts.values()) > 12 for place in (1, 2))
    return (day_first if first else month_first) if first != second else None


def _words_and_years(label: str) -> tuple | None:
    """A season or a month beside a year."""
    found = _WORD_YEAR.fullmatch(label)
    if not found:
        return None
    word, year = (found[1] or found[4]).lower(), int(found[2] or found[3])
    if (season := _SEASONS.get(word)) and season > 1:
        return ("season", year, season)
    month = _MONTHS.index(word[:3]) if word[:3] in _MONTHS and len(word) in (3, *range(3, 10)) else None
    return None if month is None else ("month", year, month)


def _season(label: str) -> bool:
    return bool((key := _words_and_years(label)) and key[0] == "season")


def _numbered_words(label: str) -> tuple | None:
    """The same words with other numbers: wave 8, wave 9, wave 10."""
    parts = re.split(r"(\d+)", label)
    if (
        len(parts) == 1
        or _SCHOOL_YEAR.fullmatch(label)
        or re.fullmatch(r"\d{1,2}([./-]\d{1,2}){2}.*|\d{1,2}[./-]\d{1,2}[./-]\d{4}.*", label)
    ):
        return None
    years = [int(part) for part in parts[1::2] if re.fullmatch("(19|20)\\d\\d", part)]
    others = [int(part) for part in parts[1::2] if not re.fullmatch("(19|20)\\d\\d", part)]
    return (" ".join(parts[::2]).strip().lower(), *years, *others)
