"""Cards: nothing is shown that lacks what a reader needs, and nothing simulated passes for more."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from conftest import ROOT
from helpers.draw import style
from helpers.notebook import cards, session

DATA = pd.DataFrame({"item": ["a", "b"], "estimate": [1 / 3, 2.0]})
GOOD = {
    "title": "Two numbers",
    "caption": "Two numbers, drawn to have something to show.",
    "alt": "Two dots, the first at a third and the second at two, far to its right.",
    "data": DATA,
    "sources": ["data/published/001-table1.csv"],
    "state": "recomputed",
}


@pytest.fixture
def run(tmp_path):
    for name in ("figures", "tables"):
        (tmp_path / name).mkdir()
    return session.Session(
        "04-example", {"size": 3, "data": ""}, {"size": 2, "data": ""}, tmp_path, "../"
    )


def draw():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    return fig


def test_figure_card_saves_and_shows_everything(run, tmp_path):
    shown = BeautifulSoup(cards.figure(run, draw(), "two-numbers", **GOOD).data, "html.parser")
    for ending in ("svg", "png", "csv"):
        assert (tmp_path / "figures" / f"04-example--two-numbers.{ending}").stat().st_size > 0
    assert shown.img["alt"] == GOOD["alt"]
    assert shown.figcaption.b.text == "Figure 4.1. Two numbers."
    assert [link["href"] for link in shown.find_all("a")] == [
        f"../figures/04-example--two-numbers.{ending}" for ending in ("svg", "png", "csv")
    ]
    text = shown.get_text()
    for part in ("recomputed", "data/published/001-table1.csv", "size = 3", GOOD["caption"]):
        assert part in text
    saved = pd.read_csv(tmp_path / "figures" / "04-example--two-numbers.csv")
    assert saved["state"].unique().tolist() == ["recomputed"]
    assert saved["estimate"][0] == pytest.approx(1 / 3, rel=1e-11)
    record = session.lines(tmp_path)[0]
    assert (record["kind"], record["number"], record["state"]) == (
        "figure",
        "Figure 4.1",
        "recomputed",
    )


def test_state_stands_on_the_figure_itself(run):
    fig = draw()
    cards.figure(run, fig, "plain", **GOOD)
    assert any("recomputed" in text.get_text() for text in fig.texts)
    fig = draw()
    simulated = {"sources": ["data/simulated/05-satisfaction.csv"], "state": "simulated"}
    cards.figure(run, fig, "made-up", **(GOOD | simulated))
    assert any("SIMULATED" in text.get_text() for text in fig.texts)


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        ({"alt": ""}, "alternative text"),
        ({"alt": "A figure."}, "alternative text"),
        (
            {"alt": "No description has been provided for this image, which is a great pity."},
            "alternative text",
        ),
        ({"caption": ""}, "lacks a caption"),
        ({"title": " "}, "lacks a title"),
        ({"data": DATA.head(0)}, "lacks data"),
        ({"sources": []}, "lacks the data files"),
        ({"sources": ["data/published/none.csv"]}, "no data file data/published/none.csv"),
        ({"state": "measured"}, "lacks a state"),
        ({"state": "simulated"}, "does not fit its sources"),
        (
            {"sources": ["data/simulated/05-satisfaction.csv"], "state": "microdata"},
            "does not fit its sources",
        ),
    ],
)
def test_a_card_that_lacks_something_is_refused(run, tmp_path, spoilt, reason):
    with pytest.raises(cards.CardError, match=reason):
        cards.figure(run, draw(), "two-numbers", **(GOOD | spoilt))
    assert list((tmp_path / "figures").iterdir()) == []


@pytest.mark.parametrize("name", ["Two", "two numbers", "../two", "two--numbers"])
def test_names_that_are_no_file_names(run, name):
    with pytest.raises(cards.CardError, match="joined by hyphens"):
        cards.figure(run, draw(), name, **GOOD)


def test_a_copy_of_a_simulated_file_stays_simulated(tmp_path):
    copy = tmp_path / "my-real-data.csv"
    copy.write_bytes((ROOT / "data" / "simulated" / "05-satisfaction.csv").read_bytes())
    assert cards.state_of(copy) == "simulated"
    copy.write_text("a,b\n1,2\n")
    assert cards.state_of(copy) == "microdata"


def test_running_a_cell_again_keeps_its_number(run):
    style.use()
    first = cards.figure(run, draw(), "one", **GOOD)
    cards.figure(run, draw(), "two", **GOOD)
    assert cards.figure(run, draw(), "one", **GOOD).data == first.data


def test_table_card_has_caption_and_header_scopes(run, tmp_path):
    table = {key: GOOD[key] for key in ("title", "caption", "sources", "state")}
    shown = BeautifulSoup(
        cards.table(run, DATA, "numbers", **table, decimals={"estimate": 2}).data, "html.parser"
    )
    assert shown.table.contents[0].name == "caption"
    assert "Table 4.1. Two numbers." in shown.caption.get_text()
    assert [cell["scope"] for cell in shown.thead.find_all("th")] == ["col", "col"]
    assert [cell.get_text() for cell in shown.tbody.find_all("th", scope="row")] == ["a", "b"]
    assert "0.33" in shown.tbody.get_text()
    assert pd.read_csv(tmp_path / "tables" / "04-example--numbers.csv")["estimate"][
        0
    ] == pytest.approx(1 / 3, rel=1e-11)


def test_text_is_escaped(run):
    spoilt = GOOD | {"title": "<b>& so on", "caption": "Never <script>alert(1)</script> here."}
    shown = cards.figure(run, draw(), "escaped", **spoilt).data
    assert "<script>" not in shown
    assert "&lt;b&gt;&amp; so on" in shown


def test_style_gives_equal_bytes(run, tmp_path):
    style.use()
    made = []
    for _ in range(2):
        cards.figure(run, draw(), "again", **GOOD)
        made.append([path.read_bytes() for path in sorted((tmp_path / "figures").iterdir())])
    assert made[0] == made[1]
