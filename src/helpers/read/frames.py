"""Read columns of the user's own file and say plainly what is wrong with it.

Files are parsed, never executed. Rows count from 1, in CSV files and workbooks as a spreadsheet shows them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError, at
from helpers.read import cells, files, formats, order
from helpers.read.files import Options, listed, shortened
from helpers.read.formats import Given, row


def read(path: Path, columns: Sequence[str], options: Options = Options(), ids: Sequence[str] = ()) -> Given:
    """Columns of a file of records in any format of `files.ENDINGS`, or of a folder or a zip of alike ones. Raises InputError.

    Parameters
    ----------
    path, columns : what is read, and the columns that must be there
    options : what the user says of how it is to be read; its missing codes are missing in all columns
    ids : columns of ids and waves, in which those codes are labels like others
    """
    columns = list(dict.fromkeys(columns))
    given = formats.read(path, columns, options)
    files.check_columns(columns, given.frame.columns, given.name)
    in_text = given.ending == ".csv"
    words = {"", *map(str.strip, files.MISSING)} if in_text else {""}
    frame = given.frame[columns].apply(_filled, words=words, in_text=in_text)
    if frame.empty:
        raise InputError(f"{given.name}: the file has columns but no rows. {files.AGAIN}")
    for column in [name for name in columns if options.missing and name not in ids]:
        gone = cells.gone(frame[column].dropna().unique(), options.missing, given.labels.get(column, {}))
        frame[column] = frame[column].mask(frame[column].isin(gone)) if gone else frame[column]
    kept = {c: named if c in ids else cells.kept_labels(named, options.missing) for c, named in given.labels.items()}
    return replace(given, frame=frame, labels=kept)


def numbers(given: Given, column: str, low: float = -np.inf, high: float = np.inf) -> pd.Series:
    """A column as numbers; missing stays. Raises InputError for text, infinite values or values off `low` to `high`.

    Parameters
    ----------
    given, column, low, high : as `read` gives it; one of its columns; ends of the scale
    """
    raw, values = _as_numbers(given, column)
    wrong = values.isna() & raw.notna()
    refuse(given, column, wrong, "text in a number column", _remedy_for_text(given, raw, wrong))
    refuse(given, column, np.isinf(values), "infinite values", "Correct or empty these")
    what = f"values off the scale {cells.label(float(low))} to {cells.label(float(high))}"
    remedy = "Correct them, name them in `missing` if they mean no answer, or change the scale"
    refuse(given, column, (values < low) | (values > high), what, remedy)
    return values


def whole_numbers(given: Given, column: str, low: int, high: int) -> pd.Series:
    """A column as whole numbers (floats, since missing stays missing). Raises InputError.

    Parameters
    ----------
    given, column, low, high : as for `numbers`
    """
    values = numbers(given, column, low, high)
    refuse(given, column, values % 1 > 0, "answers that are no whole numbers", "Correct or empty these")
    return values


def answers(
    given: Given, columns: Sequence[str], labels: Sequence[str] = (), low: int | None = None, high: int | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Answers to items on one scale as whole numbers (missing stays), and the scale's words, lowest first, or none.

    Words of the user or of the file decide what an answer is, whatever the order and start of its codes; without words
    the codes do. Raises InputError naming file, column and rows.

    Parameters
    ----------
    given, columns : as `read` gives it; the items
    labels, low, high : every answer, lowest first; the numbers of the lowest and the highest
    """
    found, words = {}, list(map(cells.label, labels))
    for column in columns:
        as_labels = codes(given, column)
        with at(f"{given.name}, column {column!r}"):
            places, own = cells.answers(as_labels.dropna().unique(), labels, given.labels.get(column, {}), low)
        if not places:
            in_words = as_labels.notna() & ~as_labels.isin(
                [label for label in as_labels.dropna().unique() if cells.is_code(label)]
            )
            if in_words.sum() > as_labels.notna().sum() / 2:
                remedy = "Name every possible answer in `labels`, lowest first"
                refuse(given, column, in_words, "answers in words, whose order nothing tells", remedy)
            found[column] = whole_numbers(
                given, column, -np.inf if low is None else low, np.inf if high is None else high
            )
            continue
        if words and own != words:
            raise InputError(
                f"{given.name}, column {column!r}: its answers are {listed(own)}, and those of other items {listed(words)}. "
                "Items of one scale need the same answers: take the column out."
            )
        words = own
        found[column] = as_labels.map(places)
        remedy = "Correct them, name them in `missing` if they mean no answer, or name every possible answer, lowest first, in `labels`"
        refuse(
            given, column, found[column].isna() & as_labels.notna(), f"answers other than {listed(places, 12)}", remedy
        )
    return pd.DataFrame(found, given.frame.index).astype(float), words


def codes(given: Given, column: str) -> pd.Series:
    """A column as labels of `cells.label`, value labels not put in; missing stays."""
    raw = given.frame[column]
    return _each(raw, lambda codes: {code: text or np.nan for code, text in cells.labelled(codes).items()}, object)


def labels(given: Given, column: str) -> pd.Series:
    """A column as labels (text), value labels in place of codes; missing stays.

    A code without a label stays, and follows a label that several codes have.
    """
    found, named = codes(given, column), given.labels.get(column, {})
    shown = names_of(named)
    if not shown:
        return found
    return _each(found, lambda codes: {code: shown.get(code, code) for code in codes}, object)


def numbers_or_labels(given: Given, column: str) -> pd.Series:
    """A column as labels where the file names its codes or most of its values are words, else as numbers. Raises InputError."""
    own = codes(given, column).dropna().unique()
    words = given.labels.get(column) or sum(map(cells.is_code, own)) < len(own) / 2
    return labels(given, column) if words else numbers(given, column)


def in_time(given: Given, column: str, asked: Sequence[object] = (), first: str = "") -> list[str]:
    """Labels of a column (as `labels` gives them) in the order of time. Raises InputError where nothing tells it.

    Parameters
    ----------
    given, column : as `read` gives it, and one of its columns
    asked, first : the user's order and baseline
    """
    shown = names_of(given.labels.get(column, {}))
    by_code = [shown[code] for code in in_codes(shown)]
    place = f"{given.name}, column {column!r}"
    return order.in_time(labels(given, column).dropna().unique(), place, codes=by_code, given=asked, first=first)


def in_codes(named: dict[str, str]) -> list[str]:
    """Codes of value labels in their order: as numbers where all are."""
    try:
        return sorted(named, key=float)
    except ValueError:
        return list(named)


def resolved(given: Given, column: str, asked: object) -> str:
    """A level that the user names by its label or its code, as `labels` has it."""
    shown, wanted = names_of(given.labels.get(column, {})), cells.label(asked)
    return shown[wanted] if wanted in shown and wanted not in shown.values() else wanted


def yes_or_no(given: Given, column: str, remedy: str) -> pd.Series:
    """A column of 1 and 0, yes and no, x and nothing, or codes with such labels, as 1.0 and 0.0. Raises InputError."""
    found = codes(given, column)
    known = cells.yes_or_no(found.dropna().unique(), given.labels.get(column, {}))
    values = found.map(known).where(found.notna(), known.get("", np.nan))
    refuse(given, column, values.isna(), "neither 1 and 0 nor yes and no", remedy)
    return values.astype(float)


def check_unique(given: Given, columns: Sequence[str]) -> None:
    """Raise InputError when rows share the same labels in `columns` (a respondent who stands twice).

    Rows that lack one of them are passed over.
    """
    parts = pd.DataFrame({column: labels(given, column) for column in columns})
    again = parts.duplicated(keep=False) & parts.notna().all(axis=1)
    if again.any():  # to join the labels of all rows takes as long as to read them
        shown = parts[again].agg(" / ".join, axis=1)
        refuse(given, " + ".join(columns), again[again], "the same id more than once", "Keep one row for each", shown)


def check_groups(given: Given, groups: pd.Series, column: str) -> None:
    """Raise InputError when a column (its labels `groups`) does not hold two groups or more."""
    if len(found := groups.dropna().unique()) < 2:
        raise InputError(
            f"{given.name}, column {column!r}: there is one group only ({', '.join(map(shortened, found)) or 'nothing'}). "
            "Name a column with two groups or more, or leave `group` out."
        )


def refuse(given: Given, column: str, wrong: pd.Series, what: str, remedy: str, shown: pd.Series | None = None) -> None:
    """Raise InputError naming the first rows where `wrong` holds, if it holds anywhere.

    Parameters
    ----------
    given, column, wrong : as `read` gives it; the column; its unusable rows
    what, remedy : what is wrong with these rows, and what their owner can do, without a full stop
    shown : cells to show in place of the column's own
    """
    refuse_rows(given.frame[column] if shown is None else shown, wrong, column, given.name, what, remedy)


def refuse_rows(shown: pd.Series, wrong: pd.Series, column: str, file: str, what: str, remedy: str) -> None:
    """As `refuse`, for cells that come from elsewhere.

    Parameters
    ----------
    shown, wrong, column, file, what, remedy : the cells; the unusable ones; whose they are; as for `refuse`
    """
    if wrong.any():
        first = "; ".join(
            f"{row(place)}: {'empty' if pd.isna(value) else shortened(value)}"
            for place, value in shown[wrong].head(3).items()
        )
        more = f" and {wrong.sum() - 3} more" if wrong.sum() > 3 else ""
        raise InputError(f"{file}, column {column!r}: {what} ({first}{more}). {remedy}.")


def notes(given: Given, numeric: Sequence[str], named: Sequence[str]) -> list[str]:
    """What the owner of a file should know of it: numbers that may be missing codes, labels that nearly agree.

    Parameters
    ----------
    given, numeric, named : as `read` gives it; its columns of numbers, and of labels
    """
    said = list(given.told)
    for column in numeric:
        _, values = _as_numbers(given, column)
        said += cells.told_suspects(column, dict(values.value_counts()))
    for column in named:
        said += _near_labels(given, column)
    return said


def _near_labels(given: Given, column: str) -> list[str]:
    """Labels that differ in capital letters only, and words that seldom are a label."""
    counts = Counter(labels(given, column).dropna())
    alike: dict[str, list[str]] = {}
    for name in counts:
        alike.setdefault(name.casefold(), []).append(name)
    said = [
        f"{column}: {' and '.join(f'{name} ({cells.about(counts[name])} rows)' for name in names)} differ in capital letters only "
        "and are left apart."
        for names in alike.values()
        if len(names) > 1
    ]
    odd = [name for name in counts if cells.NO_WORDS.fullmatch(name)]
    return said + [
        f"{column}: {name} ({cells.about(counts[name])} rows) is taken for a label. If it means that none is known, write "
        f'`missing: ["{name}"]`.'
        for name in odd
    ]


def _as_numbers(given: Given, column: str) -> tuple[pd.Series, pd.Series]:
    """A column without cells that are one of the user's missing codes as a number (99,0), and as numbers, NaN for text."""
    raw, none = given.frame[column], cells.missing_numbers(given.options.missing)
    if pd.api.types.is_numeric_dtype(raw):
        return raw, raw.astype(float)
    with at(f"{given.name}, column {shortened(column)}"):
        options = given.options
        numbers = _each(
            raw,
            partial(cells.numbers, two_ways=given.two_ways, decimal=options.decimal, thousands=options.thousands),
            float,
        )
    if none and (gone := numbers.isin(none) & ~raw.astype(str).str.contains("%", regex=False)).any():
        raw, numbers = raw.mask(gone), numbers.mask(gone)
    return raw, numbers


def _each(column: pd.Series, what: Callable[[list[object]], Mapping[object, object]], kind: type) -> pd.Series:
    """What a function of the different cells makes of each, looked at once; missing stays."""
    places, found = pd.factorize(column)
    text = isinstance(column.dtype, pd.CategoricalDtype)
    different = list(found if text else column.dropna().unique())  # factorize gives short floats as long ones
    made = what(different)
    return pd.Series(np.array([*(made[cell] for cell in different), np.nan], dtype=kind)[places], column.index)


def _remedy_for_text(given: Given, raw: pd.Series, wrong: pd.Series) -> str:
    """What can be done about text in a number column, by what it looks like."""
    rows, words = list(raw.index[wrong]), [str(v) for v in raw[wrong].unique()]
    if given.ending in (".csv", *files.WORKBOOKS) and rows and rows == list(raw.index[: len(rows)]) and len(rows) <= 3:
        several = len(rows) > 1 and not isinstance(rows[0], str)
        last = f"rows {rows[0]} to {rows[-1]}" if several else " and ".join(map(row, rows))
        return f"If {last} belong to the header, as survey tools write it, take {last} out of the file; else correct or empty these"
    if all(cells.NO_WORDS.fullmatch(word.strip()) for word in words):
        return f"If these mean no answer, write `missing: [{', '.join(map(repr, words[:6]))}]`; else correct them"
    return "Correct or empty these, or name them in `missing` if they mean no answer"


def _filled(column: pd.Series, words: set[str], in_text: bool) -> pd.Series:
    """A column in which text that is one of these words, blanks around it or not, is missing; text alone as categories.

    Parameters
    ----------
    column, words, in_text : the column; what stands for no answer; whether all cells are text
    """
    if in_text:
        column = pd.Series(pd.Categorical.from_codes(*pd.factorize(column)), column.index)
    if pd.api.types.is_numeric_dtype(column):
        return column
    gone = {value for value in column.dropna().unique() if isinstance(value, str) and value.strip() in words}
    return column.mask(column.isin(gone)) if gone else column


def names_of(named: dict[str, str]) -> dict[str, str]:
    """Code -> value label; a label that several codes have is followed by the code."""
    counts = Counter(name.strip() for name in named.values())
    return {
        code: name.strip() if counts[name.strip()] == 1 else f"{name.strip()} ({code})" for code, name in named.items()
    }
