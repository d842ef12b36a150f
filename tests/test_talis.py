"""TALIS files: the OECD's own, and small ones written here with everything that can be wrong in them."""

import csv
import json
import re
import shutil
import tempfile
import types
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import sas

from helpers.project import InputError
from helpers.read import pieces, talis, talis_codebook, talis_files
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED

LABELS = {
    1.0: "Never",
    2.0: "Once a year or less",
    3.0: "2-4 times a year",
    4.0: "5-10 times a year",
    5.0: "1-3 times a month",
    6.0: "Once a week or more",
    7.0: "Not Reached",
    8.0: "Not administered",
    9.0: "Omitted or invalid",
}
ANSWERS = [1, 6, 7, 8, 9, np.nan, 2, 3, 4, 5]
"""Answers to item A of the teachers written here; what becomes of them stands in CODES."""
CODES = [1, 6, NO_ANSWER, NOT_ADMINISTERED, NO_ANSWER, NO_ANSWER, 2, 3, 4, 5]
COUNTRIES = {152.0: "Chile", 840.0: "États-Unis", 999998.0: "Not administered"}


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Raw data, cache and temporary folders of this test alone; no temporary folder may stay."""
    made = types.SimpleNamespace(raw=tmp_path / "raw", cache=tmp_path / "cache")
    made.raw.mkdir()
    monkeypatch.setattr(talis, "RAW", made.raw)
    monkeypatch.setattr(talis, "CACHE", made.cache)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield made
    assert not list(temporary.iterdir())
    assert not [path for path in tmp_path.rglob("aside-*")]


def teachers(system="CHL", cycle=2018, level=2.0, **columns):
    """Ten teachers in five schools, as the OECD's teacher files have them."""
    digit, letters = {2013: ("2", "33"), 2018: ("3", "33"), 2024: ("4", "26")}[cycle]
    n = len(ANSWERS)
    questions = {f"TT{digit}G{letters}{item}": [float(k % 6 + 1) for k in range(n)] for item in "BCDEFGH"}
    weight = np.arange(1.0, n + 1)
    weights = {f"TRWGT{r}": weight * (0.5 if r % 2 else 1.5) for r in range(1, 101)}
    frame = {
        "IDSCHOOL": 1001.0 + np.arange(n) // 2,
        "IDTEACH": 100101.0 + np.arange(n),
        "CNTRY": [system] * n,
        "IDCNTRY": [840.0 if system == "USA" else 152.0] * n,
        "IDCNTPOP": [f"{system}{level:.0f}"] * n,
        f"TT{digit}G01": [1.0, 2.0, 9.0, 1.0, 2.0] * 2,
        f"TT{digit}G{letters}A": ANSWERS,
        **questions,
        "IDPOP": [level] * n,
        "TCHWGT": weight,
        **weights,
    }
    return pd.DataFrame(frame | columns)


def schools(system="CHL", level=2.0):
    return pd.DataFrame(
        {
            "IDSCHOOL": [1001.0, 1002.0, 1003.0],
            "CNTRY": system,
            "IDPOP": level,
            "TC3G12": [1.0, 2.0, 9.0],
            "SCHWGT": 1.0,
        }
    )


def write(path, frame, labels=None, missing=None, title=""):
    """A file in the format of its name, with labels and missing codes as the OECD declares them."""
    questions = [c for c in frame if re.fullmatch("TT[23]G33.|TT4G26.", c)]
    labels = {**dict.fromkeys(questions, LABELS), "IDCNTRY": COUNTRIES} | (labels or {})
    match path.suffix:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".dta":
            pyreadstat.write_dta(frame, str(path), variable_value_labels=labels, file_label=title)
        case ".sav" | ".zsav":
            declared = {key: [7, 8, 9] for key in questions} | (missing or {})
            pyreadstat.write_sav(
                frame, str(path), variable_value_labels=labels, missing_ranges=declared,
                file_label=title, compress=path.suffix == ".zsav",
            )  # fmt: skip
    return path


def refused(place, **options):
    """The message; no converted table may stay."""
    with pytest.raises(InputError) as error:
        talis.read(place, **options)
    kept = [*talis.CACHE.rglob("*.parquet"), *talis.RAW.rglob("*.parquet")]
    assert not [path for path in kept if path.parent.name.startswith("bad")]
    return str(error.value)


# The OECD's files


def test_oecd_sample(shared):
    survey = talis.read(shared / "data" / "talis")
    by = survey.frame.groupby("system")
    assert by.size().to_dict() == {"ITA": 180, "MEX": 151, "FRA": 142}
    assert by["name"].first().to_dict() == {"ITA": "Italy", "MEX": "Mexico", "FRA": "France"}
    not_administered = (survey.frame[list("ABCDEFGH")] == NOT_ADMINISTERED).groupby(survey.frame["system"]).sum()
    assert not_administered.loc["FRA"].to_dict() == dict.fromkeys("ABCDEFGH", 0) | {
        "B": 142,
        "D": 142,
    }
    assert not not_administered.drop("FRA").to_numpy().any()
    assert survey.frame["cycle"].eq(2018).all()
    assert survey.frame["level"].eq(2).all()
    assert survey.weights.shape == (473, 101)
    assert not survey.simulated
    assert survey.often == 5
    assert survey.statistics == ("never", "monthly")
    assert survey.fewest == (30, 10)
    assert survey.fay == 0.5


def test_oecd_sample_primary(shared):
    survey = talis.read(shared / "data" / "talis", level=1)
    assert survey.frame["system"].value_counts().to_dict() == {"FRA": 75}
    assert (survey.frame[["B", "D"]] == NOT_ADMINISTERED).all(axis=None)
    assert [path.name for path in survey.files] == ["ATGFRAT3.sav"]


def test_oecd_sample_answers_and_weights(shared):
    path = shared / "data" / "talis" / "BTGITAT3.sav"
    raw, _ = pyreadstat.read_sav(str(path), user_missing=True)
    survey = talis.read(path, extra=("TT3G23O", "T3COOP", "TT3G42D"))
    for item in "ABCDEFGH":
        expected = raw[f"TT3G33{item}"].replace({7: NO_ANSWER, 8: NOT_ADMINISTERED, 9: NO_ANSWER})
        assert survey.frame[item].tolist() == expected.tolist()
    assert (survey.weights[:, 0] == raw["TCHWGT"]).all()
    assert (survey.weights[:, 37] == raw["TRWGT37"]).all()
    assert survey.frame["sex"].eq("Female").sum() == 142
    # 6 is no answer to this question.
    assert survey.frame["TT3G23O"].value_counts().to_dict() == {2.0: 122, 1.0: 42}
    assert survey.frame["T3COOP"].max() < 100
    assert survey.frame["TT3G42D"].isna().all()  # the sample lacks it


def test_oecd_known_answer(shared):
    """Share of women among teachers of the sample, which the replicate weights go with, needs all of them in order."""
    survey = talis.read(shared / "data" / "talis", extra=("TT3G23O",))
    italy = (survey.frame["system"] == "ITA").to_numpy()
    answer, weights = survey.frame["TT3G23O"].to_numpy()[italy], survey.weights[italy]
    answered = ~np.isnan(answer)
    shares = weights[answered].T @ (answer[answered] == 2) / weights[answered].sum(axis=0)
    assert 100 * shares[0] == pytest.approx(73.89046115, rel=1e-9)
    error = np.sqrt(0.04 * ((shares[1:] - shares[0]) ** 2).sum())
    assert 100 * error == pytest.approx(3.753801123, rel=1e-9)


def test_oecd_school_file_alone_is_refused(shared):
    message = refused(shared / "data" / "talis" / "BCGITAT3.sav")
    assert message.startswith("BCGITAT3.sav: it holds answers of principals only (a school file).")
    assert "BTG" in message


def test_oecd_school_file_as_it_describes_itself(shared):
    table = pieces.describe(shared / "data" / "talis" / "BCGITAT3.sav", "BCGITAT3.sav")
    assert (table.rows, len(table.columns), table.title) == (192, 448, "")
    assert len(table.labels["IDCNTRY"]) == 51
    assert table.labels["IDCNTRY"][156001] == "Shanghai (China)"
    assert table.missing["IDSCHOOL"] == [(9998, 9998), (9999, 9999)]
    (piece,) = pieces.pieces(table, ["CNTRY", "TC3G12", "SRWGT100"], text=("CNTRY",))
    assert list(piece.columns) == ["CNTRY", "TC3G12", "SRWGT100"]
    assert (piece.index[0], piece.index[-1]) == (1, 192)
    assert piece["TC3G12"].value_counts().to_dict() == {1: 179, 2: 11, 8: 2}
    assert piece["SRWGT100"].notna().all()


def test_oecd_school_file_gives_school_types(shared, folders):
    for name in ("BTGITAT3.sav", "BCGITAT3.sav"):
        shutil.copy(shared / "data" / "talis" / name, folders.raw / name)
    # The sample's schools are renumbered: give the teachers the numbers of the school file.
    raw, meta = pyreadstat.read_sav(str(folders.raw / "BTGITAT3.sav"), user_missing=True)
    raw["IDSCHOOL"] = 3001.0 + np.arange(len(raw)) % 192
    pyreadstat.write_sav(raw, str(folders.raw / "BTGITAT3.sav"), missing_ranges=meta.missing_ranges)
    types, _ = pyreadstat.read_sav(str(folders.raw / "BCGITAT3.sav"))
    expected = raw.merge(types[["IDSCHOOL", "TC3G12"]], how="left")["TC3G12"].map({1: "Public", 2: "Private"})
    survey = talis.read(folders.raw)
    assert survey.frame["school_type"].fillna("").tolist() == expected.fillna("").tolist()
    assert {path.name for path in survey.files} == {"BTGITAT3.sav", "BCGITAT3.sav"}


@pytest.fixture(scope="module")
def codebook(shared):
    with (shared / "data" / "talis" / "codebook_talis2018_teacher.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    parsed = {}
    for row in rows:
        labels = dict(re.findall(r"(-?[\d.]+)=(.*?)(?:; (?=-?[\d.]+=)|$)", row["value_labels"]))
        labels = {float(code): label for code, label in labels.items()}
        missing = {float(code) for code in row["na_values"].split(";") if code}
        if row["na_range"]:
            low, high = map(float, row["na_range"].split(";"))
            missing |= {code for code in labels if low <= code <= high}
        parsed[row["variable"]] = (labels, missing)
    return parsed


def test_codebook_of_the_question_is_the_oecds(codebook):
    for item, variable in talis_codebook.QUESTIONS[2018].items():
        labels, missing = codebook[variable]
        assert set(labels) - missing == set(talis_codebook.ANSWERS), item
        assert missing == {talis_codebook.NOT_ASKED, *talis_codebook.UNANSWERED[2018]}
        assert labels[talis_codebook.NOT_ASKED] == "Not administered"
        assert [labels[code] for code in talis_codebook.ANSWERS] == talis.CATEGORIES


def test_codebook_has_6_as_missing_elsewhere(codebook):
    assert 6 in codebook["TT3G23O"][1]
    assert sum(6 in missing for _, missing in codebook.values()) > 100


def test_codebook_labels_tell_missing_codes(codebook):
    """What the label texts call missing is what the codebook declares missing, in all 496 variables."""
    for variable, (labels, missing) in codebook.items():
        told = {code for code, label in labels.items() if talis_files.MISSING_LABEL.search(label)}
        assert told == missing, variable


def test_codebook_of_the_variable_the_run_is_checked_by(codebook):
    labels, missing = codebook["TT3G42D"]
    assert set(labels) - missing == set(talis_codebook.VALID["TT3G42D"])


# Formats


@pytest.mark.parametrize("ending", [".sav", ".zsav", ".dta", ".csv"])
def test_formats_give_the_same(tmp_path, ending):
    survey = talis.read(write(tmp_path / f"x{ending}", teachers()))
    frame = survey.frame
    assert frame["A"].tolist() == CODES
    assert frame["H"].tolist() == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4]
    assert frame["school_id"].tolist() == [
        "1001",
        "1001",
        "1002",
        "1002",
        "1003",
        "1003",
        "1004",
        "1004",
        "1005",
        "1005",
    ]
    assert frame["sex"].fillna("").tolist() == ["Female", "Male", "", "Female", "Male"] * 2
    assert frame["name"].eq("CHL" if ending == ".csv" else "Chile").all()
    assert frame["age_band"].isna().all()
    assert frame["school_type"].isna().all()
    assert (survey.weights == teachers()[talis_codebook.WEIGHTS].to_numpy()).all()
    assert survey.items == talis.ITEMS
    assert not survey.simulated


def test_sas_files_have_no_labels_and_letters_for_what_is_missing(tmp_path):
    path = sas.write(teachers(), tmp_path / "btgchlt3.sas7bdat")
    assert (
        pd.read_sas(path, encoding="utf-8")["IDSCHOOL"].tolist() == teachers()["IDSCHOOL"].tolist()
    )  # to others it is one, too
    survey = talis.read(path)
    assert survey.frame["A"].tolist() == CODES
    assert (survey.weights == teachers()[talis_codebook.WEIGHTS].to_numpy()).all()
    frame = teachers()
    frame["TT3G33A"] = frame["TT3G33A"].astype(object).replace(9.0, "A")  # SAS's .A
    message = refused(sas.write(frame, tmp_path / "bad.sas7bdat"))
    assert "column 'TT3G33A': special missing values without a label" in message
    assert "Take the SPSS file" in message


def test_a_sas_file_that_is_cut_off(tmp_path, monkeypatch):
    """The library tells so itself of most such files: here it has lost two rows and says nothing."""
    path = sas.write(teachers(), tmp_path / "bad.sas7bdat")
    read = pyreadstat.read_sas7bdat

    def more(*place, **options):
        frame, meta = read(*place, **options)
        meta.number_rows = 12
        return frame, meta

    monkeypatch.setattr(pyreadstat, "read_sas7bdat", more)
    assert "the file is cut off after row 10 of 12" in refused(path)


def test_stata_special_missing_values_with_labels(tmp_path):
    frame = teachers()
    frame["TT3G33A"] = frame["TT3G33A"].astype(object).replace({8.0: "a", 9.0: "b", 7.0: "b"})
    pyreadstat.write_dta(
        frame, str(tmp_path / "x.dta"), missing_user_values={"TT3G33A": ["a", "b"]},
        variable_value_labels={"TT3G33A": {1: "Never", "a": "Not administered", "b": "Omitted"}},
    )  # fmt: skip
    assert talis.read(tmp_path / "x.dta").frame["A"].tolist() == CODES


def test_names_in_small_letters(tmp_path):
    frame = teachers().rename(columns=str.lower)
    assert talis.read(write(tmp_path / "x.csv", frame)).frame["A"].tolist() == CODES


def test_csv_with_semicolons_decimal_commas_and_text_in_another_encoding(tmp_path):
    frame = teachers(TT3G99T="1/2 år, så")
    frame["TCHWGT"] += 0.25
    frame.to_csv(tmp_path / "x.csv", sep=";", decimal=",", index=False, encoding="latin-1")
    survey = talis.read(tmp_path / "x.csv")
    assert survey.frame["A"].tolist() == CODES
    assert survey.weights[:, 0].tolist() == frame["TCHWGT"].tolist()


@pytest.mark.parametrize("declared", ["UTF-8", "windows-1252", "ISO-8859-1"])
def test_labels_in_another_encoding(tmp_path, declared):
    """The file says one encoding, or no encoding that fits its labels; the answers are read all the same."""
    path = write(tmp_path / "x.sav", teachers("USA"))
    content = path.read_bytes().replace("États".encode(), "États".encode("latin-1") + b" ")
    if declared != "UTF-8":
        head, tail = content.split(b"UTF-8")
        size = int.from_bytes(head[-4:], "little")
        assert size == 5
        head = head[:-4] + len(declared).to_bytes(4, "little")
        content = head + declared.encode() + tail
    path.write_bytes(content)
    survey = talis.read(path)
    assert survey.frame["A"].tolist() == CODES
    assert survey.frame["name"].str.startswith("États").all()


def test_encoding_that_the_user_names(tmp_path):
    path = write(tmp_path / "x.sav", teachers("USA"))
    assert talis.read(path).frame["name"].eq("États-Unis").all()
    for name in ("klingon", "hex"):  # the second is known to Python, but turns bytes into bytes
        assert f"{name!r} is not known" in refused(path, encoding=name)
    content = path.read_bytes().replace("États".encode(), "Žtats".encode("iso-8859-2") + b" ")
    path.write_bytes(content)
    survey = talis.read(path, encoding="latin2")
    assert survey.frame["name"].str.startswith("Žtats").all()


# Cycles, levels, systems, several files


def test_2013_by_its_names_and_age_in_years(tmp_path):
    ages = [22.0, 29, 30, 39, 40, 55, 60, 71, 99, 999]
    survey = talis.read(write(tmp_path / "x.sav", teachers(cycle=2013, TT2G02=ages)))
    assert survey.frame["cycle"].eq(2013).all()
    assert survey.frame["A"].tolist() == CODES
    bands = ["Under 30"] * 2 + ["30-39"] * 2 + ["40-49", "50-59"] + ["60 and above"] * 2 + [""] * 2
    assert survey.frame["age_band"].astype(object).fillna("").tolist() == bands


def test_2024_has_another_order_and_no_team_conferences(tmp_path):
    frame = teachers(cycle=2024, T4TAGEGR=[1.0, 2, 3, 4, 5, 9, 8, 1, 1, 1])
    frame["TT4G26A"] = [float(code) for code in [1, 6, 9, 8, 9, 2, 2, 3, 4, 5]]
    frame["TT4G26G"], frame["TT4G26H"] = 4.0, 1.0  # learn together with colleagues; parents
    labels = {code: label for code, label in LABELS.items() if code != 7}
    questions = {f"TT4G26{item}": labels for item in "ABCDEFGH"}
    path = write(tmp_path / "x.sav", frame, questions, {key: [8, 9] for key in questions})
    survey = talis.read(path)
    assert survey.frame["cycle"].eq(2024).all()
    assert survey.frame["A"].tolist() == [1, 6, -2, -1, -2, 2, 2, 3, 4, 5]
    assert survey.frame["H"].eq(4).all()
    assert survey.frame["G"].eq(NOT_ADMINISTERED).all()
    assert survey.frame["age_band"].astype(object).iloc[:6].fillna("").tolist() == [
        *talis_codebook.AGE_BANDS,
        "",
    ]


def test_2024_has_no_code_of_not_reached(tmp_path):
    path = write(tmp_path / "bad.csv", teachers(cycle=2024))
    assert "column 'TT4G26A': answers other than 1, 2, 3, 4, 5, 6, 8, 9 (row 4: 7.0)" in refused(path)


@pytest.mark.parametrize("name", ["BTGAUST1.csv", "btgintt1.csv", "bcgintt1.csv"])
def test_files_of_2008_are_refused_and_told_how_to_be_read(tmp_path, name):
    message = refused(write(tmp_path / name, teachers()))
    assert (
        f"{name}: by its name this is a file of TALIS 2008. The names of that year's questions were not seen" in message
    )
    assert "weight: TCHWGT and replicates: TRWGT" in message


def test_age_groups_of_2018(tmp_path):
    frame = teachers(TCHAGEGR=[1.0, 2, 3, 4, 5, 6, 8, 9, 1, 1])
    bands = talis.read(write(tmp_path / "x.sav", frame)).frame["age_band"].astype(object)
    assert bands.iloc[:8].fillna("").tolist() == ["Under 30", *talis_codebook.AGE_BANDS, "", ""]


def test_many_systems_and_levels_in_one_file(tmp_path):
    frame = pd.concat([teachers("CHL"), teachers("USA"), teachers("CHL", level=1.0), teachers("MEX", level=8.0)])
    path = write(tmp_path / "INT.sav", frame)
    assert talis.read(path).frame["system"].value_counts().to_dict() == {"CHL": 10, "USA": 10}
    survey = talis.read(path, level=1)
    assert survey.frame[["system", "level"]].drop_duplicates().to_numpy().tolist() == [["CHL", 1]]


def test_pieces_come_together_as_one(tmp_path, monkeypatch):
    path = write(tmp_path / "x.sav", pd.concat([teachers("CHL"), teachers("USA")]))
    whole = talis.read(path)
    monkeypatch.setattr(pieces, "ROWS", 7)
    path = path.rename(tmp_path / "y.sav")
    together = talis.read(path)
    pd.testing.assert_frame_equal(whole.frame, together.frame)
    assert (whole.weights == together.weights).all()


def test_level_without_idpop_and_code_with_blanks(tmp_path):
    frame = teachers("CHL      ").drop(columns="IDPOP").assign(IDCNTPOP="CHL2")
    assert talis.read(write(tmp_path / "x.csv", frame)).frame["system"].eq("CHL").all()


def test_two_cycles_and_a_school_file_in_a_zip_in_a_folder(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    parts = {
        "BTGCHLT3.sav": teachers(),
        "BTGCHLT2.sav": teachers(cycle=2013),
        "ATGCHLT3.sav": teachers(level=1.0),
        "BCGCHLT3.sav": schools(),
        "codes.csv": pd.DataFrame({"cntry": ["CHL"], "idcntry": [152]}),
    }
    labels = {"TC3G12": {1.0: "Publicly-managed", 2.0: "Privately-managed", 9.0: "Omitted or invalid"}}
    with zipfile.ZipFile(place / "all.zip", "w") as file:
        for name, frame in parts.items():
            file.write(write(tmp_path / name, frame, labels), f"deep/{name}")
    survey = talis.read(place)
    assert survey.files == (place / "all.zip",)
    assert survey.frame.groupby("cycle").size().to_dict() == {2013: 10, 2018: 10}
    newer = survey.frame[survey.frame["cycle"] == 2018]
    assert newer["school_type"].fillna("").tolist() == ["Public"] * 2 + ["Private"] * 2 + [""] * 6
    assert survey.frame[survey.frame["cycle"] == 2013]["school_type"].isna().all()


def test_item_that_a_system_does_not_have(tmp_path):
    frame = teachers().drop(columns="TT3G33G").assign(TT3G33B=8.0)
    survey = talis.read(write(tmp_path / "x.sav", frame))
    assert survey.frame["G"].eq(NOT_ADMINISTERED).all()
    assert survey.frame["B"].eq(NOT_ADMINISTERED).all()
    assert survey.frame["A"].tolist() == CODES


def test_simulated_by_code_or_by_label(tmp_path):
    assert talis.read(write(tmp_path / "a.csv", teachers("XXA"))).simulated
    assert talis.read(write(tmp_path / "b.sav", teachers(), title="SIMULATED: no real system")).simulated
    assert not talis.read(write(tmp_path / "c.csv", teachers("XKX"))).simulated  # Kosovo


def test_simulated_and_real_do_not_mix(tmp_path):
    both = pd.concat([teachers("XXA"), teachers("CHL")])
    assert "Separate them" in refused(write(tmp_path / "bad.csv", both))
    (tmp_path / "bad.csv").unlink()
    place = tmp_path / "place"
    place.mkdir()
    write(place / "a.csv", teachers("XXA"))
    write(place / "b.csv", teachers("CHL"))
    assert "one is simulated, the other is not" in refused(place)


def test_same_system_in_two_files(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    write(place / "a.sav", teachers())
    write(place / "b.csv", teachers().assign(TT3G33B=3.0))
    message = "b.csv and a.sav: both hold CHL 2018, and not the same rows. Keep one of the two files."
    assert refused(place) == message


def test_zip_beside_what_was_unpacked_from_it_counts_once(folders):
    """As it is after `make talis-data` and unpacking by hand in the same folder."""
    files = {"BTGINTT3.sav": pd.concat([teachers(), teachers("USA")]), "BCGINTT3.csv": schools()}
    with zipfile.ZipFile(folders.raw / "SPSS.zip", "w") as packed:
        for name, frame in files.items():
            packed.write(write(folders.raw / name, frame), name)
    for _ in range(2):  # from the files, and from the cache
        survey = talis.read(folders.raw)
        assert survey.frame["system"].value_counts().to_dict() == {"CHL": 10, "USA": 10}
        assert survey.weights.shape == (20, 101)
        assert survey.frame["school_type"].value_counts().to_dict() == {"Public": 2, "Private": 2}


def test_file_of_all_levels_beside_those_of_one(tmp_path):
    """As the OECD gives 2024: ttgintt4 has all levels, btgintt4 has one of them again."""
    place = tmp_path / "place"
    place.mkdir()
    write(place / "btgintt3.csv", teachers())
    everybody = [
        teachers("USA"),
        teachers("CHL").sample(frac=1, random_state=1),
        teachers("CHL", level=1.0),
    ]
    write(place / "ttgintt3.csv", pd.concat(everybody))
    assert talis.read(place).frame["system"].value_counts().to_dict() == {"CHL": 10, "USA": 10}
    everybody[1] = everybody[1].assign(TT3G33B=3.0)
    write(place / "ttgintt3.csv", pd.concat(everybody))
    assert "both hold CHL 2018" in refused(place)


# Other variables


def test_extra_variables_without_their_missing_codes(tmp_path):
    frame = teachers(T3COOP=[9.5, 9998.0] * 5, TT3G23O=[1.0, 2, 6, 7, 8, 9, 1, 2, 6, np.nan])
    missing = {"T3COOP": [9998, 9999], "TT3G23O": [{"lo": 6, "hi": 9}]}
    survey = talis.read(write(tmp_path / "x.sav", frame, missing=missing), extra=("T3COOP", "TT3G23O"))
    assert survey.frame["T3COOP"].fillna(-1).tolist() == [9.5, -1] * 5
    assert survey.frame["TT3G23O"].fillna(-1).tolist() == [1, 2, -1, -1, -1, -1, 1, 2, -1, -1]
    assert survey.frame["A"].tolist() == CODES  # 6 is an answer here


def test_extra_variable_by_labels_alone(tmp_path):
    labels = {
        "TT3G23O": {
            1.0: "Yes",
            2.0: "No",
            6.0: "Logically not applicable",
            9.0: "Omitted or invalid",
        }
    }
    path = write(tmp_path / "x.dta", teachers(TT3G23O=[1.0, 2, 6, 9, 1] * 2), labels)
    assert talis.read(path, extra=("TT3G23O",)).frame["TT3G23O"].fillna(-1).tolist() == [1, 2, -1, -1, 1] * 2


def test_extra_variable_whose_missing_codes_nobody_tells(tmp_path):
    path = write(tmp_path / "bad.csv", teachers(T3COOP=9998.0, TT3G42D=[1.0, 4, 6, 9, 8] * 2))
    assert "column 'T3COOP': the file does not tell which codes are missing" in refused(path, extra=("T3COOP",))
    read = talis.read(path, extra=("TT3G42D", "TT3G33A"))
    assert read.frame["TT3G42D"].fillna(-1).tolist() == [1, 4, -1, -1, -1] * 2
    assert read.frame["TT3G33A"].fillna(-1).tolist() == [1, 6, -1, -1, -1, -1, 2, 3, 4, 5]


# What principals say


def beside(folder, own, labels=None):
    """A folder with a file of teachers and one of their principals."""
    folder.mkdir()
    named = {"SCHLOC": {1.0: "Rural", 2.0: "Town", 9.0: "Omitted or invalid"}} | (labels or {})
    write(folder / "BTGCHLT3.sav", teachers())
    write(folder / "BCGCHLT3.sav", own, named, {"SCHLOC": [9], "STRATIO": [998, 999]})
    return folder


def principals(**columns):
    return schools().assign(**({"SCHLOC": [1.0, 2.0, 9.0], "STRATIO": [10.5, 999, 12.0]} | columns))


def test_what_principals_say_goes_to_their_teachers(tmp_path):
    """By the OECD's keys, in words where the file names each code; who teaches elsewhere has nothing."""
    frame = talis.read(beside(tmp_path / "x", principals()), explain=("schloc", "STRATIO")).frame
    assert frame["SCHLOC"].fillna("").tolist() == ["Rural"] * 2 + ["Town"] * 2 + [""] * 6
    assert frame["STRATIO"].fillna(-1).tolist() == [10.5, 10.5, -1, -1, 12, 12, -1, -1, -1, -1]
    assert frame["principal"].tolist() == [True] * 6 + [False] * 4
    ends = {"SCHLOC": {1.0: "Not at all", 9.0: "Omitted or invalid"}}
    frame = talis.read(beside(tmp_path / "ends", principals(), labels=ends), explain=("SCHLOC",)).frame
    assert frame["SCHLOC"].fillna(-1).tolist() == [1, 1, 2, 2] + [-1] * 6  # a code without a name: numbers


def test_what_principals_say_of_a_real_file(shared, folders):
    for name in ("BTGITAT3.sav", "BCGITAT3.sav"):
        shutil.copy(shared / "data" / "talis" / name, folders.raw / name)
    raw, meta = pyreadstat.read_sav(str(folders.raw / "BTGITAT3.sav"), user_missing=True)
    raw["IDSCHOOL"] = 3021.0 + np.arange(len(raw))  # eight numbers that no principal has
    pyreadstat.write_sav(raw, str(folders.raw / "BTGITAT3.sav"), missing_ranges=meta.missing_ranges)
    columns = ["IDSCHOOL", "SCHLOC", "STRATIO", "T3PLEADS"]
    theirs, _ = pyreadstat.read_sav(str(folders.raw / "BCGITAT3.sav"), apply_value_formats=True, usecols=columns)
    expected = raw.merge(theirs[columns], how="left")
    frame = talis.read(folders.raw, explain=("SCHLOC", "STRATIO", "T3PLEADS")).frame
    assert frame["SCHLOC"].fillna("").tolist() == expected["SCHLOC"].astype(object).fillna("").tolist()
    for scale in ("STRATIO", "T3PLEADS"):
        assert frame[scale].to_numpy() == pytest.approx(expected[scale].astype(float).to_numpy(), nan_ok=True)
    assert (~frame["principal"]).sum() == (~raw["IDSCHOOL"].isin(theirs["IDSCHOOL"])).sum() > 0


def test_a_school_that_stands_twice_is_refused(tmp_path):
    twice = pd.concat([principals(), principals().head(1)])
    message = refused(beside(tmp_path / "bad", twice))
    assert message.startswith(
        "BCGCHLT3.sav, column 'CNTRY / IDSCHOOL': the same school more than once (row 1: 'CHL / 1001'; row 4:"
    )
    assert "Keep one row for each school" in message
    place = beside(tmp_path / "bad2", principals())
    write(place / "BCGINTT3.sav", principals(TC3G12=2.0))
    assert "differ in what they say of school 1001 of CHL 2018" in refused(place)


@pytest.mark.parametrize(
    ("taught", "name", "said"),
    [
        ({"IDLANG": 2.0}, "IDLANG", "of the teachers' file BTGCHLT3.sav and of the principals' file BCGCHLT3.sav"),
        ({}, "SHOE", "`explain` names SHOE, which no file here has. Correct the name"),
    ],
)
def test_a_variable_of_both_files_or_of_none_is_asked_about(tmp_path, taught, name, said):
    named = {"IDLANG": {1.0: "English", 2.0: "Spanish"}}
    place = beside(tmp_path / "bad", principals(IDLANG=1.0), labels=named)
    write(place / "BTGCHLT3.sav", teachers(**taught), named)
    assert said in refused(place, explain=(name,))


@pytest.mark.parametrize("other", [{"IDSCHOOL": [1.0, 2.0, 3.0]}, {"CNTRY": "USA"}])
def test_principals_of_other_schools_are_refused(tmp_path, other):
    place = beside(tmp_path / "bad", principals(**other))
    message = refused(place, explain=("SCHLOC",))
    assert message.startswith(
        "BCGCHLT3.sav: none of the schools is a school of these teachers, by cycle, CNTRY, level and IDSCHOOL"
    )
    assert not talis.read(place).frame["principal"].any()  # nothing of theirs is asked for


def test_without_a_principals_file_it_is_named(tmp_path):
    path = write(tmp_path / "alone.sav", teachers())
    assert "There is no principals' file" in refused(path, explain=("SCHLOC",))


def test_files_that_name_a_code_in_two_ways_are_asked_about(tmp_path):
    place = beside(tmp_path / "bad", principals())
    more = {"SCHLOC": {1.0: "Village", 2.0: "Town"}}
    write(place / "BTGUSAT3.sav", teachers("USA"))
    write(place / "BCGUSAT3.sav", principals().assign(CNTRY="USA"), more, {"SCHLOC": [9]})
    assert "name a code of SCHLOC in two ways (Rural, Town, Village)" in refused(place, explain=("SCHLOC",))


# What is refused


def changed(**columns):
    return lambda: teachers().assign(**columns)


def at(row, column, value):
    def make():
        frame = teachers()
        frame[column] = frame[column].astype(object if isinstance(value, str) else float)
        frame.loc[row, column] = value
        return frame

    return make


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: teachers().drop(columns="TCHWGT"), "no column TCHWGT"),
        (lambda: teachers().drop(columns=[f"TRWGT{r}" for r in range(81, 101)]), "no column TRWGT81, TRWGT82, TRWGT83 and 17 more"),
        (lambda: teachers().drop(columns="CNTRY"), "no column CNTRY"),
        (lambda: teachers().drop(columns="IDSCHOOL"), "no column IDSCHOOL"),
        (lambda: teachers().drop(columns="IDTEACH"), "no column IDTEACH"),
        (lambda: teachers().drop(columns=["IDPOP", "IDCNTPOP"]), "no column IDPOP"),
        (at(3, "TCHWGT", np.nan), "column 'TCHWGT': weights that are missing, negative or infinite (row 5: empty)"),
        (at(0, "TCHWGT", 999999.0), "column 'TCHWGT': weights that are missing"),
        (at(0, "TRWGT7", -1.0), "column 'TRWGT7': weights that are missing, negative or infinite (row 2: -1.0)"),
        (at(9, "TRWGT100", np.inf), "column 'TRWGT100': weights that are missing"),
        (at(1, "TCHWGT", "heavy"), "column 'TCHWGT': text in a number column (row 3: 'heavy')"),
        (at(4, "IDSCHOOL", 9999.0), "column 'IDSCHOOL': no school (row 6: 9999.0)"),
        (changed(IDSCHOOL=np.nan), "column 'IDSCHOOL': no school (row 2: empty; row 3: empty; row 4: empty and 7 more)"),
        (at(1, "IDTEACH", 999999.0), "column 'IDTEACH': no number of the teacher (row 3: 999999.0)"),
        (at(0, "CNTRY", ""), "column 'CNTRY': no three-letter code (row 2"),
        (at(3, "IDPOP", np.nan), "column 'IDPOP': no level (row 5: empty)"),
        (lambda: at(1, "IDCNTPOP", "CHL")().drop(columns="IDPOP"), "column 'IDCNTPOP': no level (row 3: 'CHL')"),
        (changed(IDTEACH=[100101.0 + k // 2 * 2 for k in range(10)]), "the same teacher more than once (row 2: 'CHL / 1001 / 100101'; row 3"),
        (at(2, "TT3G33C", 10.0), "column 'TT3G33C': answers other than 1, 2, 3, 4, 5, 6, 7, 8, 9 (row 4: 10.0)"),
        (at(2, "TT3G33C", 2.5), "column 'TT3G33C': answers other than"),
        (lambda: teachers().rename(columns=lambda c: c.replace("TT3", "TT1")), "the variables are not of one cycle known here"),
        (lambda: teachers().rename(columns=lambda c: c.replace("TT3G33", "BTG20")).drop(columns="TT3G01"), "the variables are not of one cycle"),
        (changed(TT2G33A=1.0), "the variables are not of one cycle"),
    ],
)  # fmt: skip
def test_rows_and_columns_that_cannot_be(tmp_path, make, told):
    path = write(tmp_path / "bad.csv", make())
    message = refused(path)
    assert message.startswith("bad.csv")
    assert told in message


@pytest.mark.parametrize(
    ("labels", "missing", "told"),
    [
        ({}, {"TT3G33E": [{"lo": 6, "hi": 9}]}, "column 'TT3G33E': 6 is declared missing, but is an answer"),
        ({"TT3G33F": LABELS | {6.0: "Logically not applicable"}}, {}, "column 'TT3G33F': 6 is declared missing"),
        ({"TT3G33A": LABELS | {8.0: "Omitted or invalid"}}, {}, "column 'TT3G33A': 8 is labelled 'Omitted or invalid'"),
        ({"TT3G33C": LABELS | {1.0: "Once a week or more", 6.0: "Never"}}, {}, "column 'TT3G33C': 6 is labelled 'Never'"),
        ({"TT3G33A": LABELS | {9.0: "Not administered"}}, {}, "column 'TT3G33A': 9 is labelled 'Not administered'"),
    ],
)  # fmt: skip
def test_missing_codes_other_than_known(tmp_path, labels, missing, told):
    message = refused(write(tmp_path / "bad.sav", teachers(), labels, missing))
    assert message.startswith("bad.sav, column")
    assert told in message


def test_other_level_alone(tmp_path):
    path = write(tmp_path / "bad_A.sav", teachers(level=1.0))
    assert "teachers of other levels only (primary)" in refused(path)
    path = write(tmp_path / "bad_P.sav", teachers(level=8.0))
    assert "it holds no teachers of primary or secondary schools" in refused(path)
    assert "level 4 is none of 1, 2, 3" in refused(path, level=4)


def test_file_that_is_not_talis(tmp_path):
    path = write(tmp_path / "bad.csv", pd.DataFrame({"a": [1], "b": [2]}))
    message = refused(path)
    assert message.startswith("bad.csv: it holds no TALIS file")
    assert "`items`" in message


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "bad.sav",
            b"<html>Not found</html>",
            "this is a web page, no .sav file, whatever its name says",
        ),
        ("bad.sav", b"", "the file is empty"),
        ("bad.sas7bdat", b"<html>", "this is a web page, no .sas7bdat file"),
        ("bad.zip", b"<html>Not found</html>", "this is a web page, no .zip"),
        ("bad.csv", b"$FL2", "this is no text"),
        ("bad.csv", b"CNTRY,IDTEACH,TT3G33A\nCHL,1,1,1,1\nCHL,1,1,1,1,1\n", "no column IDSCHOOL"),
    ],
)
def test_files_that_are_something_else(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    message = refused(path)
    assert message.startswith(name)
    assert told in message


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("BTG.sav", "<html>", "this is a web page, no .sav file"),
        ("BTG.csv", "CNTRY,CNTRY\nCHL,CHL\n", "two columns are named 'CNTRY'"),
    ],
)
def test_bad_member_of_a_zip_is_named_with_its_zip(tmp_path, name, content, told):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr(f"in/{name}", content)
    assert refused(tmp_path / "bad.zip").startswith(f"bad.zip: in/{name}: {told}")


def test_school_file_that_tells_no_level_is_passed_over(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    write(place / "a.sav", teachers())
    write(place / "b.csv", schools().drop(columns="IDPOP"))
    survey = talis.read(place)
    assert survey.frame["school_type"].isna().all()
    assert survey.files == (place / "a.sav",)


@pytest.mark.parametrize("ending", [".sav", ".dta", ".csv"])
def test_cut_off_file(tmp_path, ending):
    path = write(tmp_path / f"bad{ending}", pd.concat([teachers("CHL"), teachers("USA")]))
    path.write_bytes(path.read_bytes()[:10_000])
    assert refused(path).startswith(f"bad{ending}")


def test_csv_with_rows_of_unequal_length(tmp_path):
    path = write(tmp_path / "bad.csv", teachers())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], lines[5] + ",1,2", *lines[6:]]))
    assert "rows of unequal length" in refused(path)


# Cache


@pytest.fixture
def parsed(monkeypatch):
    """How often a file's rows were read."""
    calls, real = [], pieces.pieces

    def count(table, *arguments):
        calls.append(table.name)
        return real(table, *arguments)

    monkeypatch.setattr(pieces, "pieces", count)
    return calls


def same(one, other):
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert (one.weights == other.weights).all()


def test_second_read_parses_nothing_and_gives_the_same(folders, parsed):
    path = write(folders.raw / "x.sav", teachers())
    first = talis.read(path)
    assert len(parsed) == 1
    same(first, talis.read(path))
    assert len(parsed) == 1
    assert [entry.name for entry in folders.raw.iterdir() if entry.is_dir()] == [".converted"]
    assert not folders.cache.exists()
    same(first, talis.read(folders.raw))  # what is kept is no data file


def test_other_wishes_and_changed_files_are_read_again(folders, parsed):
    path = write(folders.raw / "x.sav", teachers())
    talis.read(path)
    talis.read(path, extra=("TT3G33B",))
    talis.read(path)
    assert len(parsed) == 2
    write(path, teachers().assign(TT3G33B=5.0))
    assert talis.read(path).frame["B"].eq(5).all()
    assert len(parsed) == 3
    assert len(list((folders.raw / ".converted").iterdir())) == 2  # the outdated one is gone


def test_zip_is_not_unpacked_again(folders, parsed, monkeypatch):
    path = write(folders.raw.parent / "x.sav", teachers())
    with zipfile.ZipFile(folders.raw / "x.zip", "w") as file:
        file.write(path, "x.sav")
    first = talis.read(folders.raw)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    same(first, talis.read(folders.raw))
    assert first.files == (folders.raw / "x.zip",)


@pytest.mark.parametrize("damage", ["facts", "table", "gone", "table gone"])
def test_corrupt_cache_is_made_again(folders, parsed, damage):
    path = write(folders.raw / "x.sav", teachers())
    first = talis.read(path)
    (kept,) = (folders.raw / ".converted").iterdir()
    (table,) = kept.glob("*.parquet")
    match damage:
        case "facts":
            (kept / "facts.json").write_text("{")
        case "gone":
            (kept / "facts.json").unlink()
        case "table":
            content = bytearray(table.read_bytes())
            content[len(content) // 2] ^= 255
            table.write_bytes(content)
        case "table gone":
            table.unlink()
    same(first, talis.read(path))
    assert len(parsed) == 2
    facts = json.loads((kept / "facts.json").read_text())
    assert facts["members"][0]["rows"] == 10


def test_source_elsewhere_stays_untouched(tmp_path, folders):
    place = tmp_path / "elsewhere"
    place.mkdir()
    path = write(place / "x.sav", teachers())
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    path.chmod(0o444)
    place.chmod(0o555)
    try:
        talis.read(place)
    finally:
        place.chmod(0o755)
    assert [entry.name for entry in place.iterdir()] == ["x.sav"]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert len(list(folders.cache.iterdir())) == 1


def test_files_of_one_name_in_two_folders(tmp_path):
    for folder, system in (("a", "CHL"), ("b", "USA")):
        (tmp_path / "place" / folder).mkdir(parents=True)
        write(tmp_path / "place" / folder / "x.sav", teachers(system))
    for _ in range(2):
        survey = talis.read(tmp_path / "place")
        assert survey.frame["system"].value_counts().to_dict() == {"CHL": 10, "USA": 10}


def test_new_code_reads_again(folders, parsed, monkeypatch):
    path = write(folders.raw / "x.sav", teachers())
    talis.read(path)
    other = folders.raw.parent / "changed.py"
    other.write_text("x = 1")
    monkeypatch.setattr(talis.kept, "closure", lambda names: [Path(other)])
    talis.read(path)
    assert len(parsed) == 2
