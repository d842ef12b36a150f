"""The same on Spark: the table of cases of `test_reading`, sums, whole studies, and the same messages; a local session."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
from test_reading import CASES, ORDERS, check_case

from conftest import ROOT, need
from helpers.build import plan
from helpers.estimate import complete_records, moments, rasch
from helpers.notebook import cards, session
from helpers.project import InputError
from helpers.read import cells, sql
from helpers.read import spark as engines
from helpers.read.files import Options, named
from helpers.read.spark import open_by, open_spark
from helpers.release import folder, panels, risk
from helpers.study import own_practice

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.slow,
]

MODEL = moments.Model(
    outcome="the outcome",
    school='"our" school',
    year="year",
    baseline="2012",
    controls=("x.1", "whole"),
    categories={"gr`oup": "it's \\n a"},
    cluster="district",
    weight="w",
    subset={"kind of school": "hi'gh"},
)


def records(n=900):
    rng = np.random.default_rng(4)
    number = rng.integers(0, 16, n)
    frame = pd.DataFrame(
        {
            '"our" school': [f"school \\ '{i}'" for i in number],
            "district": [f"district {i % 5}" for i in number],
            "kind of school": np.where(number % 3, "hi'gh", "middle"),
            "year": rng.integers(2012, 2015, n).astype(float),
            "gr`oup": rng.choice(["it's \\n a", 'b"', "c, d"], n),
            "x.1": rng.normal(1e3, 1, n),
            "whole": rng.integers(0, 9, n),
            "w": rng.uniform(0.5, 2, n),
            "the outcome": rng.normal(50, 1, n) + number / 5,
        }
    )
    for column in ("gr`oup", "x.1", "year"):
        frame.loc[rng.integers(0, n, 20), column] = np.nan
    return frame


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """The folder that Spark is started in."""
    return tmp_path_factory.mktemp("start")


@pytest.fixture(scope="module")
def spark(start):
    need(importlib.util.find_spec("pyspark"), "pyspark (the extra `spark`)", "REQUIRE_PEERS")
    need(shutil.which("java"), "Java", "REQUIRE_JAVA")
    settings = {
        "spark.master": "local[1]",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "OFF",
        # Compiling costs more than these few records are worth.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(start)
        patch.setattr(engines, "_QUIET", settings)
        session = engines._session()
    yield session
    session.stop()


def write(path, frame):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, na_rep="NA")
    else:
        duckdb.from_df(frame).write_parquet(str(path))
    return path


def assert_same(found, expected):
    """Equal but for the order of addition."""
    assert found.terms == expected.terms
    assert found.schools.tolist() == expected.schools.tolist()
    assert found.clusters.tolist() == expected.clusters.tolist()
    assert found.records.tolist() == expected.records.tolist()
    assert (found.incomplete, found.rows) == (expected.incomplete, expected.rows)
    for name in ("n", "sums", "products", "centres", "baseline"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12 * np.abs(other).max())


ONE_LINE = "mine.csv: Spark needs a header of one line, the first. Take the other lines out, or use engine 'duckdb'."
IN_UTF_8 = "mine.csv: Spark reads text in UTF-8. Save it as 'CSV UTF-8', or use engine 'duckdb'."
# What Spark does not take, and what it says then.
REFUSED = dict.fromkeys(
    ["blank rows before", "sep= and semicolons", "sep= in quotes", "line ends in names", "three rows of Qualtrics",
     "two rows of SurveyMonkey"], ONE_LINE,
) | dict.fromkeys(["utf-16", "latin-1"], IN_UTF_8) | {
    "hours": "mine.parquet: Spark cannot read it ([UNSUPPORTED_TIME_TYPE]",
    "Windows and Unix line ends": "mine.csv: some lines end as in Windows and others do not",
}  # fmt: skip


def of_spark(table):
    """Cases whose files are CSV or Parquet."""
    return [case for case, (build, *_) in table.items() if build.__qualname__.startswith(("text.", "parquet."))]


def by_spark(path, column, kind, options):
    """As `test_reading.by_stream`."""
    labelled, ids = [] if kind == "number" else [column], [column] if kind == "id" else []
    with open_spark(path, [column], labelled, options, ids) as source:
        if kind != "number":
            return source.fetch(f"SELECT {sql.label(source, column)} AS label FROM file")["label"].tolist()
        shown = f"{sql.label(source, column)} AS label, {sql.number(source, column)} AS number"
        found = source.fetch(f"SELECT {shown} FROM file")
        labels, numbers = found["label"].tolist(), found["number"].tolist()
        if any(number is None and label is not None for label, number in zip(labels, numbers, strict=True)):
            complete_records.refuse(source, column, "label IS NOT NULL AND number IS NULL", "text in a number column")
        if any(number is not None and np.isinf(number) for number in numbers):
            infinite = "abs(number) = CAST('Infinity' AS DOUBLE)"
            complete_records.refuse(source, column, infinite, "infinite values")
        return numbers


@pytest.mark.parametrize("case", of_spark(CASES))
def test_the_table_of_cases(spark, tmp_path, case):
    check_case(tmp_path, case, by_spark, (REFUSED[case],) if case in REFUSED else ())


@pytest.mark.parametrize("case", of_spark(ORDERS))
def test_the_known_orders(spark, tmp_path, case):
    build, wanted, *more = ORDERS[case]
    with open_spark(build(tmp_path), ["v"], ["v"]) as source:
        said = {"asked": (), "first": ""} | (more[0] if more else {})
        if wanted:
            assert moments.years(source, "v", **said) == wanted
        else:
            with pytest.raises(InputError, match=r"mine.csv, column 'v': .*order"):
                moments.years(source, "v", **said)


def test_nothing_is_left_where_spark_is_started(spark, start):
    assert spark.sql("SHOW TABLES").count() == 0  # it looks for its own tables
    assert list(start.iterdir()) == []


def test_decimals_as_labels_are_written_as_python_writes_them(spark, tmp_path):
    """Java writes 1.0E-4, 1.25E7 and Infinity."""
    rng = np.random.default_rng(7)
    numbers = [1e-4, 1.25e-4, 9.9e-5, 1e-300, 12345678.5, 2.0**53 + 1, 1e15 + 0.5, 1e18, 1e19, 1.5e22, np.inf, 0.1, 1e7]
    numbers += (rng.uniform(1, 10, 300).round(5) * 10.0 ** rng.integers(-9, 9, 300)).round(12).tolist()
    pd.DataFrame({"v": [*numbers, *(-number for number in numbers)]}).to_parquet(tmp_path / "mine.parquet")
    with open_spark(tmp_path / "mine.parquet", ["v"], ["v"]) as source:
        found = source.fetch(f"SELECT v, {sql.label(source, 'v')} AS label FROM file")
    assert found["label"].tolist() == [cells.label(float(value)) for value in found["v"]]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_spark_gives_what_duckdb_gives(spark, tmp_path, ending):
    frame = records()
    write(tmp_path / f"a{ending}", frame[:500])
    write(tmp_path / f"b{ending}", frame[500:])
    expected = moments.compute(frame, MODEL)
    assert len(expected.terms) == 6
    assert 0 < expected.incomplete["x.1"] < 20
    assert_same(moments.compute(tmp_path, MODEL, engine="spark"), expected)


def test_a_table_is_named_in_words(spark, tmp_path):
    frame = records()
    write(tmp_path / "a.parquet", frame)
    spark.read.parquet(str(tmp_path)).createGlobalTempView("students")
    plain = replace(MODEL, weight="", cluster="", subset={}, categories={})
    found = moments.compute("global_temp.students", plain, engine="spark")
    assert_same(found, moments.compute(frame, plain))
    assert not spark.catalog.tableExists("records")


def spoilt(column, value):
    frame = records().astype({column: object})
    frame.loc[frame.index[frame["kind of school"] == "hi'gh"][:2], column] = value
    return frame


MISTAKES = {
    "misspelt column": (records(), {"outcome": "the outcom"}, "no column 'the outcom'. Did you mean 'the outcome'"),
    "no such baseline": (records(), {"baseline": "2011"}, "no '2011' to compare with; it has 2012, 2013, 2014"),
    "text": (spoilt("whole", "many"), {}, "'whole': text in a number column .partition 0: 'many'; partition 0: 'many'."),
    "negative weight": (spoilt("w", -1), {}, "'w': weights that are not positive .partition 0: '-1'"),
    "school in two districts": (spoilt("district", "zzz"), {}, "lies in 'district .' and in 'zzz'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_messages_are_the_same(spark, tmp_path, mistake):
    frame, more, message = MISTAKES[mistake]
    path = write(tmp_path / "mine.csv", frame)
    with pytest.raises(InputError, match=f"mine.csv.*{message}"):
        moments.compute(path, replace(MODEL, **more), engine="spark")


EXAMPLE = ROOT / "data" / "simulated" / "01-students.csv"
STUDY = {
    "outcome": "", "items": ["item_1", "item_2"], "low": 1, "high": 4, "balanced": False, "by": "", "school": "school",
    "year": "year", "baseline": "2015", "controls": ["poverty"], "categories": {"gender": "boy"}, "cluster": "district",
    "weight": "weight",
}  # fmt: skip


def test_a_whole_study(spark, tmp_path):
    """Words and codes of an item, a code for no answer, weights of 0, a measure made of items, and a sample."""
    frame = pd.read_csv(EXAMPLE, dtype=str)
    words = {"1": "never", "2": "seldom", "3": "often", "4": "always \\ 'ever'"}
    frame["item_2"] = frame["item_2"].replace(words)
    frame.loc[:20, "weight"] = "0"
    frame.loc[30:40, "poverty"] = "-9"
    frame.to_csv(tmp_path / "mine.csv", index=False, sep=";")
    said = STUDY | {"labels": list(words.values()), "options": Options(missing=[-9])}
    one, other = (own_practice.read(tmp_path / "mine.csv", **said, engine=e) for e in ("spark", "duckdb"))
    assert one.without_weight == other.without_weight == 21
    assert (one.files, one.years, one.told) == (other.files, other.years, other.told)
    pd.testing.assert_frame_equal(one.item_fit, other.item_fit, rtol=1e-12)
    for sums in ("moments", "counts"):
        assert_same(getattr(one, sums)["all records"], getattr(other, sums)["all records"])
    assert one.sample["poverty"].notna().all()
    pd.testing.assert_frame_equal(one.moving.drift, other.moving.drift, rtol=1e-9)
    key = one.sample.columns.tolist()
    pd.testing.assert_frame_equal(*(
        study.sample.sort_values(key, ignore_index=True) for study in (one, other)
    ))  # fmt: skip


def test_measures_without_an_item(spark, tmp_path):
    items, found = ["item_1", "item_2", "item_3"], []
    pd.read_csv(EXAMPLE).head(900).to_csv(tmp_path / "mine.csv", index=False)
    for engine in ("spark", "duckdb"):
        with open_by(engine, tmp_path / "mine.csv", [*items, "year"], ["year"]) as source:
            scale, _ = rasch.add_measure(source, items, 1, 4, "year", "2015")
            names = rasch.add_measures_without(source, scale, items[:2], 1)
            found.append(
                pd.DataFrame(source.fetch(f"SELECT {', '.join([*items, *names])} FROM file")).sort_values(items)
            )
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in found), rtol=1e-12)


def test_a_release(spark, tmp_path):
    """Sums of a table, and the checks that need counts and values of the records."""
    frame = pd.read_csv(EXAMPLE)
    frame["low"] = (frame["poverty"] > 0).astype(int)
    spark.createDataFrame(frame.astype(object).where(frame.notna(), None).values.tolist(), list(frame)).createOrReplaceGlobalTempView("released")  # fmt: skip
    given = {
        "data": "global_temp.released", "engine": "spark", "outcome": "practice", "school": "school", "year": "year",
        "baseline": 2015, "order": [], "controls": ["low"], "categories": ["gender"], "cluster": "", "weight": "weight",
        "by": "", "drop": ["S01"], "merge": {"2 and 3": ["school 02", "school 03"]}, "limits": risk.read(""),
        "encoding": "utf-8", "missing": [], "decimal": "", "thousands": "", "sheet": "",
    }  # fmt: skip
    frame.to_parquet(tmp_path / "mine.parquet")
    (one, rows), (other, expected) = (
        panels.read(given | more) for more in ({}, {"data": str(tmp_path / "mine.parquet"), "engine": "duckdb"})
    )
    assert rows == expected == len(frame)
    one, other = one["all records"], other["all records"]
    assert one.values == other.values
    assert one.values["low"] == (0, 1)
    assert {cell: counts.tolist() for cell, counts in one.cells.items()} == {
        cell: counts.tolist() for cell, counts in other.cells.items()
    }
    assert_same(one.moments, other.moments)
    assert "2 and 3" in set(one.groups["school"])
    numbers = ["mean", "squares", "total"]
    pd.testing.assert_frame_equal(
        one.groups.drop(columns=numbers), other.groups.drop(columns=numbers), check_dtype=False
    )
    assert one.groups[numbers].to_numpy() == pytest.approx(other.groups[numbers].to_numpy(), rel=1e-9, abs=1e-9)
    assert folder._about(given | {"risk": "", "earlier": ""}, "pooled", {}, rows, "")["inputs"] == []


def test_a_table_stands_in_the_small_print_and_is_never_up_to_date(tmp_path):
    run = session.Session("your-data/01-practice-change", {"engine": "spark"}, {"engine": "duckdb"}, tmp_path, "01", "")
    assert session.opens(run, "our.students", "spark") == "our.students"
    own = session.section(run, "our.students")
    assert (own.state, own.names, own.of_users_data) == ("microdata", ["table our.students"], True)
    (tmp_path / "tables").mkdir()
    cards.table(
        own, pd.DataFrame({"a": [1]}), "one", title="One", caption="A table of one number.", columns={"A": "{a}"}
    )
    lines = session.lines(tmp_path)
    assert lines[0] == {"kind": "queried", "name": "our.students"}
    assert lines[-1]["sources"] == ["table our.students"]
    (tmp_path / "state.json").write_text(
        json.dumps({"stamps": {}, "inputs": [], "made": {}, "tables": ["our.students"]})
    )
    job = plan.Job(EXAMPLE, tmp_path, "", "mine", {}, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "notebook_stamps", lambda *_: {})
        assert plan.why_stale(job) == "the table our.students may have changed"
    with pytest.raises(InputError, match=r"our\.students: there is no such file"):
        session.section(SimpleNamespace(parameters={"engine": "duckdb"}), "our.students")


@pytest.mark.parametrize(
    ("data", "table"),
    [("our.students", True), ("students", True), ("data/raw", False), ("absent.csv", False), ("a/b", False), ("data", False)],
)  # fmt: skip
def test_what_names_a_table(data, table):
    assert isinstance(named(data, "spark"), str) == table
    assert not isinstance(named(data), str)


def test_a_folder_of_unlike_files(spark, tmp_path):
    write(tmp_path / "a.csv", records())
    write(tmp_path / "b.csv", records().drop(columns="w"))
    with pytest.raises(InputError, match=r"b.csv lacks the column w|no column 'w'"):
        moments.compute(tmp_path, MODEL, engine="spark")


def test_text_that_is_not_utf_8_far_down(spark, tmp_path):
    """Spark would make question marks of it, so that two names become one."""
    path = tmp_path / "mine.csv"
    path.write_bytes(b"k,v\n" + b"a,b\n" * 30_000 + "a,\u00e9\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"mine\.csv, row 30002: the text is not utf-8"):
        open_spark(path, ["v"], ["v"])


def test_quotes_and_very_many_columns(spark, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('k,v\na,5" wide\nb,2\n')
    with pytest.raises(InputError, match="a quote is opened and not closed, or stands alone within a cell"):
        open_spark(path, ["v"], ["v"])
    path.write_text(f"{','.join(f'v{place}' for place in range(6000))}\n")
    with pytest.raises(InputError, match="6,000 columns are too many for Spark"):
        open_spark(path, ["v1"])


def test_what_spark_cannot_read(spark, tmp_path):
    with pytest.raises(InputError, match=r"no\.table: Spark cannot read it .*TABLE_OR_VIEW_NOT_FOUND"):
        moments.compute("no.table", MODEL, engine="spark")
    write(tmp_path / "cut.parquet", records())
    content = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[:-500])
    with pytest.raises(InputError, match=r"cut\.parquet: Spark cannot read it"):
        moments.compute(tmp_path / "cut.parquet", MODEL, engine="spark")
    (tmp_path / "mine.sav").write_bytes(b"$FL2")
    with pytest.raises(InputError, match=r"mine\.sav: Spark reads CSV and Parquet"):
        moments.compute(tmp_path / "mine.sav", MODEL, engine="spark")


def test_without_pyspark_the_remedy_is_named(tmp_path, monkeypatch):
    for name in ("pyspark", "pyspark.sql", "pyspark.errors"):
        monkeypatch.setitem(sys.modules, name, None)
    path = write(tmp_path / "mine.csv", records())
    with pytest.raises(InputError, match=r"pip install 'open-classrooms\[spark\]'"):
        moments.compute(path, MODEL, engine="spark")


def test_without_java_the_remedy_is_named(tmp_path):
    need(importlib.util.find_spec("pyspark"), "pyspark (the extra `spark`)", "REQUIRE_PEERS")
    path = write(tmp_path / "mine.csv", records())
    code = f"""
from pathlib import Path
from helpers.estimate import moments
moments.compute(Path({str(path)!r}), moments.Model("y", "school", "year", "2012"), engine="spark")
"""
    bare = {key: os.environ[key] for key in ("HOME",) if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=bare | {"JAVA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert "InputError: engine 'spark' cannot start" in done.stderr
    assert "It needs Java 17 or newer" in done.stderr
