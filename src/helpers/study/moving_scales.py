"""Items of a survey's scales that leave their places from wave to wave, and changes without them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, item_drift, panels, rasch
from helpers.estimate.panels import NUMBERS
from helpers.project import InputError
from helpers.read import waves
from helpers.read.waves import Waves
from helpers.study import signposts
from helpers.study.moving_items import DECLARED, to_leave_out


def drift(survey: Waves) -> pd.DataFrame:
    """`item_drift.drift` of each scale that is made of items, with a column `scale` in front.

    Calibrated on the baseline wave; answers that nobody gave there count as the nearest lower one. Scales for which that
    cannot be done have empty rows.
    """
    tables = [_of_scale(survey, scale).assign(scale=scale) for scale in survey.items]
    return pd.concat(tables, ignore_index=True)[["scale", *item_drift.COLUMNS]] if tables else pd.DataFrame()


def specifications(survey: Waves, found: pd.DataFrame, declared: pd.DataFrame, asked: str) -> pd.DataFrame:
    """The main term of the last wave without each item, in standard deviations of what is left, as `signposts.specifications`.

    Parameters
    ----------
    survey, found, asked : what was read, its `drift`, and the inference that is asked for
    declared : rows of `signposts.specifications`; where the declared one of a scale is empty, so are these
    """
    tables = []
    for row in declared[declared["specification"] == DECLARED].itertuples():
        of_scale = found[found["scale"] == row.panel] if len(found) else found
        each = to_leave_out(of_scale) if len(of_scale) and np.isfinite(row.estimate) else []
        variants = {f"without {item}": partial(_without, survey, row.panel, item, asked) for item in each}
        if variants:
            # Who answered the one item only would follow from a number of teachers.
            tables.append(panels.alternatives(variants, row.term).assign(panel=row.panel, n=pd.NA))
    return pd.concat(tables, ignore_index=True).astype({"n": "Int64"}) if tables else declared.head(0)


def by_place(survey: Waves) -> dict[str, str]:
    """Names of the rows of `specifications` -> the same by the item's place in its scale, for charts that stand side by side."""
    return {
        f"without {item}": f"without question {k}" for items in survey.items.values() for k, item in enumerate(items, 1)
    }


def _of_scale(survey: Waves, scale: str) -> pd.DataFrame:
    items, wave = survey.items[scale], survey.frame["wave"]
    first = items[wave == survey.baseline]
    used = np.unique(first.to_numpy()[first.notna().to_numpy()])
    places = np.clip(np.searchsorted(used, items.to_numpy(), side="right") - 1, 0, None)
    answers = pd.DataFrame(places, items.index, items.columns, dtype=float).where(items.notna())
    try:
        scaled = rasch.calibrate(answers.loc[first.index])
    except InputError:
        every = pd.MultiIndex.from_product([survey.later, items.columns], names=["year", "item"])
        return every.to_frame(index=False).reindex(columns=item_drift.COLUMNS).assign(moved=False)
    cells = pd.concat([survey.frame[["cluster", "wave"]], rasch.cell_of(answers), answers.fillna(0)], axis=1)
    cells.columns = ["cluster", "year", "answered", "score", *range(items.shape[1])]
    summed = cells.assign(n=1).groupby(["cluster", "year", "answered", "score"], as_index=False).sum()
    return item_drift.drift(summed, scaled, survey.baseline, survey.later, item_drift.ALPHA / len(survey.items))


def _without(survey: Waves, scale: str, item: str, asked: str) -> pd.DataFrame:
    left = waves.score(survey.items[scale].drop(columns=item))
    other = replace(survey, scores=survey.scores.assign(**{scale: left}))
    data = fixed_effects.within(signposts.add_up(other, scale))
    table = signposts.tidy(other, data, asked, last=True)
    table.loc[table["term"].isin(signposts.too_few(other, scale)), NUMBERS] = np.nan
    return table
