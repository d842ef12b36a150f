"""The paragraph on method says what was done: other parameters, other words."""

from dataclasses import replace

import pytest

from conftest import ROOT
from helpers.read.accounts import Account
from helpers.read.survey import read_survey
from helpers.study import methods, methods_of_surveys

ROWS = Account("own.csv", 1_040, 1_000, {"no outcome": 40}, ("a column is numbers",))
CHANGES = {
    "items": [], "outcome": "practice", "baseline": "2015", "controls": ["poverty"], "categories": {"gender": "boy"},
    "by": "", "standardise": False, "inference": "CR2", "cluster": "", "school": "school", "weight": "", "balanced": False,
    "respond_on": [], "release": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("other", "said", "not_said"),
    [
        ({}, "Change in practice since 2015", "standard deviations"),
        ({}, "Held constant: poverty and gender.", "Nothing else"),
        ({"controls": [], "categories": []}, "Nothing else was held constant", "poverty"),
        ({"items": ["a", "b"]}, "a measure of 2 items", "Change in practice"),
        ({"inference": "bootstrap", "cluster": "district"}, "wild cluster bootstrap", "CR2"),
        ({"cluster": "district"}, "allow for clusters (district)", "(school)"),
        ({"weight": "w"}, "Records were weighted by w.", "chance of being complete"),
        ({"respond_on": ["age"]}, "given age.", "Records were weighted"),
        ({"release": "north"}, "released by whoever holds them", "poverty"),
        ({"by": "band", "balanced": True}, "each level of band. Held", "weighted"),
    ],
)
def test_change_within_schools(other, said, not_said):
    text = methods.changes(CHANGES | other, ROWS, 4)
    assert said in text
    assert not_said not in text
    assert "About 1,040 rows were read, and about 1,000 are used. Left out: no outcome (40)." in text
    assert "Bonferroni's limit for the smallest p-value is 0.0125." in text
    assert "Bonferroni" not in methods.changes(CHANGES | other, ROWS, 1)


def test_shares_of_a_survey():
    read = read_survey(ROOT / "data" / "simulated" / "03-survey.csv", ["share", "watch"], "subject", school="school", weight="weight",
                       labels=["never", "once a year", "once a term", "monthly", "weekly"], frequent=2)  # fmt: skip
    one = methods_of_surveys.survey(read, {}, several=True)
    assert "2 questions, weighted by the survey's weights." in one
    assert "from “monthly” on, of 5 ordered answers" in one
    assert "schools as clusters" in one
    assert "corrected by Holm's method for all differences" in one
    assert "weighted by wt." in methods_of_surveys.survey(read, {"weight": "wt"}, several=False)
    assert "Fay" not in one
    other = methods_of_surveys.survey(
        replace(read, interval="Korn-Graubard", smallest=5), {"explain": {"age": ""}}, several=False
    )
    assert "Holm" not in other
    assert "by Korn and Graubard" in other
    assert "fewer than 5 people" in other
    assert "took age together" in other


def test_groups_that_are_compared():
    alone = methods.comparison(["yes", "no"], ["score"], "", [], ROWS)
    assert "Welch's t tests" in alone
    assert "Holm" not in alone
    schools = methods.comparison(["yes", "no"], ["a", "b"], "school", ["permutation"], ROWS)
    assert "Welch" not in schools
    assert "all other choices of as many schools" in schools
    assert "Holm's method for 2 tests" in schools


def test_answers_on_a_scale():
    given = {"low": 1, "high": 4, "group": "", "cluster": "", "weight": "", "smallest_answer": 0}
    plain = methods_of_surveys.satisfaction(given, 5, ROWS)
    assert "independent of each other" in plain
    assert "Wilson" in plain
    designed = methods_of_surveys.satisfaction(given | {"cluster": "school", "group": "subject"}, 5, ROWS)
    assert "with school as clusters" in designed
    assert "for all and by subject" in designed
    assert "Wilson" not in designed


def test_what_it_was_computed_with():
    version = methods.software()
    assert version.startswith("Computed with Open classrooms 0.")
    assert all(f"{name} " in version for name in methods.PACKAGES)
