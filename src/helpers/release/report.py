"""What a release tells and what not, in words, for whoever decides whether it may leave."""

from pathlib import Path
from typing import Any

import jinja2

from helpers.read.suppression import MINIMUM
from helpers.release.panels import Panel, in_words

WORDS = Path(__file__).parent / "disclosure.md.j2"


def text(given: dict[str, Any], kind: str, panels: dict[str, Panel]) -> str:
    """The report in Markdown on `panels` that have passed the checks. `given`: parameters, see `settings.read`."""
    template = jinja2.Template(
        WORDS.read_text(encoding="utf-8"),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return template.render(
        given,
        kind=kind,
        pooled=kind == "pooled",
        records=sum(panel.within.n for panel in panels.values()),
        panels=list(panels),
        columns=next(iter(panels.values())).model.columns,
        minimum=MINIMUM,
        cells=[row for name, panel in panels.items() for row in _smallest(name, panel, kind)],
        counts=[_counts(name, panel, kind) for name, panel in panels.items()],
    )


def _smallest(name: str, panel: Panel, kind: str) -> list[list[str]]:
    """Rows of panel, column, level, and the smallest cell that is not empty among those of the level."""
    least = {}
    for cell, counts in panel.told(kind).items():
        if counts.any():
            count = int(counts[counts > 0].min())
            for level in cell:
                if level not in least or count < least[level][0]:
                    least[level] = count, cell
    return [
        [_plain(name), *map(_plain, level), f"{count:,}", _plain(in_words(cell))]
        for level, (count, cell) in least.items()
    ]


def _counts(name: str, panel: Panel, kind: str) -> list[str]:
    """A row of panel, records in the sums and not in them, schools, clusters, empty cells."""
    data, empty = panel.within, sum(int((n == 0).sum()) for n in panel.told(kind).values())
    rest = f"{panel.moments.left_out:,}"
    return [_plain(name), f"{data.n:,}", rest, data.n_schools, len(data.clusters), empty]


def _plain(text: str) -> str:
    """A name that does not break a table."""
    return " ".join(text.replace("|", "\\|").split())
