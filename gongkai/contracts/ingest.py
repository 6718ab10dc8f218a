"""What a department sends on ``ingest.<organ>.<kind>`` and what it is answered on ``reply.<organ>.<answer>``.

Every field of an incoming event is optional here: what must be there depends on its provenance and is decided by
publishing, which answers with every reason at once. Unknown fields are ignored. Dates are text as written.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from gongkai.contracts.contract import Contract

INLINE_LIMIT: Final = 256 * 1024
"""Bytes of body and inline attachments one event may bring; larger ones are uploaded first and named by digest."""


class IngestContent(BaseModel):
    """A body or attachment: exactly one of ``text`` (UTF-8), ``base64`` or ``digest`` (uploaded before)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str | None = None
    media_type: str | None = None
    text: str | None = None
    base64: str | None = None
    digest: str | None = Field(default=None, description="SHA-256 of the bytes, 64 lower-case hex digits")


class IngestFact(BaseModel):
    """The figures of one place in one period, as written; ``gongkai.contracts.facts.Fact`` says what each must be."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    division: str | None = Field(default=None, description="12 digits; the document's own when absent")
    period: str | None = Field(default=None, description="2026, 2026-Q3 or 2026-09")
    amount: str | None = Field(default=None, description="yuan, as a decimal number in text")
    people: int | str | None = Field(default=None, description="a whole number")
    households: int | str | None = Field(default=None, description="a whole number")
    on: str | None = Field(default=None, description="the day it was done")


class IngestConfirmer(BaseModel):
    """Who confirmed the disclosure attribute (《条例》第十七条). Sealed in the log, in no contract."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str | None = None
    post: str | None = None


class IngestEvent(Contract):
    """What both departmental events have: the department's own id of the record, and the organ it says it is."""

    record: str | None = Field(
        default=None, description="the department's own id of the record, stable for ever"
    )
    organ: str | None = Field(default=None, description="organ code; must be the one of the subject")


class IngestDocument(IngestEvent):
    """A department publishes a document, or a new version of one it published before (same ``record``)."""

    TYPE: ClassVar[str] = "cn.gongkai.ingest.document.v1"

    title: str | None = None
    division: str | None = Field(default=None, description="12 digits")
    kind: str | None = None
    formed_on: str | None = None
    attribute: str | None = None
    ground: str | None = Field(default=None, description="why the attribute is what it is, in words")
    confirmer: IngestConfirmer | None = None
    matter: str | None = None
    elements: dict[str, str] | None = Field(
        default=None, description="content elements of the matter: key, as its JSON Schema has it, and text"
    )
    facts: tuple[IngestFact, ...] = Field(
        default=(), description="figures that other levels publish too, each place and period once"
    )
    domain: str | None = None
    doc_number: str | None = None
    issuer: str | None = None
    summary: str | None = None
    keywords: tuple[str, ...] = ()
    effective_on: str | None = None
    expires_on: str | None = None
    validity: str | None = None
    topic: str | None = None
    genre: str | None = None
    category: str | None = None
    published_on: str | None = Field(default=None, description="migration only: the day it was first public")
    provenance: str | None = Field(default=None, description="live (default) or migration")
    body: IngestContent | None = None
    attachments: tuple[IngestContent, ...] = ()


class IngestWithdrawal(IngestEvent):
    """A department withdraws a record."""

    TYPE: ClassVar[str] = "cn.gongkai.ingest.withdrawal.v1"

    reason: str | None = None
    on: str | None = Field(default=None, description="the legal day of the withdrawal; today when absent")


class ReplyReason(BaseModel):
    """One reason of a refusal."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    message: str
    field: str = ""
    article: str = ""


class ReplyAccepted(Contract):
    """The event was applied, or found to change nothing."""

    TYPE: ClassVar[str] = "cn.gongkai.reply.accepted.v1"

    event_id: str
    record_id: str
    index_number: str
    version: int = Field(ge=1)
    defects: tuple[str, ...] = ()
    edition: str = Field(default="", description="the catalogue's edition its matter was checked against")
    outcome: Literal["published", "revised", "withdrawn", "unchanged"]


class ReplyRejected(Contract):
    """The event was refused; nothing was changed. Send a corrected one under a new id."""

    TYPE: ClassVar[str] = "cn.gongkai.reply.rejected.v1"

    event_id: str
    reasons: tuple[ReplyReason, ...] = Field(min_length=1)
    edition: str = Field(default="", description="the catalogue's edition its matter was checked against")
