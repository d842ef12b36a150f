"""Every row of the list of printed numbers stands in `data/published`, with the same numbers.

`printed_numbers_map.csv` names, for each row of the list, the `ids` whose values are the row's numbers, and `also`
those that belong to the row and hold what the list does not give as a number.
"""

import re

import pandas as pd
import pytest

from conftest import ROOT
from helpers.read import published

MAP = ROOT / "tests" / "printed_numbers_map.csv"
RETELLINGS = ROOT / "data" / "cases" / "retellings.csv"
WORDS = {
    "one": 1, "two": 2, "twice": 2, "three": 3, "four": 4, "five": 5, "fifth": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "fifteen": 15, "twenty": 20, "hundred": 100, "half": 0.5, "all": 1,
}  # fmt: skip
FRACTIONS = {"three fourths": "0.75", "two thirds": "0.67", "a third": "0.33", "a quarter": "0.25"}
TOKEN = r"\d+(?:,\d{3})+|\d+,\d+|\d*\.?\d+|[a-z]+|\*+"


def numbers(text: str) -> set[float]:
    """Numbers in digits and words, stars counted, without signs; a school year counts as its autumn."""
    text = re.sub(r"\([^)]*, \d{4}\)", "", text.lower())  # a citation
    text = re.sub(r"\b(\d{4})–(\d{4})\b", _school_year, text)
    for words, value in FRACTIONS.items():
        text = text.replace(words, value)
    text = re.sub(r"\b(\w+) in (\w+)\b", _one_in_four, text)
    return {value for token in re.findall(TOKEN, text) if (value := _number(token)) is not None}


def _school_year(match: re.Match[str]) -> str:
    first, last = match.groups()
    return first if int(last) == int(first) + 1 else f"{first} {last}"


def _one_in_four(match: re.Match[str]) -> str:
    some, every = (_number(token) for token in match.groups())
    return f"{some / every}" if some and every else match.group()


def _number(token: str) -> float | None:
    if token[0] == "*":
        return float(len(token))
    if token[0].isalpha():
        return WORDS.get(token)
    if re.fullmatch(r"\d+(,\d{3})+", token):
        return float(token.replace(",", ""))
    return float(token.replace(",", "."))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("32,000; 2,000; 495", {32000, 2000, 495}),
        ("3,21", {3.21}),
        ("94; .2", {94, 0.2}),
        ("95.997; -0.884; 0.378", {95.997, 0.884, 0.378}),
        ("0.053**", {0.053, 2}),
        ("2011–2012; 2017–2018", {2011, 2017}),
        ("2006–2009; 43", {2006, 2009, 43}),
        ("70–80", {70, 80}),
        ("1 in 100; five", {0.01, 5}),
        ("Six in ten", {0.6}),
        ("just over half; three fourths", {0.5, 0.75}),
        ("three-year", {3}),
        ("High Math 3 Medium 75–90 < 10", {3, 75, 90, 10}),
        ("2013 to 2016", {2013, 2016}),
        ("twice per quarter", {2}),
        ("Rasch analysis (Wright & Masters, 1982)", set()),
        ("n not printed", set()),
    ],
)
def test_numbers_are_read_as_they_are_meant(text, expected):
    assert numbers(text) == expected


@pytest.fixture(scope="module")
def mapped() -> pd.DataFrame:
    table = pd.read_csv(MAP, dtype=str, keep_default_na=False).set_index("facts_id")
    return table.apply(lambda column: column.str.split())


def test_map_names_only_numbers_that_are_here(mapped):
    named = {number for column in mapped for numbers in mapped[column] for number in numbers}
    assert named - set(published.everything().index) == set()


def test_every_row_of_the_list_has_its_numbers_here(shared, mapped):
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str).set_index("id")
    without = [row for row in listed.index if row not in mapped.index or not any(mapped.loc[row])]
    assert without == [], listed.loc[without, ["seed", "where", "what"]].to_string()
    assert mapped.index.is_unique
    assert set(mapped.index) == set(listed.index)


def test_numbers_are_those_of_the_list(shared, mapped):
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str).set_index("id")
    here = published.everything()["value"].abs().to_dict()
    differing = {
        row: (listed.loc[row, "value"], found)
        for row, names in mapped["ids"].items()
        if (found := {here[name] for name in names}) != numbers(listed.loc[row, "value"])
    }
    assert differing == {}


def test_ids_of_a_row_are_of_its_document(shared, mapped):
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str).set_index("id")["seed"]
    strangers = {
        row: name for row in mapped.index for name in mapped.loc[row].sum() if name.split("-")[0] != listed[row]
    }
    assert strangers == {}


def test_retellings_are_of_printed_numbers():
    """A step for each source, from 1; where a source was seen the table says where."""
    table = pd.read_csv(RETELLINGS, keep_default_na=False)
    assert set(table["number"]) - set(published.everything().index) == set()
    for number, steps in table.groupby("number")["step"]:
        assert list(steps) == list(range(1, len(steps) + 1)), number
    seen = table["change"] != "not seen"
    assert (table["source_says"] != "").eq(seen).all()
    assert (table.loc[seen, "seen_at"] != "").all()
    assert (table.loc[seen & ~table["change"].isin(["same", "context"]), "how"] != "").all()
