"""How far the items of a scale agree, or two coders: Cronbach's alpha, McDonald's omega, Krippendorff's alpha.

`items` has a row a person and a column an item; only people who answered every item count.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time


def scale_reliability(items: pd.DataFrame, cluster: pd.Series) -> dict[str, object]:
    """`n, alpha, alpha_low, alpha_high, omega, omega_low, omega_high, weakest, item_rest` of one scale."""
    weakest, item_rest = lowest_item_rest(items)
    ends = dict(zip(("alpha_low", "alpha_high"), cronbach_alpha_interval(items), strict=True))
    ends |= dict(zip(("omega_low", "omega_high"), omega_interval(items, cluster), strict=True))
    found = {"n": len(items), "alpha": cronbach_alpha(items), "omega": omega(items)}
    return found | ends | {"weakest": weakest, "item_rest": item_rest}


def cronbach_alpha(items: pd.DataFrame) -> float:
    """Cronbach's (1951) alpha: k / (k - 1) times the share of the sum's variance that is covariance of items.

    >>> items = pd.DataFrame({"a": [1, 2, 3, 4, 4], "b": [1, 3, 3, 4, 2], "c": [2, 2, 4, 4, 3]})
    >>> round(cronbach_alpha(items), 3), round(omega(items), 3)
    (0.855, 0.861)
    """
    covariance = items.dropna().cov().to_numpy()
    k = len(covariance)
    return float(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))


def cronbach_alpha_interval(items: pd.DataFrame, level: float = 0.95) -> tuple[float, float]:
    """Interval of alpha for independent people, as in cocron and pingouin: F by Feldt, Woodruff & Salih (1987)."""
    (n, k), tail = items.dropna().shape, (1 - level) / 2
    edges = special.fdtri(n - 1, (n - 1) * (k - 1), [1 - tail, tail])
    low, high = 1 - (1 - cronbach_alpha(items)) * edges
    return float(low), float(high)


def omega(items: pd.DataFrame) -> float:
    """McDonald's omega of the sum: the squared sum of the loadings as a share of the sum's variance.

    From a one-factor model by maximum likelihood; NaN for fewer than three items. Every item must vary.
    """
    whole = items.dropna()
    if whole.shape[1] < 3:
        return float("nan")
    return float(_omega(whole.cov().to_numpy(), *_one_factor(whole)))


def omega_interval(
    items: pd.DataFrame, cluster: pd.Series, level: float = 0.95, draws: int = 500, seed: int = 1
) -> tuple[float, float]:
    """Percentile bootstrap of omega that draws whole clusters; NaN for fewer than three items or two clusters.

    Parameters
    ----------
    items, cluster : answers, and each person's school (people of one school answer alike), with one index
    level, draws, seed : how often the interval holds the truth; number of draws, and their seed
    """
    whole = items.dropna()
    names, places = np.unique(cluster.loc[whole.index].astype(str), return_inverse=True)
    if whole.shape[1] < 3 or len(names) < 2:
        return np.nan, np.nan
    values, g = (whole - whole.mean()).to_numpy(float), len(names)
    counts, sums = np.bincount(places).astype(float), np.zeros((g, values.shape[1]))
    products = np.zeros((g, values.shape[1], values.shape[1]))
    np.add.at(sums, places, values)
    np.add.at(products, places, values[:, :, None] * values[:, None])
    drawn = np.random.default_rng(seed).multinomial(g, np.full(g, 1 / g), draws).astype(float)
    n, s, m = drawn @ counts, drawn @ sums, np.einsum("dg,gij->dij", drawn, products)
    usable = (drawn > 0).sum(axis=1) > 1
    covariances = (m - s[:, :, None] * s[:, None] / n[:, None, None]) / (n - 1)[:, None, None]
    found = _omega(covariances[usable], *_one_factor_each(covariances[usable], *_one_factor(whole)))
    tail = (1 - level) / 2
    return tuple(float(edge) for edge in np.nanquantile(found, [tail, 1 - tail]))


def lowest_item_rest(items: pd.DataFrame) -> tuple[str, float]:
    """The item that goes least with the sum of the others, and their correlation; below zero it may be reversed."""
    whole = items.dropna()
    total = whole.sum(axis=1)
    found = pd.Series({item: whole[item].corr(total - whole[item]) for item in whole})
    return str(found.idxmin()), float(found.min())


def krippendorff_alpha(first: Sequence, second: Sequence) -> float:
    """Krippendorff's alpha of two coders, nominal values, nothing missing; NaN where only one value occurs.

    alpha = 1 - observed / expected disagreement, both over the 2n values that the coders gave together: Krippendorff
    (2011), Computing Krippendorff's alpha-reliability, https://repository.upenn.edu/asc_papers/43.

    >>> round(krippendorff_alpha([0, 1, 1, 0, 1, 1], [0, 1, 0, 0, 1, 1]), 3)
    0.686
    """
    first, second = np.asarray(first), np.asarray(second)
    given = np.unique(np.concatenate([first, second]), return_counts=True)[1]
    total = given.sum()
    expected = 1 - (given * (given - 1)).sum() / (total * (total - 1))
    return float(1 - (first != second).mean() / expected) if len(given) > 1 else float("nan")


def _omega(covariance: np.ndarray, loadings: np.ndarray, unique: np.ndarray) -> np.ndarray:
    """For one matrix or many (... x k x k), with loadings and unique variances of the standardised items."""
    sd = np.sqrt(np.einsum("...ii->...i", covariance))
    common = (loadings * sd).sum(axis=-1) ** 2
    return common / (common + (unique * sd**2).sum(axis=-1))


def _one_factor(items: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Loadings and unique variances of the standardised items, by maximum likelihood.

    Joereskog's (1967) concentrated likelihood, from the start and within the bounds that R's `factanal` takes; where
    the one of statsmodels does not converge, this one does.
    """
    from scipy.optimize import minimize

    correlation = np.corrcoef(items.to_numpy(float), rowvar=False)
    k = len(correlation)

    def solve(unique: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = np.linalg.eigh(correlation / np.sqrt(np.outer(unique, unique)))
        loadings = vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0) * unique)
        return values, loadings * (np.sign(loadings.sum()) or 1)

    def lack_of_fit(unique: np.ndarray) -> tuple[float, np.ndarray]:
        values, loadings = solve(unique)
        rest = np.maximum(values[:-1], 1e-12)
        gradient = (loadings**2 + unique - np.diag(correlation)) / unique**2
        return float((rest - np.log(rest) - 1).sum()), gradient

    start = (1 - 0.5 / k) / np.diag(np.linalg.pinv(correlation))
    how = {"method": "L-BFGS-B", "options": {"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9}}
    found = minimize(lack_of_fit, np.clip(start, 0.005, 1), jac=True, bounds=[(0.005, 1)] * k, **how)
    return solve(found.x)[1], found.x


def _one_factor_each(covariances: np.ndarray, loadings: np.ndarray, unique: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same model for many matrices at once, from a solution nearby: the EM steps of Rubin & Thayer (1982).

    For a bootstrap, which would take seconds otherwise. Where an item does not vary in a draw, all is NaN.
    """
    sd = np.sqrt(np.einsum("...ii->...i", covariances))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlations = covariances / (sd[..., None] * sd[..., None, :])
    loadings, unique = (np.broadcast_to(start, sd.shape) for start in (loadings, unique))
    for _ in range(2_000):
        precise = loadings / unique
        weight = precise / (1 + (loadings * precise).sum(axis=-1, keepdims=True))
        cross = np.einsum("...ij,...j->...i", correlations, weight)
        spread = 1 - (weight * loadings).sum(axis=-1) + (weight * cross).sum(axis=-1)
        updated = cross / spread[..., None]
        unique = np.maximum(1 - updated * cross, 1e-6)
        moved = np.nanmax(np.abs(updated - loadings), initial=0.0)
        loadings = updated
        if moved < 1e-6:
            break
    return loadings, unique
