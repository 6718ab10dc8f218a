"""Which failures pass by themselves, and which are the message's own."""

from __future__ import annotations

from typing import Final

import grpc
import nats.errors
import sqlalchemy.exc

from gongkai.eventstore.errors import AppendBusy, CommandRaced, VersionConflict
from gongkai.messaging.batch import BatchRefused


class TransientError(Exception):
    """Something the work needs is away for a while; raise it from ``apply`` to have the batch delivered again."""


class PoisonError(Exception):
    """This message can never be applied; raise it from ``apply`` to have it set aside at once."""


_TRANSIENT: Final = (
    TransientError,
    TimeoutError,
    OSError,
    nats.errors.Error,
    BatchRefused,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    AppendBusy,
    CommandRaced,
    VersionConflict,
)
_CODES: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED)


def is_transient(error: BaseException) -> bool:
    """Whether trying again later can help: a database, server or peer that is away, a lost race."""
    if isinstance(error, grpc.RpcError):
        code = getattr(error, "code", None)
        return callable(code) and code() in _CODES
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, _TRANSIENT)
