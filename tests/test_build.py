"""The whole build in temporary copies: complete, repeatable to the byte, and no more than is needed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from conftest import copy_project, make
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
    for name in map(source.slug, source.names()):
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
    for name in map(source.slug, source.names()):
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


def would_run(folder):
    """What the plan says that a build would run, without running it."""
    done = make(folder, "why")
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(\S+) would run: (.*)$", done.stdout, re.MULTILINE), done.stdout


def test_a_copy_has_nothing_to_do(worked):
    """Content counts and time does not: neither in another folder nor with new times is anything made again."""
    for path in worked.rglob("src/helpers/*/*.py"):
        os.utime(path)
    assert "Nothing to do" in would_run(worked)[1]
    ran, text = started(worked)
    assert ran == []
    assert "Nothing to do" in text


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ("src/helpers/read/questionnaire.py", ["your-data/05"]),
        ("src/helpers/study/retellings.py", ["07", "your-data/07"]),
        ("src/helpers/simulate/examples.py", []),
        ("src/helpers/build/execute.py", []),
        ("src/helpers/notebook/template/ledger.js", ["08"]),
        ("data/published/001-table1.csv", ["04"]),
        ("data/simulated/03-talis.zip", ["your-data/03"]),
        ("params/05-own-data.yml", ["your-data/05"]),
        ("requirements.lock", source.names()),
    ],
)
def test_an_edit_reruns_exactly_what_depends_on_it(worked, edited, expected):
    """And the ledger where a table of printed numbers is edited: it reads all of them."""
    path = worked / edited
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    found, text = would_run(worked)
    path.write_bytes(before)
    names = {source.slug(name) for name in source.names() if name.startswith(tuple(expected))}
    if edited.startswith("data/published/"):
        names |= {"08-evidence-ledger"}
    assert {name for name, _ in found} == names if expected else not found, text
    assert {why for _, why in found} <= {f"{edited} changed"}


def test_the_sites_own_code_and_looks_rerun_the_site_alone(worked):
    path = worked / "src" / "helpers" / "build" / "template" / "style.css"
    path.write_text(path.read_text() + "\n")
    assert would_run(worked)[0] == []
    assert started(worked)[0] == ["site"]


def test_files_that_come_and_go_in_a_folder_rerun_who_looks_there(worked):
    """Dropped TALIS files rerun the notebook that looks for them."""
    raw = worked / "data" / "raw" / "talis"
    raw.mkdir(parents=True)
    assert "03-talis-deprivatization" in dict(would_run(worked)[0])
    raw.rmdir()
    assert would_run(worked)[0] == []


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
        "site/your-data-05-satisfaction.html",
        "figures/05-satisfaction--printed-means.svg",
    ):
        path = worked / "build" / name
        path.unlink()
        assert started(worked)[0] == ["site"]
        assert path.is_file()
    next((worked / "build" / "standard" / "05-satisfaction" / "figures").iterdir()).unlink()
    assert [name for name, _ in would_run(worked)[0]] == ["05-satisfaction"]
    assert started(worked)[0] == ["05-satisfaction", "08-evidence-ledger", "site"]


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
