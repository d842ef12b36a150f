"""Whoever has everything that leaves finds nobody, and would find those who are planted if a guard were gone; more by `make faults`."""

from itertools import product

import attacks
import numpy as np
import pandas as pd
import pytest
from attackers import Known

from conftest import ROOT
from helpers.release import audit
from helpers.study import leaders


@pytest.mark.parametrize("name", ["01", "03", "05", "06", "who is hidden", "weights", "pooled releases"])
def test_nobody_is_found(name):
    report = attacks.plant(name, [1, 11])
    assert report.tried > 1
    assert report.found == []


@pytest.mark.parametrize("guard", ["who is alone in a school", "groups beside small ones", "what few schools add"])
def test_without_a_guard_somebody_is_found(guard):
    assert attacks.without(guard, 1).found


def test_the_guide_names_every_attack():
    """What is guaranteed is what would be found."""
    guide = (ROOT / "docs" / "releasing-moments.md").read_text()
    rows = guide.partition("Attack without the guard |")[2].partition("\n\n")[0].splitlines()[2:]
    assert {row.strip("| ").split(" | ")[-1] for row in rows} == set(attacks.GUARDS)


def test_the_guide_is_right_about_codings():
    """What it says is not guaranteed: from counts of pairs of six codes it follows what single leaders of twelve have."""
    found = {}
    for codes in (4, 6):
        matrix = pd.DataFrame((np.random.default_rng(1).random((12, codes)) < 0.6).astype(int))
        rows = list(product((0, 1), repeat=codes))
        known = Known(rows)
        known.tell(rows, 12)
        for pair in leaders.together(matrix).itertuples():
            known.tell([row for row in rows if row[pair.code_1] and row[pair.code_2]], pair.both)
        found[codes] = [known.finds([row]) for row in matrix.value_counts().index].count(1)
    assert found[4] == 0
    assert found[6] > 0


def test_the_guide_is_right_about_two_runs():
    """Of five in arts, all of high school, totals by subject and by level tell, whatever a run by both hides."""
    table = pd.DataFrame([("maths", 0), ("maths", 1), ("art", 1)], columns=["subject", "high"])
    totals = pd.get_dummies(table.astype(str)).drop(columns="subject_art").to_numpy(float)
    assert audit.few_told(totals, np.array([80, 115, 5])).tolist() == [False, False, True]
