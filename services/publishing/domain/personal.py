"""Personal numbers in the header of a departmental event (《条例》第十五条). Reasons never repeat what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from gongkai.contracts.elements import quotable
from gongkai.contracts.ingest import IngestContent, IngestDocument, IngestWithdrawal
from gongkai.refusal import Reason
from gongkai.security.personal import find_personal_numbers
from services.publishing.domain.reasons import reason
from services.publishing.domain.text import without_invisible

_CODES: Final = {
    "resident_identity_number": "personal.identity-number",
    "mobile_number": "personal.mobile-number",
}
_MACHINE_KEY: Final = re.compile(
    r"^(?:[0-9a-f]{32,128}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"
)
"""Digests and UUIDs: in one of a few hundred, chance has written something like a mobile number."""
_SHORTEST: Final = 11
"""Digits of a mobile number: a text with fewer holds none."""
_SCANNED: Final = (
    "title",
    "doc_number",
    "issuer",
    "summary",
    "ground",
    "topic",
    "genre",
    "category",
    "division",
    "kind",
    "matter",
    "domain",
)


def personal_reasons(document: IngestDocument) -> list[Reason]:
    """A reason for each header field that holds a valid identity number or a mobile number."""
    return list(_reasons(_fields_of(document)))


def personal_reasons_of_withdrawal(withdrawal: IngestWithdrawal) -> list[Reason]:
    """The same for the reason of a withdrawal, which the public reads."""
    return list(_reasons([*_key(withdrawal.record), ("reason", withdrawal.reason or "")]))


def personal_reasons_of_text(field: str, text: str) -> list[Reason]:
    """The same for one text that is going to be kept in a log."""
    return list(_reasons([(field, text)]))


def personal_reasons_of_body(field: str, text: str) -> list[Reason]:
    """One reason for each line of a body that holds such a number; it says which line, and nothing else of it."""
    return [
        replace(found, message_zh=f"正文第 {number} 行{found.message_zh}")
        for number, line in enumerate(text.splitlines(), start=1)
        for found in _reasons([(field, line)])
    ]


def _fields_of(document: IngestDocument) -> Iterator[tuple[str, str]]:
    yield from _key(document.record)
    for name in _SCANNED:
        yield name, getattr(document, name) or ""
    for key, text in (document.elements or {}).items():
        yield f"elements.{quotable(key)}", f"{key}\n{text}"
    for at, word in enumerate(document.keywords):
        yield f"keywords.{at}", word
    if document.confirmer is not None:
        yield "confirmer.name", document.confirmer.name or ""
        yield "confirmer.post", document.confirmer.post or ""
    if document.body is not None:
        yield "body.name", _name(document.body)
    for at, attachment in enumerate(document.attachments):
        yield f"attachments.{at}.name", _name(attachment)


def _key(record: str | None) -> list[tuple[str, str]]:
    return [] if not record or _MACHINE_KEY.match(record) else [("record", record)]


def _name(content: IngestContent) -> str:
    return f"{content.name or ''} {content.media_type or ''}"


def _reasons(fields: Iterable[tuple[str, str]]) -> Iterator[Reason]:
    for field, text in fields:
        if len(text) < _SHORTEST or sum(map(str.isnumeric, text)) < _SHORTEST:
            continue
        kinds = {finding.kind for finding in find_personal_numbers(without_invisible(text))}
        for kind in sorted(kinds):
            yield reason(_CODES[kind], field)
