"""Which columns of a user's file a notebook's parameters may mean: a guess by their names and kinds."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.notebook.parameters import Parameter
from helpers.project import InputError
from helpers.read import cells, frames
from helpers.read.columns import FEW, GROUPS, SCALES, Column, scale_of
from helpers.read.files import OPTIONS
from helpers.read.frames import Given

MOST_ITEMS = 30  # of more columns on one scale, those of one question are taken
_FAMILY = re.compile(r"(.+?)(?:[\W_]+(?:\d+|[a-z])|(?<=\d)[a-z]|\d+)", re.IGNORECASE)

_PERSON = (
    "teacher profesor profesora docente maestro lehrer lehrerin lehrkraft lehrperson enseignant professeur",
    "respondent encuestado encuestada befragte repondant person persona participante teilnehmer id caso case fall",
)
_YEAR = "year ano jahr schuljahr annee schoolyear"
_WAVE = "wave ola welle vague messzeitpunkt zeitpunkt round ronda runde time term"
_SCHOOL = "school schule schul escuela colegio liceo ecole lycee etablissement establecimiento campus rbd"
_DISTRICT = "district distrito comuna commune municipio bezirk kreis landkreis county region academie"
_SUPPORT = "support supports apoyo unterstutzung soutien appui"
NAMES = {
    "school": (_SCHOOL,),
    "cluster": (_SCHOOL,),
    "district": (_DISTRICT,),
    "year": (_YEAR, _WAVE),
    "wave": (_WAVE, _YEAR),
    "teacher": _PERSON,
    "respondent": _PERSON[::-1],
    "leader": ("leader lider leiter leitung responsable", *_PERSON),
    "coder": ("coder codificador kodierer codeur rater",),
    "weight": ("weight wgt tchwgt gewicht gewichtung peso ponderador ponderacion expansion poids ponderation",),
    "group": (
        "group grupo gruppe groupe",
        "condition arm role rol rolle type tipo typ treatment participation participante teilnahme",
        "subject asignatura materia fach matiere discipline grade curso stufe nivel niveau band gender sex genero sexo geschlecht",
    ),
    "treated": (
        "treated treat treatment peergroup intervention program programme programa tratamiento intervencion behandlung programm traitement",
    ),
    "outcome": (
        "outcome score measure result resultado puntaje puntuacion ergebnis punktwert resultat mesure practice practica praxis pratique",
    ),
    "item": ("item question pregunta frage itemname",),
    "response": ("answer response respuesta antwort reponse value valor wert valeur rating",),
}  # fmt: skip
"""Parameter -> what its column is often called, without accents; the first words go before the others."""
_AROUND = "id ids code cod codigo nr num no number numero nummer name nombre nom de der du la el the"
_OTHER = (
    "birth nacimiento geburt naissance age edad alter experience experiencia erfahrung type tipo typ climate clima size"
)
"""With these a name says something else of a school, a teacher or a year."""
_GLUED = re.compile(r"(?:id|cod)?(.+?)(?:id|nr|nummer|code|cod|name)?")


@dataclass
class Guessed:
    """Parameter -> value, and why; parameter -> columns that it may mean; parameters that the file is not about."""

    values: dict[str, tuple[Any, str]] = field(default_factory=dict)
    maybe: dict[str, list[str]] = field(default_factory=dict)
    out: set[str] = field(default_factory=set)


def is_talis(names: Iterable[str]) -> bool:
    """Whether columns have the names of the OECD's files."""
    return {"CNTRY", "IDSCHOOL", "IDTEACH"} <= {name.upper() for name in names}


def fits(name: str, words: str) -> int | None:
    """How well a column's name says one of the words: 0 is best; none: not at all."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    bare = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().casefold()
    parts, wanted = re.findall("[a-z]+", bare), set(words.split())
    core = [part for part in parts if part not in _AROUND.split()] or parts[:1]
    joined = "".join(core)
    if joined in wanted or joined.removesuffix("s") in wanted:
        return 0 if core == parts else 1
    if (glued := _GLUED.fullmatch(joined)) and glued[1] in wanted:
        return 1
    loose = {*core[:1], *core[-1:]} & wanted and not {*parts} & {*_OTHER.split()}
    return 2 if loose else None


def family(name: str) -> str:
    """What an item's name shares with those of its question: q5 of q5_a, q5a and q5_1."""
    found = _FAMILY.fullmatch(name)
    return found[1] if found else name


def items(columns: Sequence[Column]) -> list[Column]:
    """The most columns that share a scale of ordered answers."""
    sets: dict[Any, list[Column]] = {}
    for column in columns:
        if key := _key(column):
            sets.setdefault(key, []).append(column)
    if not sets:
        return []
    key = max(sets, key=lambda key: len(sets[key]))
    families = {family(column.name) for column in sets[key]}
    # An extreme answer that nobody gave does not part an item from those of its question.
    more = [c for c in columns if family(c.name) in families and c not in sets[key] and _inside(c, sets[key])]
    chosen = [column for column in columns if column in [*sets[key], *more]]
    if len(chosen) > MOST_ITEMS:
        of_family: dict[str, list[Column]] = {}
        for column in chosen:
            of_family.setdefault(family(column.name), []).append(column)
        chosen = max(of_family.values(), key=len)
    return chosen


def _key(column: Column) -> Any:
    """What items of one scale have in common; nothing for a column that is no item."""
    if not column.values:
        scale = scale_of(column.counts)
        return ("words", SCALES.index(scale)) if scale else None
    plain = column.plain
    if not column.whole or not 3 <= len(plain) <= 11 or plain[0] < 0 or plain[-1] > 10:
        return None
    return ("named", tuple(column.named.values())) if len(column.named) > 2 else ("numbers", plain[0] > 0, plain[-1])


def _inside(column: Column, others: Sequence[Column]) -> bool:
    known = {level for other in others for level in other.counts}
    return bool(column.counts) and set(column.counts) <= known


def guess(parameters: Sequence[Parameter], given: Given, columns: Sequence[Column]) -> Guessed:
    """Values of a notebook's parameters for a file: what is not guessed is left out."""
    return _Guesser(parameters, given, columns).all()


class _Guesser:
    def __init__(self, parameters: Sequence[Parameter], given: Given, columns: Sequence[Column]):
        self.kinds = {p.name: p.type for p in parameters}
        self.helps = {p.name: p.help for p in parameters}
        self.given, self.columns = given, [c for c in columns if c.counts]
        self.found, self.taken = Guessed(), set()

    @property
    def free(self) -> list[Column]:
        return [column for column in self.columns if column.name not in self.taken]

    def all(self) -> Guessed:
        """Names first, then kinds among what is left."""
        if set(self.kinds) <= {"data", *OPTIONS}:
            return self.found
        self.people_and_places()
        if "item" in self.kinds and self.in_long_form():
            self.found.out |= {"items"}
        elif "practices" in self.kinds and self.coding():
            self.found.out |= {name for name, said in self.helps.items() if said.startswith("a survey:")}
        else:
            self.answers()
            if "items" in self.found.values:
                self.found.out |= {name for name, said in self.helps.items() if said.startswith("a coding:")}
                self.found.out |= {"item", "response"}
        if "group" in self.kinds and "group" not in self.found.out:
            self.groups()
        self.rest()
        return self.found

    def put(self, name: str, value: Any, why: str, *of: Column) -> None:
        self.found.values[name] = (value, why)
        self.taken |= {column.name for column in of}

    def named(self, parameter: str, wanted: Callable[[Column], bool] = lambda _: True) -> list[Column]:
        """Free columns whose names say what the parameter is, the best first."""
        ranked = [
            (place, fit, column)
            for column in self.free
            for place, words in enumerate(NAMES[parameter])
            if (fit := fits(column.name, words)) is not None and wanted(column)
        ]
        return [column for *_, column in sorted(ranked, key=lambda each: (each[1] == 2, *each[:2]))]

    def by_name(self, parameter: str, wanted: Callable[[Column], bool] = lambda _: True) -> Column | None:
        if parameter in self.kinds and (found := self.named(parameter, wanted)):
            self.put(parameter, found[0].name, "by its name", found[0])
            return found[0]
        return None

    def people_and_places(self) -> None:
        self.by_name("weight", lambda c: c.kind == "numbers" and min(c.values.values()) >= 0)
        self.by_name("school", _many)
        if "school" not in self.kinds:
            self.by_name("cluster", _many)
        if "practices" not in self.kinds:  # a source of learning may be called after the district
            self.by_name("district", lambda c: c.kind == "labels" or _many(c))
        time = next((name for name in ("year", "wave") if name in self.kinds), "")
        if time and not self.by_name(time, _repeated):
            years = [c for c in self.free if c.whole and all(1950 <= v <= 2100 for v in c.values.values())]
            if years := [c for c in years if _repeated(c)]:
                self.put(time, years[0].name, "it holds years", years[0])
        self.by_name("teacher", lambda c: not c.gaps and len(c.counts) > GROUPS)
        self.by_name("respondent", lambda c: c.unique)
        ids = [c for c in self.free if c.unique and (c.kind == "labels" or c.whole)]
        if ids and "respondent" in {*self.kinds} - {*self.found.values}:
            self.put("respondent", ids[0].name, "no value comes twice", ids[0])
        self.by_name("treated", lambda c: c.binary)
        if "baseline" in self.kinds and time in self.found.values:
            self.first_in_time(self.found.values[time][0])

    def first_in_time(self, column: str) -> None:
        try:
            first = frames.in_time(self.given, column)[0]
        except InputError:
            return
        if (frames.labels(self.given, column) == first).sum() >= FEW:
            self.put("baseline", int(first) if re.fullmatch(r"[1-9]\d*|0", first) else first, "the first there is")

    def in_long_form(self) -> bool:
        """An answer a row: a column names the item, another has the answer."""
        item = self.named("item", lambda c: c.kind == "labels" and _repeated(c))
        response = self.named("response", lambda c: _key(c) is not None)
        if not item or not response or item[0] is response[0]:
            return False
        self.put("item", item[0].name, "by its name", item[0])
        self.put("response", response[0].name, "by its name", response[0])
        self.scale(response[:1])
        people = self.named("respondent", lambda c: not c.gaps and len(c.counts) > GROUPS)
        if "respondent" not in self.found.values and people:
            self.put("respondent", people[0].name, "by its name", people[0])
        return True

    def coding(self) -> bool:
        """Columns of 0 and 1, more of them than of ordered answers."""
        codes = [c for c in self.free if c.binary]
        if len(codes) < 3 or len(codes) <= len(items(self.free)):
            return False
        supports = [c for c in codes if fits(c.name, _SUPPORT) is not None]
        practices = [c for c in codes if c not in supports] or codes
        why = "columns of 1 and 0; write those that are supports into `supports` instead"
        self.put("practices", [c.name for c in practices], why, *codes)
        if supports and practices is not codes:
            self.put("supports", [c.name for c in supports], "columns of 1 and 0, by their names")
        self.by_name("coder", lambda c: 2 <= len(c.counts) <= GROUPS)
        self.by_name("leader", lambda c: not c.gaps and len(c.counts) > 2)
        return True

    def answers(self) -> None:
        if "outcome" in self.kinds and self.by_name("outcome", lambda c: c.kind == "numbers" and len(c.counts) > 4):
            return
        chosen, real = items(self.free), [c for c in self.free if c.kind == "numbers" and not c.whole]
        kind = self.kinds.get("scales", "")
        if kind == "list[str]":  # scores to compare, or else items by themselves
            small = [c for c in real if c.plain[0] >= 0 and c.plain[-1] <= 10] or real
            if small or chosen:
                why = "numbers with decimals" if small else "columns that share a scale"
                self.put("scales", [c.name for c in small or chosen], why, *(small or chosen))
        elif kind:
            families: dict[str, list[str]] = {}
            for column in chosen:
                families.setdefault(family(column.name), []).append(column.name)
            families = {name: of for name, of in families.items() if len(of) > 1}
            used = [c for c in chosen if family(c.name) in families]
            if used:
                self.put("scales", families, "columns that share a scale and the beginning of their names", *used)
                self.scale(used)
        elif chosen:
            self.put("items", [c.name for c in chosen], "columns that share a scale", *chosen)
            self.found.out |= {"outcome"} & set(self.kinds)
            self.scale(chosen)

    def scale(self, of: Sequence[Column]) -> None:
        """Ends of the scale and its words, lowest first."""
        found = list(dict.fromkeys(level for column in of for level in column.counts))
        low, high = 1, len(of[0].named) - len(of[0].no_answers) if of[0].named else len(found)
        if of[0].values and not of[0].named:
            numbers = [number for column in of for number in column.plain]
            low, high = min(1, int(min(numbers))), int(max(numbers))
        elif not of[0].values and (scale := scale_of(found)):
            words = sorted(found, key=lambda word: scale[word.casefold()])
            self.put("labels", words, "the answers found, in an order known to us; add those that nobody gave")
        for name, value in (("low", low), ("high", high)):
            if name in self.kinds:
                self.put(name, value, "by the answers found; correct it if the scale goes further")

    def groups(self) -> None:
        found = list(dict.fromkeys(self.named("group", lambda c: c.to_compare)))
        why = "by its name"
        if not found:
            found, why = [c for c in self.free if c.to_compare and len(c.counts) == 2], "it has two levels"
        if found and self.kinds["group"] == "list[str]":
            self.put("group", [c.name for c in found[:2]], why, *found[:2])
        elif found:
            self.put("group", found[0].name, why, found[0])

    def rest(self) -> None:
        """Columns that what is left to the user may mean."""
        numbers = [c.name for c in self.free if c.kind == "numbers" and not c.unique]
        groups = [c.name for c in self.free if c.to_compare or (c.whole and 2 <= len(c.plain) <= GROUPS)]
        may = {"controls": numbers, "outcome": numbers, "categories": groups, "by": groups, "group": groups}
        self.found.maybe |= {name: of for name, of in may.items() if of and name in self.kinds}
        if coarse := [c.name for c in self.columns if fits(c.name, _DISTRICT) is not None and "cluster" in self.kinds]:
            self.found.maybe["cluster"] = coarse
        stems = [re.fullmatch(r"(.*(?:rwgt|rep|brr)\D*)\d+", c.name, re.IGNORECASE) for c in self.free]
        stems = [found[1] for found in stems if found]
        if "replicates" in self.kinds and len(stems) >= FEW and len(set(stems)) == 1:
            self.put("replicates", stems[0], "how the names of many columns of numbers begin")
        if strange := {code for c in self.columns for code in c.strange if c.rows(code) >= FEW}:
            self.found.maybe["missing"] = [cells.label(code) for code in sorted(strange)]
        if unclear := [c.name for c in self.columns if c.unclear]:
            self.found.maybe["decimal"] = unclear


def _many(column: Column) -> bool:
    """Schools, and other places: more than a scale has points, or words."""
    return column.kind == "labels" or (column.kind == "numbers" and (len(column.counts) > 11 or not _key(column)))


def _repeated(column: Column) -> bool:
    return 2 <= len(column.counts) <= 60 and max(column.counts.values()) > 1
