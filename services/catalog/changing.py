"""Divisions and organs that change: one function a command, each done once, in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from functools import reduce
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.ledger import fingerprint
from gongkai.eventstore.store import StreamWrite
from gongkai.serving.clock import legal_day
from services.catalog.domain import division_changes, divisions, organ_changes, organs
from services.catalog.domain.division_changes import DivisionChange, EndDivision, Inside
from services.catalog.domain.divisions import Division
from services.catalog.domain.organ_changes import EndOrgan, OrganChange
from services.catalog.domain.organs import Organ
from services.catalog.handlers import Decision, Office, Order, carry_out
from services.catalog.views import standing, tables

_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('catalog.successions'))")
"""Each change is decided on what the one before it left: two ends at once could make a ring."""


async def change_division(office: Office, order: Order, command: DivisionChange) -> None:
    """Have a division renamed, merged or abolished, or an end of it taken back.

    Raises:
        Refusal: with every reason, or because the command id was used for another command.
    """
    stream = f"division:{command.code}"

    async def decide(conn: AsyncConnection) -> Decision:
        await conn.execute(_ONE_AT_A_TIME)
        state, version = await _division(office, conn, command.code)
        inside = await _inside(office, conn, command) if isinstance(command, EndDivision) else Inside()
        events = division_changes.change(state, command, legal_day(office.clock()), inside)
        return Decision([StreamWrite(stream, version, events)] if events else [], {})

    await carry_out(office, order, _mark(command), decide)


async def change_organ_standing(office: Office, order: Order, command: OrganChange) -> None:
    """Have an organ renamed, have it end, or an end of it taken back.

    Raises:
        Refusal: with every reason, or because the command id was used for another command.
    """
    stream = f"organ:{command.code}"

    async def decide(conn: AsyncConnection) -> Decision:
        await conn.execute(_ONE_AT_A_TIME)
        state, version = await _organ(office, conn, command.code)
        successor = None
        if isinstance(command, EndOrgan):
            successor, _ = await _organ(office, conn, command.successor)
        events = organ_changes.change(state, command, legal_day(office.clock()), successor)
        return Decision([StreamWrite(stream, version, events)] if events else [], {})

    await carry_out(office, order, _mark(command), decide)


async def _inside(office: Office, conn: AsyncConnection, command: EndDivision) -> Inside:
    """What is in the division on the day, what came to it from ended ones among it."""
    day = command.effective_on
    known = await standing.successions(conn, tables.division)
    here = [command.code, *known.followed_by(command.code, day)]
    successor, _ = await _division(office, conn, command.successor)
    below = [one for one in await standing.divisions_inside(conn, here, day) if one.code != command.code]
    return Inside(successor, await standing.organs_inside(conn, here, day), below)


async def _division(office: Office, conn: AsyncConnection, code: str) -> tuple[Division | None, int]:
    history = await office.store.load(conn, f"division:{code}")
    state = reduce(divisions.evolve, (stored.data for stored in history), None)  # type: ignore[arg-type]  # the stream's own events
    return state, len(history)


async def _organ(office: Office, conn: AsyncConnection, code: str) -> tuple[Organ | None, int]:
    history = await office.store.load(conn, f"organ:{code}")
    state = reduce(organs.evolve, (stored.data for stored in history), None)  # type: ignore[arg-type]  # the stream's own events
    return state, len(history)


def _mark(command: DivisionChange | OrganChange) -> bytes:
    asked = asdict(command)
    if (day := asked.get("effective_on")) is not None:
        asked["effective_on"] = day.isoformat()
    return fingerprint({"command": type(command).__name__, **asked})
