"""The servers of one process: gRPC and HTTP, started on an address, drained before they stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from google.protobuf.descriptor import FileDescriptor
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from starlette.types import ASGIApp

from gongkai.serving.channels import MESSAGE_LIMIT
from gongkai.serving.errors import METADATA_LIMIT
from gongkai.serving.interceptors import STREAM_SECONDS
from gongkai.serving.settings import Address


class ListenFault(Exception):
    """The address cannot be listened on; most often another process has it."""

    def __init__(self, address: Address, why: str) -> None:
        super().__init__(f"{address} 无法监听：{why}")


@dataclass(frozen=True, slots=True)
class Registered:
    """One gRPC servicer: the generated function that adds it, the object, the file that describes it."""

    add: Callable[[Any, aio.Server], None]
    servicer: object
    descriptor: FileDescriptor

    def names(self) -> list[str]:
        """Return the full names of the services this servicer is for."""
        wanted = self.add.__name__.removeprefix("add_").removesuffix("Servicer_to_server")
        return [
            service.full_name for name, service in self.descriptor.services_by_name.items() if name == wanted
        ]


class GrpcServer:
    """A gRPC server with health and reflection."""

    def __init__(
        self,
        address: Address,
        servicers: Sequence[Registered],
        *,
        interceptors: Sequence[aio.ServerInterceptor],  # type: ignore[type-arg]
        connection_age: float,
    ) -> None:
        self._address = address
        self._names = [name for registered in servicers for name in registered.names()]
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs know the threaded one alone
        age = int(connection_age * 1000)
        self._server = aio.server(
            interceptors=list(interceptors),
            options=[
                ("grpc.so_reuseport", 0),  # two processes on one port would each get half of the calls
                ("grpc.max_connection_age_ms", age),
                ("grpc.max_connection_age_grace_ms", int(STREAM_SECONDS * 1000)),
                ("grpc.max_receive_message_length", MESSAGE_LIMIT),
                ("grpc.max_metadata_size", METADATA_LIMIT),
                ("grpc.absolute_max_metadata_size", METADATA_LIMIT),
                ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        for registered in servicers:
            registered.add(registered.servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        own = [health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME]
        reflection.enable_server_reflection([*self._names, *own], self._server)

    async def start(self) -> int:
        """Listen; return the port.

        Raises:
            ListenFault: the address is taken.
        """
        try:
            port: int = self._server.add_insecure_port(str(self._address))
        except RuntimeError as error:
            raise ListenFault(self._address, "地址已被占用或不存在") from error
        await self._server.start()
        for name in ["", *self._names]:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def withdraw(self) -> None:
        """Say NOT_SERVING to probes and watching clients; calls are still answered."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace: float) -> None:
        """Refuse new calls, give those in flight ``grace`` seconds, then cancel them."""
        await self._server.stop(grace)


class HttpServer:
    """An ASGI application on an address of its own."""

    def __init__(self, app: ASGIApp, address: Address, *, grace: float) -> None:
        self._address = address
        config = uvicorn.Config(
            app,
            host=address.host,
            port=address.port,
            log_config=None,
            access_log=False,
            lifespan="auto",
            timeout_graceful_shutdown=max(1, int(grace)),
            server_header=False,
            proxy_headers=False,  # whose headers are believed is a setting of ours, not uvicorn's
        )
        self._server = _Quiet(config)
        self.task: asyncio.Task[None] | None = None
        """Ends when the server does; early only if it failed."""

    async def start(self) -> int:
        """Listen; return the port.

        Raises:
            ListenFault: the address is taken.
        """
        family = socket.AF_INET6 if ":" in self._address.host else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(self._address)
        except OSError as error:
            listener.close()
            raise ListenFault(self._address, error.strerror or str(error)) from error
        listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self.task = asyncio.create_task(self._server.serve(sockets=[listener]), name=f"http:{self._address}")
        while not self._server.started:
            if self.task.done():
                listener.close()
                self.task.result()
                raise ListenFault(self._address, "HTTP 服务未能启动")
            await asyncio.sleep(0.01)
        port: int = listener.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Refuse new requests, finish those in flight within the grace, close."""
        self._server.should_exit = True
        if self.task is not None:
            await self.task


class _Quiet(uvicorn.Server):
    """Signals belong to the process (``lifecycle.py``), not to one of its servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
