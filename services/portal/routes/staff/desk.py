"""工作台: what waits for whoever is logged in. A part whose service is away says so; the rest stands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import catalogues_pb2, villages_pb2
from gongkai.rpc.notify.v1 import notify_pb2
from gongkai.rpc.publishing.v1 import drafts_pb2 as pb
from gongkai.rpc.requests.v1 import requests_pb2
from gongkai.security.permissions import Role
from services.portal.clients import Signed
from services.portal.drafting import kept_by
from services.portal.organs import organs_of
from services.portal.portal import Portal, portal_of
from services.portal.routes.coverage import STATES
from services.portal.routes.home import or_none
from services.portal.routes.staff.due import Due, boards_of, due_of
from services.portal.routes.staff.villages import lists_of
from services.portal.sessions import staff_of
from services.portal.staffpages import render_staff

SHOWN: Final = 50
_E, _R, _I = Role.EDITOR, Role.REVIEWER, Role.INSPECTOR


@dataclass(frozen=True, slots=True)
class Publishing:
    """What waits in publishing; None: it does not answer."""

    to_confirm: pb.ListDraftsResponse | None
    to_publish: pb.ListDraftsResponse | None
    drafting: pb.ListDraftsResponse | None
    defects: int
    refused: int


async def desk(request: Request) -> Response:
    """``/staff/``."""
    signed = await staff_of(request)
    portal = portal_of(request)
    staff = signed.staff
    publishing, due, requests, doubts, drafts, lists = await asyncio.gather(
        _publishing(request, portal, signed),
        _due(request, signed),
        _requests(portal, signed),
        _doubts(portal, signed),
        _catalogues(request, signed),
        _villages(request, signed),
    )
    divisions = await portal.registry.divisions() if lists else None
    values = {
        "publishing": publishing,
        "due": due,
        "boards": boards_of(signed),
        "states": STATES,
        "requests": requests,
        "doubts": doubts,
        "drafts_of_catalogues": drafts,
        "village_lists": [(divisions.find(one.list.village), one) for one in lists] if divisions else [],
        "keeps": staff.holds_anywhere(Role.STEWARD),
        "edits": staff.holds_anywhere(_E),
        "reviews": staff.holds_anywhere(_R),
        "publishes": staff.holds_anywhere(_E, _R, _I),
        "handles": staff.holds_anywhere(Role.CLERK),
        "administers": staff.holds_anywhere(Role.ADMINISTRATOR),
    }
    return render_staff(request, "staff/desk.html", values, "desk")


async def _publishing(request: Request, portal: Portal, signed: Signed) -> Publishing | None:
    if not signed.staff.holds_anywhere(_E, _R):
        return None
    choice = await organs_of(request, signed, _E, _R)
    drafts = portal.offices.drafts_for(signed)

    def of_phase(phase: str) -> pb.ListDraftsRequest:
        return pb.ListDraftsRequest(phase=phase, page=1, page_size=SHOWN)

    to_confirm, to_publish, drafting, defects, incoming = await asyncio.gather(
        or_none(drafts.ListDrafts(of_phase("proposed"))),
        or_none(drafts.ListDrafts(of_phase("confirmed"))),
        or_none(drafts.ListDrafts(of_phase("drafting"))),
        or_none(
            drafts.ListOrganRecords(
                pb.ListOrganRecordsRequest(organ=choice.chosen, with_defects=True, page=1, page_size=1)
            )
        ),
        or_none(drafts.ListIncoming(pb.ListIncomingRequest(organ=choice.chosen, page=1, page_size=1))),
    )
    return Publishing(
        to_confirm,
        to_publish,
        drafting,
        defects.total if defects else 0,
        incoming.by_outcome["rejected"] if incoming else 0,
    )


async def _due(request: Request, signed: Signed) -> Due | None:
    return await due_of(request, signed) if signed.staff.holds_anywhere(_E, _R) else None


async def _catalogues(request: Request, signed: Signed) -> Sequence[catalogues_pb2.Draft] | None:
    """The catalogues somebody keeps, with what is open; None: the service does not answer."""
    if not signed.staff.holds_anywhere(Role.STEWARD):
        return None
    kept = await or_none(kept_by(request, signed))
    return kept[0] if kept else None


async def _villages(request: Request, signed: Signed) -> list[villages_pb2.VillageListEntry]:
    """The villages' lists that somebody is at; their page tells where the service does not answer."""
    found = await or_none(lists_of(request, signed, brief=True))
    return [one for one in found or () if one.phase != "none"][:SHOWN]


async def _requests(portal: Portal, signed: Signed) -> requests_pb2.ListRequestsResponse | None:
    if not signed.staff.holds_anywhere(Role.CLERK):
        return None
    asked = requests_pb2.ListRequestsRequest(page=1, page_size=SHOWN)
    return await or_none(portal.offices.requests_for(signed).ListRequests(asked))


async def _doubts(portal: Portal, signed: Signed) -> notify_pb2.ListMessagesResponse | None:
    if not signed.staff.holds_anywhere(Role.ADMINISTRATOR):
        return None
    asked = notify_pb2.ListMessagesRequest(state="doubt", page=1, page_size=SHOWN)
    return await or_none(portal.offices.notify_for(signed).ListMessages(asked))
