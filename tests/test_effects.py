"""Effects from other notebooks' tables and from the user's file; wrong files are refused."""

import pandas as pd
import pytest

from helpers.estimate import rounding
from helpers.project import ROOT, InputError
from helpers.read.files import Options
from helpers.study import effects

GOOD = pd.read_csv(ROOT / "data" / "simulated" / "08-effects.csv")


def test_the_example_is_read_as_it_is(tmp_path):
    GOOD.to_csv(tmp_path / "own.csv", index=False)
    found = effects.read(tmp_path / "own.csv")[0].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, GOOD, check_dtype=False)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda d: d.drop(columns="unit"), "no column 'unit'"),
        (lambda d: d.assign(estimate="much"), "'estimate': text in a number column .row 2"),
        (lambda d: d.assign(ci_high=float("nan")), "row 2: a cell is empty"),
        (lambda d: d.assign(ci_low=d["ci_high"]), "row 2: .* outside its interval"),
        (lambda d: d.head(0), "no rows"),
        (lambda d: d.assign(ci_high=float("inf")), "'ci_high': infinite"),
    ],
)
def test_wrong_files_are_refused(tmp_path, spoil, named):
    spoil(GOOD).to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(InputError, match=f"(?s)own.csv.*{named}"):
        effects.read(tmp_path / "own.csv")


def test_another_encoding_can_be_named(tmp_path):
    """As the message about a file that is not in UTF-8 says."""
    GOOD.assign(study="Köln").to_csv(tmp_path / "own.csv", index=False, encoding="latin-1")
    with pytest.raises(InputError, match=r"row 2: the text is not utf-8.*`encoding: latin-1`"):
        effects.read(tmp_path / "own.csv")
    assert set(effects.read(tmp_path / "own.csv", Options(encoding="latin-1"))[0]["study"]) == {"Köln"}


def test_a_workbook_gives_the_same(tmp_path):
    GOOD.to_csv(tmp_path / "own.csv", index=False)
    GOOD.to_excel(tmp_path / "own.xlsx", index=False)
    one, other = (effects.read(tmp_path / f"own{ending}")[0] for ending in (".csv", ".xlsx"))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def row(**more):
    return {"estimate": 0.2, "ci_low": 0.1, "ci_high": 0.3, "p_value": 0.001, "state": "moments"} | more


def test_the_last_year_of_each_series_and_one_unit_a_study():
    participants = pd.DataFrame(
        [
            row(scale="comfort", term=term, method=method, state="recomputed")
            for term in ("difference", "hedges_g")
            for method in ("Welch", "Student")
        ]
    )
    cells = pd.DataFrame(
        {
            "panel": "High schools, science",
            "term": ["2016-17", "2017-18"],
            "estimate": [0.1, 0.2],
            "stars": [3, 3],
        }
    )
    allowed = pd.concat([cells, rounding.se_bounds(cells.assign(value=cells["estimate"], decimals=3))], axis=1)
    reports = pd.DataFrame(
        [
            row(term=year, span=span, group=group, measure="ambitious_instruction", estimate=year / 1e4)
            for span, year in (("before", 2017), ("before", 2018), ("across", 2018), ("across", 2022))
            for group in ("ES", "HS")
        ]
    )
    twin = pd.DataFrame([row(panel="x", term=year, estimate=year / 1e4, state="simulated") for year in (2017, 2018)])
    signposts = pd.DataFrame(
        [
            row(scale="comfort", method=method, term=f"{what}, {wave}", estimate=wave / 10, p_value=0.04, p_holm=0.08)
            for method in ("mixed model", "school fixed effects")
            for what in ("difference in change", "comparison schools")
            for wave in (2, 3)
        ]
    )
    found = effects.gather(
        {
            "participants": participants, "printed": allowed, "reports": reports, "twin": twin,
            "signposts": signposts,
        }
    ).set_index("study")  # fmt: skip
    assert found.loc["Made-up survey of peer groups", ["label", "estimate"]].tolist() == ["Comfort", 0.3]
    assert found.columns.tolist() == ["label", "unit", "estimate", "ci_low", "ci_high", "state", "clear", "tests"]
    # As the table of waves has it, with the tests of both waves counted, though one is shown.
    assert found.loc["Made-up survey of peer groups", ["clear", "tests"]].tolist() == [False, 2]
    assert found.loc["Chicago's reports", "clear"].tolist() == [True, True]
    assert found.loc["Chicago's paper", "clear"]
    assert found.loc["Chile", "label"] == "comfort"
    assert found.loc["Chicago's reports", "estimate"].tolist() == [0.2018, 0.2018]
    assert found.loc["Chicago's paper", "estimate"] == 0.2
    # Three stars on .1 and on .2: the smaller one bounds the error of both, 1.96 / 3.2905 of .1 at the widest.
    reach = found.loc["Chicago's paper", "ci_high"] - 0.2
    assert reach == pytest.approx(1.959964 * 0.1005 / 3.290527, rel=1e-6)
    assert found.loc["Made-up copy of Chicago's survey", "state"] == "simulated"
    assert found.groupby(level=0)["unit"].nunique().eq(1).all()


def test_effects_are_told_by_study_in_their_order():
    rows = pd.DataFrame(
        [
            ("B", "x", "schools", 0.3, 0.1, 0.5),
            ("B", "y", "schools", -0.25, -0.5, 0.0),
            ("A", "z", "teachers", -0.4, -0.6, -0.2),
        ],
        columns=effects.COLUMNS,
    )
    assert effects.spoken(rows) == (
        "B -0.25 to 0.30, 1 of 2 intervals above zero and 0 below; "
        "A -0.40 to -0.40, 0 of 1 intervals above zero and 1 below."
    )
    assert effects.yardstick(rows)[2] == "A: standard deviations of teachers"


def test_one_effect_of_many_tests_is_not_clear():
    """One p of .03 among five is what chance gives; alone it would be clear."""
    rows = pd.DataFrame({"p_value": [0.03, 0.4, 0.5, 0.6, 0.9]})
    assert not effects._all_counted(rows)["clear"].any()
    assert effects._all_counted(rows.head(1))[["clear", "tests"]].to_numpy().tolist() == [[True, 1]]
