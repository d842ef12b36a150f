"""What a study can see: power, the smallest detectable change, the schools it takes, and the design effect.

A teacher's answer on a scale with standard deviation one is the sum of what stays with the school, the school's own
swing in a wave, what stays with the teacher, and the rest: `icc` is the schools' share of the variance, `stability` the
share of that which stays (the cluster autocorrelation), `persistence` the share within schools which stays with the
teacher (the subject autocorrelation). Model and names: Feldman & McKinlay (1994); Hooper, Teerenstra, de Hoop &
Eldridge (2016), as the R packages clusterPower (`cpa.sw.normal`) and powertools (`crt.means.r`) have them.

With n teachers a school the means of one school in two waves have the variance v = icc + (1 - icc) / n each and the
correlation r = (icc stability + (1 - icc) persistence / n) / v, so that the mean change of J schools has the variance
2 v (1 - r) / J. Teachers who leave change n and how many are in both waves: `covariance`. All rests on assumptions.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

from helpers.project import InputError

KINDS = {
    "new": "other teachers in each wave",
    "same": "the same teachers; those who leave are not replaced",
    "all": "whoever is there; those who leave are replaced",
}
"""Who is asked in the later waves, by the name that `Design.asked` takes."""


@dataclass(frozen=True)
class Design:
    """A study: schools, teachers a school in the first wave, waves, and what its answers are assumed to be like.

    `attrition`: share of teachers who leave from one wave to the next (without meaning where others are asked anyway);
    `asked`: one of KINDS; `comparison`: schools without peer groups, whose change is taken off.
    """

    schools: int
    teachers: int = 20
    waves: int = 2
    icc: float = 0.10
    stability: float = 0.70
    persistence: float = 0.60
    attrition: float = 0.0
    asked: str = "same"
    comparison: int = 0

    def __post_init__(self) -> None:
        shares = ("icc", "stability", "persistence", "attrition")
        for wrong, message in (
            (self.asked not in KINDS, f"`asked` is {self.asked!r}; it is one of {', '.join(KINDS)}."),
            (self.schools < 2, f"`schools` is {self.schools}; a change of schools needs two or more."),
            (self.comparison < 0 or self.comparison == 1, f"`comparison` is {self.comparison}; it is 0, or 2 or more."),
            (self.teachers < 1, f"`teachers` is {self.teachers}; a school needs one or more."),
            (self.waves < 2, f"`waves` is {self.waves}; a change needs two or more."),
            *((not 0 <= getattr(self, name) <= 1, f"`{name}` is {getattr(self, name)}; it lies from 0 to 1.") for name in shares),
            (self.attrition == 1, "`attrition` is 1: nobody is left in the second wave."),
        ):  # fmt: skip
            if wrong:
                raise InputError(f"design of a study: {message}")

    @property
    def df(self) -> int:
        """Degrees of freedom of the test: schools less the means that are estimated of them."""
        return self.schools + self.comparison - (2 if self.comparison else 1)


def assumptions() -> pd.DataFrame:
    """What is assumed of a study unless somebody knows better: `name, main, low, high, meaning`."""
    rows = (
        ("teachers", 20, 8, 40, "teachers of a school who answer in the first wave"),
        ("waves", 2, 2, 4, "waves of the survey; those after the first count together"),
        ("icc", 0.10, 0.05, 0.20, "share of the variance of answers that lies between schools"),
        ("stability", 0.70, 0.50, 0.90, "share of the schools' variance that stays from wave to wave"),
        ("persistence", 0.60, 0.40, 0.80, "share of the variance within schools that stays with a teacher"),
        ("attrition", 0.15, 0.0, 0.30, "share of teachers who leave from one wave to the next"),
    )
    return pd.DataFrame(rows, columns=["name", "main", "low", "high", "meaning"])


def assumed(table: pd.DataFrame, changed: dict[str, float]) -> dict[str, float]:
    """The main assumptions of a table as `assumptions` gives it, with what the user changed in their place.

    Raises InputError for a name that is none of a Design's, and for parts of a school, teacher or wave.
    """
    known = ["schools", "comparison", *table["name"]]
    for name in changed:
        if name not in known:
            raise InputError(f"`assume` has no {name!r}. It takes {', '.join(known)}.")
    values = table.set_index("name")["main"].to_dict() | changed
    whole = ("schools", "comparison", "teachers", "waves")
    for name in whole:
        if values.get(name, 0) % 1 != 0:
            raise InputError(f"`assume`: `{name}` is {values[name]}; it is a whole number.")
    return {name: int(value) if name in whole else float(value) for name, value in values.items()}


def design_effect(icc: float, size: float) -> float:
    """Kish's design effect: how much larger the variance of a mean is where `size` people a cluster answer alike."""
    return 1 + (size - 1) * icc


def covariance(design: Design) -> np.ndarray:
    """Covariance of one school's mean answers in the waves, waves x waves."""
    waves = np.arange(design.waves)
    apart, stays = np.abs(waves[:, None] - waves), 1 - design.attrition
    if design.asked == "same":
        n = design.teachers * stays**waves
        in_both = np.minimum(n[:, None], n)  # those of the later wave
    else:
        n = np.full(design.waves, float(design.teachers))
        in_both = design.teachers * (stays**apart if design.asked == "all" else apart == 0)
    own = design.persistence * in_both / (n[:, None] * n)
    own[waves, waves] = 1 / n
    swings = design.stability + (1 - design.stability) * np.eye(design.waves)
    return design.icc * swings + (1 - design.icc) * own


def contrast(waves: int) -> np.ndarray:
    """Weights of the waves in the change: the mean of those after the first, less the first."""
    return np.array([-1.0, *[1 / (waves - 1)] * (waves - 1)])


def std_error(design: Design) -> float:
    """Standard error of the mean change of schools, or of the difference in change to comparison schools."""
    c, share = contrast(design.waves), 1 / design.schools + (1 / design.comparison if design.comparison else 0)
    return float(np.sqrt(c @ covariance(design) @ c * share))


def power(effect: float, std_error: np.ndarray, df: np.ndarray, alpha: float = 0.05) -> np.ndarray:
    """Probability that a two-sided t test finds an effect of this size, by the noncentral t distribution.

    >>> round(float(power(0.4, 0.15, df=26)), 3)
    0.728

    Parameters
    ----------
    effect, std_error, df, alpha : the first two in one unit; degrees of freedom and level of the test
    """
    critical, shift = special.stdtrit(df, 1 - alpha / 2), np.abs(effect) / std_error
    # scipy gives NaN where a tail is thinner than it can compute: nothing is there.
    missed = np.nan_to_num(special.nctdtr(df, shift, critical))
    wrong_side = np.nan_to_num(special.nctdtr(df, shift, -critical))
    return 1 - missed + wrong_side


def multiple(df: float, target: float = 0.80, alpha: float = 0.05) -> float:
    """How many standard errors a change must measure to be found with probability `target`.

    By the noncentral t, halved in to 1e-9; with many degrees of freedom the sum of two normal quantiles.
    """
    low, high = 0.0, 4.0
    while power(high, 1.0, df, alpha) < target:
        high *= 2
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, 1.0, df, alpha) >= target else (middle, high)
    return high


def detectable(design: Design, target: float = 0.80, alpha: float = 0.05) -> float:
    """Smallest change, in standard deviations of an answer, found with probability `target` (two-sided t test).

    >>> round(detectable(Design(schools=27, teachers=20, icc=0.1)), 2)
    0.17
    """
    return multiple(design.df, target, alpha) * std_error(design)


def detectable_difference(n1: float, n2: float, alpha: float, power: float) -> float:
    """True difference of two groups, in SDs, that a two-sided t test finds with this power (statsmodels, within 2e-6).

    >>> round(detectable_difference(49, 47, alpha=0.05, power=0.8), 2)
    0.58

    Parameters
    ----------
    n1, n2, alpha, power : sizes of the groups; level of the test, and how often it finds the difference
    """
    from statsmodels.stats.power import TTestIndPower

    found = TTestIndPower().solve_power(nobs1=n1, ratio=n2 / n1, alpha=alpha, power=power)
    return float(np.squeeze(found))  # statsmodels gives an array where its first search ends badly


def schools_needed(design: Design, effect: float, target: float = 0.80, alpha: float = 0.05) -> int:
    """Fewest schools with which such a study finds a change of `effect`. Raises InputError where that is zero.

    >>> schools_needed(Design(schools=2, teachers=20, icc=0.1), effect=0.1)
    78

    Parameters
    ----------
    design : its number of schools does not matter; comparison schools keep their proportion, rounded up
    effect, target, alpha : in standard deviations of an answer; power and level of the two-sided t test
    """
    if effect == 0:
        raise InputError("design of a study: no number of schools finds a change of zero.")

    def enough(schools: int) -> bool:
        others = -(-schools * design.comparison // design.schools)
        sized = replace(design, schools=schools, comparison=others and max(2, others))
        return bool(power(effect, std_error(sized), sized.df, alpha) >= target)

    high = 2
    while not enough(high):
        high *= 2
    fewest = high // 2 + 1
    return fewest + bisect_left(range(fewest, high), True, key=enough)


def year_effect_se(schools: int, students: float, shock_sd: float, residual_sd: float) -> float:
    """Standard error of a difference of two years: root of 2 (shock_sd^2 + residual_sd^2 / students) / schools.

    Parameters
    ----------
    schools, students : schools of equal size, and students of each in one year; others answer in the next
    shock_sd, residual_sd : by which a school's mean of one year strays; students of one school and year
    """
    design, sd = _two_years(schools, students, shock_sd, residual_sd)
    return sd * std_error(design)


def schools_for_year_effect(
    effect: float, students: float, shock_sd: float, residual_sd: float, *, target: float = 0.80
) -> int:
    """Fewest schools with which a two-sided 5% t test finds a year effect: `schools_needed` in other terms.

    Parameters
    ----------
    effect, students, shock_sd, residual_sd : as in `year_effect_se`; the effect in the unit of the SDs
    target : the power
    """
    design, sd = _two_years(2, students, shock_sd, residual_sd)
    return schools_needed(design, effect / sd, target)


def _two_years(schools: int, students: float, shock_sd: float, residual_sd: float) -> tuple[Design, float]:
    """Two years of other students as a design, and the standard deviation of an answer within schools."""
    sd = float(np.hypot(shock_sd, residual_sd))
    return Design(schools, students, icc=(shock_sd / sd) ** 2, stability=0.0, asked="new"), sd


def variants(design: Design, table: pd.DataFrame, tests: int) -> pd.DataFrame:
    """The smallest change that can be found when one thing about a study is other than in `design`.

    `table`: as `assumptions` gives it. Rows `factor, value, detectable`, values as text; the last factors are who is
    asked, as many comparison schools as schools, and Bonferroni's correction for `tests` outcomes.
    """
    cases = []
    for factor, *values in table[["name", "low", "main", "high"]].itertuples(index=False):
        own = getattr(design, factor)
        cases += [(factor, f"{value:g}", {factor: value}) for value in sorted({own, *map(type(own), values)})]
    cases += [("asked", kind, {"asked": kind}) for kind in ("same", "new")]
    cases += [("comparison schools", str(m), {"comparison": m}) for m in (0, design.schools)]
    rows = [(name, value, detectable(replace(design, **other))) for name, value, other in cases]
    rows += [("outcomes tested", str(m), detectable(design, alpha=0.05 / m)) for m in (1, tests)]
    return pd.DataFrame(rows, columns=["factor", "value", "detectable"])
