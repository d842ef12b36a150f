"""One school fixed-effects model a panel, and the alternatives that are declared beside it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from helpers.estimate import cr2, fixed_effects, moments, permutation, resampling
from helpers.estimate.fixed_effects import Within
from helpers.estimate.intervals import t_test
from helpers.estimate.moments import Model, Moments
from helpers.estimate.permutation import Treatment
from helpers.estimate.resampling import wild_bootstrap, wild_interval
from helpers.project import InputError
from helpers.read.engine import SqlRecords

INFERENCE = {
    "permutation": "p-values and intervals from all other choices of as many schools, or 9,999 of them; standard errors made for few clusters (CR2)",
    "CR2": "standard errors made for few clusters (CR2 of Bell and McCaffrey; t with Satterthwaite's degrees of freedom)",
    "CRV3": "standard errors by leaving out each cluster in turn (jackknife, CRV3; t with G-1 degrees of freedom for G clusters)",
    "CRV1": "the usual clustered standard errors (CRV1, times G/(G-1) (N-1)/(N-k-1); t with G-1 degrees of freedom for G clusters)",
    "bootstrap": "p-values and intervals by the wild cluster bootstrap, null imposed; the usual clustered standard errors (CRV1)",
}
"""Kinds of inference by the name that the parameter takes."""

NUMBERS = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
"""Columns of an estimate that are empty where it must not be shown or cannot be had."""

COUNTS = ["n", "n_groups", "n_varying", "df"]
"""Columns that say what an estimate rests on: records, clusters, clusters in which its term varies, degrees of freedom."""

MANY = 30
"""From so many clusters on the error of the baseline's standard deviation matters little, and has no row."""
OWN_DEVIATION = "standard deviation not taken as known"

_COVARIANCE = {"permutation": "CR2", "bootstrap": "CRV1"}

KINDS = {
    "permutation": "permutation of schools",
    "CR2": "errors made for few clusters",
    "CRV3": "errors by leaving out each cluster in turn",
    "CRV1": "the usual clustered errors",
    "bootstrap": "wild cluster bootstrap",
}
"""The same in a few words."""


def models(
    records: SqlRecords,
    *,
    baseline: str | int,
    controls: list[str],
    categories: list[str] | dict[str, str],
    by: str,
    order: Sequence[str | int] = (),
    **columns: str,
) -> dict[str, Model]:
    """One model for each panel. Raises InputError where `by` is empty in all records.

    Parameters
    ----------
    records, by : open records; a panel for each level of the column `by`, one for the whole file where it is empty
    baseline, controls, order, columns : what `moments.Model` takes
    categories : column -> reference level; those in a list take their first level in order
    """
    references = categories if isinstance(categories, dict) else dict.fromkeys(categories, "")
    references = {column: str(reference) for column, reference in references.items()}
    year = columns["year"]
    model = Model(
        **columns, baseline=records.level(year, baseline), controls=tuple(controls), order=tuple(map(str, order)),
        categories={column: records.level(column, level) if level else "" for column, level in references.items()},
    )  # fmt: skip
    if not by:
        return {"all records": model}
    levels = moments.levels(records, by)
    if not levels:
        raise InputError(
            f"{records.name}, column {by!r}: empty in all records, so there are no panels. Name another `by`."
        )
    return {level: replace(model, subset={by: level}) for level in levels}


def table(
    data: Within, inference: str = "CR2", unit: float = 1.0, *, terms: Sequence[str] | None = None,
    treatment: Treatment | None = None, level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Tidy estimates of one model: columns of `Fit.table`.

    A term that varies in one cluster alone has an error of zero by construction, which says nothing: it is left empty. So are
    p-value and interval of "permutation" where a few clusters are compared with larger ones: `permutation.comparable`.

    Parameters
    ----------
    data, inference : the model's cross-products, and one of INFERENCE
    unit, level : what the outcome is divided by; how often the intervals hold the truth
    terms : bootstrap and permutation are made for these alone; for all without them
    treatment : what "permutation" needs; terms that are none of its effects have CR2
    """
    found = fixed_effects.fit(data, _COVARIANCE.get(inference, inference)).table(level)
    # Of a term of one cluster alone CR2 has no error, which bisection needs as a step.
    steps = dict(zip(found["term"], np.sqrt(np.diag(fixed_effects.fit(data).covariance)), strict=True))
    found.loc[found["n_varying"] < 2, [*NUMBERS[1:], "df"]] = np.nan
    if inference == "bootstrap":
        found["df"] = cr2.degrees_of_freedom(cr2.adjusted(data.xx))
    for place, term in enumerate(found["term"]):
        if terms is not None and term not in terms:
            continue
        if inference == "bootstrap" and found.at[place, "n_varying"] > 1:
            found.loc[place, NUMBERS[2:]] = *wild_interval(data, term, level), wild_bootstrap(data, term)
        if inference == "permutation" and term in treatment.effects:
            found.loc[place, NUMBERS[2:]] = np.nan
            if permutation.comparable(data, treatment, term):
                parts = permutation.parts(data, treatment, term)
                ends = resampling.interval(parts, found.at[place, "estimate"], steps[term], level)
                found.loc[place, NUMBERS[2:]] = *ends, resampling.p_value(parts)
    found[NUMBERS[:4]] = found[NUMBERS[:4]] / unit
    return found


def joint_test(data: Within, terms: list[str], inference: str = "CR2") -> dict[str, float]:
    """Test that all these terms are zero, `f, df2, p_value`; nothing where the clusters cannot tell so many apart.

    Wald's F with the errors of the `inference`; of "bootstrap" CRV1's, with the p-value of the draws.
    """
    fitted = fixed_effects.fit(data, _COVARIANCE.get(inference, inference))
    places = [fitted.terms.index(term) for term in terms]
    told_apart = np.linalg.matrix_rank(fitted.covariance[np.ix_(places, places)]) == len(terms)
    if len(terms) >= fitted.n_groups or not told_apart:
        return {}
    f, df, p_value = fixed_effects.joint_test(data, terms, fitted.inference)
    if inference == "bootstrap":
        f, p_value = resampling.wild_joint(data, terms)
    return {} if np.isnan(p_value) else {"f": f, "df2": df, "p_value": p_value}


def estimates(panels: dict[str, Within], inference: str, units: dict[str, float]) -> pd.DataFrame:
    """`table` of every panel, with a column `panel` in front. `units`: what the outcome of a panel is divided by."""
    tables = {panel: table(data, inference, units[panel]) for panel, data in panels.items()}
    return pd.concat(tables, names=["panel"]).droplevel(1).reset_index()


def alternatives(variants: dict[str, Callable[[], pd.DataFrame]], term: str) -> pd.DataFrame:
    """The row of one `term` in the table of each declared variant, under its name in the column `specification`.

    A variant that cannot be had from the records (InputError), or has no such term, has an empty row.
    """
    rows = {}
    for name, make in variants.items():
        try:
            rows[name] = make().set_index("term").reindex([term])
        except InputError:
            rows[name] = pd.DataFrame(index=pd.Index([term], name="term"))
    found = pd.concat(rows, names=["specification"]).reset_index()
    return found.reindex(columns=["specification", "term", *NUMBERS, *COUNTS])


def specifications(
    sums: Moments, term: str, years: list[str], cluster: str, unit: float, declared: str = "CR2"
) -> pd.DataFrame:
    """The effect of `term` with the inference `declared` and under alternatives, all from the same sums.

    Rows of `alternatives`, and `parameters`: the YAML of the parameters that make a run of it, on the same records.

    Parameters
    ----------
    sums, cluster : moments of one panel; its column of clusters where these are coarser than schools, else empty
    term, years : the year in question, and all but the baseline
    unit, declared : what the outcome is divided by, and one of INFERENCE
    """
    data = fixed_effects.within(sums)
    variants = {"as declared": (lambda: data, declared, "{}")}
    for kind, name in KINDS.items():
        if kind not in (declared, "permutation"):
            variants[name] = (lambda: data, kind, f"inference: {kind}")
    if cluster:
        own = partial(fixed_effects.within, by_schools(sums))
        variants["clustered by school"] = (own, declared, 'cluster: ""')
    if others := [name for name in data.terms if name not in years]:
        bare = partial(fixed_effects.without, data, others)
        variants["years alone, no controls"] = (bare, declared, "{controls: [], categories: []}")
    whole = in_every_year(sums, years)
    if 2 <= whole.sum() < len(whole):
        balanced = partial(fixed_effects.within, moments.take(sums, whole))
        variants["only schools seen every year"] = (balanced, declared, "balanced: true")

    def row(make: Callable[[], Within], kind: str) -> pd.DataFrame:
        return table(make(), kind, unit, terms=[term])

    found = alternatives({name: partial(row, *how[:2]) for name, how in variants.items()}, term)
    counts = {"n": data.n, "n_groups": len(data.clusters)}
    parameters = [how[2] for how in variants.values()]
    return found.fillna(counts).astype(dict.fromkeys(counts, int)).assign(parameters=parameters)


def standardised(sums: Moments, term: str) -> pd.DataFrame:
    """Estimate of one term in baseline standard deviations that are estimated too: the row of `table`, by a cluster jackknife.

    Each cluster is left out in turn, from the change and from the deviation that it is divided by. t with G-1 degrees of
    freedom. Raises InputError where a cluster cannot be left out.
    """
    data = fixed_effects.within(sums)
    fitted, g = fixed_effects.fit(data), len(data.clusters)
    place, clusters = data.terms.index(term), sums.clusters.astype(str)
    parts = [fixed_effects.within(moments.take(sums, clusters != name)) for name in data.clusters]
    left_out = np.array([fixed_effects.fit(part).estimate[place] / part.baseline_sd for part in parts])
    estimate = fitted.estimate[place] / data.baseline_sd
    tests = t_test(estimate, np.sqrt((g - 1) / g * ((left_out - estimate) ** 2).sum()), g - 1)
    counts = {"n": data.n, "n_groups": g, "n_varying": fitted.n_varying[place], "df": g - 1.0}
    return pd.DataFrame([{"term": term, **tests, **counts}])


def own_deviations(sums: dict[str, Moments], declared: pd.DataFrame) -> pd.DataFrame:
    """`standardised` beside the effects of `declared`, a row for each panel of fewer than MANY clusters that has one.

    Parameters
    ----------
    sums, declared : moments of each panel (no row where there are none); rows `panel, specification, term, estimate`, of each panel its declared one first
    """
    tables = [
        alternatives({OWN_DEVIATION: partial(standardised, sums[row.panel], row.term)}, row.term).assign(
            panel=row.panel
        )
        for row in declared.drop_duplicates("panel").itertuples()
        if row.panel in sums and np.isfinite(row.estimate) and len(set(sums[row.panel].clusters)) < MANY
    ]
    return pd.concat(tables, ignore_index=True) if tables else declared.head(0)


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
