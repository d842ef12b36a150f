"""The printed table of year effects, and tables in its form."""

import pandas as pd

from helpers.draw.numbers import number, stars
from helpers.project import InputError


def check_source(source: str, data: str) -> None:
    """Raise InputError when `source` and `data` contradict each other."""
    if data and source not in ("all", "own"):
        raise InputError(
            f"`source: {source}` is not about your file. Leave out `source`, or leave out `data`."
        )
    if source == "own" and not data:
        raise InputError("`source: own` needs your file: name it in the parameter `data`.")


def printed_effects(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed coefficients in reading order: `id, group, subject, panel, term, estimate, decimals, stars`.

    `printed`: what `published.read` gives for the table of year effects.
    """
    rows = printed[printed["statistic"] == "coefficient"]
    named = rows["row"].str.extract(r"^(?P<subject>\w+) practices, (?P<term>[\d-]+)$")
    return pd.DataFrame(
        {
            "id": rows.index,
            "group": rows["group"].to_numpy(),
            "subject": named["subject"].str.lower().to_numpy(),
            "panel": (
                rows["group"].str.capitalize() + ", " + named["subject"].str.lower()
            ).to_numpy(),
            "term": named["term"].to_numpy(),
            "estimate": rows["value"].to_numpy(),
            "decimals": rows["decimals"].to_numpy(),
            "stars": printed.loc[rows.index + "-stars", "value"].astype(int).to_numpy(),
        }
    )


def layout(table: pd.DataFrame, years: list[str]) -> pd.DataFrame:
    """Year effects as papers print them: a row a year, a column a panel, stars and, below, the standard error."""
    rows = {}
    for panel, part in table.groupby("panel", sort=False):
        by_year = {row.term: row for row in part.itertuples()}
        rows[panel] = [
            f"{number(row.estimate)}{stars(row.p_value)} ({number(row.std_error)})"
            if (row := by_year.get(year))
            else "–"
            for year in years
        ]
    return pd.DataFrame({"Year": years, **rows})
