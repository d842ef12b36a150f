"""Print on Chicago's teacher leaders: their table, what the text says in words, and how far print agrees with itself."""

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

PRACTICES = {
    "sharing": "Sharing with colleagues",
    "collaboration": "Working in collaboration",
    "individual": "Providing individual support",
    "inspiring": "Inspiring others",
    "advocating": "Advocating for change",
}
_BANDS = {"low income": "low_income", "limited English": "english"}


def profiles(cells: pd.DataFrame) -> pd.DataFrame:
    """Table 1 of the paper, as `published.read` gives it, with a row a leader, indexed by pseudonym.

    Columns: label (pseudonym and school), group (subject), block (grades in words), `low_income_low` to `english_high`
    (ends of the printed bands, percent), grades (joined by " + "), size of the school, school.
    """
    order = cells["group"].unique()
    words, values = (
        cells.pivot(index="group", columns="statistic", values=kind).loc[order]
        for kind in ("row", "value")
    )
    who = pd.DataFrame({"label": order + " (" + words["school"] + ")", "group": words["subject"]})
    who["block"] = words["grades"]
    for band, name in _BANDS.items():
        who[f"{name}_low"] = values[f"{band}, from"].fillna(0)
        who[f"{name}_high"] = values[f"{band}, to"].fillna(100)
    who["grades"] = words["grades"].str.replace(" and high school", " + high school")
    return who.assign(**{"size of the school": words["size"], "school": words["school"]})


def statements(printed: pd.Series) -> pd.DataFrame:
    """Where teachers learned, by the text's words: each share in words as an interval.

    A share called "about" a simple fraction lies nearer to it than to the next ones (a quarter, a third, a half, two
    thirds); one "over" a third lies between a third and where it would be called about half. Columns: label, words,
    low, high (what the words allow, 0 to 1), n (teachers that they speak of), n_smallest (in the smallest group of
    these), ci_low, ci_high (Wilson's 95 % interval of the ends in that group).
    """
    asked = {
        f"{subject}-{band}": int(printed[f"002-teachers-{subject}-{band}"])
        for subject in ("math", "science")
        for band in ("middle", "high")
    }
    quarter, third, half, two_thirds = 1 / 4, 1 / 3, 1 / 2, 2 / 3
    about_third = ((quarter + third) / 2, (third + half) / 2)
    about_half = ((third + half) / 2, (half + two_thirds) / 2)
    tens = tuple(printed[f"002-teachers-planning-{end}"] / 100 for end in ("low", "high"))
    middle, high = ([place for place in asked if place.endswith(band)] for band in ("-middle", "-high"))  # fmt: skip
    lines = [
        ("Common planning time monthly or more, but for science in middle grades", "70 to 80 %", tens, {*asked} - {"science-middle"}),
        ("Coaching or a learning community, ever", "about half", about_half, asked),
        ("Coaching or a learning community monthly or more", "about a third", about_third, asked),
        ("Teaching practice a major topic, middle grades", "about half", about_half, middle),
        ("Teaching practice a major topic, high school", "over a third", (third, about_half[0]), high),
    ]  # fmt: skip
    rows = [
        (label, words, *ends, sum(asked[place] for place in of), min(asked[place] for place in of))
        for label, words, ends, of in lines
    ]
    told = pd.DataFrame(rows, columns=["label", "words", "low", "high", "n", "n_smallest"])
    for side, end in enumerate(("low", "high")):
        count = told[end] * told["n_smallest"]
        told[f"ci_{end}"] = proportion_confint(count, told["n_smallest"], method="wilson")[side]
    return told


def recounted(who: pd.DataFrame, printed: pd.Series) -> dict[str, dict[str, float]]:
    """Printed numbers counted or reckoned again from other print: reason -> id -> what comes out.

    `who`: as `profiles` gives it; `printed`: id -> printed value.
    """
    n, schools = len(who), who.drop_duplicates("school")
    subject, informants = who["group"].value_counts(), who["school"].value_counts()
    kinds = {kind: printed[f"002-leaders-sample-schools-{kind}"] for kind in ("9-12", "k-8", "7-12")}  # fmt: skip
    others = len(schools) - sum(kinds.values())
    ends = {
        f"sample-{name}-{end}": (who[f"{band}_low"].agg(how), who[f"{band}_high"].agg(how))
        for name, band in (("low-income", "low_income"), ("english", "english"))
        for end, how in (("low", "min"), ("high", "max"))
    }
    named = who.loc[["Hannah", "Theresa", "Colin"]]
    both = (named["group"] == "mathematics") & (named["grades"] == "high school")
    first, last = (printed[f"002-leaders-period-{end}"] for end in ("first", "last"))
    earlier = {end: printed[f"002-study-discussion-earlier-{end}"] for end in ("first", "last", "years")}  # fmt: skip
    leaders = {
        "counted in Table 1": dict.fromkeys(("abstract", "sample", "interviews", "sharing-of"), n)
        | {
            "sample-math": subject["mathematics"],
            "sample-science": subject["science"],
            "sample-schools": len(schools),
            "sample-schools-k-8": (schools["grades"] == "middle grades").sum(),
            "limitations-informants-low": informants.min(),
            "limitations-informants-high": informants.max(),
        },
        "schools of Table 1 less those of the other two kinds": {
            f"sample-schools-{kind}": others + kinds[kind] for kind in ("9-12", "7-12")
        },
        "the lowest and the highest band of Table 1": ends,
        "of the three named, by Table 1": {"inspiring-named-math": both.sum()},
        "from the first to the last year, both counted": {"period-years": last - first + 1},
        "a director and the specialists of two departments": {
            "sample-district-leaders": 2 * (1 + printed["002-leaders-sample-specialists"])
        },
    }
    return {note: _with("002-leaders", found) for note, found in leaders.items()} | {
        "the spring of a school year, and its autumn": {
            "002-study-questions-teachers-year": printed["002-teachers-year"] - 1,
            "002-teachers-year": printed["002-study-questions-teachers-year"] + 1,
        },
        "first year, last year and years between": {
            "002-study-discussion-earlier-last": earlier["first"] + earlier["years"],
            "002-study-discussion-earlier-years": earlier["last"] - earlier["first"],
        },
    }


def _with(prefix: str, found: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}-{name}": value for name, value in found.items()}
