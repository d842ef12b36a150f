"""What became of rows: pages hide counts of one to nine, also from whoever subtracts; the terminal tells all."""

import re

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from helpers.read import accounts
from helpers.read.accounts import Account


@given(st.integers(0, 3000), st.lists(st.integers(0, 60), max_size=4))
def test_a_page_tells_no_small_count_and_none_follows(used, gone):
    left_out = {f"reason {'abcd'[place]}": n for place, n in enumerate(gone)}
    account = Account("mine.csv", used + sum(gone), used, left_out)
    told = [
        int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", account.page.replace("fewer than 10", ""))
    ]
    assert not any(0 < number < 10 for number in told)
    # Totals are round, so that a hidden count stays open by more than one whatever is subtracted.
    for total in re.findall(r"about ([\d,]+)", account.page, re.IGNORECASE):
        assert int(total.replace(",", "")) % 10 == 0
    for why, n in left_out.items():
        assert (why in account.page) is (n > 0)


def test_the_terminal_tells_exactly():
    account = Account("mine.csv", 303, 296, {"no group": 3, "weight 0": 4, "other": 0}, ("Told.",))
    assert account.exact == "mine.csv: 296 of 303 rows are used (left out: no group 3, weight 0 4). Told."
    assert account.page == (
        "About 300 rows were read, and about 300 are used. Left out: no group (fewer than 10), weight 0 (fewer than 10). Told."
    )
    assert Account("mine.csv", 20, 20).page == "About 20 rows were read, and all are used."


def test_schools_of_several_groups_are_counted():
    groups, schools = pd.Series(list("aabbb")), pd.Series(["1", "2", "1", "2", "3"])
    assert accounts.shared_schools(groups, schools, nest=False)[0].startswith("2 schools stand in two groups or more")
    assert accounts.shared_schools(groups, schools, nest=True) == []
    assert accounts.shared_schools(groups, pd.Series(list("12345")), nest=False) == []


def test_rows_by_time():
    assert accounts.by_time("Rows without a score", {"1": 0, "2": 4, "3": 12}) == [
        "Rows without a score: 2 fewer than 10, 3 about 10."
    ]
    assert accounts.by_time("Rows without a score", {"1": 0}) == []
