"""A small, safe subset of Markdown: headings, paragraphs, lists, tables, bold. Links become text with their address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.portal.typeblocks import MOST_LINES, Block, Run

# A body is hostile until shown otherwise: no pattern here looks at a character more than a bounded number of times.
_HEADING: Final = re.compile(r"^(#{1,6})\s+(.*)$")
_BULLET: Final = re.compile(r"^\s*[-*+]\s+(.*)$")
_NUMBER: Final = re.compile(r"^\s*\d{1,9}[.)]\s+(.*)$")
_RULE: Final = re.compile(r"^\s*(?:-{3,}|\*{3,}|_{3,})\s*$")
_DASHES: Final = re.compile(r":?-{2,}:?")
_LINK: Final = re.compile(r"!?\[([^\[\]\n]{0,300})\]\(([^()\[\]\s]{0,500})(?:[ \t][^()\n]{0,200})?\)")
_BOLD: Final = re.compile(r"\*\*([^*\n]{1,500})\*\*")
_TOP: Final = 2


def read_markdown(text: str) -> Sequence[Block]:
    """Return the blocks of a Markdown text; what is outside the subset stays visible as plain text.

    Empty for a text of more lines than a page takes.
    """
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        return ()
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        block, at = _next(lines, at)
        if block is not None:
            blocks.append(block)
    return blocks


def _next(lines: Sequence[str], at: int) -> tuple[Block | None, int]:
    line = lines[at]
    if not line.strip() or _RULE.match(line):
        return None, at + 1
    if (heading := _HEADING.match(line)) is not None:
        kind = "chapter" if len(heading[1]) <= _TOP else "heading"
        return Block(kind, _runs(heading[2].rstrip().rstrip("#").rstrip())), at + 1  # type: ignore[arg-type]  # both are kinds of block
    if "|" in line and at + 1 < len(lines) and _under_head(lines[at + 1]):
        return _table(lines, at)
    for pattern, kind in ((_BULLET, "list"), (_NUMBER, "numbers")):
        if pattern.match(line):
            end = _while(lines, at, pattern)
            items = (pattern.match(one) for one in lines[at:end])
            rows = tuple((_runs(item[1]),) for item in items if item is not None)
            return Block(kind, rows=rows), end  # type: ignore[arg-type]  # both are kinds of block
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _starts(lines[end]):
        end += 1
    return Block("paragraph", _runs("".join(one.strip() for one in lines[at:end]))), end


def _under_head(line: str) -> bool:
    """Whether this is the line of dashes that makes the line above it a table's head."""
    return all(_DASHES.fullmatch(cell.strip()) for cell in line.strip().strip("|").split("|"))


def _starts(line: str) -> bool:
    return any(pattern.match(line) for pattern in (_HEADING, _BULLET, _NUMBER, _RULE))


def _while(lines: Sequence[str], at: int, pattern: re.Pattern[str]) -> int:
    end = at
    while end < len(lines) and pattern.match(lines[end]):
        end += 1
    return end


def _table(lines: Sequence[str], at: int) -> tuple[Block, int]:
    head = _cells(lines[at])
    rows = [head]
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        rows.append(_cells(lines[end])[: len(head)])
        end += 1
    return Block("table", rows=tuple(rows)), end


def _cells(line: str) -> tuple[tuple[Run, ...], ...]:
    return tuple(_runs(cell.strip()) for cell in line.strip().strip("|").split("|"))


def _runs(text: str) -> tuple[Run, ...]:
    text = _LINK.sub(lambda found: f"{found[1]}（{found[2]}）" if found[1] != found[2] else found[1], text)
    pieces = _BOLD.split(text)
    return tuple(Run(piece, bold=bool(number % 2)) for number, piece in enumerate(pieces) if piece)
