"""Drawing of the practice-change notebook: a table in, a matplotlib figure out. What is drawn is computed elsewhere."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from helpers.draw.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, RED, SKY, WIDTH, dark
from helpers.project import in_order

_SERIES = ((BLUE, "o"), (RED, "s"), (GREEN, "D"), (PURPLE, "^"), (ORANGE, "v"), (INK, "P"))


def year_effects(rows: pd.DataFrame, ylabel: str, baseline: str) -> Figure:
    """Effects by year with intervals, a small chart a panel on one common scale, the baseline year at zero.

    `rows`: `panel, series, term, estimate, ci_low, ci_high` and optionally `mark` (text at the point, as stars).
    Years stand in their order; an interval that is missing or has no bounds is not drawn.
    """
    bounds = rows[["ci_low", "ci_high"]].astype(float)
    rows = rows.assign(**bounds.where(np.isfinite(bounds).all(axis=1)))
    panels, series = (list(dict.fromkeys(rows[name])) for name in ("panel", "series"))
    terms = in_order({baseline, *rows["term"]})
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)
    fig, axes = plt.subplots(
        lines, columns, figsize=(WIDTH, 0.8 + 2.5 * lines), sharex=True, sharey=True, squeeze=False
    )
    for ax, panel in zip(axes.flat, panels, strict=False):
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set_title(_wrapped(panel, columns))
        for place, (name, (colour, marker)) in enumerate(zip(series, _SERIES * 3, strict=False)):
            part = rows[(rows["panel"] == panel) & (rows["series"] == name)]
            if part.empty:
                continue
            shift = 0.2 * (place - (len(series) - 1) / 2)
            x = part["term"].map(terms.index).to_numpy() + shift
            start = terms.index(baseline) + shift
            line = sorted(zip([start, *x], [0.0, *part["estimate"]], strict=True))
            ax.plot(*zip(*line, strict=True), color=colour, linewidth=1.2, alpha=0.6)
            ax.vlines(x, part["ci_low"], part["ci_high"], color=colour, linewidth=2)
            ax.plot(x, part["estimate"], marker, color=colour, markersize=5.5)
            for at, row in zip(x, part.itertuples(), strict=True):
                if getattr(row, "mark", ""):
                    _mark(ax, at, row, rows[(rows["panel"] == panel) & (rows["term"] == row.term)])
        ax.margins(y=0.09)  # for what is written at the highest point
        ax.set_xlim(-0.4, len(terms) - 0.6)
        ax.set_xticks(range(len(terms)), terms, rotation=45 if len(terms) > 4 else 0, fontsize=9)
    _hide_rest(axes, len(panels))
    fig.supylabel(ylabel, fontsize=10.5)
    if len(series) > 1:
        handles = [
            plt.Line2D([], [], color=colour, marker=marker, markersize=5.5)
            for colour, marker in (_SERIES * 3)[: len(series)]
        ]
        fig.legend(
            handles, series, loc="outside upper center", ncols=min(2, len(series)), frameon=False,
            fontsize=9.5,
        )  # fmt: skip
    return fig


def _hide_rest(axes: np.ndarray, panels: int) -> None:
    """Hide the charts that no panel fills, and number the axis of those that then have none below them."""
    for ax in axes.flat[panels:]:
        ax.set_visible(False)
    for ax in axes.flat[max(0, panels - axes.shape[1]) : panels]:
        ax.tick_params(labelbottom=True)


def _wrapped(title: str, columns: int) -> str:
    """A title on as many lines as it takes where so many charts stand side by side."""
    return fill(title, 72 // columns - 6)


def _mark(ax: plt.Axes, x: float, row: tuple, rivals: pd.DataFrame) -> None:
    """Text at a point, above all that stands at the same term, or below it if another marked point is higher."""
    marked = rivals[rivals["mark"] != ""]
    above = row.estimate >= marked["estimate"].max()
    edges = rivals[["estimate", "ci_low", "ci_high"]].to_numpy(float)
    y, offset = (np.nanmax(edges), 5) if above else (np.nanmin(edges), -5)
    ax.annotate(
        row.mark, (x, y), xytext=(0, offset), textcoords="offset points", ha="center",
        va="bottom" if above else "top", color=INK, fontsize=8.5,
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )  # fmt: skip


def se_bounds(rows: pd.DataFrame, common: pd.DataFrame) -> Figure:
    """What stars say of standard errors: for each printed coefficient the standard errors that its stars allow.

    `rows`: `panel, term, se_low, se_high`; `common`: `panel, se_low, se_high`, one standard error for a whole panel.
    """
    panels = list(dict.fromkeys(rows["panel"]))
    fig, axes = plt.subplots(2, 2, figsize=(WIDTH, 5.2), sharex=True, sharey=True)
    top = 1.05 * rows.loc[np.isfinite(rows["se_high"]), "se_high"].max()
    for ax, panel in zip(axes.flat, panels, strict=False):
        part = rows[rows["panel"] == panel]
        ends = part["se_high"].clip(upper=top)
        fits = common[common["panel"] == panel].iloc[0]
        if fits["se_low"] <= fits["se_high"]:
            ax.axvspan(fits["se_low"], fits["se_high"], color="#cfe3f1", zorder=0)
        ax.hlines(range(len(part)), part["se_low"], ends, color=BLUE, linewidth=3)
        for y, row in enumerate(part.itertuples()):
            for edge in (row.se_low, row.se_high):
                if 0 < edge < top:
                    ax.plot(edge, y, "|", color=BLUE, markersize=10, markeredgewidth=2)
        ax.set_title(panel)
        ax.set_yticks(range(len(part)), part["term"], fontsize=9)
        ax.set_ylim(len(part) - 0.4, -0.6)
        ax.set_xlim(0, top)
    fig.supxlabel("standard errors that the stars allow (standard deviations)", fontsize=10.5)
    return fig


def stacked_shares(rows: pd.DataFrame, answers: list[str]) -> Figure:
    """Shares of ordered answers over the years, a bar a year, a small chart a panel.

    `rows`: `panel, year, answer, share, n`; answers in order, low to high, drawn from left to right.
    """
    panels, years = (list(dict.fromkeys(rows[name])) for name in ("panel", "year"))
    colours = dict(
        zip(answers, ("#b35806", "#f1a340", "#d9d9d9", "#6baed6", "#2166ac"), strict=True)
    )
    lines = -(-len(panels) // 2)
    fig, axes = plt.subplots(
        lines, 2, figsize=(WIDTH, 0.9 + (0.55 + 0.34 * len(years)) * lines), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    for ax, panel in zip(axes.flat, panels, strict=False):
        wide = rows[rows["panel"] == panel].pivot(index="year", columns="answer", values="share")
        left = np.zeros(len(years))
        for answer in answers:
            share = wide.loc[years, answer].to_numpy()
            bars = ax.barh(range(len(years)), share, left=left, color=colours[answer], height=0.75)
            dark = answer in (answers[0], answers[-1])
            text = [f"{100 * value:.0f}" if value >= 0.06 else "" for value in share]
            ax.bar_label(
                bars, text, label_type="center", fontsize=8.5, color="white" if dark else INK
            )
            left += share
        ax.set_title(panel, fontsize=9.5)
        ax.set_yticks(range(len(years)), years)
        ax.set_ylim(len(years) - 0.5, -0.5)
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.5, 1])
        ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
        ax.tick_params(axis="x", labelsize=9)
    _hide_rest(axes, len(panels))
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
    fig.legend(
        handles, [answer.lower() for answer in answers], ncols=len(answers), loc="outside upper center",
        frameon=False, fontsize=9, columnspacing=1, handlelength=1.2,
    )  # fmt: skip
    return fig


def response_rates(rates: pd.DataFrame, ranges: pd.DataFrame) -> Figure:
    """Yearly response rates as points beside ranges that print gives. In percent.

    `rates`: `respondents, year, value`; `ranges`: `label, low, high`.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.4))
    years = list(dict.fromkeys(rates["year"]))
    for place, row in enumerate(ranges.itertuples()):
        x = len(years) + 0.2 + place
        ax.plot(
            [x, x], [row.low, row.high], color=INK, linewidth=6, alpha=0.35, solid_capstyle="butt"
        )
        ax.text(x, row.high + 0.3, fill(row.label, 14), ha="center", va="bottom", fontsize=9)
        for value in (row.low, row.high):
            ax.text(x + 0.12, value, f"{value:.0f}", va="center", fontsize=9)
    for (name, part), (colour, marker) in zip(
        rates.groupby("respondents", sort=False), _SERIES, strict=False
    ):
        x = part["year"].map(years.index)
        ax.plot(x, part["value"], marker=marker, color=colour, linewidth=1.2)
        last = part.iloc[-1]
        ax.annotate(
            name, (x.iloc[-1], last["value"]), xytext=(0, 9 if colour == BLUE else -16),
            textcoords="offset points", ha="center", color=dark(colour), fontsize=9.5,
        )  # fmt: skip
    ax.axvline(len(years) - 0.4, color=PALE, linewidth=1)
    ax.set_xticks(range(len(years)), [f"report\n{year}" for year in years])
    ax.set_xlim(-0.3, len(years) + len(ranges) - 0.3)
    drawn = [*rates["value"], *ranges["low"], *ranges["high"]]
    ax.set_ylim(min(drawn) - 4, max(drawn) + 3)
    ax.set_ylabel("response rate, percent")
    return fig


def recovery(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Estimates minus the planted truth with intervals, a column a panel. `rows`: `panel, term, gap, low, high`."""
    panels, terms = (list(dict.fromkeys(rows[name])) for name in ("panel", "term"))
    fig, axes = plt.subplots(2, 2, figsize=(WIDTH, 5.0), sharex=True, sharey=True)
    reach = 1.08 * rows[["low", "high"]].abs().to_numpy().max()
    for ax, panel in zip(axes.flat, panels, strict=False):
        ax.axvline(0, color=GREY, linewidth=1)
        for row in rows[rows["panel"] == panel].itertuples():
            y = terms.index(row.term)
            holds = row.low <= 0 <= row.high
            colour = BLUE if holds else RED
            ax.plot([row.low, row.high], [y, y], color=colour, linewidth=2)
            ax.plot(row.gap, y, "o" if holds else "X", color=colour, markersize=6)
        ax.set_title(panel)
        ax.set_yticks(range(len(terms)), terms, fontsize=9)
        ax.set_ylim(len(terms) - 0.4, -0.6)
        ax.set_xlim(-reach, reach)
    fig.supxlabel(xlabel, fontsize=10.5)
    return fig


def category_curves(
    curves: pd.DataFrame, items: pd.DataFrame, measures: pd.DataFrame | None = None
) -> Figure:
    """A Rasch scale at a glance: who answers what (above), and where items and persons stand (below).

    `curves`: `place, answer, probability` of one item; `items`: `item, location`; `measures`: `place, share` of
    persons. Places in logits.
    """
    fig, (upper, lower) = plt.subplots(
        2, 1, figsize=(WIDTH, 4.8 if measures is not None else 3.9), sharex=True,
        gridspec_kw={"height_ratios": [1.2, 1] if measures is not None else [2, 1]},
    )  # fmt: skip
    colours = ("#b35806", "#c98a1b", SKY, "#2166ac", INK) * 2
    first, last = curves["place"].min() + 0.8, curves["place"].max() - 0.8
    for (answer, curve), colour in zip(curves.groupby("answer", sort=False), colours, strict=False):
        upper.plot(curve["place"], curve["probability"], color=colour)
        peak = float(np.clip(curve.loc[curve["probability"].idxmax(), "place"], first, last))
        height = float(np.interp(peak, curve["place"], curve["probability"]))
        upper.text(peak, height + 0.06, answer, color=dark(colour), ha="center", fontsize=9.5)
    upper.set(ylabel="probability", ylim=(0, 1.15))
    top = 1.0
    if measures is not None:
        lower.bar(measures["place"], measures["share"], width=0.46, color="#c6dbef")
        top = measures["share"].max()
    for rank, row in enumerate(items.sort_values("location").itertuples()):
        lower.plot([row.location] * 2, [0, top * 1.05], color=RED, linewidth=1.2)
        height = top * (1.1 + 0.13 * (rank % 3) * (1 if measures is not None else 2))
        lower.text(row.location, height, row.item, ha="center", color=dark(RED), fontsize=8.5)
    lower.set(xlabel="logits", ylim=(0, top * (1.6 if measures is not None else 2.0)))
    if measures is None:
        lower.set_yticks([])
        lower.spines["left"].set_visible(False)
    else:
        lower.set_ylabel("share of persons")
    return fig


def school_effects(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Each school's own effect, drawn towards the mean, from lowest to highest, a small chart a panel.

    `rows`: `panel, estimate, shrunken` and optionally `truth`.
    """
    panels = list(dict.fromkeys(rows["panel"]))
    lines = -(-len(panels) // 2)
    columns = min(2, len(panels))
    fig, axes = plt.subplots(
        lines, columns, figsize=(WIDTH, 0.8 + 2.3 * lines), sharex=True, squeeze=False
    )
    for ax, panel in zip(axes.flat, panels, strict=False):
        part = rows[rows["panel"] == panel].sort_values("shrunken")
        y = (np.arange(len(part)) + 0.5) / len(part)
        ax.axvline(0, color=GREY, linewidth=1)
        ax.plot(part["estimate"], y, ".", color="#a6a6a6", markersize=4)
        ax.plot(part["shrunken"], y, ".", color=BLUE, markersize=4)
        if "truth" in part:
            ax.plot(np.sort(part["truth"]), y, color=RED, linewidth=1.2)
        below = (part["shrunken"] < 0).mean()
        ax.set_title(_wrapped(panel, columns), pad=18)
        # Above the chart, where no point can be under it.
        ax.annotate(
            f"{len(part)} schools, {below:.0%} below zero", (0, 1), xycoords="axes fraction", xytext=(0, 4),
            textcoords="offset points", fontsize=9, color=GREY,
        )  # fmt: skip
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    _hide_rest(axes, len(panels))
    fig.supxlabel(xlabel, fontsize=10.5)
    fig.supylabel("schools, lowest effect first", fontsize=10.5)
    return fig


def specifications(rows: pd.DataFrame, xlabel: str) -> Figure:
    """The headline effect under each declared alternative, one row each, a small chart a panel.

    `rows`: `panel, specification, estimate, ci_low, ci_high`; the first specification is marked by a line. An
    alternative without an estimate is named as one that cannot be had. Charts share one scale if they can.
    """
    bounds = rows[["ci_low", "ci_high"]].astype(float)
    rows = rows.assign(**bounds.where(np.isfinite(bounds).all(axis=1)))
    panels, names = (list(dict.fromkeys(rows[name])) for name in ("panel", "specification"))
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)
    # Two columns leave a third of the width to each, as the names take the rest.
    titles = [_wrapped(panel, columns + 1) for panel in panels]
    height = 0.5 + 0.42 * len(names) + 0.17 * max(title.count("\n") for title in titles)
    fig, axes = plt.subplots(
        lines, columns, figsize=(WIDTH, 0.5 + height * lines), sharey=True, squeeze=False
    )
    limits = _limits(rows)
    for ax, panel, title in zip(axes.flat, panels, titles, strict=False):
        part = rows[rows["panel"] == panel].set_index("specification")
        ax.axvline(0, color=GREY, linewidth=1)
        main = part.iloc[0]["estimate"]
        ax.axvline(main, color=BLUE, linewidth=1, linestyle=(0, (4, 3)))
        for row in part.itertuples():
            y = names.index(row.Index)
            colour = BLUE if y == 0 else INK
            if np.isnan(row.estimate):
                ax.text(
                    0.98, y, "cannot be had", transform=ax.get_yaxis_transform(), ha="right",
                    va="center", fontsize=8.5, color=GREY,
                )  # fmt: skip
            ax.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=2)
            ax.plot(row.estimate, y, "o", color=colour, markersize=6)
        ax.set_title(title)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(limits.loc[panel])
    _hide_rest(axes, len(panels))
    axes[0, 0].set_yticks(range(len(names)), [fill(name, 24) for name in names])
    apart = len(limits.drop_duplicates()) > 1
    fig.supxlabel(
        f"{xlabel}\n(each chart on a scale of its own)" if apart else xlabel, fontsize=10.5
    )
    return fig


def _limits(rows: pd.DataFrame) -> pd.DataFrame:
    """Ends of the axis of each panel, `low` and `high`, with zero and all that is drawn between them.

    One scale for all, as panels are there to be compared, unless on that of the widest another would be a tenth as
    wide or less, and could not be read.
    """
    drawn = rows[["estimate", "ci_low", "ci_high"]].astype(float).assign(zero=0.0)
    panel = rows["panel"]
    limits = pd.DataFrame(
        {"low": drawn.min(axis=1).groupby(panel).min(), "high": drawn.max(axis=1).groupby(panel).max()}
    )  # fmt: skip
    width = limits["high"] - limits["low"]
    if width.max() < 10 * width[width > 0].min():
        limits["low"], limits["high"] = limits["low"].min(), limits["high"].max()
        width = limits["high"] - limits["low"]
    room = (0.06 * width).where(width > 0, 1.0)
    return limits.assign(low=limits["low"] - room, high=limits["high"] + room)


def sample_sizes(curves: pd.DataFrame, effect: float) -> Figure:
    """Schools needed over students asked. `curves`: `students, schools, target` (power)."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.4))
    for (target, curve), colour in zip(
        curves.groupby("target", sort=False), (BLUE, RED), strict=False
    ):
        ax.plot(curve["students"], curve["schools"], color=colour)
        # Names stand on the outer sides of the two curves, where these are steep.
        at = curve.iloc[len(curve) // 3]
        upper = target == curves["target"].max()
        ax.annotate(
            f"found {target:.0%} of the time", (at["students"], at["schools"]),
            xytext=(6, 4) if upper else (-6, -4), textcoords="offset points", color=dark(colour),
            ha="left" if upper else "right", va="bottom" if upper else "top", fontsize=9.5,
        )  # fmt: skip
    ax.set_xscale("log")
    ticks = [10, 20, 50, 100, 200, 500]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(0, None)
    ax.set(
        xlabel="respondents of a school in a year",
        ylabel=f"schools needed to see\n{effect:g} standard deviations",
    )
    return fig
