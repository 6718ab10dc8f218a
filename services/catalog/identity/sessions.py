"""Sessions: a secret of 256 random bits in the reader's cookie, its SHA-256 here.

Whoever reads the table can open no session with it. A secret so long needs no slow hash and no salt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.identity.tables import credential, session

IDLE: Final = timedelta(minutes=30)
"""A session that nobody uses ends after this."""
WHOLE: Final = timedelta(hours=10)
"""A session ends after this, however much it is used."""
_NOTED_AFTER: Final = timedelta(minutes=1)
"""Use is written down once in so long: a page costs a question, not a write."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is open."""

    staff_id: str
    ends_at: datetime
    must_change: bool
    """Its owner must choose another password before anything else."""


async def begin(conn: AsyncConnection, staff_id: str, secret: str, now: datetime) -> datetime:
    """Open a session; returns when it ends at the latest. Those that ended are deleted, whosever they were."""
    await conn.execute(delete(session).where(or_(session.c.idle_until <= now, session.c.ends_at <= now)))
    row = {
        "digest": _digest(secret),
        "staff_id": staff_id,
        "opened_at": now,
        "idle_until": now + IDLE,
        "ends_at": now + WHOLE,
    }
    await conn.execute(insert(session).values(row))
    return now + WHOLE


async def use(conn: AsyncConnection, secret: str, now: datetime) -> Session | None:
    """Find an open session and note that it is used; none for one unknown, ended, or of somebody disabled."""
    asked = (
        select(session.c.staff_id, session.c.idle_until, session.c.ends_at, credential.c.must_change)
        .join(credential, credential.c.staff_id == session.c.staff_id)
        .where(session.c.digest == _digest(secret), session.c.idle_until > now, session.c.ends_at > now)
    )
    row = (await conn.execute(asked)).one_or_none()
    if row is None:
        return None
    if row.idle_until < now + IDLE - _NOTED_AFTER:
        used = update(session).where(session.c.digest == _digest(secret))
        await conn.execute(used.values(idle_until=now + IDLE))
    return Session(row.staff_id, row.ends_at, row.must_change)


async def end(conn: AsyncConnection, secret: str) -> None:
    """Delete one session."""
    await conn.execute(delete(session).where(session.c.digest == _digest(secret)))


async def end_all(conn: AsyncConnection, staff_id: str, *, but: str = "") -> None:
    """Delete somebody's sessions, all or all but the one of a secret."""
    theirs = delete(session).where(session.c.staff_id == staff_id)
    await conn.execute(theirs.where(session.c.digest != _digest(but)) if but else theirs)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
