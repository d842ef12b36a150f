"""A figure as files that can be passed on: what it says stands above it; states, source and licence below."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, Bbox

from helpers.draw import colours, hover, letters, style
from helpers.notebook.around import DRAWING, WORDS

MARGINS = "Line through a mark: margin of error (95% interval)"
_UNDATED = {"Date": None, "Creator": None}
"""No dates in files: two builds give equal bytes."""
_HEADLINE, _PAD = 12, 0.12
"""Points of the headline; inches around everything."""


@dataclass(frozen=True)
class Words:
    """What stands around a figure: its finding (may be empty) and title, state -> meaning, whose data and whose picture it is."""

    finding: str
    title: str
    states: dict[str, str]
    source: str


def save(fig: Figure, stem: Path, words: Words) -> tuple[tuple[float, float], str]:
    """Write `stem`.svg and `stem`.png, and for phones an SVG without words into `narrow`; the figure stays as it was.

    Returns the inches of the first two, and the characters in whose place they have boxes.
    """
    families, boxes = letters.elsewhere(letters.lacking(fig))
    with mpl.rc_context({"font.sans-serif": [*mpl.rcParams["font.sans-serif"], *families]}):
        with _stamped(fig, words.states), _laid_out(fig), _among(fig, words) as whole:
            _save_svg(fig, stem.with_suffix(".svg"), whole)
            fig.savefig(stem.with_suffix(".png"), dpi=200, metadata={"Software": None}, bbox_inches=whole)
        plt.close(fig)
        if draw := getattr(fig, "narrow", None):
            (folder := stem.parents[1] / "narrow").mkdir(exist_ok=True)
            with _stamped(draw(), words.states) as narrow:
                _save_narrow(narrow, folder / f"{stem.name}.svg")
            plt.close(narrow)
    return (whole.width, whole.height), boxes


def _save_narrow(fig: Figure, path: Path) -> None:
    """As `savefig` does with a tight box, which would draw twice: once to see where the layout puts things."""
    FigureCanvasSVG(fig)  # whose letters it is laid out for
    fig.set_dpi(72)
    if engine := fig.get_layout_engine():
        engine.execute(fig)
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        fig.set_layout_engine(None)
        _save_svg(fig, path, fig.get_tightbbox().padded(_PAD))


def _save_svg(fig: Figure, path: Path, whole: Bbox) -> None:
    """With numbers in place of ids that hang on the last bit of a place: two builds give equal bytes."""
    fig.savefig(path, metadata=_UNDATED, bbox_inches=whole)
    text = hover.titled(path.read_text(encoding="utf-8"))
    numbers_of = {name: f"p{place}" for place, name in enumerate(re.findall(r'<clipPath id="(p[0-9a-f]{10})">', text))}
    for name, number in numbers_of.items():
        text = text.replace(f'<clipPath id="{name}">', f'<clipPath id="{number}">').replace(
            f'"url(#{name})"', f'"url(#{number})"'
        )
    path.write_text(text, encoding="utf-8")


@contextmanager
def _stamped(fig: Figure, states: dict[str, str]) -> Iterator[Figure]:
    """A figure with its states and their meanings below it, for a while."""
    text, look = "\n".join(f"{meaning[0].upper()}{meaning[1:]}" for meaning in states.values()), {"color": colours.GREY}
    if "simulated" in states:
        text, look = "SIMULATED – shows the method, is no evidence", {"color": colours.SIMULATED, "weight": "bold"}
    parts, y = [], -0.01
    for line, how in ((MARGINS * getattr(fig, "margins", False), {"color": colours.GREY}), (text, look)):
        if line:
            parts.append(fig.text(1, y, line, ha="right", va="top", fontsize=style.SMALL, **how))
            y -= style.tall(line) / fig.get_figheight()
    yield fig
    for part in parts:
        part.remove()


@contextmanager
def _laid_out(fig: Figure) -> Iterator[None]:
    """A figure whose parts are at their places, as an SVG has them, and stay there for a while: it is laid out once for all files."""
    engine, dpi = fig.get_layout_engine(), fig.dpi
    with mpl.rc_context({"savefig.format": "svg", "figure.constrained_layout.use": False}):
        fig.set_dpi(72)
        if engine:
            engine.execute(fig)  # to draw for this once more takes as long
        fig.set_layout_engine(None)
        loose = [legend for legend in fig.legends if legend.get_bbox_to_anchor() is fig.bbox]
        for legend in loose:  # they would move to the edge of what is saved
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=fig.transFigure)
        yield
        for legend in loose:
            legend.set_bbox_to_anchor(None)
    fig.set_dpi(dpi)
    fig.set_layout_engine(engine)


@contextmanager
def _among(fig: Figure, words: Words) -> Iterator[Bbox]:
    """A figure with words above and below it, for a while, and the box around all, in inches."""
    box, parts = fig.get_tightbbox().frozen(), []
    inches = (
        Affine2D().scale(*(1 / fig.get_size_inches())) + fig.transFigure
    )  # with which a saved part of a figure moves

    def write(said: str, size: float, y: float, va: str, look: dict) -> float:
        text = style.wrap(said, 0.97 * box.width, size, look.get("weight", "normal"))  # pixels make letters wider
        name = f"{WORDS}-{len(parts)}"
        parts.append(fig.text(box.x0, y, text, va=va, fontsize=size, transform=inches, gid=name, **look))
        return style.tall(text, size)

    whole = box.padded(_PAD)
    frame = Rectangle(whole.p0, *whole.size, transform=inches, fill=False, edgecolor="none", gid=DRAWING)
    parts.append(fig.add_artist(frame))
    small, headline = {"color": colours.GREY}, {"color": colours.INK, "weight": "bold"}
    top, bottom = box.y1 + 0.1, box.y0 - 0.08
    if words.finding:
        top += write(words.title, style.HEAD, top, "bottom", small) + 0.04
    top += write(words.finding or words.title, _HEADLINE, top, "bottom", headline)
    bottom -= write(words.source, style.SMALL, bottom, "top", small)
    yield Bbox.from_extents(box.x0, bottom, box.x1, top).padded(_PAD)
    for part in parts:
        part.remove()
