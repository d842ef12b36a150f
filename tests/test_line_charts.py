"""Line charts: drawn without warnings, all text inside and readable, whatever panels, series and years are called."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from share_rows import SIX, response

from conftest import apart_on_screens, words
from helpers.draw import bands, colours, line_charts

pytestmark = pytest.mark.usefixtures("figure_style")

TERMS = ["2013", "2014", "2015", "2016", "2017", "2018"]
LONG = "Schools of the northern coast, upper secondary, evening classes"
MANY = [f"panel {i}" for i in range(7)]


def effects(panels, series=("own",), terms=TERMS):
    rng = np.random.default_rng(1)
    rows = [(p, s, t, rng.normal(0.2, 0.1)) for p in panels for s in series for t in terms]
    frame = pd.DataFrame(rows, columns=["panel", "series", "term", "estimate"])
    return frame.assign(ci_low=frame["estimate"] - 0.1, ci_high=frame["estimate"] + 0.1)


BREAK = ["2016", "2017", "2018", "2021", "2022"]


def year_effects(panels, series=("own",), terms=TERMS, change=lambda rows: rows, gap=()):
    rows = change(effects(panels, series, terms))
    return line_charts.year_effects(rows, "difference to 2012,\nstandard deviations", "2012", gap)


def without_intervals(rows):
    return rows.assign(ci_low=np.nan, ci_high=np.nan, mark="***")


def half_missing(rows):
    rows.loc[::2, ["ci_low", "ci_high"]] = np.nan
    return rows.drop(index=rows.index[3]).assign(mark="")


def schools(panels, below=0.4, n=12):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"panel": np.repeat(panels, n), "estimate": rng.normal(size=n * len(panels))})
    rows = rows.assign(shrunken=rows["estimate"] / 2, below_zero=below)
    return line_charts.school_effects(rows, "2018 against 2012")


def categories():
    places = np.linspace(-4, 4, 50)
    chance = pd.concat(
        pd.DataFrame({"place": places, "answer": a, "probability": np.exp(-((places - 2 * i + 3) ** 2))})
        for i, a in enumerate(["never", "sometimes", "often", "always"])
    )
    items = pd.DataFrame({"item": [f"item_{i}" for i in range(5)], "location": np.arange(5) / 4})
    return line_charts.category_curves(chance, items)


def people():
    measures = pd.DataFrame({"place": [-1.0, 0.0, 1.0, 2.0], "share": [0.3, 0.4, 0.2, 0.1]})
    items = pd.DataFrame({"item": [f"question {i}" for i in range(5)], "location": np.arange(5) / 4})
    return line_charts.people_and_items(measures, items)


def sizes():
    rows = [(n, 60 + 3000 / n) for n in np.geomspace(8, 500, 60)]
    return line_charts.sample_sizes(pd.DataFrame(rows, columns=["students", "schools"]), 0.1)


def p_values():
    icc = np.linspace(0, 0.4, 41)
    rows = [("nothing shared", i, 0.04 + i / 8) for i in icc] + [("all shared", i, 0.04 - i / 14) for i in icc]
    return line_charts.p_values(pd.DataFrame(rows, columns=["case", "icc", "p_value"]), 0.05)


def detectable(panels):
    teachers = np.arange(4, 51)
    rows = [(p, icc, t, np.sqrt(icc / 9 + 0.3 / t)) for p in panels for icc in (0.05, 0.1, 0.2) for t in teachers]
    columns = ["panel", "icc", "teachers", "detectable"]
    rows = pd.DataFrame(rows, columns=columns)
    return line_charts.detectable(rows, "smallest change found", rows.head(1))


def needed():
    rows = [(icc, e, 1 + icc * 30 / e**2) for icc in (0.05, 0.1, 0.2) for e in np.linspace(0.1, 0.5, 40)]
    rows = pd.DataFrame(rows, columns=["icc", "effect", "schools"])
    return line_charts.schools_needed(rows, 27, "27 schools", 0.1)


def possible():
    fits = pd.DataFrame({"n": range(41, 56), "possible": [n % 7 for n in range(15)]})
    return line_charts.possible_sizes(fits, 6, [48, 49])


FIGURES = {
    "effects of one panel": lambda: year_effects(["all records"]),
    "effects of one year": lambda: year_effects(["all records"], terms=["2013"]),
    "effects of two panels and series": lambda: year_effects(["a", "b"], ["mathematics", "science"]),
    "effects of many panels": lambda: year_effects(MANY),
    "effects of eight series": lambda: year_effects(["a"], [f"series {i}" for i in range(8)]),
    "effects without intervals": lambda: year_effects(["a", "b"], ["x", "y"], change=without_intervals),
    "effects with gaps": lambda: year_effects(["a", "b"], ["x", "y"], change=half_missing),
    "effects on both sides of a break": lambda: year_effects(
        ["Elementary schools", "High schools"], ["a", "b"], BREAK, gap=["2019", "2020"]
    ),
    "effects of long panels": lambda: year_effects([LONG, f"{LONG}, girls"]),
    "effects of long years": lambda: year_effects(["a"], terms=["after the first visit", "after the second"]),
    "effects of very long years": lambda: year_effects(["a", "b", LONG], terms=[f"{LONG} {i}" for i in range(4)]),
    "schools of one panel": lambda: schools(["all records"]),
    "schools of many panels": lambda: schools(MANY),
    "schools without spread": lambda: schools(["a", "b"], below=np.nan),
    "many schools": lambda: schools(["a", "b"], n=465),
    "schools of long panels": lambda: schools([LONG, LONG + "."]),
    "category curves": categories,
    "people and items": people,
    "sample sizes": sizes,
    "p-values": p_values,
    "detectable": lambda: detectable(["other teachers in each wave", LONG]),
    "schools needed": needed,
    "possible sizes": possible,
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_on_each_other_none_cut_off_and_all_can_be_read_on_white(name):
    """A contrast of 4.5 to 1, as WCAG asks of text."""
    for text, _ in words(apart_on_screens(FIGURES[name]())):
        channels = np.array(to_rgb(text.get_color()))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5, text


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


def joined(ax):
    """The points that one stroke of a line joins, as places on the axis."""
    strokes = []
    for line in ax.get_lines():
        x, y = (np.asarray(of, float) for of in line.get_data())
        if line.get_linestyle() == "-" and len(x) > 2:
            strokes += [part for part in np.split(x, np.flatnonzero(np.isnan(y))) if len(part) > 1]
    return strokes


@pytest.mark.parametrize(
    "fig",
    [
        lambda: year_effects(["a"], ["x", "y"], BREAK, gap=["2019", "2020"]),
        lambda: bands.response_rates(*response(SIX), (2019, 2020)),
    ],
)
def test_no_line_crosses_the_years_without_a_report(fig):
    ax = fig().axes[0]
    labels = [label.get_text().split("\n")[-1] for label in ax.get_xticklabels()]
    place = labels.index("2019")
    assert labels[place + 1] == "2020"
    parts = [part[1:] if part[0] >= place - 0.2 else part for part in joined(ax)]  # the first is the break itself
    assert parts
    for part in parts:
        assert (part < place - 0.5).all() or (part > place + 1.5).all() or len(part) == 1


def test_what_comes_after_a_break_is_hollow():
    (ax,) = year_effects(["a"], terms=BREAK, gap=["2019", "2020"]).axes
    points = [line for line in ax.get_lines() if line.get_linestyle() == "None"]
    hollow = [line.get_markerfacecolor() == colours.PAPER for line in points]
    assert sorted(hollow) == [False] * 4 + [True] * 2  # one of the four: the year that the others are compared with


def test_lines_end_in_their_own_last_values_whatever_rows_are_numbered():
    rows = pd.concat([effects(["a"], [name]).assign(estimate=value) for name, value in (("one", 0.3), ("two", 0.7))])
    assert rows.index.has_duplicates
    (ax,) = line_charts.year_effects(rows, "difference", "2012").axes
    assert {text.get_text(): round(text.xy[1], 2) for text in ax.texts} == {"0.30": 0.3, "0.70": 0.7}


def test_lines_end_in_their_values_on_both_sides_of_a_break():
    (ax,) = year_effects(["a"], terms=BREAK, gap=["2019", "2020"]).axes
    values = effects(["a"], terms=BREAK).set_index("term")["estimate"]
    ends = [text.get_text() for text in ax.texts if hasattr(text, "xy")]
    assert ends == [f"{values['2018']:.2f}", f"{values['2022']:.2f}"]


def test_a_last_value_of_nothing_is_not_below_zero():
    (ax,) = year_effects(["a"], change=lambda rows: rows.assign(estimate=-0.001)).axes
    assert [text.get_text() for text in ax.texts] == ["0.00"]


def test_a_chart_with_none_below_it_has_numbers_on_its_axis():
    fig = year_effects(["a", "b", "c", "d", "e"])
    fig.canvas.draw()
    numbered = [any(t.get_visible() and t.get_text() for t in ax.get_xticklabels()) for ax in fig.axes]
    assert numbered[:5] == [False, False, False, True, True]


def test_the_study_as_planned_is_marked_among_the_curves():
    ax, other = detectable(["the same teachers", "other teachers"]).axes
    assert [text.get_text() for text in ax.texts] == [f"as planned: {np.sqrt(0.05 / 9 + 0.3 / 4):.2f}"]
    assert not other.texts


@pytest.mark.parametrize(
    ("below", "n", "note"),
    [
        (0.4, 12, "corrected: about 5 of 12 schools fell"),
        (0.001, 12, "corrected: none of 12 schools fell"),
        (0.001, 465, "corrected: <1% of 465 schools fell"),
        (np.nan, 12, "12 schools, all of it may be chance"),
    ],
)
def test_schools_stand_in_the_order_of_their_estimates_and_few_are_counted(below, n, note):
    (ax,) = schools(["a"], below, n).axes
    estimates, shrunken = (line.get_xdata() for line in ax.get_lines() if line.get_marker() == "o")
    assert list(estimates) == sorted(estimates)
    assert shrunken == pytest.approx(estimates / 2)
    assert len(ax.get_yticks()) == 0
    assert ax.texts[0].get_text() == note


def test_the_note_on_schools_covers_no_point():
    fig = schools(["a", "b"])
    fig.canvas.draw()
    for ax in fig.axes:
        assert not any(text.get_window_extent().overlaps(ax.get_window_extent()) for text in ax.texts)


def test_a_number_that_fits_all_has_our_colour_and_one_in_print_its_own():
    (ax,) = possible().axes
    shades = {bar.get_x() + bar.get_width() / 2: to_hex(bar.get_facecolor()) for bar in ax.patches}
    assert {round(n) for n, shade in shades.items() if shade == colours.OURS} == {47, 54}
    assert {round(n) for n, shade in shades.items() if shade == colours.PRINTED} == {48, 49}


def test_people_beyond_all_questions_are_darker():
    (ax,) = people().axes
    assert [to_hex(bar.get_facecolor()) for bar in ax.patches] == [
        colours.QUIET,
        colours.PALE,
        colours.PALE,
        colours.QUIET,
    ]


def test_the_schools_that_a_change_takes_are_named_at_their_lines():
    (ax,) = needed().axes
    rows = {text.get_text() for text in ax.texts}
    assert {"151", "601"} <= rows
    assert all(mark.get_xdata()[0] == 0.1 for mark in ax.get_lines() if mark.get_markersize() == 5)


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: bands.response_rates(*response()), "students, 2015: "),
        (p_values, "all shared: 0.04 at 0"),
        (needed, "0.05: 151 at 0.1"),
        (lambda: categories(), "never: "),
        (possible, "47 respondents: 6 of 6 averages"),
    ],
)
def test_points_of_curves_tell_their_values(draw, said):
    told = [mark.get_gid() or "" for ax in draw().axes for mark in [*ax.get_lines(), *ax.patches]]
    assert any(text.startswith(f"told: {said}") for text in told), told
