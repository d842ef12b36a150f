"""The whole build in temporary copies: complete, repeatable to the byte, and no more than is needed."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from conftest import copy_project, environment, make
from helpers import kept
from helpers.notebook import source
from helpers.project import STATES

pytestmark = pytest.mark.build


def files_of(folder: Path) -> dict[str, Path]:
    """Every figure, table and page. Run times are kept apart on purpose."""
    build = folder / "build"
    parts = [
        path
        for part in ("figures", "tables", "site")
        for path in (build / part).rglob("*")
        if path.is_file()
    ]
    apart = {"times.html", "state.json"}
    return {
        p.relative_to(build).as_posix(): p
        for p in [*parts, *build.glob("ledger.*")]
        if p.name not in apart
    }


def test_every_contracted_file_is_there(built):
    names = set(files_of(built))
    assert {
        "site/index.html",
        "site/ledger.csv",
        "ledger.csv",
        "ledger.json",
        "ledger.schema.json",
    } <= names
    for name in source.names():
        assert f"site/{name}.html" in names
        assert (built / "build" / "notebooks" / f"{name}.ipynb").is_file()
        assert any(re.fullmatch(rf"figures/{name}--[a-z0-9-]+\.svg", path) for path in names)
    stems = {path.rpartition(".")[0] for path in names if path.startswith("figures/")}
    for stem in stems:
        assert {f"{stem}.svg", f"{stem}.png", f"{stem}.csv"} <= names


def test_tables_are_tidy_and_say_their_state(built):
    contract = [
        "term",
        "estimate",
        "std_error",
        "ci_low",
        "ci_high",
        "p_value",
        "n",
        "n_groups",
        "state",
    ]
    shares = ["item", "statistic", "share", "std_error", "ci_low", "ci_high", "n"]
    for path in (built / "build").glob("*s/*.csv"):
        table = pd.read_csv(path)
        assert set(table["state"]) <= set(STATES), path.name
        # The ledger sets one row of this state beside one of that.
        assert table["state"].nunique() == 1 or path.name.endswith("--ledger.csv")
        if path.name.endswith("--estimates.csv"):
            assert [column for column in table.columns if column in contract] == contract
        if path.name.endswith("--shares.csv"):
            assert [column for column in table.columns if column in shares] == shares
            assert table["share"].dropna().between(0, 1).all()


def test_the_comparison_gives_the_known_answers(built):
    """Hedges' g and its interval as computed by others from Table 2 with 49 and 49 teachers."""
    table = pd.read_csv(built / "build" / "tables" / "04-participant-comparison--estimates.csv")
    found = table[table["term"] == "hedges_g"][["estimate", "ci_low", "ci_high"]].to_numpy()
    known = [
        (0.18, -0.22, 0.58),
        (0.20, -0.20, 0.60),
        (0.44, 0.04, 0.84),
        (-0.08, -0.48, 0.31),
        (0, -0.40, 0.40),
    ]
    assert found.tolist() == [pytest.approx(row, abs=0.0085) for row in known]
    reading = pd.read_csv(built / "build" / "tables" / "04-participant-comparison--reading.csv")
    assert reading["detectable"].unique() == pytest.approx([0.57], abs=0.005)
    differences = table[table["term"] == "difference"].set_index("scale")["p_value"]
    assert differences.tolist() == pytest.approx([0.374, 0.330, 0.032, 0.682, 1], abs=0.0006)


def test_two_builds_give_equal_bytes(built, tmp_path):
    other = copy_project(tmp_path / "a folder with another name")
    assert make(other, "all").returncode == 0
    first, second = files_of(built), files_of(other)
    assert first.keys() == second.keys()
    differing = [name for name in first if first[name].read_bytes() != second[name].read_bytes()]
    assert differing == []
    for name in source.names():
        paths = [folder / "build" / "notebooks" / f"{name}.ipynb" for folder in (built, other)]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_nothing_built_tells_of_the_machine(built):
    for path in files_of(built).values():
        if path.suffix != ".png":
            assert str(built.parent) not in path.read_text(encoding="utf-8"), path.name


@pytest.fixture(scope="module")
def worked(built, tmp_path_factory):
    """A built copy that tests may change, each from where the one before left it."""
    folder = tmp_path_factory.mktemp("worked") / "project"
    shutil.copytree(built, folder)
    assert make(folder, "all").returncode == 0
    return folder


def started(folder):
    done = make(folder, "all")
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(\S+) starts", done.stdout, re.MULTILINE), done.stdout


def test_nothing_to_do_is_said_within_a_second(worked):
    taken = []
    for _ in range(3):  # the quickest counts: the machine may be busy with something else
        begun = time.perf_counter()
        ran, text = started(worked)
        taken.append(time.perf_counter() - begun)
        assert ran == []
        assert "Nothing to do" in text
    assert min(taken) < 1


@pytest.mark.parametrize(
    ("touched", "expected"),
    [
        ("src/helpers/read/questionnaire.py", ["05"]),
        ("src/helpers/estimate/twogroups.py", ["04", "05", "06"]),
        ("src/helpers/simulate/examples.py", []),
        ("src/helpers/build/execute.py", []),
        ("src/helpers/build/template/style.css", ["site"]),
        ("src/helpers/notebook/template/ledger.js", []),  # the ledger's own
        ("data/published/001-table1.csv", ["04"]),
        ("data/published/004-text.csv", ["03", "07"]),
        ("data/simulated/03-talis.zip", ["03"]),
        ("requirements.lock", [name[:2] for name in source.names()[:-1]]),
    ],
)
def test_touching_reruns_exactly_what_depends_on_it(worked, touched, expected):
    """And the ledger after every other notebook, for it reads what they entered."""
    os.utime(worked / touched)
    ran, text = started(worked)
    notebooks = [name for name in expected if name != "site"]
    ledger = ["08"] if notebooks or touched.endswith("ledger.js") else []
    assert sorted(name[:2] for name in ran if name != "site") == [*notebooks, *ledger], text
    assert ("site" in ran) is bool(expected or ledger)


def test_files_that_come_and_go_in_a_folder_rerun_who_looks_there(worked):
    """Dropped TALIS files take the place of simulated ones; something else there changes nothing but the time."""
    raw = worked / "data" / "raw" / "talis"
    raw.mkdir(parents=True)
    assert "03-talis-deprivatization" in started(worked)[0]
    raw.rmdir()
    assert "03-talis-deprivatization" in started(worked)[0]


def test_an_edited_notebook_runs_again_and_no_other(worked):
    path = worked / "notebooks" / "05-satisfaction.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["source"].append("\n\nOne sentence more.")
    path.write_text(json.dumps(notebook))
    assert started(worked)[0] == ["05-satisfaction", "08-evidence-ledger", "site"]
    assert "One sentence more." in (worked / "build" / "site" / "05-satisfaction.html").read_text()


def test_a_notebook_saved_with_outputs_reruns_nothing(worked):
    output = {"output_type": "stream", "name": "stdout", "text": "seen"}
    for name in source.names():
        path = worked / "notebooks" / f"{name}.ipynb"
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [output], "execution_count": 1}
        path.write_text(json.dumps(notebook))
    assert started(worked)[0] == []


def test_what_is_deleted_comes_back(worked):
    for name in (
        "site/index.html",
        "site/05-satisfaction.html",
        "figures/05-satisfaction--means.svg",
    ):
        path = worked / "build" / name
        path.unlink()
        assert started(worked)[0] == ["site"]
        assert path.is_file()
    next((worked / "build" / "standard" / "05-satisfaction" / "figures").iterdir()).unlink()
    assert started(worked)[0] == ["05-satisfaction", "08-evidence-ledger", "site"]


def test_opened_in_jupyter_the_notebook_leaves_the_build_alone(worked):
    """As JupyterLab runs it: from its own folder, without the runner."""
    before = {name: path.read_bytes() for name, path in files_of(worked).items()}
    name = "05-satisfaction"
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--stdout",
        f"{name}.ipynb",
    ]
    done = subprocess.run(
        command,
        cwd=worked / "notebooks",
        env=environment(PYTHONPATH=str(worked / "src")),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        worked / "build" / "interactive" / name / "figures" / f"{name}--printed-means.svg"
    ).is_file()
    assert "../build/interactive/05-satisfaction/figures/" in done.stdout
    assert {name: path.read_bytes() for name, path in files_of(worked).items()} == before
    assert started(worked)[0] == []


def test_imports_found_by_reading_are_those_that_happen(built):
    """The dependencies read from the code hold every helper that a kernel really loaded."""
    for name in source.names():
        code = source.code(built / "notebooks" / f"{name}.ipynb").partition("style.use()")[0]
        code += "\nimport sys; print(*(m.partition('.')[2] for m in sys.modules if m.startswith('helpers.')))"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        read = {
            path.relative_to(kept.PACKAGE)
            .with_suffix("")
            .as_posix()
            .replace("/", ".")
            .removesuffix(".__init__")
            for path in kept.closure(kept.modules(code))
        }
        assert set(done.stdout.split()) <= read
