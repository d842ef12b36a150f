"""Which records of a file are incomplete, by year and panel, and what those without an outcome could change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from helpers.draw import numbers
from helpers.estimate import fixed_effects, moments, nonresponse, panels
from helpers.estimate.complete_records import refuse
from helpers.estimate.fixed_effects import Within
from helpers.estimate.moments import Model, Moments
from helpers.estimate.nonresponse import Response
from helpers.estimate.rasch import MEASURE
from helpers.project import InputError, at
from helpers.read import sql
from helpers.read.engine import SqlRecords
from helpers.read.suppression import MINIMUM, complementary, is_small
from helpers.read.waves import LEVELS

WEIGHTED = "weighted for who answered"
WORST = ("worst case, lowest", "worst case, highest")
_ADDED = ("response_weight", "worst_case_lowest", "worst_case_highest")
"""Columns that are put beside those of the file."""
_MOST = 500_000  # kinds of people that a logistic regression is given


@dataclass(frozen=True)
class Missing:
    """What `read` found: `counts` (`panel, year, records, complete, silent`; silent: no outcome), and by panel the sums with weights
    (`weighted`) and with the ends of the scale for who has no outcome, first and last year alone (`worst`).

    `years`: the baseline and the last; `known`: the columns that weights come from; `why`: why there are none.
    """

    counts: pd.DataFrame
    years: tuple[str, str]
    known: tuple[str, ...] = ()
    why: str = ""
    weighted: dict[str, Moments] = field(default_factory=dict)
    worst: dict[str, tuple[Moments, Moments]] = field(default_factory=dict)


def read(
    source: SqlRecords, models: dict[str, Model], last: str, respond_on: Sequence[str], ends: Sequence[float]
) -> Missing:
    """Count what is incomplete, and add up anew. Adds columns to the view `file`.

    Raises InputError for columns of `respond_on` that are empty somewhere, and outcomes off the ends.

    Parameters
    ----------
    source, models, last : open records; a model a panel; the last year
    respond_on, ends : columns known for everybody (none: no weights); the lowest and the highest outcome that can be (none: no worst case)
    """
    model = next(iter(models.values()))
    by = next(iter(model.subset), "")
    panel = sql.label(source, by) if by else sql.literal(next(iter(models)))
    keys = f"{panel} AS panel, {sql.label(source, model.year)} AS year"
    whole, silent = _complete(source, model), f"{sql.number(source, model.outcome)} IS NULL"
    counted = f"count(*) AS records, {_count(whole)} AS complete, {_count(silent)} AS silent"
    counts = pd.DataFrame(source.fetch(f"SELECT {keys}, {counted} FROM file GROUP BY 1, 2")).dropna()
    counts = counts[counts["panel"].isin(models)].sort_values(["panel", "year"], ignore_index=True)
    found = Missing(counts, (model.baseline, last), tuple(respond_on))
    fitted, why = {}, ""
    if respond_on:
        levels = _check(source, respond_on)
        try:
            fitted = dict(_responses(source, keys, whole, levels, models))
        except InputError as error:
            why = str(error)
    extremes = counts[counts["year"].isin(found.years)]
    bounded = bool(len(ends)) and extremes["silent"].sum() > 0
    _check_ends(source, model, ends)
    added = {}
    if fitted:
        added[_ADDED[0]] = _weight(source, model, panel, fitted)
    if bounded:
        added |= {
            name: _filled(source, model, last, filled)
            for name, filled in zip(_ADDED[1:], (ends, ends[::-1]), strict=True)
        }
    _add(source, added)
    weighted = {p: moments.compute(source, replace(m, weight=_ADDED[0])) for p, m in models.items()} if fitted else {}
    both = counts[counts["year"].isin(found.years)].groupby("panel").size() == 2
    worst = {p: tuple(_plain(source, models[p], name) for name in _ADDED[1:]) for p in both.index[both & bounded]}
    return replace(found, why=why, weighted=weighted, worst=worst)


def table(missing: Missing, fitted: Mapping[str, Within] | None = None) -> pd.DataFrame:
    """`panel, year, records, complete, incomplete`; empty where one to nine, or a number from which so few would follow.

    `fitted`: the panels; of one that leaves out a few schools of a single record the smallest year goes, for all years would tell.
    """
    found = missing.counts.assign(incomplete=missing.counts["records"] - missing.counts["complete"])
    hidden = complementary(found["incomplete"]) | complementary(found["complete"]) | (found["records"] < MINIMUM)
    for panel, data in (fitted or {}).items():
        if is_small(len(data.singletons)):
            hidden[found.loc[found["panel"] == panel, "records"].idxmin()] = True
    columns = ["records", "complete", "incomplete"]
    found[columns] = found[columns].astype(float)
    found.loc[hidden, columns] = np.nan  # records, too: all years together less those used would tell who is not
    return found[["panel", "year", *columns]]


def specifications(missing: Missing | None, of_units: dict[str, float], inference: str = "CR2") -> pd.DataFrame:
    """Rows for the figure of choices: the last year's effect weighted for who answered, and the worst case.

    Columns `panel, specification, term, estimate, ..., df`. Bounds have no p-value, and are empty where one to nine have no outcome.
    No rows where nothing is known (None).
    """
    if missing is None:
        return pd.DataFrame()
    tables = [_rows(missing, panel, unit, inference).assign(panel=panel) for panel, unit in of_units.items()]
    return pd.concat(tables, ignore_index=True)


def only(missing: Missing, schools: dict[str, np.ndarray]) -> Missing:
    """The same with some of the schools of each panel in the sums."""
    weighted = {p: moments.take(part, np.isin(part.schools, schools[p])) for p, part in missing.weighted.items()}
    worst = {
        p: tuple(moments.take(part, np.isin(part.schools, schools[p])) for part in both)
        for p, both in missing.worst.items()
    }
    return replace(missing, weighted=weighted, worst=worst)


def _rows(missing: Missing, panel: str, unit: float, inference: str) -> pd.DataFrame:
    """Rows of one panel for `specifications`."""
    last = missing.years[1]
    part = missing.counts[missing.counts["panel"] == panel].set_index("year").reindex(missing.years)
    few = bool(part["silent"].between(1, MINIMUM - 1).any())
    variants = {}
    if panel in missing.weighted:
        variants[WEIGHTED] = partial(_weighted, missing.weighted[panel], unit, last, inference)
    for name, data in zip(WORST, missing.worst.get(panel, ()), strict=False):
        variants[name] = partial(_bound, data, unit, few)
    rows = panels.alternatives(variants, last) if variants else pd.DataFrame()
    if len(rows) and not part["complete"].min() >= MINIMUM:
        rows[[*panels.NUMBERS, *panels.COUNTS]] = np.nan
    return rows


def sentences(missing: Missing, choices: pd.DataFrame) -> list[str]:
    """What the rows of `specifications` mean. `choices`: with the row "as declared" of each panel."""
    said = [f"Weights for who answered cannot be had: {missing.why}"] if missing.why else []
    for panel, part in choices.groupby("panel", sort=False):
        known = part.set_index("specification")["estimate"].dropna()
        if {WEIGHTED, "as declared"} <= set(known.index):
            plain, ours = (numbers.number(known[name], 3) for name in ("as declared", WEIGHTED))
            of = ", ".join(missing.known)
            said.append(
                f"{panel}: {plain} from complete records, and {ours} when they are weighted for who answered, by {of}. "
                f"{nonresponse.AS_KNOWN}"
            )
        if set(WORST) <= set(known.index):
            low, high = known[list(WORST)]
            verdict = "could turn the sign" if low < 0 < high else "cannot turn the sign"
            ends = f"{numbers.number(low, 3)} to {numbers.number(high, 3)}"
            said.append(f"{panel}: {ends} with the ends of the scale for records without an outcome, which {verdict}.")
    return said


def _count(condition: str) -> str:
    return f"CAST(sum(CASE WHEN {condition} THEN 1 ELSE 0 END) AS BIGINT)"


def _complete(source: SqlRecords, model: Model) -> str:
    """SQL that says that a record is complete."""
    filled = [sql.label(source, column) for column in model.labels]
    filled += [sql.number(source, column) for column in model.numbers]
    return " AND ".join(f"{cell} IS NOT NULL" for cell in filled)


def _check(source: SqlRecords, respond_on: Sequence[str]) -> dict[str, bool]:
    """Column -> whether it counts by its values (labels), not as a number. Raises InputError for empty cells."""
    found = {}
    for column in respond_on:
        refuse(
            source,
            column,
            "label IS NULL",
            "empty, and `respond_on` needs what is known for everybody",
            "Fill these, or leave the column out",
        )
        query = f"SELECT count(DISTINCT {sql.label(source, column)}) AS n FROM file"
        found[column] = int(source.fetch(query)["n"][0]) <= LEVELS
        if not found[column]:
            refuse(
                source,
                column,
                "number IS NULL",
                f"text in a column of more than {LEVELS} different values",
                "Join its values, or leave the column out of `respond_on`",
            )
    return found


def _check_ends(source: SqlRecords, model: Model, ends: Sequence[float]) -> None:
    if len(ends) and model.outcome != MEASURE:
        wrong = f"number < {float(ends[0])!r} OR number > {float(ends[1])!r}"
        refuse(
            source,
            model.outcome,
            wrong,
            f"values off the ends {ends[0]:g} to {ends[1]:g}",
            "Correct them, or change `low` and `high`",
        )


def _responses(
    source: SqlRecords, keys: str, whole: str, levels: dict[str, bool], models: dict[str, Model]
) -> Iterator[tuple[tuple[str, str], Response]]:
    """A logistic regression of complete records in each panel and year, from the different kinds of people and how many there are of each."""
    cells = {
        column: sql.label(source, column) if named else sql.number(source, column) for column, named in levels.items()
    }
    shown = ", ".join(f"{cell} AS k{place}" for place, cell in enumerate(cells.values()))
    places = ", ".join(map(str, range(1, len(cells) + 3)))
    found = source.fetch(
        f"SELECT {keys}, {shown}, count(*) AS asked, {_count(whole)} AS answered FROM file GROUP BY {places}"
    )
    if len(found["asked"]) > _MOST:
        raise InputError(f"`respond_on` tells more than {_MOST:,} kinds of people apart. Round its numbers.")
    frame = pd.DataFrame(found).dropna()
    for (panel, year), part in frame[frame["panel"].isin(models)].groupby(["panel", "year"]):
        known = pd.DataFrame(
            {c: part[f"k{place}"].astype(object if levels[c] else float) for place, c in enumerate(cells)}
        )
        with at(f"{panel}, {year}"):
            yield (panel, year), nonresponse.response(known, part["answered"].to_numpy(), part["asked"].to_numpy())


def _weight(source: SqlRecords, model: Model, panel: str, fitted: dict[tuple[str, str], Response]) -> str:
    """SQL of a record's weight: one over the chance of its answer, times its own weight."""
    year = sql.label(source, model.year)
    cases = " ".join(
        f"WHEN {panel} = {sql.literal(name)} AND {year} = {sql.literal(when)} THEN 1 + exp(-({_odds(source, one)}))"
        for (name, when), one in fitted.items()
    )
    own = f" * {sql.number(source, model.weight)}" if model.weight else ""
    return f"(CASE {cases} END){own}"


def _odds(source: SqlRecords, fitted: Response) -> str:
    parts = [_double(fitted.constant)]
    parts += [f"{_double(slope)} * {sql.number(source, column)}" for column, slope in fitted.slopes.items()]
    for column, added in fitted.levels.items():
        cases = " ".join(f"WHEN {sql.literal(level)} THEN {_double(shift)}" for level, shift in added.items())
        parts.append(f"CASE {sql.label(source, column)} {cases} END")
    return " + ".join(parts)


def _filled(source: SqlRecords, model: Model, last: str, ends: Sequence[float]) -> str:
    """SQL of the outcome in the first and last year; without one it has the first of `ends` in the last year, the second in the first."""
    year, outcome = sql.label(source, model.year), sql.number(source, model.outcome)
    cases = [
        f"WHEN {sql.literal(when)} THEN coalesce({outcome}, {_double(end)})"
        for when, end in zip((last, model.baseline), ends, strict=True)
    ]
    return f"CASE {year} {' '.join(cases)} END"


def _double(value: float) -> str:
    return f"CAST('{float(value)!r}' AS DOUBLE)"


def _add(source: SqlRecords, added: dict[str, str]) -> None:
    if taken := set(added) & set(source.columns):
        raise InputError(f"{source.name}: there is a column {min(taken)!r} already. Rename it.")
    if added:
        shown = ", ".join(f"{cell} AS {name}" for name, cell in added.items())
        source.show(lambda file: f"SELECT *, {shown} FROM {file}")
        source.columns |= dict.fromkeys(added, "float")


def _plain(source: SqlRecords, model: Model, outcome: str) -> Moments:
    """Years alone, without controls: a record counts that has a school, a year and a weight."""
    return moments.compute(source, replace(model, outcome=outcome, controls=(), categories={}))


def _weighted(data: Moments, unit: float, last: str, inference: str) -> pd.DataFrame:
    return panels.table(fixed_effects.within(data), inference, unit, terms=[last])


def _bound(data: Moments, unit: float, few: bool) -> pd.DataFrame:
    if few:
        raise InputError("too few have no outcome to be shown.")
    return panels.table(fixed_effects.within(data), "CR2", unit).assign(p_value=np.nan, n=np.nan)
