"""What publishing says to the others and to the province: a record's public state."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from gongkai.contracts.contract import Contract
from gongkai.contracts.facts import Fact


class PublicFile(BaseModel):
    """A body or attachment, by digest; its bytes are fetched, never carried."""

    model_config = ConfigDict(frozen=True)

    role: Literal["body", "attachment"]
    name: str
    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes")
    size: int = Field(ge=0, description="bytes")
    media_type: str
    url: str = Field(description="path below the portal's address")


class RecordState(Contract):
    """The whole public state of a published record."""

    record_id: str
    index_number: str = Field(description="unified social credit code / YYYYMM - serial of five digits")
    version: int = Field(ge=1)
    organ: str
    organ_name: str
    division: str = Field(pattern=r"^\d{12}$")
    kind: str
    title: str
    doc_number: str | None = None
    issuer: str | None = Field(default=None, description="who made the document, where it is not the organ")
    summary: str | None = None
    keywords: tuple[str, ...] = ()
    formed_on: date | None = None
    published_on: date
    effective_on: date | None = None
    expires_on: date | None = None
    validity: Literal[
        "in_force",
        "partly_in_force",
        "amended",
        "not_yet_in_force",
        "expired",
        "repealed",
        "declared_void",
        "not_applicable",
        "unknown",
    ] = "not_applicable"
    attribute: Literal["proactive"] | None = Field(
        default=None, description="None only for a migrated record that lacks it"
    )
    ground: str | None = None
    domain: str | None = None
    matter: str | None = None
    topic: str | None = None
    genre: str | None = None
    category: str | None = None
    provenance: Literal["live", "migration"]
    files: tuple[PublicFile, ...] = ()
    facts: tuple[Fact, ...] = Field(
        default=(), description="its figures, each place and period once; of the matter the record names"
    )
    defects: tuple[str, ...] = Field(default=(), description="codes of what a migrated record lacks")


class RecordPublished(RecordState):
    """A record became public."""

    TYPE: ClassVar[str] = "cn.gongkai.publishing.record.published.v1"


class RecordRevised(RecordState):
    """A public record has a new version."""

    TYPE: ClassVar[str] = "cn.gongkai.publishing.record.revised.v1"


class RecordWithdrawn(Contract):
    """A record is no longer public. Never carries title or text."""

    TYPE: ClassVar[str] = "cn.gongkai.publishing.record.withdrawn.v1"

    record_id: str
    index_number: str
    version: int = Field(ge=1)
    organ: str
    organ_name: str
    division: str = Field(pattern=r"^\d{12}$")
    kind: str
    withdrawn_on: date
    reason: str


class ContentDestroyed(Contract):
    """The bytes of a digest were destroyed for ever; whoever holds a copy destroys it too."""

    TYPE: ClassVar[str] = "cn.gongkai.publishing.content.destroyed.v1"

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    version: int = Field(ge=1)
    record_ids: tuple[str, ...]
    destroyed_on: date
    reason: str
