"""portal, composed and run: ``python -m services.portal``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from grpc import aio

from gongkai.serving.clock import utc_now
from gongkai.serving.health import NotReady
from gongkai.serving.lifecycle import Service, run
from gongkai.serving.settings import PEER_PREFIX, SettingsFault
from services.portal.app import build_app
from services.portal.offices import open_offices
from services.portal.pages import Pages
from services.portal.portal import Portal
from services.portal.registry import Registry


async def compose(service: Service) -> None:
    """Put the service together: clients of the others, the site."""
    settings = service.settings
    target = settings.peers.get("publishing")
    if not target:
        raise SettingsFault(f"缺少 {PEER_PREFIX}PUBLISHING")
    uploads = await service.enter("uploads", aio.insecure_channel(target, [("grpc.enable_http_proxy", 0)]))
    offices = await open_offices(service.peer, uploads)
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
