"""Many rows into a view with one statement: they travel as one JSON parameter, whose text nobody renders again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import JSON, Table, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection


async def upsert(conn: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those with the same key; of columns that JSON can hold."""
    if rows:
        await conn.execute(_statement(table), {"rows": orjson.dumps(rows).decode()})


@cache
def _statement(table: Table) -> Insert:
    given = (
        func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
        .table_valued(*(column(each.name, each.type) for each in table.c), name="given")
        .render_derived(with_types=True)
    )
    names = [each.name for each in table.c]
    filled = insert(table).from_select(names, select(*(given.c[name] for name in names)))
    rest = {each.name: filled.excluded[each.name] for each in table.c if not each.primary_key}
    return filled.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)
