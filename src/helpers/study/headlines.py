"""What figures of a user's own data say, a computed sentence each, for any data; nothing ("") where nothing is drawn.

All follow from the numbers that the figure shows: what is hidden there is not told here. Names are left out where there
are many; what is equal stands out nowhere.
"""

import pandas as pd

from helpers.draw import numbers, words
from helpers.draw.numbers import percent

_NAMED = 3
"""So many names at most in a headline."""
ROSE = ("answers rose", "answers fell", "no change can be told")
GAINED = (
    "schools with peer groups gained on the others",
    "schools with peer groups lost to the others",
    "no difference can be told",
)
LEFT = ("those who left had answered higher", "those who left had answered lower", "no difference can be told")
"""What is above zero, below and neither, for `directions`."""


def directions(
    rows: pd.DataFrame, said: tuple[str, str, str], when: str = "", unit: str = "", decimals: int = 2
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
    said, when : of what is above zero, below, and neither; where the sentence begins
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
            parts.append(f"{verb} in {_named(own['name'], len(known))}")
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
    panels = known.groupby("panel", sort=False)[["above", "below"]].agg(["all", "any"])
    if len(panels) > 1:
        every = panels["above", "all"] | panels["below", "all"]
        some = (panels["above", "any"] | panels["below", "any"]) & ~every
        ways = {"each": every, "some": some, "none": ~every & ~some}
        found = [
            f"by {how} in {_named(panels.index[which], len(panels))}" for how, which in ways.items() if which.any()
        ]
        return f"Of the ways to calculate it, {what} is clear of zero {', '.join(found)}."
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


def of_schools(changes: pd.DataFrame) -> str:
    """How far schools differ. `changes`: `panel, spread, below_zero`, the last two of a panel.

    >>> of_schools(pd.DataFrame({"panel": ["a", "b"], "spread": [0.2, 0.0], "below_zero": [0.3, None]}))
    'Schools differ in a: by their spread, the change is below zero in 30% of schools.'
    >>> of_schools(pd.DataFrame({"panel": ["all"], "spread": [0.0], "below_zero": [None]}))
    'That schools differ cannot be told from chance.'
    """
    if changes.empty:
        return ""
    panels = changes.drop_duplicates("panel")
    differ = panels[panels["spread"] > 0]
    if differ.empty:
        return "That schools differ cannot be told from chance."
    where = f" in {_named(differ['panel'], len(panels))}" * (len(panels) > 1)
    return f"Schools differ{where}: by their spread, the change is below zero in {_shares(differ['below_zero'])} of schools."


def likeliest(curves: pd.DataFrame) -> str:
    """Whether each answer is the likeliest somewhere along a scale. `curves`: `place, answer, probability`.

    >>> curves = pd.DataFrame({"place": [0, 1] * 3, "answer": list("aabbcc"), "probability": [0.6, 0.2, 0.3, 0.3, 0.1, 0.5]})
    >>> likeliest(curves)
    'Nowhere on the scale the likeliest answer: b.'
    """
    wide = curves.pivot(index="place", columns="answer", values="probability")[curves["answer"].unique()]
    never = wide.columns.difference(wide.idxmax(axis=1), sort=False)
    if len(never):
        return f"Nowhere on the scale the likeliest answer: {words.listed(never)}."
    return f"Each of {wide.shape[1]} answers is the likeliest somewhere on the scale."


def given_most(rows: pd.DataFrame, said: str) -> str:
    """To which question an answer, `said`, is given most. `rows`: `label, item_label, share`, of that answer.

    >>> rows = pd.DataFrame({"label": list("aabb"), "item_label": ["Visit", "Plan"] * 2, "share": [0.5, 0.2, 0.4, 0.1]})
    >>> given_most(rows, "Never")
    '“Never” is answered most to “Visit”: 40 to 50%.'
    >>> given_most(rows.assign(share=[0.5, 0.2, 0.1, 0.4]), "Never"), given_most(rows.assign(share=0.5), "Never")
    ('The question most often answered “Never” differs from group to group; shares run from 10 to 50%.', '“Never” is answered to no question more than to all others: 50%.')
    >>> given_most(rows[rows["item_label"] == "Plan"], "Never")
    '“Never” is answered to “Plan” by 10 to 20%.'
    """
    known = rows.dropna(subset="share")
    if known.empty:
        return ""
    most = known[known["share"] == known.groupby("label", sort=False)["share"].transform("max")]
    first, spread = most["item_label"].iloc[0], _shares(known["share"])
    if known["item_label"].nunique() == 1:
        return f"“{said}” is answered to “{first}” by {spread}."
    if most["label"].duplicated().any():
        return f"“{said}” is answered to no question more than to all others: {spread}."
    if most["item_label"].nunique() > 1:
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
    """Which answer is the commonest in how many bars. `rows`: `label, item, statistic` (an answer), `share`; bars that lack one do not count.

    >>> rows = pd.DataFrame({"label": list("aabb"), "item": "q", "statistic": ["no", "yes"] * 2, "share": [0.7, 0.3, 0.4, 0.6]})
    >>> commonest(rows.head(2)), commonest(rows)
    ('“no” is the commonest answer.', 'Commonest answer, of 2 bars: “no” in 1, “yes” in 1.')
    >>> commonest(rows.assign(share=0.5))
    'No answer is commoner than all others.'
    """
    bars = rows.pivot(index=["label", "item"], columns="statistic", values="share")[rows["statistic"].unique()].dropna()
    if bars.empty:
        return ""
    alone = bars.eq(bars.max(axis=1), axis=0).sum(axis=1) == 1
    counts = bars[alone].idxmax(axis=1).value_counts(sort=False).sort_values(ascending=False, kind="stable")
    if counts.empty:
        return "No answer is commoner than all others."
    if counts.iloc[0] == len(bars):
        return f"“{counts.index[0]}” is the commonest answer{f' in all {len(bars)} bars' * (len(bars) > 1)}."
    if len(counts) == 1 or counts.iloc[0] > counts.iloc[1]:
        return f"“{counts.index[0]}” is the commonest answer in {counts.iloc[0]} of {len(bars)} bars."
    first = [f"“{name}” in {count}" for name, count in counts.head(_NAMED).items()]
    return f"Commonest answer, of {len(bars)} bars: {', '.join(first)}."


def above_middle(shares: pd.Series) -> str:
    """How many answers are above the middle of their scale; `shares` of them, by item or by item and group.

    >>> above_middle(pd.Series({"Time": 0.4, "Fun": 0.8}))
    'Above the middle of the scale: from 40% (Time) to 80% (Fun) of answers.'
    >>> above_middle(pd.Series({"Time": 0.4})), above_middle(pd.Series(dtype=float))
    ('Above the middle of the scale: 40% of answers.', '')
    """
    known = shares.dropna().sort_values(kind="stable")
    names = [", ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in known.index]
    ends = dict.fromkeys(percent(min(share, 1.0)) for share in known.iloc[[0, -1]]) if len(known) else {}
    if len(ends) < 2:
        return f"Above the middle of the scale: {''.join(ends)}% of answers." if ends else ""
    low, high = ends
    return f"Above the middle of the scale: from {low}% ({names[0]}) to {high}% ({names[-1]}) of answers."


def groups_apart(rows: pd.DataFrame) -> str:
    """In how many items the intervals of two groups do not touch. `rows`: `label` (item), `group, estimate, ci_low, ci_high`.

    >>> rows = pd.DataFrame({"label": list("xxyy"), "group": list("abab"), "estimate": [1, 3, 2, 2.0]})
    >>> groups_apart(rows.assign(ci_low=rows["estimate"] - 0.5, ci_high=rows["estimate"] + 0.5))
    'Intervals of groups do not touch in x, of 2 items.'
    """
    known = rows.dropna(subset="estimate")
    several = known.groupby("label")["group"].transform("nunique") > 1
    if not several.any():
        named = known["label"] + ", " + known["group"].astype(str)
        return f"{words.extremes(known.assign(item=named))}." if len(known) else ""
    ends = known[several].groupby("label", sort=False).agg(low=("ci_low", "max"), high=("ci_high", "min"))
    apart = ends.index[ends["low"] > ends["high"]]
    if apart.empty:
        return f"Intervals of groups touch in {'the only item' if len(ends) == 1 else f'all {len(ends)} items'} that can be compared."
    return f"Intervals of groups do not touch in {_named(apart, len(ends))}{f', of {len(ends)} items' * (len(apart) <= _NAMED and len(ends) > 1)}."


def pair(rows: pd.DataFrame, said: str) -> str:
    """For which questions an answer, `said`, is more common in one of two groups, all tests counted.

    >>> rows = pd.DataFrame({"label_1": "A", "label_2": "B", "item_label": ["Visit", "Plan"], "estimate": [0.1, -0.2], "p_holm": 0.01})
    >>> pair(rows, "Never")
    '“Never” is more common in A for Visit; in B for Plan.'
    >>> pair(rows.assign(p_holm=0.2), "Never")
    'In “Never” A and B cannot be told apart, all tests counted.'
    """
    known = rows.dropna(subset="estimate")
    if known.empty:
        return ""
    one, two = known[["label_1", "label_2"]].iloc[0]
    sure = known[known["p_holm"] < 0.05]
    parts = [
        f"in {name} for {_named(own['item_label'], len(known))}"
        for name, own in ((one, sure[sure["estimate"] > 0]), (two, sure[sure["estimate"] < 0]))
        if len(own)
    ]
    if not parts:
        return f"In “{said}” {one} and {two} cannot be told apart, all tests counted."
    return f"“{said}” is more common {'; '.join(parts)}."


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
    return directions(points.assign(name=name), verbs, when, " points", 1)


def _named(names: pd.Series | pd.Index, total: int) -> str:
    """Names where they are few, else how many of how many."""
    names = list(dict.fromkeys(map(str, names)))
    if len(names) <= _NAMED:
        return words.listed(names)
    return f"all {total}" if len(names) == total else f"{len(names)} of {total}"


def _shares(values: pd.Series) -> str:
    return f"{' to '.join(dict.fromkeys(map(percent, (values.min(), values.max()))))}%"


def _sentence(text: str, when: str = "") -> str:
    said = f"{when}, {text}" if when else text
    return f"{said[0].upper()}{said[1:]}." if text else ""
