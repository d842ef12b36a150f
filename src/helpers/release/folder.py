"""The folder of a release: its sums, the table that they give and the report on what is told, put in place whole."""

import functools
import json
import sys
import tempfile
import tomllib
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from helpers import kept
from helpers.notebook.markup import escaped
from helpers.project import ROOT
from helpers.read import saved, together
from helpers.read.files import named
from helpers.release import earlier, released, risk
from helpers.release.panels import Panel, in_words

BUILD, WORDS = ROOT / "build", Path(__file__).parent / "disclosure.md.j2"


class Found(NamedTuple):
    """What was found on the way: number of records of no panel, what each check of `disclosure.check` said."""

    others: int
    checks: dict[str, list[dict]]


def write(
    name: str, given: dict[str, Any], kind: str, panels: dict[str, Panel], sums: pd.DataFrame, found: Found
) -> Path:
    """Write the folder `build/releases/<name>`; an earlier one stays as it was until all is written.

    Parameters
    ----------
    name, given, kind : of the release; parameters of `settings.read`; "pooled" or "school"
    panels, sums, found : by name; as `released.pooled` or `school` gives them; see Found
    """
    (BUILD / "aside").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"release-{name}-", dir=BUILD / "aside") as aside:
        made = Path(aside) / "made"
        made.mkdir()
        saved.write(sums, made / "moments.csv")
        about = _about(given, kind, panels, found.others, kept.digest(made / "moments.csv"))
        _write(made / "about.json", about)
        others = earlier.folders(BUILD, given["earlier"])
        together = earlier.compare(made, others, given["limits"])
        _write(made / "disclosure.json", _checked(given, kind, found) | {"with earlier releases": together})
        kept.write_whole(made / "disclosure.md", text(given, kind, panels, together))
        table = released.estimates(made, given["inference"], given["standardise"])
        saved.write(table, made / "estimates.csv")
        kept.swap(made, BUILD / "releases" / name)
    return BUILD / "releases" / name


def _write(path: Path, content: dict[str, Any]) -> None:
    kept.write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _about(given: dict[str, Any], kind: str, panels: dict[str, Panel], others: int, digest: str) -> dict[str, Any]:
    """What the release is and was made of. No dates, paths or machine names: equal inputs give equal bytes."""
    source = named(given["data"], given["engine"])
    with ExitStack() as held:
        inputs = [
            {"name": file.path.name, "sha256": kept.digest(file.path)}  # a size would tell how many lines
            for file in (together.find(source, held).files if isinstance(source, Path) else [])  # a table is no file
        ]
    shown = given | {name: Path(given[name]).name for name in ("data", "risk", "earlier")}
    limits = shown.pop("limits")
    if kind == "pooled":  # no school is named
        shown |= {"merge": len(given["merge"]), "drop": len(given["drop"])}
    return {
        "kind": kind,
        "moments.csv": digest,
        "project": _project(),
        "parameters": shown,
        "panels": {name: _described(panel, kind) for name, panel in panels.items()},
        "covariance": {
            "CR2": "sandwich of scores adjusted as by Bell and McCaffrey; tests use t with Satterthwaite's degrees of freedom, df",
            "CRV1": "sandwich clustered by school or cluster, times G/(G-1) (N-1)/(N-k-1): G clusters, N records, "
            "k terms; tests use t with G-1 degrees of freedom",
            "CRV3": "jackknife over clusters, times (G-1)/G",
            "wild_p": "wild cluster bootstrap, null imposed, Rademacher weights, 9999 draws with seed 1, or "
            "all patterns of signs where these are fewer",
        },
        "inputs": inputs,
        "rows": sum(panel.moments.rows for panel in panels.values()) + limits.rounded(others),
    }


def _project() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {name: project[name] for name in ("name", "version")}


def _checked(given: dict[str, Any], kind: str, found: Found) -> dict[str, Any]:
    """What was checked, for machines: of each panel each check with its limit and outcome, and by which versions."""
    return {
        "kind": kind,
        "project": _project(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "packages": {name: version(name) for name in ("duckdb", "numpy", "pandas", "scipy")},
        "limits": asdict(given["limits"]),
        "weaker than the defaults": risk.weaker(given["limits"]),
        "panels": found.checks,
    }


def _described(panel: Panel, kind: str) -> dict[str, Any]:
    data, sums = panel.within, panel.moments
    described = {
        "terms": list(sums.terms), "references": panel.model.references, "records": data.n,
        "n_groups": len(data.clusters), "n_schools": data.n_schools, "incomplete": sums.left_out,
        "levels": sums.levels,
    }  # fmt: skip
    if kind == "school":
        names = [*panel.model.controls, released.OUTCOME]
        described["centres"] = dict(zip(names, map(float, sums.centres), strict=True))
    return described


def text(given: dict[str, Any], kind: str, panels: dict[str, Panel], together: list[str]) -> str:
    """The report in Markdown on `panels` that have passed the checks.

    Parameters
    ----------
    given, kind, panels : of the release, as in `write`
    together : what it tells together with earlier ones, see `earlier.compare`
    """
    return _template().render(
        given,
        kind=kind,
        together=[escaped(sentence) for sentence in together],
        elsewhere=Path(given["earlier"]).name,
        pooled=kind == "pooled",
        records=sum(panel.within.n for panel in panels.values()),
        panels=list(panels),
        columns=next(iter(panels.values())).model.columns,
        weaker=risk.weaker(given["limits"]),
        cells=[row for name, panel in panels.items() for row in _smallest(name, panel, kind)],
        counts=[_counts(name, panel, kind) for name, panel in panels.items()],
    )


@functools.cache
def _template() -> jinja2.Template:
    rules = {"trim_blocks": True, "keep_trailing_newline": True, "undefined": jinja2.StrictUndefined}
    environment = jinja2.Environment(**rules)
    environment.filters["as_written"] = escaped
    return environment.from_string(WORDS.read_text(encoding="utf-8"))


def _smallest(name: str, panel: Panel, kind: str) -> list[list[str]]:
    """Rows of panel, column, level, and the smallest cell that is not empty among those of the level."""
    least = {}
    for cell, counts in panel.told(kind).items():
        if counts.any():
            count = int(counts[counts > 0].min())
            for level in cell:
                if level not in least or count < least[level][0]:
                    least[level] = count, cell
    return [
        [escaped(name), *map(escaped, level), f"{count:,}", escaped(in_words(cell))]
        for level, (count, cell) in least.items()
    ]


def _counts(name: str, panel: Panel, kind: str) -> list[str]:
    """A row of panel, records in the sums and not in them, schools, clusters, empty cells."""
    data, empty = panel.within, sum(int((n == 0).sum()) for n in panel.told(kind).values())
    return [escaped(name), f"{data.n:,}", f"{panel.moments.left_out:,}", data.n_schools, len(data.clusters), empty]
