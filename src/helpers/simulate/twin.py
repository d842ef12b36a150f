"""A simulated twin of a student survey that is not public: what would the printed analysis find, were print the truth?

Seeded. Students of schools answer items in several years; the answers are drawn item by item from a rating scale
model, measured, standardised on the baseline year and put through the school fixed-effects model. Nothing here
is measured anywhere, so nothing here is evidence; sizes and effects are those of print, all else is assumed.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments, rasch
from helpers.estimate.moments import Model
from helpers.read.records import open_records
from helpers.simulate.rating_scale import SKIPPED, Planted, answers, measured, plant

SCHOOLS = {"middle": 465, "high": 130}
"""Schools with grades 6 to 8 and with grades 9 to 12. Assumed; print does not say."""
FILE = "data/simulated/01-twin-assumptions.csv"  # where `assumptions` are written for readers
SHOCK_SD = 0.13
"""School-by-year shocks in standard deviations of the baseline year. Assumed: it gives standard errors of the size
that the printed stars imply for the high schools."""
SCHOOL_SD, STUDENT_SD = 0.30, 1.20
"""Logits. Assumed: with five items they give a reliability of about .75."""
LOCATIONS = {"mathematics": (-0.8, -0.35, 0.0, 0.4, 0.75), "science": (-0.7, -0.2, 0.1, 0.3, 0.5)}
THRESHOLDS = (-1.2, 0.1, 1.1)
"""Items and thresholds of the simulated scales, in logits. Assumed: four ordered answers."""
CATEGORIES = {
    "gender": (0.0, 0.12),
    "ethnicity": (0.0, 0.10, -0.08, 0.15),
    "special_education": (0.0, -0.20),
    "grade": (0.0, -0.06, -0.10, -0.14),
    "course": (0.0, 0.20, -0.10),
}
"""Covariates that the note under the printed table names, with assumed effects of their levels in logits."""
CONTROLS = {"poverty": -0.10, "status": 0.08}
"""Numeric covariates, in standard deviations, with assumed effects in logits."""


@dataclass(frozen=True)
class Survey:
    """Size of a survey: respondents of each year, first the baseline, in `schools` schools with `grades` grades."""

    years: tuple[str, ...]
    respondents: tuple[int, ...]
    schools: int
    grades: int


def everything(
    years: tuple[str, ...], effects: dict[str, dict[str, tuple[float, ...]]], counts: dict[str, tuple[int, int]], seed: int
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """All tables of the twin: those of `study` for each group of `effects`, one survey each.

    Parameters
    ----------
    years : labels, the baseline first
    effects, counts : group -> subject -> printed effects of later years; group -> fewest and most respondents of a year
    seed : of everything
    """
    tasks = []
    for place, (group, wanted) in enumerate(effects.items()):
        sizes = respondents(*counts[group], len(years), np.random.default_rng([seed, place]))
        survey = Survey(years, sizes, SCHOOLS[group], 3 if group == "middle" else 4)
        tasks.append((study, group, survey, pd.DataFrame(wanted), seed + place))
    # Fresh processes: threads of the calling one must not be copied into them.
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=_silence) as pool:
        return _joined([future.result() for future in [pool.submit(*task) for task in tasks]])


def _joined(parts: list[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Tables of one name, one below the other."""
    return {name: pd.concat([tables[name] for tables in parts], ignore_index=True) for name in parts[0]}


def _silence() -> None:
    """The database draws progress bars where it sees no notebook; in a build they would be noise."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def respondents(low: int, high: int, years: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Numbers of respondents for each of some years, with both ends reached.

    Parameters
    ----------
    low, high, years, rng : fewest and most, as printed; how many years; the source of chance
    """
    return tuple(rng.permutation([low, high, *rng.integers(low, high + 1, years - 2)]).tolist())


def students(survey: Survey, rng: np.random.Generator) -> pd.DataFrame:
    """A row a respondent: school, year (0, 1, ...), covariates that go with the school, and `ability`, without the year."""
    size = rng.lognormal(0, 0.6, survey.schools)
    year = np.repeat(np.arange(len(survey.years)), survey.respondents)
    school = rng.choice(survey.schools, len(year), p=size / size.sum())
    frame = pd.DataFrame({"school": school, "year": year})
    ability = rng.normal(0, SCHOOL_SD, survey.schools)[school]
    for name, effects in CATEGORIES.items():
        levels = survey.grades if name == "grade" else len(effects)
        mix = rng.dirichlet(np.full(levels, 4.0), survey.schools).cumsum(axis=1)
        level = (rng.random(len(year))[:, None] > mix[school, :-1]).sum(axis=1)
        frame[name] = level.astype(np.int8)
        ability += np.array(effects)[level]
    for name, effect in CONTROLS.items():
        frame[name] = 0.6 * rng.normal(size=survey.schools)[school] + 0.8 * rng.normal(size=len(year))
        ability += effect * frame[name].to_numpy()
    frame["ability"] = ability - ability.mean() + rng.normal(0, STUDENT_SD, len(year))
    return frame


def study(group: str, survey: Survey, wanted: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    """The whole analysis of one group of schools: tables measures, estimates, panels, items, schools, by subject.

    Parameters
    ----------
    group, survey, seed : its name, its size, and the seed of everything
    wanted : a column a subject, its effects by year after the first
    """
    rng = np.random.default_rng(seed)
    people = students(survey, rng)
    found = []
    for subject, truth in wanted.items():
        found.append(_subject(survey, people, _scale(subject), truth, rng))
        for table in found[-1].values():
            table.insert(0, "group", group)
            table.insert(1, "subject", subject)
    return _joined(found)


def _subject(
    survey: Survey, people: pd.DataFrame, true: rasch.Scale, wanted: pd.Series, rng
) -> dict[str, pd.DataFrame]:
    """The tables of one subject."""
    planted = plant(people["ability"].to_numpy(), true, wanted.to_numpy(), SHOCK_SD)
    drawn, ability, shocks = _asked(survey, people, true, planted, rng)
    first = people["year"].to_numpy() == 0
    value, error, scale = measured(drawn, first)
    records = people.assign(practice=value, latent=ability, year=_labels(survey, people))
    model = Model("practice", "school", "year", survey.years[0], tuple(CONTROLS), dict.fromkeys(CATEGORIES, "0"))
    with open_records(records) as opened, opened.in_order():
        data = fixed_effects.within(moments.compute(opened, model))
        latent = fixed_effects.within(moments.compute(opened, replace(model, outcome="latent")))
    years = list(survey.years[1:])
    table, true_units = (
        fixed_effects.fit(part, "CR2").in_units_of(unit).table().set_index("term").loc[years]
        for part, unit in ((data, data.baseline_sd), (latent, planted.latent_sd))
    )
    counts = {
        "records": len(records), "n": data.n, "n_schools": data.n_schools,
        "reliability": rasch.reliability(value[first], error[first]),
        "true_reliability": np.corrcoef(value[first], ability[first])[0, 1] ** 2,
        "residual_sd": fixed_effects.residual_sd(data) / data.baseline_sd,
    }  # fmt: skip
    schools = fixed_effects.by_school(data, years[-1], years).set_index("school") / data.baseline_sd
    change = shocks[:, -1] - shocks[:, 0] + planted.effects[-1]
    schools["truth"] = change[schools.index.astype(int)] * (wanted.iloc[-1] / planted.effects[-1])
    places, persons = np.unique(np.round(value[first] / 0.5) * 0.5, return_counts=True)
    return {
        "measures": pd.DataFrame({"place": places, "share": persons / persons.sum()}),
        "estimates": table.assign(
            truth=wanted.to_numpy(), latent_truth=planted.effects / planted.latent_sd,
            latent_estimate=true_units["estimate"],
        ).reset_index(),
        "panels": pd.DataFrame([counts]),
        "items": _items(scale, true, drawn[first]),
        "schools": schools.reset_index(drop=True),
    }  # fmt: skip


def _asked(
    survey: Survey, people: pd.DataFrame, true: rasch.Scale, planted: Planted, rng
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers, abilities with the year's effect and the school's shock, and these shocks (schools x years)."""
    shocks = rng.normal(0, planted.shock_sd, (survey.schools, len(survey.years)))
    year, school = people["year"].to_numpy(), people["school"].to_numpy()
    effects = np.concatenate([[0.0], planted.effects])
    ability = people["ability"].to_numpy() + shocks[school, year] + effects[year]
    return answers(true, ability, rng), ability, shocks


def _labels(survey: Survey, people: pd.DataFrame) -> pd.Categorical:
    return pd.Categorical.from_codes(people["year"], list(survey.years))


def _scale(subject: str) -> rasch.Scale:
    """Both kinds of places are centred, as in every calibrated scale."""
    names = [f"item {place}" for place in range(1, len(LOCATIONS[subject]) + 1)]
    locations, thresholds = pd.Series(LOCATIONS[subject], names), np.array(THRESHOLDS)
    return rasch.Scale(locations - locations.mean(), thresholds - thresholds.mean())


def assumptions() -> pd.DataFrame:
    """Everything that is assumed rather than printed: rows `what, level, value, unit`."""
    rows = [
        *(("schools", group, value, "schools") for group, value in SCHOOLS.items()),
        ("school-by-year shocks", "", SHOCK_SD, "SD of the baseline year"),
        ("spread of schools", "", SCHOOL_SD, "logits"),
        ("spread of students within schools", "", STUDENT_SD, "logits"),
        ("answers left out", "", SKIPPED, "share"),
    ]
    for subject, locations in LOCATIONS.items():
        rows += [(f"location of {subject} items", str(at), value, "logits") for at, value in enumerate(locations, 1)]
    rows += [("threshold", str(place), value, "logits") for place, value in enumerate(THRESHOLDS, 1)]
    for name, effects in CATEGORIES.items():
        rows += [(f"effect of {name}", f"level {level}", value, "logits") for level, value in enumerate(effects)]
    rows += [(f"effect of {name}", "", value, "logits per SD") for name, value in CONTROLS.items()]
    return pd.DataFrame(rows, columns=["what", "level", "value", "unit"])


def _items(scale: rasch.Scale, true: rasch.Scale, drawn: np.ndarray) -> pd.DataFrame:
    responses = pd.DataFrame(np.where(drawn < 0, np.nan, drawn), columns=scale.items.index)
    fitted = rasch.item_fit(scale, responses).assign(kind="item", planted=true.items.to_numpy())
    steps = pd.DataFrame({"location": scale.thresholds, "kind": "threshold", "planted": true.thresholds})
    steps["item"] = [f"step {place}" for place in range(1, len(steps) + 1)]
    return pd.concat([fitted, steps], ignore_index=True)
