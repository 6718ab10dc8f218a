"""What catalog says to the others: the city's registry, edition and calendar."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from gongkai.contracts.contract import Contract


class OrganChanged(Contract):
    """An organ was registered or changed. ``credential_keys`` are its public NATS user keys in force."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.organ.changed.v1"

    code: str = Field(pattern=r"^[0-9a-z-]{3,40}$")
    version: int = Field(ge=1)
    name: str
    short_name: str
    division: str = Field(pattern=r"^\d{12}$")
    uscc: str = Field(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", description="unified social credit code")
    credential_keys: tuple[str, ...] = ()


class DivisionChanged(Contract):
    """A division was registered or changed."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.division.changed.v1"

    code: str = Field(pattern=r"^\d{12}$")
    version: int = Field(ge=1)
    name: str
    level: str = Field(description="city, county, township, village")
    parent: str | None = None


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


class DomainState(BaseModel):
    """One of the domains an edition covers."""

    model_config = ConfigDict(frozen=True)

    code: str
    seq: int
    name: str
    lead_units: str


class EditionPublished(Contract):
    """A catalogue edition is in force, with its domains and the ids of its matters."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.edition.published.v1"

    edition: str
    version: int = Field(ge=1)
    division: str = Field(pattern=r"^\d{12}$")
    title: str
    effective_on: date
    domains: tuple[DomainState, ...]
    matter_ids: tuple[str, ...]


class MatterRevised(Contract):
    """A matter as it stands in the edition."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.matter.revised.v1"

    edition: str
    version: int = Field(ge=1)
    matter: MatterState


class RuleChanged(Contract):
    """A rule of law as data: a number with its unit, effective dates and citation."""

    TYPE: ClassVar[str] = "cn.gongkai.catalog.rule.changed.v1"

    code: str
    version: int = Field(ge=1)
    value: int
    unit: str = Field(description="working_days, days")
    effective_from: date
    effective_to: date | None = None
    citation: str
    mark: str = Field(
        description="L read in the statute, F read on a published page, S the city's plan, M unconfirmed"
    )
