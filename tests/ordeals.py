"""Builds that are killed, full disks, hostile settings and hostile names of folders: what is there is whole, or said not to be.

    python tests/ordeals.py                      # make faults: 1,000 kills and all the rest, an hour or so
    python tests/ordeals.py --kills 50 --seed 7  # so many kills, at moments from this seed
    python tests/ordeals.py --only kills         # or settings, places, disks

Each part prints how many it tried and how many it survived; what it did not survive is told at once, with its number.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from conftest import copy_project, environment, write_notebook
from helpers import faults, kept

KERNELS = 20  # one kill in so many is of a build with a real kernel, which takes seconds
ALL = '"$P" -m helpers.build all'
RUN = '"$P" -m helpers.build run 01-tiny mine.yml'
FULL = 'mkdir -p build && mount -t tmpfs -o size={size}k none build && "$P" -m helpers.build all'
CELLS = (
    "import matplotlib.pyplot as plt, pandas as pd",
    "part = session.section(run, 'data/published/001-table1.csv')",
    "rows = pd.DataFrame({'size': [size] * 50_000})",
    "fig, ax = plt.subplots()\nax.plot([0, size])",
    "cards.figure(part, fig, 'line', title='A line', caption='The size, and the way there from nought.', data=rows,"
    " alt='One line that begins at nought in the lower left corner and rises evenly to the upper right corner.')",
    "f'The size is {size}.'",
)
"""A canned notebook: it reads a file, and writes a figure, a table and what its parameter was."""


class Broken(AssertionError):
    """Something half made or old could be taken for done, or a fault was not told."""


def project(folder: Path) -> Path:
    """A copy of the project with the canned notebook only, and a file of parameters for it."""
    copy_project(folder, notebooks=False)
    write_notebook(folder, "01-tiny", *CELLS, parameters="size: int = 2  # how large\ndata: str = ''  # a file")
    (folder / "mine.yml").write_text("size: 3\n")
    return folder


def shell(folder: Path, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What a line of the shell gives in a copy of the project; $P is its Python."""
    given = environment(PYTHONPATH=str(folder / "src"), P=sys.executable, **more)
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, env=given)


def whole(folder: Path) -> None:
    """Raise Broken where a state says of files that they are there, and they are not as they were made."""
    build = folder / "build"
    for state in [*build.glob("standard/*/state.json"), *build.glob("runs/*/state.json"), build / "site.json"]:
        known = kept.load(state, "made")
        if state.exists() and (known is None or kept.spoilt(state.parent, known["made"])):
            raise Broken(f"{state.relative_to(folder)}: {known and kept.spoilt(state.parent, known['made'])}")


def fits(folder: Path) -> None:
    """Raise Broken where the run that lies in its folder has another parameter than the one that its state knows."""
    run = folder / "build" / "runs" / "mine"
    if not (run / "state.json").exists():
        return
    asked = kept.load(run / "state.json")["stamps"]["mine.yml"] == kept.digest(folder / "mine.yml")
    size = json.loads((folder / "mine.yml").read_text().partition(":")[2])
    if asked and f"The size is {size}." not in (run / "notebook.html").read_text():
        raise Broken("the page of a run is another one than its state says")


def told(folder: Path, done: subprocess.CompletedProcess[str]) -> None:
    """Raise Broken where a command neither did all nor said in a sentence what is wrong, or left something half made."""
    said = done.stderr.strip()
    if "Traceback" in said or "Exception ignored" in said:
        raise Broken(f"a traceback: {said[-300:]}")
    if done.returncode and not any(sentence in said for sentence in SENTENCES):
        raise Broken(f"no remedy: {said[-300:]}")
    if (folder / "build" / "aside").exists():
        raise Broken("something is left in build/aside")
    whole(folder)


SENTENCES = (*faults.REMEDIES.values(), "then type the command again", "Rename the folder", "rename it, then type")


def kill(folder: Path, made: random.Random, number: int) -> None:
    """Begin a build of something that has changed, and end it and all that it began at a random moment."""
    (folder / "mine.yml").write_text(f"size: {number}\n")
    style = folder / "src" / "helpers" / "build" / "template" / "style.css"
    style.write_text(f"{style.read_text()}/* {number} */\n")
    line = made.choice((RUN, ALL))
    if number % KERNELS:
        _kill_fork(folder, line, made.uniform(0, 1.2))
    else:
        given = environment(PYTHONPATH=str(folder / "src"), P=sys.executable)
        begun = subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=folder, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(made.uniform(0, 5))
        begun.kill()
        begun.wait()
    whole(folder)
    fits(folder)


def _kill_fork(folder: Path, line: str, seconds: float) -> None:
    """In a fork that has all packages loaded and runs the cells itself: a build takes a part of a second."""
    import inside

    arguments = line.split()[3:]
    alarm = f"import signal; signal.setitimer(signal.ITIMER_REAL, {seconds}); signal.signal(signal.SIGALRM, signal.SIG_DFL)\n"
    inside.python(folder, f"{alarm}{inside.ALONE}sys.exit(__main__.main({arguments!r}))")


def kills(folder: Path, seed: int, count: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """Kills, after every tenth of which a build must end well and have nothing left to do."""
    made = random.Random(seed)
    for number in range(1, count + 1):

        def one(number: int = number) -> None:
            kill(folder, made, number)
            if number % 10 == 0:
                import inside

                for arguments in (("all",), ("run", "01-tiny", "mine.yml")):
                    done = [inside.build(folder, *arguments) for _ in range(2)]
                    if any(d.returncode for d in done) or not done[1].stdout.startswith("Nothing to do"):
                        raise Broken(f"a build after a kill: {done[0].stderr}{done[1].stdout}")
                whole(folder)
                fits(folder)

        yield f"kill {number}", one


SETTINGS = {
    "a full output": f"{ALL} > /dev/full",
    "full errors": f"{ALL} 2> /dev/full",
    "a closed output": f"{ALL} >&-",
    "a closed pipe": f"{ALL} | head -c 5; exit ${{PIPESTATUS[0]}}",
    "few open files": f"ulimit -n 40; {ALL}",
    "256 open files": f"ulimit -n 256; {ALL}",
    "small files only": f"ulimit -f 4; {ALL}",
    "files of 100 kB": f"ulimit -f 100; {ALL}",
    "little memory": f"ulimit -v 400000; {ALL}",
    "hardly enough memory": f"ulimit -v 2100000; {ALL}",
    "no home": f"HOME=/nonexistent {RUN}",
    "no temporary folder": f"TMPDIR=/nonexistent {RUN}",
    "a terminal without letters": f"LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 PYTHONIOENCODING=ascii {RUN}",
    "another drawing program": f"MPLBACKEND=nothing {RUN}",
    "another kernel's settings": f"IPYTHONDIR=/nonexistent JUPYTER_RUNTIME_DIR=/nonexistent JUPYTER_PATH=/nonexistent {RUN}",
    "settings of the project's own": f"COMPENDIUM_FOLDER=/nonexistent COMPENDIUM_LINKS=x COMPENDIUM_STEM=y {RUN}",
    "optimised Python": f"PYTHONOPTIMIZE=2 {RUN}",
    "a mask that shuts others out": f"umask 077; {RUN}",
    "a folder that is a file": f"rm -rf build; echo > build; {ALL}; status=$?; rm build; exit $status",
    "results that are a file": f"mkdir -p build; rm -rf build/standard; echo > build/standard; {ALL}; status=$?; rm -rf build/standard; exit $status",
    "spoilt states": f"{RUN} && echo '[]' > build/runs/mine/state.json && {RUN}",
    "a link to elsewhere": f'rm -rf build; mkdir -p there; ln -s "$PWD/there" build; {RUN}; status=$?; rm -rf build there; exit $status',
}
"""What somebody's machine may be like -> what is typed there."""


def settings(folder: Path, seed: int, count: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each hostile setting once."""
    for name, line in SETTINGS.items():

        def one(line: str = line) -> None:
            shutil.rmtree(folder / "build", ignore_errors=True)
            told(folder, shell(folder, line))

        yield name, one


PLACES = [
    "a $HOME b", "${PATH}", "$$", "it's \"q\" `id`", "{x} {connection_file}", "100% %d %(a)s", "we[ir]d *? ~", "#a & ; | <>", "-dash",
    "back\\slash", "a,b=c", "...dots", "trailing ", "学校 é ß İ عربي", "a:b", "two\nlines", "x" * 200, "$(touch hacked)", "!history ^", "two  blanks",
]  # fmt: skip
"""Names of the project's folder."""


def places(folder: Path, seed: int, count: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """A run by make in a folder of each name, which is right there, or refused, and writes nothing elsewhere."""
    for name in PLACES:

        def one(name: str = name) -> None:
            with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
                _make_in(folder, Path(fresh) / name)

        yield repr(name)[:40], one


def _make_in(folder: Path, here: Path) -> None:
    """Copy the project to a folder and run it there by make. Raises Broken."""
    shutil.copytree(folder, here)
    home = here.parent / "home"
    done = subprocess.run(
        ["make", "ENV=active", "run", "NOTEBOOK=01-tiny", "PARAMS=mine.yml"], cwd=here, capture_output=True, text=True,
        env=environment(HOME=str(home)),
    )  # fmt: skip
    told(here, done)
    if (done.returncode == 0) != (here / "build" / "runs" / "mine" / "notebook.html").exists():
        raise Broken("the results are not where they should be")
    elsewhere = [path for path in here.parent.rglob("*") if path.is_file() and not path.is_relative_to(here)]
    if strange := [path for path in elsewhere if "matplotlib" not in path.as_posix()] or (here / "hacked").exists():
        raise Broken(f"written elsewhere: {strange}")


DISKS = [100, 1_100, 1_300, 1_500, 1_700, 2_000, 2_300, 2_600, 3_000, 3_500]  # kB; with the last a build may end well


def disks(folder: Path, seed: int, count: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """A build on a disk of each size, which is full before it ends: a file system in memory, else files of that size at most."""
    mounts = (
        subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    )
    for size in DISKS:

        def one(size: int = size) -> None:
            shutil.rmtree(folder / "build", ignore_errors=True)
            line = f"unshare -rm bash -c '{FULL.format(size=size)}'" if mounts else f"ulimit -f {size}; {ALL}"
            told(folder, shell(folder, line))

        yield f"a disk of {size} kB", one


PARTS = {"kills": kills, "settings": settings, "places": places, "disks": disks}


def main() -> int:
    """Do what the command line says; the exit status tells whether all was survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=PARTS)
    asked = parser.parse_args()
    lost = 0
    for part in [asked.only] if asked.only else PARTS:
        tried, survived = run(part, asked.seed, asked.kills)
        lost += tried - survived
        print(f"{part}: {tried:,} tried, {survived:,} survived (seed {asked.seed})", flush=True)
    return int(lost > 0)


def run(part: str, seed: int, count: int) -> tuple[int, int]:
    """How many faults of a part were tried, and how many survived."""
    tried = survived = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = project(Path(temporary) / "project")
        for name, one in PARTS[part](folder, seed, count):
            tried += 1
            try:
                one()
                survived += 1
            except Broken as error:
                print(f"{part}, {name}: {error}", flush=True)
    return tried, survived


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
