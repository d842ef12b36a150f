"""What depends on what."""

import json

import pytest

from helpers import kept
from helpers.notebook import source


def test_imports_of_every_form_are_seen():
    code = "from helpers.notebook import cards, ledger as book\nfrom helpers.project import ROOT\nimport helpers.draw.style\nimport pandas"
    assert kept.modules(code) == {
        "notebook",
        "notebook.cards",
        "notebook.ledger",
        "project",
        "draw.style",
    }


def test_imports_are_seen_wherever_they_stand_and_words_are_none():
    code = '''"""Words:
    from helpers that nobody has
    """
import os; from helpers.read import files
def late():
    if os.name:
        from helpers.estimate import (  # (two)
            moments,
            power as p,
        )
'''
    assert kept.modules(code) == {"read", "read.files", "estimate", "estimate.moments", "estimate.power"}


def test_names_that_are_no_modules_are_left_out():
    assert kept.modules("from helpers import nothing_like_it") == set()


def test_closure_follows_imports():
    names = {path.stem for path in kept.closure({"read.survey"})}
    assert {"survey", "frames", "project"} <= names
    assert "twogroups" not in names


def test_digest_ignores_outputs_and_sees_edits(tmp_path):
    path = source.path_of("05-satisfaction")
    notebook = json.loads(path.read_text())
    copy = tmp_path / "copy.ipynb"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"], cell["outputs"] = (
                7,
                [{"output_type": "stream", "name": "stdout", "text": ["x"]}],
            )
            cell["source"] = "".join(cell["source"])
    notebook["metadata"]["kernelspec"]["display_name"] = "Another name"
    copy.write_text(json.dumps(notebook))
    assert source.digest(copy) == source.digest(path)
    notebook["cells"][3]["source"] += "\n"
    copy.write_text(json.dumps(notebook))
    assert source.digest(copy) != source.digest(path)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, {}, "not made yet"),
        ({"a": "1"}, {"a": "1"}, ""),
        ({"a": "1"}, {"a": "2"}, "a changed"),
        ({"a": "1"}, {"a": "1", "b": "1"}, "b changed"),
        ({"a": "1", "b": "1"}, {"a": "1"}, "b changed"),
    ],
)
def test_reasons(before, now, expected):
    assert kept.reason(before, now, []) == expected


def test_what_is_gone_must_be_made_again(tmp_path):
    assert kept.reason({}, {}, [tmp_path / "figure.svg"]) == "figure.svg is gone"


def test_a_spoilt_state_counts_as_none(tmp_path):
    (tmp_path / "state.json").write_text("{half")
    assert kept.load(tmp_path / "state.json") is None
