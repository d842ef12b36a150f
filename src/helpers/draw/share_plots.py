"""Drawing of shares by system and item: a table in, a matplotlib figure out. What is drawn is computed elsewhere.

A table has one row an estimate: `system, label` (code and spoken name), `item, item_label`, `statistic`, `share,
ci_low, ci_high` (0 to 1) and `note`, which says why a share is empty. An empty share is drawn as a short note and
never as zero; a share without an interval is a bare mark. Where the optional column `average` is true, the row is
a mean over systems. Items and systems keep the order of their first rows, and names of any length are wrapped.
"""

import itertools
from collections.abc import Iterable
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.transforms import blended_transform_factory

from helpers.draw.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, SKY, WIDTH, dark

_SMALL, _HEAD = 8.5, 9.5  # points; nothing is smaller
_LINE = 1.25 / 72  # inches from line to line, for each point of size
_ROW = 0.19  # inches from one row of a block to the next
_FAINT = "#ececec"
_SERIES = ((BLUE, "o"), (RED, "s"), (GREEN, "^"), (PURPLE, "v"), (ORANGE, "P"), (SKY, "X"))
_CODES = 12  # more systems than these stand in a ranking by code, not by name


def dots(rows: pd.DataFrame, statistics: dict[str, str]) -> Figure:
    """Shares with 95 % intervals: a block an item, a row a system, a panel a statistic, with the numbers.

    `statistics`: what to draw, and the words above its panel. An average is a hollow diamond.
    """
    rows = rows[rows["statistic"].isin(statistics)]
    fig, axes, places = _blocks(rows, [1] * len(statistics))
    looks = _looks(rows)
    for ax, (statistic, title) in zip(axes, statistics.items(), strict=True):
        _percent_axis(ax, 0.5 if len(statistics) > 1 else 0.25)
        _title(ax, title, 4 / len(statistics))
        for row in rows[rows["statistic"] == statistic].itertuples():
            y = places[row.item, row.label]
            if np.isnan(row.share):
                _say(ax, 0.5, y, _short(row.note))
                continue
            colour, marker, face = looks[row.label]
            _interval(ax, row.ci_low, row.ci_high, y, colour)
            _mark(ax, row.share, y, colour, marker, face)
            _beside(ax, y, _percent(row.share))
    return fig


def ranked(rows: pd.DataFrame, highlight: Iterable[str] = ()) -> Figure:
    """All systems from the smallest share to the largest, with 95 % intervals, a panel an item.

    `rows` of one statistic; `highlight`: codes of the systems to colour and name. More than a dozen systems stand
    by their codes. Systems without a share come last.
    """
    highlight = list(dict.fromkeys(highlight))
    items, systems = (list(dict.fromkeys(rows[name])) for name in ("item", "system"))
    coded = len(systems) > _CODES
    shown = rows["system"].mask(_averages(rows), "mean") if coded else rows["label"]
    rows = rows.assign(shown=shown.astype(str))
    longest = max(_inches(text, weight="bold") for text in rows["shown"].unique())
    columns = min(len(items), 4 if longest < 0.45 else 2 if longest < 1.2 else 1)
    lines = -(-len(items) // columns)
    room = WIDTH / columns
    margin = min(longest, 2.4, 0.6 * room)
    names = {name: _wrap(name, margin, weight="bold") for name in rows["shown"].unique()}
    titles = [_wrap(_name(rows, item), room - 0.25, _HEAD, "bold") for item in items]
    heads = [max(_tall(title, _HEAD) for title in titles[i * columns :][:columns]) for i in range(lines)]  # fmt: skip
    row = max(0.138, *(_tall(name) + 0.02 for name in names.values()))
    height = sum(heads) + lines * (row * len(systems) + (0.62 if coded else 0.42)) + 0.3
    fig, axes = plt.subplots(lines, columns, figsize=(WIDTH, height), squeeze=False)
    looks = dict(zip(highlight, _SERIES * (1 + len(highlight) // len(_SERIES)), strict=False))
    for ax, item, title in zip(axes.flat, items, titles, strict=False):
        part = rows[rows["item"] == item].sort_values("share", na_position="last", kind="stable")
        ax.set_yticks(range(len(part)), [names[name] for name in part["shown"]], fontsize=_SMALL)
        ax.set_ylim(len(systems) - 0.4, -0.6)
        _percent_axis(ax, 0.5)
        ax.tick_params(axis="x", top=coded, labeltop=coded)
        _ranking(ax, part, looks)
        ax.annotate(
            title, (0, 1), xycoords="axes fraction", xytext=(-72 * margin - 7, 20 if coded else 5),
            textcoords="offset points", va="bottom", fontsize=_HEAD, weight="bold",
        )  # fmt: skip
    for ax in axes.flat[len(items) :]:
        ax.set_visible(False)
    if coded:
        _key(fig, rows, looks)
    return fig


def _ranking(ax: plt.Axes, part: pd.DataFrame, looks: dict[str, tuple[str, str]]) -> None:
    """Marks of one panel of `ranked`, in the order of the rows, and the colours of their names."""
    plain = ("#8c8c8c" if looks else BLUE, "o")
    rows = zip(part.itertuples(), _averages(part), ax.get_yticklabels(), strict=True)
    for y, (row, mean, name) in enumerate(rows):
        stands_out = mean or row.system in looks
        colour, marker = (INK, "D") if mean else looks.get(row.system, plain)
        name.set_weight("bold" if stands_out else "normal")
        name.set_color(INK if mean else dark(colour) if stands_out else GREY)
        if np.isnan(row.share):
            _say(ax, 0.5, y, _short(row.note))
            continue
        _interval(ax, row.ci_low, row.ci_high, y, colour)
        size = 5 if stands_out else 3.5
        _mark(ax, row.share, y, colour, marker, "white" if mean else colour, size)


def _key(fig: Figure, rows: pd.DataFrame, looks: dict[str, tuple[str, str]]) -> None:
    """Codes and names of the coloured systems, and names of averages, above the panels."""
    handles, texts = [], []
    known = rows.drop_duplicates("system")
    for row, mean in zip(known.itertuples(), _averages(known), strict=True):
        if not mean and row.system not in looks:
            continue
        colour, marker = (INK, "D") if mean else looks[row.system]
        face = "white" if mean else colour
        handles.append(plt.Line2D([], [], color=colour, marker=marker, markersize=5.5, markerfacecolor=face, linestyle=""))  # fmt: skip
        texts.append(str(row.label) if mean else f"{row.system} = {row.label}")
    if texts:
        _legend(fig, handles, texts)


def heat(rows: pd.DataFrame) -> Figure:
    """Map of shares in percent, systems x items, systems in the order of their mean share, largest first.

    `rows` of one statistic. The shade runs from 0 to 100 %. A cell without a share is hatched and bears a sign,
    explained below the map.
    """
    items = list(dict.fromkeys(rows["item"]))
    shares = rows.pivot(index="label", columns="item", values="share")[items]
    order = shares.mean(axis=1).sort_values(ascending=False, na_position="last", kind="stable")
    shares = shares.loc[order.index]
    notes = rows.pivot(index="label", columns="item", values="note").loc[order.index, items]
    names = [_wrap(str(name), 1.75) for name in shares.index]
    cell = (WIDTH - 2.1) / max(len(items), 4)
    most = max(1, int(cell / (_LINE * _SMALL)))
    heads = [_wrap_lines(_name(rows, item), most) for item in items]
    pitch = max([0.21, *_pitches(names)])
    height = max(_inches(line) for head in heads for line in head.split("\n"))
    fig, ax = plt.subplots(figsize=(WIDTH, 0.5 + height + pitch * len(names)))
    shades = sns.blend_palette(["#f7fbff", "#9ecae1", BLUE, "#08306b"], as_cmap=True)
    ax.pcolormesh(shares.to_numpy(float), cmap=shades, vmin=0, vmax=1, edgecolor="white", linewidth=0.8)  # fmt: skip
    signs: dict[str, str] = {}
    for y, x in np.ndindex(shares.shape):
        share = shares.iat[y, x]
        if np.isnan(share):
            note = _short(notes.iat[y, x])
            sign = signs.setdefault(note, "–×+*"[min(len(signs), 3)])
            ax.add_patch(plt.Rectangle((x, y), 1, 1, facecolor=_FAINT, edgecolor="#bdbdbd", hatch="////", linewidth=0))  # fmt: skip
            box = {"facecolor": _FAINT, "edgecolor": "none", "pad": 1}
            ax.text(x + 0.5, y + 0.5, sign, ha="center", va="center", fontsize=_SMALL, bbox=box)
            continue
        ax.text(
            x + 0.5, y + 0.5, _percent(share), ha="center", va="center", fontsize=_SMALL,
            color=_readable(shades(share)),
        )  # fmt: skip
    ax.set_ylim(len(names), 0)
    ax.set_xlim(0, max(len(items), 4))
    ax.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=_SMALL)
    ax.set_xticks(np.arange(len(items)) + 0.5, heads, fontsize=_SMALL, rotation=90)
    ax.tick_params(bottom=False, labelbottom=False, labeltop=True, labelcolor=INK)
    ax.spines[:].set_visible(False)
    meaning = [f"{sign}  {note}" for note, sign in signs.items()]
    ax.set_xlabel("    ".join(["percent", *meaning]), fontsize=_SMALL)
    return fig


def bars(rows: pd.DataFrame, categories: list[str]) -> Figure:
    """The whole distribution as stacked bars of 100 %: a block an item, a row a system, lowest category left.

    `statistic` holds the category, `n` who answered (left out where empty). Numbers from 6 % on. A row that lacks
    a category is not drawn but noted.
    """
    fig, (ax,), places = _blocks(rows, [1])
    colours = _ordered(len(categories))
    _percent_axis(ax, 0.25)
    for (item, label), part in rows.groupby(["item", "label"], sort=False):
        y = places[item, label]
        shares = part.set_index("statistic")["share"].reindex(categories).to_numpy(float)
        if np.isnan(shares).any():
            _say(ax, 0.5, y, _short(part["note"].iloc[0]))
            continue
        lefts = np.cumsum([0.0, *shares[:-1]])
        ax.barh(y, shares, left=lefts, color=colours, height=0.8 * _ROW)
        for share, left, colour in zip(shares, lefts, colours, strict=True):
            if share >= 0.06:
                ax.text(
                    left + share / 2, y, _percent(share), ha="center", va="center_baseline", fontsize=_SMALL,
                    color=_readable(colour),
                )  # fmt: skip
        if "n" in part and pd.notna(part["n"].iloc[0]):
            _beside(ax, y, f"n = {part['n'].iloc[0]:,.0f}", GREY)
    _legend(fig, [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in colours], categories)
    return fig


def changes(rows: pd.DataFrame) -> Figure:
    """Change of a share between two cycles: both shares (hollow, then filled), and the change with its interval.

    `rows` of one statistic: `label, item, item_label, cycle_1, cycle_2, share_1, share_2` (0 to 1), `estimate, ci_low,
    ci_high` (share 2 minus share 1) and `note`. With several pairs of cycles, rows are named by theirs too.
    """
    rows = rows.sort_values("label", key=lambda names: pd.factorize(names)[0], kind="stable")
    spans = [f"{one}–{two}" for one, two in zip(rows["cycle_1"], rows["cycle_2"], strict=True)]
    first, last = rows[["cycle_1", "cycle_2"]].iloc[0]
    if len(set(spans)) > 1:
        rows = rows.assign(label=rows["label"].astype(str) + ", " + spans)
        first, last = "earlier", "later"
    fig, (ax, right), places = _blocks(rows, [1, 0.9])
    _percent_axis(ax, 0.5)
    _title(ax, f"{first} ○   {last} ●", 1.9)
    _title(right, "change in points, 95 % interval", 2.6)
    for row in rows.itertuples():
        y = places[row.item, row.label]
        ax.plot([row.share_1, row.share_2], [y, y], color=GREY, linewidth=1.4, zorder=2)
        for share, face in ((row.share_1, "white"), (row.share_2, BLUE)):
            _mark(ax, share, y, BLUE, "o", face)
        _signed(right, row, y, BLUE)
    _zero(right, rows)
    right.tick_params(axis="x", labeltop=True, top=True)
    return fig


def differences(rows: pd.DataFrame) -> Figure:
    """Differences between two systems, an item a row, with 95 % intervals; filled where Holm's adjusted p < .05.

    `rows` of one statistic and one pair: `label_1, label_2, item, item_label, estimate, ci_low, ci_high` (share of
    system 1 minus share of system 2, 0 to 1), `p_holm` (0 to 1) and `note`.
    """
    names = [_wrap(str(name), 2.3) for name in rows["item_label"]]
    ends = np.cumsum([max(0.3, _tall(name) + 0.1) for name in names])
    centres = ends - np.diff([0.0, *ends]) / 2
    left, right = (
        _wrap(str(rows[label].iloc[0]), 1.1, _HEAD, "bold") for label in ("label_2", "label_1")
    )
    words = max(_tall(left, _HEAD), _tall(right, _HEAD))
    fig, ax = plt.subplots(figsize=(WIDTH, 1.1 + words + ends[-1]))
    for y, row in zip(centres, rows.itertuples(), strict=True):
        _signed(ax, row, y, BLUE if row.p_holm < 0.05 else "white")
    _zero(ax, rows)
    ax.set_ylim(ends[-1], 0)
    ax.set_yticks(centres, names, fontsize=_SMALL)
    ax.set_xlabel(
        "difference in percentage points, 95 % interval\nfilled: adjusted p < .05 (Holm); hollow: not",
        fontsize=_HEAD,
    )
    style = {"transform": ax.transAxes, "va": "bottom", "fontsize": _HEAD, "weight": "bold"}
    ax.text(0.47, 1.01, f"← larger in\n{left}", ha="right", **style)
    ax.text(0.53, 1.01, f"larger in →\n{right}", ha="left", **style)
    return fig


def printed(rows: pd.DataFrame) -> Figure:
    """Single printed shares, without intervals, each beside its source; values that disagree are joined in red.

    `rows`: `label, item, item_label, statistic, share, source`, and `decimals` of the printed percentage. Several rows
    of one label, item and statistic are what different sources print for the same quantity.
    """
    heads = rows["item_label"].astype(str) + ": " + rows["statistic"].astype(str)
    sources = [_wrap(str(text), 1.7) for text in rows["source"]]
    rows = rows.assign(item=heads, item_label=heads, source=sources, row=range(len(rows)))
    fig, (ax,), places = _blocks(rows, [1], ["item", "label", "row"], "source")
    _percent_axis(ax, 0.25)
    for (item, label), part in rows.groupby(["item", "label"], sort=False):
        ys = [places[item, label, row] for row in part["row"]]
        gap = part["share"].max() - part["share"].min()
        colour = RED if gap > 0 else BLUE
        ax.plot(part["share"], ys, color=colour, linewidth=1.4)
        if gap > 0:
            right = part["share"].max() < 0.65
            edge = part["share"].max() + 0.03 if right else part["share"].min() - 0.03
            ax.text(
                edge, np.mean(ys), f"{_number(100 * gap, part['decimals'].max())} points apart", va="center",
                ha="left" if right else "right", fontsize=_SMALL, color=dark(RED),
            )  # fmt: skip
        for y, row in zip(ys, part.itertuples(), strict=True):
            _mark(ax, row.share, y, colour, "o", colour)
            _beside(ax, y, f"{_number(100 * row.share, row.decimals)} %", weight="bold")
            _beside(ax, y, row.source, GREY, offset=46)
    return fig


def _blocks(
    rows: pd.DataFrame, widths: list[float], by: Iterable[str] = ("item", "label"), beside: str = ""
) -> tuple[Figure, list[plt.Axes], dict[tuple, float]]:
    """A figure with a block an item under its name and a row a label; and where each row, known `by`, stands.

    If there is one label only, it heads the one block, and rows are items. `beside`: column of a text that may be
    higher than the name. The panels, of these relative widths, share the rows; their vertical unit is the inch,
    downwards.
    """
    by = list(by)
    rows, head, name = _grouped(rows.drop_duplicates(by))
    names = {text: _wrap(str(text), 1.35 if name == "label" else 2.0) for text in rows[name].unique()}  # fmt: skip
    heads, places, end = _stacked(rows, head, names, by, [name, *([beside] if beside else [])])
    fig, axes = plt.subplots(
        1, len(widths), figsize=(WIDTH, end + 1.0), sharey=True, squeeze=False, width_ratios=widths
    )
    # The layout makes no room for the ends of scales, which reach out of their panels.
    fig.get_layout_engine().set(wspace=0.1 if len(widths) > 1 else 0)
    first, last = axes[0, 0], axes[0, -1]
    first.set_ylim(end, 0)
    first.set_yticks(list(places.values()), [names[text] for text in rows[name]], fontsize=_SMALL)
    left_edge = blended_transform_factory(fig.transFigure, first.transData)
    for top, text in heads:
        # In the last panel, which is drawn last; no panel makes room for what spans them all.
        last.text(
            0.012, top, text, transform=left_edge, va="top", fontsize=_HEAD, weight="bold", in_layout=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    for ax in axes[0]:
        ax.patch.set_visible(False)  # or it hides headings that begin in the panel before
        ax.spines["left"].set_visible(False)
        across = ax.get_yaxis_transform()
        ax.hlines(list(places.values()), 0, 1, color=_FAINT, linewidth=0.8, zorder=0, transform=across)  # fmt: skip
    return fig, list(axes[0]), places


def _grouped(rows: pd.DataFrame) -> tuple[pd.DataFrame, str, str]:
    """Rows in the order in which they stand, with the number of their block in `group`; the columns of a block's name
    and of a row's."""
    rank = {label: place for place, label in enumerate(dict.fromkeys(rows["label"]))}
    rows = rows.assign(group=pd.factorize(rows["item"])[0], rank=rows["label"].map(rank))
    rows = rows.sort_values(["group", "rank"], kind="stable")
    if len(rank) == 1:
        return rows.assign(group=0), "label", "item_label"
    return rows, "item_label", "label"


def _stacked(
    rows: pd.DataFrame, head: str, names: dict[object, str], by: list[str], texts: list[str]
) -> tuple[list[tuple[float, str]], dict[tuple, float], float]:
    """In inches from the top: each block's beginning, with its name; the middle of each row, known `by`; and the end.

    A row is as high as the highest of its `texts` (columns; `names` are these wrapped), but at least _ROW.
    """
    heads, places, y = [], {}, 0.0
    for _, part in rows.groupby("group"):
        text = _wrap(str(part[head].iloc[0]), WIDTH - 0.3, _HEAD, "bold")
        heads.append((y, text))
        y += _tall(text, _HEAD) + 0.06
        keys = part[by].itertuples(index=False, name=None)
        for key, beside in zip(keys, part[texts].to_numpy(), strict=True):
            height = max(_ROW, *(_tall(names.get(text, text)) + 0.04 for text in beside))
            places[key] = y + height / 2
            y += height
        y += 0.12
    return heads, places, y


def _percent_axis(ax: plt.Axes, step: float) -> None:
    """The whole scale from 0 to 100 %, named above and below, with faint lines."""
    ax.set_xlim(0, 1)
    ax.set_xticks(np.arange(0, 1.001, step))
    ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
    ax.tick_params(axis="x", labelsize=_SMALL, labeltop=True, top=True)
    ax.grid(axis="x", linewidth=0.8)


def _zero(ax: plt.Axes, rows: pd.DataFrame) -> None:
    """An axis of differences in points, as far to the left as to the right."""
    ends = rows[["estimate", "ci_low", "ci_high"]].abs().to_numpy(float)
    reach = 1.1 * np.nanmax([0.05, *ends.flat])
    ax.axvline(0, color=GREY, linewidth=1, zorder=1)
    ax.set_xlim(-reach, reach)
    ax.xaxis.set_major_locator(plt.MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda x, _: _points(x, 0))
    ax.tick_params(axis="x", labelsize=_SMALL)
    ax.grid(axis="x", linewidth=0.8)


def _signed(ax: plt.Axes, row: tuple, y: float, face: str) -> None:
    """A difference with its interval, and the numbers beside it."""
    if np.isnan(row.estimate):
        _say(ax, 0, y, _short(row.note))
        return
    _interval(ax, row.ci_low, row.ci_high, y, BLUE)
    _mark(ax, row.estimate, y, BLUE, "o", face)
    text = _points(row.estimate, 1)
    if not np.isnan(row.ci_low):
        text += f"  [{_points(row.ci_low, 1)}, {_points(row.ci_high, 1)}]"
    _beside(ax, y, text)


def _interval(ax: plt.Axes, low: float, high: float, y: float, colour: str) -> None:
    ax.plot([low, high], [y, y], color=colour, linewidth=2, solid_capstyle="butt")


def _mark(
    ax: plt.Axes, x: float, y: float, colour: str, marker: str, face: str, size: float = 5
) -> None:
    # Half of a mark at 0 or 100 % lies outside of the axes.
    ax.plot(
        x, y, marker, color=colour, markerfacecolor=face, markersize=size, clip_on=False, zorder=3
    )


def _say(ax: plt.Axes, x: float, y: float, note: str) -> None:
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    ax.text(x, y, note, ha="center", va="center", fontsize=_SMALL, style="italic", color=GREY, bbox=box)  # fmt: skip


def _beside(
    ax: plt.Axes,
    y: float,
    text: str,
    colour: str = INK,
    *,
    offset: float = 6,
    weight: str = "normal",
) -> None:
    """Text to the right of a panel, `offset` points away."""
    ax.annotate(
        text, (1, y), xycoords=ax.get_yaxis_transform(), xytext=(offset, 0), textcoords="offset points", va="center",
        fontsize=_SMALL, color=colour, weight=weight, annotation_clip=False,
    )  # fmt: skip


def _title(ax: plt.Axes, text: str, inches: float) -> None:
    ax.set_title(_wrap(text, inches, _HEAD, "bold"), fontsize=_HEAD)


def _legend(fig: Figure, handles: list, texts: list[str]) -> None:
    """Names above the panels, read from left to right in as many lines as they take."""
    widest = max(map(_inches, texts), default=0)
    columns = max(1, min(len(texts), int((WIDTH - 0.2) / (widest + 0.45))))
    rows_first = [i for start in range(columns) for i in range(start, len(texts), columns)]
    fig.legend(
        [handles[i] for i in rows_first], [_wrap(texts[i], WIDTH - 0.7) for i in rows_first], ncols=columns,
        loc="outside upper center", frameon=False, fontsize=_SMALL, columnspacing=1.2, handlelength=1.2,
    )  # fmt: skip


def _looks(rows: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    """Colour, marker and filling of each label."""
    known = rows.drop_duplicates("label")
    means = _averages(known)
    series = iter(_SERIES * (1 + len(known) // len(_SERIES)))
    looks = {}
    for label, mean in zip(known["label"], means, strict=True):
        colour, marker = (INK, "D") if mean else next(series)
        looks[label] = (colour, marker, "white" if mean else colour)
    return looks


def _averages(rows: pd.DataFrame) -> np.ndarray:
    """Which rows are means over systems."""
    return rows["average"].to_numpy(bool) if "average" in rows else np.zeros(len(rows), bool)


def _name(rows: pd.DataFrame, item: object) -> str:
    """The spoken name of an item."""
    return str(rows.loc[rows["item"] == item, "item_label"].iloc[0])


def _short(note: object) -> str:
    """Why a share is empty, in a word or two."""
    text = "" if pd.isna(note) else str(note)
    for part, words in (("administered", "not asked"), ("few", "too few")):
        if part in text:
            return words
    return text or "no value"


def _percent(share: float) -> str:
    """Whole percent; what is not zero and not all is not shown as if it were."""
    text = _number(100 * share, 0)
    if share > 0 and text == "0":
        return "<1"
    return ">99" if share < 1 and text == "100" else text


def _points(difference: float, decimals: int) -> str:
    """A difference of shares in percentage points, with its sign."""
    text = _number(abs(100 * difference), decimals)
    if float(text) == 0:
        return text
    return ("−" if difference < 0 else "+") + text


def _number(value: float, decimals: int) -> str:
    # Halves go up, as readers do it: 34.5 printed elsewhere is 35 here.
    return f"{value + 1e-9:.{int(decimals)}f}"


def _ordered(count: int) -> list[str]:
    """Colours of ordered categories: the lowest stands apart, the others darken."""
    return [ORANGE, *sns.blend_palette(["#deebf7", "#6baed6", BLUE, "#08306b"], count - 1).as_hex()]


def _readable(colour: str | tuple) -> str:
    """Black or white, whichever reads better on a colour: a contrast of 4.5 or more (luminance of WCAG 2)."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "black" if linear @ [0.2126, 0.7152, 0.0722] > 0.179 else "white"


def _inches(text: str, size: float = _SMALL, weight: str = "normal") -> float:
    """Width of a line of text."""
    font = FontProperties(size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def _tall(text: str, size: float = _SMALL) -> float:
    """Height of a text of several lines, in inches."""
    return (text.count("\n") + 1) * size * _LINE


def _wrap(text: str, inches: float, size: float = _SMALL, weight: str = "normal") -> str:
    """A text on lines no longer than so many inches; a word that is longer is broken."""
    for length in range(len(text), 0, -1):
        lines = wrap(text, length)
        if all(_inches(line, size, weight) <= inches for line in lines):
            return "\n".join(lines)
    return text


def _wrap_lines(text: str, most: int) -> str:
    """A text on at most so many lines, as short as that allows."""
    for length in range(1, len(text)):
        lines = wrap(text, length, break_long_words=False)
        if len(lines) <= most:
            return "\n".join(lines)
    return text


def _pitches(names: list[str]) -> list[float]:
    """Inches that each name needs from the middle of the name before it."""
    return [(_tall(a) + _tall(b)) / 2 + 0.03 for a, b in itertools.pairwise(names)]
