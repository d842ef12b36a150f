"""From a survey to shares with standard errors by replicate weights or linearisation, and what must not be shown.

A sample is one system in one cycle. Systems, and cycles of a system, are independent samples. Respondents whose
final weight is zero speak for nobody and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.estimate.intervals import of_shares, t_test
from helpers.estimate.survey_means import Design, Means, means
from helpers.project import InputError, in_order, relative
from helpers.read.files import check_columns
from helpers.read.suppression import complementary, few_digits, hide_counts, is_small
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED, Survey

ESTIMATES = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "p_holm"]
"""Columns of a comparison of shares (see `helpers.estimate.comparisons`)."""

ALIKE = "all gave the same answer"
"""Why a group of a user's survey is not shown that is large enough."""

_FEW = "of answers some of which were given by fewer than"

_TAKEN = {"cycle", "system", "item", "statistic", "share", "n", "n_schools", "n_systems", "n_groups", "term", "other", "note"}  # fmt: skip


def table(survey: Survey, by: str = "") -> pd.DataFrame:
    """The two headline shares of every item and system, or of every level of the column `by` in it.

    Columns: cycle, system, [by,] item, statistic, share (0 to 1), std_error, ci_low, ci_high (95%, of
    `intervals.of_shares`), n (respondents who answered), n_schools (theirs; empty where no school is known), note.
    Whoever was not asked, gave no answer, or has no level of `by`, is not in the denominator. Errors are those of
    `means`; without replicates schools are the clusters (respondents where no school is known). A cell that rests on
    too few, or was not administered, keeps its row and loses its numbers; a share of exactly 0 or 1 has no standard
    error; `note` says so. Raises InputError for a `by` that is no column or has the name of another one of the table.
    """
    return _table(survey, headlines(survey), by)


def distribution(survey: Survey, by: str = "") -> pd.DataFrame:
    """As `table`, with a row for each category; `statistic` is its label."""
    statistics = {label: (code, code) for code, label in enumerate(survey.categories, start=1)}
    return _table(survey, statistics, by)


def averages(survey: Survey) -> pd.DataFrame:
    """Means of the survey's columns of numbers in every system.

    Columns: cycle, system, item (the column), estimate, std_error, ci_low, ci_high (95%, Student's t; normal with
    replicates; all in the column's own unit), n, n_schools, note; suppression and errors as in `table`.
    """
    found = []
    for sample in samples(survey):
        present = ~np.isnan(sample.numbers)
        own = means(sample.numbers, sample.weights, survey.fay, sample.design)
        n_schools = _n_schools(sample, present)
        note = _hidden(survey, own.n, n_schools)
        note = np.where((note == "") & _alike(survey, sample.numbers, present), ALIKE, note)
        numbers = t_test(told(survey, own.estimate, own.n), told(survey, own.std_error, own.n), own.df)
        numbers = {name: np.where(note == "", numbers[name], np.nan) for name in ESTIMATES[:4]}
        note = np.where((note == "") & np.isnan(own.std_error), f"no standard error: {_unknown(survey)}", note)
        columns = {"item": list(survey.numbers)} | numbers | {"n": own.n, "n_schools": n_schools, "note": note}
        found.append(_without_small(survey, pd.DataFrame(sample.keys | columns)))
    return pd.concat(found, ignore_index=True)


def counts(survey: Survey) -> pd.DataFrame:
    """Per cycle, system and item: respondents, schools, answered, no_answer, not_administered; of a user's file no small ones."""
    found = []
    for sample in samples(survey):
        codes = np.hstack([sample.codes, _given(sample.numbers)])
        schools = _n_schools(sample, np.ones_like(codes, dtype=bool))
        columns = {"item": [*survey.items, *survey.numbers], "respondents": len(codes), "schools": schools}
        kinds = {"answered": codes > 0, "no_answer": codes == NO_ANSWER, "not_administered": codes == NOT_ADMINISTERED}
        columns |= {name: rows.sum(axis=0) for name, rows in kinds.items()}
        found.append(pd.DataFrame(sample.keys | columns))
    table = pd.concat(found, ignore_index=True)
    if survey.account:
        table = hide_counts(table, ["cycle", "system"], "respondents", list(kinds), ["schools"])
    return table[table["item"].isin(survey.items)].reset_index(drop=True)


def _given(numbers: np.ndarray) -> np.ndarray:
    """Columns of numbers as if they were items: who gave none would follow from a mean's `n` as from an item's."""
    return np.where(np.isnan(numbers), NO_ANSWER, 1)


@dataclass(frozen=True)
class Sample:
    """Respondents of one sample, or of one level in it.

    `codes`: n x items; `numbers`: n x columns of numbers, NaN for none; `weights`: n x (1 + R); `schools`: n codes, -1 where unknown, whose remainder by the number of
    samples is the sample's place; `design`: of the whole sample, and of its rows here; `levels`: n codes or -1.
    """

    keys: dict[str, object]
    codes: np.ndarray
    numbers: np.ndarray
    weights: np.ndarray
    schools: np.ndarray
    design: Design
    levels: np.ndarray

    def level(self, code: int, keys: dict[str, object]) -> Sample:
        """The part of one level."""
        names = ("codes", "weights", "numbers", "schools", "levels")
        rows = self.levels == code
        own = {name: getattr(self, name)[rows] for name in names}
        return replace(self, keys=self.keys | keys, design=self.design.part(rows), **own)


def samples(survey: Survey, by: str = "") -> Iterator[Sample]:
    """Samples in the order of their cycle and system."""
    frame = survey.frame
    codes = frame[list(survey.items)].to_numpy(dtype=np.int16)
    numbers = frame[list(survey.numbers)].to_numpy(dtype=float)
    grouped = frame.groupby(["cycle", "system"], dropna=False, observed=True)
    group, keys = grouped.ngroup().to_numpy(), list(grouped.size().index)
    ids = frame["school_id"].astype(object)
    school = pd.factorize(ids.mask(ids == ""))[0]
    level = pd.factorize(frame["level"], use_na_sentinel=False)[0]
    school = np.where(school < 0, -1, school * (level.max(initial=0) + 1) + level)
    levels = np.zeros(len(frame), dtype=int)
    if by:
        levels = pd.Index(levels_of(survey, by), dtype=object).get_indexer(frame[by].astype(object))
    order = np.argsort(group, kind="stable")
    order = order[survey.weights[order, 0] != 0]
    ends = np.searchsorted(group[order], np.arange(len(keys) + 1))
    roundly = survey.account is not None and not (school >= 0).any() and _some_hidden(codes, numbers, group)
    whole = replace(_design(survey, school, order), roundly=roundly) if survey.one_sample else None
    for place, (cycle, system) in enumerate(keys):
        rows = own = order[ends[place] : ends[place + 1]]
        if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
            rows = slice(rows[0], rows[-1] + 1)  # a view of the weights, not a copy
        design = whole.part(slice(*ends[place : place + 2])) if whole else _design(survey, school, own)
        schools = np.where(school[rows] < 0, -1, school[rows] * len(keys) + place)
        keys_here = {"cycle": cycle, "system": system}
        yield Sample(keys_here, codes[rows], numbers[rows], survey.weights[rows], schools, design, levels[rows])


def _some_hidden(codes: np.ndarray, numbers: np.ndarray, group: np.ndarray) -> bool:
    """Whether a group is of a few people, or a few of a group gave no answer: the number of all would tell how many."""
    counts = [np.bincount(group)]
    counts += [np.bincount(group, rows) for rows in (*(codes <= 0).T, *np.isnan(numbers).T)]
    return bool(is_small(np.array(counts)).any())


def _design(survey: Survey, school: np.ndarray, rows: np.ndarray) -> Design:
    """Clusters and strata of these rows: schools by their code, and whoever has none (-1) alone."""
    alone = np.where(school[rows] < 0, -1 - np.arange(len(rows)), school[rows])
    _, first, clusters = np.unique(alone, return_index=True, return_inverse=True)
    strata = np.zeros(len(rows), dtype=int) if survey.strata is None else pd.factorize(survey.strata[rows])[0]
    return Design(clusters, strata[first])


def levels_of(survey: Survey, by: str, needed: int = 1) -> list[object]:
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
    return in_order(set(levels)) if all(isinstance(level, str) for level in levels) else sorted(levels)


def headlines(survey: Survey) -> dict[str, tuple[int, int]]:
    """Statistics with their lowest and highest category."""
    never, often = survey.statistics
    return {never: (1, 1), often: (survey.often, len(survey.categories))}


def evaluated(
    survey: Survey, statistics: dict[str, tuple[int, int]], by: str
) -> Iterator[list[tuple[pd.DataFrame, Means]]]:
    """For each sample its levels (one without `by`), each as rows of the table and the means they were made from."""
    levels = levels_of(survey, by) if by else []
    for sample in samples(survey, by):
        parts = [sample.level(code, {by: name}) for code, name in enumerate(levels)] if by else [sample]
        yield [_cell(survey, part, statistics) for part in parts]


def told(survey: Survey, values: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Estimates or errors from `n` people as they may leave: with few digits where answers of a few are hidden."""
    return few_digits(values, n) if survey.smallest else values


def few_answered(table: pd.DataFrame) -> int:
    """How many rows of a table of shares are empty because so few gave the answer, or it would tell of such an answer."""
    return int(table["note"].str.startswith(_FEW).sum())


def _table(survey: Survey, statistics: dict[str, tuple[int, int]], by: str) -> pd.DataFrame:
    return pd.concat((rows for cells in evaluated(survey, statistics, by) for rows, _ in cells), ignore_index=True)


def _cell(survey: Survey, sample: Sample, statistics: dict[str, tuple[int, int]]) -> tuple[pd.DataFrame, Means]:
    """Rows and means, item after item, each with all statistics."""
    answered = sample.codes > 0
    codes = sample.codes[:, :, None]
    low, high = np.array(list(statistics.values())).T
    hits, each = (codes >= low) & (codes <= high), len(statistics)
    values = np.where(answered[:, :, None], hits, np.nan).reshape(len(codes), len(survey.items) * each)
    found = means(values, sample.weights, survey.fay, sample.design)
    n, n_schools = answered.sum(axis=0), _n_schools(sample, answered)
    unasked = (sample.codes == NOT_ADMINISTERED).all(axis=0) & (len(sample.codes) > 0)
    few = _hidden(survey, n, n_schools)
    hidden = np.where(
        unasked, "not administered", np.where((few == "") & _alike(survey, sample.codes, answered), ALIKE, few)
    )
    hidden = np.repeat(hidden, each)
    if survey.smallest:
        hidden = np.where((hidden == "") & _few(survey, sample.codes, statistics), f"{_FEW} {survey.smallest}", hidden)
    share, std_error, note = _shown(found, hits.sum(axis=0).ravel(), hidden, survey)
    share, std_error = told(survey, share, found.n), told(survey, std_error, found.n)
    ci_low, ci_high = of_shares(share, std_error, found.df, found.n, found.effective_n, survey.interval)
    rows = {
        "item": np.repeat(list(survey.items), each), "statistic": np.tile(list(statistics), len(survey.items)),
        "share": share, "std_error": std_error, "ci_low": ci_low, "ci_high": ci_high,
        "n": found.n, "n_schools": n_schools.repeat(each), "note": note,
    }  # fmt: skip
    return _without_small(survey, pd.DataFrame(sample.keys | rows)), found


def _alike(survey: Survey, answers: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """By item whether all who answered gave the same answer (both n x items): of a user's file it is that of each of them."""
    if not survey.account:
        return np.zeros(answers.shape[1], dtype=bool)
    highest = np.where(answered, answers, -np.inf).max(axis=0, initial=-np.inf)
    return highest == np.where(answered, answers, np.inf).min(axis=0, initial=np.inf)


def _few(survey: Survey, codes: np.ndarray, statistics: dict[str, tuple[int, int]]) -> np.ndarray:
    """By item and statistic whether it is of answers that too few gave, or would tell of them beside the others."""
    places = range(1, len(survey.categories) + 1)
    counts = pd.DataFrame({place: (codes == place).sum(axis=0) for place in places})
    few = counts.apply(complementary, axis=1, minimum=survey.smallest).to_numpy()
    own = np.stack([few[:, low - 1 : high].sum(axis=1) for low, high in statistics.values()], axis=1)
    return ((own > 0) & (own < few.sum(axis=1)[:, None])).ravel()


def _without_small(survey: Survey, table: pd.DataFrame) -> pd.DataFrame:
    """Of a user's file no `n` of a few people, nor how many schools these are of."""
    few = is_small(table["n"])
    if not survey.account or not few.any():
        return table
    shown = table.astype({"n": "Int64"})
    return shown.assign(n=shown["n"].mask(few), n_schools=shown["n_schools"].mask(few))


def _shown(found: Means, agreeing: np.ndarray, hidden: np.ndarray, survey: Survey) -> tuple[np.ndarray, ...]:
    """Shares, their errors, and why one is empty. `agreeing`: counts; `hidden`: why a share is not shown, or empty."""
    # Whether a share is 0 or 1 is counted: in sums of weights rounding would decide.
    exact = ((agreeing == 0) | (agreeing == found.n)) & (found.n > 0)
    shown = hidden == ""
    share = np.where(shown, np.where(exact, agreeing > 0, found.estimate), np.nan)
    std_error = np.where(shown & ~exact, found.std_error, np.nan)
    why = np.where(exact, "nobody or everybody answered so", _unknown(survey))
    unsure = np.where(np.isnan(std_error), np.char.add("no standard error: ", why), "")
    return share, std_error, np.where(shown, unsure, hidden)


def _n_schools(sample: Sample, counted: np.ndarray) -> pd.Series:
    """By item the schools of the respondents that count (n x items); empty where no school is known."""
    known = sample.schools >= 0
    if not known.any():
        return pd.Series([pd.NA] * counted.shape[1], dtype="Int64")
    seen = np.zeros((len(sample.design.strata), counted.shape[1]), dtype=bool)
    np.logical_or.at(seen, sample.design.clusters[known], counted[known])
    return pd.Series(seen.sum(axis=0), dtype="Int64")


def _hidden(survey: Survey, n: np.ndarray, n_schools: pd.Series) -> np.ndarray:
    """By item why it is not shown, because it rests on too few; empty where it is."""
    people, schools = survey.fewest
    few, sparse = n < people, (n_schools < schools).fillna(False).to_numpy(bool)
    both = f"fewer than {people} respondents and {schools} schools"
    alone = f"fewer than {people} respondents", f"fewer than {schools} schools"
    return np.select([few & sparse, few, sparse], [both, *alone], "")


def _unknown(survey: Survey) -> str:
    """Why an error cannot be estimated."""
    return "in a replicate nobody here has a weight" if survey.weights.shape[1] > 1 else "one cluster alone"
