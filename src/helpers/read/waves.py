"""A survey of the same schools in several waves, read from the user's file: a row a teacher and wave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import pandas as pd

from helpers.project import InputError
from helpers.read import accounts, files, frames
from helpers.read.accounts import Account
from helpers.read.files import Options, listed
from helpers.read.frames import Given
from helpers.read.order import told as in_words
from helpers.read.suppression import MINIMUM

PEERS, OTHERS = "peer-group schools", "comparison schools"
LEVELS = 12
"""A column that answering may depend on counts by its values up to so many different ones, beyond as a number."""


@dataclass(frozen=True)
class Waves:
    """What was read; all tables have the file's rows.

    `frame`: teacher, wave, school, district, cluster, kind (PEERS or OTHERS), weight; `scores`: a column a scale;
    `items`: for scales made of items, their answers; `conditions`: a column a control or category; `categories`: column ->
    reference level (empty: the first). `waves`: labels in order, the `baseline` among them. `compared, weighted,
    clustered, in_districts`: whether there are comparison schools, weights, clusters coarser than schools, districts.
    `account`: what became of the file's rows. `known`: columns known for everybody, numbers or labels; `starts`: the wave in
    which a row's school began with peer groups, empty: never (None: not named); `ends`: of the scale that items are answered on.
    """

    name: str
    frame: pd.DataFrame
    scores: pd.DataFrame
    items: dict[str, pd.DataFrame]
    conditions: pd.DataFrame
    controls: tuple[str, ...]
    categories: dict[str, str]
    waves: list[str]
    baseline: str
    compared: bool
    weighted: bool
    clustered: bool
    in_districts: bool
    account: Account
    known: pd.DataFrame
    starts: pd.Series | None
    ends: tuple[int, int] | None

    @property
    def later(self) -> list[str]:
        """All waves but the baseline, in order."""
        return [wave for wave in self.waves if wave != self.baseline]

    @property
    def kinds(self) -> list[str]:
        """The kinds of schools there are."""
        return [PEERS, OTHERS] if self.compared else [PEERS]

    def complete(self, scale: str) -> pd.Series:
        """Rows that have a score on the scale and all conditions."""
        return self.scores[scale].notna() & self.conditions.notna().all(axis=1)


def read(
    path: Path, *, teacher: str, wave: str, school: str, scales: list[str] | dict[str, list[str]],
    baseline: str | int = "", order: Sequence[str | int] = (), district: str = "", low: int = 1, high: int = 5,
    labels: Sequence[str] = (), controls: Sequence[str] = (), categories: Sequence[str] | dict[str, str | int] = (),
    treated: str = "", treated_from: str = "", respond_on: Sequence[str] = (), cluster: str = "", weight: str = "",
    options: Options = Options(),
) -> Waves:  # fmt: skip
    """A survey from the user's file. Raises InputError naming file, column and first rows.

    Rows of weight 0 are left out.

    Parameters
    ----------
    path, options : the file, and how it is read.
    teacher, wave, school, district, cluster : columns of labels; nobody stands twice in a wave; schools lie in clusters.
    scales : columns with scores, or scale -> its items: a score is the mean of those answered, half of them or more.
    baseline, order : the wave to compare with, by its label or code (empty: the first); all waves, where nothing in
        the file tells their order.
    low, high, labels : ends of the items' scale, in whole numbers; its answers in words, lowest first.
    controls, categories : columns of numbers, and of labels (or column -> level to compare the others with).
    treated : a column with 1 or 0 (or yes, no) for schools with and without peer groups.
    treated_from : a column with the wave in which a school began with peer groups; empty for schools that never did.
    respond_on : columns known for all teachers of the baseline wave, whoever answered later.
    weight : a column of weights; none: 1 for everybody.
    """
    of_items = scales if isinstance(scales, dict) else {}
    answered = list(chain(*of_items.values())) or list(scales)
    references = categories if isinstance(categories, dict) else dict.fromkeys(categories, "")
    references = {name: str(level) for name, level in references.items()}
    named = [name for name in (teacher, wave, school, district, treated, treated_from, *references) if name]
    numbers = [*controls, *filter(None, [weight]), *answered]
    _check_parameters((teacher, wave, school), of_items, answered, [*named, *numbers])
    named += filter(None, [cluster])
    ids = [teacher, wave, school, district, cluster, treated_from]
    given = frames.read(path, [*named, *numbers, *respond_on], options, ids=ids)
    given, weights, account = _counted(given, weight, [*controls, *answered], [wave, *references])
    frame = _places(given, teacher=teacher, wave=wave, school=school, district=district, cluster=cluster)
    frames.check_unique(given, [teacher, wave])
    frame["kind"] = _kinds(given, frame, treated) if treated else PEERS
    frame["weight"] = weights
    items = {scale: frames.answers(given, columns, labels, low, high)[0] for scale, columns in of_items.items()}
    scores = {scale: score(said) for scale, said in items.items()}
    scores = scores or {scale: frames.numbers(given, scale) for scale in scales}
    conditions = {name: frames.numbers(given, name) for name in controls}
    conditions |= {name: frames.labels(given, name) for name in references}
    first = "" if baseline == "" else frames.resolved(given, wave, baseline)
    found = frames.in_time(given, wave, order, first)
    survey = Waves(
        name=given.name, frame=frame, scores=pd.DataFrame(scores), items=items,
        conditions=pd.DataFrame(conditions, index=frame.index), controls=tuple(controls),
        categories={name: frames.resolved(given, name, level) if level else "" for name, level in references.items()},
        waves=found, baseline=first or found[0], compared=bool(treated), weighted=bool(weight),
        clustered=cluster not in ("", school), in_districts=bool(district),
        account=replace(account, told=(*account.told, *filter(None, [in_words(found)]), *_silent(frame, scores, found))),
        known=_known(given, respond_on, frame["wave"] == (first or found[0])), ends=(low, high) if items else None,
        starts=_starts(given, frame, treated_from, wave, found) if treated_from else None,
    )  # fmt: skip
    _check_size(survey, wave, school)
    _check_scales(survey)
    return survey


def score(answers: pd.DataFrame) -> pd.Series:
    """The mean of the items (columns) that are answered, half of them or more."""
    return answers.mean(axis=1).where(answers.notna().mean(axis=1) >= 0.5)


def _silent(frame: pd.DataFrame, scores: dict[str, pd.Series], found: list[str]) -> list[str]:
    """How many rows of each wave have a score on no scale."""
    silent = frame["wave"][pd.DataFrame(scores).isna().all(axis=1)].value_counts()
    return accounts.by_time(
        "Rows without a score on any scale, by wave", {wave: int(silent.get(wave, 0)) for wave in found}
    )


def _check_parameters(needed: tuple[str, ...], of_items: dict, answered: list[str], named: list[str]) -> None:
    if not (all(needed) and answered):
        raise InputError("Your own survey needs `teacher`, `wave`, `school` and `scales`: name the columns.")
    if taken_twice := files.twice(named):
        raise InputError(
            f"the column {taken_twice!r} is named twice. A column plays one part, and an item belongs to one scale."
        )
    for scale, items in of_items.items():
        if len(items) < 2:
            remedy = "Name two or more, or list columns that hold scores."
            raise InputError(f"`scales`: {scale!r} has one item or none. {remedy}")


def _places(given: Given, **columns: str) -> pd.DataFrame:
    """Teacher, wave, school, district and cluster as labels; a school has one district and one cluster."""
    frame = pd.DataFrame("", given.frame.index, list(columns), dtype=object)
    for part, column in columns.items():
        if column:
            frame[part] = frames.labels(given, column)
            what, remedy = f"a {part} that is missing", "Fill it, or take these rows out"
            frames.refuse(given, column, frame[part].isna(), what, remedy)
    for part in ("district", "cluster"):
        if columns[part]:
            _refuse_changing(given, frame, part, columns[part])
    if not columns["cluster"]:
        frame["cluster"] = frame["school"]
    return frame


def _refuse_changing(given: Given, frame: pd.DataFrame, part: str, column: str) -> None:
    other = frame[part] != frame.groupby("school")[part].transform("first")
    what = f"a school in two: another {part} than its first row"
    frames.refuse(given, column, other, what, "Give each school one, in all waves")


def _kinds(given: Given, frame: pd.DataFrame, treated: str) -> pd.Series:
    kinds = frames.yes_or_no(given, treated, "Correct or fill these").map({1.0: PEERS, 0.0: OTHERS})
    _refuse_changing(given, frame.assign(kind=kinds), "kind", treated)
    schools = frame.groupby(kinds)["school"].nunique().reindex([PEERS, OTHERS], fill_value=0)
    if schools.min() < 2:
        raise InputError(
            f"{given.name}, column {treated!r}: {schools[PEERS]} schools with peer groups and {schools[OTHERS]} "
            "without. A comparison needs two or more of each; without comparison schools leave `treated` out."
        )
    return kinds


def _starts(given: Given, frame: pd.DataFrame, treated_from: str, wave: str, found: list[str]) -> pd.Series:
    """The wave in which each row's school began, empty: never. It is one of the waves `found`, and goes with `treated`."""
    written = frames.labels(given, treated_from).fillna("").astype(object)
    starts = written.map({start: frames.resolved(given, wave, start) for start in written.unique()})
    remedy = f"Write one of {listed(found, 12)}, or leave it empty where there never were peer groups"
    frames.refuse(given, treated_from, ~starts.isin(["", *found]), "a start that is none of the waves", remedy)
    _refuse_changing(given, frame.assign(start=starts), "start", treated_from)
    if frame["kind"].nunique() > 1:
        against = (starts == "") != (frame["kind"] == OTHERS)
        what = "a start in a comparison school, or none in a school with peer groups"
        frames.refuse(given, treated_from, against, what, "Make it agree with `treated`")
    return starts


def _known(given: Given, respond_on: Sequence[str], at_first: pd.Series) -> pd.DataFrame:
    """Columns of which answering may depend: labels up to LEVELS different ones, else numbers; filled in the baseline wave."""
    columns = {}
    for column in respond_on:
        shown = frames.labels(given, column)
        columns[column] = shown if shown.nunique() <= LEVELS else frames.numbers(given, column)
        what, remedy = "empty in the baseline wave", "Fill these, or take the column out of `respond_on`"
        frames.refuse(given, column, columns[column].isna() & at_first, what, remedy)
    return pd.DataFrame(columns, given.frame.index)


def _counted(
    given: Given, weight: str, numeric: Sequence[str], named: Sequence[str]
) -> tuple[Given, pd.Series, Account]:
    """The file without rows of weight 0, the weights of the others, and what became of its rows."""
    weights = _weights(given, weight)
    used = weights > 0
    gone = {"weight 0": int((~used).sum())}
    account = accounts.of(given, int(used.sum()), gone, numeric=numeric, named=named)
    return replace(given, frame=given.frame[used]), weights[used], account


def _weights(given: Given, weight: str) -> pd.Series:
    if not weight:
        return pd.Series(1.0, given.frame.index)
    values = frames.numbers(given, weight)
    what, remedy = "a weight that is missing or negative", "Every row needs a weight of 0 or more"
    frames.refuse(given, weight, ~(values >= 0), what, remedy)
    if not values.any():
        raise InputError(f"{given.name}, column {weight!r}: every weight is 0. Name another column.")
    return values


def _check_size(survey: Waves, wave: str, school: str) -> None:
    for column, wrong, what in (
        (wave, len(survey.waves) < 2,
            f"there is one wave only ({survey.waves[0]}), so nothing can have changed. Add another."),
        (wave, survey.baseline not in survey.waves,
            f"there is no wave {survey.baseline!r}; it has {listed(survey.waves, 12)}. Correct `baseline`."),
        (school, survey.frame["school"].nunique() < 2,
            "there is one school only, and errors between schools need two or more."),
    ):  # fmt: skip
        if wrong:
            raise InputError(f"{survey.name}, column {column!r}: {what}")


def _check_scales(survey: Waves) -> None:
    """At the baseline each kind of school has enough teachers, who do not all answer alike; later ones have some."""
    for scale, scores in survey.scores.items():
        first = survey.complete(scale) & (survey.frame["wave"] == survey.baseline)
        counts = survey.frame.loc[first, "kind"].value_counts().reindex(survey.kinds, fill_value=0)
        place = f"{survey.name}, scale {scale!r}: in wave {survey.baseline}"
        if counts.min() < MINIMUM:
            raise InputError(
                f"{place} fewer than {MINIMUM} teachers of the {counts.idxmin()} have a score and all controls, too few "
                "to be shown. Leave the scale or a control out, or name another `baseline`."
            )
        schools = survey.frame[first].groupby("kind")["school"].nunique()
        if schools.min() < 2:
            raise InputError(
                f"{place} only one of the {schools.idxmin()} has answers, and errors between schools need two or more. "
                "Leave the scale out, or name another `baseline`."
            )
        if not scores[first].std(ddof=1) > 0:
            raise InputError(f"{place} everybody has the same score. Leave the scale out.")
        _check_later(survey, scale)


def _check_later(survey: Waves, scale: str) -> None:
    """The last wave has scores, and a wave that has any has them in each kind of school."""
    rows = survey.frame[survey.complete(scale)]
    for wave in survey.later:
        counts = rows.loc[rows["wave"] == wave, "kind"].value_counts()
        missing = [kind for kind in survey.kinds if not counts.get(kind)]
        if missing and (len(counts) or wave == survey.later[-1]):
            raise InputError(
                f"{survey.name}, scale {scale!r}: in wave {wave} nobody of the {' and the '.join(missing)} has a score "
                "and all controls, so there is no change to tell. Leave the scale, a control or that wave out."
            )
