"""Simulated example files, so that every notebook can be tried without anybody's data.

They show what a file looks like and what the analysis makes of it. They are no evidence of anything and bear no
real place's name. `make simulated` writes them again; a test holds files and program together.
"""

import numpy as np
import pandas as pd

from helpers.estimate import power
from helpers.project import ROOT
from helpers.simulate import talis_sav, talis_systems, twin

FOLDER = ROOT / "data" / "simulated"

DOORS = ["never", "once a year", "once a term", "monthly", "weekly"]
LEARNING = ["never", *(f"once or twice a {time}" for time in ("year", "term", "month")), "weekly"]
"""How often simulated teachers open their doors, and learn from each source, lowest first."""
EFFECT = {"collaboration": 0.35, "comfort": 0.20, "engagement": 0.40}
"""The signposts, and planted: how much more schools with peer groups change on them, in points, by the last wave."""


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
    return pd.DataFrame(rows, columns=["teacher", "school", "group", "collaboration", "comfort", "commitment"])


def satisfaction(seed: int = 20230106) -> pd.DataFrame:
    """Answers from 1 to 4 to five items by five groups of teachers, one of them too small to be shown."""
    rng = np.random.default_rng(seed)
    centres = {"joint planning": 0.9, "being observed": 0.2, "feedback": 0.7, "materials": 0.5, "time given": -0.5}
    groups = {
        "mathematics": (58, 0.0), "languages": (44, 0.4), "sciences": (35, -0.2), "sports": (14, 0.1), "music": (6, 0.1),
    }  # fmt: skip
    rows = []
    for group, (size, shift) in groups.items():
        for _ in range(size):
            answers = _said(rng, centres, rng.normal(shift, 0.7), [1.0, 2.0, 3.0, 4.0], (-1.6, -0.3, 1.2), 0.04)
            rows.append((len(rows) + 1, group, *answers))
    return pd.DataFrame(rows, columns=["respondent", "subject", *centres])


def _said(
    rng, centres: dict[str, float], mood: float, answers: list, edges: tuple, skipped: float = 0.03
) -> np.ndarray:
    """Answers to items: where centre, mood and a logistic error together lie among the edges; a share is None."""
    felt = np.array(list(centres.values())) + mood + rng.logistic(0, 0.8, len(centres))
    said = np.array(answers, object)[np.digitize(felt, edges)]
    said[rng.random(len(centres)) < skipped] = None
    return said


def satisfaction_long() -> pd.DataFrame:
    """The same answers with a row an answer, in words: `respondent, subject, item, answer`."""
    long = satisfaction().melt(["respondent", "subject"], var_name="item", value_name="answer")
    long["answer"] = long["answer"].map({1: "not at all", 2: "a little", 3: "quite", 4: "very"})
    return long.dropna().sort_values("respondent", kind="stable")


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
            grown = 0.09 * (year - years[0]) * (1 if middle else 0.6)
            shift = climate + grown + rng.normal(0, 0.15)
            poverty = (wealth + 0.8 * rng.normal(size=size)).round(2)
            girl = rng.random(size) < 0.5
            trait = shift - 0.1 * poverty + 0.12 * girl + rng.normal(0, 1.1, size)
            noisy = trait[:, None] - locations + rng.logistic(0, 1, (size, 4))
            answers = 1 + np.digitize(noisy, [-2.0, 0.1, 2.1]).astype(float)
            answers[rng.random(answers.shape) < 0.04] = np.nan
            where = (
                f"school {school:02}",
                f"district {1 + school % 8}",
                year,
                "middle schools" if middle else "high schools",
            )
            for place in range(size):
                grade = int(rng.integers(6, 9) if middle else rng.integers(9, 13))
                person = ("girl" if girl[place] else "boy", grade, poverty[place], rng.choice([0.8, 1.0, 1.3]))
                rows.append((*where, *person, *answers[place]))
    items = [f"item_{i}" for i in range(1, 5)]
    names = ["school", "district", "year", "band", "gender", "grade", "poverty", "weight"]
    table = pd.DataFrame(rows, columns=[*names, *items])
    return table.assign(practice=table[items].mean(axis=1)).round(4)


def classroom_doors(seed: int = 20230103, schools: int = 24) -> pd.DataFrame:
    """Teachers of four subjects, one too small to be shown, say in words how often they do five things together.

    Columns: teacher, school, subject, weight (larger in small schools) and the five items, from DOORS' never to weekly.
    """
    rng = np.random.default_rng(seed)
    centres = {"share": 1.6, "discuss": 0.9, "plan": 0.3, "watch": -0.9, "teach": -1.4}
    shifts = {"languages": 0.3, "mathematics": -0.3, "sciences": 0.0, "music": 0.4}
    rows = []
    for school in range(1, schools + 1):
        climate, size = rng.normal(0, 0.5), int(rng.integers(9, 26))
        subjects = rng.choice(list(shifts)[:3], size, p=[0.45, 0.3, 0.25]).tolist()
        for subject in [*subjects, *["music"] * (school % 4 == 0)]:
            mood = climate + shifts[subject] + rng.normal(0, 0.7)
            words = _said(rng, centres, mood, DOORS, (-1.2, -0.1, 0.9, 2.0))
            rows.append((len(rows) + 1, f"school {school:02}", subject, 30 / size, *words))
    return pd.DataFrame(rows, columns=["teacher", "school", "subject", "weight", *centres]).round(2)


def retold() -> pd.DataFrame:
    """Invented numbers of an invented survey and register, as an invented report, brief and speech retell them."""
    lessons, seen = "Teachers who plan lessons together", "Teachers who visit a colleague's lesson"
    rows = [
        (lessons, 60, "percent", "Brief B", "Survey S", 58, "58 percent, at least monthly", "rounded"),
        (seen, 40, "percent", "Report A", "Survey S", 40, "40 percent of teachers in the schools of the project visit a colleague's lesson", "wider claim"),
        (seen, 40, "percent", "Brief B", "Report A", 40, "at least 40 percent of teachers visit a colleague's lesson", "qualifier lost"),
        (seen, 45, "percent", "Speech C", "Brief B", 40, "40 percent of teachers visit a colleague's lesson", "other number"),
        ("Teachers who want a mentor", 52, "percent", "Speech C", "Survey S", 52, "52 percent are interested", "stronger"),
        ("Novices with fewer lessons", 12, "percent", "Report A", "Survey S", 12, "12 percent of all who are new at a school", "narrower claim"),
        ("Teachers who stay", 88, "percent", "Brief B", "", np.nan, "", "not seen"),
        ("Schools reached", 120, "schools", "Report A", "Register R", 120, "120 schools", "same"),
        ("Schools reached, as the brief says", 300, "schools", "Brief B", "Report A", 120, "120, and 300 with those that were invited", "other base"),
        ("Mentors trained", 900, "teachers", "Brief B", "Report A", 900, "900 teachers met a mentor", "other claim"),
        ("Teachers asked", 640, "teachers", "Brief B", "Survey S", 640, "640 of 1000 teachers answered", "context"),
    ]  # fmt: skip
    names = ["label", "value", "unit", "said_by", "after", "source_value", "source_says", "change"]
    return pd.DataFrame(rows, columns=names)


def learning(seed: int = 20210202, schools: int = 30) -> pd.DataFrame:
    """Teachers of two subjects and grade bands say in words how often they learn about new standards from five sources.

    Columns: teacher, school, subject, grades, the sources (LEARNING). Middle-grade science has less common planning.
    """
    rng = np.random.default_rng(seed)
    centres = {"planning": 1.5, "observing": 0.3, "coaching": -0.4, "district": -0.9, "outside": -1.6}
    hurried = centres | {"planning": 0.3}
    rows = []
    for school in range(1, schools + 1):
        climate, grades = rng.normal(0, 0.4), "middle" if school <= 2 * schools // 3 else "high"
        for _ in range(int(rng.integers(8, 24))):
            subject = rng.choice(["mathematics", "science"], p=[0.62, 0.38])
            felt = hurried if (subject, grades) == ("science", "middle") else centres
            words = _said(rng, felt, climate + rng.normal(0, 0.6), LEARNING, (-1.6, -0.6, 0.4, 1.6))
            rows.append((len(rows) + 1, f"school {school:02}", subject, grades, *words))
    return pd.DataFrame(rows, columns=["teacher", "school", "subject", "grades", *centres])


def coded_leaders(seed: int = 20210203, leaders: int = 40) -> pd.DataFrame:
    """Leaders, each coded by two coders: `leader, coder`, then 0/1 for five practices and five supports.

    Two pairs are planted: who has time collaborates, and who is trusted shares. Each coder errs once in sixteen codes.
    """
    rng = np.random.default_rng(seed)
    supports = {"administrator": 0.5, "commitment": 0.6, "trust": 0.5, "time": 0.5, "knowledge": 0.4}
    present = rng.random((5, leaders)) < np.array(list(supports.values()))[:, None]
    has = dict(zip(supports, present, strict=True))
    chances = {
        "advocating": 0.3, "individual": 0.55, "inspiring": 0.4, "sharing": np.where(has["trust"], 0.95, 0.35),
        "collaborating": np.where(has["time"], 0.97, 0.2),
    }  # fmt: skip
    truth = {name: rng.random(leaders) < chance for name, chance in chances.items()} | has
    names = [f"leader {number:02}" for number in range(1, leaders + 1)]
    rows = []
    for coder in ("A", "B"):
        seen = {code: (found ^ (rng.random(leaders) < 1 / 16)).astype(int) for code, found in truth.items()}
        rows.append(pd.DataFrame({"leader": names, "coder": coder, **seen}))
    return pd.concat(rows).sort_values(["leader", "coder"], ignore_index=True)


def effects() -> pd.DataFrame:
    """Effect sizes of invented studies with their intervals, in two units: `study, label, unit, estimate, ci_low, ci_high`."""
    rng = np.random.default_rng(20260808)
    teachers, schools = ("Invented study A", "teachers"), ("Invented study B", "schools")
    asked = [(teachers, label) for label in ("planning together", "being observed", "giving feedback")]
    asked += [(schools, label) for label in ("students' view", "teachers' view")]
    rows = []
    for (study, unit), label in asked:
        estimate, error = rng.normal(0.15, 0.1), rng.uniform(0.05, 0.15)
        shown = np.round((estimate, estimate - 1.96 * error, estimate + 1.96 * error), 3)
        rows.append((study, label, unit, *shown))
    return pd.DataFrame(rows, columns=["study", "label", "unit", "estimate", "ci_low", "ci_high"])


def signposts(
    seed: int = 20130601, schools: int = 27, comparison: int = 18, effect: dict[str, float] = EFFECT
) -> pd.DataFrame:
    """A row a teacher and wave: who and where, two conditions of the school, and the items of three signposts.

    Columns: teacher, school, district, peer_groups (1: the school has them), wave (1 to 3), subject, support, time, and
    collaboration_1 to engagement_4 (1 to 5, some unanswered). Teachers who are less at ease leave more often and are
    partly replaced; a school of each kind drops out before the last wave.

    Parameters
    ----------
    seed, schools, comparison, effect : of the random numbers; how many with peer groups; how many without; as EFFECT
    """
    rng = np.random.default_rng(seed)
    rows, teachers = [], 0
    for school in range(schools + comparison):
        treated = school < schools
        size, stable, support = int(rng.integers(8, 19)), rng.normal(0, 0.3, 3), rng.normal(0, 0.4)
        gone = school in (schools - 1, schools + comparison - 1)
        staff = []
        for wave in range(3 - gone):
            staff = [who for who in staff if rng.random() < 1 / (1 + np.exp(-1.6 - 0.8 * who[2][1]))]
            while len(staff) < (size if wave == 0 else round(0.95 * size)):
                teachers += 1
                subject = str(rng.choice(["mathematics", "English", "other"], p=[0.35, 0.35, 0.3]))
                staff.append((teachers, subject, 0.5 * rng.normal() + rng.normal(0, 0.55, 3)))
            grown = 0.06 * wave + treated * np.array(list(effect.values())) * (0, 0.6, 1)[wave]
            climate = stable + rng.normal(0, 0.12, 3) + grown
            for number, subject, own in staff:
                helped = np.clip(3 + support + 0.1 * wave + rng.normal(0, 0.7), 1, 5)
                hours = np.clip(2 + 0.5 * support + rng.normal(0, 0.8), 0, 6)
                latent = climate + own + 0.15 * (helped - 3) + rng.normal(0, 0.6, 3)
                where = (f"school {school + 1:02}", f"district {'ABCDEF'[school % 6]}", int(treated), wave + 1)
                rows.append((number, *where, subject, round(helped, 1), round(hours, 1), *_answers(rng, latent)))
    items = [f"{signpost}_{item}" for signpost in EFFECT for item in range(1, 5)]
    names = ["teacher", "school", "district", "peer_groups", "wave", "subject", "support", "time"]
    return pd.DataFrame(rows, columns=[*names, *items]).astype(dict.fromkeys(items, "Int64"))


def _answers(rng: np.random.Generator, latent: np.ndarray) -> list[float]:
    """Answers to all items, the third signpost answered lowest; one in fifty is missing."""
    ease = np.array([[0.6, 0.3, 0.1, -0.2], [0.5, 0.2, 0.0, -0.3], [0.1, -0.2, -0.5, -0.8]])
    felt = latent[:, None] + ease + rng.normal(0, 0.8, ease.shape)
    answers = 1.0 + np.digitize(felt, [-1.4, -0.5, 0.4, 1.3])
    answers[rng.random(answers.shape) < 0.02] = np.nan
    return answers.ravel().tolist()


FILES = {
    "01-students.csv": students,
    "01-twin-assumptions.csv": twin.assumptions,
    "02-coding.csv": coded_leaders,
    "02-teachers.csv": learning,
    "03-survey.csv": classroom_doors,
    "03-talis-assumptions.csv": talis_systems.assumptions,
    "04-participants.csv": participants,
    "05-satisfaction.csv": satisfaction,
    "05-satisfaction-long.csv": satisfaction_long,
    "06-signposts.csv": signposts,
    "06-design-assumptions.csv": power.assumptions,
    "07-retellings.csv": retold,
    "08-effects.csv": effects,
}


def write() -> None:
    """Write every simulated file to `data/simulated/`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        make().to_csv(FOLDER / name, index=False, float_format="%.12g", lineterminator="\n")
    talis_sav.write_zip(FOLDER / "03-talis.zip")


if __name__ == "__main__":
    write()
