"""Maps: every cell has its number or a sign, boxes and bands stand where the table says."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from share_rows import EIGHT, FIFTY, LONG, never, percent

from conftest import apart_on_screens
from helpers.draw import colours, maps, style

pytestmark = pytest.mark.usefixtures("figure_style")


def model():
    rows = [("share", "time", "needs"), ("share", "trust", "builds"), ("inspire", "trust", "by the abstract")]
    rows += [("inspire", "time", "needs"), ("share", "knowledgeable colleagues", "needs")]
    looks = {"needs": "full", "by the abstract": "open", "builds": "builds"}
    return maps.model(pd.DataFrame(rows, columns=["practice", "support", "statistic"]), looks)


def co_occurrence(*names, practices=0):
    pairs = [(a, b, 12 - i % 12) for i, a in enumerate(names) for b in names[i:]]
    return maps.co_occurrence(pd.DataFrame(pairs, columns=["code_1", "code_2", "both"]), 16, practices)


def group_sizes():
    rows = [("48 and 49, as printed", 2, True), ("49 and 49", 5, False), ("best of 398 other pairs", 1, False)]
    return maps.group_sizes(pd.DataFrame(rows, columns=["label", "reproduced", "printed"]), 5)


def chain(says, hands=3):
    rows = [(f"hand {i} {says}", says, "changed" if i else "", says) for i in range(hands)]
    return maps.chain(pd.DataFrame(rows, columns=["who", "says", "sign", "change"]))


FIGURES = {
    "model": model,
    "together": lambda: co_occurrence("sharing", "inspiring", LONG, practices=2),
    "one code": lambda: co_occurrence("sharing"),
    "many codes": lambda: co_occurrence(*(f"code {i}" for i in range(20))),
    "group sizes": group_sizes,
    "shares": lambda: maps.shares(never(items=EIGHT)),
    "shares, one cell": lambda: maps.shares(never({"S": "Alone"}, {"A": LONG}, mean=False)),
    "shares, fifty": lambda: maps.shares(never(FIFTY, EIGHT)),
    "chain": lambda: chain("half never watch"),
    "chain of long words": lambda: chain(" ".join([LONG] * 3), 5),
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_on_each_other_none_cut_off_none_small(name):
    assert apart_on_screens(FIGURES[name]()).get_figwidth() == style.WIDE


def test_the_map_has_every_number_in_its_cell_and_signs_where_there_is_none():
    rows = never(FIFTY, EIGHT, mean=False)
    (ax,) = maps.shares(rows).axes
    names = [text.get_text().replace("\n", " ") for text in ax.get_yticklabels()]
    means = rows.groupby("label")["share"].mean()
    assert [means[name] for name in names] == sorted(means, reverse=True)
    cells = {text.get_position(): text.get_text() for text in ax.texts}
    assert len(cells) == len(rows)
    absent = {}
    for row in rows.itertuples():
        text = cells[list(EIGHT).index(row.item) + 0.5, names.index(row.label) + 0.5]
        if row.share == row.share:
            assert text == percent(row.share)
        else:
            absent[row.note] = text
    assert sorted(absent.values()) == sorted("–×")
    assert sum(patch.get_hatch() is not None for patch in ax.patches) == 2
    assert f"{absent['not administered']}  not asked" in ax.get_xlabel()
    assert f"{absent['fewer than 30 respondents']}  too few" in ax.get_xlabel()


def test_pairs_stand_below_the_diagonal_and_those_that_most_have_are_framed_and_bold():
    fig = co_occurrence("a", "b", "c", practices=2)
    (ax,) = fig.axes
    cells = {text.get_position(): (text.get_text(), text.get_weight()) for text in ax.texts}
    assert cells == {
        (0.5, 0.5): ("12", "normal"), (0.5, 1.5): ("12", "bold"), (0.5, 2.5): ("12", "bold"),
        (1.5, 1.5): ("11", "normal"), (1.5, 2.5): ("11", "normal"), (2.5, 2.5): ("10", "normal"),
    }  # fmt: skip
    frames = [box.get_xy() for box in ax.patches if box.get_linewidth() == 2]
    assert frames == [(0, 1), (0, 2)]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "3"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a\u00a0\u00a01", "b\u00a0\u00a02", "c\u00a0\u00a03"]
    assert ax.get_xlabel() == "1 to 2: practices, 3 to 3: supports"


def test_nothing_is_framed_where_nobody_has_two():
    pairs = pd.DataFrame({"code_1": ["a", "a", "b"], "code_2": ["a", "b", "b"], "both": [3, 0, 2]})
    (ax,) = maps.co_occurrence(pairs, 12).axes
    assert not [box for box in ax.patches if box.get_linewidth() == 2]


def test_a_need_is_a_box_which_is_hollow_by_the_abstract_alone_and_what_is_built_a_triangle():
    (ax,) = model().axes
    boxes = [(int(b.get_x()), int(b.get_y()), to_hex(b.get_facecolor())) for b in ax.patches]
    assert boxes == [
        (0, 0, colours.PRINTED),
        (1, 1, colours.PAPER),
        (0, 1, colours.PRINTED),
        (2, 0, colours.PRINTED),
    ]
    (triangle,) = ax.get_lines()
    assert (triangle.get_marker(), *triangle.get_xydata()[0]) == ("^", 1.5, 0.5)


def test_at_the_end_of_a_row_stands_how_many_supports_it_needs():
    (ax,) = model().axes
    assert [text.get_text() for text in ax.texts] == ["2", "1 or 2"]


def test_as_many_boxes_are_filled_as_tests_come_out():
    (ax,) = group_sizes().axes
    full = [to_hex(box.get_facecolor()) for box in ax.patches if to_hex(box.get_facecolor()) != colours.PAPER]
    assert full == [colours.PRINTED] * 2 + [colours.OURS] * 6
    assert len(ax.patches) == 15
    assert ax.patches[0].get_gid() == "told: 48 and 49, as printed: 2 of 5"
    assert {text.get_text(): text.get_weight() for text in ax.texts} == {
        "2 of 5": "normal",
        "5 of 5": "bold",
        "1 of 5": "normal",
    }


def test_cells_tell_their_values_and_those_without_one_nothing():
    rows = never(FIFTY, EIGHT, mean=False)
    (ax,) = maps.shares(rows).axes
    told = [patch.get_gid() for patch in ax.patches if patch.get_gid()]
    assert len(told) == rows["share"].notna().sum()
    row = rows.dropna(subset="share").iloc[0]
    assert f"told: {row['label']}, {row['item_label']}: {percent(row['share'])}%" in told
