"""Damaged files and parameter files, read by all that reads what people bring: each is read or refused in plain words.

    python tests/fuzz_reading.py 20000 7          # so many of them, from this seed, in this process
    python tests/fuzz_reading.py 1 7 --first 123  # number 123 of these again, with its traceback

Nothing but an answer or an InputError of at most LONGEST characters may come out.
"""

import argparse
import contextlib
import faulthandler
import io
import random
import shutil
import signal
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyreadstat

from helpers.estimate import moments
from helpers.notebook import parameters, source
from helpers.project import ROOT, InputError
from helpers.read import formats, frames, records, sql, survey, waves
from helpers.read.files import Options
from helpers.study import effects, leaders, own_practice, participants, retellings

LONGEST = 1_500  # characters of a message
SECONDS = 30  # of the processor, after which one file hangs: whatever else the machine does

ODD = [
    "", " ", "NA", "#N/A", "n/a", "-", "1,204", "1.204", "33,110", "1.204,5", "5 %", "+3", "1e400", "inf", "-inf", "nan", "1_000",
    "٣", "１２", "7,2", "101.0", "101,0", "007", "9007199254740993", "-0.0", "9" * 400, "\x00", "\u200b", "\ufeff", "a\nb", "a\r\nb", "a\rb",
    '"', '""', "'", "\\", "\\'", ";", ",", "\t", "x" * 70_000, "=1+1", "<script>", "{}", "%s", "$1", "2014-03-01", "31.12.2014",
    "9999-99-99", "00-01", "98-99", "spring 2014", "wave 10", "w" + "9" * 5000, "true", "yes", "x", "never", "🙂", "é", "😀" * 300,
]  # fmt: skip
"""Cells and names that somebody may have."""
VALUES = [
    np.nan,
    None,
    np.inf,
    -1e308,
    2.0**53,
    9,
    99,
    -9,
    True,
    b"x",
    [1, 2],
    {"a": 1},
    pd.Timestamp("2014-03-01"),
    10**30,
]


class Hangs(BaseException):
    """No handler of errors of a library may take it for one of these."""


def people() -> pd.DataFrame:
    """A table that every reader of a survey can read."""
    r, n = np.random.default_rng(1), 96
    table = {
        "teacher": [f"t{i % 48}" for i in range(n)],
        "wave": np.arange(n) // 48 + 1,
        "school": [f"s{i % 8}" for i in range(n)],
    }
    table |= {"group": ["a", "b"] * (n // 2), "w": r.integers(1, 4, n) / 2, "score": r.normal(size=n).round(3)}
    table |= {name: r.integers(1, 5, n) for name in ("q1", "q2", "q3")} | {
        name: r.integers(0, 2, n) for name in ("c1", "c2")
    }
    return pd.DataFrame(table)


def tables() -> dict[str, pd.DataFrame]:
    """Tables by what reads them."""
    own = {
        name: pd.read_csv(ROOT / "data/simulated" / file)
        for name, file in (("retellings", "07-retellings.csv"), ("effects", "08-effects.csv"))
    }
    return own | {"people": people(), "leaders": people().drop_duplicates("teacher")}


def write(path: Path, frame: pd.DataFrame, r: random.Random) -> None:
    """A file of the kind that its ending tells."""
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False, sep=r.choice(",,,;;\t"), lineterminator=r.choice(["\n", "\r\n"]))
        case ".parquet":
            duckdb.from_df(frame).write_parquet(str(path))
        case ".xlsx":
            frame.to_excel(path, index=False)
        case ".por":
            pyreadstat.write_por(frame.rename(columns=lambda name: name.upper()[:8]), str(path))
        case ".dta":
            pyreadstat.write_dta(frame, str(path), variable_value_labels=_labels(frame, r))
        case ".sav" | ".zsav":
            gaps = (
                {"q1": [4, {"lo": 98, "hi": 99}]}
                if r.random() < 0.3 and frame.get("q1", frame.iloc[:, 0]).dtype != object
                else None
            )
            more = {
                "compress": path.suffix == ".zsav",
                "missing_ranges": gaps,
                "variable_value_labels": _labels(frame, r),
            }
            pyreadstat.write_sav(frame, str(path), **more)
        case ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                for place in range(r.choice([1, 1, 2])):
                    archive.writestr(f"part{place}.csv", frame.to_csv(index=False))
        case ".xls":
            path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + r.randbytes(2000))
        case ".sas7bdat":
            path.write_bytes(bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011") + r.randbytes(4000))


def _labels(frame: pd.DataFrame, r: random.Random) -> dict | None:
    words = {1: "never", 2: "seldom", 3: r.choice(["often", "never", "no answer", " often "]), 4: "always"}
    return {name: words for name in ("q1", "q2", "q3", "wave") if name in frame and r.random() < 0.5} or None


def mutate_table(frame: pd.DataFrame, r: random.Random, plain: bool) -> pd.DataFrame:
    """Cells, columns and names of a table changed; `plain`: by texts only."""
    frame = frame.copy()
    for _ in range(r.choice([0, 1, 1, 2, 5])):
        name, kind = r.choice(list(frame)), r.random()
        if kind < 0.5 or not plain:
            values = frame[name].astype(object)
            for row in r.sample(range(len(frame)), min(len(frame), r.choice([1, 1, 3, 1000]))):
                values.iloc[row] = r.choice(ODD if plain or r.random() < 0.5 else VALUES)
            frame[name] = values if plain else values.infer_objects()
        elif kind < 0.6 and len(frame.columns) > 1:
            frame = frame.drop(columns=name)
        elif kind < 0.7:
            frame = frame.rename(columns={name: r.choice([*ODD, *frame, name.upper(), f" {name} ", "n" * 100_000])})
        elif kind < 0.8:
            frame = frame.iloc[: r.choice([0, 1, 5, 20])] if r.random() < 0.5 else pd.concat([frame, frame])
        elif kind < 0.9:
            other = r.choice(list(frame))
            frame = frame.set_axis([{name: other, other: name}.get(c, c) for c in frame], axis=1)
        else:
            frame = (
                pd.concat([frame, frame[[name]].iloc[:, :1]], axis=1)
                if r.random() < 0.3
                else frame.sample(frac=1, random_state=r.randrange(99), axis=1)
            )
            frame = frame if frame.columns.is_unique or plain else frame.loc[:, ~frame.columns.duplicated()]
        if not frame.columns.is_unique:
            break
    return frame


def mutate_bytes(data: bytes, r: random.Random) -> bytes:
    """Bytes changed, cut, doubled, put in or taken out."""
    found = bytearray(data)
    for _ in range(r.choice([1, 1, 2, 8, 60])):
        at, length = r.randrange(len(found) + 1), r.choice([1, 2, 8, 100])
        match r.randrange(6):
            case 0:
                found[at : at + 1] = bytes([r.randrange(256)])
            case 1:
                found[at : at + length] = b""
            case 2:
                found[at:at] = r.choice([b"\0", b'"', b"\n", b",", b";", b"\r", b"\xff\xfe", r.randbytes(length)])
            case 3:
                found[at:at] = found[at : at + length]
            case 4:
                found[at : at + length] = bytes(length)
            case 5:
                found = found[:at] if r.random() < 0.2 else found
        if not found:
            break
    return bytes(found)


def mutate_file(path: Path, r: random.Random) -> None:
    """Bytes of a file changed; of a workbook those of a part of it, so that more than its packing is tried."""
    if path.suffix not in (".xlsx", ".zip") or r.random() < 0.3:
        path.write_bytes(mutate_bytes(path.read_bytes(), r))
        return
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = r.choice(
        [part for part in parts if "sheet" in part or "shared" in part or part.endswith(".csv")] * 3 + list(parts)
    )
    parts[name] = mutate_bytes(parts[name], r)
    with zipfile.ZipFile(path, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)


def options_of(r: random.Random) -> Options:
    """What somebody may say of a file."""
    return Options(
        encoding=r.choice(["utf-8"] * 6 + ["latin-1", "utf-16", "ascii", "cp1252", "hex", "idna", "nonsense"]),
        missing=r.choice([[], [], [], [9, 99], [4], ["x", "never"], [-9.5, "NA"]]),
        decimal=r.choice(["", "", "", "", ",", "."]),
        thousands=r.choice(["", "", "", "", ",", ".", " "]),
        sheet=r.choice(["", "", "", "Sheet1", "none"]),
    )


def _each_column(path: Path, r: random.Random) -> None:
    options, names = options_of(r), formats.header(path, Options())
    for column in r.sample(names, min(3, len(names))):
        for reads in (
            frames.numbers, frames.labels, lambda g, c: frames.answers(g, [c], r.choice([(), ["never", "seldom", "often", "always"]])),
            frames.in_time, lambda g, c: frames.yes_or_no(g, c, "Mend it"), lambda g, c: frames.notes(g, [c], [c]),
            lambda g, c: frames.check_unique(g, [c]),
        ):  # fmt: skip
            with contextlib.suppress(InputError):
                reads(frames.read(path, [column], options), column)
    frames.read(path, names[:1], options)


def _stream(path: Path, r: random.Random) -> None:
    names = ["school", "wave", "group", "score", "q1"] if r.random() < 0.7 else []
    labelled = names[: r.randrange(4)]
    with records.open_records(path, names, labelled, options_of(r), names[: r.randrange(2)]) as opened:
        for column in list(opened.columns)[:12]:
            opened.fetch(f"SELECT {sql.label(opened, column)} AS l, {sql.number(opened, column)} AS n FROM file")
        moments.years(opened, r.choice(list(opened.columns)))


def _own_practice(path: Path, r: random.Random) -> None:
    asked = dict(
        school="school", year="wave", baseline=r.choice(["1", "never"]), cluster="", controls=["w"][: r.randrange(2)]
    )
    asked |= dict(categories=r.choice([{}, {"group": ""}]), weight=r.choice(["", "w"]))
    what = r.choice([("score", []), ("", ["q1", "q2", "q3"])])
    labels = r.choice([[], [], ["never", "seldom", "often", "always"]])
    own_practice.read(
        path, outcome=what[0], items=what[1], low=1, high=4, balanced=r.random() < 0.3, by=r.choice(["", "", "group"]), labels=labels,
        options=options_of(r), **asked,
    )  # fmt: skip


def _participants(path: Path, r: random.Random) -> None:
    frame, given = participants.read(
        path, ["score", "q1"], "group", cluster=r.choice(["", "school"]), options=options_of(r)
    )
    chosen, names = participants.choose(frame, "group", [], path)
    participants.account(given, chosen, "group", ["score", "q1"])
    participants.from_records(chosen, ["score", "q1"], chosen["group"] == names[0], path)


ITEMS = ["q1", "q2", "q3"]
READERS: dict[str, dict[str, Callable[[Path, random.Random], object]]] = {
    "people": {
        "frames": _each_column,
        "records": _stream,
        "read_survey": lambda p, r: survey.read_survey(p, ITEMS, r.choice(["", "group"]), weight=r.choice(["", "w"]), school="school", by=r.choice(["", "wave"]), options=options_of(r)),
        "read_answers": lambda p, r: survey.read_answers(p, items=ITEMS, low=1, high=4, group=r.choice(["", "group"]), options=options_of(r)),
        "waves": lambda p, r: waves.read(
            p, teacher="teacher", wave="wave", school="school", scales=r.choice([["score"], {"all": ITEMS}]), high=4, weight=r.choice(["", "w"]),
            categories=r.choice([(), ["group"]]), treated=r.choice(["", "c1"]), options=options_of(r)),
        "participants": _participants,
        "own_practice": _own_practice,
    },
    "leaders": {"leaders": lambda p, r: leaders.read(p, ["c1", "c2"], leader="teacher", options=options_of(r))},
    "retellings": {"retellings": lambda p, r: retellings.read(p, options_of(r))},
    "effects": {"effects": lambda p, r: effects.read(p, options_of(r))},
}  # fmt: skip
ENDINGS = (
    [".csv"] * 8
    + [".xlsx"] * 3
    + [".parquet", ".sav", ".dta", ".sav", ".dta"]
    + [".zsav", ".por", ".zip", ".xls", ".sas7bdat"]
)
YAML = [
    "1: 2\n", "~: 2\n", "[a]: 1\n", "low: !!int x\n", "low: !!bool x\n", "a: &a [1]\n", "b: *a\n", "<<: {a: 1}\n", "labels: " + "[" * 3000 + "]" * 3000 + "\n",
    "low: .nan\n", "low: 1e999\n", "low: " + "9" * 5000 + "\n", "x" * 5000 + ": 1\n", "items: {a: {b: c}}\n", "- a\n", "? a\n", "low:\n", "data: !!binary x\n",
    "\x00", "\t", "%TAG ! x\n", "---\n", "a: !!timestamp x\n", "items: [" + "a, " * 3000 + "]\n",
]  # fmt: skip


def parameter_file(folder: Path, r: random.Random, examples: list[bytes]) -> None:
    """A file of parameters, damaged or with lines put in, read and checked as a run does."""
    lines = r.choice(examples).splitlines(keepends=True)
    for _ in range(r.choice([0, 1, 1, 3])):
        lines.insert(r.randrange(len(lines) + 1), r.choice(YAML).encode())
    data = b"".join(lines)
    path = folder / "mine.yml"
    path.write_bytes(mutate_bytes(data, r) if r.random() < 0.7 else data)
    notebook = r.choice(
        [
            "01-practice-change",
            "02-teacher-leadership",
            "03-talis-deprivatization",
            "04-participant-comparison",
            "05-satisfaction",
            "06-signposts",
        ]
    )
    parameters.check(source.path_of(notebook), parameters.read(path), str(path))


def one(
    seed: str, folder: Path, base: dict[str, pd.DataFrame], examples: list[bytes], readers: int = 2
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is done with one damaged file: names and functions."""
    r = random.Random(seed)
    if r.random() < 0.15:
        yield "parameters", lambda: parameter_file(folder, r, examples)
        return
    table, ending = r.choice(["people"] * 6 + list(base)), r.choice(ENDINGS)
    path, frame = folder / f"mine{ending}", base[table]
    try:
        write(path, mutate_table(frame, r, ending in (".csv", ".zip")), r)
    except Exception:  # not every writer takes every cell: then damage a good file
        write(path, frame, r)
        mutate_file(path, r)
    else:
        if r.random() < 0.5:
            mutate_file(path, r)
    if ending == ".csv" and r.random() < 0.1:
        path.write_bytes(
            path.read_bytes().decode("utf-8", "replace").encode(r.choice(["utf-16", "latin-1"]), "replace")
        )
    for name in r.sample(list(READERS[table]), min(readers, len(READERS[table]))):
        yield name, lambda name=name: READERS[table][name](path, r)


def run(count: int, seed: int, first: int = 0, readers: int = 2, loud: bool = False) -> tuple[Counter, list[str]]:
    """Counts of what came out, and where anything but an answer or a short InputError did."""
    counts, wrong = Counter(), []
    base, examples = tables(), [path.read_bytes() for path in sorted((ROOT / "params").glob("0*.yml"))]

    def hangs(*_: object) -> None:
        raise Hangs

    before = signal.signal(signal.SIGPROF, hangs)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(first, first + count):
            inside = Path(folder) / str(number)
            inside.mkdir()
            for name, read in one(f"{seed}:{number}", inside, base, examples, readers):
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                try:
                    with contextlib.redirect_stdout(io.StringIO()):
                        read()
                    counts["ok"] += 1
                except InputError as error:
                    counts["refused"] += 1
                    if len(str(error)) > LONGEST or not str(error).strip():
                        wrong.append(f"{number} {name}: a message of {len(str(error))} characters: {str(error)[:200]}")
                except BaseException as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    last = traceback.extract_tb(error.__traceback__)
                    ours = next(
                        (f"{Path(f.filename).name}:{f.lineno}" for f in reversed(last) if "helpers" in f.filename), ""
                    )
                    wrong.append(f"{number} {name}: {type(error).__name__} at {ours}: {str(error)[:200]}")
                    if loud:
                        traceback.print_exc()
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
            shutil.rmtree(inside)
    signal.signal(signal.SIGPROF, before)
    return counts, wrong


def main() -> None:
    """Run as the first lines of this file say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--readers", type=int, default=2, help="that try each file")
    asked = parser.parse_args()
    faulthandler.enable()
    counts, wrong, start = Counter(), [], time.monotonic()
    for first in range(asked.first, asked.first + asked.count, 500):
        some = min(500, asked.first + asked.count - first)
        more, bad = run(some, asked.seed, first, asked.readers, loud=asked.count == 1)
        counts, wrong = counts + more, wrong + bad
        print(
            f"{first}: {dict(counts)}, other {len(wrong)}, {time.monotonic() - start:.0f} s",
            *bad,
            sep="\n  ",
            flush=True,
        )
    print(f"{asked.count} files, seed {asked.seed}: ok {counts['ok']}, refused {counts['refused']}, other {len(wrong)}")


if __name__ == "__main__":
    main()
