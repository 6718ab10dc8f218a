"""Who may call which method of IdentityService, over real gRPC, and how far an administrator reaches."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable
from contextlib import AsyncExitStack

import grpc

from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.rpc.catalog.v1.identity_pb2_grpc import IdentityServiceStub
from tests.catalog.staffroom import CITY, COUNTY, CZJ, MZJ, OTHER_COUNTY, SIXIAN, TOWN, ZHEN, Staffroom

DENIED = grpc.StatusCode.PERMISSION_DENIED
ROLES = {
    "editor": pb.Grant(role="editor", organ=MZJ),
    "reviewer": pb.Grant(role="reviewer", organ=MZJ),
    "clerk": pb.Grant(role="clerk", organ=MZJ),
    "inspector": pb.Grant(role="inspector", division=COUNTY),
    "administrator": pb.Grant(role="administrator", division=COUNTY),
}
STAFF = {*ROLES}
MANAGING = {"administrator", "operator"}

ALLOWED: dict[str, set[str]] = {
    "LogIn": {"portal"},
    "OpenSession": {"portal"},
    "LogOut": {"portal"},
    "ChangePassword": STAFF,
    "NameStaff": STAFF | {"operator", "portal"},
    "ListUnits": STAFF | {"operator"},
    "ListStaff": MANAGING,
    "RegisterUnit": MANAGING,
    "RegisterStaff": MANAGING,
    "ChangeGrants": MANAGING,
    "ResetPassword": MANAGING,
    "DisableStaff": MANAGING,
    "EraseStaff": {"operator"},
}
"""Method → who is let in, each about a person of their own organ. Everybody else is refused."""


def new_id() -> str:
    return str(uuid.uuid4())


def login() -> str:
    return f"r{uuid.uuid4().hex[:12]}"


def requests(staff: str, *, organ: str = MZJ, division: str = "") -> dict[str, object]:
    """One request a method, about a person of an organ."""
    code = uuid.uuid4().hex[:8]
    return {
        "LogIn": pb.LogInRequest(login="nobody", password="x"),
        "OpenSession": pb.OpenSessionRequest(session="x"),
        "LogOut": pb.LogOutRequest(session="x"),
        "ChangePassword": pb.ChangePasswordRequest(command_id=new_id(), old_password="x", new_password="y"),
        "NameStaff": pb.NameStaffRequest(ids=[staff]),
        "ListUnits": pb.ListUnitsRequest(organ=organ),
        "ListStaff": pb.ListStaffRequest(organ="" if division else organ, division=division),
        "RegisterUnit": pb.RegisterUnitRequest(
            command_id=new_id(), unit=pb.Unit(organ=organ, code=code, name="办公室"), actor="operator"
        ),
        "RegisterStaff": pb.RegisterStaffRequest(
            command_id=new_id(), staff=pb.Staff(login=login(), name="某人", organ=organ), actor="operator"
        ),
        "ChangeGrants": pb.ChangeGrantsRequest(command_id=new_id(), staff=staff, actor="operator"),
        "ResetPassword": pb.ResetPasswordRequest(command_id=new_id(), staff=staff, actor="operator"),
        "DisableStaff": pb.DisableStaffRequest(
            command_id=new_id(), staff=staff, reason="调离", actor="operator"
        ),
        "EraseStaff": pb.EraseStaffRequest(command_id=new_id(), staff=staff, reason="离职", actor="operator"),
    }


async def code_of(asking: Awaitable[object]) -> grpc.StatusCode:
    try:
        await asking
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def denied(stub: IdentityServiceStub, method: str, request: object) -> bool:
    code = await code_of(getattr(stub, method)(request))
    assert code not in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED}, method
    return code is DENIED


async def test_every_method_refuses_whom_it_must_refuse(room: Staffroom) -> None:
    """Thirteen methods, seven callers: who is not in the table is answered PERMISSION_DENIED, who is, is not."""
    assert set(ALLOWED) == {
        method.name for method in pb.DESCRIPTOR.services_by_name["IdentityService"].methods
    }
    async with AsyncExitStack() as stack:
        callers = {
            role: await stack.enter_async_context(room.as_staff(grant)) for role, grant in ROLES.items()
        } | {"portal": room.portal, "operator": room.operator}
        about = (await room.register()).id
        found: dict[str, set[str]] = {}
        for method in ALLOWED:
            found[method] = set()
            for name, stub in callers.items():
                if not await denied(stub, method, requests(about)[method]):
                    found[method].add(name)
    assert found == ALLOWED


async def test_a_refused_command_changes_nothing(room: Staffroom) -> None:
    """After every refusal the person is as they were, and no unit or person was added."""
    about = await room.register(ROLES["editor"], organ=CZJ)
    before = await room.operator.ListStaff(pb.ListStaffRequest(organ=CZJ))
    async with room.as_staff(ROLES["inspector"]) as inspector:
        for method in ALLOWED.keys() - {"LogOut", "ChangePassword", "NameStaff", "ListUnits"}:
            assert await denied(inspector, method, requests(about.id, organ=CZJ)[method]), method
    assert await room.operator.ListStaff(pb.ListStaffRequest(organ=CZJ)) == before
    await room.log_in(about.login)


async def test_an_administrator_reaches_the_division_and_what_lies_below(room: Staffroom) -> None:
    """Own county and its townships: yes. Another county, the city: refused, for every method that manages."""
    methods = ("ListStaff", "RegisterUnit", "RegisterStaff", "ChangeGrants", "ResetPassword", "DisableStaff")
    async with room.as_staff(ROLES["administrator"]) as administrator:
        for organ, reached in ((MZJ, True), (CZJ, True), (ZHEN, True), (SIXIAN, False)):
            about = (await room.register(organ=organ)).id
            for method in methods:
                request = requests(about, organ=organ)[method]
                assert await denied(administrator, method, request) is not reached, (organ, method)
        for division, reached in ((COUNTY, True), (TOWN, True), (OTHER_COUNTY, False), (CITY, False)):
            request = requests("", division=division)["ListStaff"]
            assert await denied(administrator, "ListStaff", request) is not reached, division


async def test_an_administrator_of_one_organ_reaches_that_organ(room: Staffroom) -> None:
    """A role at an organ gives nothing over its division."""
    async with room.as_staff(pb.Grant(role="administrator", organ=MZJ)) as administrator:

        async def may_grant(grant: pb.Grant) -> bool:
            staff = pb.Staff(login=login(), name="某人", organ=MZJ, grants=[grant])
            request = pb.RegisterStaffRequest(command_id=new_id(), staff=staff)
            return not await denied(administrator, "RegisterStaff", request)

        assert await may_grant(pb.Grant(role="administrator", organ=MZJ))
        assert not await may_grant(pb.Grant(role="editor", organ=CZJ))
        assert not await may_grant(pb.Grant(role="inspector", division=COUNTY))
        listed = await administrator.ListStaff(pb.ListStaffRequest(page_size=500))
        assert {staff.organ for staff in listed.staff} == {MZJ}


async def test_nobody_grants_more_than_they_reach(room: Staffroom) -> None:
    """Roles may be given and taken within the county; above and beside it neither given nor taken away."""
    above = pb.Grant(role="inspector", division=CITY)
    about = await room.register(ROLES["editor"], above)
    async with room.as_staff(ROLES["administrator"]) as administrator:

        async def grants(*wanted: pb.Grant) -> bool:
            request = pb.ChangeGrantsRequest(command_id=new_id(), staff=about.id, grants=wanted)
            return not await denied(administrator, "ChangeGrants", request)

        assert await grants(above, ROLES["clerk"], ROLES["administrator"])
        assert not await grants(ROLES["clerk"])  # would take what the city gave
        assert not await grants(above, pb.Grant(role="administrator", division=CITY))
        assert not await grants(above, pb.Grant(role="clerk", organ=SIXIAN))
        assert await grants(above)


async def test_nobody_takes_over_the_account_of_somebody_above(room: Staffroom) -> None:
    """The city's administrator sits in the county: its administrator can neither reset their password nor disable them."""
    city = await room.register(pb.Grant(role="administrator", division=CITY))
    async with room.as_staff(ROLES["administrator"]) as administrator:
        for method in ("ResetPassword", "DisableStaff"):
            assert await denied(administrator, method, requests(city.id)[method])
        made = await administrator.RegisterStaff(
            pb.RegisterStaffRequest(
                command_id=new_id(), staff=pb.Staff(login=login(), name="某人", organ=MZJ), password="chosen for them"
            )
        )  # fmt: skip
    assert (await room.log_in(made.staff.login, "chosen for them")).must_change_password
    await room.log_in(city.login)


async def test_nobody_disables_themselves(room: Staffroom) -> None:
    """The last administrator cannot lock the door from outside."""
    staff = await room.register(ROLES["administrator"])
    session = (await room.log_in(staff.login)).session
    async with room.speaking((await room.open(session, "catalog")).tokens["catalog"]) as own:
        assert await denied(own, "DisableStaff", requests(staff.id)["DisableStaff"])
        assert not await denied(own, "ResetPassword", requests(staff.id)["ResetPassword"])


async def test_the_log_says_who_commanded_as_their_token_says(room: Staffroom) -> None:
    """An actor that one of the staff names for themselves is not believed."""
    admin = await room.register(ROLES["administrator"])
    session = (await room.log_in(admin.login)).session
    about = await room.register()
    async with room.speaking((await room.open(session, "catalog")).tokens["catalog"]) as own:
        await own.ChangeGrants(
            pb.ChangeGrantsRequest(
                command_id=new_id(), staff=about.id, grants=[ROLES["clerk"]], actor="operator"
            )
        )
    office = room.desk.office
    async with office.engine.connect() as conn:
        history = await office.store.load(conn, f"staff:{about.id}")
    assert [event.actor for event in history] == ["operator", f"staff:{admin.id}"]
