"""DIF by ordinal regression: R, statsmodels, planted differences, and people who differ in nothing but how much they do."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from differing import compare, compare_each, drawn, sample

from conftest import run_r
from helpers.estimate import item_dif, ordinal
from helpers.estimate.item_dif import Groups
from helpers.project import InputError

PROGRAM = """
suppressMessages({library(survey); library(numDeriv)})
d <- read.csv("data.csv"); w <- as.matrix(read.csv("weights.csv"))
known <- rowSums(d[, c("q1", "q2", "q3")] > 0) == 3
d <- d[known, ]; w <- w[known, ]
w <- w * as.vector(nrow(d) / 3 / tapply(w[, 1], d$g, sum)[as.character(d$g)])
d$w <- w[, 1]; d$s <- d$q1 + d$q2 + d$q3
# Neighbouring sums of fewer than ten (weighted) people are one level.
level <- c(); people <- 0; now <- 1
for (sum in 3:12) {
  if (people >= 10) { now <- now + 1; people <- 0 }
  people <- people + sum(d$w[d$s == sum]); level[sum] <- now
}
if (people < 10) level[which(level == now)] <- now - 1
d$s <- level[d$s]
designs <- list(
  linearised = svydesign(ids = ~school, strata = ~g, weights = ~w, data = d, nest = TRUE),
  together = svydesign(ids = ~school, weights = ~w, data = d),
  replicates = svrepdesign(data = d, weights = w[, 1], repweights = w[, -1], type = "Fay", rho = .5, mse = TRUE, combined.weights = TRUE))
found <- NULL
for (item in c("q1", "q2", "q3")) {
  d$y <- d[[item]]
  in_model <- d$s %in% names(which(tapply(d$y, d$s, function(y) length(unique(y))) > 1))
  e <- d[in_model, ]; y <- e$y; top <- max(y); z <- e$s - weighted.mean(e$s, e$w)
  terms <- list(uniform = cbind(model.matrix(~factor(s), e)[, -1], e$g == 2, e$g == 3))
  terms$nonuniform <- cbind(terms$uniform, (e$g == 2) * z, (e$g == 3) * z)
  for (model in names(terms)) {
    x <- terms[[model]]
    each <- function(b) {
      cut <- c(-Inf, b[1:(top - 1)], Inf); line <- x %*% b[-(1:(top - 1))]
      log(plogis(cut[y + 1] - line) - plogis(cut[y] - line))
    }
    whole <- function(b) { v <- sum(e$w * each(b)); if (is.finite(v)) v else -1e10 }
    start <- c(qlogis(cumsum(tapply(e$w, y, sum))[1:(top - 1)] / sum(e$w)), rep(0, ncol(x)))
    b <- optim(start, function(b) -whole(b), method = "BFGS", control = list(maxit = 2000, reltol = 1e-13))$par
    bread <- solve(-hessian(whole, b)); b <- b + bread %*% grad(whole, b)
    last <- length(b) - 1:0
    totals <- matrix(0, nrow(d), 2); totals[in_model, ] <- (jacobian(each, b) %*% bread)[, last]
    for (kind in names(designs)) {
      v <- vcov(svytotal(totals, designs[[kind]])); df <- degf(designs[[kind]])
      # Replicates of independent samples say nothing of two groups together, which only chance has go together.
      if (kind == "replicates") { df <- 1e9; v <- Reduce(`+`, lapply(1:3, function(g) {
        own <- totals; own[d$g != g, ] <- 0; vcov(svytotal(own, designs[[kind]])) })) }
      wald <- sum(b[last] * solve(v, b[last]))
      found <- rbind(found, data.frame(kind, item, model, p = pf(wald * (df - 1) / df / 2, 2, df - 1, lower = FALSE)))
      if (model == "uniform") for (g in 1:3) {
        to <- rep(-1/2, 3); to[g] <- 1; to <- to[-1]
        found <- rbind(found, data.frame(kind, item, model = paste0("group", g),
          p = pf(sum(to * b[last])^2 / sum(to * (v %*% to)), 1, df, lower = FALSE)))
      }
    }
  }
}
found$p_holm <- ave(found$p, found$kind, grepl("group", found$model), FUN = function(p) p.adjust(p, "holm"))
write.csv(found, "found.csv", row.names = FALSE)
"""


@pytest.fixture(scope="module")
def three():
    """Three groups of three items, which differ a little in the second; one answer in thirty is missing."""
    rng = np.random.default_rng(8)
    parts = [drawn(rng, 240, mean, shift, 3, 24) for mean, shift in ((0, 0), (0.5, 0.5), (0.2, 0))]
    for codes, _, _ in parts:
        codes[rng.random(codes.shape) < 1 / 30] = -2
    halves = [np.where(rng.integers(0, 2, (24, 30)) == 1, 1.5, 0.5)[school] for _, _, school in parts]
    weights = [np.column_stack([w, w[:, None] * half]) for (_, w, _), half in zip(parts, halves, strict=True)]
    return parts, weights


@pytest.fixture(scope="module")
def from_r(three, tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")
    parts, weights = three
    frames = [
        pd.DataFrame(codes, columns=["q1", "q2", "q3"]).assign(g=g, school=school)
        for g, (codes, _, school) in enumerate(parts, start=1)
    ]
    pd.concat(frames).to_csv(folder / "data.csv", index=False)
    pd.DataFrame(np.concatenate(weights)).to_csv(folder / "weights.csv", index=False)
    run_r(PROGRAM, "survey", folder)
    return pd.read_csv(folder / "found.csv")


@pytest.mark.parametrize("kind", ["linearised", "replicates", "together"])
def test_p_values_are_those_of_totals_in_rs_survey(three, from_r, kind):
    parts, weights = three
    samples = [
        sample(codes, w if kind == "replicates" else w[:, 0], school)
        for (codes, _, school), w in zip(parts, weights, strict=True)
    ]
    ours = compare(*samples, fay=0.5, one_sample=kind == "together")
    each = compare_each(*samples, fay=0.5, one_sample=kind == "together")
    theirs = from_r[from_r["kind"] == kind].pivot(index="item", columns="model", values="p")
    for group in range(3):
        own = each.loc[each["group"] == group, "p_value"]
        assert own.to_numpy() == pytest.approx(theirs[f"group{group + 1}"].to_numpy(), rel=1e-5)
    theirs = from_r[from_r["kind"] == kind].pivot(index="item", columns="model", values="p_holm")
    for model in ("uniform", "nonuniform"):
        assert ours[f"p_{model}"].to_numpy() == pytest.approx(theirs[model].to_numpy(), rel=1e-5)
    assert ours["p_uniform"].min() < 0.05 < ours["p_nonuniform"].max()


def test_r2_and_likelihoods_are_those_of_statsmodels():
    """Two groups of one size, without weights: the three models by another program."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    rng = np.random.default_rng(2)
    (one, _, school), (two, _, _) = drawn(rng, 400, items=3), drawn(rng, 400, 0.3, 0.8, items=3)
    ours = compare(*(sample(codes, np.ones(400), school) for codes in (one, two))).iloc[1]
    codes = np.concatenate([one, two])
    frame = pd.DataFrame({"y": codes[:, 1], "score": codes.sum(axis=1), "group": np.repeat([0.0, 1.0], 400)})
    assert frame["score"].value_counts().min() >= item_dif.LEVEL
    frame = frame[frame.groupby("score")["y"].transform("nunique") > 1]
    score = pd.get_dummies(frame["score"], dtype=float).iloc[:, 1:]
    terms = [score, score.assign(group=frame["group"]), None]
    terms[2] = terms[1].assign(product=frame["group"] * (frame["score"] - frame["score"].mean()))
    fits = [
        OrderedModel(frame["y"], x, distr="logit").fit(method="bfgs", disp=0, gtol=1e-9, maxiter=500) for x in terms
    ]
    shares = frame["y"].value_counts(normalize=True)
    empty, n = np.log(frame["y"].map(shares)).sum(), len(frame)
    r2 = [(1 - np.exp(2 * (empty - fit.llf) / n)) / (1 - np.exp(2 * empty / n)) for fit in fits]
    assert [ours["r2_uniform"], ours["r2_nonuniform"]] == pytest.approx(np.diff(r2), abs=1e-8)
    counts = pd.crosstab([frame["group"], frame["score"]], frame["y"])
    x = pd.get_dummies(counts.index.get_level_values("score"), dtype=float).iloc[:, 1:]
    x["group"] = counts.index.get_level_values("group")
    alone = ordinal.fit(counts.to_numpy(float), x.to_numpy())
    assert alone.log_likelihood == pytest.approx(fits[1].llf, abs=1e-6)
    assert alone.slopes[-1] == pytest.approx(fits[1].params["group"], abs=1e-4)


def test_a_planted_difference_is_found_and_nothing_else():
    """1.5 logits in one item, while the second group also does everything more often."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = compare(sample(*drawn(rng)), sample(*drawn(rng, mean=0.8, shift=-1.5)))
        assert found["place"][found["found"]].tolist() == [1]
        assert not found["anchor"][1]
        row = found.iloc[1]
        assert (row["lowest"], row["highest"]) == (1, 0)
        assert row["share_lowest"] < row["share_highest"] - 0.1


def test_the_group_that_stands_out_is_told_from_those_that_do_not():
    rng = np.random.default_rng(3)
    each = compare_each(*(sample(*drawn(rng, shift=shift)) for shift in (0.0, 0.0, -1.5, 0.0)))
    item = each[each["place"] == 1].set_index("group")
    assert item["p_value"].idxmin() == 2
    assert item.at[2, "share"] < item.at[2, "share_others"] - 0.1
    assert item.at[2, "share_others"] == pytest.approx(item["share"].drop(2).mean())


def test_groups_that_only_do_more_of_everything_differ_in_no_item():
    """By the sum of the other items alone, nearly every item would seem to differ."""
    for seed in range(5):
        rng = np.random.default_rng(100 + seed)
        assert not compare(sample(*drawn(rng)), sample(*drawn(rng, mean=1.0)))["found"].any()


def test_groups_count_alike_in_any_order_and_answers_hold_no_scale():
    rng = np.random.default_rng(5)
    one, two = drawn(rng), drawn(rng, 300, 0.4, 1.0)
    forth = compare(sample(*one), sample(*two))
    back = compare(sample(two[0], two[1] * 1000, two[2]), sample(*one))
    for name in ("r2_uniform", "r2_nonuniform", "p_uniform", "p_nonuniform", "share_lowest", "share_highest"):
        assert back[name].to_numpy() == pytest.approx(forth[name].to_numpy(), rel=1e-6)
    assert (back["lowest"] == 1 - forth["lowest"]).all()


def test_what_cannot_be_compared_has_a_note():
    rng = np.random.default_rng(6)
    one, two = sample(*drawn(rng, 200)), sample(*drawn(rng, 200))
    usable = np.ones((2, 6), dtype=bool)
    usable[0, 0] = False
    alone = item_dif.dif(Groups([one, two], usable, 4, 3)).items.iloc[0]
    assert "one group alone" in alone["note"]
    assert not alone["found"]
    usable[1, :4] = False
    assert item_dif.dif(Groups([one, two], usable, 4, 3)).items["note"].str.contains("other questions").iloc[4]
    silent = replace(one, codes=np.where(np.arange(6) == 2, -2, one.codes))
    assert compare(silent, two)["note"].str.contains("fewer than 1 people answered all").all()
    assert compare(one, two, fewest=(30, 60))["note"].str.contains("fewer than 30 people or 60 schools").all()
    same = replace(one, codes=np.full((200, 6), 2))
    assert compare(same, same)["note"].str.contains("answered alike").all()
    assert not compare(same, same)["found"].any()


def test_answers_foretold_with_certainty_have_no_fit():
    counts = np.array([[10.0, 0, 0], [0, 10, 5]])
    with pytest.raises(InputError, match="foretold"):
        ordinal.fit(counts, np.array([[0.0], [1.0]]))
    with pytest.raises(InputError, match="cannot be told apart"):
        ordinal.fit(counts + 1, np.array([[0.0, 0.0], [1.0, 2.0]]))
