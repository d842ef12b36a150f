"""Drawing of reach and of retold numbers: a table in, a matplotlib figure out. What is drawn is computed elsewhere."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, RED, SKY, WIDTH, dark

_SMALL = 9
_LINE = 0.165  # inches from line to line
COLOURS = {
    "kept": GREEN,
    "sharpened": ORANGE,
    "widened": PURPLE,
    "narrowed": SKY,
    "changed": RED,
    "not seen": "#b5b5b5",
}
"""A colour for each sign; the word stands beside it wherever it is used."""


def reach(parts: pd.DataFrame, total: float, total_label: str) -> Figure:
    """Counts that are laid end to end up to their sum, one row each, with a line at what a source says of all.

    `parts`: `label, value, note` and `indirect` (drawn hatched).
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.72 * (len(parts) + 1)))
    start, end = 0.0, parts["value"].sum()
    for y, row in enumerate(parts.itertuples()):
        ax.barh(
            y, row.value, left=start, height=0.52, color="white" if row.indirect else BLUE, edgecolor=BLUE,
            hatch="////" if row.indirect else None, linewidth=1.2,
        )  # fmt: skip
        right = start + row.value / 2 > end / 2
        edge, text = (start, f"{row.note}  ") if right else (start + row.value, f"  {row.note}")
        ax.text(
            edge, y, text, ha="right" if right else "left", va="center", fontsize=_SMALL, color=GREY
        )
        start += row.value
        ax.plot([start, start], [y, y + 1], color=GREY, linewidth=0.8)
    ax.barh(len(parts), end, height=0.52, color=PALE)
    ax.text(end / 2, len(parts), f"{end:,.0f}", ha="center", va="center", weight="bold")
    ax.axvline(total, color=RED, linewidth=1.2, linestyle=(0, (4, 3)))
    ax.set_title(total_label, x=1, loc="right", color="#8c3d00", fontsize=_SMALL, weight="normal")
    names = [f"{fill(row.label, 22)}\n{row.value:,.0f}" for row in parts.itertuples()]
    ax.set_yticks(range(len(parts) + 1), [*names, "sum of the three\nprinted numbers"])
    ax.set_ylim(len(parts) + 0.5, -0.5)
    ax.set_xlim(0, max(end, total) * 1.005)
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    ax.tick_params(axis="x", labelsize=_SMALL)
    return fig


def tally(counts: pd.DataFrame, meaning: dict[str, str]) -> Figure:
    """How many retellings each document has of each sign, a cell each. `counts`: `said_by, sign, count`."""
    who = list(dict.fromkeys(counts["said_by"]))
    signs = [sign for sign in COLOURS if counts.loc[counts["sign"] == sign, "count"].sum()]
    fig, ax = plt.subplots(figsize=(WIDTH, 1.1 + 0.24 * -(-len(signs) // 2) + 0.5 * len(who)))
    for y, name in enumerate(who):
        left = 0
        for sign in signs:
            part = counts[(counts["said_by"] == name) & (counts["sign"] == sign)]
            count = int(part["count"].sum())
            cells = np.arange(left, left + count)
            ax.barh(
                np.full(count, y),
                1,
                left=cells,
                height=0.62,
                color=COLOURS[sign],
                edgecolor="white",
            )
            if count:
                box = {"facecolor": COLOURS[sign], "edgecolor": "none", "pad": 1}
                ax.text(
                    left + count / 2,
                    y,
                    f"{count}",
                    ha="center",
                    va="center",
                    weight="bold",
                    bbox=box,
                )
            left += count
        ax.text(left + 0.3, y, f"of {left}", va="center", color=GREY, fontsize=_SMALL)
    ax.set_yticks(range(len(who)), [fill(name, 24) for name in who])
    ax.set_ylim(len(who) - 0.5, -0.5)
    ax.set_xlim(0, 1.08 * counts.groupby("said_by")["count"].sum().max() + 0.5)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    handles = [plt.Rectangle((0, 0), 1, 1, color=COLOURS[sign]) for sign in signs]
    texts = [f"{sign}: {meaning[sign]}" for sign in signs]
    fig.legend(
        handles, texts, ncols=2, loc="outside upper center", frameon=False, fontsize=_SMALL, handlelength=1,
    )  # fmt: skip
    return fig


def beside(rows: pd.DataFrame) -> Figure:
    """Each retold number (dot) beside its source's (diamond) on one axis, a panel a unit, both in digits at the side.

    `rows`: `label, value, bound, unit, source_value, source_bound, sign`. Rows keep their order. The axis of
    percentages runs from 0 to 100.
    """
    panels = [(unit, part) for unit, part in rows.groupby("unit", sort=False)]
    names = {unit: [_wrapped(label, 34) for label in part["label"]] for unit, part in panels}
    tall = {
        unit: [max(0.3, 0.1 + _LINE * (name.count("\n") + 1)) for name in names[unit]]
        for unit, _ in panels
    }
    heights = [sum(tall[unit]) for unit, _ in panels]
    fig, axes = plt.subplots(
        len(panels), 1, figsize=(WIDTH, 0.75 + sum(heights) + 0.62 * len(panels)), squeeze=False,
        height_ratios=heights,
    )  # fmt: skip
    for (ax, (unit, part)), first in zip(
        zip(axes[:, 0], panels, strict=True), [True] + [False] * len(panels), strict=False
    ):
        ends = np.cumsum(tall[unit])
        centres = ends - np.array(tall[unit]) / 2
        for y, row in zip(centres, part.itertuples(), strict=True):
            _pair(ax, y, row)
        ax.set_yticks(centres, names[unit], fontsize=_SMALL)
        ax.set_ylim(ends[-1], 0)
        _scale(ax, part, unit)
        if first:
            for x, head in ((1.13, "retold"), (1.36, "source")):
                ax.annotate(head, (x, 1), xycoords="axes fraction", xytext=(0, 6), textcoords="offset points",
                            ha="right", fontsize=_SMALL, color=GREY)  # fmt: skip
    handles = [
        plt.Line2D([], [], color=BLUE, marker="o", linestyle="", markersize=7),
        plt.Line2D([], [], color=INK, marker="D", linestyle="", markersize=8, markerfacecolor="none"),
    ]  # fmt: skip
    fig.legend(
        handles, ["as retold", "as the source was seen to say"], ncols=2, loc="outside upper center",
        frameon=False, fontsize=_SMALL,
    )  # fmt: skip
    return fig


def _pair(ax: plt.Axes, y: float, row: tuple) -> None:
    """One row: both marks, joined, and at the side both numbers and the sign."""
    ax.axhline(y, color="#ececec", linewidth=0.8, zorder=0)
    if not np.isnan(row.source_value):
        ax.plot([row.value, row.source_value], [y, y], color=COLOURS[row.sign], linewidth=2.4)
    ax.plot(row.value, y, "o", color=BLUE, markersize=7, clip_on=False, zorder=3)
    if not np.isnan(row.source_value):
        ax.plot(
            row.source_value, y, "D", color=INK, markersize=8, markerfacecolor="none", clip_on=False, zorder=4,
            alpha=0.9,
        )  # fmt: skip
    for x, text, align, colour in (
        (1.13, f"{row.bound}{digits(row.value)}", "right", INK),
        (1.36, f"{row.source_bound}{digits(row.source_value)}", "right", INK),
        (1.42, row.sign, "left", dark(COLOURS[row.sign])),
    ):
        ax.annotate(
            text, (x, y), xycoords=ax.get_yaxis_transform(), ha=align, va="center", fontsize=_SMALL, color=colour,
            weight="bold" if align == "left" else "normal", annotation_clip=False,
        )  # fmt: skip


def digits(value: float) -> str:
    """A number as it is written, thousands apart from 10,000 on, so that years stay years; a dash for none."""
    if np.isnan(value):
        return "–"
    return f"{value:,.0f}" if value >= 10_000 else f"{value:g}"


def _scale(ax: plt.Axes, part: pd.DataFrame, unit: str) -> None:
    values = part[["value", "source_value"]].to_numpy(float)
    low, high = np.nanmin(values), np.nanmax(values)
    if unit.startswith("percent") and low >= 0 and high <= 100:
        ax.set_xlim(0, 100)
        ax.set_xticks(range(0, 101, 25))
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0f} %")
    else:
        # Years and the like are far from zero: there the axis shows where they differ.
        floor = 0 if low <= high / 2 or low == high else low - (high - low)
        ax.set_xlim(min(floor, low), high + max(0.05 * (high - min(floor, low)), 1e-9))
        ax.xaxis.set_major_locator(plt.MaxNLocator(4, integer=True))
        ax.xaxis.set_major_formatter(lambda x, _: digits(x))
        ax.set_xlabel(unit, fontsize=_SMALL)
    ax.tick_params(axis="x", labelsize=_SMALL)


def chain(steps: pd.DataFrame) -> Figure:
    """One claim from hand to hand: a box each, top to bottom, and at each arrow what became of it.

    `steps`: `who, says, sign, change`; sign and change tell what happened on the way from the box above.
    """
    texts = [fill(row.says, 76) for row in steps.itertuples()]
    changes = [fill(f"{row.sign}: {row.change}", 72) if row.sign else "" for row in steps.itertuples()]  # fmt: skip
    boxes = [0.34 + 0.185 * (text.count("\n") + 1) for text in texts]
    gaps = [0.3 + _LINE * (text.count("\n") + 1) if text else 0 for text in changes]
    height = sum(boxes) + sum(gaps)
    fig, ax = plt.subplots(figsize=(WIDTH, height + 0.1))
    y = 0.0
    for row, text, change, box, gap in zip(
        steps.itertuples(), texts, changes, boxes, gaps, strict=True
    ):
        if change:
            colour = dark(COLOURS[row.sign])
            ax.annotate("", (0.25, y + gap), (0.25, y), arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.8})  # fmt: skip
            ax.text(0.45, y + gap / 2, change, va="center", fontsize=_SMALL, color=colour, weight="bold")  # fmt: skip
        y += gap
        ax.add_patch(plt.Rectangle((0, y), WIDTH - 0.2, box, facecolor="#f4f6f8", edgecolor=PALE))
        ax.text(0.12, y + 0.07, row.who, va="top", fontsize=_SMALL, color=GREY)
        ax.text(0.12, y + box - 0.08, text, va="bottom", fontsize=10.5)
        y += box
    ax.set_xlim(-0.02, WIDTH - 0.18)
    ax.set_ylim(y + 0.02, -0.02)
    ax.axis("off")
    return fig


def magnitudes(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Counts of very different size on one logarithmic axis, a block a group, the numbers beside them.

    `rows`: `group, label, value, bound` and `marked` (drawn in another colour).
    """
    groups = list(dict.fromkeys(rows["group"]))
    names = {group: [fill(label, 40) for label in rows.loc[rows["group"] == group, "label"]] for group in groups}  # fmt: skip
    lines = [name.count("\n") + 1 for group in groups for name in names[group]]
    fig, axes = plt.subplots(
        len(groups), 1, figsize=(WIDTH, 0.7 + 0.3 * len(groups) + 0.1 * len(rows) + _LINE * sum(lines)),
        sharex=True, squeeze=False,
        height_ratios=[sum(0.1 + _LINE * (name.count("\n") + 1) for name in names[group]) for group in groups],
    )  # fmt: skip
    for ax, group in zip(axes[:, 0], groups, strict=True):
        part = rows[rows["group"] == group]
        tall = np.array([0.1 + _LINE * (name.count("\n") + 1) for name in names[group]])
        ends = np.cumsum(tall)
        for y, row in zip(ends - tall / 2, part.itertuples(), strict=True):
            colour = BLUE if row.marked else GREY
            ax.axhline(y, color="#ececec", linewidth=0.8, zorder=0)
            ax.plot(row.value, y, "o", color=colour, markersize=7 if row.marked else 6)
            ax.annotate(
                f"{row.bound}{row.value:,.0f}", (1.02, y), xycoords=ax.get_yaxis_transform(), va="center",
                fontsize=_SMALL, weight="bold" if row.marked else "normal", color=colour, annotation_clip=False,
            )  # fmt: skip
        ax.set_xscale("log")
        ax.set_yticks(ends - tall / 2, names[group], fontsize=_SMALL)
        ax.set_ylim(ends[-1], 0)
        ax.set_title(group, fontsize=10)
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        ax.tick_params(axis="x", labelsize=_SMALL, which="both")
    axes[-1, 0].set_xlabel(xlabel, fontsize=_SMALL)
    return fig


def _wrapped(text: str, width: int) -> str:
    """A text on lines of so many letters; lines that it has already are kept."""
    return "\n".join(fill(line, width) for line in text.split("\n"))
