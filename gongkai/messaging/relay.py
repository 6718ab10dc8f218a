"""The relay: reads a service's log by position and fills one stream with what it says to the others.

The events table is the outbox; the relay keeps no place of its own. Where it is stands in the last message of the
stream, and every batch states the sequence the stream must end with: of two relays only one can succeed, and a
relay that dies between publishing and anything else leaves nothing to repair.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

import structlog
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.eventstore.errors import UnknownEventType
from gongkai.eventstore.store import EventStore
from gongkai.messaging.batch import BatchSender, StaleSender
from gongkai.messaging.control import refill_begun, refill_requested
from gongkai.messaging.faults import is_transient
from gongkai.messaging.metrics import RELAY_LEADS, RELAY_POSITION, RELAYED
from gongkai.messaging.outgoing import Batch, Project, batches
from gongkai.messaging.tip import StreamState, Tip, read_state, read_tip
from gongkai.messaging.waking import Listener, tell

_log = structlog.get_logger()

_CHECK_SECONDS: Final = 3.0
"""How often a leader looks at log and stream although nobody has woken it."""
_CANDIDATE_SECONDS: Final = 1.0
_MOST_WAIT_SECONDS: Final = 10.0
_IN_FLIGHT: Final = 3
"""Batches sent and not yet confirmed. Each expects the one before it, so that none can overtake or survive it."""

_PAGES: Final = 20
"""Pages between two looks at what else is to do."""


class RelayStopped(Exception):
    """The relay cannot go on without a person or another release; the process should end with it."""


@dataclass(slots=True)
class _Course:
    """Where a leading relay is."""

    epoch: str
    stream: StreamState
    """As it is once everything sent is confirmed."""
    after: int
    """Position up to which the log has been read."""


class Relay:
    """Fills one stream from one log, on behalf of whoever leads among the replicas.

    Args:
        engine: the service's database.
        store: reads the log.
        client: a connection of the service's NATS user.
        stream: the one stream it fills.
        project: what an event says.
        page: events read at once.
    """

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        store: EventStore,
        client: Client,
        stream: str,
        project: Project,
        page: int = 500,
    ) -> None:
        self.stream = stream
        self._engine = engine
        self._store = store
        self._client = client
        self._jetstream = client.jetstream(timeout=5)
        self._project = project
        self._page = page
        self._woken = asyncio.Event()
        self._lock = int.from_bytes(blake2b(f"relay:{stream}".encode(), digest_size=8).digest(), signed=True)

    def wake(self) -> None:
        """Say that something was committed, whichever replica leads; unsaid, it is found within three seconds."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead when no other replica does, until ``stop``.

        Raises:
            RelayStopped: the log holds what this release does not know, or the stream what the log does not.
        """
        wait, woken = _CANDIDATE_SECONDS, False
        while not stop.is_set():
            try:
                async with self._leadership(woken=woken) as conn:
                    if conn is not None:
                        await self._lead(conn, stop)
                wait = _CANDIDATE_SECONDS
            except StaleSender:
                _log.warning("relay steps down: somebody else has written to the stream", stream=self.stream)
                wait = _CANDIDATE_SECONDS
            except UnknownEventType as unknown:
                _log.error(
                    "relay stops: it will not skip what it does not know",
                    stream=self.stream,
                    error=str(unknown),
                )
                raise RelayStopped(f"{self.stream}: {unknown}") from unknown
            except Exception as error:
                if not is_transient(error):
                    raise
                wait = min(wait * 2, _MOST_WAIT_SECONDS)
                _log.warning("relay waits", stream=self.stream, error=repr(error), seconds=wait)
            woken = await self._sleep(wait, stop)

    @asynccontextmanager
    async def _leadership(self, *, woken: bool) -> AsyncIterator[AsyncConnection | None]:
        """The connection whose session holds the leader's lock, or ``None``; then the leader is told, if ``woken``.

        The log is read over the same connection: who can read it leads, whatever happened to the network.
        """
        async with self._engine.connect() as opened:
            conn = await opened.execution_options(isolation_level="AUTOCOMMIT")
            asked = await conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._lock})
            if not asked.scalar_one():
                if woken:
                    await tell(conn, self.stream)
                yield None
                return
            RELAY_LEADS.labels(self.stream).set(1)
            try:
                yield conn
            finally:
                RELAY_LEADS.labels(self.stream).set(0)
                # A session that goes back to the pool with the lock would lead for ever: end it.
                with suppress(Exception):
                    await conn.invalidate()

    async def _lead(self, conn: AsyncConnection, stop: asyncio.Event) -> None:
        course = await self._find_course(conn)
        _log.info("relay leads", stream=self.stream, position=course.after, sequence=course.stream.sequence)
        listener = await Listener.open(conn, self.stream, self._woken.set)
        async with BatchSender(self._client) as sender:
            checked = -_CHECK_SECONDS
            while not stop.is_set():
                now = asyncio.get_running_loop().time()
                if now - checked >= _CHECK_SECONDS:
                    course = await self._check(conn, sender, course)
                    checked = now
                if not await self._fill(conn, sender, course):
                    with listener.at_rest():
                        await self._sleep(_CHECK_SECONDS, stop)

    async def _find_course(self, conn: AsyncConnection) -> _Course:
        """Resume after the stream's last message; at the log's beginning if that is of an earlier epoch or gone."""
        epoch, head = await self._store.epoch(conn), await self._store.head(conn)
        tip: Tip = await read_tip(self._jetstream, self.stream)
        if tip.epoch > epoch:
            raise RelayStopped(
                f"{self.stream} was filled from epoch {tip.epoch}, this database is of {epoch}"
            )
        if tip.epoch == epoch and tip.position > head:
            raise RelayStopped(
                f"{self.stream} is at position {tip.position}, the log ends at {head}: "
                "a restored database must begin a new epoch"
            )
        return _Course(epoch, tip.state, tip.position if tip.epoch == epoch else 0)

    async def _check(self, conn: AsyncConnection, sender: BatchSender, course: _Course) -> _Course:
        """Notice what happened meanwhile: a stream emptied or made anew, a refill asked for."""
        found = await read_state(self._jetstream, self.stream)
        if found != course.stream:
            course = await self._find_course(conn)
            _log.info("relay finds the stream changed", stream=self.stream, position=course.after)
        requested = await refill_requested(conn, self.stream)
        if requested is not None:
            _log.info("relay refills on request", stream=self.stream)
            course.after = 0
            # The request stays until the first batch is in the stream: interrupted before, the refill begins again;
            # interrupted later, the stream's last message says how far it came.
            await self._fill(conn, sender, course, pages=1)
            await refill_begun(conn, self.stream, requested)
        return course

    async def _fill(
        self, conn: AsyncConnection, sender: BatchSender, course: _Course, *, pages: int = _PAGES
    ) -> bool:
        """Send up to ``pages`` pages of the log; whether there was anything to read."""
        flying: deque[tuple[Batch, asyncio.Future[int]]] = deque()
        anything = False
        try:
            for _ in range(pages):
                events = await self._store.read(conn, course.after, self._page)
                if not events:
                    break
                anything = True
                for batch in batches(events, course.epoch, self._project):
                    if len(flying) >= _IN_FLIGHT:
                        await self._land(sender, *flying.popleft())
                    end = course.stream.sequence
                    flying.append((batch, await sender.send(batch.messages, expected_last=end)))
                    course.stream = replace(course.stream, sequence=end + len(batch.messages), empty=False)
                course.after = events[-1].position
            while flying:
                await self._land(sender, *flying.popleft())
        finally:
            for _, future in flying:  # heard or not, the stream itself says what of them is in it
                if not future.cancel() and not future.cancelled():
                    future.exception()
        return anything

    async def _land(self, sender: BatchSender, batch: Batch, future: asyncio.Future[int]) -> None:
        await sender.confirm(future)
        RELAY_POSITION.labels(self.stream).set(batch.position)
        RELAYED.labels(self.stream).inc(len(batch.messages))

    async def _sleep(self, seconds: float, stop: asyncio.Event) -> bool:
        """Rest until ``stop``, for so long at most; whether it was woken."""
        waits = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._woken.wait())}
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        woken = self._woken.is_set()
        self._woken.clear()
        return woken
