"""Maps of cells: how much, or whether, in a grid of rows and columns; and boxes joined by arrows."""

import itertools
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.draw import colours, style
from helpers.draw.colours import FAINT, GREY, INK, OURS, PALE, PAPER, PRINTED, QUIET, WASH
from helpers.draw.hover import told, unseen
from helpers.draw.numbers import percent
from helpers.draw.style import HEAD, SMALL


def _heat(ax: plt.Axes, values: pd.DataFrame, texts: pd.DataFrame) -> None:
    """Cells shaded by their values (0 to 1, none where empty), each with its text."""
    sns.heatmap(
        values, ax=ax, cmap=colours.SHADES, vmin=0, vmax=1, annot=texts, fmt="", annot_kws={"fontsize": SMALL},
        cbar=False, linewidths=0.8, linecolor=PAPER, xticklabels=False, yticklabels=False,
    )  # fmt: skip
    drawn = values.to_numpy(float).ravel()
    for text, value in zip(ax.texts, drawn[~np.isnan(drawn)], strict=True):
        text.set_color(colours.readable(colours.SHADES(value)))
    ax.set(xlabel="", ylabel="")


def _told(ax: plt.Axes, grid: pd.DataFrame, said: Callable[[object, object, float], str]) -> None:
    """Have cells tell what is `said` of row, column and value, by a pane over each that nobody sees; of some nothing."""
    for y, (row, cells) in enumerate(grid.iterrows()):
        for x, (column, value) in enumerate(cells.items()):
            if text := said(row, column, value):
                unseen(ax.add_patch(Rectangle((x, y), 1, 1, facecolor=PAPER, linewidth=0)), text)


def _name_cells(ax: plt.Axes, rows: list, columns: list, **more) -> None:
    """Names of rows and of columns at the middle of their cells."""
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=SMALL)
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=SMALL, **more)
    ax.tick_params(length=0)


@style.two_widths
def group_sizes(rows: pd.DataFrame, tests: int) -> Figure:
    """How many of the printed tests sizes of groups give: a row each, a box a test. `rows`: `label, reproduced, printed`."""
    fig, (ax,), ys = style.blocks(rows["label"], size=HEAD, least=0.42, more=0.2, guides=False, over=True)
    up, high = (0.02, 0.14) if style.on_phone() else (0.11, 0.22)  # where names stand over rows boxes stand lower
    for y, row in zip(ys, rows.itertuples(), strict=True):
        colour = PRINTED if row.printed else OURS
        for place in range(tests):
            face = colour if place < row.reproduced else PAPER
            box = ax.add_patch(Rectangle((place + 0.06, y - up), 0.88, high, facecolor=face, edgecolor=colour))
            told(box, f"{row.label}: {row.reproduced} of {tests}")
        style.value(ax, y, f"{row.reproduced} of {tests}", weight="bold" if row.reproduced == tests else "normal")
    ax.set(xlim=(0, tests), xticks=[])
    ax.spines["bottom"].set_visible(False)
    return fig


@style.two_widths
def shares(rows: pd.DataFrame, by_share: bool = True) -> Figure:
    """Map of shares in percent, systems x items, systems in the order of their mean share, largest first (or as they come).

    `rows` of one statistic: `label, item, item_label, share` (0 to 1) and `note`. The shade runs from 0 to 100%. A
    cell without a share is hatched and bears a sign, explained below the map.
    """
    items = rows.drop_duplicates("item").set_index("item")["item_label"]
    grid = rows.pivot(index="label", columns="item", values="share").astype(float)[items.index]
    order = grid.mean(axis=1).sort_values(ascending=False, na_position="last", kind="stable").index
    grid = grid.loc[order if by_share else rows["label"].unique()]
    notes = rows.pivot(index="label", columns="item", values="note").loc[grid.index, items.index]
    names = [style.wrap(name, 1.75) for name in grid.index]
    columns = max(len(items), 4)
    most = max(1, int((style.across() - 2.1) / columns / style.tall("")))
    heads = [style.on_lines(str(name), most) for name in items]
    pitches = [(style.tall(one) + style.tall(two)) / 2 for one, two in itertools.pairwise(names)]
    height = max(map(style.inches, heads)) + max([0.18, *pitches]) * len(names)
    fig, ax = plt.subplots(figsize=(style.across(), 0.5 + height + 0.03 * len(names)))
    _heat(ax, grid, grid.map(percent))
    _told(ax, grid, lambda name, item, share: f"{name}, {items[item]}: {percent(share)}%" if share == share else "")
    signs: dict[str, str] = {}
    for y, x in np.argwhere(grid.isna().to_numpy()):
        note = style.why(notes.iat[y, x])
        sign = signs.setdefault(note, "–×+*"[min(len(signs), 3)])
        ax.add_patch(Rectangle((x, y), 1, 1, facecolor=FAINT, edgecolor=QUIET, hatch="////", linewidth=0))
        box = {"facecolor": FAINT, "edgecolor": "none", "pad": 1}
        ax.text(x + 0.5, y + 0.5, sign, ha="center", va="center", fontsize=SMALL, bbox=box)
    _name_cells(ax, names, heads, rotation=90)
    ax.tick_params(labelbottom=False, labeltop=True, labelcolor=INK)
    ax.set_xlim(0, columns)
    ax.set_xlabel("    ".join(["percent", *(f"{sign}  {note}" for note, sign in signs.items())]), fontsize=SMALL)
    return fig


@style.two_widths
def co_occurrence(pairs: pd.DataFrame, n: int, practices: int = 0) -> Figure:
    """How many of `n` leaders have two of some practices and supports both; in grey, how many have one at all.

    Parameters
    ----------
    pairs : `code_1, code_2, both`, a pair once and each code with itself; those that most leaders have are framed
    n, practices : how many leaders there are; how many of the codes, the first ones, are practices; the others are supports
    """
    codes = list(dict.fromkeys(pairs["code_1"]))
    grid = pairs.pivot(index="code_2", columns="code_1", values="both").loc[codes, codes]
    numbers = [str(place) for place in range(1, len(codes) + 1)]
    room = min(2.1, 0.36 * style.across())
    names = [style.wrap(f"{code}\u00a0\u00a0{number}", room) for code, number in zip(codes, numbers, strict=True)]
    pitch = max(0.36, *(style.tall(name) + 0.04 for name in names))
    fig, ax = plt.subplots(figsize=(style.across(), 1.1 + pitch * len(codes)))
    cell = (style.across() - room - 0.2) / len(codes)
    number = "{:.0f}" if cell > style.inches("00") else ""  # where cells are too small for it the shade stays
    _heat(ax, grid / n, grid.map(number.format))
    _told(ax, grid, lambda one, other, both: f"{one} and {other}: {both:.0f} of {n}" if both == both else "")
    apart = grid.where(~np.eye(len(codes), dtype=bool))
    most = apart.max().max() or np.nan  # nothing is most frequent where no pair is had
    for text in ax.texts:
        x, y = (int(place) for place in text.get_position())
        if x == y:
            ax.add_patch(Rectangle((x, y), 1, 1, facecolor=PALE, edgecolor=PAPER))
        text.set(weight="bold" if apart.iat[y, x] == most else "normal", color=INK if x == y else text.get_color())
    framed = {"facecolor": "none", "edgecolor": INK, "linewidth": 2}
    for y, x in np.argwhere((apart == most).to_numpy()):
        ax.add_patch(Rectangle((x, y), 1, 1, **framed, zorder=3, clip_on=False))
    _name_cells(ax, names, numbers, rotation=0 if number else 90)
    if 0 < practices < len(codes):
        ax.plot([0, practices, practices], [practices, practices, len(codes)], color=INK, linewidth=1)
        ax.set_xlabel(f"1 to {practices}: practices, {practices + 1} to {len(codes)}: supports", fontsize=HEAD)
    key = {"how many leaders have both": colours.SHADES(0.4), "how many have it at all": PALE}
    boxes = {name: Rectangle((0, 0), 1, 1, color=colour) for name, colour in key.items()}
    style.legend(fig, boxes | ({"most frequent": Rectangle((0, 0), 1, 1, **framed)} if most == most else {}))
    return fig


@style.two_widths
def model(rows: pd.DataFrame, kinds: dict[str, str]) -> Figure:
    """Practices (rows) and supports (columns): a box where a practice needs a support, a triangle where it builds it.

    `rows`: `practice, support, statistic`, in order; `kinds`: statistic -> "full", "open" or "builds". At the end of a
    row stands how many boxes it has, without the open ones and with them.
    """
    practices, supports = (list(dict.fromkeys(rows[name])) for name in ("practice", "support"))
    fig, ax = plt.subplots(figsize=(style.across(), 1.5 + 0.62 * len(practices)))
    boxes = {"full": {"facecolor": PRINTED}, "open": {"facecolor": PAPER, "linewidth": 1.5}}
    triangle = {"marker": "^", "linestyle": "", "color": colours.GROUPS[0], "markeredgecolor": PAPER}
    for row in rows.itertuples():
        x, y, look = supports.index(row.support), practices.index(row.practice), kinds[row.statistic]
        if look == "builds":
            ax.plot(x + 0.5, y + 0.5, **triangle, markersize=17)
        else:
            ax.add_patch(Rectangle((x + 0.12, y + 0.16), 0.76, 0.68, edgecolor=PRINTED, **boxes[look]))
    room = 0.9 if style.on_phone() else 0.6  # of the counts, in boxes
    looks = rows.assign(look=rows["statistic"].map(kinds)).groupby(["practice", "look"])["support"].nunique()
    for y, practice in enumerate(practices):
        full, more = (looks.get((practice, look), 0) for look in boxes)
        text = f"{full} or {full + more}" if more else str(full)
        ax.text(len(supports) + room / 2, y + 0.5, text, ha="center", va="center", fontsize=HEAD, weight="bold")
    heads = [style.wrap(support, 0.94) for support in supports]
    ax.set(xlim=(0, len(supports) + room), ylim=(len(practices), 0))
    turned = 90 if style.on_phone() else 0
    _name_cells(ax, [style.wrap(p, 1.0) for p in practices], heads, rotation=turned)
    places, names = [*ax.get_xticks(), len(supports) + room / 2], [*heads, "needed\nin all"]
    ax.set_xticks(places, names, fontsize=SMALL, rotation=turned)
    ax.tick_params(labelbottom=False, labeltop=True)
    ax.hlines(range(len(practices) + 1), 0, len(supports) + room, color=PALE, linewidth=0.8)
    ax.spines[:].set_visible(False)
    handles = {look: Rectangle((0, 0), 1, 1, edgecolor=PRINTED, **box) for look, box in boxes.items()}
    handles["builds"] = plt.Line2D([], [], **triangle, markersize=11)
    named = {look: kind for kind, look in kinds.items()}
    style.legend(fig, {kind: handles[look] for look, kind in named.items()})
    return fig


@style.two_widths
def chain(steps: pd.DataFrame) -> Figure:
    """One claim from hand to hand, a box each. `steps`: `who, says, sign, change` (at the arrow from the box above)."""
    says = [style.wrap(text, style.across() - 0.8, 10.5) for text in steps["says"]]
    changes = [style.wrap(f"{row.sign}: {row.change}" if row.sign else "", style.across() - 1.1, HEAD) for row in steps.itertuples()]  # fmt: skip
    who = [style.wrap(name, style.across() - 0.6) for name in steps["who"]]
    boxes = [0.2 + style.tall(name) + style.tall(text, 10.5) for name, text in zip(who, says, strict=True)]
    gaps = [0.3 + style.tall(text, HEAD) if text else 0.0 for text in changes]
    bottoms = np.cumsum(boxes) + np.cumsum(gaps)
    fig, ax = plt.subplots(figsize=(style.across(), bottoms[-1] + 0.1))
    for row, name, text, change, bottom, box, gap in zip(steps.itertuples(), who, says, changes, bottoms, boxes, gaps, strict=True):  # fmt: skip
        top = bottom - box
        if change:
            colour = colours.dark(colours.SIGNS[row.sign])
            arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.8}
            ax.annotate("", (0.25, top), (0.25, top - gap), arrowprops=arrow)
            ax.text(0.45, top - gap / 2, change, va="center", fontsize=HEAD, color=colour)
        ax.add_patch(Rectangle((0, top), style.across() - 0.2, box, facecolor=WASH, edgecolor=PALE))
        ax.text(0.12, top + 0.07, name, va="top", fontsize=SMALL, color=GREY)
        ax.text(0.12, bottom - 0.08, text, va="bottom")
    ax.set(xlim=(-0.02, style.across() - 0.18), ylim=(bottoms[-1] + 0.02, -0.02))
    for text in ax.texts:  # which fit, if nobody makes the axes smaller to fit them
        text.set_in_layout(False)
    ax.axis("off")
    return fig
