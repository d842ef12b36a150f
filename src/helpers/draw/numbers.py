"""Numbers, p-values, intervals and cells of tables as people read them: the one place where they are written."""

import re
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


def number(value: float, decimals: int = 3) -> str:
    """A number for a table; a dash where there is none, and two digits that count where these decimals would show none.

    >>> number(-0.0123, 2), number(0.00446, 2), number(0.0000231), number(0.00000231)
    ('-0.01', '0.0045', '0.000023', '2.3e-06')
    """
    if not np.isfinite(value):
        return "–"
    if 0 < abs(value) < 0.5 * 10.0**-decimals:
        return np.format_float_positional(float(f"{value:.1e}")) if abs(value) >= 1e-5 else f"{value:.1e}"
    if abs(value) >= 1e6:
        return f"{value:,.0f}" if abs(value) < 1e12 else f"{value:.2e}"
    return f"{value:.{decimals}f}"


def p_value(value: float) -> str:
    """A p-value to three decimals; below .001 so, as none is zero; a dash where there is none."""
    return "–" if not np.isfinite(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def spoken_p(value: float) -> str:
    """A p-value in a sentence: "p = 0.012", "p < 0.001"."""
    return f"p {p_value(value)}" if value < 0.001 else f"p = {p_value(value)}"


def stars(p_value: float) -> str:
    """Two stars below .01 and three below .001, as the printed table has them."""
    return "***" if p_value < 0.001 else "**" if p_value < 0.01 else ""


def interval(low: float, high: float, decimals: int = 2) -> str:
    """An interval in words."""
    if np.isinf(low) and np.isinf(high):
        return "no bounds: too few clusters"
    if np.isinf(low) or np.isinf(high):
        return f"{'below' if np.isinf(low) else 'above'} {number(high if np.isinf(low) else low, decimals)}"
    return "–" if np.isnan(low) else f"{number(low, decimals)} to {number(high, decimals)}"


def span(values: pd.Series, decimals: int = 2) -> str:
    """Lowest and highest of some values in words; one number when they round to the same."""
    ends = dict.fromkeys(f"{value:.{decimals}f}" for value in (values.min(), values.max()))
    return " to ".join(ends)


def ratio(value: float) -> str:
    """An odds ratio: two decimals below ten."""
    return "∞" if np.isinf(value) else f"{value:.0f}" if value == 0 or value >= 10 else f"{value:.2f}"


def written(value: float) -> str:
    """A number as print has it, thousands apart from 10,000 on, so that years stay years; a dash for none."""
    return "–" if np.isnan(value) else f"{value:,.0f}" if value >= 10_000 else f"{value:g}"


def percent(share: float) -> str:
    """A share in whole percent; what is not zero and not all is not shown as if it were."""
    text = halves_up(100 * share, 0)
    return "<1" if share > 0 and text == "0" else ">99" if share < 1 and text == "100" else text


def points(difference: float, decimals: int) -> str:
    """A difference of shares in percentage points, with its sign."""
    text = halves_up(abs(100 * difference), decimals)
    return text if float(text) == 0 else ("−" if difference < 0 else "+") + text


def halves_up(value: float, decimals: int) -> str:
    """A number with its halves rounded up, as readers do it: 34.5 printed elsewhere is 35 here."""
    return f"{value + 1e-9:.{int(decimals)}f}"


class _Words(string.Formatter):
    """Format fields; `p` writes a p-value, `.3f` a number by the project's rules, all else as Python does."""

    def format_field(self, value: Any, spec: str) -> str:
        if spec == "p":
            return p_value(value)
        if spec.startswith(".") and spec.endswith("f"):
            return number(value, int(spec[1:-1]))
        return super().format_field(value, spec)


def cells(rows: pd.DataFrame, columns: dict[str, str | Sequence]) -> pd.DataFrame:
    """A table of texts: for each heading a format string over the columns of `rows`, or the cells themselves.

    A cell is a dash where one of the fields it needs is missing.

    >>> rows = pd.DataFrame({"term": ["2019"], "estimate": [0.1234], "p_value": [0.0002], "n": [float("nan")]})
    >>> cells(rows, {"Year": "{term}", "Change": "{estimate:.2f}", "p": "{p_value:p}", "n": "{n:.0f}"}).values.tolist()
    [['2019', '0.12', '< 0.001', '–']]
    """
    return pd.DataFrame({head: _texts(rows, wanted) for head, wanted in columns.items()})


def _texts(rows: pd.DataFrame, wanted: str | Sequence) -> list[str]:
    if not isinstance(wanted, str):
        return ["–" if pd.isna(cell) else str(cell) for cell in wanted]
    fields = [field for _, field, _, _ in string.Formatter().parse(wanted) if field]
    records = zip(rows.to_dict("records"), rows[fields].isna().any(axis=1), strict=True)
    return ["–" if lacks else _Words().vformat(wanted, (), record) for record, lacks in records]


def numeric(columns: dict[str, str | Sequence]) -> list[bool]:
    """Which headings stand over numbers: those whose format string ends with its only field, which has a format."""
    one = re.compile(r"[^{}]*\{[^{}:]+:[^{}]+\}")
    return [isinstance(w, str) and one.fullmatch(w) is not None for w in columns.values()]
