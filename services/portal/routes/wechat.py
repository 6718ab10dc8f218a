"""What the official account's server is told by WeChat, passed on to notify byte for byte, and its answer back."""

from __future__ import annotations

from typing import Final

import structlog
from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.notify.v1 import notify_pb2 as pb
from gongkai.serving.errors import is_unavailable
from services.portal.downloads import safe_type
from services.portal.portal import portal_of

MOST_BYTES: Final = 64 * 1024
_LONGEST: Final = 200
_log = structlog.get_logger()


async def callback(request: Request) -> Response:
    """``/wechat/callback``: WeChat's question whether we are its server (GET), or what somebody told the account (POST).

    There is no form of ours here and no reader: the signature over the token of the account is the proof, and notify
    checks it.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return _plain(413)
    given = {
        name: request.query_params.get(name, "")[:_LONGEST] for name in ("signature", "timestamp", "nonce")
    }
    echo = request.query_params.get("echostr", "")[:_LONGEST]
    asked = pb.ReceiveWechatRequest(**given, echo=echo, body=body)
    try:
        told = await portal_of(request).offices.notify.ReceiveWechat(asked)
    except aio.AioRpcError as error:
        _log.warning("wechat not answered", why=error.code().name)
        return _plain(503 if is_unavailable(error) else 403)  # at 503 WeChat asks again
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(told.body, media_type=safe_type(told.media_type), headers=headers)


def _plain(status: int) -> Response:
    return Response(status_code=status, headers={"Cache-Control": "no-store"})
