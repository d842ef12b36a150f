"""Notebook 09: the twin recovers what was planted, and planning follows other assumptions."""

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from helpers.estimate import power
from helpers.notebook import parameters, session
from helpers.read import published
from helpers.study import practice_change
from inprocess import refused, run

pytestmark = pytest.mark.slow

NOTEBOOK = "09-what-such-studies-can-see"


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """The notebook as `make all` runs it."""
    return run(tmp_path_factory.mktemp("studies"), NOTEBOOK)


def test_all_of_it_is_simulated(studies):
    cards = [x for x in session.lines(studies.folder) if "caption" in x]
    assert len(cards) == 13
    assert {x["state"] for x in cards} == {"simulated"}
    assert "the data are simulated" in studies.answer


def test_the_twin_recovers(studies):
    again = studies.table("twin-estimates")
    assert len(again) == 24
    assert (np.abs(again["estimate"] - again["printed"]) / again["std_error"]).max() < 3.5
    assert (again["df"] < again["n_groups"] - 1).all()  # CR2's


def test_what_breaks_a_method_is_told_as_it_came_out(studies):
    """Levels known before: two of twenty treated 25 in 100 by CRV1; a permutation of alike schools never above five."""
    rows = studies.table("what-breaks-it").set_index(["world", "inference"])
    assert (rows["studies"] == 500).all()
    assert len(rows) == 36
    level = rows["level"]
    assert 0.18 < level["two treated schools of 20", "CRV1"] < 0.30
    assert level["two treated schools of 20", "permutation"] < 0.08
    well, drifts, silent = (
        rows.xs(name) for name in ("nothing is wrong", "one of five items drifts", "low practice answers less")
    )
    assert well["level"].between(0.02, 0.09).all()
    assert np.abs(well["bias"]).max() < 4 * well["bias_se"].max()
    assert drifts["bias"].to_numpy() == pytest.approx(0.1, abs=4 * drifts["bias_se"].max())
    assert silent["bias"].min() > 0.05
    told = studies.page[studies.page.index("- **Two treated schools of 20.**") :]
    districts = ("the treated are one district", "one district, nothing to compare")
    for world in (*districts, "one of five items drifts", "low practice answers less"):
        assert f"**{world.capitalize()}.** No inference mends it" in told
    drawn = studies.figure("what-breaks-it")
    pd.testing.assert_frame_equal(drawn, studies.table("what-breaks-it"))


def test_print_stands_beside_the_twin_cell_by_cell(studies):
    printed = published.read(ROOT / "data" / "published" / "002-table2.csv")
    printed = practice_change.printed_effects(printed)
    again = studies.table("twin-estimates")
    keys = ["panel", "term"]
    both = printed.merge(again, on=keys, suffixes=("_print", ""))
    assert len(both) == 24
    assert both["estimate_print"].tolist() == both["printed"].tolist() == both["truth"].tolist()
    assert both["stars"].tolist() == both["printed_stars"].tolist()
    drawn = studies.figure("twin-effects")
    assert drawn.groupby("series").size().to_dict() == {"printed": 24, "simulated": 24}


def test_nothing_that_was_made_up_enters_the_ledger(studies):
    assert not [line for line in session.lines(studies.folder) if line["kind"] == "ledger"]


def test_formula_and_simulation_agree(studies):
    planned = studies.table("formula-and-simulation")
    gap = planned["spread"] / planned["std_error"] - 1
    assert gap.abs().max() < 4 / (2 * 599) ** 0.5  # four standard errors of a simulated spread


def test_a_plan_with_other_assumptions(studies, tmp_path):
    ready = parameters.read(ROOT / "params" / "09-own-study.yml")
    assert ready["assume"]["comparison"]
    ran = run(tmp_path, NOTEBOOK, **ready)
    icc = sorted({0.05, 0.2, ready["assume"]["icc"]})
    assert sorted(set(ran.figure("smallest-change")["icc"])) == icc
    for shown, schools in ((ran, ready["assume"]["schools"]), (studies, 27)):
        assert f"The smallest change that {schools} schools can show" in shown.page
    assumptions = pd.read_csv(ROOT / "data" / "simulated" / "06-design-assumptions.csv")
    given = power.assumed(assumptions, ready["assume"])
    alone, against = (
        power.detectable(power.Design(**given | {"comparison": others})) for others in (0, given["schools"])
    )
    assert f"{alone:.2f} standard deviations, or of {against:.2f} if it compares" in ran.answer
    pd.testing.assert_frame_equal(ran.table("what-breaks-it"), studies.table("what-breaks-it"))


def test_an_unknown_assumption_is_refused(tmp_path):
    refused(lambda: run(tmp_path, NOTEBOOK, assume={"iccc": 0.1}), "`assume` has no 'iccc'")
    refused(lambda: run(tmp_path, NOTEBOOK, data="mine.csv"), "data: no such parameter", "assume: dict")
