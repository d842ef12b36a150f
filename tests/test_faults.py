"""Faults of the system: each command ends with one sentence and a remedy, and leaves nothing half made."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import pytest
from papermill.exceptions import PapermillExecutionError

import ordeals
from conftest import environment, write_notebook
from helpers import faults, kept
from helpers.build import execute, plan
from helpers.read import files


@pytest.mark.parametrize("number", faults.REMEDIES)
def test_a_fault_is_told_whoever_wraps_it(number):
    error = OSError(number, os.strerror(number), "build/page.html")
    assert faults.sentence(error) == f"page.html: {faults.REMEDIES[number]}"
    assert faults.told(f"OSError: {error}") == f"page.html: {faults.REMEDIES[number]}"
    assert faults.told(f"IO Error: {os.strerror(number) if number not in (1, 5) else error}") != ""
    assert "type the command again" in faults.REMEDIES[number]


def test_several_faults_of_one_copy_are_told_as_one(tmp_path):
    full = f"[Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}: 'a.png' -> 'b.png'"
    assert faults.sentence(shutil.Error([("a.png", "b.png", full)])) == faults.REMEDIES[errno.ENOSPC]


def test_a_program_that_dies_of_a_file_is_told_and_leaves_nothing(tmp_path):
    code = """if True:
        import os, sys, tempfile
        from helpers import faults
        def dies(arguments):
            tempfile.mkdtemp()
            os.kill(os.getpid(), 11) if arguments else None
            print("as it should be")
            return 3
        print(faults.outlived(dies, sys.argv[1:]))"""
    for given, said in (["mine.sav"], "(signal 11) while it read what was named: mine.sav."), ([], ""):
        done = subprocess.run(
            [sys.executable, "-c", code, *given], capture_output=True, text=True, env=environment(TMPDIR=str(tmp_path))
        )
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout.split() == (["1"] if given else ["as", "it", "should", "be", "3"])
        assert list(tmp_path.iterdir()) == []


def too_much_for_duckdb():
    with duckdb.connect(config={"memory_limit": "1MB", "temp_directory": ""}) as connection:
        connection.execute("SELECT list(i) FROM range(10_000_000) AS t(i)").fetchall()


TOO_MUCH = {
    "DuckDB": too_much_for_duckdb,
    "NumPy": lambda: np.ones(2**55),
    "pandas": lambda: pd.DataFrame({"x": np.broadcast_to(0.0, 2**55)}).copy(),
}
"""What no computer has the memory for."""


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_little_memory_is_told_and_no_file_blamed(name, tmp_path, monkeypatch):
    """In a command, in a cell of a notebook, and while a file is read."""
    with pytest.raises((duckdb.Error, MemoryError)) as caught:
        TOO_MUCH[name]()
    error, wanted = caught.value, faults.REMEDIES[errno.ENOMEM]
    monkeypatch.setattr(execute, "_install_kernel", lambda *_: "none")
    assert faults.sentence(error) == wanted
    assert str(files.unreadable("mine.csv", error)) == f"mine.csv: {wanted}"
    line = f"{type(error).__name__}: {error}"
    for said in (
        (type(error).__name__, str(error), [line]),
        ("ImportError", "numpy is not there", ["...", line]),
        ("MemoryError", "", []),
    ):
        failed = PapermillExecutionError(1, 1, "a cell", *said)
        monkeypatch.setattr(execute.papermill, "execute_notebook", lambda *_, failed=failed, **__: raising(failed))
        job = plan.Job(tmp_path / "a.ipynb", tmp_path, "", "a", {})
        with pytest.raises(execute.NotebookFailed, match=f"^{re.escape(wanted)}$"):
            execute.run(job, tmp_path / "aside")


def test_what_is_no_fault_of_the_system_is_left_alone():
    for error in (ValueError("too many values to unpack"), KeyError("Errno"), AssertionError()):
        assert faults.sentence(error) == ""
        with pytest.raises(type(error)):
            faults.guarded(lambda _, error=error: raising(error), [])
    assert faults.told("FileNotFoundError: [Errno 2] No such file or directory: 'x'") == ""


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError(errno.EXDEV, "Invalid cross-device link"), ValueError("No valid font could be found")],
)
def test_others_have_a_remedy_too(error, capsys):
    assert faults.guarded(lambda _: raising(error), []) == 1
    assert "then type the command again" in capsys.readouterr().err


def raising(error):
    raise error


@pytest.mark.build
@pytest.mark.parametrize(
    ("line", "number"),
    [
        ('"$P" -m helpers.build why > /dev/full', errno.ENOSPC),
        ('(sleep 0.5; "$P" -m helpers.build why) | true; exit ${PIPESTATUS[0]}', errno.EPIPE),
        (f"ulimit -n 60; {ordeals.ALL}", errno.EMFILE),
        (f"ulimit -f 1; {ordeals.ALL}", errno.EFBIG),
        (f"ulimit -v 700000; {ordeals.ALL}", errno.ENOMEM),
    ],
)
def test_a_command_ends_with_one_sentence(tiny, line, number):
    write_notebook(tiny, "01-tiny")
    done = ordeals.shell(tiny, line)
    assert done.returncode == 1, done.stderr
    assert faults.REMEDIES[number] in done.stderr
    ordeals.told(tiny, done)


@pytest.mark.build
def test_kills_at_random_moments():
    assert ordeals.run("kills", 1, 5) == (5, 5)


@pytest.mark.build
def test_a_folder_with_odd_letters(monkeypatch):
    monkeypatch.setattr(ordeals, "PLACES", ['a ${HOME} {x} "q\'s" %d [*] `touch hacked` 学校', "a:b"])
    assert ordeals.run("places", 0, 0) == (2, 2)


@pytest.mark.build
def test_ordeals_see_what_is_broken(tmp_path):
    """A file cut in half, one left aside, a fault without a remedy, a traceback."""
    run = tmp_path / "build" / "runs" / "mine"
    run.mkdir(parents=True)
    (run / "notebook.html").write_text("a page of some length")
    (run / "state.json").write_text(json.dumps({"made": kept.digests(run)}))
    good, bad = (subprocess.CompletedProcess("", code, "", "") for code in (0, 1))
    ordeals.told(tmp_path, good)
    with pytest.raises(ordeals.Broken, match="no remedy"):
        ordeals.told(tmp_path, bad)
    bad.stderr = f"Traceback\n{faults.REMEDIES[errno.ENOSPC]}"
    with pytest.raises(ordeals.Broken, match="a traceback"):
        ordeals.told(tmp_path, bad)
    (run / "notebook.html").write_text("a page of")
    with pytest.raises(ordeals.Broken, match=r"notebook.html is not as it was made"):
        ordeals.told(tmp_path, good)
    (tmp_path / "build" / "aside").mkdir()
    with pytest.raises(ordeals.Broken, match="aside"):
        ordeals.told(tmp_path, good)
