"""One colour, one meaning: declared once, told apart by all eyes, on white and dark pages, and used for nothing else."""

import ast
import json
import re
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import CSS4_COLORS, to_hex, to_rgb

from conftest import ROOT
from helpers.draw import colours

DECLARED = {colour for family in colours.FAMILIES.values() for colour in family}
# Machado, Oliveira and Fernandes (2009), Table 1: what is seen of linear RGB, severity 1.0.
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
# Ottosson (2020): Oklab, in which equal distances look equal.
TO_CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
TO_LAB = [[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]]  # fmt: skip


def seen(colour, eyes="all cones"):
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    cones = TO_CONES @ np.clip(EYES[eyes] @ linear, 0, 1)
    return 100 * (TO_LAB @ np.cbrt(cones))


def distance(one, other, eyes="all cones"):
    return np.linalg.norm(seen(one, eyes) - seen(other, eyes))


def test_distances_are_those_of_oklab():
    assert seen("#ffffff") == pytest.approx([100, 0, 0], abs=0.01)
    assert seen("#ff0000") == pytest.approx([62.8, 22.5, 12.6], abs=0.05)  # as Ottosson gives it
    assert distance("#ff0000", "#808000", "deuteranopia") < 0.5 * distance("#ff0000", "#808000")


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("family", colours.FAMILIES)
def test_colours_that_stand_beside_each_other_differ_for_all_eyes(family, eyes):
    assert min(distance(one, other, eyes) for one, other in combinations(colours.FAMILIES[family], 2)) > 8


def test_no_two_meanings_look_alike():
    assert min(distance(one, other) for one, other in combinations(sorted(DECLARED), 2)) > 8


def test_all_can_be_seen_by_day_and_by_night():
    night = colours.night()
    lines = [*colours.levels(2), *colours.levels(3), *colours.levels(4), *colours.curves(4), *colours.curves(5)]
    assert colours.contrast(night[colours.SIMULATED], colours.NIGHT) >= 4.5  # in which is written what is no evidence
    for colour in [*DECLARED, colours.QUIET, colours.GREY, *lines]:
        assert colours.contrast(colour, colours.PAPER) >= 3, colour
        assert colours.contrast(night.get(colour, colour), colours.NIGHT) >= 3, colour
        text = colours.dark(colour)
        assert colours.contrast(text, colours.PAPER) >= 4.5, colour
        assert colours.contrast(night.get(text, text), colours.NIGHT) >= 4.5, colour


def test_numbers_can_be_read_on_bars_by_day_and_by_night():
    """Text in bars keeps its colour on a dark page."""
    bars = {*colours.SIGNS.values(), *colours.VERDICTS.values(), colours.OURS}
    bars |= {
        colour
        for count in (2, 3, 4, 5, 6, 7)
        for many in (colours.two_sided, colours.ordered)
        for colour in many(count)
    }
    for colour in bars:
        text = colours.readable(colour)
        assert colours.contrast(text, colour) >= 4.5, colour
        assert colours.contrast(text, colours.night().get(colour, colour)) >= 4.5, colour


def typed(text):
    """Colours that a program types as texts."""
    found = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    pattern = r"#[0-9a-fA-F]{3,8}|C\d|(tab|xkcd):.*"
    return [word for word in found if isinstance(word, str) and (word in CSS4_COLORS or re.fullmatch(pattern, word))]


def cells():
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield f"{path.name} {cell['id']}", "".join(cell["source"])


def test_only_the_declaration_types_colours():
    modules = [(path.name, path.read_text(encoding="utf-8")) for path in (ROOT / "src/helpers/draw").glob("*.py")]
    found = {name: typed(text) for name, text in [*modules, *cells()]}
    assert [name for name, words in found.items() if words] == ["colours.py"]
    assert typed("ax.plot(x, color='#123abc')\nax.plot(y, 'C0', c='white')") == ["C0", "#123abc", "white"]


SAID = {
    colours.MATHEMATICS: "math", colours.SCIENCE: "scien", colours.STUDENTS: "student", colours.TEACHERS: "teacher",
    colours.OURS: "recomputed|moments|microdata|simulated", colours.PRINTED: "print|retold", colours.SIMULATED: "simulated", colours.AGREES: "kept|holds", colours.SHARPENED: "sharpened",
    colours.WIDENED: "widened", colours.NARROWED: "narrowed", colours.DIFFERS: "changed|contradicted|miss",
    colours.UNKNOWN: "not seen|records missing", colours.QUOTED: "nothing to compare",
}  # fmt: skip
"""What a figure speaks of that uses a colour."""


def allowed():
    """Colours that figures may use: those with a meaning, their texts, inks, and ramps of ordered answers and shares."""
    inks = [colours.INK, colours.GREY, colours.QUIET, colours.PALE, colours.FAINT, colours.PAPER, colours.WASH]
    ramps = [
        c
        for many in (colours.two_sided, colours.ordered, colours.levels, colours.curves)
        for n in range(2, 10)
        for c in many(n)
    ]
    shades = [to_hex(colours.SHADES(place)) for place in range(256)]
    plain = {*DECLARED, *inks, *ramps, *shades, "#000000"}
    return plain | {colours.dark(colour) for colour in plain}


@pytest.mark.build
def test_figures_use_each_colour_for_its_meaning_and_no_other(built):
    permitted, strange, used = allowed(), [], set()
    for record in sorted((built / "build/standard").glob("*/record.jsonl")):
        cards = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
        told = {card["name"]: " ".join(map(str, card.values())) for card in cards if card.get("kind") == "figure"}
        for path in sorted(record.parent.glob("*/*.svg")):
            svg = path.read_text(encoding="utf-8")
            inside = {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}\b", svg)}
            words = (svg + told[path.stem.partition("--")[2]]).lower()
            strange += [(path.name, colour) for colour in inside - permitted]
            strange += [
                (path.name, said) for shade, said in SAID.items() if shade in inside and not re.search(said, words)
            ]
            used |= inside & SAID.keys()
    assert not strange
    assert used == SAID.keys()
