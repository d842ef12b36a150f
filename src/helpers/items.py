"""Add the Rasch measure of a few items to records: calibrated on the baseline year, the same scale in every year."""

import numpy as np
import pandas as pd

from helpers import rasch
from helpers.moments import number
from helpers.project import InputError
from helpers.records import Records, quote

MEASURE = "rasch_measure"
"""Name of the column that is added."""


def add_measure(
    records: Records, items: list[str], low: int, high: int, year: str, baseline: str
) -> tuple[rasch.Scale, pd.DataFrame]:
    """Give `records` a column MEASURE, and return the scale with the baseline year's cells.

    The cells tell, for each pattern of answers in the baseline year (columns 0, 1, ...: answers from 0 to each item in
    turn, so that items may be called anything), `measure`, `std_error` and the number of `records`. Raises InputError
    for answers that are no whole numbers from `low` to `high`, and for what `rasch.calibrate` refuses.
    """
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
    try:
        scale = rasch.calibrate(
            given.loc[given.index.repeat(patterns["records"])].reset_index(drop=True)
        )
    except InputError as error:
        raise InputError(f"{records.name}: {error}") from None
    if len(scale.thresholds) != high - low:
        raise InputError(
            f"{records.name}: in {baseline} nobody answers {high} to any of {', '.join(items)}, so its place on the "
            "scale is unknown. Correct `high`, or join the answers."
        )
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
        f"{records.identifier(year)} AS year FROM file) WHERE CAST(year AS VARCHAR) IN ({quote(baseline)}, "
        f"{quote(baseline + '.0')}) AND answered > 0 GROUP BY ALL ORDER BY ALL"
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


def _refuse_off_scale(records: Records, shown: dict[str, str], low: int, high: int) -> None:
    for item, value in shown.items():
        name = records.identifier(item)
        text = f"({value} IS NULL AND nullif(CAST({name} AS VARCHAR), '') IS NOT NULL AND CAST({name} AS VARCHAR) <> 'nan')"
        wrong = f"{value} < {low} OR {value} > {high} OR {value} <> floor({value}) OR {text}"
        rows = records.fetch(
            f"SELECT place, CAST({name} AS VARCHAR) AS given FROM (SELECT {records.place} AS place, * FROM file) "
            f"WHERE {wrong} LIMIT 3"
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
    records.run("CREATE SCHEMA scored")
    records.run("CREATE TABLE scored.cells AS SELECT * FROM cells_measured")
    records.run(
        f"CREATE VIEW scored.file AS SELECT unscored.*, cells.measure AS {MEASURE} FROM "
        f"(SELECT *, {answered} AS cell_answered, {score} AS cell_score FROM main.file) AS unscored "
        "LEFT JOIN scored.cells AS cells ON cells.answered = cell_answered AND cells.score = cell_score"
    )
    records.run("SET search_path = 'scored,main'")
    records.columns[MEASURE] = "float"
