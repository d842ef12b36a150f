"""The whole build in temporary copies: complete, repeatable to the byte, and no more than is needed."""

import ast
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import inside
from conftest import ROOT, copy_project, make
from helpers import kept
from helpers.notebook import source
from helpers.project import STATES

pytestmark = pytest.mark.build


def files_of(folder: Path) -> dict[str, Path]:
    """Every figure, table and page. Run times are kept apart on purpose."""
    build = folder / "build"
    parts = [path for part in ("figures", "tables", "site") for path in (build / part).rglob("*") if path.is_file()]
    apart = {"times.html", "state.json"}
    return {p.relative_to(build).as_posix(): p for p in [*parts, *build.glob("ledger.*")] if p.name not in apart}


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
        assert any(re.fullmatch(rf"(figures|tables)/{name}--[a-z0-9-]+\.csv", p) for p in names)
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
        # The ledger sets one row of this state beside one of that, and so do the figures of effects and of seeing.
        beside = ("08-evidence-ledger--", "03-talis-deprivatization--seeing")
        assert table["state"].nunique() == 1 or path.stem.startswith(beside)
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


@pytest.fixture
def other(tmp_path):
    """The same by `make all`, in kernels: what that left in this folder, or a fresh build where it is not up to date."""
    if inside.build(ROOT, "why").stdout.startswith("Nothing to do"):
        return ROOT
    folder = copy_project(tmp_path / "a folder with another name")
    assert make(folder, "all").returncode == 0
    return folder


def test_two_builds_give_equal_bytes(built, other):
    first, second = files_of(built), files_of(other)
    assert first.keys() == second.keys()
    differing = [name for name in first if first[name].read_bytes() != second[name].read_bytes()]
    assert differing == []
    for name in map(source.slug, source.names()):
        paths = [folder / "build" / "notebooks" / f"{name}.ipynb" for folder in (built, other)]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_nothing_built_tells_of_the_machine(built):
    for path in files_of(built).values():
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                texts = [archive.read(name) for name in archive.namelist()]
        else:
            texts = [path.read_bytes()]
        assert str(built.parent).encode() not in b"".join(texts), path.name


@pytest.fixture(scope="module")
def worked(built, tmp_path_factory):
    """A built copy that tests may change. A copy has nothing to do, and each test leaves it like that."""
    folder = tmp_path_factory.mktemp("worked") / "project"
    shutil.copytree(built, folder)
    return folder


def started(folder):
    """Names of the notebooks that were run, and "site" where that was made."""
    done = inside.build(folder, "all")
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(\S+) starts", done.stdout, re.MULTILINE)


def would_start(folder):
    """What `make why` says would be run, and all of its words."""
    done = inside.build(folder, "why")
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(?:the )?(\S+) would ", done.stdout, re.MULTILINE), done.stdout


def test_a_copy_has_nothing_to_do(worked):
    for target in ("why", "all"):
        done = make(worked, target)
        assert done.returncode == 0
        assert done.stdout.startswith("Nothing to do")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("src/helpers/read/survey.py", ["03", "your-data-02", "your-data-03", "your-data-05"]),
        ("src/helpers/study/retellings.py", ["07", "your-data-07"]),
        ("src/helpers/simulate/examples.py", []),
        ("src/helpers/build/execute.py", []),
        ("src/helpers/build/template/style.css", ["site"]),
        ("src/helpers/notebook/template/ledger.js", ["08"]),
        ("src/helpers/notebook/template/table.html.j2", [source.slug(name) for name in source.names()]),
        ("data/published/001-table1.csv", ["04", "08"]),
        ("data/published/004-text.csv", ["03", "07", "08"]),
        ("data/simulated/03-talis.zip", ["your-data-03"]),
        ("params/05-own-data.yml", ["your-data-05"]),
        ("requirements.lock", [source.slug(name) for name in source.names()]),
    ],
)
def test_a_change_reruns_exactly_what_depends_on_it(worked, changed, expected):
    """And every page: the site is made of the notebooks that ran."""
    path = worked / changed
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    names, text = would_start(worked)
    path.write_bytes(before)
    ran = [name for name in names if name != "site"]
    wanted = [name for name in expected if name != "site"]
    assert len(ran) == len(wanted), text
    assert all(name.startswith(start) for name, start in zip(sorted(ran), sorted(wanted), strict=True))
    assert ("site" in names) is bool(expected)
    assert text.count(f": {changed} changed") == len(ran or names)


def test_another_version_of_a_package_reruns_all(worked):
    code = "from helpers import kept\nfound = kept.packages() | {'pandas': '99'}\nkept.packages = lambda: found\n"
    done = inside.python(worked, f"{code}from helpers.build import __main__ as command\ncommand.main(['why'])")
    assert done.stdout.count(": the package pandas changed") == len(source.names()), done.stderr


def test_a_time_is_no_change(worked):
    for path in worked.rglob("*"):
        if path.is_file() and not path.is_relative_to(worked / "build"):
            os.utime(path)
    assert would_start(worked)[0] == []


def test_files_that_come_and_go_in_a_folder_rerun_who_looks_there(worked):
    """Dropped TALIS files rerun the notebook that looks for them."""
    raw = worked / "data" / "raw" / "talis"
    raw.mkdir(parents=True)
    names, text = would_start(worked)
    assert names == ["03-talis-deprivatization", "site"]
    assert "data/raw/talis changed" in text
    raw.rmdir()
    assert would_start(worked)[0] == []


def test_what_is_edited_or_deleted_is_made_again(worked):
    """What was said comes true. The ledger reads what the others put down, so it runs after them."""
    build = worked / "build"
    card = "figures/05-satisfaction--printed-means.svg"
    files = {
        build / "site" / "index.html": ["site"],
        build / "site" / "05-satisfaction.html": ["site"],
        build / card: ["site"],
        build / "standard" / "05-satisfaction" / card: ["05-satisfaction", "site"],
    }
    for path, expected in files.items():
        whole = path.read_bytes()
        for left, said in ((len(whole) // 2, "is not as it was made"), (0, "is gone")):
            path.write_bytes(whole[:left]) if left else path.unlink()
            names, text = would_start(worked)
            assert names == expected
            assert f"{path.name} {said}" in text
        path.write_bytes(whole)
    notebook = json.loads((worked / "notebooks" / "05-satisfaction.ipynb").read_text())
    notebook["cells"][0]["source"].append("\n\nOne sentence more.")
    [*_, code] = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code["source"] += ["\nfrom helpers.notebook import session\nsession.note(run, 'remark')"]
    (worked / "notebooks" / "05-satisfaction.ipynb").write_text(json.dumps(notebook))
    assert would_start(worked)[0] == ["05-satisfaction", "site"]
    for path in files:
        path.unlink()
    assert started(worked) == ["05-satisfaction", "08-evidence-ledger", "site"]
    assert all(path.is_file() for path in files)
    assert "One sentence more." in (build / "site" / "05-satisfaction.html").read_text()
    assert would_start(worked)[0] == []


def test_a_notebook_saved_with_outputs_reruns_nothing(worked):
    output = {"output_type": "stream", "name": "stdout", "text": "seen"}
    for name in source.names():
        path = worked / "notebooks" / f"{name}.ipynb"
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [output], "execution_count": 1}
        path.write_text(json.dumps(notebook))
    assert would_start(worked)[0] == []


def test_imports_found_by_reading_are_those_that_happen(built):
    """The dependencies read from the code hold every helper that a kernel really loaded."""
    for name in source.names():
        body = ast.parse(source.code(built / "notebooks" / f"{name}.ipynb")).body
        code = "\n".join(ast.unparse(n) for n in body if isinstance(n, ast.Import | ast.ImportFrom))
        code += "\nimport sys; print(*(m.partition('.')[2] for m in sys.modules if m.startswith('helpers.')))"
        done = inside.python(built, code)
        assert done.returncode == 0, done.stderr
        read = {
            path.relative_to(kept.PACKAGE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
            for path in kept.closure(kept.modules(code))
        }
        assert set(done.stdout.split()) <= read
