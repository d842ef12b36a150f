"""Turn one TALIS file, or a zip of them, into tables: rows of teachers of one level, and the types of schools."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.project import InputError
from helpers.read import files, frames, pieces
from helpers.read import talis_codebook as codebook
from helpers.read.pieces import Table
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED
from helpers.read.talis_codebook import FEEDBACK, NOT_ASKED, PRACTICE, UNANSWERED, WEIGHTS, Question

_NOT_ADMINISTERED_LABEL = re.compile(r"not admin", re.IGNORECASE)
MISSING_LABEL = re.compile(r"not admin|not reached|logically not applicable|omitted|invalid|^missing$", re.IGNORECASE)
"""What labels of missing codes say."""
_TEXT = ("CNTRY", "IDCNTPOP")  # variables that are text


@dataclass
class Member:
    """What one data file holds.

    `kind`: teacher, school or other. `levels`: those of all its teachers. `systems`: those with teachers of the level
    asked for, each with a checksum of its rows in any order. `rows`: these teachers. `teachers`, `schools`: names of
    the tables written. `left`: systems that another file gives, not to be counted here. `explains`: the variables asked for that
    it has, each with its codes that have a name, as pairs.
    """

    name: str
    kind: str
    cycle: int | None = None
    levels: list[int] = field(default_factory=list)
    systems: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    rows: int = 0
    teachers: list[str] = field(default_factory=list)
    schools: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    explains: dict[str, list[tuple[float, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What is wanted of the files.

    `level`: of teachers; `extra`: variables of teachers; `explain`: variables of teachers or of their principals; `encoding`:
    of text, where a file says a wrong one.
    """

    level: int
    extra: tuple[str, ...] = ()
    explain: tuple[str, ...] = ()
    encoding: str | None = None


def convert(source: Path, asked: Asked, folder: Path) -> list[Member]:
    """Write the tables of one of the user's files (Parquet), and tell what each data file in it holds.

    Tables of teachers have `cycle, system, level, school_id, name, sex, age_band, form`, the items, the variables asked for
    and the weights; tables of schools the first four, `school_type` and the variables asked for. All variables are numbers.
    Raises the errors of `talis.read`.
    """
    members = []
    with files.find(source, pieces.ENDINGS) as found:
        for number, file in enumerate(found):
            _check_year(file.name)
            table = pieces.describe(file.path, file.name, asked.encoding)
            members.append(Member(file.name, _kind(table)))
            if members[-1].kind == "teacher":
                _convert_teachers(table, asked, folder / f"teachers-{number}", members[-1])
            elif members[-1].kind == "school":
                _convert_schools(table, asked, folder / f"schools-{number}", members[-1])
    return members


def _check_year(name: str) -> None:
    """Refuse files of the cycle whose questions are not known here."""
    if codebook.NOT_READ.match(Path(name).name):
        raise InputError(
            f"{name}: by its name this is a file of TALIS 2008. The names of that year's questions were not seen here, so that it is not "
            "read as TALIS. Take it out, or read it as a survey of your own: name its questions in `items`, with group: IDCNTRY, "
            "school: IDSCHOOL, nest: true, weight: TCHWGT and replicates: TRWGT, and see that these columns are there."
        )


def _kind(table: Table) -> str:
    """Teacher, school or other file, by its variables."""
    if "IDTEACH" in table.columns or any(re.match(r"TT\dG\d\d", name) for name in table.columns):
        return "teacher"
    return "school" if any(re.match(r"TC\dG\d\d", name) for name in table.columns) else "other"


def _cycle(table: Table, letter: str) -> int:
    found = (re.match(rf"T{letter}(\d)G\d\d", name) for name in table.columns)
    cycles = {codebook.CYCLES.get(match[1]) for match in found if match}
    if len(cycles) != 1 or None in cycles:
        known = ", ".join(f"T{letter}{digit}G.. of {at}" for digit, at in codebook.CYCLES.items())
        raise InputError(f"{table.name}: the variables are not of one cycle known here ({known}). Leave this file out.")
    return cycles.pop()


def _convert_teachers(table: Table, asked: Asked, place: Path, member: Member) -> None:
    from tqdm import tqdm

    cycle = member.cycle = _cycle(table, "T")
    _check_columns(table)
    _check_codes(table, cycle)
    digit, grouped = codebook.digit(cycle), codebook.AGES.get(cycle, ("",))[0]
    form = codebook.FORMS.get(cycle, ("",))[0]
    wanted = {
        "CNTRY", "IDCNTRY", "IDPOP", "IDCNTPOP", "IDSCHOOL", "IDTEACH", f"TT{digit}G01", f"TT{digit}G02", grouped, form,
        *PRACTICE.variables[cycle].values(), *FEEDBACK.variables.get(cycle, {}).values(), *asked.extra, *asked.explain, *WEIGHTS,
    }  # fmt: skip
    ids, levels = [], set()
    # Shown in a terminal only: a notebook would keep every step of it.
    with tqdm(total=table.rows, desc=f"Reading {table.name}", unit=" rows", disable=None, leave=False) as bar:
        for piece in pieces.pieces(table, wanted, _TEXT):
            bar.update(len(piece))
            at = _level(piece, table)
            levels |= set(at.astype(int))
            piece = piece[at == asked.level]
            if piece.empty:
                continue
            made = _teacher_rows(piece, table, cycle, asked)
            teacher = _ids(piece, "IDTEACH", table, "no number of the teacher")
            who = made[["system", "school_id"]].assign(teacher=teacher)
            told = pd.concat([who, made[[*codebook.ITEMS, "TCHWGT"]].astype(float)], axis=1)
            ids.append(who.assign(digest=pd.util.hash_pandas_object(told, index=False)))
            member.teachers.append(_write(made, f"{place}-{len(member.teachers):03d}.parquet"))
    member.levels = sorted(levels)
    member.explains = _explains(table, asked)
    if ids:
        _finish(pd.concat(ids), table, member)


def _finish(ids: pd.DataFrame, table: Table, member: Member) -> None:
    """Refuse teachers who stand twice; note systems, each with a checksum of its rows in any order."""
    teacher = ids["system"] + " / " + ids["school_id"] + " / " + ids["teacher"]
    column, what, remedy = (
        "CNTRY / IDSCHOOL / IDTEACH",
        "the same teacher more than once",
        "Keep one row for each teacher",
    )
    frames.refuse_rows(teacher, teacher.duplicated(keep=False), column, table.name, what, remedy)
    member.rows = len(ids)
    member.systems = {system: str(rows.to_numpy().sum()) for system, rows in ids.groupby("system")["digest"]}
    made_up = ids["system"].str.fullmatch(codebook.SIMULATED)
    if made_up.any() and not made_up.all():
        raise InputError(
            f"{table.name}, column 'CNTRY': simulated systems (codes X..) and real ones in one file. Separate them."
        )
    member.simulated = bool(made_up.all()) or table.title.upper().startswith("SIMULATED")


def _teacher_rows(piece: pd.DataFrame, table: Table, cycle: int, asked: Asked) -> pd.DataFrame:
    """One piece of a teacher file as rows of a Survey, with weights."""
    made, names = _places(piece, table, cycle, asked.level), table.labels.get("IDCNTRY")
    made["name"] = _coded(piece, "IDCNTRY", table, names).fillna(made["system"]) if names else made["system"]
    made["sex"] = _coded(piece, f"TT{codebook.digit(cycle)}G01", table, codebook.SEX)
    made["age_band"] = _age_bands(piece, table, cycle)
    form, letters = codebook.FORMS.get(cycle, ("", {}))
    made["form"] = _coded(piece, form, table, letters)
    made |= {item: _answers(piece, PRACTICE, item, table, cycle) for item in codebook.ITEMS}
    made |= {item: _answers(piece, FEEDBACK, item, table, cycle) for item in codebook.FEEDBACK_FROM}
    wanted = [*asked.extra, *_explains(table, asked)]
    made |= {variable: _without_missing(piece, variable, table) for variable in wanted}
    made |= {weight: _weight(piece, weight, table) for weight in WEIGHTS}
    return pd.DataFrame(made, index=piece.index)


def _places(piece: pd.DataFrame, table: Table, cycle: int, level: int) -> dict[str, object]:
    """What teachers and schools share: the first columns of their tables."""
    system = piece["CNTRY"].astype(object).where(piece["CNTRY"].notna(), "").astype(str).str.strip()
    _refuse(piece["CNTRY"], ~system.str.fullmatch("[A-Za-z]{3}"), "CNTRY", table, "no three-letter code")
    school = _ids(piece, "IDSCHOOL", table, "no school")
    return {"cycle": cycle, "system": system.str.upper(), "level": level, "school_id": school}


def _convert_schools(table: Table, asked: Asked, place: Path, member: Member) -> None:
    cycle = member.cycle = _cycle(table, "C")
    if not {"CNTRY", "IDSCHOOL"} <= table.columns.keys() or not {"IDPOP", "IDCNTPOP"} & table.columns.keys():
        return
    parts, managed, explains = [], _school_type(table, cycle), _explains(table, asked)
    for piece in pieces.pieces(table, {"CNTRY", "IDPOP", "IDCNTPOP", "IDSCHOOL", managed, *explains}, _TEXT):
        piece = piece[_level(piece, table) == asked.level]
        made = _places(piece, table, cycle, asked.level)
        made["school_type"] = _coded(piece, managed, table, codebook.SCHOOL_TYPES) if managed else None
        made |= {variable: _without_missing(piece, variable, table) for variable in explains}
        parts.append(pd.DataFrame(made, index=piece.index))
    if not parts or not len(schools := pd.concat(parts)):
        return
    who = schools["system"] + " / " + schools["school_id"]
    what, remedy = "the same school more than once", "Keep one row for each school"
    frames.refuse_rows(who, who.duplicated(keep=False), "CNTRY / IDSCHOOL", table.name, what, remedy)
    member.schools, member.explains = [_write(schools, f"{place}.parquet")], explains


def _explains(table: Table, asked: Asked) -> dict[str, list[tuple[float, str]]]:
    """Variables asked for that the file has, with the names of their codes but for the missing ones."""
    found = {}
    for variable in asked.explain:
        if variable in table.columns:
            named = {code: label for code, label in table.labels.get(variable, {}).items() if not isinstance(code, str)}
            codes = _declared(pd.Series(named.keys(), dtype=float), variable, table).dropna()
            found[variable] = [(code, named[code]) for code in codes]
    return found


def _school_type(table: Table, cycle: int) -> str | None:
    """The variable that tells public from private management, by its labels."""
    for variable, labels in table.labels.items():
        one, two = str(labels.get(1, "")).lower(), str(labels.get(2, "")).lower()
        if variable.startswith("TC") and one.startswith("public") and two.startswith("private"):
            return variable
    named = codebook.SCHOOL_TYPE.get(cycle)
    return named if not table.labels and named in table.columns else None


def _write(frame: pd.DataFrame, place: str) -> str:
    import duckdb

    duckdb.from_df(frame).write_parquet(place)
    return Path(place).name


def _check_columns(table: Table) -> None:
    absent = [column for column in ("CNTRY", "IDSCHOOL", "IDTEACH", *WEIGHTS) if column not in table.columns]
    if not {"IDPOP", "IDCNTPOP"} & table.columns.keys():
        absent.append("IDPOP")
    if absent:
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        raise InputError(
            f"{table.name}: no column {', '.join(absent[:3])}{more}. Without system, level, school, teacher, final "
            f"weight and {codebook.REPLICATES} replicate weights nothing can be estimated. Get the whole teacher file."
        )


def _check_codes(table: Table, cycle: int) -> None:
    """The file's own labels and missing codes of the questions must say what is known here."""
    for question in (PRACTICE, FEEDBACK):
        for variable in question.variables.get(cycle, {}).values():
            if wrong := _contradiction(table, question, variable, cycle):
                raise InputError(
                    f"{table.name}, column {variable!r}: {wrong}. The file does not code this question as the OECD does: "
                    f"{question.told}, 8 not administered, 9 omitted. Get the OECD's own file."
                )


def _contradiction(table: Table, question: Question, variable: str, cycle: int) -> str:
    """What a variable's labels and missing codes say otherwise than the codebook; empty for nothing."""
    missing = dict.fromkeys(UNANSWERED[cycle], NO_ANSWER) | {NOT_ASKED: NOT_ADMINISTERED}
    labels = {k: v for k, v in table.labels.get(variable, {}).items() if not isinstance(k, str)}
    for code, at in question.places.items():
        label, ranges = labels.get(code, ""), table.missing.get(variable, [])
        if MISSING_LABEL.search(label) or any(low <= code <= high for low, high in ranges):
            return f"{code} is declared missing, but is an answer"
        if at > 1 and label.lower().startswith(question.lowest):
            return f"{code} is labelled {label!r}"
    for code, label in labels.items():
        means = NOT_ADMINISTERED if _NOT_ADMINISTERED_LABEL.search(label) else NO_ANSWER
        if code not in question.places and MISSING_LABEL.search(label) and missing.get(code) != means:
            return f"{code:g} is labelled {label!r}"
    return ""


def _numbers(piece: pd.DataFrame, column: str, table: Table) -> pd.Series:
    """A column as numbers, missing where it has letters (special missing values) or is not there. Raises InputError."""
    given = piece.get(column, pd.Series(np.nan, piece.index))
    values = pd.to_numeric(given, errors="coerce").astype(float)
    if values.isna().any() and not pd.api.types.is_numeric_dtype(given):
        text = given.astype(str).str.strip()
        wrong = values.isna() & given.notna() & ~text.isin(["", "."]) & ~_special(text, table)
        _refuse(given, wrong, column, table, "text in a number column")
    return values


def _refuse(given: pd.Series, wrong: pd.Series, column: str, table: Table, what: str) -> None:
    frames.refuse_rows(given, wrong, column, table.name, what, "Get the OECD's own file")


def _special(text: pd.Series, table: Table) -> pd.Series:
    """Stata's and SAS's special missing values come as one letter."""
    return (table.path.suffix.lower() in (".dta", ".sas7bdat")) & text.str.fullmatch("[A-Za-z_]")


def _level(piece: pd.DataFrame, table: Table) -> pd.Series:
    column, level = "IDPOP", _numbers(piece, "IDPOP", table)
    if column not in piece:
        column, last = "IDCNTPOP", piece["IDCNTPOP"].astype(str).str.strip().str[-1:]
        level = pd.to_numeric(last, errors="coerce").astype(float)
    _refuse(piece[column], level.isna(), column, table, "no level")
    return level


def _ids(piece: pd.DataFrame, column: str, table: Table, what: str) -> pd.Series:
    """Numbers of schools or teachers as text; none may be missing."""
    values = _present(piece, column, table)
    _refuse(piece[column], values.isna(), column, table, what)
    return values.map("{:.0f}".format)


def _weight(piece: pd.DataFrame, column: str, table: Table) -> pd.Series:
    values = _present(piece, column, table)
    wrong = ~values.between(0, np.inf, inclusive="left")
    _refuse(piece[column], wrong, column, table, "weights that are missing, negative or infinite")
    return values


def _present(piece: pd.DataFrame, column: str, table: Table) -> pd.Series:
    """A column of ids or weights as numbers, missing where the file or the codebook says so."""
    values = _declared(_numbers(piece, column, table), column, table)
    return values.mask(values.isin(codebook.MISSING_IDS[column]))


def _declared(values: pd.Series, column: str, table: Table) -> pd.Series:
    """Numbers without the codes that the file itself declares missing, by ranges or by labels."""
    for low, high in table.missing.get(column, []):
        values = values.mask(values.between(low, high))
    labels = table.labels.get(column, {}).items()
    gone = [at for at, label in labels if MISSING_LABEL.search(label) and not isinstance(at, str)]
    return values.mask(values.isin(gone)) if gone else values


def _answers(piece: pd.DataFrame, question: Question, item: str, table: Table, cycle: int) -> np.ndarray:
    """Places of answers, NOT_ADMINISTERED or NO_ANSWER; an empty cell is the latter (but see `talis.read` on forms)."""
    variable = question.variables.get(cycle, {}).get(item)
    if variable not in piece:
        return np.full(len(piece), NOT_ADMINISTERED, dtype=np.int8)
    values = _numbers(piece, variable, table).mask(_not_asked(piece, variable, table), NOT_ASKED)
    known = question.places | {NOT_ASKED: NOT_ADMINISTERED}
    known |= dict.fromkeys(UNANSWERED[cycle], NO_ANSWER)
    codes = values.map(known)
    what = f"answers other than {', '.join(map(str, sorted(known)))}"
    _refuse(piece[variable], values.notna() & codes.isna(), variable, table, what)
    return codes.fillna(NO_ANSWER).to_numpy(dtype=np.int8)


def _not_asked(piece: pd.DataFrame, variable: str, table: Table) -> pd.Series:
    """Where a special missing value (a letter) says not administered. Raises InputError where no label tells."""
    given = piece[variable]
    if pd.api.types.is_numeric_dtype(given):
        return pd.Series(False, given.index)
    labels = table.labels.get(variable, {})
    letters = given.where(_special(given.astype(str), table))
    what = "special missing values without a label, so that not asked cannot be told from not answered"
    unlabelled = letters.notna() & ~letters.isin(list(labels))
    frames.refuse_rows(given, unlabelled, variable, table.name, what, "Take the SPSS file instead")
    return letters.isin([code for code, label in labels.items() if _NOT_ADMINISTERED_LABEL.search(label)])


def _without_missing(piece: pd.DataFrame, variable: str, table: Table) -> pd.Series:
    """A variable as numbers without its missing codes; all missing where the file does not have it."""
    if variable not in piece:
        return pd.Series(np.nan, piece.index)
    values = _declared(_numbers(piece, variable, table), variable, table)
    if table.labels.get(variable) or table.missing.get(variable):
        return values
    if variable not in codebook.VALID:
        raise InputError(
            f"{table.name}, column {variable!r}: the file does not tell which codes are missing. Take the SPSS file."
        )
    return values.where(values.isin(codebook.VALID[variable]))


def _coded(piece: pd.DataFrame, variable: str, table: Table, words: dict[int, str]) -> pd.Series:
    """A variable's codes as words; other codes are missing."""
    return _numbers(piece, variable, table).map(words).astype(object)


def _age_bands(piece: pd.DataFrame, table: Table, cycle: int) -> pd.Series:
    """Age in bands: as the file groups it, else from age in years."""
    grouped, words = codebook.AGES.get(cycle, (None, {}))
    if grouped in piece:
        return _coded(piece, grouped, table, words)
    years = _numbers(piece, f"TT{codebook.digit(cycle)}G02", table)
    edges = [0, 30, 40, 50, 60, 97]  # missing codes are 97 to 99 or 997 to 999
    return pd.cut(years, edges, right=False, labels=codebook.AGE_BANDS).astype(object)
