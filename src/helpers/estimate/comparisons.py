"""Comparisons of shares: systems, cycles and levels of a survey set beside each other, and averages over systems."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from helpers.estimate import fixed_effects, moments
from helpers.estimate.intervals import holm, of_shares, t_test
from helpers.estimate.shares import ESTIMATES, Sample, evaluated, headlines, levels_of, samples, table, told
from helpers.project import InputError
from helpers.read.suppression import is_small, rounded_differences
from helpers.read.survey import Survey


def differences(shares: pd.DataFrame, pairs: Sequence[tuple[str, str]] | None = None) -> pd.DataFrame:
    """Differences between systems (`system` minus `other`) of a table of shares, of one cycle and item each.

    Columns: cycle, [by,] item, statistic, system, other, estimate, std_error, ci_low, ci_high, p_value, p_holm, note.
    Systems are independent samples, so variances add; p-values are normal, `p_holm` adjusted by Holm's (1979) method
    for everything compared here in the same statistic. Where a share or its error is empty, so is what needs it, and
    `note` says why. Averages are left out: they hold the systems. Raises InputError for a system that is not there.
    """
    return _compared(shares, "system", pairs)


def change(shares: pd.DataFrame) -> pd.DataFrame:
    """Change between cycles of a system: `cycle` minus an earlier one, `other`. Columns, errors as in `differences`."""
    cycles = list(dict.fromkeys(_systems(shares)["cycle"]))
    return _compared(shares, "cycle", [(late, early) for early, late in combinations(cycles, 2)])


def average(shares: pd.DataFrame, systems: Sequence[str], name: str, interval: str = "logit") -> pd.DataFrame:
    """Plain mean of shares over those `systems` that have data: every system counts the same.

    Columns as in the table, and `n_systems`, how many these are; `n` and `n_schools` are theirs together. The standard
    error is sqrt(sum se^2) / n_systems. A share of exactly 0 or 1 counts and adds no variance, which `note` says.

    Parameters
    ----------
    shares, systems, name : the table; systems to average, where they have data; what the mean is called in `system`
    interval : "symmetric", else log odds, since a mean of shares has no sample size (`intervals.of_shares`)
    """
    part, keys = _systems(shares), _keys(shares, "system")
    part = part[part["system"].isin(systems) & part["share"].notna()]
    exact = part["share"].isin([0, 1])
    part = part.assign(square=part["std_error"].where(~exact, 0.0) ** 2, exact=exact)
    groups = part.groupby(keys, sort=False, dropna=False, observed=True)
    found = groups.agg(
        share=("share", "mean"),
        n=("n", "sum"),
        n_schools=("n_schools", lambda values: values.sum(min_count=len(values))),
        n_systems=("share", "size"),
        exact=("exact", "sum"),
        squares=("square", lambda values: values.sum(skipna=False)),
    )
    found["std_error"] = np.sqrt(found["squares"].where(found["exact"] < found["n_systems"])) / found["n_systems"]
    found = shares[keys].drop_duplicates().merge(found.reset_index(), on=keys, how="left")
    found = found.fillna(dict.fromkeys(("n", "n_systems", "exact"), 0))
    found = found.astype({"n": int, "n_systems": int, "exact": int, "n_schools": "Int64"})
    adds_nothing = "{exact} of {n_systems} systems at 0 or 1 add nothing to the standard error"
    found["note"] = [adds_nothing.format_map(row) if row["exact"] else "" for row in found.to_dict("records")]
    found["note"] = found["note"].mask(found["n_systems"] == 0, "no system has data")
    kind = "symmetric" if interval == "symmetric" else "logit"
    known = (found[column].to_numpy(float, copy=True) for column in ("share", "std_error"))
    found["ci_low"], found["ci_high"] = of_shares(*known, np.inf, np.nan, np.nan, kind)
    return found.assign(system=name)[[*(column for column in shares if column != "n_systems"), "n_systems"]]


def level_differences(survey: Survey, by: str) -> pd.DataFrame:
    """Differences between levels of the column `by` within a system: `term` minus an earlier one, `other`.

    Columns: cycle, system, item, statistic, term, other, and the rest as in `differences`. Levels share schools and are
    no independent samples: the error is that of the difference itself under the same replicates (or linearised, with
    the same clusters and, as in `table`, Student's t). Of a user's file digits are left out where a level of few people, or
    people without a level, could be had from them (`suppression.rounded_differences`).
    """
    levels_of(survey, by, needed=2)
    found, statistics = [], headlines(survey)
    for cells, [(_, everybody)] in zip(
        evaluated(survey, statistics, by), evaluated(survey, statistics, ""), strict=True
    ):
        sizes = np.array([part.n for _, part in cells])
        hidden = is_small(sizes).any(axis=0) | is_small(everybody.n - sizes.sum(axis=0))
        for (two, second), (one, first) in combinations(cells, 2):
            estimate, error, df = first.minus(second)
            least = np.minimum(first.n, second.n)
            estimate, error = told(survey, estimate, least), told(survey, error, least)
            known = one.notna() & two.notna()
            rows = one[["cycle", "system", "item", "statistic"]].assign(
                term=one[by],
                other=two[by],
                estimate=np.where(known["share"], estimate, np.nan),
                std_error=np.where(known["std_error"], error, np.nan),
                note=_joined(one[by], one["note"], two[by], two["note"]),
                df=df, one=first.n, two=second.n, hidden=hidden,
            )  # fmt: skip
            found.append(rows)
    whole = pd.concat(found, ignore_index=True)
    sizes = [whole.pop(name).to_numpy() for name in ("one", "two", "hidden")]
    tested = _tested(whole)
    return rounded_differences(tested, *sizes) if survey.account else tested


def item_differences(survey: Survey, systems: Sequence[str]) -> pd.DataFrame:
    """Differences between the shares `often` of two items, of the same people, in some systems of the latest cycle.

    Columns: cycle, system, statistic, item, other (a later item), and the rest as in `differences`: `item` minus
    `other`. Both shares are of one sample, so the error counts their covariance: people who do one thing often tend
    to do the other too.
    """
    often = survey.statistics[1]
    latest, statistics = survey.frame["cycle"].max(), {often: headlines(survey)[often]}
    one, two = np.triu_indices(len(survey.items), 1)
    found = []
    for [(rows, own)] in evaluated(survey, statistics, ""):
        if rows["cycle"].iloc[0] != latest or rows["system"].iloc[0] not in systems:
            continue
        first, second = (rows.iloc[places].reset_index(drop=True) for places in (one, two))
        estimate, error, df = own.take(one).minus(own.take(two))
        least = np.minimum(own.n[one], own.n[two])
        estimate, error = told(survey, estimate, least), told(survey, error, least)
        known = first.notna() & second.notna()
        compared = first[["cycle", "system", "statistic", "item"]].assign(
            other=second["item"],
            estimate=np.where(known["share"], estimate, np.nan),
            std_error=np.where(known["std_error"], error, np.nan),
            note=_joined(first["item"], first["note"], second["item"], second["note"]),
            df=df,
        )
        found.append(compared)
    return _tested(pd.concat(found, ignore_index=True))


def within_schools(survey: Survey, by: str) -> pd.DataFrame:
    """How much larger the share `often` is in a level than in the first level, among respondents of the same school.

    Columns: cycle, system, item, statistic, term (the level), other (the first), estimate, std_error, ci_low, ci_high,
    p_value, p_holm, n, n_groups (respondents and schools of the model: schools with a single one drop out), note.
    School fixed effects with the final weight, errors clustered by school (CR2, Satterthwaite's degrees of freedom):
    `fixed_effects.fit`; replicate weights play no part. Levels whose share `table` does not show are left out of the model, and what is
    seen in fewer schools than a share needs is not shown; of a user's file, nor an `n` that leaves out a few of those who answered. Raises InputError as `table` does.
    """
    survey = replace(survey, weights=survey.weights[:, :1])
    levels, every, often = levels_of(survey, by, needed=2), list(samples(survey, by)), survey.statistics[1]
    cells = table(survey, by).query("statistic == @often")
    shape = len(every), len(levels), len(survey.items)
    notes, shown = (column.to_numpy().reshape(shape) for column in (cells["note"], cells["share"].notna()))
    sums = [_sums(survey, every, shown[:, :, item], item) for item in range(len(survey.items))]
    found = []
    for place, sample in enumerate(every):
        for item, name in enumerate(survey.items):
            keys = {"item": name, "statistic": often, "term": levels[1:], "other": levels[0]}
            rows = _fitted(survey, sums[item], place, len(every)).reindex(range(1, len(levels)))
            first, *others = notes[place, :, item]
            if shown[place, 0, item]:
                why = np.where(shown[place, 1:, item], "no school is known", others)
            else:
                why = f"{levels[0]}: {first}"
            rows["note"] = rows["note"].where(rows["note"].notna(), why)
            left_out = (sample.codes[:, item] > 0).sum() - rows["n"].astype(float)
            for name in ESTIMATES[:-1]:
                rows[name] = told(survey, rows[name].astype(float), rows["n"].astype(float))
            gone = (is_small(left_out) & bool(survey.account)).to_numpy()
            rows = rounded_differences(rows, *[rows["n"].to_numpy(float)] * 2, gone).assign(n=rows["n"].mask(gone))
            found.append(pd.DataFrame(sample.keys | keys | rows.to_dict("list")))
    return _adjusted(pd.concat(found, ignore_index=True)).astype({"n": "Int64", "n_groups": "Int64"})


def _sums(survey: Survey, every: list[Sample], shown: np.ndarray, item: int) -> moments.Moments | None:
    """What the model of an item needs of all samples at once, from the levels that are `shown` (samples x levels)."""
    parts = []
    for sample, levels in zip(every, shown, strict=True):
        codes = sample.codes[:, item]
        rows = (codes > 0) & (sample.schools >= 0) & (sample.levels >= 0)
        rows[rows] = levels[sample.levels[rows]] & levels[0]
        values = {"often": codes >= survey.often, "school": sample.schools, "level": sample.levels}
        parts.append(pd.DataFrame(values | {"weight": sample.weights[:, 0]})[rows])
    frame = pd.concat(parts).astype({"often": float})
    if frame["level"].nunique() < 2:
        return None
    return moments.compute(frame, moments.Model("often", "school", "level", baseline="0", weight="weight"))


def _fitted(survey: Survey, sums: moments.Moments | None, place: int, n_samples: int) -> pd.DataFrame:
    """The model of one sample: a row for each of its levels but the first, by the level's code."""
    columns = [*ESTIMATES[:-1], "n", "n_groups", "note"]
    nothing = pd.DataFrame(columns=columns)
    if sums is None:
        return nothing
    own = moments.take(sums, sums.schools.astype(int) % n_samples == place)
    used = np.flatnonzero(own.sums[:, :-1].any(axis=0))
    if not len(used):
        return nothing
    kept = [*used, -1]  # a level that nobody here has is no term; the outcome stands last
    terms = tuple(own.terms[term] for term in used)
    own = replace(own, terms=terms, sums=own.sums[:, kept], products=own.products[:, kept][:, :, kept])
    codes = list(map(int, terms))
    try:
        data = fixed_effects.within(own)
    except InputError:  # levels that never meet in a school, or answers that are all alike there
        return nothing.reindex(codes).assign(note="cannot be estimated within schools")
    found = fixed_effects.fit(data, "CR2").table().assign(note="").set_index(pd.Index(codes))[columns]
    people, schools = survey.fewest
    found.loc[fixed_effects.varying(data) < schools, "note"] = f"fewer than {schools} schools have both levels"
    if data.n < people:
        found["note"] = f"fewer than {people} respondents have a colleague in their school"
    found.loc[found["note"] != "", columns[:-1]] = np.nan
    return found


def _systems(shares: pd.DataFrame) -> pd.DataFrame:
    """Rows of systems, without averages over them."""
    return shares[shares["n_systems"].isna()] if "n_systems" in shares else shares


def _keys(shares: pd.DataFrame, but: str) -> list[str]:
    """Columns that say which cell a row is, but one of them."""
    return [name for name in shares.columns[: shares.columns.get_loc("share")] if name != but]


def _compared(shares: pd.DataFrame, across: str, pairs: Sequence[tuple[object, object]] | None) -> pd.DataFrame:
    """Rows that differ in the column `across` alone, one less the other."""
    shares, keys = _systems(shares), _keys(shares, across)
    present = list(dict.fromkeys(shares[across]))
    pairs = list(combinations(present, 2)) if pairs is None else list(pairs)
    for name in dict.fromkeys(name for pair in pairs for name in pair):
        if name not in present:
            raise InputError(f"no {across} {name!r} to compare. There are: {', '.join(map(str, present))}.")
    one = shares.merge(pd.DataFrame(pairs, columns=[across, "other"]), on=across)
    both = one.merge(shares.rename(columns={across: "other"}), on=[*keys, "other"], suffixes=("", "_2"))
    rows = both[[*keys, across, "other"]].assign(
        estimate=both["share"] - both["share_2"],
        std_error=np.hypot(both["std_error"], both["std_error_2"]),
        note=_joined(both[across], both["note"], both["other"], both["note_2"]),
        df=np.inf,
    )
    return _tested(rows)


def _joined(names: Iterable, notes: Iterable, others: Iterable, more: Iterable) -> list[str]:
    """Notes of two cells that are compared, with whose they are."""
    return [
        "; ".join(f"{name}: {note}" for name, note in ((a, b), (c, d)) if note)
        for a, b, c, d in zip(names, notes, others, more, strict=True)
    ]


def _tested(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with intervals and p-values of Student's t with `df` degrees of freedom (normal where infinite)."""
    found = t_test(rows["estimate"], rows["std_error"], rows["df"].to_numpy(float))
    found |= {end: found[end].clip(-1.0, 1.0) for end in ("ci_low", "ci_high")}
    return _adjusted(rows.drop(columns="df").assign(**found))


def _adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with p-values adjusted by Holm's method for all of the same statistic; notes last."""
    rows = rows.assign(p_holm=rows.groupby("statistic", sort=False)["p_value"].transform(holm))
    front = [name for name in rows if name not in {*ESTIMATES, "n", "n_groups", "note"}]
    last = [name for name in ("n", "n_groups", "note") if name in rows]
    return rows[[*front, *ESTIMATES, *last]]
