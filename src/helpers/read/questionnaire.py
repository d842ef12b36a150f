"""The user's answers to questionnaire items, from a file with a column an item or a row an answer."""

from pathlib import Path

import pandas as pd

from helpers.project import InputError, relative
from helpers.read import frames
from helpers.read.suppression import MINIMUM


def read(
    path: Path, *, low: int, high: int, items: list[str] = (), item: str = "", response: str = "",
    respondent: str = "", group: str = "", labels: list[str] = (), encoding: str = "utf-8",
) -> pd.DataFrame:  # fmt: skip
    """Answers as rows `item, answer, group`, answers whole numbers, missing ones left out.

    Raises InputError naming file, column and first rows.

    Parameters
    ----------
    path, encoding : the file, and the encoding of its text (CSV).
    low, high : ends of the scale.
    items : columns with answers; or else
    item, response : columns with the item and the answer, a row an answer.
    respondent : a column in which nobody may stand twice (with `item`: nobody twice at an item).
    group : a column of groups; none: one group "all".
    labels : the answers in words, lowest first.
    """
    if low >= high:
        raise InputError(f"the scale must rise: low is {low}, high is {high}.")
    if labels and len(labels) != high - low + 1:
        raise InputError(
            f"{len(labels)} labels do not fit a scale from {low} to {high}; give {high - low + 1}."
        )
    if bool(items) == bool(item) or bool(item) != bool(response):
        raise InputError(
            "Say where the answers are: either `items` (a column for each item), or `item` and `response` (a row for "
            "each answer)."
        )
    others = [name for name in (item, respondent, group) if name]
    frame = frames.read(
        path, [*others, *(items or [response])], encoding=encoding, names=(item, group)
    )
    if respondent:
        frames.check_unique(frame, [respondent, item] if item else [respondent], path)
    for column in items or [response]:
        frame[column] = _answers(frame, column, path, low, high, list(labels))
    for column in filter(None, (item, group)):
        frame[column] = frames.categories(frame, column)
    if group:
        frames.check_groups(frame[group], group, path)
    groups = frame[group] if group else "all"
    parts = [
        pd.DataFrame(
            {"item": frame[item] if item else column, "answer": frame[column], "group": groups}
        )
        for column in items or [response]
    ]
    answers = pd.concat(parts, ignore_index=True).dropna(subset=["item", "answer"])
    if answers.empty:
        raise InputError(f"{relative(path)}: nobody answered any of the items.")
    if answers["item"].value_counts().max() < MINIMUM:
        raise InputError(
            f"{relative(path)}: no item has {MINIMUM} answers, and nothing that rests on fewer is shown."
        )
    return answers.astype({"answer": int})


def _answers(
    frame: pd.DataFrame, column: str, path: Path, low: int, high: int, labels: list[str]
) -> pd.Series:
    given = frame[column]
    if labels and given.isin(labels).any():
        codes = {label: low + place for place, label in enumerate(labels)}
        return frames.coded(frame, column, codes, path)
    return frames.whole_numbers(frame, column, path, low, high)
