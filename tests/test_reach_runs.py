"""Notebook 07 on a user's own table, from the command line to the tables, and what it says of print."""

import pandas as pd
import pytest

from helpers.simulate import examples
from inprocess import refused, run

NOTEBOOK = "07-reach-and-context"


def test_own_table_is_print_of_others_and_is_counted_right(tmp_path):
    own = examples.retold().replace({"said_by": {"Brief B": "Bericht Ü"}, "unit": {"schools": ""}})
    own = own[own["label"] != "Teachers who visit a colleague's lesson"]
    own.to_csv(tmp_path / "eigene.csv", index=False, sep=";", decimal=",")
    ran = run(tmp_path / "run", NOTEBOOK, data=str(tmp_path / "eigene.csv"))
    made = {path.stem.partition("--")[2] for path in (tmp_path / "run").glob("*s/*.csv")}
    assert made == {"signs", "beside-the-source", "retellings"}  # nothing is retold twice
    retellings = ran.table("retellings")
    assert set(retellings["state"]) == {"published"}
    assert len(retellings) == 8
    signs = ran.figure("signs").groupby("sign")["count"].sum()
    assert signs[signs > 0].to_dict() == {"kept": 2, "sharpened": 1, "narrowed": 1, "changed": 2, "not seen": 1}
    assert set(ran.figure("signs")["state"]) == {"recomputed"}
    assert "Bericht Ü" in ran.page
    assert "32,000" not in ran.page  # nothing of other people's print
    assert not [x for x in (tmp_path / "run" / "record.jsonl").read_text().splitlines() if '"ledger"' in x]


BAD = {
    "missing column": (lambda d: d.drop(columns="said_by"), ["no column 'said_by'"]),
    "unknown word": (lambda d: d.assign(change="twisted"), ["'change'", "row 2: 'twisted'"]),
    "text among numbers": (lambda d: d.assign(value="many"), ["'value'", "row 2: 'many'"]),
    "no rows": (lambda d: d.head(0), ["no rows"]),
}


@pytest.mark.parametrize("mistake", BAD)
def test_bad_tables_are_refused(tmp_path, mistake):
    spoil, named = BAD[mistake]
    spoil(examples.retold()).to_csv(tmp_path / "bad.csv", index=False)
    refused(lambda: run(tmp_path / "run", NOTEBOOK, data=str(tmp_path / "bad.csv")), "bad.csv", *named)


def test_an_encoding_of_no_file_is_refused(tmp_path):
    refused(
        lambda: run(tmp_path, NOTEBOOK, encoding="latin-1"),
        "`encoding` is a parameter of notebooks/your-data/07", "`data` is missing, which names your file",
    )  # fmt: skip


@pytest.mark.build
def test_known_answers_about_print(built):
    """As the list of facts has them: the three numbers add up to the total; 23 percent of 1,000; four sites."""
    tables = built / "build" / "tables"
    figures = built / "build" / "figures"
    assert pd.read_csv(figures / f"{NOTEBOOK}--reach.csv")["value"].sum() == 100_000
    polls = pd.read_csv(tables / f"{NOTEBOOK}--margins.csv").set_index("percent")
    assert polls.loc[23, "asked"] == 1000
    # Half the width of the normal approximation, 1.96 sqrt(.23 .77 / 1000), is 2.6 points.
    assert (polls.loc[23, "high"] - polls.loc[23, "low"]) / 2 == pytest.approx(2.6, abs=0.05)
    study = pd.read_csv(tables / f"{NOTEBOOK}--study.csv")
    assert study.loc[study["unit"] == "sites", "value"].sum() == 4
    book = pd.read_csv(built / "build" / "ledger.csv", dtype=str)
    own = book[book["notebook"] == NOTEBOOK].set_index("id")["verdict"]
    assert set(own[own == "contradicts"].index) == {
        "003-text-reach-coaches",
        "003-text-schools-studied",
        "003-text-schools-selected",
        "003-text-east-side-high-schools",
        "004-text-teens-disconnected",
        "004-text-endnote-marker-last",
        "004-text-endnote-43-year",
    }
