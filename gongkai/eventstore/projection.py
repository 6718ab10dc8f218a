"""Views kept in the service's own database: a checkpoint row, a page, one commit.

A projection carries a version and owns tables of that version (``records_2``). A changed one is deployed beside
the live one, catches up from position 0, and is switched to; the old stays for a way back until it is forgotten.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.schema import projection as table
from gongkai.eventstore.store import EventStore

Begin = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a transaction that commits when left without an error: ``engine.begin``."""


class ProjectionBehind(Exception):
    """The version to switch to has not yet applied what readers already see."""


@dataclass(frozen=True, slots=True)
class Projection:
    """One version of a view."""

    name: str
    version: int
    apply: Callable[[AsyncConnection, Sequence[StoredEvent]], Awaitable[None]]
    """Writes a page of events into this version's tables; only there, and never outside the database."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


async def advance(
    conn: AsyncConnection, store: EventStore, projection: Projection, *, page: int = 500
) -> int:
    """Apply the next page in the caller's transaction and say how many events it had; 0 at the head.

    The checkpoint row is locked first: of two replicas one applies the page and the other the page behind it.
    View and checkpoint commit together, so no event is applied twice and no inbox is needed.

    Raises:
        UnknownEventType: the projection stops here until a release that knows the type is deployed.
    """
    this = _row(projection.name, projection.version)
    await conn.execute(
        insert(table).values(name=projection.name, version=projection.version).on_conflict_do_nothing()
    )
    after = (await conn.execute(select(table.c.position).where(*this).with_for_update())).scalar_one()
    events = await store.read(conn, after, page)
    if events:
        await projection.apply(conn, events)
        await conn.execute(update(table).where(*this).values(position=events[-1].position))
    return len(events)


async def catch_up(begin: Begin, store: EventStore, projection: Projection, *, page: int = 500) -> int:
    """Apply page after page, each in a transaction of its own, up to the head; says how many events."""
    total = 0
    while True:
        async with begin() as conn:
            applied = await advance(conn, store, projection, page=page)
        if not applied:
            return total
        total += applied


async def live_version(conn: AsyncConnection, name: str) -> int | None:
    """The version readers use; None before the first switch."""
    version: int | None = (
        await conn.execute(select(table.c.version).where(table.c.name == name, table.c.live))
    ).scalar_one_or_none()
    return version


async def switch(conn: AsyncConnection, name: str, version: int) -> None:
    """Make this version the one readers use, in the caller's transaction. Also the way back to an older one.

    Raises:
        ProjectionBehind: it has not applied everything the live version has; catch up and try again.
    """
    rows = (
        await conn.execute(
            select(table).where(table.c.name == name).order_by(table.c.version).with_for_update()
        )
    ).all()
    new = next((row for row in rows if row.version == version), None)
    needed = max((row.position for row in rows if row.live), default=0)
    if new is None or new.position < needed:
        raise ProjectionBehind(
            f"{name}@{version} is at {new.position if new else 0}, readers are at {needed}"
        )
    # Two statements: the unique index that allows one live version is checked row by row.
    await conn.execute(update(table).where(table.c.name == name, table.c.live).values(live=False))
    await conn.execute(update(table).where(*_row(name, version)).values(live=True))


async def forget(conn: AsyncConnection, name: str, version: int) -> None:
    """Remove the checkpoint of a version that is not live, so that it would start from 0 again."""
    await conn.execute(delete(table).where(*_row(name, version), ~table.c.live))


def _row(name: str, version: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (table.c.name == name, table.c.version == version)
