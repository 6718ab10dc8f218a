"""Views built anew from the logs they come from, compared with the live ones row by row, and mended where they differ.

The new rows grow in a schema of their own while the live views go on. At the end writers of the views wait for one
transaction: what happened meanwhile is applied, rows that differ are replaced, and how many there were is told.
Readers never wait. A rebuild writes view tables and nothing else: it appends nothing, publishes nothing, sends nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gongkai.refusal import Reason
from gongkai.serving.errors import Unavailable

SCHEMA: Final = "rebuild"
_LOCK: Final = 0x72656275696C64
_LOCK_TRIES: Final = 200
_LOCK_MS: Final = 200
"""Shorter than PostgreSQL's own look for rings (1 s), so that it is never a writer that is broken off."""
_PAUSE_SECONDS: Final = 0.05
BUSY: Final = Reason("views.busy", "视图一直有写入，暂时无法切换；在用的视图没有变，请稍后再试")
RUNNING: Final = Reason("views.rebuild-running", "另一次重建正在进行，请等它完成后再试")

Begin = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a transaction in which unqualified names of rebuilt tables mean the new ones."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source has been read."""

    source: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A view whose live rows were not what the logs say."""

    table: str
    missing: int
    """Rows the live view lacked, or held otherwise."""
    surplus: int
    """Rows it held and should not have."""

    def __str__(self) -> str:
        return f"{self.table}：缺少或不同 {self.missing} 行，多出 {self.surplus} 行，已改正"


class Source(Protocol):
    """A log that views are filled from. Remembers how far it has been read."""

    def fill(self, begin: Begin) -> AsyncIterator[Progress]:
        """Apply what is new since the last call, a page a transaction, up to the log's present end."""
        ...


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The views of a service and where they come from."""

    tables: Sequence[str]
    """Every table that derives from the sources, those referred to before those that refer to them."""
    sources: Callable[[], Sequence[Source]]
    """Makes them anew, at the beginning of their logs."""


async def rebuild(engine: AsyncEngine, views: Rebuild) -> AsyncIterator[Progress | Difference]:
    """Build the views anew; yields progress, then every difference found.

    Raises:
        Unavailable: another rebuild is running.
    """
    async with engine.connect() as guard:
        await guard.execution_options(isolation_level="AUTOCOMMIT")
        if not await guard.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
            raise Unavailable(RUNNING)
        try:
            await _prepare(guard, views.tables)
            sources = views.sources()
            for source in sources:
                async for progress in source.fill(_beside(engine)):
                    yield progress
            for difference in await _settle(engine, views.tables, sources):
                yield difference
        finally:
            await guard.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
            await guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


async def _prepare(conn: AsyncConnection, tables: Sequence[str]) -> None:
    await conn.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
    await conn.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    for table in tables:
        await conn.execute(text(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)"))


def _beside(engine: AsyncEngine) -> Begin:
    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncConnection]:
        async with engine.begin() as conn:
            await conn.execute(text(f"SET LOCAL search_path = {SCHEMA}, public"))
            yield conn

    return begin


async def _settle(engine: AsyncEngine, tables: Sequence[str], sources: Sequence[Source]) -> list[Difference]:
    """One transaction: writers wait, the last events are applied, what differs is replaced."""
    async with engine.begin() as conn:
        await _keep_writers_waiting(conn, tables)
        await conn.execute(text(f"SET LOCAL search_path = {SCHEMA}, public"))

        @asynccontextmanager
        async def same() -> AsyncIterator[AsyncConnection]:
            yield conn

        for source in sources:
            async for _ in source.fill(same):
                pass
        surplus = {table: await _delete_surplus(conn, table) for table in reversed(tables)}
        missing = {table: await _insert_missing(conn, table) for table in tables}
    return [
        Difference(table, missing[table], surplus[table])
        for table in tables
        if missing[table] or surplus[table]
    ]


async def _keep_writers_waiting(conn: AsyncConnection, tables: Sequence[str]) -> None:
    """Lock every table, before any row is touched: whoever writes a view then waits and holds no row we need.

    Writers take the tables in orders of their own. So no lock is waited for longer than it takes to notice a ring:
    all are let go and tried again.

    Raises:
        Unavailable: writers never paused long enough.
    """
    together = ", ".join(f"public.{table}" for table in tables)
    for _ in range(_LOCK_TRIES):
        attempt = await conn.begin_nested()
        try:
            await conn.execute(text(f"SET LOCAL lock_timeout = {_LOCK_MS}"))
            await conn.execute(text(f"LOCK TABLE {together} IN SHARE ROW EXCLUSIVE MODE"))
        except OperationalError:
            await attempt.rollback()
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            await attempt.commit()
            return
    raise Unavailable(BUSY)


async def _delete_surplus(conn: AsyncConnection, table: str) -> int:
    same = await _same(conn, table)
    gone = f"DELETE FROM public.{table} AS live WHERE NOT EXISTS (SELECT FROM {SCHEMA}.{table} AS new WHERE {same})"  # noqa: S608 - names of our own tables
    return (await conn.execute(text(gone))).rowcount


async def _insert_missing(conn: AsyncConnection, table: str) -> int:
    same = await _same(conn, table)
    columns = ", ".join(await _columns(conn, table))
    new = f"SELECT {columns} FROM {SCHEMA}.{table} AS new WHERE NOT EXISTS (SELECT FROM public.{table} AS live WHERE {same})"  # noqa: S608
    return (await conn.execute(text(f"INSERT INTO public.{table} ({columns}) {new}"))).rowcount


async def _same(conn: AsyncConnection, table: str) -> str:
    """Rows are the same when every column is; the key stands alone first, so that its index is used."""
    keys = await _keys(conn, table)
    rest = [name for name in await _columns(conn, table) if name not in keys]
    pairs = [f"live.{name} = new.{name}" for name in keys]
    pairs += [f"live.{name} IS NOT DISTINCT FROM new.{name}" for name in rest]
    return " AND ".join(pairs)


async def _columns(conn: AsyncConnection, table: str) -> list[str]:
    """Every column but those the database numbers itself: they only order rows as they came."""
    found = await conn.execute(
        text(
            "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0"
            " AND NOT attisdropped AND attidentity = '' AND attgenerated = '' ORDER BY attnum"
        ),
        {"name": f"public.{table}"},
    )
    return list(found.scalars())


async def _keys(conn: AsyncConnection, table: str) -> list[str]:
    found = await conn.execute(
        text(
            "SELECT quote_ident(a.attname) FROM pg_index i JOIN pg_attribute a"
            " ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indrelid = to_regclass(:name) AND i.indisprimary"
        ),
        {"name": f"public.{table}"},
    )
    return list(found.scalars())
