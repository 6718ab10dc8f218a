"""Invented staff of an invented county, and the identity service that answers for them. Nobody here exists."""
# ruff: noqa: N802 - the methods' names are the gRPC interface's

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from gongkai.refusal import Reason, Refusal
from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.rpc.catalog.v1 import identity_pb2_grpc
from gongkai.security.grpc_auth import current_staff
from gongkai.security.keys import private_key
from gongkai.security.permissions import Grant, Place, Role, Staff, may
from gongkai.security.tokens import issue_staff
from gongkai.serving.errors import PermissionRefused, TooLarge, Unauthenticated, Unavailable

COUNTY: Final = "341323000000"
ORGAN: Final = "341323-mzj"
PASSWORD: Final = "invented-password-12"
NEW_PASSWORD: Final = "another-invented-34"
EVIL_NAME: Final = "<img src=x onerror=alert(7)>（演示）"
_PEOPLE: Final = (
    ("s-editor", "bianji", "何静（演示）", "办公室科员", (("editor", ORGAN, ""),)),
    ("s-editor2", "bianji2", "孙悦（演示）", "办公室科员", (("editor", ORGAN, ""), ("reviewer", ORGAN, ""))),
    ("s-reviewer", "shenhe", "李明（演示）", "办公室主任", (("reviewer", ORGAN, ""),)),
    ("s-clerk", "banli", "赵立新（演示）", "信访股股长", (("clerk", ORGAN, ""),)),
    ("s-inspector", "jiancha", "周敏（演示）", "政务公开办科员", (("inspector", "", COUNTY),)),
    ("s-admin", "guanli", "钱进（演示）", "政务公开办主任", (("administrator", "", COUNTY),)),
    ("s-steward", "mulu", "周敏（演示）", "政务公开办科员", (("steward", "", COUNTY),)),
    ("s-steward2", "fuhe", "孙立（演示）", "政务公开办副主任", (("steward", "", COUNTY),)),
    ("s-city", "shimulu", "史小目（演示）", "政务公开科科员", (("steward", "", "341300000000"),)),
    ("s-nobody", "wugang", "吴岗（演示）", "见习", ()),
    ("s-evil", "evil", EVIL_NAME, "<b>科员</b>", (("editor", ORGAN, ""), ("reviewer", ORGAN, ""), ("administrator", "", COUNTY))),
)  # fmt: skip


@dataclass
class Offices:
    """Who works in the county, and who is logged in."""

    people: dict[str, pb.Staff] = field(default_factory=dict)
    """By login."""
    passwords: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    """Secret → login."""
    due: set[str] = field(default_factory=set)
    """Logins that must change their password."""
    clients: list[str] = field(default_factory=list)
    """Addresses that tried to log in."""
    throttled: bool = False
    away: bool = False
    lasting: timedelta = timedelta(hours=10)
    numbers: Iterator[int] = field(default_factory=count)

    def name_of(self, staff_id: str) -> str:
        """The name of an id."""
        return next((one.name for one in self.people.values() if one.id == staff_id), "")


def invent_staff() -> Offices:
    """Make the people."""
    made = Offices()
    for number, (staff_id, login, name, post, grants) in enumerate(_PEOPLE):
        organ = ORGAN if number not in {4, 5, 6, 7} else "341323-xzf"
        made.people[login] = pb.Staff(
            id=staff_id, login=login, name=name, post=post, organ=organ,
            organ_name="灵璧县民政局" if organ == ORGAN else "灵璧县人民政府办公室",
            grants=[pb.Grant(role=role, organ=at, division=division) for role, at, division in grants],
        )  # fmt: skip
        made.passwords[login] = PASSWORD
    return made


def staff_of(told: pb.Staff) -> Staff:
    """The person as a token says them."""
    grants = tuple(Grant(Role(one.role), one.organ, one.division) for one in told.grants)
    return Staff(told.id, told.name, told.post, told.organ, grants)


class Identity(identity_pb2_grpc.IdentityServiceServicer):
    """Answers from ``world.offices``; signs tokens with catalog's key, as the real one does."""

    def __init__(self, world: Any, keys: Path) -> None:
        self._world = world
        self._key = private_key(keys, "catalog")

    @property
    def _offices(self) -> Offices:
        if self._world.offices.away:
            raise Unavailable(Reason("unavailable", "服务暂时不可用"))
        offices: Offices = self._world.offices
        return offices

    async def LogIn(self, request: Any, _context: Any) -> pb.LogInResponse:
        offices = self._offices
        offices.clients.append(request.client)
        if offices.throttled:
            raise TooLarge(Reason("login.throttled", "尝试次数过多，请 15 分钟后再试。"))
        person = offices.people.get(request.login)
        if person is None or person.disabled or offices.passwords[request.login] != request.password:
            raise Unauthenticated(Reason("login.wrong", "账号或者密码不对。请核对后再输一次。"))
        session = f"session-{next(offices.numbers)}-{request.login}"
        offices.sessions[session] = request.login
        due = request.login in offices.due
        return pb.LogInResponse(session=session, staff=person, must_change_password=due)

    async def OpenSession(self, request: Any, _context: Any) -> pb.OpenSessionResponse:
        offices = self._offices
        login = offices.sessions.get(request.session)
        if login is None:
            raise Unauthenticated(Reason("session.none", "登录已结束"))
        person = offices.people[login]
        tokens = {
            audience: issue_staff(self._key, staff=staff_of(person), audience=audience)
            for audience in request.audiences
        }
        ends = (datetime.now(UTC) + offices.lasting).isoformat()
        return pb.OpenSessionResponse(
            staff=person, tokens=tokens, expires_at=ends, must_change_password=login in offices.due
        )

    async def LogOut(self, request: Any, _context: Any) -> pb.LogOutResponse:
        self._offices.sessions.pop(request.session, None)
        return pb.LogOutResponse()

    async def ChangePassword(self, request: Any, _context: Any) -> pb.ChangePasswordResponse:
        offices = self._offices
        login = offices.sessions[request.session]
        reasons = []
        if offices.people[login].id != current_staff().id or offices.passwords[login] != request.old_password:
            reasons.append(Reason("password.wrong", "现在的密码不对。", "old_password"))
        if len(request.new_password) < 12:
            reasons.append(Reason("password.short", "新密码太短，至少 12 个字符。", "new_password"))
        if reasons:
            raise Refusal(*reasons)
        offices.passwords[login] = request.new_password
        offices.due.discard(login)
        return pb.ChangePasswordResponse()

    async def NameStaff(self, request: Any, _context: Any) -> pb.NameStaffResponse:
        names = {one: self._offices.name_of(one) for one in request.ids}
        return pb.NameStaffResponse(names={one: name for one, name in names.items() if name})

    async def ListStaff(self, request: Any, _context: Any) -> pb.ListStaffResponse:
        staff = current_staff()
        if not may(staff, "staff.read", Place("", request.division)):
            raise PermissionRefused(Reason("auth.not-allowed", "您没有查看人员的角色。"))
        found = sorted(self._offices.people.values(), key=lambda one: one.login)
        return pb.ListStaffResponse(staff=found, total=len(found))

    async def ListUnits(self, _request: Any, _context: Any) -> pb.ListUnitsResponse:
        return pb.ListUnitsResponse()
