"""What goes with answering often: models of each item in each system, and what systems have in common."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from helpers.draw.words import count
from helpers.estimate import shares, survey_models
from helpers.estimate.intervals import holm, t_test
from helpers.estimate.shares import Sample
from helpers.project import InputError, relative
from helpers.read import files
from helpers.read.suppression import MINIMUM, is_small, rounded_differences
from helpers.read.survey import Survey
from helpers.study.classroom_doors import View

MODELS = {"linear": False, "logit": True}
ENOUGH = 3
"""Systems that a mean over systems needs."""
_LEVELS = 12
_ENDS = ["estimate", "ci_low", "ci_high"]
_NUMBERS = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]


def table(survey: Survey, explain: Sequence[str] | dict[str, str], systems: Sequence[str]) -> pd.DataFrame:
    """Models of answering often on all of `explain` together, by item and system of the latest cycle.

    Columns `cycle, system, item, model, term, estimate, std_error, ci_low, ci_high, p_value, p_holm` (over all tests of a
    model), `n, n_groups` (teachers who answered and of whom all terms are known; their schools), `note`. Estimates are shares
    (0 to 1) in the linear model, log odds in the logit. A level that fewer than MINIMUM have, or lack, is not shown; of a
    user's file digits are left out from which a few people would follow.
    Raises InputError.

    Parameters
    ----------
    survey, systems : answers with the columns in their frame; which systems
    explain : columns of numbers or words; column -> reference level, where it is not the first
    """
    with_terms = _with_terms(survey, explain)
    latest, found = survey.frame["cycle"].max(), []
    for sample in shares.samples(with_terms):
        if sample.keys["cycle"] == latest and sample.keys["system"] in systems:
            for place, item in enumerate(survey.items):
                for model in MODELS:
                    own = _model(with_terms, sample, place, model)
                    found.append(own.assign(**sample.keys, item=item, model=model))
    rows = pd.concat(found, ignore_index=True)
    rows["p_holm"] = rows.groupby("model")["p_value"].transform(holm)
    return rows[["cycle", "system", "item", "model", "term", *_NUMBERS, "p_holm", "n", "n_groups", "note"]]


def _with_terms(survey: Survey, explain: Sequence[str] | dict[str, str]) -> Survey:
    """The survey whose `numbers` are the terms: numbers as they are, of words 0 and 1 for each level but the reference.

    Terms of words are known by their column in `numbers`, others by nothing.
    """
    file, terms, terms_of = " and ".join(map(relative, survey.files)), {}, {}
    files.check_columns(list(explain), survey.frame.columns, file)
    for column in explain:
        values = survey.frame[column]
        if pd.api.types.is_numeric_dtype(values):
            terms[column], terms_of[column] = values.astype(float), ""
            continue
        levels = shares.levels_of(survey, column, 2)
        first = explain[column] if isinstance(explain, dict) and explain[column] else levels[0]
        if first not in levels:
            raise InputError(
                f"{file}, column {column!r}: there is no level {first!r}. There are: {files.listed(levels)}."
            )
        if len(levels) > _LEVELS:
            raise InputError(
                f"{file}, column {column!r}: {len(levels)} levels are too many for a model. Name a column with {_LEVELS} or fewer."
            )
        for level in levels:
            if level != first:
                terms_of[f"{column}: {level}"] = column
                terms[f"{column}: {level}"] = values.eq(level).where(values.notna()).astype(float)
    return replace(survey, frame=survey.frame.assign(**terms), numbers=terms_of)


def _model(survey: Survey, sample: Sample, place: int, model: str) -> pd.DataFrame:
    """Rows of one item in one sample: `term`, _NUMBERS, `n, n_groups, note`. Whoever has a level that few have is left out."""
    answered, columns = sample.codes[:, place] > 0, pd.Series(survey.numbers)
    rows = answered & ~np.isnan(sample.numbers).any(axis=1)
    few = (columns != "").to_numpy() & (sample.numbers[rows].sum(axis=0) < MINIMUM)
    rows &= ~(sample.numbers[:, few] == 1).any(axis=1)
    x, y = sample.numbers[rows], (sample.codes[rows, place] >= survey.often).astype(float)
    found = pd.DataFrame({"term": columns.index, **dict.fromkeys(_NUMBERS, np.nan), "note": ""})
    found["n"], found["n_groups"] = float(len(x)), float(len(np.unique(sample.schools[rows])))
    people, schools = survey.fewest
    itself = _the_answer(x, columns, sample.codes[rows, place])
    lacking = [c for c in columns[columns != ""].unique() if (x[:, columns == c] == 0).all(axis=1).sum() < MINIMUM]
    if len(x) < people or found["n_groups"].iloc[0] < schools:
        found["note"] = f"fewer than {people} teachers" + f" or {schools} schools" * bool(schools)
    elif itself:
        found["note"] = f"{itself} is the answer itself"
    elif lacking:
        found["note"] = f"fewer than {MINIMUM} teachers have the reference level of {lacking[0]}: name another"
    elif y.min() == y.max():
        found["note"] = "all answered alike"
    else:
        varies = np.ptp(x, axis=0) > 0
        try:
            fitted = survey_models.fit(
                y, x[:, varies], sample.weights[rows], survey.fay, sample.design.part(rows), MODELS[model]
            )
            numbers = (shares.told(survey, values[1:], len(x)) for values in (fitted.estimate, fitted.std_error))
            shown = pd.DataFrame(t_test(*numbers, fitted.df))
            found.loc[varies, _NUMBERS] = shown[_NUMBERS].to_numpy()
        except InputError as error:
            found["note"] = str(error)
        found.loc[few, "note"] = f"fewer than {MINIMUM} teachers have it: they are left out"
        found.loc[~few & ~varies, "note"] = "no two teachers differ in it"
    return _without_few(found, columns, x, answered.sum()) if survey.account else found


def _the_answer(x: np.ndarray, columns: pd.Series, answers: np.ndarray) -> str:
    """The column whose values stand for the answers one by one, as those of the item itself or a copy do; or nothing.

    Parameters
    ----------
    x, columns : terms of people; of each term its column of words, or nothing
    answers : theirs, as codes
    """
    names = np.where(columns == "", columns.index, columns)
    for name in dict.fromkeys(names):
        own = names == name
        values = x[:, own] @ np.arange(1, own.sum() + 1)
        # The first hundred tell nearly every other column from it.
        if all(_one_to_one(values[:some], answers[:some]) for some in (100, len(x))):
            return str(name)
    return ""


def _one_to_one(values: np.ndarray, answers: np.ndarray) -> bool:
    """Whether each value goes with one answer, and each answer with one value."""
    pairs = len(set(zip(values.tolist(), answers.tolist(), strict=True)))
    return pairs == len(np.unique(values)) == len(np.unique(answers)) > 1


def _without_few(found: pd.DataFrame, columns: pd.Series, x: np.ndarray, answered: int) -> pd.DataFrame:
    """Rows of `_model` that tell of no few people: who is left out, or has a level of one column and one of another.

    Coefficients with all digits tell how many have each level, as differences of shares do.

    Parameters
    ----------
    found, columns : rows; of each term its column of words, or nothing
    x, answered : the terms of whoever is in the model; how many answered
    """
    words = [x[:, columns == column] for column in columns[columns != ""].unique()]
    levels = np.column_stack([np.ones((len(x), 1)), *(np.column_stack([part, 1 - part.sum(axis=1)]) for part in words)])
    left_out = is_small(answered - len(x)) or is_small(len(x))
    of_words = (columns != "").to_numpy()
    have = np.where(of_words, x.sum(axis=0), len(x))
    others = np.where(of_words, len(x) - have, len(x))
    hidden = np.full(len(found), left_out or bool(is_small(levels.T @ levels).any()))
    if left_out:
        found[["n", "n_groups"]] = np.nan
    shown = rounded_differences(found, have, others, hidden & found["estimate"].notna().to_numpy())
    gone = shown["estimate"].isna() & found["estimate"].notna()
    return shown.assign(note=found["note"].mask(gone, f"it would tell of fewer than {MINIMUM} teachers"))


def pooled(rows: pd.DataFrame) -> pd.DataFrame:
    """Random-effects means over systems of `table`, with the interval in which another system's effect would lie.

    Columns `item, model, term, estimate, std_error, ci_low, ci_high, p_value, low, high` (prediction interval, Student's t
    with two degrees of freedom less than systems; Higgins and others 2009), `tau` (SD between systems; Paule and Mandel) and
    `n_systems`; intervals of means by Hartung and Knapp, with errors no
    smaller than those of the plain random-effects mean. No row where fewer than ENOUGH systems have an error.
    """
    from scipy import special
    from statsmodels.stats.meta_analysis import combine_effects

    found = []
    known = rows[rows["std_error"] > 0]
    for keys, part in known.groupby(["item", "model", "term"], sort=False):
        k = len(part)
        if k < ENOUGH:
            continue
        done = combine_effects(
            part["estimate"].to_numpy(), part["std_error"].to_numpy() ** 2, method_re="iterated", use_t=True
        )
        # With few systems Hartung and Knapp's error can be far below any that sampling allows.
        error = np.sqrt(max(done.var_hksj_re, done.var_eff_w_re))
        reach = special.stdtrit(k - 2, 0.975) * np.sqrt(done.tau2 + error**2)
        mean = done.mean_effect_re
        found.append(
            dict(zip(("item", "model", "term"), keys, strict=True))
            | t_test(mean, error, k - 1)
            | {"low": mean - reach, "high": mean + reach, "tau": np.sqrt(done.tau2), "n_systems": k}
        )
    return pd.DataFrame(found)


def unmatched(view: View) -> str:
    """How many schools no file of principals or schools has, in a sentence; nothing where all are there, or no such file is."""
    frame = view.answers.frame
    if "principal" not in frame or not frame["principal"].any():
        return ""
    here = frame[frame["cycle"].eq(frame["cycle"].max()) & frame["system"].isin(view.apart)]
    lacking, keys = here[~here["principal"]], ["system", "school_id"]
    if lacking.empty:
        return ""
    return (
        f"{len(lacking.drop_duplicates(keys))} of {count(len(here.drop_duplicates(keys)), 'school')}, with {count(len(lacking), 'teacher')}, "
        "are in no file of principals or schools: these teachers are in no model with a characteristic of schools. "
    )


def themselves(view: View, rows: pd.DataFrame) -> str:
    """Which items have no model because a term is the answer itself, in a sentence; or nothing."""
    own = rows.loc[rows["note"].str.endswith("is the answer itself"), "item"].unique()
    said = ", ".join(f"“{view.answers.items[item]}”" for item in own)
    return f"No model of {said}: a term is that answer itself, and nothing explains itself. " if said else ""


def words(view: View, rows: pd.DataFrame) -> dict[str, Any]:
    """Of `table`, for `cards.table`: both models side by side."""
    keys = ["system", "item", "term"]
    linear, logit = (rows[rows["model"] == model] for model in MODELS)
    shown = view.labelled(linear).merge(logit[[*keys, *_NUMBERS]], on=keys, suffixes=("", "_odds"))
    shown[_ENDS] *= 100
    shown[[f"{name}_odds" for name in _ENDS]] = np.exp(shown[[f"{name}_odds" for name in _ENDS]])
    errors = "replicate weights" if view.answers.weights.shape[1] > 1 else "schools as clusters"
    return {
        "title": f"What goes with answering {view.often_words.lower()}",
        "caption": "Each term with the others held constant: difference in percentage points (linear model) and ratio of odds (logit), "
        f"with 95% intervals; errors by {errors}. p of the linear model, adjusted by Holm's method for all that is tested here. "
        f"An association is no effect. {themselves(view, rows)}{unmatched(view)}A dash: too few teachers, or no estimate.",
        "show": shown,
        "columns": {
            "System or group": "{label}", "Item": "{item_label}", "Term": "{term}",
            "Points": "{estimate:.1f} ({ci_low:.1f} to {ci_high:.1f})",
            "Odds ratio": "{estimate_odds:.2f} ({ci_low_odds:.2f} to {ci_high_odds:.2f})",
            "p, adjusted": "{p_holm:p}", "n": "{n:,.0f}",
        },
    }  # fmt: skip


def pooled_words(view: View, rows: pd.DataFrame) -> dict[str, Any]:
    """Of `pooled`, for `cards.table`: the linear model, in percentage points."""
    shown = rows[rows["model"] == "linear"].assign(item_label=lambda known: known["item"].map(view.answers.items))
    shown[[*_ENDS, "low", "high"]] *= 100
    return {
        "title": "What systems have in common",
        "caption": "Mean over systems, in percentage points, with its 95% interval; and the range in which the difference of one "
        "more system like these would lie, 95 times in a hundred. The wider this is beside the first, the less one number tells.",
        "show": shown,
        "columns": {
            "Item": "{item_label}", "Term": "{term}", "Mean": "{estimate:.1f} ({ci_low:.1f} to {ci_high:.1f})",
            "One more system": "{low:.1f} to {high:.1f}", "Systems": "{n_systems}",
        },
    }  # fmt: skip
