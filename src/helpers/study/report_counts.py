"""How many of Chicago's schools the public reports list, rate and lose, and how many of those asked answered."""

from collections.abc import Iterable
from itertools import pairwise, product

import numpy as np
import pandas as pd

from helpers.read.published import GROUPS, NOT_ENOUGH, RATINGS

MEASURES = {"ambitious_instruction": "student_response_rate", "collaborative_teachers": "teacher_response_rate"}
"""Each rating with the response rate of those whose answers it rests on."""
SCHOOLS = {"ES": "Elementary schools", "HS": "High schools"}
"""The groups of schools that the project shows, in words."""
UNPUBLISHED = (2019, 2020)
"""Report years that the city left out. Whether ratings after them are on the scale of those before is not known."""
BEFORE, AFTER, ACROSS = "before the break", "after the break", "across the break"
"""Reports that are one series: on either side of UNPUBLISHED, and all, which takes the scale to be the same."""


def spans(years: Iterable[int]) -> dict[str, list[int]]:
    """The series that reports make: BEFORE and AFTER where these have two reports or more, ACROSS where both have one.

    >>> spans([2017, 2018, 2021])
    {'before the break': [2017, 2018], 'across the break': [2017, 2018, 2021]}
    >>> spans([2018])  # no change can be seen, and what needs one says so
    {'before the break': [2018]}
    """
    years = sorted(years)
    known = sides(years)
    if len(known) < 2:
        return known
    return {name: side for name, side in known.items() if len(side) > 1} | {ACROSS: years}


def sides(years: Iterable[int]) -> dict[str, list[int]]:
    """The years of reports in order on each side of UNPUBLISHED, BEFORE and AFTER, of which there are any."""
    years = sorted(years)
    early = [year for year in years if year <= UNPUBLISHED[-1]]
    return {name: side for name, side in ((BEFORE, early), (AFTER, years[len(early) :])) if side}


def unpublished(years: Iterable[int]) -> list[int]:
    """The years of UNPUBLISHED that lie between these reports: there a figure has a gap, which no line crosses."""
    years = sorted(years)
    return [year for year in UNPUBLISHED if years[0] < year < years[-1] and year not in years]


def shares(records: pd.DataFrame) -> pd.DataFrame:
    """Schools by `group` ("all": any), `report_year, measure, rating` (of RATINGS, NOT_ENOUGH or "empty")."""
    long = pd.concat([own.assign(group=group) for group, own in _by_group(records)])
    long = long.melt(["group", "report_year"], list(MEASURES), "measure", "rating")
    counts = long.fillna({"rating": "empty"}).value_counts(sort=False)
    levels = [["all", *GROUPS], _years(records), MEASURES, [*RATINGS, NOT_ENOUGH, "empty"]]
    places = pd.MultiIndex.from_product(levels, names=counts.index.names)
    return counts.reindex(places, fill_value=0).rename("schools").reset_index()


def turnover(records: pd.DataFrame) -> pd.DataFrame:
    """Schools that come, go, and are rated: one row for each group, report year and measure.

    Columns `listed`, then of these `rated`, `not_enough_data`, `empty`, `new` (not listed in this group in the
    report before, whichever that is; missing in the first), `gone` (not in the next; missing in the last).
    """
    rows = []
    for group, own in _by_group(records):
        parts = {year: own[own["report_year"] == year] for year in _years(records)}
        listed = [set(part["school_id"]) for part in parts.values()]
        new = [pd.NA, *(len(now - before) for before, now in pairwise(listed))]
        gone = [*(len(now - after) for now, after in pairwise(listed)), pd.NA]
        for (year, part), *moved in zip(parts.items(), new, gone, strict=True):
            for measure in MEASURES:
                rating = part[measure]
                rated, lacking = rating.isin(RATINGS).sum(), (rating == NOT_ENOUGH).sum()
                counts = (part["school_id"].nunique(), rated, lacking, rating.isna().sum())
                rows.append((group, measure, year, *counts, *moved))
    names = ["listed", "rated", "not_enough_data", "empty", "new", "gone"]
    table = pd.DataFrame(rows, columns=["group", "measure", "report_year", *names])
    return table.astype(dict.fromkeys(names, "Int64"))


def patterns(records: pd.DataFrame) -> pd.DataFrame:
    """Schools by `group, measure, pattern`: a figure a report year, 1 rated, 0 in this group unrated or not at all."""
    rows = []
    for (group, own), measure in product(_by_group(records), MEASURES):
        rated = own.assign(rated=own[measure].isin(RATINGS).astype(int).astype(str))
        wide = rated.pivot(index="school_id", columns="report_year", values="rated")
        wide = wide.reindex(columns=_years(records)).fillna("0")
        counts = wide.agg("".join, axis=1).value_counts().sort_index(ascending=False)
        rows += [(group, measure, pattern, int(n)) for pattern, n in counts.items()]
    return pd.DataFrame(rows, columns=["group", "measure", "pattern", "schools"])


def response(records: pd.DataFrame) -> pd.DataFrame:
    """Schools' response rates: one row for each report year, group and kind of respondents.

    Columns `schools` (with a rate), `at_zero` (of these), `mean, minimum, quartile_1, median, quartile_3, maximum`
    over schools, in percent, and `district_average` as the files print it (for group "all").
    """
    rows = []
    for (group, own), year, kind in product(_by_group(records), _years(records), ("student", "teacher")):
        part = own[own["report_year"] == year]
        rates = part[f"{kind}_response_rate"].dropna()
        printed = part[f"{kind}_response_average"].dropna().unique()
        average = printed[0] if group == "all" and len(printed) else np.nan
        quarters = rates.quantile([0, 0.25, 0.5, 0.75, 1])
        rows.append((year, group, kind, len(rates), int((rates == 0).sum()), rates.mean(), *quarters, average))
    names = ["report_year", "group", "respondents", "schools", "at_zero", "mean", "minimum",
             "quartile_1", "median", "quartile_3", "maximum", "district_average"]  # fmt: skip
    return pd.DataFrame(rows, columns=names).round(10)  # rates have one decimal: the rest is noise


def _by_group(records: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [("all", records), *((name, records[records["group"] == name]) for name in GROUPS)]


def _years(records: pd.DataFrame) -> list[int]:
    return sorted(int(year) for year in records["report_year"].unique())
