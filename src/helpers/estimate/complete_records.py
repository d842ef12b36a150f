"""The complete records of a school fixed-effects model, a view for DuckDB or Spark, and what must not be in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from helpers.project import InputError
from helpers.read import order
from helpers.read.engine import SqlRecords
from helpers.read.files import listed, shortened
from helpers.read.sql import label, literal, number

if TYPE_CHECKING:
    from helpers.estimate.moments import Model


def prepare(records: SqlRecords, model: Model) -> tuple[int, dict[str, int], np.ndarray, dict[str, list[str]]]:
    """Make the view `records`; return the records of the subset, how many lack each column, centres, and levels.

    Centres are rounded means of controls and outcome. Any constant gives the same estimates; one near the mean keeps
    the sums of products from losing digits. Levels are those of complete records, the reference first.
    """
    records.run(_view(records, model))
    parts, chosen = _parts(records, model), _chosen(records, model)
    categories = [f"c{place}" for place in range(len(model.references))]
    cells = ", ".join([*categories, "complete"])
    centred = [*(f"x{place}" for place in range(len(model.controls))), "y"]
    totals = [f"coalesce(sum({name}), 0.0) AS total_{name}" for name in centred]
    found = records.fetch(
        f"SELECT {cells}, count(*) AS n, sum(text) AS text, {', '.join(totals)} FROM records GROUP BY {cells}"
    )
    rows, whole = int(found["n"].sum()), found["complete"] == 1
    if rows == 0:
        raise InputError(_no_rows(records, model))
    if found["text"].any():
        for column in _texts(records, model):
            wrong = "label IS NOT NULL AND number IS NULL"
            refuse(records, column, wrong, "text in a number column", chosen=chosen)
    incomplete = dict.fromkeys((column for column, _ in parts.values()), 0)
    if not whole.all():
        counts = ", ".join(f"count(*) - count({name}) AS {name}" for name in parts)
        lacking = records.fetch(f"SELECT {counts} FROM records")
        incomplete = {column: int(lacking[name][0]) for name, (column, _) in parts.items()}
    if empty := [column for column, count in incomplete.items() if count == rows]:
        raise InputError(
            f"{records.name}: no record is complete: column {', '.join(map(repr, empty))} is empty in all {rows}."
        )
    if not whole.any():
        raise InputError(f"{records.name}: no record is complete in {', '.join(model.columns)}.")
    means = [found[f"total_{name}"][whole].sum() / found["n"][whole].sum() for name in centred]
    # Rounded, so that the order of addition, which differs from run to run, does not show in the statement.
    centres = np.array([float(f"{mean:.6g}") for mean in means])
    levels = _levels(records, model, [found[name][whole] for name in categories])
    return rows, incomplete, np.nan_to_num(centres, posinf=0.0, neginf=0.0), levels


def ordered(records: SqlRecords, column: str, labels: Iterable[str]) -> list[str]:
    """Labels of a category in order: that of their codes, where the file has value labels, else of numbers or letters."""
    by_code = [label for label in records.orders.get(column, ()) if label in labels]
    return by_code if len(by_code) == len(set(labels)) else order.plain(labels)


def _levels(records: SqlRecords, model: Model, cells: list[np.ndarray]) -> dict[str, list[str]]:
    """By category, of which `cells` has the labels: its reference, then the other levels in order."""
    levels = {}
    for (column, reference), found in zip(model.references.items(), cells, strict=True):
        present = set(map(str, found))
        by_user = [name for name in model.order if name in present] if column == model.year else []
        names = by_user if len(by_user) == len(present) else ordered(records, column, present)
        reference = reference or names[0]
        if reference not in names:
            asked = "`baseline`" if column == model.year else f"reference of {column!r} in `categories`"
            where, remedy = " in complete records", f"Name another {asked}"
            if model.subset:
                where += f" of {' and '.join(f'{name} {level}' for name, level in model.subset.items())}"
                remedy += ", or leave these records out"
            there = f"it has {listed(names, 12)}{where}"
            raise InputError(f"{records.name}, column {column!r}: no {reference!r} to compare with; {there}. {remedy}.")
        levels[column] = [reference, *(name for name in names if name != reference)]
    return levels


def refuse_unusable(records: SqlRecords, model: Model, found: dict[str, np.ndarray]) -> None:
    """Look in the finished sums for what must not be in the records; only then search for where it is."""
    chosen = _chosen(records, model)
    sums = [found[name] for name in found if name == "n" or name[1:2].isdigit()]
    if not np.isfinite(np.array(sums, dtype=float)).all():
        infinite = "abs(number) = CAST('Infinity' AS DOUBLE)"
        for column in model.numbers:
            refuse(records, column, infinite, "infinite values", chosen=chosen)
        raise InputError(
            f"{records.name}: numbers too large to add up their squares in {', '.join(model.numbers)}. Are there "
            "missing codes among them?"
        )
    if model.weight and found["smallest"].min() <= 0:
        refuse(records, model.weight, "number <= 0", "weights that are not positive", chosen=chosen)
    if not model.clustered:
        return
    split = np.flatnonzero(found["first_cluster"] != found["last_cluster"])
    if len(split):
        school, one, other = (found[name][split[0]] for name in ("school", "first_cluster", "last_cluster"))
        raise InputError(
            f"{records.name}, column {model.cluster!r}: school {school!r} lies in {one!r} and in {other!r}: more "
            f"than one cluster ({len(split)} such schools). Fixed effects must lie within clusters: correct the "
            "column or name a coarser one."
        )


def refuse(
    records: SqlRecords,
    column: str,
    wrong: str,
    what: str,
    remedy: str = "Correct or empty these",
    chosen: str = "1 = 1",
) -> None:
    """Raise InputError with the first records that have something wrong in a column, if there are any.

    Parameters
    ----------
    records, column, chosen : where to look, and SQL of the file's columns for which records count
    wrong : SQL of the column's `label` and `number`
    what, remedy : what is wrong, and what to do about it
    """
    cells = f"{label(records, column)} AS label, {number(records, column)} AS number"
    numbered = (
        f"FROM (SELECT {records.place} AS place, {cells}, CASE WHEN {chosen} THEN 1 ELSE 0 END AS chosen FROM file) "
        f"AS numbered WHERE chosen = 1 AND ({wrong})"
    )
    found = records.fetch(f"SELECT place, label {numbered} LIMIT 3")
    if len(found["place"]):
        first = "; ".join(
            f"{place}: {shortened(label)}" for place, label in zip(found["place"], found["label"], strict=True)
        )
        count = int(records.fetch(f"SELECT count(*) AS n {numbered}")["n"][0])
        more = f" and {count - 3} more" if count > 3 else ""
        raise InputError(f"{records.name}, column {shortened(column)}: {what} ({first}{more}). {remedy}.")


def _parts(records: SqlRecords, model: Model) -> dict[str, tuple[str, str]]:
    """Plain name -> (the column, its expression) of everything the statement uses, but for constants."""
    named = {"school": model.school, "cluster": model.cluster if model.clustered else ""}
    named |= {f"c{place}": column for place, column in enumerate(model.references)}
    counted = {"y": model.outcome, "w": model.weight}
    counted |= {f"x{place}": column for place, column in enumerate(model.controls)}
    return {
        name: (column, expression(records, column))
        for columns, expression in ((named, label), (counted, number))
        for name, column in columns.items()
        if column
    }


def _texts(records: SqlRecords, model: Model) -> list[str]:
    """Columns that should be numbers and are text in the file."""
    return [column for column in model.numbers if records.columns[column] in ("text", "date")]


def _view(records: SqlRecords, model: Model) -> str:
    """The file as a view `records` with plain names: school, cluster, w, y, x0.., c0.., complete, text.

    `complete` is 1 where nothing is missing; `text` is 1 where a column of numbers holds text.
    """
    parts = _parts(records, model)
    text = " OR ".join(
        f"({label(records, column)} IS NOT NULL AND {number(records, column)} IS NULL)"
        for column in _texts(records, model)
    )
    shown = [f"{expression} AS {name}" for name, (_, expression) in parts.items()]
    shown.append(f"CASE WHEN {text or '1 = 0'} THEN 1 ELSE 0 END AS text")
    complete = " AND ".join(f"{name} IS NOT NULL" for name in parts)
    return (
        "CREATE OR REPLACE TEMPORARY VIEW records AS "
        f"SELECT *, CASE WHEN {complete} THEN 1 ELSE 0 END AS complete "
        f"FROM (SELECT {', '.join(shown)} FROM file WHERE {_chosen(records, model)}) AS named"
    )


def _chosen(records: SqlRecords, model: Model) -> str:
    """The condition that a record belongs to the subset."""
    wanted = [f"{label(records, column)} = {literal(level)}" for column, level in model.subset.items()]
    return " AND ".join(wanted) or "1 = 1"


def _no_rows(records: SqlRecords, model: Model) -> str:
    for column, level in model.subset.items():
        query = f"SELECT {label(records, column)} AS level FROM file GROUP BY 1 ORDER BY 1 LIMIT 20"
        present = [str(name) for name in records.fetch(query)["level"] if name]
        if present and level not in present:
            return f"{records.name}, column {column!r}: no {level!r}; it has {listed(present, 12)}."
    end = " of this subset." if model.subset else ". Export it again."
    return f"{records.name}: there are no records{end}"
