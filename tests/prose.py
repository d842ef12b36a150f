"""No result in a Markdown cell: a number typed by hand drifts from what the code computes. `make lint` calls it.

Numbers belong in code cells that display them (`cards.say`), and printed ones come from `data/published`.
"""

import re
import sys

from helpers.notebook import source

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


def bare_numbers(text: str) -> list[str]:
    """Numbers in a piece of Markdown that could be results: whatever has digits and is no name or year."""
    return re.findall(r"[−-]?\.?\d[\d.,]*\s?%?", _NAMES.sub(" ", text))


def check() -> list[str]:
    """One message for each Markdown cell of the project's notebooks that holds bare numbers."""
    return [
        f"notebooks/{name}.ipynb, cell {place}: {', '.join(found)} in prose. Display the number from a code cell."
        for name in source.names()
        for place, cell in enumerate(source.cells(source.path_of(name)), start=1)
        if cell["type"] == "markdown" and (found := bare_numbers(cell["text"]))
    ]


if __name__ == "__main__":
    sys.exit("\n".join(check()) or 0)
