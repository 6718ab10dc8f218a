"""Commands on a draft: saved, proposed, confirmed, returned, discarded. Load, decide, append."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.content.store import Blob
from gongkai.eventstore.store import StreamWrite
from gongkai.refusal import Reason
from gongkai.serving.errors import NotFound
from services.publishing.commanding import Asked, Decided, Outcome, carry_out
from services.publishing.domain import draft_rules as rules
from services.publishing.domain.draft import Draft, draft_id_of, draft_stream, evolve
from services.publishing.domain.draft_publishing import examined
from services.publishing.domain.header import FileFact
from services.publishing.domain.manuscript import Manuscript
from services.publishing.domain.reasons import reason
from services.publishing.domain.registry import Organ
from services.publishing.handlers import Deciding
from services.publishing.reading_drafts import load_draft, registry_now, surroundings
from services.publishing.staffing import NO_DRAFT, NO_ORGAN, allowed, require

BODY_LIMIT: Final = 1024 * 1024
"""Bytes of a body written at a page; a longer one is uploaded as a file."""
_MARKS: Final = ("# ", "## ", "### ", "#### ", "- ", "* ", "| ", "> ")
"""How lines begin in a text that is meant as Markdown."""
_ASKED: Final = ("stream", "expected_version", "attribute", "ground", "reason")
"""What a repeated command must repeat. Who the person is, the id of the command says."""
Change = rules.Propose | rules.Confirm | rules.Return | rules.Discard


@dataclass(frozen=True, slots=True)
class SaveDraft:
    """Write a draft's whole content; an empty id opens a new one."""

    draft_id: str
    expected_version: int
    organ: str
    """May be left out once the draft is open."""
    content: Manuscript
    """Its files by digest; the body is among them only where it is a file."""
    body_text: str


async def save_draft(world: Deciding, asked: Asked, command: SaveDraft) -> Outcome:
    """Save; the outcome names the draft and the version it has then.

    Raises:
        NotFound: no such draft, or not for this person.
        PermissionRefused: the person may not write for the organ.
        Refusal: with every reason.
    """
    text = command.body_text.replace("\r\n", "\n").replace("\x00", "")
    data = text.encode() if text.strip() else b""
    what = {
        "save": command.draft_id,
        "expected": command.expected_version,
        "organ": command.organ,
        "content": command.content.model_dump(mode="json"),
        "body": sha256(data).hexdigest(),
    }

    async def decide(conn: AsyncConnection) -> Decided:
        draft, organ = await _opened(world, conn, asked, command)
        require(asked.staff, rules.WRITE, organ)
        content = await _with_sizes(world, conn, command.content)
        blobs: list[Blob] = []
        found: list[Reason] = []
        if len(data) > BODY_LIMIT:
            found.append(reason("draft.body-too-long"))
        elif data:
            body = _body(text, data)
            content = content.model_copy(update={"files": (body, *content.files)})
            blobs.append(Blob(data, body.media_type))
        save = rules.Save(
            stream=draft.stream,
            by=asked.staff.id,
            at=world.clock(),
            expected_version=command.expected_version,
            organ=command.organ or organ.code,
            content=content,
            found=tuple(found),
        )
        return _decided(draft, save, blobs)

    return await carry_out(world, asked, what, decide)


async def change_draft(world: Deciding, asked: Asked, act: str, command: Change) -> Outcome:
    """Propose, confirm, return or discard.

    Args:
        world: what deciding needs.
        asked: who asks.
        act: the act of permissions.py this is.
        command: what is to be done, and to which draft.

    Raises:
        NotFound: no such draft, or not for this person.
        PermissionRefused: the person may not do this at the organ.
        Refusal: with every reason.
    """
    what = {"act": act} | {name: getattr(command, name) for name in _ASKED if hasattr(command, name)}

    async def decide(conn: AsyncConnection) -> Decided:
        draft, organ = await find_draft(world, conn, asked, draft_id_of(command.stream))
        require(asked.staff, act, organ)
        ready = command
        if isinstance(ready, rules.Propose):
            around = await surroundings(world, conn, draft, organ)
            ready = replace(ready, findings=examined(draft, around, attribute="proactive").reasons)
        return _decided(draft, ready)

    return await carry_out(world, asked, what, decide)


async def find_draft(
    world: Deciding, conn: AsyncConnection, asked: Asked, draft_id: str
) -> tuple[Draft, Organ]:
    """The draft and its organ, for whoever may read it.

    Raises:
        NotFound: there is none, or not for this person.
    """
    draft = await load_draft(world, conn, draft_id)
    registry, _ = await registry_now(world, conn)
    organ = registry.organs.get(draft.organ)
    if organ is None or not allowed(asked.staff, "draft.read", organ):
        raise NotFound(NO_DRAFT)
    return draft, organ


async def _opened(
    world: Deciding, conn: AsyncConnection, asked: Asked, command: SaveDraft
) -> tuple[Draft, Organ]:
    """The draft that is written to: a new one of the organ that is named, or the one there is."""
    if command.draft_id:
        return await find_draft(world, conn, asked, command.draft_id)
    registry, _ = await registry_now(world, conn)
    organ = registry.organs.get(command.organ)
    if organ is None:
        raise NotFound(NO_ORGAN)
    return Draft(stream=draft_stream(str(world.ids())), organ=organ.code), organ


async def _with_sizes(world: Deciding, conn: AsyncConnection, content: Manuscript) -> Manuscript:
    """The content with the sizes, and where they are missing the media types, that the store knows."""
    stored = await world.contents.known(conn, {file.digest for file in content.files})
    files = []
    for file in content.files:
        known = stored.get(file.digest)
        size, media_type = (known.size, known.media_type) if known else (0, "application/octet-stream")
        files.append(file.model_copy(update={"size": size, "media_type": file.media_type or media_type}))
    return content.model_copy(update={"files": tuple(files)})


def _body(text: str, data: bytes) -> FileFact:
    marked = any(line.startswith(_MARKS) for line in text.splitlines())
    media_type = "text/markdown" if marked else "text/plain"
    return FileFact(
        role="body", name="正文", digest=sha256(data).hexdigest(), size=len(data), media_type=media_type
    )


def _decided(draft: Draft, command: rules.Command, blobs: list[Blob] | None = None) -> Decided:
    events = rules.decide(draft, command)
    after = draft
    for event in events:
        after = evolve(after, event)
    writes = [StreamWrite(draft.stream, draft.version, events)] if events else []
    return Decided({"draft_id": draft.id, "version": after.version}, writes, blobs=blobs or ())
