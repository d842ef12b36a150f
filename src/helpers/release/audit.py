"""Whether sums that leave tell about a few students: decided by algebra on who is there, not by lists of cells.

Each count that is told is the sum, over students, of a function of their categories: one for everybody, one for each level, one
for each pair of levels of two columns. Whatever can be computed from such sums is the sum of a function in their span, and so is
the sum of the outcome over any set that can be told. A function that is zero for all but 1 to 9 students tells about these. With
the functions as columns of a matrix Z, students in rows, such a function is a vector Za with so few entries that are not zero.

Most schools are cleared by their leverages h = diag Z(Z'Z)^-1 Z': as (Za)_i^2 <= h_i |Za|^2, the h of those few must add up to one.
The others are decided by integer programming, exactly, or not in time, which is told.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from helpers.project import InputError
from helpers.read.suppression import MINIMUM

SECONDS = 60.0
"""For the programmes of one panel; what is not decided by then must not leave."""
DIGITS = 16
"""Those of a number that is written so that it reads back bit for bit."""
_ZERO = 1e-8


def design(patterns: pd.DataFrame) -> np.ndarray:
    """The functions whose sums are told, one a column: a constant, each level but the first of each column, and products.

    `patterns`: a row a combination of levels that occurs, a column a category.
    """
    codes = [pd.factorize(patterns[name])[0] for name in patterns]
    dummies = [np.eye(code.max() + 1)[code][:, 1:] for code in codes]
    pairs = [a[:, :, None] * b[:, None, :] for a, b in combinations(dummies, 2)]
    return np.hstack([np.ones((len(patterns), 1)), *dummies, *(pair.reshape(len(patterns), -1) for pair in pairs)])


def school_by_school(sizes: np.ndarray) -> bool:
    """Whether pooled sums of products tell how many students of each school have a level, from `sizes` of the schools.

    Such a sum is that of N - N^2 / n over schools. There are about as many ways to choose all N as the product of the n; where these
    are fewer than a number's digits tell apart, whoever knows the n finds the N by trying.
    """
    return bool(np.log10(np.asarray(sizes, float)).sum() < DIGITS)


def few_told(functions: np.ndarray, counts: np.ndarray, seconds: float = SECONDS, minimum: int = MINIMUM) -> np.ndarray:
    """Which rows make up fewer than `minimum` students about whom a function in the span tells alone; no row if there is none.

    Raises InputError where that is not decided in time.

    Parameters
    ----------
    functions, counts : patterns x functions, as `design` gives them; students of each pattern
    seconds, minimum : how long to look, and how many students are enough
    """
    none = np.zeros(len(counts), bool)
    small = counts < minimum
    if not small.any():
        return none
    # A function that is told and zero for all large patterns; one column a direction.
    basis = functions[small] @ _null_space(functions[~small], functions.shape[1])
    left, share, _ = np.linalg.svd(np.sqrt(counts[small])[:, None] * basis, full_matrices=False)
    left = left[:, share > _ZERO * max(1.0, share.max(initial=0.0))]
    values = left / np.sqrt(counts[small])[:, None]  # orthonormal over students
    leverage = np.einsum("pd,pd->p", values, values)
    found = none.copy()
    found[np.flatnonzero(small)] = _programme(values, leverage, counts[small], seconds, minimum)
    return found


def _programme(
    values: np.ndarray, leverage: np.ndarray, counts: np.ndarray, seconds: float, minimum: int
) -> np.ndarray:
    """The rows of `few_told` among patterns of few students; `values`: patterns x directions; `leverage`: of a student."""
    rows, none = len(counts), np.zeros(len(counts), bool)
    if _most(leverage, counts, minimum) < 1 - _ZERO:
        return none
    alone = np.flatnonzero(leverage * counts > 1 - _ZERO)
    if len(alone):
        none[alone[0]] = True
        return none
    # The largest entry of the vector is one, so that the others lie between plus and minus the sign that they are used.
    one = np.eye(rows)
    bounded = [
        LinearConstraint(np.hstack([values, -one]), -np.inf, 0.0),
        LinearConstraint(np.hstack([values, one]), 0.0, np.inf),
    ]
    rest = np.zeros(values.shape[1])
    few = LinearConstraint(np.r_[rest, counts], 1, minimum - 1)
    enough = LinearConstraint(np.r_[rest, counts * leverage], 1 - _ZERO, np.inf)
    free = np.r_[np.full(values.shape[1], np.inf), np.ones(rows)]
    low = np.r_[np.full(values.shape[1], -np.inf), np.zeros(rows)]
    integer = np.r_[rest, np.ones(rows)]
    share = seconds
    for largest in np.flatnonzero(leverage >= 1 / (minimum - 1) - _ZERO):
        fixed = LinearConstraint(np.r_[values[largest], np.zeros(rows)], 1, 1)
        solved = milp(
            np.r_[rest, counts], constraints=[*bounded, few, enough, fixed], integrality=integer,
            bounds=Bounds(low, free), options={"time_limit": max(share, 0.01)},
        )  # fmt: skip
        if solved.x is not None:
            return solved.x[values.shape[1] :] > 0.5
        if solved.status != 2:  # neither found nor shown to be impossible
            raise InputError(f"whether sums tell about fewer than {minimum} students could not be decided in time.")
    return none


def _most(leverage: np.ndarray, counts: np.ndarray, minimum: int) -> float:
    """The largest sum of leverages that so few students can have."""
    total, left = 0.0, minimum - 1
    for place in np.argsort(-leverage):
        taken = min(left, counts[place])
        total, left = total + taken * leverage[place], left - taken
        if not left:
            break
    return total


def _null_space(matrix: np.ndarray, columns: int) -> np.ndarray:
    """Orthonormal columns a with matrix @ a = 0; all of them where the matrix has no rows."""
    if not len(matrix):
        return np.eye(columns)
    _, share, right = np.linalg.svd(matrix)
    rank = int((share > _ZERO * share.max()).sum())
    return right[rank:].T
