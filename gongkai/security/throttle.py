"""Slowing down whoever guesses: so many attempts a client in a window, counted in the service's own database.

A client is an address, a login, a query code's holder: any text. It is kept as a keyed digest only, so the table tells
nobody who tried. Every method is a short transaction of its own: a refused command is rolled back, its attempt must
still count.

Use ``take`` before the attempt and ``forget`` (or ``give_back``) after a success: it counts and refuses in one
statement, so that a thousand attempts sent at the same moment get no further than ``burst`` of them. ``check`` and
``count`` are its halves, for where only failures are known to count; between the two others may slip through.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

import grpc
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    case,
    delete,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.schema import Operations
from gongkai.refusal import Reason
from gongkai.serving.clock import Clock
from gongkai.serving.errors import CallRefused

_SWEEP_EVERY: Final = timedelta(minutes=1)
_SIXTY_FOUR: Final = (1 << 64) - 1

metadata: Final = MetaData()

throttle = Table(
    "throttle",
    metadata,
    Column("purpose", Text(collation="C"), nullable=False),
    Column("client", LargeBinary, nullable=False, comment="HMAC-SHA256 of purpose and client"),
    Column("used", Integer, nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False, comment="of the window that is being counted"),
    PrimaryKeyConstraint("purpose", "client"),
)
Index("throttle_ended", throttle.c.ends_at)


def create_throttle_table(op: Operations) -> None:
    """For a migration of the service that throttles."""
    metadata.create_all(op.get_bind(), checkfirst=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``burst`` attempts within a window, which begins with the first of them."""

    burst: int
    window: timedelta


class Throttled(CallRefused):
    """The client has used up its attempts; the same call may be made after ``seconds``.

    ``code`` is the reason's, for an edge that gives its own one (``login.throttled``).
    """

    status = grpc.StatusCode.RESOURCE_EXHAUSTED

    def __init__(self, seconds: float, code: str = "throttled") -> None:
        self.seconds = seconds
        text = f"尝试次数过多，为防止猜测已暂停受理，请 {max(1, ceil(seconds / 60))} 分钟后再试。"
        super().__init__(Reason(code, text))


class Throttle:
    """Counts attempts by purpose and client."""

    def __init__(self, engine: AsyncEngine, master: bytes, *, clock: Clock) -> None:
        """Take the service's database, a key of its own (``keys.derive(master, b"throttle")``) and the present."""
        self._engine = engine
        self._key = master
        self._clock = clock
        self._swept_at: datetime | None = None

    async def check(self, purpose: str, client: str, limit: Limit) -> None:
        """Return if the client has an attempt left; nothing is counted.

        Raises:
            Throttled: it has none until its window ends.
        """
        now = self._clock()
        asked = select(throttle.c.used, throttle.c.ends_at).where(*self._row(purpose, client))
        async with self._engine.connect() as conn:
            row = (await conn.execute(asked)).one_or_none()
        if row is not None and row.used >= limit.burst and row.ends_at > now:
            raise Throttled((row.ends_at - now).total_seconds())

    async def count(self, purpose: str, client: str, limit: Limit) -> None:
        """Count one attempt, or one failure; refuses nothing."""
        await self._add(purpose, client, limit, self._clock())

    async def take(self, purpose: str, client: str, limit: Limit) -> None:
        """Count one attempt and return if it was within the limit.

        Raises:
            Throttled: it was beyond; the window is not made longer by it.
        """
        now = self._clock()
        used, ends_at = await self._add(purpose, client, limit, now)
        if used > limit.burst:
            raise Throttled((ends_at - now).total_seconds())

    async def give_back(self, purpose: str, client: str) -> None:
        """Take one attempt off the count: it was no guess."""
        less = update(throttle).where(*self._row(purpose, client), throttle.c.used > 0)
        async with self._engine.begin() as conn:
            await conn.execute(less.values(used=throttle.c.used - 1))

    async def forget(self, purpose: str, client: str) -> None:
        """Let the client begin anew, after a success."""
        async with self._engine.begin() as conn:
            await conn.execute(delete(throttle).where(*self._row(purpose, client)))

    async def _add(self, purpose: str, client: str, limit: Limit, now: datetime) -> tuple[int, datetime]:
        await self._sweep(now)
        first = insert(throttle).values(
            purpose=purpose, client=self._digest(purpose, client), used=1, ends_at=now + limit.window
        )
        ended = throttle.c.ends_at <= now
        again = first.on_conflict_do_update(
            index_elements=list(throttle.primary_key),
            set_={
                "used": case((ended, 1), else_=throttle.c.used + 1),
                "ends_at": case((ended, now + limit.window), else_=throttle.c.ends_at),
            },
        ).returning(throttle.c.used, throttle.c.ends_at)
        async with self._engine.begin() as conn:
            used, ends_at = (await conn.execute(again)).one()
        return used, ends_at

    async def _sweep(self, now: datetime) -> None:
        """Delete windows that ended, once a minute; rows somebody is counting in are left for the next time."""
        if self._swept_at is not None and now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        key = tuple_(throttle.c.purpose, throttle.c.client)
        ended = select(throttle.c.purpose, throttle.c.client).where(throttle.c.ends_at <= now)
        async with self._engine.begin() as conn:
            await conn.execute(delete(throttle).where(key.in_(ended.with_for_update(skip_locked=True))))

    def _row(self, purpose: str, client: str) -> tuple[ColumnElement[bool], ...]:
        return throttle.c.purpose == purpose, throttle.c.client == self._digest(purpose, client)

    def _digest(self, purpose: str, client: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\0{_one_client(client)}".encode(), sha256)


def _one_client(client: str) -> str:
    """The text under which attempts are counted: an IPv6 address by its /64, which one household has whole."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) & ~_SIXTY_FOUR)}/64"
