"""申请公开 in four steps. What was written goes from page to page in the bodies of forms; the server keeps nothing.

The address of a step is where its page is asked for: ``POST …/new/3`` shows step 3 if the steps before it are in order,
and the first step that is not, with what is wrong, otherwise.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gongkai.refusal import Reason
from gongkai.rpc.catalog.v1 import catalog_pb2
from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.rpc.search.v1 import search_pb2
from services.portal import asking
from services.portal.asking import Application
from services.portal.askingfaults import NO_ORGAN, Fault, faults
from services.portal.clients import client_of, problem_of
from services.portal.discreet import discreet
from services.portal.failures import RETRY_SECONDS
from services.portal.forms import read_form
from services.portal.pages import Where
from services.portal.portal import Portal, portal_of
from services.portal.routes.home import or_none

MATCHES: Final = 5
SUGGESTED: Final = 4
_QUERY: Final = 60
"""Characters of a description that are searched for."""
_MOST_ORGANS: Final = 1000
_BREAKS: Final = re.compile(r"[，。；、：！？“”《》（）()\s,;.!?]+")
_LAST: Final = 4
_OK: Final = 200
_WRONG: Final = 422
_log = structlog.get_logger()


async def begin(request: Request) -> Response:
    """``GET …/new/{step}``: the form begins at its first step; there is nothing yet that a later one could show."""
    portal = portal_of(request)
    where = await portal.where(request, "requests", "requests/new/1")
    assert where.place is not None
    if request.path_params["step"] != 1:
        return RedirectResponse(f"/{where.place.slug}/requests/new/1", status_code=303)
    return await _page(request, portal, where, Application(), 1)


async def step(request: Request) -> Response:
    """``POST …/new/{step}``: a step, or the first one before it that is not in order."""
    portal = portal_of(request)
    wanted = int(request.path_params["step"])
    if wanted not in asking.STEPS:
        raise HTTPException(404)
    where = await portal.where(request, "requests", "requests/new/1")
    application = Application.read((await read_form(request)).values)
    organs = await _organs(portal, where)
    for earlier in range(1, wanted):
        found = _faults(application, earlier, organs)
        if found:
            return await _page(request, portal, where, application, earlier, found)
        if earlier == 1 and not application.looked:
            return await _page(request, portal, where, application, 1, looked=True)
    return await _page(request, portal, where, application, wanted)


async def submit(request: Request) -> Response:
    """``POST …/new/submit``: hand the application in; show number and code, this once."""
    portal = portal_of(request)
    where = await portal.where(request, "requests", "requests/new/1")
    assert where.place is not None
    form = await read_form(request)
    application = Application.read(form.values)
    organs = await _organs(portal, where)
    for earlier in range(1, _LAST):
        found = _faults(application, earlier, organs)
        if found:
            return await _page(request, portal, where, application, earlier, found)
    asked = _submission(application.settled(), form.command_id, client_of(request, portal.settings))
    try:
        receipt = await portal.offices.requests.Submit(asked)
    except aio.AioRpcError as error:
        problem = problem_of(error)
        return await _refused(request, portal, where, application, problem.reasons, problem.status)
    values = {"receipt": receipt, "application": application.settled()}
    return discreet(portal.pages.render(request, "requests/receipt.html", values, where), silent=True)


def _submission(one: Application, command_id: str, client: str) -> pb.SubmitRequest:
    return pb.SubmitRequest(
        command_id=command_id,
        organ=one.asked_organ,
        applicant=pb.Applicant(
            kind=one.kind,
            name=one.name,
            id_kind=one.id_kind,
            id_number=one.id_number,
            contact_name=one.contact_name,
            phone=one.phone,
            email=one.email,
            address=one.address,
        ),
        content=pb.Content(description=one.description, supply=one.supply, delivery=one.delivery),
        client=client,
    )


async def _refused(
    request: Request,
    portal: Portal,
    where: Where,
    application: Application,
    reasons: Sequence[Reason],
    status: int,
) -> Response:
    """Show the earliest step a refusal is about, with everything that was written."""
    known = {name for shown in asking.SHOWN.values() for name in shown}
    found = []
    for reason in reasons:
        field = reason.field.rpartition(".")[2]
        found.append(Fault(field if field in known else "", reason.message_zh))
    earliest = min((asking.step_of(one.field) for one in found if one.field), default=_LAST)
    answer = await _page(request, portal, where, application, earliest, found, status=status)
    if status != _WRONG:
        answer.headers["Retry-After"] = RETRY_SECONDS
    return answer


async def _page(
    request: Request,
    portal: Portal,
    where: Where,
    application: Application,
    number: int,
    found: Sequence[Fault] = (),
    *,
    looked: bool = False,
    status: int = 0,
) -> Response:
    organs = await _organs(portal, where)
    looks = number == 1 and (looked or bool(application.looked))
    hits = await _matches(portal, where, application.description) if looks else ()
    suggested = _suggested(hits, organs)
    values = {
        "step": number,
        "steps": asking.STEPS,
        "application": application,
        "faults": found,
        "by_field": {one.field: one for one in found},
        "carried": application.carried(asking.SHOWN[number]),
        "looks": looks,
        "matches": hits,
        "suggested": suggested,
        "organs": organs,
        "organ_name": organs.get(application.asked_organ, ""),
        "asking": asking,
    }
    answered = status or (_WRONG if found else _OK)
    return discreet(portal.pages.render(request, "requests/apply.html", values, where, status=answered))


def _faults(application: Application, step: int, organs: Mapping[str, str]) -> list[Fault]:
    found = faults(application, step)
    if step == 1 and application.asked_organ and application.asked_organ not in organs:
        found.append(NO_ORGAN)
    return found


async def _organs(portal: Portal, where: Where) -> Mapping[str, str]:
    """Code → name of the organs of the division and everything below it."""
    assert where.place is not None
    found: dict[str, str] = {}
    token = ""
    while len(found) < _MOST_ORGANS:
        asked = catalog_pb2.ListOrgansRequest(
            division=where.place.code, include_below=True, page_size=200, page_token=token
        )
        page = await portal.offices.catalog.ListOrgans(asked)
        found |= {organ.code: organ.name for organ in page.organs if not organ.heir}
        token = page.next_page_token
        if not token:
            break
    return found


async def _matches(portal: Portal, where: Where, description: str) -> Sequence[search_pb2.Hit]:
    """What is public already and may be what is asked for; nothing where search does not answer.

    A description rarely stands in a document word for word: its whole is tried first, then its first phrase.
    """
    assert where.place is not None
    phrases = [one for one in _BREAKS.split(description) if one]
    tried = list(dict.fromkeys([" ".join(phrases)[:_QUERY], *(one[:_QUERY] for one in phrases[:2])]))
    answers = await asyncio.gather(
        *(
            or_none(
                portal.offices.search.Search(
                    search_pb2.SearchRequest(
                        query=text,
                        division=where.place.code,
                        also=where.place.predecessors,
                        page=1,
                        page_size=MATCHES,
                    )
                )
            )
            for text in tried
        )
    )
    found = {hit.index_number: hit for answer in answers if answer for hit in answer.hits}
    return list(found.values())[:MATCHES]


def _suggested(hits: Sequence[search_pb2.Hit], organs: Mapping[str, str]) -> Mapping[str, str]:
    """Organ → why it is suggested: it disclosed something like it."""
    found: dict[str, str] = {}
    for hit in hits:
        if hit.organ in organs and len(found) < SUGGESTED:
            title = "".join(fragment.text for fragment in hit.title.fragments)
            found.setdefault(hit.organ, f"公开过《{title[:30]}》" if title else "公开过相近的信息")
    return found
