"""What rounding allows, against brute force and against print."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@settings(max_examples=150, deadline=None)
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
