"""What comparisons of shares say, a computed sentence each: between two groups, and between two cycles."""

import pandas as pd

from helpers.draw.words import listed
from helpers.study import headlines

_NAMED = 3
"""So many questions at most are named in a headline."""


def pair(rows: pd.DataFrame, said: str) -> str:
    """For which questions an answer, `said`, is more common in one of two groups, after a correction for all tests.

    >>> rows = pd.DataFrame({"label_1": "A", "label_2": "B", "item_label": ["Visit", "Plan"], "estimate": [0.1, -0.2], "p_holm": 0.01})
    >>> pair(rows, "Never")
    '“Never” is clearly more common in A than in B for “Visit”, rarer for “Plan”.'
    >>> pair(rows.assign(p_holm=0.2), "Never")
    'Whether “Never” is more common in A or in B cannot be told: each difference may be chance.'
    """
    known = rows.dropna(subset="estimate")
    if known.empty:
        return ""
    one, two = known[["label_1", "label_2"]].iloc[0]
    sure = known[known["p_holm"] < 0.05]
    more, fewer = (
        _questions(own["item_label"], len(known)) if len(own) else ""
        for own in (sure[sure["estimate"] > 0], sure[sure["estimate"] < 0])
    )
    if more:
        return f"“{said}” is clearly more common in {one} than in {two} for {more}{f', rarer for {fewer}' if fewer else ''}."
    if fewer:
        return f"“{said}” is clearly more common in {two} than in {one} for {fewer}."
    return f"Whether “{said}” is more common in {one} or in {two} cannot be told: each difference may be chance."


def between_cycles(rows: pd.DataFrame, said: str) -> str:
    """How many practices became more common, that is, for how many questions an answer, `said`; of few, which.

    >>> rows = pd.DataFrame({"label": "A", "item_label": list("vwxyz"), "cycle_1": 2013, "cycle_2": 2018, "estimate": [0.1, 0.1, 0.1, -0.2, 0.1]})
    >>> rows = rows.assign(ci_low=rows["estimate"] - 0.05, ci_high=rows["estimate"] + 0.05)
    >>> between_cycles(rows, "Monthly"), between_cycles(rows[3:].assign(ci_high=0.1), "Monthly")
    ('From 2013 to 2018, 4 of 5 practices became more common and 1 rarer.', 'From 2013 to 2018, “Monthly” became more common in “z”. The change may be chance in “y”.')

    Parameters
    ----------
    rows, said : `label, item_label, cycle_1, cycle_2, estimate, ci_low, ci_high`; the answer
    """
    known = rows.dropna(subset="estimate")
    if known.empty:
        return ""
    ends, several = known[["cycle_1", "cycle_2"]].drop_duplicates(), known["label"].nunique()
    when = f"From {ends['cycle_1'].iloc[0]} to {ends['cycle_2'].iloc[0]}" if len(ends) == 1 else "From cycle to cycle"
    if len(known) <= _NAMED:
        name = "“" + known["item_label"].astype(str) + "”"
        name += " (" + known["label"].astype(str) + ")" if several > 1 else ""
        verbs = (f"“{said}” became more common", f"“{said}” became rarer", "the change may be chance")
        points = known[["estimate", "ci_low", "ci_high"]] * 100
        return headlines.directions(points.assign(name=name), verbs, when, "", " points", 1)
    more, fewer = int((known["ci_low"] > 0).sum()), int((known["ci_high"] < 0).sum())
    of = f"{len(known)} practices" + f" in {several} systems" * (several > 1)
    if not more and not fewer:
        return f"{when}, whether any of {of} became more common or rarer cannot be told."
    found = [f"{k} {how}" for k, how in ((more, "more common"), (fewer, "rarer")) if k]
    first, _, how = found[0].partition(" ")
    told = f"{f'all {of}' if first == str(len(known)) else f'{first} of {of}'} became {how}"
    return f"{when}, {' and '.join([told, *found[1:]])}."


def _questions(names: pd.Series, total: int) -> str:
    if len(names) <= _NAMED:
        return listed("“" + names.astype(str) + "”")
    return f"{f'all {total}' if len(names) == total else f'{len(names)} of {total}'} questions"
