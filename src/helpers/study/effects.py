"""Effect sizes of several studies side by side, each with its own yardstick."""

from pathlib import Path

import pandas as pd

from helpers.draw.words import count, listed
from helpers.estimate import rounding
from helpers.estimate.intervals import holm
from helpers.project import InputError, relative
from helpers.read import accounts, frames
from helpers.read.accounts import Account
from helpers.read.files import Options
from helpers.read.formats import row
from helpers.study.report_counts import SCHOOLS

DOCUMENTS = {
    "000": "Cravens and Drake (Tennessee)",
    "001": "Volante and others (Chile)",
    "002": "Cassata and Allensworth (Chicago)",
    "003": "Foster (California)",
    "004": "Berry (policy paper)",
    "talis": "Papers on TALIS",
}
"""Where a printed number stands, by the first part of its id."""
COLUMNS = ["study", "label", "unit", "estimate", "ci_low", "ci_high"]

TABLES = {
    "participants": "04-participant-comparison/tables/04-participant-comparison--estimates.csv",
    "printed": "01-practice-change/figures/01-practice-change--implied-standard-errors.csv",
    "reports": "01-practice-change/tables/01-practice-change--estimates.csv",
    "twin": "09-what-such-studies-can-see/tables/09-what-such-studies-can-see--twin-estimates.csv",
    "signposts": "your-data-06-signposts/tables/your-data-06-signposts--estimates.csv",
}
"""Results of other notebooks that hold effects in standard deviations."""

SOURCES = ["data/published/001-table2.csv", "data/published/002-table2.csv", "data/moments/cps-reports-moments.csv"]
SIMULATED = ["data/simulated/01-twin-assumptions.csv", "data/simulated/06-signposts.csv"]

BY_CONSTRUCTION = "Chicago's paper"
"""The study whose intervals are made from its stars, so that they are clear of zero whatever the data."""

WAYS = {
    "recomputed": "computed from other printed numbers",
    "published": "because the same stands elsewhere in a paper",
    "moments": "from sums of public records",
    "microdata": "from records",
}
"""How a check was made, by the state of what print was set beside."""

_AT_MOST = {1: 0.05, 2: 0.01, 3: 0.001}
"""The largest p-value that so many stars allow."""
_RATED = {"ambitious_instruction": "students' rating", "collaborative_teachers": "teachers' rating"}


def gather(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Effects of the studies from the tables named in TABLES: COLUMNS, `state`, `clear` and `tests`, studies in reading order.

    Of a series of years the last, of the reports' series the first, as a later scale may be another. Print gives no standard errors for Chicago: an interval is the printed coefficient
    and 1.96 times the largest standard error that fits the stars of all years of its panel. `clear`: p < .05 with all `tests` of the
    study counted (Holm): those of its own table, else those shown here.
    """
    participants = tables["participants"].query("method == 'Welch'")
    tested = participants.query("term == 'difference'").set_index("scale")["p_value"]
    participants = participants.query("term == 'hedges_g'")
    participants = participants.assign(p_value=participants["scale"].map(tested))
    printed = tables["printed"].drop_duplicates("panel", keep="last")
    widest = {panel: rounding.common_se(part)[1] for panel, part in tables["printed"].groupby("panel")}
    reach = 1.959964 * printed["panel"].map(widest)
    ends = {"ci_low": printed["estimate"] - reach, "ci_high": printed["estimate"] + reach}
    printed = printed.assign(p_value=printed["stars"].map(_AT_MOST), state="recomputed", **ends)
    reports = tables["reports"][tables["reports"]["span"] == tables["reports"]["span"].iloc[0]]
    years = reports["term"].astype(str)
    reports = reports[years == years.max()]
    rated = reports["group"].map(SCHOOLS) + ", " + reports["measure"].map(_RATED)
    twin = tables["twin"].drop_duplicates("panel", keep="last")
    signposts = tables["signposts"].query("method == 'school fixed effects'")
    signposts = signposts[signposts["term"].str.startswith("difference in change")]
    signposts = signposts.assign(tests=signposts["p_holm"].count()).drop_duplicates("scale", keep="last")
    studies = {
        ("Chile", "teachers"): participants.assign(label=participants["scale"]),
        (BY_CONSTRUCTION, "students"): printed.assign(label=printed["panel"]),
        ("Chicago's reports", "schools"): reports.assign(label=rated),
        ("Made-up copy of Chicago's survey", "made-up students"): twin.assign(label=twin["panel"]),
        ("Made-up survey of peer groups", "made-up teachers"): signposts.assign(
            label=signposts["scale"].str.capitalize()
        ),
    }
    rows = [_all_counted(part).assign(study=study, unit=unit) for (study, unit), part in studies.items()]
    return pd.concat(rows, ignore_index=True)[[*COLUMNS, "state", "clear", "tests"]]


def _all_counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Effects of one study with `clear` and `tests`; where its table counts more tests than are shown, it has both `p_holm` and `tests`."""
    if "p_holm" not in rows:
        rows = rows.assign(p_holm=holm(rows["p_value"]), tests=rows["p_value"].count())
    return rows.assign(clear=rows["p_holm"] < 0.05)


def read(path: Path, options: Options = Options()) -> tuple[pd.DataFrame, Account]:
    """A user's effects: COLUMNS, an estimate with its interval a row; and what became of the file's rows. Raises InputError."""
    given = frames.read(path, COLUMNS, options, ids=COLUMNS[:3])
    frame = pd.DataFrame({name: frames.labels(given, name) for name in COLUMNS[:3]})
    for column in COLUMNS[3:]:
        frame[column] = frames.numbers(given, column)
    wrong = frame[COLUMNS].isna().any(axis=1) | ~frame["estimate"].between(frame["ci_low"], frame["ci_high"])
    if wrong.any():
        raise InputError(
            f"{relative(path)}, {row(frame.index[wrong][0])}: a cell is empty, or the estimate lies outside its "
            "interval. Give study, label, unit, estimate, ci_low and ci_high in every row."
        )
    return frame, accounts.of(given, len(frame), numeric=COLUMNS[3:])


def yardstick(rows: pd.DataFrame) -> pd.Series:
    """Of each effect, the study and whose standard deviations it is in."""
    return rows["study"] + ": standard deviations of " + rows["unit"]


def clear(rows: pd.DataFrame) -> str:
    """How many effects are clear of zero, in which direction.

    >>> clear(pd.DataFrame({"ci_low": [0.1, -0.2, -0.4], "ci_high": [0.3, 0.1, -0.1]}))
    'Each taken alone, 2 of 3 effects are clearly other than zero: 1 above and 1 below it.'
    >>> clear(pd.DataFrame({"ci_low": [-0.2], "ci_high": [0.1]}))
    'None of 1 effect can be told from zero.'
    """
    above, below = int((rows["ci_low"] > 0).sum()), int((rows["ci_high"] < 0).sum())
    sides = " and ".join(f"{k} {side}" for k, side in ((above, "above"), (below, "below")) if k)
    of = f"of {count(len(rows), 'effect')}"
    if not sides:
        return f"None {of} can be told from zero."
    alone = "Each taken alone, " * (len(rows) > 1)
    return f"{alone}{above + below} {of} {'is' if above + below < 2 else 'are'} clearly other than zero: {sides} it."


def clear_by_study(rows: pd.DataFrame) -> str:
    """Of each study, how many effects are clear of chance, most first. `rows`: `study, clear`.

    >>> rows = pd.DataFrame({"study": list("AABBC"), "clear": [True, False, True, True, False]})
    >>> clear_by_study(rows)
    'All effects in B and 1 of 2 in A are clear of chance; in C none is.'
    >>> clear_by_study(rows[rows["study"] == "B"]), clear_by_study(rows.assign(clear=False))
    ('All effects in B are clear of chance.', 'No effect in A, B and C is clear of chance.')
    """
    share = rows.groupby("study", sort=False)["clear"].mean().sort_values(ascending=False, kind="stable")
    counts = rows.groupby("study", sort=False)["clear"].agg(["sum", "size"])
    some = [
        f"{'all' if share[study] == 1 else '{} of {}'.format(*counts.loc[study])}{' effects' * (place == 0)} in {study}{' (by its stars)' * (study == BY_CONSTRUCTION)}"
        for place, study in enumerate(share.index[share > 0])
    ]
    none = share.index[share == 0]
    if not some:
        return f"No effect in {listed(none)} is clear of chance."
    said = f"{listed(some)} are clear of chance{f'; in {listed(none)} none is' if len(none) else ''}."
    return f"{said[0].upper()}{said[1:]}"


def spoken(rows: pd.DataFrame) -> str:
    """What a forest plot of effects shows, for somebody who cannot see it: of each study the range and the clear ones."""
    parts = [
        f"{name} {part['estimate'].min():.2f} to {part['estimate'].max():.2f}, "
        f"{(part['ci_low'] > 0).sum()} of {len(part)} intervals above zero and {(part['ci_high'] < 0).sum()} below"
        for name, part in rows.groupby("study", sort=False)
    ]
    return f"{'; '.join(parts)}."
