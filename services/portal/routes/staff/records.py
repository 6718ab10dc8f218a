"""Public records of one's own organ: found, revised, their defects mended, withdrawn with a reason."""

from __future__ import annotations

from typing import Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2
from gongkai.security.permissions import Role
from services.portal.clients import Problem, problem_of
from services.portal.forms import read_form, redirect
from services.portal.organs import organs_of
from services.portal.portal import page_of, portal_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

PAGE_SIZE: Final = 20
MOST_WORDS: Final = 100


async def listing(request: Request) -> Response:
    """``/staff/records/``."""
    signed = await staff_of(request)
    choice = await organs_of(request, signed, Role.EDITOR, Role.REVIEWER, Role.INSPECTOR)
    q = request.query_params.get("q", "").strip()[:MOST_WORDS]
    with_defects = request.query_params.get("defects") == "1"
    page = page_of(request)
    asked = pb.ListOrganRecordsRequest(
        organ=choice.chosen, with_defects=with_defects, q=q, page=page, page_size=PAGE_SIZE
    )
    found = await portal_of(request).offices.drafts_for(signed).ListOrganRecords(asked)
    values = {
        "choice": choice,
        "found": found,
        "q": q,
        "with_defects": with_defects,
        "page": page,
        "size": PAGE_SIZE,
    }
    return render_staff(request, "staff/records.html", values, "drafts")


async def revise(request: Request) -> Response:
    """``/staff/records/{uscc}/{number}/revise``: a draft filled from the record; the record stays as it is."""
    signed = await staff_of(request)
    form = await read_form(request)
    asked = pb.ReviseRecordRequest(command_id=form.command_id, index_number=_index_number(request))
    made = await portal_of(request).offices.drafts_for(signed).ReviseRecord(asked)
    return redirect(f"/staff/drafts/{made.draft.id}/edit")


async def withdraw(request: Request) -> Response:
    """``/staff/records/{uscc}/{number}/withdraw``: the consequences, then the deed."""
    signed = await staff_of(request)
    if request.method != "POST":
        return await _withdrawal(request)
    form = await read_form(request)
    number = _index_number(request)
    asked = pb.WithdrawRecordRequest(
        command_id=form.command_id, index_number=number, reason=form.text("reason")
    )
    try:
        await portal_of(request).offices.drafts_for(signed).WithdrawRecord(asked)
    except aio.AioRpcError as error:
        return await _withdrawal(request, form.text("reason"), problem_of(error))
    return redirect("/staff/records/", done="withdrawn")


async def _withdrawal(request: Request, reason: str = "", problem: Problem | None = None) -> Response:
    asked = publishing_pb2.GetRecordRequest(index_number=_index_number(request))
    found = await portal_of(request).offices.records.GetRecord(asked)
    if not found.HasField("record"):
        raise HTTPException(404)
    values = {"record": found.record, "reason": reason, "problem": problem}
    status = problem.status if problem else 200
    return render_staff(request, "staff/withdraw.html", values, "drafts", status=status)


def _index_number(request: Request) -> str:
    return f"{request.path_params['uscc']}/{request.path_params['number']}"
