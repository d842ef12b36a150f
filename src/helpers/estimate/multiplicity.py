"""P-values of several tests that are read together."""

import pandas as pd


def holm(p_values: pd.Series) -> pd.Series:
    """P-values adjusted by Holm's (1979) method for all that are known; what is empty is no test and stays empty."""
    from statsmodels.stats.multitest import multipletests

    known = p_values.astype(float).dropna()
    adjusted = multipletests(known, method="holm")[1] if len(known) else known
    return pd.Series(adjusted, index=known.index, dtype=float).reindex(p_values.index)
