"""The user's file: every format gives the same answers, every mistake one clear message."""

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from conftest import write_records
from helpers.project import InputError
from helpers.read import frames, records, survey
from helpers.read.files import Options
from helpers.study import participants

GOOD = pd.DataFrame(
    {
        "id": range(1, 41),
        "group": ["taking part", "colleague"] * 20,
        "school": [f"s{n // 4}" for n in range(40)],
        "score": np.linspace(1, 4, 40).round(2),
        "item": [1, 2, 3, 4] * 10,
    }
)


def write(path, frame=GOOD):
    return write_records(path, frame)


def compare_groups(path, scales=("score",), group="group", names=(), **more):
    frame, _ = participants.read(path, list(scales), group, **more)
    frame, names = participants.choose(frame, group, list(names), path)
    first = frame[group] == names[0]
    return participants.from_records(frame, list(scales), first, path)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav", ".dta"])
def test_every_format_gives_the_same(tmp_path, ending):
    found = compare_groups(write(tmp_path / f"mine{ending}"), respondent="id", cluster="school")
    expected = GOOD.groupby("group")["score"].agg(["mean", "std", "count"])
    assert found.loc[0, ["mean1", "sd1", "n1"]].tolist() == pytest.approx(expected.loc["colleague"].tolist(), rel=1e-12)
    assert found.loc[0, ["mean2", "sd2", "n2"]].tolist() == pytest.approx(
        expected.loc["taking part"].tolist(), rel=1e-12
    )


@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_value_labels_name_the_groups(tmp_path, ending):
    coded = GOOD.assign(group=GOOD["group"].map({"taking part": 1, "colleague": 2}))
    path = tmp_path / f"mine{ending}"
    writer = {".sav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta}[ending]
    writer(coded, str(path), variable_value_labels={"group": {1: "taking part", 2: "colleague"}})
    found = frames.labels(frames.read(path, ["group"]), "group")
    assert set(found) == {"taking part", "colleague"}


@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_codes_that_share_a_value_label_stay_apart(tmp_path, ending):
    """As `records` has it: nobody said that they mean the same. A code without a label stays, as text."""
    coded = GOOD.assign(group=[1.0, 2.0, 3.0, 7.0] * 10)
    path = tmp_path / f"mine{ending}"
    writer = {".sav": pyreadstat.write_sav, ".dta": pyreadstat.write_dta}[ending]
    labels = {1: "taking part", 2: "colleague", 3: "colleague"}
    writer(coded, str(path), variable_value_labels={"group": labels})
    with pytest.raises(InputError) as error:
        compare_groups(path)
    for name in ("'7'", "'colleague (2)'", "'colleague (3)'", "'taking part'"):
        assert f"{name} (10 rows)" in str(error.value)
    with records.open_records(path, ["group"], ["group"]) as source:
        expected = source.fetch('SELECT "group" FROM file')["group"].tolist()
    assert frames.labels(frames.read(path, ["group"]), "group").tolist() == expected
    asked = {"items": ["item"], "low": 1, "high": 4, "group": "group"}
    assert survey.read_answers(path, **asked)[0]["group"].tolist() == expected


@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_an_empty_word_is_missing(tmp_path, ending):
    path = write(tmp_path / f"mine{ending}", with_cell(0, "group", "").infer_objects())
    assert frames.labels(frames.read(path, ["group"]), "group").isna().tolist() == [True] + [False] * 39


def test_user_missing_codes_of_spss_are_missing(tmp_path):
    frame = GOOD.assign(item=GOOD["item"].replace(4, 99).astype(float))
    path = tmp_path / "mine.sav"
    pyreadstat.write_sav(frame, str(path), missing_ranges={"item": [99]})
    values = frames.numbers(frames.read(path, ["item"]), "item", 1, 4)
    assert values.isna().sum() == 10


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name;score\nÁlvaro;3,5\nÑusta;2\n", "utf-8"),
        ("\ufeffname,score\nÁlvaro,3.5\nÑusta,2\n", "utf-8"),
        ("name\tscore\nÁlvaro\t3.5\nÑusta\t2\n", "utf-16"),
        ("name,score\r\nÁlvaro,3.5\r\nÑusta,2\r\n", "latin-1"),
    ],
)
def test_csv_dialects(tmp_path, text, encoding):
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode(encoding))
    given = frames.read(path, ["name", "score"], Options(encoding=encoding))
    assert frames.labels(given, "name").tolist() == ["Álvaro", "Ñusta"]
    assert frames.numbers(given, "score").tolist() == [3.5, 2.0]
    assert given.frame.index.tolist() == [2, 3]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_rows_that_were_entered_twice_are_told(tmp_path, ending):
    twice = pd.concat([GOOD, GOOD.head(12)])
    for frame, told in (
        (twice, ["12 rows are the same as an earlier row"]),
        (GOOD, []),
        (twice[["group", "item"]], []),
    ):
        path = tmp_path / f"mine{ending}"
        frame.to_excel(path, index=False) if ending == ".xlsx" else frame.to_csv(path, index=False)
        found = frames.read(path, ["group"]).told
        assert [sentence[: len(said)] for sentence, said in zip(found, told, strict=True)] == told


def with_cell(row, column, value):
    frame = GOOD.astype(object)
    frame.loc[row, column] = value
    return frame


# What is wrong, and what the message must name.
MISTAKES = {
    "missing column": (GOOD.drop(columns="score").assign(scores=1), {}, ["no column 'score'", "Did you mean 'scores'", "id, group"]),
    "text in a number column": (with_cell(3, "score", "three"), {}, ["column 'score'", "row 5: 'three'", "Correct"]),
    "infinite": (with_cell(3, "score", "inf"), {}, ["column 'score'", "infinite", "row 5"]),
    "off the scale": (with_cell(0, "score", 9), {"ranges": {"score": [1, 4]}}, ["scale 1 to 4", "row 2: '9'", "`missing`"]),
    "under the scale": (with_cell(0, "score", 0), {"ranges": {"score": [1, 4]}}, ["scale 1 to 4", "row 2: '0'"]),
    "one group": (GOOD.assign(group="colleague"), {}, ["column 'group'", "two groups", "'colleague' (40 rows)"]),
    "three groups": (with_cell(0, "group", "visitor"), {}, ["two groups", "'visitor' (1 rows)", "`compare`"]),
    "unknown group": (GOOD, {"names": ["colleague", "visitor"]}, ["two groups", "'taking part' (20 rows)"]),
    "same id twice": (with_cell(5, "id", 1), {"respondent": "id"}, ["column 'id'", "more than once", "row 2: '1'; row 7: '1'"]),
    "too few": (GOOD.head(12), {}, ["fewer than 10", "'score'"]),
    "constant": (GOOD.assign(score=3), {}, ["same answer", "'score'"]),
    "no rows": (GOOD.head(0), {}, ["no rows"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_a_comparison(tmp_path, mistake):
    frame, more, named = MISTAKES[mistake]
    path = write(tmp_path / "mine.csv", frame)
    with pytest.raises(InputError) as error:
        compare_groups(path, **more)
    for part in ["mine.csv", *named]:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("ranges", "named"),
    [
        ({"Score": [1, 4]}, ["'Score'", "none of `scales`: score"]),
        ({"score": [4]}, ["'score'", "lowest and its highest", "[4]"]),
        ({"score": [4, 1]}, ["'score'", "lowest and its highest", "[4, 1]"]),
    ],
)
def test_ranges_that_can_find_no_error_are_refused(tmp_path, ranges, named):
    with pytest.raises(InputError) as error:
        compare_groups(write(tmp_path / "mine.csv"), ranges=ranges)
    for part in ["`ranges`", *named]:
        assert part in str(error.value)


FILES = {
    "empty": (".csv", b"", ["is empty", "Export"]),
    "another encoding": (".csv", "group,score\nprofesor,1\nniño,2\n".encode("latin-1"), ["row 3", "not utf-8", "encoding: latin-1"]),
    "utf-16": (".csv", "group,score\nx,1\n".encode("utf-16"), ["row 1", "not utf-8"]),
    "a spreadsheet named csv": (".csv", b"PK\x03\x04\x14\x00\x06\x00" + bytes(50), ["no text", "CSV"]),
    "parquet named csv": (".csv", b"PAR1" + bytes(20), ["no text"]),
    "text named parquet": (".parquet", b"group,score\n", ["no .parquet file"]),
    "cut parquet": (".parquet", b"PAR1" + bytes(40), ["cannot be read"]),
    "text named sav": (".sav", b"group,score\n", ["no .sav file"]),
    "cut sav": (".sav", b"$FL2@(#) SPSS DATA FILE", ["cannot be read"]),
    "text named dta": (".dta", b"group,score\n", ["no .dta file"]),
    "a blank line": (".csv", b"\n", ["blank lines only", "Export"]),
    "a web page": (".sav", b"<!DOCTYPE html>", ["a web page, no .sav file"]),
    "an open quote": (".csv", b'group,score\na,"1\n', ["cannot be read", "inside string"]),
    "ragged": (".csv", b"group,score\na,1\nb,2,3\n", ["unequal length (row 3: 3 cells instead of 2)"]),
    "twice the same name": (".csv", b"group,score,score\na,1,2\n", ["two columns", "'score'"]),
    "another format": (".rds", b"RDX3", ["cannot read *.rds", "haven::write_sav"]),
    "text named xlsx": (".xlsx", b"group,score\n", ["no .xlsx file"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", FILES)
def test_files_that_cannot_be_read(tmp_path, mistake):
    ending, content, named = FILES[mistake]
    path = tmp_path / f"mine{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        frames.read(path, ["group", "score"])
    for part in [path.name, *named]:
        assert part in str(error.value)


def test_in_a_notebook_a_mistake_is_told_without_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    code = "from pathlib import Path; from helpers.read import frames; frames.read(Path('mine.docx'), [])"
    InteractiveShell().run_cell(code)
    shown = "".join(capsys.readouterr())
    assert "InputError: mine.docx: cannot read *.docx files." in shown
    assert "Traceback" not in shown
    assert "File" not in shown


def test_unknown_encoding_is_named(tmp_path):
    with pytest.raises(InputError, match="'klingon' is not known"):
        frames.read(write(tmp_path / "mine.csv"), ["id"], Options(encoding="klingon"))


ITEMS = pd.DataFrame(
    {
        "who": range(1, 31),
        "part": ["a", "b", "c"] * 10,
        "first": [1, 2, 3] * 10,
        "second": [4, 3, None] * 10,
    }
)
WORDS = ["never", "seldom", "often", "always"]


def test_wide_long_and_words_give_the_same(tmp_path):
    wide = write(tmp_path / "wide.csv", ITEMS)
    long = ITEMS.melt(["who", "part"], var_name="item", value_name="answer").dropna()
    long_path = write(tmp_path / "long.csv", long)
    words_path = write(tmp_path / "words.csv", long.assign(answer=long["answer"].map(lambda n: WORDS[int(n) - 1])))
    as_long = {
        "item": "item",
        "response": "answer",
        "respondent": "who",
        "group": "part",
        "low": 1,
        "high": 4,
    }
    found = [
        survey.read_answers(wide, items=["first", "second"], respondent="who", group="part", low=1, high=4)[0],
        survey.read_answers(long_path, **as_long)[0],
        survey.read_answers(words_path, **as_long, labels=WORDS)[0],
    ]
    assert len(found[0]) == 50
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0].reset_index(drop=True), other.reset_index(drop=True), check_dtype=False)


QUESTIONS = {
    "off the scale": (ITEMS.assign(first=7), {}, ["column 'first'", "scale 1 to 4", "row 2: '7'", "27 more"]),
    "half answers": (ITEMS.assign(first=2.5), {}, ["no whole numbers", "row 2: '2.5'"]),
    "unknown word": (ITEMS.assign(first=["never", "sometimes", "often"] * 10), {"labels": WORDS}, ["other than never", "row 3: 'sometimes'"]),
    "same respondent twice": (ITEMS.assign(who=1), {"respondent": "who"}, ["more than once", "row 2: '1'"]),
    "one group": (ITEMS.assign(part="a"), {"group": "part"}, ["one group only ('a')"]),
    "labels that do not fit": (ITEMS, {"labels": WORDS[:3]}, ["3 labels", "give 4"]),
    "falling scale": (ITEMS, {"low": 4, "high": 1}, ["must rise"]),
    "no items": (ITEMS, {"items": []}, ["either `items`"]),
    "item without response": (ITEMS, {"items": [], "item": "part"}, ["`item` and `response`"]),
    "nobody answered": (ITEMS.assign(first=None), {}, ["nobody answered"]),
    "too few": (ITEMS.head(9), {"items": ["first", "second"]}, ["mine.csv", "no item has 10 answers"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", QUESTIONS)
def test_mistakes_in_a_questionnaire(tmp_path, mistake):
    frame, more, named = QUESTIONS[mistake]
    path = write(tmp_path / "mine.csv", frame)
    with pytest.raises(InputError) as error:
        survey.read_answers(path, **({"items": ["first"], "low": 1, "high": 4} | more))
    for part in named:
        assert part in str(error.value)


def test_same_respondent_may_answer_other_items(tmp_path):
    who = np.repeat(range(1, 11), 2)
    long = pd.DataFrame({"who": who, "item": ["a", "b"] * 10, "answer": [1, 2, 3, 4] * 5})
    asked = {"item": "item", "response": "answer", "respondent": "who", "low": 1, "high": 4}
    assert len(survey.read_answers(write(tmp_path / "good.csv", long), **asked)[0]) == 20
    twice = pd.concat([long, long.tail(1)])
    with pytest.raises(InputError, match=r"who \+ item.*row 21: '10 / b'; row 22: '10 / b'"):
        survey.read_answers(write(tmp_path / "bad.csv", twice), **asked)


def test_one_school_is_too_few_for_errors_between_schools(tmp_path):
    path = write(tmp_path / "mine.csv", GOOD.assign(school="one"))
    frame, _ = participants.read(path, ["score"], "group", cluster="school")
    first = frame["group"] == "colleague"
    groups = participants.from_records(frame, ["score"], first, path)
    with pytest.raises(InputError, match=r"'school'.*there is only one cluster.*Leave `cluster` out"):
        participants.clustered_tests(frame, groups, first, "school")


def test_clustered_rows_stand_beside_welch(tmp_path):
    path = write(tmp_path / "mine.csv")
    frame, _ = participants.read(path, ["score"], "group", cluster="school")
    first = frame["group"] == "colleague"
    groups = participants.from_records(frame, ["score"], first, path)
    welch, clustered = (
        participants.estimates(tests, groups)
        for tests in (
            participants.welch_tests(groups), participants.clustered_tests(frame, groups, first, "school"),
        )
    )  # fmt: skip
    assert list(clustered.columns) == participants.COLUMNS
    assert clustered["n_groups"].tolist() == [10, 10]
    assert clustered["estimate"].tolist() == pytest.approx(welch["estimate"].tolist(), rel=1e-12)
    within = participants.within_tests(frame, groups, first, "school").assign(estimate=0.5, method="within clusters")
    tables = [clustered, participants.estimates(within, groups)]
    assert len(tables[1]) == 2
    unit = [table["estimate"].iloc[1] / table["estimate"].iloc[0] for table in tables]
    assert unit[0] == pytest.approx(unit[1], rel=1e-12)  # one unit for every difference of a scale
    ratio = clustered["std_error"] / clustered["estimate"]
    assert ratio.iloc[0] == pytest.approx(ratio.iloc[1], rel=1e-12)
