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


def hide_counts(rows: pd.DataFrame, family: list[str], whole: str, parts: list[str], others: list[str]) -> pd.DataFrame:
    """Counts of people without the small ones, and without those from which a small one follows.

    Parameters
    ----------
    rows, family : a row a group and an item; the columns that name a group, all of whose rows are of the same people
    whole, parts : the column of all people, and the columns that add up to it, the first of which other tables tell too
    others : columns of other counts of the group, hidden where the group is small
    """
    shown = rows.astype(dict.fromkeys([whole, *parts, *others], "Int64"))
    small = is_small(rows[parts])
    # All people less those who answered are the rest, at any item: one row tells how many all are.
    near = small.any(axis=1).groupby([rows[name] for name in family], dropna=False).transform("any")
    shown[parts] = shown[parts].mask(small)
    for name in [whole, *parts[1:]]:
        shown[name] = shown[name].mask(near)
    shown[others] = shown[others].mask(is_small(rows[whole]))
    return shown


def rounded_differences(
    differences: pd.DataFrame, one: np.ndarray, two: np.ndarray, hidden: np.ndarray
) -> pd.DataFrame:
    """Differences of shares with so few digits that a hidden group does not follow from them and from those of all.

    A difference of two shares is a whole number divided by the product of the groups' sizes: many digits tell all three.
    Where too few whole numbers print alike, nothing is shown. p-values are rounded up: none becomes clearer than it is.

    Parameters
    ----------
    differences : columns `estimate` and others of numbers, a row a difference
    one, two, hidden : sizes of the two groups; where people are hidden
    """
    numbers = differences.select_dtypes("float")
    alike = 10.0**-_DECIMALS * one * two >= MINIMUM
    tests = numbers.columns.str.startswith("p_")
    up = np.ceil(numbers * 10**_DECIMALS) / 10**_DECIMALS
    few_digits = np.where(alike[:, None], np.where(tests, up, numbers.round(_DECIMALS)), np.nan)
    shown = pd.DataFrame(np.where(hidden[:, None], few_digits, numbers), numbers.index, numbers.columns)
    return differences.assign(**shown)


def few_digits(values: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Shares, means and their errors with two decimals, of 30 people or more three, of 300 or more four, and so on.

    With all its digits a weighted share is a sum of the weights of those who gave the answer, and of no others: whoever knows
    what each person of a school weighs can tell how many of a school they are. So do errors with schools as clusters.

    >>> few_digits(np.array([0.123456, 0.123456, np.nan]), np.array([29, 300, 30])).tolist()
    [0.12, 0.1235, nan]
    """
    scale = 10.0 ** np.floor(np.log10(np.maximum(n, MINIMUM) / 0.03 + 1e-9))
    return np.round(values * scale) / scale


def suppress_groups(
    cells: pd.DataFrame, values: list[str], answers: pd.DataFrame | None = None, smallest: int = 0
) -> pd.DataFrame:
    """Empty `values` and `n` of groups that must not be shown, and of others from which they follow; adds a column `suppressed`.

    Not shown are groups of fewer than MINIMUM, those all of whom answer alike, and those in which some answer is of fewer than
    `smallest`. Everybody minus the groups that are shown must not be such a group either: the next smallest go with them until
    those hidden, people who name no group among them, may be known together.

    Parameters
    ----------
    cells, values : columns `item, group, n` and others, the group "all" is everybody; columns to empty
    answers, smallest : how many gave each answer (a column), by item and group; how many must have given one
    """
    check_smallest(smallest)
    sizes = cells.drop_duplicates(["item", "group"]).set_index(["item", "group"])[["n"]]
    counts = sizes if answers is None else answers.reindex(sizes.index, fill_value=0)
    hidden: set[tuple[str, str]] = set()
    for item, family in counts.groupby(level="item", sort=False):
        family = family.droplevel("item")
        parts = family.drop(index="all", errors="ignore")
        gone = pd.Series([not _may_be_known(row, smallest) for row in parts.to_numpy()], parts.index, dtype=bool)
        order = pd.DataFrame({"shown": ~gone, "n": parts.sum(axis=1)}).sort_values(["shown", "n"], kind="stable").index
        rest = (family.loc["all"] if "all" in family.index else parts.sum()) - parts.sum()
        count = int(gone.sum())
        together = [(rest + parts.loc[order[:some]].sum()).to_numpy() for some in range(len(order) + 1)]
        while count < len(order) and together[count].any() and not _may_be_known(together[count], smallest):
            count += 1
        hidden |= {(item, group) for group in order[:count]}
        if "all" in family.index and not _may_be_known(family.loc["all"].to_numpy(), 0):
            hidden.add((item, "all"))
    mask = pd.Series([pair in hidden for pair in zip(cells["item"], cells["group"], strict=True)], cells.index)
    result = cells.assign(n=cells["n"].astype(float))
    result.insert(result.columns.get_loc("group") + 1, "suppressed", mask)
    return result.assign(**{name: result[name].mask(mask) for name in ["n", *values]})


def check_smallest(smallest: int) -> None:
    """Raise InputError for a number of people that there cannot be."""
    if smallest < 0:
        raise InputError(
            f"`smallest_answer` is {smallest}. It says of how many people an answer must be to be shown: 0 or more."
        )


def _may_be_known(counts: np.ndarray, smallest: int) -> bool:
    """Whether people may be known by how many gave each answer (or by their number, where that is all there is)."""
    alike = len(counts) > 1 and (counts > 0).sum() < 2
    return bool(counts.sum() >= MINIMUM and not alike and not is_small(counts, smallest).any())


def hide_answers(cells: pd.DataFrame, values: list[str], answers: pd.DataFrame, smallest: int) -> pd.DataFrame:
    """Empty `values` of answers of everybody that fewer than `smallest` gave, of those from which they follow, and of means.

    All others have few digits then (`few_digits`).

    Parameters
    ----------
    cells, values : columns `item, group`, and `statistic` (the answer) unless a row is a mean; columns to empty
    answers, smallest : as for `suppress_groups`
    """
    everybody = answers[answers.index.get_level_values("group") == "all"].droplevel("group")
    few = everybody.apply(complementary, axis=1, minimum=smallest)
    gone = few.stack() if "statistic" in cells else few.any(axis=1)
    keys = pd.MultiIndex.from_frame(cells[["item", "statistic"]]) if "statistic" in cells else cells["item"]
    mask = gone.reindex(keys, fill_value=False).to_numpy(bool) & (cells["group"] == "all").to_numpy()
    shown = cells.assign(**{name: cells[name].mask(mask) for name in values})
    if smallest:
        shown = shown.assign(**{name: few_digits(shown[name], shown["n"]) for name in values if name != "n_groups"})
    return shown


def told_few(shares: pd.DataFrame, smallest: int) -> str:
    """How many answers and groups `hide_answers` and `suppress_groups` emptied, where the user asked for a `smallest` answer."""
    if not smallest:
        return ""
    shown = shares[~shares["suppressed"]]
    groups = int(shares[shares["suppressed"] & (shares["group"] != "all")].groupby(["item", "group"]).ngroups)
    return (
        f" Hidden, because fewer than {smallest} people gave an answer or it would follow from others: {int(shown['share'].isna().sum())} "
        f"answers of everybody, with the means of their items, and all answers of groups to items in {groups} cases, small groups among them."
    )


def refuse_nothing(shown: pd.Series, file: str, why: str) -> None:
    """Raise InputError where nothing is left to be shown of a file; `why`, and what to do about it, in sentences."""
    if shown.isna().all():
        raise InputError(f"{file}: nothing can be shown. {why}")


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


def complementary(counts: pd.Series, minimum: int = MINIMUM) -> pd.Series:
    """Which counts must be hidden where their total may be known: small ones, and more, so that none follows.

    >>> complementary(pd.Series([0, 3, 40, 12])).tolist()
    [False, True, False, True]
    >>> complementary(pd.Series([0, 3, 40, 12]), minimum=2).tolist()
    [False, False, False, False]
    """
    hidden = is_small(counts, minimum)
    while counts[hidden].sum() > 0 and (hidden.sum() == 1 or counts[hidden].sum() < MINIMUM):
        rest = counts[~hidden & (counts > 0)]
        if rest.empty:
            break
        hidden[rest.idxmin()] = True
    return hidden
