"""What results say in words, computed from them: the one place for sentences that several notebooks share."""

import numpy as np
import pandas as pd

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
