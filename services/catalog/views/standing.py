"""What divisions and organs are on a day: their names, and what stands in the place of those that ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import FormerName
from gongkai.refusal import Reason
from gongkai.successions import End, Successions, former_on
from services.catalog.domain.changes import Named
from services.catalog.views import tables


@dataclass(frozen=True, slots=True)
class Standing:
    """A legal day, and every end that was decided."""

    day: date
    divisions: Successions
    organs: Successions

    def former(self, row: Row[Any]) -> FormerName | None:
        """The former name that a division or an organ still bears on the day."""
        return former_on(self.day, map(FormerName.model_validate, row.former_names))


async def standing_on(conn: AsyncConnection, day: date) -> Standing:
    """Read what ended or will: a few rows."""
    return Standing(day, await successions(conn, tables.division), await successions(conn, tables.organ))


async def successions(conn: AsyncConnection, table: Table) -> Successions:
    """Read the ends of divisions or of organs."""
    columns = (table.c.code, table.c.successor, table.c.ended_on)
    rows = await conn.execute(select(*columns).where(table.c.ended_on.is_not(None)))
    return Successions({row.code: End(row.successor, row.ended_on) for row in rows})


async def ended_reasons(
    conn: AsyncConnection, code: str, day: date, field: str = "catalogue"
) -> tuple[Reason, ...]:
    """Tell that a division is no longer there on a day, and what stands in its place; nothing of one that is."""
    ends = await successions(conn, tables.division)
    if not ends.ended(code, day):
        return ()
    heir, column = ends.heir(code, day), tables.division.c
    found = await conn.execute(select(column.code, column.name).where(column.code.in_([code, heir])))
    names = {row.code: row.name for row in found}
    text = (
        f"“{names.get(code, code)}”已于 {ends.ends[code].ended_on} 撤并，不再编制目录、认定公开主体；"
        f"由“{names.get(heir, heir)}”（{heir}）承继，请在该区划办理。"
    )
    return (Reason("division.ended", text, field),)


async def organs_inside(conn: AsyncConnection, divisions: Collection[str], day: date) -> list[Named]:
    """List the organs of divisions that are still there on a day."""
    return await _there(conn, tables.organ, tables.organ.c.division.in_(divisions), day)


async def divisions_inside(conn: AsyncConnection, divisions: Collection[str], day: date) -> list[Named]:
    """List what lies directly below divisions and is still there on a day."""
    return await _there(conn, tables.division, tables.division.c.parent.in_(divisions), day)


async def _there(conn: AsyncConnection, table: Table, wanted: Any, day: date) -> list[Named]:  # noqa: ANN401 - a condition
    left = table.c.ended_on.is_(None) | (table.c.ended_on > day)
    rows = await conn.execute(select(table.c.code, table.c.name).where(wanted, left).order_by(table.c.code))
    return [Named(row.code, row.name) for row in rows]
