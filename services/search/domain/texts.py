"""Plain text out of the media types whose words search can read; all others are skipped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

READABLE: Final = frozenset({"text/plain", "text/markdown", "text/html"})

LONGEST_TEXT: Final = 1_000_000
"""Characters of one file that are indexed; what follows is not found by search. The longest statute has 110,000."""

MARK_OPEN: Final = "\ue000"
MARK_CLOSE: Final = "\ue001"
"""Private-use characters that frame a match; removed from every text, so that no document can forge a mark."""

_FORBIDDEN: Final = (MARK_OPEN, MARK_CLOSE, "\x00")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_LINE_MARKUP = re.compile(r"(?m)^[ \t]{0,3}(?:#{1,6}|[>*+-])[ \t]+")
_INLINE_MARKUP: Final = ("**", "__", "`")


class _Words(HTMLParser):
    """Collects what a reader would see."""

    _HIDDEN = frozenset({"script", "style", "template", "noscript"})
    _BREAKS = frozenset(
        {"p", "br", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "section", "title"}
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in self._HIDDEN
        if tag in self._BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def media(media_type: str) -> str:
    """A media type without its parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def is_readable(media_type: str) -> bool:
    """Whether search reads the words of this media type."""
    return media(media_type) in READABLE


def clean(text: str) -> str:
    """Without marks and blank ends. Blanks inside stay: they mean nothing to search, and are folded when shown."""
    for char in _FORBIDDEN:
        if char in text:
            text = text.replace(char, "")
    return text.strip()


def plain_text(data: bytes, media_type: str) -> str:
    """The words of a file; bytes that are no UTF-8 are replaced, never an error."""
    kind = media(media_type)
    if kind not in READABLE:
        return ""
    text = data.decode("utf-8-sig", errors="replace")
    if kind == "text/html":
        words = _Words()
        words.feed(text)
        words.close()
        text = _LINES.sub("\n", _BLANKS.sub(" ", "".join(words.parts)))
    elif kind == "text/markdown":
        text = _LINE_MARKUP.sub("", text)
        for markup in _INLINE_MARKUP:
            text = text.replace(markup, "")
    return clean(text)[:LONGEST_TEXT]
