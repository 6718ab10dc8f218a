"""What is done with a draft: a page that tells the consequences, then the deed. Nothing happens by a link."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.contracts.kinds import ATTRIBUTES
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from services.portal import staffwords
from services.portal.clients import Problem, Signed, problem_of
from services.portal.forms import Form, read_form, redirect
from services.portal.portal import portal_of
from services.portal.routes.staff.drafts import draft_of, names_of, preview
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

WITH_REASON: Final = frozenset({"draft.return", "draft.discard"})
SHOWS_TEXT: Final = frozenset({"draft.confirm", "draft.publish"})


async def act(request: Request) -> Response:
    """``/staff/drafts/{id}/{propose|confirm|return|publish|discard}``."""
    code = staffwords.BY_SLUG.get(request.path_params["act"], "")
    if not code:
        raise HTTPException(404)
    signed = await staff_of(request)
    if request.method != "POST":
        return await _page(request, signed, code, {}, None)
    form = await read_form(request)
    try:
        await _do(request, signed, code, form)
    except aio.AioRpcError as error:
        return await _page(request, signed, code, form.values, problem_of(error))
    return redirect(f"/staff/drafts/{request.path_params['id']}", done=staffwords.ACTS[code].done)


def _do(request: Request, signed: Signed, code: str, form: Form) -> Awaitable[object]:
    drafts = portal_of(request).offices.drafts_for(signed)
    draft_id, seen = request.path_params["id"], version_of(form.text("version"))
    match code:
        case "draft.propose":
            return drafts.ProposeAttribute(
                pb.ProposeAttributeRequest(
                    command_id=form.command_id,
                    draft_id=draft_id,
                    attribute=form.text("attribute"),
                    ground=form.text("ground"),
                    expected_version=seen,
                )
            )
        case "draft.confirm":
            return drafts.ConfirmAttribute(
                pb.ConfirmAttributeRequest(
                    command_id=form.command_id, draft_id=draft_id, expected_version=seen
                )
            )
        case "draft.return":
            return drafts.ReturnDraft(
                pb.ReturnDraftRequest(
                    command_id=form.command_id,
                    draft_id=draft_id,
                    reason=form.text("reason"),
                    expected_version=seen,
                )
            )
        case "draft.publish":
            return drafts.PublishDraft(
                pb.PublishDraftRequest(command_id=form.command_id, draft_id=draft_id, expected_version=seen)
            )
        case _:
            return drafts.DiscardDraft(
                pb.DiscardDraftRequest(
                    command_id=form.command_id,
                    draft_id=draft_id,
                    reason=form.text("reason"),
                    expected_version=seen,
                )
            )


async def _page(
    request: Request, signed: Signed, code: str, typed: dict[str, str], problem: Problem | None
) -> Response:
    draft = await draft_of(request, signed)
    told = next((one for one in draft.acts if one.code == code), None)
    values = {
        "draft": draft,
        "code": code,
        "act": staffwords.ACTS[code],
        "told": told,
        "attributes": list(ATTRIBUTES.items()),
        "typed": typed,
        "problem": problem,
        "names": await names_of(portal_of(request), signed, [draft.proposed_by, draft.confirmed_by]),
        "with_reason": code in WITH_REASON,
        "blocks": preview(draft.content) if code in SHOWS_TEXT else (),
    }
    return render_staff(
        request, "staff/act.html", values, "drafts", status=problem.status if problem else 200
    )


def version_of(text: str) -> int:
    """The version that was looked at. One that is no number fits none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else -1  # noqa: PLR2004 - of an int64
