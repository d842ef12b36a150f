"""The user's own records as panels of school fixed-effects models."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.draw.words import listed, of_few
from helpers.estimate import fixed_effects, moments, panels, rasch
from helpers.estimate.fixed_effects import Within
from helpers.estimate.moments import Moments
from helpers.project import ROOT, InputError, at
from helpers.read import accounts, cells, files, order, spark, sql
from helpers.read.accounts import Account
from helpers.read.engine import SqlRecords
from helpers.read.files import Options
from helpers.read.suppression import MINIMUM, is_small, too_near
from helpers.study import missing_records, moving_items, samples
from helpers.study.missing_records import Missing
from helpers.study.moving_items import Moving


@dataclass(frozen=True)
class Study:
    """Panels by name: their sums (`moments`), the same without weights (`counts`), and within schools (`panels`).

    `files`: what was read, a table by its name; `years`: labels of the years besides the baseline; `cluster`: the column of clusters when
    coarser than the school; `references`: for each panel the level that a category's others are compared with;
    `without_panel`, `without_weight`: records that belong to no panel, or have weight 0. `sample`: complete records of the first panel under the
    names in its `model`, one of `every` so many, for `compared`. `told`: what the file's owner should know. With items: `item_fit`, the calibrated `scale`, its `reliability`, and items that are `moving`. `missing`: who is.
    """

    files: list[Path | str]
    years: list[str]
    cluster: str
    categories: tuple[str, ...]
    references: dict[str, dict[str, str]]
    without_panel: int
    without_weight: int
    model: moments.Model
    sample: pd.DataFrame
    every: int
    moments: dict[str, Moments]
    counts: dict[str, Moments]
    panels: dict[str, Within]
    told: tuple[str, ...] = ()
    item_fit: pd.DataFrame | None = None
    scale: rasch.Scale | None = None
    reliability: float = np.nan
    moving: Moving | None = None
    missing: Missing | None = None


def read(
    path: Path | str, *, outcome: str, items: list[str], low: int, high: int, balanced: bool, by: str, labels: list[str] = (),
    options: Options = Options(), engine: str = "duckdb", respond_on: Sequence[str] = (), bounds: Sequence[float] = (), **columns: Any,
) -> Study:  # fmt: skip
    """Read a file, a folder or a table and add it up. Raises InputError for what is missing, contradictory or wrong in the file.

    Parameters
    ----------
    path, options, engine, outcome : of the records, or a table's name; how and by what they are read (see `spark.open_by`); a column of numbers, or else
    items, low, high, labels : columns of answers from `low` to `high`, or in words, lowest first
    respond_on, bounds : columns known for everybody; the lowest and the highest outcome that there can be (of items it is known)
    balanced, by, columns : only schools with complete records in every year; the others as `panels.models` takes them
    """
    _check_parameters(path, outcome, items, columns, bounds)
    school, year = columns["school"], columns["year"]
    named = [name for name in (school, year, by, columns["cluster"], *columns["categories"]) if name]
    numeric = [outcome, *items, *columns["controls"], columns["weight"]]
    used = list(dict.fromkeys([*named, *filter(None, numeric), *respond_on]))
    ids = [school, year, columns["cluster"]]
    with spark.open_by(engine, path, used, named, options, ids) as source:
        files.check_columns(used, source.columns, source.name)
        baseline = columns["baseline"] = source.level(year, columns["baseline"])
        no_weight = source.leave_out(f"{sql.number(source, columns['weight'])} = 0") if columns["weight"] else 0
        _put_in_numbers(source, items, labels, low)
        told = [*source.told, *_suspects(source, [name for name in numeric if name])]
        measured = _measure(source, items, low, high, year, baseline) if items else {}
        in_order = columns["order"] = moments.years(source, year, columns.get("order", ()), baseline)
        models = panels.models(source, outcome=outcome or rasch.MEASURE, by=by, **columns)
        found_years = [name for name in in_order if name != baseline]
        rows = int(source.fetch("SELECT count(*) AS n FROM file")["n"][0])
        gaps = _gaps(source, year, used)
        told += accounts.by_time(f"Rows with an empty cell, by {year}", {at: gaps.get(at, 0) for at in in_order})
        found = _each(models, lambda model: _add_up(source, model, found_years))
        sums, plain, references = ({k: v[i] for k, v in found.items()} for i in range(3))
        model, first = (next(iter(parts.values())) for parts in (models, sums))
        every = -(-int(first.records.sum()) // samples.SAMPLED)
        sample = samples.read(source, model, every)
        ends = rasch.ends(measured["scale"]) if items else bounds
        missing = missing_records.read(source, models, found_years[-1], respond_on, ends)
        moving = moving_items.read(source, models, measured["scale"], low, baseline, found_years) if items else None
    without = rows - sum(part.rows for part in sums.values())
    if balanced:
        kept = _each(sums, lambda part: _seen_every_year(part, found_years, source.name))
        sums, plain = (
            {panel: moments.take(part, kept[panel]) for panel, part in parts.items()} for parts in (sums, plain)
        )
        schools = {panel: part.schools for panel, part in sums.items()}
        missing, moving = missing_records.only(missing, schools), moving_items.only(moving, schools) if items else None
    return Study(
        files=[path], model=replace(model, subset={}), sample=sample, every=every,
        years=[name for name in found_years if any(name in part.terms for part in sums.values())],
        cluster=columns["cluster"], categories=tuple(columns["categories"]), references=references,
        without_panel=without, without_weight=no_weight, moments=sums, counts=plain,
        panels=_each(sums, lambda part: _within(part, source.name)), told=(*told, *filter(None, [order.told(in_order)])),
        missing=missing, moving=moving, **measured,
    )  # fmt: skip


def units(study: Study, standardise: bool) -> dict[str, float]:
    """What each panel's outcome is divided by: its SD in the baseline year (InputError if it has none), or one."""
    for panel, data in study.panels.items():
        spread = np.sqrt(np.sum(data.yy) / data.n)
        if standardise and not data.baseline_sd > 1e-6 * spread:
            raise InputError(
                f"panel {panel!r}: in the baseline year the outcome has no spread between records, so nothing can be "
                "given in its standard deviations. Name another `baseline`, or leave out `standardise`."
            )
    return {panel: data.baseline_sd if standardise else 1.0 for panel, data in study.panels.items()}


def estimates(study: Study, inference: str, of_units: dict[str, float]) -> pd.DataFrame:
    """Estimates of every panel (`panels.estimates`); empty are terms that rest on fewer than MINIMUM records."""
    table = panels.estimates(study.panels, inference, of_units)
    for panel, plain in study.counts.items():
        few = [term for term in plain.terms if _rests_on(plain, term, study) < MINIMUM]
        hidden = panels.NUMBERS + panels.COUNTS * bool(_in_model(plain).records.sum() < MINIMUM)
        table.loc[(table["panel"] == panel) & table["term"].isin(few), hidden] = np.nan
    return table


def notes(study: Study) -> str:
    """How many records were left out and why, in words that tell no count of one to nine, nor one that it follows from."""
    parts = study.moments.values()
    rows, complete = sum(part.rows for part in parts), sum(int(part.records.sum()) for part in parts)
    lacking = Counter()
    for part in parts:
        lacking.update(part.incomplete)
    empty = ", ".join(f"{column} {accounts.about(count)}" for column, count in lacking.items() if count)
    said = f"Complete and used: {accounts.about(complete)} of {accounts.about(rows)} records{f' (empty: {empty})' if empty else ''}."
    if study.without_panel:
        said += f" In no panel: {accounts.about(study.without_panel)} records more."
    # They are not named here: a page may travel, and such a school is one person.
    if single := sum(len(data.singletons) for data in study.panels.values()):
        said += f" Schools with a single record ({cells.few(single)}) say nothing about change and are left out."
    for column in study.categories:
        levels = {panel: names[column] for panel, names in study.references.items()}
        alike = len(set(levels.values())) == 1
        named = [level if alike else f"{level} ({panel})" for panel, level in levels.items()]
        said += f" Reference of {column}: {', '.join(dict.fromkeys(named))}."
    return said


def account(study: Study, name: str) -> Account:
    """What became of the file's rows; `name`: what it is called."""
    parts = study.moments.values()
    rows, complete = sum(part.rows for part in parts), sum(int(part.records.sum()) for part in parts)
    single = sum(len(data.singletons) for data in study.panels.values())
    left_out = {
        "weight 0": study.without_weight,
        "no panel": study.without_panel,
        "an empty cell in a column that is used": rows - complete,
        "the only record of its school": single,
    }
    whole = rows + study.without_panel + study.without_weight
    return Account(name, whole, complete - single, left_out, study.told)


def joint_tests(study: Study, inference: str) -> pd.DataFrame:
    """Tests that all year effects of a panel are zero (`panels.joint_test`): `panel, f, df1, df2, p_value`."""
    rows = []
    for panel, data in study.panels.items():
        own = _own(data, study.years)
        enough = all(_rests_on(study.counts[panel], year, study) >= MINIMUM for year in own)
        if enough and (found := panels.joint_test(data, own, inference)):
            rows.append({"panel": panel, "df1": len(own)} | found)
    return pd.DataFrame(rows, columns=["panel", "f", "df1", "df2", "p_value"])


def specifications(study: Study, of_units: dict[str, float], inference: str = "CR2") -> pd.DataFrame:
    """The last year's effect of each panel under declared alternatives (see `panels.specifications`).

    `n` is empty where a few students follow: those of a small school that was not seen every year.
    """
    tables = {}
    for panel, sums in study.moments.items():
        own = _own(sums, study.years)
        table = panels.specifications(sums, own[-1], own, study.cluster, of_units[panel], inference)
        if _rests_on(study.counts[panel], own[-1], study) < MINIMUM:
            table[panels.NUMBERS] = np.nan
        table["n"] = table["n"].astype("Int64").mask(too_near(table["n"]) | is_small(table["n"]))
        tables[panel] = table
    return pd.concat(tables, names=["panel"]).droplevel(1).reset_index()


def schools(study: Study, of_units: dict[str, float]) -> pd.DataFrame:
    """Each school's own change to the last year, without names: `panel, estimate, shrunken, below_zero, spread`.

    The last two are the panel's: share of schools below zero (`fixed_effects.below_zero`), standard deviation between them.
    In the model but not shown: schools of fewer than MINIMUM records in either year, and panels of fewer other schools.
    """
    tables = []
    for panel, sums in study.moments.items():
        own, plain = _own(sums, study.years), study.counts[panel]
        last = plain.sums[:, plain.terms.index(own[-1])]
        enough = (plain.baseline[:, 0] >= MINIMUM) & (last >= MINIMUM)
        data = fixed_effects.within(panels.by_schools(sums))
        table = fixed_effects.by_school(data, own[-1], own)
        changes = table[["estimate", "std_error"]].to_numpy().T
        table = table[table["school"].isin(sums.schools[enough])].sort_values("shrunken")
        if len(table) >= MINIMUM:
            shown = table[["estimate", "shrunken"]] / of_units[panel]
            shown.insert(0, "panel", panel)
            spread = np.sqrt(fixed_effects.between_variance(*changes)) / of_units[panel]
            tables.append(shown.assign(below_zero=fixed_effects.below_zero(*changes), spread=spread))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def schools_differ(changes: pd.DataFrame) -> str:
    """How far schools differ, and how much of it is chance, a sentence or two; `changes` as `schools` gives them.

    >>> rows = pd.DataFrame({"panel": list("aabb"), "estimate": [-0.3, 0.5, 0.1, 0.2], "spread": [0.2, 0.2, 0, 0]})
    >>> schools_differ(rows.assign(below_zero=[0.3, 0.3, None, None]))
    'Most or all of the difference between schools may be chance, in “a” and “b” alike.'
    >>> schools_differ(rows.assign(spread=[0.5, 0.5, 0, 0], below_zero=[0.5, 0.5, None, None]))
    'In “a”, schools differ by more than chance: without it, about 1 of 2 would have fallen. In “b”, all of it may be chance.'
    """
    if changes.empty:
        return ""
    panels = changes.groupby("panel", sort=False).agg(
        spread=("spread", "first"), below_zero=("below_zero", "first"), n=("estimate", "size"), var=("estimate", "var")
    )
    far = panels["spread"] ** 2 / panels["var"] >= 0.5  # what estimates vary by is the schools' own spread and chance
    all_chance, several = not (panels.loc[~far, "spread"] > 0).any(), len(panels) > 1
    alone = panels if not several else panels[far] if far.sum() == 1 else panels.head(0)
    fallen = [
        f": without it, {of_few(r.below_zero, r.n)} would have fallen" for r in alone[alone["spread"] > 0].itertuples()
    ]
    if not far.any():
        none = panels["spread"] == 0
        which = "All" if all_chance else "Most or all" if none.any() else "Most"
        which += " of the difference between schools"
        where = f", in {_places(panels, panels)} alike" * several
        return f"{which} may be chance{where}{''.join(fallen)}."
    told = f"schools differ by more than chance{''.join(fallen)}."
    if not several:
        return told.capitalize()
    told = f"In {_places(panels[far], panels)}, {told}"
    if far.all():
        return told
    return f"{told} In {_places(panels[~far], panels)}, {'all' if all_chance else 'most'} of it may be chance."


def _places(some: pd.DataFrame, panels: pd.DataFrame) -> str:
    return listed("“" + some.index.astype(str) + "”") if len(some) <= 3 else f"{len(some)} of {len(panels)} groups"


def compared(study: Study, of_units: dict[str, float], fit: Callable[[samples.Sample], Any]) -> pd.DataFrame:
    """Our estimates (CRV1) of the first panel's sample beside those of another package, given the same records.

    `fit` takes a Sample and gives a result with `params` and `std_errors`, by term. Columns: those of `estimates`,
    whose terms are shown, `other_estimate`, `other_std_error`; no rows if one finds nothing to estimate in the sample.
    """
    panel = next(iter(study.panels))
    seen = study.sample[study.model.school].isin(study.moments[panel].schools)
    frame = study.sample[seen]
    frame = frame[frame.groupby(study.model.school)[study.model.school].transform("size") > 1]
    try:
        data = fixed_effects.within(moments.compute(frame, study.model))
        counts = {panel: moments.compute(frame, panels.unweighted(study.model) if study.model.weight else study.model)}
        found = fit(samples.of(frame, study.model, data.terms, of_units[panel]))
    except ValueError:  # as where the sample lacks what would tell two terms apart
        return pd.DataFrame()
    other = {"other_estimate": found.params, "other_std_error": found.std_errors}
    ours = estimates(replace(study, panels={panel: data}, counts=counts), "CRV1", of_units)
    return ours.dropna().join(pd.DataFrame(other), on="term")


def _rests_on(plain: Moments, term: str, study: Study) -> float:
    """Records of a term's level or of its reference level, whichever are fewer; of a number, all records."""
    plain = _in_model(plain)
    everybody = plain.records.sum()
    totals = dict(zip(plain.terms, plain.sums.sum(axis=0), strict=False))
    if term in study.years:
        return min(totals[term], plain.baseline[:, 0].sum())
    for column in study.categories:
        levels = {name: n for name, n in totals.items() if name.startswith(f"{column}: ")}
        if term in levels:
            return min(levels[term], everybody - sum(levels.values()))
    return float(everybody)


def _in_model(plain: Moments) -> Moments:
    """Without schools of a single record, which are in no estimate."""
    return moments.take(plain, plain.records > 1)


def _check_parameters(
    path: Path | str, outcome: str, items: list[str], columns: dict[str, Any], bounds: Sequence[float]
) -> None:
    if path == ROOT:
        raise InputError("`data` is empty. Name your file in it.")
    for name in ("school", "year", "baseline"):
        if not columns[name]:
            raise InputError(f"Your own records need the parameter `{name}`: name it beside `data`.")
    if bool(outcome) == bool(items):
        either = "`outcome` (a column of numbers) or `items` (columns of ordered answers)"
        raise InputError(f"Your own records need {either}: one of the two.")
    if len(bounds) and not bounds[0] < bounds[1]:
        raise InputError("`low` is not below `high`: write the lowest and the highest outcome that there can be.")


def _put_in_numbers(source: SqlRecords, items: list[str], labels: list[str], low: int) -> None:
    """Let items that hold words, or codes with value labels, hold the numbers of `cells.answers`."""
    written = {}
    for item in items:
        as_label = sql.label(source, item)
        found = source.fetch(f"SELECT DISTINCT {as_label} AS v FROM file")["v"]
        present = cells.labelled(map(str, filter(None, found)))
        with at(f"{source.name}, column {item!r}"):
            places, _ = cells.answers(present.values(), labels, source.labels.get(item, {}), low)
        cases = " ".join(f"WHEN {sql.literal(v)} THEN '{places[m]}'" for v, m in present.items() if m in places)
        if cases:
            written[item] = f"CASE {as_label} {cases} ELSE CAST({source.identifier(item)} AS STRING) END"
    source.rewrite(written)


def _gaps(source: SqlRecords, year: str, used: list[str]) -> dict[str, int]:
    """How many rows of each year have an empty cell in a column that is used."""
    gap = " OR ".join(f"{source.identifier(column)} IS NULL" for column in used)
    found = source.fetch(f"SELECT {sql.label(source, year)} AS at, count(*) AS n FROM file WHERE {gap} GROUP BY 1")
    return {str(at): int(n) for at, n in zip(found["at"], found["n"], strict=True) if at}


def _suspects(source: SqlRecords, numeric: list[str]) -> list[str]:
    """Numbers that look like codes for a missing answer, in words."""
    said = []
    for column in dict.fromkeys(numeric):
        number = sql.number(source, column)
        found = source.fetch(f"SELECT {number} AS v, count(*) AS n FROM file WHERE {number} IS NOT NULL GROUP BY 1")
        said += cells.told_suspects(column, dict(zip(found["v"], found["n"], strict=True)))
    return said


def _measure(source: SqlRecords, items: list[str], low: int, high: int, year: str, baseline: str) -> dict[str, Any]:
    """Give the records a measure of the items; what a Study tells of it."""
    scale, cells = rasch.add_measure(source, items, low, high, year, baseline)
    measured = cells.loc[cells.index.repeat(cells["records"])]
    answers = measured[range(len(items))].set_axis(items, axis=1).reset_index(drop=True)
    reliability = rasch.reliability(*measured[["measure", "std_error"]].to_numpy().T)
    fit = rasch.item_fit(scale, answers).round({"answers": -1})  # beside all records: who left one out
    return {"item_fit": fit, "scale": scale, "reliability": reliability}


def _own(sums: Moments | Within, years: list[str]) -> list[str]:
    """Years of the study that a panel has."""
    return [year for year in years if year in sums.terms]


def _add_up(source: SqlRecords, model: moments.Model, years: list[str]) -> tuple[Moments, Moments, dict[str, str]]:
    """Sums of one panel, the same without weights, and the reference level of each category in it."""
    sums = moments.compute(source, model)
    if not _own(sums, years):
        raise InputError(
            f"{source.name}, column {model.year!r}: {model.baseline!r} is the only year with complete records, so there "
            "is no change to estimate. Name another `by`, or fill the columns that are empty in other years."
        )
    plain = moments.compute(source, panels.unweighted(model)) if model.weight else sums
    return sums, plain, {column: sums.levels[column][0] for column in model.categories}


def _within(sums: Moments, name: str) -> Within:
    with at(name):
        return fixed_effects.within(sums)


def _seen_every_year(sums: Moments, years: list[str], name: str) -> np.ndarray:
    keep = panels.in_every_year(sums, _own(sums, years))
    if keep.sum() < 2:
        raise InputError(
            f"{name}: `balanced: true` leaves {keep.sum()} of {len(keep)} schools: no others have complete records in "
            "every year. Leave `balanced` out."
        )
    return keep


def _each(panels: dict[str, Any], work: Callable[[Any], Any]) -> dict[str, Any]:
    """What `work` makes of each panel; of several panels, the one whose records are at fault is named."""
    found = {}
    for panel, part in panels.items():
        with at(f"panel {panel!r}" if len(panels) > 1 else ""):
            found[panel] = work(part)
    return found
