"""Figure cards, table cards and sentences: what a reader sees, with everything needed to trust and reuse it.

A card is refused, and with it the build, when its alternative text, caption or data is missing. What it rests on and
its state come from what its section read. Every front end shows it: pages as HTML, others as Markdown or LaTeX.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import Markdown

from helpers.draw import numbers
from helpers.notebook import earlier
from helpers.notebook import session as sessions
from helpers.notebook.around import LICENCE
from helpers.notebook.markup import code, escaped, html, markdown, strong, typed
from helpers.notebook.session import Section, Session
from helpers.project import STATES, STRENGTHS
from helpers.read import saved
from helpers.read.accounts import Account

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATES = Path(__file__).parent / "template"
_FIT = r"max size={0.9\linewidth}{0.8\paperheight}"


class CardError(ValueError):
    """A figure or table lacks something that a reader needs."""


@dataclass(frozen=True)
class Card:
    """A figure or a table as every front end can show it; `bundle` maps a MIME type to its content."""

    bundle: dict[str, Any]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.bundle


def figure(
    section: Section, fig: Figure, name: str, *, title: str, caption: str, alt: str,
    data: pd.DataFrame, finding: str = "", source: str = "", as_printed: bool = False,
) -> Card:  # fmt: skip
    """Save a figure as SVG and PNG and its data as CSV; show it with all that readers need. Raises CardError for a gap.

    Parameters
    ----------
    section, data : what the figure rests on, from which its sources and its state follow; what is drawn
    fig : stays as it is, so that it can be changed and shown again
    name : lower-case words joined by hyphens, which name the files
    title, caption, alt : its words; `alt` is what the figure shows, for somebody who cannot see it
    finding : what it says, in a computed sentence that stands over it
    source : whose numbers or words are drawn, where these are not those of all that the section read
    as_printed : the numbers are shown as they stand in print, nothing is computed from them
    """
    from helpers.notebook import export  # only what has figures pays for what draws

    data = _checked(section, name, title, caption, data, as_printed)
    if not section.of_users_data:  # whose alternative text may be as short as the data are few
        _check_alt(name, alt, title, caption)
    about = _about(section, "Figure", name, title, caption, data)
    place = f"figures/{section.run.stem}--{name}"
    stem, link = section.run.folder / place, f"{section.run.links}{place}"
    size, boxes = export.save(fig, stem, export.Words(finding, title, about["states"], _whose(section, source)))
    if boxes:
        boxes = f"No typeface on this computer has {' '.join(boxes)}. Pictures as PNG have boxes there; as SVG they have the text."
        sessions.note(section.run, "account", text=boxes)
    _csv(data, stem.with_suffix(".csv"))
    _note(section, "figure", about, alt=alt, finding=finding)
    # A notebook holds the PNG: text of an SVG wants the typeface that pages bring along.
    png = b64encode(stem.with_suffix(".png").read_bytes()).decode()
    width, height = (round(96 * inches) for inches in size)
    page = fill("figure.html.j2", **about, alt=alt, finding=finding, boxes=boxes, image=png, width=width, height=height,
                endings=("svg", "png", "csv"), links=link)  # fmt: skip
    picture = f"![{escaped(alt)}]({link}.png)"
    tex = f"\\begin{{center}}\\adjustimage{{{_FIT}}}{{{link}.png}}\\end{{center}}"
    return Card({"text/html": page, **_elsewhere(about, picture, tex)})


def table(
    section: Section, data: pd.DataFrame, name: str, *, title: str, caption: str, as_printed: bool = False,
    columns: dict[str, str | Sequence] | None = None, show: pd.DataFrame | None = None,
) -> Card:  # fmt: skip
    """Save a tidy table as CSV and show it with caption and header scopes. Raises CardError when a piece is missing.

    Parameters
    ----------
    section, name, title, caption, as_printed : as for `figure`
    data, show : the tidy table, saved with twelve significant digits; rows for the eye in its place
    columns : heading -> format string or cells (see `numbers.cells`), first the rows' names; None: all as is
    """
    rows = data if show is None else show
    data = _checked(section, name, title, caption, data, as_printed)
    about = _about(section, "Table", name, title, caption, data)
    place = f"tables/{section.run.stem}--{name}"
    _csv(data, section.run.folder / f"{place}.csv")
    _note(section, "table", about)
    columns = columns or {str(head): f"{{{head}}}" for head in rows}
    seen = numbers.cells(rows, columns)
    lines = [list(seen), *seen.to_numpy().tolist()]
    page = fill("table.html.j2", **about, heads=lines[0], rows=lines[1:], endings=("csv",),
                right=numbers.numeric(columns), links=f"{section.run.links}{place}")  # fmt: skip
    return Card({"text/html": page, **_elsewhere(about, _markdown(lines), _latex(lines), seen.to_string(index=False))})


def say(*paragraphs: str, points: Iterable[str] = ()) -> Markdown:
    """Sentences with computed numbers in them, and a list. Write them in a code cell, so that they cannot drift.

    They are plain text, names in them as they are written; what is bold or code says so: `strong`, `emphasis`, `code`.
    """
    listed = "\n".join(f"- {markdown(point)}" for point in points)
    return Markdown("\n\n".join(filter(None, [*map(markdown, paragraphs), listed])))


def account(run: Session, rows: Account) -> Markdown:
    """What became of the rows of a user's file. On the page small counts are hidden; make tells them to who holds the file."""
    sessions.note(run, "account", text=rows.exact, counted=rows.counted)
    return say(typed(rows.page))


def answer(
    run: Session, text: str, *, number: str = "", of: str = "", strength: str = "", whose: str = "", lead: str = "", then: str = "",
    glance: Sequence[dict] = (),
) -> Card:  # fmt: skip
    """The notebook's answer, with which its page begins and which the site's first page quotes; and what this run and earlier ones tell together.

    Parameters
    ----------
    run, text : the answer in a computed sentence or two
    number, of : the one that says most, in a word or two; its interval, and what it is a number of
    strength, whose : one of STRENGTHS; whose data or words it rests on
    lead, then : name of the figure or table that shows it, empty: the first figure; a sentence or two that the page alone adds
    glance : the small picture on the site's first page (`glance.rows`)
    """
    made = [name.partition(" ")[::2] for name in run.names]
    leads = [f"{kind.lower()}-{name}" for kind, name in made if name == lead or (kind == "Figure" and not lead)]
    if (lead and not leads) or (strength and strength not in STRENGTHS):
        raise CardError(f"the answer has no figure or table {lead!r}, or its strength {strength!r} is not known")
    told = {"number": number, "of": of, "strength": strength, "whose": whose, "lead": (leads or [""])[0]}
    sessions.note(run, "answer", text=text, glance=list(glance), then=then, **told)
    sentences, meaning = [text, *_beside_earlier(run)], STRENGTHS.get(strength, "")
    page = fill("answer.html.j2", **told, then=html(then), sentences=[html(s) for s in sentences], meaning=meaning)
    head = f"{strong(number)} {of}".strip() if number else ""
    tail = f"{strong(strength)}: {STRENGTHS[strength]}. {whose}".strip() if strength else ""
    return Card({"text/html": page, "text/markdown": say(*filter(None, [head, *sentences, tail, then])).data})


def _beside_earlier(run: Session) -> list[str]:
    """Which earlier runs of this notebook count nearly the same people, in words for the page; make tells the numbers."""
    found = earlier.apart(run.folder, run.stem, earlier.runs() if run.notebook.startswith("your-data/") else [])
    names = list(dict.fromkeys(name for name, *_ in found))
    for name in names:
        whom = [f"{who} ({now:,}, there {then:,})" for other, who, now, then in found if other == name]
        text = f"Beside the run {name} this one tells of a few people: {_first(whom)}. Do not pass on both."
        sessions.note(run, "account", text=text)
    whom = _first(list(dict.fromkeys(who for _, who, *_ in found)))
    title = strong("Not to be passed on with earlier runs.")
    said = "count nearly the same people. Subtracted from each other, they tell of fewer than ten:"
    return [f"{title} This run and {', '.join(map(code, names))} {said} {whom}."] if found else []


def _first(words: Sequence[str], most: int = 5) -> str:
    """The first of some words, and how many more there are."""
    return "; ".join(words[:most]) + (f"; and {len(words) - most} more" if len(words) > most else "")


def runs(run: Session, rows: pd.DataFrame) -> Markdown:
    """Save for each row (`specification`) the `parameters` in which its run differs (YAML), and link to the files."""
    import yaml

    name, links = Path(run.notebook).name, []
    for label, given in dict(zip(rows["specification"], rows["parameters"], strict=True)).items():
        words = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
        file = f"tables/{run.stem}--run-{words}.yml"
        head = f"# {' '.join(label.split())}: make run NOTEBOOK={name} PARAMS=<this file>\n"
        named = {"data"} & set(run.parameters) if not run.parameters.get("release") else set()
        values = {key: run.parameters[key] for key in named}
        values |= _changed(run) | yaml.safe_load(given)
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
        (run.folder / file).write_text(head + text, encoding="utf-8")
        links.append(f"- [{escaped(label)}]({run.links}{file})\n")
    return Markdown(
        "**Every row can be run by itself.** Each link is a file of parameters. Save it and call "
        f"`make run NOTEBOOK={name} PARAMS=` with the file's path.\n\n{''.join(links)}"
    )


def _checked(
    section: Section, name: str, title: str, caption: str, data: pd.DataFrame, as_printed: bool
) -> pd.DataFrame:
    """The data, once nothing is missing, each row with its state, else the card's; none that the sources have not."""
    if not section.names:
        raise CardError("a card rests on nothing: its section has read no file (section.reads)")
    state = section.state
    if as_printed and state not in ("recomputed", "simulated"):
        raise CardError(f"what is {state} does not stand in print")
    if as_printed and state == "recomputed":
        state = "published"
    lacks = {"a title": not title.strip(), "a caption": len(caption) < 20, "data": data is None or data.empty}
    if missing := [what for what, lacking in lacks.items() if lacking]:
        raise CardError(f"{name}: the card lacks {missing[0]}")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise CardError(f"{name}: a card's name is lower-case words joined by hyphens")
    if "state" not in data:
        return data.assign(state=state)
    known = section.states | {state}
    if "published" in known:
        known.add("recomputed")
    if strange := [word for word in data["state"].unique() if word not in known]:
        raise CardError(f"rows are called {strange[0]}, and nothing that was read is")
    return data


def _check_alt(name: str, alt: str, title: str, caption: str) -> None:
    placeholder = re.search(r"no description|placeholder|todo", alt, re.I)
    if len(alt) < 60 or alt.strip() in (title, caption) or placeholder:
        raise CardError(f"figure {name}: the alternative text must tell in a sentence or two what the figure shows")


def _elsewhere(about: dict[str, Any], body: str, tex: str, plain: str = "") -> dict[str, str]:
    """What front ends without HTML show of a card: Markdown, LaTeX and plain text."""
    number, title, caption, state = (about[key] for key in ("number", "title", "caption", "state"))
    words = f"{number}. {title}. {caption} ({state})"
    return {
        "text/markdown": f"{body}\n\n**{number}. {escaped(title)}.** {escaped(caption)} *({state})*",
        "text/latex": f"{tex}\n\n{_tex(words)}",
        "text/plain": f"{words}\n{plain}".strip(),
    }


def _about(section: Section, word: str, name: str, title: str, caption: str, data: pd.DataFrame) -> dict[str, Any]:
    """What caption and small print say of a card."""
    run = section.run
    states = {state: STATES[state] for state in data["state"].unique()}
    return {
        "name": name, "title": title, "caption": caption, "state": " and ".join(states),
        "states": states, "number": _number(run, word, name), "origins": section.names,
    }  # fmt: skip


def _whose(section: Section, source: str) -> str:
    """What a figure says of its source and licence where it stands alone; of a user's data, whose they are nobody else knows."""
    if section.of_users_data:
        return f"Source: {', '.join(section.names)}. Drawn with Open classrooms."
    if source:
        return f"Source: {source}. {LICENCE}"
    package = json.loads(sessions.looks_in(section.run, "data/datapackage.json").read_text(encoding="utf-8"))
    titles = {f"data/{one['path']}": [of["title"] for of in one.get("sources", [])] for one in package["resources"]}
    found = "; ".join(dict.fromkeys(title for name in section.names for title in titles.get(name, [])))
    if section.state == "simulated":
        found = "made-up data" + f", after {found}" * bool(found)
    return f"Source: {found or ', '.join(section.names)}. {LICENCE}"


def _note(section: Section, kind: str, about: dict[str, Any], **more: Any) -> None:
    kept = {key: about[key] for key in ("number", "name", "title", "caption", "state")}
    sessions.note(section.run, kind, **kept, states=list(about["states"]), **more, sources=section.names)


def _number(run: Session, word: str, name: str) -> str:
    """The card's number: that of the notebook, and its place among the cards of its kind; it keeps it if made again."""
    if f"{word} {name}" not in run.names:
        run.names.append(f"{word} {name}")
    position = [known for known in run.names if known.startswith(word)].index(f"{word} {name}") + 1
    return f"{word} {int(Path(run.notebook).name[:2])}.{position}"


def _csv(data: pd.DataFrame, path: Path) -> None:
    # Twelve significant digits: all that is meant, none of the noise of the last bits.
    saved.write(data, path, float_format="%.12g")


def _changed(run: Session) -> dict[str, Any]:
    """Parameters that are not their defaults."""
    return {key: value for key, value in run.parameters.items() if value != run.defaults[key]}


def fill(template: str, **names: Any) -> str:
    """One of the templates with these names filled in, their texts escaped."""
    return _environment().get_template(template).render(names)


@cache
def _environment() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def _markdown(lines: list[list]) -> str:
    rows = [[escaped(cell) for cell in line] for line in lines]
    rows.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _latex(lines: list[list]) -> str:
    head, *rows = (" & ".join(_tex(str(cell)) for cell in line) + r" \\" for line in lines)
    begin = rf"\begin{{tabular}}{{{'l' * len(lines[0])}}}"
    return "\n".join([begin, r"\hline", head, r"\hline", *rows, r"\hline", r"\end{tabular}"])


_TEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def _tex(text: str) -> str:
    return text.translate(str.maketrans(_TEX))
