"""Kept tables: made once for the same code and arguments, again for others, and never half."""

import shutil

import numpy as np
import pandas as pd
import pytest

from helpers import kept


class Maker:
    """Makes tables and counts how often."""

    def __init__(self, value=1.0):
        self.calls, self.value = 0, value

    def __call__(self):
        self.calls += 1
        return {"one": pd.DataFrame({"x": [self.value, self.value / 3]})}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where tables are kept, beside a package and a lock file of its own that may be changed."""
    package = tmp_path / "package"
    shutil.copytree(kept.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "requirements.lock").write_text("a==1\n")
    monkeypatch.setattr(kept, "PACKAGE", package)
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "cache")
    monkeypatch.setattr(kept, "LOCK", tmp_path / "requirements.lock")
    return tmp_path


def entries(place):
    return sorted(path.name for path in (place / "cache").iterdir())


def test_the_second_time_nothing_is_made(place):
    make = Maker()
    first = kept.tables("estimate.power", (1, "a"), make)
    second = kept.tables("estimate.power", (1, "a"), make)
    assert make.calls == 1
    pd.testing.assert_frame_equal(first["one"], second["one"], check_exact=True)
    never = Maker(9.0)
    assert kept.tables("estimate.power", (1, "a"), never)["one"]["x"].tolist() == [1.0, 1 / 3]
    assert never.calls == 0


def test_other_arguments_make_anew_and_remove_the_old(place):
    make = Maker()
    kept.tables("estimate.power", {"seed": 1}, make)
    before = entries(place)
    kept.tables("estimate.power", {"seed": 2}, make)
    assert make.calls == 2
    assert len(entries(place)) == 1
    assert entries(place) != before
    kept.tables("estimate.power", {"seed": 1}, make)
    assert make.calls == 3


@pytest.mark.parametrize(
    "file",
    [
        "package/simulate/twin.py",
        "package/estimate/rasch.py",
        "package/project.py",
        "requirements.lock",
    ],
)
def test_changed_code_makes_anew(place, file):
    make = Maker()
    kept.tables("simulate.twin", 1, make)
    kept.tables("simulate.twin", 1, make)
    assert make.calls == 1
    (place / file).write_text((place / file).read_text() + "\n# changed\n")
    kept.tables("simulate.twin", 1, make)
    assert make.calls == 2


def test_a_file_that_is_only_touched_or_not_imported_does_not_count(place):
    make = Maker()
    kept.tables("simulate.twin", 1, make)
    (place / "package" / "simulate" / "twin.py").touch()
    (place / "package" / "build" / "site.py").write_text("# another module\n")
    kept.tables("simulate.twin", 1, make)
    assert make.calls == 1


def test_modules_do_not_remove_each_others_tables(place):
    makers = {name: Maker() for name in ("simulate.twin", "estimate.power")}
    for _ in range(2):
        for name, make in makers.items():
            kept.tables(name, 1, make)
    assert [make.calls for make in makers.values()] == [1, 1]


def test_what_fails_leaves_nothing_that_is_taken_for_done(place):
    make = Maker()
    kept.tables("estimate.power", 1, make)

    class Half(dict):
        """Tables of which the second cannot be had."""

        def items(self):
            yield "one", pd.DataFrame({"x": [7.0]})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.tables("estimate.power", 2, Half)
    # What was there is still there, and the half is made again.
    assert kept.tables("estimate.power", 1, make)["one"]["x"].tolist() == [1.0, 1 / 3]
    assert make.calls == 1
    whole = Maker(5.0)
    found = kept.tables("estimate.power", 2, whole)
    assert whole.calls == 1
    assert found["one"]["x"].tolist() == [5.0, 5 / 3]
    assert len(entries(place)) == 1


@pytest.mark.parametrize("name", ["one.csv", "state.json"])
def test_a_kept_table_that_is_cut_in_half_is_made_again(place, name):
    kept.tables("estimate.power", 1, Maker())
    [file] = (place / "cache").glob(f"*/{name}")
    file.write_text(file.read_text()[:3])
    again = Maker(5.0)
    assert kept.tables("estimate.power", 1, again)["one"]["x"].tolist() == [5.0, 5 / 3]
    assert again.calls == 1


def test_another_version_of_a_package_makes_anew(place, monkeypatch):
    make = Maker()
    kept.tables("estimate.power", 1, make)
    monkeypatch.setattr(kept, "packages", lambda: {"numpy": "9.9"})
    kept.tables("estimate.power", 1, make)
    assert make.calls == 2


def test_leftovers_of_a_killed_run_do_not_get_in(place):
    aside = place / "cache" / "estimate.power.aside-1" / "made"
    aside.mkdir(parents=True)
    (aside / "ghost.csv").write_text("x\n1\n")
    assert set(kept.tables("estimate.power", 1, Maker())) == {"one"}


def test_of_two_builds_at_once_the_first_stays(place):
    def make():
        """Another build, begun while this one is at work, is done before it."""
        other = kept.tables("estimate.power", 1, Maker(5.0))
        assert other["one"]["x"].tolist() == [5.0, 5 / 3]
        return Maker(6.0)()  # tells them apart, although both would make the same

    assert kept.tables("estimate.power", 1, make)["one"]["x"].tolist() == [6.0, 2.0]
    assert kept.tables("estimate.power", 1, Maker(7.0))["one"]["x"].tolist() == [5.0, 5 / 3]
    assert len(entries(place)) == 1


def test_a_build_leaves_alone_what_another_has_begun(place):
    def make():
        kept.tables("estimate.power", 2, Maker(7.0))
        return Maker(5.0)()

    assert kept.tables("estimate.power", 1, make)["one"]["x"].tolist() == [5.0, 5 / 3]


def test_numbers_come_back_bit_for_bit(place):
    rng = np.random.default_rng(1)
    values = rng.normal(size=5000) * 10.0 ** rng.integers(-200, 200, 5000)
    edges = [5e-324, np.pi, 0.1 + 0.2, -0.0, np.nan, 1.7976931348623157e308]
    table = pd.DataFrame({"x": [*values, *edges]}).assign(n=7, name='a, "b"\nc')
    found = kept.tables("estimate.power", 1, lambda: {"one": table, "two": table[["n"]]})
    assert list(found) == ["one", "two"]
    assert found["one"]["x"].to_numpy().tobytes() == table["x"].to_numpy().tobytes()
    pd.testing.assert_frame_equal(found["one"], table, check_exact=True)
    again = kept.tables("estimate.power", 1, lambda: pytest.fail("made again"))
    pd.testing.assert_frame_equal(again["one"], found["one"], check_exact=True)
