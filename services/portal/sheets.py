"""A draft's rows as the official table shows them: ten columns, what differs in each cell, what can be done with a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from gongkai.contracts.matters import COLUMNS
from gongkai.rpc.catalog.v1 import catalogues_pb2 as pb
from services.portal.rowdeeds import Deed, Names, deeds_of, why_of
from services.portal.textdiff import Piece, pieces

GROUPS: Final = {
    "level1": "公开事项", "level2": "公开事项", "level3": "公开事项", "audience": "公开对象", "mode": "公开方式", "levels": "公开层级",
}  # fmt: skip
"""Columns that stand below a common heading in the official table."""
RARE: Final = frozenset({"level3", "number", "office", "phone"})
"""Columns only some variants have: shown where a row fills them."""
GROUP_KEY: Final = "group"
_TICKS: Final = {"mode": ("主动", "依申请"), "levels": ("县级", "乡级")}
_EVERYONE: Final = "全社会"
_GROUP: Final = "特定群体"
_SPLIT: Final = re.compile(r"[;；\n]+")
_OPEN: Final = frozenset({"adopted", "adapted", "followed", "added"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table as it stands on the page."""

    field: str
    key: str
    """Which part of the field: a word that is ticked, `group` for the group's name; empty: all of it."""
    label: str

    @property
    def group(self) -> str:
        """The heading it stands below; empty: none."""
        return GROUPS.get(self.field, "")

    @property
    def name(self) -> str:
        """Field and part, as the page's script says them back."""
        return f"{self.field}:{self.key}"

    @property
    def tick(self) -> bool:
        """It holds a tick or nothing."""
        return bool(self.key) and self.key != GROUP_KEY


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell."""

    column: Column
    pieces: Sequence[Piece]
    value: str
    editable: bool
    upper: Sequence[Piece] = ()
    """Where both changed the field: what the catalogue above says now; `pieces` is ours then."""

    @property
    def plain(self) -> bool:
        """What is shown is the value itself."""
        return not self.upper and all(one.kind == "same" for one in self.pieces)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    matter: str
    seen: int
    stance: str
    place: int
    name: str
    domain: str
    cells: Sequence[Cell]
    reason: str
    why: Sequence[str]
    """Sentences: what must be decided."""
    deeds: Sequence[Deed]
    conflict: bool = False


@dataclass(slots=True)
class Sheet:
    """The table."""

    columns: Sequence[Column]
    lines: list[Line] = field(default_factory=list)

    @property
    def heads(self) -> list[tuple[str, int, Column]]:
        """The upper row of the head: heading (empty for a column that fills both rows), how many columns, the first."""
        found: list[tuple[str, int, Column]] = []
        for one in self.columns:
            if one.group and found and found[-1][0] == one.group:
                found[-1] = (one.group, found[-1][1] + 1, found[-1][2])
            else:
                found.append((one.group, 1, one))
        return found


def parts(text: str) -> list[str]:
    """The items of a field that lists several."""
    return [one.strip() for one in _SPLIT.split(text) if one.strip()]


def base_of(row: pb.DraftRow) -> pb.Row:
    """The text a row is shown by: its own, else that of the catalogue above, else what is in force."""
    return next((one for one in (row.row, row.upper, row.published) if there(one)), row.row)


def there(row: pb.Row) -> bool:
    """Tell whether a row says anything."""
    return bool(row.level1 or row.level2 or row.content_elements)


def columns_of(rows: Iterable[pb.DraftRow]) -> list[Column]:
    """The columns these rows need: the official ones, the variants' where filled, a tick for every word that occurs."""
    filled, words = set(), {name: list(usual) for name, usual in _TICKS.items()}
    for row in rows:
        for one in (row.row, row.upper):
            filled |= {name for name in RARE if getattr(one, name)}
            for name, found in words.items():
                found += [part for part in parts(getattr(one, name)) if part not in found]
    made = []
    for name, label in COLUMNS.items():
        if name == "audience":
            made += [Column(name, _EVERYONE, _EVERYONE), Column(name, GROUP_KEY, _GROUP)]
        elif name in words:
            made += [Column(name, one, one) for one in words[name]]
        elif name not in RARE or name in filled:
            made.append(Column(name, "", label))
    return made


def columns_in(text: str) -> list[Column]:
    """The columns a page says it shows, as `Column.name` writes them."""
    found = []
    for one in text.split("|"):
        name, _, key = one.partition(":")
        if name in COLUMNS:
            found.append(Column(name, key, key or COLUMNS[name]))
    return found


def sheet_of(rows: Sequence[pb.DraftRow], names: Names, *, editable: bool) -> Sheet:
    """The table of these rows."""
    sheet = Sheet(columns_of(rows))
    sheet.lines = [line_of(row, sheet.columns, names, editable=editable) for row in rows]
    return sheet


def line_of(row: pb.DraftRow, columns: Sequence[Column], names: Names, *, editable: bool) -> Line:
    """One row of it."""
    base = base_of(row)
    asked = {one.field: one for one in row.questions if one.kind == "changed_both"}
    opened = editable and writable(row)
    return Line(
        matter=row.matter,
        seen=row.version,
        stance=row.stance,
        place=base.place,
        name="／".join(one for one in (base.level1, base.level2, base.level3) if one),
        domain=base.domain,
        cells=[_cell(row, base, one, asked, editable=opened, alone=names.alone) for one in columns],
        reason=row.reason,
        why=[why_of(one, names) for one in row.questions],
        deeds=deeds_of(row, names) if editable else (),
        conflict=bool(asked),
    )


def writable(row: pb.DraftRow) -> bool:
    """Tell whether the columns of a row may be written: not before it is decided whether it stays at all."""
    both = [one for one in row.questions if one.kind == "changed_both"]
    return row.stance in _OPEN or (bool(both) and len(both) == len(row.questions))


def value_of(row: pb.Row, column: Column) -> str:
    """What a row says in a column."""
    text: str = getattr(row, column.field)
    if column.field == "channels":
        return "\n".join(parts(text))
    if not column.key:
        return text
    if column.key == GROUP_KEY:
        return ";".join(_group(one) for one in parts(text) if one != _EVERYONE)
    return "√" if column.key in parts(text) else ""


def _group(part: str) -> str:
    name, _, text = part.replace("：", ":").partition(":")
    return (text.strip() or "√") if name == _GROUP else part


def _cell(
    row: pb.DraftRow,
    base: pb.Row,
    column: Column,
    asked: dict[str, pb.Question],
    *,
    editable: bool,
    alone: bool,
) -> Cell:
    now = value_of(base, column)
    question = asked.get(column.field)
    if question is not None and not column.key:
        upper, own = _said(question, column, question.upper), _said(question, column, question.own)
        was = _said(question, column, question.was)
        return Cell(column, _pieces(column, was, own), now, editable, _pieces(column, was, upper))
    match row.stance:
        case "left_out" | "removed":
            found = [Piece("gone", now)] if now else []
        case "added" if alone and there(row.published):
            found = _pieces(column, value_of(row.published, column), now)
        case "added":
            found = [Piece("new", now)] if now else []
        case "followed" if there(row.published):
            found = _pieces(column, value_of(row.published, column), now)
        case _ if there(row.upper) and there(row.row):
            found = _pieces(column, value_of(row.upper, column), now)
        case _:
            found = [Piece("same", now)] if now else []
    return Cell(column, found, now, editable)


def _said(question: pb.Question, column: Column, text: str) -> str:
    row = pb.Row()
    setattr(row, question.field, text)
    return value_of(row, column)


def _pieces(column: Column, was: str, now: str) -> list[Piece]:
    if column.field != "channels":
        return pieces(was, now)
    old, new = was.split("\n"), now.split("\n")
    found = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [Piece("same", f"{one}\n") for one in new[c:d]]
            continue
        found += [Piece("gone", f"{one}\n") for one in old[a:b] if one]
        found += [Piece("new", f"{one}\n") for one in new[c:d] if one]
    return found
