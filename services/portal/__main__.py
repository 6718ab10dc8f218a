"""portal, composed and run: ``python -m services.portal``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from grpc import aio

from gongkai.serving.channels import MESSAGE_LIMIT, SERVICE_CONFIG
from gongkai.serving.clock import utc_now
from gongkai.serving.errors import METADATA_LIMIT
from gongkai.serving.health import NotReady
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.settings import PEER_PREFIX, SettingsFault
from services.portal.app import build_app
from services.portal.offices import open_offices
from services.portal.pages import Pages
from services.portal.portal import Portal
from services.portal.registry import Registry

LATER: Final = frozenset({"requests", "notify"})
"""Services a portal can stand without: their pages answer 503, everything else works."""
_NOBODY: Final = "127.0.0.1:1"
_BARE: Final = (
    ("grpc.service_config", SERVICE_CONFIG),
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_metadata_size", METADATA_LIMIT),
    ("grpc.absolute_max_metadata_size", METADATA_LIMIT),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
)


async def compose(service: Service) -> None:
    """Put the service together: clients of the others, the site."""
    settings = service.settings

    async def bare(name: str) -> aio.Channel:
        target = settings.peers.get(name) or (_NOBODY if name in LATER else "")
        if not target:
            raise SettingsFault(f"缺少 {PEER_PREFIX}{name.upper()}")
        return await service.enter(f"bare {name}", aio.insecure_channel(target, list(_BARE)))

    async def peer(name: str) -> aio.Channel:
        return await (bare(name) if name in LATER - settings.peers.keys() else service.peer(name))

    offices = await open_offices(peer, bare)
    registry = Registry(offices)
    pages = Pages(demo=settings.demo, clock=utc_now)
    app = build_app(Portal(offices, registry, pages, settings, utc_now))
    service.check("catalog", first_answer(registry))
    service.site("portal", app, settings.portal_listen)


def first_answer(registry: Registry) -> Callable[[], Awaitable[None]]:
    """Ready once catalog has answered; when it stops answering later, the pages themselves say so."""

    async def check() -> None:
        try:
            await registry.divisions()
            await registry.domains()
        except aio.AioRpcError as error:
            raise NotReady("catalog-unreachable", "还没有读到区划表和事项目录：catalog 没有应答") from error

    return check


if __name__ == "__main__":
    run("portal", compose)
