"""Typed parameters of a notebook, declared once: in its own cell tagged `parameters`.

A declaration is an annotated assignment with a comment that explains it:

    data: str = ""  # your file; empty: the printed numbers

The cell is what a reader sees, what JupyterLab runs and what `make run` checks a file of parameters against. Those that say how a
file is read are the same everywhere: the cell imports them from `helpers.notebook.reading`.
"""

import ast
import functools
import inspect
import io
import re
import tokenize
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.notebook import kinds, reading, source
from helpers.project import InputError, relative
from helpers.read.files import shortened

DEPTH = 20  # of lists and mappings within each other
LARGEST = 1_000_000  # bytes of a file
LONGEST = 1_500  # characters of a message
MOST = 300  # characters of what is told of one mistake


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: its type as written, its default and its explanation."""

    name: str
    type: str
    default: Any
    help: str


def declared(notebook: Path) -> list[Parameter]:
    """Parameters of the notebook's `parameters` cell: those that it declares, then those that it imports, in their order."""
    cells = source.cells(notebook)
    text = "\n".join(cell["text"] for cell in cells if "parameters" in cell["tags"])
    own = {p.name: p for p in _declared(text)}
    taken = [n for n in ast.parse(text).body if isinstance(n, ast.ImportFrom) and n.module == reading.__name__]
    names = {alias.name for node in taken for alias in node.names}
    imported = {p.name: own.pop(p.name, p) for p in of_reading() if p.name in names}
    return [*own.values(), *imported.values()]


@functools.cache
def of_reading() -> list[Parameter]:
    """Those that say how a file is read."""
    return _declared(inspect.getsource(reading))


def _declared(text: str) -> list[Parameter]:
    """Parameters that a piece of code declares."""
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    body = ast.parse(text).body
    names = _named_kinds() | _named(body)
    found = []
    for node in (n for n in body if isinstance(n, ast.AnnAssign)):
        kind, help = ast.unparse(node.annotation), comments.get(node.end_lineno, "")
        found.append(Parameter(node.target.id, names.get(kind, kind), ast.literal_eval(node.value), help))
    return found


@functools.cache
def _named_kinds() -> dict[str, str]:
    return _named(ast.parse(inspect.getsource(kinds)).body)


def _named(body: list[ast.stmt]) -> dict[str, str]:
    """Types that have a name of their own, as they are written."""
    return {n.targets[0].id: ast.unparse(n.value) for n in body if isinstance(n, ast.Assign)}


def name_of(file: Path) -> str:
    """The name that results with a file of parameters get. Raises InputError where a folder cannot have it."""
    if file.stem.startswith(".") or not file.stem.isprintable():
        raise InputError(
            f"{str(file)!r}: the folder of results is named after this file, and {file.stem!r} is no name for one. "
            "Rename it, e.g. mine.yml."
        )
    return file.stem


def check(notebook: Path, values: dict[str, Any], where: str, more: Sequence[Parameter] = ()) -> dict[str, Any]:
    """Defaults with `values` in their place. Raises InputError, saying what exists, for unknown names and wrong types.

    Parameters
    ----------
    notebook, values, where : whose defaults; name -> value; what messages call the place that values come from
    more : parameters beside those of the notebook, or in their place
    """
    return checked([*declared(notebook), *more], values, where, notebook.stem)


def checked(parameters: Sequence[Parameter], values: dict[str, Any], where: str, taker: str) -> dict[str, Any]:
    """Defaults with `values` in their place. Raises InputError as `check` does.

    Parameters
    ----------
    parameters, values : those that there are; name -> value
    where, taker : what messages call the place that values come from, and who takes the parameters
    """
    import pydantic  # only runs that really check pay for it

    if wrong := [name for name in values if not isinstance(name, str)]:
        raise InputError(f"{where}: {shortened(wrong[0])} is no name of a parameter.")
    fields = {p.name: (eval(p.type, {"Literal": Literal}), p.default) for p in parameters}
    config = pydantic.ConfigDict(extra="forbid", strict=True)
    model = pydantic.create_model("Parameters", __config__=config, **fields)
    try:
        return model(**values).model_dump()
    except pydantic.ValidationError as error:
        wrong = [f"{where}: not understood", *_mistakes(error.errors(), values)]
        said = "\n".join([*wrong, _described(taker, parameters)])
        if len(said) > LONGEST:  # then what is wrong would be lost among explanations
            said = "\n".join([*wrong, _described(taker, parameters, explained=False)])
        raise InputError(said if len(said) <= LONGEST else f"{said[: LONGEST - 4]} ...") from None


def read(path: Path) -> dict[str, Any]:
    """Parameters of a YAML file, never executed: dates, 01, yes and no are text, only true and false truth values."""
    import yaml

    if not path.is_file():  # what is no file, as a pipe, may never end
        raise InputError(f"{path}: there is no such parameter file.")
    if path.stat().st_size > LARGEST:
        raise InputError(
            f"{relative(path)}: too large for a file of parameters ({LARGEST:,} bytes at most). Is it your data? Their name stands "
            "in the file of parameters: `data: ...`."
        )
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _loader())
    except UnicodeDecodeError:
        raise InputError(f"{relative(path)}: the text is not utf-8. Save it as UTF-8.") from None
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # of a tag that does not fit, as !!int x
        raise InputError(
            f"{relative(path)}: this cannot be read ({shortened(str(error), 200)}). Write values without tags (!!int and the like)."
        ) from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        raise InputError(
            f"{relative(path)}{f', line {mark.line + 1}' if mark else ''}: this is no YAML text "
            f"({str(problem or error)[:MOST]}). Write `name: value`, one a line, with spaces and no tabs, and "
            "in quotes what holds a colon."
        ) from None
    if not isinstance(values, dict | None):
        raise InputError(f"{relative(path)}: this is no mapping. Write `name: value`, one a line.")
    if wrong := [name for name in values or {} if not isinstance(name, str)]:
        raise InputError(
            f"{relative(path)}: {shortened(wrong[0])} is no name of a parameter. Write `name: value`, one a line."
        )
    return values or {}


def _loader() -> type:
    """A safe loader that changes nothing of what people write without quotes, and refuses a name that comes twice."""
    import yaml

    class Loader(yaml.SafeLoader):
        depth = 0

        def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
            mark, self.depth = self.peek_event().start_mark, self.depth + 1
            if self.check_event(yaml.AliasEvent):  # a few lines of these can stand for millions of values
                raise yaml.composer.ComposerError(
                    None, None, "*names stand for nothing here: write the values out", mark
                )
            if self.depth > DEPTH:
                raise yaml.composer.ComposerError(None, None, f"more than {DEPTH} brackets inside each other", mark)
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
            seen = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise yaml.constructor.ConstructorError(None, None, "a name is no list", key.start_mark)
                if key.value in seen:
                    problem = f"{shortened(key.value)} is given twice: keep one"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    timestamp, bool_, int_ = (f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "bool", "int"))
    Loader.yaml_implicit_resolvers = {
        start: [(tag, pattern) for tag, pattern in resolvers if tag not in (timestamp, bool_, int_)]
        for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(bool_, re.compile("(true|false)$"), ["t", "f"])
    Loader.add_implicit_resolver(int_, re.compile(r"(0|-?[1-9]\d*)$"), list("-0123456789"))
    return Loader


def _described(taker: str, parameters: Sequence[Parameter], explained: bool = True) -> str:
    """List of parameters with type, default and explanation, for people; the last of a name counts."""
    listed = {p.name: p for p in parameters}.values()
    lines = [f"  {p.name}: {p.type} = {p.default!r}  {p.help if explained else ''}".rstrip() for p in listed]
    return "\n".join([f"{taker} takes:", *lines])


def _mistakes(errors: list[dict[str, Any]], values: dict[str, Any]) -> list[str]:
    """A line for each place that is wrong: what is wanted, what is given, and the remedy where it is a common one."""
    found: dict[tuple, list[dict[str, Any]]] = {}
    for error in errors:
        found.setdefault(_place(error["loc"], values), []).append(error)
    # Where one kind of value fails further inside, that the other kinds fail as a whole tells nothing.
    inner = {place[:length] for place in found for length in range(len(place))}
    told = [
        f"  {'.'.join(map(str, place))[:60]}: {_reason(several)}"
        for place, several in found.items()
        if place not in inner
    ]
    return told if len(told) <= 4 else [*told[:4], f"  and {len(told) - 4} more"]


def _place(loc: tuple, values: Any) -> tuple:
    """Where in the values an error lies, without what tells the members of a union apart."""
    place = []
    for part in loc:
        with suppress(KeyError, IndexError, TypeError):
            values = values[part]
            place.append(part)
    return tuple(place)


def _reason(errors: list[dict[str, Any]]) -> str:
    if errors[0]["type"] == "extra_forbidden":
        return "no such parameter"
    wanted = dict.fromkeys(error["msg"].removeprefix("Input should be ") for error in errors)
    given, kinds = errors[0]["input"], {error["type"] for error in errors}
    return f"input should be {' or '.join(wanted)} (given: {shortened(given)}){_remedy(kinds, given)}"


def _remedy(wanted: set[str], given: object) -> str:
    if given is None:
        return ". Write something after the colon, or leave the line out"
    if "string_type" in wanted and isinstance(given, (bool, int, float)):
        return f'. In quotes it is text: "{str(given).lower()[:60]}"'
    if "list_type" in wanted and isinstance(given, str):
        return f". In brackets it is a list: [{given[:60]}]"
    if "bool_type" in wanted:
        return ". Write true or false"
    return ""
