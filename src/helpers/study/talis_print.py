"""What is printed of TALIS question 33, set beside what a user's files give."""

import numpy as np
import pandas as pd

from helpers.estimate import replicates
from helpers.read.survey import Survey

CHECKED = {"women": ("sex", ("Female",)), "topics": ("TT3G42D", (3, 4))}
"""For each printed check, the last part of its id: the column and the answers that count."""
VARIABLES = ("TT3G42D",)
"""What `talis.read` must be asked for to check a run."""

_COMPARED = ("CHL", "CSH", "USA")  # the three systems of Volante and others' statement


def complete(
    printed: pd.DataFrame, system: str, cycle: int, items: dict[str, str], categories: list[str]
) -> pd.DataFrame:
    """Printed shares of every category of every item in one system and cycle, in the shape of a table of shares.

    Parameters
    ----------
    printed : as `published.read` gives it
    system, cycle : of which
    items, categories : how items are called; the answers in order

    Returns
    -------
    DataFrame
        `cycle, system, label, item, item_label, statistic` (category), `share` (0 to 1), `n` (not printed), `note`.
    """
    rows = printed[
        (printed["system"] == system)
        & (printed["cycle"] == cycle)
        & printed["statistic"].isin(map(str.lower, categories))
    ]
    whole = rows.groupby("item")["locator"].transform(lambda places: places.mode()[0])
    rows = rows[rows["locator"] == whole]
    return pd.DataFrame(
        {
            "cycle": cycle,
            "system": system,
            "label": rows["group"],
            "item": rows["item"],
            "item_label": rows["item"].map(items),
            "statistic": rows["statistic"].map({name.lower(): name for name in categories}),
            "share": rows["value"] / 100,
            "n": np.nan,
            "note": "",
        }
    ).reset_index(drop=True)


def singles(printed: pd.DataFrame, items: dict[str, str]) -> pd.DataFrame:
    """Printed percentages that stand alone, and those that another source contradicts: one row a number.

    Columns: id, label (system and cycle), item, item_label, statistic, share, decimals, source (where it stands).
    """
    percent = printed[printed["unit"].str.startswith("percent") & printed["item"].notna()]
    size = percent.groupby(["locator", "system", "item"])["value"].transform("size")
    rows = percent[(size < 6) | (percent["status"] == "conflict")]
    return pd.DataFrame(
        {
            "id": rows.index,
            "label": rows["group"] + ", " + rows["cycle"].astype(int).astype(str),
            "item": rows["item"],
            "item_label": rows["item"].map(items),
            "statistic": rows["statistic"].replace("monthly", "at least once a month"),
            "share": rows["value"] / 100,
            "decimals": rows["decimals"],
            "source": rows["locator"],
        }
    ).sort_values(["item", "statistic", "label"], kind="stable", ignore_index=True)


def disagreements(single: pd.DataFrame) -> pd.DataFrame:
    """Quantities for which `singles` has more than one value: `label, item_label, statistic, low, high`."""
    groups = single.groupby(["label", "item_label", "statistic"], sort=False)["share"]
    found = groups.agg(low="min", high="max").reset_index()
    return found[found["high"] > found["low"]].reset_index(drop=True)


def obtained(printed: pd.DataFrame, shares: pd.DataFrame, counts: pd.DataFrame) -> dict[str, float]:
    """What real files give for the printed numbers that they can give: id -> value in the printed unit.

    `shares`: tables of shares, headline statistics and categories; `counts`: `shares.counts`. Shares are of the same
    cycle, system, item and statistic. The places of Chile and Shanghai on "never", and in how many practices Chile is
    first, need all three systems of the statement.
    """
    keys = ["cycle", "system", "item", "statistic"]
    known = shares.dropna(subset="share").assign(statistic=shares["statistic"].str.lower())
    known = known.drop_duplicates(keys).set_index(keys)["share"]
    asked = printed[printed["unit"].str.startswith("percent")].dropna(subset=keys[:3])
    index = pd.MultiIndex.from_frame(asked[keys].astype({"cycle": int}))
    found = dict(zip(asked.index, 100 * known.reindex(index).to_numpy(), strict=True))
    teachers = counts[counts["cycle"] == 2018].groupby("system")["respondents"].max()
    found["001-talis-CHL-teachers"] = teachers.get("CHL", np.nan)
    found |= _places(known)
    return {number: float(value) for number, value in found.items() if pd.notna(value)}


def _places(known: pd.Series) -> dict[str, float]:
    never = known[known.index.isin(_COMPARED, level="system")].unstack("system")
    never = never[
        never.index.isin([2018], level="cycle") & never.index.isin(["never"], level="statistic")
    ]
    if not set(_COMPARED) <= set(never.columns):
        return {}
    rank = never.dropna().rank(axis=1, ascending=False, method="min")
    rank.index = rank.index.get_level_values("item")
    places = {
        f"001-talis-{system}-{item}-never-rank": rank.at[item, system]
        for system in ("CHL", "CSH")
        for item in rank.index.intersection(list("BDFH"))
    }
    return places | {"001-talis-items-higher": float((rank["CHL"] == 1).sum())}


def checks(survey: Survey, printed: pd.DataFrame) -> pd.DataFrame:
    """Printed shares of other questions in the 2018 files, and what this run gets for them.

    Columns: system, what, printed, ours, std_error, n (percent), agrees: whether ours rounds to what is printed.
    The shares are of lower secondary teachers. Empty for simulated files, other cycles and levels, and questionnaires
    of other kinds.
    """
    rows = []
    asked = survey.frame[["cycle", "level"]].eq([2018, 2]).all(axis=1).to_numpy()
    for number in (
        printed[printed["statistic"] == "share"].itertuples() if not survey.simulated else ()
    ):
        variable, answers = CHECKED[number.Index.rpartition("-")[2]]
        own = asked & survey.frame["system"].eq(number.system).to_numpy()
        given = survey.frame.loc[own].get(variable, pd.Series(dtype=float))
        if given.isna().all():  # nothing there, or no answers to it
            continue
        values = given.isin(answers).astype(float).where(given.notna()).to_numpy()[:, None]
        ours = replicates.means(values, survey.weights[own], survey.fay)
        share = 100 * ours.estimate[0]
        rows.append(
            {
                "system": number.system,
                "what": number.row,
                "printed": number.value,
                "ours": share,
                "std_error": 100 * ours.std_error[0],
                "n": int((~np.isnan(values)).sum()),
                "agrees": bool(number.low <= share <= number.high),
            }
        )
    return pd.DataFrame(rows)
