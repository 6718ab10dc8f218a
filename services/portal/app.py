"""The public site, put together: addresses, errors, headers."""

from __future__ import annotations

from grpc import aio
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from services.portal import failures, themes
from services.portal.api.app import build_api
from services.portal.characters import RefusesNul
from services.portal.forms import ClosesForms, FormRefused
from services.portal.headers import Proxies, SecurityHeaders
from services.portal.pages import immutable
from services.portal.portal import Portal, portal_of
from services.portal.routes import (
    alignment,
    applying,
    catalogue,
    columns,
    coverage,
    documentation,
    editions,
    files,
    home,
    lookup,
    matter,
    oversight,
    record,
    requests,
    searching,
    subscribing,
    villages,
    wechat,
)
from services.portal.routes.staff import STAFF_ROUTES
from services.portal.sessions import NotSignedIn, PasswordDue
from services.portal.successors import Successors

_SMALL = 500
_NOT_FOUND_BY_SEARCH = (
    "/*/search",
    "/*/requests/lookup",
    "/preferences",
    "/subscribe/",
    "/staff/",
    "/wechat/",
)


class Digits(Convertor[str]):
    """A division code in an address: 6, 9 or 12 digits."""

    regex = "[0-9]{12}|[0-9]{9}|[0-9]{6}"

    def convert(self, value: str) -> str:
        """Take it as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Write it as it is."""
        return value


class Digest(Digits):
    """A SHA-256 in an address."""

    regex = "[0-9a-f]{64}"


register_url_convertor("div", Digits())
register_url_convertor("digest", Digest())

ROUTES = [
    Route("/", home.choose),
    Route("/preferences", themes.choose),
    Route("/api/", documentation.page),
    Route("/accessibility", requests.accessibility),
    Route("/subscribe", subscribing.ask),
    Route("/subscribe", subscribing.subscribe, methods=["POST"]),
    Route("/subscribe/confirm", subscribing.confirm, methods=["POST"]),
    Route("/subscribe/waiting/{id}", subscribing.waiting),
    Route("/subscribe/done", subscribing.done),
    Route("/subscribe/leave/{token}", subscribing.leave),
    Route("/subscribe/leave/{token}", subscribing.leave_now, methods=["POST"]),
    Route("/wechat/callback", wechat.callback, methods=["GET", "POST"]),
    Route("/{div:div}/", home.county),
    Route("/{div:div}/search", searching.search),
    Route("/{div:div}/statutory/", columns.index),
    Route("/{div:div}/statutory/{column}.atom", columns.feed),
    Route("/{div:div}/statutory/{column}/{month}.atom", columns.feed),
    Route("/{div:div}/statutory/{column}", columns.column),
    Route("/{div:div}/statutory/{column}/{month}", columns.column),
    Route("/{div:div}/catalogue/", catalogue.index),
    Route("/{div:div}/catalogue/differences", editions.differences),
    Route("/{div:div}/catalogue/compare", editions.compare),
    Route("/{div:div}/catalogue/{domain}.xlsx", editions.workbook),
    Route("/{div:div}/catalogue/{domain}", catalogue.domain),
    Route("/{div:div}/catalogue/{domain}/{matter}", matter.show),
    Route("/{div:div}/villages/", villages.index),
    Route("/{div:div}/villages/bulletin", villages.sheet),
    Route("/{div:div}/villages/bulletin.txt", villages.text),
    Route("/{div:div}/requests/", requests.ways),
    Route("/{div:div}/requests/new/submit", applying.submit, methods=["POST"]),
    Route("/{div:div}/requests/new/{step:int}", applying.begin),
    Route("/{div:div}/requests/new/{step:int}", applying.step, methods=["POST"]),
    Route("/{div:div}/requests/lookup", lookup.ask),
    Route("/{div:div}/requests/lookup", lookup.show, methods=["POST"]),
    Route("/{div:div}/requests/lookup/file", lookup.download, methods=["POST"]),
    Route("/{div:div}/oversight/", oversight.board),
    Route("/{div:div}/oversight/coverage", coverage.board),
    Route("/{div:div}/oversight/alignment", alignment.board),
    Route("/{div:div}/oversight/{organ}/duties", coverage.duties),
    Route("/{div:div}/oversight/{organ}/late", oversight.late),
    Route("/{div:div}/oversight/{organ}/requests", oversight.late_requests),
    Route("/{div:div}/oversight/{organ}/defects", oversight.defects),
    Route("/r/{uscc}/{number}", record.show),
    Route("/files/{digest:digest}", files.by_digest),
    Route("/r/{uscc}/{number}/files/{digest}/{name:path}", files.download),
]


def build_app(portal: Portal) -> ASGIApp:
    """Build the site. The headers stand outside everything, so that error pages carry them too."""
    api = build_api(portal)
    app = Starlette(
        routes=[
            Route("/static/{name}", asset),
            Route("/robots.txt", robots),
            Mount("/api/v1", api),
            *STAFF_ROUTES,
            *ROUTES,
        ],
        middleware=[
            Middleware(GZipMiddleware, minimum_size=_SMALL),
            Middleware(RefusesNul),
            Middleware(Successors),
            Middleware(ClosesForms),
        ],
        exception_handlers={
            HTTPException: failures.on_http,
            aio.AioRpcError: failures.on_call,
            FormRefused: failures.on_form,
            NotSignedIn: failures.on_signed_out,
            PasswordDue: failures.on_password_due,
            Exception: failures.on_error,
        },
    )
    app.state.portal = portal
    app.state.api = api
    return Proxies(SecurityHeaders(app), portal.settings.trusted_proxies)


async def asset(request: Request) -> Response:
    """Give the style sheet or the seal."""
    found = portal_of(request).pages.by_hashed_name.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return immutable(found)


async def robots(_request: Request) -> Response:
    """Public information is meant to be found; search results and choices are no content."""
    return PlainTextResponse(
        "User-agent: *\nDisallow: /*/search\nDisallow: /preferences\nDisallow: /staff/\n"
    )
