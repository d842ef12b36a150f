"""Figures of shares: what stands in them is what the table has, and no two words lie on each other."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from helpers.draw import share_plots, style

pytestmark = pytest.mark.usefixtures("figure_style")

LONG = (
    "Work with other teachers in this school to ensure common standards in evaluations of progress"
)
ITEMS = {"A": "Teach together", "B": "Observe colleagues and give feedback", "C": LONG}
EIGHT = ITEMS | {code: f"Practice {code} with colleagues" for code in "DEFGH"}
THREE = {"XXA": "System A", "XXB": "System B", "XXC": "System C"}
FIFTY = {
    f"{a}{b}W": f"System {a}{b}" + " of a federation of many parts" * (b in "CH")
    for a, b in itertools.product("ABCDE", "ABCDEFGHIJ")
}
UNBROKEN = {"Q1": "Bezirksschulratsvorsitzendenkonferenzbezirk", "Q2": "North"}
CATEGORIES = ["Never", "Once a year or less", "2-4 times a year", "5-10 times a year", "1-3 times a month", "Once a week or more"]  # fmt: skip
WORDS = {"never": "never", "monthly": "at least once a month"}


def table(systems=THREE, items=ITEMS, statistics=WORDS, mean=True):
    """Shares with gaps: the last system was not asked B, the first has too few answers to C."""
    rng = np.random.default_rng(5)
    names = systems | ({"Mean of all": "Mean of all"} if mean else {})
    keys = pd.MultiIndex.from_product([names, items, statistics], names=["system", "item", "statistic"])  # fmt: skip
    rows = keys.to_frame(index=False).assign(share=rng.uniform(0.02, 0.98, len(keys)), note="")
    codes = list(systems)
    for system, item, note in (
        (codes[-1], "B", "not administered"),
        (codes[0], "C", "fewer than 30 respondents"),
    ):
        cells = rows["system"].eq(system) & rows["item"].eq(item)
        rows.loc[cells, ["share", "note"]] = np.nan, note
    return rows.assign(
        ci_low=(rows["share"] - 0.03).clip(0, 1),
        ci_high=(rows["share"] + 0.03).clip(0, 1),
        label=rows["system"].map(names),
        item_label=rows["item"].map(items),
        average=rows["system"].eq("Mean of all"),
    )


def never(*args, **options):
    return table(*args, statistics=["never"], **options)


def distribution(systems=THREE, items=ITEMS):
    shares = np.random.default_rng(6).dirichlet(np.full(6, 2.0), (len(systems), len(items)))
    rows = [
        (code, name, item, text, category, shares[s, i, c], 3121, "")
        for s, (code, name) in enumerate(systems.items())
        for i, (item, text) in enumerate(items.items())
        for c, category in enumerate(CATEGORIES)
    ]
    columns = ["system", "label", "item", "item_label", "statistic", "share", "n", "note"]
    rows = pd.DataFrame(rows, columns=columns)
    hidden = rows["system"].eq(list(systems)[-1]) & rows["item"].eq("B")
    rows.loc[hidden, ["share", "note"]] = np.nan, "not administered"
    return rows


def moved(systems=THREE, items=ITEMS, pairs=((2013, 2018),)):
    rows = never(systems, items, mean=False)
    rows = pd.concat([rows.assign(cycle_1=one, cycle_2=two) for one, two in pairs])
    rows = rows.assign(share_1=rows["share"], estimate=np.linspace(-0.11, 0.123, len(rows)))
    rows["estimate"] = rows["estimate"].where(rows["share"].notna())
    rows["share_2"] = (rows["share_1"] + rows["estimate"]).clip(0, 1)
    return rows.assign(ci_low=rows["estimate"] - 0.05, ci_high=rows["estimate"] + 0.05)


def apart(first="System A", second="System B"):
    rows = moved({"XXA": first}, EIGHT).assign(label_1=first, label_2=second)
    return rows.assign(p_holm=[0.001, 0.2, np.nan, 0.049, 0.051, 0.9, 0.04, 1.0])


def single():
    rows = [
        ("Chile, 2013", "B", "never", 0.558, 1, "A journal article with a long name (2017), Table 4, its columns"),
        ("Chile, 2013", "B", "never", 0.588, 1, "Abstract of a conference"),
        ("Portugal, 2013", "B", "never", 0.71, 0, "Abstract of a conference"),
        ("Portugal, 2013", "C", "never", 0.9, 0, "One source"),
        ("Portugal, 2013", "C", "never", 0.8, 0, "Another source"),
        ("Mean of the OECD, 2018", "C", "monthly", 0.47, 0, "The report"),
    ]  # fmt: skip
    columns = ["label", "item", "statistic", "share", "decimals", "source"]
    rows = pd.DataFrame(rows, columns=columns)
    return rows.assign(item_label=rows["item"].map(ITEMS))


FIGURES = {
    "dots": lambda: share_plots.dots(table(items=EIGHT), WORDS),
    "dots, one system, one statistic": lambda: share_plots.dots(never({"S": "Alone"}, mean=False), {"never": "never"}),
    "dots, eight systems": lambda: share_plots.dots(table(dict(list(FIFTY.items())[:8])), WORDS),
    "dots, unbroken name": lambda: share_plots.dots(table(UNBROKEN), WORDS),
    "dots, nothing to show": lambda: share_plots.dots(table().assign(share=np.nan), WORDS),
    "ranked": lambda: share_plots.ranked(never(items=EIGHT), ["XXA"]),
    "ranked, one system": lambda: share_plots.ranked(never({"S": "Alone"}, mean=False)),
    "ranked, fifty": lambda: share_plots.ranked(never(FIFTY, EIGHT), list(FIFTY)[:4]),
    "ranked, fifty, none chosen": lambda: share_plots.ranked(never(FIFTY, mean=False)),
    "ranked, unbroken name": lambda: share_plots.ranked(never(UNBROKEN), ["Q1"]),
    "ranked, long codes": lambda: share_plots.ranked(never({name: name for name in FIFTY.values()}), ["System AC"]),
    "heat": lambda: share_plots.heat(never(items=EIGHT)),
    "heat, one cell": lambda: share_plots.heat(never({"S": "Alone"}, {"A": LONG}, mean=False)),
    "heat, fifty": lambda: share_plots.heat(never(FIFTY, EIGHT)),
    "bars": lambda: share_plots.bars(distribution(items=EIGHT), CATEGORIES),
    "bars, one system": lambda: share_plots.bars(distribution({"S": "Alone"}), CATEGORIES),
    "bars, long names": lambda: share_plots.bars(distribution(UNBROKEN), CATEGORIES),
    "changes": lambda: share_plots.changes(moved(items=EIGHT)),
    "changes, one system": lambda: share_plots.changes(moved({"S": "Alone"})),
    "changes, three cycles": lambda: share_plots.changes(moved(pairs=[(2013, 2018), (2018, 2024), (2013, 2024)])),
    "differences": lambda: share_plots.differences(apart()),
    "differences, long names": lambda: share_plots.differences(apart(LONG, UNBROKEN["Q1"])),
    "printed": lambda: share_plots.printed(single()),
}  # fmt: skip


def texts(fig):
    """Every text to be seen, with its box; the ticks outside of an axis are none."""
    fig.draw_without_rendering()
    found = []
    for text in fig.findobj(lambda part: isinstance(part, Text) and part.get_visible()):
        if not text.get_text().strip() or (text.axes is not None and not text.axes.get_visible()):
            continue
        found.append((text, text.get_window_extent()))
    return found


def shown(fig):
    return [text.get_text() for text, _ in texts(fig)]


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_on_each_other_none_cut_off_none_small(name):
    fig = FIGURES[name]()
    assert fig.get_figwidth() == style.WIDTH
    found = texts(fig)
    width, height = fig.get_size_inches() * fig.dpi
    edge = 0.05 * fig.dpi  # a saved figure has more than that around it
    for text, box in found:
        assert text.get_fontsize() >= 8.5, text
        assert box.x0 > -edge, text
        assert box.x1 < width + edge, text
        assert box.y0 > -edge, text
        assert box.y1 < height + edge, text
    # A box has room above its letters for accents that are not there: two points may be shared.
    slack = 2 / 72 * fig.dpi
    for (one, box), (two, other) in itertools.combinations(found, 2):
        wide = min(box.x1, other.x1) - max(box.x0, other.x0)
        tall = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert wide <= 0.5 or tall <= slack, (one, two)


@pytest.mark.parametrize("name", [name for name in FIGURES if not name.startswith(("heat", "diff"))])  # fmt: skip
def test_shares_stand_on_the_whole_scale(name):
    fig = FIGURES[name]()
    axes = [ax for ax in fig.axes if ax.get_visible()]
    if name.startswith("changes"):
        low, high = axes.pop().get_xlim()
        assert low == -high
    assert {ax.get_xlim() for ax in axes} == {(0.0, 1.0)}


def percent(share):
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def marks(ax):
    """Places of the marks of an axis, as drawn."""
    return [
        (line.get_xdata()[0], line.get_markerfacecolor(), line.get_marker())
        for line in ax.get_lines()
        if line.get_marker() not in ("None", "") and len(line.get_xdata()) == 1
    ]


def intervals(ax):
    return [
        tuple(line.get_xdata())
        for line in ax.get_lines()
        if line.get_marker() == "None"
        and np.ptp(line.get_ydata()) == 0
        and line.get_linewidth() == 2
    ]


@pytest.mark.parametrize("systems", [THREE, dict(list(FIFTY.items())[:8]), {"S": "Alone"}])
def test_dots_show_each_share_its_interval_and_its_number(systems):
    rows = table(systems)
    fig = share_plots.dots(rows, WORDS)
    for ax, statistic in zip(fig.axes, WORDS, strict=True):
        part = rows[(rows["statistic"] == statistic) & rows["share"].notna()]
        assert sorted(x for x, *_ in marks(ax)) == sorted(part["share"])
        assert sorted(intervals(ax)) == sorted(zip(part["ci_low"], part["ci_high"], strict=True))
        words = [text.get_text() for text in ax.texts]
        for share in part["share"]:
            words.remove(percent(share))
        assert words.count("not asked") == 1
        assert words.count("too few") == 1
        hollow = [x for x, face, marker in marks(ax) if (face, marker) == ("white", "D")]
        assert sorted(hollow) == sorted(part.loc[part["average"], "share"])


def test_each_number_stands_in_the_row_of_its_mark_and_of_its_name():
    rows = table()
    fig = share_plots.dots(rows, WORDS)
    ax = fig.axes[0]
    at = {line.get_ydata()[0]: line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() not in ("None", "")}  # fmt: skip
    numbers = {text.xy[1]: text.get_text() for text in ax.texts if hasattr(text, "xy")}
    assert {y: percent(share) for y, share in at.items()} == numbers
    names = dict(zip(ax.get_yticks(), (text.get_text() for text in ax.get_yticklabels()), strict=True))  # fmt: skip
    known = rows[rows["statistic"] == "never"].set_index("share")["label"]
    assert all(names[y] == known[share] for y, share in at.items())


def test_a_share_without_interval_is_a_bare_mark_and_tiny_ones_are_not_zero():
    rows = never(mean=False).assign(share=[0.0, 1.0, 0.004, *[0.997] * 6], ci_low=np.nan, ci_high=np.nan)  # fmt: skip
    fig = share_plots.dots(rows, {"never": "never"})
    assert len(marks(fig.axes[0])) == 9
    assert np.isnan(intervals(fig.axes[0])).all()
    assert {"0", "100", "<1", ">99"} <= set(shown(fig))


@pytest.mark.parametrize("systems", [THREE, FIFTY])
def test_ranks_run_from_the_smallest_share_to_the_largest_under_the_right_names(systems):
    rows = never(systems, EIGHT)
    chosen = list(systems)[:2]
    fig = share_plots.ranked(rows, chosen)
    for ax, item in zip(fig.axes, EIGHT, strict=True):
        part = rows[rows["item"] == item].set_index("system")
        by_share = part.sort_values("share", na_position="last")
        assert [x for x, *_ in marks(ax)] == by_share["share"].dropna().tolist()
        coded = ["mean" if code == "Mean of all" else code for code in by_share.index]
        names = [text.get_text().replace("\n", " ") for text in ax.get_yticklabels()]
        assert names == (coded if len(systems) > 12 else by_share["label"].tolist())
        bold = {name.get_text() for name in ax.get_yticklabels() if name.get_weight() == "bold"}
        assert len(bold) == 3
        *notes, title = (text.get_text() for text in ax.texts)
        assert title.replace("\n", " ") == EIGHT[item]
        assert notes == {"B": ["not asked"], "C": ["too few"]}.get(item, [])
    key = " ".join(shown(fig))
    if len(systems) > 12:
        assert all(f"{code} = {systems[code]}" in key for code in chosen)


def test_the_map_has_every_number_in_its_cell_and_signs_where_there_is_none():
    rows = never(FIFTY, EIGHT, mean=False)
    fig = share_plots.heat(rows)
    (ax,) = fig.axes
    names = [text.get_text().replace("\n", " ") for text in ax.get_yticklabels()]
    means = rows.groupby("label")["share"].mean()
    assert [means[name] for name in names] == sorted(means, reverse=True)
    cells = {text.get_position(): text.get_text() for text in ax.texts}
    assert len(cells) == len(rows)
    for row in rows.itertuples():
        place = list(EIGHT).index(row.item) + 0.5, names.index(row.label) + 0.5
        expected = percent(row.share) if row.share == row.share else {"B": "–", "C": "×"}[row.item]
        signs = {expected} if row.share == row.share else {"–", "×"}
        assert cells[place] in signs
    assert sum(patch.get_hatch() is not None for patch in ax.patches) == 2
    words = ax.get_xlabel()
    absent = {row.note: cells[list(EIGHT).index(row.item) + 0.5, names.index(row.label) + 0.5] for row in rows[rows["share"].isna()].itertuples()}  # fmt: skip
    assert f"{absent['not administered']}  not asked" in words
    assert f"{absent['fewer than 30 respondents']}  too few" in words


def test_bars_add_up_and_carry_numbers_from_six_percent_on():
    rows = distribution()
    rows.loc[rows["item"].eq("A") & rows["system"].eq("XXA"), "share"] = [0.345, 0.06, 0.059, 0, 0.5, 0.036]  # fmt: skip
    fig = share_plots.bars(rows, CATEGORIES)
    (ax,) = fig.axes
    known = rows.dropna(subset="share")
    assert [patch.get_width() for patch in ax.patches] == pytest.approx(known["share"].tolist())
    ends = [patch.get_x() + patch.get_width() for patch in ax.patches][5::6]
    assert ends == pytest.approx(np.ones(8))
    numbers = [text.get_text() for text in ax.texts if text.get_text().isdigit()]
    halves_up = known.loc[known["share"] >= 0.06, "share"]
    assert sorted(numbers) == sorted(str(int(np.floor(100 * share + 0.5 + 1e-9))) for share in halves_up)  # fmt: skip
    words = shown(fig)
    assert words.count("n = 3,121") == 8
    assert words.count("not asked") == 1
    assert set(CATEGORIES) <= set(words)


def test_a_bar_that_lacks_a_category_is_not_drawn():
    rows = distribution({"S": "Alone"}, {"A": "a"})
    fig = share_plots.bars(rows.drop(index=2), CATEGORIES)
    assert not fig.axes[0].patches
    assert "no value" in shown(fig)


def test_changes_run_from_hollow_to_filled_with_the_numbers_beside():
    rows = moved()
    fig = share_plots.changes(rows)
    left, right = fig.axes
    known = rows.dropna(subset="estimate")
    for face, share in (("white", "share_1"), (style.BLUE, "share_2")):
        drawn = [x for x, colour, _ in marks(left) if colour == face and not np.isnan(x)]
        assert sorted(drawn) == sorted(known[share])
    assert sorted(x for x, *_ in marks(right)) == sorted(known["estimate"])
    assert "−11.0  [−16.0, −6.0]" in shown(fig)
    assert "+12.3  [+7.3, +17.3]" in shown(fig)
    assert [shown(fig).count(note) for note in ("not asked", "too few")] == [1, 1]


def test_differences_are_filled_where_clear_and_sides_are_named():
    rows = apart()
    fig = share_plots.differences(rows)
    (ax,) = fig.axes
    known = rows.dropna(subset="estimate")
    assert [x for x, *_ in marks(ax)] == known["estimate"].tolist()
    filled = [face != "white" for _, face, _ in marks(ax)]
    assert filled == (known["p_holm"] < 0.05).tolist()
    sides = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert sides["← larger in\nSystem B"] < 0.5 < sides["larger in →\nSystem A"]
    assert ax.get_xlim()[0] == -ax.get_xlim()[1]


def test_printed_values_keep_their_decimals_and_conflicts_are_joined():
    fig = share_plots.printed(single())
    (ax,) = fig.axes
    words = shown(fig)
    for number in ("55.8 %", "58.8 %", "71 %", "90 %", "80 %", "47 %"):
        assert words.count(number) == 1
    assert {"3.0 points apart", "10 points apart"} <= set(words)
    joined = [sorted(line.get_xdata()) for line in ax.get_lines() if np.ptp(line.get_ydata()) > 0]
    assert joined == [[0.558, 0.588], [0.8, 0.9]]
    drawn = [x for x, *_ in marks(ax)]
    assert sorted(drawn) == sorted(single()["share"])
