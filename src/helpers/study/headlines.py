"""What figures of a user's own data say, a computed sentence each, for any data; nothing ("") where nothing is drawn.

All follow from the numbers that the figure shows: what is hidden there is not told here. Names are left out where there
are many; what is equal stands out nowhere.
"""

import pandas as pd

from helpers.draw import numbers, words
from helpers.draw.numbers import percent

_NAMED = 3
"""So many names at most in a headline."""
_WORDS = 25
"""So many words at most in a headline's sentence."""
ROSE = ("answers rose", "answers fell", "no change can be told")
"""What is above zero, below and neither, for `directions`."""


def directions(
    rows: pd.DataFrame, said: tuple[str, str, str], when: str = "", of: str = "", unit: str = "", decimals: int = 2
) -> str:
    """What went up, what went down, and where neither can be told.

    >>> rows = pd.DataFrame({"name": ["art", "music"], "estimate": [0.2, 0.1], "ci_low": [0.1, -0.1], "ci_high": [0.3, 0.3]})
    >>> said = ("answers rose", "answers fell", "no change can be told")
    >>> directions(rows, said, "From 2019 to 2020")
    'From 2019 to 2020, answers rose in art. No change can be told in music.'
    >>> directions(rows.tail(1), said, unit=" points")
    'No change can be told: 0.10 (-0.10 to 0.30) points.'

    Parameters
    ----------
    rows : `name, estimate, ci_low, ci_high`, optionally `clear`: whether an estimate counts as other than zero
    said, when, of : of what is above zero, below, and neither; where the sentence begins; what many names are called
    unit, decimals : what follows numbers; of these
    """
    known = rows.dropna(subset="estimate")
    clear = known["clear"] if "clear" in known else (known["ci_low"] > 0) | (known["ci_high"] < 0)
    up, down = clear & (known["estimate"] > 0), clear & (known["estimate"] < 0)
    parts = []
    for verb, which in zip(said, (up, down, ~(up | down)), strict=True):
        own = known[which]
        if len(known) == 1 and len(own):
            parts.append(f"{verb}: {words.estimate(*own[['estimate', 'ci_low', 'ci_high']].iloc[0], decimals)}{unit}")
        elif len(own):
            parts.append(f"{verb} in {_named(own['name'], len(known), of)}")
    return " ".join(_sentence(part, when if place == 0 else "") for place, part in enumerate(parts))


def under_choices(rows: pd.DataFrame, what: str = "the change") -> str:
    """How far choices agree that something is above or below zero; `rows`: `panel, estimate, ci_low, ci_high`, a choice each.

    >>> rows = pd.DataFrame({"panel": "all", "estimate": [0.2, 0.3, 0.1], "ci_low": [0.1, 0.1, -0.1], "ci_high": [0.3, 0.5, 0.3]})
    >>> under_choices(rows)
    'By 2 of 3 ways to calculate it, the change is clearly above zero: 0.10 to 0.30.'
    >>> under_choices(rows.head(2)), under_choices(rows.tail(1))
    ('By each of 2 ways to calculate it, the change is clearly above zero: 0.20 to 0.30.', 'By the only way to calculate it, the change cannot be told from zero: 0.10.')
    """
    known = rows.dropna(subset="estimate")
    known = known.assign(above=known["ci_low"] > 0, below=known["ci_high"] < 0)
    if known["panel"].nunique() > 1:
        return _by_panel(known, what)
    if known.empty:
        return ""
    n, sides = len(known), {name: int(known[name].sum()) for name in ("above", "below")}
    found = [
        f"by {'the only way' if n == 1 else f'each of {n} ways' if k == n else f'{k} of {n} ways'} to calculate it, {what} is clearly {side} zero"
        for side, k in sides.items()
        if k
    ]
    none = f"by {'the only way' if n == 1 else f'none of {n} ways'} to calculate it, {what} {'cannot' if n == 1 else 'can'} be told from zero"
    return _sentence(f"{' and '.join(found) or none}: {numbers.span(known['estimate'])}")


def _by_panel(known: pd.DataFrame, what: str) -> str:
    """The same of several panels: by how many ways in each, or, of many panels, in how many by each way."""
    panels = known.groupby("panel", sort=False)[["above", "below"]].agg(["sum", "count"])
    n, clear = panels["above", "count"], panels["above", "sum"] + panels["below", "sum"]
    if not clear.any() and len(panels) <= _NAMED:
        return f"By no way to calculate it can {what} be told from zero in {words.listed(n.index)}."
    parts, more = [], " ways to calculate it"
    for side in ("above", "below"):
        counts, where = panels[side, "sum"], f"{side} zero "
        for panel, k in counts[counts > 0].sort_values(ascending=False, kind="stable").items():
            parts.append(f"{where}in {panel} by {f'all {k}' if k == n[panel] else f'{k} of {n[panel]}'}{more}")
            where = more = ""
    none = f", in {words.listed(n.index[clear == 0])} by none" if (clear == 0).any() else ""
    told = _sentence(f"{what} is clearly {', '.join(parts)}{none}")
    if len(panels) > _NAMED or len(told.split()) > _WORDS:
        ways = {"every way": clear == n, "some ways": clear.between(1, n - 1), "no way": clear == 0}
        found = [f"in {_named(n.index[own], len(n))} by {how}" for how, own in ways.items() if own.any()]
        found[0] += " to calculate it"
        sides = ", but not always on one side" * bool(known["above"].any() and known["below"].any())
        return _sentence(f"{what} is clear of zero {', '.join(found)}{sides}")
    return told


def likeliest(curves: pd.DataFrame) -> str:
    """Whether each answer is the likeliest somewhere along a scale. `curves`: `place, answer, probability`.

    >>> curves = pd.DataFrame({"place": [0, 1] * 3, "answer": list("aabbcc"), "probability": [0.6, 0.2, 0.3, 0.3, 0.1, 0.5]})
    >>> likeliest(curves)
    'b is nowhere on the scale the likeliest answer.'
    """
    wide = curves.pivot(index="place", columns="answer", values="probability")[curves["answer"].unique()]
    never = wide.columns.difference(wide.idxmax(axis=1), sort=False)
    if len(never):
        return f"{words.listed(never)} {'is' if len(never) == 1 else 'are'} nowhere on the scale the likeliest answer."
    return f"Each of {wide.shape[1]} answers is the likeliest somewhere on the scale."


def given_most(rows: pd.DataFrame, said: str, of: str = "groups") -> str:
    """To which question an answer, `said`, is given most; of many groups, to which in most of these.

    >>> rows = pd.DataFrame({"label": list("aabb"), "item_label": ["Visit", "Plan"] * 2, "share": [0.5, 0.2, 0.4, 0.1]})
    >>> given_most(rows, "Never")
    '“Never” is answered most to “Visit”: 40 to 50%.'
    >>> given_most(rows.assign(share=[0.5, 0.2, 0.1, 0.4]), "Never"), given_most(rows.assign(share=0.5), "Never")
    ('“Never” is answered most to “Visit” in a, to “Plan” in b.', '“Never” is answered to no question more than to all others: 50%.')
    >>> given_most(rows[rows["item_label"] == "Plan"], "Never")
    '“Never” is answered to “Plan” by 10 to 20%.'

    Parameters
    ----------
    rows, said, of : `label, item_label, share`, of that answer; optionally `average`; the answer; what the labels are called
    """
    known, most = _most(rows)
    if known.empty:
        return ""
    first, spread = most["item_label"].iloc[0], _shares(known["share"])
    if known["item_label"].nunique() == 1:
        return f"“{said}” is answered to “{first}” by {spread}."
    if most["label"].duplicated().any():
        return f"“{said}” is answered to no question more than to all others: {spread}."
    if most["item_label"].nunique() == 1:
        return f"“{said}” is answered most to “{first}”: {_shares(most['share'])}."
    groups = most.groupby("item_label", sort=False, observed=True)["label"]
    told = ", ".join(f"to “{item}” in {words.listed(own)}" for item, own in groups)
    if len(most) < _NAMED and len(told.split()) <= _WORDS:
        return f"“{said}” is answered most {told}."
    if lead := _lead(most):
        return f"“{said}” is answered most to “{lead}” in {groups.size()[lead]} of {len(most)} {of}."
    return f"The question most often answered “{said}” differs from group to group; shares run from {spread}."


def given_most_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with that question `marked` and first which alone `given_most` names, and the others by their mean shares.

    >>> rows = pd.DataFrame({"label": "a", "item_label": ["Visit", "Plan", "Talk"], "share": [0.2, 0.5, 0.3]})
    >>> given_most_first(rows)[["item_label", "marked"]].to_numpy().tolist()
    [['Plan', True], ['Talk', False], ['Visit', False]]
    """
    known, most = _most(rows)
    several = known["item_label"].nunique() > 1 and not most["label"].duplicated().any()
    lead = (_lead(most) or "") if several else ""
    means = known.groupby("item_label", observed=True)["share"].mean()
    order = means.drop(lead, errors="ignore").sort_values(ascending=False, kind="stable").index
    places = {item: place for place, item in enumerate([lead, *order])}
    marked = rows.assign(marked=rows["item_label"].eq(lead) & bool(lead))
    return marked.sort_values("item_label", key=lambda items: items.astype(str).map(places), kind="stable")


def _most(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares of groups, of which a mean of groups is none, and of each the largest."""
    known = rows[~rows["average"].astype(bool)] if "average" in rows else rows
    known = known.dropna(subset="share")
    return known, known[known["share"] == known.groupby("label", sort=False)["share"].transform("max")]


def _lead(most: pd.DataFrame) -> object:
    """The question that is first in all groups, or in more of three or more than any other; None: there is none."""
    sizes = most["item_label"].value_counts()
    sizes = sizes[sizes > 0]
    alone = len(sizes) == 1 or (len(most) >= _NAMED and sizes.iloc[0] > max(1, sizes.iloc[1]))
    return sizes.index[0] if len(sizes) and alone else None


def furthest_apart(rows: pd.DataFrame, said: str) -> str:
    """For which question the share of an answer, `said`, differs most. `rows` as for `given_most`.

    >>> rows = pd.DataFrame({"label": list("aabb"), "item_label": ["Visit", "Plan"] * 2, "share": [0.5, 0.2, 0.4, 0.1]})
    >>> furthest_apart(rows.assign(share=[0.5, 0.2, 0.4, 0.2]), "Never"), furthest_apart(rows, "Never")
    ('“Never” differs most for “Visit”: 40 to 50%.', '“Never” is answered most to “Visit”: 40 to 50%.')
    """
    ends = rows.dropna(subset="share").groupby("item_label", sort=False, observed=True)["share"].agg(["min", "max"])
    apart = (ends["max"] - ends["min"]).round(9)
    widest = ends[(apart == apart.max()) & (apart > 0)]
    if len(widest) != 1:
        return given_most(rows, said)
    return f"“{said}” differs most for “{widest.index[0]}”: {_shares(widest.iloc[0])}."


def from_to(rows: pd.DataFrame, said: str) -> str:
    """Where the share of an answer, `said`, is least and where most. `rows` as for `given_most`.

    >>> rows = pd.DataFrame({"label": list("ab"), "item_label": "Visit", "share": [0.5, 0.1]})
    >>> from_to(rows, "Often"), from_to(rows.head(1), "Often")
    ('“Often” runs from 10% (Visit, b) to 50% (Visit, a).', '“Often” is answered by 50%.')
    """
    known = rows.dropna(subset="share").sort_values("share", kind="stable")
    ends = [(percent(row.share), f"{row.item_label}, {row.label}") for row in known.iloc[[0, -1]].itertuples()] if len(known) else []  # fmt: skip
    if len({share for share, _ in ends}) < 2:
        return f"“{said}” is answered by {ends[0][0]}%." if ends else ""
    (low, least), (high, most) = ends
    return f"“{said}” runs from {low}% ({least}) to {high}% ({most})."


def commonest(rows: pd.DataFrame) -> str:
    """In which bar most give one answer. `rows`: `label, item, item_label, statistic` (an answer), `share`; bars that lack one do not count.

    >>> rows = pd.DataFrame({"label": list("aabb"), "item": "v", "item_label": "Visit", "statistic": ["no", "yes"] * 2, "share": [0.7, 0.3, 0.4, 0.6]})
    >>> commonest(rows.head(2)), commonest(rows)
    ('“no” is the commonest answer: 70%.', 'In a, 70% answer “no” to “Visit”: no other answer is as common.')
    >>> commonest(rows.assign(share=0.5)), commonest(rows.assign(share=[0.7, 0.3, 0.3, 0.7]))
    ('No answer is commoner than all others.', 'In 2 of 2 bars, 70% give one answer: no other is as common.')
    """
    bars, first = _bars(rows)
    if bars.empty:
        return ""
    most = bars.max(axis=1)
    alone = bars.eq(most, axis=0).sum(axis=1) == 1
    if not alone.any():
        return "No answer is commoner than all others."
    share = percent(most.max())
    if not alone[first].all():
        return f"No answer is commoner than {share}%."
    if len(first) > 1:
        return f"In {len(first)} of {len(bars)} bars, {share}% give one answer: no other is as common."
    (label, _, item), answer = first[0], bars.loc[first[0]].idxmax()
    if len(bars) == 1:
        return f"“{answer}” is the commonest answer: {share}%."
    where = f"In {label}, " * (rows["label"].nunique() > 1)
    return f"{where}{share}% answer “{answer}” to “{item}”: no other answer is as common."


def commonest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the bar of which `commonest` tells `marked`, if it is one, and those of its question first.

    >>> rows = pd.DataFrame({"label": "a", "item": list("vvpp"), "item_label": list("VVPP"), "statistic": ["no", "yes"] * 2, "share": [0.6, 0.4, 0.2, 0.8]})
    >>> commonest_first(rows)[["item", "marked"]].drop_duplicates().to_numpy().tolist()
    [['p', True], ['v', False]]
    """
    bars, first = _bars(rows)
    if len(first) != 1 or len(bars) == 1:
        return rows.assign(marked=False)
    label, item, _ = first[0]
    marked = rows.assign(marked=rows["label"].eq(label) & rows["item"].eq(item))
    return marked.sort_values("item", key=lambda items: items.ne(item), kind="stable")


def _bars(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Index]:
    """Bars that lack no answer, with the share of each; and which of them have the largest share of one."""
    bars = rows.pivot(index=["label", "item", "item_label"], columns="statistic", values="share")
    bars = bars[rows["statistic"].unique()].dropna().round(9)
    most = bars.max(axis=1)
    return bars, bars.index[most == most.max()]


def _named(names: pd.Series | pd.Index | list, total: int, of: str = "") -> str:
    """Names where they are few, else how many of how many; `of`: what these are."""
    names = list(dict.fromkeys(map(str, names)))
    if len(names) <= _NAMED:
        return words.listed(names)
    return f"{f'all {total}' if len(names) == total else f'{len(names)} of {total}'} {of}".rstrip()


def _shares(values: pd.Series) -> str:
    return f"{' to '.join(dict.fromkeys(map(percent, (values.min(), values.max()))))}%"


def _sentence(text: str, when: str = "") -> str:
    said = f"{when}, {text}" if when else text
    return f"{said[0].upper()}{said[1:]}." if text else ""
