"""What a survey of teachers in a few schools can see: the smallest change, and the schools it takes.

A teacher's answer on a scale with standard deviation one is the sum of what stays with the school, the school's own
swing in a wave, what stays with the teacher, and the rest. `icc` is the schools' share of the variance, `stability` the
share of that which stays (the cluster autocorrelation), `persistence` the share of the variance within schools which stays
with the teacher (the subject autocorrelation). Names and model: Feldman & McKinlay (1994); Hooper, Teerenstra, de Hoop &
Eldridge (2016), as the R packages clusterPower (`cpa.sw.normal`) and powertools (`crt.means.r`) have them.

With n teachers a school the means of one school in two waves have the variance v = icc + (1 - icc) / n each and the
correlation r = (icc stability + (1 - icc) persistence / n) / v, so that the school's change has the variance 2 v (1 - r), and
the mean change of J schools that over J. Teachers who leave change n and how many are in both waves; `covariance` has it in
general. Formulas and simulations rest on declared assumptions: they are no data about anybody.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special  # what scipy.stats would call, without its import time

from helpers.estimate import fixed_effects, power
from helpers.estimate.fixed_effects import Within
from helpers.project import InputError

KINDS = {
    "new": "other teachers in each wave",
    "same": "the same teachers; who leaves is lost",
    "all": "whoever is there; who leaves is replaced",
}
"""Who is asked in the later waves, by the name that `Design.asked` takes."""

_ASSUMPTIONS = (
    ("teachers", 20, 8, 40, "teachers of a school who answer in the first wave"),
    ("waves", 2, 2, 4, "waves of the survey; those after the first count together"),
    ("icc", 0.10, 0.05, 0.20, "share of the variance of answers that lies between schools"),
    ("stability", 0.70, 0.50, 0.90, "share of the schools' variance that stays from wave to wave"),
    ("persistence", 0.60, 0.40, 0.80, "share of the variance within schools that stays with a teacher"),
    ("attrition", 0.15, 0.0, 0.30, "share of teachers who leave from one wave to the next"),
)  # fmt: skip


@dataclass(frozen=True)
class Design:
    """A study: schools, teachers a school in the first wave, waves, and what its answers are assumed to be like.

    `asked` is one of KINDS; `attrition` is the share of teachers who leave from one wave to the next (without meaning
    where other teachers are asked anyway); `comparison`: schools without peer groups, whose change is taken off.
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
    return pd.DataFrame(_ASSUMPTIONS, columns=["name", "main", "low", "high", "meaning"])


def assumed(table: pd.DataFrame, changed: dict[str, float]) -> dict[str, float]:
    """The main assumptions of a table as `assumptions` gives it, with what the user changed in their place.

    Whole numbers stay whole. Raises InputError for a name that is none of a Design's, and for parts of a school, teacher
    or wave.
    """
    known = ["schools", "comparison", *table["name"]]
    for name in changed:
        if name not in known:
            raise InputError(f"`assume` has no {name!r}. It takes {', '.join(known)}.")
    values = dict(zip(table["name"], table["main"], strict=True)) | changed
    whole = ("schools", "comparison", "teachers", "waves")
    for name in whole:
        if values.get(name, 0) % 1 != 0:
            raise InputError(f"`assume`: `{name}` is {values[name]}; it is a whole number.")
    return {name: int(value) if name in whole else float(value) for name, value in values.items()}


def covariance(design: Design) -> np.ndarray:
    """Covariance of one school's mean answers in the waves, waves x waves."""
    waves = np.arange(design.waves)
    apart = np.abs(waves[:, None] - waves)
    stays = 1 - design.attrition
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
    c = contrast(design.waves)
    of_a_school = c @ covariance(design) @ c
    share = 1 / design.schools + (1 / design.comparison if design.comparison else 0)
    return float(np.sqrt(of_a_school * share))


def detectable(design: Design, target: float = 0.80, alpha: float = 0.05) -> float:
    """Smallest change, in standard deviations of an answer, found with probability `target` (two-sided t test)."""
    return multiple(design.df, target, alpha) * std_error(design)


def multiple(df: int, target: float = 0.80, alpha: float = 0.05) -> float:
    """How many standard errors a change must measure to be found with probability `target`.

    By the noncentral t, halved in to 1e-9; with many degrees of freedom the sum of two normal quantiles.
    """
    low, high = 0.0, 4.0
    while power.power(high, 1.0, df, alpha) < target:
        high *= 2
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (
            (low, middle) if power.power(middle, 1.0, df, alpha) >= target else (middle, high)
        )
    return high


def schools_needed(design: Design, effect: float, target: float = 0.80, alpha: float = 0.05) -> int:
    """Fewest schools with which such a study finds a change of `effect` with probability `target`.

    Comparison schools keep their proportion, rounded up. Raises InputError when an effect is zero.
    """
    if effect == 0:
        raise InputError("design of a study: no number of schools finds a change of zero.")

    def enough(schools: int) -> bool:
        others = -(-schools * design.comparison // design.schools)
        sized = replace(design, schools=schools, comparison=others and max(2, others))
        return bool(power.power(effect, std_error(sized), sized.df, alpha) >= target)

    high = 2
    while not enough(high):
        high *= 2
    low = max(1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return 2 if enough(2) else high


def variants(design: Design, table: pd.DataFrame, tests: int) -> pd.DataFrame:
    """The smallest change that can be found when one thing about a study is other than in `design`.

    `table`: as `assumptions` gives it. Rows `factor, value, detectable`, several to a factor, the values as text; the
    last factors are who is asked, as many comparison schools as schools, and Bonferroni's correction for `tests`
    outcomes.
    """
    rows = []
    for factor, *values in table[["name", "low", "main", "high"]].itertuples(index=False):
        kind = type(getattr(design, factor))
        for value in sorted({kind(getattr(design, factor)), *map(kind, values)}):
            rows.append((factor, f"{value:g}", detectable(replace(design, **{factor: value}))))
    for kind in ("same", "new"):
        rows.append(("asked", kind, detectable(replace(design, asked=kind))))
    for others in (0, design.schools):
        found = detectable(replace(design, comparison=others))
        rows.append(("comparison schools", str(others), found))
    rows += [("outcomes tested", f"{m}", detectable(design, alpha=0.05 / m)) for m in (1, tests)]
    return pd.DataFrame(rows, columns=["factor", "value", "detectable"])


def simulate(design: Design, effect: float, times: int, seed: int) -> pd.DataFrame:
    """Studies of this design made up at random and analysed as real ones are: `estimate, std_error, p_value`.

    Answers are normal and teachers leave by chance; the estimator is the school fixed-effects model with clustered
    errors (CRV1). Schools with peer groups change by `effect` after the first wave.
    """
    rng = np.random.default_rng(seed)
    treated = np.arange(design.schools + design.comparison) < design.schools
    found = []
    for _ in range(times):
        counts, sums = _cells(design, treated, effect, rng)
        fit = fixed_effects.fit(_within(counts, sums, treated))
        own = slice(
            -(design.waves - 1), None
        )  # the last terms: the change of interest, wave by wave
        c = contrast(design.waves)[1:]
        found.append((c @ fit.estimate[own], np.sqrt(c @ fit.covariance[own, own] @ c)))
    estimate, errors = np.array(found).T
    p_value = 2 * special.stdtr(len(treated) - 1, -np.abs(estimate / errors))
    return pd.DataFrame({"estimate": estimate, "std_error": errors, "p_value": p_value})


def check(designs: dict[str, Design], times: int = 500, seed: int = 20170601) -> pd.DataFrame:
    """Formula beside simulation: `label, std_error, spread, spread_low, spread_high, power, found, found_low, found_high`.

    Each design is simulated with the change that the formula finds four times in five. `spread` is the standard
    deviation of the estimates, `found` the share of tests with p < .05; their 95 percent intervals are those of a
    standard deviation of normal numbers (chi-squared) and of a share (Wilson).
    """
    rows = []
    for place, (label, design) in enumerate(designs.items()):
        effect = detectable(design)
        runs = simulate(design, effect, times, seed + place)
        spread, found = runs["estimate"].std(ddof=1), (runs["p_value"] < 0.05).mean()
        edges = np.sqrt((times - 1) / special.chdtri(times - 1, [0.025, 0.975]))
        low, high = _wilson(found, times)
        rows.append({
            "label": label, "effect": effect, "std_error": std_error(design), "spread": spread,
            "spread_low": spread * edges[0], "spread_high": spread * edges[1], "power": 0.80, "found": found,
            "found_low": low, "found_high": high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _wilson(share: float, n: int) -> tuple[float, float]:
    z = special.ndtri(0.975)
    centre, reach = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return tuple((centre + side * reach) / (1 + z**2 / n) for side in (-1, 1))


def _cells(
    design: Design, treated: np.ndarray, effect: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Teachers and the sum of their answers, schools x waves each."""
    shape = (len(treated), design.waves, design.teachers)
    person = rng.normal(size=shape)
    left = rng.random(shape) < design.attrition
    left[:, 0] = False
    present = np.ones(shape, bool)
    if design.asked == "same":
        person[:] = person[:, :1]
        present = ~np.maximum.accumulate(left, axis=1)
    elif design.asked == "all":
        for wave in range(1, design.waves):
            person[:, wave] = np.where(left[:, wave], person[:, wave], person[:, wave - 1])
    between = np.sqrt(design.stability) * rng.normal(size=(len(treated), 1))
    between = between + np.sqrt(1 - design.stability) * rng.normal(size=shape[:2])
    answers = np.sqrt(design.icc) * between[:, :, None] + np.sqrt(1 - design.icc) * (
        np.sqrt(design.persistence) * person
        + np.sqrt(1 - design.persistence) * rng.normal(size=shape)
    )
    answers += effect * (treated[:, None] & (np.arange(design.waves) > 0))[:, :, None]
    return present.sum(axis=2).astype(float), (answers * present).sum(axis=2)


def _within(counts: np.ndarray, sums: np.ndarray, treated: np.ndarray) -> Within:
    """School fixed-effects cross-products: later waves, and with comparison schools these times `treated`."""
    kept = counts.sum(axis=1) > 1
    counts, sums, treated = counts[kept], sums[kept], treated[kept]
    n, s, total = counts[:, 1:], sums[:, 1:], counts.sum(axis=1)
    xx = (
        np.einsum("gi,ij->gij", n, np.eye(n.shape[1]))
        - n[:, :, None] * n[:, None] / total[:, None, None]
    )
    xy = s - n * (sums.sum(axis=1) / total)[:, None]
    names = [f"wave {place}" for place in range(1, counts.shape[1])]
    if not treated.all():
        own = np.stack([np.ones(len(treated)), treated], axis=1)
        xx = np.einsum("ga,gb,gij->gaibj", own, own, xx).reshape(len(own), 2 * len(names), -1)
        xy = np.einsum("ga,gi->gai", own, xy).reshape(len(own), -1)
        names = [*names, *(f"difference, {name}" for name in names)]
    return Within(
        terms=tuple(names), clusters=np.arange(len(total)).astype(str), xx=xx, xy=xy,
        yy=np.zeros(len(total)), n=int(total.sum()), n_schools=len(total), singletons=(),
        baseline_mean=0.0, baseline_sd=1.0,
    )  # fmt: skip
