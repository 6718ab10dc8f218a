"""Between view rows and gRPC messages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.serving.errors import InvalidRequest
from services.catalog.domain.calendars import AnnounceCalendar, MovedDay
from services.catalog.domain.organs import OrganFacts

_MATTER = (
    "domain", "level1", "level2", "content_elements", "legal_basis", "time_limit", "subject", "channels",
    "audience", "mode", "levels", "provenance",
)  # fmt: skip


def division(row: Row[Any]) -> pb.Division:
    """Make a division of its row."""
    return pb.Division(code=row.code, name=row.name, level=row.level, parent=row.parent or "")


def organ(row: Row[Any] | OrganFacts) -> pb.Organ:
    """Make an organ of its row or of a command's outcome."""
    return pb.Organ(
        code=row.code,
        name=row.name,
        short_name=row.short_name,
        division=row.division,
        uscc=row.uscc,
        credential_keys=row.credential_keys,
    )


def matter(row: Row[Any]) -> pb.Matter:
    """Make a matter of its row."""
    return pb.Matter(id=row.matter, **{name: getattr(row, name) for name in _MATTER})


def domain(row: Row[Any]) -> pb.Domain:
    """Make a domain of its row with ``matter_count``."""
    return pb.Domain(code=row.code, seq=row.seq, name=row.name, matter_count=row.matter_count)


def calendar_day(row: Row[Any]) -> pb.CalendarDay:
    """Make a calendar day of its row."""
    return pb.CalendarDay(date=row.day.isoformat(), working=row.working, name=row.name, source=row.source)


def announcement(request: pb.AnnounceCalendarRequest) -> AnnounceCalendar:
    """Read the command in a request.

    Raises:
        InvalidRequest: dates that are none, each named.
    """
    days: list[MovedDay] = []
    faults: list[Reason] = []
    for number, day in enumerate(request.days):
        try:
            days.append(MovedDay.model_validate({"day": day.date, "working": day.working, "name": day.name}))
        except ValueError:
            text = f"“{day.date}”不是日期，应写作 2027-01-01。"
            faults.append(Reason("calendar.day.malformed", text, f"days[{number}].date"))
    if faults:
        raise InvalidRequest(*faults)
    return AnnounceCalendar(request.year, tuple(days), request.source, request.complete)
