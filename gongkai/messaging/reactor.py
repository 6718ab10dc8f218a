"""What happens because something happened: once, or listed for a person, never twice.

A reactor keeps, per thing and for ever, the last version it acted upon, in the transaction that records the act.
So repeats and refills act on nothing; and what comes later than its window is a doubt, not a surprise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Literal

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.messaging.schema import doubt, reactor_ledger

WINDOW: Final = timedelta(days=3)
"""How old a fact may be and still be acted upon."""


class Claim(Enum):
    """What a reactor may do about a fact."""

    ACT = "act"
    """It is new: act, in this transaction."""
    SKIP = "skip"
    """Acted upon before, or a newer version was."""
    DOUBT = "doubt"
    """Too old to act upon unasked; it stands in the list of doubts."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A version of a thing."""

    thing: str
    version: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Doubt:
    """A fact nobody has acted upon, waiting for a person."""

    number: int
    reactor: str
    thing: str
    version: int
    occurred_at: datetime
    listed_at: datetime


class NoSuchDoubt(Exception):
    """No open doubt has this number."""


class ReactorLedger:
    """The memory of one reactor.

    Args:
        reactor: its name, for ever.
        window: see ``WINDOW``.
    """

    def __init__(self, reactor: str, window: timedelta = WINDOW) -> None:
        self.reactor = reactor
        self.window = window

    async def claim(self, conn: AsyncConnection, fact: Fact, now: datetime) -> Claim:
        """Decide about a fact, and remember it in the caller's transaction; replicas wait for each other."""
        row = {"reactor": self.reactor, "thing": fact.thing, "version": fact.version, "decided_at": now}
        statement = insert(reactor_ledger).values(row)
        newer = statement.on_conflict_do_update(
            index_elements=["reactor", "thing"],
            set_={"version": statement.excluded.version, "decided_at": now},
            where=statement.excluded.version > reactor_ledger.c.version,
        ).returning(reactor_ledger.c.version)
        if (await conn.execute(newer)).first() is None:
            return Claim.SKIP
        if now - fact.occurred_at <= self.window:
            return Claim.ACT
        listed = {"reactor": self.reactor, "thing": fact.thing, "version": fact.version,
                  "occurred_at": fact.occurred_at, "listed_at": now}  # fmt: skip
        await conn.execute(insert(doubt).values(listed).on_conflict_do_nothing(constraint="doubt_once"))
        return Claim.DOUBT


async def open_doubts(conn: AsyncConnection, *, after: int = 0, limit: int = 100) -> Sequence[Doubt]:
    """Doubts nobody has settled, oldest first."""
    wanted = select(doubt).where(doubt.c.settled_at.is_(None), doubt.c.number > after)
    return [_doubt(row) for row in await conn.execute(wanted.order_by(doubt.c.number).limit(limit))]


async def settle_doubt(
    conn: AsyncConnection, number: int, decision: Literal["act", "skip"], *, by: str, at: datetime
) -> Doubt:
    """A person decides; for ``act`` the caller acts in the same transaction.

    Raises:
        NoSuchDoubt: it is settled, or was never listed.
    """
    settled = (
        update(doubt)
        .where(doubt.c.number == number, doubt.c.settled_at.is_(None))
        .values(settled_at=at, settled_by=by, decision=decision)
        .returning(doubt)
    )
    row = (await conn.execute(settled)).one_or_none()
    if row is None:
        raise NoSuchDoubt(str(number))
    return _doubt(row)


def _doubt(row: Row[Any]) -> Doubt:
    return Doubt(row.number, row.reactor, row.thing, row.version, row.occurred_at, row.listed_at)
