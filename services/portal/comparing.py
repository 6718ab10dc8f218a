"""A draft against the edition in force: what a reviewer looks through, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gongkai.contracts.matters import COLUMNS
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.sheets import base_of, parts, there
from services.portal.textdiff import Piece, pieces

KINDS: Final = {"added": "新增", "changed": "修改", "removed": "取消", "left_out": "改为不采用"}
"""What becomes of a matter → its word."""
_MAIN: Final = ("content_elements", "legal_basis", "time_limit", "subject", "channels")
"""What is shown of a row that comes or goes as a whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """One matter that would be different."""

    kind: str
    """A key of `KINDS`."""
    matter: str
    domain: str
    level1: str
    level2: str
    stance: str
    reason: str
    fields: Sequence[tuple[str, Sequence[Piece]]]
    """Column and what changes in it."""


def changes_of(rows: Sequence[pb.DraftRow]) -> list[Change]:
    """The rows that differ from the edition in force, in their order."""
    found = []
    for row in rows:
        kind = _kind(row)
        if kind:
            base = base_of(row)
            found.append(
                Change(
                    kind,
                    row.matter,
                    base.domain,
                    base.level1,
                    base.level2,
                    row.stance,
                    row.reason,
                    _fields(row),
                )
            )
    return found


def _kind(row: pb.DraftRow) -> str:
    before, after = there(row.published), _stays(row)
    if before and after:
        return "changed" if _fields(row) else ""
    if after:
        return "added"
    if before:
        return "left_out" if row.stance == "left_out" else "removed"
    return ""


def _stays(row: pb.DraftRow) -> bool:
    """Tell whether the row would be in the edition; not while it is asked whether it should."""
    asked = any(one.kind == "new_above" for one in row.questions)
    return there(row.row) and not asked and row.stance not in {"left_out", "removed"}


def _fields(row: pb.DraftRow) -> list[tuple[str, Sequence[Piece]]]:
    found: list[tuple[str, Sequence[Piece]]] = []
    before, after = there(row.published), _stays(row)
    for name, label in COLUMNS.items():
        if not (before and after) and name not in _MAIN:
            continue
        was, now = _text(row.published, name), _text(row.row, name) if after else ""
        if was != now:
            found.append((label, pieces(was, now)))
    return found


def _text(row: pb.Row, name: str) -> str:
    text: str = getattr(row, name)
    return "；".join(parts(text)) if name == "channels" else text
