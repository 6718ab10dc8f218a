"""The public header of a record: what decisions are made on and contracts are made of."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from gongkai.contracts.facts import Fact

Validity = Literal[
    "in_force",
    "partly_in_force",
    "amended",
    "not_yet_in_force",
    "expired",
    "repealed",
    "declared_void",
    "not_applicable",
    "unknown",
]
Provenance = Literal["live", "migration"]


class FileFact(BaseModel):
    """A body or attachment by digest; the bytes are in the content store."""

    model_config = ConfigDict(frozen=True)

    role: Literal["body", "attachment"]
    name: str
    digest: str
    size: int
    media_type: str


class Header(BaseModel):
    """Everything public about one version of a record, but for its number and version."""

    model_config = ConfigDict(frozen=True)

    organ: str
    organ_name: str
    division: str
    kind: str
    title: str
    doc_number: str | None = None
    issuer: str | None = None
    summary: str | None = None
    keywords: tuple[str, ...] = ()
    formed_on: date | None = None
    published_on: date
    effective_on: date | None = None
    expires_on: date | None = None
    validity: Validity = "not_applicable"
    attribute: Literal["proactive"] | None = None
    ground: str | None = None
    domain: str | None = None
    matter: str | None = None
    topic: str | None = None
    genre: str | None = None
    category: str | None = None
    provenance: Provenance
    files: tuple[FileFact, ...] = ()
    facts: tuple[Fact, ...] = ()
    """Figures, by place and period; versions from before there were any have none."""
    defects: tuple[str, ...] = ()


class Confirmer(BaseModel):
    """Who confirmed the attribute. Personal data: sealed in the log, in no contract and no view."""

    model_config = ConfigDict(frozen=True)

    name: str
    post: str


class Draft(BaseModel):
    """A document that may be published: cleaned, checked, with its defects if it was migrated."""

    model_config = ConfigDict(frozen=True)

    record_key: str
    """The department's own id of the record."""
    header: Header
    confirmer: Confirmer | None
    dated: bool
    """Whether ``published_on`` came with the document; otherwise it is the day of entry."""
