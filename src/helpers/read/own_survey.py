"""Any survey with ordered answers as a `Survey`: the user's own questionnaire, or the file of another study."""

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, relative
from helpers.read import files, frames, provenance
from helpers.read.suppression import MINIMUM
from helpers.read.survey import NO_ANSWER, Survey

COLUMNS = ("cycle", "system", "name", "level", "school_id")
"""Columns of every Survey's frame."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def read(
    path: Path, items: Sequence[str] | dict[str, str], group: str = "", weight: str = "", replicates: str = "",
    fay: float = 0.5, labels: Sequence[str] = (), frequent: int = 2, school: str = "", encoding: str = "utf-8",
    by: str = "",
) -> Survey:  # fmt: skip
    """A file with a row a respondent and a column an item (CSV, Parquet, SPSS, Stata) as a Survey.

    `items`: columns, or column -> wording. `labels`: every possible answer, lowest first, as it stands in the file
    (words, codes or value labels) or in words for the codes 1, 2, ...; without labels the answers are the whole
    numbers from 0 or 1 to the highest found, each of them given by somebody. The highest `frequent` answers count as
    often. `group`: the column whose levels become `system` (and `name`); none: one system "all". `weight`: a column of
    weights; none: 1 for everybody. `replicates`: what the names of BRR weights begin with, before their number; `fay`:
    Fay's k (0: plain BRR). With R weights of a jackknife by pairs k = 1 - 1 / sqrt(R) gives its variance. `school`:
    the column of schools or other clusters; none: `school_id` is empty.

    `by`: a further column to compare answers by, as words, in the frame under its own name; empty where it is missing.

    `cycle` and `level` are 0, for there are none. Left out are respondents who name no group and those of weight 0,
    who stand for nobody. Nothing that rests on fewer than MINIMUM answers is shown; schools may be few. Raises
    InputError naming file, column and first rows.
    """
    wording = dict(items) if isinstance(items, dict) else {item: item for item in items}
    labels = [str(label) for label in labels]
    _check_parameters(list(wording), by, weight, replicates, fay, labels, frequent)
    if path.is_dir():
        raise InputError(
            f"`data` names the folder {relative(path)!r}. Name the file of your survey."
        )
    weighing = _weighing(path, weight, replicates, encoding)
    named = [*(name for name in dict.fromkeys([group, school]) if name), *([by] if by else [])]
    columns = [*items, *named, *weighing]
    if _twice(columns):
        raise InputError(
            f"the column {_twice(columns)!r} is named twice among `items`, `group`, `school`, `by`, `weight` "
            "and `replicates`. Each needs its own."
        )
    in_words = not all(map(_NUMBER.fullmatch, labels))
    names = (*named, *wording) if in_words else tuple(named)
    frame = frames.read(path, columns, encoding=encoding, names=names)
    weights = _weights(frame, weighing, path)
    answers = pd.DataFrame({item: _text(frame[item]) for item in wording})
    labels = labels or _found(answers)
    codes = {item: _codes(answers[item], item, labels, path) for item in wording}
    if answers.isna().all(axis=None):
        raise InputError(f"{relative(path)}: nobody answered any of the items.")
    if frequent >= len(labels):
        raise InputError(
            f"{relative(path)}: of {len(labels)} answers the highest {frequent} cannot count as often. Name every "
            "possible answer in `labels`, or lower `frequent`, so that one answer or more stays below."
        )
    respondents = _respondents(frame, group, school, path).assign(**codes)
    if by:
        respondents[by] = frames.categories(frame, by)
    kept = respondents["system"].notna().to_numpy() & (weights[:, 0] > 0)
    respondents, weights = respondents[kept].reset_index(drop=True), weights[kept]
    _check_groups(respondents, list(wording), group, path)
    return Survey(
        frame=respondents,
        items=wording,
        categories=labels,
        often=len(labels) - frequent + 1,
        statistics=("lowest", "often"),
        weights=weights,
        fay=fay,
        fewest=(MINIMUM, 0),
        files=(path,),
        simulated=provenance.state_of(path) == "simulated",
    )


def _check_parameters(
    items: list[str],
    by: str,
    weight: str,
    replicates: str,
    fay: float,
    labels: list[str],
    frequent: int,
) -> None:
    taken = sorted({*items, by} & set(COLUMNS))
    for wrong, message in (
        (not items, "Your own survey needs `items`: name the columns that hold the answers."),
        (taken, f"a column of `items` or `by` cannot be called {', '.join(taken)}. Rename it."),
        (_twice([*map(_shortest, labels)]), f"the label {_twice([*map(_shortest, labels)])!r} is given twice. Give each answer its own."),
        (_unread(labels) is not None, f"the label {_unread(labels)!r} stands for no answer wherever it is read, so nobody could give it. "
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


def _twice(names: list[str]) -> str:
    return next((name for name in names if names.count(name) > 1), "")


def _unread(labels: list[str]) -> str | None:
    return next((label for label in labels if label in files.MISSING), None)


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
    number = 0 if "0" in given else 1
    labels = []
    while str(number) in given:
        labels.append(str(number))
        number += 1
    return labels


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
    for place, name in enumerate(columns):
        values = frames.numbers(frame, name, path)
        frames.refuse(
            frame[name], values.isna() | (values < 0), name, path, "a weight that is missing or negative",
            "Every row needs a weight of 0 or more: correct these, or take the rows out",
        )  # fmt: skip
        if not values.any():
            raise InputError(
                f"{relative(path)}, column {name!r}: every weight is 0. Name another column."
            )
        weights[:, place] = values
    return weights


def _weighing(path: Path, weight: str, replicates: str, encoding: str) -> list[str]:
    """Columns of weights, the final weight first; none where there is none."""
    if not replicates:
        return [weight] if weight else []
    header = _header(path, encoding)
    found = _numbered(header, replicates, weight)
    if header:
        _check_replicates(found, header, replicates, path)
    return [weight, *found]


def _numbered(columns: list[str], prefix: str, weight: str) -> list[str]:
    """Columns called `prefix` and a number, in the order of the numbers. Some studies call the final weight number 0."""
    pattern = re.compile(re.escape(prefix) + r"\d+")
    found = [column for column in columns if column != weight and pattern.fullmatch(column)]
    return sorted(found, key=lambda column: int(column.removeprefix(prefix)))


def _check_replicates(found: list[str], columns: list[str], prefix: str, path: Path) -> None:
    if len(found) < 2:
        raise InputError(
            f"{relative(path)}: `replicates` needs two columns or more called {prefix}1, {prefix}2 and so on; there is "
            f"{', '.join(found) or 'none'}. The file has: {', '.join(columns)}."
        )
    numbers = [int(column.removeprefix(prefix)) for column in found]
    if numbers != [*range(numbers[0], numbers[0] + len(numbers))]:
        raise InputError(
            f"{relative(path)}: the {len(found)} columns from {found[0]} to {found[-1]} are not numbered without gaps. "
            "Export all replicate weights, each once."
        )


def _header(path: Path, encoding: str) -> list[str]:
    """All column names; none of a file that cannot be read, for `userdata.read` says better why."""
    match files.check(path):
        case ".csv":
            with (
                suppress(UnicodeError, LookupError),
                path.open(encoding=encoding, newline="") as file,
            ):
                line = file.readline().removeprefix("\ufeff")
                return next(csv.reader([line], delimiter=files.separator(path, line)))
        case ".parquet":
            import duckdb

            with suppress(duckdb.Error):
                return duckdb.read_parquet(str(path)).columns
        case ending:
            import pyreadstat

            read_file = pyreadstat.read_sav if ending == ".sav" else pyreadstat.read_dta
            with suppress(pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError):
                return read_file(str(path), metadataonly=True)[1].column_names
    return []


def _respondents(frame: pd.DataFrame, group: str, school: str, path: Path) -> pd.DataFrame:
    """Who answered: the columns COLUMNS."""
    system = frames.categories(frame, group) if group else "all"
    schools = frames.categories(frame, school) if school else None
    if school:
        remedy = "Fill it, give these rows a school of their own, or leave `school` out"
        frames.refuse(schools, schools.isna(), school, path, "a school that is missing", remedy)
    values = {"cycle": 0, "system": system, "name": system, "level": 0, "school_id": schools}
    return pd.DataFrame(values, index=frame.index)


def _check_groups(respondents: pd.DataFrame, items: list[str], group: str, path: Path) -> None:
    systems = respondents["system"].unique()
    if group and len(systems) < 2:
        found = ", ".join(map(repr, systems)) or "nothing"
        raise InputError(
            f"{relative(path)}, column {group!r}: there is one group only ({found}). Name a column with two groups "
            "or more, or leave `group` out."
        )
    answered = (respondents[items] != NO_ANSWER).groupby(respondents["system"]).sum()
    if answered.to_numpy().max() < MINIMUM:
        raise InputError(
            f"{relative(path)}: no group has {MINIMUM} answers to an item, and nothing that rests on fewer is shown. "
            "Name a column with larger groups, or leave `group` out."
        )
