"""查询进度: number and code come in the body of a form, and stand in no address, redirect or referrer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import grpc
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gongkai.rpc.requests.v1 import requests_pb2 as pb
from gongkai.serving.channels import streaming
from gongkai.serving.errors import is_unavailable, reasons_of
from services.portal.askingfaults import Fault
from services.portal.clients import client_of
from services.portal.discreet import discreet
from services.portal.downloads import download_headers, safe_type
from services.portal.failures import RETRY_SECONDS
from services.portal.forms import Form, read_form
from services.portal.pages import Where
from services.portal.portal import Portal, portal_of

NUMBER: Final = re.compile(r"\d{6}-\d{4}-\d{5,7}")
NO_FILE: Final = "file.unknown"
"""The reason with which a file of the reply is not there, though number and code are right."""
_LONGEST: Final = 40
_TOO_OFTEN: Final = "查得太勤，请过几分钟再试"
_WRONG: Final = Fault(
    "number",
    "没有查到这件申请",
    "登记编号和查询码要两个都对；为了保护申请人，不说是哪一个不对。",
    "请对照回执再输一次：查询码共 10 位，没有字母 I、L、O、U。",
)
"""The same for every wrong pair: a number alone must tell nothing."""


async def ask(request: Request) -> Response:
    """``GET …/lookup``: the form."""
    portal = portal_of(request)
    where = await portal.where(request, "requests", "requests/lookup")
    return _form(request, portal, where)


async def show(request: Request) -> Response:
    """``POST …/lookup``: the request, or the form again."""
    portal = portal_of(request)
    where = await portal.where(request, "requests", "requests/lookup")
    number, code = _pair(await read_form(request))
    missing = _missing(number, code)
    if missing:
        return _form(request, portal, where, number, *missing, status=422)
    asked = pb.LookUpRequest(number=number, query_code=code, client=client_of(request, portal.settings))
    try:
        found = (await portal.offices.requests.LookUp(asked)).request
    except aio.AioRpcError as error:
        return _refused(request, portal, where, number, error)
    assert where.place is not None
    values = {"one": found, "number": number, "code": code}
    answer = portal.pages.render(request, "requests/progress.html", values, where)
    return discreet(answer, silent=True, back=f"/{where.place.slug}/requests/lookup")


async def download(request: Request) -> Response:
    """``POST …/lookup/file``: a file of the reply, for whoever has number and code."""
    portal = portal_of(request)
    where = await portal.where(request, "requests", "requests/lookup")
    form = await read_form(request)
    number, code = _pair(form)
    asked = pb.FetchReplyFileRequest(
        number=number,
        query_code=code,
        digest=form.text("digest")[:64],
        client=client_of(request, portal.settings),
    )
    given = _pieces(portal, asked)
    try:
        first = await anext(given, None)
    except aio.AioRpcError as error:
        if any(reason.code == NO_FILE for reason in reasons_of(error)):
            raise HTTPException(404) from error
        return _refused(request, portal, where, number, error)
    if first is None:
        raise HTTPException(404)
    return discreet(
        StreamingResponse(
            _rest(first, given), headers=download_headers(first.name), media_type=safe_type(first.media_type)
        ),
        silent=True,
    )


async def _pieces(
    portal: Portal, asked: pb.FetchReplyFileRequest
) -> AsyncGenerator[pb.FetchReplyFileResponse, None]:
    async with streaming(portal.offices.requests.FetchReplyFile(asked)) as answers:
        async for one in answers:
            yield one


async def _rest(
    first: pb.FetchReplyFileResponse, given: AsyncGenerator[pb.FetchReplyFileResponse, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(given):
        yield first.data
        async for one in given:
            yield one.data


def _refused(request: Request, portal: Portal, where: Where, number: str, error: aio.AioRpcError) -> Response:
    """Show the form again: asked too often, wrong, or nobody there to ask.

    Raises:
        AioRpcError: a fault of ours.
    """
    if is_unavailable(error):
        fault = Fault(
            "", "暂时查不了", "办理申请的系统没有及时回应。", "请过一分钟再试；您的申请没有受影响。"
        )
        answer = _form(request, portal, where, number, fault, status=503)
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer
    match error.code():
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            told = next((reason.message_zh for reason in reasons_of(error)), _TOO_OFTEN)
            fault = Fault("", told)
            return _form(request, portal, where, number, fault, status=429)
        case (
            grpc.StatusCode.NOT_FOUND
            | grpc.StatusCode.INVALID_ARGUMENT
            | grpc.StatusCode.FAILED_PRECONDITION
            | grpc.StatusCode.PERMISSION_DENIED
        ):
            return _form(request, portal, where, number, _WRONG, status=404)
    raise error


def _form(
    request: Request, portal: Portal, where: Where, number: str = "", *found: Fault, status: int = 200
) -> Response:
    values = {"number": number, "faults": found, "by_field": {one.field: one for one in found}}
    return discreet(portal.pages.render(request, "requests/lookup.html", values, where, status=status))


def _pair(form: Form) -> tuple[str, str]:
    """Number and code as they are meant: typed with full-width characters, blanks or small letters."""
    number, code = (
        "".join(unicodedata.normalize("NFKC", form.text(name)).split())[:_LONGEST].upper()
        for name in ("number", "code")
    )
    return number.replace("－", "-").replace("—", "-"), code


def _missing(number: str, code: str) -> list[Fault]:
    found = []
    if not number:
        found.append(
            Fault(
                "number",
                "还没有写登记编号",
                "两个都要写才能查。",
                "它在回执上，写作 341323-2026-00047 的样子。",
            )
        )
    elif not NUMBER.fullmatch(number):
        found.append(
            Fault(
                "number",
                "登记编号的写法不对",
                "它是 6 位区划、4 位年份和 5 位序号。",
                "请写成 341323-2026-00047 的样子。",
            )
        )
    if not code:
        found.append(
            Fault("code", "还没有写查询码", "只有编号看不到内容。", "它在回执上，写作 K7QM3-XPD9T 的样子。")
        )
    return found
