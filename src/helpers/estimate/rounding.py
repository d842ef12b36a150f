"""What print allows: which unrounded numbers, standard errors and deviations could stand behind printed ones.

All ranges are (low, high) of a number before rounding. Welch's test: Satterthwaite's degrees of freedom depend on the
two SDs only, t on the SDs and the difference of the means. The sets are exact; nothing is searched on a grid.
GRIM: Brown & Heathers (2017), https://doi.org/10.1177/1948550616673876.
Stars say that the two-sided p-value lies below one level and not below the next stricter one, so the standard error
lies between the coefficient divided by the two critical values: here the outer bounds over its rounding interval, for
those at the printed point could rule out the true value.
"""

from itertools import product
from math import ceil, floor, inf, sqrt

import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate.twogroups import welch_df, welch_error

Range = tuple[float, float]

LEVELS = {2: 0.01, 3: 0.001}
"""Number of stars and the p-value below which they are printed, as under Table 2 of Cassata & Allensworth (2021)."""


def welch_ranges(mean_difference: Range, sd1: Range, sd2: Range, n1: int, n2: int) -> tuple[Range, Range]:
    """Ranges of Welch's df, and of t, that means and SDs inside the given ranges allow, each taken alone.

    Parameters
    ----------
    mean_difference, sd1, sd2, n1, n2 : ranges in one unit, and sizes of the groups
    """
    corners = list(product(sd1, sd2))
    dfs = [welch_df(*corner, n1, n2) for corner in corners]
    # Along the ratio of the SDs, df rises to n1 + n2 - 2 at `top` and falls again.
    top = sqrt(n2 * (n2 - 1) / (n1 * (n1 - 1)))
    highest = float(n1 + n2 - 2) if sd2[0] / sd1[1] <= top <= sd2[1] / sd1[0] else max(dfs)
    return (min(dfs), highest), _ts(mean_difference, corners, n1, n2)


def welch_reproduces(
    mean_difference: Range, sd1: Range, sd2: Range, n1: int, n2: int, df: Range, t: Range, of_1947: bool = False
) -> bool:
    """Can unrounded means and SDs inside the given ranges give this df and this t at the same time?

    Parameters
    ----------
    mean_difference, sd1, sd2, n1, n2, df, t : as in `welch_ranges`, and what is printed of the test, as ranges
    of_1947 : the degrees of freedom are those of Welch (1947), with n + 1 for n - 1 and less 2 in the end
    """
    cuts = (_clip(sd1, sd2, *ratios) for ratios in _ratios_with_df(df, n1, n2, of_1947))
    found = (_ts(mean_difference, points, n1, n2) for points in cuts if points)
    return any(low <= t[1] and t[0] <= high for low, high in found)


def printed_ranges(test: pd.Series) -> tuple[Range, Range, Range]:
    """The difference of means (second minus first) and both SDs of one row of `participants.printed_tests`."""
    difference = test["mean2_low"] - test["mean1_high"], test["mean2_high"] - test["mean1_low"]
    return difference, _ends(test, "sd1"), _ends(test, "sd2")


def reproduction_map(tests: pd.DataFrame, sizes1: range, sizes2: range, of_1947: bool = False) -> pd.DataFrame:
    """Rows `n1, n2, reproduced`: how many of the tests of `participants.printed_tests` two group sizes can give.

    Parameters
    ----------
    tests, sizes1, sizes2, of_1947 : the tests; sizes of either group to be tried; as for `welch_reproduces`
    """
    printed = [(printed_ranges(test), (_ends(test, "df"), _ends(test, "t"))) for test in tests.to_dict("records")]
    rows = [
        (n1, n2, sum(welch_reproduces(*sample, n1, n2, *tested, of_1947) for sample, tested in printed))
        for n1, n2 in product(sizes1, sizes2)
    ]
    return pd.DataFrame(rows, columns=["n1", "n2", "reproduced"])


def p_fits(tests: pd.DataFrame, df: float | pd.Series) -> pd.Series:
    """Which printed two-sided p of `participants.printed_tests` follow from their t with these degrees of freedom."""
    t = tests[["t_low", "t_high"]].abs()
    far, near = t.max(axis=1), t.min(axis=1).where(tests["t_low"] * tests["t_high"] > 0, 0)
    low, high = 2 * special.stdtr(df, -far), 2 * special.stdtr(df, -near)
    return tests["p_low"].le(high) & tests["p_high"].ge(low)


def grim(mean: float, decimals: int, n: int, items: int = 1) -> bool:
    """Can the mean of these people's scores, each a mean of integer answers, print as `mean`?

    >>> grim(3.45, decimals=2, n=20), grim(3.47, decimals=2, n=20)
    (True, False)
    >>> grim(3.47, decimals=2, n=20, items=5)
    True

    Parameters
    ----------
    mean, decimals : what is printed, and with how many decimals; a half may be rounded either way
    n, items : people, and answers behind each one's score
    """
    half, answers = 0.5 * 10.0**-decimals, n * items
    slack = 1e-9  # of one answer: keeps exact halves in, whatever their last bit
    return ceil((mean - half) * answers - slack) <= floor((mean + half) * answers + slack)


def sd_bounds(mean: float, n: int, low: int, high: int) -> tuple[float, float]:
    """Smallest and largest SD (n - 1 in the denominator) that integer answers with this mean can have.

    Largest: all answers at the two ends, variance (mean - low)(high - mean) (Bhatia & Davis 2000). Smallest: all
    answers at the two whole numbers next to the mean.

    Parameters
    ----------
    mean, n, low, high : mean and number of the answers, and ends of their scale
    """
    part, bessel = mean - int(mean), n / (n - 1)
    return sqrt(part * (1 - part) * bessel), sqrt((mean - low) * (high - mean) * bessel)


def implied_se(
    estimate: float, decimals: int, stars: int, levels: dict[int, float] = LEVELS, df: float = inf
) -> tuple[float, float]:
    """Smallest and largest standard error that a printed coefficient and its stars allow, in its own unit.

    The most stars set no lower bound (0), no stars no upper one (infinity). Raises ValueError for other stars.

    >>> [round(float(end), 3) for end in implied_se(0.12, decimals=2, stars=2)]
    [0.035, 0.049]

    Parameters
    ----------
    estimate, decimals, stars : what is printed, and with how many decimals
    levels : number of stars -> p-value below which they are printed, as LEVELS; `stars` is one of these or 0
    df : degrees of freedom of Student's t; infinite for the normal distribution
    """
    if stars and stars not in levels:
        raise ValueError(f"{stars} stars: levels are given for {', '.join(map(str, levels))} only")
    half = 0.5 * 10.0**-decimals
    stricter = [count for count in levels if count > stars]
    low = max(abs(estimate) - half, 0.0) / _critical(levels[min(stricter)], df) if stricter else 0.0
    high = (abs(estimate) + half) / _critical(levels[stars], df) if stars else inf
    return low, high


def se_bounds(table: pd.DataFrame) -> pd.DataFrame:
    """Columns `se_low, se_high` for rows of `table`: value, decimals, stars and, if there, df (empty: normal)."""
    rows = table.reindex(columns=["value", "decimals", "stars", "df"]).fillna({"df": inf})
    found = [implied_se(row.value, row.decimals, row.stars, df=row.df) for row in rows.itertuples()]
    return pd.DataFrame(found, index=table.index, columns=["se_low", "se_high"], dtype=float)


def common_se(bounds: pd.DataFrame) -> tuple[float, float] | None:
    """Smallest and largest standard error that all cells of a panel could share; None when no one fits all."""
    low, high = float(bounds["se_low"].max()), float(bounds["se_high"].min())
    return (low, high) if low <= high else None


def _ends(test: pd.Series, name: str) -> Range:
    return test[f"{name}_low"], test[f"{name}_high"]


def _ts(mean_difference: Range, points: list[tuple[float, float]], n1: int, n2: int) -> Range:
    """Range of t over the pairs of SDs between these vertices: the standard error grows with both."""
    errors = [welch_error(sd1, sd2, n1, n2) for sd1, sd2 in points]
    values = [a / b for a in mean_difference for b in (min(errors), max(errors))]
    return min(values), max(values)


def _ratios_with_df(df: Range, n1: int, n2: int, of_1947: bool) -> list[Range]:
    """Ranges of sd2 / sd1 whose Welch df lies in `df`.

    With r the first group's part of the squared standard error, 1/df = r^2/(n1-1) + (1-r)^2/(n2-1); in 1947
    1/(df+2) = r^2/(n1+1) + (1-r)^2/(n2+1).
    """
    low, high = (end + 2 if of_1947 else end for end in df)
    free1, free2 = (n + 1 if of_1947 else n - 1 for n in (n1, n2))
    peak = free1 + free2
    if low > peak:
        return []
    outer = _parts_with_df(low, free1, free2)
    inner = _parts_with_df(high, free1, free2) if high < peak else None
    parts = [outer] if inner is None else [(outer[0], inner[0]), (inner[1], outer[1])]
    return [(_ratio(high, n1, n2), _ratio(low, n1, n2)) for low, high in parts if max(low, 0) <= min(high, 1)]


def _parts_with_df(df: float, free1: int, free2: int) -> Range:
    a, b, c = 1 / free1 + 1 / free2, -2 / free2, 1 / free2 - 1 / df
    root = sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def _ratio(part: float, n1: int, n2: int) -> float:
    part = min(max(part, 0.0), 1.0)
    return inf if part == 0 else sqrt((1 - part) / part * n2 / n1)


def _clip(sd1: Range, sd2: Range, low: float, high: float) -> list[tuple[float, float]]:
    """Vertices of the box sd1 x sd2 cut to low <= sd2/sd1 <= high."""
    points = [(a, b) for a, b in product(sd1, sd2) if low * a <= b <= high * a]
    for slope in (low, high):
        if 0 < slope < inf:
            points += [(a, slope * a) for a in sd1 if sd2[0] <= slope * a <= sd2[1]]
            points += [(b / slope, b) for b in sd2 if sd1[0] <= b / slope <= sd1[1]]
    return points


def _critical(level: float, df: float) -> float:
    return float(special.stdtrit(df, 1 - level / 2))
