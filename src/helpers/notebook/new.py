"""A first file of parameters for a user's file, with what was guessed and all its columns; or an empty sheet to fill in.

    python -m helpers.notebook.new parameters NOTEBOOK DATA [PARAMS [SHEET]]
    python -m helpers.notebook.new template NOTEBOOK

In a notebook `new.parameters("your-data/05-satisfaction", "survey.xlsx")` gives its cell of parameters with the same in it.
Nothing is overwritten, and no level that fewer than ten rows have is named.
"""

import ast
import csv
import io
import json
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import faults
from helpers.notebook import guesses, source
from helpers.notebook.guesses import Guessed
from helpers.notebook.parameters import Parameter, declared, of_reading, read
from helpers.project import ROOT, InputError, locate, relative
from helpers.read import columns, files, formats, frames, pieces
from helpers.read.files import OPTIONS, Options
from helpers.read.frames import Given

LOOKED_AT = 2_000  # columns of a file
WIDE = 100  # letters of a list that stands on one line
SHEETS = ("02", "04", "05", "06", "07", "08")  # notebooks whose example shows what a sheet to fill in looks like
NEEDED = {
    "01": ("outcome items", "school", "year", "baseline"),
    "02": ("items practices",),
    "03": ("items",),
    "04": ("group", "scales"),
    "05": ("items item",),
    "06": ("teacher", "wave", "school", "scales"),
}
"""Without one of each a notebook does not run."""
_OPEN = ("coder", "subject", "study", "unit", "wave", "estimate", "ci_low", "ci_high")
"""Columns whose values in the examples are examples only."""
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}  # which YAML may take for something else
_MADE_UP = re.compile(r"\b(simulated|invented) ", re.IGNORECASE)


class Text(str):
    """Text that JupyterLab shows as it is, to be copied."""

    __repr__ = str.__str__


@dataclass(frozen=True)
class Look:
    """What is known of a user's file and what a notebook's parameters may be for it. `about`: rows and columns, in words."""

    notebook: Path
    parameters: list[Parameter]
    guessed: Guessed
    about: list[str]

    @property
    def left(self) -> list[Parameter]:
        """Parameters that nothing was guessed for, and that may matter."""
        known = {*self.guessed.values} | self.guessed.out
        return [p for p in self.parameters if p.name not in known]

    @property
    def listed(self) -> list[str]:
        """Rows and columns as comments."""
        return [f"# {columns.one_line(line)}" for line in self.about]

    @property
    def needed(self) -> list[str]:
        """What is still to be named before the notebook runs."""
        groups = NEEDED.get(self.notebook.stem[:2], ())
        known = {*self.guessed.values} | self.guessed.out
        missing = [group.split() for group in groups if not {*group.split()} & known]
        return [" or ".join(f"`{name}`" for name in names) for names in missing]

    def explained(self, parameter: Parameter) -> str:
        """The notebook's own words for a parameter, and why it has its value or which columns it may name."""
        if parameter.name in self.guessed.values:
            why = self.guessed.values[parameter.name][1]
            return f"{parameter.help} ({why})" if why else parameter.help
        may = self.guessed.maybe.get(parameter.name, [])
        shown = f"{', '.join(columns.shown(name) for name in may[:12])}{', ...' if len(may) > 12 else ''}"
        word = "needed for" if parameter.name == "decimal" else "may be"
        return f"{parameter.help}; {word}: {shown}" if may else parameter.help


def parameters(notebook: str, data: str, sheet: str = "") -> Text:
    """The cell of parameters of a notebook for a file, to be pasted in place of its own. Writes nothing."""
    look = _look(_notebook(notebook), data, sheet)
    cell = next(cell["text"] for cell in source.cells(look.notebook) if "parameters" in cell["tags"])
    lines, said = cell.splitlines(), {p.name: look.explained(p) for p in look.parameters}
    for node in ast.parse(cell).body:
        if isinstance(node, ast.AnnAssign):
            name = node.target.id
            start = lines[node.lineno - 1].encode()[: node.value.col_offset].decode()
            value, _ = look.guessed.values.get(name, (ast.literal_eval(node.value), ""))
            lines[node.lineno - 1] = f"{start}{_shown(value)}  # {columns.one_line(said[name])}"
    for p in of_reading():  # imported: a line only where there is something to say
        if p.name in look.guessed.values or p.name in look.guessed.maybe:
            value, _ = look.guessed.values.get(p.name, (p.default, ""))
            lines.append(f"{p.name}: {p.type} = {_shown(value)}  # {columns.one_line(said[p.name])}")
    return Text("\n".join([*lines, "", *look.listed]))


def _shown(value: Any) -> str:
    """A value as Python has it, text in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | list | dict) else repr(value)


def write(notebook: str, data: str, to: str = "", sheet: str = "") -> str:
    """Write a file of parameters, and say what remains to be done.

    Parameters
    ----------
    notebook, data : the notebook's name; the user's file, in the project's folder or in `data/raw/`
    to : where to write; else into `params/`, called after the file and the notebook
    sheet : of a workbook
    """
    path = _notebook(notebook)
    place = locate(to) if to else ROOT / "params" / f"{Path(data).stem}-{path.stem[:2]}.yml"
    _refuse_old(path, [place])
    look = _look(path, data, sheet)
    _write(place, as_yaml(look, place))
    needed = f"Still to be named in it: {'; '.join(look.needed)}." if look.needed else "Look at what was guessed."
    return f"Written: {_name(place)}\n{needed}\nThen: {_command(path, place)}"


def template(notebook: str) -> str:
    """Write an empty sheet for a notebook's data, its codebook and a file of parameters, and say what to do with them."""
    path = _notebook(notebook, SHEETS)
    defaults = {p.name: p.default for p in declared(path)}
    fields, ready = _fields(defaults["data"]), _ready(path, defaults["data"])
    place = ROOT / "data" / "raw" / f"{path.stem}-template.csv"
    book, file = place.with_name(f"{path.stem}-codebook.csv"), ROOT / "params" / f"{place.stem}-{path.stem[:2]}.yml"
    _refuse_old(path, [place, book, file])
    values = {"data": (relative(place), "")} | {name: (ready[name], "") for name in ready if name != "data"}
    told = [f"What to write into each column says {relative(book)}."]
    look = Look(path, declared(path), Guessed(values), told)
    with locate(defaults["data"]).open(encoding="utf-8", newline="") as opened:
        example = next(csv.DictReader(opened))
    meant = {ready[p.name]: f" Parameter `{p.name}`: {p.help}." for p in look.parameters if _names(ready.get(p.name))}
    rows = [_codebook_row(field, example, meant.get(field["name"], "")) for field in fields]
    _write(place, _csv([[field["name"] for field in fields]]))
    _write(book, "\ufeff" + _csv([["column", "what to write", "allowed values", "example"], *rows]))
    _write(file, as_yaml(look, file))
    return (
        f"Written: {relative(place)} (to fill in), {relative(book)} (what goes where) and {relative(file)}\n"
        f"Fill in a row for each case, and save the sheet as CSV UTF-8.\nThen: {_command(path, file)}"
    )


def as_yaml(look: Look, place: Path) -> str:
    """A file of parameters at a place: what was guessed, what is left, and all columns, as YAML."""
    given = [p for p in look.parameters if p.name in look.guessed.values]
    lines = [
        f"# Parameters of {look.notebook.stem}, made by `make new`. Look through them, then",
        f"#   {columns.one_line(_command(look.notebook, place))}",
        "# Paths start at the project's folder. What stands behind a # is not read.",
    ]
    for parameter in given:
        lines += _entry(
            parameter.name, look.guessed.values[parameter.name][0], columns.one_line(look.explained(parameter))
        )
    first = [p for p in look.left if f"`{p.name}`" in " ".join(look.needed)]
    for told, of in (
        (f"To be named before it runs: {'; '.join(look.needed)}. Take the # away and fill in:", first),
        ("Left as they are. To use one, take its # away and fill in:", [p for p in look.left if p not in first]),
    ):
        lines += ["", f"# {told}"] if of else []
        for parameter in of:
            entry = _entry(parameter.name, parameter.default, columns.one_line(look.explained(parameter)))
            lines += [f"# {line}" for line in entry]
    return "\n".join([*lines, "", *look.listed]) + "\n"


def _notebook(name: str, numbers: Iterable[str] = ()) -> Path:
    """The notebook of `your-data/` with a name, or with one of these numbers."""
    known = [other for other in source.names() if other.startswith(f"{source.OWN}/")]
    known = [other.partition("/")[2] for other in known]
    if (stem := name.removeprefix(f"{source.OWN}/")) not in known:
        raise InputError(f"There is no notebook {name!r} that takes a file of yours. There are: {', '.join(known)}.")
    if numbers and stem[:2] not in numbers:
        some = ", ".join(other for other in known if other[:2] in numbers)
        raise InputError(f"There is no sheet to fill in for {stem}. There are sheets for: {some}.")
    return source.path_of(f"{source.OWN}/{stem}")


def _place(data: str) -> Path:
    """The user's file or folder: in the project's folder, in `data/raw/`, or where its full name says."""
    if not data:
        raise InputError("`DATA` is empty. Name your file in it.")
    places = [locate(data), ROOT / "data" / "raw" / data]
    return next((place for place in places if place.exists()), places[0])


def _look(notebook: Path, data: str, sheet: str) -> Look:
    """What a notebook's parameters may be for a file, and what the file holds."""
    place, known = _place(data), declared(notebook)
    values = {"data": (_name(place), "")} | ({"sheet": (sheet, "")} if sheet else {})
    of_survey = {p.name for p in known if p.help.startswith("your survey:")}
    if notebook.stem[:2] == "03" and _holds_talis(place):
        return Look(notebook, known, Guessed(values, out=of_survey), ["Files of TALIS need nothing more."])
    given, names = _read(place, sheet)
    if given.options.encoding != "utf-8":
        values["encoding"] = (
            given.options.encoding,
            "guessed: the text is not UTF-8; look whether all letters are right",
        )
    described = columns.describe(given)
    guessed = guesses.guess(known, given, described)
    guessed.values = values | {name: (value, f"guessed: {why}") for name, (value, why) in guessed.values.items()}
    told = [f"Only the first {LOOKED_AT:,} columns were looked at."] if len(names) > LOOKED_AT else []
    told += [*given.told, *columns.told(given, names, described), *_lacking(known, names)]
    return Look(notebook, known, guessed, told)


def _read(place: Path, sheet: str) -> tuple[Given, list[str]]:
    """Columns of what is read, the first of very many, and the names of all; text that is not UTF-8 as what it seems to be."""
    try:
        return _read_as(place, Options(sheet=sheet))
    except InputError as error:
        if "`sheet:" in str(error):
            raise InputError(f"{error} With `make new` write SHEET=... behind it.") from None
        if "the text is not" not in str(error):
            raise
        with files.find(place, files.ENDINGS) as found, found[0].path.open("rb") as opened:
            wide = opened.read(2) in (b"\xff\xfe", b"\xfe\xff")
        try:
            return _read_as(place, Options(encoding="utf-16" if wide else "cp1252"))
        except InputError:
            raise error from None


def _holds_talis(place: Path) -> bool:
    """Whether a file, or one of a folder or a zip, has the columns of the OECD's files."""
    with suppress(InputError), files.find(place, files.ENDINGS) as found:
        some = [file for file in found if file.path.suffix.lower() in pieces.ENDINGS]
        return any(guesses.is_talis(pieces.describe(file.path, file.name).columns) for file in some)
    return False  # what is wrong with it is told where it is read


def _read_as(place: Path, options: Options) -> tuple[Given, list[str]]:
    names = formats.header(place, options)
    return frames.read(place, names[:LOOKED_AT], options), names


def _lacking(known: list[Parameter], names: list[str]) -> list[str]:
    """Columns that a notebook without parameters for columns needs, and a file has not."""
    defaults = {p.name: p.default for p in known}
    if not {*defaults} <= {"data", *OPTIONS}:
        return []
    missing = [field["name"] for field in _fields(defaults["data"]) if field["name"] not in names]
    return [f"The notebook needs more columns, called: {', '.join(missing)}"] if missing else []


def _fields(example: str) -> list[dict[str, Any]]:
    """What the codebook says of the columns of an example."""
    book = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    found = (one for one in book["resources"] if f"data/{one['path']}" == example)
    return next(found)["schema"]["fields"]


def _ready(notebook: Path, example: str) -> dict[str, Any]:
    """The ready parameters of a notebook for its example."""
    ready = (read(file) for file in sorted((ROOT / "params").glob(f"{notebook.stem[:2]}-own*.yml")))
    return next(values for values in ready if values.get("data") == example)


def _names(value: Any) -> bool:
    """Whether a parameter's value may be the name of a column."""
    return isinstance(value, str) and bool(value)


def _codebook_row(field: dict[str, Any], example: dict[str, str], meant: str) -> list[str]:
    """What to write into a column: its name, its meaning and the parameter's, the values it may have, and one of them."""
    said, rule = _MADE_UP.sub("", field["description"]), field.get("constraints", {})
    kind = {"integer": "a whole number", "number": "a number"}.get(field["type"], "words or a code of your own")
    if field["name"] in _OPEN:
        rule = {key: rule[key] for key in rule if key == "required"}
    if "enum" in rule:
        kind = "one of: " + ", ".join(map(str, rule["enum"]))
    elif {"minimum", "maximum"} <= {*rule}:
        kind += f" from {rule['minimum']} to {rule['maximum']}"
    if not rule.get("required"):
        kind += "; or empty"
    return [field["name"], said[:1].upper() + said[1:] + meant, kind, _MADE_UP.sub("", example[field["name"]])]


def _csv(rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _entry(name: str, value: Any, said: str) -> Iterator[str]:
    """Lines of YAML for a parameter, with a comment behind it."""
    long = isinstance(value, list | dict) and len(_scalar(value)) > WIDE
    if long or (isinstance(value, dict) and value):
        yield f"{name}:  # {said}"
        pairs = [f"{_scalar(key)}: {_scalar(of)}" for key, of in value.items()] if isinstance(value, dict) else []
        yield from (f"  {line}" for line in pairs or [f"- {_scalar(one)}" for one in value])
    else:
        yield f"{name}: {_scalar(value)}  # {said}"


def _scalar(value: Any) -> str:
    """A value as YAML on one line, in quotes where it could be taken for something else."""
    import yaml

    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_scalar(key)}: {_scalar(of)}' for key, of in value.items())}}}"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if re.fullmatch(r"[^\W\d_]\w*(?:[ _./-]\w+)*", value) and value.casefold() not in _WORDS:
        return value
    return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10**9).strip()


def _name(place: Path) -> str:
    """A path as a parameter names it: from the project's folder on, or whole."""
    return relative(place) if place.is_relative_to(ROOT) else str(place)


def _command(notebook: Path, place: Path) -> str:
    name = shlex.quote(_name(place)).replace("$", "$$")
    return f"make run NOTEBOOK={notebook.stem} PARAMS={name}"


def _refuse_old(notebook: Path, places: list[Path]) -> None:
    """Raise InputError where something is there already, or nothing can be."""
    for place in places:
        if place.exists() or place.is_symlink():
            raise InputError(
                f"{_name(place)} is there already and stays as it is. Go on with it ({_command(notebook, places[-1])}), move it "
                "away, or name another file: make new ... PARAMS=other.yml."
            )
        if not place.parent.is_dir():
            raise InputError(f"{_name(place)}: there is no folder {_name(place.parent)}. Make it first.")


def _write(place: Path, text: str) -> None:
    try:
        with place.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{_name(place)} cannot be written: {error.strerror}.") from None


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    try:
        match arguments:
            case ["parameters", notebook, data, *more] if len(more) <= 2:
                print(write(notebook, data, *more))
                return 0
            case ["template", notebook]:
                print(template(notebook))
                return 0
    except InputError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(faults.outlived(main, sys.argv[1:]))
