"""Standard errors behind stars: published bounds, the definition of a p-value, and bad input."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.estimate import rounding
from helpers.read import published

POINT = 12
"""So many decimals that the rounding interval is as good as a point."""

# Worked out by others at the printed point, with normal critical values, to four decimals.
KNOWN = {
    "high-math-2014-15": (0.0170, 0.0217),
    "high-science-2013-14": (0.0161, 0.0206),
    "middle-math-2013-14": (0, 0.0164),
    "middle-science-2013-14": (0, 0.0301),
    "high-math-2013-14": (0.0039, inf),
    "high-science-2012-13": (0.0074, inf),
}
COMMON = {
    ("high", "math"): (0.0170, 0.0217),
    ("high", "science"): (0.0161, 0.0206),
    ("middle", "math"): (0, 0.0164),
    ("middle", "science"): (0, 0.0301),
}


def table2():
    """Table 2 with a row a coefficient: its id without the file's prefix, value, decimals, stars."""
    printed = published.read(published.FOLDER / "002-table2.csv")
    count = printed.loc[printed["statistic"] == "stars", "value"].astype(int)
    coefficients = printed[printed["statistic"] == "coefficient"]
    coefficients = coefficients.assign(stars=count[coefficients.index + "-stars"].to_numpy())
    return coefficients.rename(index=lambda name: name.removeprefix("002-table2-"))


def at_the_point(table):
    return rounding.se_bounds(table.assign(decimals=POINT))


@pytest.mark.parametrize("cell", KNOWN)
def test_bounds_at_the_printed_point_are_the_known_ones(cell):
    found = at_the_point(table2()).loc[cell]
    assert tuple(found) == pytest.approx(KNOWN[cell], abs=0.00005000001)


@pytest.mark.parametrize("panel", COMMON, ids="-".join)
def test_one_standard_error_can_fit_a_whole_panel(panel):
    table = table2()
    table = table[table.index.str.startswith("-".join(panel))]
    assert len(table) == 6
    assert rounding.common_se(at_the_point(table)) == pytest.approx(
        COMMON[panel], abs=0.00005000001
    )
    wider = rounding.common_se(rounding.se_bounds(table))
    assert wider[0] <= COMMON[panel][0] + 0.00005
    assert wider[1] >= COMMON[panel][1] - 0.00005


def test_bounds_of_the_list_of_facts(shared):
    """The list gives the bound of every cell of Table 2, at the printed point and to four decimals."""
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str)
    listed = listed[(listed["seed"] == "002") & (listed["where"] == "Table 2")]
    grades = listed["what"].str.extract(r"grades (6|9)")[0].map({"6": "middle", "9": "high"})
    subject = listed["what"].str.extract(r"(math|science) practices")[0]
    years = listed["what"].str.extract(r"(\d{4})–20(\d\d)$")
    cells = grades + "-" + subject + "-" + years[0] + "-" + years[1]
    found = at_the_point(table2())
    assert sorted(cells) == sorted(found.index)
    for cell, text in zip(cells, listed["recomputable_from_text"], strict=True):
        low, high = found.loc[cell]
        shown = text.partition("stars imply ")[2]
        if low and high < inf:
            assert shown == f"{low:.4f} < SE < {high:.4f}", cell
        else:
            assert shown == (f"SE > {low:.4f}" if low else f"SE < {high:.4f}"), cell


@given(
    st.floats(-2, 2),
    st.integers(0, 3),
    st.floats(0.001, 1),
    st.one_of(st.none(), st.integers(3, 500)),
)
def test_the_true_standard_error_lies_within_its_bounds(true, decimals, se, df):
    """Print a coefficient as papers do: the standard error behind the stars must be among those allowed."""
    t = abs(true) / se
    p = 2 * (stats.norm.sf(t) if df is None else stats.t.sf(t, df))
    count = 3 if p < 0.001 else 2 if p < 0.01 else 0
    low, high = rounding.implied_se(round(true, decimals), decimals, count, df=df)
    assert low * (1 - 1e-9) - 1e-15 <= se <= high * (1 + 1e-9)


@given(st.floats(0.1, 2), st.integers(1, 3), st.integers(3, 200))
def test_bounds_are_where_p_meets_the_levels(value, decimals, df):
    """At the ends of the interval the p-value of the nearest and farthest unrounded coefficient is the level."""
    low, high = rounding.implied_se(value, decimals, 2, df=df)
    half = 0.5 * 10.0**-decimals
    assert 2 * stats.t.sf((value + half) / high, df) == pytest.approx(0.01, rel=1e-9)
    assert 2 * stats.t.sf((value - half) / low, df) == pytest.approx(0.001, rel=1e-9)


def test_the_sign_does_not_matter_and_other_levels_can_be_named():
    usual = {1: 0.05, 2: 0.01, 3: 0.001}
    low, high = rounding.implied_se(-0.2, POINT, 1, usual)
    assert (low, high) == rounding.implied_se(0.2, POINT, 1, usual)
    assert (0.2 / low, 0.2 / high) == pytest.approx(
        (stats.norm.isf(0.005), stats.norm.isf(0.025)), rel=1e-9
    )
    assert rounding.implied_se(0.2, POINT, 0, usual)[0] == pytest.approx(high, rel=1e-9)


def test_a_coefficient_that_rounds_to_nothing_sets_no_lower_bound():
    assert rounding.implied_se(0.0, 2, 0) == (0.0, inf)


def test_a_table_may_name_degrees_of_freedom_for_some_of_its_rows():
    table = pd.DataFrame({"value": [0.1, 0.1], "decimals": 3, "stars": 2, "df": [np.nan, 20]})
    found = rounding.se_bounds(table)
    assert tuple(found.iloc[0]) == rounding.implied_se(0.1, 3, 2)
    assert tuple(found.iloc[1]) == rounding.implied_se(0.1, 3, 2, df=20)
    assert (found.iloc[1] < found.iloc[0]).all()


def test_no_standard_error_may_fit_all():
    table = pd.DataFrame({"value": [0.5, 0.01], "decimals": 3, "stars": [0, 3]})
    assert rounding.common_se(rounding.se_bounds(table)) is None


def test_stars_without_a_level_are_refused():
    with pytest.raises(ValueError, match="1 stars: levels are given for 2, 3 only"):
        rounding.implied_se(0.1, 3, 1)
