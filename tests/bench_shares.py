"""How long shares with replicate errors take here, beside svy and R's survey package.

    make bench

Made-up teachers: 260,000 in 48 systems, a final weight and 100 replicates, the share `often` of eight items with one
answer in twenty missing. Every method starts from the answers as it wants to hold them and ends with all estimates and
errors. All but R, which runs once, are measured once a round, in turn; figures are medians, and ratios are medians of
the rounds' ratios. Quote the ratios: seconds depend on the machine. Matrix products get one thread: with two they are
as fast on an idle machine, and on a busy one wait long for each other. What misses its aim is said and fails nothing.
Memory is that of a whole process, the records included. R is left out, and that is said, where it or its package is
absent. A second table tells how often the three kinds of intervals hold a share where schools are few.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench_estimator import report
from bench_methods import OURS, peak

TEACHERS, SYSTEMS, REPLICATES = 260_000, 48, 100
ITEMS = "ABCDEFGH"
OFTEN = 5
FAY = 0.5

Found = dict[str, list[float]]
"""`estimate` and `std_error` by system and, within it, by item."""


def records() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """System, school, answers 1 to 6 or 0 for none, and weights of every teacher: the same on every machine."""
    rng = np.random.default_rng(1)
    system = np.sort(rng.integers(0, SYSTEMS, TEACHERS))
    school = system * 200 + rng.integers(0, 200, TEACHERS)
    answers = rng.integers(1, 7, (TEACHERS, len(ITEMS)), dtype=np.int8)
    answers[rng.random(answers.shape) < 0.05] = 0
    halves = rng.choice([FAY, 2 - FAY], (200 * SYSTEMS, 1 + REPLICATES))
    halves[:, 0] = 1
    return system, school, answers, rng.uniform(1, 20, (TEACHERS, 1)) * halves[school]


def indicators(answers: np.ndarray) -> np.ndarray:
    return np.where(answers > 0, answers >= OFTEN, np.nan)


def ours() -> Callable[[], Found]:
    """From the survey to the whole table: twice the shares that the others compute, with notes and intervals."""
    import pandas as pd

    from helpers.estimate import shares
    from helpers.read.survey import NO_ANSWER, Survey

    system, school, answers, weights = records()
    frame = pd.DataFrame(np.where(answers, answers, NO_ANSWER), columns=list(ITEMS))
    frame = frame.assign(cycle=2018, system=[f"S{i:02d}" for i in system], level=2, school_id=school)
    items = dict.fromkeys(ITEMS, "")
    survey = Survey(frame, items, list("123456"), OFTEN, ("never", "often"), weights, FAY, (30, 10), (), True)

    def act() -> Found:
        table = shares.table(survey)
        often = table[table["statistic"] == "often"]
        return {"estimate": often["share"].tolist(), "std_error": often["std_error"].tolist()}

    return act


def estimator() -> Callable[[], Found]:
    """The estimator alone: one matrix product a system, from columns of 0, 1 and nothing."""
    from helpers.estimate.survey_means import means

    system, _, answers, weights = records()
    values = indicators(answers)
    ends = np.searchsorted(system, np.arange(SYSTEMS + 1))

    def act() -> Found:
        found = [means(values[start:end], weights[start:end], FAY) for start, end in pairwise(ends)]
        return {
            "estimate": np.concatenate([one.estimate for one in found]).tolist(),
            "std_error": np.concatenate([one.std_error for one in found]).tolist(),
        }

    return act


def svy() -> Callable[[], Found]:
    import polars as pl
    import svy

    system, _, answers, weights = records()
    data = pl.DataFrame(indicators(answers), schema=list(ITEMS), nan_to_null=True)
    data = data.with_columns(pl.Series("system", [f"S{i:02d}" for i in system]))
    data = data.hstack(pl.DataFrame(weights, schema=[f"w{r}" for r in range(1 + REPLICATES)]))
    replicates = svy.BrrWgts(prefix="w", n_reps=REPLICATES, fay_coef=FAY)
    sample = svy.Sample(data, svy.Design(wgt="w0", rep_wgts=replicates))

    def act() -> Found:
        found = sample.estimation.mean(
            list(ITEMS),
            by="system",
            method="replication",
            variance_center="estimate",
            drop_nulls=True,
        )
        tables = [one.to_polars().sort("system") for one in found]
        return {
            name: np.array([table[column] for table in tables]).T.ravel().tolist()
            for name, column in (("estimate", "est"), ("std_error", "se"))
        }

    return act


PROGRAM = f"""
suppressMessages(library(survey))
arguments <- commandArgs(TRUE)
read <- function(name, columns) matrix(readBin(file.path(arguments[1], name), "double", {TEACHERS} * columns),
                                       ncol = columns)
answers <- as.data.frame(read("answers", {len(ITEMS)}))
names(answers) <- strsplit("{ITEMS}", "")[[1]]
answers$system <- as.vector(read("system", 1))
weights <- read("weights", {1 + REPLICATES})
design <- svrepdesign(data = answers, weights = weights[, 1], repweights = weights[, -1], type = "Fay", rho = {FAY},
                      mse = TRUE, combined.weights = TRUE)
shares <- function() sapply(strsplit("{ITEMS}", "")[[1]], function(item) {{
  found <- svyby(reformulate(item), ~system, design, svymean, na.rm = TRUE)
  c(coef(found), SE(found))
}})
seconds <- c()
for (round in seq_len(as.integer(arguments[2]))) seconds <- c(seconds, system.time(found <- shares())[["elapsed"]])
half <- seq_len({SYSTEMS})
status <- readLines("/proc/self/status")
writeLines(c(paste(seconds, collapse = " "), paste(sprintf("%.17g", t(found[half, ])), collapse = " "),
             paste(sprintf("%.17g", t(found[-half, ])), collapse = " "),
             gsub("[^0-9]", "", grep("VmHWM", status, value = TRUE))))
"""


def r_survey(folder: Path, rounds: int) -> tuple[list[float], float, Found]:
    """Seconds of every round inside one process of R, its peak in MB, and what it found."""
    system, _, answers, weights = records()
    for name, values in (("system", system), ("answers", indicators(answers)), ("weights", weights)):
        np.asarray(values, dtype=float).ravel(order="F").tofile(folder / name)
    (folder / "program.R").write_text(PROGRAM)
    done = subprocess.run(
        ["Rscript", str(folder / "program.R"), str(folder), str(rounds)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [list(map(float, line.split())) for line in done.stdout.splitlines()]
    return lines[0], lines[3][0] / 1024, {"estimate": lines[1], "std_error": lines[2]}


METHODS = {OURS: ours, "its estimator alone": estimator, "svy": svy}
AIMS = {"svy": 1 / 3, "R survey": 1 / 20}


def measure(rounds: int) -> None:
    """Seconds of all but R, in turn, in this process."""
    acts = {name: method() for name, method in METHODS.items()}
    seconds = {name: [] for name in acts}
    found = {}
    for turn in range(rounds + 1):
        for name, act in acts.items():
            started = time.perf_counter()
            found[name] = act()
            if turn:  # the first warms up
                seconds[name].append(time.perf_counter() - started)
    print(json.dumps([seconds, found]))


def child(*arguments: str) -> list:
    command = [sys.executable, "-W", "ignore", __file__, *arguments]
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=one_thread)
    return json.loads(done.stdout)


def check(found: dict[str, Found]) -> None:
    """A time counts only for the same answer."""
    for name, other in found.items():
        for column, expected in found[OURS].items():
            apart = np.abs(np.array(other[column]) / expected - 1).max()
            if not apart < 1e-8:
                print(f"!! {name} gives another {column}: {apart:.1e} apart")


def coverage(draws: int = 1000) -> None:
    """How often each 95% interval holds the share, with few schools of unequal sizes: beta-binomial answers."""
    from helpers.estimate.intervals import of_shares
    from helpers.estimate.survey_means import Design, means

    kinds = ("symmetric", "logit", "Korn-Graubard")
    error = 100 * (0.05 * 0.95 / draws) ** 0.5
    print(f"\nHow often 95% intervals hold the share, percent of {draws:,} surveys (Monte Carlo error {error:.1f})")
    print("  schools  alikeness  share   none  " + "  ".join(f"{kind:>13}" for kind in kinds))
    for schools, icc, share in itertools.product((5, 10, 30), (0.02, 0.2), (0.03, 0.1, 0.5)):
        rng = np.random.default_rng(5)
        found = []
        for _ in range(draws):
            clusters = np.repeat(np.arange(schools), rng.integers(3, 20, schools))
            own = rng.beta(share * (1 / icc - 1), (1 - share) * (1 / icc - 1), schools)
            values = (rng.random(len(clusters)) < own[clusters]).astype(float)[:, None]
            one = means(values, np.ones_like(values), design=Design(clusters, np.zeros(schools, dtype=int)))
            found.append([*one.estimate, *one.std_error, *one.df, *one.n, *one.effective_n])
        columns = np.array(found).T
        exact = np.isin(columns[0], (0, 1))
        columns[1, exact] = np.nan
        held = [(low <= share) & (share <= high) for low, high in (of_shares(*columns, kind) for kind in kinds)]
        print(f"  {schools:7}  {icc:9}  {share:5}  {100 * exact.mean():5.1f}  "
              + "  ".join(f"{100 * one.mean():13.1f}" for one in held))  # fmt: skip


def main() -> None:
    """Measure everything in turn and print one table, and one of how often intervals hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child == "seconds":
        measure(arguments.rounds)
        return
    if arguments.child:
        METHODS[arguments.child]()()
        print(json.dumps([peak()]))
        return
    if find_spec("svy") is None:
        print("not installed: svy. `make bench` without ENV=active installs it.")
        return
    print(f"Shares with errors: {TEACHERS:,} teachers, {1 + REPLICATES} weights, {SYSTEMS} systems, {len(ITEMS)} items; {arguments.rounds} rounds")  # fmt: skip
    seconds, found = child("--child", "seconds", "--rounds", str(arguments.rounds))
    memory = {name: child("--child", name)[0] for name in METHODS}
    if shutil.which("Rscript") and not subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True).returncode:  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            r = r_survey(Path(folder), 1)
        # Slow enough that one round tells: it stands beside each of ours.
        seconds["R survey"], memory["R survey"], found["R survey"] = r[0] * arguments.rounds, *r[1:]
    else:
        print("  left out: R's survey package, which is not here (Debian: r-cran-survey)")
    check(found)
    report(seconds, AIMS, memory)
    coverage()


if __name__ == "__main__":
    main()
