"""Staff: who works at which organ, under which login, and which roles they hold where.

A name and a post are personal data: sealed per person in the log, written once, and absent from every other event.
Logins are not sealed: whoever is registered is told to choose one that says nobody's name. A password is in no event
at all (see ``services.catalog.identity.credentials``); that it was changed is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.personal import Erased, Personal
from gongkai.refusal import Reason
from gongkai.security.permissions import ROLE_NAMES, Grant, Role
from services.catalog.domain.checks import blank, refuse_if_any

LOGIN: Final = re.compile(r"^(?=.{3,40}$)[a-z][a-z0-9]*([._-][a-z0-9]+)*$")
LONGEST_TEXT: Final = 100
_PERSON: Final = Personal(subject_field="staff_id")


class Held(BaseModel):
    """A role at one organ, or at a division and everything below it."""

    model_config = ConfigDict(frozen=True)

    role: Role
    organ: str = ""
    division: str = ""
    """12 digits."""

    def as_grant(self) -> Grant:
        """The same, as permissions are decided by."""
        return Grant(self.role, self.organ, self.division)


class StaffFacts(DomainEvent):
    """What every event of a person carries: what is public within the office, as it stands after the event."""

    staff_id: str
    """Opaque; the subject their name is sealed for."""
    login: str
    organ: str
    unit: str = ""
    """Code of a unit of the organ; empty for none."""
    grants: tuple[Held, ...] = ()
    disabled: bool = False


class StaffRegistered(StaffFacts):
    """Somebody was registered."""

    NAME: ClassVar[str] = "staff.registered"

    name: Annotated[str | Erased, _PERSON]
    post: Annotated[str | Erased, _PERSON]


class GrantsChanged(StaffFacts):
    """Somebody's roles are others now."""

    NAME: ClassVar[str] = "staff.grants_changed"


class PasswordChanged(StaffFacts):
    """Somebody's password is another one now; the fact only."""

    NAME: ClassVar[str] = "staff.password_changed"

    by: str
    """``self``, or ``reset`` where an administrator had one made."""


class StaffDisabled(StaffFacts):
    """Somebody may log in no more, for ever; their roles stay in the log as history."""

    NAME: ClassVar[str] = "staff.disabled"

    reason: str


class StaffErased(StaffFacts):
    """Somebody's name and post can be read no more, anywhere: their key was destroyed with this event."""

    NAME: ClassVar[str] = "staff.erased"

    reason: str


StaffEvent = StaffRegistered | GrantsChanged | PasswordChanged | StaffDisabled | StaffErased


@dataclass(frozen=True, slots=True)
class RegisterStaff:
    """Register somebody."""

    staff_id: str
    login: str
    name: str = field(repr=False)
    post: str = field(repr=False)
    organ: str
    unit: str
    grants: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class ChangeGrants:
    """Give somebody these roles in place of those they hold."""

    staff_id: str
    grants: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Put another password in place."""

    staff_id: str
    by: str
    """``self`` or ``reset``."""


@dataclass(frozen=True, slots=True)
class DisableStaff:
    """Let somebody log in no more."""

    staff_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class EraseStaff:
    """Destroy the key of somebody's name and post."""

    staff_id: str
    reason: str


StaffCommand = RegisterStaff | ChangeGrants | ChangePassword | DisableStaff | EraseStaff


@dataclass(frozen=True, slots=True)
class Member:
    """A registered person."""

    facts: StaffFacts
    """As the last event left them."""
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """What the rest of the registry says about what a command names."""

    login_taken: bool = False
    organs: frozenset[str] = frozenset()
    """Of those the command names, the organs that are registered."""
    divisions: frozenset[str] = frozenset()
    unit_known: bool = True
    password: tuple[Reason, ...] = ()
    """What is wrong with the password that comes with the command."""


def decide(state: Member | None, command: StaffCommand, registry: Registry) -> list[StaffEvent]:
    """Decide on one command; refuses with every reason at once. An unknown person is the caller's to refuse."""
    if isinstance(command, RegisterStaff):
        assert state is None, "ids of new people are made for them"
        refuse_if_any(_registration(command, registry))
        return [_registered(command)]
    assert state is not None, "an unknown person was refused before"
    facts = state.facts.model_dump(include=set(StaffFacts.model_fields))
    match command:
        case ChangeGrants():
            refuse_if_any(_changing(state, registry, command.grants))
            wanted = _once_each(command.grants)
            if set(wanted) == set(state.facts.grants):
                return []
            return [GrantsChanged.model_validate(facts | {"grants": wanted})]
        case ChangePassword():
            refuse_if_any(_changing(state, registry, ()))
            return [PasswordChanged.model_validate(facts | {"by": command.by})]
        case DisableStaff():
            refuse_if_any(_disabling(state, command))
            return [StaffDisabled.model_validate(facts | {"disabled": True, "reason": command.reason})]
        case EraseStaff():
            refuse_if_any(_erasing(state, command))
            return [StaffErased.model_validate(facts | {"reason": command.reason})]


def evolve(state: Member | None, event: StaffEvent) -> Member:
    """Apply one event."""
    facts = StaffFacts.model_validate(event.model_dump(include=set(StaffFacts.model_fields)))
    if state is None:
        return Member(facts)
    return replace(state, facts=facts, erased=state.erased or isinstance(event, StaffErased))


def _registered(command: RegisterStaff) -> StaffRegistered:
    return StaffRegistered(
        staff_id=command.staff_id,
        login=command.login,
        organ=command.organ,
        unit=command.unit,
        grants=_once_each(command.grants),
        name=command.name.strip(),
        post=command.post.strip(),
    )


def _once_each(grants: tuple[Held, ...]) -> tuple[Held, ...]:
    return tuple(dict.fromkeys(grants))


def _registration(command: RegisterStaff, registry: Registry) -> Iterator[Reason]:
    if not LOGIN.match(command.login):
        text = (
            "登录名应为 3 至 40 位小写字母和数字，以字母开头，中间可用点、下划线或连字符；请勿使用姓名拼音。"
        )
        yield Reason("login.malformed", text, "login")
    elif registry.login_taken:
        yield Reason("login.taken", "该登录名已被使用，请另取一个。", "login")
    if blank(command.name):
        yield Reason("name.missing", "请填写姓名。", "name")
    for label, name, text in (("姓名", "name", command.name), ("职务", "post", command.post)):
        if len(text) > LONGEST_TEXT:
            yield Reason(f"{name}.long", f"{label}最多 {LONGEST_TEXT} 个字。", name)
    if command.organ not in registry.organs:
        yield Reason("organ.unknown", f"机关 {command.organ or '（空）'} 没有登记，请先登记。", "organ")
    elif command.unit and not registry.unit_known:
        yield Reason("unit.unknown", f"该机关没有登记内设机构 {command.unit}，请先登记。", "unit")
    yield from _grants(command.grants, registry)
    yield from registry.password


def _grants(grants: tuple[Held, ...], registry: Registry) -> Iterator[Reason]:
    for number, held in enumerate(grants):
        at, role = f"grants[{number}]", ROLE_NAMES[held.role]
        if bool(held.organ) == bool(held.division):
            yield Reason("grant.place", f"角色“{role}”应指明一个机关或一个区划，二者择一。", at)
        elif held.organ and held.organ not in registry.organs:
            yield Reason("grant.organ.unknown", f"角色“{role}”所在的机关 {held.organ} 没有登记。", at)
        elif held.division and held.division not in registry.divisions:
            yield Reason("grant.division.unknown", f"角色“{role}”所在的区划 {held.division} 没有登记。", at)


def _changing(state: Member, registry: Registry, grants: tuple[Held, ...]) -> Iterator[Reason]:
    if state.facts.disabled:
        yield Reason("staff.disabled", "该账号已停用，不能再变更；确需恢复工作的，请重新登记。", "staff")
    yield from _grants(grants, registry)
    yield from registry.password


def _disabling(state: Member, command: DisableStaff) -> Iterator[Reason]:
    if state.facts.disabled:
        yield Reason("staff.disabled", "该账号此前已经停用，无需再次停用。", "staff")
    if blank(command.reason):
        yield Reason("reason.missing", "请写明停用原因（不要写个人信息）。", "reason")


def _erasing(state: Member, command: EraseStaff) -> Iterator[Reason]:
    if not state.facts.disabled:
        yield Reason("staff.active", "该账号仍在使用，请先停用再删除姓名。", "staff")
    if state.erased:
        yield Reason("staff.erased", "该人员的姓名、职务此前已经删除。", "staff")
    if blank(command.reason):
        yield Reason("reason.missing", "请写明删除原因（不要写个人信息）。", "reason")
