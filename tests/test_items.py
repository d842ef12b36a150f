"""A Rasch measure joined to records: the same as by pandas, calibrated on the baseline alone, and bad input."""

import numpy as np
import pandas as pd
import pytest

from conftest import write_records
from helpers.estimate import rasch
from helpers.estimate.rasch import MEASURE, add_measure
from helpers.project import InputError
from helpers.read.records import open_records

ITEMS = ["q1", "q2", "q3", "q4"]


def answers(items=4, n=900, seed=2):
    """Three years of answers 1 to 4, some left out and some records without any."""
    rng = np.random.default_rng(seed)
    year = rng.integers(2011, 2014, n)
    trait = rng.normal(0.3 * (year - 2011), 1.2)
    latent = trait[:, None] - np.linspace(-0.8, 0.8, items) + rng.logistic(size=(n, items))
    drawn = 1.0 + np.digitize(latent, [-1.8, 0.0, 1.9])
    drawn[rng.random(drawn.shape) < 0.08] = np.nan
    drawn[rng.random(n) < 0.02] = np.nan
    frame = pd.DataFrame(drawn, columns=[f"q{i + 1}" for i in range(items)])
    return frame.assign(year=year, row=range(n))


def measured(path, items=ITEMS, low=1, high=4, year="year", baseline="2011"):
    """Scale, cells, and the joined column in the order of the file's rows."""
    with open_records(path, labelled=[year]) as records:
        scale, cells = add_measure(records, list(items), low, high, year, baseline)
        found = records.fetch(f'SELECT "row", {MEASURE} FROM file')
    frame = pd.DataFrame({name: np.ma.filled(col.astype(float), np.nan) for name, col in found.items()})
    return scale, cells, frame.sort_values("row")[MEASURE].to_numpy()


def by_pandas(frame, items=ITEMS, low=1, year="year", baseline=2011):
    shown = frame[list(items)] - low
    scale = rasch.calibrate(shown[frame[year] == baseline].reset_index(drop=True))
    cells = rasch.cell_of(shown)
    joined = cells.merge(rasch.measure(scale, cells), on=["answered", "score"], how="left")
    return scale, joined["measure"].to_numpy()


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".sav"])
def test_the_column_is_what_pandas_looks_up(tmp_path, ending):
    frame = answers()
    scale, _, found = measured(write_records(tmp_path / f"mine{ending}", frame))
    expected_scale, expected = by_pandas(frame)
    assert scale.items.to_numpy() == pytest.approx(expected_scale.items.to_numpy(), abs=1e-12)
    assert scale.thresholds == pytest.approx(expected_scale.thresholds, abs=1e-12)
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert np.isnan(found).tolist() == frame[ITEMS].isna().all(axis=1).tolist()


def test_twelve_items_and_whole_numbers(tmp_path):
    frame = answers(items=12, n=400)
    frame = frame.fillna(2).astype(int)
    items = [f"q{i}" for i in range(1, 13)]
    _, _, found = measured(write_records(tmp_path / "mine.parquet", frame), items)
    assert found == pytest.approx(by_pandas(frame, items)[1], abs=1e-12)


def test_answers_may_begin_anywhere(tmp_path):
    frame = answers()
    shifted = frame.assign(**{item: frame[item] + 4 for item in ITEMS})
    one = measured(write_records(tmp_path / "one.csv", frame))[2]
    other = measured(write_records(tmp_path / "other.csv", shifted), low=5, high=8)[2]
    assert other == pytest.approx(one, abs=0, nan_ok=True)


def test_columns_may_be_called_anything(tmp_path):
    names = dict(zip(ITEMS, ["answered", "score", "records", "measure"], strict=True))
    frame = answers().rename(columns={**names, "year": "std_error"})
    found = measured(write_records(tmp_path / "mine.csv", frame), names.values(), year="std_error")
    expected = by_pandas(frame, names.values(), year="std_error")[1]
    assert found[2] == pytest.approx(expected, abs=1e-12, nan_ok=True)
    odd = dict(zip(ITEMS, ['say "a"', "place", "year", "an item, c"], strict=True))
    frame = answers().rename(columns={**odd, "year": "the year"})
    found = measured(write_records(tmp_path / "odd.csv", frame), odd.values(), year="the year")
    expected = by_pandas(frame, odd.values(), year="the year")[1]
    assert found[2] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_later_years_do_not_move_the_scale(tmp_path):
    frame = answers()
    later = frame["year"] > 2011
    other = frame.copy()
    other.loc[later, ITEMS] = 5 - frame.loc[later, ITEMS].to_numpy()
    one, _, values = measured(write_records(tmp_path / "one.csv", frame))
    two, _, changed = measured(write_records(tmp_path / "two.csv", other))
    assert two.items.tolist() == one.items.tolist()
    assert two.thresholds.tolist() == one.thresholds.tolist()
    assert changed[~later].tolist() == pytest.approx(values[~later].tolist(), abs=0, nan_ok=True)
    assert np.nanmean(changed[later]) < np.nanmean(values[later]) - 0.3


def test_the_cells_are_those_of_the_baseline_year(tmp_path):
    frame = answers()
    _, cells, values = measured(write_records(tmp_path / "mine.csv", frame))
    first = (frame["year"] == 2011) & frame[ITEMS].notna().any(axis=1)
    assert cells["records"].sum() == first.sum()
    repeated = np.repeat(cells["measure"], cells["records"])
    assert np.sort(repeated) == pytest.approx(np.sort(values[first]), abs=1e-12)
    assert cells[range(4)].max().max() == 3  # counted from 0


@pytest.mark.parametrize("baseline", ["2011", "2011.0"])
def test_a_year_with_decimals_is_the_same_year(tmp_path, baseline):
    frame = answers()
    path = tmp_path / "mine.csv"
    frame.assign(year=frame["year"].map(lambda year: baseline.replace("2011", str(year)))).to_csv(path, index=False)
    assert measured(path)[2] == pytest.approx(by_pandas(frame)[1], abs=1e-12, nan_ok=True)


def test_sixty_items_have_a_bit_each(tmp_path):
    """The last bit counts: who leaves out the last item is not in the cell of who answers all."""
    frame = answers(items=60, n=150)
    items = [f"q{i}" for i in range(1, 61)]
    _, _, found = measured(write_records(tmp_path / "mine.parquet", frame), items)
    assert found == pytest.approx(by_pandas(frame, items)[1], abs=1e-12, nan_ok=True)


def test_an_item_may_be_called_place_and_is_still_checked(tmp_path):
    frame = answers().rename(columns={"q2": "place"})
    frame.loc[4, "place"] = 9
    with pytest.raises(InputError, match=r"column 'place': .*\(record 5: '9'\)"):
        measured(write_records(tmp_path / "mine.csv", frame), ["q1", "place", "q3"])


def spoiled(cell=None, **columns):
    """Answers as text, with one cell of q2 changed, or whole columns."""
    frame = answers().assign(**columns).astype(object)
    if cell is not None:
        frame.loc[4, "q2"] = cell
    return frame


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(9, "'9'"), (0, "'0'"), (-1, "'-1'"), (2.5, "'2.5'"), ("often", "'often'"), ("inf", "'inf'")],
)
def test_answers_off_the_scale_are_named(tmp_path, cell, shown):
    path = write_records(tmp_path / "mine.csv", spoiled(cell))
    with pytest.raises(InputError) as error:
        measured(path)
    assert str(error.value).startswith("mine.csv, column 'q2': answers off the scale 1 to 4 (")
    assert f"record 5: {shown}" in str(error.value)


def test_answers_off_the_scale_in_a_file_of_numbers(tmp_path):
    frame = answers()
    frame.loc[4, "q2"] = 9.0
    for ending in (".parquet", ".sav"):
        path = write_records(tmp_path / f"mine{ending}", frame)
        with pytest.raises(InputError, match=r"column 'q2': .*\(record 5: '9'\)"):
            measured(path)


@pytest.mark.parametrize(
    ("frame", "more", "message"),
    [
        (answers(), {"high": 5}, r"mine.csv: in 2011 nobody answers 5 to any of q1, q2, q3, q4"),
        (answers(), {"high": 3}, r"column 'q1': answers off the scale 1 to 3 \(record \d+: '4'"),
        (answers(), {"low": 0}, r"mine.csv: in 2011 nobody answers 0 to any of q1, q2, q3, q4"),
        (answers(), {"high": 99}, r"nobody answers 5 or 6 or 7 or 8 or 9 or 90 more to any"),
        (answers(), {"items": ["q1", "q2", "q1"]}, "`items` names 'q1' twice"),
        (answers(), {"items": [f"q{i}" for i in range(61)]}, "`items` names 61 columns; 60 are the most"),
        (answers(), {"baseline": "1999"}, r"no record of year = '1999' has an answer to q1, q2"),
        (spoiled(**{MEASURE: 1.0}), {}, rf"mine.csv: there is a column '{MEASURE}' already"),
        (answers(), {"items": ["q1"]}, "two items or more"),
        (spoiled(q3=np.nan), {}, "answers q3 together with q1, q2, q4"),
        (answers().assign(**answers()[ITEMS].replace(2, np.nan)), {}, r"in 2011 nobody answers 2 to any of"),
        (answers().assign(**answers()[ITEMS].replace({2: np.nan, 3: np.nan}) + 6), {"low": 7, "high": 10}, r"in 2011 nobody answers 8 or 9 to any of"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured(tmp_path, frame, more, message):
    path = write_records(tmp_path / "mine.csv", frame)
    with pytest.raises(InputError, match=message):
        measured(path, **more)


def test_nobody_answers_in_the_baseline_year(tmp_path):
    frame = answers()
    frame.loc[frame["year"] == 2011, ITEMS] = np.nan
    with pytest.raises(InputError, match="nothing to calibrate the scale on"):
        measured(write_records(tmp_path / "mine.csv", frame))
