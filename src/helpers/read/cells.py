"""What a cell says: a label, a number, or nothing. Each rule stands here once, as functions and as SQL."""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time

import numpy as np

from helpers.project import InputError
from helpers.read import saved
from helpers.read.files import shortened
from helpers.read.suppression import MINIMUM

SPACES = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
"""Every blank there is, as `str.strip` knows them; SQL is told."""
BLANKS = "[ \u00a0\u2007\u2009\u202f'’]"
"""What stands between groups of three digits beside points and commas."""
GROUPED = rf"-?[0-9]{{1,3}}({BLANKS}[0-9]{{3}})+([.,][0-9]*)?"
NUMBER = r"-?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?|-?[iI][nN][fF]([iI][nN][iI][tT][yY])?"
"""A number as SQL and Python read it. Digits are those of ASCII, which all engines know."""
_GROUPED, _NUMBER, _COMMON = re.compile(GROUPED), re.compile(NUMBER), re.compile(r"-?[0-9]+([.][0-9]+)?")
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
WHOLE_BY_COMMA = r"-?(0|[1-9][0-9]*),0+"
NO_WORDS = re.compile(
    r"#(n/?a|div/0!|value!|ref!|name\?|num!|null!)|n\.?/?a\.?|-+|–|—|\?+|null|none|nil|missing|no answer|no response|"
    r"not answered|not applicable|don'?t know|refus(?:ed|al)|keine? (?:angabe|antwort)|sin respuesta|no aplica|ns/nr|s/d",
    re.IGNORECASE,
)  # fmt: skip
"""Words that seldom are an answer: where nobody declared them missing they are told, and never taken for one silently."""
YES, NO = ("1", "yes", "true", "y", "x", "sí", "si", "ja", "oui"), ("0", "no", "false", "n", "nein", "non")


def label(value: object) -> str:
    """A cell as a label or an id, however a program wrote it: no blanks around it, 101.0 as 101, dates as 2014-03-01.

    Leading zeros and digits beyond a float's are kept; capital letters are a difference.
    """
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    if isinstance(value, (float, np.floating)):
        # Beyond 64 bits SQL writes powers of ten, and so does Python here.
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else str(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        text = value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        return text.rstrip("0") if "." in text else text
    text = str(value).strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def labelled(values: Iterable[object]) -> dict[object, str]:
    """The different cells of a column -> their labels; 101,0 is 101 where all of them are written so.

    An apostrophe that keeps a spreadsheet from taking a name for a formula is no part of it (`saved`).
    """
    found = {value: label(value) for value in values}
    meant = {value: saved.as_meant(text) for value, text in found.items()}
    if len({*meant.values()}) == len({*found.values()}):  # else two names would become one
        found = meant
    if found and all(re.fullmatch(WHOLE_BY_COMMA, text) for text in found.values()):
        return {value: text.partition(",")[0] for value, text in found.items()}
    return found


class Marks:
    """The marks in a column's numbers: which one is decimal, which one stands between thousands.

    Raises InputError, telling both readings, where they can be read in two ways and nothing else in the column decides.
    """

    def __init__(self, cells: Iterable[str], two_ways: bool, decimal: str = "", thousands: str = ""):
        for mark, name in ((decimal, "decimal"), (thousands, "thousands")):
            if mark not in ("", ".", ","):
                raise InputError(f"`{name}` is {mark!r}: it takes a point or a comma in quotes.")
        if decimal and decimal == thousands:
            raise InputError("`decimal` and `thousands` are the same mark. Name one of them.")
        given = decimal or (_OTHER[thousands] if thousands else "")
        self.decimal = given or _decided(cells, two_ways)

    def number(self, cell: str) -> float:
        """The number that a cell holds; NaN for text."""
        if self.decimal == "." and _COMMON.fullmatch(cell):  # most are written so
            return float(cell)
        text = _plain(cell)
        thousands = _OTHER[self.decimal]
        if thousands in text:
            if not re.fullmatch(rf"-?[1-9][0-9]{{0,2}}([{thousands}][0-9]{{3}})+([{self.decimal}][0-9]+)?", text):
                return math.nan
            text = text.replace(thousands, "")
        text = text.replace(self.decimal, ".")
        return float(text) if _NUMBER.fullmatch(text) else math.nan


_OTHER = {".": ",", ",": "."}
_OPEN = {mark: re.compile(rf"[1-9][0-9]{{0,2}}[{mark}][0-9]{{3}}") for mark in _OTHER}
_GROUPS = {
    m: re.compile(rf"[1-9][0-9]{{0,2}}(([{m}][0-9]{{3}}){{2,}}([{o}][0-9]+)?|([{m}][0-9]{{3}})+[{o}][0-9]+)")
    for m, o in _OTHER.items()
}
_DECIMAL = {mark: re.compile(rf"[0-9]*[{mark}][0-9]+([eE][+-]?[0-9]+)?|[0-9]+[{mark}]") for mark in _OTHER}


def _plain(cell: str) -> str:
    """A number without what means nothing: blanks around it and between thousands, a plus, a percent sign."""
    text = cell.strip().replace("−", "-").removesuffix("%").rstrip().removeprefix("+")
    return re.sub(BLANKS, "", text) if _GROUPED.fullmatch(text) else text


def _decided(cells: Iterable[str], two_ways: bool) -> str:
    """The decimal mark by those cells that can be read in one way only."""
    first: dict[str, str] = {}  # by decimal mark, a cell that shows it
    open_cell = ""
    for cell in cells:
        if "." not in cell and "," not in cell:
            continue
        known = next(iter(first)) if len(first) == 1 else ""
        if known and cell.count(known) == 1 and _OTHER[known] not in cell:  # it tells nothing new
            continue
        text = _plain(cell).lstrip("-")
        for mark, other in _OTHER.items():
            if mark in text:
                if _OPEN[mark].fullmatch(text):
                    open_cell = open_cell or cell
                elif _GROUPS[mark].fullmatch(text):
                    first.setdefault(other, cell)
                elif _DECIMAL[mark].fullmatch(text):
                    first.setdefault(mark, cell)
    if len(first) > 1:
        raise InputError(
            f"in {shortened(first['.'].strip())} the point is the decimal mark, and in {shortened(first[','].strip())} the comma is. "
            "Write all numbers of the column in one way"
        )
    if first:
        return next(iter(first))
    text = _plain(open_cell)
    if open_cell and (two_ways or "," in text):
        mark = "," if "," in text else "."
        whole, name = text.replace(mark, ""), {".": "point", ",": "comma"}
        raise InputError(
            f"{shortened(open_cell.strip())} can be read as {whole} (the {name[mark]} between thousands) or as {text.replace(mark, '.')} (the "
            f'{name[mark]} as decimal mark), and no other cell of the column decides. Say which: `decimal: "{_OTHER[mark]}"` for '
            f'the first, `decimal: "{mark}"` for the second'
        )
    return "."


def refuse_percent(cells: Collection[str], marks: Marks) -> None:
    """Raise InputError, without the place, where a column has numbers with a percent sign and without one."""
    if not any(cell.strip().endswith("%") for cell in cells):
        return
    signs = {cell.strip().endswith("%"): cell for cell in cells if abs(marks.number(cell)) > 0}
    if len(signs) > 1:
        raise InputError(
            f"{shortened(signs[True])} has a percent sign and {shortened(signs[False])} has none. Write all numbers in one way"
        )


def numbers(values: Iterable[object], two_ways: bool, decimal: str = "", thousands: str = "") -> dict[object, float]:
    """The different cells of a column -> the numbers they hold; NaN for what is none.

    Raises InputError, without the place, as `Marks` and `refuse_percent`.

    Parameters
    ----------
    values, two_ways, decimal, thousands : cells; the others as for `Marks`
    """
    values = list(values)
    texts = [value for value in values if isinstance(value, str)]
    marks = Marks(texts, two_ways, decimal, thousands)
    refuse_percent(texts, marks)
    return {value: marks.number(value) if isinstance(value, str) else _number(value) for value in values}


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float, np.number, np.bool_)) else math.nan


def kept_labels(named: Mapping[str, str], missing: Sequence[object]) -> dict[str, str]:
    """Code -> value label, without those that the user's missing codes and words name."""
    codes = {label(code) for code in missing}
    return {code: name for code, name in named.items() if code not in codes and name.strip() not in codes}


def gone(values: Iterable[object], missing: Sequence[object], named: Mapping[str, str] = {}) -> set[object]:
    """Those of the different cells of a column that the user's missing codes and words name, by code or value label.

    Parameters
    ----------
    values, missing, named : cells; the user's codes; code -> value label
    """
    codes = {label(code) for code in missing}
    codes |= {code for code, name in named.items() if name.strip() in codes}
    values = list(values)
    found = {value for value in values if label(value) in codes}
    rest = labelled(value for value in values if value not in found)
    return found | {value for value, text in rest.items() if text in codes}


def missing_numbers(missing: Sequence[object]) -> set[float]:
    """Those of the user's missing codes that are numbers: in a column of numbers 99,0 and 99.00 are the code 99 too."""
    return {float(code) for code in map(label, missing) if is_code(code)}


_SUSPECTS = {
    sign * int(digit * length) + less for digit in "789" for length in range(1, 5) for sign in (1, -1) for less in (0,)
}
_SUSPECTS |= {int("9" * length) - less for length in range(2, 5) for less in (1, 2, 3)}


def suspects(values: Iterable[float]) -> list[float]:
    """Numbers that look like codes for a missing answer: 9, 99, -9, 998 and the like, far outside of all the rest."""
    given = {value for value in values if math.isfinite(value)}
    rest = [value for value in given if value not in _SUSPECTS]
    if not rest:
        return []
    low, high = min(rest), max(rest)
    whole = all(value == int(value) for value in rest)
    reach = max(high - low, 1)
    # 7 and 9 above a scale from 1 to 5 are told; above 1 to 20 they are answers, and so is the next whole number.
    beyond = [v for v in given - set(rest) if v > high + (1 if whole and reach < 10 and v < 10 else reach)]
    below = [v for v in given - set(rest) if v < 0 <= low or v < low - 2 * reach]
    return sorted({*beyond, *below})


def told_suspects(column: str, counts: Mapping[float, int]) -> list[str]:
    """A sentence for each of the `suspects` among the values of a column; `counts`: value -> rows."""
    said = []
    for code in suspects(counts):
        shown, rows = label(float(code)), few(counts[code])
        said.append(
            f"{column}: {rows} rows have {shown}, far outside of the rest, and count as numbers. If it means no answer, write "
            f"`missing: [{shown}]`."
        )
    return said


def few(count: int) -> str:
    """A count of rows as pages have it: one to nine are not told exactly."""
    return f"{count:,}" if count == 0 or count >= MINIMUM else f"fewer than {MINIMUM}"


def about(total: int) -> str:
    """A total in words from which, whatever parts of it are told, no small part follows."""
    return f"about {round(total, -1):,}" if total >= MINIMUM else few(total)


def answers(
    present: Iterable[str], labels: Sequence[str], of_file: dict[str, str], low: int | None = None
) -> tuple[dict[str, int], list[str]]:
    """Cell -> its place on a scale, and the scale's words, lowest first. Cells that have no place are not in it.

    Raises InputError, without the place, where words of the user and labels of the file contradict each other.

    Parameters
    ----------
    present : cells of the column as labels (codes, where the file has value labels)
    labels : every answer in words, lowest first, by the user; none: by the file
    of_file : code -> value label
    low : the number of the lowest answer; none: 1
    """
    first, words = 1 if low is None else low, [label(word) for word in labels]
    present, named = set(present), {code: label(word) for code, word in of_file.items()}
    if not words:
        return _by_file(present, named, first)
    places = {word: first + place for place, word in enumerate(words)}
    if known := set(named.values()) & set(words):
        if unknown := [word for word in words if word not in known and not is_code(word)]:
            raise InputError(
                f"`labels` has {', '.join(map(shortened, unknown[:3]))}, but the file's own labels are "
                f"{', '.join(f'{code} {shortened(word)}' for code, word in list(named.items())[:12])}. Write all answers as in the file, lowest first"
            )
        return {code: places[word] for code, word in named.items() if word in places and code not in words} | {
            w: places[w] for w in present & set(words)
        }, words
    if named and not present <= set(words) and not all(is_code(word) for word in words):
        raise InputError(
            f"none of `labels` ({', '.join(map(shortened, words[:12]))}) is a label of the file, which has "
            f"{', '.join(f'{code} {shortened(word)}' for code, word in list(named.items())[:12])}. Write them as in the file, lowest first, or leave `labels` out"
        )
    if present & set(words) or all(map(is_code, words)) or not all(map(is_code, present)):
        return places, words
    codes = {str(code) for code in range(first, first + len(words))}
    if low is None and "0" in present and str(len(words)) not in present:
        codes = {str(code) for code in range(len(words))}
    return {code: first + place for place, code in enumerate(sorted(codes, key=int))}, words


def _by_file(present: set[str], named: dict[str, str], first: int) -> tuple[dict[str, int], list[str]]:
    """The words of the file in the order of their codes; without words nothing."""
    codes = sorted((code for code in named if is_code(code)), key=float)
    if not codes or not present & set(named):
        return {}, []
    for code in codes:
        if NO_WORDS.fullmatch(named[code]):
            raise InputError(
                f"the code {code} is labelled {named[code]!r} and not declared missing. If it means no answer, write `missing: [{code}]`; if "
                "it is an answer, name all answers in `labels`, lowest first"
            )
    return {code: first + place for place, code in enumerate(codes)}, [named[code] for code in codes]


def is_code(text: str) -> bool:
    """Whether a label is a number."""
    return bool(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text))


def yes_or_no(present: Iterable[str], of_file: dict[str, str]) -> dict[str, int]:
    """Cell -> 1 or 0, by the words of file or cell; a lone x stands beside empty cells, which then are 0 (as "").

    Cells of other kinds are not in it.
    """
    words = {cell: of_file.get(cell, cell).strip().lower() for cell in present}
    known = {cell: int(word in YES) for cell, word in words.items() if word in (*YES, *NO)}
    if set(words) <= {"0", "1"}:  # whatever their labels: treatment and control, say
        known = {cell: int(cell) for cell in words}
    crosses = words and set(words.values()) == {"x"}
    return known | ({"": 0} if crosses else {})
