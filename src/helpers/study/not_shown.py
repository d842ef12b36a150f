"""What a page says in place of a table or figure all of whose numbers must be hidden."""

import pandas as pd

from helpers.study.classroom_doors import View


def any_shown(rows: pd.DataFrame, number: str = "estimate") -> bool:
    """Whether a column of some rows has a number; there may be neither rows nor column."""
    return number in rows and bool(rows[number].notna().any())


def why(view: View, rows: pd.DataFrame, otherwise: str = "") -> str:
    """Why none of the estimates in `rows` is shown, by the reasons in their `note`; `otherwise` where there are no rows.

    A note may name its side first, a level or an item, as "women: fewer than 10 respondents; men: ...".
    """
    if rows.empty:
        return otherwise
    sides = [rows[name].astype(str) for name in ("term", "other", "item") if name in rows]
    named = {*view.answers.items, *view.answers.items.values(), *pd.concat([*sides, pd.Series(dtype=str)])}
    parts = [part.partition(": ") for note in rows["note"] for part in str(note).split("; ")]
    reasons = dict.fromkeys(after if name in named else name + colon + after for name, colon, after in parts)
    return f"No estimate can be shown: {'; '.join(filter(None, reasons)) or 'too few people'}."
