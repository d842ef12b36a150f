"""Chicago's progress reports: the committed sums, known answers, other programs' estimates, and bad files."""

import json
import re
import shutil
import subprocess
import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from conftest import ROOT, environment
from helpers.estimate import fixed_effects, moments
from helpers.project import InputError
from helpers.read import published
from helpers.release import released
from helpers.study import practice_change, report_counts, report_words
from helpers.study.report_counts import ACROSS, AFTER, BEFORE

FILES = [f"cps-reports-{name}.csv" for name in practice_change.TABLES]
AMBITIOUS = "School_Survey_Ambitious_Instruction"
STUDENTS = "School_Survey_Student_Response_Rate_Pct"

# Another implementation's rise after the first report, in its SDs: schools, then estimate and standard error by year.
KNOWN = {
    "ES": (436, [(0.185, 0.046), (0.118, 0.054), (0.408, 0.053)]),
    "HS": (176, [(0.307, 0.064), (0.216, 0.071), (0.460, 0.068)]),
}
# All six reports in one model by pyfixest, students' rating, schools seen at least twice, SDs of the first report.
ALL_SIX = {
    "ES": [0.18629, 0.12659, 0.41605, -0.40109, -0.44181],
    "HS": [0.30794, 0.22473, 0.47600, 0.05301, -0.12346],
}
# The city's average response rates as its files print them, read by others.
PRINTED = {"student": [81.2, 83.0, 82.2, 81.4, 59, 73], "teacher": [80.7, 83.2, 80.9, 79.9, 71, 71]}


def report(year, schools=60, seed=0):
    """One year's file as the city writes it, cut to the columns used here and one more."""
    rng = np.random.default_rng(100 * year + seed)
    words = ["", published.NOT_ENOUGH, *published.RATINGS]
    chances = [0.04, 0.06, 0.1, 0.2, 0.25, 0.2, 0.15]
    return pd.DataFrame(
        {
            "School_ID": 600000 + np.arange(schools),
            "Long_Name": [f"School, {number}" for number in range(schools)],
            "Primary_Category": ["MS", *["ES"] * (schools // 2), *["HS"] * (schools - schools // 2 - 1)],
            "Progress_Report_Year": year,
            AMBITIOUS: rng.choice(words, schools, p=chances),
            "School_Survey_Collaborative_Teachers": rng.choice(words, schools, p=chances),
            STUDENTS: rng.uniform(50, 99.9, schools).round(1),
            "School_Survey_Teacher_Response_Rate_Pct": rng.uniform(50, 99.9, schools).round(1),
            "School_Survey_Student_Response_Rate_Avg_Pct": 81.2,
            "School_Survey_Teacher_Response_Rate_Avg_Pct": 80.7,
        }
    )


def save(folder, frame, name, **options):
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / name, index=False, **options)
    return folder / name


@pytest.fixture
def folder(tmp_path):
    for year in (2015, 2016, 2017):
        save(tmp_path / "cps", report(year), f"report {year}.csv")
    return tmp_path / "cps"


@pytest.fixture
def records(folder):
    return published.read_reports(published.find_reports(folder))


@pytest.fixture
def city(shared, tmp_path):
    """The city's own files of which the committed tables were made; more reports have come out since."""
    folder = tmp_path / "city"
    folder.mkdir()
    for entry in json.loads((practice_change.FOLDER / "cps-reports.json").read_text())["inputs"]:
        shutil.copy(shared / "data" / "cps" / entry["name"], folder)
    return folder


def committed(name):
    return pd.read_csv(practice_change.FOLDER / name, dtype={"term": str, "pattern": str})


def estimates(panel, span=BEFORE):
    panel = f"{span} {panel}"
    data = released.read_pooled(practice_change.read_pooled(practice_change.FOLDER / "cps-reports-moments.csv"), panel)
    return data, released.fit(data, "CRV1").in_units_of(data.baseline_sd).table()


# What the project shows without the files


@pytest.mark.parametrize("group", KNOWN)
def test_committed_sums_give_the_known_answer(group):
    data, table = estimates(f"{group} ambitious_instruction main")
    schools, known = KNOWN[group]
    n, k = data.n, len(data.terms)
    table["std_error"] *= np.sqrt((n - k - 1) / (n - k))  # they have linearmodels' factor
    assert (data.n_schools, data.n_groups) == (schools, schools)
    assert data.terms == ("2016", "2017", "2018")
    found = table[["estimate", "std_error"]].to_numpy()
    assert found == pytest.approx(np.array(known), abs=0.00051)


@pytest.mark.parametrize("group", ALL_SIX)
def test_all_six_reports_in_one_model_give_the_known_answer(group):
    data, table = estimates(f"{group} ambitious_instruction main", ACROSS)
    assert data.terms == ("2016", "2017", "2018", "2021", "2022")
    assert table["estimate"].tolist() == pytest.approx(ALL_SIX[group], abs=0.000005)


@pytest.mark.parametrize("group", KNOWN)
def test_collaborative_teachers_shows_no_such_rise(group):
    """By the last report it stands below the lower end of the other measure's interval."""
    rise = estimates(f"{group} ambitious_instruction main")[1].iloc[-1]
    other = estimates(f"{group} collaborative_teachers main")[1].iloc[-1]
    assert other["estimate"] < rise["ci_low"]


def test_committed_check_by_another_package_agrees():
    table = committed("cps-reports-check.csv")
    assert table["span"].value_counts().to_dict() == {BEFORE: 12, AFTER: 4, ACROSS: 20}
    assert table["estimate"].to_numpy() == pytest.approx(table["other_estimate"].to_numpy(), rel=1e-9)
    ratio = (table["std_error"] / table["other_std_error"]) ** 2
    assert ratio.to_numpy() == pytest.approx((table["factor"] / table["other_factor"]).to_numpy(), rel=1e-9)
    for (span, group, measure), rows in table.groupby(["span", "group", "measure"]):
        ours = estimates(f"{group} {measure} main", span)[1]
        for column in ("estimate", "std_error"):
            assert rows[column].to_numpy() == pytest.approx(ours[column].to_numpy(), rel=1e-9)


def test_every_panel_is_there_and_can_be_rebuilt():
    sums = practice_change.read_pooled(practice_change.FOLDER / "cps-reports-moments.csv")
    panels = sums[["panel", "span", "group", "measure", "specification"]].drop_duplicates()
    assert len(panels) == 3 * 2 * len(report_counts.MEASURES) * len(practice_change.SPECIFICATIONS)
    for row in panels.itertuples():
        assert row.panel == f"{row.span} {row.group} {row.measure} {row.specification}"
        data = released.read_pooled(sums, row.panel)
        crv1, crv3 = (released.fit(data, kind).table() for kind in ("CRV1", "CRV3"))
        assert (crv3["std_error"] > 0).all()
        assert crv3["std_error"].to_numpy() == pytest.approx(crv1["std_error"].to_numpy(), rel=0.05)


def test_counts_of_the_committed_tables_agree_with_each_other():
    shares = committed("cps-reports-shares.csv")
    turnover = committed("cps-reports-turnover.csv")
    patterns = committed("cps-reports-patterns.csv")
    keys = ["group", "measure", "report_year"]
    rated = shares[shares["rating"].isin(published.RATINGS)].groupby(keys)["schools"].sum()
    expected = turnover.set_index(keys)
    assert rated.to_dict() == expected["rated"].to_dict()
    assert shares.groupby(keys)["schools"].sum().to_dict() == expected["listed"].to_dict()
    years = sorted(turnover["report_year"].unique())
    for (group, measure, year), count in rated.items():
        own = patterns[(patterns["group"] == group) & (patterns["measure"] == measure)]
        chosen = own["pattern"].str[years.index(year)] == "1"
        assert own.loc[chosen, "schools"].sum() == count
    spans = {BEFORE: slice(4), AFTER: slice(4, 6), ACROSS: slice(6)}
    for (group, measure), span in product(product(KNOWN, report_counts.MEASURES), spans):
        own = patterns[(patterns["group"] == group) & (patterns["measure"] == measure)]
        data = estimates(f"{group} {measure} main", span)[0]
        own_years = own["pattern"].str[spans[span]]
        times = own_years.str.count("1")
        assert own.loc[times >= 2, "schools"].sum() == data.n_schools
        assert (times * own["schools"])[times >= 2].sum() == data.n
        balanced = estimates(f"{group} {measure} balanced", span)[0]
        assert own.loc[times == own_years.str.len(), "schools"].sum() == balanced.n_schools


def test_printed_district_averages():
    table = committed("cps-reports-response.csv")
    for respondents, known in PRINTED.items():
        rows = table[(table["group"] == "all") & (table["respondents"] == respondents)]
        assert rows["district_average"].tolist() == known


def test_the_description_names_every_file_with_its_rows():
    about = json.loads((practice_change.FOLDER / "cps-reports.json").read_text())
    assert {file["name"] for file in about["files"]} == set(FILES)
    for file in about["files"]:
        assert file["rows"] == len(committed(file["name"]))
    assert [entry["title"] for entry in about["reports"]] == [
        "SY1516",
        "SY1617",
        "SY1718",
        "SY1819",
        "SY2122",
        "SY2223",
    ]
    assert about["spans"] == {
        BEFORE: [2015, 2016, 2017, 2018],
        AFTER: [2021, 2022],
        ACROSS: [2015, 2016, 2017, 2018, 2021, 2022],
    }


@pytest.mark.slow
def test_files_made_again_are_the_committed_ones(city, tmp_path):
    target = tmp_path / "made"
    practice_change.write(city, target)
    assert {path.name for path in target.iterdir()} == {*FILES, "cps-reports.json"}
    for name in FILES:
        made, kept = (pd.read_csv(folder / name) for folder in (target, practice_change.FOLDER))
        pd.testing.assert_frame_equal(made, kept, check_exact=False, rtol=1e-12, atol=1e-12)
    about = "cps-reports.json"
    assert (target / about).read_text() == (practice_change.FOLDER / about).read_text()


def test_no_school_is_named_in_the_committed_files(city):
    records = published.read_reports(published.find_reports(city))
    text = "\n".join((practice_change.FOLDER / name).read_text() for name in [*FILES, "cps-reports.json"])
    assert not set(re.findall(r"\d+", text)) & set(records["school_id"])


# Finding and reading


def test_reports_are_known_by_their_columns(folder):
    (folder / "report 2015.csv").rename(folder / "Zeugnis.CSV")
    save(folder, pd.DataFrame({"School_ID": [1], "Student_Count_Total": [2]}), "profiles.csv")
    (folder / "notes.csv").write_bytes(b"\xff\xfe no text")
    (folder / "empty.csv").touch()
    (folder / "notes.txt").write_text("School_ID")
    assert [path.name for path in published.find_reports(folder)] == [
        "Zeugnis.CSV",
        "report 2016.csv",
        "report 2017.csv",
    ]


def test_the_citys_own_files_are_known(shared):
    names = [path.name for path in published.find_reports(shared / "data" / "cps")]
    assert len(names) >= 4
    assert not any("profile" in name for name in names)


def test_without_the_folder_there_are_no_reports(tmp_path):
    assert published.find_reports(tmp_path / "absent") == []


def test_files_in_other_shapes_read_the_same(folder, records, tmp_path):
    """All years in one file; columns in another order; a byte-order mark and semicolons."""
    years = [report(year) for year in (2017, 2015, 2016)]
    one = save(tmp_path / "one", pd.concat(years), "all.csv")
    pd.testing.assert_frame_equal(published.read_reports([one]), records)
    for place, year in enumerate(years):
        turned = year[year.columns[::-1]]
        save(tmp_path / "turned", turned, f"{place}.csv", sep=";", encoding="utf-8-sig")
    turned = published.read_reports(published.find_reports(tmp_path / "turned"))
    pd.testing.assert_frame_equal(turned[records.columns], records)


def test_too_few_answers_and_an_empty_cell_stay_apart(tmp_path):
    frame = report(2015, schools=4)
    frame[AMBITIOUS] = ["", published.NOT_ENOUGH, "STRONG", "WEAK"]
    frame.loc[3, ["Primary_Category", STUDENTS]] = [None, np.nan]
    found = published.read_reports([save(tmp_path, frame, "one.csv")])
    assert found["ambitious_instruction"].tolist()[1:] == [
        published.NOT_ENOUGH,
        "STRONG",
        "WEAK",
    ]
    assert found["ambitious_instruction"].isna().tolist() == [True, False, False, False]
    assert found["group"].isna().tolist() == found["student_response_rate"].isna().tolist()
    counts = report_counts.shares(found)
    counts = counts[(counts["group"] == "all") & (counts["measure"] == "ambitious_instruction")]
    assert counts.set_index("rating")["schools"].to_dict() == {
        "VERY WEAK": 0, "WEAK": 1, "NEUTRAL": 0, "STRONG": 1, "VERY STRONG": 0, "NOT ENOUGH DATA": 1, "empty": 1,
    }  # fmt: skip


def put(column, row, value):
    def change(frame):
        frame = frame.astype({column: object})
        frame.loc[row, column] = value
        return frame

    return change


MISTAKES = {
    "an unknown word": (put(AMBITIOUS, 4, "SUPERB"), rf"'{AMBITIOUS}': answers other than VERY WEAK.*row 6: 'SUPERB'"),
    "an unknown kind of school": (put("Primary_Category", 1, "KINDERGARTEN"), r"'Primary_Category': .*row 3: 'KINDERGARTEN'"),
    "a rate above 100": (put(STUDENTS, 0, 120), rf"'{STUDENTS}': values off the scale 0 to 100 .row 2: '120'"),
    "a rate in words": (put(STUDENTS, 2, "> 75%"), rf"'{STUDENTS}': text in a number column .row 4: '> 75%'"),
    "a school twice": (lambda d: pd.concat([d, d[5:6]]), r"'School_ID . Progress_Report_Year': the same id more than once .row 7.*row 62"),
    "no id": (put("School_ID", 3, None), r"'School_ID': empty cells .row 5: empty.. Fill them"),
    "no year": (put("Progress_Report_Year", 3, None), r"'Progress_Report_Year': empty cells .row 5"),
    "a year with decimals": (put("Progress_Report_Year", 3, 2015.5), r"'Progress_Report_Year': .*no whole numbers .row 5"),
    "two averages": (put("School_Survey_Student_Response_Rate_Avg_Pct", 3, 80), r"Avg_Pct': the city's average .*row 5: '80"),
    "no such column": (lambda d: d.drop(columns=STUDENTS), rf"no column '{STUDENTS}'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_files_that_cannot_be_used(tmp_path, mistake):
    change, message = MISTAKES[mistake]
    path = save(tmp_path, change(report(2015)), "spoilt.csv")
    with pytest.raises(InputError, match=rf"spoilt\.csv.*{message}"):
        published.read_reports([path])


def test_a_year_in_two_files_names_both(folder):
    save(folder, report(2016, seed=1), "again.csv")
    with pytest.raises(InputError, match=r"again\.csv and report 2016\.csv.*2016\. Keep one"):
        published.read_reports(published.find_reports(folder))


# Scores and panels


@given(st.lists(st.sampled_from(published.RATINGS), min_size=1, max_size=60))
def test_ridits_are_mean_ranks(ratings):
    ratings = pd.Series(ratings)
    found = practice_change.score(ratings, "ridits", ratings)
    ranks = stats.rankdata(ratings.map(published.RATINGS.index))
    assert found.to_numpy() == pytest.approx((ranks - 0.5) / len(ratings), rel=1e-12)
    assert found.mean() == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("equal steps", [1, 2, 3, 4, 5]),
        ("top two", [0, 0, 0, 1, 1]),
        ("ridits", [0, 0.125, 0.5, 0.875, 1]),
    ],
)
def test_scores_of_each_category(how, expected):
    reference = pd.Series(["WEAK", "NEUTRAL", "NEUTRAL", "STRONG", published.NOT_ENOUGH, None])
    ratings = pd.Series([*published.RATINGS, published.NOT_ENOUGH, None])
    assert set(practice_change.SCORINGS) == {"equal steps", "top two", "ridits"}
    found = practice_change.score(ratings, how, reference)
    assert found[:5].tolist() == pytest.approx(expected, rel=1e-12)
    assert found[5:].isna().all()


def test_an_unknown_scoring_is_refused():
    with pytest.raises(ValueError, match="one of equal steps, ridits, top two, not 'squares'"):
        practice_change.score(pd.Series(["WEAK"]), "squares")


def small(*schools):
    """Records of schools, each a group and a rating a year."""
    rows = [
        (f"s{place}", group, 2015 + year, rating, 80.0)
        for place, (group, *ratings) in enumerate(schools)
        for year, rating in enumerate(ratings)
        if rating != "not listed"
    ]
    names = ["school_id", "group", "report_year", "ambitious_instruction", "student_response_rate"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        collaborative_teachers=frame["ambitious_instruction"],
        teacher_response_rate=frame["student_response_rate"],
    )


MIXED = small(
    ("ES", "WEAK", "STRONG", "STRONG"),
    ("ES", "STRONG", published.NOT_ENOUGH, "WEAK"),
    ("ES", "STRONG", None, "not listed"),
    ("MS", "STRONG", "STRONG", "STRONG"),
    ("HS", "STRONG", "STRONG", "WEAK"),
    ("HS", "not listed", "WEAK", "NEUTRAL"),
)


def test_panel_holds_schools_rated_at_least_twice():
    panel = practice_change.panel(MIXED, "ES", "ambitious_instruction", "equal steps")
    assert panel.groupby("school_id")["score"].agg(list).to_dict() == {
        "s0": [2, 4, 4],
        "s1": [4, 2],
    }
    assert panel["year"].tolist().count(2016) == 1


def test_balanced_panel_holds_schools_rated_in_every_report():
    panel = practice_change.panel(MIXED, "HS", "ambitious_instruction", "equal steps", balanced=True)
    assert panel["school_id"].unique().tolist() == ["s4"]


def test_ridits_of_a_panel_refer_to_its_first_year():
    panel = practice_change.panel(MIXED, "ES", "ambitious_instruction", "ridits")
    assert panel.loc[panel["year"] == 2015, "score"].mean() == 0.5
    assert panel.loc[panel["school_id"] == "s1", "score"].tolist() == [0.75, 0.25]


def test_a_group_without_two_reports_is_refused():
    once = MIXED[MIXED["report_year"] == 2015]
    with pytest.raises(InputError, match="no HS school has ratings of ambitious_instruction in 2015"):
        practice_change.panel(once, "HS", "ambitious_instruction", "equal steps")


def test_turnover_and_patterns_of_a_few_schools():
    found = report_counts.turnover(MIXED).set_index(["group", "measure", "report_year"])
    names = ["listed", "rated", "not_enough_data", "empty", "new", "gone"]
    of = lambda group, year: found.loc[(group, "ambitious_instruction", year), names].tolist()  # noqa: E731
    assert of("HS", 2016) == [2, 2, 0, 0, 1, 0]
    assert of("ES", 2016) == [3, 1, 1, 1, 0, 1]
    assert of("all", 2015)[:4] == [5, 5, 0, 0]
    assert of("all", 2015)[5] == 0
    patterns = report_counts.patterns(MIXED).set_index(["group", "measure", "pattern"])["schools"]
    assert patterns["ES"]["ambitious_instruction"].to_dict() == {"111": 1, "101": 1, "100": 1}
    assert patterns["HS"]["ambitious_instruction"].to_dict() == {"111": 1, "011": 1}


@pytest.mark.parametrize("specification", practice_change.SPECIFICATIONS)
def test_estimates_equal_least_squares_on_deviations_from_school_means(records, specification):
    how = practice_change.SPECIFICATIONS[specification]
    panel = practice_change.panel(records, "ES", "ambitious_instruction", how["scoring"], how.get("balanced", False))
    assert specification != "balanced" or panel.groupby("school_id").size().eq(3).all()
    columns = {"2016": panel["year"] == 2016, "2017": panel["year"] == 2017}
    if specification == "response rate":
        columns["response_rate"] = panel["response_rate"]
    x = pd.DataFrame(columns).astype(float)
    x = x - x.groupby(panel["school_id"]).transform("mean")
    y = panel["score"] - panel.groupby("school_id")["score"].transform("mean")
    expected = np.linalg.lstsq(x.to_numpy(), y.to_numpy(), rcond=None)[0]
    data = practice_change.within(records, "ES", "ambitious_instruction", specification)
    found = fixed_effects.fit(data)
    assert found.terms == tuple(columns)
    assert found.estimate == pytest.approx(expected, rel=1e-9)
    first = panel.loc[panel["year"] == 2015, "score"]
    assert (data.baseline_mean, data.baseline_sd) == pytest.approx((first.mean(), first.std()), rel=1e-9)


@pytest.mark.slow
def test_each_choice_is_the_run_that_its_parameters_make(records):
    sums = practice_change.pooled(records)
    found = practice_change.choices(practice_change.estimates(sums), sums, BEFORE)
    assert found["term"].unique().tolist() == ["2017"]
    assert found["panel"].unique().tolist() == ["Elementary schools", "High schools"]
    assert found["specification"].drop_duplicates().tolist() == list(practice_change.VARIANTS.values())
    for row in found.itertuples():
        given = yaml.safe_load(row.parameters)
        table = practice_change.estimates(sums, given.get("inference", "CR2"))
        table = table[(table["specification"] == given["variant"]) & (table["term"] == "2017")]
        table = table.set_index(["group", "measure"]).loc[(row.group, "ambitious_instruction")]
        assert (row.estimate, row.std_error) == tuple(table[["estimate", "std_error"]])


def test_rows_in_words():
    rows = pd.DataFrame({"group": ["HS", "ES"], "measure": list(report_counts.MEASURES)})
    found = practice_change.in_words(rows)[["schools_of", "rated_by"]].to_numpy().tolist()
    assert found == [["High", "students"], ["Elementary", "teachers"]]


# The break


@pytest.mark.parametrize(
    ("years", "expected", "gap"),
    [
        ([2015, 2016, 2017, 2018], {BEFORE: [2015, 2016, 2017, 2018]}, []),
        ([2021, 2022], {AFTER: [2021, 2022]}, []),
        ([2021, 2018, 2017], {BEFORE: [2017, 2018], ACROSS: [2017, 2018, 2021]}, [2019, 2020]),
        ([2018, 2022], {ACROSS: [2018, 2022]}, [2019, 2020]),
        ([2018, 2021, 2022], {AFTER: [2021, 2022], ACROSS: [2018, 2021, 2022]}, [2019, 2020]),
    ],
)
def test_series_of_the_reports_that_are_there(years, expected, gap):
    assert report_counts.spans(years) == expected
    assert report_counts.unpublished(years) == gap


def test_fewer_files_give_the_series_that_they_hold(tmp_path):
    for year in (2017, 2018, 2021):
        save(tmp_path / "three", report(year), f"{year}.csv")
    fits = practice_change.estimates(
        practice_change.pooled(published.read_reports(published.find_reports(tmp_path / "three")))
    )
    found = fits[fits["specification"] == "main"].groupby("span")["term"].unique()
    assert {span: terms.tolist() for span, terms in found.items()} == {BEFORE: ["2018"], ACROSS: ["2018", "2021"]}
    drawn = practice_change.shown(fits[fits["specification"] == "main"])
    assert set(zip(drawn["term"], drawn["span"], strict=True)) == {("2018", BEFORE), ("2021", ACROSS)}


def public(span, estimate, low, high, term):
    rows = [(span, group, measure, term) for group in report_counts.SCHOOLS for measure in report_counts.MEASURES]
    rows = pd.DataFrame(rows, columns=["span", "group", "measure", "term"])
    return rows.assign(estimate=estimate, ci_low=low, ci_high=high)


def test_words_follow_intervals_and_doubt_the_scale_across_the_break():
    rows = pd.concat(
        [
            public(BEFORE, 0.4, 0.3, 0.5, "2018"),
            public(ACROSS, -0.4, -0.5, -0.3, "2022"),
            public(ACROSS, 9.0, 8.0, 10.0, "2021"),
            public(AFTER, 0.1, -0.1, 0.3, "2022"),
        ]
    )
    first, across, after = report_words.told(rows, "ambitious_instruction", [2015, 2018, 2021, 2022])
    assert first.startswith("from report 2015 to 2018 it rose by 0.40")
    assert re.match(r"if scales agree, from 2015 to 2022 it fell by 0\.40", across)
    assert re.match(r"from 2021 to 2022 alone it cannot be told from no change", after)
    assert report_words.told(rows, "ambitious_instruction", [2015, 2018]) == [first]


YEARS = [2015, 2018, 2021, 2022]
SAID = "Students' rating of instruction rose from report 2015 to 2018."


def of_both(low, high, *, teachers=(-0.9, -0.5)):
    """Estimates on both sides of a break: in 2018 from 0.3 to 0.5; in 2022, with the scale taken to be the same, as given."""
    early, late = (public(span, 0.4, 0.3, 0.5, "2018") for span in (BEFORE, ACROSS))
    last = public(ACROSS, (low + high) / 2, low, high, "2022")
    of_teachers = last["measure"] == "collaborative_teachers"
    last.loc[of_teachers, ["ci_low", "ci_high"]] = teachers
    return pd.concat([early, late, last], ignore_index=True)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (of_both(-0.5, -0.3), "By 2022, if the scale is the same, students and teachers rated lower than in 2018."),
        (of_both(0.1, 0.4), "By 2022, if the scale is the same, teachers rated lower than in 2018; of students it cannot be told."),
        (of_both(0.1, 0.4, teachers=(0.2, 0.4)), "Whether that lasted up to 2022 cannot be told."),
        (of_both(0.6, 0.8), "By 2022, if the scale is the same, teachers rated lower and students rated higher than in 2018."),
    ],
)  # fmt: skip
def test_the_headline_says_lower_only_where_no_intervals_overlap(rows, said):
    assert report_words.headline(rows, YEARS) == f"{SAID} {said}"
    assert report_words.headline(rows, YEARS[:2]) == SAID


def test_a_headline_on_schools_that_differ_and_on_a_break_after_the_first_report():
    rows = of_both(-0.5, -0.3)
    high = (rows["group"] == "HS") & (rows["span"] == BEFORE)
    mixed = rows.assign(ci_low=rows["ci_low"].mask(high, -0.1))
    assert report_words.headline(mixed, YEARS[:2]) == (
        "From report 2015 to 2018, students' rating of instruction rose in elementary schools. "
        "No change can be told in high schools."
    )
    across = rows[rows["term"] == "2022"]
    assert report_words.headline(across, [2018, 2022]).startswith("By 2022, if the scale is the same, students and")
    later = pd.concat([across, public(AFTER, -0.1, -0.2, -0.05, "2022")])
    assert report_words.headline(later, [2018, 2021, 2022]) == (
        "Students' rating of instruction fell from report 2021 to 2022. "
        "By 2022, if the scale is the same, students and teachers rated lower than in 2018."
    )


def test_who_is_rated_is_told_for_each_side_of_the_break():
    years = {2017: (40, 50), 2018: (45, 50), 2021: (20, 50)}
    rows = [(group, "ambitious_instruction", year, *counts) for group in ("ES", "HS") for year, counts in years.items()]
    turnover = pd.DataFrame(rows, columns=["group", "measure", "report_year", "rated", "listed"])
    each = "80 to 90% in 2017 and 2018, 40% in 2021"
    said = report_words.rated(turnover, "ambitious_instruction")
    assert said == f"Elementary schools: {each}. High schools: {each}"


def test_schools_rated_in_every_report_are_set_beside_all_in_the_last_report_of_each_series():
    rows = [
        (span, group, "ambitious_instruction", how, term, value)
        for span, term, off in ((BEFORE, "2017", 9.0), (BEFORE, "2018", 0.125), (ACROSS, "2022", 0.25))
        for group, more in (("ES", 0.0), ("HS", -0.0625))
        for how, value in (("main", 0.5), ("balanced", 0.5 - off - more), ("ridits", 7.0))
    ]
    fits = pd.DataFrame(rows, columns=["span", "group", "measure", "specification", "term", "estimate"])
    assert report_words.apart(fits) == "0.125 before the break and 0.250 across the break"


# The command


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "helpers.study.practice_change", *map(str, arguments)],
        cwd=ROOT,
        env=environment(PYTHONPATH=str(ROOT / "src")),
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_the_command_says_what_is_wrong_and_writes_nothing(folder, tmp_path):
    empty = tmp_path / "nothing here"
    empty.mkdir()
    done = command(empty, tmp_path / "out")
    assert done.returncode != 0
    assert done.stderr.startswith("nothing here: no progress reports here. Search")
    assert "Traceback" not in done.stderr
    save(folder, report(2016), "again.csv")
    assert "Keep one of them" in command(folder, tmp_path / "out").stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_order_of_files_and_rows_changes_nothing(folder, tmp_path):
    practice_change.write(folder, tmp_path / "first")
    for place, year in enumerate((2017, 2016, 2015)):
        save(tmp_path / "shuffled", report(year).sample(frac=1, random_state=7), f"{place}.csv")
    practice_change.write(tmp_path / "shuffled", tmp_path / "second")
    for name in FILES:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_changes_from_report_to_report():
    """The falls of 2017 by an audit's own program: -.067 (SE .048), -.091 (SE .059): not to be told from no change."""
    sums = practice_change.read_pooled(practice_change.FOLDER / "cps-reports-moments.csv")
    found = practice_change.steps(sums, "CRV1").set_index(["group", "measure", "term"])
    for group, estimate, error in (("ES", -0.067, 0.048), ("HS", -0.091, 0.059)):
        fall = found.loc[(group, "ambitious_instruction", "2017")]
        assert fall["estimate"] == pytest.approx(estimate, abs=0.0006)
        assert fall["std_error"] == pytest.approx(error, abs=0.0006)
        assert fall["ci_low"] < 0 < fall["ci_high"]
    whole = practice_change.estimates(sums, "CRV1")
    last = whole[(whole["specification"] == "main") & (whole["term"] == "2018") & (whole["span"] == BEFORE)].set_index(
        ["group", "measure"]
    )
    added = found.groupby(level=[0, 1])["estimate"].sum()
    assert added.to_numpy() == pytest.approx(last.loc[added.index, "estimate"].to_numpy(), rel=1e-12)


def test_the_first_step_is_the_effect_of_its_year_and_a_step_has_the_error_of_another_baseline():
    """A change from 2017 to 2018 is the effect of 2018 where 2017 is the baseline."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame([(s, y) for s in range(30) for y in (2016, 2017, 2018)], columns=["school", "year"])
    frame["y"] = rng.normal(size=len(frame)) + 0.3 * (frame["year"] - 2016)
    one, other = (
        fixed_effects.fit(fixed_effects.within(moments.compute(frame, moments.Model("y", "school", "year", b))), "CRV1")
        for b in ("2016", "2017")
    )
    found = fixed_effects.steps(one, ["2017", "2018"]).set_index("term")
    columns = ["estimate", "std_error", "p_value"]
    assert found.loc["2017", columns].tolist() == pytest.approx(
        one.table().set_index("term").loc["2017", columns].tolist()
    )
    assert found.loc["2018", columns].tolist() == pytest.approx(
        other.table().set_index("term").loc["2018", columns].tolist(), rel=1e-9
    )
