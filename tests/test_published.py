"""The printed numbers: the codebook holds, and nothing printed is missing."""

import csv
import re

import frictionless
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from helpers import published, simulate

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
    assert (
        not frictionless.Package.from_descriptor(package, basepath=str(tmp_path)).validate().valid
    )


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


@pytest.mark.parametrize("name", simulate.FILES)
def test_simulated_files_are_what_the_program_makes(name):
    made = simulate.FILES[name]().to_csv(index=False, float_format="%.12g", lineterminator="\n")
    assert (simulate.FOLDER / name).read_text() == made
