"""Run the cells of a notebook in this process: the same values and messages as `make run`, in a tenth of the time.

That a real kernel gives the same is what `test_runs.py` and `test_kernels.py` see.
"""

import ast
import html
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from IPython.display import Markdown
from matplotlib.figure import Figure

from helpers.build import plan
from helpers.notebook import export, session, source
from helpers.project import InputError
from inside import save_without_pixels


@dataclass
class Ran:
    """What a run left: its folder, what its cells showed in their order, and its variables."""

    name: str
    folder: Path
    shown: list[Any]
    variables: dict[str, Any]

    def table(self, card: str) -> pd.DataFrame:
        """The tidy table of a card."""
        return pd.read_csv(self.folder / "tables" / f"{self.name}--{card}.csv")

    def figure(self, card: str) -> pd.DataFrame:
        """The plotted data of a figure."""
        return pd.read_csv(self.folder / "figures" / f"{self.name}--{card}.csv")

    @property
    def page(self) -> str:
        """What a reader sees, as HTML and Markdown, without the code."""
        return "\n".join(map(_text, self.shown))

    @property
    def answer(self) -> str:
        """What the notebook answers, and what its page adds to that."""
        told = next(line for line in session.lines(self.folder) if line["kind"] == "answer")
        return " ".join(filter(None, (told["text"], told["then"])))


def run(folder: Path, name: str, *, drawn: bool = False, **values: Any) -> Ran:
    """Run a notebook as `make run NOTEBOOK=name PARAMS=...` would with these parameters. Raises what a cell raises.

    Pictures are empty files unless they are to be `drawn`, as SVG: that takes as long as all the rest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mine.yml"
    file.write_text(json.dumps(values))  # JSON is YAML
    job = plan.own(name, file)
    places = {"FOLDER": str(folder), "STEM": job.stem, "LINKS": ""}
    shown: list[Any] = []
    variables = {"__name__": "__main__", "display": lambda *things: shown.extend(things)}
    environment = {f"COMPENDIUM_{key}": value for key, value in places.items()}
    quick = (
        mock.patch.object(Figure, "savefig", save_without_pixels)
        if drawn
        else mock.patch.object(export, "save", _touch)
    )
    with mock.patch.dict(os.environ, environment), quick, plt.rc_context():
        for cell in source.cells(job.notebook):
            if cell["type"] == "code":
                _run_cell(cell["text"], variables, shown)
            if "parameters" in cell["tags"]:
                variables |= job.values
    plt.close("all")
    return Ran(job.stem, folder, shown, variables)


def refused(call: Callable[[], Any], *said: str) -> str:
    """A run ends with one message for people, which says all of `said`."""
    with pytest.raises(InputError) as error:
        call()
    for part in said:
        assert part in str(error.value), str(error.value)
    return str(error.value)


def _touch(_: Figure, stem: Path, __: export.Words) -> tuple[tuple[float, float], str]:
    for ending in (".svg", ".png"):
        stem.with_suffix(ending).touch()
    return (1, 1), ""


def _run_cell(text: str, variables: dict[str, Any], shown: list[Any]) -> None:
    tree = ast.parse(text)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), variables)
    if last:
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), variables)
        if value is not None:
            shown.append(value)


def _text(thing: Any) -> str:
    bundle = getattr(thing, "bundle", None) or {}
    if isinstance(thing, Markdown):  # read as a page shows it, names with the characters that they have
        return html.unescape(re.sub("</?span>", "", re.sub("</?code>", "`", thing.data)))
    return bundle.get("text/html") or getattr(thing, "data", None) or str(thing)
