"""Catalogues, stances and rows from their events: what a row was before decides with the event what it is now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.codec import DomainEvent
from gongkai.eventstore.store import StreamWrite
from services.catalog.domain import catalogues
from services.catalog.domain.catalogues import Catalogue
from services.catalog.domain.editions import MatterRetired, MatterRevised
from services.catalog.domain.rows import Change, MatterRow
from services.catalog.domain.stances import UNDECIDED, Kind, Stance, evolve
from services.catalog.views.bulk import upsert
from services.catalog.views.tables import catalogue, matter_row, stance

Row = dict[str, Any]
_ROW_FIELDS: Final = frozenset(MatterRow.model_fields)


def matter_stream(catalogue_id: str, matter: str) -> str:
    """Give the stream of a catalogue's stance to a matter."""
    return f"matter:{catalogue_id}/{matter}"


def catalogue_stream(catalogue_id: str) -> str:
    """Give the stream of a catalogue."""
    return f"catalogue:{catalogue_id}"


async def apply(conn: AsyncConnection, writes: Sequence[StreamWrite]) -> None:
    """Bring the views of catalogues to where the log will be; a fixed number of statements a catalogue and edition."""
    matters: dict[str, dict[str, list[StreamWrite]]] = defaultdict(lambda: defaultdict(list))
    founded: dict[str, list[StreamWrite]] = defaultdict(list)
    for write in writes:
        thing, _, identity = write.stream.partition(":")
        owner, slash, matter = identity.partition("/")
        if thing == "matter" and slash:  # without: of the first release
            matters[owner][matter].append(write)
        elif thing == "catalogue":
            founded[identity].append(write)
    if founded:
        await _catalogues(conn, founded)
    for owner, of_matters in sorted(matters.items()):
        await _stances(conn, owner, of_matters)
    await _rows(conn, [*_said(writes)])


def catalogue_of(row: Any) -> Catalogue:  # noqa: ANN401 - a row of the view
    """Read a catalogue from its view row."""
    return Catalogue(**{name: getattr(row, name) for name in Catalogue.__dataclass_fields__})


def stance_of(row: Any) -> Stance:  # noqa: ANN401 - a row of the view
    """Read a stance from its view row."""
    adapted = {name: Change.model_construct(**change) for name, change in sorted(row.adapted.items())}
    own = None if row.row is None else MatterRow.model_construct(**row.row)
    return Stance(Kind(row.kind), adapted, own, row.reason)


def stance_row(owner: str, matter: str, held: Stance, version: int) -> Row:
    """Give a stance's view row."""
    return {
        "catalogue": owner,
        "matter": matter,
        "kind": held.kind.value,
        "adapted": {name: change.model_dump() for name, change in held.adapted.items()},
        "row": None if held.row is None else held.row.model_dump(),
        "reason": held.reason,
        "version": version,
    }


async def _catalogues(conn: AsyncConnection, writes: dict[str, list[StreamWrite]]) -> None:
    found = await conn.execute(select(catalogue).where(catalogue.c.id.in_(list(writes))))
    known: dict[str, Catalogue | None] = {row.id: catalogue_of(row) for row in found}
    rows = []
    for identity in sorted(writes):
        state = known.get(identity)
        for event in _events(writes[identity]):
            state = catalogues.evolve(state, event)
        if state is not None:
            rows.append(asdict(state) | {"version": _version(writes[identity])})
    await upsert(conn, catalogue, rows)


async def _stances(conn: AsyncConnection, owner: str, writes: dict[str, list[StreamWrite]]) -> None:
    asked = select(stance).where(stance.c.catalogue == owner, stance.c.matter == func.any(list(writes)))
    known = {row.matter: stance_of(row) for row in await conn.execute(asked)}
    rows = []
    for matter in sorted(writes):
        held = known.get(matter, UNDECIDED)
        for event in _events(writes[matter]):
            held = evolve(held, event)
        rows.append(stance_row(owner, matter, held, _version(writes[matter])))
    await upsert(conn, stance, rows)


def _said(writes: Iterable[StreamWrite]) -> Iterator[tuple[int, MatterRevised | MatterRetired]]:
    for write in writes:
        for version, event in enumerate(write.events, start=write.expected_version + 1):
            if isinstance(event, MatterRevised | MatterRetired) and event.catalogue:
                yield version, event


async def _rows(conn: AsyncConnection, said: list[tuple[int, MatterRevised | MatterRetired]]) -> None:
    """Close what stood so far and write what stands now, edition by edition."""
    for (owner, number), group in groupby(said, key=lambda each: (each[1].catalogue, each[1].number)):
        told = list(group)
        matters = [_matter(event) for _, event in told]
        gone = update(matter_row).where(
            matter_row.c.catalogue == owner,
            matter_row.c.matter == func.any(matters),
            matter_row.c.until_edition.is_(None),
            matter_row.c.since_edition < number,
        )
        await conn.execute(gone.values(until_edition=number))
        await upsert(conn, matter_row, [row for each in told if (row := _row(*each)) is not None])


def _matter(event: MatterRevised | MatterRetired) -> str:
    return event.matter.id if isinstance(event, MatterRevised) else event.matter_id


def _row(version: int, event: MatterRevised | MatterRetired) -> Row | None:
    base = {
        "catalogue": event.catalogue,
        "matter": _matter(event),
        "since_edition": event.number,
        "until_edition": None,
        "reason": event.reason,
        "version": version,
        "reading": event.reading.model_dump(mode="json"),
    }
    if isinstance(event, MatterRevised):
        differs = [difference.model_dump() for difference in event.differs]
        cells = event.matter.model_dump(include=set(_ROW_FIELDS))
        return base | cells | {"state": "in", "differs": differs, "added": event.added}
    if event.why == "left_out" and event.row is not None:
        return base | event.row.model_dump() | {"state": "left_out", "differs": [], "added": False}
    return None


def _events(writes: Iterable[StreamWrite]) -> Iterator[DomainEvent]:
    for write in writes:
        yield from write.events


def _version(writes: Sequence[StreamWrite]) -> int:
    return writes[-1].expected_version + len(writes[-1].events)
