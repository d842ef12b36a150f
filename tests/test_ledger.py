"""The ledger: a verdict for every printed number, and only for printed ones."""

import pandas as pd
import pytest

from helpers import ledger, published, session


def entry(low, high=None, state="recomputed", note="", number="x"):
    high = low if high is None else high
    return {
        "id": number,
        "low": low,
        "high": high,
        "state": state,
        "note": note,
        "notebook": "04-example",
    }


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (entry(0.378), "reproduces"),
        (entry(0.3785), "reproduces"),  # half of the last digit may be rounded either way
        (entry(0.37851), "contradicts"),
        (entry(0.3774), "contradicts"),
        (entry(0.2, 0.378), "reproduces"),
        (entry(0.379, 0.5), "contradicts"),
        (entry(0.378, state="simulated"), "recovered"),
        (entry(0.5, state="simulated"), "contradicts"),
        (entry(None, note="not public"), "cannot be reproduced"),
        (entry(None), "quoted only"),
        (entry(None) | {"holds": True}, "reproduces"),
        (entry(None) | {"holds": False}, "contradicts"),
    ],
)
def test_verdicts(found, verdict):
    assert ledger.status(0.3775, 0.3785, found) == verdict
    assert verdict in ledger.STATUSES


def test_every_printed_number_stands_in_the_book():
    printed = published.everything()
    first, second = printed.index[:2]
    book = ledger.book(printed, [entry(1, number=first), entry(2, number=first)])
    assert set(book["id"]) == set(printed.index)
    assert (book["id"] == first).sum() == 2
    assert book.set_index("id").loc[second, "status"] == "quoted only"


def test_an_unknown_id_is_refused():
    with pytest.raises(KeyError, match="no printed number 001-nothing"):
        ledger.book(published.everything(), [entry(1, number="001-nothing")])


def test_printed_decimals_are_kept():
    book = ledger.book(published.everything(), []).set_index("id")
    assert book.loc["001-table2-community-p", "printed"] == "1.000"
    assert book.loc["001-table2-comfort-control-mean", "printed"] == "88.70"


def test_an_entry_needs_a_state(tmp_path):
    run = session.Session("04-example", {}, {}, tmp_path, "")
    with pytest.raises(ValueError, match="state 'measured'"):
        ledger.compare(run, {"001-table2-community-p": 1.0}, state="measured")
    assert session.lines(tmp_path) == []


def test_known_contradictions_and_no_others(built):
    """What print is known to be contradicted in: the size of one group, four p-values, who the
    74 teachers are, that satisfaction is above 3 throughout, and the highest response rate (81 in
    a note, 83 in the text and in the district's own reports)."""
    book = pd.read_csv(built / "build" / "ledger.csv", dtype=str)
    against = set(book.loc[book["status"] == "contradicts", "id"])
    scales = ["collaboration", "comfort", "commitment", "leadership", "community"]
    assert against == {
        *(f"001-table2-{scale}-participants-n" for scale in scales),
        *(f"001-table2-{scale}-p" for scale in scales if scale != "community"),
        "001-text-methods-test-participants",
        "001-text-methods-teachers",
        "001-text-results-satisfaction-above",
        "002-text-note-response-high",
    }
