"""A survey of the user's own whose groups are made of several columns, as subject and grade band."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from helpers.project import InputError, relative
from helpers.read import frames, own_survey
from helpers.read.suppression import MINIMUM
from helpers.read.survey import NO_ANSWER, Survey


def read(
    path: Path, items: Sequence[str] | dict[str, str], groups: Sequence[str], *, weight: str = "",
    encoding: str = "utf-8", **more: object,
) -> Survey:  # fmt: skip
    """`own_survey.read`, with a system for each combination of levels of `groups` ("science, high").

    Respondents who lack a level of one of them are left out. Raises InputError as `own_survey.read` does, and when a
    column is named twice or there are fewer than two groups that can be shown.
    """
    survey = own_survey.read(path, items, weight=weight, encoding=encoding, **more)
    if not groups:
        return survey
    used = [*groups, *items, *filter(None, (weight, more.get("school")))]
    if len(set(used)) < len(used):
        raise InputError(
            "`group`: a column is named twice, or also stands among `items`, `weight` or `school`. Each needs its own."
        )
    columns = [*groups, *([weight] if weight else [])]
    frame = frames.read(path, columns, encoding=encoding, names=tuple(groups))
    if weight:  # whoever weighs nothing is not in the survey
        frame = frame[frames.numbers(frame, weight, path) > 0]
    levels = frame[list(groups)].apply(lambda column: frames.categories(frame, column.name))
    kept = levels.notna().all(axis=1).to_numpy()
    names = [", ".join(row) for row in levels[kept].itertuples(index=False)]
    people = survey.frame[kept].assign(system=names, name=names).reset_index(drop=True)
    answered = (people[list(survey.items)] != NO_ANSWER).groupby(people["system"]).sum().max(axis=1)
    if (answered >= MINIMUM).sum() < 2:
        raise InputError(
            f"{relative(path)}, column {' + '.join(groups)!r}: {len(answered)} groups, of which fewer than two have "
            f"{MINIMUM} answers to an item, and nothing that rests on fewer is shown. Name columns with larger groups, "
            "or leave `group` out."
        )
    return replace(survey, frame=people, weights=survey.weights[kept])
