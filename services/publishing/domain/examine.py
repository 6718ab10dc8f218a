"""Whether a department's document may be published: every reason at once, or a draft with its defects.

A live document is refused for whatever is missing or odd. A migrated one must bring title and organ; what else is
missing or odd becomes a defect of its record. Personal numbers, an attribute that is not proactive, contents that
cannot be read and an organ other than the subject's are refused from both.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, cast

from gongkai.contracts.ingest import IngestDocument
from gongkai.contracts.kinds import KINDS_WITH_VALIDITY, code_of_attribute, code_of_kind, code_of_validity
from gongkai.refusal import Refusal
from services.publishing.domain.claims import matter_and_domain
from services.publishing.domain.contents import Contents, HeldContents
from services.publishing.domain.dates import read_date
from services.publishing.domain.divisions import is_within
from services.publishing.domain.docnumber import read_doc_number
from services.publishing.domain.figures import Place, read_facts
from services.publishing.domain.findings import Findings
from services.publishing.domain.header import Confirmer, Draft, FileFact, Header, Provenance, Validity
from services.publishing.domain.lengths import MAX_NAME, check_lengths
from services.publishing.domain.personal import personal_reasons
from services.publishing.domain.registry import Organ, Registry
from services.publishing.domain.text import clean, clean_or_none, clean_title


def examine(
    document: IngestDocument,
    contents: Contents,
    *,
    organ: Organ,
    registry: Registry,
    held: HeldContents,
    event_id: str,
    today: date,
    by_hand: bool = False,
) -> Draft:
    """Check ``document``, sent by ``organ`` (of the subject, never of the payload), on the legal day ``today``.

    Args:
        document: what was sent.
        contents: its body and attachments, decoded.
        organ: who sent it.
        registry: the city's registry as publishing knows it.
        held: what the content store knows of the digests ``contents`` names.
        event_id: stands in for a migrated document's own id where it has none.
        today: formed-on dates after it are in the future.
        by_hand: an editor wrote it in the console.

    Raises:
        Refusal: with every reason.
    """
    provenance: Provenance = "migration" if document.provenance == "migration" else "live"
    found = Findings(lenient=provenance == "migration", by_hand=by_hand)
    if document.provenance not in {None, "live", "migration"}:
        found.refuse("provenance.unknown")
    check_lengths(document, found)
    if not clean(document.organ):
        found.refuse("organ.missing")
    elif clean(document.organ) != organ.code:
        found.refuse("organ.mismatch")
    record_key = clean(document.record)
    if not record_key:
        found.want("record.missing")
        record_key = event_id
    if not clean_title(document.title):
        found.refuse("title.missing")
    header = _header(document, organ, registry, found, today, provenance)
    confirmer = _confirmer(document, found)
    files = _files(contents, held, found)
    found.extend(personal_reasons(document))
    if found.reasons:
        raise Refusal(*found.reasons)
    return Draft(
        record_key=record_key,
        header=header.model_copy(update={"files": files, "defects": found.defects}),
        confirmer=confirmer,
        dated=provenance == "migration" and "published_on" in found.usable,
    )


def _header(
    document: IngestDocument,
    organ: Organ,
    registry: Registry,
    found: Findings,
    today: date,
    provenance: Provenance,
) -> Header:
    matter, domain = matter_and_domain(document, organ, registry, found)
    division = _division(document, organ, registry, found)
    kind = _kind(document, found)
    effective_on = _optional_day(document.effective_on, "effective-on", found)
    expires_on = _optional_day(document.expires_on, "expires-on", found)
    if effective_on and expires_on and expires_on < effective_on:
        found.want("expires-on.before-effective")
    number = read_doc_number(document.doc_number)
    if number is not None and not number.standard:
        found.want("doc-number.nonstandard")
    if number is None and kind == "normative" and found.lenient:
        found.want("doc-number.missing")
    return Header(
        organ=organ.code,
        organ_name=organ.name,
        division=division,
        kind=kind,
        title=clean_title(document.title),
        doc_number=number.text if number else None,
        issuer=clean_or_none(document.issuer),
        summary=clean_or_none(document.summary),
        keywords=tuple(dict.fromkeys(word for word in map(clean_title, document.keywords) if word)),
        formed_on=_formed_on(document, found, today),
        published_on=_published_on(document, found, today, provenance),
        effective_on=effective_on,
        expires_on=expires_on,
        validity=_validity(document, kind, found, today, effective_on, expires_on),
        attribute=_attribute(document, found),
        ground=_ground(document, found),
        domain=domain,
        matter=matter,
        topic=clean_or_none(document.topic),
        genre=clean_or_none(document.genre),
        category=clean_or_none(document.category),
        provenance=provenance,
        facts=read_facts(
            document.facts,
            Place(division, registry),
            found,
            today=today,
            matter=matter,
            named=bool(clean(document.matter)),
        ),
    )


def _division(document: IngestDocument, organ: Organ, registry: Registry, found: Findings) -> str:
    given = clean_title(document.division)
    if not given:
        found.want("division.missing")
    elif given not in registry.divisions:
        found.want("division.unknown")
    elif given in registry.heirs:
        found.want("division.ended")
    elif not is_within(given, organ.division):
        found.want("division.outside")
    else:
        return given
    return organ.division


def _kind(document: IngestDocument, found: Findings) -> str:
    given = clean(document.kind)
    if not given:
        found.want("kind.missing")
        return "other"
    code = code_of_kind(given)
    if code is None:
        found.want("kind.unknown")
        return "other"
    return code


def _formed_on(document: IngestDocument, found: Findings, today: date) -> date | None:
    if not clean(document.formed_on):
        found.want("formed-on.missing")
        return None
    day = read_date(document.formed_on)
    if day is None:
        found.want("formed-on.unreadable")
    elif day > today:
        found.want("formed-on.future")
    return day


def _published_on(document: IngestDocument, found: Findings, today: date, provenance: Provenance) -> date:
    if provenance == "live":
        return today  # a live document is published by entering; a date it brings has no meaning
    if not clean(document.published_on):
        found.want("published-on.missing")
        return today
    day = read_date(document.published_on)
    if day is None:
        found.want("published-on.unreadable")
    elif day > today:
        found.want("published-on.future")
    else:
        found.usable.add("published_on")
        return day
    return today


def _attribute(document: IngestDocument, found: Findings) -> Literal["proactive"] | None:
    given = clean(document.attribute)
    code = code_of_attribute(given)
    if not given:
        found.want("attribute.missing")
    elif code is None:
        found.want("attribute.unknown")
    elif code == "on_request":
        found.refuse("attribute.on-request")
    elif code == "withheld":
        found.refuse("attribute.withheld")
    else:
        return "proactive"
    return None


def _ground(document: IngestDocument, found: Findings) -> str | None:
    ground = clean_or_none(document.ground)
    if ground is None:
        found.want("ground.missing")
    return ground


def _optional_day(given: str | None, scope: str, found: Findings) -> date | None:
    if not clean(given):
        return None
    day = read_date(given)
    if day is None:
        found.want(f"{scope}.unreadable")
    return day


def _validity(
    document: IngestDocument,
    kind: str,
    found: Findings,
    today: date,
    effective_on: date | None,
    expires_on: date | None,
) -> Validity:
    given = clean(document.validity)
    code = code_of_validity(given)
    if code is not None:
        return cast("Validity", code)
    if given:
        found.want("validity.unknown")
    if kind not in KINDS_WITH_VALIDITY:
        return "not_applicable"
    if found.lenient:
        if not given:
            found.want("validity.missing")
        return "unknown"
    if expires_on is not None and expires_on < today:
        return "expired"
    return "not_yet_in_force" if effective_on is not None and effective_on > today else "in_force"


def _confirmer(document: IngestDocument, found: Findings) -> Confirmer | None:
    given = document.confirmer
    if given is None or not (clean(given.name) or clean(given.post)):
        found.want("confirmer.missing")
        return None
    name, post = clean(given.name), clean(given.post)
    if not name:
        found.want("confirmer.name-missing")
    if not post:
        found.want("confirmer.post-missing")
    return Confirmer(name=name, post=post)


def _files(contents: Contents, held: HeldContents, found: Findings) -> tuple[FileFact, ...]:
    found.extend(contents.reasons)
    files: list[FileFact] = []
    for at, one in enumerate(contents.brought):
        known = held.get(one.digest)
        if known is not None and known.destroyed:
            found.refuse("content.destroyed", one.field)
        elif known is None and one.data is None:
            found.refuse("content.not-uploaded", one.field)
        if len(one.name) > MAX_NAME:
            found.refuse("field.too-long", f"{one.field}.name")
        name = one.name or ("正文" if one.role == "body" else f"附件{at + 1}")
        if not one.name and one.role == "attachment":
            found.want("attachment.name-missing", f"{one.field}.name")
        size = len(one.data) if one.data is not None else known.size if known is not None else 0
        files.append(
            FileFact(role=one.role, name=name, digest=one.digest, size=size, media_type=one.media_type)
        )
    return tuple(files)
