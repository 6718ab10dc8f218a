"""From events to view rows, in the transaction that appends the events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.store import StreamWrite
from services.catalog.domain.bases import BasisFacts
from services.catalog.domain.calendars import CalendarAnnounced
from services.catalog.domain.divisions import DivisionFacts
from services.catalog.domain.domains import DomainRegistered
from services.catalog.domain.drafting import DraftEvent
from services.catalog.domain.editions import EditionPublished, MatterRetired, MatterRevised
from services.catalog.domain.organs import OrganFacts
from services.catalog.domain.rules import RuleChanged
from services.catalog.domain.staff import StaffFacts
from services.catalog.domain.stances import StanceEvent
from services.catalog.domain.subjects import SubjectAssigned
from services.catalog.domain.units import UnitRegistered
from services.catalog.domain.villagelists import VillageEvent
from services.catalog.views import basis_writing, lineage, tables, village_tables
from services.catalog.views.subject_tables import subject_assignment

Row = dict[str, Any]
"""A table row; its types are the table's."""

ORDER: Final = (
    tables.division,
    tables.organ,
    tables.calendar_year,
    tables.calendar_day,
    tables.rule,
    tables.domain,
    tables.edition,
    tables.unit,
    tables.staff,
    subject_assignment,
)
"""A table comes after those it refers to."""


async def apply(conn: AsyncConnection, writes: Sequence[StreamWrite]) -> None:
    """Bring the views to where the log will be when ``writes`` are appended; one statement a table.

    Rows of one batch that replace each other are applied in the batch's order.
    """
    rows: dict[Table, list[Row]] = {}
    for write in writes:
        for version, event in enumerate(write.events, start=write.expected_version + 1):
            for table, row in _rows(event, version):
                rows.setdefault(table, []).append(row)
    announced = [row["year"] for row in rows.get(tables.calendar_year, ())]
    if announced:
        await conn.execute(delete(tables.calendar_day).where(tables.calendar_day.c.year.in_(announced)))
    for table in ORDER:
        if table in rows:
            await conn.execute(_upsert(table), rows[table])
    await lineage.apply(conn, writes)
    await basis_writing.apply(conn, writes)
    await village_tables.apply(conn, writes)


def _upsert(table: Table) -> Any:  # noqa: ANN401 - an insert statement, whose type is the dialect's
    statement = insert(table)
    rest = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)


def _rows(event: DomainEvent, version: int) -> list[tuple[Table, Row]]:  # noqa: C901, PLR0911 - one return an event
    match event:
        case DivisionFacts():
            facts = event.model_dump(include=set(DivisionFacts.model_fields)) | {"version": version}
            end = {"end_kind": getattr(event, "kind", "")}
            return [(tables.division, facts | end | _former(event))]
        case OrganFacts():
            facts = event.model_dump(include=set(OrganFacts.model_fields)) | {"version": version}
            keys = {"credential_keys": list(event.credential_keys)}
            return [(tables.organ, facts | keys | _former(event))]
        case RuleChanged():
            return [(tables.rule, event.model_dump() | {"version": version})]
        case CalendarAnnounced():
            year = event.model_dump(exclude={"days"}) | {"version": version}
            days = [{"year": event.year, **moved.model_dump()} for moved in event.days]
            return [(tables.calendar_year, year), *((tables.calendar_day, day) for day in days)]
        case DomainRegistered():
            return [(tables.domain, event.model_dump() | {"version": version})]
        case EditionPublished():
            edition = event.model_dump(include={column.name for column in tables.edition.c})
            return [(tables.edition, edition | {"version": version})] if event.catalogue else []
        case SubjectAssigned():
            meant = event.model_dump() | {"organs": list(event.organs), "version": version}
            return [(subject_assignment, meant)]
        case UnitRegistered():
            return [(tables.unit, event.model_dump() | {"version": version})]
        case StaffFacts():
            facts = event.model_dump(mode="json", include={"login", "organ", "unit", "grants", "disabled"})
            return [(tables.staff, facts | {"id": event.staff_id, "version": version})]
        case _ if isinstance(
            event, DraftEvent | StanceEvent | MatterRevised | MatterRetired | BasisFacts | VillageEvent
        ):
            return []  # lineage.py, basis_writing.py, village_tables.py
        case _:
            raise TypeError(f"no view knows {event.NAME}")


def _former(event: DivisionFacts | OrganFacts) -> Row:
    return {"former_names": [former.model_dump(mode="json") for former in event.former_names]}
