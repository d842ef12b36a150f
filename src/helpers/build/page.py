"""One page: the shell around every page, and an executed notebook as one that begins with its answer."""

import html
import posixpath
import re
from collections import Counter
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.element import PreformattedString
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML

from helpers.build import citing, glossary, pictures, safe_html
from helpers.build.plan import TEMPLATES
from helpers.build.tags import chosen, named
from helpers.notebook import source

PROJECT = "Open classrooms"
PAGES = {
    "index.html": "What we know", "evidence.html": "Evidence", "your-data.html": "Your data",
    "08-evidence-ledger.html": "Ledger", "figures.html": "Figures", "data.html": "Data", "references.html": "References",
}  # fmt: skip
"""Where the links at the top of every page of the site lead."""
_NOTES = ".card .small-print:has(a[download])"
"""The line of a card by which it is taken along."""
_MINUS = re.compile(r"(?<![^\s(])-(?=\.?\d)")
LONG = {"td": 40, "th": 80}
"""Characters: a cell with more, or the name of a row, is written on lines of some width."""


def render(notebook: Path, target: Path, name: str = "", **more: Any) -> None:
    """Write the page of an executed notebook.

    Parameters
    ----------
    notebook, target : the executed notebook; the page's file
    name : the notebook's own name if the page is of the site, whose pages are linked; empty: a run stands alone
    more : `guide`, HTML that stands behind the question (how to have such a page, or what a run was made of); `files`, data file -> link;
        `entered`, files of printed numbers of which it enters some in the ledger; other names of the shell template
    """
    # HTMLExporter's own method would parse the page and write it again: as long as all the rest, and nothing gained.
    body, _ = TemplateExporter.from_notebook_node(_exporter(), nbformat.read(notebook, as_version=4))
    soup = BeautifulSoup(body, "html.parser")
    pictures.put_in(soup, notebook.parent)
    _begin_with_answer(soup, more.pop("guide", ""))
    _name_headings(soup)
    _tidy_wide_parts(soup)
    _mend_links(soup, name)
    if name:
        _link_notebooks(soup)
    _link_data(soup, more.pop("files", {}))
    _link_ledger(soup, source.slug(name), more.pop("entered", ()))
    _one_minus(soup)
    if words := glossary.explain(soup):
        told = fill("terms.html.j2", terms=words, address=glossary.address)
        soup.append(BeautifulSoup(f'<h2 id="words-explained">Words explained</h2>\n{told}', "html.parser"))
    title = soup.h1.get_text()
    description = soup.blockquote.get_text(" ", strip=True) if soup.blockquote else title
    shown = {"toc": contents(soup, ["h2", "h3"]), **(neighbours(name) if name else {})}
    _link_places(soup)
    if name:
        shown["cited"] = citing.cited(title, target.name, more.get("site_url", ""))
        _offer_citation(soup)
    target.write_text(shell(title, str(soup), description, site=bool(name), **shown, **more), encoding="utf-8")


def listing(target: Path, template: str, title: str, description: str, **names: Any) -> None:
    """Write a page of the site that is of no notebook.

    Parameters
    ----------
    target, template : the page's file; the template of what is in it
    title, description : of the page
    names : what the template names
    """
    soup = BeautifulSoup(fill(template, **names), "html.parser")
    _tidy_wide_parts(soup)
    _one_minus(soup)
    shown = {"toc": contents(soup, ["h2"]), "here": target.name, "look": names.get("look", "")}
    shown |= {key: names[key] for key in ("site_url", "lead") if key in names}
    _link_places(soup)
    shown["cited"] = citing.cited(title, target.name, names.get("site_url", ""))
    page = shell(title, str(soup), description, site=True, **shown)
    target.write_text(page, encoding="utf-8")


def shell(title: str, body: str, description: str, **more: Any) -> str:
    """A whole page around `body`; `more` are the shell template's other names."""
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8").strip()
    if re.search('class="(picture|glance)"', body):
        css += (
            f"\n@media (prefers-color-scheme: dark) {{ :root {{ {pictures.by_night()} }} }}\n{pictures.typeface(body)}"
        )
    script = safe_html.script(safe_html.COPY) if 'class="place"' in body else ""
    words = {
        "title": title,
        "description": description,
        "project": PROJECT,
        "policy": safe_html.policy(body + script),
        "script": script,
    }
    return fill("shell.html.j2", body=body, css=css, pages=PAGES, **words, **more)


def fill(template: str, **names: Any) -> str:
    """One of our templates with names filled in; texts are escaped in the template by `| e`."""
    return _environment().get_template(template).render(names)


@cache
def _environment() -> jinja2.Environment:
    """One for all pages: it keeps its templates."""
    loader, lax = jinja2.FileSystemLoader(TEMPLATES), jinja2.ChainableUndefined
    environment = jinja2.Environment(loader=loader, undefined=lax, trim_blocks=True)
    # Escapes as `e` does, whose result would escape the tags as well.
    environment.filters["code"] = lambda text: re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))
    return environment


@cache
def _exporter() -> HTMLExporter:
    """One for all pages: it keeps its templates."""
    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(TEMPLATES)], exclude_anchor_links=True)
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
    exporter.register_filter("cleaned", safe_html.cleaned)
    return exporter


def neighbours(name: str) -> dict[str, dict[str, str]]:
    """Link and title of the notebooks `before` and `after` this one, where there are such."""
    names = source.names()
    place = names.index(name)
    near = {"before": names[:place][-1:], "after": names[place + 1 :][:1]}
    return {
        side: {"href": f"{source.slug(other)}.html", "title": source.title(source.path_of(other))}
        for side, others in near.items()
        for other in others
    }


def contents(soup: BeautifulSoup, names: list[str]) -> list[dict[str, Any]]:
    """Table of contents: headings of these names, which have an id."""
    return [{"level": int(head.name[1]), "id": head["id"], "text": head.get_text()} for head in named(soup, *names)]


def _begin_with_answer(soup: BeautifulSoup, guide: str) -> None:
    """Put the answer and what leads to it behind the question, then what the page adds to it; links stay where they stood."""
    place, answer = soup.blockquote or soup.h1, soup.find(id="answer")
    if answer is not None:
        lead = soup.find(id=answer["data-lead"] or "no lead")
        place.insert_after(opening := soup.new_tag("div", attrs={"class": "output"}))
        limits = _head_limits(answer)  # nothing else stood below its heading
        opening.append(answer.extract() if limits else _moved(soup, answer, "The answer", answer["id"]))
        if lead is not None:
            card: Tag = lead.find_parent("div", class_="card") or lead
            opening.append(_moved(soup, card, _number(card), lead["id"]))
        if then := answer.find(class_="then"):
            opening.append(then.extract())
    place.insert_after(BeautifulSoup(guide, "html.parser"))


def _head_limits(answer: Tag) -> bool:
    """Whether limits stand behind an answer that goes elsewhere, and begin with the word: then the heading over it becomes theirs."""
    heading, word = answer.find_previous("h2"), answer.find_next("strong", string="Limits.")
    if heading is None or word is None or heading.get_text(strip=True) != "The answer":
        return False
    heading.string = "Limits"
    word.decompose()
    return True


def _moved(soup: BeautifulSoup, part: Tag, called: str, address: str) -> Tag:
    """The part, taken out; a line that says where it is stands in its place."""
    link = soup.new_tag("a", href=f"#{address}")
    link.string = "at the top of the page"
    part.insert_before(note := soup.new_tag("p", attrs={"class": "small-print"}))
    note.extend([f"{called} stands ", link, "."])
    return part.extract()


def _number(card: Tag) -> str:
    """A card's number, as its caption has it: Figure 1.2."""
    return card.find("b").get_text().partition(". ")[0]


def _name_headings(soup: BeautifulSoup) -> None:
    """Give each heading an id of its own."""
    taken: Counter[str] = Counter()
    for heading in named(soup, "h1", "h2", "h3"):
        slug = re.sub(r"[^a-z0-9]+", "-", heading.get_text().lower()).strip("-") or "section"
        taken[slug] += 1
        heading["id"] = slug if taken[slug] == 1 else f"{slug}-{taken[slug]}"


def _link_places(soup: BeautifulSoup) -> None:
    """A link at each heading, figure and table by which that place can be passed on."""
    for heading in chosen(soup, "[id]", "h2", "h3"):
        if heading.a is None:
            heading.extend([" ", _place(soup, heading["id"], heading.get_text())])
    for card in chosen(soup, "figure.card[id], .card table[id]", "figure", "table"):
        if number := next(iter(chosen(card, "figcaption b, caption b", "b")), None):
            number.parent.extend([" ", _place(soup, card["id"], number.get_text().partition(". ")[0])])


def _place(soup: BeautifulSoup, name: str, of: str) -> Tag:
    link = soup.new_tag("a", href=f"#{name}", attrs={"class": "place", "aria-label": f"Link to {of.strip()}"})
    link.string = "#"
    return link


def _tidy_wide_parts(soup: BeautifulSoup) -> None:
    """Leave the look of tables to our style sheet; wrap long cells; let wide tables and code scroll, by keyboard too."""
    for style in named(soup, "style"):
        style.decompose()
    for table in chosen(soup, ":not(.glance)", "table"):
        if table.parent.has_attr("style"):
            del table.parent["style"]
        title = table.caption and (table.caption.b or table.caption)
        caption = title.get_text() if title else "Table"
        region = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption}
        table.wrap(soup.new_tag("div", attrs=region))
    for body in named(soup, "tbody"):
        for cell in [] if body.find_parent(id="ledger") else named(body, *LONG):
            if len(cell.get_text()) > LONG[cell.name]:
                cell["class"] = [*cell.get("class", []), "long"]
    for code in named(soup, "pre"):
        code["tabindex"] = "0"


def _one_minus(soup: BeautifulSoup) -> None:
    """Negative numbers with the sign that figures have, which no line ends behind; what is typed or a range of years stays."""
    # A picture is text that is kept as it stands: its places are no words.
    texts = [
        part
        for part in soup.descendants
        if isinstance(part, NavigableString) and not isinstance(part, PreformattedString)
    ]
    for text in texts:
        if _MINUS.search(text) and text.find_parent(["pre", "code", "script", "style"]) is None:
            text.replace_with(_MINUS.sub("−", text))


def _link_data(soup: BeautifulSoup, files: dict[str, str]) -> None:
    """Lead from what a card rests on to what the site says of it."""
    for origin in [part for note in chosen(soup, ".small-print", "p") for part in chosen(note, ".source", "span")]:
        if origin.get_text() in files:
            origin.wrap(soup.new_tag("a", href=files[origin.get_text()]))


def _link_ledger(soup: BeautifulSoup, notebook: str, files: Collection[str]) -> None:
    """Lead from each card to what the notebook enters in the ledger of the printed `files` that the card rests on."""
    for note in chosen(soup, _NOTES, "p"):
        sources = [part.get_text() for part in chosen(note, ".source", "span")]
        parts = [Path(file).stem for file in sources if file in files]
        for place, part in enumerate(parts):
            link = soup.new_tag("a", href=f"08-evidence-ledger.html?notebook={notebook}&file={part}#ledger")
            link.string = part
            note.extend([", " if place else " · In the ledger: ", link])


def _offer_citation(soup: BeautifulSoup) -> None:
    """Lead from each card to how it is cited; `data-of` is its number, which the script of the page puts before the citation."""
    for note in chosen(soup, _NOTES, "p"):
        number = _number(note.find_parent(class_="card"))
        numbered = {"data-of": number} if number.startswith(("Figure ", "Table ")) else {}
        link = soup.new_tag("a", href="#cite", attrs=numbered)
        link.string = "Cite"
        note.extend([" · ", link])


def _link_notebooks(soup: BeautifulSoup) -> None:
    """A cell of a table that names a notebook leads to its page."""
    pages = {source.slug(name) for name in source.names()}
    for cell in named(soup, "td"):
        if cell.string in pages:
            cell.string.wrap(soup.new_tag("a", href=f"{cell.get_text()}.html"))


def _mend_links(soup: BeautifulSoup, name: str) -> None:
    """Links as they are right beside the page: figures next to it, notebooks as pages."""
    for link in chosen(soup, "[href]", "a"):
        if link.decomposed:
            continue
        href = re.sub(r"^\.\./(figures|tables)/", r"\1/", link["href"])
        match = re.fullmatch(r"([\w./-]+)\.ipynb([?#].*)?", href)
        if match and "download" not in link.attrs:
            if not name:  # a run stands alone: the other notebooks are not beside it, nor what is said of them
                around = link.find_parent("p")
                around.decompose() if around else link.unwrap()
                continue
            place = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
            href = f"{source.slug(place)}.html{match[2] or ''}"
        link["href"] = href
