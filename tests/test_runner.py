"""The runner: what goes wrong is said, leaves nothing behind, and is done again next time."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import inside
from conftest import MINUTES, environment, make, wait_until, write_notebook

pytestmark = pytest.mark.build
RESULTS = ("notebooks", "figures", "tables", "site", "standard")


def results(folder):
    """What a reader or make could take for done."""
    return [name for name in RESULTS if (folder / "build" / name).exists()]


def write_params(folder, **values):
    path = folder / "params" / "mine.yml"
    path.write_text(json.dumps(values))  # JSON is YAML
    return "params/mine.yml"


def test_a_failing_cell_fails_the_build_until_it_is_mended(tiny):
    write_notebook(tiny, "01-tiny", "x = 1", "raise ValueError('on purpose')", "y = 2")
    for build in (make, inside.build):  # the second time it is not taken for done
        done = build(tiny, "all")
        assert done.returncode != 0
        assert "ValueError: on purpose" in done.stderr
        assert "raise ValueError" in done.stderr
        assert "build/failed/01-tiny.ipynb" in done.stderr
        assert results(tiny) == []
    kept = json.loads((tiny / "build" / "failed" / "01-tiny.ipynb").read_text())
    assert any(cell.get("execution_count") for cell in kept["cells"])
    write_notebook(tiny, "01-tiny", "x = 1")
    assert inside.build(tiny, "all").returncode == 0
    assert set(results(tiny)) == set(RESULTS)
    assert not (tiny / "build" / "failed" / "01-tiny.ipynb").exists()


def test_a_failure_leaves_earlier_results_and_the_other_notebook_runs(tiny):
    write_notebook(tiny, "01-tiny", "x = 1")
    write_notebook(tiny, "02-other", "x = 1")
    assert inside.build(tiny, "all").returncode == 0
    page = (tiny / "build" / "site" / "01-tiny.html").read_bytes()
    write_notebook(tiny, "01-tiny", "1 / 0")
    done = inside.build(tiny, "all")
    assert done.returncode != 0
    assert "02-other starts" not in done.stdout
    assert (tiny / "build" / "site" / "01-tiny.html").read_bytes() == page


def test_a_kernel_that_leaves_early_or_is_another_is_no_success(tiny):
    """Each in a notebook of its own, in one build; all are told."""
    codes = {
        "01-exit": ("import sys; sys.exit(0)", "never ran"),
        "02-gone": ("import os; os._exit(0)", "kernel"),
        "03-killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "kernel"),
        "04-last": ("", "SystemExit"),
        "05-other": ("", "/elsewhere/python"),
    }
    paths = {name: write_notebook(tiny, name, code, "x = 1") for name, (code, _) in codes.items()}
    last = json.loads(paths["04-last"].read_text())
    last["cells"][-1]["source"] += "\nimport sys; sys.exit(0)"
    paths["04-last"].write_text(json.dumps(last))
    # As if the kernel of another environment had answered.
    start, other = "from helpers.notebook import cards", "import sys; sys.executable = '/elsewhere/python'\\n"
    paths["05-other"].write_text(paths["05-other"].read_text().replace(start, other + start))
    done = make(tiny, "all")
    assert done.returncode != 0
    said = dict(
        zip(
            paths,
            [done.stderr.partition(f"{name} failed")[2].partition(" failed after")[0] for name in paths],
            strict=True,
        )
    )
    for name, (_, reason) in codes.items():
        assert reason in said[name], name
    assert results(tiny) == []


def test_a_card_without_alternative_text_fails_the_build(tiny):
    write_notebook(
        tiny, "01-tiny",
        "import matplotlib.pyplot as plt, pandas as pd",
        "part = session.section(run)\npart.reads('data/published/001-table1.csv')",
        "cards.figure(part, plt.figure(), 'empty', title='Empty', caption='Nothing at all is to be seen here.', alt='',"
        " data=pd.DataFrame({'x': [1]}))",
    )  # fmt: skip
    done = inside.build(tiny, "all")
    assert done.returncode != 0
    assert "alternative text" in done.stderr
    assert results(tiny) == []


def test_a_notebook_that_starts_no_session_or_gives_no_answer_fails(tiny):
    path = write_notebook(tiny, "01-tiny")
    notebook = json.loads(path.read_text())
    for keep, reason in ((slice(0, 3), "never gave its answer"), (slice(0, 2), "session.start")):
        path.write_text(json.dumps(notebook | {"cells": notebook["cells"][keep]}))
        done = inside.build(tiny, "all")
        assert done.returncode != 0
        assert reason in done.stderr


PARAMETERS = "size: int = 2  # how many\ndata: str = ''  # a file"


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"sizes": 1}, "sizes: no such parameter"), ({"size": "two"}, "valid integer")],
)
def test_wrong_parameters_are_refused_before_anything_runs(tiny, values, reason):
    write_notebook(tiny, "01-tiny", parameters=PARAMETERS)
    done = inside.build(tiny, "run", "01-tiny", write_params(tiny, **values))
    assert done.returncode != 0
    assert reason in done.stderr
    assert "size: int = 2  how many" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tiny / "build" / "runs").exists()


def test_unknown_notebook_and_missing_words_are_told(tiny):
    write_notebook(tiny, "01-tiny")
    done = make(tiny, "run", "NOTEBOOK=02-none", f"PARAMS={write_params(tiny)}")
    assert done.returncode != 0
    assert "There are: 01-tiny" in done.stderr
    done = make(tiny, "run")
    assert done.returncode != 0
    assert "make run NOTEBOOK=" in done.stderr


def test_a_run_has_its_parameters_and_reruns_only_when_something_changed(tiny):
    write_notebook(tiny, "01-tiny", "assert size == 5", parameters=PARAMETERS)
    params = write_params(tiny, size=5)
    assert make(tiny, "run", "NOTEBOOK=01-tiny", f"PARAMS={params}").returncode == 0
    folder = tiny / "build" / "runs" / "mine"
    for name in ("notebook.ipynb", "notebook.html", "figures", "tables"):
        assert (folder / name).exists()
    call = ("run", "01-tiny", params)
    assert "Nothing to do" in inside.build(tiny, *call).stdout
    os.utime(tiny / params)
    assert "Nothing to do" in inside.build(tiny, *call).stdout
    (tiny / params).write_text("size: 5  # as before\n")
    assert "params/mine.yml changed" in inside.build(tiny, *call).stdout
    style = tiny / "src" / "helpers" / "build" / "template" / "style.css"
    style.write_text(style.read_text() + "\n")
    assert "style.css changed" in inside.build(tiny, *call).stdout  # its page is made with it


def test_a_folder_of_results_has_one_owner(tiny):
    """Another file of the same name is refused, and leaves alone what is there, until the first is gone."""
    write_notebook(tiny, "01-tiny", parameters=PARAMETERS)
    first = write_params(tiny, size=5)
    assert inside.build(tiny, "run", "01-tiny", first).returncode == 0
    (tiny / "elsewhere").mkdir()
    for text in ("size: 6", "sizes: 6"):
        (tiny / "elsewhere" / "mine.yml").write_text(text)
        done = inside.build(tiny, "run", "01-tiny", "elsewhere/mine.yml")
        assert done.returncode != 0
        assert "elsewhere/mine.yml" in done.stderr
        assert "params/mine.yml in build/runs/mine" in done.stderr
        assert "Nothing to do" in inside.build(tiny, "run", "01-tiny", first).stdout
    (tiny / first).rename(tiny / "elsewhere" / "mine.yml")
    assert inside.build(tiny, "run", "01-tiny", "elsewhere/mine.yml").returncode == 0


@pytest.mark.parametrize("name", ["..yml", ".yml", "...", "two\nlines.yml", "\udcff.yml"])
def test_a_file_whose_name_is_none_for_a_folder_is_refused(tiny, name):
    write_notebook(tiny, "01-tiny", parameters=PARAMETERS)
    (tiny / name).write_text("size: 5")
    for what in (("run", "01-tiny", name), ("why",)):
        done = inside.build(tiny, *what)
        assert done.returncode == (what != ("why",))
    assert not (tiny / "build" / "runs").exists()


def test_after_a_refused_run_nothing_can_be_taken_for_its_result(tiny):
    write_notebook(tiny, "01-tiny", "assert size < 9", parameters=PARAMETERS)
    call, folder = ("run", "01-tiny", write_params(tiny, size=5)), tiny / "build" / "runs" / "mine"
    for values in ({"size": 9}, {"sizes": 9}):  # a cell fails; nothing runs at all
        write_params(tiny, size=5)
        assert inside.build(tiny, *call).returncode == 0
        assert (folder / "notebook.html").exists()
        assert not (tiny / "build" / "earlier" / "mine").exists()
        write_params(tiny, **values)
        done = inside.build(tiny, *call)
        assert done.returncode != 0
        assert "What an earlier run made lies now in build/earlier/mine." in done.stderr
        assert not folder.exists()
        assert (tiny / "build" / "earlier" / "mine" / "notebook.html").exists()
        assert "earlier" not in inside.build(tiny, *call).stderr
    assert list((tiny / "build").glob("aside*")) == []


def test_a_kernel_that_dies_of_a_file_names_it_and_leaves_nothing(tiny, tmp_path):
    (tiny / "mine.sav").write_bytes(b"$FL2 and then nothing that makes sense")
    kill = "import os, tempfile; held = tempfile.mkdtemp(); os.kill(os.getpid(), 11)"
    write_notebook(tiny, "01-tiny", f"session.section(run, data)\n{kill}", parameters=PARAMETERS)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    params = write_params(tiny, data="mine.sav")
    done = make(tiny, "run", "NOTEBOOK=01-tiny", f"PARAMS={params}", TMPDIR=str(temporary))
    assert done.returncode != 0
    assert "The last file that it read is mine.sav: it may be damaged" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(temporary.iterdir()) == []
    assert not (tiny / "build" / "aside").exists()


def test_the_kernel_is_this_python_whatever_others_say(tiny, tmp_path):
    """Also where make has several jobs: each notebook runs once."""
    path = write_notebook(tiny, "01-tiny", f"import sys; assert sys.prefix == {sys.prefix!r}")
    text = (
        path.read_text().replace('"name": "python3"', '"name": "ir"').replace('"language": "python"', '"language": "R"')
    )
    path.write_text(text)
    for name in ("python3", "ir", "compendium-01-tiny"):
        spec = tmp_path / "hostile" / "kernels" / name
        spec.mkdir(parents=True)
        kernel = {"argv": ["/bin/false"], "display_name": "Hostile", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(kernel))
    done = make(tiny, "-j2", "all", JUPYTER_PATH=str(tmp_path / "hostile"), JUPYTER_PREFER_ENV_PATH="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("01-tiny starts") == 1


sees_kernels = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc to see which kernels are alive")


def kernels_of(folder):
    found = []
    for process in os.listdir("/proc"):
        try:
            line = Path(f"/proc/{process}/environ").read_bytes().decode(errors="replace")
        except (OSError, NotADirectoryError):
            continue
        if f"COMPENDIUM_FOLDER={folder}" in line:
            found.append(process)
    return found


@sees_kernels
def test_a_kill_while_a_cell_runs_leaves_nothing_taken_for_done(tiny):
    """`test_faults.py` has other moments."""
    marker = tiny / "reached"
    write_notebook(
        tiny, "01-tiny",
        f"import os, pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(float(os.environ.get('SLOW', 0)))",
    )  # fmt: skip
    running = subprocess.Popen(
        [sys.executable, "-m", "helpers.build", "all"], cwd=tiny, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(PYTHONPATH=str(tiny / "src"), SLOW=f"{2 * MINUTES}"),
    )  # fmt: skip
    assert wait_until(marker.exists, running)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert results(tiny) == []
    done = inside.build(tiny, "all")
    assert done.returncode == 0, done.stderr
    assert set(results(tiny)) == set(RESULTS)
    assert "It ran." in (tiny / "build" / "site" / "index.html").read_text()
    assert "Nothing to do" in inside.build(tiny, "all").stdout
    assert wait_until(lambda: not kernels_of(tiny)), "kernels outlive a killed build"


@sees_kernels
def test_an_interrupt_ends_the_build_at_once(tiny):
    """Ctrl-C in a terminal: a signal to make and all that it started, but the kernels, which are not in the terminal."""
    marker = tiny / "reached"
    write_notebook(
        tiny, "01-tiny", f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep({2 * MINUTES})"
    )
    running = subprocess.Popen(
        ["make", "ENV=active", "all"], cwd=tiny, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert wait_until(marker.exists, running)
    os.killpg(running.pid, signal.SIGINT)
    said = running.communicate(timeout=MINUTES)[0]
    assert running.returncode != 0
    assert "Traceback" not in said
    assert results(tiny) == []
    assert wait_until(lambda: not kernels_of(tiny)), "kernels outlive an interrupted build"


def test_an_environment_without_the_packages_is_told(tiny):
    write_notebook(tiny, "01-tiny")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "helpers.build", "all"], cwd=tiny, capture_output=True, text=True,
        env=environment(PYTHONPATH=str(tiny / "src")),
    )  # fmt: skip
    assert done.returncode == 1
    assert f"no package 'filelock': {sys.executable}" in done.stderr
    assert "environment.yml" in done.stderr
    assert "Traceback" not in done.stderr
    assert results(tiny) == []


KILLER = """
import itertools, json, os, pathlib, shutil, signal, sys
from helpers.build import __main__ as command, execute, site  # loaded once, not in every fork

BUILD, STYLE = pathlib.Path("build"), pathlib.Path("src/helpers/build/template/style.css")

command.main(["all"])  # what it compiles, every fork would compile again
if older:
    STYLE.write_text(STYLE.read_text() + chr(10))
else:
    shutil.rmtree(BUILD)

def killed_at(last):
    '''Status of a build that kills itself before its `last` step on disk.'''
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    step = itertools.count(1)

    def deadly(function):
        def call(*arguments, **more):
            if next(step) == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **more)
        return call

    for owner, name in (
        (os, "rename"), (os, "replace"), (pathlib.Path, "rename"), (pathlib.Path, "write_text"), (pathlib.Path, "unlink"),
        (shutil, "copytree"), (shutil, "copyfile"), (shutil, "rmtree"),
    ):
        setattr(owner, name, deadly(getattr(owner, name)))
    os._exit(command.main(["all"]))

for last in range(1, 200):
    status = killed_at(last)
    for state in (BUILD / "standard" / "01-tiny" / "state.json", BUILD / "site.json"):
        for name in json.loads(state.read_text())["made"] if state.exists() else []:
            assert (state.parent / name).exists(), f"killed at step {last}: {name} is missing"
    if status != -signal.SIGKILL:
        break
assert status == 0
assert last > 15, last
sys.exit(command.main(["why"]))
"""


@pytest.mark.parametrize("older", [False, True])
def test_kill_at_every_step_on_disk_leaves_whole_results_only(tiny, older):
    """Of a first build, and of one of an older site."""
    write_notebook(tiny, "01-tiny")
    done = inside.python(tiny, f"older = {older}{KILLER}")
    assert done.returncode == 0, done.stderr
    assert set(results(tiny)) == set(RESULTS)
    assert "Nothing to do" in done.stdout.splitlines()[-1]


def test_a_build_needs_nothing_that_only_unix_has(tiny):
    """As far as can be told from here: what Windows lacks of the standard library is hidden, and each helper loads."""
    write_notebook(tiny, "01-tiny")
    hidden = ("fcntl", "resource", "termios", "pwd", "grp", "pty", "syslog")
    lacking = ("fork", "getuid", "geteuid", "killpg", "setsid", "mkfifo", "chown", "register_at_fork")
    helpers = [".".join(path.relative_to(tiny / "src").with_suffix("").parts) for path in (tiny / "src").rglob("*.py")]
    code = f"""import filelock, importlib, os, sys
sys.modules |= dict.fromkeys({hidden!r})
for name in {lacking!r}:
    delattr(os, name)
for name in {helpers!r}:
    importlib.import_module(name)
{inside.ALONE}sys.exit(__main__.main(['all']))"""
    done = inside.python(tiny, code)
    assert done.returncode == 0, done.stderr


def test_two_builds_at_once_wait_for_each_other(tiny):
    write_notebook(tiny, "01-tiny", "import time; time.sleep(1)")
    start = [sys.executable, "-m", "helpers.build", "all"]
    both = [
        subprocess.Popen(
            start,
            cwd=tiny,
            env=environment(PYTHONPATH=str(tiny / "src")),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=MINUTES)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("01-tiny starts" in text for text in outputs) == 1
