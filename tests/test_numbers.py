"""Numbers for people: nothing that is not zero reads as zero, and nothing that is unknown reads as a number."""

import numpy as np
import pandas as pd
import pytest

from helpers.draw import numbers

SHOWN = {
    "p_value": [(0.0, "< 0.001"), (0.00099, "< 0.001"), (0.001, "0.001"), (0.0414, "0.041"), (1, "1.000"), (np.nan, "–")],
    "stars": [(0.0, "***"), (0.0009, "***"), (0.001, "**"), (0.0099, "**"), (0.01, ""), (0.04, ""), (1, "")],
    "ratio": [(np.inf, "∞"), (0, "0"), (0.046, "0.05"), (1.0186, "1.02"), (118.9, "119")],
    "number": [(0.1234, "0.123"), (0, "0.000"), (np.inf, "–")],
    "written": [(2016, "2016"), (32_000, "32,000"), (0.5, "0.5"), (np.nan, "–")],
    "percent": [(0.345, "35"), (0.0, "0"), (0.004, "<1"), (0.997, ">99"), (1.0, "100")],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "shown"), [(n, *case) for n in SHOWN for case in SHOWN[n]])
def test_as_people_read_them(name, value, shown):
    assert getattr(numbers, name)(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.00"),
        (1e-5, "0.00001"),
        (-0.004, "-0.004"),
        (0.00446, "0.0045"),
        (-3.2e-7, "-3.2e-07"),
        (2e7, "20,000,000"),
        (3e15, "3.00e+15"),
        (np.nan, "–"),
    ],
)
def test_numbers_say_something_in_as_many_decimals_as_asked(value, shown):
    assert numbers.number(value, 2) == shown


def test_intervals_and_differences():
    assert numbers.interval(-0.1, 0.2) == "-0.10 to 0.20"
    assert numbers.interval(np.nan, np.nan) == "–"
    assert numbers.interval(-np.inf, np.inf) == "no bounds: too few clusters"
    assert numbers.span(pd.Series([0.251, 0.249, 0.1])) == "0.10 to 0.25"
    assert numbers.span(pd.Series([0.251, 0.249])) == "0.25"
    assert [numbers.points(x, 1) for x in (-0.11, 0.123, 0.0001)] == ["−11.0", "+12.3", "0.0"]


def test_headings_over_numbers():
    wanted = {"n": "{n:.0f}", "a": "{not at all:.0f}", "b": "of {n:,.0f}", "c": "{n}", "d": "{n:.0f} of {m:.0f}", "e": [1]}  # fmt: skip
    assert numbers.numeric(wanted) == [True, True, True, False, False, False]
