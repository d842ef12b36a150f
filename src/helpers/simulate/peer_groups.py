"""A simulated survey of teachers in schools with and without peer groups. It is nobody's data and no evidence of anything."""

import numpy as np
import pandas as pd

SIGNPOSTS = ("collaboration", "comfort", "engagement")
ITEMS = 4
"""Items of a signpost, each answered from 1 to 5."""

EFFECT = {"collaboration": 0.35, "comfort": 0.20, "engagement": 0.40}
"""Planted: how much more schools with peer groups change by the last wave, on the scale of the simulated answers."""

_WAVES, _TREND = 3, 0.06
_DISTRICTS = "ABCDEF"


def signposts(
    seed: int = 20130601, schools: int = 27, comparison: int = 18, effect: dict[str, float] = EFFECT
) -> pd.DataFrame:
    """A row a teacher and wave: who and where, two conditions of the school, and the items of three signposts.

    Columns: teacher, school, district, peer_groups (1: the school has them), wave (1 to 3), subject, support, time, and
    collaboration_1 to engagement_4 (1 to 5, some unanswered). Teachers who are less at ease leave more often and are
    partly replaced; a school of each kind drops out before the last wave.
    """
    rng = np.random.default_rng(seed)
    rows, teachers = [], 0
    for school in range(schools + comparison):
        treated = school < schools
        size, stable = int(rng.integers(8, 19)), rng.normal(0, 0.3, 3)
        support = rng.normal(0, 0.4)
        gone = school in (schools - 1, schools + comparison - 1)
        staff = []
        for wave in range(_WAVES - gone):
            staff = [person for person in staff if _stays(rng, person)]
            while len(staff) < (size if wave == 0 else round(0.95 * size)):
                teachers += 1
                staff.append(_person(rng, teachers))
            grown = _TREND * wave + treated * np.array(list(effect.values())) * (0, 0.6, 1)[wave]
            climate = stable + rng.normal(0, 0.12, 3) + grown
            for number, subject, own in staff:
                helped = np.clip(3 + support + 0.1 * wave + rng.normal(0, 0.7), 1, 5)
                hours = np.clip(2 + 0.5 * support + rng.normal(0, 0.8), 0, 6)
                latent = climate + own + 0.15 * (helped - 3) + rng.normal(0, 0.6, 3)
                where = (
                    f"school {school + 1:02}",
                    f"district {_DISTRICTS[school % 6]}",
                    int(treated),
                )
                conditions = (subject, round(helped, 1), round(hours, 1))
                rows.append((number, *where, wave + 1, *conditions, *_answers(rng, latent)))
    items = [f"{signpost}_{item}" for signpost in SIGNPOSTS for item in range(1, ITEMS + 1)]
    names = ["teacher", "school", "district", "peer_groups", "wave", "subject", "support", "time"]
    table = pd.DataFrame(rows, columns=[*names, *items])
    return table.astype(dict.fromkeys(items, "Int64"))


def _person(rng: np.random.Generator, number: int) -> tuple[int, str, np.ndarray]:
    """A teacher's number, subject, and what of the three signposts stays with the teacher."""
    subject = str(rng.choice(["mathematics", "English", "other"], p=[0.35, 0.35, 0.3]))
    return number, subject, 0.5 * rng.normal() + rng.normal(0, 0.55, 3)


def _stays(rng: np.random.Generator, person: tuple[int, str, np.ndarray]) -> bool:
    return rng.random() < 1 / (1 + np.exp(-(1.6 + 0.8 * person[2][1])))


def _answers(rng: np.random.Generator, latent: np.ndarray) -> list[float]:
    """Answers to all items, the third signpost answered lowest; one in fifty is missing."""
    ease = np.array([[0.6, 0.3, 0.1, -0.2], [0.5, 0.2, 0.0, -0.3], [0.1, -0.2, -0.5, -0.8]])
    felt = latent[:, None] + ease + rng.normal(0, 0.8, ease.shape)
    answers = 1.0 + np.digitize(felt, [-1.4, -0.5, 0.4, 1.3])
    answers[rng.random(answers.shape) < 0.02] = np.nan
    return answers.ravel().tolist()
