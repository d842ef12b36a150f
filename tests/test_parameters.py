"""Parameters: declared once in the notebook, everything else refused with the list of what exists."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from helpers.build import plan
from helpers.notebook import parameters, reading, source
from helpers.project import InputError
from helpers.read.files import Options

CELL = """from typing import Literal
kind: Literal["a", "b"] = "a"  # which
size: int = 3  # how many
share: float = 0.5
names: list[str] = []  # a list
first: str | int = ""  # the first year
levels: list[str] | dict[str, str | int] = []  # columns, or column: level
all_of_them: bool = False  # or some"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    path = tmp_path / "01-example.ipynb"
    path.touch()
    monkeypatch.setattr(source, "cells", lambda _: [{"type": "code", "text": CELL, "tags": ["parameters"]}])
    return path


def test_declarations_carry_type_default_and_explanation(notebook):
    found = {p.name: (p.type, p.default, p.help) for p in parameters.declared(notebook)}
    assert found["size"] == ("int", 3, "how many")
    assert found["kind"] == ("Literal['a', 'b']", "a", "which")
    assert found["share"] == ("float", 0.5, "")


def test_how_files_are_read_is_declared_once(notebook, monkeypatch):
    """A cell that imports these parameters has them, last; a declaration of its own counts."""
    default = Options()
    assert {p.name: p.default for p in parameters.of_reading()} == vars(default) | {"missing": [*default.missing]}
    text = f"{CELL}\nfrom {reading.__name__} import decimal, missing\ndecimal: str = ','  # here\nlast: int = 1"
    monkeypatch.setattr(source, "cells", lambda _: [{"type": "code", "text": text, "tags": ["parameters"]}])
    *_, last, missing, decimal = parameters.declared(notebook)
    assert (last.name, missing.name, missing.type) == ("last", "missing", "list[str | int | float]")
    assert (decimal.name, decimal.default, decimal.help) == ("decimal", ",", "here")
    assert parameters.check(notebook, {"missing": ["-9"]}, "mine.yml")["missing"] == ["-9"]
    with pytest.raises(InputError, match="sheet: no such parameter"):
        parameters.check(notebook, {"sheet": "a"}, "mine.yml")


def test_given_values_replace_defaults(notebook):
    assert parameters.check(notebook, {"size": 5}, "mine.yml") == {
        "kind": "a",
        "size": 5,
        "share": 0.5,
        "names": [],
        "first": "",
        "levels": [],
        "all_of_them": False,
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
        ({"names": [1]}, '(given: 1). In quotes it is text: "1"'),
        ({"names": "x"}, "(given: 'x'). In brackets it is a list: [x]"),
        ({"names": None}, "(given: None). Write something after the colon"),
        ({"all_of_them": "yes"}, "(given: 'yes'). Write true or false"),
        (
            {"first": 1.5},
            'first: input should be a valid string or a valid integer (given: 1.5). In quotes it is text: "1.5"',
        ),
        (
            {"levels": "x"},
            "levels: input should be a valid list or a valid dictionary (given: 'x')",
        ),
        (
            {"levels": {"sex": True}},
            'levels.sex: input should be a valid string or a valid integer (given: True). In quotes it is text: "true"',
        ),
        (
            {"levels": {12: "a"}},
            'levels.12: input should be a valid string (given: 12). In quotes it is text: "12"',
        ),
    ],
)
def test_wrong_ones_are_refused_with_the_list(notebook, values, reason):
    with pytest.raises(InputError) as error:
        parameters.check(notebook, values, "mine.yml")
    message = str(error.value)
    assert message.startswith("mine.yml")
    assert reason in message
    assert "size: int = 3  how many" in message


def test_a_place_that_is_wrong_is_named_once(notebook):
    """However many kinds of value it may have: `levels` is a list, or a mapping to text or numbers."""
    with pytest.raises(InputError) as error:
        parameters.check(notebook, {"levels": {"sex": True, "age": 1.5}}, "mine.yml")
    wrong = str(error.value).partition("01-example takes:")[0].splitlines()[1:]
    assert [line.split(":")[0].strip() for line in wrong] == ["levels.sex", "levels.age"]


def test_what_has_no_quotes_stays_as_written(tmp_path):
    """A wave that is a date, a class called 01, and Norway's code are labels as others are."""
    path = tmp_path / "mine.yml"
    path.write_text("wave: 2015-09-01\nclass: 01\ncodes: [NO, yes, off, 10:30]\nhigh: 4\nbalanced: true\n")
    assert parameters.read(path) == {
        "wave": "2015-09-01",
        "class": "01",
        "codes": ["NO", "yes", "off", "10:30"],
        "high": 4,
        "balanced": True,
    }


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
WRITTEN = st.sampled_from(["01", "08", "-1", "1e3", "2015-09-01", "yes", "true", "~", "", "1_0", "0x1f"])


@given(st.dictionaries(TEXT | WRITTEN, TEXT | WRITTEN | st.integers() | st.floats(allow_nan=False) | st.booleans()))
def test_files_that_the_project_writes_are_read_as_meant(tmp_path_factory, values):
    """`cards.runs` writes by PyYAML, whose rules for what needs quotes are others."""
    path = tmp_path_factory.mktemp("any") / "mine.yml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    assert parameters.read(path) == values


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- a\n- b\n", "no mapping"),
        ("a: [1\n", "no YAML"),
        ("a: !!python/object:os.system x\n", "no YAML"),
        ("a: b\nc:\td\n", "mine.yml, line 2: this is no YAML .*spaces and no tabs"),
        ("a: b: c\n", "line 1: .*in quotes what holds a colon"),
        (
            "data: mine.csv\n# the example's\ndata: x.csv\n",
            "line 3: .*'data' is given twice: keep one",
        ),
        ("a: {b: 1, b: 2}\n", "line 1: .*'b' is given twice"),
        ("a: \x07\n", "no YAML"),
    ],
)
def test_files_that_are_no_parameters(tmp_path, text, reason):
    path = tmp_path / "mine.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=reason):
        parameters.read(path)


def test_a_message_is_no_longer_than_people_read(notebook):
    many = {f"n{number}{'x' * 80}": [number] for number in range(400)}
    for values in (many, {"names": [{"x" * 5000: 1}]}, {"size": "9" * 10**6}):
        with pytest.raises(InputError) as error:
            parameters.check(notebook, values, "deep/" * 800 + "mine.yml")
        assert len(str(error.value)) <= parameters.LONGEST


def test_what_is_no_file_or_a_large_one_is_not_read(tmp_path):
    (tmp_path / "records.csv").write_bytes(b"a,b\n" * 250_001)
    with pytest.raises(InputError, match=r"records.csv: too large .*Is it your data"):
        parameters.read(tmp_path / "records.csv")
    os.mkfifo(tmp_path / "pipe.yml")
    for path in (tmp_path / "pipe.yml", Path("/dev/zero")):
        with pytest.raises(InputError, match="no such parameter file"):
            parameters.read(path)


def test_missing_and_empty_files(tmp_path):
    for path in (tmp_path / "none.yml", tmp_path):
        with pytest.raises(InputError, match="no such parameter file"):
            parameters.read(path)
    (tmp_path / "latin.yml").write_bytes("group: Fächer\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin.yml: the text is not utf-8. Save it as UTF-8"):
        parameters.read(tmp_path / "latin.yml")
    (tmp_path / "empty.yml").write_text("# nothing\n")
    assert parameters.read(tmp_path / "empty.yml") == {}


@pytest.mark.parametrize("name", source.names())
def test_every_parameter_of_every_notebook_is_explained(name):
    for parameter in parameters.declared(source.path_of(name)):
        assert parameter.help, parameter.name


@pytest.mark.parametrize("path", sorted((ROOT / "params").glob("*-own-*.yml")), ids=lambda path: path.stem)
def test_ready_examples_are_valid(path):
    name = next(name for name in source.names() if name[:2] == path.stem[:2])
    values = plan.own(name, path).values
    assert values.get("data") or values["assume"]  # a file of records, or the plan of a study


def test_every_notebook_has_a_ready_example():
    numbers = {path.stem[:2] for path in (ROOT / "params").glob("*-own-*.yml")}
    assert numbers == {name[:2] for name in source.names() if "/" not in name}
