"""What a survey in waves says: one verdict on a number in all figures, and the ways to calculate it in plain words."""

import numpy as np
import pandas as pd
import pytest

from helpers.estimate import panels
from helpers.estimate.intervals import holm
from helpers.study import missing_teachers, waves_told

MAIN = pd.DataFrame(
    {"scale": ["art", "art", "music", "music"], "term": ["2", "3"] * 2, "p_value": [0.6, 0.018, 0.002, 0.001]}
)
PLACES = {"without art_1": "without question 1", "without music_1": "without question 1"}


def rows(clear, estimate=0.3, names="abcdefgh"):
    return pd.DataFrame({"name": list(names)[: len(clear)], "estimate": estimate, "clear": clear})


@pytest.mark.parametrize(
    ("clear", "estimate", "compared", "said"),
    [
        ([True], 0.3, True, "Schools with peer groups gained more than the others in “a”."),
        ([True, False], -0.3, True, "Schools with peer groups gained less than the others in “a”; in “b” the difference may be chance."),
        ([True, True], [0.3, -0.3], False, "Answers rose in “a” and answers fell in “b”."),
        ([False, False], 0.3, False, "Whether answers changed cannot be told in “a” and “b”."),
        ([True] * 5, 0.3, False, "Answers rose in all 5 scales."),
        ([True] * 4 + [False], 0.3, False, "Answers rose in 4 of 5 scales; in “e” the change may be chance."),
        ([False], np.nan, False, ""),
    ],
)  # fmt: skip
def test_where_answers_changed(clear, estimate, compared, said):
    assert waves_told.changed(rows(clear, estimate), compared) == said


def test_who_dropped_out():
    own = rows([True, True]).assign(ci_low=[0.1, -0.5], ci_high=[0.5, -0.1])
    assert waves_told.dropped_out(own, False) == (
        "Teachers who left the survey had answered lower than those who stayed in “b” and higher than those who stayed in “a”."
    )
    assert waves_told.dropped_out(own.assign(ci_low=-0.1, ci_high=0.1), True).endswith("cannot be told.")


def choices():
    ways = {
        "as declared": (0.018, 0.001),
        panels.KINDS["CR2"]: (0.02, 0.001),
        "mixed model": (0.009, 0.001),
        missing_teachers.LEE[0]: (np.nan, np.nan),
    }
    found = [("art", "music")[place] for _ in ways for place in (0, 1)]
    table = pd.DataFrame({"panel": found, "specification": np.repeat(list(ways), 2), "term": "3"})
    table["p_value"] = [p for pair in ways.values() for p in pair]
    extra = pd.DataFrame(
        {
            "panel": ["art", "music"],
            "specification": ["without art_1", "without music_1"],
            "term": "3",
            "p_value": [0.5, 0.002],
        }
    )
    table = pd.concat([table, extra], ignore_index=True).sort_values("panel", kind="stable")
    return table.assign(estimate=0.3, ci_low=0.1, ci_high=0.5)


def test_every_way_is_judged_by_the_tests_of_all_waves_and_scales():
    """As the change itself is, so that one number has one verdict; in a way that has no test there is none."""
    own = choices()
    own["p_holm"] = waves_told.all_tests_counted(own, MAIN, PLACES)
    declared = own[own["specification"] == "as declared"].set_index("panel")["p_holm"]
    expected = holm(MAIN["p_value"])
    assert declared.tolist() == pytest.approx([expected[1], expected[3]])
    art = own[own["panel"] == "art"].set_index("specification")["p_holm"]
    assert art["mixed model"] == pytest.approx(2 * 0.009)  # the third smallest of four
    assert np.isnan(art[missing_teachers.LEE[0]])
    assert art["without art_1"] == pytest.approx(1.0)  # the other scale without its own first item stands beside it


def test_ways_near_the_main_result_are_one_row_with_the_widest_margin():
    own = choices().assign(p_holm=0.01)
    own.loc[own["specification"] == panels.KINDS["CR2"], "ci_low"] = 0.06
    own.loc[own["specification"] == "mixed model", "ci_high"] = 0.54
    own.loc[own["specification"].str.startswith("without"), "estimate"] = 0.36
    drawn = waves_told.as_drawn(own, PLACES, 4)
    names = drawn.loc[drawn["panel"] == "art", "specification"].tolist()
    assert names == [waves_told.MAIN, "3 other ways, nearly the same", "without question 1"]
    one = drawn[drawn["specification"].str.startswith("3 other")]
    assert one[["ci_low", "ci_high"]].to_numpy().tolist() == [[0.06, 0.54]] * 2
    said = waves_told.drawn_as_one(own, drawn, PLACES)
    assert said == (
        "Drawn as one, with the widest margin: margin for few groups, another model (mixed) and lowest that leavers allow (no test). "
    )
    many = pd.concat([own, own.assign(specification="no controls"), own.assign(specification="the usual one")])
    assert waves_told.drawn_as_one(many, drawn, PLACES).endswith("another model (mixed) and 3 more. ")
    # A way with another verdict, or none to compare with, stands alone.
    own.loc[own["specification"] == "mixed model", "p_holm"] = 0.2
    assert "another model (mixed)" in set(waves_told.as_drawn(own, PLACES, 4)["specification"])
    own["estimate"] = np.nan
    apart = waves_told.as_drawn(own, PLACES, 4)
    assert len(apart) == len(own)
    assert waves_told.drawn_as_one(own, apart, PLACES) == ""


def test_how_many_ways_agree():
    own = pd.DataFrame(
        {"panel": list("aaaaabbbbbccccc"), "p_holm": [0.01] * 4 + [0.2] + [0.01] + [0.2] * 4 + [0.01] * 5}
    )
    assert waves_told.by_all_ways(own, "the change") == (
        "The change in “c” is clear of chance in every way to calculate it, in “a” in nearly every one (4 of 5), in “b” in some (1 of 5)."
    )
    assert waves_told.by_all_ways(own.assign(p_holm=0.01), "the change") == (
        "The change in “a”, “b” and “c” is clear of chance in every way to calculate it."
    )
    assert waves_told.by_all_ways(own.assign(p_holm=np.nan), "the change") == ""
