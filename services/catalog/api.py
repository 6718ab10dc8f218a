"""The gRPC edge: requests in, rows and outcomes out. Errors are raised and told by gongkai.serving."""

from __future__ import annotations

from typing import TypeVar

import grpc.aio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalog_pb2 as pb
from gongkai.rpc.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer
from gongkai.serving.clock import Clock, legal_day
from gongkai.serving.errors import InvalidRequest, NotFound
from services.catalog import messages
from services.catalog.domain.editions import edition_id
from services.catalog.domain.organs import AddOrganCredential, RegisterOrgan, RevokeOrganCredentials
from services.catalog.handlers import Office, Order, announce_calendar, change_organ, organ_of
from services.catalog.saying import CITY
from services.catalog.views import catalogues, reading, rows
from services.catalog.views.reading import Page
from services.catalog.views.rows import Wanted

Found = TypeVar("Found")
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
        return pb.ListDivisionsResponse(
            divisions=map(messages.division, found.rows), next_page_token=found.next_token, total=found.total
        )

    async def GetDivision(self, request: pb.GetDivisionRequest, _context: Context) -> pb.GetDivisionResponse:
        """Give one division with those above it."""
        async with self._office.engine.connect() as conn:
            row = _found(await reading.find_division(conn, request.code), "division", "区划", request.code)
            above = await reading.ancestors(conn, request.code)
        return pb.GetDivisionResponse(
            division=messages.division(row), ancestors=map(messages.division, above)
        )

    async def ListOrgans(self, request: pb.ListOrgansRequest, _context: Context) -> pb.ListOrgansResponse:
        """List organs by code."""
        async with self._office.engine.connect() as conn:
            page = Page.asked(request.page_size, request.page_token)
            found = await reading.list_organs(
                conn, division=request.division, below=request.include_below, page=page
            )
        return pb.ListOrgansResponse(
            organs=map(messages.organ, found.rows), next_page_token=found.next_token, total=found.total
        )

    async def GetOrgan(self, request: pb.GetOrganRequest, _context: Context) -> pb.GetOrganResponse:
        """Give one organ."""
        async with self._office.engine.connect() as conn:
            row = _found(await reading.find_organ(conn, request.code), "organ", "机关", request.code)
        return pb.GetOrganResponse(organ=messages.organ(row))

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
        return pb.RegisterOrganResponse(organ=messages.organ(organ_of(outcome)))

    async def AddOrganCredential(
        self, request: pb.AddOrganCredentialRequest, _context: Context
    ) -> pb.AddOrganCredentialResponse:
        """Bring a public NATS user key of an organ into force."""
        command = AddOrganCredential(request.organ, request.public_key)
        outcome = await change_organ(self._office, read_order(request.command_id, request.actor), command)
        return pb.AddOrganCredentialResponse(organ=messages.organ(organ_of(outcome)))

    async def RevokeOrganCredentials(
        self, request: pb.RevokeOrganCredentialsRequest, _context: Context
    ) -> pb.RevokeOrganCredentialsResponse:
        """Revoke every key of an organ in force; the caller then tells the NATS servers."""
        command = RevokeOrganCredentials(request.organ, request.reason)
        outcome = await change_organ(self._office, read_order(request.command_id, request.actor), command)
        return pb.RevokeOrganCredentialsResponse(
            organ=messages.organ(organ_of(outcome)), revoked_keys=outcome["revoked_keys"]
        )

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


def _edition(number: int) -> str:
    return edition_id(CITY, number) if number else ""


def _found(row: Found | None, thing: str, name_zh: str, identity: str) -> Found:
    if row is None:
        raise NotFound(Reason(f"{thing}.unknown", f"没有{name_zh} {identity or '（空）'}。", thing))
    return row
