"""Errors of REST: application/problem+json, in Chinese, with every reason."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import grpc
import structlog
from fastapi.exceptions import RequestValidationError
from grpc import aio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gongkai.refusal import Reason
from gongkai.serving.errors import reasons_of
from services.portal.api.models import Problem, ReasonGiven

MEDIA_TYPE: Final = "application/problem+json"
_log = structlog.get_logger()

_TOLD: Final = {
    400: ("请求有误", "请按 reasons 里的说明修改后再发。"),
    401: ("没有证明身份", "请在 Authorization 头里用 Bearer 方式出示有效的访问令牌。"),
    403: ("不允许这样做", "该凭证无权进行此项操作。"),
    404: ("没有找到", "请核对地址和编号。"),
    405: ("不支持这种方法", "请对照接口说明使用规定的方法。"),
    409: ("与现状冲突", "数据刚被修改，请重新读取后再试。"),
    410: ("已经撤回", "公开机关撤回了这条信息，只保留撤回的日期、机关和理由。"),
    413: ("文件太大", "请压缩或者拆分后再上传。"),
    415: ("不支持这种编码", "请直接发送文件的字节，不要压缩传输。"),
    422: ("不能接受", "请按 reasons 里的说明修改后再发。"),
    500: ("系统出错", "这是我们的问题，已经记录。请稍后再试。"),
    503: ("暂时不可用", "请稍后再试；重复发送不会造成重复。"),
}
_STATUS: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 413,
    grpc.StatusCode.FAILED_PRECONDITION: 422,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 503,
}
_BY_REASON: Final = {"content.too-large": 413, "search.unavailable": 503}
"""Refusals that HTTP has a status of its own for."""


def problem(
    request: Request, status: int, *reasons: Reason, detail: str = "", **more: str | None
) -> Response:
    """Answer with a problem."""
    title, usual = _TOLD.get(status, (HTTPStatus(status).phrase, ""))
    body = Problem(
        title=title,
        status=status,
        detail=detail or usual,
        instance=request.url.path,
        reasons=[
            ReasonGiven(code=one.code, message=one.message_zh, field=one.field, article=one.article)
            for one in reasons
        ],
        **more,  # type: ignore[arg-type]  # the fields of a withdrawal
    )
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "10"
    content = body.model_dump_json(exclude_none=True)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


async def on_call(request: Request, error: Exception) -> Response:
    """Answer a call to another service that failed."""
    assert isinstance(error, aio.AioRpcError)
    reasons = reasons_of(error)
    status = _STATUS.get(error.code(), 500)
    status = next((_BY_REASON[one.code] for one in reasons if one.code in _BY_REASON), status)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("call failed", path=request.url.path, why=error.code().name)
        reasons = ()
    return problem(request, status, *reasons)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer an ``HTTPException``."""
    assert isinstance(error, HTTPException)
    usual = HTTPStatus(error.status_code).phrase
    answer = problem(request, error.status_code, detail="" if error.detail == usual else error.detail)
    answer.headers.update(error.headers or {})
    return answer


async def on_invalid(request: Request, error: Exception) -> Response:
    """Answer parameters that cannot be read: all of them at once."""
    assert isinstance(error, RequestValidationError)
    reasons = [
        Reason("parameter.invalid", f"参数 {fault['loc'][-1]} 写得不对。", str(fault["loc"][-1]))
        for fault in error.errors()
    ]
    return problem(request, 400, *reasons)


async def on_error(request: Request, _error: Exception) -> Response:
    """Answer a fault of our own; the server logs it."""
    return problem(request, 500)
