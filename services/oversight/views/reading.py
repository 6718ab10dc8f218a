"""The board's queries. Withdrawn records are counted and otherwise shown nowhere: one predicate for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.oversight.domain.buckets import Bucket
from services.oversight.domain.lag import Law
from services.oversight.views import tables
from services.oversight.views.law import read_law

DEFAULT_PAGE: Final = 20
LARGEST_PAGE: Final = 200

Found = Row[Any]
"""A row of a query; its attributes are named in the function that makes it."""

_record = tables.record.c
_SHOWN: Final[ColumnElement[bool]] = ~_record.withdrawn
_TIMED: Final[ColumnElement[bool]] = _SHOWN & _record.lag.is_not(None)

_request = tables.request.c
_OPEN: Final[ColumnElement[bool]] = _request.decided_on.is_(None)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, counted from 1."""

    number: int = 1
    size: int = DEFAULT_PAGE

    @classmethod
    def asked(cls, number: int, size: int) -> Page:
        """Read a request's page: what is not positive means the first page or the default size."""
        return cls(max(number, 1), min(size, LARGEST_PAGE) if size > 0 else DEFAULT_PAGE)

    @property
    def offset(self) -> int:
        """How many rows come before the page."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of rows and how many there are in all."""

    rows: Sequence[Found]
    total: int


async def organ_rows(conn: AsyncConnection, division: str, also: Sequence[str] = ()) -> Sequence[Found]:
    """Give each organ of a division and below ("" for all) with its numbers; the latest first.

    ``also``, here and below: ended divisions that it stands for.

    Columns: code, name (the newest), former_names, division, published, withdrawn, timed, late, defects, median_lag (None without timed).
    """
    organ = tables.organ.c
    counted = (
        select(
            organ.code,
            organ.name,
            organ.former_names,
            organ.division,
            func.count(_record.id).filter(_SHOWN).label("published"),
            func.count(_record.id).filter(_record.withdrawn).label("withdrawn"),
            func.count(_record.id).filter(_TIMED).label("timed"),
            func.count(_record.id).filter(_TIMED & _record.late).label("late"),
            func.coalesce(func.sum(func.cardinality(_record.defects)).filter(_SHOWN), 0).label("defects"),
            func.percentile_cont(0.5).within_group(_record.lag).filter(_TIMED).label("median_lag"),
        )
        .select_from(tables.organ.outerjoin(tables.record, _record.organ == organ.code))
        .where(_below(division, also))
        .group_by(organ.code, organ.name, organ.former_names, organ.division)
        .order_by(organ.code)
    )
    return (await conn.execute(counted)).all()


async def count_lags(
    conn: AsyncConnection, division: str, steps: Sequence[Bucket], also: Sequence[str] = ()
) -> Sequence[int]:
    """Count the timed records of a division and below in each step."""
    inside = [
        _record.lag >= step.first if step.last is None else _record.lag.between(step.first, step.last)
        for step in steps
    ]
    counts = [func.count(case((condition, 1))) for condition in inside]
    joined = tables.record.join(tables.organ, tables.organ.c.code == _record.organ)
    found = await conn.execute(select(*counts).select_from(joined).where(_TIMED, _below(division, also)))
    return list(found.one())


async def organ_requests(
    conn: AsyncConnection, division: str, today: date, also: Sequence[str] = ()
) -> Mapping[str, Found]:
    """Give each organ of a division and below that has requests its counts, by organ code.

    Columns: organ, requests, open, on_time, late, overdue.
    """
    counted = (
        select(
            _request.organ,
            func.count().label("requests"),
            func.count().filter(_OPEN).label("open"),
            func.count().filter(_request.days_over == 0).label("on_time"),
            func.count().filter(_request.days_over > 0).label("late"),
            func.count().filter(_overdue(today)).label("overdue"),
        )
        .select_from(tables.request.join(tables.organ, tables.organ.c.code == _request.organ))
        .where(_below(division, also))
        .group_by(_request.organ)
    )
    return {row.organ: row for row in await conn.execute(counted)}


async def list_late_requests(conn: AsyncConnection, organ: str, today: date, page: Page) -> Listing:
    """List the overdue requests of one organ, or of all for "", then those answered late; the oldest due first."""
    wanted = and_(or_(_overdue(today), _request.days_over > 0), _request.organ == organ if organ else true())
    rows = select(tables.request).where(wanted).order_by(~_OPEN, _request.due_on, _request.number)
    total = (await conn.execute(select(func.count()).select_from(tables.request).where(wanted))).scalar_one()
    shown = (await conn.execute(rows.limit(page.size).offset(page.offset))).all()
    return Listing(shown, total)


async def list_late(conn: AsyncConnection, organ: str, page: Page) -> Listing:
    """List the late records of one organ, or of all for "", the latest first."""
    wanted = and_(_TIMED, _record.late, _of(organ))
    rows = select(tables.record).where(wanted).order_by(_record.lag.desc(), _record.index_number)
    return await _listing(conn, wanted, rows, page)


async def list_defects(conn: AsyncConnection, organ: str, page: Page) -> Listing:
    """List the records of one organ, or of all for "", that lack something, by index number."""
    wanted = and_(_SHOWN, func.cardinality(_record.defects) > 0, _of(organ))
    return await _listing(
        conn, wanted, select(tables.record).where(wanted).order_by(_record.index_number), page
    )


async def count_defects(conn: AsyncConnection, organ: str) -> Mapping[str, int]:
    """Count the defects of one organ, or of all for "", by code."""
    code = func.unnest(_record.defects).label("code")
    every = select(code).where(_SHOWN, _of(organ)).subquery()
    counted = await conn.execute(select(every.c.code, func.count()).group_by(every.c.code))
    return {row[0]: row[1] for row in counted}


async def law_now(conn: AsyncConnection) -> Law:
    """Give the law as it stands."""
    return await read_law(conn)


async def seen_until(conn: AsyncConnection) -> datetime | None:
    """Give the time of the newest event seen, of any service."""
    newest: datetime | None = (
        await conn.execute(select(func.max(tables.freshness.c.seen_until)))
    ).scalar_one()
    return newest


async def _listing(conn: AsyncConnection, wanted: ColumnElement[bool], rows: Any, page: Page) -> Listing:  # noqa: ANN401 - a select
    total = (await conn.execute(select(func.count()).select_from(tables.record).where(wanted))).scalar_one()
    shown = (await conn.execute(rows.limit(page.size).offset(page.offset))).all()
    return Listing(shown, total)


def _overdue(today: date) -> ColumnElement[bool]:
    return _OPEN & (_request.due_on < today)


def _of(organ: str) -> ColumnElement[bool]:
    return _record.organ == organ if organ else true()


def _below(division: str, also: Sequence[str] = ()) -> ColumnElement[bool]:
    """Organs of a division, of what it stands for, and everything below; a code may be cut to its significant digits."""
    if not division:
        return true()
    starts = map(_prefix, (division, *also))
    return or_(*(tables.organ.c.division.startswith(prefix, autoescape=True) for prefix in starts))


def _prefix(division: str) -> str:
    for digits, zeros in ((4, "0" * 8), (6, "0" * 6), (9, "0" * 3)):
        if len(division) == 12 and division.endswith(zeros):  # noqa: PLR2004 - a whole code
            return division[:digits]
    return division
