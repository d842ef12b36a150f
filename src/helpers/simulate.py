"""Simulated example files, so that every notebook can be tried without anybody's data.

They show what a file looks like and what the analysis makes of it. They are no evidence of anything and bear no
real place's name. `make simulated` writes them again; a test holds files and program together.
"""

import numpy as np
import pandas as pd

from helpers import twin
from helpers.project import ROOT

FOLDER = ROOT / "data" / "simulated"


def participants(seed: int = 20230104, schools: int = 24) -> pd.DataFrame:
    """Two groups of teachers in the same schools: `teacher, school, group` and three scales from 1 to 4."""
    rng = np.random.default_rng(seed)
    rows = []
    for school in range(1, schools + 1):
        climate = rng.normal(0, 0.25, size=3)
        for group, shift in (("participant", (0.1, 0.2, 0.4)), ("colleague", (0.0, 0.0, 0.0))):
            for _ in range(rng.integers(2, 5)):
                scores = np.clip(2.7 + climate + shift + rng.normal(0, 0.6, size=3), 1, 4).round(2)
                scores = np.where(rng.random(3) < 0.03, np.nan, scores)
                rows.append((len(rows) + 1, f"school {school:02}", group, *scores))
    names = ["teacher", "school", "group", "collaboration", "comfort", "commitment"]
    return pd.DataFrame(rows, columns=names)


def satisfaction(seed: int = 20230106) -> pd.DataFrame:
    """Answers from 1 to 4 to five items by five groups of teachers, one of them too small to be shown."""
    rng = np.random.default_rng(seed)
    centres = {
        "joint planning": 0.9,
        "being observed": 0.2,
        "feedback": 0.7,
        "materials": 0.5,
        "time given": -0.5,
    }
    rows = []
    sizes = {"mathematics": 58, "languages": 44, "sciences": 35, "sports": 14, "music": 6}
    for (group, size), shift in zip(sizes.items(), (0.0, 0.4, -0.2, 0.1, 0.1), strict=True):
        for _ in range(size):
            mood = rng.normal(shift, 0.7)
            latent = (
                np.array(list(centres.values())) + mood + rng.logistic(0, 0.8, size=len(centres))
            )
            answers = 1 + np.digitize(latent, [-1.6, -0.3, 1.2]).astype(float)
            rows.append(
                (len(rows) + 1, group, *np.where(rng.random(len(centres)) < 0.04, np.nan, answers))
            )
    return pd.DataFrame(rows, columns=["respondent", "subject", *centres])


def satisfaction_long() -> pd.DataFrame:
    """The same answers with a row an answer, in words: `respondent, subject, item, answer`."""
    long = (
        satisfaction()
        .melt(["respondent", "subject"], var_name="item", value_name="answer")
        .dropna()
    )
    words = {1: "not at all", 2: "a little", 3: "quite", 4: "very"}
    return long.assign(answer=long["answer"].map(words)).sort_values("respondent", kind="stable")


def students(seed: int = 20210104, schools: int = 24) -> pd.DataFrame:
    """Students of five years in the schools of eight districts: four items from 1 to 4, and `practice`, their mean.

    Columns: school, district, year, band (of grades), gender, grade, poverty, weight, item_1 to item_4, practice.
    """
    rng = np.random.default_rng(seed)
    years, locations = range(2015, 2020), np.array([-0.7, -0.2, 0.2, 0.7])
    rows = []
    for school in range(1, schools + 1):
        climate, middle = rng.normal(0, 0.3), school <= schools // 2
        wealth, size = rng.normal(0, 0.6), int(rng.integers(22, 40))
        for year in years:
            shift = (
                climate + 0.09 * (year - years[0]) * (1 if middle else 0.6) + rng.normal(0, 0.15)
            )
            poverty = (wealth + 0.8 * rng.normal(size=size)).round(2)
            girl = rng.random(size) < 0.5
            trait = shift - 0.1 * poverty + 0.12 * girl + rng.normal(0, 1.1, size)
            noisy = trait[:, None] - locations + rng.logistic(0, 1, (size, 4))
            answers = 1 + np.digitize(noisy, [-2.0, 0.1, 2.1]).astype(float)
            answers[rng.random(answers.shape) < 0.04] = np.nan
            for place in range(size):
                grade = int(rng.integers(6, 9) if middle else rng.integers(9, 13))
                rows.append(
                    (
                        f"school {school:02}",
                        f"district {1 + school % 8}",
                        year,
                        "middle" if middle else "high",
                        "girl" if girl[place] else "boy",
                        grade,
                        poverty[place],
                        rng.choice([0.8, 1.0, 1.3]),
                        *answers[place],
                        np.nanmean(answers[place]) if np.isfinite(answers[place]).any() else np.nan,
                    )
                )
    items = [f"item_{i}" for i in range(1, 5)]
    names = ["school", "district", "year", "band", "gender", "grade", "poverty", "weight"]
    return pd.DataFrame(rows, columns=[*names, *items, "practice"]).round(4)


FILES = {
    "01-students.csv": students,
    "01-twin-assumptions.csv": twin.assumptions,
    "04-participants.csv": participants,
    "05-satisfaction.csv": satisfaction,
    "05-satisfaction-long.csv": satisfaction_long,
}


def write() -> None:
    """Write every simulated file to `data/simulated/`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        make().to_csv(FOLDER / name, index=False, float_format="%.12g", lineterminator="\n")


if __name__ == "__main__":
    write()
