"""The jobs of a build: which notebooks have to run, why, and what their results depend on."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import kept
from helpers.notebook import parameters, source
from helpers.project import ROOT, InputError, relative

BUILD = ROOT / "build"
TEMPLATES = Path(__file__).parent / "template"


@dataclass(frozen=True)
class Job:
    """A notebook to run. `stem`: how names of its figures and tables begin; `links`: how links to them begin."""

    notebook: Path
    folder: Path
    links: str
    stem: str
    values: dict[str, Any]
    file: Path | None = None

    @property
    def name(self) -> str:
        """How the job is called in messages."""
        return self.folder.name


def standard() -> list[list[Job]]:
    """The jobs of `make all`, by turns: a notebook that reads what others entered runs after them."""
    jobs = []
    for name in source.names():
        slug, notebook = source.slug(name), source.path_of(name)
        _refuse_own_file(notebook)
        jobs.append(Job(notebook, BUILD / "standard" / slug, "../", slug, {}))
    last = [job for job in jobs if "ledger.entries(" in source.code(job.notebook)]
    return [[job for job in jobs if job not in last], last]


def _refuse_own_file(notebook: Path) -> None:
    """What lies outside the project's examples never enters its site."""
    for parameter in parameters.declared(notebook):
        inside = str(parameter.default).startswith("data/simulated/")
        if notebook.parent.name == source.OWN and parameter.name == "data" and not inside:
            raise InputError(
                f"{relative(notebook)}: `data` is {parameter.default!r}, and this site shows simulated examples only. Set it "
                "back, and write your own file's name into a file of parameters: "
                f"make run NOTEBOOK={notebook.stem} PARAMS=mine.yml."
            )


def own(name: str, file: Path) -> Job:
    """The job of `make run`: parameters that name `data` or a `release` run the notebook of `your-data/`."""
    values = parameters.read(file)
    notebook = source.path_of(name)
    other = notebook.parent / source.OWN / notebook.name
    if notebook.parent == source.FOLDER and {"data", "release"} & set(values) and other.is_file():
        notebook, other = other, notebook
    _refuse_strangers(notebook, other, values, file)
    parameters.check(notebook, values, str(file))
    return Job(notebook, folder_of(file), "", notebook.stem, values, file.resolve())


def folder_of(file: Path) -> Path:
    """Where the run with a file of parameters puts its results."""
    return BUILD / "runs" / file.stem


def _refuse_strangers(notebook: Path, other: Path, values: dict[str, Any], file: Path) -> None:
    """A parameter that only the notebook's counterpart has is refused with what decides between the two."""
    if notebook == other or not other.is_file():
        return
    here, there = ({p.name for p in parameters.declared(path)} for path in (notebook, other))
    if strangers := [f"`{name}`" for name in values if name in there - here]:
        missing = "`data` is missing, which names your file"
        if other.parent.name != source.OWN:
            missing = "it is about print and public records, so leave out `data`"
        raise InputError(
            f"{file}: {', '.join(strangers)} is a parameter of {relative(other)}, and these parameters run "
            f"{relative(notebook)}: {missing}."
        )


def why_stale(job: Job) -> str:
    """Why the job must run; empty when its result stands."""
    before = kept.load(job.folder / "state.json")
    if before is None:
        return "not made yet"
    others = [Path(path) if Path(path).is_absolute() else ROOT / path for path in before["inputs"]]
    now = notebook_stamps(job, others)
    reason = kept.reason(before["stamps"], now, [job.folder / name for name in before["made"]])
    return reason or next((f"the table {name} may have changed" for name in before.get("tables", ())), "")


def notebook_stamps(job: Job, inputs: list[Path]) -> dict[str, str]:
    """What a run depends on: its notebook, its helpers, `inputs` (what it read), parameters and the environment."""
    code = kept.closure(kept.modules(source.code(job.notebook)))
    files = [*code, ROOT / "requirements.lock", *inputs, *([job.file] if job.file else [])]
    python = f"{sys.version} in {kept.label(Path(sys.prefix))}"
    own = {relative(job.notebook): source.digest(job.notebook), "the Python environment": python}
    return own | kept.stamps(files)


def site_stamps(folders: list[Path]) -> dict[str, str]:
    """What the site depends on: the runs in `folders`, its code and templates."""
    templates = sorted(path for path in TEMPLATES.rglob("*") if path.is_file())
    files = [*templates, ROOT / "pyproject.toml", *(folder / "state.json" for folder in folders)]
    return kept.stamps([*kept.closure({"build.site"}), *files])
