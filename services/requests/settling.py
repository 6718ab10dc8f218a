"""What became of a notice, into the log of its request: once a version, newer ones only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.store import Append, StreamWrite
from services.requests.domain.events import NoticeSettled
from services.requests.domain.facts import Delivery
from services.requests.domain.numbers import request_stream
from services.requests.handlers import Desk
from services.requests.views import tables
from services.requests.views.writing import Pending, apply_events

ACTOR: Final = "service:notify"


@dataclass(frozen=True, slots=True)
class Settled:
    """What notify says of one message."""

    key: str
    version: int
    state: Delivery


async def settle_notices(desk: Desk, conn: AsyncConnection, settled: Sequence[Settled]) -> None:
    """Record what is news, in the caller's transaction. A refill, an older version or another's key changes nothing.

    Raises:
        VersionConflict: somebody else appended to the request meanwhile; the batch comes again.
    """
    batch: list[Append] = []
    versions: dict[str, int] = {}
    for one in sorted(settled, key=lambda each: each.version):
        request_id = await _news(conn, one)
        if request_id is None:
            continue
        stream = request_stream(request_id)
        if stream not in versions:
            versions[stream] = (await desk.store.load(conn, stream))[-1].version
        event = NoticeSettled(request_id=request_id, state=one.state)
        write = StreamWrite(stream, versions[stream], [event])
        versions[stream] += 1
        await apply_events(conn, [Pending(versions[stream], event)])
        batch.append(Append([write], ACTOR, f"notice:{one.key}:{one.version}"))
    await desk.store.append_batch(conn, batch)  # last: it takes the append lock


async def _news(conn: AsyncConnection, one: Settled) -> str | None:
    notice = tables.notice.c
    known = select(notice.request_id).where(notice.key == one.key, notice.settled_version < one.version)
    request_id = (await conn.execute(known.with_for_update())).scalar_one_or_none()
    if request_id is not None:
        await conn.execute(
            update(tables.notice).where(notice.key == one.key).values(settled_version=one.version)
        )
    return request_id
