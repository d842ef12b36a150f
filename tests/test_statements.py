"""What a printed number says: words that a person would say, for every number of the project."""

import re

import pytest

from helpers.read import published
from helpers.read.statements import statement


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("Pilot schools", "project", "count", "schools"), "Pilot schools, in the project"),
        (("Length of the project", "project", "length", "years"), "Length of the project (years)"),
        (("medium", "Neil", "size", "code: 1 small, 2 medium, 3 large, 4 very large"), "Neil's school is of medium size"),
        (("Sense of community", "control", "sd", "scale points"), "Standard deviation of the control group, “Sense of community”"),
        (("Sense of community", "test", "p", "probability, two-sided"), "p-value of the test of “Sense of community”"),
        (("Inspiring others", "trust", "needs", "1: it is said"), "Inspiring others needs trust"),
        (("Joint teaching", "Chile", "1-3 times a month", "percent"), "Teachers who do it 1-3 times a month, Chile: joint teaching (percent)"),
        (("Students reached", "study", "lower bound", "students"), "Students reached, in the study (or more)"),
    ],
)  # fmt: skip
def test_a_statement_is_what_a_person_would_say(given, said):
    assert statement(*given) == said


def test_no_statement_ends_in_a_bare_tag_or_says_a_word_twice():
    printed = published.everything()
    said = [statement(row.row, row.group, row.statistic, row.unit) for row in printed.itertuples()]
    tags = {f": {statistic}" for statistic in printed["statistic"]}
    assert [words for words in said if any(map(words.endswith, tags)) or re.search(r": [\w-]+$", words)] == []
    assert [words for words in said if re.search(r"\b(\w+), \1\b|\b(\w+) \2\b", words, re.IGNORECASE)] == []
    # Each panel's and each person's numbers are told apart.
    table = printed["file"].str.contains("table")
    assert len({words for words, here in zip(said, table, strict=True) if here}) == table.sum()
