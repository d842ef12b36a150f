"""Small cells are suppressed before anything is drawn or saved, so that no group of a few can be read off."""

import numpy as np
import pandas as pd

from helpers.project import InputError

MINIMUM = 10
"""A cell that rests on fewer answers than this is not shown."""
_DECIMALS = 2


def is_small(
    counts: pd.DataFrame | pd.Series | np.ndarray | int, minimum: int = MINIMUM
) -> pd.DataFrame | pd.Series | np.ndarray | bool:
    """Which counts are of somebody, but of fewer than the `minimum`."""
    return (counts > 0) & (counts < minimum)


def hide_counts(rows: pd.DataFrame, whole: str, parts: list[str], others: list[str]) -> pd.DataFrame:
    """Counts of people without the small ones, and without those from which a small one follows.

    Parameters
    ----------
    rows, whole, parts : a row a group; its column of all people, and the columns that add up to it
    others : columns of other counts of the group, hidden where the group is small
    """
    shown = rows.astype(dict.fromkeys([whole, *parts, *others], "Int64"))
    small = is_small(rows[parts])
    shown[parts] = shown[parts].mask(small)
    shown[whole] = shown[whole].mask(small.any(axis=1))
    shown[others] = shown[others].mask(is_small(rows[whole]))
    return shown


def rounded_differences(
    differences: pd.DataFrame, one: np.ndarray, two: np.ndarray, hidden: np.ndarray
) -> pd.DataFrame:
    """Differences of shares with so few digits that a hidden group does not follow from them and from those of all.

    A difference of two shares is a whole number divided by the product of the groups' sizes: many digits tell all three.
    Where too few whole numbers print alike, nothing is shown.

    Parameters
    ----------
    differences : columns `estimate` and others of numbers, a row a difference
    one, two, hidden : sizes of the two groups; where people are hidden
    """
    numbers = differences.select_dtypes("float")
    alike = 10.0**-_DECIMALS * one * two >= MINIMUM
    few_digits = np.where(alike[:, None], numbers.round(_DECIMALS), np.nan)
    shown = pd.DataFrame(np.where(hidden[:, None], few_digits, numbers), numbers.index, numbers.columns)
    return differences.assign(**shown)


def suppress_groups(cells: pd.DataFrame, values: list[str], alike: pd.Series | None = None) -> pd.DataFrame:
    """Empty `values` and `n` of small groups, and of those all of whom answer alike; adds a column `suppressed`.

    `cells` has columns `item, group, n`; the group named "all" is everybody. Everybody minus the groups that are
    shown must not be such a cell either: the next smallest groups go with them until those hidden, people who name no
    group among them, are two or more cells and together reach MINIMUM. `alike`: of each item and group whether all of it
    answer alike.
    """
    sizes = cells.drop_duplicates(["item", "group"])
    same = pd.MultiIndex.from_frame(sizes[["item", "group"]]).isin([] if alike is None else alike.index[alike])
    sizes = sizes.assign(gone=(sizes["n"] < MINIMUM) | same)
    hidden: set[tuple[str, str]] = set()
    for item, family in sizes.groupby("item", sort=False):
        everybody = family["group"] == "all"
        parts = family[~everybody].sort_values(["gone", "n"], ascending=[False, True], kind="stable")
        small = int(parts["gone"].sum())
        unnamed = int(family.loc[everybody, "n"].sum() - parts["n"].sum()) if everybody.any() else 0
        count = 0
        if small or 0 < unnamed < MINIMUM:
            together = int((unnamed + parts["n"].cumsum() < MINIMUM).sum()) + 1
            count = max(small, together, 1 if unnamed else 2)
        total = family.loc[everybody & family["gone"], "group"]
        hidden |= {(item, group) for group in [*parts["group"].head(count), *total]}
    mask = pd.Series([pair in hidden for pair in zip(cells["item"], cells["group"], strict=True)], cells.index)
    result = cells.assign(n=cells["n"].astype(float))
    result.insert(result.columns.get_loc("group") + 1, "suppressed", mask)
    return result.assign(**{name: result[name].mask(mask) for name in ["n", *values]})


def refuse_nothing(shown: pd.Series, file: str) -> None:
    """Raise InputError where nothing is left to be shown of a file."""
    if shown.isna().all():
        raise InputError(
            f"{file}: nothing can be shown. Every group has fewer than {MINIMUM} answers, answers alike, or stands beside such a "
            "group. Bring more answers, join groups, or leave `group` out."
        )


def too_near(counts: pd.Series) -> pd.Series:
    """Which counts differ by one to nine from one before that stays: of much the same people, the difference is a few.

    >>> too_near(pd.Series([240, 240, 233, None, 229])).tolist()
    [False, False, True, False, False]
    """
    kept: list[float] = []
    near = []
    for count in counts.astype(float):
        near.append(any(is_small(abs(count - other)) for other in kept))
        kept += [] if near[-1] or np.isnan(count) else [count]
    return pd.Series(near, counts.index)


def complementary(counts: pd.Series) -> pd.Series:
    """Which counts must be hidden where their total may be known: those of one to nine, and more, so that none follows.

    >>> complementary(pd.Series([0, 3, 40, 12])).tolist()
    [False, True, False, True]
    """
    hidden = is_small(counts)
    while counts[hidden].sum() > 0 and (hidden.sum() == 1 or counts[hidden].sum() < MINIMUM):
        rest = counts[~hidden & (counts > 0)]
        if rest.empty:
            break
        hidden[rest.idxmin()] = True
    return hidden
