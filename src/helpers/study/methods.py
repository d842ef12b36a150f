"""What was done to a file of the user's, as a paragraph that can go into a paper: a function a notebook, made from its parameters."""

import platform
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from helpers import kept
from helpers.draw.words import count, listed
from helpers.estimate.panels import INFERENCE
from helpers.project import ROOT
from helpers.read.accounts import Account
from helpers.read.suppression import MINIMUM

PACKAGES = ("numpy", "scipy", "pandas", "statsmodels")
"""What the estimates rest on; the page of references has the rest."""
HOLM = "p-values are corrected by Holm's method for"


def changes(given: Mapping[str, Any], account: Account, year_effects: int) -> str:
    """Notebook 01, on records or on a release: change within schools from year to year.

    Parameters
    ----------
    given : the notebook's parameters, with what a release says of itself
    account, year_effects : of the file's rows; how many year effects have a p-value
    """
    items, held = given["items"], [*given["controls"], *given["categories"]]
    outcome = (
        f"a measure of {len(items)} items (rating scale model, calibrated on {given['baseline']})"
        if items
        else given["outcome"]
    )
    panels = f", in a model of its own for each level of {given['by']}" * bool(given["by"])
    deviations = f" in standard deviations of {given['baseline']}" * bool(items or given["standardise"])
    return paragraph(
        f"Change in {outcome} since {given['baseline']} was estimated within schools by linear regression with a fixed effect for each school{panels}.",
        "The sums of the records were released by whoever holds them, who also decided what was held constant."
        if given["release"]
        else f"Held constant: {listed(held)}." if held else "Nothing else was held constant.",
        f"Estimates are given{deviations}." * bool(deviations),
        errors(given["inference"], given["cluster"] or given["school"]),
        f"Records were weighted by {given['weight']}." * bool(given["weight"]),
        "Only schools with complete records in every year were used." * bool(given["balanced"]),
        f"With {year_effects} year effects, Bonferroni's limit for the smallest p-value is {0.05 / year_effects:.4f}." * bool(year_effects > 1),
        f"As a check, complete records were weighted by their chance of being complete, given {listed(given['respond_on'])}."
        if given["respond_on"]
        else "",
        counted(account),
        f"No estimate that rests on fewer than {MINIMUM} records is shown.",
    )  # fmt: skip


def coding(n: int, pairs: int, coders: int, account: Account) -> str:
    """Notebook 02: practices and supports in interviews.

    Parameters
    ----------
    n, pairs : leaders; pairs of a practice and a support that could be tested
    coders, account : how many coders saw each leader (0 or 2); of the file's rows
    """
    return paragraph(
        f"Interviews with {n} leaders were coded for practices and supports; shares have exact 95% intervals (Clopper and Pearson).",
        "Each practice was set against each support by Fisher's exact test, two-sided.",
        "Odds ratios are conditional maximum likelihood estimates with exact 95% intervals.",
        f"{HOLM} {pairs} pairs." * bool(pairs),
        "A code counts where both coders gave it; agreement is told by Cohen's kappa and Krippendorff's alpha."
        * bool(coders),
        counted(account),
        f"Nothing is shown of fewer than {MINIMUM} leaders.",
    )


def comparison(
    names: Sequence[str], scales: Sequence[str], cluster: str, inference: Sequence[str], account: Account
) -> str:
    """Notebook 04: two groups compared.

    Parameters
    ----------
    names, scales : of the two groups, the first less the second; of the scales
    cluster, inference : the column of clusters, empty for none; the kinds of inference that were used, of INFERENCE
    account : of the file's rows
    """
    return paragraph(
        f"Means of {names[0]} and {names[1]} were compared on {count(len(scales), 'scale')}.",
        *(errors(kind, cluster) for kind in inference)
        if cluster
        else ("Tests are Welch's t tests, two-sided, which take people to be independent of each other.",),
        "Differences in standard deviations are Hedges' g (pooled standard deviation) with its large-sample 95% interval.",
        f"{HOLM} {len(scales)} tests." * (len(scales) > 1),
        "The smallest differences that would be found are for 80% power, and those ruled out for two one-sided tests at 5%.",
        counted(account),
        f"No group of fewer than {MINIMUM} people is shown.",
    )


def waves(given: Mapping[str, Any], baseline: str, compared: bool, inference: str, account: Account) -> str:
    """Notebook 06: change of scales from wave to wave.

    Parameters
    ----------
    given, baseline, compared : the notebook's parameters; the first wave; whether there are schools to compare with
    inference, account : the kind of inference that was used; of the file's rows
    """
    held, made = [*given["controls"], *given["categories"]], isinstance(given["scales"], dict)
    what = "The difference in change between schools with peer groups and comparison schools" if compared else "Change"
    return paragraph(
        f"{what} since wave {baseline} was estimated for {count(len(given['scales']), 'scale')}.",
        "Estimates are within schools, by linear regression with a fixed effect for each school.",
        "A score is the mean of the items of a scale that were answered, if half of them or more were." * made,
        f"Estimates are in standard deviations of wave {baseline}.",
        f"Held constant: {listed(held)}." if held else "",
        f"Answers were weighted by {given['weight']}." * bool(given["weight"]),
        errors(inference, given["cluster"] or given["school"]),
        f"{HOLM} all waves and scales.",
        "A mixed model with a random intercept for each school stands beside it, without weights.",
        counted(account),
        f"No estimate that rests on fewer than {MINIMUM} teachers is shown.",
    )  # fmt: skip


def retellings(n: int, account: Account) -> str:
    """Notebook 07: retold numbers beside their sources'. `n`: followed up; `account`: of the file's rows."""
    return paragraph(
        f"{count(n, 'retold number')} {'was' if n == 1 else 'were'} set beside what the source was seen to say, and judged by its reader: kept, sharpened, widened, narrowed, changed, or not seen.",
        "A number with several sources has the sign of the source that bears it out best.",
        "The numbers are no sample, so there are neither tests nor intervals.",
        counted(account),
    )  # fmt: skip


def effects(n: int, units: int, account: Account) -> str:
    """Notebook 08: effects of others. `n`, `units`: how many, on how many yardsticks; `account`: of the file's rows."""
    return paragraph(
        f"{count(n, 'effect')} with {'its interval' if n == 1 else 'their intervals'} {'is' if n == 1 else 'are'} shown as given, on {count(units, 'yardstick')}.",
        "They were neither averaged nor tested.",
        counted(account),
    )  # fmt: skip


def paragraph(*sentences: str) -> str:
    """The sentences that there are, and the software."""
    said = [sentence[:1].upper() + sentence[1:] for sentence in sentences if sentence]
    return " ".join([*said, software()])


@cache
def software() -> str:
    """With what it was computed, in a sentence with versions."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    packages = ", ".join(f"{name} {kept.packages()[name]}" for name in PACKAGES)
    return f"Computed with Open classrooms {version} in Python {platform.python_version()} ({packages})."


def errors(inference: str, cluster: str) -> str:
    """What tests with clusters allow for, in a sentence. `inference`: one of INFERENCE; `cluster`: the column."""
    return f"Standard errors and tests allow for clusters ({cluster}): {INFERENCE[inference]}."


def counted(account: Account | None) -> str:
    """What became of the rows, in a sentence; nothing where nobody counted them."""
    return account.counted if account else ""
