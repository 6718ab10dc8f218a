"""The queries the gRPC edge asks; plain SQL, one page at a time by the last code seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalog.views import tables

DEFAULT_PAGE: Final = 100
LARGEST_PAGE: Final = 2000

Found = Row[Any]
"""A row of a view table; its attributes are the table's columns."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted: so many after a key."""

    size: int = DEFAULT_PAGE
    after: str = ""

    @classmethod
    def asked(cls, size: int, token: str) -> Page:
        """Read a request's page: 0 or less means the default, more than the largest means the largest."""
        return cls(min(size, LARGEST_PAGE) if size > 0 else DEFAULT_PAGE, token)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of rows, the token of the next page ("" on the last), and how many there are in all."""

    rows: Sequence[Found]
    next_token: str
    total: int


def code_prefix(division: str) -> str:
    """Give the digits shared by a division (12 digits) and everything below it."""
    for digits, zeros in ((4, "0" * 8), (6, "0" * 6), (9, "0" * 3)):
        if division.endswith(zeros):
            return division[:digits]
    return division


async def list_divisions(conn: AsyncConnection, *, parent: str, level: str, page: Page) -> Listing:
    """List divisions, all or of one parent or level, by code."""
    division = tables.division.c
    wanted = _all(division.parent == parent if parent else None, division.level == level if level else None)
    return await listing(conn, select(tables.division).where(wanted), division.code, page)


async def find_division(conn: AsyncConnection, code: str) -> Found | None:
    """Find one division."""
    return (await conn.execute(select(tables.division).where(tables.division.c.code == code))).one_or_none()


async def ancestors(conn: AsyncConnection, code: str) -> list[Found]:
    """List the divisions above one, from the top down."""
    above: list[Found] = []
    here = await find_division(conn, code)
    while here is not None and here.parent is not None:
        here = await find_division(conn, here.parent)
        if here is not None:
            above.append(here)
    return above[::-1]


async def list_organs(
    conn: AsyncConnection, *, division: str, below: bool, page: Page, also: Sequence[str] = ()
) -> Listing:
    """List organs, all or of one division and others it stands for, with those below them if wanted; by code."""
    column = tables.organ.c.division
    wanted: ColumnElement[bool] | None = None
    if division and below:
        starts = (code_prefix(code) for code in (division, *also))
        wanted = or_(*(column.startswith(digits, autoescape=True) for digits in starts))
    elif division:
        wanted = column.in_((division, *also))
    return await listing(conn, select(tables.organ).where(_all(wanted)), tables.organ.c.code, page)


async def find_organ(conn: AsyncConnection, code: str) -> Found | None:
    """Find one organ."""
    return (await conn.execute(select(tables.organ).where(tables.organ.c.code == code))).one_or_none()


async def uscc_holder(conn: AsyncConnection, uscc: str) -> str | None:
    """Give the code of the organ with a credit code."""
    found = await conn.execute(select(tables.organ.c.code).where(tables.organ.c.uscc == uscc))
    return found.scalar_one_or_none()


async def list_calendar_days(conn: AsyncConnection, year: int) -> Sequence[Found]:
    """List the moved days of a notice's year, or of all years for 0, each with its notice's ``source``."""
    days = select(tables.calendar_day, tables.calendar_year.c.source).join(
        tables.calendar_year, tables.calendar_day.c.year == tables.calendar_year.c.year
    )
    if year:
        days = days.where(tables.calendar_day.c.year == year)
    return (await conn.execute(days.order_by(tables.calendar_day.c.day))).all()


async def announced_until(conn: AsyncConnection) -> date | None:
    """Give the last day of the latest year whose notice is complete."""
    latest = select(func.max(tables.calendar_year.c.year)).where(tables.calendar_year.c.complete)
    year = (await conn.execute(latest)).scalar_one()
    return None if year is None else date(year, 12, 31)


async def listing(conn: AsyncConnection, query: Select[Any], key: ColumnElement[Any], page: Page) -> Listing:
    """Give one page of a query's rows in the order of a key that is unique."""
    total = (await conn.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    rows = (await conn.execute(query.where(key > page.after).order_by(key).limit(page.size + 1))).all()
    shown = rows[: page.size]
    more = len(rows) > page.size
    return Listing(shown, str(getattr(shown[-1], key.key or "")) if more else "", total)


def _all(*conditions: ColumnElement[bool] | None) -> ColumnElement[bool]:
    wanted: ColumnElement[bool] = true()
    for condition in conditions:
        if condition is not None:
            wanted = wanted & condition
    return wanted
