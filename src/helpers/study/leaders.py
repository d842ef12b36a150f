"""Teacher leaders: coding matrices of the user's.

In a matrix a row is a leader, or a leader as one of two coders saw them; a column is a code, 0 or 1. Leaders are
people: no function here returns a row a leader to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.draw.words import listed
from helpers.estimate.intervals import clopper_pearson, holm
from helpers.estimate.reliability import krippendorff_alpha
from helpers.project import InputError, relative
from helpers.read import accounts, frames
from helpers.read.accounts import Account
from helpers.read.files import Options
from helpers.read.frames import Given
from helpers.read.suppression import MINIMUM


@dataclass(frozen=True)
class Coding:
    """`matrix`: a row a leader, 0/1 columns called in words, practices first; with two coders, what both saw.

    `coders`: the two coders' own matrices in the same order of rows and columns, or nothing. `account`: of the file's rows.
    """

    matrix: pd.DataFrame
    practices: list[str]
    supports: list[str]
    coders: tuple[pd.DataFrame, ...]
    account: Account


def read(
    path: Path, practices: Sequence[str] | dict[str, str], supports: Sequence[str] | dict[str, str] = (),
    leader: str = "", coder: str = "", options: Options = Options(),
) -> Coding:  # fmt: skip
    """A coding matrix from the user's file.

    Raises InputError naming file, column and first rows; also for fewer than MINIMUM leaders, of whom nothing is shown.

    Parameters
    ----------
    path, practices, supports, options : the file; columns of 0 and 1, or column -> words; how the file is read
    leader, coder : columns: whom a row is about; who coded it, then every leader needs a row from each of exactly two
    """
    of_practices, of_supports = _words(practices), _words(supports)
    ids = [name for name in (leader, coder) if name]
    named = [*of_practices, *of_supports, *ids]
    twice = sorted({name for name in named if named.count(name) > 1})
    alike = [*of_practices.values(), *of_supports.values()]
    for wrong, message in (
        (not of_practices, "A coding matrix needs `practices`: name the columns of 0 and 1."),
        (twice, f"the column {', '.join(map(repr, twice))} is named twice among `practices`, `supports`, `leader` "
            "and `coder`. Each needs its own."),
        (len(set(alike)) < len(alike), "two codes are called by the same words. Give each its own."),
        (coder and not leader, "`coder` needs `leader`, the column that says whom a row is about. Name both."),
    ):  # fmt: skip
        if wrong:
            raise InputError(message)
    given = frames.read(path, named, options, ids=ids)
    codes = pd.DataFrame({name: _code(given, column) for column, name in (of_practices | of_supports).items()})
    for name in ids:
        frames.refuse(given, name, frames.labels(given, name).isna(), "an empty cell", "Fill it, or take the row out")
    coders = _coders(given, codes, leader, coder) if coder else ()
    if leader and not coder:
        frames.check_unique(given, [leader])
    matrix = coders[0] & coders[1] if coders else codes.reset_index(drop=True)
    if len(matrix) < MINIMUM:
        raise InputError(
            f"{relative(path)}: {len(matrix)} leaders. Of fewer than {MINIMUM} nothing is shown, for they could be "
            "recognised. Code more, or describe them in words that they have agreed to."
        )
    account = accounts.of(given, len(codes), named=[coder] if coder else ())
    return Coding(matrix, [*of_practices.values()], [*of_supports.values()], coders, account)


def counts(matrix: pd.DataFrame) -> pd.DataFrame:
    """How many leaders have each code, with exact 95% intervals: `code, count, n, share, ci_low, ci_high`."""
    count = matrix.sum()
    found = pd.DataFrame({"count": count, "n": len(matrix), "share": matrix.mean()})
    found[["ci_low", "ci_high"]] = [clopper_pearson(int(k), len(matrix)) for k in count]
    return found.rename_axis("code").reset_index()


def together(matrix: pd.DataFrame) -> pd.DataFrame:
    """How many leaders have two codes both: `code_1, code_2, both`, every pair once, a code with itself too."""
    both = matrix.T @ matrix
    pairs = [*((code, code) for code in matrix), *combinations(matrix, 2)]
    return pd.DataFrame([(*pair, int(both.loc[pair])) for pair in pairs], columns=["code_1", "code_2", "both"])


def source_used_most(most: pd.DataFrame, said: str) -> str:
    """Which source most groups use most often, by the share that say so; several are named where they tie.

    >>> most = pd.DataFrame({"system": ["A", "B"], "item_label": ["Team", "Visits"], "share": [0.5, 0.4]})
    >>> source_used_most(most, "often"), source_used_most(most.assign(item_label="Team"), "often")
    ('the sources used most often are Team and Visits, each in 1 of 2 groups (40% to 50% say “often”)', 'the source used most often is Team in 2 of 2 groups (40% to 50% say “often”)')

    Parameters
    ----------
    most, said : `system, item_label, share`, for each group the source, or sources, with its largest share; the answer counted
    """
    groups, counts = most["system"].nunique(), most["item_label"].value_counts(sort=False)
    first = counts.index[counts == counts.max()]
    alone = len(first) == 1
    which = f"source used most often is {first[0]}" if alone else f"sources used most often are {listed(first)}"
    where = f"{' in' if alone else ', each in'} {counts.max()} of {groups} groups" * (groups > 1)
    shares = dict.fromkeys(f"{most['share'].agg(end):.0%}" for end in ("min", "max"))
    return f"the {which}{where} ({' to '.join(shares)} say “{said}”)"


def associations(matrix: pd.DataFrame, practices: Sequence[str], supports: Sequence[str]) -> pd.DataFrame:
    """Fisher's exact test for every practice and support.

    Columns: practice, support, both, practice_only, support_only, neither (leaders), odds_ratio with ci_low, ci_high
    (conditional maximum likelihood and its exact 95% interval; 0 and inf where a cell is empty), p_value (two-sided),
    p_least (the smallest that the same four margins could give), p_holm (Holm's adjustment for every pair tested),
    note. A code that all or no leaders have cannot go with anything: its pairs are not tested, and `note` says so.
    """
    from scipy.stats import fisher_exact
    from scipy.stats.contingency import odds_ratio

    rows = []
    for practice, support in product(practices, supports):
        one, two = matrix[practice] == 1, matrix[support] == 1
        cells = {"both": (one & two).sum(), "practice_only": (one & ~two).sum(),
                 "support_only": (~one & two).sum(), "neither": (~one & ~two).sum()}  # fmt: skip
        row = {"practice": practice, "support": support, **cells, "note": ""}
        if still := [code for code in (practice, support) if matrix[code].nunique() == 1]:
            row["note"] = f"{' and '.join(still)}: the same for all leaders"
        else:
            table = np.reshape(list(cells.values()), (2, 2))
            odds = odds_ratio(table, kind="conditional")
            ends = odds.confidence_interval(0.95)
            row |= {"odds_ratio": odds.statistic, "ci_low": ends.low, "ci_high": ends.high}
            row["p_value"] = fisher_exact(table).pvalue
            row["p_least"] = least_p(len(matrix), int(one.sum()), int(two.sum()))
        rows.append(row)
    columns = ["practice", "support", "both", "practice_only", "support_only", "neither", "odds_ratio", "ci_low",
               "ci_high", "p_value", "p_least", "p_holm", "note"]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    return found.assign(p_holm=holm(found["p_value"]))


def least_p(n: int, first: int, second: int) -> float:
    """Smallest two-sided p of Fisher's exact test that n people, `first` with one code, `second` another, can give."""
    from scipy.stats import fisher_exact

    least, most = max(0, first + second - n), min(first, second)
    tables = ([[k, first - k], [second - k, n - first - second + k]] for k in range(least, most + 1))
    return float(min(fisher_exact(table).pvalue for table in tables))


def agreement(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """How far two coders agree on each code: `code, n, count_1, count_2, agree, kappa, ci_low, ci_high, alpha, note`.

    `agree`: share of leaders coded alike. `kappa`: Cohen's (1960), with the large-sample 95% interval of
    statsmodels, kept within -1 and 1, which is rough for few leaders; none where it would have no length.
    `alpha`: Krippendorff's. Both are empty, and `note` says why, where the coders gave nothing but one value.

    >>> one = pd.DataFrame({"shares": [0, 1, 1, 0, 1, 1, 0, 0]})
    >>> other = pd.DataFrame({"shares": [0, 1, 0, 0, 1, 1, 0, 1]})
    >>> agreement(one, other)[["code", "agree", "kappa", "alpha"]].round(3).to_dict("records")
    [{'code': 'shares', 'agree': 0.75, 'kappa': 0.5, 'alpha': 0.531}]
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    rows = []
    for code in first:
        one, two = first[code].to_numpy(), second[code].to_numpy()
        row = {"code": code, "n": len(one), "count_1": one.sum(), "count_2": two.sum(),
               "agree": (one == two).mean(), "alpha": krippendorff_alpha(one, two), "note": ""}  # fmt: skip
        if np.isnan(row["alpha"]):
            row["note"] = "both coders gave one value only"
        else:
            table = np.histogram2d(one, two, bins=2, range=[[0, 1], [0, 1]])[0]
            with np.errstate(invalid="ignore"):  # a variance of nothing may come out just below
                found = cohens_kappa(table)
            row["kappa"] = found.kappa
            if found.std_kappa > 0:
                row["ci_low"], row["ci_high"] = np.clip((found.kappa_low, found.kappa_upp), -1, 1)
        rows.append(row)
    columns = ["code", "n", "count_1", "count_2", "agree", "kappa", "ci_low", "ci_high", "alpha", "note"]
    return pd.DataFrame(rows, columns=columns)


def _words(columns: Sequence[str] | dict[str, str]) -> dict[str, str]:
    return dict(columns) if isinstance(columns, dict) else {name: name for name in columns}


def _code(given: Given, column: str) -> pd.Series:
    remedy = (
        "Write 1 where the code is there and 0 where it is not, or x and nothing; beside 1 an empty cell says neither"
    )
    return frames.yes_or_no(given, column, remedy).astype(int)


def _coders(given: Given, codes: pd.DataFrame, leader: str, coder: str) -> tuple[pd.DataFrame, ...]:
    """The two coders' matrices, leaders in the same order."""
    who, whom = (frames.labels(given, name) for name in (coder, leader))
    names = list(dict.fromkeys(who))
    if len(names) != 2:
        raise InputError(
            f"{given.name}, column {coder!r}: {len(names)} coders ({', '.join(map(repr, names[:5]))}). Agreement is "
            "computed for exactly two: keep two, or leave `coder` out and give a row a leader."
        )
    frames.check_unique(given, [leader, coder])
    once, remedy = whom.map(whom.value_counts()) < 2, "Have every leader coded by both, or take these out"
    frames.refuse(given, leader, once, "leaders that only one of the two coders coded", remedy)
    ordered = (codes[who == name].set_axis(whom[who == name]).sort_index() for name in names)
    return tuple(part.reset_index(drop=True) for part in ordered)
