"""Add the Rasch measure of a few items to records: calibrated on the baseline year, the same scale in every year."""

import numpy as np
import pandas as pd

from helpers.estimate import rasch
from helpers.estimate.moments import label, number
from helpers.project import InputError
from helpers.read.records import Records, quote

MEASURE = "rasch_measure"
"""Name of the column that is added."""

MOST = 60
"""Items at most: which of them a record answers is told by the bits of one whole number."""


def add_measure(
    records: Records, items: list[str], low: int, high: int, year: str, baseline: str
) -> tuple[rasch.Scale, pd.DataFrame]:
    """Give `records` a column MEASURE, and return the scale with the baseline year's cells.

    The cells tell, for each pattern of answers in the baseline year (columns 0, 1, ...: answers from 0 to each item in
    turn, so that items may be called anything), `measure`, `std_error` and the number of `records`. Raises InputError
    for an item named twice, more than 60 items, answers that are no whole numbers from `low` to `high`, an answer that
    nobody gives in the baseline year, and for what `rasch.calibrate` refuses.
    """
    _refuse_wrong_list(items)
    shown = {item: number(records, item) for item in items}
    _refuse_off_scale(records, shown, low, high)
    answered = " + ".join(
        f"CASE WHEN {value} IS NULL THEN 0 ELSE {1 << place} END"
        for place, value in enumerate(shown.values())
    )
    score = " + ".join(f"coalesce({value} - {low}, 0)" for value in shown.values())
    cell = f"CAST({answered} AS BIGINT) AS answered, CAST({score} AS BIGINT) AS score"
    patterns = _baseline_patterns(records, shown, cell, low, year, baseline)
    given = patterns[range(len(items))].set_axis(items, axis=1)
    _refuse_unused(records.name, given, low, high, baseline)
    try:
        scale = rasch.calibrate(
            given.loc[given.index.repeat(patterns["records"])].reset_index(drop=True)
        )
    except InputError as error:
        raise InputError(f"{records.name}: {error}") from None
    cells = pd.DataFrame(records.fetch(f"SELECT DISTINCT {cell} FROM file"))
    measured = rasch.measure(scale, cells)
    _add_column(records, measured, answered, score)
    return scale, patterns.merge(measured, on=["answered", "score"])


def _baseline_patterns(records, shown, cell, low, year, baseline) -> pd.DataFrame:
    """Distinct patterns of answers (from 0) in the baseline year with how many records have them."""
    columns = ", ".join(f"item{place}" for place in range(len(shown)))
    answers = ", ".join(
        f"{value} - {low} AS item{place}" for place, value in enumerate(shown.values())
    )
    found = records.fetch(
        f"SELECT {columns}, answered, score, count(*) AS records FROM (SELECT {answers}, {cell}, "
        f"{label(records, year)} AS year FROM file) WHERE year = {quote(baseline)} AND answered > 0 "
        "GROUP BY ALL ORDER BY ALL"
    )
    patterns = pd.DataFrame(
        {name: np.ma.filled(values.astype(float), np.nan) for name, values in found.items()}
    )
    if patterns.empty:
        raise InputError(
            f"{records.name}: no record of {year} = {baseline!r} has an answer to {', '.join(shown)}, so there is "
            "nothing to calibrate the scale on. Name another `baseline` or other `items`."
        )
    places = {f"item{place}": place for place in range(len(shown))}
    return patterns.rename(columns=places).astype({"answered": int, "score": int, "records": int})


def _refuse_wrong_list(items: list[str]) -> None:
    twice = [item for item in items if items.count(item) > 1]
    if twice:
        raise InputError(f"`items` names {twice[0]!r} twice. Name each column once.")
    if len(items) > MOST:
        raise InputError(
            f"`items` names {len(items)} columns; {MOST} are the most. Leave some out."
        )


def _refuse_unused(file: str, given: pd.DataFrame, low: int, high: int, baseline: str) -> None:
    """Raise InputError when an answer does not occur. `given`: answers from 0, a column for each item."""
    used = {low + int(answer) for answer in np.unique(given.to_numpy()) if answer >= 0}
    unused = [str(answer) for answer in range(low, high + 1) if answer not in used]
    if unused:
        more = f" or {len(unused) - 5} more" if len(unused) > 5 else ""
        raise InputError(
            f"{file}: in {baseline} nobody answers {' or '.join(unused[:5])}{more} to any of {', '.join(given.columns)}, so the "
            "place of such an answer on the scale is unknown. Correct `low` and `high`, or join it with its neighbour "
            "in the file."
        )


def _refuse_off_scale(records: Records, shown: dict[str, str], low: int, high: int) -> None:
    for item, value in shown.items():
        name = records.identifier(item)
        text = f"({value} IS NULL AND nullif(trim(CAST({name} AS VARCHAR)), '') IS NOT NULL AND CAST({name} AS VARCHAR) <> 'nan')"
        wrong = f"{value} < {low} OR {value} > {high} OR {value} <> floor({value}) OR {text}"
        rows = records.fetch(
            f"SELECT place, given FROM (SELECT {records.place} AS place, CAST({name} AS VARCHAR) AS given, "
            f"({wrong}) AS wrong FROM file) WHERE wrong LIMIT 3"
        )
        if len(rows["place"]):
            first = "; ".join(
                f"{place}: {given!r}"
                for place, given in zip(rows["place"], rows["given"], strict=True)
            )
            raise InputError(
                f"{records.name}, column {item!r}: answers off the scale {low} to {high} ({first}). Correct them, "
                "empty them if they are missing codes, or change `low` and `high`."
            )


def _add_column(records: Records, measured: pd.DataFrame, answered: str, score: str) -> None:
    """A view `file` in front of the old one, with the measure of each record's cell joined on."""
    if MEASURE in records.columns:
        raise InputError(f"{records.name}: there is a column {MEASURE!r} already. Rename it.")
    records.connection.register("cells_measured", measured)
    records.run("CREATE TEMPORARY TABLE cells AS SELECT * FROM cells_measured")
    records.run("ALTER VIEW file RENAME TO unscored")
    records.run(
        f"CREATE TEMPORARY VIEW file AS SELECT answers.*, cells.measure AS {MEASURE} FROM "
        f"(SELECT *, {answered} AS cell_answered, {score} AS cell_score FROM unscored) AS answers "
        "LEFT JOIN cells ON cells.answered = cell_answered AND cells.score = cell_score"
    )
    records.columns[MEASURE] = "float"
