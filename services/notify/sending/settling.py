"""Writes what became of messages, many in one commit.

Every writer locks the queue's row first and the message's row then, and decides on what it finds there. So a process
that comes back late with an answer adds what it knows, and takes nothing back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.store import Append, StreamWrite
from gongkai.messaging.faults import is_transient
from services.notify.domain.messages import DoubtResolved, MessageSettled, Outcome, takes
from services.notify.metrics import SETTLED
from services.notify.office import ACTOR, Office
from services.notify.sending.outcomes import Result
from services.notify.views import queue, reading

_log = structlog.get_logger()
_MOST: Final = 200
_FIRST_WAIT: Final = 0.1
_MOST_WAIT: Final = 5.0
PROOF_REASON: Final = "服务商查询证明该消息从未送达，自动重新发送"


class Settler:
    """Takes results from all senders of the process and writes them in groups."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._waiting: asyncio.Queue[tuple[Result, asyncio.Future[None]]] = asyncio.Queue()

    async def settle(self, result: Result) -> None:
        """Have a result written; it is committed when this returns."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((result, written))
        await written

    async def run(self) -> None:
        """Write what comes, for ever. What is known is not given up because the database is away."""
        left: list[tuple[Result, asyncio.Future[None]]] = []
        while True:
            taken = left or [await self._waiting.get()]
            while len(taken) < _MOST and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            # Of one message one result at a time: the second is decided on what the first has left.
            group = {one[0].key: one for one in reversed(taken)}
            left = [one for one in taken if one is not group[one[0].key]]
            await self._write([result for result, _ in group.values()])
            for _, written in group.values():
                if not written.done():
                    written.set_result(None)

    async def _write(self, results: Sequence[Result]) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                async with self._office.engine.begin() as conn:
                    await settle(self._office, conn, results, self._office.clock())
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("results wait for the database", results=len(results), error=repr(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, _MOST_WAIT)
            else:
                self._office.committed()
                return


async def settle(office: Office, conn: AsyncConnection, results: Sequence[Result], now: datetime) -> None:
    """Write results in the caller's transaction, as its last thing."""
    keys = [result.key for result in results]
    held = await queue.lock(conn, keys)
    known = await reading.lock_messages(conn, keys)
    appends: list[Append] = []
    over: list[str] = []
    later: list[dict[str, Any]] = []
    for result in results:
        message, row = known[result.key], held.get(result.key)
        ours = row is not None and (result.holder is None or row.holder == result.holder)
        SETTLED.labels(message.channel, result.outcome.state if result.outcome else "later").inc()
        write = _write_of(message, result, row, now, ours=ours)
        if write is not None:
            appends.append(Append([write], ACTOR, f"settle:{result.key}:{message.version + 1}"))
        if not ours and write is None:
            continue  # another process has taken over, and knows as much
        if result.later is not None and ours:
            then = result.later
            later.append({"key": result.key, "state": then.state, "due_at": then.due_at, "why": then.why})
        else:
            over.append(result.key)
    await queue.remove(conn, over)
    await queue.later(conn, later)
    if appends:
        await office.record(conn, appends)


def _write_of(
    message: Row[Any], result: Result, row: Row[Any] | None, now: datetime, *, ours: bool
) -> StreamWrite | None:
    stream = f"message:{message.key}"
    named = {"key": message.key, "sender": message.sender, "channel": message.channel, "at": now}
    if result.never_arrived and message.state == "doubt" and ours:
        event = DoubtResolved.model_validate(named | {"decision": "send_again", "reason": PROOF_REASON})
        return StreamWrite(stream, message.version, [event])
    outcome = result.outcome
    if outcome is None or not _takes(message, outcome, ours=ours):
        return None
    attempts = row.attempts if row is not None else message.attempts
    settled = named | {
        "state": outcome.state,
        "provider_id": outcome.provider_id,
        "why": outcome.why,
        "attempts": attempts,
    }
    return StreamWrite(stream, message.version, [MessageSettled.model_validate(settled)])


def _takes(message: Row[Any], outcome: Outcome, *, ours: bool) -> bool:
    """Whether an outcome is news; of a process that lost its lease only what makes something certain is.

    A refusal it brings says nothing of an attempt that somebody else has begun since.
    """
    late = outcome.state == "sent" or (outcome.state == "failed" and message.state == "doubt")
    return takes(message.state, outcome) and (ours or late)
