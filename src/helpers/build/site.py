"""The site: what is known, a page for each notebook, lists of figures, data and sources, put in place together."""

import json
import platform
import re
import shutil
import tomllib
from functools import partial
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import kept
from helpers.build import citing, glossary, page, pictures, plan, safe_html
from helpers.build.plan import BUILD
from helpers.draw import colours
from helpers.notebook import new, parameters, source
from helpers.notebook import session as sessions
from helpers.project import ROOT, SAID, STATES, STRENGTHS, VERDICTS, relative
from helpers.read import saved
from helpers.read.suppression import MINIMUM


def make(folders: list[Path]) -> None:
    """Collect the runs in `folders`, and the ledger that one of them made, aside; then move each part in place."""
    stamps = plan.site_stamps(folders)  # before: what changes meanwhile makes the site stale
    aside = BUILD / "aside" / "site"
    shutil.rmtree(aside, ignore_errors=True)
    for part in ("figures", "tables", "notebooks", "site/notebooks"):
        (aside / part).mkdir(parents=True)
    named = {source.slug(name): name for name in source.names()}
    runs, book = [_run(folder, named[folder.name]) for folder in folders], _ledger(folders, aside)
    for part, folder in product(("figures", "tables"), folders):
        shutil.copytree(folder / part, aside / part, dirs_exist_ok=True)
    pictures.carry_letters(aside / "figures")
    for run, folder in zip(runs, folders, strict=True):
        shutil.copyfile(folder / "notebook.ipynb", aside / "notebooks" / f"{folder.name}.ipynb")
        target, packed = aside / "site" / f"{folder.name}.html", aside / "site" / "notebooks" / f"{folder.name}.zip"
        citing.pack(
            aside,
            packed,
            page.fill(
                "readme.txt.j2", run=run, states=STATES, cited=citing.cited(run["title"], target.name, plan.address())
            ),
        )
        page.render(
            folder / "notebook.ipynb", target, run["notebook"], here=target.name, files=_anchors(),
            guide=page.fill("guide.html.j2", run=run) if run["own"] else "",
            entered=() if book is None else {*book.loc[book["notebook"] == folder.name, "file"]},
            archive=f"notebooks/{packed.name}", executed=f"notebooks/{folder.name}.ipynb",
            site_url=plan.address(), lead=_lead(run), summary=run["answer"]["text"],
        )  # fmt: skip
    for part in ("figures", "tables", "notebooks"):
        shutil.copytree(aside / part, aside / "site" / part, dirs_exist_ok=True)
    for file in plan.files_of_site():
        copy = aside / "site" / relative(file)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    citing.pack_code(aside / "site" / "notebooks" / "helpers.zip", plan.code_of_site())
    _lists(aside / "site", runs, book)
    # Run times and the commit stand in a page of their own, so that all the others are the same after every build.
    words = "When each notebook last ran, and how long it took"
    body = page.fill("times.html.j2", runs=runs, commit=citing.commit(ROOT))
    times = page.shell("Run times", body, words, look="bare")
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


def _run(folder: Path, name: str) -> dict[str, Any]:
    """What the site's lists say of a run."""
    notebook, lines = source.path_of(name), sessions.lines(folder)
    state, ready = kept.load(folder / "state.json"), sorted((ROOT / "params").glob(f"{notebook.stem[:2]}-own-*.yml"))
    cards = [line | {"run": folder.name} for line in lines if line["kind"] in ("figure", "table")]
    answer = [line for line in lines if line["kind"] == "answer"][-1]
    return {
        "name": folder.name, "notebook": name, "stem": notebook.stem, "own": notebook.parent.name == source.OWN,
        "title": source.title(notebook), "question": source.question(notebook), "cards": cards,
        "answer": answer,
        "states": [state for card in cards if f"{card['kind']}-{card['name']}" == answer["lead"] for state in card["states"]],
        "figures": [card for card in cards if card["kind"] == "figure"],
        "parameters": parameters.declared(notebook),
        "ready": [file.name for file in ready],
        "examples": list(dict.fromkeys(values["data"] for file in ready if "data" in (values := parameters.read(file)))),
        "seconds": state["seconds"], "ended": state["ended"],
    }  # fmt: skip


def _lead(run: dict[str, Any]) -> dict[str, str] | None:
    """The figure that stands for a page where its address is shared: `picture, alt`; the one that leads, else the first."""
    leads = sorted(run["figures"], key=lambda card: f"figure-{card['name']}" != run["answer"]["lead"])
    return {"picture": f"figures/{run['name']}--{leads[0]['name']}.png", "alt": leads[0]["alt"]} if leads else None


def _lists(site: Path, runs: list[dict[str, Any]], book: pd.DataFrame | None) -> None:
    """Write the pages that are of no notebook."""
    cards = [card for run in runs for card in run["cards"]]
    evidence, own = [run for run in runs if not run["own"]], [run for run in runs if run["own"]]
    order = [*STRENGTHS, ""]
    known = sorted(
        (run for run in evidence if run["states"] != ["simulated"]),
        key=lambda run: order.index(run["answer"]["strength"]),
    )
    listing = partial(page.listing, site_url=plan.address())
    listing(
        site / "index.html", "index.html.j2", page.PROJECT,
        "What is known about teachers who open their classrooms to each other", runs=known, strengths=STRENGTHS, states=STATES, ours=colours.OURS, look="wide",
        lead=_lead(known[0]) if known else None,
    )  # fmt: skip
    about = "The notebooks that ask what papers and public records say"
    listing(site / "evidence.html", "evidence.html.j2", "Evidence", about, runs=evidence, states=STATES)
    about = "The same questions on a file of yours"
    begin = {"minimum": MINIMUM, "sheets": new.SHEETS}
    listing(site / "your-data.html", "your-data.html.j2", "Your data", about, runs=own, **begin)
    terms = {"terms": glossary.terms(), "address": glossary.address}
    about = "What the terms of statistics on the site mean, in plain words"
    listing(site / "glossary.html", "glossary.html.j2", "Words explained", about, **terms)
    about = "Every figure of the site"
    filtering = {"states": STATES, "anchors": _anchors(), "script": safe_html.script(safe_html.GALLERY)}
    listing(site / "figures.html", "figures.html.j2", "Figures", about, runs=runs, **filtering)
    about = "Every file of numbers, what is in it, and what rests on it"
    files, summary = _files(cards), {} if book is None else _summary(book)
    listing(
        site / "data.html", "data.html.j2", "Data", about, files=files, summary=summary, verdicts=VERDICTS, said=SAID
    )
    about = "The papers and public records that the site rests on, and how the site was built"
    sources = _sources(files)
    listing(
        site / "references.html",
        "references.html.j2",
        "References",
        about,
        sources=sources,
        runs=runs,
        versions=_versions(),
    )


def _anchors() -> dict[str, str]:
    """Where the page of data tells of a file."""
    return {f"data/{one['path']}": f"data.html#{_anchor(one['path'])}" for one in _codebook()}


def _anchor(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower())


def _codebook() -> list[dict[str, Any]]:
    return json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))["resources"]


def _files(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Files that cards rest on and those of the codebook: `path, title, description, fields, rows, sources, cards, here`."""
    described = {f"data/{one['path']}": one for one in _codebook()}
    paths = dict.fromkeys([*described, *sorted({path for card in cards for path in card["sources"]})])
    return [
        {
            "here": path in described, **described.get(path, {"title": "", "sources": [], "path": path}), "file": path,
            "cards": [card for card in cards if path in card["sources"]], "anchor": _anchor(described.get(path, {"path": path})["path"]),
        }
        for path in paths
    ]  # fmt: skip


def _sources(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the files were taken from, in the order of the alphabet: `title, path, reference, files, cards`."""
    full = {f"https://doi.org/{one['doi']}": one for one in citing.citation()["references"] if "doi" in one}
    found: dict[tuple, dict[str, Any]] = {}
    for file in files:
        for one in file.get("sources") or []:
            key = (one["title"], one.get("path", ""))
            entry = found.setdefault(key, {"title": key[0], "path": key[1], "reference": full.get(key[1]), "files": []})
            entry["files"].append(file)
    for entry in found.values():
        entry["pages"] = sorted({card["run"] for card in chain(*(file["cards"] for file in entry["files"]))})
    return [found[key] for key in sorted(found)]


def _summary(book: pd.DataFrame) -> dict[str, list[int]]:
    """For each file of printed numbers, how many of them have each verdict."""
    numbers = book[book["kind"] == "number"]
    counts = pd.crosstab(numbers["file"], numbers["verdict"])
    return counts.reindex(columns=list(VERDICTS), fill_value=0).T.to_dict("list")


def _versions() -> list[tuple[str, str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [requirement.split(">")[0] for requirement in project["dependencies"]]
    return [("python", platform.python_version()), *((name, version(name)) for name in names)]
