"""What catalog says: organs, the calendar, the rules of law. A row is replaced by a newer version only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import CalendarAnnounced, FormerName, OrganChanged, RuleChanged
from gongkai.legaltime import Calendar
from gongkai.legaltime.clock import RuleRow
from gongkai.messaging.applying import Received
from gongkai.messaging.view import upsert_newer
from gongkai.successions import End, Successions, name_on
from services.requests.views import tables


@dataclass(frozen=True, slots=True)
class Law:
    """What a clock is read by."""

    calendar: Calendar
    rules: Sequence[RuleRow]


@dataclass(frozen=True, slots=True)
class Organ:
    """An organ that can be asked."""

    code: str
    name: str
    """As it is called on the day it was asked for."""
    division: str
    ended_on: date | None = None
    successor: str = ""


async def apply_catalog(conn: AsyncConnection, batch: Sequence[Received]) -> None:
    """Apply what catalog said."""
    told = [received.contract for received in batch]
    organs = [_organ(one) for one in told if isinstance(one, OrganChanged)]
    await upsert_newer(conn, tables.organ, organs, key="code")
    years = [_year(one) for one in told if isinstance(one, CalendarAnnounced)]
    await upsert_newer(conn, tables.calendar_year, years, key="year")
    await upsert_newer(conn, tables.rule, [_rule(one) for one in told if isinstance(one, RuleChanged)])


async def read_law(conn: AsyncConnection) -> Law:
    """Read calendar and rules as they stand."""
    years = (await conn.execute(select(tables.calendar_year).order_by(tables.calendar_year.c.year))).all()
    days = {date.fromisoformat(day): working for year in years for day, working in year.days.items()}
    rows = (await conn.execute(select(tables.rule).order_by(tables.rule.c.id))).all()
    return Law(
        Calendar(days, (year.year for year in years if year.complete)),
        [RuleRow(r.code, r.value, r.unit, r.effective_from, r.effective_to, r.citation) for r in rows],
    )


async def heir_of(conn: AsyncConnection, code: str, day: date) -> Organ | None:
    """Give what stands in the place of an organ that ended by a day; None where it is still there."""
    column = tables.organ.c
    rows = await conn.execute(
        select(column.code, column.successor, column.ended_on).where(column.ended_on.is_not(None))
    )
    ends = Successions({row.code: End(row.successor, row.ended_on) for row in rows})
    if not ends.ended(code, day):
        return None
    heir = ends.heir(code, day)
    return await find_organ(conn, heir, day) or Organ(heir, heir, "")


async def find_organ(conn: AsyncConnection, code: str, day: date) -> Organ | None:
    """Find an organ as catalog told it, by its name of a day."""
    return (await find_organs(conn, [code], day)).get(code)


async def find_organs(conn: AsyncConnection, codes: Sequence[str], day: date) -> dict[str, Organ]:
    """Find organs by code, by their names of a day."""
    found = await conn.execute(select(tables.organ).where(tables.organ.c.code.in_(set(codes))))
    return {
        row.code: Organ(
            row.code,
            name_on(day, row.name, map(FormerName.model_validate, row.former_names)),
            row.division,
            row.ended_on,
            row.successor,
        )
        for row in found
    }


def _organ(told: OrganChanged) -> dict[str, Any]:
    columns = {"code", "version", "name", "division", "ended_on", "successor"}
    former = [one.model_dump(mode="json") for one in told.former_names]
    return told.model_dump(include=columns) | {"former_names": former}


def _year(told: CalendarAnnounced) -> dict[str, Any]:
    days = {moved.day.isoformat(): moved.working for moved in told.days}
    return {"year": told.year, "version": told.version, "complete": told.complete, "days": days}


def _rule(told: RuleChanged) -> dict[str, Any]:
    columns = {"version", "code", "value", "unit", "effective_from", "effective_to", "citation"}
    return {"id": f"{told.code}@{told.effective_from}", **told.model_dump(include=columns)}
