"""Surveys beside TALIS that ask teachers the same question: what each asks, of whom, and how its files are read.

A new survey is a `Study` here and a test. TALIS has files of its own kind (`read.talis`); its items are the common list.
"""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from helpers.project import ROOT, InputError, relative
from helpers.read import files, formats, frames
from helpers.read import talis_codebook as codebook
from helpers.read.files import Options
from helpers.read.survey import NO_ANSWER, NOT_ADMINISTERED, Survey
from helpers.read.talis_codebook import CATEGORIES, ITEMS, OFTEN, STATISTICS

RAW = ROOT / "data" / "raw"
FEWEST = (10, 2)
"""No share of fewer teachers or schools is shown. Single answers are, for the files are public."""


@dataclass(frozen=True)
class Question:
    """Items with the same answers.

    `items`: key -> variable, keys as in ITEMS where they are the same; `words`: key -> what is asked; `answers`: lowest
    first, coded from 1; from `often` on they count as often; `wording`: where the words were seen, or what they are inferred from.
    """

    items: dict[str, str]
    wording: str
    words: dict[str, str] = field(default_factory=lambda: ITEMS)
    answers: Sequence[str] = tuple(CATEGORIES)
    often: int = OFTEN
    statistics: tuple[str, str] = STATISTICS


@dataclass(frozen=True)
class Study:
    """One survey.

    `key`: its folder in `data/raw/`; `short`: its name beside others in figures; `cycle`: the year its files bear, of which `years` tells more; `asked`, `sample`: whom
    its numbers stand for, and how far they reach; `apart`: why its systems are not set against each other, or nothing;
    `columns`: of system, school and teacher; `students`: a column that students' files alone have; `systems`: code -> the OECD's name; `edition`: a column and how its cells begin
    in files of this edition; `missing`: codes of no answer that not every file declares; `weight`: a column to weight by
    instead, for comparison (there are no weights of teachers).
    """

    key: str
    short: str
    name: str
    cycle: int
    years: str
    asked: str
    sample: str
    questions: dict[str, Question]
    columns: tuple[str, str, str]
    students: str
    systems: dict[str, str]
    apart: str = ""
    edition: tuple[str, str] | None = None
    missing: tuple[int, ...] = ()
    weight: str = ""

    @property
    def title(self) -> str:
        """Its name and years."""
        return self.name if self.years in self.name else f"{self.name}, {self.years}"

    @property
    def about(self) -> str:
        """Whom it asked, and how they were drawn, in a few sentences."""
        return f"{self.title}: {self.asked}. {self.sample}"

    @property
    def marks(self) -> set[str]:
        """Columns by which a file of it is known; any item of its first question is one more."""
        return {*self.columns, *([self.edition[0]] if self.edition else [])}


_BY_ORDER = "The words of the questions were not seen. Which is which is inferred from their order and six answers, as in TALIS, and from {}."
_PISA = {key: f"TC046Q0{number}NA" for number, key in enumerate("ABCDEFGH", start=1)}
_PISA_COLUMNS = ("CNT", "CNTSCHID", "CNTTCHID")

STUDIES = (
    Study(
        key="gti", short="GTI", name="Global Teaching InSights", cycle=2018, years="2017-18",
        asked="mathematics teachers who agreed to be filmed",
        sample="One teacher a class, mostly one a school, without weights. In the OECD's words the study represents no "
        "country and ranks none.",
        apart="The study's teachers agreed to be filmed and stand for no country, so that no share of one place is tested "
        "against another's, and none is ranked.",
        questions={
            "practice": Question(
                dict(zip("BDEF", ("TQA18A", "TQA18B", "TQA18C", "TQA18D"), strict=True)),
                _BY_ORDER.format("the name of their mean"),
            ),
            "observed": Question(
                {"O": "TQA21A"}, "The words of the four answers were not seen.",
                {"O": "Being observed in a typical school year"},
                ("1, the lowest answer", "2", "3", "4, the highest answer"), 4, ("lowest", "highest"),
            ),
        },
        columns=("COUNTRY", "SCH_ID", "T_ID"), students="S_ID", missing=(9998, 9999),
        systems={
            "Chile": "B-M-V (Chile)", "Colombia": "Colombia", "England": "England (UK)", "Germany": "Germany*",
            "Japan": "K-S-T (Japan)", "Madrid": "Madrid (Spain)", "Mexico": "Mexico", "Shanghai": "Shanghai (China)",
        },
    ),
    *(
        Study(
            key=f"pisa{year}", short=f"PISA {year}", name=f"PISA {year}, teacher questionnaire", cycle=year, years=str(year),
            asked="teachers of subjects other than science in schools with 15-year-olds",
            sample="Schools as they came into PISA's sample, without weights of teachers. These are not the teachers of TALIS, so "
            "no trend joins the two.",
            questions={"practice": Question(
                _PISA, _BY_ORDER.format("an index of the OECD, which rests on the same four as in TALIS")
            )},
            columns=_PISA_COLUMNS, students="CNTSTUID", edition=("CYC", edition), weight="W_SCHGRNRABWT",
            systems={"USA": "United States"},
        )
        for year, edition in ((2015, "06"), (2018, "07"))
    ),
)  # fmt: skip


def study(key: str) -> Study:
    """The study of a key. Raises InputError for another."""
    for known in STUDIES:
        if known.key == key:
            return known
    raise InputError(f"{key!r} is no survey known here ({', '.join(known.key for known in STUDIES)}).")


def recognised(place: Path, options: Options = Options()) -> Study | None:
    """Whose file this is, or which of a folder or zip (of the first that is one), by its columns; None where there is none."""
    if all(map(_named_as_talis, files.sources(place, files.ENDINGS))):
        return None
    with files.find(place, files.ENDINGS) as found:
        return next((known for file in found if (known := _study_of(file.path, options))), None)


def _named_as_talis(source: Path) -> bool:
    """Whether a file, or what is in a zip, has the names of TALIS: gigabytes need not be unpacked to see more."""
    if source.suffix.lower() != ".zip" or not zipfile.is_zipfile(source):
        return bool(codebook.FILES.match(source.name))
    with zipfile.ZipFile(source) as archive:
        return any(codebook.FILES.match(PurePosixPath(name).name) for name in archive.namelist())


def _study_of(path: Path, options: Options) -> Study | None:
    """The study of one file."""
    try:
        columns = set(formats.header(path, options))
        for known in STUDIES:
            question = next(iter(known.questions.values()))
            if known.marks <= columns and columns & set(question.items.values()):
                column, begins = known.edition or (known.columns[0], "")
                cells = frames.labels(frames.read(path, [column], options), column).dropna()
                if cells.str.startswith(begins).all():
                    return known
    except InputError:
        pass  # what cannot be read is no file of these; whoever wants it read is told why
    return None


@contextmanager
def _files_of(place: Path, known: Study, options: Options) -> Iterator[tuple[Path, list[Path]]]:
    """The file of the study at a place, and those of its schools. Raises InputError where there are several of teachers, or none."""
    with files.find(place, files.ENDINGS) as found:
        own = [file for file in found if _study_of(file.path, options) == known]
        if len(own) != 1:
            names = files.listed(file.name for file in own) or "none"
            raise InputError(
                f"{relative(place)}: one file of {known.title} is wanted, and there is {names}. Keep one of them."
            )
        yield (
            own[0].path,
            [file.path for file in found if file is not own[0] and _of_schools(file.path, known, options)],
        )


def _of_schools(path: Path, known: Study, options: Options) -> bool:
    """Whether a file has the study's columns of system and school, and none of teachers or students."""
    system, school, teacher = known.columns
    try:
        there = formats.header(path, options)
    except InputError:
        return False
    return {system, school} <= set(there) and not {teacher, known.students} & set(there)


def read(
    place: Path, known: Study, question: str = "practice", options: Options = Options(), weighted: bool = False,
    explain: Sequence[str] = (),
) -> Survey:  # fmt: skip
    """The answers to one question of a study. Raises InputError.

    `cycle` and `level` are 0, for these are TALIS's. Who answered nothing of it counts as not asked. Each system is a sample of its own, with schools as clusters.

    Parameters
    ----------
    place, known, options : a file, a folder or a zip; whose it is (`recognised`); how it is read
    question, weighted : one of the study's; whether each teacher counts by the study's `weight`
    explain : columns that models take, of the teachers' file or of one of their schools, in the frame under their own names
    """
    with _files_of(place, known, options) as (path, schools):
        survey = _read(path, known, question, options, weighted)
        return replace(survey, frame=_with(survey.frame, path, schools, known, options, explain), files=(place,))


def _with(
    frame: pd.DataFrame, path: Path, schools: list[Path], known: Study, options: Options, explain: Sequence[str]
) -> pd.DataFrame:
    """Respondents with further columns, of schools by the study's ids; `principal`: whether a file of schools has theirs."""
    system, school, _ = known.columns
    places = {name: [one for one in [path, *schools] if name in formats.header(one, options)] for name in explain}
    for name, found in places.items():
        if len(found) > 1:
            raise InputError(
                f"{files.listed(map(relative, found))}: each has a column {name}, so that `explain` can mean either. Keep the file that "
                "you do not mean elsewhere, or leave it out of `explain`."
            )
        if not found:
            there = "" if schools else f" There is no file of schools with {system} and {school}: add it for theirs."
            raise InputError(
                f"{relative(path)}: `explain` names {name}, which no file here has.{there} Correct the name."
            )
    options = replace(options, missing=[*options.missing, *known.missing])
    of_teachers = [name for name in explain if places[name] == [path]]
    given = frames.read(path, [system, *of_teachers], options, ids=[system])
    frame = frame.assign(**{name: frames.numbers_or_labels(given, name).to_numpy() for name in of_teachers})
    for one in schools:
        named = [name for name in explain if places[name] == [one]]
        given = frames.read(one, [system, school, *named], options, ids=[system, school])
        for column in (system, school):
            frames.refuse(given, column, given.frame[column].isna(), "an id that is missing", "Correct the file")
        frames.check_unique(given, [system, school])
        keys = {"system": frames.codes(given, system), "school_id": frames.labels(given, school), "in_file": True}
        theirs = pd.DataFrame(keys | {name: frames.numbers_or_labels(given, name) for name in named})
        frame = frame.merge(theirs, how="left", on=["system", "school_id"], validate="many_to_one")
        known_here = frame.pop("in_file").eq(True)
        if named and not known_here.any():
            raise InputError(
                f"{relative(one)}: none of its schools is a school of {relative(path)}, by {system} and {school}. Take both files from one release."
            )
        frame["principal"] = known_here | frame["principal"] if "principal" in frame else known_here
    return frame


def _read(path: Path, known: Study, question: str, options: Options, weighted: bool) -> Survey:
    """As `read`, of one file."""
    asked = known.questions[question]
    there = formats.header(path, options)
    items = {key: variable for key, variable in asked.items.items() if variable in there}
    if not items:
        raise InputError(f"{relative(path)}: none of {', '.join(asked.items.values())} is a column here.")
    system, school, teacher = known.columns
    weighing = [known.weight] if weighted else []
    options = replace(options, missing=[*options.missing, *known.missing])
    given = frames.read(path, [*known.columns, *items.values(), *weighing], options, ids=list(known.columns))
    for column in known.columns:
        frames.refuse(given, column, given.frame[column].isna(), "an id that is missing", "Correct the file")
    frames.check_unique(given, [system, school, teacher])
    codes = frames.codes(given, system)
    called = given.labels.get(system, {}) | known.systems
    answers = {key: frames.whole_numbers(given, variable, 1, len(asked.answers)) for key, variable in items.items()}
    answers = pd.DataFrame(answers, given.frame.index)
    silent = answers.isna().all(axis=1)
    answers = answers.fillna(NO_ANSWER).mask(silent, NOT_ADMINISTERED).astype(int)
    frame = pd.DataFrame({
        "cycle": 0, "system": codes, "name": codes.map(lambda code: called.get(code, code)), "level": 0,
        "school_id": frames.labels(given, school),
    }).assign(**answers)  # fmt: skip
    weights = frames.numbers(given, known.weight).fillna(0).to_numpy() if weighted else np.ones(len(frame))
    return Survey(
        frame=frame.reset_index(drop=True), items={key: asked.words[key] for key in items},
        categories=list(asked.answers), often=asked.often, statistics=asked.statistics, weights=weights[:, None], fay=0.5,
        fewest=FEWEST, files=(path,), simulated=False, about=known.about, apart=known.apart,
    )  # fmt: skip


def in_folders() -> dict[str, Path]:
    """Studies whose folder in `data/raw/` has files: key -> folder."""
    places = {known.key: RAW / known.key for known in STUDIES}
    return {key: place for key, place in places.items() if place.is_dir() and files.sources(place, files.ENDINGS)}
