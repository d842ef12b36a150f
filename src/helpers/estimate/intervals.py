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


def of_shares(
    share: np.ndarray,
    std_error: np.ndarray,
    df: np.ndarray,
    n: np.ndarray,
    effective_n: np.ndarray,
    kind: str = "logit",
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of 95% intervals of shares from a survey, always within 0 and 1.

    "logit": Student's t on the scale of log odds (R's survey, `svyciprop`, has the same default). "Korn-Graubard":
    Clopper and Pearson's with the design's effective sample size, share (1 - share) / se^2, times (t_(n-1) / t_df)^2
    (Korn and Graubard 1998; `svyciprop(method="beta")`). "symmetric": share -+ t se, cut at 0 and 1, which is too short
    near these. A share of 0 or 1 shows no variance: with the first two it has Clopper and Pearson's interval, with
    Kish's size times the same factor (Parker and others 2017, NCHS), which cannot know how alike clusters are.

    >>> ends = of_shares(*(np.array([x]) for x in (0.0, np.nan, 84, 85, 85)))
    >>> [round(float(end[0]), 4) for end in ends]
    [0.0, 0.0425]

    Parameters
    ----------
    share, std_error, df : shares from 0 to 1, their standard errors and degrees of freedom (infinite: normal)
    n, effective_n : respondents with an answer; Kish's size for their weights
    kind : which interval
    """
    if kind == "symmetric":
        found = t_test(share, std_error, df)
        return np.clip(found["ci_low"], 0.0, 1.0), np.clip(found["ci_high"], 0.0, 1.0)
    exact = (share == 0) | (share == 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = t_test(special.logit(share), std_error / (share * (1 - share)), df)
        size = np.where(exact, effective_n, share * (1 - share) / std_error**2)
        size *= np.minimum(1.0, (special.stdtrit(n - 1, 0.975) / special.stdtrit(df, 0.975)) ** 2)
    ends = special.expit(found["ci_low"]), special.expit(found["ci_high"])
    counted = exact if kind == "logit" else np.isfinite(size)
    if counted.any():
        low, high = clopper_pearson((size * share)[counted], size[counted])
        ends[0][counted], ends[1][counted] = low, high
    return ends


def wilson(count: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """Wilson's (1927) 95% interval of a share, `count` of `n`; close to its level also in small samples.

    >>> [round(float(end), 3) for end in wilson(3, 20)]
    [0.052, 0.36]
    """
    from statsmodels.stats.proportion import proportion_confint  # takes a second to import

    return proportion_confint(count, n, method="wilson")


def clopper_pearson(count: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """Clopper and Pearson's (1934) exact 95% interval of a share: never too short, in small samples often too long.

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
