"""What every estimate asks of open records, whichever engine runs their SQL: DuckDB (`records`) or Spark (`spark`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from helpers.read import cells, frames

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class SqlRecords(AbstractContextManager, ABC):
    """Open records as a view `file`, and how to speak of it in SQL. Use it in a `with` block.

    `columns`: column -> kind: "number", "float" (which may have decimals), "date",
    "text" (everything else), or "clean": text whose cells are their own labels.
    `labels`: column -> code -> value label, where the file has such. `told`: what its owner should know.
    """

    first_group: str
    """The first group of a regular expression, as this engine writes it."""
    place: str
    """SQL that says where a record of `file` stands."""
    row: str
    """SQL that numbers records in their order, as far as the engine keeps one."""
    gaps: Sequence[str] = ()
    """What stands for no answer in a text cell, with blanks around it or without."""
    blank_rows = False
    """Whether there may be rows without anything, which are none."""
    whole = False
    """Whether there are all columns of what is read, so that rows can be told that repeat another in every cell."""

    def __init__(self, name: str):
        self.name = name
        self.columns: dict[str, str] = self._kinds()
        self.labels: dict[str, dict[str, str]] = {}
        self.told: list[str] = []

    @property
    def orders(self) -> dict[str, list[str]]:
        """Column -> its labels in the order of their codes."""
        shown = {column: frames.names_of(named) for column, named in self.labels.items()}
        return {column: [names[code] for code in frames.in_codes(names)] for column, names in shown.items()}

    def level(self, column: str, asked: object) -> str:
        """A level that the user names by its label or its code, as `file` has it."""
        names, wanted = frames.names_of(self.labels.get(column, {})), cells.label(asked)
        return names[wanted] if wanted in names and wanted not in names.values() else wanted

    def rewrite(self, written: Mapping[str, str]) -> None:
        """Let columns of `file` hold something else: column -> SQL of the columns that it held before."""
        if not written:
            return
        names = {column: self.identifier(column) for column in self.columns}
        shown = ", ".join(f"{written[c]} AS {name}" if c in written else name for c, name in names.items())
        self.show(lambda file: f"SELECT {shown} FROM {file}")
        self.columns |= {column: kind for column, kind in self._kinds().items() if column in written}

    def leave_out(self, condition: str) -> int:
        """Leave out the records of which this SQL holds, and say how many they are."""
        count = int(self.fetch(f"SELECT count(*) AS n FROM file WHERE {condition}")["n"][0])
        if count:
            self.show(lambda file: f"SELECT * FROM {file} WHERE ({condition}) IS NOT TRUE")
        return count

    @abstractmethod
    def run(self, query: str) -> None:
        """Run a statement without a result."""

    @abstractmethod
    def fetch(self, query: str) -> dict[str, np.ndarray]:
        """The result's columns, masked where they are empty. Raises InputError where the file turns out unreadable."""

    @abstractmethod
    def show(self, query: Callable[[str], str]) -> None:
        """Let `file` be what this query makes of it; the query is given the name of the view that it was."""

    @abstractmethod
    def put(self, name: str, frame: pd.DataFrame) -> None:
        """Set a small table of this name beside `file`."""

    @abstractmethod
    def _kinds(self) -> dict[str, str]:
        """Column of `file` -> its kind."""

    @staticmethod
    @abstractmethod
    def identifier(column: str) -> str:
        """The column's name as SQL writes it."""

    @staticmethod
    @abstractmethod
    def matches(text: str, pattern: str) -> str:
        """SQL that says whether a text is of this pattern from end to end."""

    @staticmethod
    def number(text: str) -> str:
        """SQL of a text as the number that it is written as, NULL where it is none."""
        return f"TRY_CAST({text} AS DOUBLE)"

    @staticmethod
    def ends(value: str, most: int) -> tuple[str, str]:
        """SQL of two aggregates: a list of the `most` smallest values of a group, and one of the largest, these first."""
        return f"min({value}, {most})", f"max({value}, {most})"

    @staticmethod
    def decimal(number: str) -> str:
        """SQL of a number that is not whole as text, in Python's way."""
        return f"CAST({number} AS STRING)"

    def in_order(self) -> AbstractContextManager:
        """Add numbers in the order of the records, where the engine can: otherwise last digits differ between runs."""
        return nullcontext()
