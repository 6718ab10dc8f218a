"""What is said when an edition comes into force: the edition, each matter that changed in it, each that left it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict

from gongkai.contracts.matters import MatterReading
from gongkai.eventstore.codec import DomainEvent
from gongkai.refusal import Reason
from services.catalog.domain.checks import blank, refuse_if_any
from services.catalog.domain.rows import Change, MatterRow


class Domain(BaseModel):
    """A domain (领域)."""

    model_config = ConfigDict(frozen=True)

    code: str
    """Its number, two digits at least."""
    seq: int
    name: str
    lead_units: str


class Matter(MatterRow):
    """A row with the identity that outlives renaming."""

    id: str

    @classmethod
    def of(cls, identity: str, row: MatterRow) -> Matter:
        """Give a row its identity."""
        return cls.model_construct(id=identity, **row.__dict__)

    @property
    def row(self) -> MatterRow:
        """The row alone."""
        return MatterRow.model_construct(
            **{name: value for name, value in self.__dict__.items() if name != "id"}
        )


class Difference(BaseModel):
    """A cell that is not as above."""

    model_config = ConfigDict(frozen=True)

    field: str
    was: str
    """Above."""
    now: str
    """Here."""


def differences(changes: dict[str, Change]) -> tuple[Difference, ...]:
    """Give changes in the order they come in."""
    return tuple(Difference(field=name, was=change.was, now=change.now) for name, change in changes.items())


class EditionPublished(DomainEvent):
    """An edition came into force.

    In logs of the first release an edition named no catalogue, stood in a stream ``edition:<id>`` and listed its
    matters; views pass over those.
    """

    NAME: ClassVar[str] = "edition.published"

    edition: str
    """``<catalogue>-<number>``."""
    division: str
    title: str
    effective_on: date
    domains: tuple[Domain, ...]
    matter_ids: tuple[str, ...] = ()
    catalogue: str = ""
    number: int = 0
    upper: str = ""
    upper_number: int = 0
    matters: int = 0
    """How many are in it."""
    added: int = 0
    """Against the edition before; so are the next two."""
    changed: int = 0
    removed: int = 0


class MatterRevised(DomainEvent):
    """A matter as it stands in an edition, where that is not as it stood in the one before."""

    NAME: ClassVar[str] = "matter.revised"

    edition: str
    division: str
    matter: Matter
    catalogue: str = ""
    number: int = 0
    reading: MatterReading = MatterReading()
    differs: tuple[Difference, ...] = ()
    """From the catalogue above."""
    added: bool = False
    """Does not stand above."""
    reason: str = ""
    """The note on the differences."""


class MatterRetired(DomainEvent):
    """A matter does not stand in an edition: no longer, or left out from the beginning."""

    NAME: ClassVar[str] = "matter.retired"

    edition: str
    division: str
    catalogue: str
    number: int
    matter_id: str
    why: Literal["left_out", "dropped", "followed"]
    """``followed``: it is gone above."""
    reason: str = ""
    row: MatterRow | None = None
    """As it stands above, of one that is left out."""
    reading: MatterReading = MatterReading()


def edition_id(catalogue: str, number: int) -> str:
    """Give an edition its id."""
    return f"{catalogue}-{number}"


MODES: Final = ("主动", "依申请")
_MATTER_ID: Final = re.compile(r"^m-(\d{2,3})-\d{3,4}$")
_PLAN: Final = "《宿州市全面推进基层政务公开标准化规范化工作实施方案》"

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
