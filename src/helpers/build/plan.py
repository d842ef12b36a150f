"""The jobs of a build: which notebooks have to run, why, and what their results depend on."""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import kept
from helpers.notebook import parameters, source
from helpers.project import ROOT, InputError, relative

BUILD = ROOT / "build"
TEMPLATES, CARDS = Path(__file__).parent / "template", Path(source.__file__).parent / "template"


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
    if other_file := taken(folder_of(file), file):
        raise InputError(
            f"{file}: its results would replace those with {kept.label(other_file)} in {relative(folder_of(file))}, as both have "
            f"one name. Rename one of the two."
        )
    _refuse_strangers(notebook, other, values, file)
    parameters.check(notebook, values, str(file))
    return Job(notebook, folder_of(file), "", notebook.stem, values, file.resolve())


def folder_of(file: Path) -> Path:
    """Where the run with a file of parameters puts its results."""
    return BUILD / "runs" / parameters.name_of(file)


def taken(folder: Path, file: Path) -> Path | None:
    """The other file of parameters whose results lie in the folder; None where they are this file's, or it is gone."""
    noted = (kept.load(folder / "state.json") or {}).get("file")
    owner = ROOT / noted if isinstance(noted, str) else file.resolve()
    same = owner == file.resolve() or (file.exists() and owner.exists() and owner.samefile(file))
    return None if same or not owner.exists() else owner


def check_place() -> None:
    """Raise InputError where the code that runs is not that of the folder it was called in, or no path may be like its own."""
    here, remedy = Path.cwd(), "Rename the folder, then type the command again."
    if os.pathsep in str(ROOT) or not str(ROOT).isprintable():
        raise InputError(f"{str(ROOT)!r}: a folder with such a sign in its path cannot be built in. {remedy}")
    inside = here / "src" / "helpers"
    if inside.is_dir() and not inside.samefile(kept.PACKAGE):
        raise InputError(
            f"This Python ({sys.executable}) runs the code of {ROOT}, and not that of this folder, {here}. "
            "Type: make distclean, then the command again."
        )


def _refuse_strangers(notebook: Path, other: Path, values: dict[str, Any], file: Path) -> None:
    """A parameter that only the notebook's counterpart has is refused with what decides between the two."""
    if notebook == other or not other.is_file():
        return
    here, there = ({p.name for p in parameters.declared(path)} for path in (notebook, other))
    if strangers := [f"`{name}`" for name in values if name in there - here]:
        missing = "`data` is missing, which names your file"
        if other.parent.name != source.OWN:
            missing = "it is about papers and public records, so leave out `data`"
        raise InputError(
            f"{file}: {', '.join(strangers)} is a parameter of {relative(other)}, and these parameters run "
            f"{relative(notebook)}: {missing}."
        )


def why_stale(job: Job) -> str:
    """Why the job must run; empty when its result stands."""
    before = kept.load(job.folder / "state.json", "stamps", "made")
    if before is None:
        return "not made yet"
    now = notebook_stamps(job, [ROOT / path for path in before["inputs"]])
    reason = kept.reason(before["stamps"], now, job.folder, before["made"])
    return reason or next((f"the table {name} may have changed" for name in before["tables"]), "")


def notebook_stamps(job: Job, inputs: list[Path]) -> dict[str, str]:
    """What a run depends on: its notebook, helpers, `inputs` (what it read), parameters, environment; its page's code."""
    code = kept.closure(kept.modules(source.code(job.notebook)))
    files = [*code, *sorted(CARDS.glob("*.j2")), ROOT / "requirements.lock", *inputs]
    if job.file:  # its page is made with it; those of the site are made together
        files += [job.file, *_page_files()]
    return {relative(job.notebook): source.digest(job.notebook)} | _environment() | kept.stamps(files)


def site_stamps(folders: list[Path]) -> dict[str, str]:
    """What the site depends on: the runs in `folders`, its code and templates."""
    listed = [ROOT / name for name in ("pyproject.toml", "CITATION.cff", "LICENSE", "data/datapackage.json")]
    files = [*_page_files(), *listed, *files_of_site(), *(folder / "state.json" for folder in folders)]
    return _environment() | {"the site's address (SITE_URL)": address()} | kept.stamps(files)


def address() -> str:
    """Where the site will be read, without a slash at its end, as the variable SITE_URL says; empty where nobody knows. Raises InputError."""
    given = os.environ.get("SITE_URL", "").strip().rstrip("/")
    if given and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", given):
        raise InputError(
            f"SITE_URL is {given!r}: write the address of the site, such as https://example.org/classrooms, or leave it out."
        )
    return given


def files_of_site() -> list[Path]:
    """Files of data and of parameters that the site has too, so that whoever reads it can take them along."""
    book = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    example = ROOT / "data" / "simulated" / "03-talis.zip"
    data = [path for one in book if (path := ROOT / "data" / one["path"]).is_file()]
    return [*data, *([example] if example.is_file() else []), *sorted((ROOT / "params").glob("[0-9]*-own-*.yml"))]


def code_of_site() -> list[Path]:
    """The helpers that the site's notebooks import, themselves or through others."""
    return sorted(
        {path for name in source.names() for path in kept.closure(kept.modules(source.code(source.path_of(name))))}
    )


def _page_files() -> list[Path]:
    """Code and templates of the pages."""
    return [*kept.closure({"build.site"}), *sorted(path for path in TEMPLATES.rglob("*") if path.is_file())]


def _environment() -> dict[str, str]:
    python = f"{sys.version} in {kept.label(Path(sys.prefix))}"
    return {"the Python environment": python} | {f"the package {name}": v for name, v in kept.packages().items()}
