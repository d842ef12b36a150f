"""The printed table of year effects, and tables in its form."""

from typing import Any

import pandas as pd

from helpers.draw.numbers import number, stars


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


def planted(printed: pd.DataFrame, text: pd.Series) -> dict[str, Any]:
    """What a twin needs of print (see `simulate.twin.everything`): its years, effects and counts of students.

    `printed`: as `printed_effects` gives it; `text`: printed numbers of the text by their ids.
    """
    bands = {"grades 6 to 8": "middle", "grades 9 to 12": "high"}
    years = dict.fromkeys(printed["term"])
    return {
        "years": ("2011-12", *years),
        "effects": {
            bands[group]: {
                subject: tuple(own["estimate"].tolist())
                for subject, own in part.groupby("subject", sort=False)
            }
            for group, part in printed.groupby("group", sort=False)
        },
        "counts": {
            band: tuple(
                int(text[f"002-text-note-students-{band}-{end}"]) for end in ("low", "high")
            )
            for band in bands.values()
        },
    }


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
