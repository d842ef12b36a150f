"""What colours mean: one colour, one meaning in every figure, told apart by all eyes, on white paper and on dark pages.

A figure names what it draws, by the constants here or by `looks`, and types no colour. The colours of a family, those
that stand beside each other, differ for red-green and blue-yellow blind readers too; all have a contrast of 3 or more.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

INK, GREY, QUIET, PALE, FAINT, PAPER = "#222222", "#595959", "#8c8c8c", "#d9d9d9", "#ececec", "#ffffff"
"""Text and axes; words beside them; marks that are not the point; bars and lines behind; what is empty; the page."""
WASH, NIGHT = "#f4f6f8", "#15181b"
"""Boxes with text in them; the page by night."""

PRINTED, OURS, SIMULATED = "#60330e", "#0072b2", "#a3005c"
"""As a document prints it; as it is computed here; made up, as its stamp is."""
MATHEMATICS, SCIENCE = "#553ca2", "#288c02"
STUDENTS, TEACHERS = "#156e6c", "#c27514"
AGREES, DIFFERS, UNKNOWN, QUOTED = "#4ca445", "#b74201", "#6b6b6b", "#949494"
"""What a check finds; that there is none, as something is missing; that there is nothing to check."""
SHARPENED, WIDENED, NARROWED = "#ff5e06", "#8d75d4", "#ad789d"
GROUPS = ("#0f91d1", "#ae566b", "#307031", "#d740a8", "#8e8b27", "#2d2581")
"""Names of no meaning of their own, in the order in which they come: groups, systems, methods, scales."""

FAMILIES = {
    "origins": (PRINTED, OURS, SIMULATED),
    "subjects": (MATHEMATICS, SCIENCE),
    "who answers": (STUDENTS, TEACHERS),
    "checks": (AGREES, DIFFERS, UNKNOWN, QUOTED),
    "retellings": (AGREES, SHARPENED, WIDENED, NARROWED, DIFFERS, UNKNOWN),
    "groups": GROUPS,
}
"""Colours that stand beside each other."""
NAMED = {
    "printed": PRINTED, "published": PRINTED, "recomputed": OURS, "microdata": OURS, "moments": OURS, "simulated": SIMULATED,
    "mathematics": MATHEMATICS, "science": SCIENCE, "sciences": SCIENCE, "students": STUDENTS, "teachers": TEACHERS,
}  # fmt: skip
"""Names that have a colour wherever they stand."""
SIGNS = {
    "kept": AGREES, "sharpened": SHARPENED, "widened": WIDENED, "narrowed": NARROWED, "changed": DIFFERS, "not seen": UNKNOWN,
}  # fmt: skip
"""A colour for each sign of a retelling; the word stands beside it wherever it is used."""
VERDICTS = {"reproduces": AGREES, "contradicts": DIFFERS, "cannot be reproduced": UNKNOWN, "quoted only": QUOTED}

SHADES = LinearSegmentedColormap.from_list("shades", ["#f7fbff", "#9ecae1", "#2b7bba", "#08306b"])
"""From none to all."""
_LOWEST = "#cc8400"
_MIDDLE = "#dadada"  # not PALE, which is dark by night: it bears numbers
_SIDES = ["#8a4300", "#e59a3c", "#fee0b6", _MIDDLE, "#c6dbef", "#6baed6", "#1f5f9e"]
_MARKERS = "os^vPX"


def looks(names: Iterable, means: Mapping | None = None) -> dict[object, tuple[str, str]]:
    """Colour and marker of each name: that of its meaning, if it has one, else the next of the groups'; one name alone is ours.

    >>> looks(["science", "before", "after"])
    {'science': ('#288c02', 'o'), 'before': ('#0f91d1', 's'), 'after': ('#ae566b', '^')}

    Parameters
    ----------
    names, means : what is drawn; name -> one of NAMED, where the name is another
    """
    names, groups = list(dict.fromkeys(names)), 0
    found = {}
    for place, name in enumerate(names):
        colour = NAMED.get(str((means or {}).get(name, name)).lower(), OURS if len(names) == 1 else None)
        if colour is None:
            colour, groups = GROUPS[groups % len(GROUPS)], groups + 1
        found[name] = colour, _MARKERS[place % len(_MARKERS)]
    return found


def two_sided(count: int) -> list[str]:
    """Colours of ordered answers in two directions that red-green blind readers can tell apart; a middle is grey."""
    return [to_hex(c) for c in LinearSegmentedColormap.from_list("sides", _SIDES)(np.linspace(0, 1, count))]


def ordered(count: int) -> list[str]:
    """Colours of ordered categories: the lowest stands apart, the others darken."""
    return [_LOWEST, *(to_hex(colour) for colour in SHADES(np.linspace(0.15, 1, count - 1)))]


def curves(count: int) -> list[str]:
    """Colours of lines for ordered answers, all dark enough to be seen; a middle is grey."""
    ends = LinearSegmentedColormap.from_list("curves", ["#8a4300", "#b8761a", QUIET, "#4a8fc4", "#1f5f9e"])
    return [to_hex(colour) for colour in ends(np.linspace(0, 1, count))]


def levels(count: int) -> list[str]:
    """Colours of lines for ordered values, the lowest lightest, all dark enough to be seen."""
    return [to_hex(colour) for colour in SHADES(np.linspace(0.6, 0.95, count))] if count > 1 else [OURS]


def dark(colour: str) -> str:
    """A colour, dark enough for text on white."""
    return to_hex([0.62 * channel for channel in to_rgb(colour)])


def light(colour: str, least: float) -> str:
    """A colour with so much white in it that its contrast on a dark page is at least so much."""
    steps = (to_hex(np.array(to_rgb(colour)) * (1 - share) + share) for share in np.linspace(0, 1, 51))
    return next(step for step in steps if contrast(step, NIGHT) >= least)


@cache
def night() -> dict[str, str]:
    """What colours of figures become on a dark page: colour by day -> colour by night. Bars that bear numbers stay."""
    lines = [colour for many in (levels, curves) for count in range(2, 9) for colour in many(count)]
    meant = [QUIET, *lines, *(colour for family in FAMILIES.values() for colour in family)]
    marks = {colour: light(colour, 4.6 if colour == SIMULATED else 3.2) for colour in meant}  # which is written as well
    texts = {dark(colour): light(colour, 4.6) for colour in [*meant, GREY]}
    return texts | {day: night for day, night in marks.items() if day != night} | {
        INK: "#e7e8e6", GREY: "#b2b8bd", PALE: "#4b5258", FAINT: "#2b3036", WASH: "#1e2327", PAPER: NIGHT,
    }  # fmt: skip


def contrast(one: str | tuple, other: str | tuple) -> float:
    """Contrast of two colours by WCAG 2, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: str | tuple) -> str:
    """Black or white, whichever reads better on a colour: a contrast of 4.5 or more."""
    return "black" if _luminance(colour) > 0.179 else PAPER


def _luminance(colour: str | tuple) -> float:
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
