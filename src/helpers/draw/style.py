"""How figures look, and the marks they share: plain axes, rows, intervals, labels, legends."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import lru_cache, wraps
from itertools import groupby
from textwrap import wrap as broken
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.transforms import blended_transform_factory

from helpers.draw.colours import FAINT, GREY, INK, OURS, PALE, PAPER

WIDE, NARROW = 6.4, 3.6
"""Inches of a figure on a screen and on paper, and on a phone, where its text is as large."""
_width = ContextVar("width of the figure that is drawn", default=WIDE)
SMALL, HEAD = 8.5, 9.5
"""Points of text in dense figures, and of headings; nothing is smaller."""


def across() -> float:
    """Inches of the figure that is drawn."""
    return _width.get()


def on_phone() -> bool:
    """Whether the figure that is drawn is the narrow one."""
    return across() < WIDE


def two_widths(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Give the figures that a function draws a method `narrow`, which draws the same for a phone."""

    @wraps(draw)
    def drawn(*args: Any, **options: Any) -> Figure:
        fig = _with_labels_inside(draw(*args, **options), 0.7)
        fig.narrow = lambda: _at(NARROW, draw, *args, **options)
        return fig

    return drawn


def _at(inches: float, draw: Callable[..., Figure], *args: Any, **options: Any) -> Figure:
    before = _width.set(inches)
    try:
        with mpl.rc_context({"figure.figsize": (inches, 3.5)}):
            fig = draw(*args, **options)
            for ax in fig.axes:
                ax.xaxis.label.set(ha="right", x=1)
            return _with_labels_inside(fig, 0.3)
    finally:
        _width.reset(before)


def _with_labels_inside(fig: Figure, less: float) -> Figure:
    """The figure with the words under its axes on lines `less` inches shorter than it is wide; it is as much higher."""
    more = 0
    for label in [*(ax.xaxis.label for ax in fig.axes), *filter(None, [fig._supxlabel])]:
        text = wrap(label.get_text(), across() - less, label.get_fontsize())
        more += text.count("\n") - label.get_text().count("\n")
        label.set_text(text)
    fig.set_figheight(fig.get_figheight() + 0.18 * more)
    return fig


def use() -> None:
    """Set matplotlib's defaults for every figure that follows, whatever the user's own settings are."""
    mpl.rcdefaults()
    warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the card tells (`letters`)
    mpl.rcParams.update({
        "figure.figsize": (WIDE, 3.5), "figure.constrained_layout.use": True,
        "savefig.bbox": "tight", "savefig.pad_inches": 0.12, "savefig.facecolor": PAPER,
        "text.parse_math": False,  # a name with dollar signs is a name
        "svg.hashsalt": "open-classrooms",  # equal bytes in every build
        "svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"],  # text that can be read, found and copied
        "font.size": 10.5, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": GREY,
        "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
        "axes.grid": False, "grid.color": PALE, "grid.linewidth": 0.8,
        "xtick.color": GREY, "xtick.labelsize": 9, "ytick.color": INK, "ytick.left": False,
        "lines.linewidth": 1.8, "lines.solid_capstyle": "butt", "lines.dashed_pattern": (4, 3),
    })  # fmt: skip


@lru_cache(maxsize=10_000)
def inches(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """Width of a text, that is of its longest line."""
    font, measure = FontProperties(size=size, weight=weight), text_to_path.get_text_width_height_descent
    return max(measure(line, font, ismath=False)[0] for line in text.split("\n")) / 72


def tall(text: str, size: float = SMALL) -> float:
    """Height of a text of several lines, in inches."""
    return (text.count("\n") + 1) * size * 1.25 / 72


def wrap(text: object, width: float, size: float = SMALL, weight: str = "normal") -> str:
    """A text on lines of at most `width` inches; its own lines are kept, and a word that is longer is broken.

    Parameters
    ----------
    text, width, size, weight : what is written; inches of a line; points and weight of its letters
    """
    if "\n" in (text := str(text)):
        return "\n".join(wrap(line, width, size, weight) for line in text.split("\n"))
    longest = inches(text, size, weight)
    most = len(text) if longest <= width else int(1.5 * len(text) * width / longest) + 1
    options = ("\n".join(broken(text, length)) for length in range(most, 0, -1))
    return next((lines for lines in options if inches(lines, size, weight) <= width), text)


def on_lines(text: str, most: int) -> str:
    """A text on at most so many lines, as short as that allows; words are whole."""
    options = (broken(text, length, break_long_words=False) for length in range(1, len(text) + 1))
    return "\n".join(next((lines for lines in options if len(lines) <= most), [text]))


def stack(heights: Sequence[float]) -> tuple[np.ndarray, float]:
    """Middles of rows of these heights that stand under each other, from the top, and their end."""
    ends = np.cumsum(heights)
    return ends - np.array(heights) / 2, ends[-1]


def rows_of(names: Sequence[str], size: float, least: float, *, over: bool) -> tuple[np.ndarray, float]:
    """Where rows of these names are drawn, beside their names or under them; and where they end, in inches.

    Parameters
    ----------
    names, size, least, over : wrapped; points of their letters; least inches of a row; whether names stand over rows
    """
    if not over:
        return stack([max(least, tall(name, size) + 0.06) for name in names])
    ends = np.cumsum([tall(name, size) + 0.29 for name in names])
    return ends - 0.1, ends[-1]


def blocks(
    names: Iterable[object], groups: Iterable[object] | None = None, titles: dict | None = None, *,
    widths: Sequence[float] = (1,), width: float = 2.0, size: float = SMALL, least: float = 0.19,
    beside: Iterable[str] | None = None, guides: bool = True, more: float = 0.9, over: bool = False,
) -> tuple[Figure, list[plt.Axes], np.ndarray]:  # fmt: skip
    """A figure of named rows in titled blocks, its panels, and the middles of the rows: in inches, downwards.

    Parameters
    ----------
    names, width, size : a name a row, wrapped to so many inches in so many points
    groups, titles : the group of each row, equal neighbours in one block; the title of a group and its colour
    widths : relative widths of panels that share the rows
    least, beside : inches of a row; it is higher if its name, or the text that will stand beside it, has many lines
    guides, more : a faint line from each name to what stands beside the row; inches above and below the rows
    over : on a phone each name stands over its row, and its `value` at the end of the name's line
    """
    over = over and on_phone()
    beside = None if beside is None else list(beside)
    aside = max((inches(text.replace("\n", ", ")) for text in beside), default=0) if over and beside else 0
    room = min(1.9, across() - 0.5 - aside) if over else max(1.2, width * across() / WIDE)
    names = [wrap(name, room, size) for name in names]
    texts = zip(names, names if over or beside is None else beside, strict=True)
    heights = iter(
        [tall(a, size) + 0.29 if over else max(least, tall(a, size) + 0.04, tall(b) + 0.04) for a, b in texts]
    )
    heads, ys, y = [], [], 0.05 * bool(titles)
    for group, members in groupby([0] * len(names) if groups is None else groups):
        if group in (titles or {}):
            text, colour = titles[group]
            heads.append((y, text := wrap(text, across() - 0.3, HEAD, "bold"), colour))
            y += tall(text, HEAD) + 0.06
        own = [next(heights) for _ in members]
        middles, end = stack(own)
        ys.extend(y + (np.cumsum(own) - 0.1 if over else middles))
        y += end + 0.12
    fig, axes = plt.subplots(
        1, len(widths), figsize=(across(), y + more), sharey=True, squeeze=False, width_ratios=widths
    )
    # The layout makes no room for the ends of scales, which reach out of their panels.
    fig.get_layout_engine().set(wspace=0.1 if len(widths) > 1 else 0)
    axes[0, 0].set_ylim(y, 0)
    name_rows(axes[0, 0], ys, names, size, over=over)
    left_edge = blended_transform_factory(fig.transFigure, axes[0, 0].transData)
    for top, text, colour in heads:
        for ax in axes[0]:  # no line runs through a heading
            ends = top - 0.05, top + tall(text, HEAD) + 0.02
            ax.fill_between([0, 1], *ends, color=PAPER, linewidth=0, zorder=2.5, transform=ax.get_yaxis_transform())
        # In the last panel, which is drawn last; no panel makes room for what spans them all.
        axes[0, -1].text(
            0.012, top, text, transform=left_edge, va="top", fontsize=HEAD, weight="bold", in_layout=False,
            color=colour, zorder=2.6,
        )  # fmt: skip
    for ax in axes[0]:
        ax.patch.set_visible(False)  # or it hides headings that begin in the panel before
        ax.spines["left"].set_visible(False)
        if guides:
            ax.hlines(ys, 0, 1, color=FAINT, linewidth=0.8, zorder=0, transform=ax.get_yaxis_transform())
    return fig, list(axes[0]), np.array(ys)


def name_rows(ax: plt.Axes, ys: Sequence[float], names: Sequence[str], size: float, *, over: bool) -> None:
    """Names beside the rows of a panel, or over them.

    Parameters
    ----------
    ax, ys, names, size, over : the panel; heights and names of its rows; points of letters; whether names stand over rows
    """
    ax.set_yticks(ys, [""] * len(ys) if over else names, fontsize=size)
    for y, name in zip(ys, names, strict=True):
        if over:
            _over(ax, 0, y, name, ha="left", fontsize=size)


def share_blocks(
    rows: pd.DataFrame, by: Sequence[str] = ("item", "label"), beside: str = "", **options
) -> tuple[Figure, list[plt.Axes], dict[tuple, float]]:
    """Blocks of shares, an item each with a row a label; and where each row, known `by`, stands.

    `rows`: `label, item, item_label`, in order; a single label heads the block, rows are items. `beside`: a column.
    """
    known = rows.drop_duplicates(list(by))
    known = known.sort_values(["item", "label"], key=lambda column: pd.factorize(column)[0])
    alone = known["label"].nunique() == 1
    block, title, name, width = ("label", "label", "item_label", 2.0) if alone else ("item", "item_label", "label", 1.35)  # fmt: skip
    titles = {group: (text, INK) for group, text in zip(known[block], known[title], strict=True)}
    fig, axes, ys = blocks(known[name], known[block], titles, width=width, beside=known.get(beside), **options)
    return fig, axes, dict(zip(known[list(by)].itertuples(index=False, name=None), ys, strict=True))


def small_charts(
    panels: Iterable, height: float, *, titles: dict | None = None, names: float = 0.6, columns: int = 0, **shared
) -> tuple[Figure, dict[object, plt.Axes]]:
    """Small charts side by side, each titled.

    Parameters
    ----------
    panels, height, titles : one chart each; inches of one without its title; panel -> title where that is not its name
    names, columns : inches that names of rows take; most charts side by side, none given: three if there are three, else two
    """
    panels = list(dict.fromkeys(panels))
    columns = columns or (3 if len(panels) == 3 else 2)
    columns = min(max(1, int(columns * across() / WIDE)), len(panels))
    lines = -(-len(panels) // columns)
    heads = [wrap((titles or {}).get(p, p), (across() - names) / columns - 0.4, 10.5, "bold") for p in panels]
    height += max(tall(head, 10.5) for head in heads)
    fig, axes = plt.subplots(lines, columns, figsize=(across(), 0.6 + height * lines), squeeze=False, **shared)
    for ax, head in zip(axes.flat, heads, strict=False):
        ax.set_title(head)
    for ax in axes.flat[len(panels) :]:
        ax.set_visible(False)
    for ax in axes.flat[max(0, len(panels) - columns) : len(panels)]:
        ax.tick_params(labelbottom=True)  # those that have none below them
    return fig, dict(zip(panels, axes.flat, strict=False))


def bounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without the intervals that lack a bound, as such are not drawn."""
    bounds = rows[["ci_low", "ci_high"]].astype(float)
    return rows.assign(**bounds.where(np.isfinite(bounds).all(axis=1)))


def interval(ax: plt.Axes, y: float, low: float, high: float, colour: str = OURS, width: float = 2, **more) -> None:
    """A level line.

    Parameters
    ----------
    ax, y, low, high, colour, width : where it is drawn; its height and ends there; its colour and points across
    """
    ax.plot([low, high], [y, y], color=colour, linewidth=width, **more)


def margin(ax: plt.Axes, y: float, low: float, high: float, colour: str = OURS, **more) -> None:
    """The 95% interval of what is drawn at a height; below the figure stands what such lines are.

    Parameters
    ----------
    ax, y, low, high, colour, more : as for `interval`
    """
    interval(ax, y, low, high, colour, **more)
    has_margins(ax, [low, high])


def has_margins(ax: plt.Axes, ends: Iterable[float]) -> None:
    """Have a figure say below it what the lines through its marks are, if some end of one is known."""
    ax.figure.margins = getattr(ax.figure, "margins", False) or bool(np.isfinite(np.asarray(list(ends), float)).any())


def point(ax: plt.Axes, x: float, y: float, colour: str = OURS, marker: str = "o", face: str = "", size: float = 6) -> plt.Line2D:  # fmt: skip
    """A mark; half of one at the end of a scale lies outside of the axes.

    Parameters
    ----------
    ax, x, y, colour, marker, face, size : where it is drawn; its place there; its edge, form, inside and points across
    """
    look = {"color": colour, "markerfacecolor": face or colour, "markersize": size}
    return ax.plot(x, y, marker, **look, clip_on=False, zorder=3)[0]


def beside(ax: plt.Axes, y: float, text: str, colour: object = INK, offset: float = 6, **more) -> None:
    """Text to the right of a panel.

    Parameters
    ----------
    ax, y, text, colour, offset : the panel; its height there; the words; their colour; points away
    """
    place = {"xytext": (offset, 0), "textcoords": "offset points", "annotation_clip": False}
    options = {"va": "center", "fontsize": SMALL} | more
    ax.annotate(text, (1, y), xycoords=ax.get_yaxis_transform(), color=colour, **place, **options)


def value(ax: plt.Axes, y: float, text: str, colour: object = INK, offset: float = 6, **more) -> None:
    """The numbers of a row of `blocks`: beside the panel, or on a phone at the end of the line of the row's name.

    Parameters
    ----------
    ax, y, text, colour, offset : the panel; its height there; the words; their colour; points away, if beside
    """
    if on_phone():
        _over(ax, 1, y, text, ha="right", color=colour, **(more | {"fontsize": SMALL}))
    else:
        beside(ax, y, text, colour, offset, **({"fontsize": HEAD} | more))


def _over(ax: plt.Axes, x: float, y: float, text: str, **look) -> None:
    """Text over a row, from an end of its panel."""
    place = {"xytext": (0, 7), "textcoords": "offset points", "va": "bottom", "annotation_clip": False}
    ax.annotate(text, (x, y), xycoords=ax.get_yaxis_transform(), in_layout=False, **place, **look)


def upright(ax: plt.Axes, x: float, ys: Sequence[float], **look) -> None:
    """A grey line across the rows of a panel; on a phone, where names stand over rows, in pieces that end below them.

    Parameters
    ----------
    ax, x, ys, look : the panel; where; heights of its rows; how the line looks
    """
    look = {"color": GREY, "linewidth": 1} | look
    if on_phone():
        ax.vlines([x] * len(ys), np.array(ys) - 0.08, np.array(ys) + 0.12, **look)
    else:
        ax.axvline(x, **look)


def why(note: object) -> str:
    """Why there is nothing to show, in a word or two."""
    text = "" if pd.isna(note) else str(note)
    return "not asked" if "administered" in text else "too few" if "few" in text else text or "no value"


def instead(ax: plt.Axes, y: float, note: object) -> None:
    """Why there is nothing to draw in a row."""
    ax.text(
        0.5, y, why(note), ha="center", va="center", fontsize=SMALL, style="italic", color=GREY,
        transform=ax.get_yaxis_transform(), bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def label(ax: plt.Axes, x: float, y: float, text: str, colour: object, offset: tuple[float, float], **more) -> None:
    """Text beside a point of a line.

    Parameters
    ----------
    ax, x, y, text, colour, offset : where it is drawn; the point there; words; their colour; points to the right and up
    """
    across, up = offset
    ha = "left" if across > 0 else "right" if across < 0 else "center"
    va = "bottom" if up > 0 else "top" if up < 0 else "center"
    options = {"ha": ha, "va": va, "fontsize": HEAD, "textcoords": "offset points"} | more
    ax.annotate(text, (x, y), xytext=offset, color=colour, **options)


def percent_axis(ax: plt.Axes, step: float = 0.25, *, both: bool = False) -> None:
    """The whole scale from 0 to 100%, named below or `both` above and below, with faint lines."""
    ax.set_xlim(0, 1)
    ax.set_xticks(np.arange(0, 1.001, min(1, 2 * step) if on_phone() else step))
    ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f}%")
    ax.tick_params(axis="x", labeltop=both, top=both)
    ax.grid(axis="x")


def legend(fig: Figure, entries: dict, title: str = "") -> None:
    """Names with their colours or handles above the panels, in as many lines as they take; over them what they name."""
    texts, box = [wrap(text, across() - 0.7) for text in entries], plt.Rectangle
    handles = [box((0, 0), 1, 1, color=e) if isinstance(e, str) else e for e in entries.values()]
    room, most = [inches(text) + 0.5 for text in texts], len(texts)
    columns = next((k for k in range(most, 1, -1) if sum(max(room[i::k]) for i in range(k)) < across()), 1)
    order = [i for start in range(columns) for i in range(start, most, columns)]
    lines = sum(max(text.count("\n") + 1 for text in texts[i : i + columns]) for i in range(0, most, columns))
    title = wrap(title, across() - 0.3)
    fig.set_figheight(fig.get_figheight() + 0.17 * max(0, lines + title.count("\n") + bool(title) - 2))
    fig.legend(
        [handles[i] for i in order], [texts[i] for i in order], ncols=columns, loc="outside upper center",
        frameon=False, fontsize=SMALL, columnspacing=1.2, handlelength=1.6, title=title or None, title_fontsize=SMALL,
    )  # fmt: skip
