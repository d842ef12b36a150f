"""Bands: they reach from end to end of what is printed, and a margin that fits no stars is not drawn."""

import numpy as np
import pandas as pd
import pytest
from share_rows import LONG, SIX, response

from conftest import apart_on_screens, marked, words
from helpers.draw import bands, colours, style

pytestmark = pytest.mark.usefixtures("figure_style")

PANELS = ["Grades 6 to 8, mathematics", "Grades 9 to 12, science", LONG]


def statements(*labels):
    rows = pd.DataFrame({"label": labels, "low": 0.7, "high": 0.8, "ci_low": 0.66, "ci_high": 0.83})
    return bands.statements(rows.assign(said="70 to 80%\nn = 3,327", heading=["how", "what"][: len(labels)]))


def printed(*labels):
    rows = pd.DataFrame({"label": labels, "low": [90, 0], "high": [100, 10], "said": ["above 90%", "below 10%"]})
    return bands.printed(rows.assign(group=["x", "y"], marked=[True, False]), "low income")


def star_margins():
    rows = [(p, str(2013 + i), 0.02 + i / 10, i) for p in PANELS for i in range(4)]
    rows = pd.DataFrame(rows, columns=["panel", "term", "estimate", "stars"])
    common = pd.DataFrame({"panel": PANELS, "low": [0.03, np.nan, 0], "high": [0.041, np.nan, 0.058]})
    return bands.star_margins(rows, common, "2 stars: at least 1.3 margins of error from 0, 3 stars: 1.7")


FIGURES = {
    "statements": lambda: statements("planning", LONG),
    "printed": lambda: printed("Ann (school 1)", LONG),
    "margins": star_margins,
    "response rates": lambda: bands.response_rates(*response()),
    "response rates on both sides of a break": lambda: bands.response_rates(*response(SIX), (2019, 2020)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_on_each_other_none_cut_off_none_small(name):
    assert apart_on_screens(FIGURES[name]()).get_figwidth() == style.WIDE


def drawn(fig):
    lines = [line for line in fig.axes[0].get_lines() if line.get_linestyle() == "-"]
    return [[float(x) for x in line.get_xdata()] for line in lines]


def test_bands_are_drawn_from_end_to_end_and_the_marked_ones_dark():
    fig = printed("Ann", "Bo")
    assert drawn(fig) == [pytest.approx([0.9, 1]), pytest.approx([0, 0.1])]
    assert [line.get_color() for line in fig.axes[0].get_lines()] == [colours.PRINTED, colours.QUIET]


def test_a_margin_that_fits_no_stars_is_told_and_not_drawn():
    fig = star_margins()
    assert [ends for ends in drawn(fig) if np.isfinite(ends).all()] == [[0.03, 0.041], [0, 0.058]]
    said = [text.get_text() for text, _ in words(fig)]
    assert [text for text in said if text.startswith(("margin 0", "margin up", "no margin"))] == [
        "margin 0.03 to 0.04",
        "no margin fits",
        "margin up to 0.06",
    ]


def test_what_bears_no_star_is_hollow():
    faces = [face for _, face, shape in marked(star_margins().axes[0]) if shape == "s"]
    assert faces == [colours.PAPER, colours.PRINTED, colours.PRINTED, colours.PRINTED] * 3


def test_ranges_of_a_paper_stand_by_themselves_with_their_ends():
    (ax,) = bands.response_rates(*response()).axes
    ends = [lines.get_paths()[0].vertices[:, 1].tolist() for lines in ax.collections]
    assert ends == [[74, 80], [76, 83]]
    names = [label.get_text().replace("\n", " ") for label in ax.get_xticklabels()]
    assert names == ["2015", "2016", "2017", "students in print", "teachers in print"]
    assert {"74", "80", "76", "83"} <= {text.get_text() for text in ax.texts}
