"""Errors on the wire: what a servicer raises becomes a status with every reason; a client reads them back.

Each reason travels as a ``google.rpc.ErrorInfo`` (domain ``gongkai``), those about a field as a
``google.rpc.BadRequest`` violation as well, so that tools that know only the standard types can use them.
"""

from __future__ import annotations

from typing import Final, NoReturn

import grpc
import sqlalchemy.exc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc import aio
from grpc_status import rpc_status

from gongkai.eventstore.errors import (
    AppendBusy,
    CommandRaced,
    DuplicateEvent,
    SubjectErased,
    VersionConflict,
)
from gongkai.refusal import Reason, Refusal

DOMAIN: Final = "gongkai"
METADATA_LIMIT: Final = 256 * 1024
"""Bytes of metadata a call may carry: a refusal with many reasons exceeds gRPC's 8 KiB."""


class CallRefused(Exception):
    """A call that cannot be answered as asked; carries its reasons. Subclasses are the kinds."""

    status: grpc.StatusCode = grpc.StatusCode.UNKNOWN

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.code for reason in reasons))


class NotFound(CallRefused):
    """The thing asked for does not exist, or not for the caller."""

    status = grpc.StatusCode.NOT_FOUND


class InvalidRequest(CallRefused):
    """The request cannot be understood, whatever the state of the system."""

    status = grpc.StatusCode.INVALID_ARGUMENT


class PermissionRefused(CallRefused):
    """The caller is known and may not do this."""

    status = grpc.StatusCode.PERMISSION_DENIED


class Unauthenticated(CallRefused):
    """The caller is not known."""

    status = grpc.StatusCode.UNAUTHENTICATED


class TooLarge(CallRefused):
    """What was sent is larger than the limit."""

    status = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unavailable(CallRefused):
    """It cannot be answered now; the same call may succeed later."""

    status = grpc.StatusCode.UNAVAILABLE


CONFLICT: Final = Reason("conflict", "数据刚被其他操作修改，请重新读取后再试")
UNAVAILABLE: Final = Reason("unavailable", "服务暂时不可用，请稍后重试")
ERASED: Final = Reason("subject.erased", "此人的个人信息已经依法删除，不能再写入。需要继续办理的，请重新登记")
TIMED_OUT: Final = Reason("timed-out", "处理超时，请稍后重试")
UNIMPLEMENTED: Final = Reason("unimplemented", "本服务尚未提供此项功能")
INTERNAL: Final = Reason("internal", "系统内部错误，已记录，请联系运维人员")


def status_of(error: BaseException) -> tuple[grpc.StatusCode, tuple[Reason, ...]]:  # noqa: C901, PLR0911 - a row a kind of error
    """Return the status and the reasons with which ``error`` is answered."""
    match error:
        case CallRefused():
            return error.status, error.reasons
        case Refusal():
            return grpc.StatusCode.FAILED_PRECONDITION, error.reasons
        case NotImplementedError():
            return grpc.StatusCode.UNIMPLEMENTED, (UNIMPLEMENTED,)
        case VersionConflict() | CommandRaced() | DuplicateEvent():
            return grpc.StatusCode.ABORTED, (CONFLICT,)
        case SubjectErased():
            return grpc.StatusCode.FAILED_PRECONDITION, (ERASED,)
        case AppendBusy():
            return grpc.StatusCode.UNAVAILABLE, (UNAVAILABLE,)
        case TimeoutError():
            return grpc.StatusCode.DEADLINE_EXCEEDED, (TIMED_OUT,)
        case (
            sqlalchemy.exc.OperationalError()
            | sqlalchemy.exc.InterfaceError()
            | sqlalchemy.exc.TimeoutError()
        ):
            return grpc.StatusCode.UNAVAILABLE, (UNAVAILABLE,)
        case sqlalchemy.exc.DBAPIError() if error.connection_invalidated:
            return grpc.StatusCode.UNAVAILABLE, (UNAVAILABLE,)
        case aio.AioRpcError() if is_unavailable(error):
            return grpc.StatusCode.UNAVAILABLE, (UNAVAILABLE,)
    return grpc.StatusCode.INTERNAL, (INTERNAL,)


def rich_status(code: grpc.StatusCode, reasons: tuple[Reason, ...]) -> status_pb2.Status:
    """Return the ``google.rpc.Status`` that carries the reasons."""
    number: int = code.value[0]
    status = status_pb2.Status(code=number, message="; ".join(reason.code for reason in reasons))
    violations = error_details_pb2.BadRequest()
    for reason in reasons:
        detail = any_pb2.Any()
        detail.Pack(
            error_details_pb2.ErrorInfo(
                reason=reason.code,
                domain=DOMAIN,
                metadata={"message_zh": reason.message_zh, "field": reason.field, "article": reason.article},
            )
        )
        status.details.append(detail)
        if reason.field:
            violations.field_violations.add(field=reason.field, description=reason.message_zh)
    if violations.field_violations:
        detail = any_pb2.Any()
        detail.Pack(violations)
        status.details.append(detail)
    return status


def reasons_of(error: grpc.RpcError) -> tuple[Reason, ...]:
    """Return the reasons a failed call came back with; empty where the server gave none of ours."""
    if not isinstance(error, aio.AioRpcError):
        return ()
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # has the three methods it reads
    except ValueError:  # a status that contradicts its own details is not one of ours
        return ()
    reasons = []
    for detail in () if status is None else status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            told = info.metadata
            reasons.append(
                Reason(
                    info.reason, told.get("message_zh", ""), told.get("field", ""), told.get("article", "")
                )
            )
    return tuple(reasons)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the same call may succeed later: the server is away, overloaded or too slow."""
    return isinstance(error, aio.AioRpcError) and error.code() in {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }


async def abort(
    context: aio.ServicerContext[object, object], code: grpc.StatusCode, reasons: tuple[Reason, ...]
) -> NoReturn:
    """End the call with ``code`` and the reasons. Raises, as gRPC's own ``abort`` does."""
    status = rpc_status.to_status(rich_status(code, reasons))
    await context.abort(code, status.details, tuple(status.trailing_metadata))
