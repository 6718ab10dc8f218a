"""``/api/``: the open interface, explained in Chinese, made from its own description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.portal.portal import portal_of


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the interface does."""

    method: str
    path: str
    summary: str
    parameters: list[tuple[str, str]]


async def page(request: Request) -> Response:
    """The documentation page."""
    schema = request.app.state.api.openapi()
    values = {"schema": schema, "operations": list(operations(schema))}
    return portal_of(request).pages.render(request, "api.html", values)


def operations(schema: dict[str, Any]) -> Iterator[Operation]:
    """What an OpenAPI description offers, in its order."""
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            parameters = [(one["name"], one.get("description", "")) for one in told.get("parameters", ())]
            yield Operation(method.upper(), f"/api/v1{path}", told["summary"], parameters)
