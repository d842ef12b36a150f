"""Effects by waves since the start: group-time averages by hand, where two-way fixed effects are wrong, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from helpers.estimate import panels
from helpers.project import InputError
from helpers.read import waves
from helpers.study import signposts, starting_waves

COLUMNS = {"teacher": "teacher", "wave": "wave", "school": "school", "scales": ["score"], "treated_from": "began"}
GROWING = (1.0, 2.0, 3.0)


def staggered(starts, effect, noise=0.0, teachers=12, seed=1, waves_=4):
    """Schools with a wave of start each (0: never), an effect by waves since the start, and common changes of waves."""
    rng, rows = np.random.default_rng(seed), []
    for school, start in enumerate(starts):
        for wave in range(1, waves_ + 1):
            own = effect[wave - start] if start and wave >= start else 0.0
            for teacher in range(teachers):
                # Teachers of a school differ by the same steps in each wave, so that means are exact.
                score = school / 7 + 0.3 * wave**2 + own + teacher / teachers + noise * rng.normal()
                rows.append((f"{school}-{teacher}-{wave}", wave, f"s{school:02}", start or "", score))
    return pd.DataFrame(rows, columns=["teacher", "wave", "school", "began", "score"])


def read(tmp_path, frame, **more):
    path = tmp_path / "survey.csv"
    frame.to_csv(path, index=False)
    return waves.read(path, **(COLUMNS | more))


def effects(survey, inference="CR2"):
    found = starting_waves.effects(survey, starting_waves.starts(survey), inference)
    sd = survey.scores["score"][survey.frame["wave"] == survey.baseline].std(ddof=1)
    found[["estimate", "std_error"]] *= sd
    return found.set_index("term")


def test_group_time_averages_by_hand(tmp_path):
    """Sun and Abraham's estimate is the mean over cohorts of changes less those of schools that never began."""
    frame = staggered([2, 2, 3, 3, 3, 0, 0, 0], GROWING, noise=1.0)
    found = effects(read(tmp_path, frame))
    means = frame.assign(began=frame["began"].replace("", 0)).groupby(["began", "wave"])["score"].mean()

    def change(cohort, wave):
        since = means[cohort, wave] - means[cohort, cohort - 1]
        return since - (means[0, wave] - means[0, cohort - 1])

    two, three = 2 * 12, 3 * 12  # teachers of the cohorts in a wave
    assert found.loc["2 waves before", "estimate"] == pytest.approx(change(3, 1))
    for distance, term in ((0, "wave of the start"), (1, "1 wave after")):
        by_hand = (two * change(2, 2 + distance) + three * change(3, 3 + distance)) / (two + three)
        assert found.loc[term, "estimate"] == pytest.approx(by_hand)
    assert found.loc["2 waves after", "estimate"] == pytest.approx(change(2, 4))


def test_errors_are_those_of_all_cohorts_and_waves_as_dummies(tmp_path):
    """CRV1 of the mean over cohorts from a regression on records, with a dummy for each school, wave, and cohort in a wave."""
    frame = staggered([2, 2, 3, 3, 3, 0, 0, 0], GROWING, noise=1.0)
    found = effects(read(tmp_path, frame), "CRV1").loc["wave of the start"]
    cells = [(2, 2), (3, 3), (2, 3), (2, 4), (3, 1), (3, 4)]
    x = pd.get_dummies(frame[["school", "wave"]].astype(str), drop_first=True).astype(float)
    for cohort, wave in cells:
        x[f"{cohort} {wave}"] = ((frame["began"] == cohort) & (frame["wave"] == wave)).astype(float)
    x.insert(0, "constant", 1.0)
    codes = pd.factorize(frame["school"])[0]
    fit = OLS(frame["score"], x).fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
    contrast = np.zeros(x.shape[1])
    contrast[[x.columns.get_loc("2 2"), x.columns.get_loc("3 3")]] = 2 / 5, 3 / 5
    n, g, k = len(frame), 8, 9  # three waves and six cells
    factor = g / (g - 1) * (n - 1) / (n - k - 1)
    error = np.sqrt(factor * contrast @ fit.cov_params().to_numpy() @ contrast)
    assert found["estimate"] == pytest.approx(contrast @ fit.params)
    assert found["std_error"] == pytest.approx(error, rel=1e-8)


def test_effects_that_grow_are_found_where_one_effect_for_all_is_wrong(tmp_path):
    frame = staggered([2, 2, 4, 4, 0], GROWING, noise=1e-9)
    found = effects(read(tmp_path, frame))["estimate"]
    assert found[["2 waves before", "wave of the start", "1 wave after", "2 waves after"]].to_numpy() == pytest.approx(
        [0, 1, 2, 3], abs=1e-6
    )
    assert found[starting_waves.AFTER] == pytest.approx((1 + 2 + 3 + 1) / 4, abs=1e-6)
    on = (frame["began"] != "") & (frame["wave"] >= pd.to_numeric(frame["began"]))
    dummies = pd.get_dummies(frame[["school", "wave"]].astype(str), drop_first=True).assign(on=on, constant=1)
    one_for_all = OLS(frame["score"], dummies.astype(float)).fit().params["on"]
    assert abs(one_for_all - 7 / 4) > 0.2


def test_a_constant_effect_is_found_at_every_distance(tmp_path):
    found = effects(read(tmp_path, staggered([2, 2, 3, 3, 0, 0], (0.7, 0.7, 0.7), noise=1e-9)))["estimate"]
    assert found.filter(regex="start|after").to_numpy() == pytest.approx(0.7, abs=1e-6)


def test_the_last_to_start_are_the_comparison_where_all_did(tmp_path):
    """Only waves before their start can be used: the fourth, in which they began, is in no row."""
    survey = read(tmp_path, staggered([2, 2, 3, 3, 4, 4], GROWING, noise=1e-9))
    begun = starting_waves.starts(survey)
    assert (begun.late, begun.cohorts) == ("4", {"2": 2, "3": 2})
    found = effects(survey)["estimate"]
    assert found[["wave of the start", "1 wave after"]].to_numpy() == pytest.approx([1, 2], abs=1e-6)
    assert "2 waves after" not in found.index
    assert "those that began last (4)" in starting_waves.caption(survey, begun)


def test_districts_as_clusters_change_errors_alone(tmp_path):
    frame = staggered([2, 3, 2, 3, 0, 0, 0, 0], GROWING, noise=1.0)
    frame["area"] = "a" + (frame["school"].str[1:].astype(int) // 2).astype(str)  # cohorts lie across districts
    plain, coarse = effects(read(tmp_path, frame)), effects(read(tmp_path, frame, cluster="area"))
    assert coarse["estimate"].to_numpy() == pytest.approx(plain["estimate"].to_numpy())
    assert set(coarse["n_groups"]) == {4}
    assert (coarse["std_error"] - plain["std_error"]).abs().min() > 1e-6


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        ([3, 3, 3, 0, 0], "plain difference in change"),
        ([3, 3, 3, 3, 3], "plain difference in change"),
        ([1, 1, 3, 3], "nothing to compare with"),
        ([1, 1, 1, 0, 0], "no school has a wave before its start"),
        ([0, 0, 0, 0], "no school has a start"),
    ],
)
def test_what_cannot_be_had_is_said(tmp_path, starts, said):
    rows, begun = starting_waves.view(read(tmp_path, staggered(starts, (*GROWING, 4.0), noise=1.0)), "CR2")
    assert rows.empty
    assert said in begun.why


def test_nothing_rests_on_nine_teachers(tmp_path):
    frame = staggered([2, 2, 3, 3, 0, 0], GROWING, noise=1.0)
    thin = frame[(frame["began"] == 3) & (frame["wave"] == 4)].index
    found = effects(read(tmp_path, frame.drop(thin[9:])))
    assert found.loc[["1 wave after", starting_waves.AFTER], "estimate"].isna().all()
    assert found.loc[["2 waves before", "wave of the start", "2 waves after"], "estimate"].notna().all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.assign(began=d["began"].replace(2, 7)), "none of the waves"),
        (lambda d: d.assign(began=[3, *d["began"][1:]]), "a school in two"),
        (lambda d: d.assign(peer=(d["school"] > "s02").astype(int)), "in a comparison school"),
    ],
)
def test_wrong_starts_are_refused(tmp_path, change, said):
    frame = change(staggered([2, 2, 3, 3, 0, 0], GROWING, noise=1.0))
    more = {"treated": "peer"} if "peer" in frame else {}
    with pytest.raises(InputError, match=said) as error:
        read(tmp_path, frame, **more)
    assert "'began'" in str(error.value)


def test_a_difference_before_the_start_is_said(tmp_path):
    frame = staggered([2] * 6 + [3] * 6 + [0] * 6, GROWING, noise=0.3)
    apart = frame["score"] + 4.0 * ((frame["began"] == 3) & (frame["wave"] == 1))
    for scores, words in (
        (frame["score"], "no difference can be told from none"),
        (apart, "differed already (2 waves before"),
    ):
        survey = read(tmp_path, frame.assign(score=scores))
        rows, _ = starting_waves.view(survey, "permutation")
        assert words in starting_waves.sentences(rows)[0]
        assert "2 waves before" in starting_waves.alternative(rows)


def test_one_start_is_the_plain_difference_in_change(tmp_path):
    """Where there is one start the same sums give the estimate of the page's first table."""
    frame = staggered([3, 3, 3, 0, 0, 0], GROWING, noise=1.0).assign(peer=lambda d: (d["began"] == 3).astype(int))
    survey = read(tmp_path, frame, treated="peer", baseline=2)
    plain = (
        signposts.changes(survey, "CR2").set_index(["method", "term"]).loc[(signposts.FIXED, "difference in change, 4")]
    )
    found = starting_waves.effects(survey, starting_waves.starts(survey)).set_index("term").loc["1 wave after"]
    columns = [*panels.NUMBERS, "df"]
    assert found[columns].to_numpy(float) == pytest.approx(plain[columns].to_numpy(float), rel=1e-8)
