"""What is printed of TALIS, beside made-up answers whose shares are known by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.estimate import shares
from helpers.project import ROOT
from helpers.read import published, talis
from helpers.read.survey import Survey
from helpers.study import classroom_doors

PUBLISHED = ROOT / "data" / "published"


@pytest.fixture(scope="module")
def printed():
    files = ("talis-q33.csv", "001-talis.csv")
    return pd.concat([published.read(PUBLISHED / name) for name in files])


def cells(system, cycle=2018, **never):
    rows = [(cycle, system, item, "never", share) for item, share in never.items()]
    return pd.DataFrame(rows, columns=["cycle", "system", "item", "statistic", "share"])


def counted(**respondents):
    rows = [(2018, system, n) for system, n in respondents.items()]
    return pd.DataFrame(rows, columns=["cycle", "system", "respondents"])


def test_chiles_distribution_is_complete_and_adds_up(printed):
    chile = classroom_doors.complete(printed, "CHL", 2013, talis.ITEMS, talis.CATEGORIES)
    assert chile.groupby("item").size().to_dict() == dict.fromkeys(talis.ITEMS, 6)
    sums = chile.groupby("item")["share"].sum()
    assert ((sums - 1).abs() < 0.0031).all()  # six roundings of half a thousandth
    assert chile[chile["item"] == "B"].set_index("statistic").at["Never", "share"] == pytest.approx(0.558)
    assert chile["item_label"].notna().all()


def test_one_quantity_has_two_values_in_print(printed):
    single = classroom_doors.singles(printed, talis.ITEMS)
    assert single["id"].is_unique
    twice = classroom_doors.disagreements(single)
    assert twice["label"].tolist() == ["Chile, 2013"]
    assert twice[["low", "high"]].iloc[0].tolist() == pytest.approx([0.558, 0.588])
    assert single.set_index("id").at["001-talis-CHL-H-monthly", "share"] == 0.24
    assert not single["id"].str.endswith("rank").any()


def test_percentages_are_set_beside_the_same_cell_only(printed):
    table = pd.concat(
        [
            cells("CHL", 2013, B=0.56),
            cells("CHL", 2018, H=0.3).assign(statistic="monthly"),
            cells("PRT", 2018, B=0.9),
            cells("CHL", 2013, A=0.12).assign(statistic="Once a year or less"),
        ]
    )
    found = classroom_doors.obtained(printed, table, counted(CHL=1900))
    assert found == pytest.approx(
        {
            "talis-2013-CHL-B-never": 56,
            "talis-2013-CHL-B-never-abstract": 56,
            "001-talis-CHL-H-monthly": 30,
            "talis-2013-CHL-A-yearly": 12,
            "001-talis-CHL-teachers": 1900,
        }
    )


def test_places_of_three_systems(printed):
    chile = cells("CHL", A=0.5, B=0.6, D=0.2, F=0.2, H=0.4)
    shanghai = cells("CSH", A=0.1, B=0.1, D=0.3, F=0.1, H=0.1)
    states = cells("USA", A=0.6, B=0.5, D=0.1, F=0.15, H=0.2)
    found = classroom_doors.obtained(printed, pd.concat([chile, shanghai, states]), counted())
    places = {number.removeprefix("001-talis-"): value for number, value in found.items()}
    assert places == {
        "CHL-B-never-rank": 1, "CHL-D-never-rank": 2, "CHL-F-never-rank": 1, "CHL-H-never-rank": 1,
        "CSH-B-never-rank": 3, "CSH-D-never-rank": 1, "CSH-F-never-rank": 3, "CSH-H-never-rank": 3,
        "items-higher": 3,
    }  # fmt: skip
    assert classroom_doors.obtained(printed, pd.concat([chile, shanghai]), counted()) == {}
    assert set(found) <= set(printed.index)
    earlier = pd.concat([chile, shanghai, states]).assign(cycle=2013)
    assert not {
        number
        for number in classroom_doors.obtained(printed, earlier, counted())
        if "-rank" in number or "-higher" in number
    }


@pytest.fixture
def women():
    """Four of ten teachers are women, and stand for seven of thirteen; half frequently relate topics."""
    frame = pd.DataFrame({"cycle": 2018, "system": "ITA", "level": 2, "school_id": range(10)})
    frame = frame.assign(sex=["Female"] * 4 + ["Male"] * 6, TT3G42D=[1.0, 2, 3, 4] * 2 + [np.nan] * 2)
    weights = np.ones((10, 5))
    weights[:3] = 2
    weights[3, 1:] = [1.5, 0.5, 1.5, 0.5]
    return Survey(frame, {}, [], 5, ("never", "monthly"), weights, 0.5, (30, 10), files=(), simulated=False)


def checks_of(system, women, topics):
    rows = {f"talis-2018-{system}-women": women, f"talis-2018-{system}-topics": topics}
    table = pd.DataFrame({"value": rows, "statistic": "share", "system": system, "row": "x"})
    return table.assign(low=table["value"] - 0.05, high=table["value"] + 0.05)


def test_the_check_agrees_within_rounding_only(women):
    found = classroom_doors.checks(women, checks_of("ITA", 53.8, 50.0)).set_index("printed")
    assert found.loc[53.8, "ours"] == pytest.approx(100 * 7 / 13)
    assert found.loc[53.8, "n"] == 10
    assert found.loc[50.0, "n"] == 8
    assert found.loc[50.0, "ours"] == pytest.approx(100 * 5 / 11)  # weights 2 2 2 1 1 1 1 1
    assert found["agrees"].tolist() == [True, False]


def test_nothing_is_checked_where_print_says_nothing(women):
    assert classroom_doors.checks(women, checks_of("MEX", 53.8, 50.0)).empty
    assert classroom_doors.checks(replace(women, simulated=True), checks_of("ITA", 53.8, 50)).empty
    for other in ({"cycle": 2013}, {"level": 1}):  # print is of lower secondary teachers of 2018
        changed = replace(women, frame=women.frame.assign(**other))
        assert classroom_doors.checks(changed, checks_of("ITA", 53.8, 50.0)).empty
    fewer = replace(women, frame=women.frame.drop(columns=["sex", "TT3G42D"]))
    assert classroom_doors.checks(fewer, checks_of("ITA", 53.8, 50.0)).empty


def test_every_printed_check_names_a_variable():
    printed = published.read(ROOT / "data" / "cases" / "talis-checks.csv")
    printed = printed[printed["statistic"] == "share"]
    assert set(printed.index.str.rpartition("-").get_level_values(2)) == set(classroom_doors.CHECKED)


def test_real_counts_feed_the_number_of_teachers(women):
    """`shares.counts` has the columns that `obtained` takes."""
    frame = women.frame.assign(A=[1, 2, 3, 4, 5, 6, 1, 2, 3, -2], name="x")
    survey = replace(women, frame=frame, items={"A": "a"}, categories=talis.CATEGORIES)
    assert {"cycle", "system", "respondents"} <= set(shares.counts(survey))
