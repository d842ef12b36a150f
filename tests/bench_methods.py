"""A school fixed-effects fit by this project and by other packages, each as a process of its own.

    python tests/bench_methods.py METHOD FILE

prints its peak memory in MB and its coefficients. Nothing is imported that the method does not need: `bench_estimator`
measures the whole process.
"""

import json
import re
import resource
import sys
from collections.abc import Callable
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


def write(path: Path, rows: int, schools: int) -> Path:
    """Records from hashes of their number: the same on every machine, made as fast as they are written."""
    import duckdb

    def uniform(salt: int, of: str = "i") -> str:
        return f"(((hash({of} * 64 + {salt}) % 1000003) + 0.5) / 1000003)"

    def normal(salt: int, of: str = "i") -> str:
        return f"(sqrt(-2 * ln({uniform(salt, of)})) * cos(2 * pi() * {uniform(salt + 1, of)}))"

    numbers = ", ".join(f"{normal(10 + 2 * place)} + school % 10 / 10 AS {name}" for place, name in enumerate(CONTROLS))
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
    from helpers.estimate import fixed_effects, moments

    model = moments.Model(**MODEL)

    def fit() -> dict[str, float]:
        fitted = fixed_effects.fit(fixed_effects.within(moments.compute(path, model)))
        return dict(zip(fitted.terms, fitted.estimate, strict=True))

    return fit


def pyfixest(path: Path) -> Fit:
    import pandas as pd
    import pyfixest as pf

    frame = pd.read_parquet(path)
    names = {f"C(year)[T.{year}]": year for year in YEARS} | {
        f"C({column})[T.{level}]": f"{column}: {level}" for column, levels in CATEGORIES.items() for level in levels
    }
    return lambda: dict(pf.feols(FORMULA, frame, vcov={"CRV1": "school"}).coef().rename(names).items())


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
        AbsorbingLS(y, x, absorb=schools).fit(cov_type="clustered", clusters=school, debiased=True).params.items()
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
    return lambda: dict(OLS(y, everything).fit(cov_type="cluster", cov_kwds={"groups": school}).params[TERMS].items())


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


def peak() -> float:
    """Peak memory of this process in MB. What getrusage tells on Linux includes what the parent held at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


if __name__ == "__main__":
    fitted = METHODS[sys.argv[1]](Path(sys.argv[2]))()
    print(json.dumps([peak(), fitted]))
