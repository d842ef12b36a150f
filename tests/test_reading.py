"""One door for every file: one table of cases whose answers are known, read as a frame and as a stream of records."""

import datetime as dt
import time

import duckdb
import fuzz_reading
import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import write_records
from helpers.estimate import complete_records, moments
from helpers.project import InputError
from helpers.read import frames, records, relations, sql, survey, texts
from helpers.read.files import Options

BIG = 2**53 + 1  # the first whole number that a float does not hold


def by_frame(path, column, kind, options):
    found = frames.read(path, [column], options, ids=[column] if kind == "id" else ())
    values = (frames.numbers if kind == "number" else frames.labels)(found, column)
    return [None if pd.isna(value) else value for value in values]


def by_stream(path, column, kind, options):
    labelled, ids = [] if kind == "number" else [column], [column] if kind == "id" else []
    with records.open_records(path, [column], labelled, options, ids) as source:
        if kind == "number":  # as every estimate refuses them
            complete_records.refuse(source, column, "label IS NOT NULL AND number IS NULL", "text in a number column")
            complete_records.refuse(source, column, "abs(number) = CAST('Infinity' AS DOUBLE)", "infinite values")
        cell = (sql.number if kind == "number" else sql.label)(source, column)
        return [value for (value,) in source.connection.execute(f"SELECT {cell} FROM file").fetchall()]


DOORS = pytest.mark.parametrize("door", [by_frame, by_stream])


def text(content, encoding="utf-8"):
    """A CSV file."""

    def build(folder):
        path = folder / "mine.csv"
        path.write_bytes(content.encode(encoding))
        return path

    return build


def cells(*given, mark=","):
    """A CSV file with these cells in the column v, in quotes where the commas stand between columns."""
    quote = '"' if mark == "," else ""
    return text(f"k{mark}v\n" + "".join(f"r{mark}{quote}{cell}{quote}\n" for cell in given))


def semicolons(*given):
    return cells(*given, mark=";")


def in_latin_1(ending):
    """A file of SPSS or Stata that says UTF-8 and has one letter of latin-1."""

    def build(folder):
        path = statistical(ending, ["XéX", "b"])(folder)
        path.write_bytes(path.read_bytes().replace("é".encode(), "é".encode("latin-1") + b" "))
        return path

    return build


def nameless(folder):
    """A file of SPSS that damage took a name from."""
    path = folder / "mine.sav"
    pyreadstat.write_sav(pd.DataFrame({"v": [1.0, 2], "w": [1.0, 2]}), str(path))
    path.write_bytes(path.read_bytes().replace(b"W=w", b"W= "))
    return path


def sheet(*given, name="v", above=()):
    """A workbook with these cells below a name; None is an empty one."""

    def build(folder):
        book = openpyxl.Workbook()
        for row in (*above, ["k", name], *(["r", cell] for cell in given)):
            book.active.append(row)
        book.save(folder / "mine.xlsx")
        return folder / "mine.xlsx"

    return build


def parquet(values):
    """A Parquet file with these SQL values in the column v."""

    def build(folder):
        duckdb.sql(f"SELECT * FROM (VALUES {', '.join(f'({v})' for v in values)}) t(v)").write_parquet(
            str(folder / "mine.parquet")
        )
        return folder / "mine.parquet"

    return build


def statistical(ending, values, **said):
    """A file of SPSS or Stata with these values in the column v, and what it says of them."""

    def build(folder):
        path = folder / f"mine{ending}"
        kind = "sav" if ending == ".zsav" else ending[1:]
        more = {"compress": True} if ending == ".zsav" else {}
        name = "V" if ending == ".por" else "v"
        getattr(pyreadstat, f"write_{kind}")(pd.DataFrame({name: values}), str(path), **more, **said)
        return path

    return build


def spss(values, **said):
    return statistical(".sav", values, **said)


BELOW = "a,1\nb,2\n"
QUALTRICS = '"Who, then?","How\nmany?"\n"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
DOWN = {"v": {1: "always", 2: " often", 3: "seldom ", 4: "never"}}
# What it is: the file, what is asked of its column (number, label, or id, which keeps missing codes), the answer or parts
# of the refusal, and what more there is: options, the column's name.
GUARDED = ["'=1+1", "'@b", "'- none", "''=c", "'tis", "a", "'＝d", "'\te", "'+f\ng", " '-h "]
UNGUARDED = ["=1+1", "@b", "- none", "'=c", "'tis", "a", "＝d", "\te", "+f\ng", "-h"]
CASES = {
    # numbers
    "plain numbers": (cells("1.5", "2", "-3", ".5", "5.", "1e3", "007"), "number", [1.5, 2, -3, 0.5, 5, 1000, 7]),
    "blanks, plus and minus": (cells(" 1.5 ", "+2", "\u00a03\u00a0", "−4", "\t5"), "number", [1.5, 2, 3, -4, 5]),
    "blanks between thousands": (cells("1 204", "1\u00a0204", "1\u202f204.5", "1'204", "1 204 567"), "number", [1204, 1204, 1204.5, 1204, 1204567]),
    "blanks elsewhere": (cells("5 678 9", "1"), "number", ("text in a number column", "5 678 9")),
    "decimal commas": (semicolons("1,5", "2", "1.204,5"), "number", [1.5, 2, 1204.5]),
    "decimal commas in quotes": (cells("1,5", "2,25"), "number", [1.5, 2.25]),
    "points that another cell decides": (semicolons("1.204", "2.5"), "number", [1.204, 2.5]),
    "commas that another cell decides": (cells("1,204", "2,500.5"), "number", [1204, 2500.5]),
    "millions": (semicolons("1.204.567", "33.110"), "number", [1204567, 33110]),
    "open points": (semicolons("1.204", "33.110"), "number", ("column 'v'", "can be read as 1204 ", "or as 1.204 ", 'decimal: ","', 'decimal: "."')),
    "open commas": (cells("1,204"), "number", ("can be read as 1204 ", "or as 1.204 ", 'decimal: "."')),
    "open points in a tabbed cell": (semicolons("\t1.204"), "number", ("can be read as 1204 ",)),
    "plain points in a file of commas": (text("k,v\na,1.204\nb,33.110\n"), "number", [1.204, 33.11]),
    "decimal by the user": (semicolons("1.204"), "number", [1204], {"options": Options(decimal=",")}),
    "point by the user": (semicolons("1.204"), "number", [1.204], {"options": Options(decimal=".")}),
    "thousands by the user": (semicolons("1.204"), "number", [1204], {"options": Options(thousands=".")}),
    "a mark that is none": (semicolons("1.204"), "number", ("`decimal`", "point or a comma"), {"options": Options(decimal=";")}),
    "two ways of writing": (cells("1.5", "1,5"), "number", ("'1.5'", "'1,5'", "in one way")),
    "percent": (cells("45%", "50 %", "5\u00a0%", "0"), "number", [45, 50, 5, 0]),
    "percent and none": (cells("45%", "50"), "number", ("percent sign", "'45%'", "'50'")),
    "groups of two": (cells("12,34,567.5"), "number", ("text in a number column",)),
    "underscores": (cells("1_000", "2"), "number", ("text in a number column", "1_000")),
    "letters that Java takes for numbers": (cells("1", "2d", "0x1p3"), "number", ("text in a number column", "2d")),
    "an underscore beside gaps": (text("k,v\n,2\n,1_000\n"), "number", ("text in a number column", "1_000")),
    "digits of other scripts": (cells("٣", "１２", "2"), "number", ("text in a number column", "٣")),
    "words": (cells("1", "three"), "number", ("text in a number column", "three")),
    "infinite": (cells("1", "inf"), "number", ("infinite values", "inf")),
    "too large": (cells("1", "1e400"), "number", ("infinite values", "1e400")),
    "no number by another spelling": (cells("1", "NAN"), "number", ("text in a number column", "NAN")),
    # gaps
    "gaps": (cells("1", "", " ", "NA", "N/A", "NaN", "."), "number", [1, None, None, None, None, None, None]),
    "gaps with blanks": (cells("1", "  ", " NA", "NA ", "\u00a0"), "number", [1, None, None, None, None]),
    "gaps among labels": (cells("a", "  ", " NA", "n/a"), "label", ["a", None, None, "n/a"]),
    # names that an apostrophe keeps from being formulas
    "kept from being formulas": (cells(*GUARDED), "label", UNGUARDED),
    "ids kept from being formulas": (cells(*GUARDED), "id", UNGUARDED),
    "kept from being another's name": (cells("'=a", "=a", "'+b"), "label", ["'=a", "=a", "'+b"]),
    "a missing word kept from being a formula": (cells("'- none", "a"), "label", [None, "a"], {"options": Options(missing=["- none"])}),
    "numbers with commas kept from being formulas": (semicolons("'-1,0", "2,0"), "label", ["-1", "2"]),
    "words of spreadsheets": (cells("1", "#N/A", "n/a"), "number", ("text in a number column", "#N/A")),
    "missing words": (cells("1", "#N/A", " k.A. "), "number", [1, None, None], {"options": Options(missing=["#N/A", "k.A."])}),
    "missing codes however written": (semicolons("1", "99", "99.0", "99,0", " 99 ", "99,00"), "number", [1, None, None, None, None, None], {"options": Options(missing=[99])}),
    "a missing decimal": (semicolons("1,5", "-99,5"), "number", [1.5, None], {"options": Options(missing=[-99.5])}),
    "missing, not ninety-nine percent": (cells("99%", "5%"), "number", [99, 5], {"options": Options(missing=[99])}),
    "missing labels": (semicolons("9,0", "1,0"), "label", [None, "1"], {"options": Options(missing=[9])}),
    "ids have no missing codes": (cells("9", "99"), "id", ["9", "99"], {"options": Options(missing=[9, 99])}),
    "missing in a workbook": (sheet(7.2, "k.A.", 99), "number", [7.2, None, None], {"options": Options(missing=["k.A.", 99])}),
    "missing by its value label": (spss([1.0, 2, 9], variable_value_labels={"v": {9: "refused "}}), "number", [1, 2, None], {"options": Options(missing=["refused"])}),
    # labels and ids
    "ids": (cells(" 101", "101.0", "101 ", "\t101", "101.00"), "id", ["101"] * 5),
    "ids with a comma": (semicolons(" 101,0", "7,0", "-3,00"), "id", ["101", "7", "-3"]),
    "ids with a comma in quotes": (cells("101,0", "7,0"), "id", ["101", "7"]),
    "rooms": (semicolons("7,2", "101,0", "1.20"), "label", ["7,2", "101,0", "1.20"]),
    "leading zeros": (cells("007", "7", "007.0", "0"), "id", ["007", "7", "007.0", "0"]),
    "long ids": (cells(BIG, f"{BIG}.0", "9" * 30), "id", [str(BIG), str(BIG), "9" * 30]),
    "long ids in a Parquet file": (parquet([f"{BIG}::BIGINT", "NULL", 1]), "id", [str(BIG), None, "1"]),
    "ids of a database": (parquet([f"{BIG}::DECIMAL(20,1)", 1]), "id", [str(BIG), "1"]),
    "long ids as text in a workbook": (sheet(str(BIG), 101), "id", [str(BIG), "101"]),
    "capitals are a difference": (cells("Maths", "maths"), "label", ["Maths", "maths"]),
    "blanks inside are kept": (cells("a  b", "a\u00a0b"), "label", ["a  b", "a\u00a0b"]),
    "odd blanks around": (cells("\u2003A", "\u00a0A\u2009", "\x0bA"), "label", ["A", "A", "A"]),
    "quotes and strokes": (cells('a""b', "it's", "a\\b", "\\"), "label", ['a"b', "it's", "a\\b", "\\"]),
    "line ends in cells": (cells("a\nb", "c"), "label", ["a\nb", "c"]),
    "words of truth": (cells("TRUE", "no"), "label", ["TRUE", "no"]),
    # types of their own
    "numbers as labels": (parquet(["2.5::DOUBLE", 101, "1e-7", "1e20", "NULL", "'nan'", "-0.0"]), "label", ["2.5", "101", "1e-07", "1e+20", None, None, "0"]),
    "short floats": (parquet(["0.1::FLOAT", 2]), "label", ["0.1", "2"]),
    "decimals": (parquet(["1.50::DECIMAL(18,3)", "2.000", "NULL"]), "label", ["1.5", "2", None]),
    "decimals as numbers": (parquet(["1.204::DECIMAL(18,3)", "33.110"]), "number", [1.204, 33.11]),
    "truth": (parquet(["true", "false", "NULL"]), "label", ["true", "false", None]),
    "truth as numbers": (parquet(["true", "false", "NULL"]), "number", [1, 0, None]),
    "dates": (parquet(["'2014-03-01'::DATE", "NULL"]), "label", ["2014-03-01", None]),
    "times": (parquet(["'2014-03-01'::TIMESTAMP", "'2014-03-01 12:30:00.5'"]), "label", ["2014-03-01", "2014-03-01 12:30:00.5"]),
    "times of a zone": (parquet(["'2014-03-01 01:00:00+01'::TIMESTAMPTZ", "'2014-03-01 12:30:00+00'"]), "label", ["2014-03-01", "2014-03-01 12:30:00"]),
    "dates are no numbers": (parquet(["'2014-03-01'::DATE"]), "number", ("text in a number column", "2014")),
    "lists": (parquet(["[1, 2]"]), "label", ["[1, 2]"]),
    "hours": (parquet(["'12:30:00'::TIME"]), "label", ["12:30:00"]),
    "lists are no numbers": (parquet(["[1, 2]"]), "number", ("text in a number column",)),
    "text in a Parquet file": (parquet(["' a '", "''", "'101.0'", "'NA'", "'  '"]), "label", ["a", None, "101", "NA", None]),
    "numbers as text in a Parquet file": (parquet(["'1,5'", "''", "'2'"]), "number", [1.5, None, 2]),
    "open numbers as text in a Parquet file": (parquet(["'1.204'"]), "number", ("can be read as 1204 ",)),
    # workbooks
    "a workbook": (sheet(1, 2.5, None, 101), "label", ["1", "2.5", None, "101"]),
    "numbers of a workbook": (sheet(1, 2.5, "", "NA"), "number", [1, 2.5, None, None]),
    "numbers and texts of a workbook": (sheet(7.2, "7,5", "07", 1.204), "number", [7.2, 7.5, 7, 1.204]),
    "truth in a workbook": (sheet(True, False, None), "number", [1, 0, None]),
    "truth among numbers": (sheet(True, 1, 2), "label", ["true", "1", "2"]),
    "dates in a workbook": (sheet(dt.date(2014, 3, 1), dt.datetime(2014, 3, 1, 12, 30), "2014-03-02"), "label", ["2014-03-01", "2014-03-01 12:30:00", "2014-03-02"]),
    "durations in a workbook": (sheet(dt.timedelta(days=2), dt.timedelta(hours=30)), "label", ["2 days 00:00:00", "1 days 06:00:00"]),
    "a blank row in a workbook": (sheet(1, None, 2, above=[[], []]), "number", [1, None, 2]),
    # files of statistics
    "codes": (spss([1.0, 2.5, np.nan]), "label", ["1", "2.5", None]),
    "value labels, highest first": (spss([1.0, 4, 2, 3], variable_value_labels=DOWN), "label", ["always", "never", "often", "seldom"]),
    "value labels of Stata": (statistical(".dta", [1.0, 4, 2, 5], variable_value_labels=DOWN), "label", ["always", "never", "often", "5"]),
    "labels that codes share": (spss([1.0, 2], variable_value_labels={"v": {1: "no", 2: "no "}}), "label", ["no (1)", "no (2)"]),
    "labels are no numbers": (spss([1.0, 4], variable_value_labels=DOWN), "number", [1, 4]),
    "labels of letters": (spss(["a", "b"], variable_value_labels={"v": {"a": "Alpha"}}), "label", ["Alpha", "b"]),
    "declared missing": (spss([1.0, 98, 99, 97.5], missing_ranges={"v": [{"lo": 97, "hi": 98}, 99]}), "number", [1, None, None, None]),
    "declared missing letters": (spss(["a", "x"], missing_ranges={"v": ["x"]}), "label", ["a", None]),
    "missing letters of Stata": (statistical(".dta", [1.0, "a", 2.0], missing_user_values={"v": ["a"]}), "number", [1, None, 2]),
    "dates of SPSS": (spss([dt.date(2014, 3, 1), None]), "label", ["2014-03-01", None]),
    "text of Stata": (statistical(".dta", [" a ", "", "101.0"]), "label", ["a", None, "101"]),
    "a packed file": (statistical(".zsav", [1.0, 4], variable_value_labels=DOWN), "label", ["always", "never"]),
    "a portable file": (statistical(".por", [1.0, 2.5, np.nan]), "number", [1, 2.5, None], {"column": "V"}),
    "words in a portable file": (statistical(".por", ["a", " 101.0"]), "label", ["a", "101"], {"column": "V"}),
    "another encoding in SPSS": (in_latin_1(".sav"), "label", ("mine.sav", "not in the encoding", "`encoding: cp1252`")),
    "another encoding in Stata": (in_latin_1(".dta"), "label", ("mine.dta", "not in the encoding", "`encoding: cp1252`")),
    "a name that is lost": (nameless, "number", ("mine.sav: a column has no name",)),
    "latin-1 in SPSS": (in_latin_1(".sav"), "label", ["Xé X", "b"], {"options": Options(encoding="latin-1")}),
    # headers and rows
    "blank lines": (text("k,v\na,1\n\nb,2\n\n"), "number", [1, 2]),
    "blank rows": (text("k,v\na,1\n,\nb,2\n , \n"), "number", [1, 2]),
    "rows without this": (text("k,v\na,1\nb,\nc,  \n , NA\n"), "number", [1, None, None]),
    "rows without this, in capitals too": (text("K,v,k\na,1,\n,,b\n ,,\n"), "number", [1, None]),
    "blank rows before": (text("\n\nk,v\na,1\n"), "number", [1]),
    "one column": (text("v\n1\n\n2\n"), "number", [1, 2]),
    "a row of missing codes is no blank one": (text("k,v\na,1\n9,9\n"), "label", ["1", None], {"options": Options(missing=[9])}),
    "short rows": (text("k,v,w\na,1\nb,2,3\n"), "label", ("unequal length (row 2: 2 cells instead of 3)",)),
    "a short last row": (text("k,v,w\na,1,2\nb,2\n"), "label", ("unequal length (row 3: 2 cells instead of 3)",)),
    "long rows": (text("k,v\na,1,2\nb,2\n"), "label", ("unequal length (row 2: 3 cells instead of 2)",)),
    "a column without a name": (text("k,,w\na,1,\n"), "number", [1], {"column": "column 2"}),
    "a mark at the end": (text("k,v,\na,1,\nb,2,\n"), "number", [1, 2]),
    "no rows": (text("k,v\n"), "label", ("mine.csv", "columns but no rows")),
    "sep= and semicolons": (text("sep=;\nk;v\na;1,5\n"), "number", [1.5]),
    "sep= in quotes": (text('"sep=|"\nk|v\na|1.5\n'), "number", [1.5]),
    "tabs": (text("k\tv\na\t1,5\n"), "number", [1.5]),
    "blanks around names": (text(f" k , v \n{BELOW}"), "number", [1, 2]),
    "blanks before quotes": (text('k, "v, x"\na, "1, 2"\n'), "label", ["1, 2"], {"column": "v, x"}),
    "line ends in names": (text(f'k,"v\nx"\n{BELOW}'), "number", [1, 2], {"column": "v x"}),
    "a form feed in a name": (text("k,v\x0cw,z\na,1,2\n"), "number", [2], {"column": "z"}),
    "a quote in a name": (text(f'k,"a""b"\n{BELOW}'), "number", [1, 2], {"column": 'a"b'}),
    "three rows of Qualtrics": (text(f"k,v\n{QUALTRICS}{BELOW}"), "number", [1, 2]),
    "two rows of SurveyMonkey": (text("ID,Who?,Which?,,\n,Response,A,B,Response\n7,x,1,2,3\n"), "number", [2], {"column": "Which?: B"}),
    "the same name twice": (text("k,v,v \na,1,2\n"), "number", ("two columns are named 'v'",)),
    "names that differ in capitals": (text("k,V,v,K\na,1,2,3\n"), "number", [2]),
    "no such column": (text("k,vv\na,1\n"), "number", ("mine.csv: no column 'v'", "Did you mean 'vv'")),
    "Windows and Unix line ends": (text('k,v\r\na,"1\r\n2"\nb,3\r\nc,"x\ny"\n'), "label", ["1\r\n2", "3", "x\ny"]),
    "line ends of old": (text("k,v\ra,1\rb,2\r"), "number", [1, 2]),
    "a byte-order mark": (text("\ufeff\"v\",k\n1,a\n"), "number", [1]),
    "utf-16": (text("k;v\na;é\n", "utf-16"), "label", ["é"], {"options": Options(encoding="utf-16")}),
    "latin-1": (text("k;v\na;é\n", "latin-1"), "label", ["é"], {"options": Options(encoding="latin-1")}),
    "another encoding": (text("k;v\na;x\nb;é\n", "latin-1"), "label", ("mine.csv, row 3", "not utf-8", "encoding: latin-1")),
    "a quote that is not closed": (text('k,v\na,"x\nb,y\n'), "label", ("mine.csv", "cannot be read")),
    "another encoding after names that differ in capitals": (text("V,v\na,x\nb,é\n", "latin-1"), "label", ("mine.csv, row 3", "not utf-8")),
    "zeros in the text": (text("k,v\na,\0\n"), "label", ("no text",)),
}  # fmt: skip


def check_case(folder, case, door, refused=()):
    """A file of the table read by one door gives the known answer, or is refused in words; `refused`: where this door has other ones."""
    build, kind, wanted, *more = CASES[case]
    said = {"column": "v", "options": Options()} | (more[0] if more else {})
    path, wanted = build(folder), refused or wanted
    if isinstance(wanted, tuple):
        with pytest.raises(InputError) as error:
            door(path, said["column"], kind, said["options"])
        assert [part for part in wanted if part not in str(error.value)] == []
        return
    found = door(path, said["column"], kind, said["options"])
    assert found == (pytest.approx(wanted) if kind == "number" else wanted)


@DOORS
@pytest.mark.parametrize("case", CASES)
def test_both_doors_give_the_known_answer(tmp_path, case, door):
    check_case(tmp_path, case, door)


WORDS = ["never", "seldom", "often", "always"]


@pytest.mark.parametrize("labels", [[], WORDS])
@pytest.mark.parametrize("codes", [(1, 2, 3, 4), (4, 3, 2, 1), (0, 1, 2, 3), (10, 20, 30, 40)])
def test_words_decide_whatever_the_codes(tmp_path, codes, labels):
    """By the user's words in their order; without these in that of the file's codes."""
    said = [0, 3, 1, 2, 0, 3]
    path = tmp_path / "mine.sav"
    named = dict(zip(codes, WORDS, strict=True))
    pyreadstat.write_sav(
        pd.DataFrame({"v": [float(codes[k]) for k in said]}), str(path), variable_value_labels={"v": named}
    )
    found, words = frames.answers(frames.read(path, ["v"]), ["v"], labels)
    falling = codes[0] > codes[-1] and not labels
    assert words == (WORDS[::-1] if falling else WORDS)
    assert found["v"].tolist() == [(4 - k if falling else k + 1) for k in said]


# Waves as they stand in a file, and their order; none where nothing tells it. What the user says of it.
ORDERS = {
    "numbers in words": (semicolons("wave 10", "wave 9", "wave 8"), ["wave 8", "wave 9", "wave 10"]),
    "numbers": (semicolons("10", "2.0", " 1"), ["1", "2", "10"]),
    "numbers with a comma": (semicolons("10,0", "2,0"), ["2", "10"]),
    "school years": (semicolons("00-01", "98-99", "99-00"), ["98-99", "99-00", "00-01"]),
    "seasons": (semicolons("fall 2014", "spring 2014", "spring 2013"), ["spring 2013", "spring 2014", "fall 2014"]),
    "dates": (semicolons("31.12.2014", "01.02.2014"), ["01.02.2014", "31.12.2014"]),
    "dates of a workbook": (sheet(dt.date(2014, 3, 1), dt.date(2013, 12, 31)), ["2013-12-31", "2014-03-01"]),
    "dates of a Parquet file": (parquet(["'2014-03-01'::DATE", "'2013-12-31'"]), ["2013-12-31", "2014-03-01"]),
    "dates read in two ways": (semicolons("01/02/2014", "02/01/2014"), None),
    "value codes": (spss([1.0, 2], variable_value_labels={"v": {2: "pre", 1: "post"}}), ["post", "pre"]),
    "words": (semicolons("pre", "post"), None),
    "words and the first of two": (semicolons("pre", "post"), ["pre", "post"], {"first": "pre"}),
    "words by the user": (semicolons("post", "pre", "later"), ["pre", "post", "later"], {"asked": ["pre", "post", "later"]}),
    "numbers by the user": (semicolons("1", "2", "3.0"), ["3", "1", "2"], {"asked": [3.0, 1, "2"]}),
    "one left out by the user": (semicolons("1", "2"), None, {"asked": [1]}),
}  # fmt: skip


@pytest.mark.parametrize("case", ORDERS)
def test_both_doors_give_the_known_order(tmp_path, case):
    build, wanted, *more = ORDERS[case]
    said = {"asked": (), "first": ""} | (more[0] if more else {})
    path = build(tmp_path)

    def by_frames():
        return frames.in_time(frames.read(path, ["v"]), "v", **said)

    def by_records():
        with records.open_records(path, ["v"], ["v"]) as source:
            return moments.years(source, "v", **said)

    for door in (by_frames, by_records):
        if wanted:
            assert door() == wanted
        else:
            with pytest.raises(InputError, match=r"mine.csv, column 'v': .*order"):
                door()


def test_words_of_a_scale_in_a_csv_file(tmp_path):
    path = cells(*WORDS, " never ", "")(tmp_path)
    found, _ = frames.answers(frames.read(path, ["v"]), ["v"], WORDS)
    assert found["v"].fillna(0).tolist() == [1, 2, 3, 4, 1, 0]
    with pytest.raises(InputError, match=r"mine.csv, column 'v': answers in words.*row 2: 'never'.*`labels`, lowest"):
        frames.answers(frames.read(path, ["v"]), ["v"])


def test_what_decides_may_come_late(tmp_path):
    """The only cell that decides, and the only one with blanks, is the last of thousands."""
    path = semicolons(*["1.204"] * 5000, "1.204,5")(tmp_path)
    for door in (by_frame, by_stream):
        assert door(path, "v", "number", Options())[-2:] == [1204, 1204.5]
    path = semicolons(*["101,0"] * 5000, "7,2")(tmp_path)
    for door in (by_frame, by_stream):
        assert set(door(path, "v", "id", Options())) == {"101,0", "7,2"}


def test_a_split_by_a_further_column_needs_no_groups(tmp_path):
    path = text("q,by\n" + "1,a\n2,b\n" * 20)(tmp_path)
    found = survey.read_survey(path, ["q"], by="by", frequent=1)
    assert found.frame["by"].value_counts().to_dict() == {"a": 20, "b": 20}


# What every writable format can hold: text without blanks around it that no rule takes for something else, and floats.
PLAIN = st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=6).filter(
    lambda word: word not in ("NA", "nan", "NaN", "NAN", "inf", "x") and word == word.strip()
)
ROWS = st.lists(st.tuples(PLAIN, st.floats(-1e6, 1e6, width=32), st.integers(1, 4)), min_size=1, max_size=8)


def write(path, rows):
    """Words, numbers and labelled codes, in the format that the name tells."""
    frame = pd.DataFrame(rows, columns=["w", "n", "c"]).astype({"n": float})
    words = {"c": {1: "often", 2: "seldom", 3: "never", 4: "always"}}
    write_records(path, frame, variable_value_labels=words)
    return words["c"] if path.suffix in (".dta", ".sav", ".zsav") else {code: str(code) for code in words["c"]}


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".sav", ".zsav", ".dta"])
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_every_format_gives_the_same_rows_labels_and_order(tmp_path, ending, rows):
    path = tmp_path / f"mine{ending}"
    words = write(path, rows)
    for door in (by_frame, by_stream):
        assert door(path, "w", "label", Options()) == [row[0] for row in rows]
        assert door(path, "n", "number", Options()) == pytest.approx(
            [row[1] for row in rows], rel=1e-12
        )  # in workbooks
        assert door(path, "c", "number", Options()) == [row[2] for row in rows]
        assert door(path, "c", "label", Options()) == [words[row[2]] for row in rows]
    in_order = [words[code] for code in sorted({row[2] for row in rows})]
    assert frames.in_time(frames.read(path, ["c"]), "c", order_of(words), "") == in_order
    with records.open_records(path, ["c"], ["c"]) as source:
        assert [name for name in source.orders.get("c", words.values()) if name in in_order] == in_order


def order_of(words):
    """Without labels in the file the numbers are their own order."""
    return () if words[1] == "often" else list(words.values())


@DOORS
def test_very_many_columns_take_a_moment(tmp_path, door):
    """As the issue has it: 100,000 are read or refused within 30 seconds; here it takes one."""
    names = [f"v{place}" for place in range(100_000)]
    path = text("\n".join([",".join(names), ",".join(["1"] * 100_000), "," * 99_999, ",".join(["2"] * 100_000)]))(
        tmp_path
    )
    start = time.process_time()
    assert door(path, "v99999", "number", Options()) == [1, 2]
    with pytest.raises(InputError, match=r"no column 'v5x'. Did you mean .*100,000 columns") as error:
        door(path, "v5x", "number", Options())
    path.write_text(",".join(names) + "\n" + ",".join(["1", *[""] * 99_999]) + "\n")  # has something, though not here
    assert door(path, "v99999", "number", Options()) == [None]
    assert time.process_time() - start < 20
    assert len(str(error.value)) < 300


def test_all_of_very_many_columns_are_asked_about(tmp_path):
    path = text(",".join(f"v{place}" for place in range(texts.WIDE + 1)) + "\n")(tmp_path)
    with pytest.raises(InputError, match=r"5,001 columns are too many. Name those"):
        records.open_records(path)


def test_two_used_names_that_differ_in_capitals_are_refused_by_sql(tmp_path):
    path = text("k,V,v\na,1,2\n")(tmp_path)
    for used in (["v", "V"], []):
        with pytest.raises(
            InputError, match=r"mine.csv: the columns 'v' and 'V'|the columns 'V' and 'v' differ in capital"
        ):
            records.open_records(path, used)


@pytest.mark.parametrize(("far", "read"), [("A1048576", True), ("XFD1048576", False)])
def test_a_cell_far_away_does_not_end_the_program(tmp_path, far, read):
    """The reader of workbooks holds all cells up to the last one, and would ask for hundreds of gigabytes."""
    path = sheet(1, 2)(tmp_path)
    book = openpyxl.load_workbook(path)
    book.active[far] = 7
    book.save(path)
    if read:
        assert by_frame(path, "v", "number", Options())[:2] == [1, 2]
    else:
        with pytest.raises(
            InputError, match=r"mine.xlsx: a sheet is too large .up to row 1048576, column 16384.*Copy the table"
        ):
            by_frame(path, "v", "number", Options())


def test_damaged_files_are_read_or_refused():
    """As `python tests/fuzz_reading.py 300 1 --readers 1`; longer runs are for whoever changes the readers."""
    counts, wrong = fuzz_reading.run(300, 1, readers=1)
    assert wrong == []
    assert min(counts["ok"], counts["refused"]) > 30


def test_a_file_that_brings_the_engine_down_is_the_only_one_not_read(tmp_path):
    """A damaged Parquet file may end DuckDB for the whole process, as in a JupyterLab that stays open."""
    pd.DataFrame({"v": [1, 2]}).to_parquet(tmp_path / "mine.parquet")
    relations.engine().close()
    assert frames.read(tmp_path / "mine.parquet", ["v"]).frame["v"].tolist() == [1, 2]
    with records.open_records(tmp_path / "mine.parquet", ["v"]) as opened:
        assert opened.fetch("SELECT v FROM file")["v"].tolist() == [1, 2]
