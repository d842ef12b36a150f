"""What a printed number says, in words that a person would say."""

import re

_SENTENCES = {
    "needs": "{row} needs {group}",
    "needs, as any practice": "{row} needs {group}, as any practice does",
    "needs, by the abstract only": "{row} needs {group}, by the abstract only",
    "builds": "{row} builds {group}",
    "grades": "Grades that {group} teaches: {row}",
    "subject": "{group} teaches {row}",
    "school": "{group} works in {row} of the table",
    "size": "{group}'s school is of {row} size",
    "low income, from": "Students of low income at {group}'s school: lower end of {row}",
    "low income, to": "Students of low income at {group}'s school: upper end of {row}",
    "limited English, from": "Students of limited English at {group}'s school: lower end of {row}",
    "limited English, to": "Students of limited English at {group}'s school: upper end of {row}",
    "stars": "Asterisks beside the coefficient of {row}, {group}",
    "monthly": "Teachers who do it monthly or more often, {group}: {row} (percent)",
    "never": "Teachers who never do it, {group}: {row} (percent)",
    "never, rank": "{row} of three by how many teachers never do it",
    "never, at least (in words)": "Teachers who never do it, {group}: {row} (percent, at least)",
}
"""By statistic, where it makes a sentence of its own."""
_OFTEN = "Teachers who do it {statistic}, {group}: {row} (percent)"
_TEST = {"df": "Degrees of freedom of the test of", "t": "t of the test of", "p": "p-value of the test of"}
_SCALES = {"mean": "Mean", "sd": "Standard deviation"}
_LIMITS = {
    "lower bound": "or more",
    "upper bound": "or less",
    "about": "about",
    "order of magnitude": "in round numbers",
}
_PLACES = {
    "teacher leadership": "on teacher leadership", "school reform": "on school reform",
    "project": "in the project", "model": "in the model", "earlier work": "in earlier work", "test": "in the test",
    "earlier study": "in an earlier study", "questionnaire": "in the questionnaire", "interviews": "in interviews",
    "participants": "of participants", "control": "of the control group", "study": "in the study", "district": "in the district",
    "other studies": "in other studies", "all respondents": "of all who answered", "Total": "both zones", "document": "",
    "record": "", "research": "in research", "law": "in law", "organisations": "of organisations",
}  # fmt: skip
_WHO = {
    "teacher leaders", "teacher networks", "schools", "Instructional Leadership Corps", "East Side Alliance",
    "Social Justice Humanitas Academy", "Teacher Leadership Initiative", "National Board Certified Teachers",
}  # fmt: skip
"""Groups that come first, as whom the number is of."""
_NAMES = {"American", "English", "Chile", "Shanghai", "Japan", "Welch's", "Student's", "California", "Los", "Institute"}
"""First words of rows that keep their capital inside a sentence."""
_SILENT = {
    "people", "outcomes", "items", "year", "school year", "1: it is said", "grade", "note", "page", "volume", "issue",
}  # fmt: skip
"""Units that the row's own words give."""


def statement(row: str, group: str, statistic: str, unit: str) -> str:
    """What one printed number is of; no word twice, and no bare name of a statistic at the end.

    Parameters
    ----------
    row, group, statistic, unit : as files of `data/published/` have them

    >>> statement("Pilot schools", "project", "count", "schools")
    'Pilot schools, in the project'
    >>> statement("Sharing with colleagues", "trusting relationships", "needs", "1: it is said")
    'Sharing with colleagues needs trusting relationships'
    """
    if statistic in _SENTENCES:
        said = _SENTENCES[statistic]
        return said.format(
            row=(row if said.startswith("{row}") else _inside(row)).replace(" percent", "%"), group=group
        )
    if " a year" in statistic or " a month" in statistic or " a week" in statistic:
        return _OFTEN.format(row=_inside(row), group=group, statistic=statistic)
    where = _PLACES.get(group, group)
    if group == "test" and statistic in _TEST and unit != "standard errors":
        return f"{_TEST[statistic]} “{row}”"
    if group in ("participants", "control") and statistic in _SCALES:
        return f"{_SCALES[statistic]} {where}, “{row}”"
    if group in ("participants", "control") and statistic == "n" and not _stands(group, row):
        return (
            f"{'Participants' if group == 'participants' else 'Teachers of the control group'} in the test of “{row}”"
        )
    if group in _WHO and " " in row and not _stands(group, row):
        words = f"{group[0].upper()}{group[1:]}: {_inside(row)}"
    else:
        words = row if not where or _stands(group, row) else f"{row}, {where}"
    told = (
        []
        if unit in _SILENT or _stands(unit.partition(",")[0], row)
        else [unit.replace("SD of", "standard deviations of")]
    )
    if statistic in _LIMITS and not re.search(r"\b(more than|or more|about|at least|lower|upper|most)\b", row):
        told.append(_LIMITS[statistic])
    return f"{words} ({', '.join(told)})" if told else words


def _inside(row: str) -> str:
    """The row's words as they go on in a sentence: names and what is all capitals keep their letter."""
    first = row.split()[0]
    kept = first in _NAMES or not first[1:].islower()
    return row if kept else f"{row[0].lower()}{row[1:]}"


def _stands(words: str, row: str) -> bool:
    """Whether the words stand in the row, in the singular or the plural."""
    stems = [word.rstrip("s") for word in re.findall(r"\w+", words.lower())]
    return {*stems} <= {word.rstrip("s") for word in re.findall(r"\w+", row.lower())}
