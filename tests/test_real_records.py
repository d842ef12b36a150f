"""Records of surveys beside TALIS: right values, untouched forms of their files, and what may be said of them."""

import json
import zipfile
from itertools import product

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import sas
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from conftest import SHARED
from helpers import kept
from helpers.estimate import shares
from helpers.project import ROOT, InputError
from helpers.read import family, published
from helpers.read.survey import read_survey
from helpers.study import classroom_doors, explained, real_records

GTI, PISA = SHARED / "data" / "gti" / "gti_teachers.csv", SHARED / "data" / "pisa" / "pisa2015_teachers_usa.csv"
needs_files = pytest.mark.usefixtures("shared")
SIX = dict(enumerate(["Never", "Once a year or less", "2-4 times a year", "5-10 times a year", "1-3 times a month", "Once a week or more"], 1))  # fmt: skip


def committed() -> pd.DataFrame:
    return real_records.read({})


def share(survey: str, system: str, item: str, statistic: str, weights: str = "none") -> pd.Series:
    rows = committed().set_index(["survey", "system", "item", "statistic", "weights"])
    return rows.loc[(survey, system, item, statistic, weights)]


@pytest.mark.parametrize(
    ("system", "never", "monthly"),
    [("Chile", 0.6383, 0.0213), ("Shanghai", 0, 0.5294), ("Japan", 0.1379, 0.1724)],
)
def test_shares_of_the_filmed_teachers_are_those_counted_by_others(system, never, monthly):
    assert share("gti", system, "B", "never")["share"] == pytest.approx(never, abs=5e-5)
    assert share("gti", system, "B", "monthly")["share"] == pytest.approx(monthly, abs=5e-5)


def test_the_bound_of_none_among_85_is_the_exact_one():
    row = share("gti", "Shanghai", "B", "never")
    assert (row["n"], np.isnan(row["std_error"])) == (85, True)
    assert row["ci_high"] == pytest.approx(0.0425, abs=5e-5)


@pytest.mark.parametrize(
    ("item", "statistic", "weights", "estimate", "error"),
    [
        ("A", "never", "none", 0.54839, 0.01374), ("B", "never", "none", 0.36748, 0.01619), ("C", "never", "none", 0.39429, 0.01270),
        ("D", "never", "none", 0.04668, 0.00518), ("B", "monthly", "none", 0.08947, 0.00718), ("A", "monthly", "none", 0.22292, 0.01159),
        ("B", "never", "school weight", 0.38422, 0.02365),
    ],
)  # fmt: skip
def test_shares_of_american_teachers_have_the_errors_of_r_survey(item, statistic, weights, estimate, error):
    row = share("pisa2015", "USA", item, statistic, weights)
    assert (row["share"], row["std_error"]) == (pytest.approx(estimate, abs=6e-6), pytest.approx(error, abs=6e-6))
    assert row["n_schools"] == 169


def test_answers_to_an_item_add_up_and_rest_on_ten_teachers_or_more():
    table = committed()
    assert table["n"].min() >= 10
    answers = [answer for k in family.STUDIES for q in k.questions.values() for answer in q.answers]
    sums = table[table["statistic"].isin(answers)].groupby(["survey", "system", "item", "weights"])["share"].sum()
    assert sums.to_numpy() == pytest.approx(1)


@needs_files
def test_the_committed_shares_are_those_of_the_files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for path in (GTI, PISA):
        (folder / path.name).symlink_to(path)
    real_records.write(folder, tmp_path)
    for name in (real_records.TABLE, "open-classrooms.json"):
        assert (tmp_path / name).read_text() == (real_records.FOLDER / name).read_text()
    about = json.loads((tmp_path / "open-classrooms.json").read_text())
    assert [entry["sha256"] for entry in about["inputs"]] == [kept.digest(GTI), kept.digest(PISA)]


@needs_files
def test_the_file_of_pisa_is_read_as_the_oecd_publishes_it(tmp_path):
    """SPSS, with labels and declared missing codes, other variables, and other systems."""
    own = pd.read_csv(PISA)
    items = [f"TC046Q0{number}NA" for number in range(1, 9)]
    own[items] = own[items].where(
        own[items].notna(), np.random.default_rng(1).choice([95.0, 97, 98, 99], own[items].shape)
    )
    other = own.assign(CNT="CHL")[own["CNTSCHID"] % 3 == 0]
    more = pd.DataFrame(1.0, range(len(own) + len(other)), [f"TC{number:03}Q01NA" for number in range(100, 160)])
    whole = pd.concat([pd.concat([own, other], ignore_index=True), more], axis=1)
    path = tmp_path / "CY6_MS_CMB_TCH_QQQ.sav"
    pyreadstat.write_sav(
        whole, path, variable_value_labels={**dict.fromkeys(items, SIX), "CNT": {"CHL": "Chile", "USA": "United States"}},
        missing_ranges={item: [{"lo": 95, "hi": 99}] for item in items},
    )  # fmt: skip
    known = family.recognised(path)
    table = shares.table(family.read(path, known)).set_index(["system", "item", "statistic"])
    assert (known.key, set(table.index.get_level_values("system"))) == ("pisa2015", {"CHL", "USA"})
    ours = committed().query("survey == 'pisa2015' and weights == 'none'").set_index(["system", "item", "statistic"])
    american = table.loc["USA"]
    assert american["share"].to_numpy() == pytest.approx(
        ours.loc["USA"].loc[american.index, "share"].to_numpy(), abs=1e-12
    )
    names = family.read(path, known).frame.drop_duplicates("system").set_index("system")["name"]
    assert names.to_dict() == {"USA": "United States", "CHL": "Chile"}


@needs_files
@pytest.mark.parametrize(("known", "path"), [("gti", GTI), ("pisa2015", PISA)])
def test_sas_files_are_read_as_the_others(tmp_path, known, path):
    """No labels in the file, and a letter (.N) where nothing was answered."""
    frame = pd.read_csv(path)
    if known == "pisa2015":
        items = [f"TC046Q0{number}NA" for number in range(1, 9)]
        frame[items] = frame[items].astype(object).where(frame[items].notna(), "N")
    place = sas.write(frame, tmp_path / "cy6_ms_cmb_tch_qqq.sas7bdat")
    study = family.recognised(place)
    assert study.key == known
    ours = shares.table(family.read(place, study))
    pd.testing.assert_frame_equal(ours, shares.table(family.read(path, study)))
    assert ours["share"].notna().any()


def small(tmp_path, **columns):
    rows = {
        "CNT": "USA",
        "CNTSCHID": range(30),
        "CNTTCHID": range(30),
        "CYC": "06MS",
        "TC046Q04NA": [1, 6] * 15,
    } | columns
    path = tmp_path / "teachers.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_the_edition_of_pisa_is_read_off_the_file_and_items_that_are_not_there_are_not_asked(tmp_path):
    path = small(tmp_path, CYC="07MS")
    known = family.recognised(path)
    assert (known.key, list(family.read(path, known).items)) == ("pisa2018", ["D"])


def with_schools(folder, **columns):
    """A folder with PISA's file of thirty teachers, and one of their schools but the last."""
    small(folder, AGE=[40.0, None] * 15, CNTSCHID=[n // 2 for n in range(30)])
    own = {"CNT": "USA", "CNTSCHID": range(14), "SIZE": [500, 900] * 7, "TYPE": ["public", "private"] * 7} | columns
    pd.DataFrame(own).to_csv(folder / "schools.csv", index=False)
    return folder


def test_what_schools_of_pisa_say_goes_to_their_teachers(tmp_path):
    place = with_schools(tmp_path)
    known = family.recognised(place)
    frame = family.read(place, known, explain=["AGE", "SIZE", "TYPE"]).frame
    assert frame["AGE"].fillna(-1).tolist() == [40, -1] * 15
    assert frame["SIZE"].fillna(-1).tolist() == [500, 500, 900, 900] * 7 + [-1, -1]
    assert frame["TYPE"].fillna("").tolist() == ["public", "public", "private", "private"] * 7 + ["", ""]
    assert frame["principal"].tolist() == [True] * 28 + [False] * 2
    survey = family.read(place, known, explain=["SIZE", "TYPE"])
    told = explained.table(survey, ["SIZE", "TYPE"], ["USA"])
    assert set(told["n"]) == {28}
    assert explained.unmatched(classroom_doors.view(survey)).startswith(
        "1 of 15 schools, with 2 teachers, are in no file"
    )


@pytest.mark.parametrize(
    ("columns", "explain", "message"),
    [
        ({"AGE": 3}, "AGE", "each has a column AGE, so that `explain` can mean either"),
        ({}, "SHOE", "teachers.csv: `explain` names SHOE, which no file here has"),
        ({"CNTSCHID": [3, *range(1, 14)]}, "SIZE", "schools.csv.*the same id more than once"),
        ({"CNTSCHID": [None, *range(1, 14)]}, "SIZE", "CNTSCHID.*an id that is missing"),
        (
            {"CNTSCHID": range(100, 114)},
            "SIZE",
            "schools.csv: none of its schools is a school of teachers.csv, by CNT and CNTSCHID",
        ),
        ({"CNT": "CHL"}, "SIZE", "none of its schools"),
    ],
    ids=["both", "none", "twice", "no id", "other schools", "other systems"],
)
def test_schools_that_cannot_be_put_together_are_refused(tmp_path, columns, explain, message):
    place = with_schools(tmp_path, **columns)
    with pytest.raises(InputError, match=message):
        family.read(place, family.recognised(place), explain=[explain])


def test_files_of_students_are_no_files_of_schools(tmp_path):
    place = with_schools(tmp_path)
    pd.DataFrame({"CNT": "USA", "CNTSCHID": [1, 1, 2], "CNTSTUID": [1, 2, 3]}).to_csv(
        place / "students.csv", index=False
    )
    frame = family.read(place, family.recognised(place), explain=["SIZE"]).frame
    assert frame["SIZE"].notna().sum() == 28


@pytest.mark.parametrize(
    "columns", [{"CYC": "05MS"}, {"TC046Q04NA": None, "CNT": "USA", "CYC": "06MS"}], ids=["edition", "items"]
)
def test_a_file_that_is_another_one_is_not_taken_for_a_known_one(tmp_path, columns):
    path = small(tmp_path, **columns)
    if "TC046Q04NA" in columns:
        pd.read_csv(path).drop(columns="TC046Q04NA").to_csv(path, index=False)
    assert family.recognised(path) is None


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"TC046Q04NA": [7, *[1] * 29]}, "TC046Q04NA.*off the scale 1 to 6"),
        ({"CNTTCHID": [1, 1, *range(28)], "CNTSCHID": 1}, "CNTTCHID"),
        ({"CNTSCHID": [None, *range(29)]}, "CNTSCHID.*missing"),
    ],
    ids=["code", "twice", "school"],
)
def test_wrong_cells_are_refused_by_column(tmp_path, columns, message):
    path = small(tmp_path, **columns)
    with pytest.raises(InputError, match=message):
        family.read(path, family.study("pisa2015"))


@needs_files
def test_places_of_filmed_teachers_are_neither_tested_nor_averaged():
    survey = family.read(GTI, family.study("gti"))
    view = classroom_doors.view(survey)
    assert classroom_doors.differences(view).empty
    assert not view.now["average"].any()
    assert view.names["Germany"] == "Germany*"


def wilson(count, n):
    low, high = proportion_confint(count, n, method="wilson")
    return pd.Series({"share": count / n, "ci_low": low, "ci_high": high})


def test_directions_are_those_of_newcombes_interval():
    """By statsmodels, for counts as small as they come, where the t of the two errors would call 1 of 85 fewer than 97 of 2,078."""
    for one, other in product(
        [(0, 20), (1, 85), (5, 85), (30, 60), (60, 60)], [(0, 85), (3, 50), (97, 2078), (33, 60)]
    ):
        low, high = confint_proportions_2indep(*one, *other, method="newcomb", compare="diff")
        told = "higher" if low > 0 else "lower" if high < 0 else "cannot be told"
        assert real_records.direction(wilson(*one), wilson(*other)) == told
    assert real_records.direction(wilson(1, 85), wilson(97, 2078)) == "cannot be told"
    assert real_records.direction(wilson(30, 60), wilson(97, 2078)) == "higher"


def test_a_direction_counts_only_with_and_without_weights():
    printed = published.read(real_records.ROOT / "data/published/001-talis.csv")
    both, plain = committed(), committed()[lambda rows: rows["weights"].eq("none")]
    exchanging = "001-talis-CHL-D-never-rank"  # 14% in Chile, and in the United States 5%, with weights 8%
    assert real_records.claims(plain, printed).set_index("id").at[exchanging, "verdict"] == "agrees"
    assert real_records.claims(both, printed).set_index("id").at[exchanging, "verdict"] == "cannot be told"


def test_claims_on_chile_and_shanghai_are_set_beside_other_records():
    claims = real_records.claims(committed(), published.read(real_records.ROOT / "data/published/001-talis.csv"))
    verdicts = claims.set_index("id")["verdict"]
    assert verdicts["001-talis-CHL-B-never-rank"] == verdicts["001-talis-CSH-B-never-rank"] == "agrees"
    assert verdicts["001-talis-CSH-D-never-rank"] == "cannot be told"  # 1 of 85
    assert verdicts["001-talis-CHL-H-never-rank"] == "cannot be told"  # not asked of the filmed teachers
    turned = committed()
    places = turned["survey"].eq("gti") & turned["system"].isin(["Chile", "Shanghai"])
    turned.loc[places, "system"] = turned.loc[places, "system"].map({"Chile": "Shanghai", "Shanghai": "Chile"})
    turned = real_records.claims(turned, published.read(real_records.ROOT / "data/published/001-talis.csv"))
    assert turned.set_index("id").at["001-talis-CHL-B-never-rank", "verdict"] == "differs"


@needs_files
def test_the_archive_of_the_filmed_teachers_is_read_whole(tmp_path):
    """The OECD's zip has other files beside the teachers'."""
    path = tmp_path / "GTI Data csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(GTI, "GTI Data csv/GTI-Teacher-Data.csv")
        archive.writestr(
            "GTI Data csv/GTI-Student-Data.csv", "COUNTRY,SCH_ID,S_ID,SQA1\nChile,CHI-0001,1,2\nChile,CHI-0001,2,2\n"
        )
        log = "Chile,CHI-0001,CHI-T0001,90\n"  # a row a lesson
        archive.writestr("GTI Data csv/GTI-TeachLog-Data.csv", f"COUNTRY,SCH_ID,T_ID,TL02\n{log * 2}")
    known = family.recognised(path)
    assert known.key == "gti"
    pd.testing.assert_frame_equal(family.read(path, known).frame, family.read(GTI, known).frame)


def test_two_files_of_one_study_are_asked_about(tmp_path):
    small(tmp_path)
    (tmp_path / "more.csv").write_text((tmp_path / "teachers.csv").read_text())
    with pytest.raises(InputError, match=r"more.csv, teachers.csv"):
        family.read(tmp_path, family.recognised(tmp_path))


def own(tmp_path, answers, words):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"q": rng.choice(answers, 200), "school": rng.integers(1, 20, 200)})
    path = tmp_path / "mine.csv"
    frame.to_csv(path, index=False)
    return classroom_doors.view(read_survey(path, {"q": words}, labels=answers, school="school"))


@pytest.mark.parametrize("words", ["B", "observe colleagues and give feedback"])
def test_own_answers_stand_beside_those_to_the_same_item(tmp_path, words):
    near = real_records.beside(own(tmp_path, list(SIX.values()), words), committed(), ["gti", "pisa"])
    assert set(near["item"]) == {"B"}
    assert near["label"].nunique() == 1 + 8 + 1
    chile = near[near["label"].eq("B-M-V (Chile), GTI") & near["statistic"].eq("never")]
    assert chile["share"].item() == pytest.approx(0.6383, abs=5e-5)
    assert near.loc[near["survey"] == "yours", "statistic"].tolist() == ["never", "monthly"]


@pytest.mark.parametrize(
    ("answers", "words", "keys", "message"),
    [
        (list(SIX.values()), "B", ["talis"], "not all surveys known here"),
        (["no", "yes", "often"], "B", ["gti"], "six answers"),
        (list(SIX.values()), "visit lessons", ["gti"], "by its letter"),
        (list(SIX.values()), "A", ["gti"], "none of your items was asked there"),
    ],
)
def test_what_was_not_asked_there_is_not_set_beside(tmp_path, answers, words, keys, message):
    with pytest.raises(InputError, match=message):
        real_records.beside(own(tmp_path, answers, words), committed(), keys)


def test_figures_rank_no_place_and_say_what_a_star_means():
    """The alphabet is the order of each survey: classes that agreed to be filmed do not make a ranking."""
    seeing = real_records.headlines(committed(), real_records.SEEING)
    shown = real_records.drawn(seeing)
    filmed = shown[shown["survey"].eq("gti") & shown["statistic"].eq("never")]
    assert filmed["system"].tolist() == sorted(filmed["system"])
    assert filmed["share"].tolist() != sorted(filmed["share"], reverse=True)
    assert "Germany (seven Länder)" in set(filmed["label"])
    assert shown["share"].tolist() == seeing["share"].tolist()


def test_what_is_not_printed_says_so():
    printed = pd.concat(
        [published.read(ROOT / "data" / "published" / name) for name in ("talis-q33.csv", "004-text.csv")]
    )
    rows = real_records.in_print(printed).set_index(["label", "statistic"])
    assert rows.loc[("Portugal", "monthly"), "note"] == "not printed"
    assert np.isnan(rows.loc[("Portugal", "monthly"), "share"])
    assert rows.loc[("Chile", "monthly"), "share"] == pytest.approx(0.137, abs=0.01)
    assert set(rows.index[rows["least"]].get_level_values("label")) == {"United States: half or more"}


def test_places_in_print_stand_in_the_alphabet_too():
    assert list(real_records.IN_PRINT) == sorted(real_records.IN_PRINT)
