"""Which characters the typeface of our figures lacks, and which typefaces of this computer have them."""

from functools import cache

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text


def lacking(fig: Figure) -> str:
    """Characters of a figure's texts that its typeface does not have, each once."""
    written = dict.fromkeys("".join(text.get_text() for text in fig.findobj(Text)))
    known = _known(font_manager.findfont(mpl.rcParams["font.sans-serif"][0]))
    return "".join(one for one in written if one.isprintable() and ord(one) not in known)


def elsewhere(characters: str) -> tuple[list[str], str]:
    """Families of typefaces on this computer that have some of these characters, and those that none of them has."""
    upright = {
        font.name: font.fname
        for font in font_manager.fontManager.ttflist
        if (font.style, font.weight) == ("normal", 400)
    }
    families = []
    for name in sorted(upright) if characters else []:
        left = "".join(one for one in characters if ord(one) not in _known(upright[name]))
        if left != characters:
            families, characters = [*families, name], left
    return families, characters


@cache
def _known(file: str) -> frozenset[int]:
    """Code points of a typeface; none of one that is made of pictures, which cannot be drawn at our sizes."""
    font = font_manager.get_font(file)
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
