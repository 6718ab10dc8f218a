"""Because a request was decided, its applicant is told: notify is asked once, and asked again until it has answered.

Two steps, each of which may die at any moment. The log is followed by a checkpoint; a decision found there is claimed
in the reactor's ledger and becomes a row of ``notice`` in the same transaction. A row that waits is asked of notify
under the id of the deciding event: notify sends a key once for ever, so that asking twice tells nobody twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import grpc
import structlog
from sqlalchemy import Row, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.projection import Projection, catch_up
from gongkai.messaging.reactor import Claim, Fact, ReactorLedger
from gongkai.rpc.notify.v1 import notify_pb2
from gongkai.serving.clock import legal_day
from gongkai.serving.errors import is_unavailable
from services.requests.domain.events import Decided
from services.requests.domain.facts import Applicant
from services.requests.domain.numbers import request_stream
from services.requests.handlers import Desk, load
from services.requests.settling import Settled, settle_notices
from services.requests.views import tables
from services.requests.views.law import find_organ

if TYPE_CHECKING:
    from gongkai.rpc.notify.v1.notify_pb2_grpc import NotifyServiceAsyncStub  # in the stubs alone

REACTOR: Final = "requests-notices"
TEMPLATE: Final = "request.decided"
_PAGE: Final = 200
_IDLE_SECONDS: Final = 5.0
"""Between two looks nobody asked for; every command wakes it."""
_FIRST_SECONDS: Final = 1.0
_MOST_SECONDS: Final = 30.0

_log = structlog.get_logger()


class NoticeReactor:
    """Tells applicants, through notify, that their request was decided."""

    def __init__(self, desk: Desk, notify: NotifyServiceAsyncStub) -> None:
        self._desk = desk
        self._notify = notify
        self._ledger = ReactorLedger(REACTOR)
        self._projection = Projection(REACTOR, 1, self._claim)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Take note that the log has grown."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the log and ask notify, until ``stop``; what is away is waited for, ever longer up to 30 s."""
        again = _FIRST_SECONDS
        while not stop.is_set():
            self._woken.clear()
            try:
                await catch_up(self._desk.engine.begin, self._desk.store, self._projection)
                asked_all = await self.ask()
            except Exception as error:  # noqa: BLE001 - a database that is away for a while ends nobody
                _log.warning("notices wait", error=type(error).__name__)
                asked_all = False
            again = _FIRST_SECONDS if asked_all else min(again * 2, _MOST_SECONDS)
            await self._rest(stop, _IDLE_SECONDS if asked_all else again)

    async def ask(self) -> bool:
        """Ask notify for every notice that waits; tell whether all were taken."""
        taken, last = True, None
        while rows := await self._waiting(last):
            for row in rows:
                try:
                    await self._ask(row.key, row.request_id, row.occurred_at)
                except grpc.aio.AioRpcError as error:
                    # whatever it is, it is asked again: notify may be mended, and a key is sent once
                    _log.warning("notify did not take a notice", key=row.key, status=error.code().name)
                    if is_unavailable(error):
                        return False
                    taken = False
            last = rows[-1]
        return taken

    async def _waiting(self, last: Row[Any] | None) -> Sequence[Row[Any]]:
        """A page of notices that wait, behind ``last``: what is refused holds up none that came later."""
        notice = tables.notice.c
        place = tuple_(notice.occurred_at, notice.key)
        waiting = select(tables.notice).where(notice.asked_at.is_(None)).order_by(place).limit(_PAGE)
        if last is not None:
            waiting = waiting.where(place > (last.occurred_at, last.key))
        async with self._desk.engine.connect() as conn:
            return (await conn.execute(waiting)).all()

    async def _ask(self, key: str, request_id: str, occurred_at: datetime) -> None:
        async with self._desk.engine.connect() as conn:
            state = (await load(self._desk, conn, request_id)).state
            # by its name of the day it happened: what is asked again says the same
            organ = await find_organ(conn, state.organ, legal_day(occurred_at))
        if not isinstance(state.applicant, Applicant):  # erased since: nobody can be told any more
            await self._note(key)
            return
        asked = notify_pb2.SendRequest(
            key=key,
            channel=state.notice,
            address=state.applicant.email if state.notice == "email" else state.applicant.phone,
            template=TEMPLATE,
            params={"number": state.number, "organ": organ.name if organ else state.organ},
            occurred_at=occurred_at.isoformat(),
            subject=state.request_id,
        )
        await self._notify.Send(asked)
        await self._note(key)

    async def _note(self, key: str) -> None:
        async with self._desk.engine.begin() as conn:
            asked = update(tables.notice).where(tables.notice.c.key == key)
            await conn.execute(asked.values(asked_at=self._desk.clock()))

    async def _claim(self, conn: AsyncConnection, events: Sequence[StoredEvent]) -> None:
        late: list[StoredEvent] = []
        for stored in events:
            event = stored.data
            if not isinstance(event, Decided) or event.notice == "none":
                continue
            fact = Fact(request_stream(event.request_id), stored.version, stored.recorded_at)
            claim = await self._ledger.claim(conn, fact, self._desk.clock())
            if claim is Claim.DOUBT:
                late.append(stored)
            if claim is not Claim.SKIP:
                row = {
                    "key": str(stored.event_id),
                    "request_id": event.request_id,
                    "occurred_at": stored.recorded_at,
                    "asked_at": self._desk.clock() if claim is Claim.DOUBT else None,
                }
                await conn.execute(insert(tables.notice).values(row).on_conflict_do_nothing())
        # Too old to tell unasked: the clerk sees a delivery in doubt, and tells the applicant or not.
        await settle_notices(self._desk, conn, [Settled(str(one.event_id), 1, "doubt") for one in late])

    async def _rest(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait for news of the log, for ``stop``, or so long."""
        waits = [asyncio.ensure_future(self._woken.wait()), asyncio.ensure_future(stop.wait())]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
