"""The outermost layer of every gRPC method: deadline, errors as statuses, metrics and one log line a failure."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NoReturn

import grpc
import structlog
from grpc import aio

from gongkai.serving.errors import abort, status_of
from gongkai.serving.telemetry import GRPC_CALLS, GRPC_SECONDS

UNARY_SECONDS: Final = 60.0
"""Longest time a call with one answer may take where its client set no deadline."""
STREAM_SECONDS: Final = 6 * 3600.0
"""The same where either side streams; who follows longer calls again."""

_log = structlog.get_logger()

# grpcio's handlers are untyped tuples of functions; this module is where that ends.
Handler = Any
Context = Any


class EdgeInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """Wraps each method; must be the first of a server's interceptors."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the method's handler, wrapped; an unknown method stays unknown."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        streams = handler.request_streaming or handler.response_streaming
        return rewrap(handler, _Edge(handler_call_details.method, streams=streams))


def rewrap(handler: Handler, edge: _Edge) -> Handler:
    """Return the handler with its behaviour inside ``edge``."""
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    behaviour = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    return make(
        edge.wrap(behaviour),
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


class _Edge:
    """What happens around one method."""

    def __init__(self, method: str, *, streams: bool) -> None:
        self._method = method
        self._limit = STREAM_SECONDS if streams else UNARY_SECONDS

    def wrap(self, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``behaviour`` guarded, in the form it has: generator or coroutine."""
        if inspect.isasyncgenfunction(behaviour):

            async def answers(request: object, context: Context) -> AsyncIterator[object]:
                stream = behaviour(request, context)
                started = time.perf_counter()
                try:
                    async with asyncio.timeout(self._seconds(context)):
                        async for answer in stream:
                            yield answer
                except Exception as error:  # noqa: BLE001 - every error becomes a status
                    await self._fail(context, error, started)
                else:
                    self._count("OK", started)
                finally:
                    await stream.aclose()

            return answers

        async def answer(request: object, context: Context) -> object:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(self._seconds(context)):
                    result = await behaviour(request, context)
            except Exception as error:  # noqa: BLE001 - every error becomes a status
                await self._fail(context, error, started)
            else:
                self._count("OK", started)
                return result

        return answer

    def _seconds(self, context: Context) -> float:
        remaining: float | None = context.time_remaining()
        return self._limit if remaining is None else remaining

    async def _fail(self, context: Context, error: Exception, started: float) -> NoReturn:
        if isinstance(error, aio.AbortError):  # the servicer or another interceptor has answered already
            self._count("ABORTED_BY_HANDLER", started)
            raise error
        code, reasons = status_of(error)
        self._count(code.name, started)
        if code in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}:
            _log.error("call failed", method=self._method, exc_info=error)
        elif code is grpc.StatusCode.UNAVAILABLE:
            _log.warning("call failed", method=self._method, error=type(error).__name__)
        await abort(context, code, reasons)

    def _count(self, code: str, started: float) -> None:
        GRPC_CALLS.labels(self._method, code).inc()
        GRPC_SECONDS.labels(self._method).observe(time.perf_counter() - started)
