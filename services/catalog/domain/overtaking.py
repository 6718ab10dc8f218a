"""What somebody else did to a matter after its editor saw it, and that an edit would undo unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gongkai.contracts.matters import COLUMNS
from gongkai.refusal import Reason
from services.catalog.domain.edits import NOTHING, Edit, Ground
from services.catalog.domain.merging import stand
from services.catalog.domain.rows import MatterRow, name_of, tidy
from services.catalog.domain.stances import Kind

_QUOTED: Final = 60
"""Characters of a cell that a reason quotes."""


def overtaken(edit: Edit, ground: Ground) -> Iterator[Reason]:
    """Give what somebody else did since that this edit would undo unseen."""
    if ground.since == NOTHING:
        return
    now = stand(ground.stance, ground.upper, ground.gone)
    if edit.act == "set":
        yield from _overtaken_cells(edit, ground, now.row)
        if ground.since.decided and ground.stance.kind not in {Kind.ADOPTED, Kind.OWN}:
            yield _changed(edit, now.row, f"在您打开之后已被改为“{_STANCE[ground.stance.kind]}”")
        return
    here = ground.since.cells
    if edit.act in {"hold", "restore"} and edit.fields:
        here &= set(edit.fields)
    elif edit.act in {"hold", "restore"}:
        here |= ground.since.above
    if here and edit.act != "adopt":
        labels = "、".join(f"“{COLUMNS[name]}”" for name in COLUMNS if name in here)
        yield _changed(edit, now.row, f"的{labels}在您打开之后已被修改")
    elif ground.since.decided and ground.stance.kind is not _RESULT.get(edit.act):
        yield _changed(edit, now.row, f"在您打开之后已被改为“{_STANCE[ground.stance.kind]}”")


def _overtaken_cells(edit: Edit, ground: Ground, row: MatterRow | None) -> Iterator[Reason]:
    for name, text in tidy(edit.fields.items()).items():
        if name in ground.since.above and ground.upper is not None:
            who, theirs = "上级目录已改为", getattr(ground.upper, name)
        elif name in ground.since.cells and row is not None:
            who, theirs = "已被他人改为", getattr(row, name)
        else:
            continue
        if theirs != text:
            said = f"的“{COLUMNS[name]}”{who}“{_quote(theirs)}”，您填写的是“{_quote(text)}”"
            yield _changed(edit, row, said, f".fields.{name}")


_STANCE: Final[Mapping[Kind, str]] = MappingProxyType(
    {Kind.NONE: "删除", Kind.ADOPTED: "沿用", Kind.LEFT_OUT: "不采用", Kind.OWN: "自有"}
)
_RESULT: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "adopt": Kind.ADOPTED, "hold": Kind.ADOPTED, "restore": Kind.ADOPTED, "leave_out": Kind.LEFT_OUT,
        "add": Kind.OWN, "drop": Kind.NONE, "keep": Kind.OWN,
    }
)  # fmt: skip


def _changed(edit: Edit, row: MatterRow | None, what: str, cell: str = "") -> Reason:
    named = name_of(row) if row is not None else edit.matter
    text = f"“{named}”{what}。为免覆盖他人的修改，没有保存，请核对后再改。"
    return Reason("matter.changed-since", text, f"{edit.at}{cell}")


def _quote(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
