"""Figures as they stand in a page: their SVG between its words, for wide and for narrow windows, by day and by night.

Text in them is text, in the typeface that matplotlib brings along; the page has the letters that it needs, and so has each
picture that is taken along.
"""

import io
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import matplotlib.colors as mcolors
from bs4 import BeautifulSoup
from bs4.element import PreformattedString

from helpers.build.tags import chosen
from helpers.draw import colours
from helpers.notebook.around import DRAWING, WORDS

_XLINK = "http://www.w3.org/1999/xlink"
_TAGS = {"svg", "g", "path", "rect", "circle", "use", "defs", "clipPath", "pattern", "text", "tspan", "title", "image"}
_ATTRIBUTES = {
    *("d", "x", "y", "cx", "cy", "r", "width", "height", "viewBox", "transform", "style", "clip-path", "clip-rule"),
    *("fill-rule", "text-anchor", "preserveAspectRatio", "patternUnits"),
}  # fmt: skip
_DIGITS = re.compile(r"(\.\d\d)\d+")
_ELSEWHERE, _INSIDE = re.compile(r"url\((?!#)"), re.compile(r"url\(#([^)]+)\)")
_FILES = {
    weight: Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    for weight, name in (("normal", "DejaVuSans"), ("bold", "DejaVuSans-Bold"))
}
_LETTERS = frozenset([
    *range(0x20, 0x250), *range(0x370, 0x400), *range(0x2010, 0x2027), *range(0x2190, 0x2194),
    *(0x2212, 0x221E, 0x2248, 0x2264, 0x2265),
])  # fmt: skip
"""Common characters: Latin, Greek, dashes, quotes, arrows."""


def put_in(soup: BeautifulSoup, folder: Path) -> None:
    """Put the SVG of each figure card into the page in place of its picture. `folder`: of the run."""
    for place, figure in enumerate(chosen(soup, ".card", "figure")):
        picture, link = figure.img, figure.find("a", href=re.compile(r"\.svg$"))
        if picture is None or link is None:
            continue
        wide, narrow = (folder / part / Path(link["href"]).name for part in ("figures", "narrow"))
        drawn = {"wide": wide} | ({"narrow": narrow} if narrow.is_file() else {})
        if not wide.is_file():
            continue
        both = soup.new_tag("div", attrs={"class": "picture", "role": "img", "aria-label": picture["alt"]})
        for kind, file in drawn.items():
            text = inline(file.read_text(encoding="utf-8"), f"{kind[0]}{place}", kind if len(drawn) > 1 else "")
            both.append(PreformattedString(text))  # to parse it takes long, and nothing looks into it
        if figure.get("data-finding"):
            figure.insert(0, headline := soup.new_tag("p", attrs={"class": "finding"}))
            headline.string = figure["data-finding"]
        (figure.find(class_="scroll") or picture).replace_with(both)


def inline(svg: str, name: str, kind: str = "") -> str:
    """An SVG as it may stand in a page: nothing that runs or leads elsewhere, ids of its own, colours that a page may change.

    Parameters
    ----------
    svg, name : of a figure; what its ids begin with
    kind : "wide" or "narrow", where a page has both
    """
    root = ElementTree.fromstring(svg)
    _take_words_off(root)
    meant = dict.fromkeys(re.findall(r"""(?:url\(|href=")#([^)"]+)""", svg))
    ids = {known: f"{name}-{place}" for place, known in enumerate(meant)}
    for parent in root.iter():
        for child in [child for child in parent if _tag(child) not in _TAGS]:
            parent.remove(child)
    for element in root.iter():
        tag, kept = _tag(element), {}
        for key, value in element.attrib.items():
            if key in (f"{{{_XLINK}}}href", "href"):
                own = ids.get(value.removeprefix("#"), "")
                if own or (tag == "image" and value.startswith("data:image/png;base64,")):
                    kept["href"] = f"#{own}" if own else value
            elif key == "id" and value in ids:
                kept["id"] = ids[value]
            elif key == "fill":  # behind a pattern
                kept["style"] = _styled(
                    f"fill: {mcolors.to_hex(value)}" if mcolors.is_color_like(value) else "fill: none", tag
                )
            elif key == "style":
                kept["style"] = _styled(value, tag)
            elif key in _ATTRIBUTES and not value.startswith("rotate(-0 "):
                kept[key] = _DIGITS.sub(r"\1", value).strip()
        element.attrib.clear()
        for key, value in kept.items():
            if not _ELSEWHERE.search(value):
                element.set(key, _INSIDE.sub(lambda found: f"url(#{ids[found[1]]})", value))
        element.tag = tag
        if tag not in ("text", "tspan", "title"):
            element.text = None
        element.tail = element.tail if tag == "tspan" else None
    _say_styles_once(root)
    root.attrib |= {"aria-hidden": "true"} | ({"class": kind} if kind else {})
    root.attrib["style"] = f"max-width: {round(1.35 * float(root.attrib.pop('width').removesuffix('pt')))}px"
    del root.attrib["height"]
    return re.sub(
        r"<g>((?:<use [^>]*/>|<path [^>]*/>|<text [^>]*>[^<]*</text>)*)</g>",
        r"\1",
        ElementTree.tostring(root, encoding="unicode").replace(" />", "/>"),
    )


def _take_words_off(root: ElementTree.Element) -> None:
    """Leave of a picture what lies in its frame: what else stands around it the page says as text."""
    parts = {element.get("id", ""): element for element in root.iter()}
    if DRAWING not in parts:
        return
    outline = next(iter(parts[DRAWING])).attrib["d"]
    places = [float(number) for number in re.findall(r"-?[\d.]+", outline)]
    left, top = min(places[::2]), min(places[1::2])
    width, height = max(places[::2]) - left, max(places[1::2]) - top
    root.attrib |= {"viewBox": f"{left:.2f} {top:.2f} {width:.2f} {height:.2f}", "width": f"{width}pt"}
    next(iter(parts["patch_1"])).set("d", outline)  # the ground
    for parent in root.iter():
        for child in [*parent]:
            if child.get("id", "").startswith((DRAWING, WORDS)):
                parent.remove(child)


def _say_styles_once(root: ElementTree.Element) -> None:
    """Marks of one look have it from their group: a cloud of points is half as long."""
    for group in root.iter("g"):
        looks = {mark.get("style") for mark in group} if all(mark.tag == "use" for mark in group) else {None}
        if len(group) > 1 and len(looks) == 1 and None not in looks and group.get("style") is None:
            group.set("style", looks.pop())
            for mark in group:
                del mark.attrib["style"]


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


def typeface(markup: str) -> str:
    """The letters that the pictures in a page or an SVG are written in, normal and bold, for its style sheet."""
    used: dict[str, set[int]] = {weight: set() for weight in _FILES}
    for attributes, text in re.findall(r"<text\b([^>]*)>(.*?)</text>", markup, re.DOTALL):
        weight = "bold" if "font-weight: 700" in attributes else "normal"
        used[weight].update(map(ord, unescape(re.sub("<[^>]*>", "", text))))
    return "\n".join(_face(weight, frozenset(letters)) for weight, letters in used.items() if letters)


def carry_letters(folder: Path) -> None:
    """Give each SVG of a folder the letters that it is written in: it looks the same wherever it is taken."""
    for file in sorted(folder.glob("*.svg")):
        svg = file.read_text(encoding="utf-8")
        file.write_text(svg.replace("</style>", f"{typeface(svg)}</style>", 1), encoding="utf-8")


def _face(weight: str, letters: Iterable[int]) -> str:
    code = b64encode(_letters(weight, letters)).decode()
    return (
        f"@font-face {{ font-family: 'DejaVu Sans'; font-weight: {weight}; font-display: swap; "
        f"src: local('DejaVu Sans{' Bold' * (weight == 'bold')}'), url(data:font/woff;base64,{code}) format('woff'); }}"
    )


def _letters(weight: str, letters: Iterable[int], flavor: str | None = "woff") -> bytes:
    """A typeface with some of its letters, as WOFF or, without flavor, as TrueType."""
    from fontTools import subset  # only what has figures pays for it

    # The old table of kerning says for these letters what the new tables say, and is cut in a quarter of the time.
    unused = ["FFTM", "GDEF", "GPOS", "GSUB", "MATH"]
    options = subset.Options(flavor=flavor, hinting=False, legacy_kern=True, drop_tables=unused)
    options.recalc_timestamp = False  # two builds give equal bytes
    chosen, written = subset.Subsetter(options), io.BytesIO()
    chosen.populate(unicodes=letters)
    common = flavor and _LETTERS.issuperset(letters)  # of these a picture's are found ten times as fast
    with subset.load_font(io.BytesIO(_common(weight)) if common else _FILES[weight], options) as font:
        chosen.subset(font)
        subset.save_font(font, written, options)
    return written.getvalue()


@cache
def _common(weight: str) -> bytes:
    return _letters(weight, _LETTERS, flavor=None)
