"""The pages as people meet them: in a browser, on a phone, by keyboard, by screen reader, without a network."""

import io
import re
import zipfile
from functools import cache
from urllib.parse import unquote, urlparse

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from test_sentences import of_page

from conftest import opened
from helpers.build import page as pages
from helpers.notebook import source
from helpers.project import STRENGTHS
from prose import long_sentences, wrong_forms

pytestmark = pytest.mark.browser
SLUGS = [source.slug(name) for name in source.names()]
LISTS = [name for name in pages.PAGES if name.removesuffix(".html") not in SLUGS]
PAGES = [*LISTS, "glossary.html", *(f"{name}.html" for name in SLUGS)]


@pytest.fixture(scope="session")
def site(built):
    return built / "build" / "site"


@pytest.fixture
def visit(browser, site):
    """Opens a page as somebody with these settings does, for one test."""
    contexts = []

    def go(name, **options):
        contexts.append(browser.new_context(**options))
        file, mark, asked = name.partition("?")
        return opened(contexts[-1], (site / file).as_uri() + mark + asked)

    yield go
    for context in contexts:
        context.close()


@pytest.fixture(scope="module", params=PAGES)
def page(request, browser, site):
    """Each page, opened once for all tests that ask for it; each says by `seen` how it wants to see it."""
    with browser.new_context(device_scale_factor=0.5) as context:  # a quarter of the pixels
        yield opened(context, (site / request.param).as_uri())


def seen(page, width, height=900, media="screen", scheme="light"):
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(media=media, color_scheme=scheme)
    return page


@cache
def soup(site, name):
    """A page as the browser reads it; many links lead to the same one."""
    return BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


def without(page, *names):
    """The page, with all elements of these names taken out."""
    for name in names:
        for part in page.find_all(name):  # of one name: several take ten times as long
            part.decompose()
    return page


@cache
def in_words(site, name):
    """The text of a page without code, and the page without what quotes others too."""
    page = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
    text = without(page, "pre", "script", "style").get_text(" ")
    return text, without(page, "code", "svg", "tbody")  # of tables, whose cells quote others


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_what_no_sentence_has(site, name):
    assert of_page(in_words(site, name)[0]) == []


@pytest.mark.parametrize("name", PAGES)
def test_what_is_typed_is_marked_as_such(site, name):
    """In place of the marks of Markdown and HTML."""
    page = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
    for typed in page.select("pre, code, script, style"):
        typed.decompose()
    assert re.findall(r".{0,30}(?:`|</?\w+>).{0,30}", page.get_text(" ")) == []


@pytest.mark.parametrize("name", PAGES)
def test_sentences_are_short_and_in_plain_words(site, name):
    _, page = in_words(site, name)
    assert wrong_forms(" ".join(page.get_text(" ").split())) == []
    said = [
        part for part in page.select("p:not(.small-print), li, dd") if not part.find(["p", "li"])
    ]  # the rest lists files
    assert [long for part in said for long in long_sentences(part.get_text(" "))] == []
    assert not re.search(r"[\s(]-\d", page.get_text(" "))


def test_terms_are_explained_on_the_page_that_uses_them(site):
    page = soup(site, "01-practice-change.html")
    links = page.select("a.term")
    assert {"standard deviations", "standard errors", "95% intervals", "cr2"} <= {link.text.lower() for link in links}
    explained = page.find(id="words-explained").find_next("dl")
    assert [term["id"] for term in explained.find_all("dt")] == sorted(link["href"][1:] for link in links)
    everything = soup(site, "glossary.html")
    assert {term["id"] for term in explained.find_all("dt")} <= {term["id"] for term in everything.find_all("dt")}
    assert soup(site, "index.html").footer.find("a", href="glossary.html")


@cache
def ids(site, name):
    """The ids of a page."""
    return {tag["id"] for tag in soup(site, name).find_all(id=True)}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(site, name):
    page = soup(site, name)
    links = [(tag, tag.get("href") or tag.get("src")) for tag in page.find_all(["a", "img", "iframe"])]
    assert links
    for tag, target in links:
        if target.startswith("data:"):
            continue
        parts = urlparse(target)
        if parts.scheme:
            # Outside links are for people to follow; nothing is loaded from them.
            assert tag.name == "a"
            assert parts.scheme in ("https", "http")
            continue
        file = site / unquote(parts.path) if parts.path else site / name
        assert file.is_file(), target
        if parts.fragment:
            assert unquote(parts.fragment) in ids(site, file.name), target


@pytest.mark.parametrize("name", PAGES)
def test_headings_ids_and_images_are_in_order(site, name):
    page = soup(site, name)
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert len(page.find_all("h1")) == 1
    assert page.title.text.strip()
    assert page.html["lang"] == "en"
    for image in page.select("img, [role=img]"):
        said = image.get("alt") or image["aria-label"]
        assert len(said) >= 60
        assert "No description" not in said
    for table in page.find_all("table"):
        assert table.caption.get_text(strip=True)
        assert all(cell.get("scope") for cell in table.find_all("th"))


def test_every_figure_of_every_notebook_is_in_the_gallery(site):
    shown = {image["src"].rpartition("/")[2] for image in soup(site, "figures.html").select(".gallery img")}
    assert shown == {path.name for path in (site / "figures").glob("*.png")}


def test_every_figure_has_a_finding_that_stands_over_it(site):
    figures = [figure for name in SLUGS for figure in soup(site, f"{name}.html").select("figure.card")]
    assert [figure["id"] for figure in figures if not figure.get("data-finding")] == []
    for figure in figures:
        assert figure.select_one("p.finding").text.replace("−", "-") == figure["data-finding"].replace("−", "-")
        assert figure.select_one("p.finding").find_next(class_="picture").svg


def test_the_first_page_answers_what_real_records_and_papers_can(site):
    """The surest first; nothing that was made up, and each answer as its own page has it."""
    index = soup(site, "index.html")
    asked = {entry.a["href"].removesuffix(".html"): entry for entry in index.select(".known li")}
    assert {*asked} == {name for name in SLUGS if name[:2] in ["01", "02", "03", "04", "05", "06", "07", "08"]}
    sure = [entry.select_one(".strength").text for entry in asked.values()]
    assert sure == sorted(sure, key=[*STRENGTHS].index)
    for slug, entry in asked.items():
        page = soup(site, f"{slug}.html")
        question, answer = page.blockquote, page.find(id="answer")
        assert entry.h2.text.strip() == question.text.strip() == source.question(source.path_of(slug))
        assert entry.select_one(".headline").text == answer.select_one(".headline").text
        # Question, answer, lead figure or table: with these the page begins.
        assert question.find_next(class_="answer") is answer
        lead = answer.find_next(class_="card")
        assert answer["data-lead"] in (lead.get("id"), *(part["id"] for part in lead.find_all(id=True)))
        assert page.find("h2").find_previous(class_="card") is lead
        told = {tag.text for tag in entry.select(".state")}
        assert told == {tag.text for tag in lead.select(".state")} != {"simulated"}


@pytest.mark.parametrize("name", SLUGS)
def test_limits_stand_below_a_heading_of_theirs(site, name):
    """In place of the answer, which stands at the top; those of the ledger are of its whole page."""
    headings = [heading.find(string=True).strip() for heading in soup(site, f"{name}.html").select("h2")]
    assert ("Limits" if name != "08-evidence-ledger" else "What a reader may take from this") in headings
    assert "The answer" not in headings


def test_small_pictures_on_the_first_page_have_the_numbers_of_their_figures(site):
    index, drawn = soup(site, "index.html"), {}
    for entry in index.select(".known li"):
        rows = {tuple(part.text for part in row.select("th, td")) for row in entry.select(".glance tr")}
        drawn[entry.a["href"][:2]] = {(label, said) for label, _, said in rows}
    measured = pd.read_csv(site / "figures" / "03-talis-deprivatization--seeing.csv")
    measured = measured[measured["statistic"].eq("never") & measured["n"].notna()]
    assert drawn["03"] == {(row.label, f"{row.share:.0%}") for row in measured.itertuples()}
    effects = pd.read_csv(site / "figures" / "04-participant-comparison--effect-sizes.csv")
    assert drawn["04"] == {(row.label, f"{row.estimate:.2f}".replace("-", "−")) for row in effects.itertuples()}
    assert ("Time for the activities", "2.77") in drawn["05"]
    assert drawn["06"] == set()  # nothing was printed that could be drawn
    assert sum(int(said) for _, said in drawn["07"]) == 33
    assert ("contradicted", "24") in drawn["08"]


def test_small_marks_are_hollow_where_those_of_the_figure_are(site, visit):
    effects = pd.read_csv(site / "figures" / "04-participant-comparison--effect-sizes.csv").set_index("label")["clear"]
    rows = soup(site, "index.html").select(".known li:has(a[href^='04-']) .glance tr")
    assert {row.th.text: "hollow" not in row.circle.get("class", []) for row in rows} == effects.to_dict()
    assert not effects.all()
    page = visit("index.html")
    drawn = page.locator(".glance circle.hollow").first
    fill, line = drawn.evaluate("dot => [getComputedStyle(dot).fill, getComputedStyle(dot).stroke]")
    assert fill == page.evaluate("getComputedStyle(document.body).backgroundColor") != line
    assert "A hollow dot may be chance" in soup(site, "index.html").find("details").text


def test_what_an_interval_is_agrees_with_the_glossary(site):
    told, glossary = soup(site, "index.html").find("details").text, soup(site, "glossary.html").text
    assert "95 of 100 such ranges hold the true value" in glossary
    assert "Of 100 ranges that are made in this way, 95 hold" in told
    assert "likely" not in told.partition("In brackets")[2]


def test_an_answer_begins_with_its_number_wherever_it_is_given(site):
    evidence = soup(site, "evidence.html")
    for name in (slug for slug in SLUGS if not slug.startswith("your-data")):
        answer = soup(site, f"{name}.html").find(id="answer")
        listed = evidence.select_one(f"li:has(a[href='{name}.html'])")
        with zipfile.ZipFile(site / "notebooks" / f"{name}.zip") as archive:
            readme = archive.read("README.txt").decode()
        head = answer.select_one(".headline")
        assert (listed.select_one(".headline") is None) == (head is None)
        if head:
            assert listed.select_one(".headline").text == head.text
            number, of = head.b.text, head.text.removeprefix(head.b.text).strip()
            assert f"\n{number} {of}.\n\n".replace("−", "-") in readme
    assert "none when all tests are counted" in evidence.text


def test_every_notebook_and_file_of_data_is_listed(site):
    for name in source.names():
        listed = soup(site, "your-data.html" if "/" in name else "evidence.html").get_text()
        notebook = source.path_of(name)
        assert source.title(notebook) in listed
        assert source.question(notebook) in listed
    data = soup(site, "data.html")
    for file in (
        "data/published/001-table1.csv",
        "data/moments/open-classrooms.csv",
        "data/simulated/05-satisfaction.csv",
    ):
        assert data.find("a", href=file)
    references = soup(site, "references.html")
    assert references.find("a", href="https://doi.org/10.30828/real.1095600")
    for entry in references.select(".sources > li > p:first-child"):
        assert bool(entry.a) != ("No web address of it was seen." in entry.text)
    # In the ledger's summary every printed number is counted.
    rows = data.find("caption", string="Printed numbers by file and verdict").parent.tbody.find_all("tr")
    counted = {row.th.text: sum(int(cell.text) for cell in row.find_all("td")) for row in rows}
    assert counted["data/published/001-table1.csv"] == 33
    assert counted["data/published/001-figure6.csv"] == 6


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_how_it_is_cited(site, name):
    page = soup(site, name)
    title = page.h1.text if name != "index.html" else pages.PROJECT
    foot = page.footer
    assert foot.p.text.startswith(f"The Open classrooms contributors (2026). {title}. In: Open classrooms: ")
    assert f"title = {{{title}}}" in foot.pre.text
    assert f"page {name}" in foot.pre.text


def test_a_card_is_cited_with_its_number(visit):
    page = visit("04-participant-comparison.html")
    cited = page.locator("#cite")
    whole = cited.text_content()
    page.locator("#figure-group-sizes").get_by_role("link", name="Cite").press("Enter")
    assert cited.text_content() == f"Figure 4.2 of: {whole}"
    assert cited.is_visible()
    page.locator(".card:has(#table-printed-p)").get_by_role("link", name="Cite").press("Enter")
    assert cited.text_content() == f"Table 4.3 of: {whole}"
    page.locator(".toc a[href='#cite']").press("Enter")
    assert cited.text_content() == whole
    assert page.troubles == []


@pytest.mark.parametrize("name", SLUGS)
def test_the_code_behind_the_cells_can_be_taken_along(site, name):
    assert soup(site, f"{name}.html").footer.select_one("details a[download][href='notebooks/helpers.zip']")
    assert (site / "notebooks" / "helpers.zip").is_file()


@pytest.mark.parametrize("name", SLUGS)
def test_the_figures_and_tables_of_a_page_can_be_taken_along(site, name):
    with zipfile.ZipFile(site / "notebooks" / f"{name}.zip") as archive:
        inside = {*archive.namelist()} - {"README.txt"}
        readme = archive.read("README.txt").decode()
    made = {
        path.relative_to(site).as_posix() for part in ("figures", "tables") for path in (site / part).glob(f"{name}--*")
    }
    assert inside == made
    for card in soup(site, f"{name}.html").select("figcaption b, caption b"):
        if card.text.startswith(("Figure ", "Table ")):
            assert card.text.rstrip(".") in readme


def test_what_a_card_rests_on_leads_to_its_codebook(site):
    page = soup(site, "04-participant-comparison.html")
    link = page.find("figure", id="figure-effect-sizes").find("a", string="data/published/001-table2.csv")
    told = soup(site, "data.html").find(id=link["href"].partition("#")[2])
    assert told.contents[0].strip() == "Participants and colleagues compared on five scales"


def test_pages_are_linked_in_reading_order(site):
    names = SLUGS
    for place, name in enumerate(names):
        page = soup(site, f"{name}.html")
        before, after = page.find("a", rel="prev"), page.find("a", rel="next")
        assert (before["href"] if before else None) == (f"{names[place - 1]}.html" if place else None)
        assert (after["href"] if after else None) == (f"{names[place + 1]}.html" if place + 1 < len(names) else None)


def test_a_phone_shows_the_whole_width(page):
    assert (
        page.evaluate("document.querySelector('meta[name=viewport]').content") == "width=device-width, initial-scale=1"
    )
    for width in (320, 360):
        seen(page, width, 740)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "height", "most"), [(390, 844, 4), (1920, 1080, 1.5)])
def test_the_first_page_is_told_in_few_screens(visit, width, height, most):
    page = visit("index.html", viewport={"width": width, "height": height})
    assert page.evaluate("document.documentElement.scrollHeight") <= most * height


def test_contents_are_open_where_there_is_room(page):
    for width, shown in ((1280, True), (390, False)):
        seen(page, width)
        found = page.locator(".toc ol").evaluate_all(
            "lists => lists.map(list => list.offsetHeight > 0 && list.checkVisibility({contentVisibilityAuto: true}))"
        )
        assert found in ([shown], [])


def test_the_keyboard_is_soon_at_the_first_card(page):
    """The link that skips the navigation counted."""
    cards = "figure.card, .card, .gallery li, .known li"
    if not page.locator(cards).count():
        return
    page.locator(".skip").press("Enter")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.closest('{cards}') !== null"):
            break
    else:
        pytest.fail("eleven keys lead to no figure or table")


@pytest.mark.parametrize("width", [360, 1280])
def test_screenshots_are_not_blank(page, width):
    import numpy as np
    from PIL import Image

    seen(page, width)
    widths = page.evaluate("""() => Promise.all([...document.images].map(async (image) => {
        image.loading = "eager";
        await image.decode();
        return image.naturalWidth;
    }))""")
    assert min(widths, default=101) > 100
    # A picture has no more than 65,535 lines, and each one more of a long page has that laid out again.
    height, part = page.evaluate("document.documentElement.scrollHeight"), 120_000
    for top in range(0, height, part):
        clip = {"x": 0, "y": top, "width": width, "height": min(part, height - top)}
        shot = page.screenshot(full_page=True, type="jpeg", quality=60, clip=clip)
        pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("L"))
        for band in np.array_split(pixels, max(1, len(pixels) // 1800)):
            assert band.std() > 8


def test_captions_are_as_wide_as_what_is_seen_of_the_table(page):
    """However wide the table, and wherever it is scrolled to."""
    for width in (320, 390, 660, 1200):
        seen(page, width, 800)
        cut = page.evaluate("""() => [...document.querySelectorAll(".scroll caption")].filter((caption) => {
            const region = caption.closest(".scroll"), seen = region.getBoundingClientRect();
            region.scrollLeft = 1e6;
            const text = caption.querySelector("p").getBoundingClientRect();
            return text.left < seen.left - 0.5 || text.right > seen.left + region.clientWidth + 0.5;
        }).map((caption) => caption.textContent)""")
        assert cut == [], width


def test_long_cells_take_several_lines(page):
    seen(page, 1200)
    # Where a table has to be scrolled; in others a cell may take the room that is left.
    widths = page.evaluate("""() => [...document.querySelectorAll(".scroll")]
        .filter((region) => region.scrollWidth > region.clientWidth + 1)
        .flatMap((region) => [...region.querySelectorAll("td, tbody th")].map((cell) => cell.clientWidth))
    """)
    assert max(widths, default=0) <= 500
    seen(page, 360, 740)
    heights = page.evaluate("[...document.querySelectorAll('tbody tr')].map(row => row.clientHeight)")
    assert max(heights, default=0) <= 500


def test_the_keyboard_reaches_everything(visit):
    page = visit(f"{source.names()[0]}.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    code = page.locator("details.code").first
    code.locator("summary").focus()
    page.keyboard.press("Enter")
    assert code.evaluate("d => d.open") is True
    assert page.locator("details.code pre").first.is_visible()


def test_links_to_places_are_copied(visit):
    """And lead there, where nothing can be copied."""
    page = visit("04-participant-comparison.html", permissions=["clipboard-read", "clipboard-write"])
    link = page.locator("#figure-group-sizes a.place")
    link.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Link copied").wait_for()
    assert page.url.endswith("#figure-group-sizes")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert page.troubles == []


def test_print_shows_figures_and_hides_what_only_screens_need(visit):
    page = visit(f"{source.names()[0]}.html")
    page.emulate_media(media="print")
    assert page.locator("nav.toc").is_hidden()
    assert page.locator("figure.card svg.wide").first.is_visible()
    assert page.locator("figure.card svg.narrow").first.is_hidden()


def test_paper_holds_every_column_of_every_table(page):
    seen(page, 718, 1040, media="print")  # A4 between margins of a centimetre
    wide = page.evaluate(
        "[...document.querySelectorAll('table')].filter(t => t.offsetWidth > t.parentElement.clientWidth + 1).map(t => t.caption.textContent)"
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 718


def assert_alone(page):
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert page.troubles == []


def test_nothing_is_asked_from_elsewhere(page):
    """Whatever the page was looked at with by all tests above."""
    assert_alone(page)


def test_nothing_is_asked_by_the_page_of_run_times(visit):
    page = visit("times.html")
    page.wait_for_load_state("networkidle")
    assert_alone(page)


OPEN = """() => {
    document.querySelectorAll("details").forEach((d) => d.open = true);
    const look = (e) => [e.tagName, e.getAttribute("class"), e.getAttributeNames(), e.textContent.trim() !== ""].join();
    const inside = (e) => [...e.childNodes].map((n) => n.tagName ?? n.data.trim() !== "");
    const whole = (e) => [e, ...e.querySelectorAll("*")].map((part) => look(part) + inside(part)).join();
    const again = (known, kind) => known.has(kind) || !known.add(kind);
    const words = new Set(), marks = new Set();
    for (const word of document.querySelectorAll("pre span"))
        if (again(words, look(word.parentElement) + look(word))) word.replaceWith(...word.childNodes);
    document.body.normalize();
    for (const list of document.querySelectorAll("tbody, ul, ol")) {
        const rows = new Set();
        for (const row of [...list.children])
            if (again(rows, whole(row))) row.remove();
    }
    const place = /^(d|x|y|cx|cy|r|id|width|height|transform|clip-path|href|xlink:href)$/;
    const kind = (e) => [...e.attributes].map((a) => place.test(a.name) ? a.name : a.name + a.value).join();
    const within = (e) => e.closest("svg") === e ? kind(e) : within(e.parentElement) + e.tagName + kind(e);
    for (const mark of [...document.querySelectorAll("svg :not(defs, defs *)")].reverse())
        if (again(marks, within(mark) + whole(mark))) mark.remove();
}"""
"""Opens what is folded, and leaves of words of code, rows of a table, entries of a list and marks of figures one of each look,
which is all but words and places: axe takes minutes for thousands."""


OF_EACH_KIND = {
    "index.html", "your-data.html", "03-talis-deprivatization.html", "your-data-02-teacher-leadership.html",
    "08-evidence-ledger.html", "figures.html", "data.html", "references.html",
}  # fmt: skip


def test_axe_finds_nothing(page):
    """By day anything, by night in what goes with colours, on a phone a page of each kind. The last look at a page, as it cuts it."""
    from axe_playwright_python.base import AXE_SCRIPT

    contrast = "color-contrast"
    seen(page, 1280).evaluate(OPEN)
    page.evaluate(AXE_SCRIPT)
    looks = {
        ("light", 1280): {},
        ("dark", 1280): {"runOnly": [contrast]},
        **({("light", 360): {}} if page.url.rpartition("/")[2] in OF_EACH_KIND else {}),
    }
    for (scheme, width), rules in looks.items():
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        found = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"]} | rules)
        assert contrast in {rule["id"] for rule in found["passes"]}
        assert [
            (v["id"], v["impact"], [node["html"][:120] for node in v["nodes"][:3]]) for v in found["violations"]
        ] == [], (scheme, width)


def test_figures_are_filtered_and_the_address_keeps_the_question(visit):
    page = visit("figures.html")
    shown = page.locator(".gallery li:visible")
    everything = shown.count()
    page.get_by_label("State").select_option("moments")
    page.get_by_label("Search").fill("RATING schools")
    assert 0 < shown.count() < everything
    assert all("moments" in card.get_attribute("data-state") for card in shown.all())
    assert page.get_by_text(f"{shown.count()} of {everything} figures").is_visible()
    kept = shown.count()
    page.reload()
    assert (shown.count(), page.get_by_label("Search").input_value()) == (kept, "RATING schools")
    page.get_by_label("Notebook").select_option("05-satisfaction")
    assert shown.count() == 0
    assert page.troubles == []


def test_the_figures_without_javascript_are_all_there(visit):
    page = visit("figures.html", java_script_enabled=False)
    assert page.locator("form.filter").is_hidden()
    assert page.locator(".gallery li:visible").count() == page.locator(".gallery li").count() > 40


def test_contradictions_are_read_without_scrolling_sideways_and_lead_on(visit):
    page = visit("08-evidence-ledger.html")
    for width in (360, 1200, 1920):
        seen(page, width)
        table = page.locator("#table-contradictions")
        assert table.evaluate("t => t.offsetWidth <= t.parentElement.clientWidth")
    links = table.locator("tbody td:last-child a")
    assert links.count() == table.locator("tbody tr").count() > 10


def test_a_figure_of_the_gallery_is_reached_by_its_title_and_by_its_picture(visit):
    page = visit("figures.html", viewport={"width": 1200, "height": 900})
    entry = page.locator(".gallery li").first
    link = entry.locator("a").first
    target = link.get_attribute("href")
    assert link.inner_text().startswith("Figure 1.1. ")
    assert entry.locator("a img").count() == 0  # its long text would be the link's name
    entry.scroll_into_view_if_needed()
    box = entry.locator("img").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(f"**/{target}")


def test_a_users_run_stands_alone(ready, browser):
    """Its page works where the site is not."""
    folder = ready("05-own-data.yml")
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "notebook.html").as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    for link in page.locator("a").all():
        target = link.get_attribute("href")
        if not target.startswith(("#", "https:")):
            assert (folder / target).is_file()
    page.close()


def test_the_ledger_is_filtered_by_words_verdict_and_source(visit):
    """By keyboard, on a phone, without a server; of many rows the first 50 are shown until somebody asks for all."""
    page = visit("08-evidence-ledger.html", viewport={"width": 360, "height": 800})
    card = page.locator("#ledger")
    rows, said = card.locator("tbody tr[id]"), card.locator("output")
    everything = rows.count()
    assert said.inner_text() == f"{everything} of {everything} rows"

    def shown():
        seen, found = rows.locator("visible=true").count(), int(said.inner_text().split()[0])
        hint = (
            ""
            if found
            else ". The ledger lists what is printed; what we computed is in the files of figures and tables."
        )
        assert said.inner_text() == f"{found} of {everything} rows{hint}"
        rest = card.get_by_role("button", name=f"Show all {found} rows")
        assert (seen, rest.is_visible()) == ((50, True) if found > 50 else (found, False))
        return found

    assert shown() == everything
    card.get_by_label("Search").press_sequentially("Interviews 003")
    assert 0 < shown() < 10
    card.get_by_label("Search").fill("")
    card.get_by_label("Source").select_option(label="Berry (policy paper)")
    berry = shown()
    assert berry == card.locator("tr[id^='row-004-']").count()
    card.get_by_label("Verdict").select_option("contradicts")
    assert 0 < shown() < berry
    box = card.locator(".filter").bounding_box()
    for field in card.locator(".filter :is(input, select)").all():
        inner = field.bounding_box()
        assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 0.5
    card.get_by_label("Search").fill("no such words")
    assert shown() == 0


def test_all_rows_of_the_ledger_are_a_press_away_and_on_paper(visit):
    page = visit("08-evidence-ledger.html")
    rows = page.locator("#ledger tbody tr[id]:visible")
    everything = page.locator("#ledger tbody tr[id]").count()
    page.get_by_role("button", name=f"Show all {everything} rows").press("Enter")
    assert rows.count() == everything
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") > 50  # reading goes on where it stopped
    page.reload()
    assert rows.count() == 50
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert rows.count() == everything


def test_the_ledger_without_javascript_has_every_row_and_no_form(visit):
    page = visit("08-evidence-ledger.html", java_script_enabled=False)
    assert not page.locator("#ledger form").is_visible()
    assert page.locator("#ledger tbody tr[id]:visible").count() > 700


def test_filters_and_order_of_the_ledger_stand_in_the_address(visit):
    """Without a server; the back button takes a choice back, and no width has to be scrolled sideways."""
    page = visit("08-evidence-ledger.html?verdict=contradicts&source=001", viewport={"width": 390, "height": 800})
    card = page.locator("#ledger")
    rows, printed = card.locator("tbody tr[id]:visible"), card.locator("th[data-sort=printed]")
    first = rows.count()
    assert {"contradicted"} == {row.locator("td").nth(2).inner_text() for row in rows.all()}
    printed.get_by_role("button").press("Enter")
    assert printed.get_attribute("aria-sort") == "ascending"
    values = [float(row.locator("td").first.inner_text()) for row in rows.all()]
    assert values == sorted(values)
    card.get_by_label("Source").select_option("004")
    assert "source=004&sort=printed" in page.url
    page.go_back()
    assert (rows.count(), printed.get_attribute("aria-sort")) == (first, "ascending")
    page.go_back()
    assert (rows.count(), printed.get_attribute("aria-sort")) == (first, None)
    for width in (390, 1200, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        cut = "[...document.querySelectorAll('#ledger :is(table, td, th)')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
        assert page.evaluate(cut) == 0


def test_cards_lead_to_the_rows_of_the_ledger_that_they_rest_on_and_back(site, visit):
    card = soup(site, "04-participant-comparison.html").find("figure", id="figure-group-sizes")
    page = visit(card.find("a", string="001-table2")["href"])
    rows = page.locator("#ledger tbody tr[id]:visible")
    assert {*rows.evaluate_all("rows => rows.map(row => row.dataset.file)")} == {"001-table2"}
    assert 0 < rows.count() < 100
    back = page.locator("#ledger tbody tr:not([id]):visible a:last-child")
    assert "04-participant-comparison.html#figure-group-sizes" in back.evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    assert not soup(site, "09-what-such-studies-can-see.html").select("a[href^='08-evidence-ledger.html?']")
    assert (site / "08-evidence-ledger.html").stat().st_size < 700_000


def test_no_word_of_the_ledger_is_broken(visit):
    """And nothing is wider than its cell. A word on several lines has several boxes, one below the other."""
    page = visit("08-evidence-ledger.html")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")  # all rows
    for width in (390, 1200, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        broken = page.evaluate("""() => [...document.querySelectorAll("#ledger thead th, #ledger tbody tr[id] :is(th, td)")]
            .filter((cell) => cell.checkVisibility()).flatMap((cell) => [...cell.childNodes].flatMap((part) => {
                const text = part.textContent, inside = part.firstChild ?? part;
                return inside.nodeType !== 3 ? [] : [...text.matchAll(/[\\p{L}\\d.]+/gu)].filter((word) => {
                    const range = document.createRange();
                    range.setStart(inside, word.index);
                    range.setEnd(inside, word.index + word[0].length);
                    return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
                }).map((word) => word[0]);
            }))""")
        assert broken == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_rows_of_the_ledger_lead_to_the_card_that_judges_them(site):
    book = pd.read_csv(site / "ledger.csv", dtype=str, keep_default_na=False)
    leads = book[book["notebook"] == "04-participant-comparison"].set_index("id")["anchor"]
    scales = ["collaboration", "comfort", "commitment", "leadership", "community"]
    assert {*leads[[f"001-table2-{scale}-p" for scale in scales]]} == {"table-printed-p"}
    sizes = ["text-methods-answered", "text-methods-test-participants", "text-results-test-n", "text-abstract-control"]
    sizes += [f"table2-{scale}-{what}" for scale in scales for what in ("participants-n", "control-n", "df")]
    assert {*leads[[f"001-{name}" for name in sizes]]} == {"figure-group-sizes"}
    assert leads["001-text-results-test-alpha"] == leads["001-study-results-significant"] == "table-estimates"
    assert leads["001-text-abstract-teachers"] == "figure-who-took-part"
    assert not leads.isin(["figure-clustering"]).any()  # where no printed number is judged
    against = book[book["verdict"] == "contradicts"].groupby("notebook")["anchor"].agg(set)
    assert against["07-reach-and-context"] == {"table-retellings"}
    assert against["01-practice-change"] == {"figure-response-rates"}
    assert book.loc[book["id"] == "004-text-talis-never-us", "anchor"].tolist() == ["figure-seeing"]


def test_the_row_that_an_address_names_is_shown_whatever_is_filtered(visit):
    page = visit("08-evidence-ledger.html?verdict=contradicts#row-001-table2-commitment-t")
    row, rows = page.locator("#row-001-table2-commitment-t"), page.locator("#ledger tbody tr[id]:visible")
    assert row.is_visible()
    assert row.locator("td").nth(2).inner_text() == "holds"
    many = rows.count()
    page.locator("#ledger").get_by_label("Source").select_option("004")  # until somebody asks for something else
    assert not row.is_visible()
    page.go_back()
    assert row.is_visible()
    assert rows.count() == many


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("04-participant-comparison", "effect-sizes"),
        ("04-participant-comparison", "group-sizes"),
        ("09-what-such-studies-can-see", "smallest-change"),
    ],
)
def test_marks_cells_and_curves_tell_their_values_to_whoever_points_at_them(visit, name, figure):
    page = visit(f"{name}.html", viewport={"width": 1200, "height": 900})
    missed = page.evaluate(
        """id => [...document.querySelectorAll(`#${id} svg g > title`)].filter(title => {
            const mark = title.parentNode, box = mark.getBoundingClientRect();
            if (!box.width) return false;  // of the width that is not shown
            mark.scrollIntoView({block: "center", behavior: "instant"});
            const at = mark.getBoundingClientRect();
            const seen = document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2);
            return !seen.closest("g:has(> title)");
        }).map(title => title.textContent)""",
        f"figure-{figure}",
    )
    assert missed == []
