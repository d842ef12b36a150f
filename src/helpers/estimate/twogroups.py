"""Two groups compared, from printed means and SDs or from records; means and shares of ordered answers by group.

Differences are first minus second; SDs divide by n - 1.
"""

from math import sqrt

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments, panels, survey_means
from helpers.estimate.fixed_effects import Within
from helpers.estimate.intervals import of_shares, t_test, wilson
from helpers.estimate.permutation import Treatment
from helpers.estimate.power import design_effect
from helpers.estimate.survey_means import Design
from helpers.project import InputError


def welch_error(sd1: float, sd2: float, n1: int, n2: int) -> float:
    """Standard error of the difference.

    Parameters
    ----------
    sd1, sd2, n1, n2 : SDs and sizes of the groups
    """
    return sqrt(sd1**2 / n1 + sd2**2 / n2)


def welch_df(sd1: float, sd2: float, n1: int, n2: int) -> float:
    """Satterthwaite's degrees of freedom.

    Parameters
    ----------
    sd1, sd2, n1, n2 : SDs and sizes of the groups
    """
    v1, v2 = sd1**2 / n1, sd2**2 / n2
    return (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))


def welch(
    mean1: float, sd1: float, n1: int, mean2: float, sd2: float, n2: int, level: float = 0.95
) -> dict[str, float]:
    """Welch's t test from summary numbers: `estimate, std_error, t, df, p_value, ci_low, ci_high, n`.

    >>> found = welch(2.9, 0.6, 49, 2.7, 0.5, 47)
    >>> round(found["estimate"], 2), round(found["df"], 1), round(float(found["p_value"]), 3)
    (0.2, 92.2, 0.079)

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : mean, SD and size of each group
    level : how often the interval holds the truth
    """
    sizes = sd1, sd2, n1, n2
    return _tested(mean1 - mean2, welch_error(*sizes), welch_df(*sizes), level) | {"n": n1 + n2}


def hedges_g(mean1: float, sd1: float, n1: int, mean2: float, sd2: float, n2: int) -> dict[str, float]:
    """Hedges & Olkin's (1985) g by statsmodels, large-sample 95% interval: `estimate, std_error, ci_low, ci_high`.

    >>> found = hedges_g(103, 5.5, 50, 100, 4.5, 50)
    >>> round(float(found["estimate"]), 4), round(found["std_error"], 4)
    (0.5924, 0.2045)

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : mean, SD and size of each group
    """
    from statsmodels.stats.meta_analysis import effectsize_smd

    g, variance = effectsize_smd(mean1, sd1, n1, mean2, sd2, n2)
    return {name: value for name, value in t_test(g, sqrt(variance)).items() if name != "p_value"}


def pooled_sd(sd1: float, n1: int, sd2: float, n2: int) -> float:
    """Square root of the groups' variances averaged by their degrees of freedom.

    Parameters
    ----------
    sd1, n1, sd2, n2 : SD and size of each group
    """
    return sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))


def clustering_factors(icc: float, per_school: float) -> tuple[float, float]:
    """Factors (shared, apart) by which the SE of a difference changes when teachers of a school answer alike.

    `per_school` is the mean number of teachers of one group in a school. Shared: both groups are in the same schools,
    and what makes these differ cancels. Apart: each has schools of its own. The truth of a study lies between.
    """
    return sqrt(1 - icc), sqrt(design_effect(icc, per_school))


def summarise(values: pd.Series, first: pd.Series) -> tuple[float, float, int, float, float, int]:
    """Mean, SD and n of the rows where `first` holds, then of the others; missing values are left out."""
    pairs = [values[mask].dropna() for mask in (first, ~first)]
    return tuple(number for v in pairs for number in (v.mean(), v.std(ddof=1), len(v)))


def clustered(
    values: pd.Series, first: pd.Series, cluster: pd.Series, inference: str = "", level: float = 0.95
) -> dict[str, float]:
    """Difference of means with errors that allow for clusters: the columns of `panels.table` but the term.

    Least squares on a dummy. `n_varying`: clusters of the group that is in fewer of them. Raises InputError for fewer
    than two clusters.

    Parameters
    ----------
    values, first, cluster : columns of one index: outcome, whether of the first group, and cluster; gaps are left out
    inference, level : one of `panels.INFERENCE`; empty: permutation where no cluster holds both groups, else CR2
    """
    data = pd.DataFrame({"y": values, "first": first.astype(float), "cluster": cluster}).dropna()
    design = np.column_stack([data["first"], np.ones(len(data)), data["y"]]).astype(float)
    places, names = pd.factorize(data["cluster"], sort=True)
    if len(names) < 2:
        raise InputError(
            "there is only one cluster, and errors between clusters need two or more. Leave `cluster` out."
        )
    sums = np.zeros((len(names), 3, 3))
    np.add.at(sums, places, design[:, :, None] * design[:, None, :])
    of_first, everybody = sums[:, 0, 0], sums[:, 1, 1]
    whole = bool(((of_first == 0) | (of_first == everybody)).all())
    if inference == "permutation" and not whole:
        raise InputError("some clusters hold both groups, so there is nothing to permute.")
    regression = Within(
        ("first", "constant"), names.to_numpy(str), sums[:, :2, :2], sums[:, :2, 2], sums[:, 2, 2], n=len(data),
        n_schools=len(names), singletons=(), baseline_mean=np.nan, baseline_sd=np.nan, constant=True,
    )  # fmt: skip
    treatment = Treatment(of_first > 0, {"first": "constant"}) if whole else None
    kind = inference or ("permutation" if whole else "CR2")
    found = panels.table(regression, kind, treatment=treatment, terms=["first"], level=level).iloc[0].to_dict()
    return found | {"n_varying": min((of_first > 0).sum(), (of_first < everybody).sum()), "inference": kind}


def within_clusters(values: pd.Series, first: pd.Series, cluster: pd.Series, inference: str = "") -> dict[str, float]:
    """The same for people of one cluster, by a fixed effect for each. Raises InputError.

    `n_varying`: clusters that hold both groups; the others say nothing.

    Parameters
    ----------
    values, first, cluster : as for `clustered`
    inference : likewise; CR2 where that is empty or "permutation", since here nothing is permuted
    """
    data = pd.DataFrame({"y": values, "first": first.astype(float), "cluster": cluster, "time": "1"}).dropna()
    model = moments.Model("y", "cluster", "time", "1", controls=("first",))
    kind = "CR2" if inference in ("", "permutation") else inference
    return panels.table(fixed_effects.within(moments.compute(data, model)), kind).iloc[0].to_dict()


def _tested(estimate: float, std_error: float, df: float, level: float = 0.95) -> dict[str, float]:
    return t_test(estimate, std_error, df, level) | {"t": estimate / std_error, "df": df}


def means(answers: pd.DataFrame) -> pd.DataFrame:
    """Mean of each item in each group with its 95% t interval.

    Rows `item, group, term, estimate, std_error, ci_low, ci_high, p_value, n, n_groups`, p_value empty. With columns
    `cluster` (a category) and `weight` by `survey_means.means`, groups as domains of one sample; `n_groups` counts
    clusters with an answer, and is empty without them.
    """
    rows, people = [], _of_people(answers)
    for (item, group), part in answers.groupby(["item", "group"], sort=False):
        found = survey_means.means(part["answer"].to_numpy(float)[:, None], *_drawn(part, people))
        clusters = found.seen.sum() if "cluster" in part else np.nan
        numbers = t_test(found.estimate[0], found.std_error[0], found.df[0])
        numbers |= {"p_value": np.nan, "n": len(part), "n_groups": clusters}
        rows.append({"item": item, "group": group, "term": "mean"} | numbers)
    return pd.DataFrame(rows)


def shares(answers: pd.DataFrame, low: int, high: int) -> pd.DataFrame:
    """Share of each answer from low to high, given or not, of each item in each group, with its 95% interval.

    Rows `item, group, statistic, share, std_error, ci_low, ci_high, n`; `statistic` is the answer. Intervals are
    Wilson's; with columns `cluster` and `weight`, as for `means`, those of `intervals.of_shares`.
    """
    parts, people = [], _of_people(answers)
    scale = np.arange(low, high + 1)
    for (item, group), part in answers.groupby(["item", "group"], sort=False):
        given, n = part["answer"].to_numpy()[:, None] == scale, len(part)
        if "cluster" in part:
            found = survey_means.means(given.astype(float), *_drawn(part, people))
            # Whether a share is 0 or 1 is counted: in sums of weights rounding would decide.
            share = np.select([~given.any(axis=0), given.all(axis=0)], [0.0, 1.0], found.estimate)
            std_error = found.std_error
            ends = of_shares(share, std_error, found.df, found.n, found.effective_n)
        else:
            share = given.mean(axis=0)
            std_error, ends = np.sqrt(share * (1 - share) / n), wilson(given.sum(axis=0), n)
        numbers = {"share": share, "std_error": std_error, "ci_low": ends[0], "ci_high": ends[1], "n": n}
        parts.append(pd.DataFrame({"item": item, "group": group, "statistic": scale} | numbers))
    return pd.concat(parts, ignore_index=True)


def _of_people(answers: pd.DataFrame) -> bool:
    """Whether clusters are single people, some of whom gave no answer to an item: errors would tell how many."""
    if "cluster" not in answers or answers.duplicated(["item", "group", "cluster"]).any():
        return False
    return bool((answers.groupby("item")["cluster"].nunique() < len(answers["cluster"].cat.categories)).any())


def _drawn(part: pd.DataFrame, people: bool) -> tuple[np.ndarray, float, Design | None]:
    """Weights, Fay's factor and design of some answers: what `survey_means.means` needs."""
    if "cluster" not in part:
        return np.ones((len(part), 1)), 0.0, None
    clusters = part["cluster"].cat
    design = Design(clusters.codes.to_numpy(), np.zeros(len(clusters.categories), dtype=int), roundly=people)
    return part[["weight"]].to_numpy(), 0.0, design
