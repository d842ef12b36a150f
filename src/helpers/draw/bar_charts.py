"""Bar charts: bars laid end to end, as long as the table says."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw import style
from helpers.draw.colours import (
    GREY,
    GROUPS,
    INK,
    OURS,
    PAPER,
    PRINTED,
    SIGNS,
    VERDICTS,
    dark,
    ordered,
    readable,
    two_sided,
)
from helpers.draw.hover import told
from helpers.draw.numbers import percent
from helpers.draw.style import HEAD, SMALL
from helpers.draw.words import count as counted


def _bars(
    ax: plt.Axes, ys: Sequence[float], widths: np.ndarray, colours: dict[str, str], least: float,
    text: Callable[[float], str] = percent, left: object = 0.0, height: float = 0.3,
) -> None:  # fmt: skip
    """Bars end to end at the heights `ys`, a row of `widths` each, with their numbers, if not narrower than `least`.

    `colours`: name of a part -> its colour.
    """
    starts = np.reshape(left, (-1, 1)) + np.cumsum(widths, axis=1) - widths
    for part, start, (name, colour) in zip(widths.T, starts.T, colours.items(), strict=True):
        bars = ax.barh(ys, part, height, start, color=colour, edgecolor=PAPER, linewidth=0.6)
        for bar, value in zip(bars, part, strict=True):
            told(bar, f"{name}: {text(value)}{'%' * (text is percent)}")
        texts = [text(value) if value >= least else "" for value in part]
        box = {"facecolor": colour, "edgecolor": "none", "pad": 0}  # no taller than the bar
        ax.bar_label(bars, texts, label_type="center", fontsize=SMALL, color=readable(colour), bbox=box)


def _counts(
    counts: pd.DataFrame, colours: dict[str, str], total: Callable[[pd.Series], str]
) -> tuple[Figure, plt.Axes, np.ndarray]:
    """Stacked bars of counts, a column a part, with their numbers and totals: figure, panel, middles of the bars."""
    fig, (ax,), ys = style.blocks(counts.index, size=HEAD, least=0.42, guides=False)
    totals = counts.sum(axis=1)
    texts = [total(row) for _, row in counts.iterrows()]
    names = max(style.inches(name.get_text(), HEAD) for name in ax.get_yticklabels())
    width = style.across() - 0.4 - names - max(style.inches(text, HEAD) for text in texts)
    least = max(0.045, 0.17 / max(0.5, width)) * totals.max()  # or its number is wider
    _bars(ax, ys, counts.to_numpy(float), colours, least, "{:.0f}".format)
    for y, count, text in zip(ys, totals, texts, strict=True):
        style.label(ax, count, y, text, INK, (5, 0))
    room = (max(style.inches(text, HEAD) for text in texts) + 0.1) / (style.across() - 2.0)
    ax.set(xlim=(0, totals.max() / max(0.5, 1 - room)), xticks=[])
    ax.spines["bottom"].set_visible(False)
    return fig, ax, ys


@style.two_widths
def composition(rows: pd.DataFrame) -> Figure:
    """What a count is made of: one bar, each part as long as it is, with its name and number. `rows`: `part, value, marked`, in order."""
    total = rows["value"].sum()
    rooms = (style.across() - 0.4) * rows["value"] / total
    texts = [
        f"{row.value:.0f}\n{style.wrap(row.part, room)}" for row, room in zip(rows.itertuples(), rooms, strict=True)
    ]
    fig, ax = plt.subplots(figsize=(style.across(), 0.8 + max(map(style.tall, texts))))
    ends = rows["value"].cumsum()
    for row, end, text in zip(rows.itertuples(), ends, texts, strict=True):
        colour = GROUPS[1] if row.marked else GROUPS[0]
        (bar,) = ax.barh(0, row.value, 1, end - row.value, color=colour, edgecolor=PAPER, linewidth=1.5)
        told(bar, f"{row.part}: {row.value:.0f}")
        style.label(ax, end - row.value / 2, -0.5, text, dark(colour), (0, -4), fontsize=SMALL, linespacing=1.25)
    style.label(ax, total / 2, 0.5, f"{total:.0f} in all", INK, (0, 4), weight="bold")
    ax.set(xlim=(0, total), ylim=(-0.5, 0.5))
    ax.axis("off")
    return fig


@style.two_widths
def verdicts(rows: pd.DataFrame, said: dict[str, str]) -> Figure:
    """Rows of the ledger as bars of 100%, a bar a document, each part with its number, at the right what is contradicted.

    `rows`: `document, verdict, rows`; `said`: verdict -> what readers are told, in the order drawn.
    """
    wide = rows.pivot(index="document", columns="verdict", values="rows")[list(said)]
    wide = wide.loc[rows["document"].unique()]
    if len(wide) > 1:
        wide = pd.concat([wide.sum().to_frame("all documents").T, wide])
    colours = {words: VERDICTS[verdict] for verdict, words in said.items()}
    names = [f"{name}\n{counted(total, 'number')}" for name, total in wide.sum(axis=1).items()]
    fig, (ax,), ys = style.blocks(names, size=HEAD, least=0.42, guides=False)
    for y, (_, counts), total in zip(ys, wide.iterrows(), wide.sum(axis=1), strict=True):
        shares = counts.to_numpy(float)[None] / total
        least = 0.1 if style.on_phone() else 0.06
        _bars(ax, [y], shares, colours, least, lambda share, of=total: f"{share * of:.0f}")
        style.beside(ax, y, f"{counts['contradicts']:.0f} contradicted", dark(VERDICTS["contradicts"]), fontsize=HEAD)
    ax.set(xlim=(0, 1), xticks=[])
    ax.spines["bottom"].set_visible(False)
    style.legend(fig, colours)
    return fig


@style.two_widths
def tally(counts: pd.DataFrame, words: dict[str, str]) -> Figure:
    """How many retellings each document has of each sign, a cell each. `counts`: `said_by, sign, count`."""
    wide = counts.groupby(["said_by", "sign"], sort=False)["count"].sum().unstack(fill_value=0)
    signs = [sign for sign in SIGNS if sign in wide and wide[sign].sum()]
    fig, ax, ys = _counts(wide[signs], {sign: SIGNS[sign] for sign in signs}, lambda row: f"of {row.sum():.0f}")
    for y, total in zip(ys, wide[signs].sum(axis=1), strict=True):
        for edge, inner in ((y - 0.15, y - 0.11), (y + 0.15, y + 0.11)):  # between: the numbers
            ax.vlines(range(1, total), edge, inner, color=PAPER, linewidth=1)
    style.legend(fig, {f"{sign}: {words[sign]}": SIGNS[sign] for sign in signs})
    return fig


@style.two_widths
def waterfall(parts: pd.DataFrame, total: float, total_label: str) -> Figure:
    """Counts laid end to end up to their sum, a line at `total`. `parts`: `label, value, note, indirect` (hatched)."""
    names = [*(f"{row.label}\n{row.value:,.0f}" for row in parts.itertuples()), "sum of the three printed numbers"]
    fig, (ax,), ys = style.blocks(names, width=1.6, size=HEAD, least=0.7, guides=False)
    start, end = 0.0, parts["value"].sum()
    for y, below, row in zip(ys, ys[1:], parts.itertuples(), strict=False):
        look = {"color": PAPER, "hatch": "////"} if row.indirect else {"color": PRINTED}
        ax.barh(y, row.value, 0.4, start, **look, edgecolor=PRINTED, linewidth=1.2)
        style.beside(ax, y, style.wrap(row.note, 0.8 if style.on_phone() else 1.2), GREY)
        start += row.value
        ax.plot([start, start], [y + 0.2, below - 0.2], color=GREY, linewidth=0.8)  # from bar to bar
    bar, white = ax.barh(ys[-1], end, 0.4, color=OURS), readable(OURS)
    ax.bar_label(bar, [f"{end:,.0f}"], label_type="center", weight="bold", color=white)
    ax.axvline(total, color=PRINTED, linewidth=1.2, linestyle="--")
    total_label = style.wrap(total_label, style.across() - 1.4, HEAD)
    ax.set_title(total_label, x=1, loc="right", color=dark(PRINTED), fontsize=HEAD, weight="normal")
    ax.set_xlim(0, max(end, total) * 1.005)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return fig


@style.two_widths
def shares_by_year(rows: pd.DataFrame, answers: list[str], right: str) -> Figure:
    """Shares of `answers`, low to high, a bar a year, a block a panel.

    Parameters
    ----------
    rows, answers, right : `panel, year, answer, share, said, note`; low to high; what is `said` at the right of a bar, over it
    """
    rows = rows.assign(item=rows["panel"], item_label=rows["panel"], label=rows["year"])
    rows = rows.assign(statistic=rows["answer"].str.lower())
    return distributions(rows, [answer.lower() for answer in answers], two_sided(len(answers)), right)


@style.two_widths
def distributions(rows: pd.DataFrame, categories: list[str], colours: Sequence[str] = (), right: str = "") -> Figure:
    """The whole distribution as stacked bars of 100%: a block an item, a row a system, lowest category left.

    A row that lacks a category is not drawn but noted. Numbers from 6% on, on a phone from 10%.

    Parameters
    ----------
    rows : `label, item, item_label, statistic` (category), `share` (0 to 1), `note` (why shares are empty) and `n` who answered (left
        out where empty), or in its place `said`; the name of a `marked` row, if there is such a column, is bold
    categories, colours, right : low to high; their colours, none: those of ordered ones; what is `said`, over it
    """
    fig, (ax,), places = style.share_blocks(rows)
    colours = dict(zip(categories, colours or ordered(len(categories)), strict=True))
    style.percent_axis(ax, both=True)
    for key, part in rows.groupby(["item", "label"], sort=False):
        shares = part.set_index("statistic")["share"].reindex(categories).to_numpy(float)
        if np.isnan(shares).any():
            style.instead(ax, places[key], part.loc[part["share"].isna(), "note"].max())
            continue
        _bars(ax, [places[key]], shares[None], colours, 0.1 if style.on_phone() else 0.06, height=0.155)
        if right:
            style.beside(ax, places[key], part["said"].iloc[0])
        elif "n" in part and pd.notna(part["n"].iloc[0]):
            style.beside(ax, places[key], f"n = {part['n'].iloc[0]:,.0f}", GREY)
    for key in rows[rows.get("marked", pd.Series(False, rows.index))][["item", "label"]].itertuples(
        index=False, name=None
    ):
        for y, name in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
            if y == places[key]:
                name.set_weight("bold")
    if right:
        head, above = style.wrap(right, 0.8), {"xycoords": "axes fraction", "fontsize": SMALL, "annotation_clip": False}
        style.label(ax, 1, 1, head, INK, (6, 19), **above)
        fig.set_figheight(fig.get_figheight() + style.tall(head))
    style.legend(fig, colours)
    return fig


@style.two_widths
def diverging(shares: pd.DataFrame, labels: list[str], together: str) -> Figure:
    """Diverging stacked bars: answers below the middle of the scale to the left, above it to the right.

    At the end of a bar stands what is above the middle; bold where it is most or least.

    Parameters
    ----------
    shares : `label, statistic, share, n`, statistics as in `labels`, low to high, and optionally `item`, the title of a block
        of labels. An odd scale's middle is halved
    labels, together : the answers, lowest first; what the numbers at the ends add up
    """
    half, odd = divmod(len(labels), 2)
    shares = shares if "item" in shares else shares.assign(item="")
    known, colours = shares.drop_duplicates(["item", "label"]), dict(zip(labels, two_sided(len(labels)), strict=True))
    keys = pd.MultiIndex.from_frame(known[["item", "label"]])
    wide = shares.pivot(index=["item", "label"], columns="statistic", values="share").loc[keys].to_numpy()
    left = -wide[:, :half].sum(axis=1) - (wide[:, half] / 2 if odd else 0)
    names = [f"{style.wrap(row.label, 2.0, HEAD)}\n(n = {row.n:.0f})" for row in known.itertuples()]
    titles = {item: (item, INK) for item in known["item"] if item}
    below = f"share of answers; at the ends of bars: {together}\n(numbers are rounded, so that parts may add up to one more or less)"
    below = style.wrap(below, style.across() - 0.3, HEAD)
    options = {"width": 2.1, "size": HEAD, "least": 0.46, "guides": False, "more": 0.8 + style.tall(below, HEAD)}
    fig, (ax,), ys = style.blocks(names, known["item"], titles, **options)
    _bars(ax, ys, wide, colours, 0.16 if style.on_phone() else 0.045, left=left)
    ax.axvline(0, color=INK, linewidth=1)
    upper = wide[:, half + odd :].sum(axis=1)
    sums = [percent(min(1.0, share)) for share in upper]
    extremes = {sums[upper.argmin()], sums[upper.argmax()]}
    marked = [text in extremes and len(extremes) > 1 for text in sums]
    ends = left + wide.sum(axis=1)
    for y, end, text, bold, name in zip(ys, ends, sums, marked, ax.get_yticklabels(), strict=True):
        weight = "bold" if bold else "normal"
        style.label(ax, end, y, f"{text}%", INK, (4, 0), weight=weight)
        name.set(weight=weight, linespacing=1.1)  # bold letters are taller
    reach = 1.03 * max(-left.min(), ends.max() + (0.24 if style.on_phone() else 0.11))
    ax.set_xlim(-reach, reach)
    fig.supxlabel(below, fontsize=HEAD)
    ax.xaxis.set_major_formatter(lambda x, _: f"{abs(100 * x):.0f}%")
    style.legend(fig, colours)
    return fig
