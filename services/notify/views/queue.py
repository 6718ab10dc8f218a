"""The queue: what is still to be done about each message, for senders on any replica."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_PUT: Final = text(
    "INSERT INTO dispatch (key, number, channel, state, due_at, attempts, urgent, epoch)"
    " SELECT key, number, channel, 'queued', due_at, coalesce(attempts, 0), urgent, epoch"
    " FROM json_to_recordset(CAST(:rows AS json)) AS given"
    " (key text, number bigint, channel text, due_at timestamptz, attempts int, urgent boolean), store_identity"
)
# The rows are held from here to the commit; other senders pass them by. The index gives them in this order, so that the
# queue's length does not matter; the messages are looked up for these few alone.
_PICK: Final = text(
    "WITH due AS MATERIALIZED (SELECT key, state, sent_at, attempts, asked, urgent, due_at, number FROM dispatch"
    " WHERE channel = :channel AND due_at <= :now"
    " ORDER BY urgent DESC, due_at, number LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " SELECT d.key, d.state, d.sent_at, d.attempts, d.asked, m.template, m.subscription_id, m.queued_at,"
    " m.state AS known FROM due d JOIN message m USING (key) ORDER BY d.urgent DESC, d.due_at, d.number"
)
_HOLD: Final = text(
    "UPDATE dispatch SET state = 'sending', holder = :holder, sent_at = :now, due_at = :until,"
    " attempts = attempts + 1, asked = 0 WHERE key = ANY(:keys)"
)
_ASK: Final = text(
    "UPDATE dispatch SET due_at = :until, holder = :holder, asked = asked + 1 WHERE key = ANY(:keys)"
)
_HELD: Final = text(
    "SELECT key, holder, attempts FROM dispatch WHERE key = ANY(:keys) ORDER BY key FOR UPDATE"
)
_LATER: Final = text(
    "UPDATE dispatch AS held SET state = given.state, due_at = given.due_at, holder = NULL, why = given.why"
    " FROM json_to_recordset(CAST(:rows AS json)) AS given (key text, state text, due_at timestamptz, why text)"
    " WHERE held.key = given.key"
)
_REMOVE: Final = text("DELETE FROM dispatch WHERE key = ANY(:keys)")
_NUMBERS: Final = text("SELECT nextval('message_number') FROM generate_series(1, :count)")
_OF_EARLIER_EPOCH: Final = text(
    "SELECT d.key FROM dispatch d JOIN message USING (key), store_identity s WHERE d.epoch <> s.epoch ORDER BY d.key"
    " LIMIT :limit FOR UPDATE OF d SKIP LOCKED"
)


async def draw_numbers(conn: AsyncConnection, count: int) -> list[int]:
    """Numbers nobody had; a rolled back transaction leaves a gap."""
    return sorted((await conn.execute(_NUMBERS, {"count": count})).scalars()) if count else []


async def put(conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Queue messages: ``key``, ``number``, ``channel``, ``due_at``, ``urgent``; ``attempts`` of one tried before."""
    if rows:
        await conn.execute(_PUT, {"rows": orjson.dumps(list(rows)).decode()})


async def pick(conn: AsyncConnection, channel: str, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Rows that are due, what is urgent first, held until the commit."""
    return (await conn.execute(_PICK, {"channel": channel, "now": now, "limit": limit})).all()


async def hold(
    conn: AsyncConnection, keys: Sequence[str], holder: UUID, now: datetime, until: datetime
) -> None:
    """Begin an attempt to send; the lease ends at ``until``."""
    await conn.execute(_HOLD, {"keys": list(keys), "holder": holder, "now": now, "until": until})


async def begin_asking(conn: AsyncConnection, keys: Sequence[str], holder: UUID, until: datetime) -> None:
    """Begin to ask; whoever is killed meanwhile is followed by another at ``until``."""
    await conn.execute(_ASK, {"keys": list(keys), "holder": holder, "until": until})


async def lock(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Hold these rows until the commit, in one order for all; ``holder`` and ``attempts`` of those there are.

    Whoever changes a message locks its row here first and in ``message`` then, never the other way round.
    """
    return {row.key: row for row in await conn.execute(_HELD, {"keys": list(keys)})}


async def later(conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Give locked rows back (``key``, ``state``, ``due_at``, ``why``), to be looked at again when they are due."""
    if rows:
        await conn.execute(_LATER, {"rows": orjson.dumps(list(rows)).decode()})


async def remove(conn: AsyncConnection, keys: Sequence[str]) -> None:
    """Nothing more is to be done about these."""
    if keys:
        await conn.execute(_REMOVE, {"keys": list(keys)})


async def of_earlier_epochs(conn: AsyncConnection, limit: int) -> list[str]:
    """Rows that a restored backup brought back: whether they were sent since, this database cannot know."""
    return list((await conn.execute(_OF_EARLIER_EPOCH, {"limit": limit})).scalars())
