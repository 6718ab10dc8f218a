"""The words of an HTML document, as a reader would see them; no markup comes through.

The document is untrusted. Python's own parser takes time that grows with the square of hostile input (a hundred
thousand unclosed comments: minutes); a sanitiser made for the purpose takes it first, in linear time.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

import nh3

BREAKS: Final = frozenset(
    {
        "p",
        "div",
        "br",
        "li",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "section",
        "article",
        "header",
    }
    | {"footer", "ul", "ol", "dl", "dd", "dt", "blockquote", "pre", "hr"}
)
"""Elements that begin and end a line."""

CELLS: Final = frozenset({"td", "th"})
_HIDDEN: Final = frozenset(
    {"script", "style", "template", "noscript", "title", "head", "iframe", "object", "svg", "math"}
)


def visible_text(source: str) -> str:
    """The text of a document, a line a block; scripts, styles and comments are dropped."""
    clean = nh3.clean(
        source, tags=set(BREAKS | CELLS), clean_content_tags=set(_HIDDEN), attributes={}, strip_comments=True
    )
    reader = _Text()
    reader.feed(clean)
    reader.close()
    return "".join(reader.pieces)


class _Text(HTMLParser):
    """Reads what the sanitiser left: well-formed elements without attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)

    def _break(self, tag: str) -> None:
        self.pieces.append("\n" if tag in BREAKS else "　")

    def handle_data(self, data: str) -> None:
        self.pieces.append(" ".join(data.split()) if data.strip() else " ")
