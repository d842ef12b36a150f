"""How many schools the progress reports list, rate and leave out, and how many answered, year by year."""

import numpy as np
import pandas as pd

from helpers.read.progress_reports import GROUPS, NOT_ENOUGH, RATINGS

MEASURES = {
    "ambitious_instruction": "student_response_rate",
    "collaborative_teachers": "teacher_response_rate",
}
"""Each rating with the response rate of those whose answers it rests on."""


def shares(records: pd.DataFrame) -> pd.DataFrame:
    """How many schools have each rating: rows `group, report_year, measure, rating, schools`.

    `rating` is one of RATINGS, NOT_ENOUGH or "empty"; group "all" also counts schools whose group is missing.
    """
    ratings = [*RATINGS, NOT_ENOUGH, "empty"]
    rows = [
        (group, year, measure, rating, int((own[measure].fillna("empty") == rating).sum()))
        for group, year, own in _by_group_and_year(records)
        for measure in MEASURES
        for rating in ratings
    ]
    return pd.DataFrame(rows, columns=["group", "report_year", "measure", "rating", "schools"])


def turnover(records: pd.DataFrame) -> pd.DataFrame:
    """Schools that come, go, and are rated: one row for each group, measure and report year.

    Columns `listed`, then of these `rated`, `not_enough_data`, `empty`, `new` (not listed in this group in the
    report before; missing in the first), `gone` (not in the next; missing in the last).
    """
    years = sorted(records["report_year"].unique())
    listed = {
        (group, year): set(own["school_id"]) for group, year, own in _by_group_and_year(records)
    }
    rows = []
    for group, year, own in _by_group_and_year(records):
        place = years.index(year)
        here = listed[group, year]
        new = len(here - listed[group, years[place - 1]]) if place else pd.NA
        gone = len(here - listed[group, years[place + 1]]) if year != years[-1] else pd.NA
        for measure in MEASURES:
            rated, lacking = own[measure].isin(RATINGS).sum(), (own[measure] == NOT_ENOUGH).sum()
            empty = own[measure].isna().sum()
            rows.append((group, measure, year, len(here), rated, lacking, empty, new, gone))
    names = ["listed", "rated", "not_enough_data", "empty", "new", "gone"]
    table = pd.DataFrame(rows, columns=["group", "measure", "report_year", *names])
    return table.astype(dict.fromkeys(names, "Int64"))


def patterns(records: pd.DataFrame) -> pd.DataFrame:
    """In which reports schools are rated: rows `group, measure, pattern, schools`.

    A pattern has a figure for each report year in order: 1 rated, 0 listed in this group without a rating or not
    listed in it at all.
    """
    rows = []
    for group, own in _by_group(records):
        for measure in MEASURES:
            rated = own.assign(rated=own[measure].isin(RATINGS).astype(int).astype(str))
            wide = rated.pivot(index="school_id", columns="report_year", values="rated")
            wide = wide.reindex(columns=sorted(records["report_year"].unique())).fillna("0")
            counts = wide.agg("".join, axis=1).value_counts().sort_index(ascending=False)
            rows += [(group, measure, pattern, int(n)) for pattern, n in counts.items()]
    return pd.DataFrame(rows, columns=["group", "measure", "pattern", "schools"])


def response(records: pd.DataFrame) -> pd.DataFrame:
    """Schools' response rates: one row for each report year, group and kind of respondents.

    Columns `schools` (with a rate), `at_zero` (of these), `mean, minimum, quartile_1, median, quartile_3, maximum`
    over schools, in percent, and `district_average` as the files print it (for group "all").
    """
    rows = []
    for group, year, own in _by_group_and_year(records):
        for respondents in ("student", "teacher"):
            rates = own[f"{respondents}_response_rate"].dropna()
            printed = own[f"{respondents}_response_average"].dropna().unique()
            average = printed[0] if group == "all" and len(printed) else np.nan
            quarters = rates.quantile([0, 0.25, 0.5, 0.75, 1])
            counts = (len(rates), int((rates == 0).sum()))
            rows.append((year, group, respondents, *counts, rates.mean(), *quarters, average))
    names = ["schools", "at_zero", "mean", "minimum", "quartile_1", "median", "quartile_3"]
    names = ["report_year", "group", "respondents", *names, "maximum", "district_average"]
    return pd.DataFrame(rows, columns=names).round(10)  # rates have one decimal: the rest is noise


def _by_group(records: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [
        ("all", records),
        *((group, records[records["group"] == group]) for group in GROUPS),
    ]


def _by_group_and_year(records: pd.DataFrame) -> list[tuple[str, int, pd.DataFrame]]:
    years = sorted(int(year) for year in records["report_year"].unique())
    return [
        (group, year, own[own["report_year"] == year])
        for group, own in _by_group(records)
        for year in years
    ]
