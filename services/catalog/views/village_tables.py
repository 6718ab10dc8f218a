"""The views of villages' lists, as SQLAlchemy Core sees them, and how events come into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Date, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.store import StreamWrite
from services.catalog.domain.villagelists import (
    DRAFTING,
    NONE,
    PROPOSED,
    VillageListProposed,
    VillageListPublished,
    VillageListReturned,
    VillageListSaved,
)
from services.catalog.views.tables import metadata

village_list: Final = Table(
    "village_list",
    metadata,
    Column("village", Text, primary_key=True),
    Column("phase", Text),
    Column("number", Integer, comment="in force; 0: none"),
    Column("effective_on", Date),
    Column("items", JSONB, comment="of the draft; without one, in force"),
    Column("published", JSONB),
    Column("proposed_by", Text),
    Column("note", Text),
    Column("version", Integer),
)
village_edition: Final = Table(
    "village_edition",
    metadata,
    Column("village", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("effective_on", Date),
    Column("items", JSONB),
)
VILLAGE_TABLES: Final = (village_list, village_edition)
_EMPTY: Final[dict[str, Any]] = {
    "number": 0, "effective_on": None, "items": [], "published": [], "proposed_by": "", "note": "",
}  # fmt: skip


async def apply(conn: AsyncConnection, writes: Sequence[StreamWrite]) -> None:
    """Bring the views to where the log will be when ``writes`` are appended."""
    for write in writes:
        for version, event in enumerate(write.events, start=write.expected_version + 1):
            changed = _changed(event)
            if changed is None:
                continue
            changed["version"] = version
            statement = insert(village_list).values(_EMPTY | changed)
            await conn.execute(
                statement.on_conflict_do_update(index_elements=[village_list.c.village], set_=changed)
            )
            if isinstance(event, VillageListPublished):
                edition = event.model_dump(include={"village", "number", "effective_on"})
                await conn.execute(insert(village_edition).values(edition | {"items": changed["items"]}))


def _changed(event: DomainEvent) -> dict[str, Any] | None:
    match event:
        case VillageListSaved():
            items = event.model_dump(mode="json")["items"]
            return {
                "village": event.village,
                "phase": DRAFTING,
                "items": items,
                "proposed_by": "",
                "note": "",
            }
        case VillageListProposed():
            told = {"proposed_by": event.by, "note": event.note}
            return {"village": event.village, "phase": PROPOSED, **told}
        case VillageListReturned():
            return {"village": event.village, "phase": DRAFTING, "proposed_by": "", "note": event.reason}
        case VillageListPublished():
            items = event.model_dump(mode="json")["items"]
            return {
                "village": event.village, "phase": NONE, "number": event.number, "effective_on": event.effective_on,
                "items": items, "published": items, "proposed_by": "", "note": "",
            }  # fmt: skip
        case _:
            return None
