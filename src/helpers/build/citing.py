"""How a page of the site is cited, and what a reader takes along from it."""

import re
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from helpers.project import ROOT

_WHEN = (1980, 1, 1, 0, 0, 0)  # of files in an archive: two builds give equal bytes


@cache
def citation() -> dict[str, Any]:
    """What CITATION.cff says."""
    import yaml

    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def cited(title: str, file: str, site: str = "") -> dict[str, str]:
    """A page as a sentence for a list of references (`text`) and as an entry of BibTeX (`bibtex`); `site`: its address, where it has one."""
    known = citation()
    whole, version, date = (str(known[key]) for key in ("title", "version", "date-released"))
    authors, key = [author["name"] for author in known["authors"]], re.sub(r"\W+", "-", Path(file).stem)
    url = f"{site}/{file}" if site else ""
    return {
        "text": f"{'; '.join(authors)} ({date[:4]}). {title}. In: {whole} (version {version}, {date}).{f' {url}' * bool(url)}",
        "bibtex": "\n".join([
            f"@incollection{{open-classrooms-{key},",
            f"  author = {{{' and '.join(f'{{{name}}}' for name in authors)}}},",
            f"  title = {{{title}}},", f"  booktitle = {{{whole}}},", f"  year = {{{date[:4]}}},",
            *([f"  url = {{{url}}},"] if url else []),
            f"  note = {{Version {version}, {date}, page {file}}}", "}",
        ]),
    }  # fmt: skip


def commit(folder: Path) -> str:
    """The commit that a folder is at, and whether something in it is other than that; empty without git."""
    if not (folder / ".git").exists() or not shutil.which("git"):
        return ""
    git = ["git", "-C", str(folder)]
    told = subprocess.run([*git, "describe", "--always", "--dirty=, with changes"], capture_output=True, text=True)
    return told.stdout.strip()


def pack(folder: Path, target: Path, about: str) -> None:
    """Write an archive of a run's figures and tables, with a README that says what they are.

    Parameters
    ----------
    folder, target, about : of `figures` and `tables`; the archive's file, which is named as the run; what its README says
    """
    files = [path for part in ("figures", "tables") for path in sorted((folder / part).glob(f"{target.stem}--*"))]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "README.txt", about.encode())
        for path in files:
            _add(archive, path.relative_to(folder).as_posix(), path.read_bytes())


def pack_code(target: Path, files: list[Path]) -> None:
    """Write an archive of code, each file where it is in the project."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in [ROOT / "LICENSE", *files]:
            _add(archive, path.relative_to(ROOT).as_posix(), path.read_bytes())


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    archive.writestr(entry, content)
