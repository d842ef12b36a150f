"""Run one notebook by papermill, aside, and accept it only when every code cell ran."""

import hashlib
import json
import logging
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import write_ipynb

from helpers import faults, kept
from helpers.build.plan import Job
from helpers.notebook import session as sessions
from helpers.notebook.clean import KERNEL

# Papermill cannot read all of our types and would call their parameters unknown; we have checked them.
logging.getLogger("papermill").setLevel(logging.ERROR)
logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # nbclient's words on a kernel that dies, which is told


class NotebookFailed(Exception):
    """A run that does not count; `notebook` is the copy as far as it came, None where the user's mistake tells all."""

    def __init__(self, message: str, notebook: Path | None):
        super().__init__(message)
        self.notebook = notebook


class _Once(NBClientEngine):
    """Papermill's way to run cells; the notebook is written when they ran, and not before and after each: nobody reads it there."""

    @classmethod
    def execute_notebook(cls, nb: nbformat.NotebookNode, kernel_name: str, output_path: str, **more: Any) -> nbformat.NotebookNode:  # fmt: skip
        try:
            return super().execute_notebook(nb, kernel_name, **more)
        except RuntimeError:  # its kernel died: as far as it came
            write_ipynb(nb, output_path)
            raise


papermill_engines.register("once", _Once)


def run(job: Job, folder: Path) -> nbformat.NotebookNode:
    """Execute a job's notebook into `folder`, emptied first; return it without times, names. Raises NotebookFailed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    target = folder / "notebook.ipynb"
    kernel = _install_kernel(folder, job)
    # Braces in a path stand for a parameter there.
    paths = (str(path).replace("{", "{{").replace("}", "}}") for path in (job.notebook, target))
    try:
        papermill.execute_notebook(
            *paths, job.values, engine_name="once", kernel_name=kernel, language="python", cwd=job.notebook.parent,
            progress_bar=False, start_timeout=120,
            shutdown_kernel="immediate",  # all is written by then; waiting for a graceful end can take seconds
        )  # fmt: skip
    except PapermillExecutionError as error:
        if error.ename == "InputError":
            raise NotebookFailed(error.evalue, None) from None
        said = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback)).splitlines()
        last = f"{error.ename}: {error.evalue}"
        causes = [line for line in said if re.match(r"\w*(Error|Exception): ", line)]
        if fault := next(filter(None, map(faults.told, [last, *causes])), ""):
            raise NotebookFailed(fault, None) from None
        said = said or [last]  # where there was no memory to tell more
        raise NotebookFailed("\n".join(["a cell failed:", *said[-12:]]), target) from None
    except RuntimeError as error:  # as nbclient says that a kernel did not start or died
        raise NotebookFailed(f"its kernel failed: {error}{_last_read(folder)}", target) from None
    shutil.rmtree(folder / "jupyter")
    node = nbformat.read(target, as_version=4)
    _check(node, folder, target)
    _scrub(node, job.values)
    nbformat.write(node, target)
    return node


def _last_read(folder: Path) -> str:
    """What to add where a kernel died: the file that it may have died of."""
    noted = folder / "record.jsonl"
    text = noted.read_text(encoding="utf-8", errors="replace") if noted.exists() else ""
    files = [line for line in text.splitlines() if line.startswith('{"kind": "input"') and line.endswith("}")]
    if not files:
        return f". There may be too little memory. Close other programs, {faults.AGAIN}"
    return (
        f". The last file that it read is {json.loads(files[-1])['path']}: it may be damaged, or too large for this computer's "
        "memory. Open it with the program it comes from and save it again, or try a part of its rows."
    )


def _install_kernel(folder: Path, job: Job) -> str:
    """A kernel that can be no other Python than this one, with settings of its own and no history."""
    name = f"compendium-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"  # whatever letters the folder has
    spec = folder / "jupyter" / "kernels" / name
    spec.mkdir(parents=True)
    temporary = folder / "jupyter" / "temporary"
    temporary.mkdir()
    environment = {
        "COMPENDIUM_PYTHON": sys.executable, "COMPENDIUM_CODE": str(kept.PACKAGE), "TMPDIR": str(temporary),
        "COMPENDIUM_FOLDER": str(folder), "COMPENDIUM_LINKS": job.links,
        "COMPENDIUM_STEM": job.stem, "IPYTHONDIR": str(folder / "jupyter" / "ipython"), "MPLBACKEND": "agg",
        "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}",
               "--HistoryManager.enabled=False", "--log-level=40"]  # fmt: skip
    settings = {
        key: value.replace("$", "$$") for key, value in environment.items()
    }  # $NAME stands for a variable there
    kernel = {"argv": command, "display_name": name, "language": "python", "env": settings}
    (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    # For all kernels of this process: nothing of them goes to the user's home.
    for place in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[place] = str(folder.parent / place)
    # Each run adds its own folder in front; the unique kernel name keeps two runs apart.
    os.environ["JUPYTER_PATH"] = os.pathsep.join([str(folder / "jupyter"), os.environ.get("JUPYTER_PATH", "")])
    return name


def _check(node: nbformat.NotebookNode, folder: Path, target: Path) -> None:
    """Raise NotebookFailed where a cell did not run or failed, or the notebook did not begin or answer."""
    code = [cell for cell in node.cells if cell.cell_type == "code" and cell.source.strip()]
    idle = [cell.source for cell in code if cell.execution_count is None]
    errors = [out for cell in code for out in cell.outputs if out.output_type == "error"]
    lines = sessions.lines(folder)
    started = [(line["python"], line["code"]) for line in lines if line["kind"] == "start"]
    if idle:
        wrong = f"{len(idle)} code cells never ran; first:\n{idle[0][:300]}"
    elif errors:
        wrong = f"a cell ended with {errors[0].ename}: {errors[0].evalue}"
    elif started != [(sys.executable, str(kept.PACKAGE))]:
        wrong = "it must call session.start exactly once, in this environment's Python and with this folder's code"
    elif not any(line["kind"] == "answer" for line in lines):
        wrong = "it never gave its answer (cards.answer)"
    else:
        return
    raise NotebookFailed(wrong, target)


def _scrub(node: nbformat.NotebookNode, parameters: dict[str, Any]) -> None:
    """Take out what differs between two runs of the same notebook or tells of the machine."""
    node.metadata.pop("papermill", None)
    node.metadata["kernelspec"] = KERNEL
    for cell in node.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
            # As papermill wrote it, but with letters beyond ASCII as themselves.
            given = [f"{name} = {value!r}" for name, value in parameters.items()]
            cell.source = "\n".join(["# Parameters", *given])
