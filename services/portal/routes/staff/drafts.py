"""信息发布: the drafts on the desk, and one of them with its steps, its acts and its preview."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gongkai.contracts.kinds import ATTRIBUTES
from gongkai.rpc.catalog.v1 import catalog_pb2, identity_pb2
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.security.permissions import Role
from gongkai.serving.channels import streaming
from services.portal import figures, staffwords
from services.portal.clients import Signed
from services.portal.downloads import download_headers, safe_type
from services.portal.organs import organs_of
from services.portal.portal import Portal, page_of, portal_of
from services.portal.routes.home import or_none
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff
from services.portal.typeblocks import Block
from services.portal.typeset import typeset

PAGE_SIZE: Final = 20
_MARKS: Final = ("# ", "## ", "### ", "#### ", "- ", "* ", "| ", "> ")
"""How lines begin in a text that publishing keeps as Markdown."""


async def listing(request: Request) -> Response:
    """``/staff/drafts/``."""
    signed = await staff_of(request)
    portal = portal_of(request)
    choice = await organs_of(request, signed, Role.EDITOR, Role.REVIEWER, Role.INSPECTOR)
    phase = request.query_params.get("phase", "")
    phase = phase if phase in staffwords.PHASES else ""
    page = page_of(request)
    asked = pb.ListDraftsRequest(organ=choice.chosen, phase=phase, page=page, page_size=PAGE_SIZE)
    found = await portal.offices.drafts_for(signed).ListDrafts(asked)
    values = {
        "choice": choice,
        "phase": phase,
        "phases": staffwords.PHASES,
        "found": found,
        "page": page,
        "size": PAGE_SIZE,
        "writes": signed.staff.holds_anywhere(Role.EDITOR),
        "names": await names_of(portal, signed, (one.proposed_by for one in found.drafts)),
    }
    return render_staff(request, "staff/drafts.html", values, "drafts")


async def show(request: Request) -> Response:
    """``/staff/drafts/{id}``."""
    signed = await staff_of(request)
    portal = portal_of(request)
    draft = await draft_of(request, signed)
    names, matter = await asyncio.gather(
        names_of(portal, signed, [*(step.staff for step in draft.steps), draft.proposed_by, draft.confirmed_by]),
        matter_name(portal, draft.content),
    )  # fmt: skip
    domains = await portal.registry.domains()
    values = {
        "draft": draft,
        "names": names,
        "blocks": preview(draft.content),
        "figures": figures.table(
            draft.content.facts,
            await or_none(portal.registry.divisions()),
            await own_division(portal, draft.content),
        ),
        "path": staffwords.PATH,
        "acts": [(staffwords.ACTS[one.code], one) for one in draft.acts if one.code in staffwords.ACTS],
        "attributes": ATTRIBUTES,
        "domain_name": domains.name_of(draft.content.domain) if draft.content.domain else "",
        "matter_name": matter,
    }
    return render_staff(request, "staff/draft.html", values, "drafts")


async def file(request: Request) -> Response:
    """``/staff/drafts/{id}/files/{digest}``: an attachment, for those who may read the draft."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    digest = request.path_params["digest"]
    held = next((one for one in draft.content.attachments if one.digest == digest), None)
    if held is None:
        raise HTTPException(404)
    asked = pb.FetchDraftContentRequest(draft_id=draft.id, digest=digest)
    call = portal_of(request).offices.drafts_for(signed).FetchDraftContent(asked)
    pieces = _pieces(call)
    first = await anext(pieces, None)
    if first is None:
        raise HTTPException(404)

    async def all_of_it() -> AsyncGenerator[bytes, None]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    headers = {**download_headers(held.name), "Cache-Control": "no-store"}
    return StreamingResponse(all_of_it(), headers=headers, media_type=safe_type(held.media_type))


async def draft_of(request: Request, signed: Signed) -> pb.Draft:
    """The draft the address names.

    Raises:
        AioRpcError: NOT_FOUND, there is none, or not for this person.
    """
    asked = pb.GetDraftRequest(draft_id=request.path_params["id"])
    return (await portal_of(request).offices.drafts_for(signed).GetDraft(asked)).draft


async def own_division(portal: Portal, content: pb.DraftContent) -> str:
    """Division of the record a draft is to become: its own, else its organ's; empty where nobody knows."""
    if content.division or not content.organ:
        return content.division
    told = await or_none(portal.offices.catalog.GetOrgan(catalog_pb2.GetOrganRequest(code=content.organ)))
    return told.organ.division if told else ""


def preview(content: pb.DraftContent) -> Sequence[Block]:
    """The body as the public page will set it."""
    text = content.body_text
    marked = any(line.startswith(_MARKS) for line in text.splitlines())
    return typeset(text.encode(), "text/markdown" if marked else "text/plain") if text else ()


async def names_of(portal: Portal, signed: Signed, ids: Iterable[str]) -> Mapping[str, str]:
    """Names of people by id; without those that are erased, and without any where catalog is away."""
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return {}
    asked = identity_pb2.NameStaffRequest(ids=wanted)
    told = await or_none(portal.offices.identity_for(signed).NameStaff(asked))
    return dict(told.names) if told else {}


async def matter_name(portal: Portal, content: pb.DraftContent) -> str:
    """What the matter of a draft is called; its code where the catalogue does not know it."""
    if not content.matter:
        return ""
    told = await or_none(portal.offices.catalog.GetMatter(catalog_pb2.GetMatterRequest(id=content.matter)))
    return f"{told.matter.level1}／{told.matter.level2}" if told else content.matter


async def _pieces(call: AsyncIterable[pb.FetchDraftContentResponse]) -> AsyncGenerator[bytes, None]:
    async with streaming(call) as answers:
        async for one in answers:
            if one.found:
                yield one.data
