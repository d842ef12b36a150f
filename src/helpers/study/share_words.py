"""What the cards of classroom doors say: title, caption, alternative text and cells, as keywords for `notebook.cards`."""

from typing import Any

import pandas as pd

from helpers.draw import numbers
from helpers.draw.words import count, few_behind
from helpers.estimate.shares import few_answered
from helpers.notebook.markup import code, strong
from helpers.read import accounts
from helpers.read import talis_codebook as codebook
from helpers.read.survey import Survey
from helpers.study import classroom_doors
from helpers.study.classroom_doors import View

Words = dict[str, Any]
"""Keywords of `cards.figure` or `cards.table`."""


def told(view: View, level: str) -> str:
    """What was read, in a sentence or two."""
    frame = classroom_doors.counted(view.answers.frame)
    keys = ["cycle", "system", "school_id"] if view.kind == "systems" else ["school_id"]
    schools = frame.drop_duplicates(keys)["school_id"].notna().sum()
    cycles = ", ".join(str(cycle) for cycle in sorted(frame["cycle"].unique()) if cycle)
    made_up = f"{strong('Here the data are simulated')}: all that follows shows the method and is no evidence. "
    of_talis = f", TALIS {cycles}, {level}" if cycles else ""
    where = f" in {count(schools, 'school')}" * bool(schools)
    several = f"{accounts.about(len(frame))} respondents"
    read = several if view.answers.account else count(len(frame), "respondent")
    absent = f" Not in these files: {', '.join(view.absent)}." if view.absent else ""
    return (
        f"{made_up * view.answers.simulated}Read: {read}{where}, "
        f"{_places(view)} ({', '.join(view.whole.values())}){of_talis}.{absent}{_parts(view)}{_mean(view)}"
        f"{' ' * bool(view.answers.about)}{view.answers.about}"
    )


def _places(view: View) -> str:
    """How many systems or groups there are, without parts of others."""
    return count(len(view.whole), view.kind.removesuffix("s"))


def _parts(view: View) -> str:
    """Which systems are parts of others, and what they are left out of."""
    if not view.parts:
        return ""
    named = ", ".join(view.names[code] for code in view.parts)
    return (
        f" {named}: the same teachers stand in the whole, so these are left out of the numbers of systems, respondents "
        "and schools, of charts of all systems, of a mean that has the whole, and of differences beside it, and are "
        f"shown only if {code('systems')} names them."
    )


def _mean(view: View) -> str:
    """Of how many systems a mean is that is known from print, and which are lacking."""
    if not view.known:
        return ""
    of, year = len(codebook.AVERAGES[view.known]), str(view.now["cycle"].iloc[0])
    here = f", here of {year}" * (year not in view.known)
    closed = [f"{name} ({code})" for code, name in codebook.NOT_PUBLIC.items() if code in view.lacking]
    public = f" No teacher file of {', '.join(closed)} of {year} is public." if closed and not here else ""
    lacking = f"; not in these files: {', '.join(view.lacking)}." if view.lacking else "."
    if view.averaged < 2:
        here = "one alone is here" if view.averaged else "none is here"
        return f" Of the {of} systems of the average {view.known} {here}, so there is no mean{lacking}{public}"
    return f" The mean is of {view.averaged} of the {of} systems of the average {view.known}{here}{lacking}{public}"


def alone(view: View) -> str:
    """Why no difference is shown."""
    if view.answers.apart:
        return view.answers.apart
    if len(view.shown) > 1 and view.parts:
        return "Nothing to compare: what is drawn is a system and parts of it, which are no independent samples."
    return "Nothing to compare: there is one only."


def trusted(checks: pd.DataFrame) -> str:
    """Whether printed numbers of the same files come out (`talis_print.checks`), in a sentence or two."""
    if checks.empty:
        return "Nothing to check: of these data no other number is printed."
    failed = (~checks["agrees"]).sum()
    if not failed:
        return f"All {len(checks)} printed numbers come out within rounding."
    return (
        f"{strong(f'{failed} of {len(checks)} printed numbers do not come out of these files.')} Either the files "
        "are not complete (a demonstration sample, say), or they are not read as they were meant. Until they do, take what "
        "follows as a trial of the method and not as a system's answer."
    )


def checks() -> Words:
    """Of `talis_print.checks`."""
    return {
        "title": "Printed numbers of the same files, and what this run gets",
        "caption": "Percent of teachers. Agrees: what this run gets rounds to what is printed.",
        "columns": {
            "System": "{system}", "What": "{what}", "Printed": "{printed:.1f}", "Ours": "{ours:.2f}",
            "Standard error": "{std_error:.2f}", "Teachers": "{n:,}", "Agrees": "{agrees}",
        },
    }  # fmt: skip


def counts(view: View, table: pd.DataFrame) -> Words:
    """Of `shares.counts`."""
    return {
        "title": "Who was asked, and who answered",
        "caption": "For each item: respondents in the file and their schools, how many gave an answer, how many gave "
        "none though asked, and how many were not asked.",
        "show": view.labelled(table),
        "columns": {
            "System or group": "{label}", "Item": "{item_label}", "Respondents": "{respondents:,}", "Schools": "{schools:,}",
            "Answered": "{answered:,}", "No answer": "{no_answer:,}", "Not asked": "{not_administered:,}",
        } | _cycle(table),
    }  # fmt: skip


def shares(view: View) -> Words:
    """Of `view.table`; people see the systems to draw."""
    rows = side_by_side(view.labelled(view.table[view.table["system"].isin(view.shown)]))
    few, few_schools = view.answers.fewest
    return {
        "title": f"Shares of all {view.kind}",
        "caption": f"{'; '.join(f'{name}: {spoken}' for name, spoken in view.words.items())}. Standard errors from "
        f"{errors(view.answers)}. Intervals of 95% are {INTERVALS[view.answers.interval]}. Nothing is shown that "
        f"rests on fewer than {few} respondents{f' or {few_schools} schools' * (few_schools > 1)}"
        f"{', or of a group whose members all gave the same answer' * bool(view.answers.account)}. "
        f"{few_behind(view.drawn)}".rstrip(),
        "show": rows,
        "columns": {"System or group": "{label}", "Item": "{item_label}"}
        | {spoken: rows[name] for name, spoken in view.words.items()}
        | {"Answered": "{n:,}"}
        | _cycle(rows),
    }


INTERVALS = {
    "logit": "on the scale of log odds; of none and all by Clopper and Pearson",
    "Korn-Graubard": "by Korn and Graubard; of none and all by Clopper and Pearson",
    "symmetric": "which end at none and all and are rough close to them",
}
"""How intervals of shares were made, in words that go on after "95% intervals"."""


def in_parts(answers: Survey) -> bool:
    """Whether groups are parts of one sample without replicate weights, so that errors must allow for shared schools."""
    return answers.one_sample and answers.weights.shape[1] == 1 and answers.frame["system"].nunique() > 1


def errors(answers: Survey) -> str:
    """Where standard errors come from, in words."""
    if replicates := answers.weights.shape[1] - 1:
        return f"{replicates} replicate weights, around the estimate from all"
    by_school = answers.frame["school_id"].fillna("").ne("").any()
    strata = 0 if answers.strata is None else len(set(answers.strata))
    parts = "; groups are parts (domains) of one sample" * in_parts(answers)
    return (
        f"linearisation, {'with schools as clusters' if by_school else 'as if all had been drawn one by one'}"
        f"{f' within {strata} strata' * bool(strata)}, and Student's t{parts}"
    )


SCALES = (
    "Of a scale, means can be compared between groups only where all its questions mean the same in each (scalar "
    "invariance), and no mean shows whether they do."
)
"""What stands beside means of several groups."""


def averages(view: View, rows: pd.DataFrame) -> Words:
    """Of `shares.averages`."""
    shown = rows[rows["system"].isin(view.shown)]
    shown = classroom_doors.labelled_rows(shown, view.answers.numbers, view.names)
    ends = [numbers.interval(r.ci_low, r.ci_high, 3) if pd.notna(r.std_error) else r.note for r in shown.itertuples()]
    return {
        "title": "Means of numbers",
        "caption": f"Each in the unit of its column, of those who have a value. Standard errors from {errors(view.answers)}."
        f"{f' {SCALES}' * (shown['system'].nunique() > 1)}",
        "show": shown,
        "columns": {
            "System or group": "{label}", "Column": "{item_label}", "Mean": "{estimate:.3f}",
            "Standard error": "{std_error:.4f}", "95% interval": ends, "Values": "{n:,}",
        },
    }  # fmt: skip


def between_items(view: View, rows: pd.DataFrame) -> Words:
    """Of `comparisons.item_differences`."""
    other = rows["other"].map(view.answers.items)
    shown = view.labelled(rows).assign(term=rows["item"].map(view.answers.items), other=other)
    cells = _difference_cells(shown, view)
    cells["columns"] = {head: cell for head, cell in cells["columns"].items() if head not in ("Item", "Share")}
    return {
        "title": f"{view.often_words}: every two practices",
        "caption": "First less second, of the same people, so that the error allows for what the two have in common; p "
        "adjusted by Holm's method.",
        **cells,
    }


def answer(view: View, whose: str) -> str:
    """Which practice the lowest answer is given to most often, if one stands out; `whose` data these are."""
    said = f"“{view.answers.categories[0].lower()}”"
    if view.closed.empty:
        return f"In {whose} no share of {said} can be shown."
    means = view.closed["mean"]
    most, share = means.index[-1], f"by {numbers.percent(means.iloc[-1])}%{' on average' * (len(view.whole) > 1)}"
    if len(means) == 1:
        others = "; of no other practice can its share be shown" * (len(view.answers.items) > 1)
        return f"In {whose} {said} is answered to “{most}” {share}{others}."
    if (means.iloc[:-1] < means.iloc[-1]).all():
        return f"In {whose} {said} is answered most often to “{most}”: {share}."
    return f"In {whose} no practice stands out: {said} is answered to “{most}” {share}."


def dots(view: View, statistic: str) -> Words:
    """Of one statistic of `view.drawn`."""
    said, drawn = view.words[statistic], view.drawn[view.drawn["statistic"] == statistic]
    first = drawn[drawn["system"] == view.shown[0]].dropna(subset="share").sort_values("share", kind="stable")
    told = [
        f"“{said}” is answered most to {row.item_label.lower()} ({row.share:.0%})" for row in first.tail(1).itertuples()
    ] or ["no share can be shown"]
    of = f"of the {len(codebook.AVERAGES[view.known])} systems of {view.known}, " if view.known else "systems, "
    mean = f". Hollow: plain mean of {view.averaged} {of}each counting the same{_fewer(view)}"
    return {
        "title": f"Who answers “{said}”",
        "caption": f"Share of respondents with 95% intervals{mean * (view.averaged > 1)}.",
        "alt": f"Dot plot of {count(len(view.answers.items), 'practice')} in {view.spoken}. In {view.names[view.shown[0]]} "
        f"{told[0]}.",
        "data": drawn,
    }


def _fewer(view: View) -> str:
    """The practices for which fewer systems have a share to average."""
    means = view.now[view.now["average"]].drop_duplicates("item")
    means = means[means["n_systems"].between(1, view.averaged - 1)] if len(means) else means
    told = ", ".join(f"{row.n_systems:.0f} in “{row.item_label}”" for row in means.itertuples())
    return f" (fewer where it was not asked or cannot be shown: {told})" if told else ""


def ranked(view: View) -> Words:
    """Of `view.lowest`."""
    lowest, spans = view.answers.categories[0], view.closed
    apart = (spans["max"] - spans["min"]).sort_values(kind="stable")
    widest = spans.loc[apart[apart > 0].index].tail(1)
    told = [
        f" They lie furthest apart in {row.Index.lower()}: from {row.min:.0%} to {row.max:.0%}."
        for row in widest.itertuples()
    ] or [f" Most: {row.Index.lower()}, {row.mean:.0%}." for row in spans.tail(1).itertuples()]
    return {
        "title": f"{lowest}: all" + ", from fewest to most" * (not view.answers.apart),
        "caption": f"Share who answer {lowest.lower()}, with 95% intervals. {view.answers.apart}".rstrip(),
        "alt": f"{count(len(view.answers.items), 'panel')}, one a practice, with the share of {_places(view)}"
        f"{' in order' * (not view.answers.apart)}.{''.join(told) or ' None can be shown.'}",
        "data": view.lowest,
    }


def often(view: View) -> Words:
    """Of `view.often`."""
    known = view.often.dropna(subset="share").sort_values("share", kind="stable")
    ends = [f"{row.item_label.lower()} in {row.label} ({row.share:.0%})" for row in known.itertuples()]
    told = f"Most often: {ends[-1]}; least often: {ends[0]}." if ends else "None can be shown."
    return {
        "title": f"{view.often_words}: all {view.kind} and practices",
        "caption": "Percent of respondents. Hatched: not asked, or too few to be shown.",
        "alt": f"Map of {_places(view)} and {count(len(view.answers.items), 'practice')}. {told}",
        "data": view.often,
    }


def few_answers(spread: pd.DataFrame, smallest: int) -> str:
    """How many answers are hidden because fewer than `smallest` people gave them; nothing where nobody asked for that."""
    if not smallest:
        return ""
    return (
        f" Hidden, because fewer than {smallest} people gave an answer or it would follow from others: {few_answered(spread)} of "
        f"{len(spread)} shares."
    )


def distribution(view: View, rows: pd.DataFrame) -> Words:
    """Of `classroom_doors.distribution`."""
    middle = rows[rows["statistic"].isin(view.answers.categories[1 : view.answers.often - 1])]
    share = middle.groupby(["system", "item"])["share"].agg(lambda part: part.sum(skipna=False)).mean()
    between = f" On average {share:.0%} lie between the lowest answer and often."
    return {
        "title": "All answers",
        "caption": "The whole distribution of answers, in percent of those who answered. Shares below 6% carry "
        f"no number.{few_answers(rows, view.answers.smallest)}",
        "alt": f"Stacked bars, each of all who answered: {len(view.answers.categories)} answers for "
        f"{count(len(view.answers.items), 'practice')} in {view.spoken}.{between * bool(pd.notna(share))}",
        "data": rows,
    }


def first_pair(view: View, compared: pd.DataFrame) -> Words:
    """Of `classroom_doors.differences`: those in the lowest answer between the first two systems that have one."""
    rows = classroom_doors.between(view, compared[compared["statistic"] == next(iter(view.words))])
    one, two = rows.iloc[rows["estimate"].notna().argmax()][["label_1", "label_2"]]
    rows = rows[rows["label_1"].eq(one) & rows["label_2"].eq(two)]
    sure = rows[rows["p_holm"] < 0.05]
    clear = [f"{r.item_label.lower()} ({100 * r.estimate:+.0f} points)" for r in sure.itertuples()]
    return {
        "title": f"Share who answer “{view.answers.categories[0]}”: {one} minus {two}",
        "caption": "Difference of two shares in percentage points with 95% intervals. Filled: below .05 after "
        f"Holm's adjustment for {compared.groupby('statistic')['p_value'].count().max()} comparisons.",
        "alt": f"Forest plot of {len(rows)} differences between {one} and {two}. Clear after adjustment: "
        f"{', '.join(clear) or 'none'}.",
        "data": rows,
    }


def differences(view: View, compared: pd.DataFrame) -> Words:
    """Of `classroom_doors.differences`, all of them."""
    samples = "independent samples" if view.kind == "systems" else "groups of one sample"
    return {
        "title": "Every pair",
        "caption": f"First less second, {samples}; p adjusted by Holm's method within each of the two statistics.",
        **_difference_cells(classroom_doors.between(view, compared), view),
    }


def changes(view: View, rows: pd.DataFrame) -> Words:
    """Of `classroom_doors.changes`."""
    ends = 100 * rows["estimate"].agg(["min", "max"])
    return {
        "title": f"Who answers “{view.often_words}”, then and now",
        "caption": "Two independent samples of teachers; the interval is that of the change.",
        "alt": f"Two panels for {', '.join(rows['label'].unique())}: the shares of both cycles, and the change in "
        f"points, which runs from {ends['min']:+.0f} to {ends['max']:+.0f}.",
        "data": rows,
    }


def levels(view: View, by: str, rows: pd.DataFrame) -> Words:
    """Of `shares.level_differences`."""
    return {
        "title": f"Differences by {by.replace('_', ' ')}",
        "caption": "First less second, within each system; standard errors of the difference itself, since both live "
        "in the same schools; p adjusted by Holm's method.",
        **_difference_cells(view.labelled(rows), view),
    }


def within_schools(view: View, by: str, rows: pd.DataFrame) -> Words:
    """Of `shares.within_schools`."""
    return {
        "title": f"Differences by {by.replace('_', ' ')} among teachers of the same school",
        "caption": f"Share of {view.often_words.lower()}: level less the first level, with a fixed effect for each "
        "school. Errors made for few clusters (CR2, Satterthwaite's degrees of freedom); clusters: schools.",
        **_difference_cells(view.labelled(rows), view),
    }


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """`shares.table`, labelled, with a row a cycle, system and item and each statistic in words in a column."""
    keys = ["cycle", "system", "label", "item_label", "n"]  # two systems may be spoken of alike
    text = rows.assign(text=[_percent(row) for row in rows.itertuples()])
    wide = text.pivot(index=keys, columns="statistic", values="text").reset_index()
    return rows.drop_duplicates(keys)[keys].merge(wide, on=keys)


def _difference_cells(rows: pd.DataFrame, view: View) -> Words:
    """In percentage points, between systems (`label_1` less `label_2`), or levels (`term` less `other`) in each."""
    first, second = ("{label_1}", "{label_2}") if "label_1" in rows else ("{term}", "{other}")
    heads = {} if "label_1" in rows else {"System or group": "{label}"}
    ends = [f"{_points(r.ci_low)} to {_points(r.ci_high)}" if pd.notna(r.ci_low) else r.note for r in rows.itertuples()]
    columns = {
        "Item": "{item_label}", "First": first, "Second": second,
        "Share": rows["statistic"].map(view.words),
        "Difference": rows["estimate"].map(_points),
        "95% interval": ends,
        "p, adjusted": "{p_holm:p}",
    }  # fmt: skip
    return {"show": rows, "columns": heads | columns}


def _cycle(rows: pd.DataFrame) -> dict[str, str]:
    return {"Cycle": "{cycle}"} if rows["cycle"].nunique() > 1 else {}


def _percent(row: Any) -> str:
    if pd.isna(row.share):
        return row.note
    ends = "" if pd.isna(row.ci_low) else f" ({100 * row.ci_low:.0f} to {100 * row.ci_high:.0f})"
    return f"{row.share:.1%}{ends}"


def _points(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:+.1f}"
