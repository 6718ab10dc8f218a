"""The columns of the official table: which field of a row stands in which, and under which words.

The ten columns are those of the standard guides of the 26 domains: 序号, 公开事项 (一级, 二级), 公开内容（要素）, 公开依据,
公开时限, 公开主体, 公开渠道和载体, 公开对象, 公开方式, 公开层级. The last three are spread over ticked columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gongkai.contracts.matters import COLUMNS
from services.catalog.domain.rows import FIELDS, OFFICIAL

Fields = Mapping[str, str]
"""A row: field → text, as `gongkai.rpc.catalog.v1.Row` names them; without ``domain`` and ``place``."""

TICKED: Final = ("audience", "mode", "levels")
"""Fields that are spread over columns with ticks."""

REQUIRED: Final = OFFICIAL
"""A table without one of them is not the official table."""

OPTIONAL: Final = tuple(name for name in FIELDS if name not in REQUIRED)
"""Columns some departments have: printed only where a row has them."""

EVERYONE: Final = "全社会"
GROUP: Final = "特定群体"
FIRST_TICKS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"audience": (EVERYONE, GROUP), "mode": ("主动", "依申请"), "levels": ("县级", "乡级")}
)
"""The ticked columns every table has. Further modes and levels are named by the rows that have them."""

_LEVEL_ORDER: Final = ("市级", "县级", "乡级", "镇级", "街道", "村级")


@dataclass(frozen=True, slots=True)
class Column:
    """A printed column."""

    title: str
    field: str
    """Empty for 序号."""
    tick: str = ""
    """For a ticked field: what a tick in this column says."""
    group: str = ""
    """The words of the merged cell above it; empty where the title spans both header rows."""
    width: float = 10.0
    """Characters of the ordinary font, as Excel counts."""


def columns_for(rows: Sequence[Fields]) -> tuple[Column, ...]:
    """The columns a sheet with these rows is printed with, from left to right."""
    used = {name for name in OPTIONAL if any(row.get(name) for row in rows)}
    columns = [Column("序号", "", width=5)]
    if "number" in used:
        columns.append(Column(COLUMNS["number"], "number", width=9))
    names = [name for name in ("level1", "level2", "level3") if name in REQUIRED or name in used]
    columns += [Column(COLUMNS[name], name, group="公开事项", width=12) for name in names]
    columns += [
        Column(COLUMNS["content_elements"], "content_elements", width=38),
        Column(COLUMNS["legal_basis"], "legal_basis", width=34),
        Column(COLUMNS["time_limit"], "time_limit", width=17),
        Column(COLUMNS["subject"], "subject", width=13),
        Column(COLUMNS["channels"], "channels", width=33),
    ]
    for field in TICKED:
        columns += [
            Column(_title(word), field, word, COLUMNS[field], 11 if word == GROUP else 5.5)
            for word in ticks_for(field, rows)
        ]
    columns += [Column(COLUMNS[name], name, width=12) for name in ("office", "phone") if name in used]
    return tuple(columns)


def ticks_for(field: str, rows: Sequence[Fields]) -> tuple[str, ...]:
    """The ticked columns of a field: those every table has, and those these rows need, in the usual order."""
    first = FIRST_TICKS[field]
    if field == "audience":
        return first
    words = {word for row in rows for word in split(row.get(field, ""))} | set(first)
    order = _LEVEL_ORDER if field == "levels" else first
    known = [word for word in order if word in words]
    return (*known, *sorted(words.difference(known)))


def split(text: str) -> tuple[str, ...]:
    """The words of a field that holds several, in their order, each once."""
    parts = (part.strip() for part in text.replace("；", ";").split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def _title(word: str) -> str:
    return "依申请公开" if word == "依申请" else word
