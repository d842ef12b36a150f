"""Who is missing: weights against statsmodels, bounds by hand, and counts of a few that are nowhere (notebooks 06 and 01)."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from helpers.estimate import nonresponse
from helpers.project import InputError
from helpers.read import waves
from helpers.study import missing_records, missing_teachers, own_practice, signposts

COLUMNS = {"teacher": "teacher", "wave": "wave", "school": "school"}
ITEMS = {"calm": ["i1", "i2"]}

# ---------------------------------------------------------------- estimates


def test_weights_are_those_of_a_logit_by_statsmodels():
    rng = np.random.default_rng(1)
    known = pd.DataFrame({"age": rng.normal(40, 9, 400), "subject": rng.choice(["art", "maths", "music"], 400)}).astype({"subject": object})  # fmt: skip
    chance = 1 / (1 + np.exp(-(known["age"] - 40) / 9 - (known["subject"] == "art")))
    answered = rng.random(400) < chance
    fit = smf.logit("y ~ age + C(subject)", known.assign(y=answered.astype(int))).fit(disp=0)
    expected = 1 / fit.predict(known).to_numpy()
    assert nonresponse.response(known, answered).weights(known) == pytest.approx(expected, rel=1e-6)


def test_people_who_are_alike_may_stand_in_one_row():
    known = pd.DataFrame({"age": [30.0, 40.0, 50.0]})
    answered, asked = np.array([12, 30, 45]), np.array([40, 50, 60])
    one_by_one = known.loc[np.repeat(known.index, asked)].reset_index(drop=True)
    each = np.concatenate([np.arange(n) < yes for yes, n in zip(answered, asked, strict=True)])
    grouped, single = nonresponse.response(known, answered, asked), nonresponse.response(one_by_one, each)
    assert grouped.weights(known) == pytest.approx(single.weights(known), rel=1e-8)


def test_where_all_answered_weights_are_one_and_where_nobody_did_none_can_be_had():
    known = pd.DataFrame({"kind": ["a"] * 20 + ["b"] * 20}, dtype=object)
    everybody = np.ones(40, bool)
    assert nonresponse.response(known, everybody).weights(known) == pytest.approx(1)
    some = np.arange(40) < 30
    assert nonresponse.response(known, some).weights(known)[:20] == pytest.approx(1, abs=1e-6)
    with pytest.raises(InputError, match="by kind, next to nobody answered"):
        nonresponse.response(known, np.arange(40) < 20)


def test_lees_bounds_by_hand():
    """Eight of ten of the treated answered, six of ten others: a quarter of the eight is taken off, at the top and at the bottom."""
    treated = np.repeat([True, False], 10)
    outcome = np.array([1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 2, 2, 3, 3, 4, 4, 0, 0, 0, 0], float)
    answered = np.isin(np.arange(20), [8, 9, 16, 17, 18, 19], invert=True)
    low, high, *_ = nonresponse.lee_bounds(outcome, answered, treated, np.arange(20) % 5 + 5 * treated)
    assert (low, high) == pytest.approx((3.5 - 3, 5.5 - 3))
    # The others answer more often: they are trimmed, and the ends turn round.
    turned = nonresponse.lee_bounds(outcome, answered, ~treated, np.arange(20) % 5 + 5 * treated)
    assert (turned.low, turned.high) == pytest.approx((-2.5, -0.5))
    assert (turned.low_error, turned.df) == pytest.approx((nonresponse.lee_bounds(outcome, answered, treated, np.arange(20) % 5 + 5 * treated).high_error, 4))  # fmt: skip


def test_half_a_person_is_taken_off_where_the_share_says_so():
    """Four of four against three of four: with a quarter less of three, .75 of a person of the first goes."""
    outcome, treated = np.array([1.0, 2, 3, 4, 9, 1, 1, 1]), np.repeat([True, False], 4)
    answered = np.array([True] * 3 + [False] + [False, True, False, True])
    low, high, *_ = nonresponse.lee_bounds(outcome, answered, treated, np.arange(8))
    # Rates .75 and .5: two of the three are kept.
    assert (low, high) == pytest.approx((1.5 - 1, 2.5 - 1))
    answered = np.array([True, True, True, True, False, True, True, True])
    outcome[4:] = 0
    low, high, *_ = nonresponse.lee_bounds(outcome[:7], answered[:7], treated[:7], np.arange(7))
    assert (low, high) == pytest.approx(((1 + 2 + 2 / 3 * 3) / (8 / 3), (4 + 3 + 2 / 3 * 2) / (8 / 3)))


def test_lees_bounds_hold_the_effect_on_those_who_always_answer():
    """Treatment keeps some who are low; the plain difference is too small, and the bounds hold the truth in 95 of 100 or more."""
    held = plain = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        school = np.repeat(np.arange(40), 20)
        treated, ability = school < 20, rng.normal(size=800) + rng.normal(0, 0.2, 40)[school]
        answered = (ability > -0.2) | treated & (ability > -1)
        outcome = ability + 0.5 * treated + rng.normal(0, 0.3, 800)
        table = nonresponse.lee_bounds(outcome, answered, treated, school).table()
        held += table["ci_low"].min() <= 0.5 <= table["ci_high"].max()
        plain += outcome[treated & answered].mean() - outcome[~treated & answered].mean() < 0.35
    assert held >= 95
    assert plain >= 95


# ---------------------------------------------------------------- notebook 06


def teachers(schools=8, size=30, seed=5):
    """Two waves; who is low at the start leaves more often, in schools with peer groups less so; some answer half."""
    rng, rows = np.random.default_rng(seed), []
    for school in range(schools):
        for place in range(size):
            mood, peer = rng.normal(), int(school % 2)
            base = {
                "teacher": f"{school}-{place}",
                "school": f"s{school}",
                "peer": peer,
                "years": round(20 + 5 * mood + rng.normal(), 1),
            }
            for wave in (1, 2):
                if wave == 2 and rng.random() > 1 / (1 + np.exp(-0.6 - mood - 0.5 * peer)):
                    continue
                said = np.clip(np.round(3 + mood + 0.4 * (wave - 1) * peer + rng.normal(0, 0.5, 2)), 1, 5)
                said[1] = np.nan if rng.random() < 0.2 else said[1]
                rows.append(base | {"wave": wave, "i1": said[0], "i2": said[1]})
    return pd.DataFrame(rows)


def read(tmp_path, frame, **more):
    path = tmp_path / "survey.csv"
    frame.to_csv(path, index=False)
    return waves.read(path, **(COLUMNS | {"scales": ITEMS, "treated": "peer", "respond_on": ["years"]} | more))


def rows_of(survey, asked="CR2"):
    return missing_teachers.specifications(survey, asked).set_index("specification")["estimate"]


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return read(tmp_path_factory.mktemp("missing"), teachers())


def pairs(frame):
    """Teachers of the first wave with their scores in both, NaN where there is none; and the SD of the first."""
    wide = frame.assign(score=frame[["i1", "i2"]].mean(axis=1)).pivot(index="teacher", columns="wave", values="score")
    first = frame[frame["wave"] == 1].set_index("teacher")
    wide = wide.join(first[["peer", "years"]]).dropna(subset=[1])
    return wide, wide[1].std(ddof=1)


def test_weighted_for_who_left_is_a_weighted_difference_of_changes(survey):
    wide, sd = pairs(teachers())
    changes, stayed = (wide[2] - wide[1]) / sd, wide[2].notna()
    means = {}
    for peer, part in wide.groupby("peer"):
        x = sm.add_constant(part["years"])
        weight = 1 / sm.Logit(stayed[part.index].astype(int), x).fit(disp=0).predict(x)
        means[peer] = np.average(changes[part.index][stayed[part.index]], weights=weight[stayed[part.index]])
    assert rows_of(survey)[missing_teachers.WEIGHTED] == pytest.approx(means[1] - means[0], rel=1e-4)


def test_the_worst_case_gives_those_who_left_the_ends_of_the_scale(survey):
    wide, sd = pairs(teachers())
    for name, (with_peers, without) in zip(missing_teachers.WORST, ((1, 5), (5, 1)), strict=True):
        last = wide[2].fillna(wide["peer"].map({1: float(with_peers), 0: float(without)}))
        means = ((last - wide[1]) / sd).groupby(wide["peer"]).mean()
        assert rows_of(survey)[name] == pytest.approx(means[1] - means[0])


def test_bounds_and_complete_answers_are_what_they_say(survey, tmp_path):
    frame = teachers()
    wide, sd = pairs(frame)
    found = rows_of(survey)
    lee = nonresponse.lee_bounds(((wide[2] - wide[1]) / sd).to_numpy(), wide[2].notna().to_numpy(), (wide["peer"] == 1).to_numpy(), wide.index.str[0].to_numpy())  # fmt: skip
    assert found[list(missing_teachers.LEE)].to_numpy() == pytest.approx(lee[:2])
    stayed = signposts.specifications(survey, signposts.changes(survey, "CR2"), "CR2").set_index("specification")[
        "estimate"
    ][signposts.STAYED]
    assert lee.low <= stayed <= lee.high
    whole = read(tmp_path, frame.dropna(subset=["i1", "i2"]))
    alone = signposts.changes(whole, "CR2").set_index("method").loc[signposts.FIXED, "estimate"].iloc[0]
    ratio = whole.scores["calm"][whole.frame["wave"] == "1"].std(ddof=1) / sd
    assert found[missing_teachers.WHOLE] == pytest.approx(alone * ratio)


def test_counts_of_complete_rows_by_hand(survey):
    frame = teachers()
    found = missing_teachers.complete(survey).set_index(["wave", "group"])
    half = frame["i2"].isna()
    for wave in (1, 2):
        for group, part in ((signposts.ALL, frame), (waves.PEERS, frame[frame["peer"] == 1])):
            here = part["wave"] == wave
            assert found.loc[(str(wave), group), ["complete", "half", "incomplete"]].tolist() == [
                (here & ~half[part.index]).sum(), (here & half[part.index]).sum(), 0,
            ]  # fmt: skip


def test_few_half_answered_are_counted_nowhere(tmp_path):
    """Four of the second wave answered half: their number is shown nowhere, and neither is the row without them."""
    frame = teachers()
    later = frame[frame["wave"] == 2].index
    frame.loc[later, "i2"] = frame.loc[later, "i2"].fillna(3.0)
    frame.loc[later[:4], "i2"] = np.nan
    survey = read(tmp_path, frame)
    found = missing_teachers.complete(survey)
    assert found.loc[found["wave"] == "2", ["complete", "half"]].isna().all(axis=None)
    assert found.loc[found["group"] == signposts.ALL, "half"].isna().all()  # the total less the first wave's would tell
    assert np.isnan(rows_of(survey)[missing_teachers.WHOLE])


def test_scores_without_ends_have_no_worst_case_and_no_comparison_no_lee(tmp_path):
    frame = teachers().assign(score=lambda d: d["i1"])
    found = rows_of(read(tmp_path, frame, scales=["score"], treated=""))
    assert list(found.index) == [missing_teachers.WEIGHTED]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.assign(years=d["years"].where(d.index > 2)), "'years': empty in the baseline wave (row 2"),
        (lambda d: d.assign(years=d["years"].map("about {}".format)), "text in a number column"),
    ],
)
def test_columns_that_are_not_known_for_everybody_are_refused(tmp_path, change, said):
    with pytest.raises(InputError) as error:
        read(tmp_path, change(teachers()))
    assert said in str(error.value)


def test_sentences_follow_the_bounds():
    ends = pd.DataFrame({"estimate": [0.1, 0.4], "ci_low": [0.05, 0.3], "ci_high": [0.2, 0.5]})
    assert missing_teachers._between(ends).endswith("it is not zero.")
    assert "may be zero" in missing_teachers._between(ends.assign(ci_low=[-0.1, 0.2]))
    assert "could turn the sign" in missing_teachers._between(ends.assign(estimate=[-0.1, 0.4], ci_low=[-0.2, 0.2]))


# ---------------------------------------------------------------- notebook 01


def records(seed=3, schools=12, size=40):
    rng = np.random.default_rng(seed)
    school, year = np.repeat(np.arange(schools), size), np.tile([2018, 2019], schools * size // 2)
    ability = rng.normal(size=len(school))
    outcome = np.clip(3 + ability + 0.3 * (year == 2019), 0, 6)
    gone = rng.random(len(school)) < 1 / (1 + np.exp(1.5 + ability - 0.8 * (year == 2019)))
    frame = {"school": school, "year": year, "outcome": np.where(gone, np.nan, outcome), "prior": (ability + rng.normal(0, 0.3, len(school))).round(2)}  # fmt: skip
    return pd.DataFrame(frame).assign(band=np.where(school < schools // 2, "low", "high"), weight=1 + school % 3)


def study_of(tmp_path, frame, **more):
    path = tmp_path / "records.csv"
    frame.to_csv(path, index=False)
    named = {"outcome": "outcome", "items": [], "low": 1, "high": 4, "balanced": False, "by": "", "school": "school", "year": "year", "baseline": 2018, "controls": [], "categories": [], "cluster": "", "weight": ""}  # fmt: skip
    return own_practice.read(path, **(named | more))


def within(frame, weight):
    """The year's effect by a regression with a dummy for each school."""
    x = pd.get_dummies(frame["school"], dtype=float).assign(year=(frame["year"] == 2019).astype(float))
    return sm.WLS(frame["outcome"], x, weights=weight).fit().params["year"]


@pytest.mark.parametrize("weighted", [False, True])
def test_weights_and_worst_case_of_records_by_hand(tmp_path, weighted):
    frame = records()
    study = study_of(tmp_path, frame, respond_on=["prior"], bounds=[0, 6], weight="weight" * weighted)
    found = missing_records.specifications(study.missing, {"all records": 1.0}).set_index("specification")["estimate"]
    own, answered = frame["weight"] if weighted else pd.Series(1, frame.index), frame["outcome"].notna()
    weight = pd.Series(1.0, frame.index)
    for _, part in frame.groupby("year"):
        x = sm.add_constant(part["prior"])
        weight[part.index] = 1 / sm.Logit(answered[part.index].astype(int), x).fit(disp=0).predict(x)
    whole = frame[answered]
    assert found[missing_records.WEIGHTED] == pytest.approx(within(whole, (own * weight)[answered]), rel=1e-5)
    for name, (last, first) in zip(missing_records.WORST, ((0, 6), (6, 0)), strict=True):
        filled = frame.assign(
            outcome=frame["outcome"].fillna(frame["year"].map({2019: float(last), 2018: float(first)}))
        )
        assert found[name] == pytest.approx(within(filled, own))
    assert "could turn the sign" in missing_records.sentences(study.missing, _with_panel(found))[-1]


def _with_panel(found):
    return found.reset_index().assign(panel="all records")


def test_counts_by_panel_and_year(tmp_path):
    frame = records()
    found = missing_records.table(study_of(tmp_path, frame, by="band").missing).set_index(["panel", "year"])
    expected = frame.groupby(["band", frame["year"].astype(str)])["outcome"].agg(["size", "count"])
    shown = found.dropna()
    assert len(shown) == 4
    assert shown[["records", "complete"]].to_numpy().tolist() == expected.to_numpy().tolist()


def test_few_incomplete_records_cannot_be_had(tmp_path):
    """Three of the first year have no outcome: neither they nor the other year's are shown, nor is a worst case drawn."""
    frame = records()
    first = frame[frame["year"] == 2018].index
    frame.loc[first, "outcome"] = 3 + (first % 7) / 10
    frame.loc[first[:3], "outcome"] = np.nan
    study = study_of(tmp_path, frame, respond_on=["prior"], bounds=[0, 6])
    assert missing_records.table(study.missing)[["complete", "incomplete"]].isna().all(axis=None)
    found = missing_records.specifications(study.missing, {"all records": 1.0}).set_index("specification")["estimate"]
    assert found[list(missing_records.WORST)].isna().all()


def test_items_bring_their_own_ends(tmp_path):
    rng = np.random.default_rng(1)
    frame = records().assign(**{f"q{i}": rng.integers(1, 5, 480) for i in range(3)})
    frame.loc[frame["outcome"].isna(), ["q0", "q1", "q2"]] = np.nan
    study = study_of(tmp_path, frame, outcome="", items=["q0", "q1", "q2"])
    found = missing_records.specifications(study.missing, {"all records": 1.0}).set_index("specification")["estimate"]
    low, high = found[list(missing_records.WORST)]
    assert low < own_practice.estimates(study, "CR2", {"all records": 1.0})["estimate"].iloc[0] < high


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"bounds": [1, 4]}, "values off the ends 1 to 4"),
        ({"bounds": [6, 0]}, "`low` is not below `high`"),
        ({"respond_on": ["gap"]}, "'gap': empty"),
        ({"respond_on": ["word"]}, "more than 12 different values"),
    ],
)
def test_bad_columns_and_bounds_are_refused(tmp_path, more, said):
    frame = records().assign(
        gap=lambda d: d["prior"].where(d.index > 3), word=lambda d: "w" + (d.index % 20).astype(str)
    )
    with pytest.raises(InputError) as error:
        study_of(tmp_path, frame, **more)
    assert said in str(error.value)


def test_why_there_are_no_weights_is_said(tmp_path):
    frame = records().assign(kind=lambda d: np.where(d["outcome"].isna(), "gone", "there"))
    study = study_of(tmp_path, frame, respond_on=["kind"])
    assert "next to nobody answered" in missing_records.sentences(study.missing, _with_panel(pd.Series({"as declared": 0.1}, name="estimate").rename_axis("specification")))[0]  # fmt: skip
