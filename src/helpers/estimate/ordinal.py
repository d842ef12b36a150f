"""Proportional-odds models of counts: answers in order, by levels of a score and groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from helpers.project import InputError

_STEPS, _FAR, _STILL, _CERTAIN = 60, 3.0, 1e-9, 30.0
"""Newton steps at most; how far one takes a predictor; the change of parameters below which they end; what tells of certainty."""


@dataclass(frozen=True)
class Ordinal:
    """A fit of `P(y <= k) = expit(threshold_k - x b)`.

    `thresholds`: C - 1; `slopes`: p; `log_likelihood`; `bread`: the inverse of minus its second derivative, thresholds first;
    `scores`: m x C x (C - 1 + p), what one person of a row with an answer adds to the first derivative.
    """

    thresholds: np.ndarray
    slopes: np.ndarray
    log_likelihood: float
    bread: np.ndarray
    scores: np.ndarray


def fit(counts: np.ndarray, x: np.ndarray, start: tuple[np.ndarray, np.ndarray] | None = None) -> Ordinal:
    """Maximum (pseudo) likelihood by Newton's method, whose steps are halved where the likelihood would fall.

    Raises InputError where some answers are foretold with certainty, or columns of `x` cannot be told apart.

    Parameters
    ----------
    counts, x : m x C (weighted) numbers of people, each answer given by some; m x p terms, without a constant
    start : thresholds and slopes to begin with
    """
    below = np.cumsum(counts.sum(axis=0))[:-1] / counts.sum()
    thresholds, slopes = start or (special.logit(below), np.zeros(x.shape[1]))
    parameters, split = np.concatenate([thresholds, slopes]), len(thresholds)
    likelihood = _log_likelihood(counts, x, parameters)
    for _ in range(_STEPS):
        gradient, information = _derivatives(counts, x, parameters)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            raise InputError("the terms cannot be told apart among those who answered") from None
        step *= min(1.0, _FAR / max(np.abs(x @ step[split:]).max(initial=0.0), np.abs(step[:split]).max()))
        while (reached := _log_likelihood(counts, x, parameters + step)) < likelihood - 1e-9 * abs(likelihood):
            step = step / 2
        parameters, likelihood = parameters + step, reached
        if np.abs(step).max() < _STILL:
            bread = np.linalg.inv(information)
            return Ordinal(parameters[:split], parameters[split:], likelihood, bread, _scores(x, parameters, split + 1))
        if np.abs(x @ parameters[split:]).max(initial=0.0) > _CERTAIN:
            break
    raise InputError("the answers of some can be foretold with certainty")


def shares_above(fitted: Ordinal, x: np.ndarray, answer: int) -> np.ndarray:
    """For each row of `x` the share of answers from the one at this place on (0: all, C: none)."""
    if not 0 < answer <= len(fitted.thresholds):
        return np.full(len(x), float(answer <= 0))
    return special.expit(x @ fitted.slopes - fitted.thresholds[answer - 1])


def _parts(x: np.ndarray, parameters: np.ndarray, answers: int) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative shares, m x (C + 1) from 0 to 1, and shares of each answer, m x C."""
    thresholds, slopes = parameters[: answers - 1], parameters[answers - 1 :]
    at = np.empty((len(x), answers + 1))
    at[:, 0], at[:, -1] = 0.0, 1.0
    at[:, 1:-1] = special.expit(thresholds - (x @ slopes)[:, None])
    return at, np.maximum(np.diff(at, axis=1), 1e-300)


def _log_likelihood(counts: np.ndarray, x: np.ndarray, parameters: np.ndarray) -> float:
    """Minus infinity where thresholds are out of order."""
    if (np.diff(parameters[: counts.shape[1] - 1]) <= 0).any():
        return -np.inf
    return float((counts * np.log(_parts(x, parameters, counts.shape[1])[1])).sum())


def _scores(x: np.ndarray, parameters: np.ndarray, answers: int) -> np.ndarray:
    """m x C x (C - 1 + p) first derivatives of log shares."""
    at, share = _parts(x, parameters, answers)
    density = (at * (1 - at))[:, 1:-1]
    found = np.zeros((len(x), answers, len(parameters)))
    one = np.arange(answers - 1)
    found[:, one, one], found[:, one + 1, one] = density / share[:, :-1], -density / share[:, 1:]
    found[:, :, answers - 1 :] = (at[:, :-1] + at[:, 1:] - 1)[:, :, None] * x[:, None, :]
    return found


def _derivatives(counts: np.ndarray, x: np.ndarray, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of the log-likelihood, and minus its second derivative."""
    answers = counts.shape[1]
    at, share = _parts(x, parameters, answers)
    density, middle = (at * (1 - at))[:, 1:-1], 1 - 2 * at[:, 1:-1]
    own, next_one = counts[:, :-1] / share[:, :-1], counts[:, 1:] / share[:, 1:]
    pull = (counts * (at[:, :-1] + at[:, 1:] - 1)).sum(axis=1)
    gradient = np.concatenate([(density * (own - next_one)).sum(axis=0), x.T @ pull])
    between = np.zeros((answers - 1, answers - 1))
    one = np.arange(answers - 1)
    between[one, one] = (
        density**2 * (own / share[:, :-1] + next_one / share[:, 1:]) - density * middle * (own - next_one)
    ).sum(axis=0)
    both = -(density[:, :-1] * density[:, 1:] * counts[:, 1:-1] / share[:, 1:-1] ** 2).sum(axis=0)
    between[one[:-1], one[1:]] = between[one[1:], one[:-1]] = both
    across = -(density * (counts[:, :-1] + counts[:, 1:])).T @ x
    spread = (counts[:, :-1] * density).sum(axis=1) + (counts[:, 1:] * density).sum(axis=1)
    return gradient, np.block([[between, across], [across.T, (x * spread[:, None]).T @ x]])
