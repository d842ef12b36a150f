"""Year effects in print, and how public ratings of Chicago's schools changed from report to report.

    python -m helpers.study.practice_change [FOLDER [TARGET]]

reads the reports in FOLDER (data/raw/cps) and writes what the project shows without them into TARGET (data/moments)."""

import json
import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from helpers import kept
from helpers.draw.numbers import number, stars
from helpers.estimate import fixed_effects, moments, panels, rounding
from helpers.project import ROOT, InputError, relative
from helpers.read import published
from helpers.read.published import RATINGS
from helpers.release import released
from helpers.study import report_counts
from helpers.study.report_counts import ACROSS, BEFORE, MEASURES, SCHOOLS, UNPUBLISHED


def printed_effects(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed coefficients of the year effects: `id, group, subject, panel, term, estimate, decimals, stars`."""
    rows = printed[printed["statistic"] == "coefficient"].rename(columns={"value": "estimate"})
    named = rows["row"].str.extract(r"^(?P<subject>\w+) practices, (?P<term>[\d-]+)$")
    subject, stars = named["subject"].str.lower(), printed.loc[rows.index + "-stars", "value"].astype(int).to_numpy()
    panel = rows["group"].str.capitalize() + ", " + subject
    found = rows.assign(id=rows.index, subject=subject, panel=panel, term=named["term"], stars=stars)
    columns = ["id", "group", "subject", "panel", "term", "estimate", "decimals", "stars"]
    return found[columns].reset_index(drop=True)


def stars_agree(common: pd.DataFrame) -> str:
    """Whether one margin of error a group gives all of its differences the stars that they bear.

    >>> rows = pd.DataFrame({"panel": ["Grades 6 to 8", "Grades 9 to 12"], "low": [0, 0.03], "high": [0.06, 0.04]})
    >>> stars_agree(rows)
    "The paper's stars do not contradict each other: in each group one margin of error, at most 0.06, explains them all."
    >>> stars_agree(rows.assign(high=[0.06, None]))
    "The paper's stars contradict each other in 1 of 2 groups: there no single margin of error explains them all."

    `common`: `panel, low, high`, a group each, the ends of the margins that do so, in standard deviations; empty where none does.
    """
    without = common["high"].isna()
    if without.any():
        of = f"{without.sum()} of {len(common)} groups"
        return f"The paper's stars contradict each other in {of}: there no single margin of error explains them all."
    most = f", at most {common['high'].max():.2f}," * bool(np.isfinite(common["high"].max()))
    return f"The paper's stars do not contradict each other: in each group one margin of error{most} explains them all."


def what_stars_ask() -> str:
    """How many margins of error (95%) off zero a difference is at least that bears stars, by the normal distribution.

    >>> what_stars_ask()
    '2 stars: at least 1.3 margins of error from 0, 3 stars: 1.7'
    """
    two, three = (norm.isf(level / 2) / norm.isf(0.025) for level in rounding.LEVELS.values())
    return f"2 stars: at least {two:.1f} margins of error from 0, 3 stars: {three:.1f}"


def planted(printed: pd.DataFrame, text: pd.Series) -> dict[str, Any]:
    """What `simulate.twin.everything` needs: years, effects (`printed_effects`) and counts of students (the text)."""
    effects, counts = {}, {}
    for band, group in (("middle", "grades 6 to 8"), ("high", "grades 9 to 12")):
        subjects = printed[printed["group"] == group].groupby("subject", sort=False)["estimate"]
        effects[band] = {subject: tuple(part.tolist()) for subject, part in subjects}
        counts[band] = tuple(int(text[f"002-text-note-students-{band}-{end}"]) for end in ("low", "high"))
    return {"years": ("2011-12", *printed["term"].unique()), "effects": effects, "counts": counts}


def layout(table: pd.DataFrame, years: list[str]) -> pd.DataFrame:
    """Year effects as papers print them: a row a year, a column a panel, stars and, below, the standard error."""
    texts = [f"{number(row.estimate)}{stars(row.p_value)} ({number(row.std_error)})" for row in table.itertuples()]
    wide = table.assign(text=texts).pivot(index="term", columns="panel", values="text")
    wide = wide.reindex(index=years, columns=table["panel"].unique()).fillna("–")
    return wide.rename_axis(index="Year", columns=None).reset_index()


RAW = ROOT / "data" / "raw" / "cps"
FOLDER = ROOT / "data" / "moments"

SCORINGS = {
    "equal steps": "1 to 5, from VERY WEAK to VERY STRONG",
    "ridits": "mean rank in the first year's distribution, from 0 to 1",
    "top two": "1 if STRONG or VERY STRONG, else 0",
}

SPECIFICATIONS = {
    "main": {"scoring": "equal steps"},
    "top two": {"scoring": "top two"},
    "ridits": {"scoring": "ridits"},
    "balanced": {"scoring": "equal steps", "balanced": True},
    "response rate": {"scoring": "equal steps", "controls": ("response_rate",)},
}
"""How the change within schools is estimated: the main way, and others that it should not depend on."""
VARIANTS = {
    "main": "ratings scored 1 to 5",
    "top two": "strong or very strong, yes or no",
    "ridits": "ratings by their ranks",
    "balanced": "schools rated in every report",
    "response rate": "response rate held constant",
    "jackknife": "margin of error by leaving out each school in turn",
}
INFERENCE = panels.INFERENCE | {"bootstrap": panels.INFERENCE["CRV1"] + "; p-values by the wild cluster bootstrap"}
RATED = {
    "ambitious_instruction": "students: instruction",
    "collaborative_teachers": "teachers: collaboration",
}
"""Specifications, inference from sums and measures in words."""
RATERS = dict(zip(RATED.values(), ("students", "teachers"), strict=True))
"""Who gives each rating."""
_PANEL = ["panel", "span", "group", "measure", "specification"]


def score(ratings: pd.Series, how: str, reference: pd.Series | None = None) -> pd.Series:
    """Ratings as numbers; what is no rating becomes missing. `how` is one of SCORINGS.

    Ridits (Bross 1958): the share of the ratings of reference below a category plus half the share in it; mean 0.5.
    """
    if how not in SCORINGS:
        raise ValueError(f"scoring is one of {', '.join(SCORINGS)}, not {how!r}")
    if how == "ridits":
        share = reference.value_counts().reindex(RATINGS, fill_value=0) / reference.isin(RATINGS).sum()
        values = share.cumsum() - share / 2
    else:
        values = pd.Series([1, 2, 3, 4, 5] if how == "equal steps" else [0, 0, 0, 1, 1], RATINGS)
    return ratings.map(values).astype(float)


def panel(records: pd.DataFrame, group: str, measure: str, scoring: str, balanced: bool = False) -> pd.DataFrame:
    """Ratings of one group that can say something about change: of schools rated in two reports or more, or in all.

    Columns `school_id, year, score, response_rate` (percent, of those who answered for this measure). Raises InputError
    when no school is left. A school is in the group that the report of the year names, so one that becomes another kind
    of school is two. The few middle schools (MS) are a group of their own and in no panel of the others.

    Parameters
    ----------
    records, balanced : as `published.read_reports` gives them; only of schools rated in all
    group, measure, scoring : one of SCHOOLS, MEASURES and SCORINGS; ridits refer to these schools' first ratings
    """
    own = records[(records["group"] == group) & records[measure].isin(RATINGS)]
    times = own.groupby("school_id")["report_year"].transform("size")
    own = own[times >= (records["report_year"].nunique() if balanced else 2)]
    first = records["report_year"].min()
    if not (own["report_year"] == first).any():
        raise InputError(
            f"progress reports: no {group} school has ratings of {measure} in {first} and another year. Add files of "
            "other years, or leave out this group."
        )
    reference = own.loc[own["report_year"] == first, measure]
    scores = {"year": own["report_year"], "score": score(own[measure], scoring, reference)}
    found = own[["school_id"]].assign(**scores, response_rate=own[MEASURES[measure]])
    return found.reset_index(drop=True)


def within(records: pd.DataFrame, group: str, measure: str, specification: str = "main") -> fixed_effects.Within:
    """Cross-products within schools of a `panel`, in the scores' own unit; the first report year is the baseline.

    Parameters
    ----------
    records, group, measure, specification : as `panel` takes them; one of SPECIFICATIONS
    """
    how = SPECIFICATIONS[specification]
    frame = panel(records, group, measure, how["scoring"], how.get("balanced", False))
    baseline = str(frame["year"].min())
    model = moments.Model("score", "school_id", "year", baseline, controls=how.get("controls", ()))
    return fixed_effects.within(moments.compute(frame, model))


def spans(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The records of each of `report_counts.spans`, by its name."""
    found = report_counts.spans(records["report_year"].unique())
    return {span: records[records["report_year"].isin(years)] for span, years in found.items()}


def pooled(records: pd.DataFrame) -> pd.DataFrame:
    """Sums over the schools of each panel, nothing of single ones: columns _PANEL and those of `released.pooled`.

    Each of `report_counts.spans` is a series with panels of its own.
    """
    own = spans(records)
    named = {" ".join(parts): parts for parts in product(own, SCHOOLS, MEASURES, SPECIFICATIONS)}
    sums = released.pooled({name: within(own[span], *parts) for name, (span, *parts) in named.items()})
    panels = pd.DataFrame([(name, *parts) for name, parts in named.items()], columns=_PANEL)
    return panels.merge(sums, on="panel")


def read_pooled(path: Path) -> pd.DataFrame:
    """What `pooled` gave, bit for bit, from its file; one panel of it is read by `released.read_pooled`."""
    return pd.read_csv(path, dtype=str, keep_default_na=False).astype({"value": float})


def check(records: pd.DataFrame) -> pd.DataFrame:
    """The main panels estimated by linearmodels too, beside ours, in standard deviations of the first year.

    Rows `span, group, measure, term`; `estimate, std_error` are ours (CRV1) with `factor` on the variance, G/(G-1)
    (N-1)/(N-k-1); `other_estimate, other_std_error` those of PanelOLS with entity effects, clustered by school with
    group_debias=True, whose `other_factor` is G/(G-1) (N-1)/(N-k).
    """
    from linearmodels.panel import PanelOLS

    tables = []
    for (span, part), group, measure in product(spans(records).items(), SCHOOLS, MEASURES):
        data = within(part, group, measure)
        ours = fixed_effects.fit(data).in_units_of(data.baseline_sd).table()
        frame = panel(part, group, measure, "equal steps").set_index(["school_id", "year"])
        dummies = pd.get_dummies(frame.index.get_level_values("year").astype(str), dtype=float)
        x = dummies.set_index(frame.index)[list(data.terms)]
        other = PanelOLS(frame["score"] / data.baseline_sd, x, entity_effects=True).fit(
            cov_type="clustered", cluster_entity=True, group_debias=True
        )
        g, n, k = len(data.clusters), data.n, len(data.terms)
        shared = g / (g - 1) * (n - 1)
        tables.append(pd.DataFrame({
            "span": span, "group": group, "measure": measure, **ours[["term", "estimate", "std_error"]],
            "factor": shared / (n - k - 1), "other_estimate": other.params.to_numpy(),
            "other_std_error": other.std_errors.to_numpy(), "other_factor": shared / (n - k),
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


TABLES = {
    "moments": pooled,
    "shares": report_counts.shares,
    "turnover": report_counts.turnover,
    "patterns": report_counts.patterns,
    "response": report_counts.response,
    "check": check,
}
"""Tables made from the reports, each with what makes it; its file is `cps-reports-NAME.csv`."""


def tables(paths: list[Path]) -> tuple[dict[str, pd.DataFrame], dict[str, list[Path]]]:
    """What the reports say, by the names of TABLES, and its files: the reports, if any, else the project's sums."""
    if paths:
        records = published.read_reports(paths)
        made = {name: make(records) for name, make in TABLES.items()}
        return made, dict.fromkeys(made, paths)
    files = {name: FOLDER / f"cps-reports-{name}.csv" for name in TABLES}
    readers = {
        "moments": read_pooled,
        "patterns": partial(pd.read_csv, dtype={"pattern": str}),
        "turnover": partial(pd.read_csv, dtype={"new": "Int64", "gone": "Int64"}),
    }
    made = {name: readers.get(name, pd.read_csv)(path) for name, path in files.items()}
    return made, {name: [path] for name, path in files.items()}


def estimates(sums: pd.DataFrame, inference: str = "CR2") -> pd.DataFrame:
    """Estimates of every panel in standard deviations of the first year of its span, from what `pooled` gives.

    Columns `panel, span, group, measure, specification` and those of an estimates table. With `inference` "bootstrap" the
    p-values are those of the wild cluster bootstrap, errors and intervals those of CRV1.
    """
    found = []
    for named in sums[_PANEL].drop_duplicates().to_dict("records"):
        data = released.read_pooled(sums, named["panel"])
        found.append(released.table(data, inference, data.baseline_sd).assign(**named))
    estimates = pd.concat(found, ignore_index=True)
    return estimates[[*_PANEL, *estimates.columns.drop(_PANEL)]]


def steps(sums: pd.DataFrame, inference: str = "CR2", specification: str = "main") -> pd.DataFrame:
    """Change from each report to the next in the first span, in the units of `estimates`: `group, measure` and `fixed_effects.steps`."""
    found = []
    chosen = (sums["specification"] == specification) & (sums["span"] == sums["span"].iloc[0])
    for named in sums.loc[chosen, _PANEL].drop_duplicates().to_dict("records"):
        data = released.read_pooled(sums, named["panel"])
        fitted = released.fit(data, "CRV1" if inference == "bootstrap" else inference).in_units_of(data.baseline_sd)
        years = [term for term in fitted.terms if term.isdigit()]
        found.append(fixed_effects.steps(fitted, years).assign(group=named["group"], measure=named["measure"]))
    return pd.concat(found, ignore_index=True)


def shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The estimates that are drawn: of a report before the break in that series alone, of one after it in that across.

    `rows`: of `estimates`, one specification, report years only.
    """
    before, across = (rows[rows["span"] == span] for span in (BEFORE, ACROSS))
    if across.empty:
        return rows
    return pd.concat([before, across if before.empty else across[across["term"] > str(UNPUBLISHED[-1])]])


def choices(fits: pd.DataFrame, sums: pd.DataFrame, span: str) -> pd.DataFrame:
    """Students' rating in the last report of a span under each specification and by the jackknife, in words.

    `fits`: what `estimates` gives for `sums`. `parameters`: YAML of those that make a run of a row.
    """

    def of_students(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["measure"] == "ambitious_instruction") & (frame["span"] == span)]

    main = of_students(sums[sums["specification"] == "main"])
    jackknife = estimates(main, "CRV3").assign(specification="jackknife", parameters="{variant: main, inference: CRV3}")
    rows = pd.concat([of_students(fits).assign(parameters="{variant: " + fits["specification"] + "}"), jackknife])
    rows = rows[rows["term"].str.isdigit()]
    rows = rows[rows["term"] == rows["term"].max()]
    return rows.assign(panel=rows["group"].map(SCHOOLS), specification=rows["specification"].map(VARIANTS))


def in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `schools_of`, the kind of school, and `rated_by`, who rates, for the columns of a table."""
    return rows.assign(
        schools_of=rows["group"].map(SCHOOLS).str.removesuffix(" schools"),
        rated_by=rows["measure"].map(MEASURES).str.removesuffix("_response_rate") + "s",
    )


def write(folder: Path, target: Path) -> None:
    """Make every file of TABLES and `cps-reports.json` about them. Raises InputError without reports."""
    paths = published.find_reports(folder)
    if not paths:
        raise InputError(
            f"{relative(folder)}: no progress reports here. Search 'School Progress Reports SY1516' (and the years "
            "after it) in the City of Chicago's open data portal, export CSV, and put the files there."
        )
    records = published.read_reports(paths)
    made = {
        f"cps-reports-{name}.csv": make(records).to_csv(index=False, lineterminator="\n")
        for name, make in TABLES.items()
    }
    years = records["report_year"].value_counts().sort_index()
    about = {
        "of": "Chicago Public Schools, School Progress Reports (City of Chicago open data portal)",
        "state": "moments",
        "command": "python -m helpers.study.practice_change",
        "reports": [
            {"year": year, "title": f"SY{year % 100:02}{(year + 1) % 100:02}", "schools": n}
            for year, n in years.items()
        ],
        "spans": report_counts.spans(years.index.tolist()),
        "inputs": [{"name": path.name, "sha256": kept.digest(path)} for path in paths],
        "files": [{"name": name, "rows": text.count("\n") - 1} for name, text in made.items()],
        "scorings": SCORINGS,
        "specifications": SPECIFICATIONS,
    }
    made["cps-reports.json"] = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    target.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (target / name).write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    try:
        given = [Path(argument) for argument in sys.argv[1:3]]
        write(*given, *(RAW, FOLDER)[len(given) :])
    except InputError as error:
        sys.exit(str(error))
