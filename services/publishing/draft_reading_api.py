"""The gRPC edge for what the staff see: drafts, what departments sent, their organ's records."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from typing import Any, Final

from grpc import aio

from gongkai.refusal import Reason
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import drafts_pb2_grpc
from gongkai.security.grpc_auth import current_staff
from gongkai.serving.errors import InvalidRequest
from services.publishing.api import BAD_PAGE, record_message
from services.publishing.commanding import Asked
from services.publishing.content_api import CHUNK
from services.publishing.domain.draft import PHASES
from services.publishing.draft_api import DraftWriting, known_draft_id
from services.publishing.draft_messages import act_message, draft_message, incoming_message, seen_message
from services.publishing.drafting import find_draft
from services.publishing.reading_drafts import load_drafts, record_acts, registry_now, see
from services.publishing.staffing import narrow
from services.publishing.views import drafts, incoming
from services.publishing.views.organ_records import list_organ_records
from services.publishing.views.reading import MAX_PAGE_SIZE

BAD_PHASE: Final = Reason("phase.unknown", "没有这个环节。请从列表中选择。", "phase")
BAD_OUTCOME: Final = Reason("outcome.unknown", "没有这种处理结果。请从列表中选择。", "outcome")

_DIGEST: Final = re.compile(r"^[0-9a-f]{64}$")
_PAGE_SIZE: Final = 20

Context = aio.ServicerContext[Any, Any]


class DraftApi(DraftWriting, drafts_pb2_grpc.DraftServiceServicer):
    """Answers ``DraftService``."""

    async def GetDraft(self, request: pb.GetDraftRequest, _context: Context) -> pb.GetDraftResponse:
        """Answer a draft with what stands against publishing it and what may be done."""
        asked = Asked(current_staff(), "")
        async with self._world.engine.connect() as conn:
            draft, organ = await find_draft(self._world, conn, asked, known_draft_id(request.draft_id))
            seen = await see(self._world, conn, draft, organ, asked.staff)
        return pb.GetDraftResponse(draft=seen_message(seen))

    async def ListDrafts(self, request: pb.ListDraftsRequest, _context: Context) -> pb.ListDraftsResponse:
        """Answer one page of drafts, newest first."""
        page, size = _page(request.page, request.page_size)
        staff, phase = current_staff(), _one_of(request.phase, PHASES, BAD_PHASE)
        async with self._world.engine.connect() as conn:
            registry, _ = await registry_now(self._world, conn)
            organs = narrow(staff, "draft.read", registry, request.organ)
            found = await drafts.list_drafts(conn, organs, phase=phase, page=page, page_size=size)
            loaded = await load_drafts(self._world, conn, found.draft_ids)
        names = {code: organ.name for code, organ in registry.organs.items()}
        messages = [draft_message(draft, names.get(draft.organ, "")) for draft in loaded]
        return pb.ListDraftsResponse(drafts=messages, total=found.total, by_phase=found.by_phase)

    async def ListIncoming(
        self, request: pb.ListIncomingRequest, _context: Context
    ) -> pb.ListIncomingResponse:
        """Answer one page of what departments sent, newest first."""
        page, size = _page(request.page, request.page_size)
        outcome = _one_of(request.outcome, incoming.OUTCOMES, BAD_OUTCOME)
        async with self._world.engine.connect() as conn:
            registry, _ = await registry_now(self._world, conn)
            organs = narrow(current_staff(), "incoming.read", registry, request.organ)
            found = await incoming.list_incoming(conn, organs, outcome=outcome, page=page, page_size=size)
        events = map(incoming_message, found.events)
        return pb.ListIncomingResponse(events=events, total=found.total, by_outcome=found.by_outcome)

    async def ListOrganRecords(
        self, request: pb.ListOrganRecordsRequest, _context: Context
    ) -> pb.ListOrganRecordsResponse:
        """Answer one page of an organ's public records, with what may be done with each."""
        page, size = _page(request.page, request.page_size)
        staff = current_staff()
        async with self._world.engine.connect() as conn:
            registry, _ = await registry_now(self._world, conn)
            organs = narrow(staff, "incoming.read", registry, request.organ)
            states, total = await list_organ_records(
                conn, organs, with_defects=request.with_defects, q=request.q, page=page, page_size=size
            )
            digests = {file.digest for state in states for file in state.files}
            gone = await self._world.contents.destroyed(conn, digests)
            revised = await drafts.being_revised(conn, [state.record_id for state in states])
        records = []
        for state in states:
            acts = record_acts(staff, registry.organs[state.organ], being_revised=state.record_id in revised)
            records.append(pb.OrganRecord(record=record_message(state, gone), acts=map(act_message, acts)))
        return pb.ListOrganRecordsResponse(records=records, total=total)

    async def FetchDraftContent(
        self, request: pb.FetchDraftContentRequest, _context: Context
    ) -> AsyncIterator[pb.FetchDraftContentResponse]:
        """Give out a body or file of a draft, to whoever may read the draft."""
        asked = Asked(current_staff(), "")
        async with self._world.engine.connect() as conn:
            draft, _ = await find_draft(self._world, conn, asked, known_draft_id(request.draft_id))
            own = {file.digest: file.media_type for file in draft.content.files}
            found = None
            if request.digest in own and _DIGEST.match(request.digest):
                found = await self._world.contents.get(conn, request.digest)
        if found is None:
            yield pb.FetchDraftContentResponse(digest=request.digest, last=True)
            return
        for start in range(0, len(found.data), CHUNK) or range(1):
            yield pb.FetchDraftContentResponse(
                digest=found.digest,
                found=True,
                media_type=own[found.digest],
                data=found.data[start : start + CHUNK],
                last=start + CHUNK >= len(found.data),
            )


def _one_of(given: str, known: Collection[str], fault: Reason) -> str:
    """A code a list is narrowed to, or nothing."""
    if given and given not in known:
        raise InvalidRequest(fault)
    return given


def _page(page: int, size: int) -> tuple[int, int]:
    page, size = page or 1, size or _PAGE_SIZE
    if page < 1 or not 1 <= size <= MAX_PAGE_SIZE:
        raise InvalidRequest(BAD_PAGE)
    return page, size
