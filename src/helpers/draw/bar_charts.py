"""Charts against a scale: bars laid end to end, and lines and points over years, categories or sizes of a study."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from helpers.draw import style
from helpers.draw.numbers import percent
from helpers.draw.style import BLUE, GREY, HEAD, INK, ORANGE, PALE, RED, SIGNS, SKY, SMALL, dark
from helpers.project import in_order

_VERDICTS = {"reproduces": BLUE, "contradicts": RED, "cannot be reproduced": "#a3a3a3",
             "quoted only": "#e4e4e4"}  # fmt: skip


def _bars(
    ax: plt.Axes, ys: Sequence[float], widths: np.ndarray, colours: Sequence[str], least: float,
    text: Callable[[float], str] = percent, left: object = 0.0, height: float = 0.3,
) -> None:  # fmt: skip
    """Bars end to end at the heights `ys`, a row of `widths` each, with their numbers, if not narrower than `least`."""
    starts = np.reshape(left, (-1, 1)) + np.cumsum(widths, axis=1) - widths
    for part, start, colour in zip(widths.T, starts.T, colours, strict=True):
        bars = ax.barh(ys, part, height, start, color=colour, edgecolor="white", linewidth=0.6)
        texts = [text(value) if value >= least else "" for value in part]
        box = {"facecolor": colour, "edgecolor": "none", "pad": 0.8}
        ax.bar_label(bars, texts, label_type="center", fontsize=SMALL, color=style.readable(colour), bbox=box)


def _counts(
    counts: pd.DataFrame, colours: Sequence[str], total: str = "of {:.0f}"
) -> tuple[Figure, plt.Axes, np.ndarray]:
    """Stacked bars of counts, a column a part, with their numbers and totals: figure, panel, middles of the bars."""
    fig, (ax,), ys = style.blocks(counts.index, size=HEAD, least=0.42, guides=False)
    totals = counts.sum(axis=1)
    _bars(ax, ys, counts.to_numpy(float), colours, 0.045 * totals.max(), "{:.0f}".format)
    for y, count in zip(ys, totals, strict=True):
        style.label(ax, count, y, total.format(count), INK, (5, 0))
    ax.set(xlim=(0, 1.1 * totals.max()), xticks=[])
    ax.spines["bottom"].set_visible(False)
    return fig, ax, ys


@style.two_widths
def composition(rows: pd.DataFrame, parts: list[str]) -> Figure:
    """Stacked bars of counts with direct labels. `rows`: `label` and one column a part, two at most; order kept."""
    fig, ax, _ = _counts(rows.set_index("label")[parts], (ORANGE, SKY)[: len(parts)], "{:.0f}")
    for text, part in zip(ax.texts[:: len(rows)], parts, strict=False):
        text.set_text(f"{count} {part}" if (count := text.get_text()) else "")
    return fig


@style.two_widths
def verdicts(rows: pd.DataFrame, verdicts: list[str]) -> Figure:
    """Rows of the ledger as stacked bars, a bar a document, with their numbers. `rows`: document, verdict, rows."""
    wide = rows.pivot(index="document", columns="verdict", values="rows")[verdicts]
    colours = {verdict: _VERDICTS[verdict] for verdict in verdicts}
    fig, _, _ = _counts(wide.loc[rows["document"].unique()], colours.values())
    style.legend(fig, colours)
    return fig


@style.two_widths
def tally(counts: pd.DataFrame, meaning: dict[str, str]) -> Figure:
    """How many retellings each document has of each sign, a cell each. `counts`: `said_by, sign, count`."""
    wide = counts.groupby(["said_by", "sign"], sort=False)["count"].sum().unstack(fill_value=0)
    signs = [sign for sign in SIGNS if sign in wide and wide[sign].sum()]
    fig, ax, ys = _counts(wide[signs], [SIGNS[sign] for sign in signs])
    for y, total in zip(ys, wide[signs].sum(axis=1), strict=True):
        for edge, inner in ((y - 0.15, y - 0.11), (y + 0.15, y + 0.11)):  # between: the numbers
            ax.vlines(range(1, total), edge, inner, color="white", linewidth=1)
    style.legend(fig, {f"{sign}: {meaning[sign]}": SIGNS[sign] for sign in signs})
    return fig


@style.two_widths
def waterfall(parts: pd.DataFrame, total: float, total_label: str) -> Figure:
    """Counts laid end to end up to their sum, a line at `total`. `parts`: `label, value, note, indirect` (hatched)."""
    names = [*(f"{row.label}\n{row.value:,.0f}" for row in parts.itertuples()), "sum of the three printed numbers"]
    fig, (ax,), ys = style.blocks(names, width=1.6, size=HEAD, least=0.7, guides=False)
    start, end = 0.0, parts["value"].sum()
    for y, below, row in zip(ys, ys[1:], parts.itertuples(), strict=False):
        look = {"color": "white", "hatch": "////"} if row.indirect else {"color": BLUE}
        ax.barh(y, row.value, 0.4, start, **look, edgecolor=BLUE, linewidth=1.2)
        style.beside(ax, y, style.wrap(row.note, 1.2), GREY)
        start += row.value
        ax.plot([start, start], [y, below], color=GREY, linewidth=0.8)
    ax.bar_label(ax.barh(ys[-1], end, 0.4, color=PALE), [f"{end:,.0f}"], label_type="center", weight="bold")
    ax.axvline(total, color=RED, linewidth=1.2, linestyle="--")
    ax.set_title(total_label, x=1, loc="right", color=dark(RED), fontsize=HEAD, weight="normal")
    ax.set_xlim(0, max(end, total) * 1.005)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return fig


@style.two_widths
def shares_by_year(rows: pd.DataFrame, answers: list[str]) -> Figure:
    """Shares of `answers`, low to high, a bar a year, a block a panel. `rows`: `panel, year, answer, share, n, note`."""
    rows = rows.assign(item=rows["panel"], item_label=rows["panel"], label=rows["year"])
    rows = rows.assign(statistic=rows["answer"].str.lower())
    return distributions(rows, [answer.lower() for answer in answers], style.two_sided(len(answers)))


@style.two_widths
def distributions(rows: pd.DataFrame, categories: list[str], colours: Sequence[str] = ()) -> Figure:
    """The whole distribution as stacked bars of 100%: a block an item, a row a system, lowest category left.

    `rows`: `label, item, item_label, statistic` (category), `share` (0 to 1), `note` (why shares are empty) and `n` who
    answered (left out where empty). Numbers from 6% on. A row that lacks a category is not drawn but noted.
    """
    fig, (ax,), places = style.share_blocks(rows)
    colours = colours or style.ordered(len(categories))
    style.percent_axis(ax, both=True)
    for key, part in rows.groupby(["item", "label"], sort=False):
        shares = part.set_index("statistic")["share"].reindex(categories).to_numpy(float)
        if np.isnan(shares).any():
            style.instead(ax, places[key], part.loc[part["share"].isna(), "note"].max())
            continue
        _bars(ax, [places[key]], shares[None], colours, 0.06, height=0.155)
        if "n" in part and pd.notna(part["n"].iloc[0]):
            style.beside(ax, places[key], f"n = {part['n'].iloc[0]:,.0f}", GREY)
    style.legend(fig, dict(zip(categories, colours, strict=True)))
    return fig


@style.two_widths
def diverging(shares: pd.DataFrame, labels: list[str]) -> Figure:
    """Diverging stacked bars: answers below the middle of the scale to the left, above it to the right.

    `shares`: `label, statistic, share, n`, statistics as in `labels`, low to high. An odd scale's middle is halved.
    """
    half, odd = divmod(len(labels), 2)
    known, colours = shares.drop_duplicates("label"), style.two_sided(len(labels))
    wide = shares.pivot(index="label", columns="statistic", values="share").loc[known["label"]].to_numpy()
    left = -wide[:, :half].sum(axis=1) - (wide[:, half] / 2 if odd else 0)
    names = [f"{style.wrap(row.label, 2.0, HEAD)}\n(n = {row.n:.0f})" for row in known.itertuples()]
    fig, (ax,), ys = style.blocks(names, width=2.1, size=HEAD, least=0.46, guides=False)
    _bars(ax, ys, wide, colours, 0.045, left=left)
    ax.axvline(0, color=INK, linewidth=1)
    reach = 1.03 * max(-left.min(), (left + wide.sum(axis=1)).max())
    ax.set(xlim=(-reach, reach), xlabel="share of answers")
    ax.xaxis.set_major_formatter(lambda x, _: f"{abs(100 * x):.0f}%")
    style.legend(fig, dict(zip(labels, colours, strict=True)))
    return fig


@style.two_widths
def year_effects(rows: pd.DataFrame, ylabel: str, baseline: str, gap: Sequence[str] = ()) -> Figure:
    """Effects by year with intervals, a small chart a panel on one common scale, the baseline year at zero.

    Parameters
    ----------
    rows : `panel, series, term, estimate, ci_low, ci_high`, optionally `mark` (text). Missing intervals are not drawn
    ylabel, baseline, gap : what the axis shows; year at zero; years of which there is nothing: no line crosses them, and
        what comes after them is hollow
    """
    rows, series = style.bounded(rows), style.looks(rows["series"])
    terms = in_order({baseline, *rows["term"], *gap})
    fig, charts = style.small_charts(rows["panel"], 2.25, sharex=True, sharey=True)
    for panel, ax in charts.items():
        ax.axhline(0, color=GREY, linewidth=1)
        inside = rows[rows["panel"] == panel]
        for place, (name, (colour, marker)) in enumerate(series.items()):
            part = inside[inside["series"] == name]
            if part.empty:
                continue
            shift = 0.2 * (place - (len(series) - 1) / 2)
            x = part["term"].map(terms.index).to_numpy() + shift
            line = [(terms.index(baseline) + shift, 0.0), *zip(x, part["estimate"], strict=True)]
            line += [(terms.index(term) + shift, np.nan) for term in gap]
            ax.plot(*zip(*sorted(line), strict=True), color=colour, linewidth=1.2, alpha=0.6)
            ax.vlines(x, part["ci_low"], part["ci_high"], color=colour, linewidth=2)
            for later, face in ((False, colour), (True, "white")):
                own = (x > terms.index(gap[-1]) if gap else np.zeros(len(x), bool)) == later
                ax.plot(x[own], part["estimate"][own], marker, color=colour, markersize=5.5, markerfacecolor=face)
            for at, row in zip(x, part.itertuples(), strict=True):
                if getattr(row, "mark", ""):
                    _mark(ax, at, row, inside[inside["term"] == row.term])
        _gap(ax, [terms.index(term) for term in gap])
        ax.margins(y=0.09)  # for what is written at the highest point
        ax.set_xlim(-0.4, len(terms) - 0.6)
        ax.set_xticks(range(len(terms)), terms, rotation=45 if len(terms) > 4 else 0)
    fig.supylabel(ylabel, fontsize=10.5)
    if len(series) > 1:
        style.legend(fig, {n: plt.Line2D([], [], color=c, marker=m, markersize=5.5) for n, (c, m) in series.items()})
    return fig


def _gap(ax: plt.Axes, places: list[int]) -> None:
    """A band over years of which there is no report."""
    if places:
        ax.axvspan(places[0] - 0.5, places[-1] + 0.5, color="#eeeeee", linewidth=0, zorder=0)
        look = {"ha": "center", "va": "bottom", "fontsize": SMALL, "color": GREY, "style": "italic"}
        ax.text(np.mean(places), 0.02, "no\nreport", transform=ax.get_xaxis_transform(), **look)


def _mark(ax: plt.Axes, x: float, row: tuple, rivals: pd.DataFrame) -> None:
    """Text at a point, above all that stands at the same term, or below it if another marked point is higher."""
    above = row.estimate >= rivals.loc[rivals["mark"] != "", "estimate"].max()
    edges, outline = (
        rivals[["estimate", "ci_low", "ci_high"]].to_numpy(float),
        withStroke(linewidth=2, foreground="white"),
    )
    y, up = (np.nanmax(edges), 5) if above else (np.nanmin(edges), -5)
    style.label(ax, x, y, row.mark, INK, (0, up), fontsize=SMALL, path_effects=[outline])


@style.two_widths
def response_rates(rates: pd.DataFrame, ranges: pd.DataFrame, gap: Sequence[int] = ()) -> Figure:
    """Response rates in percent (`respondents, year, value`) as points, beside ranges in print (`label, low, high`).

    `gap`: years of which there is nothing; no line crosses them.
    """
    fig, ax = plt.subplots()
    years = sorted({*rates["year"], *gap})
    nothing = pd.DataFrame({"year": gap, "value": np.nan})
    _gap(ax, [years.index(year) for year in gap])
    for x, row in enumerate(ranges.itertuples(), len(years)):
        ax.plot([x, x], [row.low, row.high], color=INK, linewidth=6, alpha=0.35)
        style.label(ax, x, row.high, style.wrap(row.label, 0.6 if len(years) > 5 else 0.9, HEAD), INK, (0, 9))
        for value in (row.low, row.high):
            style.label(ax, x, value, f"{value:.0f}", INK, (6, 0))
    for (name, (colour, marker)), up in zip(style.looks(rates["respondents"]).items(), (9, -9), strict=False):
        part = pd.concat([rates[rates["respondents"] == name], nothing]).sort_values("year")
        ax.plot(part["year"].map(years.index), part["value"], color=colour, marker=marker, linewidth=1.2)
        known = part.dropna(subset="value")
        early = known[known["year"] < min(gap, default=np.inf)]
        last = (known if early.empty else early).iloc[-1]
        style.label(ax, years.index(last["year"]), last["value"], name, dark(colour), (0, up))
    ax.axvline(len(years) - 0.5, color=PALE, linewidth=1)
    ax.set_xticks(range(len(years)), [f"{'' if year in gap else 'report'}\n{year}" for year in years])
    ax.set_xlim(-0.3, len(years) + len(ranges) - 0.4)
    ax.margins(y=0.25)
    ax.set_ylabel("response rate, percent")
    return fig


@style.two_widths
def p_values(curves: pd.DataFrame, alpha: float) -> Figure:
    """A p-value as a function of the intraclass correlation. `curves`: `icc, case, p_value`."""
    fig, ax = plt.subplots()
    ax.axhline(alpha, color=GREY, linewidth=1, linestyle="--")
    style.label(ax, 0, alpha, f"p = {alpha:g}", GREY, (3, 2))
    _lines(ax, curves, "icc", "p_value", "case", 0.8, [(-1, 9), (-1, -9)])
    ax.set(xlim=(0, curves["icc"].max()), ylim=(0, max(alpha, curves["p_value"].max()) * 1.18))
    ax.set(xlabel="intraclass correlation: how alike teachers of one school answer", ylabel="p-value")
    return fig


@style.two_widths
def sample_sizes(curves: pd.DataFrame, effect: float) -> Figure:
    """Schools needed over students asked. `curves`: `students, schools, target` (power), the highest target first."""
    fig, ax = plt.subplots()
    names = curves["target"].map("found {:.0%} of the time".format)
    # Names stand on the outer sides of the two curves, where these are steep.
    _lines(ax, curves.assign(target=names), "students", "schools", "target", 1 / 3, [(6, 4), (-6, -4)])
    wanted = f"schools needed to see\n{effect:g} standard deviations"
    ax.set(xscale="log", xlabel="respondents of a school in a year", ylabel=wanted, ylim=(0, None))
    ax.set_xticks(ticks := [10, 20, 50, 100, 200, 500], map(str, ticks))
    ax.minorticks_off()
    return fig


@style.two_widths
def detectable(curves: pd.DataFrame, ylabel: str) -> Figure:
    """Smallest change to be found over a school's teachers. `curves`: `panel, icc` (a line), `teachers, detectable`."""
    fig, charts = style.small_charts(curves["panel"], 2.6, columns=3, sharex=True, sharey=True)
    most = curves[["teachers", "detectable"]].max()
    for panel, ax in charts.items():
        _lines(ax, curves[curves["panel"] == panel], "teachers", "detectable", "icc", 1, [(4, 0)])
        ax.set(xlim=(0, 1.14 * most["teachers"]), ylim=(0, 1.08 * most["detectable"]))
        ax.grid(axis="y")
    fig.supxlabel("teachers of a school in the first wave; at the lines: intraclass correlation", fontsize=10)
    fig.supylabel(ylabel, fontsize=10)
    return fig


@style.two_widths
def schools_needed(curves: pd.DataFrame, marked: int, mark: str) -> Figure:
    """Schools needed over the change to be found, `marked` ones dashed. `curves`: `icc` (a line), `effect, schools`."""
    fig, ax = plt.subplots()
    ax.axhline(marked, color=GREY, linewidth=1, linestyle="--")
    style.label(ax, curves["effect"].max(), marked, mark, GREY, (-1, 3))
    _lines(ax, curves, "effect", "schools", "icc", 0, [(-5, 0)])
    low, high = curves["schools"].min() * 0.8, curves["schools"].max() * 1.3
    ticks = [tick for tick in (2, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= tick <= high]
    ax.set(yscale="log", ylim=(low, high), ylabel="schools needed")
    ax.set_yticks(ticks, map(str, ticks))
    ax.minorticks_off()
    xlabel = "change to be found, standard deviations; at the lines: intraclass correlation"
    ax.set(xlim=(0.5 * curves["effect"].min(), 1.02 * curves["effect"].max()), xlabel=xlabel)
    return fig


def _lines(ax: plt.Axes, curves: pd.DataFrame, x: str, y: str, name: str, at: float, offsets: list) -> None:
    """A line for each value of `name`, which stands beside it after a share `at` of its points, so many points away."""
    for place, (value, line) in enumerate(curves.groupby(name, sort=False)):
        colour = (BLUE, RED, ORANGE, INK)[place % 4]
        ax.plot(line[x], line[y], color=colour)
        end = line.iloc[min(int(at * len(line)), len(line) - 1)]
        style.label(ax, end[x], end[y], str(value), dark(colour), offsets[place % len(offsets)])


@style.two_widths
def category_curves(curves: pd.DataFrame, items: pd.DataFrame, measures: pd.DataFrame | None = None) -> Figure:
    """A Rasch scale at a glance: who answers what (above), and where items and persons stand (below).

    `curves`: `place, answer, probability` of an item; `items`: `item, location`; `measures`: `place, share`; in logits.
    """
    persons = measures is not None
    size, ratios = ((style.across(), 4.8), [1.2, 1]) if persons else ((style.across(), 3.9), [2, 1])
    fig, (upper, lower) = plt.subplots(2, 1, figsize=size, sharex=True, height_ratios=ratios)
    ends = curves["place"].min() + 0.8, curves["place"].max() - 0.8
    colours = ("#b35806", "#c98a1b", SKY, "#2166ac", INK) * 2
    for (answer, curve), colour in zip(curves.groupby("answer", sort=False), colours, strict=False):
        upper.plot(curve["place"], curve["probability"], color=colour)
        peak = np.clip(curve.loc[curve["probability"].idxmax(), "place"], *ends)
        height = np.interp(peak, curve["place"], curve["probability"])
        style.label(upper, peak, height, answer, dark(colour), (0, 6))
    upper.set(ylabel="probability", ylim=(0, 1.15))
    top, high = (measures["share"].max(), 1.6) if persons else (1.0, 2.0)
    for rank, row in enumerate(items.sort_values("location").itertuples()):
        lower.plot([row.location] * 2, [0, top * 1.05], color=RED, linewidth=1.2)
        height = top * (1.05 + (0.13 if persons else 0.26) * (rank % 3))
        style.label(lower, row.location, height, row.item, dark(RED), (0, 2), fontsize=SMALL)
    lower.set(xlabel="logits", ylim=(0, top * high))
    if persons:
        lower.bar(measures["place"], measures["share"], width=0.46, color="#c6dbef", zorder=0)
        lower.set_ylabel("share of persons")
    else:
        lower.set_yticks([])
        lower.spines["left"].set_visible(False)
    return fig


@style.two_widths
def school_effects(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Each school's own effect, lowest first; in no order where no spread is found, as there `below_zero` is empty.

    `rows`: `panel` (a chart), `estimate, shrunken`, `below_zero` (share of the panel's schools), optionally `truth`.
    """
    fig, charts = style.small_charts(rows["panel"], 2.4, sharex=True)
    for panel, ax in charts.items():
        part = rows[rows["panel"] == panel]
        below = part["below_zero"].iloc[0]
        if differ := pd.notna(below):
            part = part.sort_values("shrunken")
        y = (np.arange(len(part)) + 0.5) / len(part)
        ax.axvline(0, color=GREY, linewidth=1)
        ax.plot(part["estimate"], y, ".", color="#a6a6a6", markersize=4)
        ax.plot(part["shrunken"], y, ".", color=BLUE, markersize=4)
        if "truth" in part:
            ax.plot(np.sort(part["truth"]), y, color=RED, linewidth=1.2)
        ax.set_title(ax.get_title(loc="left"), pad=18)
        # Above the chart, where no point can be under it.
        found = f"{percent(below)}% below zero" if differ else "no spread found"
        note = f"{len(part)} schools, {found}"
        style.label(ax, 0, 1, note, GREY, (0, 4), xycoords="axes fraction", ha="left", fontsize=9)
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        if not differ:
            ax.set_yticks([])
    ordered = rows["below_zero"].notna()
    words = (
        "lowest effect first" if ordered.all() else "lowest first, if they differ" if ordered.any() else "in no order"
    )
    fig.supxlabel(xlabel, fontsize=10.5)
    fig.supylabel(f"schools, {words}", fontsize=10.5)
    return fig


@style.two_widths
def possible_sizes(fits: pd.DataFrame, items: int, marked: list[int]) -> Figure:
    """How many of the printed means each number of respondents can give. `fits`: `n, possible`."""
    fig, ax = plt.subplots()
    whole = fits["possible"] == items
    colours = np.where(whole, BLUE, np.where(fits["n"].isin(marked), RED, "#b5b5b5"))
    ax.vlines(fits["n"], 0, fits["possible"], color=colours, linewidth=2.4)
    ax.plot(fits.loc[whole, "n"], fits.loc[whole, "possible"], "o", color=BLUE, markersize=4)
    for n, count in fits.set_index("n")["possible"].loc[marked].items():
        colour, offset = (BLUE, (0, 7)) if count == items else (RED, (5, 2))
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        style.label(ax, n, count, str(n), dark(colour), offset, weight="bold", bbox=box)
    ax.set(xlabel="number of respondents", xlim=(fits["n"].min() - 1, fits["n"].max() + 1))
    ax.set(ylabel=f"means that fit, of {items}", ylim=(0, items + 0.9), yticks=range(0, items + 1, 2))
    return fig
