"""Somebody who has every digit of what a run tells: numbers of people follow from coefficients and sums.

A number with all its digits is a fraction that the sizes of groups are in, and only few sizes give just these digits. Knowledge
and victims are those of `attackers`.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from attackers import FEW, Report, half_a_digit, tables

import inprocess
from helpers.release import released

_SAME = 1e-9


def on_models(report: Report, ran: inprocess.Ran, frame: pd.DataFrame, group: pd.Series, items: list[str], often: int) -> None:  # fmt: skip
    """How many have one level of each of two columns, from a linear model of both: its normal equations in whole numbers."""
    told = tables(ran)
    if "explained" not in told:  # of no group a model can be shown
        return
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


def on_weights(report: Report, shares: pd.DataFrame, frame: pd.DataFrame, whom: str, item: str) -> None:
    """Look for answers of the few of a school, where it is known how many of each school there are, and what each of them weighs.

    All ways to spread an answer over schools are tried. `shares`: columns `statistic, share` of the item; `frame`: columns `school,
    weight` and the item, of these people.
    """
    people = frame.groupby("school")["weight"].agg(["size", "first"])
    ways = np.array(np.meshgrid(*[np.arange(n + 1) for n in people["size"]], indexing="ij")).reshape(len(people), -1).T
    weighted = ways @ people["first"].to_numpy() / frame["weight"].sum()
    decimals = np.floor(np.log10(len(frame) / 0.03 + 1e-9))  # where none has more
    shares = shares.dropna(subset="share")
    short = (shares["share"] == shares["share"].round(int(decimals))).all()
    for row in shares.itertuples():
        reach = 0.5 * 10.0**-decimals if short and 0 < row.share < 1 else 0.0
        fits = ways[np.abs(weighted - row.share) <= reach + _SAME]
        for school, known in zip(people.index, fits.T, strict=True):
            truth = int(((frame["school"] == school) & (frame[item] == row.statistic)).sum())
            assert truth in known
            if truth in FEW:
                report.tried += 1
                if len(set(known)) == 1:
                    report.found.append(f"{whom}, {item}, school {school}, answer {row.statistic}: {truth}")


# ---- released sums -------------------------------------------------------------------------------------------------------


def on_pooled(report: Report, folder: Path, sizes: dict[str, int], counts: pd.DataFrame) -> None:
    """How many students of each school there are in two years, from pooled sums and the schools' sizes, by meeting in the middle.

    `counts`: schools x years, the first of which is the baseline. Within schools a product of two dummies is the sum of
    N - N^2 / n, or of - N M / n, over schools.
    """
    (panel,) = json.loads((folder / "about.json").read_text())["panels"]
    sums = released.read_pooled(released.read(folder), panel)
    n, years = np.array([sizes[school] for school in counts.index]), [str(year) for year in counts.columns[1:]]
    one, two = (sums.terms.index(year) for year in years)
    first, second = (_ways(n, sums.xx[place, place]) for place in (one, two))
    crossed = -np.einsum("ig,jg,g->ij", first, second, 1 / n)
    fits = np.abs(crossed - sums.xx[one, two]) < 1e-7
    fits &= (first[:, None, :] + second[None] <= n).all(axis=2)
    for place, school in enumerate(counts.index):
        for year, known in zip(years, (first[fits.any(axis=1)], second[fits.any(axis=0)]), strict=True):
            truth = int(counts.loc[school, int(year)])
            assert truth in known[:, place]
            if truth in FEW:
                report.tried += 1
                if len(set(known[:, place])) == 1:
                    report.found.append(f"{school}, {year}: {truth} students, from pooled sums")


def _ways(n: np.ndarray, total: float) -> np.ndarray:
    """Every N (a row; a column a school) whose N - N^2 / n add up to the total."""
    halves = []
    for part in np.array_split(n, 2):
        grid = np.array(np.meshgrid(*[np.arange(size + 1) for size in part], indexing="ij")).reshape(len(part), -1).T
        halves.append((grid, (grid - grid**2 / part).sum(axis=1)))
    (left, one), (right, two) = halves
    order = np.argsort(two)
    ends = [np.searchsorted(two[order], total - one + reach) for reach in (-1e-8, 1e-8)]
    pairs = [(place, order[at]) for place, (low, high) in enumerate(zip(*ends, strict=True)) for at in range(low, high)]
    return np.array([np.r_[left[a], right[b]] for a, b in pairs])


def on_papers(report: Report, folder: Path, lines: Sequence[str], records: int) -> None:
    """How many records of a file are not in the sums, and counts of a few, from what is beside these.

    `lines`: of the file, as somebody knows them who has seen one like it; `records`: how many it has.
    """
    about = json.loads((folder / "about.json").read_text())
    told = sum(panel["records"] + panel["incomplete"] for panel in about["panels"].values())
    used = sum(panel["records"] for panel in about["panels"].values())
    rest = [n for n in range(used, used + 60) if _rounded(n, about["rows"], told, used)]
    for file in about["inputs"]:
        if "bytes" in file and len(set(map(len, lines[1:]))) == 1:
            exact = (file["bytes"] - len(lines[0]) - 1) / (len(lines[1]) + 1)
            rest = [n for n in rest if n == exact]
    left = records - used
    assert records in rest
    if left in FEW:
        report.tried += 1
        if len(rest) == 1:
            report.found.append(f"{left} records that are not in the sums")
    for sentence in json.loads((folder / "disclosure.json").read_text())["with earlier releases"]:
        report.tried += 1
        if few := re.search(r"\b[1-9] (student|record)s?\b", sentence):
            report.found.append(f"{few[0]} of another release, by disclosure.json")


def _rounded(rows: int, told_rows: int, told: int, used: int) -> bool:
    """Whether so many rows are told so: those not in the sums to the nearest five, and others of no panel (or all rows) too."""
    reach = 2 if (told - used) % 5 == 0 else 0
    return abs(rows - told) <= reach and (told_rows == told or abs(rows - told_rows) <= reach)
