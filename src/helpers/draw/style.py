"""How figures look: palettes that colour-blind readers can tell apart, plain axes, text that can be read."""

from collections.abc import Iterable

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

# Okabe and Ito's palette, in the order of use here.
BLUE, ORANGE, GREEN, PURPLE, RED, SKY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"  # fmt: skip
INK, GREY, PALE, FAINT = "#222222", "#595959", "#d9d9d9", "#ececec"
SHADES = LinearSegmentedColormap.from_list("shades", ["#f7fbff", "#9ecae1", BLUE, "#08306b"])
"""From none to all."""
_SERIES = [(BLUE, "o"), (RED, "s"), (GREEN, "^"), (PURPLE, "v"), (ORANGE, "P"), (SKY, "X")]
SIGNS = {
    "kept": GREEN, "sharpened": ORANGE, "widened": PURPLE, "narrowed": SKY, "changed": RED, "not seen": "#b5b5b5",
}  # fmt: skip
"""A colour for each sign of a retelling; the word stands beside it wherever it is used."""
_SIDES = LinearSegmentedColormap.from_list(
    "sides", ["#b35806", "#f1a340", "#fee0b6", PALE, "#c6dbef", "#6baed6", "#2166ac"]
)

WIDTH = 6.4
"""Inches: narrow enough that the text stays legible when a phone shows the figure."""
SMALL, HEAD = 8.5, 9.5
"""Points of text in dense figures, and of headings; nothing is smaller."""


def use() -> None:
    """Set matplotlib's defaults for every figure that follows, whatever the user's own settings are."""
    mpl.rcdefaults()
    mpl.rcParams.update({
        "figure.figsize": (WIDTH, 3.5), "figure.constrained_layout.use": True,
        "savefig.bbox": "tight", "savefig.pad_inches": 0.12, "savefig.facecolor": "white",
        "text.parse_math": False,  # a name with dollar signs is a name
        "svg.hashsalt": "open-classrooms",  # equal bytes in every build
        "font.size": 10.5, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": GREY,
        "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
        "axes.grid": False, "grid.color": PALE, "grid.linewidth": 0.8,
        "xtick.color": GREY, "xtick.labelsize": 9, "ytick.color": INK, "ytick.left": False,
        "lines.linewidth": 1.8, "lines.solid_capstyle": "butt", "lines.dashed_pattern": (4, 3),
    })  # fmt: skip


def looks(names: Iterable) -> dict[object, tuple[str, str]]:
    """Colour and marker of each name."""
    return {n: _SERIES[place % len(_SERIES)] for place, n in enumerate(dict.fromkeys(names))}


def two_sided(count: int) -> list[str]:
    """Colours of ordered answers in two directions that red-green blind readers can tell apart; a middle is grey."""
    return [to_hex(colour) for colour in _SIDES(np.linspace(0, 1, count))]


def ordered(count: int) -> list[str]:
    """Colours of ordered categories: the lowest stands apart, the others darken."""
    return [ORANGE, *(to_hex(colour) for colour in SHADES(np.linspace(0.15, 1, count - 1)))]


def dark(colour: str) -> tuple[float, ...]:
    """A colour of the palette, dark enough for text on white."""
    return tuple(0.62 * channel for channel in to_rgb(colour))


def readable(colour: str | tuple) -> str:
    """Black or white, whichever reads better on a colour: a contrast of 4.5 or more (luminance of WCAG 2)."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "black" if linear @ [0.2126, 0.7152, 0.0722] > 0.179 else "white"
