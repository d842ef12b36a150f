"""What became of the rows of a user's file: how many were read and used, which were left out and why, and what to know."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers.read import frames
from helpers.read.frames import Given, few
from helpers.read.suppression import MINIMUM


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
        """In words for a page: a count of one to nine is not told, and does not follow from the others."""
        gone = {why: n for why, n in self.left_out.items() if n}
        if not gone:
            return " ".join([f"All {self.rows:,} rows of the file are used.", *self.told])
        small = [why for why, n in gone.items() if n < MINIMUM]
        parts = [f"{why} ({n:,})" for why, n in gone.items() if n >= MINIMUM]
        if not small:
            said = f"{self.used:,} of {self.rows:,} rows are used. Left out: {', '.join(parts)}."
        elif sum(gone.values()) < MINIMUM:
            said = f"{self.used:,} rows are used. Left out are fewer than {MINIMUM} rows: {', '.join(small)}."
        else:
            said = f"{self.used:,} rows are used. Left out: {', '.join([*parts, *(f'{why} ({few(1)})' for why in small)])}."
        return " ".join([said, *self.told])

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
