"""Line charts: lines and points over years, categories or sizes of a study."""

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw import colours, style
from helpers.draw.colours import FAINT, GREY, INK, OURS, PALE, PAPER, PRINTED, QUIET, dark, looks
from helpers.draw.hover import told, unseen
from helpers.draw.numbers import percent
from helpers.draw.style import SMALL
from helpers.draw.words import of_few
from helpers.project import in_order


@style.two_widths
def year_effects(
    rows: pd.DataFrame,
    ylabel: str,
    baseline: str,
    gap: Sequence[str] = (),
    means: Mapping | None = None,
    hollow_means: str = "",
    xlabel: str = "",
) -> Figure:
    """Effects by year with intervals, a small chart a panel on one common scale, the baseline year at zero.

    Parameters
    ----------
    rows : `panel, series, term, estimate, ci_low, ci_high`, optionally `mark` (text, none: hollow). Missing intervals
        are not drawn; one or two series have their last value at the end of each stroke of the line
    ylabel, baseline, gap : what the axes show, which stands over them; year at zero; years of which there is nothing: no line crosses them, and
        what comes after them is hollow
    means, hollow_means : series -> its meaning (`colours.NAMED`), where its name does not say it; what hollow marks are
    xlabel : what stands below all charts
    """
    rows, series = style.bounded(rows), looks(rows["series"], means)
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
            line = [(terms.index(baseline), 0.0), *zip(x, part["estimate"], strict=True)]
            line += [(terms.index(term) + shift, np.nan) for term in gap]
            ax.plot(*zip(*sorted(line), strict=True), color=colour, linewidth=1.2, alpha=0.6)
            ax.vlines(x, part["ci_low"], part["ci_high"], color=colour, linewidth=2)
            style.has_margins(ax, part["ci_low"])
            hollow = x > terms.index(gap[-1]) if gap else part.get("mark", pd.Series("*", part.index)).eq("")
            for at, row, empty in zip(x, part.itertuples(), hollow, strict=True):
                point = style.point(ax, at, row.estimate, colour, marker, PAPER if empty else "", 5.5)
                told(point, f"{name}, {row.term}: {row.estimate:.2f}".replace("-", "−"))
        style.point(ax, terms.index(baseline), 0, GREY, size=4)
        early = terms[: terms.index(gap[0])] if gap else terms
        _ends(ax, inside, series, terms, early, per_unit, FAINT if gap else PAPER)
        _ends(ax, inside, series, terms, terms[len(early) :], per_unit, PAPER)
        no_report(ax, [terms.index(term) for term in gap])
        ax.set_xlim(-0.4, len(terms) - 0.6 + (0.11 if len(series) < 3 else 0) * len(terms))
    _name_terms(fig, charts.values(), terms)
    key = {}
    if len(series) > 1:
        key = {n: plt.Line2D([], [], color=c, marker=m, markersize=5.5) for n, (c, m) in series.items()}
    look = {"linestyle": "", "marker": "o", "color": GREY, "markerfacecolor": PAPER, "markersize": 5.5}
    style.legend(fig, key | ({hollow_means: plt.Line2D([], [], **look)} if hollow_means else {}), ylabel)
    if xlabel:
        fig.supxlabel(xlabel, fontsize=style.HEAD)
    return fig


def _name_terms(fig: Figure, charts: Collection[plt.Axes], terms: list[str]) -> None:
    """Years under charts: level where there is room, else slanted, upright on a phone or if one is long; the figure is as much higher."""
    columns = len({round(ax.get_position().x0, 3) for ax in charts})
    room = (style.across() - 0.8) / columns - 0.35
    longest = max(map(style.inches, terms))
    slanted = len(terms) > 4 or sum(map(style.inches, terms)) > room or longest > 1
    upright = slanted and (style.on_phone() or longest > 1)
    if upright:
        terms = [style.on_lines(term, max(1, int(room / len(terms) / style.tall("", 9)))) for term in terms]
        fig.set_figheight(fig.get_figheight() + max(0.0, max(map(style.inches, terms)) - 0.5))
    for ax in charts:
        ax.set_xticks(range(len(terms)), terms, rotation=90 if upright else 45 if slanted else 0)


def no_report(ax: plt.Axes, places: list[int]) -> None:
    """A band over years of which there is no report."""
    if places:
        ax.axvspan(places[0] - 0.5, places[-1] + 0.5, color=FAINT, linewidth=0, zorder=0)
        look = {"ha": "center", "va": "bottom", "fontsize": SMALL, "color": GREY, "style": "italic"}
        ax.text(np.mean(places), 0.02, "no\nreport", transform=ax.get_xaxis_transform(), **look)


def _ends(
    ax: plt.Axes, rows: pd.DataFrame, series: dict, terms: list, stroke: list, per_unit: float, ground: str
) -> None:
    """The last value of one or two series at the end of a stroke of their lines.

    Parameters
    ----------
    ax, rows, series, terms, stroke, per_unit, ground : a chart; its rows; looks of the series; years; those of the stroke;
        points of one unit of the axis; what the values stand on
    """
    known = rows[rows["term"].isin(stroke)].dropna(subset="estimate", ignore_index=True)
    last = known.loc[known["term"].map(terms.index).groupby(known["series"]).idxmax()].sort_values("estimate")
    if last.empty or len(series) > 2:
        return
    apart = max(0.0, 11 - per_unit * np.ptp(last["estimate"])) / 2 if len(last) > 1 else 0.0
    for row, up in zip(last.itertuples(), (-apart, apart), strict=False):
        text, colour = f"{round(row.estimate, 2) + 0.0:.2f}".replace("-", "−"), dark(series[row.series][0])
        look = {"va": "center", "fontsize": SMALL, "bbox": {"facecolor": ground, "edgecolor": "none", "pad": 0.5}}
        style.label(ax, terms.index(row.term) + 0.1, row.estimate, text, colour, (6, up), **look)


@style.two_widths
def p_values(curves: pd.DataFrame, alpha: float) -> Figure:
    """A p-value as a function of the intraclass correlation. `curves`: `icc, case, p_value`."""
    fig, ax = plt.subplots(figsize=(style.across(), 3.7))
    ax.axhspan(0, alpha, color=FAINT, linewidth=0, zorder=0)
    sides = {"chance could explain it": (3, "bottom"), "hard to explain by chance": (-3, "top")}
    for words, (up, va) in sides.items():
        look = {"va": va, "ha": "right", "fontsize": SMALL, "style": "italic"}
        style.label(ax, curves["icc"].max(), alpha, words, GREY, (-2, up), **look)
    shades = {case: colour for case, (colour, _) in looks(curves["case"]).items()}
    for case, colour in shades.items():
        line = curves[curves["case"].eq(case)]
        ax.plot(line["icc"], line["p_value"], color=colour)
        _tell_along(ax, line, "icc", "p_value", case)
        if not style.on_phone():
            end = line.iloc[-1]
            style.label(
                ax, end["icc"], end["p_value"], style.wrap(case, 1.5, SMALL), dark(colour), (5, 0), fontsize=SMALL
            )
    ax.set(xlim=(0, curves["icc"].max()), ylim=(0, max(alpha, curves["p_value"].max()) * 1.18))
    ax.set(xlabel="how alike teachers of one school answer\n(intraclass correlation; 0: no more than others)")
    ax.set_ylabel("p-value")
    if style.on_phone():
        style.legend(fig, {case: plt.Line2D([], [], color=colour) for case, colour in shades.items()})
    return fig


@style.two_widths
def sample_sizes(curve: pd.DataFrame, effect: float) -> Figure:
    """Schools needed over students asked, with the numbers at both ends. `curve`: `students, schools`, in order."""
    fig, ax = plt.subplots()
    ax.plot(curve["students"], curve["schools"], color=OURS)
    _tell_along(ax, curve, "students", "schools", "schools needed")
    for (_, end), offset in zip(curve.iloc[[0, -1]].iterrows(), ((8, 0), (-2, 8)), strict=True):
        style.point(ax, end["students"], end["schools"])
        style.label(ax, end["students"], end["schools"], f"{end['schools']:.0f} schools", dark(OURS), offset)
    wanted = f"schools needed to see a\nchange of {effect:g} standard deviations"
    ax.set(
        xscale="log",
        xlabel="respondents of a school in a year (each step about twice as many)",
        ylabel=wanted,
        ylim=(0, None),
    )
    ax.set_xticks(ticks := [10, 20, 50, 100, 200, 500], map(str, ticks))
    ax.minorticks_off()
    return fig


@style.two_widths
def detectable(curves: pd.DataFrame, ylabel: str, planned: pd.DataFrame) -> Figure:
    """Smallest change to be found over a school's teachers. `curves`: `panel, icc` (a line), `teachers, detectable`.

    `planned`: those of its rows that have a dot and their number.
    """
    fig, charts = style.small_charts(curves["panel"], 2.6, columns=3, sharex=True, sharey=True)
    most = curves[["teachers", "detectable"]].max()
    for panel, ax in charts.items():
        _of_likeness(ax, curves[curves["panel"] == panel], "teachers", "detectable")
        for row in planned[planned["panel"] == panel].itertuples():
            text, line = f"as planned: {row.detectable:.2f}", {"arrowstyle": "-", "color": INK, "linewidth": 0.8}
            told(style.point(ax, row.teachers, row.detectable, INK, size=5), text)
            style.label(ax, row.teachers, row.detectable, text, INK, (10, -40), fontsize=SMALL, arrowprops=line)
        ax.set(xlim=(0, 1.04 * most["teachers"]), ylim=(0, 1.08 * most["detectable"]))
        ax.grid(axis="y")
    _name_likeness(fig, curves)
    fig.supxlabel("teachers of a school in the first wave", fontsize=10)
    fig.supylabel(ylabel, fontsize=10)
    return fig


@style.two_widths
def schools_needed(curves: pd.DataFrame, marked: int, mark: str, change: float) -> Figure:
    """Schools needed over the change to be found.

    Parameters
    ----------
    curves : `icc` (a line), `effect, schools`
    marked, mark, change : schools where a dashed line stands, and its words; a change whose schools are dots with numbers
    """
    fig, ax = plt.subplots(figsize=(style.across(), 3.7))
    ax.axhline(marked, color=GREY, linewidth=1, linestyle="--")
    style.label(ax, curves["effect"].max(), marked, mark, GREY, (-1, 3))
    _of_likeness(ax, curves, "effect", "schools")
    at = curves[curves["effect"].eq(change)].sort_values("schools")
    for row in at.itertuples():
        told(style.point(ax, change, row.schools, INK, size=5), f"{row.icc:g}: {row.schools:.0f} schools")
    for row, offset in zip(at.iloc[[0, -1]].itertuples(), ((-6, -4), (6, 4)), strict=True):
        style.label(ax, change, row.schools, f"{row.schools:.0f}", INK, offset, fontsize=SMALL)
    low, high = curves["schools"].min() * 0.8, curves["schools"].max() * 1.3
    ticks = [tick for tick in (2, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= tick <= high]
    ax.set(yscale="log", ylim=(low, high), ylabel="schools needed\n(each step about twice as many)")
    ax.set_yticks(ticks, map(str, ticks))
    ax.minorticks_off()
    least, most = curves["effect"].min(), curves["effect"].max()
    room = (most - least) * (style.inches("000", SMALL) + 0.1) / (style.across() - 1)  # of numbers left of the lines
    ax.set(xlim=(least - room, most * 1.02), xlabel="change to be found, standard deviations")
    _name_likeness(fig, curves)
    return fig


_TELL, _PAIRED = 8, 60
"""About so many places of a curve tell their values; of so many schools two points each are joined."""


def _of_likeness(ax: plt.Axes, curves: pd.DataFrame, x: str, y: str) -> None:
    """A line for each intraclass correlation (`icc`), whose names `_name_likeness` puts over the charts."""
    lines = curves.groupby("icc")
    for (icc, line), shade in zip(lines, colours.levels(len(lines)), strict=True):
        ax.plot(line[x], line[y], color=shade)
        _tell_along(ax, line, x, y, icc)


def _name_likeness(fig: Figure, curves: pd.DataFrame) -> None:
    """What the lines of `_of_likeness` are: how much of the differences between teachers lies between schools."""
    found = sorted(curves["icc"].unique())
    ends = {found[0]: " (schools much alike)", found[-1]: " (schools less alike)"} if len(found) > 1 else {}
    lines = [plt.Line2D([], [], color=shade) for shade in colours.levels(len(found))]
    named = {f"{icc:g}{ends.get(icc, '')}": line for icc, line in zip(found, lines, strict=True)}
    style.legend(fig, named, "share of the variance of answers that lies between schools")


def _tell_along(ax: plt.Axes, line: pd.DataFrame, x: str, y: str, name: object) -> None:
    """Have a curve tell its value at some places, by marks that nobody sees.

    Parameters
    ----------
    ax, line, x, y, name : where; the points of the curve; columns of its places and values; what it is called
    """
    said = " ".join(str(name).split())
    for row in line.iloc[:: max(1, len(line) // _TELL)][[x, y]].itertuples(index=False):
        unseen(style.point(ax, *row, PAPER, size=12), f"{said}: {row[1]:.3g} at {row[0]:.3g}")


@style.two_widths
def category_curves(curves: pd.DataFrame, items: pd.DataFrame) -> Figure:
    """A Rasch scale at a glance: who answers what (above), and where items stand (below).

    `curves`: `place, answer, probability` of an item; `items`: `item, location`; in logits.
    """
    fig, (upper, lower) = plt.subplots(2, 1, figsize=(style.across(), 3.9), sharex=True, height_ratios=[2, 1])
    ends = curves["place"].min() + 0.8, curves["place"].max() - 0.8
    answers = curves.groupby("answer", sort=False)
    for (answer, curve), colour in zip(answers, colours.curves(len(answers)), strict=True):
        upper.plot(curve["place"], curve["probability"], color=colour)
        _tell_along(upper, curve, "place", "probability", answer)
        peak = np.clip(curve.loc[curve["probability"].idxmax(), "place"], *ends)
        height = np.interp(peak, curve["place"], curve["probability"])
        outwards = 2 if peak <= ends[0] else -2 if peak >= ends[1] else 0
        style.label(upper, peak, height, answer, dark(colour), (outwards, 6))
    upper.set(ylabel="chance of an answer", ylim=(0, 1.15))
    _items(lower, items, 1.0, 0.26)
    lower.set(xlabel="place on the scale, logits: further right, more of it", yticks=[])
    lower.spines["left"].set_visible(False)
    return fig


@style.two_widths
def people_and_items(measures: pd.DataFrame, items: pd.DataFrame) -> Figure:
    """Where people and items stand on one scale, those beyond all items darker. `measures`: `place, share`; `items`: `item, location`."""
    fig, ax = plt.subplots(figsize=(style.across(), 3.4))
    beyond = ~measures["place"].between(items["location"].min(), items["location"].max())
    shades = np.where(beyond, QUIET, PALE)
    for bar, row in zip(
        ax.bar(measures["place"], measures["share"], width=0.46, color=shades), measures.itertuples(), strict=True
    ):
        told(bar, f"{row.place:g}: {percent(row.share)}%")
    _items(ax, items, measures["share"].max(), 0.13)
    ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f}%")
    ax.set(xlabel="place on the scale: further right, says yes to more", ylabel="share of people")
    line = plt.Line2D([], [], color=INK, linewidth=1.2)
    style.legend(fig, {"questions, by number": line, "people beyond all of them": QUIET, "people among them": PALE})
    return fig


def _items(ax: plt.Axes, items: pd.DataFrame, top: float, step: float) -> None:
    """Lines up to `top` where items stand, and their names above, in rows that are `step` of it apart."""
    levels = 5 if style.on_phone() else 3
    for rank, row in enumerate(items.sort_values("location").itertuples()):
        ax.plot([row.location] * 2, [0, top * 1.05], color=INK, linewidth=1.2)
        height = top * (1.05 + step * (rank % levels))
        style.label(ax, row.location, height, row.item, INK, (0, 2), fontsize=SMALL)
    ax.set_ylim(0, top * (1.2 + step * levels))


@style.two_widths
def school_effects(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Each school's own effect, a row a school, the lowest estimate first, beside what of it is no chance.

    `rows`: `panel` (a chart), `estimate, shrunken`, `below_zero` (share of the panel's schools; empty where no spread is found).
    """
    fig, charts = style.small_charts(rows["panel"], 2.4, sharex=True)
    for panel, ax in charts.items():
        part = rows[rows["panel"] == panel].sort_values("estimate", kind="stable")
        y, below, few = (np.arange(len(part)) + 0.5) / len(part), part["below_zero"].iloc[0], len(part) <= _PAIRED
        ax.axvline(0, color=GREY, linewidth=1)
        if few:
            ends = np.sort(part[["estimate", "shrunken"]].to_numpy().T, axis=0)
            ax.hlines(y, *ends, color=PALE, linewidth=0.8, zorder=0)
        for column, colour in (("estimate", QUIET), ("shrunken", OURS)):
            ax.plot(part[column], y, "o", color=colour, markersize=5.5 if few else 2.5)
        ax.set_title(ax.get_title(loc="left"), pad=18)
        # Above the chart, where no point can be under it.
        fell = f"corrected: {of_few(below, len(part))} schools fell" if pd.notna(below) else ""
        note = fell or f"{len(part)} schools, all of it may be chance"
        style.label(ax, 0, 1, note, GREY, (0, 4), xycoords="axes fraction", ha="left", fontsize=9)
        ax.set(ylim=(-0.03, 1.03), yticks=[])
    dots = {"as estimated": QUIET, "corrected for chance": OURS}
    key = {name: plt.Line2D([], [], color=colour, marker="o", linestyle="") for name, colour in dots.items()}
    style.legend(fig, key, "a row a school, the lowest estimate at the bottom")
    fig.supxlabel(f"{xlabel}\n0: no change", fontsize=10.5)
    return fig


@style.two_widths
def possible_sizes(fits: pd.DataFrame, items: int, printed: list[int]) -> Figure:
    """How many of the printed means each number of respondents can give, a bar each. `fits`: `n, possible`.

    Parameters
    ----------
    fits, items, printed : the numbers to draw; how many means there are; numbers in print
    """
    fig, ax = plt.subplots(figsize=(style.across(), 3.0))
    fit, named = fits["possible"] == items, fits["n"].isin(printed)
    bars = ax.bar(fits["n"], fits["possible"], 0.7, color=np.where(fit, OURS, np.where(named, PRINTED, PALE)))
    for bar, row in zip(bars, fits.itertuples(), strict=True):
        told(bar, f"{row.n} respondents: {row.possible} of {items} averages")
    ax.bar_label(bars, padding=2, fontsize=SMALL)
    ax.set_xticks(fits["n"], fits["n"].astype(str), fontsize=SMALL, rotation=90 if style.on_phone() else 0)
    for name, stands_out in zip(ax.get_xticklabels(), fit | named, strict=True):
        name.set(weight="bold" if stands_out else "normal", color=INK if stands_out else GREY)
    ax.set(xlabel="people who answered", ylim=(0, items + 0.7), yticks=[])
    ax.spines["left"].set_visible(False)
    key = {f"all {items} fit": OURS, "sizes of the paper's two groups": PRINTED}
    style.legend(
        fig,
        key,
        f"height: how many of {items} averages fit (averages of whole marks take only some values)",
    )
    return fig
