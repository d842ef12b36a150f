"""The same sums on Spark: a local session, awkward names, and the same messages."""

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from conftest import need
from helpers.estimate import moments
from helpers.project import InputError

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),  # one session
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
def spark():
    need(importlib.util.find_spec("pyspark"), "pyspark (the extra `spark`)", "REQUIRE_PEERS")
    need(shutil.which("java"), "Java", "REQUIRE_JAVA")
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "OFF",
        # Compiling costs more than these few records are worth.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
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


def test_spaces_and_decimals_in_labels(spark, tmp_path):
    frame = records().drop(columns='"our" school').assign(school=lambda d: d["w"].round(1).astype(str))
    frame["year"] = frame["year"].astype("Int64").astype(str) + " "
    frame.loc[:20, "year"] = "  "
    model = replace(MODEL, school="school", cluster="", categories={})
    duckdb.sql("SELECT * REPLACE (CAST(school AS DECIMAL(6,2)) * 100 AS school) FROM frame").write_parquet(str(tmp_path / "a.parquet"))  # fmt: skip
    found = moments.compute(tmp_path, model, engine="spark")
    assert found.terms[:2] == ("2013", "2014")
    assert "100" in found.schools
    assert_same(found, moments.compute(tmp_path, model))


def test_decimal_commas(spark, tmp_path):
    records().to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",")
    assert_same(moments.compute(tmp_path, MODEL, engine="spark"), moments.compute(tmp_path, MODEL))


def spoilt(column, value):
    frame = records().astype({column: object})
    frame.loc[frame.index[frame["kind of school"] == "hi'gh"][:2], column] = value
    return frame


MISTAKES = {
    "misspelt column": (records(), {"outcome": "the outcom"}, "no column 'the outcom'. Did you mean 'the outcome'"),
    "no such baseline": (records(), {"baseline": "2011"}, "no '2011' to compare with; it has 2012, 2013, 2014"),
    "text": (spoilt("whole", "many"), {}, "'whole': text in a number column .partition 0: 'many'; partition 0: 'many'."),
    "infinite": (spoilt("x.1", "Infinity"), {}, "'x.1': infinite values .partition 0: 'Infinity'"),
    "negative weight": (spoilt("w", -1), {}, "'w': weights that are not positive .partition 0: '-1'"),
    "school in two districts": (spoilt("district", "zzz"), {}, "lies in 'district .' and in 'zzz'"),
    "no such level": (records(), {"subset": {"kind of school": "low"}}, "no 'low'; it has hi'gh, middle"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_messages_are_the_same(spark, tmp_path, mistake):
    frame, more, message = MISTAKES[mistake]
    path = write(tmp_path / "mine.csv", frame)
    with pytest.raises(InputError, match=f"mine.csv.*{message}"):
        moments.compute(path, replace(MODEL, **more), engine="spark")


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
