"""Version-guarded views."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from gongkai.messaging.view import upsert_newer

metadata = MetaData()
things = Table(
    "things", metadata, Column("id", Text, primary_key=True), Column("version", Integer, nullable=False),
    Column("day", Date), Column("at", DateTime(timezone=True)), Column("digest", LargeBinary), Column("uid", Uuid),
    Column("words", ARRAY(Text)), Column("body", JSONB), Column("amount", Numeric), Column("Group", Text),
)  # fmt: skip


def thing(id_: str, version: int, **fields: Any) -> dict[str, Any]:
    empty = dict.fromkeys(column.name for column in things.c)
    return {**empty, "id": id_, "version": version, **fields}


async def test_every_kind_of_column_arrives_as_given(engine: Any) -> None:
    """Dates, times, bytes, ids, lists, objects, amounts and Chinese text are stored as they were given."""
    row = thing("一", 1, day=date(2026, 2, 28), at=datetime(2026, 2, 28, 1, 2, 3, 4, tzinfo=UTC), digest=b"\x00\xff\\",
                uid=UUID(int=7), words=["公开", 'a "b", {c}'], body={"z": 1, "a": [None]}, amount=Decimal("1.10"),
                Group="组:名")  # fmt: skip
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
        assert await upsert_newer(conn, things, [row]) == {"一"}
        assert dict((await conn.execute(select(things))).one()._mapping) == row


async def test_says_which_rows_are_new(engine: Any) -> None:
    """Only new and replaced rows are named; equal and older versions change nothing."""
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
        await upsert_newer(conn, things, [thing("a", 2), thing("b", 2), thing("c", 2)])
        changed = await upsert_newer(
            conn, things, [thing("a", 1), thing("b", 2), thing("c", 3), thing("d", 1), thing("c", 1)]
        )
        assert changed == {"c", "d"}
        assert await upsert_newer(conn, things, []) == set()
        versions = {row.id: row.version for row in await conn.execute(select(things.c.id, things.c.version))}
    assert versions == {"a": 2, "b": 2, "c": 3, "d": 1}
