"""The providers' HTTP interfaces, with the faults in force between them and whoever calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gongkai.sandbox import acs3
from gongkai.sandbox.faults import Faults, Rule
from gongkai.sandbox.phone import Phone
from gongkai.sandbox.sms import Answer, Sms, denied
from gongkai.sandbox.store import Channel, Store
from gongkai.sandbox.wechat import Wechat, failure, peek
from gongkai.serving.clock import Clock

CUT: Final = "gongkai.cut"
"""Where in the ASGI scope the server puts the function that closes the connection."""
BODY_LIMIT: Final = 1024 * 1024


class Gateway:
    """Everything behind the doors."""

    def __init__(
        self, store: Store, faults: Faults, sms: Sms, wechat: Wechat, phone: Phone, now: Clock
    ) -> None:
        self.store = store
        self.faults = faults
        self.sms = sms
        self.wechat = wechat
        self.phone = phone
        self.now = now


class NoAnswer(Response):
    """Closes the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut, and wait until the server has noticed."""
        del send
        scope[CUT]()
        while (await receive())["type"] != "http.disconnect":
            pass


async def faulty(
    faults: Faults, message: tuple[Channel, str, str], take: Callable[[Rule | None], Awaitable[Response]]
) -> Response:
    """Take one message (channel, recipient, sender's id) as the fault in force for it says."""
    rule = await faults.hit(*message)
    if rule is None:
        return await take(None)
    if rule.kind == "drop_before":
        return NoAnswer()
    if rule.kind == "late":
        await asyncio.sleep(rule.seconds)
    response = await take(rule)
    if rule.kind == "delay":
        await asyncio.sleep(rule.seconds)
    return NoAnswer() if rule.kind == "drop_answer" else response


async def whole_body(request: Request) -> bytes:
    """Return the body, or no more than the limit of it."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            break
    return body


def door_routes(gateway: Gateway) -> list[Route]:
    """Return the routes of the providers' interfaces; Dysmsapi's is ``POST /``."""
    return [dysmsapi_route(gateway), *wechat_routes(gateway)]


def dysmsapi_route(gateway: Gateway) -> Route:
    """Return the one route of the SMS service; the header ``x-acs-action`` says what is asked for."""

    async def dysmsapi(request: Request) -> Response:
        query = tuple(request.query_params.multi_items())
        headers = {name.lower(): value for name, value in request.headers.items()}
        signed = acs3.Request("POST", "/", query, headers, await whole_body(request))
        given = dict(query)
        try:
            action = gateway.sms.enter(signed, gateway.now())
        except acs3.Denied as denial:
            return answered(denied(denial))
        if action == "QuerySendDetails":
            return answered(await gateway.sms.details(given, gateway.now()))
        message = (given.get("PhoneNumbers", ""), given.get("OutId", ""))

        async def take(rule: Rule | None) -> Response:
            return answered(await gateway.sms.send(given, gateway.now(), rule))

        return await faulty(gateway.faults, ("sms", *message), take)

    def answered(answer: Answer) -> Response:
        return JSONResponse(answer[1], answer[0])

    return Route("/", dysmsapi, methods=["POST"])


def wechat_routes(gateway: Gateway) -> list[Route]:
    """Return the routes of the official account's interface."""

    async def token(request: Request) -> Response:
        return JSONResponse(await gateway.wechat.token(request.query_params, gateway.now()))

    async def stable_token(request: Request) -> Response:
        return JSONResponse(await gateway.wechat.stable_token(await whole_body(request), gateway.now()))

    async def template_send(request: Request) -> Response:
        body = await whole_body(request)
        wrong = await gateway.wechat.tokens.fault_of(
            request.query_params.get("access_token", ""), gateway.now()
        )
        if wrong is not None:
            return JSONResponse(failure(wrong))

        async def take(rule: Rule | None) -> Response:
            return JSONResponse(await gateway.wechat.send(body, gateway.now(), rule))

        return await faulty(gateway.faults, ("wechat", *peek(body)), take)

    return [
        Route("/cgi-bin/token", token, methods=["GET"]),
        Route("/cgi-bin/stable_token", stable_token, methods=["POST"]),
        Route("/cgi-bin/message/template/send", template_send, methods=["POST"]),
    ]
