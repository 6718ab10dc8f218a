"""Commands on who is meant by which words: by a person, or by the table where organs or editions changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.errors import AppendBusy, CommandRaced, VersionConflict
from gongkai.eventstore.ledger import fingerprint
from gongkai.eventstore.store import StreamWrite
from gongkai.serving.clock import legal_day
from services.catalog.domain.checks import refuse_if_any
from services.catalog.domain.subjects import NOBODY, assign, subject_stream
from services.catalog.duties.following import following
from services.catalog.handlers import Decision, Office, Order, Outcome, carry_out
from services.catalog.views import subjects, tables, writing
from services.catalog.views.standing import ended_reasons, successions

ACTOR: Final = "system:subjects"
_RETRY_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 60.0

Mark = tuple[str, int, tuple[str, ...]]
"""Catalogue in force, its edition, the organs there are."""

_log = structlog.get_logger()


async def assign_subject(
    office: Office, order: Order, division: str, subject: str, organs: Iterable[str]
) -> Outcome:
    """Say by hand who is meant; the outcome has division, subject, organs and version.

    Raises:
        Refusal: with every reason, or because the command id was used for another command.
    """
    wanted = sorted(set(organs))
    stream = subject_stream(division, subject)

    async def decide(conn: AsyncConnection) -> Decision:
        today = legal_day(office.clock())
        refuse_if_any(iter(await ended_reasons(conn, division, today, "division")))
        held, version = (await subjects.assignments(conn, division)).get(subject, (NOBODY, 0))
        here = (await subjects.organs_of(conn, today, [division])).get(division, [])
        events = assign(held, division, subject, wanted, here)
        outcome = {
            "division": division,
            "subject": subject,
            "organs": wanted,
            "version": version + len(events),
        }
        return Decision([StreamWrite(stream, version, events)] if events else [], outcome)

    mark = fingerprint(
        {"command": "AssignSubject", "division": division, "subject": subject, "organs": wanted}
    )
    return await carry_out(office, order, mark, decide)


async def settle(office: Office, divisions: Iterable[str]) -> int:
    """Bring divisions to what the table says; gives how many phrases changed.

    Raises:
        VersionConflict, CommandRaced, AppendBusy: somebody else was faster; look again.
    """
    changed = 0
    today = legal_day(office.clock())
    for division in divisions:
        async with office.engine.begin() as conn:
            here = (await subjects.organs_of(conn, today, [division])).get(division, [])
            if writes := await following(conn, division, here, today):
                await writing.apply(conn, writes)
                await office.store.append(conn, writes, actor=ACTOR, command_id=f"{ACTOR}:{division}")
                changed += len(writes)
    if changed:
        office.appended()
    return changed


class Settling:
    """Keeps the table followed: at the start, and whenever an edition was published."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._seen: dict[str, Mark] = {}
        """By division: what the last look settled."""
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look soon: something was appended."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look until asked to stop."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                self._woken.clear()
                pause = _LOOK_SECONDS if await self._look() else _RETRY_SECONDS
                woken = asyncio.ensure_future(self._woken.wait())
                await asyncio.wait({woken, stopping}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
        finally:
            stopping.cancel()

    async def look(self) -> int:
        """Settle the divisions where something changed since the last look; gives how many phrases did."""
        async with self._office.engine.connect() as conn:
            editions = await subjects.published_editions(conn)
            today = legal_day(self._office.clock())
            organs = await subjects.organs_of(conn, today)
            known = self._seen.keys() or await subjects.divisions_assigned(conn)
            ended = await successions(conn, tables.division)
        divisions = {*organs, *known}  # one whose last organ has gone too
        now = {
            division: _mark(ended.upwards(division, today), editions, tuple(organs.get(division, ())))
            for division in divisions
        }
        due = [division for division, mark in sorted(now.items()) if self._seen.get(division) != mark]
        changed = await settle(self._office, due)
        self._seen = now
        return changed

    async def _look(self) -> bool:
        try:
            await self.look()
        except (VersionConflict, CommandRaced, AppendBusy, SQLAlchemyError, OSError) as error:
            _log.warning("subjects are settled later", error=repr(error))
            return False
        return True


def _mark(line: tuple[str, ...], editions: dict[str, int], organs: tuple[str, ...]) -> Mark:
    nearest = next((code for code in line if code in editions), "")
    return nearest, editions.get(nearest, 0), organs
