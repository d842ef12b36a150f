"""Drawing of the signposts notebook: a table in, a matplotlib figure out. What is drawn is computed elsewhere."""

from textwrap import fill

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw.style import BLUE, GREY, INK, ORANGE, PALE, RED, WIDTH

_COLOURS = (BLUE, RED, ORANGE, INK)


def detectable(curves: pd.DataFrame, ylabel: str) -> Figure:
    """Smallest change that can be found over the teachers of a school, a small chart a panel, a line an `icc`.

    `curves`: `panel, icc, teachers, detectable`.
    """
    panels, correlations = (list(dict.fromkeys(curves[name])) for name in ("panel", "icc"))
    fig, axes = plt.subplots(
        1, len(panels), figsize=(WIDTH, 3.6), sharex=True, sharey=True, squeeze=False
    )
    for ax, panel in zip(axes.flat, panels, strict=True):
        for icc, colour in zip(correlations, _COLOURS, strict=False):
            line = curves[(curves["panel"] == panel) & (curves["icc"] == icc)]
            ax.plot(line["teachers"], line["detectable"], color=colour)
            end = line.iloc[-1]
            ax.annotate(
                f"{icc:g}", (end["teachers"], end["detectable"]), xytext=(4, 0),
                textcoords="offset points", color=colour, va="center", fontsize=9.5,
            )  # fmt: skip
        ax.set_title(fill(panel, 30))
        ax.set_ylim(0, 1.08 * curves["detectable"].max())
        ax.set_xlim(0, 1.14 * curves["teachers"].max())
        ax.yaxis.grid(visible=True)
    fig.supxlabel(
        "teachers of a school in the first wave; at the lines: intraclass correlation", fontsize=10
    )
    axes[0, 0].set_ylabel(ylabel)
    return fig


def sensitivity(rows: pd.DataFrame, main: float, names: dict[str, str], xlabel: str) -> Figure:
    """One thing about a study changed at a time: a row a factor, a dot with its value for each setting.

    `rows`: `factor, value, detectable`; `names`: factor -> words. The line at `main` is the study as it was.
    """
    factors = list(dict.fromkeys(rows["factor"]))
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.46 * len(factors)))
    ax.axvline(main, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    for y, factor in enumerate(factors):
        part = rows[rows["factor"] == factor].drop_duplicates("value")
        ends = part["detectable"].agg(["min", "max"])
        ax.plot(ends, [y, y], color=PALE, linewidth=5, solid_capstyle="round", zorder=1)
        for row in part.itertuples():
            as_it_was = abs(row.detectable - main) < 1e-9
            ax.plot(row.detectable, y, "o", color=GREY if as_it_was else BLUE, markersize=6)
            if not as_it_was:
                right = row.detectable > main
                ax.annotate(
                    row.value, (row.detectable, y), xytext=(7 if right else -7, 0), va="center",
                    textcoords="offset points", ha="left" if right else "right", fontsize=9.5,
                )  # fmt: skip
    ax.set_yticks(range(len(factors)), [fill(names[factor], 30) for factor in factors])
    ax.set_ylim(len(factors) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.set_xlabel(xlabel)
    return fig


def schools_needed(curves: pd.DataFrame, marked: int, mark: str) -> Figure:
    """Schools that a study needs over the change it is to find, a line an `icc`; `marked` schools are a dashed line.

    `curves`: `icc, effect, schools`.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    ax.axhline(marked, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    ax.text(curves["effect"].max(), marked * 1.06, mark, ha="right", fontsize=9.5, color=GREY)
    for (icc, line), colour in zip(curves.groupby("icc", sort=False), _COLOURS, strict=False):
        ax.plot(line["effect"], line["schools"], color=colour)
        start = line.iloc[0]
        ax.annotate(
            f"{icc:g}", (start["effect"], start["schools"]), xytext=(-5, 0), ha="right",
            textcoords="offset points", color=colour, va="center", fontsize=9.5,
        )  # fmt: skip
    ax.set_yscale("log")
    ticks = [2, 5, 10, 20, 50, 100, 200, 500, 1000]
    low, high = curves["schools"].min() * 0.8, curves["schools"].max() * 1.3
    shown = [tick for tick in ticks if low <= tick <= high]
    ax.set_yticks(shown, [str(tick) for tick in shown])
    ax.minorticks_off()
    ax.set_ylim(low, high)
    ax.set_xlim(0.5 * curves["effect"].min(), 1.02 * curves["effect"].max())
    ax.set(
        xlabel="change to be found, standard deviations; at the lines: intraclass correlation",
        ylabel="schools needed",
    )
    return fig
