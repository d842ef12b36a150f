"""Somebody who has every table, figure and page of a run, and solves for people who are not shown.

The attacker knows how the notebooks count, and which groups, answers and waves there are; of people only what is told. What is
told are sums of whole numbers that are not below zero; a count is found where the least and the largest that fit are the same
(`scipy.optimize.milp`). A victim is a group of one to nine people whose number is found, or people all of whose answers are.
"""

import html
import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, pairwise, product
from math import ceil, floor, isnan
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

import inprocess
from helpers.release import released

FEW = range(1, 10)
"""Of so few people no count may be known."""


class Known:
    """What is told of whole numbers that are not below zero; `seconds`: after which nobody looks further."""

    def __init__(self, names: Iterable[Hashable], seconds: float = 60.0) -> None:
        self.seconds = seconds
        self.place = {name: place for place, name in enumerate(names)}
        self.rows: list[np.ndarray] = []
        self.ends: list[tuple[float, float]] = []

    def _row(self, parts: Iterable[Hashable] | Mapping[Hashable, float]) -> np.ndarray:
        row = np.zeros(len(self.place))
        for part, times in parts.items() if isinstance(parts, Mapping) else ((part, 1) for part in parts):
            row[self.place[part]] += times
        return row

    def tell(self, parts: Iterable[Hashable] | Mapping[Hashable, float], low: float, high: float | None = None) -> None:
        """The sum of these parts, or of so many times these, is `low`, or lies from `low` to `high`."""
        self.rows.append(self._row(parts))
        self.ends.append((low, low if high is None else high))

    def told_as(self, parts: Iterable[Hashable] | Mapping[Hashable, float], value: float, of: float) -> None:
        """A mean or share `value` of `of` people is told: the whole numbers that print so."""
        total, reach = value * of, of * half_a_digit(value) + 1e-7 * max(of, 1)
        self.tell(parts, ceil(total - reach), floor(total + reach))

    def range(self, parts: Iterable[Hashable] | Mapping[Hashable, float]) -> tuple[int, int]:
        """The least and the largest that the sum of these parts can be; the largest is -1 where it has no end."""
        wanted = self._row(parts)
        low, high = np.array(self.ends).T
        with_told = LinearConstraint(np.array(self.rows), low - 1e-6, high + 1e-6)
        found = []
        for sign in (1, -1):
            solved = milp(
                sign * wanted, constraints=with_told, integrality=np.ones(len(wanted)), bounds=Bounds(0, np.inf),
                options={"time_limit": self.seconds},
            )  # fmt: skip
            if solved.status == 1:
                return 0, -1
            if solved.status in (3, 4) and sign == -1:
                return found[0], -1
            if solved.x is None:
                raise AssertionError(f"what is told contradicts itself: {solved.message}")
            found.append(round(float(wanted @ np.round(solved.x))))
        return found[0], found[1]

    def finds(self, parts: Iterable[Hashable]) -> int | None:
        """The count of these parts, where only one fits."""
        low, high = self.range(parts)
        return low if low == high else None


def half_a_digit(value: float) -> float:
    """Half a unit of the last digit that a number is printed with; nothing of one with all its digits."""
    digits = len(f"{float(value)!r}".partition("e")[0].partition(".")[2])
    return 0.5 * 10.0**-digits if digits < 10 else 0.0


@dataclass
class Report:
    """Which victims were looked for, and which were found."""

    tried: int = 0
    found: list[str] = field(default_factory=list)

    def look(self, known: Known, whom: str, parts: Iterable[Hashable], truth: int, alone: range = FEW) -> None:
        """Whether a count of a few people (`alone`) follows. One that is found and wrong is a mistake of the attacker."""
        if truth not in alone:
            return
        self.tried += 1
        found = known.finds(list(parts))
        assert found in (None, truth), f"{whom}: {found} found, {truth} there"
        if found is not None:
            self.found.append(f"{whom}: {found}")

    def same(self, known: Known, whom: str, parts: Mapping[Hashable, int]) -> None:
        """Whether it follows that all people of these answers (answer -> parts) gave the same one."""
        everybody = [part for some in parts.values() for part in some]
        for answer, some in parts.items():
            if not any(part in known.place for part in some):
                continue
            self.tried += 1
            rest = [part for part in everybody if part not in set(some)]
            if known.range(rest)[1] == 0 and known.range(everybody)[0] > 0:
                self.found.append(f"{whom}: all gave the answer {answer}")

    def apart(self, whom: str, counts: Mapping[str, float]) -> None:
        """Whether two told counts of much the same people differ by a few."""
        told = {name: count for name, count in counts.items() if not isnan(count)}
        for one, two in combinations(told, 2):
            self.tried += 1
            if 1 <= abs(told[one] - told[two]) <= 9:
                self.found.append(f"{whom}: {one} less {two} is {told[one] - told[two]:.0f}")


def tables(ran: inprocess.Ran) -> dict[str, pd.DataFrame]:
    """Every table and every figure's data that a run wrote."""
    return {path.stem.partition("--")[2]: pd.read_csv(path) for path in sorted(ran.folder.rglob("*.csv"))}


def page(ran: inprocess.Ran) -> str:
    """Every word of a run's page, its figures' words among them."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", ran.page)))


def unlike(report: Report, whom: str, one: inprocess.Ran, two: inprocess.Ran) -> None:
    """Whether anything that leaves two runs differs that should not: a word of a page, a cell of a table, a place in a figure."""
    left = [{path.name: path.read_bytes() for path in ran.folder.rglob("*") if path.suffix in (".csv", ".svg")} for ran in (one, two)]  # fmt: skip
    left = [{name.partition("--")[2]: content for name, content in files.items()} for files in left]
    report.tried += len(left[0]) + 1
    names = [name for name in {**left[0], **left[1]} if left[0].get(name) != left[1].get(name)]
    names += ["page"] if one.page != two.page else []  # with what stands for pictures
    report.found += [f"{whom}, by {name}" for name in names]


def counted(ran: inprocess.Ran, name: str = "rows were read") -> tuple[int, int]:
    """Between which numbers the page says that so many rows were read."""
    said = re.search(rf"(about )?([\d,]+) {name}", page(ran), re.I)
    if not said:
        return 0, 10**9
    number = int(said[2].replace(",", ""))
    return (number - 5, number + 5) if said[1] else (number, number)


def people_behind_errors(shares: pd.DataFrame) -> tuple[int, int]:
    """Between which numbers all people of a sample lie: in errors of shares stands the factor N / (N - 1).

    `shares`: columns `share, std_error, n, n_schools`, without weights.
    """
    rows = shares[shares["share"].between(0.001, 0.999) & shares["std_error"].notna() & shares["n_schools"].isna()]
    for row in rows.itertuples():
        ratio = row.std_error**2 * row.n / (row.share * (1 - row.share))
        n = 1 / (1 - 1 / ratio) if ratio > 1 else 0.5
        if not half_a_digit(row.std_error) and abs(n - round(n)) < 1e-3:
            return (round(n), round(n)) if round(n) % 10 else (round(n) - 5, round(n) + 5)
    return 0, 10**9


# ---- a survey of groups: 02, 03 ------------------------------------------------------------------------------------------


def survey(ran: inprocess.Ran, groups: list[str], items: list[str], answers: list[str], frequent: int,
           numbers: Sequence[str] = ()) -> Known:  # fmt: skip
    """What 02 and 03 tell of `(group, item, answer)`; an answer of 0 is none, and of `numbers` 1 is any."""
    codes = range(len(answers) + 1)
    known = Known([(g, i, k) for g in groups for i in [*items, *numbers] for k in codes])
    of = {"lowest": [1], "often": [*codes][-frequent:]} | {word: [k] for k, word in enumerate(answers, 1)}
    for group in groups:
        for one, other in pairwise([*items, *numbers]):  # all people of a group were asked everything
            known.tell({(group, one, k): 1 for k in codes} | {(group, other, k): -1 for k in codes}, 0)
    low, high = counted(ran)
    known.tell([(g, items[0], k) for g in groups for k in codes], low, high)
    for table in tables(ran).values():
        table = table[table.get("n_systems", pd.Series(np.nan, table.index)).isna()]  # means over groups have no people
        if {"system", "share", "std_error", "n", "n_schools"} <= set(table):
            known.tell([(g, items[0], k) for g in groups for k in codes], *people_behind_errors(table))
        if {"item", "n"} <= set(table):
            for row in table[table["item"].isin(numbers)].dropna(subset="n").itertuples():
                known.tell([(row.system, row.item, k) for k in codes[1:]], row.n)
        if {"system", "item", "statistic", "share", "n"} <= set(table):
            for row in table[table["system"].isin(groups)].itertuples():
                n = row.n if not isnan(row.n) else _denominator(row.share)
                if not isnan(n):
                    known.tell([(row.system, row.item, k) for k in codes[1:]], n)
                    if not isnan(row.share):
                        known.told_as([(row.system, row.item, k) for k in of[row.statistic]], row.share, n)
        if "respondents" in table:
            for row in table.itertuples():
                for count, which in ((row.respondents, codes), (row.answered, codes[1:]), (row.no_answer, codes[:1])):
                    if not isnan(count):
                        known.tell([(row.system, row.item, k) for k in which], count)
    return known


def _denominator(share: float) -> float:
    """How many people a share with all its digits was taken of, where it tells."""
    if isnan(share) or half_a_digit(share):
        return np.nan
    return Fraction(share).limit_denominator(2000).denominator


def on_survey(report: Report, ran: inprocess.Ran, frame: pd.DataFrame, group: pd.Series, items: list[str],
              answers: list[str], frequent: int = 2, smallest: int = 0, numbers: Sequence[str] = ()) -> None:  # fmt: skip
    """Look for groups, missing answers and answers of a few people in what 02 or 03 tell; `frame`: also the columns of groups."""
    groups = [*dict.fromkeys(group)]
    known = survey(ran, groups, items, answers, frequent, numbers)
    codes = range(len(answers) + 1)
    for level, about, rows in re.findall(r"(\w+) \((about )?([\d,]+) rows\)", page(ran)):  # totals of a column's levels
        for column in frame.columns[frame.eq(level).any()]:
            n, reach = int(rows.replace(",", "")), 5 * bool(about)
            of_level = group[frame[column] == level].unique()
            known.tell([(g, items[0], k) for g in of_level for k in codes], n - reach, n + reach)
    if smallest:  # of a group that is shown an answer that is not has been given
        for table in tables(ran).values():
            if {"system", "item", "statistic", "share", "n"} <= set(table):
                single = table["statistic"].isin(answers) & table["share"].isna() & table["n"].notna()
                for row in table[single].itertuples():
                    known.tell([(row.system, row.item, answers.index(row.statistic) + 1)], 1, np.inf)
    for name in groups:
        own = frame[group == name]
        report.look(known, f"{name}, people", [(name, items[0], k) for k in codes], len(own))
        for column in numbers:
            report.look(known, f"{name}, {column}, no number", [(name, column, 0)], int(own[column].isna().sum()))
        for item in items:
            given = own[item].fillna(0).astype(int)
            few = 1 <= (given > 0).sum() <= 9
            report.look(
                known, f"{name}, {item}, answered", [(name, item, k) for k in codes[1:]], int((given > 0).sum())
            )
            report.look(known, f"{name}, {item}, no answer", [(name, item, 0)], int((given == 0).sum()))
            for k in codes[1:]:
                alone = FEW if few else range(1, smallest)
                report.look(known, f"{name}, {item}, answer {k}", [(name, item, k)], int((given == k).sum()), alone)
            if given[given > 0].nunique() == 1:
                report.same(known, f"{name}, {item}", {k: [(name, item, k)] for k in codes[1:]})


def on_levels(report: Report, ran: inprocess.Ran, frame: pd.DataFrame, group: pd.Series, by: str, items: list[str]) -> None:  # fmt: skip
    """How many are of a hidden level, from the differences of two others that 03 tells, with as many digits as it tells."""
    told = tables(ran)
    for (name, item), rows in told["by"].dropna(subset="estimate").groupby(["system", "item"]):
        shown = told["shares"].query("system == @name and item == @item").dropna(subset=["share", "n"])
        if shown.empty:
            continue
        n, own = int(shown["n"].iloc[0]), frame[(group == name) & frame[item].notna()]
        total = {row.statistic: round(row.share * row.n) for row in shown.itertuples()}
        for (one, two), pair in rows.groupby(["term", "other"]):
            rest = int((~own[by].isin([one, two])).sum())
            if rest not in FEW:
                continue
            report.tried += 1
            fits = {n - a - b for a in range(10, n - 9) for b in range(10, n - a + 1) if 0 < n - a - b < 10
                    and all(_fits(row.estimate, a, b, total[row.statistic], n - a - b) for row in pair.itertuples())}  # fmt: skip
            assert rest in fits, f"{name}, {item}: {rest} of another {by} are not among {fits}"
            if len(fits) == 1:
                report.found.append(f"{name}, {item}: {rest} of another {by} than {one} and {two}")
    for row in told.get("within-schools", pd.DataFrame(columns=["n"])).dropna(subset=["n"]).itertuples():
        whole = told["shares"].query("system == @row.system and item == @row.item")["n"].max()
        report.apart(f"{row.system}, {row.item}", {"all who answered": whole, "those compared within schools": row.n})


def _fits(difference: float, a: int, b: int, total: int, rest: int) -> bool:
    """Whether some x of a and y of b people differ so much in their shares, of `total` people and `rest` of other levels."""
    x = np.arange(a + 1)
    reach = half_a_digit(difference) + 1e-9
    low, high = np.ceil((x / a - difference - reach) * b - 1e-7), np.floor((x / a - difference + reach) * b + 1e-7)
    low, high = np.maximum(low, np.maximum(0, total - rest - x)), np.minimum(high, np.minimum(b, total - x))
    return bool((low <= high).any())


# ---- satisfaction: 05 ----------------------------------------------------------------------------------------------------


def on_satisfaction(report: Report, ran: inprocess.Ran, frame: pd.DataFrame, group: str, items: list[str], high: int,
                    smallest: int = 0) -> None:  # fmt: skip
    """Look for groups, people of none, and answers of a few in what 05 tells; answers from 1 to `high`."""
    named = frame[group].fillna("nobody's")
    codes = range(1, high + 1)
    for item in items:
        groups = [*named[frame[item].notna()].unique()]
        known = Known([(g, k) for g in groups for k in codes])
        known.tell([(g, k) for g in groups for k in codes], 0, counted(ran)[1])
        for table in tables(ran).values():
            table = table.rename(columns={"label": "item"}) if "item" not in table else table
            if not {"group", "n", "item"} <= set(table):
                continue
            for row in table[table["item"] == item].dropna(subset="n").itertuples():
                of = groups if row.group == "all" else [row.group]
                known.tell([(g, k) for g in of for k in codes], row.n)
                if "share" in table and not isnan(row.share):
                    known.told_as([(g, row.statistic) for g in of], row.share, row.n)
                if "estimate" in table and not isnan(row.estimate):
                    known.told_as({(g, k): k for g in of for k in codes}, row.estimate, row.n)
        shown = set(tables(ran)["estimates"].query("item == @item").dropna(subset="n")["group"])
        for name in groups:
            given = frame.loc[(named == name) & frame[item].notna(), item]
            report.look(known, f"{item}, {name}", [(name, k) for k in codes], len(given))
            for k in codes:
                alone = FEW if len(given) < 10 else range(1, smallest)
                report.look(known, f"{item}, {name}, answer {k}", [(name, k)], int((given == k).sum()), alone)
        hidden = [name for name in groups if name not in shown]
        of_hidden = frame.loc[named.isin(hidden) & frame[item].notna(), item]
        report.look(known, f"{item}, all who are hidden", [(g, k) for g in hidden for k in codes], len(of_hidden))
        for some in [hidden, *([name] for name in groups)] if hidden else [[name] for name in groups]:
            if frame.loc[named.isin(some), item].nunique() == 1:
                report.same(known, f"{item}, {' and '.join(some)}", {k: [(g, k) for g in some] for k in codes})


# ---- two groups: 04 ------------------------------------------------------------------------------------------------------


def on_participants(report: Report, ran: inprocess.Ran) -> None:
    """Whether those without a school, or alone in theirs, follow from the sizes of the tests of one scale."""
    for scale, rows in tables(ran)["estimates"].query("term == 'difference'").groupby("scale"):
        report.apart(scale, dict(zip(rows["method"], rows["n"].astype(float), strict=True)))
        differences = rows.dropna(subset="estimate").set_index("method")["estimate"]
        if "clustered" in differences:  # people of no school move a mean: all its digits tell who they are
            report.tried += 1
            apart = differences["clustered"] - differences["Welch"]
            if abs(apart) > 1e-9 and not half_a_digit(differences["clustered"]):
                report.found.append(f"{scale}: the mean of a few without a school, {apart:.3g} apart")


# ---- waves: 06 -----------------------------------------------------------------------------------------------------------


def on_waves(report: Report, ran: inprocess.Ran, frame: pd.DataFrame, kind: str, scale: Mapping[str, list[str]],
             control: str) -> None:  # fmt: skip
    """Look in what 06 tells for teachers of a wave who stayed, left, came or left something empty; columns `teacher, wave`."""
    told, waves = tables(ran), sorted(frame["wave"].unique())
    name, items = next(iter(scale.items()))
    empty = frame[items].isna().sum(axis=1)
    bare = frame[control].isna().map({True: ", no control", False: ""})
    state = np.select([empty == 0, empty <= len(items) / 2], ["whole" + bare, "half" + bare], "not")
    wide = frame.assign(state=state).pivot(index="teacher", columns="wave", values="state").fillna("absent")
    who = frame.groupby("teacher")[kind].first()
    scored = ["whole", "half", "whole, no control", "half, no control"]
    states, kinds = ("absent", *scored, "not"), sorted(frame[kind].unique())
    atoms = [(k, *p) for k in kinds for p in np.ndindex(*[len(states)] * len(waves)) if any(p)]
    known = Known(atoms)
    index = {s: i for i, s in enumerate(states)}
    group_of = {"peer-group": [1], "comparison": [0]}

    def parts(group: str, *wanted: tuple[int, Iterable[str]]) -> list[tuple]:
        of = next((v for k, v in group_of.items() if k in group), kinds)
        return [a for a in atoms if a[0] in of and all(a[1 + w] in {index[s] for s in some} for w, some in wanted)]

    there = states[1:]
    for row in told["attrition"].itertuples():
        at = waves.index(row.wave)
        for count, wanted in ((row.teachers, [(at, there)]), (row.stayed, [(0, there), (at, there)])):
            if not isnan(count):
                known.tell(parts(row.group, *wanted), count)
        if not isnan(row.share) and not isnan(row.stayed):
            known.tell(parts(row.group, (0, there)), round(row.stayed / row.share) if row.share else 0)
    for row in told["complete"].itertuples():
        at = waves.index(row.wave)
        for count, of in ((row.complete, ["whole"]), (row.half, ["half"]), (row.incomplete, ["not", *scored[2:]])):
            if not isnan(count):
                known.tell(parts(row.group, (at, of)), count)
    used = {at: parts("all", (at, ["whole", "half"])) for at in range(len(waves))}
    n = told["estimates"].query("scale == @name")["n"].dropna()
    if len(n):
        known.tell(_sum(used.values()), n.iloc[0])
    choices = told["choices"].query("panel == @name").set_index("specification")["n"]
    stayed = choices.filter(like="only teachers who stayed").dropna()
    if len(stayed):
        both = parts("all", (0, ["whole", "half"]), (len(waves) - 1, ["whole", "half"]))
        known.tell(_sum([both, both]), stayed.iloc[0])
    for row in told["reliability"].dropna(subset="n").itertuples() if "reliability" in told else ():
        known.tell(parts("all", (0, scored[0::2])), row.n)
    leavers = told.get("leavers", pd.DataFrame(columns=["scale", "n"]))
    for row in leavers[leavers["scale"] == name].dropna(subset="n").itertuples():
        known.tell(parts(row.group, (0, scored)), row.n)
    drift = told.get("item-drift", pd.DataFrame(columns=["year", "item", "answers"])).dropna(subset="answers")
    reach = 0 if (drift["answers"] % 10).any() else 5  # where all are round numbers they are rounded
    for row in drift.itertuples():
        at = waves.index(row.year)
        known.tell(parts("all", (at, scored[0::2])), 0, row.answers + reach)
        known.tell(parts("all", (at, there)), row.answers - reach, np.inf)
        of_wave = told["attrition"].query("wave == @row.year and group == 'all schools'")["teachers"].iloc[0]
        if not reach:
            report.apart(f"wave {row.year}, {row.item}", {"all": of_wave, "those who answered it": row.answers})
    truth = {atom: 0 for atom in atoms}
    for teacher, row in wide.iterrows():
        truth[(who[teacher], *(index[s] for s in row))] += 1
    for group in ("all", *group_of):
        for at, wave in enumerate(waves):
            looked = {
                "answered": [(at, there)], "half of a scale": [(at, ["half"])], "less of a scale": [(at, ["not"])],
                "no control": [(at, scored[2:])], "not used": [(at, ["not", *scored[2:]])],
                **({"stayed": [(0, there), (at, there)], "left": [(0, there), (at, ["absent"])],
                    "new": [(0, ["absent"]), (at, there)]} if at else {}),
            }  # fmt: skip
            for what, wanted in looked.items():
                some = parts(group, *wanted)
                report.look(known, f"{group}, wave {wave}, {what}", some, sum(truth[a] for a in some))


def _sum(lists: Iterable[list[tuple]]) -> dict[tuple, int]:
    total: dict[tuple, int] = {}
    for some in lists:
        for part in some:
            total[part] = total.get(part, 0) + 1
    return total


# ---- records of schools and years: 01 ------------------------------------------------------------------------------------


def on_records(report: Report, ran: inprocess.Ran, states: pd.DataFrame, panels: list[str], years: list[int]) -> None:
    """Look in what 01 tells for incomplete records, and schools of one record; `states`: `panel, year, state` of each record."""
    told, every = tables(ran), ("used", "alone", "incomplete")
    known = Known([(p, y, s) for p in panels for y in years for s in every])
    known.tell([*known.place], *counted(ran))
    for row in told["missing"].itertuples():
        of = {"records": every, "complete": every[:2], "incomplete": every[2:]}
        for column, some in of.items():
            if not isnan(n := getattr(row, column)):
                known.tell([(row.panel, row.year, s) for s in some], n)
    for row in told["estimates"].dropna(subset="n").itertuples():
        known.tell([(row.panel, y, "used") for y in years], row.n)
    for row in told["scale-items"].dropna(subset="answers").itertuples() if "scale-items" in told else ():
        if (told["scale-items"]["answers"] % 10).any():  # else they are rounded
            known.tell([(p, years[0], s) for p in panels for s in every], row.answers, np.inf)
            records = told["missing"].query("year == @years[0]")["records"].sum(skipna=False)
            report.apart(f"{years[0]}, {row.item}", {"all records": records, "those with an answer": row.answers})
    for panel, rows in told["specifications"].groupby("panel"):
        report.apart(panel, rows.drop_duplicates("n").set_index("specification")["n"].to_dict())
    for panel in panels:
        own = states[states["panel"] == panel]
        for year, some in [*((year, [year]) for year in years), ("all years", years)]:
            here = own[own["year"].isin(some)]["state"]
            for state in ("alone", "incomplete"):
                parts = [(panel, y, state) for y in some]
                report.look(known, f"{panel}, {year}, {state}", parts, int((here == state).sum()))
            parts = [(panel, y, state) for y in some for state in every[1:]]
            report.look(known, f"{panel}, {year}, not used", parts, int((here != "used").sum()))


# ---- released sums -------------------------------------------------------------------------------------------------------


def on_release(report: Report, folder: Path, frame: pd.DataFrame, columns: list[str]) -> None:
    """Look in a release by school for students of some levels of all `columns`, or of all but one of these."""
    for panel in json.loads((folder / "about.json").read_text())["panels"]:
        sums = released.read_school(released.read(folder), panel)
        for place, school in enumerate(sums.schools):
            own = frame[frame["school"] == school]
            if own.empty:
                continue
            levels = {column: sorted(frame[column].unique()) for column in columns}
            known = Known(product(*levels.values()))
            known.tell([*known.place], sums.records[place])
            of = {f"{c}: {v}" if c != "year" else str(v): (i, v) for i, c in enumerate(columns) for v in levels[c]}
            dummies = [(j, of[term]) for j, term in enumerate(sums.terms) if term in of]
            for (j, (a, one)), (k, (b, two)) in combinations_with_replacement(dummies, 2):
                some = [atom for atom in known.place if atom[a] == one and atom[b] == two]
                if some:
                    known.tell(some, sums.products[place, j, k])
            counts = own.groupby(columns).size()
            for atom in known.place:
                report.look(known, f"{panel}, {school}, {atom}", [atom], int(counts.get(atom, 0)))
            for left_out in range(len(columns)):
                for some in {atom[:left_out] + atom[left_out + 1 :] for atom in known.place}:
                    parts = [atom for atom in known.place if atom[:left_out] + atom[left_out + 1 :] == some]
                    report.look(
                        known, f"{panel}, {school}, {some}", parts, int(sum(counts.get(atom, 0) for atom in parts))
                    )
