"""The small picture of an answer on the site's first page: a few named rows, each with its mark and its number."""

import numpy as np
import pandas as pd

from helpers.draw import numbers


def rows(found: pd.DataFrame, form: str, span: tuple[float, float] | None = None) -> list[dict]:
    """Each row's `label` and `said`, and where on the picture from 0 to 1 are its `estimate`, interval and `zero`.

    Parameters
    ----------
    found : `label, estimate`, in the order shown, and where there are intervals `ci_low, ci_high`; without them bars from zero are drawn;
        where its figure fills only marks that are `clear`, that column: it is handed on
    form : the number beside the mark, a format string over `found` as for tables: `"{estimate:.2f}"`
    span : ends of the axis; None: from the least to the most that is drawn, zero between them
    """
    bounds = ["estimate", *(column for column in ("ci_low", "ci_high") if column in found)]
    drawn = found[bounds].astype(float).where(lambda cell: np.isfinite(cell))
    low, high = span or (np.fmin(0, drawn.min(axis=None)), np.fmax(0, drawn.max(axis=None)))
    places = ((drawn - low) / ((high - low) or 1)).clip(0, 1).round(4)
    said = numbers.cells(found, {"said": form})["said"]
    zero = round(float(-low / (high - low)), 4) if low <= 0 < high else None
    sure = [{"clear": bool(clear)} for clear in found["clear"]] if "clear" in found else [{}] * len(found)
    return [
        {"label": str(label), "said": text, "zero": zero,
         **{name: None if np.isnan(value) else value for name, value in zip(bounds, place, strict=True)}, **mark}
        for label, text, place, mark in zip(found["label"], said, places.to_numpy().tolist(), sure, strict=True)
    ]  # fmt: skip
