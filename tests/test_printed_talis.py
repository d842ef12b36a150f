"""What is in print about TALIS: as in the sources, and as far as it agrees with itself."""

import pandas as pd
import pytest

from conftest import ROOT
from helpers.read import published

CATEGORIES = [
    "never", "once a year or less", "2-4 times a year", "5-10 times a year", "1-3 times a month", "once a week or more",
]  # fmt: skip


def printed(name: str) -> pd.DataFrame:
    folder = "cases" if name == "talis-checks" else "published"
    return published.read(ROOT / "data" / folder / f"{name}.csv")


@pytest.fixture
def sources(shared):
    return shared / "data" / "talis"


def test_question_33_is_as_the_sources_print_it(sources):
    """Each number that was seen is here once, none that was summed; a bound in words counts as its number."""
    listed = pd.read_csv(sources / "q33_published_figures.csv", dtype=str)
    listed = listed[listed["status"] != "derived"]
    in_words = listed["percent"].str.startswith(">=")
    value = listed["percent"].str.extract(r"(\d+\.?\d*)")[0].astype(float)
    statistic = listed["statistic"].str.replace(r"(\d)_(\d)", r"\1-\2", regex=True)
    statistic = statistic.str.replace("_", " ").replace("at least once a month", "monthly")
    statistic = statistic.where(~in_words, statistic + ", at least (in words)")
    columns = [listed["wave"].astype(int), listed["cntry"], listed["item"], statistic, value]
    found = printed("talis-q33")
    own = ["cycle", "system", "item", "statistic", "value"]
    assert sorted(zip(*columns, strict=True)) == sorted(zip(*(found[c] for c in own), strict=True))
    assert sorted(found["source"]) == sorted(listed["source"])
    conflicts = listed["status"].str.contains("CONFLICTS")
    assert (found["status"] == "conflict").sum() == 2 * conflicts.sum() == 2
    assert (found["status"] == "period inferred").sum() == listed["status"].str.contains("not stated").sum()


def test_names_of_question_33_say_what_the_row_says():
    """Wording and letter of the items go together, over both files; the id begins with cycle, system and item."""
    rows = pd.concat([printed("talis-q33"), printed("001-talis")])
    rows = rows.dropna(subset="item")
    wording = rows["row"].str.replace(r", place of .*", "", regex=True)
    assert wording.groupby(rows["item"]).nunique().eq(1).all()
    assert rows["item"].groupby(wording).nunique().eq(1).all()
    assert set(rows["item"]) == set("ABCDEFGH")
    for name, row in printed("talis-q33").iterrows():
        assert name.startswith(f"talis-{row['cycle']}-{row['system']}-{row['item']}-")


def test_chile_2013_has_all_categories_and_they_sum_to_a_hundred():
    """Print rounds to one decimal: six such shares are at most 0.3 away. The value in conflict is not among these."""
    rows = printed("talis-q33").query("system == 'CHL' and cycle == 2013")
    other = rows[rows.index.str.endswith("-abstract")]["value"].item()
    table = rows[~rows.index.str.endswith("-abstract")]
    table = table.pivot(index="item", columns="statistic", values="value")
    assert list(table.index) == list("ABCDEFGH")
    assert set(table.columns) == set(CATEGORIES)
    assert table.notna().all(axis=None)
    assert (table.sum(axis=1) - 100).abs().max() < 0.3
    with_other = table.loc["B"].sum() - table.loc["B", "never"] + other
    assert abs(with_other - 100) > 0.3


def test_checks_are_as_the_sources_print_them(sources):
    women = pd.read_csv(sources / "published_check_female_teachers_talis2018.csv")
    topics = pd.read_csv(sources / "published_check_tt3g42d_frequently_always_talis2018.csv")
    expected = {
        "share": women.set_index("system")["female_teachers_pct"],
        "std_error": women.set_index("system")["se"],
        "mean": women.set_index("system")["teachers_average_age"],
    }
    found = printed("talis-checks")
    about_topics = found.index.str.endswith("-topics")
    got = found[~about_topics].pivot(index="group", columns="statistic", values="value")
    for statistic, values in expected.items():
        pd.testing.assert_series_equal(got[statistic].sort_index(), values.sort_index(), check_names=False)
    pd.testing.assert_series_equal(
        found[about_topics].set_index("group")["value"].sort_index(),
        topics.set_index("system").iloc[:, 0].sort_index(),
        check_names=False,
    )


def test_codes_of_systems_are_the_oecds(sources):
    """Three names are written otherwise in the list of files; three systems are not in it."""
    codes = pd.read_csv(sources / "country_codes_talis2018_isced2.csv").set_index("oecd_label")
    codes = codes["cntry"].to_dict() | {"OECD average": "OECD"}
    found = printed("talis-checks")
    pairs = found[["group", "system"]].drop_duplicates()
    other = pairs[pairs["group"].map(codes) != pairs["system"]]
    known = other.dropna().set_index("group")["system"].to_dict()
    assert known == {"CABA (Argentina)": "ABA", "England (UK)": "ENG", "Türkiye": "TUR"}
    assert set(other[other["system"].isna()]["group"]) == {
        "Iceland", "Flemish Community of Belgium", "French Community of Belgium",
    }  # fmt: skip
    assert set(codes.values()) == set(found["system"].dropna())


def test_checks_are_one_row_a_system_and_number():
    found = printed("talis-checks")
    known = found.dropna(subset="system")
    assert not known.duplicated(["system", "row", "statistic"]).any()
    errors = found[found["statistic"] == "std_error"].index.str.removesuffix("-se")
    assert set(errors) <= set(found.index[found["statistic"] == "share"])
    assert (found.loc[found["statistic"] == "std_error", "value"] > 0).all()


def test_statements_on_talis_are_those_of_the_list_of_facts(shared):
    listed = pd.read_csv(shared / "facts" / "printed_numbers.csv", dtype=str).set_index("id")
    found = printed("001-talis")["value"]
    for row, names in {
        "31": ["CHL-teachers", "CHL-principals"],
        "32": ["CHL-H-monthly", "OECD-H-monthly"],
        "33": ["CHL-A-monthly", "OECD-A-monthly"],
    }.items():
        given = [float(part.replace(",", "")) for part in listed.loc[row, "value"].split("; ")]
        assert [found[f"001-talis-{name}"] for name in names] == given, row
    assert listed.loc["22", "value"] == "five of the eight"
    assert (found["001-talis-items-higher"], found["001-talis-items-all"]) == (5, 8)


def test_five_practices_are_named_but_question_33_has_them_in_four_items():
    """The text counts observing and giving feedback apart; in question 33 they are item B."""
    found = printed("001-talis")
    ranked = found[found["statistic"] == "never, rank"]
    items = ranked.groupby("system")["item"].agg("".join).to_dict()
    assert items == {"CHL": "BDFH", "CSH": "BDFH"}
    assert len(items["CHL"]) == found.loc["001-talis-items-named", "value"] - 1
    assert ranked.groupby("system")["value"].unique().map(list).to_dict() == {
        "CHL": [1],
        "CSH": [3],
    }
