"""What a cell says, in SQL that DuckDB and Spark read alike: the rules of `cells` for files of any size."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import compress
from typing import TYPE_CHECKING

from helpers.project import InputError, at
from helpers.read import cells, frames, repeats, saved
from helpers.read.cells import Marks
from helpers.read.files import AGAIN, Options, shortened
from helpers.read.relations import quote

if TYPE_CHECKING:
    from helpers.read.engine import SqlRecords

_NAN = "CAST('NaN' AS DOUBLE)"
_BLANKS = " \t\n\v\f\r"  # around what SQL casts to a number
_FIRST = 3  # columns, one of which has something in nearly every record
_SAMPLE = 1000  # records in which a column is looked at before all of it is


def literal(text: str) -> str:
    """A text as every engine reads it: for Spark a backslash inside quotes is no character."""
    parts = [quote(part) for part in text.split("\\")]
    return parts[0] if len(parts) == 1 else f"({' || chr(92) || '.join(parts)})"


def label(records: SqlRecords, column: str) -> str:
    """A column as a label, as `cells.label` writes it; what is blank is missing."""
    name, kind = records.identifier(column), records.columns[column]
    text = f"CAST({name} AS STRING)"
    if kind in ("number", "clean"):
        return text
    if kind == "date":  # midnight is no time of day
        return f"regexp_replace({text}, ' 00:00:00([+]00)?$', '')"
    # Long ids would lose digits by way of DOUBLE.
    if kind == "float":
        whole = f"TRY_CAST({name} AS BIGINT)"
        written = f"CASE WHEN {whole} = {name} THEN CAST({whole} AS STRING) ELSE {records.decimal(name)} END"
        return f"CASE WHEN {name} <> {_NAN} THEN {written} END"
    trimmed = f"trim(BOTH {quote(cells.SPACES)} FROM {text})"
    whole = f"regexp_replace({trimmed}, '^(-?(0|[1-9][0-9]*))[.]0+$', {records.first_group})"
    gaps = ", ".join(map(quote, dict.fromkeys(["", *records.gaps])))
    cleaned = (
        f"CASE WHEN {trimmed} NOT IN ({gaps}) THEN CASE WHEN {trimmed} LIKE '%.0%' THEN {whole} ELSE {trimmed} END END"
    )
    # To look first takes a tenth of the time.
    return f"CASE WHEN {_clean(text)} THEN {text} ELSE {cleaned} END"


def _clean(text: str) -> str:
    """SQL that says that a cell is its own label: it begins and ends with something that is seen, as nearly all do.

    What begins with an apostrophe, which may keep it from being a formula, or with a sign before it, is looked at again.
    """
    seen = f"{text} >= '(' AND {text} < '~' AND right({text}, 1) >= '!' AND right({text}, 1) < '~'"
    return f"{seen} AND {text} NOT LIKE '%.0%'"


def number(records: SqlRecords, column: str) -> str:
    """A column as a number, NULL where it is missing, not a number, or text."""
    name, kind = records.identifier(column), records.columns[column]
    if kind == "number":
        return f"CAST({name} AS DOUBLE)"
    in_text = kind in ("text", "date")
    value = records.number(f"CAST({name} AS STRING)") if in_text else f"CAST({name} AS DOUBLE)"
    return f"nullif({value}, {_NAN})"


def plain_number(records: SqlRecords, cell: str, marks: Marks) -> str:
    """SQL of a text cell: a number written with these marks in the one way that SQL reads, any other text as it is."""
    spaces, thousands = cells.SPACES, "," if marks.decimal == "." else "."
    trimmed = f"replace(trim(BOTH {quote(spaces)} FROM {cell}), '−', '-')"
    bare = f"regexp_replace(regexp_replace({trimmed}, {quote(f'[{spaces}]*%$')}, ''), '^[+]', '')"
    grouped = records.matches(bare, cells.GROUPED)
    joined = f"CASE WHEN {grouped} THEN translate({bare}, {quote(cells.BLANKS.strip('[]'))}, '') ELSE {bare} END"
    in_threes = records.matches(joined, f"-?[1-9][0-9]{{0,2}}([{thousands}][0-9]{{3}})+([{marks.decimal}][0-9]+)?")
    whole = f"CASE WHEN {in_threes} THEN replace({joined}, '{thousands}', '') ELSE {joined} END"
    # What is left with a mark between thousands is no number, although a point in it could be read as one.
    written = f"CASE WHEN NOT contains({whole}, '{thousands}') THEN replace({whole}, '{marks.decimal}', '.') END"
    # What is no number for Python may be one for SQL (1_000): a blank that nobody sees keeps it text.
    return f"CASE WHEN {records.matches(written, cells.NUMBER)} THEN {written} ELSE {cell} || chr(160) END"


def follow_rules(
    records: SqlRecords,
    columns: Collection[str],
    labelled: Collection[str],
    options: Options,
    ids: Collection[str],
    two_ways: bool,
) -> SqlRecords:
    """Let the user's missing codes be missing, and numbers in text be written in one way.

    Parameters
    ----------
    records, columns, labelled : open records; the columns that are used; those of them that hold labels, not numbers
    options, ids : what the user says of how they are to be read; columns in which the user's missing codes are labels
    two_ways : whether 1.204 may be written with a mark between thousands
    """
    used = [column for column in columns if column in records.columns]
    texts = [column for column in used if records.columns[column] == "text"]
    named = [column for column in texts if column in labelled]
    texts = [column for column in texts if column not in labelled]
    odd, clean = _look(records, used, texts, named, two_ways)
    records.columns |= dict.fromkeys(clean, "clean")
    if options.missing:
        records.rewrite(
            {
                column: f"CASE WHEN {_is_gone(records, column, options, column in labelled)} THEN NULL ELSE {records.identifier(column)} END"
                for column in used
                if column not in ids
            }
        )
    given = bool(options.decimal or options.thousands)
    records.rewrite(numbers_in_text(records, [c for c in texts if c in odd or given], options, two_ways))
    guarded = _without_guards(records, [column for column in named if column not in clean])
    records.rewrite(guarded)
    clean += guarded
    if whole := whole_labels(records, named):
        records.rewrite(whole)
        gone = {column: _is_gone(records, column, options, True) for column in whole if column not in ids}
        if options.missing:
            records.rewrite(
                {c: f"CASE WHEN {test} THEN NULL ELSE {records.identifier(c)} END" for c, test in gone.items()}
            )
    records.columns |= dict.fromkeys(clean, "clean")  # those that were written anew still are
    records.labels |= {
        column: cells.kept_labels(named, options.missing)
        for column, named in records.labels.items()
        if column not in ids
    }
    return records


def _is_gone(records: SqlRecords, column: str, options: Options, in_words: bool) -> str:
    """SQL that says whether a cell is one of the user's missing codes; a column `in_words` shows value labels."""
    codes, named = {cells.label(code) for code in options.missing}, records.labels.get(column, {})
    codes |= {code for code, name in named.items() if name.strip() in codes}
    codes |= set(map(saved.as_text, codes))
    if in_words:
        shown = frames.names_of(named)
        codes |= {shown[code] for code in codes if code in shown}
    test = f"{label(records, column)} IN ({', '.join(map(literal, sorted(codes)))})"
    found = sorted(cells.missing_numbers(options.missing))
    if in_words or not found or records.columns[column] == "date":
        return test
    return f"({test} OR {number(records, column)} IN ({', '.join(f'CAST({n!r} AS DOUBLE)' for n in found)}))"


def _look(
    records: SqlRecords, used: list[str], texts: list[str], named: list[str], two_ways: bool
) -> tuple[list[str], list[str]]:
    """Columns that need no, or more than a, second look, by one scan; blank rows are left out.

    Of `texts` those that hold what SQL does not read as numbers rightly by itself, and of the labels in `named` those
    whose cells are all their own labels. Raises InputError where no rows are left.

    Parameters
    ----------
    records, used, texts, two_ways : as for `follow_rules`; columns of text that should be numbers
    named : columns of text that hold labels
    """
    # Rows that have something have it in the first columns, nearly always; and to join cells is faster than to look in each.
    few = (used or list(records.columns))[:_FIRST]
    blank = f"count(*) FILTER (WHERE {_blank(records, few)})" if records.blank_rows else "0"
    joined = f"coalesce(bool_or(contains(concat_ws('', {', '.join(map(records.identifier, texts))}), '_')), false)"
    odd = [_odd(records, records.identifier(column), two_ways) for column in texts]
    clean = [f"coalesce(bool_and({_clean(records.identifier(column))}), false)" for column in named]
    left, gone, underscores, *seen = _aggregates(
        records, ["count(*)", blank, joined if texts else "false", *odd, *clean]
    )
    if gone:
        left -= records.leave_out(_blank(records, list(records.columns)))
    if records.whole:  # Spark never is: to look takes long where records are many
        records.told += repeats.in_sql(
            lambda count: int(records.fetch(count)["n"][0]), "file", len(records.columns), left
        )
    if not left:
        raise InputError(f"{records.name}: there are no records: columns but no rows. {AGAIN}")
    if underscores:
        held = [f"coalesce(bool_or(contains({records.identifier(column)}, '_')), false)" for column in texts]
        seen[: len(texts)] = map(max, seen, _aggregates(records, held))
    return list(compress(texts, seen)), list(compress(named, seen[len(texts) :]))


def _aggregates(records: SqlRecords, expressions: list[str]) -> list[int]:
    """Whole numbers or truth values of all records, by one scan where there is anything to find."""
    if not expressions:
        return []
    named = ", ".join(f"{expression} AS a{place}" for place, expression in enumerate(expressions))
    found = records.fetch(f"SELECT {named} FROM file")
    return [int(found[f"a{place}"][0]) for place in range(len(expressions))]


def _blank(records: SqlRecords, columns: list[str]) -> str:
    """SQL that says whether all these cells are empty; the second is looked at where the first is."""
    return f"coalesce({', '.join(label(records, column) for column in columns)}) IS NULL"


def _odd(records: SqlRecords, name: str, two_ways: bool) -> str:
    """SQL of a column of text that says whether it holds text, or a number that can be read in two ways."""
    test = f"count({name}) > count({records.number(name)})"
    if two_ways:
        open_number = records.matches(name, f"[{_BLANKS}]*[-+]?[1-9][0-9]{{0,2}}[.,][0-9]{{3}}[{_BLANKS}]*")
        test += f" OR coalesce(bool_or({open_number}), false)"
    return test


def _without_guards(records: SqlRecords, texts: list[str]) -> dict[str, str]:
    """SQL of label columns without the apostrophe that keeps a spreadsheet from taking a name for a formula.

    As in `cells.labelled` it stays where two names would become one.
    """
    first = {column: label(records, column) for column in texts if column not in records.labels}
    held = {c: f"({name} LIKE '''%' AND {records.matches(name, saved.GUARDED)})" for c, name in first.items()}
    found = list(compress(held, _aggregates(records, [f"coalesce(bool_or({test}), false)" for test in held.values()])))
    meant = {c: f"CASE WHEN {held[c]} THEN substr({first[c]}, 2) ELSE {first[c]} END" for c in found}
    joined = _aggregates(records, [f"count(DISTINCT {first[c]}) > count(DISTINCT {meant[c]})" for c in found])
    return {column: meant[column] for column, two in zip(found, joined, strict=True) if not two}


def whole_labels(records: SqlRecords, texts: list[str]) -> dict[str, str]:
    """SQL of label columns all of whose cells are whole numbers with a decimal comma, as 101,0."""
    first = {column: label(records, column) for column in texts}
    if not texts:
        return {}
    some = records.fetch(
        f"SELECT {', '.join(f'{name} AS l{i}' for i, name in enumerate(first.values()))} FROM file LIMIT {_SAMPLE}"
    )
    likely = [
        column
        for place, column in enumerate(texts)
        if all(re.fullmatch(cells.WHOLE_BY_COMMA, cell) for cell in some[f"l{place}"] if isinstance(cell, str))
    ]
    if not likely:
        return {}
    tests = [f"bool_and({records.matches(first[c], cells.WHOLE_BY_COMMA)}) AS t{i}" for i, c in enumerate(likely)]
    found = records.fetch(f"SELECT {', '.join(tests)} FROM file")
    whole = [column for place, column in enumerate(likely) if found[f"t{place}"].tolist() == [True]]
    return {column: f"regexp_replace({first[column]}, ',0+$', '')" for column in whole}


def numbers_in_text(records: SqlRecords, texts: list[str], options: Options, two_ways: bool) -> dict[str, str]:
    """SQL of text columns whose numbers SQL does not read rightly by itself.

    Parameters
    ----------
    records, texts, options, two_ways : as for `follow_rules`; columns of text that should be numbers
    """
    written, none = {}, sorted(cells.missing_numbers(options.missing))
    for column in texts:
        name = records.identifier(column)
        values = records.fetch(f"SELECT DISTINCT {name} AS v FROM file WHERE {name} IS NOT NULL ORDER BY 1")["v"]
        with at(f"{records.name}, column {shortened(column)}"):
            marks = cells.Marks(values, two_ways, options.decimal, options.thousands)
            cells.refuse_percent(values, marks)
        written[column] = plain_number(records, name, marks)
        if none:
            codes = ", ".join(f"CAST({number!r} AS DOUBLE)" for number in none)
            written[column] = (
                f"CASE WHEN NOT contains({name}, '%') AND {records.number(written[column])} IN ({codes}) THEN NULL "
                f"ELSE {written[column]} END"
            )
    return written
