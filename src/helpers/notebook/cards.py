"""Figure cards, table cards and sentences: what a reader sees, with everything needed to trust and reuse it.

A card is refused, and with it the build, when its alternative text, caption or data is missing. What it rests on and
its state come from what its section read. Every front end shows it: pages as HTML, others as an image, Markdown or LaTeX.
"""

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from helpers.draw import numbers
from helpers.notebook import session as sessions
from helpers.notebook.session import Section, Session
from helpers.project import STATES, relative
from helpers.read import files

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
    section: Section,
    fig: Figure,
    name: str,
    *,
    title: str,
    caption: str,
    alt: str,
    data: pd.DataFrame,
    as_printed: bool = False,
) -> Card:
    """Save a figure as SVG and PNG and its plotted data as CSV; show it with all a reader needs.

    Parameters
    ----------
    section : what the figure rests on; its sources and its state follow from it.
    fig : stays as it is, so that it can be changed and shown again.
    name : lower-case words joined by hyphens, which name the files.
    alt : what the figure shows, for somebody who cannot see it.
    data : what is drawn.
    as_printed : the numbers are shown as they stand in print, nothing is computed from them.

    Raises
    ------
    CardError
        When a piece is missing.
    """
    state = _state(section, as_printed)
    _check(section, name, title, caption, data)
    _check_alt(name, alt, title, caption)
    run = section.run
    stem = run.folder / "figures" / f"{run.stem}--{name}"
    states = _states(section, data, state)
    _save(fig, stem, states)
    _csv(data, state, stem.with_suffix(".csv"))
    about = _about(section, "Figure", name, title, caption, states)
    _note(section, "figure", about, alt=alt)
    svg, png = (
        base64.b64encode(stem.with_suffix(e).read_bytes()).decode() for e in (".svg", ".png")
    )
    width, height = (round(96 * inches) for inches in fig.get_size_inches())
    page = _fill("figure.html.j2", **about, alt=alt, image=svg, width=width, height=height,
                 endings=("svg", "png", "csv"), links=f"{run.links}figures/{stem.name}")  # fmt: skip
    place = f"{run.links}figures/{stem.name}.png"
    shown = (
        f"![{_flat(alt)}]({place})",
        f"\\begin{{center}}\\adjustimage{{{_FIT}}}{{{place}}}\\end{{center}}",
    )
    return Card({"text/html": page, "image/png": png, **_elsewhere(about, *shown)})


def table(
    section: Section,
    data: pd.DataFrame,
    name: str,
    *,
    title: str,
    caption: str,
    columns: dict[str, str | Sequence] | None = None,
    show: pd.DataFrame | None = None,
    as_printed: bool = False,
) -> Card:
    """Save a tidy table as CSV and show it with caption and header scopes.

    Parameters
    ----------
    section : what the table rests on; its sources and its state follow from it.
    data : the tidy table, saved with twelve significant digits.
    columns : heading -> format string over the rows of `show`, as `"{estimate:.2f}"` (see `draw.cells`), or the cells.
        The first names the rows. None: every column as it is.
    show : rows for the eye in place of `data`.
    as_printed : the numbers are shown as they stand in print, nothing is computed from them.

    Raises
    ------
    CardError
        When a piece is missing.
    """
    state = _state(section, as_printed)
    _check(section, name, title, caption, data)
    run = section.run
    _csv(data, state, run.folder / "tables" / f"{run.stem}--{name}.csv")
    about = _about(section, "Table", name, title, caption, _states(section, data, state))
    _note(section, "table", about)
    rows = data if show is None else show
    columns = columns or {str(head): f"{{{head}}}" for head in rows}
    seen = numbers.cells(rows, columns)
    page = _fill("table.html.j2", **about, heads=list(seen), rows=seen.to_numpy().tolist(),
                 right=numbers.numeric(columns), endings=("csv",),
                 links=f"{run.links}tables/{run.stem}--{name}")  # fmt: skip
    plain = seen.to_string(index=False)
    return Card({"text/html": page, **_elsewhere(about, _markdown(seen), _latex(seen), plain)})


def say(text: str) -> Markdown:
    """A sentence with computed numbers in it. Write it in a code cell, so that it cannot drift."""
    return Markdown(text)


def answer(run: Session, text: str) -> Markdown:
    """The notebook's answer in one computed sentence; the site's index quotes it."""
    sessions.note(run, "answer", text=text)
    return Markdown(f"**In one sentence.** {text}")


def runs(run: Session, rows: pd.DataFrame) -> Markdown:
    """Save for each row of a figure the parameters that make a run of it, and link to the files.

    `rows`: `specification` and `parameters`, YAML of those in which such a run differs from this one.
    """
    import yaml

    name = Path(run.notebook).name
    links = []
    for label, given in dict(zip(rows["specification"], rows["parameters"], strict=True)).items():
        words = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
        file = f"tables/{run.stem}--run-{words}.yml"
        head = f"# {label}: make run NOTEBOOK={name} PARAMS=<this file>\n"
        values = {key: run.parameters[key] for key in {"data"} & set(run.parameters)}
        values |= _changed(run) | yaml.safe_load(given)
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
        (run.folder / file).write_text(head + text, encoding="utf-8")
        links.append(f"- [{html.escape(label)}]({run.links}{file})\n")
    return Markdown(
        "**Every row can be run by itself.** Each link is a file of parameters. Save it and call "
        f"`make run NOTEBOOK={name} PARAMS=` with the file's path.\n\n{''.join(links)}"
    )


def _state(section: Section, as_printed: bool) -> str:
    if not section.sources:
        raise CardError("a card rests on nothing: its section has read no file (section.reads)")
    if as_printed and section.state not in ("recomputed", "simulated"):
        raise CardError(f"what is {section.state} does not stand in print")
    return "published" if as_printed and section.state == "recomputed" else section.state


def _check(section: Section, name: str, title: str, caption: str, data: pd.DataFrame) -> None:
    for what, missing in (
        ("a title", not title.strip()),
        ("a caption", len(caption) < 20),
        ("data", data is None or data.empty),
    ):
        if missing:
            raise CardError(f"{name}: the card lacks {what}")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise CardError(f"{name}: a card's name is lower-case words joined by hyphens")


def _check_alt(name: str, alt: str, title: str, caption: str) -> None:
    placeholder = re.search(r"no description|placeholder|todo", alt, re.I)
    if len(alt) < 60 or alt.strip() in (title, caption) or placeholder:
        raise CardError(
            f"figure {name}: the alternative text must tell in a sentence or two what the figure shows"
        )


def _save(fig: Figure, stem: Path, states: list[str]) -> None:
    """SVG and PNG with the states written below, which leave the figure as it was."""
    mark = _stamp(fig, states)
    # No dates in the files: two builds give equal bytes.
    fig.savefig(stem.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
    fig.savefig(stem.with_suffix(".png"), dpi=200, metadata={"Software": None})
    mark.remove()
    plt.close(fig)


def _elsewhere(about: dict[str, Any], markdown: str, tex: str, plain: str = "") -> dict[str, str]:
    """What front ends without HTML show of a card: Markdown, LaTeX and plain text."""
    number, title, caption, state = (about[key] for key in ("number", "title", "caption", "state"))
    words = f"{number}. {title}. {caption} ({state})"
    return {
        "text/markdown": f"{markdown}\n\n**{number}. {title}.** {caption} *({state})*",
        "text/latex": f"{tex}\n\n{_tex(words)}",
        "text/plain": f"{words}\n{plain}".strip(),
    }


def _about(
    section: Section, word: str, name: str, title: str, caption: str, states: list[str]
) -> dict[str, Any]:
    """What caption and small print say of a card."""
    run = section.run
    given = ", ".join(f"{key} = {value!r}" for key, value in _changed(run).items())
    return {
        "name": name, "title": title, "caption": caption, "state": " and ".join(states),
        "states": {state: STATES[state] for state in states},
        "number": _number(run, word, name), "given": given or "defaults",
        "origin": ", ".join(map(relative, section.sources)),
    }  # fmt: skip


def _note(section: Section, kind: str, about: dict[str, Any], **more: Any) -> None:
    kept = {key: about[key] for key in ("number", "name", "title", "caption", "state")}
    kept["states"] = list(about["states"])
    sources = [relative(path) for path in section.sources]
    sessions.note(section.run, kind, **kept, **more, sources=sources)


def _number(run: Session, word: str, name: str) -> str:
    key = f"{word} {name}"
    if key not in run.names:
        run.names.append(key)
    position = [known for known in run.names if known.startswith(word)].index(key) + 1
    return f"{word} {int(Path(run.notebook).name[:2])}.{position}"


def _csv(data: pd.DataFrame, state: str, path: Path) -> None:
    rows = data if "state" in data else data.assign(state=state)
    # Twelve significant digits: all that is meant, none of the noise of the last bits.
    rows.to_csv(path, index=False, float_format="%.12g", lineterminator="\n")


def _states(section: Section, data: pd.DataFrame, state: str) -> list[str]:
    """The states on a card: its own, or those of its rows where they say their own; none that its sources have not."""
    known = {files.state_of(path) for path in section.sources} | {state}
    if "published" in known:
        known.add("recomputed")
    rows = list(dict.fromkeys(data["state"])) if "state" in data else [state]
    strange = [word for word in rows if word not in known]
    if strange:
        raise CardError(f"rows are called {strange[0]}, and nothing that was read is")
    return rows


def _stamp(fig: Figure, states: list[str]) -> Any:
    if "simulated" in states:
        text = "SIMULATED – shows the method, is no evidence"
        style = {"color": "#a3005c", "weight": "bold"}
    else:
        text = "\n".join(f"{state}: {STATES[state]}" for state in states)
        style = {"color": "#555555"}
    return fig.text(1, -0.01, text, ha="right", va="top", fontsize=8.5, **style)


def _changed(run: Session) -> dict[str, Any]:
    """Parameters that are not their defaults."""
    return {key: value for key, value in run.parameters.items() if value != run.defaults[key]}


def _fill(template: str, **names: Any) -> str:
    return _environment().get_template(template).render(names)


@cache
def _environment() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("[", "(").replace("]", ")")


def _markdown(seen: pd.DataFrame) -> str:
    rows = [list(seen), ["---"] * seen.shape[1], *seen.to_numpy().tolist()]
    return "\n".join(
        f"| {' | '.join(_flat(str(cell)).replace('|', '/') for cell in row)} |" for row in rows
    )


def _latex(seen: pd.DataFrame) -> str:
    lines = [" & ".join(_tex(str(cell)) for cell in row) + r" \\" for row in [list(seen), *seen.to_numpy().tolist()]]  # fmt: skip
    form = "l" * seen.shape[1]
    return "\n".join([rf"\begin{{tabular}}{{{form}}}", r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", r"\end{tabular}"])  # fmt: skip


def _tex(text: str) -> str:
    text = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", "/"))
    return text.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
