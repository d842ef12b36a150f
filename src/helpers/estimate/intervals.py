"""Tests and intervals that several estimates share: Student's t and normal, shares, and Holm's adjustment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special  # what scipy.stats would call, without its import time

if TYPE_CHECKING:
    import pandas as pd

    Numbers = float | np.ndarray | pd.Series


def t_test(estimate: Numbers, std_error: Numbers, df: Numbers = np.inf, level: float = 0.95) -> dict[str, Numbers]:
    """Student's t intervals of estimates, and two-sided tests that they are zero.

    Keys `estimate, std_error, ci_low, ci_high, p_value`. Where the error is zero, so that there is no t, an interval
    has no length, and p is 0, or NaN where the estimate is zero too.

    >>> {name: round(float(value), 3) for name, value in t_test(0.5, 0.2, df=10).items()}
    {'estimate': 0.5, 'std_error': 0.2, 'ci_low': 0.054, 'ci_high': 0.946, 'p_value': 0.031}

    Parameters
    ----------
    estimate, std_error : numbers, arrays or columns of one shape, in one unit
    df : degrees of freedom; infinite for the normal distribution
    level : how often the intervals hold the truth
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


def wilson(count: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """Wilson's (1927) 95 % interval of a share, `count` of `n`; close to its level also in small samples.

    >>> [round(float(end), 3) for end in wilson(3, 20)]
    [0.052, 0.36]
    """
    from statsmodels.stats.proportion import proportion_confint  # takes a second to import

    return proportion_confint(count, n, method="wilson")


def clopper_pearson(count: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """Clopper and Pearson's (1934) exact 95 % interval of a share: never too short, in small samples often too long.

    >>> [round(float(end), 3) for end in clopper_pearson(3, 20)]
    [0.032, 0.379]
    """
    from statsmodels.stats.proportion import proportion_confint

    return proportion_confint(count, n, method="beta")


def holm(p_values: pd.Series) -> pd.Series:
    """P-values adjusted by Holm's (1979) method for all that are known; what is empty is no test and stays empty.

    >>> import pandas as pd
    >>> holm(pd.Series([0.01, None, 0.04, 0.03])).tolist()
    [0.03, nan, 0.06, 0.06]
    """
    from statsmodels.stats.multitest import multipletests

    known = p_values.astype(float).dropna()
    if len(known):
        known[:] = multipletests(known, method="holm")[1]
    return known.reindex(p_values.index)
