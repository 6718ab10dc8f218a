"""Sends what is due on one channel: several calls at once, each begun in a committed transaction before it is made.

Where a process is killed, and what stands then:

- before the attempt is committed: the message is queued as before;
- after it, before, during or after the call: the lease runs out; whoever sees it asks the provider, or lists a doubt;
- after the provider's answer, before it is written: the same; the provider, asked, knows;
- after it is written: it is over.

In none of these is the message sent again unasked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Row

from gongkai.messaging.faults import is_transient
from services.notify.adapters.port import Adapter, InDoubt, Outbound, Refused, Verdict
from services.notify.domain.messages import Outcome
from services.notify.office import Office
from services.notify.sending.outcomes import (
    BROKEN_OFF,
    Attempt,
    Pace,
    Result,
    after_ask,
    after_send,
    in_doubt,
)
from services.notify.sending.preparing import Writer
from services.notify.sending.settling import Settler, settle
from services.notify.views import queue

_log = structlog.get_logger()
_LATE: Final = Refused("late", "本机繁忙，未及发出，稍后再发", permanent=False)
_OUT_OF_TIME: Final = "服务商没有在限定时间内答复，不知是否已收下"
_BROKEN: Final = "发送程序出错，不知服务商是否已收下"
_DOWN: Final = frozenset({"connect", "timeout", "closed"})
_MOST_WAIT: Final = 10.0
_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class _InHand:
    attempt: Attempt
    message: Outbound
    asking: bool


class Sender:
    """One channel of this process; other replicas have theirs."""

    def __init__(
        self, office: Office, adapter: Adapter, writer: Writer, settler: Settler, pace: Pace
    ) -> None:
        self.channel = adapter.channel
        self._office = office
        self._adapter = adapter
        self._writer = writer
        self._settler = settler
        self._pace = pace
        self._most = pace.mails if adapter.channel == "email" else pace.concurrency
        self._woken = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self._down = False

    def wake(self) -> None:
        """Say that something may be due."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``; what is being sent then is waited for. Cancelled, it leaves leases that run out."""
        wait = self._pace.idle
        async with asyncio.TaskGroup() as flights:
            while not stop.is_set():
                try:
                    begun = await self._begin(flights)
                    wait = self._pace.idle
                except Exception as error:
                    if not is_transient(error):
                        raise
                    _log.warning("sender waits", channel=self.channel, error=repr(error))
                    begun, wait = 0, min(wait * 2, _MOST_WAIT)
                if self._down:
                    self._down = False
                    await self._pause(_PAUSE, stop)
                elif begun:
                    await self._room(stop)
                else:
                    await self._pause(wait, stop)

    async def _begin(self, flights: asyncio.TaskGroup) -> int:
        """Take what is due, commit that it is being sent, and let it fly."""
        free = self._most - len(self._flying)
        self._woken.clear()
        in_hand = await self._pick(free) if free > 0 else []
        for one in in_hand:
            flight = flights.create_task(self._fly(one))
            self._flying.add(flight)
            flight.add_done_callback(self._flying.discard)
        return len(in_hand)

    async def _pick(self, limit: int) -> list[_InHand]:
        office, pace, now = self._office, self._pace, self._office.clock()
        holder = office.ids()
        async with office.engine.begin() as conn:
            rows = await queue.pick(conn, self.channel, now, limit)
            lost = [row for row in rows if row.state == "sending"]
            written = await self._writer.write(conn, [row for row in rows if row.state != "sending"], now)
            ready = [(row, made) for row, made in written if isinstance(made, Outbound)]
            to_send = [row.key for row, _ in ready if row.state == "queued"]
            to_ask = [row.key for row, _ in ready if row.state != "queued"]
            until = now + timedelta(seconds=pace.lease)
            if to_send:
                await queue.hold(conn, to_send, holder, now, until)
            if to_ask:
                await queue.begin_asking(conn, to_ask, holder, until)
            results = [self._lost(row, now) for row in lost]
            results += [_hindered(row, made) for row, made in written if isinstance(made, Outcome)]
            if results:
                await settle(office, conn, results, now)
        if results:
            office.committed()
        return [_in_hand(row, made, holder, now) for row, made in ready]

    def _lost(self, row: Row[Any], now: datetime) -> Result:
        """A lease that ran out: the process that held it was killed, or hangs."""
        _log.warning("a send was broken off", key=row.key, channel=self.channel)
        attempt = Attempt(row.key, None, row.sent_at, row.attempts, 0)
        return in_doubt(attempt, BROKEN_OFF, now, self._pace, can_ask=self._adapter.can_ask)

    async def _fly(self, one: _InHand) -> None:
        result = await (self._ask(one) if one.asking else self._send(one))
        await self._settler.settle(result)

    async def _send(self, one: _InHand) -> Result:
        attempt, pace = one.attempt, self._pace
        begins = self._office.clock()
        if begins - attempt.sent_at > timedelta(seconds=pace.lease - pace.send_limit):
            # So late that the lease might end during the call: another process would take it for lost.
            verdict: Verdict = _LATE
        else:
            verdict = await self._call(one.message)
        self._down = isinstance(verdict, Refused) and verdict.code in _DOWN
        return after_send(attempt, verdict, self._office.clock(), pace, can_ask=self._adapter.can_ask)

    async def _call(self, message: Outbound) -> Verdict:
        try:
            async with asyncio.timeout(self._pace.send_limit):
                return await self._adapter.send(message)
        except TimeoutError:
            return InDoubt(_OUT_OF_TIME)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows what had left before
            _log.error("adapter failed", channel=self.channel, key=message.key, error=type(error).__name__)
            return InDoubt(_BROKEN)

    async def _ask(self, one: _InHand) -> Result:
        answer: Verdict | None
        try:
            async with asyncio.timeout(self._pace.send_limit):
                answer = await self._adapter.ask(one.message, one.attempt.sent_at)
        except Exception as error:  # noqa: BLE001 - a question that failed has taught nothing
            _log.warning(
                "question failed", channel=self.channel, key=one.message.key, error=type(error).__name__
            )
            answer = InDoubt(BROKEN_OFF)
        return after_ask(one.attempt, answer, self._office.clock(), self._pace)

    async def _room(self, stop: asyncio.Event) -> None:
        """Wait until most of the calls are over: what is due is then taken in groups, a few commits for many."""
        while len(self._flying) > self._most // 4 and not stop.is_set():
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)

    async def _pause(self, seconds: float, stop: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._woken.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


async def list_restored(office: Office) -> int:
    """List what a restored backup brought back to the queue: what was sent since is not known here.

    Returns:
        How many messages became doubts.
    """
    total = 0
    while True:
        async with office.engine.begin() as conn:
            keys = await queue.of_earlier_epochs(conn, limit=200)
            why = "数据库从备份恢复，此消息在备份之后是否已经发出无法得知，请核实后处置"
            await settle(
                office, conn, [Result(key, None, Outcome("doubt", why=why)) for key in keys], office.clock()
            )
        total += len(keys)
        if not keys:
            return total


def _hindered(row: Row[Any], made: Outcome) -> Result:
    # A doubt whose address is gone cannot be asked about any more, and stays a doubt.
    if row.state == "queued":
        return Result(row.key, None, made)
    listed = row.known == "doubt"
    return Result(row.key, None, None if listed else Outcome("doubt", why=f"{BROKEN_OFF}。{made.why}"))


def _in_hand(row: Row[Any], message: Outbound, holder: UUID, now: datetime) -> _InHand:
    asking = row.state != "queued"
    attempt = Attempt(
        key=row.key,
        holder=holder,
        sent_at=row.sent_at if asking else now,
        attempts=row.attempts if asking else row.attempts + 1,
        asked=row.asked + 1 if asking else 0,
        listed=row.known == "doubt",
    )
    return _InHand(attempt, message, asking)


async def run_senders(senders: Sequence[Sender], settler: Settler, stop: asyncio.Event) -> None:
    """Run all channels, and what writes their results until the last of them is written."""
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(settler.run())
        await asyncio.gather(*(sender.run(stop) for sender in senders))
        writing.cancel()
