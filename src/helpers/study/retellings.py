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
    """How many retold numbers are as in their source, in a sentence.

    >>> rows = pd.DataFrame({"said_by": "R", "label": ["a", "b"], "sign": ["kept", "changed"]})
    >>> kept(rows), kept(rows.tail(1))
    ('Of 2 retold numbers 1 is as in its source.', 'Of 1 retold number none is as in its source.')
    """
    signs = by_number(judged)["sign"]
    same = int((signs == "kept").sum())
    are = f"{same or 'none'} {'is as in its source' if same < 2 else 'are as in their sources'}"
    return f"Of {count(len(signs), 'retold number')} {are}."


def beside(drawn: pd.DataFrame) -> str:
    """How many numbers differ from their source's, and the furthest; `drawn`: rows with `label, value, source_value`.

    >>> rows = pd.DataFrame({"label": ["schools\\nReport", "pupils\\nReport"], "value": [300.0, 40], "source_value": [120.0, 40]})
    >>> beside(rows), beside(rows.tail(1)), beside(rows.assign(source_value=None))
    ('1 of 2 numbers differs from its source, most of all schools: 300 instead of 120.', 'The 1 number beside its source is the same.', '')
    """
    both = drawn.dropna(subset="source_value")
    other = both[both["value"] != both["source_value"]]
    if both.empty:
        return ""
    if other.empty:
        return f"The {count(len(both), 'number')} beside {'its source is' if len(both) == 1 else 'their sources are'} the same."
    ratio = other[["value", "source_value"]].abs()
    apart = (ratio.max(axis=1) / ratio.min(axis=1)).fillna(1)
    far = other[apart == apart.max()]
    told = f", most of all {far['label'].iloc[0].splitlines()[0]}: {written(far['value'].iloc[0])} instead of {written(far['source_value'].iloc[0])}"
    differ = "differs from its source" if len(other) == 1 else "differ from their sources"
    return f"{len(other)} of {count(len(both), 'number')} {differ}{told * (len(far) == 1)}."


def on_the_way(hands: pd.DataFrame) -> str:
    """What became of one claim from hand to hand. `hands`: of `hands`.

    >>> on_the_way(pd.DataFrame({"sign": ["", "sharpened", "changed"]}))
    'On its way the claim was sharpened, then changed.'
    """
    told = {"not seen": "not found in its source"}
    signs = [told.get(sign, sign) for sign in hands["sign"] if sign]
    return f"On its way the claim was {', then '.join(signs)}." if signs else ""


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
    """One number from its first source down, as boxes `who, says, sign, change`; `steps` as `longest` gives them."""
    rows = [(r.source, r.source_says, "", "") for r in _sources_in_words(steps.head(1)).itertuples()]
    rows += [
        (r.said_by, f"{r.label}: {written(r.value)} {r.unit}".rstrip(), r.sign, r.change) for r in steps.itertuples()
    ]
    return pd.DataFrame(rows, columns=["who", "says", "sign", "change"])
