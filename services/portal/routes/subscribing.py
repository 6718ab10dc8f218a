"""订阅: asked for, confirmed by a code that proves whose address it is, and left with one button.

What is kept, and how long, notify decides; the portal keeps nothing but a code for WeChat, in the reader's own browser,
while the page waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import grpc
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.notify.v1 import notify_pb2 as pb
from services.portal.clients import Problem, client_of, problem_of
from services.portal.csrf import https
from services.portal.discreet import discreet
from services.portal.forms import Form, read_form, redirect
from services.portal.pages import Where
from services.portal.places import Place
from services.portal.portal import Portal, portal_of
from services.portal.registry import Domains

CHANNELS: Final = {"email": "电子邮件", "sms": "短信", "wechat": "微信"}
ALL: Final = "all"
WECHAT_COOKIE: Final = "wechat-code"
_WAITING: Final = "/subscribe/waiting"
_EVERY_SECONDS: Final = 5
_HALF_HOUR: Final = 1800
_LONGEST: Final = 200
_MOST: Final = 60
"""Choices of one kind that are passed on; notify refuses fewer."""


async def ask(request: Request) -> Response:
    """``GET /subscribe?place=…&topic=…``: from the page of a county, a domain or a column, prefilled."""
    portal = portal_of(request)
    topic = request.query_params.get("topic", "")
    where, _places = await _around(portal, request.query_params.get("place", ""))
    known = await _domains(portal, where)
    return await _form(request, topics=[topic] if known.find(topic) else [ALL])


async def subscribe(request: Request) -> Response:
    """``POST /subscribe``: a code goes to the address, or is shown for WeChat."""
    portal = portal_of(request)
    form = await read_form(request)
    topics = form.all("topics")[:_MOST]
    topics = [ALL] if ALL in topics else topics
    places = form.all("places")[:_MOST]
    channel = form.text("channel")
    asked = pb.OpenSubscriptionRequest(
        command_id=form.command_id,
        channel=channel,
        address="" if channel == "wechat" else form.text("address")[:_LONGEST],
        topics=topics,
        places=places,
        client=client_of(request, portal.settings),
    )
    try:
        opened = await portal.offices.notify.OpenSubscription(asked)
    except aio.AioRpcError as error:
        return await _form(request, form=form, topics=topics, places=places, problem=problem_of(error))
    if channel == "wechat":
        return _waiting(request, opened.subscription.id, opened.wechat_code)
    return await _code_page(request, opened.subscription.id, channel, opened.subscription.address_masked)


async def confirm(request: Request) -> Response:
    """``POST /subscribe/confirm``: the code that came to the address."""
    portal = portal_of(request)
    form = await read_form(request)
    asked = pb.ConfirmSubscriptionRequest(
        command_id=form.command_id,
        id=form.text("id")[:_LONGEST],
        code="".join(form.text("code").split())[:_LONGEST],
        client=client_of(request, portal.settings),
    )
    try:
        await portal.offices.notify.ConfirmSubscription(asked)
    except aio.AioRpcError as error:
        channel, masked = form.text("channel"), form.text("masked")[:_LONGEST]
        return await _code_page(request, asked.id, channel, masked, problem_of(error))
    return redirect("/subscribe/done")


async def waiting(request: Request) -> Response:
    """``GET /subscribe/waiting/{id}``: until the official account has received the code. The page asks again by itself."""
    identity = request.path_params["id"]
    found = await portal_of(request).offices.notify.GetSubscription(pb.GetSubscriptionRequest(id=identity))
    if found.subscription.state == "active":
        answer = redirect("/subscribe/done")
        answer.delete_cookie(
            WECHAT_COOKIE, path=_WAITING, httponly=True, samesite="lax", secure=https(request)
        )
        return answer
    values = {
        "state": found.subscription.state,
        "code": request.cookies.get(WECHAT_COOKIE, "")[:20],
        "seconds": _EVERY_SECONDS,
    }
    answer = discreet(
        portal_of(request).pages.render(request, "subscribe/waiting.html", values, await _frame(request))
    )
    if found.subscription.state == "waiting":
        answer.headers["Refresh"] = str(_EVERY_SECONDS)  # a header, not an element: it works without script
    return answer


async def done(request: Request) -> Response:
    """``GET /subscribe/done``: it is confirmed. Says nothing of whose or what: the page has no secret to keep."""
    return portal_of(request).pages.render(request, "subscribe/done.html", {}, await _frame(request))


async def leave(request: Request) -> Response:
    """``GET /subscribe/leave/{token}``: one page, one button. Whoever only looks (a mail scanner does) changes nothing."""
    token = request.path_params["token"]
    try:
        found = await portal_of(request).offices.notify.GetSubscription(
            pb.GetSubscriptionRequest(leave_token=token)
        )
    except aio.AioRpcError as error:
        return await _no_link(request, error)
    return await _leave_page(request, found.subscription)


async def leave_now(request: Request) -> Response:
    """``POST /subscribe/leave/{token}``: left, by the button or by a mail program's one click (RFC 8058 §3.2).

    This form alone is exempt from the CSRF check: a mail program sends it with neither cookie nor origin of ours. The
    token in the address is the proof, nobody else can make one, and all it can do is end this one subscription. The
    body (``List-Unsubscribe=One-Click``) adds nothing to it and is not read.
    """
    token = request.path_params["token"]
    command = str(uuid5(NAMESPACE_URL, f"leave:{token}"))  # sent twice, it changes nothing the second time
    try:
        left = await portal_of(request).offices.notify.Leave(
            pb.LeaveRequest(command_id=command, leave_token=token)
        )
    except aio.AioRpcError as error:
        return await _no_link(request, error)
    return await _leave_page(request, left.subscription)


async def _leave_page(request: Request, one: pb.Subscription) -> Response:
    portal = portal_of(request)
    divisions, domains = await portal.registry.divisions(), await portal.registry.domains()
    values = {
        "one": one,
        "channel": CHANNELS.get(one.channel, ""),
        "places": [divisions.name_of(code) for code in one.places],
        "topics": [domains.name_of(code) for code in one.topics if code != ALL] or ["全部领域"],
    }
    page = portal.pages.render(request, "subscribe/leave.html", values, await _frame(request))
    return discreet(page, silent=True)


async def _no_link(request: Request, error: aio.AioRpcError) -> Response:
    if error.code() not in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}:
        raise error
    page = portal_of(request).pages.render(
        request, "subscribe/no-link.html", {}, await _frame(request), status=404
    )
    return discreet(page, silent=True)


def _waiting(request: Request, identity: str, code: str) -> Response:
    """Go on to the page that waits. Its address has the id; the code stays in a cookie of this browser."""
    if not identity.replace("-", "").isalnum():
        raise HTTPException(404)
    answer = redirect(f"{_WAITING}/{identity}")
    answer.set_cookie(
        WECHAT_COOKIE, code, max_age=_HALF_HOUR, path=_WAITING, httponly=True, samesite="lax", secure=https(request)
    )  # fmt: skip
    return answer


async def _code_page(
    request: Request, identity: str, channel: str, masked: str, problem: Problem | None = None
) -> Response:
    portal = portal_of(request)
    values = {
        "id": identity,
        "channel": channel if channel in CHANNELS else "email",
        "channels": CHANNELS,
        "masked": masked,
        "problem": problem,
        "sandbox": portal.settings.sandbox_url,
    }
    status = problem.status if problem else 200
    return discreet(
        portal.pages.render(request, "subscribe/code.html", values, await _frame(request), status=status)
    )


async def _form(
    request: Request,
    *,
    form: Form | None = None,
    topics: Sequence[str] = (),
    places: Sequence[str] = (),
    problem: Problem | None = None,
) -> Response:
    portal = portal_of(request)
    where, around = await _around(
        portal, form.text("around") if form else request.query_params.get("place", "")
    )
    typed: Mapping[str, str] = form.values if form else {}
    values: dict[str, Any] = {
        "channels": list(CHANNELS.items()),
        "typed": typed,
        "topics": topics,
        "chosen": places or ([where.place.code] if where.place else []),
        "around": where.place.code if where.place else "",
        "places": around,
        "domains": await _domains(portal, where),
        "problem": problem,
        "sandbox": portal.settings.sandbox_url,
    }
    status = problem.status if problem else 200
    return discreet(portal.pages.render(request, "subscribe/ask.html", values, where, status=status))


async def _domains(portal: Portal, where: Where) -> Domains:
    """What can be subscribed to: the domains of the catalogue in force there."""
    return await (portal.registry.domains_of(where.place) if where.place else portal.registry.domains())


async def _around(portal: Portal, code: str) -> tuple[Where, Sequence[Place]]:
    """The places to choose from: the city and its counties, or a county and its townships."""
    divisions = await portal.registry.divisions()
    place = divisions.find(code) if code.isascii() and code.isdecimal() else None
    place = divisions.standing(place.code) if place else None
    county = divisions.county_of(place) if place else None
    if county is None:
        around = [*([divisions.city] if divisions.city else []), *divisions.counties]
        return Where(divisions.city if place else None, divisions), around
    return Where(place if place and place.level != "village" else county, divisions), [
        county,
        *divisions.below.get(county.code, ()),
    ]


async def _frame(request: Request) -> Where:
    return Where(None, await portal_of(request).registry.divisions())
