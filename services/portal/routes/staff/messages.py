"""消息与存疑: what became of each message, and the doubts a person must settle."""

from __future__ import annotations

from typing import Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.refusal import Reason
from gongkai.rpc.notify.v1 import notify_pb2 as pb
from services.portal import staffwords
from services.portal.clients import Problem, problem_of
from services.portal.forms import read_form, redirect
from services.portal.portal import page_of, portal_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

PAGE_SIZE: Final = 50
_INT64: Final = 2**63
_UNDECIDED: Final = Reason("decision.missing", "请选择怎样处理。", "decision")


async def listing(request: Request) -> Response:
    """``/staff/messages/``: the doubts first."""
    signed = await staff_of(request)
    state = request.query_params.get("state", "doubt")
    state = state if state in {*staffwords.MESSAGE_STATES, ""} else "doubt"
    page = page_of(request)
    asked = pb.ListMessagesRequest(state=state, page=page, page_size=PAGE_SIZE)
    values = {
        "state": state,
        "states": staffwords.MESSAGE_STATES,
        "found": await portal_of(request).offices.notify_for(signed).ListMessages(asked),
        "page": page,
        "size": PAGE_SIZE,
    }
    return render_staff(request, "staff/messages.html", values, "messages")


async def settle(request: Request) -> Response:
    """``/staff/messages/{number}``: whether it was sent only a person can find out."""
    signed = await staff_of(request)
    number = request.path_params["number"]
    if not 0 < number < _INT64:
        raise HTTPException(404)
    if request.method != "POST":
        return _page(request, number)
    form = await read_form(request)
    decision, reason = form.text("decision"), form.text("reason")
    if decision not in staffwords.DECISIONS:
        return _page(request, number, decision, reason, Problem(422, (_UNDECIDED,)))
    asked = pb.SettleDoubtRequest(
        command_id=form.command_id,
        number=number,
        decision=decision,
        reason=reason,
        actor=f"staff:{signed.staff.id}",
    )
    try:
        await portal_of(request).offices.notify_for(signed).SettleDoubt(asked)
    except aio.AioRpcError as error:
        return _page(request, number, decision, reason, problem_of(error))
    return redirect("/staff/messages/", done="settled")


def _page(
    request: Request, number: int, decision: str = "", reason: str = "", problem: Problem | None = None
) -> Response:
    values = {
        "number": number,
        "decisions": list(staffwords.DECISIONS.items()),
        "decision": decision,
        "reason": reason,
        "problem": problem,
    }
    status = problem.status if problem else 200
    return render_staff(request, "staff/settle.html", values, "messages", status=status)
