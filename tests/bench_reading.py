"""How long files of many rows take to read, beside DuckDB's own reading of the same columns in the same process.

    make bench

A CSV file of 400,000 rows and 20 columns as a stream (all checks, labels and numbers, into a table) and as a frame; a
workbook of 100,000 x 20, and what memory it takes; an SPSS file of 260,000 x 624, of which 20 columns are used.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyreadstat

from helpers.read import frames, records, sql

ROWS, ROUNDS = 400_000, 3
LABELS = ["school", "year", "group"]
ITEMS, SCORES = [f"item_{k}" for k in range(12)], [f"score_{k}" for k in range(5)]
COLUMNS = [*LABELS, *ITEMS, *SCORES]


def made_up(rows: int) -> pd.DataFrame:
    """Answers, scores and three columns of labels."""
    rng = np.random.default_rng(1)
    labels = {
        "school": rng.integers(1, 900, rows), "year": rng.integers(2010, 2016, rows),
        "group": rng.choice(["part", "other", "none"], rows),
    }  # fmt: skip
    items = {name: rng.integers(1, 5, rows) for name in ITEMS}
    return pd.DataFrame(labels | items | {name: rng.normal(3, 1, rows).round(3) for name in SCORES})


def stream(path: Path) -> None:
    """Every column as a label or a number, in a table."""
    with records.open_records(path, COLUMNS, LABELS) as opened:
        cells = [f"{sql.label(opened, name)} AS {name}" for name in LABELS]
        cells += [f"{sql.number(opened, name)} AS {name}" for name in [*ITEMS, *SCORES]]
        opened.run(f"CREATE TEMPORARY TABLE taken AS SELECT {', '.join(cells)} FROM file")
        opened.run("DROP TABLE taken")


def frame(path: Path) -> None:
    """The same as columns of a frame."""
    given = frames.read(path, COLUMNS)
    for name in LABELS:
        frames.labels(given, name)
    for name in [*ITEMS, *SCORES]:
        frames.numbers(given, name)


def seconds(work, *arguments) -> tuple[float, float]:
    """The best of some rounds, by the clock and of processors: DuckDB uses all of them, pandas' parser one."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter(), time.process_time()
        work(*arguments)
        rounds.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    clock, processors = (min(times) for times in zip(*rounds, strict=True))
    return clock, processors


def csv(folder: Path) -> None:
    path = folder / "answers.csv"
    made_up(ROWS).to_csv(path, index=False)
    engine = duckdb.connect()
    statement = f"CREATE OR REPLACE TABLE taken AS SELECT * FROM read_csv('{path}', all_varchar = true)"
    alone = seconds(engine.execute, statement)
    for name, work in (("as a stream", stream), ("as a frame", frame)):
        taken = seconds(work, path)
        print(
            f"CSV, {ROWS:,} x {len(COLUMNS)}, {name}: {taken[0]:.2f} s, {taken[0] / alone[0]:.2f} times DuckDB alone "
            f"({alone[0]:.2f} s); of processors {taken[1] / alone[1]:.2f} times"
        )


def workbook(folder: Path) -> None:
    path = folder / "answers.xlsx"
    made_up(100_000).to_excel(path, index=False)
    code = f"import sys; sys.path.insert(0, 'tests'); import bench_reading; bench_reading.measured({str(path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)


def measured(path: str) -> None:
    """In a process of its own, whose memory is that of this work."""
    start = time.perf_counter()
    frame(Path(path))
    # Not by `getrusage`, which counts what the process that started this one held.
    memory = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 2**20
    print(f"Workbook, 100,000 x {len(COLUMNS)}: {time.perf_counter() - start:.1f} s, {memory:.2f} GB at most")


def spss(folder: Path) -> None:
    path, rows = folder / "answers.sav", 260_000
    wide = pd.DataFrame(
        np.random.default_rng(2).integers(1, 5, (rows, 624), dtype=np.int8), columns=[f"v{k}" for k in range(624)]
    )
    pyreadstat.write_sav(wide, str(path), row_compress=True)
    used = [f"v{k}" for k in range(0, 600, 30)]

    def numbers() -> None:
        given = frames.read(path, used)
        for name in used:
            frames.numbers(given, name)

    plain, _ = seconds(lambda: pyreadstat.read_sav(str(path), usecols=used))
    taken, _ = seconds(numbers)
    print(
        f"SPSS, {rows:,} x 624, {len(used)} columns used: {taken:.1f} s, {taken / plain:.2f} times pyreadstat alone ({plain:.1f} s)"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        csv(Path(place))
        workbook(Path(place))
        spss(Path(place))
