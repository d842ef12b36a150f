"""Answers on an ordered scale: means and shares, for all respondents and by group.

Works on long answers: one row an answer with columns `item, answer` (a whole number) and `group`.
"""

from math import sqrt

import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint


def means(answers: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Mean of each item in each group with its t interval: `item, group, term, estimate, std_error, ci_low,
    ci_high, p_value, n, n_groups`. p_value is empty (nothing is tested), and so is n_groups (nothing is
    clustered)."""
    table = (
        answers.groupby(["item", "group"], sort=False)["answer"]
        .agg(["mean", "std", "count"])
        .reset_index()
    )
    std_error = table["std"] / table["count"] ** 0.5
    reach = std_error * stats.t.ppf(0.5 + level / 2, table["count"] - 1)
    return pd.DataFrame(
        {
            "item": table["item"],
            "group": table["group"],
            "term": "mean",
            "estimate": table["mean"],
            "std_error": std_error,
            "ci_low": table["mean"] - reach,
            "ci_high": table["mean"] + reach,
            "p_value": float("nan"),
            "n": table["count"],
            "n_groups": float("nan"),
        }
    )


def shares(answers: pd.DataFrame, low: int, high: int) -> pd.DataFrame:
    """Share of each answer from low to high, of each item in each group, with Wilson's 95 % interval.

    Rows `item, group, statistic, share, std_error, ci_low, ci_high, n`; `statistic` is the answer; an answer
    that nobody gave has share 0.
    """
    counts = answers.groupby(["item", "group", "answer"], sort=False).size()
    rows = []
    for (item, group), n in answers.groupby(["item", "group"], sort=False).size().items():
        for answer in range(low, high + 1):
            count = int(counts.get((item, group, answer), 0))
            ci_low, ci_high = proportion_confint(count, n, method="wilson")
            share = count / n
            rows.append(
                (item, group, answer, share, sqrt(share * (1 - share) / n), ci_low, ci_high, n)
            )
    return pd.DataFrame(
        rows, columns=["item", "group", "statistic", "share", "std_error", "ci_low", "ci_high", "n"]
    )


def sd_bounds(mean: float, n: int, low: int, high: int) -> tuple[float, float]:
    """Smallest and largest SD (n - 1 in the denominator) that integer answers with this mean can have.

    Largest: all answers at the two ends, variance (mean - low)(high - mean) (Bhatia & Davis 2000). Smallest: all
    answers at the two whole numbers next to the mean.
    """
    part = mean - int(mean)
    bessel = n / (n - 1)
    return sqrt(part * (1 - part) * bessel), sqrt((mean - low) * (high - mean) * bessel)
