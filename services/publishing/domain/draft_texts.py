"""Texts of a draft before they enter the log: no personal numbers in its header, and nothing too long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gongkai.refusal import Reason
from services.publishing.domain.contents import read_contents
from services.publishing.domain.figures import is_amount
from services.publishing.domain.findings import Findings
from services.publishing.domain.lengths import MAX_NAME, check_lengths
from services.publishing.domain.manuscript import Manuscript, TypedFact, document_of
from services.publishing.domain.personal import personal_reasons, personal_reasons_of_text
from services.publishing.domain.reasons import reason
from services.publishing.domain.staff_words import to_staff
from services.publishing.domain.text import clean
from services.publishing.domain.withdrawal import MAX_REASON

_SHORT: Final = (
    "division",
    "kind",
    "formed_on",
    "effective_on",
    "expires_on",
    "validity",
    "domain",
    "matter",
    "published_on",
)
_SHORT_LIMIT: Final = 100
_READ_AS_VALUES: Final = ("formed_on", "effective_on", "expires_on", "validity", "published_on")
"""Fields a department's event keeps only the meaning of; a draft keeps them as typed, so they are looked through too."""


def content_reasons(organ: str, content: Manuscript) -> list[Reason]:
    """What keeps a draft from being saved. That something is missing does not."""
    document = document_of(
        content,
        organ=organ,
        division="",
        record_key="",
        attribute="",
        ground="",
        confirmer=None,
        provenance="live",
    )
    found = Findings(lenient=False)
    check_lengths(document, found)
    for name in _SHORT:
        if len(getattr(content, name)) > _SHORT_LIMIT:
            found.refuse("field.too-long", name)
    for at, file in enumerate(content.attachments):
        if len(file.name) > MAX_NAME:
            found.refuse("field.too-long", f"attachments.{at}.name")
    for field, text in _figures(content):
        if len(text) > _SHORT_LIMIT:
            found.refuse("field.too-long", field)
        found.extend(personal_reasons_of_text(field, text))
    if sum(file.role == "body" for file in content.files) > 1:
        found.refuse("draft.two-bodies")
    found.extend(read_contents(document).reasons)
    found.extend(personal_reasons(document))
    for name in _READ_AS_VALUES:
        found.extend(personal_reasons_of_text(name, getattr(content, name)))
    return [to_staff(one) for one in found.reasons]


def _figures(content: Manuscript) -> Iterator[tuple[str, str]]:
    """What was typed where a figure belongs; an amount that reads as one may look like a telephone number."""
    for at, fact in enumerate(content.facts):
        for name in TypedFact.model_fields:
            text = getattr(fact, name)
            if name != "amount" or not is_amount(text):
                yield f"facts[{at}].{name}", text


def reason_reasons(why: str) -> list[Reason]:
    """What is wrong with the reason of a return or a discarding."""
    text = clean(why)
    if not text:
        return [reason("reason.missing")]
    if len(text) > MAX_REASON:
        return [to_staff(reason("field.too-long", "reason"))]
    return [to_staff(one) for one in personal_reasons_of_text("reason", text)]
