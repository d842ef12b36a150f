"""Examples in docstrings give what they say."""

import doctest
import importlib

import pytest

from conftest import ROOT

FOLDER = ROOT / "src" / "helpers"
MODULES = {
    ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts)
    for path in FOLDER.rglob("*.py")
    if ">>> " in path.read_text()
}


def test_a_dozen_functions_show_an_example():
    found = doctest.DocTestFinder()
    shown = [each for name in MODULES for each in found.find(importlib.import_module(name)) if each.examples]
    assert len(shown) >= 12


@pytest.mark.parametrize("name", sorted(MODULES))
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
