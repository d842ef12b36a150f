"""Command line behind the Makefile: run what is stale, publish what ran, render the site.

    python -m helpers.build all
    python -m helpers.build run NOTEBOOK PARAMS

A run happens in `build/aside/`, which nobody reads; its folder moves in place in one rename when every code cell
ran. So nothing half-done is ever taken for done, whenever the build is killed.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from helpers import parameters, source, staleness
from helpers import session as sessions
from helpers.project import ROOT, InputError, relative

BUILD = ROOT / "build"
AT_ONCE = 2


@dataclass(frozen=True)
class Job:
    """One notebook to run: with which parameters (and their file), and which folder holds the result."""

    notebook: Path
    folder: Path
    links: str
    values: dict[str, Any]
    file: Path | None = None

    @property
    def name(self) -> str:
        """How the job is called in messages."""
        return self.folder.name


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    try:
        BUILD.mkdir(exist_ok=True)
        with (BUILD / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print("Another build is at work in this folder; waiting for it to end.", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            match arguments:
                case ["all"]:
                    return build_all()
                case ["run", notebook, file]:
                    return build_one(notebook, Path(file))
        print(__doc__, file=sys.stderr)
        return 2
    except InputError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("helpers"):
            raise
        print(
            f"\nThis Python has no package {error.name!r}: {sys.executable}. With ENV=active, activate an environment made "
            "from environment.yml first; without it, make builds its own.",
            file=sys.stderr,
        )
        return 1


def build_all() -> int:
    """Run every stale notebook with its default parameters and put the site together."""
    jobs = [
        Job(source.path_of(name), BUILD / "standard" / name, "../", {}) for name in source.names()
    ]
    # The last notebook reads what the others entered in the ledger, so its turn comes after theirs.
    ran = 0
    for turn in (jobs[:-1], jobs[-1:]):
        stale = [(job, why) for job in turn if (why := why_stale(job))]
        failed = run_jobs(stale)
        ran += len(stale)
        if failed:
            break
    if failed:
        print(
            f"\nNot built: {', '.join(failed)}. What earlier builds made is as it was.",
            file=sys.stderr,
        )
        return 1
    folders = [job.folder for job in jobs]
    before = staleness.load(BUILD / "site.json")
    made = [BUILD / name for name in before["made"]] if before else []
    why = (
        "notebooks ran"
        if ran
        else staleness.reason(before and before["stamps"], staleness.site_stamps(folders), made)
    )
    if why:
        from helpers import website

        started = time.perf_counter()
        _say(f"site starts: {why}")
        website.make(folders)
        _say(f"site ends after {time.perf_counter() - started:.1f} s\n\nOpen build/site/index.html")
    else:
        print("Nothing to do: everything is up to date. Open build/site/index.html")
    return 0


def build_one(name: str, file: Path) -> int:
    """Run one notebook with the parameters of a file."""
    notebook = source.path_of(name)
    values = parameters.read(file)
    parameters.check(notebook, values, str(file))
    job = Job(notebook, BUILD / "runs" / file.stem, "", values, file.resolve())
    why = why_stale(job)
    if why and run_jobs([(job, why)]):
        return 1
    print(
        f"{'' if why else 'Nothing to do: up to date. '}Open {relative(job.folder / 'notebook.html')}"
    )
    return 0


def why_stale(job: Job) -> str:
    """Why the job must run; empty when its result stands."""
    before = staleness.load(job.folder / "state.json")
    others = [Path(path) for path in before["inputs"]] if before else []
    others += [job.file] if job.file else []
    now = staleness.notebook_stamps(job.notebook, others)
    return staleness.reason(
        before and before["stamps"],
        now,
        [job.folder / name for name in before["made"]] if before else [],
    )


def run_jobs(stale: list[tuple[Job, str]]) -> list[str]:
    """Run jobs, two at a time, and return the names of those that failed."""
    if not stale:
        return []
    from helpers import execute  # noqa: F401  (papermill: imported once, before the threads)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = pool.map(lambda item: run_job(*item), stale)
        from helpers import website  # noqa: F401  (needed next: loads while the kernels are at work)

        done = list(done)
    return [job.name for (job, _), succeeded in zip(stale, done, strict=True) if not succeeded]


def run_job(job: Job, why: str) -> bool:
    """Run one job and put its folder in place; False when it failed."""
    from helpers import execute

    _say(f"{job.name} starts: {why}")
    started = time.perf_counter()
    aside = BUILD / "aside" / job.name
    failures = BUILD / "failed"
    kept = failures / f"{job.name}.ipynb"
    stamps = staleness.notebook_stamps(job.notebook, [job.file] if job.file else [])
    try:
        execute.run(job.notebook, job.values, aside, job.links)
    except execute.NotebookFailed as error:
        message = f"\n{job.name} failed after {time.perf_counter() - started:.1f} s: {error}"
        if error.notebook:
            failures.mkdir(exist_ok=True)
            shutil.copyfile(error.notebook, kept)
            message += f"\nAs far as it came: {relative(kept)}"
        _say(message, sys.stderr)
        shutil.rmtree(aside)
        return False
    seconds = time.perf_counter() - started
    _settle(job, aside, stamps, seconds)
    kept.unlink(missing_ok=True)
    _say(f"{job.name} ends after {seconds:.1f} s")
    return True


def _say(text: str, stream: TextIO = sys.stdout) -> None:
    """One write for a whole message: two notebooks run at a time."""
    stream.write(f"{text}\n")
    stream.flush()


def _settle(job: Job, aside: Path, stamps: dict[str, str], seconds: float) -> None:
    """Render the page, write the state, and swap the folder in by one rename."""
    if job.file:  # the pages of the site are rendered together with it
        from helpers import page

        page.render(aside / "notebook.ipynb", aside / "notebook.html", in_site=False)
    read = {
        line["path"]: line["stamp"] for line in sessions.lines(aside) if line["kind"] == "input"
    }
    made = [
        path.relative_to(aside).as_posix() for path in sorted(aside.rglob("*")) if path.is_file()
    ]
    state = {
        "stamps": stamps | {staleness.label(Path(path)): stamp for path, stamp in read.items()},
        "inputs": [*read, *([str(job.file)] if job.file else [])],
        "made": made,
        "seconds": round(seconds, 2),
        "ended": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
    }
    (aside / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
    old = aside.with_name(f"{aside.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    if job.folder.exists():
        job.folder.rename(old)
    os.rename(aside, job.folder)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    # Ctrl-C ends it as a kill does, and the kernels with it: a thread that waits for a notebook would wait to its end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
