"""What results say in words, computed from them: the one place for sentences that several notebooks share."""

import numpy as np
import pandas as pd

from helpers.draw.numbers import interval, spoken_p

FEW = 10
"""Below so many clusters, or degrees of freedom, a page says what they mean."""


def few_clusters(estimates: pd.DataFrame, clusters: str = "schools") -> str:
    """Sentences on estimates that few clusters tell about, or too few for a p-value; nothing where there are none.

    >>> rows = pd.DataFrame({"term": ["2019", "x"], "n_groups": 20, "n_varying": [20, 2], "df": [18.2, 1.04]})
    >>> rows = rows.assign(estimate=0.1, p_value=0.04)
    >>> few_clusters(rows)
    'Few schools: x varies in 2 of 20 (1.0 degrees of freedom). Intervals allow for that and are wide; what is small cannot be seen.'

    Parameters
    ----------
    estimates, clusters : rows with `term, estimate, p_value, n_groups, n_varying, df`, those without an estimate left out;
        what the clusters are called
    """
    return " ".join(filter(None, (_few(estimates.dropna(subset="p_value"), clusters), _untested(estimates, clusters))))


def _untested(estimates: pd.DataFrame, clusters: str) -> str:
    rows = estimates[estimates["estimate"].notna() & estimates["p_value"].isna()]
    if rows.empty:
        return ""
    return (
        f"No p-value and no interval: {'; '.join(dict.fromkeys(rows['term']))}. It rests on one or two clusters "
        f"({clusters}), alone or smaller than most others, so that nothing here says what chance would do."
    )


def _few(estimates: pd.DataFrame, clusters: str) -> str:
    low = estimates[["n_varying", "df"]].min(axis=1) < FEW
    rows = estimates[low].drop_duplicates(["term", "n_groups", "n_varying"])
    if rows.empty:
        return ""
    each = [
        f"{r.term} varies in {r.n_varying:.0f} of {r.n_groups:.0f}"
        + (f" ({r.df:.1f} degrees of freedom)" if np.isfinite(r.df) else "")
        for r in rows.head(4).itertuples()
    ]
    more = f" and {len(rows) - 4} more" if len(rows) > 4 else ""
    return (
        f"Few {clusters}: {'; '.join(each)}{more}. Intervals allow for that and are wide; what is small cannot be seen."
    )


def falls(steps: pd.DataFrame, unit: str = "year") -> str:
    """Where a series falls from one time to the next, and whether chance could do that.

    >>> rows = pd.DataFrame({"series": "high schools", "term": ["2017", "2018"], "estimate": [-0.09, 0.14],
    ...                      "ci_low": [-0.21, 0.05], "ci_high": [0.03, 0.23], "p_value": [0.13, 0.002]})
    >>> falls(rows)
    'Falls from one year to the next: high schools in 2017 (-0.09, 95 % interval -0.21 to 0.03, p = 0.130). It cannot be told from no change.'

    Parameters
    ----------
    steps : `series, term, estimate, ci_low, ci_high, p_value`, the change from the time before to `term`
    unit : what the times are called
    """
    rows = steps[steps["estimate"] < 0]
    if rows.empty:
        return f"No {unit} is below the one before it."
    each = "; ".join(
        f"{r.series} in {r.term} ({r.estimate:.2f}, 95 % interval {interval(r.ci_low, r.ci_high)}, {spoken_p(r.p_value)})"
        for r in rows.itertuples()
    )
    clear = int((rows["ci_high"] < 0).sum())
    if len(rows) == 1:
        doubt = "It is more than chance would do." if clear else "It cannot be told from no change."
    elif clear in (0, len(rows)):
        doubt = "All are more than chance would do." if clear else "None of them can be told from no change."
    else:
        doubt = f"Of these {clear} {'is' if clear == 1 else 'are'} more than chance would do; the others cannot be told from no change."
    return f"Falls from one {unit} to the next: {each}. {doubt}"


def few_behind(shares: pd.DataFrame, clusters: str = "schools") -> str:
    """A sentence on shares or means that few schools, or other clusters, tell about; nothing where there are none.

    >>> few_behind(pd.DataFrame({"label": ["art", "music"], "share": 0.5, "n_schools": [31, 6]}))
    'Few schools: music (6). Intervals allow for that and are wide; what is small cannot be seen.'

    `shares` has `label, share, n_schools`, the last empty where no school is known.
    """
    known = shares.dropna(subset=["share", "n_schools"])
    least = known.groupby("label", sort=False, observed=True)["n_schools"].min()
    least = least[least < FEW]
    if least.empty:
        return ""
    each = ", ".join(f"{label} ({n:.0f})" for label, n in least.head(4).items())
    more = f" and {len(least) - 4} more" if len(least) > 4 else ""
    return f"Few {clusters}: {each}{more}. Intervals allow for that and are wide; what is small cannot be seen."
