"""The readable text of an HTML body, in one pass over it.

Python's own parser looks through the rest of the document again at each unclosed comment, declaration or tag: a
hostile body of 400 KB would hold a process for a minute and a half. Only text is wanted here, so tags are cut out
by a pattern that never looks at a character twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

_PIECE: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)([^<>]*)>|<[!?/][^<>]*>")
_BREAKS: Final = frozenset(
    [
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
        "footer",
        "ul",
        "ol",
        "dd",
        "dt",
        "blockquote",
        "pre",
        "hr",
    ]
)
_CELLS: Final = frozenset({"td", "th"})
_SILENT: Final = frozenset(
    ["script", "style", "template", "noscript", "title", "head", "iframe", "object", "svg", "math"]
)
_BLANKS: Final = re.compile(r"\s+")


def visible_text(source: str) -> str:
    """Return the readable text, a line a block; scripts, styles, comments and all markup are dropped."""
    return "".join(_pieces(_without_comments(source)))


def _pieces(source: str) -> Iterator[str]:
    at = 0
    silent = 0
    for found in _PIECE.finditer(source):
        if not silent:
            yield _text(source[at : found.start()])
        at = found.end()
        closing, name, rest = found[1], (found[2] or "").lower(), found[3] or ""
        if name == "body":
            silent = 0  # the end tag of head may be left out
        elif name in _SILENT:
            silent = max(0, silent - 1) if closing else silent + (not rest.endswith("/"))
        elif name in _BREAKS:
            yield "\n"
        elif name in _CELLS:
            yield "　"
    if not silent:
        yield _text(source[at:])


def _text(piece: str) -> str:
    return unescape(_BLANKS.sub(" ", piece))


def _without_comments(source: str) -> str:
    """Put a blank where a comment was, so that what stood around it cannot join to a new one."""
    kept = []
    at = 0
    while (begin := source.find("<!--", at)) >= 0:
        kept.append(source[at:begin])
        end = source.find("-->", begin + 4)
        if end < 0:
            return " ".join(kept)
        at = end + 3
    kept.append(source[at:])
    return " ".join(kept)
