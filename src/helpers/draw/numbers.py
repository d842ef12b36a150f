"""Numbers, p-values and intervals as people read them."""

import numpy as np
import pandas as pd


def shown(value: float, decimals: int = 3) -> str:
    """A number for a table; a dash where there is none, and powers of ten where decimals would show nothing."""
    if not np.isfinite(value):
        return "–"
    small = 0 < abs(value) < 0.5 * 10.0**-decimals
    return f"{value:.2e}" if small or abs(value) >= 1e6 else f"{value:.{decimals}f}"


def shown_p(value: float) -> str:
    """A p-value for a table."""
    return "–" if not np.isfinite(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def stars(p_value: float) -> str:
    """Two stars below .01 and three below .001, as the printed table has them."""
    return "***" if p_value < 0.001 else "**" if p_value < 0.01 else ""


def interval(low: float, high: float, decimals: int = 2) -> str:
    """An interval in words."""
    if np.isinf(low) or np.isinf(high):
        return "no bounds: too few clusters"
    return "–" if np.isnan(low) else f"{shown(low, decimals)} to {shown(high, decimals)}"


def span(values: pd.Series, decimals: int = 2) -> str:
    """Lowest and highest of some values in words; one number when they round to the same."""
    ends = dict.fromkeys(f"{value:.{decimals}f}" for value in (values.min(), values.max()))
    return " to ".join(ends)
