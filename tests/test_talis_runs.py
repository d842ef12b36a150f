"""Notebook 03: the OECD's files beside print, and the user's TALIS files or survey, and files that are wrong."""

import shutil
import zipfile

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import inprocess
import inside
from conftest import ROOT
from helpers.notebook import session
from helpers.project import locate
from helpers.read import published

pytestmark = pytest.mark.slow

NOTEBOOK = "03-talis-deprivatization"
ZIP = ROOT / "data" / "simulated" / "03-talis.zip"
SURVEY = "data/simulated/03-survey.csv"
SHARES = [
    "system", "item", "statistic", "share", "std_error", "ci_low", "ci_high", "n", "n_schools",
    "state",
]  # fmt: skip


@pytest.fixture(autouse=True)
def raw(tmp_path, monkeypatch):
    """A folder in the place of data/raw/talis, whatever the developer keeps there."""
    folder = tmp_path / "raw" / "talis"

    def there(path):
        return folder if str(path) == "data/raw/talis" else locate(path)

    monkeypatch.setattr(session, "locate", there)
    return folder


def run(folder, **values):
    return inprocess.run(folder / "run", NOTEBOOK, **values)


def ledger(done):
    lines = session.lines(done.folder)
    return {line["id"]: line for line in lines if line["kind"] == "ledger"}


def test_without_files_the_evidence_is_print_alone(tmp_path):
    done = run(tmp_path)
    assert "None of the OECD's files are in" in done.page
    assert "make fetch SURVEY=talis2018" in done.page
    assert not (done.folder / "tables" / f"{NOTEBOOK}--shares.csv").exists()
    names = {path.stem.partition("--")[2] for path in done.folder.glob("figures/*.csv")}
    assert names == {"seeing", "printed-chile"}
    assert set(done.table("being-observed")["statistic"]) == {"lowest", "highest"}
    assert done.table("printed-single")["share"].between(0, 1).all()
    entered = ledger(done)
    assert {line["state"] for line in entered.values()} == {"published", "recomputed", "moments"}
    assert "direction agrees: 64% (53 to 73) in B-M-V (Chile)" in entered["001-talis-CHL-B-never-rank"]["note"]
    assert "36.7% (SE 1.6)" in entered["004-text-talis-never-us"]["note"]
    printed = published.everything()
    of_talis = printed.index[printed["file"].isin(["data/published/talis-q33.csv", "data/published/001-talis.csv"])]
    assert set(of_talis) <= set(entered)
    callout = entered["004-text-talis-callout-us"]
    assert (callout["holds"], callout["state"]) == (False, "published")
    assert "simulated" not in done.page
    assert done.answer.endswith("What TALIS has of whole countries needs the OECD's files.")


def test_simulated_files_in_the_place_of_the_oecds_are_no_evidence(tmp_path, raw):
    raw.mkdir(parents=True)
    shutil.copy(ZIP, raw)
    done = run(tmp_path)
    assert "None of the OECD's files are in" in done.page
    assert not (done.folder / "tables" / f"{NOTEBOOK}--shares.csv").exists()


def test_real_files_give_shares_of_three_systems(tmp_path, shared):
    """The demonstration sample: lower secondary alone, other letters and levels passed over."""
    source = shared / "data" / "talis"
    before = sorted(path.name for path in source.iterdir())
    done = run(tmp_path, data=str(source))
    found = done.table("shares")
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
    assert not done.table("checks")["agrees"].any()  # a sample is no whole file, and the page says so
    assert "printed numbers do not come out of these files" in done.page
    assert not ledger(done)  # what a user brings enters no ledger
    assert sorted(path.name for path in source.iterdir()) == before  # nothing is left there


@pytest.mark.build
def test_files_dropped_in_raw_stand_beside_print(project, shared):
    raw = project / "data" / "raw" / "talis"
    raw.mkdir()
    shutil.copy(shared / "data" / "talis" / "BTGITAT3.sav", raw)
    (project / "params" / "raw.yml").write_text("by: sex\n")
    done = inside.build(project, "run", NOTEBOOK, "params/raw.yml")
    assert done.returncode == 0, done.stderr
    tables = project / "build" / "runs" / "raw" / "tables"
    names = {path.stem.partition("--")[2] for path in tables.glob("*.csv")}
    assert names == {"checks", "counts", "shares", "by", "directions", "printed-single", "being-observed"}
    assert set(pd.read_csv(tables / f"{NOTEBOOK}--shares.csv")["system"]) == {"ITA"}
    assert set(pd.read_csv(tables / f"{NOTEBOOK}--by.csv")["term"]) == {"Male"}


def test_files_that_fail_the_check_say_nothing_of_print(tmp_path, raw, shared):
    """A system of which numbers are printed, beside a sample that does not give what is printed of it."""
    raw.mkdir(parents=True)
    shutil.copy(shared / "data" / "talis" / "BTGITAT3.sav", raw)
    frame, meta = pyreadstat.read_sav(raw / "BTGITAT3.sav", user_missing=True)
    frame = frame.assign(CNTRY="CHL", IDCNTRY=152)
    labels = meta.variable_value_labels
    pyreadstat.write_sav(frame, raw / "BTGCHLT3.sav", variable_value_labels=labels)
    done = run(tmp_path)
    assert set(done.table("shares")["system"]) == {"CHL", "ITA"}
    entered = ledger(done)
    assert {line["state"] for line in entered.values()} == {"published", "recomputed", "moments"}
    assert "do not give the numbers" in entered["001-talis-CHL-H-monthly"]["note"]
    assert "failed the check above" in done.page


def test_files_that_pass_the_check_are_set_beside_print(tmp_path, raw, shared):
    """Without the question of sex nothing can fail; Chile's shares are set beside what is printed of them."""
    raw.mkdir(parents=True)
    source = shared / "data" / "talis" / "BTGITAT3.sav"
    frame, meta = pyreadstat.read_sav(source, user_missing=True)
    frame = frame.assign(CNTRY="CHL", IDCNTRY=152).drop(columns="TT3G01")
    labels = {k: v for k, v in meta.variable_value_labels.items() if k in frame}
    pyreadstat.write_sav(frame, raw / "BTGCHLT3.sav", variable_value_labels=labels)
    done = run(tmp_path)
    entered = ledger(done)["001-talis-CHL-H-monthly"]
    shares = done.table("shares").set_index(["item", "statistic"])["share"]
    assert entered["low"] == pytest.approx(100 * shares["H", "monthly"])
    assert entered["state"] == "microdata"
    assert done.table("claims")["ours"].sub(entered["low"]).abs().min() < 1e-9


def member(folder):
    """A simulated system's file out of the archive."""
    with zipfile.ZipFile(ZIP) as archive:
        name = next(name for name in archive.namelist() if "BTGXXBT3" in name)
        archive.extract(name, folder)
    return folder / name


def test_a_file_out_of_the_simulated_archive_stays_simulated(tmp_path):
    member(tmp_path / "copied")
    done = run(tmp_path, drawn=True, data=str(tmp_path / "copied"))
    assert set(done.table("shares")["state"]) == {"simulated"}
    for path in done.folder.glob("figures/*.svg"):
        assert ">SIMULATED" in path.read_text()


def test_a_changed_file_of_a_simulated_system_stays_simulated(tmp_path):
    path = member(tmp_path / "copied")
    frame, meta = pyreadstat.read_sav(path, user_missing=True)
    labels = meta.variable_value_labels
    pyreadstat.write_sav(frame.iloc[1:], path, variable_value_labels=labels)
    done = run(tmp_path, data=str(path))
    assert set(done.table("shares")["state"]) == {"simulated"}


def test_own_survey_under_other_names(tmp_path):
    """Shares and linearised errors by hand."""
    rng = np.random.default_rng(3)
    words = ["nie", "selten", "oft"]
    own = pd.DataFrame(
        {
            "Fach": rng.choice(["Mathe", "Sprachen"], 300),
            "Hospitation (Frage 1)": rng.choice(words, 300, p=[0.6, 0.3, 0.1]),
            "Gewicht": rng.uniform(0.5, 2, 300).round(3),
            "Austausch": rng.choice(words, 300),
            "Alter": rng.integers(25, 60, 300),
        }
    )
    own.to_csv(tmp_path / "umfrage.csv", index=False, sep=";", decimal=",")
    done = run(
        tmp_path, data=str(tmp_path / "umfrage.csv"), items=["Hospitation (Frage 1)", "Austausch"],
        labels=words, frequent=1, group="Fach", weight="Gewicht", means=["Alter"],
    )  # fmt: skip
    ages = done.table("means").set_index("system")
    paired = done.table("items").set_index("system")
    both = done.table("shares").set_index(["system", "statistic", "item"])["share"]
    found = done.table("shares")
    found = found[found["item"].str.startswith("Hosp")].set_index(["system", "statistic"])
    for system, part in own.groupby("Fach"):
        w, y = part["Gewicht"], part["Hospitation (Frage 1)"] == "oft"
        share = (w * y).sum() / w.sum()
        row = found.loc[(system, "often")]
        assert row["share"] == pytest.approx(share, rel=1e-10)
        u = w * (y - share) / w.sum()
        # Respondents of the other group count as those of the sample: n = 300.
        assert row["std_error"] ** 2 == pytest.approx(300 / 299 * (u**2).sum(), rel=1e-9)
        assert row["n"] == len(part)
        assert ages.at[system, "estimate"] == pytest.approx((w * part["Alter"]).sum() / w.sum(), rel=1e-10)
        other = part["Austausch"] == "oft"
        v = w * (other - (w * other).sum() / w.sum()) / w.sum()
        assert paired.at[system, "std_error"] ** 2 == pytest.approx(300 / 299 * ((u - v) ** 2).sum(), rel=1e-9)
        assert paired.at[system, "estimate"] == pytest.approx(
            both[system, "often", "Hospitation (Frage 1)"] - both[system, "often", "Austausch"]
        )
    assert "groups are parts (domains) of one sample" in done.page
    assert set(found["state"]) == {"microdata"}
    compared = done.table("differences")
    often = found.xs("often", level="statistic")["share"]
    expected = often[compared["system"].iloc[0]] - often[compared["other"].iloc[0]]
    compared = compared[compared["item"].str.startswith("Hosp")]
    assert compared.set_index("statistic").at["often", "estimate"] == pytest.approx(expected)
    assert done.answer.startswith("In the data read here “nie” is answered most often to “")


def test_a_survey_without_groups_has_nothing_to_compare(tmp_path):
    own = pd.DataFrame(
        {"q": ["nie", "oft"] * 20, "ort": np.repeat(["a", "b", "c", "d"], 10), "land": np.repeat(["x", "y"], 20)}
    )
    own.to_csv(tmp_path / "klein.csv", index=False)
    asked = {"items": ["q"], "labels": ["nie", "oft"], "frequent": 1, "school": "ort", "strata": "land"}
    done = run(tmp_path, data=str(tmp_path / "klein.csv"), **asked, interval="Korn-Graubard")
    assert "with schools as clusters within 2 strata" in done.page
    assert "Few schools: all (4)." in done.page
    assert "Intervals of 95% are by Korn and Graubard" in done.page
    assert "One question only: no two to compare." in done.page
    assert "Nothing to compare: there is one only." in done.page
    assert "One cycle only: no change to show." in done.page
    assert "No column is named in `by`." in done.page
    assert done.table("shares")["share"].tolist() == [0.5, 0.5]


def html_zip(path):
    path.write_text("<!DOCTYPE html><title>Sorry</title>")


def cut_zip(path):
    path.write_bytes(ZIP.read_bytes()[:20_000])


def outside_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.sav", b"$FL2")


def no_teachers(path):
    with zipfile.ZipFile(ZIP) as whole, zipfile.ZipFile(path, "w") as archive:
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
def test_wrong_files_are_refused(tmp_path, mistake):
    spoil, named = WRONG[mistake]
    (tmp_path / "mine").mkdir()
    spoil(tmp_path / "mine" / "bad.zip")
    data = str(tmp_path / "mine" / "bad.zip")
    inprocess.refused(lambda: run(tmp_path, data=data), "bad.zip", *named)
    assert not list(tmp_path.rglob("outside.sav"))


WORDS = ["never", "once a year", "once a term", "monthly", "weekly"]
IDLE = {
    "questions without a file": ({"items": ["q"]}, "`data` is missing"),
    "an empty name": ({"data": ""}, "`data` is empty"),
    "systems of no files": ({"systems": ["FIN"]}, "`systems`: this is about the OECD's files, and none are in"),
    "weights of no questions": ({"data": str(ZIP), "weight": "w", "fay": 0.3}, "`weight`, `fay`: this is about a survey of your own"),
    "level of a survey": ({"items": ["q"], "data": SURVEY, "level": "primary"}, "`level`: this is about TALIS"),
    "strata of TALIS": ({"data": str(ZIP), "strata": "land", "means": ["x"]}, "`strata`, `means`: this is about a survey of your own"),
    "no replicates": ({"items": ["q"], "data": SURVEY, "fay": 0.3}, "`fay`: this is about replicate weights"),
    "nothing to divide by": ({"within_schools": True}, "`within_schools`: this needs groups"),
    "nothing to divide yours by": ({"data": str(ZIP), "within_schools": True}, "`within_schools`: this needs groups"),
    "no such group": ({"items": ["share"], "data": SURVEY, "systems": ["Latin"], "labels": WORDS}, "there is no group Latin. There are: all"),
    "a level that is not there": ({"data": str(ZIP), "level": "primary"}, "lower secondary"),
    "an encoding that is none": ({"data": str(ZIP), "encoding": "klingon"}, "encoding 'klingon' is not known"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", IDLE)
def test_parameters_of_which_nothing_would_come_are_refused(tmp_path, mistake):
    values, said = IDLE[mistake]
    inprocess.refused(lambda: run(tmp_path, **values), said)


def test_a_system_that_is_not_there_is_named_and_an_encoding_reaches_the_files(tmp_path):
    done = run(tmp_path, data=str(ZIP), average=["XXA", "XXB", "NIX"], encoding="latin-1")
    assert "Not in these files: NIX" in done.page
    assert "Mean of 2" in set(done.figure("shares")["label"])
