"""From a data holder's parameters and records to panels that have passed every check of disclosure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from helpers.estimate import fixed_effects
from helpers.estimate.moments import Model, Moments, compute, levels_used
from helpers.estimate.panels import models as school_models
from helpers.estimate.panels import unweighted
from helpers.notebook import parameters
from helpers.project import InputError, locate, relative
from helpers.read.records import Records, in_order, open_records, quote
from helpers.release import disclosure
from helpers.release.disclosure import Panel


def read_settings(file: Path) -> dict[str, Any]:
    """Parameters of a file, with defaults, ids and labels as text. Raises InputError that lists what exists."""
    import pydantic

    label = str | int
    known = {
        "data": (str, ...),
        "outcome": (str, ...),
        "school": (str, ...),
        "year": (str, ...),
        "baseline": (label, ...),
        "controls": (list[str], []),
        "categories": (list[str] | dict[str, label], []),
        "cluster": (str, ""),
        "weight": (str, ""),
        "by": (str, ""),
        "inference": (Literal["CRV1", "CRV3", "bootstrap"], "CRV1"),
        "standardise": (bool, False),
        "source": (Literal["all", "own"], "own"),
        "merge": (dict[label, list[label]], {}),
        "drop": (list[label], []),
    }
    config = pydantic.ConfigDict(extra="forbid", strict=True)
    try:
        values = pydantic.create_model("Settings", __config__=config, **known)(
            **parameters.read(file)
        ).model_dump()
    except pydantic.ValidationError as error:
        wrong = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise InputError(
            "\n".join(
                [f"{relative(file)}: not understood", *wrong, f"There are: {', '.join(known)}."]
            )
        ) from None
    values["merge"] = {str(name): list(map(str, ids)) for name, ids in values["merge"].items()}
    values["drop"] = list(map(str, values["drop"]))
    return values


def make(settings: dict[str, Any], kind: str) -> tuple[dict[str, Panel], int]:
    """Panels of a `pooled` or `school` release, and how many records the data have. Raises InputError."""
    labels = [
        *settings["categories"],
        *(settings[part] for part in ("school", "year", "cluster", "by")),
    ]
    numbers = [*settings["controls"], settings["outcome"], settings["weight"]]
    columns = list(filter(None, dict.fromkeys([*labels, *numbers])))
    with open_records(locate(settings["data"]), columns, labels) as source, in_order(source):
        panels = _panels(source, settings, kind)
        return panels, int(source.fetch("SELECT count(*) AS n FROM file")["n"][0])


_MODEL = (
    "outcome",
    "school",
    "year",
    "baseline",
    "controls",
    "categories",
    "cluster",
    "weight",
    "by",
)


def _panels(source: Records, settings: dict[str, Any], kind: str) -> dict[str, Panel]:
    """Moments of every panel after all checks. Raises InputError that tells of every panel that fails."""
    merged, dropped = settings["merge"], settings["drop"]
    models = school_models(source, **{name: settings[name] for name in _MODEL})
    read = {}
    for name, model in models.items():
        found = compute(source, model)
        levels = levels_used(source, model)
        values = _few_values(source, model, dropped)
        read[name] = (model, levels, found, _counts(source, model, found), values)
    known = {school for _, _, found, _, _ in read.values() for school in found.schools}
    disclosure.check_schools(known, merged, dropped)
    panels, refusals = {}, []
    for name, (model, levels, found, counts, values) in read.items():
        try:
            disclosure.check_values(model, values, kind)
            found, counts = (
                disclosure.merge(disclosure.drop(sums, dropped), merged) for sums in (found, counts)
            )
            panels[name] = _panel(model, levels, found, counts, values[model.outcome], kind)
            disclosure.check(panels[name], kind, dropped)
        except InputError as error:
            refusals.append(f"panel {name!r}: {error}")
    if refusals:
        raise InputError("\n".join(refusals))
    return panels


def _panel(
    model: Model,
    levels: dict[str, list[str]],
    found: Moments,
    counts: Moments,
    outcome_values: Sequence[float],
    kind: str,
) -> Panel:
    if not len(found.schools):
        raise InputError("no school is left. Drop fewer.")
    if kind == "pooled":  # schools with one record are not in these sums
        single = found.schools[found.records == 1]
        found, counts = disclosure.drop(found, single), disclosure.drop(counts, single)
    found = disclosure.recentre(found)
    return Panel(
        model=replace(model, categories={column: levels[column][0] for column in model.categories}),
        moments=found,
        within=fixed_effects.within(found),
        cells=disclosure.cells(counts, levels, model.outcome, outcome_values),
        rest=int(found.rows - found.records.sum()),
    )


def _counts(source: Records, model: Model, found: Moments) -> Moments:
    """The same sums without weights."""
    return compute(source, unweighted(model)) if model.weight else found


def _few_values(
    source: Records, model: Model, dropped: Sequence[str]
) -> dict[str, tuple[float, ...]]:
    """Of each control and of the outcome the values among records that count; of many values four.

    `records` is the view that `compute` leaves behind for this model. No more is kept in memory than four numbers.
    """
    names = {f"x{place}": column for place, column in enumerate(model.controls)}
    used = "FROM records WHERE complete = 1"
    if dropped:
        used += f" AND school NOT IN ({', '.join(map(quote, dropped))})"
    values = {}
    for name, column in (names | {"y": model.outcome}).items():
        ends = _range(source, name, used)
        inner = ends and _range(source, name, f"{used} AND {name} > {ends[0]!r} AND {name} < {ends[1]!r}")  # fmt: skip
        values[column] = tuple(sorted({*ends, *inner}))
    return values


def _range(source: Records, name: str, used: str) -> tuple[float, ...]:
    """Smallest and largest of a column; nothing where no record is left."""
    found = source.fetch(f"SELECT min({name}) AS low, max({name}) AS high {used}")
    low, high = found["low"][0], found["high"][0]
    return () if np.ma.is_masked(low) else (float(low), float(high))
