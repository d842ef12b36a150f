"""The evidence ledger: each printed number beside what this project gets for it.

A number obtained from rounded print is a range, from `low` to `high`: it reproduces a printed number when the
range meets the printed number's own rounding interval. Rows that rest on the same comparison share a `check`, and
checks of numbers are what is counted. Where two numbers of a check cannot both be right, both are contradicted.
"""

import json
import math
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML

from helpers.notebook import session as sessions
from helpers.notebook import source
from helpers.notebook.cards import TEMPLATES, fill
from helpers.notebook.session import Section, Session
from helpers.project import SAID, VERDICTS, InputError
from helpers.read import saved
from helpers.read.published import as_printed
from helpers.read.statements import statement

FIXED = "data/cases/verdicts.csv"
REPEATED = "data/cases/same-in-print.csv"
COLUMNS = ["id", "seed", "locator", "statement", "printed", "decimals", "unit", "ours", "state", "verdict", "reason",
           "notebook"]  # fmt: skip


def compare(section: Section, found: dict[str, float | tuple], note: str = "", check: str = "") -> None:
    """Enter what was obtained for printed numbers.

    Parameters
    ----------
    section, note : where it was obtained, and how
    found : for each id a value, or a range (low, high)
    check : what was checked against what, where all of `found` are one check; without it each number is one by itself
    """
    _enter(section, found, section.state, note, check)


def same_in_print(section: Section, found: dict[str, float | tuple], note: str = "", check: str = "") -> None:
    """Enter what another place of print says: agreement of print with print, and no more.

    Parameters
    ----------
    section, found, note, check : as for `compare`
    """
    _enter(section, found, "published", note, check)


def repeated(run: Session, known: pd.Series) -> None:
    """Enter this notebook's numbers that stand twice in print, from REPEATED, beside what the other place gives.

    `known`: its value by the name in `same_as`; of two names joined by "to" a number lies between both.
    """
    section = Section(run)
    rows = pd.read_csv(section.reads(REPEATED))
    for row in rows[rows["notebook"] == run.notebook].itertuples():
        ends = known[row.same_as.split(" to ")]
        pair = [row.same_as] if row.same_as.endswith("listed") else sorted([row.id, row.same_as])
        same_in_print(section, {row.id: (ends.min(), ends.max())}, row.reason, " = ".join(pair))


def claim(section: Section, number: str, holds: bool, note: str, as_printed: bool = False, check: str = "") -> None:
    """Enter whether what the text claims with a printed number ("higher than ...") holds.

    Parameters
    ----------
    section, number, holds, note, check : where it is judged; id of the number; whether it holds; how far; as for `compare`
    as_printed : it is judged by another place of print as it stands, and nothing is computed
    """
    state = "published" if as_printed else _state(section)
    fields = {"low": None, "high": None, "holds": bool(holds), "state": state, "note": note, "check": check}
    sessions.note(section.run, "ledger", id=number, **fields, sources=section.names)


def fixed(run: Session) -> None:
    """Enter this notebook's verdicts that stand whatever is computed, from FIXED with their reasons."""
    section = Section(run)
    rows = pd.read_csv(section.reads(FIXED))
    for row in rows[rows["notebook"] == run.notebook].itertuples():
        without_value(section, [row.id], row.verdict, row.reason)


def without_value(section: Section, numbers: list[str], verdict: str, why: str, as_printed: bool = True) -> None:
    """Enter printed numbers for which nothing is obtained.

    Parameters
    ----------
    section, numbers, verdict, why : where that is said; their ids; one of VERDICTS; the reason
    as_printed : the reason rests on print alone, and on nothing that the section computed
    """
    state = "published" if as_printed else _state(section)
    fields = {"low": None, "high": None, "verdict": verdict, "state": state, "note": why}
    for number in numbers:
        sessions.note(section.run, "ledger", id=number, **fields, sources=section.names)


def _enter(section: Section, found: dict, state: str, note: str, check: str) -> None:
    _state(section)
    for number, value in found.items():
        low, high = map(float, value if isinstance(value, tuple) else (value, value))
        fields = {"low": low, "high": high, "state": state, "note": note, "check": check}
        sessions.note(section.run, "ledger", id=number, **fields, sources=section.names)


def _state(section: Section) -> str:
    """The section's state. Raises ValueError where data are made up: they say nothing of what is printed."""
    if section.state == "simulated":
        raise ValueError("what was made up is set beside no printed number")
    return section.state


def entries(run: Session, runs: Path) -> list[dict[str, Any]]:
    """What other evidence notebooks entered in `runs`. Raises InputError when one has not run.

    Lines of their records, with the `notebook` and its `cards`: figures and tables, the last that was made before the entry first,
    behind them those made `later`.
    """
    names = [name for name in source.names() if name != run.notebook and "/" not in name]
    if absent := [name for name in names if not (runs / name / "record.jsonl").is_file()]:
        raise InputError(
            f"The ledger is made of what the other notebooks enter, and there is no result of {', '.join(absent)}. "
            "Type `make all` first."
        )
    entered = []
    for name in names:
        lines = list(enumerate(sessions.lines(sessions.looks_in(run, runs / name / "record.jsonl").parent)))
        cards = [(place, line) for place, line in lines if line["kind"] in ("figure", "table")]
        for place, line in lines:
            if line["kind"] == "ledger":
                near = sorted(cards, key=lambda card: (card[0] > place, abs(card[0] - place)))
                near = [card | {"later": at > place} for at, card in near]
                entered.append(line | {"notebook": name, "cards": near})
    return entered


def book(printed: pd.DataFrame, entries: list[dict[str, Any]]) -> pd.DataFrame:
    """The ledger: a row for each time that a printed number was obtained, quoted or given up.

    `printed` as `published.everything()` gives it; `entries` are record lines of kind ledger with `notebook`.
    COLUMNS, then `ours_low, ours_high, difference` (ours less the printed value; zero where a range holds it), `file`,
    `kind` (of `published.KINDS`), `check` (what was checked against what; empty where nothing was), `card` and `anchor` (of the
    figure or table on its notebook's page by which it is judged; empty where there is none). Raises KeyError for an id that is not printed anywhere, InputError when no entry names a printed number.
    """
    if unknown := sorted({entry["id"] for entry in entries} - set(printed.index)):
        raise KeyError(f"the ledger has no printed number {', '.join(unknown)}")
    silent = printed.loc[~printed.index.isin([entry["id"] for entry in entries])]
    if len(silent):
        raise InputError(
            f"{silent['file'].iloc[0]}: no notebook says anything of {', '.join(silent.index[:5])} "
            f"({len(silent)} printed numbers in all). Enter each with ledger.compare or claim, or with its reason in {FIXED}."
        )
    by_id = defaultdict(list)
    for entry in entries:
        by_id[entry["id"]].append(entry)
    return pd.DataFrame([_row(number, entry) for number in printed.itertuples() for entry in by_id[number.Index]])


def _row(number: Any, entry: dict[str, Any]) -> dict[str, Any]:
    low, high = entry["low"], entry["high"]
    return {
        "id": number.Index, "seed": number.Index.split("-")[0], "locator": number.locator,
        "statement": statement(number.row, number.group, number.statistic, number.unit),
        "printed": as_printed(number.value, number.decimals), "decimals": number.decimals,
        "unit": number.unit, "ours": _ours(entry), "state": entry["state"],
        "verdict": verdict(number.low, number.high, entry), "reason": entry["note"],
        "notebook": entry["notebook"], "ours_low": low, "ours_high": high,
        "difference": None if low is None else min(max(number.value, low), high) - number.value,
        "file": number.file, "kind": number.kind, "check": _check(number.Index, entry), **_shown(number.file, entry),
    }  # fmt: skip


def _shown(file: str, entry: dict[str, Any]) -> dict[str, str]:
    """The last card before the entry that rests on what the entry does; else one that rests on the number's file above all."""
    cards = entry.get("cards", [])
    own = [card for card in cards if {*card["sources"]} <= {*entry.get("sources", [])}]
    own.sort(key=lambda card: -len(card["sources"]))  # of the same section before those of a part of its files
    of_file = [card for card in cards if card["sources"][0] == file]
    of_file.sort(key=lambda card: (card["later"], len(card["sources"])))
    near = next(iter([*own, *of_file]), None)
    return {"card": near["number"] if near else "", "anchor": f"{near['kind']}-{near['name']}" if near else ""}


def _check(number: str, entry: dict[str, Any]) -> str:
    beside = "holds" in entry or entry["low"] is not None
    return (entry.get("check") or f"{number}: {entry['note']}") if beside else ""


def checks(book: pd.DataFrame) -> pd.DataFrame:
    """Each check of printed numbers once: `check, seed, state, verdict, rows`; contradicted where one of its rows is."""
    rows = book[(book["check"] != "") & (book["kind"] == "number")]
    grouped = rows.groupby("check", sort=False)
    found = grouped.agg(seed=("seed", "first"), state=("state", "first"), rows=("id", "size"))
    against = rows["verdict"].eq("contradicts").groupby(rows["check"]).any()
    return found.assign(verdict=against.map({True: "contradicts", False: "reproduces"})).reset_index()


@dataclass(frozen=True)
class Tally:
    """How many printed statements there are, how many of them could be checked, how many of these hold, and how many fail."""

    rows: int
    checked: int
    hold: int
    fail: int


def tally(book: pd.DataFrame) -> Tally:
    """Each id once; it fails where one of its rows is contradicted."""
    checked = book[book["check"] != ""]["id"].nunique()
    fail = book[book["verdict"] == "contradicts"]["id"].nunique()
    return Tally(book["id"].nunique(), checked, checked - fail, fail)


def findings(against: pd.DataFrame) -> pd.DataFrame:
    """One row for each `finding` of contradicted rows: `document`, `numbers` (printed, and what we get), `reason`, `changes`, `notebook`.

    `against`: rows of the ledger with `document`, `finding` and `changes`. Raises InputError where a row has no finding.
    """
    if len(silent := against.loc[against["finding"].isna(), "id"]):
        raise InputError(
            f"data/cases/contradictions.csv, column finding: nothing is said of {silent.iloc[0]}. Add its row."
        )
    ours = pd.Series(list(map(_brief, against["printed"], against["ours"])), against.index)
    beside = ours.where(ours == "does not hold", "we get " + ours)
    each = against["printed"] + " printed, " + beside
    grouped = against.assign(numbers=each).groupby("finding", sort=False)
    return grouped[["document", "numbers", "reason", "changes", "notebook"]].agg(_joined).reset_index()


def _brief(printed: str, ours: str) -> str:
    """What we get, with no more digits than it takes to tell it from what is printed.

    >>> _brief("95.997", "94.8685 to 94.9981"), _brief("0.378", "0.378636 to 0.379173"), _brief("48", "49")
    ('94.9 to 95.0', '0.3786 to 0.3792', '49')
    >>> _brief("does hold", "does not hold")
    'does not hold'
    """
    found = re.findall(r"-?\d+\.\d+", ours)
    if not found:
        return ours
    apart = min(abs(float(end) - float(printed)) for end in found)
    digits = max(1, math.ceil(-math.log10(apart)))
    return " to ".join(dict.fromkeys(f"{float(end):.{digits}f}" for end in ours.split(" to ")))


def _joined(words: pd.Series) -> str:
    return "; ".join(dict.fromkeys(words))


def _ours(entry: dict[str, Any]) -> str:
    if "holds" in entry:
        return "holds" if entry["holds"] else "does not hold"
    if entry["low"] is None:
        return ""
    look = {"precision": 6, "fractional": False, "trim": "-"}
    ends = (np.format_float_positional(entry[end], **look) for end in ("low", "high"))
    return " to ".join(dict.fromkeys(ends))


def verdict(printed_low: float, printed_high: float, entry: dict[str, Any]) -> str:
    """One of VERDICTS for an entry beside the rounding interval of the printed number."""
    if "holds" in entry:
        return "reproduces" if entry["holds"] else "contradicts"
    if "verdict" in entry:
        return entry["verdict"]
    # Half of the last printed digit may itself fall a last bit short in binary.
    slack = 1e-9 * max(1.0, abs(printed_high))
    missed = entry["low"] > printed_high + slack or entry["high"] < printed_low - slack
    return "contradicts" if missed else "reproduces"


def write(book: pd.DataFrame, session: Session) -> None:
    """The ledger as CSV and JSON with its schema (Table Schema, a Frictionless standard), beside the run's tables."""
    stem = session.folder / "tables" / f"{session.stem}--ledger"
    saved.write(book, stem.with_suffix(".csv"), float_format="%.12g")
    rows = json.loads(book.to_json(orient="records", double_precision=12))
    stem.with_suffix(".json").write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    shutil.copyfile(sessions.looks_in(session, TEMPLATES / "ledger.schema.json"), stem.with_suffix(".schema.json"))


def table(book: pd.DataFrame, session: Session, documents: dict[str, str]) -> HTML:
    """Every row, contradictions first; JavaScript filters, searches and sorts. `documents`: the name of each seed's."""
    order = ["contradicts", *(verdict for verdict in VERDICTS if verdict != "contradicts")]
    rows = book.sort_values("verdict", key=lambda s: s.map(order.index), kind="stable")
    package = sessions.looks_in(session, "data/datapackage.json").read_text(encoding="utf-8")
    rows = rows.assign(
        address=addresses(rows["id"]), source=sources(rows, json.loads(package)["resources"]),
        part=[Path(file).stem for file in rows["file"]],
    )  # fmt: skip
    script = sessions.looks_in(session, TEMPLATES / "ledger.js").read_text(encoding="utf-8")
    return HTML(fill(
        "ledger.html.j2", rows=rows.to_dict("records"), verdicts={name: SAID[name] for name in order},
        documents=documents, notebooks={name: name for name in sorted(set(rows["notebook"]))},
        files={name: name for name in sorted(set(rows["part"]))},
        links=f"{session.links}tables/{session.stem}--ledger", script=script,
    ))  # fmt: skip


def addresses(ids: pd.Series) -> pd.Series:
    """The address of each row on the page: its id, and from the second row of an id on which one it is."""
    place = ids.groupby(ids).cumcount() + 1
    return "row-" + ids + place.map(lambda number: "" if number == 1 else f"--{number}")


def sources(rows: pd.DataFrame, resources: list[dict[str, Any]]) -> list[str]:
    """For each row's `file` and `locator` the link to its source, or "": of several, the one that begins the locator."""
    known = {f"data/{one['path']}": one.get("sources", []) for one in resources}
    found = []
    for file, locator in zip(rows["file"], rows["locator"], strict=True):
        given = known.get(file, [])
        fits = given if len(given) == 1 else [one for one in given if locator.startswith(one["title"])]
        found.append(fits[0].get("path", "") if fits else "")
    return found
