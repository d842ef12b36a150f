"""Small cells are suppressed before anything is drawn or saved, so that no group of a few can be read off."""

import pandas as pd

MINIMUM = 10
"""A cell that rests on fewer answers than this is not shown."""


def suppress_groups(cells: pd.DataFrame, values: list[str]) -> pd.DataFrame:
    """Empty `values` and `n` of small groups; adds a column `suppressed`.

    `cells` has columns `item, group, n`; the group named "all" is everybody. Where an item would lose exactly one
    group, the next smallest goes with it: otherwise everybody minus the others would give it away.
    """
    sizes = cells.drop_duplicates(["item", "group"])
    hidden: set[tuple[str, str]] = set()
    for item, family in sizes.groupby("item", sort=False):
        everybody = family["group"] == "all"
        parts = family[~everybody].sort_values("n", kind="stable")
        small = int((parts["n"] < MINIMUM).sum())
        lost = parts["group"].head(2 if small == 1 else small)
        total = family.loc[everybody & (family["n"] < MINIMUM), "group"]
        hidden |= {(item, group) for group in [*lost, *total]}
    mask = pd.Series(
        [pair in hidden for pair in zip(cells["item"], cells["group"], strict=True)], cells.index
    )
    result = cells.assign(n=cells["n"].astype(float))
    result.insert(result.columns.get_loc("group") + 1, "suppressed", mask)
    return result.assign(**{name: result[name].mask(mask) for name in ["n", *values]})
