"""Tables are saved so that no spreadsheet computes what a name says, and read back as they were."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import inprocess
from helpers.read import cells, records, saved
from helpers.study import own_practice

NAMES = [
    "=1+1",
    "+a",
    "-b",
    "@SUM(A1)",
    "\t=2",
    "＝3",
    "'=4",
    "''@c",
    "'tis",
    "a=b",
    "",
    "-0.4",
    "-1e5",
    "-0.6 to -0.2",
]


def test_names_are_text_and_numbers_stay(tmp_path):
    table = pd.DataFrame({"name": NAMES, "kind": pd.Categorical(NAMES), "x": np.linspace(-0.4, 1, len(NAMES))})
    saved.write(table, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["name"] for row in rows] == [row["kind"] for row in rows]
    for row in rows:
        assert row["name"][:1] not in {*"=+@\t＝"}
        assert not row["name"].startswith("-") or row["name"][1].isdigit()
    assert rows[0]["x"] == "-0.4"
    assert [row["name"] for row in rows[-4:]] == ["", "-0.4", "-1e5", "-0.6 to -0.2"]
    again = saved.read(tmp_path / "a.csv", keep_default_na=False)
    assert again["name"].tolist() == again["kind"].tolist() == NAMES
    assert again["x"].tolist() == pytest.approx(table["x"].tolist(), rel=1e-15)


@given(st.text(st.sampled_from("'=+-@\ta1"), max_size=6))
def test_every_text_comes_back(text):
    assert saved.as_meant(saved.as_text(text)) == text


def test_a_saved_table_is_own_data_again(tmp_path):
    """The figure's table of one run is the file of another."""
    shape = {"unit": "teachers", "estimate": [0.1, -0.2], "ci_low": [-0.1, -0.5], "ci_high": [0.3, 0.1]}
    pd.DataFrame({"study": "-S-", "label": ["=1+1", "@b"], **shape}).to_csv(tmp_path / "a.csv", index=False)
    once = inprocess.run(tmp_path / "once", "08-evidence-ledger", data=str(tmp_path / "a.csv"))
    [file] = (once.folder / "figures").glob("*.csv")
    assert file.read_text(encoding="utf-8").count("'=1+1") == 1
    rows = saved.read(file)[["study", "label", *shape]]
    rows.to_csv(tmp_path / "plain.csv", index=False)
    saved.write(rows, tmp_path / "again.csv")
    plain, again = (
        inprocess.run(tmp_path / name, "08-evidence-ledger", data=str(tmp_path / f"{name}.csv"))
        for name in ("plain", "again")
    )
    assert again.page.replace("again.csv", "plain.csv") == plain.page


def test_names_that_an_apostrophe_keeps_apart_stay_apart():
    assert cells.labelled(["'=a", "b"]) == {"'=a": "=a", "b": "b"}
    assert cells.labelled(["'=a", "=a"]) == {"'=a": "'=a", "=a": "=a"}


def test_answers_in_words_that_would_be_formulas_are_put_in_their_order(tmp_path):
    words = ["- never", "+ often", "- never", "=always"]
    saved.write(pd.DataFrame({"item": words}), tmp_path / "a.csv")
    with records.open_records(tmp_path / "a.csv", ["item"]) as source:
        own_practice._put_in_numbers(source, ["item"], ["- never", "+ often", "=always"], 1)
        assert source.fetch("SELECT item FROM file")["item"].tolist() == ["1", "2", "1", "3"]
