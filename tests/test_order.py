"""Waves, years and terms in the order of time, or a question; never the alphabet."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.project import InputError
from helpers.read import order

IN_ORDER = {
    "numbers": ["2", "9", "10"],
    "numbers in words": ["wave 8", "wave 9", "wave 10"],
    "grades": ["Grade 9", "Grade 10", "Grade 11"],
    "decimals": ["-1", "0", "1.5"],
    "school years of two centuries": ["98-99", "99-00", "00-01", "09-10", "10-11"],
    "school years": ["1998/99", "1999/00", "2000/01"],
    "long school years": ["2016-2017", "2017-2018"],
    "with letters": ["SY15-16", "SY16-17", "SY17-18"],
    "dates": ["2013-12-31", "2014-03-01", "2014-11-02"],
    "months of a year": ["2014-03", "2014-11", "2015-01"],
    "German dates": ["31.12.2013", "01.03.2014", "02.11.2014"],
    "American dates, by one that tells": ["03/25/2014", "11/02/2014", "01/03/2015"],
    "dates that both readings put in the same order": ["01/02/2013", "01/02/2014"],
    "seasons": ["Spring 2018", "Fall 2018", "Spring 2019", "Fall 2019"],
    "seasons behind years": ["2018 spring", "2018 autumn", "2019 spring"],
    "months": ["Mar 2018", "Nov 2018", "Feb 2019"],
    "months in full": ["March 2018", "November 2018", "February 2019"],
    "quarters": ["Q3 2018", "Q4 2018", "Q1 2019"],
    "terms": ["Term 1 2019", "Term 2 2019", "Term 1 2020"],
    "waves and years": ["T1 (2014)", "T2 (2016)", "T3 (2018)"],
}


@pytest.mark.parametrize("expected", IN_ORDER.values(), ids=IN_ORDER)
def test_labels_stand_in_the_order_of_time(expected):
    for given_so in itertools.islice(itertools.permutations(expected), 24):
        assert order.in_time(given_so, "the file") == expected


ASKED = {
    "words": ["pre", "post"],
    "words of three": ["before", "during", "after"],
    "days that may be months": ["01/02/2014", "02/01/2014"],
    "winters, of which nobody knows the year's end": ["Winter 2018", "Spring 2018"],
    "two kinds": ["wave 1", "2015"],
    "school years that are none": ["98-97", "99-00"],
}


@pytest.mark.parametrize("labels", ASKED.values(), ids=ASKED)
def test_what_no_rule_tells_is_asked(labels):
    with pytest.raises(InputError, match=r"mine.csv, column 'wave': nothing tells.*`order: \["):
        order.in_time(labels, "mine.csv, column 'wave'")


def test_the_user_decides():
    assert order.in_time(["post", "pre"], "", given=["pre", "mid", "post"]) == ["pre", "post"]
    assert order.in_time(["10", "9"], "", given=[10, 9]) == ["10", "9"]
    assert order.in_time(["post", "pre"], "", first="pre") == ["pre", "post"]
    with pytest.raises(InputError, match="leaves out 'late'"):
        order.in_time(["post", "pre", "late"], "", given=["pre", "post"])


def test_codes_come_before_words():
    assert order.in_time(["1990", "2000"], "", codes=["2000", "1990", "none"]) == ["2000", "1990"]
    assert order.in_time(["a", "b"], "", codes=["b", "a"]) == ["b", "a"]


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=6, unique=True),
    st.sampled_from(["wave {}", "{}", "T{}", "{}. wave", "2018 round {}"]),
)
@settings(max_examples=50)
def test_numbers_in_words_count_as_numbers(numbers, words):
    found = order.in_time([words.format(n) for n in numbers], "")
    assert found == [words.format(n) for n in sorted(numbers)]


def test_what_the_order_rests_on_is_told():
    assert "last century" in order.told(["98-99", "99-00"])
    assert "north" in order.told(["Spring 2018", "Fall 2018"])
    assert order.told(["2012", "2013"]) == order.told(["wave 1", "wave 2"]) == ""
