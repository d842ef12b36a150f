"""Two runs on nearly the same people are told of: on the page by group, on the terminal by number."""

import numpy as np
import pandas as pd
import pytest

import inprocess
from helpers.notebook import earlier, session


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Run 02 on some teachers as `make run` would, into the folder of a run of that name."""
    monkeypatch.setattr(earlier, "RUNS", tmp_path)

    def run(name, frame, group=("subject",)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        values = {"items": ["share"], "labels": list("abcde"), "group": list(group)}
        return inprocess.run(tmp_path / name, "02-teacher-leadership", data=str(tmp_path / f"{name}.csv"), **values)

    return run


def teachers():
    rng = np.random.default_rng(3)
    subject = np.repeat(["science", "maths", "arts"], [60, 50, 30])
    band = np.where(np.arange(140) < 134, np.where(np.arange(140) % 2, "high", "middle"), "low")
    return pd.DataFrame({"subject": subject, "band": band, "share": rng.integers(1, 6, 140)})


def told(ran):
    return [line["text"] for line in session.lines(ran.folder) if "Beside the run" in line.get("text", "")]


def test_three_people_who_left_are_told_of(go):
    everybody = teachers()
    assert told(go("before", everybody)) == []
    after = go("after", everybody.drop([0, 1, 2]))
    assert told(after) == [
        "Beside the run before this one tells of a few people: all, share (137, there 140); science, share (57, there 60). "
        "Do not pass on both."
    ]
    assert "they tell of fewer than ten: all, share; science, share." in after.page
    assert "137" not in after.page.partition("Not to be passed on")[2]


def test_a_group_that_is_hidden_follows_from_a_run_with_fewer_columns(go):
    """Arts have 30 people; of two bands 12 each are shown, and the six of the third are not."""
    go("subjects", teachers())
    (said,) = told(go("bands", teachers(), ["subject", "band"]))
    assert "arts, share (24, there 30)" in said
    assert "science" not in said


def test_runs_on_other_people_or_far_apart_are_not(go):
    go("before", teachers())
    assert told(go("after", teachers().drop(range(12)))) == []
