"""What was done to answers to a survey, as a paragraph that can go into a paper; the other notebooks' stand in `methods`."""

from collections.abc import Mapping
from typing import Any

from helpers.draw.words import count, listed
from helpers.read.accounts import Account
from helpers.read.suppression import MINIMUM
from helpers.read.survey import Survey
from helpers.study import share_words
from helpers.study.methods import HOLM, counted, paragraph


def survey(answers: Survey, given: Mapping[str, Any], several: bool) -> str:
    """Notebooks 02 and 03: shares of the answers to a survey.

    Parameters
    ----------
    answers, given : the survey; the notebook's parameters
    several : whether groups or systems are compared by tests
    """
    explain, (people, schools) = list(given.get("explain", [])), answers.fewest
    own = given.get("weight") or "the survey's weights"
    weighted = f"weighted by {own}" if answers.weights[:, 0].std() > 0 else "without weights"
    factor = f" (Fay's factor {answers.fay:g})" * bool(answers.weights.shape[1] > 1)
    return paragraph(
        f"Shares are of those who answered each of {len(answers.items)} questions, {weighted}.",
        f"Often means one of the answers from “{answers.categories[answers.often - 1]}” on, of {len(answers.categories)} ordered answers.",
        f"Standard errors come from {share_words.errors(answers)}{factor}.",
        "This is how R's package survey treats a subset of a design." * share_words.in_parts(answers),
        f"Intervals of 95% are {_by(answers.interval)}.",
        f"{HOLM} all differences that are compared." * several,
        f"Linear and logit models of answering often took {listed(explain)} together, with the same weights and errors." if explain else "",
        f"Answers that fewer than {answers.smallest} people of a group gave are not shown." * bool(answers.smallest),
        "Who gave no answer to a question, or was not asked, is left out of its shares.",
        counted(answers.account),
        f"No share that rests on fewer than {people} people{f' or {schools} schools' * (schools > 1)} is shown.",
    )  # fmt: skip


def satisfaction(given: Mapping[str, Any], items: int, account: Account) -> str:
    """Notebook 05: means and shares of answers. `given`: the notebook's parameters; `items`: how many; `account`: of the rows."""
    designed = given["cluster"] or given["weight"]
    among = f", with {given['cluster']} as clusters" * bool(given["cluster"])
    return paragraph(
        f"Answers to {count(items, 'item')} on a scale from {given['low']} to {given['high']} are described by means and by shares of every answer"
        + f", for all and by {given['group']}" * bool(given["group"])
        + ".",
        f"Answers were weighted by {given['weight']}." * bool(given["weight"]),
        f"Standard errors are by linearisation{among}; groups are parts of one sample." if designed
        else "Respondents are taken to be independent of each other.",
        f"Intervals are of 95%: of means by Student's t, of shares {_by('logit') if designed else 'by Wilson'}.",
        "No tests were made." ,
        f"Answers that fewer than {given['smallest_answer']} people of a group gave are not shown." * bool(given["smallest_answer"]),
        counted(account),
        f"No group with fewer than {MINIMUM} answers is shown.",
    )  # fmt: skip


def _by(interval: str) -> str:
    """How intervals of shares were made, as a sentence goes on after "are"."""
    return "symmetric, and rough close to none and all" if interval == "symmetric" else share_words.INTERVALS[interval]
