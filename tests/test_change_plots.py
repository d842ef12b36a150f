"""Figures of practice change: drawn without warnings, with all their text inside, whatever the panels are called."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from helpers.draw import change_plots

pytestmark = pytest.mark.usefixtures("figure_style")

TERMS = ["2013", "2014", "2015", "2016", "2017", "2018"]
LONG = "Schools of the northern coast, upper secondary, evening classes"
ANSWERS = ["VERY WEAK", "WEAK", "NEUTRAL", "STRONG", "VERY STRONG"]


def effects(panels, series=("own",), terms=TERMS):
    rng = np.random.default_rng(1)
    rows = [(p, s, t, rng.normal(0.2, 0.1)) for p in panels for s in series for t in terms]
    frame = pd.DataFrame(rows, columns=["panel", "series", "term", "estimate"])
    return frame.assign(ci_low=frame["estimate"] - 0.1, ci_high=frame["estimate"] + 0.1)


def year_effects(panels, series=("own",), terms=TERMS, change=lambda rows: rows):
    rows = change(effects(panels, series, terms))
    return change_plots.year_effects(rows, "difference to 2012,\nstandard deviations", "2012")


def without_intervals(rows):
    return rows.assign(ci_low=np.nan, ci_high=np.nan, mark="***")


def half_missing(rows):
    rows.loc[::2, ["ci_low", "ci_high"]] = np.nan
    return rows.drop(index=rows.index[3]).assign(mark="")


def schools(panels, truth=False):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"panel": np.repeat(panels, 12), "estimate": rng.normal(size=12 * len(panels))})  # fmt: skip
    rows = rows.assign(shrunken=rows["estimate"] / 2)
    return rows.assign(truth=rows["shrunken"]) if truth else rows


NAMES = (
    "as declared",
    "cluster jackknife (CRV3)",
    "wild cluster bootstrap",
    "years alone, no controls",
    "only schools seen every year",
)


def specifications(panels, names=NAMES):
    rows = [(p, s, 0.1 * i, 0.1 * i - 0.2, 0.1 * i + 0.2) for p in panels for i, s in enumerate(names)]  # fmt: skip
    columns = ["panel", "specification", "estimate", "ci_low", "ci_high"]
    return change_plots.specifications(pd.DataFrame(rows, columns=columns), "2018 against 2012")


def bounds():
    panels = ["Grades 6 to 8, mathematics", "Grades 9 to 12, science"]
    rows = pd.DataFrame(
        [(p, t, 0.0 if i % 2 else 0.005, np.inf if i == 3 else 0.02) for p in panels for i, t in enumerate(TERMS)],
        columns=["panel", "term", "se_low", "se_high"],
    )  # fmt: skip
    common = pd.DataFrame({"panel": panels, "se_low": [0.01, np.nan], "se_high": [0.015, np.nan]})
    return change_plots.se_bounds(rows, common)


def shares(panels):
    rows = [(p, t, a, 0.2, 50) for p in panels for t in TERMS[:4] for a in ANSWERS]
    columns = ["panel", "year", "answer", "share", "n"]
    return change_plots.stacked_shares(pd.DataFrame(rows, columns=columns), ANSWERS)


def rates():
    years = np.repeat([2015, 2016, 2017], 2)
    found = pd.DataFrame(
        {"respondents": ["students", "teachers"] * 3, "year": years, "value": [75, 80, 76, 81, 78, 82.0]}
    )  # fmt: skip
    printed = pd.DataFrame({"label": ["students in print", "teachers in print"], "low": [74, 76], "high": [80, 83]})  # fmt: skip
    return change_plots.response_rates(found, printed)


def recovery():
    panels = ["a", "b", "c", "d"]
    rows = [(p, t, 0.01 * i, 0.01 * i - 0.02, 0.01 * i + 0.02) for p in panels for i, t in enumerate(TERMS)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["panel", "term", "gap", "low", "high"])
    return change_plots.recovery(frame, "estimate minus truth")


def curves():
    places = np.linspace(-4, 4, 50)
    chance = pd.concat(
        pd.DataFrame({"place": places, "answer": a, "probability": np.exp(-((places - 2 * i + 3) ** 2))})
        for i, a in enumerate(["never", "sometimes", "often", "always"])
    )  # fmt: skip
    items = pd.DataFrame({"item": ["item 1", "item 2"], "location": [-0.5, 0.5]})
    persons = pd.DataFrame({"place": [-1.0, 0.0, 1.0], "share": [0.3, 0.4, 0.3]})
    return change_plots.category_curves(chance, items, persons)


def sizes():
    students = [8, 20, 100, 500]
    rows = pd.DataFrame({"students": students * 2, "schools": [90, 60, 40, 35, 60, 40, 30, 25], "target": [0.9] * 4 + [0.8] * 4})  # fmt: skip
    return change_plots.sample_sizes(rows, 0.1)


MANY = [f"panel {i}" for i in range(7)]
FIGURES = {
    "effects of one panel": lambda: year_effects(["all records"]),
    "effects of one year": lambda: year_effects(["all records"], terms=["2013"]),
    "effects of two panels and series": lambda: year_effects(["a", "b"], ["mathematics", "science"]),
    "effects of many panels": lambda: year_effects(MANY),
    "effects of eight series": lambda: year_effects(["a"], [f"series {i}" for i in range(8)]),
    "effects without intervals": lambda: year_effects(["a", "b"], ["x", "y"], change=without_intervals),
    "effects with gaps": lambda: year_effects(["a", "b"], ["x", "y"], change=half_missing),
    "effects of long panels": lambda: year_effects([LONG, f"{LONG}, girls"]),
    "effects of long years": lambda: year_effects(["a"], terms=["after the first visit", "after the second"]),
    "schools of one panel": lambda: change_plots.school_effects(schools(["all records"]), "2018 against 2012"),
    "schools of many panels": lambda: change_plots.school_effects(schools(MANY, True), "2018 against 2012"),
    "schools of long panels": lambda: change_plots.school_effects(schools([LONG, LONG + "."]), "2018 against 2012"),
    "specifications of one panel": lambda: specifications(["all records"]),
    "one specification": lambda: specifications(["all records"], ["as declared"]),
    "specifications of long panels": lambda: specifications([LONG, LONG + "."]),
    "specifications of many panels": lambda: specifications(MANY),
    "standard errors": bounds,
    "shares of one panel": lambda: shares(["all"]),
    "shares of many panels": lambda: shares(MANY),
    "response rates": rates,
    "recovery": recovery,
    "category curves": curves,
    "sample sizes": sizes,
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_text_stays_inside_and_titles_apart(name):
    fig = FIGURES[name]()
    fig.savefig(io.BytesIO(), format="svg")
    fig.canvas.draw()
    # A saved file is cut to what was drawn, so what reaches far out makes it wide and all the rest small.
    drawn, width = fig.get_tightbbox(), fig.get_figwidth()
    assert drawn.x0 > -0.12
    assert drawn.x1 < width + 0.12
    assert drawn.y0 > -0.12
    assert drawn.y1 < fig.get_figheight() + 0.12
    for ax in fig.axes:
        shown = [text.get_window_extent() for text in ax.get_yticklabels() if text.get_text()]
        low, high = sorted(ax.get_window_extent().intervaly)
        rows = sorted(box.y0 for box in shown if low <= (box.y0 + box.y1) / 2 <= high)
        tallest = max((box.height for box in shown), default=0)
        assert all(gap > 0.8 * tallest for gap in np.diff(rows)), rows
    boxes = [
        (ax.get_title(loc="left"), ax._left_title.get_window_extent())
        for ax in fig.axes
        if ax.get_visible() and ax.get_title(loc="left")
    ]
    for place, (title, box) in enumerate(boxes):
        for other, beside in boxes[place + 1 :]:
            assert not box.overlaps(beside), (title, other)


def test_effects_start_at_the_baseline_and_missing_intervals_are_not_drawn():
    fig = year_effects(["a"], change=without_intervals)
    (ax,) = fig.axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2012", *TERMS]
    line = max(ax.get_lines(), key=lambda line: len(line.get_xdata()))
    assert (line.get_xdata()[0], line.get_ydata()[0]) == (0, 0)
    assert line.get_ydata()[1:].tolist() == effects(["a"])["estimate"].tolist()
    drawn = [path.vertices for lines in ax.collections for path in lines.get_paths()]
    assert not np.isfinite(np.array(drawn)[:, :, 1]).any()
    with_intervals = year_effects(["a"])
    drawn = [p.vertices for lines in with_intervals.axes[0].collections for p in lines.get_paths()]
    ends = effects(["a"])[["ci_low", "ci_high"]].to_numpy()
    assert np.array(drawn)[:, :, 1] == pytest.approx(ends, abs=1e-12)


def scales(fig):
    return [ax.get_xlim() for ax in fig.axes if ax.get_visible()]


def of_widths(*widths):
    """Specifications of a panel for each width, from zero to it."""
    rows = [(f"panel {i}", s, w / 2, 0.0, w) for i, w in enumerate(widths) for s in NAMES]
    columns = ["panel", "specification", "estimate", "ci_low", "ci_high"]
    return change_plots.specifications(pd.DataFrame(rows, columns=columns), "difference")


def test_specifications_share_a_scale_that_every_panel_can_be_read_on():
    shared = scales(of_widths(0.2, 1.0, 0.5))
    assert len(set(shared)) == 1
    assert shared[0] == pytest.approx((-0.06, 1.06))
    fig = of_widths(0.05, 1.0)
    assert scales(fig) == [pytest.approx((-0.003, 0.053)), pytest.approx((-0.06, 1.06))]
    assert "scale of its own" in fig.get_supxlabel()
    assert "scale of its own" not in of_widths(0.2, 1.0).get_supxlabel()


def test_zero_is_in_sight_where_nothing_can_be_had():
    ((low, high),) = scales(of_widths(np.nan))
    assert low < 0 < high


@pytest.mark.parametrize("draw", [lambda: year_effects(["a", "b", "c"]), lambda: shares(["a", "b", "c"])])  # fmt: skip
def test_a_chart_with_none_below_it_has_numbers_on_its_axis(draw):
    fig = draw()
    fig.canvas.draw()
    numbered = [
        any(t.get_visible() and t.get_text() for t in ax.get_xticklabels()) for ax in fig.axes
    ]
    assert numbered[:3] == [False, True, True]


def test_the_note_on_schools_covers_no_point():
    fig = change_plots.school_effects(schools(["a", "b"]), "2018 against 2012")
    fig.canvas.draw()
    for ax in fig.axes:
        assert not any(
            text.get_window_extent().overlaps(ax.get_window_extent()) for text in ax.texts
        )


@pytest.mark.parametrize("name", ["response rates", "category curves", "sample sizes"])
def test_coloured_text_can_be_read_on_white(name):
    """A contrast of 4.5 to 1, as WCAG asks of text."""
    for text in (text for ax in FIGURES[name]().axes for text in ax.texts):
        channels = np.array(to_rgb(text.get_color()))
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5, text
