"""Chicago's School Progress Reports: public ratings of schools, year by year.

The city's open data portal has a file for each school year ("School Progress Reports SY1516" and so on), a row a
school. Two of its ratings come from the yearly survey: Ambitious Instruction from students' answers, Collaborative
Teachers from teachers'. Years here are report years, as the files print them.

    python -m helpers.study.chicago [FOLDER [TARGET]]

reads the files in FOLDER (data/raw/cps) and writes what the project shows without them into TARGET (data/moments).
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments
from helpers.project import ROOT, InputError, relative
from helpers.read import frames
from helpers.release import released

RAW = ROOT / "data" / "raw" / "cps"
FOLDER = ROOT / "data" / "moments"

RATINGS = ["VERY WEAK", "WEAK", "NEUTRAL", "STRONG", "VERY STRONG"]
NOT_ENOUGH = "NOT ENOUGH DATA"
"""What the files print for a school with too few answers; an empty cell is something else and stays apart."""

GROUPS = ["ES", "MS", "HS"]
"""The files' elementary, middle and high schools."""

MEASURES = {
    "ambitious_instruction": "student_response_rate",
    "collaborative_teachers": "teacher_response_rate",
}
"""Each rating with the response rate of those whose answers it rests on."""

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

_COLUMNS = {
    "School_ID": "school_id",
    "Primary_Category": "group",
    "Progress_Report_Year": "report_year",
    "School_Survey_Ambitious_Instruction": "ambitious_instruction",
    "School_Survey_Collaborative_Teachers": "collaborative_teachers",
    "School_Survey_Student_Response_Rate_Pct": "student_response_rate",
    "School_Survey_Teacher_Response_Rate_Pct": "teacher_response_rate",
    "School_Survey_Student_Response_Rate_Avg_Pct": "student_response_average",
    "School_Survey_Teacher_Response_Rate_Avg_Pct": "teacher_response_average",
}
_WORDS = {
    "Primary_Category": GROUPS,
    "School_Survey_Ambitious_Instruction": [*RATINGS, NOT_ENOUGH],
    "School_Survey_Collaborative_Teachers": [*RATINGS, NOT_ENOUGH],
}
_SIGNATURE = {"School_ID", "Progress_Report_Year", "School_Survey_Ambitious_Instruction"}


def find(folder: Path) -> list[Path]:
    """Progress reports among the CSV files of a folder, known by their columns whatever they are called.

    Other files, the city's school profiles among them, are passed over. Without the folder there are none.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() == ".csv")
    return [path for path in files if _header(path) >= _SIGNATURE]


def read(paths: list[Path]) -> pd.DataFrame:
    """One row a school and report year, sorted, from one or more files of reports.

    Columns: `school_id`, `group` (one of GROUPS, or missing), `report_year` (int), `ambitious_instruction` and
    `collaborative_teachers` (one of RATINGS, NOT_ENOUGH, or missing), `student_response_rate` and
    `teacher_response_rate` (percent), and the city's averages of these as the files print them in every row,
    `student_response_average` and `teacher_response_average`. Raises InputError for columns that are not there,
    words and rates that cannot be, two averages of the city in a year, a school twice in a year, and a year in two files.
    """
    frames = {path: _read_one(path) for path in paths}
    origin: dict[int, Path] = {}
    for path, frame in frames.items():
        for year in frame["report_year"].unique():
            if year in origin:
                raise InputError(
                    f"{relative(origin[year])} and {relative(path)}, column 'Progress_Report_Year': both have the "
                    f"report of {year}. Keep one of them."
                )
            origin[year] = path
    records = pd.concat(frames.values()).sort_values(["report_year", "school_id"])
    return records.reset_index(drop=True)


def score(ratings: pd.Series, how: str, reference: pd.Series | None = None) -> pd.Series:
    """Ratings as numbers; what is no rating becomes missing. `how` is one of SCORINGS.

    Ridits (Bross 1958) need the ratings of reference: each category gets the share of these below it plus half the
    share in it, so their own mean is one half.
    """
    if how == "equal steps":
        values = dict(zip(RATINGS, [1.0, 2.0, 3.0, 4.0, 5.0], strict=True))
    elif how == "top two":
        values = {rating: float(rating in ("STRONG", "VERY STRONG")) for rating in RATINGS}
    elif how == "ridits":
        share = reference.value_counts().reindex(RATINGS, fill_value=0)
        share = share / share.sum()
        values = (share.cumsum() - share / 2).to_dict()
    else:
        raise ValueError(f"scoring is one of {', '.join(SCORINGS)}, not {how!r}")
    return ratings.map(values).astype(float)


def panel(
    records: pd.DataFrame, group: str, measure: str, scoring: str, balanced: bool = False
) -> pd.DataFrame:
    """Ratings of one group that can say something about change: of schools rated in two reports or more.

    `records` as `read` gives them; `balanced`: only of schools rated in every report. Columns: `school_id`, `year`,
    `score`, `response_rate` (percent, of those who answered for this measure). A school is in the group that the
    report of the year names, so one that becomes another kind of school is two. The few middle schools (MS) are a
    group of their own and in no panel of the others. Ridits refer to these schools' ratings in the first report.
    Raises InputError when no school is left.
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
    return pd.DataFrame(
        {
            "school_id": own["school_id"],
            "year": own["report_year"],
            "score": score(own[measure], scoring, reference),
            "response_rate": own[MEASURES[measure]],
        }
    ).reset_index(drop=True)


def within(
    records: pd.DataFrame, group: str, measure: str, specification: str = "main"
) -> fixed_effects.Within:
    """Cross-products within schools of one panel; the first report year is the baseline.

    Scores keep their own unit: divide the fit by `baseline_sd` to have it in standard deviations of the first year.
    """
    how = SPECIFICATIONS[specification]
    frame = panel(records, group, measure, how["scoring"], how.get("balanced", False))
    baseline = str(frame["year"].min())
    model = moments.Model("score", "school_id", "year", baseline, controls=how.get("controls", ()))
    return fixed_effects.within(moments.compute(frame, model))


def pooled(records: pd.DataFrame) -> pd.DataFrame:
    """Sums over schools for each panel of elementary and high schools, with nothing of single schools.

    Columns `panel, group, measure, specification` and those of `released.pooled`.
    """
    named = {
        f"{group} {measure} {specification}": (group, measure, specification)
        for group in ("ES", "HS")
        for measure in MEASURES
        for specification in SPECIFICATIONS
    }
    sums = released.pooled({name: within(records, *parts) for name, parts in named.items()})
    for place, column in enumerate(("group", "measure", "specification")):
        sums.insert(1 + place, column, sums["panel"].map(lambda name, p=place: named[name][p]))
    return sums


def read_pooled(path: Path) -> pd.DataFrame:
    """What `pooled` gave, bit for bit, from its file; one panel of it is read by `released.read_pooled`."""
    return pd.read_csv(path, dtype=str, keep_default_na=False).astype({"value": float})


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


def check(records: pd.DataFrame) -> pd.DataFrame:
    """The main panels estimated by linearmodels too, beside ours, in standard deviations of the first year.

    Rows `group, measure, term`; `estimate, std_error` are ours (CRV1) with `factor` on the variance, G/(G-1)
    (N-1)/(N-k-1); `other_estimate, other_std_error` those of PanelOLS with entity effects, clustered by school with
    group_debias=True, whose `other_factor` is G/(G-1) (N-1)/(N-k).
    """
    from linearmodels.panel import PanelOLS

    tables = []
    for group in ("ES", "HS"):
        for measure in MEASURES:
            data = within(records, group, measure)
            ours = fixed_effects.fit(data).in_units_of(data.baseline_sd).table()
            frame = panel(records, group, measure, "equal steps").set_index(["school_id", "year"])
            dummies = pd.get_dummies(frame.index.get_level_values("year").astype(str), dtype=float)
            x = dummies.set_index(frame.index)[list(data.terms)]
            y = frame["score"] / data.baseline_sd
            other = PanelOLS(y, x, entity_effects=True).fit(
                cov_type="clustered", cluster_entity=True, group_debias=True
            )
            g, n, k = len(data.clusters), data.n, len(data.terms)
            shared = g / (g - 1) * (n - 1)
            tables.append(
                pd.DataFrame(
                    {
                        "group": group,
                        "measure": measure,
                        "term": ours["term"],
                        "estimate": ours["estimate"],
                        "std_error": ours["std_error"],
                        "factor": shared / (n - k - 1),
                        "other_estimate": other.params.to_numpy(),
                        "other_std_error": other.std_errors.to_numpy(),
                        "other_factor": shared / (n - k),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


TABLES = {
    "cps-reports-moments.csv": pooled,
    "cps-reports-shares.csv": shares,
    "cps-reports-turnover.csv": turnover,
    "cps-reports-patterns.csv": patterns,
    "cps-reports-response.csv": response,
    "cps-reports-check.csv": check,
}
"""Files made from the reports, each with what makes it."""


def tables(paths: list[Path]) -> tuple[dict[str, pd.DataFrame], dict[str, list[Path]]]:
    """What the reports say, by short name (moments, shares, turnover, patterns, response, check), and its files.

    From the reports when there are any, else from the sums that the project carries.
    """
    if paths:
        records = read(paths)
        made = {_short(name): make(records) for name, make in TABLES.items()}
        return made, dict.fromkeys(made, paths)
    kept = {_short(name): FOLDER / name for name in TABLES}
    readers = {"moments": read_pooled, "patterns": _read_patterns, "turnover": _read_turnover}
    made = {name: readers.get(name, pd.read_csv)(path) for name, path in kept.items()}
    return made, {name: [path] for name, path in kept.items()}


def estimates(sums: pd.DataFrame, inference: str = "CRV1") -> pd.DataFrame:
    """Estimates of every panel in standard deviations of the first year, from what `pooled` gives.

    Columns `panel, group, measure, specification` and those of an estimates table. With `inference` "bootstrap" the
    p-values are those of the wild cluster bootstrap, errors and intervals those of CRV1.
    """
    found = []
    for named, _ in sums.groupby(["panel", "group", "measure", "specification"], sort=False):
        data = released.read_pooled(sums, named[0])
        table = released.table(data, inference, data.baseline_sd)
        for place, column in enumerate(("panel", "group", "measure", "specification")):
            table.insert(place, column, named[place])
        found.append(table)
    return pd.concat(found, ignore_index=True)


def _short(name: str) -> str:
    return name.removeprefix("cps-reports-").removesuffix(".csv")


def _read_patterns(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"pattern": str})


def _read_turnover(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"new": "Int64", "gone": "Int64"})


def write(folder: Path, target: Path) -> None:
    """Make every file of TABLES, and `cps-reports.json` that says what they are of, from the reports in a folder.

    Everything is computed before anything is written. Raises InputError when there are no reports.
    """
    paths = find(folder)
    if not paths:
        raise InputError(
            f"{relative(folder)}: no progress reports here. Search 'School Progress Reports SY1516' (and the years "
            "after it) in the City of Chicago's open data portal, export CSV, and put the files there."
        )
    records = read(paths)
    made = {
        name: make(records).to_csv(index=False, lineterminator="\n")
        for name, make in TABLES.items()
    }
    years = records["report_year"].value_counts().sort_index()
    about = {
        "of": "Chicago Public Schools, School Progress Reports (City of Chicago open data portal)",
        "state": "moments",
        "command": "python -m helpers.study.chicago",
        "reports": [
            {
                "year": int(year),
                "title": f"SY{year % 100:02}{(year + 1) % 100:02}",
                "schools": int(n),
            }
            for year, n in years.items()
        ],
        "inputs": [
            {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            for path in paths
        ],
        "files": [{"name": name, "rows": text.count("\n") - 1} for name, text in made.items()],
        "scorings": SCORINGS,
        "specifications": SPECIFICATIONS,
    }
    made["cps-reports.json"] = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    target.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (target / name).write_text(text, encoding="utf-8", newline="")


def _header(path: Path) -> set[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return {name.strip().strip('"') for name in re.split(r"[,;\t]", file.readline())}


def _read_one(path: Path) -> pd.DataFrame:
    frame = frames.read(path, list(_COLUMNS))
    _refuse_empty(frame, ["School_ID", "Progress_Report_Year"], path)
    for column, words in _WORDS.items():
        frames.coded(frame, column, {word: place for place, word in enumerate(words)}, path)
    years = frames.whole_numbers(frame, "Progress_Report_Year", path, 2000, 2100)
    rates = {
        column: frames.numbers(frame, column, path, 0, 100)
        for column in _COLUMNS
        if column.endswith("_Pct")
    }
    frame = frame.assign(**rates, Progress_Report_Year=years.astype(int))
    _refuse_two_averages(frame, [column for column in rates if "_Avg_" in column], path)
    frames.check_unique(frame, ["School_ID", "Progress_Report_Year"], path)
    return frame.rename(columns=_COLUMNS)


def _refuse_empty(frame: pd.DataFrame, columns: list[str], path: Path) -> None:
    for column in columns:
        rows = frame.index[frame[column].isna()]
        if len(rows):
            first = ", ".join(map(str, rows[:3]))
            more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
            raise InputError(
                f"{relative(path)}, column {column!r}: empty cells (row {first}{more}). Fill them, or take these "
                "rows out."
            )


def _refuse_two_averages(frame: pd.DataFrame, columns: list[str], path: Path) -> None:
    for column in columns:
        usual = frame.groupby("Progress_Report_Year")[column].transform("first")
        other = frame.loc[frame[column].notna() & (frame[column] != usual), column]
        if len(other):
            first = "; ".join(f"row {row}: {value}" for row, value in other.head(3).items())
            raise InputError(
                f"{relative(path)}, column {column!r}: the city's average is not the same in all rows of a year "
                f"({first}). Export the file again."
            )


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


if __name__ == "__main__":
    try:
        given = [Path(argument) for argument in sys.argv[1:3]]
        write(*given, *(RAW, FOLDER)[len(given) :])
    except InputError as error:
        sys.exit(str(error))
