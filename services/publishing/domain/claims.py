"""What a document claims of the catalogue: its matter, its domain, and that it says what the matter demands."""

from __future__ import annotations

from gongkai.contracts.elements import element_reasons, required_elements
from gongkai.contracts.ingest import IngestDocument
from services.publishing.domain.findings import Findings
from services.publishing.domain.registry import Matter, Organ, Registry
from services.publishing.domain.text import clean


def matter_and_domain(
    document: IngestDocument, organ: Organ, registry: Registry, found: Findings
) -> tuple[str | None, str | None]:
    """Give matter and domain as the edition in force for the organ's division has them.

    Args:
        document: the document.
        organ: whose division decides on the edition.
        registry: with the matters that are claimed.
        found: takes what stands against them.
    """
    matter, domain = clean(document.matter), clean(document.domain)
    if domain and domain not in registry.domains_for(organ.division):
        found.want("domain.unknown")
        domain = ""
    if not matter:
        if document.elements:
            found.want("elements.without-matter")
        return None, domain or None
    known = registry.matter_for(organ.division, matter)
    if known is None or known.retired:
        found.want("matter.unknown" if known is None else "matter.retired")
        return None, domain or None
    if domain and known.domain != domain:
        found.want("domain.mismatch")
    _check_elements(document, known, found)
    return matter, known.domain


def edition_named(document: IngestDocument, organ: Organ, registry: Registry) -> str:
    """Give the id of the edition a document is checked against; empty where it claims nothing of one."""
    edition = registry.edition_for(organ.division)
    claims = clean(document.matter) or clean(document.domain)
    return edition.id if edition is not None and claims else ""


def _check_elements(document: IngestDocument, matter: Matter, found: Findings) -> None:
    if document.elements is None:
        if required_elements(matter.reading) and not found.lenient and not found.by_hand:
            found.note("elements.unstated")
        return
    reasons = element_reasons(matter.reading, document.elements)
    if not found.lenient:
        found.extend(reasons)
        return
    for reason in reasons:
        found.note(reason.code)
