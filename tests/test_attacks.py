"""Whoever has everything that leaves finds nobody, and would find those who are planted if a guard were gone; more by `make faults`."""

import attacks
import pytest

from conftest import ROOT


@pytest.mark.parametrize("name", ["01", "02, smallest answer", "03", "04", "05", "06", "releases"])
def test_nobody_is_found(name):
    report = attacks.plant(name, [1, 11])
    assert report.tried > 1
    assert report.found == []


@pytest.mark.parametrize("guard", ["who is alone in a school", "groups beside small ones", "earlier releases"])
def test_without_a_guard_somebody_is_found(guard):
    assert attacks.without(guard, 1).found


def test_the_guide_names_every_attack():
    """What is guaranteed is what would be found."""
    guide = (ROOT / "docs" / "releasing-moments.md").read_text()
    rows = guide.partition("Attack without the guard |")[2].partition("\n\n")[0].splitlines()[2:]
    assert {row.strip("| ").split(" | ")[-1] for row in rows} == set(attacks.GUARDS)
