"""From a survey to tables of shares: standard errors, differences, averages, and what must not be shown.

A sample is one system in one cycle. Systems, and cycles of a system, are independent samples. Respondents whose
final weight is zero speak for nobody and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate import fixed_effects, moments, multiplicity
from helpers.estimate.replicates import Means, means
from helpers.project import InputError, in_order, relative
from helpers.read.files import check_columns
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED, Survey

ESTIMATES = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "p_holm"]
_TAKEN = {"cycle", "system", "item", "statistic", "share", "n", "n_schools", "n_systems", "n_groups", "term", "other", "note"}  # fmt: skip


def table(survey: Survey, by: str = "") -> pd.DataFrame:
    """The two headline shares of every item and system, or of every level of the column `by` in it.

    Columns: cycle, system, [by,] item, statistic, share, std_error, ci_low, ci_high (95 %, within 0 and 1), n
    (respondents who answered), n_schools (theirs; empty where no school is known), note. Shares run 0 to 1. Whoever
    was not asked, gave no answer, or has no level of `by`, is not in the denominator. Standard errors as
    `replicates.means` has them; without replicate weights schools are the clusters, and respondents where no school
    is known; intervals are then those of Student's t with as many degrees of freedom as there are clusters less one,
    for a few schools say little of their spread, else of the normal distribution. A cell that rests on too few, or was not administered, keeps its row and loses its numbers; a share of
    exactly 0 or 1 has no standard error. `note` says so. Raises InputError for a `by` that is no column or has the
    name of another column of the table.
    """
    return _bind(rows for cells in _evaluated(survey, _headlines(survey), by) for rows, _ in cells)


def distribution(survey: Survey, by: str = "") -> pd.DataFrame:
    """As `table`, with a row for each category; `statistic` is its label."""
    statistics = {label: (code, code) for code, label in enumerate(survey.categories, start=1)}
    return _bind(rows for cells in _evaluated(survey, statistics, by) for rows, _ in cells)


def counts(survey: Survey) -> pd.DataFrame:
    """Per cycle, system and item: respondents, schools, answered, no_answer, not_administered."""
    found = []
    for sample in _samples(survey):
        codes = sample.codes
        found.append(
            pd.DataFrame(
                sample.keys
                | {
                    "item": list(survey.items),
                    "respondents": len(codes),
                    "schools": _n_schools(sample, np.ones_like(codes, dtype=bool)),
                    "answered": (codes > 0).sum(axis=0),
                    "no_answer": (codes == NO_ANSWER).sum(axis=0),
                    "not_administered": (codes == NOT_ADMINISTERED).sum(axis=0),
                }
            )
        )
    return _bind(found)


def differences(
    shares: pd.DataFrame, pairs: Sequence[tuple[str, str]] | None = None
) -> pd.DataFrame:
    """Differences between systems (`system` minus `other`) of a table of shares, of one cycle and item each.

    `pairs`: which systems; all without it. Columns: cycle, [by,] item, statistic, system, other, estimate, std_error,
    ci_low, ci_high, p_value, p_holm, note. Systems are independent samples, so variances add; p-values are those of
    the normal distribution, `p_holm` is adjusted by Holm's (1979) method for everything compared here in the same
    statistic. Where a share or its error is empty, so is what needs it, and `note` says why. Averages are left out:
    they hold the systems. Raises InputError for a system that is not in the table.
    """
    return _compared(shares, "system", pairs)


def change(shares: pd.DataFrame) -> pd.DataFrame:
    """Change between cycles of one system: `cycle` minus an earlier one, `other`. Columns and errors as in `differences`."""
    cycles = list(dict.fromkeys(_systems(shares)["cycle"]))
    return _compared(shares, "cycle", [(late, early) for early, late in combinations(cycles, 2)])


def average(shares: pd.DataFrame, systems: Sequence[str], name: str) -> pd.DataFrame:
    """Plain mean of shares over those `systems` that have data: every system counts the same.

    Columns as in the table, and `n_systems`, how many these are; `system` is `name`; `n` and `n_schools` are theirs
    together. The standard error is sqrt(sum se^2) / n_systems. A system with a share of exactly 0 or 1 counts and adds
    no variance, which `note` says.
    """
    part = _systems(shares)
    part = part[part["system"].isin(systems) & part["share"].notna()]
    keys = _keys(shares, "system")
    exact = part["share"].isin([0, 1])
    part = part.assign(square=part["std_error"].where(~exact, 0.0) ** 2, exact=exact)
    groups = part.groupby(keys, sort=False, dropna=False, observed=True)
    found = groups.agg(
        share=("share", "mean"),
        n=("n", "sum"),
        n_schools=("n_schools", lambda values: values.sum(min_count=len(values))),
        n_systems=("share", "size"),
        exact=("exact", "sum"),
        squares=("square", lambda values: values.sum(skipna=False)),
    )
    squares = found["squares"].where(found["exact"] < found["n_systems"])
    found["std_error"] = np.sqrt(squares) / found["n_systems"]
    found["note"] = [
        f"{exact} of {m} systems at 0 or 1 add nothing to the standard error" if exact else ""
        for exact, m in zip(found["exact"], found["n_systems"], strict=True)
    ]
    wanted = shares[keys].drop_duplicates()
    found = wanted.merge(found.reset_index(), on=keys, how="left")
    absent = found["n_systems"].isna()
    found["note"] = found["note"].mask(absent, "no system has data")
    counted = {"n": 0, "n_systems": 0}
    found = found.fillna(counted).astype({"n": int, "n_systems": int, "n_schools": "Int64"})
    found["ci_low"], found["ci_high"] = _interval(found["share"], found["std_error"], 0.0, np.inf)
    found["system"] = name
    return found[[*(column for column in shares if column != "n_systems"), "n_systems"]]


def level_differences(survey: Survey, by: str) -> pd.DataFrame:
    """Differences between levels of the column `by` within a system: `term` minus an earlier one, `other`.

    Columns: cycle, system, item, statistic, term, other, estimate, std_error, ci_low, ci_high, p_value, p_holm, note.
    The levels share schools and are no independent samples: the error is that of the difference itself under the
    same replicates (or linearised, with the same clusters and, as in `table`, Student's t). Else as in `differences`.
    """
    _levels(survey, by, needed=2)
    found = []
    for cells in _evaluated(survey, _headlines(survey), by):
        for (two, second), (one, first) in combinations(cells, 2):
            estimate, error = first.minus(second)
            rows = one[["cycle", "system", "item", "statistic"]].assign(
                term=one[by],
                other=two[by],
                estimate=np.where(one["share"].notna() & two["share"].notna(), estimate, np.nan),
                std_error=np.where(
                    one["std_error"].notna() & two["std_error"].notna(), error, np.nan
                ),
                note=_joined(one[by], one["note"], two[by], two["note"]),
                df=first.df,
            )
            found.append(rows)
    return _tested(_bind(found))


def within_schools(survey: Survey, by: str) -> pd.DataFrame:
    """How much larger the share `often` is in a level than in the first level, among respondents of the same school.

    Columns: cycle, system, item, statistic, term (the level), other (the first), estimate, std_error, ci_low, ci_high,
    p_value, p_holm, n, n_groups (respondents and schools of the model: schools with a single one drop out), note.
    School fixed effects with the final weight, errors clustered by school (CRV1), t(n_groups - 1): `fixed_effects.fit`;
    replicate weights play no part. Levels whose share `table` does not show are left out of the model, and what is
    seen in fewer schools than a share needs is not shown. Raises InputError as `table` does.
    """
    survey = replace(survey, weights=survey.weights[:, :1])
    levels, samples = _levels(survey, by, needed=2), list(_samples(survey, by))
    often = survey.statistics[1]
    cells = table(survey, by).query("statistic == @often")
    shape = len(samples), len(levels), len(survey.items)
    notes = cells["note"].to_numpy().reshape(shape)
    shown = cells["share"].notna().to_numpy().reshape(shape)
    sums = [_sums(survey, samples, shown[:, :, item], item) for item in range(len(survey.items))]
    found = []
    for place, sample in enumerate(samples):
        for item, name in enumerate(survey.items):
            keys = {"item": name, "statistic": often, "term": levels[1:], "other": levels[0]}
            rows = _fitted(survey, sums[item], place, len(samples))
            rows = rows.reindex(range(1, len(levels)))
            mine = notes[place, :, item]
            why = mine[1:] if shown[place, 0, item] else f"{levels[0]}: {mine[0]}"
            why = np.where(
                shown[place, 1:, item] & shown[place, 0, item], "no school is known", why
            )
            rows["note"] = rows["note"].where(rows["note"].notna(), why)
            found.append(pd.DataFrame(sample.keys | keys | rows.to_dict("list")))
    return _adjusted(_bind(found)).astype({"n": "Int64", "n_groups": "Int64"})


def _sums(
    survey: Survey, samples: list[_Sample], shown: np.ndarray, item: int
) -> moments.Moments | None:
    """What the model of an item needs of all samples at once, from the levels that are `shown` (samples x levels)."""
    parts = []
    for sample, levels in zip(samples, shown, strict=True):
        codes = sample.codes[:, item]
        rows = (codes > 0) & (sample.schools >= 0) & (sample.levels >= 0)
        rows[rows] = levels[sample.levels[rows]] & levels[0]
        values = {
            "often": codes >= survey.often,
            "school": sample.schools,
            "level": sample.levels,
            "weight": sample.weights[:, 0],
        }
        parts.append(pd.DataFrame({name: column[rows] for name, column in values.items()}))
    frame = pd.concat(parts).astype({"often": float})
    if frame["level"].nunique() < 2:
        return None
    return moments.compute(
        frame, moments.Model("often", "school", "level", baseline="0", weight="weight")
    )


def _fitted(
    survey: Survey, sums: moments.Moments | None, place: int, n_samples: int
) -> pd.DataFrame:
    """The model of one sample: a row for each of its levels but the first, by the level's code."""
    columns = [*ESTIMATES[:-1], "n", "n_groups", "note"]
    nothing = pd.DataFrame(columns=columns)
    if sums is None:
        return nothing
    own = moments.take(sums, sums.schools.astype(int) % n_samples == place)
    used = np.flatnonzero(own.sums[:, :-1].any(axis=0))
    kept = [*used, -1]  # a level that nobody here has is no term; the outcome stands last
    terms = tuple(own.terms[term] for term in used)
    own = replace(own, terms=terms, sums=own.sums[:, kept], products=own.products[:, kept][:, :, kept])  # fmt: skip
    codes = pd.Index([int(term) for term in terms])
    if codes.empty:
        return nothing
    try:
        data = fixed_effects.within(own)
    except InputError:  # levels that never meet in a school, or answers that are all alike there
        return nothing.reindex(codes).assign(note="cannot be estimated within schools")
    found = (
        pd.DataFrame(fixed_effects.fit(data).columns()).assign(note="").set_index(codes)[columns]
    )
    people, schools = survey.fewest
    found.loc[fixed_effects.informing(data) < schools, "note"] = f"fewer than {schools} schools have both levels"  # fmt: skip
    if data.n < people:
        found["note"] = f"fewer than {people} respondents have a colleague in their school"
    found.loc[found["note"] != "", columns[:-1]] = np.nan
    return found


@dataclass(frozen=True)
class _Sample:
    """Respondents of one sample, or of one level in it.

    `codes`: n x items; `weights`: n x (1 + R); `schools`: n codes, -1 where unknown, and no code in two samples: its
    remainder by the number of samples is the sample's place; `clusters`: n codes below `n_clusters`, those of the whole
    sample; `levels`: n codes, -1 for none.
    """

    keys: dict[str, object]
    codes: np.ndarray
    weights: np.ndarray
    schools: np.ndarray
    clusters: np.ndarray
    n_clusters: int
    levels: np.ndarray

    def level(self, code: int, keys: dict[str, object]) -> _Sample:
        """The part of one level."""
        names = ("codes", "weights", "schools", "clusters", "levels")
        rows = self.levels == code
        return replace(self, keys=self.keys | keys, **{name: getattr(self, name)[rows] for name in names})  # fmt: skip


def _samples(survey: Survey, by: str = "") -> Iterator[_Sample]:
    """Samples in the order of their cycle and system."""
    frame = survey.frame
    codes = frame[list(survey.items)].to_numpy(dtype=np.int16)
    grouped = frame.groupby(["cycle", "system"], dropna=False, observed=True)
    group, keys = grouped.ngroup().to_numpy(), list(grouped.size().index)
    ids = frame["school_id"].astype(object)
    school = pd.factorize(ids.mask(ids == ""))[0]
    level = pd.factorize(frame["level"], use_na_sentinel=False)[0]
    school = np.where(school < 0, -1, (school * (level.max(initial=0) + 1) + level) * len(keys) + group)  # fmt: skip
    levels = np.zeros(len(frame), dtype=int)
    if by:
        levels = pd.Index(_levels(survey, by), dtype=object).get_indexer(frame[by].astype(object))
    order = np.argsort(group, kind="stable")
    order = order[survey.weights[order, 0] != 0]
    ends = np.searchsorted(group[order], np.arange(len(keys) + 1))
    for place, (cycle, system) in enumerate(keys):
        rows = order[ends[place] : ends[place + 1]]
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            rows = slice(rows[0], rows[-1] + 1)  # a view of the weights, not a copy
        schools = school[rows]
        alone = np.where(schools < 0, -1 - np.arange(len(schools)), schools)
        names, clusters = np.unique(alone, return_inverse=True)
        yield _Sample(
            {"cycle": cycle, "system": system},
            codes[rows],
            survey.weights[rows],
            schools,
            clusters,
            len(names),
            levels[rows],
        )


def _levels(survey: Survey, by: str, needed: int = 1) -> list[object]:
    """Levels of a column in their order, that of the categories where the column has some; `needed` or more."""
    file = " and ".join(map(relative, survey.files)) or "the survey"
    check_columns([by], survey.frame.columns, file)
    if by in {*_TAKEN, *ESTIMATES, *survey.items}:
        raise InputError(
            f"{file}, column {by!r}: tables of shares have a column of that name. Divide by another column, or "
            "rename this one."
        )
    column = survey.frame[by].dropna()
    levels = column.unique().tolist()
    if len(levels) < needed:
        raise InputError(
            f"{file}, column {by!r}: {f'one level, {levels[0]!r}, and' if levels else 'it is empty, and'} "
            f"{needed} or more are needed. Name another column."
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [level for level in column.cat.categories if level in levels]
    if all(isinstance(level, str) for level in levels):
        return in_order(set(levels))
    return sorted(levels)


def _headlines(survey: Survey) -> dict[str, tuple[int, int]]:
    """Statistics with their lowest and highest category."""
    never, often = survey.statistics
    return {never: (1, 1), often: (survey.often, len(survey.categories))}


def _evaluated(
    survey: Survey, statistics: dict[str, tuple[int, int]], by: str
) -> Iterator[list[tuple[pd.DataFrame, Means]]]:
    """For each sample its levels (one without `by`), each as rows of the table and the means they were made from."""
    levels = _levels(survey, by) if by else []
    for sample in _samples(survey, by):
        parts = [sample.level(code, {by: name}) for code, name in enumerate(levels)]
        yield [_cell(survey, part, statistics) for part in (parts if by else [sample])]


def _cell(
    survey: Survey, sample: _Sample, statistics: dict[str, tuple[int, int]]
) -> tuple[pd.DataFrame, Means]:
    """Rows and means, item after item, each with all statistics."""
    answered = sample.codes > 0
    codes = sample.codes[:, :, None]
    low, high = np.array(list(statistics.values())).T
    hits = (codes >= low) & (codes <= high)
    values = np.where(answered[:, :, None], hits, np.nan)
    values = values.reshape(len(codes), values.shape[1] * values.shape[2])  # also of nobody
    found = means(values, sample.weights, survey.fay, sample.clusters, sample.n_clusters)
    n, n_schools = answered.sum(axis=0), _n_schools(sample, answered)
    each = len(statistics)
    hidden = np.repeat(_hidden(survey, sample, n, n_schools), each)
    share, std_error, note = _shown(found, hits.sum(axis=0).ravel(), hidden, survey)
    ci_low, ci_high = _interval(share, std_error, 0.0, found.df)
    rows = {
        "item": np.repeat(list(survey.items), each),
        "statistic": np.tile(list(statistics), len(survey.items)),
        "share": share,
        "std_error": std_error,
        "ci_low": ci_low,
        "ci_high": ci_high,
        "n": found.n,
        "n_schools": n_schools.repeat(each),
        "note": note,
    }
    return pd.DataFrame(sample.keys | rows), found


def _shown(
    found: Means, agreeing: np.ndarray, hidden: np.ndarray, survey: Survey
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares, their errors, and why one is empty. `agreeing`: counts; `hidden`: why a share is not shown, or empty."""
    # Whether a share is 0 or 1 is counted: in sums of weights rounding would decide.
    exact = ((agreeing == 0) | (agreeing == found.n)) & (found.n > 0)
    shown = hidden == ""
    share = np.where(shown, np.where(exact, agreeing > 0, found.estimate), np.nan)
    std_error = np.where(shown & ~exact, found.std_error, np.nan)
    why = "in a replicate nobody here has a weight" if survey.weights.shape[1] > 1 else "one cluster alone"  # fmt: skip
    why = np.where(exact, "nobody or everybody answered so", why)
    unsure = np.where(np.isnan(std_error), np.char.add("no standard error: ", why), "")
    return share, std_error, np.where(shown, unsure, hidden)


def _n_schools(sample: _Sample, counted: np.ndarray) -> pd.Series:
    """By item the schools of the respondents that count (n x items); empty where no school is known."""
    known = sample.schools >= 0
    if not known.any():
        return pd.Series([pd.NA] * counted.shape[1], dtype="Int64")
    seen = np.zeros((sample.n_clusters, counted.shape[1]), dtype=bool)
    np.logical_or.at(seen, sample.clusters[known], counted[known])
    return pd.Series(seen.sum(axis=0), dtype="Int64")


def _hidden(survey: Survey, sample: _Sample, n: np.ndarray, n_schools: pd.Series) -> list[str]:
    """By item why it is not shown; empty where it is."""
    people, schools = survey.fewest
    unasked = (sample.codes == NOT_ADMINISTERED).all(axis=0) & (len(sample.codes) > 0)
    found = []
    for asked, answers, places in zip(~unasked, n, n_schools, strict=True):
        few = [f"{people} respondents"] * bool(answers < people)
        few += [f"{schools} schools"] * bool(places is not pd.NA and places < schools)
        found.append(("fewer than " + " and ".join(few) if few else "") if asked else "not administered")  # fmt: skip
    return found


def _interval(estimate, std_error, lowest: float, df) -> tuple:
    """Ends of the 95 % interval of Student's t (normal with infinite `df`), kept between `lowest` and 1."""
    reach = special.stdtrit(df, 0.975) * std_error
    return (estimate - reach).clip(lowest, 1.0), (estimate + reach).clip(lowest, 1.0)


def _systems(shares: pd.DataFrame) -> pd.DataFrame:
    """Rows of systems, without averages over them."""
    return shares[shares["n_systems"].isna()] if "n_systems" in shares else shares


def _keys(shares: pd.DataFrame, but: str) -> list[str]:
    """Columns that say which cell a row is, but one of them."""
    return [name for name in shares.columns[: shares.columns.get_loc("share")] if name != but]


def _compared(
    shares: pd.DataFrame, across: str, pairs: Sequence[tuple[object, object]] | None
) -> pd.DataFrame:
    """Rows that differ in the column `across` alone, one less the other."""
    shares, keys = _systems(shares), _keys(shares, across)
    present = list(dict.fromkeys(shares[across]))
    pairs = list(combinations(present, 2)) if pairs is None else list(pairs)
    for name in dict.fromkeys(name for pair in pairs for name in pair):
        if name not in present:
            raise InputError(
                f"no {across} {name!r} to compare. There are: {', '.join(map(str, present))}."
            )
    one = shares.merge(pd.DataFrame(pairs, columns=[across, "other"]), on=across)
    other = shares.rename(columns={across: "other"})
    both = one.merge(other, on=[*keys, "other"], suffixes=("", "_2"))
    both["estimate"] = both["share"] - both["share_2"]
    both["std_error"] = np.hypot(both["std_error"], both["std_error_2"])
    both["note"] = _joined(both[across], both["note"], both["other"], both["note_2"])
    kept = both[[*keys, across, "other", "estimate", "std_error", "note"]]
    return _tested(kept.assign(df=np.inf))


def _joined(names: Iterable, notes: Iterable, others: Iterable, more: Iterable) -> list[str]:
    """Notes of two cells that are compared, with whose they are."""
    return [
        "; ".join(f"{name}: {note}" for name, note in ((a, b), (c, d)) if note)
        for a, b, c, d in zip(names, notes, others, more, strict=True)
    ]


def _tested(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with intervals and p-values of Student's t with `df` degrees of freedom (normal where infinite)."""
    df = rows["df"].to_numpy(float)
    rows = rows.drop(columns="df")
    low, high = _interval(rows["estimate"], rows["std_error"], -1.0, df)
    p_value = 2 * special.stdtr(df, -(rows["estimate"] / rows["std_error"]).abs())
    return _adjusted(rows.assign(ci_low=low, ci_high=high, p_value=p_value))


def _adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with p-values adjusted by Holm's method for all of the same statistic; notes last."""
    adjusted = rows.groupby("statistic", sort=False)["p_value"].transform(multiplicity.holm)
    rows = rows.assign(p_holm=adjusted, note=rows["note"])
    front = [name for name in rows if name not in {*ESTIMATES, "n", "n_groups", "note"}]
    last = [name for name in ("n", "n_groups", "note") if name in rows]
    return rows[[*front, *ESTIMATES, *last]]


def _bind(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(list(parts), ignore_index=True)
