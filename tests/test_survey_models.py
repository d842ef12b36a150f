"""Linear and logit models with survey weights: R's survey, statsmodels, and what cannot be estimated."""

import numpy as np
import pandas as pd
import pytest

from conftest import run_r
from helpers.estimate import survey_models
from helpers.estimate.survey_means import Design
from helpers.project import InputError

N, SCHOOLS, R = 600, 40, 40
PROGRAM = """
suppressMessages(library(survey))
d <- read.csv("data.csv"); w <- as.matrix(read.csv("weights.csv"))
designs <- list(
  replicates = svrepdesign(data = d, weights = w[, 1], repweights = w[, -1], type = "Fay", rho = .5, mse = TRUE, combined.weights = TRUE),
  linearised = svydesign(ids = ~school, weights = w[, 1], data = d),
  strata = svydesign(ids = ~school, strata = ~stratum, weights = w[, 1], data = d))
designs$domain <- subset(designs$strata, a > -.5)
found <- NULL
tight <- list(epsilon = 1e-14, maxit = 60)
for (kind in names(designs)) for (model in c("linear", "logit")) {
  fit <- if (model == "linear") svyglm(y ~ a + b, designs[[kind]])
    else svyglm(y ~ a + b, designs[[kind]], family = quasibinomial(), control = tight)
  found <- rbind(found, data.frame(kind, model, estimate = coef(fit), std_error = SE(fit), df = fit$df.residual))
}
write.csv(found, "found.csv", row.names = FALSE)
"""


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    school = np.arange(N) % SCHOOLS
    a, b = rng.normal(size=N) + 0.3 * rng.normal(size=SCHOOLS)[school], rng.integers(0, 2, N).astype(float)
    p = 1 / (1 + np.exp(-(-0.4 + 0.5 * a - 0.7 * b + 0.5 * rng.normal(size=SCHOOLS)[school])))
    frame = pd.DataFrame(
        {"school": school, "stratum": school % 4, "a": a, "b": b, "y": (rng.random(N) < p).astype(float)}
    )
    weight = rng.uniform(0.5, 3, N)
    factors = np.where(rng.integers(0, 2, (SCHOOLS, R)) == 1, 1.5, 0.5)[school]
    return frame, np.column_stack([weight, weight[:, None] * factors])


def fitted(data, kind, model):
    frame, weights = data
    rows = (frame["a"] > -0.5).to_numpy() if kind == "domain" else np.full(N, True)
    strata = np.arange(SCHOOLS) % 4 if kind in ("strata", "domain") else np.zeros(SCHOOLS, dtype=int)
    weights = weights if kind == "replicates" else weights[:, :1]
    design = Design(frame["school"].to_numpy(), strata).part(rows)
    own = frame[rows]
    return survey_models.fit(
        own["y"].to_numpy(), own[["a", "b"]].to_numpy(), weights[rows], 0.5, design, model == "logit"
    )


@pytest.fixture(scope="module")
def from_r(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")
    data[0].to_csv(folder / "data.csv", index=False)
    pd.DataFrame(data[1]).to_csv(folder / "weights.csv", index=False)
    run_r(PROGRAM, "survey", folder)
    return pd.read_csv(folder / "found.csv")


@pytest.mark.parametrize("model", ["linear", "logit"])
@pytest.mark.parametrize("kind", ["replicates", "linearised", "strata", "domain"])
def test_coefficients_and_errors_are_those_of_r(data, from_r, kind, model):
    ours, theirs = fitted(data, kind, model), from_r[(from_r["kind"] == kind) & (from_r["model"] == model)]
    assert ours.estimate == pytest.approx(theirs["estimate"].to_numpy(), rel=1e-8)
    assert ours.std_error == pytest.approx(theirs["std_error"].to_numpy(), rel=1e-8)
    if kind != "replicates":  # of these R takes t, and we the normal distribution, as the survey's manual has it
        assert ours.df == theirs["df"].iloc[0]


def test_without_weights_a_logit_is_that_of_statsmodels(data):
    import statsmodels.api as sm

    frame, _ = data
    theirs = sm.Logit(frame["y"], sm.add_constant(frame[["a", "b"]])).fit(disp=0, tol=1e-12)
    design = Design(np.arange(N), np.zeros(N, dtype=int))
    ours = survey_models.fit(frame["y"].to_numpy(), frame[["a", "b"]].to_numpy(), np.ones((N, 1)), 0.0, design, True)
    assert ours.estimate == pytest.approx(theirs.params.to_numpy(), rel=1e-8)


def test_what_cannot_be_estimated_is_refused(data):
    frame, weights = data
    y, x, design = (
        frame["y"].to_numpy(),
        frame[["a"]].to_numpy(),
        Design(frame["school"].to_numpy(), np.zeros(SCHOOLS, dtype=int)),
    )
    with pytest.raises(InputError, match="cannot be told apart"):
        survey_models.fit(y, np.column_stack([x, 2 * x]), weights, 0.5, design)
    with pytest.raises(InputError, match="foretold with certainty"):
        survey_models.fit((frame["a"] > 0).to_numpy(float), x, weights, 0.5, design, True)
