"""What follows from sums by subtraction: the audit against trying every small group, and files that other checks pass."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_release import COLUMNS, ask, students  # noqa: F401  (a fixture)

from helpers.project import InputError
from helpers.release import audit


def by_trying(functions, counts):
    """Whether taking away some patterns of 9 students or fewer takes away a direction: then one tells about them alone."""
    rank = np.linalg.matrix_rank(functions)
    small = [place for place, n in enumerate(counts) if n < 10]
    for size in range(1, 10):
        for some in combinations(small, size):
            if sum(counts[list(some)]) < 10:
                rest = np.delete(functions, list(some), axis=0)
                if not len(rest) or np.linalg.matrix_rank(rest) < rank:
                    return True
    return False


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 14), min_size=12, max_size=12), st.sampled_from([(3, 4), (2, 2, 3), (12,), (6, 2)]))
def test_a_group_is_found_exactly_where_trying_all_finds_one(counts, levels):
    every = pd.DataFrame(list(np.ndindex(*levels)), columns=[f"c{i}" for i in range(len(levels))])
    there = np.array(counts) > 0
    if not there.any():
        return
    table, n = every[there], np.array(counts)[there]
    functions = audit.design(table)
    found = audit.few_told(functions, n)
    assert found.any() == by_trying(functions, n)
    if found.any():  # and it is one: without these the others have a direction less
        assert 1 <= n[found].sum() <= 9
        rest = functions[~found]
        rank = np.linalg.matrix_rank(rest) if len(rest) else 0
        assert rank < np.linalg.matrix_rank(functions)


def test_large_schools_are_cleared_by_leverage_without_a_programme(monkeypatch):
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"year": rng.choice(7, 1500), "sex": rng.choice(2, 1500), "grade": rng.choice(4, 1500)})
    cells = table.value_counts().reset_index(name="n")
    monkeypatch.setattr(audit, "milp", None)
    assert not audit.few_told(audit.design(cells.drop(columns="n")), cells["n"].to_numpy()).any()


def test_what_is_not_decided_in_time_is_no_yes():
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {f"c{i}": rng.choice(k, 900, p=rng.dirichlet(np.full(k, 9.0))) for i, k in enumerate((7, 4, 4, 3))}
    )
    cells = table.value_counts().reset_index(name="n")
    cells["n"] = cells["n"].clip(lower=2)
    with pytest.raises(InputError, match="not be decided in time"):
        audit.few_told(audit.design(cells.drop(columns="n")), cells["n"].to_numpy(), seconds=0.0)


@pytest.mark.parametrize("kind", ["school", "pooled"])
def test_three_columns_that_exclude_each_other_leave_a_remainder(ask, kind):  # noqa: F811
    """One student of each school is of none of the three; each column has twenty and more of both answers in every year."""
    rng = np.random.default_rng(3)
    frame = students(schools=4, size=90, years=(2012, 2013))
    race = rng.choice(["a", "b", "c"], len(frame))
    alone = frame.groupby("school").head(1).index if kind == "school" else frame.index[:1]
    race[alone] = "d"
    for name in "abc":
        frame[name] = np.where(race == name, "yes", "no")
    asked = COLUMNS | {"categories": dict.fromkeys("abc", "no")}
    with pytest.raises(
        InputError, match=r"by subtraction .* tell about fewer than 10 students: .*\(1 students: year 2012"
    ):
        ask(frame, kind, asked)
    many = np.where(rng.random(len(frame)) < 0.3, "d", race)
    for name in "abc":
        frame[name] = np.where(many == name, "yes", "no")
    ask(frame, kind, asked)


def test_pooled_sums_of_a_term_of_two_schools_are_refused(ask):  # noqa: F811
    frame = students(schools=6)
    frame["bus"] = np.where(frame["school"].isin(["Lyceum-01", "Lyceum-02"]), frame["sex"], "none")
    asked = COLUMNS | {"categories": {"bus": "none"}}
    with pytest.raises(InputError, match=r"fewer than 3 schools: bus: f \(2\), bus: m \(2\)|collinear"):
        ask(frame, "pooled", asked)
    frame["bus"] = np.where(frame["school"].isin(["Lyceum-01", "Lyceum-02"]) & (frame["sex"] == "f"), "yes", "no")
    with pytest.raises(InputError, match=r"fewer than 3 schools: bus: yes \(2\)"):
        ask(frame, "pooled", COLUMNS | {"categories": {"bus": "no"}})


def test_an_empty_pair_of_levels_tells_three_columns_at_once(ask):  # noqa: F811
    """Nobody has both a and b, so that "neither, and m" follows from pairs; each pair of levels has ten students or none."""
    rng = np.random.default_rng(4)
    frame = students(schools=3, size=150, years=(2012, 2013))
    kind = rng.choice(["a", "b", "neither"], len(frame), p=[0.4, 0.4, 0.2])
    for name in "ab":
        frame[name] = np.where(kind == name, "yes", "no")
    asked = COLUMNS | {"categories": {"a": "no", "b": "no", "sex": "f"}}
    ask(frame, "school", asked)
    hidden = frame[(kind == "neither") & (frame["sex"] == "m")]
    kept = hidden.groupby(["school", "year"]).head(2).index
    frame.loc[hidden.index.difference(kept), "sex"] = "f"
    with pytest.raises(InputError, match=r"by subtraction .* \(\d students: year 201\d, a no, b no, sex m"):
        ask(frame, "school", asked)
