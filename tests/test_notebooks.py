"""The notebooks as committed: clean, short, and without numbers that could drift."""

import ast
import json
import re

import papermill
import pytest

from conftest import ROOT
from helpers.notebook import parameters, source
from helpers.read.files import OPTIONS
from prose import bare_numbers

NOTEBOOKS = [source.path_of(name) for name in source.names()]
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=source.names())


def raw(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_committed_without_outputs(path):
    for cell in raw(path)["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_cells_have_names_for_ids(path):
    ids = [cell["id"] for cell in raw(path)["cells"]]
    assert len(set(ids)) == len(ids)
    assert not [name for name in ids if len(name) == 8 and all(c in "0123456789abcdef" for c in name)]


def test_kernel_is_python3_of_the_environment(path):
    assert raw(path)["metadata"]["kernelspec"]["name"] == "python3"


def test_prose_holds_no_results(path):
    for cell in source.cells(path):
        if cell["type"] == "markdown":
            assert bare_numbers(cell["text"]) == [], cell["text"][:80]


def test_prose_comes_first_and_asks_one_question(path):
    cells = source.cells(path)
    assert cells[0]["type"] == "markdown"
    assert source.title(path)
    assert source.question(path).endswith("?")


def test_code_cells_are_short_and_define_next_to_nothing(path):
    for cell in source.cells(path):
        if cell["type"] == "code":
            assert len(cell["text"].splitlines()) <= 25
            for node in ast.walk(ast.parse(cell["text"])):
                if isinstance(node, ast.FunctionDef):
                    assert node.end_lineno - node.lineno < 4, node.name
                assert not isinstance(node, ast.ClassDef)


def test_the_cell_of_parameters_is_a_list_of_one_line_each_and_nothing_else(path):
    for cell in source.cells(path):
        if "parameters" in cell["tags"]:
            body = ast.parse(cell["text"]).body
            assert all(node.lineno == node.end_lineno for node in body)
            assert {type(node) for node in body} <= {ast.ImportFrom, ast.Assign, ast.AnnAssign}


def test_no_cell_is_left_out_by_a_tag(path):
    for cell in source.cells(path):
        assert cell["tags"] in ([], ["parameters"])


def test_papermill_lists_every_parameter_with_an_explanation(path):
    listed = papermill.inspect_notebook(path)
    declared = parameters.declared(path)
    # It takes names of types for parameters, too, and does not see what is imported.
    assert [name for name in listed if name[0].islower()] == [p.name for p in declared if p.name not in OPTIONS]
    assert all(parameter.help for parameter in declared)


def test_own_data_begins_with_a_simulated_example(path):
    defaults = {p.name: p.default for p in parameters.declared(path)}
    if path.parent.name == source.OWN:
        assert str(defaults["data"]).startswith("data/simulated/")
        ready = sorted((ROOT / "params").glob(f"{path.stem[:2]}-own*.yml"))
        assert defaults["data"] in [parameters.read(file)["data"] for file in ready]
    else:
        assert "data" not in defaults


def test_nothing_is_shown_under_a_condition_alone(path):
    for cell in source.cells(path):
        assert not re.search(r"if \w+: *\n? *display\(", cell["text"])
        assert "else None" not in cell["text"]


def test_what_a_cell_shows_is_its_last_expression(path):
    """A card that is made but is no cell's last expression is never seen."""
    for cell in source.cells(path):
        if cell["type"] == "code":
            for statement in ast.parse(cell["text"]).body[:-1]:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                    assert not ast.unparse(statement.value.func).startswith("cards."), cell["text"]
