"""Tests from many draws of what might have been, the intervals that invert them, and the wild cluster bootstrap.

For each draw t^2 of the hypothesis that a term is r is (n0 + n1 r)^2 / (q0 + q1 r + q2 r^2), so that the draws are made
once for all r. The wild cluster bootstrap needs no more than cross-products: thousands of draws take milliseconds.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from helpers.estimate import fixed_effects
from helpers.estimate.fixed_effects import Within

DRAWS = 9_999
_AT_ONCE = 1000  # draws: memory stays bounded however many draws and clusters


class Parts(NamedTuple):
    """n0, n1, q0, q1 and q2 of each draw (`drawn`: 5 x draws) and of the sample (`observed`: 5)."""

    drawn: np.ndarray
    observed: np.ndarray


def p_value(parts: Parts, value: float = 0.0) -> float:
    """Share of draws whose t is at least the sample's own when the hypothesis is `value`."""
    with np.errstate(divide="ignore", invalid="ignore"):  # draws without any error have an infinite t, or none
        own, others = (
            (n0 + n1 * value) ** 2 / (q0 + q1 * value + q2 * value**2)
            for n0, n1, q0, q1, q2 in (parts.observed, parts.drawn)
        )
    # Equal ones count: there are many where answers are few and schools alike, and rounding must not decide. The
    # sample's own is among the draws, whether these are all or some, so that no p-value is zero.
    return float((others >= own * (1 - 1e-9)).mean())


def interval(parts: Parts, centre: float, step: float, level: float = 0.95) -> tuple[float, float]:
    """All values that the test does not reject, by bisection from the estimate outwards.

    Ends are infinite where so few clusters never reject anything, or all clusters are alike but for rounding.

    Parameters
    ----------
    parts, level : of the draws; how often the interval holds the truth
    centre, step : the estimate and its standard error
    """

    def kept(value: float) -> bool:
        return p_value(parts, value) > 1 - level

    def end(side: int) -> float:
        inside, outside = centre, centre + side * 3 * step
        while kept(outside):
            if abs(outside - centre) >= 1e3 * step:
                return side * np.inf
            inside, outside = outside, centre + 2 * (outside - centre)
        while abs(outside - inside) > 1e-4 * step:
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if kept(middle) else (inside, middle)
        return float(inside)

    alike = centre + 1e-4 * step == centre  # no bisection would come to an end
    return (-np.inf, np.inf) if alike else (end(-1), end(1))


def wild_bootstrap(data: Within, term: str, draws: int = DRAWS, seed: int = 1) -> float:
    """Wild cluster bootstrap p-value of `term` = 0, null imposed, Rademacher weights (Cameron, Gelbach & Miller 2008).

    Of all patterns of signs it is the exact share; of B random draws, b of them as far out as the sample, (1 + b) / (1 + B)
    (Davison & Hinkley 1997, section 4.2). Roodman's boottest and R's fwildclusterboot take b / B without ties, which can be 0.

    >>> import pandas as pd
    >>> from helpers.estimate.moments import Model, compute
    >>> change = {"A": 0.6, "B": 0.2, "C": 0.5, "D": -0.1, "E": 0.4, "F": 0.3}
    >>> rows = [(school, year, by * (year == 2019)) for school, by in change.items() for year in (2018, 2019)]
    >>> answers = pd.DataFrame(rows, columns=["school", "year", "practice"])
    >>> sums = compute(answers, Model("practice", "school", "year", baseline="2018"))
    >>> wild_bootstrap(fixed_effects.within(sums), "2019")
    0.0625

    Parameters
    ----------
    data, term : cross-products of the model, and which of its terms is tested
    draws, seed : how many draws (all 2^G sign patterns, enumerated, where these are fewer), and their seed
    """
    return p_value(_wild(data, term, draws, seed, slopes=False))


def wild_interval(
    data: Within, term: str, level: float = 0.95, draws: int = DRAWS, seed: int = 1
) -> tuple[float, float]:
    """All values of `term` that the wild bootstrap test does not reject: `interval`.

    Parameters
    ----------
    data, term, draws, seed : as in `wild_bootstrap`
    level : how often the interval holds the truth
    """
    fitted, j = fixed_effects.fit(data), data.terms.index(term)
    parts = _wild(data, term, draws, seed, slopes=True)
    return interval(parts, fitted.estimate[j], np.sqrt(fitted.covariance[j, j]), level)


def wild_joint(data: Within, terms: list[str], draws: int = DRAWS, seed: int = 1) -> tuple[float, float]:
    """Wald's F (CRV1) that all these terms are zero, and its p-value by the wild cluster bootstrap, null imposed.

    Parameters
    ----------
    data, terms : cross-products of the model; fewer of its terms than there are clusters
    draws, seed : as in `wild_bootstrap`
    """
    places = [data.terms.index(term) for term in terms]
    others = [place for place in range(len(data.terms)) if place not in places]
    a, g = data.xx.sum(axis=0), len(data.clusters)
    inverse = np.linalg.inv(a)
    rest = np.linalg.solve(a[np.ix_(others, others)], data.xy.sum(axis=0)[others])
    scores = data.xy - data.xx[:, :, others] @ rest
    own = scores @ inverse[:, places]
    leverage = data.xx @ inverse[:, places]

    def wald(signs: np.ndarray) -> np.ndarray:
        summed = signs @ scores @ inverse
        errors = signs[:, :, None] * own - np.einsum("dk,gkq->dgq", summed, leverage, optimize=True)
        meat = errors.transpose(0, 2, 1) @ errors
        b = summed[:, places]
        return np.einsum("dq,dq->d", b, np.linalg.solve(meat, b[:, :, None])[:, :, 0]) / len(places)

    observed = wald(np.ones((1, g)))[0]
    drawn = np.concatenate([wald(signs) for signs in _signs(g, draws, seed)])
    f = float(observed / fixed_effects.crv1_factor(data.n, g, len(data.terms)))
    return f, float((drawn >= observed * (1 - 1e-9)).mean())


def _wild(data: Within, term: str, draws: int, seed: int, slopes: bool) -> Parts:
    """Without `slopes`, for r = 0 in half the time, n1, q1 and q2 are zero."""
    j, g, a = data.terms.index(term), len(data.clusters), data.xx.sum(axis=0)
    others = [place for place in range(len(data.terms)) if place != j]
    inverse = np.linalg.inv(a)
    # Restricted coefficients, and with them the scores, are linear in r.
    aims = np.stack([data.xy.sum(axis=0)[others], -a[others, j]], axis=1)
    restricted = np.linalg.solve(a[np.ix_(others, others)], aims)
    scores = data.xy - data.xx[:, :, others] @ restricted[:, 0]
    slope = -data.xx[:, :, j] - data.xx[:, :, others] @ restricted[:, 1]
    leverage = np.einsum("i,gij->gj", inverse[j], data.xx) @ inverse

    def errors(signs: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        summed = signs @ of
        return summed @ inverse[j], signs * (of @ inverse[j]) - summed @ leverage.T

    def parts(signs: np.ndarray) -> np.ndarray:
        n0, e0 = errors(signs, scores)
        found = np.zeros((5, len(signs)))
        found[0], found[2] = n0, np.einsum("dg,dg->d", e0, e0)
        if slopes:
            found[1], e1 = errors(signs, slope)
            found[3], found[4] = 2 * np.einsum("dg,dg->d", e0, e1), np.einsum("dg,dg->d", e1, e1)
        return found

    drawn = [parts(signs) for signs in _signs(g, draws, seed)]
    return Parts(np.concatenate(drawn, axis=1), parts(np.ones((1, g)))[:, 0])


def _signs(g: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Signs of `g` clusters, some draws at a time, after the sample's own; all patterns where these are no more than the draws."""
    if 2**g <= draws:
        yield 1.0 - 2.0 * ((np.arange(2**g)[:, None] >> np.arange(g)) & 1)
    else:
        yield np.ones((1, g))
        yield from (1.0 - 2.0 * drawn for drawn in _drawn(g, draws, seed))


@lru_cache(maxsize=1)  # a model has several terms, and to draw takes as long as all the rest
def _drawn(g: int, draws: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = [min(_AT_ONCE, draws - start) for start in range(0, draws, _AT_ONCE)]
    return [rng.integers(0, 2, (size, g)).astype(np.int8) for size in sizes]
