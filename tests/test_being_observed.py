"""Feedback after an observation of one's teaching, as TALIS 2024 asks it: shares, who counts, and codes that cannot be."""

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from test_talis_parts import read, teachers

import inprocess
from helpers.estimate import shares
from helpers.notebook import session
from helpers.project import InputError, locate
from helpers.read import talis, talis_codebook
from helpers.read.talis_codebook import FEEDBACK_FROM
from helpers.study import being_observed

COLLEAGUES = "TT4G68A3"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(talis, "CACHE", tmp_path / "cache")


def asked(unasked=8):
    """Dutch teachers as the OECD's file of 2024 has them, without labels; form C lacks the question, two gave no answer."""
    frame = teachers(2024, NLD=0.3)
    rng = np.random.default_rng(5)
    for place in range(1, 5):
        answers = pd.Series(rng.integers(1, 3, len(frame)), dtype="Int64")
        answers[frame["IDTQUEST"] == 3] = unasked
        answers[[0, 3]] = 9
        frame[f"TT4G68A{place}"] = answers
    return frame


@pytest.mark.parametrize("unasked", [8, None])
def test_shares_are_weighted_and_of_those_who_were_asked(tmp_path, unasked):
    frame = asked(unasked)
    shown = being_observed.view(read(tmp_path, frame))
    row = shown.table.set_index(["item", "statistic"]).loc[("S3", "chosen")]
    here = frame[frame[COLLEAGUES].isin([1, 2])]
    weights = here[talis_codebook.WEIGHTS].to_numpy()
    by_replicate = weights.T @ here[COLLEAGUES].eq(1).to_numpy(float) / weights.sum(axis=0)
    assert (row["n"], row["n_schools"]) == (78, 12)  # of 120: form C and two without an answer are not in it
    counts = shares.counts(shown.answers).set_index("item").loc["S3"]
    assert counts[["answered", "no_answer", "not_administered"]].tolist() == [78, 2, 40]
    assert row["share"] == pytest.approx(by_replicate[0], abs=1e-12)
    assert row["std_error"] == pytest.approx(np.sqrt(0.04 * ((by_replicate[1:] - by_replicate[0]) ** 2).sum()))


def test_declared_variables_are_those_of_the_source(shared):
    listed = pd.read_csv(shared / "data" / "talis" / "codebook_talis2024_teacher_part.csv").set_index("variable")
    for item, variable in talis_codebook.FEEDBACK.variables[2024].items():
        label = listed.at[variable, "label"]
        assert "Observation of classroom teaching" in label
        assert listed.at[variable, "values"] == "1 = Checked | 2 = Not checked"
        assert listed.at[variable, "missing"] == "8 = Not administered | 9 = Omitted or invalid"
        assert FEEDBACK_FROM[item].split()[0].lower() in label.lower() or label.endswith(
            "never received this Feedback types"
        )


def test_other_cycles_were_not_asked(tmp_path):
    assert being_observed.view(read(tmp_path, teachers(2018, NLD=0.3))) is None


def test_too_few_to_show_are_not_shown(tmp_path):
    assert being_observed.view(read(tmp_path, asked().assign(IDSCHOOL=1))) is None


@pytest.mark.parametrize("code", [0, 3, 7])
def test_other_codes_are_refused(tmp_path, code):
    frame = asked()
    frame.loc[5, COLLEAGUES] = code
    with pytest.raises(InputError, match=f"column 'TT4G68A3': answers other than 1, 2, 8, 9 .row 7: {code}"):
        read(tmp_path, frame)


def test_a_file_that_codes_it_the_other_way_round_is_refused(tmp_path):
    path, labels = tmp_path / "ttgintt4.sav", {1: "Not checked", 2: "Checked"}
    frame = asked().astype(dict.fromkeys([f"TT4G68A{place}" for place in range(1, 5)], float))
    pyreadstat.write_sav(frame, path, variable_value_labels={COLLEAGUES: labels})
    with pytest.raises(InputError, match=r"1 is labelled 'Not checked'.*1 checked, 2 not checked"):
        talis.read(path)


@pytest.mark.slow
def test_the_evidence_has_it_where_the_files_are(tmp_path, monkeypatch):
    folder = tmp_path / "raw"
    folder.mkdir()
    monkeypatch.setattr(session, "locate", lambda path: folder if str(path) == "data/raw/talis" else locate(path))
    two = pd.concat([asked(), asked().assign(CNTRY="SWE", TT4G26B=6)])
    two.to_csv(folder / "ttgintt4.csv", sep=";", index=False)
    done = inprocess.run(tmp_path / "run", "03-talis-deprivatization")
    rows = done.figure("feedback")
    assert set(rows["item"]) == set(FEEDBACK_FROM)
    assert set(rows["statistic"]) == {"chosen"}
    assert "not to be compared with them" in done.page
    assert "In the TALIS files read here most never" in done.answer
