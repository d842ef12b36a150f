"""What depends on what."""

import json
import os
import time
from importlib import metadata

import pytest

from conftest import ROOT
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
        ({"a": "1"}, {"a": "1"}, ""),
        ({"a": "1"}, {"a": "2"}, "a changed"),
        ({"a": "1"}, {"a": "1", "b": "1"}, "b changed"),
        ({"a": "1", "b": "1"}, {"a": "1"}, "b changed"),
    ],
)
def test_reasons(before, now, expected):
    assert kept.reason(before, now, ROOT, {}) == expected


def test_what_is_gone_cut_in_half_or_edited_must_be_made_again(tmp_path):
    file = tmp_path / "figures" / "figure.svg"
    file.parent.mkdir()
    file.write_text("a figure of some length")
    made = kept.digests(tmp_path)
    assert list(made) == ["figures/figure.svg"]
    assert kept.reason({}, {}, tmp_path, made) == ""
    for text in ("a figure of", "a figure of same length", ""):
        file.write_text(text)
        assert kept.reason({}, {}, tmp_path, made) == "figure.svg is not as it was made"
    file.unlink()
    assert kept.reason({}, {}, tmp_path, made) == "figure.svg is gone"


@pytest.mark.parametrize(
    "text", ["", "{half", "[]", "null", "7", '"made"', "{}", '{"made": ["of an earlier version"]}']
)
def test_a_spoilt_state_counts_as_none(tmp_path, text):
    (tmp_path / "state.json").write_text(text)
    assert kept.load(tmp_path / "state.json", "made") is None


@pytest.mark.parametrize("size", [100, 5_000_000])  # of the second the digest is kept
def test_an_edit_of_equal_size_with_its_time_set_back_is_seen(tmp_path, monkeypatch, size):
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "cache")
    file = tmp_path / "records.csv"
    file.write_bytes(b"a" * size)
    before, times = kept.stamp(file), file.stat()
    assert kept.stamp(file) == before
    time.sleep(0.02)  # clocks of file systems are coarse
    with file.open("r+b") as opened:
        opened.write(b"b")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (size, times.st_mtime_ns)
    assert kept.stamp(file) != before


def test_packages_are_those_that_the_project_needs_and_what_they_need():
    found = kept.packages()
    assert {"pandas", "numpy", "pyyaml", "nbclient"} <= set(found)
    assert found["pandas"] == metadata.version("pandas")
    assert not {"jupyterlab", "pytest", "ruff", "hypothesis"} & set(found)


def test_packages_that_only_tests_compare_with_make_nothing_stale(monkeypatch):
    """Some of the project's packages need further ones under conditions that do not hold, and these may be there all the same."""
    known = kept.packages()
    distribution = kept.metadata.distribution

    class Richer:
        def __init__(self, name):
            self.version, self.requires = "1", [*(distribution(name).requires or ()), "a-package-for-tests"]

    def there(name):
        return Richer(name) if name in known else distribution("pytest" if name == "a-package-for-tests" else name)

    monkeypatch.setattr(kept.metadata, "distribution", there)
    kept._installed.cache_clear()
    try:
        assert set(kept.packages()) == set(known)
    finally:
        kept._installed.cache_clear()
