"""Figures of reach and of retold numbers: drawn without warnings, with all their text inside, whatever the rows."""

import itertools

import numpy as np
import pandas as pd
import pytest

from conftest import drawn_inside
from helpers.draw import reach_plots
from helpers.study import retellings

pytestmark = pytest.mark.usefixtures("figure_style")

LONG = (
    "Teachers in schools of the northern coast who say that they have at some time watched a lesson"
)
SIGNS = list(retellings.MEANING)


def reach(values, names):
    parts = pd.DataFrame(
        {"label": names, "value": values, "note": "through others, says the report"}
    )
    return reach_plots.reach(parts.assign(indirect=parts.index > 1), 1.1 * sum(values), "all, says a source")  # fmt: skip


def tally(who, most):
    rows = [(name, sign, (place * most) % 7) for name in who for place, sign in enumerate(SIGNS, 1)]
    return reach_plots.tally(
        pd.DataFrame(rows, columns=["said_by", "sign", "count"]), retellings.MEANING
    )


def beside(units, label="Teachers who watch lessons", value=40.0, source=35.0, repeat=2):
    rows = [(f"{label} {i}", value, unit, source) for unit in units for i in range(repeat)]
    frame = pd.DataFrame(rows, columns=["label", "value", "unit", "source_value"])
    signs = [SIGNS[i % len(SIGNS)] for i in range(len(frame))]
    return reach_plots.beside(frame.assign(sign=signs, bound="≥", source_bound=""))


def chain(says, hands=3):
    rows = [(f"hand {i}", says, "changed" if i else "", says) for i in range(hands)]
    return reach_plots.chain(pd.DataFrame(rows, columns=["who", "says", "sign", "change"]))


def magnitudes(values, label):
    rows = pd.DataFrame(
        {"group": ["people"] + ["places"] * (len(values) - 1), "label": label, "value": values}
    )
    return reach_plots.magnitudes(rows.assign(bound="≥", marked=rows.index == 0), "tenfold steps")


FIGURES = {
    "reach": lambda: reach([32000, 30000, 38000], ["served", "at conferences", "through coaches"]),
    "reach of long names": lambda: reach([5, 1, 900], [LONG[:60]] * 3),
    "signs": lambda: tally(["Foster (2019)", "Berry (2016)"], 5),
    "signs of one document": lambda: tally([LONG], 1),
    "percent": lambda: beside(["percent"]),
    "many units": lambda: beside(["percent", "schools", "no unit", "million dollars of the year 2016"]),
    "one row": lambda: beside(["teachers"], value=900.0, source=900.0, repeat=1),
    "years": lambda: beside(["year"], value=2014.0, source=2010.0),
    "no source": lambda: beside(["schools"], source=np.nan),
    "large": lambda: beside(["people"], value=2_500_000.0, source=32_000.0),
    "off the scale": lambda: beside(["percent"], value=140.0, source=-3.0),
    "long labels": lambda: beside(["percent"], LONG),
    "chain": lambda: chain("half never watch"),
    "chain of long words": lambda: chain(" ".join([LONG] * 3), 5),
    "sizes": lambda: magnitudes([112_000, 2000, 495, 60], "Places"),
    "sizes of long names": lambda: magnitudes([32_000, 50], LONG),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_text_stays_inside_and_rows_apart(name):
    fig = FIGURES[name]()
    drawn_inside(fig)
    for ax in fig.axes:
        shown = [label.get_window_extent() for label in ax.get_yticklabels() if label.get_text()]
        spans = sorted((box.y0, box.y1) for box in shown)
        assert all(a[1] <= b[0] + 2 for a, b in itertools.pairwise(spans)), spans


def test_percentages_run_from_0_to_100_and_years_do_not_start_at_0():
    assert beside(["percent"]).axes[0].get_xlim() == (0, 100)
    assert beside(["year"], value=2014.0, source=2010.0).axes[0].get_xlim()[0] > 2000
    assert beside(["teachers"], value=900.0, source=900.0).axes[0].get_xlim()[0] == 0
    low, high = beside(["percent"], value=140.0, source=-3.0).axes[0].get_xlim()
    assert low <= -3
    assert high >= 140


def test_both_numbers_and_the_sign_stand_beside_each_row():
    fig = beside(["people"], value=2014.0, source=32_000.0, repeat=1)
    texts = [text.get_text() for text in fig.axes[0].texts]
    assert {"≥2014", "32,000", "kept"} <= set(texts)
    missing = [text.get_text() for text in beside(["people"], source=np.nan).axes[0].texts]
    assert missing.count("–") == 2


def test_cells_are_as_many_as_retellings():
    counts = pd.DataFrame({"said_by": ["a", "a", "b"], "sign": ["kept", "changed", "kept"], "count": [3, 2, 4]})  # fmt: skip
    (ax,) = reach_plots.tally(counts, retellings.MEANING).axes
    assert [bar.get_x() for bar in ax.patches] == [0, 1, 2, 3, 4, 0, 1, 2, 3]


def test_parts_are_laid_end_to_end():
    (ax,) = reach([3, 4, 5], ["a", "b", "c"]).axes
    assert [(bar.get_x(), bar.get_width()) for bar in ax.patches] == [
        (0, 3),
        (3, 4),
        (7, 5),
        (0, 12),
    ]
