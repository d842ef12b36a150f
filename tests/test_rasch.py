"""Rasch measures by the rating scale model: raschpy itself, brute force, hand-worked numbers, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

import inside
from conftest import ROOT
from helpers.estimate import rasch
from helpers.project import InputError

pytestmark = pytest.mark.slow

ITEMS = np.array([-0.9, -0.2, 0.3, 0.8])
STEPS = np.array([-1.1, -0.2, 1.3])


def scale(items=ITEMS, thresholds=STEPS):
    return rasch.Scale(pd.Series(items, index=[f"q{i}" for i in range(len(items))]), np.array(thresholds))


def chances(place, item, thresholds):
    """The model as its authors write it: numerators exp of summed steps, the first exp(0)."""
    sums = [sum(place - item - step for step in thresholds[:k]) for k in range(len(thresholds) + 1)]
    return np.exp(sums) / np.exp(sums).sum()


def responses(persons=3000, skipped=0.1, seed=4, items=ITEMS, thresholds=STEPS):
    """Answers drawn one by one from the model, some left out at random."""
    rng = np.random.default_rng(seed)
    places = rng.normal(0.2, 1.2, persons)
    drawn = np.array(
        [[rng.choice(len(thresholds) + 1, p=chances(place, item, thresholds)) for item in items] for place in places]
    ).astype(float)
    drawn[rng.random(drawn.shape) < skipped] = np.nan
    return pd.DataFrame(drawn, columns=[f"q{i}" for i in range(len(items))])


@pytest.fixture(scope="module")
def calibrated():
    answers = responses()
    return answers, rasch.calibrate(answers)


def test_measures_from_cells_are_raschpys_own_for_every_record(calibrated):
    answers, ours = calibrated
    from raschpy import RSM

    answered = answers.dropna(how="all").reset_index(drop=True)
    other = RSM(answered, max_score=3)
    other.calibrate()
    assert ours.items.to_numpy() == pytest.approx(other.items.to_numpy(), abs=1e-12)
    assert ours.thresholds == pytest.approx(other.thresholds.to_numpy(), abs=1e-12)
    cells = rasch.cell_of(answered)
    assert cells["answered"].nunique() > 10  # many patterns of missing answers
    joined = cells.merge(rasch.measure(ours, cells), on=["answered", "score"], how="left")
    expected = other.person("all", warm_corr=True).to_numpy()
    assert joined["measure"].to_numpy() == pytest.approx(expected, abs=1e-8)
    error = other.csem(person_locations=pd.Series(expected, index=answered.index))
    whole = answered.notna().all(axis=1).to_numpy()
    assert joined["std_error"][whole].to_numpy() == pytest.approx(np.asarray(error)[whole], rel=1e-7)


def test_planted_items_and_thresholds_are_recovered_within_chance():
    found = [rasch.calibrate(responses(persons=700, seed=seed)) for seed in range(8)]
    for planted, values in [
        (ITEMS - ITEMS.mean(), np.array([one.items for one in found])),
        (STEPS - STEPS.mean(), np.array([one.thresholds for one in found])),
    ]:
        error = values.std(axis=0, ddof=1) / np.sqrt(len(found))
        assert (np.abs(values.mean(axis=0) - planted) < 4 * error + 0.01).all()


def test_probabilities_against_a_hand_worked_example():
    # One step above the item with thresholds -1 and 1: numerators e^0, e^(1+1) and e^(2+0).
    found = rasch.probabilities(scale([0.0], [-1.0, 1.0]), np.array([1.0]))
    square = np.e**2
    assert found.ravel() == pytest.approx(np.array([1, square, square]) / (1 + 2 * square), rel=1e-12)


@given(place=st.floats(-30, 30), item=st.floats(-3, 3), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_probabilities_sum_to_one_and_are_the_models(place, item, seed):
    steps = np.random.default_rng(seed).normal(size=3)
    found = rasch.probabilities(scale([item, 0.0], steps), np.array([place]))
    assert found.shape == (1, 2, 4)
    assert found.sum(axis=2) == pytest.approx(1, rel=1e-12)
    assert found[0, 0] == pytest.approx(chances(place, item, steps), rel=1e-9)


def log_likelihood(place, pattern, items=ITEMS, thresholds=STEPS):
    return sum(np.log(chances(place, item, thresholds)[answer]) for item, answer in zip(items, pattern, strict=True))


@pytest.mark.parametrize("place", [-2.0, 0.1, 1.7])
def test_information_is_the_curvature_of_the_log_likelihood(place):
    # It does not depend on the answers, so any will do.
    h, pattern = 1e-4, [0, 2, 3, 1]
    middle, left, right = (log_likelihood(at, pattern) for at in (place, place - h, place + h))
    numeric = -(left - 2 * middle + right) / h**2
    assert rasch.information_at(scale(), np.array([place])).sum() == pytest.approx(numeric, rel=1e-5)


def weighted_maximum(items, thresholds, score):
    """Where likelihood times the root of the information is greatest, by search."""

    def minus(place):
        chance = np.array([chances(place, item, thresholds) for item in items])
        answers = np.arange(len(thresholds) + 1)
        information = (chance @ answers**2 - (chance @ answers) ** 2).sum()
        top, left = len(thresholds), score
        pattern = []
        for _ in items:
            pattern.append(min(top, left))
            left -= pattern[-1]
        return -log_likelihood(place, pattern, items, thresholds) - 0.5 * np.log(information)

    return optimize.minimize_scalar(minus, bounds=(-8, 8), method="bounded", options={"xatol": 1e-9}).x


@pytest.mark.parametrize(("items", "thresholds"), [([-0.7, 0.7], [0.0]), ([0.4, -0.6], [0.0]), (ITEMS, STEPS)])
def test_measures_maximise_the_weighted_likelihood(items, thresholds):
    top = len(items) * len(thresholds)
    cells = pd.DataFrame({"answered": 2 ** len(items) - 1, "score": range(top + 1)})
    found = rasch.measure(scale(items, thresholds), cells).sort_values("score")["measure"]
    expected = [weighted_maximum(items, thresholds, score) for score in range(top + 1)]
    assert found.to_numpy() == pytest.approx(expected, abs=2e-5)


def test_two_alike_items_have_the_closed_form():
    # n equal dichotomous items: the weighted maximum is logit((score + 1/2) / (n + 1)).
    cells = pd.DataFrame({"answered": 3, "score": [0, 1, 2]})
    found = rasch.measure(scale([0.0, 0.0], [0.0]), cells).sort_values("score")
    share = np.array([0.5, 1.5, 2.5]) / 3
    assert found["measure"].to_numpy() == pytest.approx(np.log(share / (1 - share)), abs=1e-6)
    # The information of an item is p (1 - p).
    error = 1 / np.sqrt(2 * share * (1 - share))
    assert found["std_error"].to_numpy() == pytest.approx(error, abs=1e-6)


def test_measure_uses_the_items_that_were_answered():
    alone = rasch.measure(scale(), pd.DataFrame({"answered": [0b0100], "score": [2]}))
    expected = weighted_maximum(ITEMS[[2]], STEPS, 2)
    assert alone["measure"].item() == pytest.approx(expected, abs=2e-5)


def test_measures_rise_with_the_score():
    cells = pd.DataFrame(
        [(answered, score) for answered in range(1, 16) for score in range(3 * answered.bit_count() + 1)],
        columns=["answered", "score"],
    )
    found = rasch.measure(scale(), cells).sort_values(["answered", "score"])
    steps = found.groupby("answered")["measure"].diff().dropna()
    assert len(found) == len(cells)
    assert (steps > 0).all()


def test_cells_tell_who_answered_what():
    frame = pd.DataFrame({"a": [0, np.nan, 2], "b": [1, 3, np.nan], "c": [np.nan, np.nan, 1]})
    found = rasch.cell_of(frame.set_axis([7, 8, 9]))
    assert found.index.tolist() == [7, 8, 9]
    assert found.to_numpy().tolist() == [[0b011, 1], [0b010, 3], [0b101, 3]]


def test_nobody_without_answers_is_measured():
    frame = pd.DataFrame({f"q{i}": [np.nan, 1.0, 1.0] for i in range(4)})
    found = rasch.measure(scale(), rasch.cell_of(frame))
    assert found[["answered", "score"]].to_numpy().tolist() == [[15, 4]]


def test_item_fit_is_one_where_answers_follow_the_model_and_more_where_they_are_noise(calibrated):
    answers, found = calibrated
    good = rasch.item_fit(found, answers).set_index("item")
    assert good["location"].to_numpy() == pytest.approx(found.items.to_numpy(), rel=1e-12)
    assert good["answers"].tolist() == answers.notna().sum().tolist()
    # Squared residuals over their variances, all at the persons' own measures; raschpy passes over those with the
    # lowest and the highest score.
    cells = rasch.cell_of(answers)
    where = cells.merge(rasch.measure(found, cells), on=["answered", "score"], how="left")
    inner = (cells["score"] > 0) & (cells["score"] < 3 * answers.notna().sum(axis=1))
    chance = rasch.probabilities(found, where["measure"][inner].to_numpy())
    steps, shown = np.arange(4), answers[inner].notna().to_numpy()
    residual = np.where(shown, answers[inner] - chance @ steps, 0.0)
    variance = np.where(shown, chance @ steps**2 - (chance @ steps) ** 2, 0.0)
    infit = (residual**2).sum(axis=0) / variance.sum(axis=0)
    assert good["infit"].to_numpy() == pytest.approx(infit, rel=1e-6)
    assert good["infit"].to_numpy() == pytest.approx(3 / 4, abs=0.05)
    noise = answers.assign(q1=np.random.default_rng(1).integers(0, 4, len(answers)).astype(float))
    bad = rasch.item_fit(rasch.calibrate(noise), noise).set_index("item")
    assert bad["infit"].idxmax() == bad["outfit"].idxmax() == "q1"
    assert bad.loc["q1", "infit"] > 1.4 * bad["infit"].drop("q1").max()


def test_reliability():
    measures = np.array([-1.0, 0.0, 1.0, 2.0])  # variance 5/3
    assert rasch.reliability(measures, np.zeros(4)) == 1
    assert rasch.reliability(measures, np.full(4, np.sqrt(5 / 6))) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": [0, 1, 2.0]}), "two items or more"),
        (pd.DataFrame({"a": [0, 1, 3.0], "b": [1, 0, 3.0]}), "a, b .* only 0, 1, 3 "),
        (pd.DataFrame({"a": [1, 2.0], "b": [2, 1.0]}), "only 1, 2 "),
        (pd.DataFrame({"a": [0, 0.0], "b": [0, 0.0]}), "only 0 "),
        (
            pd.DataFrame({"a": [0, 1.0, 1], "b": [np.nan] * 3}),
            "nobody .* answers b together with a",
        ),
        (
            pd.DataFrame({"a": [0, 1, np.nan, np.nan], "b": [np.nan, np.nan, 1, 0]}),
            "answers a together with b",
        ),
        (
            pd.DataFrame({"a": [0, 1, 2, 1, 0, 2.0], "b": [1, 0, 2, 2, 1, 1.0]}),
            "too few to tell how far apart",
        ),
    ],
)
def test_nothing_to_calibrate(frame, message):
    with pytest.raises(InputError, match=message):
        rasch.calibrate(frame)


def test_raschpy_leaves_the_style_of_figures_alone():
    code = (
        "import matplotlib as mpl, pandas as pd\n"
        "from helpers.draw import style\n"
        "from helpers.estimate import rasch\n"
        "style.use()\n"
        "before = dict(mpl.rcParams)\n"
        "answers = pd.DataFrame({'a': [0, 1, 2, 0, 1, 1] * 30, 'b': [1, 0, 1, 1, 1, 2] * 30})\n"
        "scale = rasch.calibrate(answers)\n"
        "rasch.measure(scale, pd.DataFrame({'answered': [3], 'score': [2]}))\n"
        "changed = [name for name in before if mpl.rcParams[name] != before[name]]\n"
        "assert not changed, changed\n"
    )
    done = inside.python(ROOT, code)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
