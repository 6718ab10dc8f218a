"""部门报送: what departmental systems sent for an organ, and what became of it."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.security.permissions import Role
from services.portal import staffwords
from services.portal.organs import organs_of
from services.portal.portal import page_of, portal_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

PAGE_SIZE: Final = 20


async def listing(request: Request) -> Response:
    """``/staff/incoming/``."""
    signed = await staff_of(request)
    choice = await organs_of(request, signed, Role.EDITOR, Role.REVIEWER, Role.INSPECTOR)
    outcome = request.query_params.get("outcome", "")
    outcome = outcome if outcome in staffwords.OUTCOMES else ""
    page = page_of(request)
    asked = pb.ListIncomingRequest(organ=choice.chosen, outcome=outcome, page=page, page_size=PAGE_SIZE)
    values = {
        "choice": choice,
        "outcome": outcome,
        "outcomes": staffwords.OUTCOMES,
        "found": await portal_of(request).offices.drafts_for(signed).ListIncoming(asked),
        "page": page,
        "size": PAGE_SIZE,
        "mends": signed.staff.holds_anywhere(Role.EDITOR),
    }
    return render_staff(request, "staff/incoming.html", values, "incoming")
