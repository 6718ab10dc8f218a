"""From events to rows of the request view: live in the transaction that appends, or from the whole log again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from services.requests.domain.events import (
    ApplicantErased,
    ApplicantRead,
    Decided,
    NoticeSettled,
    NumberTaken,
    ReceiptConfirmed,
    ReceiptCorrected,
    RequestFacts,
    RequestSubmitted,
    SearchRecorded,
)
from services.requests.views import tables

_FACTS = ("request_id", "number", "organ", "division", "applicant_kind", "phase", "outcome")


class Happened(Protocol):
    """What the view needs of an event: a stored one has it, and so has one about to be appended."""

    @property
    def version(self) -> int:
        """Place in the stream."""

    @property
    def data(self) -> DomainEvent:
        """The event."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An event about to be appended at a version."""

    version: int
    data: DomainEvent


async def apply_events(conn: AsyncConnection, events: Iterable[Happened]) -> None:
    """Apply events in their order. From an empty table the whole log gives the table that stands.

    Raises:
        TypeError: an event no view knows.
    """
    for happened in events:
        match happened.data:
            case RequestFacts():
                await _apply_facts(conn, happened.data, happened.version)
            case NoticeSettled(request_id=request_id, state=state):
                await _change(conn, request_id, {"version": happened.version, "delivery": state})
            case SearchRecorded(request_id=request_id) | ApplicantRead(request_id=request_id):
                await _change(conn, request_id, {"version": happened.version})
            case NumberTaken():
                pass
            case _:
                raise TypeError(f"no view knows {happened.data.NAME}")


async def _apply_facts(conn: AsyncConnection, event: RequestFacts, version: int) -> None:
    row = event.model_dump(mode="json", include={*_FACTS, "clock"}) | {"version": version}
    match event:
        case RequestSubmitted():
            await conn.execute(insert(tables.request).values(row | {"delivery": "none", "erased": False}))
            return
        case Decided(notice=notice):
            row["delivery"] = "none" if notice == "none" else "sending"
        case ApplicantErased(notice_dropped=dropped):
            row |= {"erased": True} | ({"delivery": "failed"} if dropped else {})
        case ReceiptConfirmed() | ReceiptCorrected():
            pass
        case _:
            raise TypeError(f"no view knows {event.NAME}")
    await _change(conn, event.request_id, row)


async def _change(conn: AsyncConnection, request_id: str, changes: dict[str, Any]) -> None:
    await conn.execute(
        update(tables.request).where(tables.request.c.request_id == request_id).values(changes)
    )
