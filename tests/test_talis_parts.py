"""TALIS systems that are parts of others, the OECD's average of 2018 by name, and items that only some forms ask."""

import re

import numpy as np
import pandas as pd
import pytest

import inprocess
from helpers.estimate import shares
from helpers.project import InputError
from helpers.read import talis, talis_codebook
from helpers.study import classroom_doors, share_words

QUESTION = {2013: "TT2G33", 2018: "TT3G33", 2024: "TT4G26"}
NEVER = {"BEL": 0.4, "BFL": 0.7, "BFR": 0.1, "NLD": 0.2, "SWE": 0.35}
"""About so many never watch a colleague; Belgium is its two parts together."""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(talis, "CACHE", tmp_path / "cache")


def teachers(cycle, **systems):
    """Teachers, ten in a school: of each system the share that never does anything, each time the same."""
    every = []
    for place, (system, never) in enumerate(systems.items()):
        rng, n = np.random.default_rng(place), 120
        frame = pd.DataFrame({"CNTRY": system, "IDSCHOOL": 1 + np.arange(n) // 10, "IDTEACH": np.arange(1, n + 1)})
        frame = frame.assign(IDPOP=2, IDTQUEST=1 + np.arange(n) % 3, TCHWGT=rng.uniform(1, 3, n))
        answers = np.where(rng.random((n, 8)) < never, 1, rng.integers(2, 7, (n, 8)))
        frame[[f"{QUESTION[cycle]}{item}" for item in "ABCDEFGH"]] = answers
        halves = rng.choice([0.5, 1.5], (n // 10, 100))[frame["IDSCHOOL"] - 1] * frame[["TCHWGT"]].to_numpy()
        every.append(frame.join(pd.DataFrame(halves, columns=talis_codebook.WEIGHTS[1:])))
    return pd.concat(every, ignore_index=True)


def belgium(cycle=2024):
    """Belgium with its parts, the same teachers twice, and two other systems."""
    frame = teachers(cycle, **{code: NEVER[code] for code in ("BFL", "BFR", "NLD", "SWE")})
    whole = frame[frame["CNTRY"].isin(["BFL", "BFR"])].assign(CNTRY="BEL", IDTEACH=range(1, 241))
    whole["IDSCHOOL"] = (whole["IDTEACH"] - 1) // 10 + 1
    return pd.concat([whole, frame], ignore_index=True)


def read(folder, *frames):
    for place, frame in enumerate(frames):
        frame.to_csv(folder / f"{place}.csv", sep=";", index=False)
    return talis.read(folder)


def never_watch(frame, system, cycle=2024):
    own = frame[frame["CNTRY"] == system]
    return np.average(own[f"{QUESTION[cycle]}B"] == 1, weights=own["TCHWGT"])


def mean_of(view):
    """The drawn mean of those who never watch a colleague."""
    rows = view.lowest
    return rows[rows["average"] & (rows["item"] == "B")].squeeze()


def pairs(view):
    compared = classroom_doors.differences(view)
    return set(zip(compared["system"], compared["other"], strict=True))


# What is declared


def test_declared_systems_are_those_of_the_source(shared):
    text = (shared / "data" / "README.md").read_text()
    listed = re.search(r"plain mean over 31 systems.*?: ([A-Z\s]+?)\. No Icelandic", text, re.S)[1].split()
    assert list(talis_codebook.AVERAGES["OECD 2018"]) == listed
    assert len(set(listed)) == 31
    assert set(talis_codebook.NOT_PUBLIC) == {"ISL"}
    systems = (shared / "data" / "talis" / "talis2024_systems.txt").read_text().split("\n")
    assert {"BEL", "BFL", "BFR"} <= set(systems)
    assert talis_codebook.parts(2024, systems) == {"BFL": "BEL", "BFR": "BEL"}
    codes = (shared / "data" / "talis" / "codebook_talis2018_teacher.csv").read_text(encoding="utf-8")
    assert "56=Belgium;" in codes
    assert "956=Flemish Community (Belgium)" in codes
    assert talis_codebook.parts(2018, ["BEL", "BFL"]) == {"BFL": "BEL"}


def test_a_part_without_its_whole_is_a_system():
    assert talis_codebook.parts(2024, ["BFL", "BFR", "NLD"]) == {}
    assert talis_codebook.parts(2013, ["BEL", "BFL"]) == {}
    assert talis_codebook.parts(0, ["BEL", "BFL"]) == {}  # groups of a survey of one's own


# A whole and its parts


def test_parts_are_in_no_mean_count_or_rank(tmp_path):
    frame = belgium()
    view = classroom_doors.view(read(tmp_path, frame))
    assert view.shown == ["BEL", "NLD", "SWE"]
    expected = np.mean([never_watch(frame, code) for code in ("BEL", "NLD", "SWE")])
    mean = mean_of(view)
    assert (mean["label"], mean["n_systems"], mean["n"]) == ("Mean of 3", 3, 480)
    assert mean["share"] == pytest.approx(expected, rel=1e-9)
    assert set(view.lowest["system"]) == {"BEL", "NLD", "SWE", "Mean of 3"}
    assert set(view.often["system"]) == {"BEL", "NLD", "SWE"}
    watching = view.closed.loc[talis.ITEMS["B"]]
    assert watching["mean"] == pytest.approx(expected, rel=1e-9)
    assert watching["max"] < never_watch(frame, "BFL")
    assert pairs(view) == {("BEL", "NLD"), ("BEL", "SWE"), ("NLD", "SWE")}
    told = share_words.told(view, "lower secondary")
    assert "Read: 480 respondents in 48 schools, 3 systems (BEL, NLD, SWE)" in told
    assert "BFL (part of BEL), BFR (part of BEL): the same teachers stand in the whole" in told
    assert "3 systems in" in share_words.ranked(view)["alt"]
    assert share_words.often(view)["alt"].startswith("Map of 3 systems")


def test_parts_that_are_named_are_shown_as_parts(tmp_path):
    frame = belgium()
    answers = read(tmp_path, frame)
    view = classroom_doors.view(answers, ["BEL", "BFL", "NLD"])
    assert set(view.drawn["label"]) == {"BEL", "BFL (part of BEL)", "NLD", "Mean of 3"}
    assert pairs(view) == {("BEL", "NLD")}  # neither with its part, nor the part beside it
    assert set(view.lowest["system"]) == {"BEL", "NLD", "SWE", "Mean of 3"}
    assert view.highlight == ["BEL", "NLD"]
    alone = classroom_doors.view(answers, ["BEL", "BFR"])
    assert not pairs(alone)
    assert "no independent samples" in share_words.alone(alone)
    assert pairs(classroom_doors.view(answers, ["BFL", "BFR"])) == {("BFL", "BFR")}  # these two are


def test_a_mean_never_has_a_whole_and_its_part(tmp_path):
    frame = belgium()
    answers = read(tmp_path, frame)
    both = mean_of(classroom_doors.view(answers, average=["BFL", "BEL", "NLD"]))
    assert both["share"] == pytest.approx(np.mean([never_watch(frame, code) for code in ("BEL", "NLD")]))
    part = mean_of(classroom_doors.view(answers, average=["BFL", "NLD"]))
    assert part["share"] == pytest.approx(np.mean([never_watch(frame, code) for code in ("BFL", "NLD")]))


def test_parts_are_told_within_each_cycle(tmp_path):
    """Flanders alone in 2013 is a system; a mean is of the systems of the latest cycle."""
    early = teachers(2013, BFL=0.5, POL=0.3)
    view = classroom_doors.view(read(tmp_path, belgium(), early))
    assert mean_of(view)["label"] == "Mean of 3"
    assert len(classroom_doors.counted(view.answers.frame)) == 480 + 240
    only = classroom_doors.view(read_again(tmp_path, early))
    assert only.whole == {"BFL": "BFL", "POL": "POL"}
    assert mean_of(only)["label"] == "Mean of 2"
    assert not share_words.told(only, "lower secondary").count("part of")


def read_again(folder, *frames):
    (folder / "again").mkdir()
    return read(folder / "again", *frames)


# The OECD's average


@pytest.mark.parametrize("name", ["OECD 2018", "oecd-2018"])
def test_the_oecds_average_by_name(tmp_path, name):
    frame = teachers(2018, CHL=0.2, NLD=0.5, FRA=0.3, BRA=0.9)
    frame.loc[frame["CNTRY"] == "FRA", "TT3G33D"] = 8
    view = classroom_doors.view(read(tmp_path, frame), ["BRA"], [name])
    mean = mean_of(view)
    assert (mean["label"], mean["n_systems"]) == ("Mean of 3 of 31 (OECD 2018)", 3)
    expected = np.mean([never_watch(frame, code, 2018) for code in ("CHL", "NLD", "FRA")])
    assert mean["share"] == pytest.approx(expected, rel=1e-9)
    told = share_words.told(view, "lower secondary")
    assert (
        "The mean is of 3 of the 31 systems of the average OECD 2018; not in these files: CAB, AUS, AUT, BEL," in told
    )
    lacking = told.partition("not in these files: ")[2].partition(".")[0].split(", ")
    assert lacking == [code for code in talis_codebook.AVERAGES["OECD 2018"] if code not in ("CHL", "NLD", "FRA")]
    assert told.endswith("No teacher file of Iceland (ISL) of 2018 is public.")
    caption = share_words.dots(view, "never")["caption"]
    assert "plain mean of 3 of the 31 systems of OECD 2018" in caption
    assert f"2 in “{talis.ITEMS['D']}”" in caption  # France was not asked
    means = view.now[view.now["average"]].drop_duplicates("item").set_index("item")["label"]
    assert means["D"] == "Mean of 2 of 31 (OECD 2018)"
    assert means["B"] == "Mean of 3 of 31 (OECD 2018)"


def test_a_mean_is_named_by_those_that_were_asked_and_of_one_there_is_none(tmp_path):
    frame = belgium()
    frame.loc[frame["CNTRY"].eq("NLD"), f"{QUESTION[2024]}D"] = 8
    frame.loc[frame["CNTRY"].isin(["NLD", "SWE"]), f"{QUESTION[2024]}F"] = 8
    view = classroom_doors.view(read(tmp_path, frame))
    means = view.drawn[view.drawn["average"]].groupby("item", observed=True)["label"].unique()
    assert means["B"].tolist() == ["Mean of 3"]
    assert means["D"].tolist() == ["Mean of 2"]
    assert "F" not in means


def test_the_oecds_average_without_its_systems(tmp_path):
    answers = read(tmp_path, teachers(2018, BRA=0.4, CHL=0.3))
    view = classroom_doors.view(answers, average=["OECD 2018"])
    assert not view.now["average"].any()
    assert "systems of the average OECD 2018 one alone is here, so there is no mean" in share_words.told(
        view, "primary"
    )
    with pytest.raises(InputError, match="'OECD 2018' stands for 31 systems"):
        classroom_doors.view(answers, average=["OECD 2018", "BRA"])
    with pytest.raises(InputError, match=r"'EU 27' is neither the code .* an average known here \(OECD 2018\)"):
        classroom_doors.view(answers, average=["EU 27"])


# Rotated forms


@pytest.mark.parametrize("unasked", [8, None])
def test_an_item_that_some_forms_ask_has_no_gaps_elsewhere(tmp_path, unasked):
    """Form C lacks item B: code 8 says so, and so do the cells of a whole form that are empty."""
    frame = teachers(2024, NLD=0.3)
    frame["TT4G26B"] = frame["TT4G26B"].astype("Int64")
    frame.loc[frame["IDTQUEST"] == 3, "TT4G26B"] = unasked
    frame.loc[[0, 3, 6], "TT4G26B"] = 9, None, 8  # two who were asked and gave no answer, and one who was not
    survey = read(tmp_path, frame)
    assert survey.frame["form"].value_counts().to_dict() == {"A": 40, "B": 40, "C": 40}
    found = shares.counts(survey).set_index("item").loc["B"]
    assert found[["respondents", "answered", "no_answer", "not_administered"]].tolist() == [120, 77, 2, 41]
    asked = frame[frame["TT4G26B"].isin(range(1, 7))]
    row = shares.table(survey).set_index(["item", "statistic"]).loc[("B", "never")]
    assert row["n"] == 77
    assert row["share"] == pytest.approx(np.average(asked["TT4G26B"] == 1, weights=asked["TCHWGT"]))


def test_few_empty_cells_say_nothing_of_a_form(tmp_path):
    frame = teachers(2024, NLD=0.3).iloc[:60]  # twenty of each form
    frame = frame.assign(TT4G26B=frame["TT4G26B"].astype("Int64").mask(frame["IDTQUEST"] == 3))
    found = shares.counts(read(tmp_path, frame)).set_index("item").loc["B"]
    assert found[["answered", "no_answer", "not_administered"]].tolist() == [40, 20, 0]


def test_missing_codes_of_the_final_weight_of_2024_are_no_weights(tmp_path):
    frame = teachers(2024, NLD=0.3)
    frame.loc[4, "TCHWGT"] = 9998
    with pytest.raises(InputError, match="column 'TCHWGT': weights that are missing"):
        read(tmp_path, frame)


@pytest.mark.slow
def test_the_page_tells_of_parts(tmp_path):
    (tmp_path / "mine").mkdir()
    frame = belgium()
    frame["TT4G68A3"] = np.where(frame["CNTRY"].eq("NLD") & frame["IDTEACH"].lt(100), 1, 2)
    frame.to_csv(tmp_path / "mine" / "x.csv", sep=";", index=False)
    notebook, data = "03-talis-deprivatization", str(tmp_path / "mine")
    done = inprocess.run(tmp_path / "run", notebook, data=data, systems=["BEL", "BFL"], average=["OECD 2018"])
    assert "BFL (part of BEL), BFR (part of BEL): the same teachers stand in the whole" in done.page
    assert "what is drawn is a system and parts of it" in done.page
    assert "The mean is of 3 of the 31 systems of the average OECD 2018, here of 2024" in done.page
    feedback = done.figure("feedback").set_index(["item", "system"])["share"]
    assert feedback["S3", "NLD"] > 0.7
    assert feedback["S3", "SWE"] == 0
    assert np.isnan(feedback["S1", "NLD"])  # not in this file
    assert set(done.figure("ranked")["system"]) == {"BEL", "NLD", "SWE", "Mean of 3 of 31 (OECD 2018)"}
    assert set(done.figure("shares")["label"]) == {"BEL", "BFL (part of BEL)", "Mean of 3 of 31 (OECD 2018)"}
