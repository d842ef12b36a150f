"""Effects of several studies: an axis each, zero under zero, and the colour of what is made up."""

import pandas as pd
import pytest

from conftest import apart_on_screens
from helpers.draw import colours, yardsticks

pytestmark = pytest.mark.usefixtures("figure_style")

ROWS = pd.DataFrame(
    {
        "label": ["one", "two", "three", "four"],
        "estimate": [0.31, 0.3, -0.2, 0.44],
        "ci_low": [0.28, 0.2, -0.25, 0.04],
        "ci_high": [0.34, 0.4, -0.16, 0.84],
    }
)
HEADINGS = ["study A: standard deviations of teachers"] * 2 + ["study B: standard deviations of schools"] * 2


def drawn(headings, repeat=0, **more):
    label = {"label": "how often teachers watch the lessons of colleagues " * repeat} if repeat else {}
    return yardsticks.by_yardstick(ROWS.assign(heading=headings, **label, **more), "difference")


@pytest.mark.parametrize(
    ("headings", "repeat"), [(HEADINGS, 0), ("study of schools " * 3, 1), ("study of schools " * 18, 6)]
)
def test_no_words_on_each_other_none_cut_off_none_small(headings, repeat):
    apart_on_screens(drawn(headings, repeat))


def test_each_heading_has_an_axis_of_its_own_and_zero_stands_under_zero():
    """A standard deviation of teachers is not as long as one of schools."""
    above, below = drawn(HEADINGS).axes
    for ax, heading, part in ((above, HEADINGS[0], ROWS[:2]), (below, HEADINGS[2], ROWS[2:])):
        assert ax.get_title(loc="left").replace("\n", " ") == heading
        assert [tick.get_text() for tick in ax.get_yticklabels()] == part["label"].tolist()
        low, high = ax.get_xlim()
        assert low < part["ci_low"].min()
        assert high > part["ci_high"].max()
    assert above.get_xlim() != below.get_xlim()
    zeros = [-low / (high - low) for low, high in (above.get_xlim(), below.get_xlim())]
    assert zeros[0] == pytest.approx(zeros[1])


@pytest.mark.parametrize("reaches", [[(-1, 0.1), (-0.1, 1)], [(-0.01, 3), (-0.2, 0.4), (-5, 5)], [(-1, 2)]])
def test_no_axis_is_shorter_than_it_must_be_nor_much_longer(reaches):
    found = yardsticks.zero_under_zero(reaches)
    for (low, high), (left, right) in zip(reaches, found, strict=True):
        assert left <= low + 1e-9
        assert right >= high - 1e-9
        assert right - left <= 2 * (high - low)


def test_what_is_simulated_has_the_colour_of_its_stamp_and_what_is_off_zero_is_bold():
    (ax,) = drawn("one", state=["recomputed", "simulated"] * 2).axes
    assert [line.get_color() for line in ax.get_lines() if line.get_marker() == "o"] == [
        colours.OURS,
        colours.SIMULATED,
    ] * 2
    assert [text.get_weight() for text in ax.texts if "[" in text.get_text()] == ["bold"] * 4
