"""Where things are, and the words every module shares."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the project's folder, which holds `notebooks/`, `data/` and `src/`

STATES = {
    "published": "printed in a paper or a report",
    "recomputed": "computed from printed numbers",
    "microdata": "computed from real records",
    "moments": "computed from sums and counts of real records",
    "simulated": "made up by a seeded program; shows the method, is no evidence",
}
"""Every figure, table and number is in exactly one of these states."""
VERDICTS = {
    "reproduces": "what we get rounds to what is printed",
    "contradicts": "what we get cannot round to what is printed",
    "cannot be reproduced": "the records it needs are not public, or not here",
    "quoted only": "printed, and nothing else to set beside it",
}
"""Every row of the ledger has exactly one of these verdicts."""
SAID = {
    "reproduces": "holds",
    "contradicts": "contradicted",
    "cannot be reproduced": "records missing",
    "quoted only": "nothing to compare",
}
"""What readers are told for each verdict, on every page and in every figure; files of the ledger keep the verdicts."""
STRENGTHS = {
    "measured": "real records, with the error of a sample",
    "a change, cause unknown": "it changed from year to year; nothing here says why",
    "by printed numbers": "computed from what a paper prints; its records were not seen",
    "not settled": "the interval is too wide to say yes or no",
    "as told": "what those who were asked said; how many others would say so is not known",
    "cannot be checked": "said without sizes, or of records that are not public",
    "counted": "what stands on paper, each number set beside another",
}
"""How sure an answer is, the surest first; no answer of the project is about causes."""


class InputError(ValueError):
    """What a user can mend in a file, a column or parameters; the message names place and remedy: no traceback is shown."""

    def _render_traceback_(self) -> list[str]:
        """What IPython, and so JupyterLab, shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


@contextmanager
def at(place: str) -> Iterator[None]:
    """Put the place, where there is one, before the message of an InputError that is raised inside."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}" if place else str(error)) from None


def relative(path: Path) -> str:
    """Path as a reader of the project would write it: relative to its folder where it lies inside."""
    path = Path(path)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def locate(path: str | Path) -> Path:
    """Absolute path of a file given relative to the project's folder (`~` and absolute ones are kept)."""
    return ROOT / Path(path).expanduser()


def in_order(names: set[str]) -> list[str]:
    """Labels in the order of their numbers where all are numbers, else in that of the alphabet."""
    try:
        numbers = {name: float(name) for name in names}
    except ValueError:
        return sorted(names)
    if not all(map(math.isfinite, numbers.values())):  # "nan" and "inf" are words here
        return sorted(names)
    return sorted(names, key=lambda name: (numbers[name], name))
