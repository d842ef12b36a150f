"""Made-up answers to items whose places are known in each year."""

import numpy as np
import pandas as pd

from helpers.estimate import rasch
from helpers.simulate import rating_scale

PLACES, STEPS = np.array([-0.6, -0.1, 0.2, 0.5]), np.array([-1.2, 0.1, 1.1])
YEARS = ["2015", "2016", "2017"]
ITEMS = [f"i{place + 1}" for place in range(len(PLACES))]


def students(
    seed: int, moves: dict[tuple[str, str], float] | None = None, schools: int = 40, rise: float = 0.3
) -> pd.DataFrame:
    """`school, year` and answers 0 to 3, some left out; schools and years differ in how many there are and where they stand.

    Parameters
    ----------
    seed, schools, rise : of the draws; how many schools; by how many logits everybody goes up in a year
    moves : (year, item) -> by how much the item lies elsewhere
    """
    rng, parts = np.random.default_rng(seed), []
    for school in range(schools):
        place = rng.normal(0, 0.4)
        for later, year in enumerate(YEARS):
            size = rng.integers(12, 60)
            shift = [(moves or {}).get((year, item), 0.0) for item in ITEMS]
            scale = rasch.Scale(pd.Series(PLACES + shift, ITEMS), STEPS)
            drawn = rating_scale.answers(scale, place + rise * later + rng.normal(0, 1.4, size), rng)
            answers = pd.DataFrame(np.where(drawn < 0, np.nan, drawn), columns=ITEMS)
            parts.append(answers.assign(school=f"school {school}", year=year))
    return pd.concat(parts, ignore_index=True)


def cells(frame: pd.DataFrame, items: list[str] = ITEMS) -> pd.DataFrame:
    """Sums as `item_drift.drift` takes them."""
    answers = frame[items].set_axis(range(len(items)), axis=1)
    found = pd.concat([frame[["school", "year"]], rasch.cell_of(answers), answers.fillna(0)], axis=1).assign(n=1)
    found = found.rename(columns={"school": "cluster"})
    return found.groupby(["cluster", "year", "answered", "score"], as_index=False).sum()


def anchored(items: list[str] = ITEMS) -> rasch.Scale:
    """The scale that the students of the first year answer by."""
    return rasch.Scale(pd.Series(PLACES, ITEMS)[items], STEPS)
