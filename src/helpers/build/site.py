"""The site: a page for each executed notebook, figures and tables, the index and the ledger, put in place together."""

import json
import platform
import posixpath
import re
import shutil
import tomllib
from collections import Counter
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import nbformat
import pandas as pd
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML

from helpers import kept
from helpers.build import plan, safe_html
from helpers.build.plan import BUILD, TEMPLATES
from helpers.notebook import session as sessions
from helpers.notebook import source
from helpers.project import ROOT, STATES, VERDICTS
from helpers.read import saved

PROJECT = "Open classrooms"
LONG = {"td": 40, "th": 80}
"""Characters: a cell with more, or the name of a row, is written on lines of some width."""


def make(folders: list[Path]) -> None:
    """Collect the runs in `folders`, and the ledger that one of them made, aside; then move each part in place."""
    stamps = plan.site_stamps(folders)  # before: what changes meanwhile makes the site stale
    aside = BUILD / "aside" / "site"
    shutil.rmtree(aside, ignore_errors=True)
    for part in ("figures", "tables", "notebooks", "site"):
        (aside / part).mkdir(parents=True)
    named = {source.slug(name): name for name in source.names()}
    for folder in folders:
        for part in ("figures", "tables"):
            shutil.copytree(folder / part, aside / part, dirs_exist_ok=True)
        shutil.copyfile(folder / "notebook.ipynb", aside / "notebooks" / f"{folder.name}.ipynb")
        render(folder / "notebook.ipynb", aside / "site" / f"{folder.name}.html", named[folder.name])
    for part in ("figures", "tables"):
        shutil.copytree(aside / part, aside / "site" / part)
    runs = [_run(folder, source.path_of(named[folder.name])) for folder in folders]
    (aside / "site" / "index.html").write_text(_index(runs, _ledger(folders, aside)), encoding="utf-8")
    # Run times stand in a page of their own, so that all the others are the same after every build.
    words = "When each notebook last ran, and how long it took"
    times = shell("Run times", fill("times.html.j2", runs=runs), words, look="bare")
    (aside / "site" / "times.html").write_text(times, encoding="utf-8")
    made = kept.digests(aside)
    # Without its state the site counts as not made: the state goes first and comes last.
    (BUILD / "site.json").unlink(missing_ok=True)
    for path in sorted(aside.iterdir()):
        kept.swap(path, BUILD / path.name)
    state = {"stamps": stamps, "made": made}
    (BUILD / "site.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
    shutil.rmtree(BUILD / "aside", ignore_errors=True)


def _ledger(folders: list[Path], aside: Path) -> pd.DataFrame | None:
    """Put the ledger at the top of build/ and of the site; None where no notebook made one."""
    for folder in folders:
        stem = folder / "tables" / f"{folder.name}--ledger"
        if stem.with_suffix(".csv").is_file():
            for ending in (".csv", ".json", ".schema.json"):
                for place in (aside, aside / "site"):
                    shutil.copyfile(stem.with_suffix(ending), place / f"ledger{ending}")
            return saved.read(stem.with_suffix(".csv"), dtype=str)
    return None


def _run(folder: Path, notebook: Path) -> dict[str, Any]:
    """What the index says of a run."""
    lines = sessions.lines(folder)
    state = kept.load(folder / "state.json")
    return {
        "name": folder.name, "own": notebook.parent.name == source.OWN,
        "title": source.title(notebook), "question": source.question(notebook),
        "answer": next(line["text"] for line in lines if line["kind"] == "answer"),
        "figures": [line for line in lines if line["kind"] == "figure"],
        "tables": [line for line in lines if line["kind"] == "table"],
        "seconds": state["seconds"], "ended": state["ended"],
    }  # fmt: skip


def _index(runs: list[dict[str, Any]], book: pd.DataFrame | None) -> str:
    cards = [c | {"run": run["name"]} for run in runs for c in [*run["figures"], *run["tables"]]]
    files = sorted({path for card in cards for path in card["sources"]})
    summary = {}
    if book is not None:  # for each file of printed numbers, how many of them have each verdict
        numbers = book[book["kind"] == "number"]
        counts = pd.crosstab(numbers["file"], numbers["verdict"])
        summary = counts.reindex(columns=list(VERDICTS), fill_value=0).T.to_dict("list")
    words = {"states": STATES, "verdicts": VERDICTS, "versions": _versions()}
    body = fill("index.html.j2", runs=runs, cards=cards, files=files, summary=summary, **words)
    toc = _contents(BeautifulSoup(body, "html.parser"), ["h2"])
    description = "A research compendium on teachers who open their classrooms to each other"
    return shell(PROJECT, body, description, toc=toc)


def _versions() -> list[tuple[str, str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [requirement.split(">")[0] for requirement in project["dependencies"]]
    return [("python", platform.python_version()), *((name, version(name)) for name in names)]


def render(notebook: Path, target: Path, name: str = "") -> None:
    """Write the page of an executed notebook; `name`: its own if the page is of the site, whose pages are linked."""
    # HTMLExporter's own method would parse the page and write it again: as long as all the rest, and nothing gained.
    body, _ = TemplateExporter.from_notebook_node(_exporter(), nbformat.read(notebook, as_version=4))
    soup = BeautifulSoup(body, "html.parser")
    _name_headings(soup)
    _tidy_wide_parts(soup)
    _mend_links(soup, name)
    title = soup.h1.get_text()
    description = soup.blockquote.get_text(" ", strip=True) if soup.blockquote else title
    shown = {"toc": _contents(soup, ["h2", "h3"]), "home": "index.html" if name else "", **_neighbours(name)}
    target.write_text(shell(title, str(soup), description, **shown), encoding="utf-8")


def shell(title: str, body: str, description: str, **more: Any) -> str:
    """A whole page around `body`; `more` are the shell template's other names."""
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8").strip()
    words = {"title": title, "description": description, "project": PROJECT, "policy": safe_html.policy(body)}
    return fill("shell.html.j2", body=body, css=css, **words, **more)


def fill(template: str, **names: Any) -> str:
    """One of our templates with names filled in; texts are escaped in the template by `| e`."""
    loader, lax = jinja2.FileSystemLoader(TEMPLATES), jinja2.ChainableUndefined
    environment = jinja2.Environment(loader=loader, undefined=lax, trim_blocks=True)
    return environment.get_template(template).render(names)


@cache
def _exporter() -> HTMLExporter:
    """One for all pages: it keeps its templates."""
    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(TEMPLATES)], exclude_anchor_links=True)
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
    exporter.register_filter("cleaned", safe_html.cleaned)
    return exporter


def _neighbours(name: str) -> dict[str, dict[str, str]]:
    """Link and title of the notebooks `before` and `after` this one, where there are such."""
    names = source.names()
    if name not in names:
        return {}
    place = names.index(name)
    near = {"before": names[:place][-1:], "after": names[place + 1 :][:1]}
    return {
        side: {"href": f"{source.slug(other)}.html", "title": source.title(source.path_of(other))}
        for side, others in near.items()
        for other in others
    }


def _name_headings(soup: BeautifulSoup) -> None:
    """Give each heading an id of its own."""
    taken: Counter[str] = Counter()
    for heading in soup.find_all(["h1", "h2", "h3"]):
        slug = re.sub(r"[^a-z0-9]+", "-", heading.get_text().lower()).strip("-") or "section"
        taken[slug] += 1
        heading["id"] = slug if taken[slug] == 1 else f"{slug}-{taken[slug]}"


def _contents(soup: BeautifulSoup, names: list[str]) -> list[dict[str, Any]]:
    """Table of contents: headings of these names, which have an id."""
    return [{"level": int(head.name[1]), "id": head["id"], "text": head.get_text()} for head in soup.find_all(names)]


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
    for cell in soup.select("tbody td, tbody th"):
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
