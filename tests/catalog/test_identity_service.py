"""Logging in, sessions, tokens and commands on staff, over real gRPC on a real database."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable
from datetime import timedelta

import grpc
import jwt
import pytest
import structlog
from sqlalchemy import text

from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.security.permissions import Grant, Role
from gongkai.security.rotation import retire, rotate
from gongkai.security.throttle import Limit
from gongkai.security.tokens import TokenRefused, Verifier
from gongkai.serving.clock import utc_now
from gongkai.serving.errors import reasons_of
from gongkai.serving.rebuilding import Difference, rebuild
from services.catalog.identity import login
from services.catalog.identity.sessions import IDLE, WHOLE
from services.catalog.views.rebuild import views_of
from tests.catalog.staffroom import COUNTY, MZJ, PASSWORD, Staffroom

EDITOR = pb.Grant(role="editor", organ=MZJ)
CLERK = pb.Grant(role="clerk", organ=MZJ)
WRONG = (grpc.StatusCode.UNAUTHENTICATED, ["login.wrong"])
ENDED = (grpc.StatusCode.UNAUTHENTICATED, ["session.ended"])
NEW = "another long password"


def new_id() -> str:
    return str(uuid.uuid4())


async def refused(asking: Awaitable[object]) -> tuple[grpc.StatusCode, list[str]]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await asking
    return error.value.code(), [reason.code for reason in reasons_of(error.value)]


async def test_somebody_new_chooses_a_password_before_anything_else(room: Staffroom) -> None:
    """A made password opens a session with a token for catalog alone, without a role, until it is changed."""
    staff = pb.Staff(login="xinren", name="新人", post="科员", organ=MZJ, grants=[EDITOR])
    request = pb.RegisterStaffRequest(command_id=new_id(), actor="operator", staff=staff)
    registered = await room.operator.RegisterStaff(request)
    first = await room.log_in("XinRen ", registered.password)
    elsewhere = await room.log_in("xinren", registered.password)
    opened = await room.open(first.session, "catalog", "publishing")

    assert (first.must_change_password, opened.must_change_password) == (True, True)
    assert list(opened.tokens) == ["catalog"]
    bearer = await Verifier("catalog", room.keys).verify(opened.tokens["catalog"])
    assert bearer.staff is not None
    assert (bearer.staff.name, bearer.staff.grants) == ("新人", ())

    async with room.speaking(opened.tokens["catalog"]) as own:
        change = pb.ChangePasswordRequest(
            command_id=new_id(), old_password=registered.password, new_password=NEW, session=first.session
        )
        await own.ChangePassword(change)
        await own.ChangePassword(change)  # sent once more: done once, answered the same

    assert await refused(room.open(elsewhere.session, "catalog")) == ENDED
    assert await refused(room.log_in("xinren", registered.password)) == WRONG
    opened = await room.open(first.session, "catalog", "publishing")
    assert (opened.must_change_password, sorted(opened.tokens)) == (False, ["catalog", "publishing"])
    bearer = await Verifier("publishing", room.keys).verify(opened.tokens["publishing"])
    assert bearer.staff is not None
    assert bearer.staff.grants == (Grant(Role.EDITOR, MZJ),)
    with pytest.raises(TokenRefused):
        await Verifier("publishing", room.keys).verify(opened.tokens["catalog"])


async def test_a_poor_new_password_is_refused_with_every_reason(room: Staffroom) -> None:
    """A wrong old password, one too short and one like the login are all told."""
    staff = await room.register(login="zhangsan")
    session = (await room.log_in("zhangsan")).session
    async with room.speaking((await room.open(session, "catalog")).tokens["catalog"]) as own:

        async def change(old: str, new: str) -> tuple[grpc.StatusCode, list[str]]:
            return await refused(
                own.ChangePassword(
                    pb.ChangePasswordRequest(
                        command_id=new_id(), old_password=old, new_password=new, session=session
                    )
                )
            )

        assert await change("wrong", "zhangsan") == (
            grpc.StatusCode.FAILED_PRECONDITION,
            ["password.wrong", "password.short", "password.login"],
        )
        assert (await change(PASSWORD, PASSWORD))[1] == ["password.same"]
    assert (await room.log_in("zhangsan")).staff == staff


async def test_wrong_unknown_and_disabled_are_answered_alike(room: Staffroom) -> None:
    """Nobody learns from the answer whether a login exists."""
    staff = await room.register()
    gone = await room.register()
    disable = pb.DisableStaffRequest(command_id=new_id(), staff=gone.id, reason="调离", actor="operator")
    assert (await room.operator.DisableStaff(disable)).staff.disabled

    assert await refused(room.log_in(staff.login, "wrong")) == WRONG
    assert await refused(room.log_in("nobody", "wrong")) == WRONG
    assert await refused(room.log_in(gone.login)) == WRONG
    assert await refused(room.log_in("a\0b' OR 1=1 --", "\0")) == WRONG
    assert await refused(room.log_in(staff.login, "x" * 100_000)) == WRONG


async def test_guessing_at_a_login_is_slowed_down_and_others_are_not_hurt(room: Staffroom) -> None:
    """Ten wrong passwords close a login for a quarter of an hour, even to the right one; other people log in."""
    staff, other = await room.register(), await room.register()
    answers = await asyncio.gather(
        *(refused(room.log_in(staff.login, f"guess {n}", f"198.51.100.{n}")) for n in range(15))
    )

    throttled = (grpc.StatusCode.RESOURCE_EXHAUSTED, ["login.throttled"])
    assert sorted(answers, key=str) == sorted([WRONG] * 10 + [throttled] * 5, key=str)
    assert await refused(room.log_in(staff.login)) == throttled
    await room.log_in(other.login)
    room.later = timedelta(minutes=16)
    await room.log_in(staff.login)


async def test_guessing_from_one_address_is_slowed_down_and_success_is_no_guess(
    room: Staffroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An office that logs in all day is not slowed down; an address that tries one login after another is."""
    monkeypatch.setattr(login, "BY_CLIENT", Limit(5, timedelta(minutes=15)))
    staff = await room.register()
    for _ in range(7):
        await room.log_in(staff.login, client="203.0.113.9")
    tries = [await refused(room.log_in(f"guess{n}", "x", "203.0.113.9")) for n in range(6)]
    assert tries[:5] == [WRONG] * 5
    assert tries[5][1] == ["login.throttled"]
    await room.log_in(staff.login, client="203.0.113.10")


async def test_a_session_ends_idle_or_old_or_by_its_owner(room: Staffroom) -> None:
    """Half an hour without use, ten hours whatever its use, or a logout: after that its secret opens nothing."""
    staff = await room.register()
    idle, used, left = [(await room.log_in(staff.login)).session for _ in range(3)]
    assert len({idle, used, left}) == 3
    assert all(len(secret) == 43 for secret in (idle, used, left))
    await room.portal.LogOut(pb.LogOutRequest(session=left))
    assert await refused(room.open(left, "catalog")) == ENDED

    while room.later < WHOLE - IDLE:
        room.later += IDLE - timedelta(minutes=2)
        await room.open(used)
    assert await refused(room.open(idle, "catalog")) == ENDED
    room.later = WHOLE + timedelta(seconds=1)
    assert await refused(room.open(used, "catalog")) == ENDED
    assert await refused(room.open("", "catalog")) == ENDED


async def test_tokens_are_for_services_that_serve_staff(room: Staffroom) -> None:
    """A token is made for the audiences asked for, and for none that has no method for staff."""
    staff = await room.register()
    session = (await room.log_in(staff.login)).session
    assert not (await room.open(session)).tokens
    assert await refused(room.open(session, "catalog", "postgres")) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        ["audience.unknown"],
    )


async def test_roles_and_disabling_take_effect_at_the_next_opening(room: Staffroom) -> None:
    """A token says what its bearer holds now; somebody disabled gets none, and their sessions are gone."""
    staff = await room.register(EDITOR)
    session = (await room.log_in(staff.login)).session
    change = pb.ChangeGrantsRequest(command_id=new_id(), staff=staff.id, grants=[CLERK], actor="operator")
    assert list((await room.operator.ChangeGrants(change)).staff.grants) == [CLERK]
    assert list((await room.open(session, "requests")).staff.grants) == [CLERK]

    disable = pb.DisableStaffRequest(command_id=new_id(), staff=staff.id, reason="调离", actor="operator")
    await room.operator.DisableStaff(disable)
    assert await refused(room.open(session, "requests")) == ENDED
    assert await refused(room.operator.ChangeGrants(pb.ChangeGrantsRequest(
        command_id=new_id(), staff=staff.id, grants=[EDITOR], actor="operator"
    ))) == (grpc.StatusCode.FAILED_PRECONDITION, ["staff.disabled"])  # fmt: skip


async def test_no_session_outlives_a_disabling_that_it_raced_with(room: Staffroom) -> None:
    """Whoever logs in while they are being disabled is either refused or logged out by it."""
    for _ in range(5):
        staff = await room.register()
        disable = pb.DisableStaffRequest(command_id=new_id(), staff=staff.id, reason="调离", actor="operator")
        await asyncio.gather(
            *(room.log_in(staff.login) for _ in range(3)), room.operator.DisableStaff(disable), return_exceptions=True
        )  # fmt: skip
        async with room.desk.office.engine.connect() as conn:
            left = await conn.execute(
                text("SELECT count(*) FROM session WHERE staff_id = :id"), {"id": staff.id}
            )
            assert left.scalar_one() == 0


async def test_a_reset_password_is_shown_once_and_must_be_changed(room: Staffroom) -> None:
    """Sessions end, the old password is no more, a closed login opens, and repeating the command shows nothing."""
    staff = await room.register()
    session = (await room.log_in(staff.login)).session
    for _ in range(10):
        await refused(room.log_in(staff.login, "guess"))
    request = pb.ResetPasswordRequest(command_id=new_id(), staff=staff.id, actor="operator")
    made = (await room.operator.ResetPassword(request)).password

    assert (await room.operator.ResetPassword(request)).password == ""
    assert await refused(room.open(session, "catalog")) == ENDED
    assert await refused(room.log_in(staff.login)) == WRONG
    assert (await room.log_in(staff.login, made)).must_change_password


async def test_a_repeated_registration_is_done_once(room: Staffroom) -> None:
    """The same command again names the same person and shows no password; with another content it is refused."""
    staff = pb.Staff(login="chongfu", name="某人", organ=MZJ)
    request = pb.RegisterStaffRequest(command_id=new_id(), actor="operator", staff=staff)
    first, again = await room.operator.RegisterStaff(request), await room.operator.RegisterStaff(request)
    assert (first.staff, len(first.password), again.password) == (again.staff, 19, "")

    request.staff.name = "另一人"
    assert (await refused(room.operator.RegisterStaff(request)))[1] == ["command.reused"]
    request.command_id = new_id()
    assert (await refused(room.operator.RegisterStaff(request)))[1] == ["login.taken"]
    request.staff.grants.add(role="king")
    assert (await refused(room.operator.RegisterStaff(request)))[1] == ["grant.role.unknown"]
    unknown = pb.ResetPasswordRequest(command_id=new_id(), staff=new_id(), actor="operator")
    assert await refused(room.operator.ResetPassword(unknown)) == (
        grpc.StatusCode.NOT_FOUND,
        ["staff.unknown"],
    )


async def test_units_are_registered_and_shown_with_their_people(room: Staffroom) -> None:
    """Somebody of a unit is listed with its name; a unit nobody registered is refused."""
    unit = pb.Unit(organ=MZJ, code="bgs", name="办公室")
    for _ in range(2):
        request = pb.RegisterUnitRequest(command_id=new_id(), unit=unit, actor="operator")
        assert (await room.operator.RegisterUnit(request)).unit == unit
    listed = (await room.operator.ListUnits(pb.ListUnitsRequest(organ=MZJ))).units
    assert [one for one in listed if one.code == "bgs"] == [unit]

    staff = pb.Staff(login="bangong", name="某人", organ=MZJ, unit="bgs")
    request = pb.RegisterStaffRequest(command_id=new_id(), actor="operator", staff=staff)
    registered = (await room.operator.RegisterStaff(request)).staff
    assert (registered.organ_name, registered.unit_name) == ("灵璧县民政局", "办公室")
    request.command_id, request.staff.login, request.staff.unit = new_id(), "bangong2", "nobody"
    assert (await refused(room.operator.RegisterStaff(request)))[1] == ["unit.unknown"]


async def test_a_forgotten_name_is_gone_everywhere_and_the_log_still_holds(room: Staffroom) -> None:
    """After an erasure no question gives the name; what the person did stays theirs by an opaque id."""
    staff = await room.register(EDITOR, name="将被遗忘的人", post="某职务")
    other = await room.register(name="留下的人")
    erase = pb.EraseStaffRequest(command_id=new_id(), staff=staff.id, reason="离职满三年", actor="operator")
    assert (await refused(room.operator.EraseStaff(erase)))[1] == ["staff.active"]
    await room.operator.DisableStaff(
        pb.DisableStaffRequest(command_id=new_id(), staff=staff.id, reason="离职", actor="operator")
    )
    erase.command_id = new_id()
    await room.operator.EraseStaff(erase)

    names = (await room.operator.NameStaff(pb.NameStaffRequest(ids=[staff.id, other.id, "nobody"]))).names
    listed = (await room.operator.ListStaff(pb.ListStaffRequest(organ=MZJ, page_size=500))).staff
    assert dict(names) == {other.id: "留下的人"}
    assert [(one.name, one.post) for one in listed if one.id == staff.id] == [("（姓名已删除）", "")]
    async with room.desk.office.engine.connect() as conn:
        assert (await room.desk.office.store.verify(conn)).faults == ()


async def test_nothing_personal_and_no_secret_lies_in_the_database_or_the_log_lines(room: Staffroom) -> None:
    """A search of every table finds neither name, post, password, session nor address; nor do the log lines."""
    with structlog.testing.capture_logs() as lines:
        staff = await room.register(EDITOR, name="张植入", post="植入职务")
        client = "198.51.100.200"
        session = (await room.log_in(staff.login, client=client)).session
        await refused(room.log_in(staff.login, "a wrong guess", client))
        await room.open(session, "catalog")
        await room.operator.ListStaff(pb.ListStaffRequest(division=COUNTY))
    async with room.desk.office.engine.connect() as conn:
        tables = await conn.execute(
            text("SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('public', 'vault')")
        )  # fmt: skip
        dump = ""
        for table in tables.scalars().all():
            dump += "\n".join((await conn.execute(text(f"SELECT t::text FROM {table} t"))).scalars())
    assert staff.id in dump
    assert staff.login in dump
    for secret in ("张植入", "植入职务", PASSWORD, "a wrong guess", session, client):
        assert secret not in dump
        assert secret.encode().hex() not in dump
        assert secret not in str(lines)
    assert staff.login not in str(lines)
    assert any(line.get("staff") == staff.id for line in lines)


async def test_the_views_of_staff_can_be_made_from_the_log(room: Staffroom) -> None:
    """A rebuild finds nothing to mend, and leaves passwords and sessions alone."""
    staff = await room.register(EDITOR)
    session = (await room.log_in(staff.login)).session
    office = room.desk.office
    found = [
        one async for one in rebuild(office.engine, views_of(office.store)) if isinstance(one, Difference)
    ]
    assert found == []
    assert (await room.open(session)).staff == staff


async def test_keys_are_replaced_while_everything_runs(room: Staffroom) -> None:
    """The running portal and catalog sign with their new keys at the next call; nobody is shut out meanwhile."""
    staff = await room.register(EDITOR)
    session = (await room.log_in(staff.login)).session
    before = (await room.open(session, "catalog", "publishing")).tokens
    new_ids = {holder: rotate(room.keys, holder) for holder in ("portal", "catalog", "operator")}

    after = (await room.open(session, "catalog", "publishing")).tokens  # the portal's channel has a new key
    assert {jwt.get_unverified_header(token)["kid"] for token in after.values()} == {new_ids["catalog"]}
    for tokens in (before, after):
        assert (await Verifier("publishing", room.keys).verify(tokens["publishing"])).name == staff.id
        async with room.speaking(tokens["catalog"]) as own:
            assert (await own.NameStaff(pb.NameStaffRequest(ids=[staff.id]))).names
    await room.register()  # the operator's

    for holder in new_ids:
        assert retire(room.keys, holder, utc_now(), at_once=True)
    async with room.speaking(before["catalog"]) as own:
        assert (await refused(own.NameStaff(pb.NameStaffRequest(ids=[staff.id]))))[1] == ["auth.bad-token"]
    assert (await room.open(session)).staff == staff
