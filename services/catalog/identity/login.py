"""From a password to a session, and from a session to tokens.

A wrong password, an unknown login and a disabled account are answered alike and take the same work. Nothing here is
logged but that it happened, and to which opaque id.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason, Refusal
from gongkai.security import passwords
from gongkai.security.access import ACCESS, STAFF
from gongkai.security.throttle import Throttled
from gongkai.security.tokens import STAFF_ISSUER, issue_staff
from gongkai.serving.errors import InvalidRequest, Unauthenticated
from services.catalog.domain.staff import LOGIN as LOGIN_FORM
from services.catalog.handlers import Order, repeat
from services.catalog.identity import credentials, sessions
from services.catalog.identity.commands import change_own_password
from services.catalog.identity.desk import BY_CLIENT, BY_LOGIN, CLIENT, LOGIN, Desk
from services.catalog.views import people
from services.catalog.views.people import Person

AUDIENCES: Final = frozenset(method.split(".")[2] for method, who in ACCESS.items() if STAFF in who)
"""The services with a method for staff; there is a token for no other."""

WRONG: Final = Reason("login.wrong", "登录名或密码不正确，请核对后重新输入；忘记密码请联系管理员重置。")
THROTTLED: Final = "login.throttled"
ENDED: Final = Reason("session.ended", "登录已过期或已在别处退出，请重新登录。")
WRONG_OLD: Final = Reason("password.wrong", "原密码不正确，请重新输入。", "old_password")
SAME: Final = Reason("password.same", "新密码不能与原密码相同，请换一个。", "new_password")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session just opened."""

    secret: str
    person: Person
    ends_at: datetime
    must_change: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A session in use, with the tokens asked for."""

    person: Person
    tokens: dict[str, str]
    ends_at: datetime
    must_change: bool


async def log_in(desk: Desk, login: str, password: str, client: str) -> LoggedIn:
    """Open a session for whoever knows the password.

    Raises:
        Unauthenticated: ``login.wrong``.
        Throttled: ``login.throttled``: too many wrong ones for this login or from this client.
        Unavailable: too many logins at once; nothing was counted.
    """
    login = login.strip().lower()[: passwords.LONGEST]
    with desk.passwords.admitted():
        await _take(desk, login, client)
        staff_id, kept = await _check(desk, login, password)
        if kept is None:
            _log.info("login refused")
            raise Unauthenticated(WRONG)
        opened = await _open(desk, staff_id, kept, password)
    await desk.throttle.forget(LOGIN, login)
    await desk.throttle.give_back(CLIENT, client)
    _log.info("session opened", staff=staff_id)
    return opened


async def open_session(desk: Desk, secret: str, audiences: Collection[str]) -> Opened:
    """Give who a session belongs to, and a token for each service asked for, from their grants as they stand now.

    While the password must be changed there is a token for catalog alone, and it holds no grant.

    Raises:
        Unauthenticated: the session is unknown, has ended, or is of somebody disabled.
        InvalidRequest: a service that serves no staff.
    """
    if unknown := sorted(set(audiences) - AUDIENCES):
        text = f"工作人员不能访问服务 {'、'.join(unknown)}，没有签发令牌。"
        raise InvalidRequest(Reason("audience.unknown", text, "audiences"))
    async with desk.office.engine.begin() as conn:
        session = await sessions.use(conn, secret, desk.clock())
        person = await people.find_person(conn, desk.office.store, session.staff_id) if session else None
    if session is None or person is None or person.row.disabled:
        raise Unauthenticated(ENDED)
    staff = person.as_staff()
    if session.must_change:
        staff, audiences = replace(staff, grants=()), set(audiences) & {STAFF_ISSUER}
    key = desk.signing_key()
    tokens = {
        audience: issue_staff(key, staff=staff, audience=audience, clock=desk.clock, ids=desk.ids)
        for audience in audiences
    }
    return Opened(person, tokens, session.ends_at, session.must_change)


async def log_out(desk: Desk, secret: str) -> None:
    """End a session; one that is unknown is ended already."""
    async with desk.office.engine.begin() as conn:
        await sessions.end(conn, secret)


async def change_password(desk: Desk, order: Order, staff_id: str, old: str, new: str, secret: str) -> None:
    """Put somebody's own new password in place of the old one; their other sessions end, that of ``secret`` goes on.

    Raises:
        Refusal: the old one is wrong, or the new one keeps not every rule.
        Throttled: too many wrong old ones.
    """
    mark = desk.mark("ChangePassword", order.actor, {"old": old, "new": new})
    async with desk.office.engine.connect() as conn:
        known = (await desk.office.ledger.find(conn, [order.command_id])).get(order.command_id)
        login = await people.login_of(conn, staff_id)
    if known is not None:
        repeat(known, mark)
        return
    with desk.passwords.admitted():
        await _take(desk, login, "")
        _, kept = await _check(desk, login, old)
    reasons = [] if kept is not None else [WRONG_OLD]
    if kept is not None and old == new:
        reasons.append(SAME)
    reasons += (replace(fault, field="new_password") for fault in passwords.faults(new, login))
    if kept is not None:
        await desk.throttle.forget(LOGIN, login)
    if kept is None or reasons:
        raise Refusal(*reasons)
    fresh = await desk.passwords.hash(new)

    async def beside(conn: AsyncConnection) -> None:
        if not await credentials.holds_still(conn, staff_id, kept):
            raise Refusal(WRONG_OLD)
        await credentials.write(conn, staff_id, fresh, desk.clock(), must_change=False)
        await sessions.end_all(conn, staff_id, but=secret)

    await change_own_password(desk, order, staff_id, mark, beside)


async def _open(desk: Desk, staff_id: str, kept: str, password: str) -> LoggedIn:
    fresh = await desk.passwords.hash(password) if desk.passwords.is_dated(kept) else ""
    secret = desk.make_secret()
    async with desk.office.engine.begin() as conn:
        if not await credentials.holds_still(conn, staff_id, kept):
            raise Unauthenticated(WRONG)
        if fresh:
            await credentials.refresh(conn, staff_id, fresh)
        ends_at = await sessions.begin(conn, staff_id, secret, desk.clock())
        session = await sessions.use(conn, secret, desk.clock())
        person = await people.find_person(conn, desk.office.store, staff_id)
    assert person is not None, "whoever has a password was registered"
    assert session is not None, "it was begun in this transaction"
    return LoggedIn(secret, person, ends_at, session.must_change)


async def _check(desk: Desk, login: str, password: str) -> tuple[str, str | None]:
    """Give whose login it is and their hash; no hash where login and password do not belong together."""
    async with desk.office.engine.connect() as conn:
        row = await people.find_login(conn, login) if LOGIN_FORM.match(login) else None
        kept = await credentials.find(conn, row.id) if row is not None and not row.disabled else None
    if len(password) > passwords.LONGEST:
        password, kept = "", None
    right = await desk.passwords.verify(kept, password)
    return ("" if row is None else row.id), (kept if right else None)


async def _take(desk: Desk, login: str, client: str) -> None:
    try:
        if client:
            await desk.throttle.take(CLIENT, client, BY_CLIENT)
        await desk.throttle.take(LOGIN, login, BY_LOGIN)
    except Throttled as refused:
        _log.info("login throttled")
        raise Throttled(refused.seconds, THROTTLED) from None
