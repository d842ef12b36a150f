"""What rounding and stars allow, against brute force, print, the definition of a p-value and bad input."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers.estimate import rounding, twogroups
from helpers.read import published
from helpers.study import participants

sizes = st.integers(5, 80)


def around(value, decimals):
    half = 0.5 * 10.0**-decimals
    value = round(value, decimals)
    return value - half - 1e-12, value + half + 1e-12


@given(st.floats(-3, 3), st.floats(0.2, 3), st.floats(0.2, 3), sizes, sizes)
def test_no_true_pair_of_sizes_is_ever_missed(difference, sd1, sd2, n1, n2):
    df = twogroups.welch_df(sd1, sd2, n1, n2)
    t = difference / np.sqrt(sd1**2 / n1 + sd2**2 / n2)
    given_ranges = around(difference, 2), around(sd1, 2), around(sd2, 2)
    assert rounding.welch_reproduces(*given_ranges, n1, n2, around(df, 3), around(t, 3))
    df_range, t_range = rounding.welch_ranges(*given_ranges, n1, n2)
    assert df_range[0] - 1e-9 <= df <= df_range[1] + 1e-9
    assert t_range[0] - 1e-9 <= t <= t_range[1] + 1e-9


@settings(max_examples=150)
@given(
    st.tuples(st.floats(-1, 1), st.floats(0.3, 2), st.floats(0.3, 2)),
    sizes,
    sizes,
    st.tuples(st.floats(-1.5, 1.5), st.floats(-2, 2)),
)
def test_agrees_with_a_search_over_a_grid(point, n1, n2, shift):
    difference, sd1, sd2 = point
    boxes = [(value - 0.05, value + 0.05) for value in point]
    df = twogroups.welch_df(sd1, sd2, n1, n2) + shift[0]
    t = difference / np.sqrt(sd1**2 / n1 + sd2**2 / n2) + shift[1]
    a, b = np.meshgrid(np.linspace(*boxes[1], 301), np.linspace(*boxes[2], 301))
    v1, v2 = a**2 / n1, b**2 / n2
    dfs = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    ends = np.array([edge / np.sqrt(v1 + v2) for edge in boxes[0]])

    def on_grid(reach_df, reach_t):
        fits = abs(dfs - df) <= reach_df
        return bool((fits & (ends.min(0) <= t + reach_t) & (ends.max(0) >= t - reach_t)).any())

    ours = rounding.welch_reproduces(*boxes, n1, n2, (df - 0.2, df + 0.2), (t - 0.1, t + 0.1))
    if on_grid(0.2, 0.1):
        assert ours
    if ours:  # the grid may just miss it, so let it reach a little further
        assert on_grid(0.4, 0.12)


def printed_tests():
    return participants.printed_tests(published.read(published.FOLDER / "001-table2.csv"))


def test_only_49_and_49_reproduce_the_chilean_table():
    cells = rounding.reproduction_map(printed_tests(), range(40, 60), range(40, 60))
    fitting = cells[cells["reproduced"] == 5]
    assert fitting[["n1", "n2"]].to_numpy().tolist() == [[49, 49]]
    assert cells.set_index(["n1", "n2"])["reproduced"][48, 49] == 2


def test_printed_df_exceed_what_48_and_49_allow():
    highest = printed_tests()["df_low"].max()
    assert highest > 48 + 49 - 2


# Brown & Heathers's own example: no 28 whole numbers have the mean 5.19.
@pytest.mark.parametrize(
    ("mean", "n", "items", "possible"),
    [
        (5.19, 28, 1, False),
        (5.18, 28, 1, True),
        (5.19, 28, 4, True),
        (3.5, 1, 2, True),
        (3.5, 1, 1, False),
    ],
)
def test_grim_examples(mean, n, items, possible):
    assert rounding.grim(mean, 2, n, items) is possible


@given(st.integers(1, 300), st.integers(0, 1200), st.integers(1, 2))
def test_grim_accepts_every_mean_that_exists(n, total, decimals):
    assert rounding.grim(round(total / n, decimals), decimals, n)


@given(st.integers(1, 99), st.integers(100, 400))
def test_grim_agrees_with_trying_every_total(n, hundredths):
    mean = hundredths / 100
    tried = any(abs(100 * total - hundredths * n) * 2 <= n for total in range(4 * n + 1))
    assert rounding.grim(mean, 2, n) is tried


def test_figure_6_fits_47_and_not_48_or_49():
    means = published.read(published.FOLDER / "001-figure6.csv")["value"]
    whole = [n for n in range(10, 97) if all(rounding.grim(mean, 2, n) for mean in means)]
    assert whole == [47, 53, 66, 73, 77, 80, 81, 86, 87, 90, 91, 92, 94, 96]


# --- standard errors behind stars

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
    assert rounding.common_se(at_the_point(table)) == pytest.approx(COMMON[panel], abs=0.00005000001)
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
    st.one_of(st.just(inf), st.integers(3, 500)),
)
def test_the_true_standard_error_lies_within_its_bounds(true, decimals, se, df):
    """Print a coefficient as papers do: the standard error behind the stars must be among those allowed."""
    t = abs(true) / se
    p = 2 * (stats.norm.sf(t) if df == inf else stats.t.sf(t, df))
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
    assert (0.2 / low, 0.2 / high) == pytest.approx((stats.norm.isf(0.005), stats.norm.isf(0.025)), rel=1e-9)
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


def test_printed_p_fit_one_distribution_with_other_degrees_of_freedom():
    """As an audit found from the printed t and p alone: 139 to 199 for all five, twice the printed df too."""
    whole = [df for df in range(30, 500) if rounding.p_fits(printed_tests(), df).all()]
    assert (whole[0], whole[-1], len(whole)) == (139, 199, 61)
    assert rounding.p_fits(printed_tests(), 2 * printed_tests()["df"]).all()
    assert [rounding.p_fits(printed_tests(), df).sum() for df in (95, 96, 97, 98)] == [1, 1, 1, 1]


def test_the_degrees_of_freedom_of_1947_fit_worse():
    """The audit's search: 48 and 48 with four of five."""
    found = rounding.reproduction_map(printed_tests(), range(44, 53), range(44, 53), of_1947=True)
    best = found.loc[found["reproduced"].idxmax()]
    assert best.tolist() == [48, 48, 4]


@given(st.floats(0.3, 3), st.floats(0.3, 3), st.integers(5, 80), st.integers(5, 80))
def test_a_test_of_1947_is_reproduced_from_its_own_numbers(sd1, sd2, n1, n2):
    v1, v2 = sd1**2 / n1, sd2**2 / n2
    df, t = (v1 + v2) ** 2 / (v1**2 / (n1 + 1) + v2**2 / (n2 + 1)) - 2, 0.4 / (v1 + v2) ** 0.5
    sample = (0.399, 0.401), (sd1 - 0.001, sd1 + 0.001), (sd2 - 0.001, sd2 + 0.001)
    tested = (df - 1e-6, df + 1e-6), (t - 1e-3, t + 1e-3)
    assert rounding.welch_reproduces(*sample, n1, n2, *tested, of_1947=True)


def test_printed_sizes_give_two_of_the_five_tests():
    """Welch's df cannot exceed 48 + 49 - 2 = 95, and two are above; 49 participants would give each of the five."""
    found = participants.with_printed_sizes(printed_tests(), range(30, 75))
    assert found["comes_out"].tolist() == [False, True, False, False, True]
    assert all(low <= 49 <= high for low, high in found["n"])
    assert max(high for _, high in found["df"]) < 95


def test_p_of_rounded_print_is_a_range_that_holds_every_unrounded_sample():
    tests, rng = printed_tests(), np.random.default_rng(4)
    found = participants.p_ranges(tests, 49, 49)
    for place, test in tests.iterrows():
        for _ in range(200):
            m1, m2, s1, s2 = (
                rng.uniform(test[f"{x}_low"], test[f"{x}_high"]) for x in ("mean1", "mean2", "sd1", "sd2")
            )
            p = stats.ttest_ind_from_stats(m1, s1, 49, m2, s2, 49, equal_var=False).pvalue
            assert found.at[place, "p_low"] <= p <= found.at[place, "p_high"]
    assert found.loc[2, ["p_low", "p_high"]].round(3).tolist() == [0.026, 0.039]
    assert found.loc[2, ["holm_low", "holm_high"]].round(2).tolist() == [0.13, 0.19]
