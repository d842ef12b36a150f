"""Answers on an ordered scale: means and shares, for all respondents and by group.

Works on long answers: one row an answer with columns `item, answer` (a whole number) and `group`.
"""

import numpy as np
import pandas as pd

from helpers.estimate.intervals import t_test, wilson


def means(answers: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Mean of each item in each group with its t interval: `item, group, term, estimate, std_error, ci_low,
    ci_high, p_value, n, n_groups`. p_value is empty (nothing is tested), and so is n_groups (nothing is
    clustered)."""
    groups = answers.groupby(["item", "group"], sort=False)["answer"]
    table = groups.agg(["mean", "std", "count"]).reset_index()
    n = table["count"]
    found = t_test(table["mean"], table["std"] / n**0.5, n - 1, level)
    nothing = {"p_value": np.nan, "n": n, "n_groups": np.nan}
    return pd.DataFrame(
        {"item": table["item"], "group": table["group"], "term": "mean"} | found | nothing
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
            share = count / n
            error = np.sqrt(share * (1 - share) / n)
            rows.append((item, group, answer, share, error, *wilson(count, n), n))
    columns = ["item", "group", "statistic", "share", "std_error", "ci_low", "ci_high", "n"]
    return pd.DataFrame(rows, columns=columns)
