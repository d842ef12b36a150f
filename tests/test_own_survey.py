"""Any survey: every format and every way of writing answers gives the same, every mistake one clear message."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT, write_records
from helpers.estimate import comparisons, shares
from helpers.notebook import parameters
from helpers.project import InputError
from helpers.read.files import Options
from helpers.read.records import open_records
from helpers.read.survey import COLUMNS, NO_ANSWER, read_answers, read_survey
from helpers.simulate import examples

WORDS = ["never", "yearly", "monthly", "weekly"]
GOOD = pd.DataFrame(
    {
        "place": ["north", "south"] * 15,
        "visit": [1, 1, 2, 3, 4, 1, 2, 2, 3, 4] * 3,
        "share": [1, 4, 3] * 10,
        "w": np.tile([0.5, 1.0, 2.5], 10),
        "school": [f"s{row % 7}" for row in range(30)],
    }
)
ASKED = {"items": ["visit", "share"], "group": "place", "weight": "w", "school": "school"}


def read(path, frame=GOOD, **more):
    return read_survey(write_records(path, frame), **(ASKED | more))


def same(one, other):
    pd.testing.assert_frame_equal(one.frame, other.frame, check_dtype=False)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-12)
    assert (one.often, len(one.categories)) == (other.often, len(other.categories))


def in_words(frame, words=WORDS):
    return frame.assign(**{i: frame[i].map(lambda n: words[int(n) - 1]) for i in ASKED["items"]})


def cell(survey, system, item, statistic):
    found = shares.table(survey).set_index(["system", "item", "statistic"])
    return found.loc[(system, item, statistic)]


def test_a_survey_holds_what_the_file_says(tmp_path):
    survey = read(tmp_path / "mine.csv")
    assert list(survey.frame)[:5] == list(COLUMNS)
    assert survey.frame["system"].tolist() == GOOD["place"].tolist()
    assert survey.frame["name"].tolist() == GOOD["place"].tolist()
    assert survey.frame["school_id"].tolist() == GOOD["school"].tolist()
    assert survey.frame[["cycle", "level"]].eq(0).all(axis=None)
    assert survey.frame["visit"].tolist() == GOOD["visit"].tolist()
    assert survey.weights.tolist() == [[w] for w in GOOD["w"]]
    assert survey.categories == ["1", "2", "3", "4"]
    assert survey.items == {"visit": "visit", "share": "share"}
    assert (survey.often, survey.statistics, survey.fay) == (3, ("lowest", "often"), 0.5)
    assert survey.fewest[0] == 10
    assert survey.files == (tmp_path / "mine.csv",)
    assert survey.simulated is False


def test_items_alone_are_enough(tmp_path):
    survey = read_survey(write_records(tmp_path / "mine.csv", GOOD), {"visit": "See others"})
    assert survey.items == {"visit": "See others"}
    assert set(survey.frame["system"]) == {"all"}
    assert survey.frame["school_id"].isna().all()
    assert survey.weights.tolist() == [[1.0]] * 30
    # Of ten answers three are 1 and four are 3 or 4.
    assert cell(survey, "all", "visit", "lowest")["share"] == pytest.approx(0.3, rel=1e-12)
    assert cell(survey, "all", "visit", "often")["share"] == pytest.approx(0.4, rel=1e-12)


def test_weighted_shares_by_hand(tmp_path):
    """Ten people: 1 1 1 2 2 3 3 4 4 and one without an answer; weights 1, but 4 for the first and 2 for the last 4."""
    mine = pd.DataFrame(
        {
            "q": [1, 1, 1, 2, 2, 3, 3, 4, 4, 4, None],
            "w": [4, 1, 1, 1, 1, 1, 1, 1, 1, 2, 50],
        }
    )
    survey = read_survey(write_records(tmp_path / "mine.csv", mine), ["q"], weight="w")
    lowest, often = (cell(survey, "all", "q", name) for name in survey.statistics)
    assert lowest["share"] == pytest.approx(6 / 14, rel=1e-12)
    assert often["share"] == pytest.approx(6 / 14, rel=1e-12)
    assert lowest["n"] == 10
    often = cell(replace(survey, often=4), "all", "q", "often")
    assert often["share"] == pytest.approx(4 / 14, rel=1e-12)


def test_replicates_by_hand(tmp_path):
    """Share .5, in the replicates .75 and .25: variance (.25^2 + .25^2) / (2 (1 - k)^2)."""
    low = np.arange(20) % 2 == 0
    mine = pd.DataFrame({"q": np.where(low, 1, 2), "w": 1.0, "school": 1})
    mine["rw2"], mine["rw1"] = np.where(low, 0.5, 1.5), np.where(low, 1.5, 0.5)
    path = write_records(tmp_path / "mine.csv", mine)
    for fay, expected in ((0.5, 0.5), (0.0, 0.25)):
        asked = {"weight": "w", "replicates": "rw", "fay": fay, "frequent": 1}
        survey = read_survey(path, ["q"], **asked)
        assert survey.weights[0].tolist() == [1, 1.5, 0.5]
        found = cell(survey, "all", "q", "lowest")
        assert found["share"] == pytest.approx(0.5, rel=1e-12)
        assert found["std_error"] == pytest.approx(expected, rel=1e-12)


def test_k_for_a_jackknife_by_pairs(tmp_path):
    """Its variance is the plain sum of squares (.25^2 + .25^2), as the docstring says k = 1 - 1 / sqrt(R) gives."""
    low = np.arange(20) % 2 == 0
    mine = pd.DataFrame({"q": np.where(low, 1, 2), "w0": 1.0})
    mine["w1"], mine["w2"] = np.where(low, 1.5, 0.5), np.where(low, 0.5, 1.5)
    path = write_records(tmp_path / "mine.csv", mine)
    survey = read_survey(path, ["q"], weight="w0", replicates="w", fay=1 - 2**-0.5, frequent=1)
    error = cell(survey, "all", "q", "lowest")["std_error"]
    assert error == pytest.approx(0.125**0.5, rel=1e-12)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav", ".dta"])
def test_replicates_stand_in_the_order_of_their_numbers(tmp_path, ending):
    """Also where the final weight is called number 0, and other columns begin alike."""
    columns = {f"rw{number}": np.full(30, 100.0 + number) for number in (10, 2, 0, 1, *range(3, 10))}
    mine = pd.concat([GOOD, pd.DataFrame(columns), pd.DataFrame({"rwx1": [7] * 30})], axis=1)
    survey = read(tmp_path / f"mine{ending}", mine, weight="rw0", replicates="rw")
    assert survey.weights[0].tolist() == [100.0 + number for number in range(11)]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav", ".dta"])
@pytest.mark.parametrize("words", [False, True])
def test_every_format_gives_the_same(tmp_path, ending, words):
    spoilt = GOOD.assign(share=GOOD["share"].astype(float).mask(GOOD.index == 4))
    expected = read(tmp_path / "first.csv", spoilt)
    given = spoilt
    if words:
        given = in_words(spoilt.fillna(1)).astype({"share": object})
        given.loc[4, "share"] = None if ending in (".csv", ".parquet") else ""
    survey = read(tmp_path / f"mine{ending}", given, labels=WORDS if words else ())
    same(survey, expected)
    assert survey.frame.loc[4, "share"] == NO_ANSWER
    assert survey.categories == (WORDS if words else ["1", "2", "3", "4"])


@pytest.mark.parametrize("ending", [".sav", ".dta"])
@pytest.mark.parametrize("labels", [WORDS, ["1", "2", "3", "4"], ["1.0", "2", "3", "4"], ()])
def test_value_labels_and_codes(tmp_path, ending, labels):
    coded = GOOD.assign(place=GOOD["place"].map({"north": 1, "south": 2}))
    named = {item: dict(enumerate(WORDS, start=1)) for item in ASKED["items"]}
    named["place"] = {1: "north", 2: "south"}
    path = tmp_path / f"mine{ending}"
    writer = {".sav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta}[ending]
    writer(coded, str(path), variable_value_labels=named)
    same(read_survey(path, **ASKED, labels=labels), read(tmp_path / "mine.csv"))


def test_codes_missing_in_spss_and_labels_of_some_codes(tmp_path):
    """Only the ends of the scale have value labels; 9 is declared missing."""
    path = tmp_path / "mine.sav"
    coded = GOOD.assign(visit=GOOD["visit"].astype(float).mask(GOOD.index == 3, 9))
    ends = {item: {1: "never", 4: "weekly"} for item in ASKED["items"]}
    pyreadstat.write_sav(coded, str(path), variable_value_labels=ends, missing_ranges={"visit": [9]})
    survey = read_survey(path, **ASKED, labels=["never", "2", "3", "weekly"])
    expected = read(tmp_path / "mine.csv").frame["visit"].mask(GOOD.index == 3, NO_ANSWER)
    assert survey.frame["visit"].tolist() == expected.tolist()


def test_labels_may_name_codes(tmp_path):
    same(read(tmp_path / "mine.csv", labels=WORDS), read(tmp_path / "mine.csv"))
    assert read(tmp_path / "mine.csv", labels=WORDS).categories == WORDS
    # One item in words, one in codes.
    mixed = GOOD.assign(share=in_words(GOOD)["share"])
    same(read(tmp_path / "mixed.csv", mixed, labels=WORDS), read(tmp_path / "mine.csv"))


def test_numbers_among_the_words_are_answers_not_codes(tmp_path):
    """Nobody gave one of the words: 1 and 2 are still the second and third answer."""
    counts = GOOD.assign(visit=[1, 2, 2] * 10, share=["none", 1, "3 or more"] * 10)
    survey = read(tmp_path / "mine.csv", counts, labels=["none", "1", "2", "3 or more"])
    assert survey.frame["visit"].tolist() == [2, 3, 3] * 10
    assert survey.frame["share"].tolist() == [1, 2, 4] * 10


def test_scales_without_labels(tmp_path):
    expected = read(tmp_path / "mine.csv").frame["visit"]
    zero = GOOD.assign(visit=GOOD["visit"] - 1, share=GOOD["share"] - 1)
    survey = read(tmp_path / "zero.csv", zero)
    assert survey.categories == ["0", "1", "2", "3"]
    assert survey.frame["visit"].tolist() == expected.tolist()
    # As pandas writes whole numbers of a column with gaps.
    survey = read(tmp_path / "float.csv", GOOD.astype({"visit": float}))
    assert survey.frame["visit"].tolist() == expected.tolist()


def test_labels_name_answers_that_nobody_gave(tmp_path):
    labels = ["0", "1", "2", "3", "4", "10"]
    survey = read(tmp_path / "mine.csv", labels=labels)
    assert survey.frame["visit"].tolist() == (GOOD["visit"] + 1).tolist()
    assert survey.often == 5
    assert cell(survey, "north", "visit", "lowest")["share"] == 0


def test_semicolons_decimal_commas_and_other_encodings(tmp_path):
    words = ["ningún", "a veces", "más", "siempre"]
    mine = in_words(GOOD, words).assign(rw1=GOOD["w"] * 1.5, rw2=GOOD["w"] * 0.5)
    path = tmp_path / "mine.csv"
    mine.to_csv(path, index=False, sep=";", decimal=",", encoding="latin-1")
    survey = read_survey(path, **ASKED, labels=words, replicates="rw", options=Options(encoding="latin-1"))
    expected = GOOD["w"].to_numpy()[:, None] * [1, 1.5, 0.5]
    np.testing.assert_allclose(survey.weights, expected, rtol=1e-12)
    path.write_text("\ufeffrw1,rw2,w,q\n" + "0.5,1.5,1,1\n1.5,0.5,1,2\n" * 10)
    survey = read_survey(path, ["q"], weight="w", replicates="rw", frequent=1)
    assert survey.weights[:2].tolist() == [[1, 0.5, 1.5], [1, 1.5, 0.5]]


def test_who_names_no_group_or_weighs_nothing_is_left_out(tmp_path):
    mine = GOOD.assign(place=GOOD["place"].mask(GOOD.index == 1), w=GOOD["w"].mask(GOOD.index == 2, 0))
    survey = read(tmp_path / "mine.csv", mine)
    kept = read(tmp_path / "kept.csv", GOOD.drop(index=[1, 2]))
    same(survey, kept)


def test_nobody_answers_an_item_in_one_group(tmp_path):
    mine = GOOD.assign(share=GOOD["share"].where(GOOD["place"] == "north"))
    survey = read(tmp_path / "mine.csv", mine)
    south = survey.frame[survey.frame["system"] == "south"]
    assert (south["share"] == NO_ANSWER).all()
    assert np.isnan(cell(survey, "south", "share", "often")["share"])
    assert cell(survey, "north", "share", "often")["n"] == 15


def test_an_item_that_all_answer_alike(tmp_path):
    survey = read(tmp_path / "mine.csv", GOOD.assign(share=1))
    found = cell(survey, "north", "share", "lowest")
    assert np.isnan(found["share"])  # or everybody's answer would be known
    assert found["note"] == shares.ALIKE


@pytest.mark.parametrize("ending", [".csv", ".sav"])
def test_a_further_column_to_compare_by(tmp_path, ending):
    """Differences within groups between its levels, as words; who does not tell it is left out there."""
    sex = pd.Series(["f", "m", "m", "f", "f", "m"] * 10)
    big = pd.concat([GOOD] * 2, ignore_index=True).assign(sex=sex.mask(sex.index == 7))
    survey = read(tmp_path / f"mine{ending}", big, by="sex")
    assert survey.frame["sex"].fillna("").tolist() == big["sex"].fillna("").tolist()
    found = comparisons.level_differences(survey, "sex").set_index(["system", "item", "statistic"])
    north = big[(big["place"] == "north") & big["sex"].notna()]
    low = north.assign(low=north["visit"].eq(1) * north["w"]).groupby("sex")[["low", "w"]].sum()
    share = low["low"] / low["w"]
    row = found.loc[("north", "visit", "lowest")]
    assert (row["term"], row["other"]) == ("m", "f")
    assert row["estimate"] == pytest.approx(share["m"] - share["f"], rel=1e-9)


def test_a_group_may_be_the_school(tmp_path):
    big = pd.concat([GOOD] * 3, ignore_index=True)
    survey = read(tmp_path / "mine.csv", big, group="school")
    assert survey.frame["system"].tolist() == survey.frame["school_id"].tolist()


def test_strata_and_means_are_read(tmp_path):
    """Rows that are left out take their strata along; a group may be the stratum."""
    mine = pd.concat([GOOD] * 2, ignore_index=True).assign(age=np.arange(60) / 4)
    mine.loc[5, "w"], mine.loc[7, "age"] = 0, np.nan
    asked = {"strata": "place", "means": {"age": "years at school"}, "school": ""}
    survey = read(tmp_path / "mine.csv", mine, **asked)
    kept = mine.drop(index=5)
    assert survey.strata.tolist() == kept["place"].tolist()
    assert survey.numbers == {"age": "years at school"}
    found = shares.averages(survey).set_index("system").loc["south"]
    south = kept[(kept["place"] == "south") & kept["age"].notna()]
    assert found["estimate"] == pytest.approx(np.average(south["age"], weights=south["w"]), rel=1e-12)
    assert found["n"] == len(south)
    few = read(tmp_path / "few.csv", mine.assign(age=mine["age"].where(mine.index < 18)), **asked)
    assert shares.averages(few)["estimate"].isna().all()
    assert set(shares.averages(few)["note"]) == {"fewer than 10 respondents"}


def test_groups_that_are_strata_are_samples_of_their_own(tmp_path):
    """Each then has the factor of its own schools: R's svydesign(strata = ~place)."""
    mine = GOOD.assign(school=GOOD["school"] + GOOD["place"])
    survey = read(tmp_path / "mine.csv", mine, strata="place")
    table, alone = shares.table(survey), shares.table(replace(survey, one_sample=False, strata=None))
    pd.testing.assert_frame_equal(table, alone)
    domains = shares.table(replace(survey, strata=None))["std_error"]
    assert (domains < table["std_error"]).all()


def with_cell(column, row, value):
    frame = GOOD.astype({column: object})
    frame.loc[row, column] = value
    return frame


def replicates(*numbers):
    return pd.concat([GOOD, pd.DataFrame({f"rw{n}": [1.0] * 30 for n in numbers})], axis=1)


# What is wrong, and what the message must name.
MISTAKES = {
    "no such item": (GOOD, {"items": ["visits"]}, ["mine.csv", "no column 'visits'", "Did you mean 'visit'"]),
    "no such group": (GOOD, {"group": "Place"}, ["mine.csv", "no column 'Place'", "'place'"]),
    "no such weight": (GOOD, {"weight": "W"}, ["no column 'W'"]),
    "no such school": (GOOD, {"school": "building"}, ["no column 'building'"]),
    "no such column to compare by": (GOOD, {"by": "sex"}, ["mine.csv", "no column 'sex'"]),
    "by an item": (GOOD, {"by": "visit"}, ["'visit'", "twice", "`by`"]),
    "by a name of the frame": (GOOD.rename(columns={"school": "name"}), {"school": "", "by": "name"}, ["name", "Rename"]),
    "no items": (GOOD, {"items": []}, ["`items`"]),
    "an item twice": (GOOD, {"items": ["visit", "visit"]}, ["'visit'", "twice"]),
    "the group is an item": (GOOD, {"group": "visit"}, ["'visit'", "twice", "`group`"]),
    "the weight is an item": (GOOD, {"weight": "share"}, ["'share'", "twice"]),
    "the weight is the school": (GOOD, {"weight": "school"}, ["'school'", "twice"]),
    "an item with a name of the frame": (GOOD.rename(columns={"visit": "level"}), {"items": ["level"]}, ["level", "Rename"]),
    "one group": (GOOD.assign(place="north"), {}, ["mine.csv", "'place'", "one group only ('north')", "leave `group` out"]),
    "no group": (GOOD.assign(place=None), {}, ["'place'", "one group only (nothing)"]),
    "small groups": (GOOD.head(18), {}, ["mine.csv", "no group has 10 answers", "larger groups"]),
    "too few": (GOOD.head(9), {"group": ""}, ["10 answers"]),
    "nobody answered": (GOOD.assign(visit=None, share=None), {}, ["mine.csv", "nobody answered"]),
    "a word too many": (in_words(GOOD).assign(visit="daily"), {"labels": WORDS}, ["mine.csv", "'visit'", "other than never, yearly, monthly, weekly", "row 2: 'daily'; row 3: 'daily'", "27 more", "`labels`"]),
    "a word among words": (in_words(GOOD).assign(visit=["never", "daily", "weekly"] * 10), {"labels": WORDS}, ["'visit'", "row 3: 'daily'"]),
    "a code among words": (in_words(GOOD).assign(visit=["never", 2, "weekly"] * 10), {"labels": WORDS}, ["'visit'", "row 3: '2'"]),
    "words without labels": (in_words(GOOD), {}, ["'visit'", "row 2: 'never'", "`labels`"]),
    "a word among codes": (with_cell("visit", 5, "often"), {}, ["'visit'", "text in a number column", "row 7: 'often'"]),
    "a missing code": (with_cell("share", 5, 9), {}, ["'share'", "other than 1, 2, 3, 4", "row 7: '9'", "missing answer"]),
    "a negative missing code": (with_cell("share", 5, -9), {}, ["'share'", "row 7: '-9'"]),
    "half an answer": (with_cell("share", 5, 2.5), {}, ["'share'", "row 7: '2.5'"]),
    "an infinite answer": (with_cell("share", 5, "inf"), {}, ["'share'", "row 7: 'inf'"]),
    "nobody gave 1 or 2": (GOOD.assign(visit=3, share=4), {}, ["'visit'", "row 2: '3'", "every possible answer"]),
    "codes that no label has": (GOOD, {"labels": ["11", "12", "13", "14"]}, ["'visit'", "row 2: '1'"]),
    "more codes than labels": (GOOD, {"labels": WORDS[:3]}, ["'visit'", "other than 1, 2, 3", "row 6: '4'"]),
    "a label twice": (GOOD, {"labels": ["never", "often", "often", "daily"]}, ["'often'", "twice"]),
    "a code twice": (GOOD, {"labels": ["1", "2", "2.0", "4"]}, ["'2'", "twice"]),
    "a label that means no answer": (in_words(GOOD, ["NA", *WORDS[1:]]), {"labels": ["NA", *WORDS[1:]]}, ["'NA'", "no answer"]),
    "an empty label": (GOOD, {"labels": ["", *WORDS[1:]]}, ["''", "no answer"]),
    "one label": (GOOD, {"labels": ["never"]}, ["one answer only"]),
    "all answers are often": (GOOD, {"frequent": 4}, ["mine.csv", "highest 4", "`frequent`"]),
    "one answer to all": (GOOD.assign(visit=1, share=1), {}, ["of 1 answers", "`labels`"]),
    "no answer is often": (GOOD, {"frequent": 0}, ["`frequent` is 0"]),
    "k of one": (GOOD, {"fay": 1}, ["`fay` is 1"]),
    "negative k": (GOOD, {"fay": -0.1}, ["`fay` is -0.1"]),
    "k that is no number": (GOOD, {"fay": float("nan")}, ["`fay` is nan"]),
    "a missing weight": (with_cell("w", 4, None), {}, ["mine.csv", "column 'w'", "missing or negative", "row 6", "correct"]),
    "a negative weight": (with_cell("w", 4, -1), {}, ["column 'w'", "row 6: '-1'", "0 or more"]),
    "an infinite weight": (with_cell("w", 4, "inf"), {}, ["column 'w'", "infinite", "row 6: 'inf'"]),
    "a weight in words": (with_cell("w", 4, "much"), {}, ["column 'w'", "row 6: 'much'"]),
    "no weight at all": (GOOD.assign(w=0), {}, ["column 'w'", "every weight is 0"]),
    "replicates without a weight": (GOOD, {"weight": "", "replicates": "rw"}, ["`replicates` needs `weight`"]),
    "no replicates": (GOOD, {"replicates": "rw"}, ["mine.csv", "rw1, rw2", "there is none", "place, visit, share"]),
    "one replicate": (replicates(1), {"replicates": "rw"}, ["there is rw1"]),
    "replicates with a gap": (replicates(1, 2, 4), {"replicates": "rw"}, ["3 columns from rw1 to rw4", "gaps"]),
    "a replicate twice": (replicates(1, 2, "02"), {"replicates": "rw"}, ["3 columns from rw1", "each once"]),
    "the number in the prefix": (replicates(*range(1, 21)), {"replicates": "rw1"}, ["'rw', not 'rw1'"]),
    "a replicate that is missing": (replicates(1, 2).assign(rw2=None), {"replicates": "rw"}, ["column 'rw2'", "row 2", "27 more"]),
    "a replicate that is negative": (replicates(1, 2).assign(rw2=-1), {"replicates": "rw"}, ["column 'rw2'", "row 2: '-1'"]),
    "replicates that are items": (replicates(1, 2), {"items": ["visit", "rw1"], "replicates": "rw"}, ["'rw1'", "twice"]),
    "a school that is missing": (with_cell("school", 4, None), {}, ["mine.csv", "column 'school'", "row 6", "leave `school` out"]),
    "no such stratum": (GOOD, {"strata": "area"}, ["mine.csv", "no column 'area'"]),
    "a stratum that is missing": (with_cell("share", 4, None), {"items": ["visit"], "strata": "share"}, ["column 'share'", "row 6", "leave `strata` out"]),
    "a school in two strata": (GOOD, {"items": ["visit"], "strata": "share"}, ["column 'share'", "several strata", "s0 in 1", "ids of their own"]),
    "a stratum with one school": (GOOD.assign(area=np.where(GOOD["school"] == "s1", "x", "y")), {"strata": "area"}, ["column 'area'", "one school alone", "row 3: 'x'", "together with a stratum"]),
    "a stratum with one respondent": (GOOD.assign(area=[*"xyy"] + [*"yyy"] * 9), {"strata": "area", "school": ""}, ["one respondent alone", "row 2: 'x'"]),
    "a stratum with one school of weight": (GOOD.assign(area=np.where(GOOD["school"] < "s2", "x", "y"), w=np.where(GOOD["school"] == "s1", 0, 1)), {"strata": "area"}, ["one school alone"]),
    "strata beside replicates": (replicates(1, 2).assign(area=1), {"replicates": "rw", "strata": "area"}, ["`strata`", "replicate weights"]),
    "the strata are an item": (GOOD, {"strata": "visit"}, ["'visit'", "twice", "`strata`"]),
    "a mean of an item": (GOOD, {"means": ["visit"]}, ["'visit'", "twice", "`means`"]),
    "a mean of words": (GOOD, {"means": ["school"], "school": ""}, ["mine.csv", "column 'school'", "row 2: 's0'"]),
    "no rows": (GOOD.head(0), {}, ["no rows"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(tmp_path, mistake):
    frame, more, named = MISTAKES[mistake]
    with pytest.raises(InputError) as error:
        read(tmp_path / "mine.csv", frame, **more)
    for part in named:
        assert part in str(error.value)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("ending", "content", "named"),
    [
        (".csv", b"", ["is empty"]),
        (".csv", "visit,w,rw1,rw2\nniño,1,1,1\n".encode("latin-1"), ["row 2", "encoding: latin-1"]),
        (".csv", "visit,w\n1,1\n".encode("utf-16"), ["row 1", "not utf-8"]),
        (".parquet", b"PAR1" + bytes(40), ["cannot be read"]),
        (".sav", b"$FL2@(#) SPSS DATA FILE", ["cannot be read"]),
        (".dta", b"Visit,rw1\n", ["no .dta file"]),
        (".docx", b"PK", ["cannot read *.docx"]),
    ],
)
@pytest.mark.parametrize("prefix", ["", "rw"])
def test_files_that_cannot_be_read(tmp_path, ending, content, named, prefix):
    path = tmp_path / f"mine{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_survey(path, ["visit"], weight="w", replicates=prefix)
    for part in [path.name, *named]:
        assert part in str(error.value)


def test_no_data_at_all():
    """The notebook's empty `data` is the project's folder."""
    with pytest.raises(InputError, match="`data` is empty"):
        read_survey(ROOT, ["visit"])


def test_an_unknown_encoding_is_named(tmp_path):
    with pytest.raises(InputError, match="'klingon' is not known"):
        read(tmp_path / "mine.csv", replicates="rw", options=Options(encoding="klingon"))


@settings(max_examples=20)
@given(st.permutations(range(len(GOOD))), st.floats(1e-3, 1e3))
def test_order_of_rows_and_scale_of_weights_change_no_share(tmp_path_factory, order, scale):
    folder = tmp_path_factory.mktemp("any")
    changed = GOOD.iloc[order].assign(w=lambda rows: rows["w"] * scale)
    expected = shares.table(read(folder / "first.csv"))
    found = shares.table(read(folder / "second.csv", changed))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_small_groups_are_not_shown():
    survey = example()
    found = shares.table(survey)
    music = found[found["system"] == "music"]
    assert len(music) == 2 * len(survey.items)
    assert music[["share", "std_error", "ci_low", "ci_high"]].isna().all(axis=None)
    assert (music["note"] != "").all()
    others = found[found["system"] != "music"]
    assert set(others["system"]) == {"languages", "mathematics", "sciences"}
    assert others[["share", "std_error", "ci_low", "ci_high"]].notna().all(axis=None)
    assert others["n"].min() >= 10


def test_few_schools_hide_nothing(tmp_path):
    survey = read(tmp_path / "mine.csv", GOOD.assign(school=GOOD.index % 4 // 2))
    found = shares.table(survey)
    assert found["n_schools"].eq(2).all()
    assert found["share"].notna().all()


def example():
    given = parameters.read(ROOT / "params" / "03-own-survey.yml")
    names = ("items", "group", "weight", "replicates", "fay", "labels", "frequent", "school")
    return read_survey(ROOT / given["data"], **{name: given[name] for name in names})


def test_the_example_is_small_and_simulated():
    path = ROOT / "data" / "simulated" / "03-survey.csv"
    assert path.stat().st_size < 80_000
    survey = example()
    assert survey.simulated
    assert survey.categories == examples.DOORS
    assert survey.frame["school_id"].nunique() == 24
    assert set(survey.frame["system"]) == {"languages", "mathematics", "sciences", "music"}


def test_the_example_explains_every_parameter():
    lines = (ROOT / "params" / "03-own-survey.yml").read_text().splitlines()
    given = yaml.safe_load("\n".join(lines))
    for name in given:
        line = next(line for line in lines if line.startswith(f"{name}:"))
        assert "  # " in line, name
    assert {"replicates", "fay", "weight", "labels", "frequent", "school"} <= set(given)


@pytest.mark.parametrize(
    ("file", "share", "std_error", "n"),
    [("BTGITAT3.sav", 73.89046115, 3.753801123, 164), ("BTGMEXT3.sav", 81.89833761, 3.996205711, 96)],
)
def test_a_file_of_talis_by_parameters_alone(shared, file, share, std_error, n):
    """The same answers as R survey: value 2 of two, with the file's weights and Fay's k of .5."""
    survey = read_survey(
        shared / "data" / "talis" / file, ["TT3G23O"], weight="TCHWGT", replicates="TRWGT",
        labels=["1", "2"], frequent=1, school="IDSCHOOL",
    )  # fmt: skip
    assert survey.weights.shape[1] == 101
    found = cell(survey, "all", "TT3G23O", "often")
    assert 100 * found["share"] == pytest.approx(share, rel=1e-9)
    assert 100 * found["std_error"] == pytest.approx(std_error, rel=1e-9)
    assert found["n"] == n


def test_variable_labels_of_spss_name_the_items_where_they_tell_them_apart(tmp_path):
    frame = GOOD[["visit", "share"]].astype(float)
    for labels, expected in (
        (["watch a colleague", "share  material"], ["watch a colleague", "share material"]),
        (["How often?", "How often?"], ["visit", "share"]),
    ):
        path = tmp_path / "mine.sav"
        pyreadstat.write_sav(frame, str(path), column_labels=labels)
        assert list(read_survey(path, ["visit", "share"]).items.values()) == expected
        assert read_survey(path, {"visit": "visits", "share": "shares"}).items["visit"] == "visits"
        answers, _, _ = read_answers(path, items=["visit", "share"], low=1, high=4)
        assert answers["item"].unique().tolist() == expected


def test_a_labelled_code_that_the_user_calls_missing_is_no_answer(tmp_path):
    """Undeclared in the file, it is asked about; in `missing`, by code or by label, it is gone from the scale too."""
    frame = pd.DataFrame({"visit": [1.0, 2, 3, 9] * 10})
    path = tmp_path / "mine.sav"
    labels = {"visit": {1: "never", 2: "monthly", 3: "weekly", 9: "No answer"}}
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels)
    with pytest.raises(InputError, match=r"9 is labelled 'No answer'.*`missing: \[9\]`"):
        read_survey(path, ["visit"])
    for code in (9, "No answer"):
        survey = read_survey(path, ["visit"], options=Options(missing=[code]))
        assert survey.categories == ["never", "monthly", "weekly"]
        assert survey.frame["visit"].value_counts().to_dict() == {1: 10, 2: 10, 3: 10, NO_ANSWER: 10}
    with open_records(path, ["visit"], [], Options(missing=[9])) as records:
        assert records.labels["visit"] == {"1": "never", "2": "monthly", "3": "weekly"}


@pytest.mark.parametrize(
    ("weight", "share", "mean"),
    [
        ("", (0.046679500, 0.03745619, 0.05803704), (0.1921255512943, 0.0389013854848)),
        ("W_SCHGRNRABWT", (0.075501111, 0.04677879, 0.11964547), (0.0226962125588, 0.0656893559910)),
    ],
)
def test_teachers_of_pisa_2015(shared, weight, share, mean):
    """R's survey 4.1: svyciprop of TC046Q04NA = 1, and svymean of the OECD's index of exchange; schools as clusters."""
    path = shared / "data" / "pisa" / "pisa2015_teachers_usa.csv"
    survey = read_survey(path, ["TC046Q04NA"], school="CNTSCHID", weight=weight, means=["EXCHT"])
    found = cell(survey, "all", "TC046Q04NA", "lowest")
    assert found[["share", "ci_low", "ci_high"]].tolist() == pytest.approx(share, rel=1e-6)
    index = shares.averages(survey).iloc[0]
    assert (index["estimate"], index["std_error"]) == pytest.approx(mean, rel=1e-10)
    assert (index["n"], index["n_schools"]) == (2086, 169)
