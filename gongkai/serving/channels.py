"""Client channels to other services: a token and a deadline on every call, streams that are always ended."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from grpc import aio

from gongkai.serving.errors import METADATA_LIMIT

UNARY_DEADLINE: Final = 5.0
STREAM_DEADLINE: Final = 300.0
LONG: Final = 3600.0
"""Seconds to give a stream that follows a log; its client calls again when they are over."""
MESSAGE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one message. Content travels in chunks of 1 MiB, pages of a list stay far below."""

SERVICE_CONFIG: Final = '{"loadBalancingConfig":[{"round_robin":{}}]}'

T = TypeVar("T")
TokenSource = Callable[[str], str]
"""Gives the bearer token for an audience (the name of the service called)."""


def channel(
    target: str, *, audience: str, tokens: TokenSource, deadline: float = UNARY_DEADLINE
) -> aio.Channel:
    """Open a channel to the service ``audience``.

    Args:
        target: ``host:port`` or ``dns:///name:port``; several addresses are used in turn.
        audience: the service called; tokens are made for it alone.
        tokens: where tokens come from.
        deadline: seconds for calls with one answer that name no ``timeout`` of their own.
    """
    guard = _Guard(audience, tokens, deadline)
    options = [
        ("grpc.service_config", SERVICE_CONFIG),
        ("grpc.max_receive_message_length", MESSAGE_LIMIT),
        ("grpc.max_metadata_size", METADATA_LIMIT),
        ("grpc.absolute_max_metadata_size", METADATA_LIMIT),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.enable_http_proxy", 0),  # peers are ours; a proxy of the surroundings is not for them
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
    ]
    interceptors: list[Any] = [
        _UnaryUnary(guard),
        _UnaryStream(guard),
        _StreamUnary(guard),
        _StreamStream(guard),
    ]
    return aio.insecure_channel(target, options=options, interceptors=interceptors)


@asynccontextmanager
async def streaming(call: AsyncIterable[T]) -> AsyncIterator[AsyncIterable[T]]:
    """Use a streaming call and end it however the block is left: an abandoned one is never freed by grpcio."""
    try:
        yield call
    finally:
        if isinstance(call, aio.Call):
            call.cancel()


class _Guard:
    """Adds the bearer token and a deadline to the details of a call."""

    def __init__(self, audience: str, tokens: TokenSource, deadline: float) -> None:
        self._audience = audience
        self._tokens = tokens
        self._deadline = deadline

    def details(self, details: Any, *, streams: bool) -> aio.ClientCallDetails:  # noqa: ANN401 - a named tuple of grpcio
        metadata = aio.Metadata(*(details.metadata or ()))
        metadata.add("authorization", f"Bearer {self._tokens(self._audience)}")
        deadline = STREAM_DEADLINE if streams else self._deadline
        return aio.ClientCallDetails(
            details.method,
            deadline if details.timeout is None else details.timeout,
            metadata,
            details.credentials,
            details.wait_for_ready,
        )


# One class a shape of call: grpcio looks at the class to know which calls an interceptor is for.
class _Base:
    def __init__(self, guard: _Guard) -> None:
        self._guard = guard


class _UnaryUnary(_Base, aio.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:  # noqa: ANN401
        return await continuation(self._guard.details(client_call_details, streams=False), request)


class _UnaryStream(_Base, aio.UnaryStreamClientInterceptor):  # type: ignore[type-arg]
    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:  # noqa: ANN401
        return await continuation(self._guard.details(client_call_details, streams=True), request)


class _StreamUnary(_Base, aio.StreamUnaryClientInterceptor):  # type: ignore[type-arg]
    async def intercept_stream_unary(
        self,
        continuation: Any,  # noqa: ANN401
        client_call_details: Any,  # noqa: ANN401
        request_iterator: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        return await continuation(self._guard.details(client_call_details, streams=True), request_iterator)


class _StreamStream(_Base, aio.StreamStreamClientInterceptor):  # type: ignore[type-arg]
    async def intercept_stream_stream(
        self,
        continuation: Any,  # noqa: ANN401
        client_call_details: Any,  # noqa: ANN401
        request_iterator: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        return await continuation(self._guard.details(client_call_details, streams=True), request_iterator)
