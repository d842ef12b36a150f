"""What figures of a user's own data say, a computed sentence each, for any data; nothing ("") where nothing is drawn.

All follow from the numbers that the figure shows: what is hidden there is not told here. Names are left out where there
are many; what is equal stands out nowhere.
"""

import pandas as pd

from helpers.draw import numbers, words
from helpers.draw.numbers import percent

_NAMED = 3
"""So many names at most in a headline."""
_WORDS = 30
"""So many words at most in a sentence."""
ROSE = ("answers rose", "answers fell", "no change can be told")
SCORED = (
    "participants scored higher than colleagues",
    "participants scored lower than colleagues",
    "no difference can be told",
)
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
    'By 2 of 3 ways to calculate it, the change is above zero: 0.10 to 0.30.'
    >>> under_choices(rows.head(2)), under_choices(rows.tail(1))
    ('By each of 2 ways to calculate it, the change is above zero: 0.20 to 0.30.', 'By the only way to calculate it, the change cannot be told from zero: 0.10.')
    """
    known = rows.dropna(subset="estimate")
    known = known.assign(above=known["ci_low"] > 0, below=known["ci_high"] < 0)
    if known["panel"].nunique() > 1:
        return _by_panel(known, what)
    if known.empty:
        return ""
    n, sides = len(known), {name: int(known[name].sum()) for name in ("above", "below")}
    found = [
        f"by {'the only way' if n == 1 else f'each of {n} ways' if k == n else f'{k} of {n} ways'} to calculate it, {what} is {side} zero"
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
    parts = []
    for side in ("above", "below"):
        counts = panels[side, "sum"]
        own = [f"in {p} by {'each' if k == n[p] else k} of {n[p]}" for p, k in counts[counts > 0].items()]
        if own:
            parts.append(f"{side} zero {words.listed(own)}")
    none = f", in {words.listed(n.index[clear == 0])} by none" if (clear == 0).any() else ""
    told = _sentence(f"{what} is {'; '.join(parts)} ways to calculate it{none}")
    if len(panels) > _NAMED or len(told.split()) > _WORDS:
        ways = {"each way": clear == n, "some ways": clear.between(1, n - 1), "no way": clear == 0}
        found = [f"by {how} in {_named(n.index[own], len(n))}" for how, own in ways.items() if own.any()]
        return _sentence(f"{what} is other than zero {', '.join(found)}, of the ways to calculate it")
    return told


def of_schools(changes: pd.DataFrame) -> str:
    """How far schools differ, and how much of it is chance. `changes`: `panel, estimate`, a school each; `spread, below_zero`, of a panel.

    >>> rows = pd.DataFrame({"panel": list("aabb"), "estimate": [-0.3, 0.5, 0.1, 0.2], "spread": [0.2, 0.2, 0, 0]})
    >>> of_schools(rows.assign(below_zero=[0.3, 0.3, None, None]))
    'In a, schools differ mostly by chance: without it, the change would be below zero in 30% of them. In b, all of it may be chance.'
    >>> of_schools(rows.tail(2).assign(below_zero=None))
    'That schools differ cannot be told from chance.'
    """
    if changes.empty:
        return ""
    panels = changes.groupby("panel", sort=False)[["spread", "below_zero"]].first()
    differ = panels[panels["spread"] > 0]
    if differ.empty:
        return "That schools differ cannot be told from chance."
    # What estimates vary by is the schools' own spread and chance.
    own = differ["spread"] ** 2 / changes.groupby("panel")["estimate"].var().reindex(differ.index)
    how = "mostly by chance" if (own < 0.5).all() else "by more than chance"
    where = f"In {_named(differ.index, len(panels), 'groups')}, " * (len(panels) > 1)
    told = f"{where}schools differ {how}: without it, the change would be below zero in {_shares(differ['below_zero'])} of them"
    alike = panels.index.difference(differ.index, sort=False)
    rest = f" In {_named(alike, len(panels), 'groups')}, all of it may be chance." if len(alike) else ""
    return f"{_sentence(told)}{rest}"


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


def given_most(rows: pd.DataFrame, said: str) -> str:
    """To which question an answer, `said`, is given most. `rows`: `label, item_label, share`, of that answer; optionally `average`.

    >>> rows = pd.DataFrame({"label": list("aabb"), "item_label": ["Visit", "Plan"] * 2, "share": [0.5, 0.2, 0.4, 0.1]})
    >>> given_most(rows, "Never")
    '“Never” is answered most to “Visit”: 40 to 50%.'
    >>> given_most(rows.assign(share=[0.5, 0.2, 0.1, 0.4]), "Never"), given_most(rows.assign(share=0.5), "Never")
    ('“Never” is answered most to “Visit” in a (50%), to “Plan” in b (40%).', '“Never” is answered to no question more than to all others: 50%.')
    >>> given_most(rows[rows["item_label"] == "Plan"], "Never")
    '“Never” is answered to “Plan” by 10 to 20%.'
    """
    known = rows[~rows["average"].astype(bool)] if "average" in rows else rows  # a mean of groups is no group
    known = known.dropna(subset="share")
    if known.empty:
        return ""
    most = known[known["share"] == known.groupby("label", sort=False)["share"].transform("max")]
    first, spread = most["item_label"].iloc[0], _shares(known["share"])
    if known["item_label"].nunique() == 1:
        return f"“{said}” is answered to “{first}” by {spread}."
    if most["label"].duplicated().any():
        return f"“{said}” is answered to no question more than to all others: {spread}."
    if most["item_label"].nunique() > 1:
        each = [
            f"to “{item}” in {words.listed(own['label'].astype(str) + ' (' + own['share'].map(percent) + '%)')}"
            for item, own in most.groupby("item_label", sort=False, observed=True)
        ]
        told = f"“{said}” is answered most {', '.join(each)}."
        if len(most) <= _NAMED and len(told.split()) <= _WORDS:
            return told
        return f"The question most often answered “{said}” differs from group to group; shares run from {spread}."
    return f"“{said}” is answered most to “{first}”: {_shares(most['share'])}."


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
    ('“no” is the commonest answer: 70%.', 'Answers agree most on “Visit” in a: 70% are “no”.')
    >>> commonest(rows.assign(share=0.5)), commonest(rows.assign(share=[0.7, 0.3, 0.3, 0.7]))
    ('No answer is commoner than all others.', 'Answers agree most in 2 of 2 bars: 70% are the same.')
    """
    bars = rows.pivot(index=["label", "item", "item_label"], columns="statistic", values="share")
    bars = bars[rows["statistic"].unique()].dropna().round(9)
    if bars.empty:
        return ""
    most = bars.max(axis=1)
    alone = bars.eq(most, axis=0).sum(axis=1) == 1
    if not alone.any():
        return "No answer is commoner than all others."
    first, share = bars[most == most.max()], percent(most.max())
    if not alone[first.index].all() or len(first) > 1:
        return f"Answers agree most in {len(first)} of {len(bars)} bars: {share}% are the same."
    (label, _, item), answer = first.index[0], first.iloc[0].idxmax()
    if len(bars) == 1:
        return f"“{answer}” is the commonest answer: {share}%."
    return f"Answers agree most on “{item}” in {label}: {share}% are “{answer}”."


def pair(rows: pd.DataFrame, said: str) -> str:
    """For which questions an answer, `said`, is more common in one of two groups, all tests counted.

    >>> rows = pd.DataFrame({"label_1": "A", "label_2": "B", "item_label": ["Visit", "Plan"], "estimate": [0.1, -0.2], "p_holm": 0.01})
    >>> pair(rows, "Never")
    '“Never” is more common in A than in B for Visit, rarer for Plan.'
    >>> pair(rows.assign(p_holm=0.2), "Never")
    'Whether “Never” is more common in A or in B cannot be told, all tests counted.'
    """
    known = rows.dropna(subset="estimate")
    if known.empty:
        return ""
    one, two = known[["label_1", "label_2"]].iloc[0]
    sure = known[known["p_holm"] < 0.05]
    more, fewer = (
        _named(own["item_label"], len(known), "questions") if len(own) else ""
        for own in (sure[sure["estimate"] > 0], sure[sure["estimate"] < 0])
    )
    if more:
        return f"“{said}” is more common in {one} than in {two} for {more}{f', rarer for {fewer}' if fewer else ''}."
    if fewer:
        return f"“{said}” is more common in {two} than in {one} for {fewer}."
    return f"Whether “{said}” is more common in {one} or in {two} cannot be told, all tests counted."


def between_cycles(rows: pd.DataFrame, said: str) -> str:
    """For which questions an answer, `said`, became more common. `rows`: `label, item_label, cycle_1, cycle_2, estimate, ci_low, ci_high`.

    >>> rows = pd.DataFrame({"label": "A", "item_label": ["Visit", "Plan"], "cycle_1": 2013, "cycle_2": 2018})
    >>> between_cycles(rows.assign(estimate=[0.1, -0.2], ci_low=[0.05, -0.3], ci_high=[0.2, 0.1]), "Monthly")
    'From 2013 to 2018, “Monthly” became more common in Visit. No change can be told in Plan.'
    """
    if rows.empty:
        return ""
    several = rows["label"].nunique() > 1
    name = rows["item_label"].astype(str) + (" (" + rows["label"].astype(str) + ")" if several else "")
    ends = rows[["cycle_1", "cycle_2"]].drop_duplicates()
    when = f"From {ends['cycle_1'].iloc[0]} to {ends['cycle_2'].iloc[0]}" if len(ends) == 1 else "From cycle to cycle"
    verbs = (f"“{said}” became more common", f"“{said}” became rarer", "no change can be told")
    points = rows[["estimate", "ci_low", "ci_high"]] * 100
    return directions(points.assign(name=name), verbs, when, "comparisons" if several else "questions", " points", 1)


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
