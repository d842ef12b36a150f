"""Typed parameters of a notebook, declared once: in its own cell tagged `parameters`.

A declaration is an annotated assignment with a comment that explains it:

    data: str = ""  # your file; empty: the printed numbers

The cell is what a reader sees, what JupyterLab runs and what `make run` checks a file of parameters against.
"""

import ast
import io
import tokenize
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import source
from helpers.project import InputError, relative


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: its type as written, its default and its explanation."""

    name: str
    type: str
    default: Any
    help: str


def declared(notebook: Path) -> list[Parameter]:
    """Parameters that the notebook's `parameters` cell declares, in their order."""
    text = "\n".join(
        cell["text"] for cell in source.cells(notebook) if "parameters" in cell["tags"]
    )
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    return [
        Parameter(
            name=node.target.id,
            type=ast.unparse(node.annotation),
            default=ast.literal_eval(node.value),
            help=comments.get(node.end_lineno, ""),
        )
        for node in ast.parse(text).body
        if isinstance(node, ast.AnnAssign)
    ]


def check(notebook: Path, values: dict[str, Any], where: str) -> dict[str, Any]:
    """Defaults of the notebook with `values` in their place; `where` names their origin in messages.

    Raises InputError that lists what exists when a name is unknown or a value is not of the declared type.
    """
    import pydantic  # only runs that really check pay for it

    parameters = declared(notebook)
    types = {name: getattr(typing, name) for name in ("Literal",)}
    fields = {p.name: (eval(p.type, types), p.default) for p in parameters}
    config = pydantic.ConfigDict(extra="forbid", strict=True)
    try:
        return pydantic.create_model("Parameters", __config__=config, **fields)(
            **values
        ).model_dump()
    except pydantic.ValidationError as error:
        wrong = [f"  {'.'.join(map(str, e['loc']))}: {_reason(e)}" for e in error.errors()]
        raise InputError(
            "\n".join([f"{where}: not understood", *wrong, describe(notebook)])
        ) from None


def read(path: Path) -> dict[str, Any]:
    """Parameters from a YAML file: a mapping of names to values, parsed and never executed."""
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such parameter file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"{relative(path)}: this is no YAML text ({error}). Write `name: value`, one a line."
        ) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(f"{relative(path)}: this is no mapping. Write `name: value`, one a line.")
    return values


def describe(notebook: Path) -> str:
    """List of a notebook's parameters with type, default and explanation, for people."""
    lines = [f"  {p.name}: {p.type} = {p.default!r}  {p.help}".rstrip() for p in declared(notebook)]
    return "\n".join([f"{notebook.stem} takes:", *lines])


def _reason(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "no such parameter"
    return f"{error['msg'][0].lower()}{error['msg'][1:]} (given: {error['input']!r})"
