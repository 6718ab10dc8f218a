"""Writing the record view, its files and its counts, in the transaction that appends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from sqlalchemy import Table, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.errors import VersionConflict
from services.publishing.domain.events import RecordEntered
from services.publishing.domain.header import Header
from services.publishing.domain.record import Record
from services.publishing.saying import record_state
from services.publishing.views.tables import record, record_count, record_file, record_matter, record_year


@dataclass(frozen=True, slots=True)
class Change:
    """A record before and after the events of one transaction."""

    record_id: str
    before: Record
    after: Record
    withdrawn_on: date | None = None
    """Set with ``withdrawn_reason`` when the record is withdrawn afterwards."""
    withdrawn_reason: str | None = None
    between: frozenset[str] = frozenset()
    """Digests of the versions the same transaction has already left behind."""


def digests_of(events: Iterable[DomainEvent]) -> frozenset[str]:
    """The digests these versions of a record refer to."""
    versions = (event.header for event in events if isinstance(event, RecordEntered))
    return frozenset(file.digest for header in versions for file in header.files)


async def write_records(conn: AsyncConnection, changes: Sequence[Change]) -> None:
    """Bring the view to what is about to be appended; one change a record.

    Raises:
        VersionConflict: the index number of a new record was taken by another command meanwhile.
    """
    if not changes:
        return
    await _write_rows(conn, [_row(change) for change in changes])
    await _write_files(conn, changes)
    await _write_counts(conn, changes)


async def _write_rows(conn: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    statement = insert(record)
    changed = {
        name: statement.excluded[name]
        for name in rows[0]
        if name not in {"record_id", "index_number"}  # an address is for ever
    }
    rows.sort(key=_record_id)  # one order for all writers: no ring of waits
    try:
        await conn.execute(statement.on_conflict_do_update(index_elements=["record_id"], set_=changed), rows)
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.errors.UniqueViolation):  # the only other unique column
            raise VersionConflict("serial", 0) from error
        raise


def _record_id(row: dict[str, Any]) -> str:
    return str(row["record_id"])


def _row(change: Change) -> dict[str, Any]:
    after, header = change.after, _header(change.after)
    state = (
        record_state(change.record_id, after.index_number, after.version, header) if after.public else None
    )
    return {
        "record_id": change.record_id,
        "index_number": after.index_number,
        "version": after.version,
        "public": after.public,
        "organ": header.organ,
        "organ_name": header.organ_name,
        "division": header.division,
        "city": header.division[:4],
        "county": header.division[:6],
        "town": header.division[:9],
        "kind": header.kind,
        "domain": header.domain or "",
        "matter": header.matter or None,
        "published_on": header.published_on,
        "state": state.model_dump_json() if state else None,
        "withdrawn_on": change.withdrawn_on,
        "withdrawn_reason": change.withdrawn_reason,
        "title": header.title if state else None,
        "defective": state is not None and bool(header.defects),
    }


def _header(state: Record) -> Header:
    if state.header is None:
        raise ValueError("a record that never was public has no row")
    return state.header


async def _write_files(conn: AsyncConnection, changes: Sequence[Change]) -> None:
    """Every digest a record ever used, and whether its present version does."""
    older = sorted(change.record_id for change in changes if change.before.header is not None)
    if older:
        await conn.execute(
            update(record_file).where(record_file.c.record_id.in_(older)).values(current=False)
        )
    rows = []
    for change in sorted(changes, key=lambda change: change.record_id):
        now = {file.digest for file in _header(change.after).files}
        rows += [
            {"record_id": change.record_id, "digest": digest, "current": digest in now}
            for digest in sorted(now | change.between)
        ]
    if rows:
        statement = insert(record_file)
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=["record_id", "digest"], set_={"current": statement.excluded.current}
            ),
            rows,
        )


async def _write_counts(conn: AsyncConnection, changes: Sequence[Change]) -> None:
    kinds: Counter[tuple[str, ...]] = Counter()
    years: Counter[tuple[int, str]] = Counter()
    matters: Counter[tuple[str, str]] = Counter()
    for change in changes:
        for state, step in ((change.before, -1), (change.after, 1)):
            if state.public and (header := state.header) is not None:
                kinds[header.division, header.organ, header.kind, header.domain or ""] += step
                years[header.published_on.year, header.division] += step
                if header.matter:
                    matters[header.matter, header.division] += step
    await _add(conn, record_count, ("division", "organ", "kind", "domain"), kinds)
    await _add(conn, record_year, ("year", "division"), years)
    await _add(conn, record_matter, ("matter", "division"), matters)


async def _add(
    conn: AsyncConnection, table: Table, names: tuple[str, ...], moved: Mapping[tuple[Any, ...], int]
) -> None:
    rows = [
        dict(zip(names, key, strict=True)) | {"records": step} for key, step in sorted(moved.items()) if step
    ]
    if rows:
        statement = insert(table)
        added = {"records": table.c.records + statement.excluded.records}
        await conn.execute(statement.on_conflict_do_update(index_elements=names, set_=added), rows)
    if any(step < 0 for step in moved.values()):
        await conn.execute(delete(table).where(table.c.records == 0))  # what is counted no more has no row
