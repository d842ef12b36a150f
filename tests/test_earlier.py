"""A new release is subtracted from earlier ones, as whoever has both can do it."""

import json
import shutil

import numpy as np
import pytest
from test_release import COLUMNS, ask, cut, students  # noqa: F401  (a fixture)

from helpers.project import InputError
from helpers.release import earlier

PLAIN = COLUMNS | {"categories": {"sex": "f"}}


def small():
    """Six schools of 40 students in each year; a few lack x."""
    frame = students(schools=6, size=40)
    return frame.reset_index(drop=True)


def without(frame, n, **where):
    match = np.logical_and.reduce([frame[column] == value for column, value in where.items()])
    return frame.drop(index=frame.index[match][:n])


def many():
    """Fourteen schools of forty students in each year."""
    return students(schools=14, size=40).reset_index(drop=True)


ONE = {"school": "Lyceum-05", "year": 2013, "sex": "m"}
FEW_OF_ONE = cut(small(), 8, school="Lyceum-02")
REFUSED = {
    "one left out, by school": ("school", small(), {}, without(small(), 1, **ONE), {}, r"old: panel 'all records', Lyceum-05: 1 student; .*year 2013: 1 student;"),
    "one left out, pooled": ("pooled", small(), {}, without(small(), 1, **ONE), {}, "panel 'all records': 1 student\\."),
    "one more control, which four lack": ("pooled", small().dropna(), {}, small().dropna().assign(x=lambda f: f["x"].mask(np.arange(len(f)) < 4)), {"controls": ["x"]}, "'all records': 4 students"),
    "a cell of a school where others came": ("school", small(), {}, without(small(), 7, **ONE).pipe(lambda f: f.assign(sex=f["sex"].mask((f["school"] == "Lyceum-05") & (f.index % 2 == 0), "m"))), {}, "Lyceum-05: 7 students"),
    "one school less, pooled": ("pooled", small(), {}, small(), {"drop": ["Lyceum-05"]}, "'all records': 1 school"),
    "a school that was too small, merged now": ("school", FEW_OF_ONE, {"drop": ["Lyceum-02"], "controls": ["x"]}, FEW_OF_ONE, {"merge": {"both": ["Lyceum-02", "Lyceum-03"]}, "controls": ["x"]}, "Lyceum-02: [1-8] student"),
    "panels that lack a few": ("school", small(), {}, small().assign(band=lambda f: f["band"].mask(np.isin(f.index, f.index[f["school"] == "Lyceum-05"][:3]))), {"by": "band"}, "all panels together, Lyceum-05: 3 students"),
    "three schools less": ("pooled", small(), {}, small(), {"drop": ["Lyceum-03", "Lyceum-04", "Lyceum-05"]}, "'all records': 3 schools"),
    "pooled and by school, merged": ("pooled", small(), {}, small(), {"kind": "school", "merge": {"both": ["Lyceum-02", "Lyceum-03"]}}, "'all records': 1 school"),
    "pooled and by school": ("pooled", small(), {}, without(small(), 2, **ONE), {"kind": "school"}, "'all records': 2 students"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_difference_of_a_few_is_refused(ask, tmp_path, case):  # noqa: F811
    kind, before, old, now, new, message = REFUSED[case]
    new = dict(new)
    later = new.pop("kind", kind)
    ask(before, kind, PLAIN | old, "old")
    with pytest.raises(InputError, match=message) as error:
        ask(now, later, PLAIN | new)
    assert "never left the house" in str(error.value)
    assert len(str(error.value)) < 1500
    assert not (tmp_path / "build" / "releases" / "mine").exists()


PASSED = {
    "the same": ("school", small(), {}, small(), {}),
    "ten left out of every cell of a school, or none": ("pooled", small(), {}, without(small(), 12, school="Lyceum-05"), {}),
    "a year more": ("school", small().query("year < 2014"), {}, small(), {}),
    "a year and a school more, pooled": ("pooled", small().query("year < 2014 and school != 'Lyceum-05'"), {}, small(), {}),
    "a year more, pooled": ("pooled", small().query("year < 2014"), {}, small(), {}),
    "one more control, which nobody lacks": ("pooled", small().dropna(), {}, small().dropna(), {"controls": ["x"]}),
    "merged, of the same people": ("school", small(), {}, small(), {"merge": {"both": ["Lyceum-02", "Lyceum-03"]}}),
    "by panels, of the same people": ("school", small(), {}, small(), {"by": "band"}),
    "schools of other places": ("school", small(), {}, small().assign(school=lambda f: "K" + f["school"]), {}),
    "eight schools less": ("pooled", many(), {}, many(), {"drop": [f"Lyceum-{school:02}" for school in range(8)]}),
    "by panels, pooled": ("pooled", many(), {}, many(), {"by": "band"}),
}  # fmt: skip


@pytest.mark.parametrize("case", PASSED)
def test_what_tells_nothing_new_passes(ask, case):  # noqa: F811
    kind, before, old, now, new = PASSED[case]
    new = dict(new)
    later = new.pop("kind", kind)
    ask(before, kind, PLAIN | old, "old")
    folder = ask(now, later, PLAIN | new)
    assert json.loads((folder / "disclosure.json").read_text())["with earlier releases"] == []
    assert "no count differs by a few" in (folder / "disclosure.md").read_text()


@pytest.mark.parametrize("kind", ["school", "pooled"])
def test_a_correction_is_told(ask, kind):  # noqa: F811
    ask(small(), kind, PLAIN, "old")
    folder = ask(small().assign(y=lambda f: f["y"].mask(f.index == 7, 53.0)), kind, PLAIN)
    (told,) = json.loads((folder / "disclosure.json").read_text())["with earlier releases"]
    whose = " of 1 school" if kind == "school" else ""
    assert (
        told
        == f"old: panel 'all records': as many students{whose}, and other sums. If few values were corrected, they follow"
    )
    assert f"  - {told}" in (folder / "disclosure.md").read_text()


def test_what_weights_hide_and_other_columns_are_told(ask):  # noqa: F811
    ask(small(), "school", PLAIN | {"weight": "weight"}, "old")
    folder = ask(small().query("year < 2014"), "school", PLAIN | {"weight": "weight"})
    (told,) = json.loads((folder / "disclosure.json").read_text())["with earlier releases"]
    assert told.startswith("old: with weights only the students of whole schools")
    shutil.rmtree(folder.parent)
    ask(small(), "school", PLAIN, "old")
    other = small().assign(z=lambda f: (f["y"] ** 2).mask(f.index == 7)).drop(columns="y")
    folder = ask(other, "school", PLAIN | {"outcome": "z"})
    (told,) = json.loads((folder / "disclosure.json").read_text())["with earlier releases"]
    # Whoever gets this release may not have the other: it is told that, not by how many.
    assert told == "old: no column of numbers is in both, but counts differ by a few in 4 places"


def test_a_folder_of_the_holder_is_looked_at_too(ask, tmp_path):  # noqa: F811
    shutil.move(ask(small(), "pooled", PLAIN, "old"), tmp_path / "left" / "2025")
    less = without(small(), 2, **ONE)
    ask(less, "pooled", PLAIN)
    for place in (tmp_path / "left", tmp_path / "left" / "2025"):
        with pytest.raises(InputError, match="2025: panel 'all records': 2 students"):
            ask(less, "pooled", PLAIN | {"earlier": str(place)})
    with pytest.raises(InputError, match="earlier: away is no folder"):
        ask(less, "pooled", PLAIN | {"earlier": str(tmp_path / "away")})
    sums = tmp_path / "left" / "2025" / "moments.csv"
    sums.write_text(sums.read_text().replace("2013", "2010", 1))
    with pytest.raises(InputError, match=r"not the file that about\.json"):
        ask(less, "pooled", PLAIN | {"earlier": str(tmp_path / "left")})


def test_schools_are_compared_by_all_that_ever_became_one():
    found = earlier._as_one([["b", "c"], ["d", "e"], ["c", "d"], ["x", "y"]])
    assert found == dict.fromkeys("bcde", "b") | {"x": "x", "y": "x"}
