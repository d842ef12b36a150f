"""Cells of a table as people read them, by format strings over its tidy rows."""

import string
from collections.abc import Sequence
from typing import Any

import pandas as pd

from helpers.draw import numbers

MISSING = "–"


class _Missing(Exception):
    """A field that a cell needs is empty."""


class _Words(string.Formatter):
    """Format fields; `p` writes a p-value, `.3f` a number by the project's rules, all else as Python does."""

    def format_field(self, value: Any, spec: str) -> str:
        if value is None or value is pd.NA or value != value:
            raise _Missing
        if spec == "p":
            return numbers.p_value(value)
        if spec.startswith(".") and spec.endswith("f"):
            return numbers.number(value, int(spec[1:-1]))
        return super().format_field(value, spec)


def cells(rows: pd.DataFrame, columns: dict[str, str | Sequence]) -> pd.DataFrame:
    """A table of texts: for each heading a format string over the columns of `rows`, or the cells themselves.

    A cell is a dash where one of the fields it needs is missing.

    >>> rows = pd.DataFrame({"term": ["2019"], "estimate": [0.1234], "p_value": [0.0002], "n": [float("nan")]})
    >>> cells(rows, {"Year": "{term}", "Change": "{estimate:.2f}", "p": "{p_value:p}", "n": "{n:.0f}"}).values.tolist()
    [['2019', '0.12', '< 0.001', '–']]
    """
    records = rows.to_dict("records")
    shown = {
        head: [_cell(wanted, record) for record in records]
        if isinstance(wanted, str)
        else [MISSING if pd.isna(cell) else str(cell) for cell in wanted]
        for head, wanted in columns.items()
    }
    return pd.DataFrame(shown)


def numeric(columns: dict[str, str | Sequence]) -> list[bool]:
    """Which headings stand over numbers: those whose format string is one field with a format."""
    return [isinstance(wanted, str) and _is_one_number(wanted) for wanted in columns.values()]


def _is_one_number(wanted: str) -> bool:
    parts = list(string.Formatter().parse(wanted))
    return len(parts) == 1 and bool(parts[0][2])


def _cell(wanted: str, record: dict[str, Any]) -> str:
    try:
        return _Words().vformat(wanted, (), record)
    except _Missing:
        return MISSING
