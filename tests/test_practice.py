"""The practice-change study on own records and on print: other packages, pandas, plain runs, and bad input."""

import functools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.panel import PanelOLS
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from helpers.estimate import fixed_effects, moments, panels, rasch, resampling
from helpers.project import ROOT, InputError, in_order
from helpers.read import published
from helpers.read.records import open_records
from helpers.study import own_practice, practice_change, samples

EXAMPLE = ROOT / "data" / "simulated" / "01-students.csv"
NAMED = {
    "outcome": "practice",
    "items": [],
    "low": 1,
    "high": 4,
    "school": "school",
    "year": "year",
    "baseline": "2015",
    "controls": ["poverty"],
    "categories": ["gender", "grade"],
    "cluster": "",
    "weight": "",
    "by": "band",
    "balanced": False,
}
WHOLE = {"by": "", "categories": ["gender"]}
"""One panel: grades would be collinear, as no school has both middle and high grades."""
YEARS = ["2016", "2017", "2018", "2019"]


def read(path=EXAMPLE, **more):
    return own_practice.read(path, **(NAMED | more))


def estimates(study, inference="CRV1", standardise=False):
    return panels.estimates(study.panels, inference, own_practice.units(study, standardise))


@functools.cache
def example():
    return pd.read_csv(EXAMPLE, dtype={"grade": str})


def write(tmp_path, frame, name="mine.csv"):
    frame.to_csv(tmp_path / name, index=False)
    return tmp_path / name


def small(seed=1, schools=8, n=240, first=2012):
    """Students of three years, all complete, with a numeric covariate and a category."""
    rng = np.random.default_rng(seed)
    number = rng.integers(0, schools, n)
    year = rng.integers(first, first + 3, n)
    shock = rng.normal(0, 0.3, (schools, 3))[number, year - first]
    return pd.DataFrame(
        {
            "school": [f"s{i}" for i in number],
            "year": year,
            "x": rng.normal(size=n) + 0.2 * number,
            "sex": rng.choice(["f", "m"], n),
            "y": 0.3 * number + 0.15 * (year - first) + shock + rng.normal(size=n),
        }
    )


SMALL = {
    "outcome": "y",
    "baseline": "2012",
    "controls": ["x"],
    "categories": ["sex"],
    "by": "",
}

# --- estimates -------------------------------------------------------------------------------------------------------


def panel_ols(frame, weight="", cluster="school", categories=("gender", "grade")):
    """linearmodels on records of the example: its fit, what CRV1's factor is to its own, and the complete records."""
    names = ["school", "year", *categories, "poverty", "practice", weight, cluster]
    whole = frame.dropna(subset=[name for name in names if name]).reset_index(drop=True)
    x = pd.DataFrame(
        {year: (whole["year"] == int(year)).astype(float) for year in YEARS}
        | {
            f"{column}: {level}": (whole[column] == level).astype(float)
            for column in categories
            for level in in_order(set(whole[column]))[1:]
        }
        | {"poverty": whole["poverty"]}
    )
    index = pd.MultiIndex.from_arrays([whole["school"], whole.groupby("school").cumcount()])
    fitted = PanelOLS(
        whole["practice"].set_axis(index),
        x.set_axis(index),
        entity_effects=True,
        weights=whole[weight].set_axis(index) if weight else None,
    ).fit(
        cov_type="clustered",
        clusters=pd.Series(pd.factorize(whole[cluster])[0]).set_axis(index),
        group_debias=True,
    )
    n, k = x.shape
    return fitted, (n - k) / (n - k - 1), whole


@pytest.mark.parametrize("weight", ["", "weight"])
@pytest.mark.parametrize("cluster", ["", "district"])
def test_both_panels_of_the_example_are_linearmodels(weight, cluster):
    table = estimates(read(weight=weight, cluster=cluster))
    assert table["panel"].unique().tolist() == ["high schools", "middle schools"]
    for panel, part in table.groupby("panel"):
        frame = example()[example()["band"] == panel]
        other, factor, whole = panel_ols(frame, weight, cluster or "school")
        part = part.set_index("term")
        assert set(part.index) == set(other.params.index)
        expected = other.params[part.index].to_numpy()
        errors = np.sqrt(factor) * other.std_errors[part.index].to_numpy()
        assert part["estimate"].to_numpy() == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert part["std_error"].to_numpy() == pytest.approx(errors, rel=1e-8)
        assert part["n"].unique().tolist() == [len(whole)]
        groups = whole[cluster or "school"].nunique()
        assert part["n_groups"].unique().tolist() == [groups]
        reach = stats.t.ppf(0.975, groups - 1) * errors
        assert part["ci_low"].to_numpy() == pytest.approx(expected - reach, rel=1e-7, abs=1e-10)
        assert part["ci_high"].to_numpy() == pytest.approx(expected + reach, rel=1e-7, abs=1e-10)


def test_joint_tests_are_linearmodels_wald_tests():
    study = read()
    found = own_practice.joint_tests(study, "CRV1").set_index("panel")
    for panel, row in found.iterrows():
        other, factor, _ = panel_ols(example()[example()["band"] == panel])
        wald = other.wald_test(restriction=np.eye(len(other.params))[:4])
        f = wald.stat / factor / 4
        assert (row["df1"], row["df2"]) == (4, 11)
        assert row["f"] == pytest.approx(f, rel=1e-7)
        assert row["p_value"] == pytest.approx(stats.f.sf(f, 4, 11), rel=1e-6)


def test_no_joint_test_of_more_years_than_clusters_can_tell_apart():
    with open_records(example()) as records:
        model = panels.models(
            records, outcome="practice", school="school", year="year", baseline=2015, controls=[],
            categories=[], cluster="", weight="", by="",
        )["all records"]  # fmt: skip
        sums = moments.compute(records, model)
    few = moments.take(sums, np.arange(len(sums.schools)) < 4)
    study = own_practice.Study(
        files=[],
        years=YEARS,
        cluster="",
        categories=(),
        references={"p": {}},
        without_panel=0,
        without_weight=0,
        model=model,
        sample=example(),
        every=1,
        moments={"p": few},
        counts={"p": few},
        panels={"p": fixed_effects.within(few)},
        item_fit=None,
        scale=None,
        reliability=np.nan,
    )
    assert own_practice.joint_tests(study, "CRV1").empty


def test_categories_as_a_list_take_their_first_level():
    plain = estimates(read(**WHOLE))
    named = estimates(read(**WHOLE | {"categories": {"gender": "boy"}}))
    pd.testing.assert_frame_equal(named, plain)
    other = estimates(read(**WHOLE | {"categories": {"gender": "girl"}})).set_index("term")
    plain = plain.set_index("term")
    assert other.loc["gender: boy", "estimate"] == pytest.approx(-plain.loc["gender: girl", "estimate"], rel=1e-9)
    assert other.loc[YEARS, "estimate"].to_numpy() == pytest.approx(plain.loc[YEARS, "estimate"].to_numpy(), rel=1e-9)


def test_a_year_may_be_given_as_a_number():
    pd.testing.assert_frame_equal(estimates(read(baseline=2015)), estimates(read()))
    assert read(baseline=2015).years == YEARS


def test_another_baseline_shifts_all_years():
    first = estimates(read(**WHOLE)).set_index("term")["estimate"]
    last = estimates(read(**WHOLE, baseline="2019")).set_index("term")["estimate"]
    assert last["2015"] == pytest.approx(-first["2019"], rel=1e-9)
    assert last["2017"] == pytest.approx(first["2017"] - first["2019"], rel=1e-9)


def test_standardised_effects_are_in_baseline_deviations(tmp_path):
    alone = example().iloc[[0]].assign(school="alone", practice=40.0)
    study = read(write(tmp_path, pd.concat([example(), alone])), **WHOLE)
    whole = example().dropna(subset=["practice", "poverty", "gender"])
    sd = whole.loc[whole["year"] == 2015, "practice"].std(ddof=1)
    assert own_practice.units(study, True) == {"all records": pytest.approx(sd, rel=1e-10)}
    assert own_practice.units(study, False) == {"all records": 1.0}
    raw, scaled = estimates(study), estimates(study, standardise=True)
    for column in ("estimate", "std_error", "ci_low", "ci_high"):
        assert scaled[column].to_numpy() == pytest.approx(raw[column].to_numpy() / sd, rel=1e-9)
    assert scaled["p_value"].tolist() == raw["p_value"].tolist()


def test_a_panel_alone_is_the_panel_among_others(tmp_path):
    both = estimates(read())
    high = write(tmp_path, example()[example()["band"] == "high schools"])
    alone = estimates(read(high, by=""))
    part = both[both["panel"] == "high schools"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.drop(columns="panel"), alone.drop(columns="panel"))


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_rows_and_the_names_of_schools_do_not_matter(tmp_path_factory, seed):
    folder = tmp_path_factory.mktemp("order")
    frame = small(schools=14, n=1000)
    rng = np.random.default_rng(seed)
    names = {f"s{i}": f"{rng.integers(10**9)} x{i}" for i in rng.permutation(14)}
    other = frame.sample(frac=1, random_state=seed).assign(school=lambda d: d["school"].map(names))
    one, two = (read(write(folder, part, name), **SMALL) for part, name in [(frame, "one.csv"), (other, "two.csv")])
    for inference in ("CRV1", "CRV3"):
        pd.testing.assert_frame_equal(estimates(one, inference), estimates(two, inference), rtol=1e-8)
    shrunken = [own_practice.schools(study, {"all records": 1.0}) for study in (one, two)]
    assert len(shrunken[0]) >= 10
    pd.testing.assert_frame_equal(*shrunken)


# --- another package on the same records ----------------------------------------------------------------------------


def by_linearmodels(sample):
    model = PanelOLS(sample.outcome, sample.terms, weights=sample.weights, entity_effects=True)
    return model.fit(cov_type="clustered", clusters=sample.clusters, group_debias=True)


def compared(study, fit=by_linearmodels):
    return own_practice.compared(study, own_practice.units(study, True), fit)


@pytest.mark.parametrize("weight", ["", "weight"])
@pytest.mark.parametrize("cluster", ["", "district"])
def test_another_package_is_given_the_records_of_the_first_panel(weight, cluster):
    study = read(weight=weight, cluster=cluster)
    found = compared(study)
    ours = estimates(study, standardise=True)
    ours = ours[ours["panel"] == "high schools"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[ours.columns], ours, rtol=1e-9)
    assert found["other_estimate"].to_numpy() == pytest.approx(ours["estimate"], rel=1e-8)
    n, k = ours["n"][0], len(ours)
    ratio = found["std_error"] / found["other_std_error"]
    assert ratio.to_numpy() == pytest.approx(np.sqrt((n - k) / (n - k - 1)), rel=1e-8)


def test_another_package_is_given_the_same_schools(tmp_path):
    frame = pd.concat([gappy(), example().iloc[[0]].assign(school="alone")])
    study = read(write(tmp_path, frame), **WHOLE, balanced=True)
    found = compared(study)
    ours = estimates(study, standardise=True)
    pd.testing.assert_frame_equal(found[ours.columns], ours, rtol=1e-9)
    assert found["other_estimate"].to_numpy() == pytest.approx(ours["estimate"], rel=1e-8)


def test_another_package_is_given_the_measure_of_items():
    study = read(outcome="", items=["item_1", "item_2", "item_3", "item_4"], **WHOLE)
    found = compared(study)
    assert found["other_estimate"].to_numpy() == pytest.approx(found["estimate"], rel=1e-8)


def test_of_many_records_one_in_so_many_is_taken_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "SAMPLED", 1000)
    frame = example().copy()
    frame.loc[frame.index[::9], "poverty"] = np.nan
    study = read(write(tmp_path, frame), **WHOLE)
    whole = frame.dropna(subset=["poverty", "practice"]).reset_index(drop=True)
    assert study.every == 4
    taken = whole[whole.index % 4 == 3]
    assert len(taken) <= 1000
    assert study.sample["poverty"].tolist() == taken["poverty"].tolist()
    assert study.sample["school"].tolist() == taken["school"].tolist()
    own = read(write(tmp_path, taken, "taken.csv"), **WHOLE)
    found = own_practice.compared(study, {"all records": 1.0}, by_linearmodels)
    pd.testing.assert_frame_equal(found[estimates(own).columns], estimates(own), rtol=1e-9)


def test_what_rests_on_few_records_is_not_compared(tmp_path, monkeypatch):
    frame = small(n=600)
    frame.loc[frame.index[::70], "sex"] = "rare"  # nine records
    seen = []

    def watched(sample):
        seen.append(sample)
        return by_linearmodels(sample)

    found = compared(read(write(tmp_path, frame), **SMALL), watched)
    assert "sex: rare" in seen[0].terms
    assert found["term"].tolist() == ["2013", "2014", "sex: m", "x"]
    # Forty records in the file, but fewer than ten in the sample.
    monkeypatch.setattr(samples, "SAMPLED", 100)
    frame.loc[frame.index[::15], "sex"] = "rare"
    found = compared(read(write(tmp_path, frame), **SMALL))
    assert "sex: rare" not in set(found["term"])
    assert len(found) > 0


def test_where_the_other_package_gives_up_nothing_is_compared():
    def gives_up(sample):
        raise ValueError("exog does not have full column rank")

    assert compared(read(), gives_up).empty


def test_other_packages_see_no_names():
    seen = []

    def watched(sample):
        seen.append(sample)
        return by_linearmodels(sample)

    compared(read(cluster="district"), watched)
    assert all(dtype.kind == "i" for dtype in seen[0].clusters.index.dtypes)
    assert seen[0].clusters.dtype.kind == "i"


# --- which records ---------------------------------------------------------------------------------------------------


def gappy():
    """The example, with two schools that skip a year and one that is empty in one."""
    frame = example().copy()
    frame = frame[~((frame["school"] == "school 03") & (frame["year"] == 2017))]
    frame = frame[~((frame["school"] == "school 15") & (frame["year"] == 2015))]
    frame.loc[(frame["school"] == "school 20") & (frame["year"] == 2019), "poverty"] = np.nan
    return frame


def test_balanced_keeps_schools_with_complete_records_in_every_year(tmp_path):
    frame = gappy()
    found = estimates(read(write(tmp_path, frame), balanced=True, weight="weight"))
    whole = frame.dropna(subset=["practice", "poverty"])
    seen = whole.groupby("school")["year"].nunique()
    kept = frame[frame["school"].isin(seen.index[seen == 5])]
    assert kept["school"].nunique() == 21
    expected = estimates(read(write(tmp_path, kept, "kept.csv"), weight="weight"))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_notes_count_what_is_left_out(tmp_path):
    frame = example().copy()
    frame["practice"] = frame["practice"].fillna(3.0)
    frame.loc[frame.index[:7], "poverty"] = np.nan
    frame.loc[frame.index[5:9], "gender"] = np.nan
    lonely = [frame.iloc[[50]].assign(school=f"lonely {i}") for i in range(5)]
    frame = pd.concat([frame, *lonely])
    said = own_practice.notes(read(write(tmp_path, frame)))
    n = len(frame)
    assert said.startswith(f"Complete and used: about {round(n - 9, -1):,} of about {round(n, -1):,} records (empty: ")
    assert "gender fewer than 10" in said
    assert "poverty fewer than 10" in said
    assert "practice" not in said
    assert "a single record (fewer than 10) say nothing about change and are left out." in said
    assert said.endswith("Reference of gender: boy. Reference of grade: 9 (high schools), 6 (middle schools).")
    assert "lonely" not in said
    untouched = own_practice.notes(read(write(tmp_path, small(), "small.csv"), **SMALL))
    assert untouched == "Complete and used: about 240 of about 240 records. Reference of sex: f."


def test_a_folder_is_read_as_one_file(tmp_path):
    (tmp_path / "years").mkdir()
    for year, part in example().groupby("year"):
        write(tmp_path / "years", part, f"{year}.csv")
    study = read(tmp_path / "years")
    assert study.files == [tmp_path / "years"]
    pd.testing.assert_frame_equal(estimates(study), estimates(read()), rtol=1e-9)


def test_items_become_one_measure():
    items = ["item_1", "item_2", "item_3", "item_4"]
    study = read(outcome="", items=items, baseline=2015, **WHOLE)
    answers = example()[items] - 1
    first = answers[example()["year"] == 2015].reset_index(drop=True)
    scale = rasch.calibrate(first)
    cells = rasch.cell_of(answers)
    measured = cells.merge(rasch.measure(scale, cells), on=["answered", "score"], how="left")
    frame = example().assign(practice=measured["measure"].to_numpy())
    other, factor, _ = panel_ols(frame, categories=("gender",))
    found = estimates(study).set_index("term")
    expected = other.params[found.index].to_numpy()
    assert found["estimate"].to_numpy() == pytest.approx(expected, rel=1e-8, abs=1e-10)
    assert found["std_error"].to_numpy() == pytest.approx(
        np.sqrt(factor) * other.std_errors[found.index].to_numpy(), rel=1e-8
    )
    of_first = measured[(example()["year"] == 2015).to_numpy()].dropna()
    assert study.reliability == pytest.approx(
        1 - (of_first["std_error"] ** 2).mean() / of_first["measure"].var(), rel=1e-9
    )
    fit = rasch.item_fit(scale, first)
    rounded = fit.assign(answers=fit["answers"].round(-1))  # so that no few answers follow from those of two items
    pd.testing.assert_frame_equal(study.item_fit, rounded, rtol=1e-6, check_dtype=False)
    assert study.scale.items.index.tolist() == items


# --- alternatives ----------------------------------------------------------------------------------------------------


def test_each_specification_is_the_run_it_names(tmp_path):
    path = write(tmp_path, gappy())
    own = WHOLE | {"cluster": "district"}
    study = read(path, **own)
    rows = own_practice.specifications(study, {"all records": 0.5}, "CRV1").set_index("specification")
    runs = {
        "as declared": ("{}", estimates(study)),
        "errors made for few clusters": ("inference: CR2", estimates(study, "CR2")),
        "errors by leaving out each cluster in turn": ("inference: CRV3", estimates(study, "CRV3")),
        "wild cluster bootstrap": ("inference: bootstrap", estimates(study, "bootstrap")),
        "clustered by school": ('cluster: ""', estimates(read(path, **WHOLE))),
        "years alone, no controls": (
            "{controls: [], categories: []}",
            # The same records: who lacks a control stays out.
            estimates(
                read(
                    write(tmp_path, gappy().dropna(subset="poverty"), "whole.csv"),
                    **own | {"controls": [], "categories": []},
                )
            ),
        ),
        "only schools seen every year": ("balanced: true", estimates(read(path, **own, balanced=True))),
    }
    assert rows.index.tolist() == list(runs)
    for name, (parameters, table) in runs.items():
        expected, row = table.set_index("term").loc["2019"], rows.loc[name]
        assert row["parameters"] == parameters
        for column in ("estimate", "std_error", "ci_low", "ci_high"):
            assert row[column] == pytest.approx(expected[column] / 0.5, rel=1e-8)
        assert row["p_value"] == pytest.approx(expected["p_value"], rel=1e-7)
        assert (row["n"], row["n_groups"]) == (expected["n"], expected["n_groups"])


@pytest.mark.parametrize(("students", "told"), [(7, False), (12, True)])
def test_a_small_school_that_skips_a_year_has_no_number(tmp_path, students, told):
    """How many students it has would be the number of all less that of the schools seen every year."""
    frame = small()
    extra = frame[frame["year"] < 2014].head(students).assign(school="late")
    study = read(write(tmp_path, pd.concat([frame, extra])), **SMALL)
    rows = own_practice.specifications(study, {"all records": 1.0}).set_index("specification")["n"]
    assert rows["as declared"] == 240 + students
    assert pd.notna(rows["only schools seen every year"]) == told


@pytest.mark.parametrize("inference", ["CR2", "CRV3", "bootstrap"])
def test_the_declared_inference_comes_first(inference):
    study = read(**WHOLE | {"cluster": "district"})
    rows = own_practice.specifications(study, {"all records": 1.0}, inference)
    rows = rows.set_index("specification")
    own = estimates(study, inference).set_index("term").loc["2019"]
    assert rows.index[0] == "as declared"
    assert rows["parameters"].tolist()[:4] == ["{}"] + [
        f"inference: {kind}" for kind in ("CR2", "CRV3", "CRV1", "bootstrap") if kind != inference
    ]
    for column in ("estimate", "ci_low", "ci_high", "p_value"):
        assert rows.loc["as declared", column] == pytest.approx(own[column], rel=1e-10)
    school = estimates(read(**WHOLE), inference).set_index("term").loc["2019"]
    assert rows.loc["clustered by school", "p_value"] == pytest.approx(school["p_value"], rel=1e-9)


def test_alternatives_that_change_nothing_are_left_out():
    study = read(**WHOLE | {"controls": [], "categories": []})
    rows = own_practice.specifications(study, {"all records": 1.0})
    assert rows["specification"].tolist() == [
        "as declared", "errors by leaving out each cluster in turn", "the usual clustered errors", "wild cluster bootstrap",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_bootstrap_p_values_and_intervals_agree(seed):
    frame = small(seed, schools=9 + seed % 2 * 5, n=160)
    model = moments.Model("y", "school", "year", "2012", ("x",), {"sex": ""})
    data = fixed_effects.within(moments.compute(frame, model))
    table = panels.estimates({"p": data}, "bootstrap", {"p": 1.0})
    plain = fixed_effects.fit(data).table()
    assert table["std_error"].tolist() == plain["std_error"].tolist()
    outside = (table["ci_low"] > 0) | (table["ci_high"] < 0)
    assert ((table["p_value"] < 0.05) == outside).all()
    assert table["estimate"].between(table["ci_low"], table["ci_high"]).all()


# --- schools ---------------------------------------------------------------------------------------------------------


def counted(last=10):
    """Twelve schools with ten records in each of two years; one has `last` records in the second."""
    rng = np.random.default_rng(3)
    rows = [
        (f"hidden {school}", year, rng.normal(school / 4 + 0.2 * (year == 2013)), 0.5 + (i % 3))
        for school in range(12)
        for year in (2012, 2013)
        for i in range(last if (school, year) == (4, 2013) else 10)
    ]
    return pd.DataFrame(rows, columns=["school", "year", "y", "w"])


def own_changes(tmp_path, frame, **more):
    columns = SMALL | {"controls": [], "categories": []} | more
    study = read(write(tmp_path, frame), **columns)
    return own_practice.schools(study, own_practice.units(study, False))


@pytest.mark.parametrize("weight", ["", "w"])
def test_schools_under_ten_records_are_left_out_and_none_is_named(tmp_path, weight):
    assert len(own_changes(tmp_path, counted(10), weight=weight)) == 12
    found = own_changes(tmp_path, counted(9), weight=weight)
    assert len(found) == 11
    assert found.columns.tolist() == ["panel", "estimate", "shrunken", "below_zero", "spread"]
    assert "hidden" not in found.to_csv()
    assert found["shrunken"].is_monotonic_increasing
    if not weight:
        frame = counted(9)
        means = frame.pivot_table(index="school", columns="year", values="y")
        change = (means[2013] - means[2012]).drop("hidden 4")
        assert np.sort(found["estimate"]) == pytest.approx(np.sort(change), rel=1e-9)


def test_fewer_than_ten_schools_are_not_shown(tmp_path):
    frame = counted()
    assert len(own_changes(tmp_path, frame[frame["school"] < "hidden 8"])) == 10
    assert own_changes(tmp_path, frame[frame["school"] < "hidden 7"]).empty


def test_a_level_found_only_in_small_schools_does_not_matter(tmp_path):
    frame = counted(9).assign(kind="a")
    frame.loc[frame.index[frame["school"] == "hidden 4"][:3], "kind"] = "b"
    assert len(own_changes(tmp_path, frame, categories=["kind"])) == 11


def test_schools_that_skip_a_year_are_not_among_the_ten(tmp_path):
    frame = pd.concat([counted(), counted().query("year == 2013").assign(year=2014)])
    assert len(own_changes(tmp_path, frame)) == 12
    gone = (frame["year"] == 2013) & frame["school"].isin(["hidden 1", "hidden 2", "hidden 3"])
    assert own_changes(tmp_path, frame[~gone]).empty


@pytest.mark.parametrize("balanced", [False, True])
def test_records_without_a_weight_are_in_no_count(tmp_path, balanced):
    frame = counted()
    frame.loc[frame["school"] == "hidden 3", "w"] = np.nan
    frame.loc[frame.index[frame["school"] == "hidden 7"][:1], "w"] = np.nan
    found = own_changes(tmp_path, frame, weight="w", balanced=balanced)
    assert len(found) == 10


def test_own_effects_of_schools_are_regressions_school_by_school():
    frame = small(4, schools=7)
    model = moments.Model("y", "school", "year", "2012", ("x",), {"sex": "f"})
    data = fixed_effects.within(moments.compute(frame, model))
    pooled = fixed_effects.fit(data).table().set_index("term")["estimate"]
    found = fixed_effects.by_school(data, "2014", ["2013", "2014"]).set_index("school")
    rest = frame["y"] - pooled["x"] * frame["x"] - pooled["sex: m"] * (frame["sex"] == "m")
    dummies = pd.get_dummies(frame["school"]).astype(float)
    x = pd.DataFrame({str(y): (frame["year"] == y).astype(float) for y in (2013, 2014)})
    whole = pd.concat([x, frame["x"], frame["sex"] == "m", dummies], axis=1).to_numpy(float)
    residual = frame["y"] - whole @ np.linalg.lstsq(whole, frame["y"], rcond=None)[0]
    sigma = np.sqrt((residual**2).sum() / (len(frame) - whole.shape[1]))
    assert fixed_effects.residual_sd(data) == pytest.approx(sigma, rel=1e-9)
    for name, part in frame.groupby("school"):
        design = np.column_stack([np.ones(len(part)), x.loc[part.index]])
        b = np.linalg.lstsq(design, rest[part.index], rcond=None)[0]
        error = sigma * np.sqrt(np.linalg.inv(design.T @ design)[2, 2])
        assert found.loc[name, "estimate"] == pytest.approx(b[2], rel=1e-8)
        assert found.loc[name, "std_error"] == pytest.approx(error, rel=1e-8)
    tau2 = fixed_effects.between_variance(*found[["estimate", "std_error"]].to_numpy().T)
    weight = 1 / (found["std_error"] ** 2 + tau2)
    mean = (weight * found["estimate"]).sum() / weight.sum()
    pull = found["std_error"] ** 2 / (found["std_error"] ** 2 + tau2)
    assert found["shrunken"].to_numpy() == pytest.approx(
        (pull * mean + (1 - pull) * found["estimate"]).to_numpy(), rel=1e-9
    )


def test_the_share_below_zero_is_right_over_many_studies_where_shrunken_effects_are_not():
    """True changes N(.3, .2): 6.7% lie below zero. Errors are as large as the spread."""
    rng, truth = np.random.default_rng(3), 0.0668
    error = np.full(400, 0.2)
    found, counted_ = [], []
    for _ in range(60):
        estimate = rng.normal(0.3, 0.2, 400) + rng.normal(0, error)
        found.append(fixed_effects.below_zero(estimate, error))
        mean, between = fixed_effects.distribution(estimate, error)
        counted_.append((mean + between / (between + error**2) * (estimate - mean) < 0).mean())
    assert np.mean(found) == pytest.approx(truth, abs=0.006)
    assert np.mean(counted_) < 0.03


def test_without_spread_there_is_no_share_below_zero():
    estimate = np.tile([0.09, 0.11], 10)
    assert np.isnan(fixed_effects.below_zero(estimate, np.full(20, 0.2)))


def test_schools_without_one_of_the_years_have_no_own_effect():
    frame = small(4, schools=7)
    frame = frame[~((frame["school"] == "s2") & (frame["year"] == 2013))]
    model = moments.Model("y", "school", "year", "2012")
    data = fixed_effects.within(moments.compute(frame, model))
    found = fixed_effects.by_school(data, "2014", ["2013", "2014"])
    assert found["school"].tolist() == ["s0", "s1", "s3", "s4", "s5", "s6"]


@pytest.mark.parametrize("spread", [0.0, 0.2, 1.5])
def test_between_variance_is_dersimonian_and_lairds(spread):
    rng = np.random.default_rng(2)
    error = rng.uniform(0.1, 0.6, 30)
    estimate = rng.normal(0.2, spread, 30) + rng.normal(0, error)
    other = combine_effects(estimate, error**2, method_re="chi2")
    found = fixed_effects.between_variance(estimate, error)
    assert found == pytest.approx(max(0.0, other.tau2), rel=1e-9, abs=1e-12)


# --- pieces of the estimator -----------------------------------------------------------------------------------------


def within_small(**more):
    model = moments.Model(**({"outcome": "y", "school": "school", "year": "year", "baseline": "2012"} | more))
    return fixed_effects.within(moments.compute(small(), model))


def test_leaving_terms_out_is_refitting_without_them():
    bare = fixed_effects.without(within_small(controls=("x",), categories={"sex": "f"}), ["x", "sex: m"])
    for inference in ("CRV1", "CRV3"):
        pd.testing.assert_frame_equal(
            fixed_effects.fit(bare, inference).table(),
            fixed_effects.fit(within_small(), inference).table(),
            rtol=1e-9,
        )
    assert resampling.wild_bootstrap(bare, "2014") == resampling.wild_bootstrap(within_small(), "2014")


def test_other_units_divide_the_outcome(tmp_path):
    sd = 2.5
    found = fixed_effects.fit(within_small(controls=("x",))).in_units_of(sd)
    frame = small().assign(y=small()["y"] / sd)
    model = moments.Model("y", "school", "year", "2012", ("x",))
    expected = fixed_effects.fit(fixed_effects.within(moments.compute(frame, model)))
    pd.testing.assert_frame_equal(found.table(), expected.table(), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_ends_of_a_bootstrap_interval_are_hardly_rejected(seed):
    frame = small(seed, schools=30, n=900)
    model = moments.Model("y", "school", "year", "2012")
    low, high = resampling.wild_interval(fixed_effects.within(moments.compute(frame, model)), "2014")
    for end in (low, high):
        # The same records with the end taken off: its effect is tested against zero.
        shifted = frame.assign(y=frame["y"] - end * (frame["year"] == 2014))
        data = fixed_effects.within(moments.compute(shifted, model))
        p = resampling.wild_bootstrap(data, "2014")
        assert p == pytest.approx(0.05, abs=0.0004)
    assert resampling.wild_interval(fixed_effects.within(moments.compute(frame, model)), "2014", level=0.8)[1] < high


# --- print -----------------------------------------------------------------------------------------------------------


def test_printed_effects_are_the_table_in_reading_order():
    table = published.read(ROOT / "data" / "published" / "002-table2.csv")
    found = practice_change.printed_effects(table)
    years = ["2012-13", "2013-14", "2014-15", "2015-16", "2016-17", "2017-18"]
    assert len(found) == 24
    assert dict(found["panel"].value_counts(sort=False)) == dict.fromkeys(
        [
            "Grades 6 to 8, mathematics",
            "Grades 6 to 8, science",
            "Grades 9 to 12, mathematics",
            "Grades 9 to 12, science",
        ],
        6,
    )
    for _, part in found.groupby("panel"):
        assert part["term"].tolist() == years
    for row in found.itertuples():
        assert row.estimate == table.loc[row.id, "value"]
        assert row.stars == table.loc[f"{row.id}-stars", "value"]
        assert row.id.startswith("002-table2-middle" if "6 to 8" in row.group else "002-table2-high")
        assert row.id.endswith(row.term)
    assert set(found["stars"]) <= {0, 2, 3}
    assert found["decimals"].unique().tolist() == [3]


def test_what_is_planted_is_what_is_printed():
    printed = published.read(ROOT / "data" / "published" / "002-table2.csv")
    text = published.read(ROOT / "data" / "published" / "002-text.csv")["value"]
    found = practice_change.planted(practice_change.printed_effects(printed), text)
    assert found["years"][0] == "2011-12"
    for band, subjects in found["effects"].items():
        for subject, effects in subjects.items():
            ids = [f"002-table2-{band}-{subject.replace('ematics', '')}-{year}" for year in found["years"][1:]]
            assert printed.loc[ids, "value"].tolist() == list(effects)
        assert found["counts"][band] == tuple(text[f"002-text-note-students-{band}-{end}"] for end in ("low", "high"))
    assert [len(subjects) for subjects in found["effects"].values()] == [2, 2]


def test_layout_marks_years_that_a_panel_lacks():
    rows = [
        ("one", "2013", 0.1234, 0.05, 0.2),
        ("one", "2014", -0.5, 0.1, 0.0099),
        ("two", "2014", 0.3, 0.01, 0.0009),
    ]
    table = pd.DataFrame(rows, columns=["panel", "term", "estimate", "std_error", "p_value"])
    found = practice_change.layout(table, ["2013", "2014"])
    assert found.to_dict("list") == {
        "Year": ["2013", "2014"],
        "one": ["0.123 (0.050)", "-0.500** (0.100)"],
        "two": ["–", "0.300*** (0.010)"],
    }


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"school": ""}, "parameter `school`"),
        ({"year": ""}, "parameter `year`"),
        ({"baseline": ""}, "parameter `baseline`"),
        ({"outcome": ""}, "`outcome` .* or `items`"),
        ({"items": ["item_1", "item_2"]}, "`outcome` .* or `items`"),
        ({"outcome": "practise"}, r"01-students.csv: no column 'practise'\. Did you mean 'practice'"),
        ({"by": "bands"}, "no column 'bands'. Did you mean 'band'"),
        ({"baseline": "2011"}, "01-students.csv, column 'year': no '2011' .* it has 2015, 2016, 2017"),
        ({"baseline": 2011}, "column 'year': no '2011'"),
        ({"outcome": "gender", "categories": []}, "column 'gender': text in a number column"),
        ({"controls": ["poverty", "practice"]}, "'practice' is named as control and as outcome|"
                                                "'practice' is named as outcome and as control"),
        ({"categories": {"gender": "man"}}, "column 'gender': no 'man' to compare with; it has boy, girl"),
        ({"categories": {"grade": "6"}}, "panel 'high schools': .*column 'grade': no '6'"),
        (WHOLE | {"categories": ["grade"]}, r"^data/simulated/01-students.csv: collinear within schools: grade: "),
        ({"outcome": "", "items": ["item_1", "item_2"], "high": 3}, "column 'item_1': answers off the scale"),
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_meant(more, message):
    with pytest.raises(InputError, match=message):
        read(**more)


def test_a_panel_without_the_baseline_is_named(tmp_path):
    frame = example()
    frame = frame[~((frame["band"] == "middle schools") & (frame["year"] == 2015))]
    with pytest.raises(InputError, match=r"^panel 'middle schools': mine.csv, column 'year': no '2015'"):
        read(write(tmp_path, frame))


def test_a_panel_with_the_baseline_alone_is_named(tmp_path):
    frame = example()
    frame = frame[~((frame["band"] == "middle schools") & (frame["year"] > 2015))]
    with pytest.raises(InputError, match=r"^panel 'middle schools': .*2015.* only year"):
        read(write(tmp_path, frame))


def test_a_panel_that_cannot_be_estimated_is_named(tmp_path):
    frame = example()
    frame.loc[frame["band"] == "high schools", "poverty"] = 1.0
    with pytest.raises(InputError, match=r"^panel 'high schools': mine.csv: collinear .*: poverty"):
        read(write(tmp_path, frame))


def test_no_school_seen_in_every_year(tmp_path):
    frame = example()
    gone = frame["year"] == 2015 + frame["school"].str[-2:].astype(int) % 5
    with pytest.raises(InputError, match=r"mine.csv: `balanced: true` leaves 0 of 24 schools"):
        read(write(tmp_path, frame[~gone]), balanced=True, **WHOLE)


def test_a_school_in_two_districts(tmp_path):
    frame = example().copy()
    frame.loc[10, "district"] = "district 9"
    with pytest.raises(InputError, match=r"column 'district': school 'school 01' lies in"):
        read(write(tmp_path, frame), cluster="district")


# --- what cannot be had ----------------------------------------------------------------------------------------------


def one_cluster_level(tmp_path):
    """A level of `sex` that occurs in one school alone."""
    frame = small(n=600)
    frame.loc[frame.index[frame["school"] == "s3"][:20], "sex"] = "x"
    return write(tmp_path, frame)


def test_a_term_of_one_cluster_has_an_estimate_and_no_error(tmp_path):
    study = read(one_cluster_level(tmp_path), **SMALL)
    table = own_practice.estimates(study, "CRV1", own_practice.units(study, False)).set_index("term")
    assert np.isfinite(table.loc["sex: x", "estimate"])
    uncertain = ["std_error", "ci_low", "ci_high", "p_value"]
    assert table.loc["sex: x", uncertain].isna().all()
    assert table.drop(index="sex: x")[uncertain].notna().all(axis=None)


def test_an_alternative_that_cannot_be_had_is_empty_and_stops_nothing(tmp_path):
    study = read(one_cluster_level(tmp_path), **SMALL)
    table = own_practice.specifications(study, own_practice.units(study, False))
    table = table.set_index("specification")
    assert np.isnan(table.loc["errors by leaving out each cluster in turn", "estimate"])
    assert table.drop(index="errors by leaving out each cluster in turn")["estimate"].notna().all()
    with pytest.raises(InputError, match="CRV3"):
        own_practice.estimates(study, "CRV3", own_practice.units(study, False))


def test_so_few_clusters_that_nothing_is_rejected_give_no_bounds(tmp_path):
    frame = small(schools=5)
    data = fixed_effects.within(moments.compute(frame, moments.Model("y", "school", "year", "2012")))
    assert resampling.wild_bootstrap(data, "2014") >= 2 / 2**5
    assert resampling.wild_interval(data, "2014") == (-np.inf, np.inf)
    low, high = resampling.wild_interval(data, "2014", level=0.90)
    assert np.isfinite([low, high]).all()


@pytest.mark.parametrize("spoil", [lambda y: 1.0, lambda y: y.where(y.index < 1)])
def test_no_standard_deviation_in_the_baseline_year_is_refused(tmp_path, spoil):
    frame = small(n=600).sort_values("year", ignore_index=True)
    first = frame["year"] == 2012
    frame.loc[first, "y"] = spoil(frame.loc[first, "y"])
    study = read(write(tmp_path, frame), **SMALL)
    assert own_practice.units(study, False) == {"all records": 1.0}
    with pytest.raises(InputError, match="in the baseline year the outcome has no spread"):
        own_practice.units(study, True)


def test_what_rests_on_fewer_than_ten_records_is_not_shown(tmp_path):
    frame = small(n=600)
    frame.loc[frame.index[::70], "sex"] = "rare"  # nine records
    assert (frame["sex"] == "rare").sum() == 9
    table = own_practice.estimates(
        study := read(write(tmp_path, frame), **SMALL), "CRV1", own_practice.units(study, False)
    ).set_index("term")
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
    assert table.loc["sex: rare", numbers].isna().all()
    assert table.drop(index="sex: rare")[numbers].notna().all(axis=None)
    weighted = read(write(tmp_path, frame.assign(w=1.5)), **SMALL, weight="w")
    again = own_practice.estimates(weighted, "CRV1", {"all records": 1.0}).set_index("term")
    pd.testing.assert_series_equal(again["estimate"], table["estimate"], rtol=1e-9)
    # A reference of nine hides every level that is compared with it.
    other = SMALL | {"categories": {"sex": "rare"}}
    study = read(write(tmp_path, frame), **other)
    table = own_practice.estimates(study, "CRV1", own_practice.units(study, False)).set_index("term")
    assert table.loc[["sex: f", "sex: m"], numbers].isna().all(axis=None)
    assert table.loc[["2013", "2014", "x"], numbers].notna().all(axis=None)


@pytest.mark.parametrize(("kept", "shown"), [(9, 0), (10, 1)])
def test_no_joint_test_rests_on_a_year_of_few_records(tmp_path, kept, shown):
    frame = small(n=600)
    frame = frame.drop(frame.index[frame["year"] == 2013][kept:])
    assert len(own_practice.joint_tests(read(write(tmp_path, frame), **SMALL), "CRV1")) == shown


def test_records_of_no_panel_are_counted(tmp_path):
    frame = small(n=600)
    frame["band"] = np.where(frame.index < 40, None, "a")
    study = read(write(tmp_path, frame), **(SMALL | {"by": "band"}))
    assert own_practice.notes(study).endswith("In no panel: about 40 records more. Reference of sex: f.")
    with pytest.raises(InputError, match="'band': empty in all records"):
        read(write(tmp_path, frame.assign(band=None)), **(SMALL | {"by": "band"}))


def test_a_panel_of_few_records_in_schools_of_two_shows_neither_estimates_nor_counts(tmp_path):
    """Of its twelve records four are the only ones of their school, so that eight or fewer are in the model."""
    frame = small(n=240).assign(band="many")
    few = frame[frame["year"].isin([2012, 2013])].groupby(["school", "year"]).head(1).head(8)
    alone = few.head(4).assign(school=["a", "b", "c", "d"])
    both = pd.concat([frame, few.assign(band="few"), alone.assign(band="few")])
    study = read(write(tmp_path, both), **SMALL | {"by": "band", "controls": [], "categories": []})
    found = own_practice.estimates(study, "CRV1", own_practice.units(study, False))
    hidden = found[found["panel"] == "few"]
    assert len(hidden) > 0
    assert hidden[[*panels.NUMBERS, *panels.COUNTS]].isna().all(axis=None)
    assert found.loc[found["panel"] == "many", "estimate"].notna().all()
