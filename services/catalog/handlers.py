"""One function a command: look up, load, decide, write view rows, append; all in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import reduce
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.eventstore.errors import CommandRaced, VersionConflict
from gongkai.eventstore.ledger import CommandLedger, Entry, fingerprint
from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.refusal import Reason, Refusal
from gongkai.serving.clock import Clock, legal_day, utc_now
from services.catalog.domain import calendars, organs
from services.catalog.domain.calendars import AnnounceCalendar
from services.catalog.domain.organs import OrganCommand, OrganFacts, RegisterOrgan, Registry
from services.catalog.duties.following import following
from services.catalog.views import reading, subjects, writing

_ATTEMPTS: Final = 4
"""How often a command is decided anew when another one was faster."""

Outcome = dict[str, Any]
"""What was answered, as JSON; the ledger keeps it and gives it again."""


def _nobody() -> None:
    """Tell nobody: the relays look by themselves."""


@dataclass(frozen=True, slots=True)
class Office:
    """What a handler works with."""

    engine: AsyncEngine
    store: EventStore
    ledger: CommandLedger
    appended: Callable[[], None] = _nobody
    """Told after each commit that the log has grown: a hint for the relays."""
    clock: Clock = utc_now
    """Its legal day says which organs are there."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks, and under which id: the same id is done once and answered the same for ever."""

    command_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command leads to."""

    writes: Sequence[StreamWrite]
    outcome: Outcome
    also: Callable[[AsyncConnection], Awaitable[None]] | None = None
    """What else is written in the same transaction, beside the log and the views."""


async def change_organ(office: Office, order: Order, command: OrganCommand) -> Outcome:
    """Register an organ, or add or revoke credentials.

    Returns:
        The organ as it stands after the command (the fields of `OrganFacts`), with ``revoked_keys`` where some
        were.

    Raises:
        Refusal: with every reason, or because the command id was used for another command.
    """
    code = command.code if isinstance(command, RegisterOrgan) else command.organ

    async def decide(conn: AsyncConnection) -> Decision:
        history = await office.store.load(conn, f"organ:{code}")
        state = reduce(organs.evolve, (stored.data for stored in history), None)  # type: ignore[arg-type]  # the stream's own events
        events = organs.decide(state, command, await _registry(conn, command))
        writes = [StreamWrite(f"organ:{code}", len(history), events)]
        if isinstance(command, RegisterOrgan):
            writes += await _now_meant(conn, command, legal_day(office.clock()))
        return Decision(writes, events[-1].model_dump(mode="json"))

    return await carry_out(office, order, fingerprint(_asked(command)), decide)


async def _now_meant(conn: AsyncConnection, command: RegisterOrgan, day: date) -> list[StreamWrite]:
    """The words that mean the new organ from now on."""
    here = (await subjects.organs_of(conn, day, [command.division])).get(command.division, [])
    return await following(conn, command.division, [*here, command.code], day)


async def announce_calendar(office: Office, order: Order, command: AnnounceCalendar) -> Outcome:
    """Take over a year's notice.

    Returns:
        ``year`` and ``version``, the number of announcements of that year so far.

    Raises:
        Refusal: with every reason, or because the command id was used for another command.
    """
    stream = f"calendar:{command.year}"

    async def decide(conn: AsyncConnection) -> Decision:
        history = await office.store.load(conn, stream)
        state = reduce(calendars.evolve, (stored.data for stored in history), None)  # type: ignore[arg-type]  # the stream's own events
        events = calendars.decide(state, command)
        outcome = {"year": command.year, "version": len(history) + len(events)}
        return Decision([StreamWrite(stream, len(history), events)], outcome)

    return await carry_out(office, order, fingerprint(_asked(command)), decide)


def organ_of(outcome: Outcome) -> OrganFacts:
    """Read the organ of an outcome of `change_organ`."""
    return OrganFacts.model_validate(outcome)


async def carry_out(
    office: Office,
    order: Order,
    mark: bytes,
    decide: Callable[[AsyncConnection], Awaitable[Decision]],
) -> Outcome:
    """Do a command once. One that raced with another is decided again on what the other left.

    Args:
        office: where.
        order: who asks, under which id.
        mark: digest of what is asked; the same id with another mark is refused.
        decide: gives the decision, in the transaction that carries it out.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            outcome = await _once(office, order, mark, decide)
        except (CommandRaced, VersionConflict, IntegrityError):
            if attempt == _ATTEMPTS:
                raise
        else:
            office.appended()
            return outcome
    raise AssertionError("the loop returns or raises")


async def _once(
    office: Office, order: Order, mark: bytes, decide: Callable[[AsyncConnection], Awaitable[Decision]]
) -> Outcome:
    async with office.engine.begin() as conn:
        known = (await office.ledger.find(conn, [order.command_id])).get(order.command_id)
        if known is not None:
            return repeat(known, mark)
        decision = await decide(conn)
        await office.ledger.record(conn, [Entry(order.command_id, order.actor, mark, decision.outcome)])
        await writing.apply(conn, decision.writes)
        if decision.also is not None:
            await decision.also(conn)
        await office.store.append(conn, decision.writes, actor=order.actor, command_id=order.command_id)
        return decision.outcome


def repeat(known: Entry, mark: bytes) -> Outcome:
    """Give the first answer again; refuse where the id was used for something else."""
    if known.fingerprint != mark:
        raise Refusal(Reason("command.reused", "该命令编号已用于另一内容，请换一个编号。", "command_id"))
    return known.outcome


def _asked(command: OrganCommand | AnnounceCalendar) -> dict[str, Any]:
    fields = asdict(command)
    if isinstance(command, AnnounceCalendar):
        fields["days"] = [moved.model_dump(mode="json") for moved in command.days]
    return {"command": type(command).__name__, **fields}


async def _registry(conn: AsyncConnection, command: OrganCommand) -> Registry:
    if not isinstance(command, RegisterOrgan):
        return Registry(division_known=True)
    division = await reading.find_division(conn, command.division)
    known = division is not None and division.ended_on is None
    return Registry(known, await reading.uscc_holder(conn, command.uscc))
