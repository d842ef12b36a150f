"""Somebody who has every digit of what a run tells: numbers of people follow from coefficients and sums.

A number with all its digits is a fraction that the sizes of groups are in, and only few sizes give just these digits. Knowledge
and victims are those of `attackers`.
"""

import numpy as np
import pandas as pd
from attackers import FEW, Report, half_a_digit, tables

import inprocess

_SAME = 1e-9


def on_models(report: Report, ran: inprocess.Ran, frame: pd.DataFrame, group: pd.Series, items: list[str], often: int) -> None:  # fmt: skip
    """How many have one level of each of two columns, from a linear model of both: its normal equations in whole numbers."""
    told = tables(ran)
    rows = told["explained"].query("model == 'linear'").dropna(subset=["estimate", "n"])
    shown = told["shares"].query("statistic == 'often'").set_index(["system", "item"])
    for (name, item), pair in rows.groupby(["system", "item"]):
        given = frame[(group == name) & frame[item].notna()]
        n = int(pair["n"].iloc[0])
        if len(pair) != 2 or n != len(given):
            continue
        columns = [term.split(": ") for term in pair["term"]]
        both = int(np.logical_and.reduce([given[column] == level for column, level in columns]).sum())
        if item not in items or both not in FEW:
            continue
        report.tried += 1
        hits = round(shown.loc[(name, item), "share"] * n)
        assert hits == (given[item] >= often).sum()
        found = _together(pair["estimate"].to_numpy(), n, hits)
        assert both in found, f"{name}, {item}: {both} are not among {found}"
        if len(found) == 1:
            report.found.append(f"{name}, {item}: {both} have {pair['term'].iloc[0]} and {pair['term'].iloc[1]}")


def _together(slopes: np.ndarray, n: int, hits: int) -> set[int]:
    """How many can have both of two levels, where `hits` of `n` are explained by them with these slopes."""
    reach = max(map(half_a_digit, slopes))
    one, two, both = np.meshgrid(np.arange(10, n - 9), np.arange(10, n - 9), np.arange(0, n - 9), indexing="ij")
    fits = (both <= np.minimum(one, two)) & (one + two - both <= n)
    start = (hits - slopes[0] * one - slopes[1] * two) / n
    for own, other, slope, more in ((one, two, slopes[0], slopes[1]), (two, one, slopes[1], slopes[0])):
        of_level = (start + slope) * own + more * both
        off = reach * (own + own * (own + other) / n + both)
        fits &= (np.abs(of_level - np.round(of_level)) <= off + _SAME * n) & (of_level > -0.5) & (of_level < own + 0.5)
    return set(both[fits].tolist())
