"""What an organ must disclose, now or as of a place in the log: which edition holds for it, and which words mean it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.store import EventStore
from gongkai.serving.clock import legal_day
from services.catalog.domain.editions import EditionPublished
from services.catalog.domain.rows import MatterRow
from services.catalog.domain.subjects import SubjectAssigned, subject_stream
from services.catalog.views import rows, subjects
from services.catalog.views.lineage import catalogue_stream
from services.catalog.views.rows import Wanted
from services.catalog.views.tables import matter_row

_NONE = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which rows concern an organ: those of an edition with certain words, at its level."""

    division: str
    catalogue: str = _NONE
    """Empty where no edition is in force for the division."""
    number: int = 0
    subjects: tuple[str, ...] = ()

    def rows(self, domain: str = "") -> Select[tuple[object, ...]]:
        """Ask for the rows; a row that names levels concerns those alone."""
        words = matter_row.c.subject == func.any(list(self.subjects))
        asked = rows.rows_of(self.catalogue, self.number, Wanted(domain))
        return asked.where(words, subjects.at_level(self.division))


async def standing_now(conn: AsyncConnection, organ: str, registered: str, today: date) -> Standing:
    """Give which rows concern an organ today; ``registered``: the division it was registered in."""
    line = await subjects.line_of(conn, registered, today)
    nearest, division = await subjects.nearest_in(conn, line), line[0]
    if nearest is None:
        return Standing(division)
    meant = await subjects.subjects_of(conn, division, organ)
    return Standing(division, nearest.id, nearest.published, meant)


async def day_at(conn: AsyncConnection, store: EventStore, position: int, today: date) -> date:
    """Give the legal day on which the log had come to a position; at its end that is today."""
    later = await store.read(conn, position, 1)
    if not later:
        return today
    last = await store.read(conn, position - 1, 1) if position else later
    return legal_day(last[0].recorded_at)


async def standing_at(
    conn: AsyncConnection, store: EventStore, organ: str, registered: str, position: int, day: date
) -> Standing:
    """Give which rows concerned an organ when the log had come to a position, on a day."""
    divisions = await subjects.line_of(conn, registered, day)
    division = divisions[0]
    line = {catalogue_stream(code): code for code in divisions}
    words = {
        subject_stream(division, subject): subject for subject in await subjects.assignments(conn, division)
    }
    histories = await store.load_many(conn, [*line, *words])
    published: dict[str, int] = {}
    meant: dict[str, Collection[str]] = {}
    for stream, history in histories.items():
        for stored in history:
            if stored.position > position:
                break
            match stored.data:
                case EditionPublished():
                    published[line[stream]] = stored.data.number
                case SubjectAssigned():
                    meant[words[stream]] = stored.data.organs
    nearest = next((code for code in line.values() if code in published), _NONE)
    its_own = tuple(sorted(subject for subject, organs in meant.items() if organ in organs))
    return Standing(division, nearest, published.get(nearest, 0), its_own)


async def rows_at(conn: AsyncConnection, standing: Standing) -> Mapping[str, MatterRow]:
    """Give the rows that concern an organ, by matter."""
    if not standing.catalogue or not standing.subjects:
        return {}
    found = await conn.execute(standing.rows())
    return {row.matter: rows.row_of(row) for row in found}
