"""Plain text out of the media types whose words search can read; all others are skipped."""

from __future__ import annotations

import re
from typing import Final

from gongkai.content.html import visible_text

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
        text = _LINES.sub("\n", _BLANKS.sub(" ", visible_text(text)))
    elif kind == "text/markdown":
        text = _LINE_MARKUP.sub("", text)
        for markup in _INLINE_MARKUP:
            text = text.replace(markup, "")
    return clean(text)[:LONGEST_TEXT]
