"""Whoever has everything that leaves finds nobody, and would find those who are planted if a guard were gone; more by `make faults`."""

import attacks
import pytest


@pytest.mark.parametrize("name", ["01", "02, smallest answer", "03", "04", "05", "06", "releases"])
def test_nobody_is_found(name):
    report = attacks.plant(name, [1, 11])
    assert report.tried > 1
    assert report.found == []


@pytest.mark.parametrize("guard", ["who is alone in a school", "groups beside small ones", "earlier releases"])
def test_without_a_guard_somebody_is_found(guard):
    assert attacks.without(guard, 1).found
