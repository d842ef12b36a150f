"""Notebooks of each kind in a real Jupyter kernel, as JupyterLab, nbconvert and papermill run them, give what make gives."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from nbconvert.preprocessors import ExecutePreprocessor
from papermill.cli import papermill

from conftest import ROOT, environment
from helpers.notebook import clean, source

pytestmark = pytest.mark.build
# The ledger's notebook looks for the runs of the others beside it, so all are run in the built copy.
CARDS = ("figures", "tables")


@pytest.fixture(scope="module")
def opened(built, tmp_path_factory):
    """A built copy whose notebooks may be opened and saved."""
    folder = tmp_path_factory.mktemp("opened") / "project"
    shutil.copytree(built, folder)
    return folder


def execute(path: Path, here: Path, project: Path, monkeypatch, **more: str) -> nbformat.NotebookNode:
    """Run a notebook's cells in a kernel that was started in `here`."""
    given = environment(PYTHONPATH=str(project / "src"), MPLBACKEND="agg", **more)
    monkeypatch.setattr(os, "environ", given)
    node = nbformat.read(path, as_version=4)
    ExecutePreprocessor(timeout=600, kernel_name="python3").preprocess(node, {"metadata": {"path": str(here)}})
    return node


def same_cards(found: Path, made: Path, stem: str) -> None:
    """Both folders hold the same cards with the same numbers; `stem` begins the names of those that make made."""
    tables = {part: sorted(found.glob(f"{part}/*.csv")) for part in CARDS}
    assert any(tables.values())
    for part, paths in tables.items():
        wanted = {path.name.partition("--")[2] for path in (made / part).glob(f"{stem}--*.csv")}
        assert {path.name.partition("--")[2] for path in paths} == wanted
        for path in paths:
            other = made / part / f"{stem}--{path.name.partition('--')[2]}"
            pd.testing.assert_frame_equal(pd.read_csv(path), pd.read_csv(other), rtol=1e-9)


def shown(node: nbformat.NotebookNode) -> list[str]:
    """The names of all cards that a reader of the notebook sees."""
    outputs = [o for cell in node.cells if cell.cell_type == "code" for o in cell.outputs]
    return [o.data["text/html"] for o in outputs if "text/html" in o.get("data", {})]


AS_THEY_ARE = [
    "01-practice-change", "03-talis-deprivatization", "09-what-such-studies-can-see", "your-data/08-evidence-ledger",
    "08-evidence-ledger",
]  # fmt: skip
"""Those that read sums, records and files of others, make up data, are of `your-data/`, and read what others made."""


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_run_all_in_jupyter_gives_what_make_gives(opened, monkeypatch, name):
    path = opened / "notebooks" / f"{name}.ipynb"
    node = execute(path, path.parent, opened, monkeypatch)
    slug = source.slug(name)
    same_cards(opened / "build" / "interactive" / slug, opened / "build", slug)
    page = "".join(shown(node))
    for picture in (opened / "build" / "interactive" / slug / "figures").glob("*.svg"):
        assert f'id="figure-{picture.stem.partition("--")[2]}"' in page
    # Saved with outputs and with what JupyterLab adds, it is committed as it was before.
    node.metadata["widgets"] = {"state": {}}
    node.cells[0].metadata["editable"] = True
    assert clean.clean(nbformat.writes(node)) == path.read_text()


OTHERS = ["01-own-data.yml", "02-own-coding.yml", "05-own-data-long.yml"]
"""A file that is opened as SQL, two files, one that is read as a frame; all ready files run in test_runs.py."""


@pytest.mark.parametrize("file", OTHERS)
def test_ready_parameters_in_the_cell_give_what_a_run_gives(opened, ready, monkeypatch, file):
    """A copy of the notebook, under another name and with other parameters in its cell."""
    values = yaml.safe_load((ROOT / "params" / file).read_text())
    name = next(n for n in source.names() if n.startswith(f"your-data/{file[:2]}"))
    node = json.loads((opened / "notebooks" / f"{name}.ipynb").read_text())
    cell = next(c for c in node["cells"] if c["metadata"].get("tags") == ["parameters"])
    given = [f"{key} = {value!r}\n" for key, value in values.items()]
    cell["source"] = [*cell["source"], "\n", *given]
    copy = opened / "notebooks" / "your-data" / f"mine-{file.removesuffix('.yml')}.ipynb"
    copy.write_text(json.dumps(node))
    execute(copy, copy.parent, opened, monkeypatch, JPY_SESSION_NAME=str(copy))
    monkeypatch.undo()
    same_cards(opened / "build" / "interactive" / copy.stem, ready(file), name.removeprefix("your-data/"))


def test_papermill_writes_into_a_fresh_folder_where_it_was_called(opened, tmp_path, monkeypatch):
    """Papermill's command line in this process: to load it takes as long as the notebook."""
    monkeypatch.setattr(os, "environ", environment(PYTHONPATH=str(opened / "src")))
    monkeypatch.chdir(tmp_path)
    command = [str(opened / "notebooks" / "your-data" / "08-evidence-ledger.ipynb"), "out.ipynb", "--no-progress-bar"]
    earlier = tmp_path / "08-evidence-ledger-results" / "tables"
    earlier.mkdir(parents=True)
    papermill(command, standalone_mode=False)
    assert "08-evidence-ledger-results-2" in (tmp_path / "out.ipynb").read_text()
    stem = "your-data-08-evidence-ledger"
    same_cards(tmp_path / "08-evidence-ledger-results-2", opened / "build", stem)
    assert list(earlier.iterdir()) == []
    papermill([*command, "--inject-output-path"], standalone_mode=False)
    same_cards(tmp_path / "out", opened / "build", stem)


def test_a_cell_of_parameters_that_was_not_run_is_told(opened, monkeypatch, tmp_path):
    node = json.loads((opened / "notebooks" / "your-data" / "08-evidence-ledger.ipynb").read_text())
    node["cells"] = [c for c in node["cells"] if c["metadata"].get("tags") != ["parameters"]]
    copy = tmp_path / "copy.ipynb"
    copy.write_text(json.dumps(node))
    with pytest.raises(Exception, match="InputError: `data` has no value yet: run the notebook from its first cell"):
        execute(copy, opened / "notebooks", opened, monkeypatch)


def test_git_gets_a_notebook_without_its_outputs():
    before = (ROOT / "notebooks" / "your-data" / "08-evidence-ledger.ipynb").read_text()
    node = nbformat.reads(before, as_version=4)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell |= {"outputs": [nbformat.v4.new_output("stream", text="seen")], "execution_count": 1}
    filtered = subprocess.run(
        [sys.executable, "-m", "helpers.notebook.clean"], input=nbformat.writes(node), text=True,
        capture_output=True, check=True, env=environment(PYTHONPATH=str(ROOT / "src")),
    )  # fmt: skip
    assert filtered.stdout == before


def test_make_refuses_a_notebook_that_names_a_file_of_ones_own(opened):
    path = opened / "notebooks" / "your-data" / "08-evidence-ledger.ipynb"
    before = path.read_text()
    path.write_text(before.replace("data/simulated/08-effects.csv", "data/raw/mine.csv"))
    done = subprocess.run(["make", "ENV=active", "all"], cwd=opened, env=environment(), capture_output=True, text=True)
    path.write_text(before)
    assert done.returncode != 0
    assert "`data` is 'data/raw/mine.csv', and this site shows simulated examples only" in done.stderr
    assert "make run NOTEBOOK=08-evidence-ledger PARAMS=mine.yml" in done.stderr
