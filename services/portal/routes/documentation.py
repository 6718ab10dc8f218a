"""``/api/``: the open interface, explained in Chinese, made from its own description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from services.portal.portal import portal_of

_BOUNDED: Final = {"page_size", "limit"}
"""Parameters whose largest value is worth saying."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the interface does."""

    method: str
    path: str
    summary: str
    parameters: list[tuple[str, str]]
    secured: bool
    """Whether an organ's token is needed."""


async def page(request: Request) -> Response:
    """The documentation page."""
    schema = request.app.state.api.openapi()
    values = {"schema": schema, "operations": list(operations(schema))}
    return portal_of(request).pages.render(request, "api.html", values)


def operations(schema: dict[str, Any]) -> Iterator[Operation]:
    """What an OpenAPI description offers, in its order."""
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            parameters = [(one["name"], _told(one)) for one in told.get("parameters", ())]
            parameters += _body(told)
            secured = bool(told.get("security"))
            yield Operation(method.upper(), f"/api/v1{path}", told["summary"], parameters, secured)


def _body(operation: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields of a JSON body, told apart from parameters by their note."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    fields = content.get("schema", {}).get("properties", {})
    return [(name, f"{one.get('description', '')}（在 JSON 正文里）") for name, one in fields.items()]


def _told(parameter: dict[str, Any]) -> str:
    """What a parameter means, its default and its bound."""
    schema = parameter.get("schema", {})
    bounds = []
    if isinstance(schema.get("default"), int | str) and schema["default"] not in {"", False}:
        bounds.append(f"缺省 {schema['default']}")
    if parameter["name"] in _BOUNDED and "maximum" in schema:
        bounds.append(f"至多 {schema['maximum']}")
    said = parameter.get("description", "")
    return f"{said}（{'，'.join(bounds)}）" if bounds else said
