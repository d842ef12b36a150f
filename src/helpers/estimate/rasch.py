"""Rasch measures by the rating scale model (Andrich, 1978; Wright & Masters, 1982), estimated by raschpy.

A person's measure depends only on which items were answered and on the sum of the answers. So each distinct
*cell*, a pair of these two, is measured once and joined to its records: a million students cost what a few
hundred cells cost. The scale is calibrated on the baseline year and is the same in every year.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.estimate.complete_records import refuse
from helpers.project import InputError
from helpers.read.engine import SqlRecords
from helpers.read.sql import label, literal, number

MEASURE = "rasch_measure"
"""Name of the column that `add_measure` adds."""

MOST = 60
"""Items at most: which of them a record answers is told by the bits of one whole number."""


@dataclass(frozen=True)
class Scale:
    """A calibrated scale: I `items` with locations in logits (mean zero), K `thresholds` of all, for answers 0 to K."""

    items: pd.Series
    thresholds: np.ndarray


def calibrate(responses: pd.DataFrame) -> Scale:
    """Item locations and thresholds from answers 0 to K (columns: items; NaN: not answered).

    raschpy's regularised composite likelihood on pairs of items, which needs no distribution of the persons. Raises
    InputError when fewer than two items, an answer that nobody gave, items that nobody answered together, or too few
    persons leave nothing to compare.

    >>> answers = pd.DataFrame({"plan": [0, 1, 1, 2, 2, 2], "watch": [0, 0, 1, 1, 2, 0], "teach": [0, 0, 0, 1, 1, 2]})
    >>> scale = calibrate(answers)
    >>> scale.items.round(2).to_dict(), scale.thresholds.round(2).tolist()
    ({'plan': -1.18, 'watch': 0.42, 'teach': 0.76}, [-0.53, 0.53])
    >>> measure(scale, cell_of(answers))[["score", "measure", "std_error"]].round(2).to_numpy().tolist()[:2]
    [[0.0, -2.81, 1.63], [1.0, -1.49, 1.06]]
    """
    answers = responses.dropna(how="all")
    if responses.shape[1] < 2:
        raise InputError("a Rasch scale needs two items or more; name one column as `outcome` instead.")
    used = np.unique(answers.to_numpy()[answers.notna().to_numpy()])
    if len(used) < 2 or len(used) != used[-1] + 1:
        raise InputError(
            f"among the answers to {', '.join(responses.columns)} in the baseline year only "
            f"{', '.join(f'{value:.0f}' for value in used)} (counted from 0) occur: every answer must occur there. "
            "Join answers that nobody gives, or leave items out."
        )
    _refuse_unlinked(answers)
    model = _model(answers.reset_index(drop=True), int(used[-1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # thin information shows in the thresholds themselves
            model.calibrate(no_info="raise")
    except ValueError:
        raise InputError(
            f"the answers to {', '.join(responses.columns)} in the baseline year are too few to tell how far apart "
            "neighbouring answers stand. Join answers that hardly anybody gives, or take another `baseline`."
        ) from None
    return Scale(model.items, model.thresholds.to_numpy())


def cell_of(responses: pd.DataFrame) -> pd.DataFrame:
    """Cell of each record: `answered`, an integer whose bit i says that item i was answered, and `score`."""
    answered = responses.notna() @ (1 << np.arange(responses.shape[1]))
    return pd.DataFrame({"answered": answered, "score": responses.sum(axis=1).astype(np.int64)})


def measure(scale: Scale, cells: pd.DataFrame) -> pd.DataFrame:
    """`cells` (`answered, score`) with `measure` and `std_error` in logits: Warm's weighted likelihood estimates."""
    table = cells.loc[cells["answered"] > 0, ["answered", "score"]].drop_duplicates(ignore_index=True)
    shown = ((table["answered"].to_numpy()[:, None] >> np.arange(len(scale.items))) & 1).astype(bool)
    # One row of answers for each cell: any answers with its sum will do.
    top = len(scale.thresholds)
    before = top * (shown.cumsum(axis=1) - shown)
    filled = np.clip(table["score"].to_numpy()[:, None] - before, 0, top).astype(float)
    examples = pd.DataFrame(np.where(shown, filled, np.nan), columns=scale.items.index)
    located = _calibrated(scale, examples).person("all", warm_corr=True).to_numpy()
    information = (information_at(scale, located) * shown).sum(axis=1)
    return table.assign(measure=located, std_error=1 / np.sqrt(information))


def ends(scale: Scale) -> list[float]:
    """The lowest and the highest measure of somebody who answered all items."""
    items = len(scale.items)
    cells = pd.DataFrame({"answered": (1 << items) - 1, "score": [0, items * len(scale.thresholds)]})
    return sorted(map(float, measure(scale, cells)["measure"]))


def probabilities(scale: Scale, persons: np.ndarray) -> np.ndarray:
    """Probability of each answer: persons x items x answers 0 to K."""
    steps = persons[:, None, None] - scale.items.to_numpy()[None, :, None] - scale.thresholds
    logits = np.concatenate([np.zeros((*steps.shape[:2], 1)), steps.cumsum(axis=2)], axis=2)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    return weights / weights.sum(axis=2, keepdims=True)


def curves(scale: Scale, item: str, answers: list[str]) -> pd.DataFrame:
    """Probability of each answer to one item along the scale, for drawing: `place, answer, probability`."""
    places = np.linspace(-4, 4, 161)
    chance = probabilities(scale, places)[:, scale.items.index.get_loc(item), :]
    wide = pd.DataFrame(chance, columns=answers).assign(place=places)
    return wide.melt("place", var_name="answer", value_name="probability")


def information_at(scale: Scale, persons: np.ndarray) -> np.ndarray:
    """Fisher information of each item about persons at these places: persons x items."""
    chance, answers = probabilities(scale, persons), np.arange(len(scale.thresholds) + 1)
    return chance @ answers**2 - (chance @ answers) ** 2


def item_fit(scale: Scale, responses: pd.DataFrame) -> pd.DataFrame:
    """For each item: location, infit and outfit mean squares, and how many answers.

    Mean squares are about 1 when answers vary as the model has it, and lower, near (I - 1)/I, with I few items: each
    person's own measure has followed the answers.
    """
    model = _calibrated(scale, responses.dropna(how="all").reset_index(drop=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # items at the end of the scale show in the table anyway
        model.fit_statistics(se=False, test_stats=False)
    columns = {
        "item": scale.items.index, "location": scale.items, "infit": model.item_infit_ms,
        "outfit": model.item_outfit_ms, "answers": responses.notna().sum(),
    }  # fmt: skip
    return pd.DataFrame({name: column.to_numpy() for name, column in columns.items()})


def reliability(measures: np.ndarray, std_errors: np.ndarray) -> float:
    """Person separation reliability: the share of the measures' variance that is not measurement error."""
    return float(1 - np.mean(std_errors**2) / np.var(measures, ddof=1))


def add_measure(
    records: SqlRecords, items: list[str], low: int, high: int, year: str, baseline: str
) -> tuple[Scale, pd.DataFrame]:
    """Give `records` a column MEASURE; return the scale, calibrated on the baseline year, and that year's patterns.

    Patterns have columns 0, 1, ... (answers from 0 to each item in turn, so that items may be called anything),
    `measure`, `std_error` and the number of `records`. Raises InputError for an item named twice, more than 60 items,
    answers off the scale, an answer that nobody gives in the baseline year, and for what `calibrate` refuses.

    Parameters
    ----------
    records, items, low, high : open records, and their columns of answers, whole numbers from `low` to `high`
    year, baseline : the column of years, and the label of the baseline year
    """
    if twice := [item for item in items if items.count(item) > 1]:
        raise InputError(f"`items` names {twice[0]!r} twice. Name each column once.")
    if len(items) > MOST:
        raise InputError(f"`items` names {len(items)} columns; {MOST} are the most. Leave some out.")
    shown, answered, score = in_sql(records, items, low)
    wrong = f"number < {low} OR number > {high} OR number % 1 <> 0 OR (number IS NULL AND label IS NOT NULL)"
    remedy = "Correct them, empty them if they are missing codes, or change `low` and `high`"
    for item in items:
        refuse(records, item, wrong, f"answers off the scale {low} to {high}", remedy)
    cell = f"{answered} AS answered, {score} AS score"
    patterns = _baseline_patterns(records, shown, cell, low, year, baseline)
    given = patterns[range(len(items))].set_axis(items, axis=1)
    _refuse_unused(records.name, given, low, high, baseline)
    try:
        scale = calibrate(given.loc[given.index.repeat(patterns["records"])].reset_index(drop=True))
    except InputError as error:
        raise InputError(f"{records.name}: {error}") from None
    measured = measure(scale, pd.DataFrame(records.fetch(f"SELECT DISTINCT {cell} FROM file")))
    _add_columns(records, "cells", measured, {MEASURE: (answered, score)})
    return scale, patterns.merge(measured, on=["answered", "score"])


def add_measures_without(records: SqlRecords, scale: Scale, items: list[str], low: int) -> list[str]:
    """Give `records` a column for each item, the measure by all others on the same scale; return their names.

    Parameters
    ----------
    records, scale : open records with a measure, and its scale
    items, low : columns of answers, of which the scale is made; the lowest answer
    """
    shown, answered, score = in_sql(records, list(scale.items.index), low)
    without = [
        (f"{answered} - CASE WHEN {shown[item]} IS NULL THEN 0 ELSE {1 << scale.items.index.get_loc(item)} END",
         f"{score} - CAST(coalesce({shown[item]} - {low}, 0) AS BIGINT)")
        for item in items
    ]  # fmt: skip
    each = [f"SELECT DISTINCT {one} AS answered, {other} AS score FROM file" for one, other in without]
    measured = measure(scale, pd.DataFrame(records.fetch(" UNION ".join(each))))
    names = [f"{MEASURE}_without_{place}" for place in range(len(items))]
    _add_columns(records, "cells_without", measured, dict(zip(names, without, strict=True)))
    return names


def in_sql(records: SqlRecords, items: list[str], low: int) -> tuple[dict[str, str], str, str]:
    """SQL of each item's answer, of which items a record answers (`cell_of`), and of the sum of its answers from 0.

    Parameters
    ----------
    records, items, low : open records, their columns of answers, and the lowest answer
    """
    shown = {item: number(records, item) for item in items}
    answered = " + ".join(
        f"CASE WHEN {value} IS NULL THEN 0 ELSE {1 << place} END" for place, value in enumerate(shown.values())
    )
    score = " + ".join(f"coalesce({value} - {low}, 0)" for value in shown.values())
    return shown, f"CAST({answered} AS BIGINT)", f"CAST({score} AS BIGINT)"


def _refuse_unlinked(answers: pd.DataFrame) -> None:
    """Only persons who answered two items tell how these compare: all items must hang together by such pairs."""
    from scipy.sparse.csgraph import connected_components

    shown = answers.notna().to_numpy().astype(float)
    groups, group = connected_components(shown.T @ shown > 0)
    if groups > 1:
        fewest = group == np.bincount(group, shown.sum(axis=0)).argmin()
        apart, others = (", ".join(answers.columns[part]) for part in (fewest, ~fewest))
        raise InputError(
            f"nobody in the baseline year answers {apart} together with {others}, so they cannot be compared. Leave "
            "items out, or take another `baseline`."
        )


def _calibrated(scale: Scale, responses: pd.DataFrame):
    """raschpy's model of these answers on a known scale."""
    # A new object: recalibrating or refilling one returns stale results in raschpy 1.4.
    model = _model(responses, len(scale.thresholds))
    model.items = scale.items
    model.thresholds = pd.Series(scale.thresholds, index=range(1, len(scale.thresholds) + 1))
    return model


def _model(responses: pd.DataFrame, max_score: int):
    import matplotlib as mpl

    # raschpy warns of things that are no concern here, and restyles every figure when it is imported.
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("ignore")
        from raschpy import RSM

        return RSM(responses, max_score=max_score, validate=False)


def _baseline_patterns(records, shown, cell, low, year, baseline) -> pd.DataFrame:
    """Distinct patterns of answers (from 0) in the baseline year with how many records have them."""
    named = {f"item{place}": value for place, value in enumerate(shown.values())}
    answers = ", ".join(f"{value} - {low} AS {name}" for name, value in named.items())
    found = records.fetch(
        f"SELECT {', '.join(named)}, answered, score, count(*) AS records FROM (SELECT {answers}, {cell}, "
        f"{label(records, year)} AS year FROM file) WHERE year = {literal(baseline)} AND answered > 0 "
        "GROUP BY ALL ORDER BY ALL"
    )
    patterns = pd.DataFrame({name: np.ma.filled(values.astype(float), np.nan) for name, values in found.items()})
    if patterns.empty:
        raise InputError(
            f"{records.name}: no record of {year} = {baseline!r} has an answer to {', '.join(shown)}, so there is "
            "nothing to calibrate the scale on. Name another `baseline` or other `items`."
        )
    names = [*range(len(named)), "answered", "score", "records"]
    return patterns.set_axis(names, axis=1).astype(dict.fromkeys(names[-3:], int))


def _refuse_unused(file: str, given: pd.DataFrame, low: int, high: int, baseline: str) -> None:
    """Raise InputError when an answer does not occur. `given`: answers from 0, a column for each item."""
    used = {low + int(answer) for answer in np.unique(given.to_numpy()) if answer >= 0}
    if unused := [str(answer) for answer in range(low, high + 1) if answer not in used]:
        more = f" or {len(unused) - 5} more" if len(unused) > 5 else ""
        raise InputError(
            f"{file}: in {baseline} nobody answers {' or '.join(unused[:5])}{more} to any of {', '.join(given.columns)}, so the "
            "place of such an answer on the scale is unknown. Correct `low` and `high`, or join it with its neighbour "
            "in the file."
        )


def _add_columns(records: SqlRecords, table: str, measured: pd.DataFrame, named: dict[str, tuple[str, str]]) -> None:
    """A view `file` in front of the old one, with measures of each record's cells joined on.

    Parameters
    ----------
    records, table, measured : open records; what the small table of cells is called; their measures
    named : the new columns -> SQL of the two parts of the record's cell
    """
    if taken := next((name for name in named if name in records.columns), ""):
        raise InputError(f"{records.name}: there is a column {taken!r} already. Rename it.")
    records.put(table, measured)
    places = [(f"{table}_{place}", *cell) for place, cell in enumerate(named.values())]
    parts = ", ".join(f"{answered} AS answered_{at}, {score} AS score_{at}" for at, answered, score in places)
    shown = ", ".join(f"{at}.measure AS {name}" for (at, *_), name in zip(places, named, strict=True))
    joins = " ".join(
        f"LEFT JOIN {table} AS {at} ON {at}.answered = answered_{at} AND {at}.score = score_{at}" for at, *_ in places
    )
    records.show(lambda file: f"SELECT answers.*, {shown} FROM (SELECT *, {parts} FROM {file}) AS answers {joins}")
    records.columns |= dict.fromkeys(named, "float")
