"""How long the build takes, beside two notebooks that only import the same packages and draw an empty figure.

    make bench

Both are whole processes, run in turn in temporary copies. The other side is plain papermill and nbconvert in one
process, two notebooks at a time. Quote the ratio: seconds depend on the machine. Copies take along the kept tables of the
simulated twin where `make all` has made them; otherwise making these is measured too.
"""

import ast
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from conftest import copy_project, environment
from helpers.notebook import source

ROUNDS = 5
PLAIN = """
import sys
from concurrent.futures import ThreadPoolExecutor
import papermill
from nbconvert import HTMLExporter

def run(name):
    papermill.execute_notebook(f"{name}.ipynb", f"{name}.out.ipynb", progress_bar=False, shutdown_kernel="immediate")
    body, _ = HTMLExporter().from_filename(f"{name}.out.ipynb")
    open(f"{name}.html", "w").write(body)

with ThreadPoolExecutor(2) as pool:
    list(pool.map(run, sys.argv[1:]))
"""


def empty_notebook(name: str) -> dict:
    """A notebook with the imports of ours and an empty figure."""
    nodes = ast.parse(source.code(source.path_of(name))).body
    imports = "\n".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    cells = [f"import matplotlib.pyplot as plt\n{imports}", "plt.subplots();"]
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{i}",
                "metadata": {},
                "source": text,
                "execution_count": None,
                "outputs": [],
            }
            for i, text in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def seconds(folder: Path, *command: str) -> float:
    """Wall time of a whole process."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *command], cwd=folder, check=True, capture_output=True,
        env=environment(PYTHONPATH=str(folder / "src"), JUPYTER_PREFER_ENV_PATH="1"),
    )  # fmt: skip
    return time.perf_counter() - started


def main() -> None:
    """Measure both in turn and print medians and the ratio pair by pair."""
    names = source.names()
    ours, plain, idle = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        for turn in range(ROUNDS + 1):
            folder = copy_project(Path(temporary) / f"build-{turn}")
            other = copy_project(Path(temporary) / f"plain-{turn}")
            for name in names:
                (other / f"{source.slug(name)}.ipynb").write_text(json.dumps(empty_notebook(name)))
            pair = (
                seconds(folder, "-m", "helpers.build", "all"),
                seconds(other, "-c", PLAIN, *map(source.slug, names)),
            )
            if turn:  # the first warms the disk
                ours.append(pair[0])
                plain.append(pair[1])
                idle.append(seconds(folder, "-m", "helpers.build", "all"))
                print(
                    f"round {turn} of {ROUNDS}: build {pair[0]:.1f} s, empty notebooks {pair[1]:.1f} s",
                    flush=True,
                )
    print(f"nothing to do, median:    {statistics.median(idle):.2f} s (aim: 0.3 at most)")
    ratios = [a / b for a, b in zip(ours, plain, strict=True)]
    print(f"build, median:            {statistics.median(ours):.2f} s ({len(names)} notebooks and the site)")
    print(f"empty notebooks, median:  {statistics.median(plain):.2f} s")
    print(
        f"ratio, median:            {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f}; aim: 2.2 at most)"
    )


if __name__ == "__main__":
    main()
