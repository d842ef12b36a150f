"""What results say in words, computed from them: the one place for sentences that several notebooks share."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from helpers.draw.numbers import interval, percent, spoken_p

FEW = 10
"""Below so many clusters, or degrees of freedom, a page says what they mean."""
_MEANS = "Intervals allow for that and are wide; what is small cannot be seen."


def few_clusters(estimates: pd.DataFrame, clusters: str = "schools") -> str:
    """Sentences on estimates that few clusters tell about, or too few for a p-value; nothing where there are none.

    >>> rows = pd.DataFrame({"term": ["2019", "x"], "n_groups": 20, "n_varying": [20, 2], "df": [18.2, 1.04]})
    >>> rows = rows.assign(estimate=0.1, p_value=0.04)
    >>> few_clusters(rows)
    'Few schools: x varies in 2 of 20 (1.0 degrees of freedom). Intervals allow for that and are wide; what is small cannot be seen.'

    Parameters
    ----------
    estimates, clusters : rows with `term, estimate, p_value, n_groups, n_varying, df`, those without an estimate left out;
        what the clusters are called
    """
    return " ".join(filter(None, (_few(estimates.dropna(subset="p_value"), clusters), _untested(estimates, clusters))))


def _untested(estimates: pd.DataFrame, clusters: str) -> str:
    rows = estimates[estimates["estimate"].notna() & estimates["p_value"].isna()]
    if rows.empty:
        return ""
    return (
        f"No p-value and no interval: {'; '.join(dict.fromkeys(rows['term']))}. It rests on so few "
        f"{clusters}, alone or smaller than most others, that nothing here says what chance would do."
    )


def _few(estimates: pd.DataFrame, clusters: str) -> str:
    low = estimates[["n_varying", "df"]].min(axis=1) < FEW
    rows = estimates[low].drop_duplicates(["term", "n_groups", "n_varying"])
    if rows.empty:
        return ""
    each = [
        f"{r.term} varies in {r.n_varying:.0f} of {r.n_groups:.0f}"
        + (f" ({r.df:.1f} degrees of freedom)" if np.isfinite(r.df) else "")
        for r in rows.head(2).itertuples()
    ]
    more = f" and {len(rows) - 2} more" if len(rows) > 2 else ""
    return f"Few {clusters}: {'; '.join(each)}{more}. {_MEANS}"


def falls(steps: pd.DataFrame, unit: str = "year") -> str:
    """Where a series falls from one time to the next, and whether chance could do that.

    >>> rows = pd.DataFrame({"series": "high schools", "term": ["2017", "2018"], "estimate": [-0.09, 0.14],
    ...                      "ci_low": [-0.21, 0.05], "ci_high": [0.03, 0.23], "p_value": [0.13, 0.002]})
    >>> falls(rows)
    '1 fall from one year to the next. In 2017, high schools: -0.09 (95% interval -0.21 to 0.03, p = 0.130). It cannot be told from no change.'

    Parameters
    ----------
    steps : `series, term, estimate, ci_low, ci_high, p_value`, the change from the time before to `term`
    unit : what the times are called
    """
    rows = steps[steps["estimate"] < 0]
    if rows.empty:
        return f"No {unit} is below the one before it."
    each = " ".join(
        f"In {r.term}, {r.series}: {r.estimate:.2f} ({within(r.ci_low, r.ci_high)}, {spoken_p(r.p_value)})."
        for r in rows.itertuples()
    )
    clear = int((rows["ci_high"] < 0).sum())
    if len(rows) == 1:
        doubt = "It is more than chance would do." if clear else "It cannot be told from no change."
    elif clear in (0, len(rows)):
        doubt = "All are more than chance would do." if clear else "None of them can be told from no change."
    else:
        doubt = f"Of these {clear} {'is' if clear == 1 else 'are'} more than chance would do; the others cannot be told from no change."
    return f"{count(len(rows), 'fall')} from one {unit} to the next. {each} {doubt}"


def few_behind(shares: pd.DataFrame, clusters: str = "schools") -> str:
    """A sentence on shares or means that few schools, or other clusters, tell about; nothing where there are none.

    >>> few_behind(pd.DataFrame({"label": ["art", "music"], "share": 0.5, "n_schools": [31, 6]}))
    'Few schools: music (6). Intervals allow for that and are wide; what is small cannot be seen.'

    `shares` has `label, share, n_schools`, the last empty where no school is known.
    """
    known = shares.dropna(subset=["share", "n_schools"])
    least = known.groupby("label", sort=False, observed=True)["n_schools"].min()
    least = least[least < FEW]
    if least.empty:
        return ""
    each = ", ".join(f"{label} ({n:.0f})" for label, n in least.head(4).items())
    more = f" and {len(least) - 4} more" if len(least) > 4 else ""
    return f"Few {clusters}: {each}{more}. {_MEANS}"


def count(n: float, one: str, many: str = "") -> str:
    """How many of something: one is singular, all else plural.

    >>> count(1, "school"), count(0, "school"), count(1200, "study", "studies")
    ('1 school', '0 schools', '1,200 studies')
    """
    return f"{n:,.0f} {one if n == 1 else many or one + 's'}"


def of_few(share: float, n: int) -> str:
    """A share of `n` as a number of these where they are at most 100, for nobody counts percents of twelve.

    >>> of_few(0.004, 12), of_few(0.3, 12), of_few(0.996, 12), of_few(0.004, 465)
    ('none of 12', 'about 4 of 12', 'all 12', '<1% of 465')
    """
    if n > 100:
        return f"{percent(share)}% of {n:,}"
    k = round(share * n)
    return f"none of {n}" if k == 0 else f"all {n}" if k == n else f"about {k} of {n}"


def hollow(n: int | str, tried: str, beyond: str = "") -> str:
    """What hollow marks are where several tests were corrected for.

    >>> hollow(25, "pairs were tried"), hollow(1, "pairs were tried")
    ('hollow: may be chance, as 25 pairs were tried', 'hollow: may be chance')
    >>> hollow("4 to 6", "tests were made", "0")
    'hollow, even where a line is clear of 0: may be chance, as 4 to 6 tests were made'

    `tried`: what was done with so many; `beyond`: what the interval of some hollow mark does not hold, if one does not.
    """
    even = f", even where a line is clear of {beyond}" * bool(beyond)
    return f"hollow{even}: may be chance" + f", as {n} {tried}" * (str(n) != "1")


def listed(names: Iterable[object]) -> str:
    """Names as a sentence has them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *before, last = map(str, names)
    return f"{', '.join(before)} and {last}" if before else last


def change(estimate: float, low: float, high: float, decimals: int = 2) -> str:
    """What changed, with a word of direction only where the interval supports it.

    >>> change(-0.44, -0.6, -0.28)
    'fell by 0.44 (-0.60 to -0.28)'
    >>> change(0.02, -0.1, 0.14)
    'cannot be told from no change (0.02; -0.10 to 0.14)'
    >>> change(0.11, -0.0011, 0.21)  # which end is on which side of zero must be seen
    'cannot be told from no change (0.110; -0.001 to 0.210)'
    >>> change(6e-18, -3e-18, 2e-17)  # rounding of a computer
    'cannot be told from no change (0.00; 0.00 to 0.00)'
    >>> change(0.2, -np.inf, np.inf), change(np.nan, np.nan, np.nan)
    ('cannot be told from no change (0.20, without an interval)', 'is not shown, as it rests on too few')

    Parameters
    ----------
    estimate, low, high : the change and the ends of its interval, in the unit that the sentence names
    decimals : of the numbers
    """
    if not np.isfinite(estimate):
        return "is not shown, as it rests on too few"
    decimals = _enough(decimals, low, high)
    if low > 0 or high < 0:
        return f"{'rose' if low > 0 else 'fell'} by {_plain(abs(estimate), decimals)} ({_ends(low, high, decimals)})"
    bounds = "; " + _ends(low, high, decimals) if np.isfinite([low, high]).any() else ", without an interval"
    return f"cannot be told from no change ({_plain(estimate, decimals)}{bounds})"


def within(low: float, high: float) -> str:
    """A 95% interval as part of a sentence, or that there is none.

    >>> within(0.1, 0.3), within(-np.inf, np.inf), within(np.nan, np.nan)
    ('95% interval 0.10 to 0.30', 'without an interval', 'without an interval')
    """
    return f"95% interval {interval(low, high)}" if np.isfinite([low, high]).any() else "without an interval"


def _enough(decimals: int, *ends: float) -> int:
    """So many decimals that no end of an interval reads as zero which is not; what is zero to three more is rounding."""
    needed = [
        next((more for more in range(decimals, decimals + 4) if abs(end) >= 0.5 * 10.0**-more), decimals)
        for end in ends
        if np.isfinite(end)
    ]
    return max(needed, default=decimals)


def _plain(value: float, decimals: int) -> str:
    """A number as a sentence has it: no powers of ten, and no zero below zero."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _ends(low: float, high: float, decimals: int) -> str:
    bounded = np.isfinite([low, high]).all()
    return f"{_plain(low, decimals)} to {_plain(high, decimals)}" if bounded else interval(low, high, decimals)


def estimate(value: float, low: float, high: float, decimals: int = 2) -> str:
    """An estimate with its interval in brackets, whatever there is of both.

    >>> estimate(0.2, 0.1, 0.3), estimate(0.2, -np.inf, np.inf), estimate(np.nan, np.nan, np.nan)
    ('0.20 (0.10 to 0.30)', '0.20 (without an interval)', 'not shown (too few)')

    Parameters
    ----------
    value, low, high : the estimate and the ends of its interval
    decimals : of the numbers
    """
    if not np.isfinite(value):
        return "not shown (too few)"
    known, decimals = np.isfinite([low, high]).any(), _enough(decimals, low, high)
    return f"{_plain(value, decimals)} ({_ends(low, high, decimals) if known else 'without an interval'})"


def apart_from_zero(estimates: pd.Series, p_values: pd.Series, alpha: float = 0.05) -> str:
    """Which estimates are above zero and which below, where the p-value supports it; both indexed by name.

    >>> names = ["a", "b", "c", "d"]
    >>> apart_from_zero(pd.Series([0.4, -0.3, 0.1, 0.2], names), pd.Series([0.001, 0.02, 0.6, np.nan], names))
    'above zero: a; below zero: b; cannot be told from zero: c; without a test: d'
    """
    clear = p_values < alpha
    parts = {
        "above zero": clear & (estimates > 0),
        "below zero": clear & (estimates < 0),
        "cannot be told from zero": p_values.notna() & ~clear,
        "without a test": p_values.isna(),
    }
    return "; ".join(f"{said}: {listed(estimates.index[which])}" for said, which in parts.items() if which.any())


def extremes(rows: pd.DataFrame) -> str:
    """Highest and lowest of some means; which is highest or lowest is said only where its interval is apart from all others.

    >>> rows = pd.DataFrame({"item": ["a", "b", "c"], "estimate": [3.5, 2.6, 2.5],
    ...                      "ci_low": [3.3, 2.4, 2.3], "ci_high": [3.7, 2.8, 2.7]})
    >>> extremes(rows)
    'Of 3 items “a” has the highest mean, 3.50 (3.30 to 3.70); which is lowest cannot be told (“c”: 2.50 (2.30 to 2.70))'
    >>> extremes(rows.head(1))
    '“a” has the mean 3.50 (3.30 to 3.70)'

    `rows`: `item, estimate, ci_low, ci_high`, at least one.
    """
    rows = rows.sort_values("estimate", ascending=False, kind="stable")
    said = [f"{estimate(r.estimate, r.ci_low, r.ci_high)}" for r in rows.itertuples()]
    top, bottom = (f"“{name}”" for name in rows["item"].iloc[[0, -1]])
    if len(rows) == 1:
        return f"{top} has the mean {said[0]}"
    highest = rows["ci_low"].iloc[0] > rows["ci_high"].iloc[1:].max(skipna=False)
    lowest = rows["ci_high"].iloc[-1] < rows["ci_low"].iloc[:-1].min(skipna=False)
    if not highest and not lowest:
        return f"Which of {len(rows)} items has the highest mean cannot be told: they lie between {said[-1]} for {bottom} and {said[0]} for {top}"
    one = f"{top} has the highest mean, {said[0]}" if highest else f"which is highest cannot be told ({top}: {said[0]})"
    other = (
        f"{bottom} has the lowest, {said[-1]}" if highest and lowest else f"{bottom} has the lowest mean, {said[-1]}"
    )
    return (
        f"Of {len(rows)} items {one}; {other if lowest else f'which is lowest cannot be told ({bottom}: {said[-1]})'}"
    )
