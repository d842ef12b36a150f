"""Sentences about results follow the data: falling, rising, flat, one, several, mixed."""

import pandas as pd
import pytest

from helpers.draw import words


def steps(*rows):
    return pd.DataFrame(rows, columns=["series", "term", "estimate", "ci_low", "ci_high", "p_value"])


CLEAR, DOUBTFUL = ("high schools", "2017", -0.2, -0.3, -0.1, 0.0002), ("high schools", "2018", -0.05, -0.2, 0.1, 0.5)
RISE = ("elementary schools", "2018", 0.3, 0.2, 0.4, 0.0001)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([RISE], "No report is below the one before it."),
        (
            [CLEAR],
            "1 fall from one report to the next. In 2017, high schools: -0.20 (95% interval -0.30 to -0.10, p < 0.001). It is more than chance would do.",
        ),
        (
            [RISE, DOUBTFUL],
            "In 2018, high schools: -0.05 (95% interval -0.20 to 0.10, p = 0.500). It cannot be told from no change.",
        ),
        ([DOUBTFUL, DOUBTFUL], "None of them can be told from no change."),
        ([CLEAR, CLEAR], "All are more than chance would do."),
        ([CLEAR, DOUBTFUL], "Of these 1 is more than chance would do; the others cannot be told from no change."),
        ([("x", "2018", 0.0, -0.1, 0.1, 1.0)], "No report is below the one before it."),
    ],
)
def test_falls_are_told_with_their_doubt(rows, said):
    assert words.falls(steps(*rows), "report").endswith(said)
