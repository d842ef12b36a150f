"""Surveys with groups of several columns."""

import numpy as np
import pandas as pd
import pytest

from conftest import write_records
from helpers.estimate import shares
from helpers.project import InputError
from helpers.read.survey import read_survey


@pytest.fixture
def teachers():
    rng = np.random.default_rng(5)
    n = 240
    frame = pd.DataFrame(
        {
            "fach": rng.choice(["Mathe", "Physik"], n),
            "stufe": rng.choice([5, 9], n).astype(float),
            "plant": rng.integers(1, 6, n),
            "gewicht": rng.choice([0.0, 1.0, 2.5], n),
        }
    )
    frame.loc[3:12, "stufe"] = np.nan
    return frame


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".dta"])
def test_each_combination_is_a_group_with_its_own_weights(tmp_path, teachers, ending):
    written = teachers.astype({"stufe": "Int64"}) if ending == ".csv" else teachers
    path = write_records(tmp_path / f"lehrer{ending}", written)
    survey = read_survey(path, ["plant"], ["fach", "stufe"], weight="gewicht", labels=list("12345"))
    found = shares.table(survey).set_index(["system", "statistic"])
    whole = teachers.dropna()
    for (subject, grade), part in whole[whole["gewicht"] > 0].groupby(["fach", "stufe"]):
        often = np.average(part["plant"] >= 4, weights=part["gewicht"])
        row = found.loc[f"{subject}, {grade:.0f}", "often"]
        assert row["share"] == pytest.approx(often, rel=1e-12)
        assert row["n"] == len(part)
    assert len(found) == 8


def test_without_groups_it_is_one(tmp_path, teachers):
    path = write_records(tmp_path / "lehrer.csv", teachers)
    survey = read_survey(path, ["plant"], [], labels=list("12345"))
    assert survey.frame["system"].unique().tolist() == ["all"]


def test_a_group_of_a_few_is_not_shown(tmp_path, teachers):
    few = teachers.assign(fach=teachers["fach"].where(teachers.index > 8, "Kunst"))
    path = write_records(tmp_path / "lehrer.csv", few)
    table = shares.table(read_survey(path, ["plant"], ["fach"], labels=list("12345")))
    hidden = table.set_index("system").loc["Kunst"]
    assert hidden["share"].isna().all()
    assert (hidden["note"] == "fewer than 10 respondents").all()


BAD = {
    "misspelt": (lambda d: d, ["fach", "stuffe"], ["no column 'stuffe'"]),
    "twice": (lambda d: d, ["fach", "fach"], ["named twice"]),
    "an item": (lambda d: d, ["plant"], ["named twice"]),
    "one level": (lambda d: d.assign(fach="Mathe"), ["fach"], ["'fach'", "1 groups", "fewer than two"]),
    "all small": (lambda d: d.assign(fach=d.index // 8), ["fach"], ["30 groups", "fewer than two"]),
    "nobody": (lambda d: d.assign(fach=None), ["fach"], ["0 groups"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_mistakes_are_named(tmp_path, teachers, mistake):
    spoil, groups, named = BAD[mistake]
    path = write_records(tmp_path / "lehrer.csv", spoil(teachers))
    with pytest.raises(InputError) as refused:
        read_survey(path, ["plant"], groups, labels=list("12345"))
    for part in named:
        assert part in str(refused.value)
