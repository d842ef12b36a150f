"""Line charts: what changes over years, over a scale, over the size of a study; lines are named where they run."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from helpers.draw import marks, style
from helpers.draw.style import BLUE, GREY, HEAD, INK, ORANGE, PALE, RED, SKY, SMALL, WIDTH, dark
from helpers.project import in_order


def year_effects(rows: pd.DataFrame, ylabel: str, baseline: str) -> Figure:
    """Effects by year with intervals, a small chart a panel on one common scale, the baseline year at zero.

    `rows`: `panel, series, term, estimate, ci_low, ci_high` and optionally `mark` (text at the point, as stars).
    Years stand in their order; an interval that is missing or has no bounds is not drawn.
    """
    rows, series = marks.bounded(rows), style.looks(rows["series"])
    terms = in_order({baseline, *rows["term"]})
    fig, charts = marks.small_charts(rows["panel"], 2.25, sharex=True, sharey=True)
    for panel, ax in charts.items():
        ax.axhline(0, color=GREY, linewidth=1)
        inside = rows[rows["panel"] == panel]
        for place, (name, (colour, marker)) in enumerate(series.items()):
            part = inside[inside["series"] == name]
            if part.empty:
                continue
            shift = 0.2 * (place - (len(series) - 1) / 2)
            x = part["term"].map(terms.index).to_numpy() + shift
            line = sorted(zip([terms.index(baseline) + shift, *x], [0.0, *part["estimate"]], strict=True))  # fmt: skip
            ax.plot(*zip(*line, strict=True), color=colour, linewidth=1.2, alpha=0.6)
            ax.vlines(x, part["ci_low"], part["ci_high"], color=colour, linewidth=2)
            ax.plot(x, part["estimate"], marker, color=colour, markersize=5.5)
            for at, row in zip(x, part.itertuples(), strict=True):
                if getattr(row, "mark", ""):
                    _mark(ax, at, row, inside[inside["term"] == row.term])
        ax.margins(y=0.09)  # for what is written at the highest point
        ax.set_xlim(-0.4, len(terms) - 0.6)
        ax.set_xticks(range(len(terms)), terms, rotation=45 if len(terms) > 4 else 0)
    fig.supylabel(ylabel, fontsize=10.5)
    if len(series) > 1:
        marks.legend(fig, {n: plt.Line2D([], [], color=c, marker=m, markersize=5.5) for n, (c, m) in series.items()})  # fmt: skip
    return fig


def _mark(ax: plt.Axes, x: float, row: tuple, rivals: pd.DataFrame) -> None:
    """Text at a point, above all that stands at the same term, or below it if another marked point is higher."""
    above = row.estimate >= rivals.loc[rivals["mark"] != "", "estimate"].max()
    edges = rivals[["estimate", "ci_low", "ci_high"]].to_numpy(float)
    y, up = (np.nanmax(edges), 5) if above else (np.nanmin(edges), -5)
    outline = [withStroke(linewidth=2, foreground="white")]
    marks.label(ax, x, y, row.mark, INK, (0, up), fontsize=SMALL, path_effects=outline)


def response_rates(rates: pd.DataFrame, ranges: pd.DataFrame) -> Figure:
    """Yearly response rates as points beside ranges that print gives. In percent.

    `rates`: `respondents, year, value`; `ranges`: `label, low, high`.
    """
    fig, ax = plt.subplots()
    years = list(dict.fromkeys(rates["year"]))
    for x, row in enumerate(ranges.itertuples(), len(years)):
        ax.plot([x, x], [row.low, row.high], color=INK, linewidth=6, alpha=0.35)
        marks.label(ax, x, row.high, marks.wrap(row.label, 0.9, HEAD), INK, (0, 9))
        for value in (row.low, row.high):
            marks.label(ax, x, value, f"{value:.0f}", INK, (6, 0))
    lines = zip(style.looks(rates["respondents"]).items(), (9, -9), strict=False)
    for (name, (colour, marker)), up in lines:
        part = rates[rates["respondents"] == name]
        ax.plot(part["year"].map(years.index), part["value"], color=colour, marker=marker, linewidth=1.2)  # fmt: skip
        marks.label(ax, len(years) - 1, part["value"].iloc[-1], name, dark(colour), (0, up))
    ax.axvline(len(years) - 0.5, color=PALE, linewidth=1)
    ax.set_xticks(range(len(years)), [f"report\n{year}" for year in years])
    ax.set_xlim(-0.3, len(years) + len(ranges) - 0.4)
    ax.margins(y=0.25)
    ax.set_ylabel("response rate, percent")
    return fig


def p_values(curves: pd.DataFrame, alpha: float) -> Figure:
    """A p-value as a function of the intraclass correlation. `curves`: `icc, case, p_value`."""
    fig, ax = plt.subplots()
    ax.axhline(alpha, color=GREY, linewidth=1, linestyle="--")
    marks.label(ax, 0, alpha, f"p = {alpha:g}", GREY, (3, 2))
    _lines(ax, curves, "icc", "p_value", "case", 0.8, [(-1, 9), (-1, -9)])
    ax.set(xlim=(0, curves["icc"].max()), ylim=(0, max(alpha, curves["p_value"].max()) * 1.18))
    ax.set(xlabel="intraclass correlation: how alike teachers of one school answer", ylabel="p-value")  # fmt: skip
    return fig


def sample_sizes(curves: pd.DataFrame, effect: float) -> Figure:
    """Schools needed over students asked. `curves`: `students, schools, target` (power), the highest target first."""
    fig, ax = plt.subplots()
    names = curves["target"].map("found {:.0%} of the time".format)
    # Names stand on the outer sides of the two curves, where these are steep.
    sides = [(6, 4), (-6, -4)]
    _lines(ax, curves.assign(target=names), "students", "schools", "target", 1 / 3, sides)
    wanted = f"schools needed to see\n{effect:g} standard deviations"
    ax.set(xscale="log", xlabel="respondents of a school in a year", ylabel=wanted, ylim=(0, None))
    ax.set_xticks(ticks := [10, 20, 50, 100, 200, 500], map(str, ticks))
    ax.minorticks_off()
    return fig


def detectable(curves: pd.DataFrame, ylabel: str) -> Figure:
    """Smallest change that can be found over the teachers of a school, a small chart a panel, a line an `icc`.

    `curves`: `panel, icc, teachers, detectable`.
    """
    panels = curves["panel"].nunique()
    fig, charts = marks.small_charts(curves["panel"], 2.6, columns=panels, sharex=True, sharey=True)
    for panel, ax in charts.items():
        part = curves[curves["panel"] == panel]
        _lines(ax, part, "teachers", "detectable", "icc", 1, [(4, 0)])
        most = curves[["teachers", "detectable"]].max()
        ax.set(xlim=(0, 1.14 * most["teachers"]), ylim=(0, 1.08 * most["detectable"]))
        ax.grid(axis="y")
    fig.supxlabel("teachers of a school in the first wave; at the lines: intraclass correlation", fontsize=10)  # fmt: skip
    fig.supylabel(ylabel, fontsize=10)
    return fig


def schools_needed(curves: pd.DataFrame, marked: int, mark: str) -> Figure:
    """Schools that a study needs over the change it is to find, a line an `icc`; `marked` schools are a dashed line.

    `curves`: `icc, effect, schools`.
    """
    fig, ax = plt.subplots()
    ax.axhline(marked, color=GREY, linewidth=1, linestyle="--")
    marks.label(ax, curves["effect"].max(), marked, mark, GREY, (-1, 3))
    _lines(ax, curves, "effect", "schools", "icc", 0, [(-5, 0)])
    low, high = curves["schools"].min() * 0.8, curves["schools"].max() * 1.3
    ticks = [tick for tick in (2, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= tick <= high]
    ax.set(yscale="log", ylim=(low, high), ylabel="schools needed")
    ax.set_yticks(ticks, map(str, ticks))
    ax.minorticks_off()
    ax.set_xlim(0.5 * curves["effect"].min(), 1.02 * curves["effect"].max())
    ax.set_xlabel("change to be found, standard deviations; at the lines: intraclass correlation")
    return fig


def _lines(
    ax: plt.Axes, curves: pd.DataFrame, x: str, y: str, name: str, at: float, offsets: list
) -> None:
    """A line for each value of `name`, which stands beside it after a share `at` of its points, so many points away."""
    for place, (value, line) in enumerate(curves.groupby(name, sort=False)):
        colour = (BLUE, RED, ORANGE, INK)[place % 4]
        ax.plot(line[x], line[y], color=colour)
        end = line.iloc[min(int(at * len(line)), len(line) - 1)]
        marks.label(ax, end[x], end[y], str(value), dark(colour), offsets[place % len(offsets)])


def category_curves(
    curves: pd.DataFrame, items: pd.DataFrame, measures: pd.DataFrame | None = None
) -> Figure:
    """A Rasch scale at a glance: who answers what (above), and where items and persons stand (below).

    `curves`: `place, answer, probability` of one item; `items`: `item, location`; `measures`: `place, share` of
    persons. Places in logits.
    """
    persons = measures is not None
    size, ratios = ((WIDTH, 4.8), [1.2, 1]) if persons else ((WIDTH, 3.9), [2, 1])
    fig, (upper, lower) = plt.subplots(2, 1, figsize=size, sharex=True, height_ratios=ratios)
    first, last = curves["place"].min() + 0.8, curves["place"].max() - 0.8
    colours = ("#b35806", "#c98a1b", SKY, "#2166ac", INK) * 2
    for (answer, curve), colour in zip(curves.groupby("answer", sort=False), colours, strict=False):
        upper.plot(curve["place"], curve["probability"], color=colour)
        peak = np.clip(curve.loc[curve["probability"].idxmax(), "place"], first, last)
        height = np.interp(peak, curve["place"], curve["probability"])
        marks.label(upper, peak, height, answer, dark(colour), (0, 6))
    upper.set(ylabel="probability", ylim=(0, 1.15))
    top, high = (measures["share"].max(), 1.6) if persons else (1.0, 2.0)
    for rank, row in enumerate(items.sort_values("location").itertuples()):
        lower.plot([row.location] * 2, [0, top * 1.05], color=RED, linewidth=1.2)
        height = top * (1.05 + (0.13 if persons else 0.26) * (rank % 3))
        marks.label(lower, row.location, height, row.item, dark(RED), (0, 2), fontsize=SMALL)
    lower.set(xlabel="logits", ylim=(0, top * high))
    if persons:
        lower.bar(measures["place"], measures["share"], width=0.46, color="#c6dbef", zorder=0)
        lower.set_ylabel("share of persons")
    else:
        lower.set_yticks([])
        lower.spines["left"].set_visible(False)
    return fig


def school_effects(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Each school's own effect, drawn towards the mean, from lowest to highest, a small chart a panel.

    `rows`: `panel, estimate, shrunken` and optionally `truth`.
    """
    fig, charts = marks.small_charts(rows["panel"], 2.4, sharex=True)
    for panel, ax in charts.items():
        part = rows[rows["panel"] == panel].sort_values("shrunken")
        y = (np.arange(len(part)) + 0.5) / len(part)
        ax.axvline(0, color=GREY, linewidth=1)
        ax.plot(part["estimate"], y, ".", color="#a6a6a6", markersize=4)
        ax.plot(part["shrunken"], y, ".", color=BLUE, markersize=4)
        if "truth" in part:
            ax.plot(np.sort(part["truth"]), y, color=RED, linewidth=1.2)
        ax.set_title(ax.get_title(loc="left"), pad=18)
        # Above the chart, where no point can be under it.
        note = f"{len(part)} schools, {(part['shrunken'] < 0).mean():.0%} below zero"
        marks.label(ax, 0, 1, note, GREY, (0, 4), xycoords="axes fraction", ha="left", fontsize=9)
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    fig.supxlabel(xlabel, fontsize=10.5)
    fig.supylabel("schools, lowest effect first", fontsize=10.5)
    return fig


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
        marks.label(ax, n, count, str(n), dark(colour), offset, weight="bold", bbox=box)
    ax.set(xlabel="number of respondents", xlim=(fits["n"].min() - 1, fits["n"].max() + 1))
    ax.set(ylabel=f"means that fit, of {items}", ylim=(0, items + 0.9), yticks=range(0, items + 1, 2))  # fmt: skip
    return fig
