"""Items that leave their places: conditional likelihood by brute force, clusters left out one by one, planted drift, few answers."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from drifting import ITEMS, STEPS, YEARS, anchored, cells, students
from scipy import optimize

from helpers.estimate import item_drift, rasch
from helpers.read import waves
from helpers.read.records import open_records
from helpers.study import moving_items, moving_scales, own_practice
from inprocess import run

pytestmark = pytest.mark.slow
FIRST, LATER = YEARS[0], YEARS[1:]
MOVED = {("2017", "i1"): -1.0}


def drift(frame, items=ITEMS, **more):
    return item_drift.drift(cells(frame, items), anchored(items), FIRST, LATER, **more)


def brute_force(frame, items=ITEMS):
    """Locations of one year: the likelihood of each answer given its sum, over all ways to make the sum up."""
    answers = frame[items]
    groups = [(np.flatnonzero(shown), part) for shown, part in answers.groupby(answers.notna().apply(tuple, axis=1))]
    steps = np.concatenate([[0], STEPS.cumsum()])

    def loss(places):
        places, total = np.append(places, -places.sum()), 0.0
        for shown, part in groups:
            ways = np.array(list(product(range(len(steps)), repeat=len(shown))))
            weights = np.exp(-(ways * places[shown] + steps[ways]).sum(axis=1))
            given = part.to_numpy()[:, shown].astype(int)
            by_sum = np.bincount(ways.sum(axis=1), weights)
            total += (given @ places[shown] + steps[given].sum(axis=1) + np.log(by_sum[given.sum(axis=1)])).sum()
        return total

    found = optimize.minimize(loss, np.zeros(len(items) - 1), method="BFGS", options={"gtol": 1e-4}).x
    return np.append(found, -found.sum())


def against_the_rest(changes):
    """Each item's change less the mean of the other items'."""
    return changes - (changes.sum() - changes) / (len(changes) - 1)


def test_locations_are_those_of_a_brute_force_likelihood():
    frame = students(3, schools=4)
    by_year = {year: brute_force(frame[frame["year"] == year]) for year in YEARS}
    found = drift(frame).set_index("year")
    for year in LATER:
        expected = against_the_rest(by_year[year] - by_year[FIRST])
        assert found.loc[year, "estimate"].to_numpy() == pytest.approx(expected, abs=1e-4)
    assert found["location"].to_numpy() == pytest.approx((found["anchored"] + found["estimate"]).to_numpy())
    first = frame.loc[frame["year"] == FIRST, ITEMS]
    measures = rasch.cell_of(first).merge(rasch.measure(anchored(), rasch.cell_of(first)))["measure"]
    assert found["standardised"].to_numpy() == pytest.approx((found["estimate"] / measures.std()).to_numpy())
    given = [frame.loc[frame["year"] == y, i].notna().sum() for y in LATER for i in ITEMS]
    assert found["answers"].tolist() == np.round(given, -1).tolist()


def test_errors_are_those_of_a_jackknife_that_estimates_anew():
    frame = students(4, schools=7)
    schools = frame["school"].unique()
    left_out = [drift(frame[frame["school"] != school])["estimate"].to_numpy() for school in schools]
    found = drift(frame)
    spread = np.square(left_out - np.mean(left_out, axis=0)).sum(axis=0)
    assert found["std_error"].to_numpy() == pytest.approx(np.sqrt(6 / 7 * spread), rel=0.04)
    assert found["df"].unique().tolist() == [6]


def test_a_planted_drift_is_found_and_no_other():
    found = drift(students(1, MOVED))
    assert found.loc[found["moved"], ["year", "item"]].to_numpy().tolist() == [["2017", "i1"]]
    row = found[found["moved"]].iloc[0]
    assert row["ci_low"] < -1 < row["ci_high"] < -0.6


def test_two_that_moved_are_found_one_after_the_other():
    """What others are compared with is without them: else each of the rest would seem to have moved."""
    frame = students(2, {("2017", "i1"): -1.0, ("2017", "i2"): -1.0}, schools=30)
    wider = frame.assign(i5=students(2, schools=30)["i4"], i6=students(2, schools=30)["i3"])
    scale = rasch.Scale(pd.Series([*anchored().items, 0.5, 0.2], [*ITEMS, "i5", "i6"]), STEPS)
    found = item_drift.drift(cells(wider, [*ITEMS, "i5", "i6"]), scale, FIRST, LATER)
    assert set(found.loc[found["moved"], "item"]) == {"i1", "i2"}
    assert found.loc[found["moved"], "estimate"].to_numpy() == pytest.approx([-1, -1], abs=0.25)


def test_of_two_items_both_differ_and_neither_is_named():
    found = drift(students(1, MOVED), ["i1", "i2"])
    assert found.loc[found["moved"] & (found["year"] == "2017"), "item"].tolist() == ["i1", "i2"]
    told = moving_items.sentences(found.assign(scale=""), pd.DataFrame({"panel": [], "specification": []}), FIRST)
    assert len(told) == 1
    assert "Which of the two moved cannot be told" in told[0]


def test_where_nothing_moves_nothing_is_found():
    """Everybody rises by .3 logits a year; a hundred draws are in bench_levels.py."""
    assert [drift(students(seed, schools=12))["moved"].any() for seed in range(1005, 1011)] == [False] * 6


def test_what_rests_on_few_or_says_nothing_is_empty():
    frame = students(5, schools=6)
    frame.loc[frame["year"] == "2017", "i2"] = np.where(np.arange((frame["year"] == "2017").sum()) < 9, 1, np.nan)
    frame.loc[frame["year"] == "2016", "i3"] = 3.0
    found = drift(frame).set_index(["year", "item"])
    assert found.loc[("2017", "i2"), ["answers", "estimate", "p_value"]].isna().all()
    assert found.loc["2016", "estimate"].isna().tolist() == [False, False, True, False]
    assert found.loc[("2017", "i1"), ["estimate", "std_error"]].notna().all()
    alone = drift(frame[frame["school"] == "school 0"])
    assert alone["p_value"].isna().all()
    told = moving_items.sentences(alone.assign(scale=""), pd.DataFrame(), FIRST)
    assert told == ["Whether the items kept their places cannot be told: too few answers, or one cluster alone."]
    apart, odd = frame.copy(), frame.index % 2 == 1
    apart.loc[odd, ["i1", "i2"]] = apart.loc[~odd, ["i3", "i4"]] = np.nan
    assert drift(apart)["estimate"].isna().all()  # nobody answered items of both halves


def test_of_very_many_patterns_the_rarest_are_left_out(monkeypatch):
    frame = students(6, schools=8)
    whole = drift(frame)
    monkeypatch.setattr(item_drift, "MOST", 8)  # one pattern of four items
    complete = drift(frame.dropna())
    found = drift(frame)
    assert found["estimate"].to_numpy() == pytest.approx(complete["estimate"].to_numpy())
    assert (found["answers"] < whole["answers"]).all()


def test_the_measure_without_an_item_is_that_of_its_other_answers(tmp_path):
    frame = students(7, schools=4)
    with open_records(frame, [*ITEMS, "year"], ["year"]) as source:
        scale, _ = rasch.add_measure(source, ITEMS, 0, 3, "year", FIRST)
        names = rasch.add_measures_without(source, scale, ["i2", "i4"], 0)
        found = pd.DataFrame(source.fetch(f"SELECT {', '.join([*ITEMS, *names])} FROM file"))
    for item, name in zip(["i2", "i4"], names, strict=True):
        cell = rasch.cell_of(found[ITEMS].astype(float).assign(**{item: np.nan}))
        expected = cell.merge(rasch.measure(scale, cell), on=["answered", "score"], how="left")["measure"]
        assert found[name].astype(float).to_numpy() == pytest.approx(expected.to_numpy(), nan_ok=True)


CHANGES = pd.DataFrame(
    [("all", "as declared", 0.31, 0.1, 0.52, 0.004), ("all", "without i1", 0.05, -0.2, 0.3, 0.7)],
    columns=["panel", "specification", "estimate", "ci_low", "ci_high", "p_value"],
).assign(term="2017")


@pytest.mark.parametrize(
    ("p_values", "said"),
    [((0.004, 0.7), ": this item carries it."), ((0.3, 0.01), ": this item hides it."), ((0.3, 0.7), "without it.")],
)
def test_what_one_item_does_to_the_change_is_computed(p_values, said):
    moved = drift(students(1, MOVED)).assign(scale="")
    told = moving_items.sentences(moved, CHANGES.assign(p_value=p_values), FIRST)
    assert len(told) == 1
    assert told[0].startswith(
        "The item i1 moved among the others: in 2017 i1 was answered higher beside them than in 2015"
    )
    assert "The change to 2017 is 0.31 (0.10 to 0.52) with all items and 0.05 (-0.20 to 0.30) without it" in told[0]
    assert told[0].endswith(said)


def test_own_practice_tells_the_item_and_the_change_without_it(tmp_path):
    frame = students(1, MOVED, schools=20, rise=0.0)
    frame.to_csv(tmp_path / "mine.csv", index=False)
    ran = run(
        tmp_path / "run", "your-data/01-practice-change", data=str(tmp_path / "mine.csv"), items=ITEMS, low=0, high=3,
        school="school", year="year", baseline=2015,
    )  # fmt: skip
    assert "But i1 moved among the items" in ran.answer
    assert ran.table("item-drift").query("moved")["item"].tolist() == ["i1"]
    rows = ran.figure("specifications").set_index("specification")
    assert rows.loc[rows.index.str.startswith("without i"), "n"].isna().tolist() == [True] * 4
    assert rows.loc["without i1", "estimate"] < rows.loc["as declared", "estimate"] - 0.05
    study = own_practice.read(
        tmp_path / "mine.csv", outcome="", items=ITEMS, low=0, high=3, balanced=False, by="", school="school",
        year="year", baseline="2015", controls=[], categories=[], cluster="", weight="",
    )  # fmt: skip
    kept = {"all records": np.array(["school 3", "school 5"])}
    assert (
        moving_items.only(study.moving, kept).without["i1"]["all records"].schools.tolist()
        == kept["all records"].tolist()
    )


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Scales of four items; one of the first moves, and nobody gives the lowest answer to the second at first."""
    frame = students(1, MOVED, schools=24, rise=0.0)
    other = students(2, schools=24)[ITEMS].reindex(frame.index).add_prefix("other ")
    other = other.mask((frame["year"] == FIRST).to_numpy()[:, None] & (other == 0), 1.0)
    frame = pd.concat([frame, other], axis=1).assign(teacher=range(len(frame)))
    frame["peers"] = (frame["school"].str.split().str[1].astype(int) % 2).astype(str)
    path = tmp_path_factory.mktemp("waves") / "mine.csv"
    frame.to_csv(path, index=False)
    scales = {"practice": ITEMS, "trust": list(other)}
    return waves.read(
        path, teacher="teacher", wave="year", school="school", scales=scales, treated="peers", low=0, high=3
    )


def test_a_scale_of_a_survey_tells_the_item(survey):
    found = moving_scales.drift(survey)
    assert found.loc[found["moved"], ["scale", "year", "item"]].to_numpy().tolist() == [["practice", "2017", "i1"]]
    told = moving_items.sentences(found, pd.DataFrame({"panel": [], "specification": []}), FIRST)
    assert told[0].startswith("The item i1 of practice moved among the others")
    assert told[1].startswith("No item of trust left its place among the others")
    assert moving_items.caution(found) == " But i1 moved among the items: see “Items that move”."


def test_scales_share_the_chance_of_a_false_alarm(survey, monkeypatch):
    asked, real = [], item_drift.drift
    monkeypatch.setattr(item_drift, "drift", lambda *given: asked.append(given[-1]) or real(*given))
    moving_scales.drift(survey)
    assert asked == [item_drift.ALPHA / 2] * 2


def test_changes_without_an_item_are_those_of_a_survey_that_never_asked_it(survey, tmp_path):
    from helpers.study import signposts

    declared = signposts.specifications(survey, signposts.changes(survey, "CR2"), "CR2")
    rows = moving_scales.specifications(survey, moving_scales.drift(survey), declared, "CR2")
    assert rows["n"].isna().all()
    fewer = pd.concat([survey.frame, survey.items["practice"].drop(columns="i2")], axis=1)
    fewer.assign(peers=survey.frame["kind"].eq(waves.PEERS).astype(int)).to_csv(tmp_path / "fewer.csv", index=False)
    other = waves.read(
        tmp_path / "fewer.csv", teacher="teacher", wave="wave", school="school", treated="peers", low=0, high=3,
        scales={"practice": ["i1", "i3", "i4"]},
    )  # fmt: skip
    expected = signposts.changes(other, "CR2").query("method == @signposts.FIXED and term.str.endswith('change, 2017')")
    found = rows[(rows["panel"] == "practice") & (rows["specification"] == "without i2")]
    for name in ("estimate", "std_error", "p_value"):
        assert found[name].item() == pytest.approx(expected[name].item(), rel=1e-9)
