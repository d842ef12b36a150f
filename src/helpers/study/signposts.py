"""How teachers' answers changed from wave to wave, who left, and how far scales can be trusted.

Changes are differences to the baseline wave within schools, in standard deviations of that wave. With comparison schools
the term of interest is the difference in change: peer-group schools less the others.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments, panels, power
from helpers.estimate.fixed_effects import Within
from helpers.estimate.intervals import holm, t_test
from helpers.estimate.moments import Moments
from helpers.estimate.panels import COUNTS, NUMBERS
from helpers.estimate.permutation import Treatment
from helpers.estimate.reliability import scale_reliability
from helpers.project import InputError, at, in_order
from helpers.read.suppression import MINIMUM, is_small, too_near
from helpers.read.waves import OTHERS, PEERS, Waves

FIXED, MIXED = "school fixed effects", "mixed model"
"""The two models that are shown beside each other."""
ALL = "all schools"
"""The group of both kinds of schools."""
_DIFFERENCE = "difference in change, "
STAYED = "only teachers who stayed"
DISTRICTS = "districts as clusters"
"""The choice that takes districts for schools."""


def main_terms(survey: Waves) -> list[str]:
    """The terms that answer the question, one for each wave after the baseline."""
    return [f"{_DIFFERENCE}{wave}" if survey.compared else wave for wave in survey.later]


def inference(survey: Waves, asked: str = "") -> str:
    """One of `panels.INFERENCE`: what is asked for; else permutation where whole clusters are treated, else CR2.

    Raises InputError for a permutation where nothing can be permuted.
    """
    whole = survey.compared and (survey.frame.groupby("cluster")["kind"].nunique() == 1).all()
    if asked == "permutation" and not whole:
        why = "some clusters hold schools of both kinds" if survey.compared else "there are no comparison schools"
        raise InputError(f"{survey.name}: `inference: permutation` has nothing to permute: {why}. Use CR2.")
    return asked or ("permutation" if whole else "CR2")


def changes(survey: Waves, asked: str = "") -> pd.DataFrame:
    """Estimates of both models for every scale, in standard deviations of the baseline wave; `asked`: for `inference`.

    Columns `scale, method, term, estimate, std_error, ci_low, ci_high, p_value, n, n_groups, n_varying, df, detectable,
    p_holm, icc`. For the main terms of the fixed effects `detectable` is the smallest change that a study with this
    standard error finds four times in five, `p_holm` the p-value corrected by Holm for the main terms of all scales. The
    mixed model has a random intercept a school and normal tests, and takes no weights; `icc` is the schools' share of the
    variance that its fixed terms leave. Empty are terms that rest on fewer than MINIMUM teachers, and `n` where it would
    tell the size of a wave that is not shown.
    """
    main, hides = main_terms(survey), _hides_a_wave(survey)
    tables = []
    for scale in survey.scores:
        data = within(survey, scale, add_up(survey, scale))
        fixed = tidy(survey, data, asked).assign(method=FIXED)
        mixed = _mixed(survey, scale).assign(method=MIXED)
        mixed[NUMBERS[:4]] = mixed[NUMBERS[:4]] / data.baseline_sd
        both = pd.concat([fixed, mixed], ignore_index=True)
        both.loc[both["term"].isin(too_few(survey, scale)), NUMBERS] = np.nan
        both["n"] = pd.NA if hides or _n_tells(survey, scale) else both["n"]
        places = dict(zip(main, range(len(main)), strict=True))
        both = both.assign(scale=scale, place=both["term"].map(places).fillna(len(main)))
        tables.append(both.sort_values(["method", "place"], ascending=[False, True], kind="stable"))
    found = pd.concat(tables, ignore_index=True)
    known = found["term"].isin(main) & (found["method"] == FIXED) & found["p_value"].notna()
    found["p_holm"] = holm(found["p_value"].where(known))
    known &= np.isfinite(found["ci_low"]) & np.isfinite(found["ci_high"])  # else nothing can be found at all
    found.loc[known, "detectable"] = [power.multiple(r.df) * r.std_error for r in found[known].itertuples()]
    order = ["scale", "method", "term", *NUMBERS, *COUNTS, "detectable", "p_holm", "icc"]
    return found.reindex(columns=order).astype({"n": "Int64"})


def answers(survey: Waves, scale: str) -> pd.DataFrame:
    """Complete rows of a scale, for a formula: `score, wave, peers` (1: has peer groups), `school`, `held: ...`."""
    frame = survey.frame.loc[survey.complete(scale), ["wave", "school"]]
    frame["score"] = survey.scores[scale] / within(survey, scale, add_up(survey, scale)).baseline_sd
    frame["peers"] = (survey.frame["kind"] == PEERS).astype(float)
    return frame.join(survey.conditions.add_prefix("held: "))


def specifications(survey: Waves, estimates: pd.DataFrame, asked: str = "") -> pd.DataFrame:
    """The last wave's main term under other choices: `panel, specification, term, estimate, ..., n, n_groups`.

    A panel a scale; `estimates` of `changes`, and what was `asked` there. Empty is what cannot be had or rests on too few, and `n` where it is so.
    """
    term = main_terms(survey)[-1]
    tables = []
    for scale, known in estimates[estimates["term"] == term].groupby("scale", sort=False):
        rows = panels.alternatives(_variants(survey, scale, known, asked), term)
        # All but one rest on the same rows as `known`, whose number may be hidden.
        same = rows["estimate"].notna() & (rows["specification"] != STAYED)
        rows.loc[same, "n"] = known["n"].iloc[0]
        if term in too_few(survey, scale):
            rows[[*NUMBERS, *COUNTS]] = np.nan
        tables.append(rows.assign(panel=scale))
    found = pd.concat(tables, ignore_index=True).astype({"n": "Int64", "n_groups": "Int64"})
    return found[["panel", *found.columns.drop("panel")]]


def _variants(survey: Waves, scale: str, known: pd.DataFrame, asked: str) -> dict[str, Callable[[], pd.DataFrame]]:
    """The declared choices for one scale. `known`: its rows of the main term, by both models; `asked`: the inference."""
    sums = add_up(survey, scale)
    data = within(survey, scale, sums)
    declared, wanted = inference(survey, asked), [*main_terms(survey), *of_others(survey)]
    bare = fixed_effects.without(data, [name for name in data.terms if name not in wanted])
    variants = {
        "as declared": lambda: known[known["method"] == FIXED],
        **{name: partial(tidy, survey, data, kind, data.baseline_sd, True) for kind, name in panels.KINDS.items()},
        panels.OWN_DEVIATION: lambda: panels.standardised(sums, main_terms(survey)[-1]),
        DISTRICTS: lambda: panels.table(_by_district(survey, sums), "CR2", data.baseline_sd),
        "no controls": lambda: tidy(survey, bare, declared, data.baseline_sd, True),
        STAYED: lambda: tidy(survey, _of_stayers(survey, scale), declared, data.baseline_sd, True),
        "mixed model": lambda: known[known["method"] == MIXED],
    }
    absent = {
        DISTRICTS: not survey.in_districts,
        panels.OWN_DEVIATION: len(data.clusters) >= panels.MANY,
        "no controls": survey.conditions.empty,
        panels.KINDS[declared]: True,
    }
    return {name: estimate for name, estimate in variants.items() if not absent.get(name)}


def attrition(survey: Waves) -> pd.DataFrame:
    """Who answered, by wave and kind of school: `group, wave, schools, teachers, stayed, share`.

    `stayed`: teachers of the baseline wave who answered in this one. Where fewer than MINIMUM teachers, but somebody,
    answered, stayed, did not stay or are new, the counts are empty. So are those of both kinds of schools where that is
    so in one of them, or where so few went from one kind to the other: one could be had from the rest.
    """
    tables, groups = [], _groups(survey)
    for wave in survey.waves:
        answered = {group: _answered(survey, part, wave) for group, part in groups.items()}
        table = pd.DataFrame.from_dict(answered, orient="index").rename_axis("group")
        few = is_small(table[["teachers", "stayed", "left", "new"]]).any(axis=1)
        kinds = few.index != ALL
        moved = table.loc[[ALL], "stayed"] - table.loc[kinds, "stayed"].sum()
        if few.any() or is_small(moved).any():
            few |= kinds
        table.loc[few, ["schools", "teachers", "stayed"]] = np.nan
        share = table["stayed"] / (table["stayed"] + table["left"])
        tables.append(table.assign(wave=wave, share=share))
    found = pd.concat(tables).reset_index().astype({"schools": "Int64"})
    return found[["group", "wave", "schools", "teachers", "stayed", "share"]]


def leavers(survey: Waves) -> pd.DataFrame:
    """How far those who did not answer in the last wave differed at baseline from those who did: leavers less stayers.

    Columns `scale, group, estimate, std_error, ci_low, ci_high, p_value, n, n_groups`, in standard deviations of the
    baseline wave; errors clustered by school. Empty where either side has fewer than MINIMUM teachers; `n` where a few have no score.
    """
    from helpers.estimate import twogroups  # imports statsmodels

    last = set(survey.frame.loc[survey.frame["wave"] == survey.later[-1], "teacher"])
    rows = []
    for scale, scores in survey.scores.items():
        first = scores[(survey.frame["wave"] == survey.baseline) & scores.notna()]
        of_first = {group: part.loc[part.index.isin(first.index)] for group, part in _groups(survey).items()}
        left = {group: ~part["teacher"].isin(last) for group, part in of_first.items()}
        few = {group: min(gone.sum(), (~gone).sum()) < MINIMUM for group, gone in left.items()}
        parts = [group for group in few if group != ALL]
        # One kind of school could be had from the other and all.
        few |= dict.fromkeys(parts, any(few[group] for group in parts))
        for group, part in of_first.items():
            values = first[part.index] / first.std(ddof=1)
            enough = not few[group] and part["school"].nunique() > 1
            row = twogroups.clustered(values, left[group], part["school"]) if enough else {}
            rows.append({"scale": scale, "group": group} | row)
        if any(_near(survey, scale, part) for part in _groups(survey).values()):
            rows[-len(few) :] = [row | {"n": np.nan} for row in rows[-len(few) :]]
    return pd.DataFrame(rows).reindex(columns=["scale", "group", *NUMBERS, "n", "n_groups"])


def reliability(survey: Waves) -> pd.DataFrame:
    """Each scale that is made of items, in the baseline wave, from teachers who answered them all.

    Columns `scale, items, n, alpha, alpha_low, alpha_high, omega, omega_low, omega_high, weakest, item_rest`.
    Intervals of 95%: alpha's by F, omega's by drawing schools. `weakest` is the item that goes least with the
    others, `item_rest` its correlation with their sum. Empty for fewer than MINIMUM teachers, or if all answer alike;
    `n` where it and others of the same wave, which other tables tell, differ by a few.
    """
    rows = []
    for scale, items in survey.items.items():
        answers = items[survey.frame["wave"] == survey.baseline].dropna()
        row = {"scale": scale, "items": items.shape[1]}
        if len(answers) >= MINIMUM and (answers.var() > 0).all():
            row |= scale_reliability(answers, survey.frame.loc[answers.index, "school"])
            row["n"] = np.nan if _near(survey, scale, survey.frame) else row["n"]
        rows.append(row)
    ends = [f"{name}{end}" for name in ("alpha", "omega") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows).reindex(columns=["scale", "items", "n", *ends, "weakest", "item_rest"])


def mixed_model(y: np.ndarray, x: pd.DataFrame, groups: np.ndarray) -> tuple[pd.DataFrame, float, float]:
    """Linear mixed model with a random intercept a group, by restricted maximum likelihood (statsmodels).

    `x`: fixed terms, the constant too. Returns estimates (normal tests), the variance between groups, the residual one.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no variance between groups is a finding, and it is shown
        # The gradient methods that statsmodels tries first stop too early where that variance is small.
        fitted = MixedLM(y, x.to_numpy(float), groups=groups).fit(reml=True, method=["powell"])
    table = pd.DataFrame({"term": list(x), **t_test(fitted.fe_params, fitted.bse_fe)})
    return table, float(np.asarray(fitted.cov_re)[0, 0]), float(fitted.scale)


def _near(survey: Waves, scale: str, part: pd.DataFrame) -> bool:
    """Whether of a part's teachers in the baseline wave those with a score, all items or all conditions are nearly the same number."""
    first = part.index[part["wave"] == survey.baseline]
    scored, used = survey.scores[scale][first].notna(), survey.complete(scale)[first]
    whole = survey.items[scale].loc[first].notna().all(axis=1) if scale in survey.items else scored
    counts = [len(first), *(some.sum() for some in (scored, used, whole, whole & used))]
    return bool(too_near(pd.Series(counts)).any())


def _groups(survey: Waves) -> dict[str, pd.DataFrame]:
    kinds = survey.kinds if survey.compared else []
    return {ALL: survey.frame} | {kind: survey.frame[survey.frame["kind"] == kind] for kind in kinds}


def _answered(survey: Waves, part: pd.DataFrame, wave: str) -> dict[str, float]:
    """Schools and teachers of a wave; how many of the baseline's teachers stayed or left, and how many are new."""
    first = set(part.loc[part["wave"] == survey.baseline, "teacher"])
    here = part[part["wave"] == wave]
    stayed = len(first & set(here["teacher"]))
    counts = {"schools": here["school"].nunique(), "teachers": len(here), "stayed": stayed,
              "left": len(first) - stayed, "new": len(here) - stayed}  # fmt: skip
    return {name: float(count) for name, count in counts.items()}


def of_others(survey: Waves) -> list[str]:
    """Terms of the comparison schools' own change."""
    return [f"{OTHERS}, {wave}" for wave in survey.later] if survey.compared else []


def _terms(survey: Waves, rows: pd.Index) -> pd.DataFrame:
    """The differences in change and the controls as columns of numbers, the categories as they are."""
    frame = survey.frame.loc[rows]
    columns = {}
    for wave, term in zip(survey.later, main_terms(survey), strict=True):
        if survey.compared and (frame["wave"] == wave).any():
            columns[term] = ((frame["wave"] == wave) & (frame["kind"] == PEERS)).astype(float)
    return pd.concat([pd.DataFrame(columns, index=rows), survey.conditions.loc[rows]], axis=1)


def add_up(survey: Waves, scale: str, rows: pd.Index | None = None) -> Moments:
    """Moments of the complete rows, or of those among them that are named."""
    rows = survey.frame.index[survey.complete(scale)] if rows is None else rows
    terms = _terms(survey, rows)
    columns = ["school", "wave", *["cluster"] * survey.clustered, *["weight"] * survey.weighted]
    model = moments.Model(
        "the outcome", "the school", "the wave", survey.baseline,
        controls=tuple(name for name in terms if name not in survey.categories),
        categories=survey.categories,
        cluster="the cluster" * survey.clustered, weight="the weight" * survey.weighted,
    )  # fmt: skip
    parts = survey.frame.loc[rows, columns].add_prefix("the ")
    parts.insert(0, "the outcome", survey.scores.loc[rows, scale])
    with at(f"{survey.name}, scale {scale!r}"):
        sums = moments.compute(pd.concat([parts, terms], axis=1).reset_index(drop=True), model)
    named = dict(zip(survey.later, of_others(survey) or survey.later, strict=True))
    return replace(sums, terms=tuple(named.get(name, name) for name in sums.terms))


def within(survey: Waves, scale: str, sums: Moments) -> Within:
    """`fixed_effects.within`, whose messages name file and scale."""
    with at(f"{survey.name}, scale {scale!r}"):
        return fixed_effects.within(sums)


def tidy(survey: Waves, data: Within, asked: str, unit: float = 0.0, last: bool = False) -> pd.DataFrame:
    """`panels.table` with the inference that is asked for.

    Parameters
    ----------
    survey, data, asked : what was read, a model of it, and what was asked for `inference`
    unit : what the score is divided by; 0: the standard deviation of the baseline wave
    last : whether only the main term of the last wave is wanted, so that no other is drawn or permuted for
    """
    kind, treatment = inference(survey, asked), None
    if kind == "permutation":
        peers = survey.frame.loc[survey.frame["kind"] == PEERS, "cluster"]
        effects = dict(zip(main_terms(survey), of_others(survey), strict=True))
        present = {term: other for term, other in effects.items() if term in data.terms}
        treatment = Treatment(np.isin(data.clusters, peers.astype(str).unique()), present)
    terms = main_terms(survey)[-1:] if last else None
    return panels.table(data, kind, unit or data.baseline_sd, terms=terms, treatment=treatment)


def _by_district(survey: Waves, sums: Moments) -> Within:
    district = survey.frame.drop_duplicates("school").set_index("school")["district"]
    return fixed_effects.within(replace(sums, clusters=district[sums.schools].to_numpy(object)))


def stayers(survey: Waves, scale: str) -> pd.Index:
    """Rows of the first and last wave of teachers who have a score in both. Raises InputError for too few."""
    ends = survey.frame[survey.complete(scale)]
    ends = ends[ends["wave"].isin([survey.baseline, survey.later[-1]])]
    both = ends.groupby("teacher")["wave"].transform("nunique") == 2
    kept = ends[both].groupby("kind")["teacher"].nunique().reindex(survey.kinds, fill_value=0)
    left_or_new = ends[~both].groupby(["wave", "kind"]).size()
    if kept.min() < MINIMUM or is_small(left_or_new).any():
        raise InputError("too few teachers stayed, left or came to be shown.")
    return ends.index[both]


def _of_stayers(survey: Waves, scale: str) -> Within:
    return fixed_effects.within(add_up(survey, scale, stayers(survey, scale)))


def _mixed(survey: Waves, scale: str) -> pd.DataFrame:
    """Estimates in the scale's own units, without the constant and the difference at baseline."""
    rows = survey.frame.index[survey.complete(scale)]
    frame, terms = survey.frame.loc[rows], _terms(survey, rows)
    columns = {"constant": 1.0}
    if survey.compared:
        columns["peers"] = frame["kind"] == PEERS
    for wave, term in zip(survey.later, of_others(survey) or survey.later, strict=True):
        if (frame["wave"] == wave).any():
            columns[term] = frame["wave"] == wave
    for name in terms:
        if name in survey.categories:
            levels = in_order(set(terms[name]))
            reference = survey.categories[name] or levels[0]
            columns |= {f"{name}: {k}": terms[name] == k for k in levels if k != reference}
        else:
            columns[name] = terms[name]
    x = pd.DataFrame(columns, index=rows).astype(float)
    y = survey.scores.loc[rows, scale].to_numpy(float)
    table, between, rest = mixed_model(y, x, frame["school"].to_numpy())
    table = table[~table["term"].isin(["constant", "peers"])]
    return table.assign(n=len(y), n_groups=frame["school"].nunique(), icc=between / (between + rest))


def too_few(survey: Waves, scale: str) -> list[str]:
    """Terms that rest on fewer than MINIMUM teachers: of a wave and kind of school, a level, or off a control's mode."""
    frame = survey.frame[survey.complete(scale)]
    sizes = pd.crosstab(frame["wave"], frame["kind"]).reindex(columns=survey.kinds)
    few = []
    for wave in survey.later:
        if wave in sizes.index and not sizes.loc[wave].min() >= MINIMUM:
            few += [wave, f"{OTHERS}, {wave}", f"{_DIFFERENCE}{wave}"]
    for name, reference in survey.categories.items():
        levels = frame.groupby(survey.conditions.loc[frame.index, name])["teacher"].nunique()
        compared = levels[reference or in_order(set(levels.index))[0]]
        few += [f"{name}: {level}" for level, n in levels.items() if min(n, compared) < MINIMUM]
    for name in survey.controls:
        values = survey.conditions.loc[frame.index, name]
        others = values != values.mode()[0]
        few += [name] if frame.loc[others, "teacher"].nunique() < MINIMUM else []
    return few


def _hides_a_wave(survey: Waves) -> bool:
    """Whether how many answered in a wave is not shown, so that the count of all rows, beside the other waves, would tell it."""
    answered = attrition(survey)
    return bool(answered.loc[answered["group"] == ALL, "teachers"].isna().any())


def _n_tells(survey: Waves, scale: str) -> bool:
    """Whether the count of all rows, beside the waves that are shown and those who answered, would tell a count of a scale that is hidden."""
    few = is_small(len(survey.frame) - survey.complete(scale).sum())
    return bool(few or set(survey.later) & set(too_few(survey, scale)))
