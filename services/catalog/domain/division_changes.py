"""A division is renamed, merged into another or abolished: told ahead, in force from a day, for ever in the log.

What is in a division when it ends must have ended before, or be named to move along: an organ or a division below that
moves along keeps its code, its addresses and its credentials, and from that day it belongs to the successor. An end can be
taken back until its day has come; ends of what was in it are decisions of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Final, Literal

from gongkai.refusal import Reason, Refusal
from services.catalog.domain import changes
from services.catalog.domain.changes import Named
from services.catalog.domain.checks import refuse_if_any
from services.catalog.domain.divisions import LEVELS, Division, DivisionFacts

KINDS: Final = {"merged": "并入", "abolished": "撤销"}
"""How a division or an organ ends, and what it is called."""


class DivisionRenamed(DivisionFacts):
    """A division bears another name from a day on."""

    NAME: ClassVar[str] = "division.renamed"

    effective_on: date


class DivisionEnded(DivisionFacts):
    """A division is no longer there from ``ended_on`` on; ``successor`` stands in its place."""

    NAME: ClassVar[str] = "division.ended"

    kind: str
    """merged, abolished."""
    along: tuple[str, ...] = ()
    """Codes of the organs and divisions that move along."""


class DivisionKept(DivisionFacts):
    """An end that was decided and lay ahead was taken back: the division stays, with all that was to move along."""

    NAME: ClassVar[str] = "division.kept"


@dataclass(frozen=True, slots=True)
class RenameDivision:
    """Have a division bear another name."""

    code: str
    name: str
    effective_on: date
    basis: str


@dataclass(frozen=True, slots=True)
class EndDivision:
    """Have a division end."""

    code: str
    kind: Literal["merged", "abolished"]
    successor: str
    effective_on: date
    basis: str
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeepDivision:
    """Take back an end that lies ahead."""

    code: str
    basis: str


DivisionChange = RenameDivision | EndDivision | KeepDivision


@dataclass(frozen=True, slots=True)
class Inside:
    """What is in a division on the day it ends, and what is to follow it."""

    successor: Division | None = None
    organs: Sequence[Named] = field(default=())
    divisions: Sequence[Named] = field(default=())
    """Those directly below."""


def change(
    state: Division | None, command: DivisionChange, today: date, inside: Inside
) -> list[DivisionRenamed | DivisionEnded | DivisionKept]:
    """Decide on a change; what was decided so already changes nothing. ``today``: the legal day of the command.

    Raises:
        Refusal: with every reason.
    """
    if state is None:
        text = f"区划 {command.code or '（空）'} 没有登记，请核对 12 位区划代码。"
        raise Refusal(Reason("division.unknown", text, "code"))
    facts = _facts(state) | {"basis": command.basis.strip()}
    if isinstance(command, RenameDivision):
        if _is_renamed(state, command):
            return []
        refuse_if_any(_renaming_reasons(state, command))
        former = changes.renamed(state, command.effective_on)
        facts |= {"name": command.name.strip(), "former_names": former, "effective_on": command.effective_on}
        return [DivisionRenamed.model_validate(facts)]
    if isinstance(command, KeepDivision):
        refuse_if_any(_keeping_reasons(state, command, today))
        return [DivisionKept.model_validate(facts | {"ended_on": None, "successor": ""})]
    if (state.successor, state.ended_on) == (command.successor, command.effective_on):
        return []
    refuse_if_any(_ending_reasons(state, command, inside))
    facts |= {"ended_on": command.effective_on, "successor": command.successor}
    return [
        DivisionEnded.model_validate(facts | {"kind": command.kind, "along": tuple(sorted(command.along))})
    ]


def _facts(state: Division) -> dict[str, object]:
    names = ("code", "name", "level", "parent", "former_names", "ended_on", "successor")
    return {name: getattr(state, name) for name in names}


def _is_renamed(state: Division, command: RenameDivision) -> bool:
    last = state.former_names[-1].until if state.former_names else None
    return (state.name, last) == (command.name.strip(), command.effective_on)


def _renaming_reasons(state: Division, command: RenameDivision) -> Iterator[Reason]:
    yield from changes.ended_reasons(state, "区划")
    yield from changes.name_reasons(state, command.name)
    yield from changes.order_reasons(state, command.effective_on)
    yield from changes.basis_reasons(command.basis)


def _keeping_reasons(state: Division, command: KeepDivision, today: date) -> Iterator[Reason]:
    yield from changes.keeping_reasons(state, today, "区划")
    yield from changes.basis_reasons(command.basis)


def _ending_reasons(state: Division, command: EndDivision, inside: Inside) -> Iterator[Reason]:
    yield from changes.ended_reasons(state, "区划")
    if command.kind not in KINDS:
        yield Reason("change.kind.unknown", "变更方式应为并入（merged）或撤销（abolished）。", "kind")
    yield from changes.successor_reasons(command.code, command.successor, inside.successor, "区划")
    if inside.successor is not None and command.successor != command.code:
        yield from _level_reasons(state, command, inside.successor)
    yield from changes.order_reasons(state, command.effective_on)
    yield from changes.basis_reasons(command.basis)
    yield from _inside_reasons(state, command, inside)


def _level_reasons(state: Division, command: EndDivision, successor: Division) -> Iterator[Reason]:
    same = successor.level == state.level
    above = LEVELS.index(successor.level) < LEVELS.index(state.level)
    if not same and not (above and command.kind == "abolished"):
        rule = "只能并入同级区划" if command.kind == "merged" else "撤销后只能由同级或上级区划承继"
        text = f"“{state.name}”{rule}，“{successor.name}”的级别不符。"
        yield Reason("division.successor.level", text, "successor")


def _inside_reasons(state: Division, command: EndDivision, inside: Inside) -> Iterator[Reason]:
    organs = f"“{state.name}”还有 {{number}} 个机关：{{names}}。请先办理其撤并，或写明随同转入。"
    yield from changes.left_behind(inside.organs, command.along, "division.organs", organs)
    below = f"“{state.name}”还有 {{number}} 个下级区划：{{names}}。请先办理其撤并，或写明随同转入。"
    yield from changes.left_behind(inside.divisions, command.along, "division.divisions", below)
    known = {one.code for one in (*inside.organs, *inside.divisions)}
    if strange := sorted(set(command.along) - known):
        text = f"写明随同转入的 {'、'.join(strange)} 不是“{state.name}”现有的机关或下级区划，请核对。"
        yield Reason("division.along.unknown", text, "along")
