"""Cards: nothing is shown that lacks what a reader needs, and nothing simulated passes for more."""

import json
import shutil
import subprocess
import zipfile

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib import font_manager
from nbconvert import LatexExporter, MarkdownExporter
from nbconvert.filters import markdown2html
from traitlets.config import Config

from conftest import ROOT, need
from helpers.build import pictures
from helpers.draw import forest_plots, letters, numbers, style
from helpers.notebook import cards, export, session
from helpers.project import STRENGTHS, InputError, relative
from helpers.read import files
from helpers.read.accounts import Account

DATA = pd.DataFrame({"item": ["a", "b"], "estimate": [1 / 3, 2.0]})
GOOD = {
    "title": "Two numbers",
    "caption": "Two numbers, drawn to have something to show.",
    "alt": "Two dots, the first at a third and the second at two, far to its right.",
    "data": DATA,
}
TABLE = {key: GOOD[key] for key in ("title", "caption")}
PRINT, MADE_UP = "data/published/001-table1.csv", "data/simulated/05-satisfaction.csv"


@pytest.fixture
def run(tmp_path):
    for name in ("figures", "tables"):
        (tmp_path / name).mkdir()
    given, defaults = {"size": 3, "data": ""}, {"size": 2, "data": ""}
    return session.Session("04-example", given, defaults, tmp_path, "04-example", "../")


def section(run, *paths):
    found = session.section(run)
    for path in paths or (PRINT,):
        found.reads(path)
    return found


pytestmark = pytest.mark.usefixtures("figure_style")


def draw():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    return fig


def html(card):
    return BeautifulSoup(card.bundle["text/html"], "html.parser")


def test_figure_card_saves_and_shows_everything(run, tmp_path):
    shown = html(cards.figure(section(run), draw(), "two-numbers", **GOOD))
    for ending in ("svg", "png", "csv"):
        assert (tmp_path / "figures" / f"04-example--two-numbers.{ending}").stat().st_size > 0
    assert shown.img["alt"] == GOOD["alt"]
    assert shown.figcaption.b.text == "Figure 4.1. Two numbers."
    assert [link["href"] for link in shown.find_all("a")] == [
        f"../figures/04-example--two-numbers.{ending}" for ending in ("svg", "png", "csv")
    ]
    text = shown.get_text()
    for part in ("recomputed", PRINT, GOOD["caption"]):
        assert part in text
    saved = pd.read_csv(tmp_path / "figures" / "04-example--two-numbers.csv")
    assert saved["state"].unique().tolist() == ["recomputed"]
    assert saved["estimate"][0] == pytest.approx(1 / 3, rel=1e-11)
    record = next(line for line in session.lines(tmp_path) if line["kind"] == "figure")
    assert (record["number"], record["state"], record["sources"]) == (
        "Figure 4.1",
        "recomputed",
        [PRINT],
    )


@pytest.mark.parametrize(
    ("paths", "state"),
    [
        ([PRINT], "recomputed"),
        ([PRINT, "data/cases/listed.csv"], "recomputed"),
        (["data/moments/cps-reports-moments.csv", PRINT], "moments"),
        (["mine.csv", "data/moments/cps-reports-moments.csv"], "microdata"),
        (["mine.csv", MADE_UP], "simulated"),
        ([PRINT, MADE_UP], "simulated"),
    ],
)
def test_the_state_follows_from_what_was_read(run, tmp_path, paths, state):
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    found = section(run, *(tmp_path / p if p == "mine.csv" else p for p in paths))
    assert found.state == state
    cards.table(found, DATA, "numbers", **TABLE)
    saved = pd.read_csv(tmp_path / "tables" / "04-example--numbers.csv")
    assert saved["state"].unique().tolist() == [state]


def test_a_file_that_is_read_twice_is_one_source(run):
    found = section(run, PRINT, MADE_UP, PRINT)
    assert [relative(path) for path in found.sources] == [PRINT, MADE_UP]


def test_saved_numbers_have_twelve_digits(run, tmp_path):
    cards.table(section(run), DATA, "numbers", **TABLE)
    saved = (tmp_path / "tables" / "04-example--numbers.csv").read_text()
    assert saved == "item,estimate,state\na,0.333333333333,recomputed\nb,2,recomputed\n"


def test_rows_of_several_states_say_so(run, tmp_path):
    part = section(run, PRINT, "data/moments/cps-reports-moments.csv")
    rows = DATA.assign(state=["recomputed", "moments"])
    shown = html(cards.figure(part, draw(), "mixed", **(GOOD | {"data": rows})))
    assert [badge.text for badge in shown.find_all(class_="state")] == ["recomputed", "moments"]
    assert pd.read_csv(tmp_path / "figures" / "04-example--mixed.csv")["state"].tolist() == [
        "recomputed",
        "moments",
    ]
    drawn = (tmp_path / "figures" / "04-example--mixed.svg").read_text()
    assert ">Computed from printed numbers<" in drawn
    assert ">Computed from sums and counts of real records<" in drawn
    with pytest.raises(cards.CardError, match="rows are called microdata"):
        cards.figure(part, draw(), "wrong", **(GOOD | {"data": rows.assign(state="microdata")}))


def test_numbers_as_printed_are_published_and_made_up_ones_never(run, tmp_path):
    assert "published" in html(cards.table(section(run), DATA, "a", **TABLE, as_printed=True)).text
    made_up = html(cards.table(section(run, MADE_UP), DATA, "b", **TABLE, as_printed=True))
    assert made_up.find(class_="state").text == "simulated"
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(cards.CardError, match="microdata does not stand in print"):
        cards.table(section(run, tmp_path / "mine.csv"), DATA, "c", **TABLE, as_printed=True)
    typed = session.section(run, of_print=True)  # a user's table of what others print
    typed.reads(tmp_path / "mine.csv")
    assert typed.state == "recomputed"


def test_state_stands_on_the_figure_itself_and_the_figure_stays_as_it_was(run, tmp_path):
    for path, word in ((PRINT, "Computed from printed numbers<"), (MADE_UP, "SIMULATED")):
        fig = draw()
        cards.figure(section(run, path), fig, "plain", **GOOD)
        assert f">{word}" in (tmp_path / "figures" / "04-example--plain.svg").read_text()
        assert fig.texts == []
        fig.suptitle("Another title")  # a researcher may go on with it
        fig.savefig(tmp_path / "again.png")


def test_a_figure_with_intervals_says_below_it_what_its_lines_are(run, tmp_path):
    known = pd.DataFrame({"label": ["a"], "estimate": [0.2], "ci_low": [0.1], "ci_high": [0.3]})
    for name, rows in (("known", known), ("none", known.assign(ci_low=np.nan, ci_high=np.nan))):
        cards.figure(section(run, PRINT), forest_plots.effects(rows, "difference"), name, **GOOD)
        drawn = [tmp_path / "figures" / f"04-example--{name}.svg", tmp_path / "narrow" / f"04-example--{name}.svg"]
        assert [export.MARGINS in path.read_text() for path in drawn] == [name == "known"] * 2


def test_a_picture_that_is_taken_along_says_what_it_shows_and_whose_it_is(run, tmp_path):
    """Inside of its width; in the page the same words are text."""
    long = "The second number is six times as large as the first, and that is all that there is to be said of the two."
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    whose = {PRINT: "Source: Volante, Müller, Salinas and Cravens (2023). Open classrooms, CC BY 4.0.",
             MADE_UP: "Source: made-up data. Open classrooms, CC BY 4.0."}  # fmt: skip
    for path, source in whose.items():
        card = cards.figure(section(run, path), draw(), "told", **GOOD, finding=long)
        picture = (tmp_path / "figures" / "04-example--told.svg").read_text()
        taken = BeautifulSoup(picture.partition('dtd">')[2], "html.parser")
        words = [text.text for text in taken.find_all("text")]
        assert long in " ".join(words)
        assert GOOD["title"] in words
        assert source in words
        assert len(taken.select("#words-2 text")) == 2  # lines
        shown = BeautifulSoup(pictures.inline(picture, "a"), "html.parser")
        kept = [text.text for text in shown.find_all("text")]
        assert {*words} - {*kept} == {*(text.text for text in taken.select("[id^=words-] text"))}
        assert html(card).figure["data-finding"] == long
    run.notebook = "your-data/04-example"
    cards.figure(section(run, tmp_path / "mine.csv"), draw(), "own", **GOOD)
    assert (
        ">Source: mine.csv. Drawn with Open classrooms.<" in (tmp_path / "figures" / "04-example--own.svg").read_text()
    )


def test_a_picture_names_only_the_source_that_it_draws(run, tmp_path):
    cards.figure(section(run, "data/published/002-table2.csv"), draw(), "one", **GOOD, source="A note (2014)")
    text = (tmp_path / "figures" / f"{run.stem}--one.svg").read_text()
    assert "Source: A note (2014). Open classrooms" in " ".join(text.split())
    assert "Cassata" not in text


def test_characters_without_a_typeface_are_told(run, tmp_path, monkeypatch):
    ours = [font for font in font_manager.fontManager.ttflist if font.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", ours)
    style.use()  # the warning is for those who draw without cards
    fig = draw()
    fig.axes[0].set_title("Escuela 学校 𝓐 مدرسة é")
    assert letters.lacking(fig) == "学校𝓐"
    assert letters.elsewhere("学校𝓐") == (["DejaVu Math TeX Gyre"], "学校")
    told = "No typeface on this computer has 学 校. Pictures as PNG have boxes there; as SVG they have the text."
    assert told in html(cards.figure(section(run), fig, "names", **GOOD)).text
    assert [line["text"] for line in session.lines(tmp_path) if line["kind"] == "account"] == [told]
    drawn = (tmp_path / "figures" / "04-example--names.svg").read_text().partition('dtd">')[2]
    drawn = BeautifulSoup(drawn, "html.parser")
    title = next(text for text in drawn.find_all("text") if "学校" in text.text)
    assert "'DejaVu Sans', 'DejaVu Math TeX Gyre', sans-serif" in title["style"]


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
    ],
)
def test_a_card_that_lacks_something_is_refused(run, tmp_path, spoilt, reason):
    with pytest.raises(cards.CardError, match=reason):
        cards.figure(section(run), draw(), "two-numbers", **(GOOD | spoilt))
    assert list((tmp_path / "figures").iterdir()) == []


def test_a_card_that_rests_on_nothing_is_refused(run):
    with pytest.raises(cards.CardError, match="read no file"):
        cards.figure(session.section(run), draw(), "two-numbers", **GOOD)
    with pytest.raises(InputError, match=r"none\.csv: there is no such file"):
        session.section(run).reads("data/published/none.csv")


@pytest.mark.parametrize("name", ["Two", "two numbers", "../two", "two--numbers"])
def test_names_that_are_no_file_names(run, name):
    with pytest.raises(cards.CardError, match="joined by hyphens"):
        cards.figure(section(run), draw(), name, **GOOD)


def test_a_copy_of_a_simulated_file_stays_simulated(tmp_path):
    copy = tmp_path / "my-real-data.csv"
    copy.write_bytes((ROOT / MADE_UP).read_bytes())
    assert files.state_of(copy) == "simulated"
    copy.write_text("a,b\n1,2\n")
    assert files.state_of(copy) == "microdata"


def test_running_a_cell_again_keeps_its_number(run):
    style.use()
    part = section(run)
    first = cards.figure(part, draw(), "one", **GOOD)
    cards.figure(part, draw(), "two", **GOOD)
    assert cards.figure(part, draw(), "one", **GOOD).bundle == first.bundle


def test_table_card_has_caption_header_scopes_and_cells_by_format(run, tmp_path):
    columns = {"Item": "{item}", "Size": "{estimate:.2f}", "Both": "{item}: {estimate:.1f}"}
    shown = html(cards.table(section(run), DATA, "numbers", **TABLE, columns=columns))
    assert shown.table.contents[0].name == "caption"
    assert "Table 4.1. Two numbers." in shown.caption.get_text()
    assert [cell["scope"] for cell in shown.thead.find_all("th")] == ["col"] * 3
    assert [cell.get_text() for cell in shown.tbody.find_all("th", scope="row")] == ["a", "b"]
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in shown.tbody.find_all("tr")]
    assert rows == [["0.33", "a: 0.3"], ["2.00", "b: 2.0"]]
    assert [cell.get("class") for cell in shown.tbody.tr.find_all("td")] == [["number"], None]
    saved = pd.read_csv(tmp_path / "tables" / "04-example--numbers.csv")
    assert saved["estimate"][0] == pytest.approx(1 / 3, rel=1e-11)


def test_a_cell_is_a_dash_where_something_is_missing():
    rows = pd.DataFrame({"x": [1.0, np.nan], "p": [0.00004, 0.2], "s": ["a", None], "n": [1200, 3]})
    found = numbers.cells(rows, {"x": "{x:.1f}", "p": "{p:p}", "s": "{s}!", "n": "{n:,.0f}"})
    assert found.to_numpy().tolist() == [
        ["1.0", "< 0.001", "a!", "1,200"],
        ["–", "0.200", "–", "3"],
    ]
    assert numbers.numeric({"x": "{x:.1f}", "s": "{s}!", "own": ["1", "2"]}) == [True, False, False]


def test_text_is_escaped(run):
    spoilt = GOOD | {"title": "<b>& so on", "caption": "Never <script>alert(1)</script> here."}
    for card in (
        cards.figure(section(run), draw(), "escaped", **spoilt),
        cards.table(
            section(run), DATA.assign(item="<i>"), "escaped",
            title=spoilt["title"], caption=spoilt["caption"],
        ),
    ):  # fmt: skip
        shown = card.bundle["text/html"]
        assert "<script>" not in shown
        assert "<i>" not in shown
        assert "&lt;b&gt;&amp; so on" in shown


def test_style_gives_equal_bytes(run, tmp_path):
    style.use()
    made = []
    for _ in range(2):
        cards.figure(section(run), draw(), "again", **GOOD)
        made.append([path.read_bytes() for path in sorted((tmp_path / "figures").iterdir())])
    assert made[0] == made[1]


def test_word_shows_figures_and_tables(run, tmp_path):
    """In the two steps that the README names."""
    need(shutil.which("pandoc"), "pandoc, which makes Word files,", "REQUIRE_PANDOC")
    run.links = ""
    part = section(run)
    made = [cards.figure(part, draw(), "one", **GOOD), cards.table(part, DATA, "two", **TABLE)]
    outputs = [nbformat.v4.new_output("display_data", card.bundle) for card in made]
    code = [nbformat.v4.new_code_cell("", outputs=[output]) for output in outputs]
    asked = {"NbConvertBase": {"display_data_priority": ["text/markdown", "text/plain"]}}
    exporter = MarkdownExporter(config=Config(asked))
    words, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=code))
    (tmp_path / "notebook.md").write_text(words)
    command = ["pandoc", "notebook.md", "-o", "notebook.docx"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    with zipfile.ZipFile(tmp_path / "notebook.docx") as packed:
        text = packed.read("word/document.xml").decode()
        pictures = [name for name in packed.namelist() if name.startswith("word/media/")]
    assert len(pictures) == 1
    assert "<w:tbl>" in text
    for said in ("Figure 4.1. Two numbers.", "Table 4.1. Two numbers.", "recomputed"):
        assert said in text


def test_markdown_and_latex_show_figures_and_tables(run):
    """As nbconvert writes them for people who go on in other programs."""
    part = section(run)
    made = [
        cards.figure(part, draw(), "one", **(GOOD | {"caption": "50 % of_all & more {words}."})),
        cards.table(part, DATA.assign(item=["a|b", "50 %_x"]), "two", **TABLE),
    ]
    outputs = [nbformat.v4.new_output("display_data", card.bundle) for card in made]
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output]) for output in outputs])
    tex = LatexExporter().from_notebook_node(node)[0]
    assert r"50 \% of\_all \& more \{words\}." in tex
    assert "../figures/04-example--one.png" in tex
    assert r"50 \%\_x & 2.0 \\" in tex
    exporter = MarkdownExporter()
    words = exporter.from_notebook_node(node)[0]
    assert GOOD["alt"] in words
    assert "50 %_x" in words
    json.dumps(made[0].bundle)  # what a notebook can hold


def test_an_answer_names_a_card_that_is_there_and_a_strength_that_is_known(run):
    with pytest.raises(cards.CardError, match="'nothing'"):
        cards.answer(run, "It is so.", lead="nothing")
    with pytest.raises(cards.CardError, match="'proved'"):
        cards.answer(run, "It is so.", strength="proved")
    page = cards.answer(run, "It is so.", number="3 of 4", of="schools", strength="measured").bundle["text/html"]
    assert '<p class="headline"><b>3 of 4</b> schools</p>' in page
    assert f"{STRENGTHS['measured']}." in page


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "[click](javascript:alert(1))", "<img src=x onerror=alert(1)>", "a & b"]
)
def test_names_in_sentences_are_data(run, name):
    """Rendered as a page renders it: no element but those of emphasis, and the name as it is."""
    told = [cards.say(f"The group *x* is {name}."), cards.answer(run, f"{name} it is."),
            cards.account(run, Account("f", 30, 20, {name: 10}))]  # fmt: skip
    pages = [markdown2html(one.bundle["text/markdown"] if one is told[1] else one.data) for one in told]
    for page in (BeautifulSoup(page, "html.parser") for page in [*pages, told[1].bundle["text/html"]]):
        assert {element.name for element in page.find_all()} <= {"p", "em", "strong", "div"}
        assert name in page.get_text()
    assert json.loads((run.folder / "record.jsonl").read_text().splitlines()[-2])["text"] == f"{name} it is."
