"""Effect sizes of several studies side by side, each with its own yardstick."""

from pathlib import Path

import pandas as pd

from helpers.estimate import rounding
from helpers.project import InputError, relative
from helpers.read import files, frames

DOCUMENTS = {
    "000": "Cravens and Drake (Tennessee)",
    "001": "Volante and others (Chile)",
    "002": "Cassata and Allensworth (Chicago)",
    "003": "Foster (California)",
    "004": "Berry (policy paper)",
    "talis": "TALIS in print",
}
"""Where a printed number stands, by the first part of its id."""

COLUMNS = ["study", "label", "unit", "estimate", "ci_low", "ci_high"]

TABLES = {
    "participants": "04-participant-comparison/tables/04-participant-comparison--estimates.csv",
    "printed": "01-practice-change/figures/01-practice-change--implied-standard-errors.csv",
    "reports": "01-practice-change/tables/01-practice-change--estimates.csv",
    "twin": "09-what-such-studies-can-see/tables/09-what-such-studies-can-see--twin-estimates.csv",
    "signposts": "your-data-06-signposts/tables/your-data-06-signposts--estimates.csv",
}
"""Results of other notebooks that hold effects in standard deviations."""

SOURCES = [
    "data/published/001-table2.csv", "data/published/002-table2.csv", "data/moments/cps-reports-moments.csv",
]  # fmt: skip
SIMULATED = ["data/simulated/01-twin-assumptions.csv", "data/simulated/06-signposts.csv"]

WAYS = {
    "recomputed": "computed from other printed numbers",
    "published": "because the same stands elsewhere in print",
    "moments": "from sums of public records",
    "microdata": "from records",
}
"""How a printed number was obtained again, by the state of what was set beside it."""

_RATED = {"ambitious_instruction": "students' rating", "collaborative_teachers": "teachers' rating"}
_SCHOOLS = {"ES": "Elementary schools", "HS": "High schools"}


def gather(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Effects of the studies from the tables named in TABLES: COLUMNS and `state`, studies in reading order.

    Of a series of years the last. Print gives no standard errors for Chicago: an interval is the printed coefficient
    and 1.96 times the largest standard error that fits the stars of all years of its panel.
    """
    return pd.concat(
        [
            _participants(tables["participants"]),
            _printed(tables["printed"]),
            _reports(tables["reports"]),
            _twin(tables["twin"]),
            _signposts(tables["signposts"]),
        ],
        ignore_index=True,
    )


def read(path: Path, encoding: str = "utf-8") -> pd.DataFrame:
    """A user's effects: COLUMNS, an estimate with its interval a row. Raises InputError naming column and rows."""
    if files.check(path) != ".csv":
        raise InputError(f"{relative(path)}: give the effects as a CSV file.")
    frame = frames.read(path, COLUMNS, encoding=encoding)
    for column in COLUMNS[3:]:
        frame[column] = frames.numbers(frame, column, path)
    wrong = frame[COLUMNS].isna().any(axis=1) | ~frame["estimate"].between(
        frame["ci_low"], frame["ci_high"]
    )
    if wrong.any():
        raise InputError(
            f"{relative(path)}, row {frame.index[wrong][0]}: a cell is empty, or the estimate lies outside its "
            "interval. Give study, label, unit, estimate, ci_low and ci_high in every row."
        )
    return frame


def yardstick(rows: pd.DataFrame) -> pd.Series:
    """Of each effect, the study and whose standard deviations it is in."""
    return rows["study"] + ": standard deviations of " + rows["unit"]


def spoken(rows: pd.DataFrame) -> str:
    """What a forest plot of effects shows, for somebody who cannot see it: of each study the range and the clear ones."""
    parts = [
        f"{name} {part['estimate'].min():.2f} to {part['estimate'].max():.2f}, "
        f"{(part['ci_low'] > 0).sum()} of {len(part)} intervals above zero and {(part['ci_high'] < 0).sum()} below"
        for name, part in rows.groupby("study", sort=False)
    ]
    return f"{'; '.join(parts)}."


def _rows(study: str, unit: str, labels, part: pd.DataFrame, state: str) -> pd.DataFrame:
    given = part[["estimate", "ci_low", "ci_high"]].reset_index(drop=True)
    return given.assign(study=study, label=list(labels), unit=unit, state=state)[
        [*COLUMNS, "state"]
    ]


def _participants(table: pd.DataFrame) -> pd.DataFrame:
    part = table[(table["term"] == "hedges_g") & (table["method"] == "Welch")]
    return _rows("Chile", "teachers", part["scale"], part, part["state"].iloc[0])


def _printed(table: pd.DataFrame) -> pd.DataFrame:
    widest = {panel: rounding.common_se(part)[1] for panel, part in table.groupby("panel")}
    part = table.drop_duplicates("panel", keep="last")
    reach = 1.959964 * part["panel"].map(widest)
    part = part.assign(ci_low=part["estimate"] - reach, ci_high=part["estimate"] + reach)
    return _rows("Chicago, print", "students", part["panel"], part, "recomputed")


def _reports(table: pd.DataFrame) -> pd.DataFrame:
    part = table[table["term"].astype(str) == table["term"].astype(str).max()]
    labels = part["group"].map(_SCHOOLS) + ", " + part["measure"].map(_RATED)
    return _rows("Chicago, reports", "schools", labels, part, part["state"].iloc[0])


def _twin(table: pd.DataFrame) -> pd.DataFrame:
    part = table.drop_duplicates("panel", keep="last")
    return _rows(
        "Twin of the Chicago survey", "simulated students", part["panel"], part, "simulated"
    )


def _signposts(table: pd.DataFrame) -> pd.DataFrame:
    part = table[table["term"].str.startswith("difference in change")]
    part = part[part["method"] == "school fixed effects"].drop_duplicates("scale", keep="last")
    labels = part["scale"].str.capitalize()
    return _rows("Example of peer groups", "simulated teachers", labels, part, "simulated")
