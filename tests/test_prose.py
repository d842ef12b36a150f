"""The check on numbers in prose can fail, and does not cry wolf."""

import pytest

from prose import bare_numbers


@pytest.mark.parametrize(
    "text",
    [
        "The effect was 0.44.",
        "About 66 % answered.",
        "n = 48",
        "p < .05",
        "It fell by −3 points.",
        "In 22 schools",
        "3 of 5",
        "95% interval",
    ],
)
def test_results_are_found(text):
    assert bare_numbers(text)


@pytest.mark.parametrize(
    "text",
    [
        "Table 2 and Figure 6 of Volante and others (2023)",
        "from 2013 to 2016, in 2019-2020",
        "[doi:10.30828/real.1095600](https://doi.org/10.30828/real.1095600)",
        "the column `item_3`",
        "1. first\n2. second",
        "a scale from one to four",
    ],
)
def test_names_and_years_are_not(text):
    assert bare_numbers(text) == []
