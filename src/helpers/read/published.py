"""Numbers printed in the papers, and Chicago's School Progress Reports as the city publishes them.

Two ratings of the reports come from the yearly survey: Ambitious Instruction rests on students' answers,
Collaborative Teachers on those of teachers. Years are report years, as the files print them.
"""

import re
from pathlib import Path

import pandas as pd

from helpers.project import ROOT, InputError, relative
from helpers.read import frames

FOLDER = ROOT / "data" / "published"

KINDS = {
    "number": "a number in print, in figures or in words",
    "count of ours": "the paper gives no number, and we counted what it says",
    "code": "words of a paper, for which a number stands here",
    "label": "a number that only names something, such as a page or a law",
    "mark": "asterisks",
}
"""What a row of printed numbers is: most are numbers, and only these are counted as such."""
_LABELS = {"number that the table gives the school", "number of a law", "number of a version", "number of a practice",
           "volume", "issue", "page", "note"}  # fmt: skip
_CODES = ("code: ", "1: it is said", "place among three systems", "place, most", "falls in")


def read(path: Path) -> pd.DataFrame:
    """Printed numbers by `id`: row, group, statistic, value, decimals, unit, locator, kind; low, high: bounds of rounding.

    `kind`: one of KINDS, as statistic and unit tell it.
    """
    printed = pd.read_csv(path, index_col="id")
    half = 0.5 * 10.0 ** -printed["decimals"]
    kind = pd.Series("number", printed.index)
    kind[printed["unit"].isin(_LABELS)] = "label"
    kind[printed["unit"].str.startswith(_CODES)] = "code"
    kind[printed["unit"] == "stars"] = "mark"
    kind[printed["statistic"] == "items listed"] = "count of ours"
    return printed.assign(kind=kind, low=printed["value"] - half, high=printed["value"] + half)


def everything() -> pd.DataFrame:
    """All printed numbers of the project, with the `file` each stands in."""
    files = sorted(FOLDER.glob("*.csv"))
    return pd.concat([read(path).assign(file=path.relative_to(ROOT).as_posix()) for path in files])


def as_printed(value: float, decimals: int) -> str:
    """A number with the decimals it has in print."""
    return f"{value:.{max(decimals, 0)}f}"


RATINGS = ["VERY WEAK", "WEAK", "NEUTRAL", "STRONG", "VERY STRONG"]
NOT_ENOUGH = "NOT ENOUGH DATA"
"""What the files print for a school with too few answers; an empty cell is something else and stays apart."""
GROUPS = ["ES", "MS", "HS"]  # the files' elementary, middle and high schools

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


def find_reports(folder: Path) -> list[Path]:
    """Progress reports among the CSV files of a folder (none without it), known by their columns, not by their names."""
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() == ".csv")
    return [path for path in files if _header(path) >= _SIGNATURE]


def read_reports(paths: list[Path]) -> pd.DataFrame:
    """One row a school and report year, sorted, from one or more files of reports.

    Columns: `school_id`, `group` (one of GROUPS, or missing), `report_year` (int), `ambitious_instruction` and
    `collaborative_teachers` (one of RATINGS, NOT_ENOUGH, or missing), `student_response_rate` and
    `teacher_response_rate` (percent), and the city's averages of these as the files print them in every row,
    `student_response_average` and `teacher_response_average`. Raises InputError for columns that are not there,
    words and rates that cannot be, two averages of the city in a year, a school twice in a year, and a year in two files.
    """
    reports, origin = [], {}
    for path in paths:
        reports.append(_read_one(path))
        for year in reports[-1]["report_year"].unique():
            if (other := origin.setdefault(year, path)) != path:
                raise InputError(
                    f"{relative(other)} and {relative(path)}, column 'Progress_Report_Year': both have the report of "
                    f"{year}. Keep one of them."
                )
    return pd.concat(reports).sort_values(["report_year", "school_id"], ignore_index=True)


def _header(path: Path) -> set[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return {name.strip().strip('"') for name in re.split(r"[,;\t]", file.readline())}


def _read_one(path: Path) -> pd.DataFrame:
    given = frames.read(path, list(_COLUMNS))
    frame = given.frame.astype("str")
    for column in ("School_ID", "Progress_Report_Year"):
        frames.refuse(given, column, frame[column].isna(), "empty cells", "Fill them, or take these rows out")
    for column, words in _WORDS.items():
        other = frame[column].notna() & ~frame[column].isin(list(words))
        frames.refuse(given, column, other, f"answers other than {', '.join(words)}", "Export the file again")
    frame["Progress_Report_Year"] = frames.whole_numbers(given, "Progress_Report_Year", 2000, 2100).astype(int)
    what = "the city's average is not the same in all rows of a year"
    for column in (column for column in _COLUMNS if column.endswith("_Pct")):
        frame[column] = frames.numbers(given, column, 0, 100)
        if "_Avg_" in column:
            usual = frame.groupby("Progress_Report_Year")[column].transform("first")
            other = frame[column].notna() & (frame[column] != usual)
            frames.refuse(given, column, other, what, "Export the file again")
    frames.check_unique(given, ["School_ID", "Progress_Report_Year"])
    return frame.rename(columns=_COLUMNS)
