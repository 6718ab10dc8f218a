"""What an editor writes: the content of a draft as it was typed, and the record it is going to revise."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from gongkai.contracts.facts import Fact
from gongkai.contracts.ingest import IngestConfirmer, IngestContent, IngestDocument, IngestFact
from services.publishing.domain.header import FileFact, Header, Provenance
from services.publishing.domain.text import clean, clean_title

_LINES = (
    "division", "kind", "doc_number", "summary", "formed_on", "effective_on", "expires_on", "validity", "domain",
    "matter", "published_on", "issuer", "topic", "genre", "category",
)  # fmt: skip
"""Fields that are one line of text, but for the title."""
_DAYS = ("formed_on", "effective_on", "expires_on")


_FIGURES = ("division", "period", "amount", "people", "households", "on")
"""What a line of figures has, all of it as typed."""


class TypedFact(BaseModel):
    """The figures of one place in one period as they were typed, so that a bad one comes back beside its field."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    division: str = ""
    """12 digits; empty: the record's own."""
    period: str = ""
    amount: str = ""
    people: str = ""
    households: str = ""
    on: str = ""

    def cleaned(self) -> TypedFact:
        """The same without what nobody sees."""
        return TypedFact(**{name: clean(getattr(self, name)) for name in _FIGURES})

    @property
    def said(self) -> bool:
        """Whether anything was typed but the place, which a form fills in by itself."""
        return any(getattr(self, name) for name in _FIGURES if name != "division")


class Manuscript(BaseModel):
    """Everything an editor fills in. Nothing need be there yet; dates and codes are text as written."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    division: str = ""
    """Empty: the organ's own."""
    kind: str = ""
    doc_number: str = ""
    summary: str = ""
    keywords: tuple[str, ...] = ()
    formed_on: str = ""
    effective_on: str = ""
    expires_on: str = ""
    validity: str = ""
    domain: str = ""
    matter: str = ""
    published_on: str = ""
    """The day it was first public; counts for a migrated record that is mended, and for no other."""
    issuer: str = ""
    topic: str = ""
    genre: str = ""
    category: str = ""
    files: tuple[FileFact, ...] = ()
    """The body first, if there is one; the bytes are in the content store."""
    facts: tuple[TypedFact, ...] = ()

    @property
    def body(self) -> FileFact | None:
        """The body, written here or brought as a file."""
        return next((file for file in self.files if file.role == "body"), None)

    @property
    def attachments(self) -> tuple[FileFact, ...]:
        """The files beside the body."""
        return tuple(file for file in self.files if file.role == "attachment")

    def cleaned(self) -> Manuscript:
        """The same without what nobody sees: invisible characters, doubled and outer spaces."""
        lines = {name: clean(getattr(self, name)) for name in _LINES}
        keywords = tuple(word for word in map(clean, self.keywords) if word)
        files = tuple(file.model_copy(update={"name": clean(file.name)}) for file in self.files)
        facts = tuple(fact for fact in (one.cleaned() for one in self.facts) if fact.said)
        others = {"title": clean_title(self.title), "keywords": keywords, "files": files, "facts": facts}
        return self.model_copy(update=lines | others)


class Revises(BaseModel):
    """The record a draft is a new version of."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    record_id: str
    record_key: str
    """The id its department or its first draft gave it."""
    index_number: str
    base_version: int
    """The record's version when the draft was opened: what the editor has seen."""
    provenance: Provenance
    """A migrated record stays one: what it lacks is listed, and mended one thing at a time."""


def manuscript_of(header: Header) -> Manuscript:
    """The content a revision of a record begins with. What only stood in for something missing is left empty."""
    lines = {name: getattr(header, name) or "" for name in _LINES if name not in {*_DAYS, "published_on"}}
    lacking = {code.partition(".")[0] for code in header.defects}
    lines |= dict.fromkeys(lacking & {"kind", "validity"}, "")
    days = {name: day.isoformat() if (day := getattr(header, name)) else "" for name in _DAYS}
    dated = header.provenance == "migration" and "published-on" not in lacking
    return Manuscript(
        title=header.title,
        keywords=header.keywords,
        published_on=header.published_on.isoformat() if dated else "",
        files=header.files,
        facts=tuple(map(_typed, header.facts)),
        **lines,
        **days,
    )


def document_of(
    content: Manuscript,
    *,
    organ: str,
    division: str,
    record_key: str,
    attribute: str,
    ground: str,
    confirmer: IngestConfirmer | None,
    provenance: Provenance,
) -> IngestDocument:
    """The draft as a department would have sent it, so that one examination serves both.

    Args:
        content: what the editor wrote.
        organ: the organ that publishes.
        division: the organ's own, where the content names none.
        record_key: stands for the department's own id.
        attribute: as proposed.
        ground: as proposed.
        confirmer: who confirmed it.
        provenance: of the record that is revised; live for a new one.
    """
    lines = {name: getattr(content, name) or None for name in ("title", *_LINES) if name != "division"}
    body = content.body
    return IngestDocument(
        record=record_key,
        organ=organ,
        division=content.division or division,
        keywords=content.keywords,
        attribute=attribute,
        ground=ground,
        confirmer=confirmer,
        provenance=provenance,
        body=_named(body) if body else None,
        attachments=tuple(_named(file) for file in content.attachments),
        facts=tuple(_written(fact) for fact in content.facts),
        **lines,
    )


def _named(file: FileFact) -> IngestContent:
    return IngestContent(name=file.name or None, media_type=file.media_type, digest=file.digest)


def _typed(fact: Fact) -> TypedFact:
    said = {name: getattr(fact, name) for name in _FIGURES}
    return TypedFact(**{name: str(value) for name, value in said.items() if value is not None})


def _written(fact: TypedFact) -> IngestFact:
    return IngestFact(**{name: getattr(fact, name) or None for name in _FIGURES})
