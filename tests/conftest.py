"""Shared by the tests: temporary copies of the project, built with this environment."""

import gc
import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import hypothesis
import numpy as np
import pandas as pd
import pyreadstat
import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
"""Reference material of the developers. Users do not have it: tests that use it skip there, and say so."""
MINUTES = 1200
"""Seconds after which something hangs for sure: no test may fail because the machine is busy."""


hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def copy_project(target: Path, notebooks: bool = True) -> Path:
    """Everything the build needs, without what was built (but for what may be kept between builds)."""
    for name in ("src", "data", "params", "notebooks"):
        shutil.copytree(
            ROOT / name,
            target / name,
            ignore=shutil.ignore_patterns("raw", ".ipynb*"),
        )
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "CITATION.cff", "LICENSE"):
        shutil.copy2(ROOT / name, target / name)
    if (ROOT / "build" / "cache").is_dir():  # long simulations, known by the content of their code
        shutil.copytree(ROOT / "build" / "cache", target / "build" / "cache")
    if not notebooks:
        shutil.rmtree(target / "notebooks")
        (target / "notebooks").mkdir()
    return target


def environment(**more: str) -> dict[str, str]:
    """Environment in which `python3` is this Python, as someone inside conda has it."""
    bare = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("COMPENDIUM_", "MAKE", "PYTEST")) and key not in ("ENV", "PYTHONDONTWRITEBYTECODE")
    }
    return bare | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | more


def make(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run make in a copy, in this environment."""
    return subprocess.run(
        ["make", "ENV=active", *arguments],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=MINUTES,
    )


def wait_until(seen: Callable[[], bool], running: subprocess.Popen | None = None) -> bool:
    """Wait, for minutes if need be, and say whether it came to it; no longer than a process that is `running`."""
    deadline = time.monotonic() + MINUTES
    while not seen() and time.monotonic() < deadline:
        if running and running.poll() is not None:
            break
        time.sleep(0.02)
    return seen()


def write_records(path: Path, frame: pd.DataFrame, **labels: Any) -> Path:
    """A file of records in the format that its name tells; `labels`: what files of SPSS and Stata say of columns."""
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".parquet":
            duckdb.from_df(frame).write_parquet(str(path))
        case ".xlsx":
            frame.to_excel(path, index=False)
        case ".sav" | ".zsav":
            pyreadstat.write_sav(frame, str(path), compress=path.suffix == ".zsav", **labels)
        case ".dta":
            pyreadstat.write_dta(frame, str(path), **labels)
        case other:
            raise ValueError(f"no way to write {other}")
    return path


def write_notebook(folder: Path, name: str, *code: str, parameters: str = "") -> Path:
    """A small notebook that starts a session, runs `code`, and answers."""
    start = f'from helpers.notebook import cards, session\nrun = session.start("{name}", globals())'
    sources = [
        ("markdown", f"# {name}\n\n> Does it run?", []),
        ("code", parameters, ["parameters"]),
    ]
    sources += [("code", text, []) for text in (start, *code, 'cards.answer(run, "It ran.")')]
    cells = [
        {"cell_type": kind, "id": f"cell-{place}", "metadata": {"tags": tags}, "source": text}
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        for place, (kind, text, tags) in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "notebooks" / f"{name}.ipynb"
    path.write_text(
        json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
    )
    return path


LONG = ("build", "browser", "slow")
"""Marks of tests that take long."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a built project needs a build. Files with tests that take long come first: no process waits at the end.

    Nor at the start: one file has the project built, and those without a build go on meanwhile.
    """
    for item in items:
        if _asks_for_built(item):
            item.add_marker("build")
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in LONG)}
    building = list(dict.fromkeys(item.path for item in items if _asks_for_built(item)))
    first, later = set(building[:1]), set(building[1:])
    items.sort(key=lambda item: (item.path not in first, item.path not in long, item.path in later))


def _asks_for_built(item: pytest.Item) -> bool:
    return "built" in getattr(item, "fixturenames", ())


def pytest_collection_finish() -> None:
    """What is loaded by now stays: statsmodels collects garbage at each adjustment of p-values, and would look through it."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A copy of the project without its notebooks."""
    return copy_project(tmp_path / "tiny", notebooks=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project for runs with the user's own data, for one file of tests."""
    folder = copy_project(tmp_path_factory.mktemp("runs") / "project")
    (folder / "data" / "raw").mkdir()
    return folder


def once(factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], None]) -> Path:
    """A folder that `fill` fills, for all workers of a test run: the first that comes fills it, and others wait."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, filled = base / name, base / f"{name}.filled"
    with FileLock(base / f"{name}.lock"):
        if not filled.exists():
            shutil.rmtree(folder, ignore_errors=True)
            fill(folder)
            filled.touch()
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, built. Tests must leave it as it is. `test_build.py` holds it to what `make all` gives."""
    import inside  # it loads this file

    def fill(folder: Path) -> None:
        done = inside.build(copy_project(folder / "project"), "all")
        assert done.returncode == 0, done.stdout + done.stderr

    return once(tmp_path_factory, "built", fill) / "project"


EXAMPLES = sorted(path.name for path in (ROOT / "params").glob("*-own-*.yml"))
"""The ready files of parameters."""
BY_MAKE = "05-own-data.yml"
"""The one that is run as users run it, by make and in a kernel: `make all` runs the first of each notebook in one too."""


@pytest.fixture(scope="session")
def ready(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of the run with a ready file; long simulations are those of `built`."""
    import inside  # it loads this file
    from helpers.notebook import source

    def run(file: str) -> Path:
        name = next(name for name in source.names() if name[:2] == file[:2])

        def fill(folder: Path) -> None:
            copy_project(folder)
            shutil.copytree(built / "build" / "cache", folder / "build" / "cache", dirs_exist_ok=True)
            wanted = (folder, "run", f"NOTEBOOK={name}", f"PARAMS=params/{file}")
            done = make(*wanted) if file == BY_MAKE else inside.build(folder, "run", name, f"params/{file}")
            assert done.returncode == 0, done.stderr

        stem = file.removesuffix(".yml")
        return once(tmp_path_factory, f"ready-{stem}", fill) / "build" / "runs" / stem

    return run


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the developers' reference material (../shared) is not here")
    return SHARED


@pytest.fixture(scope="session")
def reports(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the city's files that the sums in data/moments are made from, and of one file that is none."""
    folder = tmp_path_factory.mktemp("reports")
    about = json.loads((ROOT / "data" / "moments" / "cps-reports.json").read_text())
    for name in [*(file["name"] for file in about["inputs"]), "school_profiles_sy1718.csv"]:
        shutil.copy2(shared / "data" / "cps" / name, folder)
    return folder


@pytest.fixture
def figure_style() -> Iterator[None]:
    """Figures as notebooks draw them; a warning of matplotlib fails the test."""
    import matplotlib.pyplot as plt

    from helpers.draw import style

    with plt.rc_context():
        style.use()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    plt.close("all")


def refused(project: Path, done: subprocess.CompletedProcess, stem: str, said: Iterable[str]) -> None:
    """A run of `stem`.yml ended with one message for people, which says all of `said`, and left nothing behind."""
    assert done.returncode != 0
    for part in said:
        assert part in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert "As far as it came" not in done.stderr
    files = (path for path in (project / "build").rglob("*") if path.is_file())
    assert [path for path in files if stem in path.as_posix()] == []


def need(there: object, what: str, required: str) -> None:
    """Skip where something is not installed, and say so; fail where the variable `required` says it has to be."""
    if not there:
        (pytest.fail if os.environ.get(required) else pytest.skip)(f"{what} is not here")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium: one of the process."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    need(found, "Chromium, to look at pages with,", "REQUIRE_BROWSER")
    from playwright.sync_api import sync_playwright

    flags = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=flags)
        yield chromium
        chromium.close()


def opened(context: Any, address: str) -> Any:
    """A page of its own; `asked` are the addresses that it asks for, `troubles` the errors that it reports."""
    page = context.new_page()
    page.asked, page.troubles = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on(
        "console",
        lambda message: page.troubles.append(message.text) if message.type == "error" else None,
    )
    page.goto(address)
    return page


def run_r(program: str, package: str, folder: Path) -> None:
    """Run an R program in a folder; skip, or fail where it has to be, without R or the package that it needs."""
    rscript = shutil.which("Rscript")
    there = rscript and not subprocess.run([rscript, "-e", f"library({package})"], capture_output=True).returncode
    need(there, f"R with its package {package}", "REQUIRE_R")
    (folder / "program.R").write_text(program)
    done = subprocess.run([rscript, "program.R"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def words(fig: Any) -> list[tuple[Any, Any]]:
    """Every text of a figure that is to be seen, with its box; the ticks outside of an axis are none."""
    from matplotlib.text import Text

    fig.draw_without_rendering()
    outside = {
        tick
        for ax in fig.axes
        for which, ends, ticks in (
            (0, ax.get_xlim(), ax.get_xticklabels(which="both")),
            (1, ax.get_ylim(), ax.get_yticklabels(which="both")),
        )
        for tick in ticks
        if not ax.axison or not min(ends) <= tick.get_position()[which] <= max(ends)
    }
    seen = fig.findobj(lambda part: isinstance(part, Text) and part.get_visible())
    seen = [text for text in seen if text.get_text().strip() and text not in outside]
    return [(text, text.get_window_extent()) for text in seen if not text.axes or text.axes.get_visible()]


def words_apart(fig: Any) -> Any:
    """The figure, once it is sure that no text lies on another, is cut off, is small, or makes the figure wide.

    A saved file is cut to what was drawn, so what reaches far out makes it wide and all the rest small.
    """
    found, edge = words(fig), 0.12 * fig.dpi
    width, height = fig.get_size_inches() * fig.dpi
    for text, box in found:
        assert text.get_fontsize() >= 8.5, text
        assert min(box.x0, box.y0) > -edge, text
        assert box.x1 < width + edge, text
        assert box.y1 < height + edge, text
    drawn = fig.get_tightbbox()
    assert drawn.x0 > -0.12
    assert drawn.x1 < fig.get_figwidth() + 0.12
    # A box has room above its letters for accents that are not there: two points may be shared.
    slack = 2 / 72 * fig.dpi
    low, high = np.split(np.array([box.extents for _, box in found]).reshape(-1, 4), 2, axis=1)
    wide, tall = np.moveaxis(np.minimum(high[:, None], high) - np.maximum(low[:, None], low), -1, 0)
    over = np.argwhere(np.triu(~((wide <= 0.5) | (tall <= slack)), 1))
    assert [(found[one][0], found[other][0]) for one, other in over] == []
    return fig


def apart_on_screens(fig: Any) -> Any:
    """The figure, once `words_apart` holds for it and for what a phone shows in its place."""
    words_apart(fig.narrow())
    return words_apart(fig)


def marked(ax: Any) -> list[tuple[float, str, str]]:
    """Place, filling and shape of each single mark of an axis, as drawn."""
    return [
        (line.get_xdata()[0], line.get_markerfacecolor(), line.get_marker())
        for line in ax.get_lines()
        if line.get_marker() not in ("None", "") and len(line.get_xdata()) == 1
    ]
