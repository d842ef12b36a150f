"""The user's own records as panels of school fixed-effects models."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments, panels, rasch
from helpers.estimate.fixed_effects import Within
from helpers.estimate.items import MEASURE, add_measure
from helpers.estimate.moments import Moments
from helpers.project import InputError
from helpers.read import files, records
from helpers.read.suppression import MINIMUM


@dataclass(frozen=True)
class Study:
    """Panels by name: their sums (`moments`), the same without weights (`counts`), and within schools (`panels`).

    `files`: what was read; `years`: labels of the years besides the baseline; `cluster`: the column of clusters when
    coarser than the school; `references`: for each panel the level that a category's others are compared with;
    `without_panel`: records that belong to no panel. With items: `item_fit`, the calibrated `scale` and its `reliability`.
    """

    files: list[Path]
    years: list[str]
    cluster: str
    categories: tuple[str, ...]
    references: dict[str, dict[str, str]]
    without_panel: int
    moments: dict[str, Moments]
    counts: dict[str, Moments]
    panels: dict[str, Within]
    item_fit: pd.DataFrame | None
    scale: rasch.Scale | None
    reliability: float


_NUMBERS = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]


def read(
    path: Path,
    *,
    outcome: str,
    items: list[str],
    low: int,
    high: int,
    balanced: bool,
    by: str,
    **columns: Any,
) -> Study:
    """Read a file or a folder and add it up. `columns` are those that `panels.models` takes.

    Raises InputError for parameters that are missing or contradict each other, and for what is wrong in the file.
    """
    columns["baseline"] = str(columns["baseline"])
    _check_parameters(outcome, items, columns)
    school, year, baseline = columns["school"], columns["year"], columns["baseline"]
    named = [school, year, by, columns["cluster"], *columns["categories"]]
    numeric = [outcome, *items, *columns["controls"], columns["weight"]]
    used = [column for column in dict.fromkeys([*named, *numeric]) if column]
    with records.open_records(path, used, [column for column in named if column]) as source:
        files.check_columns(used, source.columns, source.name)
        scale, fit, reliability = None, None, np.nan
        if items:
            scale, fit, reliability = _measure(source, items, low, high, year, baseline)
        models = panels.models(source, outcome=outcome or MEASURE, by=by, **columns)
        found_years = [label for label in moments.levels(source, year) if label != baseline]
        rows = int(source.fetch("SELECT count(*) AS n FROM file")["n"][0])
        found = _each(models, lambda model: _add_up(source, model, found_years))
        sums = {panel: part for panel, (part, _) in found.items()}
        plain = {
            panel: moments.compute(source, panels.unweighted(model))
            if model.weight
            else sums[panel]
            for panel, model in models.items()
        }
    without_panel = rows - sum(part.rows for part in sums.values())
    if balanced:
        keep = _each(sums, lambda part: _seen_every_year(part, found_years, source.name))
        sums = {panel: moments.take(sums[panel], keep[panel]) for panel in sums}
        plain = {panel: moments.take(plain[panel], keep[panel]) for panel in sums}
    return Study(
        files=records.find(path)[0],
        years=[
            label for label in found_years if any(label in part.terms for part in sums.values())
        ],
        cluster=columns["cluster"],
        categories=tuple(columns["categories"]),
        references={panel: names for panel, (_, names) in found.items()},
        without_panel=without_panel,
        moments=sums,
        counts=plain,
        panels=_each(sums, lambda part: _within(part, source.name)),
        item_fit=fit,
        scale=scale,
        reliability=reliability,
    )


def units(study: Study, standardise: bool) -> dict[str, float]:
    """What the outcome of each panel is divided by: its standard deviation in the baseline year, or one.

    Raises InputError when there is no such deviation to speak of.
    """
    for panel, data in study.panels.items():
        spread = np.sqrt(data.yy.sum() / data.n)
        if standardise and not data.baseline_sd > 1e-6 * spread:
            raise InputError(
                f"panel {panel!r}: in the baseline year the outcome has no spread between records, so nothing can be "
                "given in its standard deviations. Name another `baseline`, or leave out `standardise`."
            )
    return {panel: data.baseline_sd if standardise else 1.0 for panel, data in study.panels.items()}


def estimates(study: Study, inference: str, of_units: dict[str, float]) -> pd.DataFrame:
    """Tidy estimates of every panel (see `panels.estimates`).

    Empty are terms that rest on fewer than MINIMUM records: of their own level, or of the one they are compared with.
    """
    table = panels.estimates(study.panels, inference, of_units)
    for panel, plain in study.counts.items():
        few = [term for term in plain.terms if _rests_on(plain, term, study) < MINIMUM]
        own = (table["panel"] == panel) & table["term"].isin(few)
        table.loc[own, _NUMBERS] = np.nan
    return table


def notes(study: Study) -> str:
    """How many records were left out and why, in words."""
    rows = sum(part.rows for part in study.moments.values())
    complete = sum(int(part.records.sum()) for part in study.moments.values())
    lacking = {}
    for part in study.moments.values():
        for column, count in part.incomplete.items():
            lacking[column] = lacking.get(column, 0) + count
    said = f"{complete:,} of {rows:,} records are complete and used"
    empty = ", ".join(f"{column} {count:,}" for column, count in lacking.items() if count)
    said += f" (empty: {empty})." if empty else "."
    if study.without_panel:
        said += f" {study.without_panel:,} records more belong to no panel."
    single = sum(len(data.singletons) for data in study.panels.values())
    if single:  # they are not named here: a page may travel, and such a school is one person
        said += (
            f" Schools with a single record ({single}) say nothing about change and are left out."
        )
    for column in study.categories:
        levels = {panel: names[column] for panel, names in study.references.items()}
        alike = len(set(levels.values())) == 1
        named = [level if alike else f"{level} ({panel})" for panel, level in levels.items()]
        said += f" Reference of {column}: {', '.join(dict.fromkeys(named))}."
    return said


def joint_tests(study: Study, inference: str) -> pd.DataFrame:
    """Wald tests that all year effects of a panel are zero: `panel, f, df1, df2, p_value`."""
    rows = []
    for panel, data in study.panels.items():
        own = [year for year in study.years if year in data.terms]
        fit = fixed_effects.fit(data, "CRV3" if inference == "CRV3" else "CRV1")
        # No more restrictions can be tested than there are clusters to tell them apart.
        places = [fit.terms.index(year) for year in own]
        told_apart = np.linalg.matrix_rank(fit.covariance[np.ix_(places, places)]) == len(own)
        enough = all(_rests_on(study.counts[panel], year, study) >= MINIMUM for year in own)
        if len(own) < fit.n_groups and told_apart and enough:
            rows.append((panel, *fit.joint_test(own), len(own), fit.n_groups - 1))
    return pd.DataFrame(rows, columns=["panel", "f", "p_value", "df1", "df2"])


def specifications(
    study: Study, of_units: dict[str, float], inference: str = "CRV1"
) -> pd.DataFrame:
    """The last year's effect of each panel under declared alternatives (see `panels.specifications`)."""
    tables = []
    for panel, sums in study.moments.items():
        own = _own(sums, study.years)
        table = panels.specifications(sums, own[-1], own, study.cluster, of_units[panel], inference)
        if _rests_on(study.counts[panel], own[-1], study) < MINIMUM:
            table[_NUMBERS] = np.nan
        table.insert(0, "panel", panel)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def schools(study: Study, of_units: dict[str, float]) -> pd.DataFrame:
    """Each school's own change to the last year, without names: `panel, estimate, shrunken`.

    All schools are in the model, but those with fewer than MINIMUM records in the baseline or the last year are not
    shown, nor are panels with fewer than MINIMUM other schools.
    """
    tables = []
    for panel, sums in study.moments.items():
        own = _own(sums, study.years)
        plain = study.counts[panel]
        last = plain.sums[:, plain.terms.index(own[-1])]
        enough = (plain.baseline[:, 0] >= MINIMUM) & (last >= MINIMUM)
        data = fixed_effects.within(panels.by_schools(sums))
        table = fixed_effects.by_school(data, own[-1], own)
        table = table[table["school"].isin(sums.schools[enough])].drop(
            columns=["school", "std_error"]
        )
        if len(table) < MINIMUM:
            continue
        table = table / of_units[panel]
        table.insert(0, "panel", panel)
        tables.append(table.sort_values("shrunken"))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _rests_on(plain: Moments, term: str, study: Study) -> float:
    """Records of a term's level or of its reference level, whichever are fewer; of a number, all records."""
    everybody = plain.records.sum()
    totals = dict(zip(plain.terms, plain.sums.sum(axis=0), strict=False))
    if term in study.years:
        return min(totals[term], plain.baseline[:, 0].sum())
    for column in study.categories:
        levels = {name: n for name, n in totals.items() if name.startswith(f"{column}: ")}
        if term in levels:
            return min(levels[term], everybody - sum(levels.values()))
    return float(everybody)


def _check_parameters(outcome: str, items: list[str], columns: dict[str, Any]) -> None:
    for name in ("school", "year", "baseline"):
        if not columns[name]:
            raise InputError(
                f"Your own records need the parameter `{name}`: name it beside `data`."
            )
    if bool(outcome) == bool(items):
        raise InputError(
            "Your own records need `outcome` (a column of numbers) or `items` (columns of ordered answers): one of "
            "the two."
        )


def _measure(source, names, low, high, year, baseline) -> tuple[rasch.Scale, pd.DataFrame, float]:
    scale, cells = add_measure(source, names, low, high, year, baseline)
    times = cells.index.repeat(cells["records"])
    measured = cells.loc[times]
    reliability = rasch.reliability(
        measured["measure"].to_numpy(), measured["std_error"].to_numpy()
    )
    answers = measured[range(len(names))].set_axis(names, axis=1).reset_index(drop=True)
    return scale, rasch.item_fit(scale, answers), reliability


def _own(sums: Moments, years: list[str]) -> list[str]:
    """Years of the study that a panel has."""
    return [year for year in years if year in sums.terms]


def _add_up(
    source: records.Records, model: moments.Model, years: list[str]
) -> tuple[Moments, dict[str, str]]:
    """Sums of one panel, and the reference level of each category in it."""
    sums = moments.compute(source, model)
    levels = moments.levels_used(source, model)
    if not _own(sums, years):
        raise InputError(
            f"{source.name}, column {model.year!r}: {model.baseline!r} is the only year with complete records, so there "
            "is no change to estimate. Name another `by`, or fill the columns that are empty in other years."
        )
    return sums, {column: levels[column][0] for column in model.categories}


def _within(sums: Moments, name: str) -> Within:
    try:
        return fixed_effects.within(sums)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


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
        try:
            found[panel] = work(part)
        except InputError as error:
            raise InputError(
                f"panel {panel!r}: {error}" if len(panels) > 1 else str(error)
            ) from None
    return found
