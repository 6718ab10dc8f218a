"""The life of a service process: start, ready, drain, stop; and death, with its cause, when a part of it dies.

Start: resources in the order they are entered, then the servers, then the background tasks.
Stop: not ready; consumers take no more and finish what they hold; calls in flight are answered; background tasks end;
resources are closed in reverse order. Each step has ``drain_seconds``; what is not done by then is cancelled.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog
import uvloop
from google.protobuf.descriptor import FileDescriptor
from grpc import aio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from gongkai.security.grpc_auth import AuthInterceptor
from gongkai.security.tokens import OrganKeys, Verifier, service_tokens
from gongkai.serving.background import Background, BackgroundDied, Crew
from gongkai.serving.channels import channel
from gongkai.serving.collecting import collect_seldom
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.health import Check, NotReady, Readiness, health_app
from gongkai.serving.interceptors import EdgeInterceptor
from gongkai.serving.servers import GrpcServer, HttpServer, Registered
from gongkai.serving.settings import PEER_PREFIX, Address, Settings, SettingsFault
from gongkai.serving.telemetry import configure_logging

T = TypeVar("T")
EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 2

_log = structlog.get_logger()


class Service:
    """One service process, put together by its composition root. Use as an asynchronous context manager."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.readiness = Readiness()
        self.stopping = asyncio.Event()
        """Set when draining begins; endless answers (a followed log) end on it."""
        self.organ_keys: OrganKeys | None = None
        """Where organs' credential keys are looked up; left ``None``, no organ may call."""
        self.grpc_port = 0
        self.http_port = 0
        self.site_ports: dict[str, int] = {}
        self._stack = AsyncExitStack()
        self._servicers: list[Registered] = []
        self._sites: list[tuple[str, ASGIApp, Address]] = []
        self._crew = Crew()
        self._grpc: GrpcServer | None = None
        self._open_sites: list[HttpServer] = []
        self._operator_http: HttpServer | None = None

    # -- putting together ------------------------------------------------------------------------

    async def enter(self, name: str, resource: AbstractAsyncContextManager[T]) -> T:
        """Open a resource for the life of the process."""
        opened = await self._stack.enter_async_context(resource)
        _log.debug("opened", resource=name)
        return opened

    async def database(self, package: str) -> AsyncEngine:
        """Open the service's database, migrated to the newest version of ``package`` unless settings say no."""
        settings = self.settings
        if settings.migrate:
            await migrate(package, settings.database_url)
        engine = create_engine(settings.database_url, pool_size=settings.database_pool, name=self.name)
        self._stack.push_async_callback(engine.dispose)

        async def answers() -> None:
            try:
                async with engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
            except Exception as error:
                raise NotReady("database-unreachable", "数据库无法连接") from error

        self.check("database", answers)
        return engine

    async def peer(self, name: str) -> aio.Channel:
        """Open a channel to another service, at the address its setting names.

        Raises:
            SettingsFault: there is no such setting.
        """
        target = self.settings.peers.get(name)
        if not target:
            raise SettingsFault(f"缺少 {PEER_PREFIX}{name.upper()}")
        opened = channel(target, audience=name, tokens=service_tokens(self.settings.keys, self.name))
        self._stack.push_async_callback(opened.close, None)
        return opened

    def grpc(
        self, add: Callable[[Any, aio.Server], None], servicer: object, descriptor: FileDescriptor
    ) -> None:
        """Serve ``servicer``; ``add`` is the generated ``add_…Servicer_to_server``."""
        self._servicers.append(Registered(add, servicer, descriptor))

    def site(self, name: str, app: ASGIApp, address: Address) -> None:
        """Serve an HTTP application of its own, besides the operator's."""
        self._sites.append((name, app, address))

    def consumer(self, name: str, run: Background) -> None:
        """Run something that takes in work; it is the first to stop."""
        self._crew.add(name, "consumer", run)

    def task(self, name: str, run: Background) -> None:
        """Run something in the background (a relay, a timer); it stops after the servers."""
        self._crew.add(name, "task", run)

    def check(self, name: str, check: Check) -> None:
        """Add a readiness check."""
        self.readiness.add(name, check)

    # -- living ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start servers and background tasks; from here on the process is ready if its checks pass."""
        settings = self.settings
        if settings.grpc_listen is not None:
            self._grpc = self._grpc_server(settings.grpc_listen)
            self.grpc_port = await self._grpc.start()
        if settings.http_listen is not None:
            app = health_app(self.name, self.readiness)
            self._operator_http = HttpServer(app, settings.http_listen, grace=1)
            self.http_port = await self._operator_http.start()
        for name, site_app, address in self._sites:
            site = HttpServer(site_app, address, grace=settings.drain_seconds)
            self.site_ports[name] = await site.start()
            self._open_sites.append(site)
        self._crew.start()
        self.readiness.open()
        _log.info("serving", grpc=self.grpc_port, http=self.http_port, sites=self.site_ports)

    def _grpc_server(self, address: Address) -> GrpcServer:
        verifier = Verifier(self.name, self.settings.keys, organ_keys=self.organ_keys)
        return GrpcServer(
            address,
            self._servicers,
            interceptors=[EdgeInterceptor(), AuthInterceptor(verifier)],
            connection_age=self.settings.connection_age,
        )

    async def watch(self, asked: asyncio.Event) -> None:
        """Return when ``asked`` is set.

        Raises:
            BackgroundDied: a consumer or task ended before that.
        """
        servers = [*self._open_sites, *([self._operator_http] if self._operator_http else [])]
        await self._crew.watch(asked, [server.task for server in servers if server.task is not None])

    async def stop(self) -> None:
        """Drain and stop, in the order the module's text gives. Resources stay open."""
        self.readiness.close()
        self.stopping.set()
        grace = self.settings.drain_seconds
        if self._grpc is not None:
            await self._grpc.withdraw()
        await self._crew.end("consumer", grace)
        servers = [site.stop() for site in self._open_sites]
        if self._grpc is not None:
            servers.append(self._grpc.stop(grace))
        await asyncio.gather(*servers)
        await self._crew.end("task", grace)
        if self._operator_http is not None:
            await self._operator_http.stop()
        _log.info("stopped")

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop()
        finally:
            await self._stack.__aexit__(kind, error, trace)


def run(name: str, compose: Callable[[Service], Awaitable[None]], *, need: tuple[str, ...] = ()) -> None:
    """Be a service process: read the settings, put it together, serve until asked to stop. Never returns.

    Exit status 0: stopped as asked. 1: could not start, or a part of it died (the log says which). 2: the settings
    cannot be used.

    Args:
        name: the service's name.
        compose: its composition root.
        need: settings it cannot do without (attributes of ``Settings``).
    """
    try:
        settings = Settings.from_env(name, need=need)
    except SettingsFault as fault:
        sys.stderr.write("".join(f"设置有误：{text}\n" for text in fault.faults))
        sys.exit(EXIT_SETTINGS)
    configure_logging(name, settings.log_level)
    collect_seldom()
    sys.exit(uvloop.run(_live(name, settings, compose)))


async def _live(name: str, settings: Settings, compose: Callable[[Service], Awaitable[None]]) -> int:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    try:
        async with Service(name, settings) as service:
            if await _unless(asked, _begin(service, compose)):
                await service.watch(asked)
    except BackgroundDied:
        return EXIT_FAILED  # told in the log where it was seen
    except SettingsFault as fault:
        _log.error("settings cannot be used", faults=fault.faults)
        return EXIT_SETTINGS
    except Exception:  # noqa: BLE001 - whatever it was, it is logged and ends the process
        _log.exception("could not start or stop")
        return EXIT_FAILED
    return 0


async def _begin(service: Service, compose: Callable[[Service], Awaitable[None]]) -> None:
    await compose(service)
    await service.start()


async def _unless(asked: asyncio.Event, work: Awaitable[None]) -> bool:
    """Do ``work`` unless ``asked`` comes first; tell whether it was done."""
    working = asyncio.ensure_future(work)
    waiter = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait([working, waiter], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()
        if not working.done():
            working.cancel()
    (outcome,) = await asyncio.gather(working, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise outcome
    return not isinstance(outcome, BaseException)
