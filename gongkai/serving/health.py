"""Whether a process lives, and whether it can do its work: named checks, answered as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import prometheus_client
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gongkai.serving.telemetry import NOT_READY

Check = Callable[[], Awaitable[None]]
"""Returns if the thing works; raises ``NotReady``, or anything, if not."""

CHECK_SECONDS: Final = 3.0

_log = structlog.get_logger()


class NotReady(Exception):
    """Something the service needs does not work now."""

    def __init__(self, code: str, message_zh: str) -> None:
        self.code = code
        self.message_zh = message_zh
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check said."""

    name: str
    ready: bool
    code: str
    message_zh: str


class Readiness:
    """All checks of a process. Ready means: started, not stopping, and every check passes."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._state = NotReady("starting", "正在启动")
        self._open = False

    def add(self, name: str, check: Check) -> None:
        """Add a check under a name of its own.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._checks:
            raise ValueError(f"two readiness checks are named {name}")
        self._checks[name] = check

    def open(self) -> None:
        """The servers answer: from now on the checks decide."""
        self._open = True

    def close(self) -> None:
        """The process stops: not ready, whatever the checks say."""
        self._open = False
        self._state = NotReady("stopping", "正在停止，不再接受新请求")

    async def examine(self) -> list[Finding]:
        """Run every check at once, each for at most three seconds."""
        process = (
            Finding("process", ready=True, code="ok", message_zh="正常")
            if self._open
            else Finding("process", ready=False, code=self._state.code, message_zh=self._state.message_zh)
        )
        found = await asyncio.gather(*(_examine(name, check) for name, check in self._checks.items()))
        return [process, *found]


async def _examine(name: str, check: Check) -> Finding:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except NotReady as reason:
        return _failed(name, reason.code, reason.message_zh)
    except TimeoutError:
        return _failed(name, "timeout", f"{CHECK_SECONDS:g} 秒内没有应答")
    except Exception as error:  # noqa: BLE001 - whatever a check raises means that it failed
        _log.warning("readiness check failed", check=name, error=repr(error))
        return _failed(name, "failed", f"检查失败（{type(error).__name__}）")
    return Finding(name, ready=True, code="ok", message_zh="正常")


def _failed(name: str, code: str, message_zh: str) -> Finding:
    NOT_READY.labels(name).inc()
    return Finding(name, ready=False, code=code, message_zh=message_zh)


def health_app(service: str, readiness: Readiness) -> Starlette:
    """Return the operator's HTTP application: ``/healthz``, ``/readyz``, ``/metrics``. Not for the public."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"service": service, "alive": True})

    async def readyz(_request: Request) -> Response:
        findings = await readiness.examine()
        ready = all(finding.ready for finding in findings)
        return JSONResponse(describe(service, findings), status_code=200 if ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(
            prometheus_client.generate_latest(),
            headers={"content-type": prometheus_client.CONTENT_TYPE_LATEST},
        )

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    )


def describe(service: str, findings: list[Finding]) -> Mapping[str, object]:
    """Return what ``/readyz`` answers."""
    return {
        "service": service,
        "ready": all(finding.ready for finding in findings),
        "checks": [
            {
                "name": finding.name,
                "ready": finding.ready,
                "code": finding.code,
                "message": finding.message_zh,
            }
            for finding in findings
        ],
    }
