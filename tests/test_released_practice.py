"""Notebook 01 on a release: what the records would give, as far as the release holds it."""

import json

import pandas as pd
import pytest
from test_release import COLUMNS, PARAMETERS, WEIGHTED, ask, students  # noqa: F401  (a fixture)

from conftest import ROOT
from helpers.project import InputError
from helpers.read import files
from helpers.release import combine
from helpers.study import own_practice, released_practice
from inprocess import refused, run

NOTEBOOK = "01-practice-change"


def of_records(tmp_path, **parameters):
    """The study of the records that `ask` wrote."""
    given = {"items": [], "low": 1, "high": 4, "balanced": False, "by": "", "weight": "", "cluster": ""}
    return own_practice.read(tmp_path / "records.csv", **given | {"controls": [], "categories": []} | parameters)


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [PARAMETERS | {"by": "band"}, WEIGHTED], ids=["panels", "weights and districts"])
def test_a_release_by_school_gives_all_that_sums_give(ask, tmp_path, parameters):  # noqa: F811
    study = released_practice.read(ask(students(schools=22, size=60), "school", parameters))
    other = of_records(tmp_path, **parameters)
    assert (study.years, study.cluster, study.categories) == (other.years, other.cluster, other.categories)
    units = own_practice.units(study, True)
    assert units == pytest.approx(own_practice.units(other, True), rel=1e-9)
    for inference in ("CR2", "CRV3"):
        one = released_practice.estimates(study, inference, units)
        pd.testing.assert_frame_equal(one, own_practice.estimates(other, inference, units), rtol=1e-9)
    for mine, theirs in (
        (released_practice.joint_tests(study, "CR2"), own_practice.joint_tests(other, "CR2")),
        (released_practice.specifications(study, units, "CRV1"), own_practice.specifications(other, units, "CRV1")),
        (own_practice.schools(study, units), own_practice.schools(other, units)),
    ):
        assert len(theirs)
        pd.testing.assert_frame_equal(mine.reset_index(drop=True), theirs.reset_index(drop=True), rtol=1e-7)


def test_a_pooled_release_gives_estimates_under_every_inference(ask, tmp_path):  # noqa: F811
    study = released_practice.read(ask(students(), "pooled", PARAMETERS))
    other = of_records(tmp_path, **PARAMETERS)
    units = own_practice.units(study, True)
    assert study.pooled
    assert units == pytest.approx(own_practice.units(other, True), rel=1e-9)
    for inference in ("CR2", "CRV3", "CRV1", "bootstrap"):
        one, two = released_practice.estimates(study, inference, units), own_practice.estimates(other, inference, units)
        if inference == "bootstrap":
            assert one[["ci_low", "ci_high"]].isna().all(axis=None)
            one, two = (table.drop(columns=["ci_low", "ci_high"]) for table in (one, two))
        pd.testing.assert_frame_equal(one, two, rtol=1e-9)
    found = released_practice.specifications(study, units, "CRV3").set_index("specification")
    rows = own_practice.specifications(other, units, "CRV3").set_index("specification")
    assert found["std_error"].to_dict() == pytest.approx(rows["std_error"][found.index].to_dict(), rel=1e-9)
    assert released_practice.joint_tests(study, "CR2").empty
    assert own_practice.schools(study, units).empty


@pytest.mark.slow
def test_a_run_on_each_kind_shows_what_the_release_holds(ask, tmp_path):  # noqa: F811
    frame = students()
    pages = {}
    for kind in ("school", "pooled"):
        folder = ask(frame, kind, PARAMETERS | {"by": "band"}, kind)
        made = run(tmp_path / "run" / kind, NOTEBOOK, release=str(folder), inference="CRV3", standardise=True)
        expected = pd.read_csv(folder / "estimates.csv")
        found = made.table("estimates")
        assert set(found["state"]) == {"moments"}
        assert found["term"].tolist() == expected["term"].tolist()
        assert made.answer.startswith("From 2012 to 2014 y within schools ")
        assert "standard deviations of the baseline year" in made.answer
        lines = (made.folder / "record.jsonl").read_text()
        assert "about.json" in lines
        (given,) = (made.folder / "tables").glob("*as-declared.yml")
        assert "data" not in given.read_text()
        pages[kind] = made.page
    for said in ("here are their sums", "A release holds no records", "only how many records are not in its sums"):
        assert said in pages["school"]
        assert said in pages["pooled"]
    assert "a pooled release does not hold what such a test needs" in pages["pooled"]
    assert "A pooled release tells of no school." in pages["pooled"]
    assert "pooled release" not in pages["school"]
    assert "Fewer than ten schools" in pages["school"]  # five in each panel


def test_what_a_reader_cannot_decide_is_refused(ask, tmp_path):  # noqa: F811
    folder = ask(students(), "pooled", COLUMNS)
    for more in ({"data": str(tmp_path / "records.csv")}, {"outcome": "y"}, {"balanced": True}):
        (name,) = more
        refused(
            lambda more=more: run(tmp_path / "run", NOTEBOOK, release=str(folder), **more), f"`{name}`", "decided that"
        )
    refused(lambda: run(tmp_path / "run", NOTEBOOK, release=str(tmp_path / "away")), "release: away is no folder")
    about = json.loads((folder / "about.json").read_text())
    del about["panels"]["all records"]["levels"]
    (folder / "about.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="mine: an older version made this release"):
        released_practice.read(folder)


@pytest.mark.slow
def test_sums_of_made_up_records_stay_simulated(ask, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr("helpers.release.combine.BUILD", tmp_path / "build")
    example = pd.read_csv(ROOT / "data" / "simulated" / "01-students.csv")
    columns = {"outcome": "practice", "school": "school", "year": "year", "baseline": 2015}
    folders = {}
    for name, data in {"own": example.iloc[:-500], "copy": example}.items():
        folders[name] = ask(data, "school", columns, name)
    (tmp_path / "real.csv").write_bytes((ROOT / "data" / "simulated" / "01-students.csv").read_bytes())
    folders["copy"] = ask(example, "school", columns | {"data": str(tmp_path / "real.csv")}, "copy")
    assert files.state_of(folders["own"] / "moments.csv") == "moments"
    assert files.state_of(folders["copy"] / "moments.csv") == "simulated"
    both = combine.make(["own", "copy"], "different")
    assert files.state_of(both / "moments.csv") == "simulated"
    assert released_practice.read(both).records == 2 * len(example) - 500
