"""依申请公开 for clerks: the work list, one case, and the applicant behind a button that leaves a trace."""

from __future__ import annotations

from typing import Final

from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.security.permissions import Place, Role, may
from services.portal import casewords
from services.portal.caseacts import ACTS, READ_APPLICANT
from services.portal.clients import Problem, Signed, problem_of
from services.portal.discreet import discreet
from services.portal.forms import read_form
from services.portal.portal import page_of, portal_of
from services.portal.routes.staff.drafts import names_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

PAGE_SIZE: Final = 20
SECTION: Final = "requests"


async def listing(request: Request) -> Response:
    """``/staff/requests/``: what is to be done, the most urgent first."""
    signed = await staff_of(request)
    if not signed.staff.holds_anywhere(Role.CLERK):
        return render_staff(request, "staff/requests/none.html", {"erases": may_erase(signed)}, SECTION)
    chosen = request.query_params.get("clock", "")
    chosen = chosen if chosen in casewords.CLOCKS else ""
    page = page_of(request)
    asked = pb.ListRequestsRequest(clock=chosen, page=page, page_size=PAGE_SIZE)
    found = await portal_of(request).offices.requests_for(signed).ListRequests(asked)
    values = {
        "found": found,
        "clocks": {
            code: name
            for code, name in casewords.CLOCKS.items()
            if code in casewords.ALWAYS or code in found.by_clock or code == chosen
        },
        "chosen": chosen,
        "page": page,
        "size": PAGE_SIZE,
        "erases": may_erase(signed),
    }
    return render_staff(request, "staff/requests/list.html", values, SECTION)


async def case(request: Request) -> Response:
    """``/staff/requests/{number}``."""
    signed = await staff_of(request)
    return await case_page(request, signed, await case_of(request, signed))


async def applicant(request: Request) -> Response:
    """``POST …/applicant``: who asks. That it was read, by whom and when, is recorded by the office that keeps it."""
    signed = await staff_of(request)
    form = await read_form(request)
    number = request.path_params["number"]
    asked = pb.ReadApplicantRequest(command_id=form.command_id, number=number)
    try:
        told = await portal_of(request).offices.requests_for(signed).ReadApplicant(asked)
    except aio.AioRpcError as error:
        return await case_page(request, signed, await case_of(request, signed), problem=problem_of(error))
    return await case_page(request, signed, await case_of(request, signed), told.applicant)


async def case_page(
    request: Request,
    signed: Signed,
    one: pb.Request,
    who: pb.Applicant | None = None,
    problem: Problem | None = None,
) -> Response:
    """The page of one case."""
    portal = portal_of(request)
    acts = {act.code: _for(signed, one, act) for act in one.acts}
    told = [(words, acts[code]) for code, words in ACTS.items() if code in acts]
    values = {
        "one": one,
        "allowed": [(words, act) for words, act in told if act.allowed],
        "refused": [(words, act) for words, act in told if not act.allowed],
        "reads": READ_APPLICANT not in acts or acts[READ_APPLICANT].allowed,
        "who": who,
        "names": await names_of(portal, signed, [*(step.staff for step in one.steps), one.search.by]),
        "problem": problem,
    }
    status = problem.status if problem else 200
    return discreet(
        render_staff(request, "staff/requests/case.html", values, SECTION, status=status), silent=True
    )


async def case_of(request: Request, signed: Signed) -> pb.Request:
    """The request the address names.

    Raises:
        AioRpcError: NOT_FOUND, there is none, or not for this person.
    """
    asked = pb.GetRequestRequest(number=request.path_params["number"])
    return (await portal_of(request).offices.requests_for(signed).GetRequest(asked)).request


def _for(signed: Signed, one: pb.Request, act: pb.Act) -> pb.Act:
    """An act as it stands for this person: what another's post does is not offered."""
    if act.code != "erase" or may(signed.staff, "request.erase", Place(one.organ, one.division)):
        return act
    told = pb.Act(code=act.code, article=act.article)
    told.reasons.add(
        code="auth.not-allowed", message_zh="由管理员删除。需要删除的，请把登记编号和理由告诉管理员。"
    )
    return told


def may_erase(signed: Signed) -> bool:
    """Whether the page offers to erase an applicant by number. The office decides."""
    return signed.staff.holds_anywhere(Role.ADMINISTRATOR)
