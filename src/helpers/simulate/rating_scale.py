"""Simulated answers to the items of a rating scale: drawn from the model, measured, and effects planted so that they show.

`helpers.estimate.rasch` has the scale; here is what somebody at a place of the latent trait would answer.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate import fixed_effects, rasch
from helpers.estimate.fixed_effects import Within
from helpers.estimate.intervals import t_test, wilson
from helpers.estimate.power import Design, contrast, detectable, std_error

SKIPPED = 0.04
"""Share of single answers left out, at random. Assumed."""


@dataclass(frozen=True)
class Planted:
    """What is planted in logits so that the observed measure shows the wanted effects in baseline deviations."""

    effects: np.ndarray
    shock_sd: float
    latent_sd: float


def plant(ability: np.ndarray, scale: rasch.Scale, wanted: np.ndarray, shock_sd: float) -> Planted:
    """Effects and shocks in logits that come out as wanted, in standard deviations of the measure of the baseline year.

    Parameters
    ----------
    ability, scale : latent traits of the baseline year, in logits, and what their answers are measured on
    wanted, shock_sd : effects by year after the first; shocks of schools in a year
    """
    places = np.linspace(-9, 9, 721)
    mean, variance = expected_measure(scale, places)

    def shown(abilities: np.ndarray, shift: float) -> float:
        return float(np.interp(abilities + shift, places, mean).mean())

    def spread(abilities: np.ndarray) -> float:
        error = np.interp(abilities, places, variance).mean()
        return float(np.sqrt(np.interp(abilities, places, mean).var() + error))

    people = np.quantile(ability, np.linspace(0.0005, 0.9995, 1000))
    slope = (shown(people, 0.05) - shown(people, -0.05)) / 0.1
    shock = shock_sd * spread(people) / slope
    # The shocks widen the trait a little; stretching it by as much keeps its shape.
    people = people * np.sqrt(1 + shock**2 / people.var())
    shifts = np.linspace(-1, 1.5, 251)
    gains = np.array([shown(people, shift) for shift in shifts]) - shown(people, 0.0)
    effects = np.interp(np.asarray(wanted) * spread(people), gains, shifts)
    return Planted(effects, shock, float(people.std()))


def expected_measure(scale: rasch.Scale, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the measure of somebody at each place, over answers and over answers left out."""
    items, top = len(scale.items), len(scale.thresholds)
    chance = rasch.probabilities(scale, places)
    table = _every_cell(scale).set_index(["answered", "score"])["measure"]
    mean, square = np.zeros(len(places)), np.zeros(len(places))
    # By pattern of answered items, the chance of each score at each place; a pattern adds its last item to a shorter one.
    scores = {0: np.ones((len(places), 1))}
    for answered in range(1, 2**items):
        last = answered.bit_length() - 1
        fewer = scores[answered - 2**last]
        wider = np.zeros((len(places), fewer.shape[1] + top))
        for answer in range(top + 1):
            wider[:, answer : answer + fewer.shape[1]] += fewer * chance[:, last, [answer]]
        scores[answered] = wider
        value, shown = table.loc[answered].to_numpy(), answered.bit_count()
        weight = (1 - SKIPPED) ** shown * SKIPPED ** (items - shown)
        mean += weight * wider @ value
        square += weight * wider @ value**2
    nobody = 1 - SKIPPED**items
    mean, square = mean / nobody, square / nobody
    return mean, square - mean**2


def answers(scale: rasch.Scale, ability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Answers 0 to K of the rating scale model, -1 where left out: persons x items, small integers."""
    drawn = np.empty((len(ability), len(scale.items)), dtype=np.int8)
    for i, location in enumerate(scale.items):
        weights = np.exp(ability - location - scale.thresholds[:, None]).cumprod(axis=0)
        edges = np.vstack([np.ones_like(ability), weights]).cumsum(axis=0)
        mark = rng.random(len(ability)) * edges[-1]
        drawn[:, i] = (mark > edges[:-1]).sum(axis=0)
    drawn[rng.random(drawn.shape) < SKIPPED] = -1
    return drawn


def measured(drawn: np.ndarray, calibrating: np.ndarray) -> tuple[np.ndarray, np.ndarray, rasch.Scale]:
    """Measure and standard error of each record, and the scale, calibrated on the records `calibrating` alone."""
    names = [f"item {i + 1}" for i in range(drawn.shape[1])]
    responses = pd.DataFrame(np.where(drawn < 0, np.nan, drawn), columns=names)
    scale = rasch.calibrate(responses[calibrating])
    table = rasch.cell_of(responses).merge(_every_cell(scale), "left", ["answered", "score"])
    return table["measure"].to_numpy(), table["std_error"].to_numpy(), scale


def _every_cell(scale: rasch.Scale) -> pd.DataFrame:
    """Every pattern of answered items with every score it can have, measured."""
    top, patterns = len(scale.thresholds), range(1, 2 ** len(scale.items))
    cells = [(answered, score) for answered in patterns for score in range(top * answered.bit_count() + 1)]
    return rasch.measure(scale, pd.DataFrame(cells, columns=["answered", "score"]))


def simulate(design: Design, effect: float, times: int, seed: int) -> pd.DataFrame:
    """Studies of one design made up at random and analysed as real ones are: `estimate, std_error, p_value`.

    Answers are normal, teachers leave by chance; the estimator is the school fixed-effects model, clustered (CRV1).

    Parameters
    ----------
    design, effect : of each study; how much schools with peer groups change after the first wave
    times, seed : how many studies, and the seed of them all
    """
    rng = np.random.default_rng(seed)
    treated = np.arange(design.schools + design.comparison) < design.schools
    own = slice(1 - design.waves, None)  # the last terms: the change of interest, wave by wave
    c = contrast(design.waves)[1:]
    found = []
    for _ in range(times):
        fit = fixed_effects.fit(_within(*_cells(design, treated, effect, rng), treated))
        found.append((c @ fit.estimate[own], np.sqrt(c @ fit.covariance[own, own] @ c)))
    tests = t_test(*np.array(found).T, df=len(treated) - 1)
    return pd.DataFrame({name: tests[name] for name in ("estimate", "std_error", "p_value")})


def check(designs: dict[str, Design], times: int = 500, seed: int = 20170601) -> pd.DataFrame:
    """Formula beside simulation: `label, std_error, spread, spread_low, spread_high, power, found, found_low, found_high`.

    Each design is simulated with the change that the formula finds four times in five. `spread` is the standard
    deviation of the estimates, `found` the share of tests with p < .05; their 95 percent intervals are those of a
    standard deviation of normal numbers (chi-squared) and of a share (Wilson).
    """
    rows = []
    for place, (label, design) in enumerate(designs.items()):
        effect = detectable(design)
        runs = simulate(design, effect, times, seed + place)
        spread, found = runs["estimate"].std(ddof=1), (runs["p_value"] < 0.05).mean()
        edges = np.sqrt((times - 1) / special.chdtri(times - 1, [0.025, 0.975]))
        low, high = wilson(found * times, times)
        rows.append({
            "label": label, "effect": effect, "std_error": std_error(design), "spread": spread,
            "spread_low": spread * edges[0], "spread_high": spread * edges[1], "power": 0.80, "found": found,
            "found_low": low, "found_high": high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _cells(
    design: Design, treated: np.ndarray, effect: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Teachers and the sum of their answers, schools x waves each."""
    shape = (len(treated), design.waves, design.teachers)
    person = rng.normal(size=shape)
    left = rng.random(shape) < design.attrition
    left[:, 0] = False
    present = np.ones(shape, bool)
    if design.asked == "same":
        person[:] = person[:, :1]
        present = ~np.maximum.accumulate(left, axis=1)
    elif design.asked == "all":
        for wave in range(1, design.waves):
            person[:, wave] = np.where(left[:, wave], person[:, wave], person[:, wave - 1])
    between = np.sqrt(design.stability) * rng.normal(size=(len(treated), 1))
    between = between + np.sqrt(1 - design.stability) * rng.normal(size=shape[:2])
    answers = np.sqrt(design.icc) * between[:, :, None] + np.sqrt(1 - design.icc) * (
        np.sqrt(design.persistence) * person + np.sqrt(1 - design.persistence) * rng.normal(size=shape)
    )
    answers += effect * (treated[:, None] & (np.arange(design.waves) > 0))[:, :, None]
    return present.sum(axis=2).astype(float), (answers * present).sum(axis=2)


def _within(counts: np.ndarray, sums: np.ndarray, treated: np.ndarray) -> Within:
    """School fixed-effects cross-products: later waves, and with comparison schools these times `treated`."""
    names = [f"wave {place}" for place in range(1, counts.shape[1])]
    x = np.eye(counts.shape[1])[None, :, 1:].repeat(len(counts), axis=0)  # schools x waves x terms
    if not treated.all():
        x = np.concatenate([x, x * treated[:, None, None]], axis=2)
        names += [f"difference, {name}" for name in names]
    return within_cells(counts, sums, x, names)


def within_cells(counts: np.ndarray, sums: np.ndarray, x: np.ndarray, terms: list[str]) -> Within:
    """School fixed-effects cross-products of records that are alike in all regressors within a cell, as a wave of a school.

    Schools with a single record are left out. Of the outcome only sums are known: `yy` is zero.

    Parameters
    ----------
    counts, sums : records of each cell, and the sum of their outcomes: schools x cells
    x, terms : regressors of each cell, schools x cells x terms; their names
    """
    kept = counts.sum(axis=1) > 1
    counts, sums, x = counts[kept], sums[kept], x[kept]
    n, weighted = counts.sum(axis=1), counts[:, :, None] * x
    of_x = weighted.sum(axis=1)
    return Within(
        terms=tuple(terms), clusters=np.arange(len(n)).astype(str),
        xx=weighted.transpose(0, 2, 1) @ x - of_x[:, :, None] * of_x[:, None] / n[:, None, None],
        xy=np.einsum("gw,gwi->gi", sums, x) - of_x * (sums.sum(axis=1) / n)[:, None],
        yy=np.zeros(len(n)), n=int(n.sum()), n_schools=len(n), singletons=(), baseline_mean=0.0, baseline_sd=1.0,
    )  # fmt: skip
