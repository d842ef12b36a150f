"""Tests and intervals that several estimates share: Student's t and normal, shares, and Holm's adjustment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special  # what scipy.stats would call, without its import time

if TYPE_CHECKING:
    import pandas as pd


def t_test(
    estimate: np.ndarray | float,
    std_error: np.ndarray | float,
    df: np.ndarray | float = np.inf,
    level: float = 0.95,
) -> dict[str, np.ndarray | float]:
    """Student's t intervals of estimates, and two-sided tests that they are zero.

    Parameters
    ----------
    estimate, std_error : numbers, arrays or columns of one shape
    df : degrees of freedom; infinite for the normal distribution
    level : how often the intervals hold the truth

    Returns
    -------
    dict
        `estimate, std_error, ci_low, ci_high, p_value`. Where the error is zero, so that there is no t, an interval has
        no length, and p is 0, or NaN where the estimate is zero too.

    Examples
    --------
    >>> {name: round(float(value), 3) for name, value in t_test(0.5, 0.2, df=10).items()}
    {'estimate': 0.5, 'std_error': 0.2, 'ci_low': 0.054, 'ci_high': 0.946, 'p_value': 0.031}
    """
    reach = special.stdtrit(df, 0.5 + level / 2) * std_error
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.divide(estimate, std_error)
    return {
        "estimate": estimate,
        "std_error": std_error,
        "ci_low": estimate - reach,
        "ci_high": estimate + reach,
        "p_value": 2 * special.stdtr(df, -np.abs(t)),
    }


def wilson(count: float, n: float) -> tuple[float, float]:
    """Wilson's (1927) 95 % interval of a share, `count` of `n`; close to its level also in small samples.

    >>> [round(end, 3) for end in wilson(3, 20)]
    [0.052, 0.36]
    """
    return _share(count, n, "wilson")


def clopper_pearson(count: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's (1934) exact 95 % interval of a share: never too short, in small samples often too long.

    >>> [round(end, 3) for end in clopper_pearson(3, 20)]
    [0.032, 0.379]
    """
    return _share(count, n, "beta")


def _share(count: float, n: float, method: str) -> tuple[float, float]:
    from statsmodels.stats.proportion import proportion_confint  # takes a second to import

    low, high = proportion_confint(count, n, method=method)
    return float(low), float(high)


def holm(p_values: pd.Series) -> pd.Series:
    """P-values adjusted by Holm's (1979) method for all that are known; what is empty is no test and stays empty.

    >>> import pandas as pd
    >>> holm(pd.Series([0.01, None, 0.04, 0.03])).tolist()
    [0.03, nan, 0.06, 0.06]
    """
    import pandas as pd
    from statsmodels.stats.multitest import multipletests

    known = p_values.astype(float).dropna()
    adjusted = multipletests(known, method="holm")[1] if len(known) else known
    return pd.Series(adjusted, index=known.index, dtype=float).reindex(p_values.index)
