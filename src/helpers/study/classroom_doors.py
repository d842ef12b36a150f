"""How closed classroom doors are: from TALIS files or the user's survey, beside what is printed of question 33."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.estimate import comparisons, shares
from helpers.estimate.survey_means import means
from helpers.notebook import session
from helpers.notebook.session import Section, Session
from helpers.project import InputError, locate
from helpers.read import family, pieces, talis
from helpers.read import talis_codebook as codebook
from helpers.read.survey import Survey, read_survey

ASSUMED = "data/simulated/03-talis-assumptions.csv"
"""What the simulated systems assume."""


def read(
    run: Session, data: str, items: Sequence[str] | dict[str, str], level: str, interval: str = "logit", smallest: int = 0,
    explain: Sequence[str] = (), **survey: Any,
) -> Survey:  # fmt: skip
    """The user's answers: a survey if `items` are named, else a file of `family.STUDIES` or TALIS files. Raises InputError.

    Parameters
    ----------
    run, data : the session that rests on them, and says how files are read; a folder, zip or file
    level, items, survey : one of `talis.LEVELS`, in words; what `read_survey` takes
    interval, smallest : of shares (`intervals.of_shares`); answers that fewer people of a group gave are hidden
    explain : columns that models take; of TALIS sex, age_band, school_type, or variables of teachers or principals
    """
    if not data:
        raise InputError("`data` is empty. Name a folder, zip or file of TALIS, or your survey.")
    if items:
        answers = read_survey(locate(data), items, options=run.options, explain=list(explain), **survey)
        return replace(answers, interval=interval, smallest=smallest)
    if known := family.recognised(locate(data), run.options):
        return replace(family.read(locate(data), known, options=run.options, explain=explain), interval=interval)
    # TALIS files say in which encoding they are; another is one that the user knows better.
    encoding = run.options.encoding
    answers = _talis(run, locate(data), level, None if encoding == "utf-8" else encoding, explain)
    return replace(answers, interval=interval)


def in_folder(run: Session, folder: str, level: str) -> Survey | None:
    """Answers from the TALIS files in a folder; None where there are none, or only simulated ones."""
    place = session.looks_in(run, folder)
    answers = _talis(run, place, level) if _data_files(place) else None
    return None if answers and answers.simulated else answers


def section(run: Session, answers: Survey, *more: str) -> Section:
    """A section that has read the files of these answers, and `more`."""
    made_up = [ASSUMED] if answers.simulated and of_talis(answers) else []
    return session.section(run, *answers.files, *made_up, *more)


@dataclass(frozen=True)
class View:
    """What is shown of `table`, the shares (`shares.table`) of a survey.

    `kind`: systems or groups; `names`: code -> name; `shown`: codes to draw; `absent`: those asked for and not there;
    `words`: statistic -> its answers in words; `averaged`: how many systems the plain mean is of, which is called
    `mean` (one: there is none); `now`: labelled rows of the latest cycle, means of two systems or more among them; `parts`: systems whose
    teachers another one holds again, part -> whole; `known`: the name in print of what is averaged, if it has one, and
    `lacking`: its systems that are not there.
    """

    answers: Survey
    table: pd.DataFrame
    kind: str
    names: dict[str, str]
    shown: list[str]
    absent: list[str]
    words: dict[str, str]
    averaged: int
    mean: str
    now: pd.DataFrame
    parts: dict[str, str] = field(default_factory=dict)
    known: str = ""
    lacking: list[str] = field(default_factory=list)

    def labelled(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with names for people."""
        return labelled_rows(rows, self.answers.items, self.names, self.mean)

    @property
    def drawn(self) -> pd.DataFrame:
        """Both shares of the systems to draw, and of the mean."""
        return self.now[self.now["system"].isin([*self.shown, self.mean])]

    @property
    def whole(self) -> dict[str, str]:
        """Names of all systems but parts of others: whoever counts or ranks systems takes these."""
        return {code: name for code, name in self.names.items() if code not in self.parts}

    @property
    def apart(self) -> list[str]:
        """Systems to draw, but parts of one that is drawn: these are independent samples."""
        return [code for code in self.shown if self.parts.get(code) not in self.shown]

    @property
    def lowest(self) -> pd.DataFrame:
        """Shares of the lowest answer, of all systems but parts of others, and of the mean."""
        rows = self.now[self.now["statistic"] == self.answers.statistics[0]]
        return rows[~rows["system"].isin(self.parts)]

    @property
    def often(self) -> pd.DataFrame:
        """Shares of the answers that count as often, of all systems but parts of others."""
        rows = self.now[self.now["statistic"] == self.answers.statistics[1]]
        return rows[~rows["average"] & ~rows["system"].isin(self.parts)]

    @property
    def highlight(self) -> list[str]:
        """Systems to set off from the others, where there are others."""
        drawn = [code for code in self.shown if code in self.whole]
        return drawn if len(self.whole) > len(drawn) else []

    @property
    def others(self) -> bool:
        """Whether systems have shares that are not among those to draw."""
        rows = pd.concat([self.lowest[~self.lowest["average"]], self.often]).dropna(subset="share")
        return not rows["system"].isin(self.shown).all()

    @property
    def spoken(self) -> str:
        """The systems to draw, by name."""
        return ", ".join(self.names[code] for code in self.shown)

    @property
    def often_words(self) -> str:
        """The answers that count as often, in words."""
        return self.words[self.answers.statistics[1]]

    @property
    def closed(self) -> pd.DataFrame:
        """By item, the lowest answer's share: mean, min and max over systems, in the order of the mean."""
        known = self.lowest[~self.lowest["average"]].dropna(subset="share")
        spans = known.groupby("item_label", observed=True)["share"].agg(["mean", "min", "max"])
        return spans.sort_values("mean")


def view(answers: Survey, systems: Sequence[str] = (), average: Sequence[str] = ()) -> View:
    """What to show: `systems` where they are there, else the first; a mean over those of `average`, or over all.

    `average` may be the name of one in print (`talis_codebook.AVERAGES`) alone. A part of a system that is there, too,
    is shown only if `systems` has it, and is never averaged together with its whole. Raises InputError for a group
    that is not there, names of averages that are not known, and where no share can be shown.
    """
    kind, table = "systems" if of_talis(answers) else "groups", shares.table(answers)
    names = answers.frame.drop_duplicates("system").set_index("system")["name"].to_dict()
    known, wanted = _wanted(average, kind)
    absent = [code for code in dict.fromkeys([*systems, *wanted * (not known)]) if code not in names]
    if absent and kind == "groups":
        raise InputError(f"`systems`: there is no group {', '.join(absent)}. There are: {', '.join(names)}.")
    parts = {part: whole for (_, part), whole in _parts(answers.frame).items()}
    names |= {part: f"{names[part]} (part of {names[whole]})" for part, whole in parts.items()}
    latest = table["cycle"].max()
    there = table[table["cycle"] == latest]
    shown = to_draw(there[~there["system"].isin(parts.keys() - set(systems))], systems)
    present = list(dict.fromkeys(there["system"])) if kind == "systems" else []
    mean_of = [code for code in wanted or present if code in present]
    mean_of = [code for code in mean_of if parts.get(code) not in mean_of]
    of = f" of {len(wanted)} ({known})" * bool(known)
    name = f"Mean of {len(mean_of)}{of}"
    lacking = [code for code in wanted if code not in present] if known else []
    mean = comparisons.average(table, mean_of, name, answers.interval)
    rows = labelled_rows(pd.concat([table, mean[mean["n_systems"] > 1]]), answers.items, names, name)
    averaged = rows["n_systems"].astype("Int64").astype(str)  # of a question, those that were asked it
    rows["label"] = rows["label"].mask(rows["average"], "Mean of " + averaged + of)
    now = rows[rows["cycle"] == latest].reset_index(drop=True)
    now["item"] = pd.Categorical(now["item"], list(answers.items))
    more = " or more often" * (answers.often < len(answers.categories))
    spoken = [answers.categories[0], answers.categories[answers.often - 1] + more]
    words = dict(zip(answers.statistics, spoken, strict=True))
    return View(
        answers, table, kind, names, shown, absent, words, len(mean_of), name, now, parts, known, lacking
    )  # fmt: skip


def _wanted(average: Sequence[str], kind: str) -> tuple[str, list[str]]:
    """The name of an average in print, or nothing, and the codes of the systems to average (none: all)."""
    wanted, known = list(dict.fromkeys(average)), ", ".join(codebook.AVERAGES)
    for name in wanted if kind == "systems" else ():
        found = codebook.average(name)
        if found and len(wanted) > 1:
            size = len(codebook.AVERAGES[found])
            raise InputError(f"`average`: {name!r} stands for {size} systems. Give it alone, or give systems.")
        if found:
            return found, list(codebook.AVERAGES[found])
        if len(name.strip()) != 3:
            raise InputError(
                f"`average`: {name!r} is neither the code of a system (three letters) nor an average known here ({known})."
            )
    return "", wanted


def _parts(frame: pd.DataFrame) -> dict[tuple[int, str], str]:
    """Systems that are parts of another of the same cycle: cycle and part -> whole."""
    systems = frame.groupby("cycle")["system"].unique()
    parts = {cycle: codebook.parts(cycle, there) for cycle, there in systems.items()}
    return {(cycle, part): whole for cycle, found in parts.items() for part, whole in found.items()}


def counted(frame: pd.DataFrame) -> pd.DataFrame:
    """Respondents without those who stand a second time in a part of their system."""
    again = pd.Series(False, frame.index)
    for cycle, part in _parts(frame):
        again |= frame["cycle"].eq(cycle) & frame["system"].eq(part)
    return frame[~again]


def labelled_rows(rows: pd.DataFrame, items: dict[str, str], names: dict[str, str], mean: str = "") -> pd.DataFrame:
    """Rows with what figures need: `label` and `item_label` for people, `average` where the system is the `mean`.

    Parameters
    ----------
    rows, items, names, mean : with `system, item`; item -> words; system -> words; the code of a mean over systems
    """
    spoken = list(names.values())
    told_apart = {code: f"{name} ({code})" if spoken.count(name) > 1 else name for code, name in names.items()}
    label = rows["system"].map(told_apart).fillna(rows["system"])  # codes stand with a name that two systems have
    return rows.assign(label=label, item_label=rows["item"].map(items), average=rows["system"].eq(mean))


def to_draw(table: pd.DataFrame, wanted: Sequence[str], most: int = 4) -> list[str]:
    """Systems to draw: those `wanted` that have a share, else the first that have. Raises InputError if none has."""
    have = list(dict.fromkeys(table.dropna(subset="share")["system"]))
    if not have:
        why = ", ".join(sorted({note for note in table["note"] if note}))
        raise InputError(
            f"no share can be shown ({why}). Bring data of more respondents and schools, larger groups, or questions that are not answered alike."
        )
    return [system for system in wanted if system in have] or have[:most]


def distribution(view: View) -> pd.DataFrame:
    """Shares of all answers in the latest cycle, of the systems to draw, labelled."""
    rows = view.labelled(shares.distribution(view.answers))
    return rows[rows["cycle"].eq(rows["cycle"].max()) & rows["system"].isin(view.shown)]


def differences(view: View) -> pd.DataFrame:
    """Differences of drawn systems, latest cycle; groups of one survey, not independent: `shares.level_differences`.

    Where a system is drawn with a part of it, the part is compared with nothing; nor are systems that the survey sets apart.
    """
    pairs = [] if view.answers.apart else list(combinations(view.apart, 2))
    if view.kind == "systems" or not pairs:
        latest = view.table["cycle"].max()
        return comparisons.differences(view.table[view.table["cycle"] == latest], pairs)
    frame = view.answers.frame
    groups = frame["system"].where(frame["system"].isin(view.shown))
    one_sample = replace(view.answers, frame=frame.assign(group=groups, system="all"))
    compared = comparisons.level_differences(one_sample, "group")
    return compared.assign(system=compared["term"])


def between(view: View, compared: pd.DataFrame) -> pd.DataFrame:
    """`differences` with names for people: `item_label, label_1, label_2`."""
    one, two = (compared[name].map(view.names) for name in ("system", "other"))
    return compared.assign(item_label=compared["item"].map(view.answers.items), label_1=one, label_2=two)


def changes(view: View) -> pd.DataFrame:
    """Changes of often between cycles (`comparisons.change`, labelled), with `cycle_1, cycle_2, share_1, share_2`."""
    found = comparisons.change(view.table)
    if found.empty:
        return found
    found = view.labelled(found[found["statistic"] == view.answers.statistics[1]])
    found = found.assign(cycle_1=found["other"], cycle_2=found["cycle"])
    known = view.table[["cycle", "system", "item", "statistic", "share"]]
    for number in ("1", "2"):
        of_cycle = known.rename(columns={"cycle": f"cycle_{number}", "share": f"share_{number}"})
        found = found.merge(of_cycle, how="left")
    return found


def _talis(run: Session, place: Path, level: str, encoding: str | None = None, explain: Sequence[str] = ()) -> Survey:
    """Answers from TALIS files; one that comes or goes reruns the notebook."""
    levels = {name: number for number, name in talis.LEVELS.items()}
    more = tuple(name for name in explain if name not in ("sex", "age_band", "school_type"))
    answers = talis.read(place, levels[level], VARIABLES, encoding, more)
    for folder in dict.fromkeys([place, *(path.parent for path in _data_files(place))]):
        session.looks_in(run, folder)  # only now, for reading keeps converted tables there
    return answers


def _data_files(place: Path) -> list[Path]:
    return [p for p in place.rglob("*") if p.suffix.lower() in (".zip", *pieces.ENDINGS)]


def of_talis(answers: Survey) -> bool:
    """Whether these are answers of TALIS."""
    return bool(answers.frame["cycle"].iloc[0])


CHECKED = {"women": ("sex", ("Female",)), "topics": ("TT3G42D", (3, 4))}
"""For each printed check, the last part of its id: the column and the answers that count."""
VARIABLES = ("TT3G42D",)
"""What `talis.read` must be asked for to check a run."""
_COMPARED = ["CHL", "CSH", "USA"]  # the three systems of Volante and others' statement


def complete(
    printed: pd.DataFrame, system: str, cycle: int, items: dict[str, str], categories: list[str]
) -> pd.DataFrame:
    """Printed shares of every category of every item in one system and cycle, in the shape of a table of shares.

    Columns `cycle, system, label, item, item_label, statistic` (category), `share` (0 to 1), `n` (not printed), `note`.

    Parameters
    ----------
    printed, system, cycle, items, categories : of `published.read`; of which; item -> words; the answers in order
    """
    names = {name.lower(): name for name in categories}
    rows = printed[(printed["system"] == system) & (printed["cycle"] == cycle) & printed["statistic"].isin(names)]
    rows = rows[rows["locator"] == rows.groupby("item")["locator"].transform(lambda places: places.mode()[0])]
    spoken = {"item_label": rows["item"].map(items), "statistic": rows["statistic"].map(names)}
    found = rows.assign(cycle=cycle, label=rows["group"], **spoken, share=rows["value"] / 100, n=np.nan, note="")
    return found[["cycle", "system", "label", "item", *spoken, "share", "n", "note"]].reset_index(drop=True)


def singles(printed: pd.DataFrame, items: dict[str, str]) -> pd.DataFrame:
    """Printed percentages that stand alone, and those that another source contradicts: one row a number.

    Columns: id, label (system and cycle), item, item_label, statistic, share, decimals, source (where it stands).
    """
    percent = printed[printed["unit"].str.startswith("percent") & printed["item"].notna()]
    size = percent.groupby(["locator", "system", "item"])["value"].transform("size")
    rows = percent[(size < 6) | (percent["status"] == "conflict")]
    found = rows.assign(
        id=rows.index,
        label=rows["group"] + ", " + rows["cycle"].astype(int).astype(str),
        item_label=rows["item"].map(items),
        statistic=rows["statistic"].replace("monthly", "at least once a month"),
        share=rows["value"] / 100,
        source=rows["locator"],
    ).sort_values(["item", "statistic", "label"], kind="stable", ignore_index=True)
    return found[["id", "label", "item", "item_label", "statistic", "share", "decimals", "source"]]


def disagreements(single: pd.DataFrame) -> pd.DataFrame:
    """Quantities for which `singles` has more than one value: `label, item_label, statistic, low, high`."""
    shares = single.groupby(["label", "item_label", "statistic"], sort=False)["share"]
    found = shares.agg(low="min", high="max").reset_index()
    return found[found["high"] > found["low"]].reset_index(drop=True)


def obtained(printed: pd.DataFrame, shares: pd.DataFrame, counts: pd.DataFrame) -> dict[str, float]:
    """What real files give for the printed numbers that they can give: id -> value in the printed unit.

    `shares`: tables of shares, headline statistics and categories; `counts`: `shares.counts`. Shares are of the same
    cycle, system, item and statistic; places of Chile and Shanghai need all three systems of the statement.
    """
    keys = ["cycle", "system", "item", "statistic"]
    known = shares.dropna(subset="share").assign(statistic=lambda rows: rows["statistic"].str.lower())
    known = known.drop_duplicates(keys).set_index(keys)["share"]
    asked = printed[printed["unit"].str.startswith("percent")].dropna(subset=keys[:3])
    index = pd.MultiIndex.from_frame(asked[keys].astype({"cycle": int}))
    found = (100 * known.reindex(index)).set_axis(asked.index).to_dict()
    chile = counts.query("cycle == 2018 and system == 'CHL'")
    found["001-talis-CHL-teachers"] = chile["respondents"].max()
    never = known.reset_index().query("cycle == 2018 and statistic == 'never'")
    never = never.pivot(index="item", columns="system", values="share").reindex(columns=_COMPARED).dropna()
    rank = never.rank(axis=1, ascending=False, method="min")
    for item in rank.index.intersection(list("BDFH")):
        found |= {f"001-talis-{system}-{item}-never-rank": rank.at[item, system] for system in ("CHL", "CSH")}
    if len(rank):
        found["001-talis-items-higher"] = (rank["CHL"] == 1).sum()
    return {number: float(value) for number, value in found.items() if pd.notna(value)}


def checks(survey: Survey, printed: pd.DataFrame) -> pd.DataFrame:
    """Printed shares of other questions in the 2018 files, and what this run gets for them.

    Columns: system, what, printed, ours, std_error (percent), n, agrees: whether ours rounds to what is printed. Shares
    are of lower secondary teachers. Empty for simulated files, other cycles, levels and kinds of questionnaires.
    """
    rows, frame = [], survey.frame
    asked = frame["cycle"].eq(2018) & frame["level"].eq(2) & (not survey.simulated)
    for number in printed[printed["statistic"] == "share"].itertuples():
        variable, answers = CHECKED[number.Index.rpartition("-")[2]]
        own = (asked & frame["system"].eq(number.system)).to_numpy()
        given = frame.loc[own].get(variable, pd.Series(dtype=float))
        if given.isna().all():  # nothing there, or no answers to it
            continue
        values = given.isin(answers).astype(float).where(given.notna()).to_numpy()[:, None]
        ours = means(values, survey.weights[own], survey.fay)
        share, error = 100 * ours.estimate[0], 100 * ours.std_error[0]
        agrees = bool(number.low <= share <= number.high)
        rows.append((number.system, number.row, number.value, share, error, int(given.notna().sum()), agrees))
    return pd.DataFrame(rows, columns=["system", "what", "printed", "ours", "std_error", "n", "agrees"])
