"""What breaks a method: simulated studies in which one thing is wrong, and how often tests and intervals then fail.

Seeded. Teachers of schools answer in four waves; some schools start a programme after the second. Answers are normal with
a standard deviation of one within schools, and a school's mean moves from wave to wave for reasons of its own. Drawn are
the sums of each school and wave; single answers only where who answers depends on them. Nothing here is measured anywhere.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
from scipy import special

from helpers.estimate import fixed_effects, permutation, resampling
from helpers.estimate.fixed_effects import Within
from helpers.estimate.intervals import t_test, wilson
from helpers.estimate.permutation import Treatment
from helpers.simulate.rating_scale import within_cells

INFERENCES = ("CRV1", "CR2", "bootstrap", "permutation")
WAVES = 4
TEACHERS = 15
"""A school's teachers in a wave, where sizes are equal; on average, where they are not."""
SHOCK_SD = 0.2
"""How far a school's mean strays in a wave, in standard deviations of teachers' answers within schools. Assumed."""
EFFECT = 0.2
"""What is planted where coverage and bias are asked for, in the same unit."""
DRAWS = 399


@dataclass(frozen=True)
class World:
    """How studies are made. Without `treated` schools the change of all schools is asked for, nothing is compared.

    `unequal`: standard deviation of the logarithm of sizes. `serial`: correlation of a school's shocks of waves that
    follow each other. `drift`: what the scale moves by in later waves because an item does. `missing`: slope, in logits, of
    answering at all on what would be answered, in later waves. `district`: SD of shocks that treated schools share, and
    that the others share.
    """

    schools: int = 20
    treated: int = 10
    unequal: float = 0.0
    serial: float = 0.0
    drift: float = 0.0
    missing: float = 0.0
    district: float = 0.0


WORLDS = {
    "nothing is wrong": World(),
    "few schools: 4 of 8 treated": World(schools=8, treated=4),
    "two treated schools of 20": World(treated=2),
    "unequal sizes": World(unequal=1.0),
    "serial shocks (correlation 0.5)": World(serial=0.5),
    "the treated are one district": World(district=0.1),
    "one district, nothing to compare": World(treated=0, district=0.1),
    "one of five items drifts": World(treated=0, drift=0.5 / 5),
    "low practice answers less": World(treated=0, missing=0.5),
}
"""What is wrong, one thing at a time. An item moves by half a standard deviation, so a scale of five by a fifth of it."""


def everything(studies: int, seed: int) -> pd.DataFrame:
    """How tests and intervals fare in each of WORLDS: a row a world and inference.

    Columns: world, inference, studies; `level`: share of tests at 5 percent that reject when there is no effect; `coverage`:
    share of 95 percent intervals that hold the effect planted; `level_low` to `coverage_high`: 95 percent intervals (Wilson)
    of these shares, as so many studies are a sample; `bias`: mean estimate minus truth, and its standard error, `bias_se`.
    What cannot be had is empty.
    """
    tasks = [(world, truth) for world in WORLDS.values() for truth in (0.0, EFFECT)]
    # Fresh processes: threads of the calling one must not be copied into them.
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        runs = list(pool.map(partial(replicate, studies=studies), *zip(*tasks, strict=True), range(seed, seed + len(tasks))))  # fmt: skip
    found = [
        _rates(none, some).assign(world=name) for name, none, some in zip(WORLDS, runs[::2], runs[1::2], strict=True)
    ]
    return pd.concat(found, ignore_index=True).assign(studies=studies)


def _rates(none: pd.DataFrame, some: pd.DataFrame) -> pd.DataFrame:
    """Level, coverage and bias of each inference, from studies without an effect and with one."""
    rows = []
    for kind in INFERENCES:
        row = {"inference": kind}
        if none[kind].notna().all():
            level, missed = ((table[kind] <= 0.05).sum() for table in (none, some))
            times = len(none)
            row |= {"level": level / times, "coverage": 1 - missed / times}
            row["level_low"], row["level_high"] = wilson(level, times)
            row["coverage_low"], row["coverage_high"] = wilson(times - missed, times)
        rows.append(row)
    gap = some["estimate"] - EFFECT
    return pd.DataFrame(rows).assign(bias=gap.mean(), bias_se=gap.sem())


def replicate(world: World, truth: float, seed: int, studies: int) -> pd.DataFrame:
    """A row a study: `estimate`, and for each of INFERENCES the p-value of the hypothesis that the effect is `truth`.

    An interval of 95 percent holds the truth where that p-value is above .05.

    Parameters
    ----------
    world, truth : how the studies are made; the effect planted
    seed, studies : of everything; how many
    """
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(studies):
        data, treatment = study(world, truth, rng)
        rows.append(p_values(data, truth, treatment, INFERENCES, seed=place))
    return pd.DataFrame(rows)


def study(world: World, truth: float, rng: np.random.Generator) -> tuple[Within, Treatment | None]:
    """One study: cross-products whose last term is the effect, and which schools are treated."""
    treated = np.arange(world.schools) < world.treated
    after = np.arange(WAVES) >= WAVES // 2
    log_size = rng.normal(-(world.unequal**2) / 2, world.unequal, world.schools)
    size = np.maximum(2, np.round(TEACHERS * np.exp(log_size))).astype(int)
    group = treated if world.treated else np.ones(world.schools, bool)
    shared = world.district * rng.normal(size=(2, WAVES))[group.astype(int)]
    mean = _shocks(world, rng) + shared + (truth + world.drift) * (group[:, None] & after)
    counts = np.repeat(size[:, None].astype(float), WAVES, axis=1)
    if world.missing:
        counts, sums = _answering(mean, size, after, world.missing, rng)
    else:
        sums = counts * mean + np.sqrt(counts) * rng.normal(size=mean.shape)
    return cross_products(counts, sums, treated, after)


def _shocks(world: World, rng: np.random.Generator) -> np.ndarray:
    """Shocks of schools by wave, of one variance in all waves and first-order serial correlation."""
    shocks = SHOCK_SD * rng.normal(size=(world.schools, WAVES))
    for wave in range(1, WAVES):
        shocks[:, wave] *= np.sqrt(1 - world.serial**2)
        shocks[:, wave] += world.serial * shocks[:, wave - 1]
    return shocks


def _answering(
    mean: np.ndarray, size: np.ndarray, after: np.ndarray, slope: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Counts and sums of those who answer: all at first, in later waves the more likely the higher their practice.

    Parameters
    ----------
    mean, size, after : schools x waves; teachers of a school; which waves are later ones
    slope, rng : logits by which a standard deviation of practice moves the chance to answer; the source of chance
    """
    cell = np.repeat(np.arange(mean.size), np.repeat(size, WAVES))
    practice = mean.ravel()[cell] + rng.normal(size=len(cell))
    answers = ~after[cell % WAVES] | (rng.random(len(cell)) < special.expit(1 + slope * practice))
    sums = np.bincount(cell, practice * answers, mean.size)
    return np.bincount(cell, answers, mean.size).reshape(mean.shape), sums.reshape(mean.shape)


def cross_products(
    counts: np.ndarray, sums: np.ndarray, treated: np.ndarray, after: np.ndarray
) -> tuple[Within, Treatment | None]:
    """School fixed effects with dummies of the waves and, where some are treated, one effect of later waves, the last term.

    Without treated schools the last term is the change from the first wave to the first of the later ones.

    Parameters
    ----------
    counts, sums : teachers and the sum of their answers, schools x waves
    treated, after : which schools, and which waves (the later ones)
    """
    waves, first = counts.shape[1], int(np.argmax(after))
    columns = [np.arange(waves) == wave for wave in range(1, waves) if wave != first] + [after]
    x = np.repeat(np.stack(columns, axis=1)[None].astype(float), len(counts), axis=0)
    names = [f"wave {place}" for place in range(1, waves - 1)] + ["after"]
    if not treated.any():
        return within_cells(counts, sums, x, names), None
    x = np.concatenate([x, x[:, :, -1:] * treated[:, None, None]], axis=2)
    return within_cells(counts, sums, x, [*names, "effect"]), Treatment(treated, {"effect": "after"})


def p_values(
    data: Within, value: float, treatment: Treatment | None, kinds: tuple[str, ...], seed: int, draws: int = DRAWS
) -> dict[str, float]:
    """`estimate` of the last term, and by each inference p of the hypothesis that it is `value`; NaN where there is none.

    Parameters
    ----------
    data, value, treatment : of one study; the hypothesis; what permutation needs
    kinds, seed, draws : of inference; of the draws; how many bootstraps, and assignments beside the observed one
    """
    term = data.terms[-1]
    found = {}
    for kind in kinds:
        if kind == "bootstrap":
            # That a term is `value` is that it is zero once `value` times its column is taken out of the outcome.
            moved = replace(data, xy=data.xy - value * data.xx[:, :, -1])
            found[kind] = resampling.wild_bootstrap(moved, term, draws, seed)
        elif kind == "permutation":
            parts = treatment and permutation.parts(data, treatment, term, draws + 1, seed)
            found[kind] = resampling.p_value(parts, value) if parts else np.nan
        else:
            fitted = fixed_effects.fit(data, kind)
            error = np.sqrt(fitted.covariance[-1, -1])
            found[kind] = t_test(fitted.estimate[-1] - value, error, fitted.df[-1])["p_value"]
            found["estimate"] = fitted.estimate[-1]
    return found
