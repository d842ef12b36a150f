r"""Text as Markdown: every character reads as it is written, but for what `strong`, `emphasis` and `code` mark.

Names from files and parameters stand in hundreds of sentences. To escape each where it enters would need as many
reminders, and one forgotten name would run. So it is the other way round: a sentence is plain text, escaped as a whole
where it is shown, and what the project itself wants marked says so. The marks are noncharacters, which Unicode keeps
for the inner use of programs: no keyboard writes them, they pass through f-strings and joins, and the worst that they
can do in a file is to print something bold.

>>> print(markdown(f"{strong('By school.')} [a](javascript:b) has <b>5*3*2</b> in $x$"))
**By school.** &#91;a&#93;(javascript:b) has &#60;b&#62;5&#42;3&#42;2&#60;/b&#62; in <span>&#36;</span>x<span>&#36;</span>
"""

import re
from html import escape

_MARKS = {"\ufdd0": "**", "\ufdd1": "**", "\ufdd2": "*", "\ufdd3": "*", "\ufdd4": "<code>", "\ufdd5": "</code>"}
_TAGS = {
    "\ufdd0": "<b>", "\ufdd1": "</b>", "\ufdd2": "<em>", "\ufdd3": "</em>", "\ufdd4": "<code>", "\ufdd5": "</code>",
}  # fmt: skip
_MEANT = re.compile(
    r"[&<>\\`*\[\]|~#^$@]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|^[-+](?=[-\s]|$)|^\d(?=\d*[.)](\s|$))",
    re.IGNORECASE,
)
"""What means something in Markdown or HTML, anywhere or (`-`, `1.`) at the start; `://`, `www.` and `@` make links."""


def strong(text: str) -> str:
    """Mark a part of a sentence as bold."""
    return f"\ufdd0{text}\ufdd1"


def emphasis(text: str) -> str:
    """Mark a part of a sentence as stressed."""
    return f"\ufdd2{text}\ufdd3"


def code(text: str) -> str:
    """Mark a part of a sentence as what is typed: a parameter, a command."""
    return f"\ufdd4{text}\ufdd5"


def typed(text: str) -> str:
    """A message as the terminal has it, with the parameters that it names in backticks marked as `code`.

    >>> markdown(typed("write `nest: true`, not `<b>`"))
    'write <code>nest: true</code>, not &#96;&#60;b&#62;&#96;'
    """
    return re.sub(r"`(\w+(?:: \w+)?)`", lambda found: code(found[1]), text)


def escaped(text: object) -> str:
    """A text as one line of Markdown that shows it as it is, as a name in a caption or a cell."""
    return _MEANT.sub(_reference, " ".join(str(text).splitlines()).strip())


def markdown(text: str) -> str:
    """A sentence as Markdown: `escaped`, with its marks."""
    return re.sub("[\ufdd0-\ufdd5]", lambda mark: _MARKS[mark[0]], escaped(text))


def html(text: str) -> str:
    """A sentence as HTML: every character as it is written, with its marks."""
    return re.sub("[\ufdd0-\ufdd5]", lambda mark: _TAGS[mark[0]], escape(text))


def _reference(match: re.Match[str]) -> str:
    """The characters by their numbers: in no dialect are these markup, a link or the border of a cell."""
    written = "".join(f"&#{ord(character)};" for character in match[0])
    # JupyterLab looks for formulas in what is shown, and so after this is undone. None reaches over an element's end.
    return f"<span>{written}</span>" if match[0] in "$\\" else written
