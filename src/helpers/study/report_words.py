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
    """What the students' rating did in the first series, and whether ratings after a break are lower than before it.

    `rows`, `years`: as for `told`.
    """
    known = report_counts.spans(years)
    span, (first, *_, last) = next(iter(known.items()))
    if span == ACROSS:
        return _over_the_break(rows, years)
    own = rows[(rows["span"] == span) & (rows["measure"] == "ambitious_instruction") & (rows["term"] == str(last))]
    ways = {"rose": own["ci_low"] > 0, "fell": own["ci_high"] < 0}
    alike = next((how for how, clear in ways.items() if clear.all()), "")
    said = f"Students' rating of instruction {alike} from report {first} to {last}."
    if not alike:
        verbs = (
            "students' rating of instruction rose",
            "students' rating of instruction fell",
            "no change can be told",
        )
        named = own.assign(name=own["group"].map(SCHOOLS).str.lower())
        said = headlines.directions(named, verbs, f"From report {first} to {last}")
    return f"{said} {_over_the_break(rows, years)}" if ACROSS in known else said


def _over_the_break(rows: pd.DataFrame, years: list[int]) -> str:
    """Who rated lower, or higher, in the last report than in the last before the break: whose intervals do not overlap.

    Such a difference is clear of zero too, as its error is never more than the sum of both errors.
    """
    before, after = report_counts.sides(years).values()
    across, found = rows[rows["span"] == ACROSS], {"lower": [], "higher": [], "": []}
    for measure, asked in report_counts.MEASURES.items():
        own = across[across["measure"] == measure].set_index(["term", "group"])[["ci_low", "ci_high"]]
        now = own.loc[str(after[-1])]
        then = own.loc[str(before[-1])].loc[now.index] if before[-1] > min(years) else 0 * now  # the baseline itself
        ways = {"lower": now["ci_high"] < then["ci_low"], "higher": now["ci_low"] > then["ci_high"]}
        how = next((how for how, apart in ways.items() if apart.all()), "")
        found[how].append(asked.removesuffix("_response_rate") + "s")
    open_ = found.pop("")
    parts = [f"{words.listed(who)} rated {how}" for how, who in found.items() if who]
    if not parts:
        return f"Whether that lasted up to {after[-1]} cannot be told."
    rest = f"; of {words.listed(open_)} it cannot be told" if open_ else ""
    return f"By {after[-1]}, if the scale is the same, {' and '.join(parts)} than in {before[-1]}{rest}."


def compared(years: list[int]) -> tuple[str, str]:
    """The reports that `rated_strong` compares: the last before the break, or else the first, and the last of all."""
    before, *after = report_counts.sides(years).values()
    return str(before[-1 if after else 0]), str(max(years))


def rated_strong(strong: pd.Series, years: list[int]) -> str:
    """Whether fewer schools are rated strong or very strong in the last report than in the last before the break, or in the first.

    >>> share = pd.Series([0.84, 0.5, 0.6, 0.2], pd.MultiIndex.from_product([["a", "b"], ["2018", "2022"]], names=["panel", "year"]))
    >>> rated_strong(share, [2018, 2022])
    'By students and teachers alike, fewer schools were rated strong or very strong in 2022 (20 to 50%) than in 2018 (60 to 84%), maybe on another scale.'
    >>> rated_strong(share.where(share != 0.2, 0.7), [2018, 2022])
    'From 2018 to 2022, the share of schools rated strong or very strong rose in 1 of 2 groups and fell in 1.'

    Parameters
    ----------
    strong, years : share of schools, 0 to 1, by `panel` (kind of school and who rates) and `year`; the years of all reports
    """
    then, now = compared(years)
    scale = ", maybe on another scale" * (len(report_counts.sides(years)) > 1)
    wide = strong.unstack("year")
    changes = {"more": wide[now] > wide[then], "fewer": wide[now] < wide[then]}
    for how, ways in changes.items():
        if ways.all():
            shares = (f"{year} ({_range(wide[year])})" for year in (now, then))
            said = " than in ".join(shares)
            return f"By students and teachers alike, {how} schools were rated strong or very strong in {said}{scale}."
    up, down = (ways.sum() for ways in changes.values())
    return (
        f"From {then} to {now}, the share of schools rated strong or very strong rose in {up} of {len(wide)} groups "
        f"and fell in {down}."
    )


def answered(rates: pd.DataFrame, ranges: pd.DataFrame) -> str:
    """How many students answered by the reports, on each side of the break, and whether the paper's ranges agree.

    >>> ranges = pd.DataFrame({"low": [74, 74], "high": [83, 81]})
    >>> answered(pd.DataFrame({"year": [2017, 2018, 2021], "value": [81.2, 83, 59]}), ranges)
    "By the district's reports, 81 to 83% of students answered up to 2018 and 59% later; the paper's own two ranges disagree."
    >>> answered(pd.DataFrame({"year": [2018], "value": [83]}), ranges.head(1))
    "By the district's reports, 83% of students answered; the paper's own ranges agree."

    Parameters
    ----------
    rates, ranges : `year, value` in percent, of students; `low, high` in percent, a row each that the paper prints
    """
    sides = list(report_counts.sides(rates["year"]).values())
    early, *late = (_range(rates.loc[rates["year"].isin(side), "value"] / 100) for side in sides)
    later = "".join(f" up to {sides[0][-1]} and {share} later" for share in late)
    apart = len(ranges[["low", "high"]].drop_duplicates()) > 1
    whose = f"own {'two ' * (len(ranges) == 2)}ranges {'disagree' if apart else 'agree'}"
    return f"By the district's reports, {early} of students answered{later}; the paper's {whose}."


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
