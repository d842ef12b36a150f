"""Line charts: lines and points over years, categories or sizes of a study."""

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw import colours, style
from helpers.draw.colours import FAINT, GREY, INK, OURS, PALE, PAPER, PRINTED, QUIET, SIMULATED, dark, looks
from helpers.draw.hover import told, unseen
from helpers.draw.numbers import percent
from helpers.draw.style import SMALL
from helpers.project import in_order


@style.two_widths
def year_effects(
    rows: pd.DataFrame,
    ylabel: str,
    baseline: str,
    gap: Sequence[str] = (),
    means: Mapping | None = None,
    hollow_means: str = "",
) -> Figure:
    """Effects by year with intervals, a small chart a panel on one common scale, the baseline year at zero.

    Parameters
    ----------
    rows : `panel, series, term, estimate, ci_low, ci_high`, optionally `mark` (text, none: hollow). Missing intervals
        are not drawn; one or two series have their last value at the end of the line
    ylabel, baseline, gap : what the axis shows; year at zero; years of which there is nothing: no line crosses them, and
        what comes after them is hollow
    means, hollow_means : series -> its meaning (`colours.NAMED`), where its name does not say it; what hollow marks are
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
        _ends(ax, inside, series, terms[: terms.index(gap[0])] if gap else terms, per_unit, FAINT if gap else PAPER)
        _gap(ax, [terms.index(term) for term in gap])
        ax.set_xlim(-0.4, len(terms) - 0.6 + (0.11 if len(series) < 3 else 0) * len(terms))
    _name_terms(fig, charts.values(), terms)
    fig.supylabel(style.wrap(ylabel, fig.get_figheight() - 0.3, 10.5), fontsize=10.5)
    if len(series) > 1:
        key = {n: plt.Line2D([], [], color=c, marker=m, markersize=5.5) for n, (c, m) in series.items()}
        look = {"linestyle": "", "marker": "o", "color": GREY, "markerfacecolor": PAPER, "markersize": 5.5}
        style.legend(fig, key | ({hollow_means: plt.Line2D([], [], **look)} if hollow_means else {}))
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


def _gap(ax: plt.Axes, places: list[int]) -> None:
    """A band over years of which there is no report."""
    if places:
        ax.axvspan(places[0] - 0.5, places[-1] + 0.5, color=FAINT, linewidth=0, zorder=0)
        look = {"ha": "center", "va": "bottom", "fontsize": SMALL, "color": GREY, "style": "italic"}
        ax.text(np.mean(places), 0.02, "no\nreport", transform=ax.get_xaxis_transform(), **look)


def _ends(ax: plt.Axes, rows: pd.DataFrame, series: dict, terms: list, per_unit: float, ground: str) -> None:
    """The last value of one or two series, before a gap if there is one, at the ends of their lines.

    Parameters
    ----------
    ax, rows, series, terms, per_unit, ground : a chart; its rows; looks of the series; years; points of one unit of the axis; what
        the values stand on
    """
    known = rows[rows["term"].isin(terms)].dropna(subset="estimate", ignore_index=True)
    last = known.loc[known["term"].map(terms.index).groupby(known["series"]).idxmax()].sort_values("estimate")
    if last.empty or len(series) > 2:
        return
    apart = max(0.0, 11 - per_unit * np.ptp(last["estimate"])) / 2 if len(last) > 1 else 0.0
    for row, up in zip(last.itertuples(), (-apart, apart), strict=False):
        text, colour = f"{row.estimate:.2f}".replace("-", "−"), dark(series[row.series][0])
        look = {"va": "center", "fontsize": SMALL, "bbox": {"facecolor": ground, "edgecolor": "none", "pad": 0.5}}
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
    edge = ax.get_yaxis_transform()
    for place, row in enumerate(ranges.sort_values("high").itertuples()):
        x, y, up = 1.02 + 0.02 * place, (row.low, row.high)[place % 2], (-1, 1)[place % 2]
        ax.plot([x, x], [row.low, row.high], color=PRINTED, linewidth=3, transform=edge, clip_on=False)
        text = style.wrap(f"{row.label}: {row.low:.0f} to {row.high:.0f}", 1.0)
        style.label(ax, x, y, text, dark(PRINTED), (5, up), xycoords=edge, fontsize=SMALL, annotation_clip=False)
    for (name, (colour, marker)), up in zip(looks(rates["respondents"]).items(), (9, -9), strict=False):
        part = pd.concat([rates[rates["respondents"] == name], nothing]).sort_values("year")
        ax.plot(part["year"].map(years.index), part["value"], color=colour, linewidth=1.2)
        known = part.dropna(subset="value")
        for row in known.itertuples():
            told(
                style.point(ax, years.index(row.year), row.value, colour, marker),
                f"{name}, {row.year:.0f}: {row.value:.0f}%",
            )
        early = known[known["year"] < min(gap, default=np.inf)]
        last = (known if early.empty else early).iloc[-1]
        style.label(ax, years.index(last["year"]), last["value"], name, dark(colour), (0, up))
    ax.set_xticks(range(len(years)), map(str, years), rotation=90 if style.on_phone() and len(years) > 4 else 0)
    ax.set_xlim(-0.3, len(years) - 0.5)
    ax.set(xlabel="report of the year", ylabel="of 100 asked, so many answered", ylim=(0, 105))
    return fig


@style.two_widths
def p_values(curves: pd.DataFrame, alpha: float) -> Figure:
    """A p-value as a function of the intraclass correlation. `curves`: `icc, case, p_value`."""
    fig, ax = plt.subplots()
    ax.axhline(alpha, color=GREY, linewidth=1, linestyle="--")
    end = curves["icc"].max()
    style.label(ax, end, alpha, f"above {alpha:g}: may be chance", GREY, (-3, 2), fontsize=SMALL)
    style.label(ax, end, alpha, "below: hard to explain by chance", GREY, (-3, -2), fontsize=SMALL)
    room = 1.6 if style.on_phone() else 3.5
    curves = curves.assign(case=[style.wrap(case, room, style.HEAD) for case in curves["case"]])
    cases = [look for look, _ in looks(curves["case"]).values()]
    _lines(ax, curves, "icc", "p_value", "case", 0.8, [(-1, 9), (-1, -9)], cases)
    ax.set(xlim=(0, curves["icc"].max()), ylim=(0, max(alpha, curves["p_value"].max()) * 1.18))
    ax.set(xlabel="how alike teachers of one school answer (intraclass correlation)", ylabel="p-value")
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
    lowest = curves[curves["target"] == curves["target"].min()]
    for row, place in zip(lowest.iloc[[0, -1]].itertuples(), ((-6, 0), (0, -7)), strict=True):
        style.point(ax, row.students, row.schools, colours.levels(2)[-1], size=6)
        style.label(ax, row.students, row.schools, f"{row.schools:.0f}", INK, place, weight="bold")
    wanted = f"schools needed to see\n{effect:g} standard deviations"
    room = curves["students"].min() / 2  # of the number left of the first point
    ax.set(xscale="log", xlim=(room, None), xlabel="respondents of a school in a year", ylabel=wanted, ylim=(0, None))
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
        ax.set(xlim=(0, 1.2 * most["teachers"]), ylim=(0, 1.08 * most["detectable"]))
    fig.supxlabel(f"teachers of a school in the first wave\n{_ICC}", fontsize=10)
    fig.supylabel(ylabel, fontsize=10)
    return fig


@style.two_widths
def schools_needed(curves: pd.DataFrame, marked: int, mark: str) -> Figure:
    """Schools needed over the change to be found, `marked` ones dashed. `curves`: `icc` (a line), `effect, schools`."""
    fig, ax = plt.subplots(figsize=(style.across(), 3.7))
    ax.axhline(marked, color=GREY, linewidth=1, linestyle="--")
    style.label(ax, curves["effect"].max(), marked, mark, GREY, (-1, 3))
    _lines(ax, curves, "effect", "schools", "icc", 0, [(-5, 0)], steps=True)
    low, high = curves["schools"].min() * 0.8, curves["schools"].max() * 1.3
    ticks = [tick for tick in (2, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= tick <= high]
    ax.set(yscale="log", ylim=(low, high), ylabel="schools needed")
    ax.set_yticks(ticks, map(str, ticks))
    ax.minorticks_off()
    least, most = curves["effect"].min(), curves["effect"].max()
    room = (
        (most - least) * (style.inches("0.05", style.HEAD) + 0.15) / (style.across() - 1)
    )  # of names left of the lines
    xlabel = f"change to be found, standard deviations\n{_ICC}"
    ax.set(xlim=(least - room, most * 1.02), xlabel=xlabel)
    return fig


_TELL, _PAIRED = 8, 60
"""About so many places of a curve tell their values; of so many schools two points each are joined."""
_ICC = "number at a line: how much schools differ (share of the variance)"


def _lines(
    ax: plt.Axes, curves: pd.DataFrame, x: str, y: str, name: str, at: float, offsets: list,
    shades: Sequence[str] = (), *, steps: bool = False,
) -> None:  # fmt: skip
    """A line for each value of `name`, which stands beside it after a share `at` of its points, so many points away.

    Parameters
    ----------
    ax, curves, x, y, name : where, and which columns are drawn
    at, offsets, shades, steps : of the names; colours, of ordered values if none is given; whether whole numbers jump
    """
    lines = curves.groupby(name, sort=False)
    shades = shades or colours.levels(len(lines))
    for place, (value, line) in enumerate(lines):
        ax.plot(line[x], line[y], color=shades[place], drawstyle="steps-mid" if steps else "default")
        _tell_along(ax, line, x, y, value)
        end = line.iloc[min(int(at * len(line)), len(line) - 1)]
        style.label(ax, end[x], end[y], str(value), dark(shades[place]), offsets[place % len(offsets)])


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
def category_curves(curves: pd.DataFrame, items: pd.DataFrame, measures: pd.DataFrame | None = None) -> Figure:
    """A Rasch scale at a glance: who answers what (above), and where items and persons stand (below).

    `curves`: `place, answer, probability` of an item; `items`: `item, location`; `measures`: `place, share`; in logits.
    """
    persons = measures is not None
    size, ratios = ((style.across(), 4.8), [1.2, 1]) if persons else ((style.across(), 3.9), [2, 1])
    fig, (upper, lower) = plt.subplots(2, 1, figsize=size, sharex=True, height_ratios=ratios)
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
    top, high = (measures["share"].max(), 1.6) if persons else (1.0, 2.0)
    levels, step = 5 if style.on_phone() else 3, 0.13 if persons else 0.26
    high += (levels - 3) * step
    for rank, row in enumerate(items.sort_values("location").itertuples()):
        lower.plot([row.location] * 2, [0, top * 1.05], color=INK, linewidth=1.2)
        height = top * (1.05 + step * (rank % levels))
        style.label(lower, row.location, height, row.item, INK, (0, 2), fontsize=SMALL)
    lower.set(xlabel="place on the scale, logits: further right, more of it", ylim=(0, top * high))
    if persons:
        lower.bar(measures["place"], measures["share"], width=0.46, color=PALE, zorder=0)
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
        if len(part) <= _PAIRED:
            ends = np.sort(part[["estimate", "shrunken"]].to_numpy().T, axis=0)
            ax.hlines(y, *ends, color=PALE, linewidth=0.8, zorder=0)
        ax.plot(part["estimate"], y, ".", color=QUIET, markersize=5)
        ax.plot(part["shrunken"], y, ".", color=OURS, markersize=5)
        if "truth" in part:
            ax.plot(np.sort(part["truth"]), y, color=SIMULATED, linewidth=1.2)
        ax.set_title(ax.get_title(loc="left"), pad=18)
        # Above the chart, where no point can be under it.
        found = f"{percent(below)}% below zero" if differ else "no spread found"
        note = f"{len(part)} schools, {found}"
        style.label(ax, 0, 1, note, GREY, (0, 4), xycoords="axes fraction", ha="left", fontsize=9)
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        if not differ:
            ax.set_yticks([])
    key = {"as it looks": QUIET, "without chance, as far as can be told": OURS}
    style.legend(fig, key | ({"the truth that was made up": SIMULATED} if "truth" in rows else {}))
    ordered = rows["below_zero"].notna()
    words = (
        "lowest effect first" if ordered.all() else "lowest first, if they differ" if ordered.any() else "in no order"
    )
    fig.supxlabel(xlabel, fontsize=10.5)
    fig.supylabel(f"{'share of ' * bool(ordered.any())}schools, {words}", fontsize=10.5)
    return fig


@style.two_widths
def possible_sizes(fits: pd.DataFrame, items: int, marked: dict[int, str]) -> Figure:
    """How many of the printed means each number of respondents can give, a bar each with its count.

    Parameters
    ----------
    fits, items, marked : `n, possible`; how many means there are; numbers in print, with what is said of them
    """
    fig, ax = plt.subplots(figsize=(style.across(), 3.4))
    whole, named = fits["possible"] == items, fits["n"].isin(list(marked))
    shades = np.where(whole, OURS, np.where(named, PRINTED, PALE))
    bars = ax.bar(fits["n"], fits["possible"], 0.8, color=shades)
    for bar, row in zip(bars, fits.itertuples(), strict=True):
        told(bar, f"{row.n} respondents: {row.possible} of {items} means")
    texts = ax.bar_label(bars, fits["possible"], padding=2, fontsize=SMALL)
    for text, shade, strong in zip(texts, shades, whole | named, strict=True):
        text.set(color=dark(shade) if strong else GREY, weight="bold" if strong else "normal")
    for name, strong in zip(ax.set_xticks(fits["n"], fits["n"], fontsize=SMALL), whole | named, strict=True):
        name.label1.set(rotation=90 if style.on_phone() else 0, weight="bold" if strong else "normal")
    ax.set(xlabel="if so many people answered", xlim=(fits["n"].min() - 0.7, fits["n"].max() + 0.7))
    ax.set(ylabel=f"means that fit, of {items}", ylim=(0, items + 0.8), yticks=range(0, items + 1, 2))
    key = {
        f"all {items} printed means fit": OURS,
        f"the paper's {', '.join(marked.values())}": PRINTED,
        "other numbers": PALE,
    }
    style.legend(fig, key)
    return fig
