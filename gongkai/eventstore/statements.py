"""The store's SQL, and events as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final

import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    text,
)

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.event import StoredEvent
from gongkai.eventstore.schema import event as event_table

# All rows travel as one JSON parameter: the statement is the same short text for one event and for a thousand, so
# that nobody renders or parses it again. At 500 events this is three times the rate of a VALUES list.
_WRITTEN: Final = tuple(c for c in event_table.c if c.name != "position")
_ROWS: Final = (
    func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
    .table_valued(*(column(c.name, c.type) for c in _WRITTEN), column("place", Integer), name="row")
    .render_derived(with_types=True)
)
INSERT: Final = (
    insert(event_table)
    .from_select(_WRITTEN, select(*(_ROWS.c[c.name] for c in _WRITTEN)).order_by(_ROWS.c.place))
    .returning(event_table.c.position)
)
_COLUMNS: Final = tuple(c for c in event_table.c if c.name != "digest")
LOAD: Final = (
    select(*_COLUMNS)
    .where(event_table.c.stream == func.any(bindparam("streams", type_=ARRAY(Text))))
    .order_by(event_table.c.stream, event_table.c.version)
)
READ: Final = (
    select(*_COLUMNS)
    .where(event_table.c.position > bindparam("after", type_=BigInteger))
    .order_by(event_table.c.position)
    .limit(bindparam("limit", type_=Integer))
)
PRESENT: Final = text(
    "SELECT stream, version FROM event"
    " JOIN unnest(CAST(:streams AS text[]), CAST(:versions AS int[])) AS asked (stream, version)"
    " USING (stream, version)"
)
SINCE: Final = text(
    "SELECT DISTINCT stream FROM event WHERE position > :after AND starts_with(stream, :prefix) ORDER BY stream"
)
HEAD: Final = select(func.coalesce(func.max(event_table.c.position), 0))


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the one parameter of ``INSERT``."""
    return orjson.dumps(rows, default=_hex).decode()


def stored(row: Mapping[str, Any], position: int, data: DomainEvent) -> StoredEvent:
    """The event of a row."""
    return StoredEvent(
        position=position,
        stream=row["stream"],
        version=row["version"],
        event_id=row["event_id"],
        type=row["type"],
        data=data,
        actor=row["actor"],
        command_id=row["command_id"],
        recorded_at=row["recorded_at"].astimezone(UTC),
    )


def _hex(value: object) -> str:
    """A digest as PostgreSQL reads ``bytea`` from text."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(type(value).__name__)
