"""What may stand in a page: HTML of outputs and prose, cleaned of all that could run, and the policy for browsers.

Names are escaped where they are shown (`notebook.markup`, templates). This is for the one that is forgotten: bleach, by
which nbconvert cleans too, parses as browsers do and shows as text whatever is not on the lists below.
"""

import html
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256

import bleach

from helpers.project import ROOT

TAGS = {
    *("h1", "h2", "h3", "h4", "p", "b", "i", "em", "strong", "del", "sub", "sup", "span", "div", "a", "br", "hr", "img", "code", "pre"),
    *("blockquote", "ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("form", "label", "input", "select", "option", "output"),  # the ledger's filters
}  # fmt: skip
ATTRIBUTES = {
    *("alt", "class", "colspan", "download", "height", "hidden", "href", "id", "name", "role", "rowspan", "scope", "src", "start"),
    *("tabindex", "title", "type", "value", "width"),
}  # fmt: skip

LEDGER = "src/helpers/notebook/template/ledger.js"
COPY, GALLERY = "src/helpers/build/template/copy.js", "src/helpers/build/template/gallery.js"


def cleaned(markup: str) -> str:
    """HTML without scripts, handlers of events, frames, styles, and addresses that are code; the ledger's script stays."""
    own = script(LEDGER)
    found = bleach.clean(
        markup.replace(own, ""), tags=TAGS, attributes=_may_stay, protocols={"http", "https", "mailto", "data"}
    )
    return found + own * (own in markup)


def script(path: str) -> str:
    """One of our scripts as an element: the ledger's, the gallery's, or that of every page, which copies links to its places."""
    return f"<script>{_text(path)}</script>"


def policy(page: str) -> str:
    """The Content-Security-Policy of a page: no script but those of ours that are in it, which are known by their digests."""
    ours = [path for path in (LEDGER, COPY, GALLERY) if script(path) in page]
    digests = (b64encode(sha256(_text(path).encode()).digest()).decode() for path in ours)
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return f"script-src {scripts}; object-src 'none'; base-uri 'none'; form-action 'none'"


def _may_stay(tag: str, name: str, value: str) -> bool:
    """Whether an attribute may; bleach judges the protocol of its address besides. Pictures alone hold their data."""
    address = re.sub(r"[\x00-\x20]", "", html.unescape(value)).lower()
    if name in ("href", "src") and address.startswith("data:"):
        return tag == "img" and address.startswith("data:image/")
    return name in ATTRIBUTES or name.startswith(("aria-", "data-"))


@cache
def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
