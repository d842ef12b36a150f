"""What figures of satisfaction say, a computed sentence each: of printed averages, and of a user's own answers, whatever these are."""

from collections.abc import Sequence

import pandas as pd

from helpers.draw import words
from helpers.draw.numbers import percent

_NAMED = 2
"""So many names at most at one end of a scale."""
_WORDS = 25
"""So many words at most in a headline."""


def below_the_claim(means: pd.DataFrame, claim: float) -> str:
    """What is rated above `claim`, and what is not. `means`: `label, estimate`.

    >>> rows = pd.DataFrame({"label": ["Time", "Fun", "Peers"], "estimate": [2.77, 3.2, 3.1]})
    >>> below_the_claim(rows, 3), below_the_claim(rows.tail(2), 3)
    ('2 of 3 parts are rated above 3; “Time” is rated 2.77.', 'All 2 parts are rated above 3.')
    """
    low, n = means[means["estimate"] <= claim], len(means)
    if low.empty:
        return f"All {n} parts are rated above {claim:g}."
    rest = f"; “{low['label'].iloc[0]}” is rated {low['estimate'].iloc[0]:.2f}" * (len(low) == 1)
    return f"{n - len(low)} of {n} parts are rated above {claim:g}{rest}."


def sizes_that_fit(fits: pd.DataFrame, items: int, printed: Sequence[int]) -> str:
    """From how many people all averages could come, of the numbers shown, and from which of those in print not.

    >>> fits = pd.DataFrame({"n": [47, 48, 49, 53], "possible": [6, 4, 1, 6]})
    >>> sizes_that_fit(fits, 6, [48, 49])
    'All 6 printed averages could come from 47 or 53 people, but not from the 48 or 49 that the paper names.'
    >>> sizes_that_fit(fits, 6, [47])
    'All 6 printed averages could come from 47 or 53 people, and so from the 47 that the paper names.'

    Parameters
    ----------
    fits, items, printed : `n, possible`, at least one of which allows all; how many averages there are; sizes in print
    """
    whole = fits.loc[fits["possible"] == items, "n"].tolist()
    missed = [size for size in printed if size not in whole]
    beside = f"but not from the {_either(missed)}" if missed else f"and so from the {_either(printed)}"
    return f"All {items} printed averages could come from {_either(whole)} people, {beside} that the paper names."


def most_and_least(shares: pd.Series, answers: Sequence[str] = ()) -> str:
    """With what people are most and least satisfied; `shares` of answers above the middle, by item or by item and group; `answers`: these.

    >>> most_and_least(pd.Series({"Time": 0.4, "Fun": 0.8}), ["quite", "very"])
    'Satisfaction is highest with “Fun”: 80% answered “quite” or “very”. It is lowest with “Time”: 40%.'
    >>> most_and_least(pd.Series({"Time": 0.4})), most_and_least(pd.Series(dtype=float))
    ('40% answered above the middle of the scale.', '')
    """
    known = shares.dropna().sort_values(ascending=False, kind="stable").clip(upper=1.0)
    if known.empty:
        return ""
    told = known.map(percent)
    said = f"answered {_quoted(answers, 'or') or 'above the middle of the scale'}"
    high, low = told.iloc[0], told.iloc[-1]
    if high == low:
        return f"{high}% {said}{f' on each of {len(known)} bars' * (len(known) > 1)}."
    most, least = (_with(told.index[told == end], len(told)) for end in (high, low))
    whole = f"Satisfaction is highest {most}: {high}% {said}. It is lowest {least}: {low}%."
    return whole if len(whole.split()) <= _WORDS else f"Satisfaction differs: {low} to {high}% {said}."


def together(answers: Sequence[str]) -> str:
    """What the number at the end of a bar adds up. `answers`: those above the middle.

    >>> together(["quite", "very"]), together(["very"]), together(list("abcd"))
    ('“quite” and “very” together', '“very”', 'all above the middle together')
    """
    named = _quoted(answers, "and")
    return f"{named or 'all above the middle'}{' together' * (len(answers) != 1)}"


def groups_apart(rows: pd.DataFrame) -> str:
    """Which groups rated what higher than which: where their intervals do not overlap. `rows`: `label` (item), `group, estimate, ci_low, ci_high`.

    >>> rows = pd.DataFrame({"label": list("xxyy"), "group": list("abab"), "estimate": [1, 3, 2, 2.0]})
    >>> groups_apart(rows.assign(ci_low=rows["estimate"] - 0.5, ci_high=rows["estimate"] + 0.5))
    '“b” rated “x” higher than “a” did.'
    """
    known = rows.dropna(subset="estimate")
    several = known[known.groupby("label")["group"].transform("nunique") > 1]
    if several.empty:
        named = known["label"] + ", " + known["group"].astype(str)
        return f"{words.extremes(known.assign(item=named))}." if len(known) else ""
    found: dict[object, dict[str, list[str]]] = {}
    for item, part in several.groupby("label", sort=False):
        for one in part.itertuples():
            lower = part.loc[part["ci_high"] < one.ci_low, "group"]
            if len(lower):
                everybody = len(part) > 2 and len(lower) == len(part) - 1
                than = "all others" if everybody else _quoted(lower, "and", most=len(lower))
                found.setdefault(one.group, {}).setdefault(than, []).append(item)
    items = several["label"].nunique()
    if not found:
        return f"Groups cannot be told apart on {'the only item' if items == 1 else f'any of {items} items'}."
    parts = [
        f"“{group}” rated {words.listed(f'{_items(own, items)} higher than {than} did' for than, own in of.items())}"
        for group, of in found.items()
    ]
    whole = f"{words.listed(parts)}."
    if len(whole.split()) <= _WORDS:
        return whole
    apart = list(dict.fromkeys(item for of in found.values() for own in of.values() for item in own))
    short = f"Some groups rated {_items(apart, items)} higher than others."
    return short if len(short.split()) <= _WORDS else f"Groups rated {len(apart)} of {items} items differently."


def _items(names: Sequence[str], total: int) -> str:
    few = f"all {total}" if len(names) == total else f"{len(names)} of {total}"
    return _quoted(names, "and") or f"{few} items"


def _with(names: pd.Index, total: int) -> str:
    """At what: items by name, with their groups, or how many of the bars."""
    if len(names) > _NAMED:
        return f"at {len(names)} of {total} bars"
    each = [f"with “{n[0]}” in “{n[1]}”" if isinstance(n, tuple) else f"with “{n}”" for n in names]
    return words.listed(each)


def _quoted(names: Sequence, joint: str, most: int = 3) -> str:
    """Names in quotes, where they are few and none is empty, else nothing."""
    names = [f"“{name}”" for name in names if str(name)] if 0 < len(names) <= most and all(map(str, names)) else []
    return f" {joint} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _either(sizes: Sequence[int]) -> str:
    return " or ".join(filter(None, [", ".join(map(str, sizes[:-1])), str(sizes[-1])]))
