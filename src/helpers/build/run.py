"""Run jobs two at a time; each result takes its place whole, or the one that was there stays."""

import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

from helpers import kept
from helpers.build import plan
from helpers.build.plan import BUILD, Job
from helpers.notebook import session as sessions
from helpers.project import relative

AT_ONCE = 2


def run_jobs(stale: list[tuple[Job, str]]) -> list[str]:
    """Run jobs, two at a time, and return the names of those that failed."""
    if not stale:
        return []
    from helpers.build import execute  # noqa: F401  (papermill: imported once, before the threads)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = pool.map(run_job, *zip(*stale, strict=True))
        from helpers.build import site  # noqa: F401  (needed next: loads while the kernels are at work)
    return [job.name for (job, _), succeeded in zip(stale, done, strict=True) if not succeeded]


def run_job(job: Job, why: str) -> bool:
    """Run one job and put its folder in place; False when it failed."""
    from helpers.build import execute

    say(f"{job.name} starts: {why}")
    started = time.perf_counter()
    aside, copy = BUILD / "aside" / job.name, BUILD / "failed" / f"{job.name}.ipynb"
    stamps = plan.notebook_stamps(job, [])
    try:
        execute.run(job, aside)
    except execute.NotebookFailed as error:
        message = f"\n{job.name} failed after {time.perf_counter() - started:.1f} s: {error}"
        if error.notebook:
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(error.notebook, copy)
            message += f"\nAs far as it came: {relative(copy)}"
        say(message, sys.stderr)
        shutil.rmtree(aside)
        return False
    seconds = time.perf_counter() - started
    _settle(job, aside, stamps, seconds)
    copy.unlink(missing_ok=True)
    say(f"{job.name} ends after {seconds:.1f} s")
    return True


def say(text: str, stream: TextIO = sys.stdout) -> None:
    """One write for a whole message: two notebooks run at a time."""
    stream.write(f"{text}\n")
    stream.flush()


def _settle(job: Job, aside: Path, stamps: dict[str, str], seconds: float) -> None:
    """Render the page, write the state, and swap the folder in by one rename."""
    if job.file:  # the pages of the site are rendered together with it
        from helpers.build import site

        site.render(aside / "notebook.ipynb", aside / "notebook.html")
    lines = sessions.lines(aside)
    read = {line["path"]: line["stamp"] for line in lines if line["kind"] == "input"}
    made = [p.relative_to(aside).as_posix() for p in sorted(aside.rglob("*")) if p.is_file()]
    state = {
        "stamps": stamps | read, "inputs": list(read), "made": made,
        "seconds": round(seconds, 2), "ended": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
    }  # fmt: skip
    (aside / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
    kept.swap(aside, job.folder)
