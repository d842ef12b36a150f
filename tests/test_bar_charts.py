"""Bar charts: bars are as long as the table says, laid end to end, with their numbers where there is room."""

import numpy as np
import pandas as pd
import pytest
from share_rows import CATEGORIES, EIGHT, LONG, UNBROKEN, distribution

from conftest import apart_on_screens, words
from helpers.draw import bar_charts, style
from helpers.project import SAID, VERDICTS
from helpers.study import retellings

pytestmark = pytest.mark.usefixtures("figure_style")

SIGNS = list(retellings.MEANING)
ANSWERS = ["VERY WEAK", "WEAK", "NEUTRAL", "STRONG", "VERY STRONG"]


def waterfall(values, names):
    parts = pd.DataFrame({"label": names, "value": values, "note": "through others, says one"})
    parts = parts.assign(indirect=parts.index > 1)
    return bar_charts.waterfall(parts, 1.1 * sum(values), "all, says a source")


def tally(who, most):
    rows = [(name, sign, (place * most) % 7) for name in who for place, sign in enumerate(SIGNS, 1)]
    rows = pd.DataFrame(rows, columns=["said_by", "sign", "count"])
    return bar_charts.tally(rows, retellings.MEANING)


def verdicts(documents):
    rows = [(d, v, 10 * i**2) for d in documents for i, v in enumerate(SAID)]
    return bar_charts.verdicts(pd.DataFrame(rows, columns=["document", "verdict", "rows"]), SAID)


def by_year(panels):
    rows = [(p, str(t), a, 0.2, 50) for p in panels for t in range(2013, 2017) for a in ANSWERS]
    rows = pd.DataFrame(rows, columns=["panel", "year", "answer", "share", "n"]).assign(said="40% of 50")
    return bar_charts.shares_by_year(rows, ANSWERS, "strong or very strong together")


def diverging_rows(answers, label="watching lessons"):
    shares = np.random.default_rng(3).dirichlet(np.ones(answers), 3)
    rows = [(f"{label} {i}", f"answer {a}", shares[i, a], 57) for i in range(3) for a in range(answers)]
    return pd.DataFrame(rows, columns=["label", "statistic", "share", "n"])


def diverging(answers, label="watching lessons"):
    return bar_charts.diverging(
        diverging_rows(answers, label), [f"answer {a}" for a in range(answers)], "“quite” and “very” together"
    )


WHO = pd.DataFrame({"part": ["Heads", "Teachers", LONG[:20]], "value": [17, 23, 15]})
WHO["marked"] = [False, True, False]
FIGURES = {
    "composition": lambda: bar_charts.composition(WHO),
    "verdicts": lambda: verdicts(["Foster (California)", "Cassata and Allensworth (Chicago)"]),
    "reach": lambda: waterfall([32000, 30000, 38000], ["served", "at conferences", "through coaches"]),
    "reach of long names": lambda: waterfall([5, 1, 900], [LONG[:60]] * 3),
    "signs": lambda: tally(["Foster (2019)", "Berry (2016)"], 5),
    "signs of one document": lambda: tally([LONG], 1),
    "shares of one panel": lambda: by_year(["all"]),
    "shares of many panels": lambda: by_year([f"panel {i}" for i in range(7)]),
    "distributions": lambda: bar_charts.distributions(distribution(items=EIGHT), CATEGORIES),
    "distributions, one system": lambda: bar_charts.distributions(distribution({"S": "Alone"}), CATEGORIES),
    "distributions, long names": lambda: bar_charts.distributions(distribution(UNBROKEN), CATEGORIES),
    "four answers": lambda: diverging(4),
    "five answers, long names": lambda: diverging(5, LONG),
    "two answers": lambda: diverging(2),
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_words_on_each_other_none_cut_off_none_small(name):
    fig = apart_on_screens(FIGURES[name]())
    assert fig.get_figwidth() == style.WIDE
    if name.startswith(("shares", "distributions")):
        assert {ax.get_xlim() for ax in fig.axes} == {(0.0, 1.0)}


def bars(ax):
    return [(bar.get_x(), bar.get_width()) for bar in ax.patches]


def said(fig):
    return [text.get_text() for text, _ in words(fig)]


def test_cells_are_as_many_as_retellings():
    counts = pd.DataFrame({"said_by": ["a", "a", "b"], "sign": ["kept", "changed", "kept"], "count": [3, 2, 4]})
    fig = bar_charts.tally(counts, retellings.MEANING)
    (ax,) = fig.axes
    assert bars(ax) == [(0, 3), (0, 4), (3, 2), (4, 0)]
    cuts = [[path.vertices[0, 0] for path in lines.get_paths()] for lines in ax.collections]
    assert cuts == [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3], [1, 2, 3]]  # from both edges of a bar
    assert {"3", "2", "4", "of 5", "of 4"} <= set(said(fig))


def test_parts_are_laid_end_to_end():
    (ax,) = waterfall([3, 4, 5], ["a", "b", "c"]).axes
    assert bars(ax) == [(0, 3), (3, 4), (7, 5), (0, 12)]


def test_parts_make_one_bar_with_their_sum_above():
    fig = bar_charts.composition(WHO)
    assert bars(fig.axes[0]) == [(0, 17), (17, 23), (40, 15)]
    assert {"55 in all", "17\nHeads", "23\nTeachers"} <= set(said(fig))
    first, marked, last = (bar.get_facecolor() for bar in fig.axes[0].patches)
    assert first == last != marked


def test_answers_of_groups_stand_under_their_item():
    rows = diverging_rows(4).assign(item=["joint planning"] * 8 + ["feedback"] * 4)
    fig = bar_charts.diverging(rows, [f"answer {a}" for a in range(4)], "together")
    assert bars(fig.axes[0]) == bars(diverging(4).axes[0])
    assert {"joint planning", "feedback"} <= set(said(fig))


def test_answers_above_the_middle_stand_to_the_right_and_a_middle_in_both():
    for answers in (4, 5):
        starts = np.array(bars(diverging(answers).axes[0])).reshape(answers, 3, 2)
        x, width = starts[..., 0], starts[..., 1]
        assert width.sum(axis=0) == pytest.approx(np.ones(3))
        half = answers // 2
        middle = x[half] + (width[half] / 2 if answers % 2 else 0)
        assert middle == pytest.approx(np.zeros(3), abs=1e-12)


def test_the_end_of_a_bar_tells_what_is_above_the_middle_bold_where_most_or_least():
    """One number, not two that add up to another by rounding: 40.5 + 39.9 is 80, though its parts read 41 and 40."""
    parts = {"a": [0.05, 0.146, 0.405, 0.399], "b": [0.2, 0.3, 0.25, 0.25], "c": [0.25, 0.35, 0.2, 0.2]}
    rows = [(name, f"answer {a}", share, 57) for name, own in parts.items() for a, share in enumerate(own)]
    rows = pd.DataFrame(rows, columns=["label", "statistic", "share", "n"])
    (ax,) = bar_charts.diverging(rows, [f"answer {a}" for a in range(4)], "together").axes
    ends = {text.get_text(): text.get_weight() for text in ax.texts if text.get_text().endswith("%")}
    assert ends == {"80%": "bold", "50%": "normal", "40%": "bold"}
    assert [name.get_weight() for name in ax.get_yticklabels()] == ["bold", "normal", "bold"]


def test_each_verdict_has_words_for_readers_and_bars_are_of_all_numbers_of_a_document():
    assert list(SAID) == list(VERDICTS)
    fig = verdicts(["a", "b"])
    (ax,) = fig.axes
    rows = np.array(bars(ax)).reshape(3, 4, 2)
    assert rows[..., 1].sum(axis=1) == pytest.approx(np.ones(3))
    assert {*SAID.values(), "20 contradicted", "10 contradicted"} <= set(said(fig))


def test_bars_add_up_and_carry_numbers_from_six_percent_on():
    rows = distribution()
    rows.loc[rows["item"].eq("A") & rows["system"].eq("XXA"), "share"] = [0.345, 0.06, 0.059, 0, 0.5, 0.036]
    fig = bar_charts.distributions(rows, CATEGORIES)
    (ax,) = fig.axes
    known = rows.dropna(subset="share")
    assert [width for _, width in bars(ax)] == pytest.approx(known["share"].tolist())
    assert [x + width for x, width in bars(ax)][5::6] == pytest.approx(np.ones(8))
    texts = said(fig)
    numbers = [text.get_text() for text in ax.texts if text.get_text().isdigit()]
    halves_up = known.loc[known["share"] >= 0.06, "share"]
    assert sorted(numbers) == sorted(str(int(np.floor(100 * share + 0.5 + 1e-9))) for share in halves_up)
    assert texts.count("n = 3,121") == 8
    assert texts.count("not asked") == 1
    assert set(CATEGORIES) <= set(texts)


def test_what_is_said_at_the_right_has_its_head_there_and_none_among_the_colours():
    fig = by_year(["all"])
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == [answer.lower() for answer in ANSWERS]
    assert "strong or\nvery strong\ntogether" in said(fig)
    assert said(fig).count("40% of 50") == 4


def test_the_name_of_a_marked_row_is_bold():
    rows = distribution({"S": "Alone"}, EIGHT)
    fig = bar_charts.distributions(rows.assign(marked=rows["item"].eq("B")), CATEGORIES)
    bold = [name.get_text() for name in fig.axes[0].get_yticklabels() if name.get_weight() == "bold"]
    assert [text.replace("\n", " ") for text in bold] == [EIGHT["B"]]


def test_a_bar_that_lacks_a_category_is_not_drawn():
    rows = distribution({"S": "Alone"}, {"A": "a"})
    fig = bar_charts.distributions(rows.drop(index=2), CATEGORIES)
    assert not fig.axes[0].patches
    assert "no value" in said(fig)


def test_no_line_runs_through_a_heading():
    """A pane of the page's colour lies over the lines of every panel where a heading stands, and under the heading."""
    fig = by_year(["Elementary schools", "High schools"])
    (ax,) = fig.axes
    fig.draw_without_rendering()
    panes = [pane for pane in ax.collections if pane.get_zorder() == 2.5]
    heads = [text for text in ax.texts if text.get_text() in ("Elementary schools", "High schools")]
    assert len(panes) == len(heads) == 2
    for pane, head in zip(panes, heads, strict=True):
        assert head.get_zorder() > 2.5
        box, words = pane.get_window_extent(), head.get_window_extent()
        assert box.y0 <= words.y0
        assert words.y1 <= box.y1
