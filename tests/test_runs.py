"""Runs on the user's own data, from the command line to the page."""

import re
from datetime import UTC, datetime

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from test_sentences import of_page

from conftest import EXAMPLES, ROOT
from prose import long_sentences

pytestmark = pytest.mark.build


@pytest.mark.parametrize("file", EXAMPLES)
def test_ready_examples_run_and_say_simulated_everywhere(ready, file):
    folder = ready(file)
    made = list(folder.glob("*s/*.csv"))
    assert made
    for path in made:
        assert pd.read_csv(path)["state"].unique().tolist() == ["simulated"]
    for path in folder.glob("figures/*.svg"):
        assert ">SIMULATED" in path.read_text()
    page = BeautifulSoup((folder / "notebook.html").read_text(), "html.parser")
    assert {badge.text for badge in page.find_all(class_="state")} == {"simulated"}
    for code in page.find_all("pre"):
        code.decompose()
    assert "the data are simulated" in page.get_text()
    assert of_page(page.get_text(" ")) == []
    said = [part for part in page.select("p:not(.small-print), li, dd") if not part.find(["p", "li"])]
    assert [long for part in said for long in long_sentences(part.get_text(" "))] == []
    for link in page.find_all("a", download=True):
        assert (folder / link["href"]).is_file()
    given = yaml.safe_load((ROOT / "params" / file).read_text())
    speaks_of_the_users_data_alone(page, given)
    assert ("Computed with Open classrooms" in page.get_text()) == ("data" in given)


def speaks_of_the_users_data_alone(page, given):
    """Its data and day come first; parameters stand there once; nothing is said of other studies."""
    text, top = " ".join(page.main.get_text(" ").split()), page.find(id="run")
    assert page.blockquote.find_next_sibling() is top
    assert given.get("data", "") in top.p.text
    assert str(datetime.now(UTC).year) in top.p.text
    assert "rows were read, and" in top.get_text() or "talis" in given.get("data", "release") or "assume" in given
    assert [row.th.text for row in top.find_all("tr")[1:]] == [*given]
    assert text.count("Parameters of this run") == 1
    assert not re.search(r"Parameters: |Until you name|evidence notebook", text)
    # A plan of a study of one's own takes what it leaves out from one in print.
    assert "data" not in given or not re.search(r"Cassata|Volante|Tennessee|Chicago", text)


def test_examples_are_written_for_people():
    for path in (ROOT / "params").glob("0*.yml"):
        text = path.read_text()
        assert "make run NOTEBOOK=" in text or "own-data.yml" in text
        given = yaml.safe_load(text)
        assert given.get("data", "").startswith("data/simulated/") or given["assume"]
