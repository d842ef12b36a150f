"""What a mark tells whoever points at it, in the SVG of a figure."""

import re

from matplotlib.artist import Artist

_SIGN = "told: "


def told(artist: Artist, text: str) -> None:
    """Have a mark tell its name and value, where a picture can: on a page, and in an SVG that is opened in a browser."""
    artist.set_gid(_SIGN + " ".join(text.split()))


def unseen(artist: Artist, text: str) -> None:
    """The same for a mark over others that is not seen: one that is wholly clear could not be pointed at."""
    told(artist, text)
    artist.set(alpha=0.004, zorder=5)


def titled(svg: str) -> str:
    """The SVG with what its marks tell as their titles, in place of the ids by which matplotlib hands it over."""
    return re.sub(rf"""<g id=(["']){_SIGN}(.*?)\1>""", r"<g><title>\2</title>", svg)
