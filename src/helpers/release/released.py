"""Sums that were released, as tidy tables of one value a row: written, read back bit for bit, and the fits they give."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import kept
from helpers.estimate import fixed_effects, panels
from helpers.estimate.fixed_effects import Fit, Within
from helpers.estimate.moments import Moments
from helpers.estimate.resampling import wild_bootstrap
from helpers.project import InputError, relative
from helpers.read import saved

POOLED = ["panel", "part", "row", "column", "value"]
SCHOOL = ["panel", "school", "cluster", "part", "row", "column", "value"]
"""Columns of the two kinds of release; a file is known by them."""

OUTCOME = "outcome"
"""Name of the outcome among the rows of a school's sums."""


@dataclass(frozen=True)
class Pooled:
    """One panel of a pooled release (k regressors), all within schools and added up over them.

    `xx`: k x k; `xy`: k; `meat`: k x k, the outer products of the clusters' scores; `jackknife`: k x k, the CRV3
    covariance if there is one; `wild_p`: k p-values of `wild_bootstrap`; `baseline_mean, baseline_sd`: of the outcome.
    `cr2`: k x k, the CR2 covariance, with `df` and `n_varying` of each term (k) as in a Fit.
    """

    terms: tuple[str, ...]
    n: int
    n_groups: int
    n_schools: int
    xx: np.ndarray
    xy: np.ndarray
    yy: float
    meat: np.ndarray
    wild_p: np.ndarray
    baseline_mean: float
    baseline_sd: float
    cr2: np.ndarray
    df: np.ndarray
    n_varying: np.ndarray
    jackknife: np.ndarray | None = None


def pooled(within: dict[str, Within], left_out: dict[str, int] | None = None) -> pd.DataFrame:
    """Rows `panel, part, row, column, value` of each panel; of symmetric matrices the upper triangle.

    No school or cluster is named; without CRV3 there is no `jackknife`. `left_out`: by panel, records not in the sums.
    """
    rows = []
    for panel, data in within.items():
        counts = {"records": data.n, "n_groups": len(data.clusters), "n_schools": data.n_schools}
        if left_out:
            counts["incomplete"] = left_out[panel]
        small = fixed_effects.fit(data, "CR2")
        scores = fixed_effects.scores(data, small.estimate)
        parts = [
            *_vector("n", counts, counts.values()),
            *_triangle("xx", data.terms, data.xx.sum(axis=0)),
            *_vector("xy", data.terms, data.xy.sum(axis=0)),
            ("yy", "", "", data.yy.sum()),
            *_triangle("meat", data.terms, scores.T @ scores),
            *_triangle("cr2", data.terms, small.covariance),
            *_vector("df", data.terms, small.df),
            *_vector("n_varying", data.terms, small.n_varying),
            *_jackknife(data),
            *_vector("wild_p", data.terms, [wild_bootstrap(data, term) for term in data.terms]),
            *_vector("baseline", ("mean", "sd"), (data.baseline_mean, data.baseline_sd)),
        ]
        rows += [(panel, *part) for part in parts]
    return pd.DataFrame(rows, columns=POOLED).astype({"value": float})


def read_pooled(frame: pd.DataFrame, panel: str) -> Pooled:
    """One panel of a pooled release. Raises InputError when the panel or one of its parts is not there."""
    parts = _parts(frame, panel)
    terms = tuple(parts["xy"]["row"])
    matrices = [part for part in ("xx", "meat", "cr2", "jackknife") if part in parts]
    square = {part: _filled(np.zeros([len(terms)] * 2), parts[part], row=terms, column=terms) for part in matrices}
    one = pd.concat([parts["n"], parts["baseline"]]).set_index("row")["value"]
    return Pooled(
        terms=terms,
        n=int(one["records"]),
        n_groups=int(one["n_groups"]),
        n_schools=int(one["n_schools"]),
        xy=parts["xy"]["value"].to_numpy(float),
        yy=float(parts["yy"]["value"].iloc[0]),
        **{part: parts[part]["value"].to_numpy(float) for part in ("wild_p", "df", "n_varying")},
        baseline_mean=float(one["mean"]),
        baseline_sd=float(one["sd"]),
        **square,
    )


def fit(data: Pooled, inference: str = "CR2") -> Fit:
    """The fit that the records gave, with CR2, CRV3 or CRV1 as in `fixed_effects.fit`."""
    if inference == "CRV3" and data.jackknife is None:
        raise InputError("CRV3: this release has no part `jackknife`. Use CR2.")
    bread = np.linalg.inv(data.xx)
    crv1 = fixed_effects.crv1_factor(data.n, data.n_groups, len(data.terms)) * bread @ data.meat @ bread
    covariance = {"CR2": data.cr2, "CRV3": data.jackknife, "CRV1": crv1}[inference]
    counts = data.n, data.n_groups, data.n_schools
    df = data.df if inference == "CR2" else np.full(len(data.terms), data.n_groups - 1.0)
    return Fit(
        data.terms, np.linalg.solve(data.xx, data.xy), covariance, inference, *counts, df, data.n_varying.astype(int)
    )


def table(data: Pooled, inference: str, unit: float) -> pd.DataFrame:
    """As `Fit.table`, the outcome divided by `unit`. "bootstrap": its p-values, with errors and intervals of CRV1."""
    found = fit(data, "CRV1" if inference == "bootstrap" else inference).in_units_of(unit).table()
    if inference == "bootstrap":
        found = found.assign(p_value=data.wild_p, df=data.df)
    # As in `panels.table`: one cluster alone shows no error.
    found.loc[found["n_varying"] < 2, [*panels.NUMBERS[1:], "df"]] = np.nan
    return found


def school(moments: dict[str, Moments]) -> pd.DataFrame:
    """Rows `panel, school, cluster, part, row, column, value`: everything in `Moments`, bit for bit.

    Products are the upper triangle without zeros and squares that equal the sum, as of a dummy; `centres` and how many
    records are `incomplete` stand once a panel. Raises InputError when two columns of the sums would have one name.
    """
    rows = []
    for panel, data in moments.items():
        names = [*data.terms, OUTCOME]
        if doubled := [name for name in data.terms if names.count(name) > 1]:
            raise InputError(f"two columns of the sums are called {doubled[0]!r}. Rename one.")
        centres = _vector("centres", names[-len(data.centres) :], data.centres)
        rows += [(panel, "", "", *part) for part in (("n", "incomplete", "", data.left_out), *centres)]
        for place, key in enumerate(zip(data.schools, data.clusters, strict=True)):
            parts = [
                *_vector("n", _COUNTS, (data.records[place], data.n[place])),
                *_vector("baseline", _BASELINE, data.baseline[place]),
                *_vector("sums", names, data.sums[place]),
                *_triangle("products", names, data.products[place], known=np.diag(data.sums[place])),
            ]
            rows += [(panel, *key, *part) for part in parts]
    return pd.DataFrame(rows, columns=SCHOOL).astype({"value": float})


def read_school(frame: pd.DataFrame, panel: str) -> Moments:
    """One panel of a release by school, as moments. Raises InputError when the panel or a part is not there.

    Neither which columns the incomplete records lack nor the references are released: `incomplete, levels` are empty.
    """
    parts = _parts(frame, panel)
    keys = parts["sums"][["school", "cluster"]].drop_duplicates()
    schools = keys["school"].to_numpy(object)
    names = tuple(parts["sums"]["row"].drop_duplicates())
    g, diagonal = len(schools), np.arange(len(names))
    sums = _filled(np.zeros((g, len(names))), parts["sums"], school=schools, row=names)
    products = np.zeros((g, len(names), len(names)))
    products[:, diagonal, diagonal] = sums  # of dummies, which are not written
    products = _filled(products, parts["products"], school=schools, row=names, column=names)
    counts = parts["n"][parts["n"]["school"] != ""]
    n = _filled(np.zeros((g, 2)), counts, school=schools, row=_COUNTS)
    incomplete = parts["n"].loc[parts["n"]["row"] == "incomplete", "value"].iloc[0]
    return Moments(
        terms=names[:-1],
        schools=schools,
        clusters=keys["cluster"].to_numpy(object),
        records=n[:, 0].astype(np.int64),
        n=n[:, 1],
        sums=sums,
        products=products,
        centres=parts["centres"]["value"].to_numpy(float),
        baseline=_filled(np.zeros((g, 4)), parts["baseline"], school=schools, row=_BASELINE),
        incomplete={},
        levels={},
        rows=int(n[:, 0].sum() + incomplete),
    )


def is_release(path: Path) -> bool:
    """Whether a file begins as `moments.csv` of either kind does."""
    with path.open("rb") as file:
        return file.readline(200).strip().decode(errors="replace") in _HEADERS


def read(path: Path) -> pd.DataFrame:
    """A release: its `moments.csv`, or the folder that holds it, with every number bit for bit.

    Raises InputError for files that are no release, or are not the one that an `about.json` beside them describes.
    """
    file = path / "moments.csv" if path.is_dir() else path
    if not file.is_file() or not is_release(file):
        raise InputError(f"{relative(file)}: this is no release: it has no {_HEADERS[0]} on top.")
    about = file.with_name("about.json")
    if path.is_dir() and not about.is_file():
        raise InputError(f"{relative(path)}: about.json is missing. Ask for the whole folder.")
    if about.is_file() and json.loads(about.read_text(encoding="utf-8")).get("moments.csv") != kept.digest(file):
        raise InputError(
            f"{relative(file)}: this is not the file that about.json beside it describes: one of them was "
            "changed. Ask for the release again."
        )
    frame = saved.read(file, dtype=str, keep_default_na=False)
    try:
        return frame.assign(value=frame["value"].map(float).astype(float))
    except ValueError as error:
        raise InputError(f"{relative(file)}, column 'value': {error}. Ask for it again.") from None


def estimates(path: Path, inference: str = "CR2", standardise: bool = False) -> pd.DataFrame:
    """The estimate table that a release gives: `panel`, then the columns of `Fit.table`, then `state`.

    `path` and errors as in `read`; `inference`: one of `panels.INFERENCE`, with empty intervals of the bootstrap where
    the release is pooled; `standardise`: in standard deviations of the outcome in the baseline year.
    """
    frame = read(path)
    tables = []
    for panel in dict.fromkeys(frame["panel"]):
        if "school" in frame:
            data, tabulate = fixed_effects.within(read_school(frame, panel)), panels.table
        else:
            data, tabulate = read_pooled(frame, panel), table
        found = tabulate(data, inference, data.baseline_sd if standardise else 1.0)
        if inference == "bootstrap" and "school" not in frame:
            found[["ci_low", "ci_high"]] = np.nan
        found.insert(0, "panel", panel)
        tables.append(found.assign(state="moments"))
    return pd.concat(tables, ignore_index=True)


_HEADERS = [",".join(columns) for columns in (POOLED, SCHOOL)]
_POOLED_PARTS = ("n", "xx", "xy", "yy", "meat", "cr2", "df", "n_varying", "wild_p", "baseline")
_SCHOOL_PARTS = ("n", "centres", "baseline", "sums", "products")
_COUNTS = ("records", "weights")
_BASELINE = (*_COUNTS, "sum", "squares")


def _jackknife(data: Within) -> list[tuple]:
    try:
        return _triangle("jackknife", data.terms, fixed_effects.fit(data, "CRV3").covariance)
    except InputError:  # without one of the clusters a term cannot be estimated
        return []


def _vector(part: str, names: Collection[str], values: Collection[float]) -> list[tuple]:
    return [(part, name, "", value) for name, value in zip(names, values, strict=True)]


def _triangle(part: str, names: Sequence[str], matrix: np.ndarray, known: np.ndarray | None = None) -> list[tuple]:
    """The upper triangle, but for what equals the matrix `known`."""
    places = combinations_with_replacement(range(len(names)), 2)
    shown = np.ones(matrix.shape, bool) if known is None else matrix != known
    return [(part, names[i], names[j], matrix[i, j]) for i, j in places if shown[i, j]]


def _parts(frame: pd.DataFrame, panel: str) -> dict[str, pd.DataFrame]:
    own = frame[frame["panel"] == panel]
    if own.empty:
        there = ", ".join(map(repr, dict.fromkeys(frame["panel"])))
        raise InputError(f"this release has no panel {panel!r}; it has {there}.")
    parts = dict(list(own.groupby("part", sort=False)))
    needed = _SCHOOL_PARTS if "school" in frame else _POOLED_PARTS
    if absent := [part for part in needed if part not in parts]:
        raise InputError(f"panel {panel!r} of this release lacks {', '.join(absent)}. Ask for the whole file.")
    return parts


def _filled(matrix: np.ndarray, part: pd.DataFrame, **labels: Sequence[str]) -> np.ndarray:
    """A matrix with a part's values at the places of their `labels`, on both sides where it has rows and columns."""
    places = []
    for column, names in labels.items():
        found = part[column].map({name: place for place, name in enumerate(names)})
        if found.isna().any():
            odd = part.loc[found.isna(), column].iloc[0]
            raise InputError(f"this release has {odd!r} in one part and not in the others. Ask for it again.")
        places.append(found.to_numpy(int))
    matrix[tuple(places)] = part["value"]
    if "column" in labels:
        *schools, row, column = places
        matrix[*schools, column, row] = part["value"]
    return matrix
