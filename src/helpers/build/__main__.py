"""Command line behind the Makefile: run what is stale, publish what ran, render the site.

    python -m helpers.build all
    python -m helpers.build run NOTEBOOK PARAMS
    python -m helpers.build why

A run happens in `build/aside/`, which nobody reads; its folder moves in place in one rename when every code cell
ran. So nothing half-done is ever taken for done, whenever the build is killed.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from helpers import faults, kept
from helpers.build import plan
from helpers.build.plan import BUILD, Job
from helpers.notebook import parameters
from helpers.notebook import session as sessions
from helpers.project import InputError, relative

AT_ONCE = 2
ASIDE, EARLIER = BUILD / "aside", BUILD / "earlier"


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    return faults.guarded(_obey, arguments)


def _obey(arguments: list[str]) -> int:
    try:
        plan.check_place()
        match arguments:
            case ["why"]:
                return why()
            case ["all"]:
                with _alone():
                    return build_all()
            case ["run", notebook, file]:
                with _alone():
                    return build_one(notebook, Path(file))
        print(__doc__, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("helpers"):
            raise
        print(
            f"\nThis Python has no package {error.name!r}: {sys.executable}. With ENV=active, activate an environment "
            "made from environment.yml first; without it, make builds its own.",
            file=sys.stderr,
        )
        return 1


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other build is at work in this folder; nothing half made, of this one or of a killed one, is left."""
    BUILD.mkdir(exist_ok=True)
    faults.check_limits(BUILD)
    with kept.alone(BUILD / ".lock", "Another build is at work in this folder; waiting for it to end."):
        try:
            shutil.rmtree(ASIDE, ignore_errors=True)
            yield
        finally:
            shutil.rmtree(ASIDE, ignore_errors=True)


def why() -> int:
    """Say which notebooks `make all` would run and which file's change is the reason; run nothing."""
    jobs = [job for turn in plan.standard() for job in turn]
    stale = _stale(jobs)
    for job, reason in stale:
        print(f"{job.name} would run: {reason}")
    if reason := "notebooks would run" if stale else _why_site(jobs):
        print(f"the site would be made again: {reason}")
    else:
        print("Nothing to do: everything is up to date.")
    return 0


def build_all() -> int:
    """Run every stale notebook with its default parameters and put the site together."""
    turns, ran = plan.standard(), False
    for turn in turns:
        stale = _stale(turn)
        ran |= bool(stale)
        if failed := run_jobs(stale):
            print(f"\nNot built: {', '.join(failed)}. What earlier builds made is as it was.", file=sys.stderr)
            return 1
    jobs = [job for turn in turns for job in turn]
    reason = "notebooks ran" if ran else _why_site(jobs)
    if not reason:
        print("Nothing to do: everything is up to date. Open build/site/index.html")
        return 0
    from helpers.build import site

    started = time.perf_counter()
    say(f"site starts: {reason}")
    site.make([job.folder for job in jobs])
    say(f"site ends after {time.perf_counter() - started:.1f} s\n\nOpen build/site/index.html")
    return 0


def build_one(name: str, file: Path) -> int:
    """Run one notebook with the parameters of a file."""
    folder = plan.folder_of(file)
    try:
        job = plan.own(name, file)
        if (reason := plan.why_stale(job)) and run_jobs([(job, reason)]):
            return 1
    except (InputError, OSError) as error:
        said = error if isinstance(error, InputError) else faults.sentence(error)
        raise InputError(f"{said}{_set_earlier_aside(folder, file)}") from None
    print(f"{'' if reason else 'Nothing to do: up to date. '}Open {relative(job.folder / 'notebook.html')}")
    return 0


def _stale(jobs: list[Job]) -> list[tuple[Job, str]]:
    """Jobs that have to run, each with the reason."""
    return [(job, reason) for job in jobs if (reason := plan.why_stale(job))]


def _why_site(jobs: list[Job]) -> str:
    before = kept.load(BUILD / "site.json", "stamps", "made")
    if before is None:
        return "not made yet"
    return kept.reason(before["stamps"], plan.site_stamps([job.folder for job in jobs]), BUILD, before["made"])


def run_jobs(stale: list[tuple[Job, str]]) -> list[str]:
    """Run jobs, two at a time, and return the names of those that failed."""
    if not stale:
        return []
    from helpers.build import execute  # noqa: F401  (papermill: imported once, before the threads)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = pool.map(run_job, *zip(*stale, strict=True))
        from helpers.build import site  # noqa: F401  (needed next: loads while the kernels are at work)
    failed = [job.name for (job, _), succeeded in zip(stale, done, strict=True) if not succeeded]
    return failed


def run_job(job: Job, why: str) -> bool:
    """Run one job where only this process writes, as a killed build's kernel may go on; False when it failed."""
    from helpers.build import execute

    say(f"{job.name} starts: {why}")
    started = time.perf_counter()
    aside, copy = ASIDE / str(os.getpid()) / job.name, BUILD / "failed" / f"{job.name}.ipynb"
    stamps = plan.notebook_stamps(job, [])
    try:
        execute.run(job, aside)
    except execute.NotebookFailed as error:
        message = f"\n{job.name} failed after {time.perf_counter() - started:.1f} s: {error}"
        if error.notebook:
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(error.notebook, copy)
            message += f"\nAs far as it came: {relative(copy)}"
        say(message + (_set_earlier_aside(job.folder, job.file) if job.file else ""), sys.stderr)
        return False
    _settle(job, aside, stamps, seconds := time.perf_counter() - started)
    copy.unlink(missing_ok=True)
    if job.file:
        shutil.rmtree(EARLIER / job.name, ignore_errors=True)
        told = [line["text"] for line in sessions.lines(job.folder) if line["kind"] == "account"]
        for text in dict.fromkeys(told):
            say(text)
    say(f"{job.name} ends after {seconds:.1f} s")
    return True


def _set_earlier_aside(folder: Path, file: Path) -> str:
    """Move away what an earlier run with this file made, so that nobody takes it for what was refused, and say so."""
    if not folder.exists() or plan.taken(folder, file):
        return ""
    kept.swap(folder, EARLIER / folder.name)
    return f"\nWhat an earlier run made lies now in {relative(EARLIER / folder.name)}."


def say(text: str, stream: TextIO = sys.stdout) -> None:
    """One write for a whole message: two notebooks run at a time."""
    print(f"{text}\n", end="", file=stream, flush=True)


def _settle(job: Job, aside: Path, stamps: dict[str, str], seconds: float) -> None:
    """Render the page, write the state, and swap the folder in by one rename."""
    if job.file:  # the pages of the site are rendered together with it
        from helpers.build import citing, page, pictures

        rows = next((line["counted"] for line in sessions.lines(aside) if "counted" in line), "")
        helps = {p.name: p.help for p in parameters.declared(job.notebook)}
        made_of = page.fill(
            "run.html.j2", given=job.values, helps=helps, file=kept.label(job.file), rows=rows,
            day=time.strftime("%d %B %Y", time.gmtime()).lstrip("0"), citation=citing.citation(),
        )  # fmt: skip
        pictures.carry_letters(aside / "figures")
        page.render(aside / "notebook.ipynb", aside / "notebook.html", guide=made_of)
    lines = sessions.lines(aside)
    read = {line["path"]: line["stamp"] for line in lines if line["kind"] == "input"}
    state = {
        "file": kept.label(job.file) if job.file else None,
        "stamps": stamps | read, "inputs": list(read), "made": kept.digests(aside),
        "tables": [line["name"] for line in lines if line["kind"] == "queried"],
        "seconds": round(seconds, 2), "ended": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
    }  # fmt: skip
    (aside / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
    kept.swap(aside, job.folder)


if __name__ == "__main__":
    # Ctrl-C ends it as a kill does, and the kernels with it: a thread that waits for a notebook would wait to its end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
