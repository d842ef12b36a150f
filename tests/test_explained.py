"""What goes with answering often: models of items, and what systems have in common."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from helpers.estimate import comparisons
from helpers.project import InputError
from helpers.read import talis
from helpers.read.files import Options
from helpers.read.survey import read_survey
from helpers.study import classroom_doors, explained


@pytest.fixture(scope="module")
def systems():
    return talis.read(ROOT / "data" / "simulated" / "03-talis.zip", 2)


@pytest.mark.parametrize("kind", ["replicates", "linearised"])
def test_with_one_term_of_two_levels_the_linear_model_is_their_difference(systems, kind):
    survey = systems if kind == "replicates" else replace(systems, weights=systems.weights[:, :1])
    rows = explained.table(survey, ["sex"], ["XXA", "XXB"])
    ours = rows[rows["model"] == "linear"].set_index(["system", "item"])
    apart = comparisons.level_differences(survey, "sex")
    apart = (
        apart[apart["cycle"].eq(2018) & apart["statistic"].eq("monthly")].set_index(["system", "item"]).loc[ours.index]
    )
    assert set(ours["term"]) == {"sex: Male"}
    assert ours["estimate"].to_numpy() == pytest.approx(apart["estimate"].to_numpy(), abs=1e-12, nan_ok=True)
    assert ours["std_error"].to_numpy() == pytest.approx(apart["std_error"].to_numpy(), abs=1e-12, nan_ok=True)


def test_the_reference_level_turns_a_difference_round(systems):
    forth = explained.table(systems, ["sex"], ["XXA"])["estimate"]
    back = explained.table(systems, {"sex": "Male"}, ["XXA"])
    assert set(back["term"]) == {"sex: Female"}
    assert back["estimate"].to_numpy() == pytest.approx(-forth.to_numpy(), abs=1e-9)


@pytest.mark.parametrize(
    ("explain", "message"),
    [
        ({"sex": "Other"}, "no level 'Other'.*Female, Male"),
        (["shoe"], "shoe"),
        (["system"], "one level|cannot|at least|has a column|tables of shares"),
    ],
)
def test_terms_that_are_not_there_are_refused(systems, explain, message):
    with pytest.raises(InputError, match=message):
        explained.table(systems, explain, ["XXA"])


def own(tmp_path, **columns):
    rng = np.random.default_rng(3)
    n = 240
    frame = pd.DataFrame({
        "q": rng.integers(1, 7, n), "school": rng.integers(1, 25, n), "years": rng.integers(0, 40, n).astype(float),
        "role": rng.choice(["teacher", "leader"], n),
    })  # fmt: skip
    path = tmp_path / "mine.csv"
    frame.assign(**columns).to_csv(path, index=False)
    options = Options()
    return read_survey(
        path,
        ["q"],
        labels=[str(code) for code in range(1, 7)],
        school="school",
        explain=["years", "role"],
        options=options,
    )


def test_columns_of_numbers_and_words_are_terms(tmp_path):
    rows = explained.table(own(tmp_path), ["years", "role"], ["all"])
    assert set(rows["term"]) == {"years", "role: teacher"}
    assert rows["estimate"].notna().all()
    assert set(rows["n"]) == {240}


def test_a_level_of_few_people_is_not_shown_nor_how_few_are_left_out(tmp_path):
    role = ["principal"] * 4 + ["teacher"] * 120 + ["leader"] * 116
    years = [np.nan] * 3 + [10.0, 20, 30] * 79
    rows = explained.table(own(tmp_path, role=role, years=years), ["years", "role"], ["all"])
    few = rows[rows["term"] == "role: principal"]
    assert few["estimate"].isna().all()
    assert few["note"].str.contains("fewer than 10 teachers have it: they are left out").all()
    assert rows.loc[rows["term"] == "role: teacher", "estimate"].notna().all()
    assert rows["n"].isna().all()  # 237 of 240 would tell of three


def test_a_reference_that_few_have_is_asked_about(tmp_path):
    survey = own(tmp_path, role=["leader"] * 4 + ["principal"] * 120 + ["teacher"] * 116)
    rows = explained.table(survey, ["role"], ["all"])
    assert rows["estimate"].isna().all()
    assert rows["note"].str.contains("reference level of role: name another").all()
    named = explained.table(survey, {"role": "teacher"}, ["all"]).set_index("term")["estimate"]
    assert named["role: principal"].notna().all()
    assert named["role: leader"].isna().all()


def test_an_item_does_not_explain_itself(tmp_path):
    own(tmp_path)
    with pytest.raises(InputError, match="q stands in `items` and in `explain`"):
        read_survey(tmp_path / "mine.csv", ["q"], labels=[str(code) for code in range(1, 7)], explain=["q"])


@pytest.mark.parametrize("words", [True, False], ids=["words", "numbers"])
def test_of_talis_an_item_explains_others_and_not_itself(systems, words):
    """Its variable may be named in `explain`: with labels it comes in words, without them in numbers."""
    answer = systems.frame["B"].where(systems.frame["B"] > 0)
    if words:
        answer = answer.map(dict(enumerate(systems.categories, 1))).astype("str")
    survey = replace(systems, frame=systems.frame.assign(TT3G33B=answer))
    rows = explained.table(survey, ["sex", "TT3G33B"], ["XXA"])
    itself = rows["item"] == "B"
    assert rows.loc[itself, "estimate"].isna().all()
    assert set(rows.loc[itself, "note"]) == {"TT3G33B is the answer itself"}
    assert rows.loc[rows["item"].eq("A"), "estimate"].notna().all()
    caption = explained.words(classroom_doors.view(survey), rows)["caption"]
    assert "No model of “Observe colleagues and give feedback”: a term is that answer itself" in caption


def test_a_copy_of_an_answer_in_a_survey_of_ones_own_explains_nothing(tmp_path):
    answers = np.random.default_rng(3).integers(1, 7, 240)
    rows = explained.table(own(tmp_path, q=answers, years=10.0 * answers), ["years", "role"], ["all"])
    assert rows["estimate"].isna().all()
    assert set(rows["note"]) == {"years is the answer itself"}


def test_a_word_among_numbers_is_asked_about(tmp_path):
    with pytest.raises(InputError, match="years"):
        own(tmp_path, years=[*map(str, range(239)), "many"])


def test_means_over_systems_solve_paule_and_mandels_equation():
    estimate, error = np.array([0.10, 0.25, 0.45, 0.05]), np.array([0.05, 0.08, 0.06, 0.10])
    rows = pd.DataFrame({"item": "A", "model": "linear", "term": "x", "estimate": estimate, "std_error": error})
    found = explained.pooled(rows).iloc[0]
    weights = 1 / (error**2 + found["tau"] ** 2)
    mean = (weights * estimate).sum() / weights.sum()
    assert found["estimate"] == pytest.approx(mean, abs=1e-6)
    assert (weights * (estimate - mean) ** 2).sum() == pytest.approx(3, abs=1e-3)  # systems less one
    assert found["low"] < found["ci_low"] < mean < found["ci_high"] < found["high"]
    assert explained.pooled(rows.head(2)).empty


def test_schools_without_a_principal_are_counted(systems):
    """A twentieth of the simulated principals did not answer."""
    view = classroom_doors.view(systems)
    here = systems.frame[systems.frame["cycle"] == 2018]
    lacking = here[~here["principal"]]
    told = explained.words(view, explained.table(systems, ["school_type"], ["XXA"]))["caption"]
    schools = lacking.groupby("system")["school_id"].nunique().sum()
    assert schools > 0
    assert (
        f"{schools} of {here.groupby('system')['school_id'].nunique().sum()} schools, with {len(lacking)} teachers, "
        in told
    )
    everywhere = replace(systems, frame=systems.frame.assign(principal=True))
    assert not explained.unmatched(classroom_doors.view(everywhere))
    assert not explained.unmatched(classroom_doors.view(replace(systems, frame=systems.frame.assign(principal=False))))
