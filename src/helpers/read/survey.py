"""Answers to ordered questions by people in groups, with survey weights: what every source is turned into."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

NOT_ADMINISTERED, NO_ANSWER = -1, -2
"""Codes of an item nobody was asked, and of one left without a valid answer."""


@dataclass(frozen=True)
class Survey:
    """One row a respondent.

    `frame`: `cycle, system, level, school_id`, columns to divide respondents by, and one whole-number column an item:
    1 to the number of `categories` (lowest first), NOT_ADMINISTERED or NO_ANSWER. `school_id` is unique within a
    cycle, system and level, and empty where no school is known. `weights`: n x (1 + R), the final weight first, then
    R replicate weights (R = 0: none). `fay` is Fay's k of the replicates. Answers from `often` on count as often;
    `statistics` names the two headline shares: of the lowest answer, and of those. Cells that rest on fewer than
    `fewest` respondents or schools are not shown.
    """

    frame: pd.DataFrame
    items: dict[str, str]
    categories: list[str]
    often: int
    statistics: tuple[str, str]
    weights: np.ndarray
    fay: float
    fewest: tuple[int, int]
    files: tuple[Path, ...]
    simulated: bool
