"""The figures' drawing: a table in, a matplotlib figure out. What is drawn is computed elsewhere."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from helpers.draw.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, SKY, WIDTH, dark

# Two directions that red-green blind readers can tell apart; the middle of an odd scale is grey.
_DISAGREE, _MIDDLE, _AGREE = (
    ("#b35806", "#f1a340", "#fee0b6"),
    "#d9d9d9",
    ("#c6dbef", "#6baed6", "#2166ac"),
)


def forest(
    rows: pd.DataFrame, xlabel: str, *, band: float | None = None, band_label: str = ""
) -> Figure:
    """Estimates with intervals, one row each, in the order given, the numbers beside them.

    `rows`: `label, estimate, ci_low, ci_high` and optionally `method`, named under the label, or `heading`, named above
    the first of its rows; each is drawn in a colour of its own. `band` shades plus and minus that much.
    """
    headings = rows.get("heading", pd.Series("", rows.index))
    kinds = headings if "heading" in rows else rows.get("method", headings)
    colours = dict(zip(kinds.unique(), (BLUE, RED, GREEN, PURPLE), strict=False))
    first = ((headings != headings.shift()) & (headings != "")).to_numpy()
    places = np.arange(len(rows)) + first.cumsum()  # a heading has a line of its own
    # Under headings there are many rows, and some intervals are short: less room, smaller points.
    step, wide, size = (0.4, 32, 4.5) if first.any() else (0.56, 24, 7)
    fig, ax = plt.subplots(figsize=(WIDTH, 1.1 + step * (places[-1] + 1)))
    if band is not None:
        ax.axvspan(-band, band, color="#eeeeee", zorder=0)
        ax.set_title(band_label, color=GREY, fontsize=9, weight="normal", loc="center")
    ax.axvline(0, color=GREY, linewidth=1)
    across = ax.get_yaxis_transform()
    for y, headed, kind, row in zip(places, first, kinds, rows.itertuples(), strict=True):
        colour = colours.get(kind, BLUE)
        if headed:
            ax.text(
                0, y - 1, fill(kind, 50), transform=across, va="center", weight="bold", color=dark(colour),
                fontsize=9.5, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )  # fmt: skip
        ax.plot([row.ci_low, row.ci_high], [y, y], color=colour, solid_capstyle="butt")
        ax.plot(row.estimate, y, "o", color=colour, markersize=size)
        numbers = f"{row.estimate:.2f}  [{row.ci_low:.2f}, {row.ci_high:.2f}]".replace("-", "−")
        ax.text(1.02, y, numbers, transform=across, va="center", fontsize=9.5)
    named = [
        f"{row.label}\n({row.method})" if "method" in rows else fill(row.label, wide)
        for row in rows.itertuples()
    ]
    ax.set_yticks(places, named)
    ax.set_ylim(places[-1] + 0.5, -0.5)
    # Zero is always in sight. A band reaches as far to both sides, and so does its chart.
    low, high = min(0, rows["ci_low"].min()), max(0, rows["ci_high"].max())
    if band is not None:
        high = max(high, -low, band)
        low = -high
    room = 0.04 * (high - low)
    ax.set_xlim(low - room, high + room)
    ax.set_xlabel(xlabel)
    return fig


def size_map(
    cells: pd.DataFrame, tests: int, printed: tuple[int, int], xlabel: str, ylabel: str
) -> Figure:
    """Map over two group sizes of how many printed tests each pair reproduces; a square frames the printed pair.

    `cells`: `n1, n2, reproduced`.
    """
    grid = cells.pivot(index="n2", columns="n1", values="reproduced").sort_index(ascending=False)
    shades = sns.light_palette(BLUE, n_colors=tests + 1)
    fig, ax = plt.subplots(figsize=(WIDTH, 5.4))
    labels = grid.map(lambda count: str(count) if count else "")
    sns.heatmap(
        grid, ax=ax, cmap=ListedColormap(["#f7f7f7", *shades[1:]]), vmin=-0.5, vmax=tests + 0.5, annot=labels, fmt="",
        annot_kws={"fontsize": 8.5}, linewidths=0.6, linecolor="white", square=True, cbar=False,
    )  # fmt: skip
    x, y = grid.columns.get_loc(printed[0]), grid.index.get_loc(printed[1])
    ax.add_patch(plt.Rectangle((x, y), 1, 1, fill=False, edgecolor=RED, linewidth=2))
    ax.annotate(
        "as printed", (x, y + 0.5), xytext=(x - 4.6, y + 4.2), color=dark(RED), fontsize=9.5, ha="center",
        arrowprops={"arrowstyle": "-", "color": RED},
    )  # fmt: skip
    all_fit = cells[cells["reproduced"] == tests]
    for n1, n2 in all_fit[["n1", "n2"]].itertuples(index=False):
        x, y = grid.columns.get_loc(n1), grid.index.get_loc(n2)
        ax.annotate(
            f"all {tests}: {n1} and {n2}", (x + 1, y + 0.5), xytext=(x + 5.2, y - 3.2), color=dark(BLUE), fontsize=9.5,
            ha="center", weight="bold", arrowprops={"arrowstyle": "-", "color": BLUE},
        )  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(left=False, bottom=False, labelrotation=0, labelsize=8.5)
    return fig


def composition(rows: pd.DataFrame, parts: list[str]) -> Figure:
    """Stacked bars of counts with direct labels. `rows`: `label` and one column a part; label order kept."""
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.5 * len(rows)))
    left = np.zeros(len(rows))
    for part, colour in zip(parts, (ORANGE, SKY, GREEN), strict=False):
        counts = rows[part].to_numpy(float)
        ax.barh(range(len(rows)), counts, left=left, color=colour, height=0.66, edgecolor="white")
        for y, (start, count) in enumerate(zip(left, counts, strict=True)):
            if count > 0:
                text = f"{count:.0f} {part}" if y == 0 else f"{count:.0f}"
                ax.text(start + count / 2, y, text, ha="center", va="center", fontsize=9.5)
        left += counts
    for y, total in enumerate(left):
        ax.text(total + 0.4, y, f"{total:.0f}", va="center", weight="bold")
    ax.set_yticks(range(len(rows)), rows["label"])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    return fig


def clustering(curves: pd.DataFrame, alpha: float) -> Figure:
    """A p-value as a function of the intraclass correlation. `curves`: `icc, case, p_value`."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.5))
    ax.axhline(alpha, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    ax.text(0.002, alpha + 0.001, f"p = {alpha:g}", va="bottom", fontsize=9.5, color=GREY)
    for (case, curve), colour, side in zip(
        curves.groupby("case", sort=False), (RED, BLUE), (1, -1), strict=False
    ):
        ax.plot(curve["icc"], curve["p_value"], color=colour)
        x, y = curve[["icc", "p_value"]].iloc[int(len(curve) * 0.8)]
        ax.annotate(
            case, (x, y), xytext=(0, 9 * side), textcoords="offset points", color=dark(colour), ha="right",
            va="bottom" if side > 0 else "top",
        )  # fmt: skip
    ax.set_xlim(0, curves["icc"].max())
    ax.set_ylim(0, max(alpha, curves["p_value"].max()) * 1.18)
    ax.set(
        xlabel="intraclass correlation: how alike teachers of one school answer", ylabel="p-value"
    )
    return fig


def scale_means(
    rows: pd.DataFrame, low: int, high: int, *, claim: float | None = None, claim_label: str = ""
) -> Figure:
    """Means with intervals on the scale's own range, in the order given, each with its value beside it.

    `rows`: `label, estimate, ci_low, ci_high` and optionally `group`, drawn in one colour each and named at the
    first label.
    """
    groups = list(dict.fromkeys(rows["group"])) if "group" in rows else ["all"]
    labels = list(dict.fromkeys(rows["label"]))
    step = 0.62 / len(groups)
    fig, ax = plt.subplots(figsize=(WIDTH, 1.1 + (0.34 + 0.2 * len(groups)) * len(labels)))
    if claim is not None:
        ax.axvline(claim, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        ax.set_title(
            claim_label,
            x=(claim - low) / (high - low),
            loc="center",
            color=GREY,
            fontsize=9.5,
            weight="normal",
        )
    for rank, (group, colour) in enumerate(
        zip(groups, (BLUE, RED, GREEN, PURPLE, ORANGE, INK) * 3, strict=False)
    ):
        part = rows[rows["group"] == group] if "group" in rows else rows
        for row in part.dropna(subset="estimate").itertuples():
            y = labels.index(row.label) + (rank - (len(groups) - 1) / 2) * step
            # An interval may reach past the ends of the scale, where no answer is: it is cut there.
            ends = [max(low, row.ci_low), min(high, row.ci_high)]
            ax.plot(ends, [y, y], color=colour, linewidth=2.5, alpha=0.45, solid_capstyle="butt")
            ax.plot(row.estimate, y, "o", color=colour, markersize=7)
            name = f"  {group}" if len(groups) > 1 and row.label == labels[0] else ""
            text = f"{row.estimate:.2f}{name}"
            ax.text(
                1.02,
                y,
                text,
                transform=ax.get_yaxis_transform(),
                color=dark(colour),
                va="center",
                fontsize=9.5,
            )
    ax.set_xlim(low, high)
    ax.set_xticks(range(low, high + 1))
    ax.set_yticks(range(len(labels)), [fill(label, 28) for label in labels])
    ax.set_ylim(len(labels) - 0.45, -0.6)
    ax.set_xlabel(f"mean on the scale from {low} to {high}")
    return fig


def possible_sizes(fits: pd.DataFrame, items: int, marked: list[int]) -> Figure:
    """How many of the printed means each number of respondents can give. `fits`: `n, possible`."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.3))
    whole = fits["possible"] == items
    colours = np.where(whole, BLUE, np.where(fits["n"].isin(marked), RED, "#b5b5b5"))
    ax.vlines(fits["n"], 0, fits["possible"], color=colours, linewidth=2.4)
    ax.plot(fits.loc[whole, "n"], fits.loc[whole, "possible"], "o", color=BLUE, markersize=4)
    for n in marked:
        count = int(fits.loc[fits["n"] == n, "possible"].iloc[0])
        colour = BLUE if count == items else RED
        ax.annotate(
            str(n), (n, count), xytext=(0, 7) if count == items else (5, 2), textcoords="offset points", color=dark(colour),
            ha="center" if count == items else "left", weight="bold", fontsize=9.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    ax.set_ylim(0, items + 0.9)
    ax.set_xlim(fits["n"].min() - 1, fits["n"].max() + 1)
    ax.set_yticks(range(0, items + 1, 2))
    ax.set(xlabel="number of respondents", ylabel=f"means that fit, of {items}")
    return fig


def diverging(shares: pd.DataFrame, labels: list[str]) -> Figure:
    """Diverging stacked bars: answers below the middle of the scale to the left, above it to the right.

    `shares`: `label, statistic, share, n`; `statistic` runs over `labels` in order, low to high. The middle answer
    of an odd scale is cut in two halves around zero.
    """
    k = len(labels)
    half = k // 2
    colours = [*_spread(_DISAGREE, half), *([_MIDDLE] if k % 2 else []), *_spread(_AGREE, half)]
    wide = shares.pivot(index="label", columns="statistic", values="share")
    wide = wide.loc[list(dict.fromkeys(shares["label"]))].to_numpy()
    names = shares.drop_duplicates("label")
    starts = -wide[:, :half].sum(axis=1) - (wide[:, half] / 2 if k % 2 else 0)
    left = starts[:, None] + np.hstack([np.zeros((len(wide), 1)), wide.cumsum(axis=1)[:, :-1]])
    fig, ax = plt.subplots(figsize=(WIDTH, 1.6 + 0.5 * len(wide)))
    for answer in range(k):
        bars = ax.barh(
            range(len(wide)),
            wide[:, answer],
            left=left[:, answer],
            color=colours[answer],
            height=0.68,
        )
        dark = answer in (0, k - 1) and k > 2
        text = [f"{100 * value:.0f}" if value >= 0.045 else "" for value in wide[:, answer]]
        ax.bar_label(bars, text, label_type="center", fontsize=9.5, color="white" if dark else INK)
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(
        range(len(wide)),
        [f"{fill(row.label, 28)}\n(n = {row.n:.0f})" for row in names.itertuples()],
    )
    ax.set_ylim(len(wide) - 0.5, -0.5)
    reach = max(-left.min(), (left[:, -1] + wide[:, -1]).max()) * 1.03
    ax.set_xlim(-reach, reach)
    ax.xaxis.set_major_formatter(lambda x, _: f"{abs(100 * x):.0f} %")
    ax.set_xlabel("share of answers")
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in colours]
    fig.legend(
        handles,
        labels,
        ncols=k if sum(map(len, labels)) < 50 else 2,
        loc="outside upper center",
        frameon=False,
        fontsize=9.5,
    )
    return fig


def _spread(colours: tuple[str, ...], count: int) -> list[str]:
    """`count` of the three shades, ends first: strong outside, pale towards the middle."""
    strong_first = colours if colours is _DISAGREE else colours[::-1]
    chosen = sns.blend_palette(strong_first, n_colors=count) if count > 1 else [strong_first[1]]
    return list(chosen) if colours is _DISAGREE else list(chosen)[::-1]
