"""Items that leave their place among the others of a scale over time, and what a change is without them."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from helpers.draw import words
from helpers.estimate import fixed_effects, item_drift, moments, panels, rasch
from helpers.estimate.moments import Model, Moments
from helpers.project import InputError
from helpers.read.engine import SqlRecords
from helpers.read.sql import label

MANY = 12
"""Of so many items each is left out in turn; of more only those that moved, and as many of them at most."""
DECLARED = "as declared"
_TOLD, _DRAWN = 3, 8  # items in sentences and charts at most


@dataclass(frozen=True)
class Moving:
    """`drift`: columns of `item_drift.drift`, `scale` in front; `without`: item -> panel -> sums of the measure of all others."""

    drift: pd.DataFrame
    without: dict[str, dict[str, Moments]]


def read(
    source: SqlRecords, models: dict[str, Model], scale: rasch.Scale, low: int, baseline: str, years: list[str]
) -> Moving:
    """What there is of open records that have a measure (`rasch.add_measure`).

    Parameters
    ----------
    source, models, scale, low : the records, a model of the measure a panel, its scale, and the lowest answer
    baseline, years : label of the baseline year; all others, in order
    """
    model = next(iter(models.values()))
    found = item_drift.drift(_cells(source, scale, low, model), scale, baseline, years)
    found.insert(0, "scale", "")
    each = to_leave_out(found)
    columns = dict(zip(each, rasch.add_measures_without(source, scale, each, low), strict=True)) if each else {}
    without = {}
    for item, column in columns.items():
        without[item] = {}
        for panel, model in models.items():
            try:
                without[item][panel] = moments.compute(source, replace(model, outcome=column))
            except InputError:  # nothing is left to estimate
                continue
    return Moving(found, without)


def to_leave_out(drift: pd.DataFrame) -> list[str]:
    """Items of one scale that are left out in turn; of two there is no scale without one."""
    items = drift["item"].unique().tolist()
    if len(items) > MANY:
        items = drift.loc[drift["moved"], "item"].unique().tolist()[:MANY]
    return items if drift["item"].nunique() > 2 else []


def only(moving: Moving, schools: dict[str, np.ndarray]) -> Moving:
    """The same with no schools in the sums but these, by panel."""
    kept = {
        item: {panel: moments.take(part, np.isin(part.schools, schools[panel])) for panel, part in parts.items()}
        for item, parts in moving.without.items()
    }
    return replace(moving, without=kept)


def specifications(moving: Moving | None, declared: pd.DataFrame, inference: str) -> pd.DataFrame:
    """The effects without each item, in standard deviations of what is left: rows as `panels.alternatives` has them.

    Parameters
    ----------
    moving, inference : what `read` found, None without items; one of `panels.INFERENCE`
    declared : rows `panel, specification, term, estimate`, the declared ones among them; where these are empty all are
    """
    tables = []
    for row in declared[declared["specification"] == DECLARED].itertuples():
        variants = {
            f"without {item}": partial(_table, parts.get(row.panel), row.term, inference)
            for item, parts in (moving.without if moving else {}).items()
        }
        if variants and np.isfinite(row.estimate):
            # Who answered the one item only would follow from a number of records.
            tables.append(panels.alternatives(variants, row.term).assign(panel=row.panel, n=np.nan))
    return pd.concat(tables, ignore_index=True) if tables else declared.head(0)


def _table(sums: Moments | None, term: str, inference: str) -> pd.DataFrame:
    if sums is None:
        raise InputError("nothing is left.")
    data = fixed_effects.within(sums)
    return panels.table(data, inference, data.baseline_sd, terms=[term])


def _cells(source: SqlRecords, scale: rasch.Scale, low: int, model: Model) -> pd.DataFrame:
    """Sums as `item_drift.drift` takes them."""
    shown, answered, score = rasch.in_sql(source, list(scale.items.index), low)
    sums = {f"i{place}": f"coalesce({answer} - {low}, 0)" for place, answer in enumerate(shown.values())}
    found = source.fetch(
        f"SELECT cluster, year, answered, score, count(*) AS n, {', '.join(f'sum({name}) AS {name}' for name in sums)} FROM ("
        f"SELECT {label(source, model.cluster or model.school)} AS cluster, {label(source, model.year)} AS year, "
        f"{answered} AS answered, {score} AS score, {', '.join(f'{value} AS {name}' for name, value in sums.items())} FROM file"
        ") AS given WHERE cluster IS NOT NULL AND year IS NOT NULL AND answered > 0 "
        "GROUP BY cluster, year, answered, score ORDER BY cluster, year, answered, score"
    )
    frame = pd.DataFrame({name: np.ma.getdata(values) for name, values in found.items()})
    return frame.rename(columns=dict(zip(sums, range(len(sums)), strict=True)))


def largest(drift: pd.DataFrame) -> pd.DataFrame:
    """Rows of the items that are drawn: of many those that were furthest off at some time."""
    far = (
        drift.groupby(["scale", "item"], sort=False)["estimate"]
        .agg(lambda d: d.abs().max())
        .sort_values(ascending=False)
    )
    kept = far.dropna().groupby("scale", sort=False).head(_DRAWN).index
    return drift[drift.set_index(["scale", "item"]).index.isin(kept)].dropna(subset=["estimate"])


def as_drawn(far: pd.DataFrame, tests: int) -> pd.DataFrame:
    """Rows of one year as a figure has them: `label, group, estimate, ci_low, ci_high`, above zero where answered higher than before.

    In standard deviations of the measure, with `clear` and `tests`: how many of these are counted. `far`: of `largest`.
    """
    unit = (far["standardised"] / far["estimate"]).groupby(far["scale"]).transform("median")
    ends = {"estimate": -far["estimate"], "ci_low": -far["ci_high"], "ci_high": -far["ci_low"]}
    names = [short(item, scale) for item, scale in zip(far["item"], far["scale"], strict=True)]
    drawn = far.assign(label=names, group=far["scale"], clear=far["moved"], tests=tests)
    return drawn.assign(**{name: values * unit for name, values in ends.items()})


def short(item: str, scale: str) -> str:
    """An item's name under a heading that has the scale's.

    >>> short("comfort_1", "comfort"), short("visits", "comfort")
    ('question 1', 'visits')
    """
    rest = item.removeprefix(scale).lstrip("_ -")
    return f"question {rest}" if rest.isdigit() and item.startswith(scale) else item


def sentences(drift: pd.DataFrame, choices: pd.DataFrame, baseline: str, effect: str = "") -> list[str]:
    """Whether items moved, which, and what the change is without them: a sentence or two for each scale.

    Parameters
    ----------
    drift, baseline : of `Moving`; the label of the baseline
    choices : rows `panel, specification, term, estimate, ci_low, ci_high, p_value`, those of `specifications` among them
    effect : what they estimate; not named: the change to their term
    """
    said, still = [], []
    for scale, part in drift.groupby("scale", sort=False):
        if part["p_value"].notna().any() and not part["moved"].any():
            still.append(scale)
        else:
            of_scale = choices[choices["panel"] == scale] if scale else choices
            said += _of_scale(part, of_scale, (baseline, effect), f" of {scale}" if scale else "")
    return said + ([_still(drift[drift["scale"].isin(still)], list(filter(None, still)))] if still else [])


def caution(drift: pd.DataFrame) -> str:
    """What the answer must not leave out: the items that moved; nothing where none did."""
    moved = drift.loc[drift["moved"], "item"].unique() if len(drift) else []
    few = words.listed(moved) if 0 < len(moved) <= _TOLD else words.count(len(moved), "item")
    return f" But {few} moved among the items: see “Items that move”." if len(moved) else ""


def headline(drift: pd.DataFrame) -> str:
    """Which items left their places among the others, in a sentence. `drift`: of `Moving`."""
    if not drift["p_value"].notna().any():
        return "Whether a question drifted away from the others cannot be told."
    moved = drift.loc[drift["moved"], ["scale", "item"]].drop_duplicates()
    if moved.empty:
        return "No question drifted away from the others by more than chance explains."
    total = len(drift[["scale", "item"]].drop_duplicates())
    return f"{len(moved)} of {words.count(total, 'question')} drifted away from the others{': ' + words.listed(moved['item']) if len(moved) <= _TOLD else ''}."


def _still(part: pd.DataFrame, scales: list[str]) -> str:
    furthest = part.loc[part["estimate"].abs().idxmax()]
    tests = words.count(part["p_value"].notna().sum(), "test")
    ends = words.estimate(furthest["estimate"], furthest["ci_low"], furthest["ci_high"])
    return (
        f"No item{f' of {words.listed(scales)}' if scales else ''} left its place among the others by more than chance explains "
        f"({tests}). Where none moves, at most one study in {1 / item_drift.ALPHA:.0f} says otherwise. Furthest off is "
        f"{furthest['item']} in {furthest['year']}: {ends} logits."
    )


def _of_scale(part: pd.DataFrame, choices: pd.DataFrame, named: tuple[str, str], of_scale: str) -> list[str]:
    baseline, effect = named
    items, tested = part["item"].nunique(), part["p_value"].notna()
    furthest = part[part["moved"]].sort_values("estimate", key=abs, ascending=False).drop_duplicates("item")
    if not tested.any():
        return [f"Whether the items{of_scale} kept their places cannot be told: too few answers, or one cluster alone."]
    if items == 2:
        row = furthest.iloc[0]
        return [
            f"The items{of_scale} moved against each other: {_moved(row, baseline)}. Which of the two moved cannot be told, so the "
            "change of the measure cannot be trusted."
        ]
    said = [
        f"The item {row.item}{of_scale} moved among the others: {_moved(row, baseline)}. {_without(row.item, choices, effect)}".strip()
        for row in furthest.head(_TOLD).itertuples()
    ]
    if len(furthest) > _TOLD:
        said.append(f"{words.count(len(furthest) - _TOLD, 'item')} more{of_scale} moved less far; the table has them.")
    if len(furthest) > (items - 1) / 2:
        said.append(f"So many items{of_scale} moved that it cannot be told which of them kept their places.")
    return said


def _moved(row: tuple, baseline: str) -> str:
    ends = sorted(map(abs, (row.ci_low, row.ci_high)))
    return (
        f"in {row.year} {row.item} was answered {'higher' if row.estimate < 0 else 'lower'} beside them than in {baseline}, by "
        f"{words.estimate(abs(row.estimate), *ends)} logits, or {abs(row.standardised):.2f} standard deviations of the measure"
    )


def _without(item: str, choices: pd.DataFrame, effect: str) -> str:
    """What the effect is with all items and without one, and whether that one carries or hides it."""
    said = []
    for panel, part in choices.groupby("panel", sort=False):
        rows = part.drop_duplicates("specification").set_index("specification")
        if f"without {item}" not in rows.index:
            continue
        pair = [rows.loc[name] for name in (DECLARED, f"without {item}")]
        one, other = (words.estimate(row["estimate"], row["ci_low"], row["ci_high"]) for row in pair)
        where = f" in {panel}" if choices["panel"].nunique() > 1 else ""
        clear = [row["p_value"] < 0.05 for row in pair]
        alone = {(True, False): ": this item carries it", (False, True): ": this item hides it"}.get(tuple(clear), "")
        what = effect or f"The change to {pair[0]['term']}"
        said.append(f"{what}{where} is {one} with all items and {other} without it{alone}.")
    return " ".join(said)
