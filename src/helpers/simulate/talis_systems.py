"""Simulated teacher surveys like TALIS: three systems that exist nowhere, named A, B and C, and samples of them.

Each system is a population of teachers in schools, of which a stratified two-stage sample is drawn, weighted and given
replicate weights (BRR with Fay's factor) as a TALIS file has them. Nothing is measured; `assumptions` has what is assumed.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from helpers.read.talis_codebook import FAY

ITEMS = {
    "A": "How often you do teach jointly as a team in the same class",
    "B": "How often you do observe other teachers classes and provide feedback",
    "C": "How often you do engage in joint activities",
    "D": "How often you do exchange teaching materials with colleagues",
    "E": "How often you do engage in discussions about the learning development",
    "F": "How often you do work with other teachers in this school",
    "G": "How often you do attend team conferences",
    "H": "How often you do take part in collaborative professional learning",
}
"""The eight items of question 33 with their variable labels in the files of 2018."""


@dataclass(frozen=True)
class System:
    """A made-up system: codes of its files (outside ISO 3166), location of the eight items in logits, items not asked."""

    name: str
    code: str
    number: int
    cycle: int
    locations: tuple[float, ...]
    not_administered: str = ""


SYSTEMS = (
    System("System A", "XXA", 90001, 2018, (-1.5, -2.2, -1.6, 0.8, 1.0, 0.4, 0.3, -0.8)),
    System("System B", "XXB", 90002, 2018, (-0.7, -0.9, -0.8, 1.4, 1.8, 1.0, 0.9, 0.0), "D"),
    System("System C", "XXC", 90003, 2018, (0.2, 1.1, 0.3, 1.2, 1.5, 1.4, 1.6, 1.2)),
    System("System A", "XXA", 90001, 2013, (-1.7, -2.9, -1.7, 0.9, 0.9, 0.1, 0.0, -1.2)),
)
"""Two have closed classroom doors or half open ones, one has open ones; one system took part twice."""
THRESHOLDS = (-1.2, -0.4, 0.4, 1.1, 2.0)
"""Logits between the six answers, the same for all items."""
SCHOOL_SD, TEACHER_SD = 0.6, 1.0
"""Logits. With the logistic error of each answer, schools hold about a twelfth of the variance."""
STRATA = {"countryside": (0.40, 18, -0.3, 0.05), "towns": (0.35, 30, 0.0, 0.15), "cities": (0.25, 45, 0.3, 0.35)}
"""Share of schools, mean number of teachers, effect in logits, share of privately managed schools."""
EFFECTS = {"private": 0.3, "female": 0.15, "decade": -0.1}
"""Logits: a privately managed school, a woman, ten years of age more than 44."""
FEMALE, MEAN_AGE, AGE_SD = 0.66, 44, 10
LISTED_SD = 0.15
"""The list that schools are drawn from knows their sizes with this error (SD of the logarithm)."""
SCHOOLS_ANSWER, TEACHERS_ANSWER, PRINCIPALS_ANSWER = 0.88, 0.85, 0.95
LEFT_EARLY, OMITTED, UNTOLD, NO_CLASS = 0.015, 0.02, 0.005, 0.04
"""Shares: teachers who stop before question 33, single answers left out, sex or age not told, teachers without a class."""
LINKED, LINKED_THRESHOLDS = 0.3, (-3.5, -1.4, 0.5)
"""Question 42D: slope on the teacher's part of question 33, and thresholds between its four answers in logits."""
SMALLEST, SHAPE = 6, 3
"""Teachers of the smallest school; shape of the gamma distribution of the sizes of the others."""
POPULATION, SAMPLE, TEACHERS = 2500, 75, 14
"""Schools of a system, schools drawn of them, and teachers drawn in each (all, where there are no more)."""
FILE = "data/simulated/03-talis-assumptions.csv"  # where `assumptions` are written for readers


@dataclass(frozen=True)
class Population:
    """`schools`: stratum, private, teachers (their number), listed (size in the list), first (row of the first teacher).
    `teachers`: school, female, age, answers 1 to 6 to items A to H, and `linked`, 1 to 4 (question 42D)."""

    schools: pd.DataFrame
    teachers: pd.DataFrame


@dataclass(frozen=True)
class Sample:
    """Who answered: rows of the population's frames, in the order of selection, and what the design gives them.

    `schools`: also weight and zone; `teachers`: also number, from 0, among those drawn in the school.
    `weights`: teachers x (1 + REPLICATES), the final weight first.
    """

    schools: pd.DataFrame
    teachers: pd.DataFrame
    weights: np.ndarray


def assumptions() -> pd.DataFrame:
    """Everything the simulated systems assume, for readers: `what, system, level, value, unit`."""
    rows = []
    for system in SYSTEMS:
        where = f"{system.name} {system.cycle}"
        for item, value in zip(ITEMS, system.locations, strict=True):
            what = "location of item" + " (not administered)" * (item in system.not_administered)
            rows.append((what, where, item, value, "logits"))
    rows += [("threshold", "", place, value, "logits") for place, value in enumerate(THRESHOLDS, 1)]
    facts = ("schools", "mean size", "effect of stratum", "privately managed schools")
    units = ("share", "teachers", "logits", "share")
    for stratum, values in STRATA.items():
        rows += [(what, "", stratum, *told) for what, *told in zip(facts, values, units, strict=True)]
    others = (
        ("spread of schools", "", SCHOOL_SD, "logits"),
        ("spread of teachers within schools", "", TEACHER_SD, "logits"),
        ("effect of private management", "", EFFECTS["private"], "logits"),
        ("effect of being a woman", "", EFFECTS["female"], "logits"),
        ("effect of ten years of age", "", EFFECTS["decade"], "logits"),
        ("women", "", FEMALE, "share"),
        ("age", "mean", MEAN_AGE, "years"),
        ("age", "standard deviation", AGE_SD, "years"),
        ("smallest school", "", SMALLEST, "teachers"),
        ("shape of the distribution of school sizes", "", SHAPE, "parameter of a gamma distribution"),
        ("error of listed school sizes", "", LISTED_SD, "SD of the logarithm"),
        ("schools of a system", "", POPULATION, "schools"),
        ("schools drawn", "", SAMPLE, "schools"),
        ("teachers drawn in a school", "at most", TEACHERS, "teachers"),
        ("schools that answer", "", SCHOOLS_ANSWER, "share"),
        ("teachers that answer", "", TEACHERS_ANSWER, "share"),
        ("principals that answer", "", PRINCIPALS_ANSWER, "share"),
        ("teachers that stop early", "", LEFT_EARLY, "share"),
        ("answers left out", "", OMITTED, "share"),
        ("sex or age not told", "", UNTOLD, "share"),
        ("teachers without a class to tell of", "", NO_CLASS, "share"),
        ("slope of question 42D on the teacher", "", LINKED, "logits"),
        *(("threshold of question 42D", at, value, "logits") for at, value in enumerate(LINKED_THRESHOLDS, 1)),
    )
    rows += [(what, "", *rest) for what, *rest in others]
    return pd.DataFrame(rows, columns=["what", "system", "level", "value", "unit"])


def population(rng: np.random.Generator, locations: tuple[float, ...], schools: int = POPULATION) -> Population:
    """A system: all its schools, and all their teachers with complete answers from a graded response model."""
    share, mean, effect, private = np.array(list(STRATA.values())).T
    stratum = np.sort(rng.choice(len(share), schools, p=share))
    size = SMALLEST + rng.poisson(rng.gamma(SHAPE, (mean[stratum] - SMALLEST) / SHAPE))
    frame = pd.DataFrame({
        "stratum": stratum, "private": rng.random(schools) < private[stratum], "teachers": size,
        "listed": np.rint(size * rng.lognormal(0, LISTED_SD, schools)).clip(1).astype(int),
        "first": np.cumsum(size) - size,
    })  # fmt: skip
    own = rng.normal(0, SCHOOL_SD, schools)
    climate = effect[stratum] + EFFECTS["private"] * frame["private"].to_numpy() + own
    return Population(frame, _teachers(rng, frame.index.repeat(size), climate, locations))


def _teachers(rng, school: pd.Index, climate: np.ndarray, locations: tuple[float, ...]) -> pd.DataFrame:
    n = len(school)
    female = rng.random(n) < FEMALE
    age = np.rint(rng.normal(MEAN_AGE, AGE_SD, n)).clip(21, 70).astype(int)
    person = rng.normal(0, TEACHER_SD, n)
    trait = climate[school] + person + EFFECTS["female"] * female + EFFECTS["decade"] * (age - MEAN_AGE) / 10
    latent = trait[:, None] + np.array(locations) + rng.logistic(0, 1, (n, len(ITEMS)))
    answers = 1 + np.digitize(latent, THRESHOLDS)
    linked = 1 + np.digitize(LINKED * person + rng.logistic(0, 1, n), LINKED_THRESHOLDS)
    fixed = pd.DataFrame({"school": school, "female": female, "age": age, "linked": linked})
    return pd.concat([fixed, pd.DataFrame(answers, columns=list(ITEMS))], axis=1)


@cache
def hadamard() -> np.ndarray:
    """Matrix of order 100 of +1 and -1 with orthogonal columns, the first of ones.

    Paley's second construction (1933; R's package HadamardR documents it) over the field of 49 elements a + bi
    with i * i = -1 modulo 7. Such an element is a square exactly when a * a + b * b is one modulo 7.
    """
    real, imaginary = np.divmod(np.arange(49), 7)
    norm = (real[:, None] - real) ** 2 + (imaginary[:, None] - imaginary) ** 2
    character = np.array([0, 1, 1, -1, 1, -1, -1])[norm % 7]
    conference = np.ones((50, 50), dtype=int)
    conference[0, 0] = 0
    conference[1:, 1:] = character
    matrix = np.kron(conference, [[1, 1], [1, -1]])
    matrix += np.kron(np.eye(50, dtype=int), [[1, -1], [-1, -1]])
    matrix = matrix * matrix[:, :1]
    matrix.flags.writeable = False  # it is kept for the next call
    return matrix


def draw(rng: np.random.Generator, population: Population, schools: int = SAMPLE) -> Sample:
    """A stratified two-stage sample of those who answer, with final and Fay-BRR weights.

    Each stratum gives the same number of the `schools`, drawn systematically from a list in random order with
    probability proportional to listed size; each school a simple random sample of TEACHERS. Schools that do not answer
    are made up for by those of their stratum, teachers by those of their school. Replicates repeat neither adjustment.
    Raises ValueError when a school is as large as the sampling step or a stratum is left with a single school.
    """
    strata, listed, size, first = population.schools[["stratum", "listed", "teachers", "first"]].to_numpy().T
    found, zone = [], np.empty(0, int)
    for stratum, wanted in enumerate(np.diff(np.linspace(0, schools, len(STRATA) + 1).astype(int))):
        places = np.flatnonzero(strata == stratum)
        picked = places[_systematic(rng, listed[places], wanted)]
        owner, people, number = _answering(rng, size[picked])
        answering, answered = np.unique(owner, return_counts=True)
        part, step = picked[answering], listed[places].sum() / wanted
        weight = step / listed[part] * wanted / len(part)
        zone = np.append(zone, zones(len(part)) + (zone[-1] + 1 if len(zone) else 0))
        found.append((part, weight, answered, first[picked[owner]] + people, number))
    part, weight, answered, rows, number = map(np.concatenate, zip(*found, strict=True))
    final = weight * size[part] / answered
    every = np.column_stack([final, final[:, None] * factors(zone)])
    return Sample(
        population.schools.iloc[part].assign(weight=weight, zone=zone),
        population.teachers.iloc[rows].assign(number=number),
        every.repeat(answered, axis=0),
    )


def _systematic(rng: np.random.Generator, size: np.ndarray, number: int) -> np.ndarray:
    """Places drawn with probability proportional to `size`, in the order of a list that was shuffled."""
    order = rng.permutation(len(size))
    step = size.sum() / number
    if size.max() >= step:
        raise ValueError("a school is as large as the sampling step: draw fewer schools")
    hits = (np.arange(number) + rng.random()) * step
    return order[np.searchsorted(np.cumsum(size[order]), hits, side="right")]


def _answering(rng: np.random.Generator, size: np.ndarray) -> tuple[np.ndarray, ...]:
    """Who is drawn in schools of so many teachers and answers: school, place in it, and number among those drawn, from 0."""
    owner, place = _numbered(size)
    shuffled = np.lexsort((rng.random(len(owner)), owner))
    drawn = np.sort(shuffled[place < TEACHERS])
    takes_part = rng.random(len(size)) < SCHOOLS_ANSWER
    answer = (rng.random(len(drawn)) < TEACHERS_ANSWER) & takes_part[owner[drawn]]
    _, number = _numbered(np.minimum(size, TEACHERS))
    return owner[drawn[answer]], place[drawn[answer]], number[answer]


def _numbered(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """School of each teacher, and number within it from 0, of schools of so many teachers."""
    return np.arange(len(size)).repeat(size), np.concatenate([*map(np.arange, size)])


def zones(schools: int) -> np.ndarray:
    """Zones of so many schools, in order: pairs, the last a triple where the number is odd. ValueError for one school."""
    if schools < 2:
        raise ValueError("a stratum with a single school has no variance to estimate")
    return np.minimum(np.arange(schools) // 2, schools // 2 - 1)


def factors(zone: np.ndarray) -> np.ndarray:
    """What each school's weight is multiplied by in each replicate: schools x REPLICATES.

    `zone`: whole numbers from 0, each in two or three neighbouring rows. A column of the Hadamard matrix says which
    school of a pair counts 2 - FAY and which counts FAY. In a triple one school stands against two, with factors that
    keep the variance unbiased: 1.7071 and 0.6464, or 0.2929 and 1.3536, as they stand in the school file of
    TALIS 2018 for Italy. Raises ValueError when there are more zones than columns.
    """
    signs = hadamard()[:, 1:]
    if zone.max() >= signs.shape[1]:
        raise ValueError(f"{zone.max() + 1} zones are more than the {signs.shape[1]} of the matrix")
    first = np.concatenate([[True], np.diff(zone) > 0])
    triple = np.bincount(zone)[zone] == 3
    swing = np.where(first, np.where(triple, np.sqrt(2), 1.0), np.where(triple, -np.sqrt(1 / 2), -1.0))
    return 1 + (1 - FAY) * swing[:, None] * signs.T[zone]
