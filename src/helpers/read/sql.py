"""What a cell says, in SQL that DuckDB and Spark read alike: the rules of `cells` for files of any size."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from helpers.project import at
from helpers.read import cells
from helpers.read.cells import Marks
from helpers.read.files import Options

if TYPE_CHECKING:
    from helpers.read.records import Records

_NAN = "CAST('NaN' AS DOUBLE)"
_BLANKS = "[ \u00a0\u2007\u2009\u202f''’]"


def quote(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def literal(text: str) -> str:
    """A text as every engine reads it: for Spark a backslash inside quotes is no character."""
    parts = [quote(part) for part in text.split("\\")]
    return parts[0] if len(parts) == 1 else f"({' || chr(92) || '.join(parts)})"


def label(records: Records, column: str) -> str:
    """A column as a label, as `cells.label` writes it; what is blank is missing."""
    name, kind = records.identifier(column), records.columns[column]
    text = f"CAST({name} AS STRING)"
    if kind == "number":
        return text
    if kind == "date":  # midnight is no time of day
        return f"regexp_replace({text}, ' 00:00:00([+]00)?$', '')"
    # Long ids would lose digits by way of DOUBLE.
    if kind == "float":
        whole = f"coalesce(CAST(TRY_CAST({name} AS BIGINT) AS STRING), {text})"
        written = f"CASE WHEN {name} = floor({name}) THEN {whole} ELSE {text} END"
        return f"CASE WHEN {name} <> {_NAN} THEN {written} END"
    trimmed = f"trim(replace({text}, chr(160), ' '))"
    whole = f"regexp_replace({trimmed}, '^(-?(0|[1-9][0-9]*))[.]0+$', {records.first_group})"
    cleaned = f"nullif(CASE WHEN {trimmed} LIKE '%.0%' THEN {whole} ELSE {trimmed} END, '')"
    # To look first takes half the time: nearly every cell is clean.
    clean = " AND ".join(f"{text} NOT LIKE '{unclean}'" for unclean in (" %", "% ", "%.0%", "", "%\u00a0%"))
    return f"CASE WHEN {clean} THEN {text} ELSE {cleaned} END"


def number(records: Records, column: str) -> str:
    """A column as a number, NULL where it is missing, not a number, or text."""
    name, kind = records.identifier(column), records.columns[column]
    if kind == "number":
        return f"CAST({name} AS DOUBLE)"
    cast = "TRY_CAST" if kind in ("text", "date") else "CAST"
    return f"nullif({cast}({name} AS DOUBLE), {_NAN})"


def plain_number(cell: str, marks: Marks) -> str:
    """SQL of a text cell: a number written with these marks in the one way that SQL reads, any other text as it is."""
    thousands = "," if marks.decimal == "." else "."
    bare = f"trim(regexp_replace(replace(trim({cell}), '−', '-'), '^[+]|[ \u00a0\u202f]*%$', '', 'g'))"
    joined = f"CASE WHEN regexp_matches({bare}, '^-?\\d{{1,3}}({_BLANKS}\\d{{3}})+([^0-9]|$)') THEN regexp_replace({bare}, '{_BLANKS}', '', 'g') ELSE {bare} END"
    grouped = f"'^-?[1-9]\\d{{0,2}}([{thousands}]\\d{{3}})+([{marks.decimal}]\\d+)?$'"
    whole = f"CASE WHEN contains({joined}, '{thousands}') AND regexp_matches({joined}, {grouped}) THEN replace({joined}, '{thousands}', '') ELSE {joined} END"
    # What is left with a mark between thousands is no number, although a point in it could be read as one.
    written = f"CASE WHEN NOT contains({whole}, '{thousands}') THEN replace({whole}, '{marks.decimal}', '.') END"
    return f"CASE WHEN TRY_CAST({written} AS DOUBLE) IS NOT NULL THEN {written} ELSE {cell} || chr(160) END"


def follow_rules(
    records: Records,
    columns: Collection[str],
    labelled: Collection[str],
    options: Options,
    ids: Collection[str],
    two_ways: bool,
) -> Records:
    """Let the user's missing codes be missing, and numbers in text be written in one way.

    Parameters
    ----------
    records, columns, labelled : open records; the columns that are used; those of them that hold labels, not numbers
    options, ids : what the user says of how they are to be read; columns in which the user's missing codes are labels
    two_ways : whether 1.204 may be written with a mark between thousands
    """
    used = [column for column in columns if column in records.columns]
    if options.missing:
        gone = {cells.label(code) for code in options.missing}
        codes = {
            c: gone | {code for code, name in records.labels.get(c, {}).items() if name.strip() in gone} for c in used
        }
        codes = {
            c: of | {records.labels.get(c, {}).get(code, code) for code in of} if c in labelled else of
            for c, of in codes.items()
        }
        records.rewrite({
            column: f"CASE WHEN {label(records, column)} IN ({', '.join(map(quote, sorted(codes[column])))}) THEN NULL ELSE "
            f"{records.identifier(column)} END" for column in used if column not in ids
        })  # fmt: skip
    texts = [column for column in used if column not in labelled and records.columns[column] == "text"]
    records.rewrite(numbers_in_text(records, texts, options, two_ways))
    if two_ways:
        records.rewrite(whole_labels(records, [c for c in used if c in labelled and records.columns[c] == "text"]))
    return records


def whole_labels(records: Records, texts: list[str]) -> dict[str, str]:
    """SQL of label columns all of whose cells are whole numbers with a decimal comma, as 101,0."""
    names = {column: records.identifier(column) for column in texts}
    tests = [
        f"bool_and(regexp_matches({name}, '^[ ]*-?(0|[1-9][0-9]*),0+[ ]*$')) AS t{i}"
        for i, name in enumerate(names.values())
    ]
    found = records.fetch(f"SELECT {', '.join(tests)} FROM file") if tests else {}
    whole = [column for place, column in enumerate(texts) if found[f"t{place}"].tolist() == [True]]
    return {column: f"regexp_replace({names[column]}, ',0+[ ]*$', '')" for column in whole}


def numbers_in_text(records: Records, texts: list[str], options: Options, two_ways: bool) -> dict[str, str]:
    """SQL of those text columns whose numbers SQL does not read rightly by itself.

    Parameters
    ----------
    records, texts, options, two_ways : as for `follow_rules`; columns of text that should be numbers
    """
    if not texts:
        return {}
    names = {column: records.identifier(column) for column in texts}
    open_forms = " OR ".join(
        f"regexp_matches({{0}}, '^[ ]*[-+]?[1-9][0-9]{{{{0,2}}}}[{mark}][0-9]{{{{3}}}}[ ]*$')" for mark in (".", ",")
    )
    odd = {
        column: f"count({name}) > count(TRY_CAST({name} AS DOUBLE)) OR coalesce(bool_or(contains({name}, '_')), false)"
        + (f" OR coalesce(bool_or({open_forms.format(name)}), false)" if two_ways else "")
        for column, name in names.items()
    }
    found = records.fetch(
        f"SELECT {', '.join(f'{test} AS t{place}' for place, test in enumerate(odd.values()))} FROM file"
    )
    written = {}
    for place, (column, name) in enumerate(names.items()):
        if found[f"t{place}"][0] or options.decimal or options.thousands:
            values = records.fetch(f"SELECT DISTINCT {name} AS v FROM file WHERE {name} IS NOT NULL")["v"]
            with at(f"{records.name}, column {column!r}"):
                marks = cells.Marks(values, two_ways, options.decimal, options.thousands)
                cells.refuse_percent(values, marks)
            written[column] = plain_number(name, marks)
    return written
