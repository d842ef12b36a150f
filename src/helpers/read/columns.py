"""What the columns of a file are: their kinds, and how many rows have each of their levels."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from helpers.project import InputError
from helpers.read import cells, frames, order
from helpers.read.frames import Given

LISTED, LEVELS, LETTERS, NAME = 300, 6, 40, 200  # columns; levels of each; letters of a level, and of a name
FEW = 10  # rows that a level has which is named
SORTED = 1_000  # more labels stand as they come
GROUPS = 12  # a column to compare by has no more levels
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b.*")

_SCALES = """
never/nunca/nie/jamais | less than once a year | once a year/once a year or less/yearly | once or twice a year/twice a year/2-4 times a year | once a term/once a semester | once or twice a term/5-10 times a year | monthly/once a month | once or twice a month/1-3 times a month | weekly/once a week/once a week or more | daily/every day
never/nunca/nie/jamais | almost never/hardly ever/casi nunca/fast nie/presque jamais | rarely/seldom/rara vez/selten/rarement | sometimes/occasionally/a veces/manchmal/parfois | often/frequently/a menudo/oft/souvent | very often/almost always/casi siempre/fast immer/presque toujours | always/siempre/immer/toujours
strongly disagree/muy en desacuerdo/totalmente en desacuerdo/stimme gar nicht zu/pas du tout d'accord | disagree/en desacuerdo/stimme nicht zu/pas d'accord | somewhat disagree/algo en desacuerdo/stimme eher nicht zu/plutôt pas d'accord | neutral/neither agree nor disagree/ni de acuerdo ni en desacuerdo/teils teils/ni d'accord ni pas d'accord | somewhat agree/algo de acuerdo/stimme eher zu/plutôt d'accord | agree/de acuerdo/stimme zu/d'accord | strongly agree/muy de acuerdo/totalmente de acuerdo/stimme voll zu/stimme völlig zu/tout à fait d'accord
not at all/nada/gar nicht/überhaupt nicht/pas du tout | a little/slightly/un poco/poco/ein wenig/wenig/un peu/peu | somewhat/moderately/algo/etwas/moyennement | quite/quite a bit/bastante/ziemlich/assez | very/a lot/much/mucho/muy/sehr/beaucoup/très | extremely/completely
very dissatisfied/muy insatisfecho/sehr unzufrieden/très insatisfait | dissatisfied/insatisfecho/unzufrieden/insatisfait | neutral/neither/neutro | satisfied/satisfecho/zufrieden/satisfait | very satisfied/muy satisfecho/sehr zufrieden/très satisfait
"""
SCALES = [
    {word: place for place, part in enumerate(line.split(" | ")) for word in part.split("/")}
    for line in _SCALES.strip().splitlines()
]
"""Words of ordered answers -> their places; of words in one place the order is not known."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column: its kind (numbers, labels, dates, nothing), and how many rows have each level and none.

    `values`: level -> number. `named`: code -> value label. `unclear`: its numbers can be read in two ways.
    """

    name: str
    kind: str
    counts: dict[str, int]
    gaps: int
    values: dict[str, float] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    wording: str = ""
    unclear: bool = False

    @property
    def plain(self) -> list[float]:
        """Its different numbers, lowest first, without those that look like codes for no answer."""
        return sorted({*self.values.values()} - {*self.strange})

    @property
    def strange(self) -> list[float]:
        """Its numbers that look like codes for no answer, or are labelled so."""
        labelled = {self.values[code] for code in self.no_answers if code in self.values}
        return sorted({*cells.suspects(self.values.values())} | labelled)

    @property
    def no_answers(self) -> list[str]:
        """Codes whose value labels say that there is no answer."""
        return [code for code, text in self.named.items() if cells.NO_WORDS.fullmatch(text.strip())]

    def rows(self, number: float) -> int:
        """How many rows have a number."""
        return sum(self.counts[level] for level, value in self.values.items() if value == number)

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers only."""
        return bool(self.values) and all(value == int(value) for value in self.values.values())

    @property
    def binary(self) -> bool:
        """Whether it holds 1 and 0, yes and no, or x and nothing."""
        if len(self.counts) > 2:
            return False
        known = cells.yes_or_no(self.counts, self.named)
        return set(self.counts) <= set(known) and len({known[level] for level in self.counts} | {*known.values()}) == 2

    @property
    def unique(self) -> bool:
        """Whether every row has a level of its own."""
        return not self.gaps and set(self.counts.values()) == {1}

    @property
    def to_compare(self) -> bool:
        """Whether it holds a few groups, two of which can be shown."""
        few = 2 <= len(self.counts) <= GROUPS and sum(rows >= FEW for rows in self.counts.values()) >= 2
        return few and (self.kind == "labels" or bool(self.named) or self.binary)


def describe(given: Given) -> list[Column]:
    """Every column of a file as `frames.read` gives it."""
    return [_column(given, name) for name in given.frame]


def _column(given: Given, name: str) -> Column:
    codes = frames.codes(given, name)
    counts, gaps = {str(level): int(rows) for level, rows in codes.value_counts().items()}, int(codes.isna().sum())
    named, wording = given.labels.get(name, {}), given.wording.get(name, "")
    values, unclear = {}, False
    try:
        numbers = frames.numbers(given, name)
        first = codes.dropna().drop_duplicates()
        values = dict(zip(first, map(float, numbers[first.index]), strict=True))
    except InputError as error:
        unclear = "can be read as" in str(error)
    if values:
        counts = {level: counts[level] for level in sorted(counts, key=values.__getitem__)}
        return Column(name, "numbers", counts, gaps, values, named, wording)
    dates = counts and all(map(_DATE.fullmatch, counts))
    kind = "dates" if dates else "labels" if counts else "nothing"
    scale = scale_of(counts)
    ranked = counts if len(counts) > SORTED else order.plain(counts)
    ranked = sorted(counts, key=lambda level: scale[level.casefold()]) if scale else ranked
    return Column(name, kind, {level: counts[level] for level in ranked}, gaps, {}, named, wording, unclear)


def scale_of(levels: Iterable[str]) -> dict[str, int] | None:
    """The scale that has all these words, each in a place of its own."""
    words = [level.casefold() for level in levels]
    fitting = [
        scale for scale in SCALES if all(w in scale for w in words) and len({scale[w] for w in words}) == len(words)
    ]
    return fitting[0] if len(words) > 1 and fitting else None


def told(given: Given, names: list[str], described: list[Column]) -> list[str]:
    """Rows and columns of a file, a line a column; no level is named that fewer than FEW rows have."""
    rows = f"{cells.few(len(given.frame))} rows, {len(names):,} column{'s' * (len(names) != 1)}"
    lines = [f"{shown(given.name)}: {rows}"]
    lines += [f"- {_described(column)}" for column in described[:LISTED]]
    return lines + ([f"and {len(names) - LISTED:,} more"] if len(names) > LISTED else [])


def _described(column: Column) -> str:
    """A column in a line; no level is named that fewer than ten rows have."""
    enough = [level for level, rows in column.counts.items() if rows >= FEW]
    levels = [_level(level, column.named.get(level, "")) for level in enough[:LEVELS]]
    levels += [f"{len(enough) - LEVELS:,} more"] if len(enough) > LEVELS else []
    levels += ["levels of few rows"] if len(enough) < len(column.counts) else []
    kind = f"{column.kind} that can be read in two ways" if column.unclear else column.kind
    kind = f"{kind} with value labels" if column.named else kind
    parts = [kind, f"{len(column.counts):,} different", f"{cells.few(column.gaps)} gaps" if column.gaps else "no gaps"]
    wording = f" ({shown(column.wording)})" if column.wording and column.wording != column.name else ""
    return f"{shown(column.name)}{wording}: {', '.join(parts)}{': ' * bool(levels)}{', '.join(levels)}"


def _level(level: str, label: str) -> str:
    return f"{shown(level, LETTERS)} = {shown(label, LETTERS)}" if label else shown(level, LETTERS)


def shown(text: str, most: int = NAME) -> str:
    """A name, or a level, on one line, not too long."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 3]}..."


def one_line(text: str) -> str:
    """Text that can stand in a comment: without line ends and signs that nobody sees."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))
