"""An organ is renamed, or ends and another follows it: told ahead, in force from a day, for ever in the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from gongkai.refusal import Reason, Refusal
from services.catalog.domain import changes
from services.catalog.domain.checks import refuse_if_any
from services.catalog.domain.organs import Organ, OrganFacts, facts_of


class OrganRenamed(OrganFacts):
    """An organ bears another name from a day on; its code and its index numbers stay."""

    NAME: ClassVar[str] = "organ.renamed"

    effective_on: date


class OrganEnded(OrganFacts):
    """An organ is no longer there from ``ended_on`` on; ``successor`` has its functions."""

    NAME: ClassVar[str] = "organ.ended"


@dataclass(frozen=True, slots=True)
class RenameOrgan:
    """Have an organ bear another name; an empty short name stays as it is."""

    code: str
    name: str
    short_name: str
    effective_on: date
    basis: str


@dataclass(frozen=True, slots=True)
class EndOrgan:
    """Have an organ end."""

    code: str
    successor: str
    effective_on: date
    basis: str


OrganChange = RenameOrgan | EndOrgan


def change(
    state: Organ | None, command: OrganChange, successor: Organ | None = None
) -> list[OrganRenamed | OrganEnded]:
    """Decide on a change; what was decided so already changes nothing.

    Raises:
        Refusal: with every reason.
    """
    if state is None:
        raise Refusal(Reason("organ.unknown", f"机关 {command.code or '（空）'} 没有登记。", "code"))
    basis = command.basis.strip()
    if isinstance(command, RenameOrgan):
        short = command.short_name.strip() or state.short_name
        last = state.former_names[-1].until if state.former_names else None
        if (state.name, state.short_name, last) == (command.name.strip(), short, command.effective_on):
            return []
        refuse_if_any(_renaming_reasons(state, command))
        former = changes.renamed(state, command.effective_on, state.short_name)
        now = replace(state, name=command.name.strip(), short_name=short, former_names=former, basis=basis)
        return [OrganRenamed.model_validate(facts_of(now) | {"effective_on": command.effective_on})]
    if (state.successor, state.ended_on) == (command.successor, command.effective_on):
        return []
    refuse_if_any(_ending_reasons(state, command, successor))
    gone = replace(state, ended_on=command.effective_on, successor=command.successor, basis=basis)
    return [OrganEnded.model_validate(facts_of(gone))]


def _renaming_reasons(state: Organ, command: RenameOrgan) -> Iterator[Reason]:
    yield from changes.ended_reasons(state, "机关")
    yield from changes.name_reasons(state, command.name)
    yield from changes.order_reasons(state, command.effective_on)
    yield from changes.basis_reasons(command.basis)


def _ending_reasons(state: Organ, command: EndOrgan, successor: Organ | None) -> Iterator[Reason]:
    yield from changes.ended_reasons(state, "机关")
    yield from changes.successor_reasons(command.code, command.successor, successor, "机关")
    yield from changes.order_reasons(state, command.effective_on)
    yield from changes.basis_reasons(command.basis)
