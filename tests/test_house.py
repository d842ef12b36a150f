"""The house: imports go one way, modules and functions stay small, and each module says its job."""

import ast
import re
from pathlib import Path

import pytest

from conftest import ROOT
from helpers import kept

HELPERS = ROOT / "src" / "helpers"
MAY_IMPORT = {
    "project": set(),
    "faults": {"project"},
    "kept": {"project"},
    "read": {"project", "faults", "kept"},
    "estimate": {"project", "kept", "read"},
    "draw": {"project"},
    "notebook": {"project", "faults", "kept", "read", "draw"},
    "release": {"project", "faults", "kept", "read", "estimate", "notebook.markup", "notebook.parameters", "notebook.source"},
    "simulate": {"project", "kept", "read", "estimate"},
    "study": {
        "project", "kept", "read", "estimate", "draw", "notebook", "release", "simulate", "study",
    },
    "build": {"project", "faults", "kept", "read", "draw", "notebook"},
}  # fmt: skip
"""What each part may import besides itself; only notebooks, tests and named commands import `study`."""

MODULES = sorted(HELPERS.rglob("*.py"))
MODULE = pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(HELPERS).as_posix())


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(HELPERS).with_suffix("").parts).removesuffix(".__init__")


def wrong_imports(name: str, code: str) -> set[str]:
    """Modules that the module `name` must not import."""
    part = name.split(".")[0]
    allowed = MAY_IMPORT[part] | {part}
    return {
        found
        for found in kept.modules(code)
        if not (HELPERS / found).is_dir() and found not in allowed and found.split(".")[0] not in allowed
    }


@MODULE
def test_imports_go_one_way(path):
    name = name_of(path)
    if name != "__init__":
        assert wrong_imports(name, path.read_text()) == set()


def test_a_planted_wrong_import_is_seen():
    assert wrong_imports("draw.bars", "from helpers.read import records") == {"read.records"}
    assert wrong_imports("estimate.power", "def f():\n    import helpers.study.signposts") == {"study.signposts"}
    assert wrong_imports("read.files", "from helpers.kept import stamp") == set()


@MODULE
def test_modules_and_functions_are_short(path):
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name


@MODULE
def test_many_parameters_are_told_one_by_one(path):
    """A public function with more than three has NumPy's section of them, which names each."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            if len(names) > 3:
                _, _, told = (ast.get_docstring(node) or "").partition("Parameters\n----------\n")
                assert [name for name in names if not re.search(rf"^[\w, ]*\b{name}\b[\w, ]* :", told, re.M)] == [], (
                    node.name
                )


@MODULE
def test_the_first_line_says_the_job(path):
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert said
    assert said.splitlines()[0].endswith((".", "?"))
