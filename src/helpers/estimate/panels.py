"""One school fixed-effects model a panel, and its declared alternatives."""

from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments
from helpers.estimate.fixed_effects import Within
from helpers.estimate.moments import Model, Moments
from helpers.project import InputError
from helpers.read.records import Records

INFERENCE = {
    "CRV1": "clustered standard errors, CRV1: G/(G-1) (N-1)/(N-k-1), t with G-1 degrees of freedom",
    "CRV3": "cluster jackknife, CRV3: (G-1)/G, t with G-1 degrees of freedom",
    "bootstrap": "CRV1 standard errors; p-values and intervals by the wild cluster bootstrap, null imposed",
}
"""Kinds of inference by the name that the parameter takes."""


_SCALED = ["estimate", "std_error", "ci_low", "ci_high"]
_UNCERTAIN = ["std_error", "ci_low", "ci_high", "p_value"]


def models(
    records: Records,
    *,
    outcome: str,
    school: str,
    year: str,
    baseline: str | int,
    controls: list[str],
    categories: list[str] | dict[str, str],
    cluster: str,
    weight: str,
    by: str,
) -> dict[str, Model]:
    """One model for each panel: each level of the column `by`, or one panel for the whole file.

    `categories` given as a list take their first level in order as reference.
    """
    references = categories if isinstance(categories, dict) else dict.fromkeys(categories, "")
    model = Model(
        outcome=outcome,
        school=school,
        year=year,
        baseline=str(baseline),
        controls=tuple(controls),
        categories={column: str(reference) for column, reference in references.items()},
        cluster=cluster,
        weight=weight,
    )
    if not by:
        return {"all records": model}
    levels = moments.levels(records, by)
    if not levels:
        raise InputError(
            f"{records.name}, column {by!r}: empty in all records, so there are no panels. Name another `by`."
        )
    return {level: replace(model, subset={by: level}) for level in levels}


def estimates(panels: dict[str, Within], inference: str, units: dict[str, float]) -> pd.DataFrame:
    """Tidy estimates of every panel: `panel, term, estimate, std_error, ci_low, ci_high, p_value, n, n_groups`.

    `units`: what the outcome of a panel is divided by, as its standard deviation in the baseline year.
    """
    tables = []
    for panel, data in panels.items():
        table = _table(data, inference)
        table[_SCALED] = table[_SCALED] / units[panel]
        table.insert(0, "panel", panel)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def specifications(
    sums: Moments,
    term: str,
    years: list[str],
    cluster: str,
    unit: float,
    declared: str = "CRV1",
) -> pd.DataFrame:
    """The effect of `term` with the inference `declared` and under alternatives, all from the same sums.

    Rows: `specification, estimate, std_error, ci_low, ci_high, p_value, n, n_groups, parameters`; the last is
    the YAML of the parameters that make a run of it, on the same records. What cannot be had from the records is empty.
    """
    data = fixed_effects.within(sums)
    kinds = {
        "CRV1": "clustered standard errors (CRV1)",
        "CRV3": "cluster jackknife (CRV3)",
        "bootstrap": "wild cluster bootstrap",
    }
    rows = [("as declared", lambda: data, declared, "{}")]
    rows += [
        (name, lambda: data, kind, f"inference: {kind}")
        for kind, name in kinds.items()
        if kind != declared
    ]
    if cluster:
        own = by_schools(sums)
        rows.append(
            ("clustered by school", lambda: fixed_effects.within(own), declared, 'cluster: ""')
        )
    others = [name for name in data.terms if name not in years]
    if others:
        bare = fixed_effects.without(data, others)
        parameters = "{controls: [], categories: []}"
        rows.append(("years alone, no controls", lambda: bare, declared, parameters))
    every_year = in_every_year(sums, years)
    if 2 <= every_year.sum() < len(every_year):
        balanced = moments.take(sums, every_year)
        rows.append(
            (
                "only schools seen every year",
                lambda: fixed_effects.within(balanced),
                declared,
                "balanced: true",
            )
        )
    found = []
    for name, variant, inference, parameters in rows:
        try:
            row = _table(variant(), inference, [term])
        except InputError:  # this alternative cannot be had from these records
            row = _table(data, "CRV1", [term])
            row.loc[:, ["estimate", *_UNCERTAIN]] = np.nan
        row = row[row["term"] == term].assign(specification=name, parameters=parameters)
        row[_SCALED] = row[_SCALED] / unit
        found.append(row)
    table = pd.concat(found, ignore_index=True)
    return table[["specification", *table.columns.drop("specification")]]


def in_every_year(sums: Moments, years: list[str]) -> np.ndarray:
    """Which schools have complete records in the baseline year and in all the others."""
    places = [sums.terms.index(year) for year in years]
    return (sums.baseline[:, 0] > 0) & (sums.sums[:, places] > 0).all(axis=1)


def unweighted(model: Model) -> Model:
    """The same model with every record counting one. The weight as a control keeps the same records complete."""
    return replace(model, weight="", controls=(*model.controls, model.weight))


def by_schools(sums: Moments) -> Moments:
    """The same sums with each school as its own cluster."""
    return replace(sums, clusters=sums.schools)


def _table(data: Within, inference: str, terms: list[str] | None = None) -> pd.DataFrame:
    table = fixed_effects.fit(data, "CRV3" if inference == "CRV3" else "CRV1").table()
    if inference == "bootstrap":
        for place, term in enumerate(table["term"]):
            if terms is None or term in terms:
                low, high = fixed_effects.wild_interval(data, term)
                p_value = fixed_effects.wild_bootstrap(data, term)
                table.loc[place, ["ci_low", "ci_high", "p_value"]] = low, high, p_value
    # A term that varies in one cluster alone has an error of zero by construction, which says nothing.
    table.loc[fixed_effects.informing(data) < 2, _UNCERTAIN] = np.nan
    return table
