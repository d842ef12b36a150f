"""The printed numbers: the codebook holds, and nothing printed is missing."""

import csv
import re

import frictionless
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from helpers.read import published
from helpers.simulate import examples

CODEBOOK = ROOT / "data" / "datapackage.json"


def test_codebook_describes_every_file_and_every_file_fits_it():
    report = frictionless.validate(str(CODEBOOK))
    assert report.valid, report.flatten(["title", "message"])
    described = {resource.path for resource in frictionless.Package(str(CODEBOOK)).resources}
    lying = {path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data").glob("*/*.csv")}
    assert described == {path for path in lying if not path.startswith("raw/")}


@pytest.mark.parametrize(
    ("old", "new"),
    [("3.47", "4.47"), ("3.47", "x"), ("figure6-time", "figure6-colleagues"), (",2,", ",,")],
)
def test_codebook_finds_a_spoilt_file(tmp_path, old, new):
    text = (published.FOLDER / "001-figure6.csv").read_text()
    assert old in text
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "001-figure6.csv").write_text(text.replace(old, new, 1))
    package = frictionless.Package(str(CODEBOOK)).to_descriptor()
    package["resources"] = [r for r in package["resources"] if r["name"] == "published-001-figure6"]
    report = frictionless.Package.from_descriptor(package, basepath=str(tmp_path)).validate()
    assert not report.valid


def test_codebook_counts_rows(tmp_path):
    lines = (published.FOLDER / "001-figure6.csv").read_text().splitlines(keepends=True)
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "001-figure6.csv").write_text("".join(lines[:-1]))
    package = frictionless.Package(str(CODEBOOK)).to_descriptor()
    package["resources"] = [r for r in package["resources"] if r["name"] == "published-001-figure6"]
    assert not frictionless.Package.from_descriptor(package, basepath=str(tmp_path)).validate().valid


def test_ids_are_unique_over_all_files():
    assert published.everything().index.is_unique


def test_values_have_no_more_decimals_than_printed():
    for path in published.FOLDER.glob("*.csv"):
        for row in csv.DictReader(path.open()):
            printed = row["value"].partition(".")[2]
            assert len(printed) == int(row["decimals"]), row


@given(st.floats(-100, 100), st.integers(0, 3))
def test_rounding_interval_holds_what_prints_so(value, decimals):
    shown = float(published.as_printed(value, decimals))
    half = 0.5 * 10.0**-decimals
    assert shown - half - 1e-9 <= value <= shown + half + 1e-9


def test_numbers_are_those_of_the_list_of_facts(shared):
    """Each number that the list of printed numbers gives for Tables 1 and 2 and Figure 6 is here, and no other."""
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str)
    listed = listed[listed["seed"] == "001"]
    for where, file in (
        ("Table 1", "001-table1"),
        ("Table 2", "001-table2"),
        ("Figure 6", "001-figure6"),
    ):
        rows = listed[listed["where"] == where]
        expected = [
            float(number.replace(",", "."))
            for value in rows["value"]
            for number in value.split("; ")
            if re.fullmatch(r"-?\d+([.,]\d+)?", number)
        ]
        found = published.read(published.FOLDER / f"{file}.csv")
        found = found[found["statistic"] != "n"]["value"]
        assert sorted(found) == sorted(expected), where


def test_table_2_of_chicago_is_that_of_the_list_of_facts(shared):
    """Each of the 24 coefficients stands under the id of its cell, with as many stars as the list gives."""
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str)
    listed = listed[(listed["seed"] == "002") & (listed["where"] == "Table 2")]
    found = published.read(published.FOLDER / "002-table2.csv")
    expected = {}
    for what, value in zip(listed["what"], listed["value"], strict=True):
        grades, subject, first, last = re.fullmatch(
            r"grades (6|9)–\d+ (math|science) practices, .*?(\d{4})–20(\d\d)", what
        ).groups()
        cell = f"002-table2-{'middle' if grades == '6' else 'high'}-{subject}-{first}-{last}"
        expected[cell] = float(value.rstrip("*"))
        expected[f"{cell}-stars"] = value.count("*")
    assert len(expected) == 48
    assert found["value"].to_dict() == expected
    assert (found["statistic"] == "stars").eq(found.index.str.endswith("-stars")).all()


IN_WORDS = {"just over half": 0.5, "half": 0.5, "three fourths": 0.75, "two thirds": 0.67}
# Rows of the list of facts about the student survey, and the ids that begin their numbers here.
SURVEY = {
    "100": "introduction-span", "133": "surveys-response", "134": "surveys-students", "142": "findings-rise",
    "170": "note-response", "171": "note-students-middle", "172": "note-students-high", "173": "note-standardised",
    "174": "note-(two|three)-stars", "175": "findings-math", "176": "findings-science",
}  # fmt: skip


def test_numbers_about_the_student_survey_are_those_of_the_list_of_facts(shared):
    """Fractions in words count as numbers; a school year is its autumn."""
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str).set_index("id")
    found = published.read(published.FOLDER / "002-text.csv")["value"]
    for row, start in SURVEY.items():
        given = [part.partition("–")[0].replace(",", "") for part in listed.loc[row, "value"].split("; ")]
        own = found[found.index.str.match(f"002-text-{start}")]
        expected = [IN_WORDS[part] if part in IN_WORDS else float(part) for part in given]
        assert sorted(own) == sorted(expected), row
        found = found.drop(own.index)
    assert found.empty


def test_what_print_says_about_chicago_does_not_agree_with_itself():
    """Two response rates of one survey; three of four series dip; both were found by others."""
    text = published.read(published.FOLDER / "002-text.csv")["value"]
    assert text["002-text-surveys-response-low"] == text["002-text-note-response-low"]
    assert text["002-text-surveys-response-high"] > text["002-text-note-response-high"]
    table = published.read(published.FOLDER / "002-table2.csv")["value"]
    dips = {}
    for series in ("middle-math", "middle-science", "high-math", "high-science"):
        values = table[table.index.str.fullmatch(rf"002-table2-{series}-\d{{4}}-\d\d")]
        assert len(values) == 6
        dips[series] = [name[-7:] for name in values.index[values.diff() < 0]]
    assert dips == {
        "middle-math": ["2013-14"], "middle-science": ["2013-14"], "high-math": ["2013-14", "2016-17"], "high-science": [],
    }  # fmt: skip


@pytest.mark.parametrize("name", examples.FILES)
def test_simulated_files_are_what_the_program_makes(name):
    made = examples.FILES[name]().to_csv(index=False, float_format="%.12g", lineterminator="\n")
    assert (examples.FOLDER / name).read_text() == made
