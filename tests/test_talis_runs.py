"""Notebook 03 from the command line to the tables: TALIS files, the user's own survey, and files that are wrong."""

import json
import shutil
import zipfile

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import inside
from conftest import refused

pytestmark = pytest.mark.build
NOTEBOOK = "03-talis-deprivatization"
SHARES = [
    "system", "item", "statistic", "share", "std_error", "ci_low", "ci_high", "n", "n_schools",
    "state",
]  # fmt: skip


def run(project, stem, **values):
    (project / "params" / f"{stem}.yml").write_text(json.dumps(values))
    return inside.build(project, "run", NOTEBOOK, f"params/{stem}.yml")


def table(project, stem, name="shares"):
    return pd.read_csv(project / "build" / "runs" / stem / "tables" / f"{NOTEBOOK}--{name}.csv")


def test_real_files_give_shares_of_three_systems(project, shared):
    """The demonstration sample: lower secondary alone, other letters and levels passed over."""
    source = shared / "data" / "talis"
    before = sorted(path.name for path in source.iterdir())
    done = run(project, "real", data=str(source))
    assert done.returncode == 0, done.stderr
    found = table(project, "real")
    assert set(SHARES) <= set(found)
    assert set(found["system"]) == {"ITA", "MEX", "FRA"}
    assert found.groupby(["system", "item", "statistic"]).size().eq(1).all()
    assert set(found["item"]) == set("ABCDEFGH")
    assert set(found["statistic"]) == {"never", "monthly"}
    assert set(found["state"]) == {"microdata"}
    assert found["share"].dropna().between(0, 1).all()
    french = found[found["system"] == "FRA"].set_index("item")
    assert set(french.index[french["share"].isna()]) == {"B", "D"}  # not asked there
    assert found.groupby("system")["n"].max().to_dict() == {"FRA": 132, "ITA": 174, "MEX": 149}
    checks = table(project, "real", "checks")
    assert not checks["agrees"].any()  # a sample is no whole file, and the page says so
    page = (project / "build" / "runs" / "real" / "notebook.html").read_text()
    assert "printed numbers do not come out of these files" in page
    assert sorted(path.name for path in source.iterdir()) == before  # nothing is left there


def test_files_dropped_in_raw_take_the_place_of_simulated_ones(project, shared):
    raw = project / "data" / "raw" / "talis"
    raw.mkdir()
    shutil.copy(shared / "data" / "talis" / "BTGITAT3.sav", raw)
    done = run(project, "raw", by="sex")
    assert done.returncode == 0, done.stderr
    assert set(table(project, "raw")["system"]) == {"ITA"}
    assert set(table(project, "raw", "by")["term"]) == {"Male"}
    shutil.rmtree(raw)


def test_files_that_fail_the_check_say_nothing_of_print(project, shared):
    """A system of which numbers are printed, beside a sample that does not give what is printed of it."""
    raw = project / "data" / "raw" / "talis"
    raw.mkdir()
    shutil.copy(shared / "data" / "talis" / "BTGITAT3.sav", raw)
    frame, meta = pyreadstat.read_sav(raw / "BTGITAT3.sav", user_missing=True)
    frame = frame.assign(CNTRY="CHL", IDCNTRY=152)
    labels = meta.variable_value_labels
    pyreadstat.write_sav(frame, raw / "BTGCHLT3.sav", variable_value_labels=labels)
    done = run(project, "failing")
    assert done.returncode == 0, done.stderr
    assert set(table(project, "failing")["system"]) == {"CHL", "ITA"}
    record = project / "build" / "runs" / "failing" / "record.jsonl"
    entered = [json.loads(line) for line in record.read_text().splitlines()]
    entered = {line["id"]: line for line in entered if line["kind"] == "ledger"}
    assert {line["state"] for line in entered.values()} == {"published", "recomputed"}
    assert "do not give the numbers" in entered["001-talis-CHL-H-monthly"]["note"]
    shutil.rmtree(raw)


def test_a_file_out_of_the_simulated_archive_stays_simulated(project):
    raw = project / "data" / "raw" / "copied"
    with zipfile.ZipFile(project / "data" / "simulated" / "03-talis.zip") as archive:
        member = next(name for name in archive.namelist() if "BTGXXBT3" in name)
        archive.extract(member, raw)
    done = run(project, "copied", data="data/raw/copied")
    assert done.returncode == 0, done.stderr
    assert set(table(project, "copied")["state"]) == {"simulated"}
    for path in (project / "build" / "runs" / "copied" / "figures").glob("*.svg"):
        assert "<!-- SIMULATED" in path.read_text()


def test_own_survey_under_other_names(project):
    """Shares and linearised errors by hand."""
    rng = np.random.default_rng(3)
    words = ["nie", "selten", "oft"]
    own = pd.DataFrame(
        {
            "Fach": rng.choice(["Mathe", "Sprachen"], 300),
            "Hospitation (Frage 1)": rng.choice(words, 300, p=[0.6, 0.3, 0.1]),
            "Gewicht": rng.uniform(0.5, 2, 300).round(3),
        }
    )
    own.to_csv(project / "data" / "raw" / "umfrage.csv", index=False, sep=";", decimal=",")
    done = run(
        project, "umfrage", data="data/raw/umfrage.csv", items=["Hospitation (Frage 1)"], labels=words,
        frequent=1, group="Fach", weight="Gewicht",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = table(project, "umfrage").set_index(["system", "statistic"])
    for system, part in own.groupby("Fach"):
        w, y = part["Gewicht"], part["Hospitation (Frage 1)"] == "oft"
        share = (w * y).sum() / w.sum()
        row = found.loc[(system, "often")]
        assert row["share"] == pytest.approx(share, rel=1e-10)
        u = w * (y - share) / w.sum()
        # Respondents of the other group count as those of the sample: n = 300.
        assert row["std_error"] ** 2 == pytest.approx(300 / 299 * (u**2).sum(), rel=1e-2)
        assert row["n"] == len(part)
    assert set(found["state"]) == {"microdata"}
    compared = table(project, "umfrage", "differences")
    often = found.xs("often", level="statistic")["share"]
    expected = often[compared["system"].iloc[0]] - often[compared["other"].iloc[0]]
    assert compared.set_index("statistic").at["often", "estimate"] == pytest.approx(expected)


def html_zip(path):
    path.write_text("<!DOCTYPE html><title>Sorry</title>")


def cut_zip(path):
    path.write_bytes(path.with_name("whole.zip").read_bytes()[:20_000])


def outside_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.sav", b"$FL2")


def no_teachers(path):
    with (
        zipfile.ZipFile(path.with_name("whole.zip")) as whole,
        zipfile.ZipFile(path, "w") as archive,
    ):
        for name in whole.namelist():
            if "BCG" in name:
                archive.writestr(name, whole.read(name))


WRONG = {
    "a page": (html_zip, []),
    "cut short": (cut_zip, []),
    "outside": (outside_zip, ["outside.sav"]),
    "schools only": (no_teachers, ["school"]),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_files_are_refused_and_leave_nothing(project, mistake):
    spoil, named = WRONG[mistake]
    raw = project / "data" / "raw"
    shutil.copy(project / "data" / "simulated" / "03-talis.zip", raw / "whole.zip")
    spoil(raw / "bad.zip")
    done = run(project, "spoilt", data="data/raw/bad.zip")
    (raw / "whole.zip").unlink()
    refused(project, done, "spoilt", ["bad.zip", *named])
    assert not (project / "data" / "outside.sav").exists()


WORDS = ["never", "once a year", "once a term", "monthly", "weekly"]
IDLE = {
    "questions without a file": ({"items": ["q"]}, "`items`: these are columns of your file"),
    "weights of no questions": ({"weight": "w", "fay": 0.3}, "`weight`, `fay`: this is about a survey of your own"),
    "level of a survey": ({"items": ["q"], "data": "data/simulated/03-survey.csv", "level": "primary"}, "`level`: this is about TALIS"),
    "no replicates": ({"items": ["q"], "data": "data/simulated/03-survey.csv", "fay": 0.3}, "`fay`: this is about replicate weights"),
    "nothing to divide by": ({"within_schools": True}, "`within_schools`: this needs groups"),
    "no such group": ({"items": ["share"], "data": "data/simulated/03-survey.csv", "systems": ["Latin"], "labels": WORDS}, "there is no group Latin. There are: all"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", IDLE)
def test_parameters_of_which_nothing_would_come_are_refused(project, mistake):
    values, said = IDLE[mistake]
    done = run(project, "idle", **values)
    assert done.returncode != 0
    assert said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_a_system_that_is_not_there_is_named_and_an_encoding_reaches_the_files(project):
    done = run(project, "other", data="data/simulated/03-talis.zip", average=["XXA", "XXB", "NIX"], encoding="latin-1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (project / "build" / "runs" / "other" / "notebook.html").read_text()
    assert "Not in these files: NIX" in page
    done = run(project, "unknown", data="data/simulated/03-talis.zip", encoding="klingon")
    assert "encoding 'klingon' is not known" in done.stderr


def test_a_level_that_is_not_there_names_those_that_are(project):
    done = run(project, "level", data="data/simulated/03-talis.zip", level="primary")
    assert done.returncode != 0
    assert "lower secondary" in done.stderr
    assert "Traceback" not in done.stderr
