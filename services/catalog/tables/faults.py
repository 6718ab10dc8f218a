"""What is wrong in a workbook, told cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gongkai.refusal import Reason

SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why a cell's text cannot be taken, and what would be right."""

    reason: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class BadCell:
    """A fault with its place. ``sheet`` and ``cell`` are empty for what is wrong with the whole."""

    sheet: str
    cell: str
    value: str
    reason: str
    suggestion: str

    @classmethod
    def at(cls, sheet: str, cell: str, value: str, fault: CellFault) -> BadCell:
        """A fault at a cell; long values are cut."""
        short = value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…"
        return cls(sheet, cell, short, fault.reason, fault.suggestion)


class NotReadable(Exception):
    """The file as a whole cannot be read as a table: what it is, why it is refused, what to do."""

    def __init__(self, code: str, message_zh: str) -> None:
        self.reason = Reason(f"workbook.{code}", message_zh, "workbook")
        super().__init__(code)
