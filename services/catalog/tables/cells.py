"""One field between a row and its cells: printed, and read back.

Printing what was read, and reading what was printed, give the same again: that is what makes an exported table that
is imported unchanged change nothing (`usual` is what both sides are compared in).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from services.catalog.tables.boxes import print_boxes, read_boxes
from services.catalog.tables.columns import EVERYONE, GROUP, TICKED, Column, Fields, split, ticks_for
from services.catalog.tables.faults import CellFault

TICK: Final = "√"
_TICKS: Final = frozenset("√✓✔☑■●是1")
_NAMES: Final = frozenset({"level1", "level2", "level3", "number", "office"})
"""Fields of one line, in which a line break is only the column's width."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_GROUP: Final = re.compile(rf"{GROUP}\s*[:：]?\s*(?P<who>.*)", re.DOTALL)


def print_cell(column: Column, row: Fields) -> str:
    """The text of a row's cell in a column (not of 序号)."""
    text = row.get(column.field, "")
    if column.field == "channels":
        return tidy("channels", print_boxes(text))
    if column.field == "audience":
        return _print_audience(column.tick, text)
    if column.field in TICKED:
        return TICK if column.tick in split(text) else ""
    return tidy(column.field, text)


def read_ticks(field: str, cells: Mapping[str, str]) -> str | tuple[str, CellFault]:
    """A ticked field from its columns (what the column says → the cell's text).

    Returns:
        The field's text, or the column at fault (empty: all of them) with the fault.
    """
    words: list[str] = []
    for tick, text in cells.items():
        mark, rest = _tick_of(text)
        if field == "audience" and tick == GROUP:
            words += _read_groups(mark, rest)
        elif rest:
            fault = CellFault(f"“{tick}”一栏只能是{TICK}或空白", f"适用的填{TICK}，不适用的留空")
            return tick, fault
        elif mark:
            words.append(tick)
    if not words:
        return "", CellFault(f"“{'”“'.join(cells)}”都没有勾选", f"在适用的一栏填{TICK}")
    return ";".join(words)


def read_text(field: str, text: str, known_channels: frozenset[str] = frozenset()) -> str | CellFault:
    """A field from the one cell it stands in."""
    if field == "channels":
        return read_boxes(text, known_channels)
    if field == "audience":
        words = [word for part in split(text) for word in _audience_word(part)]
        return ";".join(words)
    if field in TICKED:
        return ";".join(split(re.sub(r"[、,，/\s]+", ";", text)))
    return tidy(field, text)


def tidy(field: str, text: str) -> str:
    """A text without control characters and the blanks that only layout put there."""
    plain = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " "))
    lines = [line.strip(" \t\u3000") for line in plain.split("\n")]
    if field in _NAMES:
        return "".join(lines)
    return "\n".join(line for line in lines if line)


def usual(field: str, text: str) -> str:
    """The form in which two texts of a field are the same if a printed table cannot tell them apart."""
    row = {field: text}
    if field in TICKED:
        cells = {tick: print_cell(Column("", field, tick), row) for tick in ticks_for(field, [row])}
        found = read_ticks(field, cells)
        return found if isinstance(found, str) else ""
    read = read_text(field, print_cell(Column("", field), row), _all_channels(text))
    return read if isinstance(read, str) else tidy(field, text)


def _print_audience(tick: str, text: str) -> str:
    groups = [part for part in split(text) if part != EVERYONE]
    if tick == EVERYONE:
        return TICK if len(groups) < len(split(text)) else ""
    named = [_audience_word(part)[0].partition(":")[2] for part in groups]
    return "\n".join([TICK, *filter(None, named)]) if groups else ""


def _read_groups(mark: bool, rest: str) -> list[str]:  # noqa: FBT001 - the two halves of one cell
    if rest:
        said = (who for line in rest.split("\n") for part in split(line) if (who := _who(part)))
        return [f"{GROUP}:{who}" for who in said] or [GROUP]
    return [GROUP] if mark else []


def _audience_word(part: str) -> list[str]:
    if part == EVERYONE:
        return [part]
    found = _GROUP.fullmatch(part)
    who = _who(found["who"] if found else part)
    return [f"{GROUP}:{who}" if who else GROUP]


def _who(text: str) -> str:
    return tidy("level1", text).strip(" :：\u3000")


def _tick_of(text: str) -> tuple[bool, str]:
    plain = text.strip()
    if plain and plain[0] in _TICKS and (len(plain) == 1 or plain[0] not in "是1●■"):
        return True, plain[1:].strip(" \n\t\u3000:：")
    return False, plain


def _all_channels(text: str) -> frozenset[str]:
    return frozenset(part.strip("■□ ").partition(":")[0] for part in split(text))
