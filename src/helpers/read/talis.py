"""Teachers' answers on opening their classrooms, from the OECD's TALIS files of 2013, 2018 and 2024."""

import glob
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import kept
from helpers.project import ROOT, InputError, locate, relative
from helpers.read import files, pieces, talis_files
from helpers.read import talis_codebook as codebook
from helpers.read.survey import NOT_ADMINISTERED, Survey
from helpers.read.talis_codebook import CATEGORIES, ITEMS, LEVELS, WEIGHTS
from helpers.read.talis_files import Asked, Member

RAW, CACHE = ROOT / "data" / "raw", ROOT / "build" / "cache" / "talis"

_KEYS = ["cycle", "system", "level", "school_id"]


@dataclass(frozen=True)
class _Part:
    """What one of the user's files gave: the folder with the converted tables, and what is in them."""

    source: Path
    folder: Path
    members: list[Member]


def read(
    place: Path, level: int = 2, extra: tuple[str, ...] = (), encoding: str | None = None, explain: tuple[str, ...] = ()
) -> Survey:
    """Teachers of one level from TALIS files.

    `frame` of the result holds, beside what Survey asks for, `name` of the system as the file labels it, `sex`,
    `age_band`, `form` (of the questionnaire, 2024), `school_type` (from principals' files of the same cycle), empty where the
    files do not say, one column for each of `talis_codebook.FEEDBACK_FROM` (1 not, 2 yes), `principal` (whether the school is in such a file), and the variables of `extra` and `explain`. Several files may be given, with one system or many; teachers of other levels are passed over. Converted
    tables are kept: in `.converted/` beside files below `data/raw/`, else in `build/cache/talis/`.

    Forms of 2024 rotate, and code 8 (not administered) says who was not asked an item: no gap, and not in any n. Two
    things are inferred and not seen in print: that an item which nobody of a form answered in a system (30 teachers or
    more, empty cells included) while other forms did was not in that form; and that forms are dealt out by chance, so
    that the weighted share of those asked stands for all. Systems that are parts of others are read as they stand.

    Raises InputError for files that hold no such teachers; variables of no known cycle; the same system in two files
    with other rows; weights, schools, systems, levels or answers that are missing or cannot be; a teacher who stands
    or school who stands twice; missing codes other than known here; simulated and real systems together; a variable of
    `explain` that is in no file, or in those of teachers and of principals.

    Parameters
    ----------
    place : a folder, zip or file.
    level : 1 primary, 2 lower secondary, 3 upper secondary.
    extra : further variables, as numbers without their missing codes.
    encoding : that of the file's text where it says a wrong one.
    explain : variables of teachers or their principals, as words where the files name each of their codes, else as numbers.
    """
    if level not in LEVELS:
        raise InputError(f"level {level!r} is none of {', '.join(map(str, LEVELS))}.")
    place, extra = locate(place), tuple(variable.upper() for variable in extra)
    explain = tuple(name for name in dict.fromkeys(map(str.upper, explain)) if name not in extra)
    asked = Asked(level, extra, explain, encoding)
    parts = [_converted(source, asked) for source in files.sources(place, pieces.ENDINGS)]
    teachers = _teachers([member for part in parts for member in part.members], level, relative(place))
    _leave_doubles(teachers)
    _check_explained(explain, teachers, parts, relative(place))
    frame, weights = _load(parts)
    _leave_unasked(frame)
    frame = _worded(_with_schools(frame, parts), explain, parts)
    # Bands have an order that the alphabet does not know.
    frame["age_band"] = pd.Categorical(frame["age_band"], codebook.AGE_BANDS, ordered=True)
    # A file is used where it gives schools, or a system that no other file gave.
    used = tuple(p.source for p in parts if any(m.schools or len(m.left) < len(m.systems) for m in p.members))
    return Survey(
        frame=frame, items=ITEMS, categories=CATEGORIES, often=codebook.OFTEN, statistics=codebook.STATISTICS,
        weights=weights, fay=codebook.FAY, fewest=codebook.FEWEST, files=used, simulated=teachers[0].simulated,
    )  # fmt: skip


def _teachers(members: list[Member], level: int, place: str) -> list[Member]:
    """Teacher files with teachers of the level; an error that tells what is there when there are none."""
    found = [member for member in members if member.systems]
    if not found:
        if others := sorted({LEVELS[at] for m in members for at in m.levels if at in LEVELS}):
            what = f"holds teachers of other levels only ({', '.join(others)}). Ask for one of these, or add the file"
        elif any(member.kind == "school" for member in members):
            what = "holds answers of principals only (a school file). Add the file"
        elif any(member.kind == "teacher" for member in members):
            what = "holds no teachers of primary or secondary schools. Add the file"
        else:
            what = "holds no TALIS file (if it is a survey of your own, name its `items`). Add the file"
        wanted = f"of {LEVELS[level]} teachers (in the OECD's names: {'ABC'[level - 1]}TG...)"
        raise InputError(f"{place}: it {what} {wanted}.")
    for simulated in found:
        if real := next((m for m in found if m.simulated != simulated.simulated), None):
            raise InputError(
                f"{simulated.name} and {real.name}: one is simulated, the other is not. Give one or the other."
            )
    return found


def _leave_doubles(teachers: list[Member]) -> None:
    """Count a system once where another file repeats its rows, as what was unpacked from a zip; refuse rows that differ."""
    first: dict[tuple[int, str], Member] = {}
    for member in teachers:
        for system, digest in member.systems.items():
            other = first.setdefault((member.cycle, system), member)
            if digest != other.systems[system]:
                raise InputError(
                    f"{member.name} and {other.name}: both hold {system} {member.cycle}, and not the same rows. "
                    "Keep one of the two files."
                )
            if other is not member:
                member.left.append(system)


def _load(parts: list[_Part]) -> tuple[pd.DataFrame, np.ndarray]:
    """Teachers and their weights, without ever holding the weights twice."""
    import duckdb

    rows = sum(member.rows for part in parts for member in part.members)
    tables, weights, done = [], np.empty((rows, len(WEIGHTS))), 0
    for path, member in ((part.folder / name, m) for part in parts for m in part.members for name in m.teachers):
        table = duckdb.read_parquet(str(path)).df()
        table = table[~table["system"].isin(member.left)]
        weights[done : done + len(table)] = table[WEIGHTS]
        done += len(table)
        tables.append(table.drop(columns=WEIGHTS).astype(dict.fromkeys(("name", "sex", "age_band", "form"), "str")))
    return pd.concat(tables, ignore_index=True), weights[:done]


def _leave_unasked(frame: pd.DataFrame) -> None:
    """Items that were in other forms of the questionnaire only: not administered, even where the cells are empty."""
    if not frame["form"].notna().any():
        return
    form = frame.groupby(["cycle", "system", "form"])["form"].transform("size").ge(codebook.FEWEST[0])
    for item in (*ITEMS, *codebook.FEEDBACK_FROM):
        answered = frame[item].gt(0)
        here = answered.groupby([frame["cycle"], frame["system"], frame["form"]]).transform("any")
        anywhere = answered.groupby([frame["cycle"], frame["system"]]).transform("any")
        # Rows without a form have no group, and so nothing here.
        elsewhere = here.eq(False) & anywhere & form
        frame[item] = frame[item].mask(elsewhere & ~answered, NOT_ADMINISTERED)


def _check_explained(explain: tuple[str, ...], teachers: list[Member], parts: list[_Part], place: str) -> None:
    """Raise InputError for variables that no file has, or that mean two things."""
    principals = [member for part in parts for member in part.members if member.schools]
    for variable in explain:
        one, two = (next((m.name for m in m_s if variable in m.explains), "") for m_s in (teachers, principals))
        if one and two:
            raise InputError(
                f"{variable} is a variable of the teachers' file {one} and of the principals' file {two}, so that `explain` can mean "
                "either. Keep the file that you do not mean elsewhere, or leave it out of `explain`."
            )
        if not one and not two:
            there = (
                ""
                if principals
                else " There is no principals' file (in the OECD's names: BCG...) for teachers of this level: add it for characteristics of schools."
            )
            raise InputError(f"{place}: `explain` names {variable}, which no file here has.{there} Correct the name.")


def _with_schools(frame: pd.DataFrame, parts: list[_Part]) -> pd.DataFrame:
    """Teachers with what their principals said, by the OECD's keys."""
    import duckdb

    paths = [part.folder / table for part in parts for m in part.members for table in m.schools]
    if not paths:
        return frame.assign(school_type=pd.Series(np.nan, frame.index, dtype="str"), principal=False)
    schools = pd.concat([duckdb.read_parquet(str(path)).df() for path in paths]).drop_duplicates()
    if len(double := schools[schools.duplicated(_KEYS)]):
        at = double.iloc[0]
        raise InputError(
            f"the principals' files differ in what they say of school {at['school_id']} of {at['system']} {at['cycle']}. Keep one of them."
        )
    given = schools.assign(principal=True).astype({"school_type": "str"})
    merged = frame.merge(given, on=_KEYS, how="left", validate="many_to_one")
    principal = merged["principal"].eq(True)
    if len(given.columns) > len([*_KEYS, "school_type", "principal"]) and not principal.any():
        names = files.listed(member.name for part in parts for member in part.members if member.schools)
        raise InputError(
            f"{names}: none of the schools is a school of these teachers, by cycle, CNTRY, level and IDSCHOOL. Take the files of "
            "teachers and principals from one release."
        )
    return merged.assign(principal=principal)


def _worded(frame: pd.DataFrame, explain: tuple[str, ...], parts: list[_Part]) -> pd.DataFrame:
    """Variables in the words of the files where these name each code that is there, else as numbers."""
    found: dict[str, pd.Series] = {}
    for variable in explain:
        named = {tuple(pair) for part in parts for m in part.members for pair in m.explains.get(variable, [])}
        words = dict(named)
        if len(words) < len(named):
            raise InputError(
                f"`explain`: the files name a code of {variable} in two ways ({files.listed(sorted(word for _, word in named))}). "
                "Take files of one release, or one file alone."
            )
        values = frame[variable]
        if words and values.dropna().isin(list(words)).all():
            found[variable] = values.map(words).astype("str")
    return frame.assign(**found)


def _converted(source: Path, asked: Asked) -> _Part:
    """The converted tables of one of the user's files, from the cache where they are whole, else made."""
    # The place, too: two files of one name in two folders stay apart.
    wanted = hashlib.sha256(repr((str(source.parent), asked)).encode())
    causes = map(kept.digest, [*kept.closure({"read.talis"}), source])
    content = hashlib.sha256("".join(causes).encode())
    name = f"{source.name}-{wanted.hexdigest()[:8]}-"
    beside = source.resolve().is_relative_to(RAW.resolve()) and os.access(source.parent, os.W_OK)
    target = (source.parent / ".converted" if beside else CACHE) / (name + content.hexdigest()[:16])
    members = _kept(target)
    if members is None:
        with kept.making(target, f"{glob.escape(name)}*") as aside:
            members = talis_files.convert(source, asked, aside)
            digests = {path.name: kept.digest(path) for path in sorted(aside.glob("*.parquet"))}
            facts = json.dumps({"members": list(map(asdict, members)), "digests": digests})
            (aside / "facts.json").write_text(facts, encoding="utf-8")
            shutil.rmtree(target, ignore_errors=True)  # it was there, but not whole
    return _Part(source, target, members)


def _kept(folder: Path) -> list[Member] | None:
    """What a folder of the cache holds, or None where it is not there or not whole."""
    try:
        facts = kept.load(folder / "facts.json")
        if all(kept.digest(folder / name) == digest for name, digest in facts["digests"].items()):
            return [Member(**member) for member in facts["members"]]
    except (OSError, KeyError, TypeError, AttributeError):
        pass
    return None
