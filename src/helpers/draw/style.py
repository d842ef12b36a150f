"""How figures look: one palette that colour-blind readers can tell apart, plain axes, direct labels."""

import matplotlib as mpl
from matplotlib.colors import to_rgb

# Okabe and Ito's palette, in the order of use here.
BLUE, ORANGE, GREEN, PURPLE, RED, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
)
INK, GREY, PALE = "#222222", "#595959", "#d9d9d9"

WIDTH = 6.4
"""Inches: narrow enough that the text stays legible when a phone shows the figure."""


def use() -> None:
    """Set matplotlib's defaults for every figure that follows, whatever the user's own settings are."""
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.figsize": (WIDTH, 3.6),
            "figure.constrained_layout.use": True,
            "savefig.bbox": "tight",
            "savefig.pad_inches": 0.12,
            "savefig.facecolor": "white",
            "text.parse_math": False,  # a name with dollar signs is a name
            "svg.hashsalt": "open-classrooms",  # equal bytes in every build
            "font.size": 10.5,
            "axes.titlesize": 10.5,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": False,
            "grid.color": PALE,
            "xtick.color": GREY,
            "ytick.color": INK,
            "ytick.left": False,
            "text.color": INK,
            "lines.linewidth": 1.8,
        }
    )


def dark(colour: str) -> tuple[float, ...]:
    """A colour of the palette, dark enough for text on white."""
    return tuple(0.62 * channel for channel in to_rgb(colour))
