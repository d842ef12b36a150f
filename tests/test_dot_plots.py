"""Dot plots: each mark, its number and its name stand in one row, and no two words lie on each other."""

import numpy as np
import pandas as pd
import pytest
from share_rows import EIGHT, FIFTY, LONG, THREE, UNBROKEN, WORDS, never, percent, table

from conftest import apart_on_screens, marked, words
from helpers.draw import colours, dot_plots, style
from helpers.study import retellings

pytestmark = pytest.mark.usefixtures("figure_style")

SIGNS = list(retellings.MEANING)


def retold(*units, label="Teachers who watch lessons", value=40.0, source=35.0, repeat=2):
    rows = [(f"{label} {i}", value, unit, source) for unit in units for i in range(repeat)]
    rows = pd.DataFrame(rows, columns=["label", "value", "unit", "source_value"])
    signs = [SIGNS[i % len(SIGNS)] for i in range(len(rows))]
    return dot_plots.retold(rows.assign(sign=signs, bound="≥", source_bound=""))


def sensitivity():
    rows = [("a", "8", 0.3), ("a", "40", 0.1), ("b", "other teachers", 0.25), ("b", "same", 0.2)]
    rows = pd.DataFrame(rows, columns=["factor", "value", "detectable"])
    return dot_plots.sensitivity(rows, 0.2, {"a": "teachers", "b": LONG}, "smallest change")


def rates(**columns):
    rows = [(label, kind, 0.9) for label in ("few schools", LONG) for kind in ("usual", "for few schools")]
    rows = pd.DataFrame(rows, columns=["label", "series", "share"]).assign(group="broken").assign(**columns)
    return dot_plots.rates(rows, 0.95, "intervals that hold the truth")


def odds(practices, supports=("time", "trust", "none"), **columns):
    rows = pd.DataFrame([(p, s) for p in practices for s in supports], columns=["practice", "support"])
    rows = rows.assign(odds_ratio=2.0, ci_low=0.5, ci_high=9.0, p_holm=0.2)
    rows.loc[0, ["odds_ratio", "ci_low", "ci_high", "p_holm"]] = [np.inf, 3.1, np.inf, 0.01]
    rows.loc[1, ["odds_ratio", "ci_low", "ci_high"]] = [0.0, 0.0, 0.7]
    rows.loc[2, ["odds_ratio", "ci_low", "ci_high", "p_holm"]] = np.nan
    return dot_plots.odds_ratios(rows.assign(**columns), 25)


def by_question(systems=THREE, items=EIGHT, mean=True):
    rows = never(systems, items, mean=mean)
    return dot_plots.shares_by_question(rows.assign(marked=rows["item"].eq("B")), "1-3 times a month or more often")


FIGURES = {
    "rates": rates,
    "shares": lambda: dot_plots.shares(table(items=EIGHT), WORDS),
    "shares, one system, one statistic": lambda: dot_plots.shares(never({"S": "Alone"}, mean=False), {"never": "never"}),
    "shares, eight systems": lambda: dot_plots.shares(table(dict(list(FIFTY.items())[:8])), WORDS),
    "shares, unbroken name": lambda: dot_plots.shares(table(UNBROKEN), WORDS),
    "shares, nothing to show": lambda: dot_plots.shares(table().assign(share=np.nan), WORDS),
    "by question": by_question,
    "by question, one system": lambda: by_question({"S": "Alone"}, mean=False),
    "by question, six series": lambda: by_question(dict(list(FIFTY.items())[:5])),
    "by question, many systems": lambda: by_question(dict(list(FIFTY.items())[:8])),
    "by question, unbroken name": lambda: by_question(UNBROKEN),
    "odds": lambda: odds(["share", "inspire"]),
    "long odds": lambda: odds([LONG, "inspire"], ["time", LONG, "none"]),
    "ranked": lambda: dot_plots.ranked(never(items=EIGHT), ["XXA"]),
    "ranked, one system": lambda: dot_plots.ranked(never({"S": "Alone"}, mean=False)),
    "ranked, fifty": lambda: dot_plots.ranked(never(FIFTY, EIGHT), list(FIFTY)[:4]),
    "ranked, fifty, none chosen": lambda: dot_plots.ranked(never(FIFTY, mean=False)),
    "ranked, unbroken name": lambda: dot_plots.ranked(never(UNBROKEN), ["Q1"]),
    "ranked, long codes": lambda: dot_plots.ranked(never({name: name for name in FIFTY.values()}), ["System AC"]),
    "retold percent": lambda: retold("percent"),
    "retold, many units": lambda: retold("percent", "schools", "no unit", "million dollars of the year 2016"),
    "retold, one row": lambda: retold("teachers", value=900.0, source=900.0, repeat=1),
    "retold years": lambda: retold("year", value=2014.0, source=2010.0),
    "retold, no source": lambda: retold("schools", source=np.nan),
    "retold, large": lambda: retold("people", value=2_500_000.0, source=32_000.0),
    "retold, off the scale": lambda: retold("percent", value=140.0, source=-3.0),
    "retold, long labels": lambda: retold("percent", label=LONG),
    "sensitivity": sensitivity,
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_on_each_other_none_cut_off_none_small(name):
    fig = apart_on_screens(FIGURES[name]())
    assert fig.get_figwidth() == style.WIDE
    if name.startswith(("shares", "ranked")):
        assert {ax.get_xlim() for ax in fig.axes if ax.get_visible()} == {(0.0, 1.0)}


def said(fig):
    return [text.get_text() for text, _ in words(fig)]


def intervals(ax):
    return [
        tuple(line.get_xdata())
        for line in ax.get_lines()
        if line.get_marker() == "None" and np.ptp(line.get_ydata()) == 0 and line.get_linewidth() == 2
    ]


@pytest.mark.parametrize("systems", [THREE, dict(list(FIFTY.items())[:8]), {"S": "Alone"}])
def test_each_share_its_interval_and_its_number_are_shown(systems):
    rows = table(systems)
    fig = dot_plots.shares(rows, WORDS)
    for ax, statistic in zip(fig.axes, WORDS, strict=True):
        part = rows[(rows["statistic"] == statistic) & rows["share"].notna()]
        assert sorted(x for x, *_ in marked(ax)) == sorted(part["share"])
        assert sorted(intervals(ax)) == sorted(zip(part["ci_low"], part["ci_high"], strict=True))
        texts = [text.get_text() for text in ax.texts]
        for share in part["share"]:
            texts.remove(percent(share))
        assert texts.count("not asked") == 1
        assert texts.count("too few") == 1
        hollow = [x for x, face, marker in marked(ax) if (face, marker) == (colours.PAPER, "D")]
        assert sorted(hollow) == sorted(part.loc[part["average"], "share"])


def test_each_number_stands_in_the_row_of_its_mark_and_of_its_name():
    rows = table()
    ax = dot_plots.shares(rows, WORDS).axes[0]
    at = {line.get_ydata()[0]: line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() not in ("None", "")}
    numbers = {text.xy[1]: text.get_text() for text in ax.texts if hasattr(text, "xy")}
    assert {y: percent(share) for y, share in at.items()} == numbers
    names = dict(zip(ax.get_yticks(), (text.get_text() for text in ax.get_yticklabels()), strict=True))
    known = rows[rows["statistic"] == "never"].set_index("share")["label"]
    assert all(names[y] == known[share] for y, share in at.items())


def test_a_share_without_interval_is_a_bare_mark_and_tiny_ones_are_not_zero():
    rows = never(mean=False).assign(share=[0.0, 1.0, 0.004, *[0.997] * 6], ci_low=np.nan, ci_high=np.nan)
    fig = dot_plots.shares(rows, {"never": "never"})
    assert len(marked(fig.axes[0])) == 9
    assert np.isnan(intervals(fig.axes[0])).all()
    assert {"0", "100", "<1", ">99"} <= set(said(fig))


def test_an_arrow_goes_on_from_a_share_that_is_the_least():
    rows = never(mean=False).head(2).assign(share=[0.5, np.nan], least=True, note="not printed")
    fig = dot_plots.shares(rows, {"never": "never"}, below="B: a name")
    arrows = [text for text in fig.axes[0].texts if getattr(text, "arrow_patch", None)]
    assert [(text.xyann[0], text.xy[0]) for text in arrows] == [(0.5, 0.7)]
    assert {"50+", "not printed", "B: a name"} <= set(said(fig))


@pytest.mark.parametrize("systems", [THREE, FIFTY])
def test_ranks_run_from_the_smallest_share_to_the_largest_under_the_right_names(systems):
    rows = never(systems, EIGHT)
    chosen = list(systems)[:2]
    fig = dot_plots.ranked(rows, chosen)
    for ax, item in zip(fig.axes, EIGHT, strict=True):
        part = rows[rows["item"] == item].set_index("system")
        by_share = part.sort_values("share", na_position="last")
        assert [x for x, *_ in marked(ax)] == by_share["share"].dropna().tolist()
        coded = ["mean" if code == "Mean of all" else code for code in by_share.index]
        names = [text.get_text().replace("\n", " ") for text in ax.get_yticklabels()]
        assert names == (coded if len(systems) > 12 else by_share["label"].tolist())
        bold = {name.get_text() for name in ax.get_yticklabels() if name.get_weight() == "bold"}
        assert len(bold) == 3
        assert ax.get_title(loc="left").replace("\n", " ") == EIGHT[item]
        notes = {"B": ["not asked"], "C": ["too few"]}
        assert [text.get_text() for text in ax.texts] == notes.get(item, [])
    key = " ".join(said(fig))
    if len(systems) > 12:
        assert all(f"{code} = {systems[code]}" in key for code in chosen)


def test_percentages_run_from_0_to_100_and_years_do_not_start_at_0():
    assert retold("percent").axes[0].get_xlim() == (0, 100)
    assert retold("year", value=2014.0, source=2010.0).axes[0].get_xlim()[0] > 2000
    assert retold("teachers", value=900.0, source=900.0).axes[0].get_xlim()[0] == 0
    low, high = retold("percent", value=140.0, source=-3.0).axes[0].get_xlim()
    assert low <= -3
    assert high >= 140


def test_both_numbers_and_the_sign_stand_beside_each_row():
    texts = said(retold("people", value=2014.0, source=32_000.0, repeat=1))
    assert {"≥2014", "32,000", "kept"} <= set(texts)
    assert said(retold("people", source=np.nan)).count("–") == 2


def test_shares_of_a_question_stand_in_its_row_with_their_numbers_and_what_is_not_asked_is_told():
    rows = never(items=EIGHT)
    fig = dot_plots.shares_by_question(rows.assign(marked=rows["item"].eq("B")), "never")
    (ax,) = fig.axes
    known = rows.dropna(subset="share")
    assert sorted(x for x, *_ in marked(ax)) == sorted(known["share"])
    assert len(intervals(ax)) == len(known)
    rows_of = dict(zip(ax.get_yticks(), EIGHT, strict=True))
    numbers = {text.xy[1]: text.get_text() for text in ax.texts}
    for line in ax.get_lines():
        if line.get_marker() not in ("None", ""):
            x, y = line.get_xdata()[0], line.get_ydata()[0]
            nearest = rows_of[min(rows_of, key=lambda at: abs(at - y))]
            assert numbers[y] == percent(x)
            assert x in set(known.loc[known["item"] == nearest, "share"])
    assert sorted(text for text in numbers.values() if not text.strip("<>").isdigit()) == ["not asked", "too few"]
    bold = [name.get_text().replace("\n", " ") for name in ax.get_yticklabels() if name.get_weight() == "bold"]
    assert bold == [EIGHT["B"]]
    assert {"System A", "System B", "System C", "Mean of all"} <= set(said(fig))


def test_a_mean_of_fewer_systems_says_so_beside_its_number():
    rows = never(items=EIGHT).assign(marked=False)
    of_two = rows["average"] & rows["item"].eq("B")
    rows = rows.assign(label=rows["label"].mask(of_two, "Mean of 2"), n_systems=np.where(of_two, 2, 3))
    fig = dot_plots.shares_by_question(rows, "never")
    share = rows.loc[of_two, "share"].iloc[0]
    assert [text.get_text() for text in fig.axes[0].texts if "mean" in text.get_text()] == [
        f"{percent(share)} (mean of 2)"
    ]
    assert "Mean of all" in said(fig)


def test_odds_beyond_the_axis_end_in_arrows_and_only_clear_ones_are_filled():
    (ax,) = odds(["share", "inspire"]).axes
    marks = marked(ax)
    # Infinity and zero are no places on the axis.
    assert sorted(shape for _, _, shape in marks if shape != "o") == ["<", ">"]
    assert [face for _, face, shape in marks if shape == "o"] == [colours.PAPER] * 3
    assert "not tested" in [text.get_text() for text in ax.texts]
    bold = [name.get_text() for name in ax.get_yticklabels() if name.get_weight() == "bold"]
    assert bold == ["share\nand time"]
    # The second has a line below 1 and is hollow all the same.
    assert "hollow, even where a line is clear of 1: may be chance, as 25 pairs were tried" in " ".join(
        ax.get_xlabel().split()
    )
    (ax,) = odds(["share"], ci_low=0.5, ci_high=9.0).axes
    assert "hollow: may be chance, as 25 pairs were tried" in ax.get_xlabel()


def test_rates_stand_at_their_shares_each_series_in_its_order_and_empty_ones_are_left_out():
    rows = pd.DataFrame({"label": ["a"] * 3 + ["b"] * 3, "series": ["x", "y", "z"] * 2})
    rows["group"] = ["worse"] * 3 + ["better"] * 3
    ax = dot_plots.rates(rows.assign(share=[0.2, 0.3, 0.4, 0.5, 0.6, np.nan]), 0.95, "held").axes[0]
    assert [x for x, *_ in marked(ax)] == [0.2, 0.3, 0.4, 0.5, 0.6]
    assert [line.get_xdata()[0] for line in ax.get_lines() if line.get_linestyle() == "--"] == [0.95]
    heights = [line.get_ydata()[0] for line in ax.get_lines() if line.get_marker() not in ("None", "")]
    first, second = ax.get_yticks()
    assert sorted(heights) == heights
    assert heights[1] == pytest.approx(first)
    assert heights[4] == pytest.approx(second)
