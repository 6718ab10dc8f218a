"""The gateway's own page and switches: what was received, the faults in force, the simulated phone.

``/_…`` paths belong to no provider. They take JSON from tests and forms from the page; a request that says it comes
from another origin is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gongkai.sandbox.doors import Gateway, whole_body
from gongkai.sandbox.faults import CHANNELS, KINDS, Fault
from gongkai.sandbox.phone import Event
from gongkai.sandbox.watching import PAGE_SIZE, Filter, counts, find, talks
from gongkai.sandbox.wechat import OPENID
from gongkai.serving.clock import LEGAL_ZONE

OUTCOMES: Final = {"accepted": "已收下", "refused": "已拒绝"}
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
EVENTS: Final[Mapping[str, Event]] = {"subscribe": "subscribe", "unsubscribe": "unsubscribe"}
SIZE_LIMIT: Final = 1000
"""Most messages ``/_messages`` gives at once."""
TEXT_LIMIT: Final = 600
"""Longest text of the simulated phone, in characters."""


class Wrong(Exception):
    """The form cannot be used; says why and what to do, in Chinese."""


def beijing(at: str | datetime) -> str:
    """Return a moment as the page shows it."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(LEGAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def page_environment() -> Environment:
    """Return the templates of the page."""
    environment = Environment(
        loader=PackageLoader("gongkai.sandbox", "page"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["beijing"] = beijing
    environment.globals.update(channels=CHANNELS, kinds=KINDS, outcomes=OUTCOMES)
    return environment


class Desk:
    """The handlers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._page = page_environment().get_template("desk.html")
        self._style = (files("gongkai.sandbox") / "page" / "desk.css").read_text("utf-8")

    def routes(self) -> list[Route]:
        """Return the routes of the page and its switches."""
        return [
            Route("/", self.page, methods=["GET"]),
            Route("/_desk.css", self.style, methods=["GET"]),
            Route("/_messages", self.messages, methods=["GET"]),
            Route("/_faults", self.faults, methods=["GET"]),
            Route("/_faults", self.add_fault, methods=["POST"]),
            Route("/_faults/lift", self.lift_fault, methods=["POST"]),
            Route("/_phone", self.phone, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """GET /: the page."""
        return await self._render(request)

    async def style(self, request: Request) -> Response:
        """GET /_desk.css."""
        del request
        return Response(self._style, media_type="text/css", headers={"cache-control": "max-age=300"})

    async def messages(self, request: Request) -> Response:
        """GET /_messages: what was received, as JSON."""
        size = request.query_params.get("size", "")
        asked = min(int(size), SIZE_LIMIT) if size.isdecimal() and int(size) else PAGE_SIZE
        page = await find(self._gateway.store, _filter(request.query_params), asked)
        return JSONResponse({**asdict(page), "counts": await counts(self._gateway.store)})

    async def faults(self, request: Request) -> Response:
        """GET /_faults: the rules in force."""
        del request
        return JSONResponse([rule.model_dump() for rule in self._gateway.faults.rules])

    async def add_fault(self, request: Request) -> Response:
        """POST /_faults: put a rule in force."""
        if denied := _elsewhere(request):
            return denied
        try:
            rule = await self._gateway.faults.add(await _fault(request))
        except Wrong as wrong:
            return await self._refused(request, str(wrong))
        return _done(request, {"id": rule.id}, "faults", 201)

    async def lift_fault(self, request: Request) -> Response:
        """POST /_faults/lift: lift one rule (``id``) or all."""
        if denied := _elsewhere(request):
            return denied
        number = str((await _given(request)).get("id", ""))
        await self._gateway.faults.remove(int(number) if number.isdecimal() else None)
        return _done(request, {}, "faults")

    async def phone(self, request: Request) -> Response:
        """POST /_phone: ``openid`` says ``text``, or follows or leaves (``event``); ``verify`` is WeChat itself."""
        if denied := _elsewhere(request):
            return denied
        given = await _given(request)
        openid, text, event = (str(given.get(name, "")).strip() for name in ("openid", "text", "event"))
        if event == "verify":
            return _done(request, asdict(await self._gateway.phone.verify(self._gateway.now())), "phone")
        if not OPENID.fullmatch(openid):
            return await self._refused(
                request, "没有发出：openid 不合法。应为 28 位，以字母 o 开头，只含字母、数字、_ 和 -。"
            )
        if event and event not in EVENTS:
            return await self._refused(request, "没有发出：没有这种操作，只能关注、取消关注或发送文字。")
        if not event and not 1 <= len(text) <= TEXT_LIMIT:
            return await self._refused(request, f"没有发出：请填写 1 至 {TEXT_LIMIT} 字的文字。")
        now = self._gateway.now()
        await self._gateway.wechat.set_follows(openid, follows=event != "unsubscribe")
        if event:
            talk = await self._gateway.phone.event(openid, EVENTS[event], now)
        else:
            talk = await self._gateway.phone.say(openid, text, now)
        return _done(request, asdict(talk), "phone")

    async def _refused(self, request: Request, problem: str) -> Response:
        if _is_json(request):
            return JSONResponse({"problem": problem}, 400)
        return await self._render(request, problem, 400)

    async def _render(self, request: Request, problem: str = "", status: int = 200) -> Response:
        asked = _filter(request.query_params)
        found = await find(self._gateway.store, asked)

        def link(page: int) -> str:
            query = {name: value for name, value in {**asdict(asked), "page": page}.items() if value}
            return f"/?{urlencode(query)}#received"

        html = self._page.render(
            problem=problem,
            asked=asked,
            found=found,
            link=link,
            counts=await counts(self._gateway.store),
            rules=self._gateway.faults.rules,
            talks=await talks(self._gateway.store),
        )
        return HTMLResponse(html, status, headers=HEADERS)


def _filter(query: Mapping[str, str]) -> Filter:
    page = query.get("page", "")
    return Filter(
        channel=query.get("channel", "") if query.get("channel") in CHANNELS else "",
        recipient=query.get("recipient", "").strip()[:200],
        outcome=query.get("outcome", "") if query.get("outcome") in OUTCOMES else "",
        page=int(page) if page.isdecimal() and len(page) < 9 else 1,  # noqa: PLR2004 - keeps it an ordinary number
    )


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _elsewhere(request: Request) -> Response | None:
    """Return a refusal for a request from a page of another origin; programs send no Origin."""
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.headers.get("origin", own) == own and site in {"same-origin", "none"}:
        return None
    return JSONResponse({"problem": "没有执行：请求来自别的网站。请在本页面上操作。"}, 403)


async def _given(request: Request) -> dict[str, Any]:
    if not _is_json(request):
        async with request.form(max_files=0, max_fields=20) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        given = json.loads(await whole_body(request))
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


async def _fault(request: Request) -> Fault:
    given = {name: value for name, value in (await _given(request)).items() if value not in {"", None}}
    if not _is_json(request) and "percent" in given:
        percent = str(given.pop("percent"))
        given["share"] = int(percent) / 100 if percent.isdecimal() else percent
    try:
        return Fault.model_validate(given)
    except ValidationError as wrong:
        fields = "、".join(sorted({str(error["loc"][0]) for error in wrong.errors() if error["loc"]}))
        raise Wrong(
            f"没有设置：{fields} 的值不能用。比例为 1 至 100，次数为正整数，秒数为 0 至 600。请改正后再提交。"
        ) from None


def _done(request: Request, answer: dict[str, Any], place: str, status: int = 200) -> Response:
    if _is_json(request):
        return JSONResponse(answer, status)
    return RedirectResponse(f"/#{place}", 303)
