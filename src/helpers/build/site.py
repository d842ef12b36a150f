"""The site, and an executed notebook as one page: pages, figures and tables of the finished runs, the index and the ledger, put in place together."""

import json
import platform
import posixpath
import re
import shutil
import tomllib
from functools import cache
from html import escape
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
from helpers.build import plan
from helpers.build.plan import BUILD
from helpers.notebook import ledger, source
from helpers.notebook import session as sessions
from helpers.project import ROOT, STATES


def make(folders: list[Path]) -> None:
    """Collect the runs in `folders` into build/{figures,tables,notebooks,site}, and the ledger that one of them made.

    Everything is made aside first; each part then takes its place by a rename.
    """
    stamps = plan.site_stamps(folders)  # before: what changes meanwhile makes the site stale
    aside = BUILD / "aside" / "site"
    shutil.rmtree(aside, ignore_errors=True)
    for part in ("figures", "tables", "notebooks", "site"):
        (aside / part).mkdir(parents=True)
    runs = [_run(folder) for folder in folders]
    for folder in folders:
        for part in ("figures", "tables"):
            shutil.copytree(folder / part, aside / part, dirs_exist_ok=True)
        shutil.copyfile(folder / "notebook.ipynb", aside / "notebooks" / f"{folder.name}.ipynb")
        name = _named()[folder.name]
        render(folder / "notebook.ipynb", aside / "site" / f"{folder.name}.html", name)
    for part in ("figures", "tables"):
        shutil.copytree(aside / part, aside / "site" / part)
    book = _ledger(folders, aside)
    for name, text in {
        "index.html": _index(runs, book),
        "times.html": _times(runs),
    }.items():
        (aside / "site" / name).write_text(text, encoding="utf-8")
    parts = sorted(path.name for path in aside.iterdir())
    made = [path.relative_to(aside).as_posix() for path in aside.rglob("*") if path.is_file()]
    state = {"stamps": stamps, "made": sorted(made)}
    # Without its state the site counts as not made: the state goes first and comes last.
    (BUILD / "site.json").unlink(missing_ok=True)
    for part in parts:
        kept.swap(aside / part, BUILD / part)
    (BUILD / "site.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
    shutil.rmtree(BUILD / "aside")


def _ledger(folders: list[Path], aside: Path) -> pd.DataFrame | None:
    """Put the ledger at the top of build/ and of the site; None where no notebook made one."""
    for folder in folders:
        stem = folder / "tables" / f"{folder.name}--ledger"
        if stem.with_suffix(".csv").is_file():
            for ending in (".csv", ".json", ".schema.json"):
                for place in (aside, aside / "site"):
                    shutil.copyfile(stem.with_suffix(ending), place / f"ledger{ending}")
            return pd.read_csv(stem.with_suffix(".csv"), dtype=str)
    return None


def _named() -> dict[str, str]:
    """The notebook behind each folder of results."""
    return {source.slug(name): name for name in source.names()}


def _run(folder: Path) -> dict[str, Any]:
    lines = sessions.lines(folder)
    notebook = source.path_of(_named()[folder.name])
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    return {
        "name": folder.name,
        "own": notebook.parent.name == source.OWN,
        "title": source.title(notebook),
        "question": source.question(notebook),
        "answer": next(line["text"] for line in lines if line["kind"] == "answer"),
        "figures": [line for line in lines if line["kind"] == "figure"],
        "tables": [line for line in lines if line["kind"] == "table"],
        "seconds": state["seconds"],
        "ended": state["ended"],
    }


def _index(runs: list[dict[str, Any]], book: pd.DataFrame | None) -> str:
    body = fill(
        "index.html.j2",
        runs=runs,
        parts=_parts(runs),
        states=STATES,
        verdicts=ledger.VERDICTS,
        data=_by_data_file(runs),
        summary=[] if book is None else _summary(book),
        versions=_versions(),
    )
    toc = [
        {"level": 2, "id": name, "text": text}
        for name, text in (
            *((part["id"], part["title"]) for part in _parts(runs)),
            ("figures", "All figures"),
            ("data", "From data to figures"),
            ("ledger", "The evidence ledger"),
            ("versions", "Versions and run times"),
        )
        if name != "ledger" or book is not None
    ]
    description = "A research compendium on teachers who open their classrooms to each other"
    return shell(PROJECT, body, description, toc=toc)


def _parts(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The two kinds of notebooks: evidence, and those for the reader's own data."""
    words = {
        "evidence": ("What is known", "From print and public records."),
        "your-data": (
            "Your data",
            "The same questions on a file of yours. Here they show simulated examples, which are no evidence.",
        ),
    }
    parts = [
        {"id": name, "title": title, "words": text, "runs": [r for r in runs if r["own"] == own]}
        for (name, (title, text)), own in zip(words.items(), (False, True), strict=True)
    ]
    return [part for part in parts if part["runs"]]


def _by_data_file(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each data file, the figures and tables that rest on it."""
    cards = [
        card | {"run": run["name"]} for run in runs for card in [*run["figures"], *run["tables"]]
    ]
    files = sorted({path for card in cards for path in card["sources"]})
    return [
        {"path": path, "cards": [card for card in cards if path in card["sources"]]}
        for path in files
    ]


def _summary(book: pd.DataFrame) -> list[dict[str, Any]]:
    """For each file of printed numbers, how many ledger rows have each verdict."""
    counts = book.groupby(["file", "verdict"]).size()
    return [
        {
            "file": file,
            "counts": [int(counts.get((file, verdict), 0)) for verdict in ledger.VERDICTS],
        }
        for file in sorted(book["file"].unique())
    ]


def _versions() -> list[tuple[str, str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [requirement.split(">")[0] for requirement in project["dependencies"]]
    return [("python", platform.python_version()), *((name, version(name)) for name in names)]


def _times(runs: list[dict[str, Any]]) -> str:
    """Run times in a page of their own, so that all the others are the same after every build."""
    rows = "".join(
        f'<tr><th scope="row">{escape(run["name"])}</th><td>{run["ended"]} UTC</td><td>{run["seconds"]:.1f}</td></tr>'
        for run in runs
    )
    head = '<tr><th scope="col">Notebook</th><th scope="col">Last ran</th><th scope="col">Seconds</th></tr>'
    table = f"<table><caption>Run times of the last build</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"
    return shell(
        "Run times", table, "When each notebook last ran, and how long it took", look="bare"
    )


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
