"""A row of the official table: the columns as text, what may be changed in them, and how two rows differ."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from gongkai.contracts.matters import COLUMNS
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank

FIELDS: Final = tuple(COLUMNS)
"""What a lower catalogue may adapt; domain, place and provenance stay as whoever added the row fixed them."""
LONGEST: Final = 8000
"""Characters a cell may hold; the longest of the ministries' tables has some 700."""
OFFICIAL: Final = (
    "level1", "level2", "content_elements", "legal_basis", "time_limit", "subject", "channels", "audience", "mode",
    "levels",
)  # fmt: skip
"""The ten official columns but 序号. A row has something in each: what is not limited in time says so (长期公开)."""
_NAMES: Final = ("level1", "level2")
_GOES_DOWN: Final = ("乡", "镇", "街道")
_PLAN: Final = "《宿州市全面推进基层政务公开标准化规范化工作实施方案》"


class MatterRow(BaseModel):
    """A matter (公开事项) as one row of the official table."""

    model_config = ConfigDict(frozen=True)

    domain: str
    """Code of the domain."""
    place: int = 0
    """Order within the domain."""
    level1: str
    level2: str
    level3: str = ""
    content_elements: str = ""
    legal_basis: str = ""
    time_limit: str = ""
    subject: str = ""
    channels: str = ""
    audience: str = ""
    mode: str = ""
    levels: str = ""
    number: str = ""
    office: str = ""
    phone: str = ""
    provenance: str = ""

    def cells(self) -> dict[str, str]:
        """Give the fields that may be changed, by name."""
        return {name: getattr(self, name) for name in FIELDS}

    def put(self, cells: Mapping[str, str]) -> MatterRow:
        """Give the row with some of its cells replaced."""
        return self.model_copy(update=dict(cells)) if cells else self


class Change(BaseModel):
    """A cell that is not as it was."""

    model_config = ConfigDict(frozen=True)

    was: str
    now: str


Changes = Mapping[str, Change]
"""Field → change."""


def changes_between(was: MatterRow, now: MatterRow) -> dict[str, Change]:
    """Give the cells in which ``now`` is not as ``was``, in the order of the table."""
    return {
        name: Change(was=getattr(was, name), now=getattr(now, name))
        for name in FIELDS
        if getattr(was, name) != getattr(now, name)
    }


def reaches(row: MatterRow, level: str) -> bool:
    """Tell whether a row of the catalogue above concerns a catalogue of ``level``.

    A township takes only what is disclosed at its level (乡级, 镇级, 街道); counties and the city take all.
    """
    return level != "township" or any(word in row.levels for word in _GOES_DOWN)


def name_of(row: MatterRow) -> str:
    """Give what a sentence calls the matter."""
    return "／".join(filter(None, (row.level1, row.level2, row.level3)))


def cell_faults(cells: Mapping[str, str], field: str = "") -> Iterator[Reason]:
    """Give what is wrong with new contents of cells.

    Args:
        cells: field → text.
        field: where the cells stand in the request.
    """
    for name, text in cells.items():
        at = f"{field}.{name}" if field else name
        label = COLUMNS.get(name)
        if label is None:
            yield Reason("matter.field.unknown", f"没有“{name}”这一栏，请核对栏目名称。", at)
        elif name in _NAMES and blank(text):
            yield Reason("matter.name.missing", f"“{label}”不能为空，请填写事项名称。", at, _PLAN)
        elif name in OFFICIAL and blank(text):
            yield Reason(
                "matter.cell.missing",
                f"没有写{label}。这是官方表的一栏，每个事项都要填写，请写明。",
                at,
                _PLAN,
            )
        elif len(text) > LONGEST:
            yield Reason(
                "matter.cell.long",
                f"“{label}”有 {len(text)} 字，超过 {LONGEST} 字的上限，请精简或拆成几个事项。",
                at,
            )
        elif any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in text):
            yield Reason("matter.cell.control", f"“{label}”中有不可见的控制字符，请删除后重填。", at)


def row_faults(cells: Mapping[str, str], field: str = "") -> Iterator[Reason]:
    """Give what is wrong with the cells of a new row; every official column must be there."""
    yield from cell_faults({name: cells.get(name, "") for name in OFFICIAL} | dict(cells), field)


def tidy(cells: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give cells as they are kept: no blanks around them, one kind of line end."""
    return {name: text.replace("\r\n", "\n").replace("\r", "\n").strip() for name, text in cells}
