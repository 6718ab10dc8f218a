"""The daily round: every duty with a cycle is looked at once a legal day, and what comes due is said.

A round begins when what catalog and publishing had said by then is in the views: after a halt, days of publications may
still wait in the streams, and an organ that published in them is not overdue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.store import EventStore, StreamWrite
from gongkai.messaging.faults import is_transient
from gongkai.serving.clock import LEGAL_ZONE, Clock, legal_day
from services.oversight.domain.coverage import State
from services.oversight.domain.telling import DutyFacts, Found, decide, duty_stream, fold
from services.oversight.standings import Stands, standings
from services.oversight.views import coverage
from services.oversight.views.law import read_law

CaughtUp = Callable[[], Awaitable[bool]]
"""Whether what had been said when it was first asked is in the views."""

ACTOR: Final = "system:duties"
BATCH: Final = 500
"""Duties in one transaction."""
_RETRY_SECONDS: Final = 5.0
_LONGEST_WAIT: Final = 900.0
"""However far midnight is: a clock may be set, a machine may sleep."""
_DUE: Final = (State.DUE_SOON, State.OVERDUE)

_log = structlog.get_logger()


class Rounds:
    """Looks at every duty that comes due, once a legal day.

    Args:
        engine: the service's database.
        store: its log.
        clock: tells the legal day.
        caught_up: see `CaughtUp`.
        appended: called after each commit, to wake the relay.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        store: EventStore,
        *,
        clock: Clock,
        caught_up: CaughtUp,
        appended: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._caught_up = caught_up
        self._appended = appended

    async def run(self, stop: asyncio.Event) -> None:
        """Make a round at once and then whenever the legal day has changed, until asked to stop."""
        done: date | None = None
        while not stop.is_set():
            today = legal_day(self._clock())
            if today != done and await self._try(today):
                done = today
            wait = min(_until_tomorrow(self._clock()), _LONGEST_WAIT) if today == done else _RETRY_SECONDS
            try:
                async with asyncio.timeout(wait):
                    await stop.wait()
            except TimeoutError:
                continue

    async def once(self, today: date) -> int:
        """Look at every duty; gives how many events were appended. A second round of a day appends nothing.

        Raises:
            VersionConflict, AppendBusy: another replica makes the same round; what it has not said yet is said next time.
        """
        async with self._engine.connect() as conn:
            law = await read_law(conn)
            organs = await coverage.organs_of(conn, today)
        said = 0
        for _, group in groupby(organs, key=lambda organ: organ.division):
            async with self._engine.connect() as conn:
                found = await standings(conn, list(group), law.calendar, today, only_cycles=True)
            due = [one for one in found if one.found.state in _DUE]
            for batch in _in_batches(due):
                said += await self._say(batch, today)
        return said

    async def _say(self, batch: Sequence[Stands], today: date) -> int:
        async with self._engine.begin() as conn:
            wanted = {duty_stream(one.organ.code, one.row.matter): one for one in batch}
            histories = await self._store.load_many(conn, wanted)
            writes = [
                StreamWrite(stream, len(histories[stream]), events)
                for stream, one in wanted.items()
                if (events := decide(fold(each.data for each in histories[stream]), _found(one, today)))
            ]
            await self._store.append(conn, writes, actor=ACTOR, command_id=f"{ACTOR}:{today.isoformat()}")
        if writes:
            self._appended()
        return len(writes)

    async def _try(self, today: date) -> bool:
        try:
            if not await self._caught_up():
                return False
            said = await self.once(today)
        except Exception as error:
            if not is_transient(error):
                raise
            _log.warning("round is made later", error=repr(error))
            return False
        _log.info("round made", day=today.isoformat(), said=said)
        return True


def _found(one: Stands, today: date) -> Found:
    due, edition = one.found.due, one.organ.edition
    assert due is not None, "what is due has a day"
    assert edition is not None, "a duty comes from an edition"
    facts = DutyFacts(
        organ=one.organ.code,
        organ_name=one.organ.name,
        division=one.organ.division,
        matter=one.row.matter,
        title=one.row.title,
        domain=one.row.domain,
        edition=f"{edition.catalogue}-{edition.number}",
        time_limit=one.duty.time_limit,
        due_on=due.day,
        said_on=today,
        last_published_on=one.duty.last,
    )
    return Found(facts, one.found)


def _in_batches(due: Sequence[Stands]) -> Iterator[Sequence[Stands]]:
    return (due[at : at + BATCH] for at in range(0, len(due), BATCH))


def _until_tomorrow(now: datetime) -> float:
    here = now.astimezone(LEGAL_ZONE)
    tomorrow = datetime.combine(here.date() + timedelta(days=1), time(), LEGAL_ZONE)
    return max((tomorrow - here).total_seconds(), 1.0)
