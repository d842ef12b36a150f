"""What can be compared between systems, question by question, without knowing that a scale means the same in all."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.draw.words import count
from helpers.estimate import item_dif, shares
from helpers.estimate.item_dif import Groups
from helpers.read.suppression import is_small
from helpers.study import classroom_doors, share_words
from helpers.study.classroom_doors import View

ANSWERS, PRACTICE = "answers only", "answers; nothing here speaks against the practice"


def table(view: View) -> pd.DataFrame:
    """DIF of each item between the systems to draw, in the latest cycle (`item_dif.dif`); empty where none are compared.

    Columns `item, item_label, lowest, highest` (codes of systems), `label_lowest, label_highest, compare` (what can be), and those
    of `item_dif.dif`. Of a user's file `n` is to the nearest ten.
    """
    answers, systems = view.answers, view.apart
    if answers.apart or len(systems) < 2:
        return pd.DataFrame()
    latest = view.table["cycle"].max()
    samples = {s.keys["system"]: s for s in shares.samples(answers) if s.keys["cycle"] == latest}
    known = view.table[view.table["cycle"] == latest].set_index(["system", "item"])["share"].notna()
    usable = known.groupby(level=["system", "item"]).all().unstack()[list(answers.items)]
    rows = item_dif.dif(
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
    return rows.drop(columns="place")


def words(view: View, rows: pd.DataFrame) -> dict[str, Any]:
    """Of `table`, for `cards.table`."""
    one = view.kind.removesuffix("s")
    ends = [
        f"{100 * r.share_lowest:.0f} ({r.label_lowest}) to {100 * r.share_highest:.0f} ({r.label_highest})"
        if not r.note
        else ""
        for r in rows.itertuples()
    ]
    return {
        "title": "What can be compared, question by question",
        "caption": f"Of {', '.join(view.names[code] for code in view.apart)}. Of 100 whose answers to all these questions add up to the "
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


def told(view: View, rows: pd.DataFrame) -> list[str]:
    """What the test says of each item that differs, and what it cannot say, in sentences."""
    if rows.empty:
        return [share_words.alone(view)]
    who, alike = "respondents", "With the same answers overall"
    if classroom_doors.of_talis(view.answers):
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
    return [*sentences, *[so] * bool(len(found)), rest]
