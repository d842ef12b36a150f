"""Who is missing: weights for those who answered, and bounds on what those who did not would change."""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.project import InputError

_SURE = 40.0  # log odds of a probability of one
RAREST = 0.01
"""Where fewer than this share answered, nobody can stand for those who did not."""
AS_KNOWN = "The interval takes these weights as known, although they are estimated."


@dataclass(frozen=True)
class Response:
    """A logistic regression of who answered: log odds are `constant`, `slopes` times numbers, and `levels` of labels.

    `slopes`: column -> slope; `levels`: column -> label -> what it adds (the first label: 0).
    """

    constant: float
    slopes: dict[str, float]
    levels: dict[str, dict[str, float]]

    def weights(self, known: pd.DataFrame) -> np.ndarray:
        """One over the probability of an answer, for each row."""
        odds = np.full(len(known), self.constant)
        for column, slope in self.slopes.items():
            odds += slope * known[column].to_numpy(float)
        for column, added in self.levels.items():
            odds += known[column].map(added).to_numpy(float)
        return 1 + np.exp(-odds)


def response(known: pd.DataFrame, answered: np.ndarray, asked: np.ndarray | None = None) -> Response:
    """Logistic regression of answering on columns that are known for everybody (statsmodels).

    Horvitz & Thompson (1952) weights follow, one over the probability. Raises InputError where some have next to no chance to
    answer: nobody can stand for them.

    Parameters
    ----------
    known : a row a person, or a row for people who are alike; columns of numbers, and of labels (dtype object)
    answered, asked : how many of a row answered, and how many there are (none: one each)
    """
    import statsmodels.api as sm

    asked = np.ones(len(known)) if asked is None else np.asarray(asked, float)
    yes = np.asarray(answered, float)
    if (yes == asked).all():
        return Response(_SURE, {}, {})
    numbers = [column for column in known if pd.api.types.is_numeric_dtype(known[column])]
    labels = {column: sorted(set(known[column])) for column in known if column not in numbers}
    middle, spread = known[numbers].mean(), known[numbers].std(ddof=0)
    varying = [column for column in numbers if spread[column] > 0]
    columns = {column: (known[column] - middle[column]) / spread[column] for column in varying}
    columns |= {(column, level): known[column] == level for column, (_, *rest) in labels.items() for level in rest}
    x = pd.DataFrame({"constant": 1.0} | columns, known.index).astype(float).to_numpy()
    # Where all of a kind answered, its log odds have no end: the iterations stop at a probability of one, which is right.
    with warnings.catch_warnings(action="ignore"):
        fitted = sm.GLM(np.column_stack([yes, asked - yes]), x, family=sm.families.Binomial()).fit(maxiter=100)
    if fitted.fittedvalues.min() < RAREST:
        raise InputError(
            f"of some people, by {', '.join(known)}, next to nobody answered, so nobody can stand for them. Leave a column out "
            "of `respond_on`, or join its rare levels."
        )
    found = dict(zip(["constant", *columns], fitted.params, strict=True))
    slopes = {column: found[column] / spread[column] for column in varying}
    constant = found["constant"] - sum(slopes[column] * middle[column] for column in varying)
    levels = {c: {level: found.get((c, level), 0.0) for level in names} for c, names in labels.items()}
    return Response(float(constant), slopes, levels)


class Bounds(NamedTuple):
    """The lowest and the highest effect that the missing allow, with standard errors and degrees of freedom."""

    low: float
    high: float
    low_error: float
    high_error: float
    df: float

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Two tidy rows, the lowest first, with Student's intervals; they hold the effect together, from end to end."""
        from helpers.estimate.intervals import t_test

        ends, errors = np.array([self.low, self.high]), np.array([self.low_error, self.high_error])
        return pd.DataFrame({**t_test(ends, errors, self.df, level), "df": self.df})


def lee_bounds(outcome: np.ndarray, answered: np.ndarray, treated: np.ndarray, clusters: np.ndarray) -> Bounds:
    """Lee's (2009) bounds on a difference of means, treated less others, where more of one group answered.

    From the group that answered more often as large a share is taken off as it answered more often, at the top, then at
    the bottom. Holds for those who answer in any case, where treatment moves answering in one direction only. Errors by the jackknife of clusters
    within groups; degrees of freedom: clusters of the smaller group less one. Raises InputError for fewer than two.

    >>> change = np.array([1.0, 2, 3, 4, np.nan, 2, 3, np.nan, np.nan, np.nan])
    >>> found = lee_bounds(change, ~np.isnan(change), np.arange(10) < 5, np.arange(10))
    >>> found.low, found.high
    (-1.0, 1.0)

    Parameters
    ----------
    outcome, answered : of each person who was asked (any value where there was no answer), and whether there was one
    treated, clusters : whether a person is of the treated, and the cluster, which holds one kind
    """
    groups = {kind: np.unique(clusters[treated == kind]) for kind in (True, False)}
    fewest = min(map(len, groups.values()))
    if fewest < 2:
        raise InputError("bounds need two clusters or more in each group.")
    low, high = _trimmed(outcome, answered, treated)
    squares = np.zeros(2)
    for names in groups.values():
        others = [clusters != name for name in names]
        without = np.array([_trimmed(outcome[keep], answered[keep], treated[keep]) for keep in others])
        squares += (len(names) - 1) / len(names) * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return Bounds(low, high, *np.sqrt(squares), fewest - 1.0)


def _trimmed(outcome: np.ndarray, answered: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """The two differences of means, with a person at the edge taken off in part, as the share has it."""
    rates = [answered[treated == kind].mean() for kind in (True, False)]
    values = [np.sort(outcome[(treated == kind) & answered]) for kind in (True, False)]
    if not min(rates) > 0:
        raise InputError("bounds need somebody who answered in each group.")
    more = int(rates[1] > rates[0])  # the place of the group that is trimmed
    kept = len(values[more]) * rates[1 - more] / rates[more]
    weights = np.clip(kept - np.arange(len(values[more])), 0, 1)
    lowest, highest = (float(np.average(v, weights=weights)) for v in (values[more], values[more][::-1]))
    other = float(values[1 - more].mean())
    return (other - highest, other - lowest) if more else (lowest - other, highest - other)
