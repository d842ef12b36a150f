"""The site: pages, figures and tables of the finished runs, the index and the ledger, put in place together."""

import json
import platform
import shutil
import tomllib
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import kept
from helpers.build import page, plan
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
        page.render(folder / "notebook.ipynb", aside / "site" / f"{folder.name}.html", name)
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
    body = page.fill(
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
    return page.shell(page.PROJECT, body, description, toc=toc)


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
    return page.shell(
        "Run times", table, "When each notebook last ran, and how long it took", look="bare"
    )
