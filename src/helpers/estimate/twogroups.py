"""Two groups compared: from printed means and SDs, or from records.

Welch's t test with Satterthwaite's degrees of freedom; Hedges' g; equivalence by two one-sided tests
(Schuirmann 1987); what sampling whole schools does to a standard error. Differences are first minus second.
"""

from math import sqrt

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.meta_analysis import effectsize_smd
from statsmodels.stats.power import TTestIndPower


def welch_df(sd1: float, sd2: float, n1: int, n2: int) -> float:
    """Satterthwaite's degrees of freedom."""
    v1, v2 = sd1**2 / n1, sd2**2 / n2
    return (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))


def welch(
    mean1: float, sd1: float, n1: int, mean2: float, sd2: float, n2: int, level: float = 0.95
) -> dict:
    """Welch's test from summary numbers: estimate, std_error, t, df, p_value, ci_low, ci_high, n."""
    estimate, std_error = mean1 - mean2, sqrt(sd1**2 / n1 + sd2**2 / n2)
    return _inference(estimate, std_error, welch_df(sd1, sd2, n1, n2), level) | {"n": n1 + n2}


def hedges_g(
    mean1: float, sd1: float, n1: int, mean2: float, sd2: float, n2: int, level: float = 0.95
) -> dict:
    """Standardised difference, corrected for small samples, with its large-sample interval.

    Divides by the pooled SD; Hedges & Olkin (1985) as statsmodels has it. Keys: estimate, std_error, ci_low,
    ci_high.
    """
    g, variance = effectsize_smd(mean1, sd1, n1, mean2, sd2, n2)
    reach = stats.norm.ppf(0.5 + level / 2) * sqrt(variance)
    return {"estimate": g, "std_error": sqrt(variance), "ci_low": g - reach, "ci_high": g + reach}


def equivalence_bound(
    mean1: float, sd1: float, n1: int, mean2: float, sd2: float, n2: int
) -> float:
    """Smallest difference, in pooled SDs, that two one-sided 5 % tests rule out in both directions.

    It is the far end of the 90 % interval of the difference.
    """
    interval = welch(mean1, sd1, n1, mean2, sd2, n2, level=0.90)
    return max(abs(interval["ci_low"]), abs(interval["ci_high"])) / pooled_sd(sd1, n1, sd2, n2)


def detectable(n1: float, n2: float, alpha: float, power: float) -> float:
    """True difference, in standard deviations, that a two-sided t test finds with this power."""
    found = TTestIndPower().solve_power(nobs1=n1, ratio=n2 / n1, alpha=alpha, power=power)
    return float(np.squeeze(found))  # statsmodels gives an array where its first search ends badly


def pooled_sd(sd1: float, n1: int, sd2: float, n2: int) -> float:
    """Square root of the groups' variances averaged by their degrees of freedom."""
    return sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))


def clustering_factors(icc: float, per_school: float) -> tuple[float, float]:
    """Factors by which the SE of a difference changes when teachers of a school answer alike.

    `icc` is the intraclass correlation, `per_school` the mean number of teachers of one group in a school.
    Returns (shared, apart). Shared: both groups sit in the same schools and share all of what makes schools
    differ, which cancels: sqrt(1 - icc). Apart: nothing is shared, as if each group had schools of its own:
    sqrt(1 + (per_school - 1) icc), Kish's design effect. The truth of a study lies between.
    """
    return sqrt(1 - icc), sqrt(1 + (per_school - 1) * icc)


def summarise(values: pd.Series, first: pd.Series) -> tuple[float, float, int, float, float, int]:
    """Mean, SD and n of the rows where `first` holds, then of the others; missing values are left out."""
    pairs = [values[mask].dropna() for mask in (first, ~first)]
    return tuple(number for v in pairs for number in (v.mean(), v.std(ddof=1), len(v)))


def clustered(values: pd.Series, first: pd.Series, cluster: pd.Series, level: float = 0.95) -> dict:
    """Difference of means with standard errors clustered by `cluster` (CRV1).

    Least squares on a dummy; the sandwich times G/(G-1) (N-1)/(N-2), t with G-1 degrees of freedom. Keys as in
    `welch`, and n_groups. Raises ValueError with fewer than two clusters.
    """
    data = pd.DataFrame({"y": values, "first": first.astype(float), "cluster": cluster}).dropna()
    groups = pd.factorize(data["cluster"])[0]
    n_groups = int(groups.max()) + 1
    if n_groups < 2:
        raise ValueError("clustering needs at least two clusters")
    design = np.column_stack([np.ones(len(data)), data["first"]])
    fit = OLS(data["y"].to_numpy(float), design).fit(
        cov_type="cluster", cov_kwds={"groups": groups}
    )
    return _inference(fit.params[1], fit.bse[1], n_groups - 1, level) | {
        "n": len(data),
        "n_groups": n_groups,
    }


def _inference(estimate: float, std_error: float, df: float, level: float) -> dict:
    t, reach = estimate / std_error, stats.t.ppf(0.5 + level / 2, df) * std_error
    return {
        "estimate": estimate,
        "std_error": std_error,
        "t": t,
        "df": df,
        "p_value": 2 * stats.t.sf(abs(t), df),
        "ci_low": estimate - reach,
        "ci_high": estimate + reach,
    }
