"""Numbers that one document retells after another: what the source was seen to say, and what became of it.

A table of retellings has a row for each number and each source that was looked for: `label, value, unit, said_by,
after, source_value, source_says, change`, and `sign`, in which the words of `change` are summed up.
"""

from itertools import product
from pathlib import Path

import pandas as pd

from helpers.draw.numbers import written
from helpers.draw.words import count
from helpers.estimate.intervals import wilson
from helpers.project import InputError, relative
from helpers.read import accounts, frames
from helpers.read.accounts import Account
from helpers.read.files import Options

COLUMNS = ["label", "value", "unit", "said_by", "after", "source_value", "source_says", "change"]
"""Columns of a user's own table."""

SIGNS = {
    "same": "kept", "rounded": "kept", "qualifier lost": "sharpened", "stronger": "sharpened", "wider claim": "widened",
    "narrower claim": "narrowed", "other number": "changed", "other base": "changed", "other claim": "changed",
    "not seen": "not seen", "context": "context",
}  # fmt: skip
"""What each word of `change` comes to. Context tells how the number was made and is no retelling of it."""

CHANGES = {
    "same": "the same", "rounded": "rounded", "qualifier lost": "a qualifier was lost", "stronger": "stronger words",
    "wider claim": "more is claimed", "narrower claim": "less is claimed", "other number": "another number",
    "other base": "another group", "other claim": "another claim", "not seen": "source not found", "context": "",
}  # fmt: skip
"""Each word of `change` as figures have it."""

MEANING = {
    "kept": "as in the source, or rounded",
    "sharpened": "a qualifier lost, or stronger words",
    "widened": "more is claimed",
    "narrowed": "less is claimed",
    "changed": "another number, group or claim",
    "not seen": "source, or place in it, not found",
}
"""The signs in their order, in words."""

STUDY = ["interviews-teachers", "interviews-administrators", "observed-conferences", "observed-meetings",
         "observed-classrooms", "data-kinds", "lessons"]  # fmt: skip
"""What the study behind Foster's article looked at, by the ends of the ids of its printed numbers."""

SIZES = {
    "people": [
        "003-text-reach-educators", "004-text-nbct", "004-text-collaboratory-members", "004-text-tli-teachers",
        "004-text-experts",
    ],
    "schools, districts, places, partners": [
        "003-text-reach-schools", "003-text-reach-districts", "004-text-dln-schools", "004-text-nwp-places",
        "004-text-big-picture", "004-text-sjha-pilot-schools", "004-text-remake-learning", "004-text-holacracy",
    ],
}  # fmt: skip
"""Printed counts of projects and networks that can stand on one axis."""

CLAIMS = [
    "003-text-reach-coaches", "003-text-schools-studied", "003-text-schools-selected", "003-text-east-side-high-schools",
    "004-text-teens-disconnected", "004-text-teachers-engaged", "004-text-callout-hybrid", "004-text-hybrid-seek",
    "004-text-closing-hybrid", "004-text-networks", "004-text-endnote-11", "004-text-endnote-43-year",
    "004-text-knowledge-1945", "004-text-knowledge-now", "004-text-talis-teachers", "004-text-talis-nations",
]  # fmt: skip
"""Retold numbers whose source was seen, so that the ledger can say whether it bears them out."""

_GRAVEST = ["changed", "sharpened", "widened", "narrowed", "not seen", "kept", "context"]
BOUNDS = {"lower bound": "≥", "upper bound": "≤", "about": "≈"}
_SOURCE_BOUNDS = {"more than": "≥", "at least": "≥", "nearly": "≤"}


def from_print(chains: pd.DataFrame, printed: pd.DataFrame, numbers: pd.DataFrame) -> pd.DataFrame:
    """Retellings of printed numbers, in the order of print.

    `chains`: `number, step, said_by, after, source, source_says, change, how` (data/cases/retellings.csv); `printed`:
    as `published.read` gives it; `numbers`: `number, step, what, value, bound` (data/cases/source-numbers.csv), of
    which those called "beside" are the source's value. Shares in words become percentages. Further columns: `number,
    step, source, how`, and `bound, source_bound`, one of ≥, ≤, ≈ or empty.
    """
    chains = chains[chains["number"].isin(printed.index)].reset_index(drop=True)
    own = printed.loc[chains["number"]].reset_index(drop=True)
    in_words = own["unit"].str.startswith("share ")
    percent = in_words | own["unit"].str.startswith("percent")
    # Two printed numbers may have the same name and be of different places.
    alike = printed["row"].duplicated(keep=False)
    named = printed["row"].mask(alike, printed["row"] + ", " + printed["group"])
    rows = chains.assign(
        label=named.loc[chains["number"]].to_numpy(),
        value=own["value"].where(~in_words, 100 * own["value"]),
        unit=own["unit"].mask(percent, "percent"),
        bound=own["statistic"].map(BOUNDS).fillna(""),
        sign=chains["change"].map(SIGNS),
    )
    beside = numbers.loc[numbers["what"] == "beside", ["number", "step", "value", "bound"]]
    beside = beside.rename(columns={"value": "source_value", "bound": "source_bound"})
    rows = rows.merge(beside, on=["number", "step"], how="left", validate="one_to_one")
    rows["source_bound"] = rows["source_bound"].map(_SOURCE_BOUNDS).fillna("")
    return rows.sort_values("number", key=printed.index.get_indexer, kind="stable", ignore_index=True)


def read(path: Path, options: Options = Options()) -> tuple[pd.DataFrame, Account]:
    """A user's own table with the columns of COLUMNS, with the columns of `from_print`; what became of the file's rows.

    `unit`, `after` and `source_value` may be empty, `source_says` where nothing was seen. Raises InputError.
    """
    given = frames.read(path, COLUMNS, options)
    texts = {name: frames.labels(given, name) for name in COLUMNS}
    rows = pd.DataFrame(texts).apply(lambda column: column.fillna("").str.strip())
    rows = rows.assign(**{name: frames.numbers(given, name) for name in ("value", "source_value")})
    known, seen = rows["change"].isin(SIGNS), ~rows["change"].isin(["not seen", "context"])
    nothing = (rows["source_says"] == "") & rows["source_value"].isna()
    other = rows["source_value"].notna() & (rows["source_value"] != rows["value"])
    for column, wrong, what, remedy in (
        ("label", rows["label"] == "", "a number without a name", "Say what it counts"),
        ("value", rows["value"].isna(), "a retelling without its number", "Enter it or take the row out"),
        ("said_by", rows["said_by"] == "", "nobody who says it", "Name the document"),
        ("change", ~known, "no word for what became of the number", f"Use one of: {', '.join(SIGNS)}"),
        ("source_says", seen & nothing, "a judgement without a source", "Enter what the source says, or change: not seen"),
        ("source_value", (rows["change"] == "not seen") & ~nothing, "a source that was seen but is called not seen",
         "Empty it or correct the column change"),
        ("source_value", (rows["change"] == "same") & other, "another number than `value`, called the same",
         "Correct the number or the column change"),
    ):  # fmt: skip
        frames.refuse(given, column, wrong, what, remedy)
    if not (rows["change"] != "context").any():
        raise InputError(f"{relative(path)}, column 'change': every row is context. Enter what was retold as well.")
    rows = rows.assign(sign=rows["change"].map(SIGNS), source=rows["after"], how="", bound="", source_bound="")
    return rows, accounts.of(given, len(rows), numeric=("value", "source_value"))


def by_number(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each number that a document retells the row of the source that bears it out best; context is none."""
    judged = rows[rows["sign"] != "context"]
    rank = judged["sign"].map([*MEANING].index)
    return judged.loc[rank.groupby([judged["said_by"], judged["label"]], sort=False).idxmin()]


def tally(rows: pd.DataFrame) -> pd.DataFrame:
    """How many numbers of each document have each sign (`by_number`): `said_by, sign, count`, signs in order."""
    judged = by_number(rows)
    places = list(product(judged["said_by"].unique(), MEANING))
    return judged.groupby(["said_by", "sign"]).size().reindex(places, fill_value=0).rename("count").reset_index()


def holds(signs: pd.Series) -> bool:
    """Whether a number stands: one of its sources was seen to say it, if only with a qualifier or in weaker words."""
    return bool(signs.isin(["kept", "sharpened"]).any())


def longest(rows: pd.DataFrame) -> pd.DataFrame:
    """The retellings of the number that was retold most often, where that is twice or more; else no row."""
    times = rows["label"].value_counts(sort=False)
    return rows[rows["label"] == times.idxmax()] if times.max() > 1 else rows.head(0)


def in_round_numbers(value: float) -> tuple[float, float]:
    """Numbers that would be written as a whole `value` if the zeros at its end came from rounding: 2000 is 1500 to 2500."""
    place = 1
    while value and value % (10 * place) == 0:
        place *= 10
    return value - place / 2, value + place / 2


def margin(percent: float, asked: float) -> tuple[float, float]:
    """Wilson's 95% interval of a percentage of so many people, as of a simple random sample; surveys' are wider."""
    low, high = wilson(percent / 100 * asked, asked)
    return 100 * low, 100 * high


def by_sign(rows: pd.DataFrame) -> pd.DataFrame:
    """Retellings in the order in which they are drawn: by sign, then from large to small; units have a name."""
    ordered = rows.sort_values("value", ascending=False, kind="stable")
    ordered = ordered.sort_values("sign", key=lambda signs: signs.map([*MEANING].index), kind="stable")
    return ordered.replace({"unit": {"": "no unit"}})


def gravest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Retellings from those that changed most to those that changed least."""
    return rows.sort_values("sign", key=lambda signs: signs.map(_GRAVEST.index), kind="stable")


def in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with `words` (who says what, after whom, and what the source says), `number` and `source_number`."""
    how = rows["how"].fillna("").map(lambda text: f" → {text}" if text else "")
    told = _sources_in_words(rows)
    words = rows["said_by"] + ": " + rows["label"] + ". " + told["source"] + ": " + told["source_says"] + how
    return rows.assign(words=words, number=rows["value"].map(written), source_number=rows["source_value"].map(written))


def _sources_in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """`source` and `source_says`, with words where there is none."""
    empty = {"source": "no source is named", "source_says": "nothing seen"}
    return pd.DataFrame({name: rows[name].where(rows[name].fillna("") != "", words) for name, words in empty.items()})


def counted(judged: pd.DataFrame) -> str:
    """How many retold numbers were followed up, and how many have each sign, as the end of a sentence."""
    counts = by_number(judged)["sign"].value_counts()
    said = [f"{counts[sign]} {sign}" for sign in MEANING if sign in counts]
    said[0] = said[0].replace(" ", " was " if said[0].startswith("1 ") else " were ", 1)
    what = f"{count(counts.sum(), 'retold number')} that {'was' if counts.sum() == 1 else 'were'} followed up"
    return f"of {what}, {', '.join(said)}"


def kept(judged: pd.DataFrame) -> str:
    """How many retold numbers are as in their source, of those whose source was found, in a sentence.

    >>> rows = pd.DataFrame({"said_by": "R", "label": list("abc"), "sign": ["kept", "changed", "not seen"]})
    >>> kept(rows), kept(rows.head(1)), kept(rows.tail(1))
    ('Of 2 retold numbers whose source was found, 1 is as in it; for 1 more it was not found.', 'The 1 retold number is as in its source.', 'Of 1 retold number no source was found.')
    """
    signs = by_number(judged)["sign"]
    same, lost = int((signs == "kept").sum()), int((signs == "not seen").sum())
    found = len(signs) - lost
    numbers = f"{count(found, 'retold number')}"
    if not found:
        return f"Of {count(lost, 'retold number')} no source was found."
    more = f"; for {lost} more it was not found" * bool(lost)
    if same == found:
        return f"The {numbers} {'is as in its source' if found == 1 else 'are as in their sources'}{more}."
    whose = " whose source was found," * bool(lost)
    return f"Of {numbers}{whose} {same or 'none'} {'is' if same < 2 else 'are'} as in {'it' if lost else 'its source' if same < 2 else 'their sources'}{more}."


def beside(drawn: pd.DataFrame) -> str:
    """How many numbers differ from their source's, and the furthest; `drawn`: rows with `label, value, unit, source_value, sign`.

    A number that was rounded, or is kept otherwise, does not differ.

    >>> rows = pd.DataFrame({"label": ["Reach", "Pupils"], "value": [300.0, 40], "source_value": [120.0, 40], "unit": ["schools", "percent"]})
    >>> rows["sign"] = ["changed", "kept"]
    >>> beside(rows), beside(rows.tail(1)), beside(rows.assign(source_value=None))
    ('1 of 2 numbers differs from its source by more than rounding: 300 schools instead of 120.', 'The 1 number that can be compared is as in its source.', '')
    """
    both = drawn.dropna(subset="source_value")
    other = both[(both["value"] != both["source_value"]) & (both["sign"] != "kept")]
    if both.empty:
        return ""
    if other.empty:
        are = (
            "that can be compared is as in its source"
            if len(both) == 1
            else "that can be compared are as in their sources"
        )
        return f"The {count(len(both), 'number')} {are}."
    ratio = other[["value", "source_value"]].abs()
    apart = (ratio.max(axis=1) / ratio.min(axis=1)).fillna(1)
    far = other[apart == apart.max()]
    row = far.iloc[0]
    told = f"{_with_unit(row['value'], row['unit'])} instead of {written(row['source_value'])}"
    most = (f": {told}" if len(other) == 1 else f", most of all {told}") * (len(far) == 1)
    differ = "differs from its source" if len(other) == 1 else "differ from their sources"
    return f"{len(other)} of {count(len(both), 'number')} {differ} by more than rounding{most}."


def _with_unit(value: float, unit: str) -> str:
    """A number with what it counts: 45%, 300 schools."""
    return f"{written(value)}%" if unit == "percent" else f"{written(value)} {unit}".rstrip()


def on_the_way(steps: pd.DataFrame) -> str:
    """What became of one claim from document to document. `steps`: of `longest`.

    >>> rows = pd.DataFrame({"label": "Visits", "unit": "percent", "source_value": [40.0, 40], "value": [40.0, 45], "sign": ["sharpened", "changed"]})
    >>> on_the_way(rows), on_the_way(rows.head(1)), on_the_way(rows.head(1).assign(sign="kept"))
    ('“Visits” went from 40 to 45% on its way.', '“Visits” stayed at 40%, but on its way the claim was sharpened.', '“Visits” stayed at 40%.')
    >>> on_the_way(rows.assign(source_value=None, sign="not seen"))
    '“Visits”: on its way the claim was not found in its source, then not found in its source.'
    """
    if steps.empty:
        return ""
    name, first, last = f"“{steps['label'].iloc[0]}”", steps["source_value"].iloc[0], steps["value"].iloc[-1]
    now = _with_unit(last, steps["unit"].iloc[-1])
    if pd.notna(first) and first != last:
        return f"{name} went from {written(first)} to {now} on its way."
    changes = [{"not seen": "not found in its source"}.get(sign, sign) for sign in steps["sign"] if sign != "kept"]
    became = f"on its way the claim was {', then '.join(changes)}"
    if pd.isna(first):
        return f"{name}: {became if changes else f'in the end it is {now}'}."
    return f"{name} stayed at {now}{f', but {became}' * bool(changes)}."


def spoken_tally(counts: pd.DataFrame) -> str:
    """What the cells of `tally` show, for somebody who cannot see them."""
    given = counts[counts["count"] > 0]
    said = [
        f"{who}: {', '.join(f'{n} {sign}' for sign, n in zip(part['sign'], part['count'], strict=True))}"
        for who, part in given.groupby("said_by", sort=False)
    ]
    return f"{'; '.join(said)}."


def spoken_pairs(drawn: pd.DataFrame) -> str:
    """What retold numbers beside their sources' show, for somebody who cannot see them."""
    both = drawn.dropna(subset="source_value")
    said = [
        f"{', '.join(r.label.splitlines())}: {r.value:g} beside {r.source_value:g}, {r.sign}" for r in both.itertuples()
    ]
    lacking = len(drawn) - len(both)
    return " ".join(
        [f"{'; '.join(said)}."] * bool(said)
        + [f"Without a number of the source: {count(lacking, 'row')}."] * bool(lacking)
    )


def spoken_hands(hands: pd.DataFrame) -> str:
    """What the boxes of a chain say, for somebody who cannot see them."""
    return "; then ".join(f"{r.who}: {r.says}" + (f" ({r.sign})" if r.sign else "") for r in hands.itertuples())


def hands(steps: pd.DataFrame) -> pd.DataFrame:
    """One number from its first source down, as boxes `who, says, sign, change`; `steps` as `longest` gives them.

    What a document says is told in the words in which the next one found it, where it was its source.
    """
    rows = [(r.source, r.source_says, "", "") for r in _sources_in_words(steps.head(1)).itertuples()]
    later = steps.assign(found=steps["source_says"].shift(-1).where(steps["after"].shift(-1) == steps["said_by"], ""))
    for r in later.fillna({"found": ""}).itertuples():
        says = r.found or f"{r.label}: {_with_unit(r.value, r.unit)}"
        rows.append((r.said_by, says, r.sign, CHANGES[r.change]))
    return pd.DataFrame(rows, columns=["who", "says", "sign", "change"])
