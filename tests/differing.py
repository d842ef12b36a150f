"""Groups of people who answer the same items, one of which may be answered otherwise in one group."""

import numpy as np

from helpers.estimate import item_dif
from helpers.estimate.item_dif import Groups
from helpers.estimate.shares import Sample
from helpers.estimate.survey_means import Design

THRESHOLDS, LOCATIONS = np.array([-1.0, 0.4, 1.6]), np.array([-0.8, 0.5, 0.0, 1.0, -0.3, 0.7])


def drawn(rng, n=700, mean=0.0, shift=0.0, items=6, schools=50):
    """Answers 1 to 4 of a graded response model, with schools; `shift` is of the second item."""
    school = np.arange(n) % schools
    level = mean + rng.normal(size=n) + 0.5 * rng.normal(size=schools)[school]
    lines = level[:, None] + LOCATIONS[:items] + shift * (np.arange(items) == 1)
    codes = 1 + ((lines + rng.logistic(size=lines.shape))[:, :, None] > THRESHOLDS).sum(axis=2)
    weights = np.exp(0.3 * rng.normal(size=schools))[school]
    return codes, weights, school


def sample(codes, weights, school, strata=None):
    weights = weights if weights.ndim > 1 else weights[:, None]
    strata = np.zeros(school.max() + 1, dtype=int) if strata is None else strata
    n = len(codes)
    return Sample({}, codes, np.empty((n, 0)), weights, school, Design(school, strata), np.zeros(n, dtype=int))


def compare(*samples, **more):
    return found(*samples, **more).items


def compare_each(*samples, **more):
    return found(*samples, **more).groups


def found(*samples, often=3, **more):
    usable = np.ones((len(samples), samples[0].codes.shape[1]), bool)
    return item_dif.dif(Groups(samples, usable, 4, often, **more))
