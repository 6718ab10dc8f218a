"""公开主体: which organs the words of a catalogue mean, and where nobody knows, who decides it."""

from __future__ import annotations

from typing import Final

from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.catalog.v1 import duties_pb2 as pb
from gongkai.security.permissions import Place, may
from services.portal.clients import Problem, problem_of
from services.portal.drafting import draft_of
from services.portal.forms import read_form, redirect
from services.portal.portal import portal_of
from services.portal.routes.staff.catalogues import SECTION, frame
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

_PAGE: Final = 200
_MOST: Final = 2000


async def listing(request: Request) -> Response:
    """``/staff/catalogue/{catalogue}/subjects``: the words, those that mean nobody first, most matters first; ``?subject=`` opens one."""
    signed = await staff_of(request)
    draft = await draft_of(request, signed)
    division = draft.catalogue.division
    if draft.catalogue.id != division:  # the guide is no division's: its words mean organs in those below
        raise HTTPException(404)
    office = portal_of(request).offices.duties_for(signed)
    subject, picked = request.query_params.get("subject", ""), None
    problem: Problem | None = None
    if request.method == "POST":
        form = await read_form(request)
        subject, picked = form.text("subject"), form.all("organs")
        asked = pb.AssignSubjectRequest(
            command_id=form.command_id, division=division, subject=subject, organs=picked
        )
        try:
            await office.AssignSubject(asked)
        except aio.AioRpcError as error:
            problem = problem_of(error)
        else:
            return redirect(f"/staff/catalogue/{draft.catalogue.id}/subjects", done="subject-assigned")
    told = (await office.ListAssignments(pb.ListAssignmentsRequest(division=division))).assignments
    chosen = next((one for one in told if one.subject == subject), None)
    if subject and chosen is None:
        raise HTTPException(404)
    organs = await _organs(request, division)
    often = sorted((one for one in told if one.matters), key=lambda one: -one.matters)
    values = {
        **frame(draft),
        "unassigned": [one for one in often if not one.organs],
        "assigned": [one for one in often if one.organs],
        "organs": organs,
        "chosen": chosen,
        "picked": picked if picked is not None else list(chosen.organs) if chosen else [],
        "problem": problem,
        "manages": may(signed.staff, "subject.assign", Place("", division)),
    }
    status = problem.status if problem else 200
    return render_staff(request, "staff/catalogue/subjects.html", values, SECTION, status=status)


async def _organs(request: Request, division: str) -> dict[str, str]:
    """Code and name of the organs that are there today, those that came from an ended division among them."""
    names: dict[str, str] = {}
    token = ""
    while len(names) < _MOST:
        asked = catalog_pb2.ListOrgansRequest(division=division, page_size=_PAGE, page_token=token)
        told = await portal_of(request).offices.catalog.ListOrgans(asked)
        names |= {organ.code: organ.name for organ in told.organs if not organ.heir}
        token = told.next_page_token
        if not token:
            break
    return names
