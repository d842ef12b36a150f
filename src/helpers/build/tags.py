"""Tags of a page by their names: to ask a selector of every tag of a long page takes ten times as long."""

from bs4 import Tag


def named(part: Tag, *names: str) -> list[Tag]:
    """All tags of these names in a part of a page, in their order."""
    return [found for found in part.descendants if found.name in names]


def chosen(part: Tag, selector: str, *names: str) -> list[Tag]:
    """What `select` gives where the selector takes tags of these names only."""
    return [tag for tag in named(part, *names) if tag.css.match(selector)]
