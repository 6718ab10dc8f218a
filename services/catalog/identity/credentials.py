"""Passwords, as argon2id hashes in a table of their own.

Why not in the log: a log is never rewritten and its backups are kept for years. A hash in it could be guessed at for
ever, long after its password was changed; here the old one is gone with the change, and with its owner's account.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.identity.tables import credential


async def write(conn: AsyncConnection, staff_id: str, kept: str, now: datetime, *, must_change: bool) -> None:
    """Put a hash in the place of the one before, if there was one."""
    row = {"hash": kept, "must_change": must_change, "changed_at": now}
    first = insert(credential).values(staff_id=staff_id, **row)
    await conn.execute(first.on_conflict_do_update(index_elements=[credential.c.staff_id], set_=row))


async def refresh(conn: AsyncConnection, staff_id: str, kept: str) -> None:
    """Keep the same password by a hash of today's parameters."""
    await conn.execute(update(credential).where(credential.c.staff_id == staff_id).values(hash=kept))


async def find(conn: AsyncConnection, staff_id: str) -> str | None:
    """Give the hash; none for somebody unknown or disabled."""
    return await conn.scalar(select(credential.c.hash).where(credential.c.staff_id == staff_id))


async def holds_still(conn: AsyncConnection, staff_id: str, kept: str) -> bool:
    """Tell whether this is the hash still, and keep it from being changed until the transaction ends.

    Between the reading of a hash and its use lie the tens of milliseconds of verifying; meanwhile the account may
    have been disabled or its password reset, and both must hold for whatever follows.
    """
    same = select(credential.c.hash).where(credential.c.staff_id == staff_id).with_for_update()
    return await conn.scalar(same) == kept


async def remove(conn: AsyncConnection, staff_id: str) -> None:
    """Delete somebody's hash: no password is theirs any more."""
    await conn.execute(delete(credential).where(credential.c.staff_id == staff_id))
