"""How often tests at 5 percent reject when nothing is true, by each inference, before (CRV1) and now (the default).

    make bench

Simulated studies, 2,000 a row: schools' means stray from wave to wave, and where a term varies within schools, its effect
does from school to school. The default is a permutation of schools where whole schools are treated, else CR2, and gives
no p-value where `permutation.comparable` says so; its level is that of the studies that get one. A dash stands where there
is none, or fewer than one study in ten has one. What rejects more than 7 percent by default is marked and fails nothing.
At the end: how often an item is said to have moved, or to differ between groups, although none does.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import differing
import drifting
import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, item_drift, permutation
from helpers.project import InputError
from helpers.simulate import rating_scale, violations

KINDS = ("CRV1", "CRV3", "CR2", "bootstrap", "permutation")
MOST = 0.07
TEACHERS, SHOCK_SD, SPREAD = 15, 0.2, 0.7
"""Teachers of a school in a wave; by what its mean strays, where theirs spread by one; SD of the logarithm of sizes."""


@dataclass(frozen=True)
class Cell:
    """Schools, of which some are treated or some have a term that varies within them; `who` of unequal ones these are."""

    schools: int
    some: int
    unequal: bool = False
    who: str = "any"
    within: bool = False

    def __str__(self) -> str:
        what = f"x varies in {self.some}" if self.within else f"{self.some} treated"
        sizes = {"any": "unequal sizes", "smallest": "the smallest", "largest": "the largest"}[self.who]
        return f"{what} of {self.schools}{', ' + sizes if self.unequal else ''}"


def cells() -> list[Cell]:
    """All rows of the table."""
    found = []
    for schools in (2, 3, 4, 6, 8, 10, 20, 30):
        for some in sorted({1, min(2, schools // 2), max(1, schools // 4), schools // 2}):
            found += [Cell(schools, some, unequal) for unequal in (False, True)]
    for schools in (10, 20, 30):
        for some in (1, 2, 3, 5):
            found += [Cell(schools, some, True, who) for who in ("smallest", "largest")]
            found += [Cell(schools, some, unequal, within=True) for unequal in (False, True) if some > 1]
    return found


def study(cell: Cell, rng: np.random.Generator) -> tuple:
    """Cross-products whose last term has no effect, and which schools are treated."""
    log_size = rng.normal(-(SPREAD**2) / 2, SPREAD, cell.schools) * cell.unequal
    if cell.who != "any":
        log_size = np.sort(log_size)[:: 1 if cell.who == "smallest" else -1]
    size = np.maximum(2, np.round(TEACHERS * np.exp(log_size)))
    some = np.arange(cell.schools) < cell.some
    shocks = SHOCK_SD * rng.normal(size=(cell.schools, 2))
    if not cell.within:
        counts = np.repeat(size[:, None], 2, axis=1)
        sums = counts * shocks + np.sqrt(counts) * rng.normal(size=counts.shape)
        return violations.cross_products(counts, sums, some, np.array([False, True]))
    # Four cells a school, wave by x; in schools where x does not vary, those of x = 1 are empty.
    after, x = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    counts = np.where(some[:, None], np.ceil(size / 2)[:, None], size[:, None] * (x == 0))
    slopes = SHOCK_SD * rng.normal(size=(cell.schools, 2))
    sums = counts * (shocks[:, after] + slopes[:, x]) + np.sqrt(counts) * rng.normal(size=counts.shape)
    columns = np.repeat(np.stack([after, x], axis=1)[None].astype(float), cell.schools, axis=0)
    return rating_scale.within_cells(counts, sums, columns, ["after", "x"]), None


def levels(cell: Cell, draws: int) -> dict[str, float]:
    """Share of tests that reject, by inference, and by the default; NaN where there is no p-value."""
    rng = np.random.default_rng([cell.schools, cell.some, cell.unequal, len(cell.who), cell.within])
    found = []
    for place in range(draws):
        data, treatment = study(cell, rng)
        alone = fixed_effects.varying(data)[-1] < 2  # no error between clusters is seen: panels.table gives none
        row = {}
        for kind in KINDS if treatment else KINDS[:-1]:
            if not alone or kind == "permutation":
                try:
                    row |= violations.p_values(data, 0.0, treatment, (kind,), place)
                except InputError:
                    row[kind] = np.nan
        given = not treatment or permutation.comparable(data, treatment, data.terms[-1])
        row["default"] = row.get("permutation" if treatment else "CR2") if given else np.nan
        found.append(row)
    p = pd.DataFrame(found, columns=[*KINDS, "default"], dtype=float)
    share = (p <= 0.05).sum() / p.notna().sum()
    enough = p.notna().mean() >= np.where(p.columns == "default", 0.1, 1)  # of a few studies a level is chance
    return share.where(enough).to_dict()


def some_item_moves(seed: int, schools: int) -> bool:
    """Whether `item_drift` finds something in answers to items that keep their places while everybody rises."""
    frame = drifting.students(seed, schools=schools)
    first, *later = drifting.YEARS
    return bool(item_drift.drift(drifting.cells(frame), drifting.anchored(), first, later)["moved"].any())


def items_that_differ(seed: int, mean: float, shift: float = 0.0) -> list[int]:
    """Places of items that `item_dif` finds between two groups, the second of which does everything more often by `mean` logits."""
    rng = np.random.default_rng([seed, round(10 * abs(shift))])
    one, two = differing.drawn(rng), differing.drawn(rng, mean=mean, shift=shift)
    found = differing.compare(differing.sample(*one), differing.sample(*two))
    return found["place"][found["found"]].tolist()


def main() -> None:
    """Simulate everything and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    draws, rows, started = parser.parse_args().draws, cells(), time.perf_counter()
    print(f"Rejections at 5% when nothing is true, {draws:,} studies a row, percent")
    print(f"  {'':<36}" + "".join(f"{kind:>12}" for kind in [*KINDS, "default"]))
    high = []
    with ProcessPoolExecutor(2) as pool:
        for cell, found in zip(rows, pool.map(partial(levels, draws=draws), rows), strict=True):
            texts = ["–" if np.isnan(share) else f"{100 * share:.1f}" for share in found.values()]
            if found["default"] > MOST:
                high.append(str(cell))
            mark = "  !" if found["default"] > MOST else ""
            print(f"  {cell!s:<36}" + "".join(f"{text:>12}" for text in texts) + mark, flush=True)
        drawn = 100
        for schools in (12, 40):
            moved = sum(pool.map(partial(some_item_moves, schools=schools), range(drawn)))
            print(
                f"  an item is said to move in {moved} of {drawn} studies in which none does ({schools} schools, 8 tests each)"
            )
        for mean in (0.0, 1.0):
            none = sum(map(bool, pool.map(partial(items_that_differ, mean=mean), range(drawn))))
            alone = sum(f == [1] for f in pool.map(partial(items_that_differ, mean=mean, shift=-1.5), range(drawn)))
            print(
                f"  an item is said to differ in {none} of {drawn} pairs of groups {mean:g} logits apart in which none does; "
                f"one that differs by 1.5 logits is found, and no other, in {alone}"
            )
    print(f"  by default over {MOST:.0%}: {'; '.join(high) or 'none'}; {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
