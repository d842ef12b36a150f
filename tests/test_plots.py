"""Figures that several notebooks draw: everything in sight, whatever the user's names are."""

import pandas as pd
import pytest

from conftest import drawn_inside
from helpers.draw import plots

pytestmark = pytest.mark.usefixtures("figure_style")

ROWS = pd.DataFrame(
    {
        "label": ["one", "two", "three", "four"],
        "estimate": [0.31, 0.3, 0.2, 0.44],
        "ci_low": [0.28, 0.2, 0.16, 0.04],
        "ci_high": [0.34, 0.4, 0.25, 0.84],
    }
)
HEADINGS = ["study A: standard deviations of teachers"] * 2 + ["study B: standard deviations of schools"] * 2  # fmt: skip


def points(fig):
    """Places of the points, from above, and their colours."""
    (ax,) = fig.axes
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    return [line.get_ydata()[0] for line in dots], [line.get_color() for line in dots]


def test_a_heading_has_a_line_of_its_own_and_its_rows_a_colour():
    fig = plots.forest(ROWS.assign(heading=HEADINGS), "difference")
    places, colours = points(fig)
    assert places == [1, 2, 4, 5]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert [tick.get_text() for tick in fig.axes[0].get_yticklabels()] == ROWS["label"].tolist()
    bold = {text.get_text(): text.get_position()[1] for text in fig.axes[0].texts if text.get_weight() == "bold"}  # fmt: skip
    assert bold == {HEADINGS[0]: 0, HEADINGS[2]: 3}


def test_methods_alternate_under_their_labels():
    fig = plots.forest(ROWS.assign(method=["Welch", "clustered"] * 2), "difference", band=0.5)
    places, colours = points(fig)
    assert places == [0, 1, 2, 3]
    assert colours[0] == colours[2] != colours[1] == colours[3]
    assert fig.axes[0].get_yticklabels()[1].get_text() == "two\n(clustered)"


def test_the_axis_holds_zero_and_wastes_no_room_on_its_other_side():
    low, high = plots.forest(ROWS.assign(heading=HEADINGS), "difference").axes[0].get_xlim()
    assert -0.1 < low < 0
    assert 0.84 < high < 0.95
    low, high = plots.forest(ROWS, "difference", band=1.2).axes[0].get_xlim()
    assert -low == high > 1.2


@pytest.mark.parametrize("repeat", [1, 6])
def test_long_headings_and_labels_stay_inside(repeat):
    rows = ROWS.assign(label="how often teachers watch the lessons of colleagues " * repeat, heading="study of schools " * 3 * repeat)  # fmt: skip
    drawn_inside(plots.forest(rows, "difference"))
