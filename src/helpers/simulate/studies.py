"""Studies of a declared design made up at random and analysed as real ones are, to check the formulas of `estimate.power`."""

import numpy as np
import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate import fixed_effects
from helpers.estimate.fixed_effects import Within
from helpers.estimate.intervals import t_test, wilson
from helpers.estimate.power import Design, contrast, detectable, std_error


def simulate(design: Design, effect: float, times: int, seed: int) -> pd.DataFrame:
    """Studies of this design made up at random and analysed as real ones are: `estimate, std_error, p_value`.

    Parameters
    ----------
    design : of each study
    effect : by which schools with peer groups change after the first wave
    times, seed : how many studies, and the seed of them all

    Notes
    -----
    Answers are normal and teachers leave by chance; the estimator is the school fixed-effects model with clustered
    errors (CRV1).
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
        np.sqrt(design.persistence) * person
        + np.sqrt(1 - design.persistence) * rng.normal(size=shape)
    )
    answers += effect * (treated[:, None] & (np.arange(design.waves) > 0))[:, :, None]
    return present.sum(axis=2).astype(float), (answers * present).sum(axis=2)


def _within(counts: np.ndarray, sums: np.ndarray, treated: np.ndarray) -> Within:
    """School fixed-effects cross-products: later waves, and with comparison schools these times `treated`."""
    kept = counts.sum(axis=1) > 1
    counts, sums, treated = counts[kept], sums[kept], treated[kept]
    names = [f"wave {place}" for place in range(1, counts.shape[1])]
    x = np.eye(counts.shape[1])[None, :, 1:].repeat(len(counts), axis=0)  # schools x waves x terms
    if not treated.all():
        x = np.concatenate([x, x * treated[:, None, None]], axis=2)
        names += [f"difference, {name}" for name in names]
    n, of_x = counts.sum(axis=1), np.einsum("gw,gwi->gi", counts, x)
    xx = np.einsum("gw,gwi,gwj->gij", counts, x, x)
    return Within(
        terms=tuple(names), clusters=np.arange(len(n)).astype(str),
        xx=xx - of_x[:, :, None] * of_x[:, None] / n[:, None, None],
        xy=np.einsum("gw,gwi->gi", sums, x) - of_x * (sums.sum(axis=1) / n)[:, None],
        yy=np.zeros(len(n)), n=int(n.sum()), n_schools=len(n), singletons=(), baseline_mean=0.0, baseline_sd=1.0,
    )  # fmt: skip
