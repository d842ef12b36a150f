"""Simulated answers to the items of a rating scale: drawn from the model, measured, and effects planted so that they show.

`helpers.estimate.rasch` has the scale; here is what somebody at a place of the latent trait would answer.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.estimate import rasch

SKIPPED = 0.04
"""Share of single answers left out, at random. Assumed."""


@dataclass(frozen=True)
class Planted:
    """What is planted in logits so that the observed measure shows the wanted effects in baseline deviations."""

    effects: np.ndarray
    shock_sd: float
    latent_sd: float


def plant(ability: np.ndarray, scale: rasch.Scale, wanted: np.ndarray, shock_sd: float) -> Planted:
    """Effects in logits that come out as `wanted`, in standard deviations of the observed baseline measure.

    Parameters
    ----------
    ability : latent traits of the baseline year, in logits
    scale : what their answers are measured on
    wanted : effects by year after the first
    shock_sd : of school-by-year shocks, also in deviations of the observed measure

    Notes
    -----
    The expected measure at every place of the latent trait follows from the model exactly (`expected_measure`).
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
    for answered in range(1, 2**items):
        shown = [i for i in range(items) if answered >> i & 1]
        scores = np.ones((len(places), 1))
        for i in shown:
            wider = np.zeros((len(places), scores.shape[1] + top))
            for answer in range(top + 1):
                wider[:, answer : answer + scores.shape[1]] += scores * chance[:, i, [answer]]
            scores = wider
        value = table.loc[answered].to_numpy()
        weight = (1 - SKIPPED) ** len(shown) * SKIPPED ** (items - len(shown))
        mean += weight * scores @ value
        square += weight * scores @ value**2
    nobody = 1 - SKIPPED**items
    mean, square = mean / nobody, square / nobody
    return mean, square - mean**2


def answers(scale: rasch.Scale, ability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Answers 0 to K of the rating scale model, -1 where left out: persons x items, small integers."""
    drawn = np.empty((len(ability), len(scale.items)), dtype=np.int8)
    for i, location in enumerate(scale.items):
        weight, total = np.ones(len(ability)), np.ones(len(ability))
        below = []
        for threshold in scale.thresholds:
            below.append(total.copy())
            weight = weight * np.exp(ability - location - threshold)
            total += weight
        mark = rng.random(len(ability)) * total
        drawn[:, i] = sum(mark > edge for edge in below)
    drawn[rng.random(drawn.shape) < SKIPPED] = -1
    return drawn


def measured(
    drawn: np.ndarray, calibrating: np.ndarray
) -> tuple[np.ndarray, np.ndarray, rasch.Scale]:
    """Measure and standard error of each record, and the scale, calibrated on the records `calibrating` alone."""
    names = [f"item {i + 1}" for i in range(drawn.shape[1])]
    responses = pd.DataFrame(np.where(drawn < 0, np.nan, drawn), columns=names)
    scale = rasch.calibrate(responses[calibrating])
    table = _every_cell(scale)
    width = len(names) * len(scale.thresholds) + 1
    found = np.full((2, 2 ** len(names) * width), np.nan)
    found[:, table["answered"] * width + table["score"]] = table[["measure", "std_error"]].T
    cells = rasch.cell_of(responses)
    place = cells["answered"] * width + cells["score"]
    return found[0, place], found[1, place], scale


def _every_cell(scale: rasch.Scale) -> pd.DataFrame:
    """Every pattern of answered items with every score it can have, measured."""
    top = len(scale.thresholds)
    cells = [
        (answered, score)
        for answered in range(1, 2 ** len(scale.items))
        for score in range(top * answered.bit_count() + 1)
    ]
    return rasch.measure(scale, pd.DataFrame(cells, columns=["answered", "score"]))
