"""Editions of the standard catalogue: domains, and the matters that must be disclosed in each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict

from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any

MODES: Final = ("主动", "依申请")
_MATTER_ID: Final = re.compile(r"^m-(\d{2,3})-\d{3,4}$")
_PLAN: Final = "《宿州市全面推进基层政务公开标准化规范化工作实施方案》"


class Domain(BaseModel):
    """A domain (领域) of an edition."""

    model_config = ConfigDict(frozen=True)

    code: str
    """Two digits, its number in the edition."""
    seq: int
    name: str
    lead_units: str


class Matter(BaseModel):
    """A matter (公开事项): one row of the official table."""

    model_config = ConfigDict(frozen=True)

    id: str
    domain: str
    level1: str
    level2: str
    content_elements: str
    legal_basis: str
    time_limit: str
    subject: str
    channels: str
    audience: str
    mode: str
    levels: str
    provenance: str


class EditionPublished(DomainEvent):
    """An edition came into force."""

    NAME: ClassVar[str] = "edition.published"

    edition: str
    division: str
    title: str
    effective_on: date
    domains: tuple[Domain, ...]
    matter_ids: tuple[str, ...]


class MatterRevised(DomainEvent):
    """A matter as it stands in an edition."""

    NAME: ClassVar[str] = "matter.revised"

    edition: str
    division: str
    matter: Matter


@dataclass(frozen=True, slots=True)
class PublishEdition:
    """Bring an edition with all its matters into force, at once."""

    edition: str
    division: str
    title: str
    effective_on: date
    domains: tuple[Domain, ...]
    matters: tuple[Matter, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing an edition appends: one event to its stream, one to each matter that changed."""

    edition: EditionPublished
    matters: tuple[MatterRevised, ...]


def decide(
    published: EditionPublished | None, matters: Mapping[str, MatterRevised], command: PublishEdition
) -> Publication:
    """Publish the edition.

    Args:
        published: the edition, if it was published before (then refused).
        matters: matters as they stand, by id.
        command: the edition with all its matters.
    """
    refuse_if_any(_reasons(published, command))
    revised = (
        MatterRevised(edition=command.edition, division=command.division, matter=matter)
        for matter in command.matters
    )
    return Publication(
        EditionPublished(
            edition=command.edition,
            division=command.division,
            title=command.title,
            effective_on=command.effective_on,
            domains=command.domains,
            matter_ids=tuple(matter.id for matter in command.matters),
        ),
        tuple(event for event in revised if matters.get(event.matter.id) != event),
    )


def matter_id(domain_seq: int, serial: int) -> str:
    """Give a matter its id: ``m-<domain number, two digits>-<serial in the domain, three digits>``."""
    return f"m-{domain_seq:02d}-{serial:03d}"


def _reasons(published: EditionPublished | None, command: PublishEdition) -> Iterator[Reason]:
    if published is not None:
        yield Reason("edition.exists", f"目录版本 {command.edition} 已经发布，修订请另发新版。", "edition")
    if blank(command.title):
        yield Reason("edition.title.missing", "请填写目录名称。", "title", _PLAN)
    if not command.matters:
        yield Reason("edition.empty", "目录至少应有一个公开事项。", "matters", _PLAN)
    for code, times in Counter(domain.code for domain in command.domains).items():
        if times > 1:
            yield Reason("domain.repeated", f"领域 {code} 出现了 {times} 次。", "domains")
    for identity, times in Counter(matter.id for matter in command.matters).items():
        if times > 1:
            yield Reason("matter.repeated", f"事项 {identity} 出现了 {times} 次。", "matters")
    domains = {domain.code for domain in command.domains}
    for matter in command.matters:
        yield from _matter_reasons(matter, domains)


def _matter_reasons(matter: Matter, domains: set[str]) -> Iterator[Reason]:
    field = f"matters[{matter.id}]"
    shape = _MATTER_ID.match(matter.id)
    if shape is None or shape[1] != matter.domain:
        yield Reason("matter.id.malformed", f"事项编号 {matter.id} 应为 m-领域序号-流水号。", field)
    if matter.domain not in domains:
        yield Reason("matter.domain.unknown", f"事项 {matter.id} 的领域 {matter.domain} 不在目录内。", field)
    if blank(matter.level1) or blank(matter.level2):
        yield Reason("matter.name.missing", f"事项 {matter.id} 缺少一级或二级事项名称。", field)
    if matter.mode not in MODES:
        yield Reason(
            "matter.mode.unknown", f"事项 {matter.id} 的公开方式应为主动或依申请。", field,
            "《政府信息公开条例》第十三条",
        )  # fmt: skip
