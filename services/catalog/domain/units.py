"""Units 内设机构: the offices within an organ that its staff belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any

UNIT_CODE: Final = re.compile(r"^(?=.{2,40}$)[0-9a-z]+(-[0-9a-z]+)*$")


class UnitRegistered(DomainEvent):
    """A unit of an organ entered the registry."""

    NAME: ClassVar[str] = "unit.registered"

    organ: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class RegisterUnit:
    """Enter a unit of a registered organ."""

    organ: str
    code: str
    name: str


def decide(state: UnitRegistered | None, command: RegisterUnit, *, organ_known: bool) -> list[UnitRegistered]:
    """Register the unit. Registering the same facts again changes nothing."""
    wanted = UnitRegistered(organ=command.organ, code=command.code, name=command.name.strip())
    if state == wanted:
        return []
    refuse_if_any(_reasons(state, command, organ_known=organ_known))
    return [wanted]


def evolve(_state: UnitRegistered | None, event: UnitRegistered) -> UnitRegistered:
    """Apply one event."""
    return event


def _reasons(state: UnitRegistered | None, command: RegisterUnit, *, organ_known: bool) -> Iterator[Reason]:
    if state is not None:
        text = f"内设机构 {command.code} 已登记为“{state.name}”，名称不同，不能重复登记。"
        yield Reason("unit.exists", text, "code")
    if not organ_known:
        yield Reason("organ.unknown", f"机关 {command.organ or '（空）'} 没有登记，请先登记。", "organ")
    if not UNIT_CODE.match(command.code):
        text = "内设机构代码应为 2 至 40 位小写字母、数字，中间可用单个连字符，例如 bgs。"
        yield Reason("unit.code.malformed", text, "code")
    if blank(command.name):
        yield Reason("unit.name.missing", "请填写内设机构名称。", "name")
