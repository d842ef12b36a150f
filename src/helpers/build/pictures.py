"""Figures as they stand in a page: their SVG between its words, for wide and for narrow windows, by day and by night.

Text in them is text, in the typeface that matplotlib brings along; the page has the letters that it needs.
"""

import io
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import matplotlib.colors as mcolors
from bs4 import BeautifulSoup
from bs4.element import PreformattedString

from helpers.draw import colours

_XLINK = "http://www.w3.org/1999/xlink"
_TAGS = {"svg", "g", "path", "rect", "circle", "use", "defs", "clipPath", "pattern", "text", "tspan", "title", "image"}
_ATTRIBUTES = {
    *("d", "x", "y", "cx", "cy", "r", "width", "height", "viewBox", "transform", "style", "clip-path", "clip-rule"),
    *("fill-rule", "text-anchor", "preserveAspectRatio", "patternUnits"),
}  # fmt: skip
_DIGITS = re.compile(r"(\.\d\d)\d+")
_ELSEWHERE = re.compile(r"url\((?!#)")
_LETTERS = [
    *range(0x20, 0x250),
    *range(0x370, 0x400),
    *range(0x2010, 0x2027),
    *range(0x2190, 0x2194),
    0x2212,
    0x221E,
    0x2248,
    0x2264,
    0x2265,
]
"""Characters of the typeface that pages bring along: Latin, Greek, dashes, quotes, arrows. Others come from the reader's own."""


def put_in(soup: BeautifulSoup, folder: Path) -> None:
    """Put the SVG of each figure card into the page in place of its picture. `folder`: of the run."""
    for figure in soup.select("figure.card"):
        picture, link = figure.img, figure.find("a", href=re.compile(r"\.svg$"))
        if picture is None or link is None:
            continue
        wide, narrow = (folder / part / Path(link["href"]).name for part in ("figures", "narrow"))
        drawn = {"wide": wide} | ({"narrow": narrow} if narrow.is_file() else {})
        if not wide.is_file():
            continue
        both = soup.new_tag("div", attrs={"class": "picture", "role": "img", "aria-label": picture["alt"]})
        for kind, file in drawn.items():
            text = inline(file.read_text(encoding="utf-8"), f"{figure['id']}-{kind}", kind if len(drawn) > 1 else "")
            both.append(PreformattedString(text))  # to parse it takes long, and nothing looks into it
        (figure.find(class_="scroll") or picture).replace_with(both)


def inline(svg: str, name: str, kind: str = "") -> str:
    """An SVG as it may stand in a page: nothing that runs or leads elsewhere, ids of its own, colours that a page may change.

    Parameters
    ----------
    svg, name : of a figure; what its ids begin with
    kind : "wide" or "narrow", where a page has both
    """
    root = ElementTree.fromstring(svg)
    meant = {*re.findall(r"""(?:url\(|href=")#([^)"]+)""", svg)}
    for parent in root.iter():
        for child in [child for child in parent if _tag(child) not in _TAGS]:
            parent.remove(child)
    for element in root.iter():
        tag, kept = _tag(element), {}
        for key, value in element.attrib.items():
            if key in (f"{{{_XLINK}}}href", "href"):
                own = value.startswith("#")
                if own or (tag == "image" and value.startswith("data:image/png;base64,")):
                    kept["href"] = f"#{name}-{value[1:]}" if own else value
            elif key == "id" and value in meant:
                kept["id"] = f"{name}-{value}"
            elif key == "fill":  # behind a pattern
                kept["style"] = _styled(
                    f"fill: {mcolors.to_hex(value)}" if mcolors.is_color_like(value) else "fill: none", tag
                )
            elif key == "style":
                kept["style"] = _styled(value, tag)
            elif key in _ATTRIBUTES and not value.startswith("rotate(-0 "):
                kept[key] = _DIGITS.sub(r"\1", value).strip()
        kept = {
            key: value.replace("url(#", f"url(#{name}-") for key, value in kept.items() if not _ELSEWHERE.search(value)
        }
        element.attrib.clear()
        element.attrib.update(kept)
        element.tag = tag
        if tag not in ("text", "tspan", "title"):
            element.text = None
        element.tail = element.tail if tag == "tspan" else None
    root.attrib |= {"aria-hidden": "true"} | ({"class": kind} if kind else {})
    root.attrib["style"] = f"max-width: {round(1.35 * float(root.attrib.pop('width').removesuffix('pt')))}px"
    del root.attrib["height"]
    return re.sub(
        r"<g>((?:<use [^>]*/>|<path [^>]*/>|<text [^>]*>[^<]*</text>)*)</g>",
        r"\1",
        ElementTree.tostring(root, encoding="unicode"),
    )


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _styled(text: str, tag: str) -> str:
    """Without the typeface, and colours as variables with what was drawn as their value by day. White text stays: it stands on a colour."""
    parts = [part.strip() for part in text.split(";") if not part.strip().startswith("font-family")]
    return re.sub(
        r"#([0-9a-f]{6})\b",
        lambda found: found[0] if tag == "text" and found[1] == "ffffff" else f"var(--x{found[1]},{found[0]})",
        ";".join(parts),
    )


@cache
def by_night() -> str:
    """The colours of dark pages, for their style sheet."""
    return " ".join(f"--x{day.removeprefix('#').lower()}: {night};" for day, night in colours.night().items())


@cache
def typeface() -> str:
    """The letters that figures are drawn in, normal and bold, for a style sheet."""
    faces = []
    for weight, file in (("normal", "DejaVuSans.ttf"), ("bold", "DejaVuSans-Bold.ttf")):
        code = b64encode(_letters(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / file, _LETTERS)).decode()
        faces.append(
            f"@font-face {{ font-family: 'DejaVu Sans'; font-weight: {weight}; font-display: swap; "
            f"src: local('DejaVu Sans{' Bold' * (weight == 'bold')}'), url(data:font/woff;base64,{code}) format('woff'); }}"
        )
    return "\n".join(faces)


def _letters(file: Path, letters: Iterable[int]) -> bytes:
    """A typeface with some of its letters, as WOFF."""
    from fontTools import subset  # only pages with figures pay for it

    # The old table of kerning says for these letters what the new tables say, and is cut in a quarter of the time.
    unused = ["FFTM", "GDEF", "GPOS", "GSUB", "MATH"]
    options = subset.Options(flavor="woff", hinting=False, legacy_kern=True, drop_tables=unused)
    options.recalc_timestamp = False  # two builds give equal bytes
    chosen, written = subset.Subsetter(options), io.BytesIO()
    chosen.populate(unicodes=letters)
    with subset.load_font(file, options) as font:
        chosen.subset(font)
        subset.save_font(font, written, options)
    return written.getvalue()
