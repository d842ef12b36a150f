"""How long a school fixed-effects fit takes here, beside pyfixest, linearmodels, wildboottest and the bare reading.

    make bench

Made-up records: 19 regressors in all (six year effects, seven dummies of three categories, six numbers), errors
clustered by school. All methods are measured once a round, in turn; figures are medians, and ratios are medians of the
rounds' ratios. Quote the ratios: seconds depend on the machine (inference for few schools alone has aims in seconds). `--large` adds twenty million records (1.3 GB of disk
for a while), `--slow` what takes minutes and up to 9 GB of memory. What misses its aim is said and fails nothing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from bench_methods import (
    FORMULA,
    METHODS,
    MODEL,
    OURS,
    SCAN,
    STATSMODELS,
    TERMS,
    design,
    write,
)

TESTED = "2016"
"""The coefficient whose bootstrap is measured."""
DRAWS = 9_999

WHOLE_AIMS = {"pyfixest": 1 / 6, "linearmodels AbsorbingLS": 1 / 6, "linearmodels PanelOLS": 1 / 6}
WARM_AIMS = {
    "pyfixest": 1 / 3,
    "linearmodels AbsorbingLS": 1 / 12,
    "linearmodels PanelOLS": 1 / 12,
    SCAN: 6,
}


def child(method: str, path: Path) -> tuple[float, float, dict[str, float]]:
    """A whole process: seconds, peak memory in MB, coefficients."""
    program = Path(__file__).with_name("bench_methods.py")
    command = [sys.executable, "-W", "ignore", program, method, path]
    spent, done = timed(lambda: subprocess.run(command, stdout=subprocess.PIPE, check=True))
    return spent, *json.loads(done.stdout)


def timed(act: Callable) -> tuple[float, object]:
    started = time.perf_counter()
    found = act()
    return time.perf_counter() - started, found


def check(found: dict[str, float], other: dict[str, float], name: str) -> None:
    """A time counts only for the same answer."""
    apart = max(abs(found[term] - other[term]) for term in TERMS)
    if apart > 1e-8:
        print(f"!! {name} gives other coefficients: {apart:.1e} apart")


def told(ratio: float) -> str:
    return f"1/{1 / ratio:.3g}" if ratio < 1 else f"{ratio:.3g}"


def report(seconds: dict[str, list[float]], aims: dict[str, float], memory: dict | None) -> None:
    """A line for each method: median, peak, and how long ours takes beside it."""
    for name, values in seconds.items():
        line = f"  {name:<26}{statistics.median(values):>9.3f} s"
        line += f"{memory[name]:>8.0f} MB" if memory else " " * 11
        if name != OURS:
            ratios = [a / b for a, b in zip(seconds[OURS], values, strict=True)]
            ratio, aim = statistics.median(ratios), aims.get(name)
            line += f"   ours takes {told(ratio):<7}({told(min(ratios))} to {told(max(ratios))})"
            if aim:
                line += f"   aim {told(aim)} at most: {'met' if ratio <= aim else 'NOT MET'}"
        print(line, flush=True)


def whole_processes(path: Path, methods: list[str], rounds: int) -> None:
    print("Whole process: start, import, read Parquet, fit, print")
    seconds = {name: [] for name in methods}
    memory = dict.fromkeys(methods, 0.0)
    for turn in range(rounds + 1):
        for name in methods:
            spent, megabytes, found = child(name, path)
            if name == OURS:
                first = found
            elif name != SCAN:
                check(first, found, name)
            memory[name] = max(memory[name], megabytes)
            if turn:  # the first warms the disk
                seconds[name].append(spent)
    report(seconds, WHOLE_AIMS, memory)


def warm_fits(path: Path, methods: list[str], rounds: int) -> None:
    print("Warm fit in one process: ours and the scan read the file, the others hold it as they want it")
    fits = {name: METHODS[name](path) for name in methods}
    seconds = {name: [] for name in methods}
    for turn in range(rounds + 1):
        for name, fit in fits.items():
            spent, _ = timed(fit)
            if turn:  # the first compiles
                seconds[name].append(spent)
    report(seconds, WARM_AIMS, None)


def bootstraps(path: Path, rounds: int, slow: bool) -> None:
    """Each starts from what it has after a fit: ours from moments, wildboottest from deviations, pyfixest its model."""
    import numpy as np
    import pandas as pd
    import pyfixest as pf

    import wild
    from helpers.estimate import fixed_effects, moments, resampling

    print(f"Wild cluster bootstrap of one coefficient, {DRAWS:,} draws")
    model = moments.Model(**MODEL)
    data = fixed_effects.within(moments.compute(path, model))
    y, x, school = design(path)
    deviations = (x - x.groupby(school).transform("mean")).to_numpy()
    outcome = (y - y.groupby(school).transform("mean")).to_numpy()
    chosen = np.array([float(term == TESTED) for term in TERMS])

    def wildboottest() -> float:
        return wild.run(deviations, outcome, school.to_numpy(), chosen, DRAWS, 1).pvalue

    acts = {
        OURS: lambda: resampling.wild_bootstrap(data, TESTED, draws=DRAWS),
        "wildboottest": wildboottest,
    }
    seconds = {name: [] for name in acts}
    p_values = {}
    for turn in range(rounds + 1):
        for name, act in acts.items():
            spent, p_values[name] = timed(act)
            if turn:
                seconds[name].append(spent)
    report(seconds, {"wildboottest": 1 / 50}, None)
    if slow:
        fitted = pf.feols(FORMULA, pd.read_parquet(path), vcov={"CRV1": "school"})
        term = f"C(year)[T.{TESTED}]"
        spent, found = timed(lambda: fitted.wildboottest(reps=DRAWS, param=term, cluster="school", seed=1))
        p_values["pyfixest"] = found["Pr(>|t|)"]
        report({OURS: [timed(acts[OURS])[0]], "pyfixest, once": [spent]}, {}, None)
    else:
        print("  left out: pyfixest's (--slow)")
    print("  p-values:", ", ".join(f"{name} {p:.4f}" for name, p in p_values.items()))


def few_schools(rounds: int) -> None:
    """CR2 of many schools and all permutations of few, once the moments are there. Aims are in seconds."""
    import numpy as np

    from helpers.estimate import cr2, permutation
    from helpers.simulate import violations

    print("Inference for few schools, after the moments")
    rng = np.random.default_rng(1)
    records = rng.normal(size=(32_500, 25, len(TERMS)))
    xx, scores = records.transpose(0, 2, 1) @ records, rng.normal(size=(32_500, len(TERMS)))
    data, treatment = violations.study(violations.World(schools=45, treated=20, unequal=0.7), 0.0, rng)

    def small_samples() -> None:
        parts = cr2.adjusted(xx)
        cr2.covariance(parts, scores)
        cr2.degrees_of_freedom(parts)

    acts = {
        f"CR2, 32,500 schools x {len(TERMS)}": (small_samples, 0.5),
        f"{DRAWS:,} permutations of 45": (lambda: permutation.parts(data, treatment, "effect", DRAWS), 0.2),
    }
    for name, (act, aim) in acts.items():
        middle = statistics.median([timed(act)[0] for _ in range(rounds + 1)][1:])  # the first warms the memory
        print(f"  {name:<26}{middle:>9.3f} s   aim {aim:g} s: {'met' if middle <= aim else 'NOT MET'}", flush=True)


def sizes(folder: Path, rounds: int, large: bool) -> None:
    """Whole processes of ours on larger files, 615 records a school."""
    print("Larger files, whole process")
    medians = {}
    for rows in (2_000_000, 20_000_000) if large else (2_000_000,):
        path = write(folder / f"{rows}.parquet", rows, rows // 615)
        runs = [child(OURS, path)[:2] for _ in range(rounds)]
        medians[rows] = statistics.median(seconds for seconds, _ in runs)
        most = max(megabytes for _, megabytes in runs)
        line = f"  {rows:>10,} records{medians[rows]:>10.2f} s{most:>8.0f} MB"
        if rows == 20_000_000:
            rate = medians[rows] / medians[2_000_000] / 10
            line += f"   aim 1000 MB at most: {'met' if most < 1000 else 'NOT MET'}"
            line += f"; time a record {rate:.2f} of that before, aim 1.3 at most: "
            line += "met" if rate <= 1.3 else "NOT MET"
        print(line, flush=True)
        path.unlink()


def main() -> None:
    """Measure everything in turn and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="twenty million records too")
    parser.add_argument("--slow", action="store_true", help="statsmodels, pyfixest's bootstrap too")
    arguments = parser.parse_args()
    absent = [name for name in ("pyarrow", "pyfixest", "wildboottest") if find_spec(name) is None]
    if absent:
        print(f"not installed: {', '.join(absent)}. `make bench` without ENV=active installs them.")
        return
    methods = [name for name in METHODS if name not in (STATSMODELS, SCAN)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = write(folder / "records.parquet", 400_000, 650)
        print(f"400,000 records, 650 schools, {len(TERMS)} regressors; {arguments.rounds} rounds")
        whole_processes(path, methods, arguments.rounds)
        if arguments.slow:
            print("Once, beside one more of ours")
            spent = {name: [child(name, path)[0]] for name in (OURS, STATSMODELS)}
            report(spent, {}, None)
        else:
            print("  left out: statsmodels with a dummy a school (--slow)")
        warm_fits(path, [*methods, SCAN], arguments.rounds)
        bootstraps(path, arguments.rounds, arguments.slow)
        few_schools(arguments.rounds)
        sizes(folder, 3, arguments.large)
        if not arguments.large:
            print("  left out: 20,000,000 records (--large)")


if __name__ == "__main__":
    main()
