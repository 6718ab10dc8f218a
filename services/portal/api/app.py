"""REST as an application of its own, mounted below ``/api/v1``."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from grpc import aio
from starlette.exceptions import HTTPException

from services.portal.api import (
    alignment,
    catalogues,
    duties,
    parameters,
    problems,
    reading,
    uploading,
    villages,
)
from services.portal.api.models import Problem
from services.portal.portal import Portal

TITLE: Final = "政府信息公开开放接口"
DESCRIPTION: Final = (
    "公开的政府信息、事项目录和区划，JSON 格式，不需要登记。出错时答 application/problem+json。"
    "撤回的信息答 410，请同步删除您保存的副本。"
)


def build_api(portal: Portal) -> FastAPI:
    """Build it. The documentation page is ours: the usual one loads scripts from elsewhere."""
    api = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version="1",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            HTTPException: problems.on_http,
            RequestValidationError: problems.on_invalid,
            aio.AioRpcError: problems.on_call,
            Exception: problems.on_error,
        },
    )
    api.state.portal = portal
    api.include_router(reading.router)
    api.include_router(catalogues.router)
    api.include_router(duties.router)
    api.include_router(alignment.router)
    api.include_router(villages.router)
    api.include_router(uploading.router)
    api.openapi = lambda: _described(api)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return api


def _described(api: FastAPI) -> dict[str, Any]:
    if api.openapi_schema is None:
        schema = get_openapi(
            title=api.title, version=api.version, description=api.description, routes=api.routes
        )
        parts = schema.setdefault("components", {})
        own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts.setdefault("schemas", {}).update(own.pop("$defs", {}))
        parts["schemas"]["Problem"] = own
        parts["securitySchemes"] = {
            "organ": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "机关用自己的凭据签发的短期令牌，对象为 publishing。",
            }
        }
        _problems_only(schema)
        parameters.explain(schema)
        schema["servers"] = [{"url": "/api/v1"}]
        api.openapi_schema = schema
    return api.openapi_schema


def _problems_only(schema: dict[str, Any]) -> None:
    """Say that every error is a problem, in place of FastAPI's own form of validation errors."""
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in schema["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"description": "没有做成，说明原因", "content": content}
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
