"""One empty cell in each column that each notebook names: refused with its row, or counted, and never a traceback."""

from functools import cache
from itertools import chain

import pandas as pd
import pytest

from conftest import ROOT
from helpers.notebook import parameters
from helpers.project import InputError
from helpers.read import survey, waves
from helpers.study import effects, leaders, own_practice, participants, retellings

PARTS = ("school", "year", "by", "cluster", "weight", "outcome", "group", "leader", "coder", "item", "response", "respondent",
         "teacher", "wave", "district", "treated")  # fmt: skip


def practice(path, **given):
    given = {"items": [], "low": 1, "high": 4, "balanced": False, "outcome": "", "by": "", "weight": ""} | given
    given = {"controls": [], "categories": [], "cluster": ""} | given
    given.pop("inference")
    return own_practice.account(own_practice.read(path, **given), "the file")


def comparison(path, scales, group, compare, **given):
    frame, file = participants.read(path, scales, group, **given)
    frame, _ = participants.choose(frame, group, compare, path, given["cluster"])
    return participants.account(file, frame, group, scales, given["cluster"])


READ = {
    "01-own-data": practice,
    "01-own-items": practice,
    "02-own-coding": lambda path, **given: leaders.read(path, **given).account,
    "02-own-survey": lambda path, interval, smallest_answer, **given: survey.read_survey(path, **given).account,
    "03-own-survey": lambda path, encoding, interval, smallest_answer, **given: (
        survey.read_survey(path, **given).account
    ),
    "04-own-data": comparison,
    "05-own-data": lambda path, smallest_answer, **given: survey.read_answers(path, **given)[2],
    "05-own-data-long": lambda path, **given: survey.read_answers(path, **given)[2],
    "06-own-data": lambda path, **given: waves.read(path, **given).account,
    "07-own-data": lambda path, **given: retellings.read(path)[1],
    "08-own-data": lambda path, **given: effects.read(path)[1],
}


def named(given, frame):
    """The columns that a file of parameters names, or all of a table that the notebook knows by its columns."""
    values = [given.get(part, "") for part in PARTS]
    flat = [value for value in chain(*(value if isinstance(value, list) else [value] for value in values)) if value]
    for part in ("items", "practices", "supports", "scales", "controls", "categories"):
        value = given.get(part, [])
        nested = value.values() if part == "scales" and isinstance(value, dict) else [value]
        flat += chain(*nested)
    return list(dict.fromkeys(flat)) or list(frame)


CASES = []
for name in READ:
    known = parameters.read(ROOT / "params" / f"{name}.yml")
    columns = named(known, pd.read_csv(ROOT / known["data"], nrows=1))
    CASES += [(name, column) for column in columns]


@pytest.mark.parametrize(("name", "column"), CASES)
def test_an_empty_cell_is_counted_or_refused_with_its_row(tmp_path, name, column):
    given = parameters.read(ROOT / "params" / f"{name}.yml")
    frame = pd.read_csv(ROOT / given.pop("data"), dtype=str, keep_default_na=False)
    before = whole(name)
    row = frame.index[frame[column] != ""][4]
    frame.loc[row, column] = ""
    try:
        after = READ[name](write(tmp_path / "mine.csv", frame), **given)
    except InputError as error:
        assert f"row {row + 2}" in str(error)  # noqa: PT017  (either is right)
    else:
        assert after.rows == before.rows
        # Whoever answered other items is still there; the gap is in the number of answers that is shown.
        of_several = column in chain(*map(list, [given.get("items", []), given.get("scales", [])])) or isinstance(
            given.get("scales"), dict
        )
        optional = name == "07-own-data" or column in (given.get("respondent"), given.get("group"))
        told = any(sentence.startswith(f"{column}: fewer than 10 rows") for sentence in after.told)
        assert after.used in ((before.used, before.used - 1) if of_several or optional or told else (before.used - 1,))


@cache
def whole(name):
    """The account of an example as it is."""
    given = parameters.read(ROOT / "params" / f"{name}.yml")
    return READ[name](ROOT / given.pop("data"), **given)


def write(path, frame):
    frame.to_csv(path, index=False)
    return path
