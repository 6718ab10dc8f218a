"""Bodies as blocks a template can print: chapters, articles, paragraphs, lists, tables. Everything stays text.

A body is never trusted: no markup of it reaches the page. Of HTML only the text is kept; of Markdown a small subset.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gongkai.content.html import visible_text
from services.portal.markdown import read_markdown
from services.portal.typeblocks import MOST_LINES, Block, BlockKind, Run

READABLE: Final = frozenset({"text/plain", "text/markdown", "text/html"})
"""Media types whose text is shown on the page."""

_NUMERAL: Final = r"[〇零一二三四五六七八九十百千\d]+"
_CHAPTER: Final = re.compile(rf"^第\s*{_NUMERAL}\s*[编章](?![程节规])[\s　]*.{{0,60}}$")
_SECTION: Final = re.compile(rf"^第\s*{_NUMERAL}\s*节[\s　]*.{{0,60}}$")
_ARTICLE: Final = re.compile(rf"^(第\s*{_NUMERAL}\s*条(?:之[一二三四五六七八九十]+)?)[\s　]*(.*)$", re.DOTALL)
_POINT: Final = re.compile(r"^[一二三四五六七八九十]+、\S.{0,38}$")
_DAY: Final = re.compile(
    r"^(?:\d{4}|[〇零一二三四五六七八九十○]{4})年[\d〇零一二三四五六七八九十]{1,3}月[\d〇零一二三四五六七八九十]{1,3}日$"
)
_ATTACHED: Final = re.compile(r"^附件?(?:\s*\d+)?\s*[:：]")
_ADDRESSEE: Final = re.compile(r"^.{2,200}[：:]$")
_STOP: Final = "。；，！？：:;,!?"
_SIGNATURE: Final = 40
_FIRST: Final = 3


def typeset(data: bytes, media_type: str) -> Sequence[Block]:
    """Return the blocks of a body, empty for a type that is not text or a text too long for a page."""
    plain = media_type.split(";", maxsplit=1)[0].strip().lower()
    text = data.decode("utf-8-sig", errors="replace").replace("\x00", "")
    match plain:
        case "text/markdown":
            return _numbered(read_markdown(text))
        case "text/html":
            return _numbered(_plain(visible_text(text)))
        case "text/plain":
            return _numbered(_plain(text))
    return ()


def contents(blocks: Sequence[Block]) -> Sequence[Block]:
    """The blocks a reader may jump to."""
    return [block for block in blocks if block.anchor]


def _numbered(blocks: Sequence[Block]) -> Sequence[Block]:
    """Give the headings anchors."""
    return [
        replace(block, anchor=f"part-{number}") if block.kind in {"chapter", "heading"} else block
        for number, block in enumerate(blocks, 1)
    ]


def _plain(text: str) -> Sequence[Block]:
    lines = [line.strip(" \t　\r") for line in text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > MOST_LINES:
        return ()
    signed = _signature(lines)
    return [
        Block("signature", (Run(line),))
        if number in signed
        else Block("chapter", (Run(line),))
        if _names_what_follows(line, lines[number + 1 : number + 2])
        else _line(line, number)
        for number, line in enumerate(lines)
    ]


def _names_what_follows(line: str, following: Sequence[str]) -> bool:
    """Tell whether a short line without a stop stands before the first chapter: the name of an attached text."""
    return (
        bool(following)
        and _CHAPTER.match(following[0]) is not None
        and len(line) <= _SIGNATURE
        and line[-1] not in _STOP
        and not _ARTICLE.match(line)
        and not _CHAPTER.match(line)
    )


def _line(line: str, number: int) -> Block:
    if (found := _ARTICLE.match(line)) is not None:
        return Block("article", (Run(found[1], bold=True), Run(f"　{found[2]}")))
    kinds: tuple[tuple[BlockKind, bool], ...] = (
        ("chapter", _CHAPTER.match(line) is not None),
        ("section", _SECTION.match(line) is not None),
        ("heading", _POINT.match(line) is not None and line[-1] not in _STOP),
        ("attached", _ATTACHED.match(line) is not None),
        ("addressee", number < _FIRST and _ADDRESSEE.match(line) is not None),
    )
    return Block(next((kind for kind, holds in kinds if holds), "paragraph"), (Run(line),))


def _signature(lines: Sequence[str]) -> set[int]:
    """Lines of organ and day that are set at the right: a line that is a day alone, and the short one before it."""
    found: set[int] = set()
    for number, line in enumerate(lines):
        if _DAY.match(line):
            found.add(number)
            before = lines[number - 1] if number else ""
            if before and len(before) <= _SIGNATURE and before[-1] not in _STOP:
                found.add(number - 1)
    return found
