"""Bodies and attachments of one departmental event: decoded, named, addressed by the SHA-256 of their bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from gongkai.contracts.ingest import INLINE_LIMIT, IngestContent, IngestDocument
from gongkai.refusal import Reason
from services.publishing.domain.reasons import reason
from services.publishing.domain.text import clean

_DIGEST: Final = re.compile(r"^[0-9a-f]{64}$")
_MEDIA_TYPE: Final = re.compile(
    r"^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,90}(?:; ?[a-z0-9=\-\"]{1,60})?$"
)
MAX_ATTACHMENTS: Final = 100


@dataclass(frozen=True, slots=True)
class Brought:
    """One body or attachment of an event."""

    role: Literal["body", "attachment"]
    name: str
    """Cleaned; empty when none was given."""
    media_type: str
    digest: str
    data: bytes | None
    """The bytes when they came inline; None when they were uploaded before."""
    field: str
    """Where in the event it stands: ``body``, ``attachments.0``."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an event brought, and what is wrong with how it brought it."""

    brought: tuple[Brought, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What the content store says of a digest."""

    size: int
    destroyed: bool = False


HeldContents = Mapping[str, Held]


def read_contents(document: IngestDocument) -> Contents:
    """Decode every body and attachment; nothing is stored."""
    given: list[tuple[Literal["body", "attachment"], str, IngestContent]] = []
    if document.body is not None:
        given.append(("body", "body", document.body))
    given += [("attachment", f"attachments.{at}", item) for at, item in enumerate(document.attachments)]
    if len(document.attachments) > MAX_ATTACHMENTS:
        return Contents(reasons=(reason("field.too-long", "attachments"),))
    brought: list[Brought] = []
    reasons: list[Reason] = []
    for role, field, item in given:
        one, wrong = _read(role, field, item)
        reasons += wrong
        if one is not None:
            brought.append(one)
    if sum(len(one.data) for one in brought if one.data is not None) > INLINE_LIMIT:
        reasons.append(reason("content.too-large"))
    return Contents(tuple(brought), tuple(reasons))


def _read(
    role: Literal["body", "attachment"], field: str, item: IngestContent
) -> tuple[Brought | None, list[Reason]]:
    reasons: list[Reason] = []
    media_type = (item.media_type or ("text/plain" if item.text is not None else "")).strip().lower()
    if not _MEDIA_TYPE.match(media_type):
        reasons.append(reason("content.media-type", f"{field}.media_type"))
    if sum(part is not None for part in (item.text, item.base64, item.digest)) != 1:
        return None, [*reasons, reason("content.ambiguous", field)]
    if item.digest is not None:
        if not _DIGEST.match(item.digest):
            return None, [*reasons, reason("content.digest", f"{field}.digest")]
        return Brought(role, clean(item.name), media_type, item.digest, None, field), reasons
    data = _bytes_of(item)
    if data is None:
        return None, [*reasons, reason("content.base64", f"{field}.base64")]
    digest = hashlib.sha256(data).hexdigest()
    return Brought(role, clean(item.name), media_type, digest, data, field), reasons


def _bytes_of(item: IngestContent) -> bytes | None:
    if item.text is not None:
        return item.text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode((item.base64 or "").encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
