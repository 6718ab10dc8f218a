"""What a typeset body is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MOST_LINES: Final = 30_000
"""Lines of a body set on a page; the longest law has a tenth of that. One with more is offered as a file."""

BlockKind = Literal[
    "chapter", "section", "heading", "article", "paragraph", "addressee", "signature", "attached", "list", "numbers", "table",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text of one weight."""

    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One block. ``runs`` for text; ``rows`` for a list (one cell a row) or a table (the first row is its head)."""

    kind: BlockKind
    runs: tuple[Run, ...] = ()
    rows: tuple[tuple[tuple[Run, ...], ...], ...] = ()
    anchor: str = ""

    @property
    def text(self) -> str:
        """Its text without weight."""
        return "".join(run.text for run in self.runs)
