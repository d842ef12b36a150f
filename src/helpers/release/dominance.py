"""Whether one or two students make up most of a sum that is told, or all of a group have the same value.

Rules and defaults are those of ACRO (see `helpers.release.risk`), on absolute values, before anything is centred:
(n, k): the n largest make up no more than the share k; p-ratio: all but the two largest are at least the share p of the
largest, so that the second cannot work it out. What is told of squares (around a mean) keeps the same rules.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.estimate.moments import Model
from helpers.project import InputError
from helpers.read.engine import SqlRecords
from helpers.read.sql import literal
from helpers.release.risk import Limits

WHOLE = ""
"""In place of a column: the group is the whole school."""


def groups(
    source: SqlRecords, model: Model, most: int, name_of: dict[str, str], dropped: Sequence[str]
) -> pd.DataFrame:
    """What the rules must know of each group: a row for each value that is summed, in each school and each level of it.

    Columns `school, column, level, value, n, mean, squares, total, low, high`: `squares` around the mean, `total` of absolute values,
    `low` and `high` lists of the smallest and largest values. Reads the view `records` of `moments.compute`.

    Parameters
    ----------
    source, model : open records and their model
    most : how many of the smallest and largest values are wanted
    name_of, dropped : new names of schools that are merged; schools that are left out
    """
    values = _values(model)
    levels = {f"c{place}": column for place, column in enumerate(model.references)}
    merged = " ".join(f"WHEN school = {literal(old)} THEN {literal(new)}" for old, new in name_of.items())
    school = f"CASE {merged} ELSE school END" if merged else "school"
    kept = f" AND school NOT IN ({', '.join(map(literal, dropped))})" if dropped else ""
    shown = [f"{expression} AS v{place}" for place, expression in enumerate(values.values())]
    found = source.fetch(
        f"SELECT school, {', '.join(levels)}, count(*) AS n, {', '.join(_aggregates(source, len(values), most))} "
        f"FROM (SELECT {school} AS school, {', '.join([*levels, *shown])} FROM records WHERE complete = 1{kept}) AS used "
        f"GROUP BY GROUPING SETS ((school), {', '.join(f'(school, {name})' for name in levels)})"
    )
    whole = np.logical_and.reduce([np.ma.getmaskarray(found[name]) for name in levels])
    parts = [(WHOLE, np.full(len(whole), WHOLE, object), whole)]
    parts += [(column, found[name], ~np.ma.getmaskarray(found[name])) for name, column in levels.items()]
    tables = []
    for place, value in enumerate(values):
        own = {name: found[f"{name}{place}"] for name in ("mean", "squares", "total", "low", "high")}
        for column, named, rows in parts:
            table = {"school": found["school"], "column": column, "level": named, "value": value, "n": found["n"]} | own
            tables.append(pd.DataFrame({k: v if isinstance(v, str) else np.asarray(v)[rows] for k, v in table.items()}))
    order = ["school", "column", "level", "value"]  # that of the engine is of no kind
    return pd.concat(tables).sort_values(order, ignore_index=True)


def check_schools(rows: pd.DataFrame, model: Model, limits: Limits) -> None:
    """Refuse sums by school of which a few students make up most: of values in each level, of squares in each school.

    `rows`: of `groups`. Raises InputError with the groups concerned.
    """
    weighty = dominated(np.abs(_ends(rows)), rows["total"].to_numpy(), limits)
    _refuse(rows[weighty], "make up most of a sum", limits)
    squared = rows[_of_squares(rows, model)]
    far = dominated(_squares(squared), squared["squares"].to_numpy(), limits)
    _refuse(squared[far], "make up most of a sum of squares", limits)


def check_pooled(rows: pd.DataFrame, model: Model, limits: Limits) -> None:
    """The same of sums over all schools: the outcome in the baseline year, and squares around the schools' means."""
    first = rows[_first_year(rows, model)]
    if dominated(np.abs(_ends(first)).reshape(1, -1), first[["total"]].sum().to_numpy(), limits)[0]:
        _refuse(first.head(1).assign(school="all schools"), "make up most of a sum", limits)
    whole = rows[rows["column"] == WHOLE]
    for value in [model.outcome, *model.controls]:
        own = whole[whole["value"] == value]
        if dominated(_squares(own).reshape(1, -1), own[["squares"]].sum().to_numpy(), limits)[0]:
            _refuse(own.head(1).assign(school="all schools"), "make up most of a sum of squares", limits)


def check_alike(rows: pd.DataFrame, model: Model, kind: str) -> None:
    """Refuse a group all of whose students have the same value: whoever knows that one belongs to it knows the value.

    A control that is the same for everybody in each school and year says something about the school, and is no student's.
    """
    one = rows[rows["value"].isin([model.outcome, *model.controls])]
    alike = one["high"].map(lambda values: values[0]) == one["low"].map(lambda values: values[0])
    of_schools = alike[one["column"] == model.year].groupby(one["value"]).all()
    told = one["value"].isin(set(of_schools.index[~of_schools]) | {model.outcome})
    if kind == "pooled":  # mean and deviation of all in the baseline year
        first = one[_first_year(one, model)]
        ends = [values[0] for name in ("low", "high") for values in first[name]]
        found = first.head(int(len(set(ends)) == 1)).assign(school="all schools")
    else:
        found = one[alike & told]
    if len(found):
        raise InputError(
            f"all have the same value: {_listed(found)}. Whoever belongs to such a group is known by its mean. Put schools "
            "together (`merge`), leave them out (`drop`), or use fewer categories or levels."
        )


def dominated(values: np.ndarray, totals: np.ndarray, limits: Limits) -> np.ndarray:
    """Of which totals (k) the (n, k) or the p-ratio rule is broken; a total of zero keeps both.

    `values`: k rows of contributions, the largest of them at least, in any order; NaN where a row has fewer.

    >>> limits = Limits(10, 2, 0.9, 0.1, 10, 1, "", "", "")
    >>> values = np.array([[60, 35, 3, 2], [50, 30, 10, 10], [50, 40, 4, np.nan]])
    >>> dominated(values, np.array([100, 100, 94]), limits).tolist()
    [True, False, True]
    """
    first = -np.sort(-np.nan_to_num(values, nan=0.0), axis=1)
    rest = totals - first[:, :2].sum(axis=1)
    by_few = first[:, : limits.dominance_n].sum(axis=1) > limits.dominance_k * totals
    # Of totals that are nothing but rounding, rest and largest are both about zero.
    return (totals > 0) & (by_few | (rest < limits.p_ratio * first[:, 0]))


def _values(model: Model) -> dict[str, str]:
    """Name of each value that is summed, and its SQL in the view: with weights their products too."""
    plain = {model.outcome: "y"} | {column: f"x{place}" for place, column in enumerate(model.controls)}
    if not model.weight:
        return plain
    return plain | {model.weight: "w"} | {f"{model.weight} x {name}": f"w * {sql}" for name, sql in plain.items()}


def _aggregates(source: SqlRecords, values: int, most: int) -> list[str]:
    found = []
    for place in range(values):
        low, high = source.ends(f"v{place}", most)
        found += [
            f"avg(v{place}) AS mean{place}", f"var_pop(v{place}) * count(*) AS squares{place}",
            f"sum(abs(v{place})) AS total{place}", f"{low} AS low{place}", f"{high} AS high{place}",
        ]  # fmt: skip
    return found


def _of_squares(rows: pd.DataFrame, model: Model) -> pd.Series:
    """Of which groups squares are told by school: of all its students, and of the outcome in the baseline year."""
    plain = rows["value"].isin([model.outcome, *model.controls])
    return plain & (rows["column"] == WHOLE) | _first_year(rows, model)


def _first_year(rows: pd.DataFrame, model: Model) -> pd.Series:
    return (rows["column"] == model.year) & (rows["level"] == model.baseline) & (rows["value"] == model.outcome)


def _ends(rows: pd.DataFrame) -> np.ndarray:
    """A row a group: its smallest and its largest values, none twice, and NaN where there are no more."""
    most = max(map(len, rows["low"]), default=0)
    found = np.full((len(rows), 2 * most), np.nan)
    for place, (low, high, n) in enumerate(zip(rows["low"], rows["high"], rows["n"], strict=True)):
        found[place, : len(low)] = low
        more = min(len(high), int(n) - len(low))  # of a small group the lists overlap
        found[place, most : most + more] = high[:more]
    return found


def _squares(rows: pd.DataFrame) -> np.ndarray:
    """The same as squared distances from the group's mean."""
    return (_ends(rows) - rows["mean"].to_numpy()[:, None]) ** 2


def _refuse(rows: pd.DataFrame, what: str, limits: Limits) -> None:
    if len(rows):
        raise InputError(
            f"{'one or two' if limits.dominance_n == 2 else f'{limits.dominance_n} or fewer'} students {what}: {_listed(rows)}. Their values follow nearly. Leave out or cap values "
            "that stand far from all others, put schools together (`merge`), or leave the column out."
        )


def _listed(rows: pd.DataFrame) -> str:
    """The first groups, for people: `y in school 3, year 2013`."""
    first = [
        f"{row['value']} in {row['school']}" + (f", {row['column']} {row['level']}" if row["column"] else "")
        for _, row in rows.head(5).iterrows()
    ]
    return "; ".join(first) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
