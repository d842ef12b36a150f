"""The check on numbers in prose can fail, and does not cry wolf."""

import pytest

from prose import bare_numbers, long_sentences, said, wrong_forms


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


@pytest.mark.parametrize(
    "text",
    [
        "Print has both numbers.",
        "Agreement shows that print fits itself.",
        "What follows from print alone",
        "with 95 percent intervals",
        "37 % of teachers",
        "in the wave 3",
        "No slip can be claimed.",
    ],
)
def test_what_nobody_says_is_found(text):
    assert wrong_forms(text)


@pytest.mark.parametrize(
    "text",
    ["The reports print an average.", "37% of teachers, in percent", "in wave 3", "Numbers as papers print them"],
)
def test_plain_words_are_not(text):
    assert wrong_forms(text) == []


def test_sentences_are_counted_by_their_words():
    short, long = f"It is {'very ' * 27}long.", f"It is {'very ' * 28}long."
    assert long_sentences(f"{short} {short} “{short}” ({short})") == []
    assert long_sentences(f"{short} {long}") == [long]
    assert long_sentences(f"{short[:-1]} – {short[:-1]}.") != []


def test_strings_of_code_are_read_and_what_explains_it_is_not():
    assert list(said('"""Print has it."""\nx = f"{1} in print"  # print has')) == ["{} in print"]
