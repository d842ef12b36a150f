"""Forest plots: estimates with their intervals, a row each, on an axis that compares them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw import style
from helpers.draw.colours import DIFFERS, GREY, INK, OURS, PAPER, QUIET, SIMULATED, dark, looks
from helpers.draw.hover import told
from helpers.draw.numbers import percent, points, ratio, span
from helpers.draw.style import HEAD, SMALL

_REACH = 64  # odds ratios are drawn from one over this to this
_HOLM = "filled: clear of chance (adjusted p < .05, Holm); hollow: may be chance"
Charts = list[tuple[plt.Axes, pd.DataFrame]]  # small charts, each with its rows


@style.two_widths
def effects(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Estimates with intervals, one row each, in the order given, the numbers beside them.

    `rows`: `label, estimate, ci_low, ci_high`; a `method` (under its label) has a colour, a `group` heads its rows;
    `clear` and `tests` as for `what_fills_mean`. `xlabel`: what the axis shows.
    """
    names, kinds = rows["label"], rows.get("method", pd.Series("", rows.index))
    if "method" in rows:
        names = names + "\n(" + rows["method"] + ")"
    shades = {kind: colour for kind, (colour, _) in looks(kinds).items()}
    titles = {group: (group, INK) for group in rows.get("group", [])}
    fig, (ax,), ys = style.blocks(names, rows.get("group"), titles, size=HEAD, least=0.3 if titles else 0.44, over=True)
    effect_rows(ax, ys, rows, [shades[kind] for kind in kinds])
    ax.set(xlim=limits(rows.assign(panel=""))[""], xlabel=f"{xlabel}\n{what_fills_mean(rows)}")
    return fig


def clear(rows: pd.DataFrame) -> pd.Series:
    """Which estimates are other than zero: as the column `clear` says, where several tests are counted; else those whose interval is."""
    return rows["clear"].astype(bool) if "clear" in rows else (rows["ci_low"] > 0) | (rows["ci_high"] < 0)


def _faces(rows: pd.DataFrame) -> np.ndarray:
    """What marks are filled with: as their edge where an estimate is `clear`, else nothing."""
    return np.where(clear(rows), "", PAPER)


def what_fills_mean(rows: pd.DataFrame, zero: str = "0: no difference") -> str:
    """What filled and hollow marks are, those that are drawn. `rows`: as for `clear`, and with `clear` how many `tests` are counted."""
    sure = clear(style.bounded(rows))[rows["estimate"].notna()]
    some, all_of_them = bool(sure.any()), bool(sure.all())
    if "clear" not in rows:
        return f"{zero}; {'filled: clear of 0' if some else 'hollow: may be chance'}"
    tests = span(rows["tests"], 0)
    if all_of_them:
        return f"{zero}; filled: clear of chance{f', {tests} tests counted' * (tests != '1')}"
    hollow = f"hollow: may be chance{f', as {tests} tests were made' * (tests != '1')}"
    return f"{zero}; {'filled: clear of chance; ' * some}{hollow}"


def effect_rows(ax: plt.Axes, ys: np.ndarray, rows: pd.DataFrame, shades: Sequence[str]) -> None:
    """Estimates with intervals, their numbers beside them, filled and bold where `clear`, and a line at zero.

    Parameters
    ----------
    ax, ys, rows, shades : the panel; heights, rows and colours of the estimates
    """
    rows = style.bounded(rows)
    style.upright(ax, 0, ys)
    for y, colour, face, row in zip(ys, shades, _faces(rows), rows.itertuples(), strict=True):
        style.margin(ax, y, row.ci_low, row.ci_high, colour)
        known = np.isfinite([row.ci_low, row.ci_high]).all()
        value, *ends = (f"{round(bound, 2) + 0.0:.2f}" for bound in (row.estimate, row.ci_low, row.ci_high))  # no -0.00
        text = f"{value}  " + (f"[{' to '.join(ends)}]" if known else "(no interval)")
        style.value(ax, y, text := text.replace("-", "−"), weight="normal" if face else "bold")
        told(style.point(ax, row.estimate, y, colour, face=face), f"{row.label}: {text}")


@style.two_widths
def scale_means(rows: pd.DataFrame, low: int, high: int, claim: float | None = None, claim_label: str = "") -> Figure:
    """Means with intervals on the scale's own range, in the order given, each with its value beside it.

    Parameters
    ----------
    rows : `label, estimate, ci_low, ci_high`; each optional `group` has a colour and is named beside its mark, or above; labels of
        which the intervals of some groups do not overlap are bold
    low, high, claim, claim_label : ends of the scale; a value where a line stands, and what it is called
    """
    rows = rows if "group" in rows else rows.assign(group="")
    groups, labels = looks(rows["group"]), list(dict.fromkeys(rows["label"]))
    fig, (ax,), ys = style.blocks(labels, size=HEAD, least=0.26 + 0.19 * len(groups))
    above = len(groups) > 1 and (style.on_phone() or max(style.inches(str(group), HEAD) for group in groups) > 1.3)
    if claim is not None:
        ax.axvline(claim, color=GREY, linewidth=1, linestyle="--")
        place = (claim - low) / (high - low)
        ax.set_title(claim_label, x=place, loc="center", color=GREY, fontsize=HEAD, weight="normal")
    for row in rows.dropna(subset="estimate").itertuples():
        shift = 0.19 * (list(groups).index(row.group) - (len(groups) - 1) / 2)
        colour, y = groups[row.group][0], ys[labels.index(row.label)] + shift
        # An interval may reach past the ends of the scale, where no answer is: it is cut there.
        style.margin(ax, y, max(low, row.ci_low), min(high, row.ci_high), colour, alpha=0.5)
        whose = f"{row.label}, {row.group}" if len(groups) > 1 else row.label
        told(style.point(ax, row.estimate, y, colour), f"{whose}: {row.estimate:.2f}")
        name = f"  {row.group}" if len(groups) > 1 and not above else ""
        style.beside(ax, y, f"{row.estimate:.2f}{name}", dark(colour), fontsize=HEAD)
    margins = style.bounded(rows).groupby("label", sort=False)[["ci_low", "ci_high"]].agg(["max", "min"]).loc[labels]
    apart = margins["ci_low", "max"] > margins["ci_high", "min"]
    for name, stands_out in zip(ax.get_yticklabels(), apart, strict=True):
        name.set_weight("bold" if stands_out else "normal")
    bold = "\nbold: margins of groups that do not overlap" * bool(apart.any())
    alike = "\n(margins that overlap do not show that groups are alike)" * (len(groups) > 1)
    ends = f"average on the scale from {low} (lowest) to {high} (highest)"
    ax.set(xlim=(low, high), xticks=range(low, high + 1))
    ax.set_xlabel(f"{ends}{bold}{alike}", fontsize=HEAD)
    if above:
        style.legend(fig, {str(group): colour for group, (colour, _) in groups.items()})
    return fig


@style.two_widths
def proportions(rows: pd.DataFrame, means: Mapping | None = None) -> Figure:
    """Counts with exact intervals, in percent, a block and a colour a group.

    `rows`: `label, group, count, n, share, ci_low, ci_high` (0 to 1); `means`: group -> its meaning (`colours.NAMED`).
    """
    shades = looks(rows["group"], means)
    fig, (ax,), ys = style.blocks(rows["label"], rows["group"], size=HEAD, least=0.36, over=True)
    for y, row in zip(ys, rows.itertuples(), strict=True):
        colour = shades[row.group][0]
        style.margin(ax, y, row.ci_low, row.ci_high, colour, alpha=0.5)
        point = style.point(ax, row.share, y, colour)
        text = f"{row.count} of {row.n}  [{100 * row.ci_low:.0f} to {100 * row.ci_high:.0f}%]"
        told(point, f"{row.label}: {text}")
        style.value(ax, y, text, offset=9)
    style.percent_axis(ax)
    ax.set_xlabel("share of leaders, with exact 95% interval")
    return fig


@style.two_widths
def statements(rows: pd.DataFrame) -> Figure:
    """What a text says in words (`label, low, high, said`, 0 to 1); lighter, how chance moves it (`ci_low, ci_high`)."""
    fig, (ax,), ys = style.blocks(rows["label"], size=HEAD, least=0.5, beside=rows["said"], over=True)
    for y, row in zip(ys, rows.itertuples(), strict=True):
        style.interval(ax, y, row.ci_low, row.ci_high, width=4, alpha=0.35)
        style.interval(ax, y, row.low, row.high, width=11)
        style.value(ax, y, row.said.replace("\n", ", ") if style.on_phone() else row.said)
    style.percent_axis(ax)
    ax.set_xlabel("share of teachers")
    light = plt.Rectangle((0, 0), 1, 1, color=OURS, alpha=0.35)
    style.legend(fig, {"what the words allow": OURS, "how much further chance could move it": light})
    return fig


@style.two_widths
def differences(rows: pd.DataFrame) -> Figure:
    """Differences between two systems, an item a row, with 95% intervals; filled where Holm's adjusted p < .05.

    `rows` of one statistic and one pair: `label_1, label_2, item, item_label, estimate, ci_low, ci_high` (share of
    system 1 minus share of system 2, 0 to 1), `p_holm` (0 to 1) and `note`.
    """
    left, right = (style.wrap(rows[name].iloc[0], 1.1, HEAD, "bold") for name in ("label_2", "label_1"))
    room = 1.3 + max(style.tall(left, HEAD), style.tall(right, HEAD))
    fig, (ax,), ys = style.blocks(rows["item_label"], width=2.3, least=0.3, more=room, over=True)
    _signed(ax, ys, rows, [PAPER if p >= 0.05 else OURS for p in rows["p_holm"]])
    ax.set_xlabel(f"difference in percentage points, 95% interval\n{_HOLM}", fontsize=HEAD)
    look = {"transform": ax.transAxes, "va": "bottom", "fontsize": HEAD, "weight": "bold"}
    ax.text(0.47, 1.01, f"← larger in\n{left}", ha="right", **look)
    ax.text(0.53, 1.01, f"larger in →\n{right}", ha="left", **look)
    return fig


@style.two_widths
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
    fig, (ax, right), places = style.share_blocks(rows, widths=[1, 0.9], over=True)
    style.percent_axis(ax, 0.5, both=True)
    ax.set_title(f"{first} ○   {last} ●", fontsize=HEAD)
    right.set_title(
        style.wrap("change in points; hollow: may be chance", 0.4 * style.across(), HEAD, "bold"), fontsize=HEAD
    )
    ys = [places[key] for key in rows[["item", "label"]].itertuples(index=False, name=None)]
    for y, row in zip(ys, rows.itertuples(), strict=True):
        style.interval(ax, y, row.share_1, row.share_2, GREY, 1.4)
        for share, when, face in ((row.share_1, first, PAPER), (row.share_2, last, "")):
            if np.isfinite(share):
                told(style.point(ax, share, y, face=face, size=5), f"{row.label}, {when}: {percent(share)}%")
    _signed(right, ys, rows, _faces(rows))
    right.tick_params(axis="x", labeltop=True, top=True)
    return fig


def _signed(ax: plt.Axes, ys: list[float], rows: pd.DataFrame, faces: list[str]) -> None:
    """Differences of shares with intervals, in points, on an axis as far to both sides; or why there is none."""
    for y, row, face in zip(ys, rows.itertuples(), faces, strict=True):
        if np.isnan(row.estimate):
            style.instead(ax, y, row.note)
            continue
        style.margin(ax, y, row.ci_low, row.ci_high)
        ends = f"  [{points(row.ci_low, 1)} to {points(row.ci_high, 1)}]"
        text = points(row.estimate, 1) + ("" if np.isnan(row.ci_low) else ends)
        told(style.point(ax, row.estimate, y, face=face, size=5), f"{row.item_label}: {text} points")
        style.value(ax, y, text, fontsize=SMALL)
    reach = 1.1 * np.nanmax([0.05, *rows[["estimate", "ci_low", "ci_high"]].abs().to_numpy().flat])
    style.upright(ax, 0, ys)
    ax.set_xlim(-reach, reach)
    ax.xaxis.set_major_locator(plt.MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda x, _: points(x, 0))
    ax.grid(axis="x")


@style.two_widths
def odds_ratios(pairs: pd.DataFrame) -> Figure:
    """Odds ratios of every practice and support with exact intervals on a log axis, a block a practice.

    `pairs`: `practice, support, odds_ratio, ci_low, ci_high, p_holm`; filled where p_holm < .05. An interval that
    goes on beyond the axis, as those from or to nothing do, ends in an arrow; a pair not tested is noted.
    """
    titles = {practice: (practice, INK) for practice in pairs["practice"]}
    fig, (ax,), ys = style.blocks(pairs["support"], pairs["practice"], titles, width=2.1, least=0.24, over=True)
    ax.set(xscale="log", xlim=(1 / _REACH, _REACH))
    style.upright(ax, 1, ys)
    for y, pair in zip(ys, pairs.itertuples(), strict=True):
        if np.isnan(pair.odds_ratio):
            style.instead(ax, y, "not tested")
            continue
        bounds = pair.ci_low, pair.ci_high
        ends = np.clip(bounds, 1 / _REACH, _REACH)
        style.margin(ax, y, *ends, alpha=0.6)
        for end, bound, mark in zip(ends, bounds, "<>", strict=True):
            if end != bound:
                style.point(ax, end, y, marker=mark, size=5)
        if 1 / _REACH <= pair.odds_ratio <= _REACH:
            point = style.point(ax, pair.odds_ratio, y, face=OURS if pair.p_holm < 0.05 else PAPER)
            told(point, f"{pair.practice}, {pair.support}: {ratio(pair.odds_ratio)}")
        style.value(
            ax,
            y,
            f"{ratio(pair.odds_ratio)}  [{ratio(pair.ci_low)} to {ratio(pair.ci_high)}]",
            offset=9,
            fontsize=SMALL,
        )
    ax.set_xticks(4.0 ** np.arange(-3, 4), ["1/64", "1/16", "1/4", "1", "4", "16", "64"])
    ax.minorticks_off()
    ax.grid(axis="x")
    words = "odds ratio with exact 95% interval; right of 1: more often together than chance"
    ax.set_xlabel(f"{words}\n{_HOLM}", fontsize=HEAD)
    return fig


@style.two_widths
def specifications(rows: pd.DataFrame, xlabel: str) -> Figure:
    """The headline effect under each declared alternative, one row each, a small chart a panel.

    `rows`: `panel, specification, estimate, ci_low, ci_high`; the first specification is marked by a line, and what is not `clear` hollow. An
    alternative without an estimate is named as one that cannot be had. Charts share one scale if they can.
    """
    first = rows["specification"] == rows["specification"].iloc[0]
    rows = style.bounded(rows).assign(colour=np.where(first, OURS, GREY), marker="o", face=_faces)
    fig, charts = _small_forests(rows, "specification", f"{xlabel}\n{what_fills_mean(rows)}")
    for ax, part in charts:
        ax.axvline(part["estimate"].iloc[0], color=OURS, linewidth=1, linestyle="--", zorder=0)
        for row in part.dropna(subset="estimate").itertuples():
            text = f"{round(row.estimate, 2) + 0.0:.2f}".replace("-", "−")
            style.beside(ax, row.y, text, dark(row.colour), 4)
    return fig


@style.two_widths
def recovery(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Estimates minus the planted truth, a chart a panel; crosses miss it. `rows`: `panel, term, gap, low, high`."""
    rows = rows.assign(estimate=rows["gap"], ci_low=rows["low"], ci_high=rows["high"])
    holds = (rows["low"] <= 0) & (rows["high"] >= 0)
    rows = rows.assign(colour=np.where(holds, SIMULATED, DIFFERS), marker=np.where(holds, "o", "X"))
    fig = _small_forests(rows, "term", xlabel)[0]
    marks = {"finds the truth, the grey line": ("o", SIMULATED), "misses it": ("X", DIFFERS)}
    style.legend(fig, {said: plt.Line2D([], [], marker=m, color=c, markersize=6) for said, (m, c) in marks.items()})
    return fig


_SPREADS = {
    "estimate": ("as estimated", QUIET),
    "shrunken": ("drawn towards the mean", OURS),
    "truth": ("in truth", SIMULATED),
}


@style.two_widths
def school_spreads(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Where most schools lie, a bar each, by estimate and in truth. `rows`: `panel` (a block), `kind` (of _SPREADS), `low, high`."""
    titles = {panel: (panel, INK) for panel in rows["panel"]}
    names = [_SPREADS[kind][0] for kind in rows["kind"]]
    fig, (ax,), ys = style.blocks(names, rows["panel"], titles, size=HEAD, least=0.25, over=True)
    style.upright(ax, 0, ys)
    for y, row in zip(ys, rows.itertuples(), strict=True):
        style.interval(ax, y, row.low, row.high, _SPREADS[row.kind][1], 5 if style.on_phone() else 8)
        style.value(ax, y, f"{row.low:.2f} to {row.high:.2f}".replace("-", "−"))
    ax.set_xlabel(f"{xlabel}\n0: no change", fontsize=HEAD)
    return fig


@style.two_widths
def se_bounds(rows: pd.DataFrame, common: pd.DataFrame) -> Figure:
    """Standard errors that stars allow; `rows`: `panel, term, estimate, stars, se_low, se_high`; `common`: one for a whole panel."""
    top = 1.05 * rows.loc[np.isfinite(rows["se_high"]), "se_high"].max()
    fig, charts = _charts(rows, "term")
    fits, band = common.set_index("panel"), {"color": OURS, "alpha": 0.35, "linewidth": 0}
    for ax, part in charts:
        low, high = fits.loc[part["panel"].iloc[0], ["se_low", "se_high"]]
        if low <= high:
            ax.axvspan(low, high, zorder=0, **band)
        for row in part.itertuples():
            style.interval(ax, row.y, row.se_low, min(row.se_high, top), GREY, 1.6)
            ends = [edge for edge in (row.se_low, row.se_high) if 0 < edge < top]
            ax.plot(ends, [row.y] * len(ends), "|", color=GREY, markersize=8, markeredgewidth=1.6)
            if row.se_high > top:
                style.point(ax, top, row.y, GREY, ">", size=5)
            style.beside(ax, row.y, f"{row.estimate:.2f}{'*' * int(row.stars)}".replace("-", "−"))
        ax.set_xlim(0, top)
        style.label(ax, 1, 1, "printed", GREY, (6, -2), va="center", xycoords="axes fraction", fontsize=SMALL)
    line = plt.Line2D([], [], color=GREY, linewidth=1.6)
    names = {"fits all years": plt.Rectangle((0, 0), 1, 1, **band), "fits the stars of one year": line}
    style.legend(fig, names)
    fig.supxlabel(
        "standard error of a difference, in standard deviations\n(the margin of error is about twice as large)",
        fontsize=HEAD,
    )
    return fig


def _small_forests(rows: pd.DataFrame, column: str, xlabel: str, least: float = 0.27) -> tuple[Figure, Charts]:
    """Small charts of intervals, each with its `colour` and `marker`, on one scale, if they can be read on it.

    Parameters
    ----------
    rows, column, xlabel, least : as `specifications` has them; which names the rows; under all charts; inches of a row
    """
    fig, charts = _charts(rows, column, least)
    ends = limits(rows)
    for ax, part in charts:
        ax.axvline(0, color=GREY, linewidth=1)
        for row in part.itertuples():
            style.margin(ax, row.y, row.ci_low, row.ci_high, row.colour)
            point = style.point(ax, row.estimate, row.y, row.colour, row.marker, getattr(row, "face", ""))
            told(point, f"{getattr(row, column)}: {row.estimate:.2f}".replace("-", "−"))
            if np.isnan(row.estimate):
                style.instead(ax, row.y, "cannot be had")
        ax.set_xlim(ends[part["panel"].iloc[0]])
        ax.xaxis.set_major_locator(plt.MaxNLocator(3 if len(charts) == 3 else 5, steps=[1, 2, 2.5, 5, 10]))
    own = "\n(each chart on a scale of its own)" if len(set(ends.values())) > 1 else ""
    fig.supxlabel(xlabel + own, fontsize=10.5)
    return fig, charts


def _charts(rows: pd.DataFrame, column: str, least: float = 0.27) -> tuple[Figure, Charts]:
    """A small chart a panel with a row for each value of `column`; and the rows of each, with their place `y`."""
    names = {name: style.wrap(name, 1.75, HEAD) for name in dict.fromkeys(rows[column])}
    ys, end = style.stack([max(least, style.tall(name, HEAD) + 0.08) for name in names.values()])
    room = max(style.inches(name, HEAD) for name in names.values())
    fig, charts = style.small_charts(rows["panel"], end + 0.3, names=room, sharey=True)
    for ax in charts.values():
        ax.set_yticks(ys, names.values(), fontsize=HEAD)
        ax.set_ylim(end, -0.05)
    rows = rows.assign(y=rows[column].map(dict(zip(names, ys, strict=True))))
    return fig, [(ax, rows[rows["panel"] == panel]) for panel, ax in charts.items()]


def limits(rows: pd.DataFrame) -> dict[object, tuple[float, float]]:
    """Ends of each panel's axis, zero between them: one scale for all, unless one could not be read on the widest's."""
    drawn = style.bounded(rows)[["estimate", "ci_low", "ci_high"]].astype(float).assign(zero=0.0)
    ends = {p: (np.nanmin(part), np.nanmax(part)) for p, part in drawn.groupby(rows["panel"])}
    widths = [high - low for low, high in ends.values() if high > low]
    if widths and max(widths) < 10 * min(widths):
        lows, highs = zip(*ends.values(), strict=True)
        ends = dict.fromkeys(ends, (min(lows), max(highs)))
    rooms = {p: 0.06 * (high - low) or 1.0 for p, (low, high) in ends.items()}
    return {p: (low - rooms[p], high + rooms[p]) for p, (low, high) in ends.items()}
