"""Figure cards, table cards and sentences: what a reader sees, with everything needed to trust and reuse it.

A card is refused, and with it the build, when its alternative text, caption, data, sources or state is missing.
"""

import base64
import html
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib.figure import Figure

from helpers.notebook import session as sessions
from helpers.notebook.session import Session
from helpers.project import STATES, locate, relative
from helpers.read import provenance


class CardError(ValueError):
    """A figure or table lacks something that a reader needs."""


def figure(
    session: Session,
    fig: Figure,
    name: str,
    *,
    title: str,
    caption: str,
    alt: str,
    data: pd.DataFrame,
    sources: list[str],
    state: str,
) -> HTML:
    """Save a figure as SVG and PNG and its plotted data as CSV; show it with all a reader needs.

    `alt` tells what the figure shows to somebody who cannot see it. `sources` are the data files it rests on,
    relative to the project's folder. Raises CardError when a piece is missing or the state does not fit.
    """
    _check(name, title, caption, data, sources, state)
    if (
        len(alt) < 60
        or alt.strip() in (title, caption)
        or re.search(r"no description|placeholder|todo", alt, re.I)
    ):
        raise CardError(
            f"figure {name}: the alternative text must tell in a sentence or two what the figure shows"
        )
    number = _number(session, "Figure", name)
    _stamp(fig, state)
    stem = session.folder / "figures" / f"{session.notebook}--{name}"
    # No dates in the files: two builds give equal bytes.
    fig.savefig(stem.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
    fig.savefig(stem.with_suffix(".png"), dpi=200, metadata={"Software": None})
    plt.close(fig)
    _csv(data, state, stem.with_suffix(".csv"))
    _note(session, "figure", number, name, title, caption, sources, state, alt=alt)
    image = base64.b64encode(stem.with_suffix(".svg").read_bytes()).decode()
    width, height = (round(96 * inches) for inches in fig.get_size_inches())
    return HTML(
        f'<figure class="card" id="figure-{name}"><div class="scroll" tabindex="0" role="group" aria-label="{number}">'
        f'<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{image}" width="{width}" height="{height}"></div>'
        f"<figcaption>{_caption(number, title, caption, state)}"
        f"{_small_print(session, 'figures', name, sources, ('svg', 'png', 'csv'))}</figcaption></figure>"
    )


def table(
    session: Session,
    data: pd.DataFrame,
    name: str,
    *,
    title: str,
    caption: str,
    sources: list[str],
    state: str,
    show: pd.DataFrame | None = None,
    decimals: dict[str, int] | None = None,
) -> HTML:
    """Save a tidy table as CSV and show it (or `show`, a version for the eye) with caption and header scopes.

    The first column of what is shown names the rows. `decimals` rounds for the eye only. Raises CardError when
    a piece is missing or the state does not fit.
    """
    from great_tables import GT

    _check(name, title, caption, data, sources, state)
    number = _number(session, "Table", name)
    _csv(data, state, session.folder / "tables" / f"{session.notebook}--{name}.csv")
    _note(session, "table", number, name, title, caption, sources, state)
    seen = data if show is None else show
    body = GT(seen, rowname_col=seen.columns[0], id=f"table-{name}").tab_stubhead(
        label=seen.columns[0]
    )
    for column, places in (decimals or {}).items():
        body = body.fmt_number(columns=column, decimals=places)
    markup = body.sub_missing(missing_text="–").as_raw_html()
    small = _small_print(session, "tables", name, sources, ("csv",))
    # GT has no <caption>: put ours first in the table, where screen readers look for it.
    return HTML(
        '<div class="card">'
        + re.sub(
            r"<table class=\"gt_table\"[^>]*>",
            f'<table class="gt_table"><caption>{_caption(number, title, caption, state)}</caption>',
            markup,
            count=1,
        )
        + f"{small}</div>"
    )


def say(text: str) -> Markdown:
    """A sentence with computed numbers in it. Write it in a code cell, so that it cannot drift."""
    return Markdown(text)


def runs(session: Session, rows: pd.DataFrame) -> Markdown:
    """Save for each row of a figure the parameters that make a run of it, and link to the files.

    `rows`: `specification` and `parameters`, YAML of those in which such a run differs from this one.
    """
    import yaml

    links = []
    for label, given in dict(zip(rows["specification"], rows["parameters"], strict=True)).items():
        stem = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
        name = f"tables/{session.notebook}--run-{stem}.yml"
        head = f"# {label}: make run NOTEBOOK={session.notebook} PARAMS=<this file>\n"
        text = yaml.safe_dump(
            _changed(session) | yaml.safe_load(given), sort_keys=False, allow_unicode=True
        )
        (session.folder / name).write_text(head + text, encoding="utf-8")
        links.append(f"- [{html.escape(label)}]({session.links}{name})\n")
    return Markdown(
        "**Every row can be run by itself.** Each link is a file of parameters. Save it and call "
        f"`make run NOTEBOOK={session.notebook} PARAMS=` with the file's path.\n\n{''.join(links)}"
    )


def answer(session: Session, text: str) -> Markdown:
    """The notebook's answer in one computed sentence; the site's index quotes it."""
    sessions.note(session, "answer", text=text)
    return Markdown(f"**In one sentence.** {text}")


def _check(
    name: str, title: str, caption: str, data: pd.DataFrame, sources: list[str], state: str
) -> None:
    for what, missing in (
        ("a title", not title.strip()),
        ("a caption", len(caption) < 20),
        ("data", data is None or data.empty),
        ("the data files it rests on", not sources),
        (f"a state, one of {', '.join(STATES)}", state not in STATES),
    ):
        if missing:
            raise CardError(f"{name}: the card lacks {what}")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise CardError(f"{name}: a card's name is lower-case words joined by hyphens")
    absent = [path for path in sources if not locate(path).is_file()]
    if absent:
        raise CardError(f"{name}: there is no data file {', '.join(absent)}")
    # What rests on simulated data is simulated, and nothing else may say so.
    if (state == "simulated") != any(provenance.state_of(path) == "simulated" for path in sources):
        raise CardError(f"{name}: state {state!r} does not fit its sources {', '.join(sources)}")


def _number(session: Session, word: str, name: str) -> str:
    key = f"{word} {name}"
    if key not in session.names:
        session.names.append(key)
    position = [known for known in session.names if known.startswith(word)].index(key) + 1
    return f"{word} {int(session.notebook[:2])}.{position}"


def _csv(data: pd.DataFrame, state: str, path: Path) -> None:
    # Twelve significant digits: all that is meant, none of the noise of the last bits.
    data.assign(state=state).to_csv(path, index=False, float_format="%.12g", lineterminator="\n")


def _note(session, kind, number, name, title, caption, sources, state, **more) -> None:
    fields = {
        "number": number,
        "name": name,
        "title": title,
        "caption": caption,
        "state": state,
        **more,
    }
    sessions.note(session, kind, sources=[relative(locate(path)) for path in sources], **fields)


def _stamp(fig: Figure, state: str) -> None:
    if state == "simulated":
        text, style = (
            "SIMULATED – shows the method, is no evidence",
            {"color": "#a3005c", "weight": "bold"},
        )
    else:
        text, style = f"{state}: {STATES[state]}", {"color": "#555555"}
    fig.text(1, -0.01, text, ha="right", va="top", fontsize=8.5, **style)


def _caption(number: str, title: str, caption: str, state: str) -> str:
    return (
        f"<p><b>{number}. {html.escape(title)}.</b> {html.escape(caption)} "
        f'<span class="state state-{state}" title="{STATES[state]}">{state}</span></p>'
    )


def _changed(session: Session) -> dict[str, Any]:
    """Parameters that are not their defaults."""
    return {k: value for k, value in session.parameters.items() if value != session.defaults[k]}


def _small_print(
    session: Session, kind: str, name: str, sources: list[str], endings: tuple[str, ...]
) -> str:
    files = {
        ending: f"{session.links}{kind}/{session.notebook}--{name}.{ending}" for ending in endings
    }
    links = " ".join(
        f'<a href="{html.escape(path)}" download aria-label="Download {name} as {ending.upper()}">{ending.upper()}</a>'
        for ending, path in files.items()
    )
    given = ", ".join(f"{key} = {value!r}" for key, value in _changed(session).items())
    origin = ", ".join(relative(locate(path)) for path in sources)
    return (
        f'<p class="small-print">Download: {links} · Data: {html.escape(origin)} · '
        f"Parameters: {html.escape(given) or 'defaults'}</p>"
    )
