"""Figures in pages: text as text, ids of their own, nothing that runs, colours for day and night."""

import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup

from helpers.build import page as pages
from helpers.build import pictures
from helpers.draw import colours, hover

pytestmark = pytest.mark.usefixtures("figure_style")

HOSTILE = '<b>a</b> & "c"'


@pytest.fixture
def drawn(tmp_path):
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], color=colours.MATHEMATICS, marker="o")
    ax.bar([0.5], [1], hatch="//", color="white")
    ax.text(0.5, 0.5, "on a colour", color="#ffffff")
    ax.set_title(HOSTILE)
    fig.savefig(tmp_path / "a.svg")
    return (tmp_path / "a.svg").read_text()


def test_two_of_a_picture_stand_in_a_page(drawn):
    page = BeautifulSoup("".join(pictures.inline(drawn, name, name) for name in ("wide", "narrow")), "html.parser")
    ids = [part["id"] for part in page.find_all(id=True)]
    assert ids
    assert len(ids) == len({*ids})
    meant = {*re.findall(r"url\(#([^)]+)\)", str(page)), *(use["href"][1:] for use in page.find_all("use"))}
    assert meant == {*ids}
    assert [text.text for text in page.find_all("text")].count(HOSTILE) == 2
    assert not page.find(["style", "metadata", "b"])


def test_what_is_hatched_has_the_page_behind_it(drawn):
    pattern = BeautifulSoup(pictures.inline(drawn, "a"), "html.parser").find("pattern")
    assert pattern.rect["style"] == "fill: var(--xffffff,#ffffff)"  # without, browsers paint it black


def test_marks_tell_their_names_and_values(tmp_path):
    """As titles that a browser shows, on pages too; a name is text, whatever it holds."""
    fig, ax = plt.subplots()
    for place, bar in enumerate(ax.bar(range(2), [1, 2])):
        hover.told(bar, f"{HOSTILE}\nof\n{place}")
    fig.savefig(tmp_path / "a.svg", metadata={"Creator": None})
    told = hover.titled((tmp_path / "a.svg").read_text())
    assert "told: " not in told
    for markup in (told, pictures.inline(told, "a")):
        bars = [part for part in ElementTree.fromstring(markup).iter() if part.find("{*}title") is not None]
        assert [bar.find("{*}title").text for bar in bars] == [f"{HOSTILE} of {place}" for place in range(2)]
        assert all(bar.find("{*}path") is not None for bar in bars)


def test_nothing_in_a_picture_runs_or_leads_elsewhere():
    svg = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10pt" height="10pt" onload="a()">
    <script>a()</script><foreignObject><p>b</p></foreignObject><a xlink:href="javascript:a()"><text>c</text></a><style>* {}</style>
    <image xlink:href="https://a.example/b.png"/><use xlink:href="https://a.example/c.svg#d"/><g onclick="a()"><text>kept</text></g>
    <rect style="fill: url(https://a.example/e)" width="1"/><set attributeName="href" to="javascript:a()"/></svg>"""
    page = BeautifulSoup(pictures.inline(svg, "a"), "html.parser")
    assert page.get_text() == "kept"
    assert not [name for element in page.find_all() for name in element.attrs if name.startswith("on")]
    assert "a.example" not in str(page)
    assert "javascript" not in str(page)


def test_colours_follow_day_and_night_and_text_on_a_colour_stays(drawn):
    found = pictures.inline(drawn, "a")
    assert f"var(--x{colours.MATHEMATICS[1:]},{colours.MATHEMATICS})" in found
    assert f"--x{colours.MATHEMATICS[1:]}: " in pictures.by_night()
    text = BeautifulSoup(found, "html.parser").find("text", string="on a colour")
    assert "#ffffff" in text["style"]
    assert "var(" not in text["style"]


def test_a_page_brings_the_letters_of_its_figures_along(drawn):
    page = pages.shell("A page", f'<div class="picture">{pictures.inline(drawn, "a")}</div>', "A page")
    faces = pictures.typeface(page)
    assert faces in page
    assert faces.count("@font-face") == 2
    assert len(faces) < 20_000


def test_a_picture_brings_its_own_letters_along(drawn, tmp_path):
    """Those that are written in it, in their weights, and no others; a page has its own."""
    import io
    from base64 import b64decode

    from fontTools.ttLib import TTFont

    (tmp_path / "a.svg").write_text(drawn.replace("on a colour", "Школа √ on"))
    pictures.carry_letters(tmp_path)
    carried = (tmp_path / "a.svg").read_text()
    faces = re.findall(r"font-weight: (\w+);[^}]*base64,([^)]+)\)", carried)
    assert [weight for weight, _ in faces] == ["normal", "bold"]
    known = {weight: TTFont(io.BytesIO(b64decode(code))).getBestCmap() for weight, code in faces}
    assert {*map(ord, "Школа√")} <= {*known["normal"]}
    assert {*known["bold"]} == {*map(ord, HOSTILE)}
    assert ord("Z") not in known["normal"]
    assert "@font-face" not in pictures.inline(carried, "a")
