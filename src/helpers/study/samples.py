"""A sample of complete records of a panel, as other packages take them."""

from typing import NamedTuple

import pandas as pd

from helpers.estimate import moments
from helpers.read import sql
from helpers.read.engine import SqlRecords

SAMPLED = 200_000
"""Records, at most, that another package is given."""


class Sample(NamedTuple):
    """Complete records of one panel as linearmodels takes them: all indexed by school and place in it.

    `terms`: a column for each term of our model, controls less their means; `weights`: None where all count one.
    """

    outcome: pd.Series
    terms: pd.DataFrame
    weights: pd.Series | None
    clusters: pd.Series


def read(source: SqlRecords, model: moments.Model, every: int) -> pd.DataFrame:
    """One of `every` so many complete records of a panel, in their order, under the names of the model's columns."""
    cells = {column: sql.label(source, column) for column in model.labels}
    cells |= {column: sql.number(source, column) for column in model.numbers}
    names = {column: f"s{place}" for place, column in enumerate(cells)}
    wanted = [f"{name} IS NOT NULL" for name in names.values()]
    wanted += [f"{names[column]} = {sql.literal(level)}" for column, level in model.subset.items()]
    shown = ", ".join(f"{cells[column]} AS {name}" for column, name in names.items())
    with source.in_order():
        found = source.fetch(
            f"SELECT {', '.join(names.values())} FROM (SELECT *, {source.row} AS place FROM (SELECT {shown} FROM file) AS named "
            f"WHERE {' AND '.join(wanted)}) AS numbered WHERE place % {every} = 0"
        )
    return pd.DataFrame({column: found[name] for column, name in names.items()})


def of(frame: pd.DataFrame, model: moments.Model, terms: tuple[str, ...], unit: float) -> Sample:
    """Records of `read` as a Sample.

    Parameters
    ----------
    frame, model : the records, and our model of them
    terms, unit : of our model; what the outcome is divided by
    """
    school = frame[model.school]
    columns = {name: frame[name] - frame[name].mean() for name in model.controls}
    for name in model.references:
        start = "" if name == model.year else f"{name}: "
        columns |= {f"{start}{level}": frame[name] == level for level in frame[name].unique()}
    index = pd.MultiIndex.from_arrays([pd.factorize(school)[0], school.groupby(school).cumcount()])
    return Sample(
        outcome=(frame[model.outcome] / unit).set_axis(index),
        terms=pd.DataFrame({term: columns[term] for term in terms}, dtype=float).set_axis(index),
        weights=frame[model.weight].set_axis(index) if model.weight else None,
        clusters=pd.Series(pd.factorize(frame[model.cluster or model.school])[0], index),
    )
