"""Line charts: lines and points over years, categories or sizes of a study."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from helpers.draw import style
from helpers.draw.numbers import percent
from helpers.draw.style import BLUE, GREY, INK, ORANGE, RED, SKY, SMALL, dark
from helpers.project import in_order


@style.two_widths
def year_effects(rows: pd.DataFrame, ylabel: str, baseline: str, gap: Sequence[str] = ()) -> Figure:
    """Effects by year with intervals, a small chart a panel on one common scale, the baseline year at zero.

    Parameters
    ----------
    rows : `panel, series, term, estimate, ci_low, ci_high`, optionally `mark` (text, none: hollow). Missing intervals
        are not drawn; one or two series have their last value at the end of the line
    ylabel, baseline, gap : what the axis shows; year at zero; years of which there is nothing: no line crosses them, and
        what comes after them is hollow
    """
    rows, series = style.bounded(rows), style.looks(rows["series"])
    terms = in_order({baseline, *rows["term"], *gap})
    fig, charts = style.small_charts(rows["panel"], 2.25, sharex=True, sharey=True)
    per_unit = 110 / max(1e-9, np.ptp([0, *rows["estimate"]]))  # points; intervals make it less
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
                hollow = (
                    x > terms.index(gap[-1]) if gap else part.get("mark", pd.Series("*", part.index)).eq("").to_numpy()
                )
                own = hollow == later
                ax.plot(x[own], part["estimate"][own], marker, color=colour, markersize=5.5, markerfacecolor=face)
        _ends(ax, inside, series, terms[: terms.index(gap[0])] if gap else terms, per_unit)
        _gap(ax, [terms.index(term) for term in gap])
        ax.set_xlim(-0.4, len(terms) - 0.6 + (0.11 if len(series) < 3 else 0) * len(terms))
        slanted = len(terms) > 4 or sum(map(style.inches, terms)) > style.across() - 1.6
        ax.set_xticks(range(len(terms)), terms, rotation=(90 if style.on_phone() else 45) if slanted else 0)
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


def _ends(ax: plt.Axes, rows: pd.DataFrame, series: dict, terms: list, per_unit: float) -> None:
    """The last value of one or two series, before a gap if there is one, at the ends of their lines.

    Parameters
    ----------
    ax, rows, series, terms, per_unit : a chart; its rows; looks of the series; years; points of one unit of the axis
    """
    known = rows[rows["term"].isin(terms)].dropna(subset="estimate")
    last = known.loc[known["term"].map(terms.index).groupby(known["series"]).idxmax()].sort_values("estimate")
    if last.empty or len(series) > 2:
        return
    apart = max(0.0, 11 - per_unit * np.ptp(last["estimate"])) / 2 if len(last) > 1 else 0.0
    for row, up in zip(last.itertuples(), (-apart, apart), strict=False):
        text, colour = f"{row.estimate:.2f}".replace("-", "−"), dark(series[row.series][0])
        look = {"va": "center", "fontsize": SMALL, "path_effects": [withStroke(linewidth=2, foreground="white")]}
        style.label(ax, terms.index(row.term) + 0.1, row.estimate, text, colour, (6, up), **look)


@style.two_widths
def response_rates(rates: pd.DataFrame, ranges: pd.DataFrame, gap: Sequence[int] = ()) -> Figure:
    """Response rates in percent (`respondents, year, value`) as points, beside ranges in print (`label, low, high`).

    `gap`: years of which there is nothing; no line crosses them.
    """
    fig, ax = plt.subplots()
    years = sorted({*rates["year"], *gap})
    nothing = pd.DataFrame({"year": gap, "value": np.nan})
    _gap(ax, [years.index(year) for year in gap])
    for row, up in zip(ranges.sort_values("high").itertuples(), (-6, 6), strict=False):
        ax.axhspan(row.low, row.high, color=SKY, alpha=0.18, linewidth=0)
        text = style.wrap(f"{row.label}: {row.low:.0f} to {row.high:.0f}", 1.0)
        style.label(ax, 1, row.high, text, GREY, (6, up), xycoords=ax.get_yaxis_transform(), fontsize=SMALL)
    for (name, (colour, marker)), up in zip(style.looks(rates["respondents"]).items(), (9, -9), strict=False):
        part = pd.concat([rates[rates["respondents"] == name], nothing]).sort_values("year")
        ax.plot(part["year"].map(years.index), part["value"], color=colour, marker=marker, linewidth=1.2)
        known = part.dropna(subset="value")
        early = known[known["year"] < min(gap, default=np.inf)]
        last = (known if early.empty else early).iloc[-1]
        style.label(ax, years.index(last["year"]), last["value"], name, dark(colour), (0, up))
    ax.set_xticks(range(len(years)), map(str, years), rotation=90 if style.on_phone() and len(years) > 4 else 0)
    ax.set_xlim(-0.3, len(years) - 0.5)
    ax.margins(y=0.25)
    ax.set(xlabel="report of the year", ylabel="response rate, percent")
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
    names = curves["target"].map(
        ("found {:.0%}\nof the time" if style.on_phone() else "found {:.0%} of the time").format
    )
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
    levels, step = 5 if style.on_phone() else 3, 0.13 if persons else 0.26
    high += (levels - 3) * step
    for rank, row in enumerate(items.sort_values("location").itertuples()):
        lower.plot([row.location] * 2, [0, top * 1.05], color=RED, linewidth=1.2)
        height = top * (1.05 + step * (rank % levels))
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
