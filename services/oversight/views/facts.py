"""Figures of public records, read for holding them beside each other; one query however many places and matters.

A division's figures are those about it and what lies in it, said by its own records, by records of what lies above it, and
by those of divisions that ended and that it stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Date, Numeric, Row, Select, Text, func, or_, select
from sqlalchemy import column as named
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.divisions import stem, upwards
from gongkai.successions import End, Successions
from services.oversight.views import tables

Found = Row[Any]

_record = tables.record.c
_HAS: Final = (_record.facts != [], ~_record.withdrawn)
"""The predicate of the indexes."""
_fact: Final = (
    func.jsonb_to_recordset(_record.facts)
    .table_valued(
        named("division", Text),
        named("period", Text),
        named("amount", Numeric),
        named("people", BigInteger),
        named("households", BigInteger),
        named("on", Date),
        name="fact",
    )
    .render_derived(with_types=True)
)
_COLUMNS: Final = (
    _record.matter,
    _fact.c.division.label("place"),
    _fact.c.period,
    _record.division,
    _record.organ,
    _record.index_number,
    _record.published_on,
    _record.version,
    _fact.c.amount,
    _fact.c.people,
    _fact.c.households,
    _fact.c.on,
)


async def facts_in(
    conn: AsyncConnection, division: str, today: date, ends: Successions, matter: str = ""
) -> Sequence[Found]:
    """Give the figures about a division and what lies in it, of one matter or of all ("").

    Columns: matter, place, period, division (the record's), organ, index_number, published_on, version, amount, people,
    households, on.
    """
    also = ends.predecessors(division, today)
    inside = [stem(one) for one in (division, *also)]
    above = {*ends.upwards(division, today), *(code for one in (division, *also) for code in upwards(one))}
    asked: Select[Any] = (
        select(*_COLUMNS)
        .select_from(tables.record.join(_fact, onclause=_inside(_fact.c.division, inside)))
        .where(*_HAS, or_(_inside(_record.division, inside), _record.division.in_(sorted(above))))
    )
    if matter:
        asked = asked.where(_record.matter == matter)
    found: Sequence[Found] = (await conn.execute(asked)).all()
    return found


async def facts_of(conn: AsyncConnection, index_number: str) -> Sequence[Found]:
    """Give the figures of one record. Columns: as of `facts_in`."""
    asked: Select[Any] = select(*_COLUMNS).select_from(
        tables.record.join(_fact, onclause=_fact.c.division != "")
    )
    found: Sequence[Found] = (
        await conn.execute(asked.where(*_HAS, _record.index_number == index_number))
    ).all()
    return found


async def divisions_in(conn: AsyncConnection, division: str, today: date, ends: Successions) -> Sequence[str]:
    """Give the codes of a division, of what it stands for, and of all below, whether they ended or not."""
    column = tables.division.c
    inside = [stem(one) for one in (division, *ends.predecessors(division, today))]
    found = await conn.execute(select(column.code).where(_inside(column.code, inside)))
    return list(found.scalars())


async def ended_organs(conn: AsyncConnection) -> Successions:
    """Read whose questions go to whom: organs that ended with a successor."""
    column = tables.organ.c
    asked = select(column.code, column.successor, column.ended_on).where(
        column.ended_on.is_not(None), column.successor != ""
    )
    return Successions({row.code: End(row.successor, row.ended_on) for row in await conn.execute(asked)})


async def organs_named(conn: AsyncConnection, codes: Collection[str]) -> Sequence[Found]:
    """Give organs by code. Columns: code, name (the newest), former_names."""
    column = tables.organ.c
    asked: Select[Any] = select(column.code, column.name, column.former_names)
    found: Sequence[Found] = (await conn.execute(asked.where(column.code.in_(sorted(codes))))).all()
    return found


async def matters_named(conn: AsyncConnection, ids: Collection[str]) -> Sequence[Found]:
    """Give matters by "catalogue/matter" that stand or stood there. Columns: id, matter, title, domain."""
    column = tables.matter.c
    asked: Select[Any] = select(column.id, column.matter, column.title, column.domain)
    found: Sequence[Found] = (
        await conn.execute(asked.where(column.id.in_(sorted(ids)), column.title != ""))
    ).all()
    return found


def _inside(code: Column[str] | ColumnElement[str], stems: Sequence[str]) -> ColumnElement[bool]:
    """Ranges that an index is read by; codes compare byte by byte, and ":" is the character after "9"."""
    return or_(*((code >= digits) & (code < f"{digits}:") for digits in stems))
