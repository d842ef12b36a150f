"""Limits that a data holder signs: read, refused when weaker without a reason, and kept by every release."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from test_release import COLUMNS, SEX_BY_YEAR, ask, cut, students  # noqa: F401  (a fixture)

from conftest import ROOT
from helpers.notebook import parameters
from helpers.project import InputError
from helpers.release import dominance, risk

SIGNED = {"signed_by": "Ada Holder", "signed_on": "2026-01-31"}


@pytest.fixture
def limits(tmp_path):
    """Write a file of limits, and say where it is."""

    def written(**values):
        (tmp_path / "limits.yml").write_text(yaml.safe_dump(values))
        return str(tmp_path / "limits.yml")

    return written


def test_the_ready_file_has_the_defaults():
    """ACRO's: threshold 10, n 2, k 0.9, p 0.1, degrees of freedom 10, rounding to 5."""
    ready = parameters.read(ROOT / "params" / "release.yml")
    assert list(ready) == [own.name for own in risk.PARAMETERS]
    assert risk.read("params/release.yml") == risk.read("")
    assert list(ready.values())[:6] == [10, 2, 0.9, 0.1, 10, 5]


def test_stricter_limits_need_no_reason_and_weaker_ones_a_name_and_a_reason(limits):
    assert risk.read(limits(threshold=20, dominance_k=0.5)).threshold == 20
    for weaker in (
        {"threshold": 5},
        {"dominance_k": 0.95},
        {"dominance_n": 1},
        {"p_ratio": 0.05},
        {"degrees_of_freedom": 3},
    ):
        (name,) = weaker
        for lacking in ({}, SIGNED, {"weaker_because": "agreed"}):
            with pytest.raises(
                InputError, match=rf"limits\.yml: {name} is .*, weaker than .* need a reason and a name"
            ):
                risk.read(limits(**weaker, **lacking))
        found = risk.read(limits(**weaker, **SIGNED, weaker_because="agreed with the board"))
        assert risk.weaker(found)[0].startswith(name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": "ten"}, r"threshold: input should be .*integer"),
        ({"treshold": 10}, r"treshold: no such parameter\na file of limits takes:\n  threshold: int = 10"),
        ({"dominance_k": 90}, r"dominance_k is 90\. It lies between 0 and 1"),
        ({"rounding": 0}, r"rounding is 0\. It lies between 1"),
        ({"signed_by": "Ada"}, "belong together"),
        ({"signed_by": "Ada", "signed_on": "31.1.2026"}, r"signed_on is '31\.1\.2026'. Write year-month-day"),
    ],
)
def test_limits_that_are_none_are_refused(limits, given, message):
    with pytest.raises(InputError, match=message):
        risk.read(limits(**given))


def far(value, **where):
    """One student of those of `where` has this outcome."""

    def changed(frame):
        match = np.logical_and.reduce([frame[column] == wanted for column, wanted in where.items()])
        return frame.assign(y=frame["y"].mask(frame.index == frame.index[match][0], value))

    return changed


ONE = {"school": "Lyceum-05", "year": 2013, "sex": "m"}
REFUSED = {
    "a value by school": ("school", far(1e5, **ONE), {}, r"one or two students make up most of a sum: y in Lyceum-05; y in Lyceum-05, sex m; y in Lyceum-05, year 2013"),
    "a negative one": ("school", far(-1e5, **ONE), {}, "most of a sum: y in Lyceum-05"),
    "a control": ("school", lambda f: f.assign(x=f["x"].mask(f.index == 7, 1e6)), {}, "most of a sum: x in"),
    "a weight": ("school", lambda f: f.assign(weight=f["weight"].mask(f.index == 7, 1e6)), {"weight": "weight"}, "most of a sum: weight in"),
    "hidden by a large mean": ("school", far(900, **ONE), {}, "most of a sum of squares: y in Lyceum-05"),
    "the baseline over all schools": ("pooled", far(1e7, school="Lyceum-05", year=2012), {}, "most of a sum: y in all schools, year 2012"),
    "squares over all schools": ("pooled", far(1e4, **ONE), {}, "most of a sum of squares: y in all schools"),
    "a class all alike": ("school", lambda f: f.assign(y=f["y"].mask((f["school"] == "Lyceum-05") & (f["year"] == 2013) & (f["sex"] == "m"), 50.0).mask((f["school"] == "Lyceum-05") & (f["year"] == 2013), 50.0)), {}, "all have the same value: y in Lyceum-05, year 2013. Whoever"),
    "a control all alike": ("school", lambda f: f.assign(x=f["x"].mask((f["school"] == "Lyceum-05") & (f["year"] == 2013), 1.5)), {}, "same value: x in Lyceum-05, year 2013"),
    "a baseline all alike": ("pooled", lambda f: f.assign(y=f["y"].mask(f["year"] == 2012, 50.0)), {}, "same value: y in all schools, year 2012"),
    "a school with few degrees of freedom": ("school", lambda f: cut(cut(f, 10, school="Lyceum-05", sex="m", year=2012), 0, school="Lyceum-05", sex="f").query("school != 'Lyceum-05' or year == 2012"), {}, r"Lyceum-05 \(8\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_tells_about_one_or_two_or_about_all_is_refused(ask, case):  # noqa: F811
    kind, change, more, message = REFUSED[case]
    frame = students(size=40).dropna().reset_index(drop=True)
    with pytest.raises(InputError, match=message):
        ask(change(frame), kind, SEX_BY_YEAR | more)


def test_a_control_of_schools_and_years_is_nobodys_value(ask):  # noqa: F811
    frame = students(size=40).dropna()
    frame["x"] = frame.groupby(["school", "year"])["x"].transform("mean")
    ask(frame, "school", SEX_BY_YEAR)


def test_a_panel_with_few_degrees_of_freedom_is_refused(ask, limits):  # noqa: F811
    strict = limits(degrees_of_freedom=1000)
    frame = students(size=30).dropna()
    with pytest.raises(InputError, match=r"students in 10 schools and 4 terms leave \d+ residual .* fewer than 1000"):
        ask(frame, "pooled", SEX_BY_YEAR | {"risk": strict})


def by_trying(values, n, k, p):
    """As ACRO has it, from the values themselves; its p-ratio looks at all but the two largest."""
    first = sorted(map(abs, values), reverse=True)
    return sum(first[:n]) > k * sum(first) or sum(first[2:]) < p * first[0]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_rules_are_those_of_the_values(n):
    """Of small groups the smallest and largest values overlap, of large ones most values are not fetched."""
    rng = np.random.default_rng(5)
    for size in (2, 3, 5, 12, 80):
        values = rng.standard_t(1, size) * rng.choice([-1, 1])
        low, high = np.sort(values)[:3], np.sort(values)[::-1][:3]
        rows = pd.DataFrame({"low": [low], "high": [high], "n": size, "mean": values.mean()})
        given = risk.Limits(10, n, 0.8, 0.1, 10, 5, "", "", "")
        ends = np.abs(dominance._ends(rows))
        assert dominance.dominated(ends, np.abs([values]).sum(axis=1), given)[0] == by_trying(values, n, 0.8, 0.1)
        around = (values - values.mean()) ** 2
        assert dominance.dominated(dominance._squares(rows), around[None].sum(axis=1), given)[0] == by_trying(
            around, n, 0.8, 0.1
        )


def test_the_threshold_of_the_file_counts_for_cells_and_for_what_follows(ask, limits):  # noqa: F811
    frame = cut(students(size=60).dropna(), 12, school="Lyceum-05", year=2013, sex="m")
    ask(frame, "school", SEX_BY_YEAR)
    with pytest.raises(InputError, match=r"cell of 1 to 14 students.*year 2013 and sex m: 12"):
        ask(frame, "school", SEX_BY_YEAR | {"risk": limits(threshold=15)})
    few = cut(frame, 6, school="Lyceum-05", year=2013, sex="m")
    said = SIGNED | {"weaker_because": "the board agreed"}
    folder = ask(few, "school", SEX_BY_YEAR | {"risk": limits(threshold=5, **said)})
    text = (folder / "disclosure.md").read_text()
    assert "Signed by **Ada Holder** on 2026-01-31" in text
    assert "**Weaker than the defaults:** threshold is 5, weaker than 10. The reason given: the board agreed" in text


def test_disclosure_json_tells_each_check_its_limit_and_outcome(ask):  # noqa: F811
    frame = students().drop(index=range(3))
    told = {}
    for kind in ("pooled", "school"):
        folder = ask(frame, kind, SEX_BY_YEAR | {"by": "band"})
        told[kind] = json.loads((folder / "disclosure.json").read_text())
        assert list(told[kind]["panels"]) == ["lower", "upper"]
        assert {row["outcome"] for rows in told[kind]["panels"].values() for row in rows} == {"pass"}
        assert told[kind]["packages"]["pandas"] == pd.__version__
        assert "Nobody has signed" in (folder / "disclosure.md").read_text()
        about = json.loads((folder / "about.json").read_text())
        assert about["rows"] == sum(panel["records"] + panel["incomplete"] for panel in about["panels"].values())
    names = {kind: {row["check"]: row["limit"] for row in told[kind]["panels"]["lower"]} for kind in told}
    assert names["school"]["students in a cell"] == 10
    assert names["school"]["dominance and p-ratio, of sums and of squares"] == "n 2, k 0.9, p 0.1"
    assert set(names["pooled"]) - set(names["school"]) == {
        "schools and clusters in the sums",
        "schools in which a term varies",
        "students in a cell of a school, where schools are few",
    }


def test_records_that_are_not_in_the_sums_are_told_roundly(ask, limits):  # noqa: F811
    frame = students()
    lacking = frame["x"].isna().sum()
    frame.loc[frame.index[frame["x"].notna()][:3], "x"] = np.nan
    for rounding in (1, 50):
        folder = ask(frame, "pooled", COLUMNS | {"controls": ["x"], "risk": limits(rounding=rounding)})
        told = json.loads((folder / "about.json").read_text())["panels"]["all records"]["incomplete"]
        assert told == rounding * round((lacking + 3) / rounding)
