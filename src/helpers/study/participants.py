"""From print or from records to one table of two groups, and from that table to tidy estimates.

The table of groups has a row a scale: `scale, mean1, sd1, n1, mean2, sd2, n2`; differences are group 1 less group 2."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from helpers.draw.numbers import spoken_p
from helpers.draw.words import count, within
from helpers.estimate import intervals, rounding, twogroups
from helpers.estimate.panels import COUNTS, NUMBERS
from helpers.estimate.power import detectable_difference, multiple
from helpers.project import InputError, at, relative
from helpers.read import accounts, frames
from helpers.read.accounts import Account
from helpers.read.files import Options, shortened
from helpers.read.frames import Given
from helpers.read.suppression import MINIMUM, is_small

SUMMARY = ["mean1", "sd1", "n1", "mean2", "sd2", "n2"]
COLUMNS = ["scale", "method", "term", *NUMBERS, *COUNTS]
WELCH, CLUSTERED, WITHIN = "Welch", "clustered", "within clusters"
"""How two groups are compared: by people, by people of clusters who are alike, and those of the same cluster."""


def margins(table1: pd.DataFrame) -> pd.DataFrame:
    """Each number of Table 1 (as `published.read` gives it) from the others of its row or column, by id.

    Columns `others` (what these give), `reason`, `check`: the sum that is checked, the same for every cell in it.
    """
    value = table1.pivot(index="row", columns="group", values="value")
    everybody, zones = "All participating professionals", [z for z in value if z != "Total"]
    others = value[zones[::-1]].rsub(value["Total"], axis=0).set_axis(zones, axis=1)
    others.loc[everybody] = value[zones].drop(["Schools", everybody]).sum()
    others["Total"] = value[zones].sum(axis=1)
    reason = pd.Series("the row's total less the other district: the total's own check, seen from this cell", table1.index)  # fmt: skip
    reason[table1["row"] == everybody] = "sum of the roles"
    reason[table1["group"] == "Total"] = "sum of the districts"
    check = "Table 1, " + table1["row"] + ": districts and total"
    check = check.mask(reason == "sum of the roles", "Table 1, " + table1["group"] + ": roles and all participants")
    found = [others.at[cell["row"], cell["group"]] for _, cell in table1.iterrows()]
    return pd.DataFrame({"others": found, "reason": reason, "check": check}, table1.index)


def lists(entries: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The paper's lists (`number, place`, an entry a row) for the numbers that announce them: reason, id, number."""
    first, last = (f"001-study-ilt-practice-{end}" for end in ("first", "last"))
    place = entries.groupby("number")["place"]
    lengths = place.size().to_dict()
    numbered = lengths.pop(last)  # these have their numbers in print, from nought
    return {
        "entries of the list that it announces": lengths,
        f"{numbered} practices are listed with their numbers": {first: place.min()[last], last: place.max()[last]},
    }


def printed_tests(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed tests by scale: `mean1, sd1, n1, mean2, sd2, n2, df, t, p` (1: participants), bounds `_low, _high`."""
    number = printed["group"].map({"participants": "1", "control": "2", "test": ""})
    long = printed.assign(name=printed["statistic"] + number)
    suffixes = {"value": "", "low": "_low", "high": "_high"}
    parts = [long.pivot(index="row", columns="name", values=of).add_suffix(end) for of, end in suffixes.items()]
    wide = pd.concat(parts, axis=1).loc[printed["row"].unique()]
    return wide.rename_axis("scale").reset_index()


def with_printed_sizes(tests: pd.DataFrame, sizes: range) -> pd.DataFrame:
    """Whether the printed sizes of `printed_tests` give the printed df and t, a row a scale.

    Columns `scale, comes_out`; `df, t`: ranges that printed means, SDs and sizes allow; `n`: the fewest and the most
    participants, of `sizes`, that with the printed colleagues give the printed df and t.
    """
    rows = []
    for test in tests.to_dict("records"):
        n1, n2, sample = int(test["n1"]), int(test["n2"]), rounding.printed_ranges(test)
        printed = (test["df_low"], test["df_high"]), (test["t_low"], test["t_high"])
        fits = [n for n in sizes if rounding.welch_reproduces(*sample, n, n2, *printed)]
        df, t = rounding.welch_ranges(*sample, n1, n2)
        rows.append((test["scale"], n1 in fits, df, t, (min(fits), max(fits))))
    return pd.DataFrame(rows, columns=["scale", "comes_out", "df", "t", "n"])


def p_ranges(tests: pd.DataFrame, n1: int, n2: int) -> pd.DataFrame:
    """Welch's p over all means and SDs that print as those of `printed_tests`: `p_low, p_high, holm_low, holm_high`.

    Outer bounds: the ranges of t and of its degrees of freedom are taken as if each went its own way.
    """
    ends = []
    for test in tests.to_dict("records"):
        df, t = rounding.welch_ranges(*rounding.printed_ranges(test), n1, n2)
        near = 0.0 if t[0] < 0 < t[1] else min(map(abs, t))
        ends.append((2 * stats.t.sf(max(map(abs, t)), df[1]), 2 * stats.t.sf(near, df[0])))
    found = pd.DataFrame(ends, tests.index, ["p_low", "p_high"])
    return found.assign(holm_low=intervals.holm(found["p_low"]), holm_high=intervals.holm(found["p_high"]))


def read(
    path: Path, scales: list[str], group: str, *, cluster: str = "", respondent: str = "",
    ranges: dict[str, list[float]] | None = None, nest: bool = False, options: Options = Options(),
) -> tuple[pd.DataFrame, Given]:  # fmt: skip
    """The user's records: scales as numbers, and the groups; and the file as it was read. Raises InputError.

    Parameters
    ----------
    path, options, ranges : the file; how it is read; scale -> its lowest and highest value
    scales, group, cluster, respondent : columns; a respondent may stand once
    nest : whether each group numbers its clusters anew
    """
    if not group or not scales:
        raise InputError("Comparing groups needs `group` (a column) and `scales` (columns). Name both.")
    ranges = ranges or {}
    for scale, ends in ranges.items():
        if scale not in scales:
            raise InputError(f"`ranges` names {scale!r}, which is none of `scales`: {', '.join(scales)}.")
        if len(ends) != 2 or not ends[0] < ends[1]:
            raise InputError(f"`ranges` of {scale!r}: give its lowest and its highest value, not {ends}.")
    others = [name for name in (group, cluster, respondent) if name]
    given = frames.read(path, [*others, *scales], options, ids=[cluster, respondent])
    if respondent:
        frames.check_unique(given, [respondent])
    frame = pd.DataFrame({name: frames.labels(given, name) for name in others})
    if nest and cluster:
        frame[cluster] = frame[group] + " / " + frame[cluster]
    for scale in scales:
        frame[scale] = frames.numbers(given, scale, *ranges.get(scale, ()))
    return frame, given


def choose(
    frame: pd.DataFrame, group: str, compare: list[str], path: Path, cluster: str = ""
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the two groups to compare, and their names. Raises InputError for fewer, or more and none chosen.

    Parameters
    ----------
    frame, path, group, compare : of `read`; its file; the column of groups; two names (none: the only two there are)
    cluster : the column of clusters, if any. Who has none is left out: in some tests and not in others, they would follow
    """
    counts = frame[group].value_counts()
    some = list(counts.sort_index().items())[:12]
    found = ", ".join(f"{shortened(name)} ({n} rows)" for name, n in some)
    found += f" and {len(counts) - len(some)} more" if len(counts) > len(some) else ""
    names = compare or sorted(counts.index)
    if len(names) != 2 or len(set(names)) != 2 or not set(names) <= set(counts.index):
        raise InputError(
            f"{relative(path)}, column {group!r}: a comparison needs two groups; the column has {found}. "
            "Name two of them in `compare`, the first minus the second."
        )
    placed = frame[cluster].notna() if cluster else True
    return frame[frame[group].isin(names) & placed], list(names)


def account(
    given: Given, records: pd.DataFrame, group: str, scales: list[str], cluster: str = "", nest: bool = False
) -> Account:
    """What became of the rows of a file.

    Parameters
    ----------
    given, records : as `read` gives the file, and what `choose` left of it
    group, scales, cluster, nest : as for `read`
    """
    named = frames.labels(given, group)
    chosen = named.isin(records[group])
    nothing = int(records[scales].isna().all(axis=1).sum())
    left_out = {
        "no group": int(named.isna().sum()),
        "other groups than the two compared": int((named.notna() & ~chosen).sum()),
        f"no {cluster}": int(chosen.sum()) - len(records),
        "no answer on any scale": nothing,
    }
    told = accounts.shared_schools(records[group], records[cluster], nest) if cluster else []
    return accounts.of(given, len(records) - nothing, left_out, numeric=scales, named=[group], told=told)


def from_records(frame: pd.DataFrame, scales: list[str], first: pd.Series, path: Path) -> pd.DataFrame:
    """Table of groups. Raises InputError for a group too small to be shown, or a scale that does not vary.

    Parameters
    ----------
    frame, scales, first, path : as `read` gives it; its columns; which rows are of group 1; what it was read from
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
            raise InputError(f"{where}: everybody in a group gave the same answer. Leave the column out.")
        rows.append({"scale": scale} | summary)
    return pd.DataFrame(rows)


def estimates(tests: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Differences of means, each followed by Hedges' g, tidy (COLUMNS).

    `tests`: of `welch_tests`, `clustered_tests` or both; `groups`: the table of groups. Welch's g has its own large-sample
    interval; g of other tests is their difference in pooled SDs, taken as known, with Hedges' correction.
    """
    rows, by_scale = [], groups.set_index("scale")
    for row in tests.to_dict("records"):
        summary = by_scale.loc[row["scale"], SUMMARY]
        g = twogroups.hedges_g(*summary)
        if row["method"] != WELCH:
            _, sd1, n1, _, sd2, n2 = summary
            sd = twogroups.pooled_sd(sd1, n1, sd2, n2)
            # Hedges' factor is the g of a difference of one pooled SD.
            unit = sd / twogroups.hedges_g(sd, sd1, n1, 0, sd2, n2)["estimate"]
            g = {name: row[name] / unit for name in NUMBERS[:4]}
        rows += [row | {"term": "difference"}, {**row, **g, "term": "hedges_g", "p_value": np.nan}]
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def welch_tests(groups: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Welch's test of each scale: `scale, method` and the columns of an estimate."""
    rows = [twogroups.welch(*row, level=level) for row in groups[SUMMARY].to_numpy()]
    return pd.DataFrame(rows, groups.index).assign(scale=groups["scale"], method=WELCH)


def clustered_tests(
    frame: pd.DataFrame, groups: pd.DataFrame, first: pd.Series, cluster: str, inference: str = "", level: float = 0.95
) -> pd.DataFrame:
    """The same with errors that allow for clusters, and a column `inference`. Raises InputError.

    Parameters
    ----------
    frame, groups, first, cluster : records; their table of groups; which rows are of group 1; the column of clusters
    inference, level : as for `twogroups.clustered`
    """
    rows = []
    for scale in groups["scale"]:
        with at(f"column {cluster!r}, of those who answered {scale!r}"):
            found = twogroups.clustered(frame[scale], first, frame[cluster], inference, level)
        rows.append({"scale": scale, "method": CLUSTERED} | found)
    return pd.DataFrame(rows, groups.index)


def within_tests(
    frame: pd.DataFrame, groups: pd.DataFrame, first: pd.Series, cluster: str, inference: str = ""
) -> pd.DataFrame:
    """Those of the same cluster compared, for scales where MINIMUM people of each group are in clusters that hold both.

    `n` is empty where it leaves out a few of those who answered, as who is alone in a cluster: they would follow.

    Parameters
    ----------
    frame, groups, first, cluster, inference : as for `clustered_tests`
    """
    rows = []
    for place, scale in groups["scale"].items():
        answered = frame[scale].notna() & frame[cluster].notna()
        both = first[answered].groupby(frame.loc[answered, cluster]).transform("nunique") == 2
        counts = first[answered][both].value_counts()
        if len(counts) == 2 and counts.min() >= MINIMUM:
            found = twogroups.within_clusters(frame[scale], first, frame[cluster], inference)
            found["n"] = np.nan if is_small(answered.sum() - found["n"]) else found["n"]
            rows.append(pd.Series({"scale": scale, "method": WITHIN} | found, name=place))
    return pd.DataFrame(rows)


def reading(groups: pd.DataFrame, tests: pd.DataFrame, wide: pd.DataFrame, alpha: float, power: float) -> pd.DataFrame:
    """What keeps a reader from taking too much from the tests: `scale, p_value, p_holm, detectable, equivalence_bound`.

    P-values before and after Holm's correction; the difference in standard deviations that a study with this standard
    error finds with `power`; the smallest that two one-sided 5% tests rule out (Schuirmann 1987): the far end of the 90% interval.

    Parameters
    ----------
    groups, tests, wide : the table of groups; its tests, with intervals of 95 and of 90 percent
    alpha, power : level of the test, and how often it finds the difference
    """
    sd = np.array([twogroups.pooled_sd(r.sd1, r.n1, r.sd2, r.n2) for r in groups.itertuples()])
    finite = np.isfinite(tests["ci_low"]) & np.isfinite(tests["ci_high"])  # else nothing can be found at all
    detectable = [
        detectable_difference(n1, n2, alpha, power)
        if test.method == WELCH
        else multiple(test.df, power, alpha) * test.std_error / unit
        for n1, n2, test, unit in zip(groups["n1"], groups["n2"], tests.itertuples(), sd, strict=True)
    ]
    return groups[["scale"]].assign(
        p_value=tests["p_value"],
        p_holm=intervals.holm(tests["p_value"]),
        detectable=np.where(finite, detectable, np.nan),
        equivalence_bound=np.maximum(wide["ci_low"].abs(), wide["ci_high"].abs()) / sd,
    )


def answer(reading: pd.DataFrame, forest: pd.DataFrame, names: tuple[str, str], alpha: float, power: float) -> str:
    """What the tests say, in sentences, the last without its end; also where there is no p-value.

    Parameters
    ----------
    reading, forest : of `reading`; Hedges' g by `label`, the first row of a scale the one that was tested
    names, alpha, power : of the two groups; level of the tests, and how often they find a `detectable` difference
    """
    known = reading.dropna(subset="p_value")
    if known.empty:
        return (
            f"Whether {names[0]} and {names[1]} differ cannot be said of any scale: so few clusters hold one of the groups "
            "that there is no p-value"
        )
    least = known.loc[known["p_value"].idxmin()]
    g = forest[forest["label"] == least["scale"]].iloc[0]
    clear = int((known["p_value"] < alpha).sum())
    missed = reading["detectable"].median()
    limit = (
        f". Groups of this size miss a true difference below {missed:.2f} standard deviations more often than "
        f"{1 - power:.0%} of the time"
    )
    size = f"g = {g.estimate:.2f}, {within(g.ci_low, g.ci_high)}"
    both = f"{names[0]} and {names[1]}"
    if not clear:
        of = "" if len(known) == 1 else f" on any of {len(known)} scales; the smallest p-value is"
        found = (
            f"No difference between {both} can be told from none{of} on “{g.label}” ({size}, {spoken_p(least.p_value)})"
        )
    elif len(known) == 1:
        found = f"On “{g.label}” {both} differ at the {alpha:.0%} level ({size}, {spoken_p(least.p_value)})"
    else:
        after = "is still clear" if least.p_holm < alpha else "is no longer clear"
        found = (
            f"On {clear} of {len(known)} scales {both} differ at the {alpha:.0%} level, with the smallest p-value on "
            f"“{g.label}” ({size}). After correction for {len(known)} tests this {after} ({spoken_p(least.p_holm)})"
        )
    untested = len(reading) - len(known)
    lacking = f"; {count(untested, 'scale')} could not be tested" if untested else ""
    return f"{found}{limit if np.isfinite(missed) else ''}{lacking}"


def headline(reading: pd.DataFrame, names: tuple[str, str], alpha: float = 0.05) -> str:
    """On how many scales one group scored higher, all tests counted. `reading`: of `reading`, and `estimate`.

    >>> tests = pd.DataFrame({"scale": ["x", "y"], "estimate": [1, 2], "p_value": [0.01, 0.04], "p_holm": [0.02, 0.08]})
    >>> headline(tests, ("A", "B")), headline(tests.head(1), ("A", "B"))
    ('“A” scored higher than “B” on 1 of 2 scales; on the other one the difference may be chance.', '“A” scored higher than “B” on “x”.')
    """
    known = reading.dropna(subset="p_holm")
    one, two = (f"“{name}”" for name in names)
    clear, of = known["p_holm"] < alpha, len(known)
    if known.empty:
        return f"Whether {one} and {two} differ cannot be told: so few clusters hold one of the groups."
    if not clear.any():
        where = f"“{known['scale'].iloc[0]}”" if of == 1 else f"any of {of} scales"
        return f"Whether {one} and {two} differ cannot be told on {where}."
    up, down = (int((clear & (side * known["estimate"] > 0)).sum()) for side in (1, -1))
    high, low = (one, two) if up else (two, one)
    where = f"{up or down} of {of} scales" if of > 1 else f"“{known['scale'].iloc[0]}”"
    found = f"{high} scored higher than {low} on {where}{f' and lower on {down}' if up and down else ''}"
    unsure = of - up - down
    others = "the other one" if unsure == 1 else f"the other {unsure}"
    return f"{found}{f'; on {others} the difference may be chance' * bool(unsure)}."


def clustering(summary: pd.Series, per_school: float, n_schools: int) -> pd.DataFrame:
    """What likeness within schools would do to Welch's test of one scale: `icc, case, factor, std_error, p_value`.

    `summary`: SUMMARY of the scale; `per_school`: mean number of teachers of one group in a school. The cases are the
    two ends of `twogroups.clustering_factors`; p by t with one degree of freedom less than there are schools.
    """
    test = twogroups.welch(*summary[SUMMARY])
    iccs = np.arange(41) / 100
    shared, alone = zip(*(twogroups.clustering_factors(icc, per_school) for icc in iccs), strict=True)
    cases = {"nothing shared": alone, "school differences shared": shared}
    curves = pd.concat(
        [pd.DataFrame({"icc": iccs, "case": case, "factor": cases[case]}) for case in cases], ignore_index=True
    )
    p_value = 2 * stats.t.sf(abs(test["t"]) / curves["factor"], n_schools - 1)
    return curves.assign(std_error=test["std_error"] * curves["factor"], p_value=p_value)
