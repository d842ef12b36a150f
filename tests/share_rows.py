"""Shares with gaps, names of any length and any number of systems, for the tests of figures."""

import itertools

import numpy as np
import pandas as pd

LONG = "Work with other teachers in this school to ensure common standards in evaluations of progress"
ITEMS = {"A": "Teach together", "B": "Observe colleagues and give feedback", "C": LONG}
EIGHT = ITEMS | {code: f"Practice {code} with colleagues" for code in "DEFGH"}
THREE = {"XXA": "System A", "XXB": "System B", "XXC": "System C"}
FIFTY = {
    f"{a}{b}W": f"System {a}{b}" + " of a federation of many parts" * (b in "CH")
    for a, b in itertools.product("ABCDE", "ABCDEFGHIJ")
}
UNBROKEN = {"Q1": "Bezirksschulratsvorsitzendenkonferenzbezirk", "Q2": "North"}
CATEGORIES = ["Never", "Once a year or less", "2-4 times a year", "5-10 times a year", "1-3 times a month", "Once a week or more"]  # fmt: skip
WORDS = {"never": "never", "monthly": "at least once a month"}


def table(systems=THREE, items=ITEMS, statistics=WORDS, mean=True):
    """Shares with gaps: the last system was not asked B, the first has too few answers to C."""
    rng = np.random.default_rng(5)
    names = systems | ({"Mean of all": "Mean of all"} if mean else {})
    keys = pd.MultiIndex.from_product([names, items, statistics], names=["system", "item", "statistic"])
    rows = keys.to_frame(index=False).assign(share=rng.uniform(0.02, 0.98, len(keys)), note="")
    codes = list(systems)
    for system, item, note in (
        (codes[-1], "B", "not administered"),
        (codes[0], "C", "fewer than 30 respondents"),
    ):
        cells = rows["system"].eq(system) & rows["item"].eq(item)
        rows.loc[cells, ["share", "note"]] = np.nan, note
    return rows.assign(
        ci_low=(rows["share"] - 0.03).clip(0, 1),
        ci_high=(rows["share"] + 0.03).clip(0, 1),
        label=rows["system"].map(names),
        item_label=rows["item"].map(items),
        average=rows["system"].eq("Mean of all"),
    )


def never(*args, **options):
    return table(*args, statistics=["never"], **options)


def distribution(systems=THREE, items=ITEMS):
    shares = np.random.default_rng(6).dirichlet(np.full(6, 2.0), (len(systems), len(items)))
    rows = [
        (code, name, item, text, category, shares[s, i, c], 3121, "")
        for s, (code, name) in enumerate(systems.items())
        for i, (item, text) in enumerate(items.items())
        for c, category in enumerate(CATEGORIES)
    ]
    columns = ["system", "label", "item", "item_label", "statistic", "share", "n", "note"]
    rows = pd.DataFrame(rows, columns=columns)
    hidden = rows["system"].eq(list(systems)[-1]) & rows["item"].eq("B")
    rows.loc[hidden, ["share", "note"]] = np.nan, "not administered"
    return rows


def moved(systems=THREE, items=ITEMS, pairs=((2013, 2018),)):
    rows = never(systems, items, mean=False)
    rows = pd.concat([rows.assign(cycle_1=one, cycle_2=two) for one, two in pairs])
    rows = rows.assign(share_1=rows["share"], estimate=np.linspace(-0.11, 0.123, len(rows)))
    rows["estimate"] = rows["estimate"].where(rows["share"].notna())
    rows["share_2"] = (rows["share_1"] + rows["estimate"]).clip(0, 1)
    return rows.assign(ci_low=rows["estimate"] - 0.05, ci_high=rows["estimate"] + 0.05)


def apart(first="System A", second="System B"):
    rows = moved({"XXA": first}, EIGHT).assign(label_1=first, label_2=second)
    return rows.assign(p_holm=[0.001, 0.2, np.nan, 0.049, 0.051, 0.9, 0.04, 1.0])


def percent(share):
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


SIX = (2015, 2016, 2017, 2018, 2021, 2022)


def response(years=(2015, 2016, 2017)):
    """Response rates of two kinds of people, and two ranges in print, in percent."""
    values = [75, 80, 76, 81, 78, 82.0, 81.4, 79.9, 59, 71, 73, 71]
    who = ["students", "teachers"] * len(years)
    found = pd.DataFrame({"respondents": who, "year": np.repeat(years, 2), "value": values[: len(who)]})
    return found, pd.DataFrame({"label": ["students in print", "teachers in print"], "low": [74, 76], "high": [80, 83]})
