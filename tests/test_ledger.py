"""The ledger: a verdict for every printed number, and only for printed ones."""

import pandas as pd
import pytest

from helpers import project
from helpers.notebook import ledger, session, source
from helpers.read import published


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
        (entry(None) | {"verdict": "cannot be reproduced"}, "cannot be reproduced"),
        (entry(None) | {"verdict": "quoted only"}, "quoted only"),
        (entry(None) | {"holds": True}, "reproduces"),
        (entry(None) | {"holds": False}, "contradicts"),
    ],
)
def test_verdicts(found, verdict):
    assert ledger.verdict(0.3775, 0.3785, found) == verdict
    assert verdict in ledger.VERDICTS


def quoted(printed):
    return [entry(None, number=number) | {"verdict": "quoted only"} for number in printed.index]


def test_a_row_for_each_time_a_number_was_obtained():
    printed = published.everything()
    first, second = printed.index[:2]
    others = quoted(printed.drop(index=first))
    book = ledger.book(printed, [entry(1, number=first), entry(2, 3, number=first), *others])
    assert set(book["id"]) == set(printed.index)
    assert book.loc[book["id"] == first, "ours"].tolist() == ["1", "2 to 3"]
    assert book.set_index("id").loc[second, ["verdict", "ours"]].tolist() == ["quoted only", ""]
    assert book.columns[:12].tolist() == [
        "id", "seed", "locator", "statement", "printed", "decimals", "unit", "ours", "state",
        "verdict", "reason", "notebook",
    ]  # fmt: skip


def test_ours_less_the_printed_value():
    printed = published.everything().loc[["001-table2-comfort-control-mean"]]  # 88.70
    name = printed.index[0]
    found = [entry(88.5, number=name), entry(88, 89, number=name), entry(89, 90, number=name)]
    book = ledger.book(printed, found)
    assert book["difference"].tolist() == pytest.approx([-0.2, 0, 0.3])
    large = ledger.book(printed, [entry(130_000, number=name)])
    assert large["ours"].tolist() == ["130000"]


def test_an_unknown_id_is_refused():
    with pytest.raises(KeyError, match="no printed number 001-nothing"):
        ledger.book(published.everything(), [entry(1, number="001-nothing")])


def test_a_printed_number_that_no_notebook_speaks_of_is_refused():
    printed = published.everything()
    with pytest.raises(project.InputError, match=f"says anything of {printed.index[0]} .1 printed"):
        ledger.book(printed, quoted(printed.iloc[1:]))


def test_printed_decimals_are_kept():
    printed = published.everything()
    book = ledger.book(printed, quoted(printed)).set_index("id")
    assert book.loc["001-table2-community-p", "printed"] == "1.000"
    assert book.loc["001-table2-comfort-control-mean", "printed"] == "88.70"


@pytest.fixture
def section(tmp_path):
    run = session.Session("05-satisfaction", {}, {}, tmp_path, "05-satisfaction", "")
    found = session.section(run)
    found.reads("data/published/001-figure6.csv")
    return found


def entered(section):
    lines = session.lines(section.run.folder)
    return [(e["id"], e["state"], e["note"]) for e in lines if e["kind"] == "ledger"]


def test_the_state_of_an_entry_follows_from_what_was_read(section):
    ledger.compare(section, {"x": 1.0}, "added up")
    ledger.same_in_print(section, {"y": (1.0, 2.0)}, "elsewhere")
    ledger.claim(section, "z", True, "higher")
    ledger.claim(section, "z", True, "said there", as_printed=True)
    assert entered(section) == [
        ("x", "recomputed", "added up"),
        ("y", "published", "elsewhere"),
        ("z", "recomputed", "higher"),
        ("z", "published", "said there"),
    ]


def test_what_was_made_up_is_set_beside_no_printed_number(section):
    section.reads("data/simulated/05-satisfaction.csv")
    for enter in (
        lambda: ledger.compare(section, {"x": 1.0}, "made up"),
        lambda: ledger.same_in_print(section, {"x": 1.0}, "made up"),
        lambda: ledger.claim(section, "x", True, "made up"),
    ):
        with pytest.raises(ValueError, match="no printed number"):
            enter()


def test_a_check_counts_once_and_only_checks_of_numbers_count():
    printed = published.everything()
    sums, stars = printed.index[printed["kind"] == "number"][:3], printed.index[printed["kind"] == "mark"][0]
    found = [entry(printed.at[name, "value"], number=name) | {"check": "one sum"} for name in sums[:2]]
    found.append(entry(printed.at[sums[2], "value"] + 1, number=sums[2]) | {"check": "one sum"})
    found.append(entry(printed.at[stars, "value"], number=stars))
    book = ledger.book(printed, [*found, *quoted(printed.drop(index=[*sums, stars]))])
    checks = ledger.checks(book)
    assert checks[["check", "rows", "verdict"]].to_numpy().tolist() == [["one sum", 3, "contradicts"]]
    assert (book["check"] != "").sum() == 4
    assert book.set_index("id").at[stars, "check"].startswith(stars)


def test_what_is_no_number_in_print_is_told_apart():
    """From the audit: 48 codes of words, 25 things that are said, 24 cells of stars, 16 numbers of schools."""
    printed = published.everything()
    units = printed.groupby("unit")["kind"].first()
    of = printed.groupby("unit").size()
    assert of[units == "mark"].to_dict() == {"stars": 24}
    codes = of[units == "code"]
    assert codes[codes.index.str.startswith("code:")].sum() == 48
    assert codes["1: it is said"] == 25
    assert units["number that the table gives the school"] == "label"
    assert units["place among occupational groups, highest first"] == "number"  # 12 is printed


def test_fixed_verdicts_come_from_their_file_with_reasons(section):
    ledger.fixed(section.run)
    found = entered(section)
    assert ("001-text-figure6-axis-low", "published", "how the chart was drawn") in found
    told = pd.read_csv(project.ROOT / ledger.FIXED)
    assert len(found) == (told["notebook"] == "05-satisfaction").sum()


def test_the_file_of_fixed_verdicts_is_sound():
    told = pd.read_csv(project.ROOT / ledger.FIXED)
    assert set(told["id"]) <= set(published.everything().index)
    assert not told.duplicated(["id", "notebook"]).any()
    assert set(told["verdict"]) == {"cannot be reproduced", "quoted only"}
    assert set(told["notebook"]) <= set(source.names())
    assert told["reason"].str.len().min() > 10


def test_entries_of_a_run_carry_its_name_and_own_data_enters_nothing(tmp_path, monkeypatch):
    names = ["04-example", "08-book", "your-data/04-example"]
    monkeypatch.setattr(source, "names", lambda: names)
    book = session.Session("08-book", {}, {}, tmp_path / "08-book", "08-book", "")
    with pytest.raises(project.InputError, match=r"no result of 04-example\..*make all"):
        ledger.entries(book, tmp_path)
    for name in ("04-example", "08-book", "your-data-04-example"):
        (tmp_path / name).mkdir()
        run = session.Session(name, {}, {}, tmp_path / name, name, "")
        ledger.without_value(session.section(run), [f"{name} x"], "quoted only", "a plan")
    found = ledger.entries(book, tmp_path)
    assert [(e["id"], e["notebook"]) for e in found] == [("04-example x", "04-example")]


def test_what_every_contradiction_changes_is_told(built):
    book = pd.read_csv(built / "build" / "ledger.csv", dtype=str)
    told = pd.read_csv(project.ROOT / "data" / "cases" / "contradictions.csv")
    assert set(told["number"]) == set(book.loc[book["verdict"] == "contradicts", "id"])


def test_known_contradictions_and_no_others(built):
    """What print is known to be contradicted in: sizes and degrees of freedom of three tests that exclude each other
    (Welch's df cannot exceed 48 + 49 - 2 = 95), an n of 98 where 48 + 49 = 97, four p-values, which TALIS questions
    are named (five names for four), the highest response rate (81 in a note, 83 in the text),
    four numbers of a retelling, four of a policy paper, and one share of Chile's teachers."""
    book = pd.read_csv(built / "build" / "ledger.csv", dtype=str)
    against = set(book.loc[book["verdict"] == "contradicts", "id"])
    scales = ["collaboration", "comfort", "commitment", "leadership"]
    assert against == {
        *(f"001-table2-{scale}-{what}" for scale in scales if scale != "comfort" for what in ("participants-n", "df")),
        *(f"001-table2-{scale}-p" for scale in scales),
        "001-text-methods-answered",
        "001-text-methods-test-participants",
        "001-text-results-test-n",
        "001-talis-items-named",
        "002-text-note-response-high",
        "002-text-surveys-response-high",
        "003-text-east-side-high-schools",
        "003-text-reach-coaches",
        "003-text-schools-selected",
        "003-text-schools-studied",
        "004-text-endnote-43-year",
        "004-text-endnote-marker-last",
        "004-text-talis-callout-us",
        "004-text-teens-disconnected",
        "talis-2013-CHL-B-never-abstract",
    }


def test_a_simulation_is_no_verdict_and_sums_of_a_table_are_checked_once(built):
    book = pd.read_csv(built / "build" / "ledger.csv", dtype=str, keep_default_na=False).set_index("id")
    coefficients = book[(book["unit"] == "SD of 2011-12") & book.index.str.startswith("002-table2")]
    assert len(coefficients) == 24
    assert set(coefficients["verdict"]) == {"cannot be reproduced"}
    assert book.loc[book.index.str.startswith("001-table1"), "check"].nunique() == 13
    same = book[book["reason"].str.contains("of the other leader|caption of the figure")]
    assert same["check"].nunique() == len(same) / 2


def test_a_retold_number_has_the_verdict_of_its_sign(built):
    """What notebook 07 shows as kept, changed or not seen stands in the ledger as such."""
    shown = pd.read_csv(built / "build" / "tables" / "07-reach-and-context--retellings.csv", keep_default_na=False)
    book = pd.read_csv(built / "build" / "ledger.csv", dtype=str).set_index("id")["verdict"]
    told = shown[shown["sign"] != "context"].groupby("number")["sign"].agg(set)
    for number, signs in told.items():
        seen = signs - {"not seen"}
        stands = "reproduces" if signs & {"kept", "sharpened"} else "contradicts" if seen else "cannot be reproduced"
        assert book[number] == stands, number
