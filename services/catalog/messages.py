"""Between view rows and gRPC messages."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, cast

from sqlalchemy import Row

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.serving.errors import InvalidRequest
from services.catalog.domain.calendars import AnnounceCalendar, MovedDay
from services.catalog.domain.division_changes import DivisionChange, EndDivision, KeepDivision, RenameDivision
from services.catalog.domain.organ_changes import EndOrgan, KeepOrgan, OrganChange, RenameOrgan
from services.catalog.domain.organs import OrganFacts
from services.catalog.views.standing import Standing

_MATTER = (
    "domain", "level1", "level2", "content_elements", "legal_basis", "time_limit", "subject", "channels",
    "audience", "mode", "levels", "provenance",
)  # fmt: skip


def division(row: Row[Any], standing: Standing) -> pb.Division:
    """Make a division of its row, as it stands on the day."""
    borne = standing.former(row)
    heir = standing.divisions.heir(row.code, standing.day)
    return pb.Division(
        code=row.code,
        name=borne.name if borne else row.name,
        level=row.level,
        parent=row.parent or "",
        former_names=[pb.FormerName(**former) for former in row.former_names],
        newest_name=row.name if borne else "",
        ended_on=row.ended_on.isoformat() if row.ended_on else "",
        successor=row.successor,
        end_kind=row.end_kind,
        basis=row.basis,
        heir=heir if heir != row.code else "",
        predecessors=standing.divisions.predecessors(row.code, standing.day),
    )


def organ(row: Row[Any], standing: Standing) -> pb.Organ:
    """Make an organ of its row, as it stands on the day."""
    borne = standing.former(row)
    heir = standing.organs.heir(row.code, standing.day)
    return pb.Organ(
        code=row.code,
        name=borne.name if borne else row.name,
        short_name=borne.short_name if borne else row.short_name,
        division=row.division,
        uscc=row.uscc,
        credential_keys=row.credential_keys,
        former_names=[pb.FormerName(**former) for former in row.former_names],
        newest_name=row.name if borne else "",
        ended_on=row.ended_on.isoformat() if row.ended_on else "",
        successor=row.successor,
        basis=row.basis,
        heir=heir if heir != row.code else "",
    )


def organ_facts(facts: OrganFacts) -> pb.Organ:
    """Make an organ of a command's outcome."""
    return pb.Organ(
        code=facts.code,
        name=facts.name,
        short_name=facts.short_name,
        division=facts.division,
        uscc=facts.uscc,
        credential_keys=facts.credential_keys,
    )


def division_change(request: pb.ChangeDivisionRequest) -> DivisionChange:
    """Read the command in a request.

    Raises:
        InvalidRequest: it says no day, or not what is to change.
    """
    if request.WhichOneof("change") == "keep":
        return KeepDivision(request.code, request.basis)
    day = _effective(request)
    if request.WhichOneof("change") == "rename":
        return RenameDivision(request.code, request.rename.name, day, request.basis)
    end = request.end
    kind = cast("Literal['merged', 'abolished']", end.kind)  # another one the domain refuses
    return EndDivision(request.code, kind, end.successor, day, request.basis, tuple(end.along))


def organ_change(request: pb.ChangeOrganRequest) -> OrganChange:
    """Read the command in a request.

    Raises:
        InvalidRequest: it says no day, or not what is to change.
    """
    if request.WhichOneof("change") == "keep":
        return KeepOrgan(request.code, request.basis)
    day = _effective(request)
    if request.WhichOneof("change") == "rename":
        new = request.rename
        return RenameOrgan(request.code, new.name, new.short_name, day, request.basis)
    return EndOrgan(request.code, request.end.successor, day, request.basis)


def _effective(request: pb.ChangeDivisionRequest | pb.ChangeOrganRequest) -> date:
    faults: list[Reason] = []
    day = date.min
    try:
        day = date.fromisoformat(request.effective_on)
    except ValueError:
        text = f"生效日期“{request.effective_on}”不是日期，应写作 2027-01-01。"
        faults.append(Reason("change.day.malformed", text, "effective_on"))
    if request.WhichOneof("change") is None:
        faults.append(Reason("change.missing", "请写明变更内容：更名、撤并，或者撤回撤并。", "change"))
    if faults:
        raise InvalidRequest(*faults)
    return day


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
