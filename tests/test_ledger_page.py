"""The ledger to take away and to read: files by their schema, a page that filters and works without JavaScript."""

import json

import frictionless
import pandas as pd
import pytest

from helpers.notebook import ledger, session
from helpers.read import published
from helpers.study import effects


@pytest.fixture(scope="module")
def book():
    printed = published.everything()
    nothing = {"low": None, "high": None, "state": "published", "note": "a <plan> & no number"}
    entries = [nothing | {"id": number, "verdict": "quoted only", "notebook": "04-example"} for number in printed.index]
    entries.append(
        {"id": printed.index[0], "low": 1, "high": 2, "state": "recomputed", "note": "x", "notebook": "04-example"}
    )
    return ledger.book(printed, entries)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "tables").mkdir()
    return session.Session("08-example", {}, {}, tmp_path, "08-example", "../")


def test_files_hold_every_row_and_fit_their_schema(book, run):
    ledger.write(book, run)
    stem = run.folder / "tables" / "08-example--ledger"
    schema = json.loads(stem.with_suffix(".schema.json").read_text())
    assert [field["name"] for field in schema["fields"]] == list(book.columns)
    assert list(book.columns[:12]) == ledger.COLUMNS
    resource = frictionless.Resource(
        path=stem.with_suffix(".csv").name, basepath=str(run.folder / "tables"),
        schema=frictionless.Schema.from_descriptor(schema),
    )  # fmt: skip
    report = resource.validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])[:5]
    rows = json.loads(stem.with_suffix(".json").read_text())
    assert len(rows) == len(book) == len(pd.read_csv(stem.with_suffix(".csv")))
    assert rows[-1].keys() == set(book.columns)


def test_the_schema_can_refuse(book, run):
    ledger.write(book.assign(verdict="is fine"), run)
    stem = run.folder / "tables" / "08-example--ledger"
    schema = frictionless.Schema.from_descriptor(json.loads(stem.with_suffix(".schema.json").read_text()))
    name, base = stem.with_suffix(".csv").name, str(run.folder / "tables")
    assert not frictionless.Resource(path=name, basepath=base, schema=schema).validate().valid


def test_the_table_is_whole_without_javascript(book, run):
    from bs4 import BeautifulSoup

    page = BeautifulSoup(ledger.table(book, run, effects.DOCUMENTS).data, "html.parser")
    rows = page.tbody.find_all("tr")
    assert {row.th.text for row in rows} == set(book["id"])
    assert not any(row.has_attr("hidden") for row in rows)
    form = page.find("form")
    assert form.has_attr("hidden")
    assert [label.text.split()[0] for label in form.find_all("label")] == [
        "Search",
        "Verdict",
        "Source",
    ]
    # Every document by its name, and no other.
    sources = {option["value"] for option in form.find("select", {"name": "source"}).find_all("option")}
    assert sources == {"", *book["seed"]}
    assert "a <plan> & no number" in rows[-1].text  # shown as it is, not taken for markup
    order = [row["data-verdict"] for row in rows]
    assert order == sorted(order, key=["contradicts", "reproduces", "quoted only"].index)
