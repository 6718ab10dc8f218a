"""Drafts, arrivals and reasons on the wire, and what an editor's form brings."""

from __future__ import annotations

from collections.abc import Iterable

from gongkai.refusal import Reason
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from services.publishing.api import defect_message
from services.publishing.domain.draft import Draft
from services.publishing.domain.header import FileFact
from services.publishing.domain.manuscript import Manuscript, TypedFact
from services.publishing.domain.reasons import REASONS
from services.publishing.reading_drafts import WRITTEN, Act, Seen
from services.publishing.views.incoming import Arrived

_TEXTS = (
    "division", "kind", "title", "doc_number", "summary", "formed_on", "effective_on", "expires_on", "validity",
    "domain", "matter", "published_on", "issuer", "topic", "genre", "category",
)  # fmt: skip


def manuscript(content: pb.DraftContent) -> Manuscript:
    """The content of a form. A file called body stands for a written one; sizes are the store's to tell."""
    files = [
        FileFact(
            role="body" if file.role == "body" else "attachment",
            name=file.name,
            digest=file.digest.strip(),
            size=0,
            media_type=file.media_type.strip().lower(),
        )
        for file in content.attachments
    ]
    return Manuscript(
        keywords=tuple(content.keywords),
        files=tuple(sorted(files, key=lambda file: file.role != "body")),
        facts=tuple(
            TypedFact(**{name: getattr(fact, name) for name in TypedFact.model_fields})
            for fact in content.facts
        ),
        **{name: getattr(content, name) for name in _TEXTS},
    )


def draft_message(draft: Draft, organ_name: str, body_text: str = "") -> pb.Draft:
    """A draft as lists have it."""
    last = draft.steps[-1].at.isoformat() if draft.steps else ""
    return pb.Draft(
        id=draft.id,
        version=draft.version,
        phase=draft.phase,
        content=_content(draft, body_text),
        attribute=draft.attribute,
        ground=draft.ground,
        proposed_by=draft.proposed_by,
        confirmed_by=draft.confirmed_by,
        record_id=draft.record_id,
        index_number=draft.index_number,
        steps=[
            pb.DraftStep(at=step.at.isoformat(), staff=step.staff, what=step.what, note=step.note)
            for step in reversed(draft.steps)
        ],
        organ_name=organ_name,
        returned_because=draft.returned_because if draft.phase == "drafting" else "",
        updated_at=last,
        migrated=draft.revises is not None and draft.revises.provenance == "migration",
    )


def seen_message(seen: Seen) -> pb.Draft:
    """A draft as its page has it."""
    message = draft_message(seen.draft, seen.organ.name, seen.body_text)
    message.findings.extend(map(reason_message, seen.examined.reasons))
    message.acts.extend(map(act_message, seen.acts))
    message.defects.extend(map(defect_message, seen.examined.defects))
    return message


def act_message(act: Act) -> pb.Act:
    """What may be done, or why not."""
    return pb.Act(code=act.code, allowed=not act.reasons, reasons=map(reason_message, act.reasons))


def reason_message(reason: Reason) -> pb.Reason:
    """A reason on the wire."""
    return pb.Reason(
        code=reason.code, message_zh=reason.message_zh, field=reason.field, article=reason.article
    )


def incoming_message(event: Arrived) -> pb.Incoming:
    """An arrival, its codes in the words they are told in."""
    return pb.Incoming(
        event_id=event.event_id,
        organ=event.organ,
        kind=event.kind,
        received_at=event.received_at.isoformat(),
        outcome=event.outcome,
        index_number=event.index_number,
        title=event.title,
        reasons=_told(event.reasons),
        defects=map(defect_message, event.defects),
    )


def _told(codes: Iterable[tuple[str, str]]) -> Iterable[pb.Reason]:
    for code, field in codes:
        told = REASONS.get(code)
        yield pb.Reason(
            code=code,
            message_zh=told.message_zh if told else code,
            field=field,
            article=told.article if told else "",
        )


def _content(draft: Draft, body_text: str) -> pb.DraftContent:
    content = draft.content
    written = content.body is not None and content.body.media_type in WRITTEN
    files = content.attachments if written else content.files
    return pb.DraftContent(
        organ=draft.organ,
        keywords=content.keywords,
        body_text=body_text,
        attachments=[
            pb.DraftFile(
                role=file.role,
                name=file.name,
                digest=file.digest,
                size=file.size,
                media_type=file.media_type,
            )
            for file in files
        ],
        facts=[pb.DraftFact(**fact.model_dump()) for fact in content.facts],
        **{name: getattr(content, name) for name in _TEXTS},
    )
