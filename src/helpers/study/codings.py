"""What is shown of a coding of leaders (`leaders.Coding`): rows of figures, and sentences on them."""

from collections.abc import Sequence

import pandas as pd

from helpers.draw.colours import dark, looks
from helpers.draw.words import count, listed

KINDS = ("Practices", "Supports")
_DRAWN = 10
"""So many pairs at most in a figure, unless more are clear of chance."""


def by_kind(of_leaders: pd.DataFrame, practices: Sequence[str]) -> pd.DataFrame:
    """Rows of `leaders.counts` with a `label` and the `group` they are of (KINDS), practices first, the commonest of each first."""
    of = of_leaders["code"].isin(practices).map({True: KINDS[0], False: KINDS[1]})
    rows = of_leaders.assign(label=of_leaders["code"], group=of).sort_values("count", ascending=False, kind="stable")
    return rows.sort_values("group", kind="stable", ignore_index=True)


def titles(rows: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Title of each group of `by_kind`, and its colour."""
    return {kind: (kind, dark(colour)) for kind, (colour, _) in looks(rows["group"]).items()}


def commonest(rows: pd.DataFrame) -> str:
    """Which practice most leaders have, and which support. `rows`: of `by_kind`.

    >>> rows = pd.DataFrame({"code": ["share", "help", "time"], "group": ["Practices", "Practices", "Supports"], "count": [9, 5, 7], "n": 12})
    >>> commonest(rows), commonest(rows.head(2))
    ('“share” is the commonest practice (9 of 12 leaders), “time” the only support (7).', '“share” is the commonest practice: 9 of 12 leaders.')
    >>> commonest(rows.head(1)), commonest(rows.head(2).assign(count=4))
    ('“share” is the only practice: 9 of 12 leaders.', 'All 2 practices are as common: 4 of 12 leaders each.')
    """
    n, told = rows["n"].iloc[0], []
    for kind, own in rows.groupby("group", sort=False):
        most, of = own["count"].max(), kind.lower()
        first = own.loc[own["count"] == most, "code"]
        verb = ("is " if len(first) == 1 else "are ") * (not told)
        each, who = " each" * (len(first) > 1), listed("“" + first + "”") if len(first) <= 3 else f"{len(first)} {of}"
        if len(own) == len(first) > 1:
            told.append((f"all {len(own)} {of} {verb}as common", most, each))
        elif len(first) > 1:
            told.append((f"{who} {verb}the commonest{f' {of}' * (len(first) <= 3)}", most, each))
        else:
            told.append((f"{who} {verb}the {'only' if len(own) == 1 else 'commonest'} {of[:-1]}", most, ""))
    (first, k, each), *others = told
    if others:
        text = f"{first} ({k} of {n} leaders{each}), " + ", ".join(f"{one} ({k}{each})" for one, k, each in others)
    else:
        text = f"{first}: {k} of {n} leaders{each}"
    return f"{text[0].upper()}{text[1:]}."


def coded_most(common: pd.Series) -> str:
    """How many are coded with the commonest practice, of several as common with each. `common`: practice -> leaders.

    >>> coded_most(pd.Series({"share": 9, "help": 5})), coded_most(pd.Series({"share": 9, "help": 9, "push": 2}))
    ('9 are coded with the commonest practice, share', '9 each are coded with the commonest practices, share and help')
    """
    first = common.index[common == common.max()]
    alone = len(first) == 1
    return f"{common.max()} {'' if alone else 'each '}are coded with the commonest practice{'' if alone else 's'}, {listed(first)}"


def commonest_pair(pairs: pd.DataFrame, n: int) -> str:
    """Which two codes most of `n` leaders have together, in words; `pairs` as `leaders.together` gives them."""
    two = pairs[pairs["code_1"] != pairs["code_2"]]
    if two.empty:
        return f"One alone, which {pairs['both'].iloc[0]} of {n} leaders have."
    both = two["both"].max()
    if not both:
        return f"Of {n} leaders nobody has two of these."
    most = ("“" + two["code_1"] + "” and “" + two["code_2"] + "”")[two["both"] == both]
    if len(most) == 1:
        return f"{most.iloc[0]} are found together most often: in {both} of {n} leaders."
    return f"{len(most)} of {len(two)} pairs are found together most often: each in {both} of {n} leaders."


def strongest(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs to draw, of those of `leaders.associations`: those with the smallest p-value first, ten or all that are clear of chance."""
    ordered = pairs.sort_values("p_value", na_position="last", kind="stable")
    return ordered.head(max(_DRAWN, int((pairs["p_holm"] < 0.05).sum())))


def those_drawn(pairs: pd.DataFrame) -> str:
    """Which pairs are drawn, for a caption; nothing where all are."""
    drawn = len(strongest(pairs))
    return f"; of {len(pairs)} pairs the {drawn} with the smallest p-values" * (drawn < len(pairs))


def together_by_more_than_chance(pairs: pd.DataFrame) -> str:
    """Which practices and supports go together, or apart, after adjustment for all pairs. `pairs`: of `leaders.associations`.

    >>> pairs = pd.DataFrame({"practice": "help", "support": ["time", "trust"], "odds_ratio": [9.0, 1.1], "p_holm": [0.01, 1]})
    >>> together_by_more_than_chance(pairs), together_by_more_than_chance(pairs.tail(1))
    ('Of 2 pairs only “help” and “time” go together more often than chance explains.', 'The one pair may go together, or apart, by chance.')
    >>> together_by_more_than_chance(pairs.assign(p_holm=1))
    'Of 2 pairs each may go together, or apart, by chance.'
    """
    tested = pairs.dropna(subset="p_holm")
    sure, of = tested[tested["p_holm"] < 0.05], f"Of {count(len(tested), 'pair')}"
    if sure.empty:
        return (
            f"{of} each may go together, or apart, by chance."
            if len(tested) > 1
            else "The one pair may go together, or apart, by chance."
        )
    if len(sure) == 1:
        of, how = (
            f"{of} only " if len(tested) > 1 else "",
            "more often" if sure["odds_ratio"].iloc[0] > 1 else "more rarely",
        )
        return (
            f"{of}“{sure['practice'].iloc[0]}” and “{sure['support'].iloc[0]}” go together {how} than chance explains."
        )
    sides = (("more often", sure["odds_ratio"] > 1), ("more rarely", sure["odds_ratio"] < 1))
    counts = [(how, which.sum()) for how, which in sides if which.any()]
    parts = [f"{k} {'goes' if k == 1 else 'go'} together {how}" for how, k in counts]
    return f"{of}, {' and '.join(parts)} than chance explains."
