"""What a process says about itself: JSON log lines without personal data, and Prometheus metrics."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Final, TextIO

import structlog
from prometheus_client import Counter, Histogram

from gongkai.security.personal import mask

GRPC_CALLS: Final = Counter("gongkai_grpc_calls_total", "Calls answered, by outcome.", ("method", "code"))
GRPC_SECONDS: Final = Histogram("gongkai_grpc_seconds", "Time to answer a call.", ("method",))
NOT_READY: Final = Counter("gongkai_not_ready_total", "Failed readiness checks.", ("check",))

_QUIET: Final = ("uvicorn.access", "alembic.runtime.plugins", "asyncio")


def configure_logging(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send the process's log lines, its libraries' too, as one JSON object a line to ``stream`` (stderr).

    Identity and mobile numbers are masked in every value and every traceback; the SQL engine never shows
    parameters (see ``database.create_engine``).
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _Stamp(service),
        mask_personal_data,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Stamp:
    """Adds the service's name to every line."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(
        self, _logger: object, _name: str, event: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        event.setdefault("service", self._service)
        return event


def mask_personal_data(
    _logger: object, _name: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Replace identity and mobile numbers in every text of a log line, however deep."""
    for key, value in event.items():
        if not key.startswith("_"):  # structlog's own bookkeeping, removed before rendering
            event[key] = _masked(value)
    return event


def _masked(value: object) -> object:
    match value:
        case str():
            return mask(value)
        case dict():
            return {key: _masked(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(inner) for inner in value]
        case bool() | float() | None:
            return value
        case _:
            # a number, an exception, a model: whatever its text shows, the line would show
            text = str(value)
            hidden = mask(text)
            return value if hidden == text and isinstance(value, int) else hidden
