"""Small and extreme but valid files for every notebook of one's own: each run ends with a whole page or in plain words.

    python tests/extremes.py 300 7                   # so many runs of each notebook, from this seed, in this process
    python tests/extremes.py 1 7 --only 03 --first 12 --keep /tmp/here   # run 12 of 03 again, with its traceback and its page

Groups just at and under ten, one group, school, wave or item, all who answer alike, an answer that nobody gives, nearly all
missing, weights of zero, and every parameter with few people behind it. A page that says "nan" is no whole page.
"""

import argparse
import faulthandler
import json
import re
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

import inprocess
from helpers.project import InputError
from helpers.release import __main__ as releases
from helpers.study.retellings import SIGNS

SIZES = [1, 2, 9, 10, 11, 12, 19, 21, 40, 70]
"""Of groups, schools and waves: just at and under what is shown, and some that are."""
SMALLEST = [0, 0, 3, 5, 70]
LONGEST = 1_500  # characters of a refusal
ODD = re.compile(
    r"\bnan\b|\binf\b|\bNone\b(?! can)|\bNaT\b|\(\)|\[\]|“”|\bof 0 |: [;.]|; [;.]|, [;.,]| {2,}\S|\b0 schools\b|from (\d\S*) to \1[.;]|no 0 "
)
"""What no page says of people."""

Case = tuple[pd.DataFrame, dict[str, Any]]


class Draws:
    """What somebody's file and parameters may be, drawn from one seed."""

    def __init__(self, seed: list[int]) -> None:
        self.rng = np.random.default_rng(seed)

    def one(self, options: list) -> Any:
        """One of some options."""
        return options[self.rng.integers(len(options))]

    def often(self, chance: float = 0.4) -> bool:
        """Whether something is so."""
        return bool(self.rng.random() < chance)

    def labels(self, n: int, kinds: int, name: str) -> np.ndarray:
        """Levels of which the first is the largest; others have a size of SIZES, the last one often few."""
        sizes = [self.one(SIZES) for _ in range(kinds - 1)]
        places = np.repeat(np.arange(1, kinds), sizes)[: max(n - 1, 0)]
        return np.array([f"{name} {place}" for place in np.r_[np.zeros(n - len(places), int), places]])

    def answers(self, n: int, most: int, group: np.ndarray) -> np.ndarray:
        """Answers from 1 to `most` in one of the shapes that answers of few people have, NaN for none."""
        said = self.rng.integers(1, most + 1, n).astype(float)
        match self.one([*["spread"] * 5, "alike", "never", "few", "by group", "ends"]):
            case "alike":
                said[:] = self.rng.integers(1, most + 1)
            case "never":
                said[said == self.rng.integers(1, most + 1)] = most if self.often() else 1
            case "few":
                said[:] = self.rng.integers(1, most + 1)
                said[self.rng.permutation(n)[: self.one([1, 3, 9, 10])]] = self.rng.integers(1, most + 1)
            case "by group":
                said = (pd.factorize(group)[0] % most + 1).astype(float)
            case "ends":
                said = np.where(said > most / 2, most, 1).astype(float)
        return self.gaps(said)

    def gaps(self, values: np.ndarray) -> np.ndarray:
        """Some values missing: none, a few, half, or nearly all."""
        n, values = len(values), values.astype(float)
        gone = self.one([*[0] * 8, 1, 3, 9, n // 2, n - 12, n - 10, n - 9])
        values[self.rng.permutation(n)[: max(gone, 0)]] = np.nan
        return values

    def numbers(self, n: int) -> np.ndarray:
        """Numbers that differ, or all the same."""
        return self.gaps(self.rng.normal(size=n).round(2) if self.often(0.8) else np.full(n, 2.0))

    def weights(self, n: int) -> np.ndarray:
        """Weights of which some are zero."""
        values = self.rng.integers(1, 5, n) / 2
        values[self.rng.permutation(n)[: self.one([0, 1, 9, n - 10, n - 2])]] = 0
        return values

    def column(self, values: dict[str, Any], key: str, name: Any, chance: float = 0.4) -> None:
        """A parameter named, or not."""
        if self.often(chance):
            values[key] = name


def _people(d: Draws, most: int) -> tuple[pd.DataFrame, list[str]]:
    """Respondents with columns to divide them by, weights, numbers and answers to one to three items."""
    sizes = [d.one(SIZES) for _ in range(d.one([1, 1, 2, 3, 4]))]
    sizes[:2] = [max(size, d.one([9, 10, 11, 25, 60])) for size in sizes[:2]]
    n, group = sum(sizes), np.repeat([f"g{place}" for place in range(len(sizes))], sizes)
    frame = pd.DataFrame({"id": np.arange(n), "group": group, "band": d.labels(n, d.one([1, 2, 3]), "band")})
    frame["school"] = [f"s{x}" for x in d.rng.integers(0, d.one([1, 2, 5, 15, 200]), n)]
    frame["stratum"] = frame["school"].str[-1] if d.often() else "one"
    frame["sex"] = d.rng.permutation(d.labels(n, d.one([1, 2, 3]), "sex"))
    frame["weight"], frame["years"] = d.weights(n), d.numbers(n)
    for place in range(1, 5):
        frame[f"rep{place}"] = frame["weight"] * d.rng.choice([0.5, 1.5], n)
    items = [f"q{place}" for place in range(d.one([1, 1, 2, 3]))]
    for item in items:
        frame[item] = d.answers(n, most, group)
    if d.often(0.2):
        frame.loc[d.rng.permutation(n)[: d.one([1, 9, n // 2])], "group"] = np.nan
    return frame, items


def _survey(d: Draws) -> Case:
    """What 02 and 03 have in common."""
    most = d.one([2, 3, 4, 5])
    frame, items = _people(d, most)
    values = {"items": items, "frequent": d.one([1, 1, min(2, most - 1)]), "smallest_answer": d.one(SMALLEST)}
    values |= {"interval": d.one(["logit", "logit", "Korn-Graubard", "symmetric"])}
    d.column(values, "labels", list("abcde"[:most]), 0.9)
    d.column(values, "weight", "weight", 0.3)
    d.column(values, "school", "school")
    d.column(values, "strata", "stratum", 0.2)
    d.column(values, "nest", True, 0.2)
    return frame, values


def _teachers(d: Draws) -> Case:
    frame, values = _survey(d)
    if several := [name for name in ("group", "band", "sex") if frame[name].nunique() > 1]:
        d.column(values, "group", several[: d.one([1, 1, 2])], 0.8)
    return frame, values


def _coding(d: Draws) -> Case:
    """Leaders with codes, some of all or of nobody, by one coder or two."""
    n, names = d.one([9, 10, 11, 20]), [f"c{place}" for place in range(d.one([2, 3, 5]))]
    chances = [d.one([0, 0, 0.1, 0.5, 0.9, 1]) for _ in names]
    frame = pd.DataFrame(
        {"leader": np.arange(n)} | {name: d.rng.random(n) < p for name, p in zip(names, chances, strict=True)}
    )
    frame = frame.astype(int)
    values: dict[str, Any] = {"practices": names[: d.one([1, 1, 2])], "leader": "leader"}
    d.column(values, "supports", [name for name in names if name not in values["practices"]][: d.one([1, 3])], 0.8)
    if d.often():
        other = frame.copy()
        other[names] = np.where(d.rng.random((n, len(names))) < d.one([0, 0.2, 1]), 1 - other[names], other[names])
        frame, values["coder"] = pd.concat([frame.assign(coder="A"), other.assign(coder="B")]), "coder"
    return frame, values


def _systems(d: Draws) -> Case:
    frame, values = _survey(d)
    if frame["group"].nunique() > 1 or d.often(0.1):
        d.column(values, "group", "group", 0.7)
    d.column(values, "by", d.one([name for name in ("sex", "band") if frame[name].nunique() > 1] or ["sex"]))
    if "by" in values and "school" in values:
        d.column(values, "within_schools", True, 0.5)
    d.column(values, "means", ["years"], 0.3)
    free = [name for name in ("sex", "band", "years") if name not in values.get("means", [])]
    d.column(values, "explain", free[: d.one([1, 2, 3])], 0.3)
    if "weight" in values and "strata" not in values:
        d.column(values, "replicates", "rep", 0.3)
    if "group" in values:
        d.column(values, "systems", [str(d.one(frame["group"].dropna().tolist() or ["g0"]))], 0.2)
    return frame, values


def _two_groups(d: Draws) -> Case:
    """04: scales of two groups, or three of which two are compared."""
    sizes = [max(d.one(SIZES), d.one([10, 12, 20])) for _ in range(d.one([2, 2, 3]))]
    n, group = sum(sizes), np.repeat(["a", "b", "c"][: len(sizes)], sizes)
    frame = pd.DataFrame({"id": np.arange(n), "group": group})
    apart = pd.factorize(group)[0] if d.often(0.3) else d.rng.integers(0, d.one([1, 2, 5, 200]), n)
    frame["school"] = [f"s{x}" for x in apart]
    scales = [f"q{place}" for place in range(d.one([1, 2, 3]))]
    for scale in scales:
        frame[scale] = d.answers(n, 5, group) if d.often(0.2) else d.rng.normal(size=n).round(1)
    frame.loc[d.rng.permutation(n)[: d.one([0, 0, 1, 3, 9])], scales[0]] = np.nan
    values: dict[str, Any] = {"group": "group", "scales": scales, "compare": ["a", "b"]}
    d.column(values, "cluster", "school", 0.6)
    if "cluster" in values:
        d.column(values, "inference", d.one(["CR2", "CRV3", "CRV1", "bootstrap", "permutation"]), 0.5)
        d.column(values, "nest", True, 0.2)
    d.column(values, "respondent", "id")
    return frame, values


def _satisfaction(d: Draws) -> Case:
    most = d.one([2, 3, 4, 5, 7])
    frame, items = _people(d, most)
    values = {"low": 1, "high": most, "smallest_answer": d.one(SMALLEST)}
    d.column(values, "labels", list("abcdefg"[:most]), 0.5)
    several = [name for name in ("group", "band", "sex") if frame[name].nunique() > 1] or ["group"]
    for key, name in (("group", d.one(several)), ("weight", "weight"), ("cluster", "school")):
        d.column(values, key, name)
    if d.often(0.3):
        keep = ["id", "group", "band", "sex", "weight", "school"]
        long = frame.melt(keep, items, "item", "answer").dropna(subset="answer")
        return long, values | {"item": "item", "response": "answer", "respondent": "id"}
    return frame, values | {"items": items}


def _waves(d: Draws) -> Case:
    """06: teachers of schools who stay, leave and come, in two or three waves."""
    schools, most = d.one([2, 4, 4, 6, 12]), d.one([2, 4, 5])
    n, count = max(d.one([20, 40]), schools * d.one([1, 4, 6, 12])), d.one([2, 2, 3])
    first = pd.DataFrame({"teacher": np.arange(n), "place": np.arange(n) % schools})
    parts = []
    for wave in range(1, count + 1):
        stay = first[d.rng.random(n) < d.one([1, 1, 0.8, 0.3, 0.0])] if wave > 1 else first
        new = first.assign(teacher=first["teacher"] + 1000 * wave).head(d.one([0, 3, 9, 10, 30]))
        parts.append((pd.concat([stay, new]) if wave > 1 else stay).assign(wave=wave))
    frame = pd.concat(parts, ignore_index=True)
    place, rows = frame["place"], len(frame)
    treated = place < d.one([1, 2, 2, 2, max(schools // 2, 1), max(schools - 2, 1)])
    begun = d.one([2, count]) + (place % 2 if count > 2 and d.often() else 0)
    frame = frame.assign(
        school="s" + place.astype(str), district="d" + (place % 2).astype(str), treated=treated.astype(int)
    )
    frame["began"] = np.minimum(begun, count)
    frame["began"] = frame["began"].where(treated).astype("Int64")
    frame["subject"] = d.labels(rows, d.one([1, 2, 3]), "subject")
    frame["weight"], frame["time"] = d.weights(rows), d.numbers(rows)
    items = [f"i{x}" for x in range(d.one([2, 3, 4]))]
    for item in items:
        frame[item] = d.answers(rows, most, frame["school"].to_numpy())
    scales = {"s": items[:2], "t": items[2:]} if len(items) == 4 else {"s": items}
    values = {"teacher": "teacher", "wave": "wave", "school": "school", "baseline": 1}
    values |= {"scales": scales, "low": 1, "high": most} if d.often(0.7) else {"scales": items[:1]}
    key = d.one(["treated", "treated", "treated_from"])
    d.column(values, key, "treated" if key == "treated" else "began", 0.6)
    for key, name in (
        ("district", "district"),
        ("controls", ["time"]),
        ("categories", ["subject"]),
        ("weight", "weight"),
    ):
        d.column(values, key, name, 0.3)
    d.column(values, "respond_on", ["subject"], 0.3)
    d.column(values, "cluster", "district", 0.2)
    d.column(values, "inference", d.one(["CR2", "CRV3", "CRV1", "bootstrap"]), 0.4)
    return frame, values


def _records(d: Draws) -> Case:
    """01: records of schools and years, in one to three panels."""
    schools, years, size = d.one([1, 2, 3, 4, 8]), d.one([1, 2, 2, 2, 3]), d.one([1, 2, 5, 12, 30])
    n = schools * years * size + d.one([0, 1, 9])
    place = np.arange(n) % schools
    frame = pd.DataFrame({"school": [f"s{x}" for x in place], "district": [f"d{x % 2}" for x in place]})
    frame["year"] = 2015 + np.sort(np.arange(n) % years)
    frame["band"] = np.where(place % 2, "upper", "lower") if d.often() else d.labels(n, d.one([1, 2, 3]), "band")
    frame["sex"], frame["x"] = d.rng.permutation(d.labels(n, d.one([1, 2]), "sex")), d.numbers(n)
    frame["weight"], most = d.weights(n), d.one([2, 3, 4])
    items = [f"i{x}" for x in range(d.one([2, 3, 4]))]
    for item in items:
        frame[item] = d.answers(n, most, frame["school"].to_numpy())
    frame["y"] = d.answers(n, most, frame["year"].to_numpy()) if d.often() else d.numbers(n)
    values = {"school": "school", "year": "year", "baseline": int(d.one([2015, 2015, 2014 + years]))}
    values |= {"items": items, "low": 1, "high": most} if d.often() else {"outcome": "y"}
    for key, name in (
        ("controls", ["x"]),
        ("categories", ["sex"]),
        ("by", "band"),
        ("cluster", "district"),
        ("weight", "weight"),
    ):
        d.column(values, key, name, 0.3)
    d.column(values, "respond_on", ["sex"], 0.3)
    if "outcome" in values and frame["y"].dropna().between(1, most).all():
        values |= {"low": 1, "high": most} if d.often() else {}
    d.column(values, "inference", d.one(["CRV3", "CRV1", "bootstrap"]), 0.4)
    d.column(values, "standardise", True, 0.2)
    d.column(values, "balanced", True, 0.2)
    return frame, values


def _retold(d: Draws) -> Case:
    """07: a few retold numbers, often of one kind."""
    n, kinds = d.one([1, 1, 2, 5]), [*SIGNS]
    change = [d.one(kinds) for _ in range(n)] if d.often() else [d.one(kinds)] * n
    value = d.rng.choice([0, 1, 60, 5e6], n)
    other = [kept in ("other number", "rounded") for kept in change]
    frame = pd.DataFrame(
        {
            "label": [f"what {x if d.often() else 0}" for x in range(n)],
            "value": value,
            "unit": d.one(["percent", "", "teachers"]),
        }
    )
    frame["said_by"], frame["after"] = [f"B{x}" for x in range(n)], ["S", *[f"B{x}" for x in range(n - 1)]]
    frame["source_value"] = np.where(other, value + 1, value)
    frame["source_says"], frame["change"] = "so many", change
    silent = frame["change"].isin(["not seen"])
    frame.loc[silent, ["source_value", "source_says"]] = [np.nan, ""]
    return frame, {}


def _effects(d: Draws) -> Case:
    """08: a few effects."""
    n = d.one([1, 1, 2, 6])
    estimate, reach = d.rng.normal(size=n).round(2), d.one([0, 0.1, 50])
    frame = pd.DataFrame({"study": [d.one(["A", "B"]) for _ in range(n)], "label": [f"e{x}" for x in range(n)]})
    frame = frame.assign(
        unit=d.one(["teachers", "schools"]), estimate=estimate, ci_low=estimate - reach, ci_high=estimate + reach
    )
    return frame, {}


KINDS: dict[str, tuple[str, Callable[[Draws], Case]]] = {
    "01": ("01-practice-change", _records), "01 release": ("01-practice-change", _records),
    "02": ("02-teacher-leadership", _teachers), "02 coding": ("02-teacher-leadership", _coding),
    "03": ("03-talis-deprivatization", _systems), "04": ("04-participant-comparison", _two_groups),
    "05": ("05-satisfaction", _satisfaction), "06": ("06-signposts", _waves),
    "07": ("07-reach-and-context", _retold), "08": ("08-evidence-ledger", _effects),
}  # fmt: skip
"""What is run, and what makes its files."""


def _released(folder: Path, values: dict[str, Any], kind: str) -> dict[str, Any]:
    """The parameters of 01 on a release of the file that `values` name. Raises InputError where nothing may leave."""
    taken = {
        key: values[key]
        for key in values
        if key in ("data", "school", "year", "baseline", "controls", "categories", "by", "cluster")
    }
    taken["outcome"] = values.get("outcome", "y")
    (folder / "ask.yml").write_text(json.dumps(taken))
    with mock.patch("helpers.release.folder.BUILD", folder / "build"):
        made = releases.make(folder / "ask.yml", kind)
    return {"release": str(made)} | {key: values[key] for key in ("inference", "standardise") if key in values}


def run(kind: str, seed: int, number: int, folder: Path) -> inprocess.Ran:
    """One run of a kind. Raises what it raises."""
    d = Draws([seed, number, [*KINDS].index(kind)])
    name, make = KINDS[kind]
    frame, values = make(d)
    frame.to_csv(folder / "mine.csv", index=False)
    values = {"data": str(folder / "mine.csv")} | values
    if kind == "01 release":
        values.pop("weight", None)
        values = _released(folder, values, d.one(["pooled", "school"]))
    (folder / "values.json").write_text(json.dumps(values, indent=1))
    return inprocess.run(folder / "run", name, drawn=True, **values)


def seen(page: str) -> str:
    """A page's words and alternative texts, as one reads them."""
    soup = BeautifulSoup(page, "html.parser")
    for gone in soup(["style", "script"]):
        gone.decompose()
    alts = [image.get("alt", "") for image in soup("img")]
    return "\n".join([*(line.strip() for line in soup.get_text("\n").splitlines() if line.strip()), *alts])


def fault(kind: str, seed: int, number: int, folder: Path) -> tuple[str, str]:
    """How a run ended ("page", "refused" or "fault"), and what is to be said of it."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", RuntimeWarning)
        try:
            page = seen(run(kind, seed, number, folder).page)
        except InputError as error:
            said = str(error)
            (folder / "refused.txt").write_text(said)
            return (
                ("refused", said)
                if said.strip() and len(said) <= LONGEST
                else ("fault", f"a refusal of {len(said)} characters: {said[:200]}")
            )
        except Exception as error:
            ours = [
                f
                for f in traceback.extract_tb(error.__traceback__)
                if "helpers" in f.filename or f.filename == "<cell>"
            ]
            where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
            (folder / "traceback.txt").write_text(traceback.format_exc())
            return "fault", f"{type(error).__name__} at {where}: {str(error)[:200]}"
    (folder / "page.txt").write_text(page)
    if odd := ODD.search(page):
        return "fault", f"the page says {page[max(odd.start() - 60, 0) : odd.end() + 30]!r}"
    if warned:
        return "fault", f"{Path(warned[0].filename).name}:{warned[0].lineno} warns: {warned[0].message}"
    return "page", page


def main() -> int:
    """Run as the first lines of this file say; one where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", choices=KINDS, nargs="+", default=[*KINDS])
    parser.add_argument("--keep", type=Path, help="a folder for files and pages of these runs")
    asked = parser.parse_args()
    faulthandler.enable()
    ends, start = Counter(), time.monotonic()
    for kind in asked.only:
        for number in range(asked.first, asked.first + asked.count):
            with tempfile.TemporaryDirectory() as scratch:
                folder = asked.keep / f"{kind}-{number}" if asked.keep else Path(scratch)
                folder.mkdir(parents=True, exist_ok=True)
                end, said = fault(kind, asked.seed, number, folder)
            ends[kind, end] += 1
            if end == "fault":
                print(f"{kind}, run {number}: {said}", flush=True)
        counts = ", ".join(f"{ends[kind, end]} {end}" for end in ("page", "refused", "fault"))
        print(f"{kind}, seed {asked.seed}: {counts}; {time.monotonic() - start:.0f} s", flush=True)
    return int(any(end == "fault" for _, end in ends))


if __name__ == "__main__":
    raise SystemExit(main())
