"""Faults of the system: each command ends with one sentence and a remedy, and leaves nothing half made."""

import errno
import os
import shutil
import subprocess
import sys

import pytest

from conftest import environment, write_notebook
from helpers import faults


@pytest.mark.parametrize("number", faults.REMEDIES)
def test_a_fault_is_told_whoever_wraps_it(number):
    error = OSError(number, os.strerror(number), "build/page.html")
    assert faults.sentence(error) == f"page.html: {faults.REMEDIES[number]}"
    assert faults.told(f"OSError: {error}") == faults.REMEDIES[number]
    assert "type the command again" in faults.REMEDIES[number]


def test_several_faults_of_one_copy_are_told_as_one(tmp_path):
    full = f"[Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}: 'a.png' -> 'b.png'"
    assert faults.sentence(shutil.Error([("a.png", "b.png", full)])) == faults.REMEDIES[errno.ENOSPC]


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


def command(folder, shell, **more):
    """What a line of the shell gives in a copy of the project; $P is its Python."""
    return subprocess.run(
        ["bash", "-c", shell], cwd=folder, capture_output=True, text=True,
        env=environment(PYTHONPATH=str(folder / "src"), P=sys.executable, **more),
    )  # fmt: skip


WHY = '"$P" -m helpers.build why'


@pytest.mark.build
@pytest.mark.parametrize(
    ("shell", "number"),
    [
        (f"{WHY} > /dev/full", errno.ENOSPC),
        (f"(sleep 0.5; {WHY}) | true; exit ${{PIPESTATUS[0]}}", errno.EPIPE),
        ('ulimit -n 60; "$P" -m helpers.build all', errno.EMFILE),
        ('ulimit -f 1; "$P" -m helpers.build all', errno.EFBIG),
    ],
)
def test_a_command_ends_with_one_sentence(tiny, shell, number):
    write_notebook(tiny, "01-tiny")
    done = command(tiny, shell)
    assert done.returncode == 1, done.stderr
    assert faults.REMEDIES[number] in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert not (tiny / "build" / "aside").exists()
    assert not (tiny / "build" / "standard").exists()
