"""Which answers are missing in a survey in waves, and what they could change: counts, weights and bounds."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from helpers.draw import numbers
from helpers.estimate import fixed_effects, nonresponse, panels
from helpers.project import InputError, at
from helpers.read.suppression import MINIMUM, complementary, is_small
from helpers.read.waves import PEERS, Waves
from helpers.study import signposts
from helpers.study.signposts import ALL

WHOLE = "only teachers who answered all items"
WEIGHTED = "those who stayed, weighted for who left"
LEE = ("Lee bounds, lowest", "Lee bounds, highest")
RULE = {
    True: "A score is the mean of the items that were answered, if half of them or more were. Not used: fewer were, or a control is empty.",
    False: "Not used: no score, or a control is empty.",
}
"""What becomes of half-answered scales, by whether scales are made of items."""
WORST = ("worst case, lowest", "worst case, highest")


def complete(survey: Waves) -> pd.DataFrame:
    """Complete and incomplete rows by scale, wave and kind of school: `scale, wave, group, complete, half, incomplete`.

    Complete: a score, and all controls; `half`: among these, scores of half-answered scales. Empty where one to nine are
    incomplete, or such a count would follow from others.
    """
    rows = []
    for scale in survey.scores:
        whole = survey.complete(scale)
        half = whole & survey.items[scale].isna().any(axis=1) if scale in survey.items else whole & False
        parts = {"complete": whole & ~half, "half": half, "incomplete": ~whole}
        counts = (
            pd.DataFrame(parts)
            .groupby([survey.frame["wave"], survey.frame["kind"]])
            .sum()
            .unstack("kind", fill_value=0)
        )
        rows += [
            {"scale": scale, "wave": wave, **_of_wave(counts.loc[wave], kind)}
            for wave in survey.waves
            for kind in [ALL, *survey.kinds * survey.compared]
        ]
    found = pd.DataFrame(rows)
    for part in ("half", "incomplete"):
        _hide(found, part)
    # Where teachers are not counted for other reasons, these counts would tell them.
    seen = found.merge(signposts.attrition(survey), on=["wave", "group"], how="left")["teachers"].notna()
    found.loc[~seen.to_numpy(), ["half", "incomplete"]] = np.nan
    found["complete"] = found["complete"].where(found[["half", "incomplete"]].notna().all(axis=1))
    return found.astype({name: "Int64" for name in ("complete", "half", "incomplete")})


def specifications(survey: Waves, asked: str = "") -> pd.DataFrame:
    """The last wave's main term with other rules for who counts, rows as those of `signposts.specifications`.

    Complete answers alone; those who stayed with weights for who left (Horvitz and Thompson), from the columns `known`; Lee's bounds where there
    are comparison schools; the worst case of scales with ends. The bounds hold no controls. Empty is what cannot be had.
    """
    term = signposts.main_terms(survey)[-1]
    variants = {scale: _variants(survey, scale, asked) for scale in survey.scores}
    tables = [panels.alternatives(of, term).assign(panel=scale) for scale, of in variants.items() if of]
    if not tables:
        return pd.DataFrame(columns=["panel", "specification", "term", *panels.NUMBERS, *panels.COUNTS])
    found = pd.concat(tables, ignore_index=True).assign(n=pd.NA).astype({"n": "Int64", "n_groups": "Int64"})
    return found[["panel", *found.columns.drop("panel")]]


def sentences(survey: Waves, choices: pd.DataFrame) -> list[str]:
    """What the rows of `specifications` mean, a scale at a time. `choices`: with the rows of `signposts.specifications`."""
    said = []
    for scale, part in choices.groupby("panel", sort=False):
        row = part.set_index("specification")
        known = row["estimate"].dropna()
        if {WEIGHTED, signposts.STAYED} <= set(known.index):
            plain, ours = (numbers.number(known[name], 2) for name in (signposts.STAYED, WEIGHTED))
            of = ", ".join(survey.known)
            said.append(
                f"{scale}: {plain} among those who stayed, and {ours} when weighted for who left, by {of}. {nonresponse.AS_KNOWN}"
            )
        for names, what in (
            (LEE, "for those who would have stayed in either kind of school (Lee)"),
            (WORST, "with the ends of the scale as the answers of all who left (worst case)"),
        ):
            if set(names) <= set(known.index):
                said.append(f"{scale}, {what}: {_between(row.loc[list(names)])}")
    return said


def _between(ends: pd.DataFrame) -> str:
    """Two bounds in words, and whether what is between can be zero, with their errors and without."""
    low, high = ends["estimate"]
    least, most = ends["ci_low"].min(), ends["ci_high"].max()
    if least > 0 or most < 0:
        verdict = "Whoever left, it is not zero."
    elif low > 0 or high < 0:
        verdict = "Who left does not turn the sign, but with the error of so many schools it may be zero."
    else:
        verdict = "Who left could turn the sign."
    both = f"{numbers.number(low, 2)} to {numbers.number(high, 2)}"
    return f"{both}, and {numbers.number(least, 2)} to {numbers.number(most, 2)} with their errors. {verdict}"


def _of_wave(counts: pd.Series, kind: str) -> dict[str, object]:
    """Counts of a wave, of one kind of school or of all. `counts`: indexed by what is counted, and kind."""
    of_all = counts.groupby(level=0).sum() if kind == ALL else counts.xs(kind, level=1)
    return {"group": kind, **of_all.astype(float)}


def _hide(found: pd.DataFrame, part: str) -> None:
    """Empty counts below MINIMUM: of all waves together so that none follows, and of the kinds wherever one is hidden."""
    everybody = found["group"] == ALL
    hidden = {}
    for scale, rows in found[everybody].groupby("scale"):
        hidden |= {(scale, wave): gone for wave, gone in zip(rows["wave"], complementary(rows[part]), strict=True)}
    keys = pd.Series(list(zip(found["scale"], found["wave"], strict=True)), found.index)
    gone = keys.map(hidden).astype(bool)
    few = is_small(found[part]) & ~everybody
    of_kinds = keys.isin(keys[few | (gone & everybody)]) & ~everybody
    found[part] = found[part].mask(gone | of_kinds)


def _variants(survey: Waves, scale: str, asked: str) -> dict[str, Callable[[], pd.DataFrame]]:
    sums = signposts.add_up(survey, scale)
    unit, kind = signposts.within(survey, scale, sums).baseline_sd, signposts.inference(survey, asked)

    def estimate(other: Waves, rows: pd.Index, inference: str = kind) -> pd.DataFrame:
        data = fixed_effects.within(signposts.add_up(other, scale, rows))
        return signposts.tidy(other, data, inference, unit)

    def worst(up: bool) -> pd.DataFrame:
        return estimate(*_filled(survey, scale, up), "CR2").assign(p_value=np.nan)  # of a bound there is no test

    found = {}
    if scale in survey.items and survey.items[scale][survey.complete(scale)].isna().any(axis=None):
        found[WHOLE] = lambda: estimate(survey, _all_items(survey, scale))
    if len(survey.known.columns):
        found[WEIGHTED] = lambda: estimate(*_weighted(survey, scale))
    if survey.compared:
        found |= {name: partial(_lee, survey, scale, unit, place) for place, name in enumerate(LEE)}
    if survey.ends:
        found |= {
            name: lambda up=bool(place): estimate(*_filled(survey, scale, up)) for place, name in enumerate(WORST)
        }
    return found


def _all_items(survey: Waves, scale: str) -> pd.Index:
    rows = survey.frame[survey.complete(scale)]
    whole = survey.items[scale].loc[rows.index].notna().all(axis=1)
    left_out, kept = (rows[part].groupby(["wave", "kind"]).size() for part in (~whole, whole))
    if is_small(left_out).any() or kept.min() < MINIMUM:
        raise InputError("too few answered a part, or all, of the items.")
    return rows.index[whole]


def _weighted(survey: Waves, scale: str) -> tuple[Waves, pd.Index]:
    """Those who stayed, each with one over the chance to stay, by a logistic regression in each kind of school."""
    rows = signposts.stayers(survey, scale)
    first = survey.frame[survey.complete(scale) & (survey.frame["wave"] == survey.baseline)]
    first = first.assign(stayed=first["teacher"].isin(survey.frame.loc[rows, "teacher"]))
    weight = {}
    for kind, part in first.groupby("kind"):
        known = survey.known.loc[part.index]
        with at(f"{survey.name}, scale {scale!r}, {kind}"):
            found = nonresponse.response(known, part["stayed"].to_numpy())
        weight |= dict(zip(part["teacher"], found.weights(known), strict=True))
    frame = survey.frame.assign(weight=survey.frame["weight"] * survey.frame["teacher"].map(weight).fillna(1.0))
    return replace(survey, frame=frame, weighted=True), rows


def _lee(survey: Waves, scale: str, unit: float, place: int) -> pd.DataFrame:
    """One end of Lee's bounds on the difference of changes of teachers; unweighted."""
    changes = _pairs(survey, scale)
    peers, answered = (changes["kind"] == PEERS).to_numpy(), changes["last"].notna().to_numpy()
    change = (changes["last"] - changes["first"]).to_numpy() / unit
    found = nonresponse.lee_bounds(change, answered, peers, changes["cluster"].to_numpy()).table()
    return found.iloc[[place]].assign(
        p_value=np.nan, n_groups=changes["cluster"].nunique(), term=signposts.main_terms(survey)[-1]
    )


def _filled(survey: Waves, scale: str, up: bool) -> tuple[Waves, pd.Index]:
    """Both waves of all teachers of the first; those who left with an end of the scale, whichever makes the effect larger (`up`) or smaller."""
    changes = _pairs(survey, scale)
    best = changes["kind"].eq(PEERS) == up
    changes["last"] = changes["last"].fillna(best.map({True: survey.ends[1], False: survey.ends[0]}).astype(float))
    waves = [survey.baseline, survey.later[-1]]
    frame = pd.concat([changes.assign(wave=wave) for wave in waves], ignore_index=True)
    scores = pd.DataFrame({scale: pd.concat([changes["first"], changes["last"]], ignore_index=True)})
    bare = replace(
        survey,
        frame=frame,
        scores=scores,
        conditions=pd.DataFrame(index=frame.index),
        controls=(),
        categories={},
        waves=waves,
    )
    return bare, frame.index


def _pairs(survey: Waves, scale: str) -> pd.DataFrame:
    """Teachers with a score in the baseline wave: their row there, with `first` and `last` score (NaN: left). InputError for too few."""
    signposts.stayers(survey, scale)
    frame = survey.frame.assign(score=survey.scores[scale])[survey.complete(scale)]
    last = frame[frame["wave"] == survey.later[-1]].set_index("teacher")["score"]
    first = frame[frame["wave"] == survey.baseline].rename(columns={"score": "first"})
    return first.assign(last=first["teacher"].map(last)).reset_index(drop=True)
