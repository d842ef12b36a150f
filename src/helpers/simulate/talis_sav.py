"""The simulated systems written as the OECD writes its TALIS files: SPSS files of teachers and schools, in one zip.

Seeded: written twice, the files have the same bytes.
"""

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.read.talis_codebook import CATEGORIES, WEIGHTS, digit
from helpers.simulate import talis_systems as systems
from helpers.simulate.talis_systems import ITEMS, SYSTEMS, Sample, System

SEED = 20180033
FOLDER = "SIMULATED"
"""Folder inside the zip."""


def teacher_file(rng: np.random.Generator, sample: Sample, system: System) -> pd.DataFrame:
    """The sample as a teacher file of the cycle has it: names of variables, codes, and codes of what is missing."""
    people, n = sample.teachers, len(sample.teachers)
    start = f"TT{digit(system.cycle)}G"
    school = _school_ids(sample).loc[people["school"]].to_numpy()
    early = rng.random(n) < systems.LEFT_EARLY
    answers = people[list(ITEMS)].mask(rng.random((n, len(ITEMS))) < systems.OMITTED, 9)
    answers[early] = 7
    answers[list(system.not_administered)] = 8
    frame = _head(system, school).assign(IDTEACH=100 * school + 1 + people["number"].to_numpy())
    frame[f"INTAL{system.cycle - 2000}"] = 1
    frame[f"{start}01"] = np.where(rng.random(n) < systems.UNTOLD, 9, np.where(people["female"], 1, 2))
    frame[f"{start}02"] = np.where(rng.random(n) < systems.UNTOLD, 999, people["age"])
    frame[[f"{start}33{item}" for item in ITEMS]] = answers.to_numpy()
    if system.cycle == 2018:
        frame["TT3G42D"] = np.where(rng.random(n) < systems.NO_CLASS, 6, people["linked"])
        frame.loc[early, "TT3G42D"] = 7
    return pd.concat([frame, pd.DataFrame(sample.weights.round(6), columns=WEIGHTS)], axis=1)


def school_file(rng: np.random.Generator, sample: Sample, system: System) -> pd.DataFrame:
    """The principals' answers as a school file of 2018 has them; some principals did not answer, or not to all."""
    schools = sample.schools
    frame = _head(system, _school_ids(sample).to_numpy())
    frame["TC3G12"] = np.where(schools["private"], 2, 1)
    frame.loc[rng.random(len(frame)) < systems.OMITTED, "TC3G12"] = 9
    frame["SCHWGT"] = (schools["weight"] / systems.PRINCIPALS_ANSWER).round(6).to_numpy()
    return frame[rng.random(len(frame)) < systems.PRINCIPALS_ANSWER].reset_index(drop=True)


def _school_ids(sample: Sample) -> pd.Series:
    return pd.Series(1001 + np.arange(len(sample.schools)), index=sample.schools.index)


def _head(system: System, school: np.ndarray) -> pd.DataFrame:
    level = {"IDPOP": 2} if system.cycle == 2018 else {}  # files of 2013 tell it in IDCNTPOP alone
    head = {"CNTRY": system.code, "IDCNTRY": system.number, "IDCNTPOP": f"{system.code}2", **level}
    return pd.DataFrame({**head, "IDSCHOOL": school})


class _Variable(NamedTuple):
    """How a file declares a variable: `missing` are its user-missing codes, named by their last digit."""

    label: str
    format: str
    values: dict[int, str]
    missing: tuple[int, ...]


_MISSING = {6: "Logically not applicable", 7: "Not Reached", 8: "Not administered", 9: "Omitted or invalid"}


def _variables() -> dict[str, _Variable]:
    """All variables of the files, declared as the OECD's files of 2018 declare them; those of 2013 the same way."""
    flag = {0: "Record does not meet adjudication requirements", 1: "Record meets adjudication requirements"}
    names = {system.number: system.name for system in SYSTEMS}
    level = {1: "ISCED 1", 2: "ISCED 2", 3: "ISCED 3", 8: "PISA Link"}
    linked = {1: "Never or almost never", 2: "Occasionally", 3: "Frequently", 4: "Always"}
    managed, gender = {1: "Publicly-managed", 2: "Privately-managed"}, {1: "Female", 2: "Male", 9: "Missing"}
    answers = dict(enumerate(CATEGORIES, 1))
    unknown, unsaid = (999998, 999999), (7, 8, 9)
    explain = "Teach.prac. I explain how new and old topics are related"
    found = {
        "CNTRY": _Variable("Country ID - Alpha Code", "A3", {}, ()),
        "IDCNTRY": _Variable("Country ID - Numeric Code", "F6.0", names, unknown),
        "IDCNTPOP": _Variable("Country Alpha Code and ISCED Level", "A4", {}, ()),
        "IDPOP": _Variable("Population ID", "F2.0", level, (98, 99)),
        "IDSCHOOL": _Variable("Scrambled School ID _SCR", "F4.0", {}, (9998, 9999)),
        "IDTEACH": _Variable("Scrambled TEACHER ID _SCR", "F6.0", {}, unknown),
        "INTAL13": _Variable("Adjudication Flag", "F1.0", flag, (8, 9)),
        "INTAL18": _Variable("Adjudication Flag", "F1.0", flag, (8, 9)),
        "TT3G42D": _Variable(explain, "F1.0", linked, (6, *unsaid)),
        "TC3G12": _Variable("Publicly- or privately-managed school", "F1.0", managed, unsaid),
        "SCHWGT": _Variable("Principal Final Weight", "F13.6", {}, unknown),
    }
    for start in ("TT2G", "TT3G"):
        found[f"{start}01"] = _Variable("Gender - T", "F1.0", gender, unsaid)
        found[f"{start}02"] = _Variable("Age T", "F3.0", {}, (997, 998, 999))
        for item, label in ITEMS.items():
            found[f"{start}33{item}"] = _Variable(label, "F1.0", answers, unsaid)
    for place, name in enumerate(WEIGHTS):
        label = f"Teacher BRR-Fay Replicate Weight {place}" if place else "Teacher Final Weight"
        found[name] = _Variable(label, "F13.6", {}, unknown)
    return found


def write_sav(frame: pd.DataFrame, path: Path, label: str) -> Path:
    """Write `frame` as an SPSS file whose `label` says what it is: labels, formats and user-missing codes included.

    Equal frames give equal bytes: the time of writing is a constant. Raises KeyError for a column foreign to them.
    """
    import pyreadstat

    known = _variables()
    variables = {name: known[name] for name in frame.columns}
    coded = {name: variable for name, variable in variables.items() if variable.missing}
    pyreadstat.write_sav(
        frame, path, file_label=label,
        column_labels={name: variable.label for name, variable in variables.items()},
        variable_value_labels={name: {at: _MISSING[at % 10] for at in v.missing} | v.values for name, v in coded.items()},
        missing_ranges={name: _declared(variable.missing) for name, variable in coded.items()},
        variable_format={name: variable.format for name, variable in variables.items()},
    )  # fmt: skip
    with path.open("r+b") as file:
        # Nine bytes of date and eight of time, after what the program, layout and cases are.
        file.seek(92)
        file.write(b"01 Jan 8000:00:00")
    return path


def _declared(codes: tuple[int, ...]) -> list:
    """SPSS takes three single codes or a range."""
    return list(codes) if len(codes) <= 3 else [{"lo": min(codes), "hi": max(codes)}]


def files() -> dict[str, tuple[pd.DataFrame, str]]:
    """Names of the files in the zip, as the OECD names its own, with frame and file label."""
    found = {}
    for place, system in enumerate(SYSTEMS):
        rng = np.random.default_rng([SEED, place])
        sample = systems.draw(rng, systems.population(rng, system.locations))
        ending = f"{system.code}T{digit(system.cycle)}.sav"
        label = f"SIMULATED {{}} of {system.name}, {system.cycle}: no real system"
        found[f"BTG{ending}"] = teacher_file(rng, sample, system), label.format("teachers")
        if system.cycle == 2018:
            found[f"BCG{ending}"] = school_file(rng, sample, system), label.format("schools")
    return found


def write_zip(path: Path) -> Path:
    """Write all files into one zip, as the OECD serves its own."""
    with TemporaryDirectory() as place, zipfile.ZipFile(path, "w") as archive:
        for name, (frame, label) in files().items():
            content = write_sav(frame, Path(place) / name, label).read_bytes()
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content, compresslevel=9)
    return path
