"""What is in print about the sixteen teacher leaders: as printed, and as far as table and text agree."""

import re

import pandas as pd
import pytest

from conftest import ROOT
from helpers.read import published
from helpers.study import printed_leaders as of_leaders

SIZES = {"Small": 1, "Medium": 2, "Large": 3, "Very Large": 4}
GRADES = {"Middle": 1, "Middle, High": 2, "High": 3}
SUBJECTS = {"Math": 1, "Science": 2}


def printed(name: str) -> pd.DataFrame:
    return published.read(published.FOLDER / f"{name}.csv")


@pytest.fixture
def leaders() -> pd.DataFrame:
    return printed("002-table1").pivot(index="group", columns="statistic", values="value")


@pytest.fixture
def text() -> pd.Series:
    return printed("002-leaders")["value"]


def _band(words: str) -> tuple[float, float]:
    """Lower and upper end; NaN where the band is open."""
    ends = [float(end) for end in re.findall(r"\d+", words)]
    if words.startswith(">"):
        return ends[0], float("nan")
    return (float("nan"), ends[0]) if words.startswith("<") else (ends[0], ends[1])


def test_table_1_is_that_of_the_list_of_facts(shared, leaders):
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str)
    listed = listed[(listed["seed"] == "002") & (listed["where"] == "Table 1")]
    rows = {}
    for what, value in zip(listed["what"], listed["value"], strict=True):
        grades, subject, school, size, income, english = re.fullmatch(
            r"(Middle|High|Middle, High) (Math|Science) (\d+) (Small|Medium|Large|Very Large) "
            r"(> 90|\d+–\d+) (< 10|\d+–\d+)",
            value,
        ).groups()
        rows[what.partition(":")[0]] = {
            "grades": GRADES[grades],
            "subject": SUBJECTS[subject],
            "school": int(school),
            "size": SIZES[size],
            **dict(zip(("low income, from", "low income, to"), _band(income), strict=True)),
            **dict(zip(("limited English, from", "limited English, to"), _band(english), strict=True)),
        }
    expected = pd.DataFrame(rows).T
    assert len(expected) == 16
    pd.testing.assert_frame_equal(leaders, expected, check_like=True, check_dtype=False, check_names=False)


def test_words_and_codes_of_table_1_go_together():
    """A code has one word; a band's words are those of both its ends."""
    rows = printed("002-table1")
    for statistic in ("grades", "subject", "size", "school"):
        cells = rows[rows["statistic"] == statistic]
        assert cells.groupby("value")["row"].nunique().eq(1).all()
        assert cells.groupby("row")["value"].nunique().eq(1).all()
    for row in rows[rows["unit"] == "percent of students"].itertuples():
        assert str(int(row.value)) in row.row.split()


def test_the_table_has_the_leaders_and_schools_that_the_text_counts(leaders, text):
    schools = leaders.drop_duplicates("school")
    assert text["002-leaders-sample"] == len(leaders)
    assert text["002-leaders-sample-math"] == (leaders["subject"] == SUBJECTS["Math"]).sum()
    assert text["002-leaders-sample-science"] == (leaders["subject"] == SUBJECTS["Science"]).sum()
    assert text["002-leaders-sample-schools"] == len(schools)
    kinds = [text[f"002-leaders-sample-schools-{kind}"] for kind in ("9-12", "k-8", "7-12")]
    assert sum(kinds) == len(schools)
    assert kinds[1] == (schools["grades"] == GRADES["Middle"]).sum()
    informants = leaders.groupby("school").size()
    assert text["002-leaders-limitations-informants-low"] == informants.min()
    assert text["002-leaders-limitations-informants-high"] == informants.max()


def test_a_school_has_one_size_and_one_band(leaders):
    columns = ["size", "low income, from", "low income, to", "limited English, from"]
    assert (leaders.groupby("school")[columns].nunique() <= 1).all(axis=None)


def test_the_ranges_of_the_text_lie_in_the_bands_of_the_table(leaders, text):
    for name, column in (("low-income", "low income"), ("english", "limited English")):
        low, high = (text[f"002-leaders-sample-{name}-{end}"] for end in ("low", "high"))
        start, end = leaders[f"{column}, from"].fillna(0), leaders[f"{column}, to"].fillna(100)
        assert start.min() < low < end.min()
        assert start.max() < high < end.max()


def test_counts_of_practices_are_those_of_the_list_of_facts(shared, text):
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str).set_index("id")
    words = {"four": 4, "six": 6, "nine": 9, "eleven": 11}
    for row, name in {
        "183": "advocating", "184": "individual", "185": "inspiring", "186": "sharing", "187": "collaboration",
    }.items():  # fmt: skip
        first = listed.loc[row, "value"].partition("; ")[0].lower()
        assert text[f"002-leaders-{name}"] == float(words.get(first, first)), row


def test_both_places_give_the_same_samples_of_teachers():
    value = printed("002-teachers")["value"]
    for figure, subject in (("figure1", "math"), ("figure2", "science")):
        for band in ("middle", "high"):
            assert value[f"002-teachers-{figure}-{band}"] == value[f"002-teachers-{subject}-{band}"]


def test_practices_and_supports_are_five_and_only_collaboration_needs_all():
    rows = printed("002-practices-supports")
    assert rows["row"].nunique() == rows["group"].nunique() == 5
    outright = rows[rows["statistic"] == "needs"].groupby("row")["group"].nunique()
    assert outright.idxmax() == "Working in collaboration"
    assert outright.sort_values().tolist() == [1, 1, 3, 5]  # advocating needs none outright
    leaders = printed("002-leaders")
    assert leaders.loc["002-leaders-conclusions-factors", "value"] == rows["group"].nunique()


def test_numbers_that_stand_twice_in_print_are_said_to():
    """Two places of print that are not the same; of Table 1, lines of two leaders of one school."""
    pairs = pd.read_csv(ROOT / "data" / "cases" / "same-in-print.csv")
    everything = published.everything()
    sources, listed = (pd.read_csv(ROOT / "data" / "cases" / f"{name}.csv") for name in ("source-numbers", "listed"))
    seen = {*(sources["number"] + ", " + sources["what"]), *(listed["number"] + ", listed")}
    places = pairs["same_as"].str.split(" to ").explode()
    assert set(pairs["id"]) <= set(everything.index)
    assert set(places) <= {*everything.index, *seen}
    assert pairs["id"].is_unique
    assert (pairs["id"] != pairs["same_as"]).all()
    table = pairs[pairs["id"].str.startswith("002-table1-")]
    one, other = (everything.loc[table[name]] for name in ("id", "same_as"))
    assert one["statistic"].tolist() == other["statistic"].tolist()
    school = printed("002-table1").query("statistic == 'school'").set_index("group")["row"]
    assert one["group"].map(school).tolist() == other["group"].map(school).tolist()
    assert not (one["group"].to_numpy() == other["group"].to_numpy()).any()


def test_the_reason_that_counts_falls_counts_them_right():
    """A verdict of data/cases that says how often Table 2 falls."""
    verdicts = pd.read_csv(ROOT / "data" / "cases" / "verdicts.csv").set_index("id")
    table = printed("002-table2").query("statistic == 'coefficient'")
    series = table["group"] + table["row"].str.partition(",")[0]
    falls = table.groupby(series)["value"].diff() < 0
    said = (
        f"{falls.sum()} coefficients of Table 2 are below the year before, in "
        f"{series[falls].nunique()} of {series.nunique()} series"
    )
    assert said in verdicts.at["002-study-findings-falls", "reason"]
    assert (table.groupby(series)["value"].idxmax() == table.groupby(series).tail(1).index).all()


def test_statements_in_words_are_bounds_that_no_other_words_share():
    """About a half ends where about two thirds would begin, and "over a third" where about a half does."""
    told = of_leaders.statements(printed("002-teachers")["value"]).set_index("label")
    assert told.loc["Coaching or a learning community, ever", ["low", "high"]].tolist() == (
        pytest.approx([5 / 12, 7 / 12])
    )
    high_school = told.loc["Teaching practice a major topic, high school"]
    assert high_school[["low", "high"]].tolist() == pytest.approx([1 / 3, 5 / 12])
    assert told["n"].tolist() == [3327, 4109, 4109, 2505, 1604]
    assert (told["ci_low"] < told["low"]).all()
    assert (told["ci_high"] > told["high"]).all()


def test_bands_of_low_income_stand_by_the_grades_that_leaders_teach():
    rows = of_leaders.low_income(of_leaders.profiles(printed("002-table1")))
    assert list(rows["group"].value_counts(sort=False).items()) == [
        ("Leaders who teach middle grades only", 4),
        ("Leaders who teach both", 2),
        ("Leaders who teach high school only", 10),
    ]
    assert rows.loc[rows["marked"], "said"].tolist() == ["above 90%"] * 4
    assert rows.loc["Neil", ["label", "said"]].tolist() == ["Neil, science (school 1)", "75 to 90%"]


def test_only_the_abstract_makes_a_second_practice_need_all_supports():
    links = printed("002-practices-supports").rename(columns={"row": "practice", "group": "support"})
    needs = links[links["statistic"] != "builds"]
    assert of_leaders.most_needed(needs, ["needs", "needs, as any practice"]) == (
        "Working in collaboration needs the most support: all 5 kinds. Sharing with colleagues needs 4, by the abstract 5."
    )
