"""Runs on small and extreme files end with a whole page or in plain words."""

import extremes
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("01", 28),
        ("01 release", 1),
        ("02", 1),
        ("02 coding", 1),
        ("04", 1),
        ("05", 33),
        ("07", 6),
        ("08", 1),
    ],
)
def test_a_sample_of_extremes(tmp_path, kind, number):
    """As `python tests/extremes.py 100 3`; longer runs are for whoever changes what is hidden, or words and drawings."""
    end, said = extremes.fault(kind, 3, number, tmp_path)
    assert end != "fault", said
