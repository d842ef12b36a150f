"""Surveys with ordered answers by people in groups: what every source is turned into, and how a user's file is read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import count, takewhile
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files, frames
from helpers.read.suppression import MINIMUM

COLUMNS = ("cycle", "system", "name", "level", "school_id")  # of every Survey's frame
NOT_ADMINISTERED, NO_ANSWER = -1, -2  # codes of an item nobody was asked, and of one left without a valid answer

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Survey:
    """One row a respondent.

    `frame`: `cycle, system, level, school_id`, columns to divide respondents by, and one whole-number column an item:
    1 to the number of `categories` (lowest first), NOT_ADMINISTERED or NO_ANSWER. `school_id` is unique within a
    cycle, system and level, and empty where no school is known. `weights`: n x (1 + R), the final weight first, then
    R replicate weights (R = 0: none). `fay` is Fay's k of the replicates. Answers from `often` on count as often;
    `statistics` names the two headline shares: of the lowest answer, and of those. Cells that rest on fewer than
    `fewest` respondents or schools are not shown.
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


def read_survey(
    path: Path, items: Sequence[str] | dict[str, str], group: str | Sequence[str] = "", weight: str = "",
    replicates: str = "", fay: float = 0.5, labels: Sequence[str] = (), frequent: int = 2, school: str = "",
    encoding: str = "utf-8", by: str = "",
) -> Survey:  # fmt: skip
    """A file with a row a respondent and a column an item (CSV, Parquet, SPSS, Stata) as a Survey.

    `cycle` and `level` are 0, for there are none. Left out are respondents who lack a group and those of weight 0.
    Nothing that rests on fewer than MINIMUM answers is shown. Raises InputError naming file, column and first rows.

    Parameters
    ----------
    path, encoding : the file, and the encoding of its text (CSV).
    items : columns, or column -> wording.
    group : the column whose levels become `system` (and `name`), or several: a system for each combination of their
        levels ("science, high"); none: one system "all".
    weight : a column of weights; none: 1 for everybody.
    replicates : what the names of BRR weights begin with, before their number.
    fay : Fay's k (0: plain BRR). With R weights of a jackknife by pairs k = 1 - 1 / sqrt(R) gives its variance.
    labels : every possible answer, lowest first, as it stands in the file (words, codes or value labels) or in words
        for the codes 1, 2, ...; none: the whole numbers from 0 or 1 to the highest found, each given by somebody.
    frequent : how many of the highest answers count as often.
    school : the column of schools or other clusters; none: `school_id` is empty.
    by : a further column to compare answers by, as words, in the frame under its own name; empty where missing.
    """
    wording = dict(items) if isinstance(items, dict) else {item: item for item in items}
    labels = [str(label) for label in labels]
    _check_parameters(path, list(wording), by, weight, replicates, fay, labels, frequent)
    weighing = _weighing(path, weight, replicates, encoding)
    named = _named(items, weighing, group, school, by)
    in_words = not all(map(_NUMBER.fullmatch, labels))
    names = (*named, *wording) if in_words else tuple(named)
    frame = frames.read(path, [*items, *named, *weighing], encoding=encoding, names=names)
    weights = _weights(frame, weighing, path)
    answers = pd.DataFrame({item: _text(frame[item]) for item in wording})
    labels = labels or _found(answers)
    codes = {item: _codes(answers[item], item, labels, path) for item in wording}
    _check_answers(answers, labels, frequent, path)
    respondents = _respondents(frame, group, school, path).assign(**codes)
    if by:
        respondents[by] = frames.categories(frame, by)
    kept = respondents["system"].notna().to_numpy() & (weights[:, 0] > 0)
    respondents, weights = respondents[kept].reset_index(drop=True), weights[kept]
    _check_groups(respondents, list(wording), group, path)
    return Survey(
        frame=respondents, items=wording, categories=labels, often=len(labels) - frequent + 1,
        statistics=("lowest", "often"), weights=weights, fay=fay, fewest=(MINIMUM, 0), files=(path,),
        simulated=files.state_of(path) == "simulated",
    )  # fmt: skip


def _named(items: Sequence[str], weighing: list[str], group: str | Sequence[str], school: str, by: str) -> list[str]:
    """Columns of labels. Raises InputError for a column that plays two parts."""
    places = dict.fromkeys([group, school]) if isinstance(group, str) else [*group, school]
    named = list(filter(None, [*places, by]))
    if taken_twice := files.twice([*items, *named, *weighing]):
        raise InputError(
            f"the column {taken_twice!r} is named twice among `items`, `group`, `school`, `by`, `weight` "
            "and `replicates`. Each needs its own."
        )
    return named


def _check_parameters(
    path: Path, items: list[str], by: str, weight: str, replicates: str, fay: float, labels: list[str], frequent: int
) -> None:
    taken = sorted({*items, by} & set(COLUMNS))
    same = files.twice([*map(_shortest, labels)])
    unread = next((label for label in labels if label in files.MISSING), None)
    for wrong, message in (
        (not items, "Your own survey needs `items`: name the columns that hold the answers."),
        (taken, f"a column of `items` or `by` cannot be called {', '.join(taken)}. Rename it."),
        (same, f"the label {same!r} is given twice. Give each answer its own."),
        (unread is not None, f"the label {unread!r} stands for no answer wherever it is read, so nobody could give it. "
            "Leave it out, or call the answer otherwise in the file."),
        (labels and len(labels) < 2, f"`labels` has one answer only ({labels}). Give all of them, lowest first."),
        (frequent < 1, f"`frequent` is {frequent}. It says how many of the highest answers count as often: 1 or more."),
        (not 0 <= fay < 1, f"`fay` is {fay}. Fay's k lies from 0 to below 1; 0 means BRR without it."),
        (replicates and not weight, "`replicates` needs `weight`, the column of final weights. Name both."),
        (replicates[-1:].isdigit(), f"`replicates` is what the columns' names begin with, before the number: "
            f"{replicates.rstrip('0123456789')!r}, not {replicates!r}."),
        (path.is_dir(), f"`data` names the folder {relative(path)!r}. Name the file of your survey."),
    ):  # fmt: skip
        if wrong:
            raise InputError(message)


def _text(given: pd.Series) -> pd.Series:
    """Answers as text, each different one made so once."""
    return given.map({value: _shortest(value) for value in given.dropna().unique()}).astype(object)


def _shortest(value: object) -> str:
    """A number in as few digits as it needs ("2", not "2.0"), anything else as it stands."""
    try:
        return f"{float(value):.15g}"
    except (TypeError, ValueError):
        return str(value)


def _found(answers: pd.DataFrame) -> list[str]:
    """The whole numbers from 0 or 1 on, as far as each was given by somebody."""
    given = set(pd.unique(answers.to_numpy().ravel()))
    return list(takewhile(given.__contains__, map(str, count(0 if "0" in given else 1))))


def _codes(given: pd.Series, item: str, labels: list[str], path: Path) -> pd.Series:
    """Places of the answers among the labels, from 1; NO_ANSWER where there is none."""
    words = [_shortest(label) for label in labels]
    named_codes = not all(map(_NUMBER.fullmatch, words)) and not given.isin(words).any()
    if named_codes and given.dropna().str.fullmatch(_NUMBER).all():
        words = [str(code) for code in range(1, len(labels) + 1)]
    places = given.map({word: place for place, word in enumerate(words, start=1)})
    frames.refuse(
        given, places.isna() & given.notna(), item, path,
        f"answers other than {', '.join(words) or 'numbers that count up from 0 or 1'}",
        "Empty codes for a missing answer, correct what is wrong, or name every possible answer, lowest first, in `labels`",
    )  # fmt: skip
    return places.fillna(NO_ANSWER).astype(int)


def _weights(frame: pd.DataFrame, columns: list[str], path: Path) -> np.ndarray:
    """Weights n x (1 + R), the final weight first; 1 for everybody where there are no columns."""
    weights = np.ones((len(frame), max(len(columns), 1)))
    what = "a weight that is missing or negative"
    remedy = "Every row needs a weight of 0 or more: correct these, or take the rows out"
    for place, name in enumerate(columns):
        values = frames.numbers(frame, name, path)
        frames.refuse(frame[name], ~(values >= 0), name, path, what, remedy)
        if not values.any():
            raise InputError(f"{relative(path)}, column {name!r}: every weight is 0. Name another column.")
        weights[:, place] = values
    return weights


def _weighing(path: Path, weight: str, replicates: str, encoding: str) -> list[str]:
    """Columns of weights, if any: the final one, then those called `replicates` and a number, in the numbers' order."""
    if not replicates:
        return [weight] if weight else []
    header = frames.header(path, encoding)
    # Some studies call the final weight number 0.
    matches = (re.fullmatch(re.escape(replicates) + r"(\d+)", name) for name in header)
    numbers = {match[0]: int(match[1]) for match in matches if match and match[0] != weight}
    found = sorted(numbers, key=numbers.get)
    if len(found) < 2:
        raise InputError(
            f"{relative(path)}: `replicates` needs two columns or more called {replicates}1, {replicates}2 and so on; "
            f"there is {', '.join(found) or 'none'}. The file has: {', '.join(header)}."
        )
    if np.any(np.diff(sorted(numbers.values())) != 1):
        raise InputError(
            f"{relative(path)}: the {len(found)} columns from {found[0]} to {found[-1]} are not numbered without gaps. "
            "Export all replicate weights, each once."
        )
    return [weight, *found]


def _check_answers(answers: pd.DataFrame, labels: list[str], frequent: int, path: Path) -> None:
    if answers.isna().all(axis=None):
        raise InputError(f"{relative(path)}: nobody answered any of the items.")
    if frequent >= len(labels):
        raise InputError(
            f"{relative(path)}: of {len(labels)} answers the highest {frequent} cannot count as often. Name every "
            "possible answer in `labels`, or lower `frequent`, so that one answer or more stays below."
        )


def _respondents(frame: pd.DataFrame, group: str | Sequence[str], school: str, path: Path) -> pd.DataFrame:
    """Who answered: the columns COLUMNS. Whoever lacks a level of one group has no system."""
    columns = [group] if isinstance(group, str) else group
    levels = [frames.categories(frame, column) for column in columns if column]
    system = reduce(lambda one, more: one.str.cat(more, sep=", "), levels) if levels else "all"
    schools = frames.categories(frame, school) if school else None
    if school:
        remedy = "Fill it, give these rows a school of their own, or leave `school` out"
        frames.refuse(schools, schools.isna(), school, path, "a school that is missing", remedy)
    return pd.DataFrame(dict(cycle=0, system=system, name=system, level=0, school_id=schools), frame.index)


def _check_groups(respondents: pd.DataFrame, items: list[str], group: str | Sequence[str], path: Path) -> None:
    answered = (respondents[items] != NO_ANSWER).groupby(respondents["system"]).sum().max(axis=1)
    shown = (answered >= MINIMUM).sum()
    if group and not isinstance(group, str) and shown < 2:
        raise InputError(
            f"{relative(path)}, column {' + '.join(group)!r}: {len(answered)} groups, of which fewer than two have "
            f"{MINIMUM} answers to an item, and nothing that rests on fewer is shown. Name columns with larger groups, "
            "or leave `group` out."
        )
    if group and isinstance(group, str):
        frames.check_groups(respondents["system"], group, path)
    if not shown:
        raise InputError(
            f"{relative(path)}: no group has {MINIMUM} answers to an item, and nothing that rests on fewer is shown. "
            "Name a column with larger groups, or leave `group` out."
        )


def read_answers(
    path: Path, *, low: int, high: int, items: list[str] = (), item: str = "", response: str = "",
    respondent: str = "", group: str = "", labels: list[str] = (), encoding: str = "utf-8",
) -> pd.DataFrame:  # fmt: skip
    """Answers (whole numbers) as rows `item, answer, group`, missing ones left out. Raises InputError as `read_survey`.

    Parameters
    ----------
    path, encoding, low, high : the file, the encoding of its text (CSV), and the ends of the scale.
    items : columns with answers; or else
    item, response : columns with the item and the answer, a row an answer.
    respondent : a column in which nobody may stand twice (with `item`: nobody twice at an item).
    group : a column of groups; none: one group "all".
    labels : the answers in words, lowest first.
    """
    if low >= high:
        raise InputError(f"the scale must rise: low is {low}, high is {high}.")
    if labels and len(labels) != high - low + 1:
        raise InputError(f"{len(labels)} labels do not fit a scale from {low} to {high}; give {high - low + 1}.")
    if bool(items) == bool(item) or bool(item) != bool(response):
        raise InputError(
            "Say where the answers are: either `items` (a column for each item), or `item` and `response` (a row for "
            "each answer)."
        )
    columns, codes = list(items) or [response], {label: low + place for place, label in enumerate(labels)}
    others = [name for name in (item, respondent, group) if name]
    frame = frames.read(path, [*others, *columns], encoding=encoding, names=(item, group))
    if respondent:
        frames.check_unique(frame, [respondent, item] if item else [respondent], path)
    for column in columns:
        if frame[column].isin(codes).any():
            frame[column] = frames.coded(frame, column, codes, path)
        else:
            frame[column] = frames.whole_numbers(frame, column, path, low, high)
    for column in filter(None, (item, group)):
        frame[column] = frames.categories(frame, column)
    if group:
        frames.check_groups(frame[group], group, path)
    groups = frame[group] if group else "all"
    parts = [
        pd.DataFrame({"item": frame[item] if item else column, "answer": frame[column], "group": groups})
        for column in columns
    ]
    answers = pd.concat(parts, ignore_index=True).dropna(subset=["item", "answer"])
    if answers.empty:
        raise InputError(f"{relative(path)}: nobody answered any of the items.")
    if answers["item"].value_counts().max() < MINIMUM:
        raise InputError(f"{relative(path)}: no item has {MINIMUM} answers, and nothing that rests on fewer is shown.")
    return answers.astype({"answer": int})
