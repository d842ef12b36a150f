"""Retold numbers: signs, a user's own table, rough numbers, and the small tables of what sources say."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from test_printed_coverage import numbers

from conftest import ROOT
from helpers import project
from helpers.read import published
from helpers.simulate import examples
from helpers.study import retellings

CASES = ROOT / "data" / "cases"
CHAINS = pd.read_csv(CASES / "retellings.csv", keep_default_na=False)
SOURCES = pd.read_csv(CASES / "source-numbers.csv")
LISTED = pd.read_csv(CASES / "listed.csv")


def test_every_number_of_a_source_stands_in_what_it_was_seen_to_say():
    """In the words of the chain or in the name of the source (years, sizes of surveys); half is 50 percent."""
    said = CHAINS.set_index(["number", "step"])[["source", "source_says"]].agg(" ".join, axis=1)
    for row in SOURCES[SOURCES["step"] > 0].itertuples():
        found = numbers(said[row.number, row.step])
        assert row.value in found | {100 * value for value in found if value < 1}, row
        if isinstance(row.bound, str):
            words = {"at least": "at least|or more"}.get(row.bound, row.bound)
            assert re.search(words, said[row.number, row.step]), row


@pytest.mark.parametrize(
    ("number", "author"),
    [("poll", "Yankelovich"), ("jackson", "Jackson"), ("smylie", "Smylie"), ("elmore", "Elmore")],
)
def test_years_of_works_are_those_of_the_endnotes(shared, number, author):
    (seed,) = (shared / "seeds").glob("004_*.txt")
    year = SOURCES.set_index("number").loc[f"004-text-{number}-ago", "value"]
    notes = seed.read_text().partition("\nEndnotes")[2]
    assert re.search(rf"{author}[^\n]{{0,60}}\({year:.0f}\)", notes)


def test_as_many_things_are_listed_as_announced():
    printed = published.everything()["value"]
    for number, part in LISTED.groupby("number"):
        assert part["place"].tolist() == list(range(1, len(part) + 1)), number
        assert len(part) == printed[number], number


def test_every_word_for_a_change_has_a_sign():
    package = json.loads((ROOT / "data" / "datapackage.json").read_text())
    words = {
        resource["name"]: field["constraints"]["enum"]
        for resource in package["resources"]
        for field in resource["schema"]["fields"]
        if field["name"] == "change"
    }
    assert set(words["cases-retellings"]) <= set(retellings.SIGNS)
    assert set(words["simulated-07-retellings"]) == set(retellings.SIGNS)
    assert set(retellings.SIGNS.values()) == {*retellings.MEANING, "context"}


def test_print_is_brought_to_percent_and_to_one_order():
    printed = pd.DataFrame(
        {
            "row": ["interested", "never", "never"],
            "group": ["teachers", "United States", "Japan"],
            "statistic": ["share", "percentage", "lower bound"],
            "value": [0.25, 50, 6],
            "unit": ["share of teachers, in words", "percent of teachers", "percent of teachers"],
        },
        index=["a", "b", "c"],
    )
    chains = pd.DataFrame(
        [("c", 1, "not seen"), ("a", 1, "rounded"), ("a", 2, "context"), ("z", 1, "same"), ("b", 1, "qualifier lost")],
        columns=["number", "step", "change"],
    )
    given = [
        ("a", 1, "beside", 23, np.nan),
        ("a", 2, "people asked", 900, np.nan),
        ("b", 1, "beside", 50, "at least"),
    ]
    given = pd.DataFrame(given, columns=["number", "step", "what", "value", "bound"])
    rows = retellings.from_print(chains, printed, given)
    assert rows["number"].tolist() == ["a", "a", "b", "c"]
    assert rows["label"].tolist() == ["interested"] * 2 + ["never, United States", "never, Japan"]
    assert rows["value"].tolist() == [25, 25, 50, 6]
    assert rows["source_value"].tolist()[::2] == [23, 50]
    assert rows["source_value"].isna().tolist() == [False, True, False, True]
    assert rows["bound"].tolist() == ["", "", "", "≥"]
    assert rows["source_bound"].tolist() == ["", "", "≥", ""]
    assert rows["sign"].tolist() == ["kept", "context", "sharpened", "not seen"]


def test_counts_leave_context_out_and_keep_the_order_of_signs():
    signs = ["changed", "kept", "kept", "context", "context"]
    rows = pd.DataFrame({"said_by": list("bbabc"), "label": list("vwxyz"), "sign": signs})
    counts = retellings.tally(rows)
    assert counts.groupby("said_by", sort=False)["count"].sum().to_dict() == {"b": 2, "a": 1}
    assert counts["sign"].tolist() == 2 * list(retellings.MEANING)


def test_a_number_with_several_sources_counts_once_as_its_best_source_has_it():
    rows = pd.DataFrame(
        [("a", "x", "changed"), ("a", "x", "kept"), ("a", "x", "context"), ("a", "y", "not seen"), ("a", "y", "changed"),
         ("b", "x", "changed")],
        columns=["said_by", "label", "sign"],
    )  # fmt: skip
    assert retellings.by_number(rows)["sign"].tolist() == ["kept", "changed", "changed"]
    assert retellings.counted(rows) == "of 3 retold numbers that were followed up, 1 was kept, 2 changed"


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (["kept"], True),
        (["sharpened"], True),
        (["changed", "kept"], True),
        (["changed"], False),
        (["widened", "changed"], False),
        (["not seen"], False),
    ],
)
def test_a_number_stands_when_one_source_says_it(signs, expected):
    assert retellings.holds(pd.Series(signs)) is expected


def test_the_number_retold_most_often():
    rows = pd.DataFrame({"label": list("abcbcb")})
    assert retellings.longest(rows).index.tolist() == [1, 3, 5]
    assert retellings.longest(rows.head(3)).empty
    assert retellings.longest(rows.head(0)).empty


@pytest.mark.parametrize(
    ("value", "ends"),
    [(2000, (1500, 2500)), (32000, (31500, 32500)), (495, (494.5, 495.5)), (10, (5, 15)), (0, (-0.5, 0.5))],
)
def test_zeros_at_the_end_may_be_rounding(value, ends):
    assert retellings.in_round_numbers(value) == ends


@given(st.integers(1, 10**7))
def test_rough_numbers_round_to_the_printed_one(value):
    low, high = retellings.in_round_numbers(value)
    place = round(high - low)
    assert value % place == 0
    assert value % (10 * place) != 0
    assert (low + high) / 2 == value


@given(st.integers(1, 500), st.integers(1, 3000))
def test_margins_are_those_of_another_package(count, more):
    asked = count + more
    expected = stats.binomtest(count, asked).proportion_ci(method="wilson")
    found = retellings.margin(100 * count / asked, asked)
    assert found == pytest.approx((100 * expected.low, 100 * expected.high), rel=1e-9)


def own(tmp_path, change=lambda rows: rows, name="mine.csv"):
    path = tmp_path / name
    change(examples.retold()).to_csv(path, index=False)
    return path


def test_own_table_keeps_its_rows(tmp_path):
    rows, _ = retellings.read(own(tmp_path))
    given = examples.retold()
    assert rows["value"].tolist() == given["value"].tolist()
    assert rows["change"].tolist() == given["change"].tolist()
    assert rows["sign"].tolist() == [retellings.SIGNS[word] for word in given["change"]]
    assert rows.loc[rows["sign"] == "not seen", ["source_says", "after"]].to_numpy().tolist() == [["", ""]]


def with_cell(row, column, value):
    def spoil(rows):
        rows = rows.astype({column: object})
        rows.loc[row, column] = value
        return rows

    return spoil


BAD = {
    "missing column": (lambda d: d.drop(columns="after"), ["no column 'after'"]),
    "unknown word": (with_cell(2, "change", "twisted"), ["'change'", "row 4: 'twisted'", "qualifier lost, stronger"]),
    "no word": (with_cell(0, "change", ""), ["'change'", "row 2: empty"]),
    "text among numbers": (with_cell(1, "value", "about 40"), ["'value'", "row 3: 'about 40'", "text"]),
    "text in the source": (with_cell(1, "source_value", "some"), ["'source_value'", "row 3: 'some'"]),
    "no number": (with_cell(1, "value", np.nan), ["'value'", "row 3: empty", "without its number"]),
    "no label": (with_cell(4, "label", " "), ["'label'", "row 6", "without a name"]),
    "nobody": (with_cell(4, "said_by", ""), ["'said_by'", "row 6"]),
    "judged unseen": (lambda d: d.assign(source_says="", source_value=np.nan), ["'source_says'", "not seen"]),
    "seen and not seen": (with_cell(6, "source_value", 80), ["'source_value'", "row 8: '80'", "not seen"]),
    "not the same": (with_cell(7, "source_value", 119), ["'source_value'", "row 9: '119'", "the same"]),
    "only context": (lambda d: d.tail(1), ["'change'", "every row is context"]),
    "no rows": (lambda d: d.head(0), ["no rows"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_mistakes_are_named_with_column_row_and_remedy(tmp_path, mistake):
    spoil, named = BAD[mistake]
    with pytest.raises(project.InputError) as error:
        retellings.read(own(tmp_path, spoil, "spoilt.csv"))
    for part in ["spoilt.csv", *named]:
        assert part in str(error.value)


def test_a_chain_from_a_source_that_was_not_seen_says_so():
    steps = pd.DataFrame(
        {"source": "", "source_says": "", "said_by": ["A", "B"], "label": "Schools", "value": [5.0, 5.0]}
    )
    steps = steps.assign(unit="", after="", sign="not seen", change="not seen", source_value=np.nan)
    said = retellings.spoken_hands(retellings.hands(steps))
    assert said == "no source is named: nothing seen; then A: Schools: 5 (not seen); then B: Schools: 5 (not seen)"
    assert retellings.spoken_pairs(steps) == "Without a number of the source: 2 rows."
    assert retellings.hands(steps.head(0)).empty


def test_each_document_is_told_in_the_words_in_which_the_next_one_found_it():
    """So that a lost qualifier can be seen: 'at least 40 percent' stands over '40 percent'."""
    steps = retellings.longest(retellings.read(ROOT / "data" / "simulated" / "07-retellings.csv")[0])
    boxes = retellings.hands(steps)
    assert boxes["who"].tolist() == ["Survey S", "Report A", "Brief B", "Speech C"]
    assert boxes["says"].tolist()[1:3] == [
        f"{some}40 percent of teachers visit a colleague's lesson" for some in ("at least ", "")
    ]
    assert boxes["says"].iloc[-1] == "Teachers who visit a colleague's lesson: 45%"
    assert boxes["change"].tolist() == ["", "more is claimed", "a qualifier was lost", "another number"]
    other = retellings.hands(steps.assign(after="somebody else"))
    assert other["says"].iloc[1] == "Teachers who visit a colleague's lesson: 40%"
