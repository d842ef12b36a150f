"""The ledger as people use it: a table to filter and search in the page, and files to take away."""

import json
import shutil
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import HTML

from helpers.notebook import ledger
from helpers.notebook import session as sessions
from helpers.notebook.session import Session

TEMPLATES = Path(__file__).parent / "template"
COLUMNS = [
    "id", "seed", "locator", "statement", "printed", "decimals", "unit", "ours", "state",
    "verdict", "reason", "notebook",
]  # fmt: skip


def write(book: pd.DataFrame, session: Session) -> None:
    """The ledger as CSV and JSON with its schema (Table Schema, a Frictionless standard), beside the run's tables."""
    stem = session.folder / "tables" / f"{session.stem}--ledger"
    book.to_csv(stem.with_suffix(".csv"), index=False, float_format="%.12g", lineterminator="\n")
    rows = json.loads(book.to_json(orient="records", double_precision=12))
    stem.with_suffix(".json").write_text(
        json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    schema = sessions.looks_in(session, TEMPLATES / "ledger.schema.json")
    shutil.copyfile(schema, stem.with_suffix(".schema.json"))


def table(book: pd.DataFrame, session: Session, documents: dict[str, str]) -> HTML:
    """Every row of the ledger, contradictions first, readable as it is; with JavaScript also filtered and searched.

    `documents`: the name of the document of each seed.
    """
    order = ["contradicts", *(verdict for verdict in ledger.VERDICTS if verdict != "contradicts")]
    rows = book.sort_values("verdict", key=lambda s: s.map(order.index), kind="stable")
    body = "".join(_row(row) for row in rows.itertuples())
    heads = "".join(
        f'<th scope="col"{" class=number" if name in ("Printed", "We get") else ""}>{name}</th>'
        for name in (
            "Id",
            "What",
            "Printed",
            "We get",
            "Verdict",
            "Reason",
            "State",
            "Where",
            "Notebook",
        )
    )
    links = " ".join(
        f'<a href="{session.links}tables/{session.stem}--ledger.{ending}" download '
        f'aria-label="Download the ledger as {name}">{name}</a>'
        for ending, name in (("csv", "CSV"), ("json", "JSON"), ("schema.json", "schema"))
    )
    script = sessions.looks_in(session, TEMPLATES / "ledger.js").read_text(encoding="utf-8")
    return HTML(
        f'<div class="card" id="ledger"><p class="small-print">Download: {links}</p>'
        f'<form class="filter" role="search" aria-label="Filter the ledger" hidden>{_fields(order, documents)}</form>'
        f"<table><caption><p><b>Every printed number and what we get.</b> {len(rows)} rows, contradictions first."
        f"</p></caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<script>{script}</script>"
    )


def _fields(verdicts: list[str], documents: dict[str, str]) -> str:
    return (
        '<label>Search <input type="search" name="words"></label> '
        f"{_select('Verdict', {name: name for name in verdicts})} {_select('Source', documents)} "
        '<output aria-live="polite"></output>'
    )


def _select(label: str, options: dict[str, str]) -> str:
    every = "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in {"": "all", **options}.items()
    )
    return f'<label>{label} <select name="{label.lower()}">{every}</select></label>'


def _row(row) -> str:
    wrapped = '<td class="wrap">{}</td>'.format
    return (
        f'<tr data-verdict="{row.verdict}" data-seed="{escape(row.seed)}"><th scope="row"><code>{escape(row.id)}</code></th>'
        f'{wrapped(escape(row.statement))}<td class="number">{row.printed}</td><td class="number">{row.ours}</td>'
        f'<td>{row.verdict}</td>{wrapped(escape(row.reason))}<td><span class="state state-{row.state}">{row.state}</span></td>'
        f'{wrapped(escape(row.locator))}<td><a href="{row.notebook}.ipynb">{row.notebook}</a></td></tr>'
    )
