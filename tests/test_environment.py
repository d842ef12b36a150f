"""pyproject.toml, requirements.lock and environment.yml name the same set."""

import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import ROOT, environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = {
    canonicalize_name(requirement.name): requirement
    for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    for requirement in [Requirement(text)]
}
LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))
OTHER_NAMES = {"python-duckdb": "duckdb"}  # conda-forge's name for the same package


def test_lock_holds_a_version_in_range_of_everything_declared():
    for name, requirement in DECLARED.items():
        assert LOCKED[name] in requirement.specifier, name


def test_lock_checks_hashes_and_names_no_host():
    entries = re.findall(r"^\S+==.*?(?=^\S+==|\Z)", LOCK, re.MULTILINE | re.DOTALL)
    assert len(entries) == len(LOCKED)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCK


def test_environment_yml_has_the_same_ranges():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    found = [
        Requirement(text)
        for text in [*(e for e in entries if isinstance(e, str)), *(p for p in pip if p != "-e .")]
    ]
    ranges = {canonicalize_name(OTHER_NAMES.get(r.name, r.name)): r.specifier for r in found}
    assert "-e ." in pip
    assert str(ranges.pop("python")) == PROJECT["requires-python"]
    assert {name: ranges.pop(name) for name in DECLARED} == {
        n: r.specifier for n, r in DECLARED.items()
    }
    assert set(ranges) == {"make", "pip"}


def test_everything_imported_is_declared():
    modules = {"IPython": "ipykernel", "bs4": "beautifulsoup4", "conftest": None, "helpers": None}
    indirect = {
        "numpy",
        "yaml",
        "jinja2",
        "nbformat",
        "packaging",
        "pil",
    }  # come with pandas, papermill, nbconvert, ...
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").glob("*.py")]:
        for name in re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.MULTILINE):
            package = modules.get(name, name)
            if package and name not in sys.stdlib_module_names and package.lower() not in indirect:
                assert canonicalize_name(package) in DECLARED, f"{path.name} imports {name}"


def test_help_lists_every_target():
    text = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split())
    shown = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True, env=environment()
    ).stdout
    assert {line.split()[0] for line in shown.splitlines()} == targets
    assert all(len(line.split()) > 2 for line in shown.splitlines())


@pytest.mark.parametrize("version", ["3.81", "3.82"])
def test_old_make_is_told_the_remedy(version):
    done = subprocess.run(
        ["make", "all", f"MAKE_VERSION={version}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode != 0
    assert "brew install make" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_old_python_is_told_the_remedy(tmp_path):
    fake = tmp_path / "python3.9"
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 || exit 1\n')
    fake.chmod(0o755)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["make", "all", f"BOOT={fake}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
    assert not (tmp_path / ".venv").exists()
