"""Data with people in them whom no run may tell of, and what attackers find in everything that leaves.

    python tests/attacks.py                       # with make faults: thirty rounds, some minutes
    python tests/attacks.py --rounds 5 --seed 7   # so many rounds, from this seed

Each round plants victims anew in data for every notebook of one's own and for releases. It prints how many attacks were made and
how many found somebody, and whom.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

import attackers
import digit_attackers
import numpy as np
import pandas as pd
from attackers import Report
from test_release import students

import inprocess
from helpers.project import InputError
from helpers.release import __main__ as command
from helpers.release import combine

ANSWERS = list("abcde")


class Refused(Exception):
    """Nothing leaves, so nobody is found."""


def _run(folder: Path, name: str, frame: pd.DataFrame, place: str = "run", **values: object) -> inprocess.Ran:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mine.csv"
    frame.to_csv(path, index=False)
    try:
        return inprocess.run(folder / place, name, drawn=True, data=str(path), **values)
    except InputError as error:
        raise Refused(str(error)) from error


def plant(name: str, seed: list[int]) -> Report:
    """What attackers find in one planting of a kind; one attack where the run is refused."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return PLANTINGS[name](np.random.default_rng(seed), Path(folder))
        except Refused:
            return Report(tried=1)


def _people(rng: np.random.Generator, sizes: dict[str, int], items: list[str]) -> pd.DataFrame:
    """People of groups with answers from 1 to 5, some without."""
    group = np.repeat([*sizes], [*sizes.values()])
    frame = pd.DataFrame({"group": group, "school": rng.integers(1, 12, len(group))})
    chances = rng.dirichlet(np.full(5, 2.0))
    for item in items:
        frame[item] = rng.choice(5, len(group), p=chances) + 1.0
    return frame


def groups_of_teachers(rng: np.random.Generator, folder: Path, smallest: int = 0) -> Report:
    """02 with two columns of groups: small ones, one that is alone in its row, one that answers alike, two without an answer."""
    report, items = Report(), ["share", "discuss"]
    few = int(rng.integers(1, 10))
    sizes = {("art", "high"): few, ("art", "middle"): 40, ("maths", "high"): 45, ("maths", "middle"): 35, ("sport", "high"): 30,
             ("sport", "middle"): int(rng.integers(12, 20)), ("music", "high"): 14, ("music", "middle"): 22}  # fmt: skip
    frame = _people(rng, {f"{a}, {b}": n for (a, b), n in sizes.items()}, items)
    frame["group"] = frame["group"].str.replace(
        "high", "none"
    )  # a level that is told of, for it may mean that none is known
    frame[["subject", "band"]] = frame["group"].str.split(", ", expand=True)
    frame.loc[frame.index[frame["group"] == "sport, none"][: rng.integers(0, 4)], "share"] = np.nan
    if rng.integers(2):
        frame.loc[frame["group"] == "music, none", "discuss"] = 2
    more = {"smallest_answer": smallest} if smallest else {}
    given = frame[["subject", "band", *items]]
    ran = _run(folder, "02-teacher-leadership", given, items=items, labels=ANSWERS, group=["subject", "band"], **more)
    on = report, ran, frame, frame["group"], items, ANSWERS
    attackers.on_survey(*on, smallest=smallest)
    return report


def systems_and_levels(rng: np.random.Generator, folder: Path, smallest: int = 0) -> Report:
    """03 with a small group, one that answers alike, a level of a few in a larger group, and a few without an answer or number.

    Without schools only the small group: all people less the others.
    """
    report, items = Report(), ["share", "discuss"]
    frame = _people(rng, {"science": 64, "maths": 50, "sport": 15, "arts": int(rng.integers(1, 10))}, items)
    frame["sex"] = rng.choice(["f", "m"], len(frame))
    frame["years"] = rng.integers(1, 30, len(frame)).astype(float)
    frame["post"] = rng.choice(["part", "whole"], len(frame))
    maths, sport = (frame.index[frame["group"] == name] for name in ("maths", "sport"))
    frame.loc[maths[frame.loc[maths, "sex"] == "m"][rng.integers(1, 6) :], "post"] = "part"
    values = {"items": items, "labels": ANSWERS, "group": "group", "by": "sex", "means": ["years"], "explain": ["sex", "post"]}  # fmt: skip
    if rng.integers(3):
        frame.loc[: rng.integers(1, 4), "sex"] = "x"
        frame.loc[maths[: rng.integers(1, 4)], "share"] = np.nan
        frame.loc[sport, "discuss"] = 3
        frame.loc[frame.index[frame["group"] == rng.choice(["science", "sport"])][: rng.integers(1, 4)], "years"] = (
            np.nan
        )
        values |= {"school": "school", "within_schools": True}
    more = {"smallest_answer": smallest} if smallest else {}
    ran = _run(folder, "03-talis-deprivatization", frame, **values, **more)
    attackers.on_survey(report, ran, frame, frame["group"], items, ANSWERS, smallest=smallest, numbers=["years"])
    attackers.on_levels(report, ran, frame, frame["group"], "sex", items)
    digit_attackers.on_models(report, ran, frame, frame["group"], items, 4)
    return report


def participants_answers(rng: np.random.Generator, folder: Path, smallest: int = 0) -> Report:
    """05 with a small group beside one that answers as it does, a few of no group, and answers of a few."""
    report, items = Report(), ["useful", "clear", "long"]
    frame = _people(rng, {"a": 50, "b": 40, "c": 15, "d": int(rng.integers(1, 10))}, items)
    frame.loc[frame["group"].isin(["c", "d"]), "useful"] = 4
    frame.loc[frame.index[frame["group"] == "a"][: rng.integers(1, 4)], "group"] = np.nan
    frame.loc[frame.index[frame["group"] == "b"][: rng.integers(28, 35)], "long"] = np.nan
    values = {"items": items, "low": 1, "high": 5, "group": "group"} | (
        {"smallest_answer": smallest} if smallest else {}
    )
    ran = _run(folder, "05-satisfaction", frame, **values)
    attackers.on_satisfaction(report, ran, frame, "group", items, 5, smallest)
    return report


def people_nobody_sees(rng: np.random.Generator, folder: Path) -> Report:
    """Twice, with other answers of whoever is hidden, or incomplete (01); in 05, where everybody is told, two of them change places."""
    report, items = Report(), ["share", "discuss"]
    frame = _people(rng, {"science": 40, "maths": 30, "sport": 12, "arts": int(rng.integers(2, 10))}, items)
    for item in items:  # each answer of each larger group
        for name in frame["group"].unique()[:3]:
            frame.loc[frame.index[frame["group"] == name][:5], item] = np.arange(1.0, 6.0)
    frame["sex"] = rng.choice(["f", "m"], len(frame))
    hidden, survey = frame["group"] == "arts", {"items": items, "labels": ANSWERS}
    other = frame.assign(**{item: frame[item].mask(hidden, rng.choice(5, len(frame)) + 1.0) for item in items})
    moved = frame.copy()  # arts is hidden, and sport beside it
    last = [frame.index[frame["group"] == name][-1] for name in ("arts", "sport")]
    moved.loc[last, items] = frame.loc[last[::-1], items].to_numpy()
    records = students(schools=6, size=15, seed=int(rng.integers(1e6)))
    lacking = records.assign(y=records["y"] + 5 * records["x"].isna())
    model = {"outcome": "y", "school": "school", "year": "year", "baseline": 2012, "controls": ["x"], "by": "band"}
    kinds = {
        "01-practice-change": (records, lacking, model),
        "03-talis-deprivatization": (frame, other, survey | {"group": "group", "by": "sex", "explain": ["sex"]}),
        "02-teacher-leadership": (frame, other, survey | {"group": ["group"]}),
        "05-satisfaction": (frame, moved, {"items": items, "low": 1, "high": 5, "group": "group"}),
    }
    name = rng.choice([*kinds])
    *data, values = kinds[name]
    runs = [_run(folder, name, rows, place, **values) for place, rows in zip(("run", "again"), data, strict=True)]
    attackers.unlike(report, f"answers of whoever is hidden, {name}", *runs)
    return report


def known_weights(rng: np.random.Generator, folder: Path) -> Report:
    """02, 03 or 05 with a weight for each school and answers of a few hidden: whoever knows weights looks for the few of a school."""
    report = Report()
    frame = _people(rng, {"a": int(rng.integers(30, 45)), "b": 60}, ["share"])
    frame["school"] = rng.integers(1, 8, len(frame))
    frame["weight"] = frame["school"].map(dict(zip(range(1, 8), rng.uniform(0.5, 3, 7).round(5), strict=True)))
    kinds = {
        "02-teacher-leadership": ("all-answers", {"labels": ANSWERS, "group": ["group"]}),
        "03-talis-deprivatization": ("distribution", {"labels": ANSWERS, "group": "group"}),
        "05-satisfaction": ("shares", {"low": 1, "high": 5, "group": "group"}),
    }
    name = rng.choice([*kinds])
    table, values = kinds[name]
    ran = _run(folder, name, frame, items=["share"], weight="weight", smallest_answer=5, **values)
    told = attackers.tables(ran)[table].replace({"statistic": {word: k for k, word in enumerate(ANSWERS, 1)}})
    own = told[told["group" if "group" in told else "system"] == "a"]
    digit_attackers.on_weights(report, own, frame[frame["group"] == "a"], f"{name}, a", "share")
    return report


def two_groups(rng: np.random.Generator, folder: Path) -> Report:
    """04 with a few people of no school, and a few who are alone in theirs."""
    report, scales = Report(), ["trust", "hope"]
    frame = _people(rng, {"with": 60, "without": 55}, scales)
    frame["school"] = frame["school"].astype("Int64")
    frame.loc[frame.index[: rng.integers(1, 6)], "school"] = pd.NA
    frame.loc[frame.index[-2:], "school"] = [90, 91]
    ran = _run(folder, "04-participant-comparison", frame, scales=scales, group="group", cluster="school")
    attackers.on_participants(report, ran)
    return report


def waves_of_teachers(rng: np.random.Generator, folder: Path) -> Report:
    """06 with a few who left, came, left a part of a scale empty or most of it."""
    report, items = Report(), ["i1", "i2", "i3", "i4"]
    schools = np.repeat(np.arange(12), 12)
    first = pd.DataFrame({"teacher": np.arange(144), "school": schools, "peer_groups": (schools < 7).astype(int)})
    rows = []
    for wave in (1, 2, 3):
        here = (
            first
            if wave == 1
            else first.drop(first.sample(rng.integers(4, 25), random_state=int(rng.integers(1e9))).index)
        )
        new = first.sample(int(rng.integers(1, 16)), random_state=wave) if wave > 1 else first.head(0)
        rows.append(pd.concat([here, new.assign(teacher=new["teacher"] + 1000 * wave)]).assign(wave=wave))
    frame = pd.concat(rows, ignore_index=True)
    trait = rng.normal(size=4000)[frame["teacher"].to_numpy()]
    for item in items:
        frame[item] = np.clip(np.round(3 + trait + rng.normal(size=len(frame))), 1, 5)
    for some, share in ((rng.choice(len(frame), rng.integers(3, 40), False), items[:1]), (rng.choice(len(frame), rng.integers(1, 20), False), items[:3])):  # fmt: skip
        frame.loc[some, share] = np.nan
    values = {"teacher": "teacher", "wave": "wave", "school": "school", "treated": "peer_groups", "baseline": 1}
    frame["time"] = rng.normal(size=len(frame)).round(2)
    frame.loc[rng.choice(len(frame), rng.integers(0, 8), False), "time"] = np.nan
    values["controls"] = ["time"]
    ran = _run(folder, "06-signposts", frame, scales={"s": items}, **values)
    attackers.on_waves(report, ran, frame, "peer_groups", {"s": items}, "time")
    return report


def records_of_schools(rng: np.random.Generator, folder: Path) -> Report:
    """01 with a few incomplete records, schools of one record, and one of a few in one year only."""
    report, years = Report(), [2012, 2013, 2014]
    frame = students(schools=8, size=int(rng.integers(15, 25)), seed=int(rng.integers(1e6))).fillna({"x": 0.0})
    frame.loc[rng.choice(len(frame), rng.integers(1, 30), False), "x"] = np.nan
    frame = pd.concat(
        [
            frame,
            frame.iloc[[0, 1]].assign(school=["solo 1", "solo 2"], x=0.5),
            frame.iloc[2:8].assign(school="once", x=0.5),
        ]
    )
    items = ["i1", "i2"] if rng.integers(2) else []
    for item in ("i1", "i2"):
        frame[item] = rng.integers(1, 5, len(frame)).astype(float)
    frame.loc[rng.choice(frame.index.unique(), 3, False), "i1"] = np.nan
    outcome = {"items": items} if items else {"outcome": "y"}
    values = {"school": "school", "year": "year", "baseline": 2012, "controls": ["x"], "by": "band"} | outcome
    ran = _run(folder, "01-practice-change", frame, **values)
    empty, alone = frame["x"].isna(), frame["school"].str.startswith("solo")
    states = frame[["band", "year"]].set_axis(["panel", "year"], axis=1)
    states = states.assign(state=np.select([empty, alone], ["incomplete", "alone"], "used"))
    attackers.on_records(report, ran, states, ["lower", "upper"], years)
    return report


def released_sums(rng: np.random.Generator, folder: Path) -> Report:
    """Releases with a small cell, three columns that leave a few, or neither; two of them together; and one less a few students."""
    report, columns = Report(), ["year", "sex", "plan"]
    frames = {
        name: students(schools=4, size=60, seed=int(rng.integers(1e6))).fillna({"x": 0.1})
        for name in ("north", "south")
    }
    frames["south"]["school"] = "S " + frames["south"]["school"]
    few, first = int(rng.integers(1, 10)), frames["north"]["school"] == "Lyceum-01"
    kind = rng.integers(3)
    if kind == 0:
        frames["north"] = frames["north"].drop(
            frames["north"][first & frames["north"]["sex"].eq("m") & frames["north"]["year"].eq(2013)].index[few:]
        )
    elif kind == 1:
        columns = ["year", "a", "b", "c"]
        for frame in frames.values():
            own = rng.choice(3, len(frame))
            own[frame.index[frame["school"].isin(["Lyceum-01", "S Lyceum-01"])][:few]] = 3
            frame[columns[1:]] = np.where(own[:, None] == np.arange(3), "yes", "no")
    parameters = {
        "outcome": "y",
        "school": "school",
        "year": "year",
        "baseline": 2012,
        "controls": ["x"],
        "categories": columns[1:],
    }
    whole = pd.concat(frames.values(), ignore_index=True)
    with (
        mock.patch("helpers.release.folder.BUILD", folder / "build"),
        mock.patch("helpers.release.combine.BUILD", folder / "build"),
    ):
        made = [
            place
            for name, frame in frames.items()
            if (place := _release(report, folder, frame, "school", name, parameters))
        ]
        places = [*made, *([combine.make([*frames], "ask")] if len(made) > 1 else [])]
        for place in places:
            attackers.on_release(report, place, whole, columns)
        for sort in ("school", "pooled"):  # the same students but a few: both released, they tell of these
            frame = frames["south"]
            before = _release(report, folder, frame, sort, f"{sort} before", parameters)
            less = frame.drop(frame.sample(few, random_state=1).index)
            after = _release(report, folder, less, sort, f"{sort} after", parameters)
            report.found += [f"{sort}: {few} students, by subtraction"] if before and after else []
    return report


def pooled_sums(rng: np.random.Generator, folder: Path) -> Report:
    """Pooled: a school with a few students of a year, one merged later by school, a few incomplete records, a few others before."""
    report, few = Report(), int(rng.integers(1, 10))
    plain = {"outcome": "y", "school": "school", "year": "year", "baseline": 2012}
    frame = students(schools=4, size=int(rng.integers(13, 19)), seed=int(rng.integers(1e6)))
    first = frame["school"] == "Lyceum-01"
    small = frame.drop(frame.index[first & (frame["year"] == 2014)][few:])
    with mock.patch("helpers.release.folder.BUILD", folder / "build"):
        if place := _release(report, folder, small, "pooled", "small", plain):
            sizes = small["school"].value_counts().to_dict()
            digit_attackers.on_pooled(report, place, sizes, small.groupby(["school", "year"]).size().unstack())
        before = _release(report, folder, frame, "pooled", "whole", plain)
        merged = plain | {"merge": {"both": ["Lyceum-00", "Lyceum-01"]}}
        if before and _release(report, folder, frame, "school", "merged", merged):
            report.found.append("both: each of two schools, by subtraction from pooled sums")
        frame = students(schools=10, size=40, seed=int(rng.integers(1e6)))[["y", "school", "year", "x"]]
        frame = frame.head(len(frame) - rng.integers(5))
        frame["y"] = [f"{value:.3f}" for value in frame["y"]]
        frame["x"] = [f"{value:6.2f}" for value in frame["x"].fillna(0)]
        frame.loc[rng.choice(frame.index, few, False), "x"] = " " * 6
        frame["z"] = [f"{(float(value) - 40) ** 2:08.2f}" for value in frame["y"]]
        frame.loc[frame.index[rng.integers(len(frame))], "z"] = " " * 8
        for name, outcome in (("by y", {"outcome": "y", "controls": ["x"]}), ("by z", {"outcome": "z"})):
            if place := _release(report, folder, frame, "school", name, plain | outcome):
                lines = (folder / f"{name}.csv").read_text().splitlines()
                digit_attackers.on_papers(report, place, lines, len(frame))
    return report


def _release(report: Report, folder: Path, frame: pd.DataFrame, kind: str, name: str, parameters: dict) -> Path | None:
    """The folder of a release, or nothing where it is refused; an attack either way."""
    report.tried += 1
    frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / f"{name}.yml").write_text(json.dumps({"data": str(folder / f"{name}.csv")} | parameters))
    try:
        return command.make(folder / f"{name}.yml", kind)
    except InputError:
        return None


PLANTINGS: dict[str, Callable[[np.random.Generator, Path], Report]] = {
    "01": records_of_schools, "02": groups_of_teachers, "03": systems_and_levels, "04": two_groups, "05": participants_answers, "06": waves_of_teachers,
    "02, smallest answer": partial(groups_of_teachers, smallest=4), "03, smallest answer": partial(systems_and_levels, smallest=3),
    "05, smallest answer": partial(participants_answers, smallest=3), "who is hidden": people_nobody_sees, "weights": known_weights, "releases": released_sums, "pooled releases": pooled_sums,
}  # fmt: skip


def _nothing(counts, *_, **__):
    """In place of what says which of some counts are small, or tell one: none."""
    return counts < 0


def _as_it_is(table, *_, **__):
    """In place of what empties cells of a table: nothing is emptied."""
    return table


def _with_all(cells, values, answers=None, smallest=0):
    """In place of `suppress_groups`: small groups alone are hidden, not those that they follow from."""
    alike = answers[answers.gt(0).sum(axis=1) < 2].index
    gone = cells["n"].lt(10) | pd.MultiIndex.from_frame(cells[["item", "group"]]).isin(alike)
    shown = cells.assign(suppressed=gone, n=cells["n"].astype(float))
    return shown.assign(**{name: shown[name].mask(gone) for name in ["n", *values]})


GUARDS: dict[str, tuple[str, str, Callable]] = {
    "incomplete records of few years": ("01", "helpers.study.missing_records.complementary", _nothing),
    "records left out of a specification": ("01", "helpers.study.own_practice.too_near", _nothing),
    "one answer for all": ("02", "helpers.estimate.shares._alike", lambda _, answers, __: np.zeros(answers.shape[1], bool)),
    "answers of a few": ("02, smallest answer", "helpers.estimate.shares.complementary", lambda counts, minimum: counts.between(1, minimum - 1)),
    "answers of who is hidden": ("who is hidden", "helpers.estimate.shares._hidden", lambda _, n, __: np.full(len(n), "")),
    "who knows weights": ("weights", "helpers.estimate.shares.few_digits", lambda values, _: values),
    "counts at other items": ("03", "helpers.estimate.shares.hide_counts", _as_it_is),
    "levels of a few": ("03", "helpers.estimate.comparisons.rounded_differences", _as_it_is),
    "how many all are": ("03", "helpers.estimate.shares._some_hidden", lambda *_: False),
    "numbers that a few lack": ("03", "helpers.estimate.shares._given", lambda numbers: np.ones(numbers.shape, int)),
    "models of a few": ("03", "helpers.study.explained.rounded_differences", _as_it_is),
    "who is left out within schools": ("03", "helpers.estimate.comparisons.is_small", _nothing),
    "who is alone in a school": ("04", "helpers.study.participants.is_small", lambda count: False),
    "groups beside small ones": ("05", "helpers.read.suppression.suppress_groups", _with_all),
    "waves beside a small one": ("06", "helpers.study.missing_teachers.complementary", _nothing),
    "counts of nearly the same teachers": ("06", "helpers.study.signposts._near", lambda *_: False),
    "who left, or came": ("06", "helpers.study.signposts.is_small", _nothing),
    "what follows from a release": ("releases", "helpers.release.audit.few_told", lambda _, counts, *__: np.zeros(len(counts), bool)),
    "what few schools add": ("pooled releases", "helpers.release.audit.school_by_school", lambda _: False),
    "records that are not in the sums": ("pooled releases", "helpers.release.risk.Limits.rounded", lambda _, count: count),
    "merged in one release": ("pooled releases", "helpers.release.earlier._follow", lambda *_: False),
    "earlier releases": ("releases", "helpers.release.earlier._few", lambda *_: []),
}  # fmt: skip
"""Of each guard the planting that needs it, where it is, and what stands there when it is broken."""


def without(guard: str, seed: int, rounds: int = 12) -> Report:
    """What attackers find where a guard is broken: of the first round in which it is anybody."""
    name, place, broken = GUARDS[guard]
    with mock.patch(place, broken):
        for number in range(rounds):
            report = plant(name, [seed, number])
            if report.found:
                break
    return report


def main() -> int:
    """Do what the command line says; one where somebody was found, or a guard can be broken and nobody is."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=30)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", choices=[*PLANTINGS, "guards"])
    given = asked.parse_args()
    tried = found = 0
    for name in [given.only] if given.only else PLANTINGS:
        for place in range(given.rounds * (name in PLANTINGS)):
            report = plant(name, [given.seed, place])
            tried, found = tried + report.tried, found + len(report.found)
            for whom in report.found:
                print(f"{name}, round {place}, seed {given.seed}: {whom}", flush=True)
        print(f"{name}: {given.rounds} rounds from seed {given.seed}.", flush=True)
    print(f"{tried:,} attacks, {found} victims found.", flush=True)
    idle = []
    for guard in GUARDS if given.only in (None, "guards") else ():
        report = without(guard, given.seed)
        idle += [] if report.found else [guard]
        print(f"without the guard “{guard}”: {report.found[0] if report.found else 'nobody is found'}", flush=True)
    return int(found > 0 or bool(idle))


if __name__ == "__main__":
    sys.exit(main())
