"""Organs: who discloses, under which credit code, and with which NATS keys its systems may speak."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Final

from gongkai import uscc
from gongkai.contracts.catalog import FormerName
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import ORGAN_CODE, blank, refuse_if_any

_PUBLIC_USER_KEY: Final = re.compile(r"^U[A-Z2-7]{55}$")


class OrganFacts(DomainEvent):
    """What every event of an organ carries: the organ as it stands after the event.

    A relay maps one event to one contract without reading the rest of the log, and a contract carries its
    whole thing; so does each event here.
    """

    code: str
    name: str
    short_name: str
    division: str
    uscc: str
    credential_keys: tuple[str, ...] = ()
    former_names: tuple[FormerName, ...] = ()
    """The oldest first; the last one may still be borne."""
    ended_on: date | None = None
    """The first legal day on which it is no longer there; it may lie ahead."""
    successor: str = ""
    basis: str = ""
    """The document that the last renaming or the end rests on."""


class OrganRegistered(OrganFacts):
    """An organ entered the registry."""

    NAME: ClassVar[str] = "organ.registered"


class OrganCredentialAdded(OrganFacts):
    """A NATS user key of the organ's systems came into force."""

    NAME: ClassVar[str] = "organ.credential_added"

    public_key: str


class OrganCredentialsRevoked(OrganFacts):
    """Every key of the organ in force was revoked, for ever."""

    NAME: ClassVar[str] = "organ.credentials_revoked"

    revoked_keys: tuple[str, ...]
    reason: str


OrganEvent = OrganFacts


@dataclass(frozen=True, slots=True)
class RegisterOrgan:
    """Enter an organ."""

    code: str
    name: str
    short_name: str
    division: str
    uscc: str


@dataclass(frozen=True, slots=True)
class AddOrganCredential:
    """Bring a public NATS user key into force."""

    organ: str
    public_key: str


@dataclass(frozen=True, slots=True)
class RevokeOrganCredentials:
    """Revoke all keys in force."""

    organ: str
    reason: str


OrganCommand = RegisterOrgan | AddOrganCredential | RevokeOrganCredentials


@dataclass(frozen=True, slots=True)
class Organ:
    """A registered organ."""

    code: str
    name: str
    short_name: str
    division: str
    uscc: str
    keys: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    former_names: tuple[FormerName, ...] = ()
    ended_on: date | None = None
    successor: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """What the rest of the registry says about the division and credit code a command names."""

    division_known: bool
    """It is registered and has no end."""
    uscc_holder: str | None = None
    """Code of the organ that already has this credit code."""


def decide(state: Organ | None, command: OrganCommand, registry: Registry) -> list[OrganEvent]:
    """Decide on one command; refuses with every reason at once."""
    match command:
        case RegisterOrgan():
            refuse_if_any(_registration_reasons(state, command, registry))
            organ = Organ(command.code, command.name, command.short_name, command.division, command.uscc)
            return [OrganRegistered.model_validate(facts_of(organ))]
        case AddOrganCredential():
            refuse_if_any(_credential_reasons(state, command))
            organ = _known(state)
            added = replace(organ, keys=(*organ.keys, command.public_key))
            return [OrganCredentialAdded.model_validate(facts_of(added) | {"public_key": command.public_key})]
        case RevokeOrganCredentials():
            refuse_if_any(_revocation_reasons(state, command))
            organ = _known(state)
            gone = {"revoked_keys": organ.keys, "reason": command.reason}
            return [OrganCredentialsRevoked.model_validate(facts_of(replace(organ, keys=())) | gone)]


def evolve(state: Organ | None, event: OrganEvent) -> Organ | None:
    """Apply one event."""
    revoked = state.revoked if state else ()
    if isinstance(event, OrganCredentialsRevoked):
        revoked = (*revoked, *event.revoked_keys)
    return Organ(
        event.code, event.name, event.short_name, event.division, event.uscc, event.credential_keys, revoked,
        event.former_names, event.ended_on, event.successor, event.basis,
    )  # fmt: skip


def facts_of(organ: Organ) -> dict[str, object]:
    """Give what an event says of the organ."""
    return {
        "code": organ.code,
        "name": organ.name,
        "short_name": organ.short_name,
        "division": organ.division,
        "uscc": organ.uscc,
        "credential_keys": organ.keys,
        "former_names": organ.former_names,
        "ended_on": organ.ended_on,
        "successor": organ.successor,
        "basis": organ.basis,
    }


def _known(state: Organ | None) -> Organ:
    assert state is not None, "an unknown organ was refused before"
    return state


def _registration_reasons(
    state: Organ | None, command: RegisterOrgan, registry: Registry
) -> Iterator[Reason]:
    if state is not None:
        yield Reason("organ.exists", f"机关 {command.code} 已登记（{state.name}），不能重复登记。", "code")
    if not ORGAN_CODE.match(command.code):
        yield Reason(
            "organ.code.malformed",
            "机关代码应为 3 至 40 位小写字母、数字，中间可用单个连字符，例如 341323-mzj。",
            "code",
        )
    if blank(command.name):
        yield Reason("organ.name.missing", "请填写机关名称。", "name")
    if blank(command.short_name):
        yield Reason("organ.short_name.missing", "请填写机关简称。", "short_name")
    if not registry.division_known:
        yield Reason(
            "division.unknown",
            f"区划 {command.division or '（空）'} 没有登记，或已撤并，请核对 12 位区划代码。",
            "division",
        )
    yield from _uscc_reasons(state, command, registry)


def _uscc_reasons(state: Organ | None, command: RegisterOrgan, registry: Registry) -> Iterator[Reason]:
    standard = "GB 32100-2015"
    if not uscc.is_well_formed(command.uscc):
        yield Reason(
            "uscc.malformed",
            "统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z）。",
            "uscc",
            standard,
        )
    elif not uscc.is_valid(command.uscc):
        yield Reason("uscc.check", "统一社会信用代码的校验码不符，请核对是否有误录。", "uscc", standard)
    elif state is None and registry.uscc_holder is not None:
        yield Reason("uscc.taken", f"该统一社会信用代码已属于机关 {registry.uscc_holder}。", "uscc")


def _credential_reasons(state: Organ | None, command: AddOrganCredential) -> Iterator[Reason]:
    if state is None:
        yield Reason("organ.unknown", f"机关 {command.organ or '（空）'} 没有登记，请先登记。", "organ")
    if not _PUBLIC_USER_KEY.match(command.public_key):
        yield Reason("credential.malformed", "凭据应为以 U 开头的 56 位 NATS 用户公钥。", "public_key")
    elif state is not None and command.public_key in state.keys:
        yield Reason("credential.exists", "该公钥已经生效，不能重复添加。", "public_key")
    elif state is not None and command.public_key in state.revoked:
        yield Reason("credential.revoked", "该公钥已被吊销，不能重新启用，请另行签发凭据。", "public_key")


def _revocation_reasons(state: Organ | None, command: RevokeOrganCredentials) -> Iterator[Reason]:
    if state is None:
        yield Reason("organ.unknown", f"机关 {command.organ or '（空）'} 没有登记。", "organ")
    elif not state.keys:
        yield Reason("credential.none", f"机关 {command.organ} 没有生效的凭据，无需吊销。", "organ")
    if blank(command.reason):
        yield Reason("revocation.reason.missing", "请写明吊销原因。", "reason")
