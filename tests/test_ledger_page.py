"""The ledger to take away and to read: files by their schema, a page that filters and works without JavaScript."""

import json

import frictionless
import pandas as pd
import pytest

from helpers.notebook import ledger, session
from helpers.project import ROOT, SAID, InputError
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
    rows = page.tbody.find_all("tr", id=True)
    more = [row.find_next_sibling("tr") for row in rows]
    assert [line.a["href"] for line in more] == [f"#{row['id']}" for row in rows]
    assert {line.a.text for line in more} == set(book["id"])
    assert len({row["id"] for row in rows}) == len(book)
    assert not any(row.has_attr("hidden") for row in rows)
    form = page.find("form")
    assert form.has_attr("hidden")
    assert [label.text.split()[0] for label in form.find_all("label")] == [
        "Search",
        "Verdict",
        "Source",
        "Notebook",
        "File",
    ]
    # Every document by its name, and no other.
    sources = {option["value"] for option in form.find("select", {"name": "source"}).find_all("option")}
    assert sources == {"", *book["seed"]}
    assert "a <plan> & no number" in rows[-1].text  # shown as it is, not taken for markup
    order = [row.find_all("td")[2].text for row in rows]
    assert order == sorted(order, key=["contradicted", "holds", "nothing to compare"].index)
    # Readers have the words of all pages and figures; addresses and files keep the verdicts.
    assert [SAID[row["data-verdict"]] for row in rows] == order
    options = form.find("select", {"name": "verdict"}).find_all("option")[1:]
    assert {option["value"]: option.text for option in options} == SAID


def test_a_row_leads_to_its_source_and_an_id_with_two_rows_has_two_addresses():
    ids = pd.Series(["talis-2013-CHL-B-never-abstract", "003-text-since", "003-text-since"])
    assert ledger.addresses(ids).tolist() == [f"row-{ids[0]}", "row-003-text-since", "row-003-text-since--2"]
    file = "data/published/talis-q33.csv"
    rows = pd.DataFrame(
        {"file": [file, file, "data/published/none.csv"], "locator": ["UKFIET, abstract 39", "a blog", "p. 1"]}
    )
    known = [{"title": "OECD", "path": "https://a.example"}, {"title": "UKFIET", "path": "https://b.example"}]
    assert ledger.sources(rows, [{"path": "published/talis-q33.csv", "sources": known}]) == [
        "https://b.example",
        "",
        "",
    ]
    real = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    printed = published.everything()
    links = pd.Series(ledger.sources(printed, real), printed["file"])
    # Two papers have no address; of all others every row leads to one.
    assert {*links[links == ""].index} == {"data/published/003-text.csv", "data/published/004-text.csv"}


def test_a_row_leads_to_the_nearest_card_that_rests_on_its_file(tmp_path, monkeypatch, run):
    printed = published.everything()
    table, text = (printed.index[printed["file"] == f"data/published/001-{part}.csv"][0] for part in ("table2", "text"))
    here = session.Session("04-example", {}, {}, tmp_path / "04-example", "04-example", "")
    here.folder.mkdir()
    card = {"title": "t", "caption": "c", "state": "recomputed"}
    for kind, name, sources in (("figure", "far", ["001-table2"]), ("entry", table, []), ("entry", text, []),
                                ("figure", "text", ["001-text", "001-table1"]), ("table", "near", ["001-table2"])):  # fmt: skip
        if kind == "entry":
            session.note(
                here, "ledger", id=name, low=None, high=None, verdict="quoted only", state="published", note="n"
            )
        else:
            files = [f"data/published/{source}.csv" for source in sources]
            session.note(here, kind, name=name, number=f"{kind.title()} 4.1", sources=files, **card)
    monkeypatch.setattr(ledger.source, "names", lambda: ["04-example", "08-example"])
    entered = ledger.entries(run, tmp_path)
    found = ledger.book(printed.loc[[table, text]], entered)
    assert found[["card", "anchor"]].to_numpy().tolist() == [
        ["Figure 4.1", "figure-far"],
        ["Figure 4.1", "figure-text"],
    ]
    page = ledger.table(found, run, effects.DOCUMENTS).data
    assert '<a href="04-example.ipynb#figure-far">04-example, Figure 4.1</a>' in page
    assert 'data-file="001-table2"' in page
    without = ledger.book(printed.loc[[text]], [entered[1] | {"cards": entered[1]["cards"][:1]}])
    assert without["anchor"].tolist() == [""]


def test_a_row_leads_to_the_last_card_of_its_section(tmp_path, monkeypatch, run):
    """Whatever file the number itself stands in; without one to the first that comes; else to one of the number's file above all."""
    printed = published.everything()
    file = "data/published/001-{}.csv".format
    text, table = (printed.index[printed["file"] == file(part)][0] for part in ("text", "table2"))
    here = session.Session("04-example", {}, {}, tmp_path / "04-example", "04-example", "")
    here.folder.mkdir()

    def card(name, *parts):
        words = {"title": "t", "caption": "c", "state": "recomputed", "number": name}
        session.note(here, "table", name=name, sources=[file(part) for part in parts], **words)

    tests, roles, none = (session.section(here, *map(file, parts)) for parts in (["table2"], ["table1"], []))
    ledger.compare(tests, {table: 1.0}, "before the first card")
    card("first", "table2")
    card("other", "table1", "text")
    for _ in range(5):
        ledger.claim(tests, text, True, "of the text, by the table")
    ledger.without_value(roles, [text], "quoted only", "near a card that rests on more")
    ledger.without_value(none, [text, table], "quoted only", "of no section")
    card("second", "table2")
    card("both", "table2", "text")
    monkeypatch.setattr(ledger.source, "names", lambda: ["04-example", "08-example"])
    found = ledger.book(printed.loc[[text, table]], ledger.entries(run, tmp_path))
    assert found[["id", "card"]].to_numpy().tolist() == [
        *[[text, "first"]] * 5, [text, ""], [text, ""], [table, "first"], [table, "first"],
    ]  # fmt: skip


def test_contradicted_rows_are_told_by_finding():
    words = {"document": "A", "notebook": "04", "reason": "sum", "printed": "48", "ours": "49"}
    rows = pd.DataFrame(
        [words | {"id": name, "statement": name, "finding": "sizes", "changes": "one"} for name in "ab"]
    )
    found = ledger.findings(rows)
    assert found[["numbers", "reason", "changes"]].to_numpy().tolist() == [["48 printed, we get 49", "sum", "one"]]
    with pytest.raises(InputError, match="nothing is said of b"):
        ledger.findings(rows.assign(finding=["sizes", None]))


def test_each_statement_counts_once_and_fails_where_one_of_its_rows_does():
    rows = [("a", "x", "reproduces"), ("a", "y", "contradicts"), ("b", "z", "reproduces"), ("c", "", "quoted only")]
    found = ledger.tally(pd.DataFrame(rows, columns=["id", "check", "verdict"]))
    assert (found.rows, found.checked, found.hold, found.fail) == (3, 2, 1, 1)
