"""What a release is asked for: parameters as the notebook declares them, and those that only a release knows."""

from pathlib import Path
from typing import Any

from helpers.notebook import parameters, source
from helpers.notebook.parameters import Parameter
from helpers.project import InputError
from helpers.read.files import OPTIONS
from helpers.release import risk

NOTEBOOK = "your-data/01-practice-change"
"""The notebook whose models are released, and whose parameters these are."""

MODEL = ("outcome", "school", "year", "baseline", "order", "controls", "categories", "cluster", "weight", "by")
"""Those that make its models; see `helpers.estimate.panels.models`."""

OF_A_RELEASE = [
    Parameter("merge", "dict[str | int, list[str | int]]", {}, "new name: schools that become one"),
    Parameter("drop", "list[str | int]", [], "schools to leave out of a release"),
    Parameter("earlier", "str", "", "a folder of releases that left before, beside build/releases/"),
    Parameter("risk", "str", "", "a file of limits that a release keeps to; see params/release.yml"),
]

_TAKEN = ["data", *MODEL, "engine", *OPTIONS, "inference", "standardise", *(own.name for own in OF_A_RELEASE)]
_NEEDED = ("data", "outcome", "school", "year", "baseline")


def read(file: Path) -> dict[str, Any]:
    """Parameters of a file, with defaults; schools as text, `limits` as the file `risk` has them.

    Raises InputError for what is missing or refused.
    """
    given = parameters.read(file)
    values = parameters.check(source.path_of(NOTEBOOK), given, str(file), OF_A_RELEASE)
    if unused := [name for name in given if name not in _TAKEN]:
        raise InputError(
            f"{file}: a release has no use for {', '.join(unused)}. Leave that out. It takes {', '.join(_TAKEN)}."
        )
    # As given: a default of the notebook is an example and nothing to release.
    if missing := [name for name in _NEEDED if given.get(name, "") == ""]:
        raise InputError(f"{file}: a release needs {', '.join(missing)}. Name that in the file.")
    merge = {str(name): list(map(str, schools)) for name, schools in values["merge"].items()}
    own = {"merge": merge, "drop": list(map(str, values["drop"])), "limits": risk.read(values["risk"])}
    return {name: values[name] for name in _TAKEN} | own
