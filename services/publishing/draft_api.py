"""The gRPC edge for what the staff write: drafts and their review, publication, revision, withdrawal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import Any, Final

from grpc import aio

from gongkai.refusal import Reason
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.security.grpc_auth import current_staff
from gongkai.serving.errors import InvalidRequest, NotFound
from services.publishing.by_hand import publish_draft, revise_record, withdraw_record
from services.publishing.commanding import Asked, Outcome
from services.publishing.domain import draft_rules as rules
from services.publishing.domain.draft import draft_stream
from services.publishing.domain.number import FORM
from services.publishing.draft_messages import manuscript, seen_message
from services.publishing.drafting import Change, SaveDraft, change_draft, find_draft, save_draft
from services.publishing.handlers import Deciding
from services.publishing.reading_drafts import load_draft, see, written_text
from services.publishing.staffing import NO_DRAFT, NO_RECORD

NO_COMMAND: Final = Reason(
    "command.missing", "缺少命令编号，或编号过长。请重新打开页面后再办理。", "command_id"
)
_COMMAND: Final = re.compile(r"^[!-~]{1,100}$")
_DRAFT_ID: Final = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

Context = aio.ServicerContext[Any, Any]


class DraftWriting:
    """The commands of ``DraftService``; each answers with the draft as the command left it, however often it comes."""

    def __init__(self, world: Deciding, wake: Callable[[], None]) -> None:
        """Take what deciding needs, and what wakes the relays."""
        self._world = world
        self._wake = wake

    async def SaveDraft(self, request: pb.SaveDraftRequest, _context: Context) -> pb.SaveDraftResponse:
        """Write a draft's content, or open a new one."""
        asked = _asked(request.command_id)
        command = SaveDraft(
            draft_id=known_draft_id(request.draft_id) if request.draft_id else "",
            expected_version=request.expected_version,
            organ=request.content.organ.strip(),
            content=manuscript(request.content),
            body_text=request.content.body_text,
        )
        outcome = await save_draft(self._world, asked, command)
        return pb.SaveDraftResponse(draft=await self._draft(asked, outcome))

    async def ProposeAttribute(
        self, request: pb.ProposeAttributeRequest, _context: Context
    ) -> pb.ProposeAttributeResponse:
        """Propose the disclosure attribute, with its ground."""
        asked = _asked(request.command_id)
        command = rules.Propose(
            **self._order(asked, request), attribute=request.attribute, ground=request.ground
        )
        return pb.ProposeAttributeResponse(draft=await self._change(asked, rules.PROPOSE, command))

    async def ConfirmAttribute(
        self, request: pb.ConfirmAttributeRequest, _context: Context
    ) -> pb.ConfirmAttributeResponse:
        """Confirm what another person proposed."""
        asked = _asked(request.command_id)
        command = rules.Confirm(**self._order(asked, request), name=asked.staff.name, post=asked.staff.post)
        return pb.ConfirmAttributeResponse(draft=await self._change(asked, rules.CONFIRM, command))

    async def ReturnDraft(self, request: pb.ReturnDraftRequest, _context: Context) -> pb.ReturnDraftResponse:
        """Give a draft back to its editor."""
        asked = _asked(request.command_id)
        command = rules.Return(**self._order(asked, request), reason=request.reason)
        return pb.ReturnDraftResponse(draft=await self._change(asked, rules.RETURN, command))

    async def DiscardDraft(
        self, request: pb.DiscardDraftRequest, _context: Context
    ) -> pb.DiscardDraftResponse:
        """Give a draft up."""
        asked = _asked(request.command_id)
        command = rules.Discard(**self._order(asked, request), reason=request.reason)
        return pb.DiscardDraftResponse(draft=await self._change(asked, rules.DISCARD, command))

    async def PublishDraft(
        self, request: pb.PublishDraftRequest, _context: Context
    ) -> pb.PublishDraftResponse:
        """Publish what was confirmed."""
        asked = _asked(request.command_id)
        outcome = await publish_draft(self._world, asked, rules.Order(**self._order(asked, request)))
        self._wake()
        return pb.PublishDraftResponse(draft=await self._draft(asked, outcome))

    async def ReviseRecord(
        self, request: pb.ReviseRecordRequest, _context: Context
    ) -> pb.ReviseRecordResponse:
        """Open a draft filled from a public record."""
        asked = _asked(request.command_id)
        outcome = await revise_record(self._world, asked, _index_number(request.index_number))
        return pb.ReviseRecordResponse(draft=await self._draft(asked, outcome))

    async def WithdrawRecord(
        self, request: pb.WithdrawRecordRequest, _context: Context
    ) -> pb.WithdrawRecordResponse:
        """Make a record no longer public."""
        asked = _asked(request.command_id)
        number = _index_number(request.index_number)
        left = await withdraw_record(self._world, asked, number, request.reason)
        self._wake()
        return pb.WithdrawRecordResponse(tombstone=publishing_pb2.Tombstone(**left))

    async def _change(self, asked: Asked, act: str, command: Change) -> pb.Draft:
        return await self._draft(asked, await change_draft(self._world, asked, act, command))

    async def _draft(self, asked: Asked, outcome: Outcome) -> pb.Draft:
        """The draft as the command left it; findings and acts are of the draft as it is."""
        version = outcome["version"]
        async with self._world.engine.connect() as conn:
            now, organ = await find_draft(self._world, conn, asked, outcome["draft_id"])
            seen = await see(self._world, conn, now, organ, asked.staff)
            if now.version != version:
                draft = await load_draft(self._world, conn, now.id, version=version)
                seen = replace(seen, draft=draft, body_text=await written_text(self._world, conn, draft))
        return seen_message(seen)

    def _order(self, asked: Asked, request: Any) -> dict[str, Any]:  # noqa: ANN401 - any request about a draft
        return {
            "stream": draft_stream(known_draft_id(request.draft_id)),
            "by": asked.staff.id,
            "at": self._world.clock().astimezone(UTC),
            "expected_version": request.expected_version,
        }


def _asked(command_id: str) -> Asked:
    if not _COMMAND.match(command_id):
        raise InvalidRequest(NO_COMMAND)
    return Asked(current_staff(), command_id)


def known_draft_id(given: str) -> str:
    """The id of a draft; what has not its form names none."""
    if not _DRAFT_ID.match(given):
        raise NotFound(NO_DRAFT)
    return given


def _index_number(given: str) -> str:
    if not FORM.match(given.strip()):
        raise NotFound(NO_RECORD)
    return given.strip()
