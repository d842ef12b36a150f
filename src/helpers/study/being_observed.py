"""Whose feedback teachers have had after an observation of their teaching (TALIS 2024): shares of another kind than frequencies."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from helpers.draw import numbers
from helpers.project import InputError
from helpers.read.survey import NOT_ADMINISTERED, Survey
from helpers.read.talis_codebook import FEEDBACK_FROM
from helpers.study import classroom_doors
from helpers.study.classroom_doors import View

SHOWN = {"chosen": "Chose this answer"}
"""What is drawn, and the words above it."""
_COLLEAGUES = "S3"


def asked(answers: Survey) -> Survey | None:
    """Answers to this question in the latest cycle that has it; None where nobody was asked."""
    if not set(FEEDBACK_FROM) <= set(answers.frame):
        return None
    were = answers.frame[list(FEEDBACK_FROM)].ne(NOT_ADMINISTERED).any(axis=1)
    if not were.any():
        return None
    rows = answers.frame["cycle"].eq(answers.frame.loc[were, "cycle"].max()).to_numpy()
    return replace(
        answers, frame=answers.frame[rows].reset_index(drop=True), items=FEEDBACK_FROM, categories=["Not checked", "Checked"],
        often=2, statistics=("not", "chosen"), weights=answers.weights if rows.all() else answers.weights[rows],
    )  # fmt: skip


def view(answers: Survey | None, systems: Sequence[str] = (), average: Sequence[str] = ()) -> View | None:
    """What to show of it, as `classroom_doors.view`; None without files, and where nobody was asked, or too few to show a share."""
    feedback = asked(answers) if answers else None
    try:
        return classroom_doors.view(feedback, systems, average) if feedback else None
    except InputError:
        return None  # whoever has wrong systems or averages is told so by the view of the practices


def words(shown: View) -> dict[str, Any]:
    """Of `view`, for `cards.figure` of the share in `SHOWN`."""
    rows = shown.now[shown.now["statistic"].eq("chosen")]
    told = [
        f"{row.label} {numbers.percent(row.share)}%"
        for row in rows[rows["item"].eq(_COLLEAGUES) & rows["system"].isin(shown.shown)]
        .dropna(subset="share")
        .itertuples()
    ]
    shares = rows.loc[rows["item"].eq(_COLLEAGUES) & rows["system"].isin(shown.shown), "share"].dropna()
    span = " to ".join(dict.fromkeys(map(numbers.percent, shares.agg(["min", "max"])))) if len(shares) else ""
    return {
        "finding": f"{span}% have had feedback from other colleagues of the school after an observation." * bool(span),
        "title": "Whose feedback teachers have had after an observation of their teaching",
        "caption": f"TALIS {rows['cycle'].iloc[0]}: percent of the teachers who were asked and answered, with 95% intervals; "
        "several sources could be checked. Whether feedback was ever had, and not how often: these shares stand on another scale than the "
        "frequencies above, and are not to be compared with them. The forms of the questionnaire rotate, so that not every teacher was asked.",
        "alt": f"Dots with intervals for four sources of feedback. From other colleagues within the school: {', '.join(told) or 'none can be shown'}.",
        "data": rows,
    }  # fmt: skip
