"""Effects by waves since the start, where schools begin with peer groups in different waves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.draw import numbers
from helpers.estimate import event_time, fixed_effects, panels
from helpers.estimate.event_time import Cell
from helpers.estimate.fixed_effects import Within
from helpers.estimate.intervals import holm
from helpers.estimate.panels import NUMBERS
from helpers.notebook.markup import code
from helpers.project import InputError
from helpers.read.suppression import MINIMUM
from helpers.read.waves import Waves
from helpers.study import signposts

AFTER = "all waves since the start"


@dataclass(frozen=True)
class Starts:
    """Which rows can be used: `cohort` of each (empty: comparison), its `distance` in waves from the start.

    `cohorts`: wave of start -> schools, those that can be used; `late`: the last to start are the comparison; `always`: schools without a wave
    before; `why`: why nothing can be had (empty: it can).
    """

    rows: pd.DataFrame
    cohorts: dict[str, int]
    late: str
    always: int
    why: str


def starts(survey: Waves) -> Starts:
    """Cohorts of a survey: those who began together. Schools that began in the first wave have nothing before, and are left out."""
    frame = survey.frame.assign(start=survey.starts)
    order = {wave: place for place, wave in enumerate(survey.waves)}
    of_school = frame.drop_duplicates("school").set_index("school")["start"]
    began = sorted(set(of_school) - {""}, key=order.get)
    always, later = int((of_school == survey.waves[0]).sum()), [wave for wave in began if wave != survey.waves[0]]
    late = "" if (of_school == "").any() or len(later) < 2 else later[-1]
    used = [wave for wave in later if wave != late]
    why = ""
    if not later:
        why = "no school has a wave before its start" if began else "no school has a start"
    elif len(began) == 1:
        why = f"all began in wave {began[0]}, so it would be the plain difference in change above"
    elif not late and not (of_school == "").any():
        why = "no schools are left that had not begun, so there is nothing to compare with"
    frame = frame[frame["start"].isin(["", *used, late])]
    if late:
        frame = frame[frame["wave"].map(order) < order[late]]
        frame["start"] = frame["start"].replace(late, "")
    began_at = frame["start"].map(order)
    rows = frame.assign(cohort=frame["start"], distance=frame["wave"].map(order) - began_at)
    counts = of_school[of_school.isin(used)].value_counts()
    return Starts(rows, {wave: int(counts[wave]) for wave in used}, late, always, why)


def view(survey: Waves, tested_by: str) -> tuple[pd.DataFrame, Starts]:
    """Rows of `effects`, and what they rest on, with the reason where there are none. `tested_by`: what the page uses."""
    if survey.starts is None:
        return pd.DataFrame(), Starts(survey.frame, {}, "", 0, f"no column is named in {code('treated_from')}")
    found = starts(survey)
    if found.why:
        return pd.DataFrame(), found
    rows = effects(survey, found, inference(tested_by))
    if rows["estimate"].isna().all():
        return pd.DataFrame(), replace(found, why="too few teachers answered in a wave that it needs")
    return rows, found


def effects(survey: Waves, found: Starts, inference: str = "CR2") -> pd.DataFrame:
    """Interaction-weighted effects: `scale, term, distance, estimate, ..., p_value, n_groups, n_varying, df`.

    In standard deviations of the baseline wave. A row a distance in waves from the start, that before it aside, which is zero; and
    AFTER, all from the start on. Conditions are held constant. Empty where a cohort or the comparison has fewer than MINIMUM
    teachers in a wave that it takes, and where a scale has no answers to compare.
    """
    tables = []
    for scale in survey.scores:
        try:
            table = _of_scale(survey, scale, found, inference)
        except InputError:
            table = pd.DataFrame({"term": [AFTER]})
        tables.append(table.assign(scale=scale))
    order = ["scale", "term", "distance", *NUMBERS, "n_groups", "n_varying", "df"]
    return pd.concat(tables, ignore_index=True).reindex(columns=order)


def _of_scale(survey: Waves, scale: str, found: Starts, inference: str) -> pd.DataFrame:
    unit = signposts.within(survey, scale, signposts.add_up(survey, scale)).baseline_sd
    rows = _with_a_wave_before(found.rows[survey.complete(scale).loc[found.rows.index]])
    sizes = rows.groupby(["cohort", "wave"]).size()
    seen = rows[(rows["cohort"] != "") & (rows["distance"] != -1)].drop_duplicates(["cohort", "wave"])
    at = {int(d): list(zip(of["cohort"], of["wave"], strict=True)) for d, of in seen.groupby("distance")}
    each = {said(distance): {cell: sizes[cell] for cell in cells} for distance, cells in at.items()}
    whole = {AFTER: {cell: sizes[cell] for distance, cells in at.items() if distance >= 0 for cell in cells}}
    before = [cell for distance, cells in at.items() if distance < 0 for cell in cells]
    table = pd.concat(
        _table(_model(survey, scale, rows, effects, others), inference, unit, effects)
        for effects, others in ((each, ()), (whole, before))
    )
    few = [name for name, cells in (each | whole).items() if _rests_on(rows, sizes, cells) < MINIMUM]
    table.loc[table["term"].isin(few), NUMBERS] = np.nan
    return table.assign(distance=table["term"].map({said(d): float(d) for d in at}))


def inference(asked: str) -> str:
    """One of `panels.INFERENCE`: what the page uses; a permutation of schools would need lots drawn at each start, so CR2."""
    return "CR2" if asked == "permutation" else asked


def caption(survey: Waves, found: Starts) -> str:
    """Of the figure: which schools, against which."""
    cohorts = ", ".join(f"{schools} schools in wave {wave}" for wave, schools in found.cohorts.items() if schools > 1)
    single = sum(schools == 1 for schools in found.cohorts.values())
    cohorts += f"{', ' * bool(cohorts)}one school in each of {single} waves" if single else ""
    against = f"those that began last ({found.late}), before they did" if found.late else "schools that never began"
    always = f" Schools that had begun by wave {survey.waves[0]} ({found.always}) have no wave before and are left out."
    return (
        f"In standard deviations of wave {survey.baseline}, with 95% intervals; errors made for few clusters. Began: {cohorts}; compared with "
        f"{against}. Zero: the wave before the start. A distance is the mean of the schools seen at it, by answers.{always * bool(found.always)}"
    )


def alternative(since: pd.DataFrame) -> str:
    """Alternative text of the figure, from the rows of `effects`."""
    return (
        "A chart for each scale with points and intervals by waves from the start, the wave before it at zero. "
        + "; ".join(
            f"{scale}: " + ", ".join(f"{r.term} {_told(r)}" for r in part.itertuples())
            for scale, part in since.dropna(subset="estimate").groupby("scale", sort=False)
        )
    )


def sentences(since: pd.DataFrame) -> list[str]:
    """What the rows of `effects` say of each scale: after the start, and before it."""
    found = []
    for scale, part in () if since.empty else since.groupby("scale", sort=False):
        after, before = part[part["term"] == AFTER].iloc[0], part[part["distance"] < 0].dropna(subset="p_value")
        if np.isnan(after["estimate"]):
            found.append(f"{scale}: too few teachers answered in a wave that it needs.")
            continue
        apart = holm(before["p_value"]) < 0.05
        earlier = (
            "there is no earlier wave to check with"
            if before.empty
            else f"but the schools differed already ({', '.join(before['term'][apart])} the start), so it need not come from peer groups"
            if apart.any()
            else "before the start no difference can be told from none"
        )
        found.append(f"{scale}: since the start {_told(after)}; {earlier}.")
    return found


def _told(row) -> str:
    return f"{numbers.number(row.estimate, 2)} ({numbers.interval(row.ci_low, row.ci_high)})"


def said(distance: int) -> str:
    """A distance from the start in words.

    >>> said(-2), said(0), said(1)
    ('2 waves before', 'wave of the start', '1 wave after')
    """
    waves = f"{abs(distance)} wave{'s' * (abs(distance) > 1)}"
    return f"{waves} {'before' if distance < 0 else 'after'}" if distance else "wave of the start"


def _with_a_wave_before(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the comparison and of cohorts that answered in the wave before their start."""
    before = set(rows.loc[rows["distance"] == -1, "cohort"])
    kept = rows[rows["cohort"].isin({"", *before})]
    if not before or not (kept["cohort"] == "").any():
        raise InputError("nobody answered in the wave before a start, or among schools that had not begun.")
    return kept


def _model(
    survey: Waves, scale: str, rows: pd.DataFrame, effects: dict[str, dict[Cell, float]], others: Sequence[Cell] = ()
) -> Within:
    present = [wave for wave in survey.waves if (rows["wave"] == wave).any()]
    plain = replace(survey, compared=False, waves=present, baseline=present[0])
    sums = signposts.add_up(plain, scale, rows.index)
    data = fixed_effects.within(panels.by_schools(sums))
    of_school = rows.drop_duplicates("school").set_index("school").loc[data.clusters]
    cohorts, clusters = (of_school[name].to_numpy(object) for name in ("cohort", "cluster"))
    return event_time.interaction_weighted(data, cohorts, present, effects, others, clusters)


def _table(data: Within, inference: str, unit: float, effects: dict[str, dict[Cell, float]]) -> pd.DataFrame:
    found = panels.table(data, inference, unit, terms=list(effects))
    return found[found["term"].isin(list(effects))]


def _rests_on(rows: pd.DataFrame, sizes: pd.Series, cells: dict[Cell, float]) -> int:
    """Teachers of the smallest cell: of a cohort in a wave, or in that before its start, or of the comparison in these waves."""
    cohorts = {cohort for cohort, _ in cells}
    first = rows[rows["cohort"].isin(cohorts) & (rows["distance"] == -1)].groupby("cohort")["wave"].first()
    needed = {*cells, *first.items()}
    needed |= {("", wave) for _, wave in needed}
    return min(int(sizes.get(cell, 0)) for cell in needed)
