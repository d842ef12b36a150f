"""Release sums instead of records: sums from which anyone rebuilds a school fixed-effects table exactly.

    python -m helpers.release PARAMS pooled|school

`pooled` adds everything up over schools; `school` keeps the sums of each school. Both are tidy: one value a row.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.estimate import fixed_effects, panels
from helpers.estimate.bootstrap import wild_bootstrap
from helpers.estimate.fixed_effects import Fit, Within
from helpers.estimate.moments import Moments
from helpers.project import ROOT, InputError, locate, relative
from helpers.read.records import find
from helpers.release import checked_panels, disclosure
from helpers.release.disclosure import Panel

if TYPE_CHECKING:
    import pandas as pd

BUILD = ROOT / "build"

POOLED = ["panel", "part", "row", "column", "value"]
SCHOOL = ["panel", "school", "cluster", "part", "row", "column", "value"]
"""Columns of the two kinds of release; a file is known by them."""

OUTCOME = "outcome"
"""Name of the outcome among the rows of a school's sums."""


@dataclass(frozen=True)
class Pooled:
    """One panel of a pooled release (k regressors), all within schools and added up over them.

    `xx`: k x k; `xy`: k; `yy`; `meat`: k x k, the outer products of the clusters' scores; `jackknife`: k x k, the
    CRV3 covariance, or None where there is none; `wild_p`: k p-values of the wild cluster bootstrap (9,999 draws,
    seed 1); `baseline_mean, baseline_sd`: of the outcome in the baseline year.
    """

    terms: tuple[str, ...]
    n: int
    n_groups: int
    n_schools: int
    xx: np.ndarray
    xy: np.ndarray
    yy: float
    meat: np.ndarray
    jackknife: np.ndarray | None
    wild_p: np.ndarray
    baseline_mean: float
    baseline_sd: float


def pooled(within: dict[str, Within], incomplete: dict[str, int] | None = None) -> pd.DataFrame:
    """Rows `panel, part, row, column, value` of each panel; of symmetric matrices the upper triangle.

    `incomplete` adds for a panel the number of records that are not in the sums. No school or cluster is named.
    A panel in which CRV3 cannot be had goes without the part `jackknife`.
    """
    rows = []
    for panel, data in within.items():
        crv1 = fixed_effects.fit(data)
        counts = {"records": data.n, "n_groups": len(data.clusters), "n_schools": data.n_schools}
        if incomplete:
            counts["incomplete"] = incomplete[panel]
        scores = data.xy - data.xx @ crv1.estimate
        wild = [wild_bootstrap(data, term) for term in data.terms]
        spread = {"mean": data.baseline_mean, "sd": data.baseline_sd}
        parts = [
            *(("n", name, "", count) for name, count in counts.items()),
            *_triangle("xx", data.terms, data.xx.sum(axis=0)),
            *_vector("xy", data.terms, data.xy.sum(axis=0)),
            ("yy", "", "", data.yy.sum()),
            *_triangle("meat", data.terms, scores.T @ scores),
            *_jackknife(data),
            *_vector("wild_p", data.terms, wild),
            *(("baseline", name, "", value) for name, value in spread.items()),
        ]
        rows += [(panel, *part) for part in parts]
    return _tidy(rows, POOLED)


def read_pooled(frame: pd.DataFrame, panel: str) -> Pooled:
    """One panel of a pooled release. Raises InputError when the panel or one of its parts is not there."""
    parts = _parts(frame, panel)
    terms = tuple(parts["xy"]["row"])
    n = parts["n"].set_index("row")["value"]
    spread = parts["baseline"].set_index("row")["value"]
    return Pooled(
        terms=terms,
        n=int(n["records"]),
        n_groups=int(n["n_groups"]),
        n_schools=int(n["n_schools"]),
        xx=_square(parts["xx"], terms),
        xy=parts["xy"]["value"].to_numpy(float),
        yy=float(parts["yy"]["value"].iloc[0]),
        meat=_square(parts["meat"], terms),
        jackknife=_square(parts["jackknife"], terms) if "jackknife" in parts else None,
        wild_p=parts["wild_p"]["value"].to_numpy(float),
        baseline_mean=float(spread["mean"]),
        baseline_sd=float(spread["sd"]),
    )


def fit(data: Pooled, inference: str = "CRV1") -> Fit:
    """The fit that the records gave, with CRV1 or CRV3 as in `fixed_effects.fit`."""
    bread = np.linalg.inv(data.xx)
    if inference == "CRV1":
        covariance = _factor(data) * bread @ data.meat @ bread
    elif inference == "CRV3":
        if data.jackknife is None:
            raise InputError("CRV3: this release has no part `jackknife`. Use CRV1.")
        covariance = data.jackknife
    else:
        raise ValueError(f"inference is CRV1 or CRV3, not {inference!r}")
    estimate = np.linalg.solve(data.xx, data.xy)
    shared = (data.n, data.n_groups, data.n_schools, ())
    return Fit(data.terms, estimate, covariance, inference, *shared)


def school(moments: dict[str, Moments]) -> pd.DataFrame:
    """Rows `panel, school, cluster, part, row, column, value`: everything in `Moments`, bit for bit.

    Of the products the upper triangle is written, without zeros and without squares that equal the sum, as those
    of a dummy do. `centres` and the number of `incomplete` records stand once a panel. Raises InputError when two
    columns of the sums would have one name.
    """
    rows = []
    for panel, data in moments.items():
        names = [*data.terms, OUTCOME]
        doubled = [name for name in data.terms if names.count(name) > 1]
        if doubled:
            raise InputError(f"two columns of the sums are called {doubled[0]!r}. Rename one.")
        numeric = names[-len(data.centres) :]
        rows.append((panel, "", "", "n", "incomplete", "", data.rows - data.records.sum()))
        rows += [(panel, "", "", *part) for part in _vector("centres", numeric, data.centres)]
        for place, key in enumerate(zip(data.schools, data.clusters, strict=True)):
            sums, products = data.sums[place], data.products[place]
            parts = [
                ("n", "records", "", data.records[place]),
                ("n", "weights", "", data.n[place]),
                *_vector("baseline", _BASELINE, data.baseline[place]),
                *_vector("sums", names, sums),
                *(
                    (part, row, column, value)
                    for part, row, column, value in _triangle("products", names, products)
                    if value != (sums[names.index(row)] if row == column else 0)
                ),
            ]
            rows += [(panel, *key, *part) for part in parts]
    return _tidy(rows, SCHOOL)


def read_school(frame: pd.DataFrame, panel: str) -> Moments:
    """One panel of a release by school, as moments. Raises InputError when the panel or a part is not there.

    Which columns the incomplete records lack is not released: `incomplete` is empty.
    """
    parts = _parts(frame, panel)
    keys = parts["sums"][["school", "cluster"]].drop_duplicates()
    schools = keys["school"].to_numpy(object)
    names = tuple(parts["sums"]["row"].drop_duplicates())
    sums = _by_school(parts["sums"], schools, names)
    products = np.zeros((len(schools), len(names), len(names)))
    g, i, j = (
        _places(parts["products"][column], known)
        for column, known in (("school", schools), ("row", names), ("column", names))
    )
    diagonal = np.arange(len(names))
    products[:, diagonal, diagonal] = sums
    products[g, i, j] = products[g, j, i] = parts["products"]["value"]
    counts = parts["n"][parts["n"]["school"] != ""]
    n = _by_school(counts, schools, ("records", "weights"))
    incomplete = parts["n"].loc[parts["n"]["row"] == "incomplete", "value"].iloc[0]
    records = n[:, 0].astype(np.int64)
    return Moments(
        terms=names[:-1],
        schools=schools,
        clusters=keys["cluster"].to_numpy(object),
        records=records,
        n=n[:, 1],
        sums=sums,
        products=products,
        centres=parts["centres"]["value"].to_numpy(float),
        baseline=_by_school(parts["baseline"], schools, _BASELINE),
        incomplete={},
        rows=int(records.sum() + incomplete),
    )


def is_release(path: Path) -> bool:
    """Whether a file begins as `moments.csv` of either kind does."""
    with path.open("rb") as file:
        return file.readline(200).strip().decode(errors="replace") in _HEADERS


def read(path: Path) -> pd.DataFrame:
    """A release: its `moments.csv`, or the folder that holds it, with every number bit for bit.

    Where `about.json` stands beside the file, the file must be the one that it describes. Raises InputError when
    it is not, and for files that are no release.
    """
    import pandas as pd

    file = path / "moments.csv" if path.is_dir() else path
    if not file.is_file() or not is_release(file):
        raise InputError(f"{relative(file)}: this is no release: it has no {_HEADERS[0]} on top.")
    about = file.with_name("about.json")
    if path.is_dir() and not about.is_file():
        raise InputError(f"{relative(path)}: about.json is missing. Ask for the whole folder.")
    if about.is_file():
        described = json.loads(about.read_text(encoding="utf-8")).get("moments.csv")
        if described != _sha256(file):
            raise InputError(
                f"{relative(file)}: this is not the file that about.json beside it describes: one of them was "
                "changed. Ask for the release again."
            )
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    try:
        return frame.assign(value=frame["value"].map(float).astype(float))
    except ValueError as error:
        raise InputError(f"{relative(file)}, column 'value': {error}. Ask for it again.") from None


def estimates(path: Path, inference: str = "CRV1", standardise: bool = False) -> pd.DataFrame:
    """The estimate table that a release gives: `panel`, then the columns of `Fit.table`, then `state`.

    `path` is a `moments.csv` or its folder; `inference` one of `panels.INFERENCE`. Intervals of the bootstrap are
    empty where the release is pooled. `standardise`: in standard deviations of the outcome in the baseline year.
    Raises InputError as `read` does.
    """
    import pandas as pd

    frame = read(path)
    tables = []
    for panel in dict.fromkeys(frame["panel"]):
        if "school" in frame:
            data = fixed_effects.within(read_school(frame, panel))
            unit = data.baseline_sd if standardise else 1.0
            table = panels.estimates({panel: data}, inference, {panel: unit})
        else:
            table = _pooled_table(read_pooled(frame, panel), inference, standardise)
            table.insert(0, "panel", panel)
        tables.append(table.assign(state="moments"))
    return pd.concat(tables, ignore_index=True)


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    match arguments:
        case [file, "pooled" | "school" as kind]:
            try:
                folder = make(Path(file), kind)
            except InputError as error:
                print(f"\nNothing was released:\n{error}", file=sys.stderr)
                return 1
            print(f"Read {relative(folder / 'disclosure.md')} before anything leaves.")
            return 0
    print(__doc__, file=sys.stderr)
    return 2


def make(file: Path, kind: str) -> Path:
    """Write the release that a file of parameters asks for; returns its folder, `build/releases/<name of the file>`.

    The folder appears in one rename when all checks have passed. Raises InputError otherwise, and then an earlier
    release of that name is as it was.
    """
    settings = checked_panels.read_settings(file)
    panels, rows = checked_panels.make(settings, kind)
    if kind == "pooled":
        rest = {name: panel.rest for name, panel in panels.items()}
        frame = pooled({name: panel.within for name, panel in panels.items()}, rest)
    else:
        frame = school({name: panel.moments for name, panel in panels.items()})
    (BUILD / "aside").mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"release-{file.stem}-", dir=BUILD / "aside"))
    try:
        made = aside / "made"
        made.mkdir()
        frame.to_csv(made / "moments.csv", index=False, lineterminator="\n")
        about = _about(settings, kind, panels, rows, made / "moments.csv")
        _write(made / "about.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        report = disclosure.report(kind, panels, settings["merge"], settings["drop"])
        _write(made / "disclosure.md", report)
        table = estimates(made, settings["inference"], settings["standardise"])
        table.to_csv(made / "estimates.csv", index=False, lineterminator="\n")
        folder = BUILD / "releases" / file.stem
        folder.parent.mkdir(exist_ok=True)
        if folder.exists():
            folder.rename(aside / "old")
        made.rename(folder)
    finally:
        shutil.rmtree(aside)
    return folder


def _about(
    settings: dict[str, Any],
    kind: str,
    panels: dict[str, Panel],
    rows: int,
    moments: Path,
) -> dict[str, Any]:
    """What the release is and was made of. No dates, paths or machine names: equal inputs give equal bytes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    inputs, _ = find(locate(settings["data"]))
    given = settings | {"data": Path(settings["data"]).name}
    if kind == "pooled":  # no school is named
        given |= {"merge": len(settings["merge"]), "drop": len(settings["drop"])}
    return {
        "kind": kind,
        "moments.csv": _sha256(moments),
        "project": {name: project[name] for name in ("name", "version")},
        "parameters": given,
        "panels": {name: _described(panel, kind) for name, panel in panels.items()},
        "covariance": {
            "CRV1": "sandwich clustered by school or cluster, times G/(G-1) (N-1)/(N-k-1): G clusters, N records, "
            "k terms; tests use t with G-1 degrees of freedom",
            "CRV3": "jackknife over clusters, times (G-1)/G",
            "wild_p": "wild cluster bootstrap, null imposed, Rademacher weights, 9999 draws with seed 1, or "
            "all patterns of signs where these are fewer",
        },
        "inputs": [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": _sha256(path)}
            for path in inputs
        ],
        "rows": rows,
    }


def _described(panel: Panel, kind: str) -> dict[str, Any]:
    about = {
        "terms": list(panel.moments.terms),
        "references": panel.model.references,
        "records": panel.within.n,
        "n_groups": len(panel.within.clusters),
        "n_schools": panel.within.n_schools,
        "incomplete": panel.rest,
    }
    if kind == "school":
        names = [*panel.model.controls, OUTCOME]
        about["centres"] = dict(zip(names, map(float, panel.moments.centres), strict=True))
    return about


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


_HEADERS = [",".join(columns) for columns in (POOLED, SCHOOL)]
_BASELINE = ("records", "weights", "sum", "squares")


def _pooled_table(data: Pooled, inference: str, standardise: bool) -> pd.DataFrame:
    result = fit(data, "CRV1" if inference == "bootstrap" else inference)
    table = result.in_units_of(data.baseline_sd if standardise else 1.0).table()
    if inference == "bootstrap":
        return table.assign(p_value=data.wild_p, ci_low=np.nan, ci_high=np.nan)
    return table


def _factor(data: Pooled) -> float:
    g, k = data.n_groups, len(data.terms)
    return g / (g - 1) * (data.n - 1) / (data.n - k - 1)


def _jackknife(data: Within) -> list[tuple]:
    try:
        covariance = fixed_effects.fit(data, "CRV3").covariance
    except InputError:
        return []
    return _triangle("jackknife", data.terms, covariance)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _vector(part: str, names: Sequence[str], values: Sequence[float]) -> list[tuple]:
    return [(part, name, "", value) for name, value in zip(names, values, strict=True)]


def _triangle(part: str, names: Sequence[str], matrix: np.ndarray) -> list[tuple]:
    places = combinations_with_replacement(range(len(names)), 2)
    return [(part, names[i], names[j], matrix[i, j]) for i, j in places]


def _tidy(rows: list[tuple], columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=columns).astype({"value": float})


def _parts(frame: pd.DataFrame, panel: str) -> dict[str, pd.DataFrame]:
    own = frame[frame["panel"] == panel]
    if own.empty:
        there = ", ".join(map(repr, dict.fromkeys(frame["panel"])))
        raise InputError(f"this release has no panel {panel!r}; it has {there}.")
    parts = dict(list(own.groupby("part", sort=False)))
    needed = _SCHOOL_PARTS if "school" in frame else _POOLED_PARTS
    absent = [part for part in needed if part not in parts]
    if absent:
        raise InputError(
            f"panel {panel!r} of this release lacks {', '.join(absent)}. Ask for the whole file."
        )
    return parts


_POOLED_PARTS = ("n", "xx", "xy", "yy", "meat", "wild_p", "baseline")
_SCHOOL_PARTS = ("n", "centres", "baseline", "sums", "products")


def _places(values: pd.Series, known: Sequence[str]) -> np.ndarray:
    places = values.map({name: place for place, name in enumerate(known)})
    if places.isna().any():
        odd = values[places.isna()].iloc[0]
        raise InputError(f"this release has {odd!r} in one part and not in the others. Ask for it again.")  # fmt: skip
    return places.to_numpy(int)


def _square(part: pd.DataFrame, terms: tuple[str, ...]) -> np.ndarray:
    matrix = np.zeros((len(terms), len(terms)))
    i, j = _places(part["row"], terms), _places(part["column"], terms)
    matrix[i, j] = matrix[j, i] = part["value"]
    return matrix


def _by_school(part: pd.DataFrame, schools: np.ndarray, names: Sequence[str]) -> np.ndarray:
    matrix = np.zeros((len(schools), len(names)))
    matrix[_places(part["school"], schools), _places(part["row"], names)] = part["value"]
    return matrix
