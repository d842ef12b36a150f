"""The small pictures of the site's first page: marks stand where their numbers are."""

import numpy as np
import pandas as pd

from helpers.notebook import glance

ROWS = pd.DataFrame({"label": ["a", "b"], "estimate": [-1.0, 2.0], "ci_low": [-2.0, 1.0], "ci_high": [0.0, 6.0]})


def test_marks_and_intervals_stand_on_one_axis_that_has_zero():
    first, second = glance.rows(ROWS, "{estimate:+.1f}")
    assert first == {"label": "a", "said": "-1.0", "zero": 0.25, "estimate": 0.125, "ci_low": 0.0, "ci_high": 0.25}
    assert second == {"label": "b", "said": "+2.0", "zero": 0.25, "estimate": 0.5, "ci_low": 0.375, "ci_high": 1.0}


def test_without_intervals_bars_begin_at_zero():
    (row,) = glance.rows(pd.DataFrame({"label": ["kept"], "estimate": [7]}), "{estimate:.0f}")
    assert row == {"label": "kept", "said": "7", "zero": 0.0, "estimate": 1.0}


def test_what_the_figure_fills_is_handed_on():
    assert [row["clear"] for row in glance.rows(ROWS.assign(clear=[True, False]), "{estimate}")] == [True, False]


def test_a_scale_has_its_own_ends_and_nothing_leaves_it():
    rows = glance.rows(ROWS.assign(estimate=[1.0, 2.5], ci_low=[0.5, 2.0], ci_high=[2.0, 5.0]), "{estimate}", (1, 4))
    assert [(row["estimate"], row["ci_low"], row["ci_high"]) for row in rows] == [(0, 0, 0.3333), (0.5, 0.3333, 1)]
    assert {row["zero"] for row in rows} == {None}


def test_what_is_not_known_is_not_drawn():
    gone = ROWS.assign(estimate=[np.nan, 2.0], ci_low=[np.nan, -np.inf], ci_high=[np.nan, np.inf])
    first, second = glance.rows(gone, "{estimate:.1f}")
    assert (first["said"], first["estimate"], first["ci_low"]) == ("–", None, None)
    assert (second["estimate"], second["ci_low"], second["ci_high"]) == (1.0, None, None)
    assert glance.rows(gone.assign(estimate=0.0), "{estimate}")[0]["estimate"] == 0  # all on one place
    assert [row["estimate"] for row in glance.rows(gone.assign(estimate=np.nan), "{estimate}")] == [None, None]
