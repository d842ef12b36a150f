"""A folder or a zip of files alike is one file, through both doors and for every notebook; rows entered twice are told."""

import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from test_reading import DOORS, by_frame, by_stream, sheet

import inprocess
from conftest import ROOT, write_records
from helpers.notebook import parameters, session
from helpers.project import InputError
from helpers.read import files, formats, frames, records, repeats, survey, waves
from helpers.read.files import Options
from helpers.study import effects, leaders, participants, retellings

ENDINGS = [".csv", ".xlsx", ".parquet", ".sav", ".zsav", ".dta"]
WORDS = {1: "always", 2: "often", 3: "seldom", 4: "never"}
REPEAT = "are the same as an earlier row in every cell"


def table(rows=30, **more):
    """Ids with leading zeros, words, whole numbers, numbers with gaps, and codes."""
    n = np.arange(rows)
    who = np.array(["maths", "ciències", "art"])[n % 3]
    score = np.where(n % 7 == 3, np.nan, n / 4 - 3)
    frame = {"id": [f"0{k:03}" for k in n], "who": who, "year": 2015.0 + n // 10, "score": score, "q": 1.0 + n % 4}
    return pd.DataFrame(frame | more)


def write(path, frame, labels=WORDS, column="q"):
    named = {"variable_value_labels": {column: labels}} if labels and path.suffix in (".sav", ".zsav", ".dta") else {}
    path.parent.mkdir(exist_ok=True, parents=True)
    return write_records(path, frame.reset_index(drop=True), **named)


def split(folder, frame, ending=".csv", labels=WORDS):
    """Three files, one after the other by their names."""
    third = -(-len(frame) // 3)
    for place, name in enumerate(("2023", "2024", "2025")):
        write(folder / f"{name}{ending}", frame[place * third : (place + 1) * third], labels)
    return folder


def pack(folder, path, inside=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"{inside}{file.name}")
    return path


def cells_of(door, path):
    kinds = {"id": "id", "who": "label", "year": "number", "score": "number", "q": "label"}
    return {column: door(path, column, kind, Options()) for column, kind in kinds.items()}


def told_by_frame(path, column):
    return " ".join(frames.read(path, [column]).told)


def told_by_stream(path, column):
    with records.open_records(path, [column], [column]) as source:
        return " ".join(source.told)


TELLS = pytest.mark.parametrize("told", [told_by_frame, told_by_stream])


@DOORS
@pytest.mark.parametrize("ending", ENDINGS)
def test_three_parts_give_the_whole(tmp_path, ending, door):
    frame = table()
    expected = cells_of(door, write(tmp_path / f"whole{ending}", frame))
    folder = split(tmp_path / "waves", frame, ending)
    assert cells_of(door, folder) == expected
    assert cells_of(door, pack(folder, tmp_path / "waves.zip", inside="all of them/")) == expected


def test_other_files_beside_them_are_told_and_hidden_ones_are_not_read(tmp_path):
    folder = split(tmp_path / "waves", table())
    expected = cells_of(by_frame, folder)
    for name in (".hidden.csv", "~$2023.csv", "__MACOSX/2023.csv"):
        write(folder / name, table())
    for name in ("notes.txt", ".DS_Store", "__MACOSX/notes.txt"):
        (folder / name).write_text("said")
    for told in (told_by_frame, told_by_stream):
        assert told(folder, "q") == "Not read in waves: notes.txt."
    assert cells_of(by_frame, folder) == expected


def test_folders_in_a_folder_are_read_by_their_names(tmp_path):
    whole = table()
    for start, place in ((0, "a/2024.csv"), (10, "a/2025.csv"), (20, "b.csv")):
        write(tmp_path / "waves" / place, whole[start : start + 10])
    assert by_frame(tmp_path / "waves", "id", "id", Options()) == list(whole["id"])


@DOORS
@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda folder: folder.mkdir(), ["waves: the folder holds none of .csv", "Put the files there"]),
        (lambda folder: write(folder / ".hidden.csv", table()), ["the folder holds none of"]),
        (lambda folder: write(folder / "__MACOSX" / "a.csv", table()), ["the folder holds none of"]),
        (lambda folder: write(folder / "a.csv", table()) and write(folder / "b.dta", table()),
            ["a.csv and b.dta are files of two kinds"]),
        (lambda folder: write(folder / "a.csv", table()) and (folder / "b.csv").touch(), ["b.csv: the file is empty"]),
    ],
)  # fmt: skip
def test_folders_that_hold_nothing_to_read(tmp_path, door, build, said):
    build(tmp_path / "waves")
    with pytest.raises(InputError) as error:
        door(tmp_path / "waves", "q", "label", Options())
    assert [part for part in said if part not in str(error.value)] == []


@DOORS
@pytest.mark.parametrize("members", [[], ["notes.txt"], ["__MACOSX/a.csv", ".a.csv"]])
def test_zips_that_hold_nothing_to_read(tmp_path, door, members):
    with zipfile.ZipFile(tmp_path / "waves.zip", "w") as archive:
        for name in members:
            archive.writestr(name, "a,q\n1,2\n")
    with pytest.raises(InputError, match=r"waves.zip: the zip holds none of .csv.*Name a file, or a folder or a zip"):
        door(tmp_path / "waves.zip", "q", "label", Options())


def test_a_name_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="wavse: there is no such file or folder"):
        frames.read(tmp_path / "wavse", ["q"])
    with pytest.raises(InputError, match="`data` is empty"):
        frames.read(ROOT, ["q"])


UNLIKE = {
    "a column less": ((".csv", ".xlsx", ".parquet"), lambda f: f.drop(columns="who"), WORDS, "b{} lacks the column 'who', unlike a{}"),
    "a column more": ((".csv", ".xlsx", ".parquet"), lambda f: f.assign(z=1), WORDS, "b{} also has the column 'z', unlike a{}"),
    "a used column less": ((".sav", ".dta"), lambda f: f.rename(columns={"q": "Q"}), {}, "b{}: no column 'q'. Did you mean 'Q'"),
    "text in one": ((".parquet", ".sav", ".dta"), lambda f: f.assign(q="often"), {}, "column 'q': text, but numbers in a{}"),
    "labels in one": ((".sav", ".zsav", ".dta"), lambda f: f, {}, "b{}, column 'q': a{} names its codes, and b{} does not"),
    "a code with two meanings": ((".sav", ".dta"), lambda f: f, WORDS | {2: "sometimes"}, "b{}, column 'q': the code 2 is 'sometimes', and 'often' elsewhere, unlike a file before it (a{}, b{})"),
    "a meaning with two codes": ((".sav", ".dta"), lambda f: f, {1: "always", 5: "never"}, "b{}, column 'q': 'never' is the code 5, and 4 elsewhere"),
}  # fmt: skip


@DOORS
@pytest.mark.parametrize(("case", "ending"), [(case, ending) for case in UNLIKE for ending in UNLIKE[case][0]])
def test_files_that_do_not_belong_together(tmp_path, door, case, ending):
    _, change, labels, said = UNLIKE[case]
    labelled = {} if said.endswith("'Q'") or "text, but" in said else WORDS
    write(tmp_path / "waves" / f"a{ending}", table(), labelled)
    write(tmp_path / "waves" / f"b{ending}", change(table()), labels)
    with pytest.raises(InputError) as error:
        door(tmp_path / "waves", "q", "label", Options())
    assert said.replace("{}", ending) in str(error.value)


@DOORS
def test_numbers_may_not_be_written_in_two_ways(tmp_path, door):
    """1,204 of a file with semicolons is no thousand because another file writes 2.5."""
    (tmp_path / "a.csv").write_text("k,q\na,2.5\n")
    (tmp_path / "b.csv").write_text("k;q\na;1,204\n")
    with pytest.raises(InputError, match=r"b.csv has semicolons between its columns, and a.csv has commas"):
        door(tmp_path, "q", "number", Options())


def test_labels_that_only_one_file_needs_are_kept(tmp_path):
    write(tmp_path / "waves" / "a.sav", table(8).assign(q=[1.0, 3] * 4), {1: "always", 2: "often"})
    write(tmp_path / "waves" / "b.sav", table(8).assign(q=[2.0, 3] * 4), {2: "often ", 3: "seldom"})
    for door in (by_frame, by_stream):
        assert door(tmp_path / "waves", "q", "label", Options()) == ["always", "seldom"] * 4 + ["often", "seldom"] * 4


def test_long_ids_in_files_of_several_types(tmp_path):
    """As floats, as the second file has them, the first file's would lose their last digit."""
    for name, number in (("a", 2**53 + 1), ("b", 7.0)):
        write(tmp_path / "waves" / f"{name}.parquet", pd.DataFrame({"id": [number]}))
    assert by_frame(tmp_path / "waves", "id", "id", Options()) == [str(2**53 + 1), "7"]


def test_a_message_names_the_file_and_its_row(tmp_path):
    frame = table().astype({"score": object})
    frame.loc[13, "score"] = "three"
    folder = split(tmp_path / "waves", frame)
    said = r"waves, column 'score': text in a number column \(2024.csv, row 5: 'three'\)"
    for path in (folder, pack(folder, tmp_path / "waves.zip")):
        with pytest.raises(InputError, match=said.replace("waves", path.name).replace("2024", r"(waves.zip: )?2024")):
            frames.numbers(frames.read(path, ["score"]), "score")
    for place in ("2023", "2025"):
        write(folder / f"{place}.csv", table(1))
    given = frames.read(folder, ["id"])
    with pytest.raises(InputError, match=r"once \(2023.csv, row 2: '0000'; 2025.csv, row 2: '0000'\)"):
        frames.check_unique(given, ["id"])


def test_what_one_file_tells_has_its_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text('k,q\n"{""ImportId"":""1""}",\nx,1\n')
    assert told_by_frame(tmp_path, "q").split(". ") == [
        f"Row 2 of {name}.csv belong to the header, as a survey tool writes it{end}"
        for name, end in (("a", ""), ("b", "."))
    ]


def test_cells_with_errors_are_told_by_file(tmp_path):
    for name, cell in (("a", 1), ("b", "#N/A")):
        sheet(cell)(tmp_path).rename(tmp_path / f"{name}.xlsx")
    assert told_by_frame(tmp_path, "v").startswith("b.xlsx: Fewer than 10 cells hold an error of the spreadsheet (B2)")


@TELLS
@pytest.mark.parametrize("ending", ENDINGS)
def test_rows_entered_twice_are_told_in_every_format(tmp_path, ending, told):
    """Of a file as of three; an id or any other cell that differs makes rows differ."""
    frame = table(24)
    again = pd.concat([frame, frame[:12]])
    assert (
        told(write(tmp_path / f"twice{ending}", again), "q")
        == f"12 rows {REPEAT}. If they were entered twice, take them out."
    )
    assert f"12 rows {REPEAT}" in told(split(tmp_path / "waves", again, ending), "q")
    other = pd.concat([frame, frame[:12].assign(id="other")])
    assert told(write(tmp_path / f"once{ending}", other), "q") == ""
    assert told(write(tmp_path / f"narrow{ending}", again.drop(columns="who")), "q") == ""


@TELLS
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav"])
def test_large_files_are_not_looked_through(tmp_path, ending, told, monkeypatch):
    path = write(tmp_path / f"a{ending}", pd.concat([table(5), table(5)]))
    assert told(path, "q").startswith(f"Fewer than 10 rows {REPEAT}")
    monkeypatch.setattr(repeats, "LOOKED_AT", 9)
    assert told(path, "q") == ""


@TELLS
def test_columns_that_are_not_used_may_differ_in_files_of_statistics(tmp_path, told):
    write(tmp_path / "waves" / "a.sav", table(12))
    write(tmp_path / "waves" / "b.sav", table(12).rename(columns={"score": "points"}))
    assert told(tmp_path / "waves", "q") == ""


def test_rows_that_differ_in_a_late_column_alone(tmp_path):
    wide = pd.DataFrame(np.ones((20, 101))).rename(columns="v{}".format)
    assert REPEAT in told_by_frame(write(tmp_path / "a.sav", wide, {}), "v0")
    wide["v100"] = np.arange(20.0)
    assert told_by_frame(write(tmp_path / "b.sav", wide, {}), "v0") == ""


def split_example(folder, name):
    return split(folder / name, pd.read_csv(ROOT / "data/simulated" / f"{name}.csv", dtype=str, keep_default_na=False))


def values_of(name, *left_out):
    values = parameters.read(ROOT / "params" / f"{name}.yml")
    return {key: value for key, value in values.items() if key not in ("data", *left_out)}


def read_survey(path):
    return survey.read_survey(path, **values_of("02-own-survey", "interval", "smallest_answer")).frame


def read_coding(path):
    return leaders.read(path, **values_of("02-own-coding")).matrix


def read_participants(path):
    return participants.read(path, **values_of("04-own-data", "compare"))[0]


def read_answers(path):
    return survey.read_answers(path, **values_of("05-own-data", "smallest_answer"))[0]


def read_waves(path):
    found = waves.read(path, **values_of("06-own-data"))
    return pd.concat([found.frame, found.scores, found.conditions], axis=1)


READERS = {
    "02-teachers": read_survey, "02-coding": read_coding, "04-participants": read_participants,
    "05-satisfaction": read_answers, "06-signposts": read_waves,
    "07-retellings": lambda path: retellings.read(path)[0], "08-effects": lambda path: effects.read(path)[0],
}  # fmt: skip
"""What each notebook reads, by its example; notebook 01 has a test of its own, in test_practice.py."""


@pytest.mark.parametrize("name", READERS)
def test_every_notebook_reads_a_folder_as_it_reads_a_file(tmp_path, name):
    whole = READERS[name](ROOT / "data/simulated" / f"{name}.csv")
    parts = READERS[name](split_example(tmp_path, name))
    pd.testing.assert_frame_equal(parts.reset_index(drop=True), whole.reset_index(drop=True), check_index_type=False)


def test_a_wrong_effect_is_found_in_its_file(tmp_path):
    folder = split_example(tmp_path, "08-effects")
    frame = pd.read_csv(folder / "2024.csv", dtype=str)
    frame.loc[1, "estimate"] = "99"
    frame.to_csv(folder / "2024.csv", index=False)
    with pytest.raises(InputError, match=r"2024.csv, row 3: a cell is empty, or the estimate lies outside"):
        effects.read(folder)


@pytest.mark.slow
def test_a_notebook_runs_with_a_folder_as_with_a_file(tmp_path):
    values, name = values_of("05-own-data", "smallest_answer"), "05-satisfaction"
    folder = split_example(tmp_path, name)
    whole = tmp_path / "whole.csv"
    pd.concat([pd.read_csv(path, dtype=str) for path in sorted(folder.iterdir())]).assign(extra="x").to_csv(
        whole, index=False
    )
    found = [
        inprocess.run(tmp_path / f"run{k}", name, data=str(data), **values) for k, data in enumerate((whole, folder))
    ]
    texts = [(one.folder / "tables" / f"{name}--shares.csv").read_text() for one in found]
    assert texts[0] == texts[1]


def test_what_lies_in_a_folder_reruns_the_notebook(tmp_path):
    """Each edited, new or lost file changes what the run is known to rest on."""
    folder = tmp_path / "waves"
    split(folder, table())
    write(folder / "deep" / "2026.csv", table())

    def stamps(number):
        run = session.Session("your-data/05-satisfaction", {}, {}, tmp_path / str(number), "05", "../")
        run.folder.mkdir()
        session.section(run).reads(folder)
        return {line["path"]: line["stamp"] for line in session.lines(run.folder)}

    first = stamps(0)
    assert {path.rpartition("/")[2] for path in first} == {
        "waves",
        "deep",
        "2023.csv",
        "2024.csv",
        "2025.csv",
        "2026.csv",
    }
    write(folder / "2024.csv", table(3))
    second = stamps(1)
    assert [path.rpartition("/")[2] for path in first if first[path] != second[path]] == ["2024.csv"]
    write(folder / "deep" / "2027.csv", table())
    third = stamps(2)
    assert [path.rpartition("/")[2] for path in second if second[path] != third[path]] == ["deep"]
    (folder / "2023.csv").unlink()
    last = stamps(3)
    assert [path.rpartition("/")[2] for path in third if third[path] != last.get(path)] == ["waves", "2023.csv"]


def test_the_state_of_a_folder_or_a_zip_is_that_of_its_files(tmp_path):
    own = split(tmp_path / "own", table())
    assert files.state_of(own) == files.state_of(pack(own, tmp_path / "own.zip")) == "microdata"
    for name in ("copies", "mixed"):
        (tmp_path / name).mkdir()
        shutil.copy(ROOT / "data/simulated/05-satisfaction.csv", tmp_path / name / "mine.csv")
    write(tmp_path / "mixed" / "other.csv", table())
    for name in ("copies", "mixed"):
        folder = tmp_path / name
        assert files.state_of(folder) == files.state_of(pack(folder, tmp_path / f"{name}.zip")) == "simulated"


def test_names_of_columns_are_those_of_the_first_file(tmp_path):
    folder = split(tmp_path / "waves", table())
    assert formats.header(folder) == formats.header(pack(folder, tmp_path / "a.zip")) == list(table().columns)
