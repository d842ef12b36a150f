"""Tables for the eye say what the tidy ones hold."""

import numpy as np
import pandas as pd
import pytest

from helpers.project import InputError
from helpers.study import share_tables

WORDS = {"never": "Never", "monthly": "Monthly or more"}
ITEMS = {"A": "Teach jointly", "B": "Observe"}
NAMES = {"XXA": "System A"}


def shares():
    rows = [
        (2018, "XXA", "A", "never", 0.512, 0.02, 0.4728, 0.5512, 700, 60, ""),
        (2018, "XXA", "A", "monthly", 0.0, np.nan, np.nan, np.nan, 700, 60, "nobody"),
        (2018, "XXA", "B", "never", np.nan, np.nan, np.nan, np.nan, 0, 0, "not administered"),
        (2018, "XXA", "B", "monthly", np.nan, np.nan, np.nan, np.nan, 0, 0, "not administered"),
    ]
    names = [
        "cycle",
        "system",
        "item",
        "statistic",
        "share",
        "std_error",
        "ci_low",
        "ci_high",
        "n",
        "n_schools",
        "note",
    ]
    return pd.DataFrame(rows, columns=names)


def test_only_systems_with_a_share_are_drawn():
    """Those asked for, or the first of all; never one whose shares are all suppressed or not asked."""
    table = pd.concat([shares(), *(shares().assign(system=f"XX{letter}") for letter in "BCDEF")])
    table.loc[table["system"] == "XXB", "share"] = np.nan
    assert share_tables.shown(table, ["XXC", "XXB", "CHL"]) == ["XXC"]
    assert share_tables.shown(table, ["XXB", "CHL"]) == ["XXA", "XXC", "XXD", "XXE"]
    hidden = shares().assign(share=np.nan, note=["few", "few", "", "not administered"])
    with pytest.raises(InputError, match=r"no share can be shown \(few, not administered\)"):
        share_tables.shown(hidden, ["XXA"])


def test_shares_side_by_side_in_percent():
    seen = share_tables.shares(shares(), ITEMS, NAMES, WORDS)
    assert seen.to_numpy().tolist() == [
        ["System A", "Teach jointly", "51.2% (47 to 55)", "0.0%", 700],
        ["System A", "Observe", "not administered", "not administered", 0],
    ]
    assert seen.columns.tolist() == [
        "System or group",
        "Item",
        "Never",
        "Monthly or more",
        "Answered",
    ]


def test_two_cycles_are_told_apart():
    both = pd.concat([shares(), shares().assign(cycle=2013)])
    seen = share_tables.shares(both, ITEMS, NAMES, WORDS)
    assert seen["Cycle"].tolist() == [2018, 2018, 2013, 2013]


def test_two_systems_of_one_name_keep_their_rows():
    both = pd.concat([shares(), shares().assign(system="XXB", share=0.25)])
    seen = share_tables.shares(both, ITEMS, {"XXA": "Same", "XXB": "Same"}, WORDS)
    assert seen["System or group"].tolist() == ["Same (XXA)"] * 2 + ["Same (XXB)"] * 2
    assert seen["Never"].str[:3].tolist() == ["51.", "not", "25.", "25."]


def difference(**more):
    row = {
        "item": "A", "item_label": "Teach jointly", "statistic": "never", "estimate": -0.0512,
        "ci_low": -0.09, "ci_high": -0.012, "p_holm": 0.0004, "note": "",
    }  # fmt: skip
    return pd.DataFrame([row | more])


def test_differences_of_systems_and_of_levels():
    seen = share_tables.differences(difference(label_1="System A", label_2="System B"), WORDS)
    assert seen.iloc[0].tolist() == [
        "Teach jointly", "System A", "System B", "Never", "−5.1", "−9.0 to −1.2", "< 0.001",
    ]  # fmt: skip
    levels = difference(label="System A", term="Male", other="Female", p_holm=0.04)
    assert share_tables.differences(levels, WORDS).iloc[0, [0, 2, 3, -1]].tolist() == [
        "System A", "Male", "Female", "0.040",
    ]  # fmt: skip


def test_a_difference_without_interval_tells_why():
    empty = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_holm"), np.nan)
    rows = difference(label_1="a", label_2="b", note="a: not administered", **empty)
    seen = share_tables.differences(rows, WORDS).iloc[0]
    assert seen[["Difference", "95 % interval", "p, adjusted"]].tolist() == [
        "", "a: not administered", "",
    ]  # fmt: skip


def test_changes_carry_both_shares():
    table = pd.concat([shares(), shares().assign(cycle=2013, share=0.4)])
    moved = pd.DataFrame(
        [{"system": "XXA", "item": "A", "statistic": "never", "cycle": 2018, "other": 2013}]
    )
    seen = share_tables.changes(moved, table).iloc[0]
    assert seen[["cycle_1", "cycle_2", "share_1", "share_2"]].tolist() == [2013, 2018, 0.4, 0.512]


def test_counts_name_systems_and_items():
    row = {
        "cycle": 2018,
        "system": "XXA",
        "item": "B",
        "respondents": 10,
        "schools": 3,
        "answered": 7,
    }
    seen = share_tables.counts(
        pd.DataFrame([row | {"no_answer": 2, "not_administered": 1}]), ITEMS, NAMES
    )
    assert seen.iloc[0].tolist() == ["System A", "Observe", 10, 3, 7, 2, 1]


def test_two_systems_of_one_name_are_told_apart():
    rows = pd.DataFrame({"system": ["BEL", "BFL", "MEX", "Mean of 3"], "item": "A"})
    names = {"BEL": "Belgium", "BFL": "Belgium", "MEX": "Mexico"}
    seen = share_tables.labelled(rows, ITEMS, names, "Mean of 3")
    assert seen["label"].tolist() == ["Belgium (BEL)", "Belgium (BFL)", "Mexico", "Mean of 3"]
    assert seen["average"].tolist() == [False, False, False, True]
