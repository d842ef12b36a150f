"""Rasch measures by the rating scale model (Andrich, 1978; Wright & Masters, 1982), estimated by raschpy.

A person's measure depends only on which items were answered and on the sum of the answers. So each distinct
*cell*, a pair of these two, is measured once and joined to its records: a million students cost what a few
hundred cells cost.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.project import InputError


@dataclass(frozen=True)
class Scale:
    """A calibrated scale: `items`, I names with locations in logits (mean zero); `thresholds`, K numbers shared by
    all items, for answers 0 to K."""

    items: pd.Series
    thresholds: np.ndarray


def calibrate(responses: pd.DataFrame) -> Scale:
    """Item locations and thresholds from answers 0 to K (columns: items; NaN: not answered).

    raschpy's regularised composite likelihood on pairs of items, which needs no distribution of the persons. Raises
    InputError when fewer than two items, an answer that nobody gave, items that nobody answered together, or too few
    persons leave nothing to compare.
    """
    answers = responses.dropna(how="all")
    if responses.shape[1] < 2:
        raise InputError(
            "a Rasch scale needs two items or more; name one column as `outcome` instead."
        )
    used = np.unique(answers.to_numpy()[answers.notna().to_numpy()])
    if len(used) < 2 or len(used) != used[-1] + 1:
        raise InputError(
            f"among the answers to {', '.join(responses.columns)} in the baseline year only "
            f"{', '.join(f'{value:.0f}' for value in used)} (counted from 0) occur: every answer must occur there. "
            "Join answers that nobody gives, or leave items out."
        )
    _refuse_unlinked(answers)
    model = _model(answers.reset_index(drop=True), int(used[-1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # thin information shows in the thresholds themselves
            model.calibrate(no_info="raise")
    except ValueError:
        raise InputError(
            f"the answers to {', '.join(responses.columns)} in the baseline year are too few to tell how far apart "
            "neighbouring answers stand. Join answers that hardly anybody gives, or take another `baseline`."
        ) from None
    return Scale(model.items, model.thresholds.to_numpy())


def cell_of(responses: pd.DataFrame) -> pd.DataFrame:
    """Cell of each record: `answered`, an integer whose bit i says that item i was answered, and `score`."""
    answered = responses.notna().to_numpy() @ (1 << np.arange(responses.shape[1]))
    return pd.DataFrame(
        {"answered": answered, "score": responses.sum(axis=1).to_numpy().astype(np.int64)},
        index=responses.index,
    )


def measure(scale: Scale, cells: pd.DataFrame) -> pd.DataFrame:
    """`cells` (`answered, score`) with `measure` and `std_error` in logits: Warm's weighted likelihood estimates."""
    table = cells.loc[cells["answered"] > 0, ["answered", "score"]].drop_duplicates()
    table = table.reset_index(drop=True)
    # A new object: recalibrating or refilling one returns stale results in raschpy 1.4.
    model = _model(_examples(scale, table), len(scale.thresholds))
    model.items = scale.items
    model.thresholds = pd.Series(scale.thresholds, index=range(1, len(scale.thresholds) + 1))
    located = model.person("all", warm_corr=True).to_numpy()
    shown = (table["answered"].to_numpy()[:, None] >> np.arange(len(scale.items))) & 1
    information = (information_at(scale, located) * shown).sum(axis=1)
    return table.assign(measure=located, std_error=1 / np.sqrt(information))


def probabilities(scale: Scale, persons: np.ndarray) -> np.ndarray:
    """Probability of each answer: persons x items x answers 0 to K."""
    steps = persons[:, None, None] - scale.items.to_numpy()[None, :, None] - scale.thresholds
    logits = np.concatenate([np.zeros((*steps.shape[:2], 1)), steps.cumsum(axis=2)], axis=2)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    return weights / weights.sum(axis=2, keepdims=True)


def curves(scale: Scale, item: str, answers: list[str]) -> pd.DataFrame:
    """Probability of each answer to one item along the scale, for drawing: `place, answer, probability`."""
    places = np.linspace(-4, 4, 161)
    chance = probabilities(scale, places)[:, scale.items.index.get_loc(item), :]
    wide = pd.DataFrame(chance, columns=answers).assign(place=places)
    return wide.melt("place", var_name="answer", value_name="probability")


def information_at(scale: Scale, persons: np.ndarray) -> np.ndarray:
    """Fisher information of each item about persons at these places: persons x items."""
    chance, answers = probabilities(scale, persons), np.arange(len(scale.thresholds) + 1)
    return chance @ answers**2 - (chance @ answers) ** 2


def item_fit(scale: Scale, responses: pd.DataFrame) -> pd.DataFrame:
    """For each item: location, infit and outfit mean squares, and how many answers.

    Mean squares are about 1 when answers vary as the model has it, and lower, near (I - 1)/I, with I few items: each
    person's own measure has followed the answers.
    """
    model = _model(responses.dropna(how="all").reset_index(drop=True), len(scale.thresholds))
    model.items = scale.items
    model.thresholds = pd.Series(scale.thresholds, index=range(1, len(scale.thresholds) + 1))
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of items at the end of the scale, which the table shows anyway
        model.fit_statistics(se=False, test_stats=False)
    return pd.DataFrame(
        {
            "item": scale.items.index,
            "location": scale.items.to_numpy(),
            "infit": model.item_infit_ms.to_numpy(),
            "outfit": model.item_outfit_ms.to_numpy(),
            "answers": responses.notna().sum().to_numpy(),
        }
    )


def reliability(measures: np.ndarray, std_errors: np.ndarray) -> float:
    """Person separation reliability: the share of the measures' variance that is not measurement error."""
    return float(1 - np.mean(std_errors**2) / np.var(measures, ddof=1))


def _refuse_unlinked(answers: pd.DataFrame) -> None:
    """Only persons who answered two items tell how these compare: all items must hang together by such pairs."""
    from scipy.sparse.csgraph import connected_components

    shown = answers.notna().to_numpy().astype(float)
    groups, group = connected_components(shown.T @ shown > 0)
    if groups > 1:
        names = answers.columns
        fewest = group == np.bincount(group, shown.sum(axis=0)).argmin()
        apart, others = ", ".join(names[fewest]), ", ".join(names[~fewest])
        raise InputError(
            f"nobody in the baseline year answers {apart} together with {others}, so they cannot be compared. Leave "
            "items out, or take another `baseline`."
        )


def _examples(scale: Scale, table: pd.DataFrame) -> pd.DataFrame:
    """One row of answers for each cell: any answers with its sum will do."""
    top, items = len(scale.thresholds), len(scale.items)
    shown = ((table["answered"].to_numpy()[:, None] >> np.arange(items)) & 1).astype(bool)
    before = top * (shown.cumsum(axis=1) - shown)
    filled = np.clip(table["score"].to_numpy()[:, None] - before, 0, top).astype(float)
    return pd.DataFrame(np.where(shown, filled, np.nan), columns=scale.items.index)


def _model(responses: pd.DataFrame, max_score: int):
    import matplotlib as mpl

    # raschpy warns of things that are no concern here, and restyles every figure when it is imported.
    with warnings.catch_warnings(), mpl.rc_context():
        warnings.simplefilter("ignore")
        from raschpy import RSM

        return RSM(responses, max_score=max_score, validate=False)
