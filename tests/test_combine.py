"""Releases of several districts together give the table of all their records."""

import copy
import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest
import yaml
from test_release import COLUMNS, PARAMETERS, WEIGHTED, ask, from_records, model, same, students  # noqa: F401  (a fixture)

from helpers.estimate import fixed_effects, moments, panels
from helpers.project import InputError
from helpers.release import __main__ as command
from helpers.release import combine, released


@pytest.fixture
def made(ask, tmp_path, monkeypatch):  # noqa: F811
    """Release each of some frames under its name, combine, return the folder."""
    monkeypatch.setattr("helpers.release.combine.BUILD", tmp_path / "build")

    def combined(frames, kinds, parameters, schools="ask", others=None):
        for name, frame in frames.items():
            ask(frame, kinds.get(name, "school"), parameters | (others or {}).get(name, {}), name)
        return combine.make(list(frames), schools)

    return combined


def districts(schools=5, size=60):
    """Two districts of other schools, students and levels of the outcome."""
    north, south = (students(schools=schools, size=size, seed=seed) for seed in (3, 4))
    south = south.assign(y=south["y"] + 30, x=south["x"] - 2)
    for column, first in (("school", "S"), ("district", "K")):
        south[column] = first + south[column].str[-2:]
    return {"north": north, "south": south}


@pytest.mark.parametrize("parameters", [PARAMETERS, WEIGHTED], ids=["plain", "weights and districts"])
def test_every_table_is_that_of_the_pooled_records(made, parameters):
    frames = districts()
    whole = pd.concat(frames.values(), ignore_index=True)
    place = made(frames, {}, parameters)
    found = pd.read_csv(place / "estimates.csv")
    assert list(found["inference"].unique()) == ["CR2", "CRV3", "CRV1", "bootstrap"]
    assert set(found["state"]) == {"moments"}
    assert place.name == "north+south"
    data = fixed_effects.within(moments.compute(whole, model(parameters)))
    for inference, table in found.groupby("inference"):
        same(table.reset_index(drop=True), panels.table(data, inference))
    # It is a release itself, which `released` and a notebook read.
    pd.testing.assert_frame_equal(
        released.estimates(place, "CRV3").drop(columns="panel"),
        found[found["inference"] == "CRV3"].reset_index(drop=True).drop(columns=["panel", "inference"]),
        rtol=1e-12,
    )


def test_panels_standardised_and_columns_in_another_order(made):
    frames = {name: frame.assign(z=frame["x"] ** 2 + frame["y"] % 1) for name, frame in districts(schools=8).items()}
    parameters = COLUMNS | {"by": "band", "standardise": True}
    orders = {
        "north": {"controls": ["x", "z"], "categories": {"sex": "f", "plan": "free"}},
        "south": {"controls": ["z", "x"], "categories": ["plan", "sex"]},
    }
    place = made(frames, {}, parameters, others=orders)
    found = pd.read_csv(place / "estimates.csv")
    whole = pd.concat(frames.values(), ignore_index=True)
    for panel, table in found[found["inference"] == "CR2"].groupby("panel"):
        expected = from_records(whole, parameters | orders["north"], "CR2", subset={"band": panel})
        sd = fixed_effects.within(
            moments.compute(whole, model(parameters | orders["north"], subset={"band": panel}))
        ).baseline_sd
        assert table["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy() / sd, rel=1e-11)
        assert table["std_error"].to_numpy() == pytest.approx(expected["std_error"].to_numpy() / sd, rel=1e-11)
        means = whole[whole["band"] == panel].dropna()[["x", "z", "y"]].mean()
        centres = released.read_school(released.read(place), panel).centres
        assert centres == pytest.approx(means.to_numpy(), rel=1e-9)


@pytest.mark.parametrize("kinds", [{"north": "pooled", "south": "pooled"}, {"north": "pooled"}])
def test_pooled_releases_give_estimates_and_no_errors(made, kinds, capsys):
    frames = districts()
    place = made(frames, kinds, PARAMETERS, others={"south": {"categories": ["plan", "sex"]}})
    found = pd.read_csv(place / "estimates.csv")
    expected = from_records(pd.concat(frames.values()), PARAMETERS, "CR2")
    assert found["term"].tolist() == expected["term"].tolist()
    for column in ("estimate", "n", "n_groups", "n_varying"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-12)
    assert found[["std_error", "ci_low", "ci_high", "p_value", "df"]].isna().all(axis=None)
    assert "errors cannot be had" in combine.told(place)


def test_schools_of_one_name_are_asked_about():
    """The same schools in other years, or other schools of the same name."""
    frame = students(schools=5, size=60)
    frames = {"old": frame[frame.index % 3 == 0], "new": frame[frame.index % 3 > 0]}
    about = {"panels": {"all": {}}, "parameters": {"standardise": False}}
    parts = [
        combine.Part(name, released.school({"all": moments.compute(part, model(COLUMNS | {"controls": ["x"]}))}), about)
        for name, part in frames.items()
    ]
    with pytest.raises(InputError, match=r"5 schools or clusters .*Lyceum-00.*SCHOOLS=same .*SCHOOLS=different"):
        combine.together(parts)
    apart = pd.concat(f.assign(school=f"{name}: " + f["school"]) for name, f in frames.items())
    for schools, records in {"same": frame, "different": apart}.items():
        found = combine.estimates(parts, combine.together(parts, schools))
        same(
            found[found["inference"] == "CRV1"].reset_index(drop=True),
            from_records(records, COLUMNS | {"controls": ["x"]}, "CRV1"),
        )
    moved = combine.Part("new", parts[1].frame.replace({"cluster": {"Lyceum-00": "elsewhere"}}), about)
    with pytest.raises(InputError, match="'Lyceum-00' lies in another cluster"):
        combine.together([parts[0], moved], "same")


def renamed(what, value):
    """The description of a release whose parameter is another."""
    return lambda about: about["parameters"].update({what: value})


def panel_with(what, value):
    return lambda about: about["panels"]["all records"].update({what: value})


REFUSED = {
    "outcome": (renamed("outcome", "z"), "outcome: 'y' in north and 'z' in south do not go together"),
    "baseline": (renamed("baseline", 2013), "baseline: '2012' in north and '2013' in south"),
    "a control": (renamed("controls", []), "controls: 'x' in north and '' in south"),
    "standardisation": (renamed("standardise", True), "standardise: 'False' in north and 'True' in south .*, for one is in standard deviations"),
    "weights": (renamed("weight", "w"), "weight: '' in north and 'w' in south"),
    "clusters": (renamed("cluster", "district"), "cluster: '' in north and 'district' in south"),
    "reference": (panel_with("references", {"year": "2012", "sex": "m"}), "panel 'all records': the reference levels: .*'sex': 'f'.* in north"),
    "a level": (panel_with("terms", ["2013", "sex: male"]), "panel 'all records': the terms: '2013, 2014, .*sex: m, x' in north and '2013, sex: male' in south"),
    "panels": (lambda about: about["panels"].update(high={}), "panels: 'all records' in north and 'all records, high' in south"),
}  # fmt: skip


@pytest.fixture(scope="module")
def north(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("north")
        for module in ("folder", "combine"):
            patch.setattr(f"helpers.release.{module}.BUILD", home)
        students(size=60).to_csv(home / "records.csv", index=False)
        (home / "north.yml").write_text(yaml.safe_dump({"data": str(home / "records.csv")} | PARAMETERS))
        command.make(home / "north.yml", "pooled")
        yield combine.read("north")


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_add_up_is_refused_by_name(north, case):
    change, message = REFUSED[case]
    about = copy.deepcopy(north.about)
    other = replace(north, name="south", about=about, frame=north.frame.assign(value=lambda f: f["value"] + 1))
    combine.check_alike([north, other])
    change(about)
    with pytest.raises(InputError, match=message):
        combine.check_alike([north, other])


def test_a_release_and_its_copy_are_refused(north):
    with pytest.raises(InputError, match="north and copy are the same release"):
        combine.check_alike([north, replace(north, name="copy")])


def test_pooled_and_standardised_is_refused(made):
    with pytest.raises(InputError, match=r"do not tell how many those are.*without `standardise`"):
        made(districts(), {"north": "pooled"}, PARAMETERS | {"standardise": True})


def test_command_line(made, tmp_path, capsys):
    made(districts(), {"north": "pooled"}, COLUMNS)
    assert command.main(["combine", "ask", "north", str(tmp_path / "build" / "releases" / "south")]) == 0
    assert "estimates.csv. A release among them is pooled" in capsys.readouterr().out
    shutil.move(tmp_path / "build" / "releases" / "south", tmp_path / "north")
    for names, said in {
        ("north",): "two releases or more",
        ("north", "west"): "west: no such folder",
        ("north", str(tmp_path / "north")): "two releases are called 'north'",
    }.items():
        assert command.main(["combine", "ask", *names]) == 1
        assert said in capsys.readouterr().err
    about = json.loads((tmp_path / "build" / "combined" / "north+south" / "about.json").read_text())
    assert [one["kind"] for one in about["releases"]] == ["pooled", "school"]
