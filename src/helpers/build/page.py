"""An executed notebook as one accessible HTML page that loads nothing from elsewhere."""

import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML

from helpers.notebook import source

TEMPLATES = Path(__file__).parent / "template"
PROJECT = "Open classrooms"
LONG = {"td": 40, "th": 80}
"""Characters: a cell with more, or the name of a row, is written on lines of some width."""


def render(notebook: Path, target: Path, name: str = "") -> None:
    """Write the page of an executed notebook.

    `name` is that of the notebook when the page belongs to the site, whose pages link to each other and to its files.
    """
    node = nbformat.read(notebook, as_version=4)
    # HTMLExporter's own method would parse the page and write it again: as long as all the rest, and nothing gained.
    body, _ = TemplateExporter.from_notebook_node(_exporter(), node)
    soup = BeautifulSoup(body, "html.parser")
    toc = _name_headings(soup)
    _tidy_wide_parts(soup)
    _mend_links(soup, name)
    title = soup.h1.get_text()
    description = soup.blockquote.get_text(" ", strip=True) if soup.blockquote else title
    shown = {"home": "index.html" if name else "", **_neighbours(name)}
    target.write_text(shell(title, str(soup), description, toc=toc, **shown), encoding="utf-8")


def shell(title: str, body: str, description: str, **more: Any) -> str:
    """A whole page around `body`; `more` are the shell template's other names."""
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8").strip()
    return fill(
        "shell.html.j2",
        title=title,
        body=body,
        description=description,
        css=css,
        project=PROJECT,
        **more,
    )


def fill(template: str, **names: Any) -> str:
    """One of our templates with names filled in; texts are escaped in the template by `| e`."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, undefined=jinja2.ChainableUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(names)


@cache
def _exporter() -> HTMLExporter:
    """One for all pages: it keeps its templates."""
    exporter = HTMLExporter(
        template_name="page", extra_template_basedirs=[str(TEMPLATES)], exclude_anchor_links=True
    )
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
    return exporter


def _neighbours(name: str) -> dict[str, dict[str, str]]:
    """Link and title of the notebooks `before` and `after` this one, where there are such."""
    names = source.names()
    if name not in names:
        return {}
    place = names.index(name)
    near = {"before": names[max(place - 1, 0) : place], "after": names[place + 1 : place + 2]}
    return {
        side: {"href": f"{source.slug(other)}.html", "title": source.title(source.path_of(other))}
        for side, others in near.items()
        for other in others
    }


def _name_headings(soup: BeautifulSoup) -> list[dict[str, Any]]:
    """Give each heading an id of its own and return the table of contents."""
    taken: dict[str, int] = {}
    toc = []
    for heading in soup.find_all(["h1", "h2", "h3"]):
        slug = re.sub(r"[^a-z0-9]+", "-", heading.get_text().lower()).strip("-") or "section"
        taken[slug] = taken.get(slug, 0) + 1
        heading["id"] = slug if taken[slug] == 1 else f"{slug}-{taken[slug]}"
        if heading.name != "h1":
            toc.append(
                {"level": int(heading.name[1]), "id": heading["id"], "text": heading.get_text()}
            )
    return toc


def _tidy_wide_parts(soup: BeautifulSoup) -> None:
    """Leave the look of tables to our style sheet; wrap long cells; let wide tables and code scroll, by keyboard too."""
    for style in soup.find_all("style"):
        style.decompose()
    for table in soup.find_all("table"):
        if table.parent.has_attr("style"):
            del table.parent["style"]
        caption = table.caption.b.get_text() if table.caption and table.caption.b else "Table"
        region = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption}
        table.wrap(soup.new_tag("div", attrs=region))
    for body in soup.find_all("tbody"):
        for cell in body.find_all(list(LONG)):
            if len(cell.get_text()) > LONG[cell.name]:
                cell["class"] = [*cell.get("class", []), "long"]
    for code in soup.find_all("pre"):
        code["tabindex"] = "0"


def _mend_links(soup: BeautifulSoup, name: str) -> None:
    """Links as they are right beside the page: figures next to it, notebooks as pages."""
    for link in soup.find_all("a", href=True):
        href = re.sub(r"^\.\./(figures|tables)/", r"\1/", link["href"])
        match = re.fullmatch(r"([\w./-]+)\.ipynb(#.*)?", href)
        if match and not name:  # a run stands alone: the other notebooks are not beside it
            link.unwrap()
            continue
        if match:
            place = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
            href = f"{source.slug(place)}.html{match[2] or ''}"
        link["href"] = href
