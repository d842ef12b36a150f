"""Surveys with ordered answers by people in groups: what every source is turned into, and how a user's file is read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import count, takewhile
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, relative
from helpers.read import accounts, cells, files, formats, frames
from helpers.read.accounts import Account
from helpers.read.files import Options, listed
from helpers.read.frames import Given
from helpers.read.suppression import MINIMUM, check_smallest

COLUMNS = ("cycle", "system", "name", "level", "school_id")  # of every Survey's frame
NOT_ADMINISTERED, NO_ANSWER = -1, -2  # codes of an item nobody was asked, and of one left without a valid answer


@dataclass(frozen=True)
class Survey:
    """One row a respondent.

    `frame`: `cycle, system, level, school_id`, columns to divide respondents by, and one whole-number column an item:
    1 to the number of `categories` (lowest first), NOT_ADMINISTERED or NO_ANSWER. `school_id` is unique within a
    cycle, system and level, and empty where no school is known. `weights`: n x (1 + R), the final weight first, then
    R replicate weights (R = 0: none). `fay` is Fay's k of the replicates. Answers from `often` on count as often;
    `statistics` names the two headline shares: of the lowest answer, and of those. Cells that rest on fewer than
    `fewest` respondents or schools are not shown. `account`: of the rows of a user's file. `interval`: of shares, one
    of `estimate.intervals.of_shares`. `one_sample`: whether systems are parts (domains) of one sample, or samples of
    their own. `strata`: n labels of strata in which schools were drawn, or nothing. `numbers`: columns of numbers in
    the frame (NaN for none) whose means are asked for, column -> words. `about`: of a known survey, whom it asked and how
    they were drawn, in a sentence; `apart`: why its systems are not set against each other, or nothing. `smallest`: answers
    that fewer people of a group gave are not shown.
    """

    frame: pd.DataFrame
    items: dict[str, str]
    categories: list[str]
    often: int
    statistics: tuple[str, str]
    weights: np.ndarray
    fay: float
    fewest: tuple[int, int]
    files: tuple[Path, ...]
    simulated: bool
    account: Account | None = None
    interval: str = "logit"
    one_sample: bool = False
    strata: np.ndarray | None = None
    numbers: dict[str, str] = field(default_factory=dict)
    about: str = ""
    apart: str = ""
    smallest: int = 0

    def __post_init__(self) -> None:
        check_smallest(self.smallest)


def read_survey(
    path: Path, items: Sequence[str] | dict[str, str], group: str | Sequence[str] = "", weight: str = "",
    replicates: str = "", fay: float = 0.5, labels: Sequence[str] = (), frequent: int = 2, school: str = "",
    by: str = "", nest: bool = False, strata: str = "", means: Sequence[str] | dict[str, str] = (),
    options: Options = Options(),
) -> Survey:  # fmt: skip
    """A file with a row a respondent and a column an item as a Survey.

    `cycle` and `level` are 0, for there are none. Left out are respondents who lack a group and those of weight 0.
    Nothing that rests on fewer than MINIMUM answers is shown. Raises InputError naming file, column and first rows.

    Parameters
    ----------
    path, options : the file, and how it is read.
    items : columns, or column -> wording; without wording that of the file, where it has some.
    group : the column whose levels become `system` (and `name`), or several: a system for each combination of their
        levels ("science, high"); none: one system "all".
    weight : a column of weights; none: 1 for everybody.
    replicates : what the names of BRR weights begin with, before their number.
    fay : Fay's k (0: plain BRR). With R weights of a jackknife by pairs k = 1 - 1 / sqrt(R) gives its variance.
    labels : every possible answer, lowest first, as it stands in the file (words, codes or value labels) or in words
        for the codes 1, 2, ...; none: the file's own words in the order of their codes, else the whole numbers from 0 or 1
        to the highest found, each given by somebody.
    frequent : how many of the highest answers count as often.
    school : the column of schools or other clusters; none: `school_id` is empty.
    by : a further column to compare answers by, as words, in the frame under its own name; empty where missing.
    nest : whether each group numbers its schools anew, so that equal ids in two groups are two schools.
    strata : the column of strata in which schools, or without these respondents, were drawn; it may be a group or `by`.
    means : columns of numbers, or column -> wording, whose means are asked for; empty cells are no value.
    """
    wording = dict(items) if isinstance(items, dict) else {item: item for item in items}
    labels = [cells.label(label) for label in labels]
    _check_parameters(path, [*wording, *means], by, weight, replicates, fay, labels, frequent)
    weighing = _weighing(path, weight, replicates, strata, options)
    named = _named([*items, *means], weighing, group, school, by, strata)
    given = frames.read(path, [*items, *means, *named, *weighing], options, ids=[school])
    if not isinstance(items, dict):
        wording = _worded(given, items)
    weights = _weights(given, weighing)
    answers, words = _answers(given, list(wording), labels, frequent)
    respondents = _respondents(given, group, school, nest)
    respondents = respondents.assign(**answers.fillna(NO_ANSWER).astype(int))
    further = {by: frames.labels(given, by)} if by else {}
    respondents = respondents.assign(**further, **{name: frames.numbers(given, name) for name in means})
    grouped = respondents["system"].notna().to_numpy()
    kept = grouped & (weights[:, 0] > 0)
    account = accounts.of(
        given, int(kept.sum()), {"no group": int((~grouped).sum()), "weight 0": int((grouped & ~kept).sum())},
        named=list(filter(None, [*([group] if isinstance(group, str) else group), by])),
        told=[*_told_words(words, labels, given, wording), *accounts.shared_schools(respondents.loc[kept, "system"], respondents.loc[kept, "school_id"], nest)],
    )  # fmt: skip
    drawn_in = _strata(given, strata, respondents["school_id"], kept) if strata else None
    respondents, weights = respondents[kept].reset_index(drop=True), weights[kept]
    _check_groups(respondents, given, list(wording), group)
    return Survey(
        frame=respondents, items=wording, categories=words, often=len(words) - frequent + 1,
        statistics=("lowest", "often"), weights=weights, fay=fay, fewest=(MINIMUM, 0), files=(path,),
        simulated=files.state_of(path) == "simulated", account=account, one_sample=True, strata=drawn_in,
        numbers=means if isinstance(means, dict) else _worded(given, means),
    )  # fmt: skip


def _answers(given: Given, items: list[str], labels: list[str], frequent: int) -> tuple[pd.DataFrame, list[str]]:
    """Answers as places from 1, NaN for none, and their words."""
    answers, words = frames.answers(given, items, labels)
    if not words:
        answers, words = _numbered(answers, given)
    _check_answers(answers, words, frequent, given.name)
    return answers, words


def _strata(given: Given, column: str, schools: pd.Series, kept: np.ndarray) -> np.ndarray:
    """Labels of strata of the rows that are kept. Raises InputError where the design says nothing on errors."""
    strata = frames.labels(given, column)
    remedy = "Fill it, put these rows into a stratum of their own, or leave `strata` out"
    frames.refuse(given, column, strata.isna(), "a stratum that is missing", remedy)
    unit = "school" if schools.notna().any() else "respondent"
    drawn = schools if unit == "school" else pd.Series(strata.index, strata.index)
    astray = kept & (strata[kept].groupby(drawn[kept]).nunique().reindex(drawn).to_numpy() > 1)
    frames.refuse(
        given, column, pd.Series(astray, strata.index), "schools that stand in several strata",
        "Correct these, or give schools of different strata ids of their own",
        drawn.astype(str) + " in " + strata,
    )  # fmt: skip
    lonely = kept & (drawn[kept].groupby(strata[kept]).nunique().reindex(strata).to_numpy() == 1)
    frames.refuse(
        given, column, pd.Series(lonely, strata.index), f"strata with one {unit} alone, from which no error can be seen",
        "In a new column put each together with a stratum that is like it, or leave `strata` out",
    )  # fmt: skip
    return strata[kept].to_numpy()


def _worded(given: Given, items: Sequence[str]) -> dict[str, str]:
    """What SPSS or Stata calls the items, where that tells them apart; else the names of their columns."""
    words = {item: " ".join(given.wording.get(item, item).split()) for item in items}
    return words if len(set(words.values())) == len(words) else {item: item for item in items}


def _named(
    items: Sequence[str], weighing: list[str], group: str | Sequence[str], school: str, by: str, strata: str
) -> list[str]:
    """Columns of labels. Raises InputError for a column that plays two parts, but strata which are groups, too."""
    places = dict.fromkeys([group, school]) if isinstance(group, str) else [*group, school]
    named = list(filter(None, [*places, by]))
    named += [strata] if strata and strata not in named else []
    if taken_twice := files.twice([*items, *named, *weighing]):
        raise InputError(
            f"the column {taken_twice!r} is named twice among `items`, `means`, `group`, `school`, `by`, `strata`, "
            "`weight` and `replicates`. Each needs its own."
        )
    return named


def _check_parameters(
    path: Path, items: list[str], by: str, weight: str, replicates: str, fay: float, labels: list[str], frequent: int
) -> None:
    taken = sorted({*items, by} & set(COLUMNS))
    same = files.twice(labels)
    unread = next((label for label in labels if label in files.MISSING), None)
    for wrong, message in (
        (not items, "Your own survey needs `items`: name the columns that hold the answers."),
        (taken, f"a column of `items` or `by` cannot be called {listed(taken)}. Rename it."),
        (same, f"the label {same!r} is given twice. Give each answer its own."),
        (unread is not None, f"the label {unread!r} stands for no answer wherever it is read, so nobody could give it. "
            "Leave it out, or call the answer otherwise in the file."),
        (labels and len(labels) < 2, f"`labels` has one answer only ({labels}). Give all of them, lowest first."),
        (frequent < 1, f"`frequent` is {frequent}. It says how many of the highest answers count as often: 1 or more."),
        (not 0 <= fay < 1, f"`fay` is {fay}. Fay's k lies from 0 to below 1; 0 means BRR without it."),
        (replicates and not weight, "`replicates` needs `weight`, the column of final weights. Name both."),
        (replicates[-1:].isdigit(), f"`replicates` is what the columns' names begin with, before the number: "
            f"{replicates.rstrip('0123456789')!r}, not {replicates!r}."),
    ):  # fmt: skip
        if wrong:
            raise InputError(message)


def _numbered(answers: pd.DataFrame, given: Given) -> tuple[pd.DataFrame, list[str]]:
    """Answers as places from 1, and the whole numbers from 0 or 1 on that somebody gave; InputError where there are others."""
    present = {int(value) for value in pd.unique(answers.to_numpy().ravel()) if value == value}
    first = 0 if 0 in present else 1
    found = list(takewhile(present.__contains__, count(first)))
    for item in answers:
        frames.refuse(
            given, item, answers[item].notna() & ~answers[item].isin(found),
            f"answers other than {listed(found, 12) or 'numbers that count up from 0 or 1'}",
            "Name codes for a missing answer in `missing`, correct what is wrong, or name every possible answer, lowest first, in `labels`",
        )  # fmt: skip
    return answers - (first - 1), list(map(str, found))


def _told_words(words: list[str], labels: list[str], given: Given, items: dict[str, str]) -> list[str]:
    if labels or not any(given.labels.get(item) for item in items):
        return []
    return [f"Answers are in the order of the file's codes, lowest first: {', '.join(words)}."]


def _weights(given: Given, columns: list[str]) -> np.ndarray:
    """Weights n x (1 + R), the final weight first; 1 for everybody where there are no columns."""
    weights = np.ones((len(given.frame), max(len(columns), 1)))
    what = "a weight that is missing or negative"
    remedy = "Every row needs a weight of 0 or more: correct these, or take the rows out"
    for place, name in enumerate(columns):
        values = frames.numbers(given, name)
        frames.refuse(given, name, ~(values >= 0), what, remedy)
        if not values.any():
            raise InputError(f"{given.name}, column {name!r}: every weight is 0. Name another column.")
        weights[:, place] = values
    return weights


def _weighing(path: Path, weight: str, replicates: str, strata: str, options: Options) -> list[str]:
    """Columns of weights, if any: the final one, then those called `replicates` and a number, in the numbers' order."""
    if not replicates:
        return [weight] if weight else []
    if strata:
        raise InputError("replicate weights allow for strata already. Leave `strata` out, or `replicates`.")
    header = formats.header(path, options)
    # Some studies call the final weight number 0.
    matches = (re.fullmatch(re.escape(replicates) + r"(\d+)", name) for name in header)
    numbers = {match[0]: int(match[1]) for match in matches if match and match[0] != weight}
    found = sorted(numbers, key=numbers.get)
    if len(found) < 2:
        raise InputError(
            f"{relative(path)}: `replicates` needs two columns or more called {replicates}1, {replicates}2 and so on; "
            f"there is {listed(found) or 'none'} among {len(header)} columns ({listed(header)})."
        )
    if np.any(np.diff(sorted(numbers.values())) != 1):
        raise InputError(
            f"{relative(path)}: the {len(found)} columns from {found[0]} to {found[-1]} are not numbered without gaps. "
            "Export all replicate weights, each once."
        )
    return [weight, *found]


def _check_answers(answers: pd.DataFrame, labels: list[str], frequent: int, name: str) -> None:
    if answers.isna().all(axis=None):
        raise InputError(f"{name}: nobody answered any of the items.")
    if frequent >= len(labels):
        raise InputError(
            f"{name}: of {len(labels)} answers the highest {frequent} cannot count as often. Name every "
            "possible answer in `labels`, or lower `frequent`, so that one answer or more stays below."
        )


def _respondents(given: Given, group: str | Sequence[str], school: str, nest: bool) -> pd.DataFrame:
    """Who answered: the columns COLUMNS. Whoever lacks a level of one group has no system."""
    columns = [group] if isinstance(group, str) else group
    levels = [frames.labels(given, column) for column in columns if column]
    system = reduce(lambda one, more: one.str.cat(more, sep=", "), levels) if levels else "all"
    schools = frames.labels(given, school) if school else None
    if school:
        remedy = "Fill it, give these rows a school of their own, or leave `school` out"
        frames.refuse(given, school, schools.isna(), "a school that is missing", remedy)
        schools = system + " / " + schools if nest and levels else schools
    return pd.DataFrame(dict(cycle=0, system=system, name=system, level=0, school_id=schools), given.frame.index)


def _check_groups(respondents: pd.DataFrame, given: Given, items: list[str], group: str | Sequence[str]) -> None:
    answered = (respondents[items] != NO_ANSWER).groupby(respondents["system"]).sum().max(axis=1)
    shown = (answered >= MINIMUM).sum()
    if group and not isinstance(group, str) and shown < 2:
        raise InputError(
            f"{given.name}, column {' + '.join(group)!r}: {len(answered)} groups, of which fewer than two have "
            f"{MINIMUM} answers to an item, and nothing that rests on fewer is shown. Name columns with larger groups, "
            "or leave `group` out."
        )
    if group and isinstance(group, str):
        frames.check_groups(given, respondents["system"], group)
    if not shown:
        raise InputError(
            f"{given.name}: no group has {MINIMUM} answers to an item, and nothing that rests on fewer is shown. "
            "Name a column with larger groups, or leave `group` out."
        )


def read_answers(
    path: Path, *, low: int, high: int, items: list[str] = (), item: str = "", response: str = "",
    respondent: str = "", group: str = "", cluster: str = "", weight: str = "", labels: list[str] = (),
    options: Options = Options(),
) -> tuple[pd.DataFrame, list[str], Account]:  # fmt: skip
    """Answers (whole numbers) as rows `item, answer, group`, missing ones left out; the scale's words; the file's rows.

    With `cluster` or `weight` also `cluster` (categories: all that answered anything) and `weight`. Raises InputError
    as `read_survey`.

    Parameters
    ----------
    path, options, low, high : the file, how it is read, and the ends of the scale.
    items : columns with answers; or else
    item, response : columns with the item and the answer, a row an answer.
    respondent : a column in which nobody may stand twice (with `item`: nobody twice at an item).
    group : a column of groups; none: one group "all".
    cluster, weight : columns of schools or others who were drawn together; of weights, 0 for who is left out.
    labels : the answers in words, lowest first; none: those of the file, where it has some.
    """
    _check_scale(low, high, list(items), item, response, labels)
    columns = list(items) or [response]
    others = [name for name in (item, respondent, group) if name]
    drawn_by = [name for name in (cluster, weight) if name]
    given = frames.read(path, [*others, *drawn_by, *columns], options, ids=[respondent, cluster])
    if respondent:
        frames.check_unique(given, [respondent, item] if item else [respondent])
    said, words = frames.answers(given, columns, labels, low, high)
    if words and len(words) != high - low + 1:
        raise InputError(
            f"{given.name}: the file names {len(words)} answers ({listed(words)}), and a scale from {low} to {high} has {high - low + 1}. "
            "Correct `low` and `high`, or name what means no answer in `missing`."
        )
    frame = pd.DataFrame({name: frames.labels(given, name) for name in others})
    if group:
        frames.check_groups(given, frame[group], group)
    groups, called = frame[group] if group else "all", _worded(given, columns)
    drawn = _drawn(given, cluster, weight, frame[respondent] if item and respondent else None)
    parts = [
        drawn.assign(item=frame[item] if item else called[column], answer=said[column], group=groups)
        for column in columns
    ]
    answers = pd.concat(parts).query("weight > 0").dropna(subset=["item", "answer"]).reset_index(drop=True)
    if drawn_by:
        answers["cluster"] = answers["cluster"].astype("category")
    if answers.empty:
        raise InputError(f"{relative(path)}: nobody answered any of the items.")
    if answers["item"].value_counts().max() < MINIMUM:
        raise InputError(f"{relative(path)}: no item has {MINIMUM} answers, and nothing that rests on fewer is shown.")
    empty = said.isna().all(axis=1)
    nowhere = frame[item].isna() & ~empty if item else pd.Series(False, empty.index)
    light = ~empty & ~nowhere & (drawn["weight"] == 0)
    account = accounts.of(
        given, int((~empty & ~nowhere & ~light).sum()),
        {"no answer to any item": int(empty.sum()), "no item": int(nowhere.sum()), "weight 0": int(light.sum())},
        named=list(filter(None, [group, item])), told=_told_words(words, labels, given, dict.fromkeys(columns, "")),
    )  # fmt: skip
    columns = ["item", "answer", "group", *(["cluster", "weight"] if drawn_by else [])]
    return answers[columns].astype({"answer": int}), words, account


def _drawn(given: Given, cluster: str, weight: str, respondents: pd.Series | None) -> pd.DataFrame:
    """`weight` of every row (1 where no column is named) and `cluster`: the named one, else the respondent or the row."""
    weights = _weights(given, [weight] if weight else [])[:, 0]
    clusters = pd.Series(given.frame.index, given.frame.index, dtype=object)
    if respondents is not None:
        clusters = respondents.astype(object).where(respondents.notna(), clusters)
    if cluster:
        clusters = frames.labels(given, cluster)
        remedy = "Fill it, give these rows one of their own, or leave `cluster` out"
        frames.refuse(given, cluster, clusters.isna(), "a cluster that is missing", remedy)
        if clusters.nunique() < 2:
            raise InputError(
                f"{given.name}, column {cluster!r}: one cluster only ({clusters.iloc[0]!r}), and errors between clusters "
                "need two or more. Leave `cluster` out."
            )
    return pd.DataFrame({"weight": weights, "cluster": clusters}, given.frame.index)


def _check_scale(low: int, high: int, items: list[str], item: str, response: str, labels: list[str]) -> None:
    if low >= high:
        raise InputError(f"the scale must rise: low is {low}, high is {high}.")
    if labels and len(labels) != high - low + 1:
        raise InputError(f"{len(labels)} labels do not fit a scale from {low} to {high}; give {high - low + 1}.")
    if bool(items) == bool(item) or bool(item) != bool(response):
        raise InputError(
            "Say where the answers are: either `items` (a column for each item), or `item` and `response` (a row for "
            "each answer)."
        )
