"""Names from files and parameters are data: every sentence, caption and cell shows them as they are written."""

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from conftest import ROOT
from helpers.build import safe_html
from helpers.notebook import cards
from helpers.notebook.markup import code, emphasis, escaped, markdown, strong

SIGNS = st.text(st.sampled_from("ab1 <>&\"'`*_~^$#|\\[](){}!:/@.=+-%;?\t"), max_size=30)


def page(text):
    return BeautifulSoup(markdown2html(text), "html.parser")


def flat(text):
    return " ".join(text.split())


@given(SIGNS)
@example("[click](javascript:alert(1))")
@example("http://a.example www.a.example a@b.example <http://a.example>")
@example("![x](http://a.example/x.png) $x^2$ \\(x\\) ~~a~~ `b` *c* __d__ ***")
@example("1. a")
@example("- a")
@example("+ a")
@example("# a")
@example("&lt;b&gt; &#60; &amp;")
@example("<!-- a --> <script>alert(1)</script> <img src=x onerror=alert(1)>")
@example("- - -")
@example("[^1]: a [a]: http://b")
def test_a_text_reads_as_it_is_written(text):
    """In nbconvert's Markdown, as pages have it: no element but paragraphs, and every sign."""
    shown = page(markdown(text))
    assert {element.name for element in shown.find_all()} <= {"p", "span"}
    assert flat(shown.get_text()) == flat(text)


@given(st.lists(SIGNS, min_size=2, max_size=2))
def test_cells_of_a_table_read_as_they_are_written(cells):
    shown = page(cards._markdown([["one", "two"], cells]))
    found = [cell.get_text() for cell in shown.tbody.tr.find_all(["td", "th"])]
    assert list(map(flat, found)) == list(map(flat, cells))


def test_only_what_is_marked_is_markup():
    name = "**a** `b`"
    shown = page(
        cards.say(f"{strong(f'By {name}.')} It is {emphasis('not')} {code('x_y')}.", points=["1. a", name]).data
    )
    assert [(e.name, e.get_text()) for e in shown.find_all(["strong", "em", "code", "li"])] == [
        ("strong", f"By {name}."), ("em", "not"), ("code", "x_y"), ("li", "1. a"), ("li", name),
    ]  # fmt: skip


def test_formulas_are_none():
    """JupyterLab sets what stands between two dollars as a formula, but not over the end of an element."""
    shown = page(escaped(r"$x^2$ and \(y\) and \begin{z}"))
    alone = [element.get_text() for element in shown.find_all("span")]
    assert alone == ["$", "$", "\\", "\\", "\\"]
    assert not {"$", "\\"} & set("".join(shown.find_all(string=lambda s: s.parent.name != "span")))


@pytest.mark.usefixtures("figure_style")
def test_a_figure_sets_no_formulas():
    fig = plt.figure()
    fig.text(0, 0, r"costs $\frac$")  # as a formula it would be none, and raise
    fig.draw_without_rendering()


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='java\tscript:alert(1)'>a</a>",
        "<a href='&#106;avascript:alert(1)'>a</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>a</a>",
        "<a href=' d&#97;ta:text/html,x'>a</a>",
        "<a href='data:image/svg+xml,<svg/>'>a</a>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<base href='http://a.example'><object data='x'></object><embed src='x'>",
        "<form action='javascript:alert(1)'><button formaction='javascript:alert(1)'>a</button></form>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<p style='background:url(javascript:alert(1))'>a</p>",
        "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    ],
)
def test_what_could_run_does_not_stay_in_a_page(markup):
    """The second line, behind the escaping: whatever a name, or a cell that somebody adds, brings along."""
    shown = BeautifulSoup(safe_html.cleaned(f"<p>before</p>{markup}"), "html.parser")
    for element in shown.find_all():
        assert element.name in {"p", "img", "a", "form"}
        assert not {name for name in element.attrs if name not in ("src",)}
    assert shown.p.get_text() == "before"


def test_the_ledgers_script_alone_runs():
    own = f"<script>{(ROOT / safe_html.LEDGER).read_text(encoding='utf-8')}</script>"
    for markup, allowed in ((f"<p>a</p>{own}", True), ("<p>a</p>", False), (own.replace("hidden", "Hidden"), False)):
        page = safe_html.cleaned(markup)
        assert ("<script>" in page) == allowed
        assert ("script-src 'sha256-" in safe_html.policy(page)) == allowed
        assert ("script-src 'none'" in safe_html.policy(page)) != allowed
