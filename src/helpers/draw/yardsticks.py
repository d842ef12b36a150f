"""Effects of several studies, each on an axis of its own, as what is in other units must not be compared by length."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from helpers.draw import forest_plots, style
from helpers.draw.colours import OURS, SIMULATED
from helpers.draw.style import HEAD


@style.two_widths
def by_yardstick(rows: pd.DataFrame, xlabel: str) -> Figure:
    """Estimates with intervals as `forest_plots.effects` draws them, a chart for each `heading`, zero under zero.

    `rows`: as for `forest_plots.effects`, and `heading`; `xlabel`: what the axes show.
    """
    parts = [part for _, part in rows.groupby("heading", sort=False)]
    names = [[style.wrap(label, 1.9 if style.on_phone() else 2.0, HEAD) for label in part["label"]] for part in parts]
    stacks = [style.rows_of(of, HEAD, 0.3, over=style.on_phone()) for of in names]
    ends = [end for _, end in stacks]
    heads = [style.wrap(part["heading"].iloc[0], min(3.9, style.across() - 0.3), HEAD, "bold") for part in parts]
    height = sum(ends) + sum(style.tall(head, HEAD) + 0.5 for head in heads) + 0.6
    fig, axes = plt.subplots(len(parts), figsize=(style.across(), height), height_ratios=ends, squeeze=False)
    made_up = rows.get("state", pd.Series("", rows.index)).eq("simulated")
    reaches = zero_under_zero([forest_plots.limits(part.assign(panel=""))[""] for part in parts])
    for ax, part, of, head, (ys, end), reach in zip(axes[:, 0], parts, names, heads, stacks, reaches, strict=True):
        style.name_rows(ax, ys, of, HEAD, over=style.on_phone())
        ax.spines["left"].set_visible(False)
        forest_plots.effect_rows(ax, ys, part, np.where(made_up[part.index], SIMULATED, OURS))
        ax.set(ylim=(end, 0), xlim=reach)
        ax.xaxis.set_major_locator(plt.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        ax.set_title(head, fontsize=HEAD)
    own = "\n(each chart on a scale of its own)" * (len(parts) > 1)
    fig.supxlabel(f"{xlabel}{own}\n{forest_plots.what_fills_mean(rows)}", fontsize=HEAD)
    return fig


def zero_under_zero(reaches: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Ends of axes, each with zero at the same place, wasting as little of the worst one as that allows.

    >>> [(round(low, 2), round(high, 2)) for low, high in zero_under_zero([(-1.0, 1.0), (-0.1, 0.3)])]
    [(-1.0, 1.5), (-0.2, 0.3)]

    `reaches`: the ends that each needs, zero between them.
    """
    low, high = np.abs(np.array(reaches, dtype=float)).T
    left = np.linspace(0.02, 0.98, 97)[:, None]  # of the axis is left of zero
    widths = np.maximum(low / left, high / (1 - left))
    best = (widths / (low + high)).max(axis=1).argmin()
    share = float(left[best, 0])
    return [(-share * width, (1 - share) * width) for width in widths[best].tolist()]
