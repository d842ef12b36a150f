"""How often teachers see each other teach, from public records of surveys beside TALIS.

    python -m helpers.study.real_records FOLDER [TARGET]

reads the files of these surveys in FOLDER and writes what the project shows without them into TARGET (data/moments)."""

import json
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd

from helpers import kept
from helpers.draw import numbers, words
from helpers.estimate import shares
from helpers.notebook import session
from helpers.notebook.session import Section, Session
from helpers.project import ROOT, InputError, relative
from helpers.read import family, files
from helpers.read.family import Question, Study
from helpers.read.talis_codebook import CATEGORIES, ITEMS, STATISTICS
from helpers.study.classroom_doors import View

FOLDER, TABLE = ROOT / "data" / "moments", "open-classrooms.csv"
COLUMNS = ["survey", "cycle", "system", "name", "question", "item", "weights", "statistic", "share", "std_error", "ci_low",
           "ci_high", "n", "n_schools", "note"]  # fmt: skip
SEEING, BEING_SEEN = "B", "O"
"""Keys of the items that this project is about: observing colleagues, and being observed."""
PLACES = {"CHL": ("gti", "Chile"), "CSH": ("gti", "Shanghai"), "USA": ("pisa2015", "USA")}
"""Where there are records of the systems that Volante and others (2023) compare: code -> study and its code."""
SHOWN = {"never": "Never", "monthly": "Once a month or more"}
"""Headline shares in words for a figure."""
IN_PRINT = {
    "Chile": {
        "never": ["talis-2013-CHL-B-never"],
        "monthly": ["talis-2013-CHL-B-1-3-monthly", "talis-2013-CHL-B-weekly"],
    },
    "Japan (by Berry, 2016)": {"never": ["004-text-talis-never-japan"]},
    "Portugal": {"never": ["talis-2013-PRT-B-never"]},
    "United States: half or more": {"never": ["talis-2013-USA-B-never-at-least"]},
}
"""What print has of the same question in TALIS 2013: name to draw -> statistic -> ids of percentages."""
NAMED = "B-M-V and K-S-T: the OECD's own names of two of its places, in Chile and in Japan"
"""What stands under a figure of places."""
_DRAWN = {"Germany*": "Germany (seven Länder)"}  # what the OECD's star means, by its list of the study's files
_SPOKEN = {"CHL": "Chile", "CSH": "Shanghai", "USA": "the United States"}
_STUDY = {known.key: known.title.split(",")[0] for known in family.STUDIES}
_SHORT = {known.key: known.short for known in family.STUDIES}


def computed(place: Path, known: Study) -> pd.DataFrame:
    """Shares of every answer and the headline shares of one study's file, as rows of COLUMNS (shares 0 to 1).

    With the study's own weight in place of none in further rows, `weights` "school weight". Raises InputError.
    """
    found = []
    for question in known.questions:
        for weighted in (False, True) if known.weight else (False,):
            survey = family.read(place, known, question, weighted=weighted)
            rows = pd.concat([shares.table(survey), shares.distribution(survey)])
            names = survey.frame.drop_duplicates("system").set_index("system")["name"]
            weights = "school weight" if weighted else "none"
            found.append(
                rows.assign(
                    survey=known.key,
                    cycle=known.cycle,
                    name=rows["system"].map(names),
                    question=question,
                    weights=weights,
                )
            )
    return pd.concat(found, ignore_index=True)[COLUMNS].dropna(subset="share")


def read(places: dict[str, Path]) -> pd.DataFrame:
    """Rows of COLUMNS: of each study's own files where the user has them (`family.in_folders`), else the project's."""
    made = pd.read_csv(
        FOLDER / TABLE, keep_default_na=False, na_values={name: [""] for name in ("std_error", "n_schools")}
    )
    own = [computed(place, family.study(key)) for key, place in places.items()]
    return pd.concat([made[~made["survey"].isin(places)], *own], ignore_index=True)


def headlines(real: pd.DataFrame, item: str) -> pd.DataFrame:
    """Headline shares of one item, every teacher counting alike, in the order of the studies, with words for figures.

    COLUMNS and `label` (the OECD's name of the system), `item_label` (study, year, and whom it asked).
    """
    statistics = {s for k in family.STUDIES for q in k.questions.values() for s in q.statistics}
    rows = real[real["item"].eq(item) & real["weights"].eq("none") & real["statistic"].isin(statistics)]
    asked = {k.key: f"{k.asked[0].upper()}{k.asked[1:]} ({_STUDY[k.key]})" for k in family.STUDIES}
    return rows.assign(label=rows["name"], item_label=rows["survey"].map(asked), item=rows["survey"])


def in_print(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed shares of IN_PRINT in the shape of `headlines`, without intervals; several numbers of one answer are added up.

    `least`: whether print gives a share in words as that or more.
    """
    rows = [
        (name, statistic, printed.loc[told[statistic], "value"].sum() / 100 if statistic in told else float("nan"))
        for name, told in IN_PRINT.items()
        for statistic in STATISTICS
    ]
    found = pd.DataFrame(rows, columns=["label", "statistic", "share"])
    bounds = [
        any("at-least" in number for told in IN_PRINT[name].values() for number in told) for name in found["label"]
    ]
    whom = "As printed of lower secondary teachers (TALIS 2013)"
    return found.assign(
        survey="print", item="print", item_label=whom, note="not printed", state="published", least=bounds
    )


def drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `headlines` or `in_print` as a figure has them: with the OECD's star in words, and in the alphabet, for nobody is ranked."""
    return rows.assign(label=rows["label"].replace(_DRAWN))


def spread(rows: pd.DataFrame, statistic: str) -> str:
    """Lowest and highest share of a statistic among `headlines` of one study, each with its interval and place."""
    part = rows[rows["statistic"] == statistic].sort_values("share")
    ends = [part.iloc[0], part.iloc[-1]][: len(part)]
    return " to ".join(f"{spoken(row)} in {'the ' * row['name'].startswith('United ')}{row['name']}" for row in ends)


def spoken(row: pd.Series) -> str:
    """A share with its interval in words: 37% (34 to 40)."""
    return f"{numbers.percent(row['share'])}% ({numbers.percent(row['ci_low'])} to {numbers.percent(row['ci_high'])})"


def direction(one: pd.Series, other: pd.Series) -> str:
    """Which of two shares of independent samples is larger: "higher", "lower", or "cannot be told" by the 95% interval of their difference.

    Of the shares' own intervals, which hold for small counts and for none, as Newcombe (1998, method 10) makes it and
    Zou and Donner (2008) for any interval: the t of their errors is wrong where few answered so.
    """
    gap = one["share"] - other["share"]
    below = ((one["share"] - one["ci_low"]) ** 2 + (other["ci_high"] - other["share"]) ** 2) ** 0.5
    above = ((one["ci_high"] - one["share"]) ** 2 + (other["share"] - other["ci_low"]) ** 2) ** 0.5
    return "higher" if gap - below > 0 else "lower" if gap + above < 0 else "cannot be told"


def sentence(seeing: pd.DataFrame) -> str:
    """How many never observe colleagues, and how many do every month, by `headlines`, and of whom that is."""
    said = []
    for key, rows in seeing.groupby("survey", sort=False):
        known = family.study(key)
        never, monthly = (spread(rows, statistic) for statistic in STATISTICS)
        said.append(
            f"{known.title}: {known.asked}. {never} never observe colleagues and give them feedback. "
            f"{monthly} do so once a month or more."
        )
    return " ".join(said)


def short(rows: pd.DataFrame) -> str:
    """How many of one study's teachers observe colleagues every month, from the fewest to the most, by `headlines`."""
    known, places = family.study(rows["survey"].iloc[0]), rows["system"].nunique()
    return f"Once a month or more it is {spread(rows, STATISTICS[1])}. Those asked in the {places} places are {known.asked}."


def reach(rows: pd.DataFrame) -> str:
    """The lowest and the highest share of those who never observe colleagues, by `headlines`."""
    shares = rows.loc[rows["statistic"] == STATISTICS[0], "share"]
    return " to ".join(dict.fromkeys(f"{numbers.percent(share)}%" for share in (shares.min(), shares.max())))


def headline(rows: pd.DataFrame) -> str:
    """Between which shares those who never observe colleagues lie, in records and in papers, by `headlines` and `in_print`.

    What is a bound does not count.

    >>> rows = pd.DataFrame({"statistic": "never", "state": ["moments", "moments", "published"], "share": [0.0, 0.64, 0.71], "least": None})
    >>> headline(rows)
    'In records, 0 to 64% of teachers never watch a colleague teach and give feedback; in papers, 71%. It depends on who is asked, and where.'
    >>> headline(rows.head(2)), headline(rows.tail(1).assign(least=True))
    ('In records, 0 to 64% of teachers never watch a colleague teach and give feedback. It depends on who is asked, and where.', '')
    """
    known = rows[rows["statistic"].eq(STATISTICS[0]) & ~rows["least"].eq(True)]
    kinds = {
        "in papers" if published else "in records": part
        for published, part in known.groupby(known["state"].eq("published"))
    }
    what, parts = " of teachers never watch a colleague teach and give feedback", []
    for where, part in kinds.items():
        ends = dict.fromkeys(map(numbers.percent, part["share"].agg(["min", "max"])))
        parts.append(f"{where}, {' to '.join(ends)}%{what * (not parts)}")
    if not parts:
        return ""
    whom = " It depends on who is asked, and where." * (len(known) > 1)
    return f"{parts[0].capitalize()}{'; ' * (len(parts) > 1)}{'; '.join(parts[1:])}.{whom}"


def beside(view: View, real: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The user's shares with those of studies that were asked the same item: rows for `dot_plots.shares`, by item.

    An item of the user's survey is the same where its words are those of ITEMS, or its letter there. Nothing is tested.
    Raises InputError for a study not known here, other answers than the six, and where no item is the same.

    Parameters
    ----------
    view, real, keys : what the user's data show; rows of `read`; keys of studies, of which `pisa` is all of PISA
    """
    known = [k for key in keys for k in family.STUDIES if k.key == key or (key == "pisa" and k.key.startswith(key))]
    if len(known) < len(set(keys)):
        raise InputError(
            f"`beside`: {keys} are not all surveys known here (gti, pisa2015, pisa2018, or pisa for both)."
        )
    if len(view.answers.categories) != len(CATEGORIES):
        raise InputError(
            f"`beside`: these surveys have six answers ({', '.join(CATEGORIES)}), and yours {len(view.answers.categories)}. Leave it out."
        )
    letters = {words.casefold(): letter for letter, words in ITEMS.items()} | {
        letter.casefold(): letter for letter in ITEMS
    }
    same = {
        item: letters[words.casefold()] for item, words in view.answers.items.items() if words.casefold() in letters
    }
    rows = real[
        real["survey"].isin([k.key for k in known]) & real["weights"].eq("none") & real["statistic"].isin(STATISTICS)
    ]
    rows = rows[rows["item"].isin(same.values())]
    if rows.empty:
        raise InputError(
            "`beside`: none of your items was asked there. Say which item is which by its letter, as in items: {my_column: B}; "
            f"there are {'; '.join(f'{letter}: {words}' for letter, words in ITEMS.items())}."
        )
    own = view.drawn[view.drawn["item"].isin(same)].assign(survey="yours")
    own["item"] = own["item"].astype(object).map(same)
    own["statistic"] = own["statistic"].map(dict(zip(view.answers.statistics, STATISTICS, strict=True)))
    label = rows["name"] + ", " + rows["survey"].map(_SHORT)
    found = pd.concat([own, rows.assign(label=label, average=False)], ignore_index=True)
    return (
        found[found["item"].isin(rows["item"])]
        .assign(item_label=lambda shown: shown["item"].map(ITEMS))
        .sort_values("item", kind="stable", ignore_index=True)
    )


def beside_words(near: pd.DataFrame) -> dict[str, object]:
    """Title, caption and alternative text of the figure of `beside`."""
    others = list(dict.fromkeys(near.loc[near["survey"] != "yours", "survey"]))
    told = "; ".join(
        f"{row['label']} {spoken(row)}"
        for _, row in near[near["statistic"].eq(STATISTICS[0]) & near["item"].eq(near["item"].iloc[0])]
        .dropna(subset="share")
        .iterrows()
    )
    return {
        "title": "Yours, and others who were asked the same",
        "caption": f"Percent of those who answered, with 95% intervals. {' '.join(family.study(key).about for key in others)} These are "
        "other samples than yours: no difference is tested, and nobody is ranked.",
        "alt": f"Dot plot of shares beside other surveys. Never, {near['item_label'].iloc[0].lower()}: {told}.",
        "data": near,
    }


def american(seeing: pd.DataFrame) -> str:
    """What these records have beside "half of American teachers", in a sentence; nothing where they are not there."""
    survey, system = PLACES["USA"]
    rows = seeing[seeing["survey"].eq(survey) & seeing["system"].eq(system) & seeing["statistic"].eq(STATISTICS[0])]
    return "".join(
        f"Of another population ({family.study(survey).title}: {family.study(survey).asked}) {100 * row['share']:.1f}% (SE {100 * row['std_error']:.1f})"
        for _, row in rows.iterrows()
    )


def weighted(real: pd.DataFrame, item: str) -> str:
    """How the lowest answer's share moves where each teacher counts by the weight of the school, in a sentence."""
    rows = real[real["item"].eq(item) & real["statistic"].eq(STATISTICS[0])].set_index(["survey", "system", "weights"])
    said = []
    for (key, system), part in rows.groupby(level=[0, 1], sort=False):
        if len(part) > 1:
            plain, heavy = (part.loc[(key, system, weights)] for weights in ("none", "school weight"))
            said.append(
                f"{plain['name']} ({family.study(key).title}): {spoken(plain)} never do; with the weights of schools {spoken(heavy)}."
            )
    return " ".join(said)


def of(run: Session) -> tuple[pd.DataFrame, Section]:
    """What `read` gives, from the user's files in `data/raw/` where they are, and a section that rests on it."""
    for known in family.STUDIES:
        session.looks_in(run, family.RAW / known.key)
    places = family.in_folders()
    own = [str(place) for place in places.values()]
    return read(places), session.section(run, *own, *([] if len(own) == len(family.STUDIES) else [FOLDER / TABLE]))


def claims(real: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """What these records say of Chile's and Shanghai's printed places among three systems: the direction, and no more.

    Where a study has weights, a direction is one only if it is so with and without them. Rows `id, practice, claim, seen,
    verdict` (agrees, differs, cannot be told), one a printed place (unit "place ...").
    """
    rows = real[real["statistic"].eq("never")].set_index(["survey", "system", "item"]).sort_index()
    found = []
    for number in printed[printed["statistic"].eq("never, rank") & printed["system"].isin(PLACES)].itertuples():
        here = {
            system: rows.loc[[(*place, number.item)]].sort_values("weights", key=lambda kinds: kinds != "none")
            for system, place in PLACES.items()
            if (*place, number.item) in rows.index
        }
        claimed = "higher" if number.value == 1 else "lower"
        claim = f"{number.group}: {claimed} than {' and '.join(_SPOKEN[s] for s in PLACES if s != number.system)}"
        others = [system for system in here if system != number.system and number.system in here]
        seen = [_in_words(here[system], PLACES[system][0]) for system in [number.system] * bool(others) + others]
        verdicts = {
            direction(own, other)
            for system in others
            for (_, own), (_, other) in product(here[number.system].iterrows(), here[system].iterrows())
        }
        against = {"higher": "lower", "lower": "higher"}[claimed]
        verdict = "agrees" if verdicts == {claimed} else "differs" if against in verdicts else "cannot be told"
        found.append(
            (number.Index, number.row.split(", place of")[0], claim, "; ".join(seen) or "not asked there", verdict)
        )
    return pd.DataFrame(found, columns=["id", "practice", "claim", "seen", "verdict"])


def _in_words(rows: pd.DataFrame, study: str) -> str:
    """One system's share, with its interval and study, and what it is with each of the study's weights."""
    first, *weighted = [row for _, row in rows.iterrows()]
    more = "".join(f"; with {row['weights']}s {spoken(row)}" for row in weighted)
    return f"{spoken(first)} in {first['name']} ({_STUDY[study]}{more})"


_ALL = "all eight practices of TALIS"
_TALIS = (
    "TALIS 2013, 2018 and 2024: teachers of one level of school, drawn within schools that were drawn, with weights. "
    f"Asked about: {_ALL}, by the labels of the files. In 2024 it also asks, with yes or no, whose feedback teachers have had after an observation of "
    "their teaching. The files of TALIS 2008 are not read, as the names of its questions were not seen here."
)


def bank() -> list[str]:
    """Each survey in a few sentences: whom it asked, how they were drawn, what it asked, and how the words are known."""
    told: dict[str, list[Study]] = {}
    for known in family.STUDIES:
        asked = " ".join(f"Asked about: {_listed(q)}. {q.wording}" for q in known.questions.values())
        told.setdefault(f"{known.asked}. {known.sample} {asked}", []).append(known)
    names = [words.listed(k.short for k in alike) if len(alike) > 1 else alike[0].title for alike in told.values()]
    return [*(f"{name}: {what}" for name, what in zip(names, told, strict=True)), _TALIS]


def _listed(question: Question) -> str:
    asked = [question.words[key].lower() for key in question.items]
    return _ALL if question.items.keys() == ITEMS.keys() else "; ".join(asked)


def write(folder: Path, target: Path = FOLDER) -> None:
    """Make TABLE and `open-classrooms.json` about it from the studies' files in a folder. Raises InputError without any."""
    found = {path: known for path in _files(folder) if (known := family.recognised(path))}
    if not found:
        raise InputError(f"{relative(folder)}: no file of {', '.join(known.name for known in family.STUDIES)} here.")
    order = [known.key for known in family.STUDIES]
    tables = {known.key: computed(path, known) for path, known in found.items()}
    table = pd.concat([tables[key] for key in order if key in tables], ignore_index=True)
    about = {
        "of": [f"{known.title}: teachers' public file (OECD)" for known in found.values()],
        "state": "moments",
        "command": "python -m helpers.study.real_records FOLDER",
        "inputs": [
            {"survey": known.key, "name": path.name, "sha256": kept.digest(path)} for path, known in found.items()
        ],
        "files": [{"name": TABLE, "rows": len(table)}],
    }
    target.mkdir(parents=True, exist_ok=True)
    table.to_csv(target / TABLE, index=False, lineterminator="\n")
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    (target / "open-classrooms.json").write_text(text, encoding="utf-8", newline="")


def _files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in files.ENDINGS)


if __name__ == "__main__":
    try:
        write(*map(Path, sys.argv[1:3]))
    except InputError as error:
        sys.exit(str(error))
