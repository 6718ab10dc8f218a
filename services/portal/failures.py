"""What went wrong, why, what to do: the same three answers on every page that cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

import grpc
import structlog
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.serving.errors import is_unavailable, reasons_of
from services.portal.pages import Where
from services.portal.portal import NO_DIVISION, portal_of

RETRY_SECONDS: Final = "10"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failure:
    """One page that says something went wrong."""

    status: int
    what: str
    why: str
    how: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    """What exactly was refused, each as a sentence."""


_DIVISION: Final = Failure(
    404,
    "没有这个区划的页面",
    "地址里的区划代码不在本市的区划表里，可能少写或写错了一位。",
    ("区划代码是 6 位（县、区、园区）、9 位（乡镇、街道）或 12 位（村、社区）数字，请核对。", "也可以从下面的区县列表进入。"),
)  # fmt: skip
_NOT_FOUND: Final = Failure(
    404,
    "没有找到这个页面",
    "地址可能写错了，或者这个页面从来没有过。依法撤回的信息会注明撤回日期和理由，不会显示成本页。",
    ("请核对地址；索引号里的字母和数字要写全。", "也可以用页面上方的搜索框按标题、正文或文号查找。"),
)
_METHOD: Final = Failure(
    405,
    "这个页面不能这样打开",
    "页面只供查看和下载，不接受提交。",
    ("请回到上一页，用页面上的链接或按钮操作。",),
)
_INPUT: Final = Failure(
    400,
    "这样没法查",
    "地址或者输入里有一处不合要求。",
    ("请按下面的提示改一改再试；您填的内容还在。",),
)
_AWAY: Final = Failure(
    503,
    "暂时打不开这个页面",
    "提供这项内容的系统没有及时回应，可能正在维护或者访问的人太多。已经公开的信息没有受影响。",
    ("请过一分钟再刷新本页；您填的内容还在。",),
)
_OURS: Final = Failure(
    500,
    "页面出错了",
    "这是我们的问题，不是您的操作造成的。出错情况已经记录，由运维人员处理。",
    ("请过几分钟再试，或者从首页重新进入。",),
)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer an ``HTTPException``."""
    assert isinstance(error, HTTPException)
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            failure = _DIVISION if error.detail == NO_DIVISION else _NOT_FOUND
        case HTTPStatus.METHOD_NOT_ALLOWED:
            failure = _METHOD
        case _:
            failure = replace(_INPUT, status=error.status_code, reasons=(f"{error.detail}。",))
    answer = await _page(request, failure)
    answer.headers.update(error.headers or {})
    return answer


async def on_call(request: Request, error: Exception) -> Response:
    """Answer a call to another service that failed."""
    assert isinstance(error, aio.AioRpcError)
    if is_unavailable(error):
        _log.warning("peer not answering", path=request.url.path, why=error.code().name)
        answer = await _page(request, _AWAY)
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer
    if error.code() is grpc.StatusCode.NOT_FOUND:
        return await _page(request, _NOT_FOUND)
    reasons = tuple(reason.message_zh for reason in reasons_of(error))
    if reasons and error.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}:
        return await _page(request, replace(_INPUT, reasons=reasons))
    _log.error("call failed", path=request.url.path, why=error.code().name)
    return await _page(request, _OURS)


async def on_error(request: Request, _error: Exception) -> Response:
    """Answer a fault of our own; the server logs it."""
    return await _page(request, _OURS)


async def _page(request: Request, failure: Failure) -> Response:
    portal = portal_of(request)
    try:
        divisions = await portal.registry.divisions()
        where = Where(divisions.find(request.path_params.get("div", "")), divisions)
    except aio.AioRpcError:
        where = Where()
    values = {"failure": failure}
    answer = portal.pages.render(request, "failure.html", values, where, status=failure.status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
