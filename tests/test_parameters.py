"""Parameters: declared once in the notebook, everything else refused with the list of what exists."""

import pytest

from conftest import ROOT
from helpers import parameters, source
from helpers.project import InputError

CELL = """from typing import Literal
kind: Literal["a", "b"] = "a"  # which
size: int = 3  # how many
share: float = 0.5
names: list[str] = []  # a list"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    path = tmp_path / "01-example.ipynb"
    path.touch()
    monkeypatch.setattr(
        source, "cells", lambda _: [{"type": "code", "text": CELL, "tags": ["parameters"]}]
    )
    return path


def test_declarations_carry_type_default_and_explanation(notebook):
    found = {p.name: (p.type, p.default, p.help) for p in parameters.declared(notebook)}
    assert found["size"] == ("int", 3, "how many")
    assert found["kind"] == ("Literal['a', 'b']", "a", "which")
    assert found["share"] == ("float", 0.5, "")


def test_given_values_replace_defaults(notebook):
    assert parameters.check(notebook, {"size": 5}, "mine.yml") == {
        "kind": "a",
        "size": 5,
        "share": 0.5,
        "names": [],
    }


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"sizes": 5}, "sizes: no such parameter"),
        ({"size": "5"}, "size: input should be a valid integer (given: '5')"),
        ({"size": True}, "size: input should be a valid integer (given: True)"),
        ({"kind": "c"}, "kind: input should be 'a' or 'b' (given: 'c')"),
        ({"names": "x"}, "names: input should be a valid list (given: 'x')"),
        ({"names": [1]}, "names.0: input should be a valid string (given: 1)"),
    ],
)
def test_wrong_ones_are_refused_with_the_list(notebook, values, reason):
    with pytest.raises(InputError) as error:
        parameters.check(notebook, values, "mine.yml")
    message = str(error.value)
    assert message.startswith("mine.yml")
    assert reason in message
    assert "size: int = 3  how many" in message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- a\n- b\n", "no mapping"),
        ("a: [1\n", "no YAML"),
        ("a: !!python/object:os.system x\n", "no YAML"),
    ],
)
def test_files_that_are_no_parameters(tmp_path, text, reason):
    path = tmp_path / "mine.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=reason):
        parameters.read(path)


def test_missing_and_empty_files(tmp_path):
    with pytest.raises(InputError, match="no such parameter file"):
        parameters.read(tmp_path / "none.yml")
    (tmp_path / "empty.yml").write_text("# nothing\n")
    assert parameters.read(tmp_path / "empty.yml") == {}


@pytest.mark.parametrize("name", source.names())
def test_every_parameter_of_every_notebook_is_explained(name):
    for parameter in parameters.declared(source.path_of(name)):
        assert parameter.help, parameter.name


@pytest.mark.parametrize(
    "path", sorted((ROOT / "params").glob("*.yml")), ids=lambda path: path.stem
)
def test_ready_examples_are_valid(path):
    name = next(name for name in source.names() if name[:2] == path.stem[:2])
    values = parameters.read(path)
    assert values["data"]
    parameters.check(source.path_of(name), values, path.name)


def test_every_notebook_has_a_ready_example():
    numbers = {path.stem[:2] for path in (ROOT / "params").glob("*.yml")}
    assert numbers == {name[:2] for name in source.names()}
