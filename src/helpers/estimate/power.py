"""How large a study must be to see an effect of a given size, from the variances that its errors are made of."""

import numpy as np
from scipy import special  # what scipy.stats would call, without its import time


def year_effect_se(
    schools: np.ndarray, students: np.ndarray, shock_sd: float, residual_sd: float
) -> np.ndarray:
    """Standard error of the difference between two years in schools of equal size.

    A school's mean of one year strays by its own shock and by the chance of who answered: the variance is
    2 (shock_sd^2 + residual_sd^2 / students) / schools. `students`: respondents of a school in one year.
    """
    return np.sqrt(2 * (shock_sd**2 + residual_sd**2 / students) / schools)


def power(effect: float, std_error: np.ndarray, df: np.ndarray, alpha: float = 0.05) -> np.ndarray:
    """Probability that a two-sided t test at `alpha` finds an effect of this size (noncentral t)."""
    critical = special.stdtrit(df, 1 - alpha / 2)
    shift = np.abs(effect) / std_error
    # scipy gives NaN where a tail is thinner than it can compute: nothing is there.
    missed = np.nan_to_num(special.nctdtr(df, shift, critical))
    wrong_side = np.nan_to_num(special.nctdtr(df, shift, -critical))
    return 1 - missed + wrong_side


def schools_needed(
    effect: float,
    students: float,
    shock_sd: float,
    residual_sd: float,
    *,
    target: float = 0.80,
    alpha: float = 0.05,
) -> int:
    """Fewest schools, `students` respondents a year each, with which a year effect is found with power `target`."""
    most = 2
    while _power_with(most, effect, students, shock_sd, residual_sd, alpha) < target:
        most *= 2
    counts = np.arange(max(2, most // 2), most + 1)
    enough = _power_with(counts, effect, students, shock_sd, residual_sd, alpha) >= target
    return int(counts[enough.argmax()])


def _power_with(schools, effect, students, shock_sd, residual_sd, alpha):
    std_error = year_effect_se(schools, students, shock_sd, residual_sd)
    return power(effect, std_error, schools - 1, alpha)
