"""An organ is renamed, or ends and another follows it: told ahead, in force from a day, for ever in the log.

An end can be taken back until its day has come.
"""

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


class OrganKept(OrganFacts):
    """An end that was decided and lay ahead was taken back: the organ stays."""

    NAME: ClassVar[str] = "organ.kept"


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


@dataclass(frozen=True, slots=True)
class KeepOrgan:
    """Take back an end that lies ahead."""

    code: str
    basis: str


OrganChange = RenameOrgan | EndOrgan | KeepOrgan


def change(
    state: Organ | None, command: OrganChange, today: date, successor: Organ | None = None
) -> list[OrganRenamed | OrganEnded | OrganKept]:
    """Decide on a change; what was decided so already changes nothing. ``today``: the legal day of the command.

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
    if isinstance(command, KeepOrgan):
        refuse_if_any(_keeping_reasons(state, command, today))
        stays = replace(state, ended_on=None, successor="", basis=basis)
        return [OrganKept.model_validate(facts_of(stays))]
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


def _keeping_reasons(state: Organ, command: KeepOrgan, today: date) -> Iterator[Reason]:
    yield from changes.keeping_reasons(state, today, "机关")
    yield from changes.basis_reasons(command.basis)


def _ending_reasons(state: Organ, command: EndOrgan, successor: Organ | None) -> Iterator[Reason]:
    yield from changes.ended_reasons(state, "机关")
    yield from changes.successor_reasons(command.code, command.successor, successor, "机关")
    yield from changes.order_reasons(state, command.effective_on)
    yield from changes.basis_reasons(command.basis)
