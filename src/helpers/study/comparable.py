"""What can be compared between systems, question by question, without knowing that a scale means the same in all."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.draw.words import count
from helpers.estimate import item_dif, shares
from helpers.estimate.intervals import holm
from helpers.estimate.item_dif import Groups
from helpers.read.suppression import is_small
from helpers.study import classroom_doors, share_words
from helpers.study.classroom_doors import View

ANSWERS, PRACTICE = "answers only", "answers; nothing here speaks against the practice"


def compared(view: View) -> list[str]:
    """Systems to compare: those to draw, but parts of one of these; all of a survey that sets its systems apart, as it has few."""
    return list(view.whole) if view.answers.apart else view.apart


def tables(view: View) -> tuple[pd.DataFrame, pd.DataFrame]:
    """DIF of each item between systems, in the latest cycle, and which of them stand out; empty where none are compared.

    Of items `item, item_label, lowest, highest` (codes of systems), `label_lowest, label_highest, compare` (what can be), and the columns
    of `item_dif.dif`. Of a user's file `n` is to the nearest ten. Who stands out as `_standing_out`.
    """
    answers, systems = view.answers, compared(view)
    if len(systems) < 2:
        return pd.DataFrame(), pd.DataFrame()
    latest = view.table["cycle"].max()
    samples = {s.keys["system"]: s for s in shares.samples(answers) if s.keys["cycle"] == latest}
    known = view.table[view.table["cycle"] == latest].set_index(["system", "item"])["share"].notna()
    usable = known.groupby(level=["system", "item"]).all().unstack()[list(answers.items)]
    rows, groups = item_dif.dif(
        Groups(
            [samples[system] for system in systems], usable.loc[systems].to_numpy(bool), len(answers.categories),
            answers.often, answers.fay, answers.one_sample, answers.fewest,
        )
    )  # fmt: skip
    for end in ("lowest", "highest"):
        rows[end] = [systems[int(place)] if pd.notna(place) else "" for place in rows[end]]
        rows[f"label_{end}"] = rows[end].map(view.names)
    if answers.account:
        n = rows["n"].astype(float)
        rows["n"] = n.mask(is_small(n)).round(-1)
    rows["item"] = np.array(list(answers.items))[rows["place"]]
    rows["item_label"] = rows["item"].map(answers.items)
    rows["compare"] = np.select([rows["note"] != "", rows["found"]], [rows["note"], ANSWERS], PRACTICE)
    return rows.drop(columns="place"), _standing_out(view, rows, groups, systems)


def _standing_out(view: View, rows: pd.DataFrame, groups: pd.DataFrame, systems: list[str]) -> pd.DataFrame:
    """Systems in which an item that is found is answered otherwise than in the others: one row each, the clearest first.

    Columns `system, label, item, item_label, direction, share, share_others, p_holm, n_tests`: of 1 people who answer alike overall
    those who answer often, there and on average elsewhere; p by Holm's method for all `n_tests` pairs of such an item and a
    system; rows with a p below ALPHA. Shares of a user's file have two decimals. None where two systems alone are compared: what one is to the other, the other is to it.
    """
    found = rows.loc[rows["found"] & rows["n_groups"].gt(2), ["place", "item", "item_label"]]
    each = found.merge(groups, on="place")
    if each.empty:
        return pd.DataFrame()
    each["p_holm"], each["n_tests"] = holm(each["p_value"].astype(float)), len(each)
    each["system"] = [systems[int(place)] for place in each["group"]]
    each["label"] = each["system"].map(view.names)
    if view.answers.account:
        each[["share", "share_others"]] = each[["share", "share_others"]].astype(float).round(2)
    each["direction"] = np.where(each["share"] > each["share_others"], "more often", "less often")
    clear = each[each["p_holm"] < item_dif.ALPHA].sort_values("p_holm", kind="stable", ignore_index=True)
    return clear[["system", "label", "item", "item_label", "direction", "share", "share_others", "p_holm", "n_tests"]]


def words(view: View, rows: pd.DataFrame) -> dict[str, Any]:
    """Of the items of `tables`, for `cards.table`."""
    one = view.kind.removesuffix("s")
    ends = [
        f"{100 * r.share_lowest:.0f} ({r.label_lowest}) to {100 * r.share_highest:.0f} ({r.label_highest})"
        if not r.note
        else ""
        for r in rows.itertuples()
    ]
    return {
        "title": "What can be compared, question by question",
        "caption": f"Of {', '.join(view.names[code] for code in compared(view))}. Of 100 whose answers to all these questions add up to the "
        f"same: how many answer {view.often_words.lower()}, where they are fewest and where most. R2: what the {one} adds to "
        f"what the sum tells, of the two {view.kind} furthest apart (Nagelkerke's R2, ordinal regression). It is for all sums alike, and for some "
        f"only. Negligible below {item_dif.MODERATE}, large from {item_dif.LARGE} (Jodoin and Gierl, made for right and wrong answers). The p is of no "
        f"difference between any of them, by Holm's method for all tests here. {view.kind.capitalize()} count alike. Standard errors: {share_words.errors(view.answers)}. "
        "A dash: no test.",
        "show": rows,
        "columns": {
            "Item": "{item_label}", "Can be compared": "{compare}", "Of 100 alike": ends,
            "R2, at all sums": "{r2_uniform:.3f}", "p, adjusted": "{p_uniform:p}",
            "R2, at some": "{r2_nonuniform:.3f}", "p at some, adjusted": "{p_nonuniform:p}", "n": "{n:,.0f}",
        },
    }  # fmt: skip


def standing_words(view: View, rows: pd.DataFrame) -> dict[str, Any]:
    """Of those who stand out in `tables`, for `cards.table`."""
    others = rows["n_tests"].iloc[0] - len(rows)
    rest = f"the other {others} do not stand out" if others else "all of them stand out"
    return {
        "title": "Who stands out in these questions",
        "caption": f"Of 100 with the same answers overall: how many answer {view.often_words.lower()}, here and on average in the other {view.kind}. "
        "Shown are questions that differ by a size that matters, where p is below .05. It is adjusted by Holm's "
        f"method for all {rows['n_tests'].iloc[0]} such pairs of question and {view.kind.removesuffix('s')}; {rest}. "
        "Where one stands far off, the others stand off from the mean with it. It says how a question goes with the others, not who does more.",
        "show": rows,
        "columns": {
            "System or group": "{label}", "Item": "{item_label}", "Says so": "{direction}",
            "Of 100": [f"{100 * r.share:.0f}, others {100 * r.share_others:.0f}" for r in rows.itertuples()],
            "p, adjusted": "{p_holm:p}",
        },
    }  # fmt: skip


def told(view: View, rows: pd.DataFrame) -> list[str]:
    """What the test says of each item of `tables` that differs, and what it cannot say, in sentences."""
    if rows.empty:
        return [share_words.alone(view)]
    who, alike = "respondents", "With the same answers overall"
    if classroom_doors.of_talis(view.answers) or view.answers.about:
        who, alike = "teachers", "At the same general openness"
    tested, found = rows[rows["note"] == ""], rows[rows["found"]]
    if tested.empty:
        return ["No question can be tested here; the table says why."]
    sentences = [
        f"{alike}, {who} in {row.label_highest} say more often than {who} in {row.label_lowest} that they do this: “{row.item_label}”. Of "
        f"100 whose answers to all the questions add up to the same, {100 * row.share_highest:.0f} against {100 * row.share_lowest:.0f} answer "
        f"{view.often_words.lower()}.{' How far they differ changes with how much else they do.' * (row.r2_nonuniform >= item_dif.MODERATE)}"
        for row in found.itertuples()
    ]
    so = (
        f"Of {'these questions' if len(found) > 1 else 'this question'} compare what {who} say, not how often it is done, and leave "
        f"{'them' if len(found) > 1 else 'it'} out of a scale over these {view.kind}."
    )
    left = len(tested) - len(found)
    rest = (
        f"In {left} of {count(len(tested), 'question')} tested, {who} who otherwise answer alike do not differ by a size that matters. "
        f"That is no proof of one meaning: what moves the answers to all questions at once, such a test cannot see."
    )
    if not left:
        rest = (
            f"Every question tested is answered otherwise somewhere. So these questions are no common scale over these {view.kind}; which of them "
            "is the odd one out cannot be told, for each was held against the others."
        )
    apart = f"This is about how answers go together, and not about who does more: {view.answers.apart}"
    return [*sentences, *[so] * bool(len(found)), rest, *[apart] * bool(view.answers.apart)]
