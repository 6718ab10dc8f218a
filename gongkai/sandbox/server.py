"""The gateway, composed: one process that listens for HTTP and SMTP on loopback until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from functools import partial

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from gongkai.sandbox.desk import Desk
from gongkai.sandbox.doors import CUT, Gateway, door_routes
from gongkai.sandbox.faults import Faults
from gongkai.sandbox.mail import Mail, smtp_protocol
from gongkai.sandbox.phone import Phone
from gongkai.sandbox.settings import Settings
from gongkai.sandbox.sms import Sms
from gongkai.sandbox.store import Store
from gongkai.sandbox.wechat import Wechat
from gongkai.serving.clock import utc_now
from gongkai.serving.settings import Address

BACKLOG = 1024
GRACE_SECONDS = 3


class Taken(Exception):
    """The address cannot be listened on; most often another process has it."""

    def __init__(self, address: Address, why: str) -> None:
        super().__init__(f"{address} 无法监听：{why}")


class _Cuttable(H11Protocol):
    """Gives the application a way to close the connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        super().connection_made(transport)
        app = self.app

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            scope[CUT] = transport.close
            await app(scope, receive, send)

        self.app = with_cut


class _Quiet(uvicorn.Server):
    """Signals belong to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def ready(request: Request) -> Response:
    """GET /readyz: everything listens before HTTP does."""
    del request
    return JSONResponse({"ready": True})


def listen(address: Address) -> socket.socket:
    """Return a socket bound to ``address``.

    Raises:
        Taken: it is taken.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise Taken(address, str(error)) from error
    return bound


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    http_socket, smtp_socket = listen(settings.http), listen(settings.smtp)
    store = Store(settings.state)
    writing = asyncio.create_task(store.run(), name="store")
    faults = Faults(store, settings.seed)
    await faults.load()
    phone = Phone(settings.wechat, store)
    gateway = Gateway(store, faults, Sms(settings.sms, store), Wechat(settings.wechat, store), phone, utc_now)
    door = partial(smtp_protocol, settings.mail, Mail(store, faults, utc_now))
    smtp = await loop.create_server(door, sock=smtp_socket, backlog=BACKLOG)
    app = Starlette(routes=[Route("/readyz", ready), *door_routes(gateway), *Desk(gateway).routes()])
    config = uvicorn.Config(
        app,
        http=_Cuttable,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # numbers and openids stand in the addresses of the providers' interfaces
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    http = _Quiet(config)
    serving = asyncio.create_task(http.serve(sockets=[http_socket]), name="http")
    stopping = asyncio.create_task(asked.wait())
    await asyncio.wait({serving, stopping, writing}, return_when=asyncio.FIRST_COMPLETED)
    http.should_exit = True
    smtp.close()
    await serving
    await phone.close()
    store.stop()
    await writing
