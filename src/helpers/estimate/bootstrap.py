"""Wild cluster bootstrap of a school fixed-effects model: p-values and intervals that hold with few clusters.

A draw needs the clusters' cross-products only, so that thousands take milliseconds.
"""

import numpy as np

from helpers.estimate.fixed_effects import Within, fit


def wild_bootstrap(data: Within, term: str, draws: int = 9_999, seed: int = 1) -> float:
    """p-value that `term` is zero: wild cluster bootstrap, null imposed, Rademacher weights (WCR).

    Parameters
    ----------
    data, term : the model, and which of its terms is tested
    draws : how many; with so few clusters that this exceeds all 2^G sign patterns, these are enumerated instead
    seed : of the draws

    References
    ----------
    Cameron, Gelbach & Miller (2008).

    Examples
    --------
    >>> import pandas as pd
    >>> from helpers.estimate import fixed_effects, moments
    >>> change = {"A": 0.6, "B": 0.2, "C": 0.5, "D": -0.1, "E": 0.4, "F": 0.3}
    >>> rows = [(school, year, by * (year == 2019)) for school, by in change.items() for year in (2018, 2019)]
    >>> answers = pd.DataFrame(rows, columns=["school", "year", "practice"])
    >>> model = moments.Model("practice", "school", "year", baseline="2018")
    >>> wild_bootstrap(fixed_effects.within(moments.compute(answers, model)), "2019")
    0.0625
    """
    return _beyond(0.0, *_wild(data, term, draws, seed, slopes=False))


def wild_interval(
    data: Within, term: str, level: float = 0.95, draws: int = 9_999, seed: int = 1
) -> tuple[float, float]:
    """All values of `term` that the wild bootstrap test does not reject, by bisection from the estimate outwards.

    Parameters
    ----------
    data, term : the model, and which of its terms is asked for
    level : how often the interval holds the truth
    draws, seed : as in `wild_bootstrap`

    Returns
    -------
    tuple
        Low and high end; infinite where so few clusters never reject anything.

    Notes
    -----
    Numerator and squared denominator of each draw's t are polynomials in the value that is tested, so the draws are
    made once for all values.
    """
    fitted = fit(data)
    j = fitted.terms.index(term)
    centre, step = fitted.estimate[j], np.sqrt(fitted.covariance[j, j])
    parts = _wild(data, term, draws, seed, slopes=True)
    ends = []
    for side in (-1, 1):
        inside, outside = centre, centre + side * 3 * step
        while _beyond(outside, *parts) > 1 - level and abs(outside - centre) < 1e3 * step:
            inside, outside = outside, centre + 2 * (outside - centre)
        if _beyond(outside, *parts) > 1 - level:  # so few clusters that nothing is ever rejected
            ends.append(side * np.inf)
            continue
        while abs(outside - inside) > 1e-4 * step:
            middle = (inside + outside) / 2
            kept = _beyond(middle, *parts) > 1 - level
            inside, outside = (middle, outside) if kept else (inside, middle)
        ends.append(inside)
    return float(ends[0]), float(ends[1])


def _wild(
    data: Within, term: str, draws: int, seed: int, slopes: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Parts of t^2 = (n0 + n1 r)^2 / (q0 + q1 r + q2 r^2) for the hypothesis that `term` is r: for each draw (rows n0,
    n1, q0, q1, q2) and for the sample itself.

    Without `slopes` n1, q1, q2 are zero, which is right for r = 0 and takes half the time.
    """
    j, g = data.terms.index(term), len(data.clusters)
    others = [place for place in range(len(data.terms)) if place != j]
    a = data.xx.sum(axis=0)
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

    observed = parts(np.ones((1, g)))[:, 0]
    if 2**g <= draws:
        signs = 1.0 - 2.0 * ((np.arange(2**g)[:, None] >> np.arange(g)) & 1)
        return parts(signs), observed
    rng = np.random.default_rng(seed)
    drawn = [  # a thousand at a time: memory stays bounded however many draws and clusters
        parts(1.0 - 2.0 * rng.integers(0, 2, (min(1000, draws - start), g)))
        for start in range(0, draws, 1000)
    ]
    return np.concatenate(drawn, axis=1), observed


def _beyond(value: float, drawn: np.ndarray, observed: np.ndarray) -> float:
    """Share of draws whose t is at least the sample's own when the hypothesis is `value`."""

    def squared_t(parts: np.ndarray) -> np.ndarray:
        n0, n1, q0, q1, q2 = parts
        return (n0 + n1 * value) ** 2 / (q0 + q1 * value + q2 * value**2)

    # Equal ones count: there are many where answers are few and schools alike, and rounding must not decide. Where
    # all patterns are tried, the sample's own is among them, so that no p-value is zero.
    return float((squared_t(drawn) >= squared_t(observed) * (1 - 1e-9)).mean())
