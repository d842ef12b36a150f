"""What a coefficient printed with stars, but without a standard error, says about its standard error.

Stars say that the two-sided p-value lies below one level and not below the next stricter one, so the standard error
lies between the coefficient divided by the two critical values. The coefficient itself is known up to rounding: the
bounds here are the outer ones over its rounding interval. Taken at the printed point they would be a little
narrower, and could rule out the true value.
"""

from math import inf

import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

LEVELS = {2: 0.01, 3: 0.001}
"""Number of stars and the p-value below which they are printed, as under Table 2 of Cassata & Allensworth (2021)."""


def implied_se(
    estimate: float,
    decimals: int,
    stars: int,
    levels: dict[int, float] = LEVELS,
    df: float | None = None,
) -> tuple[float, float]:
    """Smallest and largest standard error that a printed coefficient and its stars allow, in its own unit.

    `levels` maps a number of stars to its p-value; fewer stars than the fewest named mean none. Normal critical
    values, or those of t with `df`. The most stars set no lower bound (0), no stars no upper one (infinity).
    Raises ValueError for a number of stars that has no level.
    """
    if stars and stars not in levels:
        raise ValueError(f"{stars} stars: levels are given for {', '.join(map(str, levels))} only")
    half = 0.5 * 10.0**-decimals
    stricter = [count for count in levels if count > stars]
    low = max(abs(estimate) - half, 0.0) / _critical(levels[min(stricter)], df) if stricter else 0.0
    high = (abs(estimate) + half) / _critical(levels[stars], df) if stars else inf
    return low, high


def bounds(table: pd.DataFrame) -> pd.DataFrame:
    """Columns `se_low, se_high`, a row for each row of `table`: columns value, decimals, stars and, if there, df.

    An empty `df` means the normal distribution.
    """
    dfs = table["df"] if "df" in table else pd.Series(float("nan"), table.index)
    found = [
        implied_se(value, decimals, stars, df=None if pd.isna(df) else df)
        for value, decimals, stars, df in zip(
            table["value"], table["decimals"], table["stars"], dfs, strict=True
        )
    ]
    return pd.DataFrame(found, index=table.index, columns=["se_low", "se_high"], dtype=float)


def common_se(bounds: pd.DataFrame) -> tuple[float, float] | None:
    """Smallest and largest standard error that all cells of a panel could share; None when no one fits all."""
    low, high = float(bounds["se_low"].max()), float(bounds["se_high"].min())
    return (low, high) if low <= high else None


def _critical(level: float, df: float | None) -> float:
    upper = 1 - level / 2
    return float(special.ndtri(upper) if df is None else special.stdtrit(df, upper))
