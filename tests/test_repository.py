"""The documents say what is so: commands exist, links lead somewhere, trees and pictures are true."""

import re
import shutil
import subprocess

import pytest
import yaml

from conftest import ROOT
from helpers.notebook import parameters, source
from helpers.notebook.ledger import VERDICTS
from helpers.project import STATES
from helpers.read import files

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md", "docs/releasing-moments.md")]
TARGETS = set(re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split())
DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def tracked_files():
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return listed.stdout.splitlines()


@DOCUMENT
def test_every_make_command_exists(path):
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(), re.MULTILINE):
        assert target in TARGETS, target


@DOCUMENT
def test_links_and_named_files_exist(path):
    text = path.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target
    for name in re.findall(r"`((?:src|data|params|tests|notebooks|docs)/[\w./-]*)`", text):
        assert (ROOT / name).exists() or name.startswith("data/raw/"), name


def test_readme_gives_the_two_commands_first():
    commands = re.search(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    assert [line.split("#")[0].strip() for line in commands.strip().splitlines()] == [
        "make all",
        "make test",
    ]


def test_readme_explains_every_state_and_verdict():
    text = " ".join((ROOT / "README.md").read_text().split())
    for word in [*STATES, *VERDICTS]:
        assert word in text, word


def test_layout_tree_names_what_is_there():
    tree = (ROOT / "README.md").read_text().partition("## What is where")[2].split("```")[1]
    named = {line.split()[0].split("/")[0] for line in tree.strip().splitlines()}
    tracked = tracked_files()
    folders = {name.split("/")[0] for name in tracked if "/" in name and not name.startswith(".")}
    assert folders <= named
    assert named <= folders | {"build"}


def test_the_picture_is_the_figure_of_the_build(built):
    """The words drawn in both are the same (their places may differ on another machine)."""
    built_figure = built / "build" / "figures" / "04-participant-comparison--effect-sizes.svg"
    words = [
        re.findall(r"<text[^>]*>([^<]+)</text>", path.read_text())
        for path in (ROOT / "docs" / "effect-sizes.svg", built_figure)
    ]
    assert words[0] == words[1]
    assert "0.44  [0.04 to 0.84]" in words[0]


def test_citation_and_workflow_are_readable():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert citation["version"] == project


def test_workflows_name_what_they_run_by_its_content():
    """Whoever moves a tag of an action or an image changes nothing here."""
    jobs = [
        job
        for path in (ROOT / ".github" / "workflows").glob("*.y*ml")
        for job in yaml.safe_load(path.read_text())["jobs"].values()
    ]
    steps = [step for job in jobs for step in job.get("steps", [])]
    used = [step["uses"] for step in [*steps, *jobs] if "uses" in step]
    images = [image for job in jobs for image in (job.get("container"), *job.get("services", {}).values()) if image]
    assert any("bash .ci/run" in step.get("run", "") for step in steps)
    assert used
    assert images
    assert all(re.search("@[0-9a-f]{40}$", name) for name in used)
    assert all(
        re.search("@sha256:[0-9a-f]{64}$", image if isinstance(image, str) else image["image"]) for image in images
    )
    assert not any(s["with"]["persist-credentials"] for s in steps if "actions/checkout" in s.get("uses", ""))


def test_nothing_large_or_private_is_tracked():
    for name in tracked_files():
        assert (ROOT / name).stat().st_size < 2**20, name
        assert not name.endswith((".sav", ".dta", ".xlsx", ".pkl")), name
        assert name == "data/raw/.gitkeep" or not name.startswith(("data/raw/", "build/")), name


def test_the_tree_of_helpers_names_what_is_there():
    tree = (ROOT / "README.md").read_text().partition("`src/helpers/`, in the order")[2]
    named = [line.split()[0] for line in tree.split("```")[1].strip().splitlines()]
    there = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "src" / "helpers").iterdir()
        if not path.name.startswith("__")
    }
    assert set(named) == there
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"- `{name}`:" in guide for name in named)


def test_the_way_through_the_house_is_there():
    guide = (ROOT / "CONTRIBUTING.md").read_text().partition("## Five minutes in the house")[2]
    steps = re.findall(r"\| `((?:src|data)/\S+)` \| (?:`(\w+)`)? ?\|", guide.partition("\n## ")[0])
    assert len(steps) == 18
    for file, function in steps:
        text = (ROOT / file).read_text()
        assert not function or re.search(rf"^def {function}\(", text, re.MULTILINE), (
            file,
            function,
        )


def test_what_notebooks_read_is_told_as_it_is():
    """Formats, rules and columns in data/README.md beside the readers and the notebooks' own declarations."""
    text = (ROOT / "data" / "README.md").read_text().partition("## Your own data")[2]
    formats, _, rest = text.partition("| What | How it is read |")
    assert set(re.findall(r"`(\.[a-z0-9]+)`", formats)) - {".rds"} == set(files.ENDINGS)
    rows = re.findall(r"^\| (0\d)(?:, \w+)? \| [^|]+ \| (.+) \|$", rest, re.M)
    assert {number for number, _ in rows} == {f"0{k}" for k in range(1, 9)}
    for number, columns in rows:
        name = next(name for name in source.names() if name.startswith(f"your-data/{number}"))
        takes = {parameter.name for parameter in parameters.declared(source.path_of(name))}
        assert set(re.findall(r"`(\w+)`", columns)) <= takes, number
        assert {*files.OPTIONS} <= takes
    nested = re.search(r"`nest: true` \((.+?)\)", text)[1].split(", ")
    for name in source.names():
        if name.startswith("your-data/"):
            takes = {parameter.name for parameter in parameters.declared(source.path_of(name))}
            assert ("nest" in takes) is (name[10:12] in nested)
