"""Queries on the request view: by number, and a clerk's list by due day. The due day is derived here, never stored.

A division has some hundreds of requests a year, so a list reads its organs' rows and sorts them by the derived day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.legaltime import Entry, ReplyClock, reply_clock
from gongkai.security.permissions import Place
from services.requests.views import tables
from services.requests.views.law import Law

DEFAULT_PAGE: Final = 20
LARGEST_PAGE: Final = 100

Found = Row[Any]
"""A row of the request view."""

_request = tables.request.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are listed: of one organ, phase or clock state ("" for all), and which page."""

    organ: str = ""
    phase: str = ""
    clock: str = ""
    page: int = 1
    size: int = DEFAULT_PAGE

    @classmethod
    def asked(cls, organ: str, phase: str, clock: str, page: int, size: int) -> Wanted:
        """Read a call's page: what is not positive means the first page or the default size."""
        return cls(organ, phase, clock, max(page, 1), min(size, LARGEST_PAGE) if size > 0 else DEFAULT_PAGE)


@dataclass(frozen=True, slots=True)
class Timed:
    """A row with its clock, unexplained."""

    row: Found
    clock: ReplyClock


@dataclass(frozen=True, slots=True)
class Listing:
    """A page, how many there are in all, and how many in each clock state whichever of them is asked for."""

    page: Sequence[Timed]
    total: int
    by_clock: Mapping[str, int]


async def find_by_number(conn: AsyncConnection, number: str) -> Found | None:
    """Find a request by its registration number."""
    return (await conn.execute(select(tables.request).where(_request.number == number))).one_or_none()


async def list_requests(
    conn: AsyncConnection, wanted: Wanted, visible: Callable[[Place], bool], law: Law, today: date
) -> Listing:
    """List the requests of the places that are visible: those that wait first, the earliest due first."""
    places = await conn.execute(select(_request.organ, _request.division).distinct())
    organs = [one.organ for one in places if visible(Place(one.organ, one.division))]
    if wanted.organ:
        organs = [organ for organ in organs if organ == wanted.organ]
    rows = select(tables.request).where(_request.organ.in_(organs))
    if wanted.phase:
        rows = rows.where(_request.phase == wanted.phase)
    timed = [Timed(row, clock_of(row, law, today)) for row in (await conn.execute(rows)).all()]
    counts: Counter[str] = Counter(one.clock.state for one in timed)
    shown = sorted((one for one in timed if wanted.clock in {"", one.clock.state}), key=_order)
    start = (wanted.page - 1) * wanted.size
    return Listing(shown[start : start + wanted.size], len(shown), dict(counts))


def clock_of(row: Found, law: Law, today: date, *, explained: bool = False) -> ReplyClock:
    """Derive the clock of a row."""
    entries = [Entry(one["what"], date.fromisoformat(one["on"])) for one in row.clock]
    return reply_clock(entries, law.rules, law.calendar, today, explained=explained)


def _order(one: Timed) -> tuple[int, int, str]:
    """Running clocks by due day, then what waits for its receipt, then what is decided, the newest first."""
    clock, number = one.clock, one.row.number
    if clock.state == "awaiting_receipt":
        return 1, 0, number
    due = clock.due.day.toordinal() if clock.due else 0
    return (2, -due, number) if clock.state in {"met", "met_late"} else (0, due, number)
