"""How long the fields of a departmental event may be."""

from __future__ import annotations

from typing import Final

from gongkai.contracts.ingest import IngestDocument
from services.publishing.domain.findings import Findings

LIMITS: Final = {
    "record": 200,
    "title": 300,
    "doc_number": 100,
    "issuer": 200,
    "summary": 4000,
    "ground": 1000,
    "topic": 200,
    "genre": 200,
    "category": 200,
}
"""Characters a header field may have."""
MAX_KEYWORDS: Final = 50
MAX_KEYWORD: Final = 100
MAX_NAME: Final = 255
"""Characters of a person's or file's name."""
MAX_FACTS: Final = 500
"""Lines of figures: a county has fewer villages."""


def check_lengths(document: IngestDocument, found: Findings) -> None:
    """Refuse what is too long, wherever it comes from."""
    for name, limit in LIMITS.items():
        if len(getattr(document, name) or "") > limit:
            found.refuse("field.too-long", name)
    if len(document.keywords) > MAX_KEYWORDS or any(len(word) > MAX_KEYWORD for word in document.keywords):
        found.refuse("field.too-long", "keywords")
    if len(document.facts) > MAX_FACTS:
        found.refuse("facts.too-many")
    if document.confirmer is not None:
        for part in ("name", "post"):
            if len(getattr(document.confirmer, part) or "") > MAX_NAME:
                found.refuse("field.too-long", f"confirmer.{part}")
