"""The calendar and the rule as stored, and measuring again what a change of them touches."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.requests import ClockEntry
from gongkai.legaltime import Calendar, RuleRow
from gongkai.legaltime.clock import REPLY_RULE
from services.oversight.domain.columns import WEBSITE_RULES
from services.oversight.domain.lag import DISCLOSURE_RULE, Dates, Law, measure
from services.oversight.domain.reply import timed
from services.oversight.views import tables
from services.oversight.views.disclosed import note_measured

MEASURING: Final = (DISCLOSURE_RULE, REPLY_RULE)
"""The rules by which what is held is measured again when they change."""
RULES: Final = (*MEASURING, *WEBSITE_RULES)
"""The rules whose rows are kept."""
_LAW_LOCK: Final = 0x6F76657273696768
_PAGE: Final = 5000
_UPDATE: Final = text(
    "UPDATE record SET lag = new.lag, late = new.late, provisional = new.provisional"
    " FROM unnest(CAST(:ids AS text[]), CAST(:lags AS int[]), CAST(:lates AS bool[]), CAST(:provisionals AS bool[]))"
    " AS new (id, lag, late, provisional) WHERE record.id = new.id"
)


async def hold_law(conn: AsyncConnection) -> Law:
    """Read the law and keep it unchanged until this transaction ends; others may hold it too.

    Records and calendar come from two streams. Without this, a record measured by the old calendar could be
    committed just after the new calendar's transaction had measured every record it saw.
    """
    await conn.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LAW_LOCK})
    return await read_law(conn)


async def change_law(conn: AsyncConnection) -> None:
    """Wait for everybody who holds the law and keep others from reading it until this transaction ends."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LAW_LOCK})


async def measure_again(conn: AsyncConnection, *, since: date | None, until: date | None) -> int:
    """Measure the records whose time touches ``since`` to ``until``; None means without end.

    Call it in the transaction that changed the law. Returns how many records were measured.
    """
    law = await read_law(conn)
    record = tables.record.c
    touched: list[ColumnElement[bool]] = [record.formed_on.is_not(None)]
    if since is not None:
        touched.append(record.published_on >= since)
    if until is not None:
        touched.append(record.formed_on <= until)
    columns = (record.id, record.formed_on, record.published_on, record.defects, record.division)
    pages = select(*columns).where(*touched).order_by(record.id).limit(_PAGE)
    done, last = 0, ""
    while rows := (await conn.execute(pages.where(record.id > last))).all():
        await conn.execute(_UPDATE, _measured(rows, law))
        done, last = done + len(rows), rows[-1].id
    await note_measured(conn)
    return done


async def time_again(conn: AsyncConnection) -> None:
    """Derive the due day of every request anew: there are thousands, not millions.

    Call it in the transaction that changed the law.
    """
    law = await read_law(conn)
    for row in (await conn.execute(select(tables.request.c.id, tables.request.c.clock))).all():
        reply = timed([ClockEntry.model_validate(entry) for entry in row.clock], law)
        changed = {"due_on": reply.due_on, "provisional": reply.provisional, "days_over": reply.over}
        await conn.execute(update(tables.request).where(tables.request.c.id == row.id).values(changed))


def _measured(rows: Any, law: Law) -> dict[str, list[object]]:  # noqa: ANN401 - rows of a query
    lags = [measure(Dates(row.formed_on, row.published_on, row.defects, row.division), law) for row in rows]
    return {
        "ids": [row.id for row in rows],
        "lags": [lag.days if lag else None for lag in lags],
        "lates": [bool(lag and lag.late) for lag in lags],
        "provisionals": [bool(lag and lag.provisional) for lag in lags],
    }


async def read_law(conn: AsyncConnection) -> Law:
    """Read the law as it stands."""
    years = (await conn.execute(select(tables.calendar_year).order_by(tables.calendar_year.c.year))).all()
    days = {date.fromisoformat(day): working for year in years for day, working in year.days.items()}
    calendar = Calendar(days, (year.year for year in years if year.complete))
    rows = await conn.execute(select(tables.rule))
    return Law(
        calendar,
        [RuleRow(r.code, r.value, r.unit, r.effective_from, r.effective_to, r.citation) for r in rows],
    )
