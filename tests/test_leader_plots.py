"""Figures of leaders: drawn without warnings, with all their text inside, and with the marks where the numbers say."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Polygon, Rectangle

from conftest import drawn_inside
from helpers.draw import leader_plots

pytestmark = pytest.mark.usefixtures("figure_style")

LONG = "Working with the colleagues of another department on a project that goes on for a year"


def people(*labels):
    rows = pd.DataFrame({"label": labels, "group": ["x", "y"] * (len(labels) // 2), "block": "one"})
    rows.loc[rows.index[-1], "block"] = "two"
    rows["size"] = ["small", "large"] * (len(labels) // 2)
    rows.loc[0, "size"] = "small + large"
    return rows.assign(poor_low=0, poor_high=[10, 50] * (len(labels) // 2))


def profiles(*labels):
    return leader_plots.profiles(
        people(*labels), {"size": ["small", "large"]}, {"poor": "low income"}
    )


def counts(*labels):
    rows = pd.DataFrame({"label": labels, "count": 7, "n": 7, "share": 1.0})
    return rows.assign(ci_low=0.59, ci_high=1.0, group=["a", "b"][: len(labels)])


def links():
    rows = [("share", "time", "needs"), ("share", "trust", "builds"), ("inspire", "trust", "by the abstract")]  # fmt: skip
    return pd.DataFrame(rows, columns=["practice", "support", "statistic"])


LOOKS = {"needs": "full", "by the abstract": "hatched", "as any": "pale", "builds": "builds"}


def said(*labels):
    rows = pd.DataFrame({"label": labels, "low": 0.7, "high": 0.8, "ci_low": 0.66, "ci_high": 0.83})
    return rows.assign(said="70 to 80 %\nn = 3,327")


def odds(practices, supports):
    rows = [(p, s) for p in practices for s in supports]
    frame = pd.DataFrame(rows, columns=["practice", "support"])
    frame = frame.assign(odds_ratio=2.0, ci_low=0.5, ci_high=9.0, p_holm=0.2, note="")
    frame.loc[0, ["odds_ratio", "ci_low", "ci_high", "p_holm"]] = [np.inf, 3.1, np.inf, 0.01]
    frame.loc[1, ["odds_ratio", "ci_low", "ci_high"]] = [0.0, 0.0, 0.7]
    frame.loc[2, ["odds_ratio", "ci_low", "ci_high", "p_holm"]] = np.nan
    return frame


def codes(names):
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i:]]
    return pd.DataFrame(pairs, columns=["code_1", "code_2"]).assign(both=12)


FIGURES = {
    "people": lambda: profiles("Ann (school 1)", "Bo (school 2)", "Cy (school 2)", "Di (school 3)"),
    "counts": lambda: leader_plots.counted(counts("sharing", "inspiring")),
    "one count": lambda: leader_plots.counted(counts("sharing")),
    "long counts": lambda: leader_plots.counted(counts(LONG, "inspiring")),
    "model": lambda: leader_plots.model(links(), LOOKS),
    "statements": lambda: leader_plots.statements(said("planning", LONG)),
    "together": lambda: leader_plots.together(codes(["sharing", "inspiring", LONG]), 16),
    "one code": lambda: leader_plots.together(codes(["sharing"]), 16),
    "many codes": lambda: leader_plots.together(codes([f"code {i}" for i in range(20)]), 16),
    "odds": lambda: leader_plots.associations(odds(["share", "inspire"], ["time", "trust", "none"])),
    "long odds": lambda: leader_plots.associations(odds([LONG, "inspire"], ["time", LONG, "none"])),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_text_stays_inside_and_labels_apart(name):
    fig = FIGURES[name]()
    drawn = drawn_inside(fig)
    assert drawn.y0 > -0.12
    assert drawn.y1 < fig.get_figheight() + 0.12
    for ax in fig.axes:
        shown = [text.get_window_extent() for text in ax.get_yticklabels() if text.get_text()]
        shown.sort(key=lambda box: box.y0)
        assert all(a.y1 < b.y0 + 1 for a, b in itertools.pairwise(shown))
    titles = [ax._left_title.get_window_extent() for ax in fig.axes if ax.get_title(loc="left")]
    for place, box in enumerate(titles):
        assert not any(box.overlaps(other) for other in titles[place + 1 :])


def test_bands_are_drawn_from_end_to_end_and_steps_filled():
    fig = profiles("Ann", "Bo")
    steps, bands = fig.axes
    lines = [list(line.get_xdata()) for line in bands.get_lines() if len(line.get_xdata()) == 2]
    assert lines[:2] == [[0, 10], [0, 50]]
    pale = to_rgba("#f2f2f2")
    filled = [box.get_facecolor() != pale for box in steps.patches if isinstance(box, Rectangle)]
    assert filled == [True, True, False, True]  # Ann has both sizes, Bo is large


def test_a_need_is_a_box_and_what_is_built_a_triangle():
    (ax,) = leader_plots.model(links(), LOOKS).axes
    boxes = [box for box in ax.patches if isinstance(box, Rectangle)]
    (triangle,) = (shape for shape in ax.patches if type(shape) is Polygon)
    assert [(round(b.get_x() + 0.38), round(b.get_y() + 0.34)) for b in boxes] == [(0, 0), (1, 1)]
    assert [bool(box.get_hatch()) for box in boxes] == [False, True]
    assert triangle.get_xy()[:, 0].mean() == pytest.approx(1, abs=0.1)


def test_odds_beyond_the_axis_end_in_arrows_and_only_clear_ones_are_filled():
    fig = leader_plots.associations(odds(["share", "inspire"], ["time", "trust", "none"]))
    marks = [line.get_marker() for line in fig.axes[0].get_lines() if line.get_marker() in "<>o"]
    assert sorted(marks) == ["<", ">"]  # infinity and zero are no places on the axis
    dots = [line for line in fig.axes[1].get_lines() if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() for dot in dots] == ["white"] * 3
    assert "not tested" in [text.get_text() for text in fig.axes[0].texts]


@pytest.mark.parametrize(
    ("value", "shown"), [(np.inf, "∞"), (0, "0"), (0.046, "0.05"), (1.0186, "1.02"), (118.9, "119")]
)
def test_odds_ratios_as_people_read_them(value, shown):
    assert leader_plots.ratio(value) == shown
