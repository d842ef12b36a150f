"""Forest plots: intervals and numbers stand where the table has them, and scales compare what can be compared."""

import numpy as np
import pandas as pd
import pytest
import share_rows
from share_rows import EIGHT, LONG

from conftest import apart_on_screens, marked, words
from helpers.draw import colours, forest_plots, style

pytestmark = pytest.mark.usefixtures("figure_style")

ROWS = pd.DataFrame(
    {
        "label": ["one", "two", "three", "four"],
        "estimate": [0.31, 0.3, 0.2, 0.44],
        "ci_low": [0.28, 0.2, 0.16, 0.04],
        "ci_high": [0.34, 0.4, 0.25, 0.84],
    }
)
NAMES = (
    "as declared",
    "cluster jackknife (CRV3)",
    "wild cluster bootstrap",
    "years alone, no controls",
    "only schools seen every year",
)
TERMS = ["2013", "2014", "2015", "2016", "2017", "2018"]


def effects(repeat=0, **more):
    label = {"label": "how often teachers watch the lessons of colleagues " * repeat} if repeat else {}
    return forest_plots.effects(ROWS.assign(**label, **more), "difference")


def means(*groups):
    rows = [ROWS.assign(group=group, ci_low=-1.0, ci_high=9.0, estimate=ROWS["estimate"] + 2) for group in groups]
    return forest_plots.scale_means(pd.concat(rows), 1, 4, claim=3.0, claim_label="above 3, says the text")


def proportions(*labels):
    rows = pd.DataFrame({"label": labels, "count": 7, "n": 7, "share": 1.0})
    rows = rows.assign(ci_low=0.59, ci_high=1.0, group=["a", "b"][: len(labels)])
    return forest_plots.proportions(rows)


def specifications(*panels, names=NAMES):
    rows = [(p, s, 0.1 * i, 0.1 * i - 0.2, 0.1 * i + 0.2) for p in panels for i, s in enumerate(names)]
    columns = ["panel", "specification", "estimate", "ci_low", "ci_high"]
    return forest_plots.specifications(pd.DataFrame(rows, columns=columns), "2018 against 2012")


def recovery():
    rows = [(p, t, 0.01 * i, 0.01 * i - 0.02, 0.01 * i + 0.02) for p in "abcd" for i, t in enumerate(TERMS)]
    rows = pd.DataFrame(rows, columns=["panel", "term", "gap", "low", "high"])
    return forest_plots.recovery(rows.assign(estimate=5.0), "estimate minus truth")


def spreads(*panels):
    rows = [(p, kind, -0.2, 0.3 + i / 10) for p in panels for i, kind in enumerate(("estimate", "shrunken", "truth"))]
    return forest_plots.school_spreads(pd.DataFrame(rows, columns=["panel", "kind", "low", "high"]), "change")


FIGURES = {
    "school spreads": lambda: spreads("mathematics", LONG),
    "effects": effects,
    "effects of groups": lambda: effects(group=["comfort", "comfort", LONG, LONG], clear=True, tests=24),
    "effects of long groups": lambda: effects(1, group=["comfort", "comfort", LONG, LONG], clear=False, tests=3),
    "means": lambda: means("all"),
    "means of groups": lambda: means("mathematics", "languages", "sciences"),
    "proportions": lambda: proportions("sharing", "inspiring"),
    "one proportion": lambda: proportions("sharing"),
    "means of long groups": lambda: means(LONG, "all the others"),
    "long proportions": lambda: proportions(LONG, "inspiring"),
    "specifications of one panel": lambda: specifications("all records"),
    "one specification": lambda: specifications("all records", names=["as declared"]),
    "specifications of long panels": lambda: specifications(LONG, LONG + "."),
    "specifications of many panels": lambda: specifications(*(f"panel {i}" for i in range(7))),
    "recovery": recovery,
    "differences": lambda: forest_plots.differences(share_rows.apart()),
    "differences, long names": lambda: forest_plots.differences(share_rows.apart(LONG, share_rows.UNBROKEN["Q1"])),
    "changes": lambda: forest_plots.changes(share_rows.moved(items=EIGHT)),
    "changes, one system": lambda: forest_plots.changes(share_rows.moved({"S": "Alone"})),
    "changes, three cycles": lambda: forest_plots.changes(
        share_rows.moved(pairs=[(2013, 2018), (2018, 2024), (2013, 2024)])
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_on_each_other_none_cut_off_none_small(name):
    assert apart_on_screens(FIGURES[name]()).get_figwidth() == style.WIDE


def points(fig):
    """Places of the points, from above, and their colours."""
    dots = [line for line in fig.axes[0].get_lines() if line.get_marker() == "o"]
    return [line.get_ydata()[0] for line in dots], [line.get_color() for line in dots]


def test_no_zero_is_below_zero():
    fig = forest_plots.effects(ROWS.assign(estimate=-0.004, ci_low=-0.1, ci_high=0.1), "difference")
    assert [text.get_text() for text in fig.axes[0].texts][:1] == ["0.00  [−0.10 to 0.10]"]


def test_methods_alternate_under_their_labels():
    rows = ROWS.assign(method=["Welch", "clustered"] * 2)
    fig = forest_plots.effects(rows, "difference")
    _, colours = points(fig)
    assert colours[0] == colours[2] != colours[1] == colours[3]
    assert fig.axes[0].get_yticklabels()[1].get_text() == "two\n(clustered)"


def test_the_axis_holds_zero_and_wastes_no_room_on_its_other_side():
    low, high = effects().axes[0].get_xlim()
    assert -0.1 < low < 0
    assert 0.84 < high < 0.95


def test_intervals_of_means_end_at_the_ends_of_the_scale():
    (ax,) = means("all").axes
    ends = [line.get_xdata() for line in ax.get_lines() if len(line.get_xdata()) == 2]
    assert sorted(map(tuple, ends)) == [*[(1, 4)] * 4, (3, 3)]
    assert ax.get_xlim() == (1, 4)


def scales(fig):
    return [ax.get_xlim() for ax in fig.axes if ax.get_visible()]


def of_widths(*widths):
    """Specifications of a panel for each width, from zero to it."""
    rows = [(f"panel {i}", s, w / 2, 0.0, w) for i, w in enumerate(widths) for s in NAMES]
    columns = ["panel", "specification", "estimate", "ci_low", "ci_high"]
    return forest_plots.specifications(pd.DataFrame(rows, columns=columns), "difference")


def test_specifications_share_a_scale_that_every_panel_can_be_read_on():
    shared = scales(of_widths(0.2, 1.0, 0.5))
    assert len(set(shared)) == 1
    assert shared[0] == pytest.approx((-0.06, 1.06))
    fig = of_widths(0.05, 1.0)
    assert scales(fig) == [pytest.approx((-0.003, 0.053)), pytest.approx((-0.06, 1.06))]
    assert "scale of its own" in fig.get_supxlabel()
    assert "scale of its own" not in of_widths(0.2, 1.0).get_supxlabel()


def test_zero_is_in_sight_where_nothing_can_be_had():
    fig = of_widths(np.nan)
    ((low, high),) = scales(fig)
    assert low < 0 < high
    assert [text.get_text() for text, _ in words(fig)].count("cannot be had") == len(NAMES)


def test_recovery_draws_the_gaps_and_crosses_where_an_interval_misses():
    fig = recovery()
    assert [(x, shape) for x, _, shape in marked(fig.axes[0])] == [
        (pytest.approx(0.01 * i), "o" if i <= 2 else "X") for i in range(6)
    ]
    assert len(set(scales(fig))) == 1


def test_changes_run_from_diamonds_to_dots_with_the_numbers_beside():
    """Hollow are only changes, where they may be chance."""
    rows = share_rows.moved()
    fig = forest_plots.changes(rows)
    left, right = fig.axes
    known = rows.dropna(subset="estimate")
    for form, share in (("D", "share_1"), ("o", "share_2")):
        drawn = [x for x, _, marker in marked(left) if marker == form and not np.isnan(x)]
        assert sorted(drawn) == sorted(known[share])
    assert colours.PAPER not in {face for _, face, _ in marked(left)}
    clear = (known["ci_low"] > 0) | (known["ci_high"] < 0)
    assert sum(face != colours.PAPER for _, face, _ in marked(right)) == clear.sum() < len(known)
    assert sorted(x for x, *_ in marked(right)) == sorted(known["estimate"])
    assert left.get_xlim() == (0, 1)
    assert right.get_xlim()[0] == -right.get_xlim()[1]
    said = [text.get_text() for text, _ in words(fig)]
    assert {"−11.0  [−16.0 to −6.0]", "+12.3  [+7.3 to +17.3]"} <= set(said)
    assert [said.count(note) for note in ("not asked", "too few")] == [1, 1]


def test_shares_are_drawn_from_zero_as_far_as_they_go():
    rows = share_rows.moved().assign(share_1=0.1, share_2=0.3)
    assert forest_plots.changes(rows).axes[0].get_xlim() == (0, pytest.approx(0.35))


def test_differences_are_filled_where_clear_and_sides_are_named():
    rows = share_rows.apart()
    (ax,) = forest_plots.differences(rows).axes
    known = rows.dropna(subset="estimate")
    assert [x for x, *_ in marked(ax)] == known["estimate"].tolist()
    assert [face != colours.PAPER for _, face, _ in marked(ax)] == (known["p_holm"] < 0.05).tolist()
    sides = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert sides["← larger in\nSystem B"] < 0.5 < sides["larger in →\nSystem A"]
    assert ax.get_xlabel().endswith("hollow: may be chance, as 7 differences were tested")
    assert (
        forest_plots.differences(rows, 22)
        .axes[0]
        .get_xlabel()
        .endswith("as 22 differences were tested, 7 of them here")
    )
    assert ax.get_xlim()[0] == -ax.get_xlim()[1]


def test_bars_of_schools_are_as_long_as_most_of_them_are_apart():
    (ax,) = spreads("mathematics").axes
    assert [tuple(line.get_xdata()) for line in ax.get_lines() if line.get_linewidth() == 8] == [
        (-0.2, 0.3),
        (-0.2, 0.4),
        (-0.2, 0.5),
    ]


def test_effects_are_filled_where_clear_of_zero():
    (ax,) = effects(ci_low=[0.28, -0.2, 0.16, -np.inf], ci_high=[0.34, 0.4, 0.25, np.inf]).axes
    assert [face != colours.PAPER for _, face, _ in marked(ax)] == [True, False, True, False]


def test_where_several_tests_are_counted_they_decide_what_is_filled():
    (ax,) = effects(clear=[False, True, False, True], tests=5).axes
    assert [face != colours.PAPER for _, face, _ in marked(ax)] == [False, True, False, True]
    values = [text.get_weight() for text in ax.texts if "[" in text.get_text()]
    assert [weight == "bold" for weight in values] == [False, True, False, True]
    assert " ".join(ax.get_xlabel().split()).endswith(
        "hollow, even where a line is clear of 0: may be chance, as 5 tests were made"
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"ci_low": -1.0}, "hollow: may be chance, each taken alone"),
        ({"ci_low": [0.1, -1.0, 0.1, -np.inf]}, "filled: clear of 0, each taken alone"),
        ({"clear": False, "tests": 3}, "hollow, even where a line is clear of 0: may be chance, as 3 tests were made"),
        ({"clear": False, "tests": 3, "ci_low": -1.0}, "hollow: may be chance, as 3 tests were made"),
        ({"clear": True, "tests": 3}, "filled: clear of chance, 3 tests counted"),
        ({"clear": True, "tests": 1}, "filled: clear of chance"),
        ({"clear": [True, False] * 2, "tests": [4, 4, 6, 6]}, "filled: clear of chance; hollow, even where a line is clear of 0: may be chance, as 4 to 6 tests were made"),
    ],
)  # fmt: skip
def test_only_marks_that_are_drawn_are_explained(columns, said):
    assert forest_plots.what_fills_mean(ROWS.assign(**columns)) == f"0: no difference; {said}"


def test_items_of_which_groups_stand_apart_are_bold_and_each_mark_is_named():
    rows = ROWS.assign(label=["x", "x", "y", "y"], group=["a", "b"] * 2)
    rows = rows.assign(estimate=[1.5, 3.0, 2.0, 2.0], ci_low=[1.4, 2.9, 1.5, 1.5], ci_high=[1.6, 3.1, 2.5, 2.5])
    (ax,) = forest_plots.scale_means(rows, 1, 4).axes
    assert [name.get_weight() for name in ax.get_yticklabels()] == ["bold", "normal"]
    assert [text.get_text() for text in ax.texts] == ["1.50  a", "3.00  b", "2.00  a", "2.00  b"]


def test_choices_are_filled_where_clear_of_zero():
    """What is empty, or has no bound, is not."""
    ends = {"ci_low": [0.1, -0.2, -np.inf, -0.5], "ci_high": [0.3, 0.4, np.inf, -0.1]}
    rows = pd.DataFrame({"panel": "all", "specification": list("abcd"), "estimate": [0.2, 0.1, 0.2, -0.3], **ends})
    (ax,) = forest_plots.specifications(rows, "difference").axes
    assert [face != colours.PAPER for _, face, _ in marked(ax)] == [True, False, False, True]


def test_what_hollow_means_is_said_only_where_a_mark_is():
    unsure = of_widths(0.2).get_supxlabel()
    assert "0: no difference; hollow: may be chance, each taken alone; dashed: the first row" in " ".join(
        unsure.split()
    )
    rows = pd.DataFrame({"panel": "all", "specification": list("ab"), "estimate": 0.3, "ci_low": 0.1, "ci_high": 0.5})
    assert (
        forest_plots.specifications(rows, "difference").get_supxlabel()
        == "difference\n0: no difference; dashed: the first row"
    )
