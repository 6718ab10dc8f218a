"""The view of what departments sent: each event's first answer. It derives from the command ledger, not from the log.

No text of a refused event stands here: organ, id, time, codes and field names alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.ingest import ReplyAccepted, ReplyRejected
from services.publishing.views.reading import is_public
from services.publishing.views.tables import incoming, record

OUTCOMES: Final = ("published", "revised", "withdrawn", "unchanged", "rejected")
_WRITE: Final = text(
    "INSERT INTO incoming (organ, event_id, received_at, kind, outcome, record_id, reasons, defects)"
    " SELECT organ, event_id, received_at, kind, outcome, record_id, reasons, defects"
    " FROM ROWS FROM (json_to_recordset(CAST(:rows AS json)) AS (organ text, event_id text, received_at timestamptz,"
    " kind text, outcome text, record_id text, reasons text, defects text[])) WITH ORDINALITY AS sent ORDER BY ordinality"
)
"""All rows as one JSON parameter: one statement whatever the size of the batch."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event of a department and its answer."""

    event_id: str
    organ: str
    kind: str
    received_at: datetime
    outcome: str
    index_number: str
    """Empty for a refusal."""
    title: str
    """Empty unless its record is public now."""
    reasons: Sequence[tuple[str, str]]
    """Code and field of each."""
    defects: Sequence[str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, newest first."""

    events: list[Arrived]
    total: int
    by_outcome: Mapping[str, int]


def incoming_row(
    organ: str, event_id: str, kind: str, reply: ReplyAccepted | ReplyRejected, at: datetime
) -> dict[str, Any]:
    """The row of a first answer."""
    row: dict[str, Any] = {"organ": organ, "event_id": event_id, "received_at": at, "kind": kind}
    if isinstance(reply, ReplyRejected):
        told = [[one.code, one.field] for one in reply.reasons]
        return row | {
            "outcome": "rejected",
            "record_id": None,
            "reasons": orjson.dumps(told).decode(),
            "defects": [],
        }
    return row | {
        "outcome": reply.outcome,
        "record_id": reply.record_id,
        "reasons": "[]",
        "defects": list(reply.defects),
    }


async def write_incoming(conn: AsyncConnection, rows: Iterable[dict[str, Any]]) -> None:
    """Write the rows of a batch's first answers, after the ledger has taken them."""
    if written := list(rows):
        await conn.execute(_WRITE, {"rows": orjson.dumps(written).decode()})


async def list_incoming(
    conn: AsyncConnection, organs: Collection[str], *, outcome: str, page: int, page_size: int
) -> Page:
    """What was sent by these organs, of one outcome or (empty) of any."""
    of_organs = incoming.c.organ.in_(organs)
    narrowed: list[ColumnElement[bool]] = [of_organs, *([incoming.c.outcome == outcome] if outcome else [])]
    shown = (
        select(incoming)
        .where(*narrowed)
        .order_by(incoming.c.number.desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
        .subquery()
    )
    with_record = (
        select(shown, record.c.index_number, record.c.title, is_public().label("shown"))
        .outerjoin(record, record.c.record_id == shown.c.record_id)
        .order_by(shown.c.number.desc())
    )
    counted = select(incoming.c.outcome, func.count()).where(of_organs).group_by(incoming.c.outcome)
    counts = dict.fromkeys(OUTCOMES, 0) | {row[0]: row[1] for row in await conn.execute(counted)}
    events = [_arrived(row) for row in await conn.execute(with_record)]
    return Page(events, counts.get(outcome, 0) if outcome else sum(counts.values()), counts)


def _arrived(row: Any) -> Arrived:  # noqa: ANN401 - a row of two tables
    return Arrived(
        event_id=row.event_id,
        organ=row.organ,
        kind=row.kind,
        received_at=row.received_at,
        outcome=row.outcome,
        index_number=row.index_number or "",
        title=(row.title or "") if row.shown else "",
        reasons=[(code, field) for code, field in orjson.loads(row.reasons)],
        defects=row.defects,
    )
