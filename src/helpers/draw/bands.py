"""Bands: from where to where a number can lie, by what is printed of it in words, in bands, or in stars."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw import style
from helpers.draw.colours import INK, OURS, PAPER, PRINTED, QUIET, dark, looks
from helpers.draw.hover import told
from helpers.draw.line_charts import no_report
from helpers.draw.style import HEAD, SMALL


@style.two_widths
def statements(rows: pd.DataFrame) -> Figure:
    """What a text says in words (`heading, label, low, high, said`, 0 to 1); thin, how chance moves it (`ci_low, ci_high`)."""
    titles = {heading: (heading, INK) for heading in rows["heading"]}
    fig, (ax,), ys = style.blocks(
        rows["label"], rows["heading"], titles, size=HEAD, least=0.5, beside=rows["said"], over=True
    )
    for y, row in zip(ys, rows.itertuples(), strict=True):
        style.interval(ax, y, row.ci_low, row.ci_high, width=4, alpha=0.35)
        style.interval(ax, y, row.low, row.high, width=11)
        style.value(ax, y, row.said.replace("\n", ", ") if style.on_phone() else row.said)
    style.percent_axis(ax)
    ax.set_xlabel("share of teachers")
    light = plt.Rectangle((0, 0), 1, 1, color=OURS, alpha=0.35)
    style.legend(fig, {"range that the paper's words mean": OURS, "plus margin of error": light})
    return fig


@style.two_widths
def printed(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Bands of a percentage in print, in titled blocks, those not `marked` grey.

    `rows`: `label, group` (a block), `low, high` in percent, `said, marked`; `xlabel`: what the axis shows.
    """
    titles = {group: (group, INK) for group in rows["group"]}
    fig, (ax,), ys = style.blocks(rows["label"], rows["group"], titles, beside=rows["said"], over=True)
    for y, row in zip(ys, rows.itertuples(), strict=True):
        style.interval(ax, y, row.low / 100, row.high / 100, PRINTED if row.marked else QUIET, 7)
        style.value(ax, y, row.said, fontsize=SMALL)
    style.percent_axis(ax, both=True)
    ax.set_xlabel(xlabel, fontsize=HEAD)
    return fig


@style.two_widths
def star_margins(rows: pd.DataFrame, common: pd.DataFrame, stars: str) -> Figure:
    """Differences in print, filled where they bear stars, beside the margins of error with which one group has these stars.

    Parameters
    ----------
    rows, common, stars : `panel, term, estimate, stars`; `panel, low, high`, a row each, the ends empty where no margin
        fits; what stars ask of a difference
    """
    texts = [margins(row.low, row.high) for row in common.itertuples()]
    fig, (ax,), ys = style.blocks(common["panel"], size=HEAD, least=0.5, beside=texts, over=True)
    for y, text, row in zip(ys, texts, common.itertuples(), strict=True):
        style.interval(ax, y, row.low, row.high, width=12)
        style.value(ax, y, text, dark(OURS))
        for of in rows[rows["panel"] == row.panel].itertuples():
            mark = style.point(ax, of.estimate, y, PRINTED, "s", "" if of.stars else PAPER)
            told(mark, f"{of.term}: {of.estimate:.2f}{'*' * int(of.stars)}".replace("-", "−"))
    ax.set_xlim(min(0, rows["estimate"].min()), 1.05 * rows["estimate"].max())
    ax.grid(axis="x")
    ax.set_xlabel("difference to the first year, standard deviations", fontsize=HEAD)
    look = {"linestyle": "", "marker": "s", "color": PRINTED, "markersize": 6}
    entries = {
        "with stars": plt.Line2D([], [], **look),
        "without: may be chance": plt.Line2D([], [], markerfacecolor=PAPER, **look),
        "margins of error that fit the row's stars": OURS,
    }
    style.legend(fig, entries, f"a square: a year's difference; {stars}")
    return fig


def margins(low: float, high: float) -> str:
    """Margins of error that fit, in words; both empty: none does."""
    if not low <= high:
        return "no margin fits"
    return f"margin {low:.2f} to {high:.2f}" if low > 0 else f"margin up to {high:.2f}"


@style.two_widths
def response_rates(rates: pd.DataFrame, ranges: pd.DataFrame, gap: Sequence[int] = ()) -> Figure:
    """Response rates of reports in percent (`respondents, year, value`) as points, and beside them ranges in a paper.

    Parameters
    ----------
    rates, ranges, gap : `respondents, year, value`; `label, low, high`, of students; years of which there is nothing,
        which no line crosses
    """
    fig, ax = plt.subplots()
    years = sorted({*rates["year"], *gap})
    no_report(ax, [years.index(year) for year in gap])
    groups = looks(rates["respondents"])
    nothing = pd.DataFrame({"year": gap, "value": np.nan})
    for name, (colour, marker) in groups.items():
        part = pd.concat([rates[rates["respondents"] == name], nothing]).sort_values("year")
        ax.plot(part["year"].map(years.index), part["value"], color=colour, linewidth=1.2)
        for row in part.dropna(subset="value").itertuples():
            said = f"{name}, {row.year:.0f}: {row.value:.0f}%"
            told(style.point(ax, years.index(row.year), row.value, colour, marker), said)
    for year, part in rates.groupby("year"):
        for row, up in zip(part.sort_values("value").itertuples(), (-6, 6)[-len(part) :], strict=False):
            text, colour = f"{row.value:.0f}", dark(groups[row.respondents][0])
            style.label(ax, years.index(year), row.value, text, colour, (0, up), fontsize=SMALL)
    places = len(years) + 0.5 + np.arange(len(ranges))
    for x, row in zip(places, ranges.itertuples(), strict=True):
        ax.vlines(x, row.low, row.high, color=PRINTED, linewidth=9)
        for end, up in ((row.low, -4), (row.high, 4)):
            style.label(ax, x, end, f"{end:.0f}", dark(PRINTED), (0, up), fontsize=SMALL)
    unit = (style.across() - 0.7) / (len(years) + len(ranges) + 0.5)  # inches from year to year
    upright = unit < style.inches(str(years[-1]), 9)
    names = [*map(str, years), *(name if upright else style.wrap(name, 0.9 * unit, 9) for name in ranges["label"])]
    ax.set_xticks([*range(len(years)), *places], names, rotation=90 * upright)
    ends = np.array([rates["value"].min(), rates["value"].max(), *ranges["low"], *ranges["high"]])
    low, high = 10 * np.floor(ends.min() / 10 - 0.5), 10 * np.ceil(ends.max() / 10 + 0.5)
    ax.set(xlim=(-0.4, places[-1] + 0.5), ylim=(max(0, low), min(105, high)))
    ax.yaxis.set_major_formatter("{x:.0f}%")
    ax.grid(axis="y")
    above = {"xycoords": ax.get_xaxis_transform(), "fontsize": HEAD, "weight": "bold"}
    for x, text, room in ((-0.4, "In the district's reports", len(years)), (len(years), "In the paper", len(ranges))):
        style.label(ax, x, 1, style.wrap(text, max(0.7, unit * room), HEAD, "bold"), INK, (1, 4), **above)
    entries = {name: plt.Line2D([], [], color=colour, marker=marker) for name, (colour, marker) in groups.items()}
    style.legend(fig, entries | {"range given for students": PRINTED})
    return fig
