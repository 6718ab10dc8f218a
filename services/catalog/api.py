"""The gRPC edge: requests in, rows and outcomes out. Errors are raised and told by gongkai.serving."""

from __future__ import annotations

from typing import Final, TypeVar

import grpc.aio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer
from gongkai.security.grpc_auth import current_caller
from gongkai.security.permissions import Place, may
from gongkai.serving.clock import Clock, legal_day
from gongkai.serving.errors import InvalidRequest, NotFound, PermissionRefused
from services.catalog import messages
from services.catalog.changing import change_division, change_organ_standing
from services.catalog.domain.division_changes import DivisionChange, EndDivision, KeepDivision
from services.catalog.domain.editions import edition_id
from services.catalog.domain.organ_changes import EndOrgan, KeepOrgan, OrganChange
from services.catalog.domain.organs import AddOrganCredential, RegisterOrgan, RevokeOrganCredentials
from services.catalog.handlers import Office, Order, announce_calendar, change_organ, organ_of
from services.catalog.saying import CITY
from services.catalog.views import catalogues, reading, rows
from services.catalog.views.reading import Page
from services.catalog.views.rows import Wanted
from services.catalog.views.standing import Standing, standing_on

Found = TypeVar("Found")
NOT_HERE: Final = Reason(
    "auth.not-allowed", "您没有变更这些区划或机关的权限，请联系共同的上级区划的管理员。", "code"
)
Context = grpc.aio.ServicerContext[object, object]


class CatalogApi(CatalogServiceServicer):
    """Answers from the views and carries out commands.

    ``clock`` tells which edition is in force.
    """

    def __init__(self, office: Office, *, clock: Clock) -> None:
        self._office = office
        self._clock = clock

    # -- questions -----------------------------------------------------------------------------------------

    async def ListDivisions(
        self, request: pb.ListDivisionsRequest, _context: Context
    ) -> pb.ListDivisionsResponse:
        """List divisions by code."""
        async with self._office.engine.connect() as conn:
            page = Page.asked(request.page_size, request.page_token)
            found = await reading.list_divisions(conn, parent=request.parent, level=request.level, page=page)
            now = await self._standing(conn)
        return pb.ListDivisionsResponse(
            divisions=[messages.division(row, now) for row in found.rows],
            next_page_token=found.next_token,
            total=found.total,
        )

    async def GetDivision(self, request: pb.GetDivisionRequest, _context: Context) -> pb.GetDivisionResponse:
        """Give one division with those above it."""
        async with self._office.engine.connect() as conn:
            row = _found(await reading.find_division(conn, request.code), "division", "区划", request.code)
            above = await reading.ancestors(conn, request.code)
            now = await self._standing(conn)
        return pb.GetDivisionResponse(
            division=messages.division(row, now), ancestors=[messages.division(one, now) for one in above]
        )

    async def ListOrgans(self, request: pb.ListOrgansRequest, _context: Context) -> pb.ListOrgansResponse:
        """List organs by code."""
        async with self._office.engine.connect() as conn:
            page = Page.asked(request.page_size, request.page_token)
            now = await self._standing(conn)
            below, known = request.include_below, now.divisions
            also = (known.predecessors if below else known.followed_by)(request.division, now.day)
            found = await reading.list_organs(
                conn, division=request.division, below=below, page=page, also=also
            )
        return pb.ListOrgansResponse(
            organs=[messages.organ(row, now) for row in found.rows],
            next_page_token=found.next_token,
            total=found.total,
        )

    async def GetOrgan(self, request: pb.GetOrganRequest, _context: Context) -> pb.GetOrganResponse:
        """Give one organ."""
        async with self._office.engine.connect() as conn:
            row = _found(await reading.find_organ(conn, request.code), "organ", "机关", request.code)
            now = await self._standing(conn)
        return pb.GetOrganResponse(organ=messages.organ(row, now))

    async def ListDomains(self, _request: pb.ListDomainsRequest, _context: Context) -> pb.ListDomainsResponse:
        """List the domains of the city's edition in force."""
        async with self._office.engine.connect() as conn:
            number = await self._in_force(conn)
            domains = await catalogues.count_by_domain(conn, CITY, number)
        return pb.ListDomainsResponse(domains=map(messages.domain, domains), edition=_edition(number))

    async def ListMatters(self, request: pb.ListMattersRequest, _context: Context) -> pb.ListMattersResponse:
        """List matters of the city's edition in force."""
        async with self._office.engine.connect() as conn:
            number = await self._in_force(conn)
            page = Page.asked(request.page_size, request.page_token)
            asked = rows.rows_of(CITY, number, Wanted(domain=request.domain)).subquery()
            found = await reading.listing(conn, select(asked), asked.c.matter, page)
        return pb.ListMattersResponse(
            matters=map(messages.matter, found.rows),
            next_page_token=found.next_token,
            total=found.total,
            edition=_edition(number),
        )

    async def GetMatter(self, request: pb.GetMatterRequest, _context: Context) -> pb.GetMatterResponse:
        """Give one matter of the city's edition in force."""
        async with self._office.engine.connect() as conn:
            number = await self._in_force(conn)
            row = await rows.find_row(conn, CITY, request.id, number)
        found = _found(row if row is None or row.state == "in" else None, "matter", "公开事项", request.id)
        return pb.GetMatterResponse(matter=messages.matter(found), edition=_edition(number))

    async def _in_force(self, conn: AsyncConnection) -> int:
        found = await catalogues.find_edition(conn, CITY, on=legal_day(self._clock()))
        return 0 if found is None else int(found.number)

    async def ListCalendarDays(
        self, request: pb.ListCalendarDaysRequest, _context: Context
    ) -> pb.ListCalendarDaysResponse:
        """List the moved days of one notice, or of all for year 0."""
        async with self._office.engine.connect() as conn:
            days = await reading.list_calendar_days(conn, request.year)
            until = await reading.announced_until(conn)
        return pb.ListCalendarDaysResponse(
            days=map(messages.calendar_day, days), announced_until=until.isoformat() if until else ""
        )

    # -- commands ------------------------------------------------------------------------------------------

    async def RegisterOrgan(
        self, request: pb.RegisterOrganRequest, _context: Context
    ) -> pb.RegisterOrganResponse:
        """Register an organ."""
        asked = request.organ
        command = RegisterOrgan(asked.code, asked.name, asked.short_name, asked.division, asked.uscc)
        outcome = await change_organ(self._office, read_order(request.command_id, request.actor), command)
        return pb.RegisterOrganResponse(organ=messages.organ_facts(organ_of(outcome)))

    async def AddOrganCredential(
        self, request: pb.AddOrganCredentialRequest, _context: Context
    ) -> pb.AddOrganCredentialResponse:
        """Bring a public NATS user key of an organ into force."""
        command = AddOrganCredential(request.organ, request.public_key)
        outcome = await change_organ(self._office, read_order(request.command_id, request.actor), command)
        return pb.AddOrganCredentialResponse(organ=messages.organ_facts(organ_of(outcome)))

    async def RevokeOrganCredentials(
        self, request: pb.RevokeOrganCredentialsRequest, _context: Context
    ) -> pb.RevokeOrganCredentialsResponse:
        """Revoke every key of an organ in force; the caller then tells the NATS servers."""
        command = RevokeOrganCredentials(request.organ, request.reason)
        outcome = await change_organ(self._office, read_order(request.command_id, request.actor), command)
        return pb.RevokeOrganCredentialsResponse(
            organ=messages.organ_facts(organ_of(outcome)), revoked_keys=outcome["revoked_keys"]
        )

    async def ChangeDivision(
        self, request: pb.ChangeDivisionRequest, _context: Context
    ) -> pb.ChangeDivisionResponse:
        """Rename, merge or abolish a division, or take an end back; an administrator of both places, or the operator."""
        command = messages.division_change(request)
        async with self._office.engine.connect() as conn:
            _require_manager(request.code, *await _successor(conn, command))
        await change_division(self._office, _order(request.command_id), command)
        told = await self.GetDivision(pb.GetDivisionRequest(code=request.code), _context)
        return pb.ChangeDivisionResponse(division=told.division)

    async def ChangeOrgan(self, request: pb.ChangeOrganRequest, _context: Context) -> pb.ChangeOrganResponse:
        """Rename an organ, have it end, or take an end back; an administrator of both places, or the operator."""
        command = messages.organ_change(request)
        async with self._office.engine.connect() as conn:
            named = [request.code, *await _successor(conn, command)]
            found = [row for code in named if (row := await reading.find_organ(conn, code)) is not None]
        _require_manager(*(row.division for row in found))
        await change_organ_standing(self._office, _order(request.command_id), command)
        told = await self.GetOrgan(pb.GetOrganRequest(code=request.code), _context)
        return pb.ChangeOrganResponse(organ=told.organ)

    async def _standing(self, conn: AsyncConnection) -> Standing:
        return await standing_on(conn, legal_day(self._clock()))

    async def AnnounceCalendar(
        self, request: pb.AnnounceCalendarRequest, _context: Context
    ) -> pb.AnnounceCalendarResponse:
        """Take over a year's notice."""
        command = messages.announcement(request)
        outcome = await announce_calendar(
            self._office, read_order(request.command_id, request.actor), command
        )
        return pb.AnnounceCalendarResponse(year=outcome["year"], version=outcome["version"])


def read_order(command_id: str, actor: str) -> Order:
    """Read who asks under which id.

    Raises:
        InvalidRequest: one of them is missing.
    """
    reasons = [
        Reason("command_id.missing", "请提供命令编号。", "command_id") if not command_id.strip() else None,
        Reason("actor.missing", "请提供操作人。", "actor") if not actor.strip() else None,
    ]
    found = [reason for reason in reasons if reason is not None]
    if found:
        raise InvalidRequest(*found)
    return Order(command_id, actor)


def _order(command_id: str) -> Order:
    """Who calls is who acts: the operator or somebody of the staff."""
    return read_order(command_id, str(current_caller()))


def _require_manager(*divisions: str) -> None:
    staff = current_caller().staff
    if staff is not None and not all(may(staff, "division.manage", Place("", code)) for code in divisions):
        raise PermissionRefused(NOT_HERE)


async def _successor(conn: AsyncConnection, command: DivisionChange | OrganChange) -> list[str]:
    """Give what follows by an end; who takes one back needs the other place too, as who decided it did."""
    match command:
        case EndDivision() | EndOrgan():
            return [command.successor]
        case KeepDivision():
            held = await reading.find_division(conn, command.code)
        case KeepOrgan():
            held = await reading.find_organ(conn, command.code)
        case _:
            return []
    return [held.successor] if held is not None and held.successor else []


def _edition(number: int) -> str:
    return edition_id(CITY, number) if number else ""


def _found(row: Found | None, thing: str, name_zh: str, identity: str) -> Found:
    if row is None:
        raise NotFound(Reason(f"{thing}.unknown", f"没有{name_zh} {identity or '（空）'}。", thing))
    return row
