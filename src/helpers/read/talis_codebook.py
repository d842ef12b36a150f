"""Facts of the OECD's Teaching and Learning International Survey (TALIS): the question, its codes, its weights.

Variables and codes are those of the OECD's files: 2018 by the codebook of the teacher file; 2013 by the printed names
TT2G33A-H and by public analyses of the files (codes 7, 8, 9 missing); 2024 by the labels of the teacher file as listed
in github.com/Erdos-Projects/summer26-teacher-ai-readiness, data/v2_talis2024_teacher_codebook.csv. In 2024 the
question has another number and another order, and no team conferences.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

REPLICATES, FAY = 100, 0.5  # replicate weights by balanced repeated replication, and Fay's factor
ITEMS = {
    "A": "Teach a class together", "B": "Observe colleagues and give feedback", "C": "Joint activities across classes",
    "D": "Exchange teaching materials", "E": "Talk about how single students learn",
    "F": "Common standards for assessment", "G": "Team conferences", "H": "Learn together with colleagues",
}  # fmt: skip
CATEGORIES = [
    "Never", "Once a year or less", "2-4 times a year", "5-10 times a year", "1-3 times a month", "Once a week or more",
]  # fmt: skip
OFTEN, STATISTICS = 5, ("never", "monthly")
"""The first answer that is at least once a month, and what the shares of the first answer and of those are called."""
FEWEST = (30, 10)  # the OECD shows no cell with fewer teachers or schools
LEVELS = {1: "primary", 2: "lower secondary", 3: "upper secondary"}
CYCLES = {"2": 2013, "3": 2018, "4": 2024}  # by the digit in the names of a cycle's variables
QUESTIONS = {
    2013: {item: f"TT2G33{item}" for item in "ABCDEFGH"},
    2018: {item: f"TT3G33{item}" for item in "ABCDEFGH"},
    2024: {item: f"TT4G26{item}" for item in "ABCDEF"} | {"H": "TT4G26G"},
}
"""The variable of each item. Nobody was asked what is not here; TT4G26H is about parents."""
ANSWERS = range(1, 7)
FEEDBACK_FROM = {
    "S1": "External individuals or bodies", "S2": "Principal or members of the management team",
    "S3": "Other colleagues within the school", "S4": "Nobody: has never received such feedback",
}  # fmt: skip
"""Whose feedback after an observation of their teaching teachers have had, in the words of the labels of 2024, the only year that asks."""
NOT_ASKED = 8
UNANSWERED = {2013: (7, 9), 2018: (7, 9), 2024: (9,)}  # not reached, and omitted or invalid


@dataclass(frozen=True)
class Question:
    """Items that are answered alike.

    `variables`: cycle -> item -> variable; `places`: code in the files -> place of the answer, lowest first; `lowest`: how the
    label of the lowest answer begins; `told`: what codes mean, for messages.
    """

    variables: dict[int, dict[str, str]]
    places: dict[int, int]
    lowest: str
    told: str


PRACTICE = Question(QUESTIONS, {code: code for code in ANSWERS}, "never", "1 (never) to 6 answers, 7 not reached")
FEEDBACK = Question(
    {2024: {item: f"TT4G68A{item[1]}" for item in FEEDBACK_FROM}}, {1: 2, 2: 1}, "not", "1 checked, 2 not checked"
)

WEIGHTS = ["TCHWGT", *(f"TRWGT{number}" for number in range(1, REPLICATES + 1))]
"""The final weight and the replicate weights of teachers."""
MISSING_IDS = {
    "IDSCHOOL": (9998, 9999), "IDTEACH": (999998, 999999), **dict.fromkeys(WEIGHTS, (999998, 999999)),
    "TCHWGT": (9998, 9999, 999998, 999999),
}  # fmt: skip
"""Codes of what must not be missing, for files that do not declare them: those of the final weight changed in 2024."""
FORMS = {2024: ("IDTQUEST", {1: "A", 2: "B", 3: "C"})}
"""The form of the questionnaire that a teacher got. In 2024 forms rotate: some items are in some forms only."""

SEX = {1: "Female", 2: "Male"}  # the first question
AGE_BANDS = ["Under 30", "30-39", "40-49", "50-59", "60 and above"]
AGES = {
    2018: ("TCHAGEGR", dict(enumerate([AGE_BANDS[0], *AGE_BANDS], start=1))),
    2024: ("T4TAGEGR", dict(enumerate(AGE_BANDS, start=1))),
}
"""Age as the files group it, in the bands of 2024: those below 30 are two in 2018."""
SCHOOL_TYPES = {1: "Public", 2: "Private"}
SCHOOL_TYPE = {2013: "TC2G10", 2018: "TC3G12"}
"""Management of the school, for files without labels: asked of principals, so in school files only."""
VALID = {"TT3G42D": range(1, 5)} | {
    name: tuple(asked.places)
    for asked in (PRACTICE, FEEDBACK)
    for items in asked.variables.values()
    for name in items.values()
}
"""Answers that can be, for files that do not declare missing codes."""

PARTS = {2018: {"BEL": ("BFL",)}, 2024: {"BEL": ("BFL", "BFR")}}
"""By cycle, the systems that may stand beside parts of theirs, with the same teachers again: whole -> parts.

2024 by the file's list of systems (github.com/mgurbuz32/talis2024-sen-professional-learning,
codebook/system_lookup.csv); 2018 by the labels of IDCNTRY, which have the Flemish Community beside Belgium (its three
letters are taken from 2024). England, Alberta, Shanghai and the city of Buenos Aires stand without their country.
"""
AVERAGES = {
    "OECD 2018": (
        "CAB", "AUS", "AUT", "BEL", "CHL", "COL", "CZE", "DNK", "ENG", "EST", "FIN", "FRA", "HUN", "ISL", "ISR", "ITA",
        "JPN", "KOR", "LVA", "LTU", "MEX", "NLD", "NZL", "NOR", "PRT", "SVK", "SVN", "ESP", "SWE", "TUR", "USA",
    )
}  # fmt: skip
"""Averages in print that are plain means: the systems of each. That of 2018 was checked on a printed table (68.3)."""
NOT_PUBLIC = {"ISL": "Iceland"}
"""Systems of these of which there is no public teacher file of 2018."""

FILES = re.compile(r"[A-DT][TC]G[A-Z]{3}T\d", re.IGNORECASE)
"""How names of the OECD's files begin: level, teachers or principals, system, cycle."""
NOT_READ = re.compile(r"[A-DT][TC]G[A-Z]{3}T1\b", re.IGNORECASE)
"""Files of 2008, by the last two characters (as R's EdSurvey tells cycles apart): the names of that year's questions were not seen."""
SIMULATED = "X(?!KX)[A-Z]{2}"
"""Codes of simulated systems: those that ISO leaves to users, but for Kosovo's, which the OECD uses."""


def parts(cycle: int, systems: Collection[str]) -> dict[str, str]:
    """Those of the systems of one cycle whose whole is among them, too: part -> whole."""
    wholes = {whole: found for whole, found in PARTS.get(cycle, {}).items() if whole in systems}
    return {part: whole for whole, found in wholes.items() for part in found if part in systems}


def average(name: str) -> str | None:
    """A name of AVERAGES, however it is spelt (`oecd-2018`); None for another."""
    plain = {"".join(filter(str.isalnum, known)).lower(): known for known in AVERAGES}
    return plain.get("".join(filter(str.isalnum, name)).lower())


def digit(cycle: int) -> str:
    """The digit in the names of a cycle's variables."""
    return next(digit for digit, at in CYCLES.items() if at == cycle)
