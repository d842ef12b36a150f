"""What breaks a method, told: which inferences hold where one thing is wrong, and which nothing mends."""

import pandas as pd

from helpers.notebook.markup import strong

LEVEL = 0.05


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a world: how plain clustered errors (CRV1) and the default inference fare, and which of three is the case.

    Columns: world, `level` and `coverage` of CRV1, `default` (permutation where it can be had, else CR2) with
    `default_level` and `default_coverage`, bias, bias_se, `verdict`: "holds" where neither test rejects more often than it
    says, "mended" where only CRV1's does, else "broken". A share counts as too large where its whole interval is above.

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
        })  # fmt: skip
    return pd.DataFrame(found)


USUAL, BETTER = "usual margin of error (CRV1)", "made for few schools (CR2, permutation)"
"""The two ways that are drawn, in words."""


def worst_first(rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """What is drawn: coverage by plain clustered errors and by the default inference, the worst world first.

    Rows `label` (world), `series` (USUAL or BETTER), `inference, share, low, high`. `rows`, `found`: as for, and of, `judged`.
    """
    order = found.sort_values("coverage", kind="stable")["world"].tolist()
    default = rows["world"].map(found.set_index("world")["default"])
    drawn = rows[rows["inference"].eq("CRV1") | rows["inference"].eq(default)]
    drawn = drawn.assign(series=drawn["inference"].eq("CRV1").map({True: USUAL, False: BETTER}))
    names = {"world": "label", "coverage": "share", "coverage_low": "low", "coverage_high": "high"}
    return drawn.rename(columns=names).sort_values("label", key=lambda worlds: worlds.map(order.index), kind="stable")[
        ["label", "series", "inference", "share", "low", "high"]
    ]


def told(found: pd.DataFrame) -> list[str]:
    """What `judged` found, a sentence a world that is not as it should be, and one for all others."""
    said = []
    for row in found[found["verdict"] == "mended"].itertuples():
        said.append(
            f"{strong(row.world.capitalize())}: of 100 intervals that should hold the truth 95 times, those of CRV1 hold it "
            f"{_times(row.coverage)}, and of 100 tests {_times(row.level)} one finds an effect that is not there, instead of "
            f"5 times. By {row.default} it is {_times(row.default_coverage)} and {_times(row.default_level)}."
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
            f"{strong(row.world.capitalize())}: no inference mends it. Of 100 intervals the truth is held "
            f"{_times(row.default_coverage)}, and of 100 tests {_times(row.default_level)} one finds what is not there.{why}"
        )
    held = found.loc[found["verdict"] == "holds", "world"]
    if len(held):
        said.append(f"All do what they say, as far as so many studies can tell: {'; '.join(held)}.")
    return said


def _times(share: float) -> str:
    """A share as so many times of 100; what is neither never nor always is not rounded to it."""
    count = round(100 * share)
    if count in (0, 100) and 0 < share < 1:
        return "more than 99 times" if count else "less than once"
    return "once" if count == 1 else f"{count} times"
