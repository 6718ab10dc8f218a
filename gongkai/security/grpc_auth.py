"""The server's side of tokens: every call is by a known caller whom the access table allows, or is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final

import grpc
import structlog
from grpc import aio

from gongkai.refusal import Reason
from gongkai.security.access import is_open, may_call
from gongkai.security.permissions import Staff
from gongkai.security.tokens import Caller, TokenRefused, Verifier
from gongkai.serving.errors import CallRefused, PermissionRefused, Unauthenticated

NO_TOKEN: Final = Reason("auth.no-token", "没有出示访问令牌")
BAD_TOKEN: Final = Reason("auth.bad-token", "访问令牌无效或已过期，请用有效的凭证重新签发")
NOT_ALLOWED: Final = Reason("auth.not-allowed", "该凭证无权进行此项操作")

NOT_STAFF: Final = Reason("auth.not-staff", "此项操作只能由登录的工作人员进行")

_caller: ContextVar[Caller] = ContextVar("gongkai_caller")
_log = structlog.get_logger()


def current_caller() -> Caller:
    """Return who made the call that is being answered.

    Raises:
        LookupError: no call is being answered.
    """
    return _caller.get()


def current_staff() -> Staff:
    """Return which of the staff made the call that is being answered.

    Raises:
        PermissionRefused: it came from something else: a service, the operator, an organ.
    """
    staff = current_caller().staff
    if staff is None:
        raise PermissionRefused(NOT_STAFF)
    return staff


class AuthInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Lets a call pass if its token and the access table allow it. Stands inside ``EdgeInterceptor``."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - grpcio's handlers are untyped
        """Return the method's handler, or one that refuses."""
        method = handler_call_details.method
        handler = await continuation(handler_call_details)
        if handler is None or is_open(method):
            return handler
        try:
            caller = await self._identify(handler_call_details)
            if not may_call(caller, method):
                raise PermissionRefused(NOT_ALLOWED)
        except CallRefused as refused:
            _log.warning("call refused", method=method, reasons=[reason.code for reason in refused.reasons])
            return _refusing(handler, refused)
        _caller.set(caller)  # the handler runs in the task, and so in the context, of this coroutine
        structlog.contextvars.bind_contextvars(caller=str(caller))
        return handler

    async def _identify(self, details: grpc.HandlerCallDetails) -> Caller:
        for key, value in details.invocation_metadata or ():
            if key == "authorization" and isinstance(value, str):
                scheme, _, token = value.partition(" ")
                if scheme.lower() != "bearer":
                    continue
                try:
                    return await self._verifier.verify(token.strip())
                except TokenRefused as refused:
                    _log.warning("token refused", why=refused.why)
                    raise Unauthenticated(BAD_TOKEN) from refused
        raise Unauthenticated(NO_TOKEN)


def _refusing(handler: Any, refused: CallRefused) -> Any:  # noqa: ANN401 - grpcio's handlers are untyped
    """Return a handler of the same shape that raises; the interceptor outside turns it into a status."""

    async def refuse(_request: object, _context: object) -> None:
        raise refused

    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(refuse, handler.request_deserializer, handler.response_serializer)
