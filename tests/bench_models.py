"""How long linear and logit models with replicate weights take here, beside R's survey package and statsmodels.

    make bench

Made-up teachers: 275,000 in 55 systems, a final weight and 100 replicates, ten terms, one answer. Ours fits all systems; so that the
others end, ratios are of the first SOME systems, measured in one run, R inside a process of its own. How far estimates and errors are
apart stands beside each. statsmodels knows no replicate weights and is given a loop over them. A last line tells how long the test of
differential item functioning takes for fifty systems and eight items. Seconds are those of the processor, so that a busy machine does
not blur them; quote the ratios. What misses its aim is said and fails nothing. R is left out, and that is said, where it or its
package is absent.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helpers.estimate import item_dif, survey_models
from helpers.estimate.shares import Sample
from helpers.estimate.survey_means import Design

SYSTEMS, TEACHERS, SCHOOLS, REPLICATES, TERMS, SOME = 55, 5000, 200, 100, 10, 2
FAY, AIM, AIM_DIF = 0.5, 3.0, 2.0
MODELS = {"linear": False, "logit": True}

Found = dict[str, np.ndarray]
"""By model the coefficients and errors of each system: systems x 2 x (1 + TERMS)."""


def drawn(system: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Answers 0 or 1, terms, weights and schools of one system: the same on every machine."""
    rng = np.random.default_rng(system)
    school = np.arange(TEACHERS) % SCHOOLS
    x = rng.normal(size=(TEACHERS, TERMS)) + 0.3 * rng.normal(size=(SCHOOLS, TERMS))[school]
    p = 1 / (1 + np.exp(-(x @ np.linspace(-0.3, 0.3, TERMS) + 0.4 * rng.normal(size=SCHOOLS)[school])))
    halves = rng.choice([FAY, 2 - FAY], (SCHOOLS, 1 + REPLICATES))
    halves[:, 0] = 1
    return (rng.random(TEACHERS) < p).astype(float), x, rng.uniform(1, 20, (TEACHERS, 1)) * halves[school], school


def ours(systems: int, logit: bool) -> np.ndarray:
    """All systems, each with all replicates in one pass."""
    found = []
    for y, x, weights, school in map(drawn, range(systems)):
        started = time.process_time()
        fitted = survey_models.fit(y, x, weights, FAY, Design(school, np.zeros(SCHOOLS, dtype=int)), logit)
        found.append([fitted.estimate, fitted.std_error])
        CLOCK[0] += time.process_time() - started
    return np.array(found)


def statsmodels(systems: int, logit: bool) -> np.ndarray:
    """A fit for each weight, and the sum of squares by hand."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.regression.linear_model import WLS

    found = []
    for y, x, weights, _ in map(drawn, range(systems)):
        started = time.process_time()
        x = np.column_stack([np.ones(len(y)), x])
        fits = [
            GLM(y, x, Binomial(), freq_weights=w).fit(tol=1e-12).params if logit else WLS(y, x, w).fit().params
            for w in weights.T
        ]
        error = np.sqrt(((np.array(fits[1:]) - fits[0]) ** 2).sum(axis=0) / REPLICATES) / (1 - FAY)
        found.append([fits[0], error])
        CLOCK[0] += time.process_time() - started
    return np.array(found)


CLOCK = [0.0]
"""Seconds of the fits alone, without drawing the data."""

PROGRAM = f"""
suppressMessages(library(survey))
folder <- commandArgs(TRUE)[1]
values <- function(name, columns) matrix(readBin(file.path(folder, name), "double", {TEACHERS} * columns), ncol = columns)
formula <- reformulate(paste0("X", 1:{TERMS}), "y")
for (logit in c(FALSE, TRUE)) {{
  seconds <- 0; found <- c()
  for (system in 0:{SOME - 1}) {{
    d <- data.frame(y = values(paste0("y", system), 1), values(paste0("x", system), {TERMS})); w <- values(paste0("w", system), {1 + REPLICATES})
    seconds <- seconds + sum(system.time({{
      design <- svrepdesign(data = d, weights = w[, 1], repweights = w[, -1], type = "Fay", rho = {FAY}, mse = TRUE, combined.weights = TRUE)
      fit <- if (logit) svyglm(formula, design, family = quasibinomial(), control = list(epsilon = 1e-14, maxit = 60)) else svyglm(formula, design)
      found <- c(found, coef(fit), SE(fit))
    }})[c("user.self", "sys.self")])
  }}
  cat(seconds, sprintf("%.17g", found), "\\n")
}}
"""


def r_survey() -> dict[str, tuple[float, np.ndarray]]:
    """Seconds and findings by model; nothing where R or its package is absent."""
    if not shutil.which("Rscript") or subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True).returncode:  # fmt: skip
        return {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for system in range(SOME):
            for name, values in zip("yxw", drawn(system), strict=False):
                values.ravel(order="F").tofile(folder / f"{name}{system}")
        (folder / "program.R").write_text(PROGRAM)
        command = ["Rscript", str(folder / "program.R"), place]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    told = [list(map(float, line.split())) for line in lines]
    return {m: (row[0], np.array(row[1:]).reshape(SOME, 2, 1 + TERMS)) for m, row in zip(MODELS, told, strict=True)}


def timed(fit: Callable[[int, bool], np.ndarray], systems: int, logit: bool) -> tuple[float, np.ndarray]:
    """Seconds of the fits, and what they found."""
    CLOCK[0] = 0.0
    found = fit(systems, logit)
    return CLOCK[0], found


def seconds_of_dif(systems: int = 50, items: int = 8) -> float:
    """Of the test of all items between all systems, none of which differs."""
    rng, samples = np.random.default_rng(1), []
    for system in range(systems):
        _, _, weights, school = drawn(system)
        level = rng.normal(size=(TEACHERS, 1)) + np.linspace(-1, 1, items)
        codes = 1 + ((level + rng.logistic(size=level.shape))[:, :, None] > [-1.2, -0.4, 0.4, 1.1, 2.0]).sum(axis=2)
        design, none = Design(school, np.zeros(SCHOOLS, dtype=int)), np.empty((TEACHERS, 0))
        samples.append(Sample({}, codes, none, weights, school, design, np.zeros(TEACHERS, dtype=int)))
    started = time.process_time()
    item_dif.dif(item_dif.Groups(samples, np.ones((systems, items), dtype=bool), 6, 5, FAY))
    return time.process_time() - started


def missed(seconds: float, aim: float) -> str:
    """A mark where an aim is missed."""
    return f"  ! over {aim:g} s" if seconds > aim else ""


def main() -> None:
    """Measure in turn and print one table."""
    print(
        f"Models with replicate weights: {SYSTEMS} systems of {TEACHERS:,} teachers, {1 + REPLICATES} weights, {TERMS} terms"
    )
    theirs = r_survey()
    if not theirs:
        print("  left out: R's survey package, which is not here (Debian: r-cran-survey)")
    print("  not compared: svy and samplics")
    timed(ours, 1, False)  # warms up
    for model, logit in MODELS.items():
        whole, _ = timed(ours, SYSTEMS, logit)
        own, found = timed(ours, SOME, logit)
        others = {"statsmodels, a loop": timed(statsmodels, SOME, logit)} | (
            {"R survey": theirs[model]} if theirs else {}
        )
        print(f"  {model}: this project {whole:.2f} s, all systems{missed(whole, AIM)}")
        for name, (seconds, other) in others.items():
            apart = np.abs(other / found - 1).max()
            print(f"    {name}: {seconds / own:,.0f} times as long ({SOME} systems); {apart:.0e} apart at most")
    seconds = seconds_of_dif()
    print(f"  items that differ between 50 systems, 8 items: {seconds:.2f} s{missed(seconds, AIM_DIF)}")


if __name__ == "__main__":
    main()
