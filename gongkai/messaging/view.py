"""Views that order, repeats and refills cannot hurt: a row is replaced only by a newer version of its thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection


async def upsert_newer(
    conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], key: str = "id"
) -> None:
    """Insert rows, replacing those whose ``version`` is older; all others stay as they are.

    Args:
        conn: the consumer's transaction.
        table: has a unique column ``key`` and a column ``version``.
        rows: all with the same columns; of one thing several versions may come, in any order.
        key: the column that names the thing.
    """
    newest: dict[object, Mapping[str, Any]] = {}
    for row in rows:
        held = newest.get(row[key])
        if held is None or row["version"] > held["version"]:
            newest[row[key]] = row
    if not newest:
        return
    # One order for all, so that two replicas with overlapping batches cannot wait for each other.
    ordered = [dict(newest[thing]) for thing in sorted(newest, key=str)]
    statement = insert(table)
    changes = {name: statement.excluded[name] for name in ordered[0] if name != key}
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=[key], set_=changes, where=statement.excluded["version"] > table.c.version
        ),
        ordered,
    )
