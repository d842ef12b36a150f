"""A notebook as git keeps it: without outputs, run counts and what an editor noted. A filter from standard input to output.

    python -m helpers.notebook.clean < notebook.ipynb

`make` sets it up for git, so that saving a notebook with its outputs changes nothing that is committed.
"""

import json
import sys

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def clean(text: str) -> str:
    """The text of a notebook's file with its cells' ids, types, sources and tags, and nothing else."""
    notebook = json.loads(text)
    cells = []
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags")
        kept = {"cell_type": cell["cell_type"], "id": cell["id"], "metadata": {"tags": tags} if tags else {}}
        if cell["cell_type"] == "code":
            kept |= {"execution_count": None, "outputs": []}
        source = "".join(cell["source"]).splitlines(keepends=True)
        cells.append(dict(sorted((kept | {"source": source}).items())))
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", newline="")
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    given = sys.stdin.read()
    try:
        sys.stdout.write(clean(given))
    except (ValueError, KeyError, TypeError):  # no notebook that we know: git keeps it as it is
        sys.stdout.write(given)
