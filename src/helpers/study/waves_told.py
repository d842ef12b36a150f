"""What figures of a survey in waves say, and how the ways to calculate a change are drawn: in plain words, what agrees as one."""

import pandas as pd

from helpers.draw import words
from helpers.estimate import panels
from helpers.estimate.intervals import holm
from helpers.study import missing_teachers, signposts
from helpers.study.moving_items import DECLARED

MAIN = "the main result"
PLAIN = {
    DECLARED: MAIN,
    panels.KINDS["permutation"]: "margin by swapping schools",
    panels.KINDS["CR2"]: "margin for few groups",
    panels.KINDS["CRV3"]: "margin by leaving out each group in turn",
    panels.KINDS["CRV1"]: "the usual margin",
    panels.KINDS["bootstrap"]: "margin by redrawn errors",
    panels.OWN_DEVIATION: "the unit estimated, too",
    signposts.DISTRICTS: "margin by districts",
    "no controls": "nothing held constant",
    "mixed model": "another model (mixed)",
    missing_teachers.WHOLE: "only complete answers",
    missing_teachers.WEIGHTED: "those who stayed, reweighted",
    missing_teachers.LEE[0]: "lowest that leavers allow (no test)",
    missing_teachers.LEE[1]: "highest that leavers allow (no test)",
}
"""Ways to calculate a change, as figures have them; the file behind has the names of methods."""
NEAR = 0.05
"""Standard deviations: ways that differ by no more, in estimate and ends of the interval, are drawn as one."""
_NAMED = 3
_CHANGED = ("answers rose", "answers fell", "the change may be chance", "Whether answers changed cannot be told")
_GAINED = (
    "schools with peer groups gained more than the others",
    "schools with peer groups gained less than the others",
    "the difference may be chance",
    "Whether schools with peer groups gained more than the others cannot be told",
)


def changed(rows: pd.DataFrame, compared: bool) -> str:
    """Where answers rose and fell, or with comparison schools rose more than there. `rows`: `name, estimate, clear`, a scale each.

    >>> rows = pd.DataFrame({"name": ["art", "music"], "estimate": [0.3, 0.2], "clear": [True, False]})
    >>> changed(rows, True), changed(rows.tail(1), False)
    ('Schools with peer groups gained more than the others in “art”; in “music” the difference may be chance.', 'Whether answers changed cannot be told in “music”.')
    """
    known = rows.dropna(subset="estimate")
    up, down, unsure, nothing = _GAINED if compared else _CHANGED
    clear = known["clear"].astype(bool)
    if known.empty:
        return ""
    if not clear.any():
        return f"{nothing} in {_named(known['name'], len(known))}."
    sides = ((up, clear & (known["estimate"] > 0)), (down, clear & (known["estimate"] < 0)))
    sure = [f"{verb} in {_named(known.loc[which, 'name'], len(known))}" for verb, which in sides if which.any()]
    rest = "" if clear.all() else f"; in {_named(known.loc[~clear, 'name'], len(known))} {unsure}"
    said = f"{words.listed(sure)}{rest}."
    return f"{said[0].upper()}{said[1:]}"


def dropped_out(rows: pd.DataFrame, together: bool) -> str:
    """How those who left had answered before. `rows`: `name, estimate, ci_low, ci_high`, a scale each; `together`: whether kinds of schools are drawn too.

    >>> rows = pd.DataFrame({"name": ["art", "music"], "estimate": -0.3, "ci_low": -0.5, "ci_high": [-0.1, 0.1]})
    >>> dropped_out(rows, True)
    'In all schools together, teachers who left the survey had answered lower than those who stayed in “art”.'
    >>> dropped_out(rows.tail(1), False)
    'Whether teachers who left the survey had answered otherwise than those who stayed cannot be told.'
    """
    known = rows.dropna(subset="estimate")
    sides = (("lower", known["ci_high"] < 0), ("higher", known["ci_low"] > 0))
    parts = [
        f"{how} than those who stayed in {_named(known.loc[which, 'name'], len(known))}"
        for how, which in sides
        if which.any()
    ]
    if not parts:
        return "Whether teachers who left the survey had answered otherwise than those who stayed cannot be told."
    said = f"{'in all schools together, ' * together}teachers who left the survey had answered {words.listed(parts)}."
    return f"{said[0].upper()}{said[1:]}"


def all_tests_counted(choices: pd.DataFrame, main: pd.DataFrame, places: dict[str, str]) -> pd.Series:
    """Each choice's p-value by Holm's method among the tests of all waves and scales; the tests of other waves are the declared ones.

    Parameters
    ----------
    choices : `panel` (a scale), `specification, term, p_value`; where that is empty so is the result
    main, places : `scale, term, p_value`, the declared tests; names of rows -> the same by an item's place
    """
    declared, found = main.set_index(["scale", "term"])["p_value"], []
    for _, own in choices.groupby(choices["specification"].replace(places), sort=False):
        keys = pd.MultiIndex.from_frame(own[["panel", "term"]])
        family = [*own["p_value"], *declared[~declared.index.isin(keys)]]
        found.append(holm(pd.Series(family))[: len(own)].set_axis(own.index))
    return pd.concat(found).reindex(choices.index)


def as_drawn(choices: pd.DataFrame, places: dict[str, str], tests: int) -> pd.DataFrame:
    """The choices in plain words, with `clear` and `tests`; those near the main result in all panels are one row, with the widest interval.

    Parameters
    ----------
    choices : `panel, specification, estimate, ci_low, ci_high, p_holm`, the declared one of a panel first
    places, tests : names of rows -> the same by an item's place; how many tests are counted
    """
    rows = choices.assign(clear=choices["p_holm"] < 0.05, tests=tests)
    rows["specification"] = rows["specification"].replace(places).replace(PLAIN)
    numbers = ["estimate", "ci_low", "ci_high"]
    main = rows[rows["specification"] == MAIN].set_index("panel")
    apart = (rows[numbers] - main.loc[rows["panel"], numbers].to_numpy()).abs().max(axis=1, skipna=False)
    near = (apart <= NEAR) & (rows["clear"].to_numpy() == main.loc[rows["panel"], "clear"].to_numpy())
    alike = near.groupby(rows["specification"]).transform("all") & (rows["specification"] != MAIN)
    if (count := rows.loc[alike, "specification"].nunique()) < 2:
        return rows
    how = {"estimate": "median", "ci_low": "min", "ci_high": "max", "clear": "first", "tests": "first"}
    one = rows[alike].groupby("panel", sort=False).agg(how).reset_index()
    one["specification"] = f"{count} other ways, nearly the same"
    first = rows["specification"] == MAIN
    return pd.concat([rows[first], one, rows[~first & ~alike]], ignore_index=True)


def drawn_as_one(choices: pd.DataFrame, drawn: pd.DataFrame, places: dict[str, str]) -> str:
    """Which ways are drawn as one row, in a sentence with a space behind it; nothing where there are none. As for and of `as_drawn`."""
    plain = choices["specification"].replace(places).replace(PLAIN)
    gone = plain[~plain.isin(drawn["specification"])].unique()
    names = [*gone[:2], f"{len(gone) - 2} more"] if len(gone) > _NAMED else gone
    return f"Drawn as one, with the widest margin: {words.listed(names)}. " if len(gone) else ""


def by_all_ways(rows: pd.DataFrame, what: str) -> str:
    """In how many ways to calculate it a change is clear of chance, most first. `rows`: `panel, p_holm`, a way each; what has no test does not count.

    >>> rows = pd.DataFrame({"panel": list("aabbcc"), "p_holm": [0.2, 0.3, 0.01, 0.01, 0.01, 0.2]})
    >>> by_all_ways(rows, "the change")
    'The change in “b” is clear of chance in every way to calculate it, in “c” in some (1 of 2), in “a” in none.'
    >>> by_all_ways(rows.head(2), "the change")
    'The change in “a” may be chance, in every way to calculate it.'
    """
    ways = (rows.dropna(subset="p_holm")["p_holm"] < 0.05).groupby(rows["panel"], sort=False)
    share = ways.mean().dropna()
    counts = ways.sum().astype(str) + " of " + ways.size().astype(str)
    kinds = {"every way": share == 1, "nearly every way": share.between(0.8, 1, inclusive="left"),
             "most ways": share.between(0.5, 0.8, inclusive="neither"), "some ways": share.between(0.2, 0.5),
             "few ways": share.between(0, 0.2, inclusive="neither"), "no way": share == 0}  # fmt: skip
    found = []
    for how, which in kinds.items():
        if which.any():
            alone = how not in ("every way", "no way") and which.sum() == 1
            found.append((how, _named(share.index[which], len(share)), f" ({counts[which].iloc[0]})" if alone else ""))
    if not found:
        return ""
    (how, names, count), *rest = found
    said = f"{what[0].upper()}{what[1:]} in {names}"
    if how == "no way":
        return f"{said} may be chance, in every way to calculate it."
    short = {"no way": "none", "nearly every way": "nearly every one", "every way": "each"}
    more = "".join(f", in {own} in {short.get(kind, kind.removesuffix(' ways'))}{of}" for kind, own, of in rest)
    return f"{said} is clear of chance in {how} to calculate it{count}{more}."


def _named(names: pd.Series | pd.Index, total: int) -> str:
    """Names in quotes where they are few, else how many of the scales."""
    if len(names) <= _NAMED:
        return words.listed(f"“{name}”" for name in names)
    return f"all {total} scales" if len(names) == total else f"{len(names)} of {total} scales"
