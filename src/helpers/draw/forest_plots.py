"""Forest plots: estimates with their intervals, a row each, on an axis that compares them."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw import style
from helpers.draw.colours import DIFFERS, GREY, INK, OURS, PAPER, QUIET, SIMULATED, dark, looks
from helpers.draw.hover import told
from helpers.draw.numbers import percent, points, span
from helpers.draw.style import HEAD, SMALL
from helpers.draw.words import hollow

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
        alone = ", each taken alone" * (len(rows) > 1)
        said = f"; {'filled: clear of 0' if some else 'hollow: may be chance'}{alone}"
        return f"{zero}{'' if all_of_them else said}"
    tests, alone = span(rows["tests"], 0), clear(style.bounded(rows).drop(columns="clear"))
    if all_of_them:
        return f"{zero}; filled: clear of chance{f', {tests} tests counted' * (tests != '1')}"
    why = hollow(tests, "tests were made", "0" * bool((alone & ~clear(rows)).any()))
    return f"{zero}; {'filled: clear of chance; ' * some}{why}"


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
def proportions(rows: pd.DataFrame, means: Mapping | None = None, titles: dict | None = None) -> Figure:
    """Counts with exact intervals, in percent, a block and a colour a group.

    `rows`: `label, group, count, n, share, ci_low, ci_high` (0 to 1); `means`: group -> its meaning (`colours.NAMED`);
    `titles`: group -> words over its block and their colour.
    """
    shades = looks(rows["group"], means)
    fig, (ax,), ys = style.blocks(rows["label"], rows["group"], titles, size=HEAD, least=0.36, over=True)
    for y, row in zip(ys, rows.itertuples(), strict=True):
        colour = shades[row.group][0]
        style.margin(ax, y, row.ci_low, row.ci_high, colour, alpha=0.5)
        point = style.point(ax, row.share, y, colour)
        text = f"{row.count} of {row.n}  [{100 * row.ci_low:.0f} to {100 * row.ci_high:.0f}%]"
        told(point, f"{row.label}: {text}")
        style.value(ax, y, text, offset=9)
    style.percent_axis(ax)
    ax.set_xlabel("share of leaders")
    return fig


@style.two_widths
def differences(rows: pd.DataFrame, tested: int = 0) -> Figure:
    """Differences between two systems, an item a row, with 95% intervals; filled where Holm's adjusted p < .05.

    Parameters
    ----------
    rows : of one statistic and one pair, `label_1, label_2, item, item_label, estimate, ci_low, ci_high` (share of
        system 1 minus share of system 2, 0 to 1), `p_holm` (0 to 1) and `note`
    tested : how many differences `p_holm` allows for; not named: those of the rows
    """
    left, right = (style.wrap(rows[name].iloc[0], 1.1, HEAD, "bold") for name in ("label_2", "label_1"))
    room = 1.3 + max(style.tall(left, HEAD), style.tall(right, HEAD))
    fig, (ax,), ys = style.blocks(rows["item_label"], width=2.3, least=0.3, more=room, over=True)
    _signed(ax, ys, rows, [PAPER if p >= 0.05 else OURS for p in rows["p_holm"]])
    tested, drawn = tested or rows["p_holm"].count(), rows["p_holm"].count()
    among = f"differences were tested{f', {drawn} of them here' * bool(tested > drawn)}"
    ax.set_xlabel(f"difference in percentage points\n{hollow(tested, among)}", fontsize=HEAD)
    look = {"transform": ax.transAxes, "va": "bottom", "fontsize": HEAD, "weight": "bold"}
    ax.text(0.47, 1.01, f"← larger in\n{left}", ha="right", **look)
    ax.text(0.53, 1.01, f"larger in →\n{right}", ha="left", **look)
    return fig


@style.two_widths
def changes(rows: pd.DataFrame) -> Figure:
    """Change of a share between two cycles: both shares (diamond, then dot), and the change with its interval.

    `rows` of one statistic: `label, item, item_label, cycle_1, cycle_2, share_1, share_2` (0 to 1), `estimate, ci_low,
    ci_high` (share 2 minus share 1) and `note`. With several pairs of cycles, rows are named by theirs too.
    """
    rows = rows.sort_values("label", key=lambda names: pd.factorize(names)[0], kind="stable")
    spans = [f"{one}–{two}" for one, two in zip(rows["cycle_1"], rows["cycle_2"], strict=True)]
    first, last = rows[["cycle_1", "cycle_2"]].iloc[0]
    if len(set(spans)) > 1:
        rows = rows.assign(label=rows["label"].astype(str) + ", " + spans)
        first, last = "earlier", "later"
    fig, (ax, right), places = style.share_blocks(rows, widths=[1.1, 0.9], over=True)
    # From zero, but only as far as shares go, or the two of a row lie on each other.
    most = np.nanmax([0.2, *rows[["share_1", "share_2"]].to_numpy(float).flat])
    style.percent_axis(ax, 0.5 if most > 0.6 else 0.2, both=True)
    ax.set_xlim(0, 1 if most > 0.6 else most + 0.05)
    ax.set_title("share of teachers", fontsize=HEAD)
    right.set_title("change in points", fontsize=HEAD)
    ys = [places[key] for key in rows[["item", "label"]].itertuples(index=False, name=None)]
    looks_of = {first: (GREY, "D", ""), last: (OURS, "o", "")}
    for y, row in zip(ys, rows.itertuples(), strict=True):
        style.interval(ax, y, row.share_1, row.share_2, GREY, 1.4)
        for share, (when, look) in zip((row.share_1, row.share_2), looks_of.items(), strict=True):
            if np.isfinite(share):
                told(style.point(ax, share, y, *look, size=5), f"{row.label}, {when}: {percent(share)}%")
    faces = _faces(rows)
    _signed(right, ys, rows, faces)
    right.tick_params(axis="x", labeltop=True, top=True)
    known = rows["estimate"].notna().to_numpy()
    marks = looks_of | (
        {"change that may be chance, each taken alone": (OURS, "o", PAPER)} if (faces[known] == PAPER).any() else {}
    )
    look = {"linestyle": "", "markersize": 6}
    style.legend(fig, {
        str(name): plt.Line2D([], [], color=colour, marker=marker, markerfacecolor=face or colour, **look)
        for name, (colour, marker, face) in marks.items()
    })  # fmt: skip
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
def specifications(rows: pd.DataFrame, xlabel: str) -> Figure:
    """The headline effect under each declared alternative, one row each, a small chart a panel.

    `rows`: `panel, specification, estimate, ci_low, ci_high`; the first specification is marked by a line, and what is not `clear` hollow. An
    alternative without an estimate is named as one that cannot be had. Charts share one scale if they can.
    """
    first = rows["specification"] == rows["specification"].iloc[0]
    rows = style.bounded(rows).assign(colour=np.where(first, OURS, GREY), marker="o", face=_faces)
    said = f"{what_fills_mean(rows)}; dashed: the first row"
    fig, charts = _small_forests(rows, "specification", f"{xlabel}\n{said}")
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
    "truth": ("in truth", SIMULATED),
    "estimate": ("as estimated", QUIET),
    "shrunken": ("corrected for chance", OURS),
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
