"""Divisions: the city, its counties and parks, townships and villages (统计用区划代码)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from gongkai.contracts.catalog import FormerName
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import DIVISION_CODE, blank, refuse_if_any

LEVELS = ("city", "county", "township", "village")
"""From the top down; each division's parent is of the level before, and the city has none."""


class DivisionFacts(DomainEvent):
    """What every event of a division carries: the division as it stands after the event."""

    code: str
    name: str
    level: str
    parent: str | None
    former_names: tuple[FormerName, ...] = ()
    """The oldest first; the last one may still be borne."""
    ended_on: date | None = None
    """The first legal day on which it is no longer there; it may lie ahead."""
    successor: str = ""
    basis: str = ""
    """The document that the last change rests on; none for a registration."""


class DivisionRegistered(DivisionFacts):
    """A division entered the registry."""

    NAME: ClassVar[str] = "division.registered"


@dataclass(frozen=True, slots=True)
class RegisterDivision:
    """Enter a division below one that is registered."""

    code: str
    name: str
    level: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Division:
    """A registered division."""

    code: str
    name: str
    level: str
    parent: str | None
    former_names: tuple[FormerName, ...] = ()
    ended_on: date | None = None
    successor: str = ""


def decide(
    state: Division | None, command: RegisterDivision, parent: Division | None
) -> list[DivisionRegistered]:
    """Register the division; ``parent`` is the registered division the command names, None if there is none.

    Registering the same facts again changes nothing.
    """
    wanted = Division(command.code, command.name, command.level, command.parent)
    if state == wanted:
        return []
    refuse_if_any(_reasons(state, command, parent))
    return [
        DivisionRegistered(code=command.code, name=command.name, level=command.level, parent=command.parent)
    ]


def evolve(_state: Division | None, event: DivisionFacts) -> Division | None:
    """Apply one event."""
    return Division(
        event.code, event.name, event.level, event.parent, event.former_names, event.ended_on, event.successor
    )


def _reasons(state: Division | None, command: RegisterDivision, parent: Division | None) -> Iterator[Reason]:
    if state is not None:
        yield Reason(
            "division.exists", f"区划 {command.code} 已登记为“{state.name}”，内容不同，不能重复登记。", "code"
        )
    if not DIVISION_CODE.match(command.code):
        yield Reason("division.code.malformed", "区划代码应为 12 位数字。", "code")
    if blank(command.name):
        yield Reason("division.name.missing", "请填写区划名称。", "name")
    if command.level not in LEVELS:
        yield Reason("division.level.unknown", "区划级别应为市、县区、乡镇街道或村居。", "level")
    elif command.level == LEVELS[0]:
        if command.parent is not None:
            yield Reason("division.parent.unexpected", "市级区划没有上级区划，请留空。", "parent")
    elif parent is None:
        yield Reason(
            "division.parent.unknown", f"上级区划 {command.parent or '（空）'} 没有登记，请先登记。", "parent"
        )
    elif parent.ended_on is not None:
        text = f"上级区划“{parent.name}”已定于 {parent.ended_on} 撤并，请改填 {parent.successor}。"
        yield Reason("division.parent.ended", text, "parent")
    elif parent.level != LEVELS[LEVELS.index(command.level) - 1]:
        yield Reason("division.parent.level", f"“{parent.name}”的级别不能作为该区划的上级。", "parent")
