"""Terms explained: where a page uses one first it leads to the words that say what it is, which stand on the page itself."""

import csv
import re
from functools import cache

from bs4 import BeautifulSoup, NavigableString, Tag

from helpers.build.plan import TEMPLATES
from helpers.build.tags import chosen

_PLACES = "#answer p, .prose p, .prose li, figcaption > p:first-child, caption p, .known p"
_APART = ["a", "b", "code", "pre", "h1", "h2", "h3", "blockquote"]
"""Links lead elsewhere already, and names and titles stay as they are."""


@cache
def terms() -> list[dict[str, str]]:
    """The glossary, in the order of the alphabet: `term, also` (other forms, apart by "; "), `meaning`."""
    with (TEMPLATES / "glossary.csv").open(encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda one: one["term"].lower())


def address(term: str) -> str:
    """The id under which a term is explained, on each page and on that of all terms."""
    return f"term-{re.sub(r'[^a-z0-9]+', '-', term.lower()).strip('-')}"


def explain(soup: BeautifulSoup) -> list[dict[str, str]]:
    """Make the first use of each term a link to its explanation; return the terms that the page uses."""
    forms, pattern = _forms()
    used: dict[str, dict[str, str]] = {}
    for place in chosen(soup, _PLACES, "p", "li"):
        for text in list(place.find_all(string=pattern)):
            if text.find_parent(_APART) is None and text.find_parent(class_="state") is None:
                _link(soup, text, forms, pattern, used)
    return sorted(used.values(), key=lambda one: one["term"].lower())


@cache
def _forms() -> tuple[dict[str, dict[str, str]], re.Pattern[str]]:
    """Each form of a term in lower case, with its entry; and what finds them, the longest first."""
    forms = {form.lower(): one for one in terms() for form in (one["term"], *one["also"].split("; ")) if form}
    longest = sorted(forms, key=len, reverse=True)
    return forms, re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])", re.IGNORECASE)


def _link(
    soup: BeautifulSoup, text: NavigableString, forms: dict[str, dict[str, str]], pattern: re.Pattern[str], used: dict[str, dict[str, str]]
) -> None:  # fmt: skip
    """Put the text's terms that are new to the page into links.

    Parameters
    ----------
    soup, text : the page, and a piece of its text
    forms, pattern : of `_forms`
    used : terms that the page has explained so far, to which those found here are added
    """
    parts: list[str | Tag] = []
    end = 0
    for found in pattern.finditer(text):
        one = forms[found[0].lower()]
        if one["term"] in used:
            continue
        used[one["term"]] = one
        link = soup.new_tag("a", href=f"#{address(one['term'])}", attrs={"class": "term", "title": one["meaning"]})
        link.string = found[0]
        parts += [text[end : found.start()], link]
        end = found.end()
    if parts:
        text.replace_with(*filter(None, [*parts, text[end:]]))
