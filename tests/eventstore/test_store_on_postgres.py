"""The store on PostgreSQL: the contract, and what is PostgreSQL's own."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.eventstore.contract_tests import EventStoreContract, Opened, Site, opened
from gongkai.eventstore.store import StreamWrite


class TestPostgresStore(EventStoreContract):
    """Every test of the contract."""


async def tamper(engine: AsyncEngine, sql: str) -> None:
    """Change the log as somebody with the owner's rights would."""
    async with engine.begin() as conn:
        await conn.execute(text("ALTER TABLE event DISABLE TRIGGER event_is_append_only"))
        await conn.execute(text(sql))


@pytest.mark.parametrize("sql", ["UPDATE event SET actor = 'x'", "DELETE FROM event", "TRUNCATE event"])
async def test_the_log_can_only_grow(site: Site, engine: AsyncEngine, sql: str) -> None:
    """PostgreSQL itself refuses to change or remove an event."""
    await site.append(opened("thing:1"))
    with pytest.raises(DBAPIError, match="append-only"):
        async with engine.begin() as conn:
            await conn.execute(text(sql))


@pytest.mark.parametrize(
    "change",
    [
        "payload = replace(payload, '甲', '乙')",
        "actor = 'somebody else'",
        "recorded_at = recorded_at - interval '1 microsecond'",
        "type = 'thing.renamed'",
    ],
)
async def test_an_altered_event_is_found(site: Site, engine: AsyncEngine, change: str) -> None:
    """Verification names the event whose header or payload is not what was written."""
    await site.append(opened("thing:1", 0, "甲", "b"))
    await tamper(engine, f"UPDATE event SET {change} WHERE version = 1")
    async with site.begin() as conn:
        (fault,) = (await site.store().verify(conn)).faults
    assert (fault.kind, fault.stream, fault.version) == ("altered", "thing:1", 1)
    assert str(fault) == f"位置 {fault.position}（thing:1 第 1 版）：内容与其摘要不符"


async def test_a_removed_event_is_found(site: Site, engine: AsyncEngine) -> None:
    """Verification names the event whose predecessor is missing."""
    await site.append(opened("thing:1", 0, "a", "b", "c"))
    await tamper(engine, "DELETE FROM event WHERE version = 2")
    async with site.begin() as conn:
        (fault,) = (await site.store().verify(conn)).faults
    assert (fault.kind, fault.version) == ("gap", 3)


async def test_exactly_the_canonical_bytes_are_stored(site: Site, engine: AsyncEngine) -> None:
    """What is digested is what stands in the column: sorted keys, no spaces, no escapes but those JSON needs."""
    odd = 'a"b\\c\n\x00 𠮷 \u2028 é'
    (stored,) = await site.append(StreamWrite("thing:1", 0, [Opened(title=odd)]))
    async with engine.connect() as conn:
        payload = (await conn.execute(text("SELECT payload FROM event"))).scalar_one()
    assert payload == '{"title":"a\\"b\\\\c\\n\\u0000 𠮷 \u2028 é"}'
    assert stored.data == Opened(title=odd)
    assert await site.all() == [stored]


async def test_the_lock_timeout_ends_with_the_transaction(site: Site, engine: AsyncEngine) -> None:
    """A pooled connection goes back as it came: no setting, no lock."""
    async with engine.connect() as conn:
        async with conn.begin():
            await site.store().append(conn, [opened("thing:1")], actor="a", command_id="c")
        async with conn.begin():
            assert (await conn.execute(text("SHOW lock_timeout"))).scalar_one() == "0"
            held = text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            )
            assert (await conn.execute(held)).scalar_one() == 0
