"""Dot plots: single values beside each other, a mark each in a named row."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from helpers.draw import style
from helpers.draw.colours import FAINT, GREY, GROUPS, INK, OURS, PALE, PAPER, PRINTED, QUIET, SIGNS, dark, looks
from helpers.draw.hover import told
from helpers.draw.numbers import percent, ratio, written
from helpers.draw.style import HEAD, SMALL
from helpers.draw.words import hollow

_CODES = 12  # more systems than these stand in a ranking by code, not by name
_WIDTHS = {4: 0.45, 2: 1.2}  # columns of a ranking, if its names are no wider (inches)
_REACH = 64  # odds ratios are drawn from one over this to this


@style.two_widths
def shares(rows: pd.DataFrame, statistics: dict[str, str], coloured: str = "label", below: str = "") -> Figure:
    """Shares with 95% intervals: a block an item, a row a system, a panel a statistic, with the numbers.

    Parameters
    ----------
    rows : `label, item, item_label, statistic, share, ci_low, ci_high` (0 to 1) and `note`, which is drawn where a
        share is empty, never zero. A share without an interval is a bare mark; one of a row whose optional `average` is
        true, a mean over systems, a hollow diamond; an arrow goes on from one whose optional `least` is true
    statistics, coloured, below : what to draw, and the words above its panel; the column whose values have a look each;
        words below the panels
    """
    rows = rows.assign(
        average=rows.get("average", False), least=rows.get("least", pd.Series(False, rows.index)).eq(True)
    )
    rows = rows[rows["statistic"].isin(statistics)]
    fig, axes, places = style.share_blocks(rows, widths=[1] * len(statistics))
    series = looks(rows.loc[~rows["average"], coloured])
    for ax, (statistic, title) in zip(axes, statistics.items(), strict=True):
        style.percent_axis(ax, 0.5 if len(statistics) > 1 else 0.25, both=True)
        room = (1.9 if style.on_phone() else 4) / len(statistics)
        ax.set_title(style.wrap(title, room, HEAD, "bold"), fontsize=HEAD)
        for row in rows[rows["statistic"] == statistic].itertuples():
            y = places[row.item, row.label]
            _share(ax, y, row, *series.get(getattr(row, coloured), ()))
            if row.share == row.share:
                style.beside(ax, y, percent(row.share) + "+" * row.least)
                if row.least:
                    look = {"arrowstyle": "-|>", "color": dark(series[getattr(row, coloured)][0])}
                    ax.annotate("", (min(1, row.share + 0.2), y), (row.share, y), arrowprops=look)
    if below:
        fig.supxlabel(below, fontsize=SMALL)
    return fig


@style.two_widths
def shares_by_question(rows: pd.DataFrame, said: str) -> Figure:
    """Shares of one answer with 95% intervals: a row a question, in it a mark with its number for each system.

    One system alone, or more than six, stand in blocks as `shares` draws them.

    Parameters
    ----------
    rows : of one statistic, as for `shares`; `marked`, whether a question's name is bold; and `n_systems`, of how many a mean is
    said : the answer
    """
    series = looks(rows.loc[~rows["average"], "label"]) | dict.fromkeys(rows.loc[rows["average"], "system"], (INK, "D"))
    if not 1 < len(series) <= len(GROUPS):
        return shares(rows, dict.fromkeys(rows["statistic"], said))
    known = rows.drop_duplicates("item")
    apart = 0.145  # inches from mark to mark: as high as their numbers
    fig, (ax,), ys = style.blocks(known["item_label"], width=2.2, least=apart * len(series) + 0.12)
    for name, marked in zip(ax.get_yticklabels(), known["marked"], strict=True):
        name.set_weight("bold" if marked else "normal")
    middle, order = dict(zip(known["item"], ys, strict=True)), list(series)
    means = rows.loc[rows["average"], "label"].mode().head(1).tolist()
    for row in rows.itertuples():
        name = row.system if row.average else row.label
        y = middle[row.item] + apart * (order.index(name) - (len(order) - 1) / 2)
        colour, marker = series[name]
        if np.isnan(row.share):
            style.beside(ax, y, style.why(row.note), dark(colour), style="italic")
            continue
        _share(ax, y, row, colour, marker)
        other = f" (mean of {row.n_systems:.0f})" if row.average and row.label not in means else ""
        style.beside(ax, y, percent(row.share) + other, INK if row.average else dark(colour))
    style.percent_axis(ax, both=True)
    fig.supxlabel(style.wrap(f"share who answered “{said}”", style.across() - 0.3, HEAD), fontsize=HEAD)
    averages = set(rows.loc[rows["average"], "system"])
    style.legend(fig, {
        means[0] if name in averages else name: _mark(*look, PAPER if name in averages else "") for name, look in series.items()
    })  # fmt: skip
    return fig


def _share(ax: plt.Axes, y: float, row: tuple, colour: str = INK, marker: str = "D", size: float = 5) -> None:
    """A share with its interval, or why there is none."""
    if np.isnan(row.share):
        return style.instead(ax, y, row.note)
    style.margin(ax, y, row.ci_low, row.ci_high, colour)
    point = style.point(ax, row.share, y, colour, marker, PAPER if row.average else "", size)
    told(point, f"{row.label}: {percent(row.share)}%")


@style.two_widths
def ranked(rows: pd.DataFrame, highlight: Iterable[str] = (), by_share: bool = True) -> Figure:
    """All systems from the smallest share to the largest (or as they come), with 95% intervals, a panel an item.

    `rows` as for `shares`, of one statistic, and `system`, a code; `highlight`: codes of the systems to colour and
    name. More than a dozen systems stand by their codes. Systems without a share come last.
    """
    rows, series = rows.assign(average=rows.get("average", False)), looks(highlight)
    systems = rows["system"].nunique()
    coded = systems > _CODES
    shown = rows["system"].mask(rows["average"], "mean") if coded else rows["label"]
    longest = max(style.inches(str(name), weight="bold") for name in shown)
    columns = next((count for count, widest in _WIDTHS.items() if longest < widest), 1)
    rows = rows.assign(shown=[style.wrap(name, 2.4, weight="bold") for name in shown])
    pitch = max(0.138, *(style.tall(name) + 0.02 for name in rows["shown"]))
    fig, charts = style.small_charts(
        rows["item"], pitch * systems + (0.62 if coded else 0.42), columns=columns, names=0,
        titles=dict(zip(rows["item"], rows["item_label"], strict=True)),
    )  # fmt: skip
    margin = max(map(style.inches, rows["shown"])) + 0.05
    to_names = ScaledTranslation(-margin, 0, fig.dpi_scale_trans)
    for item, ax in charts.items():
        title = ax.set_title(ax.get_title(loc="left"))
        title.set_transform(title.get_transform() + to_names)
        part = rows[rows["item"] == item]
        part = part.sort_values("share", na_position="last", kind="stable") if by_share else part
        ax.set_yticks(range(len(part)), part["shown"], fontsize=SMALL)
        ax.set_ylim(systems - 0.4, -0.6)
        style.percent_axis(ax, 0.5, both=coded)
        plain = (QUIET if series else OURS, "o", 3.5)
        for y, (row, name) in enumerate(zip(part.itertuples(), ax.get_yticklabels(), strict=True)):
            stands_out = row.average or row.system in series
            look = (INK, "D") if row.average else series.get(row.system, plain)
            name.set(weight="bold" if stands_out else "normal", color=dark(look[0]) if stands_out else GREY)
            _share(ax, y, row, *look)
    if coded and (key := _key(rows, series)):
        style.legend(fig, key)
    return fig


def _key(rows: pd.DataFrame, series: dict[object, tuple[str, str]]) -> dict[str, plt.Line2D]:
    """Codes and names of the coloured systems, and names of averages, with their marks."""
    chosen = rows[rows["system"].isin(list(series)) & ~rows["average"]].drop_duplicates("system")
    key = {f"{row.system} = {row.label}": _mark(*series[row.system]) for row in chosen.itertuples()}
    means = rows.loc[rows["average"], "label"].unique()  # of a question, of those that were asked it
    return key | ({" or ".join(means): _mark(INK, "D", PAPER)} if len(means) else {})


def _mark(colour: str, marker: str, face: str = "") -> plt.Line2D:
    return plt.Line2D([], [], color=colour, marker=marker, linestyle="", markersize=6, markerfacecolor=face or colour)


@style.two_widths
def retold(rows: pd.DataFrame) -> Figure:
    """Each retold number (dot) beside its source's (diamond) on one axis, a panel a unit, both in digits at the side.

    `rows`: `label, value, bound, unit, source_value, source_bound, sign`, optionally `why` (a word or two on the sign), kept in
    order; percentages from 0 to 100.
    """
    said = rows["bound"] + rows["value"].map(written)
    rows = rows.assign(said=said, seen=rows["source_bound"] + rows["source_value"].map(written))
    phone, why = style.on_phone(), rows["why"] if "why" in rows else pd.Series("", rows.index)
    rows["judged"] = rows["sign"] + (", " + why).where(why != "", "")
    if phone:
        rows["label"] = rows["label"] + "\n" + rows["judged"]
    first = 72 * max(map(style.inches, ["retold", *rows["said"]])) + 10  # points right of the axis
    second = first + 72 * max(map(style.inches, ["source", *rows["seen"]])) + 12
    units = {unit: part for unit, part in rows.groupby("unit", sort=False)}
    names = {unit: [style.wrap(name, 2.0 if phone else 2.3) for name in part["label"]] for unit, part in units.items()}
    places = {unit: style.rows_of(part, SMALL, 0.28, over=phone) for unit, part in names.items()}
    heights = [end for _, end in places.values()]
    fig, charts = style.small_charts(units, np.mean(heights) + 0.35, columns=1, height_ratios=heights)
    for unit, ax in charts.items():
        ys, end = places[unit]
        style.name_rows(ax, ys, names[unit], SMALL, over=phone)
        ax.set_ylim(end, 0)
        for y, row in zip(ys, units[unit].itertuples(), strict=True):
            ax.axhline(y, color=FAINT, linewidth=0.8, zorder=0)
            style.interval(ax, y, row.value, row.source_value, SIGNS[row.sign], 2.4)
            name = " ".join(row.label.split())
            told(style.point(ax, row.value, y, PRINTED, size=7), f"{name}: {row.said} retold")
            told(style.point(ax, row.source_value, y, INK, "D", "none", 8), f"{name}: {row.seen} in the source")
            if phone:
                style.value(ax, y, f"{row.said} / {row.seen}", dark(SIGNS[row.sign]))
                continue
            differ = pd.notna(row.source_value) and row.said != row.seen and SIGNS[row.sign] != SIGNS["kept"]
            for text, offset in ((row.said, first), (row.seen, second)):
                style.beside(ax, y, text, offset=offset, ha="right", weight="bold" if differ else "normal")
            judged = style.wrap(row.judged, 1.15, SMALL, "bold")
            style.beside(ax, y, judged, dark(SIGNS[row.sign]), second + 10, weight="bold")
        _unit_axis(ax, units[unit][["value", "source_value"]].to_numpy(float), unit)
    for head, offset in () if phone else (("retold", first), ("source", second)):
        style.beside(next(iter(charts.values())), 0, head, GREY, offset, ha="right", va="bottom")
    style.legend(fig, {"as retold": _mark(PRINTED, "o"), "as the source was seen to say": _mark(INK, "D", "none")})
    return fig


def _unit_axis(ax: plt.Axes, values: np.ndarray, unit: str) -> None:
    """The axis of one unit: percentages from 0 to 100; years and the like, far from zero, where they differ."""
    low, high = np.nanmin(values), np.nanmax(values)
    if unit.startswith("percent") and low >= 0 and high <= 100:
        ax.set(xlim=(0, 100), xticks=range(0, 101, 25))
        ax.xaxis.set_major_formatter("{x:.0f}%")
        return
    if low <= high / 2 or low == high:
        ax.set_xlim(left=min(low, 0))
    ax.xaxis.set_major_locator(plt.MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda x, _: written(x))


@style.two_widths
def sensitivity(rows: pd.DataFrame, main: float, names: dict[str, str], xlabel: str) -> Figure:
    """One thing about a study changed at a time: a row a factor, what moves it most first, a dot with its value for each setting.

    Parameters
    ----------
    rows, names : `factor, value, detectable`; factor -> words
    main, xlabel : the value for the study as it was, where a line stands; what the axis shows
    """
    factors = [
        (factor, part) for factor, part in rows.drop_duplicates(["factor", "value"]).groupby("factor", sort=False)
    ]
    factors.sort(key=lambda factor: -(factor[1]["detectable"] - main).abs().max())
    fig, (ax,), ys = style.blocks([names[factor] for factor, _ in factors], size=HEAD, least=0.46, over=True)
    style.upright(ax, main, ys, linestyle="--")
    style.label(ax, main, 1, f"as planned: {main:.2f}", GREY, (0, 3), xycoords=ax.get_xaxis_transform(), fontsize=SMALL)
    for place, (y, (_, part)) in enumerate(zip(ys, factors, strict=True)):
        shade = PALE if place else QUIET  # what moves it most stands out
        style.interval(ax, y, part["detectable"].min(), part["detectable"].max(), shade, 5)
        for row in part.itertuples():
            as_it_was = abs(row.detectable - main) < 1e-9
            told(style.point(ax, row.detectable, y, GREY if as_it_was else OURS), f"{row.value}: {row.detectable:.2f}")
            away = (4, -6) if as_it_was else (7 if row.detectable > main else -7, 0)
            box = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.2}
            style.label(ax, row.detectable, y, row.value, GREY if as_it_was else INK, away, bbox=box)
    ax.margins(x=0.12)
    ax.set_xlabel(xlabel)
    return fig


@style.two_widths
def odds_ratios(pairs: pd.DataFrame, tested: int) -> Figure:
    """Odds ratios of pairs of a practice and a support with exact intervals on a log axis, a row a pair.

    An interval that goes on beyond the axis, as those from or to nothing do, ends in an arrow; a pair not tested is noted.

    Parameters
    ----------
    pairs : `practice, support, odds_ratio, ci_low, ci_high, p_holm`, in order; filled and bold where p_holm < .05
    tested : how many pairs p_holm allows for
    """
    names = pairs["practice"] + "\nand " + pairs["support"]
    fig, (ax,), ys = style.blocks(names, width=2.1, least=0.36, over=True)
    ax.set(xscale="log", xlim=(1 / _REACH, _REACH))
    style.upright(ax, 1, ys)
    for y, name, pair in zip(ys, ax.get_yticklabels(), pairs.itertuples(), strict=True):
        if np.isnan(pair.odds_ratio):
            style.instead(ax, y, "not tested")
            continue
        clear, bounds = pair.p_holm < 0.05, (pair.ci_low, pair.ci_high)
        ends = np.clip(bounds, 1 / _REACH, _REACH)
        style.margin(ax, y, *ends, alpha=0.6)
        for end, bound, mark in zip(ends, bounds, "<>", strict=True):
            if end != bound:
                style.point(ax, end, y, marker=mark, size=5)
        if 1 / _REACH <= pair.odds_ratio <= _REACH:
            point = style.point(ax, pair.odds_ratio, y, face="" if clear else PAPER)
            told(point, f"{pair.practice}, {pair.support}: {ratio(pair.odds_ratio)}")
        text, weight = (
            f"{ratio(pair.odds_ratio)}  [{ratio(pair.ci_low)} to {ratio(pair.ci_high)}]",
            "bold" if clear else "normal",
        )
        name.set_weight(weight)
        style.value(ax, y, text, offset=9, fontsize=SMALL, weight=weight)
    ax.set_xticks(4.0 ** np.arange(-3, 4), ["1/64", "1/16", "1/4", "1", "4", "16", "64"])
    ax.minorticks_off()
    ax.grid(axis="x")
    words = "odds ratio: right of 1, more often together than by chance; left of it, more rarely"
    beyond = ((pairs["ci_low"] > 1) | (pairs["ci_high"] < 1)) & (pairs["p_holm"] >= 0.05)
    why = hollow(tested, "pairs were tried", "1" * bool(beyond.any()))
    ax.set_xlabel(style.wrap(f"{words}\n{why}", style.across() - 0.3, HEAD), fontsize=HEAD)
    return fig


@style.two_widths
def rates(rows: pd.DataFrame, nominal: float, xlabel: str) -> Figure:
    """Shares, several series a row, in titled blocks, beside the share that they should be.

    Parameters
    ----------
    rows : `group` (a block), `label, series, share` (0 to 1), in order; a share that is empty is left out
    nominal, xlabel : where the dashed line stands; what the axis shows
    """
    series, named = looks(rows["series"]), rows.drop_duplicates("label")
    apart, titles = 0.13, {group: (group, INK) for group in rows["group"]}  # inches from mark to mark
    least = apart * (len(series) + 1)
    fig, (ax,), ys = style.blocks(named["label"], named["group"], titles, size=HEAD, least=least, more=1.1, over=True)
    middle = dict(zip(named["label"], ys, strict=True))
    style.upright(ax, nominal, ys, linestyle="--")
    above = {"xycoords": ax.get_xaxis_transform(), "fontsize": SMALL}
    style.label(ax, nominal, 1, f"promised: {percent(nominal)}%", GREY, (0, 3), **above)
    for row in rows[rows["share"].notna()].itertuples():
        colour, marker = series[row.series]
        y = middle[row.label] + apart * (list(series).index(row.series) - (len(series) - 1) / 2)
        told(style.point(ax, row.share, y, colour, marker), f"{row.label}, {row.series}: {percent(row.share)}%")
    ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f}%")
    ax.set_xlabel(xlabel)
    style.legend(fig, {name: _mark(*look) for name, look in series.items()})
    return fig
