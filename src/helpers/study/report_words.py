"""What became of Chicago's public ratings, in words: one series before the break, the reports after it apart."""

import numpy as np
import pandas as pd

from helpers.draw import words
from helpers.draw.numbers import percent
from helpers.study import headlines, report_counts
from helpers.study.report_counts import ACROSS, AFTER, BEFORE, SCHOOLS

_SAID = {
    BEFORE: "from report {first} to {last} it {changed}",
    ACROSS: "if scales agree, from {first} to {last} it {changed}",
    AFTER: "from {first} to {last} alone it {changed}",
}


def told(rows: pd.DataFrame, measure: str, years: list[int]) -> list[str]:
    """What a rating did from the first to the last report of each span, a clause each: rose, fell, or cannot be told.

    Parameters
    ----------
    rows : of `practice_change.estimates`, one specification, report years only
    measure, years : one of `report_counts.MEASURES`; the years of all reports
    """
    known = report_counts.spans(years)
    parts = []
    for span, said in _SAID.items():
        if span in known:
            first, *_, last = known[span]
            own = rows[(rows["span"] == span) & (rows["measure"] == measure) & (rows["term"] == str(last))]
            parts.append(said.format(first=first, last=last, changed=_in_schools(own)))
    return parts


def headline(rows: pd.DataFrame, years: list[int]) -> str:
    """What the students' rating did before the break, and over it if scales agree. `rows`, `years`: as for `told`."""
    known, said = report_counts.spans(years), []
    for span, when, what in (
        (BEFORE, "From report {} to {}", "students' rating of instruction"),
        (ACROSS, "By report {1}, if its scale is the same", "the rating"),
    ):
        if span in known:
            first, *_, last = known[span]
            own = rows[
                (rows["span"] == span) & (rows["measure"] == "ambitious_instruction") & (rows["term"] == str(last))
            ]
            verbs = (f"{what} rose", f"{what} fell", "no change can be told")
            named = own.assign(name=own["group"].map(SCHOOLS).str.lower())
            said.append(headlines.directions(named, verbs, when.format(first, last)))
    return " ".join(said)


def _in_schools(rows: pd.DataFrame) -> str:
    rows = rows.set_index("group").loc[list(SCHOOLS)]
    each = [words.change(r.estimate, r.ci_low, r.ci_high) for r in rows.itertuples()]
    for verb in ("rose ", "fell "):
        if all(said.startswith(verb) for said in each):
            each[1] = each[1].removeprefix(verb)
    names = [name.lower() for name in SCHOOLS.values()]
    return f"{each[0]} in {names[0].removesuffix(' schools')} and {each[1]} in {names[1]}"


def under_choices(chosen: pd.DataFrame) -> str:
    """How far the choices agree. `chosen`: of `practice_change.choices`, one span.

    >>> rows = pd.DataFrame({"panel": "High schools", "estimate": [-0.2, 0.1], "ci_low": [-0.3, -0.1], "ci_high": [-0.1, 0.3]})
    >>> under_choices(rows)
    'High schools: -0.20 to 0.10 (intervals below zero: 1 of 2, above zero: 0)'
    """
    parts = [
        f"{panel}: {own['estimate'].min():.2f} to {own['estimate'].max():.2f} (intervals below zero: "
        f"{(own['ci_high'] < 0).sum()} of {len(own)}, above zero: {(own['ci_low'] > 0).sum()})"
        for panel, own in chosen.groupby("panel", sort=False)
    ]
    return ". ".join(parts)


def apart(fits: pd.DataFrame) -> str:
    """How far students' rating of the last report moves at most when only schools rated in all reports of a span count.

    `fits`: of `practice_change.estimates`.
    """
    rows = fits[fits["specification"].isin(["main", "balanced"]) & (fits["measure"] == "ambitious_instruction")]
    rows = rows[rows["term"] == rows.groupby("span")["term"].transform("max")]
    found = rows.groupby(["span", "group"], sort=False)["estimate"].agg(np.ptp).groupby("span", sort=False).max()
    return words.listed(f"{most:.3f} {span}" for span, most in found.items())


def rated(turnover: pd.DataFrame, measure: str) -> str:
    """Which share of the schools listed has a rating, the least and the most of the reports on each side of the break.

    `turnover`: of `report_counts.turnover`.
    """
    own = turnover[turnover["measure"] == measure]
    sides = report_counts.sides(own["report_year"].unique()).values()
    parts = []
    for group, name in SCHOOLS.items():
        rows = own[own["group"] == group].set_index("report_year")
        share = (rows["rated"] / rows["listed"]).astype(float)
        each = [f"{_range(share[side])} in {words.listed(side)}" for side in sides]
        parts.append(f"{name}: {', '.join(each)}")
    return ". ".join(parts)


def _range(shares: pd.Series) -> str:
    return f"{' to '.join(dict.fromkeys(map(percent, (shares.min(), shares.max()))))}%"
