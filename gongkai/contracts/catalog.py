"""What catalog says to the others: the city's registry, edition and calendar."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from gongkai.contracts.contract import Contract
from gongkai.contracts.matters import MatterReading


class FormerName(BaseModel):
    """A name that a division or an organ bore."""

    model_config = ConfigDict(frozen=True)

    name: str
    until: date = Field(description="the first legal day of the next name; it may lie ahead")
    short_name: str = Field(default="", description="of an organ")


class OrganChanged(Contract):
    """An organ was registered or changed. ``credential_keys`` are its public NATS user keys in force.

    What will be is told ahead: ``name`` is the newest name, in force from the last former name's ``until``, and
    ``ended_on`` may lie ahead. A reader derives what holds on a day.
    """

    TYPE: ClassVar[str] = "cn.gongkai.catalog.organ.changed.v1"

    code: str = Field(pattern=r"^[0-9a-z-]{3,40}$")
    version: int = Field(ge=1)
    name: str
    short_name: str
    division: str = Field(pattern=r"^\d{12}$")
    uscc: str = Field(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", description="unified social credit code")
    credential_keys: tuple[str, ...] = ()
    former_names: tuple[FormerName, ...] = Field(default=(), description="the oldest first")
    ended_on: date | None = Field(default=None, description="the first legal day without it")
    successor: str = Field(default="", description="code of the organ that follows it; with ended_on")
    basis: str = Field(default="", description="the document the last renaming or the end rests on")


class DivisionChanged(Contract):
    """A division was registered or changed; names and end are told ahead as for organs."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.division.changed.v1"

    code: str = Field(pattern=r"^\d{12}$")
    version: int = Field(ge=1)
    name: str
    level: str = Field(description="city, county, township, village")
    parent: str | None = None
    former_names: tuple[FormerName, ...] = Field(default=(), description="the oldest first")
    ended_on: date | None = Field(default=None, description="the first legal day without it")
    successor: str = Field(default="", description="code of the division that follows it; with ended_on")
    basis: str = Field(default="", description="the document the last renaming or the end rests on")


class CalendarDay(BaseModel):
    """A day the State Council's notice made a holiday or a working day."""

    model_config = ConfigDict(frozen=True)

    day: date
    working: bool
    name: str


class CalendarAnnounced(Contract):
    """The days of one year as announced; a later announcement of the same year replaces the earlier."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.calendar.announced.v1"

    year: int
    version: int = Field(ge=1)
    days: tuple[CalendarDay, ...]
    source: str
    complete: bool = Field(description="false: dates of this year stay provisional")


class MatterState(BaseModel):
    """One matter of an edition, as the official table has it."""

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
    place: int = Field(default=0, description="order within the domain")
    level3: str = ""
    number: str = Field(default="", description="事项编码")
    office: str = ""
    phone: str = ""


class DomainState(BaseModel):
    """One of the domains an edition covers."""

    model_config = ConfigDict(frozen=True)

    code: str
    seq: int
    name: str
    lead_units: str


class EditionPublished(Contract):
    """An edition of a catalogue is in force, with its domains; its matters follow as `MatterRevised`.

    A lower catalogue says nothing of the one above: every edition is told whole, row by row, as far as it changed.
    """

    TYPE: ClassVar[str] = "cn.gongkai.catalog.edition.published.v1"

    edition: str = Field(description="<catalogue>-<number>")
    version: int = Field(ge=1)
    division: str = Field(pattern=r"^\d{12}$")
    title: str
    effective_on: date
    domains: tuple[DomainState, ...]
    matter_ids: tuple[str, ...] = Field(default=(), description="only in editions that name no catalogue")
    catalogue: str = Field(default="", description="a division's code, or guide")
    number: int = Field(default=0, ge=0)
    upper: str = Field(default="", description="the catalogue above")
    upper_number: int = Field(default=0, ge=0, description="the edition above that it stands on")
    matters: int = Field(default=0, ge=0, description="how many are in it")


class MatterRevised(Contract):
    """A matter as it stands in the newest edition of a catalogue."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.matter.revised.v1"

    edition: str
    version: int = Field(ge=1)
    matter: MatterState
    catalogue: str = ""
    division: str = Field(default="", description="of the catalogue")
    reading: MatterReading = MatterReading()


class MatterRetired(Contract):
    """A matter no longer stands in the newest edition of a catalogue, or was left out of it."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.matter.retired.v1"

    edition: str
    version: int = Field(ge=1)
    matter_id: str
    catalogue: str
    division: str = Field(pattern=r"^\d{12}$")
    reason: str = ""


class BasisChanged(Contract):
    """What is known of a law or document that matters rest on."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.basis.changed.v1"

    basis: str
    version: int = Field(ge=1)
    title: str
    number: str = ""
    state: str = Field(description="in_force, amended, repealed, replaced, unknown")
    since: date | None = None
    replaced_by: str = Field(default="", description="id of the basis that replaces it")
    source: str = ""
    mark: str = Field(
        description="L read in the statute, F read on a published page, S the city's plan, M unconfirmed"
    )


class SubjectAssigned(Contract):
    """Who is meant in a division by the words of 公开主体."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.subject.assigned.v1"

    division: str = Field(pattern=r"^\d{12}$")
    version: int = Field(ge=1)
    subject: str
    organs: tuple[str, ...]


class RuleChanged(Contract):
    """A rule of law as data: a number with its unit, effective dates and citation."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.rule.changed.v1"

    code: str
    version: int = Field(ge=1)
    value: int
    unit: str = Field(description="working_days, days, weeks, months, columns")
    effective_from: date
    effective_to: date | None = None
    citation: str
    mark: str = Field(
        description="L read in the statute, F read on a published page, S the city's plan, M unconfirmed"
    )
