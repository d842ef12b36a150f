"""pyproject.toml, the two locks and environment.yml name the same set."""

import ast
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
EXTRAS = PROJECT["optional-dependencies"]


def declared(texts):
    return {canonicalize_name(r.name): r for r in map(Requirement, texts)}


USED = declared(PROJECT["dependencies"])
DECLARED = USED | declared(EXTRAS["test"])
COMPARED = declared(text for extra in set(EXTRAS) - {"test"} for text in EXTRAS[extra])
"""What only tests and benchmarks compare with, and what only a cluster needs: in the second lock, in no environment
that somebody builds to run the notebooks."""


def pins(lock):
    """Version and hashes of every package of a lock."""
    entry = r"^([a-z0-9-]+)==(\S+).* \\\n((?:    .*\n)+)"
    return {
        name: (version, re.findall("--hash=sha256:[0-9a-f]{64}", hashes))
        for name, version, hashes in re.findall(entry, lock, re.MULTILINE)
    }


LOCKS = {name: (ROOT / name).read_text() for name in ("requirements.lock", "requirements-peers.lock")}
LOCK, WHOLE = map(pins, LOCKS.values())
OTHER_NAMES = {"python-duckdb": "duckdb"}  # conda-forge's name for the same package


def test_locks_hold_a_version_in_range_of_everything_declared():
    for name, requirement in DECLARED.items():
        assert LOCK[name][0] in requirement.specifier, name
    for name, requirement in COMPARED.items():
        assert WHOLE[name][0] in requirement.specifier, name


def test_second_lock_adds_to_the_first_and_changes_nothing():
    assert {name: WHOLE[name] for name in LOCK} == LOCK


def test_what_tests_compare_with_stays_out_of_what_runs_the_notebooks():
    assert not set(COMPARED) & (set(LOCK) | set(DECLARED))


@pytest.mark.parametrize("name", LOCKS)
def test_lock_checks_hashes_and_names_no_host(name):
    lines = [line for line in LOCKS[name].splitlines() if not line.startswith("    ")]
    found = pins(LOCKS[name])
    assert len(lines) == len(found)
    assert all(hashes for _, hashes in found.values())
    assert "://" not in LOCKS[name]


def test_environment_yml_has_the_same_ranges():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    found = [
        Requirement(text) for text in [*(e for e in entries if isinstance(e, str)), *(p for p in pip if p != "-e .")]
    ]
    ranges = {canonicalize_name(OTHER_NAMES.get(r.name, r.name)): r.specifier for r in found}
    assert "-e ." in pip
    assert str(ranges.pop("python")) == PROJECT["requires-python"]
    assert {name: ranges.pop(name) for name in DECLARED} == {n: r.specifier for n, r in DECLARED.items()}
    assert set(ranges) == {"make", "pip"}


def imported(path):
    """Names of the packages that a file of Python imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)


def test_everything_imported_is_declared():
    modules = {
        "IPython": "ipykernel",
        "bs4": "beautifulsoup4",
        "helpers": None,
        **{path.stem: None for path in (ROOT / "tests").glob("*.py")},
    }
    indirect = {
        "numpy",
        "yaml",
        "nbformat",
        "jupyter_client",
        "traitlets",
        "packaging",
        "pil",
        "py4j",
        "polars",
    }  # come with pandas, papermill, nbconvert, pyspark, svy, ...
    source = {path: USED | declared(EXTRAS["spark"]) for path in (ROOT / "src").rglob("*.py")}
    tests = {path: DECLARED | COMPARED for path in (ROOT / "tests").glob("*.py")}
    for path, known in (source | tests).items():
        for name in imported(path):
            package = modules.get(name, name)
            if package and name not in sys.stdlib_module_names and package.lower() not in indirect:
                assert canonicalize_name(package) in known, f"{path.name} imports {name}"


def test_a_build_starts_without_a_grammar_of_addresses():
    """It takes longer to load than all the rest; `helpers.build` keeps jsonschema from it."""
    code = "import sys; from helpers.build import execute, site; sys.exit('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(PYTHONPATH=str(ROOT / "src")))
    assert done.returncode == 0


TARGETS = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()


@pytest.mark.parametrize("kind", ["venv", "active"])
@pytest.mark.parametrize("target", [name for name in TARGETS if name != "lock"])
def test_only_tests_and_benchmarks_install_what_they_compare_with(target, kind, tmp_path):
    for name in ("Makefile", *LOCKS):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    steps = subprocess.run(
        ["make", "--dry-run", target, f"ENV={kind}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    ).stdout
    assert ("requirements-peers.lock" in steps) == (kind == "venv" and target in ("test", "bench"))
    assert kind == "venv" or "pip install" not in steps


def test_help_lists_every_target():
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True, env=environment()).stdout
    assert {line.split()[0] for line in shown.splitlines()} == set(TARGETS)
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
