"""From print or from records to one table of two groups, and from that table to tidy estimates.

The table of groups has a row a scale: `scale, mean1, sd1, n1, mean2, sd2, n2`; every difference is group 1 minus
group 2.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from helpers.estimate import intervals, twogroups
from helpers.estimate.power import detectable_difference
from helpers.project import InputError, relative
from helpers.read import frames
from helpers.read.suppression import MINIMUM

SUMMARY = ["mean1", "sd1", "n1", "mean2", "sd2", "n2"]
COLUMNS = [
    "scale",
    "method",
    "term",
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "p_value",
    "n",
    "n_groups",
]


def margins(table1: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Each number of Table 1 (as `published.read` gives it) from the others of its row or column: reason, id, number."""
    value = table1.pivot(index="row", columns="group", values="value")
    everybody, zones = "All participating professionals", [z for z in value if z != "Total"]
    others = value[zones[::-1]].rsub(value["Total"], axis=0).set_axis(zones, axis=1)
    others.loc[everybody] = value[zones].drop(["Schools", everybody]).sum()
    others["Total"] = value[zones].sum(axis=1)
    reason = pd.Series(
        "the row's total less the other district: the total's own check, seen from this cell",
        table1.index,
    )
    reason[table1["row"] == everybody] = "sum of the roles"
    reason[table1["group"] == "Total"] = "sum of the districts"
    return {
        why: {i: others.at[cell["row"], cell["group"]] for i, cell in cells.iterrows()}
        for why, cells in table1.groupby(reason)
    }


def lists(entries: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The paper's lists (`number, place`, an entry a row) for the numbers that announce them: reason, id, number."""
    first, last = (f"001-study-ilt-practice-{end}" for end in ("first", "last"))
    place = entries.groupby("number")["place"]
    lengths = place.size().to_dict()
    numbered = lengths.pop(last)  # these have their numbers in print, from nought
    return {
        "entries of the list that it announces": lengths,
        f"{numbered} practices are listed with their numbers": {first: place.min()[last], last: place.max()[last]},
    }  # fmt: skip


def repeated(printed: pd.Series) -> dict[str, dict[str, float | tuple[float, float]]]:
    """Printed numbers as another place of the paper has them: reason, id, number. `printed`: id -> printed value."""
    pairs = [
        ("study-abstract-year-first", "study-table1-year-first"),
        ("study-abstract-year-last", "study-table1-year-last"),
        ("study-introduction-law-profession-year", "study-ilt-law-year"),
        ("text-methods-interviews", "study-results-interviews"),
    ]
    twice = {f"001-{a}": printed[f"001-{b}"] for pair in pairs for a, b in (pair, pair[::-1])}
    twice["001-study-introduction-iterative"] = printed["001-study-introduction-practices"]
    grades = tuple(printed[f"001-study-methods-grade-{end}"] for end in ("first", "last"))
    return {
        "the same number in another place of the paper": twice,
        "grade 7 and/or 8 by the criterion of selection: 8 is one of the grades, not all": dict.fromkeys(
            ["001-study-abstract-grade", "001-study-methods-grade"], grades
        ),
        "the only grade that the abstract names": {
            "001-study-methods-grade-last": printed["001-study-abstract-grade"]
        },
    }


def printed_tests(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed rows (as `published.read` gives them) as one row a scale.

    Columns `scale, mean1, sd1, n1, mean2, sd2, n2, df, t, p` (1: participants, 2: control), each also with `_low`
    and `_high`, its rounding bounds.
    """
    number = printed["group"].map({"participants": "1", "control": "2", "test": ""})
    long = printed.assign(name=printed["statistic"] + number)
    parts = [
        long.pivot(index="row", columns="name", values=value).add_suffix(suffix)
        for value, suffix in (("value", ""), ("low", "_low"), ("high", "_high"))
    ]
    wide = pd.concat(parts, axis=1).loc[printed["row"].unique()]
    return wide.rename_axis("scale").reset_index()


def read(
    path: Path, scales: list[str], group: str, *, cluster: str = "", respondent: str = "", encoding: str = "utf-8",
    ranges: dict[str, list[float]] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The user's records: the scales as numbers, the group, and the cluster where there is one.

    Parameters
    ----------
    path, encoding : of the file; the encoding of a CSV file
    scales, group, cluster, respondent : columns; a respondent may stand once
    ranges : scale -> its lowest and highest value

    Raises
    ------
    InputError
        For anything that cannot be used, naming file, column and first rows.
    """
    if not group or not scales:
        raise InputError(
            "Comparing groups needs `group` (a column) and `scales` (columns). Name both."
        )
    for scale, ends in (ranges or {}).items():
        if scale not in scales:
            raise InputError(
                f"`ranges` names {scale!r}, which is none of `scales`: {', '.join(scales)}."
            )
        if len(ends) != 2 or not ends[0] < ends[1]:
            raise InputError(
                f"`ranges` of {scale!r}: give its lowest and its highest value, not {ends}."
            )
    others = [name for name in (group, cluster, respondent) if name]
    frame = frames.read(path, [*others, *scales], encoding=encoding, names=(group, cluster))
    if respondent:
        frames.check_unique(frame, [respondent], path)
    for scale in scales:
        low, high = (ranges or {}).get(scale, (None, None))
        frame[scale] = frames.numbers(frame, scale, path, low, high)
    for name in filter(None, (group, cluster)):
        frame[name] = frames.categories(frame, name)
    return frame


def choose(
    frame: pd.DataFrame, group: str, compare: list[str], path: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the two groups to compare, and their names.

    Parameters
    ----------
    frame, path : as `read` gives it, and what it was read from
    group : the column of groups
    compare : the names of two; where it is empty, the only two there are

    Raises
    ------
    InputError
        When there are fewer groups, or more and none chosen.
    """
    counts = frame[group].value_counts()
    found = ", ".join(f"{name!r} ({n} rows)" for name, n in counts.sort_index().items())
    names = compare or sorted(counts.index)
    if len(names) != 2 or len(set(names)) != 2 or not set(names) <= set(counts.index):
        raise InputError(
            f"{relative(path)}, column {group!r}: a comparison needs two groups; the column has {found}. "
            "Name two of them in `compare`, the first minus the second."
        )
    return frame[frame[group].isin(names)], list(names)


def from_records(
    frame: pd.DataFrame, scales: list[str], first: pd.Series, path: Path
) -> pd.DataFrame:
    """Table of groups from records.

    Parameters
    ----------
    frame, path : as `read` gives it, and what it was read from
    scales : columns
    first : marks the rows of group 1

    Raises
    ------
    InputError
        When a group answered too seldom to be shown, or a scale does not vary.
    """
    rows = []
    for scale in scales:
        summary = dict(zip(SUMMARY, twogroups.summarise(frame[scale], first), strict=True))
        where = f"{relative(path)}, column {scale!r}"
        if min(summary["n1"], summary["n2"]) < MINIMUM:
            raise InputError(
                f"{where}: one of the groups has fewer than {MINIMUM} answers, too few to be shown. Leave the column out."
            )
        if summary["sd1"] == 0 and summary["sd2"] == 0:
            raise InputError(
                f"{where}: everybody in a group gave the same answer. Leave the column out."
            )
        rows.append({"scale": scale} | summary)
    return pd.DataFrame(rows)


def estimates(groups: pd.DataFrame) -> pd.DataFrame:
    """Welch's difference of means and Hedges' g for each scale, tidy (COLUMNS)."""
    rows = []
    for row in groups.itertuples():
        summary = [getattr(row, name) for name in SUMMARY]
        n = row.n1 + row.n2
        difference = twogroups.welch(*summary)
        rows.append(
            {"scale": row.scale, "method": "Welch", "term": "difference", **difference, "n": n}
        )
        g = twogroups.hedges_g(*summary)
        rows.append({"scale": row.scale, "method": "Welch", "term": "hedges_g", **g, "n": n})
    return _tidy(rows)


def clustered_estimates(
    frame: pd.DataFrame, groups: pd.DataFrame, first: pd.Series, cluster: str
) -> pd.DataFrame:
    """The same with standard errors clustered by a column, tidy (COLUMNS).

    Parameters
    ----------
    frame, first : records, and which rows are of group 1
    groups : the same as a table of groups
    cluster : the column of clusters

    Notes
    -----
    g is the clustered difference in pooled SDs with Hedges' correction; its interval takes the SD as known.
    """
    rows = []
    for row in groups.itertuples():
        found = twogroups.clustered(frame[row.scale], first, frame[cluster])
        shared = {
            "scale": row.scale,
            "method": "clustered",
            "n": found["n"],
            "n_groups": found["n_groups"],
        }
        rows.append(found | shared | {"term": "difference"})
        sd = twogroups.pooled_sd(row.sd1, row.n1, row.sd2, row.n2)
        # Hedges' factor is the g of a difference of one pooled SD.
        unit = sd / twogroups.hedges_g(sd, row.sd1, row.n1, 0, row.sd2, row.n2)["estimate"]
        scaled = {
            name: found[name] / unit for name in ("estimate", "std_error", "ci_low", "ci_high")
        }
        rows.append(scaled | shared | {"term": "hedges_g"})
    return _tidy(rows)


def reading(groups: pd.DataFrame, alpha: float, power: float) -> pd.DataFrame:
    """What keeps a reader from taking too much from the tests: `scale, p_value, p_holm, detectable, equivalence_bound`.

    Welch's p-values before and after Holm's correction; the difference in standard deviations that groups of this size
    find with `power`; the smallest that two one-sided 5 % tests rule out.
    """
    rows = groups[SUMMARY].to_numpy()
    p_values = pd.Series([twogroups.welch(*row)["p_value"] for row in rows], groups.index)
    return groups[["scale"]].assign(
        p_value=p_values,
        p_holm=intervals.holm(p_values),
        detectable=[detectable_difference(r.n1, r.n2, alpha, power) for r in groups.itertuples()],
        equivalence_bound=[twogroups.equivalence_bound(*row) for row in rows],
    )


def clustering(summary: pd.Series, per_school: float, n_schools: int) -> pd.DataFrame:
    """What likeness within schools would do to Welch's test of one scale: `icc, case, factor, std_error, p_value`.

    `summary`: SUMMARY of the scale; `per_school`: mean number of teachers of one group in a school. The cases are the
    two ends of `twogroups.clustering_factors`; p by t with one degree of freedom less than there are schools.
    """
    test = twogroups.welch(*summary[SUMMARY])
    cases = ("school differences shared", "nothing shared")
    grid = np.arange(41) / 100
    factors = [twogroups.clustering_factors(icc, per_school) for icc in grid]
    curves = pd.DataFrame(
        [
            {"icc": icc, "case": case, "factor": factor}
            for icc, both in zip(grid, factors, strict=True)
            for case, factor in zip(cases, both, strict=True)
        ]
    ).sort_values("case", kind="stable")
    return curves.assign(
        std_error=test["std_error"] * curves["factor"],
        p_value=2 * stats.t.sf(abs(test["t"]) / curves["factor"], n_schools - 1),
    )


def _tidy(rows: Iterable[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows).reindex(columns=COLUMNS)
