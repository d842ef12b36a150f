"""What breaks a method, told: which inferences hold where one thing is wrong, and which nothing mends."""

import pandas as pd

from helpers.estimate.panels import KINDS
from helpers.notebook.markup import strong

LEVEL = 0.05
USUAL, BETTER = "usual margin of error", "made for few schools"
VERDICTS = {
    "broken": "Neither margin of error works",
    "mended": "Only the one made for few schools works",
    "holds": "The usual one works",
}
"""What `judged` finds, in words for a figure."""
FAULTS = {
    "nothing is wrong": "nothing is wrong",
    "few schools: 4 of 8 treated": "only 8 schools, 4 of them take part",
    "two treated schools of 20": "only 2 of 20 schools take part",
    "unequal sizes": "schools of very unequal size",
    "serial shocks (correlation 0.5)": "a school's good and bad years last",
    "the treated are one district": "all who take part are in one district",
    "one district, nothing to compare": "one district, and no others to compare",
    "one of five items drifts": "one of five questions changes its meaning",
    "low practice answers less": "who practises less answers less often",
}
"""Worlds of `simulate.violations`, in words for a figure, the first to compare with."""


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a world: how plain clustered errors (CRV1) and the default inference fare, and which of three is the case.

    Columns: world, `level` and `coverage` of CRV1, `default` (permutation where it can be had, else CR2) with
    `default_level` and `default_coverage`, bias, bias_se, `verdict`: "holds" where neither test rejects more often than it
    says, "mended" where only CRV1's does, else "broken". A share counts as too large where its whole interval is above.
    `careful`: the default inference's intervals hold the truth more often than they promise.

    `rows`: of `simulate.violations.everything`.
    """
    found = []
    for world, part in rows.groupby("world", sort=False):
        part = part.set_index("inference")
        default = "permutation" if part["level"].notna()["permutation"] else "CR2"
        plain, better = part.loc["CRV1"], part.loc[default]
        verdict = "broken" if better["level_low"] > LEVEL else "mended" if plain["level_low"] > LEVEL else "holds"
        found.append({
            "world": world, "level": plain["level"], "coverage": plain["coverage"], "default": default,
            "default_level": better["level"], "default_coverage": better["coverage"],
            "bias": plain["bias"], "bias_se": plain["bias_se"], "verdict": verdict,
            "careful": verdict == "holds" and better["coverage_low"] > 1 - LEVEL,
        })  # fmt: skip
    return pd.DataFrame(found)


def drawn(rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Rows for `dot_plots.rates`: of each world CRV1 and the default inference; what to compare with, then the worst first.

    `found`: as `judged` has it.
    """
    sound = found["world"] == next(iter(FAULTS))
    rank = found["verdict"].map(list(VERDICTS).index).mask(sound, -1)
    found = found.assign(rank=rank).sort_values(["rank", "coverage"])
    kinds = [(r.world, r.verdict, *kind) for r in found.itertuples() for kind in (("CRV1", USUAL), (r.default, BETTER))]
    shown = pd.DataFrame(kinds, columns=["world", "verdict", "inference", "series"]).merge(
        rows, on=["world", "inference"]
    )
    heading = shown["verdict"].map(VERDICTS).mask(shown["world"] == next(iter(FAULTS)), "To compare with")
    return shown.assign(group=heading, label=shown["world"].map(FAULTS), share=shown["coverage"])


def headline(found: pd.DataFrame) -> str:
    """Under how many faults intervals fail, by `judged`, which has the world without a fault too."""
    faults = found[found["world"] != next(iter(FAULTS))]
    held, n = faults["verdict"].value_counts(), len(faults)
    mended = held.get("mended", 0)
    fail = held.get("broken", 0) + mended
    if not fail:
        return f"The usual margin of error works in all {n} flawed, made-up designs."
    rest = f"one made for few schools rescues {mended or 'none'} of them"
    return f"The usual margin of error fails in {fail} of {n} flawed, made-up designs; {rest}."


def told(found: pd.DataFrame) -> list[str]:
    """What `judged` found, a sentence a world that is not as it should be, and one for all others."""
    said = []
    for row in found[found["verdict"] == "mended"].itertuples():
        said.append(
            f"{strong(row.world.capitalize() + '.')} With {KINDS['CRV1']}, intervals that should hold the truth 95 times in 100 hold it "
            f"{_times(row.coverage)}. A test finds an effect that is not there {_times(row.level)} in 100, instead of 5 times. "
            f"With {KINDS[row.default]} it is {_times(row.default_coverage)} and {_times(row.default_level)}."
        )
    for row in found[found["verdict"] == "broken"].itertuples():
        side = "high" if row.bias > 0 else "low"
        off = abs(row.bias) > 1.96 * row.bias_se
        why = (
            f" Estimates are too {side} by {abs(row.bias):.2f} standard deviations, and no interval knows."
            if off
            else ""
        )
        said.append(
            f"{strong(row.world.capitalize() + '.')} No inference mends it. Intervals hold the truth {_times(row.default_coverage)} "
            f"in 100, and a test finds what is not there {_times(row.default_level)} in 100.{why}"
        )
    for row in found[found["careful"]].itertuples():
        said.append(
            f"{strong(row.world.capitalize() + '.')} With {KINDS[row.default]}, intervals hold the truth {_times(row.default_coverage)} "
            "in 100, more often than they promise: they are safe, and wider than they need be."
        )
    held = found.loc[found["verdict"].eq("holds") & ~found["careful"], "world"]
    if len(held):
        said.append(f"All do what they say, as far as so many studies can tell: {'; '.join(held)}.")
    return said


def _times(share: float) -> str:
    """A share as so many times of 100; what is neither never nor always is not rounded to it."""
    count = round(100 * share)
    if count in (0, 100) and 0 < share < 1:
        return "more than 99 times" if count else "less than once"
    return "once" if count == 1 else f"{count} times"
