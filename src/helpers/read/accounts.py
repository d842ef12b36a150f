"""What became of the rows of a user's file: how many were read and used, which were left out and why, and what to know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from helpers.read import frames
from helpers.read.cells import about, few
from helpers.read.frames import Given


@dataclass(frozen=True)
class Account:
    """Of one file: `rows` with something in them, `used` ones, those left out by reason, and sentences to be told."""

    file: str
    rows: int
    used: int
    left_out: dict[str, int] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """In words for a page: no count of one to nine is told or follows from the others, for totals are round."""
        return " ".join([self.counted, *self.told])

    @property
    def counted(self) -> str:
        """How many rows were read, used and left out, as `page` begins."""
        gone = {why: n for why, n in self.left_out.items() if n}
        read, used = map(about, (self.rows, self.used))
        if not gone:
            return f"{read.capitalize()} rows were read, and all are used."
        parts = ", ".join(f"{why} ({few(n)})" for why, n in gone.items())
        return f"{read.capitalize()} rows were read, and {used} are used. Left out: {parts}."

    @property
    def exact(self) -> str:
        """In words for whoever holds the file."""
        gone = ", ".join(f"{why} {n:,}" for why, n in self.left_out.items() if n)
        return " ".join(
            [
                f"{self.file}: {self.used:,} of {self.rows:,} rows are used{f' (left out: {gone})' if gone else ''}.",
                *self.told,
            ]
        )


def of(
    given: Given, used: int, left_out: dict[str, int] | None = None, *, numeric: Sequence[str] = (),
    named: Sequence[str] = (), told: Sequence[str] = (),
) -> Account:  # fmt: skip
    """The account of a file as `frames.read` gave it.

    Parameters
    ----------
    given, used, left_out : the file; rows used; reason -> rows, each row at its first reason
    numeric, named, told : columns that are numbers, and labels (see `frames.notes`); more to be told
    """
    notes = frames.notes(given, numeric, named)
    return Account(given.name, len(given.frame), used, left_out or {}, (*notes, *told))


def by_time(what: str, counts: Mapping[str, int]) -> list[str]:
    """How many rows something holds of, by wave or year; `counts` in the order of time."""
    told = ", ".join(f"{when} {about(n)}" for when, n in counts.items() if n)
    return [f"{what}: {told}."] if told else []


def shared_schools(groups: pd.Series, schools: pd.Series, nest: bool) -> list[str]:
    """How many schools (or other clusters) stand in several groups, and what that is taken to mean; rows as in the file."""
    pairs = pd.DataFrame({"group": groups, "school": schools}).dropna().drop_duplicates()
    several = int((pairs["school"].value_counts() > 1).sum())
    if nest or not several:
        return []
    what = "One school stands" if several == 1 else f"{several:,} schools stand"
    return [
        f"{what} in two groups or more and count{'s' * (several == 1)} as one school{' each' * (several > 1)}. If each group "
        "numbers its schools anew, write `nest: true`."
    ]
