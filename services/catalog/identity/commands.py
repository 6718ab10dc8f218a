"""One function a command on staff and units; each done once, in one transaction with what lies beside the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from functools import reduce
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.store import StreamWrite
from gongkai.refusal import Reason
from gongkai.security import passwords
from gongkai.security.permissions import Staff
from gongkai.serving.errors import NotFound
from services.catalog.domain import staff, units
from services.catalog.domain.staff import (
    ChangeGrants,
    ChangePassword,
    DisableStaff,
    EraseStaff,
    Held,
    Member,
    RegisterStaff,
    StaffCommand,
)
from services.catalog.domain.units import RegisterUnit
from services.catalog.handlers import Decision, Order, carry_out
from services.catalog.identity import credentials, sessions
from services.catalog.identity.authority import Reach
from services.catalog.identity.desk import LOGIN, Desk
from services.catalog.views import people, tables

Beside = Callable[[AsyncConnection], Awaitable[None]]
"""Writes what lies beside the log, in the command's transaction."""

UNKNOWN: Final = Reason("staff.unknown", "没有这位工作人员，请核对编号。", "staff")


async def register_unit(desk: Desk, order: Order, by: Staff | None, command: RegisterUnit) -> None:
    """Enter a unit of an organ."""
    stream = f"unit:{command.organ}:{command.code}"

    async def decide(conn: AsyncConnection) -> Decision:
        divisions = await _organs(conn, [command.organ])
        Reach(by, divisions).require(command.organ)
        history = await desk.office.store.load(conn, stream)
        state = reduce(units.evolve, (stored.data for stored in history), None)  # type: ignore[arg-type]  # the stream's own events
        events = units.decide(state, command, organ_known=command.organ in divisions)
        return Decision([StreamWrite(stream, len(history), events)], {})

    await carry_out(desk.office, order, desk.mark("RegisterUnit", order.actor, asdict(command)), decide)


async def register_staff(
    desk: Desk, order: Order, by: Staff | None, command: RegisterStaff, password: str
) -> tuple[str, str]:
    """Register somebody.

    A password that was made, or that an administrator gave, must be changed at the first login; one the operator
    gave need not.

    Returns:
        The person's id, and the password that was made where none was given. It is kept nowhere: to a repeated
        command an empty one is returned.
    """
    async with (
        desk.office.engine.connect() as conn
    ):  # before the costly hash: whoever may not, causes no work
        Reach(by, await _organs(conn, _named(command))).require(command.organ, command.grants)
    made = "" if password else desk.make_password()
    faults = tuple(passwords.faults(password, command.login)) if password else ()
    kept = await desk.passwords.hash(made or password[: passwords.LONGEST])

    async def beside(conn: AsyncConnection) -> None:
        must_change = bool(made) or by is not None
        await credentials.write(conn, command.staff_id, kept, desk.clock(), must_change=must_change)

    async def decide(conn: AsyncConnection) -> Decision:
        events = staff.decide(None, command, await _registry(conn, command, faults))
        write = StreamWrite(f"staff:{command.staff_id}", 0, events)
        return Decision([write], {"staff_id": command.staff_id}, beside)

    asked = asdict(command) | {"staff_id": "", "grants": _plain(command.grants), "password": password}
    mark = desk.mark("RegisterStaff", order.actor, asked)
    staff_id: str = (await carry_out(desk.office, order, mark, decide))["staff_id"]
    return staff_id, made if staff_id == command.staff_id else ""


async def change_grants(desk: Desk, order: Order, by: Staff | None, command: ChangeGrants) -> None:
    """Replace somebody's roles; those given and those taken must be within the commander's reach."""
    asked = {"staff": command.staff_id, "grants": _plain(command.grants)}
    await _change(desk, order, by, command, desk.mark("ChangeGrants", order.actor, asked))


async def reset_password(desk: Desk, order: Order, by: Staff | None, staff_id: str) -> str:
    """Have a password made in place of somebody's own, and end their sessions.

    Returns:
        The password, to be changed at the first login; empty to a repeated command.
    """
    made = desk.make_password()
    kept = await desk.passwords.hash(made)
    login = ""

    async def beside(conn: AsyncConnection) -> None:
        nonlocal login
        await credentials.write(conn, staff_id, kept, desk.clock(), must_change=True)
        await sessions.end_all(conn, staff_id)
        login = await people.login_of(conn, staff_id)

    mark = desk.mark("ResetPassword", order.actor, {"staff": staff_id})
    await _change(desk, order, by, ChangePassword(staff_id, "reset"), mark, beside)
    if login:  # whoever guessed at the old one must not keep its owner out of the new one
        await desk.throttle.forget(LOGIN, login)
    return made if login else ""


async def change_own_password(desk: Desk, order: Order, staff_id: str, mark: bytes, beside: Beside) -> None:
    """Note that somebody has changed their own password; ``beside`` changes it."""
    await _change(desk, order, None, ChangePassword(staff_id, "self"), mark, beside)


async def disable_staff(desk: Desk, order: Order, by: Staff | None, command: DisableStaff) -> None:
    """Let somebody log in no more: their password goes, their sessions end, and no token is issued again."""
    Reach(by, {}).require_other(command.staff_id)

    async def beside(conn: AsyncConnection) -> None:
        await credentials.remove(conn, command.staff_id)
        await sessions.end_all(conn, command.staff_id)

    mark = desk.mark("DisableStaff", order.actor, asdict(command))
    await _change(desk, order, by, command, mark, beside)


async def erase_staff(desk: Desk, order: Order, command: EraseStaff) -> None:
    """Destroy the key of somebody's name and post."""

    async def beside(conn: AsyncConnection) -> None:
        await desk.vault.erase(conn, command.staff_id, reason=command.reason)

    await _change(desk, order, None, command, desk.mark("EraseStaff", order.actor, asdict(command)), beside)


async def _change(
    desk: Desk,
    order: Order,
    by: Staff | None,
    command: ChangeGrants | ChangePassword | DisableStaff | EraseStaff,
    mark: bytes,
    beside: Beside | None = None,
) -> None:
    stream = f"staff:{command.staff_id}"

    async def decide(conn: AsyncConnection) -> Decision:
        history = await desk.office.store.load(conn, stream)
        if not history:
            raise NotFound(UNKNOWN)
        member: Member = reduce(staff.evolve, (stored.data for stored in history), None)  # type: ignore[arg-type, assignment]  # the stream's own events
        touched = _touched(member, command)
        organs = await _organs(conn, [member.facts.organ, *(held.organ for held in touched)])
        Reach(by, organs).require(member.facts.organ, touched)
        events = staff.decide(member, command, await _registry(conn, command))
        return Decision([StreamWrite(stream, len(history), events)], {}, beside)

    await carry_out(desk.office, order, mark, decide)


def _touched(member: Member, command: StaffCommand) -> set[Held]:
    """The roles a command gives or takes, or all that its person holds."""
    held = set(member.facts.grants)
    return held ^ set(command.grants) if isinstance(command, ChangeGrants) else held


def _named(command: StaffCommand) -> list[str]:
    """The organs a command names."""
    named = (
        [held.organ for held in command.grants] if isinstance(command, RegisterStaff | ChangeGrants) else []
    )
    return [*named, command.organ] if isinstance(command, RegisterStaff) else named


def _plain(grants: Iterable[Held]) -> list[dict[str, str]]:
    return [held.model_dump(mode="json") for held in grants]


async def _organs(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, str]:
    """Organ code → division, of those that are registered."""
    organ = tables.organ.c
    found = await conn.execute(select(organ.code, organ.division).where(organ.code.in_(set(codes))))
    return {row.code: row.division for row in found}


async def _registry(
    conn: AsyncConnection, command: StaffCommand, password: tuple[Reason, ...] = ()
) -> staff.Registry:
    if not isinstance(command, RegisterStaff | ChangeGrants):
        return staff.Registry()
    organs = frozenset(await _organs(conn, _named(command)))
    wanted = {held.division for held in command.grants}
    known = select(tables.division.c.code).where(tables.division.c.code.in_(wanted))
    divisions = frozenset((await conn.execute(known)).scalars())
    if isinstance(command, ChangeGrants):
        return staff.Registry(organs=organs, divisions=divisions)
    taken = await people.find_login(conn, command.login) is not None
    unit = {row.code for row in await people.list_units(conn, command.organ)} if command.unit else {""}
    return staff.Registry(taken, organs, divisions, command.unit in unit, password)
