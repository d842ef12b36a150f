"""The limits that a release keeps to: a file of parameters that whoever holds the records signs.

The defaults are those of ACRO, a checker of research outputs (https://doi.org/10.1109/TP.2025.3566052): safe_threshold,
safe_nk_n, safe_nk_k, safe_pratio_p, safe_dof_threshold and safe_round_base in the file `acro/default.yaml` and the
documentation of https://github.com/AI-SDC/ACRO. What is done with them: `helpers.release.dominance`.
"""

from dataclasses import dataclass
from datetime import date

from helpers.notebook import parameters
from helpers.notebook.parameters import Parameter
from helpers.project import InputError, locate
from helpers.read.suppression import MINIMUM


@dataclass(frozen=True)
class Limits:
    """What sums must keep to; each as its parameter in PARAMETERS says."""

    threshold: int
    dominance_n: int
    dominance_k: float
    p_ratio: float
    degrees_of_freedom: int
    rounding: int
    signed_by: str
    signed_on: str
    weaker_because: str

    def rounded(self, count: int) -> int:
        """A count of records that are not in the sums, as it is told."""
        return self.rounding * round(count / self.rounding)


PARAMETERS = [
    Parameter("threshold", "int", MINIMUM, "fewest students in any group that is told"),
    Parameter("dominance_n", "int", 2, "so many students together ..."),
    Parameter("dominance_k", "float", 0.9, "... make up no more than this share of a sum"),
    Parameter("p_ratio", "float", 0.1, "all but the two largest values make up this share of the largest, or more"),
    Parameter("degrees_of_freedom", "int", 10, "fewest residual degrees of freedom of a school and a panel"),
    Parameter("rounding", "int", 5, "records that are not in the sums are told as multiples of this; 1: exactly"),
    Parameter("signed_by", "str", "", "who holds the records and stands for these limits"),
    Parameter("signed_on", "str", "", "when, as 2026-01-31"),
    Parameter("weaker_because", "str", "", "why a limit is weaker than the default, where one is"),
]
"""What a file of limits takes; a file that is not named has the defaults, and nobody's name."""

_STRICTER_UP = ("threshold", "dominance_n", "p_ratio", "degrees_of_freedom")


def read(name: str) -> Limits:
    """The limits in a file, relative to the project's folder; the defaults where none is named.

    Raises InputError for limits that are no limits, for weaker ones without a reason that is signed, and for a wrong date.
    """
    values = parameters.read(locate(name)) if name else {}
    where = name or "the default limits"
    limits = Limits(**parameters.checked(PARAMETERS, values, where, "a file of limits"))
    _check_ranges(limits, where)
    if limits.signed_on:
        try:
            date.fromisoformat(limits.signed_on)
        except ValueError:
            raise InputError(f"{where}: signed_on is {limits.signed_on!r}. Write year-month-day: 2026-01-31.") from None
    if bool(limits.signed_by.strip()) != bool(limits.signed_on):
        raise InputError(f"{where}: signed_by and signed_on belong together. Write a name and a date, or neither.")
    if (found := weaker(limits)) and not (limits.weaker_because.strip() and limits.signed_by):
        raise InputError(
            f"{where}: {', '.join(found)}. Limits weaker than the defaults need a reason and a name: write "
            "weaker_because, signed_by and signed_on, or take the default."
        )
    return limits


def weaker(limits: Limits) -> list[str]:
    """Limits that let more pass than the defaults, in words."""
    found = []
    for parameter in PARAMETERS:
        name, default = parameter.name, parameter.default
        value = getattr(limits, name)
        if (name in _STRICTER_UP and value < default) or (name == "dominance_k" and value > default):
            found.append(f"{name} is {value:g}, weaker than {default:g}")
    return found


def _check_ranges(limits: Limits, where: str) -> None:
    allowed = {
        "threshold": (2, 1000), "dominance_n": (1, 100), "dominance_k": (0, 1), "p_ratio": (0, 100),
        "degrees_of_freedom": (0, 1000), "rounding": (1, 1000),
    }  # fmt: skip
    for name, (low, high) in allowed.items():
        value = getattr(limits, name)
        if not low <= value <= high:
            raise InputError(f"{where}: {name} is {value:g}. It lies between {low} and {high}.")
