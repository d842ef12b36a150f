"""Prose that drifts, or that nobody says: `make lint` calls it on notebooks, helpers and cases, tests on built pages.

No result stands in a Markdown cell: a number typed by hand drifts from what the code computes. Numbers belong in code
cells that display them (`cards.say`), and printed ones come from `data/published`.
"""

import ast
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from helpers.notebook import source
from helpers.project import ROOT

# What may stand in prose as digits: it names something and is no result.
_NAMES = re.compile(
    r"\[[^\]]*\]\([^)]*\)"  # links, their text included
    r"|`[^`]*`"  # code
    r"|https?://\S+"
    r"|\b(?:Table|Figure|Section|Notebook|notebook|question)s?\s\d+(?:\.\d+)?"
    r"|\b(?:19|20)\d\d(?:[–-](?:19|20)?\d\d)?\b"  # years
    r"|^\s*\d+\.\s",  # numbered lists
    re.MULTILINE,
)
FORMS = {
    r"\b(?:in|from|by|of|what|where|beside|other|rounded|elsewhere in) print\b(?! and)": "name the paper, the article or the report",
    r"\b[Pp]rint (?:has|gives|says|tells|speaks|alone|leaves|lists|quotes|claims|does|fits|and)\b": "name who says it",
    r"[\d}] (?:%|percent\b)": "write 95%",
    r"\bthe wave [\d{]": "write wave 2",
    r"\b(?:[Nn]o slip|the more the less|who came and went)\b": "say it in plain words",
}
"""What no text for readers has -> what to do instead."""
MOST = 30
"""Words of the longest sentence in an answer or a caption."""


def bare_numbers(text: str) -> list[str]:
    """Numbers in a piece of Markdown that could be results: whatever has digits and is no name or year."""
    return re.findall(r"[−-]?\.?\d[\d.,]*\s?%?", _NAMES.sub(" ", text))


def wrong_forms(text: str) -> list[str]:
    """What no text for readers has, each with its remedy."""
    return [f"“{m[0]}”: {remedy}" for form, remedy in FORMS.items() for m in re.finditer(form, text)]


def long_sentences(text: str) -> list[str]:
    """Sentences with more than MOST words. What has no letter or digit is no word."""
    sentences = re.split(r"(?<=[.!?])[”)]?\s+(?=[A-Z“(\d])", " ".join(text.split()))
    return [s for s in sentences if sum(bool(re.search(r"\w", word)) for word in s.split()) > MOST]


def said(code: str) -> Iterator[str]:
    """Texts in a piece of code that readers may see: its strings, but for those that explain the code."""
    tree = ast.parse(code)
    explained = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):  # what is computed stands as braces
            explained |= {id(part) for part in node.values}
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained:
            yield node.value


def _cells(name: str) -> Iterator[str]:
    for place, cell in enumerate(source.cells(source.path_of(name)), start=1):
        where = f"notebooks/{name}.ipynb, cell {place}"
        if cell["type"] == "markdown" and (found := bare_numbers(cell["text"])):
            yield f"{where}: {', '.join(found)} in prose. Display the number from a code cell."
        texts = [cell["text"]] if cell["type"] == "markdown" else said(cell["text"])
        yield from (f"{where}: {wrong}" for text in texts for wrong in wrong_forms(" ".join(text.split())))


def _files() -> Iterator[tuple[Path, Iterator[str]]]:
    """Files besides notebooks that hold what readers see, each with its texts."""
    for part in ("study", "draw"):
        for path in sorted((ROOT / "src" / "helpers" / part).glob("*.py")):
            yield path, said(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "src" / "helpers" / "build" / "template").glob("*.j2")):
        yield path, iter([re.sub(r"\{[{%].*?[}%]\}", " ", path.read_text(encoding="utf-8"))])
    for name in ("contradictions", "verdicts"):
        path = ROOT / "data" / "cases" / f"{name}.csv"
        rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        yield path, (text for row in rows for text in row.values())


def check() -> list[str]:
    """One message for each text of the project that holds what it should not."""
    notebooks = [message for name in source.names() for message in _cells(name)]
    files = [
        f"{path.relative_to(ROOT).as_posix()}: {wrong}"
        for path, texts in _files()
        for text in texts
        for wrong in wrong_forms(" ".join(text.split()))
    ]
    return [*notebooks, *files]


if __name__ == "__main__":
    sys.exit("\n".join(check()) or 0)
