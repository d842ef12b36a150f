"""Tables saved as CSV and read again: a name that a spreadsheet would take for a formula stands there as text.

A cell that begins with `= + - @`, their wide forms or a tab gets an apostrophe in front, as OWASP advises, and loses it
when it is read here. One that begins with apostrophes before such a sign gets one more, so that nothing is lost.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

_BEGINS = r"'*[=+\-@＝＋－＠\t\r\n]"
_FORMULA = re.compile(_BEGINS)
GUARDED = rf"(?s)'{_BEGINS}.*"
"""A text, from end to end, that has such an apostrophe; SQL is told."""
_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}( to {_NUMBER})?")
"""Text that is a number, or the two ends of an interval, is no formula."""


def write(table: pd.DataFrame, path: Path, **options: Any) -> None:
    """Write a table without its index; `options` as for `DataFrame.to_csv`."""
    table.apply(_each, change=as_text).to_csv(path, index=False, lineterminator="\n", **options)


def read(path: Path, **options: Any) -> pd.DataFrame:
    """A table that `write` wrote; `options` as for `pandas.read_csv`."""
    return pd.read_csv(path, **options).apply(_each, change=as_meant)


def as_text(cell: object) -> object:
    """A cell as it is saved.

    >>> [as_text(cell) for cell in ("=1+1", "-0.4", "- none", "-0.6 to 0.2", "'=1", "a=b", -0.4)]
    ["'=1+1", '-0.4', "'- none", '-0.6 to 0.2', "''=1", 'a=b', -0.4]
    """
    formula = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBERS.fullmatch(cell)
    return f"'{cell}" if formula else cell


def as_meant(cell: object) -> object:
    """A cell as it was before it was saved.

    >>> [as_meant(cell) for cell in ("'=1+1", "-0.4", "''=1", "'tis", "=1")]
    ['=1+1', '-0.4', "'=1", "'tis", '=1']
    """
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and _FORMULA.match(cell) else cell


def _each(column: pd.Series, change: Callable[[object], object]) -> pd.Series:
    """A column with its text changed; one without such text stays as it is."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    changed = {cell: change(cell) for cell in column.dropna().unique()}
    return (
        column.astype(object).map(lambda cell: changed.get(cell, cell))
        if any(k != v for k, v in changed.items())
        else column
    )
