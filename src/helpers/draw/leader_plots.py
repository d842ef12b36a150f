"""Drawing of leaders, practices, supports and what is said of them: a table in, a matplotlib figure out."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.draw.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, RED, WIDTH

_SMALL = 8.5
_SERIES = (BLUE, RED, GREEN, PURPLE, ORANGE)
_REACH = 64  # odds ratios are drawn from one over this to this
_SHADES = sns.light_palette(BLUE, as_cmap=True)


def profiles(rows: pd.DataFrame, steps: dict[str, list[str]], bands: dict[str, str]) -> Figure:
    """A line a person: ordered steps as filled boxes, and bands of a percentage from end to end.

    `rows`: `label, group` (a colour each), for each step column one or more of its levels joined by " + ", and for each
    band `<band>_low, <band>_high` in percent. `steps`: column -> levels, lowest first; `bands`: column -> words above.
    A line is drawn under the last row of each `block`.
    """
    widths = [0.42 * len(levels) for levels in steps.values()] + [1.5] * len(bands)
    fig, axes = plt.subplots(
        1, len(widths), figsize=(WIDTH, 1.2 + 0.235 * len(rows)), sharey=True, width_ratios=widths
    )
    groups = dict(zip(dict.fromkeys(rows["group"]), _SERIES, strict=False))
    for ax, (step, levels) in zip(axes, steps.items(), strict=False):
        _steps(ax, rows, step, levels, groups)
    for ax, (band, words) in zip(axes[len(steps) :], bands.items(), strict=True):
        _bands(ax, rows, band, words, groups)
    axes[0].set_yticks(range(len(rows)), rows["label"], fontsize=_SMALL + 0.5)
    axes[0].set_ylim(len(rows) - 0.45, -0.55)
    last = rows["block"].ne(rows["block"].shift(-1)).to_numpy()[:-1]
    for ax in axes:
        for y in np.flatnonzero(last) + 0.5:
            ax.axhline(y, color=GREY, linewidth=0.8)
    handles = [Rectangle((0, 0), 1, 1, color=colour) for colour in groups.values()]
    fig.legend(handles, list(groups), ncols=len(groups), loc="outside upper center", frameon=False, fontsize=9.5)  # fmt: skip
    return fig


def _steps(
    ax: plt.Axes, rows: pd.DataFrame, step: str, levels: list[str], colours: dict[str, str]
) -> None:
    """A box for each level of a row, filled where the row has it."""
    for y, row in enumerate(rows.to_dict("records")):
        for x, level in enumerate(levels):
            colour = colours[row["group"]] if level in row[step].split(" + ") else "#f2f2f2"
            ax.add_patch(Rectangle((x - 0.42, y - 0.36), 0.84, 0.72, color=colour))
    ax.set_xlim(-0.55, len(levels) - 0.45)
    ax.set_xticks(range(len(levels)), levels, fontsize=_SMALL, rotation=90)
    ax.set_title(fill(step, 16), fontsize=_SMALL + 1)
    ax.spines[:].set_visible(False)


def _bands(
    ax: plt.Axes, rows: pd.DataFrame, band: str, words: str, colours: dict[str, str]
) -> None:
    """A bar from the lower to the upper end of each row's band."""
    for y, row in enumerate(rows.to_dict("records")):
        ends = [row[f"{band}_low"], row[f"{band}_high"]]
        ax.plot(ends, [y, y], color=colours[row["group"]], linewidth=6, solid_capstyle="butt")
    ax.set_xlim(0, 100)
    ax.set_xticks([0, 50, 100], ["0", "50", "100 %"], fontsize=_SMALL)
    ax.set_xticks([25, 75], minor=True)
    ax.grid(axis="x", which="both")
    ax.tick_params(axis="x", which="minor", bottom=False)
    ax.set_title(fill(words, 16), fontsize=_SMALL + 1)
    ax.spines[:].set_visible(False)


def counted(rows: pd.DataFrame) -> Figure:
    """Counts with exact intervals, in percent of their own n, the numbers beside them.

    `rows`: `label, count, n, share, ci_low, ci_high` (0 to 1) and `group`, a colour each, set apart by a gap.
    """
    gaps = rows["group"].ne(rows["group"].shift()).cumsum().to_numpy() - 1
    ys = np.arange(len(rows)) + 0.5 * gaps
    fig, ax = plt.subplots(figsize=(WIDTH, 1.1 + 0.42 * (ys[-1] + 1)))
    colours = dict(zip(dict.fromkeys(rows["group"]), _SERIES, strict=False))
    for y, row in zip(ys, rows.itertuples(), strict=True):
        colour = colours[row.group]
        ax.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=2.5, alpha=0.5, solid_capstyle="butt")  # fmt: skip
        ax.plot(row.share, y, "o", color=colour, markersize=7, clip_on=False)
        text = f"{row.count} of {row.n}  [{100 * row.ci_low:.0f} to {100 * row.ci_high:.0f} %]"
        ax.text(1.05, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=9.5)
    _percent(ax, "share of leaders, with exact 95 % interval")
    ax.set_yticks(ys, [fill(label, 26) for label in rows["label"]])
    ax.set_ylim(ys[-1] + 0.6, -0.6)
    return fig


def model(rows: pd.DataFrame, kinds: dict[str, str]) -> Figure:
    """Practices (rows) and supports (columns): a box where a practice needs a support, a triangle where it builds it.

    `rows`: `practice, support, statistic`, practices and supports in their order. `kinds`: statistic -> look, one of
    "full", "pale", "hatched" (boxes) and "builds" (a triangle).
    """
    practices, supports = (list(dict.fromkeys(rows[name])) for name in ("practice", "support"))
    fig, ax = plt.subplots(figsize=(WIDTH, 1.5 + 0.62 * len(practices)))
    for row in rows.itertuples():
        x, y, look = (
            supports.index(row.support),
            practices.index(row.practice),
            kinds[row.statistic],
        )
        ax.add_patch(_builds(x, y) if look == "builds" else _box(x, y, look))
    ax.set_xlim(-0.5, len(supports) - 0.5)
    ax.set_ylim(len(practices) - 0.5, -0.5)
    ax.set_xticks(range(len(supports)), [fill(name, 14) for name in supports], fontsize=9.5)
    ax.tick_params(bottom=False, top=False, labelbottom=False, labeltop=True)
    ax.set_yticks(range(len(practices)), [fill(name, 16) for name in practices])
    for edge in np.arange(-0.5, len(practices)):
        ax.axhline(edge, color=PALE, linewidth=0.8)
    ax.spines[:].set_visible(False)
    triangle = plt.Line2D([], [], marker="^", linestyle="", color=ORANGE, markersize=9)
    handles = [triangle if look == "builds" else _box(0, 0, look) for look in kinds.values()]
    fig.legend(handles, list(kinds), ncols=2, loc="outside lower center", frameon=False, fontsize=9.5)  # fmt: skip
    return fig


def statements(rows: pd.DataFrame) -> Figure:
    """What a text says in words, each as an interval on one axis; lighter, how far chance may move it.

    `rows`: `label, low, high, ci_low, ci_high` (0 to 1) and `said`, the words beside it.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 1.0 + 0.62 * len(rows)))
    for y, row in enumerate(rows.itertuples()):
        ax.plot([row.ci_low, row.ci_high], [y, y], color=BLUE, linewidth=4, alpha=0.35, solid_capstyle="butt")  # fmt: skip
        ax.plot([row.low, row.high], [y, y], color=BLUE, linewidth=11, solid_capstyle="butt")
        ax.text(1.03, y, row.said, transform=ax.get_yaxis_transform(), va="center", fontsize=9.5)
    _percent(ax, "share of teachers")
    ax.set_yticks(range(len(rows)), [fill(label, 36) for label in rows["label"]], fontsize=9.5)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    return fig


def together(pairs: pd.DataFrame, n: int) -> Figure:
    """How many of `n` leaders have two codes both; on the diagonal, one code. `pairs`: `code_1, code_2, both`."""
    codes = list(dict.fromkeys(pairs["code_1"]))
    fig, ax = plt.subplots(figsize=(WIDTH, 1.5 + 0.42 * len(codes)))
    size = min(10.5, 120 / len(codes))
    for row in pairs.itertuples():
        y, x = sorted((codes.index(row.code_1), codes.index(row.code_2)), reverse=True)
        own = x == y
        ax.add_patch(
            Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=PALE if own else _SHADES(row.both / n), edgecolor="white")
        )  # fmt: skip
        dark = not own and row.both / n > 0.55
        ax.text(x, y, row.both, ha="center", va="center", color="white" if dark else INK, weight="bold" if own else "normal", fontsize=size)  # fmt: skip
    ax.set_xlim(-0.5, len(codes) - 0.5)
    ax.set_ylim(len(codes) - 0.5, -0.5)
    ax.set_yticks(range(len(codes)), [fill(code, 28) for code in codes], fontsize=9.5)
    ax.set_xticks(
        range(len(codes)), [fill(code, 16) for code in codes], fontsize=min(9.5, size), rotation=90
    )
    ax.tick_params(bottom=False)
    ax.spines[:].set_visible(False)
    return fig


def associations(pairs: pd.DataFrame) -> Figure:
    """Odds ratios of every practice and support with exact intervals on a log axis, a panel a practice.

    `pairs`: `practice, support, odds_ratio, ci_low, ci_high, p_holm, note`; filled where p_holm < .05. An interval that
    goes on beyond the axis, as those from or to nothing do, ends in an arrow; a pair not tested is noted.
    """
    practices = list(dict.fromkeys(pairs["practice"]))
    names = {name: fill(name, 30) for name in pairs["support"]}
    row = 0.1 + 0.14 * max(name.count("\n") + 1 for name in names.values())
    heights = [pairs["practice"].eq(practice).sum() for practice in practices]
    fig, axes = plt.subplots(
        len(practices), 1, figsize=(WIDTH, 0.9 + row * len(pairs) + 0.3 * len(practices)), sharex=True,
        squeeze=False, height_ratios=heights,
    )  # fmt: skip
    for ax, practice in zip(axes[:, 0], practices, strict=True):
        part = pairs[pairs["practice"] == practice]
        ax.set_xscale("log")
        ax.set_xlim(1 / _REACH, _REACH)
        ax.axvline(1, color=GREY, linewidth=1)
        for y, pair in enumerate(part.itertuples()):
            _odds(ax, y, pair)
        ax.set_yticks(range(len(part)), [names[name] for name in part["support"]], fontsize=9)
        ax.set_ylim(len(part) - 0.5, -0.5)
        ax.set_title(fill(practice, 40), fontsize=9.5)
        ax.grid(axis="x")
    last = axes[-1, 0]
    last.set_xticks([1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64], ["1/64", "1/16", "1/4", "1", "4", "16", "64"])  # fmt: skip
    last.minorticks_off()
    last.set_xlabel(
        "odds ratio with exact 95 % interval; right of 1: more often together than chance\n"
        "filled: adjusted p < .05 (Holm); hollow: not", fontsize=9.5,
    )  # fmt: skip
    return fig


def _odds(ax: plt.Axes, y: float, pair: tuple) -> None:
    """One odds ratio with its interval, and the numbers beside it."""
    if np.isnan(pair.odds_ratio):
        ax.text(1, y, "not tested", ha="center", va="center", fontsize=_SMALL, style="italic", color=GREY)  # fmt: skip
        return
    ends = np.clip([pair.ci_low, pair.ci_high], 1 / _REACH, _REACH)
    ax.plot(ends, [y, y], color=BLUE, linewidth=2, alpha=0.6, solid_capstyle="butt")
    for end, beyond, mark in (
        (ends[0], pair.ci_low < 1 / _REACH, "<"),
        (ends[1], pair.ci_high > _REACH, ">"),
    ):
        if beyond:
            ax.plot(end, y, mark, color=BLUE, markersize=5, clip_on=False)
    if 1 / _REACH <= pair.odds_ratio <= _REACH:
        face = BLUE if pair.p_holm < 0.05 else "white"
        ax.plot(pair.odds_ratio, y, "o", color=BLUE, markerfacecolor=face, markersize=6)
    text = f"{ratio(pair.odds_ratio)}  [{ratio(pair.ci_low)} to {ratio(pair.ci_high)}]"
    ax.text(1.03, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=_SMALL)


def ratio(value: float) -> str:
    """An odds ratio as people read it."""
    if np.isinf(value):
        return "∞"
    return f"{value:.0f}" if value == 0 or value >= 10 else f"{value:.2f}"


def _percent(ax: plt.Axes, words: str) -> None:
    ax.set_xlim(0, 1)
    ax.set_xticks(np.arange(0, 1.01, 0.25))
    ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
    ax.grid(axis="x")
    ax.set_xlabel(words)


def _box(x: float, y: float, look: str) -> Rectangle:
    face = {"full": BLUE, "pale": "#b9d6ea", "hatched": "white"}[look]
    return Rectangle(
        (x - 0.38, y - 0.34), 0.76, 0.68, facecolor=face, edgecolor=BLUE, hatch="////" if look == "hatched" else None
    )  # fmt: skip


def _builds(x: float, y: float) -> plt.Polygon:
    corners = [(x - 0.16, y + 0.2), (x + 0.16, y + 0.2), (x, y - 0.2)]
    return plt.Polygon(corners, facecolor=ORANGE, edgecolor="white", linewidth=1.5)
