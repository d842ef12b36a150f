"""What is printed of Chicago's teacher leaders, and of where their colleagues learned."""

from collections.abc import Collection

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from helpers.draw.words import count, listed

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
    words, values = (cells.pivot(index="group", columns="statistic", values=v).loc[order] for v in ("row", "value"))
    who = pd.DataFrame({"label": order + " (" + words["school"] + ")", "group": words["subject"]})
    who["block"] = words["grades"]
    for band, name in _BANDS.items():
        who[f"{name}_low"] = values[f"{band}, from"].fillna(0)
        who[f"{name}_high"] = values[f"{band}, to"].fillna(100)
    who["grades"] = words["grades"].str.replace(" and high school", " + high school")
    return who.assign(**{"size of the school": words["size"], "school": words["school"]})


_WHOM = {
    "middle grades": "Leaders who teach middle grades only",
    "middle grades + high school": "Leaders who teach both",
    "high school": "Leaders who teach high school only",
}


def low_income(who: pd.DataFrame) -> pd.DataFrame:
    """The printed bands of students of low income in `profiles`, for `draw.bands.printed`, the lowest grades first.

    Columns: label (pseudonym, subject and school), group (grades taught), low, high (percent), said, marked (above 90%).
    """
    low, high = who["low_income_low"], who["low_income_high"]
    said = [
        f"above {start:.0f}%" if end == 100 else f"{start:.0f} to {end:.0f}%"
        for start, end in zip(low, high, strict=True)
    ]
    label = who.index + ", " + who["group"] + " (" + who["school"] + ")"
    rows = who.assign(label=label, low=low, high=high, said=said, marked=low == 90)
    rows = rows.sort_values("grades", key=lambda grades: grades.map([*_WHOM].index), kind="stable")
    return rows.assign(group=rows["grades"].map(_WHOM))


def statements(printed: pd.Series) -> pd.DataFrame:
    """Where teachers learned, by the text's words: each share in words as an interval.

    A share called "about" a simple fraction lies nearer to it than to the next ones (a quarter, a third, a half, two
    thirds); one "over" a third lies between a third and where it would be called about half. Columns: label, words,
    low, high (what the words allow, 0 to 1), n (teachers that they speak of), n_smallest (in the smallest group of
    these), ci_low, ci_high (Wilson's 95% interval of the ends in that group), heading and had (a clause for sentences).
    """
    places = [f"{subject}-{band}" for subject in ("math", "science") for band in ("middle", "high")]
    asked = {place: int(printed[f"002-teachers-{place}"]) for place in places}
    quarter, third, half, two_thirds = 1 / 4, 1 / 3, 1 / 2, 2 / 3
    about_third = ((quarter + third) / 2, (third + half) / 2)
    about_half = ((third + half) / 2, (half + two_thirds) / 2)
    tens = tuple(printed[f"002-teachers-planning-{end}"] / 100 for end in ("low", "high"))
    how, what = "How they learned", "What it was about"
    lines = [
        (how, "Common planning time, monthly or more (science in middle grades aside)", "70 to 80%", tens, {*places} - {"science-middle"}, "(science in middle grades aside) had common planning time at least once a month"),
        (how, "Coaching or a learning community, monthly or more", "about a third", about_third, places, "had coaching or a learning community at least once a month"),
        (how, "Coaching or a learning community, ever", "about half", about_half, places, "ever had coaching or a learning community"),
        (what, "Teaching practice a major topic, middle grades", "about half", about_half, places[0::2], "of middle grades had teaching practice as a major topic"),
        (what, "Teaching practice a major topic, high school", "over a third", (third, about_half[0]), places[1::2], "of high school had teaching practice as a major topic"),
    ]  # fmt: skip
    rows = [
        (heading, label, words, *ends, sum(asked[place] for place in of), min(asked[place] for place in of), had)
        for heading, label, words, ends, of, had in lines
    ]
    told = pd.DataFrame(rows, columns=["heading", "label", "words", "low", "high", "n", "n_smallest", "had"])
    for side, end in enumerate(("low", "high")):
        count = told[end] * told["n_smallest"]
        told[f"ci_{end}"] = proportion_confint(count, told["n_smallest"], method="wilson")[side]
    return told


def learned_most(told: pd.DataFrame) -> str:
    """What most teachers had, if the words leave no doubt. `told`: of `statements`.

    >>> told = pd.DataFrame({"had": ["had help", "had time"], "words": ["70%", "a third"], "low": [0.7, 0.3], "high": [0.8, 0.4]})
    >>> learned_most(told), learned_most(told.assign(low=0.3))
    ('70% of teachers had help: the largest of the shares that the text gives.', 'Which is most common the words leave open.')
    """
    first = told.loc[told["low"].idxmax()]
    if not first["low"] > told["high"].drop(first.name).max():
        return "Which is most common the words leave open."
    return f"{first['words']} of teachers {first['had']}: the largest of the shares that the text gives."


def most_needed(links: pd.DataFrame, outright: Collection[str]) -> str:
    """Which practice needs the most supports by the text, and which would need as many by the abstract too.

    >>> rows = [("Help", "time", "needs"), ("Help", "trust", "needs"), ("Share", "time", "needs"), ("Share", "trust", "by the abstract")]
    >>> links = pd.DataFrame(rows, columns=["practice", "support", "statistic"])
    >>> most_needed(links, ["needs"])
    'Help needs the most support: all 2 kinds. Share needs 1, by the abstract 2.'
    >>> most_needed(links.iloc[[0, 2]], ["needs"])
    'Help and Share need the most support: all 1 kind.'

    Parameters
    ----------
    links, outright : `practice, support, statistic`, needs only; the statistics that the text itself says
    """
    supports = links["support"].nunique()
    by_text = links[links["statistic"].isin(outright)].groupby("practice", sort=False)["support"].nunique()
    with_abstract = links.groupby("practice", sort=False)["support"].nunique()
    most = by_text.max()
    first = by_text.index[by_text == most]
    kinds = f"{'all' if most == supports else f'{most} of'} {count(supports, 'kind')}"
    said = [f"{listed(first)} {'needs' if len(first) == 1 else 'need'} the most support: {kinds}."]
    more = with_abstract[(with_abstract >= most) & ~with_abstract.index.isin(first)]
    said += [f"{name} needs {by_text.get(name, 0)}, by the abstract {n}." for name, n in more.items()]
    return " ".join(said)


def recounted(who: pd.DataFrame, printed: pd.Series) -> dict[str, dict[str, float]]:
    """Printed numbers (id -> value) counted or reckoned again, from print and `profiles`: reason -> id -> result."""
    n, schools = len(who), who.drop_duplicates("school")
    subject, informants = who["group"].value_counts(), who["school"].value_counts()
    kinds = {kind: printed[f"002-leaders-sample-schools-{kind}"] for kind in ("9-12", "k-8", "7-12")}
    others = len(schools) - sum(kinds.values())
    named = who.loc[["Hannah", "Theresa", "Colin"]].query("group == 'mathematics' and grades == 'high school'")
    first, last = (printed[f"002-leaders-period-{end}"] for end in ("first", "last"))
    earlier = {end: printed[f"002-study-discussion-earlier-{end}"] for end in ("first", "last", "years")}
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
        "of the three named, by Table 1": {"inspiring-named-math": len(named)},
        "from the first to the last year, both counted": {"period-years": last - first + 1},
        "a director and the specialists of two departments": {
            "sample-district-leaders": 2 * (1 + printed["002-leaders-sample-specialists"])
        },
    }
    return {why: {f"002-leaders-{name}": n for name, n in found.items()} for why, found in leaders.items()} | {
        "the spring of a school year, and its autumn": {
            "002-study-questions-teachers-year": printed["002-teachers-year"] - 1,
            "002-teachers-year": printed["002-study-questions-teachers-year"] + 1,
        },
        "first year, last year and years between": {
            "002-study-discussion-earlier-last": earlier["first"] + earlier["years"],
            "002-study-discussion-earlier-years": earlier["last"] - earlier["first"],
        },
    }
