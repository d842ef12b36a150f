"""How long a school fixed-effects fit takes here, beside pyfixest, linearmodels, wildboottest and the bare reading.

    make bench

Made-up records: 19 regressors in all (six year effects, seven dummies of three categories, six numbers), errors
clustered by school. All methods are measured once a round, in turn; figures are medians, and ratios are medians of the
rounds' ratios. Quote the ratios: seconds depend on the machine. `--large` adds twenty million records (1.3 GB of disk
for a while), `--slow` what takes minutes and up to 9 GB of memory. What misses its aim is said and fails nothing.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

Fit = Callable[[], dict[str, float]]
"""A fit of records that are at hand; the coefficients by term."""

YEARS = [str(year) for year in range(2013, 2019)]
CATEGORIES = {"sex": ["m"], "grade": ["7", "8"], "origin": ["b", "c", "d", "e"]}
CONTROLS = [f"x{place}" for place in range(6)]
DUMMIES = [f"{column}: {level}" for column, levels in CATEGORIES.items() for level in levels]
TERMS = [*YEARS, *DUMMIES, *CONTROLS]
MODEL = {
    "outcome": "y",
    "school": "school",
    "year": "year",
    "baseline": "2012",
    "controls": tuple(CONTROLS),
    "categories": {"sex": "f", "grade": "6", "origin": "a"},
}
FORMULA = f"y ~ C(year) + C(sex) + C(grade) + C(origin) + {' + '.join(CONTROLS)} | school"
"""The same model in pyfixest's words."""
TESTED = "2016"
"""The coefficient whose bootstrap is measured."""
DRAWS = 9_999


def write(path: Path, rows: int, schools: int) -> Path:
    """Records from hashes of their number: the same on every machine, made as fast as they are written."""
    import duckdb

    def uniform(salt: int, of: str = "i") -> str:
        return f"(((hash({of} * 64 + {salt}) % 1000003) + 0.5) / 1000003)"

    def normal(salt: int, of: str = "i") -> str:
        return f"(sqrt(-2 * ln({uniform(salt, of)})) * cos(2 * pi() * {uniform(salt + 1, of)}))"

    numbers = ", ".join(
        f"{normal(10 + 2 * place)} + school % 10 / 10 AS {name}"
        for place, name in enumerate(CONTROLS)
    )
    effect = " + ".join(f"{place / 10} * {name}" for place, name in enumerate(CONTROLS))
    duckdb.execute(
        f"""
        COPY (
            SELECT *, 50 + school % 7 + {effect} + CASE WHEN sex = 'm' THEN 0.1 ELSE 0 END
                + 0.1 * {normal(30, "(school * 8 + year)")} + {normal(32)} AS y
            FROM (
                SELECT school, CAST(2012 + floor(7 * {uniform(2)}) AS INTEGER) AS year,
                    CASE WHEN {uniform(3)} < 0.5 THEN 'f' ELSE 'm' END AS sex,
                    CAST(6 + floor(3 * {uniform(4)}) AS INTEGER) AS grade,
                    substr('abcde', CAST(1 + floor(5 * {uniform(5)}) AS INTEGER), 1) AS origin, {numbers}, i
                FROM (SELECT i, CAST(floor({schools} * {uniform(1)}) AS INTEGER) AS school FROM range({rows}) AS t(i))
            )
        ) TO '{path}' (FORMAT parquet)
        """
    )
    return path


def ours(path: Path) -> Fit:
    from helpers import fixed_effects, moments

    model = moments.Model(**MODEL)

    def fit() -> dict[str, float]:
        fitted = fixed_effects.fit(fixed_effects.within(moments.compute(path, model))).columns()
        return dict(zip(fitted["term"], fitted["estimate"], strict=True))

    return fit


def pyfixest(path: Path) -> Fit:
    import pandas as pd
    import pyfixest as pf

    frame = pd.read_parquet(path)
    names = {f"C(year)[T.{year}]": year for year in YEARS} | {
        f"C({column})[T.{level}]": f"{column}: {level}"
        for column, levels in CATEGORIES.items()
        for level in levels
    }
    return lambda: dict(
        pf.feols(FORMULA, frame, vcov={"CRV1": "school"}).coef().rename(names).items()
    )


def design(path: Path):
    """Outcome, regressors and schools of the records, for packages that take matrices."""
    import pandas as pd

    frame = pd.read_parquet(path)
    x = {year: frame["year"] == int(year) for year in YEARS} | {
        f"{column}: {level}": frame[column].astype(str) == level
        for column, levels in CATEGORIES.items()
        for level in levels
    }
    x = pd.DataFrame(x | {name: frame[name] for name in CONTROLS}, dtype=float)
    return frame["y"], x, frame["school"]


def absorbing(path: Path) -> Fit:
    import pandas as pd
    from linearmodels.iv import AbsorbingLS

    y, x, school = design(path)
    schools = pd.DataFrame({"school": pd.Categorical(school)})
    return lambda: dict(
        AbsorbingLS(y, x, absorb=schools)
        .fit(cov_type="clustered", clusters=school, debiased=True)
        .params.items()
    )


def panel(path: Path) -> Fit:
    from linearmodels.panel import PanelOLS

    y, x, school = design(path)
    index = [school, school.groupby(school).cumcount()]
    y, x = y.to_frame().set_index(index), x.set_index(index)
    return lambda: dict(
        PanelOLS(y, x, entity_effects=True)
        .fit(cov_type="clustered", cluster_entity=True, group_debias=True)
        .params.items()
    )


def with_dummies(path: Path) -> Fit:
    import pandas as pd
    from statsmodels.regression.linear_model import OLS

    y, x, school = design(path)
    everything = x.join(pd.get_dummies(school, prefix="school", dtype=float))
    return lambda: dict(
        OLS(y, everything)
        .fit(cov_type="cluster", cov_kwds={"groups": school})
        .params[TERMS]
        .items()
    )


def scan(path: Path) -> Fit:
    """Nothing but reading every column."""
    import duckdb

    numbers = ", ".join(f"sum({name})" for name in ["y", "school", "year", "grade", *CONTROLS])
    texts = "sum(length(sex)), sum(length(origin))"

    def read() -> dict[str, float]:
        with duckdb.connect() as connection:
            connection.execute(f"SELECT {numbers}, {texts} FROM read_parquet('{path}')").fetchone()
        return {}

    return read


OURS, SCAN, STATSMODELS = "this project", "reading the columns", "statsmodels with dummies"
METHODS = {
    OURS: ours,
    "pyfixest": pyfixest,
    "linearmodels AbsorbingLS": absorbing,
    "linearmodels PanelOLS": panel,
    STATSMODELS: with_dummies,
    SCAN: scan,
}
WHOLE_AIMS = {"pyfixest": 1 / 6, "linearmodels AbsorbingLS": 1 / 6, "linearmodels PanelOLS": 1 / 6}
WARM_AIMS = {
    "pyfixest": 1 / 3,
    "linearmodels AbsorbingLS": 1 / 12,
    "linearmodels PanelOLS": 1 / 12,
    SCAN: 6,
}


def child(method: str, path: Path) -> tuple[float, float, dict[str, float]]:
    """A whole process: seconds, peak memory in MB, coefficients."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", method, str(path)]
    spent, done = timed(lambda: subprocess.run(command, stdout=subprocess.PIPE, check=True))
    return spent, *json.loads(done.stdout)


def peak() -> float:
    """Peak memory of this process in MB. What getrusage tells on Linux includes what the parent held at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


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
    print(
        "Warm fit in one process: ours and the scan read the file, the others hold it as they want it"
    )
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
    from helpers import fixed_effects, moments

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
        OURS: lambda: fixed_effects.wild_bootstrap(data, TESTED, draws=DRAWS),
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
        spent, found = timed(
            lambda: fitted.wildboottest(reps=DRAWS, param=term, cluster="school", seed=1)
        )
        p_values["pyfixest"] = found["Pr(>|t|)"]
        report({OURS: [timed(acts[OURS])[0]], "pyfixest, once": [spent]}, {}, None)
    else:
        print("  left out: pyfixest's (--slow)")
    print("  p-values:", ", ".join(f"{name} {p:.4f}" for name, p in p_values.items()))


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
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        method, path = arguments.child
        found = METHODS[method](Path(path))()
        print(json.dumps([peak(), found]))
        return
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
        sizes(folder, 3, arguments.large)
        if not arguments.large:
            print("  left out: 20,000,000 records (--large)")


if __name__ == "__main__":
    main()
