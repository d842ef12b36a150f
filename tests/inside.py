"""`python -m helpers.build` in a fork that has all packages loaded, and runs the cells itself instead of a kernel.

Command line, parameters, cells, messages and files are those of `make run`, which takes seconds more to load the same
packages twice. What depends on make or on a kernel is tested with make.
"""

import functools
import gc
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from conftest import environment

PACKAGES = (
    "bs4", "duckdb", "fontTools.subset", "linearmodels.panel", "matplotlib.pyplot", "nbconvert.exporters", "papermill", "pydantic",
    "pyreadstat", "scipy.stats", "seaborn", "statsmodels.api", "tqdm",
)  # fmt: skip
"""What takes long to load; a fork loads whatever else it needs."""
ALONE = """
import sys
from helpers.build import __main__
__main__.AT_ONCE = 1  # all notebooks of a process share one shell
"""


def build(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `python -m helpers.build` with these arguments does in a copy of the project; a `run` writes PNG files without pixels."""
    return python(folder, f"{ALONE}sys.exit(__main__.main({list(arguments)!r}))", pixels=arguments[0] != "run")


def python(folder: Path, code: str, pixels: bool = True) -> subprocess.CompletedProcess[str]:
    """What `python -c` does with this code in a copy of the project."""
    loaded = _loaded()
    with tempfile.TemporaryDirectory() as said:
        wish = {"folder": str(folder), "code": code, "pixels": pixels, "said": said}
        loaded.stdin.write(f"{json.dumps(wish)}\n")
        loaded.stdin.flush()
        status = int(loaded.stdout.readline())
        texts = (Path(said, name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(code, status, *texts)


@functools.cache
def _loaded() -> subprocess.Popen:
    """The process that forks; it ends with this one, whose end of the pipe it reads."""
    settings = {"MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    return subprocess.Popen(
        [sys.executable, __file__], env=environment(**settings), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


_save = Figure.savefig


def save_without_pixels(fig: Figure, path: Path, **how: Any) -> None:
    """`Figure.savefig` that draws the picture once, as SVG: as PNG it takes longer than all the rest of a run."""
    if path.suffix == ".png":
        path.write_bytes(b"")
    else:
        _save(fig, path, **how)


def warm_up() -> None:
    """Once, what each fork would do again: compile expressions and schemas, find fonts."""
    import matplotlib.pyplot as plt
    from nbconvert.exporters import HTMLExporter
    from nbformat import v4, validate
    from pydantic import create_model

    create_model("One", one=(int, 1))
    cells = [v4.new_markdown_cell("# One\n\n> *Two*"), v4.new_code_cell("x = 'one' + f'{2}'  # three")]
    validate(notebook := v4.new_notebook(cells=cells))
    HTMLExporter().from_notebook_node(notebook)
    fig, ax = plt.subplots(layout="constrained")
    ax.set_title("One", weight="bold")
    for kind in ("svg", "png"):
        fig.savefig(io.BytesIO(), format=kind)
    plt.close(fig)


def serve() -> None:
    """Fork for each wish that comes in, and answer with the exit status."""
    sys.modules["rfc3987_syntax"] = None  # as `helpers.build` does
    for name in PACKAGES:
        importlib.import_module(name)
    warm_up()
    gc.freeze()
    gc.set_threshold(
        50_000, 20, 20
    )  # a fork ends soon: to look for garbage as often as in a long life takes a twentieth of it
    for line in sys.stdin:
        child = os.fork()
        if not child:
            fulfil(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def fulfil(folder: str, code: str, pixels: bool, said: str) -> None:
    """In the fork: be a process that was started in the copy's folder, and end as one."""
    for number, name in enumerate((os.devnull, f"{said}/stdout", f"{said}/stderr")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    os.chdir(folder)
    sys.path.insert(0, f"{folder}/src")
    _run_cells_here()
    if not pixels:
        Figure.savefig = save_without_pixels
    status = 0
    try:
        exec(code, {"__name__": "__main__"})
    except SystemExit as error:
        status = error.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run_cells_here() -> None:
    """Tell papermill to run cells in this process, with what the kernel's file says of its environment."""
    from ipykernel.ipkernel import IPythonKernel
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from jupyter_client.kernelspec import get_kernel_spec
    from nbformat.v4 import new_output
    from papermill.engines import NBClientEngine
    from traitlets.config import Config

    class Hook(DisplayHook):
        """Notes a cell's last value among what `display` shows."""

        def write_output_prompt(self):
            pass

        def write_format_data(self, data, metadata=None):
            self.shell.display_pub.publish(data, metadata or {})
            self.shell.display_pub.outputs[-1]["count"] = self.prompt_count

        def finish_displayhook(self):
            pass

    def execute(_, nb_man, kernel_name, **__):
        """Runs cell after cell, to the first that fails."""
        os.environ.update(get_kernel_spec(kernel_name).env)
        nb_man.nb.metadata.language_info = IPythonKernel.language_info
        tempfile.tempdir = None  # that of the notebook before is gone
        shell = InteractiveShell.instance(
            config=Config(HistoryManager={"enabled": False}),
            displayhook_class=Hook, display_pub_class=CapturingDisplayPublisher,
        )  # fmt: skip
        shell.reset()
        shell.user_ns["__spec__"] = None  # what starts processes asks the main module for it
        shell.showtraceback = lambda *_, **__: None
        for place, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, place)
            error = run(shell, cell) if cell.cell_type == "code" else None
            if error:
                nb_man.cell_exception(cell, place)
            nb_man.cell_complete(cell, place)
            if error:
                break

    def run(shell, cell):
        shell.display_pub.outputs = []
        done = shell.run_cell(cell.source, store_history=True)
        cell.execution_count = done.execution_count
        cell.outputs = [
            new_output("execute_result", shown["data"], metadata=shown["metadata"], execution_count=shown["count"])
            if "count" in shown
            else new_output("display_data", shown["data"], metadata=shown["metadata"])
            for shown in shell.display_pub.outputs
        ]
        if error := done.error_before_exec or done.error_in_exec:
            lines = traceback.format_exception(error)
            cell.outputs.append(new_output("error", ename=type(error).__name__, evalue=str(error), traceback=lines))
        return error

    NBClientEngine.execute_managed_notebook = classmethod(execute)


if __name__ == "__main__":
    serve()
