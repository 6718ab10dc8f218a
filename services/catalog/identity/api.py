"""The gRPC edge of identity: who asks, what they may, and what they are answered."""

from __future__ import annotations

import grpc.aio
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceServicer
from gongkai.security.grpc_auth import current_caller, current_staff
from gongkai.security.permissions import Place, Role, Staff, may
from gongkai.serving.errors import InvalidRequest, PermissionRefused
from services.catalog.api import read_order
from services.catalog.domain.staff import ChangeGrants, DisableStaff, EraseStaff
from services.catalog.domain.units import RegisterUnit
from services.catalog.handlers import Order
from services.catalog.identity import commands, login, messages
from services.catalog.identity.desk import Desk
from services.catalog.views import people, reading
from services.catalog.views.reading import Page

Context = grpc.aio.ServicerContext[object, object]

NOT_HERE = Reason("auth.not-allowed", "您没有查看该范围人员名单的权限，请联系该机关或其上级区划的管理员。")
ONE_SCOPE = Reason("scope.both", "请只指明一个机关或一个区划，不要同时指明。", "organ")


class IdentityApi(IdentityServiceServicer):
    """Logs in, opens sessions, and carries out commands on staff."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # -- the portal's --------------------------------------------------------------------------------------

    async def LogIn(self, request: pb.LogInRequest, _context: Context) -> pb.LogInResponse:
        """Turn a password into a session."""
        opened = await login.log_in(self._desk, request.login, request.password, request.client)
        return pb.LogInResponse(
            session=opened.secret,
            staff=messages.staff(opened.person),
            expires_at=messages.moment(opened.ends_at),
            must_change_password=opened.must_change,
        )

    async def OpenSession(self, request: pb.OpenSessionRequest, _context: Context) -> pb.OpenSessionResponse:
        """Turn a session into tokens."""
        opened = await login.open_session(self._desk, request.session, request.audiences)
        return pb.OpenSessionResponse(
            staff=messages.staff(opened.person),
            tokens=opened.tokens,
            expires_at=messages.moment(opened.ends_at),
            must_change_password=opened.must_change,
        )

    async def LogOut(self, request: pb.LogOutRequest, _context: Context) -> pb.LogOutResponse:
        """End a session."""
        await login.log_out(self._desk, request.session)
        return pb.LogOutResponse()

    # -- a person's own ------------------------------------------------------------------------------------

    async def ChangePassword(
        self, request: pb.ChangePasswordRequest, _context: Context
    ) -> pb.ChangePasswordResponse:
        """Put another password in place of one's own."""
        staff = current_staff()
        order = _order(request.command_id, "")
        await login.change_password(
            self._desk, order, staff.id, request.old_password, request.new_password, request.session
        )
        return pb.ChangePasswordResponse()

    # -- questions -----------------------------------------------------------------------------------------

    async def NameStaff(self, request: pb.NameStaffRequest, _context: Context) -> pb.NameStaffResponse:
        """Give the names of ids; who is unknown or forgotten is left out."""
        ids = set(request.ids)
        if len(ids) > reading.LARGEST_PAGE:
            raise InvalidRequest(Reason("ids.many", f"一次最多查询 {reading.LARGEST_PAGE} 人。", "ids"))
        async with self._desk.office.engine.connect() as conn:
            names = await people.names(conn, self._desk.office.store, ids)
        return pb.NameStaffResponse(names=names)

    async def ListStaff(self, request: pb.ListStaffRequest, _context: Context) -> pb.ListStaffResponse:
        """List the staff of an organ, of a division and all below it, or of all that the caller may see."""
        if request.organ and request.division:
            raise InvalidRequest(ONE_SCOPE)
        page = Page.asked(request.page_size, request.page_token)
        async with self._desk.office.engine.connect() as conn:
            wanted = await self._visible(conn, request, current_caller().staff)
            found = await people.list_people(conn, self._desk.office.store, wanted, page)
        return pb.ListStaffResponse(
            staff=map(messages.staff, found.people), next_page_token=found.next_token, total=found.total
        )

    async def ListUnits(self, request: pb.ListUnitsRequest, _context: Context) -> pb.ListUnitsResponse:
        """List the units of an organ; every one of the staff may know them."""
        async with self._desk.office.engine.connect() as conn:
            units = await people.list_units(conn, request.organ)
        return pb.ListUnitsResponse(units=map(messages.unit, units))

    # -- an administrator's, and the operator's --------------------------------------------------------------

    async def RegisterUnit(
        self, request: pb.RegisterUnitRequest, _context: Context
    ) -> pb.RegisterUnitResponse:
        """Enter a unit of an organ."""
        command = RegisterUnit(request.unit.organ, request.unit.code, request.unit.name.strip())
        order = _order(request.command_id, request.actor)
        await commands.register_unit(self._desk, order, _commander(), command)
        return pb.RegisterUnitResponse(
            unit=pb.Unit(organ=command.organ, code=command.code, name=command.name)
        )

    async def RegisterStaff(
        self, request: pb.RegisterStaffRequest, _context: Context
    ) -> pb.RegisterStaffResponse:
        """Register somebody, with a password of their own or one that is made."""
        command = messages.registration(str(self._desk.ids()), request.staff)
        order = _order(request.command_id, request.actor)
        staff_id, made = await commands.register_staff(
            self._desk, order, _commander(), command, request.password
        )
        return pb.RegisterStaffResponse(staff=await self._person(staff_id), password=made)

    async def ChangeGrants(
        self, request: pb.ChangeGrantsRequest, _context: Context
    ) -> pb.ChangeGrantsResponse:
        """Replace somebody's roles."""
        command = ChangeGrants(request.staff, messages.held(request.grants))
        order = _order(request.command_id, request.actor)
        await commands.change_grants(self._desk, order, _commander(), command)
        return pb.ChangeGrantsResponse(staff=await self._person(request.staff))

    async def ResetPassword(
        self, request: pb.ResetPasswordRequest, _context: Context
    ) -> pb.ResetPasswordResponse:
        """Have a password made in place of somebody's own."""
        order = _order(request.command_id, request.actor)
        made = await commands.reset_password(self._desk, order, _commander(), request.staff)
        return pb.ResetPasswordResponse(password=made)

    async def DisableStaff(
        self, request: pb.DisableStaffRequest, _context: Context
    ) -> pb.DisableStaffResponse:
        """Let somebody log in no more."""
        order = _order(request.command_id, request.actor)
        command = DisableStaff(request.staff, request.reason)
        await commands.disable_staff(self._desk, order, _commander(), command)
        return pb.DisableStaffResponse(staff=await self._person(request.staff))

    async def EraseStaff(self, request: pb.EraseStaffRequest, _context: Context) -> pb.EraseStaffResponse:
        """Have the name and post of somebody disabled forgotten."""
        order = _order(request.command_id, request.actor)
        await commands.erase_staff(self._desk, order, EraseStaff(request.staff, request.reason))
        return pb.EraseStaffResponse()

    async def _person(self, staff_id: str) -> pb.Staff:
        async with self._desk.office.engine.connect() as conn:
            person = await people.find_person(conn, self._desk.office.store, staff_id)
        assert person is not None, "the command was about somebody known"
        return messages.staff(person)

    async def _visible(
        self, conn: AsyncConnection, request: pb.ListStaffRequest, by: Staff | None
    ) -> ColumnElement[bool]:
        asked = people.within(division=request.division, organ=request.organ)
        if by is None:
            return asked
        if not (request.organ or request.division):
            held = [grant for grant in by.grants if grant.role is Role.ADMINISTRATOR]
            if not held:
                raise PermissionRefused(NOT_HERE)
            return people.within_any(held)
        organ = await reading.find_organ(conn, request.organ) if request.organ else None
        place = Place(request.organ, organ.division if organ is not None else request.division)
        if not may(by, "staff.read", place):
            raise PermissionRefused(NOT_HERE)
        return asked


def _commander() -> Staff | None:
    """Who commands; the access table lets in nobody but staff and the operator, who is ``None``."""
    return current_caller().staff


def _order(command_id: str, actor: str) -> Order:
    """Read who asks: one of the staff as their token says, the operator as the request says."""
    staff = current_caller().staff
    return read_order(command_id, f"staff:{staff.id}" if staff is not None else actor)
