"""`make new`: a first file of parameters that runs, an empty sheet that fills; nothing overwritten, nobody named."""

import ast
import csv
import functools
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import inprocess
from conftest import ROOT, make
from helpers import project as house
from helpers.build import plan
from helpers.notebook import new, parameters, source
from helpers.notebook.guesses import Guessed, family, fits
from helpers.read import columns, formats, frames

NAMES = {name[10:12]: name[10:] for name in source.names() if name.startswith("your-data/")}
FILES = [
    file for file in sorted((ROOT / "params").glob("*-own-*.yml")) if file.stem not in ("01-own-items", "09-own-study")
]
READY = [(NAMES[file.stem[:2]], parameters.read(file)) for file in FILES]
EXAMPLES = sorted({(name, values["data"]) for name, values in READY})


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project's folder of one's own, with the examples."""
    shutil.copytree(ROOT / "params", tmp_path / "params", ignore=lambda *_: ["mine.yml"])
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("raw", "moments"))
    (tmp_path / "data" / "raw").mkdir()
    for module in (house, new):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def table(path: Path, **of: object) -> str:
    pd.DataFrame(of).to_csv(path, index=False)
    return str(path)


def written(home: Path, notebook: str, data: str, **how: str) -> tuple[str, dict]:
    """The text and the values of the file that `new` writes."""
    file = home / "mine.yml"
    file.unlink(missing_ok=True)
    new.write(notebook, data, str(file), **how)
    return file.read_text(encoding="utf-8"), parameters.read(file)


@functools.cache
def of_example(name: str, data: str) -> tuple[str, dict]:
    """As `written`, once for each example."""
    with tempfile.TemporaryDirectory() as folder:
        return written(Path(folder), name, data)


@pytest.mark.parametrize(("name", "data"), EXAMPLES)
def test_the_examples_run_without_editing(name, data, tmp_path):
    _, values = of_example(name, data)
    if data.endswith(".zip"):
        assert values == {"data": data}  # as the ready file, whose run others test
        return
    assert inprocess.run(tmp_path / "run", name, **values).answer


def test_what_is_guessed_is_what_the_ready_files_name():
    """But for what a user decides: which numbers to hold constant, and what to call an item."""
    decided = {"controls", "categories", "by", "supports", "practices", "compare", "ranges", "inference", "frequent"}
    decided |= {"interval", "means", "respond_on", "smallest_answer"}
    for name, ready in READY:
        _, values = of_example(name, ready["data"])
        for key, wanted in ready.items():
            if key not in decided and wanted != "" and key in values:
                wanted = list(wanted) if key == "items" else wanted
                assert values[key] == wanted, (name, key)
        lacking = {key for key, of in ready.items() if of != ""} - decided - set(values)
        assert lacking <= {"cluster", "items", "low", "high", "fay", "encoding", "labels"}, name


def test_every_parameter_stands_there_with_the_notebooks_own_words():
    for number, name in NAMES.items():
        text, values = of_example(name, next(data for other, data in EXAMPLES if other == name))
        for parameter in parameters.declared(source.path_of(f"your-data/{name}")):
            if parameter.name in values:
                assert f"# {parameter.help}" in text
            elif number not in ("02", "03", "05"):  # these take files of two kinds
                assert f"# {parameter.name}: " in text, parameter.name


def test_what_was_guessed_says_so():
    text, values = of_example("05-satisfaction", "data/simulated/05-satisfaction.csv")
    for line in text.splitlines():
        if (key := line.partition(":")[0]) in values and key != "data":
            assert "(guessed: " in line


def test_names_in_other_languages(tmp_path):
    people = np.arange(120)
    data = table(
        tmp_path / "encuesta.csv", Profesor=people // 2, Año=2018 + people % 2, Schul_Nr=[f"S{i // 10:02}" for i in people],
        **{"Bezirk": [f"B{i // 40}" for i in people], "q1_a": people % 5 + 1, "q1_b": people % 4 + 1, "Peso": 1.5},
    )  # fmt: skip
    _, values = written(tmp_path, "06-signposts", data)
    assert values == {
        "data": data, "teacher": "Profesor", "wave": "Año", "school": "Schul_Nr", "district": "Bezirk", "weight": "Peso",
        "scales": {"q1": ["q1_a", "q1_b"]}, "low": 1, "high": 5, "baseline": 2018,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words", "how_well"),
    [
        ("School", "school", 0),
        ("schools", "school", 0),
        ("school_id", "school", 1),
        ("IDSCHOOL", "school", 1),
        ("SchoolCode", "school", 1),
        ("Schulnummer", "schul", 1),
        ("escuela (código)", "escuela", 1),
        ("École", "ecole", 0),
        ("school in May", "school", 2),
        ("school climate", "school", None),
        ("preschooler", "school", None),
        ("school type", "school", None),
        ("year_of_birth", "year", None),
        ("año", "ano", 0),
        ("piano", "ano", None),
        ("", "school", None),
        ("學校", "school", None),
    ],
)
def test_names_of_columns(name, words, how_well):
    assert fits(name, words) == how_well


def test_families_of_items():
    names = ["q5_a", "q5a", "q5_1", "q12", "TT3G33A", "joint planning", "7", "a"]
    assert [family(name) for name in names] == ["q5", "q5", "q5", "q", "TT3G33", "joint planning", "7", "a"]


def test_a_name_that_says_it_plainly_goes_before_one_that_only_holds_the_word(tmp_path):
    n = np.arange(100)
    data = table(tmp_path / "a.csv", teacher_mood=[f"m{i}" for i in n], person=n, q1=n % 4 + 1, q2=n % 3 + 1)
    assert written(tmp_path, "05-satisfaction", data)[1]["respondent"] == "person"


def test_files_of_talis_need_nothing_more(tmp_path):
    data = table(tmp_path / "a.csv", CNTRY=["X1"], IDSCHOOL=[1], IDTEACH=[1], TT4G10A=[2])
    text, values = written(tmp_path, "03-talis-deprivatization", data)
    assert values == {"data": data}
    assert "# items" not in text


def test_words_whose_order_is_not_known_are_left_to_the_user(tmp_path):
    """No alphabet, and no order of two words for one place."""
    n = np.arange(90)
    for words in (["blue", "green", "red"], ["rarely", "seldom", "often"]):
        item = np.array(words)[n % 3]
        text, values = written(
            tmp_path, "03-talis-deprivatization", table(tmp_path / "x.csv", a=item, b=item[::-1], id=n)
        )
        assert "labels" not in values
        assert "items" not in values
        assert "To be named before it runs: `items`" in text


@pytest.mark.parametrize("name", [*NAMES.values()])
def test_no_level_of_few_rows_is_named(name, tmp_path):
    """Not among levels, not as a baseline or a code for no answer, and not with the label of its code."""
    n = np.arange(300)
    rare = n < 9
    frame = pd.DataFrame(
        {
            "teacher": [f"Zebra {i}" for i in n], "school": np.where(rare, "Zebraschool", np.where(n % 2, "s one", "s two")),
            "group": np.where(rare, 3.0, n % 2), "year": np.where(rare, 1951, 2015 + n % 3), "subject": np.where(rare, "Zebraic", "maths"),
            "income": np.where(rare, 77777.5, n % 7 / 2), "a": np.where(rare, 99, n % 4 + 1), "b": np.where(rare, 98, n % 4 + 1),
            "visits": np.where(rare, np.nan, 1), "when": np.where(rare, "1951-07-13", "2015-09-01"),
        }
    )  # fmt: skip
    pyreadstat.write_sav(
        frame, str(tmp_path / "few.sav"), variable_value_labels={"group": {0: "No", 1: "Yes", 3: "Zebra club"}}
    )
    frame.to_csv(tmp_path / "few.csv", index=False)
    for file in ("few.sav", "few.csv"):
        text, _ = written(tmp_path, name, str(tmp_path / file))
        for told in (text, str(new.parameters(name, str(tmp_path / file)))):
            for word in ("Zebra", "1951", "77777", "99", "98", "3 = ", " 9 gaps"):
                assert word not in told.replace("few.sav", "").replace(str(tmp_path), ""), word
            assert "levels of few rows" in told
            assert "fewer than 10 gaps" in told


def test_a_line_for_every_column(tmp_path):
    n = np.arange(120)
    of = {"long": [f"{'x' * 60}{i // 12}" for i in n], "score": n / 2, "when": "2020-01-02", "none": None}
    text, _ = written(
        tmp_path, "05-satisfaction", table(tmp_path / "a.csv", **of, **{f"c{i}": n % 9 for i in range(300)})
    )
    listed = text.partition("120 rows, 304 columns\n")[2].splitlines()
    assert len(listed) == 301
    assert listed[-1] == "# and 4 more"
    cut = ", ".join([f"{'x' * 37}..."] * 6)
    assert listed[:4] == [
        f"# - long: labels, 10 different, no gaps: {cut}, 4 more",
        "# - score: numbers, 120 different, no gaps: levels of few rows",
        "# - when: dates, 1 different, no gaps: 2020-01-02",
        "# - none: nothing, 0 different, 120 gaps",
    ]


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
WRITTEN = st.sampled_from(
    ["01", "-1", "- a", "yes", "no", "null", "~", "a: b", "a #b", "'", '"', "{", "[a]", "\n", "a\r\nb", "\x85\u2028", "1e3", ".nan", "é", "😀", "%", "&a", "*a", "!a", "|", "@", "`", ",", "?", "\t", " a ", "a\\", "=", "<<", "2015-09-01", "12:30:00"]
)  # fmt: skip
STRANGE = WRITTEN | TEXT
VALUES = {"items": st.lists(STRANGE, max_size=40), "group": STRANGE, "low": st.integers(), "labels": st.lists(STRANGE)}


@settings(max_examples=30)
@given(
    st.fixed_dictionaries({}, optional=VALUES), st.dictionaries(STRANGE, st.lists(STRANGE)), st.lists(STRANGE), STRANGE
)
@example({"items": ["a" * 99, "\n"]}, {"\x07": ["\ufeff"]}, ["\x00", "a\nb: c"], "\u2029")
def test_every_name_comes_back_as_it_was(tmp_path_factory, values, scales, about, why):
    file = tmp_path_factory.mktemp("any") / "mine.yml"
    values |= {"scales": scales}
    guessed = Guessed({name: (value, why) for name, value in values.items()}, {"cluster": about})
    known = [
        parameters.Parameter(name, "", "", "some words")
        for name in ["items", "group", "low", "labels", "scales", "cluster"]
    ]
    file.write_text(
        new.as_yaml(new.Look(Path("05-x.ipynb"), known, guessed, about), file), encoding="utf-8", newline=""
    )
    assert parameters.read(file) == values


def test_strange_names_in_a_real_file(tmp_path):
    """From the name of the file to those of its columns and levels."""
    n = np.arange(100)
    names = ["- a: b", "# c", "it's", '"d" {e}', "yes", "01", "f\ng"]
    folder = tmp_path / "my 'data' $HOME"
    folder.mkdir()
    path = folder / "#1: yes.csv"
    frame = pd.DataFrame({name: n % 4 + 1 for name in names} | {"group": np.array(["- x: #", "{'\n"])[n % 2]})
    frame.to_csv(path, index=False)
    to = folder / "it's.yml"
    said = new.write("05-satisfaction", str(path), str(to))
    values = parameters.read(to)
    assert values["items"] == [" ".join(name.split()) for name in names]
    assert values["data"] == str(path)
    assert values["group"] == "group"
    assert said.endswith(
        f"PARAMS='{str(to).replace(chr(39), chr(39) + chr(34) + chr(39) + chr(34) + chr(39)).replace('$', '$$')}'"
    )
    assert plan.own("05-satisfaction", to).values == values


def test_the_cell_for_a_notebook(tmp_path, monkeypatch):
    """Pasted in place of its own cell, a notebook takes it for its declarations; nothing is written."""
    monkeypatch.chdir(tmp_path)
    folders = (tmp_path, ROOT / "params", ROOT / "data" / "raw", ROOT / "data" / "simulated")
    before = [sorted(folder.rglob("*")) for folder in folders]
    for name, data in EXAMPLES:
        text = new.parameters(f"your-data/{name}", data)
        assert repr(text) == text
        _, values = of_example(name, data)
        was = parameters.declared(source.path_of(f"your-data/{name}"))
        with monkeypatch.context() as patch:
            patch.setattr(source, "cells", lambda _, text=text: [{"text": text, "tags": ["parameters"]}])
            now = parameters.declared(Path())
        assert [(p.name, p.type) for p in now] == [(p.name, p.type) for p in was]
        assert {p.name: p.default for p in now} == {p.name: p.default for p in was} | values
        assert all(p.help for p in now)
        ast.parse(text)
    assert [sorted(folder.rglob("*")) for folder in folders] == before


def test_files_of_spss_say_more(tmp_path):
    """Value labels tell the scale, a code for no answer is left to the user, and what a variable is called stands there."""
    n = np.arange(150)
    frame = pd.DataFrame({"q1": np.where(n < 20, 9, n % 5 + 1), "q2": n % 4 + 1, "arm": n % 2}).astype(float)
    five = dict(enumerate(["never", "seldom", "at times", "often", "always"], start=1))
    words = five | {9: "no answer"}
    pyreadstat.write_sav(
        frame, str(tmp_path / "a.sav"), column_labels={"q1": "Planning, with others"},
        variable_value_labels={"q1": words, "q2": words, "arm": {0: "control", 1: "treatment"}},
    )  # fmt: skip
    text, values = written(tmp_path, "05-satisfaction", str(tmp_path / "a.sav"))
    rest = {"items": ["q1", "q2"], "group": "arm", "low": 1, "high": 5}
    assert values == {"data": str(tmp_path / "a.sav")} | rest
    assert "# missing: []  # numbers and words that mean no answer; may be: 9" in text
    assert (
        "# - q1 (Planning, with others): numbers with value labels, 6 different, no gaps: 1 = never, 2 = seldom,"
        in text
    )
    pyreadstat.write_sav(frame[20:], str(tmp_path / "a.sav"), variable_value_labels={"q1": five, "q2": five})
    _, values = written(tmp_path, "05-satisfaction", str(tmp_path / "a.sav"))
    ran = inprocess.run(tmp_path / "run", "05-satisfaction", **values)
    assert set(ran.figure("answers")["statistic"]) == {1, 2, 3, 4, 5}


def test_a_sheet_of_a_workbook(tmp_path, capsys):
    book = openpyxl.Workbook()
    for title in ("notes", "all data"):
        sheet = book.create_sheet(title)
        sheet.append(["a", "b"])
        for row in range(40):
            sheet.append([row % 4 + 1, row % 3 + 1])
    book.remove(book["Sheet"])
    book.save(tmp_path / "a.xlsx")
    path, to = str(tmp_path / "a.xlsx"), str(tmp_path / "to.yml")
    assert new.main(["parameters", "05-satisfaction", path, to]) == 1
    assert "With `make new` write SHEET=... behind it." in capsys.readouterr().err
    assert new.main(["parameters", "05-satisfaction", path, to, "all data"]) == 0
    assert parameters.read(tmp_path / "to.yml")["sheet"] == "all data"


def test_text_that_is_not_utf_8(tmp_path):
    n = np.arange(60)
    frame = pd.DataFrame({"a": n % 4 + 1, "b": n % 4 + 1, "grupo": np.array(["Español", "Música"])[n % 2]})
    for given_as, found in (("cp1252", "cp1252"), ("utf-16", "utf-16"), ("utf-8-sig", "")):
        frame.to_csv(tmp_path / "a.csv", index=False, encoding=given_as)
        text, values = written(tmp_path, "05-satisfaction", str(tmp_path / "a.csv"))
        assert values.get("encoding", "") == found
        assert "Español, Música" in text


def test_a_folder_of_records(tmp_path):
    (tmp_path / "years").mkdir()
    for year in (2015, 2016):
        n = np.arange(80)
        table(tmp_path / "years" / f"{year}.csv", school=[f"s{i % 20}" for i in n], year=year, score=n / 7)
    _, values = written(tmp_path, "01-practice-change", str(tmp_path / "years"))
    assert values["outcome"] == "score"
    assert values["data"] == str(tmp_path / "years")


@pytest.mark.parametrize("name", ["03-talis-deprivatization", "05-satisfaction"])
def test_a_folder_of_a_survey_in_parts(tmp_path, name):
    """What is guessed rests on all parts: in the first one nobody gave the highest answer."""
    (tmp_path / "terms").mkdir()
    n = np.arange(60)
    for term, most in (("autumn", 3), ("spring", 4)):
        words = np.array(["Español", "Música"])[n % 2]
        frame = pd.DataFrame({"a": n % most + 1, "b": n % most + 1, "group": words})
        frame.to_csv(tmp_path / "terms" / f"{term}.csv", index=False, encoding="cp1252")
    text, values = written(tmp_path, name, str(tmp_path / "terms"))
    assert "120 rows, 3 columns" in text
    assert (values["items"], values["encoding"]) == (["a", "b"], "cp1252")
    assert values.get("high", 4) == 4


def test_numbers_that_can_be_read_in_two_ways_are_told(tmp_path):
    (tmp_path / "a.csv").write_text("a;score\n" + "".join(f"{i % 4 + 1};1.20{i % 4}\n" for i in range(60)))
    text, values = written(tmp_path, "05-satisfaction", str(tmp_path / "a.csv"))
    assert "decimal" not in values
    assert "likewise\n" in text
    assert "# - score: labels that can be read in two ways, 4 different" in text
    assert '# decimal: ""  # the mark in numbers, where a file can be read in two ways; needed for: score' in text


DATA = "data/simulated/05-satisfaction.csv"
REFUSED = {
    "unknown notebook": ("05-happiness", DATA, "to.yml", "There is no notebook '05-happiness' that takes a file"),
    "evidence alone": ("09-what-such-studies-can-see", DATA, "to.yml", "There are: 01-practice-change, 02"),
    "no file": ("05-satisfaction", "none.csv", "to.yml", "none.csv: there is no such file"),
    "no name": ("05-satisfaction", "", "to.yml", "`DATA` is empty"),
    "empty": ("05-satisfaction", "{}/empty.csv", "to.yml", "the file is empty"),
    "header alone": ("05-satisfaction", "{}/header.csv", "to.yml", "columns but no rows"),
    "no text": ("05-satisfaction", "{}/binary.csv", "to.yml", "this is no text"),
    "other kinds": ("05-satisfaction", "{}/a.docx", "to.yml", "cannot read *.docx files"),
    "a folder with a bad file": ("05-satisfaction", "{}", "to.yml", "binary.csv: this is no text"),
    "an old file": ("05-satisfaction", DATA, "old.yml", "old.yml is there already and stays as it is"),
    "no folder": ("05-satisfaction", DATA, "no/to.yml", "there is no folder"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_one_message(case, tmp_path, capsys):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "header.csv").write_text("a,b\n")
    (tmp_path / "binary.csv").write_bytes(b"a\0b")
    (tmp_path / "a.docx").write_bytes(b"PK")
    (tmp_path / "old.yml").write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    name, data, to, message = REFUSED[case]
    assert new.main(["parameters", name, data.format(tmp_path), str(tmp_path / to)]) == 1
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert not said.out
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_notebooks_without_a_sheet(home):
    inprocess.refused(
        lambda: new.template("03-talis-deprivatization"), "There are sheets for: 02-teacher-leadership, 04-"
    )


def test_usage(capsys):
    assert new.main(["parameters"]) == 2
    assert "helpers.notebook.new template NOTEBOOK" in capsys.readouterr().err


def test_a_file_in_the_folder_for_files(home):
    """`DATA=survey.csv` means `data/raw/survey.csv`, and parameters land in `params/`, once."""
    shutil.copy(home / "data/simulated/05-satisfaction.csv", home / "data/raw/survey.csv")
    said = new.write("05-satisfaction", "survey.csv")
    assert said.endswith("make run NOTEBOOK=05-satisfaction PARAMS=params/survey-05.yml")
    file = home / "params" / "survey-05.yml"
    assert parameters.read(file)["data"] == "data/raw/survey.csv"
    file.write_text("mine")
    inprocess.refused(lambda: new.write("05-satisfaction", "survey.csv"), "there already", "Go on with it (make run")
    assert file.read_text() == "mine"


@pytest.mark.parametrize("number", new.SHEETS)
def test_an_empty_sheet_fills_and_runs(number, home):
    name = NAMES[number]
    said = new.template(name)
    sheet, book = (home / "data" / "raw" / f"{name}-{what}.csv" for what in ("template", "codebook"))
    values = parameters.read(home / "params" / f"{name}-template-{number}.yml")
    for path in (sheet, book):
        assert f"data/raw/{path.name}" in said
    default = next(p.default for p in parameters.declared(source.path_of(f"your-data/{name}")) if p.name == "data")
    ready = next(of for other, of in READY if other == name and of["data"] == default)
    assert values == ready | {"data": f"data/raw/{sheet.name}"}
    lines = (home / default).read_text(encoding="utf-8").splitlines(keepends=True)
    assert sheet.read_text(encoding="utf-8") == lines[0]
    described = list(csv.DictReader(book.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["column"] for row in described] == next(csv.reader(lines))
    for row in described:
        assert all(row.values())
        assert not any(word in " ".join(row.values()).lower() for word in ("simulated", "invented "))
        assert f"Parameter `{row['column']}`" in row["what to write"] or row["column"] not in ready
    inprocess.refused(lambda: new.template(name), "there already")
    with sheet.open("a", encoding="utf-8") as opened:
        opened.writelines(lines[1:])
    if number == "08":  # the others are then equal to the examples, which other tests run
        assert inprocess.run(home / "run", name, **values).answer


def test_a_sheet_is_written_whole_or_not_at_all(home):
    (home / "data/raw/06-signposts-codebook.csv").write_text("mine")
    inprocess.refused(lambda: new.template("06-signposts"), "06-signposts-codebook.csv is there already")
    assert [path.name for path in (home / "data/raw").iterdir()] == ["06-signposts-codebook.csv"]
    assert not list((home / "params").glob("*template*"))


def test_columns_that_a_table_lacks_are_told(tmp_path):
    text, _ = written(tmp_path, "08-evidence-ledger", table(tmp_path / "a.csv", study=["a"], label=["b"], estimate=[1]))
    assert "# The notebook needs more columns, called: unit, ci_low, ci_high" in text


def test_kinds_of_columns(tmp_path):
    n = np.arange(40)
    frame = pd.DataFrame(
        {"x": np.where(n % 2, "x", ""), "d": pd.Timestamp("2020-01-02"), "b": n % 2 == 0, "i": n, "t": "a,b"}
    )
    frame.astype(object).to_excel(tmp_path / "a.xlsx", index=False)
    path = tmp_path / "a.xlsx"
    found = {c.name: c for c in columns.describe(frames.read(path, formats.header(path)))}
    assert {name: (c.kind, c.binary, c.unique, c.gaps) for name, c in found.items()} == {
        "x": ("labels", True, False, 20), "d": ("dates", False, False, 0), "b": ("numbers", True, False, 0),
        "i": ("numbers", False, True, 0), "t": ("labels", False, False, 0),
    }  # fmt: skip


@pytest.mark.build
def test_from_make_to_make(project):
    """The names have blanks and quotes in them; what `make new` says to type runs."""
    data = project / "data" / "raw" / "my 'survey' $1.csv"
    shutil.copy(project / "data/simulated/05-satisfaction.csv", data)
    done = make(project, "new", "NOTEBOOK=05-satisfaction", f"DATA={data.name}".replace("$", "$$"))
    assert done.returncode == 0, done.stderr
    file = project / "params" / "my 'survey' $1-05.yml"
    assert parameters.read(file)["data"] == f"data/raw/{data.name}"
    again = make(project, "new", "NOTEBOOK=05-satisfaction", f"DATA={data.name}".replace("$", "$$"))
    assert again.returncode
    assert "is there already" in again.stderr
    assert "Traceback" not in again.stderr
    ran = make(project, "run", "NOTEBOOK=05-satisfaction", f"PARAMS=params/{file.name}".replace("$", "$$"))
    assert ran.returncode == 0, ran.stderr
    sheet = make(project, "new", "TEMPLATE=06-signposts")
    assert sheet.returncode == 0, sheet.stderr
    assert json.dumps(sheet.stdout).count("06-signposts-template") == 3
